//! Tells a secret from what only stands where one could: `null`, `***`, `$PASSWORD`, `<token>`.

use memchr::memmem;

use super::ascii::is_word;
use super::context::is_telling;
use super::marker::{MARKER_START, marker_end};
use super::stand_in::is_stand_in;

/// Words that are no secret, lower case.
const WORDS: &str = "null none nil undefined true false yes no on off string str bytes text varchar char int \
    integer number bool boolean any object optional required redacted masked filtered hidden \
    omitted removed secret password passwd token unset empty missing invalid incorrect wrong \
    expired ok the a an is are was must your my and or for not to in of with from field n/a na \
    bearer basic xxx await self this new async function write read \
    void typeof raise return throw yield";
/// The longest of them.
const MAX_WORD_LEN: usize = 9;

/// Longer values are never placeholders, so that telling costs little.
const MAX_LEN: usize = 128;

/// Whether `value` only stands for a secret.
pub(crate) fn is_placeholder(value: &[u8]) -> bool {
    if value.is_empty() {
        return true;
    }
    if is_long(value) {
        return false;
    }
    is_known_word(value)
        || is_filler(value)
        || is_reference(value)
        || is_notice(value)
        || is_stand_in(value)
}

/// Whether `value` is too long for a placeholder. Markers do not count: what is none before a part of
/// it is masked must not become longer by that.
fn is_long(value: &[u8]) -> bool {
    let (mut rest, mut plain_len) = (value, 0);
    while plain_len + rest.len() > MAX_LEN {
        let seen = rest.get(..MAX_LEN + MARKER_START.len()).unwrap_or(rest);
        let Some(start) = memmem::find(seen, MARKER_START.as_bytes()) else {
            return true;
        };
        let after = start + MARKER_START.len();
        let end = marker_end(rest, after);
        plain_len += if end.is_some() { start } else { after };
        rest = rest.get(end.unwrap_or(after)..).unwrap_or_default();
        if plain_len > MAX_LEN {
            return true;
        }
    }
    false
}

/// Whether an unquoted `value` reads like program text: `self.password`, `getpass()`, `A::B`.
pub(crate) fn is_code(value: &[u8]) -> bool {
    let name_len = value
        .iter()
        .take(MAX_LEN)
        .take_while(|&&byte| is_word(byte) || byte == b'$')
        .count();
    let (name, rest) = value.split_at_checked(name_len).unwrap_or_default();
    if is_expression(name, rest) || is_minified(name, rest) {
        return true;
    }
    if value.len() > MAX_LEN || value.iter().any(u8::is_ascii_digit) {
        return false;
    }
    let member = matches!(rest, [b'.', next, ..] if is_word(*next))
        && rest.iter().all(|&byte| {
            is_word(byte) || matches!(byte, b'.' | b'(' | b')' | b'$' | b'[' | b']' | b'?')
        });
    let is_letter = value.len() == 1 && value.iter().all(u8::is_ascii_alphabetic);
    is_letter || !name.is_empty() && (member || rest.starts_with(b"(") || rest.starts_with(b"::"))
}

/// The longest name that is program text by itself, `undefined`, in bytes.
const LONGEST_KEYWORD_LEN: usize = 9;

/// Whether what begins so is no program text, however it goes on: with a name longer than any that
/// [`is_code`] knows, and a digit in it.
pub(crate) fn is_no_code(beginning: &[u8]) -> bool {
    let name = beginning.iter().take(MAX_LEN);
    let mut name = name.take_while(|&&byte| is_word(byte));
    let (mut len, mut has_digit) = (0, false);
    name.all(|byte| {
        len += 1;
        has_digit |= byte.is_ascii_digit();
        !(has_digit && len > LONGEST_KEYWORD_LEN)
    });
    has_digit && len > LONGEST_KEYWORD_LEN
}

/// What minified programs go on with after a name of one or two letters, digits or not: `u}=e.value`,
/// `a[74]`, `i=m.create(s)`, and `function(z){…`.
fn is_expression(name: &[u8], rest: &[u8]) -> bool {
    if name == b"function" {
        return rest.starts_with(b"(");
    }
    if name.is_empty() {
        return matches!(rest, b"!0" | b"!1");
    }
    let is_short = matches!(name, [first] | [first, _] if !first.is_ascii_digit());
    let is_index = |inside: &[u8]| {
        let len = inside.iter().take_while(|byte| is_word(**byte)).count();
        len > 0 && matches!(inside.get(len), None | Some(b']'))
    };
    is_short
        && match rest {
            [b'}', b'=' | b',' | b')' | b'}', ..] => true,
            [b'[', inside @ ..] => is_index(inside),
            [b'=', assigned @ ..] => {
                matches!(assigned, [first, ..] if first.is_ascii_alphabetic()) && is_call(assigned)
            }
            _ => false,
        }
}

/// `m.default.create(`: names, periods, and a bracket that opens.
fn is_call(text: &[u8]) -> bool {
    let chain = text.iter().take(MAX_LEN);
    let chain = chain.take_while(|&&byte| is_word(byte) || matches!(byte, b'.' | b'$'));
    let (names, rest) = text.split_at_checked(chain.count()).unwrap_or_default();
    (names.contains(&b'.') || names.len() <= 2) && rest.starts_with(b"(")
}

/// `t.secret||null,x`, `this.props.apiKey,a(`: a member of something that minified programs name,
/// and what follows it.
fn is_minified(name: &[u8], rest: &[u8]) -> bool {
    let is_owner = name.len() <= 2 || matches!(name, b"this" | b"self" | b"props" | b"options");
    if matches!(name, b"null" | b"undefined" | b"void") {
        return matches!(rest.first(), Some(b',' | b')' | b'|' | b'&' | b'?'));
    }
    let chain = rest
        .iter()
        .take_while(|&&byte| is_word(byte) || matches!(byte, b'.' | b'$'))
        .count();
    let (names, after) = rest.split_at_checked(chain).unwrap_or_default();
    is_owner
        && !names.iter().any(u8::is_ascii_digit)
        && chain > 1
        && rest.starts_with(b".")
        && matches!(
            after,
            [b'|', b'|', ..] | [b'&', b'&', ..] | [b',' | b'(' | b'[' | b'?' | b')' | b'}', ..]
        )
}

/// Whether `value` looks made by a machine: long, of token characters, letters and digits mixed.
pub(crate) fn looks_random(value: &[u8]) -> bool {
    // Without a branch, sixteen bytes are looked at together.
    let all = value.iter().fold(0, |all, &byte| {
        let is_other = matches!(
            byte,
            b'(' | b')' | b'{' | b'}' | b'<' | b'>' | 0..=b' ' | 0x7f..
        );
        all | u8::from(byte.is_ascii_digit())
            | u8::from(byte.is_ascii_uppercase()) << 1
            | u8::from(byte.is_ascii_lowercase()) << 2
            | u8::from(is_other) << 3
    });
    let has = |kinds: u8| all & kinds != 0;
    let (digit, upper, lower, other) = (has(1), has(2), has(4), has(8));
    let is_mixed = digit && (upper || lower) || value.len() >= 20 && upper && lower;
    value.len() >= 8 && !other && is_mixed
}

/// Whether `value` is a UUID (RFC 9562).
pub(crate) fn is_uuid(value: &[u8]) -> bool {
    let groups = value.split(|&byte| byte == b'-').map(<[u8]>::len);
    value.len() == 36
        && groups.eq([8, 4, 4, 4, 12])
        && value
            .iter()
            .all(|&byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Whether a key of a known shape is a documented or filled-in one: a prefix, then one sign again and
/// again, or digits and letters in a row (`0123456789abcdef…`).
pub(crate) fn is_dummy(secret: &[u8]) -> bool {
    let follows = |pair: &[u8]| matches!(pair, [a, b] if a.wrapping_add(1) == *b || (*a, *b) == (b'9', b'0') || (*a, *b) == (b'9', b'a') || (*a, *b) == (b'f', b'0'));
    // Hardly any key ends so.
    if !matches!(secret, [.., a, b] if a == b || follows(&[*a, *b])) {
        return false;
    }
    let prefix = secret
        .iter()
        .rposition(|byte| matches!(byte, b'_' | b'-' | b'.' | b'='))
        .filter(|&last| last < secret.len() / 2)
        .map_or(0, |last| last + 1);
    let body = secret.get(prefix..).unwrap_or_default();
    let Some(&first) = body.first() else {
        return false;
    };
    body.len() >= 8 && (body.iter().all(|&byte| byte == first) || body.windows(2).all(follows))
}

fn is_known_word(value: &[u8]) -> bool {
    let is_same = |word: &str| word.as_bytes().eq_ignore_ascii_case(value);
    let is_word = value.len() <= MAX_WORD_LEN && !value.iter().any(u8::is_ascii_digit);
    is_word && WORDS.split(' ').any(is_same) || matches!(value, b"!0" | b"!1")
}

/// `***`, `xxxx`, `….`, `•••`: one sign, again and again, also in groups: `XXXX-XXXX`.
fn is_filler(value: &[u8]) -> bool {
    let is_sign = |byte: u8| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'-' | b'_' | b'#' | b'?');
    let all_same = |sign: u8| {
        let mut bytes = value.iter();
        bytes.all(|&byte| byte == sign || byte == b'-')
    };
    let text = std::str::from_utf8(value).unwrap_or_default();
    let is_dots = !text.is_empty()
        && text
            .chars()
            .all(|sign| matches!(sign, '•' | '●' | '…' | '∙'));
    value
        .first()
        .is_some_and(|&first| is_sign(first) && all_same(first))
        || is_dots
}

/// `$NAME`, `${…}`, `$(…)`, `{{…}}`, `%NAME%`, `#{…}`: the secret is elsewhere.
fn is_reference(value: &[u8]) -> bool {
    match value {
        [b'$' | b'#' | b'%', b'{', ..] | [b'$', b'(', ..] | [b'{', b'{', ..] => true,
        [b'$', name @ ..] => is_name(name) || is_variable(name),
        [b'%', name @ .., b'%'] => is_name(name),
        [b'{', name @ .., b'}'] => is_name(name),
        // A tag of YAML: `!vault |`, `!secret db`.
        [b'!', name @ ..] => name.len() > 2 && is_name(name),
        _ => false,
    }
}

/// All of one case, no digits: `$ecr3t` is a password, `$SECRET` a variable.
fn is_name(name: &[u8]) -> bool {
    let upper = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'_';
    let lower = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'_';
    !name.is_empty() && (name.iter().all(upper) || name.iter().all(lower))
}

/// `E2B_API_KEY`: in capitals, with digits, of more than one word, whose last one says what it holds.
fn is_variable(name: &[u8]) -> bool {
    let is_capital =
        |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let last = name.rsplit(|byte| *byte == b'_').next();
    let is_last = last.is_some_and(|last| {
        last.len() < name.len() && last.iter().all(u8::is_ascii_uppercase) && is_telling(last)
    });
    is_last && name.iter().all(is_capital)
}

/// `<password>`, `[FILTERED]`, `(hidden)`, `your-password-here`.
fn is_notice(value: &[u8]) -> bool {
    match value {
        [b'<', .., b'>'] => true,
        [b'[', word @ .., b']'] | [b'(', word @ .., b')'] => is_known_word(word),
        [b'y' | b'Y', rest @ ..] => {
            matches!(
                rest,
                [
                    b'o' | b'O',
                    b'u' | b'U',
                    b'r' | b'R',
                    b'-' | b'_' | b' ',
                    ..
                ]
            )
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn placeholders_are_told_from_secrets() {
        for text in [
            "",
            "null",
            "None",
            "***",
            "xxxx",
            "•••",
            "...",
            "<password>",
            "$PASSWORD",
            "$password",
            "${DB_PASS}",
            "$(pass show x)",
            "{{ secret }}",
            "%PASSWORD%",
            "[REDACTED]",
            "(hidden)",
            "your-password-here",
            "YOUR_TOKEN",
            "string",
            "{password}",
            "#{secret}",
            "!vault",
            "$E2B_API_KEY",
            "REPLACE_ME",
            "XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX",
            "raise",
        ] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
        for text in [
            "hunter2",
            "$ecr3t",
            "x",
            "пароль",
            "!@#$%^",
            "youth",
            "nullified",
            "123456",
            "[abc1]",
            "$P4SS_W0RD",
            "$ECR3T_2",
        ] {
            assert!(!is_placeholder(text.as_bytes()) || text == "x", "{text}");
        }
    }

    #[test]
    fn a_marker_makes_no_placeholder_longer() {
        let marker = "[redacted:credential.x:abcdefghijklmnop]";
        let with = |plain: usize| format!("{{{{{}{}", marker.repeat(9), "a".repeat(plain - 2));
        assert!(is_placeholder(with(MAX_LEN).as_bytes()));
        assert!(!is_placeholder(with(MAX_LEN + 1).as_bytes()));
        let half = format!("{{{{{}", "[redacted:".repeat(13));
        assert!(!is_placeholder(half.as_bytes()));
        assert!(is_placeholder(half.get(..MAX_LEN).unwrap().as_bytes()));
    }

    #[test]
    fn program_text_is_no_secret() {
        for text in [
            "self.password",
            "getpass()",
            "os.environ",
            "Config::secret",
            "$this.pw",
            "t",
            "t.secret||null,x=e",
            "this.props.apiKey,a(",
            "e.key,o(t)",
            "null,process.env.API_KEY",
            "u}=u.value??{",
            "d}=e,p={grant_type:",
            "a[74",
            "x[27]",
            "i=m.default.createElement(s,{key:t",
            "function(z){mount(r.next)",
            "!0",
            "E.auth.slice(h+1),E.x",
            "i=q().createElement(o,{key:t",
        ] {
            assert!(is_code(text.as_bytes()), "{text}");
        }
        for text in [
            "hunter2",
            "hunter",
            "a.b3",
            ".x",
            "correct-horse",
            "p}3kd9!x",
            "7}=x",
            "a[3k-9",
            "a.b3(c",
            "i=7kd9",
            "functional",
        ] {
            assert!(!is_code(text.as_bytes()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_begins_like_no_program_text_is_none(
            value in r"(function|undefined|this|self|[a-z0-9_$]{0,16})[a-z0-9_$.(\[|=&!:-]{0,16}",
            len in 0_usize..32,
        ) {
            let value = value.as_bytes();
            let beginning = value.get(..len).unwrap_or(value);
            prop_assert!(!(is_no_code(beginning) && is_code(value)));
        }
    }

    #[test]
    fn random_looks_random() {
        for text in [
            "abcdef12",
            "QWxhZGRpbjpvcGVuc2VzYW1l",
            "550e8400-e29b-41d4-a716-446655440000",
        ] {
            assert!(looks_random(text.as_bytes()), "{text}");
        }
        for text in [
            "short1",
            "12345678901234",
            "averylongwordwithoutanything",
            "a b c d e f 1",
        ] {
            assert!(!looks_random(text.as_bytes()), "{text}");
        }
    }
}
