//! What a person is asked about a question, and what their word does to its decision.

use magistrate_event::{Action, EventUid, Field};

use super::{Engine, Prepared, Ruled};
use crate::approvals::{Answer, Binding, Question, Shown};
use crate::category::Postures;
use crate::decision::{Decision, Facts, Findings, Match, Ruling, decide};
use crate::reasons::reasons;
use crate::verdict::Ticket;

/// What a hook tells beside the action that is another with each of its calls.
const PASSING: [&str; 3] = ["hook_event_name", "permission_mode", "agent_id"];

impl Engine {
    /// What is to be asked of a person; nothing where nobody could see what about.
    pub(crate) fn question<'a>(
        &self,
        prepared: &Prepared,
        ruled: &'a Ruled,
    ) -> Option<Question<'a>> {
        let event = ruled.record.as_ref()?.event();
        let task = ruled.facts.task.as_deref();
        // As redacted: it is stored with the approval.
        let session = event.text(Field::SessionUid).unwrap_or_default();
        let arrival = format!("approval {}", self.arrival());
        Some(Question {
            binding: self.binding(prepared, event.text(Field::Action), task),
            event: prepared.uid,
            id: self.uid_key.follow_up(prepared.uid, &arrival),
            step: prepared.step,
            asker: format!("{}/{session}", prepared.identity.name()),
            category: prepared.facts.category,
            persons: self.postures.of(prepared.facts.category).persons,
            reasons: reasons(&prepared.facts, &ruled.findings, &self.postures),
            shown: Shown {
                event,
                task,
                drift: ruled.said.drift.as_ref(),
            },
        })
    }

    /// Decides anew, by what a person has said.
    pub(crate) fn hear(&self, prepared: &Prepared, ruled: &mut Ruled, answer: Answer) {
        ruled.ruling = heard(
            &prepared.facts,
            &mut ruled.findings,
            &self.postures,
            &answer,
        );
        ruled.heard = Some(answer);
    }

    /// What an approval of the action is bound to. One byte more or less is another action.
    fn binding(&self, prepared: &Prepared, verb: Option<&str>, task: Option<&str>) -> Binding {
        let action = &prepared.action;
        let Action {
            session,
            tool,
            destination,
            app,
            file,
            content,
            ..
        } = action;
        let hash = prepared.cut.unwrap_or_else(|| self.content_hash(action));
        let content_hash = blake3::Hash::from(hash).to_hex();
        let size = file.size.map(|size| size.to_string());
        let parts = [
            Some(prepared.identity.name()),
            session.id.as_deref(),
            session.user.as_deref(),
            session.device.as_deref(),
            task,
            action.occasion.map(|occasion| occasion.name()),
            verb,
            tool.name.as_deref(),
            tool.server.as_deref(),
            destination.url.as_deref(),
            destination.domain.as_deref(),
            destination.path.as_deref(),
            destination.method.as_deref(),
            destination.recipient.as_deref(),
            app.id.as_deref(),
            app.category.as_deref(),
            file.name.as_deref(),
            file.path.as_deref(),
            file.media_type.as_deref(),
            size.as_deref(),
            content.media_type.as_deref(),
            Some(content_hash.as_str()),
        ];
        let told = action.told.iter();
        let told = told.filter(|(name, _)| !PASSING.contains(&name.as_str()));
        let told = told.flat_map(|(name, text)| [Some(name.as_str()), Some(text.as_str())]);
        Binding(self.uid_key.binding(parts.into_iter().chain(told)))
    }

    /// The hash of text and arguments.
    pub(super) fn content_hash(&self, action: &Action) -> [u8; 32] {
        let arguments = action.tool.arguments.as_ref();
        let parts = [
            action.content.text.as_deref(),
            arguments.map(|arguments| arguments.as_json()),
        ];
        self.uid_key.binding(parts)
    }
}

impl Ruled {
    /// Whether a person is to decide.
    pub(crate) fn needs_person(&self) -> bool {
        self.ruling.decision == Decision::RequireApproval
    }

    /// The approval that it waits for, where there is one.
    pub(super) fn ticket(&self) -> Option<Ticket> {
        match self.heard.as_ref()? {
            Answer::Pending(ticket) => Some(ticket.clone()),
            Answer::Approved(_) | Answer::Denied(_) | Answer::Full | Answer::Unasked => None,
        }
    }

    /// The id of the approval that it waits for, used, or was denied by.
    pub(super) fn approval(&self) -> Option<EventUid> {
        match self.heard.as_ref()? {
            Answer::Pending(ticket) => ticket.id.parse().ok(),
            Answer::Approved(id) | Answer::Denied(id) => Some(*id),
            Answer::Full | Answer::Unasked => None,
        }
    }
}

/// What is decided once a person has said `answer`, which becomes one of the findings.
pub(crate) fn heard(
    facts: &Facts,
    findings: &mut Findings,
    postures: &Postures,
    answer: &Answer,
) -> Ruling {
    let facts = Facts {
        is_approved: matches!(answer, Answer::Approved(_)),
        ..facts.clone()
    };
    findings.matches.extend(said(facts.category, answer));
    decide(&facts, findings, postures)
}

/// Its name among the reasons.
const fn policy_of(answer: &Answer) -> Option<&'static str> {
    match answer {
        Answer::Pending(_) => None,
        Answer::Approved(_) => Some("magistrate.approved"),
        Answer::Denied(_) => Some("magistrate.denied"),
        Answer::Full => Some("magistrate.approvals_full"),
        Answer::Unasked => Some("magistrate.unasked"),
    }
}

/// What a person had said about the approval `id`, by the reasons of the verdict.
pub(crate) fn recalled(policies: &[String], id: Option<EventUid>) -> Option<Answer> {
    let answers = id.into_iter();
    let answers = answers.flat_map(|id| [Answer::Approved(id), Answer::Denied(id)]);
    answers
        .chain([Answer::Full, Answer::Unasked])
        .find(|answer| policy_of(answer).is_some_and(|name| policies.iter().any(|one| one == name)))
}

/// A person's word, or that nobody could be asked, as a reason.
fn said(category: &str, answer: &Answer) -> Option<Match> {
    let (title, decision, message) = match answer {
        Answer::Pending(_) => return None,
        Answer::Approved(_) => ("A person has approved it", Decision::Allow, ""),
        Answer::Denied(_) => (
            "A person has denied it",
            Decision::Block,
            "A person has said no to this.",
        ),
        Answer::Full => (
            "Too many actions wait for a person",
            Decision::Block,
            "A person must approve this, and too much is waiting.",
        ),
        Answer::Unasked => (
            "Nobody can be asked: no approval could be kept",
            Decision::Block,
            "A person must approve this, and nobody could be asked. Ask again later.",
        ),
    };
    let id = match answer {
        Answer::Approved(id) | Answer::Denied(id) => Some(id.to_string()),
        Answer::Pending(_) | Answer::Full | Answer::Unasked => None,
    };
    Some(Match {
        policy: policy_of(answer)?.to_owned(),
        title: title.to_owned(),
        category: category.to_owned(),
        tags: Vec::new(),
        decision,
        message: message.to_owned(),
        redact: Vec::new(),
        matched: id
            .map(|id| ("approval".to_owned(), id))
            .into_iter()
            .collect(),
        counted: None,
    })
}
