//! Which kernel each layer gets: a choice that can be printed and replayed.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use prunella_kernels::{Isa, Kernels, Line, PANEL_LANES, PackedSpmv};

use crate::model::{Layer, Model};

/// Batch sizes that want the same layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchClass {
    /// One example: a vector, the outputs in the SIMD lanes.
    One,
    /// 2 to 15 examples: sparse layers take them in panels of one line.
    Few,
    /// 16 examples and more: sparse layers take them in wider panels.
    Many,
}

impl BatchClass {
    /// Every class, by size.
    pub const ALL: [BatchClass; 3] = [BatchClass::One, BatchClass::Few, BatchClass::Many];

    /// The class of a batch size.
    pub fn of(batch: usize) -> BatchClass {
        match batch {
            0..=1 => BatchClass::One,
            2..=15 => BatchClass::Few,
            _ => BatchClass::Many,
        }
    }

    /// The most examples of a panel, which travel through the layers together.
    pub(crate) fn panel(self) -> usize {
        match self {
            BatchClass::One => 1,
            BatchClass::Few => Line::LEN,
            BatchClass::Many => PANEL_LANES,
        }
    }

    fn name(self) -> &'static str {
        match self {
            BatchClass::One => "one",
            BatchClass::Few => "few",
            BatchClass::Many => "many",
        }
    }
}

/// How a layer's weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Every weight.
    Dense,
    /// The weights that are not zero, in equal blocks of at most this many columns.
    Csr {
        /// At least 1; more than a product can take (65,536 for one example, 8,192 for a batch) means as many.
        block_columns: usize,
    },
    /// The weights that are not zero, in steps that look into a window of the input; for one example.
    Window,
    /// Every weight; inputs that are zero are skipped. For the first layer.
    DenseSparseInput,
    /// The weights that are not zero; inputs that are zero are skipped. For the first layer.
    CsrSparseInput,
}

impl Form {
    /// All columns in one block, or in as few as there can be.
    pub const UNBLOCKED: Form = Form::Csr { block_columns: PackedSpmv::MAX_BLOCK_COLUMNS };
    /// Blocks whose slice of the panel about fits L1: 272 features of 128 bytes are 34 KiB.
    pub const BLOCKED: Form = Form::Csr { block_columns: 272 };
    /// Blocks of twice the width, for rows that are short: more of the panel comes from L2, and the outputs are read and written
    /// again half as often.
    pub const WIDE_BLOCKS: Form = Form::Csr { block_columns: 544 };

    /// The sparse form of a layer that fits without timing it.
    ///
    /// For one example, windows where the instruction set can permute them and the weights are not too few; see
    /// [`Kernels::windows_pay`]. For more, a block pays when its part of a row is long enough to hide that each block reads and
    /// writes the outputs once more: measured with AVX-512 on 784 and 1,024 inputs, narrow blocks win from 13 nonzeros per row and
    /// block on, wide ones from 5.
    pub fn sparse(layer: &Layer, class: BatchClass, isa: Isa) -> Form {
        let windows_pay = || Kernels::new(isa).windows_pay(layer.weight().len(), layer.nnz());
        let pays = |form: Form, least| {
            let blocks = form.blocks(layer.fan_in());
            blocks > 1 && layer.nnz() >= least * layer.fan_out() * blocks
        };
        match class {
            BatchClass::One if windows_pay() => Form::Window,
            BatchClass::One => Form::UNBLOCKED,
            _ if pays(Form::BLOCKED, 13) => Form::BLOCKED,
            _ if pays(Form::WIDE_BLOCKS, 5) => Form::WIDE_BLOCKS,
            _ => Form::UNBLOCKED,
        }
    }

    /// Into how many blocks the columns are cut; the other forms are one.
    pub(crate) fn blocks(self, fan_in: usize) -> usize {
        match self {
            Form::Dense | Form::Window | Form::DenseSparseInput | Form::CsrSparseInput => 1,
            Form::Csr { block_columns } => fan_in.div_ceil(block_columns),
        }
    }

    /// The form that stores the same weights and skips inputs that are zero.
    fn skipping_inputs(self) -> Form {
        match self {
            Form::Dense | Form::DenseSparseInput => Form::DenseSparseInput,
            Form::Csr { .. } | Form::Window | Form::CsrSparseInput => Form::CsrSparseInput,
        }
    }

    /// Whether inputs that are zero are skipped.
    pub(crate) fn skips_inputs(self) -> bool {
        matches!(self, Form::DenseSparseInput | Form::CsrSparseInput)
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Form::Dense => f.write_str("dense"),
            Form::UNBLOCKED => f.write_str("csr"),
            Form::Csr { block_columns } => write!(f, "csr:{block_columns}"),
            Form::Window => f.write_str("window"),
            Form::DenseSparseInput => f.write_str("dense-sparse-input"),
            Form::CsrSparseInput => f.write_str("csr-sparse-input"),
        }
    }
}

/// A form for every layer, for one class of batch sizes; as text `many/csr:272,csr,dense` or `one/window,dense`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The batch sizes it is for.
    pub class: BatchClass,
    /// One per layer.
    pub forms: Vec<Form>,
}

impl Plan {
    /// Every layer dense.
    pub fn dense(model: &Model, class: BatchClass) -> Plan {
        Plan { class, forms: model.layers().iter().map(|_| Form::Dense).collect() }
    }

    /// Every layer that [was pruned](Layer::is_pruned) in its [sparse form](Form::sparse), the others dense; meant for models
    /// pruned so far that it pays.
    pub fn csr(model: &Model, class: BatchClass, isa: Isa) -> Plan {
        let form =
            |layer: &Layer| if layer.is_pruned() { Form::sparse(layer, class, isa) } else { Form::Dense };
        Plan { class, forms: model.layers().iter().map(form).collect() }
    }

    /// The same plan, but the first layer skips the inputs that are zero. That pays where most are: of MNIST's pixels, 81 %. It is
    /// not pruning, so a comparison must say so or do it on both sides.
    pub fn skipping_inputs(mut self) -> Plan {
        if let Some(first) = self.forms.first_mut() {
            *first = first.skipping_inputs();
        }
        self
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class.name())?;
        for (i, form) in self.forms.iter().enumerate() {
            write!(f, "{}{form}", if i == 0 { '/' } else { ',' })?;
        }
        Ok(())
    }
}

/// The text is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    part: String,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PlanError { part } = self;
        write!(
            f,
            "'{part}' is not part of a plan; a plan is one, few or many, a slash, and for each layer dense, csr, "
        )?;
        f.write_str("csr:COLUMNS or, for one, window (for the first layer also dense-sparse-input or csr-sparse-input), ")?;
        f.write_str("with commas between, as in many/csr:272,csr,dense")
    }
}

impl core::error::Error for PlanError {}

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Plan, PlanError> {
        let bad = |part: &str| PlanError { part: part.into() };
        let (name, forms) = text.split_once('/').ok_or_else(|| bad(text))?;
        let class = BatchClass::ALL.into_iter().find(|c| c.name() == name).ok_or_else(|| bad(name))?;
        let form = |part: &str| match part {
            "dense" => Ok(Form::Dense),
            "csr" => Ok(Form::UNBLOCKED),
            "window" if class == BatchClass::One => Ok(Form::Window),
            "dense-sparse-input" => Ok(Form::DenseSparseInput),
            "csr-sparse-input" => Ok(Form::CsrSparseInput),
            _ => match part.strip_prefix("csr:").and_then(|n| n.parse().ok()) {
                Some(block_columns @ 1..) => Ok(Form::Csr { block_columns }),
                _ => Err(bad(part)),
            },
        };
        Ok(Plan { class, forms: forms.split(',').map(form).collect::<Result<_, _>>()? })
    }
}
