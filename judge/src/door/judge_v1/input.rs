//! Reads a question: what is not set is not known, and a number that no version knows is refused.

use std::time::Duration;

use magistrate_event::{Action, Arguments, ContentOrigin, Mode, Occasion, Verb};

use super::message::JudgeRequest;
use crate::door::fault::Fault;
use crate::request::Request;

/// The question that a message asks.
pub(super) fn request(message: JudgeRequest) -> Result<Request, Fault> {
    let session = message.session.unwrap_or_default();
    let tool = message.tool.unwrap_or_default();
    let destination = message.destination.unwrap_or_default();
    let app = message.app.unwrap_or_default();
    let file = message.file.unwrap_or_default();
    let content = message.content.unwrap_or_default();
    let arguments = tool.arguments_json.as_deref().map(Arguments::new);
    let action = Action {
        session: magistrate_event::Session {
            id: session.id,
            user: session.user,
            device: session.device,
            mode: one_of(Mode::ALL, session.mode, "session.mode")?,
            task: session.task,
        },
        occasion: one_of(Occasion::ALL, message.event, "event")?,
        verb: one_of(Verb::ALL, message.action, "action")?,
        tool: magistrate_event::Tool {
            name: tool.name,
            server: tool.server,
            arguments: arguments
                .transpose()
                .map_err(|error| Fault::Malformed(error.to_string()))?,
        },
        destination: magistrate_event::Destination {
            url: destination.url,
            domain: destination.domain,
            path: destination.path,
            method: destination.method,
            recipient: destination.recipient,
        },
        app: magistrate_event::App {
            id: app.id,
            category: app.category,
        },
        file: magistrate_event::File {
            name: file.name,
            path: file.path,
            media_type: file.media_type,
            size: file.size,
        },
        content: magistrate_event::Content {
            text: content.text,
            media_type: content.media_type,
            origin: one_of(ContentOrigin::ALL, content.origin, "content.origin")?,
            truncated: content.truncated,
            bytes: None,
        },
        ..Action::default()
    };
    Ok(Request {
        request_id: message.request_id,
        deadline: message.deadline_ms.map(Duration::from_millis),
        action,
    })
}

/// The word of a number: the proto's enums count from 1 in the order of ours.
fn one_of<T: Copy>(all: &[T], number: i32, name: &str) -> Result<Option<T>, Fault> {
    if number == 0 {
        return Ok(None);
    }
    let at = number
        .checked_sub(1)
        .and_then(|at| usize::try_from(at).ok());
    match at.and_then(|at| all.get(at)) {
        Some(word) => Ok(Some(*word)),
        None => Err(Fault::Malformed(format!(
            "cannot read judge request: `{name}` is {number}, which is none of 1 to {}",
            all.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::{Content, Session, Tool};
    use super::*;

    const PROTO: &str = include_str!("../../../proto/magistrate/judge/v1/judge.proto");

    #[test]
    fn the_words_of_the_proto_are_ours_in_our_order() {
        let of_proto = |name: &str| -> Vec<String> {
            let start = format!("enum {name} {{");
            let body = PROTO
                .split(&start)
                .nth(1)
                .unwrap()
                .split('}')
                .next()
                .unwrap();
            let words = body
                .lines()
                .filter_map(|line| line.trim().split_once(" = "));
            let prefix = format!("{}_", name.to_uppercase());
            let words = words.map(|(word, _)| word.strip_prefix(&prefix).unwrap().to_lowercase());
            words.skip(1).collect()
        };
        let ours = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
        let all = |words: &[Occasion]| ours(words.iter().map(|one| one.name()).collect());
        assert_eq!(of_proto("Event"), all(Occasion::ALL));
        let verbs = Verb::ALL.iter().map(|one| one.name()).collect();
        assert_eq!(of_proto("Action"), ours(verbs));
        let origins = ContentOrigin::ALL.iter().map(|one| one.name()).collect();
        assert_eq!(of_proto("Origin"), ours(origins));
        let modes = Mode::ALL.iter().map(|one| one.name()).collect();
        assert_eq!(of_proto("Mode"), ours(modes));
        let decisions = crate::decision::Decision::ALL.map(crate::decision::Decision::name);
        assert_eq!(of_proto("Decision"), ours(decisions.to_vec()));
    }

    #[test]
    fn what_is_not_set_is_not_known() {
        assert_eq!(
            request(JudgeRequest::default()).unwrap(),
            Request::default()
        );
    }

    #[test]
    fn a_number_that_is_no_word_and_arguments_that_are_no_object_are_refused() {
        let told = |message: JudgeRequest| request(message).unwrap_err().to_string();
        let event = JudgeRequest {
            event: 12,
            ..JudgeRequest::default()
        };
        assert!(told(event).contains("`event` is 12"));
        let mode = JudgeRequest {
            session: Some(Session {
                mode: -1,
                ..Session::default()
            }),
            ..JudgeRequest::default()
        };
        assert!(told(mode).contains("`session.mode` is -1"));
        let arguments = JudgeRequest {
            tool: Some(Tool {
                arguments_json: Some("[]".to_owned()),
                ..Tool::default()
            }),
            ..JudgeRequest::default()
        };
        assert!(told(arguments).contains("no JSON object"));
        let origin = JudgeRequest {
            content: Some(Content {
                origin: i32::MIN,
                ..Content::default()
            }),
            ..JudgeRequest::default()
        };
        assert!(told(origin).contains("`content.origin`"));
    }
}
