//! Somebody inside the process who comes by the doors: it signs hooks with keys of its own, and hears each
//! verdict on what it asks, which not every answer tells.

use std::sync::{Arc, Mutex, PoisonError};

use crate::signed::Signed;
use crate::verdict::Verdict;

/// Who signs, and what was heard. Clones are one.
#[derive(Clone)]
pub struct Insider {
    signed: Arc<Signed>,
    heard: Arc<Mutex<Vec<Arc<Verdict>>>>,
}

impl Insider {
    /// Nothing was heard yet; only the keys of `signed` count at the doors.
    pub fn new(signed: Arc<Signed>) -> Self {
        Self {
            signed,
            heard: Arc::default(),
        }
    }

    /// The verdicts since the last call, in their order.
    pub fn take_heard(&self) -> Vec<Arc<Verdict>> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whose keys count.
    pub(super) const fn signed(&self) -> &Arc<Signed> {
        &self.signed
    }

    /// Remembers a verdict until it is taken.
    pub(super) fn hears(&self, verdict: &Arc<Verdict>) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push(Arc::clone(verdict));
    }
}
