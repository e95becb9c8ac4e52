//! A fork-join pool: the threads of a training step, or of an inference over a large batch.
//!
//! A step takes a fraction of a millisecond, and `std::thread::scope` spends 30 us of it on starting threads. Here the
//! workers wait between calls, first spinning (calls follow each other closely), then parked (an idle pool costs nothing).
//!
//! ```text
//! caller                                         worker w
//!   pending = workers                              wait until slot[w] is not null
//!   slot[w] = &job, unpark w   ----------------->  take it, run the parts w, w + threads, ...
//!   run the parts 0, threads, ...                  pending -= 1, unpark the caller
//!   wait until pending is 0    <-----------------
//! ```

use core::num::NonZeroUsize;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::any::Any;
use std::boxed::Box;
use std::format;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::vec::Vec;

/// Looks at a flag before a thread parks: 20 to 50 us, a few times what parking and waking take.
const SPINS: usize = if cfg!(miri) { 2 } else { 1000 };

/// Threads that wait for work.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// One for each worker: null, or the job it has not begun. Written by whoever holds `busy`, emptied by the worker.
    slots: Box<[Slot]>,
    /// Workers that have not finished the job.
    pending: AtomicUsize,
    /// Whether a job is under way.
    busy: AtomicBool,
    stopping: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// On a cache line of its own: a worker that spins on its slot is not disturbed by the others' jobs.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Slot(AtomicPtr<Job>);

/// What a worker is to run. It lives on the caller's stack: see `Pool::run`.
struct Job {
    /// A closure `Fn(usize) + Sync`, its type known to `call` alone.
    closure: *const (),
    call: unsafe fn(*const (), usize),
    caller: Thread,
}

/// The first of the parts, which the workers deal out among themselves.
struct Parts<T>(*mut T);

// SAFETY: through a shared `Parts` each thread reaches other elements than the others (see `for_each`): that is sending each
// element to one thread.
unsafe impl<T: Send> Sync for Parts<T> {}

impl Pool {
    /// A pool of `threads`, the caller's among them.
    ///
    /// # Errors
    /// The system starts no more threads.
    pub fn new(threads: NonZeroUsize) -> std::io::Result<Pool> {
        let slots = (1..threads.get()).map(|_| Slot::default()).collect();
        let shared = Shared {
            slots,
            pending: AtomicUsize::new(0),
            busy: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            panic: Mutex::new(None),
        };
        // Dropping a pool joins the workers that it has, so a failure half-way leaves none behind.
        let mut pool = Pool { shared: Arc::new(shared), workers: Vec::new() };
        for index in 0..pool.shared.slots.len() {
            let shared = Arc::clone(&pool.shared);
            let name = format!("prunella-{}", index + 1);
            let worker = thread::Builder::new().name(name).spawn(move || shared.work(index))?;
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    /// A pool of the caller's thread alone.
    pub fn single() -> Pool {
        Pool::new(NonZeroUsize::MIN).expect("no thread is started")
    }

    /// How many threads there are, the caller's among them.
    pub fn threads(&self) -> NonZeroUsize {
        NonZeroUsize::MIN.saturating_add(self.workers.len())
    }

    /// Calls `f(i, &mut parts[i])` for every part, part i on thread `i % threads`, and returns when all are done.
    ///
    /// While a call is under way, further ones, from inside `f` or from other threads, run on their own thread alone.
    ///
    /// # Panics
    /// If `f` does, after all threads have stopped.
    pub fn for_each<T: Send>(&self, parts: &mut [T], f: impl Fn(usize, &mut T) + Sync) {
        let (len, threads) = (parts.len(), self.threads().get());
        if threads.min(len) < 2 || self.shared.busy.swap(true, Ordering::Acquire) {
            return parts.iter_mut().enumerate().for_each(|(i, part)| f(i, part));
        }
        let first = Parts(parts.as_mut_ptr());
        let outcome = self.run(&|thread| {
            // The whole `Parts` is captured, not its pointer.
            let Parts(first) = &first;
            for i in (thread..len).step_by(threads) {
                // SAFETY: i < len, and no other thread has this i: all have the remainder `thread`, which each has alone.
                // `parts` is borrowed exclusively until `run` returns, when no thread uses it any more.
                f(i, unsafe { &mut *first.add(i) });
            }
        });
        self.shared.busy.store(false, Ordering::Release);
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    }

    /// Runs `closure(thread)` on every thread; an error is what one of them panicked with. Called by the holder of `busy`.
    fn run<F: Fn(usize) + Sync>(&self, closure: &F) -> Result<(), Box<dyn Any + Send>> {
        /// # Safety
        /// `closure` points to a live `F`.
        unsafe fn call<F: Fn(usize)>(closure: *const (), thread: usize) {
            // SAFETY: the caller's promise.
            unsafe { (*closure.cast::<F>())(thread) }
        }
        let shared = &*self.shared;
        // A worker reads the job until it takes itself off `pending`, and the loop below ends only when all have; nothing
        // between can unwind. So job and closure outlive their use, whatever their lifetimes.
        let job = Job { closure: ptr::from_ref(closure).cast(), call: call::<F>, caller: thread::current() };
        shared.pending.store(self.workers.len(), Ordering::Relaxed);
        for (slot, worker) in shared.slots.iter().zip(&self.workers) {
            // Release: the worker that acquires the pointer sees the job, the parts and `pending`.
            slot.0.store(ptr::from_ref(&job).cast_mut(), Ordering::Release);
            worker.thread().unpark();
        }
        let own = catch_unwind(AssertUnwindSafe(|| closure(0)));
        // Acquire: what the workers wrote to their parts is seen from here on.
        wait_until(|| shared.pending.load(Ordering::Acquire) == 0);
        let theirs = shared.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        own.and(theirs.map_or(Ok(()), Err))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            worker.join().expect("a worker catches every panic");
        }
    }
}

impl Shared {
    /// The life of worker `index`, which is thread `index + 1`.
    fn work(&self, index: usize) {
        let slot = &self.slots[index].0;
        loop {
            wait_until(|| !slot.load(Ordering::Relaxed).is_null() || self.stopping.load(Ordering::Acquire));
            let job = slot.swap(ptr::null_mut(), Ordering::Acquire);
            if job.is_null() {
                return;
            }
            // SAFETY: `Pool::run` keeps the job alive until `pending` is 0, and this worker still counts in it; nothing
            // writes to the job.
            let (outcome, caller) = unsafe {
                let Job { closure, call, ref caller } = *job;
                // SAFETY: `call` was made for the type of `closure`, which lives as long as the job. It is `Sync`.
                (catch_unwind(AssertUnwindSafe(|| call(closure, index + 1))), caller.clone())
            };
            if let Err(panic) = outcome {
                *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
            }
            self.pending.fetch_sub(1, Ordering::Release);
            // The job may be gone now, but not the handle.
            caller.unpark();
        }
    }
}

/// Spins for a while, then parks until `done`. Whoever makes it `done` unparks this thread afterwards.
fn wait_until(done: impl Fn() -> bool) {
    loop {
        for _ in 0..SPINS {
            if done() {
                return;
            }
            core::hint::spin_loop();
        }
        // An unpark that came before this returns at once, and so does a stale one: both only go around again.
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    const ROUNDS: usize = if cfg!(miri) { 5 } else { 4_000 };

    fn pool(threads: usize) -> Pool {
        Pool::new(NonZeroUsize::new(threads).unwrap()).unwrap()
    }

    #[test]
    fn every_part_is_run_once_on_its_thread() {
        for threads in 1..=4 {
            let pool = pool(threads);
            assert_eq!(pool.threads().get(), threads);
            for len in 0..10 {
                let mut parts = vec![None; len];
                pool.for_each(&mut parts, |i, part| {
                    assert!(part.is_none(), "part {i} is run twice");
                    *part = Some((i, thread::current().id()));
                });
                let thread_of = |(i, part): (usize, &Option<_>)| {
                    let (index, id) = part.expect("every part is run");
                    assert_eq!(index, i);
                    id
                };
                let ids: Vec<thread::ThreadId> = parts.iter().enumerate().map(thread_of).collect();
                assert!(ids.iter().step_by(threads).all(|id| *id == thread::current().id()));
                assert!((threads..len).all(|i| ids[i] == ids[i - threads]));
                let mut distinct: Vec<_> = ids.iter().take(threads).map(|id| format!("{id:?}")).collect();
                distinct.sort();
                distinct.dedup();
                assert_eq!(distinct.len(), threads.min(len));
            }
        }
    }

    /// Calls in quick succession, and now and then a pause long enough for the workers to park.
    #[test]
    fn no_write_and_no_wake_up_is_lost() {
        let pool = pool(3);
        let mut sums = [0usize; 7];
        for round in 0..ROUNDS {
            pool.for_each(&mut sums, |i, sum| *sum += round * i);
            if round % 1000 == 999 {
                thread::sleep(core::time::Duration::from_millis(1));
            }
        }
        let rounds = ROUNDS * (ROUNDS - 1) / 2;
        assert!(sums.iter().enumerate().all(|(i, sum)| *sum == rounds * i), "{sums:?}");
    }

    #[test]
    fn calls_from_inside_and_from_other_threads_do_not_wait_for_each_other() {
        let pool = pool(2);
        let mut outer = [[0usize; 5]; 4];
        pool.for_each(&mut outer, |i, inner| {
            pool.for_each(inner, |j, value| *value = 10 * i + j);
        });
        assert!((0..20).all(|n| outer[n / 5][n % 5] == 10 * (n / 5) + n % 5), "{outer:?}");

        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut counts = [0; 6];
                    (0..ROUNDS / 4).for_each(|_| pool.for_each(&mut counts, |_, count| *count += 1));
                    assert_eq!(counts, [ROUNDS / 4; 6]);
                });
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_and_leaves_the_pool_whole() {
        let pool = pool(3);
        for bad in 0..6 {
            let mut done = [false; 6];
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                pool.for_each(&mut done, |i, done| {
                    assert!(i != bad, "part {i} fails");
                    *done = true;
                });
            }));
            let panic = outcome.expect_err("the panic is passed on");
            assert_eq!(panic.downcast_ref::<std::string::String>().unwrap(), &format!("part {bad} fails"));
            assert!((0..6).filter(|i| i % 3 != bad % 3).all(|i| done[i]), "the other threads finish");
            let mut after = [0; 6];
            pool.for_each(&mut after, |_, value| *value = 1);
            assert_eq!(after, [1; 6]);
        }
    }
}
