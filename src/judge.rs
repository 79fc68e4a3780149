//! Joins the judge: policies from the configuration, keys and queue from the data folder, its port.

mod command;
mod icap;
mod llm;
mod secrets;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::Response;
use magistrate_event::Identity;
use magistrate_ingest::{Peer, Tokens, admit};
use magistrate_judge::{AuditLog, Caller, Engine, Judge, Metrics, Parts, Policies, Postures};
use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::approvals;
use crate::canary::output;
use crate::config::Config;
use crate::detections;
use crate::models::Models;
use crate::path::Path;
use crate::store::Store;

pub(crate) use self::command::command;
pub(crate) use self::icap::serve as serve_icap;
pub(crate) use self::llm::{fault as llm_fault, warning as llm_warning};
pub(crate) use self::secrets::fault as secrets_fault;

/// So often it is looked whether policy files have changed.
const RELOAD: Duration = Duration::from_secs(5);

/// Starts the judge of a data folder; `own` and `admin` are where its listener and the admin's are.
///
/// # Errors
/// When approvals cannot be read or a thread cannot be started.
pub(crate) fn start(
    config: &Config,
    (store, models, audit): (&Store, Option<&Arc<Models>>, Arc<dyn AuditLog>),
    (own, admin): (Option<SocketAddr>, Option<SocketAddr>),
    registry: &mut Registry,
) -> anyhow::Result<Arc<Judge>> {
    let metrics = Metrics::default();
    metrics.register(registry);
    let (policies, notes) = detections::policies(config);
    // A faulty rule was told by `check` and by the analysis; sound ones are in force.
    tracing::info!(
        policies = policies.len(),
        faults = notes.faults.len(),
        version = policies.version(),
        profile = policies.profile().name(),
        "judge is ready"
    );
    let mut run = [0; 8];
    getrandom::fill(&mut run)?;
    let engine = Engine::new(Parts {
        redactor: Arc::clone(&store.path.redactor),
        uid_key: store.path.uid_key.clone(),
        policies,
        context: store.context.clone(),
        models: models.map(|models| Arc::clone(models.in_force())),
        read_only: Duration::from_secs(config.judge.read_only_seconds),
        postures: Postures::new(&config.judge),
        clock: Arc::clone(&store.clock),
        run: u64::from_le_bytes(run),
    });
    let engine = engine.with_llm(llm::open(&config.judge.llm)?);
    engine.register(registry);
    let approvals = approvals::open(config, store, &audit, (own, admin))?;
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let judge = Judge::new(
        engine,
        (audit, approvals),
        metrics,
        config.judge.clone(),
        threads,
    );
    let judge = judge.context("cannot start the judge's threads")?;
    secrets::load(config, &judge)?;
    Ok(Arc::new(judge))
}

/// Puts other policies in force where their files have changed and have no fault, and the secrets of
/// hooks, until `shutdown`.
pub(crate) fn reload(
    config: Config,
    judge: Arc<Judge>,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut seen = detections::state_of_files(&config);
        let mut secrets = secrets::Seen::now(&config);
        while shutdown
            .run_until_cancelled(tokio::time::sleep(RELOAD))
            .await
            .is_some()
        {
            secrets.reload(&config, &judge);
            let now = detections::state_of_files(&config);
            if now == seen {
                continue;
            }
            seen = now;
            let again = config.clone();
            let loaded = tokio::task::spawn_blocking(move || detections::policies(&again));
            let Ok((policies, notes)) = loaded.await else {
                continue;
            };
            replace(&judge, policies, notes.faults.len());
        }
    })
}

fn replace(judge: &Judge, policies: Policies, faults: usize) {
    if faults > 0 {
        tracing::error!(
            faults,
            "policy files have changed and have faults; the policies in force stay"
        );
        return;
    }
    tracing::info!(version = policies.version(), "policies were read anew");
    judge.engine().set_policies(policies);
}

/// Who may ask, and whether anybody may.
#[derive(Clone)]
pub(crate) struct Porter {
    pub(crate) tokens: Option<Arc<Tokens>>,
    /// Holds the canary, which closes the doors where an answer has let out what was planted.
    pub(crate) path: Arc<Path>,
}

impl Porter {
    /// Who calls, by what it shows.
    fn caller(&self, headers: &HeaderMap, peer: Option<&Peer>) -> Caller {
        // A user of this machine was let in by the system's word; a token gives another name.
        if let Some(uid) = peer.and_then(|peer| peer.uid)
            && (self.tokens.is_none() || !headers.contains_key(AUTHORIZATION))
        {
            return self.let_in(Ok(Identity::User(format!("uid:{uid}"))), peer);
        }
        let certificate = peer.and_then(|peer| peer.certificate.as_deref());
        let identity = admit(self.tokens.as_deref(), headers, certificate);
        self.let_in(identity.map_err(|denied| denied.to_string()), peer)
    }

    fn let_in(&self, identity: Result<Identity, String>, peer: Option<&Peer>) -> Caller {
        match identity {
            Ok(_) if self.path.canary.is_stopped(output::ANSWERS) => {
                let why = "a planted secret came out in an answer; the judge has stopped";
                Caller::Closed(why.to_owned())
            }
            Ok(identity) => Caller::Known {
                identity,
                peer: peer.and_then(|peer| peer.address),
            },
            Err(denied) => Caller::Denied(denied),
        }
    }
}

/// The judge's doors, behind whoever knows the tokens.
pub(crate) fn doors(judge: Arc<Judge>, porter: Porter) -> Router {
    magistrate_judge::router(judge).layer(middleware::from_fn_with_state(porter, name_caller))
}

/// Says who calls; what becomes of a stranger each door says in its own protocol.
async fn name_caller(State(porter): State<Porter>, mut request: Request, next: Next) -> Response {
    show_api_key(&mut request);
    let peer = request.extensions().get::<Peer>();
    let caller = porter.caller(request.headers(), peer);
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Takes the token that a door's callers show as `X-Api-Key` for the bearer token that it is, where
/// they show no other.
fn show_api_key(request: &mut Request) {
    if !magistrate_judge::takes_api_key(request.uri().path())
        || request.headers().contains_key(AUTHORIZATION)
    {
        return;
    }
    let mut keys = request.headers().get_all("x-api-key").iter();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return;
    };
    let bearer = [b"Bearer ", key.as_bytes()].concat();
    if let Ok(bearer) = HeaderValue::from_bytes(&bearer) {
        request.headers_mut().insert(AUTHORIZATION, bearer);
    }
}
