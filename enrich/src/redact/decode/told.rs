//! Tells what decoding brought to light, for those who read texts and look for no secrets.

use magistrate_event::Span;

use super::codec::Stack;
use super::depth::Above;
use super::{Decoder, Layer};

/// Layers of one text that are told.
const MAX_LAYERS: usize = 32;
/// Shorter ones say nothing.
const MIN_CHARACTERS: usize = 12;
/// Of so many characters, this many must be letters, digits or spaces: chance makes few of them.
const OF: usize = 10;
const PLAIN: usize = 8;
/// What took less than 6 bytes for 5 was legible before.
const ENCODED: usize = 6;
const DECODED: usize = 5;

/// A text that was hidden in another one by encodings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// What was hidden.
    pub text: String,
    /// The bytes of the original text that hid it.
    pub span: Span,
    /// The encodings, from the outermost to the innermost, as in `base64>json`.
    pub encodings: String,
}

/// What was told so far, where anybody wants to know.
#[derive(Debug, Default)]
pub(super) struct Told {
    is_wanted: bool,
    layers: Vec<Decoded>,
}

impl Decoder<'_> {
    /// Also tells each layer that can be read.
    #[must_use]
    pub(crate) const fn telling(mut self) -> Self {
        self.told.is_wanted = true;
        self
    }

    /// The layers that can be read, outer ones first.
    pub(crate) fn into_told(self) -> Vec<Decoded> {
        self.told.layers
    }
}

impl Told {
    pub(super) fn add(&mut self, above: &Above<'_>, stack: Stack) {
        if !self.is_wanted || self.layers.len() >= MAX_LAYERS || !is_legible(above.layer) {
            return;
        }
        let text = above.layer.text();
        let (mut first, mut last) = (usize::MAX, 0);
        above.trace(0, text.len(), &mut |start, end| {
            (first, last) = (first.min(start), last.max(end));
        });
        let Ok(span) = Span::new(first, last) else {
            return;
        };
        if span.len() * DECODED < text.len() * ENCODED {
            return;
        }
        self.layers.push(Decoded {
            text: text.to_owned(),
            span,
            encodings: stack.to_string(),
        });
    }
}

fn is_legible(layer: &Layer) -> bool {
    let text = layer.text();
    let (mut all, mut plain) = (0_usize, 0_usize);
    for character in text.chars() {
        all += 1;
        plain += usize::from(character.is_alphanumeric() || character == ' ');
    }
    all >= MIN_CHARACTERS && plain * OF >= all * PLAIN && text.trim().contains(' ')
}
