//! What of a call makes it look like drift, for a person to look up: which argument weighs most, where
//! its value comes from, and which clause of the task comes nearest to the call.

use std::fmt;

use super::features::{features, said_by, start_of};
use super::lists::{FILLER, has};
use super::sentences::sentences;
use super::told::Told;
use super::words::{tool_words, words};
use super::{Action, Arguments, Scope};

/// The first values of a call, of which it is asked where they come from.
const MAX_VALUES: usize = 64;
/// Of those so many are tried, those first that nobody named.
const MAX_TRIED: usize = 8;
/// Characters of a name, a value and a clause that are kept.
const MAX_CHARS: usize = 160;
/// A value is known in part where so many of its words are.
const PART: f64 = 0.5;

/// What a person looks up to check a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The argument without which the call would look most like its task: `to`, `items[2].price`;
    /// `destination` where that stands in no argument, and `tool` where none weighs.
    pub argument: String,
    /// Its value, cut.
    pub value: String,
    /// Where the value comes from.
    pub source: Source,
    /// The clause of the task that is nearest in meaning to the call, cut.
    pub clause: String,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Neither the task nor an earlier call has it.
    Nowhere,
    /// An earlier call of this tool said or brought it.
    Call(String),
    /// The task has most of its words.
    TaskInPart,
    /// The task has it.
    Task,
}

impl Evidence {
    /// The same by the names under which findings and verdicts tell it.
    pub fn named(&self) -> [(&'static str, String); 3] {
        [
            (
                "score.drift_argument",
                format!("{}: {}", self.argument, self.value),
            ),
            ("score.drift_source", self.source.to_string()),
            ("score.drift_clause", self.clause.clone()),
        ]
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str("nowhere"),
            Self::Call(tool) => write!(f, "call: {tool}"),
            Self::TaskInPart => f.write_str("task, in part"),
            Self::Task => f.write_str("task"),
        }
    }
}

/// A value of a call.
struct Value {
    argument: String,
    /// Its number among the arguments; none for a destination that stands in none.
    number: Option<usize>,
    value: String,
    source: Source,
    /// Whether it is where the call sends something.
    is_destination: bool,
}

impl Scope {
    /// The evidence of `action`, whose score is `score`.
    pub(super) fn evidence(&self, action: &Action, (told, score): (&Told, f64)) -> Evidence {
        let mut values = values(action, told);
        values.sort_by(|one, other| one.source.cmp(&other.source));
        values.truncate(MAX_TRIED);
        let mut worst: Option<(f64, Value)> = None;
        for value in values {
            let numbers = features(&value.taken_from(action), told, &self.meaning);
            let fall = score - self.trees.score(&numbers);
            // Of equals the first stays, which is the one that fewer have named.
            if fall > worst.as_ref().map_or(0.0, |(most, _)| *most) {
                worst = Some((fall, value));
            }
        }
        let clause = cut(self.nearest_clause(action));
        match worst {
            Some((_, worst)) => Evidence {
                argument: cut(&worst.argument),
                value: cut(&worst.value),
                source: worst.source,
                clause,
            },
            None => Evidence {
                argument: "tool".to_owned(),
                value: cut(&action.call.tool),
                source: of_tool(action, told),
                clause,
            },
        }
    }

    fn nearest_clause<'a>(&self, action: &'a Action) -> &'a str {
        let tool = tool_words(&action.call.tool).join(" ");
        let said = said_by(&action.call.arguments.leaves());
        let call = self.meaning.of(&format!("{tool} {said}"));
        let clauses = sentences(start_of(&action.task)).into_iter();
        let near = clauses.map(|clause| (self.meaning.of(clause).alike(&call), clause));
        let nearest = near.reduce(|one, other| if other.0 > one.0 { other } else { one });
        nearest.map_or("", |(_, clause)| clause)
    }
}

impl Value {
    /// The action as it would be without it.
    fn taken_from(&self, action: &Action) -> Action {
        let mut without = action.clone();
        if let Some(number) = self.number {
            without.call.arguments = action.call.arguments.without(number);
        }
        if self.is_destination {
            without.destination = None;
        }
        without
    }
}

/// The values of a call, its destination among them.
fn values(action: &Action, told: &Told) -> Vec<Value> {
    let destination = action.destination.as_ref().and_then(Arguments::said);
    let to = destination.as_ref().map(|to| to.trim().to_lowercase());
    let named = action.call.arguments.named().into_iter().take(MAX_VALUES);
    let mut values: Vec<Value> = named
        .enumerate()
        .map(|(number, (name, value))| Value {
            argument: if name.is_empty() {
                "arguments".to_owned()
            } else {
                name
            },
            number: Some(number),
            source: of_value(&value, action, told),
            is_destination: to
                .as_ref()
                .is_some_and(|to| value.to_lowercase().contains(to)),
            value,
        })
        .collect();
    if let Some(value) = destination
        && !values.iter().any(|one| one.is_destination)
    {
        values.push(Value {
            argument: "destination".to_owned(),
            number: None,
            source: of_value(&value, action, told),
            is_destination: true,
            value,
        });
    }
    values
}

/// Where `value` comes from.
pub(super) fn of_value(value: &str, action: &Action, told: &Told) -> Source {
    let small = value.trim().to_lowercase();
    if told.task.contains(&small) {
        return Source::Task;
    }
    if told.seen.contains(&small)
        && let Some(tool) = brought_by(&small, action)
    {
        return Source::Call(tool);
    }
    if share_known(&words(value), |word| told.names(word)) >= PART {
        Source::TaskInPart
    } else {
        Source::Nowhere
    }
}

/// The tool whose call said or brought `small` last.
fn brought_by(small: &str, action: &Action) -> Option<String> {
    let has = |text: &str| text.to_lowercase().contains(small);
    let mut calls = action.history.iter().rev();
    let call = calls.find(|call| {
        let brought = call.result.as_ref().and_then(Arguments::said);
        let mut said = call.arguments.leaves().into_iter().chain(brought);
        said.any(|text| has(&text))
    })?;
    Some(cut(&call.tool))
}

/// Where the idea of the tool comes from: it was used before, or the task has its words.
fn of_tool(action: &Action, told: &Told) -> Source {
    let tool = &action.call.tool;
    if share_known(&tool_words(tool), |word| told.names(word)) >= PART {
        Source::TaskInPart
    } else if action.history.iter().any(|call| call.tool == *tool) {
        Source::Call(cut(tool))
    } else {
        Source::Nowhere
    }
}

fn share_known(words: &[String], is_known: impl Fn(&str) -> bool) -> f64 {
    let telling = words.iter().filter(|word| !has(FILLER, word));
    let (mut all, mut known) = (0_u32, 0_u32);
    for word in telling {
        all += 1;
        known += u32::from(is_known(word));
    }
    if all == 0 {
        0.0
    } else {
        f64::from(known) / f64::from(all)
    }
}

/// One line of what a person reads.
fn cut(text: &str) -> String {
    let mut words = text.split_whitespace();
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        if line.len() > 4 * MAX_CHARS {
            break;
        }
        line.push(' ');
        line.push_str(word);
    }
    match line.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
