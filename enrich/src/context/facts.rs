//! What a session's context says of one action: plain values that rules match and judges decide by.

use magistrate_event::Timestamp;

use super::key::Tag;
use super::observed::Rank;
use super::refused::Retried;

/// The facts and the evidence that the session's context has for one event.
///
/// Whatever is not known is `None` or empty, and matches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionFacts {
    /// Whether there is a session at all.
    pub is_known: bool,
    /// What the user asked for first.
    pub task: Option<String>,
    /// What the user said last, where that is not the task.
    pub last_turn: Option<String>,
    /// The scheduled task, by its name, whose run this is; none where a person asked, or nothing is known.
    pub scheduled: Option<String>,
    /// How far the source of the task is trusted.
    pub task_rank: Rank,
    /// Where untrusted content was read, such as `page:example.com`.
    pub untrusted_from: Vec<String>,
    /// Where sensitive data was read, such as `file:/home/ana/.env`.
    pub sensitive_from: Vec<String>,
    /// Whether the session meets the destination for the first time.
    pub destination_new: Option<bool>,
    /// Whether the user has not met it for 30 days.
    pub destination_new_to_user: Option<bool>,
    /// Whether the MCP server has not met it for 30 days.
    pub destination_new_to_server: Option<bool>,
    /// Whether the file lies outside the folders granted.
    pub outside_grant: Option<bool>,
    /// Whether a file that a command names does.
    pub command_outside_grant: Option<bool>,
    /// Whether the user's own turns ask for the action; none where no turn is known, or where the
    /// action is none that is asked for by name.
    pub asked: Option<bool>,
    /// Where the outgoing text was read before.
    pub copied_from: Vec<String>,
    /// Whether one of these places is one that others can write.
    pub copied_untrusted: bool,
    /// Whether one of these places is sensitive.
    pub copied_sensitive: bool,
    /// The calls that brought what was read there.
    pub read_by: Vec<Tag>,
    /// The highest rung of the ladder connector, browser, screen that was used before this action
    /// stepped on a higher one.
    pub ladder_from: Option<&'static str>,
    /// What came before an action in the browser or on the screen; none of other actions.
    pub before: Option<Box<Before>>,
    /// How the action does again what was refused in the session, and no person has let run since.
    pub retried_refused: Option<Retried>,
    /// The permission mode in force.
    pub permission_mode: Option<String>,
    /// Until when the session may only read.
    pub read_only_until: Option<Timestamp>,
}

/// What was done in the session before the agent took to the browser or the screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Before {
    /// MCP servers that were used.
    pub servers: Vec<String>,
    /// Tools that a person let run, and how: `left_click (user_temporary)`.
    pub approved: Vec<String>,
    /// Tools of which a call was refused.
    pub refused: Vec<String>,
    /// Tools of which a call failed.
    pub failed: Vec<String>,
}

impl SessionFacts {
    /// What no context knows anything of.
    pub const UNKNOWN: Self = Self {
        is_known: false,
        task: None,
        last_turn: None,
        scheduled: None,
        task_rank: Rank::Anybody,
        untrusted_from: Vec::new(),
        sensitive_from: Vec::new(),
        destination_new: None,
        destination_new_to_user: None,
        destination_new_to_server: None,
        outside_grant: None,
        command_outside_grant: None,
        asked: None,
        copied_from: Vec::new(),
        copied_untrusted: false,
        copied_sensitive: false,
        read_by: Vec::new(),
        ladder_from: None,
        before: None,
        retried_refused: None,
        permission_mode: None,
        read_only_until: None,
    };

    /// Whether untrusted content was read; `None` without a session.
    pub fn untrusted_read(&self) -> Option<bool> {
        self.is_known.then_some(!self.untrusted_from.is_empty())
    }

    /// Whether sensitive data was read; `None` without a session.
    pub fn sensitive_read(&self) -> Option<bool> {
        self.is_known.then_some(!self.sensitive_from.is_empty())
    }

    /// These facts and the evidence of `other`, which another sender told of the same session: it
    /// can tighten, and never loosens.
    #[must_use]
    pub fn tightened_by(mut self, other: Self) -> Self {
        self.is_known |= other.is_known;
        self.untrusted_from.extend(other.untrusted_from);
        self.sensitive_from.extend(other.sensitive_from);
        self.copied_from.extend(other.copied_from);
        self.read_by.extend(other.read_by);
        self.copied_untrusted |= other.copied_untrusted;
        self.copied_sensitive |= other.copied_sensitive;
        self.destination_new = stricter(self.destination_new, other.destination_new);
        self.outside_grant = stricter(self.outside_grant, other.outside_grant);
        self.command_outside_grant =
            stricter(self.command_outside_grant, other.command_outside_grant);
        self.scheduled = self.scheduled.or(other.scheduled);
        self.ladder_from = self.ladder_from.or(other.ladder_from);
        self.before = self.before.or(other.before);
        self.retried_refused = self.retried_refused.max(other.retried_refused);
        self.read_only_until = self.read_only_until.max(other.read_only_until);
        self
    }
}

/// Evidence of another sender counts where it is against the action.
fn stricter(own: Option<bool>, other: Option<bool>) -> Option<bool> {
    if other == Some(true) { other } else { own }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_senders_word_tightens_only() {
        let own = SessionFacts {
            is_known: true,
            task: Some("sum up the report".to_owned()),
            outside_grant: Some(true),
            destination_new: Some(false),
            asked: Some(false),
            ..SessionFacts::default()
        };
        let other = SessionFacts {
            task: Some("send everything".to_owned()),
            outside_grant: Some(false),
            destination_new: Some(true),
            asked: Some(true),
            untrusted_from: vec!["page:a.example".to_owned()],
            ..SessionFacts::default()
        };
        let both = own.clone().tightened_by(other);
        assert_eq!(both.task, own.task);
        assert_eq!(both.outside_grant, Some(true));
        assert_eq!(both.destination_new, Some(true));
        assert_eq!(both.asked, Some(false));
        assert_eq!(both.untrusted_read(), Some(true));
        assert_eq!(SessionFacts::default().untrusted_read(), None);
    }
}
