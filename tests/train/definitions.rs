//! Gradients and steps against what they are by definition, in f64 and by finite differences.

use super::*;

/// One step of plain descent at rate 1 on one batch is the gradient itself, for `before - after`.
///
/// The step is taken in f32: its error is below `16 eps` of the largest weight (the subtraction) and gradient (the chains of at
/// most 40 terms, whose factors are below 1). The central difference in f64 errs by about `h^2` times a third derivative below 100.
fn check_gradient(sizes: &[usize], hidden: Activation, output: Activation, loss: Loss) {
    let classes = if loss == Loss::BinaryCrossEntropy { 2 } else { *sizes.last().unwrap() as u8 };
    check_gradient_on(&blobs(37, sizes[0], classes.max(2), 5), sizes, [hidden, output], loss);
}

pub(crate) fn check_gradient_on(
    data: &Dataset,
    sizes: &[usize],
    [hidden, output]: [Activation; 2],
    loss: Loss,
) {
    let mut network = Mlp::new(sizes, hidden, output, Init::Xavier, &mut Rng::new(3)).unwrap();
    let before = network.to_model().unwrap();
    let options = Options {
        epochs: 1,
        batch_size: 1000,
        optimizer: Optimizer::Sgd { rate: 1.0 },
        schedule: Schedule::Constant,
        loss,
        seed: 1,
    };
    let (pool, kernels) = (pool(2), Kernels::new(Isa::best()));
    let steps = train_all(&mut network, data, &options, Compute { kernels, pool: &pool }).unwrap();
    let (old, new) = (reference::parameters(&before), reference::parameters(&network.to_model().unwrap()));
    let at_start = reference::loss(&before, &old, data, loss);
    assert!((steps[0].loss - at_start).abs() < 1e-5 * (1.0 + at_start), "{} {at_start}", steps[0].loss);
    let gradient = reference::gradient(&before, &old, data, loss);
    let tolerance = 16.0 * f64::from(f32::EPSILON) + 1e-8;
    for (index, expected) in gradient.iter().enumerate() {
        let gradient = old[index] - new[index];
        let what = format!("{sizes:?} {hidden} {output} {loss:?}, parameter {index}");
        assert!((gradient - expected).abs() <= tolerance, "{what}: {gradient} instead of {expected}");
    }
    let largest = gradient.iter().fold(0.0f64, |largest, g| largest.max(g.abs()));
    assert!(largest > 1e-3, "no gradient to speak of: the test would pass with zeros");
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for hidden in Activation::ALL {
        for sizes in [&[19, 3][..], &[19, 17, 3], &[5, 18, 33, 3]] {
            check_gradient(sizes, hidden, Activation::Identity, Loss::SoftmaxCrossEntropy);
            let mut binary = sizes.to_vec();
            *binary.last_mut().unwrap() = 1;
            check_gradient(&binary, hidden, Activation::Identity, Loss::BinaryCrossEntropy);
            check_gradient(&binary, hidden, Activation::Sigmoid, Loss::MeanSquaredError);
            // The output's activation takes its turn with the hidden one's.
            check_gradient(sizes, hidden, hidden, Loss::MeanSquaredError);
        }
    }
}

/// Six steps on all examples by the optimizers' definitions, in f64 from gradients by differences. Parameters that are not kept
/// become zero with every step.
fn reference_curve(
    model: &Model,
    data: &Dataset,
    (loss, optimizer): (Loss, Optimizer),
    keep: &[bool],
) -> Vec<f64> {
    let mut w = reference::parameters(model);
    let (mut first, mut second) = (vec![0.0; w.len()], vec![0.0; w.len()]);
    let mut losses = Vec::new();
    for step in 0..6 {
        losses.push(reference::loss(model, &w, data, loss));
        let gradient = reference::gradient(model, &w, data, loss);
        let rate =
            f64::from(optimizer.rate()) * (1.0 + (std::f64::consts::PI * f64::from(step) / 6.0).cos()) / 2.0;
        for (index, g) in gradient.into_iter().enumerate() {
            let (m, v) = (&mut first[index], &mut second[index]);
            w[index] -= rate
                * match optimizer {
                    Optimizer::Sgd { .. } => g,
                    Optimizer::Momentum { momentum, .. } => {
                        *m = f64::from(momentum) * *m + g;
                        *m
                    }
                    Optimizer::Adam { beta1, beta2, epsilon, .. } => {
                        let (beta1, beta2) = (f64::from(beta1), f64::from(beta2));
                        *m = beta1 * *m + (1.0 - beta1) * g;
                        *v = beta2 * *v + (1.0 - beta2) * g * g;
                        let [m, v] = [(*m, beta1), (*v, beta2)].map(|(x, b)| x / (1.0 - b.powi(step + 1)));
                        m / (v.sqrt() + f64::from(epsilon))
                    }
                };
            if !keep.get(index).unwrap_or(&true) {
                w[index] = 0.0;
            }
        }
    }
    losses
}

/// A network whose biases are not 0: an example without a pixel would stand on the kink of ReLU.
fn biased(sizes: &[usize], hidden: Activation) -> Model {
    let network = Mlp::new(sizes, hidden, Activation::Identity, Init::Xavier, &mut Rng::new(2)).unwrap();
    let layer = |layer: &Layer| {
        let bias = (1..=layer.fan_out()).map(|output| 0.05 * output as f32).collect();
        Layer::new(layer.fan_in(), layer.weight().to_vec(), bias, layer.activation()).unwrap()
    };
    Model::new(network.to_model().unwrap().layers().iter().map(layer).collect()).unwrap()
}

/// Every way through the trainer: losses, activations, optimizers, zeros passed over or not, pruned or not.
#[test]
fn the_loss_curve_is_that_of_the_definitions() {
    let pool = pool(2);
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    for loss in LOSSES {
        let (outputs, classes) = if loss == Loss::BinaryCrossEntropy { (1, 2) } else { (3, 3) };
        for data in [blobs(40, 6, classes, 9), sparse::drawings(40, 11, classes, 9)] {
            let features = data.features();
            for (hidden, optimizer) in Activation::ALL.into_iter().flat_map(|a| OPTIMIZERS.map(|o| (a, o))) {
                for masked in [false, true] {
                    let mut network = Mlp::from_model(&biased(&[features, 5, outputs], hidden)).unwrap();
                    let keep: Vec<bool> = (0..5 * features).map(|index| !masked || index % 3 > 0).collect();
                    if masked {
                        network.set_mask(0, &keep);
                    }
                    let start = network.to_model().unwrap();
                    let options =
                        Options { epochs: 6, batch_size: 40, optimizer, loss, ..Options::default() };
                    let curve = losses_of(&train_all(&mut network, &data, &options, compute).unwrap());
                    let expected = reference_curve(&start, &data, (loss, optimizer), &keep);
                    let close = curve.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 2e-6);
                    let what =
                        format!("{loss:?} {hidden} {optimizer:?}, {features} features, masked {masked}");
                    assert!(close && curve.len() == 6, "{what}: {curve:?} instead of {expected:?}");
                    assert!(
                        (expected[5] - expected[0]).abs() > 1e-3,
                        "{what}: no step to speak of: {expected:?}"
                    );
                }
            }
        }
    }
}
