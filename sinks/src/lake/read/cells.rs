//! Makes an event of one row: each column by its kind, and what had none.

use arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use magistrate_event::{Class, Event, Field, Kind, Timestamp, Value};
use serde_json::Value as Json;

use super::StoredEvent;
use crate::lake::find::column;

/// The event of `row`; none where it has no id or no time.
pub(super) fn event(batch: &RecordBatch, row: usize, class: Class) -> Option<StoredEvent> {
    let uid = text(&column(batch, "metadata.uid")?, row)?.parse().ok()?;
    let time = time(&column(batch, "time")?, row)?;
    let activity = column(batch, "activity_id").and_then(|column| int32(&column, row));
    let activity = activity.and_then(|number| u8::try_from(number).ok());
    let mut event = Event::new(class, activity.unwrap_or_default(), time);
    for field in Field::ALL.iter().filter(|field| field.is_in(class)) {
        let Some(column) = column(batch, field.path()).filter(|column| !column.is_null(row)) else {
            continue;
        };
        if let Some(value) = value(&mut event, &column, row, field.kind()) {
            event.append(*field, value);
        }
    }
    let unmapped = column(batch, "unmapped");
    let unmapped = unmapped.and_then(|column| text(&column, row).map(str::to_owned));
    if let Some(Json::Object(entries)) = unmapped.and_then(|text| serde_json::from_str(&text).ok())
    {
        for (key, json) in &entries {
            let key = event.push_key(key);
            let value = event.push_value(json);
            event.keep(key, value);
        }
    }
    Some(StoredEvent { uid, event })
}

fn value(event: &mut Event, column: &ArrayRef, row: usize, kind: Kind) -> Option<Value> {
    Some(match kind {
        Kind::Text => Value::Text(event.push_text(text(column, row)?)),
        // It is this program's own: no deeper than what it takes in.
        Kind::Json => event.push_value(&serde_json::from_str(text(column, row)?).ok()?),
        Kind::Int => Value::Int(i64::from(int32(column, row)?)),
        Kind::Long => Value::Int(column.as_primitive_opt::<Int64Type>()?.value(row)),
        Kind::Double => Value::Double(column.as_primitive_opt::<Float64Type>()?.value(row)),
        Kind::Bool => Value::Bool(column.as_boolean_opt()?.value(row)),
        Kind::Time => Value::Time(time(column, row)?),
        Kind::TextList => {
            let list = column.as_list_opt::<i32>()?.value(row);
            let texts = list.as_string_opt::<i32>()?;
            let texts = texts.iter().flatten();
            Value::List(
                texts
                    .map(|text| Value::Text(event.push_text(text)))
                    .collect(),
            )
        }
    })
}

fn text(column: &ArrayRef, row: usize) -> Option<&str> {
    let texts = column.as_string_opt::<i32>()?;
    (!texts.is_null(row)).then(|| texts.value(row))
}

fn int32(column: &ArrayRef, row: usize) -> Option<i32> {
    let numbers = column.as_primitive_opt::<Int32Type>()?;
    (!numbers.is_null(row)).then(|| numbers.value(row))
}

fn time(column: &ArrayRef, row: usize) -> Option<Timestamp> {
    let times = column.as_primitive_opt::<TimestampMicrosecondType>()?;
    (!times.is_null(row)).then(|| Timestamp::from_micros(times.value(row)))
}
