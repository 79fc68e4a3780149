//! The encodings that a secret can stand in, written apart from the decoders under test.

use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

use super::pieces::{
    HTML, LOOK_ALIKES, all, base64, bytes, each_byte, each_escape, each_run, is_base64, utf16,
};

/// A way to write a text, and to read it again wherever it stands in another one.
pub(super) struct Encoding {
    pub(super) name: &'static str,
    pub(super) encode: fn(&str) -> String,
    pub(super) undo: fn(&str) -> String,
}

pub(super) const ENCODINGS: &[Encoding] = &[
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
        name: "base64url before a short line",
        encode: |text| format!("{}\nx", URL_SAFE_NO_PAD.encode(text)),
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
            each_run(
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
            )
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

/// Whether writing `text` in this way can be undone.
pub(super) fn fits(encoding: &Encoding, text: &str) -> bool {
    match encoding.name {
        "letters apart" => !text.contains(|c: char| c.is_whitespace() || !c.is_ascii()),
        "tags" => text.is_ascii() && !text.contains('\0'),
        "look-alikes" | "full width" | "hex" | "hex in capitals" => text.is_ascii(),
        "UTF-16 as text" => !text.contains('\0'),
        // Base64 of other scripts has a `/` or `-` every few letters, as paths and names have.
        "base64"
        | "base64url"
        | "base64 in lines"
        | "UTF-16 LE in base64"
        | "UTF-16 BE in base64" => {
            text.chars().filter(char::is_ascii).count() * 2 >= text.chars().count()
        }
        _ => true,
    }
}
