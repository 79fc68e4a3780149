//! The policies in force, and their version.

use magistrate_enrich::{
    Case, ChosenRules, DetectFile, DetectLists, Hit, LoadedRules, RateLimit, Ruleset,
};
use magistrate_event::{Event, Field, Mode, Value};

use crate::decision::Match;
use crate::limits::Counted;
use crate::profile::Profile;
use crate::read_only;

/// Digits of a version.
const VERSION_DIGITS: usize = 16;

/// Compiled policies of one profile.
pub struct Policies {
    rules: Ruleset,
    profile: Profile,
    /// Those in force, and those in force for a session that is contained.
    ordinary: ChosenRules,
    contained: ChosenRules,
    version: String,
}

impl Policies {
    /// Compiles the rules of `files` that have a `judge:` block; gives back what is wrong with them
    /// beside the sound ones.
    pub fn compile(
        files: &[DetectFile],
        lists: &DetectLists,
        profile: Profile,
    ) -> (Self, LoadedNotes) {
        let LoadedRules {
            rules,
            faults,
            warnings,
        } = Ruleset::compile_policies(files, lists);
        let version = version(files, lists, profile);
        let chosen = |mode| {
            rules.choose(|rule| {
                let policy = rule.policy.as_ref();
                policy.is_some_and(|policy| profile.has(policy, mode))
            })
        };
        let policies = Self {
            ordinary: chosen(None),
            contained: chosen(Some(Mode::Containment)),
            rules,
            profile,
            version,
        };
        (policies, LoadedNotes { faults, warnings })
    }

    /// Which set this is: another one whenever a file, a list or the profile is another.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The profile in force.
    pub const fn profile(&self) -> Profile {
        self.profile
    }

    /// How many policies there are, those of other profiles included.
    pub fn len(&self) -> usize {
        self.rules.rules().len()
    }

    /// The rate limit of the policy `id`.
    pub(crate) fn rate_limit(&self, id: &str) -> Option<RateLimit> {
        self.rules.rule(id)?.policy.as_ref()?.limit.clone()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The policies in force that match for any of the recipients, those with a rate limit once for each
    /// count, whether or not that has been reached ([`crate::limits::Limits::settle`]); and the lease of a session that may
    /// only read. A message has several recipients, and what holds for one of them holds for the message.
    pub(crate) fn look(&self, case: Case<'_>, category: &str) -> Vec<Match> {
        let mut matches = self.matches(case);
        for domain in other_recipients(case.event) {
            let mut event = case.event.clone();
            event.set_text(Field::RecipientDomain, &domain);
            let case = Case {
                event: &event,
                ..case
            };
            for one in self.matches(case) {
                let is_same =
                    |other: &Match| other.policy == one.policy && other.counted == one.counted;
                if !matches.iter().any(is_same) {
                    matches.push(one);
                }
            }
        }
        matches.extend(read_only::matched(case.facts, category, case.event));
        matches
    }

    /// The policies in force that match.
    fn matches(&self, case: Case<'_>) -> Vec<Match> {
        let mode = case.event.text(Field::SessionMode);
        let chosen = if mode == Some(Mode::Containment.name()) {
            &self.contained
        } else {
            &self.ordinary
        };
        let hits = self.rules.matches_of(case, chosen);
        hits.into_iter()
            .filter_map(|hit| matched(hit, case.event))
            .collect()
    }
}

fn matched(hit: Hit, event: &Event) -> Option<Match> {
    let policy = hit.rule.policy.as_ref()?;
    Some(Match {
        policy: hit.rule.id.clone(),
        title: hit.rule.title.clone(),
        category: policy.category.clone(),
        tags: hit.rule.tags.clone(),
        decision: policy.decision.into(),
        message: policy.message.clone(),
        redact: policy.redact.clone(),
        counted: policy.limit.as_ref().map(|rate| Counted::of(rate, event)),
        matched: hit
            .matched
            .into_iter()
            .map(|one| (one.field, one.value))
            .collect(),
    })
}

/// What is to be known of policies that were compiled.
pub struct LoadedNotes {
    /// What is wrong, in the order of the files.
    pub faults: Vec<magistrate_enrich::DetectFault>,
    /// What works, but should be known.
    pub warnings: Vec<magistrate_enrich::DetectFault>,
}

/// The domains of a message's recipients but the first.
fn other_recipients(event: &Event) -> Vec<String> {
    let Some(Value::List(domains)) = event.value(Field::RecipientDomains) else {
        return Vec::new();
    };
    let domains = domains.iter().filter_map(Value::as_text).skip(1);
    domains.map(|one| event.resolve(one).to_owned()).collect()
}

fn version(files: &[DetectFile], lists: &DetectLists, profile: Profile) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    add(profile.name());
    files.iter().for_each(|file| add(&file.text));
    for (name, values) in lists {
        add(name);
        values.iter().for_each(|value| add(value));
    }
    let hex = hasher.finalize().to_hex();
    hex.chars().take(VERSION_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use magistrate_enrich::SessionFacts;
    use magistrate_event::{Class, Timestamp};

    use super::*;

    const FILE: &str = "title: a\nid: a\nlogsource: {category: action}\ndetection: {s: {action: send}, condition: s}\njudge: {decision: block, category: x, profiles: [company]}\n---\ntitle: b\nid: b\nlogsource: {category: action}\ndetection: {s: {action: send}, condition: s}\n---\ntitle: c\nid: c\nlogsource: {category: action}\ndetection: {s: {action: send, session.untrusted_read: true}, condition: s}\njudge: {decision: redact, category: x}\n";

    fn compiled(profile: Profile) -> Policies {
        let file = DetectFile {
            name: "a.yml".to_owned(),
            text: FILE.to_owned(),
        };
        let (policies, notes) = Policies::compile(&[file], &DetectLists::new(), profile);
        assert_eq!(notes.faults, []);
        policies
    }

    #[test]
    fn only_policies_of_the_profile_match() {
        let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
        event.set_text(Field::Action, "send");
        let alone = Case::alone(&event);
        assert_eq!(compiled(Profile::Native).len(), 2);
        assert_eq!(compiled(Profile::Native).matches(alone), []);
        let found = compiled(Profile::Company).matches(alone);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].matched, [("action".to_owned(), "send".to_owned())]);
        let facts = SessionFacts {
            is_known: true,
            untrusted_from: vec!["page:example.com".to_owned()],
            ..SessionFacts::UNKNOWN
        };
        let case = Case {
            facts: &facts,
            ..alone
        };
        assert_eq!(compiled(Profile::Native).matches(case).len(), 1);
    }

    #[test]
    fn another_profile_is_another_version() {
        let (native, company) = (compiled(Profile::Native), compiled(Profile::Company));
        assert_ne!(native.version(), company.version());
        assert_eq!(native.version(), compiled(Profile::Native).version());
        assert_eq!(native.version().len(), VERSION_DIGITS);
    }
}
