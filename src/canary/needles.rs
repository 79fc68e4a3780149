//! The planted secrets, and the search for them in an output.

use aho_corasick::AhoCorasick;
use magistrate_enrich::shipped_examples;
use magistrate_event::{KEY_END, VALUE_END};

use super::ask::percent;

/// Shorter secrets could stand anywhere by chance; they are planted, but not looked for.
const MIN_BYTES: usize = 7;
/// In text that is not known to be a canary's row only these are looked for.
const MIN_LONG_BYTES: usize = 12;

/// The made-up secrets, compiled for one search.
#[derive(Debug)]
pub(super) struct Needles {
    /// None when it cannot be built, which only samples of gigabytes could cause.
    matcher: Option<AhoCorasick>,
    needles: Vec<Needle>,
    texts: Vec<String>,
}

/// One way in which a planted secret is written.
#[derive(Debug)]
pub(super) struct Needle {
    /// What kind of secret.
    pub(super) kind: String,
    /// The secret as it was planted.
    pub(super) secret: String,
    is_long: bool,
}

impl Needles {
    /// The examples of every shipped rule, and `samples`.
    pub(super) fn new(samples: &[String]) -> Self {
        let mut patterns: Vec<String> = Vec::new();
        let mut needles = Vec::new();
        let mut texts = Vec::new();
        let mut add = |kind: &str, secret: &str| {
            for form in forms(secret) {
                needles.push(Needle {
                    kind: kind.to_owned(),
                    secret: secret.to_owned(),
                    is_long: form.len() >= MIN_LONG_BYTES,
                });
                patterns.push(form);
            }
        };
        // The shipped rules can be read, else the redactor would not have started.
        for example in shipped_examples().unwrap_or_default() {
            // Some show what an event's own separators look like; no sender's text has them.
            if example.secrets.is_empty() || example.text.contains([KEY_END, VALUE_END]) {
                continue;
            }
            for secret in example.secret_texts() {
                add(&example.kind, secret);
            }
            texts.push(example.text);
        }
        for sample in samples {
            add("sample", sample);
            texts.push(sample.clone());
        }
        let matcher = AhoCorasick::new(&patterns)
            .inspect_err(|error| {
                tracing::error!(%error, "cannot search for planted secrets: no proof of redaction");
            })
            .ok();
        Self {
            matcher,
            needles,
            texts,
        }
    }

    /// The texts to plant.
    pub(super) fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The kind of a planted secret that stands in `bytes`.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<&str> {
        let found = self.matcher.as_ref()?.find(bytes)?;
        self.needles
            .get(found.pattern().as_usize())
            .map(|needle| needle.kind.as_str())
    }

    /// Every planted secret that stands in `bytes`.
    pub(super) fn find_all(&self, bytes: &[u8]) -> Vec<&Needle> {
        let mut numbers: Vec<usize> = match &self.matcher {
            Some(matcher) => matcher
                .find_overlapping_iter(bytes)
                .map(|found| found.pattern().as_usize())
                .collect(),
            None => Vec::new(),
        };
        numbers.sort_unstable();
        numbers.dedup();
        numbers
            .into_iter()
            .filter_map(|number| self.needles.get(number))
            .collect()
    }

    /// The kind of a planted secret that no other text holds by chance.
    pub(super) fn find_long(&self, bytes: &[u8]) -> Option<&str> {
        let mut found = self.matcher.as_ref()?.find_overlapping_iter(bytes);
        found.find_map(|found| {
            let needle = self.needles.get(found.pattern().as_usize())?;
            needle.is_long.then_some(needle.kind.as_str())
        })
    }
}

/// The secret as it is, as JSON writes it, and as addresses do, where those differ.
fn forms(secret: &str) -> Vec<String> {
    if secret.len() < MIN_BYTES {
        return Vec::new();
    }
    let escaped = serde_json::Value::from(secret).to_string();
    let escaped = escaped.trim_matches('"').to_owned();
    let mut forms = vec![secret.to_owned()];
    for form in [escaped, percent(secret)] {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}
