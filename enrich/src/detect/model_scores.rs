//! The names by which rules ask for what the models say of an event.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::view::Seen;

/// What the models say of an event. What they could not judge has no score.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ModelScores {
    /// How much a text from outside reads like orders to the agent, 0 to 1.
    pub injection: Option<f64>,
    /// What of the text that score is of.
    pub part: Option<TextPart>,
    /// How likely a call does not serve its session's task, 0 to 1.
    pub scope_drift: Option<f64>,
    /// Why a text could not be judged.
    pub unjudged: Option<Unjudged>,
}

/// What of a text scored highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextPart {
    /// All of it, as it is written.
    Whole,
    /// What a page shows.
    Visible,
    /// What a page hides from whoever looks at it.
    Hidden,
    /// The texts and targets of links.
    Link,
}

/// Why a text has no score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unjudged {
    /// There are no models, or they are damaged.
    Missing,
    /// The time was over.
    Slow,
    /// The model failed.
    Failed,
}

impl ModelScores {
    /// Nobody has judged.
    pub const NONE: Self = Self {
        injection: None,
        part: None,
        scope_drift: None,
        unjudged: None,
    };
}

impl TextPart {
    const ALL: [Self; 4] = [Self::Whole, Self::Visible, Self::Hidden, Self::Link];

    /// As rules write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Visible => "visible",
            Self::Hidden => "hidden",
            Self::Link => "link",
        }
    }

    /// The one that rules call `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}

impl Unjudged {
    const ALL: [Self; 3] = [Self::Missing, Self::Slow, Self::Failed];

    /// As rules and metrics write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Slow => "slow",
            Self::Failed => "failed",
        }
    }
}

/// What a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FromModels {
    Injection,
    Part,
    ScopeDrift,
    Unjudged,
}

/// What `scores` say; none where they say nothing.
pub(super) fn seen(scores: &ModelScores, from: FromModels) -> Option<Seen<'_>> {
    match from {
        FromModels::Injection => scores.injection.map(Seen::Double),
        FromModels::Part => scores
            .part
            .map(|part| Seen::Text(Cow::Borrowed(part.name()))),
        FromModels::ScopeDrift => scores.scope_drift.map(Seen::Double),
        FromModels::Unjudged => scores
            .unjudged
            .map(|why| Seen::Text(Cow::Borrowed(why.name()))),
    }
}

/// Makes `scores` say what an example wants; none where no model could say it.
pub(super) fn fill(scores: &mut ModelScores, from: FromModels, json: &Json) -> Option<()> {
    let score = || json.as_f64().filter(|score| (0.0..=1.0).contains(score));
    match from {
        FromModels::Injection => scores.injection = Some(score()?),
        FromModels::Part => scores.part = Some(TextPart::named(json.as_str()?)?),
        FromModels::ScopeDrift => scores.scope_drift = Some(score()?),
        FromModels::Unjudged => {
            let name = json.as_str()?;
            let found = Unjudged::ALL.into_iter().find(|why| why.name() == name);
            scores.unjudged = Some(found?);
        }
    }
    Some(())
}
