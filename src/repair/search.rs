//! The search for amounts: solved from what the rules ask, judged again by all of them, and cut off where that shows more.

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluate::Evaluator;
use crate::hash::Map;
use crate::pack::InForce;
use crate::review::{Judged, Outcome, Review};
use crate::submission::Submission;
use crate::value::Decimal;

use super::cells::Cells;
use super::conflict::{self, Conflict};
use super::form::{Sum, Var, no_wider, without_slack};
use super::model::{Ask, Model, Subject};
use super::solve::{Effort, Stuck, Task};
use super::{Change, Way, wish};

/// How many times a changed plan is judged again before the search is given up.
const ROUNDS: usize = 12;

/// In how many ways one finding, and all of them together, are tried to be cured.
const WAYS: usize = 4;
const TOGETHER: usize = 12;

/// Rules that read an amount, in one submission.
pub(super) struct Search<'a> {
    pub(super) in_force: &'a InForce<'a>,
    submission: &'a Submission,
    pub(super) cells: &'a Cells,
    outcomes: Map<Subject, Outcome>,
    /// What passes, and what keeps it so; by rule.
    pub(super) kept: BTreeMap<usize, Vec<Kept>>,
    /// The same, where what agrees within a tolerance is not to differ by more than it does.
    tight: BTreeMap<usize, Vec<Kept>>,
}

/// What keeps a rule from becoming worse for a subject.
pub(super) struct Kept {
    pub(super) subject: Subject,
    pub(super) rows: Vec<Sum>,
    /// It could be kept in another way too.
    pub(super) has_choice: bool,
}

/// What a search came to.
pub(super) struct Found {
    pub(super) cured: Vec<(usize, Subject, Vec<Sum>)>,
    pub(super) amounts: Vec<Decimal>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) not_found: Vec<usize>,
}

/// Amounts, and the sums that led to them.
struct Solved {
    amounts: Vec<Decimal>,
    wanted: Vec<Vec<Sum>>,
}

/// The subject of each finding of a review that noted its subjects.
pub(super) fn subjects(review: &Review) -> Vec<Option<Subject>> {
    let mut open: Map<&str, Vec<(Option<u32>, Subject)>> = Map::default();
    for (rule, tally) in review.rules.iter().enumerate() {
        let bad = tally.subjects.iter();
        let bad = bad.filter(|s| matches!(s.outcome, Outcome::Fail | Outcome::Unknown));
        let mut bad: Vec<_> = bad.map(|s| (s.row, (rule, s.line))).collect();
        // As the findings are sorted.
        bad.sort_by_key(|(row, _)| *row);
        bad.reverse();
        open.insert(&tally.rule, bad);
    }
    let taken = review.findings.iter().map(|finding| {
        let of_rule = open.get_mut(finding.rule.as_str())?;
        let at = of_rule.iter().rposition(|(row, _)| *row == finding.row)?;
        Some(of_rule.remove(at).1)
    });
    taken.collect()
}

fn outcomes(review: &Review) -> Map<Subject, Outcome> {
    let rules = review.rules.iter().enumerate();
    let all = rules.flat_map(|(rule, tally)| {
        let subjects = tally.subjects.iter();
        subjects.map(move |s| ((rule, s.line), s.outcome))
    });
    all.collect()
}

fn badness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Pass | Outcome::NotApplicable => 0,
        Outcome::Unknown => 1,
        Outcome::Fail => 2,
    }
}

impl<'a> Search<'a> {
    pub(super) fn new(
        in_force: &'a InForce<'a>,
        submission: &'a Submission,
        cells: &'a Cells,
        model: &'a Model,
        before: &Review,
    ) -> Self {
        let outcomes = outcomes(before);
        let mut kept: BTreeMap<usize, Vec<Kept>> = BTreeMap::new();
        let mut tight: BTreeMap<usize, Vec<Kept>> = BTreeMap::new();
        for ask in &model.asks {
            let is_good = outcomes.get(&ask.subject).is_none_or(|o| badness(*o) == 0);
            if let Some(rows) = ask
                .keep
                .way_at(&cells.held)
                .filter(|rows| is_good && !rows.is_empty())
            {
                let has_choice = ask.keep.ways(2).len() > 1;
                let one = |rows| Kept {
                    subject: ask.subject,
                    rows,
                    has_choice,
                };
                let no_wider = no_wider(rows.clone(), &cells.held);
                tight.entry(ask.subject.0).or_default().push(one(no_wider));
                kept.entry(ask.subject.0).or_default().push(one(rows));
            }
        }
        Search {
            in_force,
            submission,
            cells,
            outcomes,
            kept,
            tight,
        }
    }

    /// Whether a change of amounts may cure a rule's finding at all.
    pub(super) fn can_cure(&self, ask: &Ask) -> bool {
        let rule = self.in_force.rules.get(ask.subject.0);
        let ways = ask.cure.ways(WAYS);
        rule.is_some_and(|current| current.rule.repairable)
            && !ways.is_empty()
            && !ways.iter().any(Vec::is_empty)
    }

    /// The submission with these amounts, and what the rules say of it.
    pub(super) fn changed(&self, amounts: &[Decimal]) -> (Submission, Review) {
        let changed = self.cells.apply(self.submission, amounts);
        let review = Evaluator::new(self.in_force)
            .noting_subjects()
            .review(&changed);
        (changed, review)
    }

    /// All findings together; where that cannot be, as many as can, one after the other.
    pub(super) fn all(&mut self, sought: &[(usize, &Ask)], effort: &mut Effort) -> Found {
        let mut found = Found {
            cured: Vec::new(),
            amounts: self.cells.held.clone(),
            conflicts: Vec::new(),
            not_found: Vec::new(),
        };
        let asks: Vec<&Ask> = sought.iter().map(|(_, ask)| *ask).collect();
        if asks.is_empty() {
            return found;
        }
        if let Ok(solved) = self.together(&asks, effort) {
            found.take(sought, self.exactly(&asks, solved));
            return found;
        }
        let mut taken: Vec<(usize, &Ask)> = Vec::new();
        let mut last: Option<Solved> = None;
        for one in sought {
            let mut tried = taken.clone();
            tried.push(*one);
            let asks: Vec<&Ask> = tried.iter().map(|(_, ask)| *ask).collect();
            match self.together(&asks, effort) {
                Ok(solved) => (last, taken) = (Some(solved), tried),
                Err(Stuck::NotFound) => found.not_found.push(one.0),
                Err(Stuck::Impossible) => match conflict::smallest(self, &asks, effort) {
                    Some(against) => found.conflicts.push(Conflict {
                        finding: one.0,
                        against,
                    }),
                    None => found.not_found.push(one.0),
                },
            }
        }
        if let Some(solved) = last {
            let asks: Vec<&Ask> = taken.iter().map(|(_, ask)| *ask).collect();
            found.take(&taken, self.exactly(&asks, solved));
        }
        found
    }

    /// A change carried on from the edge of a tolerance to where figures agree, as far as nothing becomes worse and it moves no
    /// more than the tolerance on top: for all that is asked, or else for one after the other.
    fn exactly(&self, asks: &[&Ask], least: Solved) -> Solved {
        let has_slack = |rows: &[Sum]| rows.iter().any(|row| !row.slack.is_zero());
        let slack = least.wanted.iter().map(|rows| has_slack(rows));
        let all: Vec<bool> = slack.collect();
        let mut effort = Effort::quick();
        if !all.contains(&true) {
            return least;
        }
        if let Some(found) = self.without_slack(asks, &least, &all, &mut effort) {
            return found;
        }
        let (mut taken, mut best) = (vec![false; all.len()], None);
        for at in (0..all.len()).filter(|at| all.len() > 1 && all.get(*at) == Some(&true)) {
            let mut tried = taken.clone();
            tried.get_mut(at).into_iter().for_each(|one| *one = true);
            if let Some(found) = self.without_slack(asks, &least, &tried, &mut effort) {
                (taken, best) = (tried, Some(found));
            }
        }
        best.unwrap_or(least)
    }

    /// The least change with which some of what is asked holds without its tolerance.
    fn without_slack(
        &self,
        asks: &[&Ask],
        least: &Solved,
        which: &[bool],
        effort: &mut Effort,
    ) -> Option<Solved> {
        [false, true].into_iter().find_map(|with_cents| {
            let mut room = Decimal::ZERO;
            let wanted = least.wanted.iter().zip(which).map(|(rows, is_meant)| {
                if !is_meant {
                    return rows.clone();
                }
                let (rows, taken) = without_slack(rows, with_cents);
                room += taken;
                rows
            });
            let wanted = wanted.collect();
            let found = self.one_choice(asks, wanted, effort).ok()?;
            let is_near = self.is_near(&least.amounts, &found.amounts, room);
            is_near.then_some(found)
        })
    }

    /// Whether amounts need little more than the least do: no line and no other figure differs by more than some room from
    /// there, and the lines together are raised by no more than it, and lowered by no more.
    fn is_near(&self, least: &[Decimal], amounts: &[Decimal], room: Decimal) -> bool {
        let mut moved = [Decimal::ZERO; 2];
        let cells = self.cells.all.iter().zip(&self.cells.held);
        for ((cell, held), (a, b)) in cells.zip(least.iter().zip(amounts)) {
            if (*b - *a).abs() > room {
                return false;
            }
            if cell.is_line {
                let [up, down] = &mut moved;
                *up += (*b - *held).max(Decimal::ZERO) - (*a - *held).max(Decimal::ZERO);
                *down += (*held - *b).max(Decimal::ZERO) - (*held - *a).max(Decimal::ZERO);
            }
        }
        moved.iter().all(|more| *more <= room)
    }

    /// The least change with which one finding passes.
    pub(super) fn alone(&self, ask: &Ask, effort: &mut Effort) -> Option<Way> {
        let solved = self.exactly(&[ask], self.together(&[ask], effort).ok()?);
        let vars = 0..solved.amounts.len();
        let changes = vars.filter(|var| self.cells.held.get(*var) != solved.amounts.get(*var));
        Some(Way {
            cures: Vec::new(),
            changes: changes
                .filter_map(|var| self.change(var, &solved.amounts))
                .collect(),
        })
    }

    /// The least change with which all of these pass and nothing becomes worse.
    fn together(&self, asks: &[&Ask], effort: &mut Effort) -> Result<Solved, Stuck> {
        let mut choices: Vec<Vec<Vec<Sum>>> = vec![Vec::new()];
        let mut stuck = Stuck::Impossible;
        for ask in asks {
            let mut ways = ask.cure.ways(WAYS + 1);
            if ways.len() > WAYS || choices.len() * ways.len() > TOGETHER {
                // What is not tried may be possible.
                stuck = Stuck::NotFound;
            }
            ways.truncate(WAYS);
            let joined = choices.iter().flat_map(|choice| {
                ways.iter().map(|way| {
                    let mut choice = choice.clone();
                    choice.push(way.clone());
                    choice
                })
            });
            choices = joined.take(TOGETHER).collect();
        }
        let mut best: Option<(Decimal, usize, Solved)> = None;
        for wanted in choices {
            match self.one_choice(asks, wanted, effort) {
                Ok(solved) => {
                    let (cost, count) = self.measure(&solved.amounts);
                    if best.as_ref().is_none_or(|b| (cost, count) < (b.0, b.1)) {
                        best = Some((cost, count, solved));
                    }
                }
                Err(Stuck::NotFound) => stuck = Stuck::NotFound,
                Err(Stuck::Impossible) => {}
            }
        }
        best.map(|(.., solved)| solved).ok_or(stuck)
    }

    fn measure(&self, amounts: &[Decimal]) -> (Decimal, usize) {
        let pairs = amounts.iter().zip(&self.cells.held);
        let changes = pairs.map(|(new, held)| (*new - *held).abs());
        let changes: Vec<Decimal> = changes.filter(|change| !change.is_zero()).collect();
        (changes.iter().sum(), changes.len())
    }

    /// Solves, judges again, and asks for more where that shows that something became worse.
    fn one_choice(
        &self,
        asks: &[&Ask],
        wanted: Vec<Vec<Sum>>,
        effort: &mut Effort,
    ) -> Result<Solved, Stuck> {
        let mut more: Vec<Sum> = Vec::new();
        let mut fixed: BTreeSet<Var> = BTreeSet::new();
        let targets: BTreeSet<Subject> = asks.iter().map(|ask| ask.subject).collect();
        for _ in 0..ROUNDS {
            let rows: Vec<&Sum> = wanted.iter().flatten().chain(&more).collect();
            let amounts = match self.least(&rows, &fixed, effort) {
                Ok(amounts) => amounts,
                // What the rounds before held fixed may be what stands against it.
                Err(Stuck::Impossible) if !fixed.is_empty() || !more.is_empty() => {
                    return Err(Stuck::NotFound);
                }
                Err(stuck) => return Err(stuck),
            };
            let changed = self.cells.apply(self.submission, &amounts);
            let judged = Evaluator::new(self.in_force).outcomes_of(&changed);
            let worse = self.worse(&judged, &targets);
            if worse.is_empty() {
                return Ok(Solved { amounts, wanted });
            }
            let model = Model::of(self.in_force, &changed, self.cells);
            let before = more.len();
            for subject in &worse {
                let Some(ask) = model.find(subject) else {
                    continue;
                };
                let way = if targets.contains(subject) {
                    ask.cure.ways(1).pop()
                } else {
                    let held = ask.keep.way_at(&self.cells.held);
                    held.or_else(|| ask.keep.ways(1).pop())
                };
                more.extend(way.into_iter().flatten());
            }
            let cuts = |sum: &Sum| sum.at(&amounts).is_none_or(|x| x > Decimal::ZERO);
            if !more.iter().skip(before).any(cuts) {
                let pairs = amounts.iter().zip(&self.cells.held).enumerate();
                let first = pairs
                    .filter(|(_, (new, held))| new != held)
                    .map(|(var, _)| var)
                    .next();
                fixed.extend(first);
            }
        }
        Err(Stuck::NotFound)
    }

    /// The least change with which totals that agree go on to agree as they do; where there is none, within their tolerance.
    fn least(
        &self,
        rows: &[&Sum],
        fixed: &BTreeSet<Var>,
        effort: &mut Effort,
    ) -> Result<Vec<Decimal>, Stuck> {
        let tight = self.least_keeping(&self.tight, rows.to_vec(), fixed, effort);
        tight.or_else(|_| self.least_keeping(&self.kept, rows.to_vec(), fixed, effort))
    }

    /// The least change, with what keeps other rules from becoming worse taken in where it is needed.
    fn least_keeping<'r>(
        &self,
        kept: &'r BTreeMap<usize, Vec<Kept>>,
        mut rows: Vec<&'r Sum>,
        fixed: &BTreeSet<Var>,
        effort: &mut Effort,
    ) -> Result<Vec<Decimal>, Stuck> {
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        loop {
            let task = Task {
                cells: self.cells,
                rows: rows.clone(),
                fixed,
            };
            let amounts = task.least(effort);
            let broken: Vec<usize> = match &amounts {
                Ok(amounts) => broken(kept, amounts, &taken),
                // Without what the other rules ask whole cents may not be settled either.
                Err(_) => Vec::new(),
            };
            if broken.is_empty() {
                return amounts;
            }
            for rule in broken {
                taken.insert(rule);
                let of_rule = kept.get(&rule).into_iter().flatten();
                rows.extend(of_rule.flat_map(|kept| &kept.rows));
            }
        }
    }

    /// The subjects for which a rule is worse than before, and those sought that do not pass.
    fn worse(&self, now: &[Vec<Judged>], targets: &BTreeSet<Subject>) -> Vec<Subject> {
        let mut worse: Vec<Subject> = Vec::new();
        let mut passed: BTreeSet<Subject> = BTreeSet::new();
        for (rule, subjects) in now.iter().enumerate() {
            for judged in subjects {
                let subject = (rule, judged.line);
                if targets.contains(&subject) {
                    if judged.outcome == Outcome::Pass {
                        passed.insert(subject);
                    }
                } else if badness(judged.outcome) > 0 {
                    let was = self.outcomes.get(&subject).map_or(0, |o| badness(*o));
                    if badness(judged.outcome) > was {
                        worse.push(subject);
                    }
                }
            }
        }
        worse.extend(targets.difference(&passed));
        worse
    }

    /// The changes, those together that cure the same findings or depend on one another.
    pub(super) fn ways(
        &self,
        cured: &[(usize, Subject, Vec<Sum>)],
        amounts: &[Decimal],
    ) -> Vec<Way> {
        let pairs = amounts.iter().zip(&self.cells.held).enumerate();
        let changed = pairs.filter(|(_, (new, held))| new != held);
        let changed: BTreeSet<Var> = changed.map(|(var, _)| var).collect();
        let mut groups: Vec<(BTreeSet<Var>, Vec<usize>)> = Vec::new();
        let tight = |row: &&Sum| row.at(amounts).is_some_and(|x| x > Decimal::new(-3, 2));
        let of_findings = cured.iter().map(|(at, _, rows)| {
            let vars = rows.iter().flat_map(Sum::cells);
            (vars.filter(|v| changed.contains(v)).collect(), Some(*at))
        });
        let kept = || self.tight.values().flatten().flat_map(|kept| &kept.rows);
        let changed_in = |row: &Sum| -> (BTreeSet<Var>, Option<usize>) {
            (row.cells().filter(|v| changed.contains(v)).collect(), None)
        };
        let binding = kept().filter(tight).map(changed_in);
        let mut parts: Vec<(BTreeSet<Var>, Option<usize>)> = of_findings.chain(binding).collect();
        // Whatever else changed belongs to what it is added up or multiplied with.
        for var in &changed {
            if !parts.iter().any(|(vars, _)| vars.contains(var)) {
                let rows = kept().filter(|row| row.cells().any(|v| v == *var));
                let with: Vec<_> = rows.map(changed_in).collect();
                parts.extend(with);
                parts.push((BTreeSet::from([*var]), None));
            }
        }
        for (mut vars, finding) in parts {
            if vars.is_empty() && finding.is_none() {
                continue;
            }
            let mut findings: Vec<usize> = finding.into_iter().collect();
            let (joined, apart): (Vec<_>, Vec<_>) = groups
                .into_iter()
                .partition(|(own, _)| !own.is_disjoint(&vars));
            for (own, at) in joined {
                vars.extend(own);
                findings.extend(at);
            }
            groups = apart;
            groups.push((vars, findings));
        }
        let of_group = |(vars, mut cures): (BTreeSet<Var>, Vec<usize>)| {
            cures.sort_unstable();
            let changes = vars.iter().filter_map(|var| self.change(*var, amounts));
            Way {
                changes: changes.collect(),
                cures,
            }
        };
        let changed = groups.into_iter().filter(|(vars, _)| !vars.is_empty());
        let mut ways: Vec<Way> = changed.map(of_group).collect();
        ways.sort_by(|a, b| {
            (a.cures.first(), a.cures.len()).cmp(&(b.cures.first(), b.cures.len()))
        });
        ways
    }

    fn change(&self, var: Var, amounts: &[Decimal]) -> Option<Change> {
        let schema = &self.in_force.pack.schema;
        let cell = self.cells.all.get(var)?;
        let (table, rows) = schema
            .tables
            .get(cell.table)
            .zip(self.submission.table(cell.table))?;
        let key = table.key();
        let key =
            key.and_then(|key| wish::text_of(schema, self.submission, (cell.table, cell.row, key)));
        Some(Change {
            table: cell.table,
            row: cell.row,
            field: cell.field,
            place: rows.place(table, cell.row, cell.field),
            row_place: rows.row_place(cell.row),
            key,
            is_line: cell.is_line,
            from: *self.cells.held.get(var)?,
            to: *amounts.get(var)?,
        })
    }
}

/// The rules that amounts would make worse, beside those that are taken in.
fn broken(
    kept: &BTreeMap<usize, Vec<Kept>>,
    amounts: &[Decimal],
    taken: &BTreeSet<usize>,
) -> Vec<usize> {
    let others = kept.iter().filter(|(rule, _)| !taken.contains(rule));
    let is_broken = |kept: &Kept| {
        let above = |row: &Sum| row.at(amounts).is_none_or(|x| x > Decimal::ZERO);
        kept.rows.iter().any(above)
    };
    let broken = others.filter(|(_, kept)| kept.iter().any(is_broken));
    broken.map(|(rule, _)| *rule).collect()
}

impl Found {
    fn take(&mut self, sought: &[(usize, &Ask)], solved: Solved) {
        let pairs = sought.iter().zip(solved.wanted);
        self.cured = pairs
            .map(|((at, ask), rows)| (*at, ask.subject, rows))
            .collect();
        self.amounts = solved.amounts;
    }
}
