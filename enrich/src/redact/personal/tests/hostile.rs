//! Any text is taken, in linear time, and redacted once and for all.

use std::sync::OnceLock;

use magistrate_event::{Class, Event, Field, Timestamp};
use proptest::prelude::*;

use super::super::super::Redactor;
use super::super::super::testing::{
    assert_linear, cases, event_is_stable, redactor, text_is_stable,
};
use super::found;

#[test]
fn time_is_linear_in_hostile_text() {
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
        assert_linear(part, 1 << 12, |text| found(text).len());
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

static SHARED: OnceLock<Redactor> = OnceLock::new();

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn twice_is_once(text in telling_text()) {
        text_is_stable(SHARED.get_or_init(redactor), &text)?;
    }

    #[test]
    fn any_text_is_taken(text in any::<String>()) {
        for (shown, _) in found(&text) {
            prop_assert!(!shown.is_empty());
        }
    }

    #[test]
    fn an_event_redacted_twice_is_redacted_once(key in telling_text(), value in telling_text()) {
        let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
        event.set_text(Field::UserEmail, &key);
        event.set_text(Field::Message, &value);
        event.keep_text(&key, &value);
        event_is_stable(SHARED.get_or_init(redactor), event)?;
    }
}
