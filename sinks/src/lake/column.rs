//! One column of rows that wait for their file.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder as _, ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder,
    ListBuilder, StringBuilder, TimestampMicrosecondBuilder,
};
use magistrate_event::{Event, Kind, Value};

use super::coerce::Fitted;
use super::schema::{UTC, element};

/// A typed column. Rows that do not fill it cost nothing until the next one that does.
#[derive(Debug)]
pub(super) enum Column {
    Text(StringBuilder),
    TextList(ListBuilder<StringBuilder>),
    Int(Int32Builder),
    Long(Int64Builder),
    Double(Float64Builder),
    Bool(BooleanBuilder),
    Time(TimestampMicrosecondBuilder),
}

impl Column {
    pub(super) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text | Kind::Json => Self::Text(StringBuilder::with_capacity(0, 0)),
            Kind::TextList => Self::TextList(
                ListBuilder::with_capacity(StringBuilder::with_capacity(0, 0), 0)
                    .with_field(element()),
            ),
            Kind::Int => Self::Int(Int32Builder::with_capacity(0)),
            Kind::Long => Self::Long(Int64Builder::with_capacity(0)),
            Kind::Double => Self::Double(Float64Builder::with_capacity(0)),
            Kind::Bool => Self::Bool(BooleanBuilder::with_capacity(0)),
            Kind::Time => {
                Self::Time(TimestampMicrosecondBuilder::with_capacity(0).with_timezone(UTC))
            }
        }
    }

    /// Rows so far, up to the last one that was filled.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(column) => column.len(),
            Self::TextList(column) => column.len(),
            Self::Int(column) => column.len(),
            Self::Long(column) => column.len(),
            Self::Double(column) => column.len(),
            Self::Bool(column) => column.len(),
            Self::Time(column) => column.len(),
        }
    }

    /// Fills row number `row`, which must not be filled yet, and returns the bytes it took.
    /// `None` when the row is filled already, or the value is of another type.
    #[inline]
    pub(super) fn set(
        &mut self,
        row: usize,
        value: Fitted<'_>,
        scratch: &str,
        event: &Event,
    ) -> Option<usize> {
        let missing = row.checked_sub(self.len())?;
        if missing > 0 {
            self.append_nulls(missing);
        }
        match (self, value) {
            (Self::Text(column), Fitted::Text(text)) => {
                column.append_value(text);
                Some(text.len() + OFFSET_BYTES)
            }
            (Self::Text(column), Fitted::Scratch) => {
                column.append_value(scratch);
                Some(scratch.len() + OFFSET_BYTES)
            }
            (Self::Int(column), Fitted::Int(number)) => {
                column.append_value(number);
                Some(size_of::<i32>())
            }
            (Self::Long(column), Fitted::Long(number)) => {
                column.append_value(number);
                Some(size_of::<i64>())
            }
            (Self::Double(column), Fitted::Double(number)) => {
                column.append_value(number);
                Some(size_of::<f64>())
            }
            (Self::Bool(column), Fitted::Bool(flag)) => {
                column.append_value(flag);
                Some(1)
            }
            (Self::Time(column), Fitted::Time(micros)) => {
                column.append_value(micros);
                Some(size_of::<i64>())
            }
            (Self::TextList(column), value) => append_list(column, value, scratch, event),
            (
                Self::Text(_)
                | Self::Int(_)
                | Self::Long(_)
                | Self::Double(_)
                | Self::Bool(_)
                | Self::Time(_),
                _,
            ) => None,
        }
    }

    /// The column as `rows` rows.
    pub(super) fn finish(mut self, rows: usize) -> ArrayRef {
        self.append_nulls(rows.saturating_sub(self.len()));
        match self {
            Self::Text(mut column) => Arc::new(column.finish()),
            Self::TextList(mut column) => Arc::new(column.finish()),
            Self::Int(mut column) => Arc::new(column.finish()),
            Self::Long(mut column) => Arc::new(column.finish()),
            Self::Double(mut column) => Arc::new(column.finish()),
            Self::Bool(mut column) => Arc::new(column.finish()),
            Self::Time(mut column) => Arc::new(column.finish()),
        }
    }

    fn append_nulls(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        match self {
            Self::Text(column) => column.append_nulls(count),
            Self::TextList(column) => column.append_nulls(count),
            Self::Int(column) => column.append_nulls(count),
            Self::Long(column) => column.append_nulls(count),
            Self::Double(column) => column.append_nulls(count),
            Self::Bool(column) => column.append_nulls(count),
            Self::Time(column) => column.append_nulls(count),
        }
    }
}

const OFFSET_BYTES: usize = size_of::<i32>();

/// Appends one list; items that are no texts become JSON.
fn append_list(
    column: &mut ListBuilder<StringBuilder>,
    value: Fitted<'_>,
    scratch: &str,
    event: &Event,
) -> Option<usize> {
    let items = match value {
        Fitted::List(items) => items,
        Fitted::Text(text) => return Some(append_single(column, text)),
        Fitted::Scratch => return Some(append_single(column, scratch)),
        Fitted::Int(_)
        | Fitted::Long(_)
        | Fitted::Double(_)
        | Fitted::Bool(_)
        | Fitted::Time(_) => return None,
    };
    let mut bytes = OFFSET_BYTES;
    let mut json = String::new();
    for item in items {
        match item {
            Value::Null => column.values().append_null(),
            Value::Text(text) => {
                let text = event.resolve(*text);
                bytes += text.len();
                column.values().append_value(text);
            }
            Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Time(_)
            | Value::List(_)
            | Value::Map(_) => {
                json.clear();
                event.push_json(item, &mut json);
                bytes += json.len();
                column.values().append_value(&json);
            }
        }
        bytes += OFFSET_BYTES;
    }
    column.append(true);
    Some(bytes)
}

fn append_single(column: &mut ListBuilder<StringBuilder>, text: &str) -> usize {
    column.values().append_value(text);
    column.append(true);
    text.len() + 2 * OFFSET_BYTES
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array as _, AsArray as _};
    use magistrate_event::{Class, Timestamp};

    use super::*;

    const KINDS: [(Kind, Fitted<'_>); 8] = [
        (Kind::Text, Fitted::Text("a")),
        (Kind::TextList, Fitted::Text("a")),
        (Kind::Int, Fitted::Int(1)),
        (Kind::Long, Fitted::Long(1)),
        (Kind::Double, Fitted::Double(1.0)),
        (Kind::Bool, Fitted::Bool(true)),
        (Kind::Time, Fitted::Time(1)),
        (Kind::Json, Fitted::Scratch),
    ];

    fn event() -> Event {
        Event::new(Class::BaseEvent, 0, Timestamp::default())
    }

    #[test]
    fn rows_that_were_skipped_are_null() {
        for (kind, value) in KINDS {
            let mut column = Column::new(kind);
            column.set(2, value, "{}", &event()).unwrap();
            column.set(3, value, "{}", &event()).unwrap();
            let array = column.finish(6);
            let nulls: Vec<bool> = (0..6).map(|row| array.is_null(row)).collect();
            assert_eq!(nulls, [true, true, false, false, true, true], "{kind:?}");
            assert_eq!(array.data_type(), &super::super::schema::data_type(kind));
        }
    }

    #[test]
    fn a_row_is_filled_only_once() {
        for (kind, value) in KINDS {
            let mut column = Column::new(kind);
            assert!(column.set(0, value, "", &event()).is_some());
            assert!(column.set(0, value, "", &event()).is_none());
            assert_eq!(column.finish(1).len(), 1);
        }
    }

    #[test]
    fn a_list_keeps_every_item() {
        let mut event = event();
        let text = event.push_text("a");
        let items = [
            Value::Text(text),
            Value::Null,
            Value::List(vec![Value::Int(4)]),
        ];
        let mut column = Column::new(Kind::TextList);
        column.set(0, Fitted::List(&items), "", &event).unwrap();
        column.set(1, Fitted::List(&[]), "", &event).unwrap();
        let array = column.finish(2);
        let lists = array.as_list::<i32>();
        let first = lists.value(0);
        let first: Vec<_> = first.as_string::<i32>().iter().collect();
        assert_eq!(first, [Some("a"), None, Some("[4]")]);
        assert_eq!(lists.value_length(1), 0);
    }
}
