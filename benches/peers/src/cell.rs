//! What is to be done: a network or a single layer at several sparsities, and the inputs of one batch size.

use std::error::Error;
use std::rc::Rc;

use prunella::dataset::Split;
use prunella::kernels::Line;
use prunella::kernels::reference::{self, Expected};
use prunella::model::{Activation, Layer, Model};
use prunella::prune::{PruneOptions, prune};
use prunella::rng::Rng;
use prunella::train::{Init, Mlp};

/// Shares of zeros in the layers that are pruned; the first is the dense network.
pub const SPARSITIES: [f64; 5] = [0.0, 0.80, 0.90, 0.95, 0.99];
/// Whole networks, and the batch sizes of each.
const NETWORKS: [(&[usize], &[usize]); 4] = [
    (&[784, 64, 10], &[1, 64, 1024]),
    (&[784, 256, 10], &[1, 64]),
    (&[784, 1024, 10], &[1, 64]),
    (&[784, 1024, 1024, 10], &[1, 16, 256, 1024]),
];
/// Single layers, `[fan_in, fan_out]`.
const LAYERS: [[usize; 2]; 6] = [[784, 16], [784, 64], [784, 256], [784, 1024], [1024, 1024], [4096, 4096]];
const LAYER_BATCHES: [usize; 4] = [1, 16, 64, 1024];
/// What `--quick` leaves of them.
const QUICK: [&str; 6] = [
    "784-64-10 at batch 64",
    "784-256-10 at batch 64",
    "784-1024-1024-10 at batch 256",
    "16-16",
    "784x64 ",
    "1024x1024 ",
];
/// Outputs of the identity network: so few that a call is nearly all there is to it.
const IDENTITY: usize = 16;
const SEED: u64 = 1;

/// What kind of work a cell is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rows in, logits out.
    Network,
    /// `Y = X W^T` alone: no bias, no activation.
    Layer,
    /// The identity, which shows what a call costs.
    Overhead,
}

/// What is compared in the same rounds.
#[derive(Clone)]
pub struct Cell {
    pub kind: Kind,
    sizes: Vec<usize>,
    pub batch: usize,
}

impl Cell {
    /// All cells, or those of a quick look.
    pub fn all(quick: bool) -> Vec<Cell> {
        let networks = NETWORKS.iter().flat_map(|(sizes, batches)| {
            batches.iter().map(|&batch| Cell { kind: Kind::Network, sizes: sizes.to_vec(), batch })
        });
        let identity = Cell { kind: Kind::Overhead, sizes: vec![IDENTITY; 2], batch: 1 };
        let layers = LAYERS.iter().flat_map(|sizes| {
            LAYER_BATCHES.into_iter().map(|batch| Cell { kind: Kind::Layer, sizes: sizes.to_vec(), batch })
        });
        let wanted = |cell: &Cell| !quick || QUICK.iter().any(|start| cell.title().starts_with(start));
        networks.chain([identity]).chain(layers).filter(wanted).collect()
    }

    /// `784-64-10 at batch 64`, `784x64 at batch 64`.
    pub fn title(&self) -> String {
        format!("{} at batch {}", self.name(), self.batch)
    }

    /// `784-64-10`, `784x64`.
    pub fn name(&self) -> String {
        let sizes: Vec<String> = self.sizes.iter().map(usize::to_string).collect();
        sizes.join(if self.kind == Kind::Layer { "x" } else { "-" })
    }

    pub fn fan_in(&self) -> usize {
        self.sizes[0]
    }

    /// The same network at each sparsity, magnitude-pruned from the same random weights (He); the time depends on how many
    /// weights there are and where, not on what they have learnt.
    pub fn models(&self) -> Result<Vec<(f64, Model)>, Box<dyn Error>> {
        if self.kind == Kind::Overhead {
            let n = IDENTITY;
            let weight = (0..n * n).map(|i| f32::from(u8::from(i % (n + 1) == 0))).collect();
            let identity = Model::new(vec![Layer::new(n, weight, vec![0.0; n], Activation::Identity)?])?;
            let sparsity = identity.sparsity();
            return Ok(vec![(0.0, identity.clone()), (sparsity, identity)]);
        }
        let mut rng = Rng::new(SEED);
        let dense =
            Mlp::new(&self.sizes, Activation::Relu, Activation::Identity, Init::He, &mut rng)?.to_model()?;
        let options = PruneOptions { last: self.kind == Kind::Layer, ..PruneOptions::default() };
        SPARSITIES.iter().map(|&sparsity| Ok((sparsity, prune(&dense, sparsity, &options)?))).collect()
    }

    /// Inputs: images where the cell takes images, else numbers from [0, 1).
    pub fn inputs(&self, data: &Split) -> Inputs {
        let fan_in = self.fan_in();
        let rows = match data.test.features() == fan_in {
            true => data.test.rows(),
            false => {
                let mut rng = Rng::new(SEED);
                (0..ROTATING * fan_in).map(|_| rng.uniform()).collect()
            }
        };
        Inputs::new(&rows, fan_in, self.batch)
    }
}

/// Examples that rotate, so that no branch predictor learns one of them.
const ROTATING: usize = 1024;
/// Examples whose outputs are checked.
const CHECKED: usize = 64;

/// Whole batches of at least 1,024 rows in all, and at least two of them.
#[derive(Clone)]
pub struct Inputs {
    pub rows: Rc<Vec<f32>>,
    /// The same, each batch in whole lines of its own: what every contestant of this process reads, or copies into as many arrays of
    /// its own.
    batches: Rc<Vec<Vec<Line>>>,
    pub fan_in: usize,
    pub batch: usize,
}

impl Inputs {
    fn new(rows: &[f32], fan_in: usize, batch: usize) -> Inputs {
        let needed = batch * ROTATING.div_ceil(batch).max(2) * fan_in;
        Inputs::of(rows.iter().copied().cycle().take(needed).collect(), fan_in, batch)
    }

    /// Inputs of these values, in whatever order those of a batch are.
    pub fn of(rows: Vec<f32>, fan_in: usize, batch: usize) -> Inputs {
        let lines = |values: &[f32]| {
            let mut lines = vec![Line::ZERO; Line::count(values.len())];
            Line::floats_mut(&mut lines)[..values.len()].copy_from_slice(values);
            lines
        };
        let batches = rows.chunks(batch * fan_in).map(lines).collect();
        Inputs { rows: Rc::new(rows), batches: Rc::new(batches), fan_in, batch }
    }

    /// How many batches there are.
    pub fn batches(&self) -> usize {
        self.batches.len()
    }

    /// The rows of a call, `[batch, fan_in]`.
    pub fn of_call(&self, call: usize) -> &[f32] {
        &Line::floats(&self.batches[call % self.batches()])[..self.batch * self.fan_in]
    }
}

/// What the outputs must be, of rows spread over all batches.
pub struct Oracle {
    checked: Vec<usize>,
    fan_out: usize,
    expected: Vec<Expected>,
}

impl Oracle {
    pub fn new(model: &Model, inputs: &Inputs) -> Oracle {
        let last = inputs.rows.len() / inputs.fan_in - 1;
        let checked: Vec<usize> = (0..CHECKED).map(|i| i * last / (CHECKED - 1)).collect();
        let row = |&row: &usize| &inputs.rows[row * inputs.fan_in..][..inputs.fan_in];
        let rows: Vec<f32> = checked.iter().flat_map(row).copied().collect();
        let layers = model.layers().iter().map(|layer| reference::Layer {
            fan_in: layer.fan_in(),
            weight: layer.weight(),
            bias: layer.bias(),
            activation: layer.activation(),
        });
        Oracle { expected: reference::forward(layers, &rows), fan_out: model.fan_out(), checked }
    }

    /// Whether `outputs`, of all rows, are as near as rounding in f32 explains, in whatever order the terms were added.
    pub fn check(&self, outputs: &[f32]) -> Result<(), String> {
        let found: Option<Vec<f32>> = self
            .checked
            .iter()
            .flat_map(|row| (row * self.fan_out..(row + 1) * self.fan_out).map(|i| outputs.get(i).copied()))
            .collect();
        let found = found.ok_or_else(|| format!("only {} outputs", outputs.len()))?;
        reference::check(&found, &self.expected).map(drop).map_err(|mismatch| mismatch.to_string())
    }
}
