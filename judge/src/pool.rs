//! Threads for what takes longer than a listener's own thread should be held.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Sender, TrySendError, bounded};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Jobs that wait for each thread; more are refused, since they would come too late.
pub(crate) const WAITING_PER_THREAD: usize = 8;

/// A few threads and a short queue before them. They end when the pool is dropped.
#[derive(Debug)]
pub(crate) struct Pool {
    jobs: Sender<Job>,
}

/// All threads are busy and enough waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl Pool {
    /// Starts `threads` threads.
    pub(crate) fn start(threads: usize) -> std::io::Result<Self> {
        let (jobs, waiting) = bounded::<Job>(threads.max(1) * WAITING_PER_THREAD);
        for number in 0..threads.max(1) {
            let waiting = waiting.clone();
            std::thread::Builder::new()
                .name(format!("judge-{number}"))
                .spawn(move || waiting.iter().for_each(|job| job()))?;
        }
        Ok(Self { jobs })
    }

    /// Runs `work` on a thread; the receiver hears nothing where it panicked.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<oneshot::Receiver<T>, Full> {
        let (answer, receiver) = oneshot::channel();
        let job: Job = Box::new(move || {
            if let Ok(done) = catch_unwind(AssertUnwindSafe(work)) {
                // Nobody may wait any more.
                let _ = answer.send(done);
            }
        });
        match self.jobs.try_send(job) {
            Ok(()) => Ok(receiver),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Full),
        }
    }
}
