//! Compiles a user's rules, and says of each fault what to do about it.

use std::sync::Arc;

use regex_automata::PatternID;
use regex_automata::meta::{BuildError, Regex};
use regex_automata::util::syntax;

use super::super::marker::{MAX_KIND_LEN, is_kind};
use super::allow::{Allow, Condition, Place, Target};
use super::custom::{CustomRule, CustomRules};
use super::go_regex::translate;
use super::keywords::keywords;
use super::written::{Placed, RuleFile, WrittenAllow};
use super::{RuleFault, RuleWarning};

/// Bytes of a compiled pattern.
const MAX_NFA_BYTES: usize = 8 * 1024 * 1024;
const MAX_CACHE_BYTES: usize = 1024 * 1024;
/// More rules than this are a mistake.
const MAX_RULES: usize = 10_000;

impl RuleFile {
    /// Compiles the rules.
    ///
    /// # Errors
    /// Every fault of every rule, each with what to do about it.
    pub fn compile(self) -> Result<CustomRules, Vec<RuleFault>> {
        let mut work = Work {
            warnings: self.warnings,
            faults: Vec::new(),
        };
        let whole = Placed {
            file: self.name.clone(),
            line: 1,
            rule: Default::default(),
        };
        if self.rules.len() > MAX_RULES {
            work.fault(
                &whole,
                format!("it has more than {MAX_RULES} rules; split it"),
            );
            return Err(work.faults);
        }
        let mut global = Vec::new();
        for written in &self.allow {
            let allow = work.allow(&whole, written);
            global.extend(allow.map(|allow| (Arc::new(allow), &written.target_rules)));
        }
        let mut rules: Vec<CustomRule> = Vec::new();
        for placed in &self.rules {
            let Some(mut rule) = work.rule(placed) else {
                continue;
            };
            if rules.iter().any(|other| other.id == rule.id) {
                work.fault(placed, "another rule has the same id; rename one of them");
                continue;
            }
            let own = global
                .iter()
                .filter(|(_, targets)| targets.is_empty() || targets.contains(&placed.rule.id));
            rule.allow.extend(own.map(|(allow, _)| Arc::clone(allow)));
            rules.push(rule);
        }
        if work.faults.is_empty() {
            let warnings = work.warnings;
            Ok(CustomRules { rules, warnings })
        } else {
            Err(work.faults)
        }
    }
}

/// What compiling has found out.
struct Work {
    warnings: Vec<RuleWarning>,
    faults: Vec<RuleFault>,
}

impl Work {
    fn fault(&mut self, placed: &Placed, fault: impl Into<String>) {
        self.faults.push(RuleFault {
            file: placed.file.clone(),
            line: Some(placed.line),
            rule: Some(placed.rule.id.clone()).filter(|id| !id.is_empty()),
            fault: fault.into(),
        });
    }

    fn warn(&mut self, placed: &Placed, note: impl Into<String>) {
        self.warnings.push(RuleWarning {
            file: placed.file.clone(),
            line: Some(placed.line),
            rule: Some(placed.rule.id.clone()).filter(|id| !id.is_empty()),
            note: note.into(),
        });
    }

    fn rule(&mut self, placed: &Placed) -> Option<CustomRule> {
        let written = &placed.rule;
        if written.id.is_empty() {
            self.fault(placed, "it has no id; give it one");
            return None;
        }
        self.warn_of(placed);
        let Some(pattern) = &written.regex else {
            let note = "it has no regex and is left out: rules that name files by `path` alone have no effect on text";
            if written.path.is_some() {
                self.warn(placed, note);
            } else {
                self.fault(placed, "it has neither regex nor path; give it a regex");
            }
            return None;
        };
        if written.skip_report {
            return None;
        }
        let translated = translate(pattern);
        let regex = self.regex(placed, pattern, "regex")?;
        let groups = regex.group_info().group_len(PatternID::ZERO);
        let group = written.secret_group.filter(|&group| group > 0);
        if group.is_some_and(|group| group >= groups) {
            let fault = format!(
                "its regex has {} groups, fewer than `secretGroup`",
                groups - 1
            );
            self.fault(placed, fault);
            return None;
        }
        let allow = written.allowlist.iter().chain(&written.allowlists);
        let allow = allow.filter_map(|allow| self.allow(placed, allow));
        let allow: Vec<_> = allow.map(Arc::new).collect();
        Some(CustomRule {
            id: format!("custom:{}", written.id),
            kind: kind(&written.id),
            regex,
            group,
            entropy: written.entropy.unwrap_or(0.0),
            keywords: self.keywords(placed, &translated),
            allow,
        })
    }

    /// The words that a text must hold, the author's or those that the pattern cannot do without.
    fn keywords(&mut self, placed: &Placed, pattern: &str) -> Vec<Vec<u8>> {
        let own: Vec<Vec<u8>> = placed
            .rule
            .keywords
            .iter()
            .map(|word| word.to_ascii_lowercase().into_bytes())
            .collect();
        if !own.is_empty() && own.iter().all(|word| word.len() >= 3) {
            return own;
        }
        if let Some(found) = keywords(pattern) {
            return found;
        }
        self.warn(
            placed,
            "it has no keyword of three letters or more and its regex holds no fixed text, so that it looks at all text; give it `keywords`",
        );
        Vec::new()
    }

    fn warn_of(&mut self, placed: &Placed) {
        let rule = &placed.rule;
        if rule.path.is_some() && rule.regex.is_some() {
            self.warn(placed, "`path` has no effect: the rule looks at all text");
        }
        if rule.required.is_some() {
            self.warn(
                placed,
                "`required` has no effect: the rule masks whatever it matches by itself",
            );
        }
        if rule.skip_report {
            self.warn(placed, "`skipReport` is set: the rule is left out");
        }
        for key in rule.unknown.keys() {
            self.warn(
                placed,
                format!("`{key}` is no key of a rule and has no effect"),
            );
        }
    }

    fn regex(&mut self, placed: &Placed, pattern: &str, what: &str) -> Option<Regex> {
        let translated = translate(pattern);
        let ascii = build(
            &translated,
            syntax::Config::new().unicode(false).utf8(false),
        );
        let error = match ascii {
            Ok(regex) => return Some(regex),
            Err(error) => error,
        };
        // Only classes of Unicode need the slower engine.
        if let Ok(regex) = build(&translated, syntax::Config::new().utf8(false)) {
            self.warn(placed, format!("its {what} asks for Unicode classes, which are slow on text that is not all ASCII"));
            return Some(regex);
        }
        let reason = std::error::Error::source(&error)
            .map_or_else(|| error.to_string(), ToString::to_string);
        let reason = reason.lines().last().unwrap_or_default().trim().to_owned();
        self.fault(
            placed,
            format!("cannot compile its {what}: {reason}; mend the pattern or leave the rule out"),
        );
        None
    }

    fn allow(&mut self, placed: &Placed, written: &WrittenAllow) -> Option<Allow> {
        let condition = match written.condition.as_deref() {
            None | Some("" | "OR" | "or" | "||") => Condition::Any,
            Some("AND" | "and" | "&&") => Condition::All,
            Some(other) => {
                self.fault(
                    placed,
                    format!("an allowlist's condition is `{other}`; write `OR` or `AND`"),
                );
                return None;
            }
        };
        let target = match written.regex_target.as_deref() {
            None | Some("" | "secret") => Target::Secret,
            Some("match") => Target::Match,
            Some("line") => Target::Line,
            Some(other) => {
                self.fault(
                    placed,
                    format!(
                        "an allowlist's regexTarget is `{other}`; write `secret`, `match` or `line`"
                    ),
                );
                return None;
            }
        };
        let has_place = !written.paths.is_empty() || !written.commits.is_empty();
        if has_place {
            self.warn(
                placed,
                "an allowlist's `paths` and `commits` have no effect: text has neither",
            );
        }
        let regexes: Vec<Regex> = written
            .regexes
            .iter()
            .filter_map(|pattern| self.regex(placed, pattern, "allowlist"))
            .collect();
        Some(Allow {
            condition,
            target,
            regexes,
            stopwords: written
                .stopwords
                .iter()
                .map(|word| word.to_ascii_lowercase())
                .collect(),
            place: if has_place {
                Place::Asked
            } else {
                Place::Anywhere
            },
        })
    }
}

fn build(pattern: &str, syntax: syntax::Config) -> Result<Regex, Box<BuildError>> {
    let config = Regex::config()
        .nfa_size_limit(Some(MAX_NFA_BYTES))
        .hybrid_cache_capacity(MAX_CACHE_BYTES)
        .utf8_empty(false);
    Regex::builder()
        .configure(config)
        .syntax(syntax.octal(true))
        .build(pattern)
        .map_err(Box::new)
}

/// The kind under which the rule `id` masks.
fn kind(id: &str) -> String {
    let tame = |sign: char| {
        let lower = sign.to_ascii_lowercase();
        let fits = u8::try_from(lower).is_ok_and(is_kind) && lower != '.';
        if fits { lower } else { '-' }
    };
    let mut kind = "credential.custom.".to_owned();
    kind.extend(id.chars().map(tame));
    kind.truncate(MAX_KIND_LEN);
    kind
}
