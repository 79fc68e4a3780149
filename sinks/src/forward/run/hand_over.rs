//! Hands one batch over: sends it until every record of it is taken or refused for good.

use std::collections::VecDeque;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::super::metrics::count;
use super::super::pace::Waits;
use super::super::{Batch, Delivery, Feed, Letter, Pause, Receipt, Refused, SendError, Sink};
use super::{Forwarder, Stopped, pause};

impl<F: Feed, S: Sink> Forwarder<F, S> {
    /// Sends until every record is taken or refused; what was taken against a receipt comes back.
    pub(super) async fn hand_over(
        &mut self,
        batch: Batch,
    ) -> Result<Vec<(Batch, Receipt)>, Stopped> {
        let mut accepted = Vec::new();
        let mut waits = self.options.pace.waits();
        let mut parts = VecDeque::from([batch]);
        while let Some(batch) = parts.pop_front() {
            if batch.is_empty() {
                continue;
            }
            self.show_lag(batch.oldest());
            match self.attempt(&batch).await? {
                Ok(delivery) => {
                    let (taken, rest) = self.sort(&batch, delivery, &mut waits).await?;
                    accepted.extend(taken);
                    parts.push_front(rest);
                }
                Err(SendError::Indigestible { status, reason }) => {
                    self.metrics
                        .failed(SendError::Indigestible { status, reason }.class());
                    if batch.len() > 1 {
                        let (first, second) = batch.halves();
                        parts.push_front(second);
                        parts.push_front(first);
                    } else {
                        let reason = format!("status {status}: {reason}");
                        self.bury(&batch, &[Refused { index: 0, reason }]).await?;
                    }
                }
                Err(error) => {
                    self.note(&error);
                    self.metrics.retried.inc_by(count(batch.len()));
                    parts.push_front(batch);
                    let wait = wait_after(&error, &mut waits);
                    self.pause(wait).await?;
                }
            }
        }
        Ok(accepted)
    }

    /// Splits a batch by what became of it: taken against a receipt, and to be sent again.
    async fn sort(
        &mut self,
        batch: &Batch,
        delivery: Delivery,
        waits: &mut Waits,
    ) -> Result<(Option<(Batch, Receipt)>, Batch), Stopped> {
        self.bury(batch, &delivery.refused).await?;
        let rest = batch.part(delivery.again.iter().copied());
        let taken = batch
            .len()
            .saturating_sub(rest.len() + delivery.refused.len());
        if taken > 0 {
            waits.reset();
        }
        let open = match delivery.receipt {
            Some(receipt) if rest.is_empty() && delivery.refused.is_empty() => {
                Some((batch.clone(), receipt))
            }
            Some(receipt) => Some((batch.part(untouched(batch.len(), &delivery)), receipt)),
            None => {
                self.metrics.sent.inc_by(count(taken));
                None
            }
        };
        self.metrics
            .parked
            .set(i64::from(delivery.pause == Pause::Parked));
        self.metrics.retried.inc_by(count(rest.len()));
        match delivery.pause {
            Pause::None => {}
            Pause::Paced => self.pause(waits.next(None)).await?,
            Pause::Parked => self.pause(waits.parked()).await?,
        }
        Ok((open, rest))
    }

    /// One attempt; the signal to stop cuts it short after a grace.
    async fn attempt(&mut self, batch: &Batch) -> Result<Result<Delivery, SendError>, Stopped> {
        if self.stop.is_cancelled() || self.is_leaking(batch) {
            return Err(Stopped);
        }
        let (stop, grace) = (self.stop.clone(), self.options.stop_grace);
        tokio::select! {
            result = self.sink.send(batch) => Ok(result),
            () = expired(stop, grace) => Err(Stopped),
        }
    }

    /// Whether the batch may not leave. Then this sink must not send anything any more, not even
    /// after the next start, until a person has looked: the batch stays where it is. Records are
    /// looked at one by one, since what one sender's record may not hold, another's may.
    fn is_leaking(&self, batch: &Batch) -> bool {
        let name = &self.options.name;
        let mut records = (0..batch.len()).map(|index| batch.item(index).as_bytes());
        let is_leaking = !records.all(|record| self.ways.guard.permits(name, record));
        if is_leaking {
            self.metrics.leaking.set(1);
            tracing::error!(
                sink = name,
                "stopped: a record held a planted secret in plain text"
            );
        }
        is_leaking
    }

    /// Keeps what the peer will never take; waits while that cannot be kept.
    async fn bury(&mut self, batch: &Batch, refused: &[Refused]) -> Result<(), Stopped> {
        let mut waits = self.options.pace.waits();
        for Refused { index, reason } in refused {
            let Some(uid) = batch.uid(*index) else {
                continue;
            };
            let letter = Letter {
                sink: &self.options.name,
                uid,
                reason,
                body: batch.item(*index),
            };
            while let Err(error) = (self.ways.dead)(letter) {
                tracing::error!(
                    sink = letter.sink,
                    error = &error as &dyn std::error::Error,
                    "cannot write a dead letter"
                );
                pause(&self.stop, waits.next(None)).await?;
            }
            self.metrics.dead_lettered.inc();
        }
        Ok(())
    }
}

async fn expired(stop: CancellationToken, grace: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(grace).await;
}

fn wait_after(error: &SendError, waits: &mut Waits) -> Duration {
    match error {
        SendError::Busy { retry_after, .. } => waits.next(*retry_after),
        SendError::Unreachable(_) | SendError::Indigestible { .. } => waits.next(None),
        SendError::Parked { .. } => waits.parked(),
    }
}

/// The indexes that are named in neither list.
fn untouched(len: usize, delivery: &Delivery) -> impl Iterator<Item = usize> {
    let mut untouched = vec![true; len];
    let refused = delivery.refused.iter().map(|refused| refused.index);
    for index in refused.chain(delivery.again.iter().copied()) {
        if let Some(place) = untouched.get_mut(index) {
            *place = false;
        }
    }
    (0..len)
        .zip(untouched)
        .filter_map(|(index, open)| open.then_some(index))
}
