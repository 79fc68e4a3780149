//! The sink against a collector that is strict about what it reads and has its bad days.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::forward::SinkConfig;
use crate::forward::testing::{Bench, Reaction, Request, config, records, serve, uid};

const TOKEN: &str = "11111111-2222-3333-4444-555555555555";

/// A collector: what it has indexed, by id, and how often.
#[derive(Default)]
struct Collector {
    indexed: HashMap<String, usize>,
    requests: usize,
    channel: Option<String>,
    acks: u64,
    polls: usize,
}

type Shared = Arc<Mutex<Collector>>;

impl Collector {
    /// Reads a request as Splunk does; the ids of its events.
    fn events(&mut self, request: &Request) -> Vec<String> {
        assert_eq!(request.line, "POST /services/collector/event HTTP/1.1");
        assert_eq!(request.headers["authorization"], format!("Splunk {TOKEN}"));
        self.requests += 1;
        let events = serde_json::Deserializer::from_str(&request.body).into_iter::<Value>();
        events
            .map(|event| {
                let event = event.unwrap();
                assert!(event["time"].is_number() && !event["event"].is_null());
                let fields = event["fields"].as_object().unwrap();
                assert!(fields.values().all(|value| value.is_string()));
                assert_eq!(event["event"]["metadata"]["uid"], fields["event_uid"]);
                fields["event_uid"].as_str().unwrap().to_owned()
            })
            .collect()
    }

    fn index(&mut self, ids: &[String]) {
        for id in ids {
            *self.indexed.entry(id.clone()).or_default() += 1;
        }
    }

    /// The channel must be the same GUID in every request.
    fn check_channel(&mut self, request: &Request) {
        let channel = &request.headers["x-splunk-request-channel"];
        assert!(uuid::Uuid::parse_str(channel).is_ok());
        let first = self.channel.get_or_insert_with(|| channel.clone());
        assert_eq!(first, channel);
    }

    fn has_all(&self, count: u64) {
        for number in 0..count {
            assert!(self.indexed.contains_key(&uid(number)), "{number}");
        }
        assert_eq!(self.indexed.len(), usize::try_from(count).unwrap());
    }
}

fn ok() -> Reaction {
    Reaction::Answer(200, json!({"text": "Success", "code": 0}).to_string())
}

fn code(status: u16, code: u32) -> Reaction {
    Reaction::Answer(status, json!({"text": "x", "code": code}).to_string())
}

async fn collector(
    fields: Value,
    mut react: impl FnMut(&mut Collector, Request) -> Reaction + Send + 'static,
) -> (SinkConfig, Shared) {
    let shared = Shared::default();
    let own = Arc::clone(&shared);
    let address = serve(move |request| react(&mut own.lock().unwrap(), request)).await;
    let mut all = json!({"token": TOKEN, "batch_max_records": 10});
    for (name, value) in fields.as_object().unwrap() {
        all[name] = value.clone();
    }
    (config("splunk_hec", address, all), shared)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_busy_for_a_while_gets_every_event_once() {
    let (config, shared) = collector(json!({}), |collector, request| {
        let ids = collector.events(&request);
        match collector.requests {
            1 => code(503, 9),
            2 => Reaction::AnswerWith(429, "retry-after: 0", String::new()),
            3 => code(500, 8),
            4 => Reaction::Answer(502, "<html>bad gateway</html>".to_owned()),
            5 => Reaction::Reset,
            6 => Reaction::Answer(200, "<html>log in here</html>".to_owned()),
            7 => Reaction::AnswerWith(302, "location: http://192.0.2.1/", String::new()),
            8 => code(403, 4),
            _ => {
                collector.index(&ids);
                ok()
            }
        }
    })
    .await;
    let bench = Bench::new(&config);
    bench.run(&config, records(0, 25)).await;
    let collector = shared.lock().unwrap();
    collector.has_all(25);
    assert!(collector.indexed.values().all(|times| *times == 1));
    assert_eq!(collector.requests, 8 + 3);
    let metrics = bench.metrics_text();
    for (class, count) in [
        ("5xx", 3),
        ("429", 1),
        ("transport", 1),
        ("2xx", 1),
        ("3xx", 1),
        ("4xx", 1),
    ] {
        let line = format!("failed_requests_total{{sink=\"peer\",class=\"{class}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line} {metrics}");
    }
    assert!(metrics.contains("sent_records_total{sink=\"peer\"} 25"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_costs_a_repeat_with_the_same_ids() {
    let (config, shared) = collector(json!({}), |collector, request| {
        let ids = collector.events(&request);
        collector.index(&ids);
        if collector.requests == 1 {
            Reaction::Reset
        } else {
            ok()
        }
    })
    .await;
    Bench::new(&config).run(&config, records(0, 10)).await;
    let collector = shared.lock().unwrap();
    collector.has_all(10);
    assert!(collector.indexed.values().all(|times| *times == 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_event_is_buried_and_those_after_it_go_again() {
    let (config, shared) = collector(json!({}), |collector, request| {
        let ids = collector.events(&request);
        let bad = ids.iter().position(|id| *id == uid(3) || *id == uid(7));
        collector.index(&ids[..bad.unwrap_or(ids.len())]);
        match bad {
            Some(bad) => Reaction::Answer(
                400,
                json!({"text": "x", "code": 6, "invalid-event-number": bad}).to_string(),
            ),
            None => ok(),
        }
    })
    .await;
    let bench = Bench::new(&config);
    bench.run(&config, records(0, 10)).await;
    let collector = shared.lock().unwrap();
    assert_eq!(collector.indexed.len(), 8);
    assert!(collector.indexed.values().all(|times| *times == 1));
    assert_eq!(collector.requests, 3);
    let reason = "invalid data format".to_owned();
    let letters = [(uid(3), reason.clone()), (uid(7), reason)];
    assert_eq!(*bench.letters.lock().unwrap(), letters);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_event_without_a_number_is_found_by_halves() {
    let (config, shared) = collector(json!({}), |collector, request| {
        let ids = collector.events(&request);
        if ids.contains(&uid(6)) {
            return code(400, 13);
        }
        collector.index(&ids);
        ok()
    })
    .await;
    let bench = Bench::new(&config);
    bench.run(&config, records(0, 10)).await;
    let collector = shared.lock().unwrap();
    assert_eq!(collector.indexed.len(), 9);
    assert!(collector.indexed.values().all(|times| *times == 1));
    assert_eq!(bench.letters.lock().unwrap()[0].0, uid(6));
}

/// Answers to acknowledgement polls: an id is true from the second question on, and only once.
fn acknowledge(collector: &mut Collector, request: &Request, told: &mut Vec<u64>) -> Reaction {
    collector.polls += 1;
    let question: Value = serde_json::from_str(&request.body).unwrap();
    let ids = question["acks"].as_array().unwrap().clone();
    let channel = collector.channel.clone().unwrap();
    assert!(
        request
            .line
            .ends_with(&format!("/ack?channel={channel} HTTP/1.1"))
    );
    let mut acks = serde_json::Map::new();
    for id in ids {
        let id = id.as_u64().unwrap();
        let indexed = collector.polls > 1 && !told.contains(&id);
        if indexed {
            told.push(id);
        }
        acks.insert(id.to_string(), indexed.into());
    }
    Reaction::Answer(200, json!({"acks": acks}).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_delivered_when_its_acknowledgement_turns_true() {
    let mut told = Vec::new();
    let (config, shared) = collector(json!({"ack": true}), move |collector, request| {
        if request.line.contains("/ack") {
            return acknowledge(collector, &request, &mut told);
        }
        collector.check_channel(&request);
        let ids = collector.events(&request);
        collector.index(&ids);
        collector.acks += 1;
        let body = json!({"text": "Success", "code": 0, "ackId": collector.acks - 1});
        Reaction::Answer(200, body.to_string())
    })
    .await;
    let bench = Bench::new(&config);
    bench.run(&config, records(0, 25)).await;
    let collector = shared.lock().unwrap();
    collector.has_all(25);
    assert!(collector.indexed.values().all(|times| *times == 1));
    assert!(collector.polls >= 2);
    assert!(
        bench
            .metrics_text()
            .contains("unconfirmed_records{sink=\"peer\"} 0")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_acknowledgement_is_used_without_it() {
    let (config, shared) = collector(json!({"ack": true}), |collector, request| {
        let ids = collector.events(&request);
        collector.index(&ids);
        ok()
    })
    .await;
    Bench::new(&config).run(&config, records(0, 25)).await;
    let collector = shared.lock().unwrap();
    collector.has_all(25);
    assert_eq!(collector.polls, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_replaced_is_read_from_its_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "an-old-token\n").unwrap();
    let path = file.path().to_owned();
    let shared = Shared::default();
    let own = Arc::clone(&shared);
    let address = serve(move |request| {
        let mut collector = own.lock().unwrap();
        if request.headers["authorization"] == "Splunk an-old-token" {
            std::fs::write(&path, TOKEN).unwrap();
            return code(403, 4);
        }
        let ids = collector.events(&request);
        collector.index(&ids);
        ok()
    })
    .await;
    let config = config("splunk_hec", address, json!({"token_file": file.path()}));
    Bench::new(&config).run(&config, records(0, 5)).await;
    shared.lock().unwrap().has_all(5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_sink_goes_on_from_its_cursor() {
    let bench: Arc<Mutex<Option<tokio_util::sync::CancellationToken>>> = Arc::default();
    let signal = Arc::clone(&bench);
    let (config, shared) = collector(json!({}), move |collector, request| {
        let ids = collector.events(&request);
        if collector.requests == 3
            && let Some(stop) = signal.lock().unwrap().take()
        {
            stop.cancel();
            return code(503, 9);
        }
        collector.index(&ids);
        ok()
    })
    .await;
    let mut first = Bench::new(&config);
    *bench.lock().unwrap() = Some(first.stop.clone());
    first.run(&config, records(0, 25)).await;
    assert_eq!(shared.lock().unwrap().indexed.len(), 20);
    first.stop = tokio_util::sync::CancellationToken::new();
    first.run(&config, records(25, 30)).await;
    let collector = shared.lock().unwrap();
    collector.has_all(30);
    assert!(collector.indexed.values().all(|times| *times == 1));
}
