//! The parts of a layer's run, each by itself: for those who time where the time goes.

use alloc::vec;
use alloc::vec::Vec;

use prunella_kernels::{Activation, Line, Rows, RowsMut};

use super::Engine;

/// A batch as a layer's kernel reads or writes it: chunk by chunk, each a panel `[feature][lanes]`, or rows in whole lines.
#[derive(Clone, Debug)]
pub struct Laid {
    in_panels: bool,
    /// Examples of a chunk; the last may have fewer.
    chunk: usize,
    batch: usize,
    features: usize,
    lines: Vec<Line>,
}

impl Laid {
    /// Whether it is in panels: rows are read where they stand, and need not be laid.
    pub fn in_panels(&self) -> bool {
        self.in_panels
    }

    /// Lines of a whole chunk.
    fn chunk_lines(&self) -> usize {
        if self.in_panels {
            self.features * Line::count(self.chunk)
        } else {
            self.chunk * Line::count(self.features)
        }
    }

    /// Examples of each chunk.
    fn sizes(&self) -> impl Iterator<Item = usize> + use<> {
        let (chunk, batch) = (self.chunk, self.batch);
        (0..batch).step_by(chunk).map(move |first| chunk.min(batch - first))
    }
}

/// A network of one layer in parts: its run is `lay_in`, `run_laid` and `lay_out`, done chunk by chunk; but rows are read where
/// they stand, so that without panels a run needs no `lay_in`.
impl Engine {
    /// Room for the inputs of a batch.
    pub fn laid_inputs(&self, batch: usize) -> Laid {
        self.laid(batch, self.fan_in())
    }

    /// Room for the outputs of a batch.
    pub fn laid_outputs(&self, batch: usize) -> Laid {
        self.laid(batch, self.fan_out())
    }

    fn laid(&self, batch: usize, features: usize) -> Laid {
        let [layer] = &self.layers[..] else { panic!("a network of one layer") };
        assert!(!layer.skips_inputs(), "a layer that skips inputs has no other parts");
        let mut laid =
            Laid { in_panels: layer.in_panels(), chunk: self.chunk(), batch, features, lines: vec![] };
        laid.lines = vec![Line::ZERO; batch.div_ceil(laid.chunk) * laid.chunk_lines()];
        laid
    }

    /// Converts row-major `rows` `[batch, features]`.
    ///
    /// # Panics
    /// `rows` and `to` differ in shape.
    pub fn lay_in(&self, rows: &[f32], to: &mut Laid) {
        assert_eq!(rows.len(), to.batch * to.features, "rows and room have one shape");
        let (features, chunk_lines) = (to.features, to.chunk_lines());
        for (rows, lines) in rows.chunks(to.chunk * features).zip(to.lines.chunks_mut(chunk_lines)) {
            if to.in_panels {
                self.kernels.rows_to_panel(rows, &mut RowsMut::new(lines, features, rows.len() / features));
            } else {
                for (row, lines) in rows.chunks(features).zip(lines.chunks_mut(Line::count(features))) {
                    Line::floats_mut(lines)[..features].copy_from_slice(row);
                }
            }
        }
    }

    /// Runs the layer on what is laid already, with `activation` instead of its own (`None`: with its own).
    ///
    /// # Panics
    /// `x` and `y` are not inputs and outputs of one batch, made by this engine.
    pub fn run_laid(&self, activation: Option<Activation>, x: &Laid, y: &mut Laid) {
        let layer = &self.layers[0];
        let activation = activation.unwrap_or(layer.activation);
        assert_eq!((x.in_panels, x.chunk, x.batch), (y.in_panels, y.chunk, y.batch), "one batch");
        assert_eq!((x.features, y.features), (layer.fan_in, layer.fan_out), "the layer's shape");
        let (from, y_lines) = (x.lines.chunks(x.chunk_lines()), y.chunk_lines());
        for ((x_lines, y), batch) in from.zip(y.lines.chunks_mut(y_lines)).zip(x.sizes()) {
            let stride = Line::count(x.features) * Line::LEN;
            let floats = Line::floats(x_lines);
            if x.in_panels {
                layer.run_panel(self.kernels, activation, Rows::new(x_lines, x.features, batch), y);
            } else if x.chunk == 1 {
                layer.run_vector(self.kernels, activation, &floats[..x.features], y);
            } else {
                layer.run_rows(self.kernels, activation, (floats, stride), batch, y);
            }
        }
    }

    /// Converts to row-major `rows` `[batch, features]`.
    ///
    /// # Panics
    /// `rows` and `from` differ in shape.
    pub fn lay_out(&self, from: &Laid, rows: &mut [f32]) {
        assert_eq!(rows.len(), from.batch * from.features, "rows and batch have one shape");
        let features = from.features;
        let chunks = from.lines.chunks(from.chunk_lines());
        for (rows, lines) in rows.chunks_mut(from.chunk * features).zip(chunks) {
            if from.in_panels {
                self.kernels.panel_to_rows(Rows::new(lines, features, rows.len() / features), rows);
            } else {
                for (row, lines) in rows.chunks_mut(features).zip(lines.chunks(Line::count(features))) {
                    row.copy_from_slice(&Line::floats(lines)[..features]);
                }
            }
        }
    }
}
