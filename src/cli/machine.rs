//! The instruction set and the threads of a command.

use super::args::MachineArgs;
use super::error::Failure;
use crate::measure::Environment;
use crate::train::Compute;
use core::num::NonZeroUsize;
use prunella_kernels::{Isa, Kernels, Pool};
use std::prelude::rust_2024::*;
use std::sync::Arc;
use std::{env, format, thread};

/// Names the instruction set where `--isa` does not.
const ISA_VARIABLE: &str = "PRUNELLA_ISA";

/// What computes.
pub(super) struct Machine {
    pub(super) isa: Isa,
    pub(super) pool: Arc<Pool>,
}

impl Machine {
    /// As the arguments say, else the environment, else all that there is.
    pub(super) fn new(args: &MachineArgs) -> Result<Machine, Failure> {
        let isa = match args.isa {
            Some(isa) => isa,
            None => isa_of_environment()?,
        };
        let available = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let threads = args.threads.and_then(NonZeroUsize::new).unwrap_or(available);
        let pool = Pool::new(threads)
            .map_err(|error| Failure::at(format!("--threads {threads}"), format!("{error}; use fewer")))?;
        Ok(Machine { isa, pool: Arc::new(pool) })
    }

    pub(super) fn threads(&self) -> usize {
        self.pool.threads().get()
    }

    pub(super) fn compute(&self) -> Compute<'_> {
        Compute { kernels: Kernels::new(self.isa), pool: &self.pool }
    }

    pub(super) fn environment(&self) -> Environment {
        let available: Vec<&str> = Isa::available().map(Isa::name).collect();
        Environment::detect(self.isa.name(), &available, self.threads())
    }
}

fn isa_of_environment() -> Result<Isa, Failure> {
    match env::var_os(ISA_VARIABLE) {
        Some(name) if !name.is_empty() => {
            let name = name.to_string_lossy();
            Isa::from_name(&name).map_err(|error| Failure::usage(format!("{ISA_VARIABLE}={name}: {error}")))
        }
        _ => Ok(Isa::best()),
    }
}
