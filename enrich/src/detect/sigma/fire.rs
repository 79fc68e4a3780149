//! When a group of events fires: Sigma's conditions over counts, values and chains.

use rsigma_eval::{CompiledCorrelation, WindowState};
use rsigma_parser::CorrelationType;

use super::memory::{Entry, Group};

/// The value with which `group` meets the condition of `rule`; none where it does not.
pub(super) fn fires(rule: &CompiledCorrelation, group: &Group) -> Option<f64> {
    let value = match rule.correlation_type {
        // Of a count of values, an entry is a value.
        CorrelationType::EventCount => count(group.entries().len()),
        CorrelationType::ValueCount => count(distinct(group)),
        CorrelationType::Temporal if rule.extended_expr.is_some() => return said(rule, group),
        CorrelationType::Temporal => count(fired(rule, group)),
        CorrelationType::TemporalOrdered => {
            if rule.extended_expr.is_some() {
                said(rule, group)?;
            }
            if is_in_order(rule, group) {
                count(rule.rule_refs.len())
            } else {
                0.0
            }
        }
        CorrelationType::ValueSum
        | CorrelationType::ValueAvg
        | CorrelationType::ValuePercentile
        | CorrelationType::ValueMedian => return measured(rule, group),
    };
    rule.condition.check(value).then_some(value)
}

/// How many different values there are.
fn distinct(group: &Group) -> usize {
    let mut values: Vec<u64> = group.entries().map(|one| one.value).collect();
    values.sort_unstable();
    values.dedup();
    values.len()
}

/// How many of the rules have matched.
fn fired(rule: &CompiledCorrelation, group: &Group) -> usize {
    let has_fired = |input: &u16| group.entries().any(|one| one.input == *input);
    (0_u16..)
        .take(rule.rule_refs.len())
        .filter(has_fired)
        .count()
}

/// Whether the rules have matched one after the other: the earliest match of each that comes after that
/// of the one ahead of it. Of equal times the order of arrival counts: of a sender whose clock is ahead,
/// all that comes in one batch happened when it was received.
fn is_in_order(rule: &CompiledCorrelation, group: &Group) -> bool {
    let mut from = None;
    (0_u16..).take(rule.rule_refs.len()).all(|input| {
        let entries = group.entries().enumerate();
        let places = entries.filter(|(_, one)| one.input == input);
        let places = places.map(|(arrival, one)| Some((one.at, one.value, arrival)));
        let next = places.filter(|place| *place > from).min();
        from = next.unwrap_or(from);
        next.is_some()
    })
}

/// What the correlation's own expression over its rules says.
fn said(rule: &CompiledCorrelation, group: &Group) -> Option<f64> {
    let mut window = WindowState::new_for(CorrelationType::Temporal);
    for one in group.entries() {
        if let Some(name) = rule.rule_refs.get(usize::from(one.input)) {
            window.push_temporal(one.at, name);
        }
    }
    let expression = rule.extended_expr.as_ref();
    window.check_condition(
        &rule.condition,
        CorrelationType::Temporal,
        &rule.rule_refs,
        expression,
    )
}

/// A sum, an average, a percentile or a median.
fn measured(rule: &CompiledCorrelation, group: &Group) -> Option<f64> {
    let mut window = WindowState::new_for(rule.correlation_type);
    let numbers = group.entries().map(|one: &Entry| (one.at, one.value));
    numbers.for_each(|(at, bits)| window.push_numeric(at, f64::from_bits(bits)));
    let value = window.check_condition(&rule.condition, rule.correlation_type, &[], None)?;
    // Of a percentile rsigma tells the value, whatever the condition says.
    rule.condition.check(value).then_some(value)
}

/// Counts are small.
#[expect(
    clippy::cast_precision_loss,
    reason = "a group has far fewer entries than 2^52"
)]
const fn count(number: usize) -> f64 {
    number as f64
}
