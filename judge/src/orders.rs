//! Which text of a question can give an agent orders: what others may have written, what its user
//! asks, and what it sends to those who may be agents, too.

use std::borrow::Cow;

use magistrate_event::{Event, Field};
use serde_json::Value as Json;

use crate::texts::texts_of;
use crate::turn::asked_of_model;

/// Longer texts are judged up to here.
const MAX_BYTES: usize = 256 * 1_024;
/// Classes of tools whose results are orders by nature: what the client and its own agents and skills
/// write. What those have read was judged when they read it.
const OWN: [&str; 2] = ["agent", "skill"];

/// A text that can give orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Orders<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) need: Need,
}

/// What it means where a text has no score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// It could not be judged, and the posture decides.
    Needed,
    /// Nothing: the score of what a request asks a model comes on top of what rules say of the request,
    /// whose posture is about where it goes.
    Extra,
}

/// The text of the redacted `event` that can give orders; none where there is none.
pub(crate) fn orders(event: &Event) -> Option<Orders<'_>> {
    let content = || event.text(Field::ContentText).map(Cow::Borrowed);
    let verb = event.text(Field::Action);
    let is_sent = matches!(verb, Some("send" | "share"));
    let (text, need) = match event.text(Field::EventCode)? {
        "tool_result" if is_own(event) => return None,
        "tool_result" | "response" | "download" | "prompt" | "message_send" | "share" => {
            (content()?, Need::Needed)
        }
        "request" if is_sent => (content()?, Need::Needed),
        "request" => {
            let asked = asked_of_model(event.text(Field::ContentText)?)?;
            (Cow::Owned(asked), Need::Extra)
        }
        "tool_call" => {
            let is_foreign = event.value(Field::ApiServiceName).is_some();
            let does_more = is_foreign && verb != Some("read");
            if !is_sent && !does_more {
                return None;
            }
            (said_to(event).or_else(content)?, Need::Needed)
        }
        _ => return None,
    };
    let text = cut(text);
    (!text.is_empty()).then_some(Orders { text, need })
}

/// The text of the redacted `event` that the models are asked about; none where there is none.
pub fn text_with_orders(event: &Event) -> Option<String> {
    Some(orders(event)?.text.into_owned())
}

fn is_own(event: &Event) -> bool {
    let class = event.text(Field::ToolClass);
    class.is_some_and(|class| OWN.contains(&class))
}

/// The texts of a call's arguments.
fn said_to(event: &Event) -> Option<Cow<'_, str>> {
    let written = event.text(Field::ToolArguments)?;
    // Longer ones are judged as they are written.
    let short = Some(written).filter(|written| written.len() <= MAX_BYTES);
    let arguments = short.and_then(|short| serde_json::from_str::<Json>(short).ok());
    Some(match arguments {
        Some(arguments) => Cow::Owned(texts_of(&arguments)),
        None => Cow::Borrowed(written),
    })
}

fn cut(text: Cow<'_, str>) -> Cow<'_, str> {
    let end = text.floor_char_boundary(MAX_BYTES);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(..end).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    fn event(fields: &[(Field, &str)]) -> Event {
        let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
        for (field, text) in fields {
            event.set_text(*field, text);
        }
        event
    }

    fn told(fields: &[(Field, &str)]) -> Option<(String, Need)> {
        let event = event(fields);
        let orders = orders(&event)?;
        Some((orders.text.into_owned(), orders.need))
    }

    #[test]
    fn what_comes_is_asked_or_is_said_to_others_is_judged() {
        let code = |code| (Field::EventCode, code);
        let text = |text| (Field::ContentText, text);
        let verb = |verb| (Field::Action, verb);
        let needed = |text: &str| Some((text.to_owned(), Need::Needed));
        for one in [
            "tool_result",
            "response",
            "download",
            "prompt",
            "message_send",
            "share",
        ] {
            assert_eq!(
                told(&[code(one), text("a text")]),
                needed("a text"),
                "{one}"
            );
            assert_eq!(told(&[code(one), text("")]), None, "{one}");
        }
        for one in ["upload", "paste", "app_action", "request"] {
            assert_eq!(told(&[code(one), text("a text")]), None, "{one}");
        }
        let mail = [code("request"), verb("send"), text("{\"raw\":\"a\"}")];
        assert_eq!(told(&mail), needed("{\"raw\":\"a\"}"));
        let asks = r#"{"model":"m","messages":[{"role":"user","content":"a text"}]}"#;
        let asks = told(&[code("request"), verb("other"), text(asks)]);
        assert_eq!(asks, Some(("a text".to_owned(), Need::Extra)));
        let own = [
            code("tool_result"),
            text("Work"),
            (Field::ToolClass, "agent"),
        ];
        assert_eq!(told(&own), None);
        let long = "é".repeat(MAX_BYTES);
        let (cut, _) = told(&[code("download"), text(&long)]).unwrap();
        assert_eq!(cut.len(), MAX_BYTES);
    }

    #[test]
    fn arguments_go_out_where_a_server_gets_them_or_a_message_is_sent() {
        let call = |verb: &'static str, server: Option<&'static str>, arguments: &'static str| {
            let mut fields = vec![
                (Field::EventCode, "tool_call"),
                (Field::Action, verb),
                (Field::ToolArguments, arguments),
            ];
            fields.extend(server.map(|server| (Field::ApiServiceName, server)));
            told(&fields)
        };
        let arguments = r#"{"to":"bo","body":{"text":"hello"}}"#;
        let said = Some(("hello\nbo".to_owned(), Need::Needed));
        let all = |found: Option<(String, Need)>| {
            let (text, need) = found?;
            let mut lines: Vec<_> = text.lines().collect();
            lines.sort_unstable_by(|one, two| two.cmp(one));
            Some((lines.join("\n"), need))
        };
        assert_eq!(all(call("send", None, arguments)), said);
        assert_eq!(all(call("update", Some("crm"), arguments)), said);
        assert_eq!(call("read", Some("crm"), arguments), None);
        assert_eq!(call("execute", None, r#"{"command":"ls"}"#), None);
        let broken = call("send", None, "{\"to\":");
        assert_eq!(broken, Some(("{\"to\":".to_owned(), Need::Needed)));
    }
}
