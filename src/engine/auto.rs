//! The faster form of each layer, found by timing the real weights.

use std::vec;
use std::vec::Vec;

use prunella_kernels::{Isa, Kernels, PANEL_LANES};

use super::{BatchClass, CompileError, Engine, Form, Plan};
use crate::measure::{Subject, choose};
use crate::model::{Layer, Model};

/// Time spent on each layer that has a choice.
const LAYER_BUDGET_NS: u64 = 10_000_000;
/// Time spent on whole plans, of which there are up to seven.
const WHOLE_BUDGET_NS: u64 = 30_000_000;
/// A larger batch is more panels like these. On all of it, a layer of 784 x 1024 would be called twice in its time, and a
/// disturbance would choose; so small, both calls of a visit meet weights as cold or warm as they are from panel to panel.
const MAX_ROWS: usize = 2 * PANEL_LANES;

/// Chooses each layer's form for batches of `batch` examples, by timing every candidate on its real weights and on what reaches it
/// of `rows`, row-major `[examples, fan_in]`, for some ten milliseconds, and then whole plans for thirty. More examples make a better choice: whole networks are
/// timed on one batch of them after the other.
///
/// Layers without a weight of zero stay dense. A layer's time includes turning its rows into panels and back, the same for all.
///
/// # Errors
/// The rows are not whole, or none, or a layer cannot be packed.
pub fn auto_plan(model: &Model, isa: Isa, batch: usize, rows: &[f32]) -> Result<Plan, CompileError> {
    let (len, fan_in) = (rows.len(), model.fan_in());
    if len == 0 || !len.is_multiple_of(fan_in) {
        return Err(CompileError::Input { len, fan_in });
    }
    let class = BatchClass::of(batch);
    let batch = batch.clamp(1, MAX_ROWS.min(len / fan_in));
    let mut x = rows[..batch * fan_in].to_vec();
    let mut forms = Vec::with_capacity(model.layers().len());
    for (i, layer) in model.layers().iter().enumerate() {
        let candidates = candidates(layer, class, isa);
        let compiled = |&form| single(layer, form, class, isa).map_err(|error| error.at_layer(i));
        let engines = candidates.iter().map(compiled).collect::<Result<Vec<_>, _>>()?;
        let chosen = if engines.len() > 1 { fastest(&engines, (&x, batch), LAYER_BUDGET_NS) } else { 0 };
        forms.push(candidates[chosen]);
        let mut y = vec![0.0; batch * layer.fan_out()];
        run(&engines[chosen], &x, &mut y);
        x = y;
    }
    whole(model, Plan { class, forms }, isa, (rows, batch))
}

/// `plan`, or a plan of one form where that is faster: a layer timed alone turns rows into panels and back, which several in a row
/// do once, and a small layer's time is mostly that. And one batch again and again is in L1, where a stream of them is not: of
/// 784-64-10 with half of its weights, batches of 16 that stay take csr 5 % less time than dense, others 5 % more (Zen 5).
fn whole(model: &Model, plan: Plan, isa: Isa, (rows, batch): (&[f32], usize)) -> Result<Plan, CompileError> {
    let class = plan.class;
    let mut plans = vec![plan];
    let sparse = [Form::UNBLOCKED, Form::WIDE_BLOCKS, Form::BLOCKED, Form::WideWindow];
    let sparse = sparse.map(|form| uniform(model, class, form, isa));
    let others = [Plan::csr(model, class, isa), Plan::dense(model, class)].into_iter().chain(sparse);
    for other in others {
        if !plans.contains(&other) {
            plans.push(other);
        }
    }
    if plans.len() > 1 {
        let compiled = |plan: &Plan| Engine::compile_layers(model.layers(), plan.clone(), isa);
        let engines = plans.iter().map(compiled).collect::<Result<Vec<_>, _>>()?;
        plans.swap(0, fastest(&engines, (rows, batch), WHOLE_BUDGET_NS));
    }
    Ok(plans.remove(0))
}

/// Every layer in `form` that may be fastest in it, the others dense.
fn uniform(model: &Model, class: BatchClass, form: Form, isa: Isa) -> Plan {
    let form_of = |layer| if candidates(layer, class, isa).contains(&form) { form } else { Form::Dense };
    Plan { class, forms: model.layers().iter().map(form_of).collect() }
}

/// The forms of which one may be the fastest; dense is the first.
pub(crate) fn candidates(layer: &Layer, class: BatchClass, isa: Isa) -> Vec<Form> {
    let mut forms = vec![Form::Dense];
    if layer.is_pruned() {
        forms.push(Form::UNBLOCKED);
        if class == BatchClass::One {
            forms.push(Form::Window);
            if Kernels::new(isa).wide_windows() {
                forms.push(Form::WideWindow);
            }
        } else {
            let blocked = [Form::BLOCKED, Form::WIDE_BLOCKS];
            forms.extend(blocked.into_iter().filter(|form| form.blocks(layer.fan_in()) > 1));
        }
    }
    forms
}

/// One layer as a network.
fn single(layer: &Layer, form: Form, class: BatchClass, isa: Isa) -> Result<Engine, CompileError> {
    Engine::compile_layers(core::slice::from_ref(layer), Plan { class, forms: vec![form] }, isa)
}

/// On one batch of `rows` after the other; what is left over at the end is not used.
fn fastest(engines: &[Engine], (rows, batch): (&[f32], usize), budget_ns: u64) -> usize {
    let mut subjects: Vec<Subject<'_>> = engines
        .iter()
        .map(|engine| {
            let mut scratch = engine.scratch();
            let mut y = vec![0.0; batch * engine.fan_out()];
            let len = batch * engine.fan_in();
            let call = move |call: usize| {
                let x = &rows[call % (rows.len() / len) * len..][..len];
                engine.run(x, &mut y, &mut scratch).expect("shapes made to fit above");
            };
            Subject::new(std::format!("{}", engine.plan()), call)
        })
        .collect();
    choose(&mut subjects, budget_ns)
}

fn run(engine: &Engine, x: &[f32], y: &mut [f32]) {
    engine.run(x, y, &mut engine.scratch()).expect("shapes made to fit above");
}
