//! One layer, dense and sparse against each other.

use std::time::Instant;
use std::vec;
use std::vec::Vec;

use super::{Point, Settings, Shape, Side};
use crate::benchmark::{
    BenchmarkError, Contestant, Fault, Oracle, Probes, Rotation, VariantName, Work, Wrong, compile,
    dense_plans, fastest, random_rows,
};
use crate::engine::{BatchClass, Engine, Form, Plan, candidates};
use crate::measure::{self, Subject};
use crate::model::{Layer, Model};
use crate::prune::{PruneOptions, prune};
use crate::rng::{Rng, Stream};

/// However long they take: the interval of fewer is all of their range.
const ROUNDS_MIN: usize = 5;
/// Multiply-adds that the oracle computes for a comparison: some 20 ms of it.
const ORACLE_WORK: usize = 1 << 21;
/// Examples for it at most.
const ORACLE_ROWS: usize = 64;
/// Multiply-adds of the dense kernel that the bits are compared with: some milliseconds.
const BITS_WORK: usize = 1 << 28;

/// A layer of random weights (He-normal), as a network.
pub(super) fn layer(shape: Shape, settings: &Settings) -> Model {
    let mut rng = Rng::stream(settings.seed, Stream::BenchWeights);
    let std = (2.0 / shape.fan_in as f32).sqrt();
    let mut normal = |len: usize, std: f32| (0..len).map(|_| std * rng.normal()).collect::<Vec<f32>>();
    let (weight, bias) = (normal(shape.fan_in * shape.fan_out, std), normal(shape.fan_out, 0.1));
    let layer = Layer::new(shape.fan_in, weight, bias, settings.activation);
    Model::new(vec![layer.expect("finite weights, whole rows")]).expect("one layer fits itself")
}

/// A layer at one batch size.
pub(super) struct Contest<'a> {
    model: &'a Model,
    settings: &'a Settings,
    rotation: Rotation,
    dense: Rival,
}

/// A side, and what computes the same in another way.
struct Rival {
    contestant: Contestant,
    /// The dense kernels for many examples, which every other kernel agrees with bit for bit.
    truth: Engine,
    max_abs_diff: f64,
}

impl<'a> Contest<'a> {
    pub(super) fn new(
        model: &'a Model,
        batch: usize,
        settings: &'a Settings,
    ) -> Result<Self, BenchmarkError> {
        let rows = random_rows(model.fan_in(), settings.seed);
        let rotation = Rotation::new(&rows, model.fan_in(), batch);
        let dense = Rival::new(model, VariantName::Dense, &dense_plans(model, batch), &rotation, settings)?;
        Ok(Contest { model, settings, rotation, dense })
    }

    /// Prunes the layer to exactly this sparsity, checks it, and times it against the dense one.
    pub(super) fn compare(&mut self, sparsity: f64) -> Result<Point, BenchmarkError> {
        let Contest { model, settings, rotation, dense } = self;
        // Of weights that are independent of each other, the smallest are anywhere.
        let options = PruneOptions { last: true, ..PruneOptions::default() };
        let pruned =
            prune(model, sparsity, &options).map_err(|_| BenchmarkError::Input("a sparsity is in [0, 1)"))?;
        let class = BatchClass::of(rotation.batch());
        let forms = candidates(&pruned.layers()[0], class, settings.isa).into_iter();
        let sparse_forms = forms.filter(|form| !matches!(form, Form::Dense));
        let plans: Vec<Plan> = sparse_forms.map(|form| Plan { class, forms: vec![form] }).collect();
        let mut sparse = Rival::new(&pruned, VariantName::Csr, &plans, rotation, settings)?;

        let batch = rotation.batch();
        let works = [&*dense, &sparse].map(|side| Work::of(&side.contestant.engine, batch));
        let limited = settings.pool.threads().get() == 1;
        let probes = Probes::new(settings.isa, if limited { &works } else { &[] });
        let round_ns = 2.0 * (dense.call_ns(rotation) + sparse.call_ns(rotation));
        let affordable = (settings.timing.budget_ns as f64 / round_ns) as usize;
        let rounds = affordable.max(ROUNDS_MIN).min(settings.timing.rounds);
        let plan = measure::Plan { rounds, budget_ns: u64::MAX, ..settings.timing.clone() };
        let mut subjects: Vec<Subject<'_>> =
            [&mut *dense, &mut sparse].map(|side| side.contestant.subject(rotation)).into_iter().collect();
        subjects.extend(probes.subjects());
        let samples = measure::measure(&mut subjects, &plan, &mut |_, _| {});
        drop(subjects);
        for side in [&*dense, &sparse] {
            side.check_bits(rotation, &side.contestant.output, side.contestant.last_call)?;
        }
        let limits = probes.measured(&samples, works.len());
        let side = |i: usize, rival: &Rival| Side {
            median_ns: samples.summary(i).median_ns,
            plan: rival.contestant.engine.plan().clone(),
            limit: limited.then(|| limits.of(i, &works[i])),
        };
        Ok(Point {
            sparsity,
            nnz: pruned.nnz(),
            dense: side(0, dense),
            sparse: side(1, &sparse),
            speedup: samples.ratio(0, 1),
            rounds,
            max_abs_diff: dense.max_abs_diff.max(sparse.max_abs_diff),
            waiting_share: samples.waiting_share(),
        })
    }
}

impl Rival {
    /// The fastest of `plans`, found right.
    fn new(
        model: &Model,
        variant: VariantName,
        plans: &[Plan],
        rotation: &Rotation,
        settings: &Settings,
    ) -> Result<Rival, BenchmarkError> {
        let (batch, machine) = (rotation.batch(), (settings.isa, &settings.pool));
        let engine = compile(model, fastest(model, plans, rotation, machine)?, machine)?;
        let mut contestant = Contestant::new(0, variant, engine, batch);
        let examples = (ORACLE_WORK / model.nnz().max(1)).clamp(1, ORACLE_ROWS);
        let rows = &rotation.rows()[..examples * model.fan_in()];
        let checked = Oracle::new(model, rows, &settings.pool).check(&mut contestant, rows, batch)?;
        let max_abs_diff = checked.max_abs_diff;
        let output = contestant.logits(rotation.batch_at(0), batch);
        let truth = compile(model, Plan::dense(model, BatchClass::Many), machine)?;
        let rival = Rival { contestant, truth, max_abs_diff };
        rival.check_bits(rotation, &output, 0)?;
        Ok(rival)
    }

    /// Whether `output` is what the truth computes for the input of this call, for as many examples as do not take long, and
    /// is some number for the others.
    fn check_bits(&self, rotation: &Rotation, output: &[f32], call: usize) -> Result<(), Wrong> {
        let (fan_in, fan_out) = (self.truth.fan_in(), self.truth.fan_out());
        let examples = (BITS_WORK / (fan_in * fan_out)).clamp(1, rotation.batch());
        let mut truth = vec![f32::NAN; examples * fan_out];
        let rows = &rotation.batch_at(call)[..examples * fan_in];
        self.truth.run(rows, &mut truth, &mut self.truth.scratch()).expect("whole rows");
        let (compared, others) = output.split_at(truth.len());
        let same = compared.iter().zip(&truth).all(|(a, b)| a.to_bits() == b.to_bits());
        if same && others.iter().all(|value| value.is_finite()) {
            return Ok(());
        }
        let fault = Fault::Bits(VariantName::Masked);
        Err(Wrong { variant: self.contestant.variant, batch: rotation.batch(), fault })
    }

    /// How long a call takes, roughly.
    fn call_ns(&mut self, rotation: &Rotation) -> f64 {
        let start = Instant::now();
        self.contestant.logits(rotation.batch_at(0), rotation.batch());
        start.elapsed().as_nanos() as f64
    }
}
