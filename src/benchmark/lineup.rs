//! Who takes part in the rounds of a batch size.

use std::sync::Arc;
use std::vec;
use std::vec::Vec;

use prunella_kernels::{Isa, Pool};

use super::subject::{Contestant, Rotation};
use super::{Case, Settings, VariantName};
use crate::engine::{BatchClass, CompileError, Engine, Options, Plan, Variant, auto_plan};
use crate::measure::{self, Subject};
use crate::model::Model;

/// Where the two copies of the dense network stand in the line-up.
pub(super) const DENSE_COPIES: [usize; 2] = [0, 1];

/// Time spent on a choice between plans.
const CHOICE_BUDGET_NS: u64 = 20_000_000;

/// Every variant of every case, compiled for one batch size; the dense network first, and twice.
pub(super) fn line_up(
    cases: &[Case<'_>],
    rotation: &Rotation,
    settings: &Settings,
) -> Result<Vec<Contestant>, CompileError> {
    let batch = rotation.batch();
    let class = BatchClass::of(batch);
    let dense = dense_plans(cases[0].model, batch);
    let dense = fastest(cases[0].model, &dense, rotation, (settings.isa, &settings.pool))?;
    let mut contestants = vec![];
    let mut add = |case: usize, name, plan| -> Result<(), CompileError> {
        let engine = compile(cases[case].model, plan, (settings.isa, &settings.pool))?;
        contestants.push(Contestant::new(case, name, engine, batch));
        Ok(())
    };
    for _ in DENSE_COPIES {
        add(0, VariantName::Dense, dense.clone())?;
    }
    if settings.variants.contains(&VariantName::DenseSparseInput) {
        add(0, VariantName::DenseSparseInput, dense.clone().skipping_inputs())?;
    }
    for (i, case) in cases.iter().enumerate().skip(1) {
        for &name in settings.variants.iter().filter(|&&v| is_for_pruned(v, class)) {
            let plan = match (name, &settings.plan) {
                (VariantName::Csr, _) => Plan::csr(case.model, class, settings.isa),
                (VariantName::CsrSparseInput, _) => {
                    Plan::csr(case.model, class, settings.isa).skipping_inputs()
                }
                (VariantName::Auto, Some(plan)) if plan.class == class => plan.clone(),
                (VariantName::Auto, _) => auto_plan(case.model, settings.isa, batch, rotation.rows())?,
                _ => dense.clone(),
            };
            add(i, name, plan)?;
        }
    }
    Ok(contestants)
}

/// Whether a variant is a way to run a pruned network, in batches of a class.
fn is_for_pruned(variant: VariantName, class: BatchClass) -> bool {
    match variant {
        VariantName::Dense | VariantName::DenseSparseInput => false,
        VariantName::CsrSparseInput => class != BatchClass::Many,
        VariantName::Masked | VariantName::Csr | VariantName::Auto => true,
    }
}

/// The dense plans that may be the fastest at this batch size: the classes differ in how many rows travel together, which is
/// worth some percent either way, and a baseline is the fastest dense there is.
pub(crate) fn dense_plans(model: &Model, batch: usize) -> Vec<Plan> {
    let classes = match BatchClass::of(batch) {
        BatchClass::One => vec![BatchClass::One],
        BatchClass::Few | BatchClass::Many => vec![BatchClass::Few, BatchClass::Many],
    };
    classes.into_iter().map(|class| Plan::dense(model, class)).collect()
}

/// The plan that is fastest on the batches of `rotation`, timed beforehand.
pub(crate) fn fastest(
    model: &Model,
    plans: &[Plan],
    rotation: &Rotation,
    machine: (Isa, &Arc<Pool>),
) -> Result<Plan, CompileError> {
    if let [only] = plans {
        return Ok(only.clone());
    }
    let mut engines = vec![];
    for plan in plans {
        let engine = compile(model, plan.clone(), machine)?;
        engines.push(Contestant::new(0, VariantName::Auto, engine, rotation.batch()));
    }
    let mut subjects: Vec<Subject<'_>> = engines.iter_mut().map(|engine| engine.subject(rotation)).collect();
    Ok(plans[measure::choose(&mut subjects, CHOICE_BUDGET_NS)].clone())
}

pub(crate) fn compile(
    model: &Model,
    plan: Plan,
    (isa, pool): (Isa, &Arc<Pool>),
) -> Result<Engine, CompileError> {
    // A plan names its own class.
    let class = plan.class;
    let engine = Engine::compile(model, &Options { isa, class, variant: Variant::Planned(plan) })?;
    Ok(engine.with_pool(pool.clone()))
}
