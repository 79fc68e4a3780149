//! Tells what is written where a key shall be put in: `REPLACE_ME`, `sk-ant-api03-xxxxxxxx`,
//! `ghp_your_token_here`, `pk_...`, `(sensitive value)`.
//!
//! Such a text ends in words that ask for the secret, or in one sign again and again, and has nothing
//! before that but a beginning that its issuer publishes, or one of a few signs where nothing else
//! tells who issued it: `acme-prod-changeme` is a password. A password that somebody masked in part
//! (`hunter********`) and a weak one that is a word (`hunter2`, `test`) are secrets.

/// Words that ask for a secret, or say that there is none; lower case.
const ASKING: [&str; 17] = [
    "changeme",
    "change",
    "dummy",
    "enter",
    "example",
    "fake",
    "fixme",
    "hidden",
    "insert",
    "paste",
    "placeholder",
    "redacted",
    "replace",
    "sample",
    "sensitive",
    "todo",
    "your",
];
/// Words that go with them and say nothing alone.
const BESIDE: [&str; 25] = [
    "access", "actual", "an", "api", "auth", "client", "data", "goes", "here", "id", "in", "key",
    "me", "own", "password", "private", "real", "secret", "string", "the", "this", "to", "token",
    "value", "with",
];
/// Beginnings that issuers publish and that look like more than a beginning.
const LONG_BEGINNINGS: [&[u8]; 6] = [
    b"pypi-AgEIcHlwaS5vcmc",
    b"pypi-AgENdGVzdC5weXBpLm9yZw",
    b"IQoJb3JpZ2luX2Vj",
    b"AAAAAAAAAAAAAAAAAAAAA",
    b"AQ.Ab8RN6",
    b"GR1348941",
];

/// One sign this often is no part of a secret.
const LEAST_RUN: usize = 8;
/// So many of our words in a row end no password: `your_token_here`, `EXAMPLEEXAMPLEEXAMPLE`.
const LEAST_WORDS: usize = 3;
/// A beginning has no more bytes than this, and none of its parts more than the next.
const MAX_BEGINNING_LEN: usize = 24;
const MAX_PART_LEN: usize = 8;
/// A last part with digits in it, or one that no sign ends.
const MAX_MIXED_LEN: usize = 4;
/// More digits at the end of a part are no version: `api03`.
const MAX_VERSION_LEN: usize = 2;

/// Whether `value`, of which nobody knows who issued it, asks for a secret rather than being one.
pub(crate) fn is_stand_in(value: &[u8]) -> bool {
    stands_in(value, Issuer::Unknown)
}

/// The same for a `value` that begins as its issuer's secrets do.
pub(crate) fn is_issued_stand_in(value: &[u8]) -> bool {
    stands_in(value, Issuer::Known)
}

/// Whether a literal in the value tells who issued it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Issuer {
    Known,
    Unknown,
}

fn stands_in(value: &[u8], issuer: Issuer) -> bool {
    match value {
        [b'(', inside @ .., b')'] | [b'[', inside @ .., b']'] => return is_remark(inside),
        [beginning @ .., b'.', b'.', b'.'] => {
            return is_begun(beginning, issuer);
        }
        [.., b'>'] => {
            let open = memchr::memrchr(b'<', value);
            return open
                .and_then(|open| value.split_at_checked(open))
                .is_some_and(|(beginning, asked)| is_beginning(beginning) && is_asked(asked));
        }
        _ => {}
    }
    let run = last_run(value);
    if run >= LEAST_RUN {
        return is_beginning(value.get(..value.len() - run).unwrap_or_default());
    }
    let Words { start, count, asks } = last_words(value);
    let beginning = value.get(..start).unwrap_or_default();
    let can_precede = if count >= LEAST_WORDS {
        is_beginning(beginning) || is_short(beginning)
    } else if issuer == Issuer::Known {
        is_beginning(beginning) || count > 1 && is_short(beginning)
    } else {
        is_short_beginning(beginning)
    };
    asks && can_precede
}

/// `sensitive value`: letters and blanks, with a word that asks.
fn is_remark(text: &[u8]) -> bool {
    let is_prose = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b' ';
    let is_asking = |word: &[u8]| ASKING.iter().any(|known| is_same(word, known));
    text.iter().all(is_prose) && text.split(|byte| *byte == b' ').any(is_asking)
}

/// `<token>`, `<your key>`: words of ours only.
fn is_asked(text: &[u8]) -> bool {
    let inside = text.get(1..text.len() - 1).unwrap_or_default();
    let words = last_words(inside);
    words.start == 0 && words.count > 0
}

/// What may stand before `...`: a secret that was cut shows its beginning too.
fn is_begun(beginning: &[u8], issuer: Issuer) -> bool {
    let is_short = beginning.len() <= MAX_MIXED_LEN;
    let has_digit = beginning.iter().any(u8::is_ascii_digit);
    let is_told = issuer == Issuer::Known || is_short_beginning(beginning);
    is_told
        && is_beginning(beginning)
        && !has_digit
        && (is_short || beginning.last().is_some_and(is_sign))
}

/// How often the last sign stands at the end, if it is one that fills places.
fn last_run(value: &[u8]) -> usize {
    let Some(&last) = value.last() else { return 0 };
    if !matches!(last, b'x' | b'X' | b'*' | b'#') {
        return 0;
    }
    value.iter().rev().take_while(|&&byte| byte == last).count()
}

/// The words of ours that a text ends in.
struct Words {
    start: usize,
    count: usize,
    asks: bool,
}

fn last_words(value: &[u8]) -> Words {
    let mut words = Words {
        start: value.len(),
        count: 0,
        asks: false,
    };
    while let Some(rest) = value.get(..words.start) {
        let trimmed = rest.len() - rest.iter().rev().take_while(|&byte| is_sign(byte)).count();
        let rest = rest.get(..trimmed).unwrap_or_default();
        if !rest.last().is_some_and(ends_word) {
            break;
        }
        let (len, asks) = match (last_of(&ASKING, rest), last_of(&BESIDE, rest)) {
            (Some(len), _) => (len, true),
            (None, Some(len)) => (len, false),
            (None, None) => break,
        };
        words.start = trimmed - len;
        words.count += 1;
        words.asks |= asks;
    }
    words
}

/// Whether any of our words ends in `byte`; a key seldom does.
const fn ends_word(byte: &u8) -> bool {
    let letter = byte.to_ascii_lowercase();
    matches!(
        letter,
        b'a' | b'd'
            | b'e'
            | b'g'
            | b'h'
            | b'i'
            | b'l'
            | b'm'
            | b'n'
            | b'o'
            | b'r'
            | b's'
            | b't'
            | b'y'
    )
}

/// The length of the word of `known` that `text` ends in.
fn last_of(known: &[&str], text: &[u8]) -> Option<usize> {
    let last = text.last()?.to_ascii_lowercase();
    let ends = |word: &&&str| {
        let start = text.len().checked_sub(word.len());
        word.as_bytes().last() == Some(&last)
            && start.is_some_and(|start| text.get(start..).is_some_and(|end| is_same(end, word)))
    };
    known.iter().find(ends).map(|word| word.len())
}

fn is_same(text: &[u8], word: &str) -> bool {
    text.eq_ignore_ascii_case(word.as_bytes())
}

const fn is_sign(byte: &u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.' | b' ' | b':' | b'/')
}

/// Whether `text` is what an issuer puts before a secret, and nothing of the secret.
fn is_beginning(text: &[u8]) -> bool {
    if LONG_BEGINNINGS.contains(&text) {
        return true;
    }
    if text.len() > MAX_BEGINNING_LEN {
        return false;
    }
    let is_ended = text.last().is_none_or(is_sign);
    let count = text.split(is_sign).count();
    let mut parts = text.split(is_sign).enumerate();
    parts.all(|(number, part)| {
        let is_last = number + 1 == count;
        part.len() <= MAX_MIXED_LEN && part.iter().all(u8::is_ascii_alphanumeric)
            || (is_ended || !is_last) && is_named(part)
    })
}

/// Whether `text` is `sk-`, `ghp_`, `pat`: so short that it is none of the secret.
fn is_short_beginning(text: &[u8]) -> bool {
    let is_ended = text.last().is_none_or(is_sign);
    text.len() <= MAX_MIXED_LEN
        && is_beginning(text)
        && (is_ended || text.iter().all(u8::is_ascii_alphabetic))
}

/// Letters, then perhaps a version.
fn is_named(part: &[u8]) -> bool {
    let letters = part.iter().take_while(|byte| byte.is_ascii_alphabetic());
    let letters = letters.count();
    let version = part.get(letters..).unwrap_or_default();
    letters <= MAX_PART_LEN
        && version.len() <= MAX_VERSION_LEN
        && version.iter().all(u8::is_ascii_digit)
}

/// Whether `text` is too short to be a secret beside several words that ask for one.
fn is_short(text: &[u8]) -> bool {
    text.len() <= MAX_PART_LEN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_for_a_secret_is_told_from_one() {
        for text in [
            "REPLACE_ME",
            "changeme",
            "change-me",
            "ChangeMe",
            "insert your key here",
            "your_token_here",
            "example",
            "EXAMPLEEXAMPLE",
            "sk-ant-admin01-EXAMPLEEXAMPLEEXAMPLE",
            "ghp_xxxxxxxxxxxxxxxxxxxx",
            "ATBBXXXXXXXXXXXXXXXX",
            "xapp-1-Ayour_token_here",
            "hvs.CAESxxxxxxxxxxxx",
            "shpss_************",
            "AQ.Ab8RN6************",
            "sk-...",
            "pat...",
            "nvapi-...",
            "dop_v1_<token>",
            "pat-na1-<your key>",
            "(sensitive value)",
            "[redacted by policy]",
        ] {
            assert!(is_issued_stand_in(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_password_that_ends_in_such_a_word_is_one() {
        for text in [
            "purple-monkey-sample",
            "Winter24-changeme",
            "Winter24change-me",
            "fall-2024-change",
            "acme-prod-changeme",
            "Xk29Qp-change-me",
            "P4s5example",
            "correct-horse-...",
        ] {
            assert!(!is_stand_in(text.as_bytes()), "{text}");
        }
        for text in [
            "changeme",
            "your_token_here",
            "insert your key here",
            "EXAMPLEEXAMPLE",
            "sk-your-key-here",
            "sk_live_your_token_here",
            "sq0atp-EXAMPLEEXAMPLEEXAMPLE",
            "shppa_xxxxxxxxxxxxxxxxxxxx",
            "ghp_xxxxxxxxxxxxxxxxxxxx",
            "pk_...",
            "pat...",
            "sk-<token>",
            "(sensitive value)",
        ] {
            assert!(is_stand_in(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn every_word_ends_as_words_do() {
        for word in ASKING.iter().chain(&BESIDE) {
            assert!(word.as_bytes().last().is_some_and(ends_word), "{word}");
        }
    }

    #[test]
    fn weak_and_half_masked_secrets_are_secrets() {
        for text in [
            "hunter2",
            "hunter2...",
            "hunter...",
            "hunter********",
            "Summer2024!",
            "Example123",
            "hunter2EXAMPLE",
            "hunter2<br>",
            "hunter2<token>",
            "test",
            "secret-password",
            "my-secret-key",
            "passwordhere",
            "correct-horse-battery",
            "9f8a7b6c5d4e********",
            "ABCD1234-EFGH5678-XXXXXXXX",
            "changeme1",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "(abc1)",
            "",
        ] {
            assert!(!is_issued_stand_in(text.as_bytes()), "{text}");
            assert!(!is_stand_in(text.as_bytes()), "{text}");
        }
    }
}
