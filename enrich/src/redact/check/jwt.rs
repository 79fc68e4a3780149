//! Reads the three facts of a JWT that are worth keeping: `alg`, `iss` and `exp` (RFC 7519).

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde_json::Value;

use super::super::placeholder::{is_uuid, looks_random};

/// Parts longer than this are not decoded.
const MAX_PART_LEN: usize = 16 * 1024;
/// Longer names of issuers are not kept.
const MAX_ISSUER_LEN: usize = 128;
/// A part of an issuer's name that is longer than this may itself be a secret.
const MAX_SEGMENT_LEN: usize = 40;

/// What may be known of a token whose secret parts are gone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    /// The algorithm, such as `RS256`.
    pub(crate) alg: Option<String>,
    /// The issuer, where it is a URL without a query or a short name.
    pub(crate) iss: Option<String>,
    /// When the token ends, in seconds since 1970.
    pub(crate) exp: Option<u64>,
}

#[derive(Deserialize)]
struct Header {
    alg: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<Value>,
    exp: Option<Value>,
}

impl Facts {
    /// The facts of `token`; each is `None` that is missing, cut or not harmless.
    pub(crate) fn of(token: &[u8]) -> Self {
        let mut parts = token.split(|&byte| byte == b'.');
        let header: Option<Header> = parts.next().and_then(read);
        let claims: Option<Claims> = parts.next().and_then(read);
        let (iss, exp) = claims.map_or((None, None), |claims| (claims.iss, claims.exp));
        let text = |value: Option<Value>| match value {
            Some(Value::String(text)) => Some(text),
            Some(_) | None => None,
        };
        Self {
            alg: text(header.and_then(|header| header.alg)).filter(|alg| is_algorithm(alg)),
            iss: text(iss).filter(|iss| is_harmless_issuer(iss)),
            exp: exp
                .and_then(|exp| exp.as_u64())
                .filter(|&exp| exp < 1 << 40),
        }
    }
}

/// Whether the first part of `token` is a JSON object that names an algorithm.
pub(crate) fn has_jwt_header(token: &[u8]) -> bool {
    let header: Option<Header> = token.split(|&byte| byte == b'.').next().and_then(read);
    header.is_some_and(|header| header.alg.is_some_and(|alg| alg.is_string()))
}

fn read<T: for<'de> Deserialize<'de>>(part: &[u8]) -> Option<T> {
    if part.len() > MAX_PART_LEN {
        return None;
    }
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let plain = GeneralPurpose::new(&URL_SAFE, config).decode(part).ok()?;
    serde_json::from_slice(&plain).ok()
}

/// `RS256`, `ECDH-ES+A256KW`: what RFC 7518 names algorithms like.
pub(crate) fn is_algorithm(alg: &str) -> bool {
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+');
    (2..=20).contains(&alg.len()) && alg.bytes().all(is_sign)
}

/// Whether `iss` is a URL or name that nobody could log in with: no user, no query, no long run of
/// machine-made characters but a UUID.
pub(crate) fn is_harmless_issuer(iss: &str) -> bool {
    let is_sign =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'/' | b'.' | b'_' | b'-');
    let is_fine = |segment: &str| {
        let is_short = segment.len() <= MAX_SEGMENT_LEN;
        is_short
            && (is_uuid(segment.as_bytes())
                || segment.len() < 20
                || !looks_random(segment.as_bytes()))
    };
    (1..=MAX_ISSUER_LEN).contains(&iss.len())
        && iss.bytes().all(is_sign)
        && iss.split(['/', '.', ':']).all(is_fine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn token(header: &str, claims: &str) -> String {
        let (header, claims) = (
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims),
        );
        format!("{header}.{claims}.c2lnbmF0dXJl")
    }

    #[test]
    fn the_three_facts_are_read_and_no_others() {
        let token = token(
            r#"{"alg":"RS256","kid":"k1"}"#,
            r#"{"iss":"https://login.example.com/550e8400-e29b-41d4-a716-446655440000/v2.0","exp":1767000000,"sub":"ana"}"#,
        );
        let facts = Facts::of(token.as_bytes());
        assert_eq!(facts.alg.as_deref(), Some("RS256"));
        assert_eq!(facts.exp, Some(1_767_000_000));
        assert!(facts.iss.unwrap().starts_with("https://login.example.com/"));
        assert!(has_jwt_header(token.as_bytes()));
    }

    #[test]
    fn an_issuer_that_could_be_a_secret_is_dropped() {
        for iss in [
            "https://u:p@example.com",
            "https://example.com/?key=x",
            "ana@example.com",
            "https://example.com/Ab3Ab3Ab3Ab3Ab3Ab3Ab3Ab3",
            "",
            "a b",
        ] {
            let token = token(r#"{"alg":"none"}"#, &format!(r#"{{"iss":"{iss}"}}"#));
            assert_eq!(Facts::of(token.as_bytes()).iss, None, "{iss}");
        }
    }

    #[test]
    fn broken_tokens_have_no_facts() {
        for text in [
            "",
            "eyJ",
            "eyJ.eyJ.x",
            "a.b.c",
            "eyJhbGciOjF9.eyJpc3MiOjF9.x",
        ] {
            assert_eq!(Facts::of(text.as_bytes()), Facts::default(), "{text}");
            assert!(!has_jwt_header(text.as_bytes()), "{text}");
        }
        let deep = token(&"[".repeat(4000), &"{\"a\":".repeat(2000));
        assert_eq!(Facts::of(deep.as_bytes()), Facts::default());
    }
}
