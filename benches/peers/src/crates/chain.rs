//! A network, or a single layer, made of a library's matrix products.

use prunella::model::{Activation, Layer, Model};

use super::{Way, dense, quickest};
use crate::cell::{Inputs, Kind};
use crate::contestant::Work;

/// How activations lie in memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `[batch, features]`
    Rows,
    /// `[features, batch]`
    Features,
}

/// From activations to outputs.
type Multiply = Box<dyn FnMut(&[f32], &mut [f32])>;

/// One weight matrix, ready to be multiplied.
pub struct Product {
    pub layout: Layout,
    /// What the library was given.
    pub given: String,
    /// `Y = X W^T`, both in the layout; Y is overwritten.
    pub multiply: Multiply,
}

/// Everything a library offers for a weight `[fan_out, fan_in]` and a batch size.
pub type Offers = fn(&Layer, usize) -> Vec<Product>;

struct Step {
    product: Product,
    bias: Vec<f32>,
    activation: Activation,
    output: Vec<f32>,
}

/// Products, each followed by bias and activation.
pub struct Chain {
    layout: Layout,
    batch: usize,
    steps: Vec<Step>,
    inputs: Inputs,
    /// Where the inputs of a call are transposed, in a network; `None` in a layer, which gets them as it likes them.
    transposed: Option<Vec<f32>>,
    logits: Vec<f32>,
}

impl Chain {
    /// One chain for each layout, its products the library's fastest there. A layer that was not pruned is no work for a
    /// sparse library; `gemm` does it.
    pub fn ways(kind: Kind, model: &Model, inputs: &Inputs, offers: Offers) -> Vec<Way> {
        let chain = |layout| {
            let steps = model.layers().iter().map(|layer| {
                let mut products = offers(layer, inputs.batch);
                if products.is_empty() {
                    products = dense::gemm(layer, inputs.batch);
                }
                products.retain(|product| product.layout == layout);
                let product = fastest(products, layer, inputs.batch)?;
                // No NaN: nalgebra-sparse multiplies what stands there by 0.
                let output = vec![0.0; inputs.batch * layer.fan_out()];
                Some(Step { product, bias: layer.bias().to_vec(), activation: layer.activation(), output })
            });
            let steps: Vec<Step> = steps.collect::<Option<_>>()?;
            let given: Vec<&str> = steps.iter().map(|step| step.product.given.as_str()).collect();
            let given = given.join(", ");
            let logits = vec![f32::NAN; inputs.batch * model.fan_out()];
            let mut chain = Chain {
                layout,
                batch: inputs.batch,
                steps,
                inputs: inputs.clone(),
                transposed: None,
                logits,
            };
            match (kind, layout) {
                (_, Layout::Rows) => {}
                (Kind::Layer, Layout::Features) => chain.inputs = transposed(inputs),
                (_, Layout::Features) => chain.transposed = Some(vec![0.0; inputs.batch * inputs.fan_in]),
            }
            Some((given, Box::new(chain) as Box<dyn Work>))
        };
        [Layout::Rows, Layout::Features].into_iter().filter_map(chain).collect()
    }
}

impl Work for Chain {
    fn run(&mut self, call: usize) {
        let Chain { layout, batch, steps, inputs, transposed, logits } = self;
        let in_network = transposed.is_some();
        let mut x = inputs.of_call(call);
        if let Some(transposed) = transposed {
            transpose(x, *batch, transposed);
            x = transposed;
        }
        for step in steps.iter_mut() {
            (step.product.multiply)(x, &mut step.output);
            step.finish(*layout, *batch);
            x = &step.output;
        }
        if in_network {
            transpose(x, x.len() / *batch, logits);
        }
    }

    fn rows(&self) -> Vec<f32> {
        let output = &self.steps[self.steps.len() - 1].output;
        match (self.layout, &self.transposed) {
            (Layout::Rows, _) => output.clone(),
            (Layout::Features, Some(_)) => self.logits.clone(),
            (Layout::Features, None) => {
                let mut rows = vec![0.0; output.len()];
                transpose(output, output.len() / self.batch, &mut rows);
                rows
            }
        }
    }
}

impl Step {
    fn finish(&mut self, layout: Layout, batch: usize) {
        let relu = match self.activation {
            Activation::Relu => true,
            Activation::Identity => false,
            other => unreachable!("{other}: cells are made with ReLU and the identity"),
        };
        // A layer is the product alone.
        if !relu && self.bias.iter().all(|&bias| bias == 0.0) {
            return;
        }
        let end = |z: f32| if relu { z.max(0.0) } else { z };
        match layout {
            Layout::Rows => {
                for row in self.output.chunks_mut(self.bias.len()) {
                    row.iter_mut().zip(&self.bias).for_each(|(y, bias)| *y = end(*y + bias));
                }
            }
            Layout::Features => {
                for (feature, bias) in self.output.chunks_mut(batch).zip(&self.bias) {
                    feature.iter_mut().for_each(|y| *y = end(*y + bias));
                }
            }
        }
    }
}

/// The fastest product for a layer, on timings that are then thrown away; `None` of none.
fn fastest(mut products: Vec<Product>, layer: &Layer, batch: usize) -> Option<Product> {
    if products.is_empty() {
        return None;
    }
    let x = vec![1.0; batch * layer.fan_in()];
    let calls = products.iter_mut().map(|product| {
        let (x, mut y) = (&x, vec![0.0; batch * layer.fan_out()]);
        Box::new(move || (product.multiply)(x, &mut y)) as Box<dyn FnMut() + '_>
    });
    let chosen = quickest(calls.collect());
    Some(products.swap_remove(chosen))
}

/// The inputs of every call as `[features, batch]`.
fn transposed(inputs: &Inputs) -> Inputs {
    let mut all = vec![0.0; inputs.rows.len()];
    let len = inputs.batch * inputs.fan_in;
    for (rows, features) in inputs.rows.chunks(len).zip(all.chunks_mut(len)) {
        transpose(rows, inputs.batch, features);
    }
    Inputs::of(all, inputs.fan_in, inputs.batch)
}

/// `x`, of so many rows, row-major, into `y`, column-major; in tiles, so that a line fetched is a line used.
fn transpose(x: &[f32], rows: usize, y: &mut [f32]) {
    const TILE: usize = 16;
    let columns = x.len() / rows;
    for row in (0..rows).step_by(TILE) {
        for column in (0..columns).step_by(TILE) {
            for c in column..columns.min(column + TILE) {
                for r in row..rows.min(row + TILE) {
                    y[c * rows + r] = x[r * columns + c];
                }
            }
        }
    }
}
