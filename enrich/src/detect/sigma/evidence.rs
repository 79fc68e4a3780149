//! Refuses rules in which more evidence would make a match less likely.

use rsigma_parser::{
    ConditionExpr, Detection, DetectionItem, Detections, Modifier, SelectorPattern, SigmaValue,
    detection_name_matches,
};

use crate::detect::session_names::is_evidence;

/// What is wrong with how `detections` use evidence; nothing where they use none, or use it well.
pub(super) fn faults(detections: &Detections) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, detection) in &detections.named {
        each_item(detection, &mut |item| {
            if let Some(fault) = fault_of_item(item) {
                faults.push(format!("`{name}`: {fault}"));
            }
        });
    }
    for condition in &detections.conditions {
        negated(condition, Sign::Plain, detections, &mut faults);
    }
    faults.sort_unstable();
    faults.dedup();
    faults
}

/// What is wrong with evidence in a filter, which leaves out what it matches.
pub(super) fn faults_of_filter(detections: &Detections) -> Vec<String> {
    let evidence = detections.named.values().filter_map(evidence_in);
    let told = evidence.map(|field| {
        format!(
            "`{field}` is evidence and may not stand in a filter: more of it would loosen a rule"
        )
    });
    told.collect()
}

/// Whether a part of a condition stands under `not`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plain,
    Negated,
}

fn fault_of_item(item: &DetectionItem) -> Option<String> {
    let field = item
        .field
        .name
        .as_deref()
        .filter(|name| is_evidence(name))?;
    let falls = |one: &Modifier| matches!(one, Modifier::Lt | Modifier::Lte | Modifier::Neq);
    let is_absence = item.values.iter().any(|value| match value {
        SigmaValue::Null => true,
        SigmaValue::Bool(flag) => !flag,
        SigmaValue::String(_) | SigmaValue::Integer(_) | SigmaValue::Float(_) => false,
    });
    if item.field.modifiers.iter().any(falls) {
        Some(format!(
            "`{field}` is evidence: ask for `gt` or `gte`, so that more of it never loosens a rule"
        ))
    } else if is_absence {
        Some(format!(
            "`{field}` is evidence: ask for its presence, so that more of it never loosens a rule"
        ))
    } else {
        None
    }
}

fn negated(
    condition: &ConditionExpr,
    sign: Sign,
    detections: &Detections,
    faults: &mut Vec<String>,
) {
    match condition {
        ConditionExpr::And(parts) | ConditionExpr::Or(parts) => {
            for part in parts {
                negated(part, sign, detections, faults);
            }
        }
        ConditionExpr::Not(inner) => {
            let sign = match sign {
                Sign::Plain => Sign::Negated,
                Sign::Negated => Sign::Plain,
            };
            negated(inner, sign, detections, faults);
        }
        ConditionExpr::Identifier(_) | ConditionExpr::Selector { .. } if sign == Sign::Plain => {}
        ConditionExpr::Identifier(name) => {
            faults.extend(detections.named.get(name).and_then(|one| told(name, one)));
        }
        ConditionExpr::Selector { pattern, .. } => {
            let chosen = detections.named.iter().filter(|(name, _)| match pattern {
                SelectorPattern::Them => true,
                SelectorPattern::Pattern(pattern) => detection_name_matches(pattern, name),
            });
            faults.extend(chosen.filter_map(|(name, one)| told(name, one)));
        }
    }
}

fn told(name: &str, detection: &Detection) -> Option<String> {
    let field = evidence_in(detection)?;
    Some(format!(
        "`{name}` stands under `not` in the condition, but `{field}` is evidence: more of it would loosen the rule; ask for facts there"
    ))
}

fn evidence_in(detection: &Detection) -> Option<String> {
    let mut found = None;
    each_item(detection, &mut |item| {
        if let Some(name) = item.field.name.as_deref().filter(|name| is_evidence(name)) {
            found.get_or_insert_with(|| name.to_owned());
        }
    });
    found
}

fn each_item(detection: &Detection, visit: &mut dyn FnMut(&DetectionItem)) {
    match detection {
        Detection::AllOf(items) => items.iter().for_each(visit),
        Detection::AnyOf(inner) | Detection::And(inner) => {
            for detection in inner {
                each_item(detection, visit);
            }
        }
        Detection::ArrayMatch { body, .. } => each_item(body, visit),
        Detection::Conditional { named, .. } => {
            for detection in named.values() {
                each_item(detection, visit);
            }
        }
        Detection::Keywords(_) => {}
    }
}
