//! Reads a judge request: JSON, in which what is missing is not known.

use std::time::Duration;

use magistrate_event::{Action, App, Content, Destination, File, Occasion, Session, Tool, Verb};
use serde::Deserialize;

use crate::misfit::misfit;

/// Longer texts of a single line of facts are refused: names, addresses, ids.
const MAX_FACT_BYTES: usize = 16 * 1024;
/// Longer tasks are refused.
const MAX_TASK_BYTES: usize = 256 * 1024;
/// A caller's own id of a request.
const MAX_REQUEST_ID_BYTES: usize = 256;

/// What is asked, and until when.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// The caller's own id of the request.
    pub request_id: Option<String>,
    /// How long the caller waits.
    pub deadline: Option<Duration>,
    /// The action.
    pub action: Action,
}

/// Why a body is no request.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Some other JSON.
    #[error("cannot read judge request: it is no JSON object")]
    NoObject,
    /// Not JSON, or of other types.
    #[error("cannot read judge request: {}", misfit(.0))]
    Json(#[from] serde_json::Error),
    /// A text is over its limit.
    #[error("cannot take judge request: `{name}` is longer than {max_bytes} bytes")]
    Long {
        /// The field.
        name: &'static str,
        /// The limit.
        max_bytes: usize,
    },
}

/// The request as it stands on the wire; unknown fields are ignored.
#[derive(Deserialize)]
struct Wire {
    request_id: Option<String>,
    deadline_ms: Option<u64>,
    session: Option<Session>,
    event: Option<Occasion>,
    action: Option<Verb>,
    tool: Option<Tool>,
    destination: Option<Destination>,
    app: Option<App>,
    file: Option<File>,
    content: Option<Content>,
}

impl Request {
    /// Reads the JSON of a request.
    ///
    /// # Errors
    /// When it is no JSON, a field has another type than it should, or a text is over its limit.
    pub fn read(json: &[u8]) -> Result<Self, RequestError> {
        // A list of values would do for the members of an object.
        if json
            .trim_ascii_start()
            .first()
            .is_some_and(|first| *first != b'{')
        {
            return Err(RequestError::NoObject);
        }
        let wire: Wire = serde_json::from_slice(json)?;
        let request = Self {
            request_id: wire.request_id,
            deadline: wire.deadline_ms.map(Duration::from_millis),
            action: Action {
                session: wire.session.unwrap_or_default(),
                occasion: wire.event,
                verb: wire.action,
                tool: wire.tool.unwrap_or_default(),
                destination: wire.destination.unwrap_or_default(),
                app: wire.app.unwrap_or_default(),
                file: wire.file.unwrap_or_default(),
                content: wire.content.unwrap_or_default(),
                ..Action::default()
            },
        };
        request.check()?;
        Ok(request)
    }

    /// Whether every text but content and arguments is within its limit; doors of other protocols
    /// ask, too.
    ///
    /// # Errors
    /// With the first that is not.
    pub fn check(&self) -> Result<(), RequestError> {
        let Action {
            session,
            tool,
            destination,
            app,
            file,
            content,
            ..
        } = &self.action;
        let facts = [
            ("session.id", &session.id),
            ("session.user", &session.user),
            ("session.device", &session.device),
            ("tool.name", &tool.name),
            ("tool.server", &tool.server),
            ("destination.url", &destination.url),
            ("destination.domain", &destination.domain),
            ("destination.path", &destination.path),
            ("destination.method", &destination.method),
            ("destination.recipient", &destination.recipient),
            ("app.id", &app.id),
            ("app.category", &app.category),
            ("file.name", &file.name),
            ("file.path", &file.path),
            ("file.media_type", &file.media_type),
            ("content.media_type", &content.media_type),
        ];
        let limits = facts
            .iter()
            .map(|(name, text)| (*name, *text, MAX_FACT_BYTES));
        let longer = [
            ("session.task", &session.task, MAX_TASK_BYTES),
            ("request_id", &self.request_id, MAX_REQUEST_ID_BYTES),
        ];
        for (name, text, max_bytes) in limits.chain(longer) {
            if text.as_ref().is_some_and(|text| text.len() > max_bytes) {
                return Err(RequestError::Long { name, max_bytes });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{ContentOrigin, Mode};

    use super::*;

    fn fault(json: &str) -> String {
        Request::read(json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn every_field_is_read_and_unknown_ones_are_ignored() {
        let json = r#"{"request_id":"r","deadline_ms":50,"new":1,
            "session":{"id":"s","user":"u","device":"d","mode":"containment","task":"t","x":[]},
            "event":"message_send","action":"send",
            "tool":{"name":"n","server":"v","arguments":{"a":[1]}},
            "destination":{"url":"https://a.example/","domain":"a.example","path":"/","method":"POST","recipient":"r@x.example"},
            "app":{"id":"i","category":"finance"},
            "file":{"name":"f","path":"p","media_type":"m","size":7},
            "content":{"text":"","media_type":"text/html","origin":"email","truncated":true}}"#;
        let request = Request::read(json.as_bytes()).unwrap();
        assert_eq!(request.deadline, Some(Duration::from_millis(50)));
        let action = request.action;
        assert_eq!(action.session.mode, Some(Mode::Containment));
        assert_eq!(action.verb, Some(Verb::Send));
        assert_eq!(action.tool.arguments.unwrap().as_json(), r#"{"a":[1]}"#);
        assert_eq!(action.file.size, Some(7));
        assert_eq!(action.content.text.as_deref(), Some(""));
        assert_eq!(action.content.origin, Some(ContentOrigin::Email));
    }

    #[test]
    fn what_is_missing_or_null_is_unknown() {
        let empty = Request::read(b"{}").unwrap();
        assert_eq!(empty, Request::default());
        let nulls = br#"{"request_id":null,"session":null,"event":null,"content":{"text":null}}"#;
        assert_eq!(Request::read(nulls).unwrap(), empty);
    }

    #[test]
    fn what_is_no_request_is_told() {
        for (json, expected) in [
            ("", "EOF"),
            ("[\"r\", 50]", "no JSON object"),
            (
                "{\"event\":\"dance\"}",
                "unknown variant: expected one of `request`",
            ),
            ("{\"file\":{\"size\":-1}}", "invalid value"),
            ("{\"tool\":{\"arguments\":\"{}\"}}", "no JSON object"),
            ("{\"content\":{\"text\":1}}", "invalid type"),
        ] {
            let fault = fault(json);
            assert!(fault.contains(expected), "{json}: {fault}");
        }
        assert!(Request::read(b"{\"request_id\":\"\xff\"}").is_err());
        let deep = format!(
            "{{\"tool\":{{\"arguments\":{{\"a\":{}{}}}}}}}",
            "[".repeat(5000),
            "]".repeat(5000)
        );
        assert!(fault(&deep).contains("deeper than 64"));
        let ignored = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Request::read(ignored.as_bytes()).is_ok());
        let long = format!("{{\"destination\":{{\"url\":\"{}\"}}}}", "x".repeat(16_385));
        assert!(fault(&long).contains("`destination.url` is longer than 16384"));
    }
}
