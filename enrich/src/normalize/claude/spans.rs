//! Knows Claude's spans and metrics: which columns their attributes fill.

use magistrate_event::Field;

use super::product::Product;
use super::tools::Call;
use super::{content, fill_outcome, fill_provider, move_to};
use crate::normalize::draft::Draft;
use crate::normalize::keys;
use crate::normalize::otlp::attributes::Attributes;

/// Fills what the attributes of one of Claude's spans mean.
pub(crate) fn fill_span<'a>(
    product: Product,
    name: &[u8],
    attributes: &mut Attributes<'a>,
    draft: &mut Draft,
) {
    if !product.is_claude() {
        return;
    }
    if let Some(call) = Call::of(attributes) {
        call.fill_span(product, attributes, draft);
    }
    match name {
        b"claude_code.interaction" => content::fill(keys::USER_PROMPT, attributes, draft),
        b"claude_code.llm_request" => {
            draft.text(Field::ApiOperation, "messages.create");
            move_to(Field::ApiRequestUid, keys::REQUEST_ID, attributes, draft);
        }
        b"claude_code.tool.blocked_on_user" => {
            move_to(Field::ToolDecision, keys::DECISION, attributes, draft);
            move_to(Field::ToolDecisionSource, keys::SOURCE, attributes, draft);
        }
        b"claude_code.tool.execution" => {
            move_to(Field::ApiRequestUid, keys::TOOL_USE_ID, attributes, draft);
        }
        _ => {}
    }
    fill_outcome(attributes, draft);
    fill_provider(attributes, draft);
}

/// Fills what the attributes of one of Claude's metrics mean.
pub(crate) fn fill_metric(product: Product, attributes: &mut Attributes<'_>, draft: &mut Draft) {
    if !product.is_claude() {
        return;
    }
    if attributes.get(keys::DECISION).is_some() {
        move_to(Field::ToolDecision, keys::DECISION, attributes, draft);
        move_to(Field::ToolDecisionSource, keys::SOURCE, attributes, draft);
        move_to(Field::ApiOperation, keys::TOOL_NAME, attributes, draft);
    }
    fill_provider(attributes, draft);
}
