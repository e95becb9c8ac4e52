//! The engine: the same bits whatever runs, right by the oracle, and bad calls answered.

mod bits;
mod errors;
mod networks;
#[cfg(feature = "std")]
mod oracle;
#[cfg(feature = "std")]
mod parts;
mod plan;
#[cfg(feature = "std")]
mod threads;
