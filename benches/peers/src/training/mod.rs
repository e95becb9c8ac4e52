//! Training: the same networks from the same weights, with the same optimizer and batch size, epoch by epoch in turn.

mod candle;
mod ours;
mod report;
mod torch;

use std::error::Error;
use std::path::Path;

use prunella::dataset::Split;
use prunella::kernels::Pool;
use prunella::model::{Activation, Model};
use prunella::rng::Rng;
use prunella::train::{Init, Mlp};

pub use report::Report;

/// Each network, from other weights and in other orders.
const SEEDS: [u64; 3] = [1, 2, 3];
const EPOCHS: usize = 3;
/// Hidden units, and the batch size that goes with them.
const NETWORKS: [(usize, usize); 3] = [(64, 64), (256, 128), (1024, 128)];

/// How a gradient changes the weights; the rates stay as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Optimizer {
    Sgd,
    Adam,
}

impl Optimizer {
    fn name(self) -> &'static str {
        match self {
            Optimizer::Sgd => "sgd",
            Optimizer::Adam => "adam",
        }
    }

    fn rate(self) -> f32 {
        match self {
            Optimizer::Sgd => 0.1,
            Optimizer::Adam => 1e-3,
        }
    }
}

/// What is trained.
pub struct Case {
    hidden: usize,
    batch: usize,
    optimizer: Optimizer,
}

impl Case {
    /// Those whose titles begin with `only`.
    pub fn all(only: Option<&str>) -> Vec<Case> {
        let cases = NETWORKS.into_iter().flat_map(|(hidden, batch)| {
            [Optimizer::Sgd, Optimizer::Adam].map(|optimizer| Case { hidden, batch, optimizer })
        });
        cases.filter(|case| only.is_none_or(|only| case.title().starts_with(only))).collect()
    }

    /// `training 784-64-10 at batch 64, adam`.
    fn title(&self) -> String {
        format!("training 784-{}-10 at batch {}, {}", self.hidden, self.batch, self.optimizer.name())
    }

    fn model(&self, data: &Split, seed: u64) -> Result<Model, Box<dyn Error>> {
        let sizes = [data.train.features(), self.hidden, data.train.classes()];
        let mut rng = Rng::new(seed);
        Ok(Mlp::new(&sizes, Activation::Relu, Activation::Identity, Init::He, &mut rng)?.to_model()?)
    }
}

/// A network in training.
trait Learner {
    /// Goes once through the training set: the nanoseconds that took.
    fn epoch(&mut self) -> Result<f64, Box<dyn Error>>;
    /// The share of the test set of which it finds the class.
    fn accuracy(&mut self) -> Result<f64, Box<dyn Error>>;
}

/// What a learner did in an epoch.
#[derive(Clone, Copy)]
struct Epoch {
    ns: f64,
    accuracy: f64,
}

/// What came of a case: the names, and `[seed][learner][epoch]`.
pub struct Trained {
    title: String,
    names: Vec<&'static str>,
    seeds: Vec<Vec<Vec<Epoch>>>,
}

/// Trains every case, and says what could not be.
///
/// # Errors
/// Prunella fails, or a file cannot be written; a peer that fails is missing aloud.
pub fn run(cases: &[Case], data: &Split, venvs: &Path, folder: &Path) -> Result<Report, Box<dyn Error>> {
    let mut report = Report::new(data.train.len());
    torch::write_images(data, folder)?;
    let worker = match torch::Worker::start(venvs, folder) {
        Ok(worker) => {
            report.versions = worker.versions.clone();
            Some(worker)
        }
        Err(error) => {
            report.missing.push(format!("torch: {error}"));
            None
        }
    };
    for (i, case) in cases.iter().enumerate() {
        eprintln!("[{}/{}] {}", i + 1, cases.len(), case.title());
        let trained = trained(case, data, worker.as_ref(), folder, &mut report)?;
        report.cases.push(trained);
    }
    Ok(report)
}

fn trained(
    case: &Case,
    data: &Split,
    worker: Option<&torch::Worker>,
    folder: &Path,
    report: &mut Report,
) -> Result<Trained, Box<dyn Error>> {
    let pool = Pool::single();
    let mut trained = Trained { title: case.title(), names: Vec::new(), seeds: Vec::new() };
    for seed in SEEDS {
        let model = case.model(data, seed)?;
        let mut network = Mlp::from_model(&model)?;
        let ours = ours::Ours::new(case, &mut network, data, seed, &pool)?;
        let mut learners: Vec<(&'static str, Box<dyn Learner + '_>)> = vec![("prunella", Box::new(ours))];
        if let Some(worker) = worker {
            torch::write_weights(&model, folder)?;
            for (name, is_compiled) in [("torch", false), ("torch.compile", true)] {
                match worker.learner(case, seed, is_compiled) {
                    Ok((learner, given)) => {
                        report.given(&case.title(), name, given);
                        learners.push((name, Box::new(learner)));
                    }
                    Err(error) => report.missing.push(format!("{name}, {}: {error}", case.title())),
                }
            }
        }
        learners.push(("candle", Box::new(candle::Candle::new(case, &model, data, seed)?)));
        let mut epochs: Vec<Vec<Epoch>> = vec![Vec::new(); learners.len()];
        let mut rng = Rng::new(seed);
        for _ in 0..EPOCHS {
            let mut turns: Vec<usize> = (0..learners.len()).collect();
            rng.shuffle(&mut turns);
            for turn in turns {
                let learner = &mut learners[turn].1;
                epochs[turn].push(Epoch { ns: learner.epoch()?, accuracy: learner.accuracy()? });
            }
        }
        trained.names = learners.iter().map(|(name, _)| *name).collect();
        trained.seeds.push(epochs);
        drop(learners);
        if let Some(worker) = worker {
            worker.forget()?;
        }
    }
    Ok(trained)
}
