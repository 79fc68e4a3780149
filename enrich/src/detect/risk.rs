//! Adds up the risk of alerts, per session and per user, over a day, and tells when a sum passes what
//! is configured.

use magistrate_event::{Event, Field, Timestamp, Value};
use serde::{Deserialize, Serialize};

use super::alert::Stage;
use super::config::DetectConfig;
use super::group::Alert;
use super::moment::Moment;
use crate::kept::{Aging, Kept};
use crate::watch::{About, Detail, Notice, PRODUCT, notice};

/// Sessions and users whose risk is known; beyond it those without alerts for longest are forgotten.
const MAX_SUBJECTS: usize = 100_000;
/// Hours over which risk adds up.
const HOURS: u32 = 24;
const HOUR_MICROS: i64 = 3_600_000_000;
/// What the first byte of a row's key says.
const ROW: u8 = b'k';

type Hash = [u8; 16];

/// What the risk of a day may add up to; 0 for any sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    session: u32,
    user: u32,
}

/// The risk of one session or user, by hour.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Risk {
    /// Oldest first.
    hours: Vec<Hour>,
    /// The hour since 1970 at which it was told last that the sum passed its limit; 0 for never.
    told: u32,
}

/// The alerts of one hour.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Hour {
    /// Hours since 1970.
    hour: u32,
    risk: u32,
    alerts: u32,
}

/// What a day adds up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sum {
    risk: i64,
    alerts: i64,
}

impl Risk {
    /// Adds `score`; returns the sum over the last day.
    fn add(&mut self, hour: u32, score: u32) -> Sum {
        // Of files the next may begin before the end of this one.
        self.hours.retain(|known| known.hour.abs_diff(hour) < HOURS);
        match self.hours.iter_mut().find(|known| known.hour == hour) {
            Some(known) => {
                known.risk = known.risk.saturating_add(score);
                known.alerts = known.alerts.saturating_add(1);
            }
            None => self.hours.push(Hour {
                hour,
                risk: score,
                alerts: 1,
            }),
        }
        Sum {
            risk: self.hours.iter().map(|known| i64::from(known.risk)).sum(),
            alerts: self.hours.iter().map(|known| i64::from(known.alerts)).sum(),
        }
    }

    /// Whether `sum` passes `limit`, and that was not told within the last day.
    fn passes(&mut self, sum: Sum, limit: u32, hour: u32) -> bool {
        let was_told = self.told > 0 && hour.abs_diff(self.told) < HOURS;
        let passes = limit > 0 && sum.risk >= i64::from(limit) && !was_told;
        if passes {
            self.told = hour;
        }
        passes
    }
}

impl Aging for Risk {
    fn last_used(&self) -> u32 {
        let newest = self.hours.iter().map(|known| known.hour).max();
        newest.unwrap_or_default()
    }
}

/// The risk of all sessions and users.
#[derive(Debug)]
pub struct Risks {
    limits: Limits,
    subjects: Kept<Hash, Risk>,
}

impl Risks {
    /// No risk yet, and what it may add up to.
    pub fn new(config: &DetectConfig) -> Self {
        Self {
            limits: Limits {
                session: config.risk_session,
                user: config.risk_user,
            },
            subjects: Kept::new(MAX_SUBJECTS),
        }
    }

    /// Adds the risk of an alert to that of its session and of its user, and writes both sums of
    /// the last day into it, as `risk.session` and `risk.user`. Tells of a sum that passes its limit,
    /// once a day. What only repeats an alert, was made of one that nobody need look at, or is
    /// about a sum itself (`cause` is what the alert was made of), adds nothing.
    pub fn add(&mut self, alert: &mut Alert, cause: &Event, now: Timestamp) -> Vec<Notice> {
        let is_alert = alert.event.value(Field::IsAlert) == Some(&Value::Bool(true));
        if alert.stage != Stage::New || !is_alert || is_passed(cause) {
            return Vec::new();
        }
        let score = alert.event.int(Field::RiskScore).unwrap_or_default();
        let score = u32::try_from(score).unwrap_or_default();
        let at = Moment::of(cause, now).at;
        let hour = u32::try_from(at.div_euclid(HOUR_MICROS)).unwrap_or_default();
        let limits = [self.limits.session, self.limits.user];
        let mut notices = Vec::new();
        for ((what, fields), limit) in SUBJECTS.into_iter().zip(limits) {
            let name = format!("risk.{what}");
            let Some(hash) = subject(&alert.event, &name, fields) else {
                continue;
            };
            let risk = self.subjects.entry(hash, Risk::default);
            let sum = risk.add(hour, score);
            if risk.passes(sum, limit, hour) {
                notices.push(passed(alert, what, sum, limit));
            }
            let key = alert.event.push_key(&name);
            alert.event.keep(key, Value::Int(sum.risk));
        }
        notices
    }

    /// Gives `take` every row that changed since the last call: a key, and bytes, or none where it
    /// is to be deleted.
    pub fn changes(&mut self, mut take: impl FnMut((Vec<u8>, Option<Vec<u8>>))) {
        self.subjects
            .changes(|hash, bytes| take(([&[ROW], &hash[..]].concat(), bytes)));
    }

    /// Takes back one row that [`Risks::changes`] gave; says whether it was one.
    pub fn restore(&mut self, key: &[u8], bytes: &[u8]) -> bool {
        let hash = key.strip_prefix(&[ROW]).map(Hash::try_from);
        hash.is_some_and(|hash| hash.is_ok_and(|hash| self.subjects.restore(hash, bytes)))
    }
}

/// The event's name of a sum that passed its limit.
const PASSED: &str = "risk_passed";

fn is_passed(event: &Event) -> bool {
    event.text(Field::EventCode) == Some(PASSED) && event.text(Field::ProductName) == Some(PRODUCT)
}

/// Tells that the risk of a session or user passed its limit with `alert`.
fn passed(alert: &Alert, what: &str, sum: Sum, limit: u32) -> Notice {
    let about = About::of(&alert.event);
    let about = if what == "user" {
        about.without_session()
    } else {
        about
    };
    let Sum { risk, alerts } = sum;
    let message = format!(
        "{alerts} alerts of the {what} within a day add up to a risk of {risk}, which is {limit} or more"
    );
    let title = alert.event.text(Field::FindingTitle).unwrap_or_default();
    let finding = alert.event.text(Field::FindingUid).unwrap_or_default();
    let details = [
        ("risk.of", Detail::Text(what)),
        ("risk.sum", Detail::Number(risk)),
        ("risk.limit", Detail::Number(i64::from(limit))),
        ("risk.alerts", Detail::Number(alerts)),
        ("risk.last_alert", Detail::Text(title)),
        ("risk.last_finding", Detail::Text(finding)),
    ];
    notice(PASSED, alert.event.time(), &message, &about, &details)
}

/// What is added up, and the columns that name it.
const SUBJECTS: [(&str, &[Field]); 2] = [
    ("session", &[Field::SessionUid]),
    ("user", &[Field::UserEmail, Field::UserName, Field::UserUid]),
];

fn subject(event: &Event, name: &str, fields: &[Field]) -> Option<Hash> {
    let value = fields.iter().find_map(|field| event.text(*field))?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(name.as_bytes());
    hasher.update(&[0]);
    hasher.update(value.as_bytes());
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, EventUid};

    use super::*;
    use crate::detect::Level;

    fn alert(session: &str, user: &str, score: i64) -> Alert {
        let mut event = Event::new(Class::DetectionFinding, 1, Timestamp::default());
        event.set_text(Field::SessionUid, session);
        event.set_text(Field::UserEmail, user);
        event.set_int(Field::RiskScore, score);
        event.set(Field::IsAlert, Value::Bool(true));
        Alert {
            uid: EventUid::from_bytes([1; 16]),
            event,
            level: Level::High,
            stage: Stage::New,
        }
    }

    fn risks() -> Risks {
        Risks::new(&DetectConfig {
            risk_session: 100,
            risk_user: 150,
            ..DetectConfig::default()
        })
    }

    /// Which sums pass their limit with one more alert, and what they are.
    fn told(risks: &mut Risks, (session, score): (&str, i64), hour: i64) -> Vec<String> {
        let cause = Event::new(Class::ApiActivity, 0, Timestamp::default());
        let now = Timestamp::from_micros(hour * HOUR_MICROS);
        let notices = risks.add(&mut alert(session, "ana", score), &cause, now);
        let text = |notice: &Notice, name: &str| {
            let mut found = notice.event.unmapped().filter(|(key, _)| *key == name);
            let mut text = String::new();
            notice.event.push_json(found.next().unwrap().1, &mut text);
            text
        };
        let told = notices.iter().map(|one| {
            let of_one = one.event.text(Field::SessionUid).is_some();
            let (what, sum) = (text(one, "risk.of"), text(one, "risk.sum"));
            format!("{what} {sum} {of_one}")
        });
        told.collect()
    }

    #[test]
    fn a_sum_that_passes_its_limit_is_told_once_a_day() {
        let mut risks = risks();
        assert_eq!(told(&mut risks, ("s", 95), 100), [""; 0]);
        assert_eq!(told(&mut risks, ("s", 20), 101), ["\"session\" 115 true"]);
        assert_eq!(told(&mut risks, ("t", 45), 102), ["\"user\" 160 false"]);
        assert_eq!(told(&mut risks, ("s", 95), 103), [""; 0]);
        // A day later the sums of that day count.
        assert_eq!(told(&mut risks, ("s", 95), 125), ["\"session\" 190 true"]);
        assert_eq!(told(&mut risks, ("t", 20), 126), ["\"user\" 210 false"]);
        assert_eq!(told(&mut risks, ("s", 95), 300), [""; 0]);
    }

    #[test]
    fn what_is_told_of_a_sum_adds_nothing_to_it_and_survives_a_restart() {
        let mut before = risks();
        let cause = Event::new(Class::ApiActivity, 0, Timestamp::default());
        let now = Timestamp::from_micros(100 * HOUR_MICROS);
        before.add(&mut alert("s", "ana", 95), &cause, now);
        let notices = before.add(&mut alert("s", "ana", 95), &cause, now);
        assert_eq!(notices.len(), 2);
        let mut after = risks();
        before.changes(|(key, bytes)| assert!(after.restore(&key, &bytes.unwrap())));
        let mut about_it = alert("s", "ana", 70);
        assert_eq!(after.add(&mut about_it, &notices[0].event, now), []);
        assert_eq!(about_it.event.unmapped().count(), 0);
        assert_eq!(after.add(&mut alert("s", "ana", 5), &cause, now), []);
    }

    fn added(risks: &mut Risks, mut alert: Alert, hour: i64) -> Vec<(String, i64)> {
        let cause = Event::new(Class::ApiActivity, 0, Timestamp::default());
        risks.add(
            &mut alert,
            &cause,
            Timestamp::from_micros(hour * HOUR_MICROS),
        );
        let attributes = alert.event.unmapped();
        let sums = attributes.map(|(name, value)| (name.to_owned(), sum(value)));
        sums.collect()
    }

    fn sum(value: &Value) -> i64 {
        let Value::Int(sum) = value else { return -1 };
        *sum
    }

    fn sums(session: i64, user: i64) -> Vec<(String, i64)> {
        vec![
            ("risk.session".to_owned(), session),
            ("risk.user".to_owned(), user),
        ]
    }

    #[test]
    fn risk_adds_up_per_session_and_user_over_a_day() {
        let mut risks = risks();
        assert_eq!(added(&mut risks, alert("s", "ana", 45), 100), sums(45, 45));
        assert_eq!(
            added(&mut risks, alert("s", "ana", 70), 101),
            sums(115, 115)
        );
        assert_eq!(added(&mut risks, alert("t", "ana", 20), 102), sums(20, 135));
        assert_eq!(added(&mut risks, alert("s", "ana", 5), 124), sums(75, 95));
        assert_eq!(added(&mut risks, alert("s", "ana", 5), 300), sums(5, 5));
    }

    #[test]
    fn repeats_and_notes_add_nothing() {
        let mut risks = risks();
        let mut closed = alert("s", "ana", 45);
        closed.stage = Stage::Closed;
        assert_eq!(added(&mut risks, closed, 1), []);
        let mut note = alert("s", "ana", 5);
        note.event.set(Field::IsAlert, Value::Bool(false));
        assert_eq!(added(&mut risks, note, 1), []);
    }

    #[test]
    fn sums_outlive_a_restart() {
        let mut before = risks();
        added(&mut before, alert("s", "ana", 45), 100);
        let mut after = risks();
        before.changes(|(key, bytes)| assert!(after.restore(&key, &bytes.unwrap())));
        assert!(!after.restore(b"w234567890123456", b"") && !after.restore(b"", b""));
        assert_eq!(added(&mut after, alert("s", "ana", 5), 100), sums(50, 50));
    }
}
