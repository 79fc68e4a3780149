//! Tells what a file holds, from its beginning.

use magistrate_ingest::Signal;

use crate::cli::Format;

/// How much of a file's beginning is looked at.
const HEAD_BYTES: usize = 4096;

/// Guesses the format of a file from its first bytes; `None` when they fit no format.
///
/// The three protobuf signals share their outer shape, so the guess looks at the first record.
pub(crate) fn detect(start: &[u8]) -> Option<Format> {
    let text = start.trim_ascii_start();
    let text = text
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(text)
        .trim_ascii_start();
    if text.first() == Some(&b'{') {
        return Some(json_signal(text).map_or(Format::Lines, |_signal| Format::OtlpJson));
    }
    if let Some(format) = protobuf_signal(start) {
        return Some(format);
    }
    let head = start.get(..HEAD_BYTES).unwrap_or(start);
    let is_text = !head.is_empty() && !head.iter().any(|byte| matches!(byte, 0..=8 | 14..=26));
    is_text.then_some(Format::Lines)
}

/// The signal of an OTLP/JSON request, by the name that it begins with.
pub(crate) fn json_signal(text: &[u8]) -> Option<Signal> {
    let head = String::from_utf8_lossy(text.get(..HEAD_BYTES).unwrap_or(text));
    [
        ("\"resourceLogs\"", Signal::Logs),
        ("\"resourceMetrics\"", Signal::Metrics),
        ("\"resourceSpans\"", Signal::Traces),
    ]
    .into_iter()
    .filter_map(|(key, signal)| head.find(key).map(|at| (at, signal)))
    .min_by_key(|(at, _)| *at)
    .map(|(_, signal)| signal)
}

/// Request → ResourceX (1) → ScopeX (2) → record (2): how the record begins tells the signal.
fn protobuf_signal(bytes: &[u8]) -> Option<Format> {
    let resource = first(bytes, 1)?;
    let scope = first(resource, 2)?;
    let record = first(scope, 2)?;
    let (tag, rest) = varint(record)?;
    match (tag >> 3, tag & 7) {
        // LogRecord: time_unix_nano or observed_time_unix_nano (fixed64), severity, body.
        (1 | 11, 1) | (2, 0) | (3 | 5, 2) => Some(Format::OtlpLogs),
        // Span: a trace_id of 16 bytes. Metric: a name.
        (1, 2) => match varint(rest)? {
            (16, rest) if rest.get(16) == Some(&0x12) && rest.get(17) == Some(&8) => {
                Some(Format::OtlpTraces)
            }
            _ => Some(Format::OtlpMetrics),
        },
        _ => None,
    }
}

/// The content of the first field `number`, cut off where `bytes` ends.
fn first(mut bytes: &[u8], number: u64) -> Option<&[u8]> {
    loop {
        let (tag, rest) = varint(bytes)?;
        if tag & 7 != 2 {
            return None;
        }
        let (len, rest) = varint(rest)?;
        let len = usize::try_from(len).ok()?.min(rest.len());
        let (content, rest) = rest.split_at_checked(len)?;
        if tag >> 3 == number {
            return Some(content);
        }
        bytes = rest;
    }
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(index).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(index + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
        bytes.extend_from_slice(content);
        bytes
    }

    fn request(record: &[u8]) -> Vec<u8> {
        let scope = [field(1, b"\x0a\x01s"), field(2, record)].concat();
        field(1, &[field(1, b""), field(2, &scope)].concat())
    }

    #[test]
    fn formats_are_told_by_their_beginning() {
        let log = [&[0x09][..], &[1; 8]].concat();
        let span = [field(1, &[7; 16]), field(2, &[8; 8])].concat();
        let cases: [(&[u8], Option<Format>); 9] = [
            (b"{\"resourceLogs\":[]}", Some(Format::OtlpJson)),
            (
                b"\xef\xbb\xbf {\"resourceSpans\":[]}",
                Some(Format::OtlpJson),
            ),
            (b"{\"url\":\"http://a.example\"}\n", Some(Format::Lines)),
            (b"<14>1 - - - - - - hello\n", Some(Format::Lines)),
            (&request(&log), Some(Format::OtlpLogs)),
            (&request(&span), Some(Format::OtlpTraces)),
            (
                &request(&field(1, b"claude_code.token.us")),
                Some(Format::OtlpMetrics),
            ),
            (b"\x00\x01\x02\x03", None),
            (b"", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(
                detect(bytes),
                expected,
                "{:?}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
