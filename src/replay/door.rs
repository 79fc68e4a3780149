//! Where replayed payloads go: the path of this process, or the instance that holds the folder.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use magistrate_event::{Identity, Origin, Payload, Refusal, Source};
use magistrate_ingest::Intake;
use magistrate_sinks::queue::Holder;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header};

use super::wire::{self, Taken};
use crate::admin_tls;
use crate::dead_letter::{DeadLetter, DeadLetters};

/// So long a payload may wait for room in the queue: the lake empties it within its `max_age`.
const PATIENCE: Duration = Duration::from_secs(180);
/// A full queue empties while the lake follows; look again soon.
const MAX_RETRY_WAIT: Duration = Duration::from_millis(200);
/// The instance answers when a payload is synced.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);
/// What an instance is told to wait for when it does not say.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Takes payloads, and what could not be read.
#[derive(Clone)]
pub(crate) enum Door {
    /// This process walks them.
    Own {
        /// Where payloads go.
        intake: Intake,
        /// Where what cannot be read goes.
        dead_letters: DeadLetters,
    },
    /// A running instance does.
    Running(Running),
}

/// An instance that holds the data folder, by its admin listener.
#[derive(Clone)]
pub(crate) struct Running {
    client: Client,
    /// `http` or `https`.
    scheme: &'static str,
    address: SocketAddr,
    token: String,
}

impl Door {
    /// Submits a payload until it is taken, can never be, or has waited too long.
    pub(crate) async fn submit(&self, payload: Payload) -> Result<Taken, Refusal> {
        let started = Instant::now();
        loop {
            match self.submit_once(payload.clone()).await {
                Err(Refusal::Busy { retry_after } | Refusal::Unavailable { retry_after, .. })
                    if started.elapsed() < PATIENCE =>
                {
                    tokio::time::sleep(retry_after.min(MAX_RETRY_WAIT)).await;
                }
                outcome @ (Ok(_) | Err(_)) => return outcome,
            }
        }
    }

    async fn submit_once(&self, payload: Payload) -> Result<Taken, Refusal> {
        match self {
            Self::Own { intake, .. } => take(intake, payload).await,
            Self::Running(running) => running.submit(payload).await,
        }
    }

    /// Keeps what could not be read.
    ///
    /// # Errors
    /// When the running instance does not take it.
    pub(crate) async fn keep(&self, letter: DeadLetter) -> Result<(), Refusal> {
        match self {
            Self::Own { dead_letters, .. } => {
                dead_letters.put(letter);
                Ok(())
            }
            Self::Running(running) => running.keep(&letter).await,
        }
    }
}

/// Has `intake` take a replayed payload.
///
/// # Errors
/// When it does not.
pub(crate) async fn take(intake: &Intake, payload: Payload) -> Result<Taken, Refusal> {
    let origin = Origin {
        source: Source::Replay,
        peer: None,
        identity: Identity::Anonymous,
    };
    let receipt = intake.submit(intake.stamp(origin, payload)).await?;
    Ok(Taken::from(receipt))
}

impl Running {
    /// The instance that `holder` tells of, with its admin `token`.
    ///
    /// # Errors
    /// When it has no admin listener.
    pub(crate) fn of(holder: &Holder, token: String) -> anyhow::Result<Self> {
        let address = holder
            .admin
            .context("it has no admin listener; stop it, or name another folder with --data")?;
        // Nothing on this machine may send a replay elsewhere.
        let client = Client::builder().no_proxy().timeout(ANSWER_TIMEOUT);
        let (client, scheme) = match &holder.admin_certificate {
            Some(hash) => (
                client.tls_backend_preconfigured(admin_tls::client(hash)?),
                "https",
            ),
            None => (client, "http"),
        };
        Ok(Self {
            client: client.build()?,
            scheme,
            address: reachable(address),
            token,
        })
    }

    /// The same instance, asked with another token.
    pub(crate) fn with_token(self, token: String) -> Self {
        Self { token, ..self }
    }

    async fn submit(&self, payload: Payload) -> Result<Taken, Refusal> {
        let (kind, body) = wire::encode(payload);
        let path = format!("{}{}", wire::PAYLOADS, kind.name());
        let answer = self.send(self.post(&path).body(body)).await?;
        answer.json().await.map_err(|error| self.unheard(error))
    }

    /// What the instance shows at `path`.
    ///
    /// # Errors
    /// When it does not answer, or refuses.
    pub(crate) async fn show(&self, path: &str) -> Result<String, Refusal> {
        let request = self.client.get(self.url(path)).bearer_auth(&self.token);
        let answer = self.send(request).await?;
        answer.text().await.map_err(|error| self.unheard(error))
    }

    /// Tells the instance `body` at `path`, and gives back what it answers.
    ///
    /// # Errors
    /// When the instance does not answer, or refuses.
    pub(crate) async fn tell(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<String, Refusal> {
        let answer = self.send(self.post(path).json(body)).await?;
        answer.text().await.map_err(|error| self.unheard(error))
    }

    async fn keep(&self, letter: &DeadLetter) -> Result<(), Refusal> {
        self.send(self.post(wire::LETTERS).json(letter)).await?;
        Ok(())
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path)).bearer_auth(&self.token)
    }

    fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Refusal> {
        let answer = request.send().await.map_err(|error| self.unheard(error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let retry_after = seconds(&answer).unwrap_or(RETRY_AFTER);
        let text = answer.text().await.unwrap_or_default();
        let text = text.trim_end().to_owned();
        Err(match status {
            StatusCode::TOO_MANY_REQUESTS => Refusal::Busy { retry_after },
            StatusCode::SERVICE_UNAVAILABLE => Refusal::Unavailable {
                reason: text,
                retry_after,
            },
            _ => Refusal::Malformed(format!("{status}: {text}")),
        })
    }

    fn unheard(&self, error: reqwest::Error) -> Refusal {
        let address = self.address;
        let error = anyhow::Error::from(error);
        Refusal::Malformed(format!(
            "no answer from the instance at {address} that holds the folder: {error:#}"
        ))
    }
}

/// What the answer tells to wait.
fn seconds(answer: &Response) -> Option<Duration> {
    let told = answer.headers().get(header::RETRY_AFTER)?;
    told.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

/// A listener on every address of the machine is reached on its own.
fn reachable(address: SocketAddr) -> SocketAddr {
    let loopback = match address.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    if address.ip().is_unspecified() {
        SocketAddr::new(loopback, address.port())
    } else {
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_reached_on_loopback() {
        for (bound, reached) in [
            ("0.0.0.0:8780", "127.0.0.1:8780"),
            ("[::]:1", "[::1]:1"),
            ("10.0.0.7:2", "10.0.0.7:2"),
        ] {
            let bound: SocketAddr = bound.parse().unwrap();
            assert_eq!(reachable(bound).to_string(), reached);
        }
    }

    #[test]
    fn an_instance_without_an_admin_listener_cannot_be_asked() {
        let holder = Holder {
            process: "7".to_owned(),
            admin: None,
            admin_certificate: None,
        };
        let error = Running::of(&holder, String::new()).err().unwrap();
        assert!(error.to_string().contains("--data"), "{error}");
    }
}
