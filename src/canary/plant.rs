//! What the canary sends in: each text in several places of every kind of payload.

use magistrate_event::{Identity, Line, Origin, Payload, Source};
use magistrate_ingest::{Signal, from_json};
use serde_json::{Value, json};

use super::NAME;

/// A payload is far below this.
const MAX_BYTES: usize = 64 << 20;
/// Texts that share one span or data point.
const TEXTS_A_SPAN: usize = 40;

/// One payload for each source.
pub(super) fn payloads(texts: &[String], unix_nanos: u64) -> Vec<(Origin, Payload)> {
    let mut payloads = Vec::new();
    // The same record at the same time is one event, through whatever door it comes.
    let doors = [
        (Source::OtlpGrpc, unix_nanos),
        (Source::OtlpHttp, unix_nanos + 1),
    ];
    for (source, unix_nanos) in doors {
        for (signal, request) in [
            (Signal::Logs, logs(texts, unix_nanos)),
            (Signal::Traces, traces(texts, unix_nanos)),
            (Signal::Metrics, metrics(texts, unix_nanos)),
        ] {
            // Our own JSON is well-formed; what were not would be missed by the tests.
            if let Ok(read) = from_json(signal, request.to_string().as_bytes(), MAX_BYTES) {
                payloads.push((origin(source), signal.payload(read.request.into())));
            }
        }
    }
    for source in [Source::SyslogUdp, Source::SyslogTcp] {
        payloads.push((origin(source), Payload::Syslog(lines(texts))));
    }
    payloads
}

fn origin(source: Source) -> Origin {
    Origin {
        source,
        peer: None,
        identity: Identity::Token(NAME.to_owned()),
    }
}

fn logs(texts: &[String], unix_nanos: u64) -> Value {
    let records: Vec<Value> = texts
        .iter()
        .map(|text| {
            json!({
                "timeUnixNano": unix_nanos.to_string(),
                "body": string(text),
                "attributes": [
                    attribute("event.name", string(NAME)),
                    attribute("planted", string(text)),
                    attribute("tool_parameters", string(&json!({ "note": text }).to_string())),
                    attribute("list", json!({ "arrayValue": { "values": [string(text)] } })),
                ],
            })
        })
        .collect();
    json!({ "resourceLogs": [{
        "resource": resource(),
        "scopeLogs": [{ "scope": { "name": NAME }, "logRecords": records }],
    }] })
}

fn traces(texts: &[String], unix_nanos: u64) -> Value {
    let spans: Vec<Value> = texts
        .chunks(TEXTS_A_SPAN)
        .enumerate()
        .map(|(number, texts)| {
            json!({
                "traceId": format!("{:032x}", number + 1),
                "spanId": format!("{:016x}", number + 1),
                "name": NAME,
                "startTimeUnixNano": unix_nanos.to_string(),
                "endTimeUnixNano": unix_nanos.to_string(),
                "attributes": attributes(texts),
            })
        })
        .collect();
    json!({ "resourceSpans": [{
        "resource": resource(),
        "scopeSpans": [{ "scope": { "name": NAME }, "spans": spans }],
    }] })
}

fn metrics(texts: &[String], unix_nanos: u64) -> Value {
    let points: Vec<Value> = texts
        .chunks(TEXTS_A_SPAN)
        .map(|texts| {
            json!({
                "timeUnixNano": unix_nanos.to_string(),
                "asInt": "1",
                "attributes": attributes(texts),
            })
        })
        .collect();
    json!({ "resourceMetrics": [{
        "resource": resource(),
        "scopeMetrics": [{
            "scope": { "name": NAME },
            "metrics": [{ "name": NAME, "gauge": { "dataPoints": points } }],
        }],
    }] })
}

/// Texts of one line; a syslog message holds no more. A line that is JSON as a whole becomes an
/// event, where the names in it are keys: some patterns then miss them (docs/redaction.md, gaps).
fn lines(texts: &[String]) -> Vec<Line> {
    texts
        .iter()
        .filter(|text| !text.contains(char::is_control) && !text.starts_with('{'))
        .map(|text| Line {
            bytes: format!("<134>1 - magistrate {NAME} - - - {text}").into(),
            cut_from_bytes: None,
        })
        .collect()
}

fn resource() -> Value {
    json!({ "attributes": [attribute("service.name", string(NAME))] })
}

fn attributes(texts: &[String]) -> Vec<Value> {
    let named = texts.iter().enumerate();
    named
        .map(|(number, text)| attribute(&format!("planted.{number}"), string(text)))
        .collect()
}

fn attribute(key: &str, value: Value) -> Value {
    json!({ "key": key, "value": value })
}

fn string(text: &str) -> Value {
    json!({ "stringValue": text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_of_the_intake_gets_a_payload_that_can_be_read() {
        let texts = vec!["one".to_owned(), "two\nlines".to_owned()];
        let payloads = payloads(&texts, 1);
        assert_eq!(payloads.len(), 8);
        for source in Source::ALL
            .into_iter()
            .filter(|source| !matches!(source, Source::Replay | Source::Judge))
        {
            let own = payloads
                .iter()
                .filter(|(origin, _)| origin.source == source);
            assert!(own.count() > 0, "{}", source.name());
        }
    }
}
