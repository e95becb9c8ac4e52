//! prunella's own entries.

use prunella::engine::{BatchClass, CompileError, Engine, Options, Scratch, Variant, auto_plan};
use prunella::kernels::Isa;
use prunella::model::Model;

use crate::cell::Inputs;
use crate::contestant::{Contestant, Place, Weights, Work};

/// A way to run a network: its name, for which weights, and how it is compiled.
type Entry = (&'static str, Needs, fn(&Model, &Inputs) -> Result<Variant, CompileError>);

/// Which networks an entry is for.
#[derive(PartialEq, Eq)]
enum Needs {
    /// The network as it is before pruning.
    Unpruned,
    /// Each pruned network.
    Pruned,
}

/// Every entry. The one in the summary is [`headline`]; all others are in the table beside it.
const ENTRIES: &[Entry] = &[
    ("dense", Needs::Unpruned, |_, _| Ok(Variant::Dense)),
    ("csr", Needs::Pruned, |_, _| Ok(Variant::Csr)),
    ("auto", Needs::Pruned, |model, inputs| {
        Ok(Variant::Planned(auto_plan(model, Isa::best(), inputs.of_call(0))?))
    }),
];

/// What a user gets who does not choose: the dense network where nothing is pruned, else `auto`.
pub fn headline(sparsity: f64) -> &'static str {
    if sparsity == 0.0 { "dense" } else { "auto" }
}

struct Run {
    engine: Engine,
    scratch: Scratch,
    output: Vec<f32>,
    inputs: Inputs,
}

impl Work for Run {
    fn run(&mut self, call: usize) {
        let Run { engine, scratch, output, inputs } = self;
        engine.run(inputs.of_call(call), output, scratch).expect("whole rows, and this engine's scratch");
    }

    fn rows(&self) -> Vec<f32> {
        self.output.clone()
    }
}

/// The entries for one sparsity of a cell.
pub fn contestants(
    models: &[(f64, Model)],
    at: usize,
    inputs: &Inputs,
) -> Result<Vec<Contestant>, CompileError> {
    let model = &models[at].1;
    let needs = if at == 0 { Needs::Unpruned } else { Needs::Pruned };
    let entries = ENTRIES.iter().filter(|entry| entry.1 == needs);
    let contestant = |&(name, _, variant): &Entry| {
        let class = BatchClass::of(inputs.batch);
        let options = Options { class, variant: variant(model, inputs)?, ..Options::default() };
        let engine = Engine::compile(model, &options)?;
        let weights = if at == 0 { Weights::Any } else { Weights::Of(at) };
        let given = engine.plan().to_string();
        let output = vec![f32::NAN; inputs.batch * engine.fan_out()];
        let run = Run { scratch: engine.scratch(), output, inputs: inputs.clone(), engine };
        Ok(Contestant { name, ours: true, given, weights, place: Place::Here(Box::new(run)) })
    };
    entries.map(contestant).collect()
}
