//! Reads what a request asks a model: the last turn that is not the model's own. Messages API, OpenAI's
//! chat completions and responses, Gemini.

use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::texts::texts_of;

/// Longer requests are not read.
const MAX_BYTES: usize = 2 << 20;
/// More messages of one turn are not read.
const MAX_MESSAGES: usize = 64;
/// Members of a message that hold what was said.
const SAID: [&str; 4] = ["content", "parts", "output", "text"];
/// Members of a part of a message that hold its text, or parts again.
const PARTS: [&str; 5] = ["text", "content", "output", "functionResponse", "response"];

/// The members of a request that are read; what they hold is parsed only where it is the last turn.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    contents: Option<&'a RawValue>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Option<&'a RawValue>,
}

/// What the model did: its own turn.
#[derive(Deserialize)]
struct Whose<'a> {
    #[serde(borrow)]
    role: Option<&'a RawValue>,
    #[serde(borrow)]
    r#type: Option<&'a RawValue>,
}

/// The texts of the last turn, one a line; none where `body` is no request to a model.
pub(crate) fn asked_of_model(body: &str) -> Option<String> {
    if body.len() > MAX_BYTES || !body.trim_start().starts_with('{') {
        return None;
    }
    let wire: Wire<'_> = serde_json::from_str(body).ok()?;
    let turns = match (wire.messages, wire.contents, wire.input) {
        (Some(messages), _, _) => messages,
        (None, Some(contents), _) => contents,
        // Others have an `input`, too.
        (None, None, Some(input)) if wire.model.is_some() => input,
        (None, None, Some(_) | None) => return None,
    };
    if let Ok(text) = serde_json::from_str::<String>(turns.get()) {
        return Some(text);
    }
    let turns: Vec<&RawValue> = serde_json::from_str(turns.get()).ok()?;
    let last = turns.iter().rev().take(MAX_MESSAGES);
    let mut last: Vec<&str> = last
        .map(|turn| turn.get())
        .take_while(|turn| !is_own(turn))
        .collect();
    last.reverse();
    let said = last.into_iter().filter_map(said_in);
    let texts: Vec<String> = said.filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// Whether a message is the model's.
fn is_own(message: &str) -> bool {
    let Ok(whose) = serde_json::from_str::<Whose<'_>>(message) else {
        return false;
    };
    let role = whose.role.map(RawValue::get);
    let kind = whose.r#type.map(RawValue::get);
    matches!(role, Some("\"assistant\"" | "\"model\""))
        || matches!(kind, Some("\"function_call\"" | "\"reasoning\""))
}

fn said_in(message: &str) -> Option<String> {
    let message: Json = serde_json::from_str(message).ok()?;
    let role = message.get("role").and_then(Json::as_str);
    if matches!(role, Some("system" | "developer")) {
        // They give orders by nature.
        return None;
    }
    let mut texts = Vec::new();
    for name in SAID {
        gather(message.get(name), &mut texts);
    }
    Some(texts.join("\n"))
}

/// The texts of parts. The parser bounds how deep these are.
fn gather(part: Option<&Json>, texts: &mut Vec<String>) {
    match part {
        Some(Json::String(text)) => texts.push(text.clone()),
        Some(Json::Array(parts)) => {
            for one in parts {
                gather(Some(one), texts);
            }
        }
        Some(Json::Object(members)) => {
            let is_said = PARTS.iter().any(|name| members.contains_key(*name));
            if is_said {
                for name in PARTS {
                    gather(members.get(name), texts);
                }
            } else if !members.contains_key("type") {
                // A function's answer in a shape of its own.
                texts.extend(part.map(texts_of));
            }
        }
        Some(Json::Null | Json::Bool(_) | Json::Number(_)) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn asked(body: &Json) -> Option<String> {
        asked_of_model(&body.to_string())
    }

    #[test]
    fn the_last_turn_that_is_not_the_models_is_what_is_asked() {
        let image = json!({ "type": "image", "source": { "type": "base64", "data": "AAAA" } });
        let anthropic = json!({ "model": "m", "system": "You are", "messages": [
            { "role": "user", "content": "first" },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "t", "name": "n", "input": { "a": "b" } }] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "t", "content": [{ "type": "text", "text": "a page" }] },
                image,
                { "type": "text", "text": "go on" },
            ] },
        ] });
        assert_eq!(asked(&anthropic).as_deref(), Some("a page\ngo on"));
        let chat = json!({ "model": "m", "messages": [
            { "role": "system", "content": "You are" },
            { "role": "user", "content": [{ "type": "text", "text": "hello" }] },
        ] });
        assert_eq!(asked(&chat).as_deref(), Some("hello"));
        let responses = json!({ "model": "m", "input": [
            { "type": "function_call", "name": "n", "arguments": "{}" },
            { "type": "function_call_output", "call_id": "c", "output": "came back" },
        ] });
        assert_eq!(asked(&responses).as_deref(), Some("came back"));
        assert_eq!(
            asked(&json!({ "model": "m", "input": "text" })).as_deref(),
            Some("text")
        );
        let gemini = json!({ "contents": [
            { "role": "model", "parts": [{ "text": "its own" }] },
            { "role": "user", "parts": [{ "functionResponse": { "name": "n", "response": { "rows": ["r"] } } }, { "text": "and" }] },
        ] });
        assert_eq!(asked(&gemini).as_deref(), Some("r\nand"));
    }

    #[test]
    fn other_bodies_ask_no_model() {
        for body in [
            json!({}),
            json!({ "input": "text" }),
            json!({ "messages": 7 }),
            json!({ "messages": [] }),
            json!({ "messages": [{ "role": "assistant", "content": "its own" }] }),
            json!({ "model": "m", "input": [1, null, [], "x"] }),
            json!([{ "role": "user", "content": "a" }]),
        ] {
            assert_eq!(asked(&body), None, "{body}");
        }
        assert_eq!(asked_of_model("{\"messages\": [{\"role\": \"user\""), None);
        let long = json!({ "messages": [{ "role": "user", "content": "x".repeat(MAX_BYTES) }] });
        assert_eq!(asked(&long), None);
        let deep = format!(
            "{{\"messages\":[{{\"role\":\"user\",\"content\":{}{}}}]}}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        );
        assert_eq!(asked_of_model(&deep), None);
    }
}
