//! Where the models come from, and whether they have changed since.

use std::path::PathBuf;
use std::time::SystemTime;

use magistrate_models::Models;

use crate::model::load_from;

/// What says that a folder has other models: it is written last.
const CARD: &str = "card.json";

/// The shipped models, or those of a folder.
#[derive(Debug)]
pub(super) struct Source {
    folder: Option<PathBuf>,
    /// When the folder's card was written, as far as it was looked at; none before.
    seen: Option<Option<SystemTime>>,
}

/// What became of looking.
pub(super) enum Change {
    /// Nothing is new.
    None,
    /// What is new cannot be used.
    Refused,
    /// Other models.
    Loaded(Models),
}

impl Source {
    /// The shipped models, without a folder.
    pub(super) const fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, seen: None }
    }

    /// Loads the models at first, and again when the folder's card is another.
    pub(super) fn load_if_changed(&mut self) -> Change {
        let written = self.written();
        if self.seen == Some(written) {
            return Change::None;
        }
        let is_first = self.seen.is_none();
        self.seen = Some(written);
        match load_from(self.folder.as_deref()) {
            Ok(models) => {
                tracing::info!("models were loaded");
                Change::Loaded(models)
            }
            Err(error) if is_first => {
                let error = anyhow::Error::new(error);
                tracing::error!(error = %format!("{error:#}"), "models cannot be loaded; texts go without a score");
                Change::Refused
            }
            Err(error) => {
                let error = anyhow::Error::new(error);
                tracing::error!(error = %format!("{error:#}"), "models have changed and cannot be loaded; those in force stay");
                Change::Refused
            }
        }
    }

    fn written(&self) -> Option<SystemTime> {
        let card = self.folder.as_ref()?.join(CARD);
        card.metadata().and_then(|found| found.modified()).ok()
    }
}
