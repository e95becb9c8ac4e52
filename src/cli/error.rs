//! What the process ends with when a command fails.

use core::error::Error;
use core::fmt::{self, Display};
use std::format;
use std::prelude::rust_2024::*;

/// Why a command failed: a message for stderr, and an exit code.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The exit code of wrong usage, as clap's.
    pub(super) const USAGE: u8 = 2;
    const WORK: u8 = 1;
    /// Everything went well, but what was wanted is not to be had.
    const UNMET: u8 = 3;
    /// What a shell reports of a command that Ctrl-C ended.
    pub(super) const INTERRUPTED: u8 = 130;

    /// The arguments ask for something impossible.
    pub(super) fn usage(message: impl Display) -> Failure {
        Failure { code: Self::USAGE, message: message.to_string() }
    }

    /// The arguments are fine, but what they name is not: `place` is a file or directory.
    pub(super) fn at(place: impl Display, problem: impl Display) -> Failure {
        Failure { code: Self::WORK, message: format!("{place}: {problem}") }
    }

    /// Nothing keeps the goal.
    pub(super) fn unmet(message: impl Display) -> Failure {
        Failure { code: Self::UNMET, message: message.to_string() }
    }

    /// The user wanted it to end.
    pub(super) fn interrupted(message: impl Display) -> Failure {
        Failure { code: Self::INTERRUPTED, message: message.to_string() }
    }

    pub(super) fn code(&self) -> u8 {
        self.code
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The library's errors say where and what to do; they need no more than an exit code.
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure { code: Self::WORK, message: error.to_string() }
    }
}
