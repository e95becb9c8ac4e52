//! Every network within the oracle's own bounds, at every edge.

use prunella::engine::{BatchClass, Variant};
use prunella::model::{Activation, Model};
use prunella_kernels::reference;

use crate::networks::{Random, any_plan, compile, isas, layer, rows, run};

/// Around the widths of a register, a line, a panel and a block of outputs.
const SIZES: [usize; 12] = [1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 70];
const SPARSITIES: [f64; 4] = [0.0, 0.5, 0.9, 1.0];

/// Checks every class and form of `model` on `batch` rows.
fn check(model: &Model, batch: usize, seed: u64) {
    let rows = rows(batch * model.fan_in(), seed);
    let layers = model.layers().iter().map(|layer| reference::Layer {
        fan_in: layer.fan_in(),
        weight: layer.weight(),
        bias: layer.bias(),
        activation: layer.activation(),
    });
    let want = reference::forward(layers, &rows);
    let mut random = Random(seed);
    for isa in isas() {
        for class in BatchClass::ALL {
            let planned = Variant::Planned(any_plan(model, class, &mut random));
            for variant in [Variant::Dense, Variant::Csr, planned] {
                let engine = compile(model, isa, class, variant);
                reference::check(&run(&engine, &rows), &want).unwrap_or_else(|wrong| {
                    let layers: Vec<_> = model.layers().iter().map(|l| (l.nnz(), l.activation())).collect();
                    let sizes = model.sizes();
                    panic!("{} on {isa}, {batch} rows of {sizes:?}, {layers:?}: {wrong}", engine.plan())
                });
            }
        }
    }
}

#[test]
fn one_layer_of_every_shape_is_right() {
    let mut random = Random(1);
    for (i, fan_in) in SIZES.into_iter().enumerate() {
        for (o, fan_out) in SIZES.into_iter().enumerate() {
            let activation = Activation::ALL[(i + o) % 5];
            let sparsity = SPARSITIES[(i + 3 * o) % 4];
            let layer = layer(fan_in, fan_out, sparsity, activation, &mut random);
            let batch = random.pick(&[1, 2, 7, 15, 16, 17, 31, 32, 33, 48, 65]);
            check(&Model::new(vec![layer]).unwrap(), batch, random.bits());
        }
    }
}

#[test]
fn every_activation_and_sparsity_is_right_at_every_depth() {
    let mut random = Random(2);
    for depth in 1..=4 {
        for activation in Activation::ALL {
            for sparsity in SPARSITIES {
                let sizes: Vec<usize> = (0..=depth).map(|_| random.pick(&SIZES)).collect();
                let mut layers: Vec<_> = sizes
                    .windows(2)
                    .map(|pair| {
                        let (sparsity, activation) =
                            (random.pick(&SPARSITIES), random.pick(&Activation::ALL));
                        layer(pair[0], pair[1], sparsity, activation, &mut random)
                    })
                    .collect();
                let chosen = (random.bits() % depth as u64) as usize;
                layers[chosen] = layer(sizes[chosen], sizes[chosen + 1], sparsity, activation, &mut random);
                let model = Model::new(layers).unwrap();
                for batch in [0, 1, 5, 16, 33] {
                    check(&model, batch, random.bits());
                }
            }
        }
    }
}
