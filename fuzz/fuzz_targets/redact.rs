//! The redactor: any text, and what it made of it once stays so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use magistrate_enrich::{Epoch, RedactKey, Redactor};
use std::sync::LazyLock;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(|| {
    Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(1)).expect("the shipped rules compile")
});

fuzz_target!(|text: &str| {
    let (once, _) = REDACTOR.redact_text(text);
    let (twice, _) = REDACTOR.redact_text(&once);
    assert_eq!(once, twice);
});
