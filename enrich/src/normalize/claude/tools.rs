//! Knows Claude's tools: which class a call belongs to, what it does, and by which path.

use std::borrow::Cow;

use magistrate_event::{Class, Field, Value};

use super::acts::action_of;
use super::arguments::Arguments;
use super::local_paths::{Callee, fill_local_paths};
use super::mcp_path::{McpServer, mcp_path};
use super::product::Product;
use super::traits::{Traits, UNKNOWN, builtin, traits};
use crate::detect::lookups;
use crate::normalize::draft::Draft;
use crate::normalize::keys;
use crate::normalize::otlp::any::Any;
use crate::normalize::otlp::attributes::Attributes;
use crate::normalize::recipients;
use crate::normalize::url::{names_place, set_url};

/// What the client writes where the name of a server, tool or skill is switched off.
pub(super) fn is_placeholder(name: &str) -> bool {
    matches!(name, "mcp_tool" | "custom" | "third-party" | "custom_skill")
}

/// One call of a tool, as far as one record tells.
#[derive(Debug)]
pub(super) struct Call<'a> {
    traits: Traits,
    /// `api.operation`.
    operation: Option<Cow<'a, str>>,
    /// `api.service.name`.
    server: Option<Cow<'a, str>>,
    /// `magistrate.tool.name_state`.
    name_state: &'static str,
    is_mcp: bool,
    arguments: Arguments<'a>,
}

impl<'a> Call<'a> {
    /// The call that the attributes describe; none when they name no tool.
    pub(super) fn of(attributes: &Attributes<'a>) -> Option<Self> {
        let name = attributes
            .text(keys::TOOL_NAME)
            .or_else(|| attributes.text(keys::GEN_AI_TOOL_NAME))?;
        let mut arguments = Arguments::default();
        for key in [keys::TOOL_PARAMETERS, keys::TOOL_INPUT] {
            if let Some(json) = attributes.text(key) {
                arguments.scan(json);
            }
        }
        let server = attributes.text(keys::SPAN_MCP_SERVER).map(Cow::Borrowed);
        let mut call = Self {
            traits: UNKNOWN,
            operation: None,
            server: None,
            name_state: "captured",
            is_mcp: false,
            arguments,
        };
        if let Some((in_name, tool)) = name
            .strip_prefix("mcp__")
            .and_then(|rest| rest.split_once("__"))
        {
            call.name_mcp(
                Some(Cow::Borrowed(tool)),
                server.or(Some(Cow::Borrowed(in_name))),
            );
        } else if is_placeholder(name) {
            let tool = call.arguments.mcp_tool_name.take();
            let named = call.arguments.mcp_server_name.take();
            call.name_mcp(tool, server.or(named));
        } else if server.is_some() {
            call.name_mcp(Some(Cow::Borrowed(name)), server);
        } else {
            call.traits = builtin(name).unwrap_or(UNKNOWN);
            call.operation = Some(Cow::Borrowed(name));
        }
        Some(call)
    }

    /// Makes it a call of an MCP server's tool. What the client masked stays unknown.
    fn name_mcp(&mut self, tool: Option<Cow<'a, str>>, server: Option<Cow<'a, str>>) {
        let shown = |name: &Cow<'_, str>| !name.is_empty() && !is_placeholder(name);
        self.is_mcp = true;
        self.operation = tool.filter(shown);
        self.server = server.filter(shown);
        let (action, activity) = action_of(
            self.operation.as_deref().unwrap_or_default(),
            self.server.as_deref(),
        );
        self.traits = traits(Class::ApiActivity, activity, "mcp", action);
        if self.operation.is_none() {
            self.name_state = "redacted_by_client";
        }
    }

    /// The class of the call.
    pub(super) const fn class(&self) -> Class {
        self.traits.class
    }

    /// OCSF's activity in that class.
    pub(super) const fn activity(&self) -> u8 {
        self.traits.activity
    }

    /// Fills what the call tells about tool, arguments and target.
    pub(super) fn fill(
        &self,
        product: Product,
        attributes: &mut Attributes<'a>,
        draft: &mut Draft,
    ) {
        self.fill_names(attributes, draft);
        draft.text(Field::ToolClass, self.traits.kind);
        draft.text(Field::Action, self.traits.action);
        let path_class = self.path_class(product, attributes);
        if let Some(path) = path_class {
            draft.text(Field::PathClass, path);
        }
        fill_source(attributes, draft);
        fill_ids(attributes, draft);
        fill_arguments(self.arguments.is_cut, attributes, draft);
        self.fill_target(attributes, draft);
        if self.traits.class == Class::ApiActivity {
            let callee = Callee {
                tool: self.operation.as_deref(),
                server: self
                    .is_mcp
                    .then(|| self.server.as_deref().unwrap_or_default()),
                path_class,
            };
            fill_local_paths(callee, &self.arguments, draft);
        }
    }

    /// Fills what a span tells about tool and target; spans carry no arguments.
    pub(super) fn fill_span(
        &self,
        product: Product,
        attributes: &mut Attributes<'a>,
        draft: &mut Draft,
    ) {
        self.fill_names(attributes, draft);
        draft.text(Field::ToolClass, self.traits.kind);
        draft.text(Field::Action, self.traits.action);
        if let Some(path) = self.path_class(product, attributes) {
            draft.text(Field::PathClass, path);
        }
        fill_ids(attributes, draft);
        self.fill_target(attributes, draft);
    }

    fn fill_names(&self, attributes: &mut Attributes<'a>, draft: &mut Draft) {
        draft.text(Field::ToolNameState, self.name_state);
        if let Some(operation) = &self.operation {
            draft.text(Field::ApiOperation, operation);
        }
        if let Some(server) = &self.server {
            draft.text(Field::ApiServiceName, server);
            if attributes.text(keys::SPAN_MCP_SERVER) == Some(server) {
                attributes.take(keys::SPAN_MCP_SERVER);
            }
        }
        // `mcp_tool` and `mcp__server__tool` say no more than the columns do.
        if !matches!(
            attributes.text(keys::TOOL_NAME),
            Some("custom" | "third-party")
        ) {
            attributes.take(keys::TOOL_NAME);
        }
        if attributes.get(keys::GEN_AI_TOOL_NAME) == attributes.get(keys::TOOL_NAME)
            || attributes.get(keys::TOOL_NAME).is_none()
        {
            attributes.take(keys::GEN_AI_TOOL_NAME);
        }
    }

    /// Which of the agent's paths the call takes; none when the record does not tell.
    fn path_class(&self, product: Product, attributes: &Attributes<'a>) -> Option<&'static str> {
        if self.is_mcp {
            let scope = attributes.text(keys::MCP_SERVER_SCOPE);
            let server = McpServer {
                name: self.server.as_deref(),
                scope,
                transport: None,
            };
            return mcp_path(server, self.operation.as_deref());
        }
        match (self.operation.as_deref(), self.traits.kind) {
            (Some("WebSearch"), _) => Some("provider_side"),
            (_, "execute") if product.has_vm() => Some("code_vm"),
            (_, "execute" | "read" | "write" | "web" | "agent" | "skill") => Some("native_loop"),
            _ => None,
        }
    }

    fn fill_target(&self, attributes: &mut Attributes<'a>, draft: &mut Draft) {
        if self.is_mcp {
            let told = address_of_server(attributes);
            if let Some(address) = self.arguments.address().or(told) {
                set_url(draft.event_mut(), address);
            }
            self.fill_recipients(attributes, draft);
        }
        match self.traits.class {
            Class::ProcessActivity => self.fill_process(attributes, draft),
            Class::FileActivity => {
                draft.int(Field::FileTypeId, REGULAR_FILE);
                let on_span = attributes.text(keys::FILE_PATH);
                if let Some(path) = on_span.or(self.arguments.file_path.as_deref()) {
                    fill_path(path, draft);
                    attributes.take(keys::FILE_PATH);
                }
            }
            Class::HttpActivity => {
                draft.text(Field::HttpMethod, "GET");
                if let Some(url) = &self.arguments.url {
                    set_url(draft.event_mut(), url);
                }
            }
            Class::BaseEvent
            | Class::DetectionFinding
            | Class::DataSecurityFinding
            | Class::Authentication
            | Class::NetworkActivity
            | Class::DnsActivity
            | Class::ApplicationLifecycle
            | Class::ApiActivity
            | Class::ApplicationError
            | Class::Metric
            | Class::Span => {}
        }
    }

    /// Fills to whom a call sends. Of several domains the column names one that is not the user's own.
    fn fill_recipients(&self, attributes: &Attributes<'a>, draft: &mut Draft) {
        let all = self.arguments.recipients.join(", ");
        let domains = recipients::domains(&all);
        let own = attributes.text(keys::USER_EMAIL).map(recipients::domains);
        let own = own.unwrap_or_default();
        let foreign = domains.iter().find(|domain| !own.contains(domain));
        if let Some(domain) = foreign.or(domains.first()) {
            draft.text(Field::Recipient, &all);
            draft.text(Field::RecipientDomain, domain);
        }
        if domains.len() > 1 {
            let domains = domains.iter().map(|domain| draft.leaf(domain.as_bytes()));
            let domains = Value::List(domains.collect());
            draft.value(Field::RecipientDomains, domains);
        }
    }

    fn fill_process(&self, attributes: &mut Attributes<'a>, draft: &mut Draft) {
        let arguments = &self.arguments;
        let command = arguments
            .full_command
            .as_deref()
            .or(arguments.command.as_deref());
        if let Some(command) = attributes.text(keys::FULL_COMMAND).or(command) {
            fill_command_line(command, draft);
            attributes.take(keys::FULL_COMMAND);
        }
        let program = attributes.text(keys::BASH_ARGV0);
        if let Some(program) = program.or(arguments.bash_command.as_deref()) {
            draft.text(Field::ProcessName, program);
            attributes.take(keys::BASH_ARGV0);
        }
        if let Some(id) = attributes.text(keys::TOOL_USE_ID) {
            draft.text(Field::ProcessUid, id);
        }
    }
}

/// OCSF's `file.type_id` of a regular file.
const REGULAR_FILE: i64 = 1;

/// The address of an MCP server by the names that clients give it.
pub(super) fn address_of_server<'a>(attributes: &Attributes<'a>) -> Option<&'a str> {
    let keys = [keys::SERVER_URL, keys::URL_FULL, keys::SERVER_ADDRESS];
    let mut named = keys.into_iter().filter_map(|key| attributes.text(key));
    named.find(|text| names_place(text))
}

/// Fills the source of the tool; the client's own word is kept where the column has another.
fn fill_source(attributes: &mut Attributes<'_>, draft: &mut Draft) {
    match attributes.text(keys::TOOL_SOURCE) {
        Some(source @ ("builtin" | "mcp")) => {
            draft.text(Field::ToolSource, source);
            attributes.take(keys::TOOL_SOURCE);
        }
        Some("sdk_host_builtin_mcp") => {
            draft.text(Field::ToolSource, "host");
        }
        Some(_) | None => {}
    }
}

/// Fills the ids: the call's is the request's, and the model request's stands beside it.
fn fill_ids(attributes: &mut Attributes<'_>, draft: &mut Draft) {
    let call = attributes.get(keys::TOOL_USE_ID);
    let key = if call.is_some() {
        keys::TOOL_USE_ID
    } else {
        keys::GEN_AI_CALL_ID
    };
    let same = call == attributes.get(keys::GEN_AI_CALL_ID);
    super::move_to(Field::ApiRequestUid, key, attributes, draft);
    if same {
        attributes.take(keys::GEN_AI_CALL_ID);
    }
    let field = if draft.is_open(Field::ApiRequestUid) {
        Field::ApiRequestUid
    } else {
        Field::HttpRequestUid
    };
    super::move_to(field, keys::REQUEST_ID, attributes, draft);
}

/// Fills the arguments and whether they are whole.
fn fill_arguments(is_cut: bool, attributes: &mut Attributes<'_>, draft: &mut Draft) {
    let input = attributes.get(keys::TOOL_INPUT);
    let key = if input.is_some() {
        keys::TOOL_INPUT
    } else {
        keys::TOOL_PARAMETERS
    };
    let state = match attributes.get(key).and_then(Any::text) {
        Some(text) => {
            draft.bytes(Field::ToolArguments, text);
            attributes.take(key);
            if is_cut { "truncated" } else { "captured" }
        }
        None => "not_captured",
    };
    draft.text(Field::ToolArgumentsState, state);
    if state == "truncated" {
        draft.value(Field::IsTruncated, Value::Bool(true));
    }
}

/// Fills a command line, and the first name that it looks up.
pub(in crate::normalize) fn fill_command_line(command: &str, draft: &mut Draft) {
    draft.text(Field::CmdLine, command);
    if let Some(first) = lookups(command).first() {
        draft.text(Field::QueryHostname, first.name);
        if let Some(kind) = first.kind {
            draft.text(Field::QueryType, &kind.to_ascii_uppercase());
        }
    }
}

/// Fills path, name, folder and extension of a file; takes both kinds of slashes.
pub(in crate::normalize) fn fill_path(path: &str, draft: &mut Draft) {
    draft.text(Field::FilePath, path);
    let (parent, name) = match path.rsplit_once(['/', '\\']) {
        Some((parent, name)) => (Some(parent), name),
        None => (None, path),
    };
    if !name.is_empty() {
        draft.text(Field::FileName, name);
    }
    if let Some(parent) = parent.filter(|parent| !parent.is_empty()) {
        draft.text(Field::FileParent, parent);
    }
    if let Some(extension) = extension(name) {
        draft.text(Field::FileExt, &extension);
    }
}

/// Longer ones are none.
const MAX_EXTENSION_LEN: usize = 16;

/// The extension of a file's name, in small letters. Other text behind a period is none: in small
/// letters a secret in it could not be recognized.
pub(in crate::normalize) fn extension(name: &str) -> Option<String> {
    let (stem, extension) = name.rsplit_once('.')?;
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+');
    let is_one = !stem.is_empty()
        && (1..=MAX_EXTENSION_LEN).contains(&extension.len())
        && extension.bytes().all(is_part);
    is_one.then(|| extension.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Room, Timestamp};

    use super::*;

    #[test]
    fn an_extension_is_short_and_plain() {
        for (name, expected) in [
            ("a.TXT", Some("txt")),
            ("a.tar.gz", Some("gz")),
            ("a.code-workspace", Some("code-workspace")),
            (".env", None),
            ("a.", None),
            ("a", None),
            ("eyJ.eyJ.c2lnbmF0dXJlIG9mIGEg", None),
            ("a.b c", None),
            ("a.ѕіg", None),
        ] {
            assert_eq!(extension(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn paths_come_apart() {
        let shown = |path: &str| {
            let room = Room {
                text_bytes: 0,
                fields: 0,
                unmapped: 0,
            };
            let mut draft = Draft::new(Class::FileActivity, 2, Timestamp::default(), room);
            fill_path(path, &mut draft);
            let event = draft.finish();
            [Field::FileParent, Field::FileName, Field::FileExt]
                .map(|field| event.text(field).unwrap_or("-").to_owned())
                .join(" ")
        };
        assert_eq!(
            shown("/home/ana/Q3.Report.CSV"),
            "/home/ana Q3.Report.CSV csv"
        );
        assert_eq!(shown("C:\\Users\\ana\\a.txt"), "C:\\Users\\ana a.txt txt");
        assert_eq!(shown("/.bashrc"), "- .bashrc -");
        assert_eq!(shown("README"), "- README -");
        assert_eq!(shown("/etc/"), "/etc - -");
    }
}
