//! The benchmark on networks so small that its order, its checks and its refusals can be looked at. No time is asserted.
#![cfg(feature = "std")]

use std::num::NonZeroUsize;
use std::sync::Arc;

use prunella::benchmark::{BenchmarkError, Case, Outcome, Row, Settings, Step, VariantName, benchmark};
use prunella::engine::{BatchClass, CompileError, Form, Plan};
use prunella::measure;
use prunella::model::Model;
use prunella_kernels::{Isa, Pool};

#[path = "engine/networks.rs"]
mod networks;

const SIZES: [usize; 3] = [20, 33, 5];

fn settings(batches: &[usize]) -> Settings {
    Settings {
        isa: Isa::best(),
        batches: batches.to_vec(),
        variants: VariantName::ALL.to_vec(),
        timing: measure::Plan { rounds: 5, target_sample_ns: 1_000, ..measure::Plan::default() },
        pool: Arc::new(Pool::new(NonZeroUsize::new(2).unwrap()).unwrap()),
        plan: None,
        breakdown: false,
    }
}

fn dense() -> Model {
    networks::network(&SIZES, &[0.0, 0.0], 1)
}

/// The dense network and two pruned ones, on `rows` examples.
fn run(rows: usize, settings: &Settings, progress: &mut dyn FnMut(Step)) -> Result<Outcome, BenchmarkError> {
    let pruned = [0.5, 0.9].map(|sparsity| (sparsity, networks::network(&SIZES, &[sparsity, 0.0], 1)));
    let cases = [0, 1].map(|i| Case { sparsity: pruned[i].0, model: &pruned[i].1 });
    benchmark(&dense(), &cases, &networks::rows(rows * SIZES[0], 2), settings, progress)
}

#[test]
fn every_variant_is_verified_and_reported_in_order() {
    for isa in networks::isas() {
        // More examples than one rotation has, a whole number of no batch; and fewer than a batch.
        for examples in [1_100, 70] {
            let settings = Settings { isa, ..settings(&[1, 7, 96]) };
            let outcome = run(examples, &settings, &mut |_| {}).unwrap();
            let got: Vec<_> = outcome.rows.iter().map(|r| (r.batch, r.sparsity, r.variant)).collect();
            let mut want = vec![];
            for batch in [1, 7, 96] {
                want.push((batch, 0.0, VariantName::Dense));
                for sparsity in [0.5, 0.9] {
                    let variants = [VariantName::Masked, VariantName::Csr, VariantName::Auto];
                    want.extend(variants.map(|variant| (batch, sparsity, variant)));
                }
            }
            assert_eq!(got, want);
            look_at(&outcome, isa);
        }
    }
}

#[test]
fn the_time_is_set_against_the_limit_of_one_thread() {
    let one = Settings { pool: Arc::new(Pool::single()), ..settings(&[1, 96]) };
    for row in run(70, &one, &mut |_| {}).unwrap().rows {
        let limit = row.limit.expect("known for one thread");
        assert!(limit.limit_ns > 0.0 && limit.share > 0.0, "{limit:?}");
        assert!(row.breakdown.is_empty(), "not asked for");
    }
    let two = run(70, &settings(&[1]), &mut |_| {}).unwrap();
    assert!(two.rows.iter().all(|row| row.limit.is_none()));
}

#[test]
fn a_breakdown_has_a_part_for_every_layer() {
    let settings = Settings { breakdown: true, ..settings(&[1, 7, 96]) };
    let mut steps = vec![];
    let outcome = run(70, &settings, &mut |step| steps.push(step)).unwrap();
    for row in &outcome.rows {
        assert_eq!(row.breakdown.len(), 2, "{row:?}");
        for ((i, part), form) in row.breakdown.iter().enumerate().zip(&row.plan.forms) {
            let sum = part.input_layout_ns + part.arithmetic_ns + part.epilogue_ns + part.output_layout_ns;
            let size =
                part.layer_ns.max(part.input_layout_ns).max(part.arithmetic_ns).max(part.output_layout_ns);
            assert!((sum + part.remainder_ns() - part.layer_ns).abs() <= 1e-12 * size, "{part:?}");
            let in_panels = row.batch > 1 && *form != Form::Dense;
            assert_eq!(part.input_layout_ns != 0.0, in_panels, "only panels have to be made: {part:?}");
            assert!(i == 0 || part.epilogue_ns == 0.0, "the last layer ends with nothing");
            assert!(part.arithmetic_ns > 0.0 && part.output_layout_ns > 0.0 && part.limit.share > 0.0);
        }
    }
    // Two copies of the dense network, and three variants of two pruned ones.
    let taken = |batch: usize| (0..8).map(move |done| Step::Breakdown { batch, done, total: 8 });
    let want: Vec<Step> = [1, 7, 96].into_iter().flat_map(taken).collect();
    steps.retain(|step| matches!(step, Step::Breakdown { .. }));
    assert_eq!(steps, want);
}

/// What must hold of any outcome.
fn look_at(outcome: &Outcome, isa: Isa) {
    let floors = &outcome.noise_floors;
    let (lo, hi) = outcome.noise_floor();
    assert_eq!(floors.iter().map(|floor| floor.batch).collect::<Vec<_>>(), [1, 7, 96]);
    // Either way round, so 1 lies inside; the widest is that of some batch size.
    assert!(floors.iter().all(|at| lo <= at.lo && at.lo <= 1.0 && 1.0 <= at.hi && at.hi <= hi), "{floors:?}");
    assert!(floors.iter().any(|at| at.lo == lo) && floors.iter().any(|at| at.hi == hi), "{floors:?}");
    assert!(outcome.peak_gflops > 0.0);
    for row in &outcome.rows {
        assert!(row.max_abs_diff > 0.0, "f32 and f64 do not agree in every bit");
        assert!(row.max_abs_diff <= 1e-4, "{row:?}");
        assert!((0.9999..=1.0).contains(&row.agreement), "{row:?}");
        assert!(row.speedup.lo <= row.speedup.mid && row.speedup.mid <= row.speedup.hi, "{row:?}");
        let of_summary = (row.summary.median_ns_lo, row.summary.median_ns, row.summary.median_ns_hi);
        assert!(of_summary.0 <= of_summary.1 && of_summary.1 <= of_summary.2, "{row:?}");
        assert_eq!(row.summary.samples_ns.len(), 5);
        // 825 weights, a multiplication and an addition each.
        let flops = row.gflops * row.summary.median_ns;
        assert!((flops - 2.0 * 825.0 * row.batch as f64).abs() < 1e-3 * flops, "{row:?}");

        let nnz: usize = row.layers.iter().map(|layer| layer.nnz).sum();
        let whole = matches!(row.variant, VariantName::Dense | VariantName::DenseSparseInput);
        assert_eq!((row.nnz, row.nnz == 825), (nnz, whole), "{row:?}");
        // Dense and masked run in the chunks that were faster for dense, whichever those were.
        let dense = outcome.rows.iter().find(|r| (r.batch, r.variant) == (row.batch, VariantName::Dense));
        let class = match row.variant {
            VariantName::Csr | VariantName::Auto | VariantName::CsrSparseInput => BatchClass::of(row.batch),
            _ => dense.unwrap().plan.class,
        };
        assert_eq!(row.plan.class, class, "{row:?}");
        assert_eq!(class == BatchClass::One, row.batch == 1, "{row:?}");
        assert!(row.layers.iter().all(|layer| layer.kernel.ends_with(isa.name())), "{row:?}");
        let sparse: Vec<bool> = row.layers.iter().map(|layer| layer.kernel.contains("-spm")).collect();
        let skipping = row.layers.iter().map(|layer| layer.kernel.contains("sparse-input"));
        assert!(skipping.eq([row.variant.skips_inputs(), false]), "only the first layer skips: {row:?}");
        match row.variant {
            VariantName::Csr | VariantName::CsrSparseInput => assert_eq!(sparse, [true, false]),
            _ if row.variant != VariantName::Auto => assert_eq!(sparse, [false, false]),
            _ => assert!(!sparse[1], "no weight of the last layer is zero"),
        }
        if row.variant == VariantName::Dense {
            assert_eq!((row.speedup.lo, row.speedup.hi), (1.0, 1.0), "it is its own baseline");
        }
    }
}

/// Where at least half of the inputs are zero; with sparse weights in small batches alone.
#[test]
fn inputs_that_are_zero_are_skipped_where_most_are() {
    let settings = settings(&[1, 7, 96]);
    let mut rows = networks::rows(100 * SIZES[0], 2);
    let pruned = networks::network(&SIZES, &[0.5, 0.0], 1);
    let case = Case { sparsity: 0.5, model: &pruned };
    let run = |rows: &[f32]| benchmark(&dense(), &[case], rows, &settings, &mut |_| {}).unwrap();
    let dense = run(&rows);
    assert!(!dense.inputs_are_sparse() && dense.best.is_empty(), "two thirds are not zero");
    assert!(dense.rows.iter().all(|row| !row.variant.skips_inputs()));

    rows.iter_mut().step_by(2).for_each(|x| *x = 0.0);
    let sparse = run(&rows);
    assert!(sparse.inputs_are_sparse() && (0.25..0.4).contains(&sparse.input_density));
    look_at(&sparse, settings.isa);
    for batch in [1, 7, 96] {
        let at: Vec<_> = sparse.rows.iter().filter(|row| row.batch == batch).map(|row| row.variant).collect();
        let all = &VariantName::ALL[..];
        let [dense, masked, csr, auto, dense_skips, csr_skips] = all else { panic!("six variants") };
        let mut want = vec![*dense, *dense_skips, *masked, *csr, *auto];
        want.extend((batch < 16).then_some(*csr_skips));
        assert_eq!(at, want, "batch {batch}");
    }
    look_at_best(&sparse);
}

/// A winner of each side for every batch size. Which one is fastest differs from run to run: that the fastest is named is tested
/// where the times are given.
fn look_at_best(outcome: &Outcome) {
    assert_eq!(outcome.best.iter().map(|best| best.batch).collect::<Vec<_>>(), [1, 7, 96]);
    for best in &outcome.best {
        assert_eq!(best.sparsity, 0.5);
        assert!(matches!(best.dense, VariantName::Dense | VariantName::DenseSparseInput), "{best:?}");
        let entered = |row: &Row| (row.batch, row.variant) == (best.batch, best.pruned);
        assert!(best.pruned != VariantName::Dense && outcome.rows.iter().any(entered), "{best:?}");
        assert!(best.speedup.lo <= best.speedup.mid && best.speedup.mid <= best.speedup.hi, "{best:?}");
        // The same samples divided by themselves.
        let even = (best.speedup.lo, best.speedup.hi) == (1.0, 1.0);
        assert!(even || best.dense != best.pruned, "{best:?}");
    }
}

#[test]
fn progress_goes_through_every_step() {
    let mut steps = vec![];
    run(70, &settings(&[1, 16]), &mut |step| steps.push(step)).unwrap();
    let mut want: Vec<Step> = (0..3).map(|done| Step::Oracle(done, 3)).collect();
    for batch in [1, 16] {
        want.push(Step::Verify { batch });
        want.extend((1..=5).map(|done| Step::Time { batch, done, total: 5 }));
    }
    assert_eq!(steps, want);
}

#[test]
fn only_the_variants_asked_for_run_beside_the_baseline() {
    for (variants, want) in [
        (vec![], vec![VariantName::Dense]),
        (vec![VariantName::Csr], vec![VariantName::Dense, VariantName::Csr, VariantName::Csr]),
    ] {
        let outcome = run(70, &Settings { variants, ..settings(&[4]) }, &mut |_| {}).unwrap();
        assert_eq!(outcome.rows.iter().map(|row| row.variant).collect::<Vec<_>>(), want);
    }
}

#[test]
fn a_given_plan_is_replayed_at_its_class() {
    // No choice ever falls on blocks of 7 columns.
    let plan: Plan = "many/csr:7,dense".parse().unwrap();
    let outcome = run(70, &Settings { plan: Some(plan.clone()), ..settings(&[1, 32]) }, &mut |_| {}).unwrap();
    for row in outcome.rows.iter().filter(|row| row.variant == VariantName::Auto) {
        assert_eq!(row.plan == plan, row.batch == 32, "{}", row.plan);
    }
}

#[test]
fn a_plan_for_another_network_is_refused() {
    let plan = Some("many/csr".parse().unwrap());
    let error =
        run(70, &Settings { plan, ..settings(&[32]) }, &mut |_| {}).expect_err("one form, two layers");
    assert_eq!(error, BenchmarkError::Compile(CompileError::PlanLength { forms: 1, layers: 2 }));
}

#[test]
fn what_cannot_be_run_is_refused_before_anything_runs() {
    let (dense, other) = (dense(), networks::network(&[20, 32, 5], &[0.5, 0.0], 1));
    let refused = |values: usize, batches: &[usize], case: &Model| {
        let case = Case { sparsity: 0.5, model: case };
        let mut steps = 0;
        let outcome = benchmark(&dense, &[case], &vec![0.5; values], &settings(batches), &mut |_| steps += 1);
        assert_eq!(steps, 0, "refused before anything is computed");
        outcome.expect_err("it should be refused").to_string()
    };
    let rows = "the examples must be at least one whole row of the network's inputs";
    assert_eq!(refused(0, &[1], &dense), rows);
    assert_eq!(refused(19, &[1], &dense), rows);
    assert_eq!(refused(41, &[1], &dense), rows);
    let batches = "there must be a batch size, each from 1 to 65536";
    assert_eq!(refused(20, &[], &dense), batches);
    assert_eq!(refused(20, &[1, 0], &dense), batches);
    assert_eq!(refused(20, &[65_537], &dense), batches);
    assert_eq!(refused(20, &[usize::MAX], &dense), batches);
    assert_eq!(refused(20, &[1], &other), "the pruned networks must have the dense network's shape");
}

#[test]
fn a_variant_goes_by_its_name() {
    for variant in VariantName::ALL {
        assert_eq!(variant.to_string().parse(), Ok(variant));
        assert_eq!(format!("{variant:>20}").len(), 20, "padded as a column of a table");
    }
    let error = "sparse".parse::<VariantName>().expect_err("no such variant");
    assert_eq!(
        error.to_string(),
        "no such variant; use dense, masked, csr, auto, dense-sparse-input or csr-sparse-input"
    );
}
