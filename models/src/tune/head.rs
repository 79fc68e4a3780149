//! The head of tier 2: a row of weights for each label, over what the encoder makes of a window.

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer as _, ParamsAdamW};
use candle_nn::{loss, ops};

use crate::tier2::Logits;

/// Steps of the optimiser, and how far one goes.
const STEPS: usize = 200;
const RATE: f64 = 2e-3;
/// What moving away from the head of before costs, beside the mean loss of a row.
const PULL: f64 = 3.0;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// Nothing of the kind.
    Benign,
    /// It gives orders that are not the user's.
    Injection,
    /// It talks a model out of its rules.
    Jailbreak,
}

/// Weights (label by label) and biases.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    pub(crate) weight: Vec<Vec<f32>>,
    pub(crate) bias: Vec<f32>,
}

impl Label {
    /// Whether it is an attack of either kind.
    pub const fn is_attack(self) -> bool {
        match self {
            Self::Benign => false,
            Self::Injection | Self::Jailbreak => true,
        }
    }

    /// Its place among the head's rows.
    const fn number(self) -> u32 {
        match self {
            Self::Benign => 0,
            Self::Injection => 1,
            Self::Jailbreak => 2,
        }
    }
}

impl Head {
    /// The log odds of an attack.
    pub(super) fn odds(&self, features: &[f32]) -> f32 {
        let mut rows = self.weight.iter().zip(&self.bias).map(|(row, bias)| {
            let products = row.iter().zip(features).map(|(one, other)| one * other);
            products.sum::<f32>() + bias
        });
        let mut next = || rows.next().unwrap_or_default();
        Logits {
            benign: next(),
            injection: next(),
            jailbreak: next(),
        }
        .odds()
    }

    /// The window with the highest odds.
    pub(super) fn worst<'a>(&self, windows: &'a [Vec<f32>]) -> Option<&'a [f32]> {
        let odds = windows.iter().map(|one| (self.odds(one), one));
        let worst = odds.max_by(|one, other| one.0.total_cmp(&other.0));
        worst.map(|(_, features)| features.as_slice())
    }

    /// A head near this one that fits the rows; both sides weigh the same, however many rows they have.
    pub(super) fn fitted(&self, rows: &[(&[f32], Label)]) -> candle_core::Result<Self> {
        let device = Device::Cpu;
        let width = self.weight.first().map_or(0, Vec::len);
        let features: Vec<f32> = rows
            .iter()
            .flat_map(|(row, _)| row.iter().copied())
            .collect();
        let features = Tensor::from_vec(features, (rows.len(), width), &device)?;
        let labels: Vec<u32> = rows.iter().map(|(_, label)| label.number()).collect();
        let labels = Tensor::from_vec(labels, rows.len(), &device)?.unsqueeze(1)?;
        let weights = Tensor::from_vec(balance(rows), (rows.len(), 1), &device)?;
        let old = Tensor::from_vec(self.weight.concat(), (self.weight.len(), width), &device)?;
        let weight = Var::from_tensor(&old)?;
        let bias = Var::from_tensor(&Tensor::new(self.bias.as_slice(), &device)?)?;
        let settings = ParamsAdamW {
            lr: RATE,
            weight_decay: 0.0,
            ..ParamsAdamW::default()
        };
        let mut adam = AdamW::new(vec![weight.clone(), bias.clone()], settings)?;
        for _ in 0..STEPS {
            let logits = features.matmul(&weight.t()?)?.broadcast_add(&bias)?;
            let sure = ops::log_softmax(&logits, 1)?.gather(&labels, 1)?;
            let fit = (sure * &weights)?.sum_all()?.neg()?;
            let moved = loss::mse(&weight, &old)?;
            adam.backward_step(&(fit + (moved * PULL)?)?)?;
        }
        Ok(Self {
            weight: weight.to_dtype(DType::F32)?.to_vec2()?,
            bias: bias.to_vec1()?,
        })
    }
}

/// What each row weighs; all rows together weigh 1.
#[expect(clippy::cast_precision_loss, reason = "rows are far fewer than 2^24")]
fn balance(rows: &[(&[f32], Label)]) -> Vec<f32> {
    let attacks = rows.iter().filter(|(_, label)| label.is_attack()).count();
    let harmless = rows.len() - attacks;
    let share = |count: usize| 0.5 / count.max(1) as f32;
    let weights = rows.iter().map(|(_, label)| {
        if label.is_attack() {
            share(attacks)
        } else {
            share(harmless)
        }
    });
    weights.collect()
}
