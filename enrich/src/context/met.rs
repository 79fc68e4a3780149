//! What a session has met so far, each when and by which call first: tools, servers, destinations.

use serde::{Deserialize, Serialize};

use super::key::{Seconds, Tag};

/// Longer names are cut: no tool, server or domain has one.
const MAX_NAME_BYTES: usize = 253;

/// One thing that was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Meeting {
    name: Box<str>,
    first: Seconds,
    by: Tag,
}

/// Things met, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Met(Vec<Meeting>);

impl Met {
    /// Meets `name`; of two meetings the earlier counts. Beyond `max` the oldest is forgotten: that
    /// a thing is new again is the strict side.
    pub(super) fn add(&mut self, name: &str, at: Seconds, by: Tag, max: usize) {
        let name = cut(name);
        if let Some(known) = self.0.iter_mut().find(|one| &*one.name == name) {
            if at < known.first {
                (known.first, known.by) = (at, by);
            }
            return;
        }
        if self.0.len() >= max {
            self.0.remove(0);
        }
        self.0.push(Meeting {
            name: name.into(),
            first: at,
            by,
        });
    }

    /// What had been met at `at`, in the order in which it came.
    pub(super) fn names(&self, at: Seconds) -> Vec<String> {
        let met = self.0.iter().filter(|one| one.first <= at);
        met.map(|one| one.name.to_string()).collect()
    }

    /// Whether `name` had not been met at `at` by another call than `by`.
    pub(super) fn is_new(&self, name: &str, at: Seconds, by: Tag) -> bool {
        let name = cut(name);
        let known = self.0.iter().find(|one| &*one.name == name);
        known.is_none_or(|one| one.first > at || (one.by == by && by != Tag::NONE))
    }
}

fn cut(name: &str) -> &str {
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_events_of_the_first_call_meet_something_new() {
        let mut met = Met::default();
        let (first, second) = (Tag::of("toolu_1"), Tag::of("toolu_2"));
        assert!(met.is_new("a.example", Seconds(5), first));
        met.add("a.example", Seconds(5), first, 10);
        assert!(met.is_new("a.example", Seconds(6), first));
        assert!(!met.is_new("a.example", Seconds(6), second));
        assert!(!met.is_new("a.example", Seconds(6), Tag::NONE));
        assert!(met.is_new("a.example", Seconds(4), second));
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let mut met = Met::default();
        for name in ["a", "b", "c"] {
            met.add(name, Seconds(1), Tag::NONE, 2);
        }
        let names: Vec<_> = met.0.iter().map(|one| &*one.name).collect();
        assert_eq!(names, ["b", "c"]);
    }
}
