//! Which texts of a record can give an agent orders: what tools brought, and what was typed or pasted.

use magistrate_event::{Cell, Event, Field, Value};

/// Longer texts are judged up to here.
const MAX_BYTES: usize = 256 * 1_024;
/// Spans have few events; more texts than this of one record are not looked at.
const MAX_TEXTS: usize = 16;
/// The name of the span event with a tool's output, and its attributes that hold text from outside.
const TOOL_OUTPUT: &str = "tool.output";
const OUTPUTS: [&str; 3] = ["output", "content", "result"];

/// A text that somebody else than the model may have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Untrusted<'a> {
    /// The column that it stands in.
    pub(super) field: Field,
    pub(super) text: &'a str,
}

/// The texts of `event` that are worth judging. What the model itself wrote is not, nor is what the
/// client left out.
pub(super) fn texts(event: &Event) -> Vec<Untrusted<'_>> {
    let content = content(event).into_iter().map(|text| Untrusted {
        field: Field::ContentText,
        text,
    });
    let outputs = outputs(event).into_iter().map(|text| Untrusted {
        field: Field::SpanEvents,
        text,
    });
    content
        .chain(outputs)
        .take(MAX_TEXTS)
        .map(|one| Untrusted {
            text: start_of(one.text),
            ..one
        })
        .collect()
}

/// The same, for those who do not ask where they stand.
pub(crate) fn untrusted_texts(event: &Event) -> Vec<String> {
    let texts = texts(event).into_iter();
    texts.map(|one| one.text.to_owned()).collect()
}

fn content(event: &Event) -> Option<&str> {
    let is_there = matches!(
        event.text(Field::ContentState),
        Some("captured" | "truncated")
    );
    let is_foreign = matches!(
        event.text(Field::EventCode),
        Some("user_prompt" | "prompt" | "tool_result")
    );
    let text = event.text(Field::ContentText)?;
    (is_there && is_foreign).then_some(text)
}

fn outputs(event: &Event) -> Vec<&str> {
    let found = event.cells().find(|(field, _)| *field == Field::SpanEvents);
    let Some((_, Cell::Tree(Value::List(events)))) = found else {
        return Vec::new();
    };
    let outputs = events
        .iter()
        .filter(|one| text_of(event, one, "name") == Some(TOOL_OUTPUT))
        .filter_map(|one| get(event, one, "attributes"));
    outputs
        .flat_map(|attributes| OUTPUTS.map(|name| text_of(event, attributes, name)))
        .flatten()
        .collect()
}

fn get<'a>(event: &Event, map: &'a Value, key: &str) -> Option<&'a Value> {
    let Value::Map(entries) = map else {
        return None;
    };
    let found = entries.iter().find(|(name, _)| event.resolve(*name) == key);
    found.map(|(_, value)| value)
}

fn text_of<'a>(event: &'a Event, map: &Value, key: &str) -> Option<&'a str> {
    let text = get(event, map, key)?.as_text()?;
    Some(event.resolve(text))
}

fn start_of(text: &str) -> &str {
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    fn event(code: &str, state: &str) -> Event {
        let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
        event.set_text(Field::EventCode, code);
        event.set_text(Field::ContentState, state);
        event.set_text(Field::ContentText, "a text");
        event
    }

    #[test]
    fn what_the_model_wrote_or_the_client_left_out_is_not_judged() {
        for (code, state, count) in [
            ("user_prompt", "captured", 1),
            ("prompt", "captured", 1),
            ("tool_result", "truncated", 1),
            ("user_prompt", "redacted_by_client", 0),
            ("assistant_response", "captured", 0),
            ("api_request_body", "captured", 0),
        ] {
            assert_eq!(texts(&event(code, state)).len(), count, "{code} {state}");
        }
    }

    #[test]
    fn outputs_of_tools_are_found_in_spans() {
        let mut event = Event::new(Class::Span, 1, Timestamp::default());
        let mut map = |entries: &[(&str, Value)]| {
            let made = entries
                .iter()
                .map(|(key, value)| (event.push_key(key), value.clone()));
            Value::Map(made.collect())
        };
        let empty = map(&[]);
        let text = |event: &mut Event, text: &str| Value::Text(event.push_text(text));
        let (name, output, file) = (
            text(&mut event, "tool.output"),
            text(&mut event, "what the page says"),
            text(&mut event, "/tmp/x"),
        );
        let mut map = |entries: &[(&str, Value)]| {
            let made = entries
                .iter()
                .map(|(key, value)| (event.push_key(key), value.clone()));
            Value::Map(made.collect())
        };
        let attributes = map(&[("file_path", file), ("content", output)]);
        let tool = map(&[("name", name), ("attributes", attributes)]);
        event.set(Field::SpanEvents, Value::List(vec![empty, tool]));
        let found = texts(&event);
        assert_eq!(
            found,
            [Untrusted {
                field: Field::SpanEvents,
                text: "what the page says"
            }]
        );
    }

    #[test]
    fn a_long_text_is_judged_up_to_a_limit() {
        let long = "é".repeat(MAX_BYTES);
        assert_eq!(start_of(&long).len(), MAX_BYTES);
        let mut odd = "a".to_owned();
        odd.push_str(&long);
        assert_eq!(start_of(&odd).len(), MAX_BYTES - 1);
    }
}
