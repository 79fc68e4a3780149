//! Finds armoured private keys (RFC 7468, OpenSSH, PGP), whole or cut before their end.

use memchr::memmem;

use super::ascii::{
    KEY_END_BYTE, VALUE_END_BYTE, byte, byte_before, is_at, is_token, skip, skip_back, slice,
};
use super::block::after_line_break;
use super::marker::MARKER_START;

/// The longest label between the dashes.
const MAX_LABEL_LEN: usize = 64;
/// Behind the marker of a key, a line of base64 this long goes on with it: armour's own have 64 to 76.
const MIN_REST_LINE_LEN: usize = 48;
/// A longer block is taken for a cut one: PGP keys with many sub-keys stay below.
const MAX_BLOCK_LEN: usize = 256 * 1024;
/// Shorter words are no line of a key, but may be its last one.
const MIN_LINE_LEN: usize = 16;
const BEGIN: &[u8] = b"-----BEGIN";
const PRIVATE: &[u8] = b"PRIVATE";
const END: &[u8] = b"-----END";
const DASHES: &[u8] = b"-----";

/// Where the next end line lies; searched once for all blocks before it.
#[derive(Debug, Default)]
pub(crate) struct NextEnd {
    searched_from: Option<usize>,
    found: Option<usize>,
}

impl NextEnd {
    fn after(&mut self, text: &[u8], start: usize) -> Option<usize> {
        let is_known = self.searched_from.is_some_and(|from| from <= start)
            && self.found.is_none_or(|end| end >= start);
        if !is_known {
            self.searched_from = Some(start);
            self.found = memmem::find(slice(text, start, text.len()), END).map(|at| start + at);
        }
        self.found
    }
}

/// The block whose `-----BEGIN` lies at `start..after_begin`, if it is a private key; or what follows
/// the end of its first line there, with which a text begins.
pub(crate) fn private_key(
    text: &[u8],
    start: usize,
    after_begin: usize,
    next_end: &mut NextEnd,
) -> Option<(usize, usize)> {
    if !is_at(text, start, BEGIN) {
        let is_label = |byte: u8| byte.is_ascii_uppercase() || byte == b' ';
        let label = skip_back(text, start, MAX_LABEL_LEN, is_label);
        let is_cut = label == start || memmem::find(slice(text, label, start), PRIVATE).is_some();
        let begins_text = is_cut && starts_text(text, label);
        return begins_text.then(|| rest_of_key(text, after_begin, next_end))?;
    }
    let label_end = skip(text, after_begin, MAX_LABEL_LEN, |byte| {
        byte.is_ascii_alphanumeric() || byte == b' '
    });
    let label = slice(text, after_begin, label_end);
    if !is_private(label) || !is_at(text, label_end, DASHES) {
        return None;
    }
    let body = label_end + DASHES.len();
    let end = next_end
        .after(text, body)
        .filter(|end| end - start <= MAX_BLOCK_LEN && is_one_value(text, body, *end))
        .map_or_else(|| cut_end(text, body), |end| end_line(text, end));
    Some((start, end))
}

/// What of a key block is left behind the marker that ends at `at`: its lines, up to the line that
/// ends it where that is there.
pub(crate) fn rest_of_key(
    text: &[u8],
    at: usize,
    next_end: &mut NextEnd,
) -> Option<(usize, usize)> {
    let body = skip_between(text, after_line_break(text, at)?);
    let end = next_end.after(text, body).filter(|end| {
        let label = slice(text, end + END.len(), end + END.len() + MAX_LABEL_LEN);
        end - at <= MAX_BLOCK_LEN
            && is_one_value(text, body, *end)
            && memmem::find(slice(text, body, *end), MARKER_START.as_bytes()).is_none()
            && is_private(label)
    });
    if let Some(end) = end {
        return Some((body, end_line(text, end)));
    }
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let first = skip(text, body, MIN_REST_LINE_LEN, is_base64);
    (first - body == MIN_REST_LINE_LEN).then(|| (body, cut_end(text, body)))
}

/// Whether a text of its own begins at `at`.
fn starts_text(text: &[u8], at: usize) -> bool {
    matches!(byte_before(text, at), 0 | KEY_END_BYTE | VALUE_END_BYTE)
}

fn is_private(label: &[u8]) -> bool {
    [b"PRIVATE KEY".as_slice(), b"OpenVPN Static key"]
        .iter()
        .any(|name| memmem::find(label, name).is_some())
}

fn is_one_value(text: &[u8], from: usize, to: usize) -> bool {
    let inside = slice(text, from, to);
    memchr::memchr2(KEY_END_BYTE, VALUE_END_BYTE, inside).is_none()
        && memmem::find(inside, BEGIN).is_none()
}

/// The end of `-----END RSA PRIVATE KEY-----`, whose beginning is at `at`.
fn end_line(text: &[u8], at: usize) -> usize {
    let label = at + END.len();
    let label_end = skip(text, label, MAX_LABEL_LEN, |byte| {
        byte.is_ascii_alphanumeric() || byte == b' '
    });
    skip(text, label_end, DASHES.len(), |byte| byte == b'-')
}

/// Where the base64 lines from `at` on end.
fn cut_end(text: &[u8], at: usize) -> usize {
    let mut end = at;
    let mut word = skip_between(text, at);
    loop {
        let word_end = skip(text, word, usize::MAX, is_token);
        let follows_key = end > at && byte(text, word_end) != b' ';
        if word_end == word || !(word_end - word >= MIN_LINE_LEN || follows_key) {
            return end;
        }
        let is_last = word_end - word < MIN_LINE_LEN;
        end = word_end;
        if is_last {
            return end;
        }
        word = skip_between(text, word_end);
    }
}

/// Skips ends of lines, blanks and their escapes.
fn skip_between(text: &[u8], mut at: usize) -> usize {
    loop {
        at = skip(text, at, usize::MAX, |byte| byte.is_ascii_whitespace());
        let escapes = skip(text, at, 64, |byte| byte == b'\\');
        if escapes > at && matches!(byte(text, escapes), b'n' | b'r' | b't') {
            at = escapes + 1;
        } else {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Assembled here, so that no scanner takes this file for a key.
    const BEGIN: &str = concat!("-----BE", "GIN");

    fn found(text: &str) -> Option<&str> {
        let start = text.find(BEGIN)?;
        let mut next_end = NextEnd::default();
        private_key(text.as_bytes(), start, start + BEGIN.len(), &mut next_end)
            .map(|(from, to)| text.get(from..to).unwrap())
    }

    #[test]
    fn a_whole_block_goes_with_its_armour() {
        for block in [
            format!("{BEGIN} PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----"),
            format!("{BEGIN} RSA PRIVATE KEY-----\\nMIIabc\\n-----END RSA PRIVATE KEY-----"),
            format!(
                "{BEGIN} PGP PRIVATE KEY BLOCK-----\nVersion: x\n\nabc\n-----END PGP PRIVATE KEY BLOCK-----"
            ),
        ] {
            assert_eq!(found(&format!("a {block} b")), Some(block.as_str()));
        }
    }

    #[test]
    fn a_cut_block_goes_as_far_as_it_is_one() {
        let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC";
        for (rest, end) in [
            (format!("\n{line}\n{line}"), format!("\n{line}\n{line}")),
            (
                format!("\\n{line}\\nshort\", \"x\": 1"),
                format!("\\n{line}\\nshort"),
            ),
            (format!("\n{line}\n\nThen other text"), format!("\n{line}")),
            (" is how a key begins".to_owned(), String::new()),
            (
                format!("\n{line}\u{1e}-----END PRIVATE KEY-----"),
                format!("\n{line}"),
            ),
        ] {
            let whole = format!("{BEGIN} PRIVATE KEY-----{end}");
            let text = format!("{BEGIN} PRIVATE KEY-----{rest}");
            assert_eq!(found(&text), Some(whole.as_str()), "{rest}");
        }
    }

    #[test]
    fn public_material_stays() {
        for label in ["PUBLIC KEY", "CERTIFICATE", ""] {
            assert_eq!(
                found(&format!(
                    "{BEGIN} {label}-----\nMIIabc\n-----END {label}-----"
                )),
                None
            );
        }
        assert_eq!(found(&format!("{BEGIN} PRIVATE KEY without dashes")), None);
    }

    #[test]
    fn behind_a_marker_the_rest_of_a_block_goes() {
        let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
        let end = "-----END RSA PRIVATE KEY-----";
        for (text, rest) in [
            (
                format!("\n{line}\nabc\n{end} x"),
                Some(format!("{line}\nabc\n{end}")),
            ),
            (
                format!("\\n\u{200b}{line}\\n{end}"),
                Some(format!("\u{200b}{line}\\n{end}")),
            ),
            (format!("\n{line}\nabc\", 1"), Some(format!("{line}\nabc"))),
            (format!("\nnext line\n{line}"), None),
            (format!(" {line}"), None),
            ("\na_setting_with_a_long_name: 1".to_owned(), None),
            (format!("\nx [redacted:a:b]\n{end}"), None),
            ("\nx\n-----END CERTIFICATE-----".to_owned(), None),
        ] {
            let found = rest_of_key(text.as_bytes(), 0, &mut NextEnd::default());
            let found = found.map(|(from, to)| text.get(from..to).unwrap().to_owned());
            assert_eq!(found, rest, "{text}");
        }
    }

    #[test]
    fn many_beginnings_share_one_search() {
        let text = format!("{BEGIN} PRIVATE KEY-----").repeat(3);
        let mut next_end = NextEnd::default();
        assert_eq!(next_end.after(text.as_bytes(), 0), None);
        assert_eq!(next_end.searched_from, Some(0));
        assert_eq!(next_end.after(text.as_bytes(), 30), None);
        assert_eq!(next_end.searched_from, Some(0));
    }
}
