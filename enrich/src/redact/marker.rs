//! Writes and recognizes `[redacted:<kind>:<token>]`, so that what is masked stays as it is.
//!
//! Behind the marker of a JWT stand its facts, `(alg=RS256,iss=https://id.example.com,exp=1767000000)`.

use magistrate_event::Span;
use memchr::memmem;

use super::ascii::{byte, is_at, skip, slice};
use super::check::{Facts, is_algorithm, is_harmless_issuer};
use super::token::{TOKEN_LEN, Token, is_token_digit};

/// What every marker begins with.
pub(crate) const MARKER_START: &str = "[redacted:";
/// No kind is longer, in bytes.
pub(crate) const MAX_KIND_LEN: usize = 48;

/// Kinds whose markers are followed by facts begin with this.
const JWT_KIND: &str = "credential.jwt";
/// No list of facts is longer, in bytes.
const MAX_FACTS_LEN: usize = 200;

/// What stands for a secret, not yet written: most are written once, into the masked text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    kind: &'static str,
    token: Token,
    /// What follows it; nearly always nothing.
    facts: Option<Box<str>>,
}

impl Marker {
    /// The marker that stands for the secret of `token`, whose plain text is `secret`.
    pub(crate) fn new(kind: &'static str, token: Token, secret: &[u8]) -> Self {
        let facts = kind
            .starts_with(JWT_KIND)
            .then(|| facts(&Facts::of(secret)));
        Self {
            kind,
            token,
            facts: facts.filter(|facts| !facts.is_empty()).map(Box::from),
        }
    }

    /// How long it is, in bytes.
    pub(crate) fn len(&self) -> usize {
        let facts = self.facts.as_ref().map_or(0, |facts| facts.len());
        MARKER_START.len() + self.kind.len() + 1 + TOKEN_LEN + 1 + facts
    }

    /// Whether nothing follows it.
    pub(crate) const fn is_bare(&self) -> bool {
        self.facts.is_none()
    }

    /// Appends it to `text`.
    pub(crate) fn push_to(&self, text: &mut String) {
        for part in [MARKER_START, self.kind, ":", self.token.as_str(), "]"] {
            text.push_str(part);
        }
        text.push_str(self.facts.as_deref().unwrap_or_default());
    }
}

impl std::fmt::Display for Marker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::with_capacity(self.len());
        self.push_to(&mut text);
        f.write_str(&text)
    }
}

/// `(alg=…,iss=…,exp=…)`, as much of it as is known.
fn facts(facts: &Facts) -> String {
    let mut text = String::new();
    let exp = facts.exp.map(|exp| exp.to_string());
    let known = [
        ("alg", facts.alg.as_deref()),
        ("iss", facts.iss.as_deref()),
        ("exp", exp.as_deref()),
    ];
    let mut sign = '(';
    for (name, value) in known {
        let Some(value) = value else { continue };
        text.push(sign);
        text.push_str(name);
        text.push('=');
        text.push_str(value);
        sign = ',';
    }
    if sign == ',' {
        text.push(')');
    }
    text
}

/// The end of the marker whose [`MARKER_START`] ends at `at`, if it is one.
pub(crate) fn marker_end(text: &[u8], at: usize) -> Option<usize> {
    let colon = skip(text, at, MAX_KIND_LEN, is_kind);
    let token = colon + 1;
    let end = skip(text, token, TOKEN_LEN, is_token_digit);
    let whole = colon > at
        && byte(text, colon) == b':'
        && end == token + TOKEN_LEN
        && byte(text, end) == b']';
    if !whole {
        return None;
    }
    let is_jwt = slice(text, at, colon).starts_with(JWT_KIND.as_bytes());
    let facts = if is_jwt {
        facts_end(text, end + 1)
    } else {
        None
    };
    Some(facts.unwrap_or(end + 1))
}

/// Where the markers in `text` lie, from left to right.
pub(crate) fn markers(text: &[u8]) -> Vec<Span> {
    let starts = memmem::find_iter(text, MARKER_START);
    let spans = starts.filter_map(|start| {
        let end = marker_end(text, start + MARKER_START.len())?;
        Span::new(start, end).ok()
    });
    spans.collect()
}

/// The end of the facts that begin at `at`; `None` when there are none, or one of them is not as
/// harmless as those that this program writes.
fn facts_end(text: &[u8], at: usize) -> Option<usize> {
    if byte(text, at) != b'(' {
        return None;
    }
    let close = skip(text, at, MAX_FACTS_LEN, |byte| byte != b')');
    let inside = std::str::from_utf8(slice(text, at + 1, close)).ok()?;
    let mut rest = inside.split(',').peekable();
    let mut take = |name: &str| {
        rest.next_if(|fact| fact.starts_with(name))
            .and_then(|fact| fact.strip_prefix(name))
    };
    let alg = take("alg=").is_none_or(is_algorithm);
    let iss = take("iss=").is_none_or(is_harmless_issuer);
    let exp = take("exp=").is_none_or(|exp| {
        (1..=13).contains(&exp.len()) && exp.bytes().all(|byte| byte.is_ascii_digit())
    });
    let is_whole = is_at(text, close, b")") && !inside.is_empty() && rest.next().is_none();
    (is_whole && alg && iss && exp).then_some(close + 1)
}

/// Whether `byte` can stand in a kind.
pub(crate) const fn is_kind(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use super::super::token::Tokenizer;
    use super::super::{Epoch, RedactKey};
    use super::*;

    #[test]
    fn a_marker_is_recognized_and_nothing_else() {
        let tokens = Tokenizer::new(&RedactKey::from_bytes([1; 32]), Epoch(0));
        let text = Marker::new("credential.jwt", tokens.token(b"x"), b"x").to_string();
        let at = MARKER_START.len();
        assert_eq!(marker_end(text.as_bytes(), at), Some(text.len()));
        for broken in [
            "[redacted:credential.jwt:short]",
            "[redacted::aaaaaaaaaaaaaaaa]",
            "[redacted:jwt:aaaaaaaaaaaaaaaa",
            "[redacted:jwt:aaaaaaaaaaaaaaaaa]",
            "[redacted:JWT:aaaaaaaaaaaaaaaa]",
            "[redacted:",
        ] {
            assert_eq!(marker_end(broken.as_bytes(), at), None, "{broken}");
        }
    }

    #[test]
    fn the_facts_of_a_jwt_belong_to_its_marker() {
        let tokens = Tokenizer::new(&RedactKey::from_bytes([1; 32]), Epoch(0));
        // `{"alg":"RS256"}` and `{"iss":"https://id.example.com","exp":1767000000}`.
        let jwt = concat!(
            "ey",
            "JhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIiwiZXhwIjoxNzY3MDAwMDAwfQ.c2ln"
        );
        let of = |kind| Marker::new(kind, tokens.token(jwt.as_bytes()), jwt.as_bytes());
        let text = of("credential.jwt").to_string();
        assert_eq!(of("credential.jwt").len(), text.len());
        let facts = "(alg=RS256,iss=https://id.example.com,exp=1767000000)";
        assert!(text.ends_with(facts), "{text}");
        let at = MARKER_START.len();
        assert_eq!(marker_end(text.as_bytes(), at), Some(text.len()));
        let bare = text.len() - facts.len();
        let head = text.get(..bare).unwrap();
        for (after, len) in [
            ("(alg=RS256)", 11),
            ("(exp=1)", 7),
            ("()", 0),
            ("(alg=RS256", 0),
            ("(alg=RS256,alg=RS256)", 0),
            ("(iss=https://a:b@c)", 0),
            ("(iss=Ab3Ab3Ab3Ab3Ab3Ab3Ab3)", 0),
            ("(note=x)", 0),
            ("", 0),
        ] {
            let text = format!("{head}{after}");
            assert_eq!(marker_end(text.as_bytes(), at), Some(bare + len), "{after}");
        }
        assert!(of("credential.x").is_bare() && !of("credential.jwt").is_bare());
        assert!(of("credential.x").to_string().ends_with(']'));
    }
}
