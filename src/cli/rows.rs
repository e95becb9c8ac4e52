//! A benchmark with its progress, and its outcome as rows of a report.

use super::args::TimingArgs;
use super::error::Failure;
use super::input::percent;
use super::machine::Machine;
use super::progress::Progress;
use crate::benchmark::{
    Best, Case, LayerBreakdown, OfLimit, Outcome, Row, Settings, Step, VariantName, benchmark,
};
use crate::engine::LayerInfo;
use crate::model::Model;
use crate::prune::Structure;
use crate::report::{
    BatchNoiseFloor, BestRow, BreakdownRow, LayerRow, LimitInfo, NoiseFloor, Peak, ResultRow,
};
use indicatif::ProgressBar;
use std::format;
use std::prelude::rust_2024::*;

/// Beyond this share of time spent waiting for a core, the ratio of a long call to a short one is not to be trusted.
const WAITING_MAX: f64 = 0.03;

/// What the arguments ask for, checked against `sizes`, the widths of the network.
pub(super) fn settings(
    timing: &TimingArgs,
    machine: &Machine,
    seed: u64,
    sizes: &[usize],
) -> Result<Settings, Failure> {
    Ok(Settings {
        isa: machine.isa,
        batches: timing.batches(sizes)?,
        variants: timing.variants()?,
        timing: timing.plan(seed),
        pool: machine.pool.clone(),
        plan: None,
        breakdown: false,
    })
}

/// Verifies and times `dense` and `cases` on the examples `rows`.
pub(super) fn measured(
    dense: &Model,
    cases: &[Case<'_>],
    rows: &[f32],
    settings: &Settings,
    progress: Progress,
) -> Result<Outcome, Failure> {
    let mut bar = ProgressBar::hidden();
    let outcome = benchmark(dense, cases, rows, settings, &mut |step| match step {
        Step::Oracle(done, total) => {
            if done == 0 {
                bar = progress.bar("computing the truth in f64", total);
            }
            bar.set_position(done as u64);
        }
        Step::Verify { batch } => {
            bar.finish_and_clear();
            bar = progress.bar(format!("verifying at batch {batch}"), 1);
            bar.tick();
        }
        Step::Time { batch, done, total } => {
            if done == 1 {
                bar.finish_and_clear();
                bar = progress.bar(format!("measuring at batch {batch}"), total);
            }
            bar.set_position(done as u64);
        }
        Step::Breakdown { batch, done, total } => {
            if done == 0 {
                bar.finish_and_clear();
                bar = progress.bar(format!("taking layers apart at batch {batch}"), total);
            }
            bar.set_position(done as u64);
        }
    })?;
    bar.finish_and_clear();
    Ok(outcome)
}

/// The rows of a report; `accuracy` is that of a network on the test set, found by its sparsity.
pub(super) fn result_rows(
    outcome: &Outcome,
    structure: Structure,
    machine: &Machine,
    accuracy: impl Fn(f64) -> Option<f64>,
) -> Vec<ResultRow> {
    // The peak is that of one thread: it says nothing of what two could do.
    let peak = (machine.threads() == 1).then_some(outcome.peak_gflops);
    outcome.rows.iter().map(|row| result_row(row, structure, peak, accuracy(row.sparsity))).collect()
}

fn result_row(row: &Row, structure: Structure, peak: Option<f64>, test_accuracy: Option<f64>) -> ResultRow {
    ResultRow {
        sparsity: row.sparsity,
        structure: structure.to_string(),
        nnz: row.nnz,
        test_accuracy,
        batch: row.batch,
        variant: row.variant.name().into(),
        median_ns: row.summary.median_ns,
        median_ns_lo: row.summary.median_ns_lo,
        median_ns_hi: row.summary.median_ns_hi,
        p90_ns: row.summary.p90_ns,
        p99_ns: row.summary.p99_ns,
        samples_ns: row.summary.samples_ns.clone(),
        speedup: row.speedup.mid,
        speedup_lo: row.speedup.lo,
        speedup_hi: row.speedup.hi,
        max_abs_diff: row.max_abs_diff,
        agreement: row.agreement,
        gflops: row.gflops,
        fraction_of_peak: peak.map(|peak| row.gflops / peak),
        plan: row.plan.to_string(),
        layers: row
            .layers
            .iter()
            .enumerate()
            .map(|(i, layer)| layer_row(layer, row.breakdown.get(i)))
            .collect(),
        limit: limit_info(row.limit),
    }
}

fn layer_row(layer: &LayerInfo, breakdown: Option<&LayerBreakdown>) -> LayerRow {
    LayerRow {
        fan_in: layer.fan_in,
        fan_out: layer.fan_out,
        nnz: layer.nnz,
        kernel: layer.kernel.clone(),
        bytes: layer.bytes,
        breakdown: breakdown.map(|parts| BreakdownRow {
            input_layout_ns: parts.input_layout_ns,
            weights_ns: parts.weights_ns,
            arithmetic_ns: parts.arithmetic_ns,
            epilogue_ns: parts.epilogue_ns,
            output_layout_ns: parts.output_layout_ns,
            remainder_ns: parts.remainder_ns(),
            layer_ns: parts.layer_ns,
            limit: limit_info(Some(parts.limit)),
        }),
    }
}

pub(super) fn limit_info(limit: Option<OfLimit>) -> LimitInfo {
    LimitInfo {
        limit: limit.map(|of| of.limit.name().into()),
        limit_ns: limit.map(|of| of.limit_ns),
        of_limit: limit.map(|of| of.share),
    }
}

/// What a reader of the ratios must know, if the machine was busy.
pub(super) fn waiting_note(waiting_share: Option<f64>) -> Option<String> {
    waiting_share.filter(|share| *share > WAITING_MAX).map(|share| {
        format!(
            "Other processes wanted the core: {:.0} % of the time was spent waiting for it. The times do not count that, \
             but caches are colder after it, and other threads' waits are counted; an idle machine measures better.",
            100.0 * share
        )
    })
}

pub(super) fn noise_floor(outcome: &Outcome) -> NoiseFloor {
    let (lo, hi) = outcome.noise_floor();
    NoiseFloor { lo, hi }
}

pub(super) fn noise_floors(outcome: &Outcome) -> Vec<BatchNoiseFloor> {
    let floors = outcome.noise_floors.iter();
    floors.map(|at| BatchNoiseFloor { batch: at.batch, floor: NoiseFloor { lo: at.lo, hi: at.hi } }).collect()
}

/// Both networks at their best, where inputs that are zero were skipped.
pub(super) fn speedup_best(outcome: &Outcome, structure: Structure) -> Vec<BestRow> {
    let row = |best: &Best| BestRow {
        batch: best.batch,
        sparsity: best.sparsity,
        structure: structure.to_string(),
        speedup: best.speedup.mid,
        speedup_lo: best.speedup.lo,
        speedup_hi: best.speedup.hi,
        dense: best.dense.name().into(),
        pruned: best.pruned.name().into(),
    };
    outcome.best.iter().map(row).collect()
}

/// Why variants that were asked for are missing.
pub(super) fn skipping_note(outcome: &Outcome, variants: &[VariantName]) -> Option<String> {
    let left_out: Vec<&str> = variants.iter().filter(|v| v.skips_inputs()).map(|v| v.name()).collect();
    (!outcome.inputs_are_sparse() && !left_out.is_empty()).then(|| {
        format!(
            "{} of the inputs are not zero, so that skipping zeros would not pay: {} left out.",
            percent(outcome.input_density),
            left_out.join(" and ")
        )
    })
}

pub(super) fn peak(outcome: &Outcome) -> Peak {
    Peak { fma_gflops: outcome.peak_gflops }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_busy_machine_is_worth_a_note() {
        assert_eq!(waiting_note(None), None);
        assert_eq!(waiting_note(Some(0.02)), None);
        let note = waiting_note(Some(0.254)).unwrap();
        assert!(note.contains("25 % of the time"), "{note}");
    }
}
