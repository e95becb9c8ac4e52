//! A compiled network that takes its turn in the rounds, and the inputs it meets there.

use std::vec;
use std::vec::Vec;

use super::VariantName;
use crate::engine::{Engine, Scratch};
use crate::measure::Subject;

/// Examples that rotate, so that no branch predictor learns one of them.
const ROTATING: usize = 1_024;

/// At least 1,024 examples in whole batches, row-major.
pub(super) struct Rotation {
    rows: Vec<f32>,
    fan_in: usize,
    batch: usize,
}

impl Rotation {
    /// The first rows, again from the start where there are too few.
    pub(super) fn new(rows: &[f32], fan_in: usize, batch: usize) -> Rotation {
        let needed = batch * ROTATING.div_ceil(batch) * fan_in;
        Rotation { rows: rows.iter().copied().cycle().take(needed).collect(), fan_in, batch }
    }

    pub(super) fn batch(&self) -> usize {
        self.batch
    }

    /// The input of a call.
    pub(super) fn batch_at(&self, call: usize) -> &[f32] {
        &self.rows[self.first_row(call) * self.fan_in..][..self.batch * self.fan_in]
    }

    /// Where the input of a call starts.
    pub(super) fn first_row(&self, call: usize) -> usize {
        let batches = self.rows.len() / (self.batch * self.fan_in);
        call % batches * self.batch
    }
}

/// One variant of one network, with the memory of its runs.
pub(super) struct Contestant {
    /// Which network.
    pub(super) case: usize,
    pub(super) variant: VariantName,
    pub(super) engine: Engine,
    scratch: Scratch,
    pub(super) output: Vec<f32>,
    /// The last timed call.
    pub(super) last_call: usize,
}

impl Contestant {
    pub(super) fn new(case: usize, variant: VariantName, engine: Engine, batch: usize) -> Contestant {
        let (scratch, output) = (engine.scratch(), vec![f32::NAN; batch * engine.fan_out()]);
        Contestant { case, variant, engine, scratch, output, last_call: 0 }
    }

    /// The logits of `rows`, computed a batch at a time.
    pub(super) fn logits(&mut self, rows: &[f32], batch: usize) -> Vec<f32> {
        let (fan_in, fan_out) = (self.engine.fan_in(), self.engine.fan_out());
        let mut logits = vec![f32::NAN; rows.len() / fan_in * fan_out];
        for (x, y) in rows.chunks(batch * fan_in).zip(logits.chunks_mut(batch * fan_out)) {
            self.engine.run(x, y, &mut self.scratch).expect("whole rows, and this engine's scratch");
        }
        logits
    }

    /// Its turn in the rounds; the output is poisoned first, so that what stands there afterwards was computed there.
    pub(super) fn subject<'a>(&'a mut self, rotation: &'a Rotation) -> Subject<'a> {
        self.output.fill(f32::NAN);
        let Contestant { engine, scratch, output, last_call, .. } = self;
        Subject::new(self.variant.name(), move |call| {
            engine
                .run(rotation.batch_at(call), output, scratch)
                .expect("whole rows, and this engine's scratch");
            *last_call = call;
        })
    }
}
