//! Knows how long a call that is judged now would wait until its answer can go out.
//!
//! A call gives way while its record is written, and comes back to its thread behind all that became
//! ready before. That wait grows with the calls at work, whatever their number is limited to, so that
//! a number alone promises no deadline: what each of them adds is measured, and no more are let in than
//! fit into a part of the shortest deadline (J. Little, "A Proof for the Queuing Formula L = λW",
//! Operations Research 9, 1961).

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Before anything was measured, what a call adds to the wait of others.
const FIRST_NANOS: u64 = 20_000;
/// So many are always let in: a machine that stood still for a moment says nothing of what comes next.
const ALWAYS: usize = 8;
/// The newest wait has one part in so many of the mean.
const MEMORY: u64 = 16;

/// The calls at work, and what one adds to the wait of the others.
#[derive(Debug)]
pub(super) struct Backlog {
    at_work: AtomicUsize,
    nanos_per_call: AtomicU64,
}

/// A call at work, until this is dropped.
#[derive(Debug)]
pub(super) struct AtWork<'a>(&'a Backlog);

/// A call that waits for others than the threads that answer, until this is dropped.
#[derive(Debug)]
pub(super) struct Away<'a>(&'a Backlog);

impl Default for Backlog {
    fn default() -> Self {
        Self {
            at_work: AtomicUsize::new(0),
            nanos_per_call: AtomicU64::new(FIRST_NANOS),
        }
    }
}

impl Backlog {
    /// One more is at work.
    pub(super) fn enter(&self) -> AtWork<'_> {
        self.at_work.fetch_add(1, Ordering::Relaxed);
        AtWork(self)
    }

    /// How long a call that comes now would wait for its turn to answer.
    pub(super) fn wait(&self) -> Duration {
        let at_work = self.at_work() as u64;
        let nanos = self.nanos_per_call.load(Ordering::Relaxed);
        Duration::from_nanos(at_work.saturating_mul(nanos))
    }

    /// Whether one more would still have its turn within `patience`.
    pub(super) fn has_room(&self, patience: Duration) -> bool {
        self.at_work() < ALWAYS || self.wait() <= patience
    }

    /// How many are at work.
    pub(super) fn at_work(&self) -> usize {
        self.at_work.load(Ordering::Relaxed)
    }

    /// Learns from a call whose turn came `waited` after its record was there; `before` were at work
    /// when it gave way.
    pub(super) fn learn(&self, before: usize, waited: Duration) {
        // Of many that come at once, the first gave way to those behind it.
        let at_work = self.at_work().max(before).max(ALWAYS) as u64;
        let waited = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        let newest = waited / at_work;
        let old = self.nanos_per_call.load(Ordering::Relaxed);
        let mean = old - old / MEMORY + newest / MEMORY;
        self.nanos_per_call.store(mean, Ordering::Relaxed);
    }
}

impl AtWork<'_> {
    /// The call waits for others meanwhile, and keeps no thread from answering.
    pub(super) fn away(&self) -> Away<'_> {
        self.0.at_work.fetch_sub(1, Ordering::Relaxed);
        Away(self.0)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Away<'_> {
    fn drop(&mut self) {
        self.0.at_work.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(25);

    #[test]
    fn a_call_waits_for_those_at_work_alone() {
        let backlog = Backlog::default();
        let calls: Vec<_> = (0..100).map(|_| backlog.enter()).collect();
        assert_eq!(backlog.wait(), Duration::from_millis(2));
        let away: Vec<_> = calls.iter().take(50).map(AtWork::away).collect();
        assert_eq!(backlog.wait(), Duration::from_millis(1));
        drop(away);
        assert_eq!(backlog.wait(), Duration::from_millis(2));
        drop(calls);
        assert_eq!(backlog.wait(), Duration::ZERO);
    }

    #[test]
    fn as_many_are_let_in_as_fit_into_the_patience() {
        let backlog = Backlog::default();
        let calls: Vec<_> = (0..512).map(|_| backlog.enter()).collect();
        (0..200).for_each(|_| backlog.learn(0, Duration::from_millis(64)));
        assert!(backlog.wait() > Duration::from_millis(60));
        assert!(!backlog.has_room(PATIENCE));
        drop(calls);
        let calls: Vec<_> = (0..190).map(|_| backlog.enter()).collect();
        assert!(backlog.has_room(PATIENCE));
        // A quicker machine again.
        (0..200).for_each(|_| backlog.learn(0, Duration::from_millis(2)));
        let more: Vec<_> = (0..1_000).map(|_| backlog.enter()).collect();
        assert!(backlog.has_room(PATIENCE));
        drop((calls, more));
    }

    #[test]
    fn a_moment_of_standing_still_shuts_nobody_out() {
        let backlog = Backlog::default();
        let call = backlog.enter();
        (0..1_000).for_each(|_| backlog.learn(0, Duration::from_millis(100)));
        assert!(backlog.has_room(PATIENCE));
        let calls: Vec<_> = (0..20).map(|_| backlog.enter()).collect();
        assert!(!backlog.has_room(PATIENCE));
        (0..200).for_each(|_| backlog.learn(0, Duration::from_micros(50)));
        assert!(backlog.has_room(PATIENCE));
        drop((call, calls));
    }
}
