//! Wraps an event as HEC's event endpoint takes it.

use std::fmt::Write as _;

use magistrate_event::{Event, Field, Record, Timestamp, push_json_string};

use crate::ocsf;

/// Appends one HEC event object. Objects stand one after the other, with nothing between them.
pub(super) fn push(record: &Record, index: Option<&str>, out: &mut String) {
    let event = record.event();
    let millis = time(event, record.received()).as_millis();
    // Writing into a `String` cannot fail.
    let _ = write!(out, "{{\"time\":{}.{:03}", millis / 1000, millis % 1000);
    if let Some(host) = host(event) {
        push_member("host", host, out);
    }
    push_source(event, out);
    let _ = write!(
        out,
        ",\"sourcetype\":\"magistrate:ocsf:{}\"",
        event.class().name()
    );
    if let Some(index) = index {
        push_member("index", index, out);
    }
    let _ = write!(out, ",\"fields\":{{\"event_uid\":\"{}\"}}", record.uid());
    out.push_str(",\"event\":");
    ocsf::project(record, out);
    out.push('}');
}

fn push_member(name: &str, value: &str, out: &mut String) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    push_json_string(value, out);
}

fn push_source(event: &Event, out: &mut String) {
    out.push_str(",\"source\":\"magistrate");
    // The door's name is one of ours; anything else in its place is not shown here.
    if let Some(door) = event.text(Field::Source)
        && door
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        out.push(':');
        out.push_str(door);
    }
    out.push('"');
}

/// The machine that logged; blank host names are refused by Splunk's indexers.
fn host(event: &Event) -> Option<&str> {
    [Field::DeviceHostname, Field::DeviceIp]
        .into_iter()
        .filter_map(|field| event.text(field))
        .find(|host| !host.trim().is_empty())
}

/// 9999-12-31T23:59:59Z.
const LAST_MICROS: i64 = 253_402_300_799_000_000;

/// Splunk files an event by this; outside the years 1970 to 9999 that is the time of receipt.
fn time(event: &Event, received: Timestamp) -> Timestamp {
    if (0..=LAST_MICROS).contains(&event.time().as_micros()) {
        event.time()
    } else {
        Timestamp::from_micros(received.as_micros().clamp(0, LAST_MICROS))
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::Class;
    use serde_json::{Value, json};

    use super::*;
    use crate::ocsf::samples;

    fn pushed(event: Event, index: Option<&str>) -> Value {
        let mut out = String::new();
        push(&samples::record(event), index, &mut out);
        serde_json::from_str(&out).unwrap()
    }

    #[test]
    fn an_event_is_wrapped_with_its_time_source_and_stable_id() {
        let mut event = Event::new(
            Class::ApiActivity,
            2,
            Timestamp::from_millis(1_700_000_000_007),
        );
        event.set_text(Field::DeviceHostname, "la\"ptop");
        event.set_text(Field::Source, "otlp_http");
        let mut json = pushed(event, Some("ai"));
        assert_eq!(json["event"].take()["metadata"]["uid"], samples::UID);
        assert_eq!(
            json,
            json!({
                "time": 1_700_000_000.007, "host": "la\"ptop", "source": "magistrate:otlp_http",
                "sourcetype": "magistrate:ocsf:api_activity", "index": "ai", "event": null,
                "fields": {"event_uid": samples::UID},
            })
        );
    }

    #[test]
    fn a_time_that_splunk_cannot_file_gives_way_to_the_receipt() {
        for micros in [-1, i64::MIN, i64::MAX, LAST_MICROS + 1] {
            let event = Event::new(Class::BaseEvent, 0, Timestamp::from_micros(micros));
            let json = pushed(event, None);
            assert_eq!(json["time"], 0.005, "{micros}");
            assert_eq!(json["event"]["time"], micros.div_euclid(1000));
        }
    }
}
