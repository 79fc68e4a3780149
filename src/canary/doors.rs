//! How the canary comes by the judge's doors: inside the process, so that it needs no listener and no
//! token, and the key that it signs with counts on none.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, anyhow, bail, ensure};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, request};
use http_body_util::{BodyExt as _, Limited};
use magistrate_event::Identity;
use magistrate_judge::{
    Caller, IcapLimits, Insider, Judge, Signed, Stamp, WebhookKey, router_within, serve_icap_within,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tower::ServiceExt as _;

use super::NAME;
use super::answered::Answer;
use super::ask::{Place, Question};

/// No answer is longer.
const MAX_ANSWER_BYTES: usize = 16 << 20;
/// What waits between the ends of a connection, at most.
const PIPE_BYTES: usize = 64 << 10;
/// Nobody is slow inside the process.
const ICAP: IcapLimits = IcapLimits {
    header_time: Duration::from_secs(60),
    idle_time: Duration::from_secs(60),
    max_header_bytes: 4096,
    max_headers: 16,
    max_connections: 1,
};

/// The doors, the key that signs hooks there, and who hears what is judged there.
pub(super) struct Doors {
    router: Router,
    judge: Arc<Judge>,
    key: WebhookKey,
    insider: Insider,
}

impl Doors {
    /// Doors of their own, with a key of the moment.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub(super) fn open(judge: Arc<Judge>) -> anyhow::Result<Self> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        let key = WebhookKey::from_bytes(&secret)?;
        let signed = Arc::new(Signed::by(NAME));
        signed.set_keys(vec![key.clone()]);
        let insider = Insider::new(signed);
        Ok(Self {
            router: router_within(Arc::clone(&judge), insider.clone()),
            judge,
            key,
            insider,
        })
    }

    /// Asks; answers with all that comes back, and with the verdicts behind it.
    ///
    /// # Errors
    /// Why there was no verdict.
    pub(super) async fn ask(&self, question: &Question<'_>) -> anyhow::Result<Answer> {
        // Of a question that failed some may be left.
        self.insider.take_heard();
        let bytes = match question.place {
            Place::Http(_) | Place::Signed(_) => self.call(question, "application/json").await?,
            Place::Grpc(_) | Place::GrpcThrough(_) => {
                self.call(question, "application/grpc").await?
            }
            Place::Icap(_) => self.show(&question.body).await?,
        };
        let verdicts = self.insider.take_heard();
        ensure!(!verdicts.is_empty(), "nothing was judged");
        Ok(Answer { bytes, verdicts })
    }

    async fn call(&self, question: &Question<'_>, kind: &str) -> anyhow::Result<Vec<u8>> {
        let mut request = Request::post(question.place.name());
        if let Place::Signed(_) = question.place {
            request = self.sign(request, &question.body)?;
        }
        for (name, value) in &question.headers {
            request = request.header(*name, value);
        }
        let request = request
            .header("host", "canary.example")
            .header("content-type", kind)
            .extension(caller())
            .body(Body::from(question.body.clone()))?;
        let Ok(answer) = self.router.clone().oneshot(request).await;
        let (head, body) = answer.into_parts();
        // Proxies' doors say no with a status.
        if ![StatusCode::OK, StatusCode::FORBIDDEN].contains(&head.status) {
            bail!("the answer is {}", head.status);
        }
        let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| anyhow!("cannot read the answer: {error}"))?;
        let trailers = body.trailers().cloned().unwrap_or_default();
        for headers in [&head.headers, &trailers] {
            let status = headers.get("grpc-status").map(HeaderValue::as_bytes);
            ensure!(
                status.is_none_or(|status| status == b"0"),
                "the answer is {headers:?}"
            );
        }
        let around = format!("{:?}{trailers:?}", head.headers);
        Ok([around.as_bytes(), &body.to_bytes()].concat())
    }

    fn sign(&self, request: request::Builder, body: &[u8]) -> anyhow::Result<request::Builder> {
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let id = format!("{NAME}-{:032x}", u128::from_be_bytes(id));
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let seconds = i64::try_from(since.as_secs())?;
        let stamp = Stamp { id: &id, seconds };
        let signature = self.key.sign(stamp, body);
        Ok(request
            .header("webhook-id", &id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature))
    }

    async fn show(&self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let (ours, theirs) = duplex(PIPE_BYTES);
        let asked = (Arc::clone(&self.judge), self.insider.clone());
        let admit = |_: &HeaderMap| caller();
        let served = serve_icap_within(theirs, asked, (admit, ICAP));
        // Both halves are dropped when they are done with: nobody waits for the other end then.
        let (reading, mut writing) = tokio::io::split(ours);
        let said = async move {
            writing.write_all(message).await?;
            writing.shutdown().await
        };
        let heard = async move {
            let mut answer = Vec::new();
            let mut reading = reading.take(MAX_ANSWER_BYTES as u64);
            reading.read_to_end(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        let ((), said, heard) = tokio::join!(served, said, heard);
        let answer = heard.context("cannot read the answer")?;
        if !VERDICTS.iter().any(|status| answer.starts_with(status)) {
            said.context("cannot send the question")?;
            let status = answer.get(..ICAP_STATUS_BYTES).unwrap_or(&answer);
            bail!("the answer is `{}`", String::from_utf8_lossy(status));
        }
        Ok(answer)
    }
}

/// How an answer of ICAP begins that tells a verdict, and how long that is.
const VERDICTS: [&[u8]; 2] = [b"ICAP/1.0 200 ", b"ICAP/1.0 204 "];
const ICAP_STATUS_BYTES: usize = 13;

fn caller() -> Caller {
    Caller::Known {
        identity: Identity::Token(NAME.to_owned()),
        peer: None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Instant;

    use magistrate_enrich::{Context, ContextConfig, Redactor};
    use magistrate_event::{Record, SystemClock};
    use magistrate_judge::{
        ApprovalParts, ApprovalStore, Approvals, Audit, AuditLog, Engine, Kept, Metrics, Parts,
        Policies, Postures, StoreChange,
    };
    use magistrate_sinks::Guard as _;
    use magistrate_sinks::queue::Batch;

    use super::*;
    use crate::canary::answered::leak;
    use crate::canary::ask::questions;
    use crate::canary::{Canary, output};
    use crate::config::Config;
    use crate::detections;
    use crate::store::open_path;

    /// What no rule masks.
    const SAMPLE: &str = "blue heron over the lake";
    const LITELLM: &str = "/beta/litellm_basic_guardrail_api";
    /// A policy that masks all kinds, wherever something can be masked.
    const MASKS_ALL: &str = "\
title: Everything is masked
id: all
logsource: {product: magistrate}
detection:
  selection: {event: [request, response, tool_call, tool_result]}
  condition: selection
judge: {decision: redact, category: secrets}
";
    /// One that masks some, and an exception from the shipped one that masks more.
    const MASKS_SOME: &str = "\
title: Some are masked
id: some
logsource: {product: magistrate}
detection:
  selection: {event: [request, response, tool_call, tool_result]}
  condition: selection
judge: {decision: redact, category: secrets, redact: [credential.github]}
---
title: Requests may hold credentials
logsource: {product: magistrate, category: action}
filter:
  rules: [e2fa9931-177e-54d1-b1f8-9daf2474e3dc]
  selection: {event: request}
  condition: not selection
";

    /// Keeps rows in memory.
    #[derive(Default)]
    struct Rows(Mutex<Vec<Record>>);

    impl Rows {
        /// What was written since the last call.
        fn take(&self) -> Batch {
            let mut batch = Batch::new();
            for row in self.0.lock().unwrap().drain(..) {
                batch.push(&row).unwrap();
            }
            batch
        }
    }

    impl AuditLog for Rows {
        fn keep(&self, rows: Vec<Record>, _: Audit) -> Kept {
            self.0.lock().unwrap().extend(rows);
            Box::pin(async { Ok(Instant::now()) })
        }
    }

    impl ApprovalStore for Rows {
        fn keep(&self, _: Vec<StoreChange>) -> Kept {
            Box::pin(async { Ok(Instant::now()) })
        }
    }

    /// The doors of a judge with the shipped policies and these, what it writes, and its redactor.
    struct Standing {
        doors: Doors,
        rows: Arc<Rows>,
        redactor: Arc<Redactor>,
    }

    impl Standing {
        /// What the canary finds in the answer to each question about the texts of `canary`, and
        /// whether anything planted stands in it at all.
        async fn leaks(&self, canary: &Canary) -> Vec<(Place, Option<String>, bool)> {
            let needles = canary.needles();
            let mut found = Vec::new();
            for question in questions(needles.texts()) {
                let answer = self.doors.ask(&question).await.unwrap();
                let leak = leak((needles, &self.redactor), &question, &answer);
                let is_there = needles.find(&answer.bytes).is_some();
                found.push((question.place, leak.map(str::to_owned), is_there));
            }
            found
        }
    }

    fn standing(policies: &str) -> Standing {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        // Machines that build and test at once are slow.
        config.judge.deadline_ms = 60_000;
        let file = folder.path().join("own.yml");
        if !policies.is_empty() {
            std::fs::write(&file, policies).unwrap();
            config.judge.policies = vec![file];
        }
        let path = open_path(&config, folder.path()).unwrap();
        let rows = Arc::new(Rows::default());
        let audit: Arc<dyn AuditLog> = Arc::clone(&rows) as _;
        let engine = Engine::new(Parts {
            redactor: Arc::clone(&path.redactor),
            uid_key: path.uid_key.clone(),
            policies: policies_of(&config),
            context: Context::new(&ContextConfig::default()),
            models: None,
            read_only: Duration::from_secs(60),
            postures: Postures::new(&config.judge),
            clock: Arc::new(SystemClock),
            run: 1,
        });
        let approvals = ApprovalParts {
            store: Arc::clone(&rows) as _,
            audit: Arc::clone(&audit),
            redactor: Arc::clone(&path.redactor),
            uid_key: path.uid_key,
            clock: Arc::new(SystemClock),
            config: config.judge.approvals.clone(),
            judge_url: String::new(),
            console_url: String::new(),
            rehearser: NAME,
        };
        let kept = (audit, Arc::new(Approvals::open(approvals, [])));
        let judge = Judge::new(engine, kept, Metrics::default(), config.judge, 1).unwrap();
        Standing {
            doors: Doors::open(Arc::new(judge)).unwrap(),
            rows,
            redactor: path.redactor,
        }
    }

    fn policies_of(config: &Config) -> Policies {
        let (policies, notes) = detections::policies(config);
        assert_eq!(notes.faults, []);
        policies
    }

    fn canary(samples: &[&str]) -> Canary {
        let samples = samples.iter().map(|&sample| sample.to_owned()).collect();
        Canary::new(crate::canary::Config {
            samples,
            ..crate::canary::Config::default()
        })
    }

    #[tokio::test]
    async fn a_leak_in_a_row_is_found_wherever_it_was_planted() {
        let Standing { doors, rows, .. } = standing("");
        let mut places = Vec::new();
        for question in questions(&[SAMPLE.to_owned()]) {
            let place = question.place.name();
            doors.ask(&question).await.unwrap();
            let canary = canary(&[SAMPLE]);
            assert!(
                !canary.permits(output::AUDIT, rows.take().bytes()),
                "{place}"
            );
            assert!(canary.is_stopped(output::AUDIT));
            places.push(place);
        }
        places.dedup();
        assert_eq!(
            places,
            [
                "/v1/judge",
                "/v1/data/magistrate/decision",
                "/hooks/claude-code",
                "/mcp/judge",
                "/beta/litellm_basic_guardrail_api",
                "/authz/envoy/planted",
                "/hooks/inference",
                "/reqmod",
                "/respmod",
                "/magistrate.judge.v1.Judge/Judge",
                "/envoy.service.auth.v3.Authorization/Check",
                "/envoy.service.ext_proc.v3.ExternalProcessor/Process",
                "/authz/nginx",
                "/authz/forward-auth",
            ]
        );
    }

    #[tokio::test]
    async fn nothing_shipped_comes_out_of_any_door_or_row() {
        let Standing {
            doors,
            rows,
            redactor,
        } = standing("");
        let canary = canary(&[]);
        let needles = canary.needles();
        for question in questions(needles.texts()) {
            let place = question.place.name();
            let answer = doors.ask(&question).await.unwrap();
            let leak = leak((needles, &redactor), &question, &answer);
            assert_eq!(leak, None, "{place}");
            let rows = rows.take();
            let bytes = rows.bytes();
            assert!(memchr::memmem::find(bytes, NAME.as_bytes()).is_some());
            assert!(canary.permits(output::AUDIT, bytes), "{place}");
        }
    }

    #[tokio::test]
    async fn a_leak_is_found_in_the_answer_of_every_door_that_gives_text_back() {
        // The sample beside what is masked: what passes unchanged few doors give back.
        let leaks = standing(MASKS_ALL).leaks(&canary(&[SAMPLE])).await;
        let leaks = leaks.into_iter().filter_map(|(place, leak, _)| {
            let kind = leak?;
            assert_eq!(kind, "sample", "{}", place.name());
            Some(place.name())
        });
        let mut places: Vec<_> = leaks.collect();
        places.dedup();
        assert_eq!(
            places,
            [
                "/v1/judge",
                "/v1/data/magistrate/decision",
                "/hooks/claude-code",
                "/mcp/judge",
                "/beta/litellm_basic_guardrail_api",
                "/reqmod",
                "/respmod",
                "/magistrate.judge.v1.Judge/Judge",
                "/envoy.service.ext_proc.v3.ExternalProcessor/Process",
            ]
        );
    }

    #[tokio::test]
    async fn what_a_policy_leaves_in_an_answer_is_no_leak() {
        let leaks = standing(MASKS_SOME).leaks(&canary(&[])).await;
        let mut left: Vec<_> = Vec::new();
        for (place, leak, is_there) in leaks {
            assert_eq!(leak, None, "{}", place.name());
            if is_there {
                left.push(place.name());
            }
        }
        left.dedup();
        for place in ["/respmod", "/beta/litellm_basic_guardrail_api"] {
            assert!(left.contains(&place), "{place} is among {left:?}");
        }
    }

    #[tokio::test]
    async fn what_the_redactor_does_not_know_no_policy_leaves() {
        let Standing {
            doors, redactor, ..
        } = standing(MASKS_SOME);
        let canary = canary(&[SAMPLE]);
        // One that the policy masks, so that the other is given back beside it.
        let texts = [format!("{}_{}", "ghp", "Ab1".repeat(12)), SAMPLE.to_owned()];
        let mut told = Vec::new();
        for question in questions(&texts) {
            let answer = doors.ask(&question).await.unwrap();
            let leak = leak((canary.needles(), &redactor), &question, &answer);
            if let Some(kind) = leak {
                assert_eq!(kind, "sample");
                told.push(question.place.name());
            }
        }
        for place in ["/respmod", LITELLM] {
            assert!(told.contains(&place), "{place} is among {told:?}");
        }
    }
}
