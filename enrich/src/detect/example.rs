//! The `examples:` block: events that a rule must match, and events that it must not.

use std::time::Duration;

use serde_json::{Map, Value};

/// More examples of one rule than this are a mistake.
const MAX_EXAMPLES: usize = 100;
/// More events in one example than this are a mistake.
const MAX_STEPS: usize = 1_000;

/// A rule's examples.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleExamples {
    /// It must match these.
    pub matching: Vec<RuleExample>,
    /// It must not match these.
    pub harmless: Vec<RuleExample>,
}

impl RuleExamples {
    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.matching.is_empty() && self.harmless.is_empty()
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.matching.len() + self.harmless.len()
    }
}

/// One example: events in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleExample {
    /// The events.
    pub steps: Vec<Step>,
}

/// One event of an example.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// How long after the event before it.
    pub after: Duration,
    /// What it is made from.
    pub source: Sample,
}

/// What an event of an example is made from.
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    /// Values by the names of the rule language. Its log source is taken to be the rule's.
    Fields(Map<String, Value>),
    /// An OTLP log record of the client: its attributes. It walks the whole path.
    Log {
        /// `service.name`.
        service: String,
        /// Attributes of the record.
        attributes: Map<String, Value>,
        /// Attributes of the resource beside `service.name`.
        resource: Map<String, Value>,
    },
    /// A line as syslog carries it. It walks the whole path.
    Line(String),
}

impl RuleExamples {
    /// Reads the block.
    ///
    /// # Errors
    /// What is wrong, and what to do about it.
    pub(super) fn read(block: &Value) -> Result<Self, String> {
        let Value::Object(keys) = block else {
            return Err("`examples` is no map; write `match:` and `no_match:` lists".to_owned());
        };
        if let Some(key) = keys
            .keys()
            .find(|key| *key != "match" && *key != "no_match")
        {
            return Err(format!(
                "`examples` has `{key}`; only `match` and `no_match` are known"
            ));
        }
        Ok(Self {
            matching: list(keys.get("match"), "match")?,
            harmless: list(keys.get("no_match"), "no_match")?,
        })
    }
}

fn list(value: Option<&Value>, name: &str) -> Result<Vec<RuleExample>, String> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let Value::Array(items) = value else {
        return Err(format!(
            "`examples.{name}` is no list; write a list of events"
        ));
    };
    if items.len() > MAX_EXAMPLES {
        return Err(format!(
            "`examples.{name}` has more than {MAX_EXAMPLES} events; leave some out"
        ));
    }
    let read = |(at, item)| {
        example(item).map_err(|fault| format!("`examples.{name}` number {at}: {fault}"))
    };
    (1_usize..).zip(items).map(read).collect()
}

fn example(item: &Value) -> Result<RuleExample, String> {
    let Value::Object(keys) = item else {
        return Err("it is no map of names and values".to_owned());
    };
    let Some(events) = keys.get("events") else {
        let steps = vec![step(keys)?];
        return Ok(RuleExample { steps });
    };
    let Value::Array(events) = events else {
        return Err("`events` is no list".to_owned());
    };
    if keys.len() > 1 || events.is_empty() || events.len() > MAX_STEPS {
        return Err(format!(
            "write `events:` alone, with 1 to {MAX_STEPS} events"
        ));
    }
    let mut steps = Vec::with_capacity(events.len());
    for event in events {
        let Value::Object(keys) = event else {
            return Err("one of its `events` is no map".to_owned());
        };
        let times = repeat(keys)?;
        let one = step(keys)?;
        if steps.len() + times > MAX_STEPS {
            return Err(format!(
                "it has more than {MAX_STEPS} events; leave some out"
            ));
        }
        steps.extend(std::iter::repeat_n(one, times));
    }
    Ok(RuleExample { steps })
}

fn repeat(keys: &Map<String, Value>) -> Result<usize, String> {
    match keys.get("repeat") {
        None => Ok(1),
        Some(count) => count
            .as_u64()
            .and_then(|count| usize::try_from(count).ok())
            .filter(|count| (1..=MAX_STEPS).contains(count))
            .ok_or_else(|| format!("`repeat` is no number from 1 to {MAX_STEPS}")),
    }
}

fn step(keys: &Map<String, Value>) -> Result<Step, String> {
    Ok(Step {
        after: after(keys.get("after"))?,
        source: sample(keys)?,
    })
}

fn sample(keys: &Map<String, Value>) -> Result<Sample, String> {
    if let Some(line) = keys.get("line") {
        let line = line.as_str().ok_or("`line` is no text")?;
        return Ok(Sample::Line(line.to_owned()));
    }
    if let Some(log) = keys.get("log") {
        let service = keys
            .get("service")
            .map_or(Some("claude-code"), Value::as_str);
        return Ok(Sample::Log {
            service: service.ok_or("`service` is no text")?.to_owned(),
            attributes: log
                .as_object()
                .ok_or("`log` is no map of attributes")?
                .clone(),
            resource: match keys.get("resource") {
                None => Map::new(),
                Some(resource) => resource.as_object().ok_or("`resource` is no map")?.clone(),
            },
        });
    }
    let mut fields = keys.clone();
    fields.retain(|name, _| name != "after" && name != "repeat");
    Ok(Sample::Fields(fields))
}

/// A time such as `90s`, `5m` or `2h`.
fn after(value: Option<&Value>) -> Result<Duration, String> {
    let Some(value) = value else {
        return Ok(Duration::from_secs(1));
    };
    let fault = || format!("`after` is {value}; write a time such as 90s, 5m or 2h");
    let text = value.as_str().ok_or_else(fault)?;
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .ok_or_else(fault)?;
    let number: u64 = number.parse().map_err(|_| fault())?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(fault()),
    };
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_example_is_read() {
        let examples = RuleExamples::read(&json!({
            "match": [
                {"action": "upload"},
                {"log": {"event.name": "tool_result"}, "resource": {"os.type": "linux"}},
                {"line": "CEF:0|…"},
                {"events": [{"log": {}, "repeat": 3}, {"log": {}, "after": "5m"}]},
            ],
            "no_match": [{}],
        }))
        .unwrap();
        assert_eq!(examples.len(), 5);
        let steps = &examples.matching[3].steps;
        assert_eq!(steps.len(), 4);
        assert_eq!(steps[3].after, Duration::from_secs(300));
        assert_eq!(
            examples.matching[2].steps[0].source,
            Sample::Line("CEF:0|…".to_owned())
        );
    }

    #[test]
    fn what_is_no_example_is_told() {
        for (block, part) in [
            (json!([]), "no map"),
            (json!({"matches": []}), "`matches`"),
            (json!({"match": {}}), "no list"),
            (json!({"match": [1]}), "number 1"),
            (json!({"match": [{"events": []}]}), "1 to"),
            (json!({"match": [{"after": "soon"}]}), "`after`"),
            (json!({"match": [{"events": [{"repeat": 0}]}]}), "`repeat`"),
            (json!({"match": [{"log": 1}]}), "`log`"),
        ] {
            let fault = RuleExamples::read(&block).unwrap_err();
            assert!(fault.contains(part), "{fault}");
        }
    }
}
