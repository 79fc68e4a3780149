//! Decides a question that was looked at, and writes its verdict and rows.

use std::collections::BTreeMap;

use magistrate_enrich::SessionFacts;
use magistrate_event::{EventUid, Record};
use serde_json::Value as Json;

use super::{Engine, Judged, Looked, Moment, Prepared};
use crate::decision::{Decision, Failure, Findings, decide};
use crate::reasons::{families, reasons};
use crate::row;
use crate::verdict::{Constraints, Masked, Tier, Verdict, message_of};

impl Engine {
    /// Decides, and writes the verdict with its rows. Without `looked` the posture decides alone.
    pub fn conclude(
        &self,
        prepared: &Prepared,
        looked: Option<Looked>,
        failures: &[Failure],
        moment: Moment,
    ) -> Judged {
        let (record, facts, matches) = match looked {
            Some(Looked {
                record,
                facts,
                matches,
            }) => (Some(record), facts, matches),
            None => (None, SessionFacts::UNKNOWN, Vec::new()),
        };
        let mut findings = Findings {
            matches,
            failures: failures.to_vec(),
        };
        if prepared.is_partial {
            findings.failures.push(Failure::Partial);
        }
        let verdict = self.verdict(prepared, &findings);
        if let Some(record) = &record {
            let asked = verdict.requested.unwrap_or(verdict.decision);
            self.remember(prepared, record.event(), asked);
        }
        let row = self.verdict_row(prepared, (&facts, &findings), &verdict, moment);
        Judged {
            rows: record.into_iter().chain([row]).collect(),
            verdict,
        }
    }

    fn verdict(&self, prepared: &Prepared, findings: &Findings) -> Verdict {
        let ruling = decide(&prepared.facts, findings, &self.postures);
        let asked = ruling.decision;
        let mut decision = prepared.door.carries.enforced(asked);
        if decision == Decision::Redact && prepared.is_partial {
            // What was not looked at cannot be masked.
            decision = Decision::Block;
        }
        let strictest = ruling.strictest.and_then(|at| findings.matches.get(at));
        let own = strictest.map(|one| one.message.clone());
        let message = own.filter(|message| !message.is_empty());
        let families = families(findings);
        let redacted = (decision == Decision::Redact).then(|| self.masked(prepared, &families));
        let elapsed = prepared.since.elapsed().as_micros();
        Verdict {
            verdict_id: self.verdict_uid(prepared, Moment::InTime).to_string(),
            request_id: prepared.request_id.clone(),
            decision,
            reasons: reasons(&prepared.facts, findings, &self.postures),
            scores: BTreeMap::new(),
            redacted,
            constraints: (decision == Decision::Downgrade).then(Constraints::read_only),
            requested: (decision != asked).then_some(asked),
            tier: Tier::Rules,
            degraded: findings.failures.iter().any(|one| *one != Failure::Partial),
            partial: prepared.is_partial,
            policy_version: prepared.policies.version().to_owned(),
            elapsed_us: u64::try_from(elapsed).unwrap_or(u64::MAX),
            families,
            message: message.unwrap_or_else(|| message_of(decision).to_owned()),
        }
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

    fn verdict_uid(&self, prepared: &Prepared, moment: Moment) -> EventUid {
        let what = match moment {
            Moment::InTime => "verdict",
            Moment::Late => "late verdict",
        };
        self.uid_key.follow_up(prepared.uid, what)
    }

    fn verdict_row(
        &self,
        prepared: &Prepared,
        (facts, findings): (&SessionFacts, &Findings),
        verdict: &Verdict,
        moment: Moment,
    ) -> Record {
        let uid = self.verdict_uid(prepared, moment);
        let told = row::Told {
            about: &prepared.about,
            event_uid: prepared.uid,
            time: prepared.received,
            door: prepared.door.name,
            category: prepared.facts.category,
            profile: prepared.policies.profile().name(),
            facts,
            moment,
        };
        let event = row::verdict(&told, verdict, &findings.matches);
        // It holds names and ids that the caller chose.
        let (redacted, _) = self.redactor.rows().redact(uid, event);
        Record::new(uid, prepared.received, redacted)
    }
}
