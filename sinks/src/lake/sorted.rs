//! A table's rows in the order of their time, column by column.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, Int64Array, TimestampMicrosecondArray, new_null_array};
use magistrate_event::{EventUid, Kind, OCSF_VERSION};

use super::column::{Bytes, Column, NO_VALUE, Picks};
use super::schema::{Derived, Layout, Origin, UTC, leaf_type};
use super::table::Table;

/// The rows of one file. Equal times stay in the order in which they came.
#[derive(Debug)]
pub(super) struct Sorted<'a> {
    table: &'a Table,
    /// Which row of the table each row of the file is; `None` when they are in order already.
    order: Option<Vec<u32>>,
}

impl<'a> Sorted<'a> {
    pub(super) fn new(table: &'a Table) -> Self {
        let order = (!table.in_order).then(|| {
            let mut order: Vec<u32> = (0_u32..).take(table.rows()).collect();
            order.sort_by_key(|row| table.times.get(as_index(*row)));
            order
        });
        Self { table, order }
    }

    pub(super) const fn rows(&self) -> usize {
        self.table.rows()
    }

    pub(super) const fn layout(&self) -> &Arc<Layout> {
        &self.table.layout
    }

    /// Whether no row fills the column of leaf number `leaf`.
    pub(super) fn is_empty_column(&self, leaf: usize) -> bool {
        match self.origin(leaf) {
            Some(Origin::Field(_)) => self
                .table
                .columns
                .get(leaf)
                .and_then(Option::as_ref)
                .is_none_or(|column| column.rows().is_empty()),
            Some(Origin::Derived(Derived::Unmapped)) => self.table.unmapped.rows().is_empty(),
            Some(Origin::Derived(_)) | None => false,
        }
    }

    /// The rows `rows` of the column of leaf number `leaf`.
    pub(super) fn column(&self, leaf: usize, rows: Range<usize>) -> ArrayRef {
        match self.origin(leaf) {
            Some(Origin::Derived(derived)) => self.derived(derived, rows),
            Some(Origin::Field(field)) => match self.table.columns.get(leaf) {
                Some(Some(column)) => self.picked(column, field.kind(), rows),
                Some(None) | None => new_null_array(&leaf_type(field.kind()), rows.len()),
            },
            None => new_null_array(&leaf_type(Kind::Text), rows.len()),
        }
    }

    fn origin(&self, leaf: usize) -> Option<Origin> {
        self.table.layout.leaves.get(leaf).map(|leaf| leaf.origin)
    }

    fn picked(&self, column: &Column, kind: Kind, rows: Range<usize>) -> ArrayRef {
        let filled = column.rows();
        if filled.is_empty() {
            return new_null_array(&leaf_type(kind), rows.len());
        }
        if filled.len() == self.rows() {
            return column.array(&match &self.order {
                None => Picks::Run(rows),
                Some(order) => Picks::Each(order.get(rows).unwrap_or_default()),
            });
        }
        let mut value_of = vec![NO_VALUE; self.rows()];
        for (row, value) in filled.iter().zip(0_u32..) {
            if let Some(entry) = value_of.get_mut(as_index(row)) {
                *entry = value;
            }
        }
        match &self.order {
            None => column.array(&Picks::Each(value_of.get(rows).unwrap_or_default())),
            Some(_) => {
                let picks: Vec<u32> = self.in_order(&value_of, rows).collect();
                column.array(&Picks::Each(&picks))
            }
        }
    }

    fn derived(&self, derived: Derived, rows: Range<usize>) -> ArrayRef {
        let count = rows.len();
        let table = self.table;
        let class = table.layout.class.class_uid().unwrap_or_default();
        match derived {
            Derived::Time => Arc::new(timestamps(self.in_order(&table.times, rows))),
            Derived::LoggedTime => Arc::new(timestamps(self.in_order(&table.received, rows))),
            Derived::ClassUid => Arc::new(Int32Array::from(vec![narrow(class); count])),
            Derived::CategoryUid => Arc::new(Int32Array::from(vec![narrow(class / 1000); count])),
            Derived::ActivityId => Arc::new(Int32Array::from_iter_values(
                self.in_order(&table.activities, rows).map(i32::from),
            )),
            Derived::TypeUid => Arc::new(Int64Array::from_iter_values(
                self.in_order(&table.activities, rows)
                    .map(|activity| class * 100 + i64::from(activity)),
            )),
            Derived::Uid => uids(self.in_order(&table.uids, rows), count),
            Derived::Version => repeated(OCSF_VERSION, count),
            Derived::Unmapped => self.picked(&table.unmapped, Kind::Json, rows),
        }
    }

    /// The values of the rows `rows` of the file.
    fn in_order<T: Copy>(&self, values: &[T], rows: Range<usize>) -> impl Iterator<Item = T> {
        let order = self.order.as_deref();
        rows.filter_map(move |row| {
            let place = match order {
                None => row,
                Some(order) => as_index(*order.get(row)?),
            };
            values.get(place).copied()
        })
    }
}

fn timestamps(micros: impl Iterator<Item = i64>) -> TimestampMicrosecondArray {
    TimestampMicrosecondArray::from_iter_values(micros).with_timezone(UTC)
}

fn uids(uids: impl Iterator<Item = EventUid>, count: usize) -> ArrayRef {
    const HEX_BYTES: usize = 32;
    let mut column = Bytes::with_capacity(count, count * HEX_BYTES);
    uids.for_each(|uid| column.append(&uid.hex()));
    column.finish()
}

fn repeated(text: &str, count: usize) -> ArrayRef {
    let mut column = Bytes::with_capacity(count, count * text.len());
    (0..count).for_each(|_| column.append(text.as_bytes()));
    column.finish()
}

/// A class number, which is below 10,000.
fn narrow(number: i64) -> i32 {
    i32::try_from(number).unwrap_or_default()
}

/// A row number, which is below the number of rows in memory.
const fn as_index(row: u32) -> usize {
    row as usize
}
