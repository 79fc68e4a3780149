//! Remembers answers, so that a retry gets the same one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::inquiry::SameQuestion;
use crate::verdict::Verdict;

/// The last answers. Bounded: of two generations, the older one is forgotten when the younger is
/// full.
#[derive(Debug)]
pub(crate) struct Answers {
    memory: Mutex<Memory>,
    per_generation: usize,
}

#[derive(Debug, Default)]
struct Memory {
    young: HashMap<SameQuestion, Arc<Verdict>>,
    old: HashMap<SameQuestion, Arc<Verdict>>,
}

impl Answers {
    /// A memory of about `count` answers.
    pub(crate) fn new(count: usize) -> Self {
        Self {
            memory: Mutex::default(),
            per_generation: count.div_ceil(2).max(1),
        }
    }

    /// The answer that was given to the same question.
    pub(crate) fn get(&self, question: &SameQuestion) -> Option<Arc<Verdict>> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let found = memory
            .young
            .get(question)
            .or_else(|| memory.old.get(question));
        found.cloned()
    }

    /// Remembers an answer.
    pub(crate) fn put(&self, question: SameQuestion, verdict: Arc<Verdict>) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.young.len() >= self.per_generation {
            memory.old = std::mem::take(&mut memory.young);
        }
        memory.young.insert(question, verdict);
    }
}
