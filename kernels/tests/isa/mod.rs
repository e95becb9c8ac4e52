//! Runs a check on every instruction set of this machine.
//!
//! `PRUNELLA_ISA` restricts it to one set. `PRUNELLA_REQUIRE_ISA` (a comma list) makes a missing set a failure, so that a
//! machine chosen for its AVX-512 cannot pass without it.

use prunella_kernels::{Isa, Kernels};
use std::env;

/// Calls `check` with the kernels of every available instruction set but those that `PRUNELLA_ISA` excludes; says so where one is
/// left out.
///
/// # Panics
/// A required set is missing, or no set is left.
pub(crate) fn each_isa(check: impl Fn(Kernels)) {
    let only = env::var("PRUNELLA_ISA").ok().filter(|name| !name.is_empty());
    if let Some(name) = &only {
        Isa::from_name(name).unwrap_or_else(|e| panic!("PRUNELLA_ISA={name}: {e}"));
    }
    for name in
        env::var("PRUNELLA_REQUIRE_ISA").iter().flat_map(|list| list.split(',')).filter(|n| !n.is_empty())
    {
        Isa::from_name(name).unwrap_or_else(|e| panic!("PRUNELLA_REQUIRE_ISA: {name}: {e}"));
    }
    for name in ["portable", "neon", "avx2", "avx512"] {
        match Isa::from_name(name) {
            Ok(isa) if only.as_deref().is_none_or(|o| o == name) => check(Kernels::new(isa)),
            Ok(_) => eprintln!("SKIPPED {name}: PRUNELLA_ISA names another set"),
            Err(e) => eprintln!("SKIPPED {name}: {e}"),
        }
    }
}

/// Calls `check` with the kernels of every available instruction set, whatever `PRUNELLA_ISA` says: for a check that compares sets
/// with each other, and would compare nothing if it met only one. Says so where there is nothing to compare.
pub(crate) fn each_isa_together(check: impl Fn(Kernels)) {
    if Isa::available().filter(|isa| isa.fuses()).count() < 2 {
        eprintln!("SKIPPED comparing instruction sets: this machine has fewer than two that fuse");
    }
    Isa::available().map(Kernels::new).for_each(check);
}
