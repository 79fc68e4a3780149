//! Keeps approvals in a file of their own: one thread, one transaction for all changes that wait.

use std::collections::BTreeMap;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use magistrate_judge::{ApprovalStore, AuditError, Kept, StoreChange};
use magistrate_sinks::State;
use tokio::sync::oneshot;

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
    done: oneshot::Sender<Result<(), AuditError>>,
}

impl StateStore {
    /// Starts the thread.
    pub(super) fn start(state: State) -> std::io::Result<Self> {
        let (jobs, waiting) = bounded(MAX_WAITING);
        std::thread::Builder::new()
            .name("approvals".to_owned())
            .spawn(move || write(&state, &waiting))?;
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

fn write(state: &State, waiting: &Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        let more = waiting.try_iter().take(MAX_TOGETHER - 1);
        let jobs: Vec<Job> = std::iter::once(first).chain(more).collect();
        let outcome = rows(&jobs).and_then(|rows| {
            let written = state.change_rows(OWNER, &rows);
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
fn rows(jobs: &[Job]) -> Result<BTreeMap<Vec<u8>, Option<Vec<u8>>>, String> {
    let mut rows = BTreeMap::new();
    for change in jobs.iter().flat_map(|job| &job.changes) {
        let (id, bytes) = match change {
            StoreChange::Put(approval) => {
                let bytes = serde_json::to_vec(approval).map_err(|error| error.to_string())?;
                (approval.id, Some(bytes))
            }
            StoreChange::Forget(id) => (*id, None),
        };
        rows.insert(id.as_bytes().to_vec(), bytes);
    }
    Ok(rows)
}
