//! Sixteen networks trained side by side.

use super::mask::Mask;
use super::settings::{CoverageForm, Definition, OverlapForm};
use super::start::Start;
use prunella_kernels::{
    Adam, AdamState, Coverage, Gradient, Kernels, Line, Overlap, PrototypeLosses, PrototypeNetworks,
};
use std::{vec, vec::Vec};

/// How many networks are trained together.
pub(super) const PACK: usize = Line::LEN;

/// A network after its training.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// As in [`Start::parameters`].
    pub parameters: Vec<f32>,
    /// The mean squared error of its outputs.
    pub fit: f32,
}

/// The networks of one definition and size, in their lanes.
struct Pack<'a> {
    kernels: Kernels,
    definition: &'a Definition,
    losses: PrototypeLosses,
    n: usize,
    d: usize,
    x: Vec<Line>,
    y: Vec<Line>,
    lambda: [Line; 3],
    parameters: Vec<Line>,
    gradient: Vec<Line>,
    moments: [Vec<Line>; 2],
    scratch: Vec<Line>,
}

/// Values of up to sixteen networks, value by value in lines; lanes left over repeat the first.
fn lanes<'a>(networks: usize, of: impl Fn(usize) -> &'a [f32]) -> Vec<Line> {
    let len = of(0).len();
    let line = |k: usize| Line(core::array::from_fn(|lane| of(if lane < networks { lane } else { 0 })[k]));
    (0..len).map(line).collect()
}

/// `[n, d]` as `[d, n]`.
fn transposed(x: &[Line], d: usize) -> Vec<Line> {
    (0..d).flat_map(|k| x.iter().skip(k).step_by(d).copied()).collect()
}

impl Pack<'_> {
    fn new<'a>(kernels: Kernels, definition: &'a Definition, networks: &[(Mask, &Start)]) -> Pack<'a> {
        let (n, d) = (networks[0].1.n, networks[0].1.d);
        let any = |term: fn(&Mask) -> bool| networks.iter().any(|(mask, _)| term(mask));
        let losses = losses(definition, any);
        let weight = |on: bool| if on { definition.lambda } else { 0.0 };
        let of: Vec<[f32; 3]> =
            networks.iter().map(|(m, _)| [m.overlap, m.coverage, m.separation].map(weight)).collect();
        let lambda = lanes(networks.len(), |i| &of[i]);
        let parameters = lanes(networks.len(), |i| &networks[i].1.parameters);
        let zeros = vec![Line::ZERO; parameters.len()];
        Pack {
            kernels,
            definition,
            n,
            d,
            x: transposed(&lanes(networks.len(), |i| &networks[i].1.x), d),
            y: lanes(networks.len(), |i| &networks[i].1.y),
            lambda: [lambda[0], lambda[1], lambda[2]],
            gradient: zeros.clone(),
            moments: [zeros.clone(), zeros],
            scratch: vec![Line::ZERO; PrototypeNetworks::scratch(n, d)],
            parameters,
            losses,
        }
    }

    /// Computes the gradient where the parameters are; returns the fits.
    fn gradient(&mut self) -> Line {
        let networks = PrototypeNetworks {
            n: self.n,
            d: self.d,
            x: &self.x,
            y: &self.y,
            parameters: &self.parameters,
            lambda: &self.lambda,
            guard: self.definition.guard,
        };
        self.kernels.prototype_gradient(&networks, &self.losses, &mut self.gradient, &mut self.scratch)
    }

    fn step(&mut self, t: u64) {
        self.gradient();
        let adam = Adam { rate: self.definition.rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, t };
        let [m, v] = &mut self.moments;
        let gradient = Gradient::Lines(&self.gradient);
        self.kernels.adam(adam, &mut self.parameters, AdamState { m, v }, gradient, None);
    }

    fn network(&self, lane: usize) -> Vec<f32> {
        self.parameters.iter().map(|line| line.0[lane]).collect()
    }
}

/// The losses of a definition, those that `any` network has.
fn losses(definition: &Definition, any: impl Fn(fn(&Mask) -> bool) -> bool) -> PrototypeLosses {
    let overlap = match definition.overlap {
        OverlapForm::Product => Overlap::Product,
        OverlapForm::Cosine => Overlap::Cosine,
    };
    let coverage = match definition.coverage {
        CoverageForm::SoftMinimum => Coverage::SoftMinimum { tau: definition.tau_c },
        CoverageForm::LargestActivation => Coverage::LargestActivation,
    };
    PrototypeLosses {
        overlap: any(|mask| mask.overlap).then_some(overlap),
        coverage: any(|mask| mask.coverage).then_some(coverage),
        separation: any(|mask| mask.separation).then_some(definition.tau_s),
    }
}

/// Trains up to 16 networks of one definition and size; `seen` is given the step, the place and the parameters of each network
/// before every step that is in `snapshots`. What becomes of a network does not depend on the others.
pub(super) fn train(
    kernels: Kernels,
    definition: &Definition,
    networks: &[(Mask, &Start)],
    snapshots: &[usize],
    seen: &mut dyn FnMut(usize, usize, Vec<f32>),
) -> Vec<Trained> {
    if networks.is_empty() {
        return Vec::new();
    }
    let mut pack = Pack::new(kernels, definition, networks);
    for step in 0..definition.steps {
        if snapshots.contains(&step) {
            (0..networks.len()).for_each(|lane| seen(step, lane, pack.network(lane)));
        }
        pack.step(step as u64 + 1);
    }
    let fit = pack.gradient();
    (0..networks.len()).map(|lane| Trained { parameters: pack.network(lane), fit: fit.0[lane] }).collect()
}

/// The gradient of one network, laid out as its parameters.
pub fn gradient(kernels: Kernels, definition: &Definition, mask: Mask, start: &Start) -> Vec<f32> {
    let mut pack = Pack::new(kernels, definition, &[(mask, start)]);
    pack.gradient();
    pack.gradient.iter().map(|line| line.0[0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::prototypes::reference::Network;
    use prunella_kernels::Isa;

    /// The rate, both betas and what corrects for the moments' start from 0 show from the first steps on.
    #[test]
    fn steps_are_those_of_the_reference() {
        let definition = Definition { steps: 30, ..Definition::default() };
        let starts: Vec<Start> = (0..2).map(|seed| Start::new(&definition, 6, seed)).collect();
        let networks: Vec<(Mask, &Start)> =
            starts.iter().flat_map(|start| Mask::ALL.map(|mask| (mask, start))).collect();
        let trained = train(Kernels::new(Isa::best()), &definition, &networks, &[], &mut |_, _, _| {});
        for ((mask, start), trained) in networks.iter().zip(&trained) {
            let mut exact = Network::new(start);
            exact.train(&definition, *mask);
            for (k, (got, exact)) in trained.parameters.iter().zip(&exact.parameters).enumerate() {
                let error = (f64::from(*got) - exact).abs();
                assert!(error < 1e-5, "{mask}, parameter {k}: {got}, not {exact}");
            }
        }
    }
}
