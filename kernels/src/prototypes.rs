//! Small Gaussian networks whose neurons are to specialise in single points, sixteen of them at a time: the gradient of a fit and
//! of the structural losses on their prototypes.

use crate::generic::prototypes::{CoverageTerm, Networks, OverlapTerm, scratch_lines};
use crate::kernels::Kernels;
use crate::view::Line;

/// How two neurons overlap: the mean over pairs of neurons of
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// the mean over the points of the product of their activations.
    Product,
    /// the cosine between their activations over the points.
    Cosine,
}

/// How far a point is from being covered: the mean over the points of
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Coverage {
    /// `-tau log sum_j exp(-|x - p_j|^2 / tau)`.
    SoftMinimum {
        /// The softness, a squared distance.
        tau: f32,
    },
    /// 1 - the largest activation.
    LargestActivation,
}

/// Which structural losses there are, and how they are defined.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PrototypeLosses {
    /// Overlap, if any network has it.
    pub overlap: Option<Overlap>,
    /// Coverage, if any network has it.
    pub coverage: Option<Coverage>,
    /// The reach tau of separation, a squared distance, if any network has it: the mean over pairs of neurons of
    /// `exp(-|p_j - p_k|^2 / tau)`.
    pub separation: Option<f32>,
}

/// Sixteen networks, one in each position of every line: n points of d coordinates and n Gaussian neurons, `h_ij =
/// exp(-sum_d (w_jd x_id + b_jd)^2)`, and the output `f_i = sum_j a_j h_ij + c`. The prototype of a neuron is `p_jd = -b_jd / w_jd`.
#[derive(Clone, Copy, Debug)]
pub struct PrototypeNetworks<'a> {
    /// Points, and neurons.
    pub n: usize,
    /// Coordinates.
    pub d: usize,
    /// The points, coordinate by coordinate: `[d, n]`.
    pub x: &'a [Line],
    /// What is to be learnt, `[n]`.
    pub y: &'a [Line],
    /// w `[n, d]`, b `[n, d]`, a `[n]`, c `[1]`, one after the other: [`PrototypeNetworks::parameters`] lines.
    pub parameters: &'a [Line],
    /// What each network's overlap, coverage and separation are multiplied by; 0 for one that it does without.
    pub lambda: &'a [Line; 3],
    /// A prototype is divided by no less than this, with the sign of w.
    pub guard: f32,
}

impl PrototypeNetworks<'_> {
    /// Lines of parameters, and of their gradient.
    ///
    /// # Panics
    /// They are more than memory holds.
    pub fn parameters(n: usize, d: usize) -> usize {
        let lines = n.checked_mul(d).and_then(|nd| nd.checked_mul(2)?.checked_add(n)?.checked_add(1));
        lines.expect("the parameters fit memory")
    }

    /// Lines of scratch that the gradient needs.
    ///
    /// # Panics
    /// They are more than memory holds.
    pub fn scratch(n: usize, d: usize) -> usize {
        scratch_lines(n, d).expect("the scratch fits memory")
    }
}

impl Kernels {
    /// The gradient of fit plus structural losses, laid out as the parameters; returns the fit alone, the mean squared error of each
    /// network. Where two activations of a point are equally large, both count as the largest. The pairs of a single neuron are
    /// none: overlap and separation are then 0.
    ///
    /// # Panics
    /// There is no point or no coordinate, or an operand is not as long as its shape.
    pub fn prototype_gradient(
        &self,
        networks: &PrototypeNetworks<'_>,
        losses: &PrototypeLosses,
        gradient: &mut [Line],
        scratch: &mut [Line],
    ) -> Line {
        let PrototypeNetworks { n, d, x, y, parameters, lambda, guard } = *networks;
        assert!(n > 0 && d > 0, "there is a point, and it has a coordinate");
        let lines = PrototypeNetworks::parameters(n, d);
        assert_eq!((x.len(), y.len()), (n * d, n), "x is [d, n] and y is [n]");
        assert_eq!((parameters.len(), gradient.len()), (lines, lines), "w, b, a, c and their gradient");
        let needed = PrototypeNetworks::scratch(n, d);
        assert!(scratch.len() >= needed, "{needed} lines of scratch");
        let mut fit = Line::ZERO;
        let operands = Networks {
            n,
            d,
            x: x.as_ptr().cast(),
            y: y.as_ptr().cast(),
            parameters: parameters.as_ptr().cast(),
            gradient: gradient.as_mut_ptr().cast(),
            fit: fit.0.as_mut_ptr(),
            lambda: lambda.as_ptr().cast(),
            overlap: match losses.overlap {
                None => OverlapTerm::None,
                Some(Overlap::Product) => OverlapTerm::Product,
                Some(Overlap::Cosine) => OverlapTerm::Cosine,
            },
            coverage: match losses.coverage {
                None => CoverageTerm::None,
                Some(Coverage::SoftMinimum { tau }) => CoverageTerm::SoftMinimum(tau),
                Some(Coverage::LargestActivation) => CoverageTerm::LargestActivation,
            },
            separation: losses.separation,
            guard,
            scratch: scratch.as_mut_ptr().cast(),
        };
        // SAFETY: an `Isa` proves the machine; x, y, parameters, gradient and scratch reach over their lines, checked above; fit is
        // a line and lambda are three.
        unsafe { (self.table.training.prototypes)(&operands) }
        fit
    }
}
