//! Keeps approvals in a file of their own: one thread, one transaction for all changes that wait.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use magistrate_judge::{ApprovalStore, AuditError, Kept, StoreChange};
use magistrate_sinks::{Guard as _, Rows, State};
use tokio::sync::oneshot;

use crate::canary::output;
use crate::path::Path;

/// Whose rows they are.
pub(super) const OWNER: &str = "approvals";
/// Changes that may wait for the disk; more would come too late anyhow.
const MAX_WAITING: usize = 4_096;
/// Changes that share one transaction.
const MAX_TOGETHER: usize = 512;

/// The file's one writer. It ends when this is dropped.
pub(super) struct StateStore {
    jobs: Sender<Job>,
}

struct Job {
    changes: Vec<StoreChange>,
    done: oneshot::Sender<Result<Instant, AuditError>>,
}

impl StateStore {
    /// Starts the thread; `path` holds the canary, which looks at approvals first.
    pub(super) fn start(state: State, path: Arc<Path>) -> std::io::Result<Self> {
        let (jobs, waiting) = bounded(MAX_WAITING);
        std::thread::Builder::new()
            .name("approvals".to_owned())
            .spawn(move || write(&state, &path, &waiting))?;
        Ok(Self { jobs })
    }
}

impl ApprovalStore for StateStore {
    fn keep(&self, changes: Vec<StoreChange>) -> Kept {
        let (done, heard) = oneshot::channel();
        let sent = self.jobs.try_send(Job { changes, done });
        Box::pin(async move {
            match sent {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => {
                    return Err(AuditError("too many changes of approvals wait".to_owned()));
                }
                Err(TrySendError::Disconnected(_)) => return Err(gone()),
            }
            heard.await.unwrap_or_else(|_| Err(gone()))
        })
    }
}

fn gone() -> AuditError {
    AuditError("the writer of approvals has ended".to_owned())
}

fn write(state: &State, path: &Path, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        let more = waiting.try_iter().take(MAX_TOGETHER - 1);
        let jobs: Vec<Job> = std::iter::once(first).chain(more).collect();
        let outcome = rows(&jobs, path).and_then(|rows| {
            let written = state.change_rows(OWNER, &rows);
            let written = written.map(|()| Instant::now());
            written.map_err(|error| format!("{:#}", anyhow::Error::from(error)))
        });
        if let Err(error) = &outcome {
            tracing::error!(%error, "approvals cannot be kept");
        }
        for job in jobs {
            // Nobody may wait any more.
            let _ = job.done.send(outcome.clone().map_err(AuditError));
        }
    }
}

/// The rows that `jobs` change; of several changes of one row the last counts.
///
/// # Errors
/// When one of them is not to be written.
fn rows(jobs: &[Job], path: &Path) -> Result<Rows, String> {
    let leak = "a planted secret came out in the approvals, which have stopped";
    if path.canary.is_stopped(output::APPROVALS) {
        return Err(leak.to_owned());
    }
    let mut rows = Rows::default();
    for change in jobs.iter().flat_map(|job| &job.changes) {
        let (id, bytes) = match change {
            StoreChange::Put(approval) => {
                let bytes = serde_json::to_vec(approval).map_err(|error| error.to_string())?;
                // Also those that are forgotten in the same transaction.
                if !path.permits(output::APPROVALS, &bytes) {
                    return Err(leak.to_owned());
                }
                (approval.id, Some(bytes))
            }
            StoreChange::Forget(id) => (*id, None),
        };
        rows.set(id.as_bytes(), bytes.as_deref());
    }
    Ok(rows)
}
