//! Speaks HTTP to the peer that runs the language model: no redirect is followed, no proxy of the
//! environment is used, and every answer has a limit.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Proxy, Response};
use serde_json::{Value as Json, json};

use super::answer::{self, Opinion, VERDICT};
use super::config::{LlmConfig, LlmKind};
use super::prompt::SYSTEM;
use super::trouble::Trouble;

/// A longer answer is none.
const MAX_ANSWER_BYTES: usize = 64 << 10;
/// Tokens of an answer; some models think in them first.
const MAX_TOKENS: u32 = 1_024;
/// The version of the Messages API.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// The peer.
#[derive(Debug)]
pub(super) struct Peer {
    http: Client,
    kind: LlmKind,
    endpoint: String,
    model: String,
    headers: HeaderMap,
}

/// Why a language model cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// The key is empty, or holds characters that no header may hold.
    #[error("key of the language model is empty or cannot stand in a header")]
    Key,
    /// The file with the authorities to trust cannot be used.
    #[error("cannot use CA file `{}`", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// TLS or the proxy cannot be set up.
    #[error("cannot set up the HTTP client of the language model")]
    Setup(#[source] reqwest::Error),
}

impl Peer {
    /// The peer that `config` names, who wants to see `key`.
    ///
    /// # Errors
    /// When key, authorities, proxy or TLS cannot be used.
    pub(super) fn new(config: &LlmConfig, key: Option<&[u8]>) -> Result<Self, LlmError> {
        Ok(Self {
            http: client(config)?,
            kind: config.kind,
            endpoint: config.endpoint.clone(),
            model: config.model.clone(),
            headers: headers(config.kind, key)?,
        })
    }

    /// Asks, and reads the answer.
    ///
    /// # Errors
    /// When there is no answer, or not the one that was asked for.
    pub(super) async fn ask(&self, question: &str) -> Result<Opinion, Trouble> {
        let request = self
            .http
            .post(&self.endpoint)
            .headers(self.headers.clone())
            .body(body(self.kind, &self.model, question).to_string());
        let response = request.send().await.map_err(|error| trouble(&error))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(Trouble::Status(status));
        }
        answer::read(self.kind, &read(response).await?)
    }
}

fn client(config: &LlmConfig) -> Result<Client, LlmError> {
    let mut builder = Client::builder()
        .user_agent(concat!("magistrate/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .no_proxy()
        .timeout(Duration::from_millis(config.timeout_ms));
    if let Some(proxy) = &config.proxy {
        builder = builder.proxy(Proxy::all(proxy).map_err(LlmError::Setup)?);
    }
    builder = match &config.ca_file {
        Some(path) => builder.tls_certs_only(authorities(path)?),
        // Without TLS there is nobody to trust; a machine without authorities may do so.
        None if config.endpoint.starts_with("http:") => builder.tls_certs_only([]),
        None => builder,
    };
    builder.build().map_err(LlmError::Setup)
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, LlmError> {
    let failed = |source| LlmError::CaFile {
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

fn headers(kind: LlmKind, key: Option<&[u8]>) -> Result<HeaderMap, LlmError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if kind == LlmKind::Anthropic {
        let name = HeaderName::from_static("anthropic-version");
        headers.insert(name, HeaderValue::from_static(ANTHROPIC_VERSION));
    }
    let Some(key) = key.map(<[u8]>::trim_ascii) else {
        return Ok(headers);
    };
    if key.is_empty() {
        return Err(LlmError::Key);
    }
    let (name, shown) = match kind {
        LlmKind::Anthropic => (HeaderName::from_static("x-api-key"), key.to_vec()),
        LlmKind::OpenAi => (AUTHORIZATION, [b"Bearer ", key].concat()),
    };
    let mut value = HeaderValue::try_from(shown).map_err(|_| LlmError::Key)?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(headers)
}

fn body(kind: LlmKind, model: &str, question: &str) -> Json {
    match kind {
        LlmKind::Anthropic => json!({
            "model": model,
            "max_tokens": MAX_TOKENS,
            "system": SYSTEM,
            "messages": [{"role": "user", "content": question}],
            "tools": [{
                "name": VERDICT,
                "description": "Tells how harmful the action is, and why.",
                "input_schema": answer::schema(),
            }],
            "tool_choice": {"type": "tool", "name": VERDICT, "disable_parallel_tool_use": true},
        }),
        LlmKind::OpenAi => json!({
            "model": model,
            "max_completion_tokens": MAX_TOKENS,
            "messages": [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": question},
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": VERDICT, "strict": true, "schema": answer::schema()},
            },
        }),
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| trouble(&error))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(Trouble::Garbled);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn trouble(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        Trouble::Slow
    } else {
        Trouble::Unreachable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_in_its_header_and_is_never_shown() {
        let key = ["sk", "made-up", "0123456789"].join("-");
        for (kind, name, value) in [
            (LlmKind::Anthropic, "x-api-key", key.clone()),
            (LlmKind::OpenAi, "authorization", format!("Bearer {key}")),
        ] {
            let config = LlmConfig {
                kind,
                endpoint: "http://127.0.0.1:1/".to_owned(),
                ..LlmConfig::default()
            };
            let peer = Peer::new(&config, Some(format!("{key}\n").as_bytes())).unwrap();
            assert_eq!(peer.headers[name], value);
            assert!(!format!("{peer:?}").contains(&key));
            let broken = format!("{key}\nx");
            for unusable in ["", " \n", broken.as_str()] {
                let error = Peer::new(&config, Some(unusable.as_bytes())).unwrap_err();
                assert!(!format!("{error:?} {error}").contains("sk-"));
            }
        }
    }

    #[test]
    fn what_is_judged_is_only_in_the_users_turn() {
        let question = "BEGIN\ncontent: \"x\"\nEND";
        let anthropic = body(LlmKind::Anthropic, "m", question);
        assert_eq!(
            anthropic["messages"],
            json!([{"role": "user", "content": question}])
        );
        assert_eq!(
            anthropic["tool_choice"]["name"],
            anthropic["tools"][0]["name"]
        );
        let openai = body(LlmKind::OpenAi, "m", question);
        assert_eq!(openai["messages"].as_array().map(Vec::len), Some(2));
        assert_eq!(
            openai["messages"][1],
            json!({"role": "user", "content": question})
        );
        assert_eq!(openai["response_format"]["json_schema"]["strict"], true);
    }
}
