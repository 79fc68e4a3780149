//! One text that waits for tier 2: its windows, what was found so far, and who waits for it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::cascade::{Cascade, Doubt, DoubtfulWindow, Found, Opinion};

/// A text whose windows are judged one by one, by any thread.
#[derive(Debug)]
pub(super) struct Request {
    models: Arc<Cascade>,
    doubt: Doubt,
    until: Instant,
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Debug)]
struct Progress {
    /// Windows that nobody has looked at.
    left: usize,
    found: Found,
    is_abandoned: bool,
}

impl Request {
    pub(super) fn new(models: Arc<Cascade>, doubt: Doubt, until: Instant) -> Self {
        let progress = Progress {
            left: doubt.windows.len(),
            found: Found::default(),
            is_abandoned: false,
        };
        Self {
            models,
            doubt,
            until,
            progress: Mutex::new(progress),
            changed: Condvar::new(),
        }
    }

    /// When the answer must be there.
    pub(super) const fn until(&self) -> Instant {
        self.until
    }

    /// The tokens of each window, the most suspicious first.
    pub(super) fn tokens(&self) -> impl Iterator<Item = usize> {
        self.doubt.windows.iter().map(DoubtfulWindow::tokens)
    }

    /// Judges the window with that number, unless there is no use in it.
    pub(super) fn look(&self, window: usize) {
        let is_useless = {
            let progress = self.progress();
            progress.is_abandoned || progress.found.failure.is_some()
        };
        let mut own = Found::default();
        match self.doubt.windows.get(window) {
            Some(window) if !is_useless => self.models.look(window, self.until, &mut own),
            Some(_) | None => {}
        }
        let mut progress = self.progress();
        progress.left = progress.left.saturating_sub(1);
        progress.found.join(own);
        if progress.left == 0 {
            self.changed.notify_all();
        }
    }

    /// There was no room for it in the queue.
    pub(super) fn refuse(&self) {
        let mut progress = self.progress();
        (progress.left, progress.found.is_partial) = (0, true);
    }

    /// Nobody waits any more.
    pub(super) fn abandon(&self) {
        self.progress().is_abandoned = true;
    }

    /// Waits for all windows, or until the time is over.
    pub(super) fn wait(&self) -> Opinion {
        let mut progress = self.progress();
        while progress.left > 0 {
            let time = self.until.saturating_duration_since(Instant::now());
            if time.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(progress, time);
            progress = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let mut found = std::mem::take(&mut progress.found);
        found.is_partial |= progress.left > 0;
        progress.is_abandoned = true;
        drop(progress);
        self.models.end(&self.doubt, found)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
