//! What people decide: an action that needs a person waits here, is decided on the admin listener,
//! and may happen once.
//!
//! The judge asks ([`Approvals::ask`]) and reads states; only whoever serves people decides
//! ([`Approvals::decide`]). The memory is ahead of the store by what is being written; an answer
//! follows its write.

mod about;
mod approval;
mod book;
mod config;
mod rehearsal;
mod row;
mod store;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use magistrate_enrich::{Redactor, UidKey};
use magistrate_event::{Clock, Event, EventUid, Record, Timestamp};
use magistrate_models::Evidence;
use tokio::sync::{broadcast, watch};
use tokio::time::timeout_at;

use self::book::{Book, Said};
use crate::audit::{AuditError, AuditLog, Kept};
use crate::category::Audit;
use crate::verdict::{Reason, Ticket};

pub use self::approval::{Approval, Binding, Choice, Line, NotOpen, State, Use, Vote};
pub use self::book::Step;
pub use self::config::{ApprovalsConfig, WebhookConfig};
pub use self::store::{ApprovalStore, StoreChange};

/// Changes that a slow listener may be behind.
const MAX_BEHIND: usize = 1_024;
/// Longer comments are cut.
const MAX_COMMENT_CHARS: usize = 1_000;

/// What approvals need.
pub struct ApprovalParts {
    /// Keeps them.
    pub store: Arc<dyn ApprovalStore>,
    /// Keeps the rows of their changes.
    pub audit: Arc<dyn AuditLog>,
    /// Masks secrets.
    pub redactor: Arc<Redactor>,
    /// Makes ids.
    pub uid_key: UidKey,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What was configured.
    pub config: ApprovalsConfig,
    /// `http://host:port` of the judge.
    pub judge_url: String,
    /// `http://host:port` of the admin listener.
    pub console_url: String,
    /// The sender that only rehearses: what it asks for is written and forgotten at once, and nobody
    /// is told.
    pub rehearser: &'static str,
}

/// All approvals of this judge.
pub struct Approvals {
    parts: ApprovalParts,
    book: Mutex<Book>,
    version: watch::Sender<Version>,
    news: broadcast::Sender<Arc<Approval>>,
}

/// Which state of the list somebody has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Version {
    number: u64,
    is_closed: bool,
}

/// A question that needs a person.
pub(crate) struct Question<'a> {
    pub(crate) binding: Binding,
    /// The row of the action.
    pub(crate) event: EventUid,
    /// The id that a new approval gets.
    pub(crate) id: EventUid,
    pub(crate) step: Step,
    pub(crate) asker: String,
    pub(crate) category: &'static str,
    pub(crate) persons: u8,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) shown: Shown<'a>,
}

/// What a person is shown of an action, all of it redacted.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) event: &'a Event,
    pub(crate) task: Option<&'a str>,
    /// What speaks for a drift from the task.
    pub(crate) drift: Option<&'a Evidence>,
}

/// What the judge hears.
pub(crate) struct Heard {
    pub(crate) answer: Answer,
    /// The row of what asking has changed.
    pub(crate) row: Option<Record>,
    /// Told when the store has it; none where nothing changed.
    pub(crate) kept: Option<Kept>,
}

/// What a person has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing yet.
    Pending(Ticket),
    /// Yes; with this question that is used up.
    Approved(EventUid),
    /// No.
    Denied(EventUid),
    /// Nobody can be asked: too much waits.
    Full,
    /// Nobody can be asked: what about is not known, or no approval can be kept.
    Unasked,
}

/// Why a decision does not count.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// It is not open to this person.
    #[error(transparent)]
    NotOpen(#[from] NotOpen),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] AuditError),
}

impl Approvals {
    /// Takes back what was `stored`. Rows of last changes are written again: a kill may have come
    /// between a change and its row, and the queue drops those that it has.
    pub fn open(parts: ApprovalParts, stored: impl IntoIterator<Item = Approval>) -> Self {
        let mut book = Book::default();
        let mut rows = Vec::new();
        for approval in stored {
            rows.push(parts.record(&approval));
            book.put(approval);
        }
        if !rows.is_empty() {
            // Nobody waits for them; keeping goes on.
            drop(parts.audit.keep(rows, Audit::Written));
        }
        Self {
            parts,
            book: Mutex::new(book),
            version: watch::Sender::default(),
            news: broadcast::Sender::new(MAX_BEHIND),
        }
    }

    /// What was said about an action. Nothing said: a new approval waits from now on.
    pub(crate) fn ask(&self, question: Question<'_>) -> Heard {
        let (now, config) = (self.parts.clock.now(), &self.parts.config);
        if self.is_rehearsal(&question) {
            return self.rehearse(question, now);
        }
        let (binding, event) = (question.binding, question.event);
        let mut book = self.book();
        let (said, changed) = book.ask((binding, event, question.step), now);
        let own = book.pending_of((binding, event), now);
        let pending = match said {
            Said::Approved(id) => return self.heard(Answer::Approved(id), changed, &book),
            Said::Denied(id) => return self.heard(Answer::Denied(id), changed, &book),
            Said::Pending(id) if config.group_repeats => Some(id),
            Said::Pending(_) | Said::Nothing => own,
        };
        if let Some(waiting) = pending.and_then(|id| book.get(id).cloned()) {
            book.count_repeat(waiting.id);
            let answer = Answer::Pending(self.ticket(&waiting));
            return self.heard(answer, None, &book);
        }
        if !book.has_room(&question.asker, config.max_open) {
            return self.heard(Answer::Full, None, &book);
        }
        let expires = now.plus(Duration::from_secs(config.expires_seconds));
        let approval = new_approval(question, now, expires);
        let answer = Answer::Pending(self.ticket(&approval));
        book.put(approval.clone());
        self.heard(answer, Some(approval), &book)
    }

    /// Hands a change to the store while the book is locked, so that the store has them in order.
    fn heard(&self, answer: Answer, changed: Option<Approval>, _: &Book) -> Heard {
        let Some(approval) = changed else {
            return Heard {
                answer,
                row: None,
                kept: None,
            };
        };
        let row = self.parts.record(&approval);
        let kept = self.keep(&approval);
        self.tell(approval);
        Heard {
            answer,
            row: Some(row),
            kept: Some(kept),
        }
    }

    fn keep(&self, approval: &Approval) -> Kept {
        let put = StoreChange::Put(Box::new(approval.clone()));
        self.parts.store.keep(vec![put])
    }

    fn tell(&self, approval: Approval) {
        self.version.send_modify(|version| version.number += 1);
        // Nobody may be listening.
        let _ = self.news.send(Arc::new(approval));
    }

    /// Takes a person's word; what it leads to is durable when this returns.
    ///
    /// # Errors
    /// When the approval is not open to that person, or the decision cannot be kept.
    pub async fn decide(
        &self,
        id: EventUid,
        person: &str,
        choice: Choice,
        comment: Option<&str>,
    ) -> Result<Approval, DecideError> {
        let vote = Vote {
            person: person.to_owned(),
            choice,
            at: self.parts.clock.now(),
            comment: comment.and_then(|comment| self.parts.masked(comment)),
        };
        let use_within = Duration::from_secs(self.parts.config.use_within_seconds);
        let (before, after, kept) = {
            let mut book = self.book();
            let (before, after) = book.vote(id, vote, use_within)?;
            let kept = self.keep(&after);
            (before, after, kept)
        };
        if let Err(error) = kept.await {
            self.book().undo(before, &after);
            return Err(error.into());
        }
        self.tell(after.clone());
        let row = self.parts.record(&after);
        self.parts.audit.keep(vec![row], Audit::Synced).await?;
        Ok(after)
    }

    /// The approval with that id, as it is now.
    pub fn get(&self, id: EventUid) -> Option<Approval> {
        let now = self.parts.clock.now();
        let found = self.book().get(id).cloned();
        found.map(|approval| as_it_is(approval, now))
    }

    /// Every approval that is remembered, the newest first.
    pub fn list(&self) -> Vec<Approval> {
        let now = self.parts.clock.now();
        let mut all: Vec<Approval> = self.book().all().cloned().collect();
        all.sort_by_key(|one| std::cmp::Reverse((one.asked, one.id)));
        all.into_iter().map(|one| as_it_is(one, now)).collect()
    }

    /// Which state of the list this is.
    pub fn version(&self) -> u64 {
        self.version.borrow().number
    }

    /// Waits until the list is another than `seen`, the judge stops, or it is `until`.
    pub async fn changed_since(&self, seen: u64, until: Instant) {
        let mut version = self.version.subscribe();
        let other = version.wait_for(|version| version.number != seen || version.is_closed);
        // Over in time or not, whoever waits looks itself.
        let _ = timeout_at(until.into(), other).await;
    }

    /// Waits until an approval is no longer pending, the judge stops, or it is `until`; none where
    /// nobody knows it.
    pub async fn decided(&self, id: EventUid, until: Instant) -> Option<Approval> {
        loop {
            let seen = self.version();
            let approval = self.get(id)?;
            let is_over = approval.state != State::Pending || Instant::now() >= until;
            if is_over || self.version.borrow().is_closed {
                return Some(approval);
            }
            let left = approval.expires.since(self.parts.clock.now());
            let own = until.min(Instant::now() + left);
            self.changed_since(seen, own).await;
        }
    }

    /// Hears of each change from now on.
    pub fn news(&self) -> broadcast::Receiver<Arc<Approval>> {
        self.news.subscribe()
    }

    /// Lets expire and forgets what is over; to be called now and then.
    pub fn pass(&self) {
        let passed = {
            let mut book = self.book();
            let passed = book.pass(self.parts.clock.now(), self.parts.config.max_open);
            let expired = passed.expired.iter().cloned().map(Box::new);
            let mut changes: Vec<_> = expired.map(StoreChange::Put).collect();
            changes.extend(passed.forgotten.iter().copied().map(StoreChange::Forget));
            if changes.is_empty() {
                return;
            }
            // After a kill it expires once more.
            drop(self.parts.store.keep(changes));
            passed
        };
        let rows: Vec<Record> = passed
            .expired
            .iter()
            .map(|one| self.parts.record(one))
            .collect();
        if !rows.is_empty() {
            drop(self.parts.audit.keep(rows, Audit::Written));
        }
        passed.expired.into_iter().for_each(|one| self.tell(one));
    }

    /// Ends every wait.
    pub fn close(&self) {
        self.version.send_modify(|version| version.is_closed = true);
    }

    /// Where the approval `id` is read by callers and decided by people.
    fn ticket(&self, approval: &Approval) -> Ticket {
        let id = approval.id;
        Ticket {
            id: id.to_string(),
            url: format!("{}/v1/approvals/{id}", self.parts.judge_url),
            page: self.page(id),
            expires_at: approval.expires.to_rfc3339(),
        }
    }

    /// The address of an approval's page.
    pub fn page(&self, id: EventUid) -> String {
        format!("{}/approvals/{id}", self.parts.console_url)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ApprovalParts {
    /// The row of an approval's last change; made twice it has the same id.
    fn record(&self, approval: &Approval) -> Record {
        let uid = self.uid_key.follow_up(approval.id, &row::what(approval));
        // It holds names of tokens and words of people.
        let (redacted, _) = self.redactor.rows().redact(uid, row::row(approval));
        Record::new(uid, approval.changed, redacted)
    }

    fn masked(&self, comment: &str) -> Option<String> {
        let comment: String = comment.trim().chars().take(MAX_COMMENT_CHARS).collect();
        let masked = self.redactor.mask_reply(Some(&comment), None, &[]);
        masked.text.filter(|text| !text.is_empty())
    }
}

fn as_it_is(mut approval: Approval, now: Timestamp) -> Approval {
    approval.expire(now);
    approval
}

fn new_approval(question: Question<'_>, now: Timestamp, expires: Timestamp) -> Approval {
    Approval {
        id: question.id,
        binding: question.binding,
        event: question.event,
        state: State::Pending,
        asked: now,
        expires,
        changed: now,
        times: 1,
        persons: question.persons,
        asker: question.asker,
        category: question.category.to_owned(),
        reasons: question.reasons,
        about: about::about(&question.shown),
        votes: Vec::new(),
        used: None,
    }
}

#[cfg(test)]
mod tests;
