//! Writes the verdict on a message, and what to send in its place.

use serde_json::{Value as Json, json};

use super::input::Envelope;
use crate::decision::Decision;
use crate::door::fault::Fault;
use crate::verdict::Verdict;

/// The error of a request that policy stopped; of the range that JSON-RPC leaves to servers.
const STOPPED: i32 = -32_000;

/// What becomes of the message.
#[derive(Debug, PartialEq)]
enum Instead {
    /// It goes on as it is.
    Nothing,
    /// This goes on.
    Forward(Json),
    /// Nothing goes on, and the sender is answered with this; a notification with nothing.
    Reply(Option<Json>),
}

/// The verdict with what to do: `forward` is sent on in the message's place, `reply` goes back to the
/// sender; where `pass` is false and neither is there, the message is dropped.
pub(super) fn answer(
    envelope: &Envelope,
    verdict: &Verdict,
    mask: impl Fn(&Json) -> Option<Json>,
) -> Result<Json, Fault> {
    let mut answer =
        serde_json::to_value(verdict).map_err(|error| Fault::Malformed(error.to_string()))?;
    let instead = instead(envelope, verdict.decision, &verdict.told(), mask);
    if let Some(members) = answer.as_object_mut() {
        members.insert("pass".to_owned(), (instead == Instead::Nothing).into());
        match instead {
            Instead::Nothing | Instead::Reply(None) => {}
            Instead::Forward(message) => {
                members.insert("forward".to_owned(), message);
            }
            Instead::Reply(Some(message)) => {
                members.insert("reply".to_owned(), message);
            }
        }
    }
    Ok(answer)
}

fn instead(
    envelope: &Envelope,
    decision: Decision,
    told: &str,
    mask: impl Fn(&Json) -> Option<Json>,
) -> Instead {
    match decision {
        // What follows is held to reading by the judge itself.
        Decision::Allow | Decision::Downgrade => Instead::Nothing,
        Decision::Redact => match masked(envelope, mask) {
            Some(message) => Instead::Forward(message),
            None => stopped(envelope, told),
        },
        Decision::RequireApproval | Decision::Block => stopped(envelope, told),
    }
}

/// The message with what policy names masked; none where nothing of it was.
fn masked(envelope: &Envelope, mask: impl Fn(&Json) -> Option<Json>) -> Option<Json> {
    let with_id = |mut message: Json, id: &Option<Json>| {
        if let (Some(members), Some(id)) = (message.as_object_mut(), id) {
            members.insert("id".to_owned(), id.clone());
        }
        message
    };
    Some(match envelope {
        Envelope::ToolCall { id, params } => with_id(
            json!({ "jsonrpc": "2.0", "method": "tools/call", "params": mask(params)? }),
            id,
        ),
        Envelope::Other { id, method, params } => with_id(
            json!({ "jsonrpc": "2.0", "method": method, "params": mask(params.as_ref()?)? }),
            id,
        ),
        Envelope::Result { id, result } => {
            json!({ "jsonrpc": "2.0", "id": id, "result": mask(result)? })
        }
        Envelope::Error { id, error } => {
            json!({ "jsonrpc": "2.0", "id": id, "error": mask(error)? })
        }
    })
}

fn stopped(envelope: &Envelope, told: &str) -> Instead {
    let error = |id: &Json| json!({ "jsonrpc": "2.0", "id": id, "error": { "code": STOPPED, "message": told } });
    match envelope {
        // A failed call is what the model gets to read; an error of the protocol may end in the client.
        Envelope::ToolCall { id, .. } => Instead::Reply(id.as_ref().map(|id| failed(id, told))),
        Envelope::Other { id, .. } => Instead::Reply(id.as_ref().map(error)),
        Envelope::Result { id, result } if result.get("content").is_some() => {
            Instead::Forward(failed(id, told))
        }
        Envelope::Result { id, .. } | Envelope::Error { id, .. } => Instead::Forward(error(id)),
    }
}

fn failed(id: &Json, told: &str) -> Json {
    let content = json!([{ "type": "text", "text": told }]);
    json!({ "jsonrpc": "2.0", "id": id, "result": { "content": content, "isError": true } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(id: Option<Json>) -> Envelope {
        let params = json!({ "name": "send", "arguments": { "text": "secret" } });
        Envelope::ToolCall { id, params }
    }

    fn result(result: Json) -> Envelope {
        Envelope::Result {
            id: json!(7),
            result,
        }
    }

    fn made(envelope: &Envelope, decision: Decision) -> Instead {
        let mask = |json: &Json| {
            let text = json.to_string();
            let masked = text.replace("secret", "***");
            (masked != text).then(|| serde_json::from_str(&masked).unwrap())
        };
        instead(envelope, decision, "No.", mask)
    }

    #[test]
    fn what_passes_goes_on_as_it_is() {
        for decision in [Decision::Allow, Decision::Downgrade] {
            assert_eq!(made(&call(None), decision), Instead::Nothing);
        }
    }

    #[test]
    fn what_is_masked_keeps_its_shape() {
        let masked = made(&call(Some(json!("a"))), Decision::Redact);
        let params = json!({ "name": "send", "arguments": { "text": "***" } });
        let message =
            json!({ "jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": params });
        assert_eq!(masked, Instead::Forward(message));
        let masked = made(&result(json!({ "content": ["secret"] })), Decision::Redact);
        let message = json!({ "jsonrpc": "2.0", "id": 7, "result": { "content": ["***"] } });
        assert_eq!(masked, Instead::Forward(message));
        // Where nothing can be masked it does not pass.
        let Instead::Forward(message) = made(&result(json!({ "tools": [] })), Decision::Redact)
        else {
            panic!("an answer is answered");
        };
        assert_eq!(message["error"]["code"], STOPPED);
    }

    #[test]
    fn what_is_stopped_is_answered_in_its_place() {
        for decision in [Decision::Block, Decision::RequireApproval] {
            let Instead::Reply(Some(reply)) = made(&call(Some(json!(7))), decision) else {
                panic!("a call is answered");
            };
            assert_eq!(reply["result"]["isError"], true);
            assert_eq!(reply["result"]["content"][0]["text"], "No.");
            assert_eq!(made(&call(None), decision), Instead::Reply(None));
            let content = result(json!({ "content": [{ "type": "text", "text": "bad" }] }));
            let Instead::Forward(message) = made(&content, decision) else {
                panic!("an answer is replaced");
            };
            assert!(!message.to_string().contains("bad"));
        }
    }
}
