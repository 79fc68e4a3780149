//! Categories of policies: how long an answer may take, and what becomes of an action that could
//! not be judged.

use std::collections::BTreeMap;
use std::time::Duration;

use magistrate_event::{Event, Field};
use serde::Deserialize;

use crate::config::Config;
use crate::decision::Decision;

/// What becomes of an action that could not be judged in time or in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// It passes, and the verdict says why it was not judged.
    Open,
    /// It is blocked.
    Closed,
    /// A person decides.
    Approve,
}

impl OnError {
    /// The decision that stands in for the missing one.
    pub const fn decision(self) -> Decision {
        match self {
            Self::Open => Decision::Allow,
            Self::Closed => Decision::Block,
            Self::Approve => Decision::RequireApproval,
        }
    }
}

/// When an answer may follow its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audit {
    /// When the system has it: it outlives the program.
    Written,
    /// When the disk has it: it outlives the machine's power.
    Synced,
}

/// What a category asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posture {
    /// Longest time to an answer, where the category sets one.
    pub deadline: Option<Duration>,
    /// What stands in for a missing decision.
    pub on_error: OnError,
    /// When an answer may follow its record.
    pub audit: Audit,
    /// How many different persons must approve an action.
    pub persons: u8,
}

/// The postures of all categories.
#[derive(Debug, Clone)]
pub struct Postures {
    set: BTreeMap<String, Posture>,
    deadline: Duration,
    persons: u8,
}

/// Categories that fail open: what only looks does no harm that could not be seen later.
const OPEN: [&str; 4] = ["browsing", "prompts", "reading", "model"];

impl Postures {
    /// The defaults, with what the configuration sets.
    pub fn new(config: &Config) -> Self {
        let deadline = Duration::from_millis(config.deadline_ms);
        let mut postures = Self {
            set: BTreeMap::new(),
            deadline,
            persons: config.approvals.persons,
        };
        for (name, set) in &config.category {
            let default = postures.of(name);
            let posture = Posture {
                deadline: set.deadline_ms.map(Duration::from_millis),
                on_error: set.on_error.unwrap_or(default.on_error),
                audit: set.audit.unwrap_or(default.audit),
                persons: set.persons.unwrap_or(default.persons),
            };
            postures.set.insert(name.clone(), posture);
        }
        postures
    }

    /// The posture of the category `name`. One that nobody named fails closed.
    pub fn of(&self, name: &str) -> Posture {
        self.set.get(name).copied().unwrap_or(Posture {
            deadline: None,
            on_error: if OPEN.contains(&name) {
                OnError::Open
            } else {
                OnError::Closed
            },
            audit: Audit::Written,
            persons: self.persons,
        })
    }

    /// The time to an answer: the smaller of what the caller and the category allow.
    pub fn deadline(&self, category: &str, caller: Option<Duration>) -> Duration {
        let caller = caller.unwrap_or(self.deadline);
        self.of(category)
            .deadline
            .map_or(caller, |own| own.min(caller))
    }
}

/// Every category that [`category_of`] tells.
pub(crate) const NAMES: [&str; 9] = [
    "irreversible",
    "data_movement",
    "execution",
    "changes",
    "browsing",
    "reading",
    "prompts",
    "model",
    "other",
];

/// The category of an action by what it does, before any policy has looked at it.
pub fn category_of(event: &Event) -> &'static str {
    match event.text(Field::EventCode) {
        Some("prompt") => return "prompts",
        Some("response" | "tool_result") => return "model",
        Some(_) | None => {}
    }
    let is_web = event.value(Field::UrlHostname).is_some();
    match event.text(Field::Action) {
        Some("purchase" | "delete" | "admin") => "irreversible",
        Some("send" | "share" | "upload") => "data_movement",
        Some("read" | "download") if is_web => "browsing",
        Some("read" | "download") => "reading",
        Some("execute") => "execution",
        Some("create" | "update") => "changes",
        Some(_) | None => "other",
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, Timestamp};

    use super::*;

    #[test]
    fn what_the_configuration_leaves_out_is_the_default() {
        let config: Config = toml::from_str(
            "[category.browsing]\ndeadline_ms = 50\n[category.own]\non_error = \"approve\"",
        )
        .unwrap();
        let postures = Postures::new(&config);
        assert_eq!(postures.of("browsing").on_error, OnError::Open);
        assert_eq!(postures.of("own").on_error, OnError::Approve);
        assert_eq!(postures.of("never heard of").on_error, OnError::Closed);
        let ms = Duration::from_millis;
        for (category, caller, expected) in [
            ("browsing", None, ms(50)),
            ("browsing", Some(ms(20)), ms(20)),
            ("browsing", Some(ms(900)), ms(50)),
            ("own", None, ms(100)),
            ("own", Some(ms(900)), ms(900)),
        ] {
            assert_eq!(postures.deadline(category, caller), expected);
        }
    }

    #[test]
    fn what_an_action_does_tells_its_category() {
        let category = |action: Option<&str>, code: &str, host: bool| {
            let mut event = Event::new(Class::ApiActivity, 0, Timestamp::default());
            if let Some(action) = action {
                event.set_text(Field::Action, action);
            }
            event.set_text(Field::EventCode, code);
            if host {
                event.set_text(Field::UrlHostname, "a.example");
            }
            let category = category_of(&event);
            assert!(NAMES.contains(&category));
            category
        };
        assert_eq!(category(Some("read"), "request", true), "browsing");
        assert_eq!(category(Some("read"), "tool_call", false), "reading");
        assert_eq!(
            category(Some("send"), "message_send", true),
            "data_movement"
        );
        assert_eq!(category(Some("delete"), "tool_call", false), "irreversible");
        assert_eq!(category(Some("execute"), "tool_result", false), "model");
        assert_eq!(category(None, "prompt", false), "prompts");
        assert_eq!(category(None, "app_action", false), "other");
    }
}
