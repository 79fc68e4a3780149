//! Turns the lines of syslog into events: exactly one event a line, whatever the line holds.

mod cef;
mod cef_fields;
mod dns;
mod draft;
mod envelope;
mod header;
mod json;
mod json_names;
mod rfc3164;
mod rfc5424;
mod session_bearing;
mod squid;
mod squid_common;
mod structured_data;
mod target;
mod time;
mod vocabulary;

use std::borrow::Cow;

use magistrate_event::{Event, Field, Line, Raw, Value};

use draft::{Draft, add_int, add_text};

/// Makes one event of each line, in order.
///
/// Never fails: what cannot be read is kept whole in `raw_data`, with the reason in
/// `magistrate.parse_status`.
pub(super) fn events(lines: &[Line], raw: &Raw) -> impl Iterator<Item = Event> {
    let peer = raw.origin.peer.map(|peer| peer.to_string());
    lines
        .iter()
        .map(move |line| event(line, raw, peer.as_deref()))
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

fn event(line: &Line, raw: &Raw, peer: Option<&str>) -> Event {
    let decoded = decode(line);
    let envelope = envelope::split(&decoded.text, raw.received);
    let (mut draft, format) = read(envelope.message, raw);
    if let Format::Raw(_) = format {
        keep_raw(draft.event(), &decoded.text, envelope.message);
    }
    dns::fill(draft.event());
    session_bearing::fill(draft.event());
    add_text(draft.event(), Field::LogName, format.name());
    header::fill(&mut draft, &envelope);
    let reason = match (decoded.fault, format) {
        (Some(fault), _) => Some(fault),
        (None, Format::Raw(reason)) => Some(reason),
        (None, Format::Squid | Format::Cef | Format::Json) => None,
    };
    if let Some(reason) = reason {
        add_text(draft.event(), Field::ParseStatus, reason.word());
    }
    if let Some(size) = line.cut_from_bytes {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        draft.event().append(Field::IsTruncated, Value::Bool(true));
        add_int(draft.event(), Field::UntruncatedSize, size);
    }
    add_origin(draft.event(), raw, peer);
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
    let mut draft = Draft::new(raw.received, message.len());
    let trimmed = message.trim();
    let first = trimmed.as_bytes().first();
    if first == Some(&b'{') || trimmed.starts_with("@cee:") {
        let object = trimmed.strip_prefix("@cee:").unwrap_or(trimmed);
        return match json::fill(&mut draft, object) {
            Ok(()) => (draft, Format::Json),
            Err(fault) => (
                Draft::new(raw.received, message.len()),
                Format::Raw(fault.into()),
            ),
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

/// Keeps the line whole, and the message, which is the line's end, as a part of it.
fn keep_raw(event: &mut Event, line: &str, message: &str) {
    let whole = event.push_text(line);
    event.append(Field::RawData, Value::Text(whole));
    if let Some(end) = event.end_of(whole, message.len()) {
        event.append(Field::Message, Value::Text(end));
    }
}

fn add_origin(event: &mut Event, raw: &Raw, peer: Option<&str>) {
    add_text(event, Field::Source, raw.origin.source.name());
    if let Some(peer) = peer {
        add_text(event, Field::Peer, peer);
    }
    let identity = raw.origin.identity.name();
    if !identity.is_empty() {
        add_text(event, Field::SenderIdentity, identity);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use bytes::Bytes;
    use magistrate_event::{Cell, Identity, Origin, Payload, Source, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn raw() -> Raw {
        Raw {
            origin: Origin {
                source: Source::SyslogTcp,
                peer: Some(IpAddr::from([192, 0, 2, 1])),
                identity: Identity::Anonymous,
            },
            received: Timestamp::from_micros(1_795_446_000_000_000),
            arrival: 7,
            payload: Payload::Syslog(Vec::new()),
        }
    }

    fn line(bytes: &[u8]) -> Line {
        Line {
            bytes: Bytes::copy_from_slice(bytes),
            cut_from_bytes: None,
        }
    }

    fn read_one(bytes: &[u8]) -> Event {
        event(&line(bytes), &raw(), Some("192.0.2.1"))
    }

    /// What the zoo says of an event: class, time, unmapped, and every column by its path.
    fn shown(event: &Event) -> serde_json::Map<String, serde_json::Value> {
        let mut shown = serde_json::Map::new();
        shown.insert("class".to_owned(), event.class().name().into());
        shown.insert("activity_id".to_owned(), event.activity().into());
        shown.insert("time".to_owned(), event.time().to_rfc3339().into());
        let mut unmapped = String::new();
        event.push_unmapped_json(&mut unmapped);
        if !unmapped.is_empty() {
            let tree = serde_json::from_str(&unmapped).unwrap();
            shown.insert("unmapped".to_owned(), tree);
        }
        for (field, cell) in event.cells() {
            let value = match cell {
                Cell::Text(text) => text.into(),
                Cell::Int(number) => number.into(),
                Cell::Double(number) => number.into(),
                Cell::Bool(flag) => flag.into(),
                Cell::Time(time) => time.to_rfc3339().into(),
                Cell::Tree(_) => continue,
            };
            let noise = matches!(field, Field::Source | Field::Peer | Field::QueryEntropy);
            if !noise {
                shown.insert(field.path().to_owned(), value);
            }
        }
        shown
    }

    #[test]
    fn every_line_of_the_zoo_is_read_as_written_down() {
        let zoo = include_str!("../../../tests/fixtures/lines/zoo.ndjson");
        let mut shapes = 0;
        for sample in zoo.lines() {
            let sample: serde_json::Value = serde_json::from_str(sample).unwrap();
            let found = shown(&read_one(sample["line"].as_str().unwrap().as_bytes()));
            let expected = sample["event"].as_object().unwrap();
            assert_eq!(&found, expected, "{}", sample["shape"]);
            shapes += 1;
        }
        assert!(shapes >= 30, "the zoo has only {shapes} shapes");
    }

    #[test]
    fn the_door_and_the_sender_are_named() {
        let event = read_one(b"x");
        assert_eq!(event.text(Field::Source), Some("syslog_tcp"));
        assert_eq!(event.text(Field::Peer), Some("192.0.2.1"));
        assert_eq!(event.text(Field::SenderIdentity), None);
    }

    #[test]
    fn a_cut_line_says_so() {
        let squid: &[u8] =
            b"1767323045.678 1 192.0.2.7 TCP_MISS/200 4 GET http://e.com/ - HIER_NONE/- -";
        for (bytes, class) in [(squid, "http_activity"), (b"half a \xc3", "base_event")] {
            let cut = Line {
                cut_from_bytes: Some(100_000),
                ..line(bytes)
            };
            let event = event(&cut, &raw(), None);
            assert_eq!(event.class().name(), class);
            assert_eq!(event.value(Field::IsTruncated), Some(&Value::Bool(true)));
            assert_eq!(event.int(Field::UntruncatedSize), Some(100_000));
            assert_eq!(event.text(Field::ParseStatus), Some("truncated"));
            assert!(!event.buffer().contains('\u{fffd}'));
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_are_replaced_and_told() {
        let event = read_one(b"<13>Nov 23 14:00:00 h1 app: caf\xe9");
        assert_eq!(event.text(Field::Message), Some("caf\u{fffd}"));
        assert_eq!(event.text(Field::DeviceHostname), Some("h1"));
        assert_eq!(event.text(Field::ParseStatus), Some("invalid_utf8"));
    }

    #[test]
    fn keys_that_come_twice_fill_a_column_once() {
        for text in [
            "{\"url\":\"http://a.com/\",\"uri\":\"http://b.com/\",\"host\":\"a\",\"path\":\"/x\",\"status\":200,\"outcome\":\"ok\"}",
            "{\"user\":\"a@b.example\",\"login\":\"c@d.example\",\"email\":\"e@f.example\",\"act\":\"drop\",\"action\":\"allow\"}",
            "CEF:0|a|b|c|d|e|5|src=a src=192.0.2.1 shost=b c6a2=2001:db8::1 outcome=ok outcome=200 act=drop act=allow suser=a@b.example duser=c@d.example msg=x msg=y externalId=1 externalId=2",
        ] {
            assert_each_column_is_filled_once(&read_one(text.as_bytes()));
        }
    }

    #[test]
    fn what_cannot_be_read_is_kept_whole_with_the_reason() {
        let deep = format!("{{\"a\":{}", "[".repeat(100));
        let wide = format!("{{\"a\":[{}1]}}", "1,".repeat(20_000));
        let cases = [
            ("<13>Nov 23 14:00:00 h1 app: hello", "unrecognized"),
            ("<13>Nov 23 14:00:00 h1 app: {\"a\":", "malformed_json"),
            ("CEF:0|too|few", "malformed_cef"),
            (deep.as_str(), "too_deep"),
            (wide.as_str(), "too_many_values"),
        ];
        for (text, reason) in cases {
            let event = read_one(text.as_bytes());
            assert_eq!(event.text(Field::ParseStatus), Some(reason));
            assert_eq!(event.text(Field::RawData), Some(text));
            assert_eq!(event.text(Field::LogName), Some("syslog"));
        }
    }

    #[test]
    fn hostile_lines_of_a_mebibyte_take_linear_time() {
        for part in [
            "=", " =", "a= ", "[", "[a ", "\\", "|", "CEF:", "CEF:0|", "{\"a\":", " ", ":", "1 ",
            "\" \"",
        ] {
            for start in [
                "",
                "<13>1 - - - - - ",
                "<13>Nov 23 14:00:00 ",
                "CEF:0|a|b|c|d|e|f|",
                "1.5 1 a A/200 1 G ",
            ] {
                let line = format!("{start}{}", part.repeat((1 << 20) / part.len()));
                read_one(line.as_bytes());
            }
        }
    }

    fn assert_each_column_is_filled_once(event: &Event) {
        let mut fields: Vec<Field> = event.cells().map(|(field, _)| field).collect();
        let filled = fields.len();
        fields.sort_unstable();
        fields.dedup();
        assert_eq!(fields.len(), filled);
    }

    fn zoo() -> impl Strategy<Value = String> {
        let zoo = include_str!("../../../tests/fixtures/lines/zoo.ndjson");
        let lines: Vec<String> = zoo
            .lines()
            .map(|sample| {
                let sample: serde_json::Value = serde_json::from_str(sample).unwrap();
                sample["line"].as_str().unwrap().to_owned()
            })
            .collect();
        proptest::sample::select(lines)
    }

    proptest! {
        #[test]
        fn any_bytes_make_one_event(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            read_one(&bytes);
        }

        #[test]
        fn a_changed_line_of_the_zoo_makes_one_event(
            line in zoo(),
            at in 0.0..1.0_f64,
            removed in 0_usize..10,
            added in proptest::collection::vec(proptest::num::u8::ANY, 0..6),
        ) {
            let mut bytes = line.into_bytes();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short line")]
            let start = (at * bytes.len() as f64) as usize;
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, added);
            assert_each_column_is_filled_once(&read_one(&bytes));
        }
    }
}
