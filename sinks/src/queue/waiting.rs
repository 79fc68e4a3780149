//! The batches that wait for the disk: bounded, and refused at once beyond the bound.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Batch, Done, QueueError};

/// How long a batch that nobody waits for waits for others, with which it shares a sync.
pub(super) const LINGER: Duration = Duration::from_millis(20);

/// One batch and whom to tell.
pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) done: Done,
    /// Whether somebody waits for the answer; otherwise it may [`LINGER`].
    pub(super) is_urgent: bool,
}

/// Batches on their way from many senders to the one writer.
pub(super) struct Waiting {
    line: Mutex<Line>,
    arrived: Condvar,
    max_bytes: u64,
}

struct Line {
    jobs: VecDeque<Job>,
    /// How many of them are urgent.
    urgent: usize,
    /// Since when the first of them waits.
    since: Option<Instant>,
    /// What waits, and what the writer has taken and not yet answered.
    bytes: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Closed,
}

impl Line {
    /// How long what waits may go on waiting; none where nothing waits.
    fn rest(&self) -> Option<Duration> {
        let since = self.since?;
        if self.urgent > 0 || self.state == State::Closed {
            return Some(Duration::ZERO);
        }
        Some(LINGER.saturating_sub(since.elapsed()))
    }

    /// Takes about `max_bytes` of what waits.
    fn take(&mut self, max_bytes: usize) -> Vec<Job> {
        let mut bytes = 0_usize;
        let mut jobs = Vec::with_capacity(self.jobs.len());
        while bytes < max_bytes
            && let Some(job) = self.jobs.pop_front()
        {
            bytes = bytes.saturating_add(job.batch.len_bytes());
            self.urgent -= usize::from(job.is_urgent);
            jobs.push(job);
        }
        // What is left over has waited as long as the first of it.
        self.since = self.since.filter(|_| !self.jobs.is_empty());
        jobs
    }
}

impl Waiting {
    pub(super) const fn new(max_bytes: u64) -> Self {
        Self {
            line: Mutex::new(Line {
                jobs: VecDeque::new(),
                urgent: 0,
                since: None,
                bytes: 0,
                state: State::Open,
            }),
            arrived: Condvar::new(),
            max_bytes,
        }
    }

    /// Puts a job at the end, or answers it at once when the line is full or closed.
    pub(super) fn offer(&self, job: Job) {
        let bytes = job.batch.len_bytes() as u64;
        let mut line = self.line();
        let refusal = if line.state == State::Closed {
            QueueError::Closed
        } else if line.bytes > 0 && line.bytes.saturating_add(bytes) > self.max_bytes {
            QueueError::Busy {
                waiting_bytes: line.bytes,
            }
        } else {
            // Who lingers has been told that something came, and looks again by itself.
            let is_told = !line.jobs.is_empty() && !job.is_urgent;
            line.bytes = line.bytes.saturating_add(bytes);
            line.urgent += usize::from(job.is_urgent);
            line.since.get_or_insert_with(Instant::now);
            line.jobs.push_back(job);
            drop(line);
            if !is_told {
                self.arrived.notify_one();
            }
            return;
        };
        drop(line);
        (job.done)(Err(refusal));
    }

    /// Takes what waits, about `max_bytes` of it; waits for something to come, and where nothing of it
    /// is urgent, a little for more. `None` when the line is closed and empty.
    pub(super) fn take(&self, max_bytes: usize) -> Option<Vec<Job>> {
        let mut line = self.line();
        loop {
            if line.jobs.is_empty() && line.state == State::Closed {
                return None;
            }
            let Some(rest) = line.rest() else {
                line = self
                    .arrived
                    .wait(line)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            if rest.is_zero() {
                return Some(line.take(max_bytes));
            }
            line = self
                .arrived
                .wait_timeout(line, rest)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Gives back the room of jobs that have been answered.
    pub(super) fn release(&self, bytes: u64) {
        let mut line = self.line();
        line.bytes = line.bytes.saturating_sub(bytes);
    }

    /// Takes no more jobs; what waits is still done.
    pub(super) fn close(&self) {
        self.line().state = State::Closed;
        self.arrived.notify_all();
    }

    /// Answers everything that waits with "closed". For a writer that cannot go on.
    pub(super) fn refuse_all(&self) {
        self.close();
        let jobs = std::mem::take(&mut self.line().jobs);
        for job in jobs {
            (job.done)(Err(QueueError::Closed));
        }
    }

    /// The bytes that wait.
    pub(super) fn bytes(&self) -> u64 {
        self.line().bytes
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::batch;
    use super::*;

    fn job(is_urgent: bool) -> Job {
        Job {
            batch: batch(0..1),
            done: Box::new(|_| {}),
            is_urgent,
        }
    }

    #[test]
    fn what_nobody_waits_for_waits_a_little_for_more() {
        let waiting = Waiting::new(1 << 20);
        let began = Instant::now();
        (0..3).for_each(|_| waiting.offer(job(false)));
        assert_eq!(waiting.take(1 << 20).unwrap().len(), 3);
        assert!(began.elapsed() >= LINGER);
        assert_eq!(waiting.line().rest(), None, "nothing is left");
    }

    #[test]
    fn an_urgent_batch_takes_the_others_with_it_at_once() {
        let waiting = Waiting::new(1 << 20);
        waiting.offer(job(false));
        waiting.offer(job(true));
        assert_eq!(waiting.line().rest(), Some(Duration::ZERO));
        assert_eq!(waiting.take(1 << 20).unwrap().len(), 2);
        waiting.offer(job(false));
        waiting.close();
        assert_eq!(waiting.line().rest(), Some(Duration::ZERO), "a stop");
        assert_eq!(waiting.take(1 << 20).unwrap().len(), 1);
        assert!(waiting.take(1 << 20).is_none());
    }
}
