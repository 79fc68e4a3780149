//! Masks what several verdicts on one answer name, and says whether calls of tools in it came out of
//! that as they should.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::tool_uses::ToolUse;
use crate::engine::Engine;
use crate::verdict::{Reason, Verdict};

/// Verdicts that mask.
pub(super) struct Masking<'a> {
    engine: &'a Engine,
    verdicts: Vec<Arc<Verdict>>,
}

impl<'a> Masking<'a> {
    /// What `verdicts` mask.
    pub(super) const fn new(engine: &'a Engine, verdicts: Vec<Arc<Verdict>>) -> Self {
        Self { engine, verdicts }
    }

    /// Whoever masks.
    pub(super) const fn engine(&self) -> &'a Engine {
        self.engine
    }

    /// The first of them; none where nothing is to be masked.
    pub(super) fn first(&self) -> Option<&Arc<Verdict>> {
        self.verdicts.first()
    }

    /// Why they mask.
    pub(super) fn reasons(&self) -> impl Iterator<Item = &Reason> {
        self.verdicts.iter().flat_map(|verdict| &verdict.reasons)
    }

    /// What becomes of texts; none where all stays.
    pub(super) fn texts(&self, texts: &[String]) -> Option<Vec<String>> {
        let mut all = texts.to_vec();
        for verdict in &self.verdicts {
            if let Some(masked) = self.engine.mask(&json!(all), verdict) {
                all = serde_json::from_value(masked).ok()?;
            }
        }
        (all != texts).then_some(all)
    }

    /// Whether the calls `after` are those `before` with nothing left to mask, and can be read where
    /// those could.
    pub(super) fn is_done(&self, before: &[ToolUse], after: &[ToolUse]) -> bool {
        let broken = |uses: &[ToolUse]| uses.iter().filter(|one| !one.is_sound()).count();
        before.len() == after.len()
            && broken(after) <= broken(before)
            && after.iter().all(|one| self.is_clean(&one.json()))
    }

    fn is_clean(&self, json: &Json) -> bool {
        let mut verdicts = self.verdicts.iter();
        verdicts.all(|verdict| self.engine.mask(json, verdict).is_none())
    }
}
