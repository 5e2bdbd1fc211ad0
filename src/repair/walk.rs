//! From a typed test, with everything noted that its evaluation gave, to what it asks of the amounts that may be changed.
//! What does not read such an amount is taken as it was noted; what reads one in a way that is no sum is taken as it stands,
//! and the changed plan is judged again.

use std::cell::RefCell;

use crate::expr::eval::{MAIN, Notebook, Noted};
use crate::expr::tree::{Iteration, Kind, Node};
use crate::expr::vector::{ListVec, NULL_ID, Num, UNKNOWN_ID, Vector, truth};
use crate::expr::{BinaryOp, Builtin, Expr, Quantifier};
use crate::hash::Map;
use crate::schema::Otherwise;
use crate::schema::{FieldId, Schema, TableId};
use crate::submission::Submission;
use crate::table::State;
use crate::value::Decimal;

use super::cells::Cells;
use super::form::{Asked, Sum};

/// Which part of a rule's test is walked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    When,
    Require,
    Let(usize),
}

/// Where in the nest of rows a piece is looked at: one index a level.
type At = Vec<usize>;

/// Walks one rule's test.
pub(super) struct Walk<'a> {
    pub(super) schema: &'a Schema,
    pub(super) submission: &'a Submission,
    pub(super) cells: &'a Cells,
    pub(super) lets: &'a [(String, Expr)],
    /// What was noted of `when`.
    pub(super) when: &'a Map<usize, Noted>,
    /// What was noted of `require`, and of the `let`s.
    pub(super) book: &'a Notebook,
    reads: RefCell<Map<(Part, usize), bool>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        (schema, submission): (&'a Schema, &'a Submission),
        cells: &'a Cells,
        lets: &'a [(String, Expr)],
        (when, book): (&'a Map<usize, Noted>, &'a Notebook),
    ) -> Self {
        Walk {
            schema,
            submission,
            cells,
            lets,
            when,
            book,
            reads: RefCell::default(),
        }
    }

    fn noted(&self, part: Part, node: &Node) -> Option<&'a Noted> {
        match part {
            Part::When => self.when.get(&node.id),
            Part::Require => self.book.get(&(MAIN, node.id)),
            Part::Let(at) => self.book.get(&(at, node.id)),
        }
    }

    fn index(value: &Vector, node: &Node, at: &At) -> usize {
        match value.len() {
            1 => 0,
            _ => at.get(node.level).copied().unwrap_or(0),
        }
    }

    fn truth(&self, part: Part, node: &Node, at: &At) -> Option<u8> {
        match &self.noted(part, node)?.value {
            v @ Vector::Bools(b) => b.get(Self::index(v, node, at)).copied(),
            _ => None,
        }
    }

    fn known(&self, part: Part, node: &Node, at: &At) -> Option<Decimal> {
        match &self.noted(part, node)?.value {
            v @ Vector::Nums(n) => match n.at(Self::index(v, node, at)) {
                Num::Known(x) => Some(x),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a piece reads a column of which cells may be changed.
    pub(super) fn reads(&self, part: Part, node: &Node) -> bool {
        if let Some(known) = self.reads.borrow().get(&(part, node.id)) {
            return *known;
        }
        let here = match &node.kind {
            Kind::Field(_, table, field) => self.reads_field(*table, *field),
            Kind::Let(at) => self
                .lets
                .get(*at)
                .is_some_and(|(_, named)| self.reads(Part::Let(*at), &named.root)),
            _ => false,
        };
        let reads = here || node.parts().any(|inner| self.reads(part, inner));
        self.reads.borrow_mut().insert((part, node.id), reads);
        reads
    }

    fn reads_field(&self, table: TableId, field: FieldId) -> bool {
        if self.cells.has_column(table, field) {
            return true;
        }
        let declared = self
            .schema
            .tables
            .get(table)
            .and_then(|t| t.fields.get(field));
        match declared.and_then(|f| f.otherwise) {
            Some(Otherwise::Joined { table, field, .. }) => self.cells.has_column(table, field),
            Some(Otherwise::Plan(field)) => {
                let plan = self.schema.table("plan");
                plan.is_some_and(|plan| self.cells.has_column(plan, field))
            }
            Some(Otherwise::Row) | None => false,
        }
    }

    /// What makes a truth value true (or, with `wanted` false, false).
    pub(super) fn asked(&self, part: Part, node: &Node, at: &At, wanted: bool) -> Asked {
        if self.reads(part, node) {
            match &node.kind {
                Kind::And(a, b) | Kind::Or(a, b) => {
                    let sides = [a, b].map(|side| self.asked(part, side, at, wanted));
                    let is_and = matches!(node.kind, Kind::And(..));
                    return if is_and == wanted {
                        Asked::all(sides)
                    } else {
                        Asked::any(sides)
                    };
                }
                Kind::Not(a) => return self.asked(part, a, at, !wanted),
                Kind::Let(named) => {
                    if let Some((_, expr)) = self.lets.get(*named) {
                        return self.asked(Part::Let(*named), &expr.root, at, wanted);
                    }
                }
                Kind::If(test, yes, no) => {
                    let taken = self.truth(part, test, at) == Some(truth::TRUE);
                    let branch = if taken { yes } else { no };
                    let kept = self.asked(part, test, at, taken);
                    return Asked::all([kept, self.asked(part, branch, at, wanted)]);
                }
                Kind::Quantified(quantifier, iteration) => {
                    return self.of_items(part, node, (quantifier, iteration), at, wanted);
                }
                Kind::Compare(op, a, b) if a.is_compared_as_figure(b) => {
                    if let Some(asked) = self.compared(part, (*op, a, b), at, wanted) {
                        return asked;
                    }
                }
                _ => {}
            }
        }
        self.as_it_stands(part, node, at, wanted)
    }

    /// A truth value that no change of amounts is known to change. One that was not asked for is taken to be right: the
    /// changed plan is judged again.
    fn as_it_stands(&self, part: Part, node: &Node, at: &At, wanted: bool) -> Asked {
        match self.truth(part, node, at) {
            None => Asked::Holds,
            Some(held) => Asked::of(held == truth::of(wanted)),
        }
    }

    fn of_items(
        &self,
        part: Part,
        node: &Node,
        (quantifier, iteration): (&Quantifier, &Iteration),
        at: &At,
        wanted: bool,
    ) -> Asked {
        let items = self.items_under(part, node, iteration, at);
        let each = items
            .iter()
            .map(|item| self.asked(part, &iteration.body, item, wanted));
        if quantifier.is_every() == wanted {
            Asked::all(each.collect::<Vec<_>>())
        } else {
            Asked::any(each.collect::<Vec<_>>())
        }
    }

    fn compared(
        &self,
        part: Part,
        (op, a, b): (BinaryOp, &Node, &Node),
        at: &At,
        wanted: bool,
    ) -> Option<Asked> {
        use BinaryOp as B;
        let slack = match op {
            B::Less | B::LessEqual => self.tolerance(part, (a, b), at),
            B::Greater | B::GreaterEqual => self.tolerance(part, (b, a), at),
            _ => Decimal::ZERO,
        };
        let (a, b) = (self.sum(part, a, at)?, self.sum(part, b, at)?);
        let (over, under) = (a.clone().minus(&b)?, b.minus(&a)?);
        let [over, under] = [over, under].map(|sum| Sum { slack, ..sum });
        let at_most = |sum: &Sum, strictly| Asked::at_most_nought(sum.clone(), strictly);
        Some(match (op, wanted) {
            (B::LessEqual, true) | (B::Greater, false) => at_most(&over, false),
            (B::Less, true) | (B::GreaterEqual, false) => at_most(&over, true),
            (B::GreaterEqual, true) | (B::Less, false) => at_most(&under, false),
            (B::Greater, true) | (B::LessEqual, false) => at_most(&under, true),
            (B::Equal, true) | (B::NotEqual, false) => {
                Asked::all([at_most(&over, false), at_most(&under, false)])
            }
            (B::NotEqual, true) | (B::Equal, false) => {
                Asked::any([at_most(&over, true), at_most(&under, true)])
            }
            _ => return None,
        })
    }

    /// By how much a figure may miss another though it should be the same, or no more than it: a small given amount in
    /// `abs(a - b) <= tolerance`, `a <= b + tolerance` or `a - tolerance <= b`. A great one is no tolerance but a limit.
    fn tolerance(&self, part: Part, (small, great): (&Node, &Node), at: &At) -> Decimal {
        use BinaryOp::{Add, Subtract};
        let is_given = |node: &Node| matches!(node.kind, Kind::Const(_) | Kind::Param(_));
        let given = match (&small.kind, &great.kind) {
            (Kind::Call(Builtin::Abs, of), _) if is_given(great) => of.first().zip(Some(great)),
            (_, Kind::Arithmetic(Add, of, given)) if is_given(given) => Some((&**of, &**given)),
            (Kind::Arithmetic(Subtract, of, given), _) if is_given(given) => {
                Some((&**of, &**given))
            }
            _ => None,
        };
        let tolerance = given.and_then(|(of, given)| {
            let x = self.sum(part, given, at)?.constant;
            let figure = self.sum(part, of, at)?.greatest_figure(&self.cells.held)?;
            let is_small = x <= Decimal::ONE || x.checked_mul(Decimal::ONE_HUNDRED)? <= figure;
            (x > Decimal::ZERO && is_small).then_some(x)
        });
        tolerance.unwrap_or_default()
    }

    /// A number as a sum of cells; one that is no sum of them as it was noted.
    fn sum(&self, part: Part, node: &Node, at: &At) -> Option<Sum> {
        let found = if self.reads(part, node) {
            self.sum_of_cells(part, node, at)
        } else {
            None
        };
        found.or_else(|| self.known(part, node, at).map(Sum::constant))
    }

    fn sum_of_cells(&self, part: Part, node: &Node, at: &At) -> Option<Sum> {
        match &node.kind {
            Kind::Field(of, table, field) => {
                let Vector::Rows(_, rows) = &self.noted(part, of)?.value else {
                    return None;
                };
                let at_row = match rows.len() {
                    1 => 0,
                    _ => at.get(of.level).copied().unwrap_or(0),
                };
                self.cell(*table, *field, *rows.get(at_row)?)
            }
            Kind::Let(named) => {
                let (_, expr) = self.lets.get(*named)?;
                self.sum(Part::Let(*named), &expr.root, at)
            }
            Kind::Negate(a) => self.sum(part, a, at)?.times(-Decimal::ONE),
            Kind::Arithmetic(op, a, b) => {
                let (a, b) = (self.sum(part, a, at)?, self.sum(part, b, at)?);
                match op {
                    BinaryOp::Add => a.plus(&b),
                    BinaryOp::Subtract => a.minus(&b),
                    BinaryOp::Multiply if a.is_constant() => b.times(a.constant),
                    BinaryOp::Multiply if b.is_constant() => a.times(b.constant),
                    BinaryOp::Divide if b.is_constant() => {
                        a.times(Decimal::ONE.checked_div(b.constant)?)
                    }
                    _ => None,
                }
            }
            Kind::If(test, yes, no) => {
                let taken = self.truth(part, test, at)? == truth::TRUE;
                self.sum(part, if taken { yes } else { no }, at)
            }
            Kind::Assume(value, _) => self.sum(part, value, at),
            Kind::Call(builtin, args) => self.call(part, *builtin, args, at),
            _ => None,
        }
    }

    fn call(&self, part: Part, builtin: Builtin, args: &[Node], at: &At) -> Option<Sum> {
        match (builtin, args) {
            (Builtin::Sum | Builtin::Max | Builtin::Min | Builtin::Mean, _) => {
                let items = self.arguments(part, args, at)?;
                let negative = |sums: Vec<Sum>| -> Option<Vec<Sum>> {
                    sums.into_iter()
                        .map(|sum| sum.times(-Decimal::ONE))
                        .collect()
                };
                match builtin {
                    Builtin::Max => Sum::greatest_of(items),
                    Builtin::Min => Sum::greatest_of(negative(items)?)?.times(-Decimal::ONE),
                    Builtin::Mean => {
                        let share = Decimal::ONE.checked_div(Decimal::from(items.len()))?;
                        total(&items)?.times(share)
                    }
                    _ => total(&items),
                }
            }
            (Builtin::Abs, [x]) => {
                let x = self.sum(part, x, at)?;
                let negative = x.clone().times(-Decimal::ONE)?;
                Sum::greatest_of(vec![x, negative])
            }
            // A repair leaves whole cents, which rounding to cents or finer leaves as they are.
            (Builtin::RoundHalfUp | Builtin::Decimal, [x, places]) => {
                let places = self.known(part, places, at)?;
                let x = self.sum(part, x, at)?;
                let is_cell = x.constant.is_zero()
                    && x.greatest.is_empty()
                    && x.terms.values().all(|w| w.normalize().scale() == 0);
                (is_cell && places >= Decimal::TWO).then_some(x)
            }
            _ => None,
        }
    }

    fn arguments(&self, part: Part, args: &[Node], at: &At) -> Option<Vec<Sum>> {
        match args {
            [one] if matches!(one.ty, crate::expr::Ty::List(_)) => self.items(part, one, at),
            many => many.iter().map(|arg| self.sum(part, arg, at)).collect(),
        }
    }

    /// The items of a list of numbers.
    fn items(&self, part: Part, node: &Node, at: &At) -> Option<Vec<Sum>> {
        if !self.reads(part, node) {
            return self.noted_items(part, node, at);
        }
        match &node.kind {
            Kind::Field(of, table, field) => {
                let lists = self.lists(part, of)?;
                let range = Self::range(lists, of, at)?;
                let Vector::Rows(_, rows) = &*lists.items else {
                    return None;
                };
                let rows = rows.get(range)?.iter();
                let rows = rows.filter(|row| !self.is_left_out(*table, *field, **row));
                rows.map(|row| self.cell(*table, *field, *row)).collect()
            }
            Kind::For(iteration) => {
                let items = self.items_under(part, node, iteration, at);
                let each = items
                    .iter()
                    .map(|item| self.sum(part, &iteration.body, item));
                each.collect()
            }
            Kind::List(items) => items.iter().map(|item| self.sum(part, item, at)).collect(),
            Kind::Let(named) => {
                let (_, expr) = self.lets.get(*named)?;
                self.items(Part::Let(*named), &expr.root, at)
            }
            Kind::Call(Builtin::Concatenate, lists) => {
                let all: Option<Vec<Vec<Sum>>> = lists
                    .iter()
                    .map(|list| self.items(part, list, at))
                    .collect();
                Some(all?.into_iter().flatten().collect())
            }
            Kind::If(test, yes, no) => {
                let taken = self.truth(part, test, at)? == truth::TRUE;
                self.items(part, if taken { yes } else { no }, at)
            }
            _ => self.noted_items(part, node, at),
        }
    }

    fn noted_items(&self, part: Part, node: &Node, at: &At) -> Option<Vec<Sum>> {
        let lists = self.lists(part, node)?;
        let range = Self::range(lists, node, at)?;
        let Vector::Nums(nums) = &*lists.items else {
            // An empty list has items of no type.
            return range.is_empty().then(Vec::new);
        };
        let known = |k: usize| match nums.at(k) {
            Num::Known(x) => Some(Sum::constant(x)),
            _ => None,
        };
        range.map(known).collect()
    }

    fn lists(&self, part: Part, node: &Node) -> Option<&'a ListVec> {
        match &self.noted(part, node)?.value {
            Vector::Lists(lists) => Some(lists),
            _ => None,
        }
    }

    /// The items of one list, if it is known which they are.
    fn range(lists: &ListVec, node: &Node, at: &At) -> Option<std::ops::Range<usize>> {
        let i = match lists.len() {
            1 => 0,
            _ => at.get(node.level).copied().unwrap_or(0),
        };
        let range = lists.range(i);
        let is_known = lists.state(i) == truth::TRUE && !range.clone().any(|k| lists.is_maybe(k));
        is_known.then_some(range)
    }

    fn is_left_out(&self, table: TableId, field: FieldId, row: u32) -> bool {
        let declared = self
            .schema
            .tables
            .get(table)
            .and_then(|t| t.fields.get(field));
        let at = usize::try_from(row).unwrap_or(usize::MAX);
        let rows = self.submission.table(table);
        declared.is_some_and(|f| f.not_applicable)
            && rows.is_some_and(|rows| rows.state(at, field) == State::NotApplicable)
    }

    fn cell(&self, table: TableId, field: FieldId, row: u32) -> Option<Sum> {
        if row == NULL_ID || row == UNKNOWN_ID {
            return None;
        }
        let row = usize::try_from(row).ok()?;
        if let Some(var) = self.cells.var(table, field, row) {
            return Some(Sum::cell(var));
        }
        let rows = self.submission.table(table)?;
        let held = rows.number(row, field)?;
        (rows.state(row, field) == State::Value).then(|| Sum::constant(held))
    }

    /// The items of an iteration that stand under `at`, each as a place.
    fn items_under(&self, part: Part, node: &Node, iteration: &Iteration, at: &At) -> Vec<At> {
        let Some(frame) = self
            .noted(part, node)
            .and_then(|noted| noted.frame.as_ref())
        else {
            return Vec::new();
        };
        let outer = iteration.item.saturating_sub(1).min(node.level);
        let here = at.get(outer).copied().unwrap_or(0);
        let mut place = at.clone();
        place.resize(iteration.item, 0);
        let item = |k: usize| {
            let mut place = place.clone();
            place.push(k);
            place
        };
        frame.under(here).map(item).collect()
    }
}

fn total(items: &[Sum]) -> Option<Sum> {
    items.iter().try_fold(Sum::default(), Sum::plus)
}
