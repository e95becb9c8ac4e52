//! Threads: the same bits, and engines that may be shared.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use prunella::engine::{BatchClass, Engine, Plan, RunError, Scratch, Variant};
use prunella::model::Model;
use prunella_kernels::{Isa, Pool};

use crate::networks::{Random, any_plan, bits, compile, isas, network, rows, run};

/// Some 12,000 nonzero weights: a thread more for each 85 rows.
fn pruned() -> Model {
    network(&[70, 130, 65, 10], &[0.3, 0.4, 0.0], 1)
}

fn pool(threads: usize) -> Arc<Pool> {
    Arc::new(Pool::new(NonZeroUsize::new(threads).unwrap()).unwrap())
}

#[test]
fn threads_do_not_change_a_bit() {
    let model = pruned();
    let rows = rows(1024 * model.fan_in(), 2);
    let mut random = Random(3);
    for isa in isas() {
        for class in BatchClass::ALL {
            let planned = Variant::Planned(any_plan(&model, class, &mut random));
            let skipping = [Plan::dense(&model, class), Plan::csr(&model, class, isa)]
                .map(|plan| Variant::Planned(plan.skipping_inputs()));
            for variant in [Variant::Dense, Variant::Csr, planned].into_iter().chain(skipping) {
                let alone = compile(&model, isa, class, variant);
                let want = run(&alone, &rows);
                for threads in 1..=3 {
                    let engine = alone.clone().with_pool(pool(threads));
                    for batch in [0, 1, 31, 170, 171, 300, 513, 1024] {
                        let got = run(&engine, &rows[..batch * model.fan_in()]);
                        let want = &want[..batch * model.fan_out()];
                        let plan = engine.plan();
                        assert!(bits(&got) == bits(want), "{plan} on {isa}, {batch} rows, {threads} threads");
                    }
                }
            }
        }
    }
}

#[test]
fn a_scratch_has_room_for_each_worker() {
    let engine = compile(&pruned(), Isa::best(), BatchClass::Many, Variant::Dense);
    let (one, two) = (engine.clone(), engine.with_pool(pool(2)));
    let (input, mut output) = (vec![0.5; 70], [0.0; 10]);
    assert_eq!(two.run(&input, &mut output, &mut one.scratch()), Err(RunError::Scratch));
    assert_eq!(one.run(&input, &mut output, &mut two.scratch()), Ok(()));
}

#[test]
fn engines_and_scratches_may_cross_threads() {
    fn shareable<T: Send + Sync>() {}
    shareable::<Engine>();
    shareable::<Scratch>();
}

/// One engine, one pool, several callers at once: who finds the pool busy runs alone.
#[test]
fn callers_share_an_engine_and_its_pool() {
    let model = pruned();
    let engine = compile(&model, Isa::best(), BatchClass::Many, Variant::Csr).with_pool(pool(2));
    let inputs: Vec<Vec<f32>> = (0..4).map(|seed| rows(300 * model.fan_in(), seed)).collect();
    let wants: Vec<Vec<f32>> = inputs.iter().map(|input| run(&engine, input)).collect();
    thread::scope(|scope| {
        for (input, want) in inputs.iter().zip(&wants) {
            let engine = &engine;
            scope.spawn(move || {
                let (mut scratch, mut output) = (engine.scratch(), vec![0.0; want.len()]);
                for _ in 0..200 {
                    output.fill(f32::NAN);
                    engine.run(input, &mut output, &mut scratch).unwrap();
                    assert!(bits(&output) == bits(want));
                }
            });
        }
    });
}
