//! What is noticed of the record itself, as an event of its own, which rules look at like any other.

use magistrate_event::{Class, Event, EventUid, Field, Timestamp, Value};
use serde::{Deserialize, Serialize};

/// `metadata.product.name` of what this program notices.
pub(crate) const PRODUCT: &str = "magistrate";
/// OCSF's informational severity.
const INFORMATIONAL: i64 = 1;

/// Something that was noticed: an event, and the id by which noticing it again is no second one.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The event's id.
    pub uid: EventUid,
    /// The event: `metadata.event_code` says what was noticed.
    pub event: Event,
}

/// Who and where something is about, by column number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct About(Vec<(u16, Box<str>)>);

/// Columns that say so.
const ABOUT: [Field; 8] = [
    Field::SessionUid,
    Field::UserUid,
    Field::UserEmail,
    Field::UserName,
    Field::DeviceHostname,
    Field::TenantUid,
    Field::Surface,
    Field::SenderIdentity,
];
/// Longer values are left out.
const MAX_VALUE_BYTES: usize = 256;

impl About {
    /// What `event` says.
    pub(crate) fn of(event: &Event) -> Self {
        let filled = ABOUT.iter().filter_map(|field| {
            let text = event.text(*field)?;
            (text.len() <= MAX_VALUE_BYTES).then(|| (u16::from(*field), text.into()))
        });
        Self(filled.collect())
    }

    /// These columns, without the empty ones.
    pub(crate) fn named(columns: &[(Field, &str)]) -> Self {
        let filled = columns
            .iter()
            .filter(|(_, text)| !text.is_empty() && text.len() <= MAX_VALUE_BYTES);
        Self(
            filled
                .map(|(field, text)| (u16::from(*field), (*text).into()))
                .collect(),
        )
    }

    /// Without the session: what is noticed of a user or a device is about no one of them.
    pub(crate) fn without_session(mut self) -> Self {
        self.0
            .retain(|(field, _)| *field != u16::from(Field::SessionUid));
        self
    }
}

/// One detail of a notice.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Detail<'a> {
    Text(&'a str),
    Number(i64),
    Flag(bool),
}

/// Makes a notice. What tells it from others of its `code` is `about` and `details`.
pub(crate) fn notice(
    code: &'static str,
    time: Timestamp,
    message: &str,
    about: &About,
    details: &[(&str, Detail<'_>)],
) -> Notice {
    let mut event = Event::new(Class::BaseEvent, 0, time);
    let mut hasher = blake3::Hasher::new_derive_key("magistrate 2026-11-28 ids of notices");
    let mut write = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    write(code);
    event.set_int(Field::SeverityId, INFORMATIONAL);
    event.set_text(Field::ProductName, PRODUCT);
    event.set_text(Field::ProductVendor, "Magistrate");
    event.set_text(Field::EventCode, code);
    event.set_text(Field::Message, message);
    for (number, text) in &about.0 {
        write(text);
        if let Ok(field) = Field::try_from(*number) {
            event.set_text(field, text);
        }
    }
    for (name, detail) in details {
        let key = event.push_key(name);
        let value = match detail {
            Detail::Text(text) => {
                write(text);
                Value::Text(event.push_text(text))
            }
            Detail::Number(number) => {
                write(&number.to_string());
                Value::Int(*number)
            }
            Detail::Flag(flag) => {
                write(if *flag { "true" } else { "false" });
                Value::Bool(*flag)
            }
        };
        event.keep(key, value);
    }
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    Notice {
        uid: EventUid::from_bytes(bytes),
        event,
    }
}
