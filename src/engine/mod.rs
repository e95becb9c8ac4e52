//! The frozen network, compiled for a class of batch sizes and run without allocating.
//!
//! Examples travel through all layers a chunk at a time, so that the activations stay in the caches. Dense layers read rows, the
//! user's to begin with, and write rows, their outputs in the SIMD lanes. Sparse ones need a panel `[feature][lanes]` with the
//! batch in the lanes, and a dense layer after a sparse one takes over its panel. Turning rows into panels and back is part of a
//! run; a network without sparse layers has nothing to turn. Which kernels run never changes the result: see the canonical order in [`crate::kernels`].
//!
//! ```
//! use prunella::engine::{Engine, Options};
//! use prunella::model::{Activation, Layer, Model};
//!
//! # fn main() -> Result<(), Box<dyn core::error::Error>> {
//! let hidden = Layer::new(2, vec![1.0, -1.0, 0.0, 2.0], vec![0.5, 0.0], Activation::Relu)?;
//! let output = Layer::new(2, vec![1.0, 1.0], vec![0.0], Activation::Identity)?;
//! let engine = Engine::compile(&Model::new(vec![hidden, output])?, &Options::default())?;
//!
//! let mut scratch = engine.scratch();
//! let mut logits = [0.0];
//! engine.run(&[1.0, 3.0], &mut logits, &mut scratch)?;
//! assert_eq!(logits, [6.0]);
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "std")]
mod auto;
mod error;
mod layer;
#[cfg(feature = "std")]
mod parts;
mod plan;

use alloc::vec;
use alloc::vec::Vec;

use prunella_kernels::{Isa, Kernels, Line, NonzeroInputs, Rows, RowsMut};
#[cfg(feature = "std")]
use {prunella_kernels::Pool, std::sync::Arc};

use crate::model::{Layer, Model};
use layer::CompiledLayer;

#[cfg(feature = "std")]
pub use auto::auto_plan;
#[cfg(feature = "std")]
pub(crate) use auto::candidates;
pub use error::{CompileError, RunError};
pub use layer::LayerInfo;
#[cfg(feature = "std")]
pub use parts::Laid;
pub use plan::{BatchClass, Form, Plan, PlanError};

/// How the layers of a model are to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Every weight, zero or not.
    Dense,
    /// Layers that [were pruned](Layer::is_pruned) keep only the weights that are not zero; meant for models pruned so far that it
    /// pays.
    Csr,
    /// As a plan says: timed on this machine (`auto_plan`, with `std`), or read from text.
    Planned(Plan),
}

/// What to compile for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The instruction set; the best of the machine by default.
    pub isa: Isa,
    /// The batch sizes to be fast for; any size runs. One by default. A plan names its own.
    pub class: BatchClass,
    /// How the layers are stored; [`Variant::Csr`] by default.
    pub variant: Variant,
}

impl Default for Options {
    fn default() -> Options {
        Options { isa: Isa::best(), class: BatchClass::One, variant: Variant::Csr }
    }
}

/// The memory of a run, made once by [`Engine::scratch`].
#[derive(Clone, Debug)]
pub struct Scratch {
    workers: Vec<Buffers>,
}

/// What one worker needs: a chunk's activations before and after a layer, and room for the inputs of a first layer that skips zeros.
#[derive(Clone, Debug)]
struct Buffers {
    x: Vec<Line>,
    y: Vec<Line>,
    nonzero: NonzeroInputs,
}

/// Where a chunk's activations are, on their way.
#[derive(Clone, Copy)]
enum Place {
    /// Rows of the user's.
    Input,
    /// Rows in a buffer, each in whole lines.
    Rows,
    /// A panel in a buffer.
    Panel,
}

/// A network compiled for a class of batch sizes.
#[derive(Clone, Debug)]
pub struct Engine {
    kernels: Kernels,
    plan: Plan,
    layers: Vec<CompiledLayer>,
    #[cfg(feature = "std")]
    pool: Option<Arc<Pool>>,
}

impl Engine {
    /// Packs every layer and resolves its kernel.
    ///
    /// # Errors
    /// A plan that names another number of layers, or a form that is not for its class or its layer; or a layer that cannot be
    /// packed.
    pub fn compile(model: &Model, options: &Options) -> Result<Engine, CompileError> {
        let plan = match &options.variant {
            Variant::Dense => Plan::dense(model, options.class),
            Variant::Csr => Plan::csr(model, options.class, options.isa),
            Variant::Planned(plan) => plan.clone(),
        };
        Engine::compile_layers(model.layers(), plan, options.isa)
    }

    /// Compiles consecutive layers.
    fn compile_layers(layers: &[Layer], plan: Plan, isa: Isa) -> Result<Engine, CompileError> {
        if plan.forms.len() != layers.len() {
            return Err(CompileError::PlanLength { forms: plan.forms.len(), layers: layers.len() });
        }
        if let Some(layer) = (1..layers.len()).find(|&i| plan.forms[i].skips_inputs()) {
            return Err(CompileError::SparseInput { layer });
        }
        let kernels = Kernels::new(isa);
        let mut compiled: Vec<CompiledLayer> = Vec::with_capacity(layers.len());
        for (i, (layer, &form)) in layers.iter().zip(&plan.forms).enumerate() {
            if form.is_for_one() && plan.class != BatchClass::One {
                return Err(CompileError::Form { layer: i });
            }
            let after_panel = compiled.last().is_some_and(CompiledLayer::in_panels);
            let packed = CompiledLayer::new(layer, form, plan.class, after_panel, kernels);
            compiled.push(packed.map_err(|error| CompileError::Pack { layer: i, error })?);
        }
        Ok(Engine {
            kernels,
            plan,
            layers: compiled,
            #[cfg(feature = "std")]
            pool: None,
        })
    }

    /// Lets large batches use the threads of `pool`: the same bits, sooner.
    #[cfg(feature = "std")]
    pub fn with_pool(self, pool: Arc<Pool>) -> Engine {
        Engine { pool: Some(pool), ..self }
    }

    /// The chosen forms.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Values of an input row.
    pub fn fan_in(&self) -> usize {
        self.layers[0].fan_in
    }

    /// Values of an output row.
    pub fn fan_out(&self) -> usize {
        self.layers[self.layers.len() - 1].fan_out
    }

    /// The kernel of each layer.
    pub fn layers(&self) -> impl Iterator<Item = LayerInfo> + '_ {
        self.layers.iter().map(|layer| layer.info(self.kernels, self.plan.class))
    }

    /// The memory for runs of this engine, whatever their batch size.
    pub fn scratch(&self) -> Scratch {
        let (lines, (batch, fan_in)) = (self.buffer_lines(), self.nonzero_rows());
        let nonzero = NonzeroInputs::new(batch, fan_in);
        let buffers = Buffers { x: vec![Line::ZERO; lines], y: vec![Line::ZERO; lines], nonzero };
        Scratch { workers: vec![buffers; self.threads()] }
    }

    /// Lines of a worker's activations, which may be a vector, rows, or a panel with a row for each feature.
    fn buffer_lines(&self) -> usize {
        let widest = self.layers.iter().map(|layer| layer.fan_in.max(layer.fan_out)).max().unwrap_or(0);
        let chunk = self.chunk();
        let panel = if self.has_panels() { widest * Line::count(chunk) } else { 0 };
        panel.max(chunk * Line::count(widest))
    }

    fn has_panels(&self) -> bool {
        self.layers.iter().any(CompiledLayer::in_panels)
    }

    /// The most examples that travel through the layers together.
    fn chunk(&self) -> usize {
        match self.plan.class {
            BatchClass::Many if !self.has_panels() => self.dense_rows(),
            class => class.panel(),
        }
    }

    /// Rows of a chunk without panels: eight AVX-512 tiles, between which the cost of fetching a layer's weights is divided; of
    /// 1,024 values, 384 KiB. Against 64 rows, 784x1024 gains 2 % and 4096x4096 5 % (Zen 5). Where the weights of all layers are more
    /// than most caches hold, every chunk fetches them from memory: batches of 256 through 4096x4096 take 5 to 6 % less time at once
    /// than in three chunks. 2048x2048 and smaller take as long either way.
    fn dense_rows(&self) -> usize {
        let weights: usize = self.layers.iter().map(|layer| layer.fan_in * layer.fan_out).sum();
        if weights * size_of::<f32>() > Self::CACHED_BYTES { 256 } else { 96 }
    }

    /// What a large last-level cache holds.
    const CACHED_BYTES: usize = 32 << 20;

    /// The rows of a worker in which the first layer finds its nonzero inputs, `[batch, fan_in]`.
    fn nonzero_rows(&self) -> (usize, usize) {
        (if self.layers[0].skips_inputs() { self.chunk() } else { 0 }, self.fan_in())
    }

    /// Runs row-major `input` `[batch, fan_in]` to row-major `output` `[batch, fan_out]`, without allocating.
    ///
    /// # Errors
    /// Lengths that do not fit the network or each other, or another engine's scratch; see [`RunError`].
    pub fn run(&self, input: &[f32], output: &mut [f32], scratch: &mut Scratch) -> Result<(), RunError> {
        let (fan_in, fan_out) = (self.fan_in(), self.fan_out());
        if !input.len().is_multiple_of(fan_in) {
            return Err(RunError::Input { len: input.len(), fan_in });
        }
        let batch = input.len() / fan_in;
        if Some(output.len()) != batch.checked_mul(fan_out) {
            return Err(RunError::Output { len: output.len(), needed: batch.saturating_mul(fan_out) });
        }
        let (lines, (searched, width)) = (self.buffer_lines(), self.nonzero_rows());
        let fits = |b: &Buffers| b.x.len() >= lines && b.y.len() >= lines && b.nonzero.fits(searched, width);
        if scratch.workers.len() < self.threads() || !scratch.workers.iter().all(fits) {
            return Err(RunError::Scratch);
        }
        #[cfg(feature = "std")]
        if let Some(pool) = &self.pool
            && let Some(share) = self.share(batch, pool.threads().get())
        {
            self.run_shares(pool, share, (input, output), &mut scratch.workers);
            return Ok(());
        }
        self.run_rows(input, output, &mut scratch.workers[0]);
        Ok(())
    }

    fn threads(&self) -> usize {
        #[cfg(feature = "std")]
        if let Some(pool) = &self.pool {
            return pool.threads().get();
        }
        1
    }

    /// Chunk by chunk through all layers.
    fn run_rows(&self, input: &[f32], output: &mut [f32], buffers: &mut Buffers) {
        let mut chunk = self.chunk();
        if !self.has_panels() {
            // A last chunk of a few rows would fetch all weights for them alone. Panels gain nothing from being alike.
            let batch = input.len() / self.fan_in();
            chunk = batch.div_ceil(batch.div_ceil(chunk).max(1)).max(1);
        }
        let rows = input.chunks(chunk * self.fan_in()).zip(output.chunks_mut(chunk * self.fan_out()));
        for (rows_in, rows_out) in rows {
            match self.plan.class {
                BatchClass::One => self.run_vector(rows_in, rows_out, buffers),
                BatchClass::Few | BatchClass::Many => self.run_chunk(rows_in, rows_out, buffers),
            }
        }
    }

    fn run_vector(&self, input: &[f32], output: &mut [f32], buffers: &mut Buffers) {
        let (mut x, mut y) = (&mut buffers.x, &mut buffers.y);
        let first = &self.layers[0];
        if first.skips_inputs() {
            let mut to = RowsMut::new(x, 1, first.fan_out);
            first.run_sparse_input(self.kernels, input, &mut to, &mut buffers.nonzero);
        } else {
            first.run_vector(self.kernels, first.activation, input, x);
        }
        for layer in &self.layers[1..] {
            layer.run_vector(self.kernels, layer.activation, &Line::floats(x)[..layer.fan_in], y);
            (x, y) = (y, x);
        }
        output.copy_from_slice(&Line::floats(x)[..output.len()]);
    }

    fn run_chunk(&self, input: &[f32], output: &mut [f32], buffers: &mut Buffers) {
        let (batch, kernels) = (input.len() / self.fan_in(), self.kernels);
        let (mut x, mut y) = (&mut buffers.x, &mut buffers.y);
        let mut place = Place::Input;
        for layer in &self.layers {
            let (fan_in, activation) = (layer.fan_in, layer.activation);
            if layer.in_panels() && !matches!(place, Place::Panel) {
                let mut panel = RowsMut::new(y, fan_in, batch);
                match place {
                    Place::Input => kernels.rows_to_panel(input, &mut panel),
                    _ => kernels.transpose(Rows::new(x, batch, fan_in), &mut panel),
                }
                (x, y, place) = (y, x, Place::Panel);
            }
            match place {
                Place::Input if layer.skips_inputs() => {
                    let mut rows = RowsMut::new(y, batch, layer.fan_out);
                    layer.run_sparse_input(kernels, input, &mut rows, &mut buffers.nonzero);
                }
                Place::Input => layer.run_rows(kernels, activation, (input, fan_in), batch, y),
                Place::Rows => {
                    let stride = Line::count(fan_in) * Line::LEN;
                    layer.run_rows(kernels, activation, (Line::floats(x), stride), batch, y);
                }
                Place::Panel => layer.run_panel(kernels, activation, Rows::new(x, fan_in, batch), y),
            }
            (x, y) = (y, x);
            place = if layer.in_panels() { Place::Panel } else { Place::Rows };
        }
        if let Place::Panel = place {
            return kernels.panel_to_rows(Rows::new(x, self.fan_out(), batch), output);
        }
        let logits = Rows::new(x, batch, self.fan_out());
        for (row, to) in output.chunks_exact_mut(self.fan_out()).enumerate() {
            to.copy_from_slice(logits.row(row));
        }
    }
}

#[cfg(feature = "std")]
impl Engine {
    /// Multiply-adds below which a thread costs more than it brings: 2 us of a core in a dense kernel, 10 us in a sparse one,
    /// against about 1 us to hand a worker its share.
    const MIN_SHARE: usize = 1 << 18;
    /// The most workers of one run, so that their shares need no allocation.
    const MAX_WORKERS: usize = 64;

    /// Rows for each worker, in whole lines of a panel; `None` where one thread is as good.
    fn share(&self, batch: usize, threads: usize) -> Option<usize> {
        let per_row: usize = self.layers.iter().map(CompiledLayer::multiply_adds).sum();
        let workers = threads
            .min(batch.saturating_mul(per_row) / Self::MIN_SHARE)
            .min(batch / Line::LEN)
            .min(Self::MAX_WORKERS);
        (workers > 1).then(|| batch.div_ceil(workers).next_multiple_of(Line::LEN))
    }

    fn run_shares(
        &self,
        pool: &Pool,
        share: usize,
        (input, output): (&[f32], &mut [f32]),
        scratch: &mut [Buffers],
    ) {
        let inputs = input.chunks(share * self.fan_in());
        let outputs = output.chunks_mut(share * self.fan_out());
        let mut parts = [const { None }; Self::MAX_WORKERS];
        for (part, rows) in parts.iter_mut().zip(inputs.zip(outputs).zip(scratch)) {
            *part = Some(rows);
        }
        pool.for_each(&mut parts[..pool.threads().get().min(Self::MAX_WORKERS)], |_, part| {
            if let Some(((rows_in, rows_out), buffers)) = part {
                self.run_rows(rows_in, rows_out, buffers);
            }
        });
    }
}
