//! Operands of the kernels of training: numbers, matrices of them, and examples in bytes, the same for the same seed.

use prunella_kernels::{Line, RowsMut};

/// Uniform in [0, 1): the top bits of a multiplicative hash.
pub(crate) fn uniform(seed: usize, i: usize) -> f32 {
    let hash = ((seed * 1_000_003 + i + 1) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (hash >> 40) as f32 / (1 << 24) as f32
}

/// Uniform in [-1, 1).
pub(crate) fn value(seed: usize, i: usize) -> f32 {
    2.0 * uniform(seed, i) - 1.0
}

/// `[rows, cols]` of values, zeros behind each row.
pub(crate) fn matrix(seed: usize, rows: usize, cols: usize) -> Vec<Line> {
    let mut lines = vec![Line::ZERO; rows * Line::count(cols)];
    let mut view = RowsMut::new(&mut lines, rows, cols);
    for r in 0..rows {
        view.row_mut(r).iter_mut().enumerate().for_each(|(c, v)| *v = value(seed, r * cols + c));
    }
    lines
}

/// Examples `[rows, cols]`: one all zero, one full, in the others two of three bytes zero.
pub(crate) fn bytes(rows: usize, cols: usize) -> Vec<u8> {
    let byte = |i: usize| match i / cols % 7 {
        1 => 0,
        3 => 255,
        _ if value(11, i) < 0.3 => 0,
        _ => (127.0 + 127.0 * value(5, i)) as u8,
    };
    (0..rows * cols).map(byte).collect()
}

/// The number that a byte of an example stands for.
pub(crate) fn shade(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

pub(crate) fn bits(lines: &[Line]) -> Vec<u32> {
    Line::floats(lines).iter().map(|v| v.to_bits()).collect()
}
