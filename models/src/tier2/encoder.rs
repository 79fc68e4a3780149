//! A BERT of any depth and width with a pooling that can see one bad sentence; the definition is
//! `models/training/encoder.py`.
//!
//! One window at a time, without padding: T tokens, H wide.

use candle_core::{D, DType, Result, Tensor};
use candle_nn::ops::{layer_norm, softmax_last_dim};
use safetensors::SafeTensors;
use serde::Deserialize;

use super::gelu::gelu;
use super::kernel::{Kernel, Linear};
use crate::weights::{WeightsError, as_written, numbers};

/// Values of an attention head.
const HEAD_WIDTH: usize = 32;
/// Benign, injection, jailbreak.
const LABELS: usize = 3;
const EPSILON: f32 = 1e-12;
/// No model of ours is larger; sizes that a file claims are not believed beyond.
const MAX_SIZE: usize = 1 << 17;
const MAX_LAYERS: usize = 24;

/// The sizes of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape {
    pub(super) vocabulary: usize,
    layers: usize,
    width: usize,
    heads: usize,
    inner: usize,
    places: usize,
}

/// The whole model.
#[derive(Debug)]
pub(super) struct Encoder {
    /// As the file has them: half of the memory, and a window needs few rows.
    words: Tensor,
    positions: Tensor,
    norm_words: Norm,
    layers: Vec<Layer>,
    look: Tensor,
    head: Linear,
}

#[derive(Debug)]
struct Norm {
    weight: Tensor,
    bias: Tensor,
}

#[derive(Debug)]
struct Layer {
    heads: usize,
    /// Queries, keys and values, one beside the other; the queries scaled, so that products of two
    /// heads stay near 1.
    looks: Linear,
    out: Linear,
    norm_attention: Norm,
    up: Linear,
    down: Linear,
    norm: Norm,
}

/// Reads named parts of a file.
struct Source<'a, 'b> {
    tensors: &'a SafeTensors<'b>,
    kernel: Kernel,
}

impl Shape {
    /// Whether a model of this shape can be.
    fn is_sound(self) -> bool {
        let sizes = [self.vocabulary, self.width, self.inner, self.places];
        sizes.iter().all(|size| (1..=MAX_SIZE).contains(size))
            && (1..=MAX_LAYERS).contains(&self.layers)
            && (1..=self.width).contains(&self.heads)
    }
}

impl Encoder {
    pub(super) fn read(
        tensors: &SafeTensors<'_>,
        shape: Shape,
        kernel: Kernel,
    ) -> std::result::Result<Self, WeightsError> {
        if !shape.is_sound() {
            return Err(WeightsError::Shape);
        }
        let source = Source { tensors, kernel };
        let width = shape.width;
        let layers = (0..shape.layers).map(|number| source.layer(number, shape));
        Ok(Self {
            words: as_written(tensors, "words.weight", &[shape.vocabulary, width])?,
            positions: numbers(tensors, "positions.weight", &[shape.places, width])?,
            norm_words: source.norm("norm_words", width)?,
            layers: layers.collect::<std::result::Result<_, _>>()?,
            look: numbers(tensors, "look", &[width])?.reshape((width, 1))?,
            // Its few rows are no work.
            head: Source {
                kernel: Kernel::Float32,
                ..source
            }
            .linear("head", 2 * width, LABELS)?,
        })
    }

    /// The logits of a window with the token ids `ids` (T).
    pub(super) fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        self.head.forward(&self.features(ids)?)?.flatten_all()
    }

    /// What the head sees of a window (1, 2H).
    pub(super) fn features(&self, ids: &Tensor) -> Result<Tensor> {
        let words = self.words.index_select(ids, 0)?.to_dtype(DType::F32)?;
        let positions = self.positions.narrow(0, 0, ids.elem_count())?;
        let mut x = self.norm_words.forward(&(words + positions)?)?;
        for layer in &self.layers {
            x = layer.forward(&x)?;
        }
        self.pooled(&x)
    }

    /// The mean of all tokens beside a mean that looks where it matters.
    fn pooled(&self, x: &Tensor) -> Result<Tensor> {
        let mean = x.mean_keepdim(0)?;
        let look = softmax_last_dim(&x.matmul(&self.look)?.t()?.contiguous()?)?;
        let seen = look.matmul(x)?;
        Tensor::cat(&[mean, seen], 1)
    }

    /// The head's weights, a row for each label, and its biases.
    pub(super) fn head(&self) -> Result<(Vec<Vec<f32>>, Vec<f32>)> {
        self.head.numbers()
    }
}

impl Layer {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let seen = self.out.forward(&self.attended(x)?)?;
        let x = self.norm_attention.forward(&(x + seen)?)?;
        let inner = gelu(&self.up.forward(&x)?)?;
        self.norm.forward(&(&x + self.down.forward(&inner)?)?)
    }

    /// What each token takes from the others.
    fn attended(&self, x: &Tensor) -> Result<Tensor> {
        let tokens = x.dim(0)?;
        // (3 · heads, T, 32)
        let looks = self.looks.forward(x)?;
        let looks = looks.reshape((tokens, 3 * self.heads, HEAD_WIDTH))?;
        let looks = looks.transpose(0, 1)?.contiguous()?;
        let part = |number| looks.narrow(0, number * self.heads, self.heads);
        let (query, key, value) = (part(0)?, part(1)?, part(2)?);
        let look = query.matmul(&key.transpose(D::Minus1, D::Minus2)?.contiguous()?)?;
        let seen = softmax_last_dim(&look)?.matmul(&value)?;
        seen.transpose(0, 1)?
            .contiguous()?
            .reshape((tokens, self.heads * HEAD_WIDTH))
    }
}

impl Norm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        layer_norm(x, &self.weight, &self.bias, EPSILON)
    }
}

impl Source<'_, '_> {
    fn layer(&self, number: usize, shape: Shape) -> std::result::Result<Layer, WeightsError> {
        let name = |part: &str| format!("layers.{number}.{part}");
        let (width, attended) = (shape.width, shape.heads * HEAD_WIDTH);
        Ok(Layer {
            heads: shape.heads,
            looks: self.looks(&name, width, attended)?,
            out: self.linear(&name("out"), attended, width)?,
            norm_attention: self.norm(&name("norm_attention"), width)?,
            up: self.linear(&name("up"), width, shape.inner)?,
            down: self.linear(&name("down"), shape.inner, width)?,
            norm: self.norm(&name("norm"), width)?,
        })
    }

    fn linear(
        &self,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> std::result::Result<Linear, WeightsError> {
        let (weight, bias) = self.matrix(name, inputs, outputs)?;
        Ok(Linear::new(&weight, bias, self.kernel)?)
    }

    fn looks(
        &self,
        name: &impl Fn(&str) -> String,
        inputs: usize,
        outputs: usize,
    ) -> std::result::Result<Linear, WeightsError> {
        let (query, query_bias) = self.matrix(&name("query"), inputs, outputs)?;
        let (key, key_bias) = self.matrix(&name("key"), inputs, outputs)?;
        let (value, value_bias) = self.matrix(&name("value"), inputs, outputs)?;
        let scale = (HEAD_WIDTH as f64).powf(-0.5);
        let weight = Tensor::cat(&[(query * scale)?, key, value], 0)?;
        let bias = Tensor::cat(&[(query_bias * scale)?, key_bias, value_bias], 0)?;
        Ok(Linear::new(&weight, bias, self.kernel)?)
    }

    fn matrix(
        &self,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> std::result::Result<(Tensor, Tensor), WeightsError> {
        let weight = numbers(self.tensors, &format!("{name}.weight"), &[outputs, inputs])?;
        let bias = numbers(self.tensors, &format!("{name}.bias"), &[outputs])?;
        Ok((weight, bias))
    }

    fn norm(&self, name: &str, width: usize) -> std::result::Result<Norm, WeightsError> {
        Ok(Norm {
            weight: numbers(self.tensors, &format!("{name}.weight"), &[width])?,
            bias: numbers(self.tensors, &format!("{name}.bias"), &[width])?,
        })
    }
}

#[cfg(test)]
impl Encoder {
    /// How many of the layers' matrices are kept in int8 blocks.
    pub(super) fn q8_matrices(&self) -> usize {
        let matrices = self
            .layers
            .iter()
            .flat_map(|layer| [&layer.looks, &layer.out, &layer.up, &layer.down]);
        matrices.filter(|matrix| matrix.is_q8()).count()
    }
}
