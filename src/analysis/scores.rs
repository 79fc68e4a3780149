//! What the models say of a record: asked for early, waited for late, never a score where there is none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use magistrate_enrich::{
    Decoded, Matched, ModelScores, Redactor, SessionFacts, TextPart, Unjudged,
};
use magistrate_event::{Field, Record};
use magistrate_models::{
    Asked, Budget, Depth, Drift, Evidence, ModelsConfig, Opinion, Part, Score, Silence,
};

use super::Pace;
use super::allowance::Allowance;
use super::metrics::Metrics;
use super::remembered::{Remembered, TextHash};
use super::tasks::Tasks;
use super::texts::{Untrusted, texts};
use crate::models::{Change, Models};

/// How the evidence of a finding names the stretch of text that scored.
const WINDOW: &str = "score.window";
/// The names under which rules have seen their scores.
const INJECTION: &str = "score.injection";
const SCOPE_DRIFT: &str = "score.scope_drift";
/// Where what leaves was read before, which says more of a drift.
const COPIED_FROM: &str = "flow.copied_from";
/// Characters of that stretch that a finding shows.
const SHOWN: usize = 600;
/// A text waits no longer even where nothing presses: by then something is broken.
const LONG_WAIT: Duration = Duration::from_mins(10);

/// Asks the models about records.
pub(super) struct Scorer {
    models: Arc<Models>,
    /// How often models had been swapped when texts were remembered.
    swaps: u64,
    remembered: Remembered,
    tasks: Tasks,
    wait: Duration,
    /// None where there is all the time that it takes.
    allowance: Option<Allowance>,
}

/// What the models say of one record.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What rules may ask for.
    pub(super) scores: ModelScores,
    /// Where the text that scored highest stands, and its beginning.
    pub(super) window: Option<String>,
    /// What speaks for a drift from the task.
    pub(super) drift: Option<Evidence>,
}

impl Said {
    /// What the scores come from, for a rule that `matched` by one of them.
    pub(super) fn behind(&self, matched: &[Matched], facts: &SessionFacts) -> Vec<Matched> {
        let has = |name: &str| matched.iter().any(|one| one.field == name);
        let mut behind = Vec::new();
        if has(INJECTION) {
            behind.extend(self.window.iter().map(|window| (WINDOW, window.clone())));
        }
        if has(SCOPE_DRIFT)
            && let Some(drift) = &self.drift
        {
            behind.extend(drift.named());
            if !facts.copied_from.is_empty() && !has(COPIED_FROM) {
                behind.push((COPIED_FROM, facts.copied_from.join(", ")));
            }
        }
        let behind = behind.into_iter().map(|(field, value)| Matched {
            field: field.to_owned(),
            value,
        });
        behind.collect()
    }
}

/// The texts of a record that are being judged.
#[derive(Default)]
pub(super) struct Pending(Vec<Text>);

struct Text {
    field: Field,
    /// Its number among the record's texts.
    number: usize,
    /// Set where the text was hidden in that one by encodings.
    layer: Option<Decoded>,
    hash: TextHash,
    state: State,
}

enum State {
    Known(Score),
    Asked(Asked),
    /// Other texts took the time.
    Refused,
}

impl Scorer {
    /// Asks `models`.
    pub(super) fn new(models: Arc<Models>, config: &ModelsConfig, pace: Pace) -> Self {
        let (wait, allowance) = match pace {
            Pace::Shared => {
                let allowance = Allowance::new(Instant::now());
                (Duration::from_millis(config.wait_ms), Some(allowance))
            }
            Pace::Thorough => (LONG_WAIT, None),
        };
        Self {
            swaps: models.in_force().swaps(),
            models,
            remembered: Remembered::new(config.remembered_texts),
            tasks: Tasks::default(),
            wait,
            allowance,
        }
    }

    /// Puts other models in force where their folder has changed and they are sound.
    pub(super) fn reload(&mut self, metrics: &Metrics) {
        match self.models.reload() {
            Change::None => {}
            Change::Refused => metrics.models_loaded("refused"),
            Change::Loaded => metrics.models_loaded("loaded"),
        }
        // The judge may have looked first.
        let swaps = self.models.in_force().swaps();
        if swaps != self.swaps {
            self.swaps = swaps;
            self.remembered.forget();
        }
    }

    /// Begins to judge the texts of `record`, and what they hide under encodings.
    pub(super) fn ask(&self, record: &Record, redactor: &Redactor) -> Pending {
        let until = Instant::now() + self.wait;
        let mut asked = Vec::new();
        for (number, Untrusted { field, text }) in texts(record.event()).into_iter().enumerate() {
            // What nobody has time to judge need not be decoded.
            let is_late = self.is_late();
            let layers = if is_late {
                Vec::new()
            } else {
                redactor.decoded(text)
            };
            let layers = layers.into_iter().map(Some);
            for layer in std::iter::once(None).chain(layers) {
                let own = layer.as_ref().map_or(text, |layer| &layer.text);
                let hash = *blake3::hash(own.as_bytes()).as_bytes();
                asked.push(Text {
                    field,
                    number,
                    hash,
                    state: self.begin(own, hash, until),
                    layer,
                });
            }
        }
        Pending(asked)
    }

    fn begin(&self, text: &str, hash: TextHash, until: Instant) -> State {
        let depth = Depth::Model;
        match self.remembered.get(&hash) {
            Some(score) => State::Known(score.clone()),
            None if self.is_late() => State::Refused,
            None => State::Asked(self.models.in_force().ask(text, Budget { until, depth })),
        }
    }

    /// Whether the models have had their share of the time.
    fn is_late(&self) -> bool {
        let allowance = self.allowance.as_ref();
        allowance.is_some_and(|one| one.is_used_up(Instant::now()))
    }

    fn spent_since(&mut self, began: Instant) {
        let now = Instant::now();
        if let Some(allowance) = &mut self.allowance {
            allowance.spend(now - began, now);
        }
    }

    /// What the models say of `record`, whose texts `pending` are.
    pub(super) fn answer(&mut self, record: &Record, pending: Pending, metrics: &Metrics) -> Said {
        let mut said = Said::default();
        let plain = texts(record.event());
        for text in pending.0 {
            let score = match text.state {
                State::Known(score) => {
                    metrics.judged("remembered");
                    Ok(score)
                }
                State::Asked(asked) => {
                    let began = Instant::now();
                    let opinion = asked.wait();
                    self.spent_since(began);
                    self.take(text.hash, opinion, metrics)
                }
                State::Refused => {
                    metrics.judged(Unjudged::Slow.name());
                    Err(Silence::Slow)
                }
            };
            match score {
                Ok(score) => {
                    let number = f64::from(score.probability);
                    if said.scores.injection.is_none_or(|worst| number > worst) {
                        said.scores.injection = Some(number);
                        said.scores.part = TextPart::named(score.part.name());
                        let whole = plain.get(text.number).map_or("", |one| one.text);
                        said.window = Some(shown(text.field, whole, text.layer.as_ref(), &score));
                    }
                }
                Err(silence) => {
                    said.scores.unjudged = said.scores.unjudged.or(unjudged(&silence));
                }
            }
        }
        if let Some(drift) = self.drift(record, metrics) {
            said.scores.scope_drift = Some(drift.probability);
            said.drift = drift.evidence;
        }
        said
    }

    /// The score that counts: the encoder's where it was asked, else tier 1's, which was sure.
    fn take(
        &mut self,
        hash: TextHash,
        opinion: Opinion,
        metrics: &Metrics,
    ) -> Result<Score, Silence> {
        let score = match opinion.model {
            Ok(score) => {
                metrics.judged("model");
                score
            }
            Err(Silence::NotAsked) => {
                metrics.judged("fast_model");
                opinion.fast?
            }
            Err(silence) => {
                if let Some(why) = unjudged(&silence) {
                    metrics.judged(why.name());
                }
                return Err(silence);
            }
        };
        if score.is_partial {
            metrics.judged("partial");
        } else {
            self.remembered.add(hash, score.clone());
        }
        Ok(score)
    }

    /// How far a call is from its session's task, where there is one to hold it against.
    fn drift(&mut self, record: &Record, metrics: &Metrics) -> Option<Drift> {
        let is_late = self.is_late();
        let due = self.tasks.learn(record.event())?;
        if is_late {
            metrics.called("slow");
            return None;
        }
        let began = Instant::now();
        let drift = self.models.in_force().drift(&due.action()?)?;
        self.spent_since(began);
        metrics.called("judged");
        Some(drift)
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

/// `column[start..end]: the text there`, cut to what a person reads; of a hidden text where it was
/// hidden, and how.
fn shown(field: Field, whole: &str, layer: Option<&Decoded>, score: &Score) -> String {
    let span = layer.map_or_else(
        || score.span.clone(),
        |layer| layer.span.start()..layer.span.end(),
    );
    let text = layer.map_or(whole, |layer| &layer.text);
    let stretch = text.get(score.span.clone()).unwrap_or_default();
    let stretch: String = stretch.chars().take(SHOWN).collect();
    let coded = layer.map_or(String::new(), |layer| format!(" in {}", layer.encodings));
    let part = match score.part {
        Part::Whole | Part::Visible => "",
        Part::Hidden => ", hidden in a page",
        Part::Link => ", in a link",
    };
    let (path, start, end) = (field.path(), span.start, span.end);
    format!("{path}[{start}..{end}]{coded}{part}: {stretch}")
}

#[cfg(test)]
mod tests;
