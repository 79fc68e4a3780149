//! Marks of what an action does to what, short enough to be kept: by them it is known again.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::commands::{Simple, simple};
use super::key::Tag;
use super::observed::Observed;

/// Marks of one action, at most.
const MAX_MARKS: usize = 12;
/// Longer arguments are not read.
const MAX_ARGUMENTS_BYTES: usize = 64 * 1024;
/// A text of fewer bytes, or fewer words, may be anything.
const MIN_TEXT_BYTES: usize = 12;
const MIN_TEXT_WORDS: usize = 3;

/// Programs that take an address without its scheme.
const FETCHERS: [&str; 2] = ["curl", "wget"];

/// What a mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    /// A simple command, without its options.
    Command,
    /// A file by its whole path that is read, or written.
    Read,
    Write,
    /// … by its name alone: a command names it from the folder in which it runs.
    ReadName,
    WriteName,
    Host,
    /// Host and path.
    Address,
    Recipient,
    /// A text that goes out.
    Text,
    /// All arguments of a tool.
    Call,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    kind: Kind,
    tag: Tag,
    /// Of a command, how many options it has.
    options: u8,
}

/// What an action does to what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Marks(Vec<Mark>);

impl Marks {
    /// What would be done again by who does what `seen` asks for.
    pub(super) fn asked(seen: &Observed<'_>) -> Self {
        let mut marks = Self::default();
        if let Some(line) = seen.action.command {
            let commands = simple(line);
            marks.push_commands(line, &commands);
            let is_reading = commands.iter().all(Simple::only_reads);
            for word in commands.iter().flat_map(|one| &one.words) {
                if let Some(address) = address_in(word) {
                    marks.push(Kind::Address, address);
                } else if is_reading && is_path(word) {
                    marks.push(Kind::Read, word);
                    marks.push(Kind::ReadName, name_of(word));
                }
            }
        } else {
            for file in seen.files() {
                let [whole, name] = kinds_of_file(seen);
                marks.push(whole, file);
                marks.push(name, name_of(file));
            }
            marks.push_call(seen);
        }
        marks.0.truncate(MAX_MARKS);
        marks
    }

    /// What `seen` does, each thing by all the ways in which it could have been asked for.
    pub(super) fn done(seen: &Observed<'_>) -> Self {
        let mut marks = Self::default();
        if let Some(line) = seen.action.command {
            let commands = simple(line);
            marks.push_commands(line, &commands);
            commands.iter().for_each(|one| marks.push_words(one));
        } else {
            for file in seen.files() {
                let [whole, name] = kinds_of_file(seen);
                if is_rooted(file) {
                    marks.push(whole, file);
                } else {
                    marks.push(name, name_of(file));
                }
            }
            marks.push_call(seen);
        }
        marks
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes in what another event of the same call told.
    pub(super) fn join(&mut self, other: &Self) {
        for mark in &other.0 {
            if self.0.len() < MAX_MARKS && !self.0.contains(mark) {
                self.0.push(*mark);
            }
        }
    }

    /// Whether `done` does again what these marks ask for: all of the commands, with no fewer options,
    /// or one of the other things.
    pub(super) fn are_in(&self, done: &Self) -> bool {
        let is_again = |mark: &Mark| {
            let mut same = done.0.iter();
            same.any(|one| {
                one.kind == mark.kind && one.tag == mark.tag && one.options >= mark.options
            })
        };
        let is_command = |mark: &&Mark| mark.kind == Kind::Command;
        let mut commands = self.0.iter().filter(is_command).peekable();
        let are_commands = commands.peek().is_some() && commands.all(is_again);
        are_commands || self.0.iter().filter(|mark| !is_command(mark)).any(is_again)
    }

    fn push(&mut self, kind: Kind, text: &str) {
        let tag = Tag::of(text);
        let mark = Mark {
            kind,
            tag,
            options: 0,
        };
        if !text.is_empty() && !self.0.contains(&mark) {
            self.0.push(mark);
        }
    }

    /// The commands; the whole line where none of them does anything of its own.
    fn push_commands(&mut self, line: &str, commands: &[Simple<'_>]) {
        let before = self.0.len();
        let gists = commands.iter().filter_map(Simple::gist);
        self.0.extend(gists.map(|(tag, options)| Mark {
            kind: Kind::Command,
            tag,
            options,
        }));
        if self.0.len() == before {
            self.push(Kind::Command, line.trim());
        }
    }

    /// The files, addresses and recipients that a command names.
    fn push_words(&mut self, command: &Simple<'_>) {
        for word in &command.words {
            if let Some(address) = address_in(word) {
                self.push(Kind::Address, address);
                self.push(Kind::Host, &host_of(address));
                continue;
            }
            if FETCHERS.contains(&command.program) {
                self.push(Kind::Host, &host_of(word));
            }
            if word.contains('@') {
                self.push(Kind::Recipient, &word.to_lowercase());
            }
            let pieces =
                word.split(|next: char| next.is_whitespace() || "=@<>,()'\"".contains(next));
            for piece in pieces.filter(|piece| is_path(piece)) {
                let (kinds, text) = if is_rooted(piece) {
                    ([Kind::Read, Kind::Write], piece)
                } else {
                    ([Kind::ReadName, Kind::WriteName], name_of(piece))
                };
                let does = [command.may_read(), command.may_write()];
                for (kind, _) in kinds.into_iter().zip(does).filter(|(_, does)| *does) {
                    self.push(kind, text);
                }
            }
        }
    }

    /// What a call of a tool names that runs no command.
    fn push_call(&mut self, seen: &Observed<'_>) {
        let action = &seen.action;
        self.push(Kind::Host, action.host.unwrap_or_default());
        if let Some(address) = action.url.and_then(address_in) {
            self.push(Kind::Address, address);
        }
        let recipients = action.recipient.unwrap_or_default();
        for one in recipients.split([',', ';', ' ', '<', '>']) {
            if one.contains('@') {
                self.push(Kind::Recipient, &one.to_lowercase());
            }
        }
        let Some(arguments) = action.arguments else {
            return;
        };
        let tool = action.tool.unwrap_or_default();
        self.push(Kind::Call, &format!("{tool} {arguments}"));
        let goes_out = action.tool_class == Some("mcp") && action.kind != Some("read");
        if goes_out && arguments.len() <= MAX_ARGUMENTS_BYTES {
            let arguments = serde_json::from_str(arguments).unwrap_or(Json::Null);
            self.push_texts(&arguments);
        }
    }

    fn push_texts(&mut self, json: &Json) {
        match json {
            Json::String(text) => {
                let text = text.trim();
                let words = text.split_whitespace().take(MIN_TEXT_WORDS).count();
                if text.len() >= MIN_TEXT_BYTES && words == MIN_TEXT_WORDS {
                    self.push(Kind::Text, text);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| self.push_texts(item)),
            Json::Object(map) => map.values().for_each(|value| self.push_texts(value)),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
}

/// What the whole path and the name of a file stand for that a tool works on.
fn kinds_of_file(seen: &Observed<'_>) -> [Kind; 2] {
    if matches!(seen.action.kind, Some("read" | "download")) {
        [Kind::Read, Kind::ReadName]
    } else {
        [Kind::Write, Kind::WriteName]
    }
}

/// Host and path of the address that stands in `word`, without what is asked of them.
fn address_in(word: &str) -> Option<&str> {
    let (_, rest) = word.split_once("://")?;
    let is_end = |next: char| next.is_whitespace() || "?#\"'".contains(next);
    let address = rest.split(is_end).next()?;
    let address = address.trim_end_matches('/');
    (!address.is_empty()).then_some(address)
}

fn host_of(address: &str) -> String {
    let host = address.split('/').next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    host.split(':')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// Whether a word of a command may be a file's path.
fn is_path(word: &str) -> bool {
    word.len() > 2 && !word.starts_with('-') && word.contains(['/', '\\', '.'])
}

/// Whether a path begins at its root: `~` is a home that nobody told.
fn is_rooted(path: &str) -> bool {
    path.starts_with('/') || path.get(1..2) == Some(":")
}

/// The last part of a path.
fn name_of(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
