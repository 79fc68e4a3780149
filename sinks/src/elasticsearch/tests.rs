//! The sink against a cluster that judges documents one by one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::forward::SinkConfig;
use crate::forward::testing::{Bench, Reaction, Request, config, records, serve, uid};

/// A cluster: its documents by id.
#[derive(Default)]
struct Cluster {
    stored: HashMap<String, Value>,
    requests: usize,
    sizes: Vec<usize>,
}

type Shared = Arc<Mutex<Cluster>>;

impl Cluster {
    /// Reads a request as `_bulk` does; ids and documents.
    fn documents(&mut self, request: &Request) -> Vec<(String, Value)> {
        assert_eq!(request.line, "POST /_bulk HTTP/1.1");
        assert_eq!(request.headers["content-type"], "application/x-ndjson");
        assert!(request.body.ends_with('\n'));
        self.requests += 1;
        let lines: Vec<Value> = request
            .body
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        self.sizes.push(lines.len() / 2);
        lines
            .chunks(2)
            .map(|pair| {
                let create = &pair[0]["create"];
                assert_eq!(create["_index"], "logs-magistrate.events-default");
                assert!(pair[1]["@timestamp"].is_string());
                (create["_id"].as_str().unwrap().to_owned(), pair[1].clone())
            })
            .collect()
    }

    /// Stores what `status` lets it, and answers for each document.
    fn bulk(&mut self, request: &Request, status: impl Fn(&str) -> u16) -> Reaction {
        let mut items = Vec::new();
        for (id, document) in self.documents(request) {
            let mut status = status(&id);
            if status == 201 && self.stored.contains_key(&id) {
                status = 409;
            }
            let mut item = json!({"_index": "i", "_id": id, "status": status});
            if status == 201 {
                self.stored.insert(id, document);
            } else {
                item["error"] = json!({"type": "some_exception", "reason": "because"});
            }
            items.push(json!({"create": item}));
        }
        let body = json!({"took": 1, "errors": true, "items": items});
        Reaction::Answer(200, body.to_string())
    }
}

async fn cluster(
    kind: &str,
    fields: Value,
    mut react: impl FnMut(&mut Cluster, Request) -> Reaction + Send + 'static,
) -> (SinkConfig, Shared) {
    let shared = Shared::default();
    let own = Arc::clone(&shared);
    let address = serve(move |request| react(&mut own.lock().unwrap(), request)).await;
    (config(kind, address, fields), shared)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_document_meets_its_own_fate() {
    let (config, shared) = cluster("elasticsearch", json!({}), |cluster, request| {
        let first = cluster.requests == 0;
        cluster.bulk(&request, |id| match id {
            id if id == uid(1) => 400,
            id if id == uid(2) && first => 429,
            id if id == uid(3) && first => 503,
            id if id == uid(4) => 409,
            _ => 201,
        })
    })
    .await;
    let bench = Bench::new(&config);
    bench.run(&config, records(0, 10)).await;
    let cluster = shared.lock().unwrap();
    assert_eq!(cluster.sizes, [10, 2]);
    assert_eq!(cluster.stored.len(), 8);
    let letters = bench.letters.lock().unwrap();
    assert_eq!(
        *letters,
        [(uid(1), "status 400: some_exception: because".to_owned())]
    );
    let metrics = bench.metrics_text();
    assert!(
        metrics.contains("sent_records_total{sink=\"peer\"} 9"),
        "{metrics}"
    );
    assert!(
        metrics.contains("retried_records_total{sink=\"peer\"} 2"),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_stores_nothing_twice() {
    let (config, shared) = cluster("elasticsearch", json!({}), |cluster, request| {
        let answer = cluster.bulk(&request, |_| 201);
        match cluster.requests {
            1 => Reaction::Reset,
            2 => Reaction::Answer(503, String::new()),
            3 => Reaction::Answer(200, "{\"items\":[]}".to_owned()),
            _ => answer,
        }
    })
    .await;
    Bench::new(&config).run(&config, records(0, 10)).await;
    let cluster = shared.lock().unwrap();
    assert_eq!((cluster.stored.len(), cluster.requests), (10, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_too_large_is_split() {
    let (config, shared) = cluster("elasticsearch", json!({}), |cluster, request| {
        if request.body.lines().count() > 2 * 3 {
            cluster.documents(&request);
            return Reaction::Answer(413, String::new());
        }
        cluster.bulk(&request, |_| 201)
    })
    .await;
    Bench::new(&config).run(&config, records(0, 10)).await;
    let cluster = shared.lock().unwrap();
    assert_eq!(cluster.stored.len(), 10);
    assert_eq!(cluster.sizes, [10, 5, 2, 3, 5, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn opensearch_is_asked_as_a_user() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "open sesame\n").unwrap();
    let fields = json!({"username": "Aladdin", "password_file": file.path()});
    let (config, shared) = cluster("opensearch", fields, |cluster, request| {
        assert_eq!(
            request.headers["authorization"],
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        if cluster.requests == 0 {
            cluster.requests = 1;
            return Reaction::Answer(401, String::new());
        }
        cluster.bulk(&request, |_| 201)
    })
    .await;
    let bench = Bench::new(&config);
    bench.run(&config, records(0, 3)).await;
    assert_eq!(shared.lock().unwrap().stored.len(), 3);
    assert!(bench.letters.lock().unwrap().is_empty());
}

/// `MAGISTRATE_BULK=http://127.0.0.1:9200` sends to a real cluster instead; see docs/sinks.md.
#[tokio::test(flavor = "multi_thread")]
async fn varied_records_are_stored_as_they_are_projected() {
    let (mut config, shared) = cluster("opensearch", json!({}), |cluster, request| {
        cluster.bulk(&request, |_| 201)
    })
    .await;
    if let Ok(endpoint) = std::env::var("MAGISTRATE_BULK") {
        config.endpoint = endpoint;
        config.data_stream = false;
    }
    let real = !config.data_stream;
    let bench = Bench::new(&config);
    bench.run(&config, crate::ocsf::samples::records(20)).await;
    let letters = bench.letters.lock().unwrap();
    for (id, reason) in letters.iter().take(5) {
        println!("{id}: {reason}");
    }
    println!("{}", bench.metrics_text());
    assert!(real || (letters.is_empty() && shared.lock().unwrap().stored.len() == 20 * 12));
}
