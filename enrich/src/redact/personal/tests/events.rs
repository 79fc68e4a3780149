//! Personal data in events: what is masked, and what the columns that say who acted keep.

use magistrate_event::{Class, Event, Field, Timestamp};

use super::super::super::testing::redactor;

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
