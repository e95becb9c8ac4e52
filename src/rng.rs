//! Everything random, from one seed.
//!
//! Only integer operations and `+ - * / sqrt` are used, so a seed gives the same bits on every platform.

use rand_xoshiro::rand_core::{Rng as _, SeedableRng};
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};

/// What the streams of a seed are for; see [`Rng::stream`]. The numbers are part of every result: a change here changes every
/// trained network and every drawn digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The order of the examples in an epoch, counted from 0.
    Order(u64),
    /// The choice of what is pruned at random.
    Choice,
    /// The initial weights of a network that is trained.
    Weights,
    /// The choice of the examples that training is judged by.
    Validation,
    /// The random weights of a network that is only measured.
    BenchWeights,
    /// The random inputs of a benchmark.
    BenchInputs,
    /// Which examples of the more frequent class a study leaves out.
    Balance,
    /// Which examples a study holds out.
    Holdout,
    /// The noise, and the places of the patches, of a study.
    Corruption,
    /// The inputs and the initial weights of a study of prototypes.
    Prototypes,
    /// The first places of a layout in the plane.
    Layout,
    /// The drawn digit of an index: from the top down, far from all others.
    Digit(u64),
}

impl Stream {
    fn number(self) -> u64 {
        match self {
            Stream::Order(epoch) => (1 << 48) + epoch,
            Stream::Choice => 1 << 49,
            Stream::Weights => 1 << 50,
            Stream::Validation => (1 << 50) + 1,
            Stream::BenchWeights => 1 << 51,
            Stream::BenchInputs => (1 << 51) + 1,
            Stream::Balance => 1 << 52,
            Stream::Holdout => (1 << 52) + 1,
            Stream::Corruption => (1 << 52) + 2,
            Stream::Prototypes => (1 << 52) + 3,
            Stream::Layout => 1 << 53,
            Stream::Digit(index) => !index,
        }
    }
}

/// A seeded generator (xoshiro256++).
#[derive(Debug, Clone)]
pub struct Rng(Xoshiro256PlusPlus);

impl Rng {
    /// The generator of `seed`.
    pub fn new(seed: u64) -> Rng {
        Rng(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// The generator of `seed` for one use, independent of the others: drawing more in one place changes nothing in another.
    pub fn stream(seed: u64, stream: Stream) -> Rng {
        // Mixing the seed first keeps (seed, stream + 1) apart from (seed + 1, stream).
        Rng::new(SplitMix64::seed_from_u64(seed).next_u64() ^ stream.number())
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in `[0, 1)`, a multiple of 2^-24.
    pub fn uniform(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u32 << 24) as f32
    }

    /// Uniform in `[0, 1)`, a multiple of 2^-53.
    pub fn uniform_f64(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..n`, without bias.
    ///
    /// # Panics
    /// If `n` is 0: there is nothing to choose from.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "cannot choose below 0");
        let n = n as u64;
        // Lemire, "Fast random integer generation in an interval" (2019): the high half of a product is the
        // choice; the few low halves that would make some choices likelier are drawn again.
        let biased = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            if product as u64 >= biased {
                return (product >> 64) as usize;
            }
        }
    }

    /// Normal with mean 0 and variance 1 (Marsaglia's polar method).
    pub fn normal(&mut self) -> f32 {
        loop {
            let (x, y) = (2.0 * self.uniform_f64() - 1.0, 2.0 * self.uniform_f64() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return (x * (-2.0 * ln(square) / square).sqrt()) as f32;
            }
        }
    }

    /// Puts `items` in random order; every order is equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Natural logarithm of a normal positive number, to about 1e-15. The standard one differs between platforms in
/// the last bit, and a seed's weights would with it.
fn ln(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    let exponent = (x.to_bits() >> 52) as i32 - 1023;
    let mantissa = f64::from_bits(x.to_bits() & MANTISSA | 1.0f64.to_bits());
    // In [1, 2), |z| <= 1/3, and ln m = 2 artanh z = 2 (z + z^3/3 + z^5/5 + ...).
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let artanh = (0..16).rev().fold(0.0, |sum, k| sum * z * z + 1.0 / f64::from(2 * k + 1)) * z;
    f64::from(exponent) * core::f64::consts::LN_2 + 2.0 * artanh
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    #[test]
    fn the_bits_of_a_seed_are_pinned() {
        // Computed apart, in Python. A change here changes every trained network and every drawn digit.
        let mut rng = Rng::new(1);
        assert_eq!([rng.bits(), rng.bits()], [14_971_601_782_005_023_387, 13_781_649_495_232_077_965]);
        assert_eq!(Rng::stream(1, Stream::Digit(!2)).bits(), 17_343_244_953_536_433_221);
        assert_eq!(Rng::new(1).normal().to_bits(), 1_061_155_163);
        assert_eq!(Rng::new(1).uniform().to_bits(), 1_062_192_592);
    }

    #[test]
    fn streams_and_seeds_differ() {
        use Stream::{BenchInputs, BenchWeights, Choice, Digit, Order, Weights};
        let streams = [Order(0), Order(1), Choice, Weights, BenchWeights, BenchInputs, Digit(0), Digit(1)];
        let mut first: Vec<u64> =
            (0..8).flat_map(|seed| streams.map(|stream| Rng::stream(seed, stream).bits())).collect();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 64);
        assert_eq!(
            streams.map(Stream::number),
            [1 << 48, (1 << 48) + 1, 1 << 49, 1 << 50, 1 << 51, (1 << 51) + 1, u64::MAX, u64::MAX - 1]
        );
    }

    #[test]
    fn below_is_in_range_and_unbiased() {
        // Below 3 * 2^62 (of 2^64) the high half of the product alone would be a multiple of 3 every other time.
        let n = 3usize << (usize::BITS - 2);
        let mut rng = Rng::new(7);
        let multiples = (0..30_000).filter(|_| rng.below(n).is_multiple_of(3)).count();
        assert!((9_500..10_500).contains(&multiples), "{multiples} of 30000 are multiples of 3");
        let mut counts = [0; 7];
        (0..70_000).for_each(|_| counts[rng.below(7)] += 1);
        assert!(counts.iter().all(|c| (9_500..10_500).contains(c)), "{counts:?}");
        assert_eq!(rng.below(1), 0);
    }

    #[test]
    fn uniform_fills_the_unit_interval() {
        let mut rng = Rng::new(3);
        let draws: Vec<f32> = (0..100_000).map(|_| rng.uniform()).collect();
        assert!(draws.iter().all(|u| (0.0..1.0).contains(u) && (u * 16_777_216.0).fract() == 0.0));
        let mean = draws.iter().sum::<f32>() / draws.len() as f32;
        assert!((mean - 0.5).abs() < 0.005, "mean {mean}");
        assert!((0..1000).all(|_| (0.0..1.0).contains(&rng.uniform_f64())));
    }

    #[test]
    fn normal_has_the_moments_and_tails_of_a_normal() {
        let mut rng = Rng::new(5);
        let n = 200_000;
        let draws: Vec<f64> = (0..n).map(|_| f64::from(rng.normal())).collect();
        let moment = |power: i32| draws.iter().map(|x| x.powi(power)).sum::<f64>() / f64::from(n);
        for (power, expected, tolerance) in [(1, 0.0, 0.01), (2, 1.0, 0.02), (3, 0.0, 0.04), (4, 3.0, 0.1)] {
            assert!((moment(power) - expected).abs() < tolerance, "moment {power}: {}", moment(power));
        }
        let beyond = draws.iter().filter(|x| x.abs() > 3.0).count();
        assert!((430..650).contains(&beyond), "{beyond} beyond 3 sigma, 540 expected");
    }

    #[test]
    fn the_logarithm_is_the_logarithm() {
        let mut rng = Rng::new(11);
        for x in (0..10_000).map(|_| rng.uniform_f64() + 1e-12).chain([1.0, 2.0, f64::MIN_POSITIVE, 1e300]) {
            assert!((ln(x) - x.ln()).abs() <= 1e-15 * (1.0 + x.ln().abs()), "ln {x}: {} {}", ln(x), x.ln());
        }
    }

    #[test]
    fn every_order_is_equally_likely() {
        let mut rng = Rng::new(13);
        let mut counts = vec![0; 27];
        for _ in 0..60_000 {
            let mut items = [0, 1, 2];
            rng.shuffle(&mut items);
            counts[items[0] * 9 + items[1] * 3 + items[2]] += 1;
        }
        counts.retain(|count| *count > 0);
        assert_eq!(counts.len(), 6);
        assert!(counts.iter().all(|c| (9_600..10_400).contains(c)), "{counts:?}");
    }
}
