//! The `prunella` command.
#![forbid(unsafe_code)]

fn main() {}
