//! Seeded networks and inputs, and the instruction sets to run them on.
#![allow(dead_code, reason = "each binary of tests uses a part")]

use prunella::engine::{BatchClass, Engine, Form, Options, Plan, Variant};
use prunella::model::{Activation, Layer, Model};
use prunella_kernels::Isa;

/// Seeded draws (SplitMix64): the library's own come with the feature `std`.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [-1, 1).
    pub(crate) fn signed(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[(self.bits() % from.len() as u64) as usize]
    }
}

/// A layer of weights around 1 / sqrt(fan_in), each zero with the probability `sparsity`.
pub(crate) fn layer(
    fan_in: usize,
    fan_out: usize,
    sparsity: f64,
    activation: Activation,
    random: &mut Random,
) -> Layer {
    let scale = 2.0 / (fan_in as f32).sqrt();
    let mut weight = || {
        let zero = ((random.bits() >> 11) as f64) < sparsity * (1u64 << 53) as f64;
        if zero { 0.0 } else { scale * random.signed() }
    };
    let weight = (0..fan_in * fan_out).map(|_| weight()).collect();
    let bias = (0..fan_out).map(|_| random.signed()).collect();
    Layer::new(fan_in, weight, bias, activation).unwrap()
}

/// A network of the given widths with ReLU between, each layer of the sparsity it is given.
pub(crate) fn network(sizes: &[usize], sparsities: &[f64], seed: u64) -> Model {
    let mut random = Random(seed);
    let widths = sizes.windows(2).zip(sparsities).enumerate();
    let layers = widths.map(|(i, (pair, &sparsity))| {
        let activation = if i + 2 == sizes.len() { Activation::Identity } else { Activation::Relu };
        layer(pair[0], pair[1], sparsity, activation, &mut random)
    });
    Model::new(layers.collect()).unwrap()
}

/// Inputs, a third of them zero.
pub(crate) fn rows(len: usize, seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    (0..len).map(|_| if random.bits().is_multiple_of(3) { 0.0 } else { random.signed() }).collect()
}

/// A valid plan: any layer dense, or sparse in blocks of any width or windows; the first may skip its inputs.
pub(crate) fn any_plan(model: &Model, class: BatchClass, random: &mut Random) -> Plan {
    let forms = [1, 7, 224].map(|block_columns| Form::Csr { block_columns });
    // Windows are for one example.
    let windows = if class == BatchClass::One { &[Form::Window, Form::WideWindow][..] } else { &[] };
    let forms = [&forms[..], &[Form::Dense, Form::UNBLOCKED], windows].concat();
    let plan = Plan { class, forms: model.layers().iter().map(|_| random.pick(&forms)).collect() };
    if random.bits().is_multiple_of(2) { plan.skipping_inputs() } else { plan }
}

/// The instruction sets of this machine, or the one that `PRUNELLA_ISA` names.
pub(crate) fn isas() -> Vec<Isa> {
    match std::env::var("PRUNELLA_ISA") {
        Ok(name) if !name.is_empty() => {
            vec![Isa::from_name(&name).unwrap_or_else(|e| panic!("PRUNELLA_ISA={name}: {e}"))]
        }
        _ => Isa::available().collect(),
    }
}

pub(crate) fn compile(model: &Model, isa: Isa, class: BatchClass, variant: Variant) -> Engine {
    Engine::compile(model, &Options { isa, class, variant }).unwrap()
}

/// What `engine` computes for whole rows, in one call.
pub(crate) fn run(engine: &Engine, rows: &[f32]) -> Vec<f32> {
    let mut output = vec![f32::NAN; rows.len() / engine.fan_in() * engine.fan_out()];
    engine.run(rows, &mut output, &mut engine.scratch()).unwrap();
    output
}

pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}
