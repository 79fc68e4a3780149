//! What a correlation asks for that says nothing of it.

use rsigma_parser::{ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType};

/// Lets a temporal correlation without a condition ask for all of its rules, as the specification has
/// it: rsigma reads one match of any as enough.
pub(super) fn ask_for_all(rule: &mut CorrelationRule, text: &str) {
    let is_temporal = matches!(
        rule.correlation_type,
        CorrelationType::Temporal | CorrelationType::TemporalOrdered
    );
    let is_asked = || {
        let text = text.chars();
        let text = text.filter(|next| !next.is_whitespace() && !"'\"".contains(*next));
        let text: String = text.collect();
        let mut after = text.split("gte:1").skip(1);
        after.any(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
    };
    if let CorrelationCondition::Threshold {
        predicates, field, ..
    } = &mut rule.condition
        && is_temporal
        && field.is_none()
        && *predicates == [(ConditionOperator::Gte, 1)]
        && !is_asked()
    {
        *predicates = vec![(ConditionOperator::Gte, rule.rules.len() as u64)];
    }
}
