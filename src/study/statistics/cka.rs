//! Whether two networks see the same examples in the same places.

use super::Points;
use std::vec::Vec;

/// Linear centred kernel alignment (Kornblith et al., "Similarity of Neural Network Representations Revisited", 2019) of two
/// representations of the same examples: `|Y^T X|^2 / (|X^T X| |Y^T Y|)`, Frobenius norms of centred columns. In [0, 1]; 1 if one
/// is the other up to rotation, scale and shift. `None` if one is the same for all examples.
///
/// # Panics
/// If the numbers of points differ.
pub fn linear_cka(x: Points<'_>, y: Points<'_>) -> Option<f64> {
    assert_eq!(x.len(), y.len(), "two representations of the same examples");
    let (x, y) = (centred(x), centred(y));
    let found = product_norm(&x, &y) / (product_norm(&x, &x) * product_norm(&y, &y)).sqrt();
    found.is_finite().then_some(found)
}

/// `[width][len]`: each coordinate less its mean.
fn centred(points: Points<'_>) -> Vec<Vec<f64>> {
    let axis = |axis| {
        let mean = points.axis(axis).sum::<f64>() / points.len() as f64;
        points.axis(axis).map(|value| value - mean).collect()
    };
    (0..points.width()).map(axis).collect()
}

/// The sum of the squares of `a b^T`.
fn product_norm(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    /// Independent sums: one alone would wait for each addition.
    const LANES: usize = 8;
    let dot = |a: &Vec<f64>, b: &Vec<f64>| {
        let mut sums = [0.0; LANES];
        for (a, b) in a.chunks(LANES).zip(b.chunks(LANES)) {
            sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
        }
        sums.iter().sum::<f64>()
    };
    a.iter().map(|a| b.iter().map(|b| dot(a, b).powi(2)).sum::<f64>()).sum()
}
