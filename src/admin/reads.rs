//! Writes down who read what is stored, through this listener, before it is shown.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use magistrate_console::Person;
use magistrate_event::{Class, Clock, Event, EventUid, Field, Record, Timestamp};
use magistrate_ingest::Peer;
use magistrate_judge::{Audit, AuditLog};

use super::{Admin, COVERAGE, INVENTORY};
use crate::path::Path;

/// API Activity: Read (OCSF 1.8.0, class 6003).
const READ: u8 = 2;
/// OCSF's `status_id` and `severity_id`.
const SUCCESS: i64 = 1;
const INFORMATIONAL: i64 = 1;
/// A page that looks again and again is one reader.
const SAME: Duration = Duration::from_secs(600);
/// Readers and subjects that are remembered for that; beyond that rows are written more often.
const MAX_REMEMBERED: usize = 10_000;
/// Of approvals.
const APPROVALS: &str = "/api/v1/approvals";

/// Keeps the rows of reads.
pub(crate) struct Reads {
    audit: Arc<dyn AuditLog>,
    path: Arc<Path>,
    clock: Arc<dyn Clock>,
    seen: Seen,
}

/// When a reader was written down last.
#[derive(Default)]
struct Seen(Mutex<HashMap<(String, String), Timestamp>>);

/// Who reads, and from where.
pub(super) struct Reader {
    pub(super) person: Person,
    pub(super) from: Option<IpAddr>,
}

impl Reads {
    /// Rows go to `audit`, through the redactor of `path`.
    pub(crate) fn new(audit: Arc<dyn AuditLog>, path: Arc<Path>, clock: Arc<dyn Clock>) -> Self {
        Self {
            audit,
            path,
            clock,
            seen: Seen::default(),
        }
    }

    /// Writes that `reader` reads `what`, and waits until that is in the audit journal.
    ///
    /// # Errors
    /// When it cannot be kept; then nothing may be shown.
    pub(super) async fn keep(&self, reader: &Reader, what: &str) -> anyhow::Result<()> {
        let now = self.clock.now();
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let uid = EventUid::from_bytes(bytes);
        let (redacted, _) = self
            .path
            .redactor
            .rows()
            .redact(uid, row(reader, what, now));
        let record = Record::new(uid, now, redacted);
        let kept = self.audit.keep(vec![record], Audit::Written);
        kept.await.context("cannot write down who reads")?;
        Ok(())
    }
}

impl Seen {
    /// Whether the reader of `what` is to be written down at `now`.
    fn is_new(&self, person: &str, what: &str, now: Timestamp) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MAX_REMEMBERED {
            seen.retain(|_, at| now.since(*at) < SAME);
        }
        if seen.len() >= MAX_REMEMBERED {
            seen.clear();
        }
        let key = (person.to_owned(), what.to_owned());
        let last = seen.get(&key);
        let is_new = last.is_none_or(|last| now.since(*last) >= SAME || now < *last);
        if is_new {
            seen.insert(key, now);
        }
        is_new
    }
}

/// Keeps a row of what a person is about to be shown; shows nothing without.
pub(super) async fn note(
    State(admin): State<Arc<Admin>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let person = request.extensions().get::<Person>().cloned();
    let subject = subject(request.method(), request.uri().path());
    let response = next.run(request).await;
    let (Some(person), Some(what)) = (person, subject) else {
        return response;
    };
    let reads = &admin.shown.reads;
    if !response.status().is_success() || !reads.seen.is_new(&person.0, &what, reads.clock.now()) {
        return response;
    }
    match reads
        .keep(
            &Reader {
                person,
                from: peer.address,
            },
            &what,
        )
        .await
    {
        Ok(()) => response,
        Err(error) => unrecorded(&error),
    }
}

/// The answer where nothing may be shown.
pub(super) fn unrecorded(error: &anyhow::Error) -> Response {
    tracing::error!(error = format!("{error:#}"), "nothing is shown");
    let message = "it cannot be written down who reads; the log says why\n";
    (StatusCode::SERVICE_UNAVAILABLE, message).into_response()
}

/// What a call reads of what is stored.
fn subject(method: &Method, path: &str) -> Option<String> {
    if method != Method::GET {
        return None;
    }
    let remembered = [
        (COVERAGE.place, COVERAGE.name),
        (INVENTORY.place, INVENTORY.name),
    ];
    if let Some((_, name)) = remembered.iter().find(|(place, _)| *place == path) {
        return Some((*name).to_owned());
    }
    let rest = path.strip_prefix(APPROVALS)?;
    match rest.strip_prefix('/') {
        Some(id) => Some(format!("approval {id}")),
        None => rest.is_empty().then(|| "approvals".to_owned()),
    }
}

fn row(reader: &Reader, what: &str, now: Timestamp) -> Event {
    let mut event = Event::new(Class::ApiActivity, READ, now);
    event.set_int(Field::StatusId, SUCCESS);
    event.set_int(Field::SeverityId, INFORMATIONAL);
    event.set_text(Field::EventCode, "magistrate.read");
    event.set_text(Field::Source, "admin");
    event.set_text(Field::ProductName, "magistrate");
    event.set_text(Field::ProductVersion, env!("CARGO_PKG_VERSION"));
    event.set_text(Field::ApiOperation, "read");
    event.set_text(Field::ApiServiceName, "magistrate");
    event.set_text(Field::UserName, &reader.person.0);
    if let Some(from) = reader.from {
        event.set_text(Field::Peer, &from.to_canonical().to_string());
    }
    event.set_text(Field::Message, what);
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_has_a_subject() {
        let get = |path: &str| subject(&Method::GET, path);
        assert_eq!(get("/api/v1/approvals").as_deref(), Some("approvals"));
        assert_eq!(get("/api/v1/approvals/1f").as_deref(), Some("approval 1f"));
        assert_eq!(get("/api/v1/coverage").as_deref(), Some("coverage"));
        assert_eq!(get("/api/v1/inventory").as_deref(), Some("inventory"));
        for path in ["/metrics", "/", "/approvals", "/api/v1/approvalsx"] {
            assert_eq!(get(path), None, "{path}");
        }
        assert_eq!(subject(&Method::POST, "/api/v1/approvals/1f/deny"), None);
    }

    #[test]
    fn who_looks_again_and_again_is_written_down_now_and_then() {
        let seen = Seen::default();
        let at = |seconds: i64| Timestamp::from_millis(1_800_000_000_000 + seconds * 1_000);
        assert!(seen.is_new("ana", "approvals", at(0)));
        assert!(!seen.is_new("ana", "approvals", at(599)));
        assert!(seen.is_new("bo", "approvals", at(1)));
        assert!(seen.is_new("ana", "approval 1", at(1)));
        assert!(seen.is_new("ana", "approvals", at(600)));
        for number in 0..2 * MAX_REMEMBERED {
            assert!(seen.is_new("ana", &number.to_string(), at(601)));
        }
        assert!(seen.0.lock().unwrap().len() <= MAX_REMEMBERED);
    }
}
