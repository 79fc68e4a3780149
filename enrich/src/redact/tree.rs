//! Masks what the text alone does not show: numbers, lists and maps under a name that means a
//! secret, such as `password: 123456`.

use magistrate_event::{Event, Finding, Place, Span, Text, Value};

use super::decode::Decoder;
use super::marker::Marker;
use super::merge::Found;
use super::named::{Content, Named};
use super::ruleset::{Finder, RuleSet};
use super::token::Tokenizer;

/// A rule that goes by name, and its index.
#[derive(Debug, Clone, Copy)]
struct Under {
    rule: usize,
    named: Named,
}

/// The texts that lie, at any depth, under a key that names a secret.
pub(crate) fn texts_under_names(rules: &RuleSet, event: &mut Event) -> Vec<Found> {
    let (fields, unmapped) = event.values_mut();
    let fields = std::mem::take(fields);
    let unmapped = std::mem::take(unmapped);
    let mut walk = Texts {
        rules,
        buffer: event.buffer(),
        found: Vec::new(),
    };
    for (_, value) in &fields {
        walk.value(value, None);
    }
    walk.entries(&unmapped, None);
    let found = walk.found;
    let places = event.values_mut();
    *places.0 = fields;
    *places.1 = unmapped;
    found
}

struct Texts<'a> {
    rules: &'a RuleSet,
    buffer: &'a str,
    found: Vec<Found>,
}

impl Texts<'_> {
    fn entries(&mut self, entries: &[(Text, Value)], under: Option<Under>) {
        let resolve = |text: Text| {
            self.buffer
                .get(text.start()..text.end())
                .unwrap_or_default()
        };
        let told =
            told_name(entries, resolve).and_then(|name| name_rule(self.rules, resolve(name)));
        for (key, value) in entries {
            let name = resolve(*key);
            let sibling = told.filter(|_| is_value(name));
            let own = || sibling.or_else(|| name_rule(self.rules, name));
            let own = || own().filter(|own| can_hold(*own, value));
            self.value(value, under.or_else(own));
        }
    }

    fn value(&mut self, value: &Value, under: Option<Under>) {
        match value {
            Value::Text(text) => self.text(*text, under),
            Value::List(items) => items.iter().for_each(|item| self.value(item, under)),
            Value::Map(entries) => self.entries(entries, under),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Time(_) => {}
        }
    }

    fn text(&mut self, text: Text, under: Option<Under>) {
        let Some(Under { rule, named }) = under else {
            return;
        };
        let confidence = self.rules.rule(rule).map_or(0, |rule| rule.confidence);
        let found = &mut self.found;
        named.whole(
            self.buffer.as_bytes(),
            text.start(),
            text.end(),
            |start, end| {
                let span = Span::new(start, end);
                found.extend(span.map(|span| Found::plain(span, rule, confidence)));
            },
        );
    }
}

/// The secrets that are split over the texts of one list.
pub(crate) fn found_in_lists(rules: &RuleSet, tokens: &Tokenizer, event: &Event) -> Vec<Found> {
    let mut lists = Vec::new();
    for value in event.values() {
        each_list(value, &mut lists);
    }
    if lists.is_empty() {
        return Vec::new();
    }
    let mut decoder = Decoder::new(rules, tokens, event.buffer().len());
    for places in lists {
        decoder.search_joined(event.buffer(), &places);
    }
    decoder.into_found()
}

/// Collects the places of the texts of every list in `value`: the list's own, or those of the maps
/// in it, as in `[{"type":"text","text":"…"},…]`.
fn each_list(value: &Value, lists: &mut Vec<Vec<(usize, usize)>>) {
    let items = match value {
        Value::List(items) => items,
        Value::Map(entries) => {
            entries
                .iter()
                .for_each(|(_, value)| each_list(value, lists));
            return;
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Time(_)
        | Value::Text(_) => return,
    };
    let place = |value: &Value| value.as_text().map(|text| (text.start(), text.end()));
    let longest = |item: &Value| match item {
        Value::Map(entries) => {
            let places = entries.iter().filter_map(|(_, value)| place(value));
            places.max_by_key(|(start, end)| end - start)
        }
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Time(_)
        | Value::Text(_)
        | Value::List(_) => place(item),
    };
    let places: Vec<_> = items.iter().filter_map(longest).collect();
    if places.len() > 1 {
        lists.push(places);
    }
    items.iter().for_each(|item| each_list(item, lists));
}

/// Replaces the numbers that lie, at any depth, under a key that names a secret. `keep` is given
/// each marker and what it stands for.
pub(crate) fn mask_numbers(
    rules: &RuleSet,
    tokens: &Tokenizer,
    event: &mut Event,
    keep: &mut dyn FnMut(&str, &str),
) -> Vec<Finding> {
    let (fields, unmapped) = event.values_mut();
    let mut fields = std::mem::take(fields);
    let mut unmapped = std::mem::take(unmapped);
    let mut walk = Numbers {
        rules,
        tokens,
        event,
        keep,
        findings: Vec::new(),
    };
    for (_, value) in &mut fields {
        walk.value(value, None);
    }
    walk.entries(&mut unmapped, None);
    let findings = walk.findings;
    let places = event.values_mut();
    *places.0 = fields;
    *places.1 = unmapped;
    findings
}

struct Numbers<'a> {
    rules: &'a RuleSet,
    tokens: &'a Tokenizer,
    event: &'a mut Event,
    keep: &'a mut dyn FnMut(&str, &str),
    findings: Vec<Finding>,
}

/// A number's rule, and the key above it, whose place the finding tells.
type Above = Option<(Under, Text)>;

impl Numbers<'_> {
    fn entries(&mut self, entries: &mut [(Text, Value)], above: Above) {
        let told = told_name(entries, |text| self.event.resolve(text)).and_then(|name| {
            let under = name_rule(self.rules, self.event.resolve(name))?;
            Some((under, name))
        });
        for (key, value) in entries {
            let name = self.event.resolve(*key);
            let sibling = told.filter(|_| is_value(name));
            let own = || sibling.or_else(|| Some((name_rule(self.rules, name)?, *key)));
            let own = || own().filter(|(own, _)| can_hold(*own, value));
            let above = above.or_else(own);
            self.value(value, above);
        }
    }

    fn value(&mut self, value: &mut Value, above: Above) {
        match value {
            Value::List(items) => items.iter_mut().for_each(|item| self.value(item, above)),
            Value::Map(entries) => self.entries(entries, above),
            Value::Int(_) | Value::Double(_) | Value::Time(_) => self.number(value, above),
            Value::Null | Value::Bool(_) | Value::Text(_) => {}
        }
    }

    fn number(&mut self, value: &mut Value, above: Above) {
        let Some((under, key)) = above else { return };
        let Some(rule) = self.rules.rule(under.rule) else {
            return;
        };
        if matches!(
            under.named.content,
            Content::RandomSecret | Content::Session
        ) {
            return;
        }
        let mut plain = String::new();
        self.event.push_json(value, &mut plain);
        let token = self.tokens.token(plain.as_bytes());
        let marker = Marker::new(rule.kind, token, plain.as_bytes()).to_string();
        (self.keep)(&marker, &plain);
        *value = Value::Text(self.event.push_text(&marker));
        self.findings.push(Finding {
            kind: rule.kind,
            rule: rule.id,
            confidence: rule.confidence,
            layer: String::new(),
            place: Place {
                start: key.start(),
                end: key.end(),
            },
        });
    }
}

/// The text that tells what the entry beside it is the value of: `db.password` in
/// `{"key":"db.password","value":…}`.
fn told_name<'a>(entries: &[(Text, Value)], resolve: impl Fn(Text) -> &'a str) -> Option<Text> {
    const NAMES: [&str; 4] = ["key", "name", "header", "field"];
    let is_name = |key: &str| NAMES.iter().any(|name| key.eq_ignore_ascii_case(name));
    entries.iter().find_map(|(key, value)| {
        let told = value.as_text()?;
        is_name(resolve(*key)).then_some(told)
    })
}

/// Whether `value` may be what the rule's name holds: several secrets are a list or a map.
const fn can_hold(under: Under, value: &Value) -> bool {
    under.named.holds_one() || matches!(value, Value::List(_) | Value::Map(_))
}

/// Whether an entry of this name holds what its sibling names.
fn is_value(name: &str) -> bool {
    name.eq_ignore_ascii_case("value") || name.eq_ignore_ascii_case("val")
}

/// The rule for which the whole of `name` is the name of a secret.
fn name_rule(rules: &RuleSet, name: &str) -> Option<Under> {
    let mut found = None;
    rules.prefilter().each_hit(name.as_bytes(), |hit| {
        let finder = rules.rule(hit.rule).map(|rule| &rule.finder);
        if let Some(Finder::Named(named)) = finder
            && found.is_none()
            && named.is_key(name.as_bytes(), hit)
        {
            found = Some(Under {
                rule: hit.rule,
                named: *named,
            });
        }
        0
    });
    found
}
