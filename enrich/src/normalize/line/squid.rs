//! Reads access lines of Squid in its own format.

use std::borrow::Cow;

use magistrate_event::{Event, Field, Timestamp, Value};

use super::super::url::set_url;
use super::draft::{Draft, add_int, add_text};
use super::envelope::word;
use super::time;
use super::vocabulary::{Outcome, set_endpoint, set_http_status, set_method, set_user};

/// One request, as all of Squid's formats tell it; everything is borrowed from the line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Access<'a> {
    pub(super) time: Timestamp,
    pub(super) duration_ms: Option<i64>,
    pub(super) client: &'a str,
    /// What Squid did, such as `TCP_MISS`.
    pub(super) result: &'a str,
    pub(super) status: i64,
    /// Bytes sent to the client.
    pub(super) bytes: Option<i64>,
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) version: Option<&'a str>,
    pub(super) user: &'a str,
    /// How the server was found, such as `HIER_DIRECT`.
    pub(super) hierarchy: &'a str,
    pub(super) peer: &'a str,
    pub(super) media_type: &'a str,
    pub(super) extra: Extra<'a>,
}

/// What may follow the last field of the format.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Extra<'a> {
    /// Nothing.
    None,
    /// Headers of request and answer (`log_mime_hdrs on`), %-encoded, without their brackets.
    Headers(&'a str, &'a str),
    /// Quoted values; formats made by hand end with User-Agent and Referer in either order.
    Quoted(&'a str),
}

/// Reads a line in the native format, `%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt`.
///
/// Goes inward from both ends, because a URL may hold spaces (`uri_whitespace allow`).
pub(super) fn parse(line: &str) -> Option<Access<'_>> {
    let (seconds, rest) = word(line);
    let time = time::epoch_seconds(seconds).filter(|_| seconds.contains('.'))?;
    let (duration, rest) = word(rest);
    let (client, rest) = word(rest);
    let (result, rest) = word(rest);
    let (bytes, rest) = word(rest);
    let (method, rest) = word(rest);
    let (result, status) = result.split_once('/')?;
    let (rest, extra) = split_extra(rest);
    let tail = split_tail(rest)?;
    let (url, user) = tail.before.rsplit_once(' ')?;
    let url = url.trim_end_matches(' ');
    // A name and its value are not torn apart: such a line is none of Squid's, and kept whole.
    if !is_code(result) || status.len() != 3 || url.is_empty() || may_be_name(url) {
        return None;
    }
    Some(Access {
        time,
        duration_ms: Some(duration.parse().ok()?),
        client,
        result,
        status: status.parse().ok()?,
        bytes: Some(bytes.parse().ok()?),
        method,
        url,
        version: None,
        user,
        hierarchy: tail.hierarchy,
        peer: tail.peer,
        media_type: tail.media_type,
        extra,
    })
}

/// Whether what stands for a URL may end in a name, and the user be its value: it ends in a sign of
/// assignment, or it holds blanks and ends as no URL does.
fn may_be_name(url: &str) -> bool {
    let ends_plainly = url.ends_with(|end: char| end.is_ascii_alphanumeric() || end == '/');
    let sign = url.len().checked_sub(3).and_then(|at| url.get(at..));
    let is_sign = |text: &str| {
        ["%3A", "%3D"]
            .iter()
            .any(|one| text.eq_ignore_ascii_case(one))
    };
    url.ends_with([':', '=']) || url.contains(' ') && (!ends_plainly || sign.is_some_and(is_sign))
}

/// Fills the draft from a request.
pub(super) fn fill(draft: &mut Draft, access: &Access<'_>) {
    draft.set_own_time(access.time);
    let event = draft.event();
    add_text(event, Field::ProductName, "squid");
    set_method(event, access.method);
    set_http_status(event, access.status);
    add_text(event, Field::StatusCode, access.result);
    outcome(access.result).set(event);
    set_present(
        event,
        Field::HttpVersion,
        access.version.unwrap_or_default(),
    );
    set_endpoint(event, Field::SrcIp, Field::SrcHostname, access.client);
    set_peer(event, access);
    set_present(event, Field::HttpContentType, access.media_type);
    if access.user != "-" {
        set_user(event, access.user);
    }
    set_sizes(event, access);
    if access.url.starts_with("error:") {
        add_text(event, Field::UrlString, access.url);
    } else {
        set_url(event, access.url);
    }
    set_extra(event, access.extra);
}

fn outcome(result: &str) -> Outcome {
    if result.split('_').any(|word| word == "DENIED") {
        Outcome::BLOCKED
    } else {
        Outcome::ALLOWED
    }
}

/// The peer is the server only where Squid went straight there, else it is another proxy.
fn set_peer(event: &mut Event, access: &Access<'_>) {
    event.keep_text("squid.hierarchy", access.hierarchy);
    if access.peer == "-" || access.peer.is_empty() {
        return;
    }
    let direct = access.hierarchy.ends_with("DIRECT")
        || matches!(access.hierarchy, "ORIGINAL_DST" | "PINNED");
    if direct {
        set_endpoint(event, Field::DstIp, Field::DstHostname, access.peer);
    } else {
        event.keep_text("squid.peer", access.peer);
    }
}

fn set_sizes(event: &mut Event, access: &Access<'_>) {
    if let Some(duration) = access.duration_ms {
        add_int(event, Field::Duration, duration);
    }
    let Some(bytes) = access.bytes else { return };
    add_int(event, Field::TrafficBytesIn, bytes);
    // What went through a tunnel is no answer, and the column holds 32 bits.
    if access.method != "CONNECT" && i32::try_from(bytes).is_ok() {
        add_int(event, Field::HttpLength, bytes);
    }
}

fn set_extra(event: &mut Event, extra: Extra<'_>) {
    match extra {
        Extra::None => {}
        Extra::Headers(request, answer) => {
            event.keep_text("squid.request_headers", &percent_decoded(request));
            event.keep_text("squid.response_headers", &percent_decoded(answer));
        }
        Extra::Quoted(quoted) => set_quoted(event, quoted),
    }
}

/// Takes `User-Agent" "Referer` in either order; an address can only be the Referer.
fn set_quoted(event: &mut Event, quoted: &str) {
    let mut others = Vec::new();
    for value in quoted.split("\" \"") {
        let is_address = value.starts_with("http://") || value.starts_with("https://");
        let field = if is_address {
            Field::Referrer
        } else {
            Field::UserAgent
        };
        if value == "-" || value.is_empty() {
            continue;
        }
        if event.value(field).is_none() {
            add_text(event, field, value);
        } else {
            others.push(Value::Text(event.push_text(value)));
        }
    }
    if !others.is_empty() {
        let key = event.push_key("squid.extra");
        event.keep(key, Value::List(others));
    }
}

fn set_present(event: &mut Event, field: Field, text: &str) {
    if !matches!(text, "" | "-") {
        add_text(event, field, text);
    }
}

/// The last three fields: user's end, hierarchy with peer, media type.
struct Tail<'a> {
    before: &'a str,
    hierarchy: &'a str,
    peer: &'a str,
    media_type: &'a str,
}

/// How many words a media type may have, as in `text/html; charset=utf-8; q=1`.
const MAX_MEDIA_TYPE_WORDS: usize = 4;

fn split_tail(text: &str) -> Option<Tail<'_>> {
    let (mut before, mut media_type) = text.rsplit_once(' ')?;
    for _ in 0..MAX_MEDIA_TYPE_WORDS {
        let (earlier, last) = before.rsplit_once(' ')?;
        if let Some((hierarchy, peer)) = last.split_once('/')
            && is_code(hierarchy)
        {
            return Some(Tail {
                before: earlier,
                hierarchy,
                peer,
                media_type,
            });
        }
        before = earlier;
        media_type = text.get(earlier.len() + 1..)?;
    }
    None
}

/// Splits off what is not of the format, but often stands at its end.
fn split_extra(text: &str) -> (&str, Extra<'_>) {
    if let Some(inner) = text.strip_suffix(']')
        && let Some((before, headers)) = inner.split_once(" [")
        && let Some((request, answer)) = headers.split_once("] [")
    {
        return (before, Extra::Headers(request, answer));
    }
    if let Some(inner) = text.strip_suffix('"')
        && let Some((before, quoted)) = inner.split_once('"')
        && let Some(before) = before.strip_suffix(' ')
    {
        return (before, Extra::Quoted(quoted));
    }
    (text, Extra::None)
}

/// Upper-case letters, digits and underscores, as in `TCP_MISS` and `HIER_DIRECT`.
pub(super) fn is_code(text: &str) -> bool {
    let first_is_letter = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_uppercase());
    first_is_letter
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Undoes `%HH`; what is no such escape stays, and what is no UTF-8 is replaced.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = match after {
            [high, low, tail @ ..] if first == b'%' => hex(*high)
                .zip(hex(*low))
                .map(|(high, low)| (high << 4 | low, tail)),
            _ => None,
        };
        let (byte, tail) = escaped.unwrap_or((first, after));
        plain.push(byte);
        rest = tail;
    }
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use magistrate_event::Class;
    use proptest::prelude::*;

    use super::*;

    const LINE: &str = "1767323045.678    123 192.0.2.7 TCP_MISS/200 4512 GET \
        http://www.example.com/a/b?q=1 ana HIER_DIRECT/198.51.100.9 text/html";

    fn filled(line: &str) -> Option<Event> {
        let mut draft = Draft::new(Timestamp::default(), 100);
        fill(&mut draft, &parse(line)?);
        Some(draft.finish())
    }

    fn unmapped(event: &Event) -> String {
        let mut json = String::new();
        event.push_unmapped_json(&mut json);
        json
    }

    #[test]
    fn a_request_fills_its_columns() {
        let event = filled(LINE).unwrap();
        assert_eq!((event.class(), event.activity()), (Class::HttpActivity, 3));
        assert_eq!(event.time().to_rfc3339(), "2026-01-02T03:04:05.678000Z");
        let texts = [
            (Field::ProductName, "squid"),
            (Field::HttpMethod, "GET"),
            (Field::UrlString, "http://www.example.com/a/b?q=1"),
            (Field::UrlHostname, "www.example.com"),
            (Field::UrlQuery, "q=1"),
            (Field::SrcIp, "192.0.2.7"),
            (Field::DstIp, "198.51.100.9"),
            (Field::DstHostname, "www.example.com"),
            (Field::UserName, "ana"),
            (Field::HttpContentType, "text/html"),
            (Field::StatusCode, "TCP_MISS"),
        ];
        for (field, text) in texts {
            assert_eq!(event.text(field), Some(text), "{}", field.path());
        }
        let ints = [
            (Field::HttpCode, 200),
            (Field::StatusId, 1),
            (Field::ActionId, 1),
            (Field::DispositionId, 1),
            (Field::Duration, 123),
            (Field::TrafficBytesIn, 4512),
            (Field::HttpLength, 4512),
        ];
        for (field, int) in ints {
            assert_eq!(event.int(field), Some(int), "{}", field.path());
        }
        assert_eq!(unmapped(&event), r#"{"squid.hierarchy":"HIER_DIRECT"}"#);
    }

    #[test]
    fn a_tunnel_names_host_and_port() {
        let line = "1767323045.678  30123 client.example.net TCP_TUNNEL/200 3000000000 CONNECT \
            api.example.com:443 - FIRSTUP_PARENT/parent1.example.net -";
        let event = filled(line).unwrap();
        assert_eq!(event.activity(), 1);
        assert_eq!(event.text(Field::SrcHostname), Some("client.example.net"));
        assert_eq!(event.text(Field::DstHostname), Some("api.example.com"));
        assert_eq!(event.int(Field::DstPort), Some(443));
        assert_eq!(event.int(Field::TrafficBytesIn), Some(3_000_000_000));
        assert_eq!(event.int(Field::HttpLength), None);
        assert_eq!(event.text(Field::UserName), None);
        assert_eq!(event.text(Field::HttpContentType), None);
        let expected = r#"{"squid.hierarchy":"FIRSTUP_PARENT","squid.peer":"parent1.example.net"}"#;
        assert_eq!(unmapped(&event), expected);
    }

    #[test]
    fn a_denied_request_is_blocked_and_an_aborted_one_has_no_status() {
        let denied = LINE.replace("TCP_MISS/200", "TCP_DENIED/403");
        let event = filled(&denied).unwrap();
        assert_eq!(event.int(Field::ActionId), Some(2));
        assert_eq!(event.int(Field::DispositionId), Some(2));
        assert_eq!(event.int(Field::StatusId), Some(2));
        let aborted = LINE.replace("TCP_MISS/200", "NONE_NONE/000");
        let event = filled(&aborted).unwrap();
        assert_eq!(event.int(Field::HttpCode), None);
        assert_eq!(event.int(Field::StatusId), Some(0));
        let invalid =
            "1767323045.678 0 192.0.2.7 NONE/400 0 NONE error:invalid-request - HIER_NONE/- -";
        let event = filled(invalid).unwrap();
        assert_eq!((event.class(), event.activity()), (Class::HttpActivity, 0));
        assert_eq!(event.text(Field::UrlString), Some("error:invalid-request"));
        assert_eq!(event.text(Field::UrlHostname), None);
    }

    #[test]
    fn odd_urls_media_types_and_extra_fields_are_read() {
        let spaced = LINE.replace("/a/b?q=1", "/a b c");
        assert_eq!(parse(&spaced).unwrap().url, "http://www.example.com/a b c");
        let charset = LINE.replace("text/html", "text/html; charset=utf-8");
        assert_eq!(
            parse(&charset).unwrap().media_type,
            "text/html; charset=utf-8"
        );
        let shouted = LINE.replace("text/html", "TEXT/HTML");
        assert_eq!(parse(&shouted).unwrap().hierarchy, "HIER_DIRECT");

        let headers = format!("{LINE} [User-Agent:%20x%0d%0a] [HTTP/1.1 200 OK%0d%0a]");
        let event = filled(&headers).unwrap();
        assert_eq!(
            unmapped(&event),
            "{\"squid.hierarchy\":\"HIER_DIRECT\",\"squid.request_headers\":\"User-Agent: x\\r\\n\",\
             \"squid.response_headers\":\"HTTP/1.1 200 OK\\r\\n\"}"
        );

        let quoted = format!("{LINE} \"https://ref.example.com/\" \"curl/8.5.0\" \"third\"");
        let event = filled(&quoted).unwrap();
        assert_eq!(
            event.text(Field::Referrer),
            Some("https://ref.example.com/")
        );
        assert_eq!(event.text(Field::UserAgent), Some("curl/8.5.0"));
        assert!(unmapped(&event).contains(r#""squid.extra":["third"]"#));
    }

    #[test]
    fn other_lines_are_not_taken() {
        for line in [
            "",
            "1767323045.678",
            "1767323045 1 192.0.2.7 TCP_MISS/200 1 GET http://e.com/ - HIER_DIRECT/- -",
            "1767323045.678 x 192.0.2.7 TCP_MISS/200 1 GET http://e.com/ - HIER_DIRECT/- -",
            "1767323045.678 1 192.0.2.7 tcp_miss/200 1 GET http://e.com/ - HIER_DIRECT/- -",
            "1767323045.678 1 192.0.2.7 TCP_MISS/20 1 GET http://e.com/ - HIER_DIRECT/- -",
            "1767323045.678 1 192.0.2.7 TCP_MISS/200 1 GET http://e.com/ - x y z",
            "1795422229.068 231 192.0.2.10 TCP_MISS/200 1543 GET http://a.example/a key: x HIER_DIRECT/198.51.100.7 text/html",
            "1795422229.068 231 192.0.2.10 TCP_MISS/200 1543 GET http://a.example/a key： x HIER_DIRECT/198.51.100.7 text/html",
            "1795422229.068 231 192.0.2.10 TCP_MISS/200 1543 GET http://a.example/a key%3a x HIER_DIRECT/198.51.100.7 text/html",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_line_never_panics(at in 0..LINE.len(), with in "\\PC{0,5}", cut in 0_usize..20) {
            let mut line = LINE.to_owned();
            line.replace_range(at..(at + cut).min(LINE.len()), &with);
            filled(&line);
        }

        #[test]
        fn no_text_makes_it_panic(text in "1\\.2( |/|\"|\\[|\\]|[A-Z0-9]|\\PC){0,60}") {
            filled(&text);
            percent_decoded(&text);
        }
    }
}
