//! A run allocates nothing, on any thread of its pool. A binary of its own, for the sake of its allocator.
#![cfg(feature = "std")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prunella::engine::{BatchClass, Engine, Plan, Variant};
use prunella_kernels::Pool;

#[path = "engine/networks.rs"]
mod networks;

/// The system's allocator, which counts how often the threads of the pool ask it for memory.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The thread of the test harness is not counted: it allocates when it likes.
    static COUNTED: Cell<bool> = const { Cell::new(false) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to `System` with the caller's arguments, so its contract is kept where the caller keeps it; counting
// neither allocates nor unwinds. `alloc_zeroed` and `realloc`, as the trait provides them, come through `alloc`.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(usize::from(COUNTED.get()), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise; all memory came from `System`.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Each batch size comes after each other one within 30 runs. More, where they are not emulated (as those for aarch64 are in the
/// checks), would show what is allocated now and then.
const RUNS: usize = if cfg!(target_arch = "x86_64") { 1_000 } else { 60 };

/// Allocations of [`RUNS`] runs on `rows`: on a few of them mostly, on all of them every tenth time.
fn allocations(engine: &Engine, rows: &[f32]) -> usize {
    let (fan_in, fan_out) = (engine.fan_in(), engine.fan_out());
    let mut scratch = engine.scratch();
    let mut output = vec![0.0; rows.len() / fan_in * fan_out];
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for run in 0..RUNS {
        let batch = if run % 10 == 0 { rows.len() / fan_in } else { [1, 7, 40][run % 3] };
        engine.run(&rows[..batch * fan_in], &mut output[..batch * fan_out], &mut scratch).unwrap();
    }
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

#[test]
fn a_run_allocates_nothing() {
    // Some 12,000 nonzero weights: 192 rows are enough for two threads, in every form.
    let model = networks::network(&[70, 130, 65, 10], &[0.3, 0.4, 0.0], 1);
    let rows = networks::rows(192 * model.fan_in(), 2);
    let pool = Arc::new(Pool::new(NonZeroUsize::new(2).unwrap()).unwrap());
    // A part for each thread, which allocates once: the counter counts.
    pool.for_each(&mut [(); 2], |_, ()| {
        COUNTED.set(true);
        drop(std::hint::black_box(vec![1u8; 100]));
    });
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), 2);
    for isa in networks::isas() {
        for class in BatchClass::ALL {
            let planned = networks::any_plan(&model, class, &mut networks::Random(3));
            let skipping =
                [Plan::dense(&model, class), Plan::csr(&model, class, isa)].map(Plan::skipping_inputs);
            let planned = skipping.into_iter().chain([planned]).map(Variant::Planned);
            for variant in [Variant::Dense, Variant::Csr].into_iter().chain(planned) {
                let alone = networks::compile(&model, isa, class, variant);
                for engine in [alone.clone(), alone.with_pool(pool.clone())] {
                    assert_eq!(allocations(&engine, &rows), 0, "{} on {isa}", engine.plan());
                }
            }
        }
    }
}
