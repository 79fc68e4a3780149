//! Puts what sub-agents did under the calls that started them: by their spans, which hang under the
//! span of that call, else by a guess.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use magistrate_event::{Class, Event, Field, Timestamp};
use serde::Serialize;

use super::{Call, ModelCall};

/// Sub-agents of sub-agents that are shown under each other; deeper ones stand beside the turn's own
/// calls.
const MAX_DEPTH: usize = 16;
/// So far up it is looked for the span of the call.
const MAX_CLIMB: usize = 64;
/// Spans of one sub-agent that are looked at.
const MAX_SPANS: usize = 64;
/// For more sub-agents it is not guessed.
const MAX_GUESSES: usize = 5_000;

/// A sub-agent that a call started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubAgent {
    /// Its id.
    pub id: String,
    /// How it is known which call started it.
    pub joined_by: JoinedBy,
}

/// How a sub-agent is known to be of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinedBy {
    /// Its spans hang under the call's.
    Span,
    /// A guess: the first call of its turn that started a sub-agent before it and has no other.
    Guess,
}

/// Trace and span.
type SpanKey = (String, String);

/// What is known of sub-agents and spans, on the way.
#[derive(Debug, Default)]
pub(super) struct Agents {
    spans: HashMap<SpanKey, Node>,
    /// By their ids.
    seen: BTreeMap<String, Seen>,
}

/// A span.
#[derive(Debug)]
struct Node {
    parent: Option<SpanKey>,
    /// `tool_use_id`, or the id of another request.
    call: Option<String>,
}

/// What is known of a sub-agent.
#[derive(Debug)]
struct Seen {
    first: Timestamp,
    prompt: String,
    /// The spans in which it acted.
    spans: BTreeSet<SpanKey>,
}

impl Agents {
    /// Takes over what `event` tells of spans and sub-agents.
    pub(super) fn add(&mut self, event: &Event) {
        let text = |field| event.text(field).map(str::to_owned);
        let key = |span| Some((text(Field::TraceId)?, text(span)?));
        let (span, parent) = (key(Field::SpanId), key(Field::SpanParent));
        let is_span = event.class() == Class::Span;
        if let Some(agent) = event.text(Field::AgentId) {
            let seen = self.seen.entry(agent.to_owned()).or_insert_with(|| Seen {
                first: event.time(),
                prompt: String::new(),
                spans: BTreeSet::new(),
            });
            seen.first = seen.first.min(event.time());
            if seen.prompt.is_empty() {
                seen.prompt = text(Field::CorrelationUid).unwrap_or_default();
            }
            let within = if is_span {
                parent.clone()
            } else {
                span.clone()
            };
            if seen.spans.len() < MAX_SPANS {
                seen.spans.extend(within);
            }
        }
        if let Some(span) = span.filter(|_| is_span) {
            let call = text(Field::ApiRequestUid);
            self.spans.insert(span, Node { parent, call });
        }
    }

    /// Puts calls and requests of sub-agents under the calls that started them; returns those that stand
    /// under none. All calls are in the order of their time.
    pub(super) fn place(
        self,
        calls: Vec<Call>,
        models: Vec<ModelCall>,
    ) -> (Vec<Call>, Vec<ModelCall>) {
        let mut calls: BTreeMap<String, Call> = calls
            .into_iter()
            .map(|call| (call.id.clone(), call))
            .collect();
        let starters = self.starters(&calls);
        let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for call in calls.values() {
            if let Some(agent) = call.agent.as_ref().filter(|id| starters.contains_key(*id)) {
                ids.entry(agent.clone()).or_default().push(call.id.clone());
            }
        }
        let mut asked: BTreeMap<String, Vec<ModelCall>> = BTreeMap::new();
        let mut rest = Vec::new();
        for model in models {
            match model.agent.clone().filter(|id| starters.contains_key(id)) {
                Some(agent) => asked.entry(agent).or_default().push(model),
                None => rest.push(model),
            }
        }
        // The innermost first, so that each goes with what it started.
        let mut order: Vec<_> = starters.iter().collect();
        order.sort_by_key(|(_, started)| std::cmp::Reverse(started.depth));
        for (agent, started) in order {
            let inner = ids.remove(agent).unwrap_or_default().into_iter();
            let inner: Vec<_> = inner.filter_map(|id| calls.remove(&id)).collect();
            let Some(starter) = calls.get_mut(&started.call) else {
                continue;
            };
            starter.agents.push(SubAgent {
                id: agent.clone(),
                joined_by: started.by,
            });
            starter.calls.extend(inner);
            sort(&mut starter.calls);
            let asked = asked.remove(agent).unwrap_or_default();
            starter.model_calls.extend(asked);
            starter.model_calls.sort_by_key(|model| model.to);
        }
        let mut calls: Vec<_> = calls.into_values().collect();
        sort(&mut calls);
        (calls, rest)
    }

    /// The call that started each sub-agent, where it is known or can be guessed.
    fn starters(&self, calls: &BTreeMap<String, Call>) -> BTreeMap<String, Started> {
        let mut starters = BTreeMap::new();
        for (agent, seen) in &self.seen {
            if let Some(call) = self.above(agent, seen, calls) {
                let by = JoinedBy::Span;
                starters.insert(agent.clone(), Started { call, by, depth: 0 });
            }
        }
        let taken: HashSet<_> = starters.values().map(|one| one.call.clone()).collect();
        let mut free: Vec<&Call> = calls
            .values()
            .filter(|call| call.may_start_agent() && !taken.contains(&call.id))
            .collect();
        free.sort_by_key(|call| (call.from, &call.id));
        let mut unknown: Vec<_> = self.seen.iter().collect();
        unknown.retain(|(agent, _)| !starters.contains_key(*agent));
        unknown.sort_by_key(|(agent, seen)| (seen.first, *agent));
        for (agent, seen) in unknown.into_iter().take(MAX_GUESSES) {
            if let Some(index) = guess(&free, agent, seen) {
                let call = free.remove(index).id.clone();
                let by = JoinedBy::Guess;
                starters.insert(agent.clone(), Started { call, by, depth: 0 });
            }
        }
        measure(&mut starters, calls);
        starters
    }

    /// The call whose span is the next above what a sub-agent did, and is not its own.
    fn above(&self, agent: &str, seen: &Seen, calls: &BTreeMap<String, Call>) -> Option<String> {
        let is_starter = |id: &&String| {
            let call = calls.get(*id);
            call.is_some_and(|call| call.agent.as_deref() != Some(agent))
        };
        seen.spans.iter().find_map(|span| {
            let mut at = Some(span);
            for _ in 0..MAX_CLIMB {
                let node = self.spans.get(at?)?;
                if let Some(call) = node.call.as_ref().filter(is_starter) {
                    return Some(call.clone());
                }
                at = node.parent.as_ref();
            }
            None
        })
    }
}

/// Where a sub-agent stands.
#[derive(Debug)]
struct Started {
    call: String,
    by: JoinedBy,
    /// How many sub-agents stand above it.
    depth: usize,
}

/// The first of `free`, in the order of time, that can have started the sub-agent: of its turn, else
/// the last before it.
fn guess(free: &[&Call], agent: &str, seen: &Seen) -> Option<usize> {
    let before = |call: &&Call| call.from <= seen.first && call.agent.as_deref() != Some(agent);
    let of_turn = |call: &&Call| before(call) && call.prompt == seen.prompt;
    free.iter()
        .position(of_turn)
        .or_else(|| free.iter().rposition(before))
}

/// Says of each sub-agent how deep it stands; takes out those that would stand too deep, or under
/// themselves.
fn measure(starters: &mut BTreeMap<String, Started>, calls: &BTreeMap<String, Call>) {
    let agents: Vec<_> = starters.keys().cloned().collect();
    for agent in agents {
        let mut depth = 0;
        let mut above = starters.get(&agent);
        while let Some(started) = above.filter(|_| depth <= MAX_DEPTH) {
            let outer = calls
                .get(&started.call)
                .and_then(|call| call.agent.as_ref());
            above = outer.and_then(|outer| starters.get(outer));
            depth += 1;
        }
        if depth > MAX_DEPTH {
            starters.remove(&agent);
        } else if let Some(started) = starters.get_mut(&agent) {
            started.depth = depth;
        }
    }
}

fn sort(calls: &mut [Call]) {
    calls.sort_by(|a, b| (a.from, &a.id).cmp(&(b.from, &b.id)));
}

#[cfg(test)]
mod tests {
    use magistrate_event::EventUid;

    use super::*;
    use crate::graph::{Step, task_graph};

    type Row = (EventUid, Event);

    fn row(seconds: i64, class: Class, fields: &[(Field, &str)]) -> Row {
        let time = Timestamp::from_micros((1_800_000_000 + seconds) * 1_000_000);
        let mut event = Event::new(class, 1, time);
        event.set_text(Field::TraceId, "t");
        event.set_text(Field::CorrelationUid, "p");
        for (field, text) in fields.iter().filter(|(_, text)| !text.is_empty()) {
            event.set_text(*field, text);
        }
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&seconds.to_le_bytes());
        (EventUid::from_bytes(bytes), event)
    }

    /// A call of the sub-agent `by`, in that span.
    fn call(seconds: i64, id: &str, class: &str, by: &str, span: &str) -> Row {
        let fields = [
            (Field::EventCode, "tool_result"),
            (Field::ApiRequestUid, id),
            (Field::ToolClass, class),
            (Field::AgentId, by),
            (Field::SpanId, span),
        ];
        row(seconds, Class::ApiActivity, &fields)
    }

    fn span(id: &str, parent: &str, call: &str, by: &str) -> Row {
        let fields = [
            (Field::SpanId, id),
            (Field::SpanParent, parent),
            (Field::ApiRequestUid, call),
            (Field::AgentId, by),
        ];
        row(1, Class::Span, &fields)
    }

    /// Calls as `id`, each with what stands under it in brackets; guesses with a question mark.
    fn tree(rows: &[Row]) -> String {
        fn shown(call: &Call) -> String {
            let mut text = call.id.clone();
            let is_guess = |one: &SubAgent| one.joined_by == JoinedBy::Guess;
            if call.agents.iter().any(is_guess) {
                text.push('?');
            }
            let asked = call.model_calls.iter().map(|_| "model".to_owned());
            let inner: Vec<_> = asked.chain(call.calls.iter().map(shown)).collect();
            if !inner.is_empty() {
                text.push_str(&format!("({})", inner.join(" ")));
            }
            text
        }
        let graph = task_graph("s", rows, &[]);
        let steps = graph.turns.iter().flat_map(|turn| &turn.steps);
        let steps = steps.map(|step| match step {
            Step::Call(call) => shown(call),
            Step::Model(_) => "model".to_owned(),
            Step::Note(_) | Step::Verdict(_) => "other".to_owned(),
        });
        steps.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn spans_tell_parallel_and_nested_sub_agents_apart() {
        // Of two at once the second acts first; the first starts one itself.
        let mut rows = vec![
            call(1, "A1", "agent", "", "turn"),
            call(2, "A2", "agent", "", "turn"),
            call(3, "two", "read", "y", "x-A2"),
            call(4, "one", "read", "x", "x-A1"),
            call(5, "A3", "agent", "x", "x-A1"),
            call(6, "deep", "read", "z", "x-A3"),
            row(
                7,
                Class::ApiActivity,
                &[
                    (Field::EventCode, "api_request"),
                    (Field::AgentId, "z"),
                    (Field::SpanId, "x-A3"),
                ],
            ),
        ];
        let spans = [
            span("A1s", "turn", "A1", ""),
            span("x-A1", "A1s", "A1", ""),
            span("A2s", "turn", "A2", ""),
            span("x-A2", "A2s", "A2", ""),
            span("A3s", "x-A1", "A3", "x"),
            span("x-A3", "A3s", "A3", ""),
        ];
        assert_eq!(tree(&rows), "A1?(two) A2?(one A3?(model deep))", "by guess");
        rows.extend(spans);
        assert_eq!(tree(&rows), "A1(one A3(model deep)) A2(two)");
    }

    #[test]
    fn a_decision_is_made_in_a_span_of_its_own_call() {
        let rows = [
            call(1, "A1", "agent", "", "turn"),
            call(2, "A2", "agent", "x", "waits"),
            call(3, "in", "read", "y", "in-waits"),
            span("A1s", "turn", "A1", ""),
            span("x-A1", "A1s", "A1", ""),
            span("A2s", "x-A1", "A2", "x"),
            span("waits", "A2s", "", ""),
            span("x-A2", "A2s", "A2", ""),
            span("in-s", "x-A2", "in", "y"),
            span("in-waits", "in-s", "", ""),
        ];
        assert_eq!(tree(&rows), "A1(A2(in))");
    }

    #[test]
    fn without_spans_the_order_is_that_of_their_starts() {
        let rows = [
            call(1, "A1", "agent", "", ""),
            call(2, "A2", "agent", "", ""),
            call(3, "one", "read", "x", ""),
            call(4, "two", "read", "y", ""),
            call(5, "A3", "agent", "x", ""),
            call(6, "deep", "read", "z", ""),
        ];
        assert_eq!(tree(&rows), "A1?(one A3?(deep)) A2?(two)");
        let early = [
            call(1, "one", "read", "x", ""),
            call(2, "A1", "agent", "", ""),
        ];
        assert_eq!(tree(&early), "one A1");
    }

    #[test]
    fn circles_and_endless_chains_end() {
        let circle = [
            call(1, "A1", "agent", "x", "x-A2"),
            call(2, "A2", "agent", "y", "x-A1"),
            span("x-A1", "x-A1", "A1", ""),
            span("x-A2", "x-A2", "A2", ""),
        ];
        assert_eq!(tree(&circle), "A1(A2)");
        let mut chain = Vec::new();
        for number in 0..3_000 {
            let (id, by) = (format!("A{number:04}"), format!("a{number:04}"));
            let above = format!("s{number:04}");
            let below = format!("s{:04}", number + 1);
            chain.push(call(number, &id, "agent", &by, &above));
            chain.push(span(&below, &above, &id, ""));
        }
        let graph = task_graph("s", &chain, &[]);
        assert!(!graph.to_string().is_empty());
        assert!(serde_json::to_string(&graph).is_ok());
    }
}
