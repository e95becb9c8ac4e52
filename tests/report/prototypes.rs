//! The page of the prototype study.

use prunella::report::{prototypes_figures, prototypes_html};
use prunella::study::prototypes::*;
use prunella::study::{Claim, Verdict};

use super::fixture::environment;
use super::legible::assert_legible;

fn spread(mean: f64) -> Spread {
    Spread {
        mean,
        lo: mean * 0.95,
        hi: mean * 1.06,
        sem: mean * 0.027,
        median: mean * 0.9,
        median_lo: mean * 0.85,
        median_hi: mean * 0.95,
    }
}

fn cell(mask: Mask, n: usize) -> Cell {
    let far = if mask.overlap { 30.0 } else { 1.0 };
    let near = if mask.coverage { 0.2 } else { 1.0 };
    let apart = if mask.separation { 1.1 } else { 1.0 };
    let share = if mask.overlap { 0.97 } else { 0.3 };
    Cell {
        mask,
        n,
        seeds: 200,
        error: spread(0.12 / n as f64 * far * near * apart),
        specialization: spread(if mask.overlap { 2.0 / n as f64 } else { 0.9 - 0.2 * near }),
        specialization_by_activation: spread(0.4),
        outside: spread(share * near),
        all_outside: 0.1,
        fit: spread(1.3e-5 * far),
    }
}

/// A number in [0, 1) that looks drawn.
fn drawn(i: usize) -> f32 {
    (i as f32 * 0.618_034).fract()
}

fn positions(mask: Mask, n: usize) -> Positions {
    let sorted = |mut values: Vec<f32>| {
        values.sort_by(f32::total_cmp);
        values
    };
    let points = sorted((0..n).map(drawn).collect());
    let far = |x: f32| if mask.overlap { x * 5.0 - 2.0 } else { x };
    let prototypes = sorted((0..n).map(|i| far(drawn(i + 7))).collect());
    let activations = prototypes.iter().map(|p| if (0.0..=1.0).contains(p) { 0.7 } else { 0.02 });
    Positions { mask, n, points, activations: activations.collect(), prototypes, error: 0.0123 }
}

fn path(mask: Mask) -> Path {
    let n = 20;
    let start: Vec<f32> = (0..n).map(drawn).collect();
    let out = if mask.overlap { 1.4 } else { 0.1 };
    let at = |step: usize| {
        start.iter().map(|p| p + (p - 0.5) * out * (step as f32 / 500.0).min(2.0)).collect::<Vec<f32>>()
    };
    let steps: Vec<usize> = (0..=40).map(|i| i * 50).collect();
    Path { mask, n, points: start.clone(), prototypes: steps.iter().map(|&step| at(step)).collect(), steps }
}

fn digits(mask: Mask, source: &str, n: usize) -> DigitsRow {
    let disc = |radius: f32| {
        let pixel = |i: usize| {
            let (x, y) = ((i % 28) as f32 - 13.5, (i / 28) as f32 - 13.5);
            (1.5 - ((x * x + y * y).sqrt() - radius).abs() / 3.0).clamp(0.0, 1.0)
        };
        (0..784).map(pixel).collect::<Vec<f32>>()
    };
    let radius = |i: usize| 4.0 + 8.0 * drawn(i);
    let haze = if mask.coverage { 0.05 } else { 0.4 };
    let prototype = |i: usize| disc(radius(i)).iter().map(|v| v + haze * (drawn(i) - 0.5)).collect();
    DigitsRow {
        source: source.into(),
        mask,
        n,
        side: 28,
        cell: cell(mask, n),
        error_before: 80.0,
        images: (0..n).map(|i| disc(radius(i))).collect(),
        prototypes: (0..n).map(prototype).collect(),
    }
}

fn claims() -> Vec<Claim> {
    let claim = |id: &str, claim: &str, verdict, interval| {
        Claim {
        id: id.into(),
        claim: claim.into(),
        published: "at all six sizes, 3 to 100".into(),
        measured: "0.0123 less E than the best other mask at N = 10, where the difference is smallest".into(),
        interval,
        verdict,
        why: "At N <= 20 coverage and coverage with separation cannot be told apart with 200 seeds; above they can.".into(),
    }
    };
    vec![
        claim(
            "F1",
            "Coverage alone has the lowest mean reconstruction error at every N.",
            Verdict::HoldsInPart,
            Some([-0.001, 0.002]),
        ),
        claim("F2", "Coverage raises specialisation at every N.", Verdict::Holds, Some([0.1, 0.2])),
        claim("F3", "Overlap expels <all> the prototypes.", Verdict::DoesNotHold, None),
        claim("F4", "Separation alone is mixed.", Verdict::Undecided, Some([-1.0, 1.0])),
    ]
}

fn settling(input: Input, d: usize) -> SettlingRow {
    let masks = [Mask::STD, Mask::COV, Mask::OVL, Mask::OVL_COV, Mask::ALL[7]];
    SettlingRow {
        input,
        d,
        n: 50,
        outside_before: 0.08,
        cells: masks.map(|mask| cell(mask, 50)).into(),
        expulsion: spread(0.61),
        attractor: spread(-0.7),
        expels: Verdict::Holds,
        attracts: Verdict::Undecided,
    }
}

fn sensitivity(setting: &str, value: &str, verdict: Verdict) -> SensitivityRow {
    let verdicts = ["F1", "F2", "F3", "F4"].map(|id| (id.into(), verdict, "0.3 (0.2 to 0.4)".into()));
    let (definition, seeds) = (Definition::default(), 48);
    SensitivityRow {
        setting: setting.into(),
        value: value.into(),
        definition,
        seeds,
        verdicts: verdicts.into(),
    }
}

pub(crate) fn results() -> Results {
    let settings = Settings::default();
    let cells = settings.sizes.iter().flat_map(|&n| Mask::ALL.map(|mask| cell(mask, n))).collect();
    let tau = |tau_s: Option<f64>| {
        let outside = spread(tau_s.map_or(0.3, |tau| 0.9 + 0.1 * tau.log10()));
        TauRow { tau_s, cell: Cell { outside, ..cell(Mask::SEP, 100) } }
    };
    Results {
        claims: claims(),
        cells,
        tau_sweep: [None, Some(1e-5), Some(1e-4), Some(2e-4), Some(1e-3), Some(1e-2), Some(0.1)]
            .map(tau)
            .into(),
        sensitivity: vec![
            sensitivity("nominal", "", Verdict::Holds),
            sensitivity("initialisation", "uniform", Verdict::DoesNotHold),
            sensitivity("target", "sin 2 pi x", Verdict::HoldsInPart),
        ],
        settling: vec![
            settling(Input::Uniform, 1),
            settling(Input::Clustered, 1),
            settling(Input::Exponential, 3),
        ],
        answer: Some(
            "Expulsion is general: overlap expels for every kind of points & in every dimension tried."
                .into(),
        ),
        digits: [("mnist", 5), ("mnist", 10), ("drawn digits", 10)]
            .iter()
            .flat_map(|(source, n)| [Mask::STD, Mask::COV].map(|mask| digits(mask, source, *n)))
            .collect(),
        positions: [Mask::STD, Mask::COV, Mask::OVL].map(|mask| positions(mask, 100)).into(),
        reconstructions: [Mask::STD, Mask::COV, Mask::ALL[7]].map(|mask| positions(mask, 5)).into(),
        paths: Mask::ALL.map(path).into(),
        runs: vec![],
        settings,
    }
}

/// Nothing but what the settings are.
fn nothing() -> Results {
    let (settings, none) = (Settings::default(), Vec::new);
    Results {
        settings,
        claims: none(),
        cells: vec![],
        tau_sweep: vec![],
        sensitivity: vec![],
        settling: vec![],
        answer: None,
        digits: vec![],
        positions: vec![],
        reconstructions: vec![],
        paths: vec![],
        runs: vec![],
    }
}

fn page(results: &Results) -> String {
    prototypes_html(results, &environment(), "prunella repro prototypes --out <here>")
}

#[test]
fn the_page_has_every_part_and_is_safe() {
    let page = page(&results());
    for part in [
        "claims",
        "error",
        "places",
        "specialization",
        "tau",
        "settling",
        "digits",
        "motion",
        "sensitivity",
        "place",
    ] {
        assert!(page.contains(&format!("<section id=\"{part}\">")), "{part}");
        assert!(page.contains(&format!("<a href=\"#{part}\">")), "{part} is not in the contents");
    }
    assert!(
        page.contains(
            "Coverage alone has the lowest mean error at 6 of 6 sizes, and the lowest median at 6. At N = 100"
        ),
        "{page}"
    );
    assert!(page.contains("<td class=\"word\">none (000)</td>") && page.contains(">1e-5<"), "the sweep");
    assert!(page.contains("1.3e-5 (1.2e-5 to 1.4e-5)"), "a fit next to nothing");
    assert!(page.contains("Expulsion is general") && !page.contains("<all>") && !page.contains("<here>"));
    for outside in ["<script", "http://", "https://", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
}

#[test]
fn every_verdict_is_said_in_a_sign_a_colour_and_a_word() {
    let page = page(&results());
    let claims =
        &page[page.find("<section id=\"claims\">").unwrap()..page.find("<section id=\"error\">").unwrap()];
    for (id, class, word) in [
        ("F1", "in-part", "holds in part"),
        ("F2", "holds", "holds"),
        ("F3", "does-not-hold", "does not hold"),
        ("F4", "undecided", "undecided"),
    ] {
        let row = claims.split("<tr ").find(|row| row.contains(&format!("id=\"claim-{id}\""))).expect(id);
        assert!(row.contains(&format!("class=\"verdict {class}\"><svg")), "{row}");
        assert!(row.contains(&format!("</svg>{word}</span>")), "{row}");
    }
}

#[test]
fn a_part_that_was_not_done_is_not_on_the_page() {
    let page = page(&nothing());
    assert!(
        page.ends_with("</html>\n") && !page.contains("<section id=\"claims\">") && !page.contains("NaN")
    );
    assert!(page.contains("<section id=\"definitions\">"));
    assert!(prototypes_figures(&nothing()).is_empty());
}

#[test]
fn every_picture_is_a_file_of_its_own() {
    let figures = prototypes_figures(&results());
    let mut stems: Vec<&str> = figures.iter().map(|figure| figure.stem.as_str()).collect();
    assert_eq!(stems.len(), 17);
    stems.sort_unstable();
    stems.dedup();
    assert_eq!(stems.len(), 17, "each has a name of its own");
    for figure in &figures {
        let svg = figure.plot.file();
        assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"), "{}", figure.stem);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", figure.stem);
        assert_legible(&figure.stem, &svg);
    }
}
