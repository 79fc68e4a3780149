//! The counts of one limit: a bucket a group, of which there are at most so many.

use std::cell::Cell;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use magistrate_enrich::RateLimit;
use magistrate_event::Timestamp;

use super::Key;

/// Groups of one limit that are counted apart. What is beyond shares a few places, so that a flood of
/// names costs no memory, and is limited all the sooner.
pub(super) const MAX_GROUPS: usize = 50_000;
/// Places that are shared then.
const SHARED: usize = 256;
/// Groups that are as good as new are looked for at most so often.
const FORGET: Duration = Duration::from_secs(1);

/// The counts of one limit.
pub(super) struct Held {
    pub(super) rate: RateLimit,
    limiter: RateLimiter<Key, Groups, Wall, NoOpMiddleware<Duration>>,
    groups: Groups,
    start: Duration,
    forgot: Duration,
}

impl Held {
    /// Nothing counted yet; none where no limit can be made of `rate`.
    pub(super) fn new(rate: &RateLimit, now: Timestamp) -> Option<Self> {
        let count = NonZeroU32::new(rate.count)?;
        let quota = Quota::with_period(rate.timespan.checked_div(rate.count)?)?;
        let (groups, start) = (Groups::default(), since_epoch(now));
        let clock = Wall(Cell::new(start));
        Some(Self {
            rate: rate.clone(),
            limiter: RateLimiter::new(quota.allow_burst(count), groups.clone(), clock),
            groups,
            start,
            forgot: start,
        })
    }

    /// Counts one of the group `key` at `now`; where it does not pass, says how long until the next one
    /// does. Time never goes back: a clock that is set back limits until it has caught up.
    pub(super) fn wait(&mut self, key: &Key, now: Timestamp) -> Option<Duration> {
        let clock = self.limiter.clock();
        let now = since_epoch(now).max(clock.0.get());
        clock.0.set(now);
        if self.groups.shelf().kept.len() >= MAX_GROUPS && now.saturating_sub(self.forgot) >= FORGET
        {
            self.forgot = now;
            self.groups.forget(now.saturating_sub(self.start).into());
        }
        let full = self.limiter.check_key(key).err()?;
        Some(full.wait_time_from(now))
    }

    /// How many groups are counted apart.
    pub(super) fn len(&self) -> usize {
        self.groups.shelf().kept.len()
    }

    /// Whether the last one had to share its place.
    pub(super) fn is_crowded(&self) -> bool {
        self.groups.shelf().is_crowded
    }
}

fn since_epoch(time: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(time.as_micros()).unwrap_or(0))
}

/// The time that is set from outside, since 1970.
struct Wall(Cell<Duration>);

impl Clock for Wall {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.get()
    }
}

/// The buckets, as the limiter and whoever bounds them see them.
#[derive(Clone, Default)]
struct Groups(Arc<Mutex<Shelf>>);

/// Until when each bucket has something in it.
struct Shelf {
    kept: HashMap<Key, Nanos>,
    shared: [Option<Nanos>; SHARED],
    is_crowded: bool,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            kept: HashMap::new(),
            shared: [None; SHARED],
            is_crowded: false,
        }
    }
}

impl Groups {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the buckets that are empty at `now`: they are as good as new.
    fn forget(&self, now: Nanos) {
        self.shelf().kept.retain(|_, until| *until > now);
    }
}

impl StateStore for Groups {
    type Key = Key;

    fn measure_and_replace<T, F, E>(&self, key: &Key, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut shelf = self.shelf();
        shelf.is_crowded = shelf.kept.len() >= MAX_GROUPS && !shelf.kept.contains_key(key);
        if !shelf.is_crowded {
            let (outcome, until) = f(shelf.kept.get(key).copied())?;
            shelf.kept.insert(*key, until);
            return Ok(outcome);
        }
        let [place, ..] = *key;
        let shared = shelf.shared.get_mut(usize::from(place));
        let (outcome, until) = f(shared.as_ref().and_then(|one| **one))?;
        if let Some(shared) = shared {
            *shared = Some(until);
        }
        Ok(outcome)
    }
}
