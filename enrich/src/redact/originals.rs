//! Gathers what was masked in one row, within bounds, to be sealed.

use std::collections::HashSet;

use magistrate_event::Span;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

use super::marker::MARKER_START;
use super::token::is_token_digit;

/// A longer original is not kept, in bytes; private keys and certificates are shorter.
pub const MAX_ORIGINAL_BYTES: usize = 16 * 1024;
/// So many bytes of originals are kept of one row.
pub const MAX_ROW_BYTES: usize = 64 * 1024;
/// So many originals are listed of one row.
pub const MAX_ORIGINALS: usize = 1000;

/// One value that was masked, wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// The token that stands for it.
    pub token: String,
    /// What it was taken for, dotted from the general to the special.
    pub kind: String,
    /// Its length in bytes.
    pub len_bytes: usize,
    /// It itself; `None` when it, or the row's originals together, were too long to be kept.
    pub text: Option<String>,
}

/// The values that were masked in one row, each once, in the order of the row.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Originals {
    list: Vec<Original>,
    /// Masked stretches beyond [`MAX_ORIGINALS`].
    left_out: u64,
    #[serde(skip)]
    kept_bytes: usize,
    #[serde(skip)]
    known: HashSet<[u8; 32]>,
}

impl Originals {
    /// The originals, in the order of the row.
    pub fn list(&self) -> &[Original] {
        &self.list
    }

    /// How many masked stretches are not even listed.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Adds the stretches of `text` that `edits` replaces.
    pub(super) fn add_edits(&mut self, text: &str, edits: &[(Span, String)]) {
        for (span, marker) in edits {
            let original = text.get(span.start()..span.end()).unwrap_or_default();
            self.add(marker, original);
        }
    }

    /// Adds `original`, for which `marker` stands.
    pub(super) fn add(&mut self, marker: &str, original: &str) {
        if !self
            .known
            .insert(*blake3::hash(original.as_bytes()).as_bytes())
        {
            return;
        }
        if self.list.len() >= MAX_ORIGINALS {
            self.left_out += 1;
            return;
        }
        let fits = original.len() <= MAX_ORIGINAL_BYTES
            && self.kept_bytes + original.len() <= MAX_ROW_BYTES;
        if fits {
            self.kept_bytes += original.len();
        }
        let (kind, token) = parts(marker);
        self.list.push(Original {
            token: token.to_owned(),
            kind: kind.to_owned(),
            len_bytes: original.len(),
            text: fits.then(|| original.to_owned()),
        });
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

impl std::fmt::Debug for Originals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Originals({})", self.list.len())
    }
}

impl std::fmt::Debug for Original {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Original({}, ***)", self.token)
    }
}

/// Kind and token of the marker in `text`; empty where there is none.
fn parts(text: &str) -> (&str, &str) {
    let inside = text.split_once(MARKER_START).map_or("", |(_, rest)| rest);
    let (kind, rest) = inside.split_once(':').unwrap_or_default();
    let is_end = |char: char| !u8::try_from(char).is_ok_and(is_token_digit);
    (kind, rest.split(is_end).next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKER: &str = "[redacted:credential.test:aaaabbbbccccdddd]";

    fn lens(originals: &Originals) -> Vec<Option<usize>> {
        let text = |one: &Original| one.text.as_ref().map(String::len);
        originals.list().iter().map(text).collect()
    }

    #[test]
    fn an_original_is_listed_once_with_kind_and_token() {
        let mut originals = Originals::default();
        for text in ["first", "second", "first"] {
            originals.add(MARKER, text);
        }
        let [first, second] = originals.list() else {
            panic!("{originals:?}");
        };
        assert_eq!(
            (first.kind.as_str(), first.len_bytes),
            ("credential.test", 5)
        );
        assert_eq!(first.token, "aaaabbbbccccdddd");
        assert_eq!(second.text.as_deref(), Some("second"));
        assert_eq!(parts("x[redacted:a.b:cccc more]"), ("a.b", "cccc"));
        assert_eq!(parts("nothing"), ("", ""));
    }

    #[test]
    fn what_is_too_long_is_listed_and_not_kept() {
        let mut originals = Originals::default();
        originals.add(MARKER, &"a".repeat(MAX_ORIGINAL_BYTES));
        originals.add(MARKER, &"b".repeat(MAX_ORIGINAL_BYTES + 1));
        assert_eq!(lens(&originals), [Some(MAX_ORIGINAL_BYTES), None]);
        assert_eq!(originals.list()[1].len_bytes, MAX_ORIGINAL_BYTES + 1);
    }

    #[test]
    fn a_row_keeps_so_many_bytes() {
        let mut originals = Originals::default();
        for letter in ["a", "b", "c", "d", "e"] {
            originals.add(MARKER, &letter.repeat(MAX_ROW_BYTES / 4));
        }
        let full = Some(MAX_ROW_BYTES / 4);
        assert_eq!(lens(&originals), [full, full, full, full, None]);
    }

    #[test]
    fn a_row_lists_so_many() {
        let mut originals = Originals::default();
        for number in 0..MAX_ORIGINALS + 3 {
            originals.add(MARKER, &number.to_string());
        }
        assert_eq!(originals.list().len(), MAX_ORIGINALS);
        assert_eq!(originals.left_out(), 3);
    }

    #[test]
    fn an_original_never_shows() {
        let mut originals = Originals::default();
        originals.add(MARKER, "hidden");
        assert!(!format!("{originals:?} {:?}", originals.list()).contains("hidden"));
    }
}
