//! How deep a decoder stands, and how it comes back to the original text.

use super::codec::Stack;
use super::layer::Layer;

/// A layer and those that it was found in, outermost last.
pub(super) struct Above<'a> {
    pub(super) layer: &'a Layer,
    pub(super) up: Option<&'a Self>,
}

/// Where a decoder stands: the layers above, by name too.
#[derive(Clone, Copy, Default)]
pub(super) struct Depth<'a> {
    pub(super) above: Option<&'a Above<'a>>,
    pub(super) stack: Stack,
}

impl Above<'_> {
    /// Calls `visit` with the stretches of the original text that made `start..end` of the layer.
    pub(super) fn trace(&self, start: usize, end: usize, visit: &mut dyn FnMut(usize, usize)) {
        self.layer
            .sources(start, end, &mut |start, end| match self.up {
                Some(up) => up.trace(start, end, visit),
                None => visit(start, end),
            });
    }
}

impl Depth<'_> {
    /// Whether the layer above shows `start..end` as its source does, where it was seen already.
    pub(super) fn has_seen(&self, start: usize, end: usize) -> bool {
        self.above
            .is_some_and(|above| above.layer.is_verbatim(start, end))
    }
}
