//! What is expected of a path, and what of that is missing.

use crate::watch::coverage::PathSeen;
use crate::watch::coverage::groups::CoverageGroup;

/// What is expected of a path.
pub(super) struct Rule<'a> {
    pub(super) group: Option<&'a CoverageGroup>,
    pub(super) stale: u32,
}

impl<'a> Rule<'a> {
    pub(super) fn of(group: Option<&'a CoverageGroup>, stale: u32) -> Self {
        let own = group.and_then(|group| group.stale_hours);
        let stale = own.map_or(stale, |hours| u32::from(hours) * 3_600);
        Self { group, stale }
    }

    pub(super) fn is_configured(&self, path: &str) -> Option<bool> {
        let group = self.group?;
        Some(group.paths.iter().any(|known| known == path))
    }

    /// What of that which must see the path is missing, or too old beside `newest`.
    pub(super) fn missing(&self, row: &PathSeen, newest: u32) -> Vec<&'static str> {
        let needs = self.group.map(CoverageGroup::needs).unwrap_or_default();
        let times = [
            ("telemetry", row.telemetry),
            ("flow", row.flow),
            ("decrypted", row.decrypted),
            ("judged", row.judged),
        ];
        let is_missing = |at: u32| at == 0 || newest.saturating_sub(at) > self.stale;
        let missing = times
            .into_iter()
            .filter(|(name, at)| needs.contains(name) && is_missing(*at));
        missing.map(|(name, _)| name).collect()
    }
}
