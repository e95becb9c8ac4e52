//! The results of training as tables and as JSON.

use std::fmt::Write;

use prunella::kernels::Isa;
use prunella::measure::Environment;
use serde_json::{Value, json};

use super::{EPOCHS, Epoch, SEEDS, Trained};

#[derive(Default)]
pub struct Report {
    /// Machine and version.
    place: String,
    examples: usize,
    pub cases: Vec<Trained>,
    /// The peers' versions.
    pub versions: String,
    /// What is missing, and why.
    pub missing: Vec<String>,
    given: Vec<String>,
}

/// A median, and the least and the most.
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        let last = values.len() - 1;
        Spread {
            median: (values[last / 2] + values[last.div_ceil(2)]) / 2.0,
            least: values[0],
            most: values[last],
        }
    }
}

impl Trained {
    /// The epochs of a learner, and ours in the same rounds.
    fn rounds(&self, learner: usize) -> impl Iterator<Item = (&Epoch, &Epoch)> {
        self.seeds.iter().flat_map(move |seed| seed[learner].iter().zip(&seed[0]))
    }

    /// Mean and standard deviation over the seeds of the accuracy after an epoch, in percent.
    fn accuracy(&self, learner: usize, epoch: usize) -> (f64, f64) {
        let all: Vec<f64> = self.seeds.iter().map(|seed| 100.0 * seed[learner][epoch].accuracy).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let squares: f64 = all.iter().map(|accuracy| (accuracy - mean).powi(2)).sum();
        (mean, (squares / (all.len() - 1) as f64).sqrt())
    }

    fn table(&self, examples: usize, out: &mut String) {
        let epochs: String = (1..=EPOCHS).map(|epoch| format!(" epoch {epoch} |")).collect();
        let _ = writeln!(out, "**{}**\n\n| | samples/s | prunella is faster |{epochs}", self.title);
        let _ = writeln!(out, "| :-- | --: | :-- |{}", " --: |".repeat(EPOCHS));
        for (learner, name) in self.names.iter().enumerate() {
            let rate =
                Spread::of(self.rounds(learner).map(|(it, _)| 1e9 * examples as f64 / it.ns).collect());
            let ratio = Spread::of(self.rounds(learner).map(|(it, ours)| it.ns / ours.ns).collect());
            let ratio = match learner {
                0 => String::new(),
                _ => format!("{:.1}x ({:.1}-{:.1})", ratio.median, ratio.least, ratio.most),
            };
            let thousands = (rate.median / 1e3).round() as u64;
            let rate = match thousands {
                1000.. => format!("{},{:03},000", thousands / 1000, thousands % 1000),
                _ => format!("{thousands},000"),
            };
            let _ = write!(out, "| {name} | {rate} | {ratio} |");
            for epoch in 0..EPOCHS {
                let (mean, deviation) = self.accuracy(learner, epoch);
                let _ = write!(out, " {mean:.2} % ± {deviation:.2} |");
            }
            out.push('\n');
        }
        out.push('\n');
    }

    fn json(&self) -> Value {
        let learner = |(learner, name): (usize, &&str)| {
            let of = |number: fn(&Epoch) -> f64| -> Vec<Vec<f64>> {
                self.seeds.iter().map(|seed| seed[learner].iter().map(number).collect()).collect()
            };
            json!({ "name": name, "ns": of(|epoch| epoch.ns), "accuracy": of(|epoch| epoch.accuracy) })
        };
        let learners: Vec<Value> = self.names.iter().enumerate().map(learner).collect();
        json!({ "case": self.title, "seeds": SEEDS, "learners": learners })
    }
}

impl Report {
    pub fn new(examples: usize) -> Report {
        let isa = Isa::best().name();
        let Environment { cpu, version, commit, .. } = Environment::detect(isa, &[isa], 1);
        let place = format!("{cpu}, {isa}, 1 thread; prunella {version} ({commit})");
        Report { place, examples, ..Report::default() }
    }

    /// Remembers what a peer was given.
    pub fn given(&mut self, case: &str, name: &str, given: String) {
        let line = format!("{name}, {case}: {given}");
        if !self.given.contains(&line) {
            self.given.push(line);
        }
    }

    pub fn markdown(&self) -> String {
        let mut out = String::from("## Training\n\n");
        let _ = writeln!(
            out,
            "{}, {}. {} examples, {} epochs of each learner in turn, {} seeds. Samples/s: the median of all epochs. Faster: \
             the median (least-most) of peer time / prunella time, epoch by epoch. Accuracy on the test set after each epoch: \
             mean ± standard deviation over the seeds.\n",
            self.place,
            self.versions,
            self.examples,
            EPOCHS,
            SEEDS.len()
        );
        self.cases.iter().for_each(|case| case.table(self.examples, &mut out));
        self.missing.iter().for_each(|what| _ = writeln!(out, "!!! NOT MEASURED: {what}\n"));
        if !self.given.is_empty() {
            let _ = writeln!(out, "What the peers were given: {}.\n", self.given.join("; "));
        }
        out
    }

    pub fn json(&self) -> Value {
        let cases: Vec<Value> = self.cases.iter().map(Trained::json).collect();
        json!({ "place": self.place, "versions": self.versions, "missing": self.missing, "given": self.given, "cases": cases })
    }
}
