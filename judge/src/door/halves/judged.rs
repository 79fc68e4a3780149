//! Asks about one half of an exchange, and says what goes on.

use std::sync::Arc;

use bytes::Bytes;
use magistrate_event::Origin;
use serde::de::IgnoredAny;
use serde_json::{Value as Json, json};

use super::events;
use super::subject::Subject;
use crate::decision::{Carries, Carry, Decision};
use crate::door::Doors;
use crate::door::authz::CARRIES;
use crate::door::call::Asker;
use crate::door::fault::Fault;
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
    /// Nothing, and that is all.
    Stop(Arc<Verdict>),
}

impl Judged<'_> {
    /// Asks whether a head may go on before its body.
    pub(in crate::door) async fn head(&self, subject: Subject) -> Result<Outcome, Fault> {
        let verdict = self.ask(subject.question(None), ONLY_STOPS).await?;
        Ok(match verdict.decision {
            Decision::Allow => Outcome::Pass(verdict),
            Decision::Redact
            | Decision::Downgrade
            | Decision::RequireApproval
            | Decision::Block => Outcome::Stop(verdict),
        })
    }

    /// Asks about a message, with what has come of its body and whether that is all of it.
    pub(in crate::door) async fn whole(
        &self,
        subject: Subject,
        body: Option<(&[u8], bool)>,
    ) -> Result<Outcome, Fault> {
        let readable = body.filter(|(_, is_whole)| *is_whole && subject.is_readable());
        let text = readable.and_then(|(body, _)| std::str::from_utf8(body).ok());
        let carries = if text.is_some() { MASKS } else { STOPS };
        let url = subject.url().map(str::to_owned);
        let verdict = self.ask(subject.question(body), carries).await?;
        Ok(match verdict.decision {
            Decision::Allow => Outcome::Pass(verdict),
            Decision::Redact => match text.and_then(|text| self.masked(&verdict, url, text)) {
                Some(masked) => Outcome::Replace(verdict, masked),
                None => Outcome::Stop(verdict),
            },
            Decision::Downgrade | Decision::RequireApproval | Decision::Block => {
                Outcome::Stop(verdict)
            }
        })
    }

    /// The body with what policies name masked; none where that is not all, or breaks it.
    fn masked(&self, verdict: &Verdict, url: Option<String>, text: &str) -> Option<Bytes> {
        let masked = verdict.redacted.as_ref()?.text.as_ref()?;
        let in_url = url.and_then(|url| self.mask(&json!(url), verdict));
        let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
        let is_sound = masked != text && in_url.is_none() && (is_json(masked) || !is_json(text));
        is_sound.then(|| Bytes::from(masked.clone()))
    }

    /// Asks about the events that are held back, and says which of them go on.
    pub(in crate::door) async fn events(
        &self,
        subject: Subject,
        held: &[u8],
        is_last: bool,
    ) -> Result<Released, Fault> {
        let cut = events::cut(held, is_last);
        if cut == 0 {
            return Ok(Released::Bytes(0));
        }
        let texts = events::texts(held);
        let text = texts.join("\n");
        let question = subject.question(Some((text.as_bytes(), true)));
        let verdict = self.ask(question, MASKS).await?;
        let masked = match verdict.decision {
            Decision::Allow => return Ok(Released::Bytes(cut)),
            Decision::Redact => {
                let mask = |texts: &[String]| self.mask_texts(texts, &verdict);
                events::masked(held, cut, mask)
            }
            Decision::Downgrade | Decision::RequireApproval | Decision::Block => None,
        };
        Ok(match masked {
            Some((cut, events)) => Released::Masked(cut, events),
            None => Released::Stop(verdict),
        })
    }

    fn mask_texts(&self, texts: &[String], verdict: &Verdict) -> Option<Vec<String>> {
        let masked = self.mask(&json!(texts), verdict)?;
        serde_json::from_value(masked).ok()
    }

    fn mask(&self, json: &Json, verdict: &Verdict) -> Option<Json> {
        self.doors.judge.engine().mask(json, verdict)
    }

    async fn ask(&self, mut request: Request, carries: Carries) -> Result<Arc<Verdict>, Fault> {
        let door = Door {
            name: self.name,
            carries,
        };
        let action = &mut request.action;
        action.session.user = self.client.user.clone();
        if let Some(address) = &self.client.address {
            action.told.push(("client_ip".to_owned(), address.clone()));
        }
        let asker = Asker::now(self.origin.clone());
        asker.ask(self.doors, request, door).await
    }
}
