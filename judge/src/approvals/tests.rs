//! Asking and deciding, with a store and an audit log in memory.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use magistrate_enrich::{Epoch, RedactKey};
use magistrate_event::{Class, Field};

use super::*;

#[derive(Default)]
struct Disk {
    changes: Mutex<Vec<StoreChange>>,
    rows: Mutex<Vec<Record>>,
    is_broken: AtomicBool,
    seconds: AtomicI64,
}

impl ApprovalStore for Disk {
    fn keep(&self, changes: Vec<StoreChange>) -> Kept {
        if self.is_broken.load(Ordering::Relaxed) {
            return Box::pin(async { Err(AuditError("disk is full".to_owned())) });
        }
        self.changes.lock().unwrap().extend(changes);
        Box::pin(async { Ok(Instant::now()) })
    }
}

impl AuditLog for Disk {
    fn keep(&self, rows: Vec<Record>, _: Audit) -> Kept {
        self.rows.lock().unwrap().extend(rows);
        Box::pin(async { Ok(Instant::now()) })
    }
}

impl Clock for Disk {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.seconds.load(Ordering::Relaxed) * 1_000)
    }
}

impl Disk {
    fn states(&self) -> Vec<State> {
        let changes = self.changes.lock().unwrap();
        let put = changes.iter().filter_map(|change| match change {
            StoreChange::Put(approval) => Some(approval.state),
            StoreChange::Forget(_) => None,
        });
        put.collect()
    }

    fn told(&self) -> Vec<String> {
        let rows = self.rows.lock().unwrap();
        let text = |row: &Record| row.event().text(Field::ApprovalState).unwrap().to_owned();
        rows.iter().map(text).collect()
    }
}

fn parts(disk: &Arc<Disk>, config: ApprovalsConfig) -> ApprovalParts {
    let key = RedactKey::from_bytes([7; 32]);
    ApprovalParts {
        store: Arc::clone(disk) as _,
        audit: Arc::clone(disk) as _,
        clock: Arc::clone(disk) as _,
        redactor: Arc::new(Redactor::new(&key, Epoch(0)).unwrap()),
        uid_key: UidKey::new([7; 32]),
        config,
        judge_url: "http://judge".to_owned(),
        console_url: "http://console".to_owned(),
        rehearser: "rehearser",
    }
}

fn opened(config: ApprovalsConfig) -> (Approvals, Arc<Disk>) {
    let disk = Arc::new(Disk::default());
    (Approvals::open(parts(&disk, config), []), disk)
}

fn ask(approvals: &Approvals, number: u8, session: &str) -> Answer {
    let event = Event::new(Class::ApiActivity, 0, Timestamp::default());
    let question = Question {
        binding: Binding([1; 32]),
        event: EventUid::from_bytes([number; 16]),
        id: EventUid::from_bytes([200 + number; 16]),
        step: Step::First,
        asker: format!("/{session}"),
        category: "irreversible",
        persons: 1,
        reasons: Vec::new(),
        shown: Shown {
            event: &event,
            task: None,
            drift: None,
        },
    };
    approvals.ask(question).answer
}

fn id_of(answer: &Answer) -> EventUid {
    match answer {
        Answer::Pending(ticket) => ticket.id.parse().unwrap(),
        Answer::Approved(_) | Answer::Denied(_) | Answer::Full | Answer::Unasked => {
            panic!("{answer:?}")
        }
    }
}

#[tokio::test]
async fn an_approved_action_passes_once_and_each_change_is_kept_and_told() {
    let (approvals, disk) = opened(ApprovalsConfig::default());
    let mut news = approvals.news();
    let first = ask(&approvals, 1, "s");
    let id = id_of(&first);
    assert_eq!(ask(&approvals, 2, "s"), first, "repeats join");
    let approve = |person| {
        approvals.decide(
            id,
            person,
            Choice::Approve,
            Some(" go AKIAZ7Q3N5XJ4K2WPLM6 "),
        )
    };
    let decided = approve("ana").await.unwrap();
    let comment = decided.votes[0].comment.clone().unwrap();
    assert!(comment.starts_with("go [redacted:"), "{comment}");
    assert!(matches!(
        approve("bo").await,
        Err(DecideError::NotOpen(NotOpen::Over {
            state: State::Approved
        }))
    ));
    assert_eq!(ask(&approvals, 3, "s"), Answer::Approved(id));
    let again = ask(&approvals, 4, "s");
    assert_ne!(id_of(&again), id);
    let expected = [State::Pending, State::Approved, State::Used, State::Pending];
    assert_eq!(disk.states(), expected);
    for state in expected {
        assert_eq!(news.recv().await.unwrap().state, state);
    }
    assert_eq!(approvals.get(id).unwrap().times, 2);
    assert_eq!(approvals.list().len(), 2);
}

#[tokio::test]
async fn a_decision_that_cannot_be_kept_does_not_count() {
    let (approvals, disk) = opened(ApprovalsConfig::default());
    let id = id_of(&ask(&approvals, 1, "s"));
    disk.is_broken.store(true, Ordering::Relaxed);
    let decided = approvals.decide(id, "ana", Choice::Approve, None).await;
    assert!(matches!(decided, Err(DecideError::Store(_))));
    assert_eq!(approvals.get(id).unwrap().state, State::Pending);
    assert!(matches!(ask(&approvals, 2, "s"), Answer::Pending(_)));
}

#[tokio::test]
async fn what_was_stored_is_taken_back_and_its_last_row_written_again() {
    let (approvals, disk) = opened(ApprovalsConfig::default());
    let id = id_of(&ask(&approvals, 1, "s"));
    let decided = approvals
        .decide(id, "ana", Choice::Approve, None)
        .await
        .unwrap();
    drop(approvals);
    let again = Approvals::open(parts(&disk, ApprovalsConfig::default()), [decided]);
    assert_eq!(disk.told(), ["approved", "approved"]);
    let rows = disk.rows.lock().unwrap().clone();
    assert_eq!(rows[0].uid(), rows[1].uid(), "the queue drops the second");
    assert_eq!(ask(&again, 2, "s"), Answer::Approved(id));
}

#[tokio::test]
async fn time_lets_approvals_expire_and_ends_waits() {
    let config = ApprovalsConfig {
        expires_seconds: 10,
        max_open: 10,
        group_repeats: false,
        ..ApprovalsConfig::default()
    };
    let (approvals, disk) = opened(config);
    let id = id_of(&ask(&approvals, 1, "s"));
    assert_eq!(
        ask(&approvals, 2, "s"),
        Answer::Full,
        "a session has its share only"
    );
    let other = id_of(&ask(&approvals, 2, "t"));
    assert_ne!(other, id, "repeats are not joined");
    assert_eq!(id_of(&ask(&approvals, 2, "t")), other, "but a retry is");
    disk.seconds.store(10, Ordering::Relaxed);
    let soon = Instant::now() + Duration::from_secs(30);
    let over = approvals.decided(id, soon).await.unwrap();
    assert_eq!(over.state, State::Expired);
    approvals.pass();
    approvals.pass();
    assert_eq!(disk.told(), ["expired", "expired"]);
    assert_eq!(
        approvals.decided(EventUid::from_bytes([0; 16]), soon).await,
        None
    );
    let waiting = id_of(&ask(&approvals, 5, "s"));
    approvals.close();
    let state = approvals.decided(waiting, soon).await.unwrap().state;
    assert_eq!(state, State::Pending);
}

#[tokio::test]
async fn a_rehearsal_is_written_and_forgotten_and_nobody_hears_of_it() {
    let (approvals, disk) = opened(ApprovalsConfig::default());
    let mut news = approvals.news();
    let event = Event::new(Class::ApiActivity, 0, Timestamp::default());
    let question = |asker: &str| Question {
        binding: Binding([1; 32]),
        event: EventUid::from_bytes([1; 16]),
        id: EventUid::from_bytes([2; 16]),
        step: Step::First,
        asker: asker.to_owned(),
        category: "irreversible",
        persons: 1,
        reasons: Vec::new(),
        shown: Shown {
            event: &event,
            task: None,
            drift: None,
        },
    };
    let heard = approvals.ask(question("rehearser/s"));
    let id = id_of(&heard.answer);
    assert!(heard.row.is_some());
    heard.kept.unwrap().await.unwrap();
    let changes = std::mem::take(&mut *disk.changes.lock().unwrap());
    assert!(matches!(
        changes.as_slice(),
        [StoreChange::Put(_), StoreChange::Forget(gone)] if *gone == id
    ));
    assert_eq!((approvals.list(), approvals.get(id)), (Vec::new(), None));
    assert!(news.try_recv().is_err());
    assert!(approvals.ask(question("rehearsers/s")).row.is_some());
    assert_eq!(approvals.list().len(), 1, "another sender's waits");
}
