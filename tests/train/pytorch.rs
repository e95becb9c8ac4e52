//! Training against PyTorch's, from the same weights on the same batches. `pytorch/export.py` has what both sides compute with, and
//! made `pytorch/losses.txt`.

use super::{losses_of, pool, train_all};
use prunella::dataset::Dataset;
use prunella::model::{Activation, Layer, Model};
use prunella::rng::{Rng, Stream};
use prunella::train::{Compute, Loss, Mlp, Optimizer, Options, Schedule, Trainer};
use prunella_kernels::{Isa, Kernels};

const FEATURES: usize = 24;
const EXAMPLES: usize = 315;
const BATCH: usize = 8;
const STEPS: usize = EXAMPLES.div_ceil(BATCH);

/// How far a loss may be from PyTorch's, which is computed in f64, relative to 1 + loss.
///
/// A step rounds each weight, below 1, to within 2^-25; its gradient is off by as much of its own size or a few times that, of
/// which the rates leave a tenth or less. So after 40 steps a weight is off by at most 40 * 2^-25 = 1.2e-6, if every rounding goes
/// the same way, and a loss, whose slopes are about 1, by as much. In fact all are within 7e-8.
const TOLERANCE: f64 = 2e-6;

/// One line of `losses.txt`.
struct Case {
    name: String,
    loss: Loss,
    activation: Activation,
    optimizer: Optimizer,
    schedule: Schedule,
    losses: Vec<f64>,
}

fn cases() -> Vec<Case> {
    let case = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let activation = words[1].parse().unwrap();
        let loss = match words[0] {
            "softmax" => Loss::SoftmaxCrossEntropy,
            "binary" => Loss::BinaryCrossEntropy,
            "squared" => Loss::MeanSquaredError,
            other => panic!("a loss {other}"),
        };
        let optimizer = match words[2] {
            "sgd" => Optimizer::Sgd { rate: 0.1 },
            "momentum" => Optimizer::Momentum { rate: 0.03, momentum: 0.9 },
            "adam" => Optimizer::adam(0.01),
            "adam-epsilon" => Optimizer::Adam { rate: 0.03, beta1: 0.8, beta2: 0.95, epsilon: 0.01 },
            other => panic!("an optimizer {other}"),
        };
        let schedule = match words[3] {
            "constant" => Schedule::Constant,
            "cosine" => Schedule::Cosine,
            other => panic!("a schedule {other}"),
        };
        let losses = words[4..].iter().map(|word| word.parse().unwrap()).collect();
        Case { name: words[..4].join(" "), loss, activation, optimizer, schedule, losses }
    };
    let lines = include_str!("pytorch/losses.txt").lines();
    lines.filter(|line| !line.starts_with('#')).map(case).collect()
}

/// The generator of both sides.
struct Numbers(u32);

impl Numbers {
    fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 24) as u8
    }
}

/// The examples, placed so that the order of the only epoch takes them as PyTorch did: one after the other.
fn examples(classes: u8, options: &Options) -> Dataset {
    let mut numbers = Numbers(1);
    let mut rows = Vec::new();
    for _ in 0..EXAMPLES {
        let label = numbers.byte() % classes;
        let pixel = |feature: usize| {
            let (chance, value) = (numbers.byte(), numbers.byte());
            let is_own = feature % 5 == usize::from(label);
            if chance < if is_own { 170 } else { 40 } { value } else { 0 }
        };
        rows.push(((0..FEATURES).map(pixel).collect::<Vec<u8>>(), label));
    }
    let mut order: Vec<usize> = (0..EXAMPLES).collect();
    Rng::stream(options.seed, Stream::Order(0)).shuffle(&mut order);
    let mut placed: Vec<_> = order.into_iter().zip(rows).collect();
    placed.sort_unstable();
    let pixels = placed.iter().flat_map(|(_, (pixels, _))| pixels).copied().collect();
    let labels = placed.iter().map(|(_, (_, label))| *label).collect();
    Dataset::new(FEATURES, pixels, labels).unwrap()
}

fn network(activation: Activation, outputs: usize) -> Mlp {
    let mut numbers = Numbers(2);
    let mut draw = |len| (0..len).map(|_| (f32::from(numbers.byte()) - 128.0) / 256.0).collect::<Vec<f32>>();
    let mut layer = |fan_in, fan_out, activation| {
        let weight = draw(fan_in * fan_out);
        Layer::new(fan_in, weight, draw(fan_out), activation).unwrap()
    };
    let layers = vec![
        layer(FEATURES, 13, activation),
        layer(13, 9, activation),
        layer(9, outputs, Activation::Identity),
    ];
    Mlp::from_model(&Model::new(layers).unwrap()).unwrap()
}

/// The largest difference of a loss from PyTorch's, if `optimizer` and `schedule` were the case's.
fn difference(case: &Case, optimizer: Optimizer, schedule: Schedule) -> f64 {
    let options =
        Options { epochs: 1, batch_size: BATCH, optimizer, schedule, loss: case.loss, ..Options::default() };
    let (outputs, classes) = if case.loss == Loss::BinaryCrossEntropy { (1, 2) } else { (3, 3) };
    let data = examples(classes, &options);
    let mut network = network(case.activation, outputs);
    let pool = pool(2);
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    assert!(Trainer::new(&mut network, &data, &options, compute).unwrap().density().is_some());
    let losses = losses_of(&train_all(&mut network, &data, &options, compute).unwrap());
    assert_eq!((losses.len(), case.losses.len()), (STEPS, STEPS));
    let off = losses.iter().zip(&case.losses).map(|(ours, theirs)| (ours - theirs).abs() / (1.0 + theirs));
    off.fold(0.0, f64::max)
}

#[test]
fn the_loss_curves_are_pytorchs() {
    let cases = cases();
    assert_eq!(
        cases.len(),
        3 * (4 * 4 + 4),
        "losses x (activations x optimizers, and of ReLU with a cosine)"
    );
    for case in cases {
        let off = difference(&case, case.optimizer, case.schedule);
        assert!(off < TOLERANCE, "{}: off by {off}", case.name);
    }
}

/// What the comparison is worth: a constant that is off by a hundredth is seen in every case.
#[test]
fn no_other_constants_have_these_curves() {
    for case in cases() {
        let other = |optimizer: Optimizer| -> Vec<Optimizer> {
            let rate = optimizer.rate();
            let mut all = vec![optimizer.with_rate(1.01 * rate)];
            match optimizer {
                Optimizer::Sgd { .. } => {}
                Optimizer::Momentum { momentum, .. } => {
                    all.push(Optimizer::Momentum { rate, momentum: 0.99 * momentum });
                    // v = momentum v + (1 - momentum) g, the other form, is this one with another rate.
                    all.push(Optimizer::Momentum { rate: (1.0 - momentum) * rate, momentum });
                }
                Optimizer::Adam { beta1, beta2, epsilon, .. } => {
                    all.push(Optimizer::Adam { rate, beta1: 0.99 * beta1, beta2, epsilon });
                    all.push(Optimizer::Adam { rate, beta1, beta2: 0.99 * beta2, epsilon });
                    // A small one has no weight.
                    if epsilon > 1e-3 {
                        all.push(Optimizer::Adam { rate, beta1, beta2, epsilon: 1.01 * epsilon });
                    }
                }
            }
            all
        };
        for optimizer in other(case.optimizer) {
            let off = difference(&case, optimizer, case.schedule);
            assert!(off > 10.0 * TOLERANCE, "{}: {optimizer:?} is off by no more than {off}", case.name);
        }
        let schedule = if case.schedule == Schedule::Cosine { Schedule::Constant } else { Schedule::Cosine };
        assert!(
            difference(&case, case.optimizer, schedule) > 10.0 * TOLERANCE,
            "{}: {schedule:?}",
            case.name
        );
    }
}
