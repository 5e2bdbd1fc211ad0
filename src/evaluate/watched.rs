//! Which way each test of a rule goes over a submission: what coverage is made of. It is read off what the one evaluation
//! notes, and costs nothing where nobody asks.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{Evaluator, Found, find_subjects};
use crate::expr::eval::{Level, MAIN, Machine, Notebook};
use crate::expr::tree::{Iteration, Join, Kind, LevelNo, Node};
use crate::expr::vector::{Vector, truth};
use crate::expr::{BinaryOp, Expr};
use crate::pack::Rule;
use crate::submission::Submission;

/// An expression of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    /// What finds its subjects.
    For,
    /// One of its `let`s, by its place.
    Let(usize),
    /// When it is asked at all.
    When,
    /// What must hold.
    Require,
}

/// What was seen of a piece.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Truths {
    pub(crate) yes: bool,
    pub(crate) no: bool,
    pub(crate) null: bool,
}

impl Truths {
    pub(crate) fn add(&mut self, other: Truths) {
        self.yes |= other.yes;
        self.no |= other.no;
        self.null |= other.null;
    }
}

/// What was seen of a rule.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Of each piece that is true or false.
    pub(crate) truths: BTreeMap<(Asked, usize), Truths>,
    /// The parameters that were asked for.
    pub(crate) params: BTreeSet<usize>,
}

impl Evaluator<'_> {
    /// What is seen of a rule over a submission; `None` when it is not in force.
    pub(crate) fn watch<'s>(&'s self, submission: &'s Submission, rule: &'s Rule) -> Option<Seen> {
        let current = self.current(rule)?;
        let mut seen = Seen::default();
        let Some(test) = current.test else {
            return Some(seen);
        };
        let mut machine = self.machine(submission);
        machine.notebook = Some(Notebook::default());
        let rows = match &rule.subjects {
            None => None,
            Some(subjects) => {
                let found = find_subjects(&mut machine, subjects);
                look(
                    &mut machine,
                    &mut seen,
                    (Asked::For, &subjects.rows),
                    &[],
                    &Rows::one(),
                );
                match found {
                    Found::Rows(table, rows, _) if !rows.is_empty() => Some((table, rows)),
                    _ => return Some(seen),
                }
            }
        };
        let lets: Vec<&'s Expr> = test.lets.iter().map(|(_, e)| e).collect();
        let mut asked = rows
            .as_ref()
            .map_or_else(Rows::one, |(_, r)| Rows::of(r.len()));
        machine.notebook = Some(Notebook::default());
        machine.begin(lets.clone(), rows);
        if let Some(when) = &test.when {
            let truths = machine.run(when).into_bools();
            look(&mut machine, &mut seen, (Asked::When, when), &lets, &asked);
            asked = asked.narrowed(|i| truths.get(i) == Some(&truth::TRUE));
        }
        if let Some(require) = test.require.as_ref().filter(|_| asked.is_any()) {
            machine.run(require);
            look(
                &mut machine,
                &mut seen,
                (Asked::Require, require),
                &lets,
                &asked,
            );
        }
        Some(seen)
    }
}

/// Looks through what was noted of an expression; its own notes are then cleared for the next.
fn look<'s>(
    machine: &mut Machine<'s>,
    seen: &mut Seen,
    (asked, expr): (Asked, &'s Expr),
    lets: &[&'s Expr],
    rows: &Rows,
) {
    let mut notebook = machine.notebook.take().unwrap_or_default();
    let mut walk = Walk {
        machine,
        notebook: &notebook,
        lets,
        seen,
    };
    walk.node((asked, MAIN), &expr.root, rows);
    notebook.retain(|(no, _), _| *no != MAIN);
    machine.notebook = Some(notebook);
}

/// The rows of a level for which something is asked.
#[derive(Clone)]
struct Rows {
    /// Of each level the row outside each row; the outermost has one row.
    parents: Vec<Rc<Vec<usize>>>,
    asked: Vec<bool>,
}

impl Rows {
    /// The submission.
    fn one() -> Self {
        Rows {
            parents: vec![Rc::new(vec![0])],
            asked: vec![true],
        }
    }

    /// So many rows of a rule.
    fn of(n: usize) -> Self {
        Rows {
            parents: vec![Rc::new(vec![0]), Rc::new(vec![0; n])],
            asked: vec![true; n],
        }
    }

    fn is_any(&self) -> bool {
        self.asked.contains(&true)
    }

    fn level(&self) -> LevelNo {
        self.parents.len().saturating_sub(1)
    }

    fn narrowed(&self, keep: impl Fn(usize) -> bool) -> Self {
        let asked = self.asked.iter().enumerate();
        Rows {
            parents: self.parents.clone(),
            asked: asked.map(|(i, asked)| *asked && keep(i)).collect(),
        }
    }

    /// The rows of an outer level that stand around those asked for.
    fn out_to(&self, level: LevelNo) -> Self {
        let mut rows = self.clone();
        while rows.level() > level {
            let Some(parent) = rows.parents.pop() else {
                break;
            };
            let mut outer = vec![false; rows.parents.last().map_or(1, |p| p.len())];
            for (row, asked) in parent.iter().zip(&rows.asked) {
                if let Some(slot) = outer.get_mut(*row) {
                    *slot |= *asked;
                }
            }
            rows.asked = outer;
        }
        rows
    }

    /// The items of an iteration over these rows, as rows of the level `item`.
    fn items(&self, item: LevelNo, frame: &Level) -> Self {
        let mut parents = self.parents.clone();
        while parents.len() < item {
            parents.push(Rc::new((0..self.asked.len()).collect()));
        }
        let asked = |row: &usize| self.asked.get(*row).copied().unwrap_or(false);
        let parent: Vec<usize> = (0..frame.len).map(|row| frame.parent(row)).collect();
        let asked = parent.iter().map(asked).collect();
        parents.push(Rc::new(parent));
        Rows { parents, asked }
    }

    /// The row of an outer level around a row.
    fn around(&self, row: usize, level: LevelNo) -> usize {
        let inner = self.parents.iter().skip(level + 1).rev();
        inner.fold(row, |row, parent| parent.get(row).copied().unwrap_or(0))
    }
}

struct Walk<'w, 's> {
    machine: &'w Machine<'s>,
    notebook: &'w Notebook,
    lets: &'w [&'s Expr],
    seen: &'w mut Seen,
}

/// An expression, and the number under which it is noted.
type Of = (Asked, usize);

impl Walk<'_, '_> {
    /// Notes which way a piece goes for the rows for which it is asked, and so do its parts.
    fn node(&mut self, of: Of, node: &Node, rows: &Rows) {
        let rows = &rows.out_to(node.level);
        let Some(noted) = self
            .notebook
            .get(&(of.1, node.id))
            .filter(|_| rows.is_any())
        else {
            return;
        };
        if let Vector::Bools(truths) = &noted.value {
            self.record(of, node, truths, rows);
        }
        match &node.kind {
            Kind::And(a, b) => self.pair(of, (a, b), truth::FALSE, rows),
            Kind::Or(a, b) => self.pair(of, (a, b), truth::TRUE, rows),
            Kind::If(test, yes, no) => {
                self.node(of, test, rows);
                let truths = self.truths(of.1, test, rows);
                let is = |i: usize, t: u8| truths.get(i) == Some(&t);
                self.node(of, yes, &rows.narrowed(|i| is(i, truth::TRUE)));
                self.node(of, no, &rows.narrowed(|i| !is(i, truth::TRUE)));
            }
            Kind::Filter(iteration) | Kind::Quantified(_, iteration) | Kind::For(iteration) => {
                self.node(of, &iteration.list, rows);
                let Some(frame) = &noted.frame else { return };
                let items = rows.items(iteration.item, frame);
                self.node(of, &iteration.body, &items);
                self.joined(of, iteration, rows, frame.len);
            }
            Kind::Let(index) => {
                if let Some(named) = self.lets.get(*index) {
                    self.node((Asked::Let(*index), *index), &named.root, rows);
                }
            }
            Kind::Param(param) => {
                self.seen.params.insert(*param);
            }
            _ => {
                for part in node.parts() {
                    self.node(of, part, rows);
                }
            }
        }
    }

    /// The second side is asked where the first does not decide.
    fn pair(&mut self, of: Of, (a, b): (&Node, &Node), decides: u8, rows: &Rows) {
        self.node(of, a, rows);
        let truths = self.truths(of.1, a, rows);
        self.node(of, b, &rows.narrowed(|i| truths.get(i) != Some(&decides)));
    }

    fn record(&mut self, of: Of, node: &Node, truths: &[u8], rows: &Rows) {
        let mut seen = Truths::default();
        for (i, _) in rows.asked.iter().enumerate().filter(|(_, asked)| **asked) {
            match truths.get(if truths.len() == 1 { 0 } else { i }) {
                Some(&truth::TRUE) => seen.yes = true,
                Some(&truth::FALSE) => seen.no = true,
                Some(&truth::NULL) => seen.null = true,
                _ => {}
            }
        }
        self.add(of, node, seen);
    }

    fn add(&mut self, of: Of, node: &Node, seen: Truths) {
        let slot = self.seen.truths.entry((of.0, node.id)).or_default();
        slot.add(seen);
    }

    /// What a piece was for each of some rows.
    fn truths(&self, no: usize, node: &Node, rows: &Rows) -> Vec<u8> {
        let Some(Vector::Bools(truths)) = self.notebook.get(&(no, node.id)).map(|n| &n.value)
        else {
            return Vec::new();
        };
        let of_row = |row: usize| {
            let at = if truths.len() == 1 {
                0
            } else {
                rows.around(row, node.level)
            };
            truths.get(at).copied().unwrap_or(truth::NULL)
        };
        (0..rows.asked.len()).map(of_row).collect()
    }

    /// Of the rows that an index left out a test of the filter is not true.
    fn joined(&mut self, of: Of, iteration: &Iteration, rows: &Rows, kept: usize) {
        let Some(join) = &iteration.join else { return };
        if self.notebook.contains_key(&(of.1, iteration.list.id)) {
            return;
        }
        let all = self
            .machine
            .rows(join.table)
            .map_or(0, crate::table::Rows::len);
        if all.saturating_mul(rows.asked.len()) > kept {
            self.left_out(of, &iteration.body, (join, iteration.item));
        }
    }

    fn left_out(&mut self, of: Of, node: &Node, join: (&Join, LevelNo)) {
        let no = Truths {
            no: true,
            ..Truths::default()
        };
        match &node.kind {
            Kind::And(a, b) => {
                self.add(of, node, no);
                self.left_out(of, a, join);
                self.left_out(of, b, join);
            }
            Kind::Compare(BinaryOp::Equal, a, b) if joins(a, join) || joins(b, join) => {
                self.add(of, node, no);
            }
            _ => {}
        }
    }
}

/// Whether a piece is a field of the item by which rows are joined.
fn joins(node: &Node, (join, item): (&Join, LevelNo)) -> bool {
    match &node.kind {
        Kind::Field(of, table, field) => {
            matches!(of.kind, Kind::Var(level) if level == item)
                && *table == join.table
                && join.fields.contains(field)
        }
        _ => false,
    }
}
