//! Clock, interleaved rounds, statistics, and the description of the machine.

mod environment;

pub use environment::Environment;
