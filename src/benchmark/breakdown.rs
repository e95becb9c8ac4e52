//! Where the time of a layer goes.
//!
//! Each layer of a network is taken by itself, in the form in which the network runs it, on the activations that reach it
//! there, on one thread. Its parts are timed in the same rounds: turning row-major inputs into the layout that its kernel
//! reads; the kernel on inputs so laid out, once without the activation (the arithmetic, whose time includes fetching the
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
use crate::engine::{BatchClass, Engine, Form, Laid, Options, Plan, Variant};
use crate::measure::{self, Subject};
use crate::model::{Activation, Layer, Model};

/// The parts of a layer's time for one call, in nanoseconds: medians, all from the same rounds.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerBreakdown {
    /// Rows to panels; 0 for single examples, which are read where they stand. A network does this for its first layer only.
    pub input_layout_ns: f64,
    /// Reading the packed weights once: the least that memory leaves of `arithmetic_ns`, and not a part besides it.
    pub weights_ns: f64,
    /// The kernel without the activation.
    pub arithmetic_ns: f64,
    /// What the activation adds; 0 for the identity. As a difference of two times it may fall below 0.
    pub epilogue_ns: f64,
    /// Panels to rows. A network does this for its last layer only.
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

/// Takes every contestant's layers apart; those with the same plan for the same network only once.
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
        let inputs = Rotation::new(&x, layer.fan_in(), rotation.batch());
        let apart = Apart::new(layer, (plan.class, form), &inputs, settings)?;
        let wrong = Wrong { variant, batch: rotation.batch(), fault: Fault::Parts(i) };
        parts.push(apart.time(&inputs, settings).ok_or(wrong)?);
        let mut y = vec![f32::NAN; x.len() / layer.fan_in() * layer.fan_out()];
        apart.layer.run(&x, &mut y, &mut apart.layer.scratch()).expect("whole rows");
        x = y;
    }
    Ok(parts)
}

/// A layer whose parts can be run one by one.
struct Apart {
    layer: Engine,
    /// The layer without its activation, unless it has none.
    bare: Option<Engine>,
    /// The inputs, in the kernel's layout.
    laid: Vec<Laid>,
    fan_out: usize,
    batch: usize,
}

impl Apart {
    fn new(
        layer: &Layer,
        (class, form): (BatchClass, Form),
        inputs: &Rotation,
        settings: &Settings,
    ) -> Result<Apart, BenchmarkError> {
        let compile = |activation: Activation| {
            let (weight, bias) = (layer.weight().to_vec(), layer.bias().to_vec());
            let alone =
                Layer::new(layer.fan_in(), weight, bias, activation).and_then(|l| Model::new(vec![l]));
            let variant = Variant::Planned(Plan { class, forms: vec![form] });
            let alone = alone.expect("a layer of a model, but for its activation");
            Engine::compile(&alone, &Options { isa: settings.isa, class, variant })
        };
        let engine = compile(layer.activation())?;
        let has_epilogue = layer.activation() != Activation::Identity;
        let bare = has_epilogue.then(|| compile(Activation::Identity)).transpose()?;
        let lay = |call| {
            let mut laid = engine.laid(inputs.batch(), layer.fan_in());
            engine.lay_in(inputs.batch_at(call), &mut laid);
            laid
        };
        let laid = (0..inputs.batches()).map(lay).collect();
        Ok(Apart { layer: engine, bare, laid, fan_out: layer.fan_out(), batch: inputs.batch() })
    }

    /// Whether `laid`, an output of the kernel, is what the whole layer computes for the input of this call.
    fn is_right(&self, laid: &Laid, inputs: &Rotation, call: usize) -> bool {
        let mut outputs = [(); 2].map(|()| vec![f32::NAN; self.batch * self.fan_out]);
        self.layer.lay_out(laid, &mut outputs[0]);
        self.layer
            .run(inputs.batch_at(call), &mut outputs[1], &mut self.layer.scratch())
            .expect("a whole batch");
        outputs[0].iter().zip(&outputs[1]).all(|(a, b)| a.to_bits() == b.to_bits())
    }

    /// The times of the parts; `None` if they compute something else than the whole, before the timed rounds or after.
    fn time(&self, inputs: &Rotation, settings: &Settings) -> Option<LayerBreakdown> {
        let Apart { layer, bare, laid, .. } = self;
        let outputs = || (layer.laid(self.batch, self.fan_out), layer.scratch());
        let ((mut y, mut scratch), (mut z, mut bare_scratch)) = (outputs(), outputs());
        layer.run_layer(0, &laid[0], &mut y, &mut scratch);
        if !self.is_right(&y, inputs, 0) {
            return None;
        }
        let (mut room, mut last_call) = (laid[0].clone(), 0);
        let (mut whole_scratch, mut whole) = (layer.scratch(), vec![f32::NAN; self.batch * self.fan_out]);
        let (to_convert, mut converted) = (y.clone(), whole.clone());
        let work = Work::of(layer, self.batch);
        let probes = Probes::new(settings.isa, &[work]);
        let mut subjects = vec![
            Subject::new("input layout", |call| layer.lay_in(inputs.batch_at(call), &mut room)),
            Subject::new("kernel", |call| {
                layer.run_layer(0, &laid[call % laid.len()], &mut y, &mut scratch);
                last_call = call;
            }),
            Subject::new("output layout", |_| layer.lay_out(&to_convert, &mut converted)),
            Subject::new("layer", |call| {
                let fits = layer.run(inputs.batch_at(call), &mut whole, &mut whole_scratch);
                fits.expect("a whole batch");
            }),
        ];
        if let Some(bare) = bare {
            subjects.push(Subject::new("arithmetic", |call| {
                bare.run_layer(0, &laid[call % laid.len()], &mut z, &mut bare_scratch);
            }));
        }
        let arithmetic = if bare.is_some() { subjects.len() - 1 } else { 1 };
        let first_probe = subjects.len();
        subjects.extend(probes.subjects());
        let plan = measure::Plan {
            rounds: settings.timing.rounds.min(ROUNDS),
            budget_ns: BUDGET_NS,
            ..settings.timing.clone()
        };
        let samples = measure::measure(&mut subjects, &plan, &mut |_, _| {});
        drop(subjects);
        let ns = |subject| samples.summary(subject).median_ns;
        let limits = probes.measured(&samples, first_probe);
        let breakdown = LayerBreakdown {
            input_layout_ns: if layer.plan().class == BatchClass::One { 0.0 } else { ns(0) },
            weights_ns: limits.read_ns(&work),
            arithmetic_ns: ns(arithmetic),
            epilogue_ns: ns(1) - ns(arithmetic),
            output_layout_ns: ns(2),
            layer_ns: ns(3),
            limit: limits.of(arithmetic, &work),
        };
        self.is_right(&y, inputs, last_call).then_some(breakdown)
    }
}
