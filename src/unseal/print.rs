//! Prints what was opened, for people or as JSON.

use std::io::{self, Write};

use magistrate_enrich::Original;
use serde_json::{Value, json};

use crate::cli::UnsealArguments;
use crate::plain::plain;

use super::attempt::{Attempt, Opened};

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Aligned text.
    Text,
    /// One JSON document.
    Json,
}

impl From<&UnsealArguments> for Form {
    fn from(arguments: &UnsealArguments) -> Self {
        if arguments.json {
            Self::Json
        } else {
            Self::Text
        }
    }
}

/// Prints to standard output; nothing of it goes anywhere else.
pub(super) fn attempts(attempts: &[Attempt], form: Form) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match form {
        Form::Text => text(attempts, &mut out)?,
        Form::Json => {
            let rows: Vec<Value> = attempts.iter().map(document).collect();
            serde_json::to_writer_pretty(&mut out, &json!({ "rows": rows }))?;
            writeln!(out)?;
        }
    }
    out.flush()
}

fn text(attempts: &[Attempt], out: &mut impl Write) -> io::Result<()> {
    for attempt in attempts {
        let uid = attempt
            .uid
            .map_or_else(|| "token".to_owned(), |uid| uid.to_string());
        write!(out, "{uid}")?;
        if let Some((class, time)) = attempt.place {
            write!(out, "  {}  {}", class.name(), time.to_rfc3339())?;
        }
        if let Some(id) = attempt.sealed_for {
            write!(out, "  key {id}")?;
        }
        match &attempt.outcome {
            Ok(opened) => {
                writeln!(out)?;
                list(opened, out)?;
            }
            Err(trouble) => writeln!(out, "  {}: {trouble}", attempt.word())?,
        }
    }
    Ok(())
}

fn list(opened: &Opened, out: &mut impl Write) -> io::Result<()> {
    let width = opened.shown().map(|one| one.kind.len()).max().unwrap_or(0);
    for one in opened.shown() {
        let value = shown_value(one);
        writeln!(out, "  {:16}  {:width$}  {value}", one.token, one.kind)?;
    }
    match opened.originals.left_out() {
        0 => Ok(()),
        count => writeln!(out, "  and {count} more, which the row does not list"),
    }
}

/// The value on one line.
fn shown_value(one: &Original) -> String {
    match &one.text {
        Some(text) => plain(text),
        None => format!("({} bytes, too long to be kept)", one.len_bytes),
    }
}

fn document(attempt: &Attempt) -> Value {
    let mut row = json!({
        "uid": attempt.uid.map(|uid| uid.to_string()),
        "table": attempt.place.map(|(class, _)| class.name()),
        "time": attempt.place.map(|(_, time)| time.to_rfc3339()),
        "key_id": attempt.sealed_for.map(|id| id.to_string()),
        "outcome": attempt.word(),
    });
    let (name, more) = match &attempt.outcome {
        Ok(opened) => ("originals", json!(opened.shown().collect::<Vec<_>>())),
        Err(trouble) => ("trouble", json!(trouble.to_string())),
    };
    if let Some(members) = row.as_object_mut() {
        members.insert(name.to_owned(), more);
        if let Ok(opened) = &attempt.outcome {
            let left_out = json!(opened.originals.left_out());
            members.insert("left_out".to_owned(), left_out);
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use magistrate_enrich::Originals;
    use magistrate_event::{Class, EventUid, Timestamp};

    use super::super::attempt::Trouble;
    use super::*;

    fn samples() -> [Attempt; 2] {
        let originals: Originals = serde_json::from_value(json!({"list": [
            {"token": "aaaabbbbccccdddd", "kind": "credential.test", "len_bytes": 9, "text": "a\\b\n\u{1b}[2J"},
            {"token": "aaaabbbbccccddde", "kind": "key", "len_bytes": 20000, "text": null},
        ], "left_out": 2}))
        .unwrap();
        let uid = Some(EventUid::from_bytes([7; 16]));
        let opened = Attempt {
            uid,
            place: Some((Class::Span, Timestamp::from_micros(1_500_000))),
            sealed_for: None,
            outcome: Ok(Opened {
                originals,
                token: None,
            }),
        };
        let failed = Attempt {
            uid,
            place: None,
            sealed_for: None,
            outcome: Err(Trouble::NotFound),
        };
        [opened, failed]
    }

    #[test]
    fn a_text_is_aligned_and_commands_no_terminal() {
        let mut out = Vec::new();
        text(&samples(), &mut out).unwrap();
        let expected = "\
07070707070707070707070707070707  span  1970-01-01T00:00:01.500000Z
  aaaabbbbccccdddd  credential.test  a\\\\b\\n\\u{1b}[2J
  aaaabbbbccccddde  key              (20000 bytes, too long to be kept)
  and 2 more, which the row does not list
07070707070707070707070707070707  not_found: no such row in the lake
";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn json_has_the_exact_originals() {
        let [opened, failed] = samples().map(|attempt| document(&attempt));
        assert_eq!(opened["originals"][0]["text"], "a\\b\n\u{1b}[2J");
        assert_eq!(opened["originals"][1]["text"], Value::Null);
        assert_eq!(
            (&opened["left_out"], &opened["outcome"]),
            (&json!(2), &json!("opened"))
        );
        assert_eq!(failed["outcome"], "not_found");
    }

    #[test]
    fn one_token_shows_its_originals_only() {
        let [opened, _] = samples();
        let Ok(mut opened) = opened.outcome else {
            panic!("opened above");
        };
        opened.token = Some("aaaabbbbccccddde".to_owned());
        assert_eq!(opened.shown().count(), 1);
    }
}
