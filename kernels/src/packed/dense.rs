//! Dense weights, in the order in which a tile reads them.

use alloc::vec;
use alloc::vec::Vec;

use super::{PackError, lines_of};
use crate::arch;
use crate::generic::product::{self, tile_height};
use crate::isa::Isa;
use crate::view::Line;

/// Which axis of a dense product travels in the SIMD lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lanes {
    /// The batch: for many inputs, in panels `[feature][lanes]`.
    Batch,
    /// The outputs: for one input or a few.
    Outputs,
}

/// A dense layer's weights and bias, packed for one instruction set.
#[derive(Clone, Debug)]
pub struct PackedDense {
    isa: Isa,
    lanes: Lanes,
    fan_in: usize,
    fan_out: usize,
    /// `Batch`: tiles of [`tile_height`] outputs, each `[fan_in][outputs of the tile]`.
    /// `Outputs`: blocks of 64 outputs (the last narrower, whole lines), each `[fan_in][outputs of the block]`.
    weight: Vec<Line>,
    bias: Vec<Line>,
}

impl PackedDense {
    /// Outputs of a block of [`Lanes::Outputs`]: four lines, a stream of consecutive memory for one input.
    pub const BLOCK_OUTPUTS: usize = product::BLOCK_COLUMNS;

    /// Packs `weight` `[fan_out, fan_in]`, row-major, and `bias` `[fan_out]`.
    ///
    /// # Errors
    /// `fan_in` or `fan_out` is zero, or `weight` is not `fan_out` rows of `fan_in`.
    pub fn new(
        isa: Isa,
        lanes: Lanes,
        fan_in: usize,
        weight: &[f32],
        bias: &[f32],
    ) -> Result<Self, PackError> {
        let fan_out = bias.len();
        if fan_in == 0 || fan_out == 0 {
            return Err(PackError::Empty);
        }
        if fan_in.checked_mul(fan_out) != Some(weight.len()) {
            return Err(PackError::Shape { weight: weight.len(), bias: fan_out });
        }
        let padded = match lanes {
            Lanes::Batch => fan_out,
            Lanes::Outputs => fan_out.next_multiple_of(Line::LEN),
        };
        let mut packed = vec![Line::ZERO; Line::count(padded * fan_in)];
        let to = Line::floats_mut(&mut packed);
        // One block is a group of outputs whose weights stand side by side for each input.
        let mut first = 0;
        while first < padded {
            let width = match lanes {
                Lanes::Batch => tile_height(padded - first, arch::table(isa).tile_rows),
                Lanes::Outputs => Self::BLOCK_OUTPUTS.min(padded - first),
            };
            for output in first..fan_out.min(first + width) {
                let row = &weight[output * fan_in..][..fan_in];
                for (k, &w) in row.iter().enumerate() {
                    to[first * fan_in + k * width + (output - first)] = w;
                }
            }
            first += width;
        }
        Ok(PackedDense { isa, lanes, fan_in, fan_out, weight: packed, bias: lines_of(bias) })
    }

    /// Number of inputs.
    pub fn fan_in(&self) -> usize {
        self.fan_in
    }

    /// Number of outputs.
    pub fn fan_out(&self) -> usize {
        self.fan_out
    }

    /// The axis in the lanes.
    pub fn lanes(&self) -> Lanes {
        self.lanes
    }

    /// The instruction set it is packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Bytes of the packed weights and bias.
    pub fn bytes(&self) -> usize {
        (self.weight.len() + self.bias.len()) * size_of::<Line>()
    }

    pub(crate) fn weight(&self) -> *const f32 {
        self.weight.as_ptr().cast()
    }

    pub(crate) fn bias(&self) -> *const f32 {
        self.bias.as_ptr().cast()
    }
}
