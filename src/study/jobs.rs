//! Independent jobs, dealt out to threads.

use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::vec::Vec;
use std::{iter, thread};

/// Calls `work` for every job on up to `threads` threads, the ones of the highest `cost` first, so that no long one is left over
/// when the others are done. `on_done` hears of each that is done, by its number, in the order in which they are and on the
/// caller's thread. The results are in the order of the jobs, and the same for any number of threads, if `work` is a function of
/// its job alone.
///
/// Before each job `goes_on` is asked; once it denies, no other job is begun, and the result of those that were not is `None`.
/// A `work` that takes long may ask, too.
///
/// ```
/// use prunella::study::jobs;
/// use std::num::NonZeroUsize;
///
/// let mut done = 0;
/// let threads = NonZeroUsize::new(2).unwrap();
/// let squares = jobs::run(&[1, 2, 3], threads, |n| f64::from(*n), || true, |n| n * n, &mut |_, _| done += 1);
/// assert_eq!((squares, done), (vec![Some(1), Some(4), Some(9)], 3));
/// ```
///
/// # Panics
/// If `work` does, or the system starts no more threads. One thread is the caller's, so that needs none.
pub fn run<J: Sync, R: Send>(
    jobs: &[J],
    threads: NonZeroUsize,
    cost: impl Fn(&J) -> f64,
    goes_on: impl Fn() -> bool + Sync,
    work: impl Fn(&J) -> R + Sync,
    on_done: &mut dyn FnMut(usize, &R),
) -> Vec<Option<R>> {
    let costs: Vec<f64> = jobs.iter().map(cost).collect();
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by(|a, b| costs[*b].total_cmp(&costs[*a]));
    let begun = AtomicUsize::new(0);
    let next = || {
        let index = || order.get(begun.fetch_add(1, Ordering::Relaxed)).copied();
        goes_on().then(index).flatten().map(|index| (index, work(&jobs[index])))
    };
    let mut results: Vec<Option<R>> = iter::repeat_with(|| None).take(jobs.len()).collect();
    let mut note = |(index, result): (usize, R)| {
        on_done(index, &result);
        results[index] = Some(result);
    };
    let threads = threads.get().min(jobs.len());
    if threads < 2 {
        iter::from_fn(next).for_each(note);
        return results;
    }
    thread::scope(|scope| {
        let (sender, done) = mpsc::channel();
        for _ in 0..threads {
            let (sender, next) = (sender.clone(), &next);
            // Nobody listens any more only if `on_done` has panicked.
            scope.spawn(move || iter::from_fn(next).all(|result| sender.send(result).is_ok()));
        }
        drop(sender);
        done.iter().for_each(&mut note);
    });
    results
}

#[cfg(test)]
mod tests {
    use super::run;
    use core::num::NonZeroUsize;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Condvar, Mutex};
    use std::thread::{self, ThreadId};
    use std::time::Duration;
    use std::{vec, vec::Vec};

    fn threads(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn every_job_is_done_once_and_results_keep_their_order() {
        for count in [1, 2, 3, 16] {
            for len in [0, 1, 2, 7, 40] {
                let jobs: Vec<usize> = (0..len).collect();
                let calls = AtomicUsize::new(0);
                let mut heard = vec![0; len];
                let work = |job: &usize| {
                    calls.fetch_add(1, Ordering::Relaxed);
                    10 * job
                };
                let mut on_done = |index: usize, result: &usize| {
                    assert_eq!(*result, 10 * index);
                    heard[index] += 1;
                };
                let results = run(&jobs, threads(count), |_| 1.0, || true, work, &mut on_done);
                assert_eq!(results, (0..len).map(|job| Some(10 * job)).collect::<Vec<_>>());
                assert_eq!((calls.load(Ordering::Relaxed), heard), (len, vec![1; len]), "{count} threads");
            }
        }
    }

    #[test]
    fn the_costly_ones_are_begun_first() {
        let begun = Mutex::new(Vec::new());
        let costs = [2.0, 5.0, 1.0, 5.0];
        run(&costs, threads(1), |c| *c, || true, |c| begun.lock().unwrap().push(*c), &mut |_, ()| {});
        assert_eq!(begun.into_inner().unwrap(), [5.0, 5.0, 2.0, 1.0]);
    }

    #[test]
    fn once_denied_no_job_is_begun_and_those_under_way_are_finished() {
        for count in [1, 2] {
            let begun = AtomicUsize::new(0);
            let work = |job: &usize| {
                begun.fetch_add(1, Ordering::SeqCst);
                *job
            };
            let jobs: Vec<usize> = (0..50).collect();
            let goes_on = || begun.load(Ordering::SeqCst) < 5;
            let mut heard = 0;
            let results = run(&jobs, threads(count), |_| 1.0, goes_on, work, &mut |_, _| heard += 1);
            let done = results.iter().flatten().count();
            assert_eq!((done, heard), (begun.into_inner(), done));
            // A second thread may have asked before the fifth had begun.
            assert!((5..5 + count).contains(&done), "{done} jobs on {count} threads");
        }
    }

    #[test]
    fn as_many_are_under_way_as_there_are_threads() {
        for count in [1, 2, 4] {
            let (here, changed) = (Mutex::new(Vec::new()), Condvar::new());
            // Whether so many threads meet. A deadline ends the wait for one that does not come: far beyond what a busy machine
            // lets a thread wait for a core.
            let meet = |wanted: usize, deadline: Duration| {
                let mut threads = here.lock().unwrap();
                if !threads.contains(&thread::current().id()) {
                    threads.push(thread::current().id());
                    changed.notify_all();
                }
                let too_few = |threads: &mut Vec<ThreadId>| threads.len() < wanted;
                !changed.wait_timeout_while(threads, deadline, too_few).unwrap().1.timed_out()
            };
            let work = |_: &usize| {
                assert!(meet(count, Duration::from_secs(600)), "{count} threads do not work at once");
                // One too many would come now.
                meet(count + 1, Duration::from_millis(20))
            };
            let jobs: Vec<usize> = (0..2 * count).collect();
            let more = run(&jobs, threads(count), |_| 1.0, || true, work, &mut |_, _| {});
            assert_eq!(more, vec![Some(false); 2 * count], "more than {count} threads work");
        }
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        for count in [1, 3] {
            let work = |job: &usize| assert!(*job != 4, "job 4 fails");
            let call = || run(&[1, 2, 3, 4, 5], threads(count), |_| 1.0, || true, work, &mut |_, ()| {});
            assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
        }
    }
}
