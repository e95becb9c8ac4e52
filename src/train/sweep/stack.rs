//! Networks side by side as a tall one, and a step of it.
//!
//! ```text
//! for so many blocks of examples at a time as there are threads
//!   phase 1   forwards and backwards    each thread one block
//!   phase 2   gradients += x^T dz ..    each thread some inputs, all blocks in order
//! phase 3     the optimizer's step      each thread some inputs
//! ```
//!
//! Every gradient is one chain over the batch, in order, whatever the blocks and threads.

use super::block::{Kind, Matrix, Networks, ROWS, Workspace};
use super::layout::{Layout, Tall};
use crate::train::optimizer::split_off;
use crate::train::{Compute, Optimizer};
use core::ops::Range;
use prunella_kernels::{
    AdamState, ChainStart, ColumnStep, Kernels, Line, Rows, RowsMut, SparseBytes, SparseColumns,
};
use std::{vec, vec::Vec};

/// Networks side by side.
pub(super) struct Stack {
    pub(super) layout: Layout,
    pub(super) kind: Kind,
    pub(super) weights: Tall,
    /// What the optimizer remembers.
    pub(super) moments: [Tall; 2],
    pub(super) mask: Tall,
    /// Zero between steps.
    gradient: Tall,
    /// For each slot the transpose of the second weights, `[16, units]`.
    transposed: Vec<Line>,
    workspaces: Vec<Workspace>,
    /// What the networks gave for the last batch: block after block, slot after slot, `[rows of the block, 16]`.
    outputs: Vec<Line>,
}

/// The examples of a batch, and what is made of them for it.
pub(super) struct Batch<'a> {
    pub(super) bytes: &'a SparseBytes,
    /// The numbers of the examples.
    pub(super) examples: &'a [usize],
    /// Their labels.
    pub(super) labels: &'a [u8],
    /// By columns: block after block, each as many as there are threads with inputs.
    pub(super) columns: &'a mut [SparseColumns],
    /// Whether they are those of this batch already.
    pub(super) is_filled: bool,
}

/// What a thread adds to the gradients.
struct Share<'a> {
    /// Some inputs of every group.
    first: Vec<&'a mut [Line]>,
    sums: Vec<Sum<'a>>,
    /// For each block its columns for these inputs.
    columns: Vec<&'a mut SparseColumns>,
}

/// `to += a^T b` of every block.
struct Sum<'a> {
    a: Matrix,
    b: Matrix,
    to: &'a mut [Line],
}

/// Some weights that are stepped together.
struct Piece<'a> {
    weights: &'a mut [Line],
    moments: [&'a mut [Line]; 2],
    gradient: &'a mut [Line],
    mask: Option<&'a [Line]>,
    /// For each column.
    rates: &'a [Line],
}

/// The inputs of each thread; pairs of them are taken whole.
pub(super) fn inputs_of_threads(features: usize, threads: usize) -> impl Iterator<Item = Range<usize>> {
    let some = features.div_ceil(threads).next_multiple_of(2);
    (0..features).step_by(some).map(move |first| first..features.min(first + some))
}

impl Stack {
    pub(super) fn new(
        layout: Layout,
        kind: Kind,
        (weights, moments, mask): (Tall, [Tall; 2], Tall),
        compute: Compute<'_>,
    ) -> Stack {
        let mut stack = Stack {
            gradient: layout.zeros(),
            transposed: vec![Line::ZERO; layout.slots() * layout.units()],
            workspaces: (0..compute.pool.threads().get()).map(|_| Workspace::new(&layout, kind)).collect(),
            outputs: vec![],
            layout,
            kind,
            weights,
            moments,
            mask,
        };
        stack.transpose_second(compute.kernels);
        stack
    }

    fn transpose_second(&mut self, kernels: Kernels) {
        let units = self.layout.units();
        for (from, to) in self.weights[2].chunks_exact(units).zip(self.transposed.chunks_exact_mut(units)) {
            let mut to = RowsMut::new(to, Line::LEN, units);
            kernels.transpose(Rows::new(from, units, Line::LEN), &mut to);
        }
    }

    /// What network `network` gave for output `output` of example `row` of the last batch, of `rows`.
    pub(super) fn output(&self, (row, rows): (usize, usize), output: usize, network: usize) -> f32 {
        let (slot, column) = self.layout.slot_of(output, network);
        let first = row / ROWS * ROWS;
        let of_block = ROWS.min(rows - first);
        self.outputs[first * self.layout.slots() + slot * of_block + row - first].0[column]
    }

    /// Takes the examples `rows` of `bytes` forwards.
    pub(super) fn forward(&mut self, compute: Compute<'_>, bytes: &SparseBytes, rows: &[usize]) {
        let slots = self.layout.slots();
        self.outputs.resize(rows.len() * slots, Line::ZERO);
        let networks = Networks {
            layout: &self.layout,
            kind: self.kind,
            kernels: compute.kernels,
            weights: &self.weights,
            transposed: &self.transposed,
        };
        let threads = self.workspaces.len();
        for (rows, outputs) in
            rows.chunks(threads * ROWS).zip(self.outputs.chunks_mut(threads * ROWS * slots))
        {
            let mut blocks: Vec<_> = self
                .workspaces
                .iter_mut()
                .zip(rows.chunks(ROWS))
                .zip(outputs.chunks_mut(ROWS * slots))
                .collect();
            compute.pool.for_each(&mut blocks, |_, ((workspace, rows), outputs)| {
                workspace.forward(networks, (bytes, rows), outputs);
            });
        }
    }

    /// Phases 1 and 2. Whether all losses are finite: if not, there are no gradients.
    pub(super) fn gradients(&mut self, compute: Compute<'_>, batch: Batch<'_>) -> bool {
        let Batch { bytes, examples, labels, columns, is_filled } = batch;
        let (slots, threads) = (self.layout.slots(), self.workspaces.len());
        let shares = inputs_of_threads(self.layout.features, threads).count();
        let scale = 1.0 / examples.len() as f32;
        self.outputs.resize(examples.len() * slots, Line::ZERO);
        let networks = Networks {
            layout: &self.layout,
            kind: self.kind,
            kernels: compute.kernels,
            weights: &self.weights,
            transposed: &self.transposed,
        };
        let at_once = threads * ROWS;
        let parts = examples.chunks(at_once).zip(labels.chunks(at_once));
        let parts =
            parts.zip(self.outputs.chunks_mut(at_once * slots)).zip(columns.chunks_mut(threads * shares));
        for (((examples, labels), outputs), columns) in parts {
            let blocks = examples.chunks(ROWS).zip(labels.chunks(ROWS)).zip(outputs.chunks_mut(ROWS * slots));
            let mut blocks: Vec<_> =
                self.workspaces.iter_mut().zip(blocks).map(|block| (block, true)).collect();
            compute.pool.for_each(&mut blocks, |_, ((workspace, ((rows, labels), outputs)), is_finite)| {
                workspace.forward(networks, (bytes, rows), outputs);
                *is_finite = workspace.backward(networks, (outputs, labels), scale);
            });
            let count = blocks.len();
            if !blocks.iter().all(|(_, is_finite)| *is_finite) {
                self.gradient.iter_mut().for_each(|part| part.fill(Line::ZERO));
                return false;
            }
            let workspaces = &self.workspaces[..count];
            let mut shares = split(&self.layout, &mut self.gradient, (threads, columns));
            compute.pool.for_each(&mut shares, |thread, share| {
                let inputs = inputs_of_threads(networks.layout.features, threads).nth(thread);
                let inputs = inputs.expect("a share has inputs");
                for ((workspace, columns), rows) in
                    workspaces.iter().zip(&mut share.columns).zip(examples.chunks(ROWS))
                {
                    if !is_filled {
                        columns.fill(bytes, rows, inputs.clone());
                    }
                    for (group, to) in share.first.iter_mut().enumerate() {
                        let dz = workspace.matrix(networks.layout, Matrix::HiddenGradient(group));
                        compute.kernels.add_sparse_gradient(columns, dz, to);
                    }
                    for Sum { a, b, to } in &mut share.sums {
                        let [a, b] = [*a, *b].map(|which| workspace.matrix(networks.layout, which));
                        let mut to = RowsMut::new(to, a.cols(), b.cols());
                        compute.kernels.gemm_tn_from(ChainStart::Kept, a, b, &mut to);
                    }
                }
            });
        }
        true
    }

    /// Phase 3: step number `t`, from 1, with a rate for each network.
    pub(super) fn update(&mut self, compute: Compute<'_>, (optimizer, t): (Optimizer, u64), rates: &[f32]) {
        let rates = self.layout.rates(rates);
        let ends = pieces(&self.layout, self.workspaces.len());
        let mut pieces = vec![];
        let [first, second] = &mut self.moments;
        let parts = self.weights.iter_mut().zip(first.iter_mut().zip(second)).zip(&mut self.gradient);
        for (((weights, (first, second)), gradient), (mask, ends)) in parts.zip(self.mask.iter().zip(&ends)) {
            let mut rest = [&mut weights[..], &mut first[..], &mut second[..], &mut gradient[..]];
            let mut mask = (!mask.is_empty()).then_some(&mask[..]);
            for (lines, rates_at) in ends {
                let [weights, first, second, gradient] = rest.each_mut().map(|rest| split_off(rest, *lines));
                let mask = mask.as_mut().and_then(|mask| mask.split_off(..*lines));
                let rates = &rates[rates_at.clone()];
                pieces.push(Piece { weights, moments: [first, second], gradient, mask, rates });
            }
        }
        compute.pool.for_each(&mut pieces, |_, piece| piece.step(compute.kernels, optimizer, t));
        self.transpose_second(compute.kernels);
    }
}

/// Deals out the gradients to the threads.
fn split<'a>(
    layout: &Layout,
    gradient: &'a mut Tall,
    (threads, columns): (usize, &'a mut [SparseColumns]),
) -> Vec<Share<'a>> {
    let inputs: Vec<Range<usize>> = inputs_of_threads(layout.features, threads).collect();
    let count = inputs.len();
    let share = |_| Share { first: vec![], sums: vec![], columns: vec![] };
    let mut shares: Vec<Share<'a>> = (0..count).map(share).collect();
    for (index, columns) in columns.iter_mut().enumerate() {
        shares[index % count].columns.push(columns);
    }
    let [first, bias, second, output_bias] = gradient;
    let [mut first, mut bias, mut second, mut output_bias] =
        [&mut first[..], &mut bias[..], &mut second[..], &mut output_bias[..]];
    let mut sums = vec![];
    for (index, group) in layout.groups.iter().enumerate() {
        for (share, inputs) in shares.iter_mut().zip(&inputs) {
            share.first.push(split_off(&mut first, inputs.len() * group.len()));
        }
        let to = split_off(&mut bias, group.len());
        sums.push(Sum { a: Matrix::Ones, b: Matrix::HiddenGradient(index), to });
    }
    for slot in 0..layout.slots() {
        for (index, group) in layout.groups.iter().enumerate() {
            let to = split_off(&mut second, group.len() * Line::LEN);
            if layout.meet(group, slot) {
                sums.push(Sum { a: Matrix::Hidden(index), b: Matrix::OutputGradient(slot), to });
            }
        }
        let to = split_off(&mut output_bias, 1);
        sums.push(Sum { a: Matrix::Ones, b: Matrix::OutputGradient(slot), to });
    }
    sums.into_iter().enumerate().for_each(|(index, sum)| shares[index % count].sums.push(sum));
    shares
}

/// For each part of the weights the lines of each piece, one after the other, and which rates are those of its columns.
fn pieces(layout: &Layout, threads: usize) -> [Vec<(usize, Range<usize>)>; 4] {
    let units = layout.lines();
    let first = layout.groups.iter().flat_map(|group| {
        let of_inputs = move |inputs: Range<usize>| (inputs.len() * group.len(), group.clone());
        inputs_of_threads(layout.features, threads).map(of_inputs)
    });
    let slots = |lines: usize| (0..layout.slots()).map(move |slot| (lines, units + slot..units + slot + 1));
    [first.collect(), vec![(units, 0..units)], slots(layout.units()).collect(), slots(1).collect()]
}

impl Piece<'_> {
    fn step(&mut self, kernels: Kernels, optimizer: Optimizer, t: u64) {
        let [first, second] = &mut self.moments;
        let step = match optimizer {
            Optimizer::Sgd { .. } => ColumnStep::Sgd,
            Optimizer::Momentum { momentum, .. } => ColumnStep::Momentum { momentum, velocity: first },
            Optimizer::Adam { beta1, beta2, epsilon, .. } => {
                ColumnStep::Adam { beta1, beta2, epsilon, t, state: AdamState { m: first, v: second } }
            }
        };
        kernels.step_columns(step, self.rates, self.weights, self.gradient, self.mask);
        self.gradient.fill(Line::ZERO);
    }
}
