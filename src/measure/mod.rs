//! Clock, interleaved rounds, statistics, and the description of the machine.
//!
//! It times closures and knows nothing of what they do. That their outputs are right is for the caller to
//! check, before and after. The method and its limits are described in `benches/README.md`.
//!
//! - All that are compared are [`Subject`]s of one [`measure()`]: only what ran in the same rounds has ratios.
//! - A speedup is [`Samples::ratio`], the median of per-round ratios with its 95 % interval.
//! - The *noise floor* is the ratio of two subjects that run independently packed copies of one variant.
//! - The machine's peak is a subject too, so that it meets the same frequency and the same neighbours.
//! - What must be picked before it is measured is picked by [`choose`]; its timings are thrown away.
//!
//! ```
//! use prunella::measure::{Plan, Subject, measure};
//! use std::hint::black_box;
//!
//! let inputs: Vec<[f32; 64]> = (0..1024).map(|seed| [seed as f32; 64]).collect();
//! let sum = |call: usize| {
//!     // Without `black_box` nobody reads the sum, and the compiler need not compute it.
//!     black_box(inputs[call % inputs.len()].iter().sum::<f32>());
//! };
//! let sort = |call: usize| {
//!     let mut values = inputs[call % inputs.len()];
//!     values.sort_unstable_by(f32::total_cmp);
//!     black_box(values);
//! };
//! let mut subjects = [Subject::new("sum", sum), Subject::new("sort", sort)];
//! let plan = Plan { rounds: 20, target_sample_ns: 5_000, ..Plan::default() };
//! let samples = measure(&mut subjects, &plan, &mut |_done, _rounds| {});
//! let slower = samples.ratio(1, 0);
//! println!("sorting takes {:.1} times as long [{:.1}, {:.1}]", slower.mid, slower.lo, slower.hi);
//! ```

mod caches;
mod choose;
mod clock;
mod contention;
mod environment;
mod rounds;
mod samples;
pub mod stats;

pub use caches::{Caches, Level};
pub use choose::choose;
pub use clock::clock_overhead_ns;
pub use environment::Environment;
pub use rounds::{Plan, Subject, measure};
pub use samples::{Samples, Summary};
pub use stats::Interval;
