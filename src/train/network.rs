//! The network while it is trained: its weights in the layout that the products of training want.

use super::TrainError;
use crate::model::{Activation, Layer, Model, ModelError};
use crate::rng::Rng;
use prunella_kernels::{Line, Rows, RowsMut};
use std::{format, vec, vec::Vec};

/// What the weights are drawn from before training: a normal distribution with mean 0. Biases start at 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Variance `2 / fan_in` (He et al., 2015): keeps the scale of signals through ReLU layers.
    He,
    /// Variance `2 / (fan_in + fan_out)` (Glorot and Bengio, 2010): for layers without or with symmetric activation.
    Xavier,
    /// A standard deviation of one's own.
    Normal {
        /// The standard deviation.
        std: f32,
    },
}

impl Init {
    fn std(self, fan_in: usize, fan_out: usize) -> f32 {
        match self {
            Init::He => (2.0 / fan_in as f32).sqrt(),
            Init::Xavier => (2.0 / (fan_in as f32 + fan_out as f32)).sqrt(),
            Init::Normal { std } => std,
        }
    }
}

/// A trainable network: fully connected layers, each followed by an activation.
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp {
    pub(super) layers: Vec<Dense>,
}

/// One layer, `h = activation(x weight^T + bias)`. Rows are padded to whole lines with zeros, and stay so.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dense {
    pub(super) fan_in: usize,
    pub(super) fan_out: usize,
    pub(super) activation: Activation,
    /// Transposed: `[fan_in, fan_out]`. So outputs lie along the lines, and a row is what one input contributes to.
    pub(super) weight: Vec<Line>,
    /// `[fan_out]`.
    pub(super) bias: Vec<Line>,
    /// As `weight`: 1 for a weight that is trained, 0 for one that is pruned.
    pub(super) mask: Option<Vec<Line>>,
}

impl Dense {
    /// A layer of zeros.
    fn new(fan_in: usize, fan_out: usize, activation: Activation) -> Result<Dense, TrainError> {
        let too_large =
            || TrainError::Sizes(format!("a layer of {fan_in} x {fan_out} weights does not fit into memory"));
        let lines = fan_in.checked_mul(Line::count(fan_out)).ok_or_else(too_large)?;
        let mut weight = Vec::new();
        weight.try_reserve_exact(lines).map_err(|_| too_large())?;
        weight.resize(lines, Line::ZERO);
        Ok(Dense {
            fan_in,
            fan_out,
            activation,
            weight,
            bias: vec![Line::ZERO; Line::count(fan_out)],
            mask: None,
        })
    }

    /// Lines per row of `weight`.
    pub(super) fn stride(&self) -> usize {
        Line::count(self.fan_out)
    }

    fn rows(&self) -> Rows<'_> {
        Rows::new(&self.weight, self.fan_in, self.fan_out)
    }

    /// Sets each weight to the next `value`, in the order of `[fan_out, fan_in]`.
    fn fill(&mut self, mut value: impl FnMut() -> f32) {
        let mut rows = RowsMut::new(&mut self.weight, self.fan_in, self.fan_out);
        for output in 0..self.fan_out {
            for input in 0..self.fan_in {
                rows.row_mut(input)[output] = value();
            }
        }
    }

    /// `[fan_out, fan_in]`, row-major.
    fn natural(&self) -> Vec<f32> {
        let rows = self.rows();
        (0..self.fan_out)
            .flat_map(|output| (0..self.fan_in).map(move |input| rows.row(input)[output]))
            .collect()
    }

    fn biases(&self) -> &[f32] {
        &Line::floats(&self.bias)[..self.fan_out]
    }
}

impl Mlp {
    /// A network with `sizes` values from input to output, such as `[784, 256, 10]`, its weights drawn from `init`.
    ///
    /// # Errors
    /// [`TrainError::Sizes`] if there are fewer than two sizes, one is 0, or the weights do not fit into memory;
    /// [`TrainError::Setting`] if a standard deviation is negative or not finite.
    pub fn new(
        sizes: &[usize],
        hidden: Activation,
        output: Activation,
        init: Init,
        rng: &mut Rng,
    ) -> Result<Mlp, TrainError> {
        if sizes.len() < 2 || sizes.contains(&0) {
            let problem = "no network: give two sizes or more, input to output, none of them 0";
            return Err(TrainError::Sizes(format!("the sizes {sizes:?} are {problem}")));
        }
        if let Init::Normal { std } = init
            && !(std >= 0.0 && std.is_finite())
        {
            return Err(TrainError::setting("the standard deviation", std, "finite and not negative"));
        }
        let last = sizes.len() - 2;
        let layers = sizes.windows(2).enumerate().map(|(index, pair)| {
            let mut layer = Dense::new(pair[0], pair[1], if index == last { output } else { hidden })?;
            let std = init.std(layer.fan_in, layer.fan_out);
            layer.fill(|| std * rng.normal());
            Ok(layer)
        });
        Ok(Mlp { layers: layers.collect::<Result<_, TrainError>>()? })
    }

    /// The network of a model, to be trained further. Zero weights are free to change, until a mask says otherwise.
    ///
    /// # Errors
    /// [`TrainError::Sizes`] if the weights do not fit into memory once more.
    pub fn from_model(model: &Model) -> Result<Mlp, TrainError> {
        let layers = model.layers().iter().map(|from| {
            let mut layer = Dense::new(from.fan_in(), from.fan_out(), from.activation())?;
            let mut weights = from.weight().iter();
            layer.fill(|| *weights.next().expect("a layer holds fan_out x fan_in weights"));
            Line::floats_mut(&mut layer.bias)[..from.fan_out()].copy_from_slice(from.bias());
            Ok(layer)
        });
        Ok(Mlp { layers: layers.collect::<Result<_, TrainError>>()? })
    }

    /// The network as it is now, to be saved, pruned or run.
    ///
    /// # Errors
    /// [`TrainError::Model`] if a weight or bias is infinite or NaN, which training with too high a rate may leave.
    pub fn to_model(&self) -> Result<Model, TrainError> {
        let layer = |l: &Dense| Layer::new(l.fan_in, l.natural(), l.biases().to_vec(), l.activation);
        let layers: Result<Vec<Layer>, ModelError> = self.layers.iter().map(layer).collect();
        layers.and_then(Model::new).map_err(TrainError::Model)
    }

    /// How many layers of weights there are.
    pub fn depth(&self) -> usize {
        self.layers.len()
    }

    /// The widths from input to output.
    pub fn sizes(&self) -> Vec<usize> {
        core::iter::once(self.fan_in()).chain(self.layers.iter().map(|layer| layer.fan_out)).collect()
    }

    /// How many values the network takes.
    pub fn fan_in(&self) -> usize {
        self.layers[0].fan_in
    }

    /// How many values the network gives.
    pub fn fan_out(&self) -> usize {
        self.layers[self.depth() - 1].fan_out
    }

    /// The activation of the last layer.
    pub fn output(&self) -> Activation {
        self.layers[self.depth() - 1].activation
    }

    /// A copy of the weights of layer `layer`: `[fan_out, fan_in]`, row-major.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn weight(&self, layer: usize) -> Vec<f32> {
        self.layers[layer].natural()
    }

    /// Prunes layer `layer`: weights that `keep`, `[fan_out, fan_in]` row-major, denies become zero and stay so while training
    /// goes on. It replaces an earlier mask; a weight that comes free again starts from zero.
    ///
    /// # Panics
    /// If there is no such layer, or `keep` has another length.
    pub fn set_mask(&mut self, layer: usize, keep: &[bool]) {
        let layer = &mut self.layers[layer];
        assert_eq!(keep.len(), layer.fan_in * layer.fan_out, "keep is [fan_out, fan_in]");
        let mut lines = vec![Line::ZERO; layer.weight.len()];
        let mut mask = RowsMut::new(&mut lines, layer.fan_in, layer.fan_out);
        let mut weight = RowsMut::new(&mut layer.weight, layer.fan_in, layer.fan_out);
        for (output, keep) in keep.chunks_exact(layer.fan_in).enumerate() {
            for (input, &keep) in keep.iter().enumerate() {
                mask.row_mut(input)[output] = f32::from(u8::from(keep));
                if !keep {
                    weight.row_mut(input)[output] = 0.0;
                }
            }
        }
        layer.mask = Some(lines);
    }
}
