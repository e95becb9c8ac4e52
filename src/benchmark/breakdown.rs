//! Where the time of a layer goes.
//!
//! Each layer of a network is taken by itself, in the form in which the network runs it, on the activations that reach it
//! there, on one thread. Its parts are timed in the same rounds, with the same packed weights: turning row-major inputs into the
//! layout that its kernel reads; the kernel on inputs so laid out, once without the activation (the arithmetic, whose time includes fetching the
//! weights) and once with it (what that adds is the epilogue; the bias is where a sum starts, and costs nothing); and turning
//! the outputs into rows. The whole layer, rows in and rows out, takes its turn as well: what the parts do not explain of it is
//! the remainder. Reading as many bytes as the weights have is timed too: the part of the arithmetic that memory alone would
//! take.

use std::vec;
use std::vec::Vec;

use super::limit::{OfLimit, Probes, Work};
use super::subject::{Contestant, Rotation};
use super::verify::{Fault, Wrong};
use super::{BenchmarkError, Case, Settings, Step, VariantName};
use crate::engine::{Engine, Laid, Options, Plan, Variant};
use crate::measure::{self, Subject};
use crate::model::{Activation, Model};

/// The parts of a layer's time for one call, in nanoseconds: medians, all from the same rounds.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerBreakdown {
    /// Rows to panels; 0 for a kernel that reads rows where they stand. A network does this for its first sparse layer only.
    pub input_layout_ns: f64,
    /// Reading the packed weights once: the least that memory leaves of `arithmetic_ns`, and not a part besides it.
    pub weights_ns: f64,
    /// The kernel without the activation.
    pub arithmetic_ns: f64,
    /// What the activation adds; 0 for the identity. As a difference of two times it may fall below 0.
    pub epilogue_ns: f64,
    /// Panels to rows, or rows out of whole lines. A network does this for its last layer only.
    pub output_layout_ns: f64,
    /// The whole layer, rows in and rows out.
    pub layer_ns: f64,
    /// The arithmetic against what the machine allows.
    pub limit: OfLimit,
}

impl LayerBreakdown {
    /// What the parts do not explain of the whole layer.
    pub fn remainder_ns(&self) -> f64 {
        let parts = [self.input_layout_ns, self.arithmetic_ns, self.epilogue_ns, self.output_layout_ns];
        self.layer_ns - parts.iter().sum::<f64>()
    }
}

/// Rounds for each layer, of which a network may have many.
const ROUNDS: usize = 40;
/// And how long they may take.
const BUDGET_NS: u64 = 300_000_000;

/// Takes the layers of every contestant apart that does not skip inputs; those with the same plan for the same network only once.
pub(super) fn fill(
    contestants: &mut [Contestant],
    cases: &[Case<'_>],
    rotation: &Rotation,
    settings: &Settings,
    progress: &mut dyn FnMut(Step),
) -> Result<(), BenchmarkError> {
    let (batch, total) = (rotation.batch(), contestants.len());
    for done in 0..total {
        progress(Step::Breakdown { batch, done, total });
        let (before, [contestant, ..]) = contestants.split_at_mut(done) else { break };
        if contestant.variant.skips_inputs() {
            continue;
        }
        let same = |other: &&Contestant| {
            other.case == contestant.case && other.engine.plan() == contestant.engine.plan()
        };
        contestant.breakdown = match before.iter().find(same) {
            Some(other) => other.breakdown.clone(),
            None => {
                let subject = (contestant.variant, contestant.engine.plan());
                take_apart(cases[contestant.case].model, subject, rotation, settings)?
            }
        };
    }
    Ok(())
}

/// The layers of a network, one after the other, each on what reaches it of the rotation.
fn take_apart(
    model: &Model,
    (variant, plan): (VariantName, &Plan),
    rotation: &Rotation,
    settings: &Settings,
) -> Result<Vec<LayerBreakdown>, BenchmarkError> {
    let mut x = rotation.rows().to_vec();
    let mut parts = vec![];
    for (i, (layer, &form)) in model.layers().iter().zip(&plan.forms).enumerate() {
        let alone = Model::new(vec![layer.clone()]).expect("a layer of a model");
        let plan = Plan { class: plan.class, forms: vec![form] };
        let options = Options { isa: settings.isa, class: plan.class, variant: Variant::Planned(plan) };
        let engine = Engine::compile(&alone, &options)?;
        let wrong = Wrong { variant, batch: rotation.batch(), fault: Fault::Parts(i) };
        let inputs = [rotation.batch(), PIECE.min(rotation.batch())]
            .map(|examples| Rotation::new(&x, layer.fan_in(), examples));
        parts.push(time(&engine, layer.activation(), &inputs, settings).ok_or(wrong)?);
        let mut y = vec![f32::NAN; x.len() / layer.fan_in() * layer.fan_out()];
        engine.run(&x, &mut y, &mut engine.scratch()).expect("whole rows");
        x = y;
    }
    Ok(parts)
}

/// Examples whose parts are timed; a larger batch takes in proportion. In a run, panels are still in the caches when they are
/// read, for few are in flight: all panels of 1,024 examples would come from L3.
const PIECE: usize = 64;
/// Examples that rotate through the kernel, where a batch has fewer.
const ROTATING: usize = 16;

/// The kernel of a layer, by itself: on inputs in their layout, with room for the outputs.
struct Kernel<'a> {
    engine: &'a Engine,
    activation: Activation,
    inputs: Vec<Laid>,
    output: Laid,
    last_call: usize,
}

impl<'a> Kernel<'a> {
    fn new(engine: &'a Engine, activation: Activation, piece: &Rotation) -> Kernel<'a> {
        let lay_in = |call| {
            let mut laid = engine.laid_inputs(piece.batch());
            engine.lay_in(piece.batch_at(call), &mut laid);
            laid
        };
        let inputs = (0..ROTATING.div_ceil(piece.batch())).map(lay_in).collect();
        let output = engine.laid_outputs(piece.batch());
        Kernel { engine, activation, inputs, output, last_call: 0 }
    }

    fn run(&mut self, call: usize) {
        self.last_call = call % self.inputs.len();
        self.engine.run_laid(Some(self.activation), &self.inputs[self.last_call], &mut self.output);
    }

    /// Whether the output of the last call is that of the whole layer.
    fn is_right(&self, piece: &Rotation) -> bool {
        let mut outputs = [(); 2].map(|()| vec![f32::NAN; piece.batch() * self.engine.fan_out()]);
        self.engine.lay_out(&self.output, &mut outputs[0]);
        let whole =
            self.engine.run(piece.batch_at(self.last_call), &mut outputs[1], &mut self.engine.scratch());
        whole.expect("a whole batch");
        outputs[0].iter().zip(&outputs[1]).all(|(a, b)| a.to_bits() == b.to_bits())
    }
}

/// What `activation` adds to the kernel without it.
fn epilogue_ns(activation: Activation, without: f64, with: f64) -> f64 {
    if activation == Activation::Identity { 0.0 } else { with - without }
}

/// The times of the parts; `None` if they compute something else than the whole, before the timed rounds or after.
fn time(
    engine: &Engine,
    activation: Activation,
    [inputs, piece]: &[Rotation; 2],
    settings: &Settings,
) -> Option<LayerBreakdown> {
    let (batch, part) = (inputs.batch(), piece.batch());
    let mut layer = Kernel::new(engine, activation, piece);
    layer.run(0);
    if !layer.is_right(piece) {
        return None;
    }
    let mut bare = Kernel::new(engine, Activation::Identity, piece);
    let mut room = engine.laid_inputs(part);
    let (to_convert, mut converted) = (layer.output.clone(), vec![f32::NAN; part * engine.fan_out()]);
    let (mut whole, mut scratch) = (vec![f32::NAN; batch * engine.fan_out()], engine.scratch());
    let work = Work::of(engine, part);
    let probes = Probes::new(settings.isa, &[work]);
    let mut subjects = vec![
        Subject::new("input layout", |call| engine.lay_in(piece.batch_at(call), &mut room)),
        Subject::new("arithmetic", |call| bare.run(call)),
        Subject::new("arithmetic and epilogue", |call| layer.run(call)),
        Subject::new("output layout", |_| engine.lay_out(&to_convert, &mut converted)),
        Subject::new("layer", |call| {
            engine.run(inputs.batch_at(call), &mut whole, &mut scratch).expect("a whole batch");
        }),
    ];
    let first_probe = subjects.len();
    subjects.extend(probes.subjects());
    let rounds = settings.timing.rounds.min(ROUNDS);
    let plan = measure::Plan { rounds, budget_ns: BUDGET_NS, ..settings.timing.clone() };
    let samples = measure::measure(&mut subjects, &plan, &mut |_, _| {});
    drop(subjects);

    let pieces = batch as f64 / part as f64;
    let ns = |subject| pieces * samples.summary(subject).median_ns;
    let limits = probes.measured(&samples, first_probe);
    let limit = limits.of(1, &work);
    let breakdown = LayerBreakdown {
        input_layout_ns: if layer.output.in_panels() { ns(0) } else { 0.0 },
        weights_ns: limits.read_ns(&work),
        arithmetic_ns: ns(1),
        epilogue_ns: epilogue_ns(activation, ns(1), ns(2)),
        output_layout_ns: ns(3),
        layer_ns: samples.summary(4).median_ns,
        limit: OfLimit { limit_ns: pieces * limit.limit_ns, ..limit },
    };
    layer.is_right(piece).then_some(breakdown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epilogue_is_what_an_activation_adds() {
        assert_eq!(epilogue_ns(Activation::Relu, 3.0, 5.0), 2.0);
        assert_eq!(epilogue_ns(Activation::Gaussian, 5.0, 4.5), -0.5, "noise may make it less than nothing");
        assert_eq!(epilogue_ns(Activation::Identity, 3.0, 5.0), 0.0, "there is none to add");
    }
}
