//! What people and the judge decided about a session: approvals, and times in which it may only read.

use serde::{Deserialize, Serialize};

use super::key::Seconds;

/// Open approvals of one session.
const MAX_APPROVALS: usize = 32;

/// What an approval is for: a hash over recipient, domain, content, task and action, made by
/// whoever asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ApprovalHash(pub [u8; 16]);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Approval {
    what: ApprovalHash,
    until: Seconds,
}

/// Approvals and leases. Only whoever judges changes them: no event does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Holds {
    approvals: Vec<Approval>,
    read_only_until: Seconds,
}

impl Holds {
    /// Lets `what` happen once, until `until`.
    pub(super) fn approve(&mut self, what: ApprovalHash, until: Seconds, now: Seconds) {
        self.approvals
            .retain(|one| one.what != what && one.until > now);
        if self.approvals.len() >= MAX_APPROVALS {
            self.approvals.remove(0);
        }
        self.approvals.push(Approval { what, until });
    }

    /// Uses an approval up; says whether there was one.
    pub(super) fn use_up(&mut self, what: ApprovalHash, now: Seconds) -> bool {
        let is_it = |one: &Approval| one.what == what && one.until > now;
        let found = self.approvals.iter().position(is_it);
        found.map(|at| self.approvals.remove(at)).is_some()
    }

    /// Lets the session only read until `until`; never shortens an earlier time.
    pub(super) fn restrict(&mut self, until: Seconds) {
        self.read_only_until = self.read_only_until.max(until);
    }

    /// Until when the session may only read, if it may at `now`.
    pub(super) fn read_only(&self, now: Seconds) -> Option<Seconds> {
        (self.read_only_until > now).then_some(self.read_only_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_good_once_and_not_for_ever() {
        let (what, other) = (ApprovalHash([1; 16]), ApprovalHash([2; 16]));
        let mut holds = Holds::default();
        holds.approve(what, Seconds(10), Seconds(0));
        assert!(!holds.use_up(other, Seconds(1)));
        assert!(holds.use_up(what, Seconds(1)));
        assert!(!holds.use_up(what, Seconds(1)));
        holds.approve(what, Seconds(10), Seconds(0));
        assert!(!holds.use_up(what, Seconds(10)));
    }

    #[test]
    fn a_lease_is_never_shortened() {
        let mut holds = Holds::default();
        assert_eq!(holds.read_only(Seconds(0)), None);
        holds.restrict(Seconds(50));
        holds.restrict(Seconds(20));
        assert_eq!(holds.read_only(Seconds(30)), Some(Seconds(50)));
        assert_eq!(holds.read_only(Seconds(50)), None);
    }
}
