//! Knows how much text can be looked at in a given time, from what the last texts took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Before anything was measured, a millisecond is believed to be enough for so many bytes.
const FIRST_BYTES_PER_MS: u64 = 2_000;
/// The newest measurement has one part in so many of the mean.
const MEMORY: u64 = 8;
/// Shorter texts tell more of the fixed costs than of the pace.
const MIN_MEASURED_BYTES: usize = 16 << 10;
/// The part of the time that looking may take; the rest is for answering.
const SHARE: u64 = 2;
/// So much is always looked at.
const MIN_BYTES: usize = 4 << 10;

/// How fast texts are looked at.
#[derive(Debug)]
pub(crate) struct Pace {
    bytes_per_ms: AtomicU64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            bytes_per_ms: AtomicU64::new(FIRST_BYTES_PER_MS),
        }
    }
}

impl Pace {
    /// How many bytes can be looked at within `time`.
    pub(crate) fn bytes_within(&self, time: Duration) -> usize {
        let per_ms = self.bytes_per_ms.load(Ordering::Relaxed);
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bytes = per_ms.saturating_mul(micros / SHARE) / 1_000;
        usize::try_from(bytes).unwrap_or(usize::MAX).max(MIN_BYTES)
    }

    /// Learns from a text of `bytes` that took `time`.
    pub(crate) fn learn(&self, bytes: usize, time: Duration) {
        if bytes < MIN_MEASURED_BYTES {
            return;
        }
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        let newest = (bytes as u64).saturating_mul(1_000) / micros;
        let old = self.bytes_per_ms.load(Ordering::Relaxed);
        let mean = (old / MEMORY)
            .saturating_mul(MEMORY - 1)
            .saturating_add(newest / MEMORY);
        self.bytes_per_ms.store(mean.max(1), Ordering::Relaxed);
    }
}

/// Head, middle and tail of `text`, together at most `max_bytes` long; none where all of it fits.
pub(crate) fn sample(text: &str, max_bytes: usize) -> Option<String> {
    if text.len() <= max_bytes {
        return None;
    }
    let quarter = max_bytes / 4;
    let middle = text.len() / 2;
    let parts = [
        (0, 2 * quarter),
        (middle, middle + quarter),
        (text.len().saturating_sub(quarter), text.len()),
    ];
    let parts = parts.map(|(start, end)| {
        let start = text.ceil_char_boundary(start);
        let end = text.floor_char_boundary(end).max(start);
        text.get(start..end).unwrap_or_default()
    });
    Some(parts.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_moves_the_pace() {
        let pace = Pace::default();
        assert_eq!(pace.bytes_within(Duration::from_millis(100)), 100_000);
        assert_eq!(pace.bytes_within(Duration::ZERO), MIN_BYTES);
        for _ in 0..100 {
            pace.learn(1 << 20, Duration::from_millis(1));
        }
        assert!(pace.bytes_within(Duration::from_millis(2)) > 900_000);
        pace.learn(100, Duration::from_secs(9));
        assert!(pace.bytes_within(Duration::from_millis(2)) > 900_000);
    }

    #[test]
    fn a_sample_has_head_middle_and_tail_and_whole_characters() {
        assert_eq!(sample("short", 5), None);
        let text = format!(
            "{}{}{}",
            "a".repeat(1000),
            "é".repeat(1000),
            "z".repeat(1000)
        );
        let sample = sample(&text, 400).unwrap();
        assert!(sample.starts_with('a') && sample.ends_with('z') && sample.contains('é'));
        assert!(sample.len() <= 402, "{}", sample.len());
    }
}
