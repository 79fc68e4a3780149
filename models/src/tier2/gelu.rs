//! The exact GELU, `x · Φ(x)`, in a form that the compiler turns into vector instructions.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

/// `x · Φ(x)` for each number of a contiguous float32 tensor.
pub(super) fn gelu(x: &Tensor) -> Result<Tensor> {
    x.apply_op1_no_bwd(&Gelu)
}

struct Gelu;

impl CustomOp1 for Gelu {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let numbers = storage.as_slice::<f32>()?;
        let here = layout
            .contiguous_offsets()
            .and_then(|(start, end)| numbers.get(start..end));
        let here = here.ok_or_else(|| candle_core::Error::msg("gelu of a strided tensor"))?;
        let made = here
            .iter()
            .map(|&x| 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)));
        Ok((CpuStorage::F32(made.collect()), layout.shape().clone()))
    }
}

/// The error function as a quotient of polynomials, off by some units in the last place: the one
/// of Eigen (`generic_fast_erf_float`), which needs neither a branch nor an exponential.
#[inline]
fn erf(x: f32) -> f32 {
    const ABOVE: [f32; 7] = [
        -2.726_142_3e-10,
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ];
    const BELOW: [f32; 5] = [
        -1.456_607_2e-5,
        -2.133_740_6e-4,
        -1.682_827e-3,
        -7.373_329e-3,
        -1.426_473_9e-2,
    ];
    // Beyond this it is 1 in float32.
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let above = ABOVE.iter().fold(0.0, |sum, part| sum * square + part);
    let below = BELOW.iter().fold(0.0, |sum, part| sum * square + part);
    x * above / below
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn it_is_that_of_the_library() {
        let numbers: Vec<f32> = (-9_000..9_000)
            .map(|number| number as f32 / 1_000.0)
            .collect();
        let x = Tensor::new(numbers.as_slice(), &Device::Cpu).unwrap();
        let ours = gelu(&x).unwrap().to_vec1::<f32>().unwrap();
        let exact = x.gelu_erf().unwrap().to_vec1::<f32>().unwrap();
        for ((ours, exact), x) in ours.iter().zip(&exact).zip(numbers) {
            assert!(
                (ours - exact).abs() <= 2e-6 * (1.0 + x.abs()),
                "{x}: {ours} for {exact}"
            );
        }
        assert!(gelu(&x.reshape((2, 9_000)).unwrap().t().unwrap()).is_err());
    }
}
