//! Where MCP servers run and where they go: by what was told when the client connected to them, and
//! by what their calls name.

use magistrate_event::{Event, Field};
use serde::{Deserialize, Serialize};

use super::PATHS;
use super::whose::Whose;
use crate::kept::{Aging, Kept};
use crate::same_name::host_label;
use crate::watch::egress::place_of;
use crate::watch::memo::Memo;
use crate::watch::{Hash, hash};

/// Servers of devices, and places that they go to.
const MAX_SERVERS: usize = 100_000;
/// When one was told of again is noted so often.
const REFRESH_S: u32 = 3_600;
/// A flow to a place is a server's when its call was told within such a time.
const DAY_S: u32 = 86_400;

/// Which path a server's calls take, by its number in [`PATHS`], and when that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    path: u8,
    at: u32,
}

impl Aging for Known {
    fn last_used(&self) -> u32 {
        self.at
    }
}

/// The servers and places of all devices.
#[derive(Debug)]
pub(super) struct Servers {
    known: Kept<Hash, Known>,
    keys: Memo<Hash>,
}

impl Default for Servers {
    fn default() -> Self {
        Self {
            known: Kept::new(MAX_SERVERS),
            keys: Memo::default(),
        }
    }
}

impl Servers {
    /// Takes over what the telemetry of `whose` client tells of a server; returns the path that its
    /// calls take, where that was ever told.
    pub(super) fn tell(
        &mut self,
        event: &Event,
        whose: Whose<'_>,
        at: u32,
    ) -> Option<&'static str> {
        let server = event.text(Field::ApiServiceName)?;
        if let Some(path) = event.text(Field::PathClass) {
            let number = PATHS.iter().position(|known| *known == path)?;
            let path = u8::try_from(number).ok()?;
            // Of a question it need not be known which device asks.
            self.note("server", whose, server, (path, at));
            self.note("server", whose.person(), server, (path, at));
        }
        let path = self.get("server", whose, server)?.path;
        if let Some(place) = place_of(event) {
            self.note("place", whose, &place, (path, at));
        }
        name(path)
    }

    /// The path of a server that the judge was asked about.
    pub(super) fn path(&mut self, event: &Event, whose: Whose<'_>) -> Option<&'static str> {
        let server = event.text(Field::ApiServiceName)?;
        name(self.get("server", whose, server)?.path)
    }

    /// The path of a flow to where calls of a server went within a day.
    pub(super) fn path_of_flow(
        &mut self,
        event: &Event,
        whose: Whose<'_>,
        at: u32,
    ) -> Option<&'static str> {
        let known = self.get("place", whose, &place_of(event)?)?;
        name(known.path).filter(|_| at.abs_diff(known.at) <= DAY_S)
    }

    fn get(&mut self, kind: &str, whose: Whose<'_>, name: &str) -> Option<Known> {
        let key = self.key(kind, whose, name);
        self.known.get(key).copied()
    }

    fn note(&mut self, kind: &str, whose: Whose<'_>, name: &str, (path, at): (u8, u32)) {
        let key = self.key(kind, whose, name);
        let is_noted = |known: &Known| {
            at < known.at || known.path == path && at <= known.at.saturating_add(REFRESH_S)
        };
        if !self.known.get(key).is_some_and(is_noted) {
            *self.known.entry(key, || Known { path, at }) = Known { path, at };
        }
    }

    fn key(&mut self, kind: &str, whose: Whose<'_>, name: &str) -> Hash {
        let parts = [kind, whose.subject, whose.device, name];
        self.keys.of(&parts.map(Some), || {
            hash(&[kind, whose.subject, &host_label(whose.device), name])
        })
    }

    pub(super) fn changes(&mut self, take: impl FnMut(Hash, Option<Vec<u8>>)) {
        self.known.changes(take);
    }

    pub(super) fn restore(&mut self, key: Hash, bytes: &[u8]) -> bool {
        self.known.restore(key, bytes)
    }
}

fn name(path: u8) -> Option<&'static str> {
    PATHS.get(usize::from(path)).copied()
}
