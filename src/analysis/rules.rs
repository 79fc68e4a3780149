//! Where rules come from, and whether they have changed.

use std::path::PathBuf;
use std::time::SystemTime;

use magistrate_enrich::LoadedRules;

use crate::config::Config;
use crate::detections;

/// What tells one state of the files from another.
type Seen = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// The configured rules, and how their files were when they were last read.
pub(super) struct Source {
    config: Config,
    seen: Seen,
}

impl Source {
    /// Nothing read yet.
    pub(super) const fn new(config: Config) -> Self {
        Self {
            config,
            seen: Vec::new(),
        }
    }

    /// Reads and compiles all rules.
    pub(super) fn load(&mut self) -> LoadedRules {
        self.seen = detections::state_of_files(&self.config);
        detections::load(&self.config, &[])
    }

    /// Reads and compiles them anew where a file has changed.
    pub(super) fn load_if_changed(&mut self) -> Option<LoadedRules> {
        (detections::state_of_files(&self.config) != self.seen).then(|| self.load())
    }
}
