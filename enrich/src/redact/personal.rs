//! Finds personal data: e-mail addresses, phone numbers, payment cards, bank accounts, national
//! ids and, where wanted, IP addresses.

mod card;
mod checksum;
mod config;
mod context;
mod digits;
mod email;
mod iban;
mod identity;
mod ip;
mod national;
mod number;
mod phone;
mod row;

use magistrate_event::Span;

use super::ascii::{byte, byte_before, follows_escape};
use super::detector::Label;
use national::Scheme;
use number::Phrase;
use row::{Lengths, Row};

pub use config::{Choice, PersonalConfig};
pub(crate) use config::{PersonalClass, Switches};
pub(crate) use identity::identity_spans;

/// One kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Personal {
    /// The local part of an e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// The number of a payment card.
    PaymentCard,
    /// A bank account.
    Iban,
    /// A national id.
    NationalId(Scheme),
    /// An IP address.
    IpAddress,
}

/// A stretch that holds personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Datum {
    pub(crate) span: Span,
    pub(crate) what: Personal,
    /// In percent.
    pub(crate) confidence: u8,
}

/// Shorter numbers that stand by themselves are nobody's.
const MIN_BARE_DIGITS: usize = 9;
/// So are those with fewer digits in all their groups.
const MIN_DIGITS: usize = 7;

/// Whether a neighbour may join groups of digits to one number.
const fn joins_groups(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'/')
}

impl Personal {
    /// What findings of all of them are called.
    pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
        let plain = [
            Self::Email,
            Self::Phone,
            Self::PaymentCard,
            Self::Iban,
            Self::IpAddress,
        ];
        let national = Scheme::ALL.into_iter().map(Self::NationalId);
        let all = plain.into_iter().chain(national);
        all.map(|one| one.label().kind)
    }

    /// What a finding of it is called.
    pub(crate) const fn label(self) -> Label {
        let (kind, id) = match self {
            Self::Email => ("personal.email", "email-address"),
            Self::Phone => ("personal.phone", "phone-number"),
            Self::PaymentCard => ("personal.payment_card", "payment-card"),
            Self::Iban => ("personal.iban", "iban"),
            Self::NationalId(scheme) => return scheme.label(),
            Self::IpAddress => ("personal.ip_address", "ip-address"),
        };
        Label { kind, id }
    }
}

/// Calls `visit` for all personal data in `text` of the classes that `switches` has on.
pub(crate) fn each(text: &str, switches: Switches, mut visit: impl FnMut(Datum)) {
    let bytes = text.as_bytes();
    let (email, phone) = (
        switches.masks(PersonalClass::Email),
        switches.masks(PersonalClass::Phone),
    );
    if email || phone {
        for at in memchr::memchr2_iter(b'@', b'+', bytes) {
            let datum = match byte(bytes, at) {
                b'@' if email => signed(email::local_part(text, at), Personal::Email, 90),
                b'+' if phone => signed(phone::international(bytes, at), Personal::Phone, 85),
                _ => None,
            };
            datum.into_iter().for_each(&mut visit);
        }
    }
    if switches.masks_numbers() {
        digits::each_run(bytes, |at, end| {
            number(bytes, at, end, switches, &mut visit)
        });
    }
    if switches.masks(PersonalClass::IpAddress) {
        ip::each(text, |span| {
            visit(Datum {
                span,
                what: Personal::IpAddress,
                confidence: 90,
            });
        });
    }
}

fn signed(span: Option<Span>, what: Personal, confidence: u8) -> Option<Datum> {
    span.map(|span| Datum {
        span,
        what,
        confidence,
    })
}

/// Looks at the number whose digits go from `at` to `end`; answers where the next may begin.
///
/// Nearly all are a part of an id, short, or a time: those are let go at the first sight.
#[inline]
fn number(
    text: &[u8],
    at: usize,
    end: usize,
    switches: Switches,
    visit: &mut impl FnMut(Datum),
) -> usize {
    let (before, after) = (byte_before(text, at), byte(text, end));
    let is_id = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    if is_id(after) || is_id(before) && !follows_escape(text, at) {
        return end;
    }
    let has_letters = before.is_ascii_uppercase() || after.is_ascii_uppercase();
    let has_groups = joins_groups(before) || joins_groups(after);
    let len = end - at;
    let is_too_little = match len {
        // `03:04:05`.
        2 | 3 if !joins_groups(after) => {
            !(before.is_ascii_uppercase() && after.is_ascii_uppercase())
        }
        _ => !has_letters && !has_groups && len < MIN_BARE_DIGITS,
    };
    if is_too_little || is_fraction(text, at, after) {
        return end;
    }
    if let Some(end) = end_of_id(text, at, end) {
        return end;
    }
    row(text, at, end, switches, visit)
}

/// Whether the digits at `at` are those of `0.123456`.
fn is_fraction(text: &[u8], at: usize, after: u8) -> bool {
    let digit = |distance: usize| {
        at.checked_sub(distance)
            .is_some_and(|at| byte(text, at).is_ascii_digit())
    };
    byte_before(text, at) == b'.' && digit(2) && !digit(3) && !joins_groups(after)
}

/// Where the UUID, the date or the other id ends of which the digits from `at` to `end` are a part.
fn end_of_id(text: &[u8], at: usize, end: usize) -> Option<usize> {
    let (before, after) = (byte_before(text, at), byte(text, end));
    let is_dash = |at: usize| byte(text, at) == b'-';
    if before != b'-' && after != b'-' {
        return None;
    }
    // 00000000-0000-0000-0000-000000000000
    let starts = [0, 9, 14, 19, 24]
        .into_iter()
        .filter_map(|offset| at.checked_sub(offset));
    let is_uuid = |start: &usize| [8, 13, 18, 23].iter().all(|dash| is_dash(start + dash));
    if let Some(start) = starts.clone().find(is_uuid) {
        return Some(start + 36);
    }
    // 2026-01-02
    if end - at == 4 && is_dash(at + 7) && matches!(byte(text, at), b'1' | b'2') && before != b'-' {
        return Some(at + 10);
    }
    let further = at.checked_sub(2).map_or(0, |at| byte(text, at));
    (before == b'-'
        && further.is_ascii_alphabetic()
        && after != b'-'
        && !further.is_ascii_uppercase())
    .then_some(end)
}

/// Looks at the groups of digits of which one goes from `at` to `end`.
#[inline(never)]
fn row(
    text: &[u8],
    at: usize,
    end: usize,
    switches: Switches,
    visit: &mut impl FnMut(Datum),
) -> usize {
    let row = Row::around(text, at);
    let lettered = lettered(text, at, end, row.start);
    if let Some(datum) = lettered.filter(|one| switches.masks(class(one.what))) {
        visit(datum);
        return datum.span.end().max(end);
    }
    if row.digit_count() >= MIN_DIGITS {
        let found = may_hold_id(text, &row) && in_groups(text, at, row.lengths, switches, visit);
        if !found && switches.masks(PersonalClass::Phone) {
            let datum = signed(phone::national(text, &row), Personal::Phone, 75);
            datum.into_iter().for_each(visit);
        }
    }
    row.end.max(end)
}

/// What has letters besides digits, in or around the groups from `first` on, of which one goes from
/// `at` to `end`.
fn lettered(text: &[u8], at: usize, end: usize, first: usize) -> Option<Datum> {
    let is_capital = |at: Option<usize>| at.is_some_and(|at| byte(text, at).is_ascii_uppercase());
    let touches = |at: usize| is_capital(at.checked_sub(1));
    // `GB29 NWBK 6016`, `X-1234567-L`, `131052-308T`, `12345678-Z`.
    let is_apart =
        |at: usize| matches!(byte_before(text, at), b' ' | b'-') && is_capital(at.checked_sub(2));
    let goes_on = matches!(end - at, 6..=8) && matches!(byte(text, end), b'-' | b'+');
    let may_be = touches(at)
        || touches(first)
        || is_capital(Some(end))
        || is_apart(at)
        || is_apart(first)
        || goes_on;
    if !may_be {
        return None;
    }
    let earlier = Some(first).filter(|first| *first < at);
    let iban = iban::iban(text, at).or_else(|| iban::iban(text, earlier?));
    let of_person = || {
        national::lettered(text, at)
            .or_else(|| national::lettered(text, earlier?))
            .or_else(|| national::spaced_nino(text, first))
    };
    // What ends before was seen before.
    let is_here = |datum: &Datum| at < datum.span.end();
    signed(iban, Personal::Iban, 95)
        .or_else(of_person)
        .filter(is_here)
}

/// Whether a card or a national id may begin with some group of `row`.
fn may_hold_id(text: &[u8], row: &Row) -> bool {
    let (mut start, mut rest) = (row.start, row.lengths);
    while rest != Lengths::NONE {
        if national::may_begin(text, start, rest) {
            return true;
        }
        start += 1 + rest.of(0);
        rest = rest.rest();
    }
    row.is_long()
}

/// Cards and national ids: groups of digits alone, of which one begins at `at`. Returns whether there
/// was one, masked or not.
#[inline(never)]
fn in_groups(
    text: &[u8],
    at: usize,
    lengths: Lengths,
    switches: Switches,
    visit: &mut impl FnMut(Datum),
) -> bool {
    let phrase = &Phrase::around(text, at);
    let (mut rest, mut first, mut found) = (lengths, 0, false);
    while let Some(group) = phrase.groups().get(first) {
        let datum = if national::may_begin(text, group.start, rest) {
            let card = || card::card(text, phrase, first);
            let id = || national::national_id(text, phrase, first, rest);
            card().or_else(id)
        } else {
            None
        };
        let past = datum.map_or(group.end(), |datum| datum.span.end());
        while phrase
            .groups()
            .get(first)
            .is_some_and(|group| group.start < past)
        {
            first += 1;
            rest = rest.rest();
        }
        if let Some(datum) = datum {
            found = true;
            if switches.masks(class(datum.what)) {
                visit(datum);
            }
        }
    }
    found
}

const fn class(what: Personal) -> PersonalClass {
    match what {
        Personal::Email => PersonalClass::Email,
        Personal::Phone => PersonalClass::Phone,
        Personal::PaymentCard => PersonalClass::PaymentCard,
        Personal::Iban => PersonalClass::Iban,
        Personal::NationalId(_) => PersonalClass::NationalId,
        Personal::IpAddress => PersonalClass::IpAddress,
    }
}

#[cfg(test)]
mod tests;
