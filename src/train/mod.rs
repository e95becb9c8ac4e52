//! The trainable network.
//!
//! ```
//! use prunella::kernels::{Isa, Kernels, Pool};
//! use prunella::train::{Compute, Init, Mlp, Options, Trainer, evaluate};
//! use prunella::{dataset::Split, model::Activation, rng::Rng};
//!
//! let digits = Split::synth(200, 100, 1);
//! let hidden = Activation::Relu;
//! let mut network = Mlp::new(&[784, 16, 10], hidden, Activation::Identity, Init::He, &mut Rng::new(1))?;
//! let pool = Pool::single();
//! let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
//! let options = Options { epochs: 2, ..Options::default() };
//! let mut trainer = Trainer::new(&mut network, &digits.train, &options, compute)?;
//! while let Some(now) = trainer.step()? {
//!     assert!(now.loss < 10.0, "epoch {}, step {}: {}", now.epoch, now.step, now.loss);
//! }
//! let accuracy = evaluate(&network, &digits.test, options.loss, compute)?.accuracy;
//! # let _ = accuracy;
//! # Ok::<(), prunella::train::TrainError>(())
//! ```

mod checkpoint;
mod course;
mod error;
mod loss;
mod network;
mod optimizer;
mod pass;
mod stopping;
mod sweep;
mod trainer;

pub use course::{Course, Curve, Epoch, Judges, Score, Underway};
pub use error::TrainError;
pub use loss::Loss;
pub use network::{Init, Mlp};
pub use optimizer::{Optimizer, Schedule};
pub use stopping::EarlyStopping;
pub use sweep::{Member, State, Sweep, SweepProgress, evaluate_many};
pub use trainer::{Progress, Trainer};

use crate::dataset::Dataset;
use pass::{Batch, Pass};
use prunella_kernels::{Kernels, Pool};
use std::vec::Vec;

/// What computes: the kernels of an instruction set, and threads. Neither number nor kind of threads changes a bit of a result;
/// nor does the instruction set, among those that fuse products with sums.
#[derive(Debug, Clone, Copy)]
pub struct Compute<'a> {
    /// The kernels.
    pub kernels: Kernels,
    /// The threads.
    pub pool: &'a Pool,
}

/// How to train. The default is what `prunella run` uses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// How often each example is seen, 1 or more.
    pub epochs: usize,
    /// Examples per step, 1 or more; at most as many as there are.
    pub batch_size: usize,
    /// How a gradient changes the weights.
    pub optimizer: Optimizer,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// What is made small.
    pub loss: Loss,
    /// Decides the order of the examples.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            epochs: 10,
            batch_size: 128,
            optimizer: Optimizer::adam(2e-3),
            schedule: Schedule::Cosine,
            loss: Loss::SoftmaxCrossEntropy,
            seed: 1,
        }
    }
}

impl Options {
    fn check(&self) -> Result<(), TrainError> {
        for (name, value) in [("the number of epochs", self.epochs), ("the batch size", self.batch_size)] {
            if value == 0 {
                return Err(TrainError::setting(name, value, "1 or more"));
            }
        }
        self.optimizer.check()
    }
}

/// What a network makes of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// What it gives: `[examples, outputs]`, row-major. With a cross-entropy these are logits.
    pub outputs: Vec<f32>,
    /// The class that stands for: `[examples]`.
    pub predicted: Vec<usize>,
    /// The share of examples of which that is the right one; NaN without examples.
    pub accuracy: f64,
}

/// Runs `network`, trained by `loss`, on all examples of `data`.
///
/// # Errors
/// [`TrainError::Mismatch`] if network, data and loss do not go together.
pub fn evaluate(
    network: &Mlp,
    data: &Dataset,
    loss: Loss,
    compute: Compute<'_>,
) -> Result<Evaluation, TrainError> {
    /// Examples per thread: enough for whole tiles, few enough for the activations to stay in L2.
    const ROWS: usize = 96;
    loss.check(network, data)?;
    let threads = compute.pool.threads().get();
    let examples: Vec<usize> = (0..data.len()).collect();
    let compressed = data.compressed();
    let mut pass = Pass::new(network, threads * ROWS, threads, (false, compressed.is_some()));
    let mut outputs = Vec::with_capacity(data.len() * network.fan_out());
    for examples in examples.chunks(threads * ROWS) {
        pass.run(network, compute, Batch { data, compressed, examples }, |_| {});
        let rows = pass.outputs(network, examples.len());
        (0..examples.len()).for_each(|row| outputs.extend_from_slice(rows.row(row)));
    }
    Ok(Evaluation::new(outputs, data, loss))
}

impl Evaluation {
    /// What `outputs`, `[examples, outputs]` of a network trained by `loss`, stand for.
    fn new(outputs: Vec<f32>, data: &Dataset, loss: Loss) -> Evaluation {
        let width = (outputs.len() / data.len().max(1)).max(1);
        let predicted: Vec<usize> = outputs.chunks_exact(width).map(|row| loss.class_of(row)).collect();
        let right = predicted.iter().zip(data.labels()).filter(|&(p, l)| *p == usize::from(*l)).count();
        Evaluation { accuracy: right as f64 / data.len() as f64, outputs, predicted }
    }
}
