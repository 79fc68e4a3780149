//! Secrets in every encoding, in every pair of them, and in stacks, wherever they can stand.
//!
//! The encoders here, and what undoes them, are written apart from the decoders under test.

use std::fmt::Write as _;
use std::io::{Read, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

use super::super::*;

/// A way to write a text, and to read it again wherever it stands in another one.
struct Encoding {
    name: &'static str,
    encode: fn(&str) -> String,
    undo: fn(&str) -> String,
}

const ENCODINGS: &[Encoding] = &[
    Encoding {
        name: "percent",
        encode: |text| {
            each_byte(
                text,
                |byte| byte.is_ascii_alphanumeric(),
                |byte| format!("%{byte:02X}"),
            )
        },
        undo: |text| each_escape(text, "%", 2, ""),
    },
    Encoding {
        name: "percent, all of it",
        encode: |text| each_byte(text, |_| false, |byte| format!("%{byte:02x}")),
        undo: |text| each_escape(text, "%", 2, ""),
    },
    Encoding {
        name: "base64",
        encode: |text| STANDARD.encode(text),
        undo: |text| each_run(text, is_base64, base64),
    },
    Encoding {
        name: "base64url",
        encode: |text| URL_SAFE_NO_PAD.encode(text),
        undo: |text| each_run(text, is_base64, base64),
    },
    Encoding {
        name: "base64 in lines",
        encode: |text| {
            let lines = STANDARD.encode(text).into_bytes();
            let lines: Vec<_> = lines.chunks(64).map(String::from_utf8_lossy).collect();
            lines.join("\n")
        },
        undo: |text| each_run(text, |c| is_base64(c) || c == '\n', base64),
    },
    Encoding {
        name: "hex",
        encode: |text| each_byte(text, |_| false, |byte| format!("{byte:02x}")),
        undo: |text| {
            each_run(
                text,
                |c| c.is_ascii_hexdigit(),
                |run| each_escape(run, "", 2, ""),
            )
        },
    },
    Encoding {
        name: "hex in capitals",
        encode: |text| each_byte(text, |_| false, |byte| format!("{byte:02X}")),
        undo: |text| {
            each_run(
                text,
                |c| c.is_ascii_hexdigit(),
                |run| each_escape(run, "", 2, ""),
            )
        },
    },
    Encoding {
        name: "json",
        encode: |text| {
            text.encode_utf16().fold(String::new(), |mut out, unit| {
                write!(out, "\\u{unit:04x}").unwrap();
                out
            })
        },
        undo: |text| each_escape(text, "\\u", 4, ""),
    },
    Encoding {
        name: "javascript",
        encode: |text| each_byte(text, |_| false, |byte| format!("\\x{byte:02x}")),
        undo: |text| each_escape(text, "\\x", 2, ""),
    },
    Encoding {
        name: "html decimal",
        encode: |text| {
            text.chars()
                .map(|c| format!("&#{};", u32::from(c)))
                .collect()
        },
        undo: |text| {
            let numbers = each_run(
                text,
                |c| c.is_ascii_digit() || "&#;".contains(c),
                |run| {
                    let number = |part: &str| {
                        part.strip_prefix("&#")
                            .and_then(|digits| digits.parse().ok())
                    };
                    let parts = run.split(';').map(number);
                    parts
                        .map(|number| number.and_then(char::from_u32).unwrap_or(' '))
                        .collect()
                },
            );
            numbers
        },
    },
    Encoding {
        name: "html hex",
        encode: |text| {
            text.chars()
                .map(|c| format!("&#x{:X};", u32::from(c)))
                .collect()
        },
        undo: |text| {
            each_run(
                text,
                |c| c.is_ascii_hexdigit() || "&#x;".contains(c),
                |run| {
                    let number =
                        |part: &str| u32::from_str_radix(part.strip_prefix("&#x")?, 16).ok();
                    let parts = run.split(';').map(number);
                    parts
                        .map(|number| number.and_then(char::from_u32).unwrap_or(' '))
                        .collect()
                },
            )
        },
    },
    Encoding {
        name: "html names",
        encode: |text| {
            HTML.iter()
                .fold(text.replace('&', "&amp;"), |text, (sign, name)| {
                    text.replace(sign, name)
                })
        },
        undo: |text| {
            HTML.iter()
                .fold(text.to_owned(), |text, (sign, name)| {
                    text.replace(name, sign)
                })
                .replace("&amp;", "&")
        },
    },
    Encoding {
        name: "quoted-printable",
        encode: |text| {
            let quoted = each_byte(
                text,
                |byte| matches!(byte, b' '..=b'~') && byte != b'=',
                |byte| format!("={byte:02X}"),
            );
            let chars: Vec<_> = quoted.chars().collect();
            let mut lines: Vec<String> = Vec::new();
            for c in chars {
                match lines.last_mut() {
                    Some(line)
                        if line.len() < 73 || line.get(line.len() - 2..).unwrap().contains('=') =>
                    {
                        line.push(c)
                    }
                    _ => lines.push(c.to_string()),
                }
            }
            lines.join("=\n")
        },
        undo: |text| each_escape(&text.replace("=\n", ""), "=", 2, ""),
    },
    Encoding {
        name: "UTF-16 LE in base64",
        encode: |text| {
            STANDARD.encode(
                text.encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect::<Vec<_>>(),
            )
        },
        undo: |text| {
            each_run(text, is_base64, |run| {
                utf16(&bytes(run), u16::from_le_bytes)
            })
        },
    },
    Encoding {
        name: "UTF-16 BE in base64",
        encode: |text| {
            STANDARD.encode(
                text.encode_utf16()
                    .flat_map(u16::to_be_bytes)
                    .collect::<Vec<_>>(),
            )
        },
        undo: |text| {
            each_run(text, is_base64, |run| {
                utf16(&bytes(run), u16::from_be_bytes)
            })
        },
    },
    Encoding {
        name: "UTF-16 as text",
        encode: |text| text.chars().flat_map(|c| [c, '\0']).collect(),
        undo: |text| text.replace('\0', ""),
    },
    Encoding {
        name: "gzip in base64",
        encode: |text| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(text.as_bytes()).unwrap();
            STANDARD.encode(encoder.finish().unwrap())
        },
        undo: |text| {
            each_run(text, is_base64, |run| {
                all(GzDecoder::new(bytes(run).as_slice()))
            })
        },
    },
    Encoding {
        name: "zlib in base64url",
        encode: |text| {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(text.as_bytes()).unwrap();
            URL_SAFE_NO_PAD.encode(encoder.finish().unwrap())
        },
        undo: |text| {
            each_run(text, is_base64, |run| {
                all(ZlibDecoder::new(bytes(run).as_slice()))
            })
        },
    },
    Encoding {
        name: "zstd in base64",
        encode: |text| STANDARD.encode(zstd::encode_all(text.as_bytes(), 3).unwrap()),
        undo: |text| {
            each_run(text, is_base64, |run| {
                zstd::stream::read::Decoder::new(bytes(run).as_slice())
                    .map(all)
                    .unwrap_or_default()
            })
        },
    },
    Encoding {
        name: "tags",
        encode: |text| {
            text.chars()
                .map(|c| char::from_u32(0xe_0000 + u32::from(c)).unwrap_or(c))
                .collect()
        },
        undo: |text| {
            text.chars()
                .map(|c| {
                    u32::from(c)
                        .checked_sub(0xe_0000)
                        .and_then(char::from_u32)
                        .unwrap_or(c)
                })
                .collect()
        },
    },
    Encoding {
        name: "zero width",
        encode: |text| text.chars().flat_map(|c| [c, '\u{200b}']).collect(),
        undo: |text| text.replace('\u{200b}', ""),
    },
    Encoding {
        name: "bidi",
        encode: |text| text.chars().flat_map(|c| ['\u{202d}', c]).collect(),
        undo: |text| text.replace('\u{202d}', ""),
    },
    Encoding {
        name: "full width",
        encode: |text| {
            text.chars()
                .map(|c| {
                    if ('!'..='~').contains(&c) {
                        char::from_u32(u32::from(c) + 0xfee0).unwrap()
                    } else {
                        c
                    }
                })
                .collect()
        },
        undo: |text| {
            text.chars()
                .map(|c| {
                    if ('！'..='～').contains(&c) {
                        char::from_u32(u32::from(c) - 0xfee0).unwrap()
                    } else {
                        c
                    }
                })
                .collect()
        },
    },
    Encoding {
        name: "look-alikes",
        encode: |text| {
            text.chars()
                .map(|c| {
                    LOOK_ALIKES
                        .iter()
                        .find(|(a, _)| *a == c)
                        .map_or(c, |(_, b)| *b)
                })
                .collect()
        },
        undo: |text| {
            text.chars()
                .map(|c| {
                    LOOK_ALIKES
                        .iter()
                        .find(|(_, b)| *b == c)
                        .map_or(c, |(a, _)| *a)
                })
                .collect()
        },
    },
    Encoding {
        name: "letters apart",
        encode: |text| text.chars().map(String::from).collect::<Vec<_>>().join(" "),
        undo: |text| text.replace(' ', ""),
    },
];

const HTML: &[(&str, &str)] = &[
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
const LOOK_ALIKES: &[(char, char)] = &[
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

fn each_byte(text: &str, keep: fn(u8) -> bool, write: fn(u8) -> String) -> String {
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
fn each_escape(text: &str, before: &str, digits: usize, after: &str) -> String {
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
fn each_run(text: &str, wanted: fn(char) -> bool, read: impl Fn(&str) -> String) -> String {
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

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+/-_=".contains(c)
}

/// The bytes that a run of base64 writes, wherever in the run it begins.
fn bytes(run: &str) -> Vec<u8> {
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

fn base64(run: &str) -> String {
    String::from_utf8_lossy(&bytes(run)).into_owned()
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<_> = bytes
        .chunks_exact(2)
        .map(|pair| unit(pair.try_into().unwrap()))
        .collect();
    String::from_utf16_lossy(&units)
}

fn all(mut decoder: impl Read) -> String {
    let mut out = Vec::new();
    let _ = decoder.read_to_end(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

type Surrounding = (&'static str, fn(&str) -> String);

const SURROUNDINGS: &[Surrounding] = &[
    ("json", |text| {
        format!(
            "{{\"a\":1,\"x\":\"{}\",\"b\":2}}",
            text.replace('"', "\\\"").replace('\n', "\\n")
        )
    }),
    ("url", |text| {
        format!("GET https://example.com/v1/items?a=1&q={text}&b=2 HTTP/1.1")
    }),
    ("form", |text| format!("a=1&b={text}")),
    ("header", |text| {
        format!("Host: example.com\nX-Data: {text}\nAccept: */*\n")
    }),
    ("line", |text| format!("I have seen {text} somewhere")),
    ("alone", str::to_owned),
];

fn redactor() -> Redactor {
    Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(1)).unwrap()
}

/// The first example of each of a dozen rules: its text, and the secret in it.
fn samples() -> Vec<(String, String)> {
    let rules = [
        "github-token",
        "aws-access-key-id",
        "anthropic-key",
        "openai-key",
        "slack-token",
        "jwt",
        "gitlab-token",
        "npm-token",
        "private-key",
        "url-password",
        "stripe-key",
        "sendgrid-key",
    ];
    let examples = shipped_examples().unwrap();
    let mut samples: Vec<_> = rules
        .iter()
        .filter_map(|rule| {
            let example = examples
                .iter()
                .find(|example| example.rule == *rule && !example.secrets.is_empty())?;
            let secret = example.secret_texts().next()?.to_owned();
            Some((example.text.clone(), secret))
        })
        .collect();
    samples.push((
        "{\"password\":\"hunter2-Hunter3\"}".to_owned(),
        "hunter2-Hunter3".to_owned(),
    ));
    samples.push((
        "Authorization: Bearer abcDEF123456ghiJKL".to_owned(),
        "abcDEF123456ghiJKL".to_owned(),
    ));
    assert!(samples.len() >= 12, "{samples:?}");
    samples
}

/// Whether writing `text` in this way can be undone.
fn fits(encoding: &Encoding, text: &str) -> bool {
    match encoding.name {
        "letters apart" => !text.contains(|c: char| c.is_whitespace() || !c.is_ascii()),
        "tags" => text.is_ascii() && !text.contains('\0'),
        "look-alikes" | "full width" => text.is_ascii(),
        "UTF-16 as text" => !text.contains('\0'),
        _ => true,
    }
}

/// What went wrong with `text` in `stack`, outermost last, in each surrounding.
fn survivors(redactor: &Redactor, text: &str, secret: &str, stack: &[&Encoding]) -> Vec<String> {
    let mut encoded = text.to_owned();
    for encoding in stack {
        if !fits(encoding, &encoded) {
            return Vec::new();
        }
        encoded = (encoding.encode)(&encoded);
    }
    let undo = |text: &str| {
        stack
            .iter()
            .rev()
            .fold(text.to_owned(), |text, encoding| (encoding.undo)(&text))
    };
    assert!(
        undo(&encoded).contains(secret),
        "{} of {text}: {}",
        names(stack),
        undo(&encoded)
    );
    let mut faults = Vec::new();
    for (name, surround) in SURROUNDINGS {
        let whole = surround(&encoded);
        let (masked, findings) = redactor.redact_text(&whole);
        let left = masked.contains(secret) || undo(&masked).contains(secret) || masked == whole;
        if left {
            faults.push(format!(
                "{} in {name}: {findings:?}\n  {whole}\n  {masked}",
                names(stack)
            ));
        }
        let (again, further) = redactor.redact_text(&masked);
        if again != masked || !further.is_empty() {
            faults.push(format!(
                "{} in {name}, twice: {further:?}\n  {whole}\n  {masked}\n  {again}",
                names(stack)
            ));
        }
    }
    faults
}

fn names(stack: &[&Encoding]) -> String {
    let names: Vec<_> = stack.iter().map(|encoding| encoding.name).collect();
    names.join(" > ")
}

#[test]
fn no_secret_survives_in_any_encoding() {
    let redactor = redactor();
    let mut faults = Vec::new();
    for (text, secret) in samples() {
        for encoding in ENCODINGS {
            faults.extend(survivors(&redactor, &text, &secret, &[encoding]));
        }
    }
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn no_secret_survives_in_any_pair_of_encodings() {
    let redactor = redactor();
    let mut faults = Vec::new();
    for (text, secret) in samples().into_iter().step_by(3) {
        for inner in ENCODINGS {
            for outer in ENCODINGS {
                faults.extend(survivors(&redactor, &text, &secret, &[inner, outer]));
            }
        }
    }
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
}
