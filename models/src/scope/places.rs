//! Finds where a call may send something: mail addresses, URLs, hosts, IP addresses, bank accounts.

use std::sync::LazyLock;

use regex::Regex;

use super::words::words;

#[expect(
    clippy::unwrap_used,
    reason = "a fixed pattern, which the tests compile"
)]
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)[^\s"'<>|;,)]+"#,
        r"|\b[A-Z]{2}\d{2}[A-Z0-9]{10,30}\b",
        r"|\b(?:\d{1,3}\.){3}\d{1,3}\b",
        r"|\b(?:[\w-]+\.)+(?:com|org|net|io|dev|co|example|app|ru|info|biz|uk|de|eu)\b",
    ))
    .unwrap()
});

/// The places in a text, in small letters.
pub(super) fn places(text: &str) -> Vec<String> {
    let found = PLACE.find_iter(text);
    found
        .map(|place| place.as_str().trim_end_matches(['.', '/']).to_lowercase())
        .collect()
}

/// How a text names a destination in part.
pub(super) enum Named {
    /// By words of its name, or of what stands before the `@` of a mail address.
    Words(Vec<String>),
    /// By the host of its URL.
    Host(String),
}

/// What of a destination may be named.
pub(super) fn parts(destination: &str) -> Named {
    let places = places(destination);
    let Some(place) = places.first() else {
        return Named::Words(words(destination));
    };
    if let Some((local, _)) = place.split_once('@') {
        return Named::Words(words(local));
    }
    let host = place.rsplit("://").next().unwrap_or(place);
    let host = host.split('/').next().unwrap_or(host);
    Named::Host(host.strip_prefix("www.").unwrap_or(host).to_owned())
}

/// Whether `text` names `host`, and not only as the end of another.
pub(super) fn names_host(text: &str, host: &str) -> bool {
    let text = text.replace("www.", "");
    let is_apart = |at: usize| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|before| before.is_alphanumeric() || matches!(before, '_' | '.' | '-'))
    };
    text.match_indices(host).any(|(at, _)| is_apart(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_and_named_in_part() {
        let text = "Mail Ann.B@X.co.uk, see https://www.a.dev/x?y=1. or 10.0.0.1; DE44500105175407324931 b.example";
        assert_eq!(
            places(text),
            [
                "ann.b@x.co.uk",
                "https://www.a.dev/x?y=1",
                "10.0.0.1",
                "de44500105175407324931",
                "b.example"
            ]
        );
        assert!(matches!(parts("https://www.a.dev/x"), Named::Host(host) if host == "a.dev"));
        assert!(matches!(parts("ann.b@x.co"), Named::Words(words) if words == ["ann", "b"]));
        assert!(names_host("go to www.a.dev now", "a.dev"));
        assert!(!names_host(
            "go to evil-a.dev, bada.dev or x.a.dev",
            "a.dev"
        ));
    }
}
