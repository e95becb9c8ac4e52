//! Prunella's trainer.

use std::error::Error;
use std::time::Instant;

use prunella::dataset::Split;
use prunella::kernels::{Isa, Kernels, Pool};
use prunella::train::{self, Compute, Mlp, Options, Schedule, Trainer, evaluate};

use super::{Case, EPOCHS, Learner, Optimizer};

pub struct Ours<'a> {
    trainer: Trainer<'a>,
    compute: Compute<'a>,
    data: &'a Split,
}

impl<'a> Ours<'a> {
    pub fn new(
        case: &Case,
        network: &'a mut Mlp,
        data: &'a Split,
        seed: u64,
        pool: &'a Pool,
    ) -> Result<Ours<'a>, Box<dyn Error>> {
        let compute = Compute { kernels: Kernels::new(Isa::best()), pool };
        let rate = case.optimizer.rate();
        let optimizer = match case.optimizer {
            Optimizer::Sgd => train::Optimizer::Sgd { rate },
            Optimizer::Adam => train::Optimizer::adam(rate),
        };
        let options = Options {
            epochs: EPOCHS,
            batch_size: case.batch,
            optimizer,
            schedule: Schedule::Constant,
            seed,
            ..Options::default()
        };
        Ok(Ours { trainer: Trainer::new(network, &data.train, &options, compute)?, compute, data })
    }
}

impl Learner for Ours<'_> {
    fn epoch(&mut self) -> Result<f64, Box<dyn Error>> {
        let start = Instant::now();
        for _ in 0..self.trainer.steps_per_epoch() {
            self.trainer.step()?;
        }
        Ok(start.elapsed().as_nanos() as f64)
    }

    fn accuracy(&mut self) -> Result<f64, Box<dyn Error>> {
        let loss = Options::default().loss;
        Ok(evaluate(self.trainer.network(), &self.data.test, loss, self.compute)?.accuracy)
    }
}
