//! Whether the user's own turns ask for an action. Only what a person wrote counts: no page, mail,
//! file, tool or scheduled task can ask.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::observed::Observed;

/// Longer arguments are not read.
const MAX_ARGUMENTS_BYTES: usize = 64 * 1024;
/// A shorter word may be part of anything.
const MIN_WORD_BYTES: usize = 4;

/// Words by which people ask for something to be sent, shared or uploaded.
const TO_SEND: [&str; 16] = [
    "send", "mail", "email", "message", "post", "reply", "respond", "forward", "share", "publish",
    "notify", "submit", "upload", "attach", "invite", "deliver",
];
/// Behind these such a word is a thing: "this post".
const BEFORE_THINGS: [&str; 16] = [
    "a", "an", "the", "this", "that", "these", "my", "our", "your", "his", "her", "their", "its",
    "each", "every", "last",
];
/// … and for something to be remembered.
const TO_REMEMBER: [&str; 7] = [
    "remember", "memory", "memorize", "memorise", "note", "notes", "mind",
];
/// Where one of these stands, something is not wanted.
const NOT: [&str; 6] = ["not", "never", "don", "dont", "without", "cannot"];

/// Arguments that name the room that a message goes to.
const ROOMS: [&str; 5] = [
    "channel",
    "channel_id",
    "channel_name",
    "conversation",
    "room",
];

/// A turn of the user, as it is looked at.
struct Turn {
    /// In small letters, without what it quotes.
    text: String,
}

/// Whether an action of that kind is one that is asked for by name.
pub(super) fn can_be_asked(kind: &str) -> bool {
    matches!(kind, "send" | "share" | "upload" | "create" | "update")
}

/// Whether `turns` ask for the action of `seen`, in whose outgoing text stands what was read at the
/// places `copied`; none where there is no turn, or where the action is none that is asked for by name.
pub(super) fn is_asked(turns: &[&str], seen: &Observed<'_>, copied: &[&str]) -> Option<bool> {
    let kind = seen.action.kind?;
    if turns.is_empty() {
        return None;
    }
    let own = || -> Vec<Turn> { turns.iter().filter_map(|turn| Turn::of(turn)).collect() };
    match kind {
        "send" | "share" | "upload" => Some(is_sending_asked(&own(), seen, copied)),
        "create" | "update" => {
            // Files are written all day long: look first whether the name is there at all.
            let is_there = |file: &str| turns.iter().any(|turn| turn.contains(name_of(file)));
            let mut files = seen.files();
            let may_be = files.all(|file| is_memory(file) || is_there(file));
            Some(may_be && is_writing_asked(&own(), seen))
        }
        _ => None,
    }
}

impl Turn {
    /// None where no person wrote it, or where it says that something is not to be done.
    fn of(turn: &str) -> Option<Self> {
        // What a client puts in the user's place: `<scheduled-task …>`, `<task-notification>`.
        if turn.trim_start().starts_with('<') {
            return None;
        }
        let mut is_quoted = false;
        let mut text = String::with_capacity(turn.len());
        for line in turn.lines() {
            let line = line.trim_start();
            if line.starts_with("```") {
                is_quoted = !is_quoted;
            } else if !is_quoted && !line.starts_with('>') {
                text.push_str(&line.to_lowercase());
                text.push('\n');
            }
        }
        let turn = Self { text };
        (!turn.has_one_of(&NOT)).then_some(turn)
    }

    fn has_one_of(&self, words: &[&str]) -> bool {
        let mut own = self.text.split(|next: char| !next.is_alphanumeric());
        own.any(|word| words.contains(&word))
    }

    /// Whether it has a word for sending that is no thing.
    fn asks_to_send(&self) -> bool {
        let own = self.text.split(|next: char| !next.is_alphanumeric());
        let mut before = "";
        for word in own.filter(|word| !word.is_empty()) {
            if TO_SEND.contains(&word) && !BEFORE_THINGS.contains(&before) {
                return true;
            }
            before = word;
        }
        false
    }

    /// Whether `name`, in any case, stands there as a word of its own.
    fn names(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let is_part = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
        !name.is_empty()
            && self.text.match_indices(&name).any(|(at, _)| {
                let before = self
                    .text
                    .get(..at)
                    .and_then(|text| text.chars().next_back());
                let after = self.text.get(at + name.len()..);
                !is_part(before) && !is_part(after.and_then(|text| text.chars().next()))
            })
    }
}

fn is_sending_asked(turns: &[Turn], seen: &Observed<'_>, copied: &[&str]) -> bool {
    if !turns.iter().any(Turn::asks_to_send) {
        return false;
    }
    let is_named = |name: &str| turns.iter().any(|turn| turn.names(name));
    if let Some(recipients) = seen.action.recipient {
        let pieces = recipients.split([',', ';', ' ', '<', '>']);
        let pieces: Vec<&str> = pieces.filter(|piece| !piece.is_empty()).collect();
        let has_address = pieces.iter().any(|piece| piece.contains('@'));
        let mut counted = pieces
            .iter()
            .filter(|piece| !has_address || piece.contains('@'));
        let are_named = !pieces.is_empty() && counted.all(|piece| is_named(piece));
        return are_named || (are_colleagues(seen) && are_contents_named(turns, seen, copied));
    }
    let rooms = rooms(seen);
    if rooms.is_empty() {
        return are_contents_named(turns, seen, copied);
    }
    // An id tells nobody which room it is.
    let is_id = |room: &String| {
        room.len() >= 8
            && room
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    let is_room_named = |room: &String| is_named(room.trim_start_matches('#'));
    rooms.iter().all(is_room_named)
        || (rooms.iter().all(is_id) && are_contents_named(turns, seen, copied))
}

/// Whether all recipients are of the user's own domain.
fn are_colleagues(seen: &Observed<'_>) -> bool {
    let domains: BTreeSet<&str> = seen
        .recipient_domains
        .iter()
        .copied()
        .chain(seen.action.recipient_domain)
        .collect();
    seen.user_domain
        .is_some_and(|own| domains.iter().all(|one| one.eq_ignore_ascii_case(own)))
        && !domains.is_empty()
}

/// Whether the turns name all that goes out: the files, documents and commands that it was read from,
/// or else the files that the action itself names.
fn are_contents_named(turns: &[Turn], seen: &Observed<'_>, copied: &[&str]) -> bool {
    let places = copied.iter().filter_map(|label| label.split_once(':'));
    let own = places.filter(|(origin, _)| matches!(*origin, "file" | "document" | "command"));
    let mut names: Vec<&str> = own.map(|(_, place)| place).collect();
    if names.is_empty() {
        names = seen.files().collect();
    }
    !names.is_empty() && names.iter().all(|place| is_place_named(turns, place))
}

/// Whether the turns name a file by its name, with or without its extension, or a server.
fn is_place_named(turns: &[Turn], place: &str) -> bool {
    let name = name_of(place);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let is_named = |name: &str| turns.iter().any(|turn| turn.names(name));
    is_named(name) || (stem.len() >= MIN_WORD_BYTES && is_named(stem))
}

/// The rooms that the arguments name.
fn rooms(seen: &Observed<'_>) -> Vec<String> {
    let arguments = seen
        .action
        .arguments
        .filter(|text| text.len() <= MAX_ARGUMENTS_BYTES);
    let Some(Ok(Json::Object(arguments))) = arguments.map(serde_json::from_str) else {
        return Vec::new();
    };
    let rooms = ROOMS
        .iter()
        .filter_map(|name| arguments.get(*name)?.as_str());
    rooms.map(str::to_owned).collect()
}

/// Whether the turns name every file that is written, or ask for something to be remembered where the
/// agent writes its memory.
fn is_writing_asked(turns: &[Turn], seen: &Observed<'_>) -> bool {
    let is_named = |name: &str| turns.iter().any(|turn| turn.names(name));
    let is_remembering = turns.iter().any(|turn| turn.has_one_of(&TO_REMEMBER));
    let mut files = seen.files().peekable();
    if files.peek().is_none() {
        return is_remembering;
    }
    files.all(|file| is_named(name_of(file)) || (is_remembering && is_memory(file)))
}

/// Whether the agent reads a file at the beginning of later sessions.
fn is_memory(path: &str) -> bool {
    let names = ["claude.md", "claude.local.md", "agents.md", "memory.md"];
    names.contains(&name_of(path).to_ascii_lowercase().as_str())
        || path.contains("/memories/")
        || path.contains("/memory/")
}

/// The last part of a path.
fn name_of(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
