//! Tells what is wrong with JSON without repeating any of it: what a caller sent may hold a secret,
//! and answers end in the logs of clients.

use serde_json::error::Category;

/// What stands in serde's messages behind a value that was met, and before what was expected.
const EXPECTED: &str = ", expected ";
/// How serde's messages begin that name a value, and what is left of them.
const KINDS: [&str; 4] = [
    "invalid type",
    "invalid value",
    "invalid length",
    "unknown variant",
];

/// `error` without the value that it is about.
pub(crate) fn misfit(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // Faults of syntax are told in fixed words.
    if error.classify() != Category::Data {
        return text;
    }
    let kind = KINDS.iter().find(|kind| text.starts_with(**kind));
    // The last one: what was met may hold the same words.
    match (kind, text.rsplit_once(EXPECTED)) {
        (Some(kind), Some((_, expected))) => format!("{kind}: expected {expected}"),
        (Some(kind), None) => format!("{kind} at line {} column {}", error.line(), error.column()),
        (None, _) => text,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        Known,
    }

    #[derive(Debug, Deserialize)]
    struct Wanted {
        #[serde(rename = "word")]
        _word: Option<Word>,
        #[serde(rename = "size")]
        _size: Option<u64>,
        #[serde(rename = "flag")]
        _flag: Option<bool>,
    }

    fn told(json: &str) -> String {
        misfit(&serde_json::from_str::<Wanted>(json).unwrap_err())
    }

    #[test]
    fn what_was_sent_is_not_repeated() {
        for (json, expected) in [
            (
                r#"{"word":"hunter2"}"#,
                "unknown variant: expected `known` at line 1 column 17",
            ),
            (
                r#"{"size":"hunter2, expected `hunter2`, x"}"#,
                "invalid type: expected u64 at line 1 column 40",
            ),
            (
                r#"{"flag":-4111111111111111}"#,
                "invalid type: expected a boolean at line 1 column 25",
            ),
            (
                r#"{"size":-4111111111111111}"#,
                "invalid value: expected u64 at line 1 column 25",
            ),
            (
                r#"["hunter2"]"#,
                "unknown variant: expected `known` at line 1 column 10",
            ),
            ("{\"size\":hunter2}", "expected value at line 1 column 9"),
            ("", "EOF while parsing a value at line 1 column 0"),
        ] {
            assert_eq!(told(json), expected, "{json}");
        }
    }
}
