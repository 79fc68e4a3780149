//! Which attributes events usually have, and which a client's version stopped sending.

use serde::{Deserialize, Serialize};

use crate::kept::Aging;

/// Attributes of one event that are watched.
const MAX_ATTRIBUTES: usize = 128;
/// Events of one kind before anything is called usual.
const MIN_EVENTS: u32 = 400;
/// Of so many events in a row of one version none has an attribute that is usual.
const WINDOW: u32 = 20;
/// Sessions that these must be of, and installations where the kind of event is known of several: one
/// person who is not signed in is no version.
const MIN_SESSIONS: usize = 3;
const MIN_INSTALLATIONS: usize = 2;
/// Sessions of a version that are remembered, those heard of last.
const MAX_SESSIONS: usize = 8;
/// Longer names are cut.
const MAX_NAME_BYTES: usize = 96;

/// One attribute of one kind of event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Attribute {
    tag: u32,
    name: Box<str>,
    seen: u32,
}

/// How one kind of event usually looks, over all versions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Usual {
    events: u32,
    attributes: Vec<Attribute>,
    /// Installations that sent it, up to [`MIN_INSTALLATIONS`].
    installations: Vec<u32>,
    last_used: u32,
}

/// Whose an event is, by hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    pub(super) session: u32,
    pub(super) installation: u32,
}

/// How the last events of one version looked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Recent {
    events: u32,
    /// By attribute: the number of the last event that had it.
    seen: Vec<(u32, u32)>,
    /// The sessions heard of last, and the number of the last event of each.
    sessions: Vec<(Sent, u32)>,
    told: Vec<u32>,
    last_used: u32,
}

impl Recent {
    /// Takes one event over.
    pub(super) fn add(&mut self, present: &[u32], sent: Sent, now: u32) {
        self.last_used = now;
        self.events = self.events.saturating_add(1);
        self.note(sent);
        let mut next = 0;
        for tag in present {
            match place(&self.seen, next, |(known, _)| known == tag) {
                Some(at) => {
                    next = at + 1;
                    if let Some((_, last)) = self.seen.get_mut(at) {
                        *last = self.events;
                    }
                }
                None if self.seen.len() < MAX_ATTRIBUTES => self.seen.push((*tag, self.events)),
                None => {}
            }
        }
    }

    fn note(&mut self, sent: Sent) {
        if let Some((_, last)) = self.sessions.iter_mut().find(|(known, _)| *known == sent) {
            *last = self.events;
            return;
        }
        if self.sessions.len() >= MAX_SESSIONS {
            let stalest = self.sessions.iter().enumerate();
            let stalest = stalest.min_by_key(|(_, (_, last))| *last);
            if let Some((at, _)) = stalest {
                self.sessions.remove(at);
            }
        }
        self.sessions.push((sent, self.events));
    }

    /// Which of `attributes`, by their positions, none of the last events had.
    fn lacks(&self, attributes: &[Attribute]) -> Marks {
        let (mut lacking, mut next) = (Marks::default(), 0);
        for (at, attribute) in attributes.iter().enumerate() {
            let found = place(&self.seen, next, |(known, _)| *known == attribute.tag);
            next = found.map_or(next, |at| at + 1);
            let last = found.and_then(|at| self.seen.get(at));
            let last = last.map_or(0, |(_, last)| *last);
            if self.events.saturating_sub(last) >= WINDOW {
                lacking.add(at);
            }
        }
        lacking
    }

    /// Whether enough sessions, and of enough installations, have sent events since the last one with
    /// the attribute.
    fn is_of_many(&self, tag: u32, installations: usize) -> bool {
        let last = self.seen.iter().find(|(known, _)| *known == tag);
        let last = last.map_or(0, |(_, last)| *last);
        let since = || self.sessions.iter().filter(move |(_, at)| *at > last);
        let mut distinct: Vec<u32> = since().map(|(sent, _)| sent.installation).collect();
        distinct.sort_unstable();
        distinct.dedup();
        since().count() >= MIN_SESSIONS && distinct.len() >= installations
    }
}

impl Usual {
    /// Takes one event of a version over; `name` tells what a tag stands for. Returns the
    /// attributes that are usual and that this version stopped sending, each once.
    pub(super) fn add<'a>(
        &mut self,
        present: &[u32],
        recent: &mut Recent,
        (sent, now): (Sent, u32),
        name: impl Fn(usize) -> &'a str,
    ) -> Vec<Box<str>> {
        self.last_used = now;
        let is_known = self.installations.contains(&sent.installation);
        if !is_known && self.installations.len() < MIN_INSTALLATIONS {
            self.installations.push(sent.installation);
        }
        // What a version has stopped sending is no less usual for that.
        let lacking = recent.lacks(&self.attributes);
        let lost = self.lost(lacking, recent);
        self.events = self.events.saturating_add(1);
        let (mut counted, mut next) = (lacking, 0);
        for (at, tag) in present.iter().enumerate() {
            match place(&self.attributes, next, |one| one.tag == *tag) {
                Some(known) => {
                    next = known + 1;
                    counted.add(known);
                }
                None if self.attributes.len() < MAX_ATTRIBUTES => {
                    self.attributes.push(Attribute {
                        tag: *tag,
                        name: cut(name(at)).into(),
                        seen: 0,
                    });
                    counted.add(self.attributes.len() - 1);
                }
                None => {}
            }
        }
        for (at, attribute) in self.attributes.iter_mut().enumerate() {
            let seen = u32::from(counted.has(at));
            attribute.seen = attribute.seen.saturating_add(seen);
        }
        lost
    }

    fn lost(&self, lacking: Marks, recent: &mut Recent) -> Vec<Box<str>> {
        let mut lost = Vec::new();
        if self.events < MIN_EVENTS || lacking == Marks::default() && recent.told.is_empty() {
            return lost;
        }
        for (at, one) in self.attributes.iter().enumerate() {
            // More than 95 of 100.
            let is_usual = u64::from(one.seen) * 100 > u64::from(self.events) * 95;
            let is_told = recent.told.contains(&one.tag);
            let is_lost = is_usual && lacking.has(at) && !is_told;
            if is_lost && recent.is_of_many(one.tag, self.installations.len()) {
                recent.told.push(one.tag);
                lost.push(one.name.clone());
            } else if is_told && !lacking.has(at) {
                recent.told.retain(|tag| *tag != one.tag);
            }
        }
        lost
    }
}

/// Some of at most [`MAX_ATTRIBUTES`] attributes, by their positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Marks(u128);

impl Marks {
    const fn add(&mut self, at: usize) {
        self.0 |= 1 << at;
    }

    const fn has(self, at: usize) -> bool {
        self.0 >> at & 1 == 1
    }
}

/// Where the first fitting item stands from `next` on, else before it: events of one kind have their
/// attributes in nearly the same order, so that each is found at once.
fn place<T>(items: &[T], next: usize, fits: impl Fn(&T) -> bool) -> Option<usize> {
    let (before, after) = items.split_at_checked(next)?;
    let found = after.iter().position(&fits).map(|at| next + at);
    found.or_else(|| before.iter().position(fits))
}

fn cut(name: &str) -> &str {
    let mut end = name.len().min(MAX_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

impl Aging for Usual {
    fn last_used(&self) -> u32 {
        self.last_used
    }
}

impl Aging for Recent {
    fn last_used(&self) -> u32 {
        self.last_used
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["user.email", "model", "rare", "new"];

    #[derive(Default)]
    struct Kind {
        usual: Usual,
        /// Installations, and events of a session.
        installations: u32,
        session_events: u32,
        sent: u32,
    }

    impl Kind {
        /// A kind of so many installations, which take turns.
        fn of(installations: u32) -> Self {
            Self {
                installations,
                session_events: 5,
                ..Self::default()
            }
        }

        fn send(&mut self, recent: &mut Recent, tags: &[u32]) -> Vec<Box<str>> {
            let session = self.sent / self.session_events;
            let sent = Sent {
                session,
                installation: session % self.installations,
            };
            self.sent += 1;
            recent.add(tags, sent, 1);
            let name = |at: usize| NAMES[tags[at] as usize];
            self.usual.add(tags, recent, (sent, 1), name)
        }
    }

    #[test]
    fn an_attribute_that_a_version_stopped_sending_is_told_once() {
        for installations in [1, 2, 50] {
            let (mut old, mut new) = (Recent::default(), Recent::default());
            let mut kind = Kind::of(installations);
            for number in 0..600 {
                let tags: &[u32] = if number % 10 == 0 {
                    &[0, 1, 2]
                } else {
                    &[0, 1]
                };
                assert_eq!(kind.send(&mut old, tags), []);
            }
            let lost: Vec<_> = (0..300)
                .flat_map(|_| kind.send(&mut new, &[1, 3]))
                .collect();
            assert_eq!(lost, ["user.email".into()]);
            // The other version goes on, and is not blamed.
            assert_eq!(kind.send(&mut old, &[0, 1]), []);
            kind.send(&mut new, &[0, 1]);
            let again: Vec<_> = (0..300).flat_map(|_| kind.send(&mut new, &[1])).collect();
            assert_eq!(again, ["user.email".into()]);
        }
    }

    #[test]
    fn one_session_and_one_person_are_no_version() {
        let mut recent = Recent::default();
        let mut kind = Kind::of(3);
        for _ in 0..600 {
            kind.send(&mut recent, &[0, 1]);
        }
        // One who is not signed in, over many sessions.
        kind.installations = 1;
        let lost = (0..300).flat_map(|_| kind.send(&mut recent, &[1]));
        assert_eq!(lost.count(), 0);
        // Then others are not, either; that one's events have not made the attribute less usual.
        kind.installations = 3;
        let lost: Vec<_> = (0..60).flat_map(|_| kind.send(&mut recent, &[1])).collect();
        assert_eq!(lost, ["user.email".into()]);
        // A single long session.
        let (mut recent, mut kind) = (Recent::default(), Kind::of(1));
        for _ in 0..600 {
            kind.send(&mut recent, &[0, 1]);
        }
        kind.session_events = 1_000_000;
        let lost = (0..300).flat_map(|_| kind.send(&mut recent, &[1]));
        assert_eq!(lost.count(), 0);
    }

    #[test]
    fn few_events_tell_nothing() {
        let (mut kind, mut one) = (Kind::of(1), Recent::default());
        for _ in 0..100 {
            kind.send(&mut one, &[0, 1]);
        }
        let lost = (0..100).flat_map(|_| kind.send(&mut one, &[1]));
        assert_eq!(lost.count(), 0);
    }

    #[test]
    fn attributes_without_end_are_bounded() {
        let (mut usual, mut recent) = (Usual::default(), Recent::default());
        for number in 0..10_000 {
            let sent = Sent {
                session: number,
                installation: number,
            };
            recent.add(&[number], sent, 1);
            usual.add(&[number], &mut recent, (sent, 1), |_| "x");
        }
        assert!(usual.attributes.len() <= MAX_ATTRIBUTES);
        assert!(recent.seen.len() <= MAX_ATTRIBUTES && recent.sessions.len() <= MAX_SESSIONS);
        assert!(usual.installations.len() <= MIN_INSTALLATIONS);
    }
}
