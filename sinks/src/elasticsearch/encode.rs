//! Writes a record as the two lines that `_bulk` takes.

use std::fmt::Write as _;

use magistrate_event::{Record, Timestamp, push_json_string};

use crate::ocsf::{self, Attributes};

/// Appends the action line and the document line, each with its newline.
pub(super) fn push(record: &Record, index: &str, out: &mut String) {
    out.push_str("{\"create\":{\"_index\":");
    push_json_string(index, out);
    // Writing into a `String` cannot fail.
    let _ = writeln!(out, ",\"_id\":\"{}\"}}}}", record.uid());
    let _ = write!(out, "{{\"@timestamp\":\"{}\",", time(record).to_rfc3339());
    ocsf::push_members(record, Attributes::Text, out);
    out.push_str("}\n");
}

/// 0001-01-01T00:00:00Z.
const FIRST_MICROS: i64 = -62_135_596_800_000_000;
/// 9999-12-31T00:00:00Z.
const LAST_MICROS: i64 = 253_402_214_400_000_000;

/// A year of four digits, else the time of receipt; `time` in the document is always the event's.
fn time(record: &Record) -> Timestamp {
    let time = record.event().time();
    if (FIRST_MICROS..=LAST_MICROS).contains(&time.as_micros()) {
        time
    } else {
        let received = record.received().as_micros();
        Timestamp::from_micros(received.clamp(FIRST_MICROS, LAST_MICROS))
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Event};
    use serde_json::{Value, json};

    use super::*;
    use crate::ocsf::samples;

    fn lines(micros: i64) -> Vec<Value> {
        let event = Event::new(Class::ApiActivity, 2, Timestamp::from_micros(micros));
        let mut out = String::new();
        push(&samples::record(event), "logs-a-b", &mut out);
        assert!(out.ends_with('\n'));
        out.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn a_record_is_created_under_its_stable_id() {
        let lines = lines(1_700_000_000_123_456);
        assert_eq!(lines.len(), 2);
        assert_eq!(
            lines[0],
            json!({"create": {"_index": "logs-a-b", "_id": samples::UID}})
        );
        assert_eq!(lines[1]["@timestamp"], "2023-11-14T22:13:20.123456Z");
        assert_eq!(lines[1]["time"], 1_700_000_000_123_i64);
        assert_eq!(lines[1]["class_uid"], 6003);
    }

    #[test]
    fn a_year_without_four_digits_gives_way_to_the_receipt() {
        for micros in [i64::MIN, FIRST_MICROS - 1, LAST_MICROS + 1, i64::MAX] {
            let document = lines(micros).pop().unwrap();
            assert_eq!(document["@timestamp"], "1970-01-01T00:00:00.005000Z");
        }
        let first = lines(FIRST_MICROS).pop().unwrap();
        assert_eq!(first["@timestamp"], "0001-01-01T00:00:00.000000Z");
    }
}
