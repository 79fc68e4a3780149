//! Questions that an alert asks of whoever reads it, answered as far as the event and the session's
//! context do.

use serde::Deserialize;

use super::seen::Seen;
use super::view::View;

/// Questions of one rule.
const MAX_QUESTIONS: usize = 16;
/// Values of one name that an answer shows.
const MAX_VALUES: usize = 8;
/// Longer values are cut.
const MAX_VALUE_CHARS: usize = 200;
/// What is said where no name has a value.
const UNKNOWN: &str = "unknown";

/// One question, as a rule writes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// In words.
    pub ask: String,
    /// Names of the rule language whose values answer it.
    pub answer: Vec<String>,
}

/// A question and what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The question.
    pub ask: String,
    /// What is known, `unknown` where nothing is.
    pub answer: String,
}

/// What is wrong with `questions`.
pub(super) fn faults(questions: &[Question]) -> Vec<String> {
    let mut faults = Vec::new();
    if questions.len() > MAX_QUESTIONS {
        let count = questions.len();
        faults.push(format!(
            "there are {count} `questions`, expected at most {MAX_QUESTIONS}; leave some out"
        ));
    }
    for one in questions.iter().filter(|one| one.answer.is_empty()) {
        faults.push(format!(
            "nothing answers the question `{}`; name fields in its `answer`",
            one.ask
        ));
    }
    faults
}

/// The questions with what `view` knows.
pub(super) fn answers(questions: &[Question], view: &View<'_>) -> Vec<Answer> {
    let answered = questions.iter().map(|one| {
        let known = one.answer.iter().filter_map(|name| {
            let said = said(&view.get(name)?)?;
            Some(format!("{name}: {said}"))
        });
        let known: Vec<_> = known.collect();
        Answer {
            ask: one.ask.clone(),
            answer: if known.is_empty() {
                UNKNOWN.to_owned()
            } else {
                known.join("; ")
            },
        }
    });
    answered.collect()
}

/// A value in words; none where there is nothing to say.
fn said(value: &Seen<'_>) -> Option<String> {
    let text = match value {
        Seen::Null | Seen::Named(_) => return None,
        Seen::Text(text) => text.chars().take(MAX_VALUE_CHARS).collect(),
        Seen::Int(number) => number.to_string(),
        Seen::Double(number) => number.to_string(),
        Seen::Bool(flag) => flag.to_string(),
        Seen::Many(items) => {
            let shown: Vec<_> = items.iter().filter_map(said).take(MAX_VALUES).collect();
            let more = items.len().saturating_sub(shown.len());
            match more {
                0 => shown.join(", "),
                more => format!("{} and {more} more", shown.join(", ")),
            }
        }
    };
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Event, Field, Timestamp};

    use super::*;
    use crate::context::SessionFacts;
    use crate::detect::name_table::NameTable;
    use crate::detect::{Case, ModelScores};

    #[test]
    fn what_is_known_answers_and_what_is_not_is_said_to_be_unknown() {
        let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
        event.set_text(Field::ToolClass, "mcp");
        event.set_text(Field::ApiOperation, "left_click");
        let facts = SessionFacts {
            is_known: true,
            untrusted_from: (0..10).map(|number| format!("page:{number}")).collect(),
            ..SessionFacts::default()
        };
        let case = Case {
            uid: None,
            event: &event,
            facts: &facts,
            scores: &ModelScores::NONE,
        };
        let questions = [
            ("Which tool?", &["tool.name", "app.id"][..]),
            ("Why now?", &["session.task"]),
            ("After what?", &["session.untrusted_from"]),
        ];
        let questions = questions.map(|(ask, names)| Question {
            ask: ask.to_owned(),
            answer: names.iter().map(ToString::to_string).collect(),
        });
        let names = NameTable::new();
        let answers = answers(&questions, &View::new(case, &names));
        let said: Vec<_> = answers.iter().map(|one| one.answer.as_str()).collect();
        let read = "session.untrusted_from: page:0, page:1, page:2, page:3, page:4, page:5, page:6, page:7 and 2 more";
        assert_eq!(said, ["tool.name: left_click", "unknown", read]);
    }

    #[test]
    fn a_question_that_nothing_answers_is_a_fault() {
        let one = |answer: &[&str]| Question {
            ask: "Why?".to_owned(),
            answer: answer.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(faults(&[one(&["app.id"])]), [""; 0]);
        assert_eq!(faults(&[one(&[])]).len(), 1);
        assert_eq!(faults(&vec![one(&["app.id"]); 17]).len(), 1);
    }
}
