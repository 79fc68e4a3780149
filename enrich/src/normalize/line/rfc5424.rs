//! Takes an RFC 5424 header apart.

use super::envelope::{Envelope, Kind, Time};
use super::{structured_data, time};

/// Splits what follows the priority. None when it is not RFC 5424.
///
/// Two faults of real senders are let pass: a time that is none of the calendar, when the rest is
/// right, and structured data that is missing or broken, when the time is right; the message then
/// begins where the structured data should.
pub(super) fn split(text: &str) -> Option<Envelope<'_>> {
    let rest = text.strip_prefix("1 ")?;
    let (time_text, rest) = rest.split_once(' ')?;
    let (host, rest) = rest.split_once(' ')?;
    let (app, rest) = rest.split_once(' ')?;
    let (process, rest) = rest.split_once(' ')?;
    let (message_id, rest) = rest.split_once(' ')?;
    let time = read_time(time_text);
    let (structured, message) = match (structured(rest), time) {
        (Some(split), _) => split,
        (None, Time::At(..) | Time::Absent) => (None, rest),
        (None, Time::Unreadable(_)) => return None,
    };
    Some(Envelope {
        kind: Kind::Rfc5424,
        priority: None,
        time,
        host: present(host),
        app: present(app),
        process: present(process),
        message_id: present(message_id),
        sequence: None,
        structured,
        message: message.strip_prefix('\u{feff}').unwrap_or(message),
    })
}

fn read_time(text: &str) -> Time<'_> {
    if text == "-" {
        return Time::Absent;
    }
    match time::iso(text) {
        Some(stamp) if stamp.rest.is_empty() => Time::At(stamp.time, text),
        Some(_) | None => Time::Unreadable(text),
    }
}

/// Structured data and message; none when there is no well-formed structured data.
fn structured(text: &str) -> Option<(Option<&str>, &str)> {
    let (structured, rest) = match text.strip_prefix('-') {
        Some(rest) => (None, rest),
        None => {
            let (data, rest) = structured_data::split(text)?;
            (Some(data), rest)
        }
    };
    let message = if rest.is_empty() {
        rest
    } else {
        rest.strip_prefix(' ')?
    };
    Some((structured, message))
}

/// A field, unless it is the NILVALUE.
fn present(field: &str) -> Option<&str> {
    (!matches!(field, "-" | "")).then_some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let Some(envelope) = split(text) else {
            return "none".to_owned();
        };
        let time = match envelope.time {
            Time::Absent => "-".to_owned(),
            Time::At(time, _) => time.to_rfc3339(),
            Time::Unreadable(text) => format!("?{text}"),
        };
        [
            &time,
            envelope.host.unwrap_or("-"),
            envelope.app.unwrap_or("-"),
            envelope.process.unwrap_or("-"),
            envelope.message_id.unwrap_or("-"),
            envelope.structured.unwrap_or("-"),
            envelope.message,
        ]
        .join("|")
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let cases = [
            (
                "1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' \
                 failed for lonvick on /dev/pts/8",
                "2003-10-11T22:14:15.003000Z|mymachine.example.com|su|-|ID47|-|'su root' failed \
                 for lonvick on /dev/pts/8",
            ),
            (
                "1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to \
                 make the do-nuts.",
                "2003-08-24T12:14:15.000003Z|192.0.2.1|myproc|8710|-|-|%% It's time to make the \
                 do-nuts.",
            ),
            (
                "1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 \
                 [exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"1011\"] \
                 \u{feff}An application event log entry...",
                "2003-10-11T22:14:15.003000Z|mymachine.example.com|evntslog|-|ID47|\
                 [exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"1011\"]|An \
                 application event log entry...",
            ),
            (
                "1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 \
                 [exampleSDID@32473 iut=\"3\"][examplePriority@32473 class=\"high\"]",
                "2003-10-11T22:14:15.003000Z|mymachine.example.com|evntslog|-|ID47|\
                 [exampleSDID@32473 iut=\"3\"][examplePriority@32473 class=\"high\"]|",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn faults_of_real_senders_are_let_pass_or_left_to_others() {
        let cases = [
            ("1 - - - - - -", "-|-|-|-|-|-|"),
            ("1 - - - - - - ", "-|-|-|-|-|-|"),
            (
                "1 2016-12-31T23:59:60Z h a - - - m",
                "?2016-12-31T23:59:60Z|h|a|-|-|-|m",
            ),
            (
                "1 2026-01-02T03:04:05Z gw fw 1 - [action:\"Accept\"; x] m",
                "2026-01-02T03:04:05.000000Z|gw|fw|1|-|-|[action:\"Accept\"; x] m",
            ),
            (
                "1 2026-01-02T03:04:05Z gw fw 1 - -x m",
                "2026-01-02T03:04:05.000000Z|gw|fw|1|-|-|-x m",
            ),
            (
                "1 1767323045.678 ap flows src=192.0.2.1 dst=192.0.2.2 x",
                "none",
            ),
            ("1 2026-01-02T03:04:05Z h a", "none"),
            ("2 2026-01-02T03:04:05Z h a - - - m", "none"),
            ("", "none"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
