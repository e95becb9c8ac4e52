//! Saliency: how much each pixel moves the probability that a network gives.

use std::format;
use std::string::String;

/// What is meant by moving it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// `|p(x + eps e_i) - p(x)|`: the pixel made brighter by that much.
    Perturbation(f64),
    /// `|dp / dx_i|`.
    Gradient,
}

impl Method {
    /// Those of the study, and the gradient that they approximate.
    pub const ALL: [Method; 3] = [Method::Perturbation(0.1), Method::Perturbation(0.01), Method::Gradient];

    /// As the results file says it.
    pub fn name(self) -> String {
        match self {
            Method::Perturbation(eps) => format!("perturbation-{eps}"),
            Method::Gradient => "gradient".into(),
        }
    }
}
