//! What was put into the lake is found again.

use magistrate_event::{Event, Record, Redacted, Value};

use super::*;
use crate::lake::put;

const NOON: i64 = 1_795_435_200_000_000;

fn uid(number: u8) -> EventUid {
    EventUid::from_bytes([number; 16])
}

#[expect(clippy::disallowed_methods, reason = "stands in for the redactor")]
fn record(number: u8, class: Class, fill: impl FnOnce(&mut Event)) -> Record {
    let time = Timestamp::from_micros(NOON + i64::from(number));
    let mut event = Event::new(class, 1, time);
    fill(&mut event);
    Record::new(uid(number), time, Redacted::seal(event))
}

fn lake(config: &Config, records: &[Record]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for record in records {
        let now = Timestamp::from_micros(NOON);
        put(config, folder.path(), std::slice::from_ref(record), now).unwrap();
    }
    folder
}

fn found(config: &Config, folder: &tempfile::TempDir, wanted: &Wanted) -> Vec<Row> {
    let mut rows = Vec::new();
    let unread = find(config, folder.path(), wanted, |row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    assert!(unread.unwrap().is_empty());
    rows.sort_by_key(|row| row.time);
    rows
}

fn samples() -> Vec<Record> {
    let sealed = |event: &mut Event| event.set_text(Field::Sealed, "1.sealed");
    vec![
        record(1, Class::ApiActivity, |event| {
            event.set_text(Field::Message, "a [redacted:test:aaaabbbbccccdddd]");
            sealed(event);
        }),
        record(2, Class::Metric, |event| {
            event.keep_text("key", "[redacted:test:aaaabbbbccccdddd]");
            sealed(event);
        }),
        record(3, Class::Span, |event| {
            let item = event.push_text("aaaabbbbccccdddd");
            event.set(Field::Redacted, Value::List(vec![Value::Text(item)]));
            sealed(event);
        }),
        record(4, Class::Span, |event| {
            event.set_text(Field::SpanName, "[redacted:test:aaaabbbbccccdddd]");
        }),
        record(5, Class::Span, sealed),
    ]
}

#[test]
fn rows_are_found_by_their_ids() {
    let config = Config::default();
    let folder = lake(&config, &samples());
    let wanted = Wanted::Uids(vec![uid(4), uid(1), uid(99)]);
    let rows = found(&config, &folder, &wanted);
    let [first, second] = rows.as_slice() else {
        panic!("{rows:?}");
    };
    assert_eq!((first.uid, first.class), (uid(1), Class::ApiActivity));
    assert_eq!(first.sealed.as_deref(), Some("1.sealed"));
    assert_eq!(first.time, Timestamp::from_micros(NOON + 1));
    assert_eq!((second.uid, second.sealed.as_ref()), (uid(4), None));
}

#[test]
fn rows_are_found_by_a_token_anywhere_in_them_where_something_is_sealed() {
    let config = Config::default();
    let folder = lake(&config, &samples());
    let token = |text: &str| found(&config, &folder, &Wanted::Token(text.to_owned()));
    let uids: Vec<_> = token("aaaabbbbccccdddd")
        .iter()
        .map(|row| row.uid)
        .collect();
    assert_eq!(uids, [uid(1), uid(2), uid(3)]);
    assert_eq!(token("aaaabbbbccccddde"), []);
}

#[test]
fn a_search_ends_when_it_is_told_to() {
    let config = Config::default();
    let folder = lake(&config, &samples());
    let mut count = 0;
    let wanted = Wanted::Token("aaaabbbbccccdddd".to_owned());
    find(&config, folder.path(), &wanted, |_| {
        count += 1;
        ControlFlow::Break(())
    })
    .unwrap();
    assert_eq!(count, 1);
}

#[test]
fn an_encrypted_lake_needs_its_key_and_other_files_are_named() {
    let keys = tempfile::tempdir().unwrap();
    let file = keys.path().join("lake.key");
    std::fs::write(&file, "7a".repeat(32)).unwrap();
    let config = Config {
        encryption_key_file: Some(file),
        ..Config::default()
    };
    let folder = lake(&config, &samples());
    let wanted = Wanted::Uids(vec![uid(1)]);
    assert_eq!(found(&config, &folder, &wanted).len(), 1);
    let take = |_| panic!("nothing can be read");
    let unread = find(&Config::default(), folder.path(), &wanted, take).unwrap();
    assert_eq!(unread.len(), 5);
}

#[test]
fn a_folder_without_a_lake_has_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = Wanted::Uids(vec![uid(1)]);
    assert_eq!(found(&Config::default(), &folder, &wanted), []);
    assert!(!folder.path().join("lake").exists());
}

#[test]
fn put_rows_lie_beside_others_and_leave_nothing_staged() {
    let config = Config::default();
    let folder = lake(&config, &samples());
    let staged = std::fs::read_dir(folder.path().join("lake/.tmp")).unwrap();
    assert_eq!(staged.count(), 0);
    let files = files::list(&folder.path().join("lake")).unwrap();
    assert_eq!(files.len(), 5);
    for (_, file) in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name.contains("-00000000-"), "{name}");
    }
}
