//! prunella's own entries.

use prunella::engine::{BatchClass, CompileError, Engine, Laid, Options, Plan, Scratch, Variant, auto_plan};
use prunella::kernels::Isa;
use prunella::model::Model;

use crate::cell::{Inputs, Kind};
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

/// Every entry. The one in the summary is [`headline`]; all others, those that skip inputs that are zero among them, are in the
/// table beside it.
const ENTRIES: &[Entry] = &[
    ("dense", Needs::Unpruned, |_, _| Ok(Variant::Dense)),
    ("dense-sparse-input", Needs::Unpruned, |model, inputs| {
        Ok(Variant::Planned(Plan::dense(model, BatchClass::of(inputs.batch)).skipping_inputs()))
    }),
    ("csr", Needs::Pruned, |_, _| Ok(Variant::Csr)),
    ("csr-sparse-input", Needs::Pruned, |model, inputs| {
        let plan = Plan::csr(model, BatchClass::of(inputs.batch), Isa::best());
        Ok(Variant::Planned(plan.skipping_inputs()))
    }),
    ("auto", Needs::Pruned, |model, inputs| {
        Ok(Variant::Planned(auto_plan(model, Isa::best(), inputs.batch, &inputs.rows)?))
    }),
];

/// What a user gets who does not choose: the dense network where nothing is pruned, else `auto`. A single layer is compared
/// with crates that get its activations in the layout they like, so it gets them so, too, where that is another. Of these
/// names, the first that takes part.
pub fn headline(kind: Kind, sparsity: f64) -> &'static [&'static str] {
    match (kind, sparsity == 0.0) {
        (_, true) => &["dense"],
        (Kind::Layer, false) => &["auto, laid", "auto"],
        (_, false) => &["auto"],
    }
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

/// The kernel of a single layer, its inputs in panels. One that reads rows where they stand needs nothing laid, and reads those
/// that every other contestant reads: a copy of its own would be colder.
struct RunLaid {
    engine: Engine,
    inputs: Vec<Laid>,
    output: Laid,
    batch: usize,
}

impl RunLaid {
    /// Nothing, if the kernel reads rows.
    fn new(engine: &Engine, inputs: &Inputs) -> Option<RunLaid> {
        let lay = |call| {
            let mut laid = engine.laid_inputs(inputs.batch);
            engine.lay_in(inputs.of_call(call), &mut laid);
            laid
        };
        let output = engine.laid_outputs(inputs.batch);
        let laid = || (0..inputs.batches()).map(lay).collect();
        output.in_panels().then(|| RunLaid {
            inputs: laid(),
            output,
            batch: inputs.batch,
            engine: engine.clone(),
        })
    }
}

impl Work for RunLaid {
    fn run(&mut self, call: usize) {
        let RunLaid { engine, inputs, output, .. } = self;
        engine.run_laid(None, &inputs[call % inputs.len()], output);
    }

    fn rows(&self) -> Vec<f32> {
        let mut rows = vec![f32::NAN; self.batch * self.engine.fan_out()];
        self.engine.lay_out(&self.output, &mut rows);
        rows
    }
}

/// The entries for one sparsity of a cell.
pub fn contestants(
    kind: Kind,
    models: &[(f64, Model)],
    at: usize,
    inputs: &Inputs,
) -> Result<Vec<Contestant>, CompileError> {
    let model = &models[at].1;
    let needs = if at == 0 { Needs::Unpruned } else { Needs::Pruned };
    let entries = ENTRIES.iter().filter(|entry| entry.1 == needs);
    let mut found = Vec::new();
    for &(name, _, variant) in entries {
        let class = BatchClass::of(inputs.batch);
        let options = Options { class, variant: variant(model, inputs)?, ..Options::default() };
        let engine = Engine::compile(model, &options)?;
        let weights = if at == 0 { Weights::Any } else { Weights::Of(at) };
        let given = engine.plan().to_string();
        let mut add = |name, work: Box<dyn Work>| {
            let given = given.clone();
            found.push(Contestant { name, ours: true, given, weights, place: Place::Here(work) });
        };
        if (kind, name) == (Kind::Layer, "auto")
            && let Some(laid) = RunLaid::new(&engine, inputs)
        {
            add("auto, laid", Box::new(laid));
        }
        let output = vec![f32::NAN; inputs.batch * engine.fan_out()];
        add(name, Box::new(Run { scratch: engine.scratch(), output, inputs: inputs.clone(), engine }));
    }
    Ok(found)
}
