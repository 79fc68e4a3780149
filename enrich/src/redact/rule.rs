//! A redaction rule as it is written in TOML, and as it is after checking.

use serde::Deserialize;

use super::check::Check;
use super::marker::{MAX_KIND_LEN, is_kind};
use super::named::{Content, Holds, Joint, Named};
use super::prefilter::{Case, Literal};

/// A rule file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenFile {
    rule: Vec<WrittenRule>,
}

/// A rule as its author wrote it. Exactly one of `regex`, `words`, `names` and `grammar` says how it
/// finds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    id: String,
    kind: String,
    confidence: u8,
    /// `{{a|b}}`, `{{hex}}` and `{{digit}}` stand for one of several.
    #[serde(default)]
    literals: Vec<String>,
    #[serde(default)]
    ignore_case: bool,
    regex: Option<String>,
    #[serde(default)]
    group: usize,
    boundary: Option<Boundary>,
    /// A byte and how far behind the literal's start it must stand: cheaper than the pattern.
    peek: Option<(usize, u8)>,
    #[serde(default)]
    lead: usize,
    window: Option<usize>,
    #[serde(default)]
    entropy: f64,
    check: Option<Check>,
    #[serde(default)]
    words: Vec<String>,
    value: Option<String>,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    near: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    content: Option<Content>,
    #[serde(default)]
    joint: Joint,
    #[serde(default)]
    holds: Holds,
    grammar: Option<Grammar>,
    examples: Vec<String>,
    #[serde(default)]
    counter_examples: Vec<String>,
}

/// What must stand before the literal of a pattern, or before the match where it begins earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Boundary {
    /// Anything.
    None,
    /// No letter, digit or underscore.
    #[default]
    Word,
    /// No letter, digit, underscore or dash.
    Token,
    /// Nothing that base64 is made of: for short literals that images hold by chance.
    Base64,
}

/// What no pattern can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grammar {
    /// The password of a URL.
    UrlPassword,
    /// An armoured private key.
    PrivateKey,
}

/// A rule that makes sense; only its pattern is still to be compiled.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) confidence: u8,
    pub(crate) literals: Vec<(Vec<u8>, Case)>,
    pub(crate) method: Method,
    pub(crate) examples: Vec<String>,
    pub(crate) counter_examples: Vec<String>,
}

/// How a rule finds secrets.
#[derive(Debug)]
pub(crate) enum Method {
    /// By a pattern.
    Shape(Pattern),
    /// By the name of what holds them.
    Named(Named),
    /// By a grammar of its own.
    Grammar(Grammar),
}

/// A pattern and all that narrows it; see the fields of the compiled `Shape`.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: String,
    pub(crate) group: usize,
    pub(crate) boundary: Boundary,
    pub(crate) peek: Option<(usize, u8)>,
    pub(crate) lead: usize,
    pub(crate) window: usize,
    pub(crate) entropy: f64,
    pub(crate) check: Check,
    pub(crate) near: Vec<String>,
    /// Patterns that the whole secret must not be.
    pub(crate) allow: Vec<String>,
    pub(crate) seat: Seat,
}

/// Where a pattern looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seat {
    /// At its literal.
    Literal,
    /// At the value of a name that begins with its literal and holds a telling word.
    Value,
}

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The file is not TOML, or has unknown or missing keys.
    #[error("cannot read rule file `{file}`")]
    File {
        /// Its name.
        file: String,
        /// What the TOML reader met with.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A rule contradicts itself.
    #[error("cannot use rule `{rule}`: {fault}")]
    Rule {
        /// The rule's id.
        rule: String,
        /// What is wrong with it.
        fault: String,
    },
    /// The pattern does not compile within its limits.
    #[error("cannot compile pattern of rule `{rule}`")]
    Pattern {
        /// The rule's id.
        rule: String,
        /// What the compiler met with.
        #[source]
        source: Box<regex_automata::meta::BuildError>,
    },
}

/// What a pattern sees when its rule does not say: longer than any key without a period.
const DEFAULT_WINDOW: usize = 512;
const MAX_WINDOW: usize = 64 * 1024;
const MAX_LEAD: usize = 256;

/// Reads and checks one rule file.
///
/// # Errors
/// When it is no rule file, or a rule in it contradicts itself.
pub(crate) fn read_rules(file: &str, text: &str) -> Result<Vec<Rule>, RuleError> {
    let written: WrittenFile = toml::from_str(text).map_err(|source| RuleError::File {
        file: file.to_owned(),
        source: Box::new(source),
    })?;
    written.rule.into_iter().map(check_rule).collect()
}

fn check_rule(mut written: WrittenRule) -> Result<Rule, RuleError> {
    let id = std::mem::take(&mut written.id);
    let faulty = |fault: &str| RuleError::Rule {
        rule: id.clone(),
        fault: fault.to_owned(),
    };
    if !written.kind.bytes().all(is_kind) || !(1..=MAX_KIND_LEN).contains(&written.kind.len()) {
        return Err(faulty(
            "its kind must be 1 to 48 of a-z, 0-9, dot, dash and underscore",
        ));
    }
    if !(1..=100).contains(&written.confidence) {
        return Err(faulty("its confidence must be from 1 to 100 percent"));
    }
    if written.examples.is_empty() {
        return Err(faulty("it has no example"));
    }
    let literals = literals(&written);
    if literals.is_empty()
        || literals
            .iter()
            .any(|(text, _)| text.len() < Literal::MIN_LEN)
    {
        return Err(faulty("it needs literals or names of at least 3 bytes"));
    }
    let examples = std::mem::take(&mut written.examples);
    let counter_examples = std::mem::take(&mut written.counter_examples);
    let (kind, confidence) = (std::mem::take(&mut written.kind), written.confidence);
    let method = method(written).map_err(faulty)?;
    Ok(Rule {
        id,
        kind,
        confidence,
        literals,
        method,
        examples,
        counter_examples,
    })
}

/// The literals, or every spelling of the names: `api key` is `apikey`, `api_key`, `api-key` ….
fn literals(written: &WrittenRule) -> Vec<(Vec<u8>, Case)> {
    let case = if written.ignore_case {
        Case::Ignored
    } else {
        Case::Exact
    };
    let literals = written.literals.iter().flat_map(|text| spread(text));
    let literals = literals.map(|text| (text.into_bytes(), case));
    let joints = ["", "_", "-", " ", "."];
    let spelled = written.names.iter().flat_map(|name| {
        let count = if name.contains(' ') { joints.len() } else { 1 };
        joints
            .iter()
            .take(count)
            .map(|joint| name.replace(' ', joint))
    });
    let words = written.words.iter().cloned();
    let ignored = spelled.chain(words);
    literals
        .chain(ignored.map(|text| (text.into_bytes(), Case::Ignored)))
        .collect()
}

/// Every way to read `text`, in which `{{a|b}}` is one or the other, `{{hex}}` any digit in lower
/// case and `{{digit}}` any decimal one.
fn spread(text: &str) -> Vec<String> {
    let choice = text.split_once("{{").and_then(|(before, rest)| {
        let (choice, after) = rest.split_once("}}")?;
        Some((before, choice, after))
    });
    let Some((before, choice, after)) = choice else {
        return vec![text.to_owned()];
    };
    let choices = match choice {
        "hex" => "0|1|2|3|4|5|6|7|8|9|a|b|c|d|e|f",
        "digit" => "0|1|2|3|4|5|6|7|8|9",
        written => written,
    };
    let after = spread(after);
    let texts = choices.split('|').flat_map(|choice| {
        let after = after.iter();
        after.map(move |after| format!("{before}{choice}{after}"))
    });
    texts.collect()
}

fn method(written: WrittenRule) -> Result<Method, &'static str> {
    let by_name = !written.names.is_empty();
    let by_word = !written.words.is_empty();
    match (&written.regex, written.grammar) {
        (Some(_), None) if !by_name && !by_word => shape(written),
        (None, None) if by_word && !by_name => in_context(written),
        (None, Some(grammar)) if !by_name && !by_word => Ok(Method::Grammar(grammar)),
        (None, None) if by_name => {
            let content = written.content.ok_or("it has names but no content")?;
            Ok(Method::Named(Named {
                content,
                joint: written.joint,
                holds: written.holds,
            }))
        }
        (Some(_) | None, Some(_) | None) => {
            Err("it needs exactly one of regex, words, names and grammar")
        }
    }
}

fn shape(written: WrittenRule) -> Result<Method, &'static str> {
    let window = written.window.unwrap_or(DEFAULT_WINDOW);
    if window > MAX_WINDOW || written.lead > MAX_LEAD {
        return Err("its window or lead is too long");
    }
    if written.group > super::shape::MAX_GROUP {
        return Err("its group must be from 0 to 3");
    }
    let boundary = match written.boundary {
        Some(boundary) => boundary,
        None if written.lead > 0 => Boundary::None,
        None => Boundary::default(),
    };
    Ok(Method::Shape(Pattern {
        regex: written.regex.unwrap_or_default(),
        group: written.group,
        boundary,
        peek: written.peek,
        lead: written.lead,
        window,
        entropy: written.entropy,
        check: written.check.unwrap_or_default(),
        near: written.near,
        allow: written.allow,
        seat: Seat::Literal,
    }))
}

/// A vendor's word, a telling name, a sign and a value of the vendor's shape.
fn in_context(written: WrittenRule) -> Result<Method, &'static str> {
    let value = written.value.as_deref();
    let value = value.ok_or("it has words but no value")?;
    let regex = format!(r"(?:{value})\b{{end-half}}");
    let pattern = WrittenRule {
        regex: Some(regex),
        group: 0,
        boundary: Some(written.boundary.unwrap_or(Boundary::None)),
        check: Some(written.check.unwrap_or(Check::Random)),
        ..written
    };
    match shape(pattern)? {
        Method::Shape(pattern) => Ok(Method::Shape(Pattern {
            seat: Seat::Value,
            ..pattern
        })),
        other @ (Method::Named(_) | Method::Grammar(_)) => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rule: &str) -> Result<Vec<Rule>, RuleError> {
        read_rules("test.toml", &format!("[[rule]]\nid = \"r\"\n{rule}"))
    }

    #[test]
    fn names_are_spelled_in_every_way() {
        let rules = read(
            "kind = \"k\"\nconfidence = 90\nnames = [\"api key\"]\ncontent = \"secret\"\nexamples = [\"x\"]",
        )
        .unwrap();
        let spelled = ["apikey", "api_key", "api-key", "api key", "api.key"];
        let spelled = spelled.map(|text| (text.as_bytes().to_vec(), Case::Ignored));
        assert_eq!(rules[0].literals, spelled);
    }

    #[test]
    fn a_literal_may_have_choices() {
        assert_eq!(spread("a-b"), ["a-b"]);
        assert_eq!(
            spread("{{x|yz}}-{{1|2}}!"),
            ["x-1!", "x-2!", "yz-1!", "yz-2!"]
        );
        assert_eq!(spread("{{hex}}{{digit}}").len(), 160);
    }

    #[test]
    fn faults_are_named() {
        let good = "kind = \"k\"\nconfidence = 90\nexamples = [\"x\"]\n";
        for (rule, fault) in [
            ("kind = \"K\"\nconfidence = 90\nexamples = [\"x\"]", "kind"),
            (
                "kind = \"k\"\nconfidence = 0\nexamples = [\"x\"]",
                "confidence",
            ),
            ("kind = \"k\"\nconfidence = 9\nexamples = []", "example"),
            (
                &format!("{good}literals = [\"ab\"]\nregex = 'ab'"),
                "3 bytes",
            ),
            (&format!("{good}literals = [\"abc\"]"), "exactly one"),
            (&format!("{good}names = [\"abc\"]"), "content"),
            (
                &format!("{good}literals = [\"abc\"]\nregex = 'abc'\ngroup = 4"),
                "group",
            ),
            (
                &format!("{good}literals = [\"abc\"]\nregex = 'abc'\nlead = 999"),
                "lead",
            ),
            (&format!("{good}colour = 1"), "cannot read"),
        ] {
            let error = read(rule).unwrap_err().to_string();
            assert!(error.contains(fault), "{rule}: {error}");
        }
    }
}
