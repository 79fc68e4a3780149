//! Takes a page apart into what it shows, what it hides and where its links lead.
//!
//! Tokens are those of the HTML standard (13.2.5); which elements stand open is kept by a simpler rule
//! than its tree construction, in linear time. Whatever is not shown is hidden, and what is neither
//! stays where it stands: tags that are no HTML are a part of the text.

mod attributes;
mod elements;
mod open;
mod signs;

use std::convert::Infallible;
use std::ops::Range;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

use super::parts::Sorted;
use super::pieces::Pieces;
use super::style::Sheet;
use attributes::Tag;
use elements::Element;
use open::Open;
pub(super) use signs::is_html;

/// Of a link's text so much stands beside its target.
const MAX_LINK_TEXT: usize = 1_024;

/// What a page is being sorted into.
struct Walk<'a> {
    text: &'a str,
    sorted: Sorted,
    sheet: Sheet,
    open: Open,
    /// The start tag that is being read; none where it is no element of HTML.
    tag: Option<Tag>,
    tag_start: usize,
    /// Whether the text of a style sheet comes next.
    is_in_sheet: bool,
    /// Bytes that the open link's text may still have.
    link_left: usize,
}

/// The parts of a page.
pub(super) fn sort(text: &str) -> Sorted {
    let mut walk = Walk {
        text,
        sorted: Sorted::default(),
        sheet: Sheet::default(),
        open: Open::new(),
        tag: None,
        tag_start: 0,
        is_in_sheet: false,
        link_left: 0,
    };
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, span: Span<usize>| {
        walk.take(event, span.start..span.end);
        None::<Infallible>
    });
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(text, emitter).finish();
    walk.sorted
}

impl Walk<'_> {
    fn take(&mut self, event: CallbackEvent<'_>, range: Range<usize>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag_start = range.start;
                self.tag = Element::named(name).map(Tag::new);
            }
            CallbackEvent::AttributeName { name } => {
                if let Some(tag) = &mut self.tag {
                    tag.name(name);
                }
            }
            CallbackEvent::AttributeValue { value } => self.attribute(value, range),
            CallbackEvent::CloseStartTag { self_closing } => {
                self.start(self.tag_start..range.end, self_closing);
            }
            CallbackEvent::EndTag { name } => self.end(name, range),
            CallbackEvent::String { value } => self.string(value, range),
            CallbackEvent::Comment { value } => self.aside(value, range),
            CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
        }
    }

    fn attribute(&mut self, value: &[u8], range: Range<usize>) {
        let Some(tag) = &mut self.tag else {
            return;
        };
        let value = String::from_utf8_lossy(value);
        let into = tag.value(&value).map(|into| match into {
            attributes::Into::Hidden => &mut self.sorted.hidden,
            attributes::Into::Links => &mut self.sorted.links,
        });
        if let Some(pieces) = into {
            pieces.line(range.start);
            pieces.keep_decoded(self.text, &value, range);
        }
    }

    fn start(&mut self, range: Range<usize>, is_closed: bool) {
        let Some(tag) = self.tag.take() else {
            return self.literally(range);
        };
        let element = tag.element;
        self.open.make_way(element);
        let outside = self.open.inside();
        let inside = tag.inside(outside, &self.sheet);
        self.mark(element, range.clone());
        self.is_in_sheet = element.name() == "style";
        if tag.is_link {
            self.link_left = MAX_LINK_TEXT;
        }
        if element.is_void() || (is_closed && !element.is_raw()) {
            return;
        }
        if inside.is_hidden && !outside.is_hidden {
            self.sorted.hidden.line(range.end);
        }
        self.open.push(element, inside);
    }

    fn end(&mut self, name: &[u8], range: Range<usize>) {
        let Some(element) = Element::named(name) else {
            return self.literally(range);
        };
        self.is_in_sheet = false;
        let was = self.open.inside();
        self.open.close(element);
        if was.is_hidden && !self.open.inside().is_hidden {
            self.sorted.hidden.line(range.start);
        }
        self.mark(element, range);
        if element.name() == "a" {
            self.link_left = 0;
        }
    }

    /// Begins another line where an element does.
    fn mark(&mut self, element: Element, range: Range<usize>) {
        if element.is_of_lines() {
            self.shown().line(range.end);
        }
    }

    fn string(&mut self, value: &[u8], range: Range<usize>) {
        let value = String::from_utf8_lossy(value);
        if self.is_in_sheet {
            self.sheet.read(&value);
        }
        let text = self.text;
        if self.link_left >= value.len() {
            self.link_left -= value.len();
            self.sorted.links.replace(" ", range.start..range.start);
            self.sorted.links.keep_decoded(text, &value, range.clone());
        }
        self.shown().keep_decoded(text, &value, range);
    }

    /// A comment, or what is treated like one.
    fn aside(&mut self, value: &[u8], range: Range<usize>) {
        let value = String::from_utf8_lossy(value);
        let whole = self.text.get(range.clone()).unwrap_or_default();
        let from = within(whole, &value);
        let from = range.start + from.start..range.start + from.end;
        let hidden = &mut self.sorted.hidden;
        hidden.line(range.start);
        hidden.keep_decoded(self.text, &value, from);
        hidden.line(range.end);
    }

    /// A tag that is no HTML stays in the text.
    fn literally(&mut self, range: Range<usize>) {
        let text = self.text;
        self.shown().keep(text, range);
    }

    /// Where text goes that stands here.
    fn shown(&mut self) -> &mut Pieces {
        if self.open.inside().is_hidden {
            &mut self.sorted.hidden
        } else {
            &mut self.sorted.visible
        }
    }
}

/// Where the text `value` of the comment `whole` stands in it: between its signs, where line ends are
/// written in another way.
fn within(whole: &str, value: &str) -> Range<usize> {
    if let Some(start) = whole.find(value) {
        return start..start + value.len();
    }
    let begins = ["<!--", "<!", "</", "<"];
    let rest = begins.iter().find_map(|sign| whole.strip_prefix(sign));
    let rest = rest.unwrap_or(whole);
    let start = whole.len() - rest.len();
    let ends = ["--!>", "-->", ">"];
    let text = ends.iter().find_map(|sign| rest.strip_suffix(sign));
    start..start + text.unwrap_or(rest).len()
}
