//! Speaks `_bulk` to Elasticsearch and OpenSearch.
//!
//! Every document is created under the event's stable id, so that sending it again stores nothing
//! twice: the peer answers 409, which counts as delivered.

mod answer;
mod encode;

use magistrate_event::Record;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::forward::{
    Batch, Client, ClientError, Credentials, Delivery, Renewal, SendError, Sink, SinkConfig,
};
use answer::{Reply, classify};

/// One cluster and the data stream or index that takes the records.
#[derive(Debug)]
pub(crate) struct Elasticsearch {
    client: Client,
    credentials: Option<Credentials>,
    bulk: Url,
    index: String,
}

impl Elasticsearch {
    /// A sink for the cluster at `endpoint`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(crate) fn new(
        config: &SinkConfig,
        endpoint: &Url,
        credentials: Option<Credentials>,
    ) -> Result<Self, ClientError> {
        let mut bulk = endpoint.clone();
        let base = bulk.path().trim_end_matches('/').to_owned();
        bulk.set_path(&format!("{base}/_bulk"));
        Ok(Self {
            client: Client::new(endpoint.clone(), config.ca_file.as_deref())?,
            credentials,
            bulk,
            index: config.index_or_default().to_owned(),
        })
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(credentials) = &self.credentials {
            headers.insert(AUTHORIZATION, credentials.header());
        }
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-ndjson"),
        );
        headers
    }

    /// A refusal of who we are is worth another attempt when the secret's file has changed.
    fn refused(&mut self, status: u16) -> SendError {
        let renewal = self.credentials.as_mut().map(Credentials::renew);
        match renewal {
            Some(Renewal::Changed) => SendError::Busy {
                status,
                reason: "credentials were refused, their file has new ones",
                retry_after: None,
            },
            Some(Renewal::Same) | None => SendError::Parked {
                status,
                reason: "credentials are not accepted",
            },
        }
    }
}

impl Sink for Elasticsearch {
    fn encode(&self, record: &Record, out: &mut String) {
        encode::push(record, &self.index, out);
    }

    async fn send(&mut self, batch: &Batch) -> Result<Delivery, SendError> {
        let (url, headers) = (self.bulk.clone(), self.headers());
        let answer = self
            .client
            .post(&url, headers, batch.text())
            .await
            .map_err(SendError::Unreachable)?;
        match classify(&answer, batch.len()) {
            Reply::Items(delivery) => Ok(delivery),
            Reply::Refused => Err(self.refused(answer.status)),
            Reply::Failed(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
