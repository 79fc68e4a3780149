//! What the models say of one labelled row: redacted and decoded first, as both doors do.

use std::collections::BTreeMap;
use std::path::Path;

use magistrate_enrich::{Epoch, RedactKey, Redactor};
use magistrate_models::{Drift, Evidence, Models, Scores, Silence};

use super::rows::Row;

/// The key of the tokens; nothing that is masked here is kept.
const KEY: [u8; 32] = [0; 32];
/// The drift from which on an action is flagged: at 1 % false positives on sources that training did
/// not see, as the card says.
const DRIFT: &str = "action";

/// What of a text is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inputs {
    /// Whether what it hides under encodings is judged, too.
    pub(super) are_decoded: bool,
    /// Whether what a page shows and what it hides are judged apart.
    pub(super) are_apart: bool,
    /// Whether all of its windows are, or the first alone.
    pub(super) are_whole: bool,
}

/// The models, and what goes before them.
pub(super) struct Judge {
    models: Models,
    redactor: Redactor,
    inputs: Inputs,
}

/// What they say.
pub(super) enum Judged {
    /// Of a text; `None` where it has no words.
    Text(Result<Option<Scores>, Silence>),
    /// Of an action.
    Action(Drift),
}

impl Judge {
    /// Loads the models of `folder`, or the shipped ones.
    ///
    /// # Errors
    /// When they, or the rules of the redactor, are damaged.
    pub(super) fn new(inputs: Inputs, folder: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self {
            models: super::load_from(folder)?,
            redactor: Redactor::new(&RedactKey::from_bytes(KEY), Epoch::default())?,
            inputs,
        })
    }

    /// Judges a row.
    pub(super) fn judge(&self, row: &Row) -> Judged {
        match row {
            Row::Text(text) => Judged::Text(self.text(text)),
            Row::Action(action) => Judged::Action(self.models.actions.judge(action)),
        }
    }

    /// The card's thresholds, by way of judging.
    pub(super) fn thresholds(&self) -> BTreeMap<&'static str, f64> {
        let texts = self.models.alarm_above;
        let mut all = BTreeMap::from([("text_tier2", texts), ("text_cascade", texts)]);
        all.extend(self.models.drift_above.map(|drift| (DRIFT, drift)));
        all
    }

    fn text(&self, text: &str) -> Result<Option<Scores>, Silence> {
        let (redacted, _) = self.redactor.redact_text(text);
        let mut worst = self.plain(&redacted)?;
        if self.inputs.are_decoded {
            for layer in self.redactor.decoded(&redacted) {
                worst = match (worst, self.plain(&layer.text)?) {
                    (Some(one), Some(other)) => Some(one.worse(other)),
                    (one, other) => one.or(other),
                };
            }
        }
        Ok(worst)
    }

    fn plain(&self, text: &str) -> Result<Option<Scores>, Silence> {
        let seen = if self.inputs.are_whole {
            text
        } else {
            self.models.texts.beginning(text)?
        };
        if self.inputs.are_apart {
            self.models.texts.scores(seen)
        } else {
            self.models.texts.scores_whole(seen)
        }
    }
}

impl Judged {
    /// The score by each way of judging; none where it cannot be judged.
    pub(super) fn ways(&self) -> Vec<(&'static str, Option<f64>)> {
        match self {
            Self::Text(found) => {
                let found = found.as_ref().ok().copied().flatten();
                vec![
                    ("text_tier1", found.map(|found| found.tier1)),
                    ("text_tier2", found.map(|found| found.odds)),
                    ("text_cascade", found.map(|found| found.cascade)),
                ]
            }
            Self::Action(drift) => vec![(DRIFT, Some(drift.score))],
        }
    }

    /// What speaks for a drift, of an action that has one.
    pub(super) const fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::Text(_) => None,
            Self::Action(drift) => drift.evidence.as_ref(),
        }
    }

    /// The score, or why there is none.
    ///
    /// # Errors
    /// With the reason.
    pub(super) fn score(&self) -> Result<f64, String> {
        match self {
            Self::Text(Ok(Some(found))) => Ok(found.score),
            Self::Text(Ok(None)) => Err(Silence::Empty.to_string()),
            Self::Text(Err(silence)) => Err(silence.to_string()),
            Self::Action(drift) => Ok(drift.probability),
        }
    }
}
