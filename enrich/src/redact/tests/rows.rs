//! Rows that come together are redacted as each would be by itself.

use magistrate_event::{Class, Timestamp};
use proptest::prelude::*;

use super::super::testing::{cases, redactor};
use super::super::*;
use super::twice::telling_text;

fn event(texts: &[&str]) -> Event {
    let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
    for (number, text) in texts.iter().enumerate() {
        event.keep_text(&format!("key {number}"), text);
    }
    event
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_row_is_redacted_as_if_it_were_the_first(
        begin in telling_text(),
        rows in prop::collection::vec((any::<bool>(), telling_text(), telling_text()), 2..6),
    ) {
        use std::sync::OnceLock;
        static SHARED: OnceLock<Redactor> = OnceLock::new();
        let redactor = SHARED.get_or_init(redactor);
        let mut together = redactor.rows();
        for (is_alike, other, end) in &rows {
            let begin = if *is_alike { &begin } else { other };
            let event = event(&[begin, "the same in each", end]);
            let alone = redactor.redact(event.clone());
            let uid = EventUid::from_bytes([1; 16]);
            prop_assert_eq!(together.redact(uid, event), alone);
        }
    }
}
