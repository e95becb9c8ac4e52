//! The rounds: every subject takes its turn in each, in an order drawn anew.

use std::prelude::rust_2024::*;
use std::time::Instant;
use std::vec;

use super::contention::{waited_ns, waited_since_ns};
use super::samples::Samples;
use crate::rng::Rng;

/// What is timed: a name, and a closure that does the work once.
///
/// The closure receives the index of the call, which only ever grows, so that the inputs can rotate:
/// `|call| engine.run(inputs.row(call % examples), ..)`. Over fewer than about a thousand examples a branch
/// predictor learns them by heart. The compiler may drop work whose result nobody reads: pass the output
/// through [`std::hint::black_box`] in the closure; and the input too, if the compiler can see that it is
/// always the same.
pub struct Subject<'a> {
    pub(super) name: String,
    /// Of each copy, nanoseconds for so many calls, from a first index on.
    copies: Vec<Timed<'a>>,
}

type Timed<'a> = Box<dyn FnMut(usize, usize) -> f64 + 'a>;

impl<'a> Subject<'a> {
    /// A subject of that name, whose work is `call`.
    pub fn new(name: impl Into<String>, call: impl FnMut(usize) + 'a) -> Self {
        Self::copies(name, [call])
    }

    /// A subject of that name, whose work exists more than once, in other places of memory: each visit draws one of `calls`, so
    /// that the luck of a place is spread over the samples.
    ///
    /// # Panics
    /// If there is none.
    pub fn copies<F: FnMut(usize) + 'a>(name: impl Into<String>, calls: impl IntoIterator<Item = F>) -> Self {
        let timed = |mut call: F| -> Timed<'a> {
            // The loop is inside the box: one indirect call a sample, none a call.
            Box::new(move |first, calls| {
                let (around, waited, start) = (Instant::now(), waited_ns(), Instant::now());
                for index in first..first + calls {
                    call(index);
                }
                let elapsed = start.elapsed().as_nanos() as f64;
                let waited = waited_since_ns(waited);
                without_wait(elapsed, around.elapsed().as_nanos() as f64, waited)
            })
        };
        let copies: Vec<Timed<'a>> = calls.into_iter().map(timed).collect();
        assert!(!copies.is_empty(), "at least one copy of the work");
        Self { name: name.into(), copies }
    }

    /// A subject of that name that reads the clock itself, because its work is done elsewhere (in another process, on a
    /// device) and the way there is no part of it: `time(first, calls)` does the calls `first..first + calls` and gives the
    /// nanoseconds they took together.
    ///
    /// They are taken as they are: that the calling thread may have waited for a core says nothing about them.
    pub fn self_timed(name: impl Into<String>, time: impl FnMut(usize, usize) -> f64 + 'a) -> Self {
        Self { name: name.into(), copies: vec![Box::new(time)] }
    }

    /// Nanoseconds per call over `calls` calls, after one that is not timed: the subject before has evicted
    /// this one's weights. `first` is the index of the untimed call; `rng` draws the copy.
    pub(super) fn visit(&mut self, first: usize, calls: usize, rng: &mut Rng) -> f64 {
        let copy = rng.below(self.copies.len());
        let time = &mut self.copies[copy];
        time(first, 1);
        // A coarse clock may not have moved; a ratio needs more than nothing.
        time(first + 1, calls).max(1.0) / calls as f64
    }
}

/// The time of calls that took `elapsed`, without what the thread waited for a core meanwhile: that is not its work.
///
/// The wait is read before and after, `around` in all. As much of it as fits into that margin may have been there, and is not
/// taken off: a call that waited just before it began would otherwise seem to take no time, and the fastest sample is what paces
/// and choices go by.
fn without_wait(elapsed: f64, around: f64, waited: f64) -> f64 {
    elapsed - (waited - (around - elapsed)).max(0.0)
}

/// How long and in which order to measure.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rounds, and so samples of each subject; at least 1.
    pub rounds: usize,
    /// How long one sample should last, in nanoseconds. A call that is shorter is repeated back to back; one
    /// that is longer is a sample by itself. Short enough to fit between two interruptions, long enough that
    /// the clock ([`clock_overhead_ns`](super::clock_overhead_ns)) does not count.
    pub target_sample_ns: u64,
    /// Nanoseconds that all rounds together should take at most: where calls are long, there are fewer rounds
    /// than asked for, but no fewer than 15. Decided before the first round, never while the results come in.
    pub budget_ns: u64,
    /// Decides the orders, and the resamples of the bootstrap.
    pub seed: u64,
}

/// Below this many rounds, 95 % intervals of a median are not worth the name.
const ROUNDS_MIN: usize = 15;

impl Default for Plan {
    /// 100 rounds of 0.2 ms a subject, whatever they take.
    fn default() -> Self {
        Self { rounds: 100, target_sample_ns: 200_000, budget_ns: u64::MAX, seed: 0 }
    }
}

impl Plan {
    /// Rounds that fit the budget, if one takes `round_ns`.
    fn affordable_rounds(&self, round_ns: f64) -> usize {
        let affordable = (self.budget_ns as f64 / round_ns) as usize;
        self.rounds.min(affordable.max(ROUNDS_MIN)).max(1)
    }
}

/// Times the subjects, interleaved: in each round every subject is visited once, in shuffled order, and each
/// visit gives one sample. `progress` is told the rounds done, and of how many.
///
/// A visit is one untimed call and then as many timed ones as were found, in a warm-up, to last
/// `plan.target_sample_ns`. The index passed to a subject starts at 0 in the warm-up and again in the first
/// round, so that subjects of equal calls per sample see the same inputs in the same round.
pub fn measure(subjects: &mut [Subject<'_>], plan: &Plan, progress: &mut dyn FnMut(usize, usize)) -> Samples {
    let mut rng = Rng::new(plan.seed);
    let mut paces = Vec::with_capacity(subjects.len());
    paces.extend(subjects.iter_mut().map(|subject| warm_up(subject, plan.target_sample_ns, &mut rng)));
    let round_ns = paces.iter().map(Pace::visit_ns).sum();
    let rounds = plan.affordable_rounds(round_ns);

    let mut order: Vec<usize> = (0..subjects.len()).collect();
    let mut ns: Vec<Vec<f64>> = order.iter().map(|_| Vec::with_capacity(rounds)).collect();
    let (start, waited) = (Instant::now(), waited_ns());
    for round in 0..rounds {
        rng.shuffle(&mut order);
        for &subject in &order {
            let calls = paces[subject].calls;
            ns[subject].push(subjects[subject].visit(round * (calls + 1), calls, &mut rng));
        }
        progress(round + 1, rounds);
    }
    let names = subjects.iter().map(|subject| subject.name.clone()).collect();
    let waiting_share = waited.map(|_| waited_since_ns(waited) / start.elapsed().as_nanos().max(1) as f64);
    Samples::new(names, ns, plan.seed).waited(waiting_share)
}

/// How often a subject is to be called for a sample of the wanted length.
pub(super) struct Pace {
    /// Calls in a sample.
    pub(super) calls: usize,
    /// The least time per call seen so far, nanoseconds.
    pub(super) fastest_ns: f64,
    target_ns: f64,
}

impl Pace {
    pub(super) fn new(target_ns: u64) -> Self {
        Self { calls: 1, fastest_ns: f64::INFINITY, target_ns: target_ns.max(1) as f64 }
    }

    /// Takes note of a sample; says whether its calls were enough. Only the fastest sample counts: one that
    /// was disturbed says nothing about how long a call takes.
    pub(super) fn note(&mut self, ns: f64) -> bool {
        self.fastest_ns = self.fastest_ns.min(ns);
        // Nothing takes less than 1 ns; believing it would mean endless calls of an empty closure.
        let wanted = (self.target_ns / self.fastest_ns.max(1.0)).ceil() as usize;
        let enough = wanted <= self.calls;
        // The first calls are cold, and short ones are mostly clock: no leaps on their word.
        self.calls = wanted.clamp(self.calls, 8 * self.calls);
        enough
    }

    /// A visit, its untimed call included.
    fn visit_ns(&self) -> f64 {
        (self.calls + 1) as f64 * self.fastest_ns
    }
}

/// Runs a subject until three samples agree that their calls are enough: one alone may have been disturbed.
fn warm_up(subject: &mut Subject<'_>, target_ns: u64, rng: &mut Rng) -> Pace {
    let mut pace = Pace::new(target_ns);
    let (mut first, mut agreed) = (0, 0);
    while agreed < 3 {
        let calls = pace.calls;
        agreed += usize::from(pace.note(subject.visit(first, calls, rng)));
        first += calls + 1;
    }
    pace
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Feeds a pace with calls of always the same length until it is satisfied.
    fn settled(target_ns: u64, call_ns: f64) -> usize {
        let mut pace = Pace::new(target_ns);
        while !pace.note(call_ns) {}
        pace.calls
    }

    #[test]
    fn a_sample_has_the_calls_that_fill_it() {
        assert_eq!(settled(1_000, 100.0), 10);
        assert_eq!(settled(1_000, 300.0), 4, "rounded up: a sample is no shorter than asked for");
        assert_eq!(settled(1_000, 5_000.0), 1, "a long call is a sample by itself");
        assert_eq!(settled(0, 100.0), 1);
        assert_eq!(settled(1_000, 0.001), 1_000, "an empty closure is not called for ever");
    }

    #[test]
    fn a_disturbed_sample_does_not_settle_the_pace() {
        let mut pace = Pace::new(1_000);
        assert!(pace.note(1e6), "one sample alone cannot know that it was disturbed");
        assert!(!pace.note(100.0));
        assert_eq!(pace.calls, 8, "grows by steps: the first calls are cold");
        assert!(!pace.note(100.0));
        assert_eq!(pace.calls, 10);
        assert!(pace.note(1e6), "a slow sample does not shrink it again");
        assert_eq!((pace.calls, pace.fastest_ns), (10, 100.0));
    }

    #[test]
    fn a_budget_lessens_the_rounds_but_not_below_sense() {
        let plan = Plan { rounds: 100, budget_ns: 1_000, ..Plan::default() };
        assert_eq!(plan.affordable_rounds(1.0), 100);
        assert_eq!(plan.affordable_rounds(20.0), 50);
        assert_eq!(plan.affordable_rounds(1e9), ROUNDS_MIN);
        assert_eq!(Plan { rounds: 5, ..plan }.affordable_rounds(1e9), 5);
        assert_eq!(Plan::default().affordable_rounds(1e12), 100, "no budget unless one is set");
    }

    #[test]
    fn the_first_call_of_a_visit_is_not_in_the_sample_and_a_clock_of_its_own_is_believed() {
        // The untimed call takes an hour, the timed ones a second each.
        let seen = RefCell::new(Vec::new());
        let time = |first, calls| {
            seen.borrow_mut().push((first, calls));
            if first == 10 { 3600e9 } else { calls as f64 * 1e9 }
        };
        let mut subject = Subject::self_timed("", time);
        assert_eq!(
            subject.visit(10, 5, &mut Rng::new(0)),
            1e9,
            "all of it, whatever this thread waited for a core"
        );
        drop(subject);
        assert_eq!(seen.into_inner(), [(10, 1), (11, 5)]);
    }

    #[test]
    fn a_visit_stays_with_one_copy_and_visits_meet_all() {
        let seen = RefCell::new(Vec::new());
        let call = |copy| {
            let seen = &seen;
            move |_| seen.borrow_mut().push(copy)
        };
        let mut subject = Subject::copies("", (0..3).map(call));
        let mut rng = Rng::new(1);
        for visit in 0..60 {
            subject.visit(visit * 5, 4, &mut rng);
        }
        drop(subject);
        let seen = seen.into_inner();
        assert!(seen.chunks(5).all(|visit| visit.iter().all(|copy| *copy == visit[0])), "{seen:?}");
        for copy in 0..3 {
            let visits = seen.chunks(5).filter(|visit| visit[0] == copy).count();
            assert!((10..=30).contains(&visits), "{visits} of 60 visits to copy {copy}");
        }
    }

    #[test]
    fn only_a_wait_that_was_within_the_calls_is_taken_off() {
        assert_eq!(without_wait(100.0, 110.0, 0.0), 100.0);
        assert_eq!(without_wait(500.0, 510.0, 410.0), 100.0, "waited within, but for the margin");
        assert_eq!(without_wait(100.0, 4_000.0, 3_800.0), 100.0, "waited before or after");
    }

    #[test]
    fn a_clock_that_did_not_move_still_gives_a_ratio() {
        assert_eq!(Subject::self_timed("", |_, _| 0.0).visit(0, 4, &mut Rng::new(0)), 0.25);
    }
}
