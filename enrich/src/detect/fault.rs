//! What is wrong with a rule: where, and what to do about it.

use std::fmt;

/// What is wrong with a rule file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DetectFault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The rule's title, where it has one.
    pub rule: Option<String>,
    /// What is wrong, and what to do.
    pub fault: String,
}

impl fmt::Display for DetectFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message())
    }
}

impl DetectFault {
    /// What is wrong with which rule, without the place.
    pub fn message(&self) -> String {
        match &self.rule {
            Some(rule) => format!("rule `{rule}`: {}", self.fault),
            None => self.fault.clone(),
        }
    }
}

/// Words of faults, and the key at the beginning of the line that they are about.
const KEYS: [(&str, &str); 15] = [
    ("detection identifier", "condition"),
    ("condition", "condition"),
    ("timespan", "timespan"),
    ("timeframe", "timeframe"),
    ("group-by", "group-by"),
    ("correlation", "correlation"),
    ("filter", "filter"),
    ("detection", "detection"),
    ("logsource", "logsource"),
    ("related", "related"),
    ("status", "status"),
    ("level", "level"),
    ("judge", "judge"),
    ("examples", "examples"),
    ("action", "action"),
];

/// The line of `text`, from 0, that `message` is about: the one that it names by number, the one
/// that holds what it quotes, or the one with the key that it speaks of.
pub(super) fn locate(text: &str, message: &str) -> usize {
    if let Some(line) = number_after(message, "at line ") {
        return line.saturating_sub(1);
    }
    // The regex crate shows the pattern on a line of its own.
    let shown = message
        .split_once("error:\n")
        .and_then(|(_, rest)| rest.lines().next());
    if let Some(pattern) = shown.map(str::trim).filter(|pattern| !pattern.is_empty())
        && let Some(line) = text.lines().position(|line| line.contains(pattern))
    {
        return line;
    }
    let quoted = message.split(['\'', '`', '"']).skip(1).step_by(2);
    let line_with = |is_it: &dyn Fn(&str) -> bool| text.lines().position(is_it);
    for part in quoted.filter(|part| part.len() > 2) {
        if let Some(line) = line_with(&|line: &str| line.contains(part)) {
            return line;
        }
    }
    let lower = message.to_ascii_lowercase();
    let keys = KEYS.iter().filter(|(word, _)| lower.contains(word));
    for (_, key) in keys {
        let begins = |line: &str| {
            let rest = line.trim_start().strip_prefix(key);
            rest.is_some_and(|rest| rest.starts_with(':'))
        };
        if let Some(line) = line_with(&begins) {
            return line;
        }
    }
    0
}

fn number_after(message: &str, words: &str) -> Option<usize> {
    let (_, rest) = message.split_once(words)?;
    let end = rest
        .find(|next: char| !next.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

/// `message` in one line, with what to do about it.
pub(super) fn advised(message: &str) -> String {
    let words: Vec<_> = message.split_whitespace().collect();
    format!("{}{}", words.join(" "), advice(message))
}

/// What to do about a fault that Sigma's parser or compiler found; empty where its message says it.
fn advice(message: &str) -> &'static str {
    let lower = message.to_ascii_lowercase();
    let table = [
        (
            "yaml",
            "; mend the YAML: indentation, quotes around `*`, `%`, `@` and `: `",
        ),
        (
            "unknown modifier",
            "; Sigma's modifiers are contains, startswith, endswith, all, re, cidr, cased, exists, expand, base64, base64offset, wide, windash, fieldref, gt, gte, lt, lte and neq",
        ),
        ("missing required field", "; add it"),
        (
            "unknown detection identifier",
            "; name it under `detection:`, or mend the condition",
        ),
        (
            "condition parse error",
            "; write names of selections with `and`, `or`, `not` and `1 of name*`",
        ),
        (
            "invalid regex",
            "; patterns are those of Rust's regex crate: no look-around, no back-references",
        ),
        (
            "invalid cidr",
            "; write an address and a prefix length, such as 10.0.0.0/8",
        ),
        (
            "unknown rule reference",
            "; name the `name:` or `id:` of a rule that is loaded",
        ),
        ("cycle", "; a correlation may not lead back to itself"),
        ("timespan", "; write a number and s, m, h or d, such as 5m"),
    ];
    table
        .iter()
        .find_map(|(word, advice)| lower.contains(word).then_some(*advice))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "title: x\nlogsource:\n  category: y\ndetection:\n  s:\n    a|contians: 1\n  condition: s and t\n";

    #[test]
    fn the_line_is_the_one_that_the_message_is_about() {
        for (message, line) in [
            ("YAML parse error: bad at line 3 column 1", 2),
            ("Unknown modifier 'contians'", 5),
            ("Condition parse error: no", 6),
            ("Invalid detection: x", 3),
            ("something else", 0),
        ] {
            assert_eq!(locate(TEXT, message), line, "{message}");
        }
    }

    #[test]
    fn a_fault_says_where_what_and_what_to_do() {
        let fault = DetectFault {
            file: "a.yml".to_owned(),
            line: 6,
            rule: Some("x".to_owned()),
            fault: advised("Unknown modifier 'q'"),
        };
        let text = fault.to_string();
        assert!(
            text.starts_with("a.yml:6: rule `x`: Unknown modifier 'q'; Sigma's"),
            "{text}"
        );
    }
}
