//! Nothing is timed before its outputs are right.

use std::fmt;
use std::vec;
use std::vec::Vec;

use prunella_kernels::reference::{self, Expected, Mismatch};
use prunella_kernels::{Csr, Pool};

use super::VariantName;
use super::subject::{Contestant, Rotation};
use crate::metrics::argmax;
use crate::model::{Layer, Model};

/// A variant that computes something else than it should.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrong {
    /// The variant.
    pub variant: VariantName,
    /// Examples per call.
    pub batch: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with outputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Further from the oracle than rounding explains.
    Oracle(Mismatch),
    /// Not the bits of another variant of the same network.
    Bits(VariantName),
    /// Not what it computed before the timed rounds.
    Changed,
    /// Of the layer of this index: its parts do not compute what the whole does.
    Parts(usize),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wrong { variant, batch, fault } = self;
        write!(f, "{variant} at batch {batch} computes wrong outputs, so there is no result: ")?;
        match fault {
            Fault::Oracle(mismatch) => write!(f, "{mismatch}"),
            Fault::Bits(other) => write!(f, "they are not the bits that {other} computes"),
            Fault::Changed => f.write_str("after the timed rounds they are not what they were before"),
            Fault::Parts(layer) => write!(f, "the parts of layer {layer} do not give what the layer gives"),
        }?;
        f.write_str("; please report this with the command and the output of `prunella info`")
    }
}

/// Examples of one task of the oracle.
const CHUNK: usize = 64;

/// What a network computes for each example, in f64.
pub(crate) struct Oracle {
    fan_in: usize,
    fan_out: usize,
    logits: Vec<Expected>,
}

/// What was found right.
pub(crate) struct Checked {
    pub(crate) max_abs_diff: f64,
    pub(super) agreement: f64,
    logits: Vec<f32>,
}

impl Oracle {
    pub(crate) fn new(model: &Model, rows: &[f32], pool: &Pool) -> Oracle {
        let (fan_in, fan_out) = (model.fan_in(), model.fan_out());
        // Terms of zero change neither the value nor its bound.
        let layers: Vec<(&Layer, Csr)> = model
            .layers()
            .iter()
            .map(|layer| (layer, Csr::from_dense(layer.weight(), layer.fan_in())))
            .collect();
        let mut parts: Vec<(&[f32], Vec<Expected>)> =
            rows.chunks(CHUNK * fan_in).map(|rows| (rows, vec![])).collect();
        pool.for_each(&mut parts, |_, (rows, logits)| {
            *logits = layers.iter().fold(reference::exact(rows), |x, (layer, weight)| {
                reference::csr_layer(weight.view(), layer.bias(), layer.activation(), &x)
            });
        });
        Oracle { fan_in, fan_out, logits: parts.into_iter().flat_map(|(_, logits)| logits).collect() }
    }

    /// Runs all examples through a contestant, in the batches it will be timed with.
    pub(crate) fn check(
        &self,
        contestant: &mut Contestant,
        rows: &[f32],
        batch: usize,
    ) -> Result<Checked, Wrong> {
        let logits = contestant.logits(rows, batch);
        let wrong = |mismatch| Wrong { variant: contestant.variant, batch, fault: Fault::Oracle(mismatch) };
        let mut max_abs_diff = 0.0f64;
        let len = batch * self.fan_out;
        for (got, want) in logits.chunks(len).zip(self.logits.chunks(len)) {
            let largest = want.iter().map(|e| e.value.abs()).fold(f64::MIN_POSITIVE, f64::max);
            max_abs_diff = max_abs_diff.max(reference::check(got, want).map_err(wrong)? / largest);
        }
        let examples = logits.chunks(self.fan_out).zip(self.logits.chunks(self.fan_out));
        let agreeing = examples.filter(|(got, want)| {
            let want: Vec<f32> = want.iter().map(|e| e.value as f32).collect();
            argmax(got) == argmax(&want)
        });
        let agreement = agreeing.count() as f64 / (rows.len() / self.fan_in) as f64;
        Ok(Checked { max_abs_diff, agreement, logits })
    }
}

impl Checked {
    /// Whether the output of the last timed call has the bits found right before.
    pub(super) fn still_right(&self, contestant: &Contestant, rotation: &Rotation) -> Result<(), Wrong> {
        let start = rotation.first_row(contestant.last_call) * contestant.engine.fan_out();
        let right = self.logits.iter().cycle().skip(start % self.logits.len());
        if contestant.output.iter().zip(right).all(|(a, b)| a.to_bits() == b.to_bits()) {
            return Ok(());
        }
        Err(Wrong { variant: contestant.variant, batch: rotation.batch(), fault: Fault::Changed })
    }
}

/// Whether all variants of a network gave the same bits (the canonical order of [`crate::kernels`] promises it).
pub(super) fn same_bits(contestants: &[Contestant], checked: &[Checked], batch: usize) -> Result<(), Wrong> {
    let all: Vec<_> = contestants.iter().zip(checked).collect();
    for pair in all.windows(2) {
        let [(one, a), (other, b)] = pair else { continue };
        let same = a.logits.iter().zip(&b.logits).all(|(a, b)| a.to_bits() == b.to_bits());
        if one.case == other.case && !same {
            return Err(Wrong { variant: other.variant, batch, fault: Fault::Bits(one.variant) });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
