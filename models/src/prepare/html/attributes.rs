//! What the attributes of a start tag say: whether its element is shown, where it leads, and texts that
//! a page does not show.

use super::elements::Element;
use super::open::Inside;
use crate::prepare::style::{Ground, Sheet, look};

/// Words of letters that an attribute must have to be a text: one that is for people, and one that is
/// for machines.
const FOR_PEOPLE: usize = 2;
const FOR_MACHINES: usize = 5;
/// Scripts without spaces between words have so many letters instead.
const UNSPACED: usize = 6;

/// A start tag.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) element: Element,
    /// Whether it is a link with a target.
    pub(super) is_link: bool,
    attribute: Attribute,
    is_hidden: bool,
    style: String,
    classes: String,
    id: String,
    colour: String,
    ground: Option<Ground>,
}

/// What an attribute is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attribute {
    Style,
    Classes,
    Id,
    Colour,
    Ground,
    Target,
    ForPeople,
    ForMachines,
}

/// Where the value of an attribute goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Into {
    Hidden,
    Links,
}

impl Attribute {
    fn named(name: &[u8]) -> Self {
        match name {
            b"style" => Self::Style,
            b"class" => Self::Classes,
            b"id" => Self::Id,
            b"color" => Self::Colour,
            b"bgcolor" => Self::Ground,
            b"href" | b"src" | b"action" | b"formaction" | b"data" | b"poster" | b"cite"
            | b"background" | b"srcset" | b"ping" | b"longdesc" | b"xlink:href" => Self::Target,
            b"alt" | b"title" | b"placeholder" | b"value" | b"content" | b"summary" | b"label"
            | b"standby" | b"abbr" | b"srcdoc" => Self::ForPeople,
            name if name.starts_with(b"aria-") || name.starts_with(b"data-") => Self::ForPeople,
            _ => Self::ForMachines,
        }
    }
}

impl Tag {
    pub(super) const fn new(element: Element) -> Self {
        Self {
            element,
            is_link: false,
            attribute: Attribute::ForMachines,
            is_hidden: false,
            style: String::new(),
            classes: String::new(),
            id: String::new(),
            colour: String::new(),
            ground: None,
        }
    }

    /// The name of the next attribute.
    pub(super) fn name(&mut self, name: &[u8]) {
        self.attribute = Attribute::named(name);
        self.is_hidden |= name == b"hidden";
    }

    /// The value of the last one, and where it is read as a text.
    pub(super) fn value(&mut self, value: &str) -> Option<Into> {
        match self.attribute {
            Attribute::Style => value.clone_into(&mut self.style),
            Attribute::Classes => value.clone_into(&mut self.classes),
            Attribute::Id => value.clone_into(&mut self.id),
            Attribute::Colour => value.clone_into(&mut self.colour),
            Attribute::Ground => self.ground = Ground::of(&value.to_ascii_lowercase()),
            Attribute::Target => return self.target(value),
            Attribute::ForPeople => return has_words(value, FOR_PEOPLE).then_some(Into::Hidden),
            Attribute::ForMachines => {}
        }
        has_words(value, FOR_MACHINES).then_some(Into::Hidden)
    }

    fn target(&mut self, value: &str) -> Option<Into> {
        let is_within = value.starts_with('#');
        let is_picture = value.starts_with("data:") && value.contains(";base64,");
        if is_within || is_picture {
            return None;
        }
        self.is_link |= self.element.name() == "a";
        Some(Into::Links)
    }

    /// What the element does to what stands in it.
    pub(super) fn inside(&self, outside: Inside, sheet: &Sheet) -> Inside {
        let look = look(&self.style, self.ground.unwrap_or(outside.ground));
        Inside {
            is_hidden: outside.is_hidden
                || self.is_hidden
                || look.is_hidden
                || self.element.is_unshown()
                || sheet.hides_class(&self.classes)
                || sheet.hides_id(&self.id)
                || look.ground.swallows_named(&self.colour),
            ground: look.ground,
        }
    }
}

/// Whether `value` has as many words of letters, or as many letters beyond ASCII.
fn has_words(value: &str, words: usize) -> bool {
    let bare = value
        .split_ascii_whitespace()
        .map(|word| word.trim_matches(|letter: char| letter.is_ascii_punctuation()));
    let of_letters = bare.filter(|word| !word.is_empty() && word.chars().all(char::is_alphabetic));
    let beyond = |letter: &char| !letter.is_ascii() && letter.is_alphabetic();
    of_letters.take(words).count() == words
        || value.chars().filter(beyond).take(UNSPACED).count() == UNSPACED
}
