//! Reads the header `Encapsulated`: which parts of an HTTP message follow, and where each begins
//! (RFC 3507 section 4.4.1).

use super::refusal::Refusal;
use crate::door::halves::Half;

/// What follows a request's own headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Encapsulated {
    /// Where the head of the HTTP response begins, if there is one; that of the request is first.
    response: Option<usize>,
    /// Whether there is a head of an HTTP request.
    has_request: bool,
    /// Bytes of all heads.
    pub(super) heads_len: usize,
    /// Whether a body follows.
    pub(super) has_body: bool,
}

const WRONG: Refusal = Refusal::Bad("header `Encapsulated` does not fit the method");

impl Encapsulated {
    /// Reads the value for one half of an exchange, whose heads may have `max_bytes`.
    pub(super) fn read(value: &str, half: Half, max_bytes: usize) -> Result<Self, Refusal> {
        let mut parts = value.split(',').map(part);
        let mut next = || parts.next().transpose();
        let mut one = next()?.ok_or(WRONG)?;
        let has_request = one.0 == "req-hdr";
        if has_request {
            starts_at(one.1, 0)?;
            one = next()?.ok_or(WRONG)?;
        }
        let mut response = None;
        if half == Half::Response && one.0 == "res-hdr" {
            starts_at(one.1, if has_request { one.1.max(1) } else { 0 })?;
            response = Some(one.1);
            one = next()?.ok_or(WRONG)?;
        }
        let body = match half {
            Half::Request => "req-body",
            Half::Response => "res-body",
        };
        let (name, heads_len) = one;
        let has_subject = match half {
            Half::Request => has_request,
            Half::Response => response.is_some(),
        };
        let follows = heads_len > response.unwrap_or(0);
        if !has_subject || !follows || next()?.is_some() || ![body, "null-body"].contains(&name) {
            return Err(WRONG);
        }
        if heads_len > max_bytes {
            return Err(Refusal::Bad("the encapsulated heads are too large"));
        }
        Ok(Self {
            response,
            has_request,
            heads_len,
            has_body: name == body,
        })
    }

    /// The heads of request and response among the bytes of both.
    pub(super) fn split(self, heads: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
        let start = self.response.unwrap_or(heads.len());
        let request = heads.get(..start).filter(|_| self.has_request);
        let response = self.response.and_then(|start| heads.get(start..));
        (request, response)
    }
}

/// Name and offset of one part.
fn part(text: &str) -> Result<(&str, usize), Refusal> {
    let (name, offset) = text.trim().split_once('=').ok_or(WRONG)?;
    let is_number = !offset.is_empty() && offset.bytes().all(|byte| byte.is_ascii_digit());
    let offset = offset.parse().ok().filter(|_| is_number);
    Ok((name.trim(), offset.ok_or(WRONG)?))
}

fn starts_at(offset: usize, expected: usize) -> Result<(), Refusal> {
    if offset == expected {
        Ok(())
    } else {
        Err(WRONG)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_each_method_are_told_apart() {
        let read = Encapsulated::read("req-hdr=0, req-body=4", Half::Request, 99).unwrap();
        assert!(read.has_body);
        assert_eq!(read.split(b"abcd"), (Some(&b"abcd"[..]), None));
        let read = Encapsulated::read("req-hdr=0,res-hdr=2,null-body=4", Half::Response, 99);
        let read = read.unwrap();
        assert!(!read.has_body);
        assert_eq!(read.split(b"abcd"), (Some(&b"ab"[..]), Some(&b"cd"[..])));
        let read = Encapsulated::read("res-hdr=0, res-body=4", Half::Response, 99).unwrap();
        assert_eq!(read.split(b"abcd"), (None, Some(&b"abcd"[..])));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (value, half) in [
            ("", Half::Request),
            ("req-hdr=0", Half::Request),
            ("null-body=0", Half::Request),
            ("req-body=0", Half::Request),
            ("req-hdr=0, null-body=0", Half::Request),
            ("req-hdr=1, null-body=9", Half::Request),
            ("req-hdr=0, res-body=9", Half::Request),
            ("req-hdr=0, res-hdr=3, req-body=9", Half::Request),
            ("req-hdr=0, req-body=9, null-body=10", Half::Request),
            ("req-hdr=0, req-body=+9", Half::Request),
            ("req-hdr=0, req-body=-1", Half::Request),
            ("req-hdr=0, req-body=99999999999999999999999", Half::Request),
            ("req-hdr=0; req-body=9", Half::Request),
            ("req-hdr=0, req-body=100", Half::Request),
            ("req-hdr=0, res-body=9", Half::Response),
            ("req-hdr=0, res-hdr=0, res-body=9", Half::Response),
            ("req-hdr=0, res-hdr=9, res-body=9", Half::Response),
            ("req-hdr=0, res-hdr=9, res-body=8", Half::Response),
            ("res-hdr=1, res-body=9", Half::Response),
            ("res-hdr=0, req-hdr=4, res-body=9", Half::Response),
        ] {
            assert!(Encapsulated::read(value, half, 99).is_err(), "{value}");
        }
    }
}
