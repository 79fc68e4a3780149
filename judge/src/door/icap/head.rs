//! Reads the head of an ICAP request (RFC 3507 section 4.3).

use axum::http::HeaderMap;

use super::encapsulated::Encapsulated;
use super::refusal::Refusal;
use crate::door::authz::asked::one;
use crate::door::halves::Half;
use crate::door::headers::plain;

/// The head of a request.
#[derive(Debug)]
pub(super) struct Head {
    /// What is asked, of which service.
    pub(super) asked: Asked,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Whether the connection ends with it.
    pub(super) closes: bool,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// What the service can.
    Options(Half),
    /// What becomes of a message.
    Modify(Modify),
}

/// A message that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Modify {
    /// Which half of an exchange it is.
    pub(super) half: Half,
    /// Its parts.
    pub(super) parts: Encapsulated,
    /// Whether the first bytes of its body come alone, and the client waits for what is said to them.
    pub(super) has_preview: bool,
    /// Whether "as it is" may be said at any time.
    pub(super) allows_204: bool,
}

/// What a head may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadLimits {
    pub(super) max_bytes: usize,
    pub(super) max_headers: usize,
}

impl Head {
    /// Reads a head that has come whole, its empty line included.
    pub(super) fn read(bytes: &[u8], limits: HeadLimits) -> Result<Self, Refusal> {
        let end = bytes.windows(2).position(|pair| pair == b"\r\n");
        let (line, rest) = end
            .and_then(|end| bytes.split_at_checked(end + 2))
            .ok_or(Refusal::Bad("the request has no first line"))?;
        let line = std::str::from_utf8(line).map_err(|_| FIRST_LINE)?;
        let mut words = line.trim_end().split(' ');
        let (Some(method), Some(uri), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(FIRST_LINE);
        };
        if version != "ICAP/1.0" {
            return Err(Refusal::Version);
        }
        let headers = headers(rest, limits.max_headers)?;
        let asked = asked(method, service(uri)?, (&headers, limits))?;
        let closes = listed(&headers, "connection", "close")?;
        Ok(Self {
            asked,
            headers,
            closes,
        })
    }
}

const FIRST_LINE: Refusal = Refusal::Bad("the first line is no ICAP request");

fn headers(bytes: &[u8], max_headers: usize) -> Result<HeaderMap, Refusal> {
    let mut parsed = vec![httparse::EMPTY_HEADER; max_headers];
    match httparse::parse_headers(bytes, &mut parsed) {
        Ok(httparse::Status::Complete((len, headers))) if len == bytes.len() => {
            let headers = headers.iter();
            Ok(plain(headers.map(|header| (header.name, header.value))))
        }
        Ok(_) => Err(Refusal::Bad("the headers have no end")),
        Err(httparse::Error::TooManyHeaders) => Err(Refusal::Bad("there are too many headers")),
        Err(_) => Err(Refusal::Bad("a header cannot be read")),
    }
}

/// The service that an address names; what follows a question mark says nothing.
fn service(uri: &str) -> Result<Half, Refusal> {
    let rest = uri.split_once("://").map_or(uri, |(scheme, rest)| {
        let is_known = ["icap", "icaps"]
            .iter()
            .any(|one| scheme.eq_ignore_ascii_case(one));
        if is_known { rest } else { "" }
    });
    let path = rest.find('/').and_then(|start| rest.get(start..));
    let path = path.unwrap_or_default().split('?').next();
    match path.unwrap_or_default().trim_matches('/') {
        "reqmod" => Ok(Half::Request),
        "respmod" => Ok(Half::Response),
        _ => Err(Refusal::Unknown),
    }
}

fn asked(
    method: &str,
    service: Half,
    (headers, limits): (&HeaderMap, HeadLimits),
) -> Result<Asked, Refusal> {
    let half = match method {
        "OPTIONS" => return options(service, headers),
        "REQMOD" => Half::Request,
        "RESPMOD" => Half::Response,
        _ => return Err(Refusal::NoMethod),
    };
    if half != service {
        return Err(Refusal::Method);
    }
    let parts = single(headers, "encapsulated")?;
    let parts = parts.ok_or(Refusal::Bad("header `Encapsulated` is missing"))?;
    let preview = single(headers, "preview")?;
    if preview
        .as_ref()
        .is_some_and(|text| text.trim().parse::<u32>().is_err())
    {
        return Err(Refusal::Bad("header `Preview` is no number"));
    }
    Ok(Asked::Modify(Modify {
        half,
        // A request's head and a response's.
        parts: Encapsulated::read(&parts, half, 2 * limits.max_bytes)?,
        has_preview: preview.is_some(),
        allows_204: listed(headers, "allow", "204")?,
    }))
}

/// A question what the service can has no body.
fn options(service: Half, headers: &HeaderMap) -> Result<Asked, Refusal> {
    let parts = single(headers, "encapsulated")?;
    if parts.is_some_and(|parts| parts.trim() != "null-body=0") {
        return Err(Refusal::Bad("OPTIONS takes no body"));
    }
    Ok(Asked::Options(service))
}

fn single(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, Refusal> {
    one(headers, name).map_err(|_| Refusal::Bad("a header is there twice or no text"))
}

/// Whether a list of words in a header has the word.
fn listed(headers: &HeaderMap, name: &'static str, word: &str) -> Result<bool, Refusal> {
    for value in headers.get_all(name) {
        let value = value.to_str();
        let value = value.map_err(|_| Refusal::Bad("a header is no text"))?;
        if value
            .split(',')
            .any(|one| one.trim().eq_ignore_ascii_case(word))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits {
        max_bytes: 1000,
        max_headers: 8,
    };

    fn read(text: &str) -> Result<Head, Refusal> {
        Head::read(text.replace('\n', "\r\n").as_bytes(), LIMITS)
    }

    #[test]
    fn each_service_takes_its_method() {
        for uri in [
            "icap://h:1344/reqmod",
            "icaps://h/reqmod/?a=b",
            "/reqmod",
            "ICAP://[::1]/reqmod",
        ] {
            let head = read(&format!("OPTIONS {uri} ICAP/1.0\nHost: h\n\n")).unwrap();
            assert_eq!(head.asked, Asked::Options(Half::Request), "{uri}");
        }
        let head = "RESPMOD icap://h/respmod ICAP/1.0\nHost: h\nAllow: 206, 204\nPreview: 0\nConnection: close\nEncapsulated: res-hdr=0, res-body=9\n\n";
        let head = read(head).unwrap();
        let Asked::Modify(modify) = head.asked else {
            panic!("no message");
        };
        assert!(head.closes && modify.has_preview && modify.allows_204);
        assert_eq!(modify.half, Half::Response);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let with = |more: &str| format!("REQMOD icap://h/reqmod ICAP/1.0\nHost: h\n{more}\n");
        let many: String = (0..9).map(|number| format!("a{number}: b\n")).collect();
        for (text, status) in [
            ("\n".to_owned(), 400),
            ("GET / HTTP/1.1\n\n".to_owned(), 505),
            ("REQMOD  icap://h/reqmod ICAP/1.0\n\n".to_owned(), 400),
            ("REQMOD icap://h/reqmod ICAP/1.1\n\n".to_owned(), 505),
            ("LOGMOD icap://h/reqmod ICAP/1.0\n\n".to_owned(), 501),
            ("REQMOD icap://h/respmod ICAP/1.0\n\n".to_owned(), 405),
            ("OPTIONS icap://h/ ICAP/1.0\n\n".to_owned(), 404),
            ("OPTIONS icap://h ICAP/1.0\n\n".to_owned(), 404),
            ("OPTIONS http://h/reqmod ICAP/1.0\n\n".to_owned(), 404),
            (
                "OPTIONS /reqmod ICAP/1.0\nEncapsulated: opt-body=0\n\n".to_owned(),
                400,
            ),
            (with(""), 400),
            (
                with(
                    "Encapsulated: req-hdr=0, null-body=3\nEncapsulated: req-hdr=0, null-body=3\n",
                ),
                400,
            ),
            (
                with("Encapsulated: req-hdr=0, null-body=3\nPreview: x\n"),
                400,
            ),
            (
                with("Encapsulated: req-hdr=0, null-body=3\nPreview: -1\n"),
                400,
            ),
            (with("Encapsulated: req-hdr=0, null-body=3000\n"), 400),
            (with("no header\n"), 400),
            (with(&many), 400),
        ] {
            let refusal = read(&text).unwrap_err();
            assert_eq!(refusal.status().0, status, "{text}: {refusal}");
        }
    }
}
