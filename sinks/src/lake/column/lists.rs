//! A column of lists of texts.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, StringBuilder};
use magistrate_event::{Event, Value};

use super::filled::Filled;
use super::{MARK_BYTES, Picks, Run, bounds, clear, clear_text, for_each_run, short};
use crate::lake::coerce::Fitted;
use crate::lake::schema::element;

/// All items of all lists of a column in one buffer.
#[derive(Debug, Default)]
pub(in crate::lake) struct Lists {
    pub(super) rows: Filled,
    /// Where each list ends in `items`.
    ends: Vec<u32>,
    /// Where each item lies in `text`; `None` for a null.
    items: Vec<Option<Range<u32>>>,
    text: String,
}

impl Lists {
    /// Appends one list; items that are no texts become JSON.
    pub(super) fn set(
        &mut self,
        row: u32,
        value: Fitted<'_>,
        scratch: &str,
        event: &Event,
    ) -> Option<usize> {
        let before = self.text.len() + self.items.len() * size_of::<Option<Range<u32>>>();
        match value {
            Fitted::List(items) => {
                self.rows.add(row)?;
                items.iter().for_each(|item| self.push_item(item, event));
            }
            Fitted::Text(text) => {
                self.rows.add(row)?;
                self.push_text(text);
            }
            Fitted::Scratch => {
                self.rows.add(row)?;
                self.push_text(scratch);
            }
            Fitted::Int(_)
            | Fitted::Long(_)
            | Fitted::Double(_)
            | Fitted::Bool(_)
            | Fitted::Time(_) => return None,
        }
        self.ends.push(short(self.items.len()));
        let after = self.text.len() + self.items.len() * size_of::<Option<Range<u32>>>();
        Some(after - before + 2 * MARK_BYTES)
    }

    fn push_item(&mut self, item: &Value, event: &Event) {
        match item {
            Value::Null => self.items.push(None),
            Value::Text(text) => self.push_text(event.resolve(*text)),
            Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Time(_)
            | Value::List(_)
            | Value::Map(_) => {
                let start = short(self.text.len());
                event.push_json(item, &mut self.text);
                self.items.push(Some(start..short(self.text.len())));
            }
        }
    }

    fn push_text(&mut self, text: &str) {
        let start = short(self.text.len());
        self.text.push_str(text);
        self.items.push(Some(start..short(self.text.len())));
    }

    pub(super) fn array(&self, picks: &Picks<'_>) -> ArrayRef {
        let mut out = ListBuilder::new(StringBuilder::new()).with_field(element());
        match picks {
            Picks::Run(range) => range.clone().for_each(|index| self.copy(index, &mut out)),
            Picks::Each(each) => for_each_run(each, |run| match run {
                Run::Nulls(count) => out.append_nulls(count),
                Run::Value(index) => self.copy(index, &mut out),
            }),
        }
        Arc::new(out.finish())
    }

    fn copy(&self, index: usize, out: &mut ListBuilder<StringBuilder>) {
        let items = bounds(&self.ends, index).and_then(|range| self.items.get(range));
        for item in items.unwrap_or_default() {
            let text = item
                .as_ref()
                .and_then(|item| self.text.get(item.start as usize..item.end as usize));
            out.values().append_option(text);
        }
        out.append(true);
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
        clear(&mut self.ends);
        clear(&mut self.items);
        clear_text(&mut self.text);
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray as _;
    use magistrate_event::{Class, Timestamp};

    use super::*;

    #[test]
    fn a_list_keeps_every_item() {
        let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
        let text = event.push_text("a");
        let items = [
            Value::Text(text),
            Value::Null,
            Value::List(vec![Value::Int(4)]),
        ];
        let mut column = Lists::default();
        column.set(0, Fitted::List(&items), "", &event).unwrap();
        column.set(1, Fitted::List(&[]), "", &event).unwrap();
        let array = column.array(&Picks::Run(0..2));
        let lists = array.as_list::<i32>();
        let first = lists.value(0);
        let first: Vec<_> = first.as_string::<i32>().iter().collect();
        assert_eq!(first, [Some("a"), None, Some("[4]")]);
        assert_eq!(lists.value_length(1), 0);
    }
}
