//! `candle`: tensors that record what is computed, and its optimizers.

use std::error::Error;
use std::time::Instant;

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::optim::{AdamW, Optimizer as _, ParamsAdamW, SGD};
use prunella::dataset::{Dataset, Split};
use prunella::model::Model;
use prunella::rng::Rng;

use super::{Case, Learner, Optimizer};

enum Steps {
    Sgd(SGD),
    Adam(AdamW),
}

struct Images {
    x: Tensor,
    y: Tensor,
}

pub struct Candle {
    train: Images,
    test: Images,
    /// Weight `[fan_out, fan_in]` and bias of each layer.
    layers: Vec<[Var; 2]>,
    steps: Steps,
    order: Vec<u32>,
    rng: Rng,
    batch: usize,
}

impl Images {
    fn new(data: &Dataset) -> Result<Images> {
        let labels: Vec<u32> = data.labels().iter().map(|label| u32::from(*label)).collect();
        Ok(Images {
            x: Tensor::from_vec(data.rows(), (data.len(), data.features()), &Device::Cpu)?,
            y: Tensor::from_vec(labels, data.len(), &Device::Cpu)?,
        })
    }
}

impl Candle {
    pub fn new(case: &Case, model: &Model, data: &Split, seed: u64) -> Result<Candle> {
        let var = |values: &[f32], shape: &[usize]| Var::from_slice(values, shape, &Device::Cpu);
        let layers: Vec<[Var; 2]> = model
            .layers()
            .iter()
            .map(|layer| {
                let weight = var(layer.weight(), &[layer.fan_out(), layer.fan_in()])?;
                Ok([weight, var(layer.bias(), &[layer.fan_out()])?])
            })
            .collect::<Result<_>>()?;
        let all: Vec<Var> = layers.iter().flatten().cloned().collect();
        let lr = f64::from(case.optimizer.rate());
        let steps = match case.optimizer {
            Optimizer::Sgd => Steps::Sgd(SGD::new(all, lr)?),
            // Without decay of the weights it is Adam.
            Optimizer::Adam => {
                Steps::Adam(AdamW::new(all, ParamsAdamW { lr, weight_decay: 0.0, ..ParamsAdamW::default() })?)
            }
        };
        Ok(Candle {
            train: Images::new(&data.train)?,
            test: Images::new(&data.test)?,
            layers,
            steps,
            order: (0..data.train.len() as u32).collect(),
            rng: Rng::new(seed),
            batch: case.batch,
        })
    }

    fn logits(&self, x: &Tensor) -> Result<Tensor> {
        let mut h = x.clone();
        for (i, [weight, bias]) in self.layers.iter().enumerate() {
            let z = h.matmul(&weight.t()?)?.broadcast_add(bias)?;
            h = if i + 1 == self.layers.len() { z } else { z.relu()? };
        }
        Ok(h)
    }

    fn pass(&mut self) -> Result<()> {
        self.rng.shuffle(&mut self.order);
        for examples in self.order.chunks(self.batch) {
            let examples = Tensor::from_slice(examples, examples.len(), &Device::Cpu)?;
            let x = self.train.x.index_select(&examples, 0)?;
            let y = self.train.y.index_select(&examples, 0)?;
            let loss = candle_nn::loss::cross_entropy(&self.logits(&x)?, &y)?;
            match &mut self.steps {
                Steps::Sgd(steps) => steps.backward_step(&loss)?,
                Steps::Adam(steps) => steps.backward_step(&loss)?,
            }
        }
        Ok(())
    }
}

impl Learner for Candle {
    fn epoch(&mut self) -> std::result::Result<f64, Box<dyn Error>> {
        let start = Instant::now();
        self.pass()?;
        Ok(start.elapsed().as_nanos() as f64)
    }

    fn accuracy(&mut self) -> std::result::Result<f64, Box<dyn Error>> {
        let found: Vec<u32> = self.logits(&self.test.x)?.argmax(1)?.to_vec1()?;
        let labels: Vec<u32> = self.test.y.to_vec1()?;
        let right = found.iter().zip(&labels).filter(|(found, label)| found == label).count();
        Ok(right as f64 / labels.len() as f64)
    }
}
