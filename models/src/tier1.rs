//! Tier 1: a linear model over hashed n-grams, tens of microseconds a text. Its job is to send only
//! doubtful text on to the next tier.

mod features;
mod words;

use std::ops::Range;

use safetensors::{Dtype, SafeTensors};

use crate::prepare::Prepared;
use crate::weights::{WeightsError, bytes};
use features::{SLOTS, Slots};
use words::{Word, words};

/// Words that a window holds, and how far apart windows begin.
const WINDOW_WORDS: usize = 48;
const STEP_WORDS: usize = 24;
/// A window is so many steps.
const WINDOW_STEPS: usize = WINDOW_WORDS / STEP_WORDS;

/// The weights of every slot.
#[derive(Debug)]
pub struct Tier1 {
    weights: Box<[i8; SLOTS]>,
    scale: f64,
    bias: f64,
}

/// The stretch of a text that looks most like an attack.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Log odds that it is one, not calibrated.
    pub logit: f64,
    /// Where it stands in the prepared text, in bytes.
    pub range: Range<usize>,
}

/// What the slots of some words add up to.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    weights: i64,
    slots: u32,
}

impl Tier1 {
    /// Reads the weights out of a safetensors file: `weights` (int8), `scale` and `bias` (float32).
    ///
    /// # Errors
    /// When something is missing, of another size, or no finite number.
    pub fn read(file: &[u8]) -> Result<Self, WeightsError> {
        let tensors = SafeTensors::deserialize(file).map_err(WeightsError::Container)?;
        let number = |name| {
            let numbers = bytes(&tensors, name, Dtype::F32)?;
            let number = f32::from_le_bytes(*numbers.first_chunk()?);
            (numbers.len() == 4 && number.is_finite()).then(|| f64::from(number))
        };
        let missing = |name: &str, expected: &str| WeightsError::Tensor {
            name: name.to_owned(),
            expected: expected.to_owned(),
        };
        // Never on the stack, which may be smaller.
        let weights = bytes(&tensors, "weights", Dtype::I8).unwrap_or_default();
        let weights: Box<[i8]> = weights.iter().map(|byte| byte.cast_signed()).collect();
        let weights = weights.try_into();
        Ok(Self {
            weights: weights.map_err(|_| missing("weights", "262,144 of int8"))?,
            scale: number("scale").ok_or_else(|| missing("scale", "one finite float32"))?,
            bias: number("bias").ok_or_else(|| missing("bias", "one finite float32"))?,
        })
    }

    /// The worst window of a text; `None` where it has no words. However long the text is, each
    /// window is looked at by itself, so that nothing dilutes it.
    pub fn worst(&self, text: &Prepared) -> Option<Window> {
        let mut worst: Option<Window> = None;
        self.each_window(text.text(), |window| {
            if worst
                .as_ref()
                .is_none_or(|worst| worst.logit < window.logit)
            {
                worst = Some(window);
            }
        });
        worst
    }

    fn each_window(&self, text: &str, mut visit: impl FnMut(Window)) {
        let lowered = text.to_ascii_lowercase();
        let words = words(lowered.as_bytes());
        let mut slots = Slots::default();
        let steps: Vec<(&[Word], Sum)> = words
            .chunks(STEP_WORDS)
            .map(|words| (words, self.sum(words, lowered.as_bytes(), &mut slots)))
            .collect();
        // The last steps are a part of the window before.
        let count = steps.len().saturating_sub(WINDOW_STEPS - 1).max(1);
        for start in 0..count {
            let end = steps.len().min(start + WINDOW_STEPS);
            let steps = steps.get(start..end).unwrap_or_default().iter();
            let first = steps.clone().next().and_then(|(words, _)| words.first());
            let last = steps
                .clone()
                .next_back()
                .and_then(|(words, _)| words.last());
            if let (Some(first), Some(last)) = (first, last) {
                let sum = steps.fold(Sum::default(), |sum, (_, step)| sum.with(*step));
                visit(Window {
                    logit: self.logit(sum),
                    range: first.range.start..last.range.end,
                });
            }
        }
    }

    fn sum(&self, words: &[Word], text: &[u8], slots: &mut Slots) -> Sum {
        let mut sum = Sum::default();
        for word in words {
            slots.each(word, text, |slot| {
                let weight = self.weights.get(slot).copied().unwrap_or(0);
                sum.weights += i64::from(weight);
                sum.slots += 1;
            });
        }
        sum
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a window's weights add up to far less than 2^52"
    )]
    fn logit(&self, sum: Sum) -> f64 {
        sum.weights as f64 * self.scale / f64::from(sum.slots.max(1)).sqrt() + self.bias
    }
}

impl Sum {
    const fn with(self, other: Self) -> Self {
        Self {
            weights: self.weights + other.weights,
            slots: self.slots + other.slots,
        }
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
