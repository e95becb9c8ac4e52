//! Ctrl-C as a wish to end, not an end.

use signal_hook::consts::SIGINT;
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::Failure;

/// Whether Ctrl-C was pressed. A second time it ends the process at once.
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Watches from now on.
    pub(super) fn watch() -> io::Result<Interrupt> {
        let pressed = Arc::new(AtomicBool::new(false));
        // They are called in this order: the first time, nothing is pressed yet.
        flag::register_conditional_shutdown(SIGINT, Failure::INTERRUPTED.into(), pressed.clone())?;
        flag::register(SIGINT, pressed.clone())?;
        Ok(Interrupt(pressed))
    }

    pub(super) fn is_pressed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
