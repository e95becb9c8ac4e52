//! Inputs that are bytes, most of them zero: what a training set of images is.

use crate::generic::sparse_bytes::{Lists, PANEL, Pair, Panel};
use crate::view::Line;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

/// Entries of a line.
const LINE: usize = size_of::<Line>() / size_of::<Pair>();

/// Rows up to which every list of columns has room for all of them: they need not be counted.
const SLOTS: usize = 128;

/// A matrix `[rows, cols]` of bytes of which only those that are not zero are stored (each with its neighbour), and the number
/// that each byte stands for.
#[derive(Clone, Debug)]
pub struct SparseBytes {
    rows: usize,
    cols: usize,
    /// `[rows]`, and the end: where the entries of each start.
    starts: Vec<u32>,
    /// Ascending within a row.
    entries: Vec<Pair>,
    values: Box<[f32; 256]>,
}

impl SparseBytes {
    /// The most columns: pairs of them are numbered in u16.
    pub const MAX_COLS: usize = 1 << 17;

    /// Compresses `bytes` `[rows, cols]`, row-major; a byte stands for `value(byte)`, and zero for 0.
    ///
    /// # Panics
    /// `cols` is zero or above [`SparseBytes::MAX_COLS`], `bytes` are no whole rows, 2^32 bytes or more, or `value(0)` is not 0.
    pub fn new(bytes: &[u8], cols: usize, value: impl Fn(u8) -> f32) -> SparseBytes {
        assert!(0 < cols && cols <= Self::MAX_COLS, "1 to {} columns, not {cols}", Self::MAX_COLS);
        assert!(bytes.len().is_multiple_of(cols), "{} bytes are no rows of {cols}", bytes.len());
        assert!((bytes.len() as u64) < 1 << 32, "pairs are counted in u32");
        assert!(value(0) == 0.0, "a zero that stands for another number cannot be left out");
        let rows = bytes.len() / cols;
        let mut starts = Vec::with_capacity(rows + 1);
        let mut entries = vec![];
        starts.push(0);
        for row in bytes.chunks_exact(cols) {
            push_pairs(&mut entries, row);
            starts.push(entries.len() as u32);
        }
        let values = Box::new(core::array::from_fn(|byte| value(byte as u8)));
        SparseBytes { rows, cols, starts, entries, values }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The share of the matrix that is stored, in [0, 1]: of what a dense product computes, a sparse one does this much. NaN
    /// without rows.
    pub fn density(&self) -> f64 {
        2.0 * self.entries.len() as f64 / (self.rows as f64 * self.cols as f64)
    }

    /// How many bytes are not zero: one or both of each pair.
    pub fn nnz(&self) -> usize {
        let both = |pair: &&Pair| **pair & 0xFF != 0 && **pair & 0xFF00 != 0;
        self.entries.len() + self.entries.iter().filter(both).count()
    }

    /// Reads a value of every line of the lists of these rows. They are spread all over, and what goes through them afterwards
    /// would wait for one after the other; here the waiting overlaps. (To ask for the lists of the next batch while a product
    /// computes makes a step a tenth slower: 784-64, batch 64, MNIST, Zen 5.)
    fn touch(&self, rows: &[usize]) {
        let start = |row: usize| self.starts[row] as usize;
        // First where they are, or each list would begin with such a wait.
        rows.iter().for_each(|&row| _ = core::hint::black_box(start(row)));
        for &row in rows {
            let entries = &self.entries[start(row)..start(row + 1)];
            entries.iter().step_by(LINE).for_each(|pair| _ = core::hint::black_box(*pair));
        }
    }

    /// The entries of row `row` whose columns are in `cols`, which starts even and ends even or where the row does.
    fn part(&self, row: usize, cols: &Range<usize>) -> &[Pair] {
        let all = &self.entries[self.starts[row] as usize..self.starts[row + 1] as usize];
        let before = |col: usize| move |pair: &Pair| ((pair >> 16) as usize) < col.div_ceil(2);
        let from = if cols.start == 0 { 0 } else { all.partition_point(before(cols.start)) };
        let to = if cols.end == self.cols { all.len() } else { all.partition_point(before(cols.end)) };
        &all[from..to]
    }
}

/// Appends the pairs of `bytes` of which one is not zero.
fn push_pairs(entries: &mut Vec<Pair>, bytes: &[u8]) {
    for (pair, two) in (0..).zip(bytes.chunks(2)) {
        let value = Pair::from(two[0]) | two.get(1).map_or(0, |&byte| Pair::from(byte) << 8);
        if value != 0 {
            entries.push(pair << 16 | value);
        }
    }
}

/// Some rows of a [`SparseBytes`], by columns: what a gradient reads of a batch.
#[derive(Clone, Debug)]
pub struct SparseColumns {
    rows: usize,
    cols: usize,
    /// `[pairs of columns]`: where the entries of each start, and end.
    starts: Vec<u32>,
    ends: Vec<u32>,
    /// Numbers of rows, ascending within a pair, each below `rows`. What is between them is of former fillings.
    entries: Vec<Pair>,
    values: Box<[f32; 256]>,
    /// Room for a gradient to work in.
    panel: Vec<Line>,
}

impl Default for SparseColumns {
    fn default() -> SparseColumns {
        SparseColumns {
            rows: 0,
            cols: 0,
            starts: vec![],
            ends: vec![],
            entries: vec![],
            values: Box::new([0.0; 256]),
            panel: vec![Line::ZERO; PANEL],
        }
    }
}

impl SparseColumns {
    /// The most rows: they are numbered in u16.
    pub const MAX_ROWS: usize = 1 << 16;

    /// Takes the columns `cols` of `bytes`, of the rows numbered `rows`, in that order. What it held is gone; its memory is used
    /// again.
    ///
    /// # Panics
    /// A row is not there, the columns are not or start or end within a pair, or the rows are more than
    /// [`SparseColumns::MAX_ROWS`].
    pub fn fill(&mut self, bytes: &SparseBytes, rows: &[usize], cols: Range<usize>) {
        assert!(rows.len() <= Self::MAX_ROWS, "at most {} rows, not {}", Self::MAX_ROWS, rows.len());
        let even = |col: usize| col.is_multiple_of(2) || col == bytes.cols;
        assert!(even(cols.start) && even(cols.end), "pairs of columns are taken whole");
        assert!(cols.start <= cols.end && cols.end <= bytes.cols, "{cols:?} of {} columns", bytes.cols);
        // Nothing below panics: what is half filled would not be safe to use.
        assert!(rows.iter().all(|&row| row < bytes.rows), "the rows are there");
        let (pairs, first) = (cols.len().div_ceil(2), cols.start.div_ceil(2));
        let index = |pair: Pair| (pair >> 16) as usize - first;
        bytes.touch(rows);
        let sum = match rows.len() {
            ..=SLOTS => self.give_each(pairs, rows.len()),
            _ => {
                let entries = rows.iter().flat_map(|&row| bytes.part(row, &cols));
                self.give_counted(pairs, entries.map(|&pair| index(pair)))
            }
        };
        self.entries.resize(self.entries.len().max(sum), 0);
        self.ends.clone_from(&self.starts);
        for (number, &row) in (0..).zip(rows) {
            for &pair in bytes.part(row, &cols) {
                // SAFETY: a pair of the columns `cols` is one of `pairs` from `first` on, and has place for its entries: for as many
                // as there are rows, or as were counted.
                unsafe {
                    let place = self.ends.get_unchecked_mut(index(pair));
                    *self.entries.get_unchecked_mut(*place as usize) = number << 16 | pair & 0xFFFF;
                    *place += 1;
                }
            }
        }
        (self.rows, self.cols) = (rows.len(), cols.len());
        self.values.clone_from(&bytes.values);
    }

    /// Gives each of `pairs` lists room for `rows` entries; how many entries that is.
    fn give_each(&mut self, pairs: usize, rows: usize) -> usize {
        // An odd number of lines apart, or they would crowd into few sets of the cache.
        let apart = rows.next_multiple_of(2 * LINE) + LINE;
        self.starts.clear();
        self.starts.extend((0..pairs).map(|pair| (pair * apart) as u32));
        pairs * apart
    }

    /// Gives each of `pairs` lists room for as many entries as there are in `lists`; how many that is.
    fn give_counted(&mut self, pairs: usize, lists: impl Iterator<Item = usize>) -> usize {
        self.starts.clear();
        self.starts.resize(pairs, 0);
        lists.for_each(|list| self.starts[list] += 1);
        let mut sum = 0;
        for start in &mut self.starts {
            sum += core::mem::replace(start, sum);
        }
        sum as usize
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    pub(crate) fn lists(&self) -> Lists {
        Lists {
            starts: self.starts.as_ptr(),
            ends: self.ends.as_ptr(),
            entries: self.entries.as_ptr(),
            values: self.values.as_ptr(),
        }
    }

    pub(crate) fn panel(&mut self) -> Panel {
        Panel(self.panel.as_mut_ptr())
    }
}
