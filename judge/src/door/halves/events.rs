//! Streams of events (SSE): what is judged of them, how much goes on before the end, and how events
//! are masked. Values to values.
//!
//! Models answer in events of a few letters each. The letters that belong together are joined before
//! they are judged, and the last ones are held back, so that no secret goes on in two halves.

use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;
use serde_json::Value as Json;

/// So much is held back, so that what has begun is seen whole.
pub(in crate::door) const TAIL_BYTES: usize = 4 << 10;
/// So much more is gathered before it is asked again.
pub(in crate::door) const STEP_BYTES: usize = 8 << 10;
/// More is never held back: an event that is larger ends the exchange.
pub(in crate::door) const MAX_HELD_BYTES: usize = 1 << 20;
/// Cuts that are tried where something masked lies across one.
const MAX_CUTS: usize = 8;

/// Members whose texts are pieces of one: those of the Messages API, of OpenAI's two, of Gemini.
const PIECES: [&str; 6] = [
    "text",
    "partial_json",
    "thinking",
    "content",
    "arguments",
    "delta",
];
/// Members that number what pieces belong to.
const NUMBERS: [&str; 3] = ["index", "output_index", "content_index"];
/// Members that say nothing to a reader.
const NAMES: [&str; 8] = [
    "type",
    "object",
    "role",
    "id",
    "item_id",
    "model",
    "jsonrpc",
    "finish_reason",
];
/// Longer values of [`NAMES`] are texts.
const MAX_NAME_BYTES: usize = 64;

/// The end of the whole events that may go on once they are judged.
pub(in crate::door) fn cut(held: &[u8], is_last: bool) -> usize {
    if is_last {
        return held.len();
    }
    let last = held.len().saturating_sub(TAIL_BYTES);
    ends(held)
        .take_while(|end| *end <= last)
        .last()
        .unwrap_or(0)
}

/// Where each event ends.
fn ends(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let mut line_start = 0;
    let lines = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    lines.filter_map(move |(at, _)| {
        let line = bytes.get(line_start..at).unwrap_or_default();
        line_start = at + 1;
        matches!(line, [] | [b'\r']).then_some(at + 1)
    })
}

/// The JSON of each event, and where the event stands. What is no JSON as a whole may be so by lines.
pub(in crate::door) fn data(bytes: &[u8]) -> impl Iterator<Item = (Range<usize>, Json)> {
    let mut start = 0;
    let ends = ends(bytes).chain([bytes.len()]);
    let all = ends.filter_map(move |end| {
        let at = start..end;
        start = end;
        let data = match Event::read(bytes.get(at.clone())?) {
            Event::Json(json) => vec![json],
            Event::Lines(lines) => {
                let lines = lines.iter();
                lines
                    .filter_map(|line| serde_json::from_str(line).ok())
                    .collect()
            }
        };
        Some(data.into_iter().map(move |json| (at.clone(), json)))
    });
    all.flatten()
}

/// What is judged: each text once, pieces joined.
pub(in crate::door) fn texts(bytes: &[u8]) -> Vec<String> {
    let mut texts = Texts::default();
    for (number, event) in events(bytes).enumerate() {
        let mut event = Event::read(event);
        event.visit(number, &mut |text, place| {
            texts.take(text, place);
        });
    }
    texts.all
}

/// The first events with what is masked of their texts, and how many bytes these were; none where
/// nothing can be masked. `mask` says what becomes of texts, and none where all stays; `is_between`
/// where a cut may be.
pub(in crate::door) fn masked(
    held: &[u8],
    (cut, is_between): (usize, impl Fn(usize) -> bool),
    mask: impl Fn(&[String]) -> Option<Vec<String>>,
) -> Option<(usize, Bytes)> {
    let all = mask(&texts(held))?;
    let earlier = ends(held).take_while(|end| *end < cut);
    let mut cuts: Vec<usize> = earlier.filter(|end| is_between(*end)).collect();
    cuts.push(cut);
    for cut in cuts.into_iter().rev().take(MAX_CUTS) {
        let released = held.get(..cut)?;
        let own = texts(released);
        let masked = mask(&own).unwrap_or_else(|| own.clone());
        // Only where nothing that is masked goes on behind the cut.
        let is_safe = masked.len() == own.len()
            && masked
                .iter()
                .zip(&all)
                .all(|(one, whole)| whole.starts_with(one.as_str()));
        if is_safe {
            return Some((cut, rewritten(released, &own, &masked)));
        }
    }
    // All of it lies across: it waits for more.
    Some((0, Bytes::new()))
}

fn rewritten(bytes: &[u8], own: &[String], masked: &[String]) -> Bytes {
    let mut texts = Texts::default();
    let mut given = vec![false; own.len()];
    let mut written = String::new();
    for (number, part) in events(bytes).enumerate() {
        let mut event = Event::read(part);
        let mut is_changed = false;
        event.visit(number, &mut |text, place| {
            let at = texts.take(text, place);
            let (Some(old), Some(new), Some(given)) =
                (own.get(at), masked.get(at), given.get_mut(at))
            else {
                return;
            };
            if old == new {
                return;
            }
            // The first piece has the whole text; those after it have none.
            *text = if *given { String::new() } else { new.clone() };
            *given = true;
            is_changed = true;
        });
        if is_changed {
            event.write(part, &mut written);
        } else {
            written.push_str(&String::from_utf8_lossy(part));
        }
    }
    Bytes::from(written)
}

/// Events one after the other; the last one may not be whole.
fn events(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let ends = ends(bytes).chain([bytes.len()]);
    ends.filter_map(move |end| {
        let event = bytes.get(start..end)?;
        start = end;
        (!event.is_empty()).then_some(event)
    })
}

/// Texts in the order in which they begin.
#[derive(Default)]
struct Texts {
    all: Vec<String>,
    by_place: HashMap<String, usize>,
}

impl Texts {
    /// Adds a text to those of its place, or as one of its own; says which one it is part of.
    fn take(&mut self, text: &str, place: Option<String>) -> usize {
        let next = self.all.len();
        let at = place.map_or(next, |place| *self.by_place.entry(place).or_insert(next));
        match self.all.get_mut(at) {
            Some(joined) => joined.push_str(text),
            None => self.all.push(text.to_owned()),
        }
        at
    }
}

/// The data of one event.
enum Event {
    Json(Json),
    Lines(Vec<String>),
}

/// What is done with each text, and the place of what it is a piece of.
type Visit<'a> = dyn FnMut(&mut String, Option<String>) + 'a;

impl Event {
    fn read(event: &[u8]) -> Self {
        let text = String::from_utf8_lossy(event);
        let lines = text.lines().filter_map(|line| line.strip_prefix("data:"));
        let lines: Vec<String> = lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned())
            .collect();
        match serde_json::from_str::<Json>(&lines.join("\n")) {
            Ok(json @ (Json::Object(_) | Json::Array(_))) => Self::Json(json),
            Ok(_) | Err(_) => Self::Lines(lines),
        }
    }

    fn visit(&mut self, number: usize, visit: &mut Visit<'_>) {
        match self {
            // A message of its own, whatever it looks like.
            Self::Json(json) if json.get("jsonrpc").is_some() => {
                walk(json, "", &number.to_string(), visit);
            }
            Self::Json(json) => walk(json, "", "", visit),
            Self::Lines(lines) => lines.iter_mut().for_each(|line| visit(line, None)),
        }
    }

    /// Writes the event anew; what is no data stays.
    fn write(&self, event: &[u8], written: &mut String) {
        let text = String::from_utf8_lossy(event);
        for line in text.lines() {
            if !line.is_empty() && !line.starts_with("data:") {
                written.push_str(line);
                written.push('\n');
            }
        }
        let lines = match self {
            Self::Json(json) => vec![json.to_string()],
            Self::Lines(lines) => lines.clone(),
        };
        for line in lines {
            written.push_str("data: ");
            written.push_str(&line);
            written.push('\n');
        }
        written.push('\n');
    }
}

/// Visits the texts of a value. The parser bounds how deep it is.
fn walk(json: &mut Json, key: &str, place: &str, visit: &mut Visit<'_>) {
    match json {
        Json::String(text) => {
            let is_name = NAMES.contains(&key) && text.len() <= MAX_NAME_BYTES;
            let is_piece = PIECES.contains(&key);
            if !is_name {
                visit(text, is_piece.then(|| format!("{place}/{key}")));
            }
        }
        Json::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                walk(item, key, &format!("{place}/{key}.{at}"), visit);
            }
        }
        Json::Object(members) => {
            let mut place = format!("{place}/{key}");
            for name in NUMBERS {
                if let Some(number) = members.get(name).and_then(Json::as_u64) {
                    place.push_str(&format!("#{number}"));
                }
            }
            for (name, member) in members.iter_mut() {
                walk(member, name, &place, visit);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn delta(index: u64, text: &str) -> String {
        let data = json!({ "type": "content_block_delta", "index": index, "delta": { "type": "text_delta", "text": text } });
        format!("event: content_block_delta\ndata: {data}\n\n")
    }

    const fn anywhere(_: usize) -> bool {
        true
    }

    /// Masks every `KEY`.
    fn mask(texts: &[String]) -> Option<Vec<String>> {
        let masked: Vec<String> = texts
            .iter()
            .map(|text| text.replace("KEY", "***"))
            .collect();
        (masked != texts).then_some(masked)
    }

    #[test]
    fn letters_that_belong_together_are_joined() {
        let stream = [delta(0, "a K"), delta(1, "other"), delta(0, "EY")].concat();
        assert_eq!(texts(stream.as_bytes()), ["a KEY", "other"]);
        let chat = |text: &str| {
            format!(
                "data: {}\n\n",
                json!({ "choices": [{ "index": 0, "delta": { "content": text } }] })
            )
        };
        let stream = [chat("a K"), chat("EY"), "data: [DONE]\n\n".to_owned()].concat();
        assert_eq!(texts(stream.as_bytes()), ["a KEY", "[DONE]"]);
        let rpc = |text: &str| {
            format!(
                "data: {}\r\n\r\n",
                json!({ "jsonrpc": "2.0", "result": { "content": [{ "type": "text", "text": text }] } })
            )
        };
        assert_eq!(texts([rpc("a"), rpc("b")].concat().as_bytes()), ["a", "b"]);
        assert_eq!(
            texts(b"data: one\ndata: two\n\n: comment\n\n"),
            ["one", "two"]
        );
    }

    #[test]
    fn only_whole_events_go_on_and_the_last_ones_wait() {
        let event = delta(0, "x");
        let stream = event.repeat(100);
        let end = cut(stream.as_bytes(), false);
        assert_eq!(end % event.len(), 0);
        assert!(stream.len() - end >= TAIL_BYTES);
        assert!(stream.len() - end < TAIL_BYTES + event.len());
        assert_eq!(cut(stream.as_bytes(), true), stream.len());
        assert_eq!(cut(&[b'x'; 100_000], false), 0);
    }

    #[test]
    fn what_is_masked_is_in_the_first_of_its_pieces() {
        let stream = [delta(0, "a K"), delta(0, "EY b"), delta(1, "c")].concat();
        let (cut, events) = masked(stream.as_bytes(), (stream.len(), anywhere), mask).unwrap();
        assert_eq!(cut, stream.len());
        assert_eq!(texts(&events), ["a *** b", "c"]);
        let text = String::from_utf8(events.to_vec()).unwrap();
        assert!(
            text.ends_with(&delta(1, "c")),
            "what holds nothing stays as it is"
        );
        assert_eq!(text.matches("event: content_block_delta\n").count(), 3);
        assert_eq!(masked(delta(0, "a").as_bytes(), (1, anywhere), mask), None);
    }

    #[test]
    fn a_cut_never_goes_through_what_is_masked() {
        let (first, second) = ([delta(0, "a"), delta(0, "K")].concat(), delta(0, "EY b"));
        let stream = [first.clone(), second].concat();
        let (cut, events) = masked(stream.as_bytes(), (first.len(), anywhere), mask).unwrap();
        assert_eq!(cut, delta(0, "a").len());
        assert_eq!(texts(&events), ["a"]);
        let stream = [delta(0, "K"), delta(0, "EY")].concat();
        let end = delta(0, "K").len();
        assert_eq!(
            masked(stream.as_bytes(), (end, anywhere), mask),
            Some((0, Bytes::new()))
        );
    }

    #[test]
    fn lines_that_are_no_json_are_masked_too() {
        let stream = b"id: 1\ndata: a KEY\ndata: b\n\n";
        let (_, events) = masked(stream, (stream.len(), anywhere), mask).unwrap();
        assert_eq!(events, "id: 1\ndata: a ***\ndata: b\n\n");
    }
}
