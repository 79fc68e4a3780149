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

use magistrate_event::Span;

use super::ascii::{byte, byte_before, follows_escape, skip};
use super::detector::Label;
use national::Scheme;
use number::Phrase;

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
/// Signs between groups count as neighbours that may belong to a number.
const fn joins_groups(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'.' | b'/')
}

impl Personal {
    /// What a finding of it is called.
    pub(crate) const fn label(self) -> Label<'static> {
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
        digits::each_start(bytes, |at| number(bytes, at, switches, &mut visit));
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

/// Looks at the number whose digits begin at `at`; answers where the next may begin.
///
/// Nearly all are a part of an id or short: those are let go at the first sight.
fn number(text: &[u8], at: usize, switches: Switches, visit: &mut impl FnMut(Datum)) -> usize {
    let end = skip(text, at, 2 * number::MAX_GROUP_LEN, |byte| {
        byte.is_ascii_digit()
    });
    let (before, after) = (byte_before(text, at), byte(text, end));
    let is_id = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    if is_id(after) || is_id(before) && !follows_escape(text, at) {
        return end;
    }
    let has_letters = before.is_ascii_uppercase() || after.is_ascii_uppercase();
    let has_groups = joins_groups(before) || joins_groups(after);
    if !has_letters && !has_groups && end - at < MIN_BARE_DIGITS {
        return end;
    }
    let phrase = Phrase::around(text, at);
    let lettered = lettered(text, at, &phrase).filter(|datum| switches.masks(class(datum.what)));
    if let Some(datum) = lettered {
        visit(datum);
        return datum.span.end().max(end);
    }
    in_groups(text, &phrase, switches, visit);
    phrase.end().max(end)
}

/// What has letters besides digits, in or around `phrase`.
fn lettered(text: &[u8], at: usize, phrase: &Phrase) -> Option<Datum> {
    let first = phrase.groups().first()?.start;
    let iban = iban::iban(text, at).or_else(|| iban::iban(text, first));
    let of_person = || {
        national::lettered(text, at)
            .or_else(|| national::lettered(text, first))
            .or_else(|| national::spaced_nino(text, first))
    };
    // What ends before was seen before.
    let is_here = |datum: &Datum| at < datum.span.end();
    signed(iban, Personal::Iban, 95)
        .or_else(of_person)
        .filter(is_here)
}

/// Cards, national ids and phone numbers: groups of digits alone.
fn in_groups(text: &[u8], phrase: &Phrase, switches: Switches, visit: &mut impl FnMut(Datum)) {
    let mut first = 0;
    let mut found = false;
    while first < phrase.groups().len() {
        let card = || card::card(text, phrase, first);
        let id = || national::national_id(text, phrase, first);
        let datum = card().or_else(id);
        if let Some(datum) = datum {
            found = true;
            if switches.masks(class(datum.what)) {
                visit(datum);
            }
            let is_inside = |group: &&number::Group| group.start < datum.span.end();
            first = phrase.groups().iter().take_while(is_inside).count();
        } else {
            first += 1;
        }
    }
    if !found && switches.masks(PersonalClass::Phone) {
        let datum = signed(phone::national(text, phrase), Personal::Phone, 75);
        datum.into_iter().for_each(visit);
    }
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
