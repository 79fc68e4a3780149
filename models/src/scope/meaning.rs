//! How alike two texts are in meaning, by a table of word vectors (`models/training/meanings.py`).

use std::sync::Arc;

use safetensors::{Dtype, SafeTensors};

use crate::vocabulary::Vocabulary;
use crate::weights::{WeightsError, bytes};

const WIDTH: usize = 64;
/// No more of a text is looked at.
const MAX_TOKENS: usize = 256;

/// A vector for each token.
#[derive(Debug)]
pub(super) struct Meaning {
    vocabulary: Arc<Vocabulary>,
    numbers: Vec<[i8; WIDTH]>,
    scale: Vec<f32>,
}

/// What a text means: the sum of its tokens' vectors, of length 1, or nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vector([f32; WIDTH]);

impl Meaning {
    /// Reads `numbers` (int8, a row of 64 a token) and `scale` (float32, one a token).
    pub(super) fn read(file: &[u8], vocabulary: &Arc<Vocabulary>) -> Result<Self, WeightsError> {
        let tensors = SafeTensors::deserialize(file).map_err(WeightsError::Container)?;
        let wrong = |name: &str, expected: &str| WeightsError::Tensor {
            name: name.to_owned(),
            expected: expected.to_owned(),
        };
        let numbers = bytes(&tensors, "numbers", Dtype::I8).map(<[u8]>::as_chunks);
        let rows = match numbers {
            Some((rows, [])) if !rows.is_empty() => rows,
            Some(_) | None => return Err(wrong("numbers", "rows of 64 int8")),
        };
        let scale = bytes(&tensors, "scale", Dtype::F32).map(<[u8]>::as_chunks);
        let scale: Vec<f32> = match scale {
            Some((scale, [])) => scale
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect(),
            Some(_) | None => return Err(wrong("scale", "float32, one a row")),
        };
        if scale.len() != rows.len() {
            return Err(wrong("scale", "float32, one a row"));
        }
        if !scale.iter().all(|scale| scale.is_finite()) {
            return Err(WeightsError::NotFinite("scale".to_owned()));
        }
        Ok(Self {
            vocabulary: Arc::clone(vocabulary),
            numbers: rows.iter().map(|row| row.map(u8::cast_signed)).collect(),
            scale,
        })
    }

    /// The vector of a text.
    pub(super) fn of(&self, text: &str) -> Vector {
        let mut sum = [0.0; WIDTH];
        self.vocabulary.each(text, MAX_TOKENS, |id| {
            let row = usize::try_from(id).unwrap_or(usize::MAX);
            if let (Some(row), Some(scale)) = (self.numbers.get(row), self.scale.get(row)) {
                for (sum, number) in sum.iter_mut().zip(row) {
                    *sum += f32::from(*number) * scale;
                }
            }
        });
        let size = sum.iter().map(|number| number * number).sum::<f32>().sqrt();
        if size > 0.0 {
            sum.iter_mut().for_each(|number| *number /= size);
        }
        Vector(sum)
    }
}

impl Vector {
    /// The cosine of the two; 0 where one has no tokens.
    pub(super) fn alike(&self, other: &Self) -> f64 {
        let products = self.0.iter().zip(&other.0).map(|(one, other)| one * other);
        f64::from(products.sum::<f32>())
    }
}
