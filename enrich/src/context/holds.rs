//! What the judge decided about a session: until when it may only read.

use serde::{Deserialize, Serialize};

use super::key::Seconds;

/// Leases. Only whoever judges changes them: no event does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Holds {
    read_only_until: Seconds,
}

impl Holds {
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
    fn a_lease_is_never_shortened() {
        let mut holds = Holds::default();
        assert_eq!(holds.read_only(Seconds(0)), None);
        holds.restrict(Seconds(50));
        holds.restrict(Seconds(20));
        assert_eq!(holds.read_only(Seconds(30)), Some(Seconds(50)));
        assert_eq!(holds.read_only(Seconds(50)), None);
    }
}
