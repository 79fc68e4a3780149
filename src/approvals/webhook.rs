//! Tells an address of each change of an approval: signed, tried again, and never waited for.
//!
//! Signed as Standard Webhooks 1.0 describes (`webhook-id`, `webhook-timestamp`, `webhook-signature`),
//! so that its libraries check it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use magistrate_console::approval_json;
use magistrate_event::{Clock as _, SystemClock};
use magistrate_judge::{Approval, Approvals, Stamp, WebhookConfig, WebhookKey};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::keys;

/// Changes that may wait to be told; more are dropped and counted in the log.
const MAX_WAITING: usize = 1_000;
/// What a receiver may take for one message.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Waits between attempts: 1 s, doubling, up to 5 min.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Attempts after the first; about half an hour together.
const RETRIES: usize = 12;

/// Sends messages to one address.
pub(super) struct Sender {
    client: reqwest::Client,
    url: String,
    key: WebhookKey,
}

/// One message.
struct Message {
    id: String,
    body: String,
}

impl Sender {
    /// Reads the secret.
    ///
    /// # Errors
    /// When it cannot be read or is no secret.
    pub(super) fn open(config: &WebhookConfig) -> anyhow::Result<Self> {
        let file = config.secret_file.display();
        let bytes = keys::read_file(&config.secret_file)
            .with_context(|| format!("cannot read the webhook's secret `{file}`"))?;
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        let key = WebhookKey::read(text)
            .with_context(|| format!("cannot use the webhook's secret `{file}`"))?;
        Ok(Self {
            client: reqwest::Client::builder()
                .timeout(TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
            url: config.url.clone(),
            key,
        })
    }

    /// Sends until it is taken, or nobody will.
    async fn send(&self, message: &Message) {
        let waits = ExponentialBuilder::new()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_factor(2.0)
            .with_jitter()
            .with_max_times(RETRIES);
        for wait in waits.build().map(Some).chain([None]) {
            let failure = match self.try_send(message).await {
                Ok(status) if status.is_success() => return,
                Ok(status) => format!("it answered {status}"),
                // The address may be a secret in itself.
                Err(error) => error.without_url().to_string(),
            };
            match wait {
                Some(wait) => {
                    tracing::warn!(failure, "webhook of approvals failed; trying again");
                    tokio::time::sleep(wait).await;
                }
                None => tracing::error!(failure, "webhook of approvals failed; giving up"),
            }
        }
    }

    async fn try_send(&self, message: &Message) -> reqwest::Result<reqwest::StatusCode> {
        let seconds = SystemClock.now().as_millis() / 1_000;
        let request = self
            .client
            .post(&self.url)
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", self.signature(message, seconds))
            .body(message.body.clone());
        Ok(request.send().await?.status())
    }

    fn signature(&self, message: &Message, seconds: i64) -> String {
        let stamp = Stamp {
            id: &message.id,
            seconds,
        };
        self.key.sign(stamp, message.body.as_bytes())
    }
}

/// Tells of changes until `shutdown`. What waits then is not told any more.
pub(super) async fn run(sender: Sender, approvals: Arc<Approvals>, shutdown: CancellationToken) {
    let (queue, waiting) = mpsc::channel(MAX_WAITING);
    let hearing = hear(Arc::clone(&approvals), queue);
    let telling = tell(sender, waiting);
    let both = async { tokio::join!(hearing, telling) };
    shutdown.run_until_cancelled(both).await;
}

async fn hear(approvals: Arc<Approvals>, queue: mpsc::Sender<Message>) {
    let mut news = approvals.news();
    loop {
        let lost = match news.recv().await {
            Ok(approval) => {
                let message = message(&approval, &approvals.page(approval.id));
                u64::from(queue.try_send(message).is_err())
            }
            Err(RecvError::Lagged(behind)) => behind,
            Err(RecvError::Closed) => return,
        };
        if lost > 0 {
            tracing::error!(lost, "webhook of approvals is behind; changes are not told");
        }
    }
}

async fn tell(sender: Sender, mut waiting: mpsc::Receiver<Message>) {
    while let Some(message) = waiting.recv().await {
        sender.send(&message).await;
    }
}

/// The message about an approval's last change; told twice it has the same id.
fn message(approval: &Approval, page: &str) -> Message {
    let state = approval.state.name();
    let at = approval.changed;
    let body = json!({
        "type": format!("approval.{state}"),
        "timestamp": at.to_rfc3339(),
        "data": approval_json(approval, page),
    });
    Message {
        id: format!("{}.{state}.{}", approval.id, at.as_micros()),
        body: body.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        // The example of the specification's reference libraries.
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let sender = Sender::open(&WebhookConfig {
            url: "http://127.0.0.1:1/".to_owned(),
            secret_file: file.clone(),
        })
        .unwrap();
        let message = Message {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
            body: r#"{"test": 2432232314}"#.to_owned(),
        };
        assert_eq!(
            sender.signature(&message, 1_614_265_330),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        std::fs::write(&file, "short").unwrap();
        let config = WebhookConfig {
            url: String::new(),
            secret_file: file,
        };
        assert!(Sender::open(&config).is_err());
    }
}
