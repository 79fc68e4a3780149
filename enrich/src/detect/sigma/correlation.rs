//! A correlation as it runs: which rules it looks at, how it groups, and when a group fires.

use magistrate_event::EventUid;
use rsigma_eval::correlation::compile_correlation;
use rsigma_eval::{CompiledCorrelation, CorrelationAction, EvalError, Event as _, EventValue};
use rsigma_parser::{CorrelationRule, CorrelationType, SigmaRule};

use super::memory::{Entry, GroupKey, When};
use super::written;
use crate::detect::view::View;

/// A correlation, and what in it a rule counts as.
#[derive(Debug)]
pub(super) struct Correlation {
    pub(super) rule: CompiledCorrelation,
    /// Its id, and what it looks at: the groups of a correlation that was changed are others.
    identity: Vec<u8>,
    /// Correlations that look at this one.
    pub(super) parents: Vec<Parent>,
}

/// What a rule is to a correlation that looks at it.
#[derive(Debug)]
pub(super) struct Watch {
    /// The correlation, by position.
    pub(super) correlation: usize,
    /// The rule's place among those that the correlation looks at.
    input: u16,
    /// The fields of the rule's events that the correlation groups by.
    fields: Vec<String>,
}

/// What a correlation is to another one that looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parent {
    /// The other one, by position.
    pub(super) correlation: usize,
    /// The place among those that it looks at.
    pub(super) input: u16,
}

/// The fields that a correlation groups by, and their values where those are plain.
pub(super) type Values = Vec<Option<String>>;

impl Correlation {
    /// Compiles `rule`.
    ///
    /// # Errors
    /// When it asks for what no correlation can do.
    pub(super) fn compile(rule: &CorrelationRule) -> Result<Self, EvalError> {
        if rule.rules.len() > usize::from(u16::MAX) {
            let told = format!("looks at more than {} rules", u16::MAX);
            return Err(EvalError::CorrelationError(told));
        }
        let compiled = compile_correlation(rule)?;
        let mut identity = Vec::new();
        push_text(rule.id.as_deref().unwrap_or_default(), &mut identity);
        push_text(compiled.correlation_type.as_str(), &mut identity);
        for name in &compiled.rule_refs {
            push_text(name, &mut identity);
        }
        Ok(Self {
            rule: compiled,
            identity: blake3::hash(&identity).as_bytes().to_vec(),
            parents: Vec::new(),
        })
    }

    /// Finds out which of `all` look at which.
    pub(super) fn join(all: &mut [Self]) {
        let mut parents: Vec<Vec<Parent>> = Vec::new();
        for child in all.iter() {
            let names = [child.rule.id.as_deref(), child.rule.name.as_deref()];
            let looking = all.iter().enumerate().flat_map(|(correlation, parent)| {
                inputs(&parent.rule, names).map(move |input| Parent { correlation, input })
            });
            parents.push(looking.collect());
        }
        for (correlation, parents) in all.iter_mut().zip(parents) {
            correlation.parents = parents;
        }
    }

    /// What `rule` is to the correlation `written`, which lies at `position`.
    pub(super) fn watch(
        &self,
        position: usize,
        written: &CorrelationRule,
        rule: &SigmaRule,
    ) -> Option<Watch> {
        // A rule's own id goes before its name.
        let names = [rule.id.as_deref(), rule.name.as_deref()];
        let own = names.into_iter().flatten();
        let input = own.filter_map(|name| inputs(&self.rule, [Some(name), None]).next());
        Some(Watch {
            correlation: position,
            input: input.take(1).next()?,
            fields: written::group_fields(written, rule).collect(),
        })
    }

    /// What of an event that `watch` is about is remembered, and in which group. None for an event
    /// without what the correlation groups by: it belongs to no group.
    pub(super) fn entry(
        &self,
        watch: &Watch,
        view: &View<'_>,
        at: When,
    ) -> Option<(Values, Option<Entry>)> {
        let mut values = Vec::with_capacity(watch.fields.len());
        for field in &watch.fields {
            values.push(plain(&view.get_field(field)?));
        }
        let uid = view.uid().unwrap_or(EventUid::from_bytes([0; 16]));
        let entry = |value| Entry {
            at: at.seconds,
            uid: *uid.as_bytes(),
            input: watch.input,
            value,
        };
        Some((values, self.value(view, at).map(entry)))
    }

    /// The group of `values`.
    pub(super) fn key(&self, values: &Values) -> GroupKey {
        let mut bytes = self.identity.clone();
        for value in values {
            bytes.push(u8::from(value.is_some()));
            push_text(value.as_deref().unwrap_or_default(), &mut bytes);
        }
        let hash = blake3::hash(&bytes);
        let mut key = [0; 16];
        key.iter_mut()
            .zip(hash.as_bytes())
            .for_each(|(to, from)| *to = *from);
        GroupKey::from_bytes(key)
    }

    /// The fields and values of a group, as an alert tells them.
    pub(super) fn told(&self, values: &Values) -> Vec<(String, String)> {
        let fields = self.rule.group_by.iter().zip(values);
        let told =
            fields.filter_map(|(field, value)| Some((field.name().to_owned(), value.clone()?)));
        told.collect()
    }

    /// The values by which this one groups, out of what another one told.
    pub(super) fn values_of(&self, told: &[(String, String)]) -> Values {
        let value = |name: &str| {
            let found = told.iter().find(|(field, _)| field == name)?;
            Some(found.1.clone())
        };
        let fields = self.rule.group_by.iter();
        fields.map(|field| value(field.name())).collect()
    }

    /// Whether a group starts anew when it has fired.
    pub(super) fn resets(&self) -> bool {
        self.rule.action.unwrap_or(CorrelationAction::Reset) == CorrelationAction::Reset
    }

    /// Whether it looks at events, rather than at values in them.
    pub(super) const fn counts_events(&self) -> bool {
        matches!(
            self.rule.correlation_type,
            CorrelationType::EventCount
                | CorrelationType::Temporal
                | CorrelationType::TemporalOrdered
        )
    }

    /// How long after an alert a group makes no other one, in seconds.
    pub(super) fn quiet_secs(&self) -> i64 {
        seconds(self.rule.suppress_secs.unwrap_or(0))
    }

    /// Where in its second an event stands, where order counts; else 0.
    pub(super) fn place(&self, at: When) -> u64 {
        let is_ordered = self.rule.correlation_type == CorrelationType::TemporalOrdered;
        if is_ordered { at.micros } else { 0 }
    }

    /// What the event adds to a sum or a count of values; none where it has no such value.
    fn value(&self, view: &View<'_>, at: When) -> Option<u64> {
        let fields = self.rule.condition.field.as_deref().unwrap_or_default();
        match self.rule.correlation_type {
            CorrelationType::EventCount
            | CorrelationType::Temporal
            | CorrelationType::TemporalOrdered => Some(self.place(at)),
            CorrelationType::ValueCount => {
                let mut bytes = Vec::new();
                for field in fields {
                    let value = view.get_field(field)?;
                    let told = match value {
                        EventValue::Null => Some("null".to_owned()),
                        EventValue::Str(_)
                        | EventValue::Int(_)
                        | EventValue::Float(_)
                        | EventValue::Bool(_)
                        | EventValue::Array(_)
                        | EventValue::Map(_) => plain(&value),
                    };
                    push_text(&told?, &mut bytes);
                }
                let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(&bytes).as_bytes();
                (!fields.is_empty()).then_some(u64::from_le_bytes([a, b, c, d, e, f, g, h]))
            }
            CorrelationType::ValueSum
            | CorrelationType::ValueAvg
            | CorrelationType::ValuePercentile
            | CorrelationType::ValueMedian => {
                let value = view.get_field(fields.first()?)?;
                Some(value.as_f64()?.to_bits())
            }
        }
    }
}

/// Where `rule` looks at something that has one of `names`.
fn inputs<'a>(
    rule: &'a CompiledCorrelation,
    names: [Option<&'a str>; 2],
) -> impl Iterator<Item = u16> + 'a {
    let places = (0_u16..).zip(&rule.rule_refs);
    places.filter_map(move |(place, name)| names.contains(&Some(name)).then_some(place))
}

/// A value as texts in a group are compared.
fn plain(value: &EventValue<'_>) -> Option<String> {
    match value {
        EventValue::Str(text) => Some(text.to_string()),
        EventValue::Int(number) => Some(number.to_string()),
        EventValue::Float(number) => Some(number.to_string()),
        EventValue::Bool(flag) => Some(flag.to_string()),
        EventValue::Null | EventValue::Array(_) | EventValue::Map(_) => None,
    }
}

/// Appends a text in such a way that two texts never read as one.
fn push_text(text: &str, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&text.len().to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// A length of time that is added to and taken from times.
pub(super) fn seconds(length: u64) -> i64 {
    i64::try_from(length)
        .unwrap_or(i64::MAX / 4)
        .min(i64::MAX / 4)
}
