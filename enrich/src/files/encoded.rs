//! Files inside JSON: base64 in content blocks and data URLs, and texts that a tool is to write.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;
use serde_json::value::RawValue;

use super::Content;

/// Files of one text that are looked at.
const MAX_FILES: usize = 32;
/// So often the word `base64` is looked at.
const MAX_WORDS: usize = 4_096;
/// Where the data stand before the word: so far back they are looked for, and so often.
const BACK_BYTES: usize = 2 << 20;
const MAX_BACK: usize = 4;
/// So far from the word `base64` the data and the media type of a content block stand.
const AROUND_BYTES: usize = 512;
/// Bytes of base64 of a file's beginning, and of its end, that are decoded; multiples of four.
const HEAD_BYTES: usize = 64 << 10;
const TAIL_BYTES: usize = 256 << 10;
/// Shorter ones are no files.
const MIN_BYTES: usize = 16;
/// Longer arguments are not read one by one.
const MAX_ARGUMENTS_BYTES: usize = 256 << 10;
/// Names under which tools that write files take the text.
const WRITTEN: [&str; 3] = ["content", "file_text", "new_string"];
/// Names under which they take the file.
const PATHS: [&str; 4] = ["file_path", "path", "filename", "file_name"];
/// Longer texts of a tool are looked at to here.
const MAX_WRITTEN_BYTES: usize = 4 << 10;

/// What senders write, with or without padding.
const CODING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Gives `take` each file that `text` holds in base64, with its media type.
pub(super) fn each(text: &str, mut take: impl FnMut(Option<&str>, Content<'_>)) {
    // Where the data of a file begin: each is read once, however many words lead to it.
    let mut starts = Vec::new();
    let (mut files, mut back) = (0, MAX_BACK);
    for at in memmem::find_iter(text.as_bytes(), b"base64").take(MAX_WORDS) {
        if files == MAX_FILES {
            return;
        }
        let found = match text.get(at..) {
            Some(rest) if rest.starts_with("base64,") => data_url(text, at),
            _ => block(text, at, &mut back),
        };
        let Some((media_type, start)) = found.filter(|(_, start)| !starts.contains(start)) else {
            continue;
        };
        starts.push(start);
        let data = coded(text.get(start..).unwrap_or_default());
        if data.len() < MIN_BYTES {
            continue;
        }
        files += 1;
        let head = decoded(data.get(..HEAD_BYTES.min(data.len())).unwrap_or_default());
        if data.len() <= HEAD_BYTES {
            take(media_type, Content::whole(&head));
            continue;
        }
        let from = data.len().saturating_sub(TAIL_BYTES).next_multiple_of(4);
        let tail = decoded(data.get(from..).unwrap_or_default());
        take(
            media_type,
            Content {
                head: &head,
                tail: &tail,
                is_whole: true,
            },
        );
    }
}

/// `data:image/png;base64,…`, of which the word stands at `at`: the media type, and where the data begin.
fn data_url(text: &str, at: usize) -> Option<(Option<&str>, usize)> {
    let before = text.get(..at)?.strip_suffix(';')?;
    let before = last(before, 128);
    let media_type = before.rsplit_once("data:").map(|(_, kind)| kind);
    Some((media_type, at + "base64,".len()))
}

/// `{"type": "base64", "media_type": "…", "data": "…"}`, of which the word stands at `at`: the members
/// in any order, as long as no other block is nearer.
fn block<'a>(text: &'a str, at: usize, back: &mut usize) -> Option<(Option<&'a str>, usize)> {
    let after = text.get(at..)?;
    let after = first(after, AROUND_BYTES);
    let data = after.find("\"data\"").map(|offset| at + offset);
    let data = data.or_else(|| {
        *back = back.checked_sub(1)?;
        let before = last(text.get(..at)?, BACK_BYTES);
        let found = before.rfind("\"data\"")?;
        Some(at - before.len() + found)
    })?;
    let rest = text.get(data + 6..)?.trim_start().strip_prefix(':')?;
    let rest = rest.trim_start().strip_prefix('"')?;
    let before = last(text.get(..at)?, AROUND_BYTES);
    let near = [after, before];
    let media_type = near
        .into_iter()
        .find_map(|near| member(near, "\"media_type\""));
    Some((media_type, text.len() - rest.len()))
}

fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = text.get(text.find(name)? + name.len()..)?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let value = rest.strip_prefix('"')?;
    value.get(..value.find('"')?)
}

/// The base64 that `text` begins with.
fn coded(text: &str) -> &str {
    let is_coded = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let end = text.bytes().position(|byte| !is_coded(byte));
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

/// As much of it as can be decoded.
fn decoded(coded: &str) -> Vec<u8> {
    let whole = coded.trim_end_matches('=');
    let usable = match whole.len() % 4 {
        1 => whole.len() - 1,
        _ => whole.len(),
    };
    let usable = whole.get(..usable).unwrap_or_default();
    CODING.decode(usable).unwrap_or_default()
}

fn first(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or(text)
}

fn last(text: &str, bytes: usize) -> &str {
    let from = text.ceil_char_boundary(text.len().saturating_sub(bytes));
    text.get(from..).unwrap_or_default()
}

/// Gives `take` the texts that the arguments of a tool have it write, with the file's name.
pub(super) fn written(arguments: &str, mut take: impl FnMut(Option<&str>, &[u8])) {
    // Reading JSON costs more than all else here: look first whether there is such a name at all.
    let mut names = WRITTEN.iter().chain(&PATHS);
    let has = |name: &str| memmem::find(arguments.as_bytes(), name.as_bytes()).is_some();
    if arguments.len() > MAX_ARGUMENTS_BYTES || !names.any(|name| has(name)) {
        return;
    }
    let members: Result<BTreeMap<Cow<'_, str>, &RawValue>, _> = serde_json::from_str(arguments);
    let Ok(members) = members else {
        return;
    };
    let text = |name: &str| -> Option<String> {
        let raw = members.get(name)?;
        serde_json::from_str(raw.get()).ok()
    };
    let path = PATHS.iter().find_map(|name| text(name));
    if let Some(path) = &path {
        take(Some(path), &[]);
    }
    for written in WRITTEN.iter().filter_map(|name| text(name)) {
        take(
            path.as_deref(),
            first(&written, MAX_WRITTEN_BYTES).as_bytes(),
        );
    }
}
