//! Our verdicts are those of rsigma's own evaluator on the same event as JSON, all rules in one
//! engine and no index of ours.
//!
//! `MAGISTRATE_SIGMA=FOLDER` names rules to compare beside the shipped ones, such as SigmaHQ's.

use std::collections::BTreeSet;
use std::path::Path;

use magistrate_event::{Class, Event, Field, Timestamp};
use rsigma_eval::{Engine, JsonEvent};
use rsigma_parser::{Detection, DetectionItem, LogSource as SigmaSource, SigmaRule, SigmaValue};
use serde_json::{Map, Value};

use super::written::Written;
use super::{DetectLists, lists};
use crate::detect::name_table::NameTable;
use crate::detect::names::Origin;
use crate::detect::source::Sources;
use crate::detect::view::View;
use crate::detect::{Case, DetectFile, Ruleset, shipped_detections};

/// Knuth's 64-bit congruential generator: the same on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

fn files() -> Vec<DetectFile> {
    let mut files = shipped_detections();
    if let Some(folder) = std::env::var_os("MAGISTRATE_SIGMA") {
        read(Path::new(&folder), &mut files);
    }
    files
}

fn read(path: &Path, files: &mut Vec<DetectFile>) {
    let mut entries: Vec<_> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            read(&path, files);
        } else if path.extension().is_some_and(|end| end == "yml") {
            let text = std::fs::read_to_string(&path).unwrap();
            files.push(DetectFile {
                name: path.display().to_string(),
                text,
            });
        }
    }
}

/// Lists that rules need to be in force; all others have no values.
fn needed_lists() -> DetectLists {
    let names = [
        "admin_accounts",
        "admin_mcp_servers",
        "approved_mcp_servers",
        "approved_skills",
        "service_accounts",
        "service_mcp_servers",
    ];
    names
        .map(|name| (name.to_owned(), vec!["approved".to_owned()]))
        .into()
}

/// The rules as rsigma parses them, with the ids that ours have, keyword rules left out: an event
/// as JSON holds other texts than ours does.
fn parsed(files: &[DetectFile]) -> Vec<SigmaRule> {
    let mut written = Written::default();
    for file in files {
        written.read(&file.name, &file.text);
    }
    let rules = written.rules.into_iter().map(|mut placed| {
        lists::expand(&mut placed.what.detection, &needed_lists());
        super::written::id_of(
            &mut placed.what.id,
            &placed.place,
            &placed.what.title.clone(),
        );
        placed.what
    });
    rules
        .filter(|rule| !rule.detection.named.values().any(has_keywords))
        .collect()
}

fn has_keywords(detection: &Detection) -> bool {
    match detection {
        Detection::Keywords(_) => true,
        Detection::AllOf(items) => items.iter().any(|item| item.field.name.is_none()),
        Detection::AnyOf(inner) | Detection::And(inner) => inner.iter().any(has_keywords),
        Detection::ArrayMatch { .. } | Detection::Conditional { .. } => true,
    }
}

fn items<'a>(detection: &'a Detection, found: &mut Vec<&'a DetectionItem>) {
    match detection {
        Detection::AllOf(all) => found.extend(all),
        Detection::AnyOf(inner) | Detection::And(inner) => {
            for detection in inner {
                items(detection, found);
            }
        }
        Detection::ArrayMatch { .. } | Detection::Conditional { .. } | Detection::Keywords(_) => {}
    }
}

fn items_of(rule: &SigmaRule) -> Vec<&DetectionItem> {
    let mut found = Vec::new();
    for detection in rule.detection.named.values() {
        items(detection, &mut found);
    }
    found
}

/// An event with values that the rule asks for, some of them.
fn event_for(rule: &SigmaRule, rules: &Ruleset, random: &mut Random) -> Option<Event> {
    let mut fields = Map::new();
    let mut asked = items_of(rule);
    asked.sort_by_key(|item| item.field.name.clone());
    for item in asked {
        if random.below(8) == 0 || item.values.is_empty() {
            continue;
        }
        let name = item.field.name.clone()?;
        let value = match &item.values[random.below(item.values.len())] {
            SigmaValue::String(text) => Value::String(text.original.replace(['*', '?', '%'], "x")),
            SigmaValue::Integer(number) => Value::from(*number + 1),
            SigmaValue::Float(number) => Value::from(*number),
            SigmaValue::Bool(flag) => Value::Bool(*flag),
            SigmaValue::Null => continue,
        };
        // More than one needle of a field stand in one text.
        match (fields.get_mut(&name), value) {
            (Some(Value::String(text)), Value::String(more)) => text.push_str(&format!(" {more}")),
            (_, value) => drop(fields.insert(name, value)),
        }
    }
    fields.retain(|name, _| {
        !crate::detect::names::LANGUAGE.iter().any(|one| {
            one.name == name && matches!(one.origin, Origin::Models(_) | Origin::Session(_))
        })
    });
    // A rule over facts and scores alone asks nothing of the event.
    if fields.is_empty() {
        return None;
    }
    let mut event = rules.sample(&fields, Timestamp::default()).ok()?.event;
    dress(&mut event, &rule.logsource);
    Some(event)
}

/// Makes the event one of the log source.
fn dress(event: &mut Event, source: &SigmaSource) {
    let class = match source.category.as_deref() {
        Some("process_creation") => Class::ProcessActivity,
        Some("file_event") => Class::FileActivity,
        Some("proxy" | "webserver") => Class::HttpActivity,
        Some("network_connection" | "firewall") => Class::NetworkActivity,
        Some("dns" | "dns_query") => Class::DnsActivity,
        Some("application") => Class::ApplicationError,
        Some(_) | None => Class::ApiActivity,
    };
    event.classify(class, 1);
    match source.product.as_deref() {
        Some(system @ ("linux" | "windows" | "macos")) => {
            event.set_text(Field::DeviceOsName, system)
        }
        Some(_) | None => event.set_text(Field::Surface, "code"),
    }
    if source.category.as_deref() == Some("action") && event.text(Field::Action).is_none() {
        event.set_text(Field::Action, "other");
    }
}

fn names(rules: &[SigmaRule]) -> BTreeSet<String> {
    let items = rules.iter().flat_map(items_of);
    items.filter_map(|item| item.field.name.clone()).collect()
}

/// The event as JSON: what it has for each name that any rule asks for.
fn json(view: &View<'_>, names: &BTreeSet<String>) -> Value {
    use rsigma_eval::Event as _;
    let filled = names
        .iter()
        .filter_map(|name| Some((name.clone(), view.get_field(name)?.to_json())));
    Value::Object(filled.collect())
}

#[test]
fn verdicts_are_those_of_rsigma_itself() {
    let files = files();
    let loaded = Ruleset::compile(&files, &needed_lists());
    assert_eq!(loaded.faults, []);
    let rules = parsed(&files);
    let (names, table) = (names(&rules), NameTable::new());
    let mut oracle = Engine::new();
    assert_eq!(oracle.add_rules(&rules).len(), 0);
    let known: BTreeSet<_> = rules.iter().filter_map(|rule| rule.id.clone()).collect();
    let sourced: Vec<_> = rules
        .iter()
        .filter(|rule| {
            super::compile::source_of(&rule.logsource)
                .wanted()
                .is_some()
        })
        .collect();
    let mut random = Random(1);
    let (mut events, mut matched) = (0, 0);
    while events < 600 {
        let rule = sourced[random.below(sourced.len())];
        let Some(event) = event_for(rule, &loaded.rules, &mut random) else {
            continue;
        };
        events += 1;
        let hits = loaded.rules.matches(Case::alone(&event));
        let ours: BTreeSet<_> = hits
            .iter()
            .map(|hit| hit.rule.id.clone())
            .filter(|id| known.contains(id))
            .collect();
        let view = View::new(Case::alone(&event), &table);
        let sources = Sources::of(&event);
        let tree = json(&view, &names);
        let results = oracle.evaluate(&JsonEvent::borrow(&tree));
        let theirs: BTreeSet<_> = results
            .iter()
            .filter_map(|result| result.header.rule_id.clone())
            .filter(|id| {
                let of = rules.iter().filter(|rule| rule.id.as_ref() == Some(id));
                let mut wanted = of.map(|rule| super::compile::source_of(&rule.logsource).wanted());
                wanted.any(|wanted| wanted.is_some_and(|wanted| sources.are(&wanted)))
            })
            .collect();
        matched += ours.len();
        assert_eq!(ours, theirs, "{tree}");
    }
    assert!(
        matched > 300,
        "{matched} matches over {events} events show little"
    );
}
