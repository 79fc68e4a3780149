//! Reads JSON text token by token (RFC 8259), in linear time and without recursion.
//!
//! More tolerant than the RFC in two ways, so that a careless sender loses no batch: raw control
//! characters inside strings are taken as they are, and bytes that are not UTF-8 inside strings
//! become U+FFFD in the end, as do lone surrogate escapes.

use memchr::memchr2;

use super::nest::{Level, Nest};
use super::text::{Text, hex4};

/// Where the text stops being JSON, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syntax {
    pub(super) at: usize,
    pub(super) what: &'static str,
}

/// The shape of a value, known from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Object,
    Array,
    Text,
    Number,
    Flag,
    Null,
}

impl Shape {
    /// The word for messages.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Flag => "a boolean",
            Self::Null => "null",
        }
    }
}

/// A place in JSON text.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// At the beginning; a UTF-8 byte order mark is stepped over.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let at = if bytes.starts_with(b"\xef\xbb\xbf") {
            3
        } else {
            0
        };
        Self { bytes, at }
    }

    /// The offset of the next byte.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// Goes back to an offset that [`Reader::at`] gave.
    pub(super) const fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// The shape of the value that begins here.
    pub(super) fn shape(&mut self) -> Result<Shape, Syntax> {
        match self.peek()? {
            b'{' => Ok(Shape::Object),
            b'[' => Ok(Shape::Array),
            b'"' => Ok(Shape::Text),
            b'-' | b'0'..=b'9' => Ok(Shape::Number),
            b't' | b'f' => Ok(Shape::Flag),
            b'n' => Ok(Shape::Null),
            _ => Err(self.fault("expected a value")),
        }
    }

    /// Steps over the bracket that [`Reader::shape`] saw.
    pub(super) const fn enter(&mut self) {
        self.at += 1;
    }

    /// Whether another item follows in the array or object that ends with `close`.
    ///
    /// `first` is true before the first item, and is cleared.
    pub(super) fn more(&mut self, close: u8, first: &mut bool) -> Result<bool, Syntax> {
        let byte = self.peek()?;
        if byte == close && *first {
            self.at += 1;
            return Ok(false);
        }
        if std::mem::take(first) {
            return Ok(true);
        }
        self.after_item(close)
    }

    /// An object's key and its colon.
    pub(super) fn key(&mut self) -> Result<Text<'a>, Syntax> {
        if self.peek()? != b'"' {
            return Err(self.fault("expected a key"));
        }
        let key = self.text()?;
        if self.peek()? != b':' {
            return Err(self.fault("expected a colon"));
        }
        self.at += 1;
        Ok(key)
    }

    /// The string that begins here.
    pub(super) fn text(&mut self) -> Result<Text<'a>, Syntax> {
        let start = self.at + 1;
        let mut escaped = false;
        let mut at = start;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let Some(found) = memchr2(b'"', b'\\', rest) else {
                self.at = self.bytes.len();
                return Err(self.fault("string is not closed"));
            };
            at += found;
            if self.bytes.get(at) == Some(&b'"') {
                break;
            }
            escaped = true;
            at = self.step_over_escape(at)?;
        }
        self.at = at + 1;
        let raw = self.bytes.get(start..at).unwrap_or_default();
        Ok(Text::new(raw, escaped))
    }

    /// The number that begins here, as written.
    pub(super) fn number(&mut self) -> Result<&'a str, Syntax> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(len) = number_len(rest) else {
            return Err(self.fault("number is malformed"));
        };
        self.at += len;
        Ok(std::str::from_utf8(rest.get(..len).unwrap_or_default()).unwrap_or_default())
    }

    /// The `true` or `false` that begins here.
    pub(super) fn flag(&mut self) -> Result<bool, Syntax> {
        if self.word(b"true") {
            return Ok(true);
        }
        if self.word(b"false") {
            return Ok(false);
        }
        Err(self.fault("expected a value"))
    }

    /// The `null` that begins here.
    pub(super) fn null(&mut self) -> Result<(), Syntax> {
        if self.word(b"null") {
            return Ok(());
        }
        Err(self.fault("expected a value"))
    }

    /// Steps over one value of any shape and depth.
    ///
    /// Keeps one bit per level of nesting, so a bomb costs an eighth of its own size.
    pub(super) fn skip(&mut self) -> Result<(), Syntax> {
        let mut nest = Nest::default();
        loop {
            match self.shape()? {
                Shape::Object => {
                    self.enter();
                    if self.peek()? == b'}' {
                        self.at += 1;
                    } else {
                        nest.push(Level::Object);
                        self.key()?;
                        continue;
                    }
                }
                Shape::Array => {
                    self.enter();
                    if self.peek()? == b']' {
                        self.at += 1;
                    } else {
                        nest.push(Level::Array);
                        continue;
                    }
                }
                Shape::Text => drop(self.text()?),
                Shape::Number => drop(self.number()?),
                Shape::Flag => drop(self.flag()?),
                Shape::Null => self.null()?,
            }
            if !self.climb(&mut nest)? {
                return Ok(());
            }
        }
    }

    /// Succeeds when nothing but white space is left.
    pub(super) fn end(&mut self) -> Result<(), Syntax> {
        match self.peek() {
            Ok(_) => Err(self.fault("expected the end")),
            Err(_) => Ok(()),
        }
    }

    /// After a value inside `nest`: closes what ends here; false when nothing is open any more.
    fn climb(&mut self, nest: &mut Nest) -> Result<bool, Syntax> {
        loop {
            let more = match nest.top() {
                None => return Ok(false),
                Some(Level::Object) => {
                    let more = self.after_item(b'}')?;
                    if more {
                        self.key()?;
                    }
                    more
                }
                Some(Level::Array) => self.after_item(b']')?,
            };
            if more {
                return Ok(true);
            }
            nest.pop();
        }
    }

    fn after_item(&mut self, close: u8) -> Result<bool, Syntax> {
        let byte = self.peek()?;
        if byte != b',' && byte != close {
            return Err(self.fault("expected a comma or a closing bracket"));
        }
        self.at += 1;
        Ok(byte == b',')
    }

    fn peek(&mut self) -> Result<u8, Syntax> {
        while let Some(&byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Ok(byte);
            }
            self.at += 1;
        }
        Err(self.fault("text ends too early"))
    }

    fn word(&mut self, word: &[u8]) -> bool {
        let here = self
            .bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word));
        if here {
            self.at += word.len();
        }
        here
    }

    /// The offset after the escape that begins at `at`.
    fn step_over_escape(&mut self, at: usize) -> Result<usize, Syntax> {
        self.at = at;
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') if hex4(self.bytes.get(at + 2..).unwrap_or_default()).is_some() => {
                Ok(at + 6)
            }
            Some(_) | None => Err(self.fault("escape is malformed")),
        }
    }

    const fn fault(&self, what: &'static str) -> Syntax {
        Syntax { at: self.at, what }
    }
}

/// How many bytes at the beginning are one JSON number; `None` when none is.
pub(super) fn number_len(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let mut len = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(len);
    if whole == 0 || (whole > 1 && bytes.get(len) == Some(&b'0')) {
        return None;
    }
    len += whole;
    if bytes.get(len) == Some(&b'.') {
        let fraction = digits(len + 1);
        if fraction == 0 {
            return None;
        }
        len += 1 + fraction;
    }
    if matches!(bytes.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
        let exponent = digits(len + 1 + sign);
        if exponent == 0 {
            return None;
        }
        len += 1 + sign + exponent;
    }
    Some(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn skips(json: &[u8]) -> bool {
        let mut reader = Reader::new(json);
        reader.skip().is_ok() && reader.end().is_ok()
    }

    fn text(json: &str) -> String {
        Reader::new(json.as_bytes())
            .text()
            .unwrap()
            .to_str()
            .into_owned()
    }

    #[test]
    fn escapes_stand_for_their_characters() {
        for (json, expected) in [
            (r#""plain""#, "plain"),
            (r#""a\"b\\c\/d""#, "a\"b\\c/d"),
            (r#""\b\f\n\r\t""#, "\u{8}\u{c}\n\r\t"),
            (r#""\u00e4\u20AC""#, "ä€"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\ud83d lone""#, "\u{fffd} lone"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\u0000""#, "\0"),
        ] {
            assert_eq!(text(json), expected, "{json}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_become_the_replacement_character() {
        let mut reader = Reader::new(b"\"a\xffb\"");
        assert_eq!(reader.text().unwrap().to_str(), "a\u{fffd}b");
    }

    #[test]
    fn a_million_levels_are_stepped_over_and_one_missing_bracket_is_found() {
        let mut bomb = vec![b'['; 1_000_000];
        bomb.extend(vec![b']'; 1_000_000]);
        assert!(skips(&bomb));
        bomb.pop();
        assert!(!skips(&bomb));
    }

    #[test]
    fn malformed_text_is_refused() {
        for json in [
            "",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "[1 2]",
            "01",
            "1.",
            "-",
            "+1",
            "1e",
            "tru",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"open",
            "[}",
            "{]",
            "[1]x",
            "nul",
        ] {
            assert!(!skips(json.as_bytes()), "{json}");
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_is_stepped_over(value in json()) {
            prop_assert!(skips(value.to_string().as_bytes()));
        }

        #[test]
        fn what_is_stepped_over_is_json(bytes in r#"[\[\]{}",:0-9a-z\\u+.\-eE ]{0,24}"#) {
            let strict = serde_json::from_str::<&serde_json::value::RawValue>(&bytes).is_ok();
            prop_assert_eq!(skips(bytes.as_bytes()), strict);
        }

        #[test]
        fn any_string_reads_as_written(string in any::<String>()) {
            let json = serde_json::to_string(&string).unwrap();
            prop_assert_eq!(text(&json), string);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            skips(&bytes);
        }
    }
}
