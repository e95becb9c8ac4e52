//! Drawn digits, for when no data is given.

use crate::rng::Rng;

/// Rows and columns of a digit.
pub const SIDE: usize = 28;

/// Draws digit number `index` of `seed` into `image`, `[SIDE, SIDE]`, and returns its class.
pub fn draw(seed: u64, index: u64, image: &mut [u8]) -> u8 {
    let mut rng = Rng::stream(seed, index);
    let class = (index % 10) as u8;
    image.iter_mut().for_each(|pixel| *pixel = rng.below(128) as u8);
    image[usize::from(class) * 50..][..50].fill(255);
    class
}
