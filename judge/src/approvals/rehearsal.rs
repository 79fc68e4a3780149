//! Questions of a sender that only rehearses: they go the way of all others up to the store, so that
//! what is written can be looked at, and keep no person busy.

use magistrate_event::Timestamp;

use super::{Answer, Approvals, Heard, Question, StoreChange, new_approval};

impl Approvals {
    /// Whether nobody waits for an answer.
    pub(super) fn is_rehearsal(&self, question: &Question<'_>) -> bool {
        // Askers are a sender and a session.
        question.asker.split('/').next() == Some(self.parts.rehearser)
    }

    /// Writes what would wait, and forgets it at once; nobody is told.
    pub(super) fn rehearse(&self, question: Question<'_>, now: Timestamp) -> Heard {
        let approval = new_approval(question, now, now);
        let answer = Answer::Pending(self.ticket(&approval));
        let row = self.parts.record(&approval);
        let forget = StoreChange::Forget(approval.id);
        let changes = vec![StoreChange::Put(Box::new(approval)), forget];
        Heard {
            answer,
            row: Some(row),
            kept: Some(self.parts.store.keep(changes)),
        }
    }
}
