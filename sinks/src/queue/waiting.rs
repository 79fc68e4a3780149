//! The batches that wait for the disk: bounded, and refused at once beyond the bound.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{Batch, Done, QueueError};

/// One batch and whom to tell.
pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) done: Done,
}

/// Batches on their way from many senders to the one writer.
pub(super) struct Waiting {
    line: Mutex<Line>,
    arrived: Condvar,
    max_bytes: u64,
}

struct Line {
    jobs: VecDeque<Job>,
    /// What waits, and what the writer has taken and not yet answered.
    bytes: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Closed,
}

impl Waiting {
    pub(super) const fn new(max_bytes: u64) -> Self {
        Self {
            line: Mutex::new(Line {
                jobs: VecDeque::new(),
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
            line.bytes = line.bytes.saturating_add(bytes);
            line.jobs.push_back(job);
            drop(line);
            self.arrived.notify_one();
            return;
        };
        drop(line);
        (job.done)(Err(refusal));
    }

    /// Takes what waits, about `max_bytes` of it; waits for something to come. `None` when the
    /// line is closed and empty.
    pub(super) fn take(&self, max_bytes: usize) -> Option<Vec<Job>> {
        let mut line = self.line();
        while line.jobs.is_empty() {
            if line.state == State::Closed {
                return None;
            }
            line = self
                .arrived
                .wait(line)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let mut bytes = 0_usize;
        let mut jobs = Vec::with_capacity(line.jobs.len());
        while bytes < max_bytes
            && let Some(job) = line.jobs.pop_front()
        {
            bytes = bytes.saturating_add(job.batch.len_bytes());
            jobs.push(job);
        }
        Some(jobs)
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
