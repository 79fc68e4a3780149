//! Finds the secret inside an Authorization or Cookie header, whose rest is worth keeping.

use std::ops::Range;

use super::ascii::{
    KEY_END_BYTE, VALUE_END_BYTE, byte, byte_before, is_at, skip, skip_blanks, slice,
};
use super::assign::{Assigned, Form, bare};
use super::placeholder::{is_placeholder, looks_random};
use super::quote::Quote;

/// Schemes with one word of credentials (RFC 9110 section 11.4, and what vendors use).
const WORD_SCHEMES: &[&str] = &[
    "bearer",
    "basic",
    "token",
    "apikey",
    "api-key",
    "bot",
    "key",
    "negotiate",
    "ntlm",
    "ssws",
    "dpop",
    "jwt",
    "session",
    "splunk",
    "geniekey",
    "discord",
    "privatetoken",
    "sharedkey",
    "sharedkeylite",
    "sharedaccesssignature",
    "pve",
    "gitlab",
    "vault",
    "kerberos",
];
/// Schemes with a list of parameters, which may hold blanks.
const LIST_SCHEMES: &[&str] = &[
    "digest",
    "oauth",
    "hawk",
    "signature",
    "mac",
    "aws4-hmac-sha256",
    "aws4-ecdsa-p256-sha256",
    "aws",
    "vapid",
    "mutual",
    "hoba",
    "concealed",
    "gnap",
    "scram-sha-256",
    "scram-sha-1",
];
/// Attributes of a cookie, which are no secrets (RFC 6265 section 4.1.1, RFC 6265bis).
const COOKIE_ATTRIBUTES: &[&str] = &[
    "path",
    "domain",
    "expires",
    "max-age",
    "samesite",
    "secure",
    "httponly",
    "partitioned",
    "priority",
];

/// Whether a list of parameters, not one word, follows this scheme in an Authorization header.
pub(crate) fn takes_parameters(scheme: &str) -> bool {
    LIST_SCHEMES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(scheme))
}

/// How far a header inside a line is looked at, in bytes: hits in a row must cost linear time.
const MAX_INSIDE_LEN: usize = 2048;

/// The header whose value is `value`, made as long as headers are.
///
/// An unquoted header ends with its line, with the quotation mark that stands before its name
/// (unless that ends with the name), or with an escaped end of line.
pub(crate) fn whole_header(text: &[u8], name: Range<usize>, value: Assigned) -> Assigned {
    if value.form != Form::Bare {
        return value;
    }
    let before = byte_before(text, name.start);
    let is_closed = Quote::at(text, name.end).is_some();
    let (end, form) = match Quote::before(text, name.start) {
        Some(quote) if !is_closed => (quote.closing(text, value.start), Form::Quoted),
        None if name.start == 0 || ends_line(before) => {
            (line_end(text, value.start, usize::MAX), Form::Quoted)
        }
        Some(_) | None => (line_end(text, value.start, MAX_INSIDE_LEN), Form::Bare),
    };
    let escaped = escaped_line_end(text, value.start, end);
    let form = if escaped < end { Form::Quoted } else { form };
    Assigned {
        end: escaped,
        form,
        ..value
    }
}

const fn ends_line(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | KEY_END_BYTE | VALUE_END_BYTE)
}

/// The end of the line or text that `start` lies in, at most `limit` bytes on.
fn line_end(text: &[u8], start: usize, limit: usize) -> usize {
    let rest = slice(text, start, start.saturating_add(limit));
    let line = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    let line = slice(rest, 0, line);
    start + memchr::memchr2(KEY_END_BYTE, VALUE_END_BYTE, line).unwrap_or(line.len())
}

/// The first `\r` or `\n`, written with a backslash, between `start` and `end`.
fn escaped_line_end(text: &[u8], start: usize, end: usize) -> usize {
    let inside = slice(text, start, end);
    memchr::memchr_iter(b'\\', inside)
        .find(|&at| matches!(byte(inside, at + 1), b'n' | b'r'))
        .map_or(end, |at| start + at)
}

/// The credentials of an Authorization header: all but the scheme.
pub(crate) fn credentials(text: &[u8], value: Assigned) -> Option<(usize, usize)> {
    let start = skip_blanks(text, value.start).min(value.end);
    let scheme_end = skip(text, start, value.end - start, |byte| {
        byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
    });
    let scheme = slice(text, start, scheme_end);
    let is_among = |known: &[&str]| {
        known
            .iter()
            .any(|known| known.as_bytes().eq_ignore_ascii_case(scheme))
    };
    let rest = after_blank(text, scheme_end, value.end);
    let end = trimmed_end(text, start, value.end);
    let (from, to) = match rest {
        Some(rest) if is_among(LIST_SCHEMES) && end - start >= MAX_INSIDE_LEN => {
            (rest, line_end(text, rest, usize::MAX))
        }
        Some(rest) if is_among(LIST_SCHEMES) => (rest, end),
        Some(rest) if is_among(WORD_SCHEMES) && value.form == Form::Bare => {
            (rest, bare(text, rest).end.min(end))
        }
        Some(rest) if is_among(WORD_SCHEMES) => (rest, end),
        None if is_among(WORD_SCHEMES) || is_among(LIST_SCHEMES) => return None,
        Some(_) | None if value.form == Form::Bare => (start, bare(text, start).end.min(end)),
        Some(_) | None => (start, end),
    };
    (from < to && !is_placeholder(slice(text, from, to))).then_some((from, to))
}

/// The offset after the blanks, `+` or `%20` at `at`, if there are any and something follows.
fn after_blank(text: &[u8], at: usize, end: usize) -> Option<usize> {
    let after = if is_at(text, at, b"%20") {
        at + 3
    } else if byte(text, at) == b'+' {
        at + 1
    } else {
        skip_blanks(text, at)
    };
    (after > at && after < end).then_some(after)
}

fn trimmed_end(text: &[u8], start: usize, end: usize) -> usize {
    start + slice(text, start, end).trim_ascii_end().len()
}

/// Calls `found` with the value of each cookie; returns where the cookies end.
pub(crate) fn each_cookie(
    text: &[u8],
    value: Assigned,
    mut found: impl FnMut(usize, usize),
) -> usize {
    let is_bare = value.form == Form::Bare;
    let ends_cookie = |byte: u8| byte == b';' || is_bare && (byte <= b' ' || is_stray(byte));
    let mut at = skip_blanks(text, value.start).min(value.end);
    let mut is_first = true;
    loop {
        let name_end = skip(text, at, value.end - at, |byte| {
            byte != b'=' && byte != b';' && byte > b' ' && !is_stray(byte)
        });
        let has_name = byte(text, name_end) == b'=' && name_end > at && name_end < value.end;
        let start = if has_name { name_end + 1 } else { at };
        let end = skip(text, start, value.end.saturating_sub(start), |byte| {
            !ends_cookie(byte)
        });
        let secret = slice(text, start, end);
        let is_cookie = has_name && !is_attribute(slice(text, at, name_end));
        let is_only = is_first && !has_name && (is_bare || end == value.end);
        if !is_placeholder(secret) && (is_cookie || is_only && looks_random(secret)) {
            found(start, end);
        }
        is_first = false;
        if byte(text, end) != b';' || end >= value.end {
            return end;
        }
        at = skip_blanks(text, end + 1).min(value.end);
    }
}

const fn is_stray(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b',' | b'&')
}

fn is_attribute(name: &[u8]) -> bool {
    COOKIE_ATTRIBUTES
        .iter()
        .any(|known| known.as_bytes().eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, form: Form) -> Assigned {
        Assigned {
            start: 0,
            end: text.len(),
            form,
        }
    }

    #[test]
    fn the_scheme_stays_and_the_credentials_go() {
        for (text, form, secret) in [
            ("Bearer abc", Form::Quoted, Some("abc")),
            ("bearer  abc ", Form::Quoted, Some("abc")),
            ("Bearer%20abc", Form::Quoted, Some("abc")),
            ("abc", Form::Quoted, Some("abc")),
            ("abc def", Form::Quoted, Some("abc def")),
            ("Bearer abc for the host", Form::Bare, Some("abc")),
            ("abc for the host", Form::Bare, Some("abc")),
            (
                "Digest username=\"u\", response=\"r\"",
                Form::Bare,
                Some("username=\"u\", response=\"r\""),
            ),
            ("Bearer", Form::Quoted, None),
            ("Bearer $TOKEN", Form::Quoted, None),
            ("", Form::Quoted, None),
            ("   ", Form::Quoted, None),
        ] {
            let found = credentials(text.as_bytes(), at(text, form));
            assert_eq!(
                found.map(|(from, to)| text.get(from..to).unwrap()),
                secret,
                "{text}"
            );
        }
    }

    #[test]
    fn each_cookie_goes_and_its_name_stays() {
        let cookies = |text: &str, form: Form| {
            let mut found = Vec::new();
            each_cookie(text.as_bytes(), at(text, form), |from, to| {
                found.push(text.get(from..to).unwrap().to_owned());
            });
            found
        };
        assert_eq!(cookies("a=b; c=d e", Form::Quoted), ["b", "d e"]);
        assert_eq!(cookies("a=b; c=d e", Form::Bare), ["b", "d"]);
        assert_eq!(cookies("sid=b; Path=/; HttpOnly", Form::Quoted), ["b"]);
        assert_eq!(
            cookies("0123456789abcdef", Form::Quoted),
            ["0123456789abcdef"]
        );
        assert!(cookies("chocolate chip", Form::Bare).is_empty());
        assert!(cookies("", Form::Quoted).is_empty());
        assert!(cookies(";;;", Form::Quoted).is_empty());
    }
}
