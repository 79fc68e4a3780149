//! What the models are asked about a question, and what they said: a score, or why there is none.

use std::sync::Arc;
use std::time::Instant;

use magistrate_enrich::{ModelScores, Redactor, Unjudged};
use magistrate_event::{Event, Field};
use magistrate_models::{Asked, Budget, Depth, InForce, Opinion, Score, Silence};

use crate::llm::Trouble;
use crate::verdict::Tier;

/// Longer texts are judged up to here.
const MAX_BYTES: usize = 256 * 1_024;
/// Texts that one hides under encodings, of which more are not judged.
const MAX_LAYERS: usize = 15;
/// Occasions whose content somebody else than the user and the agent may have written.
const BROUGHT: [&str; 3] = ["tool_result", "response", "download"];

/// What is being judged of one question.
pub(crate) struct Asking {
    texts: Vec<Asked>,
    said: Said,
}

/// What the models said of one question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) scores: ModelScores,
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
        tier: Tier::Rules,
        model: None,
        llm: None,
    };

    /// Nobody could judge in time.
    pub(crate) fn slow() -> Self {
        Self {
            scores: ModelScores {
                unjudged: Some(Unjudged::Slow),
                ..ModelScores::NONE
            },
            ..Self::NOTHING
        }
    }
}

/// Classes of tools whose results are orders by nature: what the client and its own agents and skills
/// write. What those have read was judged when they read it.
const OWN: [&str; 2] = ["agent", "skill"];

/// The text of the redacted `event` that can give an agent orders.
pub(crate) fn brought(event: &Event) -> Option<&str> {
    let is_one_of =
        |field, words: &[&str]| event.text(field).is_some_and(|word| words.contains(&word));
    let is_brought = is_one_of(Field::EventCode, &BROUGHT) && !is_one_of(Field::ToolClass, &OWN);
    let text = event.text(Field::ContentText)?;
    let end = text.floor_char_boundary(MAX_BYTES);
    text.get(..end)
        .filter(|text| is_brought && !text.is_empty())
}

impl Asking {
    /// Begins to judge `text` and what it hides under encodings, until `until` at the latest.
    pub(crate) fn begin(
        models: &InForce,
        text: Option<&str>,
        redactor: &Redactor,
        until: Instant,
    ) -> Self {
        let budget = Budget {
            until,
            depth: Depth::Model,
        };
        let layers = text.map(|text| redactor.decoded(text)).unwrap_or_default();
        let layers = layers.iter().take(MAX_LAYERS);
        let texts = text
            .into_iter()
            .chain(layers.map(|layer| layer.text.as_str()))
            .map(|text| models.ask(text, budget));
        Self {
            texts: texts.collect(),
            said: Said {
                model: models.identity(),
                ..Said::NOTHING
            },
        }
    }

    /// Takes the score of the action into account; none where the model for it is missing.
    pub(crate) const fn drift(&mut self, drift: Option<f64>) {
        self.said.scores.scope_drift = drift;
        match drift {
            Some(_) => self.said.tier = Tier::FastModel,
            None => self.said.scores.unjudged = Some(Unjudged::Missing),
        }
    }

    /// Whether [`Asking::wait`] will not wait.
    pub(crate) fn is_answered(&self) -> bool {
        self.texts.iter().all(Asked::is_answered)
    }

    /// What was said, at the latest when the time is over.
    pub(crate) fn wait(self) -> Said {
        let mut said = self.said;
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
                    let worst = said.scores.injection.unwrap_or(0.0);
                    said.scores.injection = Some(worst.max(number));
                    if score.is_partial {
                        said.scores.unjudged = said.scores.unjudged.or(Some(Unjudged::Slow));
                    }
                }
                Err(silence) => {
                    said.scores.unjudged = said.scores.unjudged.or(unjudged(&silence));
                }
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
    use magistrate_event::{Class, Timestamp};

    use super::*;

    #[test]
    fn only_what_others_may_have_written_is_judged() {
        let event = |code: &str, text: &str| {
            let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
            event.set_text(Field::EventCode, code);
            event.set_text(Field::ContentText, text);
            event
        };
        assert_eq!(brought(&event("tool_result", "a page")), Some("a page"));
        for (code, text) in [("prompt", "hello"), ("upload", "a"), ("response", "")] {
            assert_eq!(brought(&event(code, text)), None, "{code}");
        }
        let mut own = event("tool_result", "Work in the background");
        own.set_text(Field::ToolClass, "agent");
        assert_eq!(brought(&own), None);
        let long = "é".repeat(MAX_BYTES);
        assert_eq!(brought(&event("download", &long)).unwrap().len(), MAX_BYTES);
    }

    #[test]
    fn the_score_of_who_was_asked_last_counts() {
        let score = |probability| Score {
            probability,
            span: 0..1,
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
