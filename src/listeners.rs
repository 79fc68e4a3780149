//! Binds and serves every listener of `run`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Context as _;
use magistrate_ingest::{
    Address, Alpn, Intake, ListenOptions, Listener, Metrics, OtlpOptions, Socket, Tokens, UnixDoor,
    serve_http, serve_otlp, server_config, syslog,
};
use magistrate_judge::Judge;
use rustls::ServerConfig;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Admin, ReplayDoor, Shown};
use crate::admin_tls;
use crate::config::Config;
use crate::dead_letter::DeadLetters;
use crate::judge;
use crate::path::Path;

/// How long listeners may take to answer what they have begun.
const DRAIN: Duration = Duration::from_secs(8);

/// Sockets that are bound, and the tasks that serve them.
pub(crate) struct Listeners {
    sockets: Sockets,
    tasks: JoinSet<std::io::Result<()>>,
    addresses: Vec<(&'static str, SocketAddr)>,
    /// The judge's unix socket.
    file: Option<PathBuf>,
    /// What the admin listener submits to, until it has been drained.
    replay: Option<Arc<Intake>>,
}

#[derive(Default)]
struct Sockets {
    otlp: Vec<(Listener, TcpListener)>,
    syslog_tcp: Option<TcpListener>,
    syslog_udp: Option<UdpSocket>,
    judge: Option<TcpListener>,
    judge_unix: Option<UnixDoor>,
    icap: Option<TcpListener>,
    admin: Option<TcpListener>,
}

impl Listeners {
    /// Binds every address that is not off.
    ///
    /// # Errors
    /// When an address cannot be bound; the message names it.
    pub(crate) async fn bind(config: &Config) -> anyhow::Result<Self> {
        let mut sockets = Sockets::default();
        let mut addresses = Vec::new();
        let listen = &config.listen;
        for (door, name, address) in [
            (Listener::OtlpGrpc, "otlp_grpc", listen.otlp_grpc),
            (Listener::OtlpHttp, "otlp_http", listen.otlp_http),
        ] {
            if let Some(listener) = bind_tcp(name, address, &mut addresses).await? {
                sockets.otlp.push((door, listener));
            }
        }
        sockets.syslog_tcp = bind_tcp("syslog_tcp", listen.syslog, &mut addresses).await?;
        if let Some(tcp) = &sockets.syslog_tcp {
            // The same port for both, also when the system chose it.
            let address = tcp.local_addr()?;
            let udp = UdpSocket::bind(address).await;
            sockets.syslog_udp = Some(
                udp.with_context(|| format!("cannot listen on {address}/udp (listen.syslog)"))?,
            );
            addresses.push(("syslog_udp", address));
        }
        sockets.judge = bind_tcp("judge", listen.judge, &mut addresses).await?;
        let unix = listen.judge_unix.as_ref().map(UnixDoor::bind);
        sockets.judge_unix = unix.transpose().context("(listen.judge_unix)")?;
        sockets.icap = bind_tcp("icap", listen.icap, &mut addresses).await?;
        sockets.admin = bind_tcp("admin", listen.admin, &mut addresses).await?;
        let file = sockets.judge_unix.as_ref();
        let file = file.map(|door| door.path().to_owned());
        Ok(Self {
            sockets,
            tasks: JoinSet::new(),
            addresses,
            file,
            replay: None,
        })
    }

    /// Where the judge's unix socket is.
    pub(crate) fn file(&self) -> Option<&std::path::Path> {
        self.file.as_deref()
    }

    /// Name and address of each listener.
    pub(crate) fn addresses(&self) -> &[(&'static str, SocketAddr)] {
        &self.addresses
    }

    /// Where the listener `name` is.
    pub(crate) fn address(&self, name: &str) -> Option<SocketAddr> {
        let mut addresses = self.addresses.iter();
        let found = addresses.find(|(one, _)| *one == name);
        found.map(|(_, address)| *address)
    }

    /// Serves until `shutdown`.
    ///
    /// # Errors
    /// When a certificate or token file cannot be read.
    pub(crate) fn start(
        &mut self,
        config: &Config,
        (intake, dead_letters, judge): (&Intake, &DeadLetters, &Arc<Judge>),
        mut shown: Shown,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<()> {
        let registry = &mut shown.registry;
        let sockets = std::mem::take(&mut self.sockets);
        let metrics = Metrics::register(registry);
        let tokens = tokens_of(config.auth.intake_tokens.as_deref())?;
        for (door, listener) in sockets.otlp {
            let tls = tls_of(config, door, Alpn::Http)?;
            let options = OtlpOptions {
                limits: config.limits,
                tls,
                tokens: tokens.clone(),
            };
            let serve = serve_otlp(
                listener,
                door,
                options,
                intake.clone(),
                metrics.clone(),
                shutdown.clone(),
            );
            self.tasks.spawn(serve);
        }
        let options = syslog::Options {
            intake: intake.clone(),
            config: config.syslog,
            metrics: syslog::Metrics::register(registry),
            tls: syslog_tls(config)?,
        };
        if let Some(listener) = sockets.syslog_tcp {
            self.tasks.spawn(syslog::serve_tcp(
                listener,
                options.clone(),
                shutdown.clone(),
            ));
        }
        if let Some(socket) = sockets.syslog_udp {
            self.tasks
                .spawn(syslog::serve_udp(socket, options, shutdown.clone()));
        }
        self.ask_judge(
            config,
            ((sockets.judge, sockets.judge_unix), sockets.icap),
            (judge, &shown.path, &metrics),
            shutdown,
        )?;
        if let Some(listener) = sockets.admin {
            let intake = self.replay.insert(Arc::new(intake.clone()));
            let admin = Arc::new(Admin {
                shown,
                replay: ReplayDoor {
                    intake: Arc::downgrade(intake),
                    dead_letters: dead_letters.clone(),
                },
                ready: AtomicBool::new(true),
            });
            let options = ListenOptions {
                listener: Listener::Admin,
                limits: config.limits,
                tls: admin_tls::files(config)
                    .map(|files| server_config(&files, Alpn::Http))
                    .transpose()?,
                metrics: metrics.clone(),
            };
            let pages = admin::router(admin);
            self.tasks
                .spawn(serve_http(listener, options, pages, shutdown.clone()));
        }
        Ok(())
    }

    /// Serves the judge's ports.
    fn ask_judge(
        &mut self,
        config: &Config,
        ((http, unix), icap): ((Option<TcpListener>, Option<UnixDoor>), Option<TcpListener>),
        (judge, path, metrics): (&Arc<Judge>, &Arc<Path>, &Metrics),
        shutdown: &CancellationToken,
    ) -> anyhow::Result<()> {
        let porter = judge::Porter {
            tokens: tokens_of(config.auth.judge_tokens.as_deref())?,
            path: Arc::clone(path),
        };
        let options = |listener, alpn| -> anyhow::Result<ListenOptions> {
            Ok(ListenOptions {
                listener,
                limits: config.limits,
                tls: tls_of(config, listener, alpn)?,
                metrics: metrics.clone(),
            })
        };
        let sockets = [http.map(Socket::from), unix.map(Socket::from)];
        for socket in sockets.into_iter().flatten() {
            let options = options(Listener::Judge, Alpn::Http)?;
            let doors = judge::doors(Arc::clone(judge), porter.clone());
            self.tasks
                .spawn(serve_http(socket, options, doors, shutdown.clone()));
        }
        if let Some(listener) = icap {
            let bound = (listener, options(Listener::Icap, Alpn::None)?);
            let porter = (porter, config.auth.icap_peers.clone());
            let judge = Arc::clone(judge);
            self.tasks
                .spawn(judge::serve_icap(bound, judge, porter, shutdown.clone()));
        }
        Ok(())
    }

    /// Waits until every listener has answered what it had begun.
    pub(crate) async fn drain(mut self) {
        let all = async {
            while let Some(ended) = self.tasks.join_next().await {
                report(ended)
            }
        };
        if tokio::time::timeout(DRAIN, all).await.is_err() {
            tracing::warn!("some connections did not end in time and are closed");
        }
    }
}

fn tls_of(
    config: &Config,
    door: Listener,
    alpn: Alpn,
) -> anyhow::Result<Option<Arc<ServerConfig>>> {
    let files = config.tls.files(door);
    let tls = files.map(|files| server_config(&files, alpn));
    Ok(tls.transpose()?)
}

fn tokens_of(file: Option<&std::path::Path>) -> anyhow::Result<Option<Arc<Tokens>>> {
    Ok(file.map(Tokens::open).transpose()?.map(Arc::new))
}

/// Syslog speaks TLS only where it has a table of its own: its port serves plain senders by default.
fn syslog_tls(config: &Config) -> anyhow::Result<Option<Arc<ServerConfig>>> {
    let has_own = config.tls.own(Listener::Syslog).is_some();
    let files = config.tls.files(Listener::Syslog).filter(|_| has_own);
    Ok(files
        .map(|files| server_config(&files, Alpn::None))
        .transpose()?)
}

fn report(ended: Result<std::io::Result<()>, tokio::task::JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "listener ended with an error"),
        Err(error) => tracing::error!(%error, "listener panicked"),
    }
}

async fn bind_tcp(
    name: &'static str,
    address: Address,
    addresses: &mut Vec<(&'static str, SocketAddr)>,
) -> anyhow::Result<Option<TcpListener>> {
    let Address::Socket(address) = address else {
        return Ok(None);
    };
    let key = name.trim_end_matches("_tcp");
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address} (listen.{key}); is another magistrate running?")
    })?;
    addresses.push((name, listener.local_addr()?));
    Ok(Some(listener))
}
