//! What the benches share: names, problems, the data drawn for them, and the check that comes before the clock.

use criterion::measurement::WallTime;
use criterion::{Bencher, BenchmarkGroup, Criterion, Throughput};
use prunella::rng::Rng;
use prunella_kernels::reference::{self, Expected, Mismatch};
use prunella_kernels::{Activation, Csr, Isa, Kernels, Lanes, Line, PANEL_LANES, PackedDense, Rows, RowsMut};
use std::env;

/// The layers, fan_in x fan_out.
pub(crate) const SHAPES: [[usize; 2]; 5] = [[784, 16], [784, 64], [784, 256], [784, 1024], [1024, 1024]];
/// A layer that no L2 holds: for a few benches, it takes long.
pub(crate) const LARGE: [usize; 2] = [4096, 4096];
/// How many weights of a hundred are zero.
pub(crate) const SPARSITIES: [usize; 5] = [50, 80, 90, 95, 99];
/// How many inputs of a hundred are not zero, where kernels skip those that are: as of the pixels of MNIST.
const NONZERO_INPUTS: usize = 19;
/// How many examples take turns there. With one, the branch predictor learns which of its inputs are zero.
pub(crate) const EXAMPLES: usize = 256;

pub(crate) type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// The kernels of the instruction set that `PRUNELLA_ISA` names, else of the best.
pub(crate) fn kernels() -> Kernels {
    let isa = match env::var("PRUNELLA_ISA") {
        Ok(name) if !name.is_empty() => {
            Isa::from_name(&name).unwrap_or_else(|e| panic!("PRUNELLA_ISA={name}: {e}"))
        }
        _ => Isa::best(),
    };
    Kernels::new(isa)
}

/// A group `kernel/isa`: criterion compares a time with the last one of the same name, so each set has its own.
pub(crate) fn group<'a>(c: &'a mut Criterion, kernel: &str, kernels: Kernels) -> Group<'a> {
    c.benchmark_group(format!("{kernel}/{}", kernels.isa()))
}

/// Adds a benchmark of `run` on what `make` makes. `check` sees what the first run left there.
///
/// # Panics
/// `check` found an error.
pub(crate) fn bench<T>(
    group: &mut Group<'_>,
    name: &str,
    make: impl Fn() -> T,
    run: impl Fn(&mut T),
    check: impl Fn(&T) -> Result<f64, Mismatch>,
) {
    // Criterion calls this for each sample, and never if the filter leaves the benchmark out.
    let mut verified = None;
    bench_by(group, name, &mut |bencher| {
        let subject = verified.get_or_insert_with(|| {
            let mut subject = make();
            run(&mut subject);
            check(&subject).unwrap_or_else(|e| panic!("{name} is wrong, so it is not timed: {e}"));
            subject
        });
        bencher.iter(|| run(subject));
    });
}

/// Adds a benchmark that uses the bencher itself. Behind a pointer, because criterion would compile its statistics anew for each
/// type of closure, which takes longer than running all the benches once.
pub(crate) fn bench_by(group: &mut Group<'_>, name: &str, sample: &mut dyn FnMut(&mut Bencher<'_>)) {
    group.bench_function(name, sample);
}

/// A layer and what goes through it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Problem {
    /// fan_in x fan_out.
    pub(crate) shape: [usize; 2],
    /// How many examples go through it at once.
    pub(crate) batch: usize,
    /// How many do in all, batch after batch.
    pub(crate) examples: usize,
    /// How many inputs of a hundred are not zero.
    pub(crate) nonzero_inputs: usize,
    /// How many weights of a hundred are zero.
    pub(crate) sparsity: usize,
    /// What ends the layer; without one it has no bias either, as the products of a backward pass.
    pub(crate) activation: Option<Activation>,
}

impl Problem {
    pub(crate) fn dense(shape: [usize; 2], batch: usize) -> Problem {
        let activation = Some(Activation::Relu);
        Problem { shape, batch, examples: batch, nonzero_inputs: 100, sparsity: 0, activation }
    }

    pub(crate) fn sparse(shape: [usize; 2], batch: usize, sparsity: usize) -> Problem {
        Problem { sparsity, ..Problem::dense(shape, batch) }
    }

    /// With [`EXAMPLES`] examples of which most inputs are zero.
    pub(crate) fn skipping(self) -> Problem {
        Problem { examples: EXAMPLES, nonzero_inputs: NONZERO_INPUTS, ..self }
    }

    /// `784x64/16` or `784x64/16/90%`: layer, batch, sparsity.
    pub(crate) fn name(&self) -> String {
        let Problem { shape: [fan_in, fan_out], batch, sparsity, .. } = self;
        let sparsity = if *sparsity == 0 { String::new() } else { format!("/{sparsity}%") };
        format!("{fan_in}x{fan_out}/{batch}{sparsity}")
    }

    /// Weights that are not zero.
    fn nnz(&self) -> usize {
        let weights = self.shape[0] * self.shape[1];
        weights - weights * self.sparsity / 100
    }

    /// A multiply-add counts as two, one with a zero as none.
    pub(crate) fn flops(&self) -> u64 {
        (2 * self.nnz() * self.examples * self.nonzero_inputs / 100) as u64
    }

    /// The layer, and row-major inputs `[examples, fan_in]` for it.
    pub(crate) fn draw(&self) -> (Layer, Vec<f32>) {
        let [fan_in, fan_out] = self.shape;
        let mut rng = Rng::new(0);
        let weight = sparse(&mut rng, fan_in * fan_out, self.nnz());
        let bias = match self.activation {
            Some(_) => signed(&mut rng, fan_out),
            None => vec![0.0; fan_out],
        };
        let inputs = fan_in * self.examples;
        let rows = sparse(&mut rng, inputs, inputs * self.nonzero_inputs / 100);
        (Layer { fan_in, weight, bias, activation: self.activation.unwrap_or(Activation::Identity) }, rows)
    }
}

fn nonzero(rng: &mut Rng) -> f32 {
    // Odd multiples of 2^-24 in (-1, 1).
    2.0 * rng.uniform() - 1.0 + f32::EPSILON / 2.0
}

/// Uniform in (-1, 1).
pub(crate) fn signed(rng: &mut Rng, len: usize) -> Vec<f32> {
    (0..len).map(|_| nonzero(rng)).collect()
}

/// As many values in (-1, 1), of which exactly `left` are not zero: each with the probability that makes so many (Knuth's
/// algorithm S).
fn sparse(rng: &mut Rng, len: usize, mut left: usize) -> Vec<f32> {
    let mut values = vec![0.0; len];
    for at in 0..len {
        if rng.below(len - at) < left {
            left -= 1;
            values[at] = nonzero(rng);
        }
    }
    values
}

/// A layer's numbers, for any kernel to pack.
pub(crate) struct Layer {
    pub(crate) fan_in: usize,
    /// `[fan_out, fan_in]`, row-major.
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    activation: Activation,
}

impl Layer {
    pub(crate) fn dense(&self, kernels: Kernels, lanes: Lanes) -> PackedDense {
        PackedDense::new(kernels.isa(), lanes, self.fan_in, &self.weight, &self.bias).unwrap()
    }

    pub(crate) fn csr(&self) -> Csr {
        Csr::from_dense(&self.weight, self.fan_in)
    }

    /// `[fan_in, fan_out]`.
    pub(crate) fn transposed(&self) -> Matrix {
        Matrix::transposed(&self.weight, self.fan_in)
    }

    pub(crate) fn expected(&self, rows: &[f32]) -> Vec<Expected> {
        let Layer { fan_in, weight, bias, activation } = self;
        let layer = reference::Layer { fan_in: *fan_in, weight, bias, activation: *activation };
        reference::dense_layer(layer, &reference::exact(rows))
    }
}

/// How the inputs and outputs of a call lie in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    /// x `[fan_in, lanes]`, y `[fan_out, lanes]`: the batch in as many panels as it fills, and a call for each.
    Panels,
    /// x `[fan_in, batch]`, y `[batch, fan_out]`.
    Transposed,
    /// x `[batch, fan_in]`, y `[batch, fan_out]`.
    Rows,
}

impl Layout {
    /// x and y of each call.
    fn operands(self, problem: &Problem, rows: &[f32]) -> Vec<(Matrix, Matrix)> {
        let [fan_in, fan_out] = problem.shape;
        let call = match self {
            Layout::Panels => PANEL_LANES,
            Layout::Transposed | Layout::Rows => problem.batch,
        };
        let operands = rows.chunks(call * fan_in).map(|rows| {
            let batch = rows.len() / fan_in;
            match self {
                Layout::Panels => (Matrix::transposed(rows, fan_in), Matrix::poisoned(fan_out, batch)),
                Layout::Transposed => (Matrix::transposed(rows, fan_in), Matrix::poisoned(batch, fan_out)),
                Layout::Rows => (Matrix::new(rows, fan_in), Matrix::poisoned(batch, fan_out)),
            }
        });
        operands.collect()
    }

    /// `[examples, fan_out]`.
    fn outputs(self, operands: &[(Matrix, Matrix)]) -> Vec<f32> {
        let outputs = operands.iter().flat_map(|(_, y)| match self {
            Layout::Panels => y.columns(),
            Layout::Transposed | Layout::Rows => y.rows(),
        });
        outputs.collect()
    }
}

/// Adds a benchmark of a kernel that computes layers, checked against the oracle.
pub(crate) fn bench_layer<W>(
    group: &mut Group<'_>,
    name: &str,
    problem: Problem,
    layout: Layout,
    pack: impl Fn(&Layer) -> W,
    kernel: impl Fn(&mut W, &Matrix, Activation, &mut RowsMut<'_>),
) {
    group.throughput(Throughput::Elements(problem.flops()));
    let make = || {
        let (layer, rows) = problem.draw();
        (pack(&layer), layout.operands(&problem, &rows))
    };
    let activation = problem.activation.unwrap_or(Activation::Identity);
    let run = |(w, operands): &mut (W, Vec<(Matrix, Matrix)>)| {
        for (x, y) in operands {
            kernel(w, x, activation, &mut y.view_mut());
        }
    };
    bench(group, name, make, run, |(_, operands)| {
        let (layer, rows) = problem.draw();
        reference::check(&layout.outputs(operands), &layer.expected(&rows))
    });
}

/// A matrix that owns its lines; see [`Rows`].
#[derive(Clone)]
pub(crate) struct Matrix {
    pub(crate) lines: Vec<Line>,
    rows: usize,
    cols: usize,
}

impl Matrix {
    /// Nothing but NaN: what a kernel leaves out is found.
    pub(crate) fn poisoned(rows: usize, cols: usize) -> Matrix {
        Matrix { lines: vec![Line([f32::NAN; Line::LEN]); rows * Line::count(cols)], rows, cols }
    }

    fn zeros(rows: usize, cols: usize) -> Matrix {
        Matrix { lines: vec![Line::ZERO; rows * Line::count(cols)], rows, cols }
    }

    /// `values` `[rows, cols]`, row-major.
    pub(crate) fn new(values: &[f32], cols: usize) -> Matrix {
        let mut matrix = Matrix::zeros(values.len() / cols, cols);
        for (r, row) in values.chunks(cols).enumerate() {
            matrix.view_mut().row_mut(r).copy_from_slice(row);
        }
        matrix
    }

    /// `values` `[rows, cols]` as `[cols, rows]`.
    pub(crate) fn transposed(values: &[f32], cols: usize) -> Matrix {
        let rows = values.len() / cols;
        let mut matrix = Matrix::zeros(cols, rows);
        for c in 0..cols {
            for (r, to) in matrix.view_mut().row_mut(c).iter_mut().enumerate() {
                *to = values[r * cols + c];
            }
        }
        matrix
    }

    pub(crate) fn view(&self) -> Rows<'_> {
        Rows::new(&self.lines, self.rows, self.cols)
    }

    pub(crate) fn view_mut(&mut self) -> RowsMut<'_> {
        RowsMut::new(&mut self.lines, self.rows, self.cols)
    }

    /// Rows that follow each other without padding.
    pub(crate) fn whole_rows(&self) -> &[f32] {
        assert!(self.cols.is_multiple_of(Line::LEN), "{} values a row leave padding", self.cols);
        Line::floats(&self.lines)
    }

    /// The values row by row.
    pub(crate) fn rows(&self) -> Vec<f32> {
        (0..self.rows).flat_map(|r| self.view().row(r)).copied().collect()
    }

    /// The values column by column.
    pub(crate) fn columns(&self) -> Vec<f32> {
        (0..self.cols).flat_map(|c| (0..self.rows).map(move |r| self.view().row(r)[c])).collect()
    }
}
