//! The redactor of streams: any bytes, however they arrive, come out as the same text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use magistrate_enrich::{Epoch, RedactKey, Redactor, StreamRedactor};
use std::sync::LazyLock;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(|| {
    Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(1)).expect("the shipped rules compile")
});

fn through(bytes: &[u8], step: usize) -> String {
    let (mut stream, mut out, mut findings) = (StreamRedactor::new(&REDACTOR), String::new(), Vec::new());
    bytes.chunks(step).for_each(|part| stream.push(part, &mut out, &mut findings));
    stream.finish(&mut out, &mut findings);
    out
}

fuzz_target!(|bytes: &[u8]| {
    let Some((step, bytes)) = bytes.split_first() else { return };
    assert_eq!(through(bytes, usize::from(*step) + 1), through(bytes, bytes.len().max(1)));
});
