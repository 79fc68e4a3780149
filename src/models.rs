//! The models that are in force, for the log and the judge: where they come from, and whether they
//! have changed since.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use magistrate_models::{InForce, ModelsConfig, PoolSize};

use crate::model::load_from;

/// What says that a folder has other models: it is written last.
const CARD: &str = "card.json";

/// The models in force, with where they come from.
#[derive(Debug)]
pub(crate) struct Models {
    in_force: Arc<InForce>,
    source: Mutex<Source>,
}

impl Models {
    /// Loads the models and starts their threads; `None` where they are switched off. Models that
    /// cannot be loaded are reported, and nothing has a score.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub(crate) fn start(config: &ModelsConfig) -> anyhow::Result<Option<Arc<Self>>> {
        if !config.enabled {
            return Ok(None);
        }
        let size = PoolSize {
            threads: config.threads,
            ..PoolSize::default()
        };
        let models = Self {
            in_force: Arc::new(InForce::start(size)?),
            source: Mutex::new(Source {
                folder: config.folder.clone(),
                seen: None,
            }),
        };
        models.reload();
        Ok(Some(Arc::new(models)))
    }

    /// What is in force.
    pub(crate) const fn in_force(&self) -> &Arc<InForce> {
        &self.in_force
    }

    /// Puts other models in force where their folder has changed and they are sound.
    pub(crate) fn reload(&self) -> Change {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        match source.load_if_changed() {
            Found::Nothing => Change::None,
            Found::Refused => Change::Refused,
            Found::Loaded(models) => {
                self.in_force.swap(models);
                Change::Loaded
            }
        }
    }
}

/// The shipped models, or those of a folder.
#[derive(Debug)]
struct Source {
    folder: Option<PathBuf>,
    /// When the folder's card was written, as far as it was looked at; none before.
    seen: Option<Option<SystemTime>>,
}

/// What became of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing is new.
    None,
    /// What is new cannot be used.
    Refused,
    /// Other models are in force.
    Loaded,
}

enum Found {
    Nothing,
    Refused,
    Loaded(magistrate_models::Models),
}

impl Source {
    /// Loads the models at first, and again when the folder's card is another.
    fn load_if_changed(&mut self) -> Found {
        let written = self.written();
        if self.seen == Some(written) {
            return Found::Nothing;
        }
        let is_first = self.seen.is_none();
        self.seen = Some(written);
        match load_from(self.folder.as_deref()) {
            Ok(models) => {
                tracing::info!("models were loaded");
                Found::Loaded(models)
            }
            Err(error) if is_first => {
                let error = anyhow::Error::new(error);
                tracing::error!(error = %format!("{error:#}"), "models cannot be loaded; texts go without a score");
                Found::Refused
            }
            Err(error) => {
                let error = anyhow::Error::new(error);
                tracing::error!(error = %format!("{error:#}"), "models have changed and cannot be loaded; those in force stay");
                Found::Refused
            }
        }
    }

    fn written(&self) -> Option<SystemTime> {
        let card = self.folder.as_ref()?.join(CARD);
        card.metadata().and_then(|found| found.modified()).ok()
    }
}
