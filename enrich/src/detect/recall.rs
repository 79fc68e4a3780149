//! Reads back what the row of a verdict tells of its session and of the models, by the names of rules.

use serde_json::Value as Json;

use super::model_scores::{self, ModelScores};
use super::names::{LANGUAGE, Origin};
use super::session_names;
use crate::context::SessionFacts;

/// The facts and the scores that `told` names, such as `session.task` and `score.injection`. What has
/// another name, or a value that no session and no model can say, is left out.
pub fn recalled<'a>(
    told: impl IntoIterator<Item = (&'a str, &'a Json)>,
) -> (SessionFacts, ModelScores) {
    let (mut facts, mut scores) = (SessionFacts::UNKNOWN, ModelScores::NONE);
    for (name, json) in told {
        // What cannot be said is not known, like what was not told.
        let _ = match LANGUAGE.iter().find(|one| one.name == name) {
            Some(known) => match known.origin {
                Origin::Session(from) => session_names::fill(&mut facts, from, json),
                Origin::Models(from) => model_scores::fill(&mut scores, from, json),
                Origin::Columns(_) | Origin::Derived(_) => None,
            },
            None => None,
        };
    }
    (facts, scores)
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::detect::{TextPart, Unjudged};

    #[test]
    fn what_a_row_tells_is_what_was_known() {
        let until = Timestamp::from_micros(1_795_435_200_000_000);
        let told = json!({
            "session.task": "sum up", "session.untrusted_from": ["page:a.example", "email:b"],
            "session.destination_new": false, "session.read_only": until.to_rfc3339(),
            "session.trigger": "scheduled", "session.scheduled_task": "mail",
            "session.ladder_from": "browser", "flow.copied_untrusted": true,
            "score.injection": 0.25, "score.part": "hidden", "score.unjudged": "slow",
            "action": "send", "no.such": 1, "session.outside_grant": "perhaps",
        });
        let told = told.as_object().unwrap();
        let (facts, scores) = recalled(told.iter().map(|(name, json)| (name.as_str(), json)));
        let expected = SessionFacts {
            is_known: true,
            task: Some("sum up".to_owned()),
            untrusted_from: vec!["page:a.example".to_owned(), "email:b".to_owned()],
            destination_new: Some(false),
            read_only_until: Some(until),
            ladder_from: Some("browser"),
            scheduled: Some("mail".to_owned()),
            copied_untrusted: true,
            ..SessionFacts::UNKNOWN
        };
        assert_eq!(facts, expected);
        let expected = ModelScores {
            injection: Some(0.25),
            part: Some(TextPart::Hidden),
            scope_drift: None,
            unjudged: Some(Unjudged::Slow),
        };
        assert_eq!(scores, expected);
    }
}
