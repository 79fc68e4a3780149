//! Finds where the value begins of a secret that only its surroundings give away: a vendor's word,
//! a word such as `key`, a sign, the value.

use super::ascii::{
    KEY_END_BYTE, byte, byte_before, follows_escape, is_at, is_at_ignoring_case, is_word, skip,
    skip_blanks,
};
use super::quote::Quote;

/// A word of lower case letters.
struct Word {
    text: &'static str,
    /// Its first eight bytes, and a mask of as many as it has.
    head: u64,
    mask: u64,
}

/// By this a letter differs from itself in the other case, in each byte.
const CASE_BITS: u64 = u64::from_le_bytes([0x20; 8]);

const fn word(text: &'static str) -> Word {
    let (mut rest, mut head, mut mask, mut shift) = (text.as_bytes(), 0, 0, 0);
    while let [first, others @ ..] = rest {
        if shift < u64::BITS {
            head |= (*first as u64) << shift;
            mask |= 0xff << shift;
        }
        shift += u8::BITS;
        rest = others;
    }
    Word { text, head, mask }
}

/// What names of secrets hold, of those that begin with `first`.
const fn telling(first: u8) -> &'static [Word] {
    match first {
        b'a' => const { &[word("api"), word("auth"), word("access")] },
        b'b' => const { &[word("bearer")] },
        b'c' => const { &[word("client"), word("cred"), word("code"), word("cookie")] },
        b'd' => const { &[word("dsn")] },
        b'h' => const { &[word("hmac")] },
        b'j' => const { &[word("jwt")] },
        b'k' => const { &[word("key")] },
        b'l' => const { &[word("license"), word("licence")] },
        b'o' => const { &[word("oauth")] },
        b'p' => const { &[word("pass"), word("private"), word("pat"), word("pwd")] },
        b's' => {
            const {
                &[
                    word("secret"),
                    word("session"),
                    word("sid"),
                    word("signature"),
                ]
            }
        }
        b't' => const { &[word("token")] },
        b'w' => const { &[word("webhook")] },
        _ => &[],
    }
}

impl Word {
    /// Whether it stands at `at`, whatever the case.
    #[inline]
    fn is_at(&self, text: &[u8], at: usize) -> bool {
        match text.get(at..).and_then(<[u8]>::first_chunk) {
            Some(there) => {
                (u64::from_le_bytes(*there) | CASE_BITS) & self.mask == self.head
                    && (self.mask != u64::MAX || self.is_whole_at(text, at))
            }
            None => self.is_whole_at(text, at),
        }
    }

    fn is_whole_at(&self, text: &[u8], at: usize) -> bool {
        is_at_ignoring_case(text, at, self.text.as_bytes())
    }
}

/// How far behind the vendor's word the telling one may begin, in bytes.
const MAX_BETWEEN: usize = 40;
/// How many bytes of a name may follow its telling word.
const MAX_NAME_REST: usize = 24;
/// Keys that are no secrets.
const OTHER_KEYS: [&str; 10] = [
    "cache",
    "primary",
    "foreign",
    "partition",
    "sort",
    "public",
    "row",
    "object",
    "routing",
    "index",
];
/// What may stand before a token.
const SCHEMES: [&str; 4] = ["bearer ", "basic ", "token ", "key "];

/// Whether `word` says by itself that a secret follows.
pub(crate) fn is_telling(word: &[u8]) -> bool {
    let tells = |(at, &byte)| sort(byte) & TELLS != 0 && telling_at(word, at).is_some();
    word.iter().enumerate().any(tells)
}

/// Calls `try_at` with each place at which the value may begin whose vendor's word lies at
/// `start..end`, until it says that there is one. Looks at a bounded stretch only.
pub(crate) fn each_value_start<T>(
    text: &[u8],
    start: usize,
    end: usize,
    mut try_at: impl FnMut(usize) -> Option<T>,
) -> Option<T> {
    let word = text.get(start..end)?;
    if is_telling(word)
        && let Some(found) = value_start(text, end).and_then(&mut try_at)
    {
        return Some(found);
    }
    for at in end..end + MAX_BETWEEN {
        let sort = sort(byte(text, at));
        if sort & TELLS != 0
            && let Some(after) = telling_at(text, at)
            && let Some(found) = value_start(text, after).and_then(&mut try_at)
        {
            return Some(found);
        }
        if sort & BETWEEN == 0 {
            return None;
        }
    }
    None
}

/// A telling word may begin with the byte.
const TELLS: u8 = 1;
/// It may stand between the vendor's word and the telling one.
const BETWEEN: u8 = 2;
/// What each byte is.
const SORTS: [u8; 256] = sorts();

const fn sorts() -> [u8; 256] {
    let mut sorts = [0; 256];
    let (mut rest, mut byte) = (sorts.as_mut_slice(), 0_u8);
    while let [first, others @ ..] = rest {
        if !telling(byte.to_ascii_lowercase()).is_empty() {
            *first |= TELLS;
        }
        if stands_between(byte) {
            *first |= BETWEEN;
        }
        byte = byte.wrapping_add(1);
        rest = others;
    }
    sorts
}

fn sort(byte: u8) -> u8 {
    SORTS.get(usize::from(byte)).copied().unwrap_or(0)
}

/// The end of the telling word at `at`.
fn telling_at(text: &[u8], at: usize) -> Option<usize> {
    let known = telling(byte(text, at).to_ascii_lowercase()).iter();
    let mut here = known.filter(|known| known.is_at(text, at));
    let found = here.next()?;
    (!is_other_key(text, at)).then_some(at + found.text.len())
}

/// Whether `key` at `at` is one that finds or orders things: `cache key 0123…`, `primary_key`.
fn is_other_key(text: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    let is_joined = matches!(byte(text, before), b' ' | b'_' | b'-');
    is_joined
        && matches!(byte(text, at), b'k' | b'K')
        && OTHER_KEYS.iter().any(|word| {
            let start = before.checked_sub(word.len());
            start.is_some_and(|start| {
                is_at_ignoring_case(text, start, word.as_bytes()) && starts_part(text, start)
            })
        })
}

/// Whether a word of a name begins at `at`: `cache` in `redis_cache_key`, but not `row` in `escrow_key`.
fn starts_part(text: &[u8], at: usize) -> bool {
    !byte_before(text, at).is_ascii_alphanumeric() || follows_escape(text, at)
}

/// What lies between `datadog` and `api` in `{"datadog": {"api`.
const fn stands_between(byte: u8) -> bool {
    is_word(byte)
        || byte.is_ascii_whitespace()
        || matches!(
            byte,
            b'.' | b'-' | b'/' | b'[' | b']' | b'{' | b'}' | b'\'' | b'"' | b'\\' | b':' | b'@'
        )
}

/// Where the value begins of a name whose telling word ends at `at`.
fn value_start(text: &[u8], at: usize) -> Option<usize> {
    let name_end = skip(text, at, MAX_NAME_REST, |byte| {
        is_word(byte) || matches!(byte, b'-' | b'.')
    });
    let name_end = after_number(text, name_end);
    if byte(text, name_end) == KEY_END_BYTE {
        return Some(after_scheme(text, name_end + 1));
    }
    let quoted = after_quote(text, name_end);
    // CSV writes a mark inside a text twice.
    let quoted = skip(text, quoted, 1, |byte| byte == b'"');
    let closed = skip(text, quoted, 2, |byte| matches!(byte, b']' | b')' | b'?'));
    let sign = skip_blanks(text, closed);
    let value = match after_sign(text, sign) {
        Some(after) => skip(text, skip_blanks(text, after), 1, |byte| byte == b'+'),
        None if sign > closed => sign,
        None => return None,
    };
    let inside = skip(text, value, 1, |byte| matches!(byte, b'[' | b'('));
    let quoted = after_quote(text, inside);
    let quoted = skip(text, quoted, 1, |byte| quoted > inside && byte == b'"');
    Some(after_scheme(text, quoted))
}

/// `Unseal Key 1:`.
fn after_number(text: &[u8], at: usize) -> usize {
    let digits = skip(text, at + 1, 2, |byte| byte.is_ascii_digit());
    if byte(text, at) == b' ' && digits > at + 1 && byte(text, digits) == b':' {
        digits
    } else {
        at
    }
}

fn after_quote(text: &[u8], at: usize) -> usize {
    Quote::at(text, at).map_or(at, |(_, after)| after)
}

/// The offset after `:`, `=`, `=>`, `:=`, `==`, `>`, `,`, their percent forms, or the word `is`.
fn after_sign(text: &[u8], at: usize) -> Option<usize> {
    let next = byte(text, at + 1);
    match byte(text, at) {
        b':' if next == b'=' => Some(at + 2),
        b'=' if matches!(next, b'=' | b'>') => Some(at + 2),
        b':' | b'=' | b'>' | b',' => Some(at + 1),
        b'%' if is_at_ignoring_case(text, at, b"%3D") || is_at_ignoring_case(text, at, b"%3A") => {
            Some(at + 3)
        }
        b'i' if is_at(text, at, b"is ") => Some(at + 3),
        b'w' if is_at(text, at, b"was ") => Some(at + 4),
        _ => None,
    }
}

fn after_scheme(text: &[u8], at: usize) -> usize {
    let scheme = SCHEMES
        .iter()
        .find(|scheme| is_at_ignoring_case(text, at, scheme.as_bytes()));
    scheme.map_or(at, |scheme| at + scheme.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, word: &str) -> Option<String> {
        let start = text.to_ascii_lowercase().find(word).unwrap();
        each_value_start(text.as_bytes(), start, start + word.len(), |at| {
            let rest = text.get(at..)?;
            rest.starts_with("0a1b")
                .then(|| rest.get(..8).unwrap_or_default().to_owned())
        })
    }

    #[test]
    fn a_value_is_found_after_a_telling_name_of_the_vendor() {
        for text in [
            "ACME_API_KEY=0a1b2c3d",
            "acme api key: 0a1b2c3d",
            "acmeToken => '0a1b2c3d'",
            r#"{"acme":{"token":"0a1b2c3d"}}"#,
            r#"{\"acmeKey\":\"0a1b2c3d\"}"#,
            "acme:\n  secret: 0a1b2c3d",
            "the acme key is 0a1b2c3d.",
            "my acme secret key was 0a1b2c3d.",
            "--acme-token 0a1b2c3d",
            "acme_key%3D0a1b2c3d&x",
            "acme_key\u{1f}0a1b2c3d\u{1e}",
            "<acmeKey>0a1b2c3d</acmeKey>",
            "acme token: Bearer 0a1b2c3d",
            "acme key 12: 0a1b2c3d",
            "acme[api_key]=0a1b2c3d",
        ] {
            assert_eq!(value(text, "acme").as_deref(), Some("0a1b2c3d"), "{text}");
        }
        assert_eq!(
            value("X-Acme-Key: 0a1b2c3d", "x-acme-key").as_deref(),
            Some("0a1b2c3d")
        );
    }

    #[test]
    fn a_key_that_finds_or_orders_things_is_none_but_a_word_that_ends_so_is() {
        for text in [
            "acme escrow_key",
            "acme tomorrow key",
            "acme-arrow-key",
            "acme republic_key",
        ] {
            let text = format!("{text}=0a1b2c3d");
            assert_eq!(value(&text, "acme").as_deref(), Some("0a1b2c3d"), "{text}");
        }
        for text in [
            "acme primary_key",
            "acme_row_key",
            "acme cache key",
            r"acme\nrow key",
        ] {
            assert_eq!(value(&format!("{text}=0a1b2c3d"), "acme"), None, "{text}");
        }
    }

    #[test]
    fn without_a_telling_name_there_is_none() {
        for text in [
            "acme commit: 0a1b2c3d",
            "acmekey0a1b2c3d",
            "acme; key=0a1b2c3d",
            "acme",
            "acme key",
            "acme key=",
        ] {
            assert_eq!(value(text, "acme"), None, "{text}");
        }
    }
}
