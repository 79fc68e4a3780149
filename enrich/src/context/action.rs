//! What an action does, to what, and with which text: read off one event.

use magistrate_event::{Cell, Class, Event, Field, Value};

/// The columns of one event that an action is made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Action<'a> {
    /// `read`, `send`, …
    pub(super) kind: Option<&'a str>,
    pub(super) tool: Option<&'a str>,
    /// `web`, `mcp`, `execute`, …
    pub(super) tool_class: Option<&'a str>,
    pub(super) path_class: Option<&'a str>,
    pub(super) server: Option<&'a str>,
    pub(super) host: Option<&'a str>,
    pub(super) domain: Option<&'a str>,
    pub(super) recipient_domain: Option<&'a str>,
    /// Recipients, as they are written.
    pub(super) recipient: Option<&'a str>,
    pub(super) file: Option<&'a str>,
    pub(super) command: Option<&'a str>,
    pub(super) arguments: Option<&'a str>,
    pub(super) url: Option<&'a str>,
    pub(super) content: Option<&'a str>,
    pub(super) operation: Option<&'a str>,
}

/// Where content came from, by how far it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Page,
    Email,
    Document,
    /// A connector or a local MCP server.
    Tool,
    /// What stands on the screen.
    Screen,
    /// A file of the user's.
    File,
    /// What a command printed.
    Command,
}

impl Origin {
    /// As the judge's callers name it.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "webpage" => Self::Page,
            "email" => Self::Email,
            "document" => Self::Document,
            "tool" => Self::Tool,
            _ => return None,
        })
    }

    /// Whether others than the user can write it.
    pub(super) const fn is_untrusted(self) -> bool {
        match self {
            Self::Page | Self::Email | Self::Document | Self::Tool | Self::Screen => true,
            Self::File | Self::Command => false,
        }
    }

    /// What labels begin with.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Email => "email",
            Self::Document => "document",
            Self::Tool => "tool",
            Self::Screen => "screen",
            Self::File => "file",
            Self::Command => "command",
        }
    }
}

/// How far an action is from the tool that was made for it (GUIDE.md S88).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rung {
    Connector,
    Browser,
    Screen,
}

impl Rung {
    pub(super) const ALL: [Self; 3] = [Self::Connector, Self::Browser, Self::Screen];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Connector => "connector",
            Self::Browser => "browser",
            Self::Screen => "screen",
        }
    }
}

impl<'a> Action<'a> {
    /// Takes a column over, if it is one of an action's.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of all columns few tell of this, and a new one tells of it by being named here"
    )]
    pub(super) fn take(&mut self, field: Field, cell: &Cell<'a>) {
        let Cell::Text(text) = cell else { return };
        let place = match field {
            Field::Action => &mut self.kind,
            Field::ApiOperation => &mut self.operation,
            Field::ToolClass => &mut self.tool_class,
            Field::PathClass => &mut self.path_class,
            Field::ApiServiceName => &mut self.server,
            Field::UrlHostname => &mut self.host,
            Field::DstHostname if self.host.is_none() => &mut self.host,
            Field::DestinationDomain => &mut self.domain,
            Field::UrlDomain if self.domain.is_none() => &mut self.domain,
            Field::RecipientDomain => &mut self.recipient_domain,
            Field::Recipient => &mut self.recipient,
            Field::FilePath => &mut self.file,
            Field::CmdLine => &mut self.command,
            Field::ToolArguments => &mut self.arguments,
            Field::UrlString => &mut self.url,
            Field::ContentText => &mut self.content,
            _ => return,
        };
        *place = Some(text);
    }

    /// Called once all columns were taken: an operation is a tool's where a class says so.
    pub(super) fn finish(&mut self) {
        self.tool = self.operation.filter(|_| self.tool_class.is_some());
    }

    /// Where the action goes: the recipient's domain, else the registrable domain, else the host.
    pub(super) fn destination(&self) -> Option<&'a str> {
        self.recipient_domain.or(self.domain).or(self.host)
    }

    /// Where an MCP server goes: whom it writes to is the user's affair.
    pub(super) fn place_of_server(&self) -> Option<&'a str> {
        self.domain.or(self.host)
    }

    /// The rung of the ladder that it stands on.
    pub(super) fn rung(&self) -> Option<Rung> {
        match (self.path_class, self.tool_class) {
            (Some("computer_use"), _) => Some(Rung::Screen),
            (Some("chrome_bridge" | "browser"), _) => Some(Rung::Browser),
            (Some("remote_connector" | "local_mcp"), _) | (_, Some("mcp")) => Some(Rung::Connector),
            (_, _) => None,
        }
    }

    /// Where what the action brings in comes from; none where it brings in nothing.
    pub(super) fn origin(&self) -> Option<Origin> {
        let brings = matches!(
            self.kind,
            Some("read" | "download" | "execute" | "other") | None
        );
        if !brings {
            return None;
        }
        match self.rung() {
            Some(Rung::Screen) => return Some(Origin::Screen),
            Some(Rung::Browser) => return Some(Origin::Page),
            Some(Rung::Connector) => return Some(self.origin_of_server()),
            None => {}
        }
        match self.tool_class {
            Some("web") => Some(Origin::Page),
            Some("read") => {
                let file = self.file?;
                Some(if is_from_outside(file) {
                    Origin::Document
                } else {
                    Origin::File
                })
            }
            Some("execute") => Some(if self.command.is_some_and(fetches) {
                Origin::Page
            } else {
                Origin::Command
            }),
            Some(_) | None => None,
        }
    }

    fn origin_of_server(&self) -> Origin {
        let server = self.server.unwrap_or_default().to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| server.contains(word));
        if has(&["mail", "outlook", "exchange"]) {
            Origin::Email
        } else if has(&[
            "drive",
            "docs",
            "sharepoint",
            "notion",
            "confluence",
            "dropbox",
            "box",
        ]) {
            Origin::Document
        } else {
            Origin::Tool
        }
    }

    /// What a person reads as the place that content came from, behind the origin's name.
    pub(super) fn place(&self, origin: Origin) -> &'a str {
        let place = match origin {
            Origin::Page => self.host.or(self.domain).or(self.operation),
            Origin::File => self.file,
            Origin::Document => self.file.or(self.server),
            Origin::Email | Origin::Tool => self.server,
            Origin::Screen => self.operation,
            Origin::Command => self.command,
        };
        place.unwrap_or_default()
    }

    /// The texts that the action carries out.
    pub(super) fn outgoing(&self) -> impl Iterator<Item = &'a str> {
        [self.arguments, self.command, self.url, self.content]
            .into_iter()
            .flatten()
    }
}

/// Whether a file came from elsewhere by the folder that it lies in.
fn is_from_outside(path: &str) -> bool {
    path.split(['/', '\\'])
        .any(|part| matches!(part, "Downloads" | "uploads" | "attachments"))
}

/// Whether a command brings in what others wrote.
fn fetches(command: &str) -> bool {
    ["curl ", "wget ", "http://", "https://"]
        .iter()
        .any(|word| command.contains(word))
}

/// The texts of what a tool gave back, as a span's `tool.output` events carry them.
pub(super) fn outputs(event: &Event) -> Vec<&str> {
    if event.class() != Class::Span {
        return Vec::new();
    }
    let Some(Value::List(events)) = event.value(Field::SpanEvents) else {
        return Vec::new();
    };
    let mut texts = Vec::new();
    for entry in events {
        let Value::Map(entries) = entry else { continue };
        let is_output = entries.iter().any(|(_, value)| {
            value.as_text().map(|text| event.resolve(text)) == Some("tool.output")
        });
        if is_output {
            push_texts(event, entry, 0, &mut texts);
        }
    }
    texts
}

/// What says what was asked for, not what came back.
const ASKED: [&str; 5] = ["file_path", "bash_command", "name", "command", "pattern"];

fn push_texts<'a>(event: &'a Event, value: &'a Value, depth: u8, texts: &mut Vec<&'a str>) {
    match value {
        Value::Text(text) => texts.push(event.resolve(*text)),
        Value::Map(entries) if depth < 4 => {
            for (key, value) in entries {
                if !ASKED.contains(&event.resolve(*key)) {
                    push_texts(event, value, depth + 1, texts);
                }
            }
        }
        Value::List(items) if depth < 4 => {
            for item in items {
                push_texts(event, item, depth + 1, texts);
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Time(_)
        | Value::List(_)
        | Value::Map(_) => {}
    }
}
