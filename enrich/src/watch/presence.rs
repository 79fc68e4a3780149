//! When a user, a device or an address was heard of last, and by what: flows without telemetry are
//! a client that stopped telling.

use serde::{Deserialize, Serialize};

use crate::kept::Aging;

/// Telemetry that is older is no sign of life.
const SILENT_AFTER_S: u32 = 600;
/// So many flows over so long without telemetry are silence.
const FLOWS: u16 = 3;
const FLOWS_OVER_S: u32 = 300;
/// Who had no telemetry for so long is not expected to have any.
const EXPECTED_FOR_S: u32 = 30 * 86_400;
/// Tools of one subject that hooks ran for.
const MAX_HOOKED: usize = 16;
/// Who had hooks for a tool so recently is expected to have them.
const HOOKS_EXPECTED_FOR_S: u32 = 14 * 86_400;

/// What was heard, in seconds since 1970; 0 where nothing was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Presence {
    telemetry: u32,
    /// Tools for whose calls hooks ran, by hash, and when last.
    hooked: Vec<(u32, u32)>,
    /// Flows to the model since telemetry was heard last, and when the first of them was.
    flows: u16,
    flows_since: u32,
    is_told: bool,
}

impl Presence {
    /// Telemetry was heard; says whether that ends a silence that was told.
    pub(super) fn hear(&mut self, at: u32) -> bool {
        if at <= self.telemetry {
            return false;
        }
        self.telemetry = at;
        (self.flows, self.flows_since) = (0, 0);
        std::mem::take(&mut self.is_told)
    }

    /// A hook ran for a call of `tool`.
    pub(super) fn hook(&mut self, tool: u32, at: u32) {
        if let Some((_, last)) = self.hooked.iter_mut().find(|(known, _)| *known == tool) {
            *last = at.max(*last);
            return;
        }
        if self.hooked.len() >= MAX_HOOKED {
            let stalest = self
                .hooked
                .iter()
                .enumerate()
                .min_by_key(|(_, (_, at))| *at);
            if let Some((at, _)) = stalest {
                self.hooked.remove(at);
            }
        }
        self.hooked.push((tool, at));
    }

    /// Whether telemetry was heard shortly before `at`, or since.
    pub(super) fn is_alive(&self, at: u32) -> bool {
        self.telemetry > 0 && at.saturating_sub(self.telemetry) <= SILENT_AFTER_S
    }

    /// Whether telemetry is expected at `at`.
    pub(super) fn is_expected(&self, at: u32) -> bool {
        self.telemetry > 0 && at.saturating_sub(self.telemetry) <= EXPECTED_FOR_S
    }

    /// Whether hooks are expected to run for calls of `tool` at `at`.
    pub(super) fn has_hooks(&self, tool: u32, at: u32) -> bool {
        let mut hooked = self.hooked.iter();
        hooked
            .any(|(known, last)| *known == tool && at.saturating_sub(*last) <= HOOKS_EXPECTED_FOR_S)
    }

    /// A flow to the model passed without telemetry; says whether that makes a silence to be told.
    pub(super) fn miss(&mut self, at: u32) -> Option<Silence> {
        if self.flows == 0 || at < self.flows_since {
            self.flows_since = at;
        }
        self.flows = self.flows.saturating_add(1);
        let is_long = at.saturating_sub(self.flows_since) >= FLOWS_OVER_S;
        if self.is_told || self.flows < FLOWS || !is_long {
            return None;
        }
        self.is_told = true;
        Some(Silence {
            telemetry: self.telemetry,
            flows: self.flows,
        })
    }
}

/// A silence that is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Silence {
    /// When telemetry was heard last.
    pub(super) telemetry: u32,
    pub(super) flows: u16,
}

impl Aging for Presence {
    fn last_used(&self) -> u32 {
        self.telemetry.max(self.flows_since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_without_telemetry_are_a_silence_told_once() {
        let mut presence = Presence::default();
        assert!(!presence.hear(1_000));
        assert!(presence.is_alive(1_600) && !presence.is_alive(1_601));
        assert_eq!(presence.miss(2_000), None);
        assert_eq!(presence.miss(2_100), None);
        let silence = Silence {
            telemetry: 1_000,
            flows: 3,
        };
        assert_eq!(presence.miss(2_300), Some(silence));
        assert_eq!(presence.miss(2_400), None);
        assert!(presence.hear(3_000));
        assert!(!presence.hear(3_001));
    }

    #[test]
    fn who_never_told_is_not_expected_to() {
        assert!(!Presence::default().is_expected(1_000));
        let mut presence = Presence::default();
        presence.hear(1_000);
        assert!(presence.is_expected(2_000));
        assert!(!presence.is_expected(1_001 + EXPECTED_FOR_S));
        presence.hook(7, 500);
        presence.hook(7, 400);
        assert!(presence.has_hooks(7, 500 + HOOKS_EXPECTED_FOR_S));
        assert!(!presence.has_hooks(7, 501 + HOOKS_EXPECTED_FOR_S));
        assert!(!presence.has_hooks(8, 600));
        for tool in 0..1_000 {
            presence.hook(tool, 600 + tool);
        }
        assert!(presence.hooked.len() <= MAX_HOOKED && presence.has_hooks(999, 1_600));
    }
}
