//! The least change of amounts with which sums are nought or less: a linear program finds where it lies, and whole cents are
//! settled exactly.
#![expect(
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "the solver of linear programs takes nothing else; whatever it gives is settled in exact cents and judged again"
)]

use std::collections::{BTreeMap, BTreeSet};

use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::cells::Cells;
use super::form::{Sum, Var};
use crate::value::{Decimal, ceiling, floor, round_half_even};

/// How many linear programs are solved for one submission: effort is counted, never timed, so that every run gives the same.
const PROGRAMS: usize = 600;

/// How many times cents are shifted between cells to settle what rounding left.
const SHIFTS: usize = 60;

/// What stands against what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stuck {
    /// No amounts do it.
    Impossible,
    /// None were found within the effort.
    NotFound,
}

/// What is left of the effort.
#[derive(Debug)]
pub(super) struct Effort(usize);

impl Effort {
    /// What is made for a line in passing.
    pub(super) fn quick() -> Self {
        Effort(PROGRAMS / 10)
    }
}

impl Default for Effort {
    fn default() -> Self {
        Effort(PROGRAMS)
    }
}

/// Sums that are to be nought or less, and cells that stay as they are.
pub(super) struct Task<'a> {
    pub(super) cells: &'a Cells,
    pub(super) rows: Vec<&'a Sum>,
    pub(super) fixed: &'a BTreeSet<Var>,
}

impl Task<'_> {
    /// The amounts of the least change: least in dollars, few cells, the earliest of them.
    pub(super) fn least(&self, effort: &mut Effort) -> Result<Vec<Decimal>, Stuck> {
        let all = |_: Var| true;
        let first = self.program(&all, effort)?;
        let cost = cost_of(&first);
        let few = self.fewer(first, cost, effort);
        let settled = self.settle(&few);
        let single = self.single();
        match (settled, single) {
            (Some(many), Some(one)) => {
                let better = self.cost(&one) <= self.cost(&many);
                Ok(if better { one } else { many })
            }
            (Some(found), None) | (None, Some(found)) => Ok(found),
            (None, None) => Err(Stuck::NotFound),
        }
    }

    /// Whether no amounts at all do it.
    pub(super) fn is_impossible(&self, effort: &mut Effort) -> bool {
        self.program(&|_| true, effort) == Err(Stuck::Impossible)
    }

    /// How many dollars a change moves, raises and cuts added up.
    fn cost(&self, amounts: &[Decimal]) -> Decimal {
        let pairs = amounts.iter().zip(&self.cells.held);
        pairs.map(|(new, held)| (*new - *held).abs()).sum()
    }

    /// By how much each cell changes, as the solver has it.
    fn program(
        &self,
        may: &dyn Fn(Var) -> bool,
        effort: &mut Effort,
    ) -> Result<BTreeMap<Var, f64>, Stuck> {
        effort.0 = effort.0.checked_sub(1).ok_or(Stuck::NotFound)?;
        let mut program = Program::new(self.cells);
        for row in &self.rows {
            let cells: BTreeSet<Var> = row.cells().collect();
            for var in cells {
                if may(var) && !self.fixed.contains(&var) {
                    program.add_cell(var);
                }
            }
        }
        self.rows.iter().for_each(|row| program.add_row(row, None));
        match program.problem.solve() {
            Ok(outcome) => {
                let solution = outcome.into_solution().map_err(|_| Stuck::NotFound)?;
                let change = |(var, (up, down)): (&Var, &(Variable, Variable))| {
                    let change = solution.var_value(*up) - solution.var_value(*down);
                    (change.abs() > 1e-4).then_some((*var, change))
                };
                Ok(program.columns.iter().filter_map(change).collect())
            }
            Err(microlp::Error::Infeasible) => Err(Stuck::Impossible),
            Err(_) => Err(Stuck::NotFound),
        }
    }

    /// The same cost with fewer cells, as far as that is found: by cells that have room for all of it, then without one cell
    /// after the other.
    fn fewer(
        &self,
        mut found: BTreeMap<Var, f64>,
        cost: f64,
        effort: &mut Effort,
    ) -> BTreeMap<Var, f64> {
        let same = |other: &BTreeMap<Var, f64>| cost_of(other) <= cost + 4e-3;
        let sum = |sign: f64| found.values().map(|x| (x * sign).max(0.0)).sum::<f64>();
        let (up, down) = (sum(1.0), sum(-1.0));
        let roomy = |var: Var| {
            let held = self
                .cells
                .held
                .get(var)
                .and_then(Decimal::to_f64)
                .unwrap_or(0.0);
            let bounds = self.cells.bounds.get(var);
            let least = bounds.and_then(|(min, _)| min.to_f64()).unwrap_or(0.0);
            let most = bounds.and_then(|(_, max)| max.as_ref()?.to_f64());
            held - least > down && most.is_none_or(|most| most - held > up)
        };
        if found.len() > 1
            && let Ok(other) = self.program(&roomy, effort)
            && same(&other)
            && other.len() < found.len()
        {
            found = other;
        }
        let mut tried: BTreeSet<Var> = BTreeSet::new();
        while found.len() > 1 && tried.len() < 12 {
            let untried = found.iter().filter(|(var, _)| !tried.contains(var));
            let Some(var) = untried
                .min_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
                .map(|p| *p.0)
            else {
                break;
            };
            tried.insert(var);
            if let Ok(other) = self.program(&|v| v != var, effort)
                && same(&other)
                && other.len() < found.len()
            {
                found = other;
            }
        }
        found
    }

    /// Whole cents near a change that hold exactly.
    fn settle(&self, changes: &BTreeMap<Var, f64>) -> Option<Vec<Decimal>> {
        let mut amounts = self.cells.held.clone();
        for (var, change) in changes {
            let slot = amounts.get_mut(*var)?;
            let new = slot.checked_add(Decimal::from_f64(*change)?)?;
            *slot = self.within(*var, round_half_even(new, 2)?);
        }
        let cells: Vec<Var> = changes.keys().copied().collect();
        for _ in 0..SHIFTS {
            let (short, worst) = self.shortfall(&amounts)?;
            let Some(worst) = worst else {
                return Some(amounts);
            };
            let better = self.shifts(&amounts, &cells, worst)?;
            let best = better
                .into_iter()
                .filter_map(|new| Some((self.shortfall(&new)?.0, self.cost(&new), new)))
                .min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)))?;
            if best.0 >= short {
                return None;
            }
            amounts = best.2;
        }
        None
    }

    fn within(&self, var: Var, amount: Decimal) -> Decimal {
        let Some((least, most)) = self.cells.bounds.get(var) else {
            return amount;
        };
        let capped = most.map_or(amount, |most| amount.min(most));
        capped.max(*least)
    }

    /// By how much all sums together are above nought, and the one that is most.
    fn shortfall(&self, amounts: &[Decimal]) -> Option<(Decimal, Option<&Sum>)> {
        let (mut total, mut worst) = (Decimal::ZERO, None);
        let mut most = Decimal::ZERO;
        for row in &self.rows {
            let value = row.at(amounts)?;
            if value > Decimal::ZERO {
                total += value;
                if value > most {
                    (most, worst) = (value, Some(*row));
                }
            }
        }
        Some((total, worst))
    }

    /// The amounts with cents put to or taken from one cell, or moved between two.
    fn shifts(&self, amounts: &[Decimal], cells: &[Var], worst: &Sum) -> Option<Vec<Vec<Decimal>>> {
        let cent = Decimal::new(1, 2);
        let short = worst.at(amounts)?;
        let mut steps = BTreeSet::from([cent]);
        for weight in worst.terms.values() {
            let step = short.checked_div(weight.abs())?;
            steps.insert(ceiling(step, 2)?.max(cent));
        }
        let mut found = Vec::new();
        for step in steps.iter().flat_map(|step| [*step, -*step]) {
            for var in cells {
                let one = self.shifted(amounts, *var, step);
                for other in cells.iter().filter(|other| *other != var) {
                    found.extend(one.as_ref().and_then(|a| self.shifted(a, *other, -step)));
                }
                found.extend(one);
            }
        }
        Some(found)
    }

    fn shifted(&self, amounts: &[Decimal], var: Var, by: Decimal) -> Option<Vec<Decimal>> {
        let mut amounts = amounts.to_vec();
        let slot = amounts.get_mut(var)?;
        let new = *slot + by;
        if self.within(var, new) != new {
            return None;
        }
        *slot = new;
        Some(amounts)
    }

    /// The least change of one cell alone that does it, exactly; of several the first.
    fn single(&self) -> Option<Vec<Decimal>> {
        let held = &self.cells.held;
        let broken = self
            .rows
            .iter()
            .filter(|row| row.at(held).is_none_or(|x| x > Decimal::ZERO));
        let broken: Vec<&&Sum> = broken.collect();
        let first = broken.first()?;
        let candidates: BTreeSet<Var> = first.cells().collect();
        let mut best: Option<(Decimal, Var, Decimal)> = None;
        for var in candidates
            .into_iter()
            .filter(|var| !self.fixed.contains(var))
        {
            let Some(new) = self.alone(var) else {
                continue;
            };
            let cost = (new - held.get(var)?).abs();
            if best.is_none_or(|(least, ..)| cost < least) {
                best = Some((cost, var, new));
            }
        }
        let (_, var, new) = best?;
        let mut amounts = held.clone();
        *amounts.get_mut(var)? = new;
        Some(amounts)
    }

    /// The amount nearest to the one held with which a cell alone makes all sums hold.
    fn alone(&self, var: Var) -> Option<Decimal> {
        let held = &self.cells.held;
        let own = *held.get(var)?;
        let (mut low, mut high) = *self.cells.bounds.get(var)?;
        for row in &self.rows {
            let value = row.at(held)?;
            if !row.greatest.is_empty() {
                return None;
            }
            match row.terms.get(&var) {
                None if value > Decimal::ZERO => return None,
                None => {}
                Some(weight) => {
                    let edge = own.checked_sub(value.checked_div(*weight)?)?;
                    if *weight > Decimal::ZERO {
                        high = Some(high.map_or(edge, |high| high.min(edge)));
                    } else {
                        low = low.max(edge);
                    }
                }
            }
        }
        let (low, high) = (ceiling(low, 2)?, high.map(|high| floor(high, 2)));
        let high = match high {
            Some(high) => Some(high?),
            None => None,
        };
        if high.is_some_and(|high| high < low) {
            return None;
        }
        let new = if own < low {
            low
        } else {
            high.map_or(own, |high| own.min(high))
        };
        let mut amounts = held.clone();
        *amounts.get_mut(var)? = new;
        let holds = self
            .rows
            .iter()
            .all(|row| row.at(&amounts).is_some_and(|x| x <= Decimal::ZERO));
        holds.then_some(new)
    }
}

/// Between what amounts a cell makes sums hold, all others as they are: whole cents, both ends included.
pub(super) fn between(
    cells: &Cells,
    var: Var,
    rows: &[Sum],
) -> Option<(Option<Decimal>, Option<Decimal>)> {
    let held = &cells.held;
    let own = *held.get(var)?;
    let (mut low, mut high): (Option<Decimal>, Option<Decimal>) = (None, None);
    for row in rows {
        let value = row.at(held)?;
        let Some(weight) = row.terms.get(&var) else {
            continue;
        };
        let edge = own.checked_sub(value.checked_div(*weight)?)?;
        if *weight > Decimal::ZERO {
            let edge = floor(edge, 2)?;
            high = Some(high.map_or(edge, |high| high.min(edge)));
        } else {
            let edge = ceiling(edge, 2)?;
            low = Some(low.map_or(edge, |low| low.max(edge)));
        }
    }
    let is_empty = low.zip(high).is_some_and(|(low, high)| high < low);
    (!is_empty).then_some((low, high))
}

fn cost_of(changes: &BTreeMap<Var, f64>) -> f64 {
    changes.values().map(|x| x.abs()).sum()
}

/// A linear program: for each cell how much is put to it and how much is taken from it.
struct Program<'a> {
    cells: &'a Cells,
    problem: Problem,
    columns: BTreeMap<Var, (Variable, Variable)>,
}

impl<'a> Program<'a> {
    fn new(cells: &'a Cells) -> Self {
        Program {
            cells,
            problem: Problem::new(OptimizationDirection::Minimize),
            columns: BTreeMap::new(),
        }
    }

    fn add_cell(&mut self, var: Var) {
        let (Some(held), Some((least, most))) =
            (self.cells.held.get(var), self.cells.bounds.get(var))
        else {
            return;
        };
        let number = |x: Decimal| x.to_f64().unwrap_or(0.0);
        // Of changes that cost the same the one of earlier cells is taken.
        let later = var.to_f64().unwrap_or(0.0) / self.cells.all.len().to_f64().unwrap_or(1.0);
        let price = 1.0 + later * 1e-6;
        let room = most.map_or(f64::INFINITY, |most| number(most - held));
        let problem = &mut self.problem;
        self.columns.entry(var).or_insert_with(|| {
            let up = problem.add_var(price, (0.0, room));
            let down = problem.add_var(price, (0.0, number(*held - *least)));
            (up, down)
        });
    }

    /// A sum is nought or less, or no more than a column.
    fn add_row(&mut self, row: &Sum, below: Option<Variable>) {
        let number = |x: &Decimal| x.to_f64().unwrap_or(0.0);
        let mut terms: Vec<(Variable, f64)> = Vec::new();
        let mut constant = row.constant;
        for (var, weight) in &row.terms {
            let held = self.cells.held.get(*var).copied().unwrap_or_default();
            constant += weight.checked_mul(held).unwrap_or_default();
            if let Some((up, down)) = self.columns.get(var) {
                terms.push((*up, number(weight)));
                terms.push((*down, -number(weight)));
            }
        }
        for (weight, sums) in &row.greatest {
            let greatest = self
                .problem
                .add_var(0.0, (f64::NEG_INFINITY, f64::INFINITY));
            terms.push((greatest, number(weight)));
            sums.iter()
                .for_each(|sum| self.add_row(sum, Some(greatest)));
        }
        terms.extend(below.map(|column| (column, -1.0)));
        let problem = &mut self.problem;
        problem.add_constraint(terms.as_slice(), ComparisonOp::Le, -number(&constant));
    }
}
