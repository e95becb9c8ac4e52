//! Arguments that several verbs share, and the rules for single values.

use super::error::Failure;
use crate::benchmark::{BATCH_MAX, VariantName};
use crate::measure;
use crate::model::Activation;
use crate::prune::{LevelOptions, PruneOptions, Schedule, Scope, Structure};
use crate::report::Format;
use crate::train::{self, Optimizer, Options};
use clap::{Args, ValueEnum};
use core::fmt::Display;
use core::str::FromStr;
use prunella_kernels::Isa;
use std::format;
use std::path::PathBuf;
use std::prelude::rust_2024::*;

/// More would be a mistake, and each costs memory.
const THREADS_MAX: usize = 1024;

/// Weights of the largest network: 256 MiB for each copy, of which a benchmark keeps several.
const WEIGHTS_MAX: usize = 1 << 26;

/// Values of the largest batch, in the widest layer: 512 MiB.
const BATCH_VALUES_MAX: usize = 1 << 27;

/// Where results go.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Form of the results on stdout: table, json, csv or md
    #[arg(long, value_enum, value_name = "FORM", hide_possible_values = true, default_value_t = Format::Table)]
    pub(super) format: Format,
    /// Also write the results as files into this directory; older results there are replaced
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Nothing on stderr but errors: no progress bars, no remarks
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// What computes.
#[derive(Args)]
#[command(next_help_heading = "Machine")]
pub(super) struct MachineArgs {
    /// Threads [default: as many as the machine has]
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub(super) threads: Option<usize>,
    /// Instruction set: portable, avx2, avx512 or neon [env: PRUNELLA_ISA] [default: the fastest]
    #[arg(long, value_name = "NAME", value_parser = Isa::from_name)]
    pub(super) isa: Option<Isa>,
}

/// The seed of everything random.
#[derive(Args)]
#[command(next_help_heading = "Machine")]
pub(super) struct SeedArgs {
    /// Seed of everything random; the same seed gives the same network, bit for bit
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = seed, allow_negative_numbers = true)]
    pub(super) seed: u64,
}

/// Which examples.
#[derive(Args)]
#[command(next_help_heading = "Data")]
pub(super) struct DataArgs {
    /// Directory of IDX files, as of MNIST [env: PRUNELLA_DATA_DIR] [default: digits drawn in memory]
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Only the examples of these classes, such as 4,9
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(super) classes: Vec<u8>,
}

/// The shape of a network to be trained.
#[derive(Args)]
#[command(next_help_heading = "Network")]
pub(super) struct NetworkArgs {
    /// Widths of the hidden layers, such as 256 or 256,128
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "256", value_parser = at_least_one, allow_negative_numbers = true)]
    hidden: Vec<usize>,
    /// Activation of the hidden layers: relu, gaussian, sigmoid, tanh or identity
    #[arg(long, value_name = "NAME", default_value_t = Activation::Relu)]
    pub(super) activation: Activation,
}

impl NetworkArgs {
    /// All widths, input to output.
    pub(super) fn sizes(&self, features: usize, classes: usize) -> Result<Vec<usize>, Failure> {
        let sizes: Vec<usize> =
            core::iter::once(features).chain(self.hidden.iter().copied()).chain([classes]).collect();
        check_size(&sizes)?;
        Ok(sizes)
    }
}

/// How weights are changed.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum OptimizerName {
    /// Plain gradient descent
    Sgd,
    /// Gradient descent with momentum 0.9
    Momentum,
    /// Adam
    Adam,
}

impl OptimizerName {
    pub(super) fn name(self) -> &'static str {
        match self {
            OptimizerName::Sgd => "sgd",
            OptimizerName::Momentum => "momentum",
            OptimizerName::Adam => "adam",
        }
    }

    fn with_rate(self, rate: Option<f32>) -> Optimizer {
        let optimizer = match self {
            OptimizerName::Sgd => Optimizer::Sgd { rate: 0.1 },
            OptimizerName::Momentum => Optimizer::Momentum { rate: 0.05, momentum: 0.9 },
            OptimizerName::Adam => Options::default().optimizer,
        };
        rate.map_or(optimizer, |rate| optimizer.with_rate(rate))
    }
}

/// How the learning rate changes.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ScheduleName {
    /// It stays
    Constant,
    /// It falls to 0 along half a cosine
    Cosine,
    /// It rises from a 25th in the first three tenths of the steps, then falls to 0
    OneCycle,
}

impl ScheduleName {
    pub(super) fn name(self) -> &'static str {
        match self {
            ScheduleName::Constant => "constant",
            ScheduleName::Cosine => "cosine",
            ScheduleName::OneCycle => "one-cycle",
        }
    }

    fn schedule(self) -> train::Schedule {
        match self {
            ScheduleName::Constant => train::Schedule::Constant,
            ScheduleName::Cosine => train::Schedule::Cosine,
            ScheduleName::OneCycle => train::Schedule::OneCycle,
        }
    }
}

/// How a network is trained.
#[derive(Args)]
#[command(next_help_heading = "Training")]
pub(super) struct TrainingArgs {
    /// Passes over the training set
    #[arg(long, value_name = "N", default_value_t = Options::default().epochs, value_parser = at_least_one, allow_negative_numbers = true)]
    epochs: usize,
    /// How the learning rate changes: constant, cosine (falls to 0) or one-cycle (rises from a 25th, then falls to 0)
    #[arg(long, value_enum, value_name = "NAME", hide_possible_values = true, default_value_t = ScheduleName::Cosine)]
    pub(super) schedule: ScheduleName,
    #[command(flatten)]
    pub(super) steps: StepArgs,
}

/// How a training step is done.
#[derive(Args)]
#[command(next_help_heading = "Training")]
pub(super) struct StepArgs {
    /// Examples per training step
    #[arg(long, value_name = "N", default_value_t = Options::default().batch_size, value_parser = at_least_one, allow_negative_numbers = true)]
    batch_size: usize,
    /// How weights are changed: sgd, momentum (0.9) or adam
    #[arg(long, value_enum, value_name = "NAME", hide_possible_values = true, default_value_t = OptimizerName::Adam)]
    pub(super) optimizer: OptimizerName,
    /// Learning rate, where it is highest [default: adam 0.002, momentum 0.05, sgd 0.1]
    #[arg(long = "lr", value_name = "RATE", value_parser = rate, allow_negative_numbers = true)]
    rate: Option<f32>,
}

impl TrainingArgs {
    pub(super) fn options(&self, seed: u64) -> Options {
        let StepArgs { batch_size, optimizer, rate } = self.steps;
        let optimizer = optimizer.with_rate(rate);
        let schedule = self.schedule.schedule();
        Options { epochs: self.epochs, batch_size, optimizer, schedule, seed, ..Options::default() }
    }
}

impl StepArgs {
    /// Fine-tuning starts at half the rate of training, for the network is nearly there.
    pub(super) fn fine_tuning(&self, epochs: usize, seed: u64) -> Options {
        let optimizer = self.optimizer.with_rate(self.rate);
        let optimizer = optimizer.with_rate(optimizer.rate() / 2.0);
        Options { epochs, batch_size: self.batch_size, optimizer, seed, ..Options::default() }
    }
}

/// Among which weights the smallest are looked for.
#[derive(Clone, Copy, ValueEnum)]
enum ScopeName {
    /// In each layer: all get the same sparsity
    Layer,
    /// In all layers together
    Global,
}

/// Which weights go.
#[derive(Args)]
#[command(next_help_heading = "Pruning")]
pub(super) struct ScopeArgs {
    /// Where the smallest weights are looked for: in each layer (layer) or in all together (global)
    #[arg(long, value_enum, value_name = "SCOPE", hide_possible_values = true, default_value_t = ScopeName::Layer)]
    scope: ScopeName,
    /// Prune the last layer too; it stays dense otherwise
    #[arg(long)]
    prune_last: bool,
    /// Which weights go together: unstructured (each by itself), n:32 (as many of each 32 in a row as the sparsity says; other
    /// lengths too: 2:4 is n:4 at 0.5), block:16x1 (16 outputs of one input; other sizes too), neuron or input
    #[arg(long, value_name = "NAME", default_value_t = Structure::Unstructured)]
    pub(super) structure: Structure,
}

impl ScopeArgs {
    pub(super) fn options(&self) -> PruneOptions {
        let scope = match self.scope {
            ScopeName::Layer => Scope::PerLayer,
            ScopeName::Global => Scope::Global,
        };
        PruneOptions { scope, last: self.prune_last, structure: self.structure, ..PruneOptions::default() }
    }
}

/// When weights go.
#[derive(Args)]
#[command(next_help_heading = "Pruning")]
pub(super) struct ScheduleArgs {
    /// Remove the weights of a level all at once, before its fine-tuning, instead of gradually
    #[arg(long)]
    one_shot: bool,
}

impl ScheduleArgs {
    pub(super) fn level_options(&self, prune: PruneOptions, fine_tune: Options) -> LevelOptions {
        let schedule = if self.one_shot { Schedule::OneShot } else { Schedule::Gradual };
        LevelOptions { prune, schedule, fine_tune }
    }
}

/// What is timed, and how long.
#[derive(Args)]
#[command(next_help_heading = "Measuring")]
pub(super) struct TimingArgs {
    /// Batch sizes: examples per timed call
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1,64,1024", value_parser = at_least_one, allow_negative_numbers = true)]
    batch: Vec<usize>,
    /// Ways to run the networks: dense (always run: the baseline), masked, csr, auto; and where at least half of the inputs
    /// are zero, dense-sparse-input and csr-sparse-input, which skip those
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "dense,masked,csr,auto,dense-sparse-input,csr-sparse-input"
    )]
    variants: Vec<VariantName>,
    /// Timed rounds, each a visit to every network; fewer where a batch size would take over 10 s
    #[arg(long, value_name = "N", default_value_t = measure::Plan::default().rounds, value_parser = at_least_one, allow_negative_numbers = true)]
    rounds: usize,
}

impl TimingArgs {
    /// The batch sizes, checked against each other and `sizes`, the widths of the network.
    pub(super) fn batches(&self, sizes: &[usize]) -> Result<Vec<usize>, Failure> {
        check_batches(&self.batch, sizes)
    }

    /// The variants, none of them twice.
    pub(super) fn variants(&self) -> Result<Vec<VariantName>, Failure> {
        let twice = (1..self.variants.len()).find(|&i| self.variants[..i].contains(&self.variants[i]));
        match twice {
            Some(i) => Err(given_twice("--variants", self.variants[i])),
            None => Ok(self.variants.clone()),
        }
    }

    pub(super) fn plan(&self, seed: u64) -> measure::Plan {
        measure::Plan { rounds: self.rounds, budget_ns: 10_000_000_000, seed, ..measure::Plan::default() }
    }
}

/// Batch sizes in ascending order, checked against each other and `sizes`, the widths of what runs.
pub(super) fn check_batches(batches: &[usize], sizes: &[usize]) -> Result<Vec<usize>, Failure> {
    let batches = ascending("--batch", batches)?;
    let widest = sizes.iter().max().copied().unwrap_or(1);
    let most = BATCH_MAX.min(BATCH_VALUES_MAX / widest.max(1));
    match batches.iter().find(|batch| **batch > most) {
        Some(batch) => Err(Failure::usage(format!(
            "--batch {batch}: too large for a network {widest} values wide; the most is {most}"
        ))),
        None => Ok(batches),
    }
}

/// `values` sorted, unless one is there twice.
pub(super) fn ascending<T: PartialOrd + Copy + Display>(name: &str, values: &[T]) -> Result<Vec<T>, Failure> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap_or(core::cmp::Ordering::Equal));
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(given_twice(name, pair[0])),
        None => Ok(sorted),
    }
}

pub(super) fn given_twice(name: &str, value: impl Display) -> Failure {
    Failure::usage(format!("{name}: {value} is given twice; give each once"))
}

/// Whether a network of these widths is one that this command handles.
pub(super) fn check_size(sizes: &[usize]) -> Result<(), Failure> {
    let add = |sum: usize, pair: &[usize]| sum.checked_add(pair[0].checked_mul(pair[1])?);
    let weights = sizes.windows(2).try_fold(0, add);
    match weights {
        Some(weights) if weights <= WEIGHTS_MAX => Ok(()),
        _ => Err(Failure::usage(format!(
            "a network {sizes:?} wide has too many weights; the most is {WEIGHTS_MAX}, make the layers narrower"
        ))),
    }
}

/// A whole number, 1 or more.
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    number(text).filter(|n| *n > 0).ok_or_else(|| "give a whole number, 1 or more".into())
}

/// A share of the training set.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let valid = number(text).filter(|share| *share > 0.0 && *share < 1.0);
    valid.ok_or_else(|| "a share is above 0 and below 1: 0.1 keeps a tenth of the training set".into())
}

/// A sparsity.
pub(super) fn sparsity(text: &str) -> Result<f64, String> {
    let valid = number(text).filter(|share| (0.0..1.0).contains(share));
    valid.ok_or_else(|| "a sparsity is in [0, 1): 0.9 removes 90 % of the weights".into())
}

fn seed(text: &str) -> Result<u64, String> {
    number(text).ok_or_else(|| "give a whole number from 0 to 2^64 - 1".into())
}

fn threads(text: &str) -> Result<usize, String> {
    let valid = number(text).filter(|n| (1..=THREADS_MAX).contains(n));
    valid.ok_or_else(|| format!("give a whole number from 1 to {THREADS_MAX}"))
}

fn rate(text: &str) -> Result<f32, String> {
    let valid = number(text).filter(|rate: &f32| *rate > 0.0 && rate.is_finite());
    valid.ok_or_else(|| "a learning rate is above 0 and finite, such as 0.002".into())
}

pub(super) fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}
