//! `magistrate replay --report FILE`: one HTML page about what the data folder's lake holds.

mod page;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Context as _;
use magistrate_event::{Class, Event, Field, Timestamp, Value};
use magistrate_sinks::lake::{self, Query};

use crate::config::Config;

/// Alerts that are listed, the worst; how many more there are is told.
const MAX_ALERTS: usize = 1_000;
/// Lines of each table of counts.
const TOP: usize = 15;
/// Different values that one table counts; further ones are not counted.
const MAX_VALUES: usize = 100_000;
/// Longer values are cut.
const MAX_VALUE_CHARS: usize = 120;
const MAX_EVIDENCE_CHARS: usize = 600;
const HOUR_MICROS: i64 = 3_600_000_000;

/// What the page shows.
#[derive(Debug, Default)]
struct Report {
    events: u64,
    /// Events and alerts by hour since 1970.
    hours: BTreeMap<i64, (u64, u64)>,
    sessions: BTreeMap<String, SessionLine>,
    alerts: Vec<AlertLine>,
    /// Findings that turned out to be steps of a chain, which has an alert of its own.
    folded: BTreeSet<String>,
    /// Alerts beyond those listed.
    more_alerts: u64,
    /// Counts of values, by what they are values of.
    pivots: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

/// What is told of one session.
#[derive(Debug, Default, Clone)]
struct SessionLine {
    user: String,
    first: Timestamp,
    last: Timestamp,
    events: u64,
    alerts: u64,
    risk: i64,
}

/// One alert.
#[derive(Debug, Clone)]
struct AlertLine {
    time: Timestamp,
    severity: i64,
    title: String,
    session: String,
    user: String,
    evidence: String,
    finding: String,
}

/// Columns whose values are counted.
const PIVOTS: [(&str, &[Field]); 4] = [
    ("Users", &[Field::UserEmail, Field::UserName]),
    ("Tools", &[Field::ApiOperation]),
    ("MCP servers", &[Field::ApiServiceName]),
    (
        "Domains",
        &[
            Field::DestinationDomain,
            Field::UrlDomain,
            Field::DstHostname,
        ],
    ),
];

/// Writes the page about the lake in `config`'s data folder to `file`.
///
/// # Errors
/// When the lake cannot be read or the file cannot be written.
pub(super) fn write(config: &Config, file: &Path) -> anyhow::Result<()> {
    let mut report = Report::default();
    let classes = Class::ALL.into_iter();
    let query = Query {
        classes: classes
            .filter(|class| !matches!(class, Class::Metric | Class::Span))
            .collect(),
        fields: Vec::new(),
        texts: Vec::new().into(),
        since: Timestamp::from_micros(0),
        until: None,
    };
    lake::read(&config.lake, &config.data, &query, |row| {
        report.add(&row.event);
        ControlFlow::Continue(())
    })?;
    report.leave_out_folded();
    report.keep_worst();
    std::fs::write(file, page::page(&report))
        .with_context(|| format!("cannot write report `{}`", file.display()))
}

impl Report {
    fn add(&mut self, event: &Event) {
        let hour = event.time().as_micros().div_euclid(HOUR_MICROS);
        if event.class() == Class::DetectionFinding {
            if is_new_alert(event) {
                self.hours.entry(hour).or_default().1 += 1;
                self.alert(event);
            } else if let Some(finding) = event.text(Field::FindingUid)
                && event.activity() == CLOSE
                && self.folded.len() < MAX_VALUES
            {
                self.folded.insert(cut(finding, MAX_VALUE_CHARS));
            }
            return;
        }
        self.hours.entry(hour).or_default().0 += 1;
        self.events += 1;
        if let Some(session) = self.session(event) {
            session.events += 1;
            session.first = session.first.min(event.time());
            session.last = session.last.max(event.time());
        }
        for (name, fields) in PIVOTS {
            let is_tool = event.text(Field::ToolClass).is_some();
            let value = fields.iter().find_map(|field| event.text(*field));
            if let Some(value) = value.filter(|_| name != "Tools" || is_tool) {
                self.count(name, value);
            }
        }
        if let Some(Value::List(kinds)) = event.value(Field::Redacted) {
            for kind in kinds.iter().filter_map(Value::as_text) {
                self.count("Masked", event.resolve(kind));
            }
        }
    }

    fn count(&mut self, name: &'static str, value: &str) {
        let counts = self.pivots.entry(name).or_default();
        let value = cut(value, MAX_VALUE_CHARS);
        if counts.len() < MAX_VALUES || counts.contains_key(&value) {
            *counts.entry(value).or_default() += 1;
        }
    }

    fn session(&mut self, event: &Event) -> Option<&mut SessionLine> {
        let id = cut(event.text(Field::SessionUid)?, MAX_VALUE_CHARS);
        if self.sessions.len() >= MAX_VALUES && !self.sessions.contains_key(&id) {
            return None;
        }
        let line = self.sessions.entry(id).or_insert_with(|| SessionLine {
            first: event.time(),
            last: event.time(),
            ..SessionLine::default()
        });
        if line.user.is_empty() {
            line.user = user(event);
        }
        Some(line)
    }

    fn alert(&mut self, event: &Event) {
        let risk = event.int(Field::RiskScore).unwrap_or_default();
        if let Some(session) = self.session(event) {
            session.alerts += 1;
            session.risk += risk;
        }
        // A step that is folded in the end must not push out another alert.
        if self.alerts.len() >= MAX_VALUES {
            self.keep_worst();
        }
        let text = |field: Field| cut(event.text(field).unwrap_or_default(), MAX_VALUE_CHARS);
        self.alerts.push(AlertLine {
            time: event.time(),
            severity: event.int(Field::SeverityId).unwrap_or_default(),
            title: text(Field::FindingTitle),
            session: text(Field::SessionUid),
            user: user(event),
            evidence: cut(&evidence(event), MAX_EVIDENCE_CHARS),
            finding: text(Field::FindingUid),
        });
    }

    /// Puts the worst alerts first, and counts those beyond the ones that are listed.
    fn keep_worst(&mut self) {
        self.alerts
            .sort_by_key(|alert| (Reverse(alert.severity), alert.time));
        let more = self.alerts.len().saturating_sub(MAX_ALERTS);
        self.alerts.truncate(MAX_ALERTS);
        self.more_alerts += more as u64;
    }

    /// Leaves out alerts in whose place that of a chain stands.
    fn leave_out_folded(&mut self) {
        let (folded, sessions) = (&self.folded, &mut self.sessions);
        self.alerts.retain(|alert| {
            let is_folded = folded.contains(&alert.finding);
            if is_folded && let Some(session) = sessions.get_mut(&alert.session) {
                session.alerts = session.alerts.saturating_sub(1);
            }
            !is_folded
        });
    }

    /// The sessions with the most risk, then with the most events.
    fn top_sessions(&self) -> Vec<(&String, &SessionLine)> {
        let mut sessions: Vec<_> = self.sessions.iter().collect();
        sessions.sort_by_key(|(id, line)| (Reverse(line.risk), Reverse(line.events), *id));
        sessions.truncate(TOP);
        sessions
    }
}

/// The most frequent values of a pivot.
fn top(counts: &BTreeMap<String, u64>) -> Vec<(&String, u64)> {
    let mut counts: Vec<_> = counts
        .iter()
        .map(|(value, count)| (value, *count))
        .collect();
    counts.sort_by_key(|(value, count)| (Reverse(*count), *value));
    counts.truncate(TOP);
    counts
}

/// The fields and values that made the rule match, in one line.
fn evidence(event: &Event) -> String {
    let Some(Value::List(evidences)) = event.value(Field::Evidences) else {
        return String::new();
    };
    let mut pairs = Vec::new();
    for evidence in evidences {
        let Value::Map(entries) = evidence else {
            continue;
        };
        let data = entries.iter().filter_map(|(_, value)| match value {
            Value::Map(data) => Some(data),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Time(_)
            | Value::Text(_)
            | Value::List(_) => None,
        });
        for (name, value) in data.flatten() {
            let value = value.as_text().map(|text| event.resolve(text));
            let name = event.resolve(*name);
            pairs.push(format!("{name}: {}", value.unwrap_or_default()));
        }
    }
    pairs.join(" · ")
}

/// OCSF's activity of a finding that is closed.
const CLOSE: u8 = 3;

fn is_new_alert(event: &Event) -> bool {
    const CREATE: u8 = 1;
    event.activity() == CREATE && event.value(Field::IsAlert) == Some(&Value::Bool(true))
}

fn user(event: &Event) -> String {
    let fields = [Field::UserEmail, Field::UserName, Field::UserUid];
    let name = fields.iter().find_map(|field| event.text(*field));
    cut(name.unwrap_or_default(), MAX_VALUE_CHARS)
}

fn cut(value: &str, chars: usize) -> String {
    value.chars().take(chars).collect()
}
