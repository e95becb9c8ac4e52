//! Recipes: what goes, what is compared, and which one is chosen.

use prunella::dataset::{Dataset, Split};
use prunella::kernels::{Isa, Kernels, Pool};
use prunella::study::Verdict;
use prunella::study::low_capacity::pruning::one_shot;
use prunella::study::low_capacity::recipes::{
    Cell, Choice, Recipe, Repair, TOLERANCE, Training, claims, smallest, smallest_for_all, table,
};
use prunella::study::low_capacity::{Context, Findings, Pair, PruningRow, Reading, Task};
use prunella::study::pareto::Shelf;
use prunella::train::{Compute, Mlp};
use std::num::NonZeroUsize;

const HIDDEN: usize = 6;
const PASSES: usize = 2;

/// Calls `test` with a small task of drawn digits.
fn with_cell(threads: usize, test: impl FnOnce(&Cell<'_>, &Dataset)) {
    let data = Split::synth(600, 200, 1);
    let task = Task::new(&data, Pair::ALL[1], 3).unwrap();
    let pool = Pool::new(NonZeroUsize::new(threads).unwrap()).unwrap();
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let shelf = Shelf::default();
    let context = Context { data: &data, compute, shelf: &shelf, is_interrupted: &|| false };
    test(&Cell::new(&task, HIDDEN, 3, context), &task.train);
}

fn recipe(choice: Choice, repair: Repair) -> Recipe {
    Recipe { training: Training::MiniBatch, passes: PASSES, choice, repair }
}

const CHOICES: [Choice; 4] = [Choice::EveryLayer, Choice::Together, Choice::FirstLayer, Choice::ByInput];
const REPAIRS: [Repair; 4] = [Repair::None, Repair::FineTune(1), Repair::Gradual(2), Repair::Rewind(1)];

fn nnz(network: &Mlp) -> [usize; 2] {
    [0, 1].map(|layer| network.weight(layer).iter().filter(|weight| **weight != 0.0).count())
}

#[test]
fn every_recipe_removes_as_many_weights_as_it_says() {
    with_cell(1, |cell, train| {
        let first = train.features() * HIDDEN;
        let course = cell.trained(Training::MiniBatch, PASSES).unwrap();
        assert_eq!(nnz(&course.network), [first, HIDDEN]);
        for choice in CHOICES {
            for repair in REPAIRS {
                let left = nnz(&cell.pruned(recipe(choice, repair), &course, 0.95).unwrap());
                let all = first + HIDDEN;
                let gone = (0.95 * all as f64).round() as usize;
                match choice {
                    // 95 % of 6, rounded down, is 5.
                    Choice::EveryLayer => assert_eq!(left, [first - first * 95 / 100, 1], "{repair:?}"),
                    Choice::Together => assert_eq!(left.iter().sum::<usize>(), all - gone, "{repair:?}"),
                    _ => assert_eq!(left, [first - gone, HIDDEN], "{choice:?} {repair:?}"),
                }
            }
        }
        let random =
            cell.pruned_at_random(recipe(Choice::FirstLayer, Repair::Gradual(2)), &course, 0.95).unwrap();
        assert_eq!(
            nnz(&random),
            nnz(&cell.pruned(recipe(Choice::FirstLayer, Repair::None), &course, 0.95).unwrap())
        );
    });
}

#[test]
fn without_repair_the_published_recipe_prunes_as_the_published_code_does() {
    with_cell(1, |cell, _| {
        let course = cell.trained(Training::FullBatch, PASSES).unwrap();
        let network = cell.pruned(Recipe::PUBLISHED, &course, 0.9).unwrap();
        let expected = one_shot(&course.network.to_model().unwrap(), 90.0, Reading::Percent).unwrap();
        assert_eq!(network.to_model().unwrap(), expected);
    });
}

#[test]
fn by_input_the_weights_of_dark_pixels_go_first() {
    with_cell(1, |cell, train| {
        let is_dark = |pixel: &usize| (0..train.len()).all(|example| train.pixels(example)[*pixel] == 0);
        let dark: Vec<usize> = (0..train.features()).filter(is_dark).collect();
        let course = cell.trained(Training::MiniBatch, PASSES).unwrap();
        let left_in_the_dark = |choice| {
            let weight = cell.pruned(recipe(choice, Repair::None), &course, 0.9).unwrap().weight(0);
            let rows = weight.chunks_exact(train.features());
            rows.map(|row| dark.iter().filter(|pixel| row[**pixel] != 0.0).count()).sum::<usize>()
        };
        assert!(dark.len() > 100 && dark.len() < 700, "{} dark pixels", dark.len());
        assert_eq!(left_in_the_dark(Choice::ByInput), 0);
        assert!(left_in_the_dark(Choice::FirstLayer) > 50);
    });
}

#[test]
fn rewinding_sets_the_weights_back_and_keeps_the_mask() {
    with_cell(1, |cell, _| {
        let course = cell.trained(Training::MiniBatch, PASSES).unwrap();
        assert_ne!(course.early, course.network);
        let [rewound, cut] = [Repair::Rewind(0), Repair::None]
            .map(|repair| cell.pruned(recipe(Choice::FirstLayer, repair), &course, 0.9).unwrap().weight(0));
        let (early, late) = (course.early.weight(0), course.network.weight(0));
        let expected = |from: &[f32]| -> Vec<f32> {
            from.iter().zip(&cut).map(|(weight, cut)| if *cut == 0.0 { 0.0 } else { *weight }).collect()
        };
        assert_eq!(rewound, expected(&early));
        assert_eq!(cut, expected(&late));
    });
}

#[test]
fn a_repaired_network_and_its_rival_see_the_same_examples() {
    with_cell(1, |cell, _| {
        let course = cell.trained(Training::MiniBatch, PASSES).unwrap();
        // With nothing removed, fine-tuning is what the rival gets.
        let fine_tuned = cell.pruned(recipe(Choice::FirstLayer, Repair::FineTune(2)), &course, 0.0).unwrap();
        let rival = cell.rival(Training::MiniBatch, 2, &course).unwrap();
        assert_eq!(fine_tuned.to_model().unwrap(), rival.to_model().unwrap());
        assert_eq!(cell.rival(Training::MiniBatch, 0, &course).unwrap(), course.network);
        assert_ne!(rival, course.network);
    });
}

#[test]
fn rows_name_the_recipe_and_do_not_depend_on_threads() {
    let recipes = [
        recipe(Choice::EveryLayer, Repair::None),
        recipe(Choice::ByInput, Repair::Gradual(1)),
        recipe(Choice::ByInput, Repair::Rewind(1)),
    ];
    let mut found = Vec::new();
    for threads in [1, 2] {
        with_cell(threads, |cell, _| found.push(cell.rows(&recipes).unwrap()));
    }
    assert_eq!(found[0], found[1]);
    let rows = &found[0];
    let of =
        |name: &str| rows.iter().filter(|row| row.recipe == name).map(|row| row.level).collect::<Vec<_>>();
    assert_eq!(of("adam-2 every-layer"), [0.0, 50.0, 80.0, 90.0, 95.0, 99.0]);
    assert_eq!(of("adam-2 by-input gradual-1"), [0.0, 95.0, 99.0]);
    let dense = |name: &str| rows.iter().find(|row| row.recipe == name && row.level == 0.0).unwrap();
    assert_eq!(dense("adam-2 by-input gradual-1").f1, dense("adam-2 by-input rewind-1").f1);
    assert!(rows.iter().all(|row| row.hidden == HIDDEN && row.seed == 3 && row.reading == Reading::Percent));
}

#[test]
fn recipes_have_names_of_their_own_and_the_published_one_is_there() {
    let all = Recipe::all();
    let mut names: Vec<String> = all.iter().map(|recipe| recipe.name()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all.len());
    assert!(all.contains(&Recipe::PUBLISHED) && all.contains(&Recipe::THOROUGH));
    assert_eq!(Recipe::THOROUGH.name(), "adam-5 by-input gradual-15");
    assert_eq!((Recipe::PUBLISHED.cost(), Recipe::THOROUGH.cost()), (100, 20));
}

/// Rows of a recipe at 95 %: by seed, F1 on the validation examples and the test images; the dense network has 0.8 on both.
fn rows(pair: Pair, recipe: &str, f1: &[(f64, f64)]) -> Vec<PruningRow> {
    let row = |(seed, level, (f1, test_f1))| PruningRow {
        pair,
        hidden: 24,
        seed,
        level,
        reading: Reading::Percent,
        structure: "unstructured".into(),
        recipe: recipe.into(),
        f1,
        auc: None,
        test_f1,
        nnz: 1,
    };
    let both = (0..).zip(f1).flat_map(|(seed, f1)| [(seed, 0.0, (0.8, 0.8)), (seed, 95.0, *f1)]);
    both.map(row).collect()
}

const FEW: &str = "adam-2 first-layer fine-tune-2";
const FEW_MORE_MECHANISMS: &str = "adam-2 by-input gradual-2";
const MANY: &str = "adam-5 first-layer fine-tune-5";

#[test]
fn a_change_is_that_against_the_dense_network_of_the_same_seed() {
    let mut all = rows(Pair::ALL[0], FEW, &[(0.8, 0.6), (0.4, 0.7)]);
    all.extend(rows(Pair::ALL[0], "published", &[(0.1, 0.1)]));
    let found = table(&all);
    let [row] = &found[..] else { panic!("one recipe, one level: {found:?}") };
    assert_eq!((row.recipe.as_str(), row.seeds, row.passes, row.mechanisms), (FEW, 2, 4, 2));
    assert!((row.validation_change + 25.0).abs() < 1e-9, "{row:?}");
    assert!((row.test_change + 18.75).abs() < 1e-9, "{row:?}");
    assert_eq!(row.validation_interval.map(f64::round), [-50.0, 0.0]);
    assert!((row.dense_test_f1 - 0.8).abs() < 1e-12);
}

#[test]
fn the_smallest_recipe_is_chosen_by_validation_and_judged_by_test() {
    let pair = Pair::ALL[4];
    let (same, worse) = ((0.8, 0.8), (0.7, 0.8));
    let chosen = |all: Vec<PruningRow>| {
        let found = smallest(&table(&all), 95.0);
        assert_eq!(found.len(), 1);
        (found[0].recipe.recipe.clone(), found[0].is_enough, found[0].recipe.keeps())
    };
    // Fewer passes first, then fewer mechanisms, in whatever order they come.
    let all = |few, more, many| {
        [
            rows(pair, MANY, &[many; 3]),
            rows(pair, FEW_MORE_MECHANISMS, &[more; 3]),
            rows(pair, FEW, &[few; 3]),
        ]
        .concat()
    };
    assert_eq!(chosen(all(same, same, same)), (FEW.into(), true, true));
    assert_eq!(chosen(all(worse, same, same)), (FEW_MORE_MECHANISMS.into(), true, true));
    assert_eq!(chosen(all(worse, worse, same)), (MANY.into(), true, true));
    // The test images have no say in the choice.
    assert_eq!(chosen(all((0.8, 0.5), same, same)), (FEW.into(), true, false));
    // None is enough: the one that loses least.
    assert_eq!(chosen(all(worse, (0.75, 0.8), worse)), (FEW_MORE_MECHANISMS.into(), false, true));
    // The mean is within the tolerance, but not the whole interval.
    let (good, bad) = ((0.8, 0.8), (0.8 * (1.0 - 0.012), 0.8));
    let unsure = rows(pair, FEW, &[good, bad, good]);
    let found = table(&unsure);
    assert!(found[0].validation_change > -TOLERANCE && !found[0].is_enough(), "{found:?}");
}

#[test]
fn a_recipe_for_all_must_be_enough_everywhere() {
    let (same, worse) = ([(0.8, 0.8); 3], [(0.7, 0.8); 3]);
    let [a, b] = [Pair::ALL[0], Pair::ALL[4]];
    let all =
        [rows(a, FEW, &same), rows(b, FEW, &worse), rows(a, MANY, &same), rows(b, MANY, &same)].concat();
    let found = smallest_for_all(&table(&all), 95.0);
    assert_eq!(found.iter().map(|row| row.recipe.as_str()).collect::<Vec<_>>(), [MANY, MANY]);
    let none = [rows(a, FEW, &same), rows(b, FEW, &worse)].concat();
    assert_eq!(smallest_for_all(&table(&none), 95.0), []);
}

#[test]
fn the_verdict_follows_from_the_intervals_on_the_test_images() {
    let verdict = |easy: [(f64, f64); 3], hard: [(f64, f64); 3]| {
        let pruning = [rows(Pair::ALL[0], FEW, &easy), rows(Pair::ALL[4], FEW, &hard)].concat();
        let found = claims(&Findings { pruning, ..Findings::default() });
        assert_eq!(found.len(), 1, "99 % was not tried");
        assert_eq!(found[0].id, "kept-95");
        found[0].verdict
    };
    let (kept, lost) = ([(0.8, 0.8); 3], [(0.7, 0.7); 3]);
    let unsure = [(0.8, 0.8), (0.8, 0.79), (0.8, 0.8)];
    assert_eq!(verdict(kept, kept), Verdict::Holds);
    assert_eq!(verdict(kept, lost), Verdict::HoldsInPart);
    assert_eq!(verdict(lost, lost), Verdict::DoesNotHold);
    assert_eq!(verdict(unsure, unsure), Verdict::Undecided);
    assert_eq!(claims(&Findings::default()), []);
}

#[test]
fn a_claim_states_one_recipe_for_all_where_there_is_one() {
    let (same, worse) = ([(0.8, 0.8); 3], [(0.7, 0.7); 3]);
    let [a, b] = [Pair::ALL[0], Pair::ALL[4]];
    let measured =
        |pruning: Vec<PruningRow>| claims(&Findings { pruning, ..Findings::default() })[0].measured.clone();
    let all =
        [rows(a, FEW, &same), rows(b, FEW, &worse), rows(a, MANY, &same), rows(b, MANY, &same)].concat();
    let found = measured(all);
    assert!(found.starts_with("with one recipe for all") && found.ends_with(MANY), "{found}");
    let apart = measured([rows(a, FEW, &same), rows(b, FEW, &worse), rows(a, MANY, &same)].concat());
    assert!(apart.contains("12.50 %") && apart.ends_with(FEW), "{apart}");
}
