//! What was redacted once stays as it is, whatever it holds.

use std::sync::OnceLock;

use magistrate_event::{Class, Timestamp};
use proptest::prelude::*;

use super::super::testing::{cases, event_is_stable, redactor, text_is_stable};
use super::super::*;

static SHARED: OnceLock<Redactor> = OnceLock::new();

/// Texts that hold what rules look at, in any order.
pub(super) fn telling_text() -> impl Strategy<Value = String> {
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

/// Secrets of all kinds side by side, with the signs between them that texts have, and lines without
/// any.
fn many_secrets() -> impl Strategy<Value = String> {
    let examples = shipped_examples().unwrap();
    let texts: Vec<String> = examples.into_iter().map(|example| example.text).collect();
    let between = prop::sample::select(vec![
        " ",
        ", ",
        "; ",
        "&",
        "=",
        ": ",
        "\"",
        "\",\"",
        "\t",
        "\n",
        "\\n",
        "/",
        " | ",
        "<b>",
        ")",
        " phone ",
        " 030 901820 ",
        " card ",
        " ssn ",
        " 123-45-6789 ",
        " ana@example.com ",
        " and %20 ",
        " é ",
    ]);
    let line = "2026-01-02T03:04:05Z INFO the request took 12 ms\n".repeat(90);
    let part = prop_oneof![
        8 => (prop::sample::select(texts), between).prop_map(|(text, sign)| text + sign),
        1 => Just(line),
    ];
    prop::collection::vec(part, 1..16).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn many_secrets_are_redacted_once(text in many_secrets()) {
        text_is_stable(SHARED.get_or_init(redactor), &text)?;
    }
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn twice_is_once(text in telling_text()) {
        text_is_stable(SHARED.get_or_init(redactor), &text)?;
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
        let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
        event.set_text(Field::Message, &value);
        event.keep_text(&key, &value);
        let number = event.push_key(&key);
        event.keep(number, Value::List(vec![Value::Int(7)]));
        event_is_stable(SHARED.get_or_init(redactor), event)?;
    }
}

/// Its value stands under a name of secrets, and a part of it is masked, which makes it longer.
#[test]
fn what_stood_for_a_secret_still_does_when_a_part_is_masked() {
    let key = concat!("AK", "IAABCDEFGHIJKLMNOP");
    let value = format!(
        "{{{{ß€𝄞[redacted:[redacted:password[redacted:\u{1f}cookie-----BEGIN\
         passwordpasswordpasswordBearer {key}=\\"
    );
    let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
    event.keep_text("password", &value);
    event_is_stable(SHARED.get_or_init(redactor), event).unwrap();
}
