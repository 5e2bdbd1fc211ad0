//! A case for each change that nothing noticed: the rule's own cases, varied until the change makes a difference.

use super::{Bench, Mutant, bare};
use crate::author::draft::{Draft, Edit};
use crate::author::vary::Varier;
use crate::pack::Rule;
use crate::review::Outcome;

/// How many variations of one case are tried, and how many pairs of them.
const SINGLE: usize = 700;
const PAIRS: usize = 400;

/// A case for each of some changes of rules, as TOML; `None` where none was found.
pub(super) fn cases(
    bench: &Bench<'_, '_>,
    rules: &[usize],
    mutants: &[Mutant],
) -> Vec<Option<String>> {
    let mut found = vec![None; mutants.len()];
    for &at in rules {
        if let Some(rule) = bench.pack.rules.get(at) {
            Search::new(bench, at, rule, mutants).run(&mut found);
        }
    }
    found
}

struct Search<'a, 'p> {
    bench: &'a Bench<'a, 'p>,
    at: usize,
    rule: &'p Rule,
    mutants: &'a [Mutant],
    changed: Vec<Rule>,
    bare: Rule,
    varier: Varier<'a, 'p>,
}

impl<'a, 'p> Search<'a, 'p> {
    fn new(bench: &'a Bench<'a, 'p>, at: usize, rule: &'p Rule, mutants: &'a [Mutant]) -> Self {
        let bare = bare(rule);
        Search {
            changed: mutants
                .iter()
                .map(|m| m.made.applied(&bare, bench.pack))
                .collect(),
            varier: Varier::new(bench.pack, bench.years(), rule),
            bench,
            at,
            rule,
            mutants,
            bare,
        }
    }

    fn run(&self, found: &mut [Option<String>]) {
        if found.iter().all(Option::is_some) {
            return;
        }
        let cases = self.bench.prepared.get(self.at).into_iter().flatten();
        let drafts: Vec<Draft<'p>> = cases.map(Draft::of).collect();
        let edits: Vec<Vec<Edit>> = drafts.iter().map(|d| self.varier.edits(d)).collect();
        for (draft, edits) in drafts.iter().zip(&edits) {
            let wrong = draft.read(self.bench.years()).wrong;
            for edit in edits.iter().take(SINGLE) {
                if let Some(draft) = draft.with(edit, self.bench.pack) {
                    self.try_one(&draft, wrong, found);
                }
            }
        }
        for (draft, edits) in drafts.iter().zip(&edits) {
            self.pairs(draft, edits, found);
        }
    }

    /// Two variations at once, taken from all over the list.
    fn pairs(&self, draft: &Draft<'p>, edits: &[Edit], found: &mut [Option<String>]) {
        let mut state: u64 = 88_172_645_463_325_252;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % u64::try_from(below.max(1)).unwrap_or(1)).unwrap_or(0)
        };
        let wrong = draft.read(self.bench.years()).wrong;
        for _ in 0..PAIRS {
            if found.iter().all(Option::is_some) {
                return;
            }
            let (one, two) = (edits.get(next(edits.len())), edits.get(next(edits.len())));
            let Some((one, two)) = one.zip(two) else {
                return;
            };
            let draft = draft.with(one, self.bench.pack);
            if let Some(draft) = draft.and_then(|d| d.with(two, self.bench.pack)) {
                self.try_one(&draft, wrong, found);
            }
        }
    }

    /// Keeps a draft for every change that makes a difference to it, unless one is kept already.
    fn try_one(&self, draft: &Draft<'p>, wrong: usize, found: &mut [Option<String>]) {
        if found.iter().all(Option::is_some) {
            return;
        }
        let tried = draft.read(self.bench.years());
        if tried.wrong > wrong {
            return;
        }
        let outcome = tried.outcome(self.rule);
        let year = tried.in_force.year;
        for ((slot, mutant), changed) in found.iter_mut().zip(self.mutants).zip(&self.changed) {
            let set = |at: usize| draft.case.params.iter().any(|(p, _)| *p == at);
            let is_set = matches!(mutant.made, super::Made::Param(at, ..) if set(at));
            if slot.is_some() || is_set || !mutant.made.concerns(year, &self.bare) {
                continue;
            }
            if tried.outcome(changed) != outcome {
                *slot = Some(self.written(draft, mutant, outcome));
            }
        }
    }

    fn written(&self, draft: &Draft<'_>, mutant: &Mutant, outcome: Option<Outcome>) -> String {
        let name = format!("{}, not {}", mutant.old, mutant.new);
        draft.toml(&name, self.bench.pack, outcome, mutant.is_edge)
    }
}
