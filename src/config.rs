//! The configuration: composes what each crate defines, adds nothing of its own.

mod faults;
mod keys;
mod load;

use std::collections::BTreeMap;
use std::path::PathBuf;

use magistrate_enrich::{ContextConfig, CoverageConfig, DetectConfig, ListValues, RedactConfig};
use magistrate_ingest::{Auth, Limits, Listen, Tls, syslog};
use magistrate_models::ModelsConfig;
use magistrate_sinks::forward::SinkConfig;
use magistrate_sinks::{lake, queue};
use serde::Deserialize;

use crate::canary;

pub(crate) use faults::Fault;
pub(crate) use load::{Loaded, load};

/// Everything that can be configured. `magistrate generate config` prints it with its defaults.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Folder of queue, lake, state, keys and dead letters.
    pub(crate) data: PathBuf,
    /// Listeners' addresses.
    pub(crate) listen: Listen,
    /// Certificates, for all listeners or one by one.
    pub(crate) tls: Tls,
    /// Files of bearer tokens.
    pub(crate) auth: Auth,
    /// Limits on what a sender may send.
    pub(crate) limits: Limits,
    /// Limits of the syslog listeners.
    pub(crate) syslog: syslog::Config,
    /// The durable queue.
    pub(crate) queue: queue::Config,
    /// The Parquet lake.
    pub(crate) lake: lake::Config,
    /// The redactor.
    pub(crate) redact: RedactConfig,
    /// Lists that rules name as `%name%`.
    pub(crate) lists: BTreeMap<String, ListValues>,
    /// The rules that look at events.
    pub(crate) detect: DetectConfig,
    /// How much is remembered of sessions.
    pub(crate) context: ContextConfig,
    /// Which paths of the agent must be seen, of whom.
    pub(crate) coverage: CoverageConfig,
    /// The models that judge texts and actions.
    pub(crate) models: ModelsConfig,
    /// The judge.
    pub(crate) judge: magistrate_judge::Config,
    /// The standing proof of the redactor.
    pub(crate) canary: canary::Config,
    /// Forwarders.
    pub(crate) sink: Vec<SinkConfig>,
}

impl Config {
    /// The sections that concern listening, as their crate checks them.
    pub(crate) fn ingest(&self) -> magistrate_ingest::Config {
        magistrate_ingest::Config {
            listen: self.listen.clone(),
            tls: self.tls.clone(),
            auth: self.auth.clone(),
            limits: self.limits,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("magistrate-data"),
            listen: Listen::default(),
            tls: Tls::default(),
            auth: Auth::default(),
            limits: Limits::default(),
            syslog: syslog::Config::default(),
            queue: queue::Config::default(),
            lake: lake::Config::default(),
            redact: RedactConfig::default(),
            lists: BTreeMap::new(),
            detect: DetectConfig::default(),
            context: ContextConfig::default(),
            coverage: CoverageConfig::default(),
            models: ModelsConfig::default(),
            judge: magistrate_judge::Config::default(),
            canary: canary::Config::default(),
            sink: Vec::new(),
        }
    }
}
