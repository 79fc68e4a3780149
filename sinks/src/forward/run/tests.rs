//! The loop against a peer that is a script; tokio's time is paused, so nothing sleeps.

use std::io;
use std::sync::Mutex;

use magistrate_event::{Class, Event, Field, Record, SystemClock, Timestamp};
use prometheus_client::registry::Registry;

use super::*;
use crate::Guard;
use crate::forward::hold::is_masked;
use crate::forward::{DeadLetters, Delivery, Letter, Pause, Receipt, Refused};
use crate::ocsf::samples;

/// What the peer and the queue saw.
#[derive(Debug, Default)]
struct Seen {
    sends: Vec<Vec<String>>,
    at: Vec<Duration>,
    committed: Vec<u64>,
    letters: Vec<(String, String)>,
}

type Shared = Arc<Mutex<Seen>>;

/// A queue of `len` records, number `n` ending at offset `n`; then it is closed.
struct List {
    len: u64,
    next: u64,
    seen: Shared,
}

impl Feed for List {
    fn read(&mut self, max_records: usize, _: Duration) -> Result<Vec<Entry>, QueueError> {
        let end = (self.next + u64::try_from(max_records).unwrap()).min(self.len);
        if self.next == end {
            return Err(QueueError::Closed);
        }
        let entries = (self.next..end).map(|number| Entry {
            record: record(number),
            end: Position {
                segment: 1,
                offset: number + 1,
            },
        });
        let entries = entries.collect();
        self.next = end;
        Ok(entries)
    }

    fn commit(&mut self, position: Position) -> Result<(), QueueError> {
        self.seen.lock().unwrap().committed.push(position.offset);
        Ok(())
    }
}

fn record(number: u64) -> Record {
    let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
    event.set_text(Field::Message, &number.to_string());
    samples::record(event)
}

type Script = Box<dyn FnMut(usize, &Batch) -> Result<Delivery, SendError> + Send>;
type Confirmations = Box<dyn FnMut(&[Receipt]) -> Result<Vec<Receipt>, SendError> + Send>;

/// A peer that answers the n-th request as the script says.
struct Peer {
    script: Script,
    confirmations: Confirmations,
    seen: Shared,
    start: Instant,
}

impl Sink for Peer {
    fn encode(&self, record: &Record, out: &mut String) {
        out.push_str(record.event().text(Field::Message).unwrap_or_default());
    }

    async fn send(&mut self, batch: &Batch) -> Result<Delivery, SendError> {
        let mut seen = self.seen.lock().unwrap();
        let texts = (0..batch.len()).map(|index| batch.item(index).to_owned());
        seen.sends.push(texts.collect());
        seen.at.push(self.start.elapsed());
        let number = seen.sends.len() - 1;
        drop(seen);
        (self.script)(number, batch)
    }

    async fn confirm(&mut self, receipts: &[Receipt]) -> Result<Vec<Receipt>, SendError> {
        (self.confirmations)(receipts)
    }
}

struct Case {
    records: u64,
    script: Script,
    confirmations: Confirmations,
    dead: Option<DeadLetters>,
    guard: Arc<dyn Guard>,
    stop: CancellationToken,
    options: Options,
}

fn case(
    records: u64,
    script: impl FnMut(usize, &Batch) -> Result<Delivery, SendError> + Send + 'static,
) -> Case {
    Case {
        records,
        script: Box::new(script),
        confirmations: Box::new(|receipts| Ok(receipts.to_vec())),
        dead: None,
        guard: Arc::new(crate::Permissive),
        stop: CancellationToken::new(),
        options: Options {
            name: "peer".to_owned(),
            wanted: vec![Wanted::Event],
            batch_max_records: 4,
            batch_max_bytes: 1024,
            pace: Pace::default(),
            patience: Duration::from_secs(60),
            confirm_every: Duration::from_secs(1),
            commit_every: Duration::from_secs(1),
            stop_grace: Duration::from_secs(2),
            hold: Duration::from_secs(15),
        },
    }
}

async fn run(case: Case) -> (Seen, String) {
    let seen = Shared::default();
    let letters = Arc::clone(&seen);
    let dead = case.dead.unwrap_or_else(|| {
        Box::new(move |letter: Letter<'_>| {
            let letter = (letter.body.to_owned(), letter.reason.to_owned());
            letters.lock().unwrap().letters.push(letter);
            Ok(())
        })
    });
    let feed = List {
        len: case.records,
        next: 0,
        seen: Arc::clone(&seen),
    };
    let peer = Peer {
        script: case.script,
        confirmations: case.confirmations,
        seen: Arc::clone(&seen),
        start: Instant::now(),
    };
    let metrics = Metrics::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Forwarder::new(
        (feed, peer),
        case.options,
        Ways {
            dead,
            guard: case.guard,
            names: Arc::new(|_| None),
        },
        (&metrics, clock),
        case.stop,
    )
    .run()
    .await;
    let mut registry = Registry::default();
    metrics.register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    (seen, text)
}

fn busy(retry_after: Option<Duration>) -> SendError {
    SendError::Busy {
        status: 503,
        reason: "busy",
        retry_after,
    }
}

fn taken() -> Result<Delivery, SendError> {
    Ok(Delivery::default())
}

fn delivered(seen: &Seen, failures: usize) -> Vec<String> {
    seen.sends
        .iter()
        .skip(failures)
        .flatten()
        .cloned()
        .collect()
}

fn numbers(to: u64) -> Vec<String> {
    (0..to).map(|number| number.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_peer_down_for_six_hours_gets_everything_in_order() {
    let start = Instant::now();
    let down = Duration::from_secs(6 * 3600);
    let (seen, metrics) = run(case(10, move |_, _| {
        if start.elapsed() < down {
            Err(busy(None))
        } else {
            taken()
        }
    }))
    .await;
    let failures = seen.sends.len() - 3;
    assert!((360..2_000).contains(&failures), "{failures}");
    assert_eq!(delivered(&seen, failures), numbers(10));
    assert_eq!(seen.committed.last(), Some(&10));
    assert!(
        metrics.contains("magistrate_sink_sent_records_total{sink=\"peer\"} 10"),
        "{metrics}"
    );
    assert!(metrics.contains("failed_requests_total{sink=\"peer\",class=\"5xx\"}"));
}

#[tokio::test(start_paused = true)]
async fn the_peers_retry_after_is_followed() {
    let wish = Duration::from_secs(100);
    let (seen, _) = run(case(1, move |number, _| {
        if number == 0 {
            Err(busy(Some(wish)))
        } else {
            taken()
        }
    }))
    .await;
    assert_eq!(seen.at, [Duration::ZERO, wish]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_tried_slowly_and_loses_nothing() {
    let (seen, metrics) = run(case(1, |number, _| {
        if number < 5 {
            Err(SendError::Parked {
                status: 403,
                reason: "token",
            })
        } else {
            taken()
        }
    }))
    .await;
    assert_eq!(seen.at.last(), Some(&Duration::from_secs(300)));
    assert!(metrics.contains("magistrate_sink_parked{sink=\"peer\"} 0"));
    assert!(seen.letters.is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_what_was_not_taken_goes_again() {
    let (seen, metrics) = run(case(4, |number, _| match number {
        0 => Ok(Delivery {
            refused: vec![Refused {
                index: 1,
                reason: "bad".to_owned(),
            }],
            again: vec![2, 3],
            pause: Pause::Paced,
            receipt: None,
        }),
        _ => taken(),
    }))
    .await;
    assert_eq!(seen.sends, [vec!["0", "1", "2", "3"], vec!["2", "3"]]);
    assert_eq!(seen.letters, [("1".to_owned(), "bad".to_owned())]);
    assert_eq!(seen.committed, [4]);
    assert!(metrics.contains("dead_lettered_records_total{sink=\"peer\"} 1"));
    assert!(metrics.contains("sent_records_total{sink=\"peer\"} 3"));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_too_large_is_split_down_to_the_record_at_fault() {
    let (seen, _) = run(case(4, |_, batch| {
        if batch.text().contains('2') {
            Err(SendError::Indigestible {
                status: 413,
                reason: "too large",
            })
        } else {
            taken()
        }
    }))
    .await;
    let sends: Vec<_> = seen.sends.iter().map(|send| send.concat()).collect();
    assert_eq!(sends, ["0123", "01", "23", "2", "3"]);
    assert_eq!(
        seen.letters,
        [("2".to_owned(), "status 413: too large".to_owned())]
    );
    assert_eq!(seen.committed, [4]);
}

#[tokio::test(start_paused = true)]
async fn batches_respect_their_size_in_bytes() {
    let mut case = case(12, |_, _| taken());
    case.options.batch_max_bytes = 2;
    let (seen, _) = run(case).await;
    assert!(seen.sends.iter().all(|send| send.concat().len() <= 2));
    assert_eq!(delivered(&seen, 0), numbers(12));
}

#[tokio::test(start_paused = true)]
async fn a_batch_counts_once_it_is_confirmed() {
    let mut case = case(12, |number, _| {
        Ok(Delivery {
            receipt: Some(Receipt(u64::try_from(number).unwrap())),
            ..Delivery::default()
        })
    });
    let mut polls = 0;
    case.confirmations = Box::new(move |receipts| {
        polls += 1;
        assert!(polls > 3 || receipts.len() == 3);
        Ok(receipts
            .iter()
            .copied()
            .take(usize::from(polls > 3))
            .collect())
    });
    let (seen, metrics) = run(case).await;
    assert_eq!(seen.sends.len(), 3);
    assert_eq!(seen.committed.last(), Some(&12));
    assert!(metrics.contains("sent_records_total{sink=\"peer\"} 12"));
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_withheld_for_ten_minutes_cost_repeats_and_lose_nothing() {
    let start = Instant::now();
    let mut case = case(8, |number, _| {
        Ok(Delivery {
            receipt: Some(Receipt(u64::try_from(number).unwrap())),
            ..Delivery::default()
        })
    });
    case.confirmations = Box::new(move |receipts| {
        if start.elapsed() < Duration::from_secs(600) {
            Ok(Vec::new())
        } else {
            Ok(receipts.to_vec())
        }
    });
    let (seen, _) = run(case).await;
    // After 60, 180 and 420 s.
    assert_eq!(seen.sends.len(), 2 * 4);
    assert_eq!(seen.committed, [8]);
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_that_is_lost_costs_one_repeat() {
    let mut case = case(4, |number, _| {
        Ok(Delivery {
            receipt: Some(Receipt(u64::try_from(number).unwrap())),
            ..Delivery::default()
        })
    });
    // The peer says "indexed" once; the answer does not arrive, and it forgets the number.
    let mut polls = 0;
    case.confirmations = Box::new(move |receipts| {
        polls += 1;
        match polls {
            1 => Err(busy(None)),
            _ => Ok(receipts
                .iter()
                .copied()
                .filter(|receipt| receipt.0 > 0)
                .collect()),
        }
    });
    let (seen, _) = run(case).await;
    assert_eq!(seen.sends, [numbers(4), numbers(4)]);
    assert_eq!(seen.at[1], Duration::from_secs(60));
    assert_eq!(seen.committed, [4]);
}

#[tokio::test(start_paused = true)]
async fn the_cursor_stays_behind_what_a_stop_left_undone() {
    let stop = CancellationToken::new();
    let signal = stop.clone();
    let mut case = case(8, move |number, _| {
        if number == 0 {
            taken()
        } else {
            signal.cancel();
            Err(busy(None))
        }
    });
    case.stop = stop;
    let (seen, _) = run(case).await;
    assert_eq!(seen.committed, [4]);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_cannot_be_kept_holds_the_sink_until_it_can() {
    let kept = Arc::new(Mutex::new(0));
    let count = Arc::clone(&kept);
    let mut case = case(1, |_, _| {
        Ok(Delivery {
            refused: vec![Refused {
                index: 0,
                reason: "bad".to_owned(),
            }],
            ..Delivery::default()
        })
    });
    case.dead = Some(Box::new(move |_| {
        let mut attempts = count.lock().unwrap();
        *attempts += 1;
        if *attempts < 4 {
            Err(io::Error::from(io::ErrorKind::StorageFull))
        } else {
            Ok(())
        }
    }));
    let (seen, _) = run(case).await;
    assert_eq!(*kept.lock().unwrap(), 4);
    assert_eq!(seen.sends.len(), 1);
    assert_eq!(seen.committed, [1]);
}

#[tokio::test(start_paused = true)]
async fn what_a_sink_does_not_want_moves_the_cursor_all_the_same() {
    let mut case = case(8, |_, _| taken());
    case.options.wanted = vec![Wanted::Alert];
    let (seen, _) = run(case).await;
    assert!(seen.sends.is_empty());
    assert_eq!(seen.committed.last(), Some(&8));
}

/// Forbids what holds a certain text.
struct Forbids(&'static str);

impl Guard for Forbids {
    fn permits(&self, output: &str, bytes: &[u8]) -> bool {
        assert_eq!(output, "peer");
        !String::from_utf8_lossy(bytes).contains(self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_the_guard_forbids_is_never_sent_and_ends_the_sink() {
    let mut case = case(9, |_, _| Ok(Delivery::default()));
    case.guard = Arc::new(Forbids("6"));
    let (seen, metrics) = run(case).await;
    assert_eq!(seen.sends, [["0", "1", "2", "3"]]);
    assert_eq!(seen.committed, [4]);
    assert!(metrics.contains("magistrate_sink_leaking{sink=\"peer\"} 1"));
}

#[tokio::test(start_paused = true)]
async fn the_guard_looks_at_each_record_alone() {
    let mut case = case(9, |_, _| Ok(Delivery::default()));
    case.guard = Arc::new(Forbids("67"));
    let (seen, metrics) = run(case).await;
    assert_eq!(
        seen.sends.concat(),
        ["0", "1", "2", "3", "4", "5", "6", "7", "8"]
    );
    assert!(metrics.contains("magistrate_sink_leaking{sink=\"peer\"} 0"));
}

/// A queue that hands out what the test says, one read after the other.
struct Reads(Vec<Vec<Entry>>, Shared);

impl Feed for Reads {
    fn read(&mut self, _: usize, _: Duration) -> Result<Vec<Entry>, QueueError> {
        if self.0.is_empty() {
            return Err(QueueError::Closed);
        }
        Ok(self.0.remove(0))
    }

    fn commit(&mut self, position: Position) -> Result<(), QueueError> {
        self.1.lock().unwrap().committed.push(position.offset);
        Ok(())
    }
}

/// A clock that moves with tokio's.
struct Paused(Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        Timestamp::default().plus(self.0.elapsed())
    }
}

fn masked(number: u64) -> Entry {
    let mut event = record(number).event().clone();
    event.set_text(Field::ToolNameState, "redacted_by_client");
    Entry {
        record: samples::record(event),
        end: at(number + 1),
    }
}

fn plain(number: u64) -> Entry {
    Entry {
        record: record(number),
        end: at(number + 1),
    }
}

fn at(offset: u64) -> Position {
    Position { segment: 1, offset }
}

/// Runs `reads`; the peer takes a second for each request. The names of masked tools are known from
/// the fourth request on.
async fn run_reads(reads: Vec<Vec<Entry>>, hold: Duration) -> Seen {
    let seen = Shared::default();
    let mut case = case(0, |_, _| taken());
    case.options.hold = hold;
    case.options.commit_every = Duration::ZERO;
    let requests = Arc::clone(&seen);
    let names = move |record: &Record| {
        let text = record.event().text(Field::Message)?;
        if requests.lock().unwrap().sends.len() < 3 || !is_masked(record) {
            return None;
        }
        let mut event = record.event().clone();
        event.set_text(Field::Message, &format!("named {text}"));
        event.set_text(Field::ToolNameState, "joined");
        Some(samples::record(event))
    };
    let peer = Slow(Peer {
        script: case.script,
        confirmations: case.confirmations,
        seen: Arc::clone(&seen),
        start: Instant::now(),
    });
    let ways = Ways {
        dead: Box::new(|_| Ok(())),
        guard: case.guard,
        names: Arc::new(names),
    };
    let clock = Arc::new(Paused(Instant::now()));
    let feed = Reads(reads, Arc::clone(&seen));
    let metrics = Metrics::default();
    Forwarder::new(
        (feed, peer),
        case.options,
        ways,
        (&metrics, clock),
        case.stop,
    )
    .run()
    .await;
    std::mem::take(&mut *seen.lock().unwrap())
}

/// A peer that takes a second for each request.
struct Slow(Peer);

impl Sink for Slow {
    fn encode(&self, record: &Record, out: &mut String) {
        self.0.encode(record, out);
    }

    async fn send(&mut self, batch: &Batch) -> Result<Delivery, SendError> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.0.send(batch).await
    }

    async fn confirm(&mut self, receipts: &[Receipt]) -> Result<Vec<Receipt>, SendError> {
        self.0.confirm(receipts).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_masked_row_waits_for_its_name_and_holds_up_nothing_but_the_cursor() {
    let reads = vec![
        vec![plain(0), masked(1), plain(2)],
        vec![plain(3)],
        vec![plain(4)],
        vec![plain(5)],
    ];
    let seen = run_reads(reads, Duration::from_secs(4)).await;
    let expected = [
        vec!["0", "2"],
        vec!["3"],
        vec!["4"],
        vec!["5"],
        vec!["named 1"],
    ];
    assert_eq!(seen.sends, expected);
    assert_eq!(seen.committed, [1, 6]);
}

#[tokio::test(start_paused = true)]
async fn a_masked_row_that_nobody_names_goes_as_it_is() {
    let reads = vec![vec![masked(0)], vec![plain(1)]];
    let seen = run_reads(reads, Duration::from_secs(1)).await;
    assert_eq!(seen.sends, [vec!["1"], vec!["0"]]);
    assert_eq!(seen.committed, [2]);
}

#[tokio::test(start_paused = true)]
async fn rows_that_wait_go_when_the_queue_ends() {
    let reads = vec![vec![plain(0), masked(1)]];
    let seen = run_reads(reads, Duration::from_secs(3_600)).await;
    assert_eq!(seen.sends, [vec!["0"], vec!["1"]]);
    assert_eq!(seen.committed, [1, 2]);
}
