//! Writes and reads the pieces of which encodings are made.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub(super) const HTML: &[(&str, &str)] = &[
    ("\"", "&quot;"),
    ("_", "&lowbar;"),
    (":", "&colon;"),
    ("/", "&sol;"),
    ("=", "&equals;"),
    (".", "&period;"),
    ("-", "&dash;"),
    ("{", "&lbrace;"),
    ("@", "&commat;"),
];
pub(super) const LOOK_ALIKES: &[(char, char)] = &[
    ('a', 'а'),
    ('e', 'е'),
    ('o', 'ο'),
    ('p', 'р'),
    ('c', 'с'),
    ('A', 'Α'),
    ('K', 'Κ'),
    ('s', 'ѕ'),
    ('x', 'х'),
    ('g', 'ɡ'),
    ('h', 'һ'),
];

pub(super) fn each_byte(text: &str, keep: fn(u8) -> bool, write: fn(u8) -> String) -> String {
    text.bytes()
        .map(|byte| {
            if keep(byte) {
                char::from(byte).to_string()
            } else {
                write(byte)
            }
        })
        .collect()
}

/// `text` with each `before`, `digits` hex digits, `after` read as a byte or UTF-16 unit.
pub(super) fn each_escape(text: &str, before: &str, digits: usize, after: &str) -> String {
    let mut out = Vec::new();
    let mut units = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let number = rest
            .strip_prefix(before)
            .and_then(|digit| digit.get(..digits))
            .and_then(|number| u16::from_str_radix(number, 16).ok());
        match number {
            Some(number) if digits == 4 => units.push(number),
            _ => {
                out.extend(String::from_utf16_lossy(&units).into_bytes());
                units.clear();
                match number {
                    Some(number) => out.push(u8::try_from(number).unwrap()),
                    None => out.extend(first.to_string().into_bytes()),
                }
            }
        }
        let len = if number.is_some() {
            before.len() + digits + after.len()
        } else {
            first.len_utf8()
        };
        rest = rest.get(len..).unwrap();
    }
    out.extend(String::from_utf16_lossy(&units).into_bytes());
    String::from_utf8_lossy(&out).into_owned()
}

/// `text` with every run of `wanted` characters replaced by what `read` makes of it.
pub(super) fn each_run(
    text: &str,
    wanted: fn(char) -> bool,
    read: impl Fn(&str) -> String,
) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in text.chars().map(Some).chain([None]) {
        match c {
            Some(c) if wanted(c) => run.push(c),
            other => {
                out.push_str(&read(&run));
                run.clear();
                out.extend(other);
            }
        }
    }
    out
}

pub(super) fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/-_=".contains(c)
}

/// The bytes that a run of base64 writes, wherever in the run it begins.
pub(super) fn bytes(run: &str) -> Vec<u8> {
    let run = run
        .replace('-', "+")
        .replace('_', "/")
        .replace(['=', '\n'], "");
    let whole = run
        .get(..run.len() - usize::from(run.len() % 4 == 1))
        .unwrap();
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(whole)
        .unwrap_or_else(|_| {
            STANDARD
                .decode(whole.get(..whole.len() / 4 * 4).unwrap())
                .unwrap_or_default()
        })
}

pub(super) fn base64(run: &str) -> String {
    String::from_utf8_lossy(&bytes(run)).into_owned()
}

pub(super) fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<_> = bytes
        .chunks_exact(2)
        .map(|pair| unit(pair.try_into().unwrap()))
        .collect();
    String::from_utf16_lossy(&units)
}

pub(super) fn all(mut decoder: impl Read) -> String {
    let mut out = Vec::new();
    let _ = decoder.read_to_end(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}
