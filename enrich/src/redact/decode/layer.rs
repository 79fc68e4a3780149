//! A decoded text that knows which bytes of its source made each of its own.

use super::codec::Codec;

/// A text that was made from a stretch of another one, its source.
#[derive(Debug)]
pub(crate) struct Layer {
    text: String,
    codec: Codec,
    base: usize,
    runs: Vec<Run>,
}

/// Decoded bytes in a row whose units are of equal length, as are the stretches that made them:
/// three bytes from four characters of base64, one byte from itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// Offset of the first byte in the decoded text.
    at: u32,
    /// Offset in the source, counted from the layer's base.
    from: u32,
    /// Where it ends in the source.
    to: u32,
    /// Decoded bytes of a unit.
    unit: u32,
    /// Source bytes of a unit.
    step: u32,
}

/// Builds a [`Layer`] from left to right.
#[derive(Debug)]
pub(crate) struct Weaver {
    bytes: Vec<u8>,
    base: usize,
    runs: Vec<Run>,
}

impl Layer {
    /// The decoded text; what was no UTF-8 is `?`.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) const fn codec(&self) -> Codec {
        self.codec
    }

    /// Calls `visit` with the stretches of the source that made `start..end`: one, or, where pieces
    /// were joined, one for each piece.
    pub(crate) fn sources(&self, start: usize, end: usize, visit: &mut dyn FnMut(usize, usize)) {
        let first = self.run_at(start);
        let last = self.run_at(end.saturating_sub(1));
        let runs = self.runs.get(first..=last).unwrap_or_default();
        let from = |run: &Run| self.base + run.source_of(start);
        let to = |run: &Run| self.base + run.source_end_of(end);
        if self.codec.joins_pieces() {
            runs.iter().for_each(|run| visit(from(run), to(run)));
        } else if let (Some(first), Some(last)) = (runs.first(), runs.last()) {
            visit(from(first), to(last));
        }
    }

    /// Whether `start..end`, and the byte on either side, stand in the source as they are.
    pub(crate) fn is_verbatim(&self, start: usize, end: usize) -> bool {
        let first = self.run_at(start.saturating_sub(1));
        let last = self.run_at(end.min(self.text.len().saturating_sub(1)));
        first == last
            && self
                .runs
                .get(first)
                .is_some_and(|run| run.unit == 1 && run.step == 1)
    }

    /// The piece, among those that were joined, that holds the byte at `at`.
    pub(crate) fn piece_at(&self, at: usize) -> std::ops::Range<usize> {
        let index = self.run_at(at);
        let start_of = |index: usize| self.runs.get(index).map(|run| run.at as usize);
        start_of(index).unwrap_or_default()..start_of(index + 1).unwrap_or(self.text.len())
    }

    /// The index of the run that holds the byte at `at`.
    fn run_at(&self, at: usize) -> usize {
        let after = self.runs.partition_point(|run| run.at as usize <= at);
        after.saturating_sub(1)
    }
}

impl Run {
    /// Where the unit of the decoded byte at `at` begins; the beginning for an earlier byte.
    const fn source_of(&self, at: usize) -> usize {
        let units = at.saturating_sub(self.at as usize) / self.unit as usize;
        self.from as usize + units * self.step as usize
    }

    /// Where the unit of the last byte before `end` ends; the end for a later byte.
    fn source_end_of(&self, end: usize) -> usize {
        let units = end
            .saturating_sub(self.at as usize)
            .div_ceil(self.unit as usize);
        (self.from as usize + units * self.step as usize).min(self.to as usize)
    }
}

impl Weaver {
    /// A layer whose source lies from `base` on; `room` is how long it may become.
    pub(crate) fn new(base: usize, room: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(room),
            base,
            runs: Vec::new(),
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends `bytes`, which stand in the source, from `from` on, as they are.
    pub(crate) fn copy(&mut self, bytes: &[u8], from: usize) {
        self.push(bytes, 1, from, 1, from + bytes.len());
    }

    /// Appends `bytes`, all of which were made by `from..to` of the source.
    pub(crate) fn put(&mut self, bytes: &[u8], from: usize, to: usize) {
        self.push(bytes, bytes.len(), from, to.saturating_sub(from), to);
    }

    /// The finished layer; `None` when nothing was decoded.
    pub(crate) fn finish(self, codec: Codec) -> Option<Layer> {
        if self.bytes.is_empty() || self.runs.is_empty() {
            return None;
        }
        Some(Layer {
            text: into_text(self.bytes),
            codec,
            base: self.base,
            runs: self.runs,
        })
    }

    fn push(&mut self, bytes: &[u8], unit: usize, from: usize, step: usize, to: usize) {
        let number = |offset: usize| u32::try_from(offset).ok();
        let run = || {
            Some(Run {
                at: number(self.bytes.len())?,
                from: number(from.checked_sub(self.base)?)?,
                to: number(to.checked_sub(self.base)?)?,
                unit: number(unit)?,
                step: number(step)?,
            })
        };
        let Some(run) = run().filter(|_| !bytes.is_empty()) else {
            return;
        };
        self.bytes.extend_from_slice(bytes);
        match self.runs.last_mut() {
            Some(last) if last.unit == run.unit && last.step == run.step && last.to == run.from => {
                last.to = run.to;
            }
            Some(_) | None => self.runs.push(run),
        }
    }
}

/// `bytes` as a text of the same length: each byte that is no UTF-8 becomes `?`.
fn into_text(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return text,
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(layer: &Layer, start: usize, end: usize) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        layer.sources(start, end, &mut |from, to| found.push((from, to)));
        found
    }

    #[test]
    fn each_byte_knows_what_made_it() {
        let mut weaver = Weaver::new(100, 16);
        weaver.copy(b"ab", 100);
        weaver.put(b"%", 102, 105);
        weaver.put(b"&", 105, 108);
        weaver.copy(b"cd", 108);
        weaver.put("é".as_bytes(), 110, 116);
        let layer = weaver.finish(Codec::BASE64).unwrap();
        assert_eq!(layer.text(), "ab%&cdé");
        assert_eq!(sources(&layer, 0, 1), [(100, 101)]);
        assert_eq!(sources(&layer, 1, 3), [(101, 105)]);
        assert_eq!(sources(&layer, 3, 5), [(105, 109)]);
        assert_eq!(sources(&layer, 6, 8), [(110, 116)]);
        assert_eq!(sources(&layer, 7, 8), [(110, 116)]);
        assert_eq!(sources(&layer, 0, 8), [(100, 116)]);
    }

    #[test]
    fn a_group_is_never_cut() {
        let mut weaver = Weaver::new(0, 16);
        weaver.put(b"abc", 0, 4);
        weaver.put(b"def", 4, 8);
        weaver.put(b"gh", 8, 11);
        let layer = weaver.finish(Codec::BASE64).unwrap();
        assert_eq!(sources(&layer, 1, 2), [(0, 4)]);
        assert_eq!(sources(&layer, 2, 4), [(0, 8)]);
        assert_eq!(sources(&layer, 3, 7), [(4, 11)]);
    }

    #[test]
    fn joined_pieces_stay_apart() {
        let mut weaver = Weaver::new(0, 16);
        weaver.copy(b"abc", 10);
        weaver.copy(b"def", 20);
        let layer = weaver.finish(Codec::JOINED).unwrap();
        assert_eq!(sources(&layer, 1, 5), [(11, 13), (20, 22)]);
        assert_eq!(sources(&layer, 0, 3), [(10, 13)]);
    }

    #[test]
    fn what_stands_unchanged_with_its_neighbours_is_verbatim() {
        let mut weaver = Weaver::new(0, 16);
        weaver.copy(b"abcdef", 0);
        weaver.put(b"&", 6, 9);
        weaver.copy(b"gh", 9);
        let layer = weaver.finish(Codec::BASE64).unwrap();
        assert!(layer.is_verbatim(1, 5));
        assert!(layer.is_verbatim(0, 5));
        assert!(!layer.is_verbatim(1, 6));
        assert!(!layer.is_verbatim(7, 9));
        assert!(layer.is_verbatim(8, 9));
    }

    #[test]
    fn bytes_that_are_no_text_keep_their_places() {
        let mut weaver = Weaver::new(0, 16);
        weaver.copy(b"a\xff\xfeb\xc3", 0);
        let layer = weaver.finish(Codec::BASE64).unwrap();
        assert_eq!(layer.text(), "a??b?");
        assert!(Weaver::new(0, 0).finish(Codec::HEX).is_none());
    }
}
