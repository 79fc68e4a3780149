//! Which rules an event could match at all, found out in one pass over its values.
//!
//! Of each rule it is known what an event needs to have before the rule can match it. The gate asks an
//! event for each value once, the cheap ones first, and goes on with the rules that are left; those
//! left at the end are evaluated by rsigma. rsigma has an index of its own, but that goes by one need
//! of each rule, and takes a regular expression for the mere presence of its field: of agents'
//! commands, which dozens of rules look at by regular expressions, it let most rules pass.

mod bits;
mod field;
mod literal;
mod needs;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use rsigma_eval::CompiledRule;

use self::field::{Draft, Field, Met, OWN_NEEDS, Use, Which};
use self::needs::{Need, needs, only_field, rank};
use crate::detect::name_table::{Known, NameTable};
use crate::detect::names::{Derived, Origin};
use crate::detect::view::View;

pub(super) use self::bits::Bits;

/// What rules need of an event.
pub(super) struct Gate {
    fields: Vec<Field>,
    /// Rules with a need that several fields can meet.
    mixed: Bits,
}

impl Gate {
    /// The gate of `rules`.
    pub(super) fn new<'a>(rules: impl Iterator<Item = &'a CompiledRule>) -> Self {
        let mut drafts = Drafts::default();
        for (position, rule) in rules.enumerate() {
            let mut needs = needs(rule);
            needs.sort_by_key(rank);
            for need in needs {
                drafts.add(position, need);
            }
        }
        drafts.finish()
    }

    /// Leaves those of `rules` that the event could match.
    pub(super) fn sift(&self, view: &View<'_>, rules: &mut Bits) {
        let mut met = Met::none(rules);
        for field in &self.fields {
            if field.concerns(rules) {
                field.sift(view, rules, &mut met);
            }
        }
        rules.retain_met(&self.mixed, &met.mixed);
    }
}

/// A gate in the making.
struct Drafts {
    names: NameTable,
    /// By name: the position in `fields`. Several names may stand for the same value.
    positions: HashMap<Option<String>, usize>,
    fields: Vec<(Option<String>, Draft)>,
    /// How many needs a rule has of a field alone.
    own: HashMap<(usize, usize), usize>,
    mixed: Bits,
}

impl Default for Drafts {
    fn default() -> Self {
        Self {
            names: NameTable::new(),
            positions: HashMap::new(),
            fields: Vec::new(),
            own: HashMap::new(),
            mixed: Bits::default(),
        }
    }
}

impl Drafts {
    /// Adds a need of a rule, the best first; one too many is left out.
    fn add(&mut self, rule: usize, need: Need) {
        let which = match only_field(&need).cloned() {
            Some(field) => {
                let position = self.position(field);
                let count = self.own.entry((rule, position)).or_default();
                *count += 1;
                Which::Own(*count - 1)
            }
            None if self.mixed.has(rule) => return,
            None => {
                self.mixed.insert(rule);
                Which::Mixed
            }
        };
        if matches!(which, Which::Own(OWN_NEEDS..)) {
            return;
        }
        for sign in need {
            let position = self.position(sign.field.clone());
            if let Some((_, draft)) = self.fields.get_mut(position) {
                draft.add(sign, Use { rule, which });
            }
        }
    }

    fn position(&mut self, name: Option<String>) -> usize {
        if let Some(position) = self.positions.get(&name) {
            return *position;
        }
        let known = self.known(name.as_deref());
        let is_same = |other: &Option<String>| {
            known.is_some_and(|known| !known.or_attribute) && self.known(other.as_deref()) == known
        };
        let same = self.fields.iter().position(|(other, _)| is_same(other));
        let position = same.unwrap_or_else(|| {
            self.fields.push((name.clone(), Draft::default()));
            self.fields.len() - 1
        });
        self.positions.insert(name, position);
        position
    }

    fn known(&self, name: Option<&str>) -> Option<Known> {
        self.names.get(name?)
    }

    fn finish(mut self) -> Gate {
        let mut fields = std::mem::take(&mut self.fields);
        fields.sort_by_key(|(name, draft)| {
            let (has_texts, rules) = draft.weight();
            (
                self.cost(name.as_deref()),
                has_texts,
                std::cmp::Reverse(rules),
            )
        });
        let fields = fields.into_iter().map(|(name, draft)| {
            draft.finish(name.map(|name| {
                let known = self.names.get(&name);
                (name, known)
            }))
        });
        Gate {
            fields: fields.collect(),
            mixed: self.mixed,
        }
    }

    /// How dear it is to ask an event for the value, roughly.
    fn cost(&self, name: Option<&str>) -> u8 {
        let Some(name) = name else {
            return 4;
        };
        let Some(known) = self.names.get(name) else {
            return if name.starts_with("tool.arguments.") {
                3
            } else {
                2
            };
        };
        match known.origin {
            _ if known.or_attribute => 2,
            Origin::Columns(_)
            | Origin::Session(_)
            | Origin::Models(_)
            | Origin::Derived(
                Derived::EventKind
                | Derived::ToolName
                | Derived::HookTool
                | Derived::Status
                | Derived::Initiated,
            ) => 0,
            Origin::Derived(Derived::UrlExtension | Derived::PathAndQuery) => 1,
            Origin::Derived(
                Derived::Domains
                | Derived::Findings
                | Derived::Programs
                | Derived::SendsTo
                | Derived::UploadsTo
                | Derived::UrlData
                | Derived::Lookups
                | Derived::Answers,
            ) => 3,
        }
    }
}
