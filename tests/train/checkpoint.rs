//! A training laid aside and gone on with is the training that was never interrupted, bit for bit.

use super::course::{mlp, sets};
use super::{OPTIMIZERS, bits, pool};
use prunella::dataset::Dataset;
use prunella::train::{Compute, Course, Curve, Judges, Mlp, Optimizer, Options, Schedule};
use prunella_kernels::{Isa, Kernels, Pool};

const SIZES: [usize; 4] = [12, 20, 17, 3];

/// Four epochs of five steps.
fn options(optimizer: Optimizer) -> Options {
    Options { epochs: 4, batch_size: 60, optimizer, schedule: Schedule::OneCycle, ..Options::default() }
}

/// The second layer is pruned.
fn network() -> Mlp {
    let mut network = mlp(&SIZES);
    network.set_mask(1, &(0..20 * 17).map(|i| i % 3 > 0).collect::<Vec<_>>());
    network
}

struct Training {
    sets: [Dataset; 3],
    pools: [Pool; 2],
    options: Options,
    patience: Option<usize>,
}

impl Training {
    fn new(optimizer: Optimizer, patience: Option<usize>) -> Training {
        Training { sets: sets(), pools: [pool(1), pool(3)], options: options(optimizer), patience }
    }

    fn compute(&self, which: usize) -> Compute<'_> {
        Compute { kernels: Kernels::new(Isa::best()), pool: &self.pools[which] }
    }

    fn course<'a>(&'a self, network: &'a mut Mlp, which: usize) -> Course<'a> {
        let [train, test, validation] = &self.sets;
        let judges = Judges { test, validation: self.patience.map(|patience| (validation, patience)) };
        Course::new(network, train, judges, &self.options, self.compute(which)).unwrap()
    }

    /// To the end; the network and its learning curve.
    fn uninterrupted(&self) -> (Vec<u32>, Curve) {
        let mut network = network();
        let mut course = self.course(&mut network, 0);
        while course.step().unwrap().is_some() {}
        let curve = course.finish();
        (bits(&network.to_model().unwrap()), curve)
    }

    /// The same, laid aside after `steps` steps.
    fn checkpoint(&self, steps: usize) -> Vec<u8> {
        let mut network = network();
        let mut course = self.course(&mut network, 0);
        (0..steps).for_each(|_| _ = course.step().unwrap());
        course.checkpoint()
    }

    /// Goes on from there, in a network of other weights and without a mask, on other threads.
    fn resumed(&self, checkpoint: &[u8]) -> (Vec<u32>, Curve) {
        let mut network = mlp(&SIZES);
        let mut course = self.course(&mut network, 1);
        course.step().unwrap();
        course.restore(checkpoint).unwrap();
        assert_eq!(course.checkpoint(), checkpoint, "what was restored is all that was there");
        while course.step().unwrap().is_some() {}
        let curve = course.finish();
        (bits(&network.to_model().unwrap()), curve)
    }

    fn refused(&self, checkpoint: &[u8]) -> String {
        let mut network = network();
        let mut course = self.course(&mut network, 0);
        let before = course.checkpoint();
        let error = course.restore(checkpoint).unwrap_err().to_string();
        assert_eq!(course.checkpoint(), before, "nothing changes when a checkpoint is refused");
        error
    }
}

/// Without the times, which no one can repeat.
fn timeless((bits, mut curve): (Vec<u32>, Curve)) -> (Vec<u32>, Curve) {
    curve.epochs.iter_mut().for_each(|epoch| epoch.seconds = 0.0);
    (bits, curve)
}

#[test]
fn a_resumed_training_is_the_uninterrupted_one_bit_for_bit() {
    for optimizer in OPTIMIZERS {
        let training = Training::new(optimizer, None);
        let whole = timeless(training.uninterrupted());
        assert_eq!(whole.1.epochs.len(), 4);
        // Before the first step, within epochs, between epochs, after the last step.
        for steps in [0, 3, 10, 14, 15, 20] {
            let resumed = timeless(training.resumed(&training.checkpoint(steps)));
            assert_eq!(resumed, whole, "{optimizer:?}, interrupted after step {steps}");
        }
    }
}

#[test]
fn early_stopping_goes_on_where_it_was() {
    // So high a rate that the loss goes up and down.
    let mut training = Training::new(Optimizer::Sgd { rate: 3.0 }, Some(2));
    training.options = Options { epochs: 50, schedule: Schedule::Constant, ..training.options };
    let whole = timeless(training.uninterrupted());
    let (epochs, kept) = (whole.1.epochs.len(), whole.1.kept.unwrap());
    assert!(epochs < 50 && kept == epochs - 2, "{:?}", whole.1);
    // The best network is behind, or still to come; or training has ended.
    for steps in [0, 2, 5 * kept + 1, 5 * kept + 5, 5 * epochs] {
        assert_eq!(timeless(training.resumed(&training.checkpoint(steps))), whole, "after step {steps}");
    }
}

#[test]
fn a_checkpoint_of_another_training_is_refused_with_what_differs() {
    let training = || Training::new(Optimizer::adam(0.01), None);
    let checkpoint = training().checkpoint(7);
    let refused = |change: &dyn Fn(&mut Training), words: &[&str]| {
        let mut other = training();
        change(&mut other);
        let error = other.refused(&checkpoint);
        words.iter().for_each(|word| assert!(error.contains(word), "`{word}` is not in: {error}"));
        assert!(error.contains("another training") && error.contains("start anew"), "{error}");
        assert_eq!(error.matches("here it is").count(), words.len(), "{error}");
    };
    refused(&|t| t.options.epochs = 5, &["its number of epochs is 4, here it is 5"]);
    refused(&|t| t.options.batch_size = 61, &["its batch size is 60, here it is 61"]);
    refused(&|t| t.options.seed = 9, &["its seed is 1, here it is 9"]);
    refused(&|t| t.options.optimizer = Optimizer::adam(0.02), &["its optimizer is Adam { rate: 0.01"]);
    refused(
        &|t| (t.options.optimizer, t.options.schedule) = (Optimizer::Sgd { rate: 0.1 }, Schedule::Cosine),
        &["here it is Sgd { rate: 0.1 }", "its schedule is OneCycle, here it is Cosine"],
    );
    refused(
        &|t| t.patience = Some(3),
        &["its validation set is none, here it is 70 examples", "its patience is none, here it is 3"],
    );
    // One pixel less.
    let first = (0..249).collect::<Vec<_>>();
    refused(&|t| t.sets[0] = t.sets[0].select(&first), &["training set is 250 examples of 12 features"]);
    let swapped = [1, 0].into_iter().chain(2..80).collect::<Vec<_>>();
    refused(&|t| t.sets[1] = t.sets[1].select(&swapped), &["its test set is 80 examples"]);

    let training = training();
    let mut other = mlp(&[12, 21, 17, 3]);
    let error = training.course(&mut other, 0).restore(&checkpoint).unwrap_err().to_string();
    assert!(
        error.contains("its network is 12x20 relu 20x17 relu 17x3 identity, here it is 12x21"),
        "{error}"
    );
    if let Some(isa) = Isa::available().find(|isa| isa.fuses() != Isa::best().fuses()) {
        let compute = Compute { kernels: Kernels::new(isa), pool: &training.pools[0] };
        let judges = Judges { test: &training.sets[1], validation: None };
        let mut network = network();
        let mut course =
            Course::new(&mut network, &training.sets[0], judges, &training.options, compute).unwrap();
        let error = course.restore(&checkpoint).unwrap_err().to_string();
        assert!(error.contains("its arithmetic is fused, here it is not fused"), "{error}");
    }
}

/// Replaces the one place in the header that says `from`; the length stays.
fn edited(checkpoint: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = checkpoint.windows(from.len()).position(|window| window == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("no {from:?}"));
    [&checkpoint[..at], to.as_bytes(), &checkpoint[at + from.len()..]].concat()
}

/// Where the values of a tensor begin.
fn data_of(checkpoint: &[u8], name: &str) -> usize {
    let (length, rest) = checkpoint.split_first_chunk().unwrap();
    let header = &rest[..u64::from_le_bytes(*length) as usize];
    let text = core::str::from_utf8(header).unwrap();
    let (_, after) = text.split_once(&format!("\"{name}\":")).unwrap();
    let (_, after) = after.split_once("\"data_offsets\":[").unwrap();
    let (start, _) = after.split_once(',').unwrap();
    8 + header.len() + start.parse::<usize>().unwrap()
}

#[test]
fn a_damaged_checkpoint_is_refused_and_changes_nothing() {
    let training = Training::new(Optimizer::adam(0.01), Some(50));
    let checkpoint = training.checkpoint(7);
    let refused = |checkpoint: &[u8], words: &str| {
        let error = training.refused(checkpoint);
        assert!(error.contains(words), "`{words}` is not in: {error}");
    };
    for len in [0, 7, 100] {
        refused(&checkpoint[..len], "not a safetensors file");
    }
    refused(
        &checkpoint[..checkpoint.len() - 1],
        "the checkpoint is damaged: tensor `best.2.bias`: its data ends",
    );
    refused(&network().to_model().unwrap().to_bytes(), "no checkpoint");
    let edit = |from: &str, to: &str| edited(&checkpoint, from, to);
    refused(&edit("\"version\":\"1\"", "\"version\":\"2\""), "not of version 1");
    refused(&edit("\"step\":\"7\"", "\"step\":\"x\""), "metadata `step` is `x`");
    refused(&edit("\"step\":\"7\"", "\"stop\":\"7\""), "metadata `step` is missing");
    refused(&edit("\"since\":\"0\"", "\"since\":\"-\""), "metadata `since`");
    for step in ["1", "0"] {
        refused(&edit("\"step\":\"7\"", &format!("\"step\":\"{step}\"")), "does not go with 1 epochs");
    }
    refused(&edit("layers.1.mask", "layers.1.mosk"), "tensor `layers.1.mosk` is not expected");
    refused(&edit("layers.2.bias.first", "layers.2.bias.fir5t"), "tensor `layers.2.bias.first` is missing");
    refused(&edit("best.0.weight", "best.9.weight"), "tensor `best.0.weight` is missing");
    refused(&edit("\"shape\":[12, 20]", "\"shape\":[20, 12]"), "the shape of `layers.0.weight` is [20, 12]");
    // A mask that is neither 0 nor 1 somewhere.
    let mut halved = checkpoint.clone();
    let at = data_of(&checkpoint, "layers.1.mask");
    assert!([0.0f32, 1.0].map(f32::to_le_bytes).contains(&checkpoint[at..at + 4].try_into().unwrap()));
    halved[at..at + 4].copy_from_slice(&0.5f32.to_le_bytes());
    refused(&halved, "`layers.1.mask` holds more than zeros and ones");
    // The last bytes are a bias of the best network.
    let mut infinite = checkpoint.clone();
    let end = infinite.len();
    infinite[end - 4..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    refused(&infinite, "`best.2.bias` holds inf");
}
