//! Says which detectors of personal and customer data look at a text, and what each is called.

use super::config::Config;
use super::merge::{By, Found};
use super::personal::{self, Personal, Switches};

/// The detectors that are switched on.
#[derive(Debug, Clone, Default)]
pub struct Detectors {
    personal: Switches,
}

/// One detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Detector {
    /// Of one kind of personal data.
    Personal(Personal),
}

/// What a finding is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label<'a> {
    /// Dotted, from the general to the special.
    pub(crate) kind: &'a str,
    /// The rule's or detector's id.
    pub(crate) id: &'a str,
}

impl Detectors {
    /// None at all: rules alone look at a text.
    pub const fn none() -> Self {
        Self {
            personal: Switches::ALL_OFF,
        }
    }

    /// Those that `config` has on.
    pub fn new(config: &Config) -> Self {
        Self {
            personal: Switches::new(&config.personal),
        }
    }

    /// Calls `visit` for everything in `text` that a detector wants masked.
    pub(crate) fn each(&self, text: &str, mut visit: impl FnMut(Found)) {
        personal::each(text, self.personal, |one| {
            visit(Found {
                span: one.span,
                by: By::Detector(Detector::Personal(one.what)),
                confidence: one.confidence,
            });
        });
    }

    /// What `detector` calls what it finds.
    pub(crate) fn label(&self, detector: Detector) -> Option<Label<'_>> {
        match detector {
            Detector::Personal(what) => Some(what.label()),
        }
    }
}
