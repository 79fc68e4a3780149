//! One question to the judge: the request, who asks, through which door, and since when.

use std::time::Instant;

use magistrate_event::{Identity, Origin};

use crate::approvals::Step;
use crate::decision::Carries;
use crate::request::Request;

/// The door that a question came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Door {
    /// Its name in rows and metrics.
    pub name: &'static str,
    /// What its protocol can carry.
    pub carries: Carries,
}

/// One question.
#[derive(Debug, Clone)]
pub struct Inquiry {
    /// What is asked.
    pub request: Request,
    /// The hash of the request's body, so that a retry is told from a new question.
    pub body_hash: [u8; 32],
    /// Who asks.
    pub origin: Origin,
    /// The door.
    pub door: Door,
    /// Which of the door's questions about the action it is.
    pub step: Step,
    /// When the request had been read: the deadline counts from here.
    pub since: Instant,
}

/// What makes a question the same one: only with its id is it ever the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SameQuestion {
    identity: Identity,
    door: &'static str,
    request_id: String,
    body_hash: [u8; 32],
}

impl Inquiry {
    /// What a retry of it would be; none for a question without an id.
    pub(crate) fn same(&self) -> Option<SameQuestion> {
        Some(SameQuestion {
            identity: self.origin.identity.clone(),
            door: self.door.name,
            request_id: self.request.request_id.clone()?,
            body_hash: self.body_hash,
        })
    }
}

#[cfg(test)]
impl Inquiry {
    /// What nobody in particular asks with the request `json`, at a door that can carry `carries`.
    pub(crate) fn asked(json: &str, carries: Carries) -> Self {
        Self {
            request: Request::read(json.as_bytes()).unwrap(),
            body_hash: *blake3::hash(json.as_bytes()).as_bytes(),
            origin: Origin {
                source: magistrate_event::Source::Judge,
                peer: None,
                identity: Identity::Anonymous,
            },
            door: Door {
                name: "test",
                carries,
            },
            step: Step::First,
            since: Instant::now(),
        }
    }
}
