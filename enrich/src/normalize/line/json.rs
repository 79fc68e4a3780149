//! Reads lines that are one JSON object.

use std::borrow::Cow;
use std::fmt;

use magistrate_event::{Class, Event, Field, Text, Value};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::super::url::{registrable_domain, set_url};
use super::draft::Draft;
use super::json_names::{Name, name};
use super::target::{Placed, Scalar, Target, place};
use super::vocabulary::is_address;

/// Why a line that begins like a JSON object was kept raw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not JSON, or more than one value.
    Malformed,
    /// Lists and objects lie in one another deeper than [`MAX_DEPTH`].
    TooDeep,
    /// It has more values than [`MAX_VALUES`].
    TooManyValues,
}

/// How deep lists and objects may lie in one another, the object itself counted.
pub(super) const MAX_DEPTH: usize = 64;
/// How many values one line may have, at all depths.
pub(super) const MAX_VALUES: usize = 10_000;

/// Fills the draft from a JSON object. Known names fill columns, the rest is kept as it is.
///
/// Whole numbers beyond 64 signed bits are kept as text, so that no digit is lost. The first of
/// two values for one column stays there, the second is kept under its name.
///
/// # Errors
/// When the line cannot be taken; the draft is then half filled and of no use.
pub(super) fn fill(draft: &mut Draft, line: &str) -> Result<(), Fault> {
    let mut reading = Reading {
        draft,
        values: 0,
        fault: Fault::Malformed,
        host: None,
        path: None,
    };
    let mut json = serde_json::Deserializer::from_str(line);
    let done = json
        .deserialize_map(Object(&mut reading))
        .and_then(|()| json.end());
    done.map_err(|_| reading.fault)?;
    reading.finish();
    Ok(())
}

/// What is known while a line is read.
struct Reading<'d> {
    draft: &'d mut Draft,
    values: usize,
    fault: Fault,
    /// The value of `host`: the server's where the line is about HTTP, else the device's.
    host: Option<(Text, Text)>,
    /// The value of `path`: the URL's where the line is about HTTP.
    path: Option<(Text, Text)>,
}

impl Reading<'_> {
    fn event(&mut self) -> &mut Event {
        self.draft.event()
    }

    fn count<E: Error>(&mut self) -> Result<(), E> {
        self.values += 1;
        if self.values > MAX_VALUES {
            self.fault = Fault::TooManyValues;
            return Err(E::custom("too many values"));
        }
        Ok(())
    }

    fn enter<E: Error>(&mut self, depth: usize) -> Result<(), E> {
        if depth > MAX_DEPTH {
            self.fault = Fault::TooDeep;
            return Err(E::custom("too deep"));
        }
        Ok(())
    }

    /// Puts the two values whose meaning hangs on the others in their places.
    fn finish(self) {
        let event = self.draft.event();
        if event.class() == Class::HttpActivity {
            if let Some((key, host)) = self.host {
                set_server(event, key, host);
            }
            if let Some((key, path)) = self.path {
                set_path(event, key, path);
            }
            return;
        }
        if let Some((key, host)) = self.host {
            let field = if is_address(event.resolve(host)) {
                Field::DeviceIp
            } else {
                Field::DeviceHostname
            };
            set_or_keep(event, field, key, host);
        }
        if let Some((key, path)) = self.path {
            event.keep(key, Value::Text(path));
        }
    }
}

/// The host of a line about HTTP: the server, and the URL's host where the line has no URL.
fn set_server(event: &mut Event, key: Text, host: Text) {
    let name = event.resolve(host).to_ascii_lowercase();
    let field = if is_address(&name) {
        Field::DstIp
    } else {
        Field::DstHostname
    };
    if event.value(Field::UrlString).is_none() {
        event.set(Field::UrlHostname, Value::Text(host));
        if let Some(domain) = registrable_domain(&name) {
            event.set_text(Field::UrlDomain, domain);
            event.set_text(Field::DestinationDomain, domain);
        }
    }
    set_or_keep(event, field, key, host);
}

/// The path of a line about HTTP, which may hold the query.
fn set_path(event: &mut Event, key: Text, path: Text) {
    let text = event.resolve(path).to_owned();
    if event.value(Field::UrlString).is_none() && text.starts_with('/') {
        set_url(event, &text);
    } else {
        set_or_keep(event, Field::UrlPath, key, path);
    }
}

fn set_or_keep(event: &mut Event, field: Field, key: Text, text: Text) {
    match event.text(field) {
        None => event.set(field, Value::Text(text)),
        Some(known) if known == event.resolve(text) => {}
        Some(_) => event.keep(key, Value::Text(text)),
    }
}

/// Visits the outermost object.
struct Object<'r, 'd>(&'r mut Reading<'d>);

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(Key)? {
            self.0.count()?;
            map.next_value_seed(Member {
                reading: &mut *self.0,
                key: &key,
            })?;
        }
        Ok(())
    }
}

/// A name, borrowed from the line where it holds no escape.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// Visits one value of the outermost object: puts it into its column, or keeps it.
struct Member<'r, 'd, 'k> {
    reading: &'r mut Reading<'d>,
    key: &'k str,
}

impl Member<'_, '_, '_> {
    fn keep(self, value: impl FnOnce(&mut Event) -> Value) {
        let event = self.reading.event();
        let key = event.push_key(self.key);
        let value = value(event);
        event.keep(key, value);
    }

    fn take_text(self, text: &str) {
        let reading = &mut *self.reading;
        let waiting = match name(self.key) {
            Some(Name::Target(target)) => {
                if place(reading.draft, target, Scalar::Text(text)) == Placed::Yes {
                    return;
                }
                None
            }
            Some(Name::Host) => Some(&mut reading.host),
            Some(Name::Path) => Some(&mut reading.path),
            None => None,
        };
        match waiting {
            Some(place @ None) if !text.is_empty() => {
                let event = reading.draft.event();
                *place = Some((event.push_key(self.key), event.push_text(text)));
            }
            Some(_) | None => self.keep(|event| Value::Text(event.push_text(text))),
        }
    }

    fn take_number(self, number: i64) {
        if let Some(Name::Target(target)) = name(self.key)
            && place(self.reading.draft, target, Scalar::Int(number)) == Placed::Yes
        {
            return;
        }
        self.keep(|_| Value::Int(number));
    }
}

impl<'de> DeserializeSeed<'de> for Member<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.keep(|_| Value::Null);
        Ok(())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.keep(|_| Value::Bool(flag));
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.take_number(number);
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        match i64::try_from(number) {
            Ok(number) => self.take_number(number),
            Err(_) => self.keep(|event| big_number(event, number)),
        }
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        // Times are often seconds with a fraction.
        if let Some(Name::Target(target @ Target::EventTime)) = name(self.key) {
            let text = number.to_string();
            if place(self.reading.draft, target, Scalar::Text(&text)) == Placed::Yes {
                return Ok(());
            }
        }
        self.keep(|_| Value::Double(number));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.take_text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        let key = self.reading.event().push_key(self.key);
        let value = Node::inside(self.reading, 1).visit_seq(seq)?;
        self.reading.event().keep(key, value);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let key = self.reading.event().push_key(self.key);
        let value = Node::inside(self.reading, 1).visit_map(map)?;
        self.reading.event().keep(key, value);
        Ok(())
    }
}

fn big_number(event: &mut Event, number: u64) -> Value {
    Value::Text(event.push_text(&number.to_string()))
}

/// Visits a value at any depth and makes it part of a tree.
struct Node<'r, 'd> {
    reading: &'r mut Reading<'d>,
    /// How many lists and objects lie around it.
    depth: usize,
}

impl<'r, 'd> Node<'r, 'd> {
    const fn inside(reading: &'r mut Reading<'d>, depth: usize) -> Self {
        Self { reading, depth }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        self.reading.count()?;
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(match i64::try_from(number) {
            Ok(number) => Value::Int(number),
            Err(_) => big_number(self.reading.event(), number),
        })
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Double(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(self.reading.event().push_text(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let depth = self.depth + 1;
        self.reading.enter(depth)?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Node::inside(self.reading, depth))? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let depth = self.depth + 1;
        self.reading.enter(depth)?;
        let mut entries = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            let key = self.reading.event().push_key(&key);
            let value = map.next_value_seed(Node::inside(self.reading, depth))?;
            entries.push((key, value));
        }
        Ok(Value::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn filled(line: &str) -> Result<Event, Fault> {
        let mut draft = Draft::new(Timestamp::from_micros(1_767_323_045_000_000), 100);
        fill(&mut draft, line)?;
        Ok(draft.finish())
    }

    fn unmapped(event: &Event) -> String {
        let mut json = String::new();
        event.push_unmapped_json(&mut json);
        json
    }

    #[test]
    fn known_names_fill_columns_and_the_rest_is_kept() {
        let event = filled(
            r#"{"@timestamp":"2026-01-02T03:04:05.678Z","URL":"https://files.example.com/up?x=1",
            "method":"POST","status":200,"user":"ana@example.com","src_ip":"192.0.2.7",
            "host":"files.example.com","user_agent":"curl/8.5.0","bytes":"4512","path":"/up",
            "action":"allowed","rule":{"name":"r1","tags":["a",1,2.5,true,null]},
            "id":18446744073709551615}"#,
        )
        .unwrap();
        assert_eq!((event.class(), event.activity()), (Class::HttpActivity, 6));
        assert_eq!(event.time().to_rfc3339(), "2026-01-02T03:04:05.678000Z");
        let texts = [
            (Field::UrlHostname, "files.example.com"),
            (Field::DstHostname, "files.example.com"),
            (Field::HttpMethod, "POST"),
            (Field::UserEmail, "ana@example.com"),
            (Field::SrcIp, "192.0.2.7"),
            (Field::UserAgent, "curl/8.5.0"),
            (Field::UrlPath, "/up"),
        ];
        for (field, text) in texts {
            assert_eq!(event.text(field), Some(text), "{}", field.path());
        }
        assert_eq!(event.int(Field::HttpCode), Some(200));
        assert_eq!(event.int(Field::TrafficBytes), Some(4512));
        assert_eq!(event.int(Field::ActionId), Some(1));
        assert_eq!(
            unmapped(&event),
            r#"{"action":"allowed","rule":{"name":"r1","tags":["a",1,2.5,true,null]},"id":"18446744073709551615"}"#
        );
    }

    #[test]
    fn a_line_that_is_not_about_http_is_a_base_event() {
        let event = filled(
            r#"{"ts":1767323045.678,"level":"error","msg":"boom","host":"web1","path":"/etc/x",
            "method":"password","message":"second","bytes":7}"#,
        )
        .unwrap();
        assert_eq!(event.class(), Class::BaseEvent);
        assert_eq!(event.time().to_rfc3339(), "2026-01-02T03:04:05.678000Z");
        assert_eq!(event.int(Field::SeverityId), Some(4));
        assert_eq!(event.text(Field::Message), Some("boom"));
        assert_eq!(event.text(Field::DeviceHostname), Some("web1"));
        let kept = unmapped(&event);
        for part in [
            r#""method":"password""#,
            r#""message":"second""#,
            r#""path":"/etc/x""#,
        ] {
            assert!(kept.contains(part), "{kept}");
        }
        assert!(kept.contains(r#""traffic.bytes":7"#), "{kept}");
    }

    #[test]
    fn escaped_names_and_texts_are_read() {
        let event = filled(
            "{\"\\u0075rl\":\"https:\\/\\/e.com\\/\",\"k\\n\":\"v\\u00e9\",\"a\":1,\"a\":2}",
        );
        let event = event.unwrap();
        assert_eq!(event.text(Field::UrlString), Some("https://e.com/"));
        assert_eq!(unmapped(&event), "{\"k\\n\":\"vé\",\"a\":1,\"a\":2}");
    }

    #[test]
    fn what_is_not_one_object_is_told() {
        for line in [
            "",
            "{",
            "[]",
            "1",
            "{} x",
            "{}{}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"\\ud800\":1}",
        ] {
            assert_eq!(filled(line).unwrap_err(), Fault::Malformed, "{line}");
        }
        assert!(filled(" {} ").is_ok());
    }

    #[test]
    fn depth_and_number_of_values_have_limits() {
        let nested = |depth: usize| {
            format!(
                "{{\"a\":{}1{}}}",
                "[".repeat(depth - 1),
                "]".repeat(depth - 1)
            )
        };
        assert!(filled(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(filled(&nested(MAX_DEPTH + 1)).unwrap_err(), Fault::TooDeep);
        assert_eq!(filled(&nested(100_000)).unwrap_err(), Fault::TooDeep);
        let wide = |count: usize| format!("{{\"a\":[{}1]}}", "1,".repeat(count - 2));
        assert!(filled(&wide(MAX_VALUES)).is_ok());
        assert_eq!(
            filled(&wide(MAX_VALUES + 1)).unwrap_err(),
            Fault::TooManyValues
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\{(\"(url|host|path|ts|a)?\"|:|,|\\[|\\]|\\{|\\}|1|e|-|null|\\\\|\\PC){0,40}") {
            let _ = filled(&text);
        }

        #[test]
        fn unknown_trees_come_back_as_they_were(number in proptest::num::i64::ANY, text in "\\PC{0,20}") {
            let line = serde_json::json!({"tree": {"n": number, "t": text, "l": [text, number]}});
            let event = filled(&line.to_string()).unwrap();
            let back: serde_json::Value = serde_json::from_str(&unmapped(&event)).unwrap();
            prop_assert_eq!(back, line);
        }
    }
}
