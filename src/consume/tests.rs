//! The lake thread, step by step: masked rows, kills, and a disk that fails.

use std::ops::ControlFlow;
use std::path::Path as FilePath;
use std::sync::atomic::AtomicI64;

use magistrate_event::{Class, Event, EventUid, Field, Record, Redacted, Timestamp};
use magistrate_sinks::lake::Query;
use magistrate_sinks::queue::{Batch, FolderLock, Metrics, Queue, Setup};

use super::*;
use crate::config::Config;
use crate::store;

/// A clock that moves when told.
#[derive(Default)]
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// One run of the lake thread in a folder.
struct Bench {
    queue: Queue,
    clock: Arc<HandClock>,
    carrier: Carrier,
    _asking: mpsc::Sender<oneshot::Sender<()>>,
}

impl Bench {
    fn start(folder: &FilePath, clock: &Arc<HandClock>) -> Self {
        let config = Config::default();
        let timed = || Arc::clone(clock) as Arc<dyn Clock>;
        let state = Arc::new(State::open(&folder.join("state.redb")).unwrap());
        let setup = Setup {
            config: config.queue.clone(),
            state: Arc::clone(&state),
            consumers: vec![LAKE.to_owned()],
            metrics: Metrics::default(),
            clock: timed(),
        };
        let queue = Queue::open(&FolderLock::take(folder).unwrap(), setup).unwrap();
        let parts = Parts {
            lake: Lake::open(&config.lake, folder, &state, timed()).unwrap(),
            max_age: config.lake.max_age.get(),
            consumer: queue.consumer(LAKE).unwrap(),
            path: Arc::new(store::open_path(&config, folder).unwrap()),
            state,
            clock: timed(),
        };
        let (asking, asked) = mpsc::channel();
        Self {
            carrier: Carrier::new(parts, Arc::default(), asked),
            queue,
            clock: Arc::clone(clock),
            _asking: asking,
        }
    }

    /// Steps until the queue has nothing more, after `seconds` have passed.
    fn pass(&mut self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
        let consumer = |carrier: &Carrier| carrier.parts.consumer.position();
        loop {
            let before = consumer(&self.carrier);
            self.carrier.step().unwrap();
            if consumer(&self.carrier) == before {
                return;
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test stands in for the redactor"
)]
fn record(number: u8, call: &str, name: Option<&str>) -> Record {
    let mut event = Event::new(Class::ApiActivity, 1, Timestamp::default());
    event.set_text(Field::SessionUid, "s");
    event.set_text(Field::ApiRequestUid, call);
    event.set_text(Field::ToolClass, "mcp");
    match name {
        Some(name) => {
            event.set_text(Field::ApiOperation, name);
            event.set_text(Field::ToolNameState, "captured");
        }
        None => event.set_text(Field::ToolNameState, "redacted_by_client"),
    }
    let uid = EventUid::from_bytes([number; 16]);
    Record::new(uid, Timestamp::default(), Redacted::seal(event))
}

fn append(queue: &Queue, records: &[Record]) {
    let mut batch = Batch::new();
    for record in records {
        batch.push(record).unwrap();
    }
    queue.append_and_wait(batch).unwrap();
}

/// Operation and name state of every row in the lake, sorted.
fn rows(folder: &FilePath) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let query = Query {
        classes: vec![Class::ApiActivity],
        fields: Vec::new(),
        texts: Vec::new().into(),
        since: Timestamp::default(),
        until: None,
    };
    let unread = lake::read(&lake::Config::default(), folder, &query, |row| {
        let text = |field| row.event.text(field).unwrap_or_default().to_owned();
        found.push((text(Field::ApiOperation), text(Field::ToolNameState)));
        ControlFlow::Continue(())
    });
    assert!(unread.unwrap().is_empty());
    found.sort();
    found
}

fn row(operation: &str, state: &str) -> (String, String) {
    (operation.to_owned(), state.to_owned())
}

#[test]
fn a_masked_row_waits_for_its_name_over_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::default();
    let mut bench = Bench::start(folder.path(), &clock);
    append(
        &bench.queue,
        &[record(1, "a", None), record(2, "b", Some("b"))],
    );
    bench.pass(0);
    bench.carrier.checkpoint(Release::Named).unwrap();
    assert_eq!(rows(folder.path()), [row("b", "captured")]);
    append(&bench.queue, &[record(3, "a", Some("lookup"))]);
    bench.pass(5);
    bench.carrier.checkpoint(Release::Named).unwrap();
    let all = [
        row("b", "captured"),
        row("lookup", "captured"),
        row("lookup", "joined"),
    ];
    assert_eq!(rows(folder.path()), all);
}

#[test]
fn a_masked_row_that_nobody_names_is_written_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::default();
    let mut bench = Bench::start(folder.path(), &clock);
    append(&bench.queue, &[record(1, "a", None)]);
    bench.pass(0);
    bench.pass(16);
    bench.pass(37);
    assert_eq!(rows(folder.path()), []);
    bench.pass(2);
    assert_eq!(rows(folder.path()), [row("", "redacted_by_client")]);
}

#[test]
fn a_kill_while_a_masked_row_waits_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::default();
    {
        let mut bench = Bench::start(folder.path(), &clock);
        append(&bench.queue, &[record(1, "a", None), record(2, "b", None)]);
        bench.pass(0);
        bench.carrier.checkpoint(Release::Named).unwrap();
        append(&bench.queue, &[record(3, "a", Some("lookup"))]);
        bench.pass(1);
        // Killed: nothing of the last step is written.
    }
    assert_eq!(rows(folder.path()), []);
    let mut bench = Bench::start(folder.path(), &clock);
    bench.pass(1);
    bench.carrier.checkpoint(Release::Named).unwrap();
    let named = [row("lookup", "captured"), row("lookup", "joined")];
    assert_eq!(rows(folder.path()), named);
    bench.queue.close();
    let ended = bench.carrier.step().unwrap();
    assert_eq!(ended, Step::End(Ended::Complete));
    let [one, two] = named;
    assert_eq!(
        rows(folder.path()),
        [row("", "redacted_by_client"), one, two]
    );
    assert_eq!(lake::held(&bench.carrier.parts.state).unwrap(), []);
}

#[test]
fn a_checkpoint_that_fails_is_made_up_for_also_when_nothing_more_comes() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::default();
    let mut bench = Bench::start(folder.path(), &clock);
    append(
        &bench.queue,
        &[record(1, "a", None), record(2, "b", Some("b"))],
    );
    bench.pass(0);
    let staging = folder.path().join("lake/.tmp");
    std::fs::remove_dir(&staging).unwrap();
    assert!(bench.carrier.checkpoint(Release::Named).is_err());
    bench.carrier.forget();
    assert!(bench.carrier.step().is_err(), "the folder is still missing");
    std::fs::create_dir(&staging).unwrap();
    bench.pass(0);
    bench.carrier.checkpoint(Release::All).unwrap();
    let all = [row("", "redacted_by_client"), row("b", "captured")];
    assert_eq!(rows(folder.path()), all);
}
