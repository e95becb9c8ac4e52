//! The product through windows: rows that are uneven, windows at the end of the input, and how many steps it takes.
#![cfg(feature = "oracle")]

#[allow(dead_code, reason = "each file of tests uses a part")]
mod isa;
#[allow(dead_code, reason = "each file of tests uses a part")]
mod suite;

use isa::each_isa;
use prunella_kernels::reference::check;
use prunella_kernels::{Activation, Kernels, Lanes};
use suite::{Case, Pattern, Random, written};

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// Compares windows with the oracle, and bit by bit with the dense product.
fn verify(kernels: Kernels, case: &Case, what: &str) {
    let (windows, dense) = (case.windows(kernels), case.packed(kernels, Lanes::Outputs));
    let row = |y: &mut dyn FnMut(&mut [_])| written(1, case.fan_out, |mut to| y(to.lines_mut()));
    let want = row(&mut |y| kernels.gemv(&dense, &case.rows, case.activation, y));
    for windows in &windows {
        let got = row(&mut |y| kernels.spmv_windows(windows, &case.rows, case.activation, y));
        let [columns, i, o] = [windows.columns(), case.fan_in, case.fan_out];
        let name = format!("{what}, {o} x {i} on {}, windows of {columns}", kernels.isa());
        check(&got, &case.expected()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(bits(&got), bits(&want), "{name}");
    }
}

/// Row r of `fan_out` keeps its first, its last or any weights, more or fewer of them from row to row.
fn uneven([fan_in, fan_out]: [usize; 2], seed: u64) -> Case {
    let mut random = Random(seed);
    let mut case = Case::drawn([fan_in, fan_out, 1], Pattern::Sparsity(0.0), &mut random, Random::signed);
    for row in case.weight.chunks_exact_mut(fan_in) {
        let kept = random.bits() as usize % (fan_in + 1);
        match random.bits() % 4 {
            0 => row[kept..].fill(0.0),
            1 => row[..fan_in - kept].fill(0.0),
            2 => row.fill(0.0),
            _ => row.iter_mut().filter(|_| random.bits() as usize % fan_in >= kept).for_each(|w| *w = 0.0),
        }
    }
    case.activation = random.pick(&Activation::ALL);
    case
}

#[test]
fn rows_may_be_uneven() {
    // Around the columns of a window; one group, several, and a slice that is not full.
    let fan_ins: &[usize] =
        if cfg!(miri) { &[40] } else { &[1, 2, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 300] };
    let fan_outs: &[usize] =
        if cfg!(miri) { &[7, 70] } else { &[1, 15, 16, 17, 33, 64, 96, 97, 112, 193, 300] };
    for (seed, &fan_in) in fan_ins.iter().enumerate() {
        for &fan_out in fan_outs {
            let case = uneven([fan_in, fan_out], seed as u64);
            each_isa(|kernels| verify(kernels, &case, "uneven rows"));
        }
    }
}

#[test]
fn every_sparsity_of_a_hidden_layer() {
    let [fan_in, fan_out] = if cfg!(miri) { [35, 33] } else { [784, 256] };
    let sparsities: &[f64] =
        if cfg!(miri) { &[0.8] } else { &[0.0, 0.3, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0] };
    for &sparsity in sparsities {
        let pattern = Pattern::Sparsity(sparsity);
        let case = Case::drawn([fan_in, fan_out, 1], pattern, &mut Random(1), Random::signed);
        each_isa(|kernels| verify(kernels, &case, &format!("{sparsity}")));
    }
}

/// Bytes with the weights of `pattern`, for each byte with all weights: the steps are fewer, their size is the same.
fn share_of_all(kernels: Kernels, shape: [usize; 2], pattern: Pattern) -> f64 {
    let bytes = |pattern| {
        let case = Case::drawn([shape[0], shape[1], 1], pattern, &mut Random(2), Random::signed);
        verify(kernels, &case, &format!("{pattern:?}"));
        case.windows(kernels)[0].bytes() as f64
    };
    bytes(pattern) / bytes(Pattern::Sparsity(0.0))
}

/// A row may run ahead further.
#[test]
#[cfg_attr(miri, ignore = "large")]
fn wide_windows_have_less_to_fill_up() {
    let case = Case::drawn([784, 480, 1], Pattern::Sparsity(0.95), &mut Random(3), Random::signed);
    each_isa(|kernels| {
        let [narrow, wide] = case.windows(kernels).map(|windows| windows.bytes() as f64);
        let most = if kernels.wide_windows() { 0.9 } else { 1.0 };
        assert!(wide <= most * narrow, "{wide} bytes, narrow {narrow}, on {}", kernels.isa());
    });
}

/// Every other row is empty: put together, the others take half the steps.
#[test]
#[cfg_attr(miri, ignore = "large")]
fn rows_of_a_length_go_together() {
    each_isa(|kernels| {
        let share = share_of_all(kernels, [40, 384], Pattern::EmptyRows);
        assert!((0.5..0.6).contains(&share), "{share} on {}", kernels.isa());
    });
}

/// Of windows side by side, all rows would have to leave each together: 0.65 of the steps at 50 %.
#[test]
#[cfg_attr(miri, ignore = "large")]
fn rows_run_ahead() {
    each_isa(|kernels| {
        let share = share_of_all(kernels, [784, 192], Pattern::Sparsity(0.5));
        assert!((0.5..0.6).contains(&share), "{share} on {}", kernels.isa());
    });
}
