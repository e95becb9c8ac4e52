//! One layer, packed for one kernel.

use alloc::format;
use alloc::string::String;

use prunella_kernels::{
    Activation, Csr, Kernels, Lanes, Line, NonzeroInputs, PackError, PackedCsrByInput, PackedDense,
    PackedDenseByInput, PackedSpmm, PackedSpmv, PackedWindows, Rows, RowsMut,
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
    /// Element type, operation, tile and instruction set: `f32-spmm-8x32-avx512`.
    pub kernel: String,
    /// Bytes of the packed weights and bias.
    pub bytes: usize,
}

#[derive(Clone, Debug)]
enum Packed {
    Dense(PackedDense),
    Spmm(PackedSpmm),
    Spmv(PackedSpmv),
    Windows(PackedWindows),
    DenseByInput(PackedDenseByInput),
    CsrByInput(PackedCsrByInput),
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
    /// `after_panel` says whether its batch arrives in a panel. Turning rows into panels for a dense layer does not pay, not even
    /// where its outputs fill their registers badly: 784x10 at batch 64 takes 9 us in rows and 13 in panels (Zen 5).
    pub(crate) fn new(
        layer: &Layer,
        form: Form,
        class: BatchClass,
        after_panel: bool,
        kernels: Kernels,
    ) -> Result<Self, PackError> {
        let (fan_in, bias) = (layer.fan_in(), layer.bias());
        let packed = match form {
            Form::Dense => {
                let lanes =
                    if after_panel && class == BatchClass::Many { Lanes::Batch } else { Lanes::Outputs };
                Packed::Dense(PackedDense::new(kernels.isa(), lanes, fan_in, layer.weight(), bias)?)
            }
            Form::Csr { block_columns } => {
                let csr = Csr::from_dense(layer.weight(), fan_in);
                match class {
                    BatchClass::One => Packed::Spmv(PackedSpmv::new(csr.view(), bias, block_columns)?),
                    _ => Packed::Spmm(PackedSpmm::new(kernels.isa(), csr.view(), bias, block_columns)?),
                }
            }
            Form::Window | Form::WideWindow => {
                let csr = Csr::from_dense(layer.weight(), fan_in);
                let pack = if form == Form::Window { PackedWindows::new } else { PackedWindows::wide };
                Packed::Windows(pack(kernels.isa(), csr.view(), bias)?)
            }
            Form::DenseSparseInput => {
                Packed::DenseByInput(PackedDenseByInput::new(kernels.isa(), fan_in, layer.weight(), bias)?)
            }
            Form::CsrSparseInput => {
                let csr = Csr::from_dense(layer.weight(), fan_in);
                Packed::CsrByInput(PackedCsrByInput::new(csr.view(), bias)?)
            }
        };
        let (nnz, fan_out) = (layer.nnz(), layer.fan_out());
        Ok(CompiledLayer { packed, activation: layer.activation(), nnz, fan_in, fan_out })
    }

    /// Whether the layer takes rows and skips what is zero in them: [`Self::run_sparse_input`].
    pub(crate) fn skips_inputs(&self) -> bool {
        matches!(self.packed, Packed::DenseByInput(_) | Packed::CsrByInput(_))
    }

    /// `x` `[batch, fan_in]`, row-major, to `y` `[batch, fan_out]`.
    pub(crate) fn run_sparse_input(
        &self,
        kernels: Kernels,
        x: &[f32],
        y: &mut RowsMut<'_>,
        nonzero: &mut NonzeroInputs,
    ) {
        match &self.packed {
            Packed::DenseByInput(w) => kernels.gemm_sparse_input(w, x, self.activation, y, nonzero),
            Packed::CsrByInput(w) => kernels.spmm_sparse_input(w, x, self.activation, y, nonzero),
            _ => unreachable!("it does not skip inputs"),
        }
    }

    /// `x` `[fan_in]` to `y` `[fan_out]`, in whole lines; `activation` is the layer's own, but for those who time it.
    pub(crate) fn run_vector(&self, kernels: Kernels, activation: Activation, x: &[f32], y: &mut [Line]) {
        match &self.packed {
            Packed::Dense(w) => kernels.gemv(w, x, activation, y),
            Packed::Spmv(w) => kernels.spmv(w, x, activation, y),
            Packed::Windows(w) => kernels.spmv_windows(w, x, activation, y),
            Packed::Spmm(_) => unreachable!("a layer is compiled for the class of its engine"),
            Packed::DenseByInput(_) | Packed::CsrByInput(_) => unreachable!("it skips inputs"),
        }
    }

    /// Whether it takes panels `[fan_in, batch]` and gives panels `[fan_out, batch]`. Others give rows, and take rows or, after a
    /// sparse layer, a panel.
    pub(crate) fn in_panels(&self) -> bool {
        match &self.packed {
            Packed::Dense(w) => w.lanes() == Lanes::Batch,
            Packed::Spmm(_) => true,
            Packed::Spmv(_) | Packed::Windows(_) | Packed::DenseByInput(_) | Packed::CsrByInput(_) => false,
        }
    }

    /// The rows of `x`, `stride` values apart, to rows `y` in whole lines.
    pub(crate) fn run_rows(
        &self,
        kernels: Kernels,
        activation: Activation,
        (x, stride): (&[f32], usize),
        batch: usize,
        y: &mut [Line],
    ) {
        let Packed::Dense(w) = &self.packed else { unreachable!("it needs a panel") };
        kernels.gemm_rows(w, x, stride, activation, &mut RowsMut::new(y, batch, self.fan_out));
    }

    /// The panel `x` `[fan_in, batch]` to `y` in lines, as [`Self::in_panels`] says.
    pub(crate) fn run_panel(&self, kernels: Kernels, activation: Activation, x: Rows<'_>, y: &mut [Line]) {
        let (rows, cols) = if self.in_panels() { (self.fan_out, x.cols()) } else { (x.cols(), self.fan_out) };
        let mut y = RowsMut::new(y, rows, cols);
        match &self.packed {
            Packed::Dense(w) => kernels.gemm(w, x, activation, &mut y),
            Packed::Spmm(w) => kernels.spmm(w, x, activation, &mut y),
            Packed::Spmv(_) | Packed::Windows(_) => {
                unreachable!("a layer is compiled for the class of its engine")
            }
            Packed::DenseByInput(_) | Packed::CsrByInput(_) => unreachable!("it skips inputs"),
        }
    }

    /// Multiply-adds for one example; where inputs are skipped, a guess: a quarter of a dense product. The sparse one takes a
    /// quarter of its weights too, but four times as long for each.
    #[cfg(feature = "std")]
    pub(crate) fn multiply_adds(&self) -> usize {
        match self.packed {
            Packed::Dense(_) => self.fan_in * self.fan_out,
            Packed::DenseByInput(_) => self.fan_in * self.fan_out / 4,
            Packed::Spmm(_) | Packed::Spmv(_) | Packed::Windows(_) | Packed::CsrByInput(_) => self.nnz,
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
            Packed::Spmm(w) => (format!("f32-spmm-{}x{wide}-{isa}", w.group_rows()), w.bytes()),
            Packed::Spmv(w) => (format!("f32-spmv-{}-{isa}", PackedSpmv::GROUP_ROWS), w.bytes()),
            Packed::Windows(w) => (format!("f32-spmv-window{}-{isa}", w.columns()), w.bytes()),
            Packed::DenseByInput(w) => {
                (format!("f32-gemm-sparse-input-{}-{isa}", w.widest_block()), w.bytes())
            }
            Packed::CsrByInput(w) => (format!("f32-spmm-sparse-input-{isa}"), w.bytes()),
        };
        LayerInfo { fan_in: self.fan_in, fan_out: self.fan_out, nnz: self.nnz, kernel, bytes }
    }
}
