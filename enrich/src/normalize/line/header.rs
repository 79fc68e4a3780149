//! Puts what a syslog header says into OCSF's columns.

use magistrate_event::{Field, Value};

use super::draft::{Draft, add_int, add_text};
use super::envelope::{Envelope, Kind, Priority, Time};
use super::structured_data;
use super::vocabulary::{is_address, severity_of_syslog};

/// Fills what the message itself did not say; what it did say otherwise is kept under `syslog.*`.
pub(super) fn fill(draft: &mut Draft, envelope: &Envelope<'_>) {
    let priority = envelope.priority.unwrap_or(Priority::DEFAULT);
    if draft.is_vacant(Field::SeverityId) {
        let severity = severity_of_syslog(priority.severity());
        add_int(draft.event(), Field::SeverityId, severity);
    }
    if envelope.kind == Kind::Bare && envelope.priority.is_none() {
        return;
    }
    keep_int(draft, "syslog.facility", priority.facility());
    keep_int(draft, "syslog.severity", priority.severity());
    match envelope.time {
        Time::Absent => {}
        Time::At(time, text) => draft.set_header_time(time, text),
        Time::Unreadable(text) => draft.set_or_keep(Field::OriginalTime, "syslog.timestamp", text),
    }
    if let Some(host) = envelope.host {
        let field = if is_address(host) {
            Field::DeviceIp
        } else {
            Field::DeviceHostname
        };
        draft.set_or_keep(field, "syslog.hostname", host);
    }
    if let Some(app) = envelope.app {
        draft.set_or_keep(Field::AppName, "syslog.appname", app);
        if draft.is_vacant(Field::ProductName) {
            add_text(draft.event(), Field::ProductName, app);
        }
    }
    if let Some(process) = envelope.process {
        set_process(draft, process);
    }
    let texts = [
        ("syslog.msgid", envelope.message_id),
        ("syslog.sequence", envelope.sequence),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            draft.event().keep_text(name, text);
        }
    }
    if let Some(data) = envelope.structured {
        structured_data::keep(draft.event(), data);
    }
}

fn keep_int(draft: &mut Draft, name: &str, number: u8) {
    let event = draft.event();
    let key = event.push_key(name);
    event.keep(key, Value::Int(i64::from(number)));
}

fn set_process(draft: &mut Draft, process: &str) {
    match process.parse::<i32>() {
        Ok(pid) if draft.is_vacant(Field::ProcessPid) => {
            add_int(draft.event(), Field::ProcessPid, i64::from(pid));
        }
        Ok(_) | Err(_) => draft.event().keep_text("syslog.procid", process),
    }
}
