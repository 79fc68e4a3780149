//! Turns the lines of syslog into events: exactly one event a line, whatever the line holds.

mod cef;
mod cef_fields;
mod draft;
mod envelope;
mod header;
mod json;
mod json_names;
mod rfc3164;
mod rfc5424;
mod squid;
mod squid_common;
mod structured_data;
mod target;
mod time;
mod vocabulary;

use std::borrow::Cow;

use magistrate_event::{Event, EventUid, Field, Line, Raw, Value};

use draft::Draft;

/// Makes one event of each line, in order. `uid` names each by its position and its bytes.
///
/// Never fails: what cannot be read is kept whole in `raw_data`, with the reason in
/// `magistrate.parse_status`.
pub(crate) fn events(
    lines: &[Line],
    raw: &Raw,
    mut uid: impl FnMut(usize, &[u8]) -> EventUid,
) -> Vec<(EventUid, Event)> {
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| (uid(index, &line.bytes), event(line, raw)))
        .collect()
}

/// What a message turned out to be, or why it is kept raw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Squid,
    Cef,
    Json,
    Raw(Reason),
}

/// Why a line, or a part of it, was kept raw: the words of `magistrate.parse_status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Unrecognized,
    MalformedJson,
    MalformedCef,
    TooDeep,
    TooManyValues,
    InvalidUtf8,
    Truncated,
}

impl Format {
    /// The word for `metadata.log_name`.
    const fn name(self) -> &'static str {
        match self {
            Self::Squid => "squid",
            Self::Cef => "cef",
            Self::Json => "json",
            Self::Raw(_) => "syslog",
        }
    }
}

impl Reason {
    const fn word(self) -> &'static str {
        match self {
            Self::Unrecognized => "unrecognized",
            Self::MalformedJson => "malformed_json",
            Self::MalformedCef => "malformed_cef",
            Self::TooDeep => "too_deep",
            Self::TooManyValues => "too_many_values",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::Truncated => "truncated",
        }
    }
}

impl From<json::Fault> for Reason {
    fn from(fault: json::Fault) -> Self {
        match fault {
            json::Fault::Malformed => Self::MalformedJson,
            json::Fault::TooDeep => Self::TooDeep,
            json::Fault::TooManyValues => Self::TooManyValues,
        }
    }
}

/// A line's text, and what had to be done to its bytes.
struct Decoded<'a> {
    text: Cow<'a, str>,
    fault: Option<Reason>,
}

fn event(line: &Line, raw: &Raw) -> Event {
    let decoded = decode(line);
    let envelope = envelope::split(&decoded.text, raw.received);
    let (mut draft, format) = read(envelope.message, raw);
    if let Format::Raw(_) = format {
        keep_raw(draft.event(), &decoded.text, envelope.message);
    }
    draft.event().set_text(Field::LogName, format.name());
    header::fill(&mut draft, &envelope);
    let reason = match (decoded.fault, format) {
        (Some(fault), _) => Some(fault),
        (None, Format::Raw(reason)) => Some(reason),
        (None, Format::Squid | Format::Cef | Format::Json) => None,
    };
    if let Some(reason) = reason {
        draft.event().set_text(Field::ParseStatus, reason.word());
    }
    if let Some(size) = line.cut_from_bytes {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        draft.event().set(Field::IsTruncated, Value::Bool(true));
        draft.event().set_int(Field::UntruncatedSize, size);
    }
    set_origin(draft.event(), raw);
    draft.finish()
}

fn decode(line: &Line) -> Decoded<'_> {
    let cut = line.cut_from_bytes.map(|_| Reason::Truncated);
    match std::str::from_utf8(&line.bytes) {
        Ok(text) => Decoded {
            text: Cow::Borrowed(text),
            fault: cut,
        },
        // The cut may have gone through a character.
        Err(error) if cut.is_some() && error.error_len().is_none() => {
            let whole = line.bytes.get(..error.valid_up_to()).unwrap_or_default();
            Decoded {
                text: String::from_utf8_lossy(whole),
                fault: cut,
            }
        }
        Err(_) => Decoded {
            text: String::from_utf8_lossy(&line.bytes),
            fault: cut.or(Some(Reason::InvalidUtf8)),
        },
    }
}

/// Reads the message in the first format that takes it.
fn read(message: &str, raw: &Raw) -> (Draft, Format) {
    let mut draft = Draft::new(raw.received);
    let trimmed = message.trim();
    let first = trimmed.as_bytes().first();
    if first == Some(&b'{') || trimmed.starts_with("@cee:") {
        let object = trimmed.strip_prefix("@cee:").unwrap_or(trimmed);
        return match json::fill(&mut draft, object) {
            Ok(()) => (draft, Format::Json),
            Err(fault) => (Draft::new(raw.received), Format::Raw(fault.into())),
        };
    }
    let starts_with_digit = first.is_some_and(u8::is_ascii_digit);
    if starts_with_digit && let Some(access) = squid::parse(trimmed) {
        squid::fill(&mut draft, &access);
        return (draft, Format::Squid);
    }
    if let Some(at) = cef::find(trimmed) {
        let Some(cef) = cef::parse(trimmed, at) else {
            return (draft, Format::Raw(Reason::MalformedCef));
        };
        cef_fields::fill(&mut draft, &cef);
        return (draft, Format::Cef);
    }
    if let Some(access) = squid_common::parse(trimmed) {
        squid::fill(&mut draft, &access);
        return (draft, Format::Squid);
    }
    (draft, Format::Raw(Reason::Unrecognized))
}

/// Keeps the line whole, and its message as such.
fn keep_raw(event: &mut Event, line: &str, message: &str) {
    let whole = event.push_text(line);
    event.set(Field::RawData, Value::Text(whole));
    if message.len() == line.len() {
        event.set(Field::Message, Value::Text(whole));
    } else {
        event.set_text(Field::Message, message);
    }
}

fn set_origin(event: &mut Event, raw: &Raw) {
    event.set_text(Field::Source, raw.origin.source.name());
    if let Some(peer) = raw.origin.peer {
        event.set_text(Field::Peer, &peer.to_string());
    }
    let identity = raw.origin.identity.name();
    if !identity.is_empty() {
        event.set_text(Field::SenderIdentity, identity);
    }
}
