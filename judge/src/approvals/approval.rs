//! One approval: what it is for, who decided what, and what it may still become. Pure.

use std::time::Duration;

use magistrate_event::{EventUid, Timestamp};
use serde::{Deserialize, Serialize};

use crate::verdict::Reason;

/// What an approval is bound to: a keyed hash over recipient, domain, content, task and action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Binding(pub [u8; 32]);

/// How far an approval has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody, or not everybody who must, has decided.
    Pending,
    /// The action may happen, once.
    Approved,
    /// It may not.
    Denied,
    /// It was not decided, or not used, in time.
    Expired,
    /// It happened.
    Used,
}

impl State {
    /// As answers and rows write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Used => "used",
        }
    }
}

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// The action may happen.
    Approve,
    /// It may not.
    Deny,
}

/// What one person said, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// The name of the person's token.
    pub person: String,
    /// What was said.
    pub choice: Choice,
    /// When.
    #[serde(with = "micros")]
    pub at: Timestamp,
    /// Why, redacted.
    pub comment: Option<String>,
}

/// The one use of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// The question that used it, so that a retry of that very question is no second use.
    #[serde(with = "uid")]
    pub by: EventUid,
    /// When.
    #[serde(with = "micros")]
    pub at: Timestamp,
    /// Whether the door has confirmed it: some ask twice about one action.
    pub is_confirmed: bool,
}

/// One line of what an approval is about, for the person who decides: a name and redacted text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// The text.
    pub text: String,
}

/// What was asked, by whom, and what became of it. All of its text is redacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Its id.
    #[serde(with = "uid")]
    pub id: EventUid,
    /// What it is for.
    pub binding: Binding,
    /// The row of the action that was asked about first.
    #[serde(with = "uid")]
    pub event: EventUid,
    /// How far it has come.
    pub state: State,
    /// When it was asked for.
    #[serde(with = "micros")]
    pub asked: Timestamp,
    /// Until when it can be decided, or used, or stays denied.
    #[serde(with = "micros")]
    pub expires: Timestamp,
    /// When its state changed last.
    #[serde(with = "micros")]
    pub changed: Timestamp,
    /// How often the same action was asked about meanwhile.
    pub times: u32,
    /// How many different persons must approve.
    pub persons: u8,
    /// Who asks: sender and session.
    pub asker: String,
    /// The category of the action.
    pub category: String,
    /// Why a person must decide.
    pub reasons: Vec<Reason>,
    /// What the person sees of it.
    pub about: Vec<Line>,
    /// What persons said.
    pub votes: Vec<Vote>,
    /// Its use.
    pub used: Option<Use>,
}

/// Why a person's word does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOpen {
    /// Nobody knows it.
    #[error("no such approval")]
    Unknown,
    /// It is over.
    #[error("it is {} already", .state.name())]
    Over {
        /// What became of it.
        state: State,
    },
    /// One person is not two.
    #[error("you have approved it; another person must, too")]
    SamePerson,
}

impl Approval {
    /// How far it has come at `now`: time passes by itself.
    pub fn state_at(&self, now: Timestamp) -> State {
        let passes = matches!(self.state, State::Pending | State::Approved);
        if passes && now >= self.expires {
            State::Expired
        } else {
            self.state
        }
    }

    /// Whether it still stands for the action at `now`, so that no other is to be made: it waits, may
    /// be used, or forbids.
    pub fn stands_at(&self, now: Timestamp) -> bool {
        match self.state_at(now) {
            State::Pending | State::Approved => true,
            State::Denied => now < self.expires,
            State::Expired | State::Used => false,
        }
    }

    /// Takes a person's word. Once enough persons have approved, the action may be done until
    /// `use_within` is over.
    ///
    /// # Errors
    /// When it is decided or over, or the same person approves twice.
    pub fn vote(&mut self, vote: Vote, use_within: Duration) -> Result<(), NotOpen> {
        let now = vote.at;
        let state = self.state_at(now);
        // A person may take an approval back until it is used.
        let is_open = match (state, vote.choice) {
            (State::Pending, Choice::Approve | Choice::Deny) | (State::Approved, Choice::Deny) => {
                true
            }
            (State::Approved, Choice::Approve)
            | (State::Denied | State::Expired | State::Used, Choice::Approve | Choice::Deny) => {
                false
            }
        };
        if !is_open {
            return Err(NotOpen::Over { state });
        }
        let is_again = self.votes.iter().any(|one| one.person == vote.person);
        match vote.choice {
            Choice::Approve if is_again => return Err(NotOpen::SamePerson),
            Choice::Approve => {
                if self.votes.len() + 1 >= usize::from(self.persons) {
                    self.state = State::Approved;
                    self.expires = now.plus(use_within);
                }
            }
            Choice::Deny => self.state = State::Denied,
        }
        self.votes.push(vote);
        self.changed = now;
        Ok(())
    }

    /// Uses it up, if it is approved at `now`; says whether it was.
    pub fn use_up(&mut self, by: EventUid, now: Timestamp) -> bool {
        if self.state_at(now) != State::Approved {
            return false;
        }
        self.state = State::Used;
        self.changed = now;
        self.used = Some(Use {
            by,
            at: now,
            is_confirmed: false,
        });
        true
    }

    /// Lets it expire, if its time is over at `now`; says whether it did.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let is_over = self.state != State::Expired && self.state_at(now) == State::Expired;
        if is_over {
            self.state = State::Expired;
            self.changed = self.expires;
        }
        is_over
    }
}

/// Times as microseconds since 1970.
mod micros {
    use magistrate_event::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(time.as_micros())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(from).map(Timestamp::from_micros)
    }
}

/// Ids as their hex digits.
mod uid {
    use magistrate_event::EventUid;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(uid: &EventUid, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(uid)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<EventUid, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// An approval that was asked for at `asked` and expires ten seconds later.
    pub(crate) fn approval(number: u8, asked: Timestamp, persons: u8) -> Approval {
        Approval {
            id: EventUid::from_bytes([number; 16]),
            binding: Binding([number; 32]),
            event: EventUid::from_bytes([100 + number; 16]),
            state: State::Pending,
            asked,
            expires: asked.plus(Duration::from_secs(10)),
            changed: asked,
            times: 1,
            persons,
            asker: "/s1".to_owned(),
            category: "irreversible".to_owned(),
            reasons: Vec::new(),
            about: vec![Line {
                name: "action".to_owned(),
                text: "delete".to_owned(),
            }],
            votes: Vec::new(),
            used: None,
        }
    }

    /// What `person` says `seconds` after 1970.
    pub(crate) fn vote(person: &str, choice: Choice, seconds: i64) -> Vote {
        Vote {
            person: person.to_owned(),
            choice,
            at: Timestamp::from_millis(seconds * 1_000),
            comment: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{approval, vote};
    use super::*;

    const WITHIN: Duration = Duration::from_secs(5);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn it_is_good_once_and_not_for_ever() {
        let by = EventUid::from_bytes([9; 16]);
        let mut one = approval(1, at(0), 1);
        assert!(!one.use_up(by, at(1)), "nobody has approved it");
        one.vote(vote("ana", Choice::Approve, 2), WITHIN).unwrap();
        let mut late = one.clone();
        assert!(one.use_up(by, at(6)));
        assert!(!one.use_up(by, at(6)));
        assert_eq!(one.state_at(at(60)), State::Used);
        assert!(!late.use_up(by, at(7)), "its time is over");
        assert!(late.expire(at(7)) && !late.expire(at(8)));
    }

    #[test]
    fn two_persons_are_two() {
        let mut one = approval(1, at(0), 2);
        one.vote(vote("ana", Choice::Approve, 1), WITHIN).unwrap();
        assert_eq!(one.state_at(at(1)), State::Pending);
        let again = one.vote(vote("ana", Choice::Approve, 2), WITHIN);
        assert_eq!(again, Err(NotOpen::SamePerson));
        one.vote(vote("bo", Choice::Approve, 3), WITHIN).unwrap();
        assert_eq!(one.state_at(at(3)), State::Approved);
        assert_eq!(one.expires, at(8));
    }

    #[test]
    fn a_denial_is_final_and_takes_back_what_was_not_used() {
        let mut one = approval(1, at(0), 1);
        one.vote(vote("ana", Choice::Approve, 1), WITHIN).unwrap();
        one.vote(vote("ana", Choice::Deny, 2), WITHIN).unwrap();
        let again = one.vote(vote("bo", Choice::Approve, 3), WITHIN);
        assert_eq!(
            again,
            Err(NotOpen::Over {
                state: State::Denied
            })
        );
        assert!(one.stands_at(at(5)), "it forbids until its time is over");
        assert!(!one.stands_at(at(6)));
        let mut late = approval(1, at(0), 1);
        let voted = late.vote(vote("ana", Choice::Deny, 10), WITHIN);
        assert_eq!(
            voted,
            Err(NotOpen::Over {
                state: State::Expired
            })
        );
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let mut one = approval(1, at(0), 1);
        one.vote(vote("ana", Choice::Approve, 1), WITHIN).unwrap();
        one.use_up(EventUid::from_bytes([9; 16]), at(2));
        let json = serde_json::to_vec(&one).unwrap();
        assert_eq!(serde_json::from_slice::<Approval>(&json).unwrap(), one);
    }
}
