//! Looks for secrets through encodings, several on top of each other, and tells which bytes of the
//! original text hide what was found.
//!
//! Each layer is searched by the same rules as plain text. Clean text pays for two passes
//! at the speed of memory beside the prefilter's; only what those point at is decoded.

mod blob;
mod codec;
mod depth;
mod entity;
mod escape;
mod form;
mod joined;
mod layer;
mod packed;
mod quoted;
mod runs;
pub(crate) mod sign;
mod spaced;
mod told;
pub(crate) mod unicode;
mod utf16;
mod window;

use magistrate_event::Span;

pub(crate) use codec::Stack;
pub use told::Decoded;

use super::ascii::{byte_before, is_at};
use super::marker::MARKER_START;
use super::merge::{By, Found};
use super::ruleset::{Finder, RuleSet};
use super::scan::{Ending, Scan};
use super::token::{Token, Tokenizer};
use blob::{Alphabet, Blob};
use depth::{Above, Depth};
use escape::unescape;
use form::unform;
use joined::Joined;
use layer::Layer;
use runs::{Run, each_run};
use sign::{Of, Signs};
use window::{Lines, Window, Windows};

/// Decoded bytes, all layers of one text together: so many times the text, and so many more …
const MAX_GROWTH: usize = 8;
const FREE_BYTES: usize = 64 << 10;
/// … but never more than this.
const MAX_DECODED_BYTES: usize = 64 << 20;
/// What stands before a secret, and may be needed to find it.
const CONTEXT_LEN: usize = 64;
/// Shorter texts hide nothing.
const MIN_LEN: usize = 16;

/// Makes a layer of a stretch of a text.
type Decode = fn(&[u8], usize, usize) -> Option<Layer>;

/// Decodes whatever is encoded, and remembers what the rules find in it.
pub(crate) struct Decoder<'a> {
    rules: &'a RuleSet,
    tokens: &'a Tokenizer,
    found: Vec<Found>,
    /// Bytes that may still be decoded.
    left: usize,
    told: told::Told,
}

impl<'a> Decoder<'a> {
    /// A decoder for a text of `len` bytes.
    pub(crate) fn new(rules: &'a RuleSet, tokens: &'a Tokenizer, len: usize) -> Self {
        Self {
            rules,
            tokens,
            found: Vec::new(),
            told: told::Told::default(),
            left: len
                .saturating_mul(MAX_GROWTH)
                .saturating_add(FREE_BYTES)
                .min(MAX_DECODED_BYTES),
        }
    }

    /// Searches every layer of `text`, whose own search saw `signs`.
    pub(crate) fn search(&mut self, text: &str, signs: &Signs) {
        self.layers(text, signs, Depth::default());
    }

    /// Searches the texts at `places` as if they were one.
    pub(crate) fn search_joined(&mut self, text: &str, places: &[(usize, usize)]) {
        let layer = joined::texts(text.as_bytes(), places);
        self.look(layer, Ending::Certain, Depth::default());
    }

    /// What was found, as stretches of the original text.
    pub(crate) fn into_found(self) -> Vec<Found> {
        self.found
    }

    fn layers(&mut self, text: &str, signs: &Signs, depth: Depth<'_>) {
        let bytes = text.as_bytes();
        if bytes.len() < MIN_LEN {
            return;
        }
        self.runs(bytes, depth);
        if signs.is_unusual {
            self.unusual(text, signs, depth);
        } else if !signs.signs.is_empty() {
            self.windows(bytes, signs.of(Of::Escape), Lines::One, unescape, depth);
        }
        if signs.signs.is_empty() && signs.fragments.is_empty() {
            return;
        }
        self.packed(bytes, signs.of(Of::Packed), depth);
        self.windows(bytes, signs.of(Of::Form), Lines::One, unform, depth);
        let quoted = signs
            .of(Of::Quoted)
            .filter(|at| quoted::is_telling(bytes, *at));
        self.windows(bytes, quoted, Lines::Many, quoted::unquote, depth);
        self.joined(bytes, signs.of(Of::List), joined::listed, depth);
        self.joined(bytes, signs.of(Of::Glue), joined::concatenated, depth);
        let fragments = signs.fragments.iter().copied();
        self.joined(bytes, fragments, joined::concatenated, depth);
        if signs.of(Of::Chunk).nth(1).is_some() {
            let layer = joined::streamed(bytes, self.rules.chunks());
            self.look(layer, Ending::Certain, depth);
        }
    }

    /// Escapes of ASCII together with characters that are not what they seem.
    fn unusual(&mut self, text: &str, signs: &Signs, depth: Depth<'_>) {
        let bytes = text.as_bytes();
        let mut windows = Windows::new(bytes, Lines::One);
        let mut escapes = signs.of(Of::Escape).peekable();
        unicode::each_beginning(bytes, |at| {
            if !escape::is_telling(bytes, at) {
                return;
            }
            while let Some(escape) = escapes.next_if(|escape| *escape < at) {
                self.place(&mut windows, escape, unescape, depth);
            }
            self.place(&mut windows, at, unescape, depth);
        });
        for escape in escapes {
            self.place(&mut windows, escape, unescape, depth);
        }
        if let Some(window) = windows.finish() {
            self.window(bytes, window, unescape, depth);
        }
        unicode::each_hidden(text, |hidden| {
            self.look(Some(hidden), Ending::Certain, depth);
        });
    }

    /// The windows around `places`.
    fn windows(
        &mut self,
        text: &[u8],
        places: impl Iterator<Item = usize>,
        lines: Lines,
        decode: Decode,
        depth: Depth<'_>,
    ) {
        let mut windows = Windows::new(text, lines);
        for at in places {
            self.place(&mut windows, at, decode, depth);
        }
        if let Some(window) = windows.finish() {
            self.window(text, window, decode, depth);
        }
    }

    /// Adds the place `at`, and searches the window that this closes.
    fn place(&mut self, windows: &mut Windows<'_>, at: usize, decode: Decode, depth: Depth<'_>) {
        if let Some(window) = windows.add(at)
            && let Some(end) = self.window(windows.text(), window, decode, depth)
        {
            windows.reach(end);
        }
    }

    /// What begins at `places` and was split.
    fn joined(
        &mut self,
        text: &[u8],
        places: impl Iterator<Item = usize>,
        join: fn(&[u8], usize) -> Option<Joined>,
        depth: Depth<'_>,
    ) {
        let mut until = 0;
        for at in places {
            if at >= until
                && let Some(joined) = join(text, at)
            {
                until = joined.until + 1;
                self.look(joined.layer, Ending::Certain, depth);
            }
        }
    }

    fn runs(&mut self, text: &[u8], depth: Depth<'_>) {
        each_run(text, |run| match run {
            Run::Blob(blob) => self.whole_blob(text, blob, depth),
            Run::Spaced(start, end) if !depth.has_seen(start, end) => {
                for start in [Some(start), spaced::after_word_end(text, start)] {
                    let layer = start.and_then(|start| spaced::join(text, start, end));
                    self.look(layer, ending_at(text, end), depth);
                }
            }
            Run::Spaced(_, _) => {}
        });
    }

    /// The hex that begins at `heads` like a packed file: in the middle of other hex, chance has put
    /// the head there.
    fn packed(&mut self, text: &[u8], heads: impl Iterator<Item = usize>, depth: Depth<'_>) {
        for at in heads.filter(|at| !byte_before(text, *at).is_ascii_hexdigit()) {
            if let Some(blob) = Blob::at(text, at, Alphabet::Hex) {
                self.whole_blob(text, blob, depth);
            }
        }
    }

    fn whole_blob(&mut self, text: &[u8], blob: Blob, depth: Depth<'_>) {
        for blob in [Some(blob), blob.without_last_line()].into_iter().flatten() {
            if !depth.has_seen(blob.start, blob.end) {
                let pieces = blob.pieces();
                pieces.for_each(|piece| self.blob(text, piece, depth));
            }
        }
    }

    /// Searches `window`; answers with where it ended, unless there was nothing to be searched or no
    /// room to do so.
    fn window(
        &mut self,
        text: &[u8],
        window: Window,
        decode: Decode,
        depth: Depth<'_>,
    ) -> Option<usize> {
        let Window { start, end } = window;
        if end - start > self.left {
            return None;
        }
        let (window, layer) = window.decoded(text, decode, self.left);
        let ending = if window.ends_value(text) {
            Ending::Certain
        } else {
            Ending::Open
        };
        self.look(layer, ending, depth).then_some(window.end)
    }

    fn blob(&mut self, text: &[u8], piece: Blob, depth: Depth<'_>) {
        if piece.end - piece.start > self.left {
            return;
        }
        let decoded = piece.decode(text);
        let inner =
            packed::unpack(decoded.bytes(), self.left).or_else(|| utf16::utf16(decoded.bytes()));
        let Some(outer) = decoded.finish(piece.codec()) else {
            return;
        };
        let ending = ending_at(text, piece.end);
        if inner.is_none() {
            self.look(Some(outer), ending, depth);
        } else if let Some(stack) = depth.stack.push(outer.codec()) {
            let above = Above {
                layer: &outer,
                up: depth.above,
            };
            let depth = Depth {
                above: Some(&above),
                stack,
            };
            self.look(inner, ending, depth);
        }
    }

    /// Searches `layer` and the layers below it; says whether there was one, and room for it.
    fn look(&mut self, layer: Option<Layer>, ending: Ending, depth: Depth<'_>) -> bool {
        let Some(layer) = layer else { return false };
        let Some(left) = self.left.checked_sub(layer.text().len()) else {
            return false;
        };
        let Some(stack) = depth.stack.push(layer.codec()) else {
            return false;
        };
        self.left = left;
        let above = Above {
            layer: &layer,
            up: depth.above,
        };
        self.told.add(&above, stack);
        let mut scan = Scan::part(self.rules, layer.text(), ending);
        let signs = scan.take_signs(layer.text());
        for one in scan.into_found(layer.text()) {
            self.keep(one, &above, stack);
        }
        let depth = Depth {
            above: Some(&above),
            stack,
        };
        self.layers(layer.text(), &signs, depth);
        true
    }

    /// Keeps what was found in the innermost layer as stretches of the original text.
    fn keep(&mut self, one: Found, above: &Above<'_>, stack: Stack) {
        let (start, end) = (one.span.start(), one.span.end());
        let layer = above.layer;
        let joined = layer.codec().joins_pieces();
        if joined && !self.is_split(layer, one) || stack.joins_pieces() && !self.is_distinctive(one)
        {
            return;
        }
        let secret = layer.text().get(start..end).unwrap_or_default();
        let token = token_of(self.tokens, secret);
        above.trace(start, end, &mut |start, end| {
            let span = Span::new(start, end).ok();
            self.found.extend(span.map(|span| Found {
                span,
                token: Some(token),
                stack,
                ..one
            }));
        });
    }
}

impl Decoder<'_> {
    /// Whether a pattern or grammar found it. Pieces that were joined make names that nobody wrote.
    fn is_distinctive(&self, one: Found) -> bool {
        let By::Rule(rule) = one.by else {
            return false;
        };
        match self.rules.rule(rule).map(|rule| &rule.finder) {
            Some(Finder::Shape(_) | Finder::Grammar(_) | Finder::Custom(_)) => true,
            Some(Finder::Named(_)) | None => false,
        }
    }

    /// Whether it begins in one piece of `layer` and goes on in another, and the first part is not
    /// found alone: then it ends there, and the next piece is something else.
    fn is_split(&self, layer: &Layer, one: Found) -> bool {
        let start = one.span.start();
        let piece = layer.piece_at(start);
        if one.span.end() <= piece.end {
            return false;
        }
        let from = piece.start.max(start.saturating_sub(CONTEXT_LEN));
        let mut from = from..piece.end;
        let first = loop {
            match layer.text().get(from.clone()) {
                Some(first) => break first,
                None if from.start < start => from.start += 1,
                None => return false,
            }
        };
        let alone = Scan::part(self.rules, first, Ending::Open).into_found(first);
        !alone
            .iter()
            .any(|found| found.span.end() > start - from.start)
    }
}

/// Whether `text` holds a zero, or anything that is not ASCII. In UTF-8 nothing is 0x80 alone.
pub(crate) fn is_unusual(text: &[u8]) -> bool {
    let all = text
        .iter()
        .fold(0, |all, byte: &u8| all | byte.wrapping_sub(1));
    all >= 0x80
}

/// Whether what is encoded up to `end` ends there: before a marker it went on.
fn ending_at(text: &[u8], end: usize) -> Ending {
    if is_at(text, end, MARKER_START.as_bytes()) {
        Ending::Open
    } else {
        Ending::Certain
    }
}

/// The token of `secret` without its escapes, so that a plain and an escaped form of one secret
/// have one token.
pub(crate) fn token_of(tokens: &Tokenizer, secret: &str) -> Token {
    let mut layer: Option<Layer> = None;
    for _ in 0..codec::MAX_LAYERS {
        let text = layer.as_ref().map_or(secret, Layer::text);
        let Some(below) = unescape(text.as_bytes(), 0, text.len()) else {
            break;
        };
        layer = Some(below);
    }
    tokens.token(layer.as_ref().map_or(secret, Layer::text).as_bytes())
}

#[cfg(test)]
mod tests;
