//! What the tests of several parts ask of the redactor.

use std::hint::black_box;
use std::time::Duration;

use magistrate_event::Event;
use proptest::prelude::*;

use super::{Epoch, RedactKey, Redactor};

/// The shipped rules and detectors, under a key of the tests'.
pub(crate) fn redactor() -> Redactor {
    Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(1)).unwrap()
}

/// As many cases of a property as `PROPTEST_CASES` asks for; `usual` without it.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(usual),
    }
}

/// CPU time of this thread (proc(5), `schedstat`), which a busy machine does not stretch.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

/// How often a text is measured that seems to take too long.
const TRIES: usize = 3;

/// Fails when `work` on eight times `part`'s repetitions takes more than a linear step explains.
pub(crate) fn assert_linear<T>(part: &str, small_len: usize, work: impl Fn(&str) -> T) {
    assert_linear_in(Duration::from_millis(40), part, small_len, work);
}

/// The same with so much time for either length: less is quicker, and surer only of quadratic steps.
pub(crate) fn assert_linear_in<T>(
    least: Duration,
    part: &str,
    small_len: usize,
    work: impl Fn(&str) -> T,
) {
    // Rounds until the kernel's accounting, which ticks, says something.
    let time = |text: &str| {
        let (start, mut rounds) = (cpu_time(), 0);
        while cpu_time() - start < least {
            black_box(work(text));
            rounds += 1;
        }
        (cpu_time() - start) / rounds
    };
    let (small, large) = (
        part.repeat(small_len / part.len()),
        part.repeat(8 * small_len / part.len()),
    );
    // A machine that is taken away in the middle of it may count; a quadratic step counts each time.
    let is_linear = (0..TRIES).any(|_| {
        let (small, large) = (time(&small), time(&large));
        // Eight times the text takes eight times as long; a quadratic step would take 64 times.
        let is_linear = large <= small * 24 + Duration::from_millis(10);
        if !is_linear {
            eprintln!("{small:?}, then {large:?}");
        }
        is_linear
    });
    assert!(is_linear, "{part:?}");
}

/// Whether a second pass over `text` changes nothing.
pub(crate) fn text_is_stable(redactor: &Redactor, text: &str) -> Result<(), TestCaseError> {
    let (once, _) = redactor.redact_text(text);
    let (twice, findings) = redactor.redact_text(&once);
    prop_assert_eq!(once, twice);
    prop_assert_eq!(findings, []);
    Ok(())
}

/// Whether a second pass over `event` changes nothing.
pub(crate) fn event_is_stable(redactor: &Redactor, event: Event) -> Result<(), TestCaseError> {
    let (once, _) = redactor.redact(event);
    let (twice, _) = redactor.redact(once.event().clone());
    prop_assert_eq!(once, twice);
    Ok(())
}
