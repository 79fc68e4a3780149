//! Makes an event of an action that somebody asked the judge about.

mod kind;

use magistrate_event::{
    Action, Class, Event, EventUid, Field, Occasion, Origin, Room, Timestamp, Value,
};

use self::kind::{class_of, verb_of};
use super::claude::{
    Arguments, Callee, Facts, extension, facts, fill_command_line, fill_local_paths, fill_path,
};
use super::draft::Draft;
use super::recipients;
use super::url::{set_host_of, set_url};
use crate::uid::UidKey;

/// Columns that an action fills, beside what its arguments tell.
const FIELDS: usize = 40;

/// What tells one request from another.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// The caller's own id of the request and the hash of its body: a retry is the same event.
    Named {
        /// The id.
        request_id: &'a str,
        /// The hash.
        body: [u8; 32],
    },
    /// A number that no other arrival has.
    Arrival(u128),
}

/// The event of `action`, with its stable id. What the action does not say is left empty, but for
/// what its tool, method or destination tell.
pub fn normalize_action(
    action: &Action,
    (origin, asked, received): (&Origin, Asked<'_>, Timestamp),
    key: &UidKey,
) -> (EventUid, Event) {
    let identity = origin.identity.name();
    let uid = match asked {
        Asked::Named { request_id, body } => key.asked(identity, request_id.as_bytes(), &body),
        Asked::Arrival(number) => key.asked(identity, &number.to_le_bytes(), &[]),
    };
    let tool = action.tool.name.as_deref();
    let facts = tool.map(|name| facts(name, action.tool.server.as_deref()));
    let mut arguments = Arguments::default();
    if let Some(json) = &action.tool.arguments {
        arguments.scan(json.as_json());
    }
    let mut url = action
        .destination
        .url
        .as_deref()
        .or(arguments.url.as_deref());
    if url.is_none() && action.destination.domain.is_none() && is_foreign(facts.as_ref()) {
        url = arguments.address();
    }
    let (class, activity) = match facts {
        Some(facts) => (facts.class, facts.activity),
        None => class_of(action),
    };
    let room = Room {
        text_bytes: action.text_bytes() + 1024,
        fields: FIELDS,
        unmapped: action.told.len() + 2,
    };
    let mut draft = Draft::new(class, activity, received, room);
    fill_origin(origin, &mut draft);
    fill_session(action, &mut draft);
    if let Some(facts) = facts {
        draft.text(Field::ApiOperation, facts.operation);
        draft.text(Field::ToolNameState, "captured");
        draft.text(Field::ToolClass, facts.kind);
        some(Field::ApiServiceName, facts.server, &mut draft);
        some(Field::PathClass, facts.path, &mut draft);
    } else {
        some(
            Field::ApiServiceName,
            action.tool.server.as_deref(),
            &mut draft,
        );
    }
    fill_command(class, &arguments, &mut draft);
    fill_file(action, (facts.as_ref(), &arguments), &mut draft);
    let told = facts.map(|facts| facts.action);
    some(Field::Action, verb_of(action, told, url), &mut draft);
    fill_content(action, &mut draft);
    if let Some(bearing) = action.session_bearing {
        draft.value(Field::SessionBearing, Value::Bool(bearing));
    }
    for (name, text) in &action.told {
        match name.as_str() {
            "permission_mode" => draft.text(Field::PermissionMode, text),
            "agent_id" => draft.text(Field::AgentId, text),
            "client_ip" => draft.text(Field::SrcIp, text),
            _ => {
                draft.event_mut().keep_text(name, text);
                true
            }
        };
    }
    let mut event = draft.finish();
    fill_destination(action, url, &mut event);
    if is_foreign(facts.as_ref()) {
        recipients::fill_told(&arguments.recipients, &mut event);
    }
    (uid, event)
}

/// Whether a tool is an MCP server's.
fn is_foreign(facts: Option<&Facts<'_>>) -> bool {
    facts.is_some_and(|facts| facts.server.is_some())
}

fn some(field: Field, text: Option<&str>, draft: &mut Draft) {
    if let Some(text) = text {
        draft.text(field, text);
    }
}

fn fill_origin(origin: &Origin, draft: &mut Draft) {
    draft.text(Field::Source, origin.source.name());
    if let Some(peer) = origin.peer {
        draft.text(Field::Peer, &peer.to_string());
    }
    if !origin.identity.name().is_empty() {
        draft.text(Field::SenderIdentity, origin.identity.name());
    }
}

fn fill_session(action: &Action, draft: &mut Draft) {
    let session = &action.session;
    some(Field::EventCode, action.occasion.map(Occasion::name), draft);
    some(Field::SessionUid, session.id.as_deref(), draft);
    if let Some(user) = session.user.as_deref() {
        let is_address = user.contains('@');
        draft.text(
            if is_address {
                Field::UserEmail
            } else {
                Field::UserName
            },
            user,
        );
    }
    some(Field::DeviceHostname, session.device.as_deref(), draft);
    some(
        Field::SessionMode,
        session.mode.map(|mode| mode.name()),
        draft,
    );
    some(Field::SessionTask, session.task.as_deref(), draft);
    some(Field::Surface, action.surface, draft);
    some(Field::CorrelationUid, action.prompt_id.as_deref(), draft);
    some(Field::ApiRequestUid, action.call_id.as_deref(), draft);
    some(Field::AppId, action.app.id.as_deref(), draft);
    let category = action.app.category.as_deref();
    some(Field::AppCategory, category, draft);
}

fn fill_command(class: Class, arguments: &Arguments<'_>, draft: &mut Draft) {
    if class == Class::ProcessActivity {
        let command = arguments.full_command.as_deref();
        if let Some(command) = command.or(arguments.command.as_deref()) {
            fill_command_line(command, draft);
        }
    }
}

fn fill_file(
    action: &Action,
    (facts, arguments): (Option<&Facts<'_>>, &Arguments<'_>),
    draft: &mut Draft,
) {
    let file = &action.file;
    let path = file.path.as_deref().or(arguments.file_path.as_deref());
    if let Some(path) = path {
        fill_path(path, draft);
    } else if let Some(facts) = facts {
        let callee = Callee {
            tool: Some(facts.operation),
            server: facts.server,
            path_class: facts.path,
        };
        fill_local_paths(callee, arguments, draft);
    }
    if let Some(name) = file.name.as_deref() {
        draft.text(Field::FileName, name);
        if let Some(extension) = extension(name) {
            draft.text(Field::FileExt, &extension);
        }
    }
    some(Field::FileMediaType, file.media_type.as_deref(), draft);
    fill_words(Field::FileTraits, &action.files.traits, draft);
    fill_words(Field::FileTypes, &action.files.types, draft);
    if let Some(size) = file.size.and_then(|size| i64::try_from(size).ok()) {
        draft.int(Field::FileSize, size);
    }
}

fn fill_words(field: Field, words: &[&'static str], draft: &mut Draft) {
    if words.is_empty() {
        return;
    }
    let event = draft.event_mut();
    let words = words.iter().map(|word| Value::Text(event.push_text(word)));
    let words = Value::List(words.collect());
    event.set(field, words);
}

fn fill_content(action: &Action, draft: &mut Draft) {
    let content = &action.content;
    if let Some(json) = &action.tool.arguments {
        draft.text(Field::ToolArguments, json.as_json());
        draft.text(Field::ToolArgumentsState, "captured");
        let size = i64::try_from(json.as_json().len()).unwrap_or(i64::MAX);
        draft.int(Field::ToolArgumentsSize, size);
    }
    some(
        Field::ContentOrigin,
        content.origin.map(|origin| origin.name()),
        draft,
    );
    some(Field::HttpContentType, content.media_type.as_deref(), draft);
    let is_cut = content.truncated == Some(true);
    match content.text.as_deref() {
        Some(text) => {
            draft.text(Field::ContentText, text);
            draft.text(
                Field::ContentState,
                if is_cut { "truncated" } else { "captured" },
            );
            let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            draft.int(Field::ContentLength, length);
        }
        None => {
            draft.text(Field::ContentState, "not_captured");
        }
    }
    if is_cut {
        draft.value(Field::IsTruncated, Value::Bool(true));
    }
}

fn fill_destination(action: &Action, url: Option<&str>, event: &mut Event) {
    let destination = &action.destination;
    if let Some(url) = url {
        set_url(event, url);
    }
    if let Some(domain) = destination.domain.as_deref()
        && event.value(Field::UrlHostname).is_none()
    {
        set_host_of(event, domain);
    }
    if let Some(path) = destination.path.as_deref()
        && event.value(Field::UrlPath).is_none()
    {
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        event.set_text(Field::UrlPath, path);
        if let Some(query) = query {
            event.set_text(Field::UrlQuery, query);
        }
    }
    if let Some(method) = destination.method.as_deref() {
        event.set_text(Field::HttpMethod, &as_method(method));
    }
    if let Some(recipient) = destination.recipient.as_deref() {
        recipients::fill(recipient, event);
    }
}

/// Longer words are no methods (RFC 9110 section 9, and the registry that it names).
const MAX_METHOD_LEN: usize = 20;

/// A method as it is written; another text stays as it is, since in other letters a secret in it
/// could not be recognized.
fn as_method(text: &str) -> String {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'-';
    if text.len() <= MAX_METHOD_LEN && text.bytes().all(is_letter) {
        text.to_ascii_uppercase()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests;
