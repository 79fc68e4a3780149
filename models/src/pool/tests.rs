//! Tests that a pool answers in time, and the same whatever waits beside a text.

use std::time::{Duration, Instant};

use super::*;
use crate::cascade::{Depth, Thresholds};
use crate::tier1::testing::made_up;
use crate::tier2::{Tier2, testing};

const TEXTS: [&str; 5] = [
    "ax",
    "ax b cx dé",
    "bx bx bx bx bx bx bx bx",
    "cx ax dx ex ax bx cx ax dx ex ax bx",
    "é a b c d e f g",
];

fn cascade(tier2: Option<Tier2>) -> Arc<Cascade> {
    let thresholds = Thresholds {
        sure_below: f64::NEG_INFINITY,
        temperature: 1.5,
        alarm_above: 3.0,
    };
    Arc::new(Cascade::new(made_up(|_| 1), tier2, thresholds))
}

fn within(time: Duration) -> Budget {
    Budget {
        until: Instant::now() + time,
        depth: Depth::Model,
    }
}

fn hour() -> Budget {
    within(Duration::from_secs(3_600))
}

#[test]
fn a_text_scores_the_same_bit_for_bit_whatever_waits_beside_it() {
    let models = cascade(Some(testing::tier2()));
    let alone: Vec<Opinion> = TEXTS
        .iter()
        .map(|text| models.judge(text, hour()))
        .collect();
    assert!(alone.iter().all(|opinion| opinion.model.is_ok()));
    for (threads, batch_tokens) in [(1, 1), (1, 512), (3, 16)] {
        let size = PoolSize {
            threads,
            batch_tokens,
            ..PoolSize::default()
        };
        let pool = Pool::start(Some(Arc::clone(&models)), size).unwrap();
        let asked: Vec<(usize, Asked)> = (0..60)
            .map(|number| {
                (
                    number * 7 % TEXTS.len(),
                    pool.ask(TEXTS[number * 7 % TEXTS.len()], hour()),
                )
            })
            .collect();
        for (text, asked) in asked {
            assert_eq!(asked.wait(), alone[text], "{}", TEXTS[text]);
        }
    }
}

#[test]
fn an_answer_is_never_late_and_silence_is_no_score() {
    let pool = Pool::start(Some(cascade(Some(testing::tier2()))), PoolSize::default()).unwrap();
    let late = pool.judge(TEXTS[1], within(Duration::ZERO));
    assert_eq!(late.model, Err(Silence::Slow));
    assert!(late.fast.is_ok());
    let pool = Pool::start(Some(cascade(None)), PoolSize::default()).unwrap();
    assert_eq!(pool.judge(TEXTS[1], hour()).model, Err(Silence::Missing));
    let pool = Pool::start(None, PoolSize::default()).unwrap();
    let missing = pool.judge(TEXTS[1], hour());
    assert_eq!(
        (missing.fast, missing.model),
        (Err(Silence::Missing), Err(Silence::Missing))
    );
}

#[test]
fn models_are_swapped_while_texts_wait() {
    let pool = Pool::start(None, PoolSize::default()).unwrap();
    pool.swap(Some(cascade(Some(testing::tier2()))));
    let asked = pool.ask(TEXTS[2], hour());
    pool.swap(None);
    assert!(asked.wait().model.is_ok());
    assert_eq!(pool.judge(TEXTS[2], hour()).model, Err(Silence::Missing));
}

#[test]
fn a_full_queue_says_so_at_once() {
    let queue = Queue::new(10);
    let models = cascade(Some(testing::tier2()));
    let request = |text: &str| {
        let Begun::Doubtful(doubt) = models.begin(text, Depth::Model) else {
            panic!("tier 1 is sure of `{text}`");
        };
        Arc::new(Request::new(Arc::clone(&models), doubt, hour().until))
    };
    let (first, second) = (request(TEXTS[3]), request(TEXTS[2]));
    queue.add(&first);
    queue.add(&second);
    assert_eq!(second.wait().model, Err(Silence::Slow));
    let batch = queue.take(512).unwrap();
    assert!(batch.iter().all(|job| Arc::ptr_eq(&job.request, &first)));
    queue.close();
    assert!(queue.take(512).is_none());
}

#[test]
fn the_most_urgent_comes_first_and_the_abandoned_is_not_judged() {
    let queue = Queue::new(1_000);
    let models = cascade(Some(testing::tier2()));
    let request = |minutes: u64| {
        let Begun::Doubtful(doubt) = models.begin(TEXTS[1], Depth::Model) else {
            panic!("tier 1 is sure");
        };
        let until = Instant::now() + Duration::from_secs(60 * minutes);
        Arc::new(Request::new(Arc::clone(&models), doubt, until))
    };
    let (patient, urgent) = (request(9), request(1));
    queue.add(&patient);
    queue.add(&urgent);
    let batch = queue.take(1).unwrap();
    assert!(batch.len() == 1 && Arc::ptr_eq(&batch[0].request, &urgent));
    patient.abandon();
    patient.look(0);
    assert_eq!(patient.wait().model, Err(Silence::Empty));
}
