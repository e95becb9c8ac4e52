//! Layers to compute, buffers that tell what was written to them, and every kernel that computes a layer.

use prunella_kernels::reference::{self, Expected, Layer};
use prunella_kernels::{
    Activation, Csr, Kernels, Lanes, Line, NonzeroInputs, PANEL_LANES, PackedCsrByInput, PackedDense,
    PackedDenseByInput, PackedSpmm, PackedSpmv, PackedWindows, Rows, RowsMut,
};

/// Seeded draws (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in [-1, 1).
    pub(crate) fn signed(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[(self.bits() % from.len() as u64) as usize]
    }
}

/// Which weights are not zero.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pattern {
    /// Each weight is zero with this probability.
    Sparsity(f64),
    /// Every other row is empty.
    EmptyRows,
    /// One row is full, the others empty.
    FullRow,
    /// One column is full, the others empty.
    FullColumn,
}

impl Pattern {
    fn keeps(
        self,
        output: usize,
        input: usize,
        (fan_out, fan_in): (usize, usize),
        random: &mut Random,
    ) -> bool {
        match self {
            Pattern::Sparsity(sparsity) => (random.bits() >> 11) as f64 / (1u64 << 53) as f64 >= sparsity,
            Pattern::EmptyRows => output % 2 == 1,
            Pattern::FullRow => output == fan_out / 2,
            Pattern::FullColumn => input == fan_in / 2,
        }
    }
}

/// A layer, and rows `[batch, fan_in]` to put through it.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) fan_in: usize,
    pub(crate) fan_out: usize,
    pub(crate) batch: usize,
    pub(crate) activation: Activation,
    pub(crate) block_columns: usize,
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) rows: Vec<f32>,
}

impl Case {
    /// A layer without `activation`, in one block, whose every number comes from `draw`. In half of the cases, a share of the
    /// inputs is zero.
    pub(crate) fn drawn(
        [fan_in, fan_out, batch]: [usize; 3],
        pattern: Pattern,
        random: &mut Random,
        draw: impl Fn(&mut Random) -> f32,
    ) -> Case {
        let weight = (0..fan_in * fan_out)
            .map(|i| {
                let keep = pattern.keeps(i / fan_in, i % fan_in, (fan_out, fan_in), random);
                if keep { draw(random) } else { 0.0 }
            })
            .collect();
        let bias = (0..fan_out).map(|_| draw(random)).collect();
        let zeros = random.pick(&[0, 0, 128, 220]);
        let mut input = || if random.bits() % 256 < zeros { 0.0 } else { draw(random) };
        let rows = (0..fan_in * batch).map(|_| input()).collect();
        let (activation, block_columns) = (Activation::Identity, 1 << 16);
        Case { fan_in, fan_out, batch, activation, block_columns, weight, bias, rows }
    }

    pub(crate) fn layer(&self) -> Layer<'_> {
        Layer { fan_in: self.fan_in, weight: &self.weight, bias: &self.bias, activation: self.activation }
    }

    pub(crate) fn expected(&self) -> Vec<Expected> {
        reference::dense_layer(self.layer(), &reference::exact(&self.rows))
    }

    pub(crate) fn packed(&self, kernels: Kernels, lanes: Lanes) -> PackedDense {
        PackedDense::new(kernels.isa(), lanes, self.fan_in, &self.weight, &self.bias).unwrap()
    }

    pub(crate) fn spmm(&self, kernels: Kernels) -> PackedSpmm {
        let csr = Csr::from_dense(&self.weight, self.fan_in);
        PackedSpmm::new(kernels.isa(), csr.view(), &self.bias, self.block_columns).unwrap()
    }

    pub(crate) fn spmv(&self) -> PackedSpmv {
        let csr = Csr::from_dense(&self.weight, self.fan_in);
        PackedSpmv::new(csr.view(), &self.bias, self.block_columns).unwrap()
    }

    pub(crate) fn windows(&self, kernels: Kernels) -> PackedWindows {
        let csr = Csr::from_dense(&self.weight, self.fan_in);
        PackedWindows::new(kernels.isa(), csr.view(), &self.bias).unwrap()
    }

    /// What every kernel of a layer makes of it, `[batch, fan_out]`, under the kernel's name.
    pub(crate) fn outputs(&self, kernels: Kernels) -> Vec<(&'static str, Vec<f32>)> {
        let (batch, fan_out, act) = (self.batch, self.fan_out, self.activation);
        let x = transposed_lines(&self.rows, self.fan_in);
        let x = Rows::new(&x, self.fan_in, batch);
        let (by_batch, by_output) =
            (self.packed(kernels, Lanes::Batch), self.packed(kernels, Lanes::Outputs));
        let (spmm, spmv, windows) = (self.spmm(kernels), self.spmv(), self.windows(kernels));

        let batch_gemm = written(fan_out, batch, |mut y| kernels.gemm(&by_batch, x, act, &mut y));
        vec![
            ("gemm, batch in the lanes", transposed(&batch_gemm, batch)),
            (
                "gemm, outputs in the lanes",
                written(batch, fan_out, |mut y| kernels.gemm(&by_output, x, act, &mut y)),
            ),
            (
                "gemm_rows",
                self.rows_apart(0, |x, stride, y| kernels.gemm_rows(&by_output, x, stride, act, y)),
            ),
            ("gemm_rows, apart", {
                self.rows_apart(3, |x, stride, y| kernels.gemm_rows(&by_output, x, stride, act, y))
            }),
            ("spmm", self.each_panel(|x, y| kernels.spmm(&spmm, x, act, y))),
            ("gemm, sparse input", self.sparse_input(kernels, Case::gemm_sparse_input)),
            ("spmm, sparse input", self.sparse_input(kernels, Case::spmm_sparse_input)),
            (
                "gemm, one sparse input",
                self.each_row_alone(|case| case.sparse_input(kernels, Case::gemm_sparse_input)),
            ),
            ("gemv", self.each_row(|x, y| kernels.gemv(&by_output, x, act, y))),
            ("spmv", self.each_row(|x, y| kernels.spmv(&spmv, x, act, y))),
            ("spmv, windows", self.each_row(|x, y| kernels.spmv_windows(&windows, x, act, y))),
        ]
    }

    /// `[batch, fan_out]` by the product for training, which sums every output in one chain.
    pub(crate) fn gemm_tn(&self, kernels: Kernels) -> Vec<f32> {
        let (x, weight) =
            (transposed_lines(&self.rows, self.fan_in), transposed_lines(&self.weight, self.fan_in));
        let x = Rows::new(&x, self.fan_in, self.batch);
        let weight = Rows::new(&weight, self.fan_in, self.fan_out);
        let bias = transposed_lines(&self.bias, 1);
        written(self.batch, self.fan_out, |mut y| {
            kernels.gemm_tn(x, weight, Some(&bias), self.activation, &mut y);
        })
    }

    /// `[batch, fan_out]` by a kernel for rows with a gap between them, where there is a number that would be seen in a result.
    fn rows_apart(&self, gap: usize, kernel: impl FnOnce(&[f32], usize, &mut RowsMut<'_>)) -> Vec<f32> {
        let apart = |row: &[f32]| [row, &vec![1e30; gap]].concat();
        let x: Vec<f32> = self.rows.chunks_exact(self.fan_in).flat_map(apart).collect();
        let x = &x[..x.len().saturating_sub(gap)];
        written(self.batch, self.fan_out, |mut y| kernel(x, self.fan_in + gap, &mut y))
    }

    fn gemm_sparse_input(&self, kernels: Kernels, mut y: RowsMut<'_>, nonzero: &mut NonzeroInputs) {
        let w = PackedDenseByInput::new(kernels.isa(), self.fan_in, &self.weight, &self.bias).unwrap();
        kernels.gemm_sparse_input(&w, &self.rows, self.activation, &mut y, nonzero);
    }

    fn spmm_sparse_input(&self, kernels: Kernels, mut y: RowsMut<'_>, nonzero: &mut NonzeroInputs) {
        let csr = Csr::from_dense(&self.weight, self.fan_in);
        let w = PackedCsrByInput::new(csr.view(), &self.bias).unwrap();
        kernels.spmm_sparse_input(&w, &self.rows, self.activation, &mut y, nonzero);
    }

    /// `[batch, fan_out]` by a kernel for sparse inputs, with just the room it needs.
    fn sparse_input(
        &self,
        kernels: Kernels,
        kernel: fn(&Case, Kernels, RowsMut<'_>, &mut NonzeroInputs),
    ) -> Vec<f32> {
        let mut nonzero = NonzeroInputs::new(self.batch, self.fan_in);
        written(self.batch, self.fan_out, |y| kernel(self, kernels, y, &mut nonzero))
    }

    /// `[batch, fan_out]` by a kernel for a batch of one.
    fn each_row_alone(&self, kernel: impl Fn(&Case) -> Vec<f32>) -> Vec<f32> {
        let alone = |row: &[f32]| Case { batch: 1, rows: row.to_vec(), ..self.clone() };
        self.rows.chunks_exact(self.fan_in).flat_map(|row| kernel(&alone(row))).collect()
    }

    /// `[batch, fan_out]` by a kernel for one panel.
    fn each_panel(&self, kernel: impl Fn(Rows<'_>, &mut RowsMut<'_>)) -> Vec<f32> {
        let one = |rows: &[f32]| {
            let (panel, batch) = (transposed_lines(rows, self.fan_in), rows.len() / self.fan_in);
            let x = Rows::new(&panel, self.fan_in, batch);
            transposed(&written(self.fan_out, batch, |mut y| kernel(x, &mut y)), batch)
        };
        self.rows.chunks(PANEL_LANES * self.fan_in).flat_map(one).collect()
    }

    /// `[batch, fan_out]` by a kernel for one row.
    fn each_row(&self, kernel: impl Fn(&[f32], &mut [Line])) -> Vec<f32> {
        let one = |x| written(1, self.fan_out, |mut y| kernel(x, y.lines_mut()));
        self.rows.chunks_exact(self.fan_in).flat_map(one).collect()
    }
}

/// What no kernel may leave where it should write, nor overwrite where it should not: a NaN of its own.
const POISON: f32 = f32::from_bits(0x7FC0_DEAD);
/// Lines of poison on either side of a buffer.
const GUARD: usize = 3;

/// The matrix `[rows, cols]` that `kernel` writes into a poisoned buffer, without its padding.
///
/// # Panics
/// `kernel` wrote outside of it.
pub(crate) fn written(rows: usize, cols: usize, kernel: impl FnOnce(RowsMut<'_>)) -> Vec<f32> {
    let len = rows * Line::count(cols);
    let mut lines = vec![Line([POISON; Line::LEN]); len + 2 * GUARD];
    kernel(RowsMut::new(&mut lines[GUARD..GUARD + len], rows, cols));
    let guards = lines[..GUARD].iter().chain(&lines[GUARD + len..]);
    assert!(
        guards.flat_map(|line| line.0).all(|v| v.to_bits() == POISON.to_bits()),
        "written outside [{rows}, {cols}]"
    );
    let inside = Rows::new(&lines[GUARD..], rows, cols);
    (0..rows).flat_map(|row| inside.row(row)).copied().collect()
}

/// The transpose of `values` `[rows, cols]`, row-major.
pub(crate) fn transposed(values: &[f32], cols: usize) -> Vec<f32> {
    let rows = values.len().checked_div(cols).unwrap_or(0);
    (0..cols).flat_map(|c| (0..rows).map(move |r| values[r * cols + c])).collect()
}

/// `values` `[rows, cols]` as the lines of a matrix `[cols, rows]`. Its padding holds a number that would be seen in a result.
pub(crate) fn transposed_lines(values: &[f32], cols: usize) -> Vec<Line> {
    let rows = values.len() / cols;
    let mut lines = vec![Line([1e30; Line::LEN]); cols * Line::count(rows)];
    let mut matrix = RowsMut::new(&mut lines, cols, rows);
    for c in 0..cols {
        let row = matrix.row_mut(c);
        for r in 0..rows {
            row[r] = values[r * cols + c];
        }
    }
    lines
}

/// Few cases that bring every value of every axis together with every value of every other: indices into axes of these lengths.
pub(crate) fn pairwise(lengths: &[usize]) -> Vec<Vec<usize>> {
    let axes = 0..lengths.len();
    let pairs =
        |a: usize, b: usize| (0..lengths[a]).flat_map(move |i| (0..lengths[b]).map(move |j| (a, i, b, j)));
    let mut open: std::collections::BTreeSet<(usize, usize, usize, usize)> =
        axes.clone().flat_map(|a| (a + 1..lengths.len()).flat_map(move |b| pairs(a, b))).collect();
    let mut cases = vec![];
    while let Some(&(a, i, b, j)) = open.first() {
        let mut case = vec![None; lengths.len()];
        (case[a], case[b]) = (Some(i), Some(j));
        for axis in axes.clone() {
            // The value that closes the most pairs with those already chosen.
            let closes = |value: usize| {
                let chosen = case.iter().enumerate().filter_map(|(other, &v)| Some((other, v?)));
                let closed = chosen.filter(|&(other, v)| open.contains(&ordered((axis, value), (other, v))));
                closed.count()
            };
            case[axis] = case[axis].or_else(|| (0..lengths[axis]).rev().max_by_key(|&value| closes(value)));
        }
        let case: Vec<usize> = case.into_iter().flatten().collect();
        for a in axes.clone() {
            for b in a + 1..lengths.len() {
                open.remove(&(a, case[a], b, case[b]));
            }
        }
        cases.push(case);
    }
    cases
}

fn ordered((a, i): (usize, usize), (b, j): (usize, usize)) -> (usize, usize, usize, usize) {
    if a < b { (a, i, b, j) } else { (b, j, a, i) }
}
