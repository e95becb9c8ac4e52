//! The account: what a pruned network still has in common with the dense one.

use crate::study::low_capacity::{Findings, Spread};
use crate::study::{Claim, Verdict};
use std::collections::BTreeMap;
use std::format;
use std::vec::Vec;

/// Two networks that attend to the same pixels: what is asked of a rank correlation.
const SAME: f64 = 0.9;

/// Those of which something was measured.
pub fn claims(findings: &Findings) -> Vec<Claim> {
    [saliency(findings), geometry(findings)].into_iter().flatten().collect()
}

/// The mean of a measure over the pairs, seed by seed.
fn spread(findings: &Findings, network: &str, level: f64, measure: &str) -> Option<Spread> {
    let rows = findings
        .interpretability
        .iter()
        .filter(|row| (row.network.as_str(), row.measure.as_str()) == (network, measure));
    let mut by_seed: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    // A hundredth of 95 % is no whole number.
    let rows = rows.filter(|row| (row.level - level).abs() < 1e-6);
    rows.for_each(|row| by_seed.entry(row.seed).or_default().push(row.value));
    let means: Vec<f64> = by_seed.values().map(|all| all.iter().sum::<f64>() / all.len() as f64).collect();
    Spread::of(&means)
}

/// Whether `spread` lies above `threshold`.
fn above(threshold: f64, spread: Spread) -> Verdict {
    match spread.interval {
        [lo, _] if lo > threshold => Verdict::Holds,
        [_, hi] if hi < threshold => Verdict::DoesNotHold,
        _ => Verdict::Undecided,
    }
}

/// The measure in words, for each of the networks that were measured.
fn beside(findings: &Findings, measure: &str, networks: &[(&str, f64, &str)]) -> std::string::String {
    let words = |&(network, level, name): &(&str, f64, &str)| {
        let found = spread(findings, network, level, measure)?;
        Some(format!("{name} {:.2} ({:.2} to {:.2})", found.mean, found.interval[0], found.interval[1]))
    };
    networks.iter().filter_map(words).collect::<Vec<_>>().join(", ")
}

fn saliency(findings: &Findings) -> Option<Claim> {
    let measure = "perturbation-spearman";
    let at = spread(findings, "magnitude", 95.0, measure)?;
    let others = [
        ("magnitude", 0.95, "0.95 % removed"),
        ("random", 95.0, "95 % removed at random"),
        ("reinitialised", 0.0, "a network that was not trained"),
        (
            "converged-recipe",
            95.0,
            "trained to convergence and pruned by the thorough recipe, against its own dense network",
        ),
        ("converged-random", 95.0, "the same at random"),
        ("converged-again", 0.0, "two dense networks from other initial weights"),
    ];
    Some(Claim {
        id: "saliency-agreement".into(),
        claim: format!(
            "With 95 % of the weights removed a network attends to the same pixels: rank correlation above {SAME}."
        ),
        published: "one map before and after, equal pixel for pixel".into(),
        measured: format!(
            "rank correlation of the saliency maps, before and after a true 95 %: {:.2}",
            at.mean
        ),
        interval: Some(at.interval),
        verdict: above(SAME, at),
        why: format!(
            "Mean over all validation images and all pairs, {} seeds. Beside it: {}.",
            at.seeds,
            beside(findings, measure, &others)
        ),
    })
}

fn geometry(findings: &Findings) -> Option<Claim> {
    let measure = "silhouette";
    let [before, after] = [("dense", 0.0), ("magnitude", 95.0)]
        .map(|(network, level)| spread(findings, network, level, measure));
    let (before, after) = (before?, after?);
    let at = spread(findings, "magnitude", 95.0, "cka")?;
    let others = [
        ("magnitude", 0.95, "0.95 % removed"),
        ("random", 95.0, "95 % at random"),
        ("reinitialised", 0.0, "not trained"),
        ("converged-recipe", 95.0, "the thorough recipe against its own dense network"),
        ("converged-again", 0.0, "two dense networks from other initial weights"),
    ];
    Some(Claim {
        id: "hidden-geometry".into(),
        claim: format!(
            "With 95 % of the weights removed the hidden layer puts the digits where it did: linear CKA above {SAME}."
        ),
        published: "t-SNE pictures before and after that look alike".into(),
        measured: format!("linear CKA of the hidden layers, before and after a true 95 %: {:.2}", at.mean),
        interval: Some(at.interval),
        verdict: above(SAME, at),
        why: format!(
            "Over all pairs and {} seeds. Beside it: {}. The silhouette of the classes is {:.2} before and {:.2} after.",
            at.seeds,
            beside(findings, "cka", &others),
            before.mean,
            after.mean
        ),
    })
}
