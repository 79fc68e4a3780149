//! Counts what policies with a rate limit match, for each group that they count apart, and says what
//! is too much.
//!
//! A limit only tightens: it adds a match where there has been more than it lets pass, and takes none
//! away. It counts by the time at which an action was asked about, so that a backtest counts alike.

mod held;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use magistrate_enrich::RateLimit;
use magistrate_event::{Event, Field, Timestamp};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use serde::Serialize;

use self::held::Held;
use crate::decision::Match;

/// Names a group: a hash of who asks and the values that the limit groups by.
type Key = [u8; 16];

/// Which count of which limit a match is for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Counted {
    rate: RateLimit,
    key: Key,
}

/// What a limit says of an action, for whoever asks how a verdict came about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limited {
    /// Id of the policy.
    pub policy: String,
    /// Its title.
    pub title: String,
    /// The limit in words.
    pub limit: String,
    /// Whether there has been more than it lets pass, so that the policy counts.
    pub exceeded: bool,
    /// How long until it lets one more pass, where that is known.
    #[serde(skip)]
    pub(crate) wait: Option<Duration>,
}

/// What one count says of one action.
enum Count {
    /// It passes.
    Within,
    /// There has been more than that, and for so long the next one will be, too.
    Over(Option<Duration>),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByPolicy {
    policy: String,
}

/// The counts of all limits.
#[derive(Default)]
pub(crate) struct Limits {
    held: Mutex<HashMap<String, Held>>,
    limited: Family<ByPolicy, Counter>,
    crowded: Family<ByPolicy, Counter>,
    groups: Gauge,
}

impl Counted {
    /// The count of `rate` for `event`: that of its group, of the sender's own.
    pub(crate) fn of(rate: &RateLimit, event: &Event) -> Self {
        let mut hasher = blake3::Hasher::new();
        let mut add = |text: Option<&str>| {
            // What is not known is a group of its own.
            let text = text.map_or([0; 32], |text| *blake3::hash(text.as_bytes()).as_bytes());
            hasher.update(&text);
        };
        add(event.text(Field::SenderIdentity));
        rate.values(event).into_iter().for_each(add);
        let mut key = [0; 16];
        hasher.finalize_xof().fill(&mut key);
        Self {
            rate: rate.clone(),
            key,
        }
    }
}

impl Limits {
    /// Names the counters in `registry`.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let judge = registry.sub_registry_with_prefix("magistrate_judge");
        judge.register(
            "limited",
            "Actions that were more than a policy's rate limit lets pass",
            self.limited.clone(),
        );
        judge.register(
            "limit_crowded",
            "Actions that were counted together with others, since a limit has too many groups",
            self.crowded.clone(),
        );
        judge.register(
            "limit_groups",
            "Groups that are counted apart, over all rate limits",
            self.groups.clone(),
        );
    }

    /// Counts the matches that have a limit, at `now`, and leaves of them those that are too much.
    pub(crate) fn settle(&self, matches: &mut Vec<Match>, now: Timestamp) -> Vec<Limited> {
        if matches.iter().all(|one| one.counted.is_none()) {
            return Vec::new();
        }
        let mut held = self.held();
        let mut told: Vec<Limited> = Vec::new();
        let mut left: Vec<Match> = Vec::with_capacity(matches.len());
        for mut one in matches.drain(..) {
            let Some(counted) = one.counted.take() else {
                left.push(one);
                continue;
            };
            let count = self.count(&mut held, &one.policy, &counted, now);
            let (exceeded, wait) = match count {
                Count::Within => (false, None),
                Count::Over(wait) => (true, wait),
            };
            let limit = counted.rate.to_string();
            match told.iter_mut().find(|other| other.policy == one.policy) {
                Some(other) => {
                    other.exceeded |= exceeded;
                    other.wait = other.wait.max(wait);
                }
                None => told.push(Limited {
                    policy: one.policy.clone(),
                    title: one.title.clone(),
                    limit: limit.clone(),
                    exceeded,
                    wait,
                }),
            }
            let is_there = left.iter().any(|other| other.policy == one.policy);
            if exceeded && !is_there {
                one.matched.push(("limit".to_owned(), limit));
                left.push(one);
            }
        }
        *matches = left;
        told
    }

    fn count(
        &self,
        held: &mut HashMap<String, Held>,
        policy: &str,
        counted: &Counted,
        now: Timestamp,
    ) -> Count {
        let is_other = |one: &Held| one.rate != counted.rate;
        if held.get(policy).is_none_or(is_other) {
            let Some(made) = Held::new(&counted.rate, now) else {
                // `RateLimit::faults` refuses what no limit can be made of.
                return Count::Over(None);
            };
            held.insert(policy.to_owned(), made);
        }
        let Some(one) = held.get_mut(policy) else {
            return Count::Over(None);
        };
        let (before, by) = (
            one.len(),
            ByPolicy {
                policy: policy.to_owned(),
            },
        );
        let wait = one.wait(&counted.key, now);
        let grown = i64::try_from(one.len()).unwrap_or(0) - i64::try_from(before).unwrap_or(0);
        self.groups.inc_by(grown);
        if one.is_crowded() {
            self.crowded.get_or_create(&by).inc();
        }
        match wait {
            None => Count::Within,
            Some(wait) => {
                self.limited.get_or_create(&by).inc();
                Count::Over(Some(wait))
            }
        }
    }

    /// Forgets the counts of policies whose limit is another now, or that are gone.
    pub(crate) fn keep(&self, rate_of: impl Fn(&str) -> Option<RateLimit>) {
        let mut held = self.held();
        held.retain(|policy, one| {
            let stays = rate_of(policy).as_ref() == Some(&one.rate);
            if !stays {
                self.groups.dec_by(i64::try_from(one.len()).unwrap_or(0));
            }
            stays
        });
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
