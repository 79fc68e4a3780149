//! Calls that were refused, and whether an action does again what one of them would have done.

use serde::{Deserialize, Serialize};

use super::key::{Seconds, Tag};
use super::marks::Marks;
use super::observed::{Observed, Told};

/// Refused calls that are remembered.
const MAX_REFUSED: usize = 16;
/// Calls that wait for a decision, of which it is remembered what they would do.
const MAX_WAITING: usize = 8;
/// Calls that a person let run.
const MAX_LET: usize = 16;
/// So long a refusal counts, in seconds.
const KEPT_SECONDS: u32 = 3_600;
/// The same where nobody told what was refused: within one turn only.
const UNTOLD_SECONDS: u32 = 120;

/// How an action does again what was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Retried {
    /// By the tool that was refused, in the same turn; to do what, the client did not tell.
    Untold,
    /// By another tool.
    OtherTool,
    /// By the same tool.
    SameTool,
}

impl Retried {
    const ALL: [Self; 3] = [Self::Untold, Self::OtherTool, Self::SameTool];

    /// As rules name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Untold => "untold",
            Self::OtherTool => "other_tool",
            Self::SameTool => "same_tool",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// A call that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Refusal {
    at: Seconds,
    prompt: Tag,
    call: Tag,
    tool: Tag,
    /// None where nobody has told what it would have done.
    marks: Marks,
    /// Whether a person let the same run later.
    is_lifted: bool,
}

/// What was refused in a session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Refusals {
    refused: Vec<Refusal>,
    /// What calls would do of which it is not known yet whether they are refused: a decision mostly
    /// does not tell what it is about, a hook and the call's span do.
    waiting: Vec<(Tag, Marks)>,
    /// Calls that a person let run.
    let_run: Vec<Tag>,
}

impl Refusals {
    /// Takes an event into account.
    pub(super) fn apply(&mut self, seen: &Observed<'_>) {
        match seen.told {
            Told::Refused => self.refuse(seen),
            Told::Accepted { forever } if is_by_person(seen) => {
                push(&mut self.let_run, seen.call, MAX_LET);
                self.lift(seen, forever);
            }
            Told::Done { .. } => {
                if self.is_let(seen.call) {
                    self.lift(seen, false);
                }
                self.waiting.retain(|(call, _)| *call != seen.call);
            }
            // A span of a call that brought something back is of none that was refused.
            Told::Other | Told::Happened if seen.outputs.is_empty() => self.hear(seen),
            Told::Accepted { .. }
            | Told::Prompt(_)
            | Told::Connected
            | Told::Happened
            | Told::Mode
            | Told::AgentEnded
            | Told::Other => {}
        }
    }

    /// Whether and how `seen` does again what was refused before, and no person has let run.
    pub(super) fn retried(&self, seen: &Observed<'_>) -> Option<Retried> {
        let mut open = self.open(seen).peekable();
        open.peek()?;
        let tool = Tag::of(seen.action.tool?);
        let may_be = match seen.told {
            Told::Accepted { .. } => !is_by_person(seen),
            Told::Done { .. } | Told::Happened | Told::Other => !self.is_let(seen.call),
            Told::Prompt(_) | Told::Refused | Told::Connected | Told::Mode | Told::AgentEnded => {
                false
            }
        };
        if !may_be {
            return None;
        }
        let done = self.done(seen);
        open.filter_map(|one| one.retried(seen, tool, &done)).max()
    }

    /// The refusals that count for `seen`.
    fn open(&self, seen: &Observed<'_>) -> impl Iterator<Item = &Refusal> {
        let (at, call) = (seen.time, seen.call);
        self.refused.iter().filter(move |one| {
            !one.is_lifted && !one.is_of(call) && one.at <= at && at.since(one.at) <= KEPT_SECONDS
        })
    }

    /// What `seen` does, by all that was told of its call.
    fn done(&self, seen: &Observed<'_>) -> Marks {
        let mut done = Marks::done(seen);
        if let Some(told) = self.waiting_of(seen.call) {
            done.join(told);
        }
        done
    }

    fn waiting_of(&self, call: Tag) -> Option<&Marks> {
        let mut waiting = self.waiting.iter();
        let found = waiting.find(|(one, _)| *one == call && call != Tag::NONE)?;
        Some(&found.1)
    }

    fn is_let(&self, call: Tag) -> bool {
        call != Tag::NONE && self.let_run.contains(&call)
    }

    fn refuse(&mut self, seen: &Observed<'_>) {
        let Some(tool) = seen.action.tool.map(Tag::of) else {
            return;
        };
        let mut marks = Marks::asked(seen);
        if let Some(told) = self.waiting_of(seen.call) {
            marks.join(told);
        }
        let is_same = |one: &&mut Refusal| match seen.call {
            Tag::NONE => (one.at, one.tool) == (seen.time, tool) && one.marks == marks,
            call => one.call == call,
        };
        if let Some(known) = self.refused.iter_mut().find(is_same) {
            known.marks.join(&marks);
            return;
        }
        let refusal = Refusal {
            at: seen.time,
            prompt: seen.prompt,
            call: seen.call,
            tool,
            marks,
            is_lifted: false,
        };
        push(&mut self.refused, refusal, MAX_REFUSED);
    }

    /// What a hook or a span tells of a call that may be, or was, refused.
    fn hear(&mut self, seen: &Observed<'_>) {
        if seen.call == Tag::NONE || seen.action.tool.is_none() {
            return;
        }
        let marks = Marks::asked(seen);
        if marks.is_empty() {
            return;
        }
        let mut refused = self.refused.iter_mut();
        if let Some(known) = refused.find(|one| one.is_of(seen.call)) {
            known.marks.join(&marks);
        } else if let Some((_, known)) = self.waiting.iter_mut().find(|one| one.0 == seen.call) {
            known.join(&marks);
        } else {
            push(&mut self.waiting, (seen.call, marks), MAX_WAITING);
        }
    }

    /// A person let `seen` run: what it does is refused no more.
    fn lift(&mut self, seen: &Observed<'_>, forever: bool) {
        let Some(tool) = seen.action.tool.map(Tag::of) else {
            return;
        };
        let done = self.done(seen);
        // Of commands, a person allows one kind for good, of other tools all calls.
        let lifts_all = forever && seen.action.tool_class != Some("execute");
        for one in &mut self.refused {
            let is_again = !one.is_of(seen.call) && one.retried(seen, tool, &done).is_some();
            one.is_lifted |= one.at <= seen.time && (is_again || lifts_all && one.tool == tool);
        }
    }
}

impl Refusal {
    fn is_of(&self, call: Tag) -> bool {
        self.call == call && call != Tag::NONE
    }

    fn retried(&self, seen: &Observed<'_>, tool: Tag, done: &Marks) -> Option<Retried> {
        if !self.marks.is_empty() {
            let how = if self.tool == tool {
                Retried::SameTool
            } else {
                Retried::OtherTool
            };
            return self.marks.are_in(done).then_some(how);
        }
        let is_turn = self.prompt == seen.prompt && self.prompt != Tag::NONE;
        let is_soon = seen.time.since(self.at) <= UNTOLD_SECONDS;
        (is_turn && is_soon && self.tool == tool).then_some(Retried::Untold)
    }
}

fn is_by_person(seen: &Observed<'_>) -> bool {
    seen.decided_by.is_some_and(|by| by.starts_with("user_"))
}

/// Adds `one`; beyond `max` the oldest is forgotten.
fn push<T: PartialEq>(all: &mut Vec<T>, one: T, max: usize) {
    if all.contains(&one) {
        return;
    }
    if all.len() >= max {
        all.remove(0);
    }
    all.push(one);
}
