//! The parts of a run, each by itself: for those who time where a run's time goes.

use alloc::vec;
use alloc::vec::Vec;

use prunella_kernels::{Activation, Line, Rows, RowsMut};

use super::{BatchClass, Engine, Scratch};

/// A batch as an engine's kernels read and write it: chunk by chunk, each a vector or a panel `[feature][lanes]`.
#[derive(Clone, Debug)]
pub struct Laid {
    class: BatchClass,
    batch: usize,
    features: usize,
    lines: Vec<Line>,
}

impl Laid {
    /// Examples of each chunk, the last of which may have fewer.
    fn chunks(&self) -> impl Iterator<Item = usize> + use<> {
        let (chunk, batch) = (self.class.chunk(), self.batch);
        (0..batch).step_by(chunk).map(move |first| chunk.min(batch - first))
    }

    /// Lines of a whole chunk.
    fn chunk_lines(class: BatchClass, features: usize) -> usize {
        match class {
            BatchClass::One => Line::count(features),
            BatchClass::Few | BatchClass::Many => features * Line::count(class.chunk()),
        }
    }
}

/// A run of one layer is `lay_in`, `run_layer` and `lay_out`, done chunk by chunk; a network converts its input and its
/// output only. (A vector is read where it stands: there, a run does without `lay_in`.)
impl Engine {
    /// Room for a batch of `features` values each.
    pub fn laid(&self, batch: usize, features: usize) -> Laid {
        let class = self.plan.class;
        let chunks = batch.div_ceil(class.chunk());
        Laid { class, batch, features, lines: vec![Line::ZERO; chunks * Laid::chunk_lines(class, features)] }
    }

    /// Converts row-major `rows` `[batch, features]`.
    ///
    /// # Panics
    /// `rows` and `to` differ in shape.
    pub fn lay_in(&self, rows: &[f32], to: &mut Laid) {
        assert_eq!(rows.len(), to.batch * to.features, "rows and room have one shape");
        let (class, features) = (to.class, to.features);
        let lines = to.lines.chunks_mut(Laid::chunk_lines(class, features));
        for (rows, lines) in rows.chunks(class.chunk() * features).zip(lines) {
            match class {
                BatchClass::One => Line::floats_mut(lines)[..features].copy_from_slice(rows),
                _ => self
                    .kernels
                    .rows_to_panel(rows, &mut RowsMut::new(lines, features, rows.len() / features)),
            }
        }
    }

    /// Runs the layer of this index on what has its layout already, with `activation` instead of its own (`None`: with its own).
    ///
    /// # Panics
    /// There is no such layer; `x` or `y` is not a batch of its shape made by this engine, or `scratch` is another engine's.
    pub fn run_layer(
        &self,
        (layer, activation): (usize, Option<Activation>),
        x: &Laid,
        y: &mut Laid,
        scratch: &mut Scratch,
    ) {
        let layer = &self.layers[layer];
        let activation = activation.unwrap_or(layer.activation);
        assert_eq!((x.class, y.class, x.batch), (self.plan.class, self.plan.class, y.batch), "one batch");
        assert_eq!((x.features, y.features), (layer.fan_in, layer.fan_out), "the layer's shape");
        let (from, sizes) = (x.lines.chunks(Laid::chunk_lines(x.class, x.features)), x.chunks());
        let to = y.lines.chunks_mut(Laid::chunk_lines(y.class, y.features));
        for ((x, y), batch) in from.zip(to).zip(sizes) {
            match self.plan.class {
                BatchClass::One => {
                    layer.run_vector(self.kernels, activation, &Line::floats(x)[..layer.fan_in], y)
                }
                _ => layer.run_panel(
                    self.kernels,
                    activation,
                    Rows::new(x, layer.fan_in, batch),
                    &mut RowsMut::new(y, layer.fan_out, batch),
                    &mut scratch.workers[0].rows,
                ),
            }
        }
    }

    /// Converts to row-major `rows` `[batch, features]`.
    ///
    /// # Panics
    /// `rows` and `from` differ in shape.
    pub fn lay_out(&self, from: &Laid, rows: &mut [f32]) {
        assert_eq!(rows.len(), from.batch * from.features, "rows and batch have one shape");
        let (class, features) = (from.class, from.features);
        let lines = from.lines.chunks(Laid::chunk_lines(class, features));
        for (rows, lines) in rows.chunks_mut(class.chunk() * features).zip(lines) {
            match class {
                BatchClass::One => rows.copy_from_slice(&Line::floats(lines)[..features]),
                _ => self.kernels.panel_to_rows(Rows::new(lines, features, rows.len() / features), rows),
            }
        }
    }
}
