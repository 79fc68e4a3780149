//! Joins what people decide: its file, its addresses, who hears of it, and the command.

mod command;
mod store;
mod webhook;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use magistrate_ingest::{Listener, TlsFiles};
use magistrate_judge::{Approval, ApprovalParts, Approvals, AuditLog};
use magistrate_sinks::State;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::admin_tls;
use crate::canary;
use crate::config::Config;
use crate::store::Store;

pub(crate) use self::command::{all, command};
use self::store::{OWNER, StateStore};

/// The file, in the data folder. One of its own: the state's writers would keep an answer waiting.
pub(crate) const FILE: &str = "approvals.redb";
/// So often it is looked what the passing of time has changed.
const PASS: Duration = Duration::from_secs(1);

/// Opens the approvals of a data folder. `judge` and `admin` are where the listeners are.
///
/// # Errors
/// When the file cannot be read, or a thread cannot be started.
pub(crate) fn open(
    config: &Config,
    store: &Store,
    audit: &Arc<dyn AuditLog>,
    (judge, admin): (Option<SocketAddr>, Option<SocketAddr>),
) -> anyhow::Result<Arc<Approvals>> {
    let state = State::open(&store.folder.join(FILE))?;
    let stored = stored(&state)?;
    let own = |address: Option<SocketAddr>, tls: Option<TlsFiles>| {
        let scheme = if tls.is_some() { "https" } else { "http" };
        address.map_or_else(String::new, |address| format!("{scheme}://{address}"))
    };
    let own_judge = || own(judge, config.tls.files(Listener::Judge));
    let own_console = || own(admin, admin_tls::files(config));
    let set = config.judge.approvals.clone();
    let bare = |url: &str| url.trim_end_matches('/').to_owned();
    let parts = ApprovalParts {
        store: Arc::new(start_store(state, store)?),
        audit: Arc::clone(audit),
        redactor: Arc::clone(&store.path.redactor),
        uid_key: store.path.uid_key.clone(),
        clock: Arc::clone(&store.clock),
        judge_url: set.judge_url.as_deref().map_or_else(own_judge, bare),
        console_url: set.console_url.as_deref().map_or_else(own_console, bare),
        rehearser: canary::NAME,
        config: set,
    };
    Ok(Arc::new(Approvals::open(parts, stored)))
}

fn start_store(state: State, store: &Store) -> anyhow::Result<StateStore> {
    StateStore::start(state, Arc::clone(&store.path)).context("cannot start a thread")
}

/// What is wrong with the files that the configuration names.
pub(crate) fn fault(config: &Config) -> Option<String> {
    let hook = config.judge.approvals.webhook.as_ref()?;
    let error = webhook::Sender::open(hook).err()?;
    Some(format!("judge.approvals.webhook: {error:#}"))
}

/// Every approval in a file.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn stored(state: &State) -> anyhow::Result<Vec<Approval>> {
    let (mut found, mut unreadable) = (Vec::new(), 0_u64);
    state.rows(OWNER, |_, bytes| match serde_json::from_slice(bytes) {
        Ok(approval) => found.push(approval),
        Err(_) => unreadable += 1,
    })?;
    if unreadable > 0 {
        tracing::warn!(
            unreadable,
            "some approvals cannot be read; they are asked for anew"
        );
    }
    Ok(found)
}

/// Lets time pass and tells whoever is configured, until `shutdown`; then every wait ends.
///
/// # Errors
/// When the webhook's secret cannot be read.
pub(crate) fn serve(
    config: &Config,
    approvals: &Arc<Approvals>,
    shutdown: &CancellationToken,
) -> anyhow::Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    if let Some(hook) = &config.judge.approvals.webhook {
        let sender = webhook::Sender::open(hook)?;
        let (approvals, shutdown) = (Arc::clone(approvals), shutdown.clone());
        tasks.spawn(webhook::run(sender, approvals, shutdown));
    }
    let (approvals, shutdown) = (Arc::clone(approvals), shutdown.clone());
    tasks.spawn(async move {
        while shutdown
            .run_until_cancelled(tokio::time::sleep(PASS))
            .await
            .is_some()
        {
            approvals.pass();
        }
        approvals.pass();
        approvals.close();
    });
    Ok(tasks)
}
