//! A compiled network that takes its turn in the rounds, and the inputs it meets there.

use std::cell::RefCell;
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use super::{LayerBreakdown, VariantName};
use crate::engine::{Engine, Scratch};
use crate::measure::Subject;
use crate::rng::{Rng, Stream};

/// Examples that rotate, so that no branch predictor learns one of them.
const ROTATING: usize = 1_024;

/// Places in memory that an engine is timed in, by turns. At batch 1, copies of 784-256-10, 0.8 MB of weights in an L2 of 1 MiB, take
/// 3.9 to 5.1 us, and a sparse network's 2.60 to 2.70: which pages share a set of the cache is luck, and one place alone once made
/// `auto` 7 % slower than `csr` with the same kernels (Zen 5).
const COPIES: usize = 8;
/// What all copies of an engine may take: where one is this large, it is in no cache that luck could spoil.
const COPIES_BYTES: usize = 16 << 20;

/// 1,024 rows of inputs where there is no data, uniform in (0, 1], so that none is zero.
pub fn random_rows(features: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::stream(seed, Stream::BenchInputs);
    (0..ROTATING * features).map(|_| 1.0 - rng.uniform()).collect()
}

/// At least 1,024 examples in whole batches, and at least two of these, row-major.
pub(crate) struct Rotation {
    rows: Vec<f32>,
    fan_in: usize,
    batch: usize,
}

impl Rotation {
    /// The first rows, again from the start where there are too few.
    pub(crate) fn new(rows: &[f32], fan_in: usize, batch: usize) -> Rotation {
        let needed = batch * ROTATING.div_ceil(batch).max(2) * fan_in;
        Rotation { rows: rows.iter().copied().cycle().take(needed).collect(), fan_in, batch }
    }

    pub(crate) fn batch(&self) -> usize {
        self.batch
    }

    /// All of them.
    pub(crate) fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// How many batches there are.
    pub(crate) fn batches(&self) -> usize {
        self.rows.len() / (self.batch * self.fan_in)
    }

    /// The input of a call.
    pub(crate) fn batch_at(&self, call: usize) -> &[f32] {
        &self.rows[self.first_row(call) * self.fan_in..][..self.batch * self.fan_in]
    }

    /// Where the input of a call starts.
    pub(crate) fn first_row(&self, call: usize) -> usize {
        call % self.batches() * self.batch
    }
}

/// One variant of one network, with the memory of its runs.
pub(crate) struct Contestant {
    /// Which network.
    pub(crate) case: usize,
    pub(crate) variant: VariantName,
    pub(crate) engine: Engine,
    /// The engine in several places of memory.
    copies: Vec<Engine>,
    scratch: Scratch,
    pub(crate) output: Vec<f32>,
    /// The last timed call.
    pub(crate) last_call: usize,
    /// Where its time goes, if that was looked for.
    pub(super) breakdown: Vec<LayerBreakdown>,
}

impl Contestant {
    pub(crate) fn new(case: usize, variant: VariantName, engine: Engine, batch: usize) -> Contestant {
        let (scratch, output) = (engine.scratch(), vec![f32::NAN; batch * engine.fan_out()]);
        let bytes: usize = engine.layers().map(|layer| layer.bytes).sum();
        let copies = vec![engine.clone(); (COPIES_BYTES / bytes.max(1)).clamp(1, COPIES)];
        Contestant { case, variant, engine, copies, scratch, output, last_call: 0, breakdown: vec![] }
    }

    /// The logits of `rows`, computed a batch at a time.
    pub(crate) fn logits(&mut self, rows: &[f32], batch: usize) -> Vec<f32> {
        let (fan_in, fan_out) = (self.engine.fan_in(), self.engine.fan_out());
        let mut logits = vec![f32::NAN; rows.len() / fan_in * fan_out];
        for (x, y) in rows.chunks(batch * fan_in).zip(logits.chunks_mut(batch * fan_out)) {
            self.engine.run(x, y, &mut self.scratch).expect("whole rows, and this engine's scratch");
        }
        logits
    }

    /// Its turn in the rounds; the output is poisoned first, so that what stands there afterwards was computed there.
    pub(crate) fn subject<'a>(&'a mut self, rotation: &'a Rotation) -> Subject<'a> {
        self.output.fill(f32::NAN);
        let memory = RefCell::new((&mut self.scratch, &mut self.output, &mut self.last_call));
        let memory = Rc::new(memory);
        let call = |engine: &'a Engine| {
            let memory = memory.clone();
            move |call| {
                let (scratch, output, last_call) = &mut *memory.borrow_mut();
                engine
                    .run(rotation.batch_at(call), output, scratch)
                    .expect("whole rows, and this engine's scratch");
                **last_call = call;
            }
        };
        Subject::copies(self.variant.name(), self.copies.iter().map(call))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successive_calls_meet_other_inputs() {
        let rows: Vec<f32> = (0..3_000).map(|row| row as f32).collect();
        for batch in [1, 3, 1_023, 1_024, 1_025, 2_999] {
            let rotation = Rotation::new(&rows, 1, batch);
            assert_ne!(rotation.batch_at(0), rotation.batch_at(1), "batch {batch}");
            assert_eq!(rotation.batch_at(0).len(), batch);
            assert!(rotation.rows.len() >= ROTATING && rotation.rows.len().is_multiple_of(batch));
        }
    }
}
