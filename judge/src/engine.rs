//! The judge's way through one question: event, redactor, policies, decision, rows. No waiting.

mod answer;
mod classify;
mod cut;
mod llm;
pub(crate) mod person;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use magistrate_enrich::{
    Asked, Case, Context, ModelScores, Rank, Redactor, SessionFacts, SessionKey, UidKey,
    look_at_files, normalize_action,
};
use magistrate_event::{Action, Clock, Event, EventUid, Identity, Occasion, Record, Timestamp};
use magistrate_models::{Evidence, InForce};
use prometheus_client::registry::Registry;

use crate::Decision;
use crate::approvals::{Answer, Step};
use crate::calls::Calls;
use crate::category::{Posture, Postures, category_of};
use crate::decision::{Facts, Findings, Match, Ruling};
use crate::inquiry::{Door, Inquiry};
use crate::limits::{Limited, Limits};
use crate::llm::{Llm, Trouble};
use crate::pace::Pace;
use crate::policies::Policies;
use crate::row::{self, About};
use crate::scores::Said;
use crate::session_facts::with_task_of;
use crate::verdict::Verdict;

/// What is needed to judge.
pub struct Parts {
    /// Masks secrets.
    pub redactor: Arc<Redactor>,
    /// Makes the ids of events.
    pub uid_key: UidKey,
    /// The policies.
    pub policies: Policies,
    /// What is remembered of sessions.
    pub context: Context,
    /// Models; none where they are switched off.
    pub models: Option<Arc<InForce>>,
    /// Deadlines and postures.
    pub postures: Postures,
    /// How long a session may only read after a downgrade.
    pub read_only: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Tells the arrivals of this run from those of every other.
    pub run: u64,
}

/// Judges, one question at a time, on the caller's thread.
pub struct Engine {
    redactor: Arc<Redactor>,
    uid_key: UidKey,
    policies: RwLock<Arc<Policies>>,
    context: Context,
    models: Option<Arc<InForce>>,
    llm: Option<Arc<Llm>>,
    calls: Calls,
    limits: Limits,
    postures: Postures,
    read_only: Duration,
    clock: Arc<dyn Clock>,
    pace: Pace,
    run: u64,
    arrivals: AtomicU64,
}

/// A question whose event is made, and what must be known of it later.
pub struct Prepared {
    uid: EventUid,
    received: Timestamp,
    since: Instant,
    deadline: Instant,
    door: Door,
    identity: Identity,
    step: Step,
    facts: Facts,
    policies: Arc<Policies>,
    action: Action,
    request_id: Option<String>,
    about: About,
    /// The hash of the whole content, where only a part of it is looked at.
    cut: Option<[u8; 32]>,
    /// What was answered, as soon as it is; a deeper verdict is held against it.
    answered: Mutex<Option<Decision>>,
}

/// What policies made of a question.
#[derive(Clone)]
pub struct Looked {
    record: Record,
    facts: SessionFacts,
    matches: Vec<Match>,
    limits: Vec<Limited>,
    said: Said,
}

/// A question that is decided: what speaks against it, and what a person has said.
pub struct Ruled {
    record: Option<Record>,
    facts: SessionFacts,
    said: Said,
    findings: Findings,
    limits: Vec<Limited>,
    ruling: Ruling,
    heard: Option<Answer>,
}

/// A verdict, and the rows that tell of it.
pub struct Judged {
    /// The answer.
    pub verdict: Verdict,
    /// The action's row, where it was redacted in time, and the verdict's.
    pub rows: Vec<Record>,
}

/// Whether a verdict is the answer, or came after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It is the answer.
    InTime,
    /// It is the answer, and has none of the record that it should have had.
    Unrecorded,
    /// The question has been answered: it can only revoke.
    Late,
}

impl Prepared {
    /// When the answer must be there.
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The category that sets deadline and posture.
    pub const fn category(&self) -> &'static str {
        self.facts.category
    }

    /// What is asked about.
    pub const fn action(&self) -> &Action {
        &self.action
    }

    /// Whether only a part of the content is looked at.
    pub const fn is_partial(&self) -> bool {
        self.cut.is_some()
    }

    /// Bytes of text that are looked at.
    pub fn text_bytes(&self) -> usize {
        self.action.text_bytes()
    }

    /// The policies that match.
    fn look(&self, event: &Event, facts: &SessionFacts, scores: &ModelScores) -> Vec<Match> {
        let case = Case {
            uid: Some(self.uid),
            event,
            facts,
            scores,
        };
        self.policies.look(case, self.facts.category)
    }

    /// What was answered, as soon as it is.
    fn answered(&self) -> Option<Decision> {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a question is decided twice, since its record is late, the stricter is the answer.
    fn note_answer(&self, decision: Decision) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        *answered = (*answered).max(Some(decision));
    }
}

impl Looked {
    /// The redacted event.
    pub const fn event(&self) -> &Event {
        self.record.event()
    }

    /// What the session's context says of it.
    pub const fn facts(&self) -> &SessionFacts {
        &self.facts
    }

    /// What rate limits say of it.
    pub fn limits(&self) -> &[Limited] {
        &self.limits
    }

    /// What the language model said, where it was asked: its score, or the name of why there is none.
    pub fn llm(&self) -> Option<Result<f64, &'static str>> {
        let llm = self.said.llm?;
        Some(llm.map_err(Trouble::name))
    }

    /// What speaks for a drift from the task, where a model found one.
    pub const fn drift(&self) -> Option<&Evidence> {
        self.said.drift.as_ref()
    }

    /// The policies in force that matched.
    pub fn matches(&self) -> &[Match] {
        &self.matches
    }
}

impl Engine {
    /// An engine of `parts`.
    pub fn new(parts: Parts) -> Self {
        Self {
            redactor: parts.redactor,
            uid_key: parts.uid_key,
            policies: RwLock::new(Arc::new(parts.policies)),
            context: parts.context,
            models: parts.models,
            llm: None,
            calls: Calls::default(),
            limits: Limits::default(),
            postures: parts.postures,
            read_only: parts.read_only,
            clock: parts.clock,
            pace: Pace::default(),
            run: parts.run,
            arrivals: AtomicU64::new(0),
        }
    }

    /// The time in seconds since 1970.
    pub(crate) fn now_seconds(&self) -> i64 {
        self.clock.now().as_millis() / 1_000
    }

    /// The policies in force.
    pub fn policies(&self) -> Arc<Policies> {
        let policies = self.policies.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&policies)
    }

    /// Changes whenever policies or models do: what was answered before may be answered otherwise.
    pub fn tag(&self) -> String {
        let model = self.models.as_ref().and_then(|models| models.identity());
        let mut hash = blake3::Hasher::new();
        hash.update(model.as_deref().unwrap_or_default().as_bytes());
        if let Some(llm) = &self.llm {
            hash.update(llm.model().as_bytes());
        }
        let model: String = hash.finalize().to_hex().chars().take(8).collect();
        format!("{}-{model}", self.policies().version())
    }

    /// Names what is counted for rate limits in `registry`.
    pub fn register(&self, registry: &mut Registry) {
        self.limits.register(registry);
        if let Some(llm) = &self.llm {
            llm.register(registry);
        }
    }

    /// Puts other policies in force; questions that are being judged keep theirs. What was counted for
    /// rate limits stays where a limit does.
    pub fn set_policies(&self, policies: Policies) {
        self.limits.keep(|id| policies.rate_limit(id));
        let mut place = self
            .policies
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *place = Arc::new(policies);
    }

    /// The posture of the question's category.
    pub fn posture(&self, prepared: &Prepared) -> Posture {
        self.postures.of(prepared.facts.category)
    }

    /// Makes the event of a question. Content that there will be no time for is left out here.
    pub fn prepare(&self, inquiry: Inquiry) -> (Prepared, Event) {
        let Inquiry {
            request,
            body_hash,
            origin,
            door,
            step,
            since,
        } = inquiry;
        let received = self.clock.now();
        let mut action = request.action;
        look_at_files(&mut action);
        let allowed = self.postures.deadline("", request.deadline);
        let cut = self.cut(&mut action, allowed);
        let asked = match request.request_id.as_deref() {
            Some(request_id) => Asked::Named {
                request_id,
                body: body_hash,
            },
            None => Asked::Arrival(self.arrival()),
        };
        let (uid, event) = normalize_action(&action, (&origin, asked, received), &self.uid_key);
        let category = category_of(&event);
        let deadline = since + self.postures.deadline(category, request.deadline);
        let prepared = Prepared {
            uid,
            received,
            since,
            deadline,
            door,
            identity: origin.identity,
            step,
            facts: Facts {
                category,
                is_approved: false,
            },
            policies: self.policies(),
            action,
            request_id: request.request_id,
            about: row::about(&event),
            cut,
            answered: Mutex::default(),
        };
        (prepared, event)
    }

    fn arrival(&self) -> u128 {
        let number = self.arrivals.fetch_add(1, Ordering::Relaxed);
        u128::from(self.run) << 64 | u128::from(number)
    }

    /// Redacts the event and shows it to the policies.
    pub fn look(&self, prepared: &Prepared, event: Event) -> Looked {
        let (bytes, began) = (event.buffer().len(), Instant::now());
        let (redacted, _) = self.redactor.rows().redact(prepared.uid, event);
        let record = Record::new(prepared.uid, prepared.received, redacted);
        let facts = self.facts(prepared, record.event());
        let mut matches = prepared.look(record.event(), &facts, &ModelScores::NONE);
        let limits = self.limits.settle(&mut matches, prepared.received);
        self.pace.learn(bytes, began.elapsed());
        Looked {
            record,
            facts,
            matches,
            limits,
            said: Said::NOTHING,
        }
    }

    /// What came before in the session.
    fn facts(&self, prepared: &Prepared, event: &Event) -> SessionFacts {
        let received = prepared.received;
        let facts = self.context.facts(event, received, Rank::Telemetry);
        with_task_of(facts, event)
    }

    /// What follows from an answer for the rest of the session.
    fn remember(&self, prepared: &Prepared, event: &Event, (decision, moment): (Decision, Moment)) {
        let is_read = matches!(
            prepared.action.occasion,
            Some(Occasion::Prompt | Occasion::ToolResult)
        );
        if is_read && decision < Decision::RequireApproval {
            // The analysis does the same later, once; the next question may come before.
            self.context.observe(event, prepared.received);
        }
        // Only models look at calls of before.
        let is_needed = self.models.is_some();
        if is_needed && decision < Decision::RequireApproval && moment == Moment::InTime {
            self.calls.remember(event);
        }
        // What has passed already can only be revoked for what follows.
        let revokes = moment == Moment::Late && decision > Decision::Downgrade;
        if (decision == Decision::Downgrade || revokes)
            && let Some(key) = SessionKey::of(event)
        {
            let until = prepared.received.plus(self.read_only);
            self.context.restrict(key, until, prepared.received);
        }
    }
}

#[cfg(test)]
mod tests;
