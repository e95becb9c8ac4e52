//! A batch through the network, forwards and backwards.
//!
//! ```text
//! x, h, z, dz   [batch, width]     row-major; the rows of a batch are dealt out to the threads
//! weight        [fan_in, fan_out]  W^T
//!
//! forward       z  = x W^T + b     gemm_tn(x^T, W^T)      x^T by transposing; or columns_product, if most pixels are zero
//! backward      dx = dz W          gemm_tn(dz^T, W)       dz^T and W by transposing; not for the first layer
//! ```
//!
//! What is computed of an example depends on that example alone, so it does not matter which thread computes it.

use super::network::{Dense, Mlp};
use super::optimizer::split_off;
use super::{Compute, Loss};
use crate::dataset::Dataset;
use crate::model::Activation;
use prunella_kernels::{Kernels, Line, Rows, RowsMut, SparseBytes, SparseColumns};
use std::{vec, vec::Vec};

/// The buffers of a pass of up to `batch` examples.
pub(super) struct Pass {
    /// `[batch, features]`; empty if the first layer takes compressed data.
    input: Vec<Line>,
    /// `[batch]`.
    labels: Vec<u8>,
    layers: Vec<Values>,
    /// `[batch]`.
    losses: Vec<f32>,
    /// For each thread, room for a transposed matrix.
    scratch: Vec<Vec<Line>>,
    /// For each thread its examples by columns, if the first layer takes compressed data.
    columns: Vec<SparseColumns>,
}

/// Examples that are taken by columns at a time: with 64 outputs of each, sums are 32 KB, which L1 holds.
const COLUMN_ROWS: usize = 128;

/// What a layer has computed: each `[batch, fan_out]`.
struct Values {
    /// Empty unless the backward pass needs it.
    z: Vec<Line>,
    h: Vec<Line>,
    /// Empty in a network that only predicts.
    dz: Vec<Line>,
}

/// Examples of a data set.
#[derive(Clone, Copy)]
pub(super) struct Batch<'a> {
    pub(super) data: &'a Dataset,
    /// The data without their zeros, if that is what the first layer takes.
    pub(super) compressed: Option<&'a SparseBytes>,
    /// The numbers of the examples.
    pub(super) examples: &'a [usize],
}

/// The rows of a batch that one thread works on.
pub(super) struct Share<'a> {
    batch: Batch<'a>,
    input: &'a mut [Line],
    labels: &'a mut [u8],
    layers: Vec<ValuesMut<'a>>,
    losses: &'a mut [f32],
    scratch: &'a mut [Line],
    columns: &'a mut SparseColumns,
}

struct ValuesMut<'a> {
    z: &'a mut [Line],
    h: &'a mut [Line],
    dz: &'a mut [Line],
}

/// Rows per thread: whole lines of a transposed matrix, so that no thread computes padding for want of rows.
fn rows_per_thread(batch: usize, threads: usize) -> usize {
    batch.div_ceil(threads).next_multiple_of(Line::LEN)
}

impl Pass {
    /// Buffers for batches of at most `batch` examples on `threads` threads; `backward` too, or only forward. `compressed` says
    /// whether the first layer takes compressed data.
    pub(super) fn new(
        network: &Mlp,
        batch: usize,
        threads: usize,
        (backward, compressed): (bool, bool),
    ) -> Pass {
        let matrix = |rows: usize, cols: usize| vec![Line::ZERO; rows * Line::count(cols)];
        let values = |layer: &Dense| {
            let keeps_z = backward && layer.activation == Activation::Gaussian;
            Values {
                z: matrix(if keeps_z { batch } else { 0 }, layer.fan_out),
                h: matrix(batch, layer.fan_out),
                dz: matrix(if backward { batch } else { 0 }, layer.fan_out),
            }
        };
        let widths = network.sizes().into_iter().skip(usize::from(compressed));
        let widest = widths.max().unwrap_or(0).next_multiple_of(Line::LEN);
        let scratch = widest * Line::count(rows_per_thread(batch, threads));
        Pass {
            input: matrix(if compressed { 0 } else { batch }, network.fan_in()),
            labels: vec![0; batch],
            layers: network.layers.iter().map(values).collect(),
            losses: vec![0.0; batch],
            scratch: vec![vec![Line::ZERO; scratch]; threads],
            columns: vec![SparseColumns::default(); threads],
        }
    }

    /// What the last pass took, by columns, in exchange for `columns`; only if it is in one piece: on one thread, of a batch of
    /// `batch` examples that is small enough.
    pub(super) fn swap_columns(&mut self, batch: usize, columns: &mut SparseColumns) -> bool {
        let is_whole = self.columns.len() == 1 && batch <= COLUMN_ROWS;
        if is_whole {
            core::mem::swap(&mut self.columns[0], columns);
        }
        is_whole
    }

    /// Runs `batch` forwards; then `and_then` on each thread's share of it.
    pub(super) fn run(
        &mut self,
        network: &Mlp,
        compute: Compute<'_>,
        batch: Batch<'_>,
        and_then: impl Fn(&mut Share<'_>) + Sync,
    ) {
        let mut shares = self.shares(network, batch);
        compute.pool.for_each(&mut shares, |_, share| {
            share.load();
            share.forward(network, compute.kernels);
            and_then(share);
        });
    }

    fn shares<'a>(&'a mut self, network: &Mlp, batch: Batch<'a>) -> Vec<Share<'a>> {
        let rows = rows_per_thread(batch.examples.len(), self.scratch.len());
        let mut input = &mut self.input[..];
        let (mut labels, mut losses) = (&mut self.labels[..], &mut self.losses[..]);
        let all = |v: &'a mut Values| ValuesMut { z: &mut v.z, h: &mut v.h, dz: &mut v.dz };
        let mut layers: Vec<ValuesMut<'a>> = self.layers.iter_mut().map(all).collect();
        let share = |((examples, scratch), columns): ((&'a [usize], &'a mut Vec<Line>), _)| {
            let rows = examples.len();
            let of_layer = |(values, layer): (&mut ValuesMut<'a>, &Dense)| {
                let lines = rows * layer.stride();
                let [z, h, dz] =
                    [&mut values.z, &mut values.h, &mut values.dz].map(|all| split_off(all, lines));
                ValuesMut { z, h, dz }
            };
            Share {
                batch: Batch { examples, ..batch },
                // All there is, which may be nothing.
                input: split_off(&mut input, rows * Line::count(network.fan_in())),
                labels: split_off(&mut labels, rows),
                layers: layers.iter_mut().zip(&network.layers).map(of_layer).collect(),
                losses: split_off(&mut losses, rows),
                scratch,
                columns,
            }
        };
        batch.examples.chunks(rows).zip(&mut self.scratch).zip(&mut self.columns).map(share).collect()
    }

    /// What layer `layer` took in the last pass, over `batch` examples: `[batch, fan_in]`.
    pub(super) fn inputs(&self, network: &Mlp, layer: usize, batch: usize) -> Rows<'_> {
        let lines = if layer == 0 { &self.input } else { &self.layers[layer - 1].h };
        Rows::new(lines, batch, network.layers[layer].fan_in)
    }

    /// The gradient before the activation of layer `layer`, over `batch` examples: `[batch, fan_out]`.
    pub(super) fn gradients(&self, network: &Mlp, layer: usize, batch: usize) -> Rows<'_> {
        Rows::new(&self.layers[layer].dz, batch, network.layers[layer].fan_out)
    }

    /// What the network gave, over `batch` examples: `[batch, outputs]`.
    pub(super) fn outputs(&self, network: &Mlp, batch: usize) -> Rows<'_> {
        Rows::new(&self.layers[network.depth() - 1].h, batch, network.fan_out())
    }

    /// The loss of each example, `[batch]`.
    pub(super) fn losses(&self) -> &[f32] {
        &self.losses
    }
}

impl Share<'_> {
    fn rows(&self) -> usize {
        self.batch.examples.len()
    }

    fn load(&mut self) {
        let Batch { data, compressed, examples } = self.batch;
        for (label, example) in self.labels.iter_mut().zip(examples) {
            *label = data.labels()[*example];
        }
        if compressed.is_none() {
            let mut input = RowsMut::new(self.input, examples.len(), data.features());
            for (row, example) in examples.iter().enumerate() {
                data.fill_rows(core::slice::from_ref(example), input.row_mut(row));
            }
        }
    }

    fn forward(&mut self, network: &Mlp, kernels: Kernels) {
        let rows = self.rows();
        let Batch { compressed, examples, .. } = self.batch;
        for (index, layer) in network.layers.iter().enumerate() {
            let (before, from_here) = self.layers.split_at_mut(index);
            let x: &[Line] = before.last().map_or(&*self.input, |values| &*values.h);
            let weight = Rows::new(&layer.weight, layer.fan_in, layer.fan_out);
            let ValuesMut { z, h, .. } = &mut from_here[0];
            let mut product = |activation, to: &mut [Line]| {
                if let Some(bytes) = compressed.filter(|_| index == 0) {
                    let parts = to.chunks_mut(COLUMN_ROWS * layer.stride());
                    for (examples, to) in examples.chunks(COLUMN_ROWS).zip(parts) {
                        let mut to = RowsMut::new(to, examples.len(), layer.fan_out);
                        self.columns.fill(bytes, examples, 0..layer.fan_in);
                        kernels.columns_product(self.columns, weight, &layer.bias, activation, &mut to);
                    }
                    return;
                }
                let mut to = RowsMut::new(to, rows, layer.fan_out);
                let mut transposed = RowsMut::new(self.scratch, layer.fan_in, rows);
                kernels.transpose(Rows::new(x, rows, layer.fan_in), &mut transposed);
                kernels.gemm_tn(transposed.as_rows(), weight, Some(&layer.bias), activation, &mut to);
            };
            if z.is_empty() {
                product(layer.activation, h);
            } else {
                product(Activation::Identity, z);
                h.copy_from_slice(z);
                kernels.activate(layer.activation, h);
            }
        }
    }

    /// The losses, and the gradient of `scale` times their sum before the activation of every layer. `weights[l]` is
    /// `[fan_out, fan_in]` of layer l, padded; that of the first is not needed.
    pub(super) fn backward(
        &mut self,
        (network, kernels): (&Mlp, Kernels),
        weights: &[Vec<Line>],
        (loss, scale): (Loss, f32),
    ) {
        let rows = self.rows();
        let last = &mut self.layers[network.depth() - 1];
        last.dz.copy_from_slice(last.h);
        let mut outputs = RowsMut::new(last.dz, rows, network.fan_out());
        loss.gradient(kernels, &mut outputs, self.labels, (scale, self.losses), self.scratch);
        for (index, layer) in network.layers.iter().enumerate().rev() {
            let (before, from_here) = self.layers.split_at_mut(index);
            let ValuesMut { z, h, dz } = &mut from_here[0];
            if layer.activation != Activation::Identity {
                kernels.activation_backward(layer.activation, if z.is_empty() { h } else { z }, h, dz);
            }
            let Some(before) = before.last_mut() else { break };
            let mut transposed = RowsMut::new(self.scratch, layer.fan_out, rows);
            kernels.transpose(Rows::new(dz, rows, layer.fan_out), &mut transposed);
            let weight = Rows::new(&weights[index], layer.fan_out, layer.fan_in);
            let mut dh = RowsMut::new(before.dz, rows, layer.fan_in);
            kernels.gemm_tn(transposed.as_rows(), weight, None, Activation::Identity, &mut dh);
        }
    }
}
