//! Knows on which line each key of a TOML text stands, and which key stands at a place of it.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The keys of a text, by their dotted paths: `lake.max_age`, `sink[1].name`.
#[derive(Debug, Default)]
pub(crate) struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    path: String,
    /// From 1.
    line: usize,
    /// From the key to the end of its value; of a table its header.
    span: Range<usize>,
}

impl Keys {
    /// The keys of `text`; of one that is not all TOML those that can be told.
    pub(crate) fn of(text: &str) -> Self {
        let (table, _) = DeTable::parse_recoverable(text);
        let mut keys = Self::default();
        let lines = Lines::of(text);
        keys.add_table("", table.get_ref(), &lines);
        keys
    }

    /// The line of `path`, or of the nearest table around it that the text has.
    pub(crate) fn line(&self, path: &str) -> Option<usize> {
        let mut path = Some(path);
        while let Some(wanted) = path {
            if let Some(key) = self.0.iter().find(|key| key.path == wanted) {
                return Some(key.line);
            }
            path = parent(wanted);
        }
        None
    }

    /// The innermost key whose text holds the byte at `offset`.
    pub(crate) fn at(&self, offset: usize) -> Option<&str> {
        let around = self.0.iter().filter(|key| key.span.contains(&offset));
        let inner = around.max_by_key(|key| key.path.len());
        inner.map(|key| key.path.as_str())
    }

    fn add_table(&mut self, path: &str, table: &DeTable<'_>, lines: &Lines) {
        for (name, value) in table {
            let joint = if path.is_empty() { "" } else { "." };
            let inner = format!("{path}{joint}{}", name.get_ref());
            let (start, end) = (name.span().start, name.span().end.max(value.span().end));
            self.add(inner, start..end, value.get_ref(), lines);
        }
    }

    fn add(&mut self, path: String, span: Range<usize>, value: &DeValue<'_>, lines: &Lines) {
        match value {
            DeValue::Table(table) => self.add_table(&path, table, lines),
            DeValue::Array(items) => {
                for (number, item) in items.iter().enumerate() {
                    let inner = format!("{path}[{number}]");
                    self.add(inner, item.span(), item.get_ref(), lines);
                }
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => {}
        }
        self.0.push(Key {
            line: lines.line(span.start),
            path,
            span,
        });
    }
}

/// The key that `message` is about: those of all crates begin with its path.
pub(crate) fn key_of(message: &str) -> Option<&str> {
    let text = message.trim_start_matches('`');
    let is_path =
        |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.' | '[' | ']');
    let end = text.find(|char| !is_path(char)).unwrap_or(text.len());
    let path = text.get(..end)?.trim_end_matches('.');
    parent(path).is_some().then_some(path)
}

/// `a.b` of `a.b.c`, and `a` of `a[0]`.
fn parent(path: &str) -> Option<&str> {
    path.get(..path.rfind(['.', '['])?)
}

/// Where the lines of a text begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "data = \"x\"\n\n[lake]\nmax_age = \"0s\"\n[tls.otlp_http]\ncert_file = \"c\"\n\
        [[sink]]\nname = \"a\"\n[[sink]]\nname = \"b\"\nrecords = [\"alert\", \"event\"]\n";

    #[test]
    fn a_key_has_the_line_that_it_stands_on() {
        let keys = Keys::of(TEXT);
        for (path, line) in [
            ("data", Some(1)),
            ("lake.max_age", Some(4)),
            ("lake.zstd_level", Some(3)),
            ("tls.otlp_http.key_file", Some(5)),
            ("sink[0].name", Some(8)),
            ("sink[1].name", Some(10)),
            ("sink[1].endpoint", Some(9)),
            ("sink[1].records[1]", Some(11)),
            ("queue.max_bytes", None),
        ] {
            assert_eq!(keys.line(path), line, "{path}");
        }
    }

    #[test]
    fn a_place_has_the_key_that_it_belongs_to() {
        let keys = Keys::of(TEXT);
        for (word, path) in [
            ("\"0s\"", "lake.max_age"),
            ("max_age", "lake.max_age"),
            ("\"b\"", "sink[1].name"),
            ("\"event\"", "sink[1].records[1]"),
            ("data", "data"),
        ] {
            assert_eq!(keys.at(TEXT.find(word).unwrap()), Some(path), "{word}");
        }
    }

    #[test]
    fn messages_begin_with_their_key() {
        for (message, key) in [
            (
                "queue.max_bytes is `1`; it must be more",
                Some("queue.max_bytes"),
            ),
            (
                "`models.threads` is 0: write 1 to 64",
                Some("models.threads"),
            ),
            (
                "detect.suppress[0] has no `reason`",
                Some("detect.suppress[0]"),
            ),
            ("redact.rules: a.toml:3: no", Some("redact.rules")),
            ("cannot read key", None),
            ("", None),
        ] {
            assert_eq!(key_of(message), key, "{message}");
        }
    }

    #[test]
    fn no_text_makes_it_panic() {
        for text in [
            "",
            "[",
            "a = ",
            "[[x]]\n[[x.y]]\n",
            "a.b.c = {d = [1, {e = 2}]}",
            "\u{0}",
        ] {
            Keys::of(text);
        }
    }
}
