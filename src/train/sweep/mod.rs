//! Many networks that learn from the same examples, trained side by side.
//!
//! A network of few hidden units leaves most of a register empty, and reads all examples for little work. So the hidden units of all
//! networks are computed as those of one (a tall weight matrix, its rows stacked), end to end whatever their number; the second
//! layers, of which each reads its own network's units, are computed as one that is zero elsewhere. Zero pixels are passed over.
//! What becomes of a network is, to the bit, what a [`Trainer`](super::Trainer) would make of it alone.

mod block;
mod layout;
mod stack;

use super::optimizer::Moments;
use super::trainer::draw_order;
use super::{Compute, Evaluation, Loss, Mlp, Options, TrainError, evaluate};
use crate::dataset::{Dataset, SCALE};
use block::{Kind, ROWS};
use core::ops::Range;
use layout::{Layout, moments, moments_mut, weights, weights_mut};
use prunella_kernels::{Line, RowsMut, SparseBytes, SparseColumns};
use stack::{Batch, Stack, inputs_of_threads};
use std::borrow::Cow;
use std::time::{Duration, Instant};
use std::{format, vec, vec::Vec};

/// A network of a sweep, and how it is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The network before its first step: one hidden layer.
    pub network: Mlp,
    /// Its learning rate, before the schedule.
    pub rate: f32,
    /// How many steps it is trained, 1 or more; its schedule ends with them.
    pub steps: usize,
}

/// How it is with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It takes part in the next step.
    Running,
    /// It has done all its steps.
    Done,
    /// [`Sweep::stop`] has ended it.
    Stopped,
    /// Its loss was infinite or NaN in step `step`, counted from 1, which was not done: its weights are those of before.
    Diverged {
        /// The step.
        step: usize,
    },
}

/// Where a sweep is, after a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SweepProgress {
    /// The step, counted from 1.
    pub step: usize,
    /// The most steps that a member has.
    pub steps: usize,
    /// How many members have done the step.
    pub members: usize,
    /// How many examples its batch had.
    pub examples: usize,
    /// The time of all steps so far; what was done between them is not in it.
    pub elapsed: Duration,
}

/// Networks that learn from the same batches, step by step.
///
/// ```
/// use prunella::kernels::{Isa, Kernels, Pool};
/// use prunella::train::{Compute, Init, Loss, Member, Mlp, Optimizer, Options, Schedule, Sweep};
/// use prunella::{dataset::Split, model::Activation, rng::Rng};
///
/// let digits = Split::synth(200, 100, 1).with_classes(&[4, 9])?;
/// let member = |hidden: usize| {
///     let sizes = [784, hidden, 1];
///     let init = Init::Normal { std: 0.1 };
///     let network = Mlp::new(&sizes, Activation::Relu, Activation::Identity, init, &mut Rng::new(0))?;
///     Ok(Member { network, rate: 0.03, steps: 5 })
/// };
/// let members = [2, 4, 6].into_iter().map(member).collect::<Result<_, prunella::train::TrainError>>()?;
/// let options = Options {
///     batch_size: usize::MAX,
///     optimizer: Optimizer::Sgd { rate: 0.03 },
///     schedule: Schedule::Constant,
///     loss: Loss::BinaryCrossEntropy,
///     ..Options::default()
/// };
/// let pool = Pool::single();
/// let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
/// let mut sweep = Sweep::new(members, &digits.train, &options, compute)?;
/// while let Some(now) = sweep.step() {
///     assert_eq!((now.steps, now.members), (5, 3));
///     let logits = sweep.outputs(2).expect("it has done the step");
///     assert_eq!(logits.len(), now.examples);
/// }
/// assert_eq!(sweep.finish().len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sweep<'a> {
    seats: Vec<Seat>,
    data: &'a Dataset,
    /// The data without their zeros.
    bytes: Cow<'a, SparseBytes>,
    options: Options,
    compute: Compute<'a>,
    /// The networks that are trained, as far as the last step knew.
    stack: Stack,
    /// Which members these are, in their order there.
    stacked: Vec<usize>,
    /// The examples in the order of the epoch, and their labels.
    order: Vec<usize>,
    labels: Vec<u8>,
    /// Which of them were the batch of the last step.
    batch: Range<usize>,
    /// By columns, and whether they are those of every batch.
    columns: Vec<SparseColumns>,
    are_filled: bool,
    step: usize,
    elapsed: Duration,
}

/// A member and its state; what is in the stack is not up to date here.
struct Seat {
    member: Member,
    moments: [[Moments; 2]; 2],
    state: State,
}

impl<'a> Sweep<'a> {
    /// Makes ready to train `members` on `data`. Of `options` the number of epochs and the rate of the optimizer do not count:
    /// every member has its own. A batch of all examples has them as they come; smaller ones are drawn as a
    /// [`Trainer`](super::Trainer) draws them.
    ///
    /// # Errors
    /// If a setting is out of range, there is no member, one has not just one hidden layer, or other activations than the first, or
    /// networks, data and loss do not go together.
    pub fn new(
        members: Vec<Member>,
        data: &'a Dataset,
        options: &Options,
        compute: Compute<'a>,
    ) -> Result<Sweep<'a>, TrainError> {
        let kind = check(&members, data, options)?;
        let bytes = sparse_bytes(data)?;
        let options = Options { batch_size: options.batch_size.min(data.len()), ..*options };
        let seat = |member: Member| {
            let of = |lines: &Vec<Line>| options.optimizer.moments(lines.len());
            let of_layer = |layer: usize| {
                let layer = &member.network.layers[layer];
                [of(&layer.weight), of(&layer.bias)]
            };
            Seat { moments: [of_layer(0), of_layer(1)], member, state: State::Running }
        };
        let seats: Vec<Seat> = members.into_iter().map(seat).collect();
        let stacked: Vec<usize> = (0..seats.len()).collect();
        let shares = inputs_of_threads(data.features(), compute.pool.threads().get()).count();
        let columns = vec![SparseColumns::default(); options.batch_size.div_ceil(ROWS) * shares];
        Ok(Sweep {
            stack: stack_of(&seats, &stacked, kind, compute),
            stacked,
            seats,
            data,
            bytes,
            options,
            compute,
            order: vec![],
            labels: vec![],
            batch: 0..0,
            columns,
            are_filled: false,
            step: 0,
            elapsed: Duration::ZERO,
        })
    }

    /// Does the next step of all members that are running; `None` when none is.
    pub fn step(&mut self) -> Option<SweepProgress> {
        let start = Instant::now();
        let steps_per_epoch = self.data.len().div_ceil(self.options.batch_size);
        let (epoch, batch) = (self.step / steps_per_epoch, self.step % steps_per_epoch);
        // All examples at once are those of the step before.
        if batch == 0 && !self.are_filled {
            draw_order(&mut self.order, self.data.len(), (&self.options, epoch));
            self.labels = self.order.iter().map(|example| self.data.labels()[*example]).collect();
        }
        let first = batch * self.options.batch_size;
        self.batch = first..self.data.len().min(first + self.options.batch_size);
        loop {
            self.restack();
            if self.stacked.is_empty() {
                return None;
            }
            let batch = Batch {
                bytes: &self.bytes,
                examples: &self.order[self.batch.clone()],
                labels: &self.labels[self.batch.clone()],
                columns: &mut self.columns,
                is_filled: self.are_filled,
            };
            if self.stack.gradients(self.compute, batch) {
                break;
            }
            self.find_diverged();
        }
        self.are_filled = steps_per_epoch == 1;
        let rate = |member: &usize| {
            let Member { rate, steps, .. } = self.seats[*member].member;
            rate * self.options.schedule.factor(self.step, steps)
        };
        let rates: Vec<f32> = self.stacked.iter().map(rate).collect();
        self.stack.update(self.compute, (self.options.optimizer, self.step as u64 + 1), &rates);
        self.step += 1;
        for member in &self.stacked {
            let Seat { member, state, .. } = &mut self.seats[*member];
            if member.steps == self.step {
                *state = State::Done;
            }
        }
        self.elapsed += start.elapsed();
        Some(SweepProgress {
            step: self.step,
            steps: self.seats.iter().map(|seat| seat.member.steps).max().unwrap_or(0),
            members: self.stacked.len(),
            examples: self.batch.len(),
            elapsed: self.elapsed,
        })
    }

    /// Ends member `member` where it is; it takes no more time.
    ///
    /// # Panics
    /// If there is no such member.
    pub fn stop(&mut self, member: usize) {
        let state = &mut self.seats[member].state;
        if *state == State::Running {
            *state = State::Stopped;
        }
    }

    /// How it is with member `member`.
    ///
    /// # Panics
    /// If there is no such member.
    pub fn state(&self, member: usize) -> State {
        self.seats[member].state
    }

    /// The numbers of the examples of the last step's batch, in its order: `[batch]`.
    pub fn examples(&self) -> &[usize] {
        &self.order[self.batch.clone()]
    }

    /// What member `member` gave for the batch of the last step, before that step: `[batch, outputs]`, row-major. With a
    /// cross-entropy these are logits. `None` if it did not take part.
    ///
    /// # Panics
    /// If there is no such member.
    pub fn outputs(&self, member: usize) -> Option<Vec<f32>> {
        assert!(member < self.seats.len(), "member {member} of {}", self.seats.len());
        let network = self.stacked.iter().position(|stacked| *stacked == member)?;
        Some(outputs_of(&self.stack, self.batch.len(), network))
    }

    /// The mean loss of member `member` over the batch of the last step, before that step; `None` if it did not take part.
    ///
    /// # Panics
    /// If there is no such member.
    pub fn loss(&self, member: usize) -> Option<f64> {
        self.outputs(member).map(|outputs| self.mean_loss(&outputs, &self.labels[self.batch.clone()]))
    }

    /// Member `member` as it is now.
    ///
    /// # Panics
    /// If there is no such member.
    pub fn network(&self, member: usize) -> Mlp {
        let mut network = self.seats[member].member.network.clone();
        if let Some(index) = self.stacked.iter().position(|stacked| *stacked == member) {
            self.stack.layout.get(index, &self.stack.weights, weights_mut(&mut network));
        }
        network
    }

    /// The networks as they are now, in the order of the members.
    pub fn finish(mut self) -> Vec<Mlp> {
        self.unstack();
        self.seats.into_iter().map(|seat| seat.member.network).collect()
    }

    /// The mean of the losses that `outputs`, `[examples, outputs]` row-major, come to: the bits of a [`Trainer`](super::Trainer).
    fn mean_loss(&self, outputs: &[f32], labels: &[u8]) -> f64 {
        let (rows, width) = (labels.len(), outputs.len() / labels.len());
        let mut lines = vec![Line::ZERO; rows * Line::count(width)];
        let mut view = RowsMut::new(&mut lines, rows, width);
        outputs
            .chunks_exact(width)
            .enumerate()
            .for_each(|(row, from)| view.row_mut(row).copy_from_slice(from));
        let (mut losses, mut scratch) = (vec![0.0; rows], vec![Line::ZERO; rows * Line::count(width)]);
        let losses_of = self.options.loss;
        losses_of.gradient(self.compute.kernels, &mut view, labels, (1.0, &mut losses), &mut scratch);
        losses.into_iter().map(f64::from).sum::<f64>() / rows as f64
    }

    /// Brings the seats up to date.
    fn unstack(&mut self) {
        let Stack { layout, weights, moments, .. } = &self.stack;
        for (index, member) in self.stacked.iter().enumerate() {
            let seat = &mut self.seats[*member];
            layout.get(index, weights, weights_mut(&mut seat.member.network));
            for (tall, own) in moments.iter().zip(moments_mut(&mut seat.moments)) {
                layout.get(index, tall, own);
            }
        }
    }

    /// Takes out of the stack who has left.
    fn restack(&mut self) {
        let runs = |member: &usize| self.seats[*member].state == State::Running;
        if self.stacked.iter().all(runs) {
            return;
        }
        self.unstack();
        let seats = &self.seats;
        self.stacked.retain(|member| seats[*member].state == State::Running);
        if !self.stacked.is_empty() {
            self.stack = stack_of(&self.seats, &self.stacked, self.stack.kind, self.compute);
        }
    }

    /// Some loss is not finite, which may have spread: looks at every member alone.
    fn find_diverged(&mut self) {
        let batch = self.data.select(&self.order[self.batch.clone()]);
        self.unstack();
        for member in &self.stacked {
            let network = &self.seats[*member].member.network;
            let found = evaluate(network, &batch, self.options.loss, self.compute);
            let found = found.expect("networks, data and loss go together");
            if !self.mean_loss(&found.outputs, batch.labels()).is_finite() {
                self.seats[*member].state = State::Diverged { step: self.step + 1 };
            }
        }
        let runs = |member: &usize| self.seats[*member].state == State::Running;
        assert!(!self.stacked.iter().all(runs), "a loss is not finite in company, so one is alone");
    }
}

/// What the members have in common, if they can be trained together.
fn check(members: &[Member], data: &Dataset, options: &Options) -> Result<Kind, TrainError> {
    let Some(first) = members.first() else {
        return Err(TrainError::Mismatch("there is no network to train: give one or more".into()));
    };
    if data.is_empty() {
        return Err(TrainError::Mismatch("there are no examples to learn from".into()));
    }
    for (index, Member { network, rate, steps }) in members.iter().enumerate() {
        options.loss.check(network, data)?;
        Options { epochs: *steps, optimizer: options.optimizer.with_rate(*rate), ..*options }.check()?;
        if !stacks(network, &first.network) {
            let sizes = network.sizes();
            let problem = "it must have one hidden layer, and the activations of the first network";
            return Err(TrainError::Mismatch(format!(
                "network {index}, of sizes {sizes:?}, does not fit: {problem}"
            )));
        }
    }
    Ok(kind_of(&first.network, options.loss))
}

fn kind_of(network: &Mlp, loss: Loss) -> Kind {
    Kind { hidden: network.layers[0].activation, output: network.output(), loss }
}

/// Whether networks for the same data and loss can be trained together.
fn stacks(network: &Mlp, first: &Mlp) -> bool {
    let activations = |network: &Mlp| network.layers.iter().map(|layer| layer.activation).collect::<Vec<_>>();
    network.depth() == 2 && network.fan_out() == first.fan_out() && activations(network) == activations(first)
}

/// The pixels without their zeros: of many networks at once that is the faster form even where few are zero.
fn sparse_bytes(data: &Dataset) -> Result<Cow<'_, SparseBytes>, TrainError> {
    if let Some(bytes) = data.compressed() {
        return Ok(Cow::Borrowed(bytes));
    }
    let features = data.features();
    let pixels = data.len().saturating_mul(features);
    if features > SparseBytes::MAX_COLS || u32::try_from(pixels).is_err() {
        let problem = format!("{} examples of {features} features are too many for a sweep", data.len());
        let limit = format!("it takes {} features, and 2^32 values in all", SparseBytes::MAX_COLS);
        return Err(TrainError::Mismatch(format!("{problem}: {limit}")));
    }
    let pixels: Vec<u8> = (0..data.len()).flat_map(|example| data.pixels(example)).copied().collect();
    Ok(Cow::Owned(SparseBytes::new(&pixels, features, |pixel| f32::from(pixel) * SCALE)))
}

/// The members `stacked` side by side.
fn stack_of(seats: &[Seat], stacked: &[usize], kind: Kind, compute: Compute<'_>) -> Stack {
    let networks = stacked.iter().map(|member| &seats[*member].member.network);
    let layout = Layout::new(networks.clone());
    let mask = layout.mask(networks.clone());
    let mut tall = layout.zeros();
    networks.enumerate().for_each(|(index, network)| layout.put(index, weights(network), &mut tall));
    let mut remembered = [0, 1].map(|which| {
        let is_kept =
            stacked.first().is_some_and(|member| !moments(&seats[*member].moments)[which][0].is_empty());
        if is_kept { layout.zeros() } else { [vec![], vec![], vec![], vec![]] }
    });
    for (index, member) in stacked.iter().enumerate() {
        for (tall, own) in remembered.iter_mut().zip(moments(&seats[*member].moments)) {
            layout.put(index, own, tall);
        }
    }
    Stack::new(layout, kind, (tall, remembered, mask), compute)
}

/// What a network of the stack gave for the last batch, of `rows`: `[rows, outputs]`.
fn outputs_of(stack: &Stack, rows: usize, network: usize) -> Vec<f32> {
    let of_row =
        |row| (0..stack.layout.outputs).map(move |output| stack.output((row, rows), output, network));
    (0..rows).flat_map(of_row).collect()
}

/// [`evaluate`] for many networks: together if they could be trained so, else one after the other.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_many(
    networks: &[Mlp],
    data: &Dataset,
    loss: Loss,
    compute: Compute<'_>,
) -> Result<Vec<Evaluation>, TrainError> {
    let Some(first) = networks.first() else { return Ok(vec![]) };
    networks.iter().try_for_each(|network| loss.check(network, data))?;
    let alone = || networks.iter().map(|network| evaluate(network, data, loss, compute)).collect();
    if data.is_empty() || !networks.iter().all(|network| stacks(network, first)) {
        return alone();
    }
    let layout = Layout::new(networks.iter());
    let mut tall = layout.zeros();
    networks.iter().enumerate().for_each(|(index, network)| layout.put(index, weights(network), &mut tall));
    let none = || [vec![], vec![], vec![], vec![]];
    let mut stack = Stack::new(layout, kind_of(first, loss), (tall, [none(), none()], none()), compute);
    let examples: Vec<usize> = (0..data.len()).collect();
    let bytes = sparse_bytes(data)?;
    stack.forward(compute, &bytes, &examples);
    let outputs: Vec<Vec<f32>> =
        (0..networks.len()).map(|network| outputs_of(&stack, data.len(), network)).collect();
    // What is not finite spreads.
    if outputs.iter().flatten().any(|output| !output.is_finite()) {
        return alone();
    }
    Ok(outputs.into_iter().map(|outputs| Evaluation::new(outputs, data, loss)).collect())
}
