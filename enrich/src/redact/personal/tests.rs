//! The promises that hold for all personal data at once.

use magistrate_event::{Class, Event, Field, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::redact::{Epoch, RedactKey, Redactor};

fn found(text: &str) -> Vec<(&str, &'static str)> {
    let mut found = Vec::new();
    each(text, Switches::default(), |datum| {
        let shown = text.get(datum.span.start()..datum.span.end()).unwrap();
        found.push((shown, datum.what.label().id));
    });
    found
}

/// A repeatable source of numbers (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 20).unwrap() % limit
    }

    fn text(&mut self, len: usize, alphabet: &str) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..len)
            .map(|_| letters[self.below(letters.len())])
            .collect()
    }

    fn hex(&mut self, len: usize) -> String {
        self.text(len, "0123456789abcdef")
    }

    fn digits(&mut self, len: usize) -> String {
        self.text(len, "0123456789")
    }

    fn base64(&mut self, len: usize) -> String {
        self.text(
            len,
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        )
    }
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

/// One line of what telemetry and repositories are full of.
fn ordinary_line(random: &mut Random) -> String {
    match random.below(12) {
        0 => format!(
            "{}-{}-4{}-a{}-{}",
            random.hex(8),
            random.hex(4),
            random.hex(3),
            random.hex(3),
            random.hex(12)
        ),
        1 => random.hex(40),
        2 => format!("sha512-{}==", random.base64(86)),
        3 => format!(
            "2026-{:02}-{:02}T{:02}:{:02}:{:02}.{}Z level=info took={}ms",
            1 + random.below(12),
            1 + random.below(28),
            random.below(24),
            random.below(60),
            random.below(60),
            random.digits(6),
            random.digits(4)
        ),
        4 => format!(
            "17{}.{} {} 10.1.{}.{} TCP_MISS/200 {}",
            random.digits(8),
            random.digits(3),
            random.digits(5),
            random.below(256),
            random.below(256),
            random.digits(6)
        ),
        5 => format!(
            "\"node_modules/@types/x{}\": {{\"version\": \"{}.{}.{}-rc.{}\", \"resolved\": \"https://registry.example.com/x/-/x-{}.{}.{}.tgz\"}}",
            random.below(99),
            random.below(30),
            random.below(30),
            random.below(99),
            random.below(9),
            random.below(30),
            random.below(30),
            random.below(99)
        ),
        _ => ordinary_code(random),
    }
}

/// One line of programs and of what they write about themselves.
fn ordinary_code(random: &mut Random) -> String {
    match random.below(6) {
        0 => format!(
            "function(e,t){{var n=e[{}],r=t+{}*n;return n>{}?r<<{}:e.x{}(t,{}.{})}},{}:function(t){{t.exports=\"{}\"}}",
            random.below(9999),
            random.digits(5),
            random.digits(7),
            random.below(32),
            random.below(99),
            random.below(9),
            random.digits(4),
            random.digits(4),
            random.hex(20)
        ),
        1 => format!("checksum = \"{}\"", random.hex(64)),
        2 => format!(
            "toolu_{} req_{}",
            random.base64(24).replace(['+', '/'], "a"),
            random.hex(24)
        ),
        3 => format!(
            "{{\"ts\":17{},\"us\":17{},\"ns\":17{},\"n\":{}}}",
            random.digits(11),
            random.digits(14),
            random.digits(17),
            random.digits(6)
        ),
        4 => format!(
            "index {}..{} 100644 @@ -{},{} +{},{} @@",
            random.hex(7),
            random.hex(7),
            random.below(999),
            random.below(99),
            random.below(999),
            random.below(99)
        ),
        _ => format!(
            "0x{} {} 0.{} {}e-{} #{} v{}.{}.{}.{}",
            random.hex(16),
            random.digits(8),
            random.digits(16),
            random.digits(3),
            random.below(99),
            random.hex(6),
            random.below(99),
            random.below(99),
            random.below(9999),
            random.digits(5)
        ),
    }
}

#[test]
fn ordinary_lines_hold_nobodys_data() {
    let mut random = Random(0x5eed_5eed);
    let mut mistaken = Vec::new();
    for _ in 0..50_000 {
        let line = ordinary_line(&mut random);
        if !found(&line).is_empty() {
            mistaken.push(format!("{line}: {:?}", found(&line)));
        }
    }
    assert!(
        mistaken.len() <= 5,
        "{} lines: {:#?}",
        mistaken.len(),
        mistaken
    );
}

#[test]
fn endless_numbers_and_signs_are_nothing() {
    for part in [
        "1", "@", "+", "1 ", "1-", "11 ", "111.", "1111 ", "AB12", "a@", "+1", "4111 ",
    ] {
        let text = part.repeat(100_000 / part.len());
        let _ = found(&text);
    }
    assert_eq!(found(&"1".repeat(1_000_000)), []);
}

fn redactor() -> Redactor {
    Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(1)).unwrap()
}

#[test]
fn an_address_keeps_its_domain_and_identity_columns_keep_all() {
    let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
    event.set_text(Field::UserEmail, "ana.silva@example.com");
    event.set_text(Field::DeviceHostname, "laptop.corp:22");
    event.set_text(
        Field::Message,
        "mail ana.silva@example.com at db1.eu.internal",
    );
    event.keep_text("body", "card 4111 1111 1111 1111\u{2028}");
    let (redacted, findings) = redactor().redact(event);
    let event = redacted.event();
    assert_eq!(event.text(Field::UserEmail), Some("ana.silva@example.com"));
    assert_eq!(event.text(Field::DeviceHostname), Some("laptop.corp:22"));
    let message = event.text(Field::Message).unwrap();
    assert!(
        message.starts_with("mail [redacted:personal.email:"),
        "{message}"
    );
    assert!(
        message.ends_with("]@example.com at db1.eu.internal"),
        "{message}"
    );
    assert_eq!(event.int(Field::RedactedCount), Some(2));
    let masked = findings
        .iter()
        .filter(|finding| finding.is_masked())
        .count();
    assert_eq!((masked, findings.len()), (2, 3));
    let mut told = String::new();
    event.push_json(event.value(Field::ContentFindings).unwrap(), &mut told);
    assert!(told.contains("content.internal_domain"), "{told}");
    let (again, _) = redactor().redact(event.clone());
    assert_eq!(&again, &redacted);
}

#[test]
fn the_same_address_has_one_token_and_credentials_in_identity_columns_go() {
    let redactor = redactor();
    let secret = format!("{}{}", "gh", "p_abcdefghijklmnopqrstuvwxyz0123456789");
    let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
    event.set_text(Field::UserName, &format!("ana@example.com {secret}"));
    let (redacted, _) = redactor.redact(event);
    let name = redacted.event().text(Field::UserName).unwrap();
    assert!(
        name.starts_with("ana@example.com [redacted:credential."),
        "{name}"
    );
    let token = |text: &str| {
        let (masked, _) = redactor.redact_text(text);
        let from = masked.find("personal.email:").unwrap() + 15;
        masked.get(from..from + 16).unwrap().to_owned()
    };
    assert_eq!(
        token("to: ana@example.com"),
        token("https://x.example/?u=ana@example.org")
    );
}

#[test]
fn personal_data_beside_other_uses_of_its_signs_is_masked_alone() {
    let redactor = redactor();
    for (text, wanted) in [
        (
            "git clone git@github.com:ana/x.git",
            "git clone git@github.com:ana/x.git",
        ),
        (
            "npm i @types/node left-pad@1.3.0 x@sha256:ab12",
            "npm i @types/node left-pad@1.3.0 x@sha256:ab12",
        ),
        (
            "https://ana@db.example.com/x",
            "https://ana@db.example.com/x",
        ),
        ("call +49 30 901820 now", "call … now"),
        ("iban DE89 3704 0044 0532 0130 00.", "iban …."),
        (
            "Cc: ana@example.com, bob@example.org",
            "Cc: …@example.com, …@example.org",
        ),
    ] {
        let (masked, findings) = redactor.redact_text(text);
        let mut shown = masked.clone();
        while let Some(at) = shown.find("[redacted:personal.") {
            let end = at + shown.get(at..).unwrap().find(']').unwrap();
            shown.replace_range(at..=end, "…");
        }
        assert_eq!(shown, wanted);
        assert_eq!(findings.len(), wanted.matches('…').count());
        assert_eq!(redactor.redact_text(&masked), (masked, Vec::new()));
    }
}

/// CPU time of this thread (proc(5), `schedstat`), which a busy machine does not stretch.
fn cpu_time() -> std::time::Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    std::time::Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn time_is_linear_in_hostile_text() {
    let time = |text: &str| {
        let (start, mut rounds) = (cpu_time(), 0);
        while cpu_time() - start < std::time::Duration::from_millis(40) {
            std::hint::black_box(found(text));
            rounds += 1;
        }
        (cpu_time() - start) / rounds
    };
    for part in [
        "1",
        "@",
        "+",
        "1 ",
        "11 ",
        "11-11-11-",
        "111.",
        "1111 ",
        "1111-",
        "AB12",
        "a@",
        "a@b.de",
        "+1",
        "+49 ",
        "4111 ",
        "ssn 123456789 ",
        "tel 030 9018 ",
        "1.1.1.1 ",
        "A1111A",
    ] {
        let small = time(&part.repeat((1 << 12) / part.len()));
        let large = time(&part.repeat((1 << 15) / part.len()));
        // Eight times the text takes eight times as long; a quadratic step would take 64 times.
        let limit = small * 24 + std::time::Duration::from_millis(10);
        assert!(large <= limit, "{part:?}: {small:?}, then {large:?}");
    }
}

/// Texts that are made of what numbers of people are made of, in any order.
fn telling_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("ana@example.com".to_owned()),
        Just("@".to_owned()),
        Just("+49 30 901820".to_owned()),
        Just("+".to_owned()),
        Just("4111111111111111".to_owned()),
        Just("4111 1111 1111 1111".to_owned()),
        Just("DE89 3704 0044 0532 0130 00".to_owned()),
        Just("GB29NWBK60161331926819".to_owned()),
        Just("529.982.247-25".to_owned()),
        Just("ssn 123456789".to_owned()),
        Just("tel 030 901820".to_owned()),
        Just("12345678Z".to_owned()),
        Just("[redacted:personal.email:abcdefghijklmnop]".to_owned()),
        Just(" ".to_owned()),
        Just("-".to_owned()),
        Just(".".to_owned()),
        Just("\u{1e}".to_owned()),
        Just("\\n".to_owned()),
        Just("é".to_owned()),
        "[0-9]{1,20}",
        "[A-Za-z]{1,4}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(part, 0..16).prop_map(|parts| parts.concat())
}

static SHARED: std::sync::OnceLock<Redactor> = std::sync::OnceLock::new();

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn twice_is_once(text in telling_text()) {
        let redactor = SHARED.get_or_init(redactor);
        let (once, _) = redactor.redact_text(&text);
        let (twice, findings) = redactor.redact_text(&once);
        prop_assert_eq!(&once, &twice);
        prop_assert_eq!(findings, []);
    }

    #[test]
    fn any_text_is_taken(text in any::<String>()) {
        for (shown, _) in found(&text) {
            prop_assert!(!shown.is_empty());
        }
    }

    #[test]
    fn an_event_redacted_twice_is_redacted_once(key in telling_text(), value in telling_text()) {
        let redactor = SHARED.get_or_init(redactor);
        let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
        event.set_text(Field::UserEmail, &key);
        event.set_text(Field::Message, &value);
        event.keep_text(&key, &value);
        let (once, _) = redactor.redact(event);
        let (twice, _) = redactor.redact(once.event().clone());
        prop_assert_eq!(once, twice);
    }
}
