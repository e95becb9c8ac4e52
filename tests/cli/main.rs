//! The command as its user meets it: the real binary, what it prints, its exit code, and the files it leaves.
#![cfg(feature = "cli")]

mod advise;
mod bad_arguments;
mod bad_files;
mod breakeven;
mod fixture;
mod prototypes;
mod repro;
mod training;
mod verbs;
