//! Reads one scalar of OTLP/JSON: numbers as numbers or strings, ids as hex, enums by number.

use base64::Engine as _;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};

use super::fault::Fault;
use super::reader::{Reader, Shape, number_len};
use super::text::Text;

/// A whole number of the range that `T` has.
pub(super) fn whole<T: TryFrom<i128>>(reader: &mut Reader<'_>) -> Result<T, Fault> {
    let parsed = match reader.shape()? {
        Shape::Number => whole_number(reader.number()?),
        Shape::Text => {
            let text = reader.text()?.to_str();
            number_text(&text).and_then(whole_number)
        }
        shape @ (Shape::Object | Shape::Array | Shape::Flag | Shape::Null) => {
            return Err(Fault::wrong_type("a whole number", shape));
        }
    };
    parsed
        .and_then(|number| T::try_from(number).ok())
        .ok_or(Fault::out_of_range("a whole number within its range"))
}

/// A floating-point number, also as a string, also `NaN`, `Infinity` and `-Infinity`.
pub(super) fn double(reader: &mut Reader<'_>) -> Result<f64, Fault> {
    let parsed = match reader.shape()? {
        Shape::Number => reader.number()?.parse().ok(),
        Shape::Text => match reader.text()?.to_str().as_ref() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => number_text(text).and_then(|number| number.parse().ok()),
        },
        shape @ (Shape::Object | Shape::Array | Shape::Flag | Shape::Null) => {
            return Err(Fault::wrong_type("a number", shape));
        }
    };
    parsed.ok_or(Fault::out_of_range("a number"))
}

/// A boolean, also as the string `true` or `false`.
pub(super) fn flag(reader: &mut Reader<'_>) -> Result<bool, Fault> {
    match reader.shape()? {
        Shape::Flag => Ok(reader.flag()?),
        Shape::Text => match reader.text()?.to_str().as_ref() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Fault::out_of_range("true or false")),
        },
        shape @ (Shape::Object | Shape::Array | Shape::Number | Shape::Null) => {
            Err(Fault::wrong_type("a boolean", shape))
        }
    }
}

/// An enum's number: as a number, as digits in a string, or as the enum's name.
pub(super) fn named(
    reader: &mut Reader<'_>,
    by_name: fn(&str) -> Option<i32>,
) -> Result<i32, Fault> {
    if reader.shape()? != Shape::Text {
        return whole(reader);
    }
    let at = reader.at();
    let name = reader.text()?.to_str();
    if let Some(number) = by_name(&name) {
        return Ok(number);
    }
    reader.go_to(at);
    whole(reader)
}

/// A string.
pub(super) fn text<'a>(reader: &mut Reader<'a>) -> Result<Text<'a>, Fault> {
    match reader.shape()? {
        Shape::Text => Ok(reader.text()?),
        shape @ (Shape::Object | Shape::Array | Shape::Number | Shape::Flag | Shape::Null) => {
            Err(Fault::wrong_type("a string", shape))
        }
    }
}

/// Appends the bytes that a string writes as hex digits.
pub(super) fn push_hex(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
    let text = text(reader)?.to_str();
    let fault = Fault::out_of_range("an even number of hex digits");
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(fault);
    }
    for [high, low] in pairs {
        let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low)) else {
            return Err(fault);
        };
        out.push(high << 4 | low);
    }
    Ok(())
}

/// Appends the bytes that a string writes in base64, either alphabet, padded or not.
pub(super) fn push_base64(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, CONFIG);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, CONFIG);
    let text = text(reader)?;
    let unescaped;
    let bytes = match text.plain() {
        Some(raw) => raw,
        None => {
            unescaped = text.to_str();
            unescaped.as_bytes()
        }
    };
    let engine = if memchr::memchr2(b'-', b'_', bytes).is_some() {
        URL_SAFE
    } else {
        STANDARD
    };
    engine
        .decode_vec(bytes, out)
        .map_err(|_| Fault::out_of_range("base64"))
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The text, when it is one JSON number.
fn number_text(text: &str) -> Option<&str> {
    let trimmed = text.trim_ascii();
    (number_len(trimmed.as_bytes()) == Some(trimmed.len())).then_some(trimmed)
}

/// The whole number that JSON writes so; `1.0` and `1e3` are whole, too.
fn whole_number(number: &str) -> Option<i128> {
    if let Ok(whole) = number.parse::<i64>() {
        return Some(i128::from(whole));
    }
    if let Ok(whole) = number.parse::<u64>() {
        return Some(i128::from(whole));
    }
    let double: f64 = number.parse().ok()?;
    (double.fract() == 0.0 && double.abs() < 2e19).then_some(double as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(json: &str, read: impl FnOnce(&mut Reader<'_>) -> Result<T, Fault>) -> Option<T> {
        read(&mut Reader::new(json.as_bytes())).ok()
    }

    #[test]
    fn whole_numbers_come_as_numbers_and_as_strings() {
        for (json, expected) in [
            ("812", Some(812)),
            ("\"812\"", Some(812)),
            ("-1", Some(-1)),
            ("1.0", Some(1)),
            ("1e3", Some(1_000)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("1.5", None),
            ("\"\"", None),
            ("\"0x10\"", None),
            ("\"abc\"", None),
            ("true", None),
            ("1e400", None),
        ] {
            assert_eq!(read(json, whole::<i64>), expected, "{json}");
        }
        assert_eq!(read("18446744073709551615", whole::<u64>), Some(u64::MAX));
        assert_eq!(read("18446744073709551616", whole::<u64>), None);
        assert_eq!(read("-1", whole::<u64>), None);
        assert_eq!(read("4294967296", whole::<u32>), None);
    }

    #[test]
    fn doubles_come_as_numbers_and_as_strings() {
        for (json, expected) in [
            ("0.25", Some(0.25)),
            ("\"0.25\"", Some(0.25)),
            ("3", Some(3.0)),
            ("\"Infinity\"", Some(f64::INFINITY)),
            ("\"-Infinity\"", Some(f64::NEG_INFINITY)),
            ("\"inf\"", None),
            ("[]", None),
        ] {
            assert_eq!(read(json, double), expected, "{json}");
        }
        assert!(read("\"NaN\"", double).unwrap().is_nan());
    }

    #[test]
    fn bytes_come_as_hex_or_base64() {
        let hex = |json| {
            let mut out = Vec::new();
            read(json, |reader| push_hex(reader, &mut out)).map(|()| out.clone())
        };
        assert_eq!(hex("\"00fFa1\""), Some(vec![0, 0xff, 0xa1]));
        assert_eq!(hex("\"\""), Some(vec![]));
        assert_eq!(hex("\"abc\""), None);
        assert_eq!(hex("\"zz\""), None);
        let base64 = |json| {
            let mut out = Vec::new();
            read(json, |reader| push_base64(reader, &mut out)).map(|()| out.clone())
        };
        for json in ["\"/+8=\"", "\"/+8\"", "\"_-8\"", "\"\\/+8=\""] {
            assert_eq!(base64(json), Some(vec![0xff, 0xef]), "{json}");
        }
        assert_eq!(base64("\"!\""), None);
    }

    #[test]
    fn enums_come_as_numbers_and_names() {
        let by_name = |name: &str| (name == "SERVER").then_some(2);
        for (json, expected) in [
            ("2", Some(2)),
            ("\"2\"", Some(2)),
            ("\"SERVER\"", Some(2)),
            ("\"OTHER\"", None),
        ] {
            assert_eq!(read(json, |reader| named(reader, by_name)), expected);
        }
    }
}
