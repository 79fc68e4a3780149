//! Fills what OCSF demands from facts that the event has elsewhere.
//!
//! Where no fact helps, the word `unknown` stands: it is never a made-up value.

use std::borrow::Cow;

use magistrate_event::{Class, Event, Field, Record};

use super::captions;
use super::classes::{Home, Shape};
use super::draft::{Draft, Shown};

const UNKNOWN: &str = "unknown";
/// What the client writes instead of the name of an MCP server's tool.
const MASKED_TOOL: &str = "mcp_tool";

/// Completes the objects that are there or that the class demands.
pub(super) fn complete<'a>(record: &'a Record, shape: &Shape, draft: &mut Draft<'a>) {
    let event = record.event();
    draft.add("metadata.product.name", Shown::from(product(event)));
    for &(object, fill) in FILLS {
        if draft.has(object) || shape.home(object) == Home::Required {
            fill(record, shape, draft);
        }
    }
}

/// Supplies one of two objects where the class demands either; runs when objects are settled.
pub(super) fn require_one<'a>(event: &'a Event, draft: &mut Draft<'a>) {
    match event.class() {
        Class::Authentication => {
            if !draft.has("service") && !draft.has("dst_endpoint") {
                draft.keep("service.name", Shown::from(product(event)));
            }
        }
        Class::NetworkActivity | Class::DnsActivity => {
            if !draft.has("src_endpoint") && !draft.has("dst_endpoint") {
                draft.keep("src_endpoint.svc_name", Shown::from(product(event)));
            }
        }
        Class::HttpActivity => {
            if !draft.has("http_request") && !draft.has("http_response") {
                request(draft);
            }
        }
        Class::BaseEvent
        | Class::FileActivity
        | Class::ProcessActivity
        | Class::DetectionFinding
        | Class::DataSecurityFinding
        | Class::ApplicationLifecycle
        | Class::ApiActivity
        | Class::ApplicationError
        | Class::Metric
        | Class::Span => {}
    }
}

/// Completes one object.
type Fill = for<'a> fn(&'a Record, &Shape, &mut Draft<'a>);

const FILLS: &[(&str, Fill)] = &[
    ("actor", actor),
    ("device", device),
    ("src_endpoint", src_endpoint),
    ("user", user),
    ("api", api),
    ("file", file),
    ("process", process),
    ("http_request.url", url),
    ("message_context", message_context),
    ("app", app),
    ("finding_info", finding_info),
];

fn product(event: &Event) -> &str {
    event.text(Field::ProductName).unwrap_or(UNKNOWN)
}

fn actor<'a>(record: &'a Record, _: &Shape, draft: &mut Draft<'a>) {
    if !draft.has("actor") {
        draft.keep("actor.app_name", Shown::from(product(record.event())));
    }
    let named = ["actor.user.uid", "actor.user.name", "actor.user.account"]
        .iter()
        .any(|path| draft.has(path));
    if named {
        return;
    }
    if let Some(address) = draft.text("actor.user.email_addr") {
        draft.keep("actor.user.name", Shown::Text(address));
    } else if let Some(id) = draft.text("actor.user.uid_alt") {
        draft.keep("actor.user.uid", Shown::Text(id));
    }
}

/// A device that is demanded and has no name is the user's installation.
fn device<'a>(record: &'a Record, shape: &Shape, draft: &mut Draft<'a>) {
    let named = ["device.hostname", "device.uid", "device.ip"]
        .iter()
        .any(|path| draft.has(path));
    if !named && shape.home("device") == Home::Required {
        let id = record.event().text(Field::UserUid).unwrap_or(UNKNOWN);
        draft.keep("device.uid", Shown::from(id));
    }
}

fn src_endpoint<'a>(record: &'a Record, shape: &Shape, draft: &mut Draft<'a>) {
    let named = ["src_endpoint.ip", "src_endpoint.hostname"]
        .iter()
        .any(|path| draft.has(path));
    if !named && shape.home("src_endpoint") == Home::Required {
        draft.keep(
            "src_endpoint.svc_name",
            Shown::from(product(record.event())),
        );
    }
}

/// Who was authenticated is the actor, where the event names nobody else.
fn user<'a>(record: &'a Record, _: &Shape, draft: &mut Draft<'a>) {
    if draft.has("user.uid") || draft.has("user.name") {
        return;
    }
    let event = record.event();
    if let Some(address) = draft.text("user.email_addr") {
        draft.keep("user.name", Shown::Text(address));
    } else if let Some(id) = event.text(Field::UserUid) {
        draft.keep("user.uid", Shown::from(id));
    } else {
        let name = [Field::UserName, Field::UserEmail, Field::UserUidAlt]
            .into_iter()
            .find_map(|field| event.text(field));
        draft.keep("user.name", Shown::from(name.unwrap_or(UNKNOWN)));
    }
}

/// The event's code stands for what was done, but not for a tool whose name the client masked: there
/// its placeholder stands, and `magistrate.tool.name_state` says so.
fn api<'a>(record: &'a Record, _: &Shape, draft: &mut Draft<'a>) {
    let event = record.event();
    let is_masked = event.text(Field::ToolNameState) == Some("redacted_by_client");
    let known = if is_masked {
        Some(MASKED_TOOL)
    } else {
        event.text(Field::EventCode)
    };
    draft.add("api.operation", Shown::from(known.unwrap_or(UNKNOWN)));
}

fn file<'a>(_: &'a Record, _: &Shape, draft: &mut Draft<'a>) {
    if !draft.has("file.name") {
        let name = draft
            .text("file.path")
            .map_or(Cow::Borrowed(UNKNOWN), last_part);
        draft.keep("file.name", Shown::Text(name));
    }
}

fn last_part(path: Cow<'_, str>) -> Cow<'_, str> {
    let name = path
        .rsplit(['/', '\\'])
        .find(|part| !part.is_empty())
        .map(str::to_owned);
    name.map_or(path, Cow::Owned)
}

fn process<'a>(record: &'a Record, _: &Shape, draft: &mut Draft<'a>) {
    if !draft.has("process.pid") {
        let call = record.event().text(Field::ApiRequestUid);
        draft.add("process.uid", Shown::from(call.unwrap_or(UNKNOWN)));
    }
}

/// A URL known only in parts is put together again.
fn url<'a>(_: &'a Record, _: &Shape, draft: &mut Draft<'a>) {
    if draft.has("http_request.url.url_string") || draft.has("http_request.url.path") {
        return;
    }
    let Some(host) = draft.text("http_request.url.hostname") else {
        return;
    };
    let mut whole = String::new();
    if let Some(scheme) = draft.text("http_request.url.scheme") {
        whole.push_str(&scheme);
        whole.push_str("://");
    }
    whole.push_str(&host);
    if let Some(port) = draft.int("http_request.url.port") {
        whole.push(':');
        whole.push_str(&port.to_string());
    }
    if let Some(query) = draft.text("http_request.url.query_string") {
        whole.push('?');
        whole.push_str(&query);
    }
    draft.keep("http_request.url.url_string", Shown::from(whole));
}

/// The application of a message is the product that logged it.
fn message_context<'a>(record: &'a Record, _: &Shape, draft: &mut Draft<'a>) {
    draft.add(
        "message_context.application.name",
        Shown::from(product(record.event())),
    );
}

fn app<'a>(record: &'a Record, _: &Shape, draft: &mut Draft<'a>) {
    draft.add("app.name", Shown::from(product(record.event())));
}

fn finding_info<'a>(record: &'a Record, _: &Shape, draft: &mut Draft<'a>) {
    draft.add("finding_info.uid", Shown::from(record.uid().to_string()));
}

/// A request of which only the method is known, from the event's activity, or nothing at all.
fn request(draft: &mut Draft<'_>) {
    let method = draft
        .int("activity_id")
        .filter(|id| (1..captions::OTHER).contains(id))
        .and_then(|id| captions::caption(captions::HTTP_ACTIVITIES, id));
    match method {
        Some(method) => draft.keep(
            "http_request.http_method",
            Shown::from(method.to_ascii_uppercase()),
        ),
        None => draft.keep("http_request.uid", Shown::from(UNKNOWN)),
    }
}
