//! The rows of one class and day that wait for their file.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int32Array, Int64Array, StringBuilder, TimestampMicrosecondArray, UInt32Array,
    new_null_array,
};
use arrow::compute::take;
use arrow::error::ArrowError;
use magistrate_event::{Event, EventUid, Kind, OCSF_VERSION, Record, push_json_string};

use super::coerce::{Fitted, fit, write_json};
use super::column::Column;
use super::schema::{Derived, Layout, Origin, UTC, data_type};

/// Rows in the order in which they came.
#[derive(Debug)]
pub(super) struct Table {
    layout: Arc<Layout>,
    times: Vec<i64>,
    received: Vec<i64>,
    activities: Vec<u8>,
    uids: Vec<EventUid>,
    /// One for each leaf; `None` until the first row that fills it.
    columns: Vec<Option<Column>>,
    unmapped: Column,
    /// How many of `columns` are there.
    filled: usize,
    in_order: bool,
}

/// Text buffers that are used again for each row.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    text: String,
    misfits: String,
}

/// What one row took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Appended {
    pub(super) bytes: usize,
    /// Values that fitted no column and are kept under `unmapped`.
    pub(super) misfits: u64,
}

/// Bytes of a row that are there whatever it fills.
const ROW_BYTES: usize = 2 * size_of::<i64>() + 1 + size_of::<EventUid>();
/// Bytes of a row in each column that it does not fill.
const NULL_BYTES: usize = 5;
/// A scratch buffer larger than this is given back.
const KEPT_SCRATCH_BYTES: usize = 1024 * 1024;

impl Table {
    pub(super) fn new(layout: Arc<Layout>) -> Self {
        Self {
            times: Vec::new(),
            received: Vec::new(),
            activities: Vec::new(),
            uids: Vec::new(),
            columns: std::iter::repeat_with(|| None)
                .take(layout.leaves.len())
                .collect(),
            unmapped: Column::new(Kind::Json),
            filled: 0,
            in_order: true,
            layout,
        }
    }

    pub(super) const fn rows(&self) -> usize {
        self.times.len()
    }

    /// Adds a row; every value of the record is in it.
    pub(super) fn append(&mut self, record: &Record, scratch: &mut Scratch) -> Appended {
        let event = record.event();
        let row = self.rows();
        let time = event.time().as_micros();
        self.in_order &= self.times.last().is_none_or(|last| *last <= time);
        self.times.push(time);
        self.received.push(record.received().as_micros());
        self.activities.push(event.activity());
        self.uids.push(record.uid());

        let mut appended = Appended {
            bytes: ROW_BYTES + self.filled * NULL_BYTES,
            misfits: 0,
        };
        scratch.misfits.clear();
        for (field, cell) in event.cells() {
            scratch.text.clear();
            let stored = self.layout.leaf_of(field).and_then(|leaf| {
                let value = fit(field.kind(), cell, event, &mut scratch.text)?;
                self.set(leaf, field.kind(), row, value, &scratch.text, event)
            });
            match stored {
                Some(bytes) => appended.bytes += bytes,
                None => {
                    appended.misfits += 1;
                    push_misfit(field.path(), &mut scratch.misfits);
                    write_json(cell, event, &mut scratch.misfits);
                }
            }
        }
        appended.bytes += self.append_unmapped(row, event, scratch);
        scratch.shrink();
        appended
    }

    #[inline]
    fn set(
        &mut self,
        leaf: usize,
        kind: Kind,
        row: usize,
        value: Fitted<'_>,
        scratch: &str,
        event: &Event,
    ) -> Option<usize> {
        let slot = self.columns.get_mut(leaf)?;
        let column = match slot {
            Some(column) => column,
            None => {
                self.filled += 1;
                slot.insert(Column::new(kind))
            }
        };
        column.set(row, value, scratch, event)
    }

    /// Fills `unmapped` with the attributes that have no field, then the misfits.
    fn append_unmapped(&mut self, row: usize, event: &Event, scratch: &mut Scratch) -> usize {
        let Scratch { text, misfits } = scratch;
        text.clear();
        event.push_unmapped_json(text);
        if !misfits.is_empty() {
            if text.pop().is_none() {
                text.push('{');
            } else if !text.ends_with('{') {
                text.push(',');
            }
            text.push_str(misfits);
            text.push('}');
        }
        if text.is_empty() {
            return 0;
        }
        self.unmapped
            .set(row, Fitted::Scratch, text, event)
            .unwrap_or_default()
    }

    /// The rows in the order of their time; equal times stay in the order in which they came.
    pub(super) fn into_sorted(self) -> Sorted {
        let rows = self.rows();
        let order = (!self.in_order).then(|| {
            let mut order: Vec<u32> = (0_u32..).take(rows).collect();
            order.sort_by_key(|row| self.times.get(as_index(*row)));
            UInt32Array::from(order)
        });
        Sorted {
            rows,
            order,
            columns: self
                .columns
                .into_iter()
                .map(|column| column.map(|column| column.finish(rows)))
                .collect(),
            unmapped: self.unmapped.finish(rows),
            layout: self.layout,
            times: self.times,
            received: self.received,
            activities: self.activities,
            uids: self.uids,
        }
    }
}

impl Scratch {
    fn shrink(&mut self) {
        self.text.shrink_to(KEPT_SCRATCH_BYTES);
        self.misfits.shrink_to(KEPT_SCRATCH_BYTES);
    }
}

fn push_misfit(path: &str, misfits: &mut String) {
    if !misfits.is_empty() {
        misfits.push(',');
    }
    push_json_string(path, misfits);
    misfits.push(':');
}

/// The rows of one file, sorted by time.
#[derive(Debug)]
pub(super) struct Sorted {
    layout: Arc<Layout>,
    rows: usize,
    /// Where each row of the file lies in the columns; `None` when they are in order already.
    order: Option<UInt32Array>,
    times: Vec<i64>,
    received: Vec<i64>,
    activities: Vec<u8>,
    uids: Vec<EventUid>,
    columns: Vec<Option<ArrayRef>>,
    unmapped: ArrayRef,
}

impl Sorted {
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    pub(super) const fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Whether no row fills the column of leaf number `leaf`.
    pub(super) fn is_empty_column(&self, leaf: usize) -> bool {
        match self.layout.leaves.get(leaf).map(|leaf| leaf.origin) {
            Some(Origin::Field(_)) => !matches!(self.columns.get(leaf), Some(Some(_))),
            Some(Origin::Derived(Derived::Unmapped)) => self.unmapped.null_count() == self.rows,
            Some(Origin::Derived(_)) | None => false,
        }
    }

    /// The rows `rows` of the column of leaf number `leaf`.
    ///
    /// # Errors
    /// Never in practice: Arrow refuses to take rows that are not there.
    pub(super) fn column(&self, leaf: usize, rows: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let Some(origin) = self.layout.leaves.get(leaf).map(|leaf| leaf.origin) else {
            return Ok(new_null_array(&data_type(Kind::Text), rows.len()));
        };
        match origin {
            Origin::Derived(derived) => self.derived(derived, rows),
            Origin::Field(field) => match self.columns.get(leaf) {
                Some(Some(array)) => self.pick(array, rows),
                Some(None) | None => Ok(new_null_array(&data_type(field.kind()), rows.len())),
            },
        }
    }

    fn pick(&self, array: &ArrayRef, rows: Range<usize>) -> Result<ArrayRef, ArrowError> {
        match &self.order {
            None => Ok(array.slice(rows.start, rows.len())),
            Some(order) => take(array, &order.slice(rows.start, rows.len()), None),
        }
    }

    fn derived(&self, derived: Derived, rows: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let count = rows.len();
        let class = self.layout.class.class_uid().unwrap_or_default();
        Ok(match derived {
            Derived::Time => Arc::new(timestamps(self.in_order(&self.times, rows))),
            Derived::LoggedTime => Arc::new(timestamps(self.in_order(&self.received, rows))),
            Derived::ClassUid => Arc::new(Int32Array::from(vec![narrow(class); count])),
            Derived::CategoryUid => Arc::new(Int32Array::from(vec![narrow(class / 1000); count])),
            Derived::ActivityId => Arc::new(Int32Array::from_iter_values(
                self.in_order(&self.activities, rows).map(i32::from),
            )),
            Derived::TypeUid => Arc::new(Int64Array::from_iter_values(
                self.in_order(&self.activities, rows)
                    .map(|activity| class * 100 + i64::from(activity)),
            )),
            Derived::Uid => Arc::new(uids(self.in_order(&self.uids, rows), count)),
            Derived::Version => Arc::new(repeated(OCSF_VERSION, count)),
            Derived::Unmapped => return self.pick(&self.unmapped, rows),
        })
    }

    /// The values of the rows `rows` of the file.
    fn in_order<T: Copy>(&self, values: &[T], rows: Range<usize>) -> impl Iterator<Item = T> {
        let order = self.order.as_ref().map(|order| order.values().as_ref());
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

fn uids(uids: impl Iterator<Item = EventUid>, count: usize) -> arrow::array::StringArray {
    const HEX_BYTES: usize = 32;
    let mut column = StringBuilder::with_capacity(count, count * HEX_BYTES);
    for uid in uids {
        let hex = uid.hex();
        // Hex digits are UTF-8.
        column.append_value(std::str::from_utf8(&hex).unwrap_or_default());
    }
    column.finish()
}

fn repeated(text: &str, count: usize) -> arrow::array::StringArray {
    let mut column = StringBuilder::with_capacity(count, count * text.len());
    column.append_value_n(text, count);
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
