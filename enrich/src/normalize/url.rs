//! Takes a URL apart into the columns that hold its pieces.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use magistrate_event::{Event, Field, Value};
use url::Url;

/// Fills the URL columns of `event` from `text`, and the facts about the destination.
///
/// Takes whole URLs, `host:port` as a CONNECT request has it, and bare paths. What cannot be taken
/// apart still fills `http_request.url.url_string`. An odd host (user info, backslashes, IDNA, an
/// IPv4 address written as one number) is read as browsers read it (WHATWG URL), so that the
/// columns name the host that was really asked.
pub(crate) fn set_url(event: &mut Event, text: &str) {
    event.set_text(Field::UrlString, text);
    let Some(parts) = split(text) else { return };
    let entropy = parts.entropy();
    if let Some(scheme) = &parts.scheme {
        event.set_text(Field::UrlScheme, scheme);
    }
    if let Some(host) = &parts.host {
        set_host(event, host);
    }
    if let Some(port) = parts.port {
        event.set_int(Field::UrlPort, i64::from(port));
        if event.value(Field::DstPort).is_none() {
            event.set_int(Field::DstPort, i64::from(port));
        }
    }
    if let Some(path) = &parts.path {
        event.set_text(Field::UrlPath, path);
    }
    if let Some(query) = &parts.query {
        event.set_text(Field::UrlQuery, query);
    }
    if let Some(bits) = entropy {
        event.set(Field::QueryEntropy, Value::Double(bits));
    }
}

/// Fills the host columns of `event` from a host name that stands alone, with or without a port; as
/// with URLs, an international name is read as its ASCII form.
pub(crate) fn set_host_of(event: &mut Event, text: &str) {
    let url = format!("http://{}", text.trim());
    let Some(parts) = split(&url) else { return };
    if let Some(host) = &parts.host {
        set_host(event, host);
    }
    if let Some(port) = text
        .rsplit_once(':')
        .and_then(|(_, port)| port.parse().ok())
    {
        let port: u16 = port;
        event.set_int(Field::UrlPort, i64::from(port));
    }
}

/// Whether a text names a place of a network: a URL of one of the web's schemes or of those for files,
/// or a host's name under a public suffix. `crm://customers/1` and `next.js` are none.
pub(crate) fn names_place(text: &str) -> bool {
    const SCHEMES: [&str; 8] = ["http", "https", "ws", "wss", "ftp", "ftps", "sftp", "ssh"];
    let text = text.trim();
    if let Some((scheme, rest)) = text.split_once("://") {
        let is_known = SCHEMES
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known));
        return is_known && !rest.is_empty();
    }
    let host = text.split([':', '/', '?']).next().unwrap_or_default();
    let host = host.to_ascii_lowercase();
    let is_plain = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    let is_public = || psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known());
    is_plain && registrable_domain(&host).is_some() && is_public()
}

/// Host, and path with its query, of a URL.
pub(crate) fn host_and_path(text: &str) -> Option<(String, String)> {
    let parts = split(text)?;
    let path = parts.path.as_deref().unwrap_or("/");
    let whole = match parts.query.as_deref() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    Some((parts.host?.into_owned(), whole))
}

/// The registrable domain of a lower-case `host`; none for addresses and single labels.
pub(crate) fn registrable_domain(host: &str) -> Option<&str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.len() > MAX_HOST_BYTES || address(host).is_some() {
        return None;
    }
    psl::domain_str(host)
}

/// The longest host name that the domain name system carries (RFC 1035 section 2.3.4).
const MAX_HOST_BYTES: usize = 255;

/// The pieces of a URL; each only where the URL has it.
#[derive(Debug, Default, PartialEq)]
struct Parts<'a> {
    scheme: Option<Cow<'a, str>>,
    host: Option<Cow<'a, str>>,
    port: Option<u16>,
    path: Option<Cow<'a, str>>,
    query: Option<Cow<'a, str>>,
}

impl Parts<'_> {
    /// Shannon entropy of path and query, in bits per byte; none when there is neither.
    fn entropy(&self) -> Option<f64> {
        let path = self.path.as_deref().unwrap_or_default();
        let query = self.query.as_deref().unwrap_or_default();
        let total = path.len() + query.len();
        if total == 0 {
            return None;
        }
        let mut counts = [0_u32; 256];
        for byte in path.bytes().chain(query.bytes()) {
            if let Some(count) = counts.get_mut(usize::from(byte)) {
                *count = count.saturating_add(1);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
        let total = total as f64;
        let bits = counts.iter().filter(|&&count| count > 0).map(|&count| {
            let share = f64::from(count) / total;
            -share * share.log2()
        });
        // A sum of nothing but `-0.0` would print as a negative number.
        Some(bits.sum::<f64>().max(0.0))
    }
}

fn set_host(event: &mut Event, host: &str) {
    event.set_text(Field::UrlHostname, host);
    if let Some(ip) = address(host) {
        if event.value(Field::DstIp).is_none() {
            event.set_text(Field::DstIp, &ip.to_string());
        }
        return;
    }
    if event.value(Field::DstHostname).is_none() {
        event.set_text(Field::DstHostname, host);
    }
    if let Some(domain) = registrable_domain(host) {
        event.set_text(Field::UrlDomain, domain);
        event.set_text(Field::DestinationDomain, domain);
    }
}

/// The address that `host` is, with or without the brackets of IPv6.
fn address(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    bare.parse().ok()
}

fn split(text: &str) -> Option<Parts<'_>> {
    let text = text.trim();
    if text.starts_with('/') && !text.starts_with("//") {
        return Some(path_and_query(text));
    }
    split_plain(text).or_else(|| split_odd(text))
}

/// Splits a URL without anything on which parsers disagree; nothing is copied but upper case.
fn split_plain(text: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
        Some(_) | None => (None, text),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end)?;
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (authority, None),
    };
    // Only `host:port`, or a name with a dot, is taken for a host when no scheme says so.
    let named = scheme.is_some() || port.is_some() || host.contains('.');
    if !named || !is_plain_host(host) || text.bytes().any(is_odd) {
        return None;
    }
    let mut parts = path_and_query(tail);
    parts.scheme = scheme.map(lower);
    parts.host = Some(lower(host));
    parts.port = port.or_else(|| default_port(parts.scheme.as_deref()?));
    Some(parts)
}

/// Splits as browsers do; without a scheme the text is read as if it were HTTP. What only looks like
/// a scheme tells no host, and what follows it is not told in other letters.
fn split_odd(text: &str) -> Option<Parts<'static>> {
    let looks_like_scheme = |before: &str| !before.is_ascii() && !before.contains(['/', '?', '#']);
    if text
        .split_once("://")
        .is_some_and(|(before, _)| looks_like_scheme(before))
    {
        return None;
    }
    let text = &*with_line_ends(text);
    let (url, scheme_given) = match Url::parse(text) {
        Ok(url) if url.has_host() || !looks_like_host_and_port(text) => (url, true),
        Ok(_) | Err(_) => {
            let rest = text.trim_start_matches('/');
            (Url::parse(&format!("http://{rest}")).ok()?, false)
        }
    };
    let scheme = scheme_given.then(|| Cow::Owned(url.scheme().to_owned()));
    // What is no host's name is not told in other letters: a secret in it could not be recognized.
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
    let host = url.host_str();
    let host = host.filter(|host| !host.is_empty() && host.bytes().all(named));
    Some(Parts {
        host: host.map(|host| Cow::Owned(host.to_ascii_lowercase())),
        port: match scheme {
            Some(_) => url
                .port_or_known_default()
                .or_else(|| default_port(url.scheme())),
            None => url.port(),
        },
        scheme,
        path: Some(url.path())
            .filter(|path| !path.is_empty())
            .map(|path| Cow::Owned(path.to_owned())),
        query: url.query().map(|query| Cow::Owned(query.to_owned())),
    })
}

/// The line ends of a query, which browsers drop, as escapes: without them the lines of a key run
/// together, and nobody can tell them.
fn with_line_ends(text: &str) -> Cow<'_, str> {
    match text.split_once('?') {
        Some((before, query)) if query.contains(['\n', '\r']) => {
            let query = query.replace('\n', "%0A").replace('\r', "%0D");
            Cow::Owned(format!("{before}?{query}"))
        }
        Some(_) | None => Cow::Borrowed(text),
    }
}

/// Whether what follows the first colon is a port, as in `localhost:8080/path`.
fn looks_like_host_and_port(text: &str) -> bool {
    text.split_once(':').is_some_and(|(_, rest)| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let after = rest.as_bytes().get(digits);
        (1..=5).contains(&digits) && matches!(after, None | Some(b'/' | b'?' | b'#'))
    })
}

fn path_and_query(tail: &str) -> Parts<'_> {
    let tail = tail.split_once('#').map_or(tail, |(before, _)| before);
    let (path, query) = match tail.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (tail, None),
    };
    Parts {
        path: (!path.is_empty()).then_some(Cow::Borrowed(path)),
        query: query.map(Cow::Borrowed),
        ..Parts::default()
    }
}

fn is_scheme(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Letters, digits, dots, hyphens and underscores, and no number where a top-level domain stands.
fn is_plain_host(host: &str) -> bool {
    let bytes_fit = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    let last = host.trim_end_matches('.').rsplit('.').next();
    let named = last.is_some_and(|label| {
        label
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic())
    });
    bytes_fit && (named && !host.ends_with("..") || host.parse::<Ipv4Addr>().is_ok())
}

/// Bytes that browsers drop or rewrite.
const fn is_odd(byte: u8) -> bool {
    byte <= b' ' || byte >= 0x7f || byte == b'\\'
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};
    use proptest::prelude::*;

    use super::*;

    fn event_of(url: &str) -> Event {
        let mut event = Event::new(Class::HttpActivity, 3, Timestamp::default());
        set_url(&mut event, url);
        event
    }

    /// Scheme, host, domain, port, path and query, as one line.
    fn shown(url: &str) -> String {
        let event = event_of(url);
        let text = |field| event.text(field).unwrap_or("-").to_owned();
        let port = event
            .int(Field::UrlPort)
            .map_or("-".to_owned(), |port| port.to_string());
        [
            text(Field::UrlScheme),
            text(Field::UrlHostname),
            text(Field::UrlDomain),
            port,
            text(Field::UrlPath),
            text(Field::UrlQuery),
        ]
        .join(" ")
    }

    #[test]
    fn urls_come_apart() {
        let cases = [
            (
                "https://API.Example.co.uk/a/b?x=1#f",
                "https api.example.co.uk example.co.uk 443 /a/b x=1",
            ),
            (
                "http://h.example.com",
                "http h.example.com example.com 80 - -",
            ),
            // Browsers drop line ends: so does the host, but no line of a query runs into the next.
            (
                "http://h.ex\nample.com/a?b\r\nc",
                "http h.example.com example.com 80 /a b%0D%0Ac",
            ),
            (
                "http://h.example.com?q",
                "http h.example.com example.com 80 - q",
            ),
            (
                "wss://bridge.example.com:8443/ws",
                "wss bridge.example.com example.com 8443 /ws -",
            ),
            (
                "api.example.com:443",
                "- api.example.com example.com 443 - -",
            ),
            ("localhost:8080/x", "- localhost - 8080 /x -"),
            ("example.com/path", "- example.com example.com - /path -"),
            ("/only/path?q=1", "- - - - /only/path q=1"),
            ("http://127.0.0.1:99/", "http 127.0.0.1 - 99 / -"),
            ("http://[::1]:8/x", "http [::1] - 8 /x -"),
            ("[2001:db8::1]:443", "- [2001:db8::1] - 443 / -"),
            ("mailto:ana@example.com", "mailto - - - ana@example.com -"),
            (
                "https://example.com.",
                "https example.com. example.com 443 - -",
            ),
            ("", "- - - - - -"),
            ("my\u{455}ql://ana:pw@db.example.com/x", "- - - - - -"),
        ];
        for (url, expected) in cases {
            assert_eq!(shown(url), expected, "{url}");
        }
    }

    #[test]
    fn an_odd_host_is_the_one_a_browser_would_ask() {
        let cases = [
            ("https://good.example.com@evil.test/x", "evil.test"),
            ("https:\\\\evil.test\\x", "evil.test"),
            ("http://evil.test\\@good.example.com/", "evil.test"),
            ("http:evil.test/", "evil.test"),
            ("http://0x7f.1/", "127.0.0.1"),
            ("http://2130706433/", "127.0.0.1"),
            ("http://b\u{fc}cher.example/", "xn--bcher-kva.example"),
            ("ht\ttp://evil.test/", "evil.test"),
        ];
        for (url, host) in cases {
            assert_eq!(event_of(url).text(Field::UrlHostname), Some(host), "{url}");
        }
    }

    #[test]
    fn the_destination_is_filled_once() {
        let event = event_of("https://files.example.com/a");
        assert_eq!(event.text(Field::DestinationDomain), Some("example.com"));
        assert_eq!(event.text(Field::DstHostname), Some("files.example.com"));
        assert_eq!(event.int(Field::DstPort), Some(443));
        let event = event_of("http://10.1.2.3/");
        assert_eq!(event.text(Field::DstIp), Some("10.1.2.3"));
        assert_eq!(event.text(Field::DstHostname), None);
        assert_eq!(event.text(Field::DestinationDomain), None);
    }

    #[test]
    fn entropy_tells_noise_from_words() {
        let entropy = |url| match event_of(url).value(Field::QueryEntropy) {
            Some(Value::Double(bits)) => *bits,
            other => panic!("no entropy for {url}: {other:?}"),
        };
        assert!(entropy("https://e.com/aaaa").abs() < 1.0);
        assert!(entropy("https://e.com/?d=Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5") > 4.0);
        assert!(entropy("https://e.com/").abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            event_of(&text);
        }

        #[test]
        fn the_quick_way_agrees_with_browsers(
            host in "[a-zA-Z0-9._-]{1,20}",
            port in proptest::option::of(0_u16..),
            tail in "(/[a-z0-9/._%-]{0,10})?(\\?[a-z=&]{0,8})?",
        ) {
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            let text = format!("https://{host}{port}{tail}");
            if let (Some(plain), Ok(url)) = (split_plain(&text), Url::parse(&text)) {
                prop_assert_eq!(plain.host.as_deref(), url.host_str());
                prop_assert_eq!(plain.port, url.port_or_known_default());
                prop_assert_eq!(plain.query.as_deref(), url.query());
            }
        }
    }
}
