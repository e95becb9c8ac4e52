//! One layer, packed for one kernel.

use alloc::format;
use alloc::string::String;

use prunella_kernels::{
    Activation, Csr, Kernels, Lanes, Line, PackError, PackedDense, PackedSpmm, PackedSpmv, Rows, RowsMut,
};

use super::plan::{BatchClass, Form};
use crate::model::Layer;

/// What runs for a layer, and on how many weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerInfo {
    /// Number of inputs.
    pub fan_in: usize,
    /// Number of outputs.
    pub fan_out: usize,
    /// Number of weights that are not zero.
    pub nnz: usize,
    /// Element type, operation, tile and instruction set: `f32-spmm-4x32-avx512`.
    pub kernel: String,
    /// Bytes of the packed weights and bias.
    pub bytes: usize,
}

#[derive(Clone, Debug)]
enum Packed {
    Dense(PackedDense),
    Spmm(PackedSpmm),
    Spmv(PackedSpmv),
}

#[derive(Clone, Debug)]
pub(crate) struct CompiledLayer {
    packed: Packed,
    pub(crate) activation: Activation,
    nnz: usize,
    pub(crate) fan_in: usize,
    pub(crate) fan_out: usize,
}

impl CompiledLayer {
    pub(crate) fn new(
        layer: &Layer,
        form: Form,
        class: BatchClass,
        kernels: Kernels,
    ) -> Result<Self, PackError> {
        let (fan_in, bias) = (layer.fan_in(), layer.bias());
        let packed = match form {
            Form::Dense => {
                let lanes = if class == BatchClass::Many { Lanes::Batch } else { Lanes::Outputs };
                Packed::Dense(PackedDense::new(kernels.isa(), lanes, fan_in, layer.weight(), bias)?)
            }
            Form::Csr { block_columns } => {
                let csr = Csr::from_dense(layer.weight(), fan_in);
                match class {
                    BatchClass::One => Packed::Spmv(PackedSpmv::new(csr.view(), bias, block_columns)?),
                    _ => Packed::Spmm(PackedSpmm::new(csr.view(), bias, block_columns)?),
                }
            }
        };
        let (nnz, fan_out) = (layer.nnz(), layer.fan_out());
        Ok(CompiledLayer { packed, activation: layer.activation(), nnz, fan_in, fan_out })
    }

    /// `x` `[fan_in]` to `y` `[fan_out]`, in whole lines; `activation` is the layer's own, but for those who time it.
    pub(crate) fn run_vector(&self, kernels: Kernels, activation: Activation, x: &[f32], y: &mut [Line]) {
        match &self.packed {
            Packed::Dense(w) => kernels.gemv(w, x, activation, y),
            Packed::Spmv(w) => kernels.spmv(w, x, activation, y),
            Packed::Spmm(_) => unreachable!("a layer is compiled for the class of its engine"),
        }
    }

    /// The panel `x` `[fan_in, batch]` to the panel `y` `[fan_out, batch]`; `rows` has room for `[batch, fan_out]`.
    pub(crate) fn run_panel(
        &self,
        kernels: Kernels,
        activation: Activation,
        x: Rows<'_>,
        y: &mut RowsMut<'_>,
        rows: &mut [Line],
    ) {
        match &self.packed {
            Packed::Dense(w) if w.lanes() == Lanes::Batch => kernels.gemm(w, x, activation, y),
            Packed::Dense(w) => {
                let mut rows = RowsMut::new(rows, x.cols(), self.fan_out);
                kernels.gemm(w, x, activation, &mut rows);
                kernels.transpose(rows.as_rows(), y);
            }
            Packed::Spmm(w) => kernels.spmm(w, x, activation, y),
            Packed::Spmv(_) => unreachable!("a layer is compiled for the class of its engine"),
        }
    }

    /// Multiply-adds for one example.
    #[cfg(feature = "std")]
    pub(crate) fn multiply_adds(&self) -> usize {
        match self.packed {
            Packed::Dense(_) => self.fan_in * self.fan_out,
            Packed::Spmm(_) | Packed::Spmv(_) => self.nnz,
        }
    }

    pub(crate) fn info(&self, kernels: Kernels, class: BatchClass) -> LayerInfo {
        let isa = kernels.isa();
        // A register tile with the batch in the lanes is two registers wide.
        let wide = 2 * kernels.register_lanes();
        let (kernel, bytes) = match &self.packed {
            Packed::Dense(w) => match w.lanes() {
                Lanes::Batch => (format!("f32-gemm-{}x{wide}-{isa}", kernels.tile_rows()), w.bytes()),
                Lanes::Outputs => {
                    let operation = if class == BatchClass::One { "gemv" } else { "gemm" };
                    (format!("f32-{operation}-{}-{isa}", PackedDense::BLOCK_OUTPUTS), w.bytes())
                }
            },
            Packed::Spmm(w) => (format!("f32-spmm-{}x{wide}-{isa}", PackedSpmm::GROUP_ROWS), w.bytes()),
            Packed::Spmv(w) => (format!("f32-spmv-{}-{isa}", PackedSpmv::GROUP_ROWS), w.bytes()),
        };
        LayerInfo { fan_in: self.fan_in, fan_out: self.fan_out, nnz: self.nnz, kernel, bytes }
    }
}
