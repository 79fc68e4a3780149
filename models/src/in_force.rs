//! The models that are in force, for everybody who asks: swapped as a whole while others ask on.

use std::sync::{Arc, PoisonError, RwLock};

use crate::cascade::Budget;
use crate::pool::{Asked, Pool, PoolSize};
use crate::scope::{Action, Drift, Scope};
use crate::shipped::Models;

/// One pool for all who ask, whose most urgent text comes first, and the models that it has now.
#[derive(Debug)]
pub struct InForce {
    pool: Pool,
    rest: RwLock<Rest>,
}

#[derive(Debug, Clone, Default)]
struct Rest {
    actions: Option<Arc<Scope>>,
    identity: Option<Arc<str>>,
    swaps: u64,
}

impl InForce {
    /// Starts the pool; without models nothing has a score.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(size: PoolSize) -> Result<Self, rayon::ThreadPoolBuildError> {
        Ok(Self {
            pool: Pool::start(None, size)?,
            rest: RwLock::default(),
        })
    }

    /// Puts other models in force. What was asked before is still judged by the old ones.
    pub fn swap(&self, models: Models) {
        self.pool.swap(Some(models.texts));
        let mut rest = self.rest.write().unwrap_or_else(PoisonError::into_inner);
        rest.actions = Some(models.actions);
        rest.identity = Some(models.identity);
        rest.swaps += 1;
    }

    /// Asks what each tier makes of `text`.
    pub fn ask(&self, text: &str, budget: Budget) -> Asked {
        self.pool.ask(text, budget)
    }

    /// Whether `action` serves its task; none without a model.
    pub fn drift(&self, action: &Action) -> Option<Drift> {
        let actions = self.rest().actions?;
        Some(actions.judge(action))
    }

    /// Which models these are; none without any.
    pub fn identity(&self) -> Option<Arc<str>> {
        self.rest().identity
    }

    /// How often models were swapped: another number is other models.
    pub fn swaps(&self) -> u64 {
        self.rest().swaps
    }

    fn rest(&self) -> Rest {
        self.rest
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
