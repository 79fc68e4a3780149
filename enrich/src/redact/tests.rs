//! The promises that hold for all rules at once: examples, positions, tokens.

mod echoes;
mod hostile;
mod rows;
mod stream;
mod twice;

use magistrate_event::{Class, Timestamp};

use super::testing::redactor;
use super::*;

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
fn headers_are_no_program_text_and_members_are() {
    let redactor = redactor();
    for (text, is_masked) in [
        ("see Cookie: p[1]=q7w8e9r1t2; sid=y5u6i7o8p9", true),
        ("use Authorization: AbCdEfGh.IjKlMnOp", true),
        ("m(8429,{authorization:o.next,next:!0});", false),
        ("const{cookie:y}=w.props??{};", false),
    ] {
        let (masked, _) = redactor.redact_text(text);
        assert_eq!(masked != text, is_masked, "{text} -> {masked}");
    }
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
fn every_rule_has_examples_that_are_masked_and_some_that_stay() {
    let mut seen: std::collections::BTreeMap<String, [bool; 2]> = Default::default();
    for example in examples() {
        let [masked, stays] = seen.entry(example.rule).or_default();
        *(if example.secrets.is_empty() {
            stays
        } else {
            masked
        }) = true;
    }
    assert!(seen.len() >= 706);
    seen.retain(|_, has| *has != [true; 2]);
    assert!(seen.is_empty(), "lack one of them: {seen:?}");
}

#[test]
fn a_rule_finds_its_own_examples() {
    let redactor = rules_only();
    let mut found: std::collections::HashMap<String, Vec<String>> = Default::default();
    for example in examples() {
        let (_, findings) = redactor.redact_text(&example.text);
        let rules = findings.into_iter().map(|finding| finding.rule.to_owned());
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
