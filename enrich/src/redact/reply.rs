//! Masks text that goes back to whoever asked the judge: only the kinds that a policy names, with
//! placeholders that tell no token, since with tokens values could be guessed through the judge.

use magistrate_event::{Class, Event, Field, Span, Timestamp, Value};
use serde_json::Value as Json;

use super::marker::{MARKER_START, markers};
use super::plan::Plan;
use super::scan::Scan;
use super::{Redactor, tree};

/// A text and a tool's arguments, masked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MaskedReply {
    /// The text, where there was one.
    pub text: Option<String>,
    /// The arguments, where there were any; all but masked texts is as it was.
    pub arguments: Option<Json>,
    /// How many stretches were masked.
    pub masked: usize,
}

/// The numbers under a name such as `password` that are masked belong to this family.
const NUMBERS: &str = "credential";
const ARGUMENTS: &str = "arguments";

impl Redactor {
    /// Masks in `text` and `arguments` what is of one of the `families`, such as `credential` or
    /// `personal.email`; without families, everything that is masked when stored.
    pub fn mask_reply(
        &self,
        text: Option<&str>,
        arguments: Option<&Json>,
        families: &[String],
    ) -> MaskedReply {
        let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
        if let Some(text) = text {
            event.set_text(Field::ContentText, text);
        }
        if let Some(json) = arguments {
            let key = event.push_key(ARGUMENTS);
            let value = event.push_value(json);
            event.keep(key, value);
        }
        let masked = self.mask_plainly(&mut event, families);
        let masked_arguments = arguments.map(|json| {
            let value = event.unmapped().next().map(|(_, value)| value);
            value.map_or(Json::Null, |value| read_back(&event, json, value))
        });
        MaskedReply {
            text: event.text(Field::ContentText).map(str::to_owned),
            arguments: masked_arguments,
            masked,
        }
    }

    fn mask_plainly(&self, event: &mut Event, families: &[String]) -> usize {
        let is_wanted =
            |kind: &str| families.is_empty() || families.iter().any(|family| is_of(kind, family));
        let mut scan = Scan::of(&self.rules, event.buffer());
        scan.add(tree::found_in_lists(&self.rules, &self.tokens, event));
        let has_named_key = scan.has_named_key();
        if has_named_key {
            scan.add(tree::texts_under_names(&self.rules, event));
        }
        scan.take_sightings();
        let task = self.task(event.buffer(), &Vec::new);
        let (edits, findings) = Plan::new(task, scan).with_echoes(task).into_parts();
        let wanted = edits.into_iter().zip(findings);
        let wanted = wanted.filter(|(_, finding)| is_wanted(finding.kind));
        let edits: Vec<_> = wanted
            .map(|((span, _), finding)| (span, placeholder(finding.kind)))
            .collect();
        event.rewrite(&edits);
        let mut masked = edits.len();
        if has_named_key && (families.is_empty() || families.iter().any(|one| is_of(one, NUMBERS)))
        {
            let mut keep = |_: &str, _: &str| {};
            masked += tree::mask_numbers(&self.rules, &self.tokens, event, &mut keep).len();
        }
        forget_tokens(event);
        masked
    }
}

/// Whether `kind` is `family` or one of its own: `credential.aws.key` is of `credential`.
fn is_of(kind: &str, family: &str) -> bool {
    kind.strip_prefix(family)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn placeholder(kind: &str) -> String {
    format!("{MARKER_START}{kind}]")
}

/// Takes the tokens out of all markers, those that the text came with included.
fn forget_tokens(event: &mut Event) {
    let text = event.buffer();
    let edits: Vec<(Span, String)> = markers(text.as_bytes())
        .into_iter()
        .filter_map(|span| {
            let marker = text.get(span.start()..span.end())?;
            let kind = marker.strip_prefix(MARKER_START)?.split(':').next()?;
            Some((span, placeholder(kind)))
        })
        .collect();
    event.rewrite(&edits);
}

/// `json` with the texts of `value`, which was made of it; numbers that were not masked stay digit
/// by digit.
fn read_back(event: &Event, json: &Json, value: &Value) -> Json {
    match (json, value) {
        (Json::Array(items), Value::List(values)) => {
            let pairs = items.iter().zip(values);
            Json::Array(
                pairs
                    .map(|(json, value)| read_back(event, json, value))
                    .collect(),
            )
        }
        (Json::Object(entries), Value::Map(values)) => {
            let pairs = entries.values().zip(values);
            let pairs = pairs.map(|(json, (key, value))| {
                (
                    event.resolve(*key).to_owned(),
                    read_back(event, json, value),
                )
            });
            Json::Object(pairs.collect())
        }
        (_, Value::Text(text)) => Json::String(event.resolve(*text).to_owned()),
        (json, _) => json.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::redact::{Epoch, RedactKey};

    const KEY: &str = concat!("AKIA", "Z7Q3N5XJ4K2WPLM6");

    fn masked(text: Option<&str>, arguments: Option<&Json>, families: &[&str]) -> MaskedReply {
        let redactor = Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(0)).unwrap();
        let families: Vec<_> = families.iter().map(|one| (*one).to_owned()).collect();
        redactor.mask_reply(text, arguments, &families)
    }

    #[test]
    fn only_the_named_kinds_are_masked_and_no_token_is_told() {
        let text = format!("mail ana.kovac@gmail.com the key {KEY}");
        let reply = masked(Some(&text), None, &["credential"]);
        let told = reply.text.unwrap();
        assert!(
            told.starts_with("mail ana.kovac@gmail.com the key [redacted:credential."),
            "{told}"
        );
        assert!(told.ends_with(']') && !told.contains(KEY) && told.matches(':').count() == 1);
        assert_eq!(reply.masked, 1);
        let told = masked(Some(&text), None, &[]).text.unwrap();
        assert!(!told.contains("ana.kovac") && !told.contains(KEY), "{told}");
        assert_eq!(
            masked(Some(&text), None, &["personal.iban"]).text.unwrap(),
            text
        );
    }

    #[test]
    fn arguments_keep_their_shape_and_their_numbers() {
        let arguments = json!({
            "command": format!("export K={KEY}"),
            "list": [1, 18_446_744_073_709_551_615_u64, 0.1, null, true, "plain"],
            "password": 123_456,
            "pin": {"password": "correct-horse-battery"},
        });
        let reply = masked(None, Some(&arguments), &[]);
        let told = reply.arguments.unwrap();
        assert_eq!(told["list"], arguments["list"]);
        assert!(reply.masked >= 3, "{told}");
        let text = told.to_string();
        for secret in [KEY, "123456", "correct-horse-battery"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(
            told["password"]
                .as_str()
                .unwrap()
                .starts_with("[redacted:credential.")
        );
    }

    #[test]
    fn what_a_reply_has_masked_is_nothing_to_be_masked_again() {
        let redactor = Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(0)).unwrap();
        let secret = concat!("correct-", "horse-battery-9");
        for text in [
            format!("password: {secret}"),
            format!("the key is {KEY}, and that is all"),
            format!("export AWS_ACCESS_KEY_ID={KEY}"),
            format!("{{\"password\": \"{secret}\", \"mail\": \"ana.kovac@gmail.com\"}}"),
            format!("Authorization: Bearer {secret}{KEY}"),
            format!("https://ana:{secret}@db.example.com/x"),
            format!("Cookie: session={secret}{KEY}; theme=dark"),
            format!("curl -u ana:{secret} https://a.example.com/"),
        ] {
            let first = masked(Some(&text), None, &[]);
            let told = first.text.unwrap();
            assert!(first.masked > 0 && !told.contains(secret), "{told}");
            let again = masked(Some(&told), None, &[]);
            assert_eq!(
                (again.masked, again.text.as_deref()),
                (0, Some(told.as_str()))
            );
            let (stored, findings) = redactor.redact_text(&told);
            assert_eq!(
                (stored.as_str(), findings.len()),
                (told.as_str(), 0),
                "{told}"
            );
            let named = json!({ "password": told, "command": told });
            let again = masked(None, Some(&named), &[]);
            assert_eq!(again.arguments.unwrap()["command"], told.as_str());
        }
        // What is no kind may be a secret.
        let hidden = format!("the key is [redacted:{KEY}]");
        assert!(masked(Some(&hidden), None, &[]).masked > 0);
    }

    #[test]
    fn tokens_that_the_text_came_with_are_taken_out() {
        let redactor = Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(0)).unwrap();
        let (stored, _) = redactor.redact_text(&format!("key {KEY}"));
        let told = redactor.mask_reply(Some(&stored), None, &[]).text.unwrap();
        assert_eq!(told.matches(':').count(), 1, "{told}");
    }
}
