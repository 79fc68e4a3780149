//! OTLP as Claude's client sends it, and as nobody should: what becomes of it.

#[cfg(test)]
#[path = "otlp/foreign.rs"]
mod foreign;
#[cfg(test)]
#[path = "otlp/hostile.rs"]
mod hostile;
#[cfg(test)]
#[path = "otlp/ids.rs"]
mod ids;
#[cfg(test)]
#[path = "otlp/points.rs"]
mod points;
#[cfg(test)]
#[path = "otlp/random.rs"]
mod random;
#[cfg(test)]
#[path = "otlp/recording.rs"]
mod recording;
#[cfg(test)]
#[path = "otlp/recordings.rs"]
mod recordings;
