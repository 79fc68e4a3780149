//! What of a body has come and has not gone on.

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use super::mode::Mode;
use super::reply::Head;
use crate::door::Doors;
use crate::door::authz::headers_of;
use crate::door::fault::Fault;
use crate::door::halves::pace::Pace;
use crate::door::halves::subject::Subject;
use crate::door::halves::{HELD_TIME, Half, events};
use crate::judge::Seat;
use crate::verdict::Verdict;

/// A body that is waited for.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) half: Half,
    pub(super) mode: Mode,
    pub(super) subject: Subject,
    /// Whether the head told how long the body is.
    pub(super) has_length: bool,
    /// The reply to the head, where that waits, too.
    pub(super) head: Option<Head>,
    /// Whether it is a stream of events, of which parts go on before the end.
    pub(super) is_events: bool,
    /// When its events are looked at again.
    pub(super) pace: Pace,
    /// What has come.
    pub(super) held: BytesMut,
    since: Option<Instant>,
    seat: Option<Seat>,
}

impl Waiting {
    /// A body of which nothing has come, and the reply to its head.
    pub(super) fn new(half: Half, mode: Mode, subject: Subject, head: Head) -> Self {
        Self {
            half,
            mode,
            subject,
            has_length: false,
            head: (mode == Mode::Duplex).then_some(head),
            is_events: false,
            pace: Pace::default(),
            held: BytesMut::new(),
            since: None,
            seat: None,
        }
    }

    /// Holds a piece back, under the limit of every body. Its bytes stay charged; the place of a call
    /// goes to another, since the next piece may be long in coming.
    pub(super) fn hold(
        &mut self,
        doors: &Doors,
        piece: &Bytes,
        mut seat: Seat,
    ) -> Result<(), Fault> {
        let max_bytes = doors.judge.config().max_body_bytes;
        if self.held.len() + piece.len() > max_bytes {
            return Err(Fault::TooLarge { max_bytes });
        }
        match &mut self.seat {
            Some(held) => doors.judge.charge(held, piece.len())?,
            None => {
                seat.rise();
                self.seat = Some(seat);
            }
        }
        self.held.extend_from_slice(piece);
        self.since.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Whether its events are to be looked at.
    pub(super) fn is_due(&self) -> bool {
        self.is_events && self.pace.is_due(self.held.len())
    }

    /// Whether no more is left of events than may be.
    pub(super) fn check_events(&self) -> Result<(), Fault> {
        let max_bytes = events::MAX_HELD_BYTES;
        if self.held.len() > max_bytes {
            return Err(Fault::TooLarge { max_bytes });
        }
        Ok(())
    }

    /// Tells the verdict in the head, where that waits, too.
    pub(super) fn tell(&mut self, verdict: &Verdict) {
        if let Some(head) = &mut self.head {
            head.set = told(self.half, verdict);
        }
    }

    /// When the rest of it must have come.
    pub(super) fn due(&self) -> Option<Instant> {
        let since = self.since.filter(|_| !self.is_events)?;
        Some(since + HELD_TIME)
    }

    /// Gives up what goes on, and what that was charged to: of a stream of events a part always stays.
    pub(super) fn release(&mut self, len: usize) -> Bytes {
        let released = self.held.split_to(len.min(self.held.len())).freeze();
        if self.held.is_empty() {
            self.seat = None;
        } else if let Some(seat) = &mut self.seat {
            seat.keep(self.held.len());
        }
        released
    }
}

/// The headers that tell whoever is next of a verdict: the application, not the agent.
pub(super) fn told(half: Half, verdict: &Verdict) -> Vec<(&'static str, String)> {
    match half {
        Half::Request => headers_of(verdict),
        Half::Response => Vec::new(),
    }
}
