//! Reads the recorded export requests, and turns OTLP/JSON into the protobuf that the door makes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use magistrate_enrich::{Malformed, Normalized, UidKey, normalize};
use magistrate_event::{Event, EventUid, Identity, Origin, Payload, Raw, Source, Timestamp};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

pub(crate) static KEY: LazyLock<UidKey> = LazyLock::new(|| UidKey::new([42; 32]));

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/otlp")
}

/// The captures' names.
pub(crate) fn captures() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The requests of a capture in order of arrival.
pub(crate) fn requests(capture: &str) -> Vec<Payload> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder().join(capture))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

/// The same request, decoded, written as OTLP/JSON, and read again.
pub(crate) fn through_json(payload: &Payload) -> Payload {
    fn again<M>(bytes: &[u8]) -> prost::bytes::Bytes
    where
        M: Message + Default + serde::Serialize + serde::de::DeserializeOwned,
    {
        let json = serde_json::to_vec(&M::decode(bytes).unwrap()).unwrap();
        encode_json::<M>(&json).into()
    }
    match payload {
        Payload::OtlpLogs(b) => Payload::OtlpLogs(again::<ExportLogsServiceRequest>(b)),
        Payload::OtlpMetrics(b) => Payload::OtlpMetrics(again::<ExportMetricsServiceRequest>(b)),
        Payload::OtlpTraces(b) => Payload::OtlpTraces(again::<ExportTraceServiceRequest>(b)),
        Payload::Syslog(_) => panic!("not OTLP"),
    }
}

/// The request in a file.
fn read(path: &Path) -> Payload {
    let name = path.file_name().unwrap().to_str().unwrap();
    let bytes = fs::read(path).unwrap();
    let is_json = name.ends_with(".json");
    if name.contains("-logs.") {
        let encode = |json| encode_json::<ExportLogsServiceRequest>(json);
        Payload::OtlpLogs(if is_json { encode(&bytes) } else { bytes }.into())
    } else if name.contains("-metrics.") {
        let encode = |json| encode_json::<ExportMetricsServiceRequest>(json);
        Payload::OtlpMetrics(if is_json { encode(&bytes) } else { bytes }.into())
    } else {
        let encode = |json| encode_json::<ExportTraceServiceRequest>(json);
        Payload::OtlpTraces(if is_json { encode(&bytes) } else { bytes }.into())
    }
}

fn encode_json<M: Message + serde::de::DeserializeOwned>(json: &[u8]) -> Vec<u8> {
    serde_json::from_slice::<M>(json).unwrap().encode_to_vec()
}

/// A batch as an anonymous sender on this machine sends it.
pub(crate) fn raw(payload: Payload) -> Raw {
    Raw {
        origin: Origin {
            source: Source::OtlpHttp,
            peer: Some([127, 0, 0, 1].into()),
            identity: Identity::Anonymous,
        },
        received: Timestamp::from_millis(1_795_422_300_000),
        arrival: 1,
        payload,
    }
}

/// A batch's events beside what is to be told of it.
pub(crate) struct Taken {
    pub(crate) events: Vec<(EventUid, Event)>,
    pub(crate) told: Normalized,
}

pub(crate) fn taken(raw: &Raw) -> Result<Taken, Malformed> {
    let mut events = Vec::new();
    let told = normalize(raw, &KEY, |uid, event| events.push((uid, event)))?;
    Ok(Taken { events, told })
}

pub(crate) fn normalized(payload: Payload) -> Taken {
    taken(&raw(payload)).unwrap()
}
