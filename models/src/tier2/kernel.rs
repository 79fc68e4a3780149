//! One matrix of the encoder: as float32, or as int8 blocks where the processor is fast at them.

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{D, DType, Module, Result, Tensor};

/// How matrices are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// As they are.
    Float32,
    /// In blocks of int8 (Q8_0), where the outputs allow candle's packed kernels.
    Q8,
}

/// The packed kernels need rows of whole blocks, and so many columns at a time.
///
/// Rows of less are filled up with zeros: of 384 inputs a third of the work is for nothing, and it
/// still takes half of float32's time.
const Q8_ROWS: usize = 256;
const Q8_COLUMNS: usize = 16;

impl Kernel {
    /// What is fastest on this processor: int8 needs AVX-512 VNNI, else candle's old block kernel
    /// runs, which is seven to ten times slower than float32.
    pub fn fastest() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vl") {
            return Self::Q8;
        }
        Self::Float32
    }

    /// What a matrix with `outputs` rows is kept as.
    pub(super) const fn of_matrix(self, outputs: usize) -> Self {
        match self {
            Self::Q8 if outputs.is_multiple_of(Q8_COLUMNS) => Self::Q8,
            Self::Q8 | Self::Float32 => Self::Float32,
        }
    }
}

/// `x · weightᵀ + bias`.
#[derive(Debug)]
pub(super) struct Linear {
    weight: Weight,
    bias: Tensor,
}

#[derive(Debug)]
enum Weight {
    /// Inputs down, outputs across.
    Float32(Tensor),
    Q8 {
        /// With zeros behind the inputs.
        matrix: QMatMul,
        inputs: usize,
        zeros: usize,
    },
}

impl Linear {
    /// Takes a weight with outputs down and inputs across, as PyTorch has it.
    pub(super) fn new(weight: &Tensor, bias: Tensor, kernel: Kernel) -> Result<Self> {
        let (outputs, inputs) = weight.dims2()?;
        let weight = match kernel.of_matrix(outputs) {
            Kernel::Float32 => Weight::Float32(weight.t()?.contiguous()?),
            Kernel::Q8 => {
                let zeros = inputs.next_multiple_of(Q8_ROWS) - inputs;
                let filled = weight.pad_with_zeros(D::Minus1, 0, zeros)?;
                let quantized = QTensor::quantize(&filled, GgmlDType::Q8_0)?;
                Weight::Q8 {
                    matrix: QMatMul::from_qtensor(quantized)?,
                    inputs,
                    zeros,
                }
            }
        };
        Ok(Self { weight, bias })
    }

    /// `x` has a token a row.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let product = match &self.weight {
            Weight::Float32(weight) => x.matmul(weight)?,
            Weight::Q8 { matrix, zeros, .. } => {
                matrix.forward(&x.pad_with_zeros(D::Minus1, 0, *zeros)?)?
            }
        };
        product.broadcast_add(&self.bias)
    }

    /// The weight, a row for each output, and the bias.
    pub(super) fn numbers(&self) -> Result<(Vec<Vec<f32>>, Vec<f32>)> {
        let weight = match &self.weight {
            Weight::Float32(weight) => weight.t()?.to_vec2()?,
            Weight::Q8 { matrix, inputs, .. } => {
                let filled = matrix.dequantize_f16()?.to_dtype(DType::F32)?;
                filled.narrow(D::Minus1, 0, *inputs)?.to_vec2()?
            }
        };
        Ok((weight, self.bias.to_vec1()?))
    }

    /// Whether the weight is kept in int8 blocks.
    #[cfg(test)]
    pub(super) const fn is_q8(&self) -> bool {
        matches!(self.weight, Weight::Q8 { .. })
    }
}
