//! What follows when a segment is closed, off the way of the batches that wait: its ids are
//! written, passed segments go, old ids go.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::JoinHandle;

use super::QueueError;
use super::shared::Shared;
use super::sidecar::Sidecar;

/// How many closed segments may wait; beyond that the writer waits, too.
const MAX_WAITING: usize = 4;

/// A thread that does the writer's chores.
pub(super) struct Keeper {
    chores: Option<SyncSender<Chore>>,
    thread: Option<JoinHandle<()>>,
}

enum Chore {
    /// The segment of these ids was closed.
    Closed(Sidecar),
    /// Somebody waits until everything before this is done.
    Tell(SyncSender<()>),
}

impl Keeper {
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, QueueError> {
        let (chores, receiver) = mpsc::sync_channel(MAX_WAITING);
        let own = Arc::clone(shared);
        let thread = std::thread::Builder::new()
            .name("queue-keeper".to_owned())
            .spawn(move || run(&own, &receiver))
            .map_err(|error| QueueError::disk("start a keeper for", &shared.folder, error))?;
        Ok(Self {
            chores: Some(chores),
            thread: Some(thread),
        })
    }

    /// Hands over a closed segment. Until its ids are written it cannot be deleted.
    pub(super) fn closed(&self, ids: Sidecar) {
        self.give(Chore::Closed(ids));
    }

    /// Waits until everything handed over is done.
    pub(super) fn settle(&self) {
        let (done, told) = mpsc::sync_channel(1);
        self.give(Chore::Tell(done));
        // An error means that the keeper is gone: then nothing is under way.
        told.recv().unwrap_or_default();
    }

    fn give(&self, chore: Chore) {
        let given = self.chores.as_ref().map(|chores| chores.send(chore));
        if !matches!(given, Some(Ok(()))) {
            tracing::error!("the queue's keeper had ended by a panic");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.chores.take());
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the queue's keeper had ended by a panic");
        }
    }
}

fn run(shared: &Shared, chores: &Receiver<Chore>) {
    for chore in chores {
        match chore {
            Chore::Closed(ids) => {
                shared.write_ids(&ids);
                shared.index().seal(ids.segment, ids.sealed);
                shared.trim();
                shared.forget_old_ids();
            }
            // Whoever asked may have gone.
            Chore::Tell(done) => drop(done.try_send(())),
        }
    }
}
