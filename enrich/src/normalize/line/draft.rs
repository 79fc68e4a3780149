//! The event that is being made from one line.

use magistrate_event::{Class, Event, Field, Room, Text, Timestamp, Value};

/// An event, and what must be known about it until the line has been read whole.
#[derive(Debug)]
pub(super) struct Draft {
    event: Event,
    received: Timestamp,
    time_from: TimeFrom,
}

/// Where the event's time was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeFrom {
    Receipt,
    Header,
    Message,
}

impl Draft {
    /// An event of no class yet, at the time of its receipt, made from a line of `line_bytes`.
    pub(super) fn new(received: Timestamp, line_bytes: usize) -> Self {
        let room = Room {
            // A URL is kept whole and in parts.
            text_bytes: line_bytes * 2 + 256,
            fields: 36,
            unmapped: 8,
        };
        Self {
            event: Event::with_capacity(Class::BaseEvent, 0, received, room),
            received,
            time_from: TimeFrom::Receipt,
        }
    }

    /// The event.
    pub(super) const fn event(&mut self) -> &mut Event {
        &mut self.event
    }

    /// When the line was received: gives the year to times without one.
    pub(super) const fn received(&self) -> Timestamp {
        self.received
    }

    /// Whether `field` is still empty.
    pub(super) fn is_vacant(&self, field: Field) -> bool {
        self.event.value(field).is_none()
    }

    /// Whether the message itself said no time yet.
    pub(super) fn lacks_own_time(&self) -> bool {
        self.time_from != TimeFrom::Message
    }

    /// Takes the time that the message itself says: nearer to the event than the header's.
    pub(super) const fn set_own_time(&mut self, time: Timestamp) {
        self.event.set_time_of_event(time);
        self.time_from = TimeFrom::Message;
    }

    /// Takes the time of the header, unless the message said one; then its text is kept.
    pub(super) fn set_header_time(&mut self, time: Timestamp, text: &str) {
        if self.time_from == TimeFrom::Message {
            self.event.keep_text("syslog.timestamp", text);
            return;
        }
        self.event.set_time_of_event(time);
        self.time_from = TimeFrom::Header;
    }

    /// Fills `field` with a text, or keeps the text under `name` when the field is filled.
    pub(super) fn set_or_keep(&mut self, field: Field, name: &str, text: &str) {
        if self.is_vacant(field) {
            add_text(&mut self.event, field, text);
        } else if self.event.text(field) != Some(text) {
            self.event.keep_text(name, text);
        }
    }

    /// The event, with what its class has no column for moved to `unmapped`.
    pub(super) fn finish(mut self) -> Event {
        if self.time_from == TimeFrom::Receipt {
            add_text(&mut self.event, Field::TimeStatus, "received");
        }
        let class = self.event.class();
        // What is set here is of every class or of all of these.
        if matches!(
            class,
            Class::HttpActivity | Class::NetworkActivity | Class::DnsActivity
        ) {
            return self.event;
        }
        let (fields, _) = self.event.values_mut();
        if fields.iter().all(|(field, _)| field.is_in(class)) {
            return self.event;
        }
        let (fields, _) = self.event.values_mut();
        let foreign: Vec<(Field, Value)> = fields
            .extract_if(.., |(field, _)| !field.is_in(class))
            .collect();
        for (field, value) in foreign {
            let key: Text = self.event.push_key(field.path());
            self.event.keep(key, value);
        }
        self.event
    }
}

/// Fills a field that is known to be empty with a text.
pub(super) fn add_text(event: &mut Event, field: Field, text: &str) {
    let text = event.push_text(text);
    event.append(field, Value::Text(text));
}

/// Fills a field that is known to be empty with a whole number.
pub(super) fn add_int(event: &mut Event, field: Field, number: i64) {
    event.append(field, Value::Int(number));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_own_time_wins_over_the_headers() {
        let (received, header, own) = (1, 2, 3);
        let [received, header, own] = [received, header, own].map(Timestamp::from_micros);
        let event = Draft::new(received, 100).finish();
        assert_eq!(
            (event.time(), event.text(Field::TimeStatus)),
            (received, Some("received"))
        );

        let mut draft = Draft::new(received, 100);
        draft.set_header_time(header, "t");
        let event = draft.finish();
        assert_eq!(
            (event.time(), event.text(Field::TimeStatus)),
            (header, None)
        );

        let mut draft = Draft::new(received, 100);
        draft.set_own_time(own);
        draft.set_header_time(header, "t");
        let event = draft.finish();
        assert_eq!(event.time(), own);
        let mut json = String::new();
        event.push_unmapped_json(&mut json);
        assert_eq!(json, r#"{"syslog.timestamp":"t"}"#);
    }

    #[test]
    fn what_the_class_has_no_column_for_is_kept() {
        let mut draft = Draft::new(Timestamp::default(), 100);
        draft.event().set_int(Field::TrafficBytes, 7);
        draft.event().set_text(Field::ConnectionProtocol, "tcp");
        draft.event().set_text(Field::Message, "m");
        let event = draft.finish();
        assert_eq!(event.value(Field::TrafficBytes), None);
        assert_eq!(event.text(Field::Message), Some("m"));
        let mut json = String::new();
        event.push_unmapped_json(&mut json);
        let expected = r#"{"traffic.bytes":7,"connection_info.protocol_name":"tcp"}"#;
        assert_eq!(json, expected);
    }
}
