//! How far the work has come: on stderr, for whoever waits at a terminal.

use core::fmt::Display;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::eprintln;
use std::prelude::rust_2024::*;

const STYLE: &str = "{msg:<30} {wide_bar} {percent:>3} % {elapsed:>5}";

/// Where progress and remarks go.
#[derive(Clone, Copy)]
pub(super) struct Progress {
    quiet: bool,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Progress {
        Progress { quiet }
    }

    /// A bar of `total` steps, which disappears when it is finished. Drawn only if stderr is a terminal.
    pub(super) fn bar(self, what: impl Into<String>, total: usize) -> ProgressBar {
        let target =
            if self.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
        let style = ProgressStyle::with_template(STYLE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(total as u64), target).with_style(style);
        bar.set_message(what.into());
        bar
    }

    /// One line that a user should know of before the result.
    pub(super) fn remark(self, line: impl Display) {
        if !self.quiet {
            eprintln!("{line}");
        }
    }
}
