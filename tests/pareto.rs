//! Accuracy against time: who is on the front and who wins, and that every network had the same updates.
#![cfg(feature = "std")]

use core::num::NonZeroUsize;
use prunella::dataset::Split;
use prunella::kernels::{Isa, Kernels};
use prunella::measure::{self, Interval};
use prunella::prune::Structure;
use prunella::study::pareto::{
    Candidate, Kind, Network, Pareto, Point, Recipe, Shelf, Task, Timing, TrainingError, Winner, front, luck,
    summary, time, train, winners, winners_ahead,
};

const RECIPE: Recipe = Recipe { epochs: 1, fine_tune_epochs: 2, seed: 1 };

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// Few examples, narrow networks.
fn task() -> Task {
    let digits = Split::synth(400, 200, 1);
    Task { dense: vec![4, 16], pruned: vec![16], ..Task::all_classes(&digits) }
}

fn trained(task: &Task, count: usize, shelf: &Shelf) -> Vec<Network> {
    let machine = (Kernels::new(Isa::best()), threads(count));
    train(task, &task.candidates(), &RECIPE, machine, (shelf, &|| true), &mut |_, _| {}).unwrap()
}

#[test]
fn the_front_is_what_nothing_beats() {
    let networks =
        [(0.90, 10.0), (0.95, 20.0), (0.94, 25.0), (0.95, 20.0), (0.97, 50.0), (0.90, 11.0), (0.96, 50.0)];
    assert_eq!(front(&networks), [true, true, false, true, true, false, false]);
    assert!(front(&[]).is_empty());
}

fn point(structure: &str, hidden: usize, accuracy: f64, median_ns: f64) -> Point {
    Point {
        task: "4-9".into(),
        structure: structure.into(),
        hidden,
        sparsity: if structure == "dense" { 0.0 } else { 0.875 },
        nnz: 1,
        accuracy,
        f1: None,
        batch: 1,
        median_ns,
        p90_ns: median_ns,
        speedup: 1.0,
        speedup_lo: 1.0,
        speedup_hi: 1.0,
        plan: String::new(),
        max_abs_diff: 0.0,
        on_front: false,
    }
}

#[test]
fn winners_are_named_at_the_accuracy_of_each_dense_network_that_counts() {
    let points = [
        point("dense", 2, 0.80, 10.0),
        point("dense", 4, 0.79, 15.0), // beaten by the one of 2: no accuracy to be reached
        point("dense", 8, 0.90, 20.0),
        point("dense", 16, 0.95, 41.0),
        point("n:32", 64, 0.91, 20.3), // slower, but by no more than luck
        point("input", 64, 0.96, 20.5),
        point("block:4x1", 64, 0.97, 90.0),
        point("random", 64, 0.99, 1.0), // the control wins nothing
    ];
    let ratio = |a: usize, b: usize| {
        let mid = points[a].median_ns / points[b].median_ns;
        Interval { mid, lo: 0.99 * mid, hi: 1.01 * mid }
    };
    let found = winners(&points, 1.02, &ratio);
    let rows: Vec<(f64, &str, Option<usize>, &str)> = found
        .iter()
        .map(|w| {
            let pruned = w.pruned.as_ref().unwrap().structure.as_str();
            (w.accuracy, w.winner.as_str(), w.dense.as_ref().map(|d| d.hidden), pruned)
        })
        .collect();
    assert_eq!(
        rows,
        [
            (0.80, "dense", Some(2), "n:32"),
            (0.90, "undecided", Some(8), "n:32"),
            (0.95, "input", Some(16), "input"),
            (0.97, "block:4x1", None, "block:4x1"),
        ]
    );
    assert_eq!((found[2].gain, found[3].gain), (Some(2.0), None));
    let sentences = summary(&found);
    assert_eq!(sentences.len(), 1);
    for words in [
        "4-9, batch 1",
        "of 3 accuracies of dense networks",
        "faster at 1,",
        "dense one at 1,",
        "neither at 1",
        "2.0 times",
        "97.00 %",
    ] {
        assert!(sentences[0].contains(words), "`{words}` is not in {sentences:?}");
    }
}

#[test]
fn every_candidate_is_trained_and_pruned_as_its_name_says_on_any_number_of_threads() {
    let task = task();
    let networks = trained(&task, 1, &Shelf::default());
    assert_eq!(networks.iter().map(|n| n.candidate).collect::<Vec<_>>(), task.candidates());
    for Network { candidate, model, accuracy, f1 } in &networks {
        let Candidate { hidden, kind, sparsity } = *candidate;
        let left = |n: usize| n - ((sparsity * n as f64).round() as usize).min(n - 1);
        let neurons = if kind == Kind::Pruned(Structure::Neuron) { left(hidden) } else { hidden };
        assert_eq!(model.sizes(), [784, neurons, 10], "{candidate}");
        let nnz = match kind {
            Kind::Dense | Kind::Pruned(Structure::Neuron) => 784 * neurons,
            // 24 runs of 32 in a row, and one of 16.
            Kind::Pruned(Structure::Nm { .. }) => 16 * (24 * left(32) + left(16)),
            Kind::Pruned(Structure::Block { outputs: 4, .. }) => 4 * left(4 * 784),
            Kind::Pruned(Structure::Block { .. } | Structure::Input) => 16 * left(784),
            Kind::Pruned(Structure::Unstructured) | Kind::Random => left(784 * 16),
        };
        assert_eq!(model.layers()[0].nnz(), nnz, "{candidate}");
        assert!((0.0..=1.0).contains(accuracy) && f1.is_none());
    }
    assert_eq!(trained(&task, 3, &Shelf::default()), networks);
}

#[test]
fn a_pruned_network_has_learnt() {
    let (task, recipe) = (task(), Recipe { epochs: 24, ..RECIPE });
    let half = Candidate { hidden: 16, kind: Kind::Pruned(Structure::Unstructured), sparsity: 0.5 };
    let machine = (Kernels::new(Isa::best()), threads(1));
    let shelf = Shelf::default();
    let networks = train(&task, &[half], &recipe, machine, (&shelf, &|| true), &mut |_, _| {}).unwrap();
    let learnt = networks[0].accuracy;
    assert!(learnt > 0.5, "it has learnt something: {learnt}");
}

#[test]
fn what_was_trained_before_an_interruption_is_taken_from_the_shelf() {
    let directory = tempfile::tempdir().unwrap();
    let (task, shelf) = (task(), Shelf::at(directory.path()));
    let files = || {
        let parts = std::fs::read_dir(directory.path()).unwrap().map(|part| part.unwrap().path());
        parts.map(|part| std::fs::read_dir(part).unwrap().count()).sum::<usize>()
    };
    let machine = (Kernels::new(Isa::best()), threads(1));
    let goes_on = || files() < 5;
    let cut = train(&task, &task.candidates(), &RECIPE, machine, (&shelf, &goes_on), &mut |_, _| {});
    assert!(matches!(cut, Err(TrainingError::Interrupted)));
    assert_eq!(files(), 5);
    let went_on = trained(&task, 2, &shelf);
    assert_eq!(went_on, trained(&task, 2, &Shelf::default()), "the same bits as without an interruption");
    let all = files();
    assert_eq!(all, 2 + task.candidates().len());
    assert_eq!(trained(&task, 1, &shelf), went_on);
    assert_eq!(files(), all);
    let other = Task { train: Split::synth(401, 200, 1).train, ..task };
    assert_ne!(trained(&other, 1, &shelf), went_on, "other data, other networks");
    shelf.clear();
    assert!(!directory.path().exists());
}

#[test]
fn all_networks_of_a_task_are_timed_together_and_found_right() {
    let digits = Split::synth(300, 60, 1);
    let pair = prunella::study::low_capacity::Pair::ALL[4];
    // Two logits, for a difference is taken relative to the largest of a call: of one alone it says little.
    let task = Task { dense: vec![2, 64], outputs: 2, ..Task::pair(&digits, pair, 0).unwrap() };
    let networks = trained(&task, 2, &Shelf::default());
    let plan = measure::Plan { rounds: 3, target_sample_ns: 1, ..measure::Plan::default() };
    let timing = Timing { batches: vec![1, 16], plan, ..Timing::new(Isa::best(), 1) };
    let mut pareto = Pareto::default();
    let mut last = 0.0;
    time(&task.name, &networks, &task.test.rows(), &timing, &mut pareto, &mut |_, share| last = share)
        .unwrap();
    assert_eq!(last, 1.0);
    assert_eq!(pareto.points.len(), 2 * networks.len());
    assert_eq!(pareto.noise_floors.iter().map(|noise| noise.batch).collect::<Vec<_>>(), [1, 16]);
    for points in pareto.points.chunks(networks.len()) {
        for (point, network) in points.iter().zip(&networks) {
            assert_eq!((&point.task[..], point.nnz), ("4-9", network.model.nnz()));
            assert_eq!(point.structure, network.candidate.kind.to_string());
            assert!(point.median_ns > 0.0 && point.max_abs_diff < 1e-4 && point.f1.is_some(), "{point:?}");
        }
        // The reference is the widest dense network that was pruned, against itself.
        assert_eq!((points[1].hidden, points[1].speedup), (64, 1.0));
        let on_front = front(&points.iter().map(|p| (p.accuracy, p.median_ns)).collect::<Vec<_>>());
        assert_eq!(points.iter().map(|p| p.on_front).collect::<Vec<_>>(), on_front);
    }
    assert!(pareto.winners.iter().any(|w| w.batch == 1) && pareto.winners.iter().any(|w| w.batch == 16));
}

#[test]
fn a_pruned_network_that_is_no_more_than_lucky_does_not_win_by_two_errors() {
    // Two standard errors of 95 % on 1,000 examples are 1.38 %.
    assert!((luck(0.95, 1_000) - 0.013_784).abs() < 1e-6, "{}", luck(0.95, 1_000));
    assert!(luck(1.0, 1_000) > 0.0 && luck(1.0, 1_000) < 0.003, "none wrong is not never wrong");
    let points = [
        point("dense", 8, 0.90, 20.0),
        point("dense", 16, 0.95, 40.0),
        point("n:32", 64, 0.93, 10.0), // 3 % above 90 %: two errors there are 1.9 %
        point("input", 64, 0.96, 10.0), // 1 % above 95 %
        point("neuron", 64, 0.97, 30.0),
    ];
    let ratio = |a: usize, b: usize| {
        let mid = points[a].median_ns / points[b].median_ns;
        Interval { mid, lo: 0.99 * mid, hi: 1.01 * mid }
    };
    let names = |found: &[Winner]| found.iter().map(|w| w.winner.clone()).collect::<Vec<_>>();
    assert_eq!(names(&winners(&points, 1.02, &ratio)), ["n:32", "input", "neuron"]);
    let ahead = winners_ahead(&points, 1.02, &ratio, &|accuracy| luck(accuracy, 1_000));
    assert_eq!(names(&ahead)[..2], ["n:32", "neuron"]);
    assert_eq!(ahead.iter().map(|w| w.accuracy).collect::<Vec<_>>(), [0.90, 0.95, 0.97]);
    let strict = winners_ahead(&points, 1.02, &ratio, &|accuracy| luck(accuracy, 100));
    assert_eq!(names(&strict)[..2], ["input", "dense"], "with few examples luck is worth more");
}
