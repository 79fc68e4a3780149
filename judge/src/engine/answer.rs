//! Decides a question that was looked at, and writes its verdict and rows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use magistrate_enrich::SessionFacts;
use magistrate_event::{EventUid, Record};
use serde_json::Value as Json;

use super::{Engine, Judged, Looked, Moment, Prepared, Ruled};
use crate::approvals::Answer;
use crate::decision::{Decision, Failure, Findings, decide};
use crate::reasons::{families, reasons};
use crate::row;
use crate::scores::Said;
use crate::verdict::{Constraints, Masked, Verdict, message_of};

impl Engine {
    /// Decides by what was seen. Without `looked` the posture decides alone.
    pub fn rule(&self, prepared: &Prepared, looked: Option<Looked>, failures: &[Failure]) -> Ruled {
        let mut findings = Findings {
            matches: Vec::new(),
            failures: failures.to_vec(),
        };
        let (record, facts, said, limits) = match looked {
            Some(looked) => {
                findings.matches = looked.matches;
                (
                    Some(looked.record),
                    looked.facts,
                    looked.said,
                    looked.limits,
                )
            }
            None => (None, SessionFacts::UNKNOWN, Said::NOTHING, Vec::new()),
        };
        if prepared.is_partial() {
            findings.failures.push(Failure::Partial);
        }
        if said.scores.unjudged.is_some() {
            findings.failures.push(Failure::Unjudged);
        }
        Ruled {
            ruling: decide(&prepared.facts, &findings, &self.postures),
            record,
            facts,
            said,
            findings,
            limits,
            heard: None,
        }
    }

    /// Writes the verdict of what was decided, with its rows.
    pub fn conclude(&self, prepared: &Prepared, ruled: Ruled, moment: Moment) -> Judged {
        let uid = self.verdict_uid(prepared, ruled.heard.as_ref(), Moment::InTime);
        let verdict = self.verdict(prepared, &ruled, uid);
        let asked = verdict.requested.unwrap_or(verdict.decision);
        if moment != Moment::Late {
            prepared.note_answer(verdict.decision);
        }
        let uid = match moment {
            Moment::InTime => uid,
            Moment::Unrecorded | Moment::Late => {
                self.verdict_uid(prepared, ruled.heard.as_ref(), moment)
            }
        };
        let row = self.verdict_row(prepared, &ruled, (uid, &verdict), moment);
        if let Some(record) = &ruled.record {
            self.remember(prepared, record.event(), (asked, moment));
        }
        Judged {
            rows: ruled.record.into_iter().chain([row]).collect(),
            verdict,
        }
    }

    fn verdict(&self, prepared: &Prepared, ruled: &Ruled, uid: EventUid) -> Verdict {
        let (findings, asked) = (&ruled.findings, ruled.ruling.decision);
        let mut decision = prepared.door.carries.enforced(asked);
        if decision == Decision::Redact && prepared.is_partial() {
            // What was not looked at cannot be masked.
            decision = Decision::Block;
        }
        let strictest = ruled.ruling.strictest;
        let strictest = strictest.and_then(|at| findings.matches.get(at));
        let own = strictest.map(|one| one.message.clone());
        let message = own.filter(|message| !message.is_empty());
        let families = families(findings);
        let redacted = (decision == Decision::Redact).then(|| self.masked(prepared, &families));
        let elapsed = prepared.since.elapsed().as_micros();
        Verdict {
            verdict_id: uid.to_string(),
            request_id: prepared.request_id.clone(),
            decision,
            reasons: reasons(&prepared.facts, findings, &self.postures),
            scores: scores(&ruled.said),
            redacted,
            constraints: (decision == Decision::Downgrade).then(Constraints::read_only),
            approval: ruled.ticket(),
            requested: (decision != asked).then_some(asked),
            retry_after_ms: self.retry_after_ms(prepared, ruled),
            tier: ruled.said.tier,
            degraded: findings.failures.iter().any(|one| *one != Failure::Partial),
            partial: prepared.is_partial(),
            policy_version: prepared.policies.version().to_owned(),
            model: ruled.said.model.as_deref().map(str::to_owned),
            elapsed_us: u64::try_from(elapsed).unwrap_or(u64::MAX),
            families,
            message: message.unwrap_or_else(|| message_of(decision).to_owned()),
        }
    }

    /// How long until it would not be decided so any more; nothing where it is no rate limit alone that
    /// decided.
    fn retry_after_ms(&self, prepared: &Prepared, ruled: &Ruled) -> Option<u64> {
        let over = || ruled.limits.iter().filter(|one| one.exceeded);
        let wait = over().filter_map(|one| one.wait).max()?;
        let mut rest = ruled.findings.clone();
        rest.matches
            .retain(|one| !over().any(|limit| limit.policy == one.policy));
        let milder = decide(&prepared.facts, &rest, &self.postures);
        if milder.decision >= ruled.ruling.decision {
            return None;
        }
        // Rounded up: a moment too early is too early.
        u64::try_from(wait.as_millis() + 1).ok()
    }

    /// Masks in any JSON what the verdict's policies name.
    pub fn mask(&self, json: &Json, verdict: &Verdict) -> Option<Json> {
        let reply = self
            .redactor
            .mask_reply(None, Some(json), &verdict.families);
        reply.arguments.filter(|_| reply.masked > 0)
    }

    fn masked(&self, prepared: &Prepared, families: &[String]) -> Masked {
        let content = prepared.action.content.text.as_deref();
        let arguments = prepared.action.tool.arguments.as_ref();
        let arguments = arguments.and_then(|json| serde_json::from_str(json.as_json()).ok());
        let reply = self
            .redactor
            .mask_reply(content, arguments.as_ref(), families);
        Masked {
            text: reply.text,
            arguments: reply.arguments,
        }
    }

    /// The verdict's id: the same for a retry, unless a person has said something since.
    fn verdict_uid(&self, prepared: &Prepared, heard: Option<&Answer>, moment: Moment) -> EventUid {
        let what: Cow<'_, str> = match (moment, heard) {
            (Moment::Late, _) => "late verdict".into(),
            (Moment::Unrecorded, _) => "verdict by posture".into(),
            (Moment::InTime, None | Some(Answer::Full | Answer::Unasked)) => "verdict".into(),
            (Moment::InTime, Some(Answer::Pending(ticket))) => {
                format!("verdict, asks {}", ticket.id).into()
            }
            (Moment::InTime, Some(Answer::Approved(id))) => format!("verdict, uses {id}").into(),
            (Moment::InTime, Some(Answer::Denied(id))) => format!("verdict, denied by {id}").into(),
        };
        self.uid_key.follow_up(prepared.uid, &what)
    }

    fn verdict_row(
        &self,
        prepared: &Prepared,
        ruled: &Ruled,
        (uid, verdict): (EventUid, &Verdict),
        moment: Moment,
    ) -> Record {
        let about = match &ruled.record {
            // As the action's own row has it: a part of what is masked there may look like nothing here.
            Some(record) => row::about(record.event()),
            None => row::unseen(prepared.about.clone()),
        };
        let told = row::Told {
            about: &about,
            event_uid: prepared.uid,
            time: prepared.received,
            door: prepared.door.name,
            category: prepared.facts.category,
            profile: prepared.policies.profile().name(),
            facts: &ruled.facts,
            approval: ruled.approval(),
            moment,
            part: ruled.said.scores.part,
            drift: ruled.said.drift.as_ref(),
            unjudged: ruled.said.scores.unjudged,
            answered: prepared.answered(),
        };
        let event = row::verdict(&told, verdict, &ruled.findings.matches);
        // It holds names and ids that the caller chose.
        let (redacted, _) = self.redactor.rows().redact(uid, event);
        Record::new(uid, prepared.received, redacted)
    }
}

/// The scores of a verdict, by name; what was not judged has none.
fn scores(said: &Said) -> BTreeMap<String, f64> {
    let scores = [
        ("injection", said.scores.injection),
        ("scope_drift", said.scores.scope_drift),
        ("llm", said.llm.and_then(Result::ok)),
    ];
    let given = scores.into_iter();
    given
        .filter_map(|(name, score)| Some((name.to_owned(), score?)))
        .collect()
}
