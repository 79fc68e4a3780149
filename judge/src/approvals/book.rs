//! All approvals that are open or were lately: which one stands for an action. In memory, pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use magistrate_event::{EventUid, Timestamp};

use super::approval::{Approval, Binding, NotOpen, State, Vote};

/// What is over is remembered for so long, to be looked at and to recognise retries.
const KEEP: Duration = Duration::from_secs(86_400);
/// What is over may be so many times as much as what may be open.
const MAX_OVER: usize = 5;
/// The part of all open approvals that one session may have.
const SESSION_SHARE: usize = 10;
/// A door that asks twice about one action does so within this time.
const CONFIRM_WITHIN: Duration = Duration::from_secs(60);

/// Which of a door's questions about one action it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Step {
    /// The only one, or the first.
    #[default]
    First,
    /// The second about an action that has just passed, such as the hook PermissionRequest after
    /// PreToolUse: it uses up no other approval.
    Confirm,
}

/// What a person has said about an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing yet.
    Pending(EventUid),
    /// Yes, and with this question that is used up.
    Approved(EventUid),
    /// No.
    Denied(EventUid),
    /// Nobody has been asked.
    Nothing,
}

/// The approvals.
#[derive(Debug, Default)]
pub(super) struct Book {
    by_id: BTreeMap<EventUid, Approval>,
    by_binding: HashMap<Binding, BTreeSet<EventUid>>,
    /// Those that wait or may be used, by who asks.
    open: HashMap<String, BTreeSet<EventUid>>,
    open_count: usize,
}

/// What the passing of time has changed.
#[derive(Debug, Default)]
pub(super) struct Passed {
    pub(super) expired: Vec<Approval>,
    pub(super) forgotten: Vec<EventUid>,
}

impl Book {
    /// Takes in an approval as it now is.
    pub(super) fn put(&mut self, approval: Approval) {
        let is_open = matches!(approval.state, State::Pending | State::Approved);
        self.mark(&approval.asker, approval.id, is_open);
        let ids = self.by_binding.entry(approval.binding).or_default();
        ids.insert(approval.id);
        self.by_id.insert(approval.id, approval);
    }

    fn mark(&mut self, asker: &str, id: EventUid, is_open: bool) {
        if is_open {
            let ids = self.open.entry(asker.to_owned()).or_default();
            self.open_count += usize::from(ids.insert(id));
        } else if let Some(ids) = self.open.get_mut(asker) {
            self.open_count -= usize::from(ids.remove(&id));
            if ids.is_empty() {
                self.open.remove(asker);
            }
        }
    }

    fn forget(&mut self, id: EventUid) {
        let Some(approval) = self.by_id.remove(&id) else {
            return;
        };
        self.mark(&approval.asker, id, false);
        if let Some(ids) = self.by_binding.get_mut(&approval.binding) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_binding.remove(&approval.binding);
            }
        }
    }

    /// The approval with that id.
    pub(super) fn get(&self, id: EventUid) -> Option<&Approval> {
        self.by_id.get(&id)
    }

    /// Every approval.
    pub(super) fn all(&self) -> impl Iterator<Item = &Approval> {
        self.by_id.values()
    }

    /// Whether `asker` may have one more open.
    pub(super) fn has_room(&self, asker: &str, max_open: usize) -> bool {
        let own = self.open.get(asker).map_or(0, BTreeSet::len);
        self.open_count < max_open && own < max_open.div_ceil(SESSION_SHARE)
    }

    /// What was said about the action `binding` when the question `by` asks at `now`; the approval,
    /// where asking changes it.
    pub(super) fn ask(
        &mut self,
        (binding, by, step): (Binding, EventUid, Step),
        now: Timestamp,
    ) -> (Said, Option<Approval>) {
        let ids = self.by_binding.get(&binding).into_iter().flatten();
        let all: Vec<&Approval> = ids.filter_map(|id| self.by_id.get(id)).collect();
        let is_retry = |one: &&&Approval| one.used.as_ref().is_some_and(|used| used.by == by);
        if let Some(one) = all.iter().find(is_retry) {
            return (Said::Approved(one.id), None);
        }
        let to_confirm = |one: &&&Approval| {
            step == Step::Confirm
                && one
                    .used
                    .as_ref()
                    .is_some_and(|used| !used.is_confirmed && now.since(used.at) < CONFIRM_WITHIN)
        };
        if let Some(one) = all.iter().find(to_confirm) {
            let mut changed = (**one).clone();
            if let Some(used) = &mut changed.used {
                used.is_confirmed = true;
            }
            self.put(changed.clone());
            return (Said::Approved(changed.id), Some(changed));
        }
        let standing = |state| {
            let mut found = all.iter();
            found.find(|one| one.state_at(now) == state && one.stands_at(now))
        };
        if let Some(one) = standing(State::Denied) {
            return (Said::Denied(one.id), None);
        }
        if let Some(one) = standing(State::Approved) {
            let mut changed = (**one).clone();
            changed.use_up(by, now);
            self.put(changed.clone());
            return (Said::Approved(changed.id), Some(changed));
        }
        let pending = standing(State::Pending).map(|one| one.id);
        (pending.map_or(Said::Nothing, Said::Pending), None)
    }

    /// The pending approval that the question `event` itself has asked for, at `now`.
    pub(super) fn pending_of(
        &self,
        (binding, event): (Binding, EventUid),
        now: Timestamp,
    ) -> Option<EventUid> {
        let ids = self.by_binding.get(&binding).into_iter().flatten();
        let mut all = ids.filter_map(|id| self.by_id.get(id));
        let own = all.find(|one| one.event == event && one.state_at(now) == State::Pending);
        own.map(|one| one.id)
    }

    /// Counts one more question about an approval that waits.
    pub(super) fn count_repeat(&mut self, id: EventUid) {
        if let Some(approval) = self.by_id.get_mut(&id) {
            approval.times = approval.times.saturating_add(1);
        }
    }

    /// Takes a person's word; gives back the approval before and after it.
    ///
    /// # Errors
    /// As [`Approval::vote`].
    pub(super) fn vote(
        &mut self,
        id: EventUid,
        vote: Vote,
        use_within: Duration,
    ) -> Result<(Approval, Approval), NotOpen> {
        let before = self.by_id.get(&id).ok_or(NotOpen::Unknown)?.clone();
        let mut after = before.clone();
        after.vote(vote, use_within)?;
        self.put(after.clone());
        Ok((before, after))
    }

    /// Puts back what could not be kept, unless it has changed since.
    pub(super) fn undo(&mut self, before: Approval, after: &Approval) {
        if self.by_id.get(&after.id) == Some(after) {
            self.put(before);
        }
    }

    /// Lets expire and forgets what is over at `now`.
    pub(super) fn pass(&mut self, now: Timestamp, max_open: usize) -> Passed {
        let over = |one: &&Approval| one.state_at(now) != one.state;
        let mut expired: Vec<Approval> = self.by_id.values().filter(over).cloned().collect();
        for one in &mut expired {
            one.expire(now);
            self.put(one.clone());
        }
        let is_open = |one: &Approval| matches!(one.state, State::Pending | State::Approved);
        let closed = self.by_id.values().filter(|one| !is_open(one));
        let mut closed: Vec<_> = closed.map(|one| (one.changed, one.id)).collect();
        closed.sort_unstable();
        let too_many = closed
            .len()
            .saturating_sub(max_open.saturating_mul(MAX_OVER));
        let old = closed
            .iter()
            .enumerate()
            .filter(|(at, (changed, _))| *at < too_many || now.since(*changed) > KEEP);
        let forgotten: Vec<EventUid> = old.map(|(_, (_, id))| *id).collect();
        forgotten.iter().for_each(|id| self.forget(*id));
        Passed { expired, forgotten }
    }
}

#[cfg(test)]
mod tests {
    use super::super::approval::testing::{approval, vote};
    use super::super::approval::{Choice, Use};
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn by(number: u8) -> EventUid {
        EventUid::from_bytes([number; 16])
    }

    const WITHIN: Duration = Duration::from_secs(5);

    #[test]
    fn an_approved_action_passes_once_and_its_very_question_again() {
        let mut book = Book::default();
        let one = approval(1, at(0), 1);
        let (id, what) = (one.id, one.binding);
        book.put(one);
        let ask = |book: &mut Book, question, step, seconds| {
            book.ask((what, by(question), step), at(seconds)).0
        };
        assert_eq!(ask(&mut book, 50, Step::First, 1), Said::Pending(id));
        book.vote(id, vote("ana", Choice::Approve, 2), WITHIN)
            .unwrap();
        let other = Binding([2; 32]);
        let (said, _) = book.ask((other, by(50), Step::First), at(3));
        assert_eq!(said, Said::Nothing, "one byte changed");
        assert_eq!(ask(&mut book, 51, Step::First, 3), Said::Approved(id));
        assert_eq!(ask(&mut book, 51, Step::First, 4), Said::Approved(id));
        assert_eq!(ask(&mut book, 52, Step::First, 4), Said::Nothing);
        assert_eq!(ask(&mut book, 53, Step::Confirm, 5), Said::Approved(id));
        assert_eq!(ask(&mut book, 54, Step::Confirm, 6), Said::Nothing);
    }

    #[test]
    fn a_confirmation_that_comes_late_confirms_nothing() {
        let mut book = Book::default();
        let mut one = approval(1, at(0), 1);
        one.state = State::Used;
        one.used = Some(Use {
            by: by(9),
            at: at(0),
            is_confirmed: false,
        });
        let what = one.binding;
        book.put(one);
        let (said, _) = book.ask((what, by(8), Step::Confirm), at(60));
        assert_eq!(said, Said::Nothing);
    }

    #[test]
    fn a_denied_action_stays_denied_until_its_time_is_over() {
        let mut book = Book::default();
        let one = approval(1, at(0), 1);
        let (id, what) = (one.id, one.binding);
        book.put(one);
        book.vote(id, vote("ana", Choice::Deny, 1), WITHIN).unwrap();
        let said = |book: &mut Book, seconds| book.ask((what, by(7), Step::First), at(seconds)).0;
        assert_eq!(said(&mut book, 9), Said::Denied(id));
        assert_eq!(said(&mut book, 10), Said::Nothing);
    }

    #[test]
    fn what_is_over_expires_and_is_forgotten_and_room_is_shared() {
        let mut book = Book::default();
        for number in 0..10 {
            book.put(approval(number, at(0), 1));
        }
        assert!(!book.has_room("/s1", 100) && book.has_room("/s2", 100));
        assert!(!book.has_room("/s2", 10));
        let passed = book.pass(at(10), 1);
        assert_eq!(passed.expired.len(), 10);
        assert_eq!(passed.forgotten.len(), 5, "more than may be kept");
        assert!(book.has_room("/s1", 100));
        let passed = book.pass(at(10).plus(KEEP).plus(WITHIN), 1);
        assert_eq!((passed.expired.len(), passed.forgotten.len()), (0, 5));
        assert_eq!(book.all().count(), 0);
    }

    #[test]
    fn what_could_not_be_kept_is_undone_unless_it_went_on() {
        let mut book = Book::default();
        let one = approval(1, at(0), 1);
        let (id, what) = (one.id, one.binding);
        book.put(one);
        let (before, after) = book
            .vote(id, vote("ana", Choice::Approve, 1), WITHIN)
            .unwrap();
        book.undo(before.clone(), &after);
        assert_eq!(book.get(id), Some(&before));
        let (before, after) = book
            .vote(id, vote("ana", Choice::Approve, 1), WITHIN)
            .unwrap();
        book.ask((what, by(5), Step::First), at(2));
        book.undo(before, &after);
        assert_eq!(book.get(id).unwrap().state, State::Used);
    }
}
