//! How a verdict came about, for a person who asks.

use std::collections::BTreeMap;

use magistrate_event::{Cell, Event};
use magistrate_models::Evidence;
use serde::Serialize;

use crate::decision::Match;
use crate::engine::{Looked, Prepared};
use crate::limits::Limited;
use crate::session_facts::told;

/// Longer values are cut.
const MAX_VALUE_CHARS: usize = 200;

/// What was known, found and matched, in the order in which the judge came to it.
#[derive(Debug, Serialize)]
pub struct Explained {
    /// The category that sets deadline and posture.
    pub category: &'static str,
    /// Columns of the redacted event.
    pub event: BTreeMap<&'static str, String>,
    /// What the session's context says of it.
    pub facts: BTreeMap<&'static str, serde_json::Value>,
    /// What speaks for a drift from the task: argument, source and clause of the task.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub drift: BTreeMap<&'static str, String>,
    /// Policies in force that matched, with the values that made them.
    pub matches: Vec<Match>,
    /// What rate limits counted it, and whether there has been more than they let pass.
    pub limits: Vec<Limited>,
    /// What the language model said, where it was asked; its reason is among the matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llm: Option<SaidByLlm>,
}

/// What a language model said.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SaidByLlm {
    /// How harmful it finds the action, 0 to 1.
    Score(f64),
    /// Why it gave no opinion.
    Failed(&'static str),
}

impl Explained {
    /// What the judge saw of a question.
    pub fn of(prepared: &Prepared, looked: &Looked) -> Self {
        Self {
            category: prepared.category(),
            event: columns(looked.event()),
            facts: told(looked.facts()),
            drift: looked
                .drift()
                .map(Evidence::named)
                .into_iter()
                .flatten()
                .collect(),
            matches: looked.matches().to_vec(),
            limits: looked.limits().to_vec(),
            llm: looked.llm().map(|said| match said {
                Ok(score) => SaidByLlm::Score(score),
                Err(why) => SaidByLlm::Failed(why),
            }),
        }
    }
}

fn columns(event: &Event) -> BTreeMap<&'static str, String> {
    let shown = event.cells().map(|(field, cell)| {
        let value = match cell {
            Cell::Text(text) => text.chars().take(MAX_VALUE_CHARS).collect(),
            Cell::Int(number) => number.to_string(),
            Cell::Double(number) => number.to_string(),
            Cell::Bool(flag) => flag.to_string(),
            Cell::Time(time) => time.to_rfc3339(),
            Cell::Tree(value) => {
                let mut json = String::new();
                event.push_json(value, &mut json);
                json.chars().take(MAX_VALUE_CHARS).collect()
            }
        };
        (field.path(), value)
    });
    shown.collect()
}
