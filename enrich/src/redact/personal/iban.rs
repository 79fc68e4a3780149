//! Finds bank accounts: IBAN by country, length and check digits (ISO 13616; registry of SWIFT).

use magistrate_event::Span;

use super::checksum::mod_97;
use crate::redact::ascii::{byte, is_word, slice, starts_word};

/// Countries and the lengths of their IBANs, as the registry has them in release 99.
const LENGTHS: &[u8] = b"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28\
EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28\
LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22\
RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

/// Blanks are written after every fourth sign.
const GROUP: usize = 4;
/// The longest, 34, with its blanks.
const MAX_LEN: usize = 34 + 8;
/// Groups of letters that can stand between the country and the first group of digits alone.
const MAX_LETTER_GROUPS: usize = 3;

/// The account number around the digits that begin at `at`.
pub(crate) fn iban(text: &[u8], at: usize) -> Option<Span> {
    starts(text, at).find_map(|start| from(text, start))
}

/// Where the number may begin: up to 34 signs before `at`, or some groups of four.
fn starts(text: &[u8], at: usize) -> impl Iterator<Item = usize> {
    let from = at.saturating_sub(34);
    let joined = slice(text, from, at)
        .iter()
        .rposition(|byte| !is_sign(*byte))
        .map_or(from, |before| from + before + 1);
    let groups =
        (1..=MAX_LETTER_GROUPS).map_while(move |count| joined.checked_sub(count * (GROUP + 1)));
    std::iter::once(joined).chain(groups)
}

fn from(text: &[u8], start: usize) -> Option<Span> {
    let head: [u8; 4] = text.get(start..)?.first_chunk().copied()?;
    let [a, b, c, d] = head;
    let is_head = a.is_ascii_uppercase()
        && b.is_ascii_uppercase()
        && c.is_ascii_digit()
        && d.is_ascii_digit();
    if !is_head || !starts_word(text, start) {
        return None;
    }
    let wanted = length(a, b)?;
    let end = end_of(text, start, wanted)?;
    if is_word(byte(text, end)) {
        return None;
    }
    let signs = || {
        slice(text, start, end)
            .iter()
            .copied()
            .filter(|sign| is_sign(*sign))
    };
    let turned = signs().skip(4).chain(signs().take(4));
    (mod_97(turned) == 1)
        .then(|| Span::new(start, end).ok())
        .flatten()
}

/// Where `wanted` signs end, with blanks after every fourth or with none at all.
fn end_of(text: &[u8], start: usize, wanted: usize) -> Option<usize> {
    let blank = Some(byte(text, start + GROUP)).filter(|sign| matches!(sign, b' ' | b'-'));
    let mut count = 0;
    for (offset, &sign) in slice(text, start, start + MAX_LEN).iter().enumerate() {
        if is_sign(sign) {
            count += 1;
            if count == wanted {
                return Some(start + offset + 1);
            }
        } else if Some(sign) != blank || offset % (GROUP + 1) != GROUP {
            return None;
        }
    }
    None
}

const fn is_sign(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

/// How long the IBANs of the country with the letters `a` and `b` are.
fn length(a: u8, b: u8) -> Option<usize> {
    LENGTHS.chunks_exact(4).find_map(|entry| match *entry {
        [first, second, ten, one] if first == a && second == b => {
            Some(usize::from(ten - b'0') * 10 + usize::from(one - b'0'))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the SWIFT registry.
    const EXAMPLES: [&str; 24] = [
        "AT611904300234573201",
        "BE68539007547034",
        "BR1800360305000010009795493C1",
        "CH9300762011623852957",
        "CZ6508000000192000145399",
        "DE89370400440532013000",
        "DK5000400440116243",
        "ES9121000418450200051332",
        "FI2112345600000785",
        "FR1420041010050500013M02606",
        "GB29NWBK60161331926819",
        "GR1601101250000000012300695",
        "HU42117730161111101800000000",
        "IE29AIBK93115212345678",
        "IL620108000000099999999",
        "IT60X0542811101000000123456",
        "LC55HEMM000100010012001200023015",
        "MT84MALT011000012345MTLCAST001S",
        "NL91ABNA0417164300",
        "NO9386011117947",
        "PL61109010140000071219812874",
        "PT50000201231234567890154",
        "SE4550000000058398257466",
        "TR330006100519786457841326",
    ];

    fn spaced(iban: &str) -> String {
        let groups: Vec<&str> = iban
            .as_bytes()
            .chunks(4)
            .map(|group| std::str::from_utf8(group).unwrap())
            .collect();
        groups.join(" ")
    }

    /// What is found from the first place at which the scan would look.
    fn found(text: &str) -> Option<&str> {
        let mut found = None;
        super::super::digits::each_run(text.as_bytes(), |at, _| {
            found = found.or_else(|| iban(text.as_bytes(), at));
            0
        });
        found.map(|span| text.get(span.start()..span.end()).unwrap())
    }

    #[test]
    fn the_registrys_examples_are_found_joined_and_in_groups() {
        for example in EXAMPLES {
            assert_eq!(found(example), Some(example));
            let text = format!("to {example}, please");
            assert_eq!(found(&text), Some(example), "{text}");
            let groups = spaced(example);
            let text = format!("IBAN: {groups} and more 1234");
            assert_eq!(found(&text), Some(groups.as_str()), "{text}");
        }
    }

    #[test]
    fn a_wrong_digit_length_or_country_is_no_account() {
        for example in EXAMPLES {
            let (head, rest) = example.split_at(2);
            let digit = rest.bytes().next().unwrap() - b'0';
            let wrong = format!("{head}{}{}", (digit + 1) % 10, rest.split_at(1).1);
            assert_eq!(found(&wrong), None, "{wrong}");
            assert_eq!(found(&format!("{example}7")), None);
            assert_eq!(found(&format!("X{example}")), None);
            assert_eq!(found(&format!("QQ{rest}")), None);
        }
    }

    #[test]
    fn the_table_is_whole() {
        assert_eq!(LENGTHS.len() % 4, 0);
        assert!(LENGTHS.chunks(4).is_sorted());
    }
}
