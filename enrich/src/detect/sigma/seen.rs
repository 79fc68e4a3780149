//! Shows our events to rsigma, without a round trip through JSON.

use std::borrow::Cow;

use rsigma_eval::{Event, EventValue};
use serde_json::{Value, json};

use crate::detect::seen::Seen;
use crate::detect::view::View;

impl Event for View<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        self.get(path).map(value)
    }

    fn any_string_value(&self, is_it: &dyn Fn(&str) -> bool) -> bool {
        self.any_text(&mut |text| is_it(text))
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        let mut all = Vec::new();
        self.any_text(&mut |text| {
            all.push(Cow::Owned(text.to_owned()));
            false
        });
        all
    }

    fn visit_string_values(&self, visit: &mut dyn FnMut(&str)) {
        self.any_text(&mut |text| {
            visit(text);
            false
        });
    }

    /// Correlations keep of an event no more than this.
    fn to_json(&self) -> Value {
        match self.uid() {
            Some(uid) => json!({ "id": uid.to_string() }),
            None => json!({}),
        }
    }
}

/// A value as rsigma has it.
pub(super) fn value(seen: Seen<'_>) -> EventValue<'_> {
    match seen {
        Seen::Null => EventValue::Null,
        Seen::Text(text) => EventValue::Str(text),
        Seen::Int(number) => EventValue::Int(number),
        Seen::Double(number) => EventValue::Float(number),
        Seen::Bool(flag) => EventValue::Bool(flag),
        Seen::Many(items) => EventValue::Array(items.into_iter().map(value).collect()),
        Seen::Named(entries) => EventValue::Map(
            entries
                .into_iter()
                .map(|(key, seen)| (key, value(seen)))
                .collect(),
        ),
    }
}
