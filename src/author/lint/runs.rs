//! What rules said of cases and goldens: those that never apply, and those that never fail alone.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::Looker;
use crate::author::prepared::{self, Prepared};
use crate::diagnostic::{Lint, Mistake};
use crate::evaluate::Evaluator;
use crate::pack::{Expected, Pack, Rule};
use crate::review::{Outcome, Review};

/// In how many submissions two rules must have failed together. A case alone shows nothing: it is a fragment of a plan, of
/// which many rules find their tables absent.
const ENOUGH: usize = 3;

/// What the rules of a pack said of submissions.
#[derive(Debug, Default)]
pub struct Runs {
    submissions: usize,
    applied: BTreeSet<String>,
    failed: BTreeMap<String, Failed>,
}

/// The submissions and subjects for which a rule failed.
type Failed = BTreeSet<(usize, Option<String>)>;

impl Runs {
    /// What the cases of the rules say by themselves: of which rules they have something to judge.
    pub fn of_cases(pack: &Pack) -> Self {
        let applies = |rule: &&Rule| {
            let mut cases = rule.cases.iter();
            cases.any(|case| case.expect != Expected::NotApplicable)
        };
        let applied = pack.rules.iter().filter(applies).map(|r| r.id.clone());
        Runs {
            applied: applied.collect(),
            ..Runs::default()
        }
    }

    /// Adds what all rules say of goldens, and of the cases in which some rule is to fail.
    pub fn add_goldens(&mut self, pack: &Pack, goldens: &[Review]) {
        let mut cases = prepared::all(pack);
        cases.retain(|one| one.case.expect == Expected::Fail);
        let review = |one: &Prepared<'_>| Evaluator::new(&one.in_force).review(&one.submission);
        let reviews: Vec<Review> = cases.par_iter().map(review).collect();
        goldens.iter().chain(&reviews).for_each(|r| self.add(r));
    }

    /// Whether anything but the cases' own word is known.
    pub(super) fn has_goldens(&self) -> bool {
        self.submissions > 0
    }

    fn add(&mut self, review: &Review) {
        for rule in &review.rules {
            let tally = rule.tally;
            if tally.subjects() > tally.not_applicable {
                self.applied.insert(rule.rule.to_string());
            }
        }
        let failed = review.findings.iter();
        for finding in failed.filter(|f| f.outcome == Outcome::Fail) {
            let subject = (self.submissions, finding.subject.clone());
            let of_rule = self.failed.entry(finding.rule.clone()).or_default();
            of_rule.insert(subject);
        }
        self.submissions += 1;
    }

    pub(super) fn look(&self, of: Looker<'_>) -> Vec<Mistake> {
        let rules = &of.pack.rules;
        let idle = rules.iter().filter(|r| !self.applied.contains(&r.id));
        let mut found: Vec<Mistake> = idle.map(|rule| never_applies(of, rule)).collect();
        for (at, rule) in rules.iter().enumerate() {
            let others = rules.iter().skip(at + 1);
            let twins = others.filter(|other| self.fail_together(rule, other));
            found.extend(twins.map(|other| self.together(of, rule, other)));
        }
        found
    }

    fn fail_together(&self, one: &Rule, other: &Rule) -> bool {
        let (one, other) = (self.failed.get(&one.id), self.failed.get(&other.id));
        one.is_some_and(|failed| other == Some(failed) && submissions(failed) >= ENOUGH)
    }

    fn together(&self, of: Looker<'_>, one: &Rule, other: &Rule) -> Mistake {
        let times = self.failed.get(&one.id).map_or(0, submissions);
        let message = format!(
            "`{}` and `{}` always fail together: in {times} submissions, and never one alone",
            one.id, other.id
        );
        let help = "keep one, or add a case in which one of them passes and the other fails";
        let span = of.places.value(&one.file, &["title"]);
        of.of_rule(Lint::FailTogether, (one, span), message, help)
    }
}

fn submissions(failed: &Failed) -> usize {
    let numbers: BTreeSet<usize> = failed.iter().map(|(number, _)| *number).collect();
    numbers.len()
}

fn never_applies(of: Looker<'_>, rule: &Rule) -> Mistake {
    let message = format!("`{}` applies to no case and no golden", rule.id);
    let help = "add a case in which it has something to judge";
    let span = of.places.value(&rule.file, &["title"]);
    of.of_rule(Lint::NeverApplies, (rule, span), message, help)
}
