//! The numbers of the study, read off its text and figures: means over its three seeds.

/// Best training F1: the width, and the pairs in the order of [`Pair::ALL`](super::Pair::ALL).
pub const CAPACITY: [(usize, [f64; 5]); 5] = [
    (2, [0.955, 0.79, 0.71, 0.72, 0.61]),
    (4, [0.993, 0.95, 0.84, 0.87, 0.73]),
    (12, [0.995, 0.974, 0.947, 0.90, 0.87]),
    (24, [0.995, 0.978, 0.943, 0.90, 0.88]),
    (64, [0.995, 0.977, 0.955, 0.917, 0.92]),
];

/// The width of [`RATE_F1`].
pub const RATE_WIDTH: usize = 64;

/// F1 on 4-9 at that width, in the order of [`RATES`](super::RATES).
pub const RATE_F1: [f64; 6] = [0.14, 0.61, 0.70, 0.49, 0.83, 0.91];

/// F1 on 4-9 under noise: the width, and the strengths in the order of [`SIGMAS`](super::corruption::SIGMAS).
pub const NOISE: [(usize, [f64; 5]); 2] =
    [(24, [0.88, 0.85, 0.80, 0.73, 0.67]), (64, [0.92, 0.91, 0.87, 0.82, 0.77])];

/// F1 on 4-9 with the patch, by width.
pub const OCCLUSION: [(usize, f64); 3] = [(24, 0.848), (48, 0.860), (64, 0.862)];

/// Why there are two readings of a pruning level.
pub const TWO_READINGS: &str = "Pruning levels are read in two ways. The study's text removes that many percent of the weights. Its \
    published code sets the level as a fraction and divides it by 100 again, so that 95 % removes 0.95 %. Both are measured here; \
    where the published curves are compared, the reading is named.";

/// The largest change of F1 by pruning at any level, in percent of F1.
pub const PRUNING_BAND: f64 = 0.03;

/// F1 above which a width is enough for a pair, if it is stable over seeds.
pub const ENOUGH: f64 = 0.90;

/// The smallest widths that are enough, from and to, in the order of [`Pair::ALL`](super::Pair::ALL): 4, "about 10" twice, none
/// named, 12 to 24.
pub const SMALLEST: [Option<(usize, usize)>; 5] =
    [Some((4, 4)), Some((8, 12)), Some((8, 12)), None, Some((12, 24))];
