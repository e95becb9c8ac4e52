//! All networks of a task, found right and timed in the same rounds.

use super::{Network, Point, Winner, front, winners};
use crate::benchmark::{
    BenchmarkError, Contestant, Fault, Oracle, Rotation, VariantName, Wrong, compile, dense_plans,
};
use crate::engine::{BatchClass, Plan, auto_plan};
use crate::measure::{self, Samples, Subject};
use crate::model::{Layer, Model};
use crate::prune::picking_inputs;
use prunella_kernels::{Isa, Pool};
use std::string::{String, ToString};
use std::sync::Arc;
use std::vec::Vec;

/// Examples that the oracle computes at most. All that rotate are compared bit for bit besides.
const ORACLE_ROWS: usize = 256;

/// How much care is taken with each network before the rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// The form of each layer is found by timing it: some 50 ms for a network, and as much for the oracle.
    Full,
    /// Dense or sparse by rule, whichever of these is faster: some milliseconds.
    Little,
}

impl Care {
    /// Time spent on the choice between whole networks.
    fn choice_ns(self) -> u64 {
        match self {
            Care::Full => 10_000_000,
            Care::Little => 1_000_000,
        }
    }

    /// Examples that the oracle computes for a network of so many weights.
    fn oracle_rows(self, nnz: usize) -> usize {
        let (work, least) = match self {
            Care::Full => (1 << 24, 16),
            Care::Little => (1 << 20, 1),
        };
        (work / nnz.max(1)).clamp(least, ORACLE_ROWS)
    }
}

/// How to time.
#[derive(Debug, Clone)]
pub struct Timing {
    /// The instruction set.
    pub isa: Isa,
    /// Examples per call.
    pub batches: Vec<usize>,
    /// How the rounds are run.
    pub plan: measure::Plan,
    /// What is done before them.
    pub care: Care,
}

impl Timing {
    /// Batches of 1, 16 and 256, as the study has them: 60 rounds of 0.1 ms a network.
    pub fn new(isa: Isa, seed: u64) -> Timing {
        let plan = measure::Plan { rounds: 60, target_sample_ns: 100_000, budget_ns: 15_000_000_000, seed };
        Timing { isa, batches: [1, 16, 256].into(), plan, care: Care::Full }
    }
}

/// What luck is worth in the rounds of a task at a batch size: the reference against an independently packed copy of itself.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct TaskNoise {
    /// What is told apart.
    pub task: String,
    /// Examples per call.
    pub batch: usize,
    /// Lower end of the 95 % interval of their ratio, the smaller way round.
    pub lo: f64,
    /// Upper end, the larger way round.
    pub hi: f64,
}

/// Everything about the tasks: each one's networks at each batch size.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "cli", derive(serde::Serialize, serde::Deserialize))]
pub struct Pareto {
    /// By task, batch size, and as the networks were given.
    pub points: Vec<Point>,
    /// Who wins at which accuracy.
    pub winners: Vec<Winner>,
    /// By task and batch size.
    pub noise_floors: Vec<TaskNoise>,
    /// The largest share of a run's time that was spent waiting for a core, if the system tells.
    pub waiting_share: Option<f64>,
}

/// Verifies and times the networks of the task named `task`, on examples `rows`, row-major, on one thread; adds what they give to
/// `pareto`. The reference of a speedup is the widest dense network that was pruned, or else the widest. `progress` is told the
/// batch size and what share of its work is done.
///
/// # Errors
/// See [`BenchmarkError`]: no networks or examples, or a network that cannot be compiled or computes something wrong.
pub fn time(
    task: &str,
    networks: &[Network],
    rows: &[f32],
    timing: &Timing,
    pareto: &mut Pareto,
    progress: &mut dyn FnMut(usize, f64),
) -> Result<(), BenchmarkError> {
    let entrants: Vec<Entrant<'_>> = networks.iter().map(|network| Entrant::new(&network.model)).collect();
    let reference = reference(networks);
    for &batch in &timing.batches {
        let rounds =
            measured(&entrants, reference, (rows, batch), timing, &mut |share| progress(batch, share))?;
        rounds.report(task, networks, pareto);
    }
    Ok(())
}

/// Of the dense networks, the widest that was pruned; else the widest.
fn reference(networks: &[Network]) -> usize {
    let candidate = |i: usize| networks[i].candidate;
    let is_parent =
        |hidden| networks.iter().any(|n| n.candidate.hidden == hidden && n.candidate.sparsity > 0.0);
    let dense = (0..networks.len()).filter(|&i| candidate(i).sparsity == 0.0);
    dense.max_by_key(|&i| (is_parent(candidate(i).hidden), candidate(i).hidden)).unwrap_or(0)
}

/// A network that competes, and the models it can be run as.
pub(crate) struct Entrant<'a> {
    model: &'a Model,
    picking: Option<Model>,
}

impl<'a> Entrant<'a> {
    pub(crate) fn new(model: &'a Model) -> Entrant<'a> {
        // Where whole inputs went, and little else; a few that happen to be unused are not worth a layer.
        let (first, few) = (&model.layers()[0], model.fan_in() / 8);
        let picking = picking_inputs(model).ok().flatten();
        let picking = picking.filter(|picking| {
            let used = picking.layers()[0].fan_out();
            model.fan_in() - used >= few && 10 * first.nnz() >= 9 * used * first.fan_out()
        });
        Entrant { model, picking }
    }

    /// The models, the plain one first.
    fn models(&self) -> impl Iterator<Item = &Model> {
        core::iter::once(self.model).chain(&self.picking)
    }

    /// The one of its models that the plan is for.
    fn as_run(&self, plan: &Plan) -> &Model {
        let is_for = |model: &&Model| model.layers().len() == plan.forms.len();
        self.picking.as_ref().filter(is_for).unwrap_or(self.model)
    }

    /// The fastest of its models and forms, on other calls than those that will be measured.
    fn fastest(
        &self,
        index: usize,
        rotation: &Rotation,
        care: Care,
        machine: (Isa, &Arc<Pool>),
    ) -> Result<Contestant, BenchmarkError> {
        let batch = rotation.batch();
        let mut engines = Vec::new();
        for model in self.models() {
            let mut plans = dense_plans(model, batch);
            if model.layers().iter().any(Layer::is_pruned) {
                let sparse = match care {
                    Care::Full => auto_plan(model, machine.0, batch, rotation.rows())?,
                    Care::Little => Plan::csr(model, BatchClass::of(batch), machine.0),
                };
                plans.retain(|plan| *plan != sparse);
                plans.push(sparse);
            }
            for plan in plans {
                engines.push(Contestant::new(
                    index,
                    VariantName::Auto,
                    compile(model, plan, machine)?,
                    batch,
                ));
            }
        }
        let mut subjects: Vec<Subject<'_>> =
            engines.iter_mut().map(|engine| engine.subject(rotation)).collect();
        let fastest = if subjects.len() > 1 { measure::choose(&mut subjects, care.choice_ns()) } else { 0 };
        drop(subjects);
        Ok(engines.swap_remove(fastest))
    }
}

/// What the rounds of one batch size gave.
pub(crate) struct Rounds {
    pub(crate) batch: usize,
    /// The networks in order, then a copy of the reference.
    pub(crate) samples: Samples,
    reference: usize,
    plans: Vec<Plan>,
    max_abs_diffs: Vec<f64>,
}

/// Verifies and times the networks at one batch size, all in the same rounds.
pub(crate) fn measured(
    entrants: &[Entrant<'_>],
    reference: usize,
    (rows, batch): (&[f32], usize),
    timing: &Timing,
    progress: &mut dyn FnMut(f64),
) -> Result<Rounds, BenchmarkError> {
    let fan_in = entrants.first().map_or(1, |entrant| entrant.model.fan_in());
    if entrants.is_empty() || rows.is_empty() || !rows.len().is_multiple_of(fan_in) {
        return Err(BenchmarkError::Input("there must be a network, and whole examples for it"));
    }
    let rotation = Rotation::new(rows, fan_in, batch);
    let pool = Arc::new(Pool::single());
    let machine = (timing.isa, &pool);
    let (mut contestants, mut truths, mut max_abs_diffs) = (Vec::new(), Vec::new(), Vec::new());
    // Choosing and checking take about as long as the rounds.
    let total = entrants.len() as f64;
    let copy = &entrants[reference];
    for (index, entrant) in entrants.iter().chain([copy]).enumerate() {
        let mut contestant = entrant.fastest(index, &rotation, timing.care, machine)?;
        let examples = timing.care.oracle_rows(entrant.model.nnz());
        let oracle_rows = &rotation.rows()[..examples * fan_in];
        let oracle = Oracle::new(entrant.model, oracle_rows, &pool);
        max_abs_diffs.push(oracle.check(&mut contestant, oracle_rows, batch)?.max_abs_diff);
        // The same network without zeros left out: with a layer that picks inputs, chains of a few outputs begin elsewhere.
        let runs = entrant.as_run(contestant.engine.plan());
        let dense = compile(runs, Plan::dense(runs, BatchClass::Many), machine)?;
        let truth =
            Contestant::new(index, VariantName::Masked, dense, batch).logits(rotation.rows(), ORACLE_ROWS);
        let logits = contestant.logits(rotation.rows(), batch);
        same_bits(&logits, &truth, (batch, Fault::Bits(VariantName::Masked)))?;
        contestants.push(contestant);
        truths.push(truth);
        progress(0.5 * index as f64 / total);
    }
    let mut subjects: Vec<Subject<'_>> = contestants.iter_mut().map(|c| c.subject(&rotation)).collect();
    let samples = measure::measure(&mut subjects, &timing.plan, &mut |done, of| {
        progress(0.5 + 0.5 * done as f64 / of as f64);
    });
    drop(subjects);
    for (contestant, truth) in contestants.iter().zip(&truths) {
        let start = rotation.first_row(contestant.last_call) * contestant.engine.fan_out();
        let right = &truth[start..start + contestant.output.len()];
        same_bits(&contestant.output, right, (batch, Fault::Changed))?;
    }
    let plans = contestants.iter().map(|contestant| contestant.engine.plan().clone()).collect();
    Ok(Rounds { batch, samples, reference, plans, max_abs_diffs })
}

fn same_bits(got: &[f32], right: &[f32], (batch, fault): (usize, Fault)) -> Result<(), Wrong> {
    let same = got.len() == right.len() && got.iter().zip(right).all(|(a, b)| a.to_bits() == b.to_bits());
    if same { Ok(()) } else { Err(Wrong { variant: VariantName::Auto, batch, fault }) }
}

impl Rounds {
    /// What ran for network `i`, which is `model`: it, or with the layer in front that was faster.
    pub(crate) fn model(&self, i: usize, model: &Model) -> Model {
        let picking = self.plans[i].forms.len() > model.layers().len();
        let picking = if picking { picking_inputs(model).ok().flatten() } else { None };
        picking.unwrap_or_else(|| model.clone())
    }

    /// The forms of its layers.
    pub(crate) fn plan(&self, i: usize) -> &Plan {
        &self.plans[i]
    }

    /// Its largest difference from the oracle, relative to the largest |output|.
    pub(crate) fn max_abs_diff(&self, i: usize) -> f64 {
        self.max_abs_diffs[i]
    }

    /// What luck is worth: 1 or more.
    pub(crate) fn noise(&self) -> f64 {
        let copies = self.samples.ratio(self.reference, self.plans.len() - 1);
        [copies.lo, copies.hi].map(|ratio| ratio.max(1.0 / ratio)).into_iter().fold(1.0, f64::max)
    }

    fn report(&self, task: &str, networks: &[Network], pareto: &mut Pareto) {
        let point = |(i, network): (usize, &Network)| {
            let (summary, speedup) = (self.samples.summary(i), self.samples.ratio(self.reference, i));
            Point {
                task: task.into(),
                structure: network.candidate.kind.to_string(),
                hidden: network.candidate.hidden,
                sparsity: network.candidate.sparsity,
                nnz: network.model.nnz(),
                accuracy: network.accuracy,
                f1: network.f1,
                batch: self.batch,
                median_ns: summary.median_ns,
                p90_ns: summary.p90_ns,
                speedup: speedup.mid,
                speedup_lo: speedup.lo,
                speedup_hi: speedup.hi,
                plan: self.plans[i].to_string(),
                max_abs_diff: self.max_abs_diffs[i],
                on_front: false,
            }
        };
        let mut points: Vec<Point> = networks.iter().enumerate().map(point).collect();
        let on_front =
            front(&points.iter().map(|point| (point.accuracy, point.median_ns)).collect::<Vec<_>>());
        points.iter_mut().zip(on_front).for_each(|(point, on_front)| point.on_front = on_front);
        let noise = self.noise();
        pareto.winners.extend(winners(&points, noise, &|a, b| self.samples.ratio(a, b)));
        pareto.points.extend(points);
        pareto.noise_floors.push(TaskNoise {
            task: task.into(),
            batch: self.batch,
            lo: 1.0 / noise,
            hi: noise,
        });
        let shares = [pareto.waiting_share, self.samples.waiting_share()];
        pareto.waiting_share = shares.into_iter().flatten().reduce(f64::max);
    }
}
