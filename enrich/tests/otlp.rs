//! OTLP as Claude's client sends it, and as nobody should: what becomes of it.

#[path = "otlp/recording.rs"]
mod recording;
#[path = "otlp/recordings.rs"]
mod recordings;
