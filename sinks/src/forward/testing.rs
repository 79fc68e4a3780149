//! What the protocol tests share: a queue, a started sink, and a peer on a real socket.

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use magistrate_event::{Class, Event, Field, Record, SystemClock, Timestamp};
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{Letter, Metrics, Pace, Setup, SinkConfig, start};
use crate::ocsf::samples;
use crate::queue::{Batch, Config, FolderLock, Queue};
use crate::{Permissive, State, queue};

/// One request as the peer reads it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

/// What the peer does with a request.
#[derive(Debug)]
pub(crate) enum Reaction {
    /// Answers with a status and a body.
    Answer(u16, String),
    /// Answers so, with one more header line.
    AnswerWith(u16, &'static str, String),
    /// Closes the connection without a word.
    Reset,
}

/// Serves `react` on a free port until the test's runtime ends.
pub(crate) async fn serve(react: impl FnMut(Request) -> Reaction + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let react = Arc::new(Mutex::new(react));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let react = Arc::clone(&react);
            tokio::spawn(async move {
                // A connection that breaks is what these tests are about.
                let _ = converse(stream, |request| {
                    (react.lock().unwrap_or_else(PoisonError::into_inner))(request)
                })
                .await;
            });
        }
    });
    address
}

async fn converse(
    mut stream: TcpStream,
    mut react: impl FnMut(Request) -> Reaction,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let Some(request) = read_request(&mut stream, &mut buffer).await? else {
            return Ok(());
        };
        let (status, header, body) = match react(request) {
            Reaction::Answer(status, body) => (status, "x-test: 1", body),
            Reaction::AnswerWith(status, header, body) => (status, header, body),
            Reaction::Reset => return Ok(()),
        };
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status} x\r\n{header}\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).await?;
    }
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8(buffer[..head_end].to_vec()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers: HashMap<String, String> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers["content-length"].parse().unwrap();
    while buffer.len() < head_end + length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body = buffer[head_end..head_end + length].to_vec();
    buffer.drain(..head_end + length);
    assert_eq!(headers["content-encoding"], "gzip");
    let mut text = String::new();
    MultiGzDecoder::new(&body[..]).read_to_string(&mut text)?;
    Ok(Some(Request {
        line,
        headers,
        body: text,
    }))
}

/// A queue with records in it, in a folder of its own.
pub(crate) struct Bench {
    folder: TempDir,
    consumer: String,
    pub(crate) letters: Arc<Mutex<Vec<(String, String)>>>,
    pub(crate) metrics: Metrics,
    pub(crate) stop: CancellationToken,
}

impl Bench {
    /// An empty queue for the sink `config`.
    pub(crate) fn new(config: &SinkConfig) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            consumer: config.consumer(),
            letters: Arc::default(),
            metrics: Metrics::default(),
            stop: CancellationToken::new(),
        }
    }

    /// Opens the queue, adds `records`, closes it to more, and runs the sink to its end.
    pub(crate) async fn run(&self, config: &SinkConfig, records: impl Iterator<Item = Record>) {
        let queue = self.open();
        let mut batch = Batch::new();
        for record in records {
            batch.push(&record).unwrap();
        }
        if !batch.is_empty() {
            queue.store(batch).await.unwrap();
        }
        let letters = Arc::clone(&self.letters);
        let setup = Setup {
            feed: queue.consumer(&self.consumer).unwrap(),
            pace: Pace {
                first: Duration::from_millis(1),
                longest: Duration::from_millis(10),
                parked: Duration::from_millis(5),
            },
            dead: Box::new(move |letter: Letter<'_>| {
                let letter = (letter.uid.to_string(), letter.reason.to_owned());
                letters.lock().unwrap().push(letter);
                Ok(())
            }),
            guard: Arc::new(Permissive),
            names: Arc::new(|_| None),
            hold: Duration::ZERO,
            metrics: self.metrics.clone(),
            clock: Arc::new(SystemClock),
            stop: self.stop.clone(),
            runtime: tokio::runtime::Handle::current(),
        };
        let thread = start(config, setup).unwrap();
        let close = tokio::task::spawn_blocking(move || {
            queue.close();
            thread.join().unwrap();
        });
        close.await.unwrap();
    }

    fn open(&self) -> Queue {
        let lock = FolderLock::take(self.folder.path()).unwrap();
        let state = State::open(&self.folder.path().join("state.redb")).unwrap();
        let setup = queue::Setup {
            config: Config::default(),
            state: Arc::new(state),
            consumers: vec![self.consumer.clone()],
            metrics: queue::Metrics::default(),
            clock: Arc::new(SystemClock),
        };
        Queue::open(&lock, setup).unwrap()
    }

    /// The metrics as Prometheus reads them.
    pub(crate) fn metrics_text(&self) -> String {
        let mut registry = Registry::default();
        self.metrics.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        text
    }
}

/// A sink's configuration at `address`, with `fields` added.
pub(crate) fn config(kind: &str, address: SocketAddr, fields: serde_json::Value) -> SinkConfig {
    let mut config = serde_json::json!({
        "name": "peer", "kind": kind, "endpoint": format!("http://{address}"),
    });
    for (name, value) in fields.as_object().unwrap() {
        config[name] = value.clone();
    }
    serde_json::from_value(config).unwrap()
}

/// Tool calls numbered `from..to`; the number is in the id.
pub(crate) fn records(from: u64, to: u64) -> impl Iterator<Item = Record> {
    (from..to).map(|number| {
        let mut event = Event::new(
            Class::ApiActivity,
            2,
            Timestamp::from_millis(1_700_000_000_000),
        );
        event.set_text(Field::Message, &format!("call {number}"));
        event.set_text(Field::ProductName, "cowork");
        let twice = u128::from(number) << 64 | u128::from(number);
        samples::numbered(event, twice.to_be_bytes())
    })
}

/// The id of record `number` as peers see it.
pub(crate) fn uid(number: u64) -> String {
    format!("{number:016x}{number:016x}")
}
