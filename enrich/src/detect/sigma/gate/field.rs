//! What rules need of one value of an event.

use std::borrow::Cow;
use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use rsigma_eval::{CompiledMatcher, EventValue};

use super::bits::Bits;
use super::literal::fold;
use super::needs::{Sign, Test};
use crate::detect::name_table::Known;
use crate::detect::sigma::seen::value;
use crate::detect::view::View;

/// So many needs of a rule may be of one field alone. Of more, the weakest are not looked at.
pub(super) const OWN_NEEDS: usize = 2;

/// Parts of texts up to so many bytes in all are searched for by a full table: twice as fast, some
/// hundred bytes of memory for each of theirs.
const MAX_TABLE_BYTES: usize = 32 * 1024;

/// A need of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    /// The rule's position.
    pub(super) rule: usize,
    /// Which of its needs.
    pub(super) which: Which,
}

/// Which need of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// One of those that one field alone can meet.
    Own(usize),
    /// The one that several fields can meet.
    Mixed,
}

/// What rules need of one field, on the way to [`Field`].
#[derive(Default)]
pub(super) struct Draft {
    rules: Bits,
    needing: [Bits; OWN_NEEDS],
    present: Vec<Use>,
    is: HashMap<String, Vec<Use>>,
    has: HashMap<String, Vec<Use>>,
    passes: Vec<(CompiledMatcher, Use)>,
}

/// What rules need of one field.
pub(super) struct Field {
    /// Its name, and what is known of that; none for any text of the event.
    name: Option<(String, Option<Known>)>,
    /// Those that need something of it.
    rules: Bits,
    /// Those that need something of it alone.
    needing: [Bits; OWN_NEEDS],
    present: Vec<Use>,
    is: HashMap<String, Vec<Use>>,
    /// Length of the longest text in `is`.
    longest_is: usize,
    has: Option<Parts>,
    passes: Vec<(CompiledMatcher, Use)>,
}

/// Parts of texts, and who needs them.
struct Parts {
    finder: AhoCorasick,
    uses: Vec<Vec<Use>>,
}

/// Needs that an event meets.
pub(super) struct Met {
    /// Of the field at hand.
    own: [Bits; OWN_NEEDS],
    /// Of all fields.
    pub(super) mixed: Bits,
}

impl Met {
    /// None met yet, with room for `rules`.
    pub(super) fn none(rules: &Bits) -> Self {
        let empty = || Bits::with_capacity_of(rules);
        Self {
            own: std::array::from_fn(|_| empty()),
            mixed: empty(),
        }
    }

    fn mark(&mut self, uses: &[Use]) {
        for one in uses {
            match one.which {
                Which::Own(which) => {
                    if let Some(own) = self.own.get_mut(which) {
                        own.insert(one.rule);
                    }
                }
                Which::Mixed => self.mixed.insert(one.rule),
            }
        }
    }
}

impl Draft {
    /// Adds one way to meet a need.
    pub(super) fn add(&mut self, sign: Sign, one: Use) {
        self.rules.insert(one.rule);
        if let Which::Own(which) = one.which
            && let Some(needing) = self.needing.get_mut(which)
        {
            needing.insert(one.rule);
        }
        match sign.test {
            Test::Present => self.present.push(one),
            Test::Is(text) => self.is.entry(text).or_default().push(one),
            Test::Has(text) => self.has.entry(text).or_default().push(one),
            Test::Passes(matcher) => self.passes.push((matcher, one)),
        }
    }

    /// How long looking at texts of the field takes, and how many rules it concerns.
    pub(super) fn weight(&self) -> (bool, usize) {
        (!self.has.is_empty(), self.rules.iter().count())
    }

    /// Ready to look at events.
    pub(super) fn finish(mut self, name: Option<(String, Option<Known>)>) -> Field {
        let has = Parts::new(&self.has);
        if has.is_none() {
            // What cannot be searched for is as good as met.
            self.present.extend(self.has.into_values().flatten());
        }
        Field {
            name,
            rules: self.rules,
            needing: self.needing,
            present: self.present,
            longest_is: self.is.keys().map(String::len).max().unwrap_or(0),
            is: self.is,
            has,
            passes: self.passes,
        }
    }
}

impl Parts {
    fn new(has: &HashMap<String, Vec<Use>>) -> Option<Self> {
        let mut parts: Vec<_> = has.iter().collect();
        parts.sort_unstable_by_key(|(part, _)| part.as_str());
        let bytes: usize = parts.iter().map(|(part, _)| part.len()).sum();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .kind((bytes <= MAX_TABLE_BYTES).then_some(AhoCorasickKind::DFA))
            .build(parts.iter().map(|(part, _)| part))
            .ok()?;
        let uses = parts.into_iter().map(|(_, uses)| uses.clone()).collect();
        Some(Self { finder, uses })
    }
}

impl Field {
    /// Whether any of `rules` needs something of it.
    pub(super) fn concerns(&self, rules: &Bits) -> bool {
        self.rules.meets(rules)
    }

    /// Takes those away from `rules` that need of it what the event does not have.
    pub(super) fn sift(&self, view: &View<'_>, rules: &mut Bits, met: &mut Met) {
        met.own.iter_mut().for_each(Bits::clear);
        match &self.name {
            Some((name, known)) => {
                if let Some(seen) = view.look(name, *known) {
                    self.value(view, &value(seen), met);
                }
            }
            None => {
                view.any_text(&mut |text| {
                    met.mark(&self.present);
                    self.text(text, met);
                    false
                });
            }
        }
        for (needing, met) in self.needing.iter().zip(&met.own) {
            rules.retain_met(needing, met);
        }
    }

    fn value(&self, view: &View<'_>, value: &EventValue<'_>, met: &mut Met) {
        met.mark(&self.present);
        if !self.is.is_empty() || self.has.is_some() {
            self.texts(value, met);
        }
        for (matcher, one) in &self.passes {
            if matcher.matches(value, view) {
                met.mark(std::slice::from_ref(one));
            }
        }
    }

    /// The texts that rsigma's string matchers look at.
    fn texts(&self, value: &EventValue<'_>, met: &mut Met) {
        match value {
            EventValue::Str(text) => self.text(text, met),
            EventValue::Int(number) => self.text(&number.to_string(), met),
            EventValue::Float(number) => self.text(&number.to_string(), met),
            EventValue::Bool(true) => self.text("true", met),
            EventValue::Bool(false) => self.text("false", met),
            EventValue::Array(items) => items.iter().for_each(|item| self.texts(item, met)),
            EventValue::Null | EventValue::Map(_) => {}
        }
    }

    fn text(&self, text: &str, met: &mut Met) {
        let text = if text.is_ascii() {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(fold(text))
        };
        if text.len() <= self.longest_is {
            let uses = if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                self.is.get(&text.to_ascii_lowercase())
            } else {
                self.is.get(text.as_ref())
            };
            met.mark(uses.map(Vec::as_slice).unwrap_or_default());
        }
        if let Some(parts) = &self.has {
            for found in parts.finder.find_overlapping_iter(text.as_ref()) {
                let uses = parts.uses.get(found.pattern().as_usize());
                met.mark(uses.map(Vec::as_slice).unwrap_or_default());
            }
        }
    }
}
