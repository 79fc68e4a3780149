//! Reads tensors out of safetensors files, and says what is wrong with them.

use candle_core::{DType, Device, Tensor};
use safetensors::{Dtype, SafeTensors};

/// Why weights cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file is no safetensors file.
    #[error("weights are not a safetensors file")]
    Container(#[source] safetensors::SafeTensorError),
    /// Its metadata do not tell the model's sizes.
    #[error(
        "weights do not tell the model's sizes: `shape` in the metadata is missing or unreadable"
    )]
    Shape,
    /// A tensor is missing or is not what the model has.
    #[error("tensor `{name}` is missing, or of another type or size: expected {expected}")]
    Tensor {
        /// Its name.
        name: String,
        /// Type and size.
        expected: String,
    },
    /// A tensor holds something that is no finite number.
    #[error("tensor `{0}` holds something that is no finite number")]
    NotFinite(String),
    /// The tokenizer cannot be read, or is not this model's.
    #[error("tokenizer cannot be used: {0}")]
    Tokenizer(String),
    /// The trees of the scope model cannot be read.
    #[error("trees cannot be used: {0}")]
    Trees(String),
    /// The library failed.
    #[error("weights cannot be read")]
    Library(#[from] candle_core::Error),
}

/// The bytes of a tensor of this type.
pub(crate) fn bytes<'a>(tensors: &SafeTensors<'a>, name: &str, dtype: Dtype) -> Option<&'a [u8]> {
    let tensor = tensors.tensor(name).ok()?;
    (tensor.dtype() == dtype).then(|| tensor.data())
}

/// A float16 or float32 tensor of exactly `sizes`, as float32.
///
/// # Errors
/// When it is missing, of another size, or holds something that is no finite number.
pub(crate) fn numbers(
    tensors: &SafeTensors<'_>,
    name: &str,
    sizes: &[usize],
) -> Result<Tensor, WeightsError> {
    Ok(as_written(tensors, name, sizes)?.to_dtype(DType::F32)?)
}

/// A float16 or float32 tensor of exactly `sizes`, as the file has it.
///
/// # Errors
/// When it is missing, of another size, or holds something that is no finite number.
pub(crate) fn as_written(
    tensors: &SafeTensors<'_>,
    name: &str,
    sizes: &[usize],
) -> Result<Tensor, WeightsError> {
    let wrong = || WeightsError::Tensor {
        name: name.to_owned(),
        expected: format!("{sizes:?} of float16 or float32"),
    };
    let view = tensors.tensor(name).map_err(|_| wrong())?;
    let known = [
        (Dtype::F16, DType::F16, are_finite_16 as Check),
        (Dtype::F32, DType::F32, are_finite_32),
    ];
    let known = known.into_iter().find(|(said, ..)| *said == view.dtype());
    let (_, dtype, are_finite) = known.ok_or_else(wrong)?;
    if view.shape() != sizes {
        return Err(wrong());
    }
    if !are_finite(view.data()) {
        return Err(WeightsError::NotFinite(name.to_owned()));
    }
    Ok(Tensor::from_raw_buffer(
        view.data(),
        dtype,
        sizes,
        &Device::Cpu,
    )?)
}

/// Whether the numbers that the bytes are are all finite.
type Check = fn(&[u8]) -> bool;

/// IEEE 754: what has all bits of the exponent set is infinite or no number.
fn are_finite_16(bytes: &[u8]) -> bool {
    const EXPONENT: u16 = 0x7c00;
    let (numbers, _) = bytes.as_chunks();
    let mut bits = numbers.iter().map(|number| u16::from_le_bytes(*number));
    bits.all(|bits| bits & EXPONENT != EXPONENT)
}

fn are_finite_32(bytes: &[u8]) -> bool {
    let (numbers, _) = bytes.as_chunks();
    let mut numbers = numbers.iter().map(|number| f32::from_le_bytes(*number));
    numbers.all(f32::is_finite)
}
