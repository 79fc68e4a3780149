//! Adds up the risk of alerts, per session and per user, over a day.

use magistrate_event::{Event, Field, Timestamp, Value};
use serde::{Deserialize, Serialize};

use super::alert::Stage;
use super::group::Alert;
use crate::kept::{Aging, Kept};

/// Sessions and users whose risk is known; beyond it those without alerts for longest are forgotten.
const MAX_SUBJECTS: usize = 100_000;
/// Hours over which risk adds up.
const HOURS: usize = 24;
const HOUR_MICROS: i64 = 3_600_000_000;
/// What the first byte of a row's key says.
const ROW: u8 = b'k';

type Hash = [u8; 16];

/// The risk of one session or user, by hour.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Risk {
    /// Hours since 1970, and the risk of each, oldest first.
    hours: Vec<(u32, u32)>,
}

impl Risk {
    /// Adds `score`; returns the sum over the last day.
    fn add(&mut self, hour: u32, score: u32) -> i64 {
        let since = hour.saturating_sub(u32::try_from(HOURS).unwrap_or(u32::MAX) - 1);
        self.hours.retain(|(hour, _)| *hour >= since);
        match self.hours.iter_mut().find(|(known, _)| *known == hour) {
            Some((_, sum)) => *sum = sum.saturating_add(score),
            None => self.hours.push((hour, score)),
        }
        self.hours.iter().map(|(_, sum)| i64::from(*sum)).sum()
    }
}

impl Aging for Risk {
    fn last_used(&self) -> u32 {
        self.hours
            .iter()
            .map(|(hour, _)| *hour)
            .max()
            .unwrap_or_default()
    }
}

/// The risk of all sessions and users.
#[derive(Debug)]
pub struct Risks(Kept<Hash, Risk>);

impl Default for Risks {
    fn default() -> Self {
        Self(Kept::new(MAX_SUBJECTS))
    }
}

impl Risks {
    /// Adds the risk of an alert to that of its session and of its user, and writes both sums of
    /// the last day into it, as `risk.session` and `risk.user`. What only repeats an alert, or was
    /// made of one that nobody need look at, adds nothing.
    pub fn add(&mut self, alert: &mut Alert, now: Timestamp) {
        let is_alert = alert.event.value(Field::IsAlert) == Some(&Value::Bool(true));
        if alert.stage != Stage::New || !is_alert {
            return;
        }
        let score = alert.event.int(Field::RiskScore).unwrap_or_default();
        let score = u32::try_from(score).unwrap_or_default();
        let hour = u32::try_from(now.as_micros().div_euclid(HOUR_MICROS)).unwrap_or_default();
        for (name, fields) in SUBJECTS {
            let Some(hash) = subject(&alert.event, name, fields) else {
                continue;
            };
            let sum = self.0.entry(hash, Risk::default).add(hour, score);
            let key = alert.event.push_key(name);
            alert.event.keep(key, Value::Int(sum));
        }
    }

    /// Gives `take` every row that changed since the last call: a key, and bytes, or none where it
    /// is to be deleted.
    pub fn changes(&mut self, mut take: impl FnMut((Vec<u8>, Option<Vec<u8>>))) {
        self.0
            .changes(|hash, bytes| take(([&[ROW], &hash[..]].concat(), bytes)));
    }

    /// Takes back one row that [`Risks::changes`] gave; says whether it was one.
    pub fn restore(&mut self, key: &[u8], bytes: &[u8]) -> bool {
        let hash = key.strip_prefix(&[ROW]).map(Hash::try_from);
        hash.is_some_and(|hash| hash.is_ok_and(|hash| self.0.restore(hash, bytes)))
    }
}

/// What is added up, and the columns that name it.
const SUBJECTS: [(&str, &[Field]); 2] = [
    ("risk.session", &[Field::SessionUid]),
    (
        "risk.user",
        &[Field::UserEmail, Field::UserName, Field::UserUid],
    ),
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

    fn added(risks: &mut Risks, mut alert: Alert, hour: i64) -> Vec<(String, i64)> {
        risks.add(&mut alert, Timestamp::from_micros(hour * HOUR_MICROS));
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
        let mut risks = Risks::default();
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
        let mut risks = Risks::default();
        let mut closed = alert("s", "ana", 45);
        closed.stage = Stage::Closed;
        assert_eq!(added(&mut risks, closed, 1), []);
        let mut note = alert("s", "ana", 5);
        note.event.set(Field::IsAlert, Value::Bool(false));
        assert_eq!(added(&mut risks, note, 1), []);
    }

    #[test]
    fn sums_outlive_a_restart() {
        let mut before = Risks::default();
        added(&mut before, alert("s", "ana", 45), 100);
        let mut after = Risks::default();
        before.changes(|(key, bytes)| assert!(after.restore(&key, &bytes.unwrap())));
        assert!(!after.restore(b"w234567890123456", b"") && !after.restore(b"", b""));
        assert_eq!(added(&mut after, alert("s", "ana", 5), 100), sums(50, 50));
    }
}
