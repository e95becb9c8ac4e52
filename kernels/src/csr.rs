//! Sparse matrices in compressed sparse row form.

use core::fmt;

/// A borrowed CSR matrix `[rows, cols]`, checked when made: columns are in range and strictly ascending within a row.
#[derive(Clone, Copy, Debug)]
pub struct CsrRef<'a> {
    cols: usize,
    indptr: &'a [u32],
    indices: &'a [u32],
    values: &'a [f32],
}

/// Why three arrays are no CSR matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsrError {
    /// `indptr` must have one entry more than there are rows, start at 0, never fall, and end at the number of values.
    Indptr {
        /// The first entry that breaks the rule.
        at: usize,
    },
    /// `indices` and `values` must be equally long.
    Lengths {
        /// Length of `indices`.
        indices: usize,
        /// Length of `values`.
        values: usize,
    },
    /// The columns of a row must ascend strictly and be below the number of columns.
    Column {
        /// The row.
        row: usize,
        /// The position in `indices`.
        at: usize,
    },
}

impl fmt::Display for CsrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            CsrError::Indptr { at } => {
                write!(f, "indptr[{at}]: indptr starts at 0, never falls, and ends at the number of values")
            }
            CsrError::Lengths { indices, values } => {
                write!(f, "{indices} indices but {values} values; each value has one column")
            }
            CsrError::Column { row, at } => {
                write!(
                    f,
                    "indices[{at}], row {row}: the columns of a row ascend strictly and stay inside the matrix"
                )
            }
        }
    }
}

impl core::error::Error for CsrError {}

impl<'a> CsrRef<'a> {
    /// Views `indptr` (rows + 1), `indices` and `values` (nnz) as a matrix with `cols` columns.
    ///
    /// # Errors
    /// The arrays do not describe a matrix; see [`CsrError`].
    pub fn new(
        cols: usize,
        indptr: &'a [u32],
        indices: &'a [u32],
        values: &'a [f32],
    ) -> Result<Self, CsrError> {
        if indices.len() != values.len() {
            return Err(CsrError::Lengths { indices: indices.len(), values: values.len() });
        }
        if indptr.first() != Some(&0) {
            return Err(CsrError::Indptr { at: 0 });
        }
        if let Some(at) = indptr.windows(2).position(|w| w[0] > w[1]) {
            return Err(CsrError::Indptr { at: at + 1 });
        }
        let last = indptr.len() - 1;
        if indptr[last] as usize != values.len() {
            return Err(CsrError::Indptr { at: last });
        }
        let csr = CsrRef { cols, indptr, indices, values };
        for row in 0..csr.rows() {
            let columns = csr.row(row).0;
            let rises = |i: usize| (i == 0 || columns[i - 1] < columns[i]) && (columns[i] as usize) < cols;
            if let Some(i) = (0..columns.len()).find(|&i| !rises(i)) {
                return Err(CsrError::Column { row, at: indptr[row] as usize + i });
            }
        }
        Ok(csr)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.indptr.len() - 1
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Number of stored values.
    pub fn nnz(&self) -> usize {
        self.values.len()
    }

    /// Columns and values of one row.
    ///
    /// # Panics
    /// There is no such row.
    pub fn row(&self, row: usize) -> (&'a [u32], &'a [f32]) {
        let range = self.indptr[row] as usize..self.indptr[row + 1] as usize;
        (&self.indices[range.clone()], &self.values[range])
    }
}

/// An owned CSR matrix.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, PartialEq)]
pub struct Csr {
    cols: usize,
    indptr: alloc::vec::Vec<u32>,
    indices: alloc::vec::Vec<u32>,
    values: alloc::vec::Vec<f32>,
}

#[cfg(feature = "alloc")]
impl Csr {
    /// The nonzero values of a dense row-major matrix with `cols` columns.
    ///
    /// # Panics
    /// `dense` is not whole rows, or has 2^32 nonzero values or more.
    pub fn from_dense(dense: &[f32], cols: usize) -> Csr {
        assert!(
            cols > 0 && dense.len().is_multiple_of(cols),
            "{} values are not rows of {cols}",
            dense.len()
        );
        let mut csr = Csr { cols, indptr: alloc::vec![0], indices: alloc::vec![], values: alloc::vec![] };
        for row in dense.chunks_exact(cols) {
            for (column, &value) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                csr.indices.push(column as u32);
                csr.values.push(value);
            }
            csr.indptr.push(u32::try_from(csr.values.len()).expect("fewer than 2^32 nonzero values"));
        }
        csr
    }

    /// The same matrix, borrowed.
    pub fn view(&self) -> CsrRef<'_> {
        CsrRef { cols: self.cols, indptr: &self.indptr, indices: &self.indices, values: &self.values }
    }
}
