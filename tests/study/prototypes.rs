//! The prototype study: gradients, measures, and that nothing depends on threads or instruction sets.

use prunella::kernels::{Isa, Kernels};
use prunella::measure::stats::mean_interval;
use prunella::study::Verdict;
use prunella::study::prototypes::reference::{Network, Term, Terms};
use prunella::study::prototypes::{
    CoverageForm, Definition, Digits, Init, Input, Machine, Mask, OverlapForm, Part, Settings, Start, Target,
    assign, gradient, is_inside, measure, study,
};
use std::num::NonZeroUsize;

fn machine(isa: Isa, threads: usize) -> Machine {
    Machine { kernels: Kernels::new(isa), threads: NonZeroUsize::new(threads).unwrap() }
}

/// Every form of the terms, in one, two and three dimensions.
fn definitions() -> Vec<Definition> {
    let forms = [
        (OverlapForm::Product, CoverageForm::SoftMinimum),
        (OverlapForm::Cosine, CoverageForm::LargestActivation),
    ];
    let mut all = Vec::new();
    for (overlap, coverage) in forms {
        for d in [1, 2, 3] {
            // Wide enough that prototypes drawn at random reach each other.
            let definition =
                Definition { d, overlap, coverage, tau_c: 0.05, tau_s: 0.05, ..Definition::default() };
            all.push(Definition { target: Target::Random, init: Init::Normal, ..definition });
        }
    }
    all
}

fn terms(terms: Terms) -> [(&'static str, Term); 4] {
    [
        ("fit", terms.fit),
        ("overlap", terms.overlap),
        ("coverage", terms.coverage),
        ("separation", terms.separation),
    ]
}

#[test]
fn the_slopes_of_every_term_are_those_of_its_value() {
    for definition in definitions() {
        for n in [1, 2, 5] {
            let network = Network::new(&Start::new(&definition, n, 3));
            for (term, (name, exact)) in terms(network.terms(&definition)).into_iter().enumerate() {
                for k in 0..network.parameters.len() {
                    let at = |offset: f64| {
                        let mut moved = network.clone();
                        moved.parameters[k] += offset;
                        terms(moved.terms(&definition))[term].1.value
                    };
                    let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
                    let error = (slope - exact.gradient[k]).abs();
                    let tolerance = 1e-6 * (1.0 + exact.gradient[k].abs());
                    assert!(
                        error < tolerance,
                        "{name}, {definition:?}, n {n}, parameter {k}: off by {error:e}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_kernels_have_the_gradients_of_the_reference() {
    for isa in Isa::available() {
        for definition in definitions() {
            for (n, mask) in [1, 2, 3, 10, 17].into_iter().flat_map(|n| Mask::ALL.map(|mask| (n, mask))) {
                let definition = Definition { lambda: 1.0, ..definition.clone() };
                let start = Start::new(&definition, n, 5);
                let exact = Network::new(&start).terms(&definition).total(1.0, mask);
                let got = gradient(Kernels::new(isa), &definition, mask, &start);
                for (k, (got, exact)) in got.iter().zip(&exact).enumerate() {
                    let error = (f64::from(*got) - exact).abs();
                    // Sums of some hundred terms near 1, and slopes along w that 1 / w multiplies.
                    let tolerance = 2e-5 * (1.0 + exact.abs());
                    assert!(error < tolerance, "{isa} {mask} n {n} {definition:?}, {k}: {got}, not {exact}");
                }
            }
        }
    }
}

#[test]
fn a_guarded_weight_keeps_its_sign_and_feels_nothing() {
    let definition = Definition { guard: 0.5, ..Definition::default() };
    let mut start = Start::new(&definition, 3, 1);
    start.parameters[..3].copy_from_slice(&[-0.1, 0.1, 1.0]);
    start.parameters[3..6].copy_from_slice(&[0.2, 0.2, -0.2]);
    let p = Network::new(&start).prototypes(0.5);
    for (p, exact) in p.iter().zip([0.4, -0.4, 0.2]) {
        assert!((p - exact).abs() < 1e-6, "{p}");
    }
    let exact = Network::new(&start).terms(&definition).total(0.03, Mask::COV);
    let got = gradient(Kernels::new(Isa::best()), &definition, Mask::COV, &start);
    for (got, exact) in got.iter().zip(exact) {
        assert!((f64::from(*got) - exact).abs() < 1e-6, "{got}, not {exact}");
    }
}

/// A small version of everything.
fn small(parts: &[Part]) -> Settings {
    let nominal = Definition { steps: 60, ..Definition::default() };
    Settings { nominal, sizes: vec![3, 6], seeds: 5, other_seeds: 3, first_seed: 7, parts: parts.to_vec() }
}

fn digits() -> Digits {
    let image = |i: usize| (0..25).map(|k| ((i * 7 + k * k) % 11) as f32 / 10.0).collect();
    Digits { source: "made up".into(), side: 5, images: (0..20).map(image).collect() }
}

#[test]
fn the_same_bits_for_any_threads_and_set_that_fuses() {
    let mut first = None;
    for isa in Isa::available().filter(|isa| isa.fuses()) {
        for threads in [1, 2, 5] {
            let mut results = study(machine(isa, threads), &small(&Part::ALL), &digits(), &mut |_, _, _| {});
            for row in &mut results.digits {
                assert!(row.cell.outside.mean.is_nan(), "25 coordinates, 16 images: the hull has no volume");
                row.cell.outside = row.cell.fit;
            }
            // As text: what is no number differs from itself.
            let text = format!("{results:?}");
            assert!(*first.get_or_insert_with(|| text.clone()) == text, "{isa} on {threads} threads");
        }
    }
}

#[test]
fn a_network_does_not_know_its_neighbours() {
    let run = |seeds: usize, sizes: &[usize]| {
        let settings = Settings { seeds, sizes: sizes.to_vec(), ..small(&[Part::Nominal]) };
        study(machine(Isa::best(), 1), &settings, &digits(), &mut |_, _, _| {}).runs
    };
    let (few, many) = (run(2, &[6]), run(5, &[3, 6]));
    assert_eq!((few.len(), many.len()), (16, 80));
    for run in &few {
        let same =
            many.iter().filter(|other| (other.n, other.mask, other.seed) == (run.n, run.mask, run.seed));
        assert_eq!(same.collect::<Vec<_>>(), [run]);
    }
}

#[test]
fn what_is_not_asked_for_is_not_done() {
    let mut seen = Vec::new();
    let results =
        study(machine(Isa::best(), 2), &small(&[Part::TauSweep]), &digits(), &mut |part, done, all| {
            seen.push((part, done, all));
        });
    assert!(results.runs.is_empty() && results.sensitivity.is_empty() && results.settling.is_empty());
    // One pack of three runs without separation, and one for each of ten reaches.
    assert_eq!(seen, (0..=11).map(|done| (Part::TauSweep, done, 11)).collect::<Vec<_>>());
    let taus: Vec<Option<f64>> = results.tau_sweep.iter().map(|row| row.tau_s).collect();
    assert!(taus[0].is_none() && taus[1..].windows(2).all(|pair| pair[0] < pair[1]), "{taus:?}");
    assert!(results.tau_sweep.iter().all(|row| (row.cell.n, row.cell.seeds) == (6, 3)));
}

#[test]
fn every_part_has_its_rows() {
    let results = study(machine(Isa::best(), 2), &small(&Part::ALL), &digits(), &mut |_, _, _| {});
    let ids: Vec<&str> = results.claims.iter().map(|claim| &claim.id[..]).collect();
    assert_eq!(ids, ["F1", "F1m", "F2", "F3", "F4", "P", "G"]);
    assert_eq!((results.cells.len(), results.runs.len()), (16, 80));
    for cell in &results.cells {
        let runs = results.runs.iter().filter(|run| (run.n, run.mask) == (cell.n, cell.mask));
        let errors: Vec<f64> = runs.map(|run| run.error).collect();
        assert!((cell.error.mean - errors.iter().sum::<f64>() / 5.0).abs() < 1e-12);
        assert!(cell.error.lo <= cell.error.mean && cell.error.mean <= cell.error.hi);
    }
    let verdicts = results.sensitivity.iter().map(|row| row.verdicts.len());
    assert!(verdicts.eq([5; 19]), "{:?}", results.sensitivity);
    assert!(results.settling.iter().all(|row| row.cells.len() == 5 && row.n == 6));
    assert!(results.settling.iter().any(|row| row.d == 2) && results.settling.iter().any(|row| row.d == 3));
    for row in &results.digits {
        assert_eq!((row.n, row.images.len(), row.prototypes.len()), (16, 16, 16));
        assert!(row.images.iter().chain(&row.prototypes).all(|image| image.len() == 25));
    }
    for path in &results.paths {
        assert_eq!((path.steps.first(), path.steps.last()), (Some(&0), Some(&60)));
        assert!(path.prototypes.len() == path.steps.len() && path.prototypes.iter().all(|p| p.len() == 6));
    }
    let starts: Vec<_> = results.paths.iter().map(|path| &path.prototypes[0]).collect();
    assert!(starts.windows(2).all(|pair| pair[0] == pair[1]), "masks share their initial weights");
    for row in &results.positions {
        assert!(row.prototypes.is_sorted() && row.points.is_sorted());
        let run =
            results.runs.iter().find(|run| (run.n, run.mask, run.seed) == (row.n, row.mask, 7)).unwrap();
        assert_eq!(row.error, run.error, "the picture is of a run of the table");
    }
}

#[test]
fn statistics_agree_with_f64() {
    const SEEDS: u64 = 24;
    let definition = Definition { steps: 400, ..Definition::default() };
    let settings = Settings {
        nominal: definition.clone(),
        sizes: vec![6],
        seeds: SEEDS as usize,
        first_seed: 0,
        ..small(&[Part::Nominal])
    };
    let single = study(machine(Isa::best(), 2), &settings, &digits(), &mut |_, _, _| {}).runs;
    for mask in [Mask::STD, Mask::COV_SEP, Mask::OVL] {
        let double = |seed| {
            let start = Start::new(&definition, 6, seed);
            let mut network = Network::new(&start);
            network.train(&definition, mask);
            let parameters: Vec<f32> = network.parameters.iter().map(|&p| p as f32).collect();
            let measures = measure(&definition, &start, &parameters);
            (measures, network.terms(&definition).fit.value)
        };
        let doubles: Vec<_> = (0..SEEDS).map(double).collect();
        let singles: Vec<_> = single.iter().filter(|run| run.mask == mask).collect();
        assert_eq!(singles.len(), doubles.len());
        let compare = |what: &str, single: Vec<f64>, double: Vec<f64>| {
            let [single, double] = [single, double].map(|values| mean_interval(&values, 1));
            let overlap = single.lo <= double.hi && double.lo <= single.hi;
            assert!(overlap, "{mask} {what}: {single:?} in f32, {double:?} in f64");
            let apart = (single.mid - double.mid).abs();
            assert!(apart < single.hi - single.lo, "{mask} {what}: {single:?} in f32, {double:?} in f64");
        };
        let of =
            |of: fn(&prunella::study::prototypes::Run) -> f64| singles.iter().map(|run| of(run)).collect();
        compare("E", of(|run| run.error), doubles.iter().map(|(m, _)| m.error).collect());
        compare(
            "outside",
            of(|run| run.outside + 1e-9 * run.error),
            doubles.iter().map(|(m, _)| m.outside + 1e-9 * m.error).collect(),
        );
        compare("fit", of(|run| run.fit), doubles.iter().map(|(_, fit)| *fit).collect());
    }
}

#[test]
fn a_size_and_a_seed_have_points_of_their_own() {
    let definition = Definition::default();
    let start = |n, seed| Start::new(&definition, n, seed);
    assert_eq!(start(5, 1), start(5, 1));
    assert_ne!(start(5, 1).x[0], start(5, 2).x[0]);
    assert_ne!(start(5, 1).x[..], start(10, 1).x[..5]);
    // The choice of what is learnt does not move the points.
    let random = Start::new(&Definition { target: Target::Random, ..definition.clone() }, 5, 1);
    assert!(random.x == start(5, 1).x && random.y != random.x);
    let sine = Start::new(&Definition { target: Target::Sine, ..definition }, 5, 1);
    assert!(
        sine.y.iter().zip(&sine.x).all(|(y, x)| (y - (2.0 * std::f32::consts::PI * x).sin()).abs() < 1e-5)
    );
}

#[test]
fn points_have_the_moments_of_their_kind() {
    let n = 20_000;
    // Mean and variance.
    let kinds = [
        (Input::Uniform, 0.5, 1.0 / 12.0),
        (Input::Clustered, 0.5, 0.06 + 0.0009),
        (Input::Beta, 0.5, 0.125),
        (Input::Exponential, 0.25, 0.0625),
    ];
    for (input, mean, variance) in kinds {
        let x = Start::new(&Definition { input, ..Definition::default() }, n, 1).x;
        let moment = |of: &dyn Fn(f64) -> f64| x.iter().map(|&x| of(x.into())).sum::<f64>() / n as f64;
        assert!((moment(&|x| x) - mean).abs() < 0.01, "{input:?}: mean {}", moment(&|x| x));
        let found = moment(&|x| (x - mean).powi(2));
        assert!((found - variance).abs() < 0.05 * variance + 0.001, "{input:?}: variance {found}");
    }
}

#[test]
fn prototypes_begin_where_they_are_placed() {
    let definition = Definition::default();
    let start = Start::new(&definition, 50, 4);
    let p = Network::new(&start).prototypes(definition.guard.into());
    assert!(p.iter().all(|p| (-1e-6..1.0).contains(p)) && start.parameters[..50].iter().any(|w| *w < 0.0));
    assert!(start.parameters[..50].iter().all(|w| w.abs() == 1.0) && start.parameters[150] == 0.0);
}

#[test]
fn measures_of_prototypes_that_are_known() {
    let definition = Definition { guard: 1e-4, ..Definition::default() };
    // p = -b / w: 0.1, 0.1, 0.92, 2.0.
    let start = Start {
        n: 4,
        d: 1,
        x: vec![0.8, 0.0, 1.0, 0.15],
        y: vec![0.0; 4],
        parameters: vec![2.0, 1.0, 1.0, -1.0, -0.2, -0.1, -0.92, 2.0, 1.0, 1.0, 1.0, 1.0, 0.0],
    };
    let found = measure(&definition, &start, &start.parameters);
    // 0.1 with 0.0, 0.1 with 0.15, 0.92 with 0.8, 2.0 with 1.0.
    assert!((found.error - 1.27 / 4.0).abs() < 1e-6, "{found:?}");
    // The nearest to 0.0 and 0.15 is the first of the two at 0.1, to 0.8 and 1.0 the one at 0.92. Of the two at 0.1 the second is
    // wider, and answers; of the others the one at 0.92.
    let ratios = (found.specialization, found.specialization_by_activation, found.outside);
    assert_eq!(ratios, (0.5, 0.5, 0.25), "{found:?}");
    // One at 0.12, the others far out on both sides: three points have the same nearest prototype, 1.0 another.
    let parameters = vec![1.0, 1.0, 1.0, 1.0, -0.12, -1.1, 9.0, -9.0, 1.0, 1.0, 1.0, 1.0, 0.0];
    let start = Start { x: vec![0.5, 0.0, 1.0, 0.15], parameters, ..start };
    let found = measure(&definition, &start, &start.parameters);
    // The other way round, each prototype with its nearest point, all of 0.15, 1.0, 0.0 are met: 0.75.
    assert_eq!((found.specialization, found.outside), (0.5, 0.75), "{found:?}");
}

#[test]
fn measures_in_two_dimensions() {
    let definition = Definition { d: 2, ..Definition::default() };
    // A triangle; prototypes at two of its corners and above one of them.
    let (x, p) = (vec![0.0, 0.0, 1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0, 0.0, 1.5]);
    let parameters: Vec<f32> = [1.0; 6].into_iter().chain(p.map(|p: f32| -p)).chain([1.0; 4]).collect();
    let start = Start { n: 3, d: 2, x, y: vec![0.0; 3], parameters };
    let found = measure(&definition, &start, &start.parameters);
    // (0, 1.5) goes to (1, 0): were it to have (0, 1), then (0, 1) would have to go, and 0.5 + sqrt(2) is more.
    let best = f64::sqrt(3.25);
    assert!((found.error - best / 3.0).abs() < 1e-6, "{found:?}, not {}", best / 3.0);
    // (0, 1.5) is the nearest of no point; (1, 0) has (0, 0).
    let ratios = (found.specialization, found.outside);
    assert_eq!(ratios, (2.0 / 3.0, 1.0 / 3.0), "{found:?}");
}

#[test]
fn the_assignment_is_the_best_of_all() {
    fn least(n: usize, cost: &[f64], row: usize, used: &mut Vec<bool>) -> f64 {
        if row == n {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for column in 0..n {
            if !used[column] {
                used[column] = true;
                best = best.min(cost[row * n + column] + least(n, cost, row + 1, used));
                used[column] = false;
            }
        }
        best
    }
    let mut state = 1u64;
    let mut draw = |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    for n in 0..7 {
        for round in 0..40 {
            // Few values: many ties. Negative ones, too.
            let most = if round % 2 == 0 { 3 } else { 1000 };
            let cost: Vec<f64> = (0..n * n).map(|_| draw(most) as f64 - 1.0).collect();
            let columns = assign(n, &cost);
            let mut sorted = columns.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..n).collect::<Vec<_>>());
            let found: f64 = columns.iter().enumerate().map(|(row, column)| cost[row * n + column]).sum();
            assert_eq!(found, least(n, &cost, 0, &mut vec![false; n]), "{cost:?}");
        }
    }
    // What is no number is avoided, and does not hang.
    assert_eq!(assign(2, &[f64::NAN, 1.0, f64::INFINITY, f64::NAN]), [1, 0]);
}

#[test]
fn the_hull_is_the_hull() {
    assert!(is_inside(&[0.2, 0.9, 0.4], &[0.9]) && is_inside(&[0.2, 0.9, 0.4], &[0.3]));
    assert!(!is_inside(&[0.2, 0.9, 0.4], &[0.91]) && !is_inside(&[0.2, 0.9], &[f64::NAN]));
    // Against cross products: a point is inside a triangle if it is on one side of all its edges.
    let side =
        |a: &[f64], b: &[f64], p: &[f64]| (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
    let mut inside = 0;
    for seed in 0..400 {
        let x = Start::new(&Definition { d: 2, ..Definition::default() }, 4, seed).x;
        let x: Vec<f64> = x.into_iter().map(f64::from).collect();
        let (triangle, p) = x.split_at(6);
        let [a, b, c] = [0, 2, 4].map(|at| &triangle[at..at + 2]);
        let sides = [side(a, b, p), side(b, c, p), side(c, a, p)];
        let is_in = sides.iter().all(|s| *s > 0.0) || sides.iter().all(|s| *s < 0.0);
        assert_eq!(is_inside(triangle, p), is_in, "{triangle:?} {p:?}");
        inside += usize::from(is_in);
    }
    assert!((10..200).contains(&inside), "{inside} of 400 inside: both cases are met");
    // The corner of a cube that is cut off: 1 + 1 + 1 against the plane x + y + z = 2.
    let mut cube = Vec::new();
    for corner in 0..7u8 {
        cube.extend([0, 1, 2].map(|bit| f64::from(corner >> bit & 1)));
    }
    assert!(is_inside(&cube, &[0.6, 0.6, 0.6]) && !is_inside(&cube, &[0.7, 0.7, 0.7]));
    assert!(is_inside(&cube, &[1.0, 1.0, 0.0]) && !is_inside(&cube, &[1.0, 1.0, 1e-6]));
}

#[test]
fn expulsion_by_overlap_is_seen() {
    let settings =
        Settings { nominal: Definition::default(), sizes: vec![12], seeds: 8, ..small(&[Part::Nominal]) };
    let results = study(machine(Isa::best(), 2), &settings, &digits(), &mut |_, _, _| {});
    let outside = |mask| results.cells.iter().find(|cell| cell.mask == mask).unwrap().outside.mean;
    assert!(outside(Mask::OVL) > 0.9 && outside(Mask::COV) < 0.6, "{:?}", results.cells);
    let expelled = results.claims.iter().find(|claim| claim.id == "F3").unwrap();
    assert!(expelled.interval.unwrap()[0] > 0.0 && expelled.verdict != Verdict::DoesNotHold, "{expelled:?}");
}
