//! Puts calls of tools together, of pieces that name where they belong.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value as Json;

use super::{Streamed, ToolUse};

/// Blocks of the Messages API that call a tool: the client's, the provider's, an MCP server's.
const BLOCKS: [&str; 3] = ["tool_use", "server_tool_use", "mcp_tool_use"];
/// Items of OpenAI's responses that call a tool.
const ITEMS: [&str; 3] = ["function_call", "custom_tool_call", "mcp_call"];

/// Where a piece of a call belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    /// A content block of the Messages API.
    Block(u64),
    /// A call of one of the choices of a chat completion.
    Choice(u64, u64),
    /// The one call of a choice, in the older form.
    Function(u64),
    /// An item of a response.
    Item(u64),
}

/// The calls that were met, in the order in which they begin.
#[derive(Default)]
pub(super) struct Assembly {
    all: Vec<Streamed>,
    open: HashMap<Place, usize>,
    /// Where the event ends that is being read.
    at: Range<usize>,
}

impl Assembly {
    /// Takes one JSON that stands at `at`.
    pub(super) fn take(&mut self, json: &Json, at: Range<usize>) {
        self.at = at;
        if let Json::Array(items) = json {
            // Gemini's stream without events is a list.
            items.iter().for_each(|item| self.one(item));
        } else {
            self.one(json);
        }
    }

    /// The calls as far as they have come.
    pub(super) fn so_far(self) -> Vec<Streamed> {
        self.all
    }

    /// The calls, of which nothing more comes; the last byte is at `end`.
    pub(super) fn finish(mut self, end: usize) -> Vec<Streamed> {
        for one in &mut self.all {
            one.end = one.end.or(Some(end));
        }
        self.all
    }

    fn one(&mut self, json: &Json) {
        match text(json, "type") {
            Some("content_block_start") => {
                let block = json.get("content_block");
                let kind = block.and_then(|block| text(block, "type"));
                if let Some(block) =
                    block.filter(|_| kind.is_some_and(|kind| BLOCKS.contains(&kind)))
                {
                    let mut begun = of_block(block);
                    if begun.arguments == "{}" {
                        // Its pieces follow.
                        begun.arguments.clear();
                    }
                    self.begin(Place::Block(number(json, "index")), begun);
                }
            }
            Some("content_block_delta") => {
                let piece = json
                    .get("delta")
                    .and_then(|delta| text(delta, "partial_json"));
                if let Some(piece) = piece {
                    self.push(Place::Block(number(json, "index")), piece);
                }
            }
            Some("content_block_stop") => {
                self.end(|place| place == Place::Block(number(json, "index")))
            }
            Some("message_stop") => self.end(|place| matches!(place, Place::Block(_))),
            Some(kind) if kind.starts_with("response.") => self.of_responses(kind, json),
            Some(_) | None => self.whole(json),
        }
    }

    /// An answer that is no piece, or a chunk of a chat completion.
    fn whole(&mut self, json: &Json) {
        for block in items(json, "content") {
            if text(block, "type").is_some_and(|kind| BLOCKS.contains(&kind)) {
                self.add(of_block(block));
            }
        }
        for item in items(json, "output") {
            if let Some(tool_use) = of_item(item) {
                self.add(tool_use);
            }
        }
        for choice in items(json, "choices") {
            let of = number(choice, "index");
            for said in [choice.get("delta"), choice.get("message")]
                .into_iter()
                .flatten()
            {
                self.of_chat(of, said);
            }
            if choice
                .get("finish_reason")
                .is_some_and(|why| !why.is_null())
            {
                self.end(|place| match place {
                    Place::Choice(choice, _) | Place::Function(choice) => choice == of,
                    Place::Block(_) | Place::Item(_) => false,
                });
            }
        }
        for candidate in items(json, "candidates") {
            let parts = candidate
                .get("content")
                .map(|content| items(content, "parts"));
            for call in parts
                .into_iter()
                .flatten()
                .filter_map(|part| part.get("functionCall"))
            {
                self.add(ToolUse {
                    id: owned(call, "id"),
                    name: owned(call, "name"),
                    server: None,
                    arguments: call.get("args").map(written).unwrap_or_default(),
                });
            }
        }
    }

    /// Calls, or pieces of them, of one choice of a chat completion.
    fn of_chat(&mut self, choice: u64, said: &Json) {
        for (at, call) in (0_u64..).zip(items(said, "tool_calls")) {
            let at = call.get("index").and_then(Json::as_u64).unwrap_or(at);
            let told = call.get("function").or_else(|| call.get("custom"));
            self.piece_of_chat(Place::Choice(choice, at), call, told);
        }
        if let Some(call) = said.get("function_call").filter(|call| call.is_object()) {
            self.piece_of_chat(Place::Function(choice), call, Some(call));
        }
    }

    fn piece_of_chat(&mut self, place: Place, call: &Json, told: Option<&Json>) {
        let id = owned(call, "id").filter(|id| !id.is_empty());
        let known = self.open.get(&place).and_then(|at| self.all.get(*at));
        let known_id = known.and_then(|one| one.tool_use.id.clone());
        // Servers that number every call alike tell them apart by their ids.
        let is_other = id.is_some() && known_id.is_some() && id != known_id;
        if known.is_none() || is_other {
            self.begin(place, ToolUse::default());
        }
        let Some(one) = self.open.get(&place).and_then(|at| self.all.get_mut(*at)) else {
            return;
        };
        // It may come again with every piece.
        let tool_use = &mut one.tool_use;
        tool_use.id = tool_use.id.take().or(id);
        if let Some(name) = told.and_then(|told| text(told, "name")) {
            let own = tool_use.name.get_or_insert_default();
            if own != name {
                own.push_str(name);
            }
        }
        for name in ["arguments", "input"] {
            match told.and_then(|told| told.get(name)) {
                Some(Json::String(piece)) => tool_use.arguments.push_str(piece),
                Some(whole @ Json::Object(_)) => tool_use.arguments = written(whole),
                Some(_) | None => {}
            }
        }
    }

    fn of_responses(&mut self, kind: &str, json: &Json) {
        let place = Place::Item(number(json, "output_index"));
        let item = || json.get("item").and_then(of_item);
        match kind {
            "response.output_item.added" => {
                if let Some(tool_use) = item() {
                    self.begin(place, tool_use);
                }
            }
            "response.output_item.done" => {
                if let Some(whole) = item() {
                    self.replace(place, |tool_use| *tool_use = whole);
                }
                self.end(|other| other == place);
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                self.end(|other| matches!(other, Place::Item(_)));
            }
            _ if kind.ends_with("_arguments.delta") || kind.ends_with("_call_input.delta") => {
                if let Some(piece) = text(json, "delta") {
                    self.push(place, piece);
                }
            }
            _ if kind.ends_with("_arguments.done") || kind.ends_with("_call_input.done") => {
                let whole = owned(json, "arguments").or_else(|| owned(json, "input"));
                if let Some(whole) = whole {
                    self.replace(place, |tool_use| tool_use.arguments = whole);
                }
            }
            _ => {}
        }
    }

    /// A call that is there whole.
    fn add(&mut self, tool_use: ToolUse) {
        self.all.push(Streamed {
            tool_use,
            start: self.at.start,
            end: Some(self.at.end),
        });
    }

    fn begin(&mut self, place: Place, tool_use: ToolUse) {
        self.end(|other| other == place);
        self.open.insert(place, self.all.len());
        self.all.push(Streamed {
            tool_use,
            start: self.at.start,
            end: None,
        });
    }

    /// Adds a piece of arguments; of a call whose begin nobody has seen it is the first.
    fn push(&mut self, place: Place, piece: &str) {
        self.replace(place, |tool_use| tool_use.arguments.push_str(piece));
    }

    fn replace(&mut self, place: Place, change: impl FnOnce(&mut ToolUse)) {
        if !self.open.contains_key(&place) {
            self.begin(place, ToolUse::default());
        }
        if let Some(one) = self.open.get(&place).and_then(|at| self.all.get_mut(*at)) {
            change(&mut one.tool_use);
        }
    }

    /// Nothing more comes of the calls at these places.
    fn end(&mut self, is_over: impl Fn(Place) -> bool) {
        let end = self.at.end;
        let all = &mut self.all;
        self.open.retain(|place, at| {
            let is_over = is_over(*place);
            if is_over && let Some(one) = all.get_mut(*at) {
                one.end = Some(end);
            }
            !is_over
        });
    }
}

fn of_block(block: &Json) -> ToolUse {
    ToolUse {
        id: owned(block, "id"),
        name: owned(block, "name"),
        server: owned(block, "server_name"),
        arguments: block.get("input").map(written).unwrap_or_default(),
    }
}

fn of_item(item: &Json) -> Option<ToolUse> {
    let kind = text(item, "type")?;
    ITEMS.contains(&kind).then(|| ToolUse {
        id: owned(item, "call_id").or_else(|| owned(item, "id")),
        name: owned(item, "name"),
        server: owned(item, "server_label"),
        arguments: owned(item, "arguments")
            .or_else(|| owned(item, "input"))
            .unwrap_or_default(),
    })
}

/// As arguments are written: some are JSON inside a string.
fn written(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            json.to_string()
        }
    }
}

fn items<'a>(json: &'a Json, name: &str) -> std::slice::Iter<'a, Json> {
    let items = json.get(name).and_then(Json::as_array);
    items.map(Vec::as_slice).unwrap_or_default().iter()
}

fn text<'a>(json: &'a Json, name: &str) -> Option<&'a str> {
    json.get(name)?.as_str()
}

fn owned(json: &Json, name: &str) -> Option<String> {
    text(json, name).map(str::to_owned)
}

fn number(json: &Json, name: &str) -> u64 {
    json.get(name).and_then(Json::as_u64).unwrap_or(0)
}
