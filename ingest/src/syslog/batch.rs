//! Gathers messages of one sender and hands them to the intake.

use std::time::Duration;

use magistrate_event::{Line, Origin, Payload, Raw, Receipt, Refusal, Source};

use super::metrics::{Metrics, Tally};
use crate::Intake;

/// Messages of one sender that go to the intake together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    lines: Vec<Line>,
    tally: Tally,
}

/// The most messages of a batch.
const MAX_LINES: usize = 1_000;
/// The most bytes of a batch, but for its last message.
const MAX_BYTES: u64 = 256 << 10;

impl Batch {
    /// Adds a message.
    pub(super) fn push(&mut self, line: Line) {
        self.tally.messages += 1;
        self.tally.bytes += u64::try_from(line.bytes.len()).unwrap_or(u64::MAX);
        self.tally.truncated += u64::from(line.cut_from_bytes.is_some());
        self.lines.push(line);
    }

    /// Whether it should be sent before more is added.
    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= MAX_LINES || self.tally.bytes >= MAX_BYTES
    }

    /// Whether there is nothing to send.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Takes everything out, counted.
    fn take(&mut self, source: Source, metrics: &Metrics) -> (Vec<Line>, u64) {
        let tally = std::mem::take(&mut self.tally);
        metrics.received(source, tally);
        (std::mem::take(&mut self.lines), tally.messages)
    }
}

/// The way to the intake for one sender.
#[derive(Clone)]
pub(super) struct Submitter {
    pub(super) intake: Intake,
    pub(super) origin: Origin,
    pub(super) metrics: Metrics,
}

/// The intake takes nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed;

/// The first wait after a refusal, doubled with each further one.
const FIRST_WAIT: Duration = Duration::from_millis(10);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

impl Submitter {
    /// Submits the batch, again and again until it is taken. The batch is empty afterwards.
    ///
    /// # Errors
    /// When the intake is closed; the messages are then lost, and counted as such.
    pub(super) async fn insist(&self, batch: &mut Batch) -> Result<(), Closed> {
        let Some((raw, messages)) = self.raw(batch) else {
            return Ok(());
        };
        let mut unsent = Unsent {
            submitter: self,
            messages,
            reason: "aborted",
        };
        let mut wait = FIRST_WAIT;
        loop {
            let refusal = match self.intake.submit(raw.clone()).await {
                Ok(receipt) => {
                    unsent.messages = 0;
                    self.taken(&receipt);
                    return Ok(());
                }
                Err(refusal) => refusal,
            };
            unsent.reason = refusal.reason();
            match refusal {
                Refusal::Busy { .. } | Refusal::Unavailable { .. } => {
                    self.metrics.waits(self.origin.source, refusal.reason());
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
                // Another try would end in the same way.
                Refusal::Malformed(_) => return Ok(()),
                Refusal::Closed => return Err(Closed),
            }
        }
    }

    /// Submits the batch once. Messages that are not taken are dropped and counted.
    pub(super) async fn try_once(&self, mut batch: Batch) {
        let Some((raw, messages)) = self.raw(&mut batch) else {
            return;
        };
        match self.intake.submit(raw).await {
            Ok(receipt) => self.taken(&receipt),
            Err(refusal) => self.metrics.udp_dropped(refusal.reason(), messages),
        }
    }

    fn raw(&self, batch: &mut Batch) -> Option<(Raw, u64)> {
        if batch.is_empty() {
            return None;
        }
        let (lines, messages) = batch.take(self.origin.source, &self.metrics);
        let payload = Payload::Syslog(lines);
        Some((self.intake.stamp(self.origin.clone(), payload), messages))
    }

    fn taken(&self, receipt: &Receipt) {
        for rejection in &receipt.rejected {
            self.metrics.rejected(self.origin.source, rejection.reason);
        }
    }
}

/// Messages that were read but not taken yet; counts them as lost when it is dropped.
struct Unsent<'a> {
    submitter: &'a Submitter,
    messages: u64,
    reason: &'static str,
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        if self.messages > 0 {
            let source = self.submitter.origin.source;
            self.submitter
                .metrics
                .lost(source, self.reason, self.messages);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use crossbeam_channel::Receiver;
    use magistrate_event::{Identity, Rejection};

    use super::*;
    use crate::{Envelope, IntakeLimits};

    fn submitter(source: Source) -> (Submitter, Receiver<Envelope>) {
        let (intake, pipeline) = Intake::new(IntakeLimits::default());
        let origin = Origin {
            source,
            peer: None,
            identity: Identity::Anonymous,
        };
        let metrics = Metrics::default();
        (
            Submitter {
                intake,
                origin,
                metrics,
            },
            pipeline,
        )
    }

    fn batch(lines: &[&'static str]) -> Batch {
        let mut batch = Batch::default();
        for line in lines {
            batch.push(Line {
                bytes: Bytes::from_static(line.as_bytes()),
                cut_from_bytes: None,
            });
        }
        batch
    }

    fn busy() -> Refusal {
        Refusal::Busy {
            retry_after: Duration::from_secs(1),
        }
    }

    /// Answers one batch after the other as told, and returns what each held.
    fn answer(
        pipeline: Receiver<Envelope>,
        answers: Vec<Result<Receipt, Refusal>>,
    ) -> std::thread::JoinHandle<Vec<(u128, usize)>> {
        std::thread::spawn(move || {
            answers
                .into_iter()
                .map(|answer| {
                    let envelope = pipeline.recv().unwrap();
                    let Payload::Syslog(lines) = &envelope.raw.payload else {
                        panic!("not syslog");
                    };
                    let seen = (envelope.raw.arrival, lines.len());
                    envelope.reply.send(answer);
                    seen
                })
                .collect()
        })
    }

    #[tokio::test]
    async fn tcp_sends_again_what_was_refused_as_the_same_arrival() {
        let (submitter, pipeline) = submitter(Source::SyslogTcp);
        let unavailable = Refusal::Unavailable {
            reason: "disk full".to_owned(),
            retry_after: Duration::from_secs(1),
        };
        let answers = vec![Err(busy()), Err(unavailable), Ok(Receipt::default())];
        let worker = answer(pipeline, answers);
        let mut batch = batch(&["a", "b"]);
        assert_eq!(submitter.insist(&mut batch).await, Ok(()));
        assert!(batch.is_empty());
        let seen = worker.join().unwrap();
        assert!(seen.iter().all(|arrival| *arrival == seen[0]), "{seen:?}");
        assert_eq!((seen.len(), seen[0].1), (3, 2));
        let shown = submitter.metrics.shown();
        assert!(
            shown.contains(r#"waits_total{source="syslog_tcp",reason="busy"} 1"#),
            "{shown}"
        );
        assert!(!shown.contains("lost_total{"), "{shown}");
    }

    #[tokio::test]
    async fn what_cannot_be_submitted_is_counted_as_lost() {
        let (submitter, pipeline) = submitter(Source::SyslogTcp);
        drop(pipeline);
        assert_eq!(submitter.insist(&mut batch(&["a", "b"])).await, Err(Closed));
        let shown = submitter.metrics.shown();
        assert!(
            shown.contains(r#"lost_total{source="syslog_tcp",reason="closed"} 2"#),
            "{shown}"
        );
    }

    #[tokio::test]
    async fn udp_drops_and_counts_what_is_refused() {
        let (submitter, pipeline) = submitter(Source::SyslogUdp);
        let worker = answer(pipeline, vec![Err(busy())]);
        submitter.try_once(batch(&["a", "b", "c"])).await;
        worker.join().unwrap();
        let shown = submitter.metrics.shown();
        assert!(
            shown.contains(r#"udp_dropped_total{reason="busy"} 3"#),
            "{shown}"
        );
    }

    #[tokio::test]
    async fn single_messages_that_are_rejected_are_counted() {
        let (submitter, pipeline) = submitter(Source::SyslogUdp);
        let rejection = Rejection {
            index: 0,
            records: 1,
            reason: "depth",
            message: String::new(),
        };
        let receipt = Receipt {
            rejected: vec![rejection],
            ..Receipt::default()
        };
        let worker = answer(pipeline, vec![Ok(receipt)]);
        submitter.try_once(batch(&["a"])).await;
        worker.join().unwrap();
        let shown = submitter.metrics.shown();
        let expected = r#"rejected_messages_total{source="syslog_udp",reason="depth"} 1"#;
        assert!(shown.contains(expected), "{shown}");
    }

    #[test]
    fn a_batch_is_full_by_number_or_size() {
        let mut many = Batch::default();
        let mut large = Batch::default();
        for _ in 0..MAX_LINES {
            assert!(!many.is_full());
            many.push(cut("x"));
        }
        large.push(cut(&"x".repeat(256 << 10)));
        assert!(many.is_full() && large.is_full());
        assert_eq!(large.tally.truncated, 1);
    }

    fn cut(text: &str) -> Line {
        Line {
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            cut_from_bytes: Some(1 << 30),
        }
    }
}
