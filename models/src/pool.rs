//! Threads that judge texts for whoever asks: the windows of all waiting texts in one queue, the most
//! urgent first, none judged that nobody waits for any more.
//!
//! A window is computed alone, at its own length, so that its score is the same bit for bit whatever
//! waits beside it. What is shared is the queue: a thread takes windows up to a budget of tokens at
//! once, whoever they are from.

mod queue;
mod request;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cascade::{Begun, Budget, Cascade, Classifier, Opinion, Silence};
use queue::{Job, Queue};
use request::Request;

/// How much a pool may do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    /// Threads; each judges on one core.
    pub threads: usize,
    /// Tokens that a thread takes from the queue at once.
    pub batch_tokens: usize,
    /// Tokens that may wait; a text beyond it is told at once that there is no time.
    pub waiting_tokens: usize,
}

impl Default for PoolSize {
    fn default() -> Self {
        Self {
            threads: 1,
            batch_tokens: 512,
            waiting_tokens: 64 * 1_024,
        }
    }
}

/// Threads that judge texts with the models of the moment.
///
/// Tier 1 runs where it is asked; it takes tens of microseconds.
#[derive(Debug)]
pub struct Pool {
    models: Mutex<Option<Arc<Cascade>>>,
    queue: Arc<Queue>,
    threads: Vec<rayon::ThreadPool>,
}

/// A text that is being judged; dropped, nobody waits for it any more.
#[derive(Debug)]
pub struct Asked(State);

#[derive(Debug)]
enum State {
    Answered(Opinion),
    Waiting(Waiter),
}

/// Who waits for a request. Without it what is not judged yet never will be.
#[derive(Debug)]
struct Waiter(Arc<Request>);

impl Pool {
    /// Starts the threads. Without models every text goes without a score.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(
        models: Option<Arc<Cascade>>,
        size: PoolSize,
    ) -> Result<Self, rayon::ThreadPoolBuildError> {
        let queue = Arc::new(Queue::new(size.waiting_tokens));
        let threads = (0..size.threads.max(1)).map(|number| {
            // A pool of one thread each: what candle splits up inside stays on that thread.
            let thread = rayon::ThreadPoolBuilder::new()
                .num_threads(1)
                .thread_name(move |_| format!("models-{number}"))
                .build()?;
            let queue = Arc::clone(&queue);
            thread.spawn(move || work(&queue, size.batch_tokens));
            Ok(thread)
        });
        Ok(Self {
            models: Mutex::new(models),
            threads: threads.collect::<Result<_, _>>()?,
            queue,
        })
    }

    /// Puts other models in force. What was asked before is still judged by the old ones.
    pub fn swap(&self, models: Option<Arc<Cascade>>) {
        *self.models() = models;
    }

    /// How many threads there are.
    pub const fn threads(&self) -> usize {
        self.threads.len()
    }

    /// Asks what each tier makes of `text`; several texts can be asked for before the first answer.
    pub fn ask(&self, text: &str, budget: Budget) -> Asked {
        let Some(models) = self.models().clone() else {
            return Asked(State::Answered(Opinion {
                fast: Err(Silence::Missing),
                model: Err(Silence::Missing),
            }));
        };
        match models.begin(text, budget.depth) {
            Begun::Answered(opinion) => Asked(State::Answered(opinion)),
            Begun::Doubtful(doubt) => {
                let request = Arc::new(Request::new(models, doubt, budget.until));
                self.queue.add(&request);
                Asked(State::Waiting(Waiter(request)))
            }
        }
    }

    fn models(&self) -> MutexGuard<'_, Option<Arc<Cascade>>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Classifier for Pool {
    fn judge(&self, text: &str, budget: Budget) -> Opinion {
        self.ask(text, budget).wait()
    }
}

impl Asked {
    /// Whether [`Asked::wait`] will not wait.
    pub const fn is_answered(&self) -> bool {
        matches!(self.0, State::Answered(_))
    }

    /// The answer, at the latest when the budget's time is over.
    pub fn wait(self) -> Opinion {
        match self.0 {
            State::Answered(opinion) => opinion,
            State::Waiting(waiter) => waiter.0.wait(),
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn work(queue: &Queue, batch_tokens: usize) {
    while let Some(batch) = queue.take(batch_tokens) {
        for Job { request, window } in batch {
            request.look(window);
        }
    }
}

#[cfg(test)]
mod tests;
