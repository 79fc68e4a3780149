//! What of the card the program needs: thresholds and calibration, measured on texts that training
//! did not see.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{LoadError, expect};

/// Of what tier 2 finds, tier 1 must send on so much.
const KEPT: f64 = 0.99;

/// The card, as `models/training/card.py` writes it.
#[derive(Debug, Deserialize)]
pub(super) struct Card {
    files: BTreeMap<String, Stated>,
    tier2: Judged,
}

/// What a file must be.
#[derive(Debug, Deserialize)]
struct Stated {
    sha256: String,
}

#[derive(Debug, Deserialize)]
struct Judged {
    temperature: f32,
    thresholds_without_quoting: Rates,
    cascade: Vec<Gate>,
}

#[derive(Debug, Deserialize)]
struct Rates {
    #[serde(rename = "1%")]
    one_percent: f64,
}

/// What a limit of tier 1 sends on.
#[derive(Debug, Deserialize)]
struct Gate {
    tier1_limit: f64,
    of_tier2_finds_kept: f64,
}

impl Card {
    /// Whether the file with this hash is the one that the card was made for.
    ///
    /// # Errors
    /// When it is another one, or the card does not know it.
    pub(super) fn check(&self, name: &'static str, sha256: &str) -> Result<(), LoadError> {
        let stated = self.files.get(name);
        expect(name, stated.map_or("none", |stated| &stated.sha256), sha256)
    }

    /// The highest of tier 1's limits that keep nearly all that tier 2 finds; without one, none is
    /// let go.
    pub(super) fn sure_below(&self) -> f64 {
        let kept = self
            .tier2
            .cascade
            .iter()
            .filter(|gate| gate.of_tier2_finds_kept >= KEPT);
        let limits = kept.map(|gate| gate.tier1_limit);
        limits.reduce(f64::max).unwrap_or(f64::NEG_INFINITY)
    }

    pub(super) const fn temperature(&self) -> f32 {
        self.tier2.temperature
    }

    pub(super) const fn alarm_above(&self) -> f64 {
        self.tier2.thresholds_without_quoting.one_percent
    }
}
