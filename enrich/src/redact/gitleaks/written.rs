//! A rule file as its author wrote it, and how one file extends another.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::{RuleFault, RuleWarning};

/// A rule file that has been read, not yet compiled.
#[derive(Debug)]
pub struct RuleFile {
    pub(super) name: String,
    pub(super) rules: Vec<Placed>,
    pub(super) allow: Vec<WrittenAllow>,
    pub(super) warnings: Vec<RuleWarning>,
    extend: Extend,
}

/// A rule and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) rule: WrittenRule,
}

#[derive(Debug, Deserialize)]
struct WrittenFile {
    #[serde(default)]
    extend: Extend,
    #[serde(default)]
    rules: Vec<Spanned<WrittenRule>>,
    allowlist: Option<WrittenAllow>,
    #[serde(default)]
    allowlists: Vec<WrittenAllow>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Extend {
    path: Option<String>,
    url: Option<String>,
    use_default: bool,
    disabled_rules: Vec<String>,
}

/// `[[rules]]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WrittenRule {
    #[serde(default)]
    pub(super) id: String,
    pub(super) regex: Option<String>,
    pub(super) secret_group: Option<usize>,
    pub(super) entropy: Option<f64>,
    #[serde(default)]
    pub(super) keywords: Vec<String>,
    pub(super) path: Option<String>,
    pub(super) allowlist: Option<WrittenAllow>,
    #[serde(default)]
    pub(super) allowlists: Vec<WrittenAllow>,
    #[serde(default)]
    pub(super) skip_report: bool,
    pub(super) required: Option<IgnoredAny>,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "tags", default)]
    _tags: Vec<String>,
    #[serde(flatten)]
    pub(super) unknown: BTreeMap<String, IgnoredAny>,
}

/// `[[allowlists]]`, of a file or of a rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WrittenAllow {
    pub(super) regexes: Vec<String>,
    pub(super) regex_target: Option<String>,
    pub(super) stopwords: Vec<String>,
    pub(super) paths: Vec<String>,
    pub(super) commits: Vec<String>,
    pub(super) condition: Option<String>,
    pub(super) target_rules: Vec<String>,
}

/// Keys that a rule file may have.
const KNOWN_KEYS: [&str; 7] = [
    "title",
    "description",
    "extend",
    "rules",
    "allowlist",
    "allowlists",
    "minVersion",
];

impl RuleFile {
    /// Reads `text`, which is the file `name`.
    ///
    /// # Errors
    /// When it is no TOML, or a key holds what it cannot hold.
    pub fn read(name: &str, text: &str) -> Result<Self, Vec<RuleFault>> {
        let written: WrittenFile = toml::from_str(text).map_err(|error| {
            vec![RuleFault {
                file: name.to_owned(),
                line: error.span().map(|span| line_of(text, span.start)),
                rule: None,
                fault: format!(
                    "cannot read it as gitleaks rules: {}; mend the line or take the file out of `redact.rules`",
                    error.message()
                ),
            }]
        })?;
        let rules: Vec<Placed> = written
            .rules
            .into_iter()
            .map(|rule| Placed {
                file: name.to_owned(),
                line: line_of(text, rule.span().start),
                rule: rule.into_inner(),
            })
            .collect();
        let mut file = Self {
            name: name.to_owned(),
            rules,
            allow: written
                .allowlist
                .into_iter()
                .chain(written.allowlists)
                .collect(),
            warnings: Vec::new(),
            extend: written.extend,
        };
        file.warn_of_file(text);
        Ok(file)
    }

    /// The file that this one extends (`[extend] path`), as it is written.
    pub fn base(&self) -> Option<&str> {
        self.extend.path.as_deref()
    }

    /// This file on top of `base`: a rule of both takes from this one what it says, and the
    /// keywords and allowlists of both; rules that this file disables are gone.
    #[must_use]
    pub fn over(mut self, base: Self) -> Self {
        let disabled = std::mem::take(&mut self.extend.disabled_rules);
        let mut rules = base.rules;
        rules.retain(|placed| !disabled.contains(&placed.rule.id));
        for own in self.rules {
            match rules.iter_mut().find(|old| old.rule.id == own.rule.id) {
                Some(old) => overlay(old, own),
                None => rules.push(own),
            }
        }
        self.rules = rules;
        self.allow.extend(base.allow);
        self.warnings.extend(base.warnings);
        self
    }

    fn warn_of_file(&mut self, text: &str) {
        let mut warn = |note: String| {
            self.warnings.push(RuleWarning {
                file: self.name.clone(),
                line: None,
                rule: None,
                note,
            });
        };
        if self.extend.use_default {
            warn("`extend.useDefault` has no effect: Magistrate's own rules are always on".into());
        }
        if self.extend.url.is_some() {
            warn(
                "`extend.url` has no effect: nothing is fetched; name a file in `extend.path`"
                    .into(),
            );
        }
        let table: toml::Table = text.parse().unwrap_or_default();
        for key in table
            .keys()
            .filter(|key| !KNOWN_KEYS.contains(&key.as_str()))
        {
            warn(format!(
                "`{key}` is no key of gitleaks' rules and has no effect"
            ));
        }
    }
}

fn overlay(old: &mut Placed, own: Placed) {
    let Placed { file, line, rule } = own;
    old.file = file;
    old.line = line;
    let into = &mut old.rule;
    into.regex = rule.regex.or_else(|| into.regex.take());
    into.secret_group = rule.secret_group.or(into.secret_group);
    into.entropy = rule.entropy.or(into.entropy);
    into.path = rule.path.or_else(|| into.path.take());
    into.keywords.extend(rule.keywords);
    into.allowlists.extend(rule.allowlist);
    into.allowlists.extend(rule.allowlists);
    into.skip_report |= rule.skip_report;
    into.unknown.extend(rule.unknown);
}

/// The line, from 1, in which the byte `at` lies.
fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    before.iter().filter(|&&byte| byte == b'\n').count() + 1
}
