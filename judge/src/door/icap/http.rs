//! Reads and changes the heads of HTTP messages that ICAP shows. A head goes on byte by byte as it came,
//! but for the headers that a changed body makes wrong.

use axum::http::HeaderMap;
use bytes::Bytes;

use crate::door::authz::asked::{Asked, Place, one};
use crate::door::fault::Fault;
use crate::door::headers::plain;

/// Headers that tell of the body as it was.
const OF_THE_BODY: [&str; 7] = [
    "content-length",
    "transfer-encoding",
    "content-md5",
    "digest",
    "content-digest",
    "repr-digest",
    "etag",
];

/// The first line and the headers of a request.
#[derive(Debug)]
struct Parsed {
    method: String,
    target: String,
    headers: HeaderMap,
}

fn parsed(head: &[u8], max_headers: usize) -> Result<Parsed, Fault> {
    let mut headers = vec![httparse::EMPTY_HEADER; max_headers];
    let mut parsed = httparse::Request::new(&mut headers);
    check(parsed.parse(head), head.len())?;
    Ok(Parsed {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers: map(parsed.headers),
    })
}

/// The judged request, of the head that a proxy shows.
pub(super) fn request(head: &[u8], max_headers: usize) -> Result<Asked, Fault> {
    let mut parsed = parsed(head, max_headers)?;
    let host = one(&parsed.headers, "host")?;
    let (method, target) = (parsed.method.as_str(), parsed.target.as_str());
    let place = match target.split_once("://") {
        // The proxy goes to where the target says, and its scheme is the one.
        Some((scheme, rest)) if !target.starts_with('/') => {
            parsed.headers.remove("x-forwarded-proto");
            let start = rest.find(['/', '?']).unwrap_or(rest.len());
            let (host, path) = rest.split_at_checked(start).unwrap_or((rest, ""));
            Place {
                method,
                scheme: Some(scheme),
                host,
                path,
            }
        }
        Some(_) | None if method == "CONNECT" => Place {
            method,
            scheme: Some("https"),
            host: target,
            path: "",
        },
        Some(_) | None => Place {
            method,
            scheme: None,
            host: host.as_deref().unwrap_or_default(),
            path: if target == "*" { "" } else { target },
        },
    };
    Asked::at(place, &parsed.headers)
}

/// The headers of a request.
pub(super) fn request_headers(head: &[u8], max_headers: usize) -> Result<HeaderMap, Fault> {
    Ok(parsed(head, max_headers)?.headers)
}

/// Status and headers of a response.
pub(super) fn response(head: &[u8], max_headers: usize) -> Result<(u16, HeaderMap), Fault> {
    let mut headers = vec![httparse::EMPTY_HEADER; max_headers];
    let mut parsed = httparse::Response::new(&mut headers);
    let mut config = httparse::ParserConfig::default();
    // Old servers write such headers, and browsers read them.
    config.allow_obsolete_multiline_headers_in_responses(true);
    config.allow_spaces_after_header_name_in_responses(true);
    check(config.parse_response(&mut parsed, head), head.len())?;
    Ok((parsed.code.unwrap_or_default(), map(parsed.headers)))
}

fn check(
    parsed: Result<httparse::Status<usize>, httparse::Error>,
    len: usize,
) -> Result<(), Fault> {
    match parsed {
        Ok(httparse::Status::Complete(end)) if end == len => Ok(()),
        Ok(_) => Err(malformed("a head of the judged message is not whole")),
        Err(httparse::Error::TooManyHeaders) => {
            Err(malformed("the judged message has too many headers"))
        }
        Err(_) => Err(malformed("a head of the judged message cannot be read")),
    }
}

fn map(headers: &[httparse::Header<'_>]) -> HeaderMap {
    plain(headers.iter().map(|header| (header.name, header.value)))
}

fn malformed(what: &str) -> Fault {
    Fault::Malformed(what.to_owned())
}

/// The head of a message whose body is another one now, of `length` bytes if that is known.
pub(super) fn changed(head: &[u8], length: Option<usize>) -> Bytes {
    let mut kept = Vec::with_capacity(head.len() + 32);
    let mut is_dropped = false;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        let is_continued = line.starts_with(b" ") || line.starts_with(b"\t");
        if !is_continued {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            let name = name.trim_ascii();
            is_dropped = OF_THE_BODY
                .iter()
                .any(|one| name.eq_ignore_ascii_case(one.as_bytes()));
        }
        if line.trim_ascii().is_empty() && !is_continued {
            break;
        }
        if !is_dropped {
            kept.extend_from_slice(line);
        }
    }
    if let Some(length) = length {
        kept.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
    }
    kept.extend_from_slice(b"\r\n");
    kept.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(head: &str) -> Result<String, String> {
        let asked = request(head.replace('\n', "\r\n").as_bytes(), 8);
        asked
            .map(|asked| asked.url().to_owned())
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn every_form_of_a_target_tells_where_it_goes() {
        for (head, expected) in [
            (
                "GET http://a.example/x?y HTTP/1.1\nHost: b.example\n\n",
                "http://a.example/x?y",
            ),
            (
                "GET https://a.example:8443?y HTTP/1.1\nX-Forwarded-Proto: http\n\n",
                "https://a.example:8443?y",
            ),
            (
                "GET /x?u=http://c.example/ HTTP/1.1\nHost: a.example\n\n",
                "https://a.example/x?u=http://c.example/",
            ),
            (
                "CONNECT a.example:443 HTTP/1.1\nHost: b.example\n\n",
                "https://a.example:443",
            ),
            (
                "OPTIONS * HTTP/1.1\nHost: a.example\n\n",
                "https://a.example",
            ),
        ] {
            assert_eq!(url(head).as_deref(), Ok(expected), "{head}");
        }
    }

    #[test]
    fn what_does_not_tell_is_refused() {
        for head in [
            "GET /x HTTP/1.1\n\n",
            "GET /x HTTP/1.1\nHost: a\nHost: b\n\n",
            "GET http://ok.example@evil.example/ HTTP/1.1\n\n",
            "GET ftp://a.example/ HTTP/1.1\n\n",
            "GET http:///x HTTP/1.1\n\n",
            "GET /x HTTP/1.1\nHost: a\n\nGET /y HTTP/1.1\n\n",
            "GET /x HTTP/1.1\nHost: a\n",
            "nonsense\n\n",
            "\n\n",
            "GET /x HTTP/1.1\na:1\nb:1\nc:1\nd:1\ne:1\nf:1\ng:1\nh:1\nHost: a\n\n",
        ] {
            assert!(url(head).is_err(), "{head}");
        }
        assert!(response(b"HTTP/1.1 OK\r\n\r\n", 8).is_err());
        assert!(response(b"GET / HTTP/1.1\r\n\r\n", 8).is_err());
    }

    #[test]
    fn a_response_keeps_what_old_servers_write() {
        let head = b"HTTP/1.0 200\r\nX-A : 1\r\nX-B: 1\r\n 2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nX-C: \xfc\r\n\r\n";
        let (status, headers) = response(head, 8).unwrap();
        assert_eq!(status, 200);
        assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
    }

    #[test]
    fn only_what_the_body_makes_wrong_is_changed() {
        let head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\ncontent-LENGTH: 9\r\nDigest: x\r\n y\r\nX-C: \xfc\r\nSet-Cookie: b=2\r\nTransfer-Encoding : chunked\r\n\r\n";
        let expected = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-C: \xfc\r\nSet-Cookie: b=2\r\n";
        assert_eq!(changed(head, None), [&expected[..], b"\r\n"].concat());
        let with = [&expected[..], b"Content-Length: 5\r\n\r\n"].concat();
        assert_eq!(changed(head, Some(5)), with);
    }
}
