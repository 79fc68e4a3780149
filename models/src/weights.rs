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
    let wrong = || WeightsError::Tensor {
        name: name.to_owned(),
        expected: format!("{sizes:?} of float16 or float32"),
    };
    let view = tensors.tensor(name).map_err(|_| wrong())?;
    let known = [(Dtype::F16, DType::F16), (Dtype::F32, DType::F32)];
    let known = known.into_iter().find(|(said, _)| *said == view.dtype());
    let (_, dtype) = known.ok_or_else(wrong)?;
    if view.shape() != sizes {
        return Err(wrong());
    }
    let tensor = Tensor::from_raw_buffer(view.data(), dtype, sizes, &Device::Cpu)?;
    let tensor = tensor.to_dtype(DType::F32)?;
    let sum = tensor.abs()?.sum_all()?.to_scalar::<f32>()?;
    if sum.is_finite() {
        Ok(tensor)
    } else {
        Err(WeightsError::NotFinite(name.to_owned()))
    }
}
