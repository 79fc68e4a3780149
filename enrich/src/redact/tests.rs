//! The promises that hold for all rules at once: examples, positions, idempotence, linear time.

use magistrate_event::{Class, Timestamp};
use proptest::prelude::*;

use super::*;

fn redactor() -> Redactor {
    Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(1)).unwrap()
}

/// The rules alone: their examples are about credentials.
fn rules_only() -> Redactor {
    let key = RedactKey::from_bytes([7; 32]);
    Redactor::with(&key, Epoch(1), CustomRules::default(), Detectors::none()).unwrap()
}

fn examples() -> Vec<Example> {
    shipped_examples().unwrap()
}

/// `text` with every marker replaced by `…`.
fn without_markers(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(marker::MARKER_START) {
        let end = marker::marker_end(rest.as_bytes(), at + marker::MARKER_START.len())
            .unwrap_or_else(|| panic!("broken marker in {text}"));
        plain.push_str(rest.get(..at).unwrap());
        plain.push('…');
        rest = rest.get(end..).unwrap();
    }
    plain + rest
}

fn expected(example: &Example) -> String {
    let mut plain = String::new();
    let mut copied = 0;
    for secret in &example.secrets {
        plain.push_str(example.text.get(copied..secret.start).unwrap());
        plain.push('…');
        copied = secret.end;
    }
    plain + example.text.get(copied..).unwrap()
}

fn json_string(text: &str) -> String {
    let mut out = String::new();
    magistrate_event::push_json_string(text, &mut out);
    out
}

#[test]
fn every_example_is_masked_exactly_where_it_is_marked() {
    let redactor = rules_only();
    let mut faults = Vec::new();
    for example in examples() {
        let (masked, findings) = redactor.redact_text(&example.text);
        let shown = without_markers(&masked);
        if shown != expected(&example) || findings.len() != example.secrets.len() {
            faults.push(format!(
                "{}: {:?}\n    gave {masked:?}",
                example.rule, example.text
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_rule_finds_its_own_examples() {
    let redactor = rules_only();
    let mut found: std::collections::HashMap<String, Vec<String>> = Default::default();
    for example in examples() {
        let (_, findings) = redactor.redact_text(&example.text);
        let rules = findings.into_iter().map(|finding| finding.rule);
        found.entry(example.rule).or_default().extend(rules);
    }
    found.retain(|rule, found| !found.contains(rule));
    assert!(found.is_empty(), "found by others: {found:?}");
}

/// Every position in which a text can stand in an event.
fn planted(text: &str) -> Vec<(&'static str, Event)> {
    let event = || Event::new(Class::BaseEvent, 0, Timestamp::default());
    let mut all = Vec::new();
    let mut one = |position: &'static str, fill: &dyn Fn(&mut Event)| {
        let mut event = event();
        event.set_text(Field::Message, "before");
        fill(&mut event);
        event.set_text(Field::StatusDetail, "after");
        all.push((position, event));
    };
    let json = json_string(text);
    let twice = json_string(&format!("{{\"x\":{json}}}"));
    for (position, field) in [
        ("message", Field::Message),
        ("identity", Field::UserEmail),
        ("session", Field::SessionUid),
        ("file path", Field::FilePath),
    ] {
        one(position, &|event| event.set_text(field, text));
    }
    one("attribute", &|event| event.keep_text("key", text));
    one("attribute name", &|event| event.keep_text(text, "value"));
    one("json", &|event| {
        event.keep_text("body", &format!("{{\"a\":1,\"x\":{json},\"b\":2}}"))
    });
    one("json in json", &|event| {
        event.keep_text("body", &format!("{{\"a\":{twice}}}"))
    });
    one("json in json in json", &|event| {
        event.keep_text("body", &json_string(&format!("{{\"a\":{twice}}}")));
    });
    one("url query", &|event| {
        event.set_text(
            Field::UrlString,
            &format!("https://example.com/x?a={text}&b=c"),
        );
    });
    one("command line", &|event| {
        event.set_text(Field::CmdLine, &format!("tool --flag {text} | cat"));
    });
    one("sentence", &|event| {
        event.keep_text("prompt", &format!("I use {text} for ü"))
    });
    one("list", &|event| {
        let key = event.push_key("list");
        let items = vec![Value::Int(1), Value::Text(event.push_text(text))];
        event.keep(key, Value::List(items));
    });
    one("map value", &|event| {
        let key = event.push_key("map");
        let inner = event.push_key("inner");
        let value = Value::Text(event.push_text(text));
        event.keep(key, Value::Map(vec![(inner, Value::List(vec![value]))]));
    });
    one("map key", &|event| {
        let key = event.push_key("map");
        let inner = event.push_key(text);
        event.keep(key, Value::Map(vec![(inner, Value::Int(1))]));
    });
    all
}

#[test]
fn no_planted_secret_survives_in_any_position() {
    let redactor = redactor();
    let mut survivors = Vec::new();
    for example in examples() {
        // An event's own separators stand between texts, never in one.
        if example.text.contains(['\u{1e}', '\u{1f}']) {
            continue;
        }
        for (position, event) in planted(&example.text) {
            let (redacted, _) = redactor.redact(event);
            let event = redacted.event();
            let mut shown = event.buffer().to_owned();
            event.push_unmapped_json(&mut shown);
            for secret in example.secret_texts().filter(|secret| secret.len() > 5) {
                let escaped = json_string(secret);
                let escaped = escaped.trim_matches('"');
                if shown.contains(secret) || shown.contains(escaped) {
                    survivors.push(format!("{} as {position}: {}", example.rule, example.text));
                }
            }
        }
    }
    assert!(survivors.is_empty(), "{}", survivors.join("\n"));
}

/// The five shapes that the load generator plants.
#[test]
fn the_shapes_of_the_load_generator_are_masked() {
    let redactor = redactor();
    let letters = "Ab3".repeat(40);
    for secret in [
        format!(
            "{}{}",
            concat!("AK", "IA"),
            letters.get(..16).unwrap().to_uppercase()
        ),
        format!("{}{}", concat!("gh", "p_"), letters.get(..36).unwrap()),
        format!(
            "{}{}",
            concat!("sk-", "ant-api03-"),
            letters.get(..80).unwrap()
        ),
        format!(
            "{}{}.{}.{}",
            concat!("ey", "J"),
            letters.get(..33).unwrap(),
            letters.get(..60).unwrap(),
            letters.get(..43).unwrap()
        ),
        format!(
            "{}12345678901-98765432109-{}",
            concat!("xo", "xb-"),
            letters.get(..24).unwrap()
        ),
    ] {
        for text in [
            format!("GET http://example.com/v1/items/1a2b?token={secret} - alice"),
            format!("GET http://example.com/v1/items/1a2b?id=4&token={secret} - alice"),
            format!("curl -d @f -H 'Authorization: Bearer {secret}'\",\"timeout\":10"),
            format!("explain why it fails when I use the key {secret}"),
        ] {
            let (masked, findings) = redactor.redact_text(&text);
            assert!(!masked.contains(&secret), "{masked}");
            assert_eq!(without_markers(&masked), text.replace(&secret, "…"));
            assert_eq!(findings.len(), 1);
        }
    }
}

#[test]
fn the_same_secret_has_the_same_token_wherever_it_stands() {
    let redactor = redactor();
    let secret = format!("{}{}", "gh", "p_abcdefghijklmnopqrstuvwxyz0123456789");
    let mut tokens = std::collections::HashSet::new();
    for text in [
        secret.clone(),
        format!("Authorization: Bearer {secret}"),
        format!("{{\"password\":\"{secret}\"}}"),
        format!("https://ana:{secret}@example.com/"),
        format!("tool --token {secret}"),
        format!("Cookie: a={secret}; b=c"),
    ] {
        let (masked, _) = redactor.redact_text(&text);
        let at = masked.find(marker::MARKER_START).unwrap();
        let end = at + masked.get(at..).unwrap().find(']').unwrap();
        tokens.insert(masked.get(end - 16..end).unwrap().to_owned());
    }
    assert_eq!(tokens.len(), 1, "{tokens:?}");
}

#[test]
fn numbers_lists_and_maps_under_a_secret_name_are_masked() {
    let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
    let number = event.push_key("password");
    event.keep(number, Value::Int(123_456));
    let fraction = event.push_key("db.password");
    event.keep(fraction, Value::Double(12.5));
    let map = event.push_key("client_secret");
    let inner = event.push_key("parts");
    let parts = vec![
        Value::Text(event.push_text("hunter2")),
        Value::Int(99),
        Value::Bool(true),
    ];
    event.keep(map, Value::Map(vec![(inner, Value::List(parts))]));
    let header = event.push_key("http.request.header.authorization");
    let values = vec!["Bearer one1one1one1", "Bearer two2two2two2"];
    let values = values
        .into_iter()
        .map(|text| Value::Text(event.push_text(text)))
        .collect();
    event.keep(header, Value::List(values));
    let tokens = event.push_key("input_tokens");
    event.keep(tokens, Value::Int(4242));
    let (redacted, findings) = redactor().redact(event);
    let mut json = String::new();
    redacted.event().push_unmapped_json(&mut json);
    let json = without_markers(&json);
    assert_eq!(
        json,
        concat!(
            r#"{"password":"…","db.password":"…","client_secret":{"parts":["…","…",true]},"#,
            r#""http.request.header.authorization":["Bearer …","Bearer …"],"input_tokens":4242}"#,
        ),
    );
    assert_eq!(findings.len(), 6);
    assert_eq!(redacted.event().int(Field::RedactedCount), Some(6));
    let (again, _) = redactor().redact(redacted.event().clone());
    assert_eq!(&again, &redacted);
}

#[test]
fn a_clean_event_stays_as_it_is() {
    let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
    event.set_text(Field::Message, "cargo test --package x 2>&1 | tail -n 40");
    event.keep_text("input_tokens", "12345");
    let (redacted, findings) = redactor().redact(event.clone());
    assert_eq!(redacted.event(), &event);
    assert_eq!(findings, []);
}

#[test]
fn findings_never_hold_the_secret() {
    let redactor = rules_only();
    for example in examples() {
        let (_, findings) = redactor.redact_text(&example.text);
        let shown = format!("{findings:?}");
        for secret in example.secret_texts().filter(|secret| secret.len() > 6) {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

/// What hostile texts are made of, again and again.
const HOSTILE: &[&str] = &[
    "a",
    "-",
    "{",
    "[",
    "\"",
    "\\",
    "'",
    "=",
    ":",
    " ",
    "eyJ",
    "eyJ-",
    "eyJa.",
    "Bearer ",
    "Basic ",
    "password=",
    "password=\"",
    "\\\"password\\\":\\\"",
    "token=",
    "token=a",
    "token: \"",
    "cookie: ",
    "Cookie: a=b; ",
    "Authorization: ",
    "\"Authorization: x \\",
    "://",
    "://a:b",
    "://:@",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN",
    "[redacted:",
    "[redacted:a:",
    "sk-ant-",
    "xoxb-",
    "AKIA",
    "secret secret",
    "--password ",
    " -p ",
    "mysql -p",
    "curl -u a",
    "sig=",
    "password=token=",
    "é",
    "\u{1e}",
    "password\u{1f}",
    "\n",
    "\"password\",",
    "name=",
    ",",
    "{{\"password\":",
    ":AA",
    "8Q~",
    ".atlasv1.",
    "%25",
    "%",
    "\\u0025",
    "\\\\",
    "&amp;",
    "&",
    "=3D",
    "=\n",
    "=",
    "a ",
    "a.",
    "\0",
    "\u{200b}",
    "\u{e0041}",
    "\u{fe0f}",
    "а",
    "aа",
    "aа ",
    "QUFB",
    "QUFBQUFBQUFBQUFBQUFBQUFBQUFB ",
    "Z2hwX1oyaHdYMW95YUhkWU1XOTVZ",
    "H4sI",
    "H4sIAAAAAAAAA0vOSCzKTgQA ",
    "eJwDAAAA ",
    "67687067687067687067687067687067687067 ",
    "\"+\"",
    "\"+\"a\n",
    "[\"a\",",
    "[\"a\",\"b\"",
    "delta\":\"",
    "\"delta\":{\"text\":\"a\"}",
    "ghp_\"",
    "ghp_a\",\"",
    "ghp_0a1b2c3d4e5f6a7b8c9d",
    "%67%68%70_ ",
    "x=3D\u{1e}",
    "password: |\n ",
    "\"name\":\"password\"",
    "\"value\":\"x\",\"name\":\"password\",",
    "\"value\":'\"name\":\"password\"",
    "\"secret\":{",
    "\"secret\":{\"value\":\"",
    "\"authorization\",\"",
    "name=\"password\"\r\n",
    "datadog ",
    "datadog key ",
    "datadog_api_key=\\",
    "mnemonic: abandon ability ",
    "seed phrase is ",
    "$6$abc$",
    "500::::",
    "machine a login b ",
    "+ASt",
    "JQQJ99",
    "AZDO",
    "Private-Lines: 1\n",
    "$ANSIBLE_VAULT;1.1;AES256\n",
    "a:5432:b:c",
    "code=abcdefgh1&",
    "&state=",
    "eyJhbGciOiaaaaaaaa.eyJ",
    "PHNhbWxw%",
    "AAAAAAAAAAAAAAAAAAAAAAAA/",
    "{SSHA}",
    "key_0",
    "-us1",
    ":APA91b",
    "pat0123456789abcd.",
    "X-Amz-Signature=",
    "Signature=abc",
    "[redacted:credential.jwt:aaaaaaaaaaaaaaaa](",
    "-----BEGIN OpenVPN Static key V1-----",
    "xprv",
    "private_key\":\"-----BEGIN PRIVATE KEY-----",
];

/// Hostile texts of about `len` bytes.
fn hostile(len: usize) -> Vec<String> {
    let texts = HOSTILE.iter();
    texts.map(|part| part.repeat(len / part.len())).collect()
}

/// CPU time of this thread (proc(5), `schedstat`), which a busy machine does not stretch.
fn cpu_time() -> std::time::Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    std::time::Duration::from_nanos(stat.split(' ').next().unwrap().parse().unwrap())
}

#[test]
fn time_is_linear_in_hostile_text() {
    let redactor = redactor();
    // Rounds until the kernel's accounting, which ticks, says something.
    let time = |text: &str| {
        let (start, mut rounds) = (cpu_time(), 0);
        while cpu_time() - start < std::time::Duration::from_millis(40) {
            std::hint::black_box(redactor.redact_text(text));
            rounds += 1;
        }
        (cpu_time() - start) / rounds
    };
    for (small, large) in hostile(1 << 13).iter().zip(hostile(1 << 16)) {
        // Eight times the text takes eight times as long; a quadratic step would take 64 times.
        let (small_time, large_time) = (time(small), time(&large));
        let limit = small_time * 24 + std::time::Duration::from_millis(10);
        let shown: String = small.chars().take(30).collect();
        assert!(
            large_time <= limit,
            "{shown:?}: {small_time:?}, then {large_time:?}"
        );
    }
}

#[test]
fn hostile_text_is_redacted_once_and_for_all() {
    let redactor = redactor();
    for text in hostile(600) {
        let (once, _) = redactor.redact_text(&text);
        let (twice, findings) = redactor.redact_text(&once);
        assert_eq!(once, twice);
        assert_eq!(findings, []);
    }
}

/// Texts that hold what rules look at, in any order.
fn telling_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("password".to_owned()),
        Just("token".to_owned()),
        Just("Authorization".to_owned()),
        Just("cookie".to_owned()),
        Just("Bearer ".to_owned()),
        Just("=".to_owned()),
        Just(": ".to_owned()),
        Just("\"".to_owned()),
        Just("\\\"".to_owned()),
        Just("'".to_owned()),
        Just(" ".to_owned()),
        Just("&".to_owned()),
        Just(",".to_owned()),
        Just("\n".to_owned()),
        Just("://".to_owned()),
        Just("@".to_owned()),
        Just("eyJ".to_owned()),
        Just(".".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just("\u{1f}".to_owned()),
        Just("\u{1e}".to_owned()),
        Just("-----BEGIN".to_owned()),
        Just(" PRIVATE KEY-----".to_owned()),
        Just("[redacted:credential.x:abcdefghijklmnop]".to_owned()),
        Just("[redacted:".to_owned()),
        Just("--".to_owned()),
        Just(concat!("AK", "IAABCDEFGHIJKLMNOP").to_owned()),
        Just("\\".to_owned()),
        Just("value".to_owned()),
        Just("{".to_owned()),
        Just("ß€𝄞".to_owned()),
        Just("%20".to_owned()),
        "[a-zA-Z0-9]{1,40}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

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
        let redactor = SHARED.get_or_init(redactor);
        let (once, findings) = redactor.redact_text(&text);
        if findings.is_empty() {
            prop_assert_eq!(&once, &text);
        }
        for finding in findings {
            prop_assert!(text.is_char_boundary(finding.place.start));
            prop_assert!(text.is_char_boundary(finding.place.end));
        }
    }

    #[test]
    fn an_event_redacted_twice_is_redacted_once(key in telling_text(), value in telling_text()) {
        let redactor = SHARED.get_or_init(redactor);
        let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
        event.set_text(Field::Message, &value);
        event.keep_text(&key, &value);
        let number = event.push_key(&key);
        event.keep(number, Value::List(vec![Value::Int(7)]));
        let (once, _) = redactor.redact(event);
        let (twice, _) = redactor.redact(once.event().clone());
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn a_stream_gives_what_the_whole_text_gives(
        text in telling_text(),
        pieces in prop::collection::vec(1_usize..9, 1..20),
    ) {
        let redactor = SHARED.get_or_init(redactor);
        let mut stream = StreamRedactor::new(redactor);
        let (mut out, mut findings) = (String::new(), Vec::new());
        let mut rest = text.as_bytes();
        for piece in pieces {
            let (now, later) = rest.split_at(piece.min(rest.len()));
            stream.push(now, &mut out, &mut findings);
            rest = later;
        }
        stream.push(rest, &mut out, &mut findings);
        stream.finish(&mut out, &mut findings);
        prop_assert_eq!(out, redactor.redact_text(&text).0);
    }
}

/// Sends `text` through a stream in pieces of `piece` bytes.
fn streamed(redactor: &Redactor, text: &str, piece: usize) -> (String, Vec<Finding>) {
    let mut stream = StreamRedactor::new(redactor);
    let (mut out, mut findings) = (String::new(), Vec::new());
    for part in text.as_bytes().chunks(piece) {
        stream.push(part, &mut out, &mut findings);
    }
    stream.finish(&mut out, &mut findings);
    (out, findings)
}

#[test]
fn a_long_stream_gives_what_the_whole_text_gives() {
    let redactor = redactor();
    let filler = "an ordinary line of text, ü, and nothing in it\n";
    let mut text = String::new();
    for (number, example) in examples().iter().enumerate() {
        text.push_str(&filler.repeat(number * 7 % 60));
        text.push_str(&example.text);
        text.push('\n');
    }
    let (whole, findings) = redactor.redact_text(&text);
    for piece in [1013, 65_536, 100_003] {
        let (out, found) = streamed(&redactor, &text, piece);
        assert_eq!(out, whole);
        assert_eq!(found.len(), findings.len());
        for (a, b) in found.iter().zip(&findings) {
            assert_eq!(a.place, b.place);
        }
    }
}

#[test]
fn a_key_block_across_reads_is_masked() {
    let redactor = redactor();
    let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n";
    let label = concat!("-----BE", "GIN RSA PRIVATE KEY-----\n");
    let block = format!("{label}{}-----END RSA PRIVATE KEY-----\n", line.repeat(40));
    for before in (63_000..66_000).step_by(211) {
        let text = format!("{}\n{block}after\n", "x".repeat(before));
        let (out, _) = streamed(&redactor, &text, 4096);
        assert!(!out.contains("MIIE"), "{before}");
        assert!(out.ends_with("after\n"));
    }
}

#[test]
fn a_secret_in_an_endless_line_is_masked_wherever_it_falls() {
    let redactor = redactor();
    let secret = format!("{}{}", concat!("gh", "p_"), "Ab3".repeat(12));
    for before in [
        1_048_000, 1_048_500, 1_048_540, 1_048_560, 1_048_576, 983_040, 983_030,
    ] {
        let text = format!(
            "{} password=hunter2hunter2 {secret} end",
            "x ".repeat(before / 2)
        );
        let (out, findings) = streamed(&redactor, &text, 65_536);
        assert!(!out.contains("hunter2"), "{before}");
        assert!(!out.contains(secret.get(..20).unwrap()), "{before}");
        assert!(out.ends_with(" end"));
        assert_eq!(findings.len(), 2, "{before}");
    }
}

#[test]
fn a_secret_longer_than_what_a_stream_holds_is_dropped() {
    let redactor = redactor();
    let text = format!("a password={} b", "Ab3".repeat(1 << 20));
    let (out, _) = streamed(&redactor, &text, 65_536);
    assert_eq!(without_markers(&out), "a password=… b");
}

static SHARED: std::sync::OnceLock<Redactor> = std::sync::OnceLock::new();
