//! A block of examples through a tall network, forwards and backwards.
//!
//! ```text
//! h   = act(x W^T + b)     for each group of units       tall_product
//! z   = h V^T + c          for each slot of outputs      a chain over the groups: what is not the network's own adds 0 * h
//! dz  from the loss
//! dh  = dz V               for each group                a chain over the slots
//! ```

use super::layout::{Layout, Tall};
use crate::model::Activation;
use crate::train::Loss;
use core::ops::Range;
use prunella_kernels::{ByteColumns, ChainStart, Kernels, Line, Rows, RowsMut};
use std::{vec, vec::Vec};

/// Examples of a block: what a thread computes of them stays in L2, what it computes of one group of units in L1.
pub(super) const ROWS: usize = 192;

/// What all networks of a sweep have in common.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) hidden: Activation,
    pub(super) output: Activation,
    pub(super) loss: Loss,
}

/// What a block reads of the networks.
#[derive(Clone, Copy)]
pub(super) struct Networks<'a> {
    pub(super) layout: &'a Layout,
    pub(super) kind: Kind,
    pub(super) kernels: Kernels,
    pub(super) weights: &'a Tall,
    /// For each slot the transpose of the second weights, `[16, units]`.
    pub(super) transposed: &'a [Line],
}

/// Where a thread works on a block. All but `losses` and `scratch` is `[ROWS, ..]`, of which a block uses the first rows.
pub(super) struct Workspace {
    /// Group after group, `[rows, units of the group]`. `z` only if the derivative of the activation asks for it.
    z: Vec<Line>,
    h: Vec<Line>,
    dz: Vec<Line>,
    /// Slot after slot, `[rows, 16]`: `z` as above.
    output_z: Vec<Line>,
    output_dz: Vec<Line>,
    /// Ones: their product sums up a column.
    ones: Vec<Line>,
    /// How many examples the block has.
    rows: usize,
    /// `[rows, outputs]` twice, for one network.
    own: [Vec<Line>; 2],
    losses: Vec<f32>,
}

/// The matrices of a workspace.
#[derive(Clone, Copy)]
pub(super) enum Matrix {
    /// `[rows, 1]` of ones.
    Ones,
    /// `[rows, units of the group]`.
    Hidden(usize),
    HiddenGradient(usize),
    /// `[rows, 16]`.
    OutputGradient(usize),
}

impl Workspace {
    pub(super) fn new(layout: &Layout, kind: Kind) -> Workspace {
        let lines = |width: usize, needed: bool| vec![Line::ZERO; if needed { ROWS * width } else { 0 }];
        let mut one = Line::ZERO;
        one.0[0] = 1.0;
        let keeps_z = kind.hidden == Activation::Gaussian;
        let keeps_output_z = kind.output == Activation::Gaussian;
        Workspace {
            z: lines(layout.lines(), keeps_z),
            h: lines(layout.lines(), true),
            dz: lines(layout.lines(), true),
            output_z: lines(layout.slots(), keeps_output_z),
            output_dz: lines(layout.slots(), true),
            ones: vec![one; ROWS],
            rows: 0,
            own: [lines(Line::count(layout.outputs), true), lines(Line::count(layout.outputs), true)],
            losses: vec![0.0; ROWS],
        }
    }

    /// Takes the examples `x` through the networks; `outputs`, slot after slot `[rows, 16]`, receives what they give.
    pub(super) fn forward(&mut self, networks: Networks<'_>, x: &ByteColumns, outputs: &mut [Line]) {
        let Networks { layout, kind, kernels, weights, .. } = networks;
        let rows = x.rows();
        self.rows = rows;
        for group in &layout.groups {
            let (width, at) = (group.len() * Line::LEN, of_group(group, rows));
            let weight = Rows::new(&weights[0][layout.weights_of(group)], layout.features, width);
            let product = |activation, to: &mut [Line]| {
                let mut to = RowsMut::new(to, rows, width);
                kernels.tall_product(x, weight, &weights[1][group.clone()], activation, &mut to);
            };
            if self.z.is_empty() {
                product(kind.hidden, &mut self.h[at]);
            } else {
                product(Activation::Identity, &mut self.z[at.clone()]);
                self.h[at.clone()].copy_from_slice(&self.z[at.clone()]);
                kernels.activate(kind.hidden, &mut self.h[at]);
            }
        }
        for (slot, lines) in outputs.chunks_exact_mut(rows).enumerate() {
            let mut start = ChainStart::Bias(&weights[3][slot..=slot]);
            for (index, group) in
                layout.groups.iter().enumerate().filter(|(_, group)| layout.meet(group, slot))
            {
                let second = &weights[2][layout.second_of(group, slot)];
                let second = Rows::new(second, group.len() * Line::LEN, Line::LEN);
                let mut to = RowsMut::new(lines, rows, Line::LEN);
                kernels.gemm_nn_from(start, self.matrix(layout, Matrix::Hidden(index)), second, &mut to);
                start = ChainStart::Kept;
            }
        }
        if kind.output != Activation::Identity {
            if !self.output_z.is_empty() {
                self.output_z[..outputs.len()].copy_from_slice(outputs);
            }
            kernels.activate(kind.output, outputs);
        }
    }

    /// From what [`Workspace::forward`] gave to the gradients of `scale` times the sum of the losses. Whether all losses are finite:
    /// if not, the gradients mean nothing, not even those of the other networks.
    pub(super) fn backward(
        &mut self,
        networks: Networks<'_>,
        (outputs, labels): (&[Line], &[u8]),
        scale: f32,
    ) -> bool {
        let Networks { layout, kind, kernels, transposed, .. } = networks;
        let rows = labels.len();
        let is_finite = if kind.loss == Loss::BinaryCrossEntropy {
            for (z, dz) in outputs.chunks_exact(rows).zip(self.output_dz.chunks_exact_mut(rows)) {
                let (z, mut dz) = (Rows::new(z, rows, Line::LEN), RowsMut::new(dz, rows, Line::LEN));
                kernels.binary_cross_entropies(z, labels, scale, &mut dz);
            }
            // The loss is finite where the logit is.
            outputs.iter().all(|Line(logits)| logits.iter().all(|logit| logit.is_finite()))
        } else {
            self.losses_one_by_one(networks, (outputs, labels), scale)
        };
        if !is_finite {
            return false;
        }
        if kind.output != Activation::Identity {
            let z = if self.output_z.is_empty() { outputs } else { &self.output_z[..outputs.len()] };
            kernels.activation_backward(kind.output, z, outputs, &mut self.output_dz[..outputs.len()]);
        }
        let whole = layout.lines() * Line::LEN;
        for group in &layout.groups {
            let at = of_group(group, rows);
            let mut start = ChainStart::Zero;
            for slot in (0..layout.slots()).filter(|slot| layout.meet(group, *slot)) {
                let second = &transposed[slot * whole..(slot + 1) * whole];
                let units = group.start * Line::LEN..group.end * Line::LEN;
                let second = Rows::new(second, Line::LEN, whole).columns(units);
                let dz = Rows::new(&self.output_dz[slot * rows..], rows, Line::LEN);
                let mut to = RowsMut::new(&mut self.dz[at.clone()], rows, group.len() * Line::LEN);
                kernels.gemm_nn_from(start, dz, second, &mut to);
                start = ChainStart::Kept;
            }
            let h = &self.h[at.clone()];
            let z = if self.z.is_empty() { h } else { &self.z[at.clone()] };
            kernels.activation_backward(kind.hidden, z, h, &mut self.dz[at]);
        }
        true
    }

    /// The losses that are not computed for many networks at once.
    fn losses_one_by_one(
        &mut self,
        networks: Networks<'_>,
        (outputs, labels): (&[Line], &[u8]),
        scale: f32,
    ) -> bool {
        let Networks { layout, kind, kernels, .. } = networks;
        let (rows, count) = (labels.len(), layout.outputs);
        // What belongs to no network is zero.
        self.output_dz[..outputs.len()].fill(Line::ZERO);
        let mut is_finite = true;
        for network in 0..layout.networks() {
            let [own, scratch] = &mut self.own;
            let mut view = RowsMut::new(own, rows, count);
            for row in 0..rows {
                for (output, value) in view.row_mut(row).iter_mut().enumerate() {
                    let (slot, column) = layout.slot_of(output, network);
                    *value = outputs[slot * rows + row].0[column];
                }
            }
            let losses = &mut self.losses[..rows];
            kind.loss.gradient(kernels, &mut view, labels, (scale, losses), scratch);
            is_finite &= losses.iter().all(|loss| loss.is_finite());
            for row in 0..rows {
                for (output, value) in view.row_mut(row).iter().enumerate() {
                    let (slot, column) = layout.slot_of(output, network);
                    self.output_dz[slot * rows + row].0[column] = *value;
                }
            }
        }
        is_finite
    }

    /// One of the matrices, of the block's rows.
    pub(super) fn matrix(&self, layout: &Layout, which: Matrix) -> Rows<'_> {
        let rows = self.rows;
        let (lines, group) = match which {
            Matrix::Ones => return Rows::new(&self.ones, rows, 1),
            Matrix::OutputGradient(slot) => {
                return Rows::new(&self.output_dz[slot * rows..], rows, Line::LEN);
            }
            Matrix::Hidden(group) => (&self.h, group),
            Matrix::HiddenGradient(group) => (&self.dz, group),
        };
        let group = &layout.groups[group];
        Rows::new(&lines[of_group(group, rows)], rows, group.len() * Line::LEN)
    }
}

/// The lines of a group where all groups of so many rows lie one after the other.
fn of_group(group: &Range<usize>, rows: usize) -> Range<usize> {
    group.start * rows..group.end * rows
}
