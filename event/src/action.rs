//! An action that is about to happen, as whoever may still stop it describes it.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// Writes an enum of fixed words, as requests, rules and rows spell them.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$of])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// As requests, rules and rows spell it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

words! {
    /// What is going on: the judge request's `event`.
    Occasion {
        /// A request on its way out.
        Request "request",
        /// An answer on its way in.
        Response "response",
        /// A tool is about to be called.
        ToolCall "tool_call",
        /// A tool has answered.
        ToolResult "tool_result",
        /// The user has asked for something.
        Prompt "prompt",
        /// Something is about to be uploaded.
        Upload "upload",
        /// Something is about to be shared.
        Share "share",
        /// A message is about to be sent.
        MessageSend "message_send",
        /// Something is about to be pasted.
        Paste "paste",
        /// Something is about to be downloaded.
        Download "download",
        /// An application is about to be acted in.
        AppAction "app_action",
    }
}

words! {
    /// What the action does: the judge request's `action`.
    Verb {
        /// Looks.
        Read "read",
        /// Makes something new.
        Create "create",
        /// Changes something.
        Update "update",
        /// Takes something away.
        Delete "delete",
        /// Sends a message.
        Send "send",
        /// Lets others see something.
        Share "share",
        /// Sends a file.
        Upload "upload",
        /// Fetches a file.
        Download "download",
        /// Spends money.
        Purchase "purchase",
        /// Changes accounts, rights or settings.
        Admin "admin",
        /// Runs something.
        Execute "execute",
        /// None of these.
        Other "other",
    }
}

words! {
    /// Where content came from. What is not known is `unknown`, and trusted no more than a page.
    ContentOrigin {
        /// The user wrote it.
        User "user",
        /// A web page.
        Webpage "webpage",
        /// A message.
        Email "email",
        /// A file.
        Document "document",
        /// A tool's answer.
        Tool "tool",
        /// Nobody knows.
        Unknown "unknown",
    }
}

/// An action, before it happens. What is missing is not known, which is not the same as empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Action {
    /// Who acts, and for what.
    pub session: Session,
    /// What is going on.
    pub occasion: Option<Occasion>,
    /// What the action does.
    pub verb: Option<Verb>,
    /// The tool that is called.
    pub tool: Tool,
    /// Where it goes.
    pub destination: Destination,
    /// The application that is acted in.
    pub app: App,
    /// The file that is acted on.
    pub file: File,
    /// What is sent, shown or read.
    pub content: Content,
    /// What else the door was told: names and texts that have no place above.
    pub told: Vec<(String, String)>,
    /// `code` where the door knows its caller to be Claude Code; see `magistrate.surface`.
    pub surface: Option<&'static str>,
    /// Id of the call of a tool, the same in hooks and telemetry.
    pub call_id: Option<String>,
    /// Id of the user's turn, the same in hooks and telemetry.
    pub prompt_id: Option<String>,
    /// Whether the judged request bore a session; none where the door cannot tell.
    pub session_bearing: Option<bool>,
    /// What the files that it carries are.
    pub files: FilesSeen,
}

/// What files are, by content and by name; each word once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FilesSeen {
    /// Traits, such as `executable` or `archive.script`.
    pub traits: Vec<&'static str>,
    /// Types by content, such as `exe` or `zip`.
    pub types: Vec<&'static str>,
    /// Whether a body in several parts holds one that has a file name.
    pub is_form: bool,
}

/// Who acts, and for what.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Session {
    /// The session.
    pub id: Option<String>,
    /// The user: an address or another name.
    pub user: Option<String>,
    /// The device.
    pub device: Option<String>,
    /// `native` or `containment`.
    pub mode: Option<Mode>,
    /// What the user asked for.
    pub task: Option<String>,
}

words! {
    /// Which of the two deployments the session belongs to.
    Mode {
        /// Ordinary work, with the user's own accounts.
        Native "native",
        /// Set apart: test accounts, listed sites.
        Containment "containment",
    }
}

/// The tool that is called.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Tool {
    /// Its name, `mcp__server__tool` included.
    pub name: Option<String>,
    /// The MCP server.
    pub server: Option<String>,
    /// Its arguments.
    pub arguments: Option<Arguments>,
}

/// Where an action goes.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Destination {
    /// The whole URL.
    pub url: Option<String>,
    /// The host.
    pub domain: Option<String>,
    /// The URL's path, query included.
    pub path: Option<String>,
    /// The HTTP method.
    pub method: Option<String>,
    /// Recipients of a message or share, separated by commas.
    pub recipient: Option<String>,
}

/// The application that is acted in.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct App {
    /// Its id, such as `com.apple.mail`.
    pub id: Option<String>,
    /// Its category, such as `finance`.
    pub category: Option<String>,
}

/// The file that is acted on.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct File {
    /// Its name.
    pub name: Option<String>,
    /// Its path.
    pub path: Option<String>,
    /// Its media type.
    pub media_type: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
}

/// What is sent, shown or read.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Content {
    /// The text, or a sample of it.
    pub text: Option<String>,
    /// Its media type.
    pub media_type: Option<String>,
    /// Where it came from.
    pub origin: Option<ContentOrigin>,
    /// Whether the text is only a part of it.
    pub truncated: Option<bool>,
    /// The content as it is, where that is no text and a door has it.
    #[serde(skip)]
    pub bytes: Option<Bytes>,
}

/// Arguments of a tool: the JSON text of an object that is neither too deep nor too large to be
/// read by everybody behind.
#[derive(Clone, PartialEq, Eq)]
pub struct Arguments(String);

/// Objects and lists inside one another; deeper ones some reader behind would leave out.
pub const MAX_ARGUMENT_DEPTH: usize = 64;
/// Values of one call's arguments.
pub const MAX_ARGUMENT_VALUES: usize = 100_000;

/// Why a text is no [`Arguments`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentsError {
    /// Not JSON, or no object.
    #[error("tool arguments are no JSON object")]
    NoObject,
    /// Too deep.
    #[error("tool arguments are deeper than {MAX_ARGUMENT_DEPTH} levels")]
    Deep,
    /// Too many.
    #[error("tool arguments have more than {MAX_ARGUMENT_VALUES} values")]
    Many,
}

impl Arguments {
    /// Takes the JSON text of an object.
    ///
    /// # Errors
    /// When it is none, or over a limit.
    pub fn new(json: &str) -> Result<Self, ArgumentsError> {
        let raw: &RawValue = serde_json::from_str(json).map_err(|_| ArgumentsError::NoObject)?;
        Self::of_raw(raw)
    }

    fn of_raw(raw: &RawValue) -> Result<Self, ArgumentsError> {
        let json = raw.get();
        if !json.starts_with('{') {
            return Err(ArgumentsError::NoObject);
        }
        let (mut depth, mut values, mut is_text, mut is_escaped) = (0_usize, 1_usize, false, false);
        for byte in json.bytes() {
            if is_text {
                is_text = is_escaped || byte != b'"';
                is_escaped = !is_escaped && byte == b'\\';
                continue;
            }
            match byte {
                b'"' => is_text = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                b',' => values += 1,
                _ => {}
            }
            if depth > MAX_ARGUMENT_DEPTH {
                return Err(ArgumentsError::Deep);
            }
            if values > MAX_ARGUMENT_VALUES {
                return Err(ArgumentsError::Many);
            }
        }
        Ok(Self(json.to_owned()))
    }

    /// The JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Arguments {
    /// Arguments may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arguments({} bytes)", self.0.len())
    }
}

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::of_raw(&raw).map_err(serde::de::Error::custom)
    }
}

impl Action {
    /// Bytes of text that must be searched.
    pub fn text_bytes(&self) -> usize {
        let arguments = self.tool.arguments.as_ref().map_or(0, |one| one.0.len());
        let content = self.content.text.as_ref().map_or(0, String::len);
        let told: usize = self.told.iter().map(|(_, text)| text.len()).sum();
        let task = self.session.task.as_ref().map_or(0, String::len);
        arguments + content + told + task
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_an_object_within_limits() {
        let deep =
            |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        let many = |count: usize| format!("{{\"a\":[{}0]}}", "0,".repeat(count));
        for (json, expected) in [
            ("{}".to_owned(), None),
            (r#"{"a":"[[[[","b":"\"{"}"#.to_owned(), None),
            (deep(63), None),
            (deep(64), Some(ArgumentsError::Deep)),
            (deep(100_000), Some(ArgumentsError::Deep)),
            (many(99_999), None),
            (many(100_000), Some(ArgumentsError::Many)),
            ("[]".to_owned(), Some(ArgumentsError::NoObject)),
            ("\"{}\"".to_owned(), Some(ArgumentsError::NoObject)),
            ("{".to_owned(), Some(ArgumentsError::NoObject)),
        ] {
            assert_eq!(Arguments::new(&json).err(), expected);
        }
    }

    #[test]
    fn missing_is_not_empty() {
        let tool: Tool = serde_json::from_str(r#"{"name":"","server":null}"#).unwrap();
        assert_eq!(tool.name.as_deref(), Some(""));
        assert_eq!((tool.server, tool.arguments), (None, None));
        assert!(serde_json::from_str::<Tool>(r#"{"arguments":[1]}"#).is_err());
        assert!(
            serde_json::from_str::<Tool>(r#"{"arguments":null}"#)
                .unwrap()
                .arguments
                .is_none()
        );
    }
}
