//! Reads access lines of Squid in the common and combined log formats, which end with its tag.

use super::envelope::word;
use super::squid::{Access, Extra, is_code};
use super::time;

/// Reads `%>a %[ui %[un [%tl] "%rm %ru HTTP/%rv" %>Hs %<st %Ss:%Sh`, with Referer and User-Agent in
/// quotes before the tag where the format is combined. Lines of other servers have no tag.
pub(super) fn parse(line: &str) -> Option<Access<'_>> {
    let (rest, tag) = line.rsplit_once(' ')?;
    let (result, hierarchy) = tag.split_once(':')?;
    if !is_code(result) || !is_code(hierarchy) {
        return None;
    }
    let (client, rest) = word(rest);
    let (_, rest) = word(rest);
    let (user, rest) = rest.split_once(" [")?;
    let (when, rest) = rest.split_once("] \"")?;
    let (request, rest) = rest.split_once("\" ")?;
    let (method, target) = request.split_once(' ')?;
    let (url, version) = match target.rsplit_once(" HTTP/") {
        Some((url, version)) => (url, Some(version)),
        None => (target, None),
    };
    let (status, rest) = word(rest);
    let (bytes, rest) = word(rest);
    let extra = match rest
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(quoted) => Extra::Quoted(quoted),
        None if rest.is_empty() => Extra::None,
        None => return None,
    };
    Some(Access {
        time: time::common_log(when)?,
        duration_ms: None,
        client,
        result,
        status: status.parse().ok()?,
        bytes: bytes.parse().ok(),
        method,
        url,
        version,
        user,
        hierarchy,
        peer: "-",
        media_type: "-",
        extra,
    })
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Field, Timestamp};
    use proptest::prelude::*;

    use super::super::draft::Draft;
    use super::super::squid;
    use super::*;

    const COMMON: &str = "192.0.2.7 - ana [02/Jan/2026:03:04:05 +0100] \
        \"GET http://www.example.com/a HTTP/1.1\" 200 4512 TCP_MISS:HIER_DIRECT";

    fn combined() -> String {
        COMMON.replace(
            " TCP_MISS",
            " \"https://ref.example.com/\" \"Mozilla/5.0 (X11)\" TCP_MISS",
        )
    }

    #[test]
    fn both_formats_are_read() {
        for line in [COMMON.to_owned(), combined()] {
            let mut draft = Draft::new(Timestamp::default(), 100);
            squid::fill(&mut draft, &parse(&line).unwrap());
            let event = draft.finish();
            assert_eq!(event.time().to_rfc3339(), "2026-01-02T02:04:05.000000Z");
            assert_eq!(event.text(Field::UrlPath), Some("/a"));
            assert_eq!(event.text(Field::HttpVersion), Some("1.1"));
            assert_eq!(event.text(Field::UserName), Some("ana"));
            assert_eq!(event.int(Field::HttpCode), Some(200));
            assert_eq!(event.text(Field::StatusCode), Some("TCP_MISS"));
            let combined = line.contains("Mozilla");
            let agent = combined.then_some("Mozilla/5.0 (X11)");
            assert_eq!(event.text(Field::UserAgent), agent);
            assert_eq!(event.text(Field::Referrer).is_some(), combined);
        }
    }

    #[test]
    fn lines_without_the_tag_are_not_taken() {
        for line in [
            "",
            "x TCP_MISS:HIER_DIRECT",
            "192.0.2.7 - - [02/Jan/2026:03:04:05 +0100] \"GET / HTTP/1.1\" 200 4512",
            "192.0.2.7 - - [02/Jan/2026] \"GET / HTTP/1.1\" 200 4512 TCP_MISS:HIER_DIRECT",
            "192.0.2.7 - - [02/Jan/2026:03:04:05 +0100] \"GET / HTTP/1.1\" 200 4512 x TCP_MISS:HIER_NONE",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_line_never_panics(at in 0_usize..150, with in "\\PC{0,5}", cut in 0_usize..20) {
            let mut line = combined();
            let at = at.min(line.len());
            line.replace_range(at..(at + cut).min(line.len()), &with);
            parse(&line);
        }
    }
}
