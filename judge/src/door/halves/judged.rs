//! Asks about one half of an exchange, and says what goes on.

use std::sync::Arc;

use bytes::Bytes;
use magistrate_event::{Action, Origin};
use serde::de::IgnoredAny;
use serde_json::json;

use super::events;
use super::subject::Subject;
use crate::decision::{Carries, Carry, Decision};
use crate::door::Doors;
use crate::door::authz::CARRIES;
use crate::door::call::Asker;
use crate::door::fault::Fault;
use crate::door::masking::Masking;
use crate::door::tool_uses::{self, Streamed, ToolUse};
use crate::inquiry::Door;
use crate::request::Request;
use crate::verdict::Verdict;

/// A body that is there whole, and is text, can be masked.
const MASKS: Carries = Carries {
    redact: Carry::Yes,
    ..CARRIES
};
/// Any other can not.
const STOPS: Carries = CARRIES;
/// A head that goes on before its body can be stopped, and nothing else: an approval of the head
/// would be used up before the body asks for its own.
const ONLY_STOPS: Carries = Carries::ONLY_BLOCK;

/// Whoever asks for an exchange.
pub(in crate::door) struct Judged<'a> {
    pub(in crate::door) doors: &'a Doors,
    pub(in crate::door) origin: Origin,
    /// The door's name in rows and metrics.
    pub(in crate::door) name: &'static str,
    /// Who is behind it, as far as the door is told.
    pub(in crate::door) client: Client,
}

/// Whom a proxy asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::door) struct Client {
    /// Its user.
    pub(in crate::door) user: Option<String>,
    /// Its address.
    pub(in crate::door) address: Option<String>,
}

/// What goes on.
pub(in crate::door) enum Outcome {
    /// All of it, as it is.
    Pass(Arc<Verdict>),
    /// This instead of the body.
    Replace(Arc<Verdict>, Bytes),
    /// Nothing.
    Stop(Arc<Verdict>),
}

/// What goes on of a stream of events.
pub(in crate::door) enum Released {
    /// So many bytes, as they are.
    Bytes(usize),
    /// This instead of so many bytes.
    Masked(usize, Bytes),
    /// Nothing yet: a call of a tool has begun, and its end is waited for.
    Waits,
    /// Nothing, and that is all.
    Stop(Arc<Verdict>),
}

impl Judged<'_> {
    /// Asks whether a head may go on before its body.
    pub(in crate::door) async fn head(&self, subject: Subject) -> Result<Outcome, Fault> {
        let question = subject.question(None);
        let verdict = self.ask(&self.asker(), question, ONLY_STOPS).await?;
        Ok(match verdict.decision {
            Decision::Allow => Outcome::Pass(verdict),
            Decision::Redact
            | Decision::Downgrade
            | Decision::RequireApproval
            | Decision::Block => Outcome::Stop(verdict),
        })
    }

    /// Asks about a message, with what has come of its body and whether that is all of it; of what a
    /// model answers also about each call of a tool.
    pub(in crate::door) async fn whole(
        &self,
        subject: Subject,
        body: Option<(&[u8], bool)>,
    ) -> Result<Outcome, Fault> {
        let readable = body.filter(|(_, is_whole)| *is_whole && subject.is_readable());
        let text = readable.and_then(|(body, _)| std::str::from_utf8(body).ok());
        let carries = if text.is_some() { MASKS } else { STOPS };
        let url = subject.url().map(str::to_owned);
        let answer = text.filter(|_| matches!(subject, Subject::Response(_)));
        let uses = answer.map(tool_uses::in_json).transpose()?;
        let uses = uses.unwrap_or_default();
        let question = subject.question(body);
        let calls = actions(&uses, &question.action);
        let asker = self.asker();
        let verdict = self.ask(&asker, question, carries).await?;
        if verdict.decision > Decision::Redact {
            return Ok(Outcome::Stop(verdict));
        }
        let masking = match self.calls(&asker, calls).await? {
            Passing::All(masking) => self.masking(masking),
            Passing::None(stopping) => return Ok(Outcome::Stop(stopping)),
        };
        if verdict.decision == Decision::Allow && masking.first().is_none() {
            return Ok(Outcome::Pass(verdict));
        }
        let masked = text.and_then(|text| masked(&verdict, text, (&masking, &uses)));
        // Where policy would mask something of the address, too, masking the body does not do.
        let in_url = url.and_then(|url| masking.engine().mask(&json!(url), &verdict));
        Ok(
            match (masked.filter(|_| in_url.is_none()), masking.first()) {
                (Some(masked), _) => Outcome::Replace(verdict, masked),
                (None, Some(call)) if verdict.decision == Decision::Allow => {
                    Outcome::Stop(Arc::clone(call))
                }
                (None, _) => Outcome::Stop(verdict),
            },
        )
    }

    /// Asks about the events that are held back, and the calls of tools that they tell of, and says
    /// which of them go on.
    pub(in crate::door) async fn events(
        &self,
        subject: Subject,
        held: &[u8],
        is_last: bool,
    ) -> Result<Released, Fault> {
        let uses = tool_uses::in_events(held, is_last)?;
        let whole = events::cut(held, is_last);
        let cut = tool_uses::cut_between(&uses, whole);
        if cut == 0 {
            let is_in_call = whole > 0;
            return Ok(if is_in_call {
                Released::Waits
            } else {
                Released::Bytes(0)
            });
        }
        let text = events::texts(held).join("\n");
        let question = subject.question(Some((text.as_bytes(), true)));
        let calls = actions(&over_by(&uses, cut), &question.action);
        let asker = self.asker();
        let verdict = self.ask(&asker, question, MASKS).await?;
        if verdict.decision > Decision::Redact {
            return Ok(Released::Stop(verdict));
        }
        let mut verdicts = match self.calls(&asker, calls).await? {
            Passing::All(verdicts) => verdicts,
            Passing::None(stopping) => return Ok(Released::Stop(stopping)),
        };
        if verdict.decision == Decision::Redact {
            verdicts.insert(0, verdict);
        }
        let masking = self.masking(verdicts);
        let Some(stopping) = masking.first() else {
            return Ok(Released::Bytes(cut));
        };
        let may_cut = |cut| tool_uses::is_between(&uses, cut);
        let masked = events::masked(held, (cut, may_cut), |texts| masking.texts(texts));
        if let Some((cut, events)) = masked {
            let left = over_by(&tool_uses::in_events(&events, true)?, events.len());
            if masking.is_done(&over_by(&uses, cut), &left) {
                return Ok(Released::Masked(cut, events));
            }
        }
        Ok(Released::Stop(Arc::clone(stopping)))
    }

    /// Asks about calls of tools, one after the other.
    async fn calls(&self, asker: &Asker, calls: Vec<Action>) -> Result<Passing, Fault> {
        let mut masking = Vec::new();
        for action in calls {
            let request = Request {
                action,
                ..Request::default()
            };
            let verdict = self.ask(asker, request, MASKS).await?;
            match verdict.decision {
                Decision::Allow => {}
                Decision::Redact => masking.push(verdict),
                Decision::Downgrade | Decision::RequireApproval | Decision::Block => {
                    return Ok(Passing::None(verdict));
                }
            }
        }
        Ok(Passing::All(masking))
    }

    fn masking(&self, verdicts: Vec<Arc<Verdict>>) -> Masking<'_> {
        Masking::new(self.doors.judge.engine(), verdicts)
    }

    fn asker(&self) -> Asker {
        Asker::now(self.origin.clone())
    }

    async fn ask(
        &self,
        asker: &Asker,
        mut request: Request,
        carries: Carries,
    ) -> Result<Arc<Verdict>, Fault> {
        let door = Door {
            name: self.name,
            carries,
        };
        let action = &mut request.action;
        action.session.user = self.client.user.clone();
        if let Some(address) = &self.client.address {
            action.told.push(("client_ip".to_owned(), address.clone()));
        }
        asker.ask(self.doors, request, door).await
    }
}

/// What became of calls.
enum Passing {
    /// They pass, with what these verdicts mask masked.
    All(Vec<Arc<Verdict>>),
    /// This one does not.
    None(Arc<Verdict>),
}

fn actions(uses: &[ToolUse], answer: &Action) -> Vec<Action> {
    let uses = uses.iter().cloned();
    uses.map(|one| one.action(answer)).collect()
}

/// The calls that have ended up to `cut`: what has not is judged when it has.
fn over_by(uses: &[Streamed], cut: usize) -> Vec<ToolUse> {
    let over = uses
        .iter()
        .filter(|one| one.end.is_some_and(|end| end <= cut));
    over.map(|one| one.tool_use.clone()).collect()
}

/// The body with what policies name masked; none where that is not all, or breaks it.
fn masked(
    verdict: &Verdict,
    text: &str,
    (masking, uses): (&Masking<'_>, &[ToolUse]),
) -> Option<Bytes> {
    let own = match verdict.decision {
        Decision::Redact => verdict.redacted.as_ref()?.text.clone()?,
        Decision::Allow | Decision::Downgrade | Decision::RequireApproval | Decision::Block => {
            text.to_owned()
        }
    };
    let all = masking.texts(std::slice::from_ref(&own));
    let masked = all.and_then(|all| all.into_iter().next()).unwrap_or(own);
    let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
    let is_sound = masked != text && (is_json(&masked) || !is_json(text));
    let left = if uses.is_empty() {
        Vec::new()
    } else {
        tool_uses::in_json(&masked).ok()?
    };
    (is_sound && masking.is_done(uses, &left)).then(|| Bytes::from(masked))
}
