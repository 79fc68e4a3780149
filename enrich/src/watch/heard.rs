//! A piece of the client's telemetry, and when it shows that somebody is there.

use magistrate_event::{Event, Field, Source, Timestamp};

use super::seconds;
use super::sender::Sender;

/// What happened so long before its receipt is no news.
const HISTORY_S: u32 = 6 * 3_600;

/// A piece of the client's telemetry.
pub(super) struct Heard<'a> {
    pub(super) event: &'a Event,
    pub(super) sender: Sender<'a>,
    pub(super) time: Timestamp,
    /// Its time and that of its receipt, in seconds.
    pub(super) at: u32,
    pub(super) received: u32,
    /// When it shows that somebody is there.
    pub(super) alive: u32,
}

impl Heard<'_> {
    /// Whether it comes from a file, or happened long before its receipt.
    pub(super) fn is_history(&self) -> bool {
        is_history(self.event, self.at, self.received)
    }
}

/// When an event shows that its sender is there: at its receipt, since clocks of clients and proxies
/// differ, and a client that sends late sends; what is history tells of its own time.
pub(super) fn alive(event: &Event, at: u32, received: Timestamp) -> u32 {
    let received = seconds(received).unwrap_or(at);
    if is_history(event, at, received) {
        at
    } else {
        received
    }
}

fn is_history(event: &Event, at: u32, received: u32) -> bool {
    received.saturating_sub(at) > HISTORY_S
        || event.text(Field::Source) == Some(Source::Replay.name())
}
