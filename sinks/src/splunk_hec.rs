//! Speaks to Splunk's HTTP Event Collector, with and without indexer acknowledgement.
//!
//! With acknowledgement the peer's first answer only says that a batch looks well; it counts as
//! delivered when a later question finds it indexed. Splunk says so once: when that answer is
//! lost, the batch is sent again with the same `event_uid`.

mod answer;
mod encode;

use magistrate_event::Record;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use uuid::Uuid;

use crate::forward::{
    Answer, Batch, Client, ClientError, Credentials, Delivery, Receipt, Refused, SendError, Sink,
    SinkConfig,
};
use answer::{Reply, classify};

/// One HEC endpoint.
#[derive(Debug)]
pub(crate) struct SplunkHec {
    client: Client,
    credentials: Credentials,
    events: Url,
    acks: Url,
    channel: HeaderValue,
    acknowledgement: Acknowledgement,
    index: Option<String>,
}

/// Whether the peer is asked to acknowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Acknowledgement {
    Asked,
    /// Asked, but the token does not have it: told once.
    Missing,
    Off,
}

const EVENT_PATH: &str = "/services/collector/event";
const CHANNEL: HeaderName = HeaderName::from_static("x-splunk-request-channel");

impl SplunkHec {
    /// A sink for `endpoint`, with a channel of its own.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(crate) fn new(
        config: &SinkConfig,
        endpoint: &Url,
        credentials: Credentials,
    ) -> Result<Self, ClientError> {
        let channel = Uuid::new_v4().to_string();
        let mut acks = at(endpoint, "/services/collector/ack");
        acks.query_pairs_mut().append_pair("channel", &channel);
        Ok(Self {
            client: Client::new(endpoint.clone(), config.ca_file.as_deref())?,
            credentials,
            events: at(endpoint, EVENT_PATH),
            acks,
            // A UUID is made of header characters only.
            channel: HeaderValue::try_from(channel).unwrap_or(HeaderValue::from_static("")),
            acknowledgement: if config.ack {
                Acknowledgement::Asked
            } else {
                Acknowledgement::Off
            },
            index: config.index.clone(),
        })
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.credentials.header());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.acknowledgement != Acknowledgement::Off {
            headers.insert(CHANNEL, self.channel.clone());
        }
        headers
    }

    async fn post(&mut self, url: Url, body: &str) -> Result<Answer, SendError> {
        let headers = self.headers();
        self.client
            .post(&url, headers, body)
            .await
            .map_err(SendError::Unreachable)
    }

    /// What was accepted: against a receipt, where the peer gave one.
    fn accepted(&mut self, ack: Option<u64>) -> Delivery {
        if self.acknowledgement == Acknowledgement::Asked && ack.is_none() {
            self.acknowledgement = Acknowledgement::Missing;
            tracing::error!("HEC token has no indexer acknowledgement, going on without it");
        }
        let receipt = match self.acknowledgement {
            Acknowledgement::Asked => ack.map(Receipt),
            Acknowledgement::Missing | Acknowledgement::Off => None,
        };
        Delivery {
            receipt,
            ..Delivery::default()
        }
    }
}

/// `endpoint` may itself name the collector's address, as Splunk's own examples do.
fn at(endpoint: &Url, path: &str) -> Url {
    let mut url = endpoint.clone();
    let base = url.path().trim_end_matches('/');
    let base = [EVENT_PATH, "/services/collector"]
        .iter()
        .find_map(|end| base.strip_suffix(end))
        .unwrap_or(base);
    url.set_path(&format!("{base}{path}"));
    url
}

impl Sink for SplunkHec {
    fn encode(&self, record: &Record, out: &mut String) {
        encode::push(record, self.index.as_deref(), out);
    }

    async fn send(&mut self, batch: &Batch) -> Result<Delivery, SendError> {
        let answer = self.post(self.events.clone(), batch.text()).await?;
        match classify(&answer, batch.len()) {
            Reply::Accepted { ack } => Ok(self.accepted(ack)),
            Reply::Invalid { index, reason } => Ok(from_the_next(index, reason, batch.len())),
            Reply::Failed(error) => Err(error),
            Reply::Refused { reason } => Err(answer::parked_unless(
                self.credentials.renew(),
                &answer,
                reason,
            )),
        }
    }

    async fn confirm(&mut self, receipts: &[Receipt]) -> Result<Vec<Receipt>, SendError> {
        #[derive(serde::Serialize)]
        struct Question {
            acks: Vec<u64>,
        }
        let question = Question {
            acks: receipts.iter().map(|receipt| receipt.0).collect(),
        };
        let body = serde_json::to_string(&question).unwrap_or_default();
        let answer = self.post(self.acks.clone(), &body).await?;
        if answer.status == 200 {
            return confirmed(&answer.body).ok_or(SendError::Busy {
                status: 200,
                reason: "answer about acknowledgements cannot be read",
                retry_after: None,
            });
        }
        match classify(&answer, receipts.len()) {
            Reply::Failed(error) => Err(error),
            Reply::Refused { reason } => Err(answer::parked_unless(
                self.credentials.renew(),
                &answer,
                reason,
            )),
            Reply::Accepted { .. } | Reply::Invalid { .. } => Ok(Vec::new()),
        }
    }
}

/// Events before the invalid one were indexed: it is refused, those after it go again.
fn from_the_next(index: usize, reason: &'static str, len: usize) -> Delivery {
    Delivery {
        refused: vec![Refused {
            index,
            reason: reason.to_owned(),
        }],
        again: (index + 1..len).collect(),
        ..Delivery::default()
    }
}

fn confirmed(body: &[u8]) -> Option<Vec<Receipt>> {
    #[derive(Deserialize)]
    struct Acks {
        acks: std::collections::HashMap<String, bool>,
    }
    let acks: Acks = serde_json::from_slice(body).ok()?;
    let indexed = acks.acks.into_iter().filter(|(_, indexed)| *indexed);
    Some(
        indexed
            .filter_map(|(id, _)| id.parse().ok().map(Receipt))
            .collect(),
    )
}

#[cfg(test)]
mod tests;
