//! Judges once more what was judged before: the stored action, which is what policies saw of it, by the
//! facts, scores and words of people that its verdict tells of.

use magistrate_enrich::Case;
use magistrate_event::{Event, EventUid, Field, Timestamp};

use crate::category::{Postures, category_of};
use crate::decision::{Decision, Facts, Findings, Match, decide};
use crate::engine::person::heard;
use crate::limits::Limits;
use crate::past::Past;
use crate::policies::Policies;
use crate::reasons::reasons;
use crate::session_facts::with_task_of;
use crate::verdict::Reason;

/// Policies and postures that what was judged before is held against.
pub struct Again {
    policies: Policies,
    postures: Postures,
    limits: Limits,
}

/// What policies make of a stored action.
#[derive(Debug)]
pub struct Seen {
    time: Timestamp,
    facts: Facts,
    matches: Vec<Match>,
}

/// What would be decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Would {
    /// What policies and postures ask for.
    pub asked: Decision,
    /// Every reason, the strictest first.
    pub reasons: Vec<Reason>,
}

impl Again {
    /// Holds verdicts of before against `policies` and `postures`.
    pub fn new(policies: Policies, postures: Postures) -> Self {
        Self {
            policies,
            postures,
            limits: Limits::default(),
        }
    }

    /// The policies.
    pub const fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Shows the row of the action of `past` to the policies.
    pub fn look(&self, past: &Past, (uid, event): (EventUid, &Event)) -> Seen {
        let mut facts = with_task_of(past.facts.clone(), event);
        facts.is_known |= event.text(Field::SessionUid).is_some();
        let case = Case {
            uid: Some(uid),
            event,
            facts: &facts,
            scores: &past.scores,
        };
        let category = category_of(event);
        Seen {
            time: event.time(),
            matches: self.policies.look(case, category),
            facts: Facts {
                category,
                is_approved: false,
            },
        }
    }

    /// Decides by what was seen, by what failed then, and by what a person said then. Rate limits count
    /// from the first that this is asked of; ask in the order of time.
    pub fn rule(&self, past: &Past, mut seen: Seen) -> Would {
        self.limits.settle(&mut seen.matches, seen.time);
        seen.matches.extend(past.llm.clone());
        let mut findings = Findings {
            matches: seen.matches,
            failures: past.failures.clone(),
        };
        let mut ruling = decide(&seen.facts, &findings, &self.postures);
        if ruling.decision == Decision::RequireApproval
            && let Some(answer) = &past.heard
        {
            ruling = heard(&seen.facts, &mut findings, &self.postures, answer);
        }
        Would {
            asked: ruling.decision,
            reasons: reasons(&seen.facts, &findings, &self.postures),
        }
    }
}

#[cfg(test)]
mod tests;
