//! A credential is masked again where the same text stands in another column, and nothing else is.

use magistrate_event::{Class, Event, Field, Timestamp};

use super::super::testing::redactor;

const KEY: &str = "q7w8e9r1t2u3i4";

/// What of `columns` the redactor leaves.
fn masked<const COUNT: usize>(columns: [(Field, &str); COUNT]) -> [String; COUNT] {
    let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
    for (field, text) in columns {
        event.set_text(field, text);
    }
    let (redacted, _) = redactor().redact(event);
    columns.map(|(field, _)| redacted.event().text(field).unwrap().to_owned())
}

#[test]
fn a_column_without_the_name_is_masked_too() {
    let told = format!("token={KEY}");
    let [raw, query] = masked([(Field::RawData, &told), (Field::UrlQuery, KEY)]);
    assert!(!raw.contains(KEY) && !query.contains(KEY), "{raw} {query}");
}

#[test]
fn who_acted_stays_whatever_a_sender_calls_a_password() {
    let session = "550e8400-e29b-41d4-a716-446655440000";
    let told = format!("password={session}");
    let [message, uid] = masked([(Field::Message, &told), (Field::SessionUid, session)]);
    assert!(!message.contains(session), "{message}");
    assert_eq!(uid, session);
}

#[test]
fn markers_stay_whole() {
    let marker = format!("[redacted:credential.password:{}]", "abcdefgh2345qrst");
    let told = "token=abcdefgh2345qrst";
    let [old, _] = masked([(Field::RawData, &marker), (Field::Message, told)]);
    assert_eq!(old, marker);
}

#[test]
fn a_word_is_no_echo() {
    let [_, prose] = masked([
        (Field::RawData, "password: Änderungen"),
        (Field::Message, "alle Änderungen sind gespeichert"),
    ]);
    assert_eq!(prose, "alle Änderungen sind gespeichert");
}

#[test]
fn echoes_have_a_limit() {
    let told = format!("token={KEY} ").repeat(64);
    let many = format!("{KEY} ").repeat(50_000);
    let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
    event.set_text(Field::Message, &told);
    event.set_text(Field::RawData, &many);
    let (_, findings) = redactor().redact(event);
    assert!(
        (1064..=1200).contains(&findings.len()),
        "{}",
        findings.len()
    );
}

#[test]
fn what_is_masked_in_a_path_is_masked_in_its_parts() {
    let secret = "8f3a61e84c0d4b7a9e21/77f540cb9711";
    let path = format!("/srv/password={secret}");
    let (folder, name) = path.rsplit_once('/').unwrap();
    let columns = masked([
        (Field::FilePath, &path),
        (Field::FileName, name),
        (Field::FileParent, folder),
    ]);
    for column in &columns {
        assert!(
            !column.contains("77f540") && !column.contains("8f3a61"),
            "{columns:?}"
        );
    }
}
