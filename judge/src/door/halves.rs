//! HTTP exchanges that pass with their bodies: how their two halves, the request and the response, are
//! judged. Whatever protocol shows them, they are judged alike.

pub(super) mod events;
pub(super) mod judged;
pub(super) mod kind;
pub(super) mod pace;
pub(super) mod subject;

use std::time::Duration;

/// Which half of an exchange a message tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Request,
    Response,
}

/// How long a body may take that is held back until it is there whole: others need the memory.
pub(super) const HELD_TIME: Duration = Duration::from_secs(60);
