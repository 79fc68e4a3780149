//! The `limit` of a policy: how much may match before it counts.

use std::fmt;
use std::time::Duration;

use magistrate_event::{Event, Field};
use serde::{Deserialize, Deserializer};

use super::names::{Derived, LANGUAGE, Origin};

/// How much may match before a policy counts. So many may come at once; within the time span as many
/// become free again, evenly.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RateLimit {
    /// How many.
    pub count: u32,
    /// Within which time, such as `10m`.
    #[serde(deserialize_with = "timespan")]
    pub timespan: Duration,
    /// Names of the rule language whose values are counted apart.
    #[serde(default)]
    pub group_by: Vec<String>,
}

/// Counts beyond this limit nothing.
const MAX_COUNT: u32 = 1_000_000;
/// Longer time spans would be forgotten with the next start.
const MAX_TIMESPAN: Duration = Duration::from_secs(86_400);
/// Units of time spans, and their seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl RateLimit {
    /// What is wrong with it, and what to do about it.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1..=MAX_COUNT).contains(&self.count) {
            faults.push(format!(
                "`judge.limit.count` is {}: write 1 to {MAX_COUNT}",
                self.count
            ));
        }
        if self.timespan.is_zero() || self.timespan > MAX_TIMESPAN {
            faults.push("`judge.limit.timespan` must be 1s to 1d".to_owned());
        }
        let odd = self.group_by.iter().filter(|name| columns(name).is_none());
        faults.extend(odd.map(|name| {
            format!(
                "`judge.limit.group-by` has `{name}`: write a name that is a column of the action, such as `session.id`, `tool.name` or `destination.domain`"
            )
        }));
        faults
    }

    /// The value of each name that it groups by; none where the event has none.
    pub fn values<'a>(&self, event: &'a Event) -> Vec<Option<&'a str>> {
        let values = self.group_by.iter().map(|name| {
            let mut columns = columns(name).unwrap_or_default().iter();
            columns.find_map(|field| event.text(*field))
        });
        values.collect()
    }
}

/// The columns of text that a name is counted by, the first that is filled.
fn columns(name: &str) -> Option<&'static [Field]> {
    let known = LANGUAGE.iter().find(|one| one.name == name)?;
    match known.origin {
        Origin::Columns(columns) => Some(columns),
        Origin::Derived(Derived::ToolName) => Some(&[Field::ApiOperation]),
        Origin::Derived(Derived::Domains) => Some(&[
            Field::DestinationDomain,
            Field::UrlHostname,
            Field::DstHostname,
        ]),
        Origin::Derived(
            Derived::EventKind
            | Derived::HookTool
            | Derived::Status
            | Derived::Findings
            | Derived::Programs
            | Derived::SendsTo
            | Derived::UploadsTo
            | Derived::UrlData
            | Derived::Lookups
            | Derived::Answers
            | Derived::UrlExtension
            | Derived::PathAndQuery
            | Derived::Initiated,
        )
        | Origin::Session(_)
        | Origin::Models(_) => None,
    }
}

fn timespan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let seconds = UNITS.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(*unit)?.parse().ok()?;
        number.checked_mul(*seconds)
    });
    let seconds = seconds.ok_or_else(|| {
        serde::de::Error::custom(format!(
            "`{text}` is no time span; write one such as `30s`, `10m` or `1h`"
        ))
    })?;
    Ok(Duration::from_secs(seconds))
}

impl fmt::Display for RateLimit {
    /// `30 within 10m by session.id, tool.name`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.timespan.as_secs();
        let mut units = UNITS.iter();
        let whole = units.find(|(_, unit)| seconds.is_multiple_of(*unit));
        let (name, unit) = whole.copied().unwrap_or(('s', 1));
        write!(f, "{} within {}{name}", self.count, seconds / unit)?;
        if !self.group_by.is_empty() {
            write!(f, " by {}", self.group_by.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    fn read(json: &str) -> Result<RateLimit, String> {
        let limit: RateLimit = serde_json::from_str(json).map_err(|error| error.to_string())?;
        match limit.faults().first() {
            Some(fault) => Err(fault.clone()),
            None => Ok(limit),
        }
    }

    #[test]
    fn a_limit_is_read_shown_and_checked() {
        let shown = |json: &str| read(json).unwrap().to_string();
        assert_eq!(
            shown(r#"{"count":30,"timespan":"600s","group-by":["session.id","tool.name"]}"#),
            "30 within 10m by session.id, tool.name"
        );
        assert_eq!(shown(r#"{"count":1,"timespan":"90s"}"#), "1 within 90s");
        for (json, told) in [
            (r#"{"count":0,"timespan":"1m"}"#, "`judge.limit.count` is 0"),
            (r#"{"count":1,"timespan":"0s"}"#, "must be 1s to 1d"),
            (r#"{"count":1,"timespan":"2d"}"#, "must be 1s to 1d"),
            (r#"{"count":1,"timespan":"soon"}"#, "no time span"),
            (r#"{"count":1,"timespan":"1m","per":"x"}"#, "unknown field"),
            (
                r#"{"count":1,"timespan":"1m","group-by":["content.findings"]}"#,
                "has `content.findings`",
            ),
            (
                r#"{"count":1,"timespan":"1m","group-by":["session.task"]}"#,
                "has `session.task`",
            ),
        ] {
            let fault = read(json).unwrap_err();
            assert!(fault.contains(told), "{json}: {fault}");
        }
    }

    #[test]
    fn values_are_those_of_the_event() {
        let limit = r#"{"count":1,"timespan":"1m","group-by":["session.user","tool.name","destination.domain"]}"#;
        let limit = read(limit).unwrap();
        let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
        event.set_text(Field::UserName, "ana");
        event.set_text(Field::DestinationDomain, "a.example");
        let expected = [Some("ana"), None, Some("a.example")];
        assert_eq!(limit.values(&event), expected);
    }
}
