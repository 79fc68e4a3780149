//! What the redactor found in a text, without the text itself.

use serde::Serialize;

/// One secret or other sensitive value that was found and masked, or something about a text that
/// was noted.
/// Kinds and rules are as many as were loaded, and live as long as the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was found, dotted from the general to the special, such as `credential.jwt`.
    pub kind: &'static str,
    /// The rule that found it.
    pub rule: &'static str,
    /// How sure the rule is, in percent.
    pub confidence: u8,
    /// The encodings that it was found in, from the outermost to the innermost, as in
    /// `base64>json`; empty for plain text.
    pub layer: String,
    /// Where it stood.
    pub place: Place,
}

impl Finding {
    /// Whether something was masked. Kinds under `content.` say what a text is and mask nothing.
    pub fn is_masked(&self) -> bool {
        !self.kind.starts_with("content.")
    }
}

/// Where in an event a finding stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Byte offset in the text that was scanned.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}
