//! A door on a free port, a pipeline that does as it is told, and a plain HTTP/1.1 client.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use magistrate_event::{Payload, Raw, Receipt, Refusal};
use magistrate_ingest::{Intake, Limits, Listener, Metrics, OtlpOptions, Tokens, serve_otlp};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prometheus_client::registry::Registry;
use prost::Message as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) type Outcome = Result<Receipt, Refusal>;
/// What a pipeline answers; `None` drops the batch unanswered.
pub(crate) type Pipeline = dyn FnMut(&Raw) -> Option<Outcome> + Send;

/// A door that is being served.
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    pub(crate) intake: Intake,
    pub(crate) shutdown: CancellationToken,
    pub(crate) served: JoinHandle<std::io::Result<()>>,
    registry: Registry,
    seen: Arc<Mutex<Vec<Raw>>>,
}

/// How a door is set up.
pub(crate) struct Setup {
    pub(crate) listener: Listener,
    pub(crate) limits: Limits,
    pub(crate) tokens: Option<Arc<Tokens>>,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) pipeline: Box<Pipeline>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            listener: Listener::OtlpHttp,
            limits: Limits::default(),
            tokens: None,
            tls: None,
            pipeline: Box::new(|_| Some(Ok(Receipt::default()))),
        }
    }
}

impl Setup {
    /// A door whose pipeline answers every batch so.
    pub(crate) fn answering(outcome: Outcome) -> Self {
        Self {
            pipeline: Box::new(move |_| Some(outcome.clone())),
            ..Self::default()
        }
    }

    /// A door that takes bodies of up to 1 MiB.
    pub(crate) fn small() -> Self {
        Self {
            limits: Limits {
                max_body_bytes: 1 << 20,
                ..Limits::default()
            },
            ..Self::default()
        }
    }

    pub(crate) async fn open(self) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (intake, envelopes) = Intake::new(self.limits.intake());
        let seen: Arc<Mutex<Vec<Raw>>> = Arc::default();
        let (mut pipeline, noted) = (self.pipeline, Arc::clone(&seen));
        std::thread::spawn(move || {
            for envelope in envelopes {
                let outcome = pipeline(&envelope.raw);
                noted.lock().unwrap().push(envelope.raw.clone());
                if let Some(outcome) = outcome {
                    envelope.reply.send(outcome);
                }
            }
        });
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let options = OtlpOptions {
            limits: self.limits,
            tls: self.tls,
            tokens: self.tokens,
        };
        let shutdown = CancellationToken::new();
        let serving = serve_otlp(
            listener,
            self.listener,
            options,
            intake.clone(),
            metrics,
            shutdown.clone(),
        );
        Door {
            address,
            intake,
            served: tokio::spawn(serving),
            shutdown,
            registry,
            seen,
        }
    }
}

impl Door {
    /// The batches that the pipeline has got.
    pub(crate) fn seen(&self) -> Vec<Raw> {
        self.seen.lock().unwrap().clone()
    }

    /// The event names of the log records in them.
    pub(crate) fn event_names(&self) -> Vec<String> {
        let batches = self.seen();
        let requests = batches.iter().map(|raw| {
            let Payload::OtlpLogs(bytes) = &raw.payload else {
                panic!("not logs: {raw:?}");
            };
            ExportLogsServiceRequest::decode(bytes.clone()).unwrap()
        });
        requests
            .flat_map(|request| request.resource_logs)
            .flat_map(|resource| resource.scope_logs)
            .flat_map(|scope| scope.log_records)
            .map(|record| record.event_name)
            .collect()
    }

    pub(crate) fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }

    /// Sends one request with a `Content-Length` on a connection of its own.
    pub(crate) async fn post(&self, path: &str, headers: &str, body: &[u8]) -> Answer {
        let len = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nContent-Length: {len}\r\n{headers}");
        self.send(&head, body).await
    }

    /// Sends a request whose head lacks only `Host` and the empty line.
    pub(crate) async fn send(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        exchange(&mut stream, head, body).await
    }
}

/// One exchange on a stream, read to its end.
pub(crate) async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    head: &str,
    body: &[u8],
) -> Answer {
    let head = format!("{head}Host: test\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // A door may answer, and close, before it has the whole body.
    drop(stream.write_all(body).await);
    drop(stream.flush().await);
    let mut bytes = Vec::new();
    drop(stream.read_to_end(&mut bytes).await);
    Answer::parse(&bytes)
}

/// An HTTP/1.1 response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("no response: {:?}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..end].to_vec())
            .unwrap()
            .to_lowercase();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert!(
            self.head.contains("content-type: application/json"),
            "{}",
            self.head
        );
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn rpc_status(&self) -> tonic_types::pb::Status {
        let protobuf = "content-type: application/x-protobuf";
        assert!(self.head.contains(protobuf), "{}", self.head);
        tonic_types::pb::Status::decode(self.body.as_slice()).unwrap()
    }
}

pub(crate) const JSON: &str = "Content-Type: application/json\r\n";
pub(crate) const PROTOBUF: &str = "Content-Type: application/x-protobuf\r\n";

/// A logs request with these event names.
pub(crate) fn logs(names: &[&str]) -> ExportLogsServiceRequest {
    let record = |name: &&str| LogRecord {
        event_name: (*name).to_owned(),
        ..LogRecord::default()
    };
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs: vec![ScopeLogs {
                log_records: names.iter().map(record).collect(),
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    }
}

/// The same in JSON.
pub(crate) fn logs_json(names: &[&str]) -> String {
    let records: Vec<String> = names
        .iter()
        .map(|name| format!(r#"{{"eventName":"{name}"}}"#))
        .collect();
    records_json(&records.join(","))
}

/// A logs request with these records, written as JSON.
pub(crate) fn records_json(records: &str) -> String {
    format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
