//! Knows what Claude's clients send: their products, events, tools and attributes.

mod acts;
mod arguments;
mod content;
mod event_table;
mod events;
mod iso;
mod local_paths;
mod mcp_path;
mod person;
mod product;
mod spans;
mod tools;
mod traits;

pub(super) use self::arguments::Arguments;
pub(super) use self::events::LogPlan;
pub(super) use self::local_paths::{Callee, fill_local_paths};
pub(crate) use self::mcp_path::{McpServer, mcp_path};
pub(super) use self::person::{identity, session};
pub(super) use self::product::Product;
pub(super) use self::spans::{fill_metric, fill_span};
pub(super) use self::tools::{extension, fill_command_line, fill_path};
pub(super) use self::traits::{Facts, facts};

use magistrate_event::Field;

use super::draft::{Draft, flag};
use super::keys;
use super::otlp::any::Any;
use super::otlp::attributes::Attributes;

/// Whether the client's event of that bare name is known to this version.
pub(crate) fn is_known_event(name: &str) -> bool {
    event_table::find(name.as_bytes()).is_some()
}

/// Takes `event.timestamp` where it says what the event's time says.
pub(super) fn stamp(attributes: &mut Attributes<'_>, draft: &Draft) {
    let text = attributes.get(keys::EVENT_TIMESTAMP).and_then(Any::text);
    if text.and_then(iso::parse) == Some(draft.event().time()) {
        attributes.take(keys::EVENT_TIMESTAMP);
    }
}

/// Fills `field` with the attribute `key`; kept as it came where it does not fit.
fn move_to(field: Field, key: keys::Key, attributes: &mut Attributes<'_>, draft: &mut Draft) {
    if attributes.get(key).is_some_and(|any| draft.any(field, any)) {
        attributes.take(key);
    }
}

/// Fills the status from `success`, `error` and `status_code`.
fn fill_outcome(attributes: &mut Attributes<'_>, draft: &mut Draft) {
    if let Some(success) = attributes.get(keys::SUCCESS).and_then(flag) {
        draft.int(Field::StatusId, if success { SUCCESS } else { FAILURE });
        attributes.take(keys::SUCCESS);
    }
    move_to(Field::StatusDetail, keys::ERROR, attributes, draft);
    move_to(Field::HttpCode, keys::STATUS_CODE, attributes, draft);
}

/// Fills the model's provider where there is a model.
fn fill_provider(attributes: &mut Attributes<'_>, draft: &mut Draft) {
    if attributes.get(keys::MODEL).is_none() {
        return;
    }
    if attributes.get(keys::PROVIDER).is_some() {
        move_to(Field::AiProvider, keys::PROVIDER, attributes, draft);
    } else {
        draft.text(Field::AiProvider, "Anthropic");
    }
}

/// OCSF's `status_id`.
const SUCCESS: i64 = 1;
const FAILURE: i64 = 2;
