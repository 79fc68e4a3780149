//! Says whether content was captured, and never shows a placeholder as if it were content.

use magistrate_event::{Field, Value};

use super::arguments::is_cut_text;
use crate::normalize::draft::{Draft, flag};
use crate::normalize::keys::{self, Key};
use crate::normalize::otlp::any::Any;
use crate::normalize::otlp::attributes::Attributes;

/// What the client writes where content is switched off.
const REDACTED: &str = "<REDACTED>";

/// Fills the content columns from the attribute `key`.
pub(super) fn fill(key: Key, attributes: &mut Attributes<'_>, draft: &mut Draft) {
    let cut = attributes
        .get(keys::BODY_TRUNCATED)
        .and_then(flag)
        .unwrap_or(false);
    let state = match attributes.get(key) {
        None => "not_captured",
        Some(Any::Text(bytes)) if bytes == REDACTED.as_bytes() => {
            attributes.take(key);
            "redacted_by_client"
        }
        Some(Any::Text(bytes)) => {
            draft.bytes(Field::ContentText, bytes);
            attributes.take(key);
            if cut || is_cut(bytes) {
                "truncated"
            } else {
                "captured"
            }
        }
        // Of another type: kept as it came.
        Some(_) => "captured",
    };
    draft.text(Field::ContentState, state);
    if state == "truncated" {
        draft.value(Field::IsTruncated, Value::Bool(true));
    }
}

/// Fills the content of `user_prompt`, which the client sends twice, as `prompt` and `prompt_text`.
pub(super) fn fill_prompt(attributes: &mut Attributes<'_>, draft: &mut Draft) {
    let (prompt, copy) = (
        attributes.get(keys::PROMPT),
        attributes.get(keys::PROMPT_TEXT),
    );
    if prompt.is_some() {
        if prompt == copy {
            attributes.take(keys::PROMPT_TEXT);
        }
        fill(keys::PROMPT, attributes, draft);
    } else {
        fill(keys::PROMPT_TEXT, attributes, draft);
    }
}

fn is_cut(bytes: &[u8]) -> bool {
    // The mark stands at the end; only that is looked at.
    let tail = bytes
        .last_chunk::<80>()
        .map_or(bytes, |tail| tail.as_slice());
    bytes.ends_with(b"]") && is_cut_text(&String::from_utf8_lossy(tail))
}
