//! What the models are asked about a question, and what they said: a score, or why there is none.

use std::sync::Arc;
use std::time::Instant;

use magistrate_enrich::{ModelScores, Redactor, TextPart, Unjudged};
use magistrate_models::{Asked, Budget, Depth, Drift, Evidence, InForce, Opinion, Score, Silence};

use crate::llm::Trouble;
use crate::orders::{Need, Orders};
use crate::verdict::Tier;

/// Texts that one hides under encodings, of which more are not judged.
const MAX_LAYERS: usize = 15;

/// What is being judged of one question.
pub(crate) struct Asking {
    texts: Vec<Asked>,
    need: Need,
    said: Said,
}

/// What the models said of one question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) scores: ModelScores,
    /// What speaks for a drift from the task.
    pub(crate) drift: Option<Evidence>,
    pub(crate) tier: Tier,
    /// Which models.
    pub(crate) model: Option<Arc<str>>,
    /// The score of the language model, where it was asked, or why it gave none.
    pub(crate) llm: Option<Result<f64, Trouble>>,
}

impl Said {
    /// Nobody was asked.
    pub(crate) const NOTHING: Self = Self {
        scores: ModelScores::NONE,
        drift: None,
        tier: Tier::Rules,
        model: None,
        llm: None,
    };
}

impl Asking {
    /// Begins to judge what gives orders and what it hides under encodings, until `until` at the latest.
    pub(crate) fn begin(
        models: &InForce,
        orders: Option<&Orders<'_>>,
        redactor: &Redactor,
        until: Instant,
    ) -> Self {
        let budget = Budget {
            until,
            depth: Depth::Model,
        };
        let text = orders.map(|orders| orders.text.as_ref());
        let layers = text.map(|text| redactor.decoded(text)).unwrap_or_default();
        let layers = layers.iter().take(MAX_LAYERS);
        let texts = text
            .into_iter()
            .chain(layers.map(|layer| layer.text.as_str()))
            .map(|text| models.ask(text, budget));
        Self {
            texts: texts.collect(),
            need: orders.map_or(Need::Needed, |orders| orders.need),
            said: Said {
                model: models.identity(),
                ..Said::NOTHING
            },
        }
    }

    /// Takes the score of the action into account; none where the model for it is missing.
    pub(crate) fn drift(&mut self, drift: Option<Drift>) {
        match drift {
            Some(drift) => {
                self.said.scores.scope_drift = Some(drift.probability);
                self.said.drift = drift.evidence;
                self.said.tier = Tier::FastModel;
            }
            None => self.said.scores.unjudged = Some(Unjudged::Missing),
        }
    }

    /// What is said where the texts are not judged in time.
    pub(crate) fn without_texts(&self) -> Said {
        let mut said = self.said.clone();
        if self.need == Need::Needed {
            said.scores.unjudged = said.scores.unjudged.or(Some(Unjudged::Slow));
        }
        said
    }

    /// Whether [`Asking::wait`] will not wait.
    pub(crate) fn is_answered(&self) -> bool {
        self.texts.iter().all(Asked::is_answered)
    }

    /// What was said, at the latest when the time is over.
    pub(crate) fn wait(self) -> Said {
        let (mut said, need) = (self.said, self.need);
        for asked in self.texts {
            let opinion = asked.wait();
            if opinion.model.is_ok() {
                said.tier = said.tier.max(Tier::Model);
            } else if opinion.fast.is_ok() {
                said.tier = said.tier.max(Tier::FastModel);
            }
            match counting(opinion) {
                Ok(score) => {
                    let number = f64::from(score.probability);
                    if said.scores.injection.is_none_or(|worst| number > worst) {
                        said.scores.injection = Some(number);
                        said.scores.part = TextPart::named(score.part.name());
                    }
                    if score.is_partial && need == Need::Needed {
                        said.scores.unjudged = said.scores.unjudged.or(Some(Unjudged::Slow));
                    }
                }
                Err(silence) if need == Need::Needed => {
                    said.scores.unjudged = said.scores.unjudged.or(unjudged(&silence));
                }
                Err(_) => {}
            }
        }
        said
    }
}

/// The score that counts: the encoder's where it was asked, else tier 1's, which was sure.
fn counting(opinion: Opinion) -> Result<Score, Silence> {
    match opinion.model {
        Err(Silence::NotAsked) => opinion.fast,
        model @ (Ok(_) | Err(_)) => model,
    }
}

/// Why a text that should have a score has none; a text without words should not.
const fn unjudged(silence: &Silence) -> Option<Unjudged> {
    match silence {
        Silence::Empty | Silence::NotAsked => None,
        Silence::Missing => Some(Unjudged::Missing),
        Silence::Slow => Some(Unjudged::Slow),
        Silence::Failed(_) => Some(Unjudged::Failed),
    }
}

#[cfg(test)]
mod tests {
    use magistrate_models::Part;

    use super::*;

    #[test]
    fn the_score_of_who_was_asked_last_counts() {
        let score = |probability| Score {
            probability,
            span: 0..1,
            part: Part::Whole,
            is_partial: false,
        };
        let opinion = |model| {
            counting(Opinion {
                fast: Ok(score(0.1)),
                model,
            })
        };
        assert_eq!(opinion(Ok(score(0.9))), Ok(score(0.9)));
        assert_eq!(opinion(Err(Silence::NotAsked)), Ok(score(0.1)));
        assert_eq!(opinion(Err(Silence::Slow)), Err(Silence::Slow));
    }
}
