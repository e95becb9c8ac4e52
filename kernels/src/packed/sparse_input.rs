//! Weights by input, for products that skip the inputs that are zero.

use alloc::vec;
use alloc::vec::Vec;

use super::{PackError, lines_of};
use crate::arch;
use crate::csr::CsrRef;
use crate::generic::sparse_input::{GROUP, block_outputs};
use crate::isa::Isa;
use crate::view::Line;

/// A dense layer's weights and bias, the weights of an input side by side, packed for one instruction set.
#[derive(Clone, Debug)]
pub struct PackedDenseByInput {
    isa: Isa,
    fan_in: usize,
    fan_out: usize,
    /// Blocks of outputs, as wide as the registers of a row of outputs, the last ones narrower; each `[fan_in][outputs of the block]`.
    weight: Vec<Line>,
    bias: Vec<Line>,
}

impl PackedDenseByInput {
    /// Packs `weight` `[fan_out, fan_in]`, row-major, and `bias` `[fan_out]`.
    ///
    /// # Errors
    /// `fan_in` or `fan_out` is zero, or `weight` is not `fan_out` rows of `fan_in`.
    pub fn new(isa: Isa, fan_in: usize, weight: &[f32], bias: &[f32]) -> Result<Self, PackError> {
        let fan_out = bias.len();
        if fan_in == 0 || fan_out == 0 {
            return Err(PackError::Empty);
        }
        if fan_in.checked_mul(fan_out) != Some(weight.len()) {
            return Err(PackError::Shape { weight: weight.len(), bias: fan_out });
        }
        let padded = fan_out.next_multiple_of(Line::LEN);
        let most = arch::table(isa).row_outputs;
        let mut packed = vec![Line::ZERO; Line::count(padded * fan_in)];
        let to = Line::floats_mut(&mut packed);
        let mut first = 0;
        while first < padded {
            let width = block_outputs(padded - first, most);
            for output in first..fan_out.min(first + width) {
                for (k, &w) in weight[output * fan_in..][..fan_in].iter().enumerate() {
                    to[first * fan_in + k * width + (output - first)] = w;
                }
            }
            first += width;
        }
        Ok(PackedDenseByInput { isa, fan_in, fan_out, weight: packed, bias: lines_of(bias) })
    }

    /// Number of inputs.
    pub fn fan_in(&self) -> usize {
        self.fan_in
    }

    /// Number of outputs.
    pub fn fan_out(&self) -> usize {
        self.fan_out
    }

    /// The instruction set it is packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Bytes of the packed weights and bias.
    pub fn bytes(&self) -> usize {
        (self.weight.len() + self.bias.len()) * size_of::<Line>()
    }

    /// Outputs of the widest block: a row of them is a tile of the product.
    pub fn widest_block(&self) -> usize {
        block_outputs(self.fan_out.next_multiple_of(Line::LEN), arch::table(self.isa).row_outputs)
    }

    pub(crate) fn weight(&self) -> *const f32 {
        self.weight.as_ptr().cast()
    }

    pub(crate) fn bias(&self) -> *const f32 {
        self.bias.as_ptr().cast()
    }
}

/// A sparse layer's weights and bias, the weights of an input side by side (compressed sparse columns), in groups of four.
#[derive(Clone, Debug)]
pub struct PackedCsrByInput {
    fan_out: usize,
    /// Which group of weights is the first of each input, and one more.
    groups: Vec<u32>,
    /// `[group][GROUP]`: the output of each weight, below `fan_out`, ascending for each input.
    outputs: Vec<u32>,
    /// `[group][GROUP]`.
    values: Vec<f32>,
    bias: Vec<Line>,
}

impl PackedCsrByInput {
    /// Packs the matrix `[fan_out, fan_in]` and `bias` `[fan_out]`.
    ///
    /// # Errors
    /// The matrix has no row or no column, or not one row for each bias.
    pub fn new(csr: CsrRef<'_>, bias: &[f32]) -> Result<Self, PackError> {
        if csr.rows() == 0 || csr.cols() == 0 {
            return Err(PackError::Empty);
        }
        if csr.rows() != bias.len() {
            return Err(PackError::Shape { weight: csr.rows(), bias: bias.len() });
        }
        let mut by_input = vec![vec![]; csr.cols()];
        for row in 0..csr.rows() {
            let (columns, values) = csr.row(row);
            for (&column, &value) in columns.iter().zip(values) {
                by_input[column as usize].push((row as u32, value));
            }
        }
        let (mut groups, mut outputs, mut values) = (vec![0], vec![], vec![]);
        for weights in &by_input {
            for group in weights.chunks(GROUP) {
                // A group that is not full adds 0 to its last output.
                let filler = (group[group.len() - 1].0, 0.0);
                for i in 0..GROUP {
                    let (output, value) = group.get(i).copied().unwrap_or(filler);
                    outputs.push(output);
                    values.push(value);
                }
            }
            groups.push((outputs.len() / GROUP) as u32);
        }
        Ok(PackedCsrByInput { fan_out: bias.len(), groups, outputs, values, bias: lines_of(bias) })
    }

    /// Number of inputs.
    pub fn fan_in(&self) -> usize {
        self.groups.len() - 1
    }

    /// Number of outputs.
    pub fn fan_out(&self) -> usize {
        self.fan_out
    }

    /// Bytes of the packed weights and bias.
    pub fn bytes(&self) -> usize {
        (self.groups.len() + self.outputs.len() + self.values.len()) * size_of::<f32>()
            + self.bias.len() * size_of::<Line>()
    }

    pub(crate) fn groups(&self) -> *const u32 {
        self.groups.as_ptr()
    }

    pub(crate) fn outputs(&self) -> *const u32 {
        self.outputs.as_ptr()
    }

    pub(crate) fn values(&self) -> *const f32 {
        self.values.as_ptr()
    }

    pub(crate) fn bias(&self) -> *const f32 {
        self.bias.as_ptr().cast()
    }
}

/// Room for the ids of the inputs that are not zero, made once for runs of up to so many rows.
#[derive(Clone, Debug)]
pub struct NonzeroInputs {
    rows: usize,
    fan_in: usize,
    /// An id per input, and 16 that a register may write beyond the last.
    ids: Vec<u32>,
    /// For each row, one for each block of inputs, at most one for each line of them; and one more.
    starts: Vec<u32>,
}

impl NonzeroInputs {
    /// Room for up to `rows` rows of `fan_in` values.
    ///
    /// # Panics
    /// The values cannot be counted in u32.
    pub fn new(rows: usize, fan_in: usize) -> NonzeroInputs {
        let inputs =
            rows.checked_mul(fan_in).filter(|&n| u32::try_from(n).is_ok()).expect("at most 2^32 inputs");
        let starts = rows * fan_in.div_ceil(Line::LEN) + 1;
        NonzeroInputs { rows, fan_in, ids: vec![0; inputs + Line::LEN], starts: vec![0; starts] }
    }

    /// Whether `rows` rows of `fan_in` values find room.
    pub fn fits(&self, rows: usize, fan_in: usize) -> bool {
        rows == 0 || (rows <= self.rows && fan_in <= self.fan_in)
    }

    pub(crate) fn ids_mut(&mut self) -> *mut u32 {
        self.ids.as_mut_ptr()
    }

    pub(crate) fn starts_mut(&mut self) -> *mut u32 {
        self.starts.as_mut_ptr()
    }
}
