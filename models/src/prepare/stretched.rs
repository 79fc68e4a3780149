//! Joins letters that stand apart, and takes the token out of a redaction marker.

use std::ops::Range;

/// A stretch and what stands instead of it.
pub(super) type Edit = (Range<usize>, String);

/// Before the kind of what was masked.
const MARKER_START: &[u8] = b"[redacted:";
const MAX_KIND_LEN: usize = 60;
const TOKEN_LEN: usize = 16;

/// What steps 6 and 7 change in `text`, from left to right.
///
/// Python joins letters first and looks for markers in what comes of it; a marker has no letters
/// apart, so that one walk does both.
pub(super) fn edits(text: &str) -> Vec<Edit> {
    let bytes = text.as_bytes();
    let mut edits = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let found = if byte == b'[' {
            marker(bytes, at)
        } else {
            apart(bytes, at)
        };
        at = found.as_ref().map_or(at + 1, |(range, _)| range.end);
        edits.extend(found);
    }
    edits
}

fn is_letter(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(u8::is_ascii_alphanumeric)
}

/// Three or more single letters or digits from `at` on, with the same sign between them.
fn apart(bytes: &[u8], at: usize) -> Option<Edit> {
    let sign = *bytes.get(at + 1)?;
    let is_alone = at
        .checked_sub(1)
        .is_none_or(|before| !is_letter(bytes, before));
    if !matches!(sign, b' ' | b'-' | b'.' | b'_') || !is_letter(bytes, at) || !is_alone {
        return None;
    }
    let mut end = at + 1;
    while bytes.get(end) == Some(&sign) && is_letter(bytes, end + 1) {
        end += 2;
    }
    // The last one may be the beginning of a word.
    if is_letter(bytes, end) {
        end -= 2;
    }
    let letters: Vec<u8> = bytes.get(at..end)?.iter().step_by(2).copied().collect();
    let is_long = letters.len() >= 3;
    let joined = String::from_utf8(letters).ok().filter(|_| is_long)?;
    Some((at..end, joined))
}

/// The marker that begins at `at`, without its token.
fn marker(bytes: &[u8], at: usize) -> Option<Edit> {
    let rest = bytes.get(at..)?.strip_prefix(MARKER_START)?;
    let is_of_kind = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.');
    let len = rest.iter().position(|byte| !is_of_kind(byte))?;
    let (kind, rest) = rest.split_at_checked(len)?;
    let (token, rest) = rest.strip_prefix(b":")?.split_at_checked(TOKEN_LEN)?;
    let is_token = token
        .iter()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    if !(1..=MAX_KIND_LEN).contains(&len) || !is_token || rest.first() != Some(&b']') {
        return None;
    }
    let kind = String::from_utf8_lossy(kind).replace('.', " ");
    let said = if kind == "personal email" {
        "person".to_owned()
    } else {
        format!("[redacted {kind}]")
    };
    let end = at + MARKER_START.len() + len + 1 + TOKEN_LEN + 1;
    Some((at..end, said))
}
