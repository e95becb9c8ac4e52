//! The search: cheap looks at many, expensive ones at few.

use super::screening::{Screened, best_of, promising};
use super::{Goal, Margin, Measured, Unmet};
use crate::benchmark::BenchmarkError;
use crate::dataset::{Dataset, Split};
use crate::engine::{BatchClass, Engine, Options, Variant};
use crate::measure;
use crate::metrics::accuracy;
use crate::model::{Activation, Model};
use crate::prune::{PruneError, Structure, compact, prune};
use crate::rng::{Rng, Stream};
use crate::study::pareto::{
    Candidate, Care, Entrant, Kind, Network, Recipe, Rounds, Shelf, Task, Timing, TrainingError, measured,
    train,
};
use crate::train::{Init, Mlp};
use core::fmt;
use core::num::NonZeroUsize;
use prunella_kernels::{Isa, Kernels};
use std::string::{String, ToString};
use std::{vec, vec::Vec};

/// The share of the training set that decides, and is not learnt from.
const HELD_BACK: f64 = 0.1;
/// How often the search is done, with less time allowed because what seemed fast enough was not, or with more accuracy asked for
/// because what seemed accurate enough was not.
const TRIES: usize = 3;
/// How much more accuracy is asked for: about what an accuracy loses to its margin.
const MORE: f64 = 0.004;
/// Widths of dense networks.
const DENSE: [usize; 16] = [2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];
/// Widths of networks to be pruned.
const PRUNED: [usize; 3] = [64, 256, 1024];

/// How to search.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The instruction set.
    pub isa: Isa,
    /// Threads that train. One runs what is measured.
    pub threads: NonZeroUsize,
    /// How finalists are trained.
    pub recipe: Recipe,
    /// How they are measured.
    pub plan: measure::Plan,
}

/// How far the search has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Timing candidates of random weights: the share that is done.
    Screening(f64),
    /// Training candidates for a moment: done, of all.
    Trying(usize, usize),
    /// Training finalists: done, of all.
    Training(usize, usize),
    /// Measuring finalists: the share that is done.
    Measuring(f64),
}

/// A network that keeps the goal.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// What it is.
    pub candidate: Candidate,
    /// It, in the form that was fastest: what is left of it, perhaps with a layer in front that picks the inputs it uses.
    pub model: Model,
    /// What decided.
    pub measured: Measured,
    /// Its time with the margin.
    pub bound_ns: f64,
    /// Its accuracy with the margin.
    pub accuracy_bound: f64,
    /// The share of test examples that it gets right.
    pub test_accuracy: f64,
    /// The form of each layer.
    pub plan: String,
    /// The largest difference from the f64 oracle, relative to the largest |output|.
    pub max_abs_diff: f64,
}

/// What came of the search.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// Networks that keep the goal, the best first.
    pub ranking: Vec<Named>,
    /// How far the measurements are trusted.
    pub margin: Margin,
    /// How many networks were timed.
    pub screened: usize,
    /// How many of them were trained for a moment.
    pub tried: usize,
    /// The largest share of the rounds' time that was spent waiting for a core, if the system tells.
    pub waiting_share: Option<f64>,
}

/// Why there is no advice.
#[derive(Debug)]
pub enum AdviseError {
    /// Nothing keeps the goal.
    Unmet(Unmet),
    /// The training set is too small to hold anything back, or the goal is none.
    Input(&'static str),
    /// A network cannot be trained.
    Training(TrainingError),
    /// A network cannot be measured.
    Benchmark(BenchmarkError),
}

impl fmt::Display for AdviseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AdviseError::Unmet(unmet) => unmet.fmt(f),
            AdviseError::Input(what) => f.write_str(what),
            AdviseError::Training(error) => error.fmt(f),
            AdviseError::Benchmark(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for AdviseError {}

impl<E: Into<TrainingError>> From<E> for AdviseError {
    fn from(error: E) -> AdviseError {
        AdviseError::Training(error.into())
    }
}

impl From<BenchmarkError> for AdviseError {
    fn from(error: BenchmarkError) -> AdviseError {
        AdviseError::Benchmark(error)
    }
}

/// Finds the network for `goal`, trained on `data`; `goes_on` is asked now and then.
///
/// # Errors
/// [`AdviseError::Unmet`] if nothing keeps the goal; see [`AdviseError`].
pub fn advise(
    data: &Split,
    goal: &Goal,
    settings: &Settings,
    goes_on: &(dyn Fn() -> bool + Sync),
    progress: &mut dyn FnMut(Step),
) -> Result<Advice, AdviseError> {
    if goal.target_ns.is_none() && goal.min_accuracy.is_none() {
        return Err(AdviseError::Input("a goal has a time, an accuracy, or both"));
    }
    let task = task(data, settings.recipe.seed)?;
    let mut search = Search { data, task, goal, settings, goes_on, progress, tried: Vec::new() };
    let screened = search.screened()?;
    let mut allowed = *goal;
    for last in (0..TRIES).rev() {
        let candidates = promising(&screened, &allowed).map_err(AdviseError::Unmet)?;
        let finalists = search.finalists(&candidates, (&screened, &allowed))?;
        let (rounds, networks) = search.measured(&finalists)?;
        let found = search.measures(&rounds, &networks);
        let margin = Margin { noise: rounds.noise(), examples: search.task.test.len() };
        let ranking = goal.ranking(&found, &margin);
        if !ranking.is_empty() {
            let named = |&i: &usize| search.named(i, (&rounds, &networks), &found[i], &margin);
            let waiting_share = rounds.samples.waiting_share();
            let ranking = ranking.iter().map(named).collect::<Result<_, _>>()?;
            return Ok(Advice {
                ranking,
                margin,
                screened: screened.len(),
                tried: search.tried.len(),
                waiting_share,
            });
        }
        let too_slow = goal.target_ns.is_some_and(|target| found.iter().all(|m| margin.bound_ns(m) > target));
        // With a time to be kept, the most accurate that keep it were finalists already.
        let may_be_found = too_slow || goal.target_ns.is_none();
        if last == 0 || !may_be_found {
            let nearest = goal.nearest(&found, &margin).expect("there are finalists");
            return Err(AdviseError::Unmet(Unmet {
                goal: *goal,
                candidate: networks[nearest].candidate,
                bound_ns: margin.bound_ns(&found[nearest]),
                accuracy: Some(found[nearest].accuracy),
                accuracy_bound: Some(margin.accuracy_bound(found[nearest].accuracy)),
            }));
        }
        allowed.target_ns = allowed.target_ns.map(|target| 0.8 * target);
        allowed.min_accuracy = allowed.min_accuracy.map(|least| least + MORE);
    }
    unreachable!("the last try returns")
}

/// What decides is held back from the training set, so that the test set decides nothing.
fn task(data: &Split, seed: u64) -> Result<Task, AdviseError> {
    let mut rng = Rng::stream(seed, Stream::Validation);
    let (validation, train): (Dataset, Dataset) = data.train.stratified_split(HELD_BACK, &mut rng);
    if validation.is_empty() || train.is_empty() {
        return Err(AdviseError::Input(
            "the training set is too small: a tenth of each class is held back to decide; give at least 10 examples of each",
        ));
    }
    let outputs = data.train.classes();
    let name = data.name.clone();
    Ok(Task { name, train, test: validation, dense: DENSE.into(), pruned: PRUNED.into(), outputs })
}

/// The search under way.
struct Search<'a> {
    data: &'a Split,
    task: Task,
    goal: &'a Goal,
    settings: &'a Settings,
    goes_on: &'a (dyn Fn() -> bool + Sync),
    progress: &'a mut dyn FnMut(Step),
    /// Candidates that were trained for a moment, and how accurate they were.
    tried: Vec<(Candidate, f64)>,
}

impl Search<'_> {
    /// Times all candidates with random weights.
    fn screened(&mut self) -> Result<Vec<Screened>, AdviseError> {
        let candidates: Vec<Candidate> =
            self.task.candidates().into_iter().filter(|candidate| candidate.kind != Kind::Random).collect();
        let models = candidates.iter().map(|candidate| self.random(candidate));
        let models = models.collect::<Result<Vec<Model>, AdviseError>>()?;
        let entrants: Vec<Entrant<'_>> = models.iter().map(Entrant::new).collect();
        let plan = measure::Plan { rounds: 15, target_sample_ns: 30_000, ..self.settings.plan.clone() };
        let rounds = self.timed(&entrants, (plan, Care::Little), Step::Screening)?;
        let times = (0..candidates.len()).map(|i| rounds.samples.summary(i).p90_ns);
        Ok(candidates.iter().zip(times).map(|(&candidate, p90_ns)| Screened { candidate, p90_ns }).collect())
    }

    /// The candidate as it would be, but that it has learnt nothing.
    fn random(&self, candidate: &Candidate) -> Result<Model, AdviseError> {
        let seed = self.settings.recipe.seed;
        let sizes = [self.task.train.features(), candidate.hidden, self.task.outputs];
        let mut rng = Rng::stream(seed, Stream::BenchWeights);
        let model =
            Mlp::new(&sizes, Activation::Relu, Activation::Identity, Init::He, &mut rng)?.to_model()?;
        let pruned = prune(&model, candidate.sparsity, &candidate.prune(seed))?;
        let whole_neurons = candidate.kind == Kind::Pruned(Structure::Neuron);
        Ok(if whole_neurons { compact(&pruned).map_err(PruneError::Model)? } else { pruned })
    }

    fn timed(
        &mut self,
        entrants: &[Entrant<'_>],
        (plan, care): (measure::Plan, Care),
        step: fn(f64) -> Step,
    ) -> Result<Rounds, AdviseError> {
        let timing = Timing { isa: self.settings.isa, batches: vec![self.goal.batch], plan, care };
        let rows = self.task.test.rows();
        let progress = &mut *self.progress;
        Ok(measured(entrants, 0, (&rows, self.goal.batch), &timing, &mut |share| progress(step(share)))?)
    }

    /// Trains candidates for a moment, those that were not yet, and names those to be trained in earnest.
    fn finalists(
        &mut self,
        candidates: &[Candidate],
        (screened, goal): (&[Screened], &Goal),
    ) -> Result<Vec<Candidate>, AdviseError> {
        let moment = Recipe { epochs: 1, fine_tune_epochs: 1, ..self.settings.recipe };
        let is_new = |one: &&Candidate| self.tried.iter().all(|(other, _)| other != *one);
        let new: Vec<Candidate> = candidates.iter().filter(is_new).copied().collect();
        let networks = self.trained(&new, &moment, Step::Trying)?;
        self.tried.extend(networks.iter().map(|network| (network.candidate, network.accuracy)));
        let fitting = |(one, _): &&(Candidate, f64)| candidates.contains(one);
        let tried: Vec<(Candidate, f64)> = self.tried.iter().filter(fitting).copied().collect();
        Ok(best_of(&tried, screened, goal))
    }

    fn trained(
        &mut self,
        candidates: &[Candidate],
        recipe: &Recipe,
        step: fn(usize, usize) -> Step,
    ) -> Result<Vec<Network>, AdviseError> {
        let machine = (Kernels::new(self.settings.isa), self.settings.threads);
        let progress = &mut *self.progress;
        let asking = (&Shelf::default(), self.goes_on);
        Ok(train(&self.task, candidates, recipe, machine, asking, &mut |done, of| progress(step(done, of)))?)
    }

    /// Trains finalists in earnest, finds them right, and measures them in the same rounds.
    fn measured(&mut self, finalists: &[Candidate]) -> Result<(Rounds, Vec<Network>), AdviseError> {
        let recipe = self.settings.recipe;
        let networks = self.trained(finalists, &recipe, Step::Training)?;
        let entrants: Vec<Entrant<'_>> =
            networks.iter().map(|network| Entrant::new(&network.model)).collect();
        let rounds = self.timed(&entrants, (self.settings.plan.clone(), Care::Full), Step::Measuring)?;
        drop(entrants);
        Ok((rounds, networks))
    }

    fn measures(&self, rounds: &Rounds, networks: &[Network]) -> Vec<Measured> {
        let measured = |(i, network): (usize, &Network)| {
            let summary = rounds.samples.summary(i);
            Measured { median_ns: summary.median_ns, p90_ns: summary.p90_ns, accuracy: network.accuracy }
        };
        networks.iter().enumerate().map(measured).collect()
    }

    fn named(
        &self,
        i: usize,
        (rounds, networks): (&Rounds, &[Network]),
        measured: &Measured,
        margin: &Margin,
    ) -> Result<Named, AdviseError> {
        let Network { candidate, model, .. } = &networks[i];
        let test = &self.data.test;
        let options = Options { isa: self.settings.isa, class: BatchClass::Many, variant: Variant::Dense };
        let engine = Engine::compile(model, &options).map_err(BenchmarkError::Compile)?;
        let mut logits = vec![0.0; test.len() * model.fan_out()];
        engine
            .run(&test.rows(), &mut logits, &mut engine.scratch())
            .expect("the test set has the training set's features");
        Ok(Named {
            candidate: *candidate,
            model: rounds.model(i, model),
            measured: *measured,
            bound_ns: margin.bound_ns(measured),
            accuracy_bound: margin.accuracy_bound(measured.accuracy),
            test_accuracy: accuracy(&logits, test.labels(), model.fan_out()),
            plan: rounds.plan(i).to_string(),
            max_abs_diff: rounds.max_abs_diff(i),
        })
    }
}
