//! `GET /v1/openapi.json`: what the door for JSON takes and answers, for clients that are generated.

use axum::response::Response;

use super::json_response;

/// The document; tests hold real calls to it.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

/// Shows it to anybody: it tells nothing of this installation.
pub(super) async fn show() -> Response {
    json_response(DOCUMENT)
}

#[cfg(test)]
mod tests {
    use magistrate_event::{ContentOrigin, Mode, Occasion, Verb};
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::approvals::State;
    use crate::decision::Decision;
    use crate::verdict::Tier;

    fn words(names: impl Iterator<Item = &'static str>, is_optional: bool) -> Json {
        let names = names.map(Json::from);
        names.chain(is_optional.then_some(Json::Null)).collect()
    }

    #[test]
    fn every_word_is_told() {
        let document: Json = serde_json::from_str(DOCUMENT).unwrap();
        let schemas = &document["components"]["schemas"];
        let of = |schema: &str, path: &str| schemas[schema].pointer(path).cloned().unwrap();
        for (told, words) in [
            (
                of("Request", "/properties/event/enum"),
                words(Occasion::ALL.iter().map(|one| one.name()), true),
            ),
            (
                of("Request", "/properties/action/enum"),
                words(Verb::ALL.iter().map(|one| one.name()), true),
            ),
            (
                of("Request", "/properties/session/properties/mode/enum"),
                words(Mode::ALL.iter().map(|one| one.name()), true),
            ),
            (
                of("Request", "/properties/content/properties/origin/enum"),
                words(ContentOrigin::ALL.iter().map(|one| one.name()), true),
            ),
            (
                of("Decision", "/enum"),
                words(Decision::ALL.iter().map(|one| one.name()), false),
            ),
            (
                of("Verdict", "/properties/tier/enum"),
                words(
                    [Tier::Rules, Tier::FastModel, Tier::Model, Tier::Llm]
                        .iter()
                        .map(|one| one.name()),
                    false,
                ),
            ),
        ] {
            assert_eq!(told, words);
        }
        let told = of("Approval", "/properties/state/enum");
        for state in [
            State::Pending,
            State::Approved,
            State::Denied,
            State::Expired,
        ] {
            assert!(told.as_array().unwrap().contains(&json!(state.name())));
        }
    }
}
