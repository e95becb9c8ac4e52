//! When more training no longer helps.

use super::Mlp;

/// Watches a loss (or any number that should fall) on examples that are not learnt from, and keeps the network that had the least.
#[derive(Debug, Clone)]
pub struct EarlyStopping {
    pub(super) patience: usize,
    pub(super) best: Option<(f64, Mlp)>,
    /// Looks since the best.
    pub(super) since: usize,
}

impl EarlyStopping {
    /// Gives up after `patience` looks in a row that were no better than the best, 1 or more.
    pub fn new(patience: usize) -> EarlyStopping {
        EarlyStopping { patience, best: None, since: 0 }
    }

    /// Looks at `network`, whose loss is `loss`; whether to go on. A loss that is NaN is no better than any.
    pub fn goes_on(&mut self, loss: f64, network: &Mlp) -> bool {
        let is_better = match &self.best {
            Some((least, _)) => loss < *least,
            None => !loss.is_nan(),
        };
        if is_better {
            self.best = Some((loss, network.clone()));
            self.since = 0;
        } else {
            self.since += 1;
        }
        !self.is_over()
    }

    /// Whether the patience is at its end.
    pub fn is_over(&self) -> bool {
        self.since >= self.patience
    }

    /// The least loss and the network that had it; `None` before the first look that was not NaN.
    pub fn into_best(self) -> Option<(f64, Mlp)> {
        self.best
    }
}
