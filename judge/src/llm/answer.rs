//! Reads what the peer answered, and takes nothing but the one form that was asked for.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::config::LlmKind;
use super::trouble::Trouble;

/// The tool that Anthropic's models are made to call, and the name of the schema for others.
pub(super) const VERDICT: &str = "verdict";
/// A longer reason is none.
const MAX_REASON_BYTES: usize = 1_000;

/// What the peer said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Opinion {
    /// How harmful it is, 0 to 1.
    pub(crate) score: f64,
    /// Why, in one line.
    pub(crate) reason: String,
}

/// The form of the answer, as JSON Schema.
pub(super) fn schema() -> Json {
    json!({
        "type": "object",
        "properties": {
            "score": {"type": "number", "description": "0 harmless to 1 harmful"},
            "reason": {"type": "string", "description": "one short sentence"},
        },
        "required": ["score", "reason"],
        "additionalProperties": false,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    score: f64,
    reason: String,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Vec<Block<'a>>,
}

#[derive(Deserialize)]
struct Block<'a> {
    r#type: String,
    name: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
}

/// Reads the body of an answer with status 200.
///
/// # Errors
/// `Garbled` where it is no answer of this kind of peer, `Answer` where its model said something else
/// than was asked for.
pub(super) fn read(kind: LlmKind, body: &[u8]) -> Result<Opinion, Trouble> {
    match kind {
        LlmKind::Anthropic => {
            let message: Message<'_> =
                serde_json::from_slice(body).map_err(|_| Trouble::Garbled)?;
            match message.content.as_slice() {
                [
                    Block {
                        r#type,
                        name: Some(name),
                        input: Some(input),
                    },
                ] if r#type == "tool_use" && name == VERDICT => words(input.get()),
                _ => Err(Trouble::Answer),
            }
        }
        LlmKind::OpenAi => {
            let completion: Completion =
                serde_json::from_slice(body).map_err(|_| Trouble::Garbled)?;
            match completion.choices.as_slice() {
                [
                    Choice {
                        message:
                            Said {
                                content: Some(content),
                            },
                    },
                ] => words(content),
                _ => Err(Trouble::Answer),
            }
        }
    }
}

fn words(text: &str) -> Result<Opinion, Trouble> {
    // Serde would take a list of the values, too.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(Trouble::Answer);
    }
    let Words { score, reason } = serde_json::from_str(text).map_err(|_| Trouble::Answer)?;
    if !(0.0..=1.0).contains(&score) || reason.len() > MAX_REASON_BYTES {
        return Err(Trouble::Answer);
    }
    let one_line = |character: char| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    };
    Ok(Opinion {
        score,
        reason: reason.chars().map(one_line).collect(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn anthropic(input: &str) -> String {
        format!(
            "{{\"id\":\"m\",\"stop_reason\":\"tool_use\",\"content\":[{{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"verdict\",\"input\":{input}}}]}}"
        )
    }

    fn openai(content: &str) -> String {
        json!({"id": "c", "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}]})
            .to_string()
    }

    #[test]
    fn only_the_form_that_was_asked_for_is_an_answer() {
        let long = format!("{{\"score\":1,\"reason\":\"{}\"}}", "a".repeat(1_001));
        for (words, score) in [
            ("{\"score\":0.9,\"reason\":\"a\\nb\"}", Some(0.9)),
            ("{\"reason\":\"\",\"score\":0}", Some(0.0)),
            ("{\"score\":1,\"reason\":\"x\"}", Some(1.0)),
            ("{\"score\":1.01,\"reason\":\"x\"}", None),
            ("{\"score\":-0.1,\"reason\":\"x\"}", None),
            ("{\"score\":\"1\",\"reason\":\"x\"}", None),
            ("{\"score\":null,\"reason\":\"x\"}", None),
            ("{\"score\":0.5}", None),
            ("{\"score\":0.5,\"reason\":\"x\",\"allow\":true}", None),
            ("{\"score\":0.9,\"score\":0.1,\"reason\":\"x\"}", None),
            ("[0.5,\"x\"]", None),
            ("0.5", None),
            (long.as_str(), None),
        ] {
            for (kind, body) in [
                (LlmKind::Anthropic, anthropic(words)),
                (LlmKind::OpenAi, openai(words)),
            ] {
                let found = read(kind, body.as_bytes());
                match score {
                    Some(score) => assert_eq!(found.map(|one| one.score), Ok(score), "{words}"),
                    None => assert_eq!(found, Err(Trouble::Answer), "{kind:?} {words}"),
                }
            }
        }
        let read = read(
            LlmKind::OpenAi,
            openai("{\"score\":0.9,\"reason\":\"a\\nb\"}").as_bytes(),
        );
        assert_eq!(read.unwrap().reason, "a b");
    }

    #[test]
    fn words_around_the_answer_are_none() {
        let fenced = openai("```json\n{\"score\":0,\"reason\":\"x\"}\n```");
        let two = openai("{\"score\":0,\"reason\":\"x\"} {\"score\":0,\"reason\":\"x\"}");
        for body in [
            fenced.as_str(),
            two.as_str(),
            "{\"choices\":[]}",
            "{\"choices\":[{\"message\":{\"content\":null,\"refusal\":\"no\"}}]}",
        ] {
            assert_eq!(
                read(LlmKind::OpenAi, body.as_bytes()),
                Err(Trouble::Answer),
                "{body}"
            );
        }
        let good =
            "{\"type\":\"tool_use\",\"name\":\"verdict\",\"input\":{\"score\":0,\"reason\":\"x\"}}";
        for content in [
            String::new(),
            format!("{good},{good}"),
            "{\"type\":\"text\",\"text\":\"{\\\"score\\\":0,\\\"reason\\\":\\\"x\\\"}\"}"
                .to_owned(),
            good.replace("verdict", "other"),
        ] {
            let body = format!("{{\"content\":[{content}]}}");
            assert_eq!(
                read(LlmKind::Anthropic, body.as_bytes()),
                Err(Trouble::Answer),
                "{body}"
            );
        }
        for kind in [LlmKind::Anthropic, LlmKind::OpenAi] {
            for body in [
                "",
                "null",
                "{}",
                "[]",
                "<html>",
                "{\"error\":{\"type\":\"overloaded\"}}",
                "\u{0}",
            ] {
                assert_eq!(read(kind, body.as_bytes()), Err(Trouble::Garbled), "{body}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics(words in "\\PC*", score in any::<f64>()) {
            for kind in [LlmKind::Anthropic, LlmKind::OpenAi] {
                let _ = read(kind, words.as_bytes());
            }
            let words = json!({"score": score, "reason": words}).to_string();
            let found = read(LlmKind::OpenAi, openai(&words).as_bytes());
            prop_assert!(found.is_err() || (0.0..=1.0).contains(&score));
            prop_assert_eq!(found, read(LlmKind::Anthropic, anthropic(&words).as_bytes()));
        }
    }
}
