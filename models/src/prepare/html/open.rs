//! The elements that are open at a place of a page, and whether what stands there is shown.

use super::elements::Element;
use crate::prepare::style::Ground;

/// Deeper ones are taken for a part of the one that holds them.
const MAX_DEPTH: usize = 10_000;

/// What an element does to what stands in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inside {
    pub(super) is_hidden: bool,
    /// What stands behind its text.
    pub(super) ground: Ground,
}

/// A stack of open elements. Every step takes the same time in the mean: what is taken off was put on.
#[derive(Debug)]
pub(super) struct Open {
    stack: Vec<(Element, Inside)>,
    /// How many of each element are open.
    counts: [u32; Element::COUNT],
}

impl Open {
    pub(super) const fn new() -> Self {
        Self {
            stack: Vec::new(),
            counts: [0; Element::COUNT],
        }
    }

    /// What the innermost one does.
    pub(super) fn inside(&self) -> Inside {
        self.stack
            .last()
            .map_or(Inside::PAGE, |(_, inside)| *inside)
    }

    /// Closes what cannot stand open where `element` begins.
    pub(super) fn make_way(&mut self, element: Element) {
        let last = self.stack.last().map(|(last, _)| *last);
        if element.is_closed_by_next() && last == Some(element) {
            self.pop();
        }
    }

    pub(super) fn push(&mut self, element: Element, inside: Inside) {
        if self.stack.len() < MAX_DEPTH {
            self.stack.push((element, inside));
            self.change(element, 1);
        }
    }

    /// Closes the innermost `element` and all that stands open in it; nothing where none is open.
    pub(super) fn close(&mut self, element: Element) {
        let count = self.counts.get(element.number()).copied();
        if count.unwrap_or(0) == 0 {
            return;
        }
        while let Some(popped) = self.pop() {
            if popped == element {
                return;
            }
        }
    }

    fn pop(&mut self) -> Option<Element> {
        let (element, _) = self.stack.pop()?;
        self.change(element, -1);
        Some(element)
    }

    fn change(&mut self, element: Element, by: i32) {
        if let Some(count) = self.counts.get_mut(element.number()) {
            *count = count.saturating_add_signed(by);
        }
    }
}

impl Inside {
    /// Outside of all elements.
    pub(super) const PAGE: Self = Self {
        is_hidden: false,
        ground: Ground::PAGE,
    };
}
