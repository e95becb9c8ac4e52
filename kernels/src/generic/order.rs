//! The canonical order: the chains of multiply-adds in which every output sums.
//!
//! A multiply-add waits for the one before it in its chain, 4 cycles on most machines. A layer for one input has a chain in each
//! lane of its outputs' registers, and with few outputs these are too few to wait side by side: 16 outputs of 784 inputs took
//! 0.77 us on Zen 5, for 50 KB of weights that can be read in a quarter of that. So few outputs have more chains each, which divide
//! the inputs among them; from 33 outputs on a layer has registers enough, or bytes to wait for. The last layer of a classifier of
//! ten classes is the case in point: with 1,024 inputs it took 1 us, more than a quarter of its network at 95 % sparsity.

use crate::view::Line;

/// Inputs of a chain at least. Where one begins, a batch waits some 30 cycles for each tile of 12 examples: 256x10 takes 7 % longer
/// for 64 of them. With chains of 16, 64x10 took 18 % longer.
const LEAST_INPUTS: usize = 32;
/// Inputs of a chain at most, so that the ids of every kernel reach all of it: `PackedSpmm::MAX_BLOCK_COLUMNS`.
const MOST_INPUTS: usize = 1 << 13;

/// Outputs that have more than one chain, at most.
pub(crate) const MOST_CHAINED_OUTPUTS: usize = 32;

/// How many consecutive inputs each chain of an output sums, the last one the rest: whole lines, or all of `fan_in`.
pub(crate) fn chain_inputs(fan_in: usize, fan_out: usize) -> usize {
    let chains = match fan_out {
        0..=16 => 4,
        17..=MOST_CHAINED_OUTPUTS => 2,
        _ => return fan_in,
    };
    let inputs = fan_in.div_ceil(chains).next_multiple_of(Line::LEN).max(LEAST_INPUTS);
    // Beyond that, reading the weights takes longer than any chain.
    if inputs > MOST_INPUTS { fan_in } else { inputs.min(fan_in) }
}

/// What a sparse product of some columns starts from.
#[derive(Clone, Copy)]
pub(crate) enum Begin {
    /// A value for each row.
    Bias(*const f32),
    /// What the output holds: its chain goes on.
    Kept,
    /// Zero, and what the output holds is added in the end: the next chain.
    Added,
}
