//! Compiles checked rules, with the detectors beside them, into the one matcher that all text
//! passes.

use std::collections::HashSet;

use memchr::memmem;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;

use super::ascii::{byte, skip, slice};
use super::cut::least_len;
use super::decode::sign::{self, Of};
use super::detector::{Detectors, Label};
use super::gitleaks::{CUSTOM_CONFIDENCE, CustomRule, CustomRules};
use super::marker::{MARKER_START, MAX_KIND_LEN, is_kind};
use super::merge::By;
use super::named::Named;
use super::names::kept;
use super::prefilter::{Case, Literal, Prefilter};
use super::rule::{Grammar, Method, Pattern, Rule, RuleError, Seat};
use super::shape::{Matcher, Shape};
use super::steps::{Classes, Steps};

/// The compiled rules and the detectors.
#[derive(Debug)]
pub(crate) struct RuleSet {
    rules: Vec<Compiled>,
    classes: Classes,
    detectors: Detectors,
    prefilter: Prefilter,
    /// Rules that look at every text.
    unfiltered: Vec<usize>,
    chunks: memmem::Finder<'static>,
    /// The rule of armoured private keys.
    key_block: Option<usize>,
    /// What is found is called by one of these.
    kinds: HashSet<&'static str>,
}

/// One compiled rule.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) id: &'static str,
    pub(crate) kind: &'static str,
    /// In percent.
    pub(crate) confidence: u8,
    pub(crate) finder: Finder,
}

/// How a compiled rule finds secrets.
#[derive(Debug)]
pub(crate) enum Finder {
    Shape(Box<Shape>),
    Named(Named),
    Grammar(Grammar),
    Custom(Box<CustomRule>),
}

/// Bytes of a compiled pattern: a gitleaks pattern stays far below, a bomb does not compile.
const MAX_NFA_BYTES: usize = 2 * 1024 * 1024;
const MAX_CACHE_BYTES: usize = 256 * 1024;

impl RuleSet {
    /// Compiles `rules`, and puts `custom` ones behind them; `detectors` look at the same texts.
    ///
    /// # Errors
    /// When a pattern does not compile within its limits, or an id stands twice.
    pub(crate) fn compile(
        rules: Vec<Rule>,
        custom: CustomRules,
        detectors: Detectors,
    ) -> Result<Self, RuleError> {
        let mut literals = vec![Literal {
            text: MARKER_START.as_bytes().to_vec(),
            case: Case::Exact,
            rule: rules.len() + custom.len(),
        }];
        let mut ids = HashSet::new();
        let mut classes = Classes::default();
        let mut compiled = Vec::with_capacity(rules.len());
        for (index, rule) in rules.into_iter().enumerate() {
            if !ids.insert(rule.id.clone()) {
                let fault = "another rule has the same id".to_owned();
                return Err(RuleError::Rule {
                    rule: rule.id,
                    fault,
                });
            }
            literals.extend(rule.literals.into_iter().map(|(text, case)| Literal {
                text,
                case,
                rule: index,
            }));
            let finder = finder(&rule.id, rule.method, &mut classes)?;
            compiled.push(Compiled {
                id: kept(&rule.id),
                kind: kept(&rule.kind),
                confidence: rule.confidence,
                finder,
            });
        }
        let mut unfiltered = Vec::new();
        for custom in custom.rules {
            let rule = compiled.len();
            let keywords = custom.keywords().iter().cloned();
            literals.extend(keywords.map(|text| Literal {
                text,
                case: Case::Ignored,
                rule,
            }));
            if custom.keywords().is_empty() {
                unfiltered.push(rule);
            }
            compiled.push(Compiled {
                id: kept(custom.id()),
                kind: kept(custom.kind()),
                confidence: CUSTOM_CONFIDENCE,
                finder: Finder::Custom(Box::new(custom)),
            });
        }
        literals.extend(sign::literals(compiled.len() + 1));
        let first = compiled.len() + 1 + sign::COUNT;
        let names = detectors.internal().literals();
        literals.extend(names.enumerate().map(|(index, (text, case))| Literal {
            text: text.to_vec(),
            case,
            rule: first + index,
        }));
        let key_block = compiled
            .iter()
            .position(|rule| matches!(rule.finder, Finder::Grammar(Grammar::PrivateKey)));
        let kinds = compiled.iter().map(|rule| rule.kind);
        Ok(Self {
            key_block,
            kinds: kinds.chain(detectors.kinds()).collect(),
            rules: compiled,
            classes,
            detectors,
            prefilter: Prefilter::new(literals),
            chunks: memmem::Finder::new("delta"),
            unfiltered,
        })
    }

    /// The rules that look at every text.
    pub(crate) fn unfiltered(&self) -> &[usize] {
        &self.unfiltered
    }

    /// The rule of a hit; `None` says that the hit is the beginning of a marker or the name of an
    /// inner network.
    pub(crate) fn rule(&self, index: usize) -> Option<&Compiled> {
        self.rules.get(index)
    }

    /// What the finder of a stretch calls it.
    pub(crate) fn label(&self, by: By) -> Option<Label> {
        match by {
            By::Rule(index) => self.rules.get(index).map(|rule| Label {
                kind: rule.kind,
                id: rule.id,
            }),
            By::Detector(detector) => self.detectors.label(detector),
        }
    }

    /// The number of the name of an inner network that a hit without a rule stands for; `None` says
    /// that it is the beginning of a marker.
    pub(crate) fn internal_name(&self, hit: usize) -> Option<usize> {
        hit.checked_sub(self.rules.len() + 1 + sign::COUNT)
    }

    /// The rule of armoured private keys, and how sure it is, in percent.
    pub(crate) fn key_block(&self) -> Option<(usize, u8)> {
        let index = self.key_block?;
        Some((index, self.rules.get(index)?.confidence))
    }

    /// The sets of bytes in the steps of patterns.
    pub(crate) const fn classes(&self) -> &Classes {
        &self.classes
    }

    pub(crate) const fn detectors(&self) -> &Detectors {
        &self.detectors
    }

    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    /// The end of the marker without a token whose beginning ends at `at`, as replies have it. Only of
    /// a kind that there is: anything else in its place could be a secret.
    pub(crate) fn placeholder_end(&self, text: &[u8], at: usize) -> Option<usize> {
        let end = skip(text, at, MAX_KIND_LEN, is_kind);
        let kind = std::str::from_utf8(slice(text, at, end)).ok()?;
        let is_one = byte(text, end) == b']' && self.kinds.contains(kind);
        is_one.then_some(end + 1)
    }

    /// What a hit that belongs to no rule and is no marker is a sign of.
    pub(crate) fn sign(&self, index: usize) -> Option<Of> {
        sign::sign(index.checked_sub(self.rules.len() + 1)?)
    }

    /// Finds what the chunks of a stream of model output are named.
    pub(crate) const fn chunks(&self) -> &memmem::Finder<'static> {
        &self.chunks
    }

    pub(crate) const fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }
}

fn finder(id: &str, method: Method, classes: &mut Classes) -> Result<Finder, RuleError> {
    Ok(match method {
        Method::Named(named) => Finder::Named(named),
        Method::Grammar(grammar) => Finder::Grammar(grammar),
        Method::Shape(pattern) => Finder::Shape(Box::new(shape(id, pattern, classes)?)),
    })
}

fn shape(id: &str, pattern: Pattern, classes: &mut Classes) -> Result<Shape, RuleError> {
    let Pattern {
        regex,
        group,
        boundary,
        peek,
        lead,
        window,
        entropy,
        check,
        near,
        allow,
        seat,
    } = pattern;
    let is_whole = seat == Seat::Literal;
    let least_len = least_len(&regex, group, lead).filter(|_| is_whole);
    let allow = whole_pattern(&allow)
        .map(|allow| compile(id, &allow))
        .transpose()?;
    let hir = syntax::parse_with(&regex, &bytes());
    let simple = hir.as_ref().ok().filter(|_| lead == 0);
    let steps = simple.and_then(|hir| Steps::of(hir, classes));
    let groups = hir.map_or(0, |hir| hir.properties().explicit_captures_len());
    let matcher = match steps {
        Some(steps) => Matcher::Steps(steps),
        None => Matcher::Engine(Box::new(compile(id, &regex)?)),
    };
    if groups < group {
        let fault = format!("its pattern has no group {group}");
        return Err(RuleError::Rule {
            rule: id.to_owned(),
            fault,
        });
    }
    Ok(Shape {
        matcher,
        group,
        boundary,
        peek,
        lead,
        window,
        entropy,
        check,
        near,
        least_len,
        allow,
        seat,
    })
}

/// Bytes, not characters: `\b` and `\w` of Unicode are slow on text that is not all ASCII.
fn bytes() -> syntax::Config {
    syntax::Config::new().unicode(false).utf8(false)
}

/// One pattern that is the whole of what any of `patterns` is; `None` for none.
fn whole_pattern(patterns: &[String]) -> Option<String> {
    let any = patterns.join(")|(?:");
    (!patterns.is_empty()).then(|| format!(r"\A(?:(?:{any}))\z"))
}

/// Compiles the pattern of rule `id`, over bytes and within limits.
///
/// # Errors
/// When it is no pattern, or too large.
pub(crate) fn compile(id: &str, pattern: &str) -> Result<Regex, RuleError> {
    let config = Regex::config()
        .nfa_size_limit(Some(MAX_NFA_BYTES))
        .hybrid_cache_capacity(MAX_CACHE_BYTES)
        .utf8_empty(false);
    Regex::builder()
        .configure(config)
        .syntax(bytes())
        .build(pattern)
        .map_err(|source| RuleError::Pattern {
            rule: id.to_owned(),
            source: Box::new(source),
        })
}
