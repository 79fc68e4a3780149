//! Tells payment cards from other numbers: by issuer, length, grouping and check digit (ISO/IEC
//! 7812). Vendors' test cards are cards too.

use super::checksum::{luhn, value};
use super::context::is_near;
use super::number::{Digits, Group, Phrase, span_of, stands_alone};
use super::{Datum, Personal};

/// How cards are written with blanks or dashes.
const GROUPINGS: [&[usize]; 6] = [
    &[4, 4, 4, 4],
    &[4, 6, 5],
    &[4, 6, 4],
    &[4, 4, 4, 4, 3],
    &[4, 5, 6],
    &[6, 10],
];

const WORDS: [&str; 16] = [
    "card",
    "visa",
    "mastercard",
    "maestro",
    "amex",
    "credit",
    "debit",
    "unionpay",
    "karte",
    "carte",
    "tarjeta",
    "carta",
    "cartao",
    "cartão",
    "kaart",
    "kort",
];

/// The card that begins with group number `first` of `phrase`.
pub(crate) fn card(text: &[u8], phrase: &Phrase, first: usize) -> Option<Datum> {
    let groups = phrase.groups().get(first..)?;
    match groups.first()?.len {
        4 | 6 => grouped(text, phrase, first, groups),
        13..=19 => bare(text, groups),
        _ => None,
    }
}

fn bare(text: &[u8], groups: &[Group]) -> Option<Datum> {
    let group = *groups.first()?;
    if !stands_alone(text, group.start, group.end()) {
        return None;
    }
    let digits = Digits::of(text, group.start, group.end());
    if !is_card(digits.as_slice()) {
        return None;
    }
    // Ids of 13 and of 17 to 19 digits are everywhere; cards of these lengths are rare.
    let usual = matches!(group.len, 14..=16);
    if !usual && !is_near(text, group.start, group.end(), &WORDS) {
        return None;
    }
    datum(group, group, 85)
}

fn grouped(text: &[u8], phrase: &Phrase, first: usize, groups: &[Group]) -> Option<Datum> {
    let separator = *text.get(groups.first()?.end())?;
    if !matches!(separator, b' ' | b'-') {
        return None;
    }
    for lengths in GROUPINGS {
        let Some(window) = groups.get(..lengths.len()) else {
            continue;
        };
        let (Some(&start), Some(&end)) = (window.first(), window.last()) else {
            continue;
        };
        let has_lengths = window
            .iter()
            .zip(lengths)
            .all(|(group, len)| group.len == *len);
        let inner = window.iter().rev().skip(1);
        let is_even = || {
            inner
                .clone()
                .all(|group| text.get(group.end()) == Some(&separator))
        };
        let digits = || Digits::of(text, start.start, end.end());
        if has_lengths
            && is_even()
            && is_card(digits().as_slice())
            && stands_alone(text, start.start, end.end())
            && !goes_on(text, phrase, first, lengths.len())
        {
            return datum(start, end, 95);
        }
    }
    None
}

/// Whether more groups of four stand before or after: a table of numbers rather than a card.
fn goes_on(text: &[u8], phrase: &Phrase, first: usize, count: usize) -> bool {
    let four = |at: Option<usize>| {
        at.and_then(|at| phrase.groups().get(at))
            .is_some_and(|group| group.len == 4)
    };
    let after = phrase.groups().get(first + count - 1);
    let is_expiry = after.is_some_and(|last| text.get(last.end() + 3) == Some(&b'/'));
    four(first.checked_sub(1)) || four(Some(first + count)) && !is_expiry
}

fn datum(first: Group, last: Group, confidence: u8) -> Option<Datum> {
    Some(Datum {
        span: span_of(first, last)?,
        what: Personal::PaymentCard,
        confidence,
    })
}

/// Whether an issuer has cards of this beginning and length, and the check digit is right.
fn is_card(digits: &[u8]) -> bool {
    let varied = digits.windows(2).any(|pair| pair.first() != pair.last());
    varied && is_issued(digits) && luhn(digits)
}

/// The ranges of issuers as the networks publish them.
fn is_issued(digits: &[u8]) -> bool {
    let Some(head) = digits.get(..6).map(value) else {
        return false;
    };
    let len = digits.len();
    match head {
        // Visa.
        400_000..=499_999 => matches!(len, 13 | 16 | 19),
        // American Express.
        340_000..=349_999 | 370_000..=379_999 => len == 15,
        // Mastercard.
        510_000..=559_999 | 222_100..=272_099 => len == 16,
        // Mir.
        220_000..=220_499 => (16..=19).contains(&len),
        // Diners Club.
        300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999 => {
            matches!(len, 14 | 16 | 19)
        }
        // JCB.
        352_800..=358_999 => (16..=19).contains(&len),
        // Discover, UnionPay and RuPay.
        601_100..=601_199 | 644_000..=659_999 | 620_000..=629_999 | 810_000..=829_999 => {
            (16..=19).contains(&len)
        }
        // Maestro, Dankort, InterPayment, RuPay.
        500_000..=509_999
        | 560_000..=589_999
        | 600_000..=609_999
        | 636_000..=639_999
        | 670_000..=679_999 => (16..=19).contains(&len),
        // Troy.
        979_200..=979_289 => len == 16,
        _ => false,
    }
}
