//! Notes program text: several lines that end or begin as those of programs do.

use magistrate_event::Span;

use crate::redact::ascii::{KEY_END_BYTE, VALUE_END_BYTE, byte};

/// Fewer lines of code may be a quotation.
const MIN_LINES: usize = 3;
/// Only the beginning and the end of a line are looked at, this many bytes of it.
const MAX_LINE: usize = 256;

/// Words that lines of code begin with and that sentences do not, or not often.
const WORDS: [&str; 30] = [
    "#include",
    "@override",
    "async ",
    "class ",
    "const ",
    "def ",
    "elif ",
    "enum ",
    "export ",
    "fn ",
    "for (",
    "from ",
    "func ",
    "function ",
    "if (",
    "impl ",
    "import ",
    "let ",
    "mod ",
    "namespace ",
    "package ",
    "private ",
    "protected ",
    "pub ",
    "public ",
    "return ",
    "static ",
    "struct ",
    "var ",
    "while (",
];

/// How much of a text is code, as far as it was read.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    code: usize,
    prose: usize,
    start: usize,
    end: usize,
}

/// What a line is.
enum Line {
    Code,
    Prose,
    /// Blank, brackets alone, or data.
    Neither,
}

/// Calls `visit` with each stretch of program text in `text`, at most one for each value of an
/// event. Lines may end in newlines or in escaped ones.
pub(crate) fn source_code(text: &[u8], mut visit: impl FnMut(Span)) {
    let mut count = Count::default();
    let mut line = 0;
    for at in memchr::memchr2_iter(b'\n', b'\\', text) {
        let (end, next) = match (byte(text, at), byte(text, at + 1)) {
            (b'\\', b'n') => (at, at + 2),
            (b'\\', _) => continue,
            _ => (at, at + 1),
        };
        let whole = text.get(line..end).unwrap_or_default();
        if let Some(last) = memchr::memrchr2(VALUE_END_BYTE, KEY_END_BYTE, whole) {
            let first = memchr::memchr2(VALUE_END_BYTE, KEY_END_BYTE, whole).unwrap_or(last);
            count.add(text, line, line + first);
            count.report(&mut visit);
            count = Count::default();
            line += last + 1;
        }
        count.add(text, line, end);
        line = next;
    }
    let rest = text.get(line..).unwrap_or_default();
    let end = memchr::memchr(VALUE_END_BYTE, rest).map_or(text.len(), |end| line + end);
    count.add(text, line, end);
    count.report(&mut visit);
}

impl Count {
    fn add(&mut self, text: &[u8], start: usize, end: usize) {
        match classify(text.get(start..end).unwrap_or_default()) {
            Line::Code => {
                self.start = if self.code == 0 { start } else { self.start };
                self.end = end;
                self.code += 1;
            }
            Line::Prose => self.prose += 1,
            Line::Neither => {}
        }
    }

    fn report(&self, visit: &mut impl FnMut(Span)) {
        if self.code >= MIN_LINES
            && self.code > self.prose
            && let Ok(span) = Span::new(self.start, self.end)
        {
            visit(span);
        }
    }
}

fn classify(line: &[u8]) -> Line {
    let head = line.get(..MAX_LINE.min(line.len())).unwrap_or_default();
    let head = without_indent(head);
    let tail = line.trim_ascii_end();
    let is_bracket = |byte: &u8| b"{}[]()\"',;".contains(byte);
    // JSON and lists begin so; `#` and `//` begin comments, which are prose.
    let is_data = matches!(
        head.first(),
        Some(b'"' | b'\'' | b'{' | b'[' | b'-' | b'#' | b'/' | b'*')
    );
    if head.iter().all(is_bracket) || is_data && !head.starts_with(b"#include") {
        return Line::Neither;
    }
    let begins = WORDS.iter().any(|word| head.starts_with(word.as_bytes()));
    let has_sign = || head.iter().any(|byte| b"({=:;<".contains(byte));
    let is_import = || head.starts_with(b"import ") && !head.trim_ascii_end().ends_with(b".");
    let ends = matches!(tail.last(), Some(b'{' | b';' | b'}'));
    if ends || begins && (has_sign() || is_import()) {
        Line::Code
    } else {
        Line::Prose
    }
}

/// `line` without blanks, tabs and escaped tabs at its beginning.
fn without_indent(line: &[u8]) -> &[u8] {
    let mut rest = line.trim_ascii_start();
    while let Some(after) = rest.strip_prefix(b"\\t") {
        rest = after.trim_ascii_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        source_code(text.as_bytes(), |span| {
            found.push(text.get(span.start()..span.end()).unwrap());
        });
        found
    }

    const RUST: &str = "use std::fmt;\n\n/// Adds.\nfn add(a: u8) -> u8 {\n    let b = a;\n    let c = b;\n    c + 1\n}\n";
    const PYTHON: &str = "import os\nfrom x import (y)\n\ndef f(a):\n    return g(a)\n";
    const JAVA: &str = "public class A {\n  private int b;\n  int c() {\n    return b;\n  }\n}";
    const GO: &str =
        "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tx := 1\n\treturn f(x)\n}\nvar y = 2";

    #[test]
    fn programs_are_noted_plain_and_escaped() {
        for code in [RUST, PYTHON, JAVA, GO] {
            assert_eq!(found(code).len(), 1, "{code}");
            let escaped = format!("{{\"content\":{}}}", serde_json::to_string(code).unwrap());
            assert_eq!(found(&escaped).len(), 1, "{escaped}");
            let event = format!("a\u{1f}before\u{1e}b\u{1f}{code}\u{1e}c\u{1f}after\u{1e}");
            let [one] = found(&event).try_into().unwrap();
            assert!(code.contains(one), "{one}");
            let two = format!("{code}\u{1e}{code}\u{1e}");
            assert_eq!(found(&two).len(), 2, "{two}");
        }
    }

    #[test]
    fn prose_data_and_logs_are_not() {
        for text in [
            "",
            "one line with a semicolon;",
            "Dear Ana,\nlet us meet.\nReturn the books; thanks.\nfrom me to you\nBest\n",
            "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": [\n      1,\n      2\n    ]\n  }\n}\n",
            "2026-01-02 info started\n2026-01-02 warn x=1\n2026-01-02 info done\n",
            "- a;\n- b;\n- c;\n- d;\n",
            "a: 1\nb:\n  c: 2\n  d: 3\n",
            "let a = 1;\u{1e}let b = 2;\u{1e}let c = 3;\u{1e}",
            r"C:\new\name\next\nothing",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
