//! The report of `prunella advise`: the network that keeps a goal, and the runners-up.

use super::data::{DatasetInfo, Schema};
use super::grid::{Grid, Summary};
use super::number::{exact, format_count, format_ns, format_percent, plural, short_percent};
use super::run::{dataset, machine};
use super::{NoiseFloor, Report};
use crate::measure::Environment;
use crate::study::advise::Goal;
use serde::Serialize;
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// What `prunella advise` found.
#[derive(Clone, Debug, Serialize)]
pub struct AdviseReport {
    /// [`Schema::Advise`].
    pub schema: Schema,
    /// The command line that made this.
    pub command: String,
    /// The seed of everything random.
    pub seed: u64,
    /// The machine, the compiler and the build.
    pub environment: Environment,
    /// The examples.
    pub dataset: DatasetInfo,
    /// What was wanted.
    pub goal: Goal,
    /// Where the network was saved; `None` without `--out`.
    pub model: Option<String>,
    /// The network to take.
    pub choice: AdviseRow,
    /// Others that keep the goal, the best first.
    pub runners_up: Vec<AdviseRow>,
    /// The interval of the ratio between two copies of one network.
    pub noise_floor: NoiseFloor,
    /// Training examples held back to decide.
    pub validation: usize,
    /// Networks that were timed.
    pub screened: usize,
    /// Networks that were trained for a moment.
    pub tried: usize,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// A network that keeps the goal.
#[derive(Clone, Debug, Serialize)]
pub struct AdviseRow {
    /// `dense`, or the structure that was pruned to.
    pub structure: String,
    /// Neurons of the hidden layer before pruning.
    pub hidden: usize,
    /// The share of units that went.
    pub sparsity: f64,
    /// The widths of what is left, input to output.
    pub layers: Vec<usize>,
    /// Weights that are not zero.
    pub nnz: usize,
    /// The median time of a call.
    pub median_ns: f64,
    /// Nine samples in ten are below.
    pub p90_ns: f64,
    /// `p90_ns` times the upper end of the noise floor: what was compared with the time allowed.
    pub bound_ns: f64,
    /// The share of the validation examples that it gets right: what decided.
    pub validation_accuracy: f64,
    /// What its accuracy on further examples is not below, at 95 %: what was compared with the accuracy wanted.
    pub accuracy_bound: f64,
    /// The share of the test examples that it gets right.
    pub test_accuracy: f64,
    /// The form of each layer; `prunella bench --plan` replays it.
    pub plan: String,
    /// Largest difference from the f64 oracle, relative to the largest |output|.
    pub max_abs_diff: f64,
}

impl AdviseRow {
    /// `256, n:32 at 93.75 %`.
    fn name(&self) -> String {
        match self.structure.as_str() {
            "dense" => format!("dense {}", self.hidden),
            structure => format!("{}, {structure} at {}", self.hidden, short_percent(self.sparsity)),
        }
    }

    fn all(&self) -> Vec<String> {
        let layers: Vec<String> = self.layers.iter().map(usize::to_string).collect();
        let mut cells =
            vec![self.structure.clone(), self.hidden.to_string(), exact(self.sparsity), layers.join("-")];
        cells.push(self.nnz.to_string());
        cells.extend([self.median_ns, self.p90_ns, self.bound_ns].map(exact));
        cells.extend([self.validation_accuracy, self.accuracy_bound, self.test_accuracy].map(exact));
        cells.extend([self.plan.clone(), exact(self.max_abs_diff)]);
        cells
    }
}

impl Report for AdviseReport {
    fn summary(&self) -> Summary {
        let mut grid = Grid::new([
            "network",
            "weights",
            "median",
            "p90",
            "at most",
            "validation",
            "test accuracy",
            "plan",
        ]);
        for row in core::iter::once(&self.choice).chain(&self.runners_up) {
            grid.push(vec![
                row.name(),
                format_count(row.nnz),
                format_ns(row.median_ns),
                format_ns(row.p90_ns),
                format_ns(row.bound_ns),
                format_percent(row.validation_accuracy),
                format_percent(row.test_accuracy),
                row.plan.clone(),
            ]);
        }
        let choice = &self.choice;
        let place = self.model.as_ref().map_or(String::new(), |model| format!(" It is saved as {model}."));
        let answer = format!(
            "Take {}: {} right on the test set, {} a call (at most {}).{place}",
            choice.name(),
            format_percent(choice.test_accuracy),
            format_ns(choice.median_ns),
            format_ns(choice.bound_ns)
        );
        let how = format!(
            "{} timed with random weights, {} trained for a moment, the best trained in earnest, verified against the f64 oracle \
             and measured in the same rounds, on one thread, no zeros of the input skipped. at most: the 90th percentile \
             times what the luck of a place in memory is worth here ({:.3}); this is what must not exceed the time allowed. \
             validation: {} held back from training decided; the test set decided nothing.",
            plural(self.screened, "network", "networks"),
            self.tried,
            self.noise_floor.hi,
            plural(self.validation, "example", "examples"),
        );
        let mut notes = vec![answer, how];
        notes.extend(self.notes.iter().cloned());
        let what = format!("Wanted: {}, on {}", self.goal, dataset(&self.dataset));
        Summary {
            lead: vec![what, machine(&self.environment, Some(self.seed))],
            tables: vec![("The best, and the runners-up".to_string(), grid)],
            notes,
        }
    }

    fn records(&self) -> Grid {
        let mut grid = Grid::new([
            "structure",
            "hidden",
            "sparsity",
            "layers",
            "nnz",
            "median_ns",
            "p90_ns",
            "bound_ns",
            "validation_accuracy",
            "accuracy_bound",
            "test_accuracy",
            "plan",
            "max_abs_diff",
        ]);
        core::iter::once(&self.choice).chain(&self.runners_up).for_each(|row| grid.push(row.all()));
        grid
    }
}
