//! The rows of one class and day that wait for their file.

use std::sync::Arc;

use magistrate_event::{Cell, Event, EventUid, Kind, Record, push_json_string};

use super::coerce::{Fitted, fit, write_json};
use super::column::{Column, clear};
use super::schema::{Layout, Place};

/// Rows in the order in which they came.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) layout: Arc<Layout>,
    pub(super) times: Vec<i64>,
    pub(super) received: Vec<i64>,
    pub(super) activities: Vec<u8>,
    pub(super) uids: Vec<EventUid>,
    /// One for each leaf; `None` until the first row that fills it.
    pub(super) columns: Vec<Option<Column>>,
    pub(super) unmapped: Column,
    /// Whether times have only grown so far.
    pub(super) in_order: bool,
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
            in_order: true,
            layout,
        }
    }

    pub(super) const fn rows(&self) -> usize {
        self.times.len()
    }

    /// How many rows it can take without more memory for their times.
    pub(super) fn room(&self) -> usize {
        self.times.capacity()
    }

    /// Forgets all rows, but keeps about as much memory as they needed.
    pub(super) fn clear(&mut self) {
        clear(&mut self.times);
        clear(&mut self.received);
        clear(&mut self.activities);
        clear(&mut self.uids);
        self.columns.iter_mut().flatten().for_each(Column::clear);
        self.unmapped.clear();
        self.in_order = true;
    }

    /// Adds a row; every value of the record is in it.
    pub(super) fn append(&mut self, record: &Record, scratch: &mut Scratch) -> Appended {
        let event = record.event();
        let row = row_number(self.rows());
        let time = event.time().as_micros();
        self.in_order &= self.times.last().is_none_or(|last| *last <= time);
        self.times.push(time);
        self.received.push(record.received().as_micros());
        self.activities.push(event.activity());
        self.uids.push(record.uid());

        let mut appended = Appended {
            bytes: ROW_BYTES,
            misfits: 0,
        };
        scratch.misfits.clear();
        for (field, cell) in event.cells() {
            let place = self.layout.place_of(field);
            let stored = match (place, cell) {
                (Some(place), Cell::Text(text)) if place.kind == Kind::Text => self
                    .column(place)
                    .and_then(|column| column.set_text(row, text)),
                (Some(place), cell) => self.set(place, row, cell, event, &mut scratch.text),
                (None, _) => None,
            };
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

    /// Fills a column with a value that has to be made to fit first.
    fn set(
        &mut self,
        place: Place,
        row: u32,
        cell: Cell<'_>,
        event: &Event,
        scratch: &mut String,
    ) -> Option<usize> {
        scratch.clear();
        let value = fit(place.kind, cell, event, scratch)?;
        self.column(place)?.set(row, value, scratch, event)
    }

    #[inline]
    fn column(&mut self, place: Place) -> Option<&mut Column> {
        let slot = self.columns.get_mut(usize::from(place.leaf))?;
        Some(slot.get_or_insert_with(|| Column::new(place.kind)))
    }

    /// Fills `unmapped` with the attributes that have no field, then the misfits.
    fn append_unmapped(&mut self, row: u32, event: &Event, scratch: &mut Scratch) -> usize {
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

/// A row's number; the limit on buffered bytes keeps it far below 2^32.
fn row_number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}
