//! From gradients to steps: the optimizers, and how their rate changes while training goes on.

use super::TrainError;
use prunella_kernels::{self as kernels, Gradient, Kernels, Line};
use std::{vec, vec::Vec};

/// How a gradient changes the weights. The definitions are PyTorch's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    /// Plain gradient descent.
    Sgd {
        /// The learning rate.
        rate: f32,
    },
    /// Gradient descent with a velocity.
    Momentum {
        /// The learning rate.
        rate: f32,
        /// What remains of the velocity each step, in [0, 1).
        momentum: f32,
    },
    /// Adam (Kingma and Ba, 2015).
    Adam {
        /// The learning rate.
        rate: f32,
        /// What remains of the mean of the gradient each step, in [0, 1).
        beta1: f32,
        /// What remains of the mean of its square each step, in [0, 1).
        beta2: f32,
        /// Keeps a denominator from zero.
        epsilon: f32,
    },
}

impl Optimizer {
    /// Adam with the decays of its paper.
    pub const fn adam(rate: f32) -> Optimizer {
        Optimizer::Adam { rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }

    /// The learning rate before the schedule.
    pub fn rate(self) -> f32 {
        let (Optimizer::Sgd { rate } | Optimizer::Momentum { rate, .. } | Optimizer::Adam { rate, .. }) =
            self;
        rate
    }

    /// The same optimizer with another learning rate.
    pub fn with_rate(mut self, new: f32) -> Optimizer {
        let (Optimizer::Sgd { rate } | Optimizer::Momentum { rate, .. } | Optimizer::Adam { rate, .. }) =
            &mut self;
        *rate = new;
        self
    }

    pub(super) fn check(self) -> Result<(), TrainError> {
        let positive = |name, value: f32| {
            let valid = value > 0.0 && value.is_finite();
            if valid { Ok(()) } else { Err(TrainError::setting(name, value, "finite and above 0")) }
        };
        let decay = |name, value: f32| {
            let valid = (0.0..1.0).contains(&value);
            if valid { Ok(()) } else { Err(TrainError::setting(name, value, "at least 0 and below 1")) }
        };
        positive("the learning rate", self.rate())?;
        match self {
            Optimizer::Sgd { .. } => Ok(()),
            Optimizer::Momentum { momentum, .. } => decay("the momentum", momentum),
            Optimizer::Adam { beta1, beta2, epsilon, .. } => {
                decay("beta1", beta1)?;
                decay("beta2", beta2)?;
                positive("epsilon", epsilon)
            }
        }
    }

    /// What this optimizer remembers of a tensor of `lines`, before the first step.
    pub(super) fn moments(self, lines: usize) -> Moments {
        let zeros = |needed| vec![Line::ZERO; if needed { lines } else { 0 }];
        let is_adam = matches!(self, Optimizer::Adam { .. });
        Moments {
            first: zeros(is_adam || matches!(self, Optimizer::Momentum { .. })),
            second: zeros(is_adam),
        }
    }

    /// Step number `t`, from 1, on the weights `w` with gradient `g`.
    pub(super) fn step(
        self,
        kernels: Kernels,
        t: u64,
        (w, mask): (&mut [Line], Option<&[Line]>),
        moments: MomentsMut<'_>,
        g: Gradient<'_>,
    ) {
        let MomentsMut { first, second } = moments;
        match self {
            Optimizer::Sgd { rate } => kernels.sgd(kernels::Sgd { rate }, w, g, mask),
            Optimizer::Momentum { rate, momentum } => {
                kernels.momentum(kernels::Momentum { rate, momentum }, w, first, g, mask);
            }
            Optimizer::Adam { rate, beta1, beta2, epsilon } => {
                let step = kernels::Adam { rate, beta1, beta2, epsilon, t };
                kernels.adam(step, w, kernels::AdamState { m: first, v: second }, g, mask);
            }
        }
    }
}

/// What an optimizer remembers of one tensor: Adam's two means, or the velocity as the first, or nothing.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    pub(super) first: Vec<Line>,
    pub(super) second: Vec<Line>,
}

/// The same, of consecutive lines of a tensor.
#[derive(Default)]
pub(super) struct MomentsMut<'a> {
    first: &'a mut [Line],
    second: &'a mut [Line],
}

impl Moments {
    pub(super) fn all(&mut self) -> MomentsMut<'_> {
        MomentsMut { first: &mut self.first, second: &mut self.second }
    }
}

impl<'a> MomentsMut<'a> {
    /// Splits off the moments of the first `lines` lines, as far as any are kept.
    pub(super) fn split_off(&mut self, lines: usize) -> MomentsMut<'a> {
        MomentsMut { first: split_off(&mut self.first, lines), second: split_off(&mut self.second, lines) }
    }
}

/// Splits off the first `count` elements, or all if there are fewer.
pub(super) fn split_off<'a, T>(rest: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    rest.split_off_mut(..count.min(rest.len())).expect("the count is within the slice")
}

/// How the learning rate changes from the first step to the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Schedule {
    /// It stays.
    Constant,
    /// It falls to zero along half a cosine.
    #[default]
    Cosine,
    /// It rises from a 25th along half a cosine in the first three tenths of the steps, then falls to zero along another (Smith and
    /// Topin, "Super-convergence", 2018, in PyTorch's form): higher rates than a cosine bears from the first step, for few epochs.
    OneCycle,
}

impl Schedule {
    /// What the rate is multiplied by in step `step` of `steps`, counted from 0.
    pub fn factor(self, step: usize, steps: usize) -> f32 {
        // The platforms' cosines differ in the last bit of an f64, which an f32 almost never shows.
        let fall = |share: f64| 0.5 + 0.5 * (core::f64::consts::PI * share).cos();
        let share = step as f64 / steps as f64;
        match self {
            Schedule::Constant => 1.0,
            Schedule::Cosine => fall(share) as f32,
            Schedule::OneCycle if share < 0.3 => (1.0 - 0.96 * fall(share / 0.3)) as f32,
            Schedule::OneCycle => fall((share - 0.3) / 0.7) as f32,
        }
    }
}
