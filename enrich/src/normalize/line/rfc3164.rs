//! Takes RFC 3164 headers apart, as devices really write them.

use magistrate_event::Timestamp;

use super::envelope::{Envelope, Kind, Time, word};
use super::time;
use super::vocabulary::is_address;

/// Splits what follows the priority, if there was one. None when no time stands there.
///
/// Takes BSD and ISO 8601 times (without a zone: UTC) and seconds since the epoch; Cisco's running
/// number, `*` and `.` before the time and colon after it; a missing host, a host that is an IPv6
/// address, and a missing tag.
pub(super) fn split(text: &str, received: Timestamp) -> Option<Envelope<'_>> {
    let text = text.trim_start_matches([' ', '\u{feff}']);
    if let Some(stamped) = stamped(text, received) {
        return Some(stamped.envelope(None));
    }
    // `1 1767323045.678 host …`: RFC 5424's version before a time that is not of RFC 5424.
    if let Some(stamped) = text.strip_prefix("1 ").and_then(epoch) {
        return Some(stamped.envelope(None));
    }
    numbered(text, received)
}

/// Splits what follows a priority when no time stands there.
///
/// A host is believed only where it cannot be a word of the message.
pub(super) fn without_time(text: &str) -> Envelope<'_> {
    let text = text.trim_start_matches([' ', '\u{feff}']);
    if let Some((tag, message)) = tag(text) {
        return tag.envelope(None, message);
    }
    let (host, rest) = word(text);
    if is_host(host)
        && let Some((tag, message)) = tag(rest)
        && (tag.process.is_some() || host.contains('.') || is_address(host))
    {
        return tag.envelope(Some(host), message);
    }
    Envelope {
        kind: Kind::Rfc3164,
        ..Envelope::bare(text)
    }
}

/// Splits a line that has neither priority nor time, but begins with `name[process]:`.
pub(super) fn process_only(text: &str) -> Option<Envelope<'_>> {
    let (tag, message) = tag(text)?;
    let process = tag.process?;
    let numeric = process.bytes().all(|byte| byte.is_ascii_digit());
    numeric.then(|| tag.envelope(None, message))
}

/// A time and what follows it.
struct Stamped<'a> {
    time: Timestamp,
    text: &'a str,
    rest: &'a str,
}

/// The name and process that RFC 3164 calls the tag; a name like `%SYS-5-CONFIG_I` is a mnemonic.
#[derive(Debug, PartialEq)]
struct Tag<'a> {
    name: &'a str,
    process: Option<&'a str>,
}

/// The longest tag that is believed; RFC 3164 allows 32, real ones have more.
const MAX_TAG_BYTES: usize = 128;
/// The longest host name (RFC 5424 section 6.2.4).
const MAX_HOST_BYTES: usize = 255;

impl<'a> Stamped<'a> {
    fn envelope(self, sequence: Option<&'a str>) -> Envelope<'a> {
        let named = match self.rest.strip_prefix(':') {
            // Cisco writes no host after the colon.
            Some(rest) => tag_or_message(None, rest.trim_start_matches(' ')),
            None => host_and_tag(self.rest.trim_start_matches(' ')),
        };
        Envelope {
            time: Time::At(self.time, self.text),
            sequence,
            ..named
        }
    }
}

impl<'a> Tag<'a> {
    fn envelope(self, host: Option<&'a str>, message: &'a str) -> Envelope<'a> {
        let mnemonic = self.name.strip_prefix('%');
        Envelope {
            kind: Kind::Rfc3164,
            host,
            app: mnemonic.is_none().then_some(self.name),
            process: self.process,
            message_id: mnemonic,
            ..Envelope::bare(message)
        }
    }
}

fn stamped(text: &str, received: Timestamp) -> Option<Stamped<'_>> {
    // Cisco: `*` the clock was never set, `.` it lost its source.
    let clean = text.strip_prefix(['*', '.']).unwrap_or(text);
    let stamp = time::bsd(clean, received).or_else(|| time::iso(clean))?;
    let written = clean.get(..clean.len() - stamp.rest.len())?;
    let ends = matches!(stamp.rest.as_bytes().first(), None | Some(b' ' | b':'));
    ends.then_some(Stamped {
        time: stamp.time,
        text: written,
        rest: stamp.rest,
    })
}

fn epoch(text: &str) -> Option<Stamped<'_>> {
    let (written, rest) = text.split_once(' ')?;
    let time = time::epoch_seconds(written)?;
    Some(Stamped {
        time,
        text: written,
        rest,
    })
}

/// `45: *Mar  1 …`, `45: router1: *Mar  1 …` and `: 2026 Mar  1 …`, as Cisco writes them.
fn numbered(text: &str, received: Timestamp) -> Option<Envelope<'_>> {
    let (number, rest) = text.split_once(':')?;
    if number.len() > 10 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let sequence = (!number.is_empty()).then_some(number);
    let rest = rest.trim_start_matches(' ');
    if let Some(stamped) = stamped(rest, received) {
        return Some(stamped.envelope(sequence));
    }
    let (host, rest) = rest.split_once(": ")?;
    let stamped = stamped(rest.trim_start_matches(' '), received)?;
    is_host(host).then(|| Envelope {
        host: Some(host),
        ..stamped.envelope(sequence)
    })
}

fn host_and_tag(text: &str) -> Envelope<'_> {
    if let Some(rest) = text.strip_prefix("Message forwarded from ")
        && let Some((host, rest)) = rest.split_once(": ")
        && is_host(host)
    {
        return tag_or_message(Some(host), rest);
    }
    if let Some((found, message)) = tag(text) {
        // `router1: %SYS-5-CONFIG_I: …`: what looks like a tag is the host.
        if message.starts_with('%') && found.process.is_none() {
            return tag_or_message(Some(found.name), message);
        }
        return found.envelope(None, message);
    }
    let (host, rest) = word(text);
    if rest.is_empty() || !is_host(host) {
        return tag_or_message(None, text);
    }
    tag_or_message(Some(host), rest.strip_prefix(": ").unwrap_or(rest))
}

fn tag_or_message<'a>(host: Option<&'a str>, text: &'a str) -> Envelope<'a> {
    match tag(text) {
        Some((tag, message)) => tag.envelope(host, message),
        None => Envelope {
            kind: Kind::Rfc3164,
            host,
            ..Envelope::bare(text)
        },
    }
}

/// Splits `name:`, `name[process]:` or `name[process] ` off the beginning of `text`.
fn tag(text: &str) -> Option<(Tag<'_>, &str)> {
    let end = text
        .bytes()
        .take(MAX_TAG_BYTES)
        .position(|byte| matches!(byte, b' ' | b':' | b'['))?;
    let (name, rest) = text.split_at_checked(end)?;
    if !is_tag_name(name) {
        return None;
    }
    if let Some(rest) = rest.strip_prefix(':') {
        let message = end_of_tag(rest)?;
        let process = None;
        return Some((Tag { name, process }, message));
    }
    let (process, rest) = process(rest)?;
    let message = end_of_tag(rest.strip_prefix(':').unwrap_or(rest))?;
    let process = (!process.is_empty()).then_some(process);
    Some((Tag { name, process }, message))
}

fn process(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('[')?;
    let end = rest
        .bytes()
        .take(MAX_TAG_BYTES)
        .position(|byte| matches!(byte, b' ' | b']'))?;
    let (process, rest) = rest.split_at_checked(end)?;
    Some((process, rest.strip_prefix(']')?))
}

/// What follows the one space after a tag; none when something else stands there.
fn end_of_tag(text: &str) -> Option<&str> {
    if text.is_empty() {
        return Some(text);
    }
    text.strip_prefix(' ')
}

/// Letters, digits and what real programs have in their names; never the name of a format.
fn is_tag_name(name: &str) -> bool {
    let fits = name.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'%' | b'(' | b')' | b'-' | b'.' | b'/' | b'@' | b'_' | b'+' | b'#'
            )
    });
    fits && !name.is_empty() && !matches!(name, "CEF" | "LEEF" | "@cee")
}

/// A host name or address; a bare number is none.
fn is_host(word: &str) -> bool {
    let mut only_number = true;
    for byte in word.bytes() {
        match byte {
            b'0'..=b'9' | b'.' => {}
            b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b':' | b'%' => only_number = false,
            b'[' | b']' | b'/' => only_number = false,
            _ => return false,
        }
    }
    !word.is_empty()
        && word.len() <= MAX_HOST_BYTES
        && (!only_number || is_address(word))
        && !word.starts_with("CEF:")
        && !word.starts_with("LEEF:")
}

#[cfg(test)]
mod tests {
    use super::super::envelope;

    fn shown(line: &str) -> String {
        let received = super::time::read("2026-11-23T15:00:00Z", super::Timestamp::default());
        let envelope = envelope::split(line, received.unwrap());
        let time = match envelope.time {
            envelope::Time::Absent => "-".to_owned(),
            envelope::Time::At(time, _) => time.to_rfc3339().replace(".000000Z", "Z"),
            envelope::Time::Unreadable(text) => format!("?{text}"),
        };
        [
            &time,
            envelope.host.unwrap_or("-"),
            envelope.app.unwrap_or("-"),
            envelope.process.unwrap_or("-"),
            envelope.message_id.unwrap_or("-"),
            envelope.sequence.unwrap_or("-"),
            envelope.message,
        ]
        .join("|")
    }

    /// Lines, and what their headers say: time, host, app, process, message id, sequence, message.
    const WITH_TIME: &[(&str, &str)] = &[
        (
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
            "2026-10-11T22:14:15Z|mymachine|su|-|-|-|'su root' failed",
        ),
        (
            "<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!",
            "2027-02-05T17:32:18Z|10.0.0.99|-|-|-|-|Use the BFG!",
        ),
        (
            "Nov 23 14:00:00 host1 app[12]: no priority",
            "2026-11-23T14:00:00Z|host1|app|12|-|-|no priority",
        ),
        (
            "<13>Nov 23 14:00:00 app[12]: no host",
            "2026-11-23T14:00:00Z|-|app|12|-|-|no host",
        ),
        (
            "<13>Nov 23 14:00:00 2001:db8::1 app: ipv6 host",
            "2026-11-23T14:00:00Z|2001:db8::1|app|-|-|-|ipv6 host",
        ),
        (
            "<14>2026-01-02T03:04:05.678Z esx01.example.com Hostd: iso time",
            "2026-01-02T03:04:05.678000Z|esx01.example.com|Hostd|-|-|-|iso time",
        ),
        (
            "<14>2026-01-02 03:04:05 h1 app: iso with a space",
            "2026-01-02T03:04:05Z|h1|app|-|-|-|iso with a space",
        ),
        (
            "<166>Jan 02 2026 03:04:05: %ASA-6-302013: Built outbound",
            "2026-01-02T03:04:05Z|-|-|-|ASA-6-302013|-|Built outbound",
        ),
        (
            "<166>Jan 02 2026 03:04:05 fw01 : %ASA-6-302013: Built outbound",
            "2026-01-02T03:04:05Z|fw01|-|-|ASA-6-302013|-|Built outbound",
        ),
        (
            "<189>45: *Nov  1 18:46:11.123: %SYS-5-CONFIG_I: Configured",
            "2026-11-01T18:46:11.123000Z|-|-|-|SYS-5-CONFIG_I|45|Configured",
        ),
        (
            "<189>45: router1: .Nov  1 18:46:11 UTC: %SYS-5-CONFIG_I: Configured",
            "2026-11-01T18:46:11Z|router1|-|-|SYS-5-CONFIG_I|45|Configured",
        ),
        (
            "<189>: 2026 Jan  2 03:04:05 UTC: %ETHPORT-5-IF_UP: Up",
            "2026-01-02T03:04:05Z|-|-|-|ETHPORT-5-IF_UP|-|Up",
        ),
        (
            "<189>Nov  1 18:46:11 router1: %LINK-3-UPDOWN: Down",
            "2026-11-01T18:46:11Z|router1|-|-|LINK-3-UPDOWN|-|Down",
        ),
        (
            "<134>1 1767323045.678901234 ap1 flows src=192.0.2.1 dst=192.0.2.2",
            "2026-01-02T03:04:05.678901Z|ap1|-|-|-|-|flows src=192.0.2.1 dst=192.0.2.2",
        ),
        (
            "<13>Nov 23 14:00:00 Message forwarded from aix1: sshd[9]: hello",
            "2026-11-23T14:00:00Z|aix1|sshd|9|-|-|hello",
        ),
        (
            "<134>Nov 23 14:00:00 proxy1 (squid-1)[77]: line",
            "2026-11-23T14:00:00Z|proxy1|(squid-1)|77|-|-|line",
        ),
        (
            "<134>Nov 23 14:00:00 proxy1 CEF:0|a|b",
            "2026-11-23T14:00:00Z|proxy1|-|-|-|-|CEF:0|a|b",
        ),
        (
            "<13>Nov 23 14:00:00 CEF:0|a|b c",
            "2026-11-23T14:00:00Z|-|-|-|-|-|CEF:0|a|b c",
        ),
        (
            "<13>Nov 23 14:00:00 1767323045.678 1 192.0.2.1 x",
            "2026-11-23T14:00:00Z|-|-|-|-|-|1767323045.678 1 192.0.2.1 x",
        ),
        (
            "<13>Nov 23 14:00:00 {\"a\": 1}",
            "2026-11-23T14:00:00Z|-|-|-|-|-|{\"a\": 1}",
        ),
        (
            "<13>Nov 23 14:00:00 word",
            "2026-11-23T14:00:00Z|-|-|-|-|-|word",
        ),
        ("<13>Nov 23 14:00:00", "2026-11-23T14:00:00Z|-|-|-|-|-|"),
    ];

    #[test]
    fn headers_with_a_time_are_read() {
        for (line, expected) in WITH_TIME {
            let expected = *expected;
            assert_eq!(shown(line), expected, "{line}");
        }
    }

    #[test]
    fn headers_without_a_time_are_read() {
        let cases = [
            ("<13>app: text", "-|-|app|-|-|-|text"),
            ("<13>app[7] text", "-|-|app|7|-|-|text"),
            ("<13>h1 app[7]: text", "-|h1|app|7|-|-|text"),
            (
                "<13>h1.example.com app: text",
                "-|h1.example.com|app|-|-|-|text",
            ),
            ("<13>two words: text", "-|-|-|-|-|-|two words: text"),
            (
                "<13>date=2026-01-02 time=03:04:05",
                "-|-|-|-|-|-|date=2026-01-02 time=03:04:05",
            ),
            ("<13> CEF:0|a", "-|-|-|-|-|-|CEF:0|a"),
            ("<13>%SYS-5-X: text", "-|-|-|-|SYS-5-X|-|text"),
            ("app[7]: text", "-|-|app|7|-|-|text"),
            ("app[x]: text", "-|-|-|-|-|-|app[x]: text"),
            ("word: text", "-|-|-|-|-|-|word: text"),
            ("", "-|-|-|-|-|-|"),
        ];
        for (line, expected) in cases {
            assert_eq!(shown(line), expected, "{line}");
        }
    }
}
