//! What the study says, tested: verdicts follow from intervals over seeds.

use super::corruption::{PATCH, SIGMAS};
use super::{
    Corruption, Findings, HARDEST, NeuronsRow, Pair, PruningRow, RATE, RATES, Reading, Spread, WIDTHS,
    interpretability, pruning, published, recipes,
};
use crate::study::{Claim, Verdict};
use std::collections::BTreeMap;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

/// All claims of which something was measured.
pub fn claims(findings: &Findings) -> Vec<Claim> {
    let mut all = Vec::new();
    all.extend(rate(findings));
    let smallest = Pair::ALL.into_iter().zip(published::SMALLEST);
    all.extend(smallest.filter_map(|(pair, widths)| capacity(findings, pair, widths?)));
    all.extend(
        [Reading::Percent, Reading::Hundredth]
            .into_iter()
            .filter_map(|reading| pruning_change(findings, reading)),
    );
    all.extend(neurons(findings));
    all.extend(noise(findings));
    all.extend(occlusion(findings));
    all.extend(saliency(findings));
    all.extend(recipes::claims(findings));
    all.extend(interpretability::claims(findings));
    all
}

/// The verdict on a claim that a number is above `threshold`.
fn above(threshold: f64, [lo, hi]: [f64; 2]) -> Verdict {
    match (lo > threshold, hi < threshold) {
        (true, _) => Verdict::Holds,
        (_, true) => Verdict::DoesNotHold,
        _ => Verdict::Undecided,
    }
}

/// The values of `b` minus those of `a`, seed by seed.
fn differences(a: &BTreeMap<u64, f64>, b: &BTreeMap<u64, f64>) -> Vec<f64> {
    a.iter().filter_map(|(seed, a)| Some(b.get(seed)? - a)).collect()
}

/// That 0.03 is the best of the rates at every width.
fn rate(findings: &Findings) -> Option<Claim> {
    let of = |hidden: usize, rate: f64| -> BTreeMap<u64, f64> {
        let rows = findings.rates.iter().filter(|row| row.hidden == hidden && row.rate == rate);
        rows.map(|row| (row.seed, row.best_f1)).collect()
    };
    // At each width, how far ahead of the best of the other rates it is.
    let mut leads: Vec<(usize, f64, Spread)> = Vec::new();
    for hidden in WIDTHS {
        let own = of(hidden, RATE);
        let others = RATES.into_iter().filter(|rate| *rate != RATE);
        let lead = |rate| Some((hidden, rate, Spread::of(&differences(&of(hidden, rate), &own))?));
        leads.extend(others.filter_map(lead).min_by(|a, b| a.2.mean.total_cmp(&b.2.mean)));
    }
    let &(hidden, rival, least) = leads.iter().min_by(|a, b| a.2.mean.total_cmp(&b.2.mean))?;
    let ahead = leads.iter().filter(|(_, _, lead)| lead.interval[0] > 0.0).count();
    let verdict = match above(0.0, least.interval) {
        Verdict::Holds if ahead == leads.len() => Verdict::Holds,
        _ if ahead > 0 => Verdict::HoldsInPart,
        verdict => verdict,
    };
    Some(Claim {
        id: "rate".into(),
        claim: format!("Of six learning rates, {RATE} is the best for {HARDEST} at every width."),
        published: "h = 64, by rate: 0.14, 0.61, 0.70, 0.49, 0.83, 0.91".into(),
        measured: format!(
            "least lead in best F1 over the runner-up: {:+.3}, at h = {hidden} over {rival}",
            least.mean
        ),
        interval: Some(least.interval),
        verdict,
        why: format!(
            "The interval of the lead is above 0 at {ahead} of {} widths, with {} seeds each. Steps are few: 100, of the full \
             batch, so the largest rate gets furthest.",
            leads.len(),
            least.seeds
        ),
    })
}

/// The smallest width that is enough for a pair.
fn capacity(findings: &Findings, pair: Pair, (from, to): (usize, usize)) -> Option<Claim> {
    let of = |hidden: usize| -> Vec<f64> {
        let rows = findings.capacity.iter().filter(|row| (row.pair, row.hidden) == (pair, hidden));
        rows.map(|row| row.best_f1).collect()
    };
    let spreads: Vec<(usize, Spread)> =
        WIDTHS.into_iter().filter_map(|hidden| Some((hidden, Spread::of(&of(hidden))?))).collect();
    // Stable: every seed, here and at all larger widths.
    let is_enough = |spread: &Spread| spread.range[0] > published::ENOUGH;
    let smallest =
        spreads.iter().rev().take_while(|(_, spread)| is_enough(spread)).last().map(|(hidden, _)| *hidden);
    let &(_, at) = spreads.iter().find(|(hidden, _)| *hidden == to)?;
    let verdict = match (above(published::ENOUGH, at.interval), smallest) {
        (Verdict::Holds, Some(width)) if (from..=to).contains(&width) => Verdict::Holds,
        (Verdict::Holds, _) => Verdict::HoldsInPart,
        (verdict, _) => verdict,
    };
    let claimed = if from == to { from.to_string() } else { format!("{from} to {to}") };
    let found = smallest.map_or("at no width".to_string(), |width| format!("from h = {width} on"));
    let enough = published::ENOUGH;
    Some(Claim {
        id: format!("capacity-{pair}"),
        claim: format!(
            "For {pair}, {claimed} hidden units are the fewest with F1 above {enough}, stable over seeds."
        ),
        published: format!("h = {claimed}"),
        measured: format!("best training F1 at h = {to}: {:.3}; all seeds above {enough} {found}", at.mean),
        interval: Some(at.interval),
        verdict,
        why: format!(
            "Over {} seeds at h = {to}: {:.3} to {:.3}.{}{}",
            at.seeds,
            at.range[0],
            at.range[1],
            published_at(pair, to),
            why_in_part(verdict, (from, to), smallest)
        ),
    })
}

/// What is missing where the mean is above, and still not all of the claim holds.
fn why_in_part(verdict: Verdict, (from, to): (usize, usize), smallest: Option<usize>) -> String {
    match smallest {
        _ if verdict != Verdict::HoldsInPart => String::new(),
        Some(width) if width < from => {
            format!(" {to} are enough, but so are {width}: they are not the fewest.")
        }
        _ => " The mean is above it, but not every seed there and at all larger widths.".to_string(),
    }
}

/// What the study's own figure has for `pair` at `hidden`, as far as it was read off.
fn published_at(pair: Pair, hidden: usize) -> String {
    let row = published::CAPACITY.into_iter().find(|(width, _)| *width == hidden);
    let value = row.and_then(|(_, values)| {
        Pair::ALL.into_iter().zip(values).find(|(other, _)| *other == pair).map(|(_, value)| value)
    });
    value.map_or(String::new(), |value| format!(" The study's own figure has {value} there."))
}

/// A cell of the pruning figure: relative change of F1, in percent, by seed.
type Changes = BTreeMap<(String, usize, u32), BTreeMap<u64, f64>>;

/// The changes of F1 on the validation examples, in percent of the dense network's, of networks pruned as published.
fn changes(findings: &Findings, reading: Reading) -> Changes {
    let is_published = |row: &&PruningRow| row.recipe == "published" && row.structure == "unstructured";
    let rows = || findings.pruning.iter().filter(is_published);
    let dense: BTreeMap<(String, usize, u64), f64> = rows()
        .filter(|row| row.level == 0.0)
        .map(|row| ((row.pair.to_string(), row.hidden, row.seed), row.f1))
        .collect();
    let mut changes = Changes::new();
    for row in rows().filter(|row| row.level > 0.0 && row.reading == reading) {
        let pair = row.pair.to_string();
        if let Some(dense) = dense.get(&(pair.clone(), row.hidden, row.seed)).filter(|f1| **f1 > 0.0) {
            let cell = changes.entry((pair, row.hidden, row.level as u32)).or_default();
            cell.insert(row.seed, 100.0 * (row.f1 / dense - 1.0));
        }
    }
    // A cell counts where it has all seeds.
    let most = changes.values().map(BTreeMap::len).max().unwrap_or(0);
    changes.retain(|_, cell| cell.len() == most);
    changes
}

/// That pruning changes F1 by no more than the published band.
fn pruning_change(findings: &Findings, reading: Reading) -> Option<Claim> {
    let band = published::PRUNING_BAND;
    let changes = changes(findings, reading);
    let cells: Vec<Spread> =
        changes.values().filter_map(|cell| Spread::of(&cell.values().copied().collect::<Vec<_>>())).collect();
    let inside = cells.iter().filter(|cell| cell.interval[0] >= -band && cell.interval[1] <= band).count();
    let outside = cells.iter().filter(|cell| cell.interval[1] < -band || cell.interval[0] > band).count();
    // The number that decides: the mean over pairs and widths at 95, seed by seed.
    let at = pruning::LEVEL as u32;
    let mut by_seed: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for (_, cell) in changes.iter().filter(|((_, _, level), _)| *level == at) {
        cell.iter().for_each(|(seed, change)| by_seed.entry(*seed).or_default().push(*change));
    }
    let means: Vec<f64> = by_seed.values().map(|all| all.iter().sum::<f64>() / all.len() as f64).collect();
    let mean = Spread::of(&means)?;
    let verdict = if inside == cells.len() {
        Verdict::Holds
    } else if mean.interval[1] < -band || mean.interval[0] > band {
        Verdict::DoesNotHold
    } else if outside > 0 {
        Verdict::HoldsInPart
    } else {
        Verdict::Undecided
    };
    let worst = changes.iter().min_by(|a, b| mean_of(a.1).total_cmp(&mean_of(b.1)))?;
    let ((pair, hidden, level), cell) = worst;
    let (id, what, removed) = match reading {
        Reading::Percent => ("pruning-percent", "that many percent of the weights", at.to_string()),
        Reading::Hundredth => (
            "pruning-hundredth",
            "a hundredth of that, as the published code removes",
            format!("{}", pruning::LEVEL / 100.0),
        ),
    };
    Some(Claim {
        id: id.into(),
        claim: format!(
            "Pruned once and never trained again, F1 stays within {band} % up to 99 %; read as {what}."
        ),
        published: format!("within +-{band} % of F1 on every pair, up to 99 %"),
        measured: format!(
            "mean change of F1 at 95 ({removed} % of the weights removed): {:+.3} %",
            mean.mean
        ),
        interval: Some(mean.interval),
        verdict,
        why: format!(
            "Over {} seeds, of {} pairs, widths and levels {inside} have their interval within the band and {outside} outside; \
             the worst is {pair}, h = {hidden} at {level}: {:+.3} %.",
            mean.seeds,
            cells.len(),
            mean_of(cell)
        ),
    })
}

fn mean_of(cell: &BTreeMap<u64, f64>) -> f64 {
    cell.values().sum::<f64>() / cell.len() as f64
}

/// That no hidden unit is dead, before and after pruning.
fn neurons(findings: &Findings) -> Option<Claim> {
    let count = |level: f64, reading: Reading| {
        let is_it = |row: &&NeuronsRow| (row.level, row.reading) == (level, reading);
        let rows: Vec<&NeuronsRow> = findings.neurons.iter().filter(is_it).collect();
        let (dead, units) =
            rows.iter().fold((0, 0), |(dead, units), row| (dead + row.dead, units + row.hidden));
        let shares: Vec<f64> = rows.iter().map(|row| row.dead as f64 / row.hidden as f64).collect();
        (dead, units, Spread::of(&shares))
    };
    let (before, units, _) = count(0.0, Reading::Percent);
    let (after, _, share) = count(pruning::LEVEL, Reading::Percent);
    let (hundredth, ..) = count(pruning::LEVEL, Reading::Hundredth);
    let share = share?;
    let verdict = match (before, after, hundredth) {
        (0, 0, 0) => Verdict::Holds,
        (_, 0, _) | (0, _, 0) => Verdict::HoldsInPart,
        _ => Verdict::DoesNotHold,
    };
    Some(Claim {
        id: "neurons".into(),
        claim: "No hidden unit is 0 on every validation example, before and after pruning by 95 %.".into(),
        published: "0 before, 0 after".into(),
        measured: format!(
            "of {units} units in all networks, dead before: {before}; after a true 95 %: {after}; after 0.95 %: {hundredth}"
        ),
        interval: Some(share.interval),
        verdict,
        why: format!(
            "The interval is of the share of dead units of a network after a true 95 %: {:.3}.",
            share.mean
        ),
    })
}

/// That the saliency map of a pruned network is that of the dense one.
fn saliency(findings: &Findings) -> Option<Claim> {
    let of = |reading: Reading, measure: &str| {
        let network = format!("published-{}", reading.name());
        let rows =
            findings.interpretability.iter().filter(|row| row.network == network && row.measure == measure);
        Spread::of(&rows.map(|row| row.value).collect::<Vec<_>>())
    };
    let change = of(Reading::Percent, "mean-map-change")?;
    let hundredth = of(Reading::Hundredth, "mean-map-change")?;
    let order = of(Reading::Percent, "mean-map-spearman");
    let order = order.map_or("undefined".to_string(), |order| format!("{:.2}", order.mean));
    /// A change that no eye would find in a picture.
    const UNSEEN: f64 = 0.01;
    let verdict = match above(UNSEEN, change.interval) {
        Verdict::Holds => Verdict::DoesNotHold,
        Verdict::DoesNotHold => Verdict::Holds,
        verdict => verdict,
    };
    Some(Claim {
        id: "saliency-map".into(),
        claim: format!("Pruned by 95 %, a network attends to the same pixels as before ({HARDEST}, h = 24)."),
        published: "the maps before and after are equal, pixel by pixel".into(),
        measured: format!("by a true 95 % the mean map changes by {:.1} % of its sum", 100.0 * change.mean),
        interval: Some(change.interval),
        verdict,
        why: format!(
            "Over {} seeds, mean over all validation examples, eps 0.1; the claim holds below {UNSEEN}. The rank correlation with \
             the dense map is {order}. When 0.95 % of the weights go, the map changes by {:.3} %: the published maps are of that.",
            change.seeds,
            100.0 * hundredth.mean
        ),
    })
}

/// F1 on corrupted examples, by seed.
fn corrupted(
    findings: &Findings,
    hidden: usize,
    corruption: Corruption,
    strength: f64,
) -> BTreeMap<u64, f64> {
    let rows = findings.robustness.iter();
    let rows =
        rows.filter(|row| (row.hidden, row.corruption, row.strength) == (hidden, corruption, strength));
    rows.map(|row| (row.seed, row.f1)).collect()
}

/// By how much more of its F1 the narrow network loses than the wide one, and by how much its F1 is lower.
fn robustness(findings: &Findings, corruption: Corruption, strength: f64) -> Option<(Spread, Spread)> {
    let of = |hidden, corruption, strength| corrupted(findings, hidden, corruption, strength);
    let [narrow, wide] = [24, 64].map(|hidden| of(hidden, corruption, strength));
    let [narrow_clean, wide_clean] = [24, 64].map(|hidden| of(hidden, Corruption::None, 0.0));
    let lead = differences(&narrow, &wide);
    let clean = differences(&narrow_clean, &wide_clean);
    let beyond: Vec<f64> = lead.iter().zip(&clean).map(|(lead, clean)| lead - clean).collect();
    Some((Spread::of(&lead)?, Spread::of(&beyond)?))
}

/// The claim that the wider network is better on corrupted examples.
fn wider_is_better((id, claim, published): (&str, String, &str), (lead, beyond): (Spread, Spread)) -> Claim {
    let verdict = match (above(0.0, lead.interval), above(0.0, beyond.interval)) {
        (Verdict::Holds, Verdict::Holds) => Verdict::Holds,
        (Verdict::Holds, _) => Verdict::HoldsInPart,
        (verdict, _) => verdict,
    };
    Claim {
        id: id.into(),
        claim,
        published: published.into(),
        measured: format!("F1 at h = 64 less that at 24: {:+.3}", lead.mean),
        interval: Some(lead.interval),
        verdict,
        why: format!(
            "Over {} seeds. Beyond the lead that the wider network has on clean images it is {:+.3} ({:+.3} to {:+.3}): only \
             that would be robustness.",
            lead.seeds, beyond.mean, beyond.interval[0], beyond.interval[1]
        ),
    }
}

fn noise(findings: &Findings) -> Option<Claim> {
    let sigma = SIGMAS[4];
    let claim = format!("Wider networks are more robust to noise ({HARDEST}, sigma {sigma}).");
    let spreads = robustness(findings, Corruption::Noise, sigma)?;
    Some(wider_is_better(("noise", claim, "0.67 at h = 24, 0.77 at h = 64"), spreads))
}

fn occlusion(findings: &Findings) -> Option<Claim> {
    let claim =
        format!("Wider networks are more robust to occlusion ({HARDEST}, a patch of {PATCH} x {PATCH}).");
    let spreads = robustness(findings, Corruption::Occlusion, PATCH as f64)?;
    Some(wider_is_better(("occlusion", claim, "0.848 at h = 24, 0.860 at 48, 0.862 at 64"), spreads))
}
