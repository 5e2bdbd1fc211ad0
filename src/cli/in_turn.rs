//! Work on all cores of which the results are taken in order, and few wait for their turn.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The results whose turn has not come.
struct Turns<T, F> {
    next: usize,
    waiting: BTreeMap<usize, Vec<T>>,
    take: F,
    failed: Option<io::Error>,
}

impl<T, F: FnMut(T) -> io::Result<()>> Turns<T, F> {
    /// Takes the results of a work, and whatever waited for them alone.
    fn give(&mut self, at: usize, made: Vec<T>) {
        self.waiting.insert(at, made);
        while let Some(made) = self.waiting.remove(&self.next) {
            self.next += 1;
            if self.failed.is_none() {
                self.failed = made.into_iter().try_for_each(&mut self.take).err();
            }
        }
    }
}

/// Gives `take` all that `made` makes of each work, in the order of the works, of which none is begun farther `ahead` of the one
/// that is taken next. Fails where `take` does, and then begins no other work. Panics where `made` does.
pub(super) fn each_in_turn<S: Sync, T: Send>(
    works: &[S],
    ahead: usize,
    made: impl Fn(&S) -> Vec<T> + Sync,
    take: impl FnMut(T) -> io::Result<()> + Send,
) -> io::Result<()> {
    let (begun, moved) = (AtomicUsize::new(0), Condvar::new());
    let turns = Mutex::new(Turns {
        next: 0,
        waiting: BTreeMap::new(),
        take,
        failed: None,
    });
    let lock = || turns.lock().unwrap_or_else(PoisonError::into_inner);
    let is_too_early = |at: usize| {
        move |turns: &mut Turns<T, _>| turns.failed.is_none() && at > turns.next + ahead
    };
    rayon::broadcast(|_| {
        loop {
            let at = begun.fetch_add(1, Ordering::Relaxed);
            let Some(work) = works.get(at) else {
                return;
            };
            let turns: MutexGuard<'_, _> = moved
                .wait_while(lock(), is_too_early(at))
                .unwrap_or_else(PoisonError::into_inner);
            if turns.failed.is_some() {
                return;
            }
            drop(turns);
            match catch_unwind(AssertUnwindSafe(|| made(work))) {
                Ok(made) => lock().give(at, made),
                Err(panic) => {
                    // Nobody waits for a turn that never comes.
                    lock().failed = Some(io::Error::other("a worker panicked"));
                    moved.notify_all();
                    resume_unwind(panic);
                }
            }
            moved.notify_all();
        }
    });
    let turns = turns.into_inner().unwrap_or_else(PoisonError::into_inner);
    turns.failed.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes numbers in turn until one is reached; a few works take much longer than the others.
    fn taken(until: usize) -> (Vec<usize>, io::Result<()>) {
        let works: Vec<usize> = (0..200).collect();
        let made = |work: &usize| {
            if work.is_multiple_of(70) {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            vec![2 * work, 2 * work + 1]
        };
        let mut taken = Vec::new();
        let result = each_in_turn(&works, 32, made, |n| {
            taken.push(n);
            if n == until {
                return Err(io::Error::other("full"));
            }
            Ok(())
        });
        (taken, result)
    }

    #[test]
    fn all_are_taken_in_order() {
        let (taken, result) = taken(usize::MAX);
        assert!(result.is_ok());
        assert_eq!(taken, (0..400).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_taken_behind_a_failure() {
        let (taken, result) = taken(141);
        assert_eq!(result.unwrap_err().to_string(), "full");
        assert_eq!(taken, (0..=141).collect::<Vec<_>>());
    }

    #[test]
    #[should_panic(expected = "the third")]
    fn nobody_waits_behind_a_panic() {
        let works: Vec<usize> = (0..200).collect();
        let made = |work: &usize| {
            assert_ne!(*work, 3, "the third");
            vec![*work]
        };
        let _ = each_in_turn(&works, 32, made, |_| Ok(()));
    }
}
