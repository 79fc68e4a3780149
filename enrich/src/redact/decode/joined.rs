//! Joins what was split: strings that code puts together, elements of a list, chunks of a stream.

use memchr::memmem;

use super::super::ascii::{byte, skip, skip_back, slice};
use super::super::quote::Quote;
use super::codec::Codec;
use super::layer::{Layer, Weaver};

/// What is seen before the first piece: the name that it belongs to.
const BEFORE_LEN: usize = 96;
/// Longer pieces are no fragments of a secret.
const MAX_PIECE_LEN: usize = 16 << 10;
/// No more is joined at once, in bytes.
const MAX_JOINED_LEN: usize = 256 << 10;
/// Blanks and line breaks between two pieces.
const MAX_GAP_LEN: usize = 64;
/// How far behind its `delta` a chunk's text may begin.
const MAX_CHUNK_LEN: usize = 512;

/// A layer of pieces, and how far the text was used for it.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) layer: Option<Layer>,
    /// There is nothing to be joined before this offset.
    pub(crate) until: usize,
}

/// Joins the string whose closing mark is at `at`, with or without its backslashes, and those that
/// are put behind it: `"gh" + "p_…"`.
pub(crate) fn concatenated(text: &[u8], at: usize) -> Option<Joined> {
    let end = skip_back(text, at, 64, |byte| byte == b'\\');
    let (quote, start) = after_glue(text, end)?;
    let from = skip_back(text, end, BEFORE_LEN, |byte| byte != b'\n' && byte >= b' ');
    let mut weaver = Weaver::new(from, 2 * (start - from) + 64);
    weaver.copy(slice(text, from, end), from);
    Some(go_on(text, weaver, quote, start))
}

/// Joins the strings of the list whose `[` is at `at`: `["gh","p_…"]`.
pub(crate) fn listed(text: &[u8], at: usize) -> Option<Joined> {
    let first = skip(text, at + 1, MAX_GAP_LEN, is_blank);
    let (quote, start) = Quote::at(text, first)?;
    let end = piece_end(text, quote, start)?;
    let (quote, next) = after_glue(text, end)?;
    let mut weaver = Weaver::new(start, 2 * (next - start) + 64);
    weaver.copy(slice(text, start, end), start);
    Some(go_on(text, weaver, quote, next))
}

/// Joins the texts at `places`, in this order.
pub(crate) fn texts(text: &[u8], places: &[(usize, usize)]) -> Option<Layer> {
    let base = places.iter().map(|(start, _)| *start).min()?;
    let len = places.iter().map(|(start, end)| end - start).sum::<usize>();
    let mut weaver = Weaver::new(base, len.min(MAX_JOINED_LEN));
    for &(start, end) in places {
        if weaver.len() < MAX_JOINED_LEN {
            weaver.copy(slice(text, start, end), start);
        }
    }
    weaver.finish(Codec::JOINED)
}

/// Joins the texts of the chunks of a stream: Anthropic's `content_block_delta`, OpenAI's
/// `choices[].delta` and `response.output_text.delta`.
pub(crate) fn streamed(text: &[u8], chunks: &memmem::Finder<'_>) -> Option<Layer> {
    let mut places = Vec::new();
    let mut until = 0;
    for at in chunks.find_iter(text) {
        if at < until {
            continue;
        }
        if let Some((start, end)) = chunk(text, at + chunks.needle().len()) {
            places.push((start, end));
            until = end;
        }
    }
    if places.len() < 2 {
        return None;
    }
    texts(text, &places)
}

/// The text of the chunk whose `delta` ends at `at`.
fn chunk(text: &[u8], at: usize) -> Option<(usize, usize)> {
    const NAMES: [&[u8]; 7] = [
        b"text",
        b"partial_json",
        b"thinking",
        b"content",
        b"arguments",
        b"reasoning_content",
        b"refusal",
    ];
    let (closing, after) = Quote::at(text, at)?;
    let value = after_colon(text, after)?;
    if let Some((quote, start)) = Quote::at(text, value) {
        return Some((start, piece_end(text, quote, start)?));
    }
    let object = slice(text, value, value + MAX_CHUNK_LEN);
    let mut names = memchr::memchr_iter(b':', object).filter_map(|colon| {
        let end = value + colon;
        let name = slice(text, end.saturating_sub(40), end);
        let is_known = NAMES.iter().any(|known| {
            let name = trim_mark(name);
            name.strip_suffix(*known)
                .is_some_and(|before| matches!(before.last(), Some(b'"' | b'\'')))
        });
        let (quote, start) = Quote::at(text, skip(text, end + 1, 8, is_blank))?;
        (is_known && quote == closing).then(|| Some((start, piece_end(text, quote, start)?)))?
    });
    (byte(text, value) == b'{').then(|| names.next())?
}

/// `name` without the quotation mark, and its backslashes, that ends it.
fn trim_mark(name: &[u8]) -> &[u8] {
    let name = name.trim_ascii_end();
    let name = match name {
        [rest @ .., b'"' | b'\''] => rest,
        _ => name,
    };
    let slashes = name.iter().rev().take_while(|&&byte| byte == b'\\').count();
    slice(name, 0, name.len() - slashes)
}

fn after_colon(text: &[u8], at: usize) -> Option<usize> {
    let colon = skip(text, at, 8, is_blank);
    (byte(text, colon) == b':').then(|| skip(text, colon + 1, 8, is_blank))
}

/// Appends the piece that begins at `start`, and every further one.
fn go_on(text: &[u8], mut weaver: Weaver, mut quote: Quote, mut start: usize) -> Joined {
    let mut until = start;
    while let Some(end) = piece_end(text, quote, start) {
        weaver.copy(slice(text, start, end), start);
        until = end;
        let Some(next) = after_glue(text, end) else {
            break;
        };
        if weaver.len() > MAX_JOINED_LEN {
            break;
        }
        (quote, start) = next;
    }
    Joined {
        layer: weaver.finish(Codec::JOINED),
        until,
    }
}

/// Where the piece that begins at `start` ends, if it does.
fn piece_end(text: &[u8], quote: Quote, start: usize) -> Option<usize> {
    let end = quote.closing(slice(text, 0, start + MAX_PIECE_LEN), start);
    Quote::at(text, end).map(|_| end)
}

/// What follows the string whose closing mark is at `at`, if it is a further one: its opening mark,
/// and the offset after that.
fn after_glue(text: &[u8], at: usize) -> Option<(Quote, usize)> {
    let (closing, after) = Quote::at(text, at)?;
    let sign = skip_gap(text, after);
    let next = match (byte(text, sign), byte(text, sign + 1)) {
        (b'.', b'.') | (b'|', b'|') | (b'+', b'+') | (b'<', b'>') => sign + 2,
        (b'+' | b',' | b'.' | b'&' | b'~', _) => sign + 1,
        _ if sign > after => sign,
        _ => return None,
    };
    let (opening, start) = Quote::at(text, skip_gap(text, next))?;
    (opening == closing).then_some((opening, start))
}

/// Skips blanks, line breaks, and backslashes that continue a line.
fn skip_gap(text: &[u8], at: usize) -> usize {
    let end = skip(text, at, MAX_GAP_LEN, is_blank);
    if byte(text, end) == b'\\' && matches!(byte(text, end + 1), b'\n' | b'\r' | b'n') {
        return skip(text, end + 2, MAX_GAP_LEN, is_blank);
    }
    end
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(layer: Option<Layer>) -> Option<String> {
        layer.map(|layer| layer.text().to_owned())
    }

    #[test]
    fn strings_that_code_puts_together_are_joined() {
        for (text, joined) in [
            (r#"x = "ab" + "cd";"#, r#"x = "abcd"#),
            (r#"x = "ab" + "cd"+"ef";"#, r#"x = "abcdef"#),
            ("x = 'ab' +\n    'cd'", "x = 'abcd"),
            (
                r#"{\"code\":\"x = \\\"ab\\\" + \\\"cd\\\"\"}"#,
                r#"{\"code\":\"x = \\\"abcd"#,
            ),
        ] {
            let mark = text.find("ab").unwrap() + 2;
            let result = concatenated(text.as_bytes(), mark).unwrap();
            assert_eq!(found(result.layer).as_deref(), Some(joined), "{text}");
        }
        for text in ["a + b", r#""a" + b"#, r#"a + "b""#, "'a' + \"b\"", "+"] {
            let plus = text.find('+').unwrap();
            let places = 0..=plus;
            assert!(
                places
                    .into_iter()
                    .all(|at| concatenated(text.as_bytes(), at).is_none()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_follows_the_end_of_a_string_is_joined() {
        for text in [
            r#""ab" "cd""#,
            r#""ab" . "cd""#,
            r#""ab" .. "cd""#,
            r#""ab","cd""#,
            "\"ab\" \\\n \"cd\"",
        ] {
            let result = concatenated(text.as_bytes(), 3).unwrap();
            assert_eq!(found(result.layer).as_deref(), Some("\"abcd"), "{text}");
        }
    }

    #[test]
    fn elements_of_a_list_are_joined() {
        for (text, joined) in [
            (r#"["ab","cd"]"#, Some("abcd")),
            (r#"[ "ab" , "cd" , "ef" ]"#, Some("abcdef")),
            (r#"[\"ab\",\"cd\"]"#, Some("abcd")),
            (r#"["ab"]"#, None),
            (r#"["ab",1]"#, None),
            ("[1,2]", None),
            ("[", None),
        ] {
            let result = listed(text.as_bytes(), 0).and_then(|joined| joined.layer);
            assert_eq!(found(result).as_deref(), joined, "{text}");
        }
    }

    #[test]
    fn chunks_of_a_stream_are_joined() {
        let finder = memmem::Finder::new("delta");
        let streamed = |text: &str| found(streamed(text.as_bytes(), &finder));
        let anthropic = |piece: &str| {
            format!(
                "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{piece}\"}}}}\n\n"
            )
        };
        let tool = |piece: &str| {
            format!(
                "data: {{\"delta\": {{\"type\": \"input_json_delta\", \"partial_json\": \"{piece}\"}}}}\n\n"
            )
        };
        let openai = |piece: &str| {
            format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{piece}\"}},\"finish_reason\":null}}]}}\n\n"
            )
        };
        let responses = |piece: &str| {
            format!("data: {{\"type\":\"response.output_text.delta\",\"delta\":\"{piece}\"}}\n\n")
        };
        let whole = Some("abcdef".to_owned());
        assert_eq!(streamed(&["ab", "cd", "ef"].map(anthropic).concat()), whole);
        assert_eq!(streamed(&["ab", "cd", "ef"].map(tool).concat()), whole);
        assert_eq!(streamed(&["ab", "cd", "ef"].map(openai).concat()), whole);
        assert_eq!(streamed(&["ab", "cd", "ef"].map(responses).concat()), whole);
        let in_json = ["ab", "cd", "ef"]
            .map(responses)
            .concat()
            .replace('"', "\\\"");
        assert_eq!(streamed(&in_json), whole);
        assert_eq!(streamed("the delta of the delta"), None);
        assert_eq!(streamed(&anthropic("ab")), None);
    }
}
