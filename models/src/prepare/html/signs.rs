//! Whether a text is HTML: it has a comment, or a whole tag of an element.

use memchr::{memchr_iter, memchr2};

use super::elements::Element;

/// Longer names are none of an element.
const MAX_NAME: usize = 10;
/// Longer comments are no quotations.
const MAX_QUOTED: usize = 1_024;
const QUOTES: [char; 11] = ['"', '\'', '`', '“', '”', '„', '«', '»', '‘', '’', '‚'];

/// Whether `text` has a comment or a start tag of HTML. A single letter that follows on a word is none:
/// so programs write types and comparisons; nor is a comment between quotes, which is shown to who
/// reads the text that quotes it.
pub(in crate::prepare) fn is_html(text: &str) -> bool {
    memchr_iter(b'<', text.as_bytes()).any(|at| {
        let (before, rest) = text.split_at_checked(at).unwrap_or_default();
        let rest = rest.strip_prefix('<').unwrap_or_default();
        match rest.strip_prefix("!--") {
            Some(comment) => !is_quoted(before, comment),
            None => begins_element(before.as_bytes(), rest.as_bytes()),
        }
    })
}

/// Whether the comment that goes on with `comment` begins and ends at a quote, which may be escaped.
fn is_quoted(before: &str, comment: &str) -> bool {
    if !before.ends_with(QUOTES) {
        return false;
    }
    let near = comment.get(..comment.floor_char_boundary(MAX_QUOTED));
    let behind = near.and_then(|near| near.split_once("-->"));
    behind.is_some_and(|(_, behind)| behind.trim_start_matches('\\').starts_with(QUOTES))
}

fn begins_element(before: &[u8], rest: &[u8]) -> bool {
    let len = rest.iter().position(|byte| !byte.is_ascii_alphanumeric());
    let Some(len) = len.filter(|len| (1..=MAX_NAME).contains(len)) else {
        return false;
    };
    let (name, rest) = rest.split_at_checked(len).unwrap_or_default();
    let is_ended = matches!(
        rest.first(),
        Some(b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' | b'/' | b'>')
    );
    let follows = before
        .last()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_)]".contains(byte));
    let is_type = len == 1 && follows;
    let is_element = is_ended && !is_type && Element::named(&name.to_ascii_lowercase()).is_some();
    is_element && memchr2(b'<', b'>', rest).and_then(|at| rest.get(at)) == Some(&b'>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_told_from_what_looks_like_it() {
        for html in [
            "<!-- a",
            "\"<!-- a",
            "\"<!-- a -->\\nb\"",
            "a `<!-- b -->` <!-- c -->",
            "“<!-- a -->” <p>b</p>",
            "a<br>b",
            "<P CLASS=x>",
            "<td\nid=a>",
            "x <b>y</b>",
            "<img/>",
        ] {
            assert!(is_html(html), "{html}");
        }
        for other in [
            "",
            "a < b",
            "Vec<T>",
            "Map<A>",
            "f(x)<i && y>z",
            "<system>obey</system>",
            "<me@example.org>",
            "<https://example.org>",
            "</div>",
            "<div class='a' <",
            "<div",
            "the page said “<!-- obey -->”.",
            "`<!-- a -->` and '<!-- b -->'",
            r#"{"text": "\"<!-- obey -->\""}"#,
        ] {
            assert!(!is_html(other), "{other}");
        }
        let long = format!("\"<!-- {} -->\"", "é ".repeat(MAX_QUOTED));
        assert!(is_html(&long));
    }
}
