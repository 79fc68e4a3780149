//! One column of rows that wait for their file.
//!
//! A column keeps only the rows that fill it, and its memory from one file to the next: a row
//! costs what it fills, and no fresh pages.

mod bytes;
mod filled;
mod lists;

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowPrimitiveType, BooleanBuilder, PrimitiveBuilder};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use magistrate_event::{Event, Kind};

use super::coerce::Fitted;
use super::schema::UTC;
use filled::Filled;
use lists::Lists;

pub(super) use bytes::Bytes;

/// The values of one column, each with the number of its row.
#[derive(Debug)]
pub(super) enum Column {
    Text(Texts),
    TextList(Lists),
    Int(Numbers<i32>),
    Long(Numbers<i64>),
    Double(Numbers<f64>),
    Bool(Numbers<bool>),
    Time(Numbers<i64>),
}

/// Which values go into a file, in its order.
#[derive(Debug, Clone)]
pub(super) enum Picks<'a> {
    /// These values, as they come; no row is without one.
    Run(Range<usize>),
    /// For each row the number of its value, or [`NO_VALUE`].
    Each(&'a [u32]),
}

/// Stands for a row that does not fill the column.
pub(super) const NO_VALUE: u32 = u32::MAX;

#[derive(Debug, Default)]
pub(super) struct Numbers<T> {
    rows: Filled,
    values: Vec<T>,
}

/// All texts of a column in one buffer.
#[derive(Debug, Default)]
pub(super) struct Texts {
    rows: Filled,
    /// Where each value ends in `text`.
    ends: Vec<u32>,
    text: String,
}

/// A row number or an end, beside each value.
const MARK_BYTES: usize = size_of::<u32>();

impl Column {
    pub(super) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Text | Kind::Json => Self::Text(Texts::default()),
            Kind::TextList => Self::TextList(Lists::default()),
            Kind::Int => Self::Int(Numbers::default()),
            Kind::Long => Self::Long(Numbers::default()),
            Kind::Double => Self::Double(Numbers::default()),
            Kind::Bool => Self::Bool(Numbers::default()),
            Kind::Time => Self::Time(Numbers::default()),
        }
    }

    /// The rows that fill the column.
    pub(super) const fn rows(&self) -> &Filled {
        match self {
            Self::Text(texts) => &texts.rows,
            Self::TextList(lists) => &lists.rows,
            Self::Int(numbers) => &numbers.rows,
            Self::Double(numbers) => &numbers.rows,
            Self::Bool(numbers) => &numbers.rows,
            Self::Long(numbers) | Self::Time(numbers) => &numbers.rows,
        }
    }

    /// Fills row number `row`, the last one, with a text: what most values are.
    #[inline]
    pub(super) fn set_text(&mut self, row: u32, text: &str) -> Option<usize> {
        match self {
            Self::Text(texts) => texts.set(row, text),
            Self::TextList(_)
            | Self::Int(_)
            | Self::Long(_)
            | Self::Double(_)
            | Self::Bool(_)
            | Self::Time(_) => None,
        }
    }

    /// Fills row number `row`, the last one, and returns the bytes it took. `None` when the row is
    /// filled already, or the value is of another type.
    pub(super) fn set(
        &mut self,
        row: u32,
        value: Fitted<'_>,
        scratch: &str,
        event: &Event,
    ) -> Option<usize> {
        match (self, value) {
            (Self::Text(texts), Fitted::Text(text)) => texts.set(row, text),
            (Self::Text(texts), Fitted::Scratch) => texts.set(row, scratch),
            (Self::Int(numbers), Fitted::Int(number)) => numbers.set(row, number),
            (Self::Long(numbers), Fitted::Long(number)) => numbers.set(row, number),
            (Self::Double(numbers), Fitted::Double(number)) => numbers.set(row, number),
            (Self::Bool(numbers), Fitted::Bool(flag)) => numbers.set(row, flag),
            (Self::Time(numbers), Fitted::Time(micros)) => numbers.set(row, micros),
            (Self::TextList(lists), value) => lists.set(row, value, scratch, event),
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

    /// The picked values as an Arrow array.
    pub(super) fn array(&self, picks: &Picks<'_>) -> ArrayRef {
        match self {
            Self::Text(texts) => texts.array(picks),
            Self::TextList(lists) => lists.array(picks),
            Self::Int(numbers) => numbers.array(picks, PrimitiveBuilder::<Int32Type>::new()),
            Self::Long(numbers) => numbers.array(picks, PrimitiveBuilder::<Int64Type>::new()),
            Self::Double(numbers) => numbers.array(picks, PrimitiveBuilder::<Float64Type>::new()),
            Self::Bool(numbers) => numbers.flags(picks),
            Self::Time(numbers) => numbers.array(
                picks,
                PrimitiveBuilder::<TimestampMicrosecondType>::new().with_timezone(UTC),
            ),
        }
    }

    /// Forgets all values, but keeps about as much memory as they needed.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Text(texts) => texts.clear(),
            Self::TextList(lists) => lists.clear(),
            Self::Int(numbers) => numbers.clear(),
            Self::Double(numbers) => numbers.clear(),
            Self::Bool(numbers) => numbers.clear(),
            Self::Long(numbers) | Self::Time(numbers) => numbers.clear(),
        }
    }
}

impl<T: Copy> Numbers<T> {
    #[inline]
    fn set(&mut self, row: u32, value: T) -> Option<usize> {
        self.rows.add(row)?;
        self.values.push(value);
        Some(size_of::<T>() + MARK_BYTES)
    }

    fn array<P>(&self, picks: &Picks<'_>, mut out: PrimitiveBuilder<P>) -> ArrayRef
    where
        P: ArrowPrimitiveType<Native = T>,
    {
        match picks {
            Picks::Run(range) => {
                out.append_slice(self.values.get(range.clone()).unwrap_or_default());
            }
            Picks::Each(each) => for_each_run(each, |run| match run {
                Run::Nulls(count) => out.append_nulls(count),
                Run::Value(index) => out.append_option(self.values.get(index).copied()),
            }),
        }
        Arc::new(out.finish())
    }

    fn clear(&mut self) {
        self.rows.clear();
        clear(&mut self.values);
    }
}

impl Numbers<bool> {
    fn flags(&self, picks: &Picks<'_>) -> ArrayRef {
        let mut out = BooleanBuilder::new();
        match picks {
            Picks::Run(range) => {
                out.append_slice(self.values.get(range.clone()).unwrap_or_default());
            }
            Picks::Each(each) => for_each_run(each, |run| match run {
                Run::Nulls(count) => out.append_nulls(count),
                Run::Value(index) => out.append_option(self.values.get(index).copied()),
            }),
        }
        Arc::new(out.finish())
    }
}

impl Texts {
    #[inline]
    fn set(&mut self, row: u32, text: &str) -> Option<usize> {
        self.rows.add(row)?;
        self.text.push_str(text);
        self.ends.push(short(self.text.len()));
        Some(text.len() + 2 * MARK_BYTES)
    }

    fn array(&self, picks: &Picks<'_>) -> ArrayRef {
        let rows = picks.len();
        let share = self.text.len() / self.ends.len().max(1);
        let mut out = Bytes::with_capacity(rows, self.text.len().min((share + 1) * rows));
        match picks {
            Picks::Run(range) => range.clone().for_each(|index| self.copy(index, &mut out)),
            Picks::Each(each) => for_each_run(each, |run| match run {
                Run::Nulls(count) => out.append_nulls(count),
                Run::Value(index) => self.copy(index, &mut out),
            }),
        }
        out.finish()
    }

    #[inline]
    fn copy(&self, index: usize, out: &mut Bytes) {
        let range = bounds(&self.ends, index).unwrap_or_default();
        out.append(self.text.as_bytes().get(range).unwrap_or_default());
    }

    fn clear(&mut self) {
        self.rows.clear();
        clear(&mut self.ends);
        clear_text(&mut self.text);
    }
}

impl Picks<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Run(range) => range.len(),
            Self::Each(each) => each.len(),
        }
    }
}

/// One value, or rows in a row that have none.
enum Run {
    Nulls(usize),
    Value(usize),
}

fn for_each_run(each: &[u32], mut visit: impl FnMut(Run)) {
    let mut nulls = 0;
    for &index in each {
        if index == NO_VALUE {
            nulls += 1;
            continue;
        }
        if nulls > 0 {
            visit(Run::Nulls(nulls));
            nulls = 0;
        }
        visit(Run::Value(index as usize));
    }
    if nulls > 0 {
        visit(Run::Nulls(nulls));
    }
}

/// From the end of the value before to the end of this one.
#[inline]
fn bounds(ends: &[u32], index: usize) -> Option<Range<usize>> {
    let end = *ends.get(index)?;
    let start = index
        .checked_sub(1)
        .and_then(|before| ends.get(before))
        .map_or(0, |end| *end);
    Some(start as usize..end as usize)
}

/// A size that the limit on buffered bytes keeps far below 4 GiB.
#[inline]
fn short(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// Empties `values`; memory of which less than half was needed is given back.
pub(super) fn clear<T>(values: &mut Vec<T>) {
    let needed = values.len();
    values.clear();
    if values.capacity() / 2 > needed {
        values.shrink_to(needed);
    }
}

fn clear_text(text: &mut String) {
    let needed = text.len();
    text.clear();
    if text.capacity() / 2 > needed {
        text.shrink_to(needed);
    }
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
    fn rows_without_a_value_are_null() {
        for (kind, value) in KINDS {
            let mut column = Column::new(kind);
            column.set(2, value, "{}", &event()).unwrap();
            column.set(3, value, "{}", &event()).unwrap();
            assert!(column.rows().iter().eq([2, 3]));
            let picks = [NO_VALUE, NO_VALUE, 1, 0, NO_VALUE];
            let array = column.array(&Picks::Each(&picks));
            let nulls: Vec<bool> = (0..5).map(|row| array.is_null(row)).collect();
            assert_eq!(nulls, [true, true, false, false, true], "{kind:?}");
            assert_eq!(array.data_type(), &super::super::schema::leaf_type(kind));
        }
    }

    #[test]
    fn a_run_has_no_nulls() {
        for (kind, value) in KINDS {
            let mut column = Column::new(kind);
            for row in 0..4 {
                column.set(row, value, "{}", &event()).unwrap();
            }
            let array = column.array(&Picks::Run(1..4));
            assert_eq!((array.len(), array.null_count()), (3, 0), "{kind:?}");
        }
    }

    #[test]
    fn a_row_is_filled_only_once() {
        for (kind, value) in KINDS {
            let mut column = Column::new(kind);
            assert!(column.set(0, value, "", &event()).is_some());
            assert!(column.set(0, value, "", &event()).is_none());
            assert_eq!(column.array(&Picks::Run(0..1)).len(), 1);
        }
    }

    #[test]
    fn a_cleared_column_starts_anew_and_keeps_no_more_than_it_needed() {
        for (kind, value) in KINDS {
            let mut column = Column::new(kind);
            for row in 0..1_000 {
                column.set(row, value, "{}", &event()).unwrap();
            }
            column.clear();
            assert!(column.rows().is_empty());
            column.set(0, value, "{}", &event()).unwrap();
            assert_eq!(column.array(&Picks::Run(0..1)).len(), 1);
        }
        let mut values = Vec::with_capacity(1_000);
        values.push(1);
        clear(&mut values);
        assert!(values.capacity() < 1_000);
    }

    #[test]
    fn texts_are_picked_in_any_order() {
        let mut column = Column::new(Kind::Text);
        for (row, text) in ["zero", "", "twö"].into_iter().enumerate() {
            let row = u32::try_from(row).unwrap();
            column.set(row, Fitted::Text(text), "", &event()).unwrap();
        }
        let array = column.array(&Picks::Each(&[2, NO_VALUE, 0, 1]));
        let texts: Vec<_> = array.as_binary::<i32>().iter().collect();
        let expected = [Some("twö"), None, Some("zero"), Some("")];
        assert_eq!(texts, expected.map(|text| text.map(str::as_bytes)));
    }
}
