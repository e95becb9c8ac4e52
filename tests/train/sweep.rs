//! Many networks at once against each of them trained alone, bit for bit.

use super::sparse::drawings;
use super::*;
use prunella::train::{Member, State, Sweep, evaluate_many};

/// Networks of these widths, each with a learning rate and a number of steps of its own.
fn members(
    features: usize,
    widths: &[usize],
    outputs: usize,
    hidden: Activation,
    output: Activation,
) -> Vec<Member> {
    let member = |(index, width): (usize, &usize)| {
        let mut rng = Rng::new(index as u64);
        let network = Mlp::new(&[features, *width, outputs], hidden, output, Init::Xavier, &mut rng).unwrap();
        Member { network, rate: 0.02 * (1 + index % 4) as f32, steps: 9 - index % 3 * 3 }
    };
    widths.iter().enumerate().map(member).collect()
}

/// What a [`Trainer`] makes of a member alone: the losses of its steps, and the network.
fn alone(member: &Member, data: &Dataset, options: &Options, compute: Compute<'_>) -> (Vec<f64>, Mlp) {
    let mut network = member.network.clone();
    let per_epoch = data.len().div_ceil(options.batch_size);
    let optimizer = options.optimizer.with_rate(member.rate);
    let options = Options { epochs: member.steps / per_epoch, optimizer, ..*options };
    let losses = losses_of(&train_all(&mut network, data, &options, compute).unwrap());
    (losses, network)
}

/// Trains the members together; for each the losses of its steps and its network.
fn together(
    members: &[Member],
    data: &Dataset,
    options: &Options,
    compute: Compute<'_>,
) -> Vec<(Vec<f64>, Mlp)> {
    let mut sweep = Sweep::new(members.to_vec(), data, options, compute).unwrap();
    let mut losses = vec![vec![]; members.len()];
    while sweep.step().is_some() {
        for (index, losses) in losses.iter_mut().enumerate() {
            losses.extend(sweep.loss(index));
        }
    }
    losses.into_iter().zip(sweep.finish()).collect()
}

/// Whether each member ends as it would alone, on one, two and three threads.
fn check(members: &[Member], data: &Dataset, options: &Options) {
    for isa in Isa::available() {
        let kernels = Kernels::new(isa);
        let single = Pool::single();
        let one = Compute { kernels, pool: &single };
        let expected: Vec<_> = members.iter().map(|member| alone(member, data, options, one)).collect();
        for threads in [1, 2, 3] {
            let pool = pool(threads);
            let got = together(members, data, options, Compute { kernels, pool: &pool });
            for (index, ((losses, network), (want, expected))) in got.iter().zip(&expected).enumerate() {
                let what = format!("network {index}, {isa}, {threads} threads, {options:?}");
                assert_eq!(losses, want, "{what}");
                assert!(network == expected, "{what}: other weights");
                assert!(*network != members[index].network, "{what}: nothing is learnt");
            }
        }
    }
}

fn options(batch_size: usize, optimizer: Optimizer, schedule: Schedule, loss: Loss) -> Options {
    Options { epochs: 1, batch_size, optimizer, schedule, loss, seed: 5 }
}

/// More networks than a slot has columns, whose units end within lines and groups.
const WIDTHS: [usize; 18] = [3, 16, 1, 40, 70, 2, 5, 33, 7, 1, 1, 4, 17, 2, 31, 8, 6, 9];

#[test]
fn each_network_is_trained_as_it_would_be_alone() {
    let data = drawings(300, 67, 2, 3);
    for optimizer in OPTIMIZERS {
        let members = members(67, &WIDTHS, 1, Activation::Relu, Activation::Identity);
        check(&members, &data, &options(300, optimizer, Schedule::Cosine, Loss::BinaryCrossEntropy));
    }
}

/// Three batches to an epoch, the last smaller, in the order that the seed draws.
#[test]
fn batches_are_those_of_one_network_alone() {
    let data = drawings(333, 30, 2, 4);
    for optimizer in OPTIMIZERS {
        let members = members(30, &WIDTHS[..5], 1, Activation::Tanh, Activation::Identity);
        check(&members, &data, &options(150, optimizer, Schedule::Constant, Loss::BinaryCrossEntropy));
    }
}

#[test]
fn every_loss_and_activation_goes_through() {
    let data = drawings(140, 21, 3, 7);
    let full = |loss| options(140, Optimizer::adam(0.01), Schedule::Constant, loss);
    for hidden in Activation::ALL {
        let softmax = members(21, &WIDTHS, 3, hidden, Activation::Identity);
        check(&softmax, &data, &full(Loss::SoftmaxCrossEntropy));
        let squared = members(21, &WIDTHS[..3], 3, hidden, hidden);
        check(&squared, &data, &full(Loss::MeanSquaredError));
    }
    // Most pixels are not zero.
    let dense = blobs(200, 20, 2, 3);
    let binary = members(20, &WIDTHS[..4], 1, Activation::Relu, Activation::Sigmoid);
    check(&binary, &dense, &Options { batch_size: 200, ..full(Loss::MeanSquaredError) });
}

#[test]
fn pruned_weights_stay_pruned_among_others() {
    let data = drawings(150, 24, 2, 9);
    for layers in [&[0][..], &[1], &[0, 1]] {
        let mut members = members(24, &WIDTHS[..6], 1, Activation::Relu, Activation::Identity);
        for layer in layers {
            let network = &mut members[3].network;
            let keep: Vec<bool> = (0..network.weight(*layer).len()).map(|i| i % 3 > 0).collect();
            network.set_mask(*layer, &keep);
        }
        for optimizer in OPTIMIZERS {
            check(&members, &data, &options(150, optimizer, Schedule::Constant, Loss::BinaryCrossEntropy));
        }
    }
}

#[test]
fn who_is_stopped_stays_as_it_is_and_the_others_go_on() {
    let data = drawings(150, 24, 2, 9);
    let mut members = members(24, &WIDTHS[..4], 1, Activation::Relu, Activation::Identity);
    members.iter_mut().for_each(|member| member.steps = 6);
    let options = options(150, Optimizer::adam(0.01), Schedule::Constant, Loss::BinaryCrossEntropy);
    let pool = pool(2);
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let mut sweep = Sweep::new(members.clone(), &data, &options, compute).unwrap();
    let mut counts = vec![];
    while let Some(now) = sweep.step() {
        assert_eq!((now.step, now.steps, now.examples), (counts.len() + 1, 6, 150));
        counts.push(now.members);
        if now.step == 2 {
            sweep.stop(1);
            assert!(sweep.outputs(1).is_some(), "it has done this step");
        }
        assert_eq!(sweep.outputs(1).is_some(), now.step <= 2);
        assert_eq!(sweep.examples(), (0..150).collect::<Vec<_>>());
    }
    assert_eq!(counts, [4, 4, 3, 3, 3, 3]);
    let states: Vec<State> = (0..4).map(|member| sweep.state(member)).collect();
    assert_eq!(states, [State::Done, State::Stopped, State::Done, State::Done]);
    for (index, member) in members.iter().enumerate() {
        let steps = if index == 1 { 2 } else { 6 };
        let (_, expected) = alone(&Member { steps, ..member.clone() }, &data, &options, compute);
        assert!(sweep.network(index) == expected, "network {index}");
    }
    assert!(sweep.finish()[1] != members[1].network);
}

#[test]
fn who_diverges_is_stopped_before_the_step_and_spoils_nobody() {
    let data = drawings(150, 24, 2, 9);
    // The second leaves hidden values that are infinite, too: times a zero that is NaN.
    for (loss, rate) in [Loss::BinaryCrossEntropy, Loss::MeanSquaredError].into_iter().zip([1e30, 3e38]) {
        let mut members = members(24, &WIDTHS[..5], 1, Activation::Relu, Activation::Identity);
        (members[3].rate, members[3].steps) = (rate, 9);
        let options = options(150, Optimizer::Sgd { rate: 0.1 }, Schedule::Constant, loss);
        let pool = pool(2);
        let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
        let mut sweep = Sweep::new(members.clone(), &data, &options, compute).unwrap();
        let counts: Vec<usize> = core::iter::from_fn(|| sweep.step()).map(|now| now.members).collect();
        let mut network = members[3].network.clone();
        let sgd = Options { epochs: 9, optimizer: Optimizer::Sgd { rate }, ..options };
        let error = train_all(&mut network, &data, &sgd, compute).unwrap_err();
        let TrainError::NotFinite { step, .. } = error else { panic!("{error}") };
        assert!(step > 1 && counts[step - 2] == counts[step - 1] + 1, "{step} {counts:?}");
        assert_eq!(sweep.state(3), State::Diverged { step });
        let bits_of = |network: &Mlp| network.weight(0).iter().map(|w| w.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits_of(&sweep.network(3)), bits_of(&network));
        for index in [0, 1, 2, 4] {
            assert_eq!(sweep.state(index), State::Done);
            assert!(
                sweep.network(index) == alone(&members[index], &data, &options, compute).1,
                "network {index}"
            );
        }
    }
}

#[test]
fn outputs_are_those_before_the_step() {
    let data = drawings(300, 24, 3, 9);
    let members = members(24, &WIDTHS, 3, Activation::Relu, Activation::Identity);
    let options = options(170, Optimizer::adam(0.01), Schedule::Constant, Loss::SoftmaxCrossEntropy);
    let pool = pool(2);
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let mut sweep = Sweep::new(members, &data, &options, compute).unwrap();
    for _ in 0..3 {
        let before: Vec<Mlp> = (0..WIDTHS.len()).map(|member| sweep.network(member)).collect();
        sweep.step().unwrap();
        let batch = data.select(sweep.examples());
        for (index, network) in before.iter().enumerate() {
            let expected = evaluate(network, &batch, options.loss, compute).unwrap().outputs;
            assert_eq!(sweep.outputs(index), Some(expected), "network {index}");
        }
    }
}

#[test]
fn many_networks_are_evaluated_as_each_alone() {
    let data = drawings(300, 24, 2, 9);
    let pool = pool(2);
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let loss = Loss::BinaryCrossEntropy;
    let networks_of =
        |members: Vec<Member>| members.into_iter().map(|member| member.network).collect::<Vec<_>>();
    let fits = networks_of(members(24, &WIDTHS, 1, Activation::Relu, Activation::Identity));
    let mut mixed = fits[..2].to_vec();
    mixed.extend(networks_of(members(24, &[5], 1, Activation::Tanh, Activation::Identity)));
    let huge = Layer::new(24, vec![3e38; 24 * 4], vec![0.0; 4], Activation::Relu).unwrap();
    let output = Layer::new(4, vec![1.0; 4], vec![0.0], Activation::Identity).unwrap();
    let huge = Mlp::from_model(&Model::new(vec![huge, output]).unwrap()).unwrap();
    let infinite = vec![fits[0].clone(), huge, fits[1].clone()];
    for networks in [&fits, &mixed, &infinite, &vec![]] {
        let got = evaluate_many(networks, &data, loss, compute).unwrap();
        assert_eq!(got.len(), networks.len());
        for (network, got) in networks.iter().zip(got) {
            assert_eq!(got, evaluate(network, &data, loss, compute).unwrap());
        }
    }
}

#[test]
fn what_cannot_be_trained_together_is_refused_in_words() {
    let data = drawings(50, 24, 2, 9);
    let pool = Pool::single();
    let compute = Compute { kernels: Kernels::new(Isa::best()), pool: &pool };
    let options = options(50, Optimizer::adam(0.01), Schedule::Constant, Loss::BinaryCrossEntropy);
    let refuse = |members: Vec<Member>, words: &str| {
        let error = Sweep::new(members, &data, &options, compute).err().expect("it is refused");
        assert!(error.to_string().contains(words), "{error}");
    };
    let fine = members(24, &[3, 4], 1, Activation::Relu, Activation::Identity);
    let with = |change: &dyn Fn(&mut Member)| {
        let mut members = fine.clone();
        change(&mut members[1]);
        members
    };
    let network = |sizes: &[usize], hidden| {
        Mlp::new(sizes, hidden, Activation::Identity, Init::He, &mut Rng::new(1)).unwrap()
    };
    refuse(vec![], "there is no network to train");
    refuse(with(&|member| member.steps = 0), "is 0; it must be 1 or more");
    refuse(with(&|member| member.rate = -1.0), "the learning rate is -1");
    let deep = "network 1, of sizes [24, 5, 5, 1], does not fit: it must have one hidden layer";
    refuse(with(&|member| member.network = network(&[24, 5, 5, 1], Activation::Relu)), deep);
    let other = "network 1, of sizes [24, 5, 1], does not fit";
    refuse(with(&|member| member.network = network(&[24, 5, 1], Activation::Tanh)), other);
    let inputs = "takes 23 values, but an example has 24 features";
    refuse(with(&|member| member.network = network(&[23, 5, 1], Activation::Relu)), inputs);
}
