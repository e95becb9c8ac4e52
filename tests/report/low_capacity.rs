//! The page of the low-capacity study.

use prunella::report::*;
use prunella::study::low_capacity::*;
use prunella::study::{Claim, Verdict};

use super::fixture::environment;
use super::legible::assert_legible;

const SEEDS: [u64; 3] = [0, 42, 78];

/// What a seed makes of a number.
fn luck(seed: u64) -> f64 {
    (seed % 7) as f64 * 0.002 - 0.004
}

fn rates() -> Vec<RateRow> {
    let row = |hidden: usize, seed: u64, rate: f64| RateRow {
        pair: HARDEST,
        hidden,
        seed,
        rate,
        best_f1: 0.9 + luck(seed) + 0.2 * (rate / 0.03).log10() - 1.0 / (hidden as f64 + 10.0),
        final_f1: 0.8,
        validation_f1: 0.8,
    };
    let cells = WIDTHS.into_iter().flat_map(|hidden| SEEDS.map(|seed| (hidden, seed)));
    cells.flat_map(|(hidden, seed)| RATES.map(|rate| row(hidden, seed, rate))).collect()
}

fn capacity() -> Vec<CapacityRow> {
    let row = |(i, pair): (usize, Pair), hidden: usize, seed: u64| CapacityRow {
        pair,
        hidden,
        seed,
        best_f1: 1.0 - (0.01 + 0.09 * i as f64 / hidden as f64) + luck(seed),
        best_epoch: 99,
        final_f1: 0.9,
        validation_f1: 0.9,
        test_f1: 0.9,
    };
    let cells = Pair::ALL.into_iter().enumerate().flat_map(|pair| WIDTHS.map(|hidden| (pair, hidden)));
    cells.flat_map(|(pair, hidden)| SEEDS.map(|seed| row(pair, hidden, seed))).collect()
}

fn pruning() -> Vec<PruningRow> {
    let row = |pair: Pair, hidden: usize, seed: u64, level: f64, reading: Reading| {
        let share = reading.share(level);
        PruningRow {
            pair,
            hidden,
            seed,
            level,
            reading,
            structure: "unstructured".into(),
            recipe: "published".into(),
            f1: (0.92 + luck(seed)) * (1.0 - (share + luck(seed)).max(0.0).powi(3 + hidden as i32 / 8)),
            auc: Some(0.95),
            test_f1: 0.9,
            nnz: 100,
        }
    };
    let mut rows = Vec::new();
    for pair in Pair::ALL {
        for hidden in [24, 64] {
            for seed in SEEDS {
                rows.push(row(pair, hidden, seed, 0.0, Reading::Percent));
                for reading in [Reading::Percent, Reading::Hundredth] {
                    rows.extend(LEVELS.map(|level| row(pair, hidden, seed, level, reading)));
                }
            }
        }
    }
    rows
}

fn recipes() -> Vec<PruningRow> {
    let row = |recipe: &recipes::Recipe, pair: Pair, hidden: usize, seed: u64, level: f64| {
        let loss = 0.2 * (level / 100.0).powi(4) / (1 + recipe.cost() * recipe.mechanisms()) as f64;
        PruningRow {
            pair,
            hidden,
            seed,
            level,
            reading: Reading::Percent,
            structure: "unstructured".into(),
            recipe: recipe.name(),
            f1: 0.98 - loss + luck(seed) / 10.0,
            auc: None,
            test_f1: 0.98 - 1.1 * loss + luck(seed) / 10.0,
            nnz: 100,
        }
    };
    let mut rows = Vec::new();
    for recipe in recipes::Recipe::all() {
        for pair in Pair::ALL {
            for (hidden, seed) in [24, 64].into_iter().flat_map(|hidden| SEEDS.map(|seed| (hidden, seed))) {
                rows.extend([0.0, 95.0, 99.0].map(|level| row(&recipe, pair, hidden, seed, level)));
            }
        }
    }
    rows
}

fn neurons() -> Vec<NeuronsRow> {
    let kinds = [(0.0, Reading::Percent), (95.0, Reading::Percent), (95.0, Reading::Hundredth)];
    let row = |(level, reading), seed: u64| NeuronsRow {
        pair: HARDEST,
        hidden: 24,
        seed,
        level,
        reading,
        dead: if level > 0.0 && reading == Reading::Percent { seed as usize % 5 } else { 0 },
    };
    kinds.into_iter().flat_map(|kind| SEEDS.map(|seed| row(kind, seed))).collect()
}

fn robustness() -> Vec<RobustnessRow> {
    let row = |hidden: usize, seed: u64, corruption, strength: f64| RobustnessRow {
        pair: HARDEST,
        hidden,
        seed,
        corruption,
        strength,
        f1: 0.9 + hidden as f64 / 2e3 - 0.5 * (strength / 8.0_f64.max(strength)).powi(2) - strength / 4.0
            + luck(seed),
        auc: None,
    };
    let mut rows = Vec::new();
    for (hidden, seed) in [24, 48, 64].into_iter().flat_map(|hidden| SEEDS.map(|seed| (hidden, seed))) {
        rows.push(row(hidden, seed, Corruption::None, 0.0));
        rows.extend(corruption::SIGMAS.map(|sigma| row(hidden, seed, Corruption::Noise, sigma)));
        rows.push(row(hidden, seed, Corruption::Occlusion, corruption::PATCH as f64));
    }
    rows
}

fn pixels(of: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    (0..784).map(|i| of((i % 28) as f32 - 13.5, (i / 28) as f32 - 13.5)).collect()
}

fn stages() -> [(f64, Reading); 3] {
    [(0.0, Reading::Percent), (95.0, Reading::Percent), (95.0, Reading::Hundredth)]
}

fn saliency() -> Vec<SaliencyRow> {
    let mut rows = Vec::new();
    for (level, reading) in stages() {
        for method in ["perturbation-0.1", "gradient"] {
            for digit in [Some(4), Some(9), None] {
                let sign = if method == "gradient" { -1.0 } else { 0.0 };
                let bend = if level > 0.0 && reading == Reading::Percent { 3.0 } else { 0.0 };
                let map = |x: f32, y: f32| {
                    let bump = |x: f32, y: f32| (-(x * x + y * y) / 20.0).exp();
                    bump(x - 4.0 - bend, y) + sign * bump(x + 4.0, y - 5.0)
                };
                let image =
                    |x: f32, y: f32| (1.5 - ((x * x + y * y).sqrt() - 7.0).abs() / 2.0).clamp(0.0, 1.0);
                rows.push(SaliencyRow {
                    pair: HARDEST,
                    hidden: 24,
                    seed: 0,
                    level,
                    reading,
                    method: method.into(),
                    digit,
                    image: digit.map_or(vec![], |_| pixels(image)),
                    map: pixels(map),
                });
            }
        }
    }
    rows
}

fn embedding() -> Vec<EmbeddingRow> {
    let place = |i: usize| {
        let (angle, radius) = (i as f32 * 2.399_963, (i as f32).sqrt());
        [radius * angle.cos() + if i.is_multiple_of(2) { 12.0 } else { -12.0 }, radius * angle.sin()]
    };
    let row = |(level, reading)| EmbeddingRow {
        pair: HARDEST,
        hidden: 24,
        seed: 0,
        level,
        reading,
        perplexity: 30.0,
        divergence: 1.234,
        labels: (0..1000).map(|i| u8::from(i % 2 == 0)).collect(),
        points: (0..1000).map(place).collect(),
    };
    stages().map(row).into()
}

fn pareto() -> Vec<ParetoRow> {
    let row = |task: &str, structure: &str, hidden: usize, sparsity: f64, batch: usize| {
        let left = hidden as f64 * (1.0 - sparsity);
        let help = if structure == "neuron" { 0.0 } else { 0.4 * sparsity };
        let slow = match structure {
            "dense" | "neuron" => 1.0,
            "n:32" => 2.0,
            _ => 3.5,
        };
        let median_ns = (90.0 + 22.0 * left * slow) * (batch as f64).powf(0.9);
        let speedup = 22.0 * 64.0 * (batch as f64).powf(0.9) / median_ns;
        ParetoRow {
            f1: None,
            examples: 10_000,
            p90_ns: 1.1 * median_ns,
            noise: 1.01,
            task: task.into(),
            structure: structure.into(),
            sparsity,
            hidden,
            seed: 0,
            nnz: (784.0 * left) as usize,
            accuracy: 0.99 - 0.08 / (1.0 + left * (1.0 + help)),
            batch,
            plan: "one/csr,dense".into(),
            median_ns,
            speedup,
            speedup_lo: speedup * 0.96,
            speedup_hi: speedup * 1.04,
            max_abs_diff: 1e-7,
        }
    };
    let mut rows = Vec::new();
    for task in ["4-9", "0-9"] {
        for batch in [1, 16, 256] {
            rows.extend((1..=10).map(|power| row(task, "dense", 1 << power, 0.0, batch)));
            for structure in ["unstructured", "n:32", "16x1", "4x1", "neuron", "input", "random"] {
                rows.extend(
                    [0.5, 0.75, 0.875, 0.9375, 0.96875]
                        .map(|sparsity| row(task, structure, 64, sparsity, batch)),
                );
            }
        }
    }
    rows
}

fn interpretability() -> Vec<InterpretabilityRow> {
    let networks = [
        ("dense", 0.0),
        ("magnitude", 0.95),
        ("magnitude", 95.0),
        ("magnitude", 99.0),
        ("random", 95.0),
        ("reinitialised", 0.0),
        ("published-percent", 95.0),
        ("published-hundredth", 95.0),
    ];
    let measures =
        ["perturbation-spearman", "perturbation-top-overlap", "gradient-spearman", "cka", "deletion"];
    let mut rows = Vec::new();
    for (network, level) in networks {
        let own = ["mean-map-spearman", "mean-map-change"];
        let measures = if network.starts_with("published") { &own[..] } else { &measures[..] };
        for measure in measures.iter().filter(|measure| network != "dense" || **measure == "deletion") {
            rows.extend(SEEDS.map(|seed| InterpretabilityRow {
                pair: HARDEST,
                hidden: 24,
                seed,
                level,
                network: network.into(),
                measure: measure.to_string(),
                value: 0.98 - level / 200.0 + luck(seed),
            }));
        }
    }
    rows
}

pub(crate) fn report() -> LowCapacityReport {
    let findings = Findings {
        rates: rates(),
        capacity: capacity(),
        pruning: [pruning(), recipes()].concat(),
        neurons: neurons(),
        robustness: robustness(),
        pareto: pareto(),
        interpretability: interpretability(),
        saliency: saliency(),
        embedding: embedding(),
    };
    let claim = Claim {
        id: "pruning-percent".into(),
        claim: "Up to 99 % of the weights can go & F1 does not change.".into(),
        published: "within 0.03 %".into(),
        measured: "-45.1 % at 99 %".into(),
        interval: Some([-51.0, -39.5]),
        verdict: Verdict::DoesNotHold,
        why: "The interval excludes the published band.".into(),
    };
    LowCapacityReport {
        schema: Schema::LowCapacity,
        command: "prunella repro low-capacity --data <mnist>".into(),
        environment: environment(),
        dataset: super::fixture::run().dataset.expect("a data set"),
        settings: Settings::default(),
        claims: vec![claim],
        comparisons: comparisons(&findings),
        findings,
        notes: vec!["A note.".into()],
    }
}

#[test]
fn the_page_is_in_the_order_of_the_paper() {
    let page = low_capacity_html(&report());
    let parts = [
        "claims",
        "rates",
        "capacity",
        "pruning",
        "neurons",
        "embedding",
        "robustness",
        "saliency",
        "recipes",
        "pareto",
        "interpretability",
        "method",
        "place",
    ];
    let at = |part: &str| page.find(&format!("<section id=\"{part}\">")).expect(part);
    assert!(parts.windows(2).all(|pair| at(pair[0]) < at(pair[1])));
    for outside in ["<script", "http://", "https://", "url(", "<mnist>", "NaN"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.len() < 3 << 20, "{} bytes", page.len());
}

#[test]
fn both_readings_are_said_beside_the_published_one() {
    let page = low_capacity_html(&report());
    let published = "F1 changes by no more than 0.03 % up to 99 %".replace(" %", "\u{a0}%");
    assert!(page.replace(" %", "\u{a0}%").contains(&published), "what was published");
    assert!(page.contains("At level 99, with 99"), "what both readings measure");
    let figures = low_capacity_figures(&report());
    let stems: Vec<&str> = figures.iter().map(|figure| figure.stem.as_str()).collect();
    for stem in ["pruning-24", "pruning-64", "pruning-hundredth-24", "pareto-4-9-batch-1", "tsne-95-percent"]
    {
        assert!(stems.contains(&stem), "{stem} is not among {stems:?}");
    }
    let mut unique = stems.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), stems.len(), "{stems:?}");
}

#[test]
fn every_picture_can_be_read() {
    let figures = low_capacity_figures(&report());
    assert!(figures.len() > 20);
    figures.iter().for_each(|figure| assert_legible(&figure.stem, &figure.plot.file()));
}

#[test]
fn the_smaller_dense_networks_win_where_they_are_faster() {
    let page = low_capacity_html(&report());
    assert!(page.contains("of 10 accuracies of dense networks"), "the summary of the contests");
    assert!(page.contains("<summary>4-9: who wins at each accuracy</summary>"));
}

#[test]
fn a_part_that_was_not_done_is_not_on_the_page() {
    let nothing =
        LowCapacityReport { findings: Findings::default(), comparisons: vec![], claims: vec![], ..report() };
    let page = low_capacity_html(&nothing);
    assert!(page.ends_with("</html>\n") && !page.contains("NaN"));
    assert_eq!(page.matches("<section").count(), 2, "how to read it, and where it was measured");
}
