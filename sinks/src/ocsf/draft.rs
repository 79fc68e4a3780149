//! Holds the columns of one event while it is decided where each of them stands.

use std::borrow::Cow;

use magistrate_event::{Cell, Value};

use super::classes::{Home, Profile};

/// What is shown at a path.
#[derive(Debug, Clone)]
pub(super) enum Shown<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number; times are milliseconds since the Unix epoch.
    Int(i64),
    /// A number with a fraction; may be not finite, which JSON cannot say in digits.
    Double(f64),
    /// A truth value.
    Bool(bool),
    /// A list or map of the event.
    Tree(&'a Value),
    /// A list of fixed words.
    Names(Vec<&'static str>),
}

impl<'a> From<Cell<'a>> for Shown<'a> {
    fn from(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Text(text) => Self::Text(Cow::Borrowed(text)),
            Cell::Int(number) => Self::Int(number),
            Cell::Double(number) => Self::Double(number),
            Cell::Bool(flag) => Self::Bool(flag),
            Cell::Time(time) => Self::Int(time.as_millis()),
            Cell::Tree(value) => Self::Tree(value),
        }
    }
}

impl<'a> From<&'a str> for Shown<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Shown<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

/// One value and its dotted path.
#[derive(Debug, Clone)]
pub(super) struct Leaf<'a> {
    pub(super) path: &'static str,
    pub(super) shown: Shown<'a>,
    /// What must be declared for it to stand at its path. What completes an object goes without:
    /// the object's own columns have it.
    profile: Option<Profile>,
}

/// The columns that stay at their path, and those that go under `unmapped`.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    kept: Vec<Leaf<'a>>,
    moved: Vec<Leaf<'a>>,
    mistyped: Vec<Leaf<'a>>,
}

/// A draft that is done: each list sorted by path, so that an object's members stand together.
#[derive(Debug)]
pub(super) struct Sorted<'a> {
    /// What stands at its path.
    pub(super) kept: Vec<Leaf<'a>>,
    /// What stands under `unmapped`.
    pub(super) moved: Vec<Leaf<'a>>,
    /// What stands under `unmapped.mistyped`, as texts.
    pub(super) mistyped: Vec<Leaf<'a>>,
}

impl<'a> Draft<'a> {
    pub(super) fn new() -> Self {
        Self {
            kept: Vec::with_capacity(64),
            moved: Vec::with_capacity(32),
            mistyped: Vec::new(),
        }
    }

    /// Shows `shown` at `path`, which is not in use yet.
    pub(super) fn keep(&mut self, path: &'static str, shown: Shown<'a>) {
        self.kept.push(leaf(path, shown));
    }

    /// Shows a column of the event at `path`, by a profile where it needs one.
    pub(super) fn keep_at(&mut self, path: &'static str, home: Home, shown: Shown<'a>) {
        let profile = match home {
            Home::Profile(profile) => Some(profile),
            Home::Required | Home::Optional | Home::Foreign => None,
        };
        self.kept.push(Leaf {
            path,
            shown,
            profile,
        });
    }

    /// Whether a column stands at its path by `profile`.
    pub(super) fn uses(&self, profile: Profile) -> bool {
        self.kept.iter().any(|leaf| leaf.profile == Some(profile))
    }

    /// Shows `shown` under `unmapped`.
    pub(super) fn move_out(&mut self, path: &'static str, shown: Shown<'a>) {
        self.moved.push(leaf(path, shown));
    }

    /// Shows `shown`, which is not of its column's kind, under `unmapped.mistyped`.
    pub(super) fn set_apart(&mut self, path: &'static str, shown: Shown<'a>) {
        self.mistyped.push(leaf(path, shown));
    }

    /// Shows `shown` at `path` unless something is there.
    pub(super) fn add(&mut self, path: &'static str, shown: Shown<'a>) {
        if !self.has(path) {
            self.keep(path, shown);
        }
    }

    /// Whether something stands at `path` or below it.
    pub(super) fn has(&self, path: &str) -> bool {
        self.paths().any(|other| lies_in(other, path))
    }

    /// The whole number at `path`.
    pub(super) fn int(&self, path: &str) -> Option<i64> {
        self.kept.iter().find_map(|leaf| match leaf.shown {
            Shown::Int(number) if leaf.path == path => Some(number),
            Shown::Int(_)
            | Shown::Text(_)
            | Shown::Double(_)
            | Shown::Bool(_)
            | Shown::Tree(_)
            | Shown::Names(_) => None,
        })
    }

    /// The text at `path`.
    pub(super) fn text(&self, path: &str) -> Option<Cow<'a, str>> {
        self.kept.iter().find_map(|leaf| match &leaf.shown {
            Shown::Text(text) if leaf.path == path => Some(text.clone()),
            Shown::Text(_)
            | Shown::Int(_)
            | Shown::Double(_)
            | Shown::Bool(_)
            | Shown::Tree(_)
            | Shown::Names(_) => None,
        })
    }

    /// Moves everything at `object` and below it under `unmapped`.
    ///
    /// A number that stands there already, in whose place 99 stood here, is the one to keep.
    pub(super) fn banish(&mut self, object: &str) {
        for leaf in self.kept.extract_if(.., |leaf| lies_in(leaf.path, object)) {
            if self.moved.iter().all(|other| other.path != leaf.path) {
                self.moved.push(leaf);
            }
        }
    }

    /// The paths that are in use, `unmapped` aside.
    pub(super) fn paths(&self) -> impl Iterator<Item = &'static str> {
        self.kept.iter().map(|leaf| leaf.path)
    }

    /// The draft, done.
    pub(super) fn into_sorted(mut self) -> Sorted<'a> {
        self.kept.sort_unstable_by_key(|leaf| leaf.path);
        self.moved.sort_unstable_by_key(|leaf| leaf.path);
        self.mistyped.sort_unstable_by_key(|leaf| leaf.path);
        Sorted {
            kept: self.kept,
            moved: self.moved,
            mistyped: self.mistyped,
        }
    }
}

const fn leaf<'a>(path: &'static str, shown: Shown<'a>) -> Leaf<'a> {
    Leaf {
        path,
        shown,
        profile: None,
    }
}

fn lies_in(path: &str, object: &str) -> bool {
    // Most paths differ in their first letter: no need to compare the rest.
    path.as_bytes().first() == object.as_bytes().first()
        && path
            .strip_prefix(object)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_moves_with_its_members_only() {
        let mut draft = Draft::new();
        draft.keep("file.name", Shown::from("a"));
        draft.keep("file.size", Shown::Int(1));
        draft.keep("file_diff", Shown::Int(2));
        assert!(draft.has("file") && draft.has("file.name") && !draft.has("file.nam"));
        draft.move_out("file.size", Shown::Int(7));
        draft.banish("file");
        let Sorted { kept, moved, .. } = draft.into_sorted();
        assert_eq!(
            kept.iter().map(|leaf| leaf.path).collect::<Vec<_>>(),
            ["file_diff"]
        );
        assert_eq!(moved.len(), 2);
    }
}
