//! How the canary comes by the judge's doors: inside the process, so that it needs no listener and no
//! token, and the key that it signs with counts on none.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, request};
use magistrate_event::Identity;
use magistrate_judge::{
    Caller, IcapLimits, Judge, Signed, Stamp, WebhookKey, router_signed_by, serve_icap,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tower::ServiceExt as _;

use super::NAME;
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

/// The doors, and the key that signs hooks there.
pub(super) struct Doors {
    router: Router,
    judge: Arc<Judge>,
    key: WebhookKey,
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
        Ok(Self {
            router: router_signed_by(Arc::clone(&judge), signed),
            judge,
            key,
        })
    }

    /// Asks; answers with the answer's body, head included.
    ///
    /// # Errors
    /// Why there was no verdict.
    pub(super) async fn ask(&self, question: Question) -> anyhow::Result<Vec<u8>> {
        let Question { place, body, .. } = question;
        match place {
            Place::Http(path) => self.call(Request::post(path), body).await,
            Place::Signed(path) => {
                self.call(self.sign(Request::post(path), &body)?, body)
                    .await
            }
            Place::Icap(_) => self.show(&body).await,
        }
    }

    async fn call(&self, request: request::Builder, body: String) -> anyhow::Result<Vec<u8>> {
        let request = request
            .header("host", "canary.example")
            .header("content-type", "application/json")
            .extension(caller())
            .body(Body::from(body))?;
        let Ok(answer) = self.router.clone().oneshot(request).await;
        let (head, body) = answer.into_parts();
        // Proxies' doors say no with a status.
        if ![StatusCode::OK, StatusCode::FORBIDDEN].contains(&head.status) {
            bail!("the answer is {}", head.status);
        }
        let body = to_bytes(body, MAX_ANSWER_BYTES).await?;
        Ok([format!("{:?}", head.headers).as_bytes(), &body].concat())
    }

    fn sign(&self, request: request::Builder, body: &str) -> anyhow::Result<request::Builder> {
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let id = format!("{NAME}-{:032x}", u128::from_be_bytes(id));
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let seconds = i64::try_from(since.as_secs())?;
        let stamp = Stamp { id: &id, seconds };
        let signature = self.key.sign(stamp, body.as_bytes());
        Ok(request
            .header("webhook-id", &id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature))
    }

    async fn show(&self, message: &str) -> anyhow::Result<Vec<u8>> {
        let (ours, theirs) = duplex(PIPE_BYTES);
        let judge = Arc::clone(&self.judge);
        let admit = |_: &HeaderMap| caller();
        let served = serve_icap(theirs, judge, (admit, ICAP), std::future::pending());
        // Both halves are dropped when they are done with: nobody waits for the other end then.
        let (reading, mut writing) = tokio::io::split(ours);
        let said = async move {
            writing.write_all(message.as_bytes()).await?;
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

    use magistrate_enrich::{Context, ContextConfig};
    use magistrate_event::{Record, SystemClock};
    use magistrate_judge::{
        ApprovalParts, ApprovalStore, Approvals, Audit, AuditLog, Engine, Kept, Metrics, Parts,
        Postures, StoreChange,
    };
    use magistrate_sinks::Guard as _;
    use magistrate_sinks::queue::Batch;

    use super::*;
    use crate::canary::ask::questions;
    use crate::canary::{Canary, output};
    use crate::config::Config;
    use crate::detections;
    use crate::store::open_path;

    /// What no rule masks.
    const SAMPLE: &str = "blue heron over the lake";

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

    /// The doors of a judge with the shipped policies, and what it writes.
    fn doors() -> (Doors, Arc<Rows>) {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        // Machines that build and test at once are slow.
        config.judge.deadline_ms = 60_000;
        let path = open_path(&config, folder.path()).unwrap();
        let rows = Arc::new(Rows::default());
        let audit: Arc<dyn AuditLog> = Arc::clone(&rows) as _;
        let engine = Engine::new(Parts {
            redactor: Arc::clone(&path.redactor),
            uid_key: path.uid_key.clone(),
            policies: detections::policies(&config).0,
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
            redactor: path.redactor,
            uid_key: path.uid_key,
            clock: Arc::new(SystemClock),
            config: config.judge.approvals.clone(),
            judge_url: String::new(),
            console_url: String::new(),
            rehearser: NAME,
        };
        let kept = (audit, Arc::new(Approvals::open(approvals, [])));
        let judge = Judge::new(engine, kept, Metrics::default(), config.judge, 1).unwrap();
        (Doors::open(Arc::new(judge)).unwrap(), rows)
    }

    fn canary(samples: &[&str]) -> Canary {
        let samples = samples.iter().map(|&sample| sample.to_owned()).collect();
        Canary::new(crate::canary::Config {
            samples,
            ..crate::canary::Config::default()
        })
    }

    #[tokio::test]
    async fn a_leak_is_found_wherever_it_was_planted() {
        let (doors, rows) = doors();
        let mut places = Vec::new();
        for question in questions(&[SAMPLE.to_owned()]) {
            let place = question.place.name();
            doors.ask(question).await.unwrap();
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
            ]
        );
    }

    #[tokio::test]
    async fn nothing_shipped_comes_out_of_any_door_or_row() {
        let (doors, rows) = doors();
        let canary = canary(&[]);
        for question in questions(canary.needles().texts()) {
            let place = question.place.name();
            let answer = doors.ask(question).await.unwrap();
            assert_eq!(canary.needles().find(&answer), None, "{place}");
            let rows = rows.take();
            let bytes = rows.bytes();
            assert!(memchr::memmem::find(bytes, NAME.as_bytes()).is_some());
            assert!(canary.permits(output::AUDIT, bytes), "{place}");
        }
    }

    #[tokio::test]
    async fn what_a_proxy_gets_back_is_looked_at() {
        let (doors, _) = doors();
        let canary = canary(&[SAMPLE]);
        // Beside what is masked: what passes unchanged is not given back.
        let texts = canary.needles().texts();
        let question = questions(texts).pop_if(|one| one.place == Place::Icap("/respmod"));
        let passed = doors.ask(question.unwrap()).await.unwrap();
        assert!(passed.starts_with(b"ICAP/1.0 204 "));
        let mut asked = questions(texts).into_iter().rev();
        let question = asked.find(|one| one.place == Place::Icap("/reqmod"));
        let answer = doors.ask(question.unwrap()).await.unwrap();
        assert!(answer.starts_with(b"ICAP/1.0 200 "));
        assert_eq!(canary.needles().find(&answer), Some("sample"));
    }
}
