//! What of a large question is looked at, so that its answer is in time.

use std::time::Duration;

use magistrate_event::Action;

use super::Engine;
use crate::pace::sample;

/// Arguments beyond this are not read one by one by rules (`tool.arguments.NAME`).
const MAX_READ_ARGUMENTS_BYTES: usize = 256 * 1024;

impl Engine {
    /// Leaves of content and arguments what can be looked at in time; where that is a part, gives the
    /// hash of the whole.
    pub(super) fn cut(&self, action: &mut Action, allowed: Duration) -> Option<[u8; 32]> {
        let max_bytes = self.pace.bytes_within(allowed);
        let arguments = action.tool.arguments.as_ref();
        let argument_bytes = arguments.map_or(0, |one| one.as_json().len());
        let text_bytes = action.content.text.as_ref().map_or(0, String::len);
        let left = max_bytes
            .saturating_sub(argument_bytes.min(max_bytes))
            .max(max_bytes / 4);
        let fits = argument_bytes <= max_bytes.min(MAX_READ_ARGUMENTS_BYTES) && text_bytes <= left;
        if fits {
            return None;
        }
        let whole = self.content_hash(action);
        if argument_bytes > max_bytes {
            let arguments = action.tool.arguments.take();
            let text = arguments.as_ref().map(|one| one.as_json());
            let cut = sample(text.unwrap_or_default(), max_bytes / 2);
            action.content.text = action.content.text.take().or(cut);
        }
        let text = action.content.text.as_deref();
        if let Some(cut) = text.and_then(|text| sample(text, left)) {
            action.content.text = Some(cut);
            action.content.truncated = Some(true);
        }
        Some(whole)
    }
}
