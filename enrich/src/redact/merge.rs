//! Joins what was found twice and leaves out what is masked already, so that the edits are sorted
//! and disjoint.

use magistrate_event::Span;

use super::decode::Stack;
use super::detector::Detector;
use super::token::Token;

/// Who found a stretch, which says what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    /// The rule with this index in its set.
    Rule(usize),
    /// A detector of personal or customer data.
    Detector(Detector),
}

/// A stretch that a rule or detector wants masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) span: Span,
    pub(crate) by: By,
    /// In percent.
    pub(crate) confidence: u8,
    /// The token of the decoded secret, where it was found in an encoding.
    pub(crate) token: Option<Token>,
    /// The encodings that it was found in.
    pub(crate) stack: Stack,
}

impl Found {
    /// What `rule` found in plain text.
    pub(crate) fn plain(span: Span, rule: usize, confidence: u8) -> Self {
        Self::by(By::Rule(rule), span, confidence)
    }

    /// What somebody found in plain text.
    pub(crate) fn by(by: By, span: Span, confidence: u8) -> Self {
        Self {
            span,
            by,
            confidence,
            token: None,
            stack: Stack::default(),
        }
    }
}

/// Joins stretches that overlap; the surest one names the joined one.
///
/// Stretches that only touch stay apart: they are two secrets, each with a token of its own.
pub(crate) fn merge(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_unstable_by_key(|one| (one.span, one.by));
    let mut merged: Vec<Found> = Vec::with_capacity(found.len());
    for one in found {
        match merged.last_mut() {
            Some(last) if one.span.start() < last.span.end() => *last = join(*last, one),
            Some(_) | None => merged.push(one),
        }
    }
    merged
}

fn join(a: Found, b: Found) -> Found {
    let surer = if b.confidence > a.confidence { b } else { a };
    Found {
        span: a.span.join(b.span),
        ..surer
    }
}

/// Takes `markers` out of the merged `found`. Both must be sorted and disjoint.
pub(crate) fn leave_out(text: &[u8], found: Vec<Found>, markers: &[Span]) -> Vec<Found> {
    if markers.is_empty() {
        return found;
    }
    let mut left = Vec::with_capacity(found.len());
    for one in found {
        let mut from = one.span.start();
        let near = markers.partition_point(|marker| marker.end() <= from);
        for marker in markers.get(near..).unwrap_or_default() {
            if marker.start() >= one.span.end() {
                break;
            }
            keep_piece(text, one, from, marker.start(), &mut left);
            from = marker.end();
        }
        keep_piece(text, one, from, one.span.end(), &mut left);
    }
    left
}

/// Punctuation that stands between markers is no secret.
fn keep_piece(text: &[u8], whole: Found, from: usize, to: usize, left: &mut Vec<Found>) {
    let says_something = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
    let Ok(span) = Span::new(from, to) else {
        return;
    };
    let is_whole = span == whole.span;
    if is_whole
        || text
            .get(from..to)
            .is_some_and(|piece| piece.iter().any(says_something))
    {
        left.push(Found { span, ..whole });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize, end: usize) -> Span {
        Span::new(start, end).unwrap()
    }

    fn found(start: usize, end: usize, rule: usize, confidence: u8) -> Found {
        Found::plain(span(start, end), rule, confidence)
    }

    #[test]
    fn overlapping_stretches_become_one_named_by_the_surest() {
        let merged = merge(vec![
            found(4, 9, 1, 90),
            found(0, 5, 2, 50),
            found(20, 21, 3, 1),
        ]);
        assert_eq!(merged, [found(0, 9, 1, 90), found(20, 21, 3, 1)]);
    }

    #[test]
    fn touching_stretches_stay_apart() {
        let two = vec![found(0, 4, 0, 9), found(4, 9, 0, 9)];
        assert_eq!(merge(two.clone()), two);
    }

    #[test]
    fn markers_are_left_out() {
        let text = b"abc[MM]def[MM] ";
        let left = leave_out(text, vec![found(0, 15, 0, 9)], &[span(3, 7), span(10, 14)]);
        assert_eq!(left, [found(0, 3, 0, 9), found(7, 10, 0, 9)]);
        let inside = leave_out(text, vec![found(4, 6, 0, 9)], &[span(3, 7)]);
        assert_eq!(inside, []);
    }
}
