//! What must be so of an event before a rule can match it.
//!
//! It may always be less than the rule asks for, never more: a need that does not follow from what
//! rsigma's evaluator does would lose matches. So negations need nothing, and a matcher that is not
//! understood needs its field only.

use std::collections::HashMap;

use rsigma_eval::matcher::GroupMode;
use rsigma_eval::{CompiledDetection, CompiledDetectionItem, CompiledMatcher, CompiledRule};
use rsigma_parser::{ArrayQuantifier, ConditionExpr, Quantifier};

use super::literal::{fold, required};

/// One of these must be so.
pub(super) type Need = Vec<Sign>;

/// Something that may be so of an event.
#[derive(Debug, Clone)]
pub(super) struct Sign {
    /// The name of the value; none for any text of the event.
    pub(super) field: Option<String>,
    /// What it must be like.
    pub(super) test: Test,
}

/// What a value must be like, or one of several values.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// It is this text, once folded.
    Is(String),
    /// It holds this text, once folded.
    Has(String),
    /// The matcher takes it.
    Passes(CompiledMatcher),
    /// It is there.
    Present,
}

/// Names whose values many events share.
const COARSE: [&str; 5] = [
    "action",
    "event.name",
    "magistrate.path_class",
    "status",
    "tool.class",
];
/// From this length on, few texts hold a text.
const LONG: usize = 6;

impl Sign {
    /// How many events it lets pass: the less, the better.
    fn rank(&self) -> u8 {
        match &self.test {
            Test::Has(part) if part.len() >= LONG => 0,
            Test::Is(_) if self.is_coarse() => 3,
            Test::Is(_) => 1,
            Test::Has(part) if part.len() > 2 => 2,
            Test::Passes(_) => 3,
            Test::Has(_) => 4,
            Test::Present => 5,
        }
    }

    fn is_coarse(&self) -> bool {
        let field = self.field.as_deref();
        field.is_some_and(|field| COARSE.contains(&field))
    }
}

/// How many events a need lets pass: as many as its weakest sign, and the fewer signs the better.
pub(super) fn rank(need: &Need) -> (u8, usize) {
    let weakest = need.iter().map(Sign::rank).max();
    (weakest.unwrap_or(u8::MAX), need.len())
}

/// The one field that all signs are of; none where there are several.
pub(super) fn only_field(need: &Need) -> Option<&Option<String>> {
    let field = &need.first()?.field;
    need.iter()
        .all(|sign| sign.field == *field)
        .then_some(field)
}

type Detections = HashMap<String, CompiledDetection>;

/// All that must be so of an event before `rule` can match it.
pub(super) fn needs(rule: &CompiledRule) -> Vec<Need> {
    let conditions = rule.conditions.iter();
    one_of(conditions.map(|condition| of_condition(condition, &rule.detections)))
}

/// All of the parts must hold: so must all that each needs.
fn all_of(parts: impl Iterator<Item = Vec<Need>>) -> Vec<Need> {
    parts.flatten().collect()
}

/// One of the parts must hold, whichever. Of each field that all of them look at, the best that each
/// needs of it; and the best that each needs of any.
fn one_of(parts: impl Iterator<Item = Vec<Need>>) -> Vec<Need> {
    let parts: Vec<_> = parts.collect();
    let [first, others @ ..] = parts.as_slice() else {
        return Vec::new();
    };
    if others.is_empty() {
        return first.clone();
    }
    let mut fields: Vec<_> = first.iter().filter_map(only_field).collect();
    fields.sort();
    fields.dedup();
    let of_field = fields.into_iter().filter_map(|field| {
        let is_of_it = |need: &&Need| only_field(need) == Some(field);
        union(&parts, |needs| {
            needs.iter().filter(is_of_it).min_by_key(|need| rank(need))
        })
    });
    let mut needs: Vec<Need> = of_field.collect();
    let best = union(&parts, |needs| needs.iter().min_by_key(|need| rank(need)));
    needs.extend(best.filter(|best| only_field(best).is_none()));
    needs
}

/// What is picked of each part, together; none where nothing is picked of one.
fn union<'a>(
    parts: &'a [Vec<Need>],
    pick: impl Fn(&'a Vec<Need>) -> Option<&'a Need>,
) -> Option<Need> {
    let picked: Option<Vec<_>> = parts.iter().map(pick).collect();
    Some(picked?.into_iter().flatten().cloned().collect())
}

fn of_condition(condition: &ConditionExpr, detections: &Detections) -> Vec<Need> {
    match condition {
        ConditionExpr::Identifier(name) => {
            detections.get(name).map(of_detection).unwrap_or_default()
        }
        ConditionExpr::And(parts) => {
            all_of(parts.iter().map(|part| of_condition(part, detections)))
        }
        ConditionExpr::Or(parts) => one_of(parts.iter().map(|part| of_condition(part, detections))),
        ConditionExpr::Not(_) => Vec::new(),
        ConditionExpr::Selector {
            quantifier,
            pattern,
        } => {
            let named = detections.iter();
            let chosen = named.filter(|(name, _)| pattern.matches_detection_name(name));
            let parts = chosen.map(|(_, detection)| of_detection(detection));
            match quantifier {
                Quantifier::Count(0) => Vec::new(),
                Quantifier::All => all_of(parts),
                Quantifier::Any | Quantifier::Count(_) => one_of(parts),
            }
        }
    }
}

fn of_detection(detection: &CompiledDetection) -> Vec<Need> {
    match detection {
        CompiledDetection::AllOf(items) => all_of(items.iter().map(of_item)),
        CompiledDetection::AnyOf(parts) => one_of(parts.iter().map(of_detection)),
        CompiledDetection::And(parts) => all_of(parts.iter().map(of_detection)),
        CompiledDetection::Keywords(matcher) => of_matcher(matcher, None),
        CompiledDetection::ArrayMatch {
            field, quantifier, ..
        } => match quantifier {
            ArrayQuantifier::Any | ArrayQuantifier::All => vec![present(field)],
            // An array that is not there will do.
            ArrayQuantifier::AllOrEmpty | ArrayQuantifier::None => Vec::new(),
        },
        CompiledDetection::Conditional { .. } => Vec::new(),
    }
}

fn of_item(item: &CompiledDetectionItem) -> Vec<Need> {
    let Some(field) = &item.field else {
        return of_matcher(&item.matcher, None);
    };
    match item.exists {
        Some(false) => return Vec::new(),
        Some(true) => return vec![present(field)],
        None => {}
    }
    // The one matcher that a missing value passes.
    if matches!(item.matcher, CompiledMatcher::Null) {
        return Vec::new();
    }
    let needs = of_matcher(&item.matcher, Some(field));
    if needs.is_empty() {
        return vec![present(field)];
    }
    needs
}

fn present(field: &str) -> Need {
    vec![sign(Some(field), Test::Present)]
}

fn sign(field: Option<&str>, test: Test) -> Sign {
    Sign {
        field: field.map(str::to_owned),
        test,
    }
}

fn of_matcher(matcher: &CompiledMatcher, field: Option<&str>) -> Vec<Need> {
    let has = |text: &str, case_insensitive: bool| {
        let text = folded(text, case_insensitive)?;
        Some(vec![sign(field, Test::Has(text))])
    };
    match matcher {
        CompiledMatcher::Exact {
            value,
            case_insensitive,
        } => match (field, folded(value, *case_insensitive)) {
            (Some(_), Some(text)) => vec![vec![sign(field, Test::Is(text))]],
            (None, Some(text)) => vec![vec![sign(field, Test::Has(text))]],
            (_, None) => Vec::new(),
        },
        CompiledMatcher::Contains {
            value,
            case_insensitive,
        }
        | CompiledMatcher::StartsWith {
            value,
            case_insensitive,
        }
        | CompiledMatcher::EndsWith {
            value,
            case_insensitive,
        } => has(value, *case_insensitive).into_iter().collect(),
        CompiledMatcher::AhoCorasickSet {
            needles,
            case_insensitive,
            ..
        } => one_of(needles.iter().map(|needle| {
            let need = has(needle, *case_insensitive);
            need.into_iter().collect()
        })),
        CompiledMatcher::Regex(regex) => of_regex(regex.as_str(), field),
        CompiledMatcher::RegexSetMatch { set, mode } => {
            let parts = set.patterns().iter().map(|one| of_regex(one, field));
            grouped(*mode, parts)
        }
        CompiledMatcher::AnyOf(parts) => one_of(parts.iter().map(|part| of_matcher(part, field))),
        CompiledMatcher::AllOf(parts) => all_of(parts.iter().map(|part| of_matcher(part, field))),
        CompiledMatcher::CaseInsensitiveGroup { children, mode } => {
            grouped(*mode, children.iter().map(|part| of_matcher(part, field)))
        }
        CompiledMatcher::NumericEq(_)
        | CompiledMatcher::NumericGt(_)
        | CompiledMatcher::NumericGte(_)
        | CompiledMatcher::NumericLt(_)
        | CompiledMatcher::NumericLte(_)
        | CompiledMatcher::BoolEq(_)
        | CompiledMatcher::Cidr(_) => {
            let test = Test::Passes(matcher.clone());
            let need = field.map(|field| vec![sign(Some(field), test)]);
            need.into_iter().collect()
        }
        CompiledMatcher::Exists(_)
        | CompiledMatcher::FieldRef { .. }
        | CompiledMatcher::Null
        | CompiledMatcher::Expand { .. }
        | CompiledMatcher::TimestampPart { .. }
        | CompiledMatcher::Not(_) => Vec::new(),
    }
}

fn grouped(mode: GroupMode, parts: impl Iterator<Item = Vec<Need>>) -> Vec<Need> {
    match mode {
        GroupMode::Any => one_of(parts),
        GroupMode::All => all_of(parts),
    }
}

fn of_regex(pattern: &str, field: Option<&str>) -> Vec<Need> {
    let texts = required(pattern).map(|texts| {
        let signs = texts.into_iter();
        signs.map(|text| sign(field, Test::Has(text))).collect()
    });
    texts.into_iter().collect()
}

/// A text to look for in folded ones; none where folding would change what it is found in.
fn folded(text: &str, case_insensitive: bool) -> Option<String> {
    let is_faithful = case_insensitive || text.is_ascii();
    (!text.is_empty() && is_faithful).then(|| fold(text))
}
