//! Each statistic against numbers that were worked out by hand or are known, and what must not change it.

use proptest::prelude::*;
use prunella::study::statistics::{
    Points, linear_cka, mutual_information, quantile_bins, ranks, silhouette, spearman, top_overlap,
    trustworthiness,
};

fn near(found: Option<f64>, expected: f64) {
    let found = found.expect("it is defined");
    assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
}

fn line(values: &[f32]) -> Points<'_> {
    Points::new(values, 1)
}

#[test]
fn equal_values_share_a_rank() {
    assert_eq!(ranks(&[10.0, 20.0, 20.0, 5.0]), [2.0, 3.5, 3.5, 1.0]);
    assert_eq!(ranks(&[0.0, -0.0, -1.0, f32::INFINITY, 0.0]), [3.0, 3.0, 1.0, 5.0, 3.0]);
    assert!(ranks(&[]).is_empty());
}

#[test]
fn spearman_is_that_of_the_textbook() {
    // Intelligence against hours of television: -29 / 165.
    let intelligence = [106.0, 100.0, 86.0, 101.0, 99.0, 103.0, 97.0, 113.0, 112.0, 110.0];
    let hours = [7.0, 27.0, 2.0, 50.0, 28.0, 29.0, 20.0, 12.0, 6.0, 17.0];
    near(spearman(&intelligence, &hours), -29.0 / 165.0);
    // Ranks 1, 2.5, 2.5, 4 against 1 to 4: 4.5 / sqrt(4.5 x 5).
    near(spearman(&[1.0, 2.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0]), 3.0 / 10f64.sqrt());
    assert_eq!(spearman(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
    assert_eq!(spearman(&[1.0, f32::NAN, 0.0], &[1.0, 2.0, 3.0]), None);
}

#[test]
fn the_top_is_shared_fairly_where_it_is_tied() {
    let up = [1.0, 2.0, 3.0, 4.0];
    assert_eq!(top_overlap(&up, &[4.0, 3.0, 2.0, 1.0], 2), 0.0);
    assert_eq!(top_overlap(&up, &[0.0, 9.0, 8.0, 9.5], 2), 0.5);
    assert_eq!(top_overlap(&up, &up, 3), 1.0);
    // The second place falls to each of three with chance 1/3.
    let found = top_overlap(&[3.0, 1.0, 1.0, 1.0], &[3.0, 2.0, 1.0, 0.0], 2);
    assert!((found - (1.0 + 1.0 / 3.0) / 2.0).abs() < 1e-12, "{found}");
    assert_eq!(top_overlap(&[7.0; 4], &up, 2), 0.5);
    assert!(top_overlap(&up, &up, 0).is_nan());
}

#[test]
fn cka_is_what_a_pencil_gives() {
    // Of single columns it is the square of their correlation: 3^2 / (2 x 14/3).
    near(linear_cka(line(&[1.0, 2.0, 3.0]), line(&[1.0, 2.0, 4.0])), 27.0 / 28.0);
    near(linear_cka(line(&[1.0, -1.0, 1.0, -1.0]), line(&[1.0, 1.0, -1.0, -1.0])), 0.0);
    // Both of those columns against the first: 16^2 / (sqrt(16^2 + 16^2) x 16) = 1 / sqrt 2.
    let both = [1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0, -1.0];
    near(linear_cka(Points::new(&both, 2), line(&[1.0, -1.0, 1.0, -1.0])), 0.5f64.sqrt());
    assert_eq!(linear_cka(line(&[1.0, 1.0]), line(&[1.0, 2.0])), None);
}

#[test]
fn silhouettes_are_what_a_pencil_gives() {
    // 0 and 1 against 4 and 5: (4.5 - 1) / 4.5 outside, (3.5 - 1) / 3.5 inside.
    near(silhouette(line(&[0.0, 1.0, 4.0, 5.0]), &[0, 0, 1, 1]), 47.0 / 63.0);
    // The only one of its class counts 0: (9 - 1) / 9, (8 - 1) / 8 and 0; and of two other classes only the nearer one counts.
    near(silhouette(line(&[0.0, 1.0, 9.0]), &[5, 5, 9]), (8.0 / 9.0 + 7.0 / 8.0) / 3.0);
    near(silhouette(line(&[0.0, 1.0, 9.0, 100.0]), &[5, 5, 9, 7]), (8.0 / 9.0 + 7.0 / 8.0) / 4.0);
    near(silhouette(line(&[3.0, 3.0, 3.0, 3.0]), &[0, 0, 1, 1]), 0.0);
    assert_eq!(silhouette(line(&[1.0, 2.0]), &[1, 1]), None);
}

#[test]
fn trustworthiness_counts_intruders_by_their_rank() {
    // Every nearest neighbour shown is the second in truth: four intruders, each one rank too far; 1 - 4 x 2 / (4 x 1 x 4).
    let (high, low) = ([0.0, 1.0, 3.0, 7.0], [0.0, 3.0, 1.25, 7.0]);
    near(trustworthiness(line(&high), line(&low), 1), 0.5);
    near(trustworthiness(line(&high), line(&high), 1), 1.0);
    // Not for as many neighbours as half the points.
    assert_eq!(trustworthiness(line(&high), line(&low), 2), None);
    assert_eq!(trustworthiness(line(&high), line(&low), 0), None);
}

#[test]
fn information_is_that_of_the_channel() {
    let equal = [0, 1, 0, 1, 1, 0, 0, 1];
    assert_eq!(mutual_information(&equal, &equal), 1.0);
    assert_eq!(mutual_information(&equal, &[3; 8]), 0.0);
    assert_eq!(mutual_information(&[0, 0, 1, 1], &[0, 1, 0, 1]), 0.0);
    // A bit that is wrong one time in four: 1 - H(1/4).
    let heard = [1, 1, 0, 1, 1, 0, 0, 0];
    assert!((mutual_information(&equal, &heard) - 0.188_721_875).abs() < 1e-9);
    // log2 3 bits, through a function that merges two of the three values: H(1/3).
    let found = mutual_information(&[0, 1, 2], &[0, 0, 1]);
    assert!((found - 0.918_295_834).abs() < 1e-9, "{found}");
    assert!(mutual_information(&[], &[]).is_nan());
}

#[test]
fn bins_hold_equally_many_and_equal_values_together() {
    assert_eq!(quantile_bins(&[5.0, 1.0, 3.0, 2.0], 2), [1, 0, 1, 0]);
    assert_eq!(quantile_bins(&[0.0, 0.0, 0.0, 1.0, 2.0, 3.0], 3), [0, 0, 0, 1, 2, 2]);
    assert_eq!(quantile_bins(&[1.0, 1.0], 4), [0, 0]);
    assert!(quantile_bins(&[], 4).is_empty());
}

/// Points of the plane, `[n, 2]`, no two at the same distance but by great chance.
fn plane(n: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-1.0f32..1.0, 2 * n)
}

/// Turned by 37 degrees, doubled, and moved.
fn moved(points: &[f32]) -> Vec<f32> {
    let (sin, cos) = 37f32.to_radians().sin_cos();
    let turned = |p: &[f32]| [2.0 * (cos * p[0] - sin * p[1]) + 3.0, 2.0 * (sin * p[0] + cos * p[1]) - 1.0];
    points.chunks_exact(2).flat_map(turned).collect()
}

proptest! {
    #[test]
    fn only_the_order_counts_for_spearman(a in prop::collection::vec(-20i8..20, 3..40), seed in 0u64..99) {
        let mut rng = prunella::rng::Rng::new(seed);
        let a: Vec<f32> = a.into_iter().map(f32::from).collect();
        let b: Vec<f32> = a.iter().map(|value| value + 8.0 * rng.normal()).collect();
        let of = |f: fn(f32) -> f32| spearman(&a.iter().map(|v| f(*v)).collect::<Vec<_>>(), &b);
        let plain = of(|v| v);
        prop_assert_eq!(plain, of(|v| v.powi(3) + 5.0));
        prop_assert_eq!(plain, spearman(&b, &a));
        if let (Some(plain), Some(down)) = (plain, of(|v| -v)) {
            prop_assert!((plain + down).abs() < 1e-9 && (-1.0 - 1e-9..=1.0 + 1e-9).contains(&plain));
            prop_assert!((spearman(&a, &a).unwrap() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_top_is_as_large_as_asked(a in prop::collection::vec(0i8..5, 1..40), k in 1usize..40) {
        // Against itself the overlap is 1 unless the last place is tied, and never less than by chance.
        let a: Vec<f32> = a.into_iter().map(f32::from).collect();
        let k = k.min(a.len());
        let distinct: Vec<f32> = (0..a.len()).map(|index| index as f32).collect();
        let own = top_overlap(&a, &a, k);
        prop_assert!(own <= 1.0 + 1e-9 && own >= k as f64 / a.len() as f64 - 1e-9);
        prop_assert_eq!(top_overlap(&distinct, &distinct, k), 1.0);
        let constant = vec![1.0; a.len()];
        prop_assert!((top_overlap(&a, &constant, k) - k as f64 / a.len() as f64).abs() < 1e-9);
    }

    #[test]
    fn geometry_does_not_mind_being_moved(points in plane(12), other in plane(12)) {
        let (turned, labels) = (moved(&points), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
        let [points, turned, other] = [&points, &turned, &other].map(|values| Points::new(values, 2));
        let same = |a: Option<f64>, b: Option<f64>| (a.unwrap() - b.unwrap()).abs() < 1e-4;
        prop_assert!(same(linear_cka(points, turned), Some(1.0)));
        prop_assert!(same(linear_cka(points, other), linear_cka(turned, other)));
        prop_assert!(same(linear_cka(points, other), linear_cka(other, points)));
        prop_assert!(same(silhouette(points, &labels), silhouette(turned, &labels)));
        prop_assert!(trustworthiness(points, turned, 3).unwrap() > 0.98);
        let trusted = trustworthiness(points, other, 3).unwrap();
        prop_assert!((0.0..=1.0).contains(&trusted));
    }

    #[test]
    fn information_is_symmetric_and_at_most_that_of_either(
        pairs in prop::collection::vec((0usize..4, 0usize..3), 1..60),
    ) {
        let (a, b): (Vec<usize>, Vec<usize>) = pairs.into_iter().unzip();
        let both = mutual_information(&a, &b);
        prop_assert!((both - mutual_information(&b, &a)).abs() < 1e-12);
        let own = mutual_information(&a, &a).min(mutual_information(&b, &b));
        prop_assert!(both >= -1e-12 && both <= own + 1e-12);
        let renamed: Vec<usize> = a.iter().map(|value| 7 - value).collect();
        prop_assert!((both - mutual_information(&renamed, &b)).abs() < 1e-12);
    }
}
