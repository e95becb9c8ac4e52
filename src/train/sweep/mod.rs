//! Many networks that learn from the same examples, trained side by side.

use super::Trainer;
use super::optimizer::Moments;
use super::{Compute, Evaluation, Loss, Mlp, Options, TrainError, evaluate};
use crate::dataset::Dataset;
use std::time::{Duration, Instant};
use std::{format, vec::Vec};

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
pub struct Sweep<'a> {
    members: Vec<Running>,
    data: &'a Dataset,
    options: Options,
    compute: Compute<'a>,
    step: usize,
    elapsed: Duration,
}

struct Running {
    member: Member,
    moments: Vec<[Moments; 2]>,
    state: State,
    outputs: Option<Vec<f32>>,
}

impl<'a> Sweep<'a> {
    /// Makes ready to train `members` on `data`. Of `options` the number of epochs and the rate of the optimizer do not count:
    /// every member has its own. A batch of all examples has them in their order; smaller ones are drawn as a
    /// [`Trainer`](super::Trainer) draws them.
    ///
    /// # Errors
    /// If a setting is out of range, there is no member, one has not one hidden layer or another activation or number of outputs
    /// than the first, or networks, data and loss do not go together.
    pub fn new(
        members: Vec<Member>,
        data: &'a Dataset,
        options: &Options,
        compute: Compute<'a>,
    ) -> Result<Sweep<'a>, TrainError> {
        let options = Options { batch_size: options.batch_size.min(data.len()), ..*options };
        for member in &members {
            options.loss.check(&member.network, data)?;
            options.optimizer.with_rate(member.rate).check()?;
            if member.network.depth() != 2 {
                return Err(TrainError::Mismatch(format!("{} layers", member.network.depth())));
            }
        }
        let running = |member: Member| Running {
            moments: {
                let of = |lines: usize| options.optimizer.moments(lines);
                member.network.layers.iter().map(|l| [of(l.weight.len()), of(l.bias.len())]).collect()
            },
            member,
            state: State::Running,
            outputs: None,
        };
        let members = members.into_iter().map(running).collect();
        Ok(Sweep { members, data, options, compute, step: 0, elapsed: Duration::ZERO })
    }

    /// Does the next step of all members that are running; `None` when none is.
    pub fn step(&mut self) -> Option<SweepProgress> {
        let start = Instant::now();
        self.members.iter_mut().for_each(|running| running.outputs = None);
        let running = self.members.iter_mut().filter(|running| running.state == State::Running);
        let mut done = 0;
        for running in running {
            done += 1;
            let Member { network, rate, steps } = &mut running.member;
            running.outputs =
                evaluate(network, self.data, self.options.loss, self.compute).ok().map(|e| e.outputs);
            let optimizer = self.options.optimizer.with_rate(*rate);
            let options = Options { epochs: *steps, optimizer, ..self.options };
            let before = network.clone();
            let mut trainer = Trainer::new(network, self.data, &options, self.compute).ok()?;
            trainer.resume(before, core::mem::take(&mut running.moments), self.step);
            let outcome = trainer.step();
            running.moments = trainer.moments;
            if outcome.is_err() {
                running.state = State::Diverged { step: self.step + 1 };
            } else if self.step + 1 == *steps {
                running.state = State::Done;
            }
        }
        self.step += 1;
        self.elapsed += start.elapsed();
        let steps = self.members.iter().map(|running| running.member.steps).max().unwrap_or(0);
        let examples = self.options.batch_size;
        (done > 0).then_some(SweepProgress {
            step: self.step,
            steps,
            members: done,
            examples,
            elapsed: self.elapsed,
        })
    }

    /// Ends member `member` where it is: it takes no further time.
    ///
    /// # Panics
    /// If there is no such member.
    pub fn stop(&mut self, member: usize) {
        if self.members[member].state == State::Running {
            self.members[member].state = State::Stopped;
        }
    }

    /// How it is with member `member`.
    ///
    /// # Panics
    /// If there is no such member.
    pub fn state(&self, member: usize) -> State {
        self.members[member].state
    }

    /// The numbers of the examples of the last step's batch, in its order: `[batch]`.
    pub fn examples(&self) -> Vec<usize> {
        (0..self.data.len()).collect()
    }

    /// What member `member` gave for the batch of the last step, before that step: `[batch, outputs]`, row-major. With a
    /// cross-entropy these are logits. `None` if it did not take part.
    ///
    /// # Panics
    /// If there is no such member.
    pub fn outputs(&self, member: usize) -> Option<Vec<f32>> {
        self.members[member].outputs.clone()
    }

    /// The mean loss of member `member` over the batch of the last step, before that step; `None` if it did not take part.
    ///
    /// # Panics
    /// If there is no such member.
    pub fn loss(&self, member: usize) -> Option<f64> {
        self.outputs(member).map(|outputs| self.options.loss.mean(&outputs, self.data.labels()))
    }

    /// Member `member` as it is now.
    ///
    /// # Panics
    /// If there is no such member.
    pub fn network(&self, member: usize) -> Mlp {
        self.members[member].member.network.clone()
    }

    /// The networks as they are now, in the order of the members.
    pub fn finish(self) -> Vec<Mlp> {
        self.members.into_iter().map(|running| running.member.network).collect()
    }
}

/// [`evaluate`] for many networks that take the same examples.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_many(
    networks: &[Mlp],
    data: &Dataset,
    loss: Loss,
    compute: Compute<'_>,
) -> Result<Vec<Evaluation>, TrainError> {
    networks.iter().map(|network| evaluate(network, data, loss, compute)).collect()
}
