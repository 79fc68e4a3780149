//! The graph as a person reads it: a tree of lines.

use std::fmt::{self, Display, Formatter};

use super::{
    Call, ClockPairs, Evidence, Flow, JoinedBy, Missing, ModelCall, Step, TaskGraph, Verdict,
};

/// Longer texts are cut.
const MAX_TEXT_CHARS: usize = 100;

impl Display for TaskGraph {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "session {}", self.session)?;
        for one in [&self.user, &self.surface].into_iter().flatten() {
            write!(f, " · {one}")?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "{} – {} · {} events",
            clock(&self.first),
            clock(&self.last),
            self.events
        )?;
        for turn in &self.turns {
            let title = match (&turn.text, &turn.prompt) {
                (Some(text), _) => format!("“{}”", cut(text)),
                (None, Some(prompt)) => format!("turn {prompt}"),
                (None, None) => "outside of turns".to_owned(),
            };
            writeln!(f, "\n{} {title}", clock(&turn.time))?;
            let last = turn.steps.len();
            for (number, step) in (1..).zip(&turn.steps) {
                write_step(f, step, number == last)?;
            }
        }
        write_rest(f, self)
    }
}

fn write_step(f: &mut Formatter<'_>, step: &Step, is_last: bool) -> fmt::Result {
    let (mark, indent) = branch(is_last);
    match step {
        Step::Model(model) => write_model(f, model, "", (mark, indent)),
        Step::Note(note) => writeln!(f, "{mark} {} {}", clock(&note.time), cut(&note.text)),
        Step::Verdict(verdict) => writeln!(f, "{mark} {}", verdict_line(verdict)),
        Step::Call(call) => {
            writeln!(f, "{mark} {}", line(call))?;
            write_below(f, call, indent)
        }
    }
}

/// The mark of a line, and what stands before the lines below it.
const fn branch(is_last: bool) -> (&'static str, &'static str) {
    if is_last {
        ("└─", "   ")
    } else {
        ("├─", "│  ")
    }
}

/// Verdicts and flows of a call, and what the sub-agents did that it started, in the order of time.
fn write_below(f: &mut Formatter<'_>, call: &Call, indent: &str) -> fmt::Result {
    let inner = call.model_calls.len() + call.calls.len();
    let mut left = call.verdicts.len() + call.flows.len() + inner;
    let mut next = || {
        left = left.saturating_sub(1);
        branch(left == 0)
    };
    for verdict in &call.verdicts {
        writeln!(f, "{indent}{} {}", next().0, verdict_line(verdict))?;
    }
    for flow in &call.flows {
        write_flow(f, flow, indent, next())?;
    }
    let mut models = call.model_calls.iter().peekable();
    for inner in &call.calls {
        while let Some(model) = models.next_if(|model| model.to <= inner.from) {
            write_model(f, model, indent, next())?;
        }
        let (mark, more) = next();
        writeln!(f, "{indent}{mark} {}", line(inner))?;
        write_below(f, inner, &format!("{indent}{more}"))?;
    }
    for model in models {
        write_model(f, model, indent, next())?;
    }
    Ok(())
}

fn write_model(
    f: &mut Formatter<'_>,
    model: &ModelCall,
    indent: &str,
    (mark, more): (&str, &str),
) -> fmt::Result {
    let failed = if model.failed { " failed" } else { "" };
    let name = model.model.as_deref().unwrap_or("model");
    let evidence = told(model.evidence);
    writeln!(
        f,
        "{indent}{mark} {} {name}{failed}{evidence}",
        clock(&model.time)
    )?;
    let last = model.flows.len();
    for (number, flow) in (1..).zip(&model.flows) {
        write_flow(f, flow, &format!("{indent}{more}"), branch(number == last))?;
    }
    Ok(())
}

fn write_flow(
    f: &mut Formatter<'_>,
    flow: &Flow,
    indent: &str,
    (mark, more): (&str, &str),
) -> fmt::Result {
    writeln!(f, "{indent}{mark} {}", flow_line(flow))?;
    write_verdicts(f, flow, &format!("{indent}{more}"))
}

fn write_verdicts(f: &mut Formatter<'_>, flow: &Flow, indent: &str) -> fmt::Result {
    let last = flow.verdicts.len();
    for (number, verdict) in (1..).zip(&flow.verdicts) {
        let (mark, _) = branch(number == last);
        writeln!(f, "{indent}{mark} {}", verdict_line(verdict))?;
    }
    Ok(())
}

fn verdict_line(verdict: &Verdict) -> String {
    let late = if verdict.late { "late " } else { "" };
    let mut line = format!(
        "{} {late}verdict {}",
        clock(&verdict.time),
        verdict.decision
    );
    if let Some(requested) = &verdict.requested {
        line.push_str(&format!(" (policy asked for {requested})"));
    }
    if let Some(door) = &verdict.door {
        line.push_str(&format!(" · {door}"));
    }
    if let Some(tier) = &verdict.tier {
        line.push_str(&format!(" · {tier}"));
    }
    if verdict.degraded {
        line.push_str(" · degraded");
    }
    if !verdict.reasons.is_empty() {
        line.push_str(&format!(" · {}", cut(&verdict.reasons.join("; "))));
    }
    if let Some(drift) = &verdict.drift {
        let (argument, clause) = (cut(&drift.argument), cut(&drift.clause));
        let source = cut(&drift.source);
        line.push_str(&format!(
            " · far from the task: {argument} (from: {source}), nearest “{clause}”"
        ));
    }
    line
}

fn line(call: &Call) -> String {
    let tool = call.tool.as_deref().unwrap_or("masked tool");
    let server = call.server.as_ref().map(|server| format!("{server}/"));
    let mut line = format!("{} {}{tool}", clock(&call.time), server.unwrap_or_default());
    if let Some(target) = &call.target {
        line.push_str(&format!(" {}", cut(target)));
    }
    if let Some(decision) = &call.decision {
        let by = call.decided_by.as_deref().unwrap_or("unknown");
        line.push_str(&format!(" · {decision} ({by})"));
    }
    if let Some(result) = &call.result {
        line.push_str(&format!(" · {result}"));
    }
    line.push_str(&told(call.evidence));
    if call
        .agents
        .iter()
        .any(|one| one.joined_by == JoinedBy::Guess)
    {
        line.push_str(" · sub-agent guessed");
    }
    line
}

fn told(evidence: Option<Evidence>) -> String {
    evidence.map_or_else(String::new, |one| format!(" · {}", one.words()))
}

fn flow_line(flow: &Flow) -> String {
    let method = flow.method.as_deref().unwrap_or("flow");
    let path = flow.path.as_deref().unwrap_or_default();
    let status = flow.status.map(|status| format!(" {status}"));
    let denied = if flow.allowed { "" } else { " denied" };
    let status = status.unwrap_or_default();
    let clock_off = flow
        .clock_ahead_s
        .map(|seconds| format!(" · clock {}", off(seconds)));
    format!(
        "{} {method} {}{path}{status}{denied}{}",
        clock(&flow.time),
        flow.host,
        clock_off.unwrap_or_default()
    )
}

fn write_rest(f: &mut Formatter<'_>, graph: &TaskGraph) -> fmt::Result {
    if !graph.flows.is_empty() {
        writeln!(f, "\nflows that no call explains")?;
        for flow in &graph.flows {
            writeln!(f, "   {}", flow_line(flow))?;
            write_verdicts(f, flow, "   ")?;
        }
    }
    if !graph.clocks.is_empty() {
        writeln!(
            f,
            "\nclocks that are off, flows moved by it (pairs that say so)"
        )?;
        for clock in &graph.clocks {
            let by = match clock.by {
                ClockPairs::Id => "id",
                ClockPairs::Host => "host",
            };
            let (proxy, pairs) = (&clock.proxy, clock.pairs);
            writeln!(f, "   {proxy}: {} ({pairs} by {by})", off(clock.ahead_s))?;
        }
    }
    if !graph.missing.is_empty() {
        writeln!(f, "\nmissing events")?;
        for Missing { first, last } in &graph.missing {
            writeln!(f, "   {first} to {last}")?;
        }
    }
    if !graph.alerts.is_empty() {
        writeln!(f, "\nalerts")?;
        for alert in &graph.alerts {
            writeln!(f, "   {} {}", clock(&alert.time), alert.title)?;
        }
    }
    Ok(())
}

/// How far a clock is off.
fn off(ahead_s: i64) -> String {
    let way = if ahead_s < 0 { "behind" } else { "ahead" };
    format!("{} s {way}", ahead_s.unsigned_abs())
}

impl Evidence {
    const fn words(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::TelemetryOnly => "telemetry only",
            Self::FlowOnly => "flow only",
            Self::Contradicted => "contradicted",
        }
    }
}

/// Day and time of day of an RFC 3339 time.
fn clock(time: &str) -> String {
    time.get(..19).unwrap_or(time).replace('T', " ")
}

fn cut(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_TEXT_CHARS {
        return line;
    }
    let kept: String = line.chars().take(MAX_TEXT_CHARS).collect();
    format!("{kept}…")
}
