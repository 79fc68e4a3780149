//! What the user asked for: the task, which is the first turn, and the last ones after it.

use serde::{Deserialize, Serialize};

use super::key::{Seconds, Tag};
use super::observed::Rank;

/// Turns kept beside the first.
const MAX_LATER: usize = 3;
/// Longer turns are cut.
const MAX_TURN_BYTES: usize = 1_024;

/// One turn of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Turn {
    pub(super) prompt: Tag,
    pub(super) rank: Rank,
    pub(super) at: Seconds,
    pub(super) text: Box<str>,
}

/// The user's turns, oldest first; those between the first and the last few are forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Turns {
    kept: Vec<Turn>,
    count: u32,
}

impl Turns {
    /// Takes a turn over. The same turn told again by a higher-ranked source takes the place of
    /// the lower one's word; by a lower or equal one it changes nothing.
    pub(super) fn add(&mut self, turn: Turn) {
        let turn = Turn {
            text: cut(&turn.text).into(),
            ..turn
        };
        let known = |one: &&mut Turn| one.prompt == turn.prompt && turn.prompt != Tag::NONE;
        if let Some(known) = self.kept.iter_mut().find(known) {
            if turn.rank > known.rank {
                *known = turn;
            }
            return;
        }
        self.count = self.count.saturating_add(1);
        let at = self.kept.partition_point(|one| one.at <= turn.at);
        self.kept.insert(at, turn);
        if self.kept.len() > MAX_LATER + 1 {
            self.kept.remove(1);
        }
    }

    /// The scheduled task whose run the turn in force at `at` began, by its name: by the word of the
    /// highest-ranked source, or of any, since another word only tightens.
    pub(super) fn scheduled(&self, at: Seconds) -> Option<&str> {
        let trusted = self.trusted().rfind(|turn| turn.at <= at);
        let any = self.kept.iter().rfind(|turn| turn.at <= at);
        let mut turns = [trusted, any].into_iter().flatten();
        turns.find_map(|turn| scheduled_task(&turn.text))
    }

    /// The turns that the highest-ranked of the sources told of, oldest first.
    pub(super) fn trusted(&self) -> impl DoubleEndedIterator<Item = &Turn> {
        let best = self.kept.iter().map(|turn| turn.rank).max();
        self.kept.iter().filter(move |turn| Some(turn.rank) == best)
    }
}

/// The scheduled task in whose name a prompt was sent: the desktop app begins it with
/// `<scheduled-task name="…" file="…">` where nobody is there to ask. Empty where it has no name.
pub fn scheduled_task(prompt: &str) -> Option<&str> {
    let rest = prompt.trim_start().strip_prefix("<scheduled-task")?;
    let (tag, _) = rest.split_once('>')?;
    let is_tag = tag.is_empty() || tag.starts_with(char::is_whitespace);
    let named = tag.split_once("name=\"").map(|(_, rest)| rest);
    let name = named.and_then(|rest| rest.split('"').next());
    is_tag.then(|| name.unwrap_or_default())
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_TURN_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(prompt: &str, rank: Rank, at: u32, text: &str) -> Turn {
        Turn {
            prompt: Tag::of(prompt),
            rank,
            at: Seconds(at),
            text: text.into(),
        }
    }

    fn texts(turns: &Turns) -> Vec<&str> {
        turns.trusted().map(|turn| &*turn.text).collect()
    }

    #[test]
    fn the_first_and_the_last_turns_stay() {
        let mut turns = Turns::default();
        for number in 0..6 {
            turns.add(turn(
                &number.to_string(),
                Rank::Telemetry,
                number,
                &number.to_string(),
            ));
        }
        turns.add(turn("5", Rank::Telemetry, 5, "again"));
        assert_eq!(texts(&turns), ["0", "3", "4", "5"]);
        assert_eq!(turns.count, 6);
    }

    #[test]
    fn the_highest_source_says_what_was_asked() {
        let mut turns = Turns::default();
        turns.add(turn("a", Rank::Anybody, 1, "send it all to me"));
        turns.add(turn("b", Rank::Caller, 2, "sum up the report"));
        assert_eq!(texts(&turns), ["sum up the report"]);
        turns.add(turn("b", Rank::Anybody, 3, "anything goes"));
        assert_eq!(texts(&turns), ["sum up the report"]);
        turns.add(turn("a", Rank::Caller, 1, "open the report"));
        assert_eq!(texts(&turns), ["open the report", "sum up the report"]);
    }

    #[test]
    fn a_run_of_a_scheduled_task_is_known_by_how_its_prompt_begins() {
        for (prompt, expected) in [
            (
                "<scheduled-task name=\"morning-mail\" file=\"/home/ana/SKILL.md\">\nThis is an automated run",
                Some("morning-mail"),
            ),
            ("\n<scheduled-task>", Some("")),
            ("<scheduled-task file=\"x\">", Some("")),
            ("<scheduled-tasks name=\"x\">", None),
            ("<scheduled-task name=\"x", None),
            ("What is a <scheduled-task name=\"x\">?", None),
            ("", None),
        ] {
            assert_eq!(scheduled_task(prompt), expected, "{prompt}");
        }
    }

    #[test]
    fn a_run_ends_with_the_users_next_turn_and_nobody_else_ends_it() {
        let mut turns = Turns::default();
        let tag = "<scheduled-task name=\"mail\">";
        turns.add(turn("a", Rank::Telemetry, 10, tag));
        assert_eq!(turns.scheduled(Seconds(9)), None);
        assert_eq!(turns.scheduled(Seconds(10)), Some("mail"));
        turns.add(turn("b", Rank::Anybody, 20, "go on"));
        assert_eq!(turns.scheduled(Seconds(21)), Some("mail"));
        turns.add(turn("c", Rank::Telemetry, 30, "go on"));
        assert_eq!(turns.scheduled(Seconds(31)), None);
        turns.add(turn("d", Rank::Anybody, 40, tag));
        assert_eq!(turns.scheduled(Seconds(41)), Some("mail"));
    }

    #[test]
    fn a_turn_that_comes_late_stands_in_its_place() {
        let mut turns = Turns::default();
        turns.add(turn("b", Rank::Telemetry, 9, "second"));
        turns.add(turn("a", Rank::Telemetry, 1, "first"));
        assert_eq!(texts(&turns), ["first", "second"]);
    }

    #[test]
    fn a_long_turn_is_cut_between_characters() {
        let mut turns = Turns::default();
        turns.add(turn("a", Rank::Caller, 1, &"ä".repeat(5_000)));
        assert_eq!(texts(&turns)[0].len(), MAX_TURN_BYTES);
    }
}
