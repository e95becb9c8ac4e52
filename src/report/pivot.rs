//! The rows of a run, found by batch size, pruning level and variant.

use super::data::RunReport;
use super::number::short_percent;
use super::result::{NoiseFloor, ResultRow};
use std::{format, string::String, vec::Vec};

/// The unpruned network: the baseline.
pub(crate) const DENSE: &str = "dense";

/// The variants of a pruned network, in the order in which they are shown.
const PRUNED: [&str; 3] = ["masked", "csr", "auto"];

/// The order in which a variant speaks for pruning. `auto` first: its choice was made on other rounds than the
/// timed ones, whereas naming the fastest variant after the fact would flatter it.
const HEADLINE: [&str; 3] = ["auto", "csr", "masked"];

/// How far, and how, a network was pruned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Level<'a> {
    pub(crate) sparsity: f64,
    pub(crate) structure: &'a str,
}

/// What an interval says about a speedup.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Faster,
    Same,
    Slower,
}

/// An index over the rows of one report. Variants that skip zeros of the input are none of `variants`: they say nothing of pruning.
pub(crate) struct Pivot<'a> {
    pub(crate) report: &'a RunReport,
    /// Batch sizes, ascending.
    pub(crate) batches: Vec<usize>,
    /// Pruned levels, by sparsity, ascending.
    pub(crate) levels: Vec<Level<'a>>,
    /// Variants other than `dense`.
    pub(crate) variants: Vec<&'a str>,
    /// The variant that speaks for pruning.
    pub(crate) headline: &'a str,
    /// Whether levels differ in more than sparsity.
    pub(crate) structured: bool,
}

impl<'a> Pivot<'a> {
    pub(crate) fn new(report: &'a RunReport) -> Self {
        let pruned = || report.results.iter().filter(|row| row.variant != DENSE && !skips_inputs(row));
        let mut batches: Vec<usize> = report.results.iter().map(|row| row.batch).collect();
        batches.sort_unstable();
        batches.dedup();
        let mut levels: Vec<Level> = pruned().map(Level::of).collect();
        levels.sort_by(|a, b| a.sparsity.total_cmp(&b.sparsity).then(a.structure.cmp(b.structure)));
        levels.dedup();
        let mut variants: Vec<&str> = pruned().map(|row| row.variant.as_str()).collect();
        variants.sort_by_key(|name| {
            (PRUNED.iter().position(|known| known == name).unwrap_or(PRUNED.len()), *name)
        });
        variants.dedup();
        let spokesman = HEADLINE.iter().find_map(|name| variants.iter().find(|variant| *variant == name));
        let headline = *spokesman.or(variants.first()).unwrap_or(&DENSE);
        let structured = levels.iter().any(|level| level.structure != levels[0].structure);
        Self { report, batches, levels, variants, headline, structured }
    }

    pub(crate) fn dense(&self, batch: usize) -> Option<&'a ResultRow> {
        self.report.results.iter().find(|row| row.variant == DENSE && row.batch == batch)
    }

    pub(crate) fn row(&self, batch: usize, level: Level, variant: &str) -> Option<&'a ResultRow> {
        let wanted =
            |row: &&ResultRow| row.batch == batch && row.variant == variant && Level::of(row) == level;
        self.report.results.iter().find(wanted)
    }

    /// The rows of one batch size and level, one per variant that was timed.
    pub(crate) fn rows(&self, batch: usize, level: Level) -> impl Iterator<Item = &'a ResultRow> {
        self.variants.iter().filter_map(move |variant| self.row(batch, level, variant))
    }

    /// Test accuracy of the pruned network. Every batch size and variant computes the same one.
    pub(crate) fn accuracy(&self, level: Level) -> Option<f64> {
        let rows = self
            .report
            .results
            .iter()
            .filter(|row| row.variant != DENSE && !skips_inputs(row) && Level::of(row) == level);
        rows.filter_map(|row| row.test_accuracy).next()
    }

    /// Test accuracy of the network before pruning.
    pub(crate) fn dense_accuracy(&self) -> Option<f64> {
        let measured = self.report.results.iter().filter(|row| row.variant == DENSE);
        let trained = self.report.training.as_ref().map(|training| training.test_accuracy);
        measured.filter_map(|row| row.test_accuracy).next().or(trained)
    }

    /// A level's name: its sparsity, and its structure if there are several.
    pub(crate) fn name(&self, level: Level) -> String {
        let sparsity = short_percent(level.sparsity);
        if self.structured { format!("{sparsity} {}", level.structure) } else { sparsity }
    }

    /// The noise floor at a batch size; where that is not known, the widest.
    pub(crate) fn noise_floor(&self, batch: usize) -> &'a NoiseFloor {
        let here = self.report.noise_floors.iter().find(|floor| floor.batch == batch);
        here.map_or(&self.report.noise_floor, |here| &here.floor)
    }

    /// A speedup counts only if its interval is clear of 1 and of the noise floor of its batch size. In the dense
    /// kernels a pruned network does the dense network's work: what differs in time there is luck.
    pub(crate) fn verdict(&self, row: &ResultRow) -> Verdict {
        let &NoiseFloor { lo, hi } = self.noise_floor(row.batch);
        if is_dense(row) {
            Verdict::Same
        } else if row.speedup_lo > hi.max(1.0) {
            Verdict::Faster
        } else if row.speedup_hi < lo.min(1.0) {
            Verdict::Slower
        } else {
            Verdict::Same
        }
    }
}

/// The form of each layer, `dense`, `csr` or `window`, whatever the blocks.
pub(crate) fn forms(row: &ResultRow) -> impl Iterator<Item = &str> {
    let forms = row.plan.rsplit('/').next().unwrap_or_default().split(',');
    forms.map(|form| form.split(':').next().unwrap_or_default())
}

/// Whether zeros of the input were skipped.
pub(crate) fn skips_inputs(row: &ResultRow) -> bool {
    row.variant.ends_with("-sparse-input")
}

/// Whether every layer runs in a dense kernel.
pub(crate) fn is_dense(row: &ResultRow) -> bool {
    forms(row).all(|form| form == DENSE)
}

impl<'a> Level<'a> {
    pub(crate) fn of(row: &'a ResultRow) -> Self {
        Self { sparsity: row.sparsity, structure: &row.structure }
    }
}
