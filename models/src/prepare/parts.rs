//! Which parts a text has: what a page shows, what it hides, where links lead.

use super::pieces::Pieces;
use super::{html, links};

/// What of a text an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// All of it, as it is written.
    Whole,
    /// What a page shows.
    Visible,
    /// What a page does not show to whoever looks at it: hidden elements, comments, attributes, scripts.
    Hidden,
    /// The texts and targets of links and images.
    Link,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 4] = [Self::Whole, Self::Visible, Self::Hidden, Self::Link];

    /// As rules and findings write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Visible => "visible",
            Self::Hidden => "hidden",
            Self::Link => "link",
        }
    }
}

/// What of a page goes where.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) visible: Pieces,
    pub(super) hidden: Pieces,
    pub(super) links: Pieces,
}

/// The parts of `text` beside the whole that hold something; of a text that is no HTML its links at most.
pub(super) fn parts(text: &str) -> Vec<(Part, Pieces)> {
    let mut sorted = if html::is_html(text) {
        html::sort(text)
    } else {
        Sorted::default()
    };
    links::of_markdown(text, &mut sorted.links);
    let parts = [
        (Part::Visible, sorted.visible),
        (Part::Hidden, sorted.hidden),
        (Part::Link, sorted.links),
    ];
    let filled = parts.into_iter().filter(|(_, pieces)| !pieces.is_blank());
    filled.collect()
}
