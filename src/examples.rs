//! `magistrate test`: plays the examples of rules through the path, and says which do not hold.

use std::io::Write as _;
use std::path::PathBuf;

use magistrate_enrich::{
    Case, Context, ContextConfig, Correlator, LoadedRules, ModelScores, Redactor, Rule,
    RuleExample, Ruleset, Sample, Sampled, Step, UidKey, normalize,
};
use magistrate_event::{
    Event, EventUid, Identity, Line, Origin, Payload, Raw, Record, Source, Timestamp,
};
use magistrate_ingest::{Signal, from_json};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::cli::TestArguments;
use crate::exit::{Failure, Outcome};
use crate::store::open_redactor;
use crate::{check, detections};

/// Every example begins then: 2027-01-15T08:00:00Z.
const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
/// No example is longer.
const MAX_SAMPLE_BYTES: usize = 1024 * 1024;
/// An example has few groups.
const MAX_GROUPS: usize = 10_000;

/// What became of all examples.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Rules whose examples were played.
    rules: usize,
    /// Rules that have none.
    without_examples: usize,
    /// Examples that were played.
    examples: usize,
    /// Those that do not hold.
    failures: Vec<Failed>,
}

/// An example that does not hold.
#[derive(Debug, Serialize)]
struct Failed {
    file: String,
    line: usize,
    rule: String,
    /// `match` or `no_match`.
    list: &'static str,
    /// Its number in that list, from 1.
    number: usize,
    /// What happened, and what to do.
    fault: String,
}

/// Plays the examples of the shipped rules and of the configured ones, or of the rules in files.
pub(crate) fn command(arguments: &TestArguments) -> Outcome {
    let config = check::sound(&arguments.place)?;
    let rules = detections::load(&config, &arguments.paths);
    if !rules.faults.is_empty() {
        let told: Vec<_> = rules
            .faults
            .iter()
            .map(|fault| format!("\n  {fault}"))
            .collect();
        return Err(Failure::Usage(format!(
            "the rules have faults{}",
            told.concat()
        )));
    }
    let redactor = open_redactor(&config)?;
    let report = play(&rules, &arguments.paths, &redactor);
    let mut stdout = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut stdout, &report)?;
        writeln!(stdout)?;
    } else {
        print(&report, &mut stdout)?;
    }
    if report.failures.is_empty() {
        Ok(())
    } else {
        Err(Failure::NotSo)
    }
}

fn print(report: &Report, out: &mut impl std::io::Write) -> std::io::Result<()> {
    for one in &report.failures {
        let Failed {
            file,
            line,
            rule,
            list,
            number,
            fault,
        } = one;
        writeln!(
            out,
            "{file}:{line}: rule `{rule}`: {list} example {number}: {fault}"
        )?;
    }
    writeln!(
        out,
        "{}: {} rules, {} examples, {} do not hold, {} rules without examples",
        if report.failures.is_empty() {
            "ok"
        } else {
            "failed"
        },
        report.rules,
        report.examples,
        report.failures.len(),
        report.without_examples
    )
}

/// Plays the examples of the rules in `paths`, or of all of them.
fn play(loaded: &LoadedRules, paths: &[PathBuf], redactor: &Redactor) -> Report {
    let mut report = Report::default();
    let stage = Stage {
        rules: &loaded.rules,
        redactor,
        uid_key: UidKey::new([0; 32]),
    };
    let is_asked = |rule: &&Rule| {
        let file = std::path::Path::new(&rule.place.file);
        paths.is_empty() || paths.iter().any(|path| file.starts_with(path))
    };
    for rule in loaded.rules.rules().filter(is_asked) {
        report.rules += 1;
        report.without_examples += usize::from(rule.examples.is_empty());
        let matching = rule.examples.matching.iter().map(|one| ("match", one));
        let harmless = rule.examples.harmless.iter().map(|one| ("no_match", one));
        let numbered = (1..).zip(matching).chain((1..).zip(harmless));
        for (number, (list, example)) in numbered {
            report.examples += 1;
            if let Err(fault) = stage.judge(rule, list, example) {
                report.failures.push(Failed {
                    file: rule.place.file.clone(),
                    line: rule.place.line,
                    rule: rule.title.clone(),
                    list,
                    number,
                    fault,
                });
            }
        }
    }
    report
}

/// What examples are played on.
struct Stage<'a> {
    rules: &'a Ruleset,
    redactor: &'a Redactor,
    uid_key: UidKey,
}

impl Stage<'_> {
    fn judge(&self, rule: &Rule, list: &str, example: &RuleExample) -> Result<(), String> {
        let matched = self.matches(rule, example)?;
        match (list, matched) {
            ("match", false) => Err(
                "the rule does not match it; mend the rule's conditions, its log source or the example"
                    .to_owned(),
            ),
            ("no_match", true) => {
                Err("the rule matches it; narrow its conditions or mend the example".to_owned())
            }
            (_, _) => Ok(()),
        }
    }

    /// Whether the rule matches at any of the example's events.
    fn matches(&self, rule: &Rule, example: &RuleExample) -> Result<bool, String> {
        let mut correlator = Correlator::new(MAX_GROUPS);
        let context = Context::new(&ContextConfig::default());
        let mut time = START;
        let mut matched = false;
        for (number, Step { after, source }) in (0_u64..).zip(&example.steps) {
            time = time.plus(*after);
            let hits = match source {
                Sample::Fields(fields) => {
                    let Sampled {
                        event,
                        facts,
                        scores,
                    } = self.rules.sample(fields, time)?;
                    let case = Case {
                        uid: Some(uid(number)),
                        event: &event,
                        facts: &facts,
                        scores: &scores,
                    };
                    correlator.observe_one(self.rules, &rule.id, case)
                }
                Sample::Log { .. } | Sample::Line(_) => {
                    let record = self.walk(source, time)?;
                    let facts = context.observe(record.event(), time).facts;
                    let case = Case {
                        uid: Some(record.uid()),
                        event: record.event(),
                        facts: &facts,
                        scores: &ModelScores::NONE,
                    };
                    correlator.observe(self.rules, case, time)
                }
            };
            matched |= hits.iter().any(|hit| hit.rule.id == rule.id);
        }
        Ok(matched)
    }

    /// Normalizes and redacts what a source would have received.
    fn walk(&self, sample: &Sample, time: Timestamp) -> Result<Record, String> {
        let raw = raw(sample, time)?;
        let mut found = None;
        let normalized = normalize(&raw, &self.uid_key, |uid, mut event: Event| {
            event.set_time_of_event(time);
            let (redacted, _) = self.redactor.rows().redact(uid, event);
            found = Some(Record::new(uid, time, redacted));
        });
        match normalized {
            Err(error) => Err(format!("it cannot be read: {error}")),
            Ok(normalized) => found.ok_or_else(|| {
                let reasons = normalized.rejected.iter().map(|one| one.message.as_str());
                format!(
                    "it became no event: {}",
                    reasons.collect::<Vec<_>>().join(", ")
                )
            }),
        }
    }
}

fn uid(number: u64) -> EventUid {
    EventUid::from_bytes(u128::from(number).to_le_bytes())
}

fn raw(sample: &Sample, time: Timestamp) -> Result<Raw, String> {
    let (source, payload) = match sample {
        Sample::Line(line) => {
            let line = Line {
                bytes: line.clone().into(),
                cut_from_bytes: None,
            };
            (Source::SyslogTcp, Payload::Syslog(vec![line]))
        }
        Sample::Log {
            service,
            attributes,
            resource,
        } => {
            let request = request(service, attributes, resource, time).to_string();
            let request = from_json(Signal::Logs, request.as_bytes(), MAX_SAMPLE_BYTES)
                .map_err(|error| format!("it is no OTLP record: {error}"))?;
            (
                Source::OtlpHttp,
                Signal::Logs.payload(request.request.into()),
            )
        }
        Sample::Fields(_) => return Err("it has no source".to_owned()),
    };
    Ok(Raw {
        origin: Origin {
            source,
            peer: None,
            identity: Identity::Anonymous,
        },
        received: time,
        arrival: 1,
        payload,
    })
}

/// The OTLP/JSON request that the client would send.
fn request(
    service: &str,
    attributes: &Map<String, Value>,
    resource: &Map<String, Value>,
    time: Timestamp,
) -> Value {
    let mut of_resource = keys(resource);
    of_resource.push(json!({"key": "service.name", "value": {"stringValue": service}}));
    let name = attributes.get("event.name").and_then(Value::as_str);
    json!({"resourceLogs": [{
        "resource": {"attributes": of_resource},
        "scopeLogs": [{
            "scope": {"name": "com.anthropic.claude_code.events"},
            "logRecords": [{
                "timeUnixNano": (time.as_micros().saturating_mul(1_000)).to_string(),
                "body": {"stringValue": format!("claude_code.{}", name.unwrap_or_default())},
                "attributes": keys(attributes),
            }],
        }],
    }]})
}

fn keys(attributes: &Map<String, Value>) -> Vec<Value> {
    let pairs = attributes.iter();
    pairs
        .map(|(key, value)| json!({"key": key, "value": any(value)}))
        .collect()
}

/// OTLP's `AnyValue`. A map is JSON text, as the client sends arguments.
fn any(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(flag) => json!({"boolValue": flag}),
        Value::Number(number) if number.is_f64() => json!({"doubleValue": number}),
        Value::Number(number) => json!({"intValue": number}),
        Value::String(text) => json!({"stringValue": text}),
        Value::Array(items) => {
            json!({"arrayValue": {"values": items.iter().map(any).collect::<Vec<_>>()}})
        }
        Value::Object(_) => json!({"stringValue": value.to_string()}),
    }
}

#[cfg(test)]
mod tests {
    use magistrate_enrich::{
        DetectFile, DetectLists, RedactKey, shipped_detections, shipped_lists, shipped_policies,
    };

    use super::*;

    fn played(text: &str) -> Report {
        let file = DetectFile {
            name: "a.yml".to_owned(),
            text: text.to_owned(),
        };
        let loaded = Ruleset::compile(&[file], &DetectLists::new());
        assert_eq!(loaded.faults, []);
        play(&loaded, &[], &redactor())
    }

    fn redactor() -> Redactor {
        let config = crate::config::Config::default();
        let epoch = magistrate_enrich::Epoch(config.redact.epoch);
        Redactor::new(&RedactKey::from_bytes([7; 32]), epoch).unwrap()
    }

    #[test]
    fn every_example_of_the_shipped_rules_holds() {
        let files = [shipped_detections(), shipped_policies()].concat();
        // Some rules are in force only where a list says what is approved, or who somebody is.
        let mut lists = shipped_lists();
        for (name, value) in [
            ("admin_accounts", "root-ana@example.com"),
            ("admin_mcp_servers", "fleet"),
            ("approved_marketplaces", "approved"),
            ("approved_mcp_servers", "approved"),
            ("approved_skills", "approved"),
            ("service_accounts", "agent-svc@example.com"),
            ("service_mcp_servers", "payroll"),
        ] {
            lists.insert(name.to_owned(), vec![value.to_owned()]);
        }
        let loaded = Ruleset::compile(&files, &lists);
        let report = play(&loaded, &[], &redactor());
        let mut told = Vec::new();
        print(&report, &mut told).unwrap();
        assert!(
            report.failures.is_empty(),
            "{}",
            String::from_utf8(told).unwrap()
        );
    }

    #[test]
    fn an_example_walks_the_path_and_a_wrong_one_fails() {
        let report = played(
            "title: a\nlogsource: {product: claude_code, category: action}\ndetection:\n  s: {command.programs: nmap, content.findings: credential}\n  condition: s\nexamples:\n  match:\n    - log: {event.name: tool_result, tool_name: Bash, tool_input: {command: 'nmap --password=hunter2hunter2'}}\n    - log: {event.name: tool_result, tool_name: Bash, tool_input: {command: nmap}}\n  no_match:\n    - log: {event.name: tool_result, tool_name: Read}\n    - {command.programs: nmap, content.findings: credential.password}\n    - {score.injection: 2}\n",
        );
        assert_eq!((report.rules, report.examples), (1, 5));
        let failed: Vec<_> = report
            .failures
            .iter()
            .map(|one| (one.list, one.number))
            .collect();
        assert_eq!(failed, [("match", 2), ("no_match", 2), ("no_match", 3)]);
    }

    #[test]
    fn a_correlation_plays_its_events_in_their_time() {
        let rule = |after: &str| {
            format!(
                "title: b\nname: b\nlogsource: {{category: action}}\ndetection:\n  s: {{tool.decision: reject}}\n  condition: s\n---\ntitle: c\ncorrelation: {{type: event_count, rules: [b], group-by: [session.id], timespan: 1m, condition: {{gte: 2}}}}\nexamples:\n  match:\n    - events:\n        - {{log: {{event.name: tool_decision, tool_name: Bash, decision: reject, session.id: s}}}}\n        - {{after: {after}, log: {{event.name: tool_decision, tool_name: Bash, decision: reject, session.id: s}}}}\n"
            )
        };
        assert!(played(&rule("5s")).failures.is_empty());
        assert_eq!(played(&rule("5m")).failures.len(), 1);
    }
}
