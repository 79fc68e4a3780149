//! Names the encodings, and the stack of them through which a text was seen.

use std::fmt;

/// One encoding, or several that were taken off together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Codec(u8);

/// Encodings from the outermost to the innermost; none for a plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stack(u128);

/// More encodings on top of each other are not taken off.
pub(crate) const MAX_LAYERS: usize = 16;

/// Set in those codecs that change single characters and can occur together.
const ESCAPES: u8 = 0x80;
const ESCAPE_NAMES: [(u8, &str); 4] = [(1, "percent"), (2, "json"), (4, "html"), (8, "unicode")];

impl Codec {
    pub(crate) const BASE64: Self = Self(1);
    pub(crate) const HEX: Self = Self(2);
    pub(crate) const GZIP: Self = Self(3);
    pub(crate) const ZLIB: Self = Self(4);
    pub(crate) const ZSTD: Self = Self(5);
    pub(crate) const UTF16: Self = Self(6);
    pub(crate) const QUOTED_PRINTABLE: Self = Self(7);
    pub(crate) const SPACED: Self = Self(8);
    pub(crate) const TAGS: Self = Self(9);
    pub(crate) const SELECTORS: Self = Self(10);
    pub(crate) const JOINED: Self = Self(11);
    pub(crate) const FORM: Self = Self(12);
    pub(crate) const NO_ESCAPE: Self = Self(ESCAPES);
    pub(crate) const PERCENT: Self = Self(ESCAPES | 1);
    pub(crate) const JSON: Self = Self(ESCAPES | 2);
    pub(crate) const HTML: Self = Self(ESCAPES | 4);
    pub(crate) const UNICODE: Self = Self(ESCAPES | 8);

    /// Whether what it decodes was taken from several places.
    pub(crate) const fn joins_pieces(self) -> bool {
        self.0 == Self::JOINED.0
    }

    /// Both escapes together.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::BASE64 => "base64",
            Self::HEX => "hex",
            Self::GZIP => "gzip",
            Self::ZLIB => "zlib",
            Self::ZSTD => "zstd",
            Self::UTF16 => "utf16",
            Self::QUOTED_PRINTABLE => "quoted-printable",
            Self::SPACED => "spaced",
            Self::TAGS => "tags",
            Self::SELECTORS => "variation-selectors",
            Self::JOINED => "joined",
            Self::FORM => "form",
            Self(_) => "",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plus = "";
        let names = ESCAPE_NAMES
            .iter()
            .filter(|(flag, _)| self.0 & ESCAPES != 0 && self.0 & flag != 0);
        for (_, name) in names {
            write!(f, "{plus}{name}")?;
            plus = "+";
        }
        f.write_str(self.name())
    }
}

impl Stack {
    /// The stack with `codec` innermost; `None` when there are too many.
    pub(crate) fn push(self, codec: Codec) -> Option<Self> {
        let room = u128::MAX >> 8;
        (self.0 <= room).then(|| Self(self.0 << 8 | u128::from(codec.0)))
    }

    /// Whether any of it joined what stood apart.
    pub(crate) fn joins_pieces(self) -> bool {
        self.0.to_be_bytes().contains(&Codec::JOINED.0)
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codecs = self.0.to_be_bytes();
        let codecs = codecs.into_iter().skip_while(|&code| code == 0);
        for (depth, code) in codecs.enumerate() {
            let sign = if depth == 0 { "" } else { ">" };
            write!(f, "{sign}{}", Codec(code))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_shown_from_the_outside_in() {
        let stack = Stack::default()
            .push(Codec::BASE64)
            .and_then(|stack| stack.push(Codec::GZIP))
            .and_then(|stack| stack.push(Codec::PERCENT.with(Codec::JSON)));
        assert_eq!(stack.unwrap().to_string(), "base64>gzip>percent+json");
        assert_eq!(Stack::default().to_string(), "");
    }

    #[test]
    fn a_stack_has_a_limit() {
        let mut stack = Stack::default();
        for _ in 0..MAX_LAYERS {
            stack = stack.push(Codec::HEX).unwrap();
        }
        assert_eq!(stack.push(Codec::HEX), None);
    }
}
