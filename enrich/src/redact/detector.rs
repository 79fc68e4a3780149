//! Says which detectors of personal and customer data look at a text, and what each is called.

use super::config::Config;
use super::content::InternalDomains;
use super::lists::Lists;
use super::merge::{By, Found};
use super::personal::{self, Personal, Switches};

/// The detectors that are switched on.
#[derive(Debug)]
pub struct Detectors {
    personal: Switches,
    lists: Lists,
    internal: InternalDomains,
}

/// One detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detector {
    /// Of one kind of personal data.
    Personal(Personal),
    /// Of what stands in the list with this number.
    List(u16),
}

/// What a finding is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label {
    /// Dotted, from the general to the special.
    pub(crate) kind: &'static str,
    /// The rule's or detector's id.
    pub(crate) id: &'static str,
}

impl Detectors {
    /// None at all: rules alone look at a text.
    pub fn none() -> Self {
        Self {
            personal: Switches::ALL_OFF,
            lists: Lists::default(),
            internal: InternalDomains::default(),
        }
    }

    /// Those that `config` has on, and `lists`, which were read as it says.
    pub fn new(config: &Config, lists: Lists) -> Self {
        Self {
            personal: Switches::new(&config.personal),
            lists,
            internal: InternalDomains::new(&config.internal_domains),
        }
    }

    /// The names of inner networks.
    pub(crate) const fn internal(&self) -> &InternalDomains {
        &self.internal
    }

    /// Calls `visit` for everything in `text` that a detector wants masked.
    pub(crate) fn each(&self, text: &str, mut visit: impl FnMut(Found)) {
        personal::each(text, self.personal, |one| {
            let by = By::Detector(Detector::Personal(one.what));
            visit(Found::by(by, one.span, one.confidence));
        });
        self.lists.each(text, |span, list, confidence| {
            let by = By::Detector(Detector::List(list));
            visit(Found::by(by, span, confidence));
        });
    }

    /// What the detectors call what they find.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        Personal::kinds().chain(self.lists.kinds())
    }

    /// What `detector` calls what it finds.
    pub(crate) fn label(&self, detector: Detector) -> Option<Label> {
        match detector {
            Detector::Personal(what) => Some(what.label()),
            Detector::List(list) => self.lists.label(list),
        }
    }
}

impl Default for Detectors {
    fn default() -> Self {
        Self::new(&Config::default(), Lists::default())
    }
}
