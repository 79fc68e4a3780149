//! One stretch that is masked: what stands there now, and what is reported of it.

use magistrate_event::{Finding, Place, Span};

use super::decode::Stack;
use super::detector::Label;
use super::marker::Marker;
use super::merge::Found;

/// A stretch of the original text, its marker, and what is reported of it.
pub(crate) struct Edit {
    pub(crate) span: Span,
    pub(crate) marker: Marker,
    pub(crate) finding: Finding,
    /// Whether the text around it reads as before.
    pub(crate) is_settled: bool,
}

impl Edit {
    /// What becomes of `one`, which is called `label`.
    pub(crate) fn new(one: Found, label: Label, marker: Marker, is_settled: bool) -> Self {
        Self {
            span: one.span,
            marker,
            finding: Finding {
                kind: label.kind,
                rule: label.id,
                confidence: one.confidence,
                layer: encodings(one.stack),
                place: place(one.span),
            },
            is_settled,
        }
    }

    /// The same for the same text at `span`.
    pub(crate) fn again(&self, span: Span) -> Self {
        Self {
            span,
            marker: self.marker.clone(),
            finding: Finding {
                place: place(span),
                ..self.finding.clone()
            },
            is_settled: false,
        }
    }
}

const fn place(span: Span) -> Place {
    Place {
        start: span.start(),
        end: span.end(),
    }
}

/// What a finding tells of `stack`; nearly always there is nothing to write.
fn encodings(stack: Stack) -> String {
    if stack == Stack::default() {
        String::new()
    } else {
        stack.to_string()
    }
}
