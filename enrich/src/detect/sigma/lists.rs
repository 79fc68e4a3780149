//! Puts the configured lists into rules: `field|expand: '%name%'`.

use std::collections::BTreeMap;

use rsigma_parser::{Detection, DetectionItem, Detections, Modifier, SigmaString, SigmaValue};

/// Values by the name of their list.
pub type DetectLists = BTreeMap<String, Vec<String>>;

/// Stands for a list without values: no text of an event is this.
const NOTHING: &str = "\u{0}no value";

/// Puts the values of lists where their names stand; returns the names of lists that are not
/// configured. Such a list has no values, so that it lets nothing pass.
pub(super) fn expand(detections: &mut Detections, lists: &DetectLists) -> Vec<String> {
    let mut missing = Vec::new();
    for detection in detections.named.values_mut() {
        expand_one(detection, lists, &mut missing);
    }
    missing
}

fn expand_one(detection: &mut Detection, lists: &DetectLists, missing: &mut Vec<String>) {
    match detection {
        Detection::AllOf(items) => {
            for item in items {
                expand_item(item, lists, missing);
            }
        }
        Detection::AnyOf(inner) | Detection::And(inner) => {
            for detection in inner {
                expand_one(detection, lists, missing);
            }
        }
        Detection::ArrayMatch { body, .. } => expand_one(body, lists, missing),
        Detection::Conditional { named, .. } => {
            for detection in named.values_mut() {
                expand_one(detection, lists, missing);
            }
        }
        Detection::Keywords(_) => {}
    }
}

fn expand_item(item: &mut DetectionItem, lists: &DetectLists, missing: &mut Vec<String>) {
    if !item.field.modifiers.contains(&Modifier::Expand) {
        return;
    }
    item.field.modifiers.retain(|one| *one != Modifier::Expand);
    let is_place = |name: &String| name.starts_with("destination.");
    let is_place = item.field.name.as_ref().is_some_and(is_place);
    let mut values = Vec::new();
    for value in std::mem::take(&mut item.values) {
        match list_name(&value) {
            None => values.push(value),
            Some(name) => match lists.get(&name) {
                Some(list) => values.extend(
                    list.iter()
                        .map(|one| {
                            if is_place {
                                ascii_name(one)
                            } else {
                                one.clone()
                            }
                        })
                        .map(|one| SigmaValue::String(SigmaString::from_raw(&one))),
                ),
                None => missing.push(name),
            },
        }
    }
    if values.is_empty() {
        values.push(SigmaValue::String(SigmaString::from_raw(NOTHING)));
    }
    item.values = values;
}

/// The ASCII form of an international domain name, in which events have it (RFC 3490, WHATWG URL).
fn ascii_name(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    match url::Host::parse(name) {
        Ok(url::Host::Domain(domain)) => domain,
        Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) | Err(_) => name.to_owned(),
    }
}

/// `%name%` names a list.
fn list_name(value: &SigmaValue) -> Option<String> {
    match value {
        SigmaValue::String(text) => {
            let name = text.original.strip_prefix('%')?.strip_suffix('%')?;
            (!name.contains('%')).then(|| name.to_owned())
        }
        SigmaValue::Integer(_) | SigmaValue::Float(_) | SigmaValue::Bool(_) | SigmaValue::Null => {
            None
        }
    }
}
