//! Speaks HTTP to a peer that may be slow, broken or hostile.
//!
//! No redirect is followed and no proxy of the environment is used: records go to the configured
//! address or nowhere. Every wait and every answer has a limit.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{CONTENT_ENCODING, DATE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Url};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// An answer's body may be this long; a `_bulk` answer of 10,000 items is a fifth of it.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// A client for one peer.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    endpoint: Url,
    ca_file: Option<PathBuf>,
}

/// What the peer answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// `Retry-After`, in either form.
    pub(crate) retry_after: Option<Duration>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file with the authorities to trust cannot be used.
    #[error("cannot use CA file `{}`", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// TLS cannot be set up.
    #[error("cannot set up the HTTP client")]
    Setup(#[source] reqwest::Error),
    /// The body cannot be compressed.
    #[error("cannot compress the request")]
    Compress(#[source] io::Error),
    /// The request or its answer failed on the way.
    #[error("request failed")]
    Transport(#[source] reqwest::Error),
    /// The answer is longer than any honest one.
    #[error("answer is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLong,
}

impl Client {
    /// A client for the peer at `endpoint`, who is trusted by `ca_file` alone when there is one,
    /// else by the authorities that the machine trusts.
    ///
    /// # Errors
    /// When the file or TLS cannot be used.
    pub(crate) fn new(endpoint: Url, ca_file: Option<&Path>) -> Result<Self, ClientError> {
        Ok(Self {
            http: build(&endpoint, ca_file)?,
            ca_file: ca_file.map(Path::to_owned),
            endpoint,
        })
    }

    /// Posts `body`, compressed, to `url`.
    ///
    /// # Errors
    /// When no whole answer came.
    pub(crate) async fn post(
        &mut self,
        url: &Url,
        headers: HeaderMap,
        body: &str,
    ) -> Result<Answer, ClientError> {
        let packed = gzip(body.as_bytes()).map_err(ClientError::Compress)?;
        let request = self
            .http
            .post(url.clone())
            .headers(headers)
            .header(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
            .body(packed);
        match request.send().await {
            Ok(response) => read(response).await,
            Err(error) => {
                self.renew();
                Err(ClientError::Transport(error.without_url()))
            }
        }
    }

    /// Starts with new connections, names looked up anew and authorities read anew.
    fn renew(&mut self) {
        match build(&self.endpoint, self.ca_file.as_deref()) {
            Ok(http) => self.http = http,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot renew the HTTP client"
                );
            }
        }
    }
}

fn build(endpoint: &Url, ca_file: Option<&Path>) -> Result<reqwest::Client, ClientError> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("magistrate/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT);
    let builder = match ca_file {
        Some(path) => builder.tls_certs_only(authorities(path)?),
        // Without TLS there is nobody to trust; a machine without authorities may do so.
        None if endpoint.scheme() == "http" => builder.tls_certs_only([]),
        None => builder,
    };
    builder.build().map_err(ClientError::Setup)
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, ClientError> {
    let failed = |source| ClientError::CaFile {
        path: path.to_owned(),
        source,
    };
    let pem = std::fs::read(path).map_err(failed)?;
    let authorities =
        Certificate::from_pem_bundle(&pem).map_err(|error| failed(io::Error::other(error)))?;
    if authorities.is_empty() {
        return Err(failed(io::Error::other("no certificate in it")));
    }
    Ok(authorities)
}

fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish()
}

async fn read(mut response: reqwest::Response) -> Result<Answer, ClientError> {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| ClientError::Transport(error.without_url()))?
    {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(ClientError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status,
        retry_after,
        body,
    })
}

/// RFC 9110 section 10.2.3: seconds, or a date, which counts from the answer's own `Date`.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| {
        jiff::fmt::rfc2822::parse(text)
            .ok()
            .map(|date| date.timestamp().as_second())
    };
    let now = date(headers.get(DATE)?.to_str().ok()?)?;
    u64::try_from(date(text)?.saturating_sub(now))
        .ok()
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(retry_after: &'static str, date: Option<&'static str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_static(date));
        }
        super::retry_after(&headers)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(wish("120", None), Some(Duration::from_secs(120)));
        assert_eq!(
            wish("Sun, 06 Nov 1994 08:50:37 GMT", now),
            Some(Duration::from_secs(60))
        );
        assert_eq!(wish("Sun, 06 Nov 1994 08:00:00 GMT", now), None);
        assert_eq!(wish("Sun, 06 Nov 1994 08:50:37 GMT", None), None);
        for junk in ["", "-1", "soon", "1e9"] {
            assert_eq!(wish(junk, now), None, "{junk}");
        }
    }

    #[test]
    fn a_ca_file_must_hold_a_certificate() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let endpoint = Url::parse("https://localhost").unwrap();
        assert!(matches!(
            Client::new(endpoint, Some(file.path())),
            Err(ClientError::CaFile { .. })
        ));
    }
}
