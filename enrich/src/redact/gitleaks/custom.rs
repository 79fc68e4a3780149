//! Compiles a user's rules and finds what they match.

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_automata::{Input, PatternID};

use super::super::ascii::{KEY_END_BYTE, VALUE_END_BYTE};
use super::super::check::entropy;
use super::super::marker::{MAX_KIND_LEN, is_kind};
use super::allow::{Allow, Condition, Matched, Place, Target};
use super::go_regex::translate;
use super::keywords::keywords;
use super::written::{Placed, RuleFile, WrittenAllow};
use super::{RuleFault, RuleWarning};

/// A user's rules, ready to be used.
#[derive(Debug, Default)]
pub struct CustomRules {
    pub(crate) rules: Vec<CustomRule>,
    warnings: Vec<RuleWarning>,
}

/// One of a user's rules.
#[derive(Debug)]
pub struct CustomRule {
    id: String,
    kind: String,
    regex: Regex,
    /// `None`: the first group that took part, else the whole match.
    group: Option<usize>,
    entropy: f64,
    /// Lower case. None: every text is looked at.
    keywords: Vec<Vec<u8>>,
    allow: Vec<std::sync::Arc<Allow>>,
}

/// What rules with nothing but a pattern are worth, in percent.
pub(crate) const CONFIDENCE: u8 = 80;
/// Bytes of a compiled pattern.
const MAX_NFA_BYTES: usize = 8 * 1024 * 1024;
const MAX_CACHE_BYTES: usize = 1024 * 1024;
/// How much of a text a pattern sees at once, in bytes: matches that begin anew at every byte must
/// not cost the square of a long text.
const CHUNK_LEN: usize = 32 * 1024;
/// How much of it is seen again with what follows: no longer match is sure to be found.
const OVERLAP_LEN: usize = 8 * 1024;
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
            global.extend(allow.map(|allow| (std::sync::Arc::new(allow), &written.target_rules)));
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
            rule.allow
                .extend(own.map(|(allow, _)| std::sync::Arc::clone(allow)));
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

impl CustomRules {
    /// These and `further` ones.
    #[must_use]
    pub fn and(mut self, further: Self) -> Self {
        self.rules.extend(further.rules);
        self.warnings.extend(further.warnings);
        self
    }

    /// What has no effect, or is dear.
    pub fn warnings(&self) -> &[RuleWarning] {
        &self.warnings
    }

    /// The rules that look at every text, because nothing says which texts they cannot match.
    pub fn unfiltered(&self) -> impl Iterator<Item = &CustomRule> {
        self.rules.iter().filter(|rule| rule.keywords.is_empty())
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

impl CustomRule {
    /// What findings call it: `custom:` and the id in the file.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Looks at a sample of ordinary telemetry; returns its length in bytes. For whoever wants to
    /// know how long that takes.
    pub fn look_at_sample(&self) -> usize {
        let sample = include_str!("../ordinary.txt");
        std::hint::black_box(self.regex.find_iter(sample).count());
        sample.len()
    }

    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    pub(crate) fn keywords(&self) -> &[Vec<u8>] {
        &self.keywords
    }

    /// Calls `found` for each secret in `text`, in whatever entry of an event it stands. A key and
    /// its value are seen as `key=value`.
    pub(crate) fn each(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        let joined: std::borrow::Cow<'_, [u8]> = if memchr::memchr(KEY_END_BYTE, text).is_some() {
            let sign = |&byte: &u8| if byte == KEY_END_BYTE { b'=' } else { byte };
            text.iter().map(sign).collect()
        } else {
            text.into()
        };
        let mut start = 0;
        for piece in joined.split(|&byte| byte == VALUE_END_BYTE) {
            self.each_in(piece, |from, to| {
                each_without_key_end(text, start + from, start + to, &mut found);
            });
            start += piece.len() + 1;
        }
    }

    fn each_in(&self, piece: &[u8], mut found: impl FnMut(usize, usize)) {
        let mut captures = self.regex.create_captures();
        let (mut from, mut chunk) = (0, 0);
        while from < piece.len() {
            let to = piece.len().min(chunk + CHUNK_LEN);
            let input = Input::new(piece).span(from..to);
            self.regex.search_captures(&input, &mut captures);
            let Some(whole) = captures.get_match() else {
                if to == piece.len() {
                    return;
                }
                chunk = to - OVERLAP_LEN;
                from = from.max(chunk);
                continue;
            };
            let groups = captures.group_len();
            let secret = match self.group {
                Some(group) => captures.get_group(group),
                None => (1..groups)
                    .find_map(|group| captures.get_group(group).filter(|span| !span.is_empty())),
            };
            let secret = secret.unwrap_or(whole.span());
            if self.is_secret(piece, whole.range(), secret.range()) {
                found(secret.start, secret.end);
            }
            from = whole.end().max(from + 1);
            if from >= to {
                chunk = from;
            }
        }
    }

    fn is_secret(
        &self,
        text: &[u8],
        whole: std::ops::Range<usize>,
        secret: std::ops::Range<usize>,
    ) -> bool {
        let plain = text.get(secret).unwrap_or_default();
        let matched = Matched {
            text,
            start: whole.start,
            end: whole.end,
            secret: plain,
        };
        !plain.is_empty()
            && (self.entropy <= 0.0 || entropy(plain) > self.entropy)
            && !self.allow.iter().any(|allow| allow.lets(matched))
    }
}

/// A secret never holds the sign between a key and its value.
fn each_without_key_end(
    text: &[u8],
    start: usize,
    end: usize,
    found: &mut impl FnMut(usize, usize),
) {
    let mut from = start;
    let inside = text.get(start..end).unwrap_or_default();
    for part in inside.split(|&byte| byte == KEY_END_BYTE) {
        if !part.is_empty() {
            found(from, from + part.len());
        }
        from += part.len() + 1;
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
        let allow: Vec<_> = allow.map(std::sync::Arc::new).collect();
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

fn build(
    pattern: &str,
    syntax: syntax::Config,
) -> Result<Regex, Box<regex_automata::meta::BuildError>> {
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
