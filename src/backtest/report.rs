//! What a backtest found: counts, and the verdicts that would be others.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::ops::RangeInclusive;

use magistrate_event::{Event, Field, Timestamp};
use magistrate_judge::{Again, Decision, Past, Reason, Would};
use serde::Serialize;

/// Users whose verdicts would be others; the rest is counted together.
const MAX_USERS: usize = 10_000;
/// Users that are printed for a person.
const SHOWN_USERS: usize = 20;

/// What came of it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    since: String,
    until: String,
    policy_version: String,
    profile: &'static str,
    /// Verdicts that were held against the policies.
    pub(super) verdicts: u64,
    /// Of these, those that would be others.
    pub(super) changed: u64,
    stricter: u64,
    milder: u64,
    /// The same decision, for other reasons.
    other_reasons: u64,
    decisions: Vec<Counted>,
    users: BTreeMap<String, u64>,
    /// Verdicts that posture alone had given.
    pub(super) by_posture: u64,
    /// Verdicts that came after the answer.
    pub(super) late: u64,
    /// Verdicts whose action is not stored, or not in the time asked for.
    pub(super) without_action: usize,
    /// Files that could not be read.
    pub(super) unread: u64,
    changes: Vec<Change>,
    /// Changes that are not listed.
    more_changes: u64,
    #[serde(skip)]
    most: usize,
}

#[derive(Debug, Serialize)]
struct Counted {
    from: Decision,
    to: Decision,
    count: u64,
}

/// Who acted.
pub(super) struct Action {
    session: Option<String>,
    user: Option<String>,
}

/// A verdict that would be another.
#[derive(Debug, Serialize)]
struct Change {
    verdict_id: String,
    event_uid: String,
    time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    door: String,
    from: Decision,
    to: Decision,
    /// Ids of the reasons then.
    was: Vec<String>,
    /// The reasons now.
    reasons: Vec<Reason>,
}

impl Action {
    /// Who acted in `event`.
    pub(super) fn of(event: &Event) -> Self {
        let user = [Field::UserEmail, Field::UserName];
        let user = user.into_iter().find_map(|field| event.text(field));
        Self {
            session: event.text(Field::SessionUid).map(str::to_owned),
            user: user.map(str::to_owned),
        }
    }
}

impl Report {
    /// Nothing found yet; lists at most `most` changes.
    pub(super) fn new(again: &Again, span: &RangeInclusive<Timestamp>, most: usize) -> Self {
        let pairs = Decision::ALL.into_iter();
        let pairs = pairs.flat_map(|from| Decision::ALL.map(|to| (from, to)));
        let none = pairs.map(|(from, to)| Counted { from, to, count: 0 });
        Self {
            since: span.start().to_rfc3339(),
            until: span.end().to_rfc3339(),
            policy_version: again.policies().version().to_owned(),
            profile: again.policies().profile().name(),
            verdicts: 0,
            changed: 0,
            stricter: 0,
            milder: 0,
            other_reasons: 0,
            decisions: none.collect(),
            users: BTreeMap::new(),
            by_posture: 0,
            late: 0,
            without_action: 0,
            unread: 0,
            changes: Vec::new(),
            more_changes: 0,
            most,
        }
    }

    /// Counts a verdict of before beside what it would be.
    pub(super) fn add(&mut self, (time, action): (Timestamp, &Action), past: &Past, would: Would) {
        let (from, to) = (past.asked, would.asked);
        self.verdicts += 1;
        let mut counts = self.decisions.iter_mut();
        if let Some(counted) = counts.find(|one| (one.from, one.to) == (from, to)) {
            counted.count += 1;
        }
        if from == to {
            let was: BTreeSet<_> = past.policies.iter().map(String::as_str).collect();
            let is: BTreeSet<_> = would
                .reasons
                .iter()
                .map(|one| one.policy.as_str())
                .collect();
            self.other_reasons += u64::from(was != is);
            return;
        }
        self.changed += 1;
        self.stricter += u64::from(to > from);
        self.milder += u64::from(to < from);
        self.count_user(action.user.as_deref().unwrap_or("unknown"));
        if self.changes.len() >= self.most {
            self.more_changes += 1;
            return;
        }
        self.changes.push(Change {
            verdict_id: past.verdict.clone(),
            event_uid: past.event.to_string(),
            time: time.to_rfc3339(),
            session: action.session.clone(),
            user: action.user.clone(),
            door: past.door.clone(),
            from,
            to,
            was: past.policies.clone(),
            reasons: would.reasons,
        });
    }

    fn count_user(&mut self, user: &str) {
        let is_known = self.users.contains_key(user) || self.users.len() < MAX_USERS;
        let user = if is_known { user } else { "others" };
        *self.users.entry(user.to_owned()).or_default() += 1;
    }

    /// Prints what was found as JSON.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(super) fn print_json(&mut self) -> io::Result<()> {
        self.decisions.retain(|one| one.count > 0);
        let mut stdout = io::stdout().lock();
        serde_json::to_writer_pretty(&mut stdout, self)?;
        writeln!(stdout)
    }

    /// Prints what was found for a person.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(super) fn print(&self) -> io::Result<()> {
        let out = &mut io::stdout().lock();
        writeln!(
            out,
            "{} to {}, policies {} ({})",
            self.since, self.until, self.policy_version, self.profile
        )?;
        writeln!(
            out,
            "{} verdicts: {} would be others ({} stricter, {} milder), {} the same for other reasons",
            self.verdicts, self.changed, self.stricter, self.milder, self.other_reasons
        )?;
        for one in self.decisions.iter().filter(|one| one.count > 0) {
            let (from, to) = (one.from.name(), one.to.name());
            writeln!(out, "  {from} -> {to}: {}", one.count)?;
        }
        writeln!(
            out,
            "left out: {} given by posture, {} late, {} without their action",
            self.by_posture, self.late, self.without_action
        )?;
        let mut users: Vec<_> = self.users.iter().collect();
        users.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (user, count) in users.into_iter().take(SHOWN_USERS) {
            writeln!(out, "for {user}: {count}")?;
        }
        for change in &self.changes {
            change.print(out)?;
        }
        if self.more_changes > 0 {
            writeln!(out, "and {} more (--list)", self.more_changes)?;
        }
        Ok(())
    }
}

impl Change {
    fn print(&self, out: &mut impl io::Write) -> io::Result<()> {
        let (from, to) = (self.from.name(), self.to.name());
        let session = self.session.as_deref().unwrap_or("-");
        writeln!(
            out,
            "{} {} session {session}: {from} -> {to} (verdict {}, event {})",
            self.time, self.door, self.verdict_id, self.event_uid
        )?;
        if !self.was.is_empty() {
            writeln!(out, "    was: {}", self.was.join(", "))?;
        }
        for Reason {
            policy,
            title,
            decision,
            ..
        } in &self.reasons
        {
            writeln!(out, "    now: {} by {policy}: {title}", decision.name())?;
        }
        Ok(())
    }
}
