//! The page.

use std::fmt::Write as _;

use magistrate_event::Timestamp;

use super::{AlertLine, HOUR_MICROS, Report, top};
use crate::coverage;
use crate::html::{self, escaped, minute};

/// Bars of the timeline; of longer times, hours share a bar.
const BARS: i64 = 96;

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let parts = [
        html::begin("Magistrate report"),
        figures(report),
        timeline(report),
        alerts(report),
        sessions(report),
        pivots(report),
        coverage::page::blind_spots(),
        html::END.to_owned(),
    ];
    parts.concat()
}

fn figures(report: &Report) -> String {
    let alerts = report.alerts.len() as u64 + report.more_alerts;
    html::figures(&[
        ("events", report.events),
        ("sessions", report.sessions.len() as u64),
        ("alerts", alerts),
    ])
}

/// Events as bars; those of hours with alerts are marked.
fn timeline(report: &Report) -> String {
    let mut hours = report.hours.keys();
    let Some(first) = hours.next() else {
        return String::new();
    };
    let last = hours.next_back().unwrap_or(first);
    let step = (last - first) / BARS + 1;
    let mut bars: Vec<(u64, u64)> = Vec::new();
    for (hour, (events, alerts)) in &report.hours {
        let at = usize::try_from((hour - first) / step).unwrap_or_default();
        if bars.len() <= at {
            bars.resize(at + 1, (0, 0));
        }
        if let Some((sum, marks)) = bars.get_mut(at) {
            *sum += events;
            *marks += alerts;
        }
    }
    let most = bars.iter().map(|(events, _)| *events).max();
    let most = most.unwrap_or_default().max(1);
    let hour = |hour: i64| minute(Timestamp::from_micros(hour.saturating_mul(HOUR_MICROS)));
    let mut html = String::from("<h2>Timeline</h2><section class=\"timeline\">");
    for (at, (events, alerts)) in (0_i64..).zip(&bars) {
        let height = (events * 100 / most).max(u64::from(events + alerts > 0));
        let mark = if *alerts > 0 { " class=\"hot\"" } else { "" };
        let begin = hour(first + at * step);
        let _ = write!(
            html,
            "<i{mark} title=\"{begin}: {events} events, {alerts} alerts\" style=\"height:{height}%\"></i>"
        );
    }
    let _ = write!(
        html,
        "</section><p class=\"axis\"><span>{}</span><span>{}</span></p>",
        hour(*first),
        hour(last + 1)
    );
    html
}

fn alerts(report: &Report) -> String {
    let mut html = String::from("<h2>Alerts</h2>");
    if report.alerts.is_empty() {
        html.push_str("<p>None.</p>");
        return html;
    }
    html.push_str("<table><tr><th>Severity<th>Alert<th>Time<th>Session<th>User<th>Evidence</tr>");
    for alert in &report.alerts {
        let AlertLine {
            time,
            severity,
            title,
            session,
            user,
            evidence,
            finding: _,
        } = alert;
        let name = severity_name(*severity);
        let _ = write!(
            html,
            "<tr><td><span class=\"{name}\">{name}</span><td>{}<td>{}<td><code>{}</code><td>{}<td><code>{}</code></tr>",
            escaped(title),
            minute(*time),
            escaped(session),
            escaped(user),
            escaped(evidence)
        );
    }
    html.push_str("</table>");
    if report.more_alerts > 0 {
        let _ = write!(html, "<p>And {} more.</p>", report.more_alerts);
    }
    html
}

fn sessions(report: &Report) -> String {
    let mut html = String::from(
        "<h2>Top sessions</h2><table><tr><th>Session<th>User<th>From<th>To<th>Events<th>Alerts<th>Risk</tr>",
    );
    for (id, line) in report.top_sessions() {
        let _ = write!(
            html,
            "<tr><td><code>{}</code><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
            escaped(id),
            escaped(&line.user),
            minute(line.first),
            minute(line.last),
            line.events,
            line.alerts,
            line.risk
        );
    }
    html.push_str("</table>");
    html
}

fn pivots(report: &Report) -> String {
    let mut html = String::from("<section class=\"pivots\">");
    for (name, counts) in &report.pivots {
        let _ = write!(html, "<div><h2>{}</h2><table>", escaped(name));
        for (value, count) in top(counts) {
            let _ = write!(html, "<tr><td>{}<td>{count}</tr>", escaped(value));
        }
        html.push_str("</table></div>");
    }
    html.push_str("</section>");
    html
}

const fn severity_name(id: i64) -> &'static str {
    match id {
        5 => "critical",
        4 => "high",
        3 => "medium",
        2 => "low",
        _ => "info",
    }
}

#[cfg(test)]
mod tests {
    use super::super::SessionLine;
    use super::*;

    #[test]
    fn what_events_hold_is_text_and_nothing_else() {
        let mut report = Report::default();
        let evil = "<script>alert(1)</script>\u{202e}".to_owned();
        report.hours.insert(1, (3, 1));
        report.alerts.push(AlertLine {
            time: Timestamp::default(),
            severity: 5,
            title: evil.clone(),
            session: evil.clone(),
            user: evil.clone(),
            evidence: evil.clone(),
            finding: "f1".to_owned(),
        });
        let sessions = &mut report.sessions;
        sessions.insert(evil.clone(), SessionLine::default());
        let users = report.pivots.entry("Users").or_default();
        users.insert(evil, 1);
        let html = page(&report);
        assert!(!html.contains("<script") && !html.contains('\u{202e}'));
        assert!(html.contains("&lt;script&gt;") && html.contains("class=\"critical\""));
        assert!(!html.contains("http"), "nothing comes from elsewhere");
    }

    #[test]
    fn a_step_of_a_chain_is_no_alert_of_its_own() {
        let mut report = Report::default();
        for finding in ["step", "chain"] {
            report.alerts.push(AlertLine {
                time: Timestamp::default(),
                severity: 3,
                title: finding.to_owned(),
                session: "s".to_owned(),
                user: String::new(),
                evidence: String::new(),
                finding: finding.to_owned(),
            });
        }
        let line = SessionLine {
            alerts: 2,
            ..SessionLine::default()
        };
        report.sessions.insert("s".to_owned(), line);
        report.folded.insert("step".to_owned());
        report.leave_out_folded();
        let titles: Vec<_> = report.alerts.iter().map(|one| one.title.as_str()).collect();
        assert_eq!((titles, report.sessions["s"].alerts), (vec!["chain"], 1));
    }

    #[test]
    fn a_long_time_shares_bars() {
        let mut report = Report::default();
        for hour in 0..5_000 {
            report.hours.insert(hour, (1, 0));
        }
        let bars = page(&report).matches("<i ").count();
        assert!((50..=97).contains(&bars), "{bars}");
    }

    #[test]
    fn nothing_makes_a_page_too() {
        assert!(page(&Report::default()).contains("<p>None.</p>"));
    }
}
