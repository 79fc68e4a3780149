//! Gathers the texts of any JSON, so that what a tool gave back can be read as one.

use serde_json::Value as Json;

/// All texts of a value, one a line.
pub(crate) fn texts_of(json: &Json) -> String {
    let mut texts = String::new();
    let mut waiting = vec![json];
    while let Some(one) = waiting.pop() {
        match one {
            Json::String(text) => {
                if !texts.is_empty() {
                    texts.push('\n');
                }
                texts.push_str(text);
            }
            Json::Array(items) => waiting.extend(items.iter().rev()),
            Json::Object(entries) => {
                let entries: Vec<_> = entries.values().collect();
                waiting.extend(entries.into_iter().rev());
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_found_at_any_depth() {
        let json = json!({ "a": "1", "b": [{ "c": "2" }, 3, null], "d": "3" });
        assert_eq!(texts_of(&json), "1\n2\n3");
        assert_eq!(texts_of(&json!(7)), "");
    }
}
