//! Deadlines, records and overload, with an audit log that can be told to stall.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use magistrate_enrich::{
    Context, ContextConfig, DetectFile, DetectLists, Epoch, RedactKey, Redactor, UidKey,
};
use magistrate_event::{Record, SystemClock};

use super::*;
use crate::approvals::{ApprovalParts, ApprovalStore, Choice, StoreChange};
use crate::audit::{AuditError, Kept};
use crate::category::Postures;
use crate::decision::Carries;
use crate::engine::Parts;
use crate::policies::Policies;
use crate::pool::WAITING_PER_THREAD;
use crate::profile::Profile;

#[derive(Default)]
pub(crate) struct Log {
    rows: Mutex<Vec<Record>>,
    is_stalled: AtomicBool,
    is_broken: AtomicBool,
    /// Whether approvals cannot be kept.
    is_full: AtomicBool,
    /// Whether whoever waits comes behind all others that are ready, as with a real disk.
    gives_way: AtomicBool,
}

impl ApprovalStore for Log {
    fn keep(&self, _: Vec<StoreChange>) -> Kept {
        let is_full = self.is_full.load(Ordering::Relaxed);
        Box::pin(async move {
            if is_full {
                return Err(AuditError("disk is full".to_owned()));
            }
            Ok(Instant::now())
        })
    }
}

impl AuditLog for Log {
    fn keep(&self, rows: Vec<Record>, _: Audit) -> Kept {
        if self.is_broken.load(Ordering::Relaxed) {
            return Box::pin(async { Err(AuditError("disk is full".to_owned())) });
        }
        self.rows.lock().unwrap().extend(rows);
        if self.is_stalled.load(Ordering::Relaxed) {
            return Box::pin(std::future::pending());
        }
        let gives_way = self.gives_way.load(Ordering::Relaxed);
        Box::pin(async move {
            let since = Instant::now();
            if gives_way {
                tokio::task::yield_now().await;
            }
            Ok(since)
        })
    }
}

/// A judge that masks what is sent, and asks a person before it buys.
pub(crate) fn judge(config: Config) -> (Arc<Judge>, Arc<Log>) {
    let file = DetectFile {
        name: "a.yml".to_owned(),
        text: "title: a\nid: a\nlogsource: {category: action}\ndetection: {s: {action: send}, condition: s}\njudge: {decision: redact, category: x}\n---\ntitle: b\nid: b\nlogsource: {category: action}\ndetection: {s: {action: purchase}, condition: s}\njudge: {decision: require_approval, category: x}\n".to_owned(),
    };
    let (policies, _) = Policies::compile(&[file], &DetectLists::new(), Profile::Native);
    let key = RedactKey::from_bytes([7; 32]);
    let engine = Engine::new(Parts {
        redactor: Arc::new(Redactor::new(&key, Epoch(0)).unwrap()),
        uid_key: UidKey::new([7; 32]),
        policies,
        context: Context::new(&ContextConfig::default()),
        models: None,
        read_only: Duration::from_secs(60),
        postures: Postures::new(&config),
        clock: Arc::new(SystemClock),
        run: 1,
    });
    let log = Arc::new(Log::default());
    let audit: Arc<dyn AuditLog> = Arc::clone(&log) as _;
    let approvals = Approvals::open(
        ApprovalParts {
            store: Arc::clone(&log) as _,
            audit: Arc::clone(&audit),
            redactor: Arc::new(Redactor::new(&key, Epoch(0)).unwrap()),
            uid_key: UidKey::new([7; 32]),
            clock: Arc::new(SystemClock),
            config: config.approvals.clone(),
            judge_url: "http://judge".to_owned(),
            console_url: "http://console".to_owned(),
            rehearser: "rehearser",
        },
        [],
    );
    let kept = (audit, Arc::new(approvals));
    let judge = Judge::new(engine, kept, Metrics::default(), config, 1).unwrap();
    (Arc::new(judge), log)
}

#[tokio::test]
async fn an_answer_follows_its_record_and_a_retry_gets_the_same() {
    let (judge, log) = judge(Config::default());
    let json = r#"{"request_id":"r","deadline_ms":60000,"action":"read"}"#;
    let first = judge.judge(Inquiry::asked(json, Carries::ALL)).await;
    assert_eq!(first.decision, Decision::Allow);
    assert_eq!(log.rows.lock().unwrap().len(), 2);
    let again = judge.judge(Inquiry::asked(json, Carries::ALL)).await;
    assert!(Arc::ptr_eq(&first, &again));
    assert_eq!(log.rows.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_stalled_or_broken_disk_is_answered_by_posture_in_time() {
    let (judge, log) = judge(Config::default());
    for switch in [&log.is_stalled, &log.is_broken] {
        switch.store(true, Ordering::Relaxed);
        for (action, expected) in [
            ("delete", Decision::Block),
            ("read", Decision::Allow),
            ("send", Decision::Block),
        ] {
            let began = Instant::now();
            let json = format!(r#"{{"deadline_ms":200,"action":"{action}","event":"app_action"}}"#);
            let verdict = judge.judge(Inquiry::asked(&json, Carries::ALL)).await;
            // A busy machine may be late by itself; the disk would keep it waiting for ever.
            assert!(began.elapsed() < Duration::from_secs(2));
            assert_eq!(verdict.decision, expected, "{action}");
            assert!(verdict.degraded);
            assert!(
                verdict
                    .reasons
                    .iter()
                    .any(|one| one.policy == "magistrate.unrecorded")
            );
        }
        switch.store(false, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_long_text_that_comes_too_late_is_answered_by_posture_and_judged_after() {
    let (judge, log) = judge(Config::default());
    // The one thread is busy until the deadline has passed.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let busy = judge.pool.run(move || wait.recv()).unwrap();
    let text = "word ".repeat(8_000);
    let json = format!(
        r#"{{"deadline_ms":80,"action":"send","event":"message_send","content":{{"text":"{text}"}}}}"#
    );
    let verdict = judge.judge(Inquiry::asked(&json, Carries::ALL)).await;
    assert_eq!(verdict.decision, Decision::Block);
    assert!(
        verdict
            .reasons
            .iter()
            .any(|one| one.policy == "magistrate.late")
    );
    go.send(()).unwrap();
    drop(busy.await);
    let late = || {
        let rows = log.rows.lock().unwrap();
        let field = magistrate_event::Field::VerdictLate;
        rows.iter().any(|row| row.event().value(field).is_some())
    };
    while !late() {
        tokio::task::yield_now().await;
    }
    let rows = log.rows.lock().unwrap();
    let answered = rows
        .iter()
        .find_map(|row| row.event().text(magistrate_event::Field::VerdictAnswered));
    assert_eq!(answered, Some("block"));
}

/// What keeps the judge from judging.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    /// The thread for long texts is busy, and the time runs out.
    Busy,
    /// So many wait for that thread that no more may.
    Crowded,
    /// The disk does not answer.
    Stalled,
    /// The disk is full.
    Broken,
}

impl Trouble {
    const ALL: [Self; 4] = [Self::Busy, Self::Crowded, Self::Stalled, Self::Broken];

    const fn reason(self) -> &'static str {
        match self {
            Self::Busy => "magistrate.late",
            Self::Crowded => "magistrate.overload",
            Self::Stalled | Self::Broken => "magistrate.unrecorded",
        }
    }

    /// Milliseconds that a question has, and the text that it asks about: short ones need no thread.
    fn question(self) -> (u64, String) {
        match self {
            Self::Busy => (80, "word ".repeat(8_000)),
            Self::Crowded => (60_000, "word ".repeat(8_000)),
            Self::Stalled => (80, "word".to_owned()),
            Self::Broken => (60_000, "word".to_owned()),
        }
    }
}

/// An action of each category.
const ACTIONS: [(&str, &str); 9] = [
    ("irreversible", r#""event":"app_action","action":"delete""#),
    ("data_movement", r#""event":"app_action","action":"upload""#),
    ("execution", r#""event":"tool_call","tool":{"name":"Bash"}"#),
    ("changes", r#""event":"tool_call","tool":{"name":"Write"}"#),
    (
        "browsing",
        r#""event":"request","action":"read","destination":{"url":"https://a.example/"}"#,
    ),
    ("reading", r#""event":"tool_call","tool":{"name":"Read"}"#),
    ("prompts", r#""event":"prompt""#),
    ("model", r#""event":"tool_result""#),
    ("other", r#""event":"app_action""#),
];

#[tokio::test]
async fn in_every_trouble_the_posture_of_the_category_decides() {
    for (posture, expected) in [
        ("open", Decision::Allow),
        ("closed", Decision::Block),
        // No approval could be kept, so that nobody is asked.
        ("approve", Decision::Block),
    ] {
        let config =
            ACTIONS.map(|(name, _)| format!("[category.{name}]\non_error = \"{posture}\"\n"));
        for trouble in Trouble::ALL {
            let (judge, log) = judge(toml::from_str(&config.concat()).unwrap());
            log.is_stalled
                .store(matches!(trouble, Trouble::Stalled), Ordering::Relaxed);
            log.is_broken
                .store(matches!(trouble, Trouble::Broken), Ordering::Relaxed);
            // A job ends when what holds it is dropped.
            let hold = || {
                let (held, wait) = std::sync::mpsc::channel::<()>();
                judge.pool.run(move || wait.recv()).is_ok().then_some(held)
            };
            let mut crowd = Vec::new();
            // One that runs, and as many as may wait.
            while matches!(trouble, Trouble::Crowded) && crowd.len() <= WAITING_PER_THREAD {
                crowd.extend(hold());
                std::thread::yield_now();
            }
            for (category, action) in ACTIONS {
                let busy = matches!(trouble, Trouble::Busy).then(hold);
                let (deadline_ms, text) = trouble.question();
                let json = format!(
                    r#"{{"deadline_ms":{deadline_ms},{action},"content":{{"text":"{text}"}}}}"#
                );
                let verdict = judge.judge(Inquiry::asked(&json, Carries::ALL)).await;
                let told = format!("{category}, {posture}, {trouble:?}: {verdict:?}");
                assert_eq!(verdict.decision, expected, "{told}");
                assert!(verdict.degraded, "{told}");
                let mut reasons = verdict.reasons.iter();
                assert!(reasons.any(|one| one.policy == trouble.reason()), "{told}");
                let is_unasked = unasked(&verdict);
                assert_eq!(is_unasked, posture == "approve", "{told}");
                assert_eq!(verdict.approval, None, "{told}");
                drop(busy);
            }
            drop(crowd);
        }
    }
}

#[tokio::test]
async fn too_many_calls_and_bytes_are_refused() {
    let (judge, _) = judge(Config {
        max_in_flight: 2,
        max_in_flight_bytes: 10 << 10,
        max_body_bytes: 10 << 10,
        ..Config::default()
    });
    let mut first = judge.seat().unwrap();
    let second = judge.seat().unwrap();
    assert_eq!(judge.seat().err(), Some(Overload));
    drop(second);
    judge.charge(&mut first, 9 << 10).unwrap();
    let mut second = judge.seat().unwrap();
    assert_eq!(judge.charge(&mut second, 2 << 10), Err(Overload));
    first.keep(8 << 10);
    judge.charge(&mut second, 2 << 10).unwrap();
    assert_eq!(judge.charge(&mut second, 1), Err(Overload));
    drop(first);
    judge.charge(&mut second, 8 << 10).unwrap();
}

/// How many of so many calls that come at once are refused, and how many are answered after their
/// deadline.
async fn rush(judge: &Arc<Judge>, calls: usize) -> (usize, usize) {
    const DEADLINE: Duration = Duration::from_secs(2);
    let calls: Vec<_> = (0..calls)
        .map(|_| {
            let judge = Arc::clone(judge);
            tokio::spawn(async move {
                let _seat = judge.seat().ok()?;
                let began = Instant::now();
                let json = r#"{"deadline_ms":2000,"action":"read"}"#;
                judge.judge(Inquiry::asked(json, Carries::ALL)).await;
                Some(began.elapsed() > DEADLINE)
            })
        })
        .collect();
    let (mut refused, mut late) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Some(is_late) => late += usize::from(is_late),
            None => refused += 1,
        }
    }
    (refused, late)
}

#[tokio::test]
async fn who_would_wait_too_long_for_the_others_is_refused() {
    let (judge, log) = judge(Config {
        max_in_flight: 100_000,
        deadline_ms: 80,
        ..Config::default()
    });
    log.gives_way.store(true, Ordering::Relaxed);
    // So few are waited for, and tell how long each takes on this machine.
    assert_eq!(rush(&judge, 200).await.1, 0);
    let mut refused = 0;
    for _ in 0..5 {
        let (more, late) = rush(&judge, 3_000).await;
        assert_eq!(late, 0);
        refused += more;
    }
    assert!(refused > 0, "none of 15,000");
    assert_eq!(rush(&judge, 8).await, (0, 0), "nobody is at work any more");
}

/// A purchase of `what`, with an id of the question or without.
fn purchase(what: &str, request_id: Option<&str>) -> Inquiry {
    let id = request_id.map_or(String::new(), |id| format!(r#""request_id":"{id}","#));
    Inquiry::asked(
        &format!(
            r#"{{{id}"deadline_ms":60000,"action":"purchase","event":"app_action","content":{{"text":"{what}"}}}}"#
        ),
        Carries::ALL,
    )
}

async fn approve(judge: &Judge, verdict: &Verdict) {
    let id = verdict.approval.as_ref().unwrap().id.parse().unwrap();
    let approvals = judge.approvals();
    approvals
        .decide(id, "ana", Choice::Approve, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_approved_action_happens_once_and_no_other_does() {
    let (judge, log) = judge(Config::default());
    let first = judge.judge(purchase("a book", Some("r"))).await;
    assert_eq!(first.decision, Decision::RequireApproval);
    assert!(
        first
            .told()
            .contains(&first.approval.as_ref().unwrap().page)
    );
    let retried = judge.judge(purchase("a book", Some("r"))).await;
    assert!(Arc::ptr_eq(&first, &retried));
    approve(&judge, &first).await;
    let other = judge.judge(purchase("a bool", None)).await;
    assert_ne!(other.approval, first.approval, "one byte is another");
    assert_eq!(other.decision, Decision::RequireApproval);
    let passed = judge.judge(purchase("a book", Some("r"))).await;
    assert_eq!(
        (passed.decision, &passed.approval),
        (Decision::Allow, &None)
    );
    assert_ne!(passed.verdict_id, first.verdict_id);
    assert!(
        passed
            .reasons
            .iter()
            .any(|one| one.policy == "magistrate.approved")
    );
    let retried = judge.judge(purchase("a book", Some("r"))).await;
    assert!(Arc::ptr_eq(&passed, &retried), "a retry is no second use");
    let replayed = judge.judge(purchase("a book", None)).await;
    assert_eq!(replayed.decision, Decision::RequireApproval);
    assert_ne!(replayed.approval, first.approval);
    let rows = log.rows.lock().unwrap();
    let states = rows
        .iter()
        .filter_map(|row| row.event().text(magistrate_event::Field::ApprovalState));
    assert_eq!(
        states.collect::<Vec<_>>(),
        ["pending", "approved", "pending", "used", "pending"]
    );
}

#[tokio::test]
async fn a_denied_action_is_blocked() {
    let (judge, _) = judge(Config::default());
    let first = judge.judge(purchase("a book", None)).await;
    let id = first.approval.as_ref().unwrap().id.parse().unwrap();
    judge
        .approvals()
        .decide(id, "ana", Choice::Deny, None)
        .await
        .unwrap();
    let denied = judge.judge(purchase("a book", None)).await;
    assert_eq!(denied.decision, Decision::Block);
    assert_eq!(denied.reasons[0].policy, "magistrate.denied");
}

#[tokio::test]
async fn an_approval_whose_use_cannot_be_kept_lets_nothing_pass() {
    let open = "[category.irreversible]\non_error = \"open\"";
    let (judge, log) = judge(toml::from_str(open).unwrap());
    let first = judge.judge(purchase("a book", None)).await;
    approve(&judge, &first).await;
    log.is_full.store(true, Ordering::Relaxed);
    for what in ["a book", "a bool"] {
        let verdict = judge.judge(purchase(what, None)).await;
        assert_eq!(verdict.decision, Decision::Block);
        assert_eq!(verdict.approval, None);
        assert!(verdict.degraded && unasked(&verdict));
        assert!(verdict.told().contains("nobody could be asked"));
    }
}

/// Whether the verdict says that nobody could be asked.
fn unasked(verdict: &Verdict) -> bool {
    let mut reasons = verdict.reasons.iter();
    reasons.any(|one| one.policy == "magistrate.unasked")
}

#[tokio::test]
async fn an_answer_without_its_record_names_the_approval_that_waits_already_and_no_other() {
    let approve = "[category.irreversible]\non_error = \"approve\"";
    let (judge, log) = judge(toml::from_str(approve).unwrap());
    let first = judge.judge(purchase("a book", None)).await;
    log.is_broken.store(true, Ordering::Relaxed);
    let again = judge.judge(purchase("a book", None)).await;
    assert_eq!(again.decision, Decision::RequireApproval);
    assert_eq!(
        again.approval.as_ref().map(|one| &one.id),
        first.approval.as_ref().map(|one| &one.id)
    );
    assert!(again.degraded && !unasked(&again));
    let other = judge.judge(purchase("a bool", None)).await;
    assert_eq!((other.decision, &other.approval), (Decision::Block, &None));
    assert!(unasked(&other));
}
