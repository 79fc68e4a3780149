//! One thing that extends the agent, in all forms in which it was seen.

use std::borrow::Cow;
use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::shown::Shown;
use crate::kept::Aging;

/// Forms of one thing that are remembered; beyond it the one not seen for longest is forgotten.
const MAX_FORMS: usize = 16;
/// Versions, sources and descriptions of one thing that are told no second time.
const MAX_TOLD: usize = 256;
/// When a form was seen again is noted so often.
const REFRESH_S: u32 = 3_600;

/// The beginning of a BLAKE3 hash.
type Digest = [u8; 16];

/// What of a thing can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Version,
    Source,
    Description,
}

impl Part {
    const ALL: [Self; 3] = [Self::Version, Self::Source, Self::Description];

    /// As notices write it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Source => "source",
            Self::Description => "description",
        }
    }
}

/// A version from a source with a description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Form {
    version: Box<str>,
    source: Box<str>,
    description: Option<Digest>,
    first: u32,
    last: u32,
}

/// A version, source or description that was not seen before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct News {
    pub(super) part: Part,
    /// What was seen last before; empty where nothing was.
    pub(super) before: String,
    pub(super) after: String,
}

/// One plugin, skill, server or tool.
///
/// In a fleet several versions are in use at a time, one name is several programs, and descriptions
/// differ by settings: what was seen once is no news when it comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    kind: Box<str>,
    name: Box<str>,
    forms: Vec<Form>,
    /// All that was seen of it, by hash, oldest first.
    known: Vec<u64>,
    last: u32,
}

impl Aging for Item {
    fn last_used(&self) -> u32 {
        self.last
    }
}

impl Form {
    pub(super) fn of(shown: &Shown, at: u32) -> Self {
        let description = shown.description.as_str();
        Self {
            version: shown.version.as_str().into(),
            source: shown.source.as_str().into(),
            description: (!description.is_empty()).then(|| digest(description)),
            first: at,
            last: at,
        }
    }

    /// One part of it, of the description its hash in hex; empty where it is not told.
    pub(super) fn part(&self, part: Part) -> Cow<'_, str> {
        match part {
            Part::Version => Cow::Borrowed(&self.version),
            Part::Source => Cow::Borrowed(&self.source),
            Part::Description => Cow::Owned(self.description.map(hex).unwrap_or_default()),
        }
    }

    fn has(&self, part: Part) -> bool {
        match part {
            Part::Version => !self.version.is_empty(),
            Part::Source => !self.source.is_empty(),
            Part::Description => self.description.is_some(),
        }
    }

    /// Whether all that `other` tells is told here, too.
    fn covers(&self, other: &Self) -> bool {
        let mut parts = Part::ALL.into_iter();
        parts.all(|part| !other.has(part) || self.part(part) == other.part(part))
    }

    /// Whether all that both tell is the same.
    fn agrees(&self, other: &Self) -> bool {
        let mut parts = Part::ALL.into_iter();
        parts.all(|part| !self.has(part) || !other.has(part) || self.part(part) == other.part(part))
    }

    /// Takes over what `other`, with which it agrees, tells, and when it was seen.
    fn add(&mut self, other: Self) {
        if self.version.is_empty() {
            self.version = other.version;
        }
        if self.source.is_empty() {
            self.source = other.source;
        }
        self.description = self.description.or(other.description);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

impl Item {
    /// Not seen yet.
    pub(super) fn new(kind: &str, name: &str) -> Self {
        Self {
            kind: kind.into(),
            name: name.into(),
            forms: Vec::new(),
            known: Vec::new(),
            last: 0,
        }
    }

    /// Whether it was never seen.
    pub(super) const fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// Whether it was seen like that shortly before.
    pub(super) fn is_noted(&self, form: &Form) -> bool {
        let mut known = self.forms.iter().filter(|one| one.covers(form));
        known.any(|one| form.last <= one.last.saturating_add(REFRESH_S))
    }

    /// Takes over that it was seen in `form`; returns what of that was never seen of it.
    pub(super) fn take(&mut self, form: Form) -> Vec<News> {
        self.last = self.last.max(form.last);
        let mut news = Vec::new();
        for part in Part::ALL.into_iter().filter(|part| form.has(*part)) {
            let after = form.part(part);
            let hash = short(part, &after);
            if self.known.contains(&hash) {
                continue;
            }
            let before = self.latest(part);
            // Whoever told no version or source before has not changed it; a tool that had no
            // description, and has one, says something new.
            let is_first_word = before.is_empty() && part != Part::Description;
            if self.is_empty() || !is_first_word {
                news.push(News {
                    part,
                    before,
                    after: after.into_owned(),
                });
            }
            if self.known.len() >= MAX_TOLD {
                self.known.remove(0);
            }
            self.known.push(hash);
        }
        self.keep(form);
        news
    }

    /// What was seen last of a part.
    fn latest(&self, part: Part) -> String {
        let telling = self.forms.iter().filter(|form| form.has(part));
        let latest = telling.max_by_key(|form| form.last);
        latest.map_or_else(String::new, |form| form.part(part).into_owned())
    }

    fn keep(&mut self, form: Form) {
        let fitting = self.forms.iter_mut().filter(|one| one.agrees(&form));
        if let Some(known) = fitting.max_by_key(|one| (one.covers(&form), one.last)) {
            known.add(form);
            return;
        }
        if self.forms.len() >= MAX_FORMS {
            let stalest = self
                .forms
                .iter()
                .enumerate()
                .min_by_key(|(_, one)| one.last);
            if let Some((at, _)) = stalest {
                self.forms.remove(at);
            }
        }
        self.forms.push(form);
    }

    /// A line for each form, the one seen last first.
    pub(super) fn lines(&self) -> Vec<InventoryLine> {
        let mut forms: Vec<&Form> = self.forms.iter().collect();
        forms.sort_by_key(|form| Reverse(form.last));
        let line = |form: &Form| InventoryLine {
            kind: self.kind.clone(),
            name: self.name.clone(),
            version: form.version.clone(),
            source: form.source.clone(),
            description_hash: form.part(Part::Description).into(),
            first_seen: form.first,
            last_seen: form.last,
        };
        forms.into_iter().map(line).collect()
    }
}

/// One form of one thing, as `magistrate inventory` lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InventoryLine {
    /// plugin, marketplace, skill, mcp_server or tool; tool_list of a client whose lists were cut.
    pub kind: Box<str>,
    /// What it is called.
    pub name: Box<str>,
    /// Its version; empty where it was not told.
    pub version: Box<str>,
    /// A plugin's marketplace, a skill's source, a server's scope and transport; empty where it was
    /// not told.
    pub source: Box<str>,
    /// The first 32 hex digits of the BLAKE3 hash of its description; empty where it has none.
    pub description_hash: Box<str>,
    /// When it was seen first like that, in seconds since 1970.
    pub first_seen: u32,
    /// When it was seen last like that, to the hour.
    pub last_seen: u32,
}

fn digest(text: &str) -> Digest {
    let mut bytes = Digest::default();
    let hash = blake3::hash(text.as_bytes());
    bytes
        .iter_mut()
        .zip(hash.as_bytes())
        .for_each(|(to, from)| *to = *from);
    bytes
}

fn hex(digest: Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a part said, in short.
fn short(part: Part, text: &str) -> u64 {
    let hash = super::hash(&[part.name(), text]);
    let half = hash.first_chunk().copied().unwrap_or_default();
    u64::from_le_bytes(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(version: &str, source: &str, at: u32) -> Form {
        Form {
            version: version.into(),
            source: source.into(),
            description: None,
            first: at,
            last: at,
        }
    }

    fn parts(news: &[News]) -> Vec<&str> {
        news.iter().map(|one| one.part.name()).collect()
    }

    #[test]
    fn what_was_seen_once_is_no_news_again() {
        let mut item = Item::new("plugin", "helper");
        item.take(form("1", "acme", 1));
        assert_eq!(parts(&item.take(form("2", "acme", 2))), ["version"]);
        for at in 3..200 {
            let version = (at % 2 + 1).to_string();
            assert_eq!(item.take(form(&version, "acme", at)), []);
        }
        let news = item.take(form("3", "elsewhere", 200));
        assert_eq!(parts(&news), ["version", "source"]);
        assert_eq!((&*news[0].before, &*news[0].after), ("2", "3"));
        let lines = item.lines();
        let seen: Vec<_> = lines
            .iter()
            .map(|line| (&*line.version, line.first_seen, line.last_seen))
            .collect();
        assert_eq!(seen, [("3", 200, 200), ("2", 2, 199), ("1", 1, 198)]);
    }

    #[test]
    fn what_is_not_told_is_no_other_form() {
        let mut item = Item::new("mcp_server", "crm");
        item.take(form("", "user stdio", 1));
        assert_eq!(item.take(form("1", "user stdio", 2)), []);
        assert_eq!(item.take(form("", "", 3)), []);
        let lines = item.lines();
        assert_eq!(lines.len(), 1);
        assert_eq!((&*lines[0].version, lines[0].last_seen), ("1", 3));
    }

    #[test]
    fn forms_without_end_are_bounded() {
        let mut item = Item::new("tool", "x");
        for at in 0..10_000_u32 {
            item.take(form(&at.to_string(), "s", at));
        }
        assert!(item.forms.len() <= MAX_FORMS && item.known.len() <= MAX_TOLD);
        assert_eq!(&*item.lines()[0].version, "9999");
    }
}
