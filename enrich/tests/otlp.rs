//! OTLP as Claude's client sends it, and as nobody should: what becomes of it.

#[path = "otlp/foreign.rs"]
mod foreign;
#[path = "otlp/hostile.rs"]
mod hostile;
#[path = "otlp/random.rs"]
mod random;
#[path = "otlp/recording.rs"]
mod recording;
#[path = "otlp/recordings.rs"]
mod recordings;
