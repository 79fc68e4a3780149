//! Takes lines in ArcSight's Common Event Format apart.

use std::borrow::Cow;

use crate::redact::takes_parameters;

/// A CEF line: the seven fields of its header, and its extension; everything keeps its escapes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cef<'a> {
    /// What stands between the syslog header and `CEF:`.
    pub(super) before: &'a str,
    pub(super) version: &'a str,
    pub(super) vendor: &'a str,
    pub(super) product: &'a str,
    pub(super) product_version: &'a str,
    pub(super) class_id: &'a str,
    pub(super) name: &'a str,
    pub(super) severity: &'a str,
    pub(super) extension: &'a str,
}

/// How many pairs of an extension are told apart; what follows stays in the last one's value.
pub(super) const MAX_PAIRS: usize = 1024;

/// How far from the message's beginning `CEF:` is looked for.
///
/// Further in, and behind a quote or `=`, it is more likely somebody's text than a header.
const MAX_BEFORE_BYTES: usize = 256;

/// Finds where CEF begins in a message: at its start, or after a word of the sender.
pub(super) fn find(message: &str) -> Option<usize> {
    let mut bytes = message.as_bytes();
    if let Some(near) = bytes.get(..MAX_BEFORE_BYTES + 4) {
        bytes = near;
    }
    let at = memchr::memmem::find(bytes, b"CEF:")?;
    let before = bytes.get(..at)?;
    let starts_word = before
        .last()
        .is_none_or(|last| matches!(last, b' ' | b'\t' | b':' | b']' | b'>') || !last.is_ascii());
    let plain = !before
        .iter()
        .any(|byte| matches!(byte, b'"' | b'=' | b'\''));
    (starts_word && plain).then_some(at)
}

/// Splits a message that has `CEF:` at `at`. None when the header has too few fields.
pub(super) fn parse(message: &str, at: usize) -> Option<Cef<'_>> {
    let (before, rest) = message.split_at_checked(at)?;
    let rest = rest.strip_prefix("CEF:")?.trim_start_matches(' ');
    let (version, rest) = header_field(rest)?;
    if version.is_empty()
        || !version
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return None;
    }
    let (vendor, rest) = header_field(rest)?;
    let (product, rest) = header_field(rest)?;
    let (product_version, rest) = header_field(rest)?;
    let (class_id, rest) = header_field(rest)?;
    let (name, rest) = header_field(rest)?;
    // A device that has nothing to add leaves out the last bar.
    let (severity, extension) = header_field(rest).unwrap_or((rest, ""));
    Some(Cef {
        before: before.trim_end_matches([' ', ':']),
        version,
        vendor,
        product,
        product_version,
        class_id,
        name,
        severity: severity.trim(),
        extension,
    })
}

/// The `key=value` pairs of an extension, in order; values keep their escapes.
///
/// A value runs until the space before the next `key=`, so it may hold spaces, and `=` inside a
/// word; and it runs on over the parts of an HTTP header in it. What stands before the first key is dropped from no line: it is the value of key `""`.
pub(super) fn pairs(extension: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::with_capacity(32);
    let mut key = "";
    let mut value_from = 0;
    let mut search_from = 0;
    let mut seen_to = 0;
    let mut header = Header::None;
    while pairs.len() < MAX_PAIRS
        && let Some(sign) = next_sign(extension, search_from)
    {
        search_from = sign + 1;
        let Some(key_from) = key_start(extension, value_from, sign) else {
            continue;
        };
        let piece = extension.get(seen_to..key_from).unwrap_or_default();
        seen_to = sign + 1;
        if header.goes_on(piece) {
            header = Header::Inside;
            continue;
        }
        push(&mut pairs, key, extension.get(value_from..key_from));
        key = extension.get(key_from..sign).unwrap_or_default();
        value_from = sign + 1;
        header = Header::of_key(key);
    }
    push(&mut pairs, key, extension.get(value_from..));
    pairs
}

/// Where a value is in a header that the device wrote into it as it came, `=` without a backslash:
/// taken apart, cookies and signatures would be values of unknown keys, which nobody knows as secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Header {
    None,
    /// The key is the header's name.
    Named,
    Inside,
}

impl Header {
    fn of_key(key: &str) -> Self {
        if is_header_name(key) || ends_in(key, "cookies") {
            Self::Named
        } else {
            Self::None
        }
    }

    /// Whether the name behind `piece`, the text since the last name, is a part of the header:
    /// `Cookie: sid=…; a=…`, `Authorization: Digest username=…, response=…`.
    fn goes_on(self, piece: &str) -> bool {
        let piece = piece.trim_end();
        let begun = piece
            .rsplit_once(':')
            .filter(|(before, _)| is_header_name(before))
            .map(|(_, rest)| rest.trim_start());
        let is_listed = piece.ends_with([';', ',']);
        match (begun, self) {
            (Some(rest), _) => rest.is_empty() || is_listed || takes_parameters(rest),
            (None, Self::Named) => is_listed || takes_parameters(piece.trim_start()),
            (None, Self::Inside) => is_listed,
            (None, Self::None) => is_cookie_flag(piece),
        }
    }
}

/// Whether `text` ends in the name of a header that holds credentials.
fn is_header_name(text: &str) -> bool {
    ends_in(text, "cookie") || ends_in(text, "authorization")
}

/// `curl -b` and `curl --cookie`, which a cookie follows.
fn is_cookie_flag(text: &str) -> bool {
    (text.ends_with(" -b") || text.ends_with(" --cookie")) && text.contains("curl ")
}

fn ends_in(text: &str, end: &str) -> bool {
    let start = text.len().checked_sub(end.len());
    let tail = start.and_then(|start| text.get(start..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// Undoes the escapes of a header: `\|` and `\\`.
pub(super) fn header_text(field: &str) -> Cow<'_, str> {
    unescape(field, |next| matches!(next, '|' | '\\').then_some(next))
}

/// Undoes the escapes of an extension: `\=`, `\\`, `\n` and `\r`.
pub(super) fn value_text(value: &str) -> Cow<'_, str> {
    unescape(value, |next| match next {
        '=' | '\\' => Some(next),
        'n' => Some('\n'),
        'r' => Some('\r'),
        _ => None,
    })
}

/// The longest key that is believed.
const MAX_KEY_BYTES: usize = 64;

fn push<'a>(pairs: &mut Vec<(&'a str, &'a str)>, key: &'a str, value: Option<&'a str>) {
    let value = value.unwrap_or_default().trim();
    if !key.is_empty() || !value.is_empty() {
        pairs.push((key, value));
    }
}

/// The next `=` without a backslash before it.
fn next_sign(text: &str, from: usize) -> Option<usize> {
    let mut from = from;
    loop {
        let at = from + memchr::memchr2(b'=', b'\\', text.as_bytes().get(from..)?)?;
        if text.as_bytes().get(at) == Some(&b'=') {
            return Some(at);
        }
        from = at + 2;
    }
}

/// Where the key before `sign` begins; none when no key stands there.
fn key_start(text: &str, value_from: usize, sign: usize) -> Option<usize> {
    let earliest = value_from.max(sign.saturating_sub(MAX_KEY_BYTES + 1));
    let before = text.as_bytes().get(earliest..sign)?;
    let length = before
        .iter()
        .rev()
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']' | b':')
        })
        .count();
    let start = sign - length;
    let follows_space = start == 0 || text.as_bytes().get(start - 1) == Some(&b' ');
    // The first value's own beginning: `key==x` has no second key.
    let is_new = start > value_from || (start == value_from && value_from == 0);
    (length > 0 && follows_space && (is_new || value_from == 0)).then_some(start)
}

fn header_field(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'|', b'\\', text.as_bytes().get(from..)?)?;
        if text.as_bytes().get(at) == Some(&b'|') {
            return Some((text.get(..at)?, text.get(at + 1..)?));
        }
        from = at + 2;
    }
}

/// Replaces a backslash and the character after it by what `meaning` says; others stay.
fn unescape(text: &str, meaning: impl Fn(char) -> Option<char>) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let meant = if char == '\\' {
            chars.peek().copied().and_then(&meaning)
        } else {
            None
        };
        if meant.is_some() {
            chars.next();
        }
        plain.push(meant.unwrap_or(char));
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_header_is_split_at_bars_without_a_backslash() {
        let line = r"CEF:0|Acme \| Co|Gate\\way|1.0|100|Name here|7|src=192.0.2.1";
        let cef = parse(line, 0).unwrap();
        assert_eq!(header_text(cef.vendor), "Acme | Co");
        assert_eq!(header_text(cef.product), r"Gate\way");
        assert_eq!(
            (cef.version, cef.product_version, cef.class_id),
            ("0", "1.0", "100")
        );
        assert_eq!(
            (cef.name, cef.severity, cef.extension),
            ("Name here", "7", "src=192.0.2.1")
        );
        let bare = parse("CEF: 1|a|b|c|d|e|High", 0).unwrap();
        assert_eq!((bare.severity, bare.extension), ("High", ""));
        for bad in [
            "CEF:0|a|b|c|d",
            "CEF:x|a|b|c|d|e|f|",
            "CEF:|a|b|c|d|e|f|",
            "CEF:0|a\\",
        ] {
            assert_eq!(parse(bad, 0), None, "{bad}");
        }
    }

    #[test]
    fn cef_is_found_behind_words_of_the_sender() {
        let cases = [
            ("CEF:0|", Some(0)),
            ("sensor1 CEF:0|", Some(8)),
            ("[sensor] CEF:0|", Some(9)),
            ("GET \"/CEF:0|", None),
            ("msg=CEF:0|", None),
            ("xCEF:0|", None),
            ("no", None),
        ];
        for (message, at) in cases {
            assert_eq!(find(message), at, "{message}");
        }
        assert_eq!(find(&format!("{} CEF:0|", "é".repeat(200))), None);
        let message = "sensor1 CEF:0|a|b|c|d|e|5|";
        assert_eq!(parse(message, 8).unwrap().before, "sensor1");
    }

    #[test]
    fn values_run_until_the_next_key() {
        let cases: [(&str, &[(&str, &str)]); 9] = [
            ("", &[]),
            ("a=1", &[("a", "1")]),
            (
                "a=1 b=two words  c=",
                &[("a", "1"), ("b", "two words"), ("c", "")],
            ),
            (
                "request=http://e.com/?q=1&r=2 act=x",
                &[("request", "http://e.com/?q=1&r=2"), ("act", "x")],
            ),
            (r"msg=not\=a key x=1", &[("msg", r"not\=a key"), ("x", "1")]),
            (r"msg=a b\=c d=1", &[("msg", r"a b\=c"), ("d", "1")]),
            ("a==b c=d", &[("a", "=b"), ("c", "d")]),
            ("lost words a=1", &[("", "lost words"), ("a", "1")]),
            ("no pairs", &[("", "no pairs")]),
        ];
        for (extension, expected) in cases {
            assert_eq!(pairs(extension), expected, "{extension}");
        }
    }

    #[test]
    fn a_header_in_a_value_stays_whole() {
        let cases: [(&str, &[(&str, &str)]); 9] = [
            (
                "msg=Cookie: sid=x; a=b act=y",
                &[("msg", "Cookie: sid=x; a=b"), ("act", "y")],
            ),
            (
                "msg=set-cookie: sid=x; Path=/; HttpOnly act=y",
                &[("msg", "set-cookie: sid=x; Path=/; HttpOnly"), ("act", "y")],
            ),
            (
                "msg=Authorization: Digest username=\"u\", nonce=\"n\", response=\"r\" act=y",
                &[
                    (
                        "msg",
                        "Authorization: Digest username=\"u\", nonce=\"n\", response=\"r\"",
                    ),
                    ("act", "y"),
                ],
            ),
            (
                "msg=Authorization: AWS4-HMAC-SHA256 Credential=k/aws4_request, Signature=s act=y",
                &[
                    (
                        "msg",
                        "Authorization: AWS4-HMAC-SHA256 Credential=k/aws4_request, Signature=s",
                    ),
                    ("act", "y"),
                ],
            ),
            (
                "requestCookies=a=1; sid=x act=y",
                &[("requestCookies", "a=1; sid=x"), ("act", "y")],
            ),
            (
                "Authorization=Digest a=1, response=x act=y",
                &[("Authorization", "Digest a=1, response=x"), ("act", "y")],
            ),
            (
                "msg=curl -b sid=x https://e.com act=y",
                &[("msg", "curl -b sid=x https://e.com"), ("act", "y")],
            ),
            (
                "msg=Authorization: Bearer x act=y",
                &[("msg", "Authorization: Bearer x"), ("act", "y")],
            ),
            (
                "cookie= act=y msg=one, two a=b; c=d",
                &[
                    ("cookie", ""),
                    ("act", "y"),
                    ("msg", "one, two"),
                    ("a", "b;"),
                    ("c", "d"),
                ],
            ),
        ];
        for (extension, expected) in cases {
            assert_eq!(pairs(extension), expected, "{extension}");
        }
    }

    #[test]
    fn only_the_escapes_of_the_place_are_undone() {
        assert_eq!(header_text(r"a\|b\\c\=d"), r"a|b\c\=d");
        assert_eq!(value_text(r"a\=b\\c\nd\re\|f"), "a=b\\c\nd\re\\|f");
        assert_eq!(value_text("end\\"), "end\\");
    }

    #[test]
    fn pairs_have_a_limit_and_nothing_is_lost_over_it() {
        let extension = "k=v ".repeat(MAX_PAIRS + 50);
        let found = pairs(&extension);
        assert_eq!(found.len(), MAX_PAIRS + 1);
        assert!(
            found
                .last()
                .is_some_and(|(_, value)| value.ends_with("k=v"))
        );
    }

    proptest! {
        #[test]
        fn pairs_survive_their_escapes(
            pairs_in in proptest::collection::vec(("[a-z][a-zA-Z0-9]{0,8}", "[^\\s\\p{C}]([^\\p{C}\\s]| ){0,12}[^\\s\\p{C}]"), 1..6),
        ) {
            let line = pairs_in
                .iter()
                .map(|(key, value)| format!("{key}={}", value.replace('\\', "\\\\").replace('=', "\\=")))
                .collect::<Vec<_>>()
                .join(" ");
            let found: Vec<_> = pairs(&line)
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value_text(value).into_owned()))
                .collect();
            prop_assert_eq!(found, pairs_in);
        }

        #[test]
        fn no_text_makes_it_panic(text in "(CEF:0)?(\\||=| |\\\\|a|é){0,60}") {
            if let Some(cef) = find(&text).and_then(|at| parse(&text, at)) {
                pairs(cef.extension);
                header_text(cef.name);
            }
            for (_, value) in pairs(&text) {
                value_text(value);
            }
        }
    }
}
