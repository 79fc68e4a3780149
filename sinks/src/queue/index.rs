//! What the queue knows of its segments and of who has read how far.

use std::collections::{BTreeMap, BTreeSet};

use magistrate_event::Timestamp;

use super::segment::HEADER_BYTES;
use crate::Position;

/// The segments and the cursors; pure, the disk follows what it says.
#[derive(Debug, Default)]
pub(super) struct Index {
    segments: BTreeMap<u64, Segment>,
    cursors: BTreeMap<String, Position>,
    /// Segments that are gone and whose ids are still kept.
    retired: BTreeMap<u64, Retired>,
    next_number: u64,
    /// Where the newest closed segment ends.
    last_end: Position,
    closed: bool,
}

/// One file of records.
#[derive(Debug, Clone, Default)]
pub(super) struct Segment {
    /// How far it is written and synced.
    pub(super) len: u64,
    /// How many records were written to it.
    pub(super) records: u64,
    /// When it was closed; `None` while it grows.
    pub(super) sealed: Option<Timestamp>,
    /// Offsets at which damage was found, so that it is counted once.
    pub(super) damage: BTreeSet<u64>,
    /// How many records were counted as lost.
    pub(super) lost: u64,
}

/// A segment of which only the ids are left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retired {
    pub(super) sealed: Timestamp,
    pub(super) records: u64,
}

/// A stretch that a consumer can read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Readable {
    pub(super) start: Position,
    /// Offset after the last synced byte.
    pub(super) limit: u64,
}

impl Index {
    pub(super) fn new(cursors: BTreeMap<String, Position>) -> Self {
        let past_cursors = cursors.values().map(|cursor| cursor.segment).max();
        Self {
            next_number: past_cursors.unwrap_or(0) + 1,
            cursors,
            ..Self::default()
        }
    }

    /// The next segment's number; no number is given twice.
    pub(super) const fn take_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number = self.next_number.saturating_add(1);
        number
    }

    /// Adds a segment and keeps its number from being given again.
    pub(super) fn add(&mut self, number: u64, segment: Segment) {
        self.keep_number(number);
        self.segments.insert(number, segment);
    }

    /// Closes a segment: it grows no more, and the next one follows it.
    pub(super) fn seal(&mut self, number: u64, now: Timestamp) {
        if let Some(segment) = self.segments.get_mut(&number) {
            segment.sealed = Some(now);
            self.last_end = Position {
                segment: number,
                offset: segment.len,
            };
        }
    }

    /// Where the newest closed segment ends.
    pub(super) const fn last_end(&self) -> Position {
        self.last_end
    }

    /// Adds a segment of which only the ids are left.
    pub(super) fn add_retired(&mut self, number: u64, retired: Retired) {
        self.keep_number(number);
        self.retired.insert(number, retired);
    }

    /// Keeps `number` from being given again.
    pub(super) fn keep_number(&mut self, number: u64) {
        self.next_number = self.next_number.max(number.saturating_add(1));
    }

    pub(super) fn remove(&mut self, number: u64) {
        self.segments.remove(&number);
    }

    pub(super) fn segment(&self, number: u64) -> Option<&Segment> {
        self.segments.get(&number)
    }

    pub(super) fn segment_mut(&mut self, number: u64) -> Option<&mut Segment> {
        self.segments.get_mut(&number)
    }

    pub(super) fn segments(&self) -> usize {
        self.segments.len()
    }

    /// The size of all segments.
    pub(super) fn bytes(&self) -> u64 {
        self.segments.values().map(|segment| segment.len).sum()
    }

    pub(super) fn cursors(&self) -> impl Iterator<Item = (&str, Position)> {
        self.cursors
            .iter()
            .map(|(name, cursor)| (name.as_str(), *cursor))
    }

    pub(super) fn cursor(&self, consumer: &str) -> Option<Position> {
        self.cursors.get(consumer).copied()
    }

    /// Moves a cursor forward; never back.
    pub(super) fn advance(&mut self, consumer: &str, position: Position) {
        if let Some(cursor) = self.cursors.get_mut(consumer) {
            *cursor = position.max(*cursor);
        }
    }

    /// Where the next synced record at or after `position` begins.
    pub(super) fn readable(&self, position: Position) -> Option<Readable> {
        self.segments
            .range(position.segment..)
            .find_map(|(number, segment)| {
                let offset = if *number == position.segment {
                    position.offset.max(HEADER_BYTES)
                } else {
                    HEADER_BYTES
                };
                (offset < segment.len).then_some(Readable {
                    start: Position {
                        segment: *number,
                        offset,
                    },
                    limit: segment.len,
                })
            })
    }

    /// The place after the last synced record.
    pub(super) fn end(&self) -> Position {
        let newest = self.segments.last_key_value();
        newest.map_or(self.last_end, |(number, segment)| Position {
            segment: *number,
            offset: segment.len,
        })
    }

    /// About how many records lie after `position`: exact at the ends of segments.
    pub(super) fn records_after(&self, position: Position) -> u64 {
        self.segments
            .range(position.segment..)
            .map(|(number, segment)| {
                let all = segment.len.saturating_sub(HEADER_BYTES);
                if *number > position.segment || all == 0 {
                    return segment.records;
                }
                let left = segment
                    .len
                    .saturating_sub(position.offset.max(HEADER_BYTES));
                let share = u128::from(segment.records) * u128::from(left) / u128::from(all);
                u64::try_from(share).unwrap_or(u64::MAX)
            })
            .sum()
    }

    /// The oldest segment, when it is closed and every consumer has passed it.
    pub(super) fn passed(&self) -> Option<u64> {
        let (number, segment) = self.segments.first_key_value()?;
        let passed = |cursor: &Position| {
            cursor.segment > *number || (cursor.segment == *number && cursor.offset >= segment.len)
        };
        (segment.sealed.is_some() && self.cursors.values().all(passed)).then_some(*number)
    }

    /// Notes that a segment is gone and only its ids are left.
    pub(super) fn retire(&mut self, number: u64) {
        if let Some(segment) = self.segments.remove(&number) {
            let sealed = segment.sealed.unwrap_or_default();
            let records = segment.records;
            self.retired.insert(number, Retired { sealed, records });
        }
    }

    /// Takes out the retired segments whose ids need not be kept: closed before `since`, or older
    /// than the newest `max_ids` ids.
    pub(super) fn take_expired(&mut self, since: Timestamp, max_ids: u64) -> Vec<u64> {
        let live: u64 = self.segments.values().map(|segment| segment.records).sum();
        let mut ids = live;
        let mut expired = Vec::new();
        for (number, retired) in self.retired.iter().rev() {
            ids = ids.saturating_add(retired.records);
            if retired.sealed < since || ids > max_ids {
                expired.push(*number);
            }
        }
        for number in &expired {
            self.retired.remove(number);
        }
        expired
    }

    pub(super) const fn close(&mut self) {
        self.closed = true;
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }
}
