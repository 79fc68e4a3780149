//! Syslog's framing over TCP: the messages do not depend on how the bytes arrive.
#![no_main]

use libfuzzer_sys::fuzz_target;
use magistrate_ingest::syslog::Frames;

fn read(bytes: &[u8], step: usize) -> (Vec<(Vec<u8>, Option<usize>)>, bool) {
    let (mut frames, mut lines) = (Frames::new(64), Vec::new());
    for part in bytes.chunks(step) {
        frames.input().extend_from_slice(part);
        loop {
            match frames.next_line() {
                Ok(Some(line)) => lines.push((line.bytes.to_vec(), line.cut_from_bytes)),
                Ok(None) => break,
                Err(_) => return (lines, true),
            }
        }
    }
    (lines, false)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((step, bytes)) = bytes.split_first() else { return };
    assert_eq!(read(bytes, usize::from(*step) + 1), read(bytes, bytes.len().max(1)));
});
