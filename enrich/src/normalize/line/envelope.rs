//! Takes the syslog header off a line: who logged it, when and how gravely.

use magistrate_event::Timestamp;

use super::{rfc3164, rfc5424};

/// What stands before and around the message of a line; everything is borrowed from it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Envelope<'a> {
    /// How the header is written.
    pub(super) kind: Kind,
    /// Facility and severity, where the line says them.
    pub(super) priority: Option<Priority>,
    /// When it was logged.
    pub(super) time: Time<'a>,
    /// The host that logged.
    pub(super) host: Option<&'a str>,
    /// The program that logged.
    pub(super) app: Option<&'a str>,
    /// Its process, usually a number.
    pub(super) process: Option<&'a str>,
    /// The type of message.
    pub(super) message_id: Option<&'a str>,
    /// The running number that Cisco devices write before the time.
    pub(super) sequence: Option<&'a str>,
    /// The structured data, brackets and escapes included.
    pub(super) structured: Option<&'a str>,
    /// The message.
    pub(super) message: &'a str,
}

/// How a header is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// RFC 5424.
    Rfc5424,
    /// RFC 3164, or one of its many variants.
    Rfc3164,
    /// There is none.
    Bare,
}

/// The time of a header.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Time<'a> {
    /// There is none.
    Absent,
    /// The time, and how it was written.
    At(Timestamp, &'a str),
    /// A time stands there, but it is none of the calendar.
    Unreadable(&'a str),
}

/// The number in the angle brackets (RFC 5424 section 6.2.1), 0 to 191.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Priority(u8);

impl Priority {
    /// user.notice: what a line without a priority is taken for (RFC 3164 section 4.3.3).
    pub(super) const DEFAULT: Self = Self(13);

    /// Facility, 0 to 23.
    pub(super) const fn facility(self) -> u8 {
        self.0 / 8
    }

    /// Severity, 0 (emergency) to 7 (debug).
    pub(super) const fn severity(self) -> u8 {
        self.0 % 8
    }
}

impl<'a> Envelope<'a> {
    /// A line without a header.
    pub(super) const fn bare(message: &'a str) -> Self {
        Self {
            kind: Kind::Bare,
            priority: None,
            time: Time::Absent,
            host: None,
            app: None,
            process: None,
            message_id: None,
            sequence: None,
            structured: None,
            message,
        }
    }
}

/// Splits a line into header and message. Never fails: without a header all is message.
///
/// RFC 5424 is tried first, then RFC 3164 with its variants. `received` gives the year where a
/// time has none.
pub(super) fn split(line: &str, received: Timestamp) -> Envelope<'_> {
    let (priority, rest) = match priority(line) {
        Some((priority, rest)) => (Some(priority), rest),
        None => (None, line),
    };
    if priority.is_some()
        && let Some(envelope) = rfc5424::split(rest)
    {
        return Envelope {
            priority,
            ..envelope
        };
    }
    let envelope = match rfc3164::split(rest, received) {
        Some(envelope) => envelope,
        None if priority.is_some() => rfc3164::without_time(rest),
        None => rfc3164::process_only(rest).unwrap_or(Envelope::bare(rest)),
    };
    Envelope {
        priority,
        ..envelope
    }
}

/// Reads `<0>` to `<191>`; a leading zero is let pass.
fn priority(line: &str) -> Option<(Priority, &str)> {
    let rest = line.strip_prefix('<')?;
    let mut number = 0_u16;
    for (at, byte) in rest.bytes().enumerate().take(4) {
        match byte {
            b'>' if at > 0 => {
                let priority = u8::try_from(number).ok().filter(|number| *number <= 191)?;
                return Some((Priority(priority), rest.get(at + 1..)?));
            }
            b'0'..=b'9' if at < 3 => number = number * 10 + u16::from(byte - b'0'),
            _ => return None,
        }
    }
    None
}

/// The text up to the first space, and what follows the spaces.
pub(super) fn word(text: &str) -> (&str, &str) {
    match text.split_once(' ') {
        Some((word, rest)) => (word, rest.trim_start_matches(' ')),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn priorities_are_read_within_their_range() {
        let cases = [
            ("<0>x", Some((0, 0))),
            ("<34>x", Some((4, 2))),
            ("<191>x", Some((23, 7))),
            ("<013>x", Some((1, 5))),
            ("<192>x", None),
            ("<1911>x", None),
            ("<>x", None),
            ("<-1>x", None),
            ("<13", None),
            ("13>x", None),
        ];
        for (line, expected) in cases {
            let found = priority(line).map(|(found, rest)| {
                assert_eq!(rest, "x");
                (found.facility(), found.severity())
            });
            assert_eq!(found, expected, "{line}");
        }
        assert_eq!(
            (Priority::DEFAULT.facility(), Priority::DEFAULT.severity()),
            (1, 5)
        );
    }

    #[test]
    fn a_line_without_a_header_is_all_message() {
        let line = "<999>just some text";
        assert_eq!(split(line, Timestamp::default()), Envelope::bare(line));
    }

    proptest! {
        #[test]
        fn the_message_is_always_the_lines_end(
            line in "(<[0-9]{1,3}>)?(1 )?(- |\\[|[A-Z][a-z]{2} |[0-9:]{1,8}|\\PC| |:|\\]|\"){0,40}",
        ) {
            let envelope = split(&line, Timestamp::default());
            prop_assert!(line.ends_with(envelope.message));
        }
    }
}
