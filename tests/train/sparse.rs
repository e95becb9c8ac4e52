//! Training on pixels most of which are zero, which are passed over.

use super::definitions::check_gradient_on;
use super::*;

/// `len` examples of three zeros in four pixels; the others tell the class.
pub(crate) fn drawings(len: usize, features: usize, classes: u8, seed: u64) -> Dataset {
    let mut rng = Rng::new(seed);
    let labels: Vec<u8> = (0..len).map(|i| (i % usize::from(classes)) as u8).collect();
    let pixel = |index: usize, label: u8, rng: &mut Rng| {
        let drawn =
            (index + usize::from(label)).is_multiple_of(5) && rng.uniform() < 0.8 || rng.uniform() < 0.1;
        if drawn { 1 + rng.below(255) as u8 } else { 0 }
    };
    let row = |label: &u8| (0..features).map(|index| pixel(index, *label, &mut rng)).collect::<Vec<u8>>();
    let pixels = labels.iter().flat_map(row).collect();
    Dataset::new(features, pixels, labels).unwrap()
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let identity = Activation::Identity;
    // Not so few that an example has no pixel: it would stand on the kink of ReLU.
    for features in [19, 130] {
        let data = drawings(37, features, 3, 5);
        let softmax = Loss::SoftmaxCrossEntropy;
        check_gradient_on(&data, &[features, 3], [identity; 2], softmax);
        for hidden in Activation::ALL {
            check_gradient_on(&data, &[features, 18, 3], [hidden, identity], softmax);
        }
        check_gradient_on(&data, &[features, 7, 3], [Activation::Tanh; 2], Loss::MeanSquaredError);
        let data = drawings(37, features, 2, 5);
        check_gradient_on(
            &data,
            &[features, 7, 1],
            [Activation::Gaussian, identity],
            Loss::BinaryCrossEntropy,
        );
    }
}

#[test]
fn threads_and_instruction_sets_change_no_bit() {
    // Columns in more than one block, and threads that share them unevenly.
    let data = drawings(120, 201, 7, 3);
    for optimizer in OPTIMIZERS {
        let mut first = None;
        for isa in Isa::available() {
            let one = train_on(&data, (isa, 1), optimizer, Activation::Gaussian);
            for threads in [2, 3, 16] {
                let more = train_on(&data, (isa, threads), optimizer, Activation::Gaussian);
                assert_eq!(more, one, "{isa}, {threads} threads, {optimizer:?}");
            }
            if isa.fuses() {
                assert_eq!(*first.get_or_insert_with(|| one.clone()), one, "{isa}, {optimizer:?}");
            }
        }
    }
}

/// The same examples with as many pixels more that are never zero: too dense to pass over anything. Their weights are pruned.
#[test]
fn passing_over_zeros_changes_no_bit() {
    const FEATURES: usize = 150;
    let data = drawings(333, FEATURES, 7, 8);
    let padded: Vec<u8> = (0..333).flat_map(|i| [data.pixels(i), &[255; FEATURES]].concat()).collect();
    let padded = Dataset::new(2 * FEATURES, padded, data.labels().into()).unwrap();
    // Batches whose columns one thread has in one piece, and not.
    for ((threads, batch_size), optimizer) in
        [(1, 100), (2, 100), (1, 300), (2, 300)].into_iter().flat_map(|run| OPTIMIZERS.map(|o| (run, o)))
    {
        let pool = pool(threads);
        let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
        let train = |data: &Dataset| {
            let mut rng = Rng::new(4);
            let draw = |len: usize, rng: &mut Rng| (0..len).map(|_| 0.1 * rng.normal()).collect::<Vec<f32>>();
            let (first, second) = (draw(40 * FEATURES, &mut rng), draw(7 * 40, &mut rng));
            let wide = data.features();
            let weight: Vec<f32> = first
                .chunks(FEATURES)
                .flat_map(|row| row.iter().copied().chain(core::iter::repeat(0.0)).take(wide))
                .collect();
            let layers = vec![
                Layer::new(wide, weight, vec![0.0; 40], Activation::Relu).unwrap(),
                Layer::new(40, second, vec![0.0; 7], Activation::Identity).unwrap(),
            ];
            let mut network = Mlp::from_model(&Model::new(layers).unwrap()).unwrap();
            // Every eighth of the other weights is pruned, too.
            let keep: Vec<bool> =
                (0..40 * wide).map(|i| i % wide < FEATURES && !(i % wide).is_multiple_of(8)).collect();
            network.set_mask(0, &keep);
            let options = Options { epochs: 3, batch_size, optimizer, ..Options::default() };
            let trainer = Trainer::new(&mut network, data, &options, compute).unwrap();
            let (density, flops) = (trainer.density(), trainer.flops_per_example());
            drop(trainer);
            let losses = losses_of(&train_all(&mut network, data, &options, compute).unwrap());
            let weight: Vec<f32> =
                network.weight(0).chunks(wide).flat_map(|row| row[..FEATURES].to_vec()).collect();
            let outputs = evaluate(&network, data, options.loss, compute).unwrap().outputs;
            let bits: Vec<u32> = [weight, outputs].concat().into_iter().map(f32::to_bits).collect();
            (losses, bits, density, flops)
        };
        let (sparse, dense) = (train(&data), train(&padded));
        assert!(sparse.2.is_some_and(|density| density < 0.5) && dense.2.is_none(), "one of each");
        assert_eq!(
            (sparse.0, sparse.1),
            (dense.0, dense.1),
            "{optimizer:?}, {threads} threads, {batch_size}"
        );
        // 4 for each weight of the first layer, 6 of the second.
        let drawn = data.select(&(0..333).collect::<Vec<_>>()).rows().iter().filter(|x| **x != 0.0).count();
        assert_eq!(dense.3, f64::from(4 * 300 * 40 + 6 * 40 * 7));
        assert!((sparse.3 - (4.0 * 40.0 * drawn as f64 / 333.0 + 1680.0)).abs() < 1e-6, "{}", sparse.3);
    }
}
