//! Calls of tools in what a model answers: the Messages API, OpenAI's chat completions and responses,
//! Gemini, as one JSON or as a stream of events. Values to values.

mod assembly;

use std::ops::Range;

use magistrate_event::{Action, Arguments, Occasion};
use serde_json::Value as Json;

use self::assembly::Assembly;
use super::fault::Fault;
use super::halves::events;

/// A model calls no more tools at once.
pub(super) const MAX_USES: usize = 64;
/// What names calls in every protocol that is read; the rest of an answer may be any JSON.
const SIGNS: [&str; 5] = [
    "tool_use",
    "tool_calls",
    "function_call",
    "functionCall",
    "tool_call",
];

/// A tool that a model calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ToolUse {
    /// The call's id.
    pub(super) id: Option<String>,
    /// The tool.
    pub(super) name: Option<String>,
    /// The MCP server, where the provider asks it.
    pub(super) server: Option<String>,
    /// The arguments, as JSON; what is none is judged as the text that it is.
    pub(super) arguments: String,
}

/// A tool that is called in a stream, and the events that tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Streamed {
    pub(super) tool_use: ToolUse,
    /// Where the first of its events begins.
    pub(super) start: usize,
    /// Where the last one ends; none while more may come.
    pub(super) end: Option<usize>,
}

impl ToolUse {
    /// The action that it is, of whoever `answer` is for.
    pub(super) fn action(self, answer: &Action) -> Action {
        let mut action = Action {
            session: answer.session.clone(),
            occasion: Some(Occasion::ToolCall),
            call_id: self.id,
            prompt_id: answer.prompt_id.clone(),
            ..Action::default()
        };
        action.tool.name = self.name;
        action.tool.server = self.server;
        match Arguments::new(written(&self.arguments)) {
            Ok(arguments) => action.tool.arguments = Some(arguments),
            // A model's mistake, or a hiding place: judged as the text that it is.
            Err(_) => action.content.text = Some(self.arguments),
        }
        action
    }

    /// Its arguments as a value.
    pub(super) fn json(&self) -> Json {
        let read = serde_json::from_str(written(&self.arguments));
        read.unwrap_or_else(|_| Json::String(self.arguments.clone()))
    }

    /// Whether its arguments can be read as such.
    pub(super) fn is_sound(&self) -> bool {
        Arguments::new(written(&self.arguments)).is_ok()
    }
}

/// Where nothing came, there are none.
fn written(arguments: &str) -> &str {
    match arguments.trim() {
        "" => "{}",
        written => written,
    }
}

/// The calls in an answer that is one JSON; none where it is no JSON.
///
/// # Errors
/// When there are too many, or they lie deeper than JSON is read.
pub(super) fn in_json(answer: &str) -> Result<Vec<ToolUse>, Fault> {
    if !answer.trim_start().starts_with(['{', '[']) {
        return Ok(Vec::new());
    }
    let json: Json = match serde_json::from_str(answer) {
        Ok(json) => json,
        // Whoever reads it may read deeper than we do.
        Err(error) if error.is_syntax() && error.to_string().contains("recursion limit") => {
            let is_call = SIGNS.iter().any(|sign| answer.contains(sign));
            let deep = "cannot judge tool calls in JSON that is deeper than 128 levels";
            return if is_call {
                Err(Fault::Malformed(deep.to_owned()))
            } else {
                Ok(Vec::new())
            };
        }
        Err(_) => return Ok(Vec::new()),
    };
    let mut assembly = Assembly::default();
    assembly.take(&json, 0..answer.len());
    let all = bounded(assembly.finish(answer.len()))?;
    Ok(all.into_iter().map(|one| one.tool_use).collect())
}

/// The calls in events that have come; with the last event all of them have ended.
///
/// # Errors
/// When there are too many.
pub(super) fn in_events(held: &[u8], is_last: bool) -> Result<Vec<Streamed>, Fault> {
    let mut assembly = Assembly::default();
    for (Range { start, end }, json) in events::data(held) {
        assembly.take(&json, start..end);
    }
    bounded(if is_last {
        assembly.finish(held.len())
    } else {
        assembly.so_far()
    })
}

fn bounded(all: Vec<Streamed>) -> Result<Vec<Streamed>, Fault> {
    if all.len() > MAX_USES {
        let message = format!("cannot judge more than {MAX_USES} tool calls at once");
        return Err(Fault::Malformed(message));
    }
    Ok(all)
}

/// Whether a stream may be cut at `cut`: not inside a call, whose rest nobody could judge.
pub(super) fn is_between(all: &[Streamed], cut: usize) -> bool {
    !all.iter().any(|one| crosses(one, cut))
}

/// The end of what may go on of a stream that may be cut at `cut`, at no call's expense.
pub(super) fn cut_between(all: &[Streamed], mut cut: usize) -> usize {
    while let Some(start) = all
        .iter()
        .filter(|one| crosses(one, cut))
        .map(|one| one.start)
        .min()
    {
        cut = start;
    }
    cut
}

fn crosses(one: &Streamed, cut: usize) -> bool {
    one.start < cut && one.end.is_none_or(|end| end > cut)
}

#[cfg(test)]
mod tests;
