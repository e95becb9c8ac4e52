//! The loop: batches in random order, gradients, steps.
//!
//! ```text
//! phase 1   pass forwards and backwards        each thread some examples of the batch
//! phase 2   dW^T = x^T dz, optimizer step      each thread some rows of every W^T: see `Block::update`
//!           W from W^T                         each thread some rows of W; only for layers after the first
//! ```
//!
//! A first layer most of whose pixels are zero is computed without them, forwards and in its gradient: they add nothing, so the
//! bits are the same.
//!
//! The threads split outputs, never sums: each weight's gradient is one chain over the whole batch, in order. So the bits do not
//! depend on the number of threads.

use super::network::{Dense, Mlp};
use super::optimizer::{Moments, MomentsMut, split_off};
use super::pass::{Batch, Pass};
use super::{Compute, Options, TrainError};
use crate::dataset::Dataset;
use crate::rng::{Rng, Stream};
use core::ops::Range;
use prunella_kernels::{Activation, Gradient, Kernels, Line, Rows, RowsMut, SparseBytes, SparseColumns};
use std::time::{Duration, Instant};
use std::{vec, vec::Vec};

/// Rows of a gradient made at a time: whole tiles on every instruction set (12 or 6 rows), and with 256 outputs 48 KB, still in
/// L2 when the optimizer reads them.
const CHUNK: usize = 48;

/// Where training is, after a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// The epoch of the step, counted from 1.
    pub epoch: usize,
    /// How many epochs there are.
    pub epochs: usize,
    /// The step, counted from 1 through all epochs.
    pub step: usize,
    /// How many steps there are in all epochs.
    pub steps: usize,
    /// The mean loss of the step's batch, before the step.
    pub loss: f64,
    /// How many examples the step's batch has.
    pub examples: usize,
    /// The time of all steps so far; what was done between them is not in it.
    pub elapsed: Duration,
}

/// Training, step by step.
pub struct Trainer<'a> {
    pub(super) network: &'a mut Mlp,
    pub(super) data: &'a Dataset,
    pub(super) options: Options,
    pub(super) compute: Compute<'a>,
    pass: Pass,
    /// For each layer after the first its weight, `[fan_out, fan_in]`; for the first nothing.
    weights: Vec<Vec<Line>>,
    /// For each layer, what the optimizer remembers of its weight and its bias.
    pub(super) moments: Vec<[Moments; 2]>,
    /// The data without their zeros, if that is faster for the first layer.
    compressed: Option<&'a SparseBytes>,
    /// One for each thread.
    workspaces: Vec<Workspace>,
    /// The examples in the order of the epoch.
    order: Vec<usize>,
    /// Steps done.
    pub(super) step: usize,
    /// Time of these steps.
    elapsed: Duration,
}

/// What a thread needs to make gradients.
#[derive(Clone)]
struct Workspace {
    /// Room for `CHUNK` rows of a gradient.
    gradient: Vec<Line>,
    /// The thread's columns of a batch.
    columns: SparseColumns,
}

/// What a layer took: `[batch, fan_in]`.
#[derive(Clone, Copy)]
enum Input<'a> {
    Dense(Rows<'a>),
    Sparse(&'a SparseBytes, &'a [usize]),
}

/// The rows of one layer that one thread updates, and what it needs for that.
struct Block<'a> {
    /// Which rows of W^T.
    rows: Range<usize>,
    x: Input<'a>,
    dz: Rows<'a>,
    weight: &'a mut [Line],
    mask: Option<&'a [Line]>,
    moments: MomentsMut<'a>,
    /// The bias goes with the first rows.
    bias: Option<(&'a mut [Line], MomentsMut<'a>)>,
}

impl<'a> Trainer<'a> {
    /// Makes ready to train `network` on `data`. All buffers are made here.
    ///
    /// # Errors
    /// If a setting is out of range, or network, data and loss do not go together.
    pub fn new(
        network: &'a mut Mlp,
        data: &'a Dataset,
        options: &Options,
        compute: Compute<'a>,
    ) -> Result<Trainer<'a>, TrainError> {
        options.check()?;
        options.loss.check(network, data)?;
        if data.is_empty() {
            return Err(TrainError::Mismatch("there are no examples to learn from".into()));
        }
        let threads = compute.pool.threads().get();
        let options = Options { batch_size: options.batch_size.min(data.len()), ..*options };
        let widest = network.layers.iter().map(Dense::stride).max().unwrap_or(0);
        let moments_of = |lines: &Vec<Line>| options.optimizer.moments(lines.len());
        let lines_of = |(index, layer): (usize, &Dense)| match index {
            0 => 0,
            _ => layer.fan_out * Line::count(layer.fan_in),
        };
        let workspace =
            Workspace { gradient: vec![Line::ZERO; CHUNK * widest], columns: SparseColumns::default() };
        let compressed = data.compressed().filter(|_| options.batch_size <= SparseColumns::MAX_ROWS);
        let mut trainer = Trainer {
            pass: Pass::new(network, options.batch_size, threads, (true, compressed.is_some())),
            weights: network.layers.iter().enumerate().map(|l| vec![Line::ZERO; lines_of(l)]).collect(),
            moments: network.layers.iter().map(|l| [&l.weight, &l.bias].map(moments_of)).collect(),
            compressed,
            workspaces: vec![workspace; threads],
            order: Vec::with_capacity(data.len()),
            step: 0,
            elapsed: Duration::ZERO,
            network,
            data,
            options,
            compute,
        };
        trainer.transpose_weights();
        Ok(trainer)
    }

    /// How many steps an epoch has; the last batch may be smaller than the others.
    pub fn steps_per_epoch(&self) -> usize {
        self.data.len().div_ceil(self.options.batch_size)
    }

    /// How many steps there are in all epochs.
    pub fn steps(&self) -> usize {
        self.options.epochs.saturating_mul(self.steps_per_epoch())
    }

    /// The share of the first layer's multiplications that are done, if pixels that are zero are passed over; `None` if they are
    /// too few for that to be faster.
    pub fn density(&self) -> Option<f64> {
        self.compressed.map(SparseBytes::density)
    }

    /// The floating-point operations that an example needs, a multiply-add being two: forwards, the gradients of the weights, and
    /// those of the inputs of all layers but the first; without what is multiplied by pixels that are zero, if those are passed
    /// over. With the machine's peak this is a limit on examples per second.
    pub fn flops_per_example(&self) -> f64 {
        let weights = |layer: &Dense| layer.fan_in as f64 * layer.fan_out as f64;
        let all = |layer: &Dense| 2.0 * 3.0 * weights(layer);
        let (first, others) = self.network.layers.split_first().expect("a network has layers");
        let pixels = self.data.len() as f64 * self.data.features() as f64;
        let share = self.compressed.map_or(1.0, |compressed| compressed.nnz() as f64 / pixels);
        2.0 * 2.0 * weights(first) * share + others.iter().map(all).sum::<f64>()
    }

    /// Prunes a layer: see [`Mlp::set_mask`].
    ///
    /// # Panics
    /// As [`Mlp::set_mask`] does.
    pub fn set_mask(&mut self, layer: usize, keep: &[bool]) {
        self.network.set_mask(layer, keep);
        self.transpose_weights();
    }

    /// What it learns from.
    pub fn data(&self) -> &Dataset {
        self.data
    }

    /// The network as it is now.
    pub fn network(&self) -> &Mlp {
        self.network
    }

    /// Does the next step; `None` when all are done.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`] if the loss is infinite or NaN: the step is not done, and would not be in another try.
    pub fn step(&mut self) -> Result<Option<Progress>, TrainError> {
        let (steps, steps_per_epoch) = (self.steps(), self.steps_per_epoch());
        if self.step == steps {
            return Ok(None);
        }
        let start = Instant::now();
        let (epoch, batch) = (self.step / steps_per_epoch, self.step % steps_per_epoch);
        if batch == 0 {
            self.draw_order(epoch);
        }
        let rate = self.options.optimizer.rate() * self.options.schedule.factor(self.step, steps);
        let first = batch * self.options.batch_size;
        let examples = self.options.batch_size.min(self.data.len() - first);
        let loss = self.pass_through(first..first + examples);
        if !loss.is_finite() {
            return Err(TrainError::NotFinite { epoch: epoch + 1, step: self.step + 1, rate });
        }
        self.update(first..first + examples, rate);
        self.transpose_weights();
        self.step += 1;
        self.elapsed += start.elapsed();
        Ok(Some(Progress {
            epoch: epoch + 1,
            epochs: self.options.epochs,
            step: self.step,
            steps,
            loss,
            examples,
            elapsed: self.elapsed,
        }))
    }

    /// Goes on after `step` steps, with what there was then.
    pub(super) fn resume(&mut self, network: Mlp, moments: Vec<[Moments; 2]>, step: usize) {
        *self.network = network;
        self.moments = moments;
        self.step = step;
        self.transpose_weights();
        // An epoch that has begun goes on in its order.
        self.draw_order(step / self.steps_per_epoch());
    }

    /// The order of the examples in epoch `epoch`, counted from 0.
    fn draw_order(&mut self, epoch: usize) {
        draw_order(&mut self.order, self.data.len(), (&self.options, epoch));
    }

    /// Phase 1, for the examples at `range` of the order: the mean loss.
    fn pass_through(&mut self, range: Range<usize>) -> f64 {
        let (network, kernels) = (&*self.network, self.compute.kernels);
        let (weights, loss) = (&self.weights, self.options.loss);
        let examples = &self.order[range];
        let batch = Batch { data: self.data, compressed: self.compressed, examples };
        let scale = 1.0 / examples.len() as f32;
        self.pass.run(network, self.compute, batch, |share| {
            share.backward((network, kernels), weights, (loss, scale));
        });
        let losses = &self.pass.losses()[..examples.len()];
        losses.iter().copied().map(f64::from).sum::<f64>() / examples.len() as f64
    }

    /// Phase 2, after a pass of the examples at `range` of the order.
    fn update(&mut self, range: Range<usize>, rate: f32) {
        let threads = self.workspaces.len();
        let (kernels, optimizer) = (self.compute.kernels, self.options.optimizer.with_rate(rate));
        let (t, examples) = (self.step as u64 + 1, &self.order[range]);
        let input = |layer| match self.compressed.filter(|_| layer == 0) {
            Some(bytes) => Input::Sparse(bytes, examples),
            None => Input::Dense(self.pass.inputs(self.network, layer, examples.len())),
        };
        let dz = |layer| self.pass.gradients(self.network, layer, examples.len());
        let operands: Vec<_> = (0..self.network.depth()).map(|layer| (input(layer), dz(layer))).collect();
        let mut work: Vec<(&mut Workspace, Vec<Block<'_>>)> =
            self.workspaces.iter_mut().map(|workspace| (workspace, Vec::new())).collect();
        for ((layer, moments), operands) in
            self.network.layers.iter_mut().zip(&mut self.moments).zip(operands)
        {
            let blocks = Block::split(layer, moments, operands, threads);
            work.iter_mut().zip(blocks).for_each(|((_, list), block)| list.push(block));
        }
        self.compute.pool.for_each(&mut work, |_, (workspace, blocks)| {
            for block in blocks.drain(..) {
                block.update(kernels, workspace, |w, moments, g| optimizer.step(kernels, t, w, moments, g));
            }
        });
    }

    /// The second half of phase 2.
    fn transpose_weights(&mut self) {
        let kernels = self.compute.kernels;
        let threads = self.compute.pool.threads().get();
        for (layer, weight) in self.network.layers.iter().zip(&mut self.weights).skip(1) {
            let from = Rows::new(&layer.weight, layer.fan_in, layer.fan_out);
            let rows = layer.fan_out.div_ceil(threads).next_multiple_of(Line::LEN);
            let mut parts: Vec<&mut [Line]> = weight.chunks_mut(rows * Line::count(layer.fan_in)).collect();
            self.compute.pool.for_each(&mut parts, |part, lines| {
                let outputs = part * rows..layer.fan_out.min((part + 1) * rows);
                let mut to = RowsMut::new(lines, outputs.len(), layer.fan_in);
                kernels.transpose(from.columns(outputs), &mut to);
            });
        }
    }
}

/// Makes `order` that of `len` examples in epoch `epoch`, counted from 0. Whoever takes all at once takes them as they come: the
/// gradient is the same but for rounding, and memory is read from front to back.
pub(super) fn draw_order(order: &mut Vec<usize>, len: usize, (options, epoch): (&Options, usize)) {
    order.clear();
    order.extend(0..len);
    if options.batch_size < len {
        Rng::stream(options.seed, Stream::Order(epoch as u64)).shuffle(order);
    }
}

impl<'a> Block<'a> {
    /// The rows of `layer` in `threads` blocks, or fewer if there are not so many lines of rows.
    fn split(
        layer: &'a mut Dense,
        [of_weight, of_bias]: &'a mut [Moments; 2],
        (x, dz): (Input<'a>, Rows<'a>),
        threads: usize,
    ) -> impl Iterator<Item = Block<'a>> {
        let (fan_in, stride) = (layer.fan_in, layer.stride());
        let rows = fan_in.div_ceil(threads).next_multiple_of(Line::LEN);
        let mut moments = of_weight.all();
        let mut bias = Some((&mut layer.bias[..], of_bias.all()));
        let mut masks = layer.mask.as_deref().map(|mask| mask.chunks(rows * stride));
        layer.weight.chunks_mut(rows * stride).enumerate().map(move |(index, weight)| Block {
            rows: index * rows..fan_in.min((index + 1) * rows),
            x,
            dz,
            moments: moments.split_off(weight.len()),
            weight,
            mask: masks.as_mut().and_then(Iterator::next),
            bias: bias.take(),
        })
    }

    /// A gradient is used up where it is made: a sparse one in registers, of a dense one some rows while they are in L1.
    fn update(
        mut self,
        kernels: Kernels,
        Workspace { gradient, columns }: &mut Workspace,
        step: impl Fn((&mut [Line], Option<&[Line]>), MomentsMut<'_>, Gradient<'_>),
    ) {
        let stride = Line::count(self.dz.cols());
        match self.x {
            Input::Sparse(bytes, examples) => {
                columns.fill(bytes, examples, self.rows);
                step((self.weight, self.mask), self.moments, Gradient::Sparse(columns, self.dz));
            }
            Input::Dense(x) => {
                for first in self.rows.clone().step_by(CHUNK) {
                    let rows = first..self.rows.end.min(first + CHUNK);
                    let lines = rows.len() * stride;
                    let mut dweight = RowsMut::new(gradient, rows.len(), self.dz.cols());
                    kernels.gemm_tn(x.columns(rows), self.dz, None, Activation::Identity, &mut dweight);
                    let weight = split_off(&mut self.weight, lines);
                    let mask = self.mask.as_mut().and_then(|mask| mask.split_off(..lines));
                    let moments = self.moments.split_off(lines);
                    step((weight, mask), moments, Gradient::Lines(&gradient[..lines]));
                }
            }
        }
        if let Some((bias, moments)) = self.bias {
            kernels.sum_rows(self.dz, gradient);
            step((bias, None), moments, Gradient::Lines(&gradient[..stride]));
        }
    }
}
