//! Tells what can be masked without a further look: nothing around it reads otherwise afterwards.
//!
//! A marker can make a neighbour begin or end where none did, `…xyz` or `Cookie: a=[redacted:…] b`.
//! Where personal data filled all there is between two signs that end words, the signs are still
//! there, and the marker between them is as little a part of anything as what it stands for.

use magistrate_event::Span;

use super::ascii::{KEY_END_BYTE, VALUE_END_BYTE, byte, byte_before, slice};
use super::decode::sign::Signs;
use super::decode::{Stack, is_unusual};
use super::detector::Detector;
use super::merge::{By, Found};
use super::personal::Personal;

/// What stands nearer than this may be decoded together with a masked stretch, in bytes.
const NEAR_LEN: usize = 512;

/// A number may go on behind a sign, a letter in front of its digits, or both.
const JOINED_LEN: usize = 4;

/// Whether the text around `one`, in which `signs` were seen, reads as before when it is masked.
pub(crate) fn is_settled(text: &[u8], signs: &Signs, one: Found) -> bool {
    let (before, after) = (
        byte_before(text, one.span.start()),
        byte(text, one.span.end()),
    );
    let is_apart = match one.by {
        By::Detector(Detector::Personal(Personal::Email)) => stands_after(after) || after == b'@',
        By::Detector(Detector::Personal(_)) => stands_after(after),
        // What a rule took for a secret may have kept another one from being seen.
        By::Detector(Detector::List(_)) | By::Rule(_) => false,
    };
    is_apart
        && stands_before(before)
        && one.stack == Stack::default()
        && is_plain(slice(text, one.span.start(), one.span.end()))
        && !is_near_number(text, one.span)
        && !is_near_encoded(text, signs, one.span)
}

/// Whether what is masked has no sign that may have been read with what stands around it.
fn is_plain(masked: &[u8]) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+/ ".contains(&byte);
    masked.iter().all(|&byte| is_plain(byte))
}

/// Whether digits stand so near that they and what is masked may have been read as one number, or as
/// none because of each other.
fn is_near_number(text: &[u8], span: Span) -> bool {
    let before = slice(text, span.start().saturating_sub(JOINED_LEN), span.start());
    let after = slice(text, span.end(), span.end() + JOINED_LEN);
    let before = before.iter().rev().take_while(|byte| !ends_number(**byte));
    let after = after.iter().take_while(|byte| !ends_number(**byte));
    before.chain(after).any(u8::is_ascii_digit)
}

/// Whether no number goes on behind it.
const fn ends_number(byte: u8) -> bool {
    matches!(
        byte,
        b'\n' | b'\r' | b'"' | b'\'' | b'`' | KEY_END_BYTE | VALUE_END_BYTE
    )
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
