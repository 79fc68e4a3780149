//! ICAP (RFC 3507): proxies show requests (`REQMOD /reqmod`) and responses (`RESPMOD /respmod`) with their
//! bodies, and get back what goes on.
//!
//! What is wrong with the shown message, and overload, is an answer to the proxy's client (status 200 of
//! ICAP with an HTTP error in it): an error of ICAP is an outage to proxies, which they may be told to
//! bypass. Only what is wrong with the ICAP request, or with who asks, is an error.

mod chunks;
mod encapsulated;
mod exchange;
mod head;
mod http;
mod incoming;
mod person;
mod refusal;
mod reply;
mod shown;
mod wire;

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use tokio::io::{AsyncRead, AsyncWrite};

use self::exchange::Exchange;
use self::head::{Asked, Head, HeadLimits};
use self::refusal::Refusal;
use self::reply::Frame;
use self::wire::{Broken, Wire};
use super::{Caller, Doors, Insider};
use crate::door::halves::Half;
use crate::door::halves::judged::Judged;
use crate::judge::Judge;

/// What a connection of ICAP may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcapLimits {
    /// How long a head may take.
    pub header_time: Duration,
    /// How long a connection may wait between two requests.
    pub idle_time: Duration,
    /// Most bytes of a head: that of ICAP, and each that it shows.
    pub max_header_bytes: usize,
    /// Most headers of one of them.
    pub max_headers: usize,
    /// Connections that a client is told to open at most.
    pub max_connections: usize,
}

/// Serves one connection until its client ends it or `stop` comes. `admit` says by the headers of a
/// request who calls.
pub async fn serve_icap<S>(
    stream: S,
    judge: Arc<Judge>,
    (admit, limits): (impl Fn(&HeaderMap) -> Caller, IcapLimits),
    stop: impl Future<Output = ()>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    serve(stream, Doors::new(judge), (admit, limits), stop).await;
}

/// The same for somebody inside the process, until it ends the connection.
pub async fn serve_icap_within<S>(
    stream: S,
    (judge, insider): (Arc<Judge>, Insider),
    (admit, limits): (impl Fn(&HeaderMap) -> Caller, IcapLimits),
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let doors = Doors::within(judge, insider);
    serve(stream, doors, (admit, limits), std::future::pending()).await;
}

async fn serve<S>(
    stream: S,
    doors: Doors,
    (admit, limits): (impl Fn(&HeaderMap) -> Caller, IcapLimits),
    stop: impl Future<Output = ()>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut service = Service {
        doors,
        wire: Wire::new(stream),
        admit,
        limits,
    };
    let mut stop = pin!(stop);
    let mut is_stopping = false;
    while !is_stopping {
        let wakes = tokio::select! {
            biased;
            wakes = service.wire.wakes(limits.idle_time) => wakes,
            () = stop.as_mut() => false,
        };
        if !wakes {
            break;
        }
        // What has begun is answered, and says that it is the last.
        let served = {
            let mut serve = pin!(service.next());
            tokio::select! {
                served = serve.as_mut() => served,
                () = stop.as_mut() => {
                    is_stopping = true;
                    serve.await
                }
            }
        };
        match served {
            Ok(Then::Next) => {}
            Ok(Then::End) | Err(_) => break,
        }
    }
    service.wire.end().await;
}

/// What follows an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Another request.
    Next,
    /// Nothing.
    End,
}

struct Service<S, A> {
    doors: Doors,
    wire: Wire<S>,
    admit: A,
    limits: IcapLimits,
}

/// Its name in rows and metrics, by what is shown.
const fn name(half: Half) -> &'static str {
    match half {
        Half::Request => "icap_reqmod",
        Half::Response => "icap_respmod",
    }
}

impl<S, A> Service<S, A>
where
    S: AsyncRead + AsyncWrite + Unpin,
    A: Fn(&HeaderMap) -> Caller,
{
    /// Reads the next request and answers it.
    async fn next(&mut self) -> Result<Then, Broken> {
        let due = Instant::now() + self.limits.header_time;
        match self.answer(due).await {
            Err(Broken::Refused(refusal)) => {
                let metrics = self.doors.judge.metrics();
                metrics.refused("icap", refusal.reason());
                let frame = self.frame(true);
                self.wire.send(&frame.refusal(&refusal)).await?;
                Ok(Then::End)
            }
            other => other,
        }
    }

    async fn answer(&mut self, due: Instant) -> Result<Then, Broken> {
        let limits = HeadLimits {
            max_bytes: self.limits.max_header_bytes,
            max_headers: self.limits.max_headers,
        };
        let bytes = self.wire.head(limits.max_bytes, due).await?;
        let head = Head::read(&bytes, limits)?;
        let frame = self.frame(head.closes);
        let modify = match head.asked {
            Asked::Options(half) => {
                let answer = frame.options(half, self.limits.max_connections);
                self.wire.send(&answer).await?;
                return Ok(frame.then());
            }
            Asked::Modify(modify) => modify,
        };
        let caller = (self.admit)(&head.headers);
        let origin = match (caller.origin(), caller) {
            (Some(origin), _) => origin,
            (None, Caller::Denied(why) | Caller::Closed(why)) => {
                return Err(Refusal::Denied(why).into());
            }
            (None, Caller::Known { .. }) => return Err(Refusal::Bad("nobody calls").into()),
        };
        let judged = Judged {
            doors: &self.doors,
            origin,
            name: name(modify.half),
            client: person::client(&head.headers)?,
        };
        let exchange = Exchange {
            wire: &mut self.wire,
            judged,
            frame,
            modify,
            limits: self.limits,
            has_begun: false,
        };
        exchange.run(due).await
    }

    fn frame(&self, closes: bool) -> Frame {
        Frame {
            tag: self.doors.judge.engine().tag(),
            closes,
        }
    }
}

#[cfg(test)]
mod tests;
