//! What takes part: a name, what it was given, and the work itself, here or in another process.

use std::time::Instant;

use prunella::measure::Subject;

use crate::cell::Inputs;
use crate::python::Remote;

/// Work that is done in this process.
pub trait Work {
    /// Does the work of a call; the inputs rotate with its number.
    fn run(&mut self, call: usize);
    /// What the last call gave, `[batch, fan_out]`, row-major.
    fn rows(&self) -> Vec<f32>;
}

/// Where the work is done.
pub enum Place {
    Here(Box<dyn Work>),
    Elsewhere(Remote),
}

/// At which of a cell's sparsities a time counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// Zeros are numbers like any other: measured once, it holds at every sparsity.
    Any,
    /// Those of one sparsity, by its index.
    Of(usize),
}

/// One column of the table at one sparsity, or at all.
pub struct Contestant {
    pub name: &'static str,
    /// Ours, and not a peer.
    pub ours: bool,
    /// What it was given: the fastest of what it offers, found beforehand.
    pub given: String,
    pub weights: Weights,
    pub place: Place,
}

impl Contestant {
    /// Outputs of all inputs, row-major.
    pub fn outputs(&mut self, inputs: &Inputs) -> Result<Vec<f32>, String> {
        match &mut self.place {
            Place::Here(work) => {
                let of_call = |call| {
                    work.run(call);
                    work.rows()
                };
                Ok((0..inputs.batches()).flat_map(of_call).collect())
            }
            Place::Elsewhere(remote) => remote.outputs(),
        }
    }

    /// Nanoseconds of one call.
    pub fn once_ns(&mut self) -> f64 {
        match &mut self.place {
            Place::Here(work) => {
                let start = Instant::now();
                work.run(0);
                start.elapsed().as_nanos() as f64
            }
            Place::Elsewhere(remote) => remote.time(0, 1),
        }
    }

    /// Its turn in the rounds.
    pub fn subject(&mut self) -> Subject<'_> {
        match &mut self.place {
            Place::Here(work) => Subject::new(self.name, move |call| work.run(call)),
            Place::Elsewhere(remote) => {
                Subject::self_timed(self.name, move |first, calls| remote.time(first, calls))
            }
        }
    }
}
