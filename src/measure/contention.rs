//! How long something else had the core.
//!
//! On a busy machine a call of 20 ms is interrupted, one of 0.5 ms mostly is not: a ratio of such wall times is wrong, and
//! neither interleaving nor a median mends it. Linux accounts to each thread, to the nanosecond and by the time it runs again,
//! how long it was runnable without running. With a second process on the core, a fixed piece of work took 10 to 23 ms of wall
//! time, and 6.0 to 6.7 ms less that wait.

use std::fs;
use std::prelude::rust_2024::*;

/// Nanoseconds so far that the calling thread could have run but waited for a core; `None` where the system does not tell.
pub(super) fn waited_ns() -> Option<u64> {
    second_number(&fs::read_to_string("/proc/thread-self/schedstat").ok()?)
}

/// Nanoseconds waited since `before`, a result of [`waited_ns`]; 0 where the system does not tell.
pub(super) fn waited_since_ns(before: Option<u64>) -> f64 {
    let waited = waited_ns().zip(before).and_then(|(now, before)| now.checked_sub(before));
    waited.unwrap_or(0) as f64
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
    fn waiting_only_grows() {
        assert!(waited_since_ns(waited_ns()) >= 0.0);
        assert_eq!(waited_since_ns(None), 0.0);
        assert_eq!(waited_since_ns(Some(u64::MAX)), 0.0);
    }
}
