//! Asks about what came back for callers that show it whole: where it is a model's answer, each call of a
//! tool in it is asked about, too, and the strictest verdict is the answer.

use std::sync::Arc;

use magistrate_event::{Action, Occasion};

use super::Doors;
use super::call::Asker;
use super::fault::Fault;
use super::masking::Masking;
use super::tool_uses::{self, ToolUse};
use crate::decision::Decision;
use crate::inquiry::Door;
use crate::request::Request;
use crate::verdict::{Masked, Verdict};

impl Asker {
    /// Asks about an action, and about the calls of tools that it brings.
    pub(super) async fn ask_all(
        &self,
        doors: &Doors,
        request: Request,
        door: Door,
    ) -> Result<Arc<Verdict>, Fault> {
        let uses = uses_of(&request.action)?;
        if uses.is_empty() {
            return self.ask(doors, request, door).await;
        }
        let (id, deadline) = (request.request_id.clone(), request.deadline);
        let answer = request.action.clone();
        let own = self.ask(doors, request, door).await?;
        let (mut strictest, mut masking) = (Arc::clone(&own), Vec::new());
        for (number, one) in uses.iter().enumerate() {
            let call = Request {
                // A second try gets the same answer.
                request_id: id.as_ref().map(|id| format!("{id}.call{number}")),
                deadline,
                action: one.clone().action(&answer),
            };
            let verdict = self.ask(doors, call, door).await?;
            if verdict.decision == Decision::Redact {
                masking.push(verdict);
            } else if verdict.decision > strictest.decision {
                strictest = verdict;
            }
        }
        let masking = Masking::new(doors.judge.engine(), masking);
        if strictest.decision > Decision::Redact || masking.first().is_none() {
            return Ok(of_answer(strictest, id));
        }
        Ok(Arc::new(masked(&own, &answer, (&masking, &uses))))
    }
}

/// The calls of tools in what came back.
fn uses_of(action: &Action) -> Result<Vec<ToolUse>, Fault> {
    let is_answer = action.occasion == Some(Occasion::Response);
    match action.content.text.as_deref().filter(|_| is_answer) {
        Some(text) => read(text, action),
        None => Ok(Vec::new()),
    }
}

fn read(text: &str, answer: &Action) -> Result<Vec<ToolUse>, Fault> {
    let kind = answer.content.media_type.as_deref().unwrap_or_default();
    let kind = kind.trim_start().to_ascii_lowercase();
    if !kind.starts_with("text/event-stream") {
        return tool_uses::in_json(text);
    }
    let all = tool_uses::in_events(text.as_bytes(), true)?;
    Ok(all.into_iter().map(|one| one.tool_use).collect())
}

/// A verdict on a call as that on the answer which brings it.
fn of_answer(verdict: Arc<Verdict>, id: Option<String>) -> Arc<Verdict> {
    if verdict.request_id == id {
        return verdict;
    }
    Arc::new(Verdict {
        request_id: id,
        ..verdict.as_ref().clone()
    })
}

/// The verdict on an answer with what those on its calls mask masked in its text, too; where that does
/// not mask all of it, the answer does not pass.
fn masked(own: &Verdict, answer: &Action, (masking, uses): (&Masking<'_>, &[ToolUse])) -> Verdict {
    let mut verdict = own.clone();
    verdict.decision = Decision::Redact;
    let reasons = masking.reasons();
    let new = reasons.filter(|reason| !own.reasons.contains(reason));
    verdict.reasons.extend(new.cloned());
    let text = own.redacted.as_ref().and_then(|masked| masked.text.clone());
    let Some(text) = text.or_else(|| answer.content.text.clone()) else {
        return verdict;
    };
    let all = masking.texts(std::slice::from_ref(&text));
    let text = all.and_then(|all| all.into_iter().next()).unwrap_or(text);
    if read(&text, answer).is_ok_and(|left| masking.is_done(uses, &left)) {
        verdict.redacted = Some(Masked {
            text: Some(text),
            arguments: None,
        });
    } else {
        verdict.decision = Decision::Block;
        verdict.requested = Some(Decision::Redact);
        verdict.redacted = None;
    }
    verdict
}
