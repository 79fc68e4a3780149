//! Numbers of every kind are found where they should be.

mod events;
mod hostile;
mod ordinary;

use super::*;
use ordinary::Random;

fn found(text: &str) -> Vec<(&str, &'static str)> {
    let mut found = Vec::new();
    each(text, Switches::default(), |datum| {
        let shown = text.get(datum.span.start()..datum.span.end()).unwrap();
        found.push((shown, datum.what.label().id));
    });
    found
}

#[test]
fn cards_are_found_joined_and_in_groups() {
    for text in [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4242424242424242",
        "5555555555554444",
        "2223003122003222",
        "378282246310005",
        "3782 822463 10005",
        "6011111111111117",
        "3530111333300000",
        "30569309025904",
        "6200000000000005",
    ] {
        for shown in [
            text.to_owned(),
            format!("pay with {text}."),
            format!("\"n\":\"{text}\","),
            format!("{text} 12/27 123"),
            format!("2026-01-02 {text}"),
            format!(r"a\n{text}\nb"),
            format!("https://example.com/pay/{text}/x"),
        ] {
            assert_eq!(found(&shown), [(text, "payment-card")], "{shown}");
        }
    }
    for other in [
        "4111111111111112",
        "4111 1111 1111 1112",
        "4111 1111-1111 1111",
        "1234567812345670",
        "a4111111111111111",
        "4111111111111111a",
        "0.4111111111111111",
        "4111111111111111-1",
        "4000 4111 1111 1111 1111 2000",
        "0000000000000000",
        "4222222222222",
    ] {
        assert_eq!(found(other), [], "{other}");
    }
    assert_eq!(
        found("visa 4222222222222"),
        [("4222222222222", "payment-card")]
    );
}

/// One valid number of each form that needs no word, and of each that needs one, with a word.
const IDS: &[(&str, &str, &str)] = &[
    ("au-medicare", "", "2123 45670 1"),
    ("au-medicare", "Medicare card", "2123456701"),
    ("au-tfn", "TFN", "123 456 782"),
    ("au-tfn", "tax file number", "123456782"),
    ("be-nrn", "", "85.07.30-033.28"),
    ("be-nrn", "rijksregisternummer", "85073003328"),
    ("br-cnpj", "", "11.222.333/0001-81"),
    ("br-cnpj", "CNPJ", "11222333000181"),
    ("br-cpf", "", "529.982.247-25"),
    ("br-cpf", "cpf", "52998224725"),
    ("ca-sin", "SIN", "130 692 544"),
    ("ch-ahv", "", "756.9217.0769.85"),
    ("ch-ahv", "", "7569217076985"),
    ("cn-ric", "", "11010519491231002X"),
    ("cz-rodne-cislo", "", "710319/2745"),
    ("cz-rodne-cislo", "rodné číslo", "7103192745"),
    ("de-steuer-id", "", "86 095 742 719"),
    ("de-steuer-id", "Steuer-ID", "86095742719"),
    ("dk-cpr", "CPR-nummer", "310385-1234"),
    ("dk-cpr", "cpr", "3103851234"),
    ("es-dni", "", "12345678Z"),
    ("es-nie", "", "X1234567L"),
    ("fi-hetu", "", "131052-308T"),
    ("fr-nir", "", "2 55 08 14 168 025 38"),
    ("fr-nir", "", "255081416802538"),
    ("gb-nhs", "", "943 476 5919"),
    ("gb-nhs", "NHS number", "9434765919"),
    ("gb-nino", "", "AB123456C"),
    ("gb-nino", "", "AB 12 34 56 C"),
    ("il-id", "teudat zehut", "123456782"),
    ("in-pan", "", "ABCPD1234F"),
    ("it-codice-fiscale", "", "RSSMRA85T10A562S"),
    ("kr-rrn", "", "850130-1234567"),
    ("kr-rrn", "주민등록번호", "8501301234567"),
    ("nl-bsn", "", "1112.22.333"),
    ("nl-bsn", "BSN", "111222333"),
    ("pl-pesel", "PESEL", "44051401359"),
    ("pt-nif", "NIF", "501964843"),
    ("se-personnummer", "", "811228-9874"),
    ("se-personnummer", "", "19811228-9874"),
    ("se-personnummer", "personnummer", "8112289874"),
    ("sg-nric", "", "S1234567D"),
    ("tr-tckn", "TC kimlik no", "10000000146"),
    ("us-ssn", "", "123-45-6789"),
    ("us-ssn", "SSN", "123456789"),
    ("us-ssn", "social security number", "123 45 6789"),
    ("za-id", "ID number", "8001015009087"),
];

#[test]
fn national_ids_are_found_where_they_should_be() {
    for &(id, word, number) in IDS {
        let shown = [
            format!("{word}: {number}."),
            format!("{{\"{word}\":\"{number}\",\"x\":1}}"),
            format!("{word}\u{1f}{number}\u{1e}"),
            format!("the {word} is {number}, he said"),
        ];
        for text in shown {
            assert_eq!(found(&text), [(number, id)], "{text}");
        }
        if !word.is_empty() {
            assert_eq!(
                found(&format!("n: {number}.")),
                [],
                "{number} without a word"
            );
        }
        for text in [
            format!("{word}x{number}"),
            format!("{word}: {number}x"),
            format!("{word}: 1.{number}"),
        ] {
            assert_eq!(found(&text), [], "{text}");
        }
    }
}

/// `number` in groups of these lengths.
fn spaced(number: &str, lengths: &[usize]) -> String {
    let mut rest = number;
    let groups = lengths.iter().map(|len| {
        let (group, further) = rest.split_at(*len);
        rest = further;
        group
    });
    groups.collect::<Vec<_>>().join(" ")
}

/// The digits for which `fits` holds, found by trying the last two.
fn completed(head: &str, tail_len: usize, fits: impl Fn(&str) -> bool) -> String {
    let count = 10_usize.pow(u32::try_from(tail_len).unwrap());
    (0..count)
        .map(|tail| format!("{head}{tail:0tail_len$}"))
        .find(|number| fits(number))
        .unwrap()
}

/// Written anew from the issuers' descriptions, so that a slip in the one is not in the other.
#[test]
fn numbers_made_by_their_issuers_rules_are_found() {
    let digit = |text: &str, place: usize| i64::from(text.as_bytes()[place] - b'0');
    let sum = |text: &str, weights: &[i64]| -> i64 {
        weights
            .iter()
            .enumerate()
            .map(|(place, weight)| digit(text, place) * weight)
            .sum()
    };
    let mut random = Random(7);
    for _ in 0..200 {
        let norwegian = (0..1000).find_map(|serial| {
            let head = format!("0101{:02}{serial:03}", random.below(100));
            let k1 = (11 - sum(&head, &[3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11) % 11;
            let ten = format!("{head}{k1}");
            let k2 = (11 - sum(&ten, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
            (k1 < 10 && k2 < 10).then(|| format!("{ten}{k2}"))
        });
        let norwegian = norwegian.unwrap();
        let text = format!("fødselsnummer {norwegian}");
        assert_eq!(found(&text), [(norwegian.as_str(), "no-fodselsnummer")]);
        let grouped = spaced(&norwegian, &[6, 5]);
        assert_eq!(found(&grouped), [(grouped.as_str(), "no-fodselsnummer")]);

        let head = format!("{}{}", 2 + random.below(8), random.digits(10));
        let aadhaar = completed(&head, 1, |number| {
            let digits: Vec<u8> = number.bytes().map(|byte| byte - b'0').collect();
            checksum::verhoeff(&digits)
        });
        let text = format!("Aadhaar {aadhaar}");
        assert_eq!(found(&text), [(aadhaar.as_str(), "in-aadhaar")]);
        let grouped = spaced(&aadhaar, &[4, 4, 4]);
        assert_eq!(found(&grouped), [(grouped.as_str(), "in-aadhaar")]);

        let head = format!("{}{}", 1 + random.below(7), random.digits(7));
        let canadian = completed(&head, 1, |number| {
            let doubled =
                |place: usize| (digit(number, place) * 2 / 10) + (digit(number, place) * 2 % 10);
            let sum: i64 = (0..9)
                .map(|place| {
                    if place % 2 == 1 {
                        doubled(place)
                    } else {
                        digit(number, place)
                    }
                })
                .sum();
            sum % 10 == 0
        });
        let text = format!("his SIN: {canadian}");
        assert_eq!(found(&text), [(canadian.as_str(), "ca-sin")]);
    }
}

#[test]
fn a_class_that_is_kept_is_not_found() {
    let all = "ana@example.com +49 30 901820 4111111111111111 DE89370400440532013000 \
        529.982.247-25 203.0.113.9";
    let seen: Vec<_> = found(all).into_iter().map(|(shown, _)| shown).collect();
    assert_eq!(
        seen.join(" "),
        "ana +49 30 901820 4111111111111111 DE89370400440532013000 529.982.247-25"
    );
    for (key, wanted) in [
        ("email", Personal::Email),
        ("phone", Personal::Phone),
        ("payment_card", Personal::PaymentCard),
        ("iban", Personal::Iban),
        ("national_id", Personal::NationalId(Scheme::BrCpf)),
        ("ip_address", Personal::IpAddress),
    ] {
        let with = |choice: &str| {
            let mut table: toml::Table = toml::from_str("ip_address = \"mask\"").unwrap();
            table.extend(toml::from_str::<toml::Table>(&format!("{key} = {choice}")).unwrap());
            let config: PersonalConfig = table.try_into().unwrap();
            let mut seen = Vec::new();
            each(all, Switches::new(&config), |datum| seen.push(datum.what));
            seen
        };
        let on = with("\"mask\"");
        assert_eq!((on.len(), on.contains(&wanted)), (6, true), "{key}");
        let off = with("{ keep = \"a reason\" }");
        assert_eq!((off.len(), off.contains(&wanted)), (5, false), "{key}");
    }
}
