//! Translates a pattern from Go's RE2 syntax into that of Rust's engine.
//!
//! Both are linear-time engines with nearly the same syntax. What differs: in Go a `[` inside a
//! class, a `{` that begins no repetition and `\<` are plain signs, `\Q…\E` quotes, and a class knows
//! no `&&`, `--` and `~~`; `\Z` is not Go's, but is met with in files made for other engines.

/// `pattern` as Rust's engine reads it.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut class = Class::Outside;
    while let Some(sign) = rest.chars().next() {
        let after = rest.get(sign.len_utf8()..).unwrap_or_default();
        rest = match sign {
            '\\' => escape(after, &mut out),
            '[' if class == Class::Outside => {
                class = Class::Inside;
                open_class(after, &mut out)
            }
            '[' => inside_class(after, &mut out),
            ']' if class == Class::Inside => {
                class = Class::Outside;
                out.push(']');
                after
            }
            '&' | '~' | '-' if class == Class::Inside && after.starts_with(sign) => {
                out.push('\\');
                out.push(sign);
                after
            }
            '{' if class == Class::Outside && !is_repetition(after) => {
                out.push_str("\\{");
                after
            }
            '}' if class == Class::Outside && !closes_repetition(&out) => {
                out.push_str("\\}");
                after
            }
            other => {
                out.push(other);
                after
            }
        };
    }
    out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Outside,
    Inside,
}

/// Writes the escape whose backslash precedes `after`; returns what follows it.
fn escape<'a>(after: &'a str, out: &mut String) -> &'a str {
    let Some(sign) = after.chars().next() else {
        out.push_str("\\\\");
        return after;
    };
    let rest = after.get(sign.len_utf8()..).unwrap_or_default();
    match sign {
        'Q' => {
            let (plain, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
            for sign in plain.chars() {
                push_plain(sign, out);
            }
            return rest;
        }
        'E' => {}
        'Z' => out.push_str("(?:\\n?\\z)"),
        '<' | '>' => out.push(sign),
        other if !other.is_ascii_alphanumeric() => push_plain(other, out),
        other => {
            out.push('\\');
            out.push(other);
            // `\x{…}` and `\p{…}`: the braces belong to the escape.
            if let Some(end) = rest.find('}')
                && matches!(other, 'x' | 'p' | 'P')
                && rest.starts_with('{')
            {
                out.push_str(rest.get(..=end).unwrap_or_default());
                return rest.get(end + 1..).unwrap_or_default();
            }
        }
    }
    rest
}

fn push_plain(sign: char, out: &mut String) {
    let is_special = sign.is_ascii_punctuation() && !matches!(sign, '<' | '>');
    if is_special {
        out.push('\\');
    }
    out.push(sign);
}

/// Writes `[`, a `^`, and a `]` that stands first and so is a plain sign.
fn open_class<'a>(after: &'a str, out: &mut String) -> &'a str {
    out.push('[');
    let mut rest = after;
    if let Some(further) = rest.strip_prefix('^') {
        out.push('^');
        rest = further;
    }
    if let Some(further) = rest.strip_prefix(']') {
        out.push_str("\\]");
        rest = further;
    }
    rest
}

/// A `[` inside a class: `[:alpha:]`, or a plain sign.
fn inside_class<'a>(after: &'a str, out: &mut String) -> &'a str {
    let named = after.strip_prefix(':').and_then(|rest| {
        let end = rest.find(":]")?;
        let name = rest.get(..end)?.trim_start_matches('^');
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
        is_name.then_some(end + 3)
    });
    match named {
        Some(len) => {
            out.push('[');
            out.push_str(after.get(..len).unwrap_or_default());
            after.get(len..).unwrap_or_default()
        }
        None => {
            out.push_str("\\[");
            after
        }
    }
}

/// Whether `{` before `after` begins `{2}`, `{2,}` or `{2,3}`.
fn is_repetition(after: &str) -> bool {
    let Some((inside, _)) = after.split_once('}') else {
        return false;
    };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && is_number(least) && is_number(most)
}

/// Whether what is written so far ends in an open repetition.
fn closes_repetition(out: &str) -> bool {
    let Some(open) = out.rfind('{') else {
        return false;
    };
    let before = out.get(..open).unwrap_or_default();
    let inside = out.get(open + 1..).unwrap_or_default();
    let backslashes = before.len() - before.trim_end_matches('\\').len();
    backslashes % 2 == 0
        && !inside.is_empty()
        && inside
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex_automata::util::syntax;

    #[test]
    fn what_differs_is_translated() {
        for (go, rust) in [
            (r"(?P<name>a)\z", r"(?P<name>a)\z"),
            (r"a\Z", r"a(?:\n?\z)"),
            (r"[[]a]", r"[\[]a]"),
            (r"[a[b]", r"[a\[b]"),
            (r"[[:alpha:]_]", r"[[:alpha:]_]"),
            (r"[^]a]", r"[^\]a]"),
            (r"[a&&b]", r"[a\&&b]"),
            (r"[+--]", r"[+\--]"),
            (r"a{2,3}b{4}c{5,}", r"a{2,3}b{4}c{5,}"),
            (r"${{ x }}", r"$\{\{ x \}\}"),
            (r"a{,3}", r"a\{,3\}"),
            (r"\Qa.b\E+", r"a\.b+"),
            (r"\<a\>\_\'", r"<a>\_\'"),
            (r"\x{41}\p{Greek}{2}", r"\x{41}\p{Greek}{2}"),
            (r"(?i)[\w.-]{0,50}?(?:acme)", r"(?i)[\w.-]{0,50}?(?:acme)"),
        ] {
            assert_eq!(translate(go), rust, "{go}");
        }
    }

    #[test]
    fn the_translation_compiles() {
        let bytes = syntax::Config::new().unicode(false).utf8(false).octal(true);
        for go in [
            r#"(?i)[\w.-]{0,50}?(?:adafruit)(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}([a-z0-9_-]{32})(?:[\x60'"\s;]|\\[nr]|$)"#,
            r"\b(p8e-(?i)[a-z0-9]{32})(?:[\x60'\x22\s;]|\\[nr]|$)",
            r"(?i)-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----[\s\S-]{64,}?KEY(?: BLOCK)?-----",
            r"[[]x{]",
        ] {
            assert!(syntax::parse_with(&translate(go), &bytes).is_ok(), "{go}");
        }
    }

    proptest! {
        #[test]
        fn any_pattern_is_taken(pattern in any::<String>(), signs in r"[\[\]{}\\QEZ&^a,1-]{0,30}") {
            translate(&pattern);
            translate(&signs);
        }
    }
}
