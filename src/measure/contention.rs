//! Whether something else wanted the core.

use std::fs;
use std::prelude::rust_2024::*;
use std::time::Instant;

/// Watches how long the calling thread waits for a core while it could run.
pub(super) struct Watch {
    waited_ns: Option<u64>,
    start: Instant,
}

impl Watch {
    pub(super) fn start() -> Watch {
        Watch { waited_ns: waited_ns(), start: Instant::now() }
    }

    /// The share of the time since the start that was waiting; `None` where the system does not tell.
    pub(super) fn share(&self) -> Option<f64> {
        let waited = waited_ns()?.checked_sub(self.waited_ns?)?;
        Some((waited as f64 / self.start.elapsed().as_nanos().max(1) as f64).min(1.0))
    }
}

/// What Linux accounts to the calling thread as runnable but not running.
fn waited_ns() -> Option<u64> {
    second_number(&fs::read_to_string("/proc/thread-self/schedstat").ok()?)
}

/// The second of "running waiting slices".
fn second_number(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_number_is_the_wait() {
        assert_eq!(second_number("294664735 350676580 89\n"), Some(350_676_580));
        assert_eq!(second_number("0 0 0"), Some(0));
        assert_eq!(second_number("1"), None);
        assert_eq!(second_number("1 x 3"), None);
    }

    #[test]
    fn a_share_is_a_share() {
        assert!(Watch::start().share().is_none_or(|share| (0.0..=1.0).contains(&share)));
    }
}
