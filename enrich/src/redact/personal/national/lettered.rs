//! Finds the national ids that have letters: by their letters' places and their check sign.

use magistrate_event::Span;

use super::Scheme;
use super::numeric::cn_ric_check;
use crate::redact::ascii::{byte, byte_before, slice};
use crate::redact::personal::checksum::value;
use crate::redact::personal::number::{Digits, stands_alone};
use crate::redact::personal::{Datum, Personal};

/// Longer runs of capitals and digits are no id of these kinds.
const MAX_TOKEN_LEN: usize = 18;

/// The id around the digits that begin at `at`. Letters must be capitals.
pub(crate) fn lettered(text: &[u8], at: usize) -> Option<Datum> {
    let start = at - signs_before(text, at);
    let end = at + signs_after(text, at);
    let token = text.get(start..end)?;
    let whole = |scheme: Scheme| datum(text, start, end, scheme);
    match token.len() {
        6 | 11 => hetu(text, start),
        7 => nie_with_dashes(text, start, end),
        8 => dni_with_dash(text, start, end),
        9 => nine(token).and_then(whole),
        10 if is_pan(token) => whole(Scheme::InPan),
        16 if is_codice_fiscale(token) => whole(Scheme::ItCodiceFiscale),
        18 if is_ric_with_x(token) => whole(Scheme::CnRic),
        _ => None,
    }
}

const fn is_sign(byte: &u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn signs_before(text: &[u8], at: usize) -> usize {
    let before = slice(text, at.saturating_sub(MAX_TOKEN_LEN + 1), at);
    before.iter().rev().take_while(|byte| is_sign(byte)).count()
}

fn signs_after(text: &[u8], at: usize) -> usize {
    let after = slice(text, at, at + MAX_TOKEN_LEN + 1);
    after.iter().take_while(|byte| is_sign(byte)).count()
}

fn datum(text: &[u8], start: usize, end: usize, scheme: Scheme) -> Option<Datum> {
    // Base64 ends in `=` or goes on behind `+`.
    let is_base64 = byte(text, end) == b'='
        || matches!(byte(text, end), b'+')
        || byte_before(text, start) == b'+';
    if is_base64 || !stands_alone(text, start, end) {
        return None;
    }
    Some(Datum {
        span: Span::new(start, end).ok()?,
        what: Personal::NationalId(scheme),
        confidence: 80,
    })
}

fn digits_of(token: &[u8]) -> Option<u64> {
    let all = token.iter().all(u8::is_ascii_digit);
    all.then(|| value(Digits::of(token, 0, token.len()).as_slice()))
}

fn nine(token: &[u8]) -> Option<Scheme> {
    let [first, middle @ .., last] = token else {
        return None;
    };
    if is_nino(token) {
        return Some(Scheme::GbNino);
    }
    if first.is_ascii_digit() {
        let number = digits_of(token.get(..8)?)?;
        return (dni_letter(number) == Some(*last)).then_some(Scheme::EsDni);
    }
    let number = digits_of(middle)?;
    if nie_number(*first, number).and_then(dni_letter) == Some(*last) {
        return Some(Scheme::EsNie);
    }
    (nric_letter(*first, middle) == Some(*last)).then_some(Scheme::SgNric)
}

/// The check letter of Spain's ids: the number's rest of 23.
fn dni_letter(number: u64) -> Option<u8> {
    let place = usize::try_from(number % 23).ok()?;
    b"TRWAGMYFPDXBNJZSQVHLCKE".get(place).copied()
}

/// The first letter of an NIE stands for a digit before the others.
const fn nie_number(letter: u8, number: u64) -> Option<u64> {
    match letter {
        b'X' => Some(number),
        b'Y' => Some(10_000_000 + number),
        b'Z' => Some(20_000_000 + number),
        _ => None,
    }
}

/// `12345678-Z`.
fn dni_with_dash(text: &[u8], start: usize, end: usize) -> Option<Datum> {
    let number = digits_of(text.get(start..end)?)?;
    let letter = byte(text, end + 1);
    let fits = byte(text, end) == b'-' && dni_letter(number) == Some(letter);
    fits.then(|| datum(text, start, end + 2, Scheme::EsDni))?
}

/// `X-1234567-L`.
fn nie_with_dashes(text: &[u8], start: usize, end: usize) -> Option<Datum> {
    let number = digits_of(text.get(start..end)?)?;
    let first = start.checked_sub(2)?;
    let is_dashed = byte(text, start - 1) == b'-' && byte(text, end) == b'-';
    let letter = nie_number(byte(text, first), number).and_then(dni_letter);
    let fits = is_dashed && letter == Some(byte(text, end + 1));
    fits.then(|| datum(text, first, end + 2, Scheme::EsNie))?
}

/// Immigration & Checkpoints Authority: S and T for citizens, F, G and M for foreigners.
fn nric_letter(first: u8, digits: &[u8]) -> Option<u8> {
    let weights = [2_u32, 7, 6, 5, 4, 3, 2];
    let pairs = digits.iter().zip(weights);
    let sum: u32 = pairs
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let (offset, letters): (u32, &[u8; 11]) = match first {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"KLJNPQRTUWX"),
        _ => return None,
    };
    let place = usize::try_from((sum + offset) % 11).ok()?;
    let place = if first == b'M' { 10 - place } else { place };
    letters.get(place).copied()
}

/// HMRC NIM39110: which letters a prefix has and which prefixes are not given.
fn is_nino(token: &[u8]) -> bool {
    let [a, b, digits @ .., suffix] = token else {
        return false;
    };
    let barred = |letter: &u8| matches!(letter, b'D' | b'F' | b'I' | b'Q' | b'U' | b'V');
    let is_prefix = a.is_ascii_uppercase()
        && b.is_ascii_uppercase()
        && !barred(a)
        && !barred(b)
        && *b != b'O'
        && ![*b"BG", *b"GB", *b"KN", *b"NK", *b"NT", *b"TN", *b"ZZ"].contains(&[*a, *b]);
    is_prefix
        && digits.len() == 6
        && digits.iter().all(u8::is_ascii_digit)
        && matches!(suffix, b'A'..=b'D')
}

/// `AB 12 34 56 C`, of which the first pair of digits begins at `at`.
pub(crate) fn spaced_nino(text: &[u8], at: usize) -> Option<Datum> {
    let start = at.checked_sub(3)?;
    let mut token = [0; 9];
    for (place, slot) in [0, 1, 3, 4, 6, 7, 9, 10, 12].into_iter().zip(&mut token) {
        *slot = byte(text, start + place);
    }
    let is_spaced = [2, 5, 8, 11]
        .iter()
        .all(|place| byte(text, start + place) == b' ');
    (is_spaced && is_nino(&token)).then(|| datum(text, start, start + 13, Scheme::GbNino))?
}

/// Income Tax Department of India: the fourth letter says person, the fifth begins the name. There
/// is no public check letter.
fn is_pan(token: &[u8]) -> bool {
    let letters = token.get(..5).unwrap_or_default();
    let digits = token.get(5..9).unwrap_or_default();
    letters.iter().all(u8::is_ascii_uppercase)
        && letters.get(3) == Some(&b'P')
        && digits.iter().all(u8::is_ascii_digit)
        && token.last().is_some_and(u8::is_ascii_uppercase)
}

/// Ministerial decree of 23 December 1976: name, year, month, day, place and a check letter.
fn is_codice_fiscale(token: &[u8]) -> bool {
    /// Values of the signs in odd places, for 0 to 9 and for A to Z.
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let Some((check, body)) = token.split_last() else {
        return false;
    };
    let is_letter = |place: &usize| body.get(*place).is_some_and(u8::is_ascii_uppercase);
    let letters = [0, 1, 2, 3, 4, 5, 8, 11];
    // Where names collide, digits are written as letters from `L` to `V`.
    let is_digit = |place: &usize| {
        body.get(*place)
            .is_some_and(|sign| sign.is_ascii_digit() || matches!(sign, b'L'..=b'N' | b'P'..=b'V'))
    };
    let month = body
        .get(8)
        .is_some_and(|month| b"ABCDEHLMPRST".contains(month));
    let ordinal = |sign: u8| match sign {
        b'0'..=b'9' => sign - b'0',
        _ => sign.saturating_sub(b'A'),
    };
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(place, &sign)| match place % 2 {
            0 => ODD.get(usize::from(ordinal(sign))).copied().unwrap_or(0),
            _ => u32::from(ordinal(sign)),
        })
        .sum();
    letters.iter().all(is_letter)
        && [6, 7, 9, 10, 12, 13, 14].iter().all(is_digit)
        && month
        && sum % 26 + u32::from(b'A') == u32::from(*check)
}

/// Finland: `DDMMYY`, a sign for the century, three digits and a check sign.
fn hetu(text: &[u8], start: usize) -> Option<Datum> {
    let [date @ .., century, a, b, c, check] = text.get(start..start + 11)? else {
        return None;
    };
    let is_century = matches!(century, b'+' | b'-' | b'A'..=b'F' | b'U'..=b'Y');
    let head = digits_of(date)?;
    let tail = digits_of(&[*a, *b, *c])?;
    let place = usize::try_from((head * 1000 + tail) % 31).ok()?;
    let wanted = b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(place);
    let (day, month) = (head / 10_000, head / 100 % 100);
    let is_date = (1..=31).contains(&day) && (1..=12).contains(&month);
    let fits = is_century && is_date && wanted == Some(check);
    fits.then(|| datum(text, start, start + 11, Scheme::FiHetu))?
}

/// China's number whose check sign is X.
fn is_ric_with_x(token: &[u8]) -> bool {
    let digits = token.get(..17).unwrap_or_default();
    token.last() == Some(&b'X')
        && digits_of(digits).is_some()
        && cn_ric_check(Digits::of(digits, 0, digits.len()).as_slice()) == Some(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(&str, Scheme)> {
        let at = text.find(|c: char| c.is_ascii_digit())?;
        let datum = lettered(text.as_bytes(), at).or_else(|| spaced_nino(text.as_bytes(), at))?;
        let Personal::NationalId(scheme) = datum.what else {
            panic!("{datum:?}")
        };
        Some((
            text.get(datum.span.start()..datum.span.end()).unwrap(),
            scheme,
        ))
    }

    /// Examples of the issuers and of encyclopedias.
    const KNOWN: [(&str, Scheme); 14] = [
        ("12345678Z", Scheme::EsDni),
        ("12345678-Z", Scheme::EsDni),
        ("X1234567L", Scheme::EsNie),
        ("X-1234567-L", Scheme::EsNie),
        ("S1234567D", Scheme::SgNric),
        ("T1234567J", Scheme::SgNric),
        ("F1234567N", Scheme::SgNric),
        ("AB123456C", Scheme::GbNino),
        ("AB 12 34 56 C", Scheme::GbNino),
        ("ABCPD1234F", Scheme::InPan),
        ("RSSMRA85T10A562S", Scheme::ItCodiceFiscale),
        ("131052-308T", Scheme::FiHetu),
        ("131052A308T", Scheme::FiHetu),
        ("11010519491231002X", Scheme::CnRic),
    ];

    #[test]
    fn known_ids_are_found_whole() {
        for (id, scheme) in KNOWN {
            assert_eq!(found(id), Some((id, scheme)));
            for text in [
                format!("id: {id}, ok"),
                format!("\"id\":\"{id}\""),
                format!(r"\n{id}."),
            ] {
                assert_eq!(found(&text), Some((id, scheme)), "{text}");
            }
        }
    }

    #[test]
    fn wrong_check_signs_and_neighbours_are_refused() {
        for (id, scheme) in KNOWN {
            if !matches!(scheme, Scheme::GbNino | Scheme::InPan) {
                let (body, check) = id.split_at(id.len() - 1);
                let other = if check == "K" { "L" } else { "K" };
                assert_eq!(found(&format!("{body}{other}")), None, "{id}");
            }
            for text in [
                format!("a{id}"),
                format!("{id}a"),
                format!("{id}_"),
                format!("Q{id}Q"),
            ] {
                assert_eq!(found(&text), None, "{text}");
            }
        }
        for text in [
            "GB123456A",
            "DA123456A",
            "AB123456E",
            "ABCCD1234F",
            "320052-308T",
            "1",
            "12345678=",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
