//! The rounds of one batch size, and what they say.

use std::vec::Vec;

use super::best::best;
use super::limit::{Limits, Probes, Work};
use super::lineup::DENSE_COPIES;
use super::subject::{Contestant, Rotation};
use super::verify::Checked;
use super::{Case, NoiseFloor, Outcome, Row, Settings, Step, VariantName, Wrong};
use crate::measure::{self, Samples, Subject};

/// What the rounds of one batch size gave.
pub(super) struct Rounds {
    batch: usize,
    samples: Samples,
    /// The subjects after the contestants.
    probes: Probes,
    works: Vec<Work>,
    /// The limits are those of one thread: they say nothing of what two could do.
    limited: bool,
}

/// Times the contestants and the machine's limits in the same rounds, and looks at the outputs again afterwards.
pub(super) fn time(
    contestants: &mut [Contestant],
    checked: &[Checked],
    rotation: &Rotation,
    settings: &Settings,
    progress: &mut dyn FnMut(Step),
) -> Result<Rounds, Wrong> {
    let batch = rotation.batch();
    let works: Vec<Work> = contestants.iter().map(|c| Work::of(&c.engine, batch)).collect();
    let limited = settings.pool.threads().get() == 1;
    let probes = Probes::new(settings.isa, if limited { &works } else { &[] });
    let mut subjects: Vec<Subject<'_>> = contestants.iter_mut().map(|c| c.subject(rotation)).collect();
    subjects.extend(probes.subjects());
    let samples = measure::measure(&mut subjects, &settings.timing, &mut |done, total| {
        progress(Step::Time { batch, done, total });
    });
    drop(subjects);
    for (contestant, checked) in contestants.iter().zip(checked) {
        checked.still_right(contestant, rotation)?;
    }
    Ok(Rounds { batch, samples, probes, works, limited })
}

impl Rounds {
    /// What the place in memory is worth: the two copies against each other, and the medians of all other contestants that
    /// do the same dense work. At batch 1 copies of one network in 0.8 MB differ by some percent from run to run, and two
    /// of them seldom show it.
    fn noise_floor(&self, contestants: &[Contestant]) -> NoiseFloor {
        let copies = self.samples.ratio(DENSE_COPIES[0], DENSE_COPIES[1]);
        let is_masked = |&i: &usize| contestants[i].variant == VariantName::Masked;
        let masked =
            (0..contestants.len()).filter(is_masked).map(|i| self.samples.ratio(DENSE_COPIES[0], i).mid);
        let hi = masked.chain([copies.lo, copies.hi]).map(|ratio| ratio.max(1.0 / ratio)).fold(1.0, f64::max);
        NoiseFloor { batch: self.batch, lo: 1.0 / hi, hi }
    }

    fn limits(&self) -> Limits<'_> {
        self.probes.measured(&self.samples, self.works.len())
    }

    /// Adds them to `outcome`.
    pub(super) fn report(
        &self,
        cases: &[Case<'_>],
        contestants: &[Contestant],
        checked: &[Checked],
        outcome: &mut Outcome,
    ) {
        // The baseline is the dense copy that had the luckier place in memory; what luck is worth is noise, either way.
        let baseline = self.samples.fastest(&DENSE_COPIES);
        outcome.noise_floors.push(self.noise_floor(contestants));
        outcome.peak_gflops = outcome.peak_gflops.max(self.limits().peak_gflops());
        let shares = [outcome.waiting_share, self.samples.waiting_share()];
        outcome.waiting_share = shares.into_iter().flatten().reduce(f64::max);
        let pruned = cases.iter().map(|case| case.sparsity).enumerate().skip(1);
        let entrants: Vec<_> = contestants.iter().map(|c| (c.case, c.variant)).collect();
        outcome.best.extend(best(&self.samples, &entrants, pruned, self.batch));
        let weights = cases[0].model.weights();
        for (i, (contestant, checked)) in contestants.iter().zip(checked).enumerate() {
            if DENSE_COPIES.contains(&i) && i != baseline {
                continue;
            }
            let case = cases[contestant.case];
            let summary = self.samples.summary(i);
            outcome.rows.push(Row {
                sparsity: case.sparsity,
                nnz: case.model.nnz(),
                batch: self.batch,
                variant: contestant.variant,
                speedup: self.samples.ratio(baseline, i),
                max_abs_diff: checked.max_abs_diff,
                agreement: checked.agreement,
                plan: contestant.engine.plan().clone(),
                layers: contestant.engine.layers().collect(),
                gflops: 2.0 * weights as f64 * self.batch as f64 / summary.median_ns,
                // How much a variant that skips inputs has to do depends on each input.
                limit: (self.limited && !contestant.variant.skips_inputs())
                    .then(|| self.limits().of(i, &self.works[i])),
                breakdown: contestant.breakdown.clone(),
                summary,
            });
        }
    }
}
