//! Which destinations a user or an MCP server is used to, over sessions; what is not met is forgotten.

use serde::{Deserialize, Serialize};

use super::key::{Owner, Seconds, Tag};
use crate::kept::{Aging, Kept};

/// A destination that was not met for so many days is new again.
const DECAY_DAYS: u16 = 30;
/// An owner is learnt about for so long before anything is called new.
const LEARNING: u32 = Seconds::DAY;
/// Destinations of one owner; beyond it the one not met for longest is forgotten.
const MAX_DESTINATIONS: usize = 1_024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    destination: Tag,
    /// The call that met it first, or first again.
    by: Tag,
    last_day: u16,
}

/// The destinations of one user or server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Habit {
    since: Seconds,
    last_day: u16,
    known: Vec<Known>,
}

impl Habit {
    fn is_new(&self, destination: Tag, by: Tag, now: Seconds) -> Option<bool> {
        if now.since(self.since) < LEARNING {
            return None;
        }
        let known = self.known.iter().find(|one| one.destination == destination);
        Some(known.is_none_or(|one| {
            (one.by == by && by != Tag::NONE) || now.day().saturating_sub(one.last_day) > DECAY_DAYS
        }))
    }

    fn meet(&mut self, destination: Tag, by: Tag, now: Seconds) {
        let day = now.day();
        self.last_day = self.last_day.max(day);
        if let Some(known) = self
            .known
            .iter_mut()
            .find(|one| one.destination == destination)
        {
            if day.saturating_sub(known.last_day) > DECAY_DAYS {
                known.by = by;
            }
            known.last_day = known.last_day.max(day);
            return;
        }
        if self.known.len() >= MAX_DESTINATIONS {
            let oldest = self.known.iter().enumerate();
            let oldest = oldest.min_by_key(|(_, one)| one.last_day);
            if let Some((at, _)) = oldest {
                self.known.swap_remove(at);
            }
        }
        self.known.push(Known {
            destination,
            by,
            last_day: day,
        });
    }
}

impl Aging for Habit {
    fn last_used(&self) -> u32 {
        u32::from(self.last_day)
    }
}

/// The habits of many.
#[derive(Debug)]
pub(super) struct Habits(Kept<Owner, Habit>);

impl Habits {
    pub(super) fn new(max_owners: usize) -> Self {
        Self(Kept::new(max_owners))
    }

    /// Whether `destination` is new to `owner`; none while little is known of it.
    pub(super) fn is_new(
        &self,
        owner: Owner,
        destination: &str,
        by: Tag,
        now: Seconds,
    ) -> Option<bool> {
        self.0.get(owner)?.is_new(Tag::of(destination), by, now)
    }

    /// Takes over that `owner` met `destination`.
    pub(super) fn meet(&mut self, owner: Owner, destination: &str, by: Tag, now: Seconds) {
        let habit = self.0.entry(owner, || Habit {
            since: now,
            ..Habit::default()
        });
        habit.meet(Tag::of(destination), by, now);
    }

    /// What changed since the last call: new bytes, or none where the owner was forgotten.
    pub(super) fn changes(&mut self, take: &mut impl FnMut(Owner, Option<Vec<u8>>)) {
        self.0.changes(take);
    }

    /// Takes back what [`Habits::changes`] gave; says whether it could be read.
    pub(super) fn restore(&mut self, owner: Owner, bytes: &[u8]) -> bool {
        self.0.restore(owner, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u32 = Seconds::DAY;

    fn owner() -> Owner {
        Owner::user("", "ana")
    }

    fn is_new(habits: &Habits, destination: &str, day: u32) -> Option<bool> {
        let now = Seconds(day * DAY + 5);
        habits.is_new(owner(), destination, Tag::of("asking"), now)
    }

    #[test]
    fn a_destination_is_new_until_met_and_again_after_a_month() {
        let mut habits = Habits::new(10);
        let meet = |habits: &mut Habits, name: &str, day: u32| {
            habits.meet(owner(), name, Tag::of("earlier"), Seconds(day * DAY));
        };
        assert_eq!(is_new(&habits, "a.example", 100), None);
        meet(&mut habits, "a.example", 100);
        assert_eq!(is_new(&habits, "b.example", 100), None);
        assert_eq!(is_new(&habits, "b.example", 102), Some(true));
        assert_eq!(is_new(&habits, "a.example", 102), Some(false));
        assert_eq!(is_new(&habits, "a.example", 140), Some(true));
        meet(&mut habits, "a.example", 140);
        assert_eq!(is_new(&habits, "a.example", 141), Some(false));
    }

    #[test]
    fn all_events_of_the_call_that_met_it_first_find_it_new() {
        let mut habits = Habits::new(10);
        habits.meet(owner(), "a.example", Tag::NONE, Seconds(0));
        habits.meet(owner(), "b.example", Tag::of("asking"), Seconds(3 * DAY));
        assert_eq!(is_new(&habits, "b.example", 3), Some(true));
    }

    #[test]
    fn destinations_are_bounded() {
        let mut habits = Habits::new(80);
        for number in 0..10_000 {
            habits.meet(owner(), &number.to_string(), Tag::NONE, Seconds(number));
        }
        let known = habits.0.get(owner()).map(|habit| habit.known.len());
        assert_eq!(known, Some(MAX_DESTINATIONS));
    }
}
