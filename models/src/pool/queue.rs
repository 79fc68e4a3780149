//! The windows that wait, the most urgent first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::request::Request;

/// A window to be judged.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request: Arc<Request>,
    /// Its number among those of the request.
    pub(super) window: usize,
}

/// Windows of all requests.
#[derive(Debug)]
pub(super) struct Queue {
    most_tokens: usize,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: BinaryHeap<Reverse<Entry>>,
    tokens: usize,
    /// How many were ever added: of equally urgent ones the older comes first.
    added: u64,
    is_closed: bool,
}

/// A job in its place: by deadline, then by age.
#[derive(Debug)]
struct Entry {
    place: (Instant, u64),
    tokens: usize,
    job: Job,
}

impl Queue {
    /// An empty queue for at most so many tokens.
    pub(super) fn new(most_tokens: usize) -> Self {
        Self {
            most_tokens,
            waiting: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Adds all windows of a request, or refuses it.
    pub(super) fn add(&self, request: &Arc<Request>) {
        let all: usize = request.tokens().sum();
        let mut waiting = self.waiting();
        // One text always fits, however long: its time bounds it.
        let is_full = waiting.tokens > 0 && waiting.tokens.saturating_add(all) > self.most_tokens;
        if is_full || waiting.is_closed {
            request.refuse();
            return;
        }
        for (window, tokens) in request.tokens().enumerate() {
            let place = (request.until(), waiting.added);
            waiting.added = waiting.added.wrapping_add(1);
            let request = Arc::clone(request);
            let job = Job { request, window };
            waiting.jobs.push(Reverse(Entry { place, tokens, job }));
        }
        waiting.tokens += all;
        drop(waiting);
        self.changed.notify_all();
    }

    /// The most urgent windows up to so many tokens, at least one; `None` when the pool is gone.
    pub(super) fn take(&self, most_tokens: usize) -> Option<Vec<Job>> {
        let mut waiting = self.waiting();
        while waiting.jobs.is_empty() {
            if waiting.is_closed {
                return None;
            }
            let waited = self.changed.wait(waiting);
            waiting = waited.unwrap_or_else(PoisonError::into_inner);
        }
        let (mut batch, mut taken) = (Vec::new(), 0);
        while let Some(Reverse(next)) = waiting.jobs.peek() {
            if !batch.is_empty() && taken + next.tokens > most_tokens {
                break;
            }
            let Some(Reverse(entry)) = waiting.jobs.pop() else {
                break;
            };
            taken += entry.tokens;
            waiting.tokens = waiting.tokens.saturating_sub(entry.tokens);
            batch.push(entry.job);
        }
        Some(batch)
    }

    /// Lets the threads end when nothing waits any more.
    pub(super) fn close(&self) {
        self.waiting().is_closed = true;
        self.changed.notify_all();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place.cmp(&other.place)
    }
}
