//! The parts of a multipart body (RFC 2046, RFC 7578): their names, types and bytes.

use memchr::memmem;

use super::{Content, Named, Seen};

/// Parts of one body that are looked at.
const MAX_PARTS: usize = 64;
/// Longer headers of a part are none.
const MAX_HEAD_BYTES: usize = 8 << 10;
/// RFC 2046 section 5.1.1.
const MAX_BOUNDARY_BYTES: usize = 70;

/// One part.
pub(super) struct Part<'a> {
    name: Option<String>,
    media_type: Option<String>,
    body: &'a [u8],
    is_whole: bool,
}

impl Part<'_> {
    /// As a file.
    pub(super) fn seen(&self) -> Seen<'_> {
        Seen {
            name: self.name.as_deref(),
            media_type: self.media_type.as_deref(),
            content: if self.is_whole {
                Content::whole(self.body)
            } else {
                Content::beginning(self.body)
            },
        }
    }

    /// As a message names it, where it is a file.
    pub(super) fn named(&self) -> Option<Named> {
        let name = self.name.clone().filter(|name| !name.is_empty())?;
        Some(Named {
            name,
            media_type: self.media_type.clone(),
            size: self.is_whole.then_some(self.body.len() as u64),
        })
    }
}

/// The boundary that a media type names, where it is a multipart one.
pub(super) fn boundary(media_type: &str) -> Option<String> {
    let (kind, rest) = media_type.split_once(';')?;
    let kind = kind.trim().as_bytes();
    if !kind
        .get(..10)
        .is_some_and(|one| one.eq_ignore_ascii_case(b"multipart/"))
    {
        return None;
    }
    let boundary = parameter(rest, "boundary")?;
    let fits = (1..=MAX_BOUNDARY_BYTES).contains(&boundary.len());
    fits.then_some(boundary)
}

/// The parts of `body`. The last one of a body that was cut is a beginning.
pub(super) fn parts<'a>(body: &'a [u8], boundary: &str, is_whole: bool) -> Vec<Part<'a>> {
    let line = format!("--{boundary}");
    let mut starts = memmem::find_iter(body, line.as_bytes()).filter(|at| {
        let before = at.checked_sub(1).and_then(|before| body.get(before));
        before.is_none_or(|byte| *byte == b'\n')
    });
    let mut parts = Vec::new();
    let Some(mut start) = starts.next() else {
        return parts;
    };
    while parts.len() < MAX_PARTS {
        let from = start + line.len();
        let next = starts.next();
        let piece = body
            .get(from..next.unwrap_or(body.len()))
            .unwrap_or_default();
        if piece.starts_with(b"--") {
            break;
        }
        parts.extend(part(piece, next.is_some() || is_whole));
        match next {
            Some(next) => start = next,
            None => break,
        }
    }
    parts
}

fn part(piece: &[u8], is_whole: bool) -> Option<Part<'_>> {
    let head = piece.get(..MAX_HEAD_BYTES.min(piece.len()))?;
    let (end, gap) = match (memmem::find(head, b"\r\n\r\n"), memmem::find(head, b"\n\n")) {
        (Some(at), None) => (at, 4),
        (Some(at), Some(other)) if at < other => (at, 4),
        (_, Some(at)) => (at, 2),
        (None, None) => return None,
    };
    let text = String::from_utf8_lossy(head.get(..end)?);
    let (mut name, mut media_type) = (None, None);
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        match key.trim().to_ascii_lowercase().as_str() {
            "content-disposition" => {
                name = extended(value).or_else(|| parameter(value, "filename"));
            }
            "content-type" => media_type = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let body = piece.get(end + gap..)?;
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    Some(Part {
        name,
        media_type,
        body: body.strip_suffix(b"\r").unwrap_or(body),
        is_whole,
    })
}

/// A parameter of a header, quoted or not.
fn parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let (key, value) = rest.split_once('=')?;
        let key = key.rsplit(';').next().unwrap_or_default().trim();
        let (value, after) = match value.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => {
                let end = value.find(';').unwrap_or(value.len());
                let (value, after) = value.split_at_checked(end)?;
                (value.trim().to_owned(), after)
            }
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
}

/// The text up to its closing quote, and what follows.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, text.get(at + 1..).unwrap_or_default()),
            // Browsers send the backslashes of a path as they are.
            '\\' => match characters.next() {
                Some((_, next @ ('"' | '\\'))) => value.push(next),
                Some((_, next)) => value.extend(['\\', next]),
                None => value.push('\\'),
            },
            other => value.push(other),
        }
    }
    (value, "")
}

/// `filename*=UTF-8''…` (RFC 8187), which counts before `filename`.
fn extended(text: &str) -> Option<String> {
    let value = parameter(text, "filename*")?;
    let encoded = value.splitn(3, '\'').nth(2)?;
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = (*first == b'%').then(|| after.get(..2)).flatten();
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_read_as_they_are_written() {
        for (media_type, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            (
                "Multipart/Mixed; charset=x; boundary=\"a b;c\"",
                Some("a b;c"),
            ),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("text/plain; boundary=abc", None),
        ] {
            assert_eq!(boundary(media_type).as_deref(), expected, "{media_type}");
        }
    }

    #[test]
    fn parts_have_names_types_and_bytes() {
        let body = b"preamble\r\n--b\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nhello\r\n--b\r\ncontent-disposition: form-data; name=\"f\"; filename=\"C:\\tmp\\a \\\"b\\\".exe\"\r\nContent-Type: image/png\r\n\r\n\x7fELF--b is no end\r\n--b\nContent-Disposition: form-data; filename=x; filename*=UTF-8''na%C3%AFve%2Epdf\n\nz\n--b--\r\nepilogue";
        let parts = parts(body, "b", true);
        let told: Vec<_> = parts
            .iter()
            .map(|part| (part.name.as_deref(), part.media_type.as_deref(), part.body))
            .collect();
        let expected: [(Option<&str>, Option<&str>, &[u8]); 3] = [
            (None, None, b"hello"),
            (
                Some("C:\\tmp\\a \"b\".exe"),
                Some("image/png"),
                b"\x7fELF--b is no end",
            ),
            (Some("na\u{ef}ve.pdf"), None, b"z"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_body_that_was_cut_ends_in_a_beginning() {
        let body = b"--b\r\nContent-Disposition: form-data; filename=a\r\n\r\nPK\x03\x04";
        let cut = parts(body, "b", false);
        assert!(!cut[0].is_whole && cut[0].named().unwrap().size.is_none());
        for end in 0..body.len() {
            parts(&body[..end], "b", true);
        }
        let many = b"--b\r\n\r\nx\r\n".repeat(1_000);
        assert_eq!(parts(&many, "b", true).len(), MAX_PARTS);
    }
}
