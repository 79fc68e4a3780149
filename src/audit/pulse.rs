//! Lets a thread of the runtime wait for the disk itself, which spares handing over to another and back.
//!
//! A thread of the runtime that stands still may be the one that looks after timers and sockets for all
//! of them, and the others sleep until somebody wakes them. While something is under way a thread looks
//! each millisecond whether it moves; where it does not, it wakes another thread of the runtime, which
//! looks after them then. So the runtime needs two threads at least.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;

/// So often it is looked whether something stands still.
const LOOK: Duration = Duration::from_millis(1);
/// After so many looks without anything under way nobody looks any more.
const REST_AFTER: u32 = 1_000;

/// Looks after what is under way on a runtime's threads.
pub(super) struct Pulse {
    shared: Arc<Shared>,
    runtime: Handle,
    thread: JoinHandle<()>,
}

/// What callers share.
#[derive(Clone)]
pub(super) struct Watched {
    shared: Arc<Shared>,
    runtime: Handle,
    thread: std::thread::Thread,
}

#[derive(Default)]
struct Shared {
    begun: AtomicU64,
    ended: AtomicU64,
    is_wanted: AtomicBool,
    is_awake: AtomicBool,
    is_over: AtomicBool,
}

impl Pulse {
    /// Looks after `runtime`.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(runtime: Handle) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (seen, woken) = (Arc::clone(&shared), runtime.clone());
        let thread = super::spawn("audit-pulse", move || seen.look(&woken))?;
        Ok(Self {
            shared,
            runtime,
            thread,
        })
    }

    /// For those who want to be looked after.
    pub(super) fn watched(&self) -> Watched {
        Watched {
            shared: Arc::clone(&self.shared),
            runtime: self.runtime.clone(),
            thread: self.thread.thread().clone(),
        }
    }

    /// Ends the thread.
    pub(super) fn stop(self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.thread.thread().unpark();
        if self.thread.join().is_err() {
            tracing::error!("a thread of the audit journal panicked");
        }
    }
}

impl Watched {
    /// The runtime, where its threads may stand still for now; else they may soon.
    pub(super) fn runtime(&self) -> Option<&Handle> {
        self.shared.is_wanted.store(true, Ordering::SeqCst);
        if self.shared.is_awake.load(Ordering::SeqCst) {
            return Some(&self.runtime);
        }
        self.thread.unpark();
        None
    }

    /// Does `work`, however long it takes.
    pub(super) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        self.shared.begun.fetch_add(1, Ordering::Relaxed);
        let done = work();
        self.shared.ended.fetch_add(1, Ordering::Relaxed);
        done
    }
}

impl Shared {
    fn look(&self, runtime: &Handle) {
        let (mut ended, mut idle) = (0, 0);
        while !self.is_over.load(Ordering::SeqCst) {
            if idle >= REST_AFTER {
                self.is_awake.store(false, Ordering::SeqCst);
                if !self.is_wanted.load(Ordering::SeqCst) {
                    std::thread::park();
                }
                idle = 0;
            }
            self.is_awake.store(true, Ordering::SeqCst);
            std::thread::park_timeout(LOOK);
            let is_wanted = self.is_wanted.swap(false, Ordering::SeqCst);
            idle = if is_wanted { 0 } else { idle + 1 };
            let before = std::mem::replace(&mut ended, self.ended.load(Ordering::Relaxed));
            let is_under_way = self.begun.load(Ordering::Relaxed) > ended;
            if is_under_way && ended == before {
                drop(runtime.spawn(std::future::ready(())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::time::timeout;

    use super::*;

    /// How late a deadline is noticed while the thread that looks after timers stands still.
    async fn lateness(stand: Duration, run: impl FnOnce(&dyn Fn()) + Send + 'static) -> Duration {
        let due = Duration::from_millis(20);
        // Whoever wakes this task is the thread that looks after timers, and runs it.
        tokio::time::sleep(due).await;
        let (done, heard) = tokio::sync::oneshot::channel::<()>();
        let began = Instant::now();
        tokio::spawn(async move {
            run(&|| std::thread::park_timeout(stand));
            drop(done);
        });
        let _ = timeout(due, heard).await;
        began.elapsed().saturating_sub(due)
    }

    fn runtime() -> tokio::runtime::Runtime {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(2).enable_all().build().unwrap()
    }

    #[test]
    fn deadlines_hold_where_a_thread_stands_still() {
        let runtime = runtime();
        let pulse = Pulse::start(runtime.handle().clone()).unwrap();
        let watched = pulse.watched();
        while watched.runtime().is_none() {
            std::thread::yield_now();
        }
        let stand = Duration::from_secs(2);
        let late = runtime.spawn(lateness(stand, move |work| watched.run(work)));
        let late = runtime.block_on(late).unwrap();
        assert!(late < stand / 2, "{late:?}");
        pulse.stop();
    }

    #[test]
    fn who_comes_while_nobody_looks_wakes_who_does() {
        let runtime = runtime();
        let pulse = Pulse::start(runtime.handle().clone()).unwrap();
        let watched = pulse.watched();
        let began = Instant::now();
        while watched.runtime().is_none() {
            assert!(began.elapsed() < Duration::from_secs(20));
            std::thread::park_timeout(LOOK);
        }
        pulse.stop();
    }
}
