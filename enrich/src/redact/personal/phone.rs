//! Finds phone numbers: international ones by their plus sign and country code (ITU-T E.164),
//! national ones only where a word says what they are.

use magistrate_event::Span;

use super::context::is_near;
use super::number::stands_alone;
use super::row::Row;
use crate::redact::ascii::{byte, byte_before, follows_escape, is_word, slice};

/// E.164 section 6.
const MAX_DIGITS: usize = 15;
/// Digits with the signs between them.
const MAX_LEN: usize = 28;

/// Country codes of two digits; those of one digit are 1 and 7.
const TWO: &[u8] = &[
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56,
    57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
];
/// First two digits of country codes of three digits, all ten of which are taken or reserved.
const THREE: &[u8] = &[
    21, 22, 23, 24, 25, 26, 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99,
];

const WORDS: &[&str] = &[
    "phone",
    "mobile",
    "cell",
    "tel",
    "fax",
    "call",
    "sms",
    "whatsapp",
    "signal",
    "msisdn",
    "contact",
    "telefon",
    "telefono",
    "teléfono",
    "telefone",
    "téléphone",
    "telephone",
    "handy",
    "mobil",
    "móvil",
    "movil",
    "celular",
    "portable",
    "rufnummer",
    "gsm",
    "puhelin",
    "电话",
    "手机",
    "電話",
    "携帯",
    "전화",
    "телефон",
];

/// The number whose `+` stands at `plus`.
pub(crate) fn international(text: &[u8], plus: usize) -> Option<Span> {
    let before = byte_before(text, plus);
    if (is_word(before) && !follows_escape(text, plus)) || matches!(before, b'+' | b'.' | b'-') {
        return None;
    }
    let (end, digits) = read(text, plus + 1);
    let count = digits.len();
    let code = country_code_len(digits.as_slice())?;
    let national = count.checked_sub(code)?;
    // Between them, the plans of the world have from 6 to 12 digits after the country code.
    let is_bare = end - plus - 1 == count;
    let fits = match digits.as_slice() {
        [b'1', area, _, _, exchange, ..] => count == 11 && *area > b'1' && *exchange > b'1',
        [b'7', area, ..] => count == 11 && matches!(area, b'3' | b'4' | b'6'..=b'9'),
        [b'8', b'6', ..] => (10..=13).contains(&count),
        _ => (if is_bare { 8 } else { 6 }..=12).contains(&national) && count >= 9,
    };
    if !fits || !ends_alone(text, end) {
        return None;
    }
    Span::new(plus, end).ok()
}

fn ends_alone(text: &[u8], end: usize) -> bool {
    match byte(text, end) {
        b'.' | b'-' | b':' => !is_word(byte(text, end + 1)),
        b'+' | b'=' | b'/' | b'(' => false,
        after => !is_word(after),
    }
}

/// The digits from `start` on with signs between them, and where they end. A group that makes them
/// too many belongs to something else.
fn read(text: &[u8], start: usize) -> (usize, PhoneDigits) {
    let mut digits = PhoneDigits::default();
    let (mut end, mut whole, mut signs) = (start, (start, 0), 0);
    for (offset, &byte) in slice(text, start, start + MAX_LEN + 1).iter().enumerate() {
        match byte {
            b'0'..=b'9' if digits.push(byte) => {
                (end, signs) = (start + offset + 1, 0);
            }
            b'0'..=b'9' => {
                (end, digits.len) = whole;
                break;
            }
            // `+49 (0) 30`, `+1 (555) 010-0199`.
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' if signs < 2 && offset > 0 => {
                (whole, signs) = ((end, digits.len), signs + 1);
            }
            _ => break,
        }
    }
    (end, digits)
}

#[derive(Default)]
struct PhoneDigits {
    digits: [u8; MAX_DIGITS],
    len: usize,
}

impl PhoneDigits {
    /// Whether there was room: a phone number has no more digits.
    fn push(&mut self, digit: u8) -> bool {
        let slot = self.digits.get_mut(self.len);
        let has_room = slot.map(|slot| *slot = digit).is_some();
        self.len += usize::from(has_room);
        has_room
    }

    const fn len(&self) -> usize {
        self.len
    }

    fn as_slice(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }
}

fn country_code_len(digits: &[u8]) -> Option<usize> {
    let [first, second, ..] = *digits else {
        return None;
    };
    let two = (first - b'0') * 10 + (second - b'0');
    match first {
        b'1' | b'7' => Some(1),
        _ if TWO.contains(&two) => Some(2),
        _ if THREE.contains(&two) => Some(3),
        _ => None,
    }
}

/// The national number that is the whole of `row`, where a word near it says so.
pub(crate) fn national(text: &[u8], row: &Row) -> Option<Span> {
    if !(7..=13).contains(&row.digit_count()) {
        return None;
    }
    let mut start = row.start;
    let first = byte(text, row.start);
    let is_shape = match [0, 1, 2, 3, 4, 5].map(|number| row.lengths.of(number)) {
        // A date: `01.02.2026`, `01-02-26`.
        [2, 2, 4, ..] | [2, 2, 2, 0, ..] | [4, 2, 2, ..] => false,
        // North America: `555-010-0199`, `1-555-010-0199`.
        [3, 3, 4, 0, ..] => first > b'1' || first == b'0',
        [1, 3, 3, 4, 0, ..] => first == b'1',
        [3, 4, 0, ..] => {
            let opened = start
                .checked_sub(6)
                .is_some_and(|at| is_area(slice(text, at, start)));
            start -= if opened { 6 } else { 0 };
            opened
        }
        // Spain, Poland and others without a trunk digit.
        [3, 3, 3, 0, ..] => first > b'4',
        [len, second, ..] if row.count <= 6 && second > 0 => first == b'0' && len > 1,
        _ => false,
    };
    let fits = is_shape && (row.digit_count() > 8 || start < row.start);
    let near = || is_near(text, start, row.end, WORDS);
    if !fits || !stands_alone(text, start, row.end) || !near() {
        return None;
    }
    Span::new(start, row.end).ok()
}

/// `(555) `, as North American area codes are written.
fn is_area(text: &[u8]) -> bool {
    let [open, digits @ .., close, blank] = text else {
        return false;
    };
    *open == b'(' && *close == b')' && *blank == b' ' && digits.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plus(text: &str) -> Option<&str> {
        let at = text.find('+').unwrap();
        let span = international(text.as_bytes(), at)?;
        text.get(span.start()..span.end())
    }

    #[test]
    fn international_numbers_are_found_whole() {
        for number in [
            "+49 30 901820",
            "+4930901820",
            "+49 (0) 30 901820",
            "+1 (555) 234-0199",
            "+1-555-234-0199",
            "+15552340199",
            "+44 20 7946 0958",
            "+33 1 23 45 67 89",
            "+7 495 123-45-67",
            "+86 138 0013 8000",
            "+351 912 345 678",
            "+972-3-123-4567",
            "+61 2 5550 1234",
        ] {
            assert_eq!(plus(number), Some(number));
            let text = format!("call {number}, now");
            assert_eq!(plus(&text), Some(number), "{text}");
            let text = format!("{{\"phone\":\"{number}\"}}");
            assert_eq!(plus(&text), Some(number), "{text}");
        }
    }

    #[test]
    fn other_uses_of_the_plus_sign_are_left_alone() {
        for text in [
            "1+15552340199",
            "a+15552340199",
            "2026-01-02T03:04:05+0100",
            "1e+10",
            "+1 555",
            "+1 155 234 0199",
            "+0 30 901820",
            "+999999999999999999",
            "+15552340199a",
            "+15552340199.5",
            "++15552340199",
            "+28 12345678",
            "1.0.0+20130313144700",
            "+",
        ] {
            assert_eq!(plus(text), None, "{text}");
        }
    }

    #[test]
    fn national_numbers_need_a_word() {
        let found = |text: &str| {
            let at = text.find(|c: char| c.is_ascii_digit()).unwrap();
            let row = Row::around(text.as_bytes(), at);
            let mut found = national(text.as_bytes(), &row);
            if found.is_none() && text.contains('(') {
                let at = text.find(") ").unwrap() + 2;
                found = national(text.as_bytes(), &Row::around(text.as_bytes(), at));
            }
            found.map(|span| text.get(span.start()..span.end()).unwrap().to_owned())
        };
        for number in [
            "030 901820",
            "01 23 45 67 89",
            "020 7946 0958",
            "555-234-0199",
            "1-555-234-0199",
            "(555) 234-0199",
            "612 345 678",
            "0171/1234567",
        ] {
            assert_eq!(found(&format!("Tel.: {number}.")).as_deref(), Some(number));
            assert_eq!(
                found(&format!("mobile\u{1f}{number}\u{1e}")).as_deref(),
                Some(number)
            );
            assert_eq!(found(&format!("number {number}")), None);
        }
        for other in [
            "2026-01-02 03",
            "01.02.2026",
            "01-02-26",
            "1 2 3 4",
            "12345678901",
            "10.0.0.1",
        ] {
            assert_eq!(found(&format!("phone call {other}")), None, "{other}");
        }
    }
}
