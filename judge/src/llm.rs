//! Asks a language model about what the other models left in the grey: whether it is asked at all, under
//! which limits, and what its answer counts for. Its answer can only tighten.

mod answer;
mod breaker;
mod budget;
mod config;
mod metrics;
mod peer;
mod prompt;
mod trouble;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use magistrate_enrich::{ModelScores, SessionFacts};
use magistrate_event::Event;
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;

use self::breaker::Breaker;
use self::budget::Budget;
use self::metrics::Metrics;
use self::peer::Peer;
use crate::decision::{Decision, Match};

pub(crate) use self::answer::Opinion;
pub use self::config::{LlmConfig, LlmKind};
pub use self::peer::LlmError;
pub(crate) use self::trouble::Trouble;

/// The name of its opinion among the reasons of a verdict.
pub(crate) const POLICY: &str = "magistrate.llm";

/// A language model that may be asked.
#[derive(Debug)]
pub struct Llm {
    peer: Peer,
    config: LlmConfig,
    gate: Mutex<Gate>,
    calls: Semaphore,
    metrics: Metrics,
}

/// What decides whether a call may be made.
#[derive(Debug)]
struct Gate {
    breaker: Breaker,
    budget: Budget,
}

impl Gate {
    fn pass(&mut self, now: Instant) -> Result<(), Trouble> {
        if !self.budget.has_room(now) {
            return Err(Trouble::Budget);
        }
        if !self.breaker.pass(now) {
            return Err(Trouble::Open);
        }
        self.budget.spend(now);
        Ok(())
    }
}

impl Llm {
    /// The model that `config` names, with the key that its peer wants to see.
    ///
    /// # Errors
    /// When key, authorities, proxy or TLS cannot be used.
    pub fn new(config: &LlmConfig, key: Option<&[u8]>) -> Result<Self, LlmError> {
        let pause = Duration::from_secs(config.breaker_seconds);
        Ok(Self {
            peer: Peer::new(config, key)?,
            gate: Mutex::new(Gate {
                breaker: Breaker::new(config.breaker_failures, pause),
                budget: Budget::new(config.calls_per_minute, config.calls_per_day),
            }),
            calls: Semaphore::new(config.max_calls),
            metrics: Metrics::default(),
            config: config.clone(),
        })
    }

    /// Names what is counted in `registry`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
    }

    /// The model's name.
    pub(crate) fn model(&self) -> &str {
        &self.config.model
    }

    /// Whether it is to be asked: about an action of its categories that scores or policies leave in
    /// the grey, and where its word could still add something.
    pub(crate) fn is_for(&self, category: &str, matches: &[Match], scores: &ModelScores) -> bool {
        let config = &self.config;
        let categories = &config.categories;
        let is_its = categories.is_empty() || categories.iter().any(|one| one == category);
        let is_settled = matches.iter().any(|one| one.decision >= config.decision);
        let grey = config.grey_low..=config.grey_high;
        let mut given = [scores.injection, scores.scope_drift].into_iter().flatten();
        let is_grey = given.any(|score| grey.contains(&score))
            || matches
                .iter()
                .any(|one| config.policies.contains(&one.policy));
        is_its && is_grey && !is_settled
    }

    /// What is asked about a redacted event; none where there is no randomness.
    pub(crate) fn question(&self, event: &Event, facts: &SessionFacts) -> Option<String> {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes).ok()?;
        let boundary = format!("{:032x}", u128::from_be_bytes(bytes));
        let most = self.config.max_content_bytes;
        Some(prompt::question(event, facts, (most, &boundary)))
    }

    /// Asks, as far as budget and breaker let it, and waits for as long as a call may take.
    ///
    /// # Errors
    /// When there is no opinion.
    pub(crate) async fn ask(self: Arc<Self>, question: Option<String>) -> Result<Opinion, Trouble> {
        let asked = self.try_ask(question).await;
        match &asked {
            Ok(opinion) => self.metrics.answered(self.is_harmful(opinion)),
            Err(trouble) => self.metrics.failed(*trouble),
        }
        asked
    }

    async fn try_ask(&self, question: Option<String>) -> Result<Opinion, Trouble> {
        let question = question.ok_or(Trouble::Internal)?;
        let _call = self.calls.try_acquire().map_err(|_| Trouble::Busy)?;
        let passed = {
            let mut gate = self.gate();
            let passed = gate.pass(Instant::now());
            self.metrics.breaker(gate.breaker.state().number());
            passed
        };
        passed?;
        self.metrics.asked();
        let began = Instant::now();
        let asked = self.peer.ask(&question).await;
        self.metrics.took(began.elapsed());
        if let Err(trouble) = &asked {
            let (reason, status) = (trouble.name(), trouble.status());
            tracing::warn!(reason, status, "language model gave no opinion");
        }
        let mut gate = self.gate();
        match &asked {
            Err(trouble) if trouble.is_of_peer() => gate.breaker.failed(Instant::now()),
            Ok(_) | Err(_) => gate.breaker.succeeded(),
        }
        self.metrics.breaker(gate.breaker.state().number());
        asked
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_harmful(&self, opinion: &Opinion) -> bool {
        opinion.score >= self.config.threshold
    }

    /// Its opinion as one of the findings. One that speaks for the action asks for nothing.
    pub(crate) fn finding(&self, category: &str, opinion: &Opinion) -> Match {
        let (title, decision) = if self.is_harmful(opinion) {
            ("A language model found it harmful", self.config.decision)
        } else {
            ("A language model found no harm in it", Decision::Allow)
        };
        Match {
            matched: vec![
                ("score".to_owned(), opinion.score.to_string()),
                ("reason".to_owned(), opinion.reason.clone()),
                ("model".to_owned(), self.config.model.clone()),
            ],
            ..said(title.to_owned(), category.to_owned(), decision)
        }
    }
}

/// An opinion as a finding, without what led to it.
pub(crate) fn said(title: String, category: String, decision: Decision) -> Match {
    Match {
        policy: POLICY.to_owned(),
        title,
        category,
        tags: Vec::new(),
        decision,
        message: String::new(),
        redact: Vec::new(),
        matched: Vec::new(),
        counted: None,
    }
}

#[cfg(test)]
mod tests;
