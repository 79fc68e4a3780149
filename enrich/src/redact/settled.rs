//! Tells what can be masked without a further look: nothing around it reads otherwise afterwards.
//!
//! A marker can make a neighbour begin or end where none did, `…xyz` or `Cookie: a=[redacted:…] b`.
//! Where what was masked filled all there is between two signs that end words, the signs are still
//! there, and the marker between them is as little a part of anything as what it stands for.

use magistrate_event::Span;

use super::ascii::{KEY_END_BYTE, VALUE_END_BYTE, byte, byte_before, slice};
use super::decode::sign::Signs;
use super::decode::{Stack, is_unusual};
use super::detector::Detector;
use super::merge::{By, Found};
use super::named::Content;
use super::personal::Personal;
use super::rule::Seat;
use super::ruleset::{Finder, RuleSet};

/// What stands nearer than this may be decoded together with a masked stretch, in bytes.
const NEAR_LEN: usize = 512;

/// What a stretch must stand before to be left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// The end of a word in any notation.
    Word,
    /// The same, or the `@` of an address.
    Address,
    /// Quotation marks and blanks: values go on behind other signs.
    Value,
}

/// Whether the text around `one`, in which `signs` were seen, reads as before when it is masked.
pub(crate) fn is_settled(rules: &RuleSet, text: &[u8], signs: &Signs, one: Found) -> bool {
    let (before, after) = (
        byte_before(text, one.span.start()),
        byte(text, one.span.end()),
    );
    let Some(ends) = ends(rules, one.by) else {
        return false;
    };
    let is_apart = stands_before(before)
        && match ends {
            Ends::Word => stands_after(after),
            Ends::Address => stands_after(after) || after == b'@',
            Ends::Value => ends_text(after),
        };
    is_apart && one.stack == Stack::default() && !is_near_encoded(text, signs, one.span)
}

/// How a place must end that what `by` finds fills; `None` where it need not be all of it.
fn ends(rules: &RuleSet, by: By) -> Option<Ends> {
    let rule = match by {
        By::Rule(rule) => rule,
        By::Detector(Detector::Personal(Personal::Email)) => return Some(Ends::Address),
        By::Detector(Detector::Personal(_)) => return Some(Ends::Word),
        By::Detector(Detector::List(_)) => return None,
    };
    match &rules.rule(rule)?.finder {
        Finder::Shape(shape) if shape.seat == Seat::Literal => Some(Ends::Word),
        Finder::Shape(_) => Some(Ends::Value),
        Finder::Named(named) => match named.content {
            Content::Authorization | Content::Cookies => None,
            Content::Secret | Content::LikelySecret | Content::RandomSecret | Content::Session => {
                Some(Ends::Value)
            }
        },
        Finder::Grammar(_) | Finder::Custom(_) => None,
    }
}

fn is_near_encoded(text: &[u8], signs: &Signs, span: Span) -> bool {
    let (from, to) = (span.start().saturating_sub(NEAR_LEN), span.end() + NEAR_LEN);
    signs.are_within(from, to) || signs.is_unusual && is_unusual(slice(text, from, to))
}

/// Outside of the text, [`byte`] is 0.
const fn stands_before(byte: u8) -> bool {
    ends_text(byte)
        || matches!(
            byte,
            b'=' | b':' | b'(' | b'<' | b'>' | b',' | b';' | b'|' | b'&'
        )
}

const fn stands_after(byte: u8) -> bool {
    ends_text(byte) || matches!(byte, b')' | b'<' | b'>' | b',' | b';' | b'|' | b'&')
}

const fn ends_text(byte: u8) -> bool {
    matches!(
        byte,
        0 | b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'`' | KEY_END_BYTE | VALUE_END_BYTE
    )
}
