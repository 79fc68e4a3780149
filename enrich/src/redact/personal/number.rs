//! Reads the groups of digits that a number is written in: `4111 1111 1111 1111`, `123.456.789-09`.

use magistrate_event::Span;

use crate::redact::ascii::{byte, byte_before, follows_escape, is_word};

/// More digits in a row are no number of a person.
pub(crate) const MAX_GROUP_LEN: usize = 20;
pub(crate) const MAX_GROUPS: usize = 12;
/// Groups that are looked at before the one that was found first.
const MAX_GROUPS_BACK: usize = 8;

/// Digits without a sign between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Group {
    pub(crate) start: usize,
    /// Digits, that is bytes.
    pub(crate) len: usize,
}

impl Group {
    pub(crate) const fn end(self) -> usize {
        self.start + self.len
    }
}

/// Groups of digits with one blank, dash, period or slash between each two.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Phrase {
    groups: [Group; MAX_GROUPS],
    count: usize,
}

impl Phrase {
    /// The phrase around the run of digits that begins at `at`.
    pub(crate) fn around(text: &[u8], at: usize) -> Self {
        let mut phrase = Self::default();
        let mut start = beginning(text, at);
        for slot in &mut phrase.groups {
            let mut end = start;
            while byte(text, end).is_ascii_digit() && end - start < 2 * MAX_GROUP_LEN {
                end += 1;
            }
            *slot = Group {
                start,
                len: end - start,
            };
            phrase.count += 1;
            if !is_separator(byte(text, end)) || !byte(text, end + 1).is_ascii_digit() {
                break;
            }
            start = end + 1;
        }
        phrase
    }

    pub(crate) fn groups(&self) -> &[Group] {
        self.groups.get(..self.count).unwrap_or_default()
    }

    /// Where its last group ends.
    pub(crate) fn end(&self) -> usize {
        self.groups().last().map_or(0, |last| last.end())
    }
}

/// Where the first group begins of the phrase in which a run of digits begins at `at`.
fn beginning(text: &[u8], at: usize) -> usize {
    let mut start = at;
    for _ in 0..MAX_GROUPS_BACK {
        if !is_separator(byte_before(text, start)) {
            break;
        }
        let end = start - 1;
        let mut from = end;
        while byte_before(text, from).is_ascii_digit() && end - from <= MAX_GROUP_LEN {
            from -= 1;
        }
        if from == end || end - from > MAX_GROUP_LEN {
            break;
        }
        start = from;
    }
    start
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'/')
}

/// Whether what lies from `start` up to `end` stands alone, rather than in an id, a decimal
/// fraction, a path of numbers or a time.
pub(crate) fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    begins_alone(text, start) && ends_alone(text, end)
}

fn begins_alone(text: &[u8], start: usize) -> bool {
    let further = || start.checked_sub(2).map_or(0, |at| byte(text, at));
    match byte_before(text, start) {
        b'-' | b'.' => !is_word(further()),
        b'/' | b':' => !further().is_ascii_digit(),
        b'+' => false,
        before => !is_word(before) || follows_escape(text, start),
    }
}

fn ends_alone(text: &[u8], end: usize) -> bool {
    let further = byte(text, end + 1);
    match byte(text, end) {
        b'-' | b'.' => !is_word(further),
        b'/' | b':' => !further.is_ascii_digit(),
        after => !is_word(after),
    }
}

/// The digits of a number without the signs between them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Digits {
    values: [u8; MAX_DIGITS],
    len: usize,
}

/// Cards, the longest numbers, have 19.
const MAX_DIGITS: usize = 32;

impl Digits {
    /// The digits in `text` from `start` up to `end`, as numbers; empty when there are too many.
    pub(crate) fn of(text: &[u8], start: usize, end: usize) -> Self {
        let mut digits = Self::default();
        let bytes = text.get(start..end).unwrap_or_default();
        for &byte in bytes.iter().filter(|byte| byte.is_ascii_digit()) {
            let Some(slot) = digits.values.get_mut(digits.len) else {
                return Self::default();
            };
            *slot = byte - b'0';
            digits.len += 1;
        }
        digits
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.values.get(..self.len).unwrap_or_default()
    }
}

/// The span of the groups from `first` to `last`.
pub(crate) fn span_of(first: Group, last: Group) -> Option<Span> {
    Span::new(first.start, last.end()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(text: &str, at: usize) -> Vec<&str> {
        Phrase::around(text.as_bytes(), at)
            .groups()
            .iter()
            .map(|group| text.get(group.start..group.end()).unwrap())
            .collect()
    }

    #[test]
    fn groups_are_read_to_both_sides() {
        assert_eq!(
            groups("x 1 84 12-76.451 y", 4),
            ["1", "84", "12", "76", "451"]
        );
        assert_eq!(groups("1234", 0), ["1234"]);
        assert_eq!(groups("12  34567", 4), ["34567"]);
        assert_eq!(groups(&"1 ".repeat(99), 60).len(), 12);
        assert_eq!(groups(&"1".repeat(99), 0), ["1".repeat(40)]);
    }

    #[test]
    fn neighbours_decide_whether_a_number_stands_alone() {
        for (text, alone) in [
            ("1234", true),
            (" 1234 ", true),
            ("a1234", false),
            ("1234_", false),
            (r"\n1234", true),
            ("a-1234", false),
            (" -1234", true),
            ("0.1234", false),
            ("1234.", true),
            ("1234.5", false),
            ("a/1234/b", true),
            ("1/1234", false),
            ("12:1234", false),
            ("id:1234:", true),
            ("+1234", false),
            ("\"1234\"", true),
            ("号1234", true),
        ] {
            let start = text.find("1234").unwrap();
            assert_eq!(
                stands_alone(text.as_bytes(), start, start + 4),
                alone,
                "{text}"
            );
        }
    }

    #[test]
    fn digits_leave_signs_out() {
        assert_eq!(Digits::of(b"12-3.4", 0, 6).as_slice(), [1, 2, 3, 4]);
        assert_eq!(Digits::of(&[b'1'; 40], 0, 40).as_slice(), [0; 0]);
    }
}
