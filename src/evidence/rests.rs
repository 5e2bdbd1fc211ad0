//! The cells that a piece of an expression rests on.

use super::cells::{Cell, Cells};
use super::{At, Teller};
use crate::expr::Builtin;
use crate::expr::tree::{Iteration, Kind, LevelNo, Node};
use crate::expr::vector::{NULL_ID, UNKNOWN_ID, Vector, truth};
use crate::schema::{FieldId, Otherwise, TableId};
use crate::table::{Rows, State};
use crate::value::Value;

impl<'m, 'a> Teller<'m, 'a> {
    /// The cells that a piece rests on.
    pub(super) fn cells(&self, no: usize, node: &Node, at: &At, found: &mut Cells) {
        match &node.kind {
            Kind::Field(of, table, field) => {
                self.sources((*table, *field), self.rows_of(no, of, at), found);
                self.cells(no, of, at, found);
            }
            Kind::Marked(_, of, table, field) => {
                for row in self.rows_of(no, of, at) {
                    self.add(*table, row, *field, found);
                }
                self.cells(no, of, at, found);
            }
            Kind::Filter(iteration) => {
                self.cells_of_items(no, (node, iteration), at, true, found);
            }
            Kind::Quantified(_, iteration) | Kind::For(iteration) => {
                self.cells_of_items(no, (node, iteration), at, false, found);
            }
            Kind::Call(Builtin::Count, args) => {
                if let Some(Kind::Table(table)) = args.first().map(|a| &a.kind) {
                    for row in self.rows_of(no, args.first().unwrap_or(node), at) {
                        self.add_row(*table, row, found);
                    }
                }
                args.iter().for_each(|a| self.cells(no, a, at, found));
            }
            Kind::Table(table) | Kind::Plan(table) => {
                let empty = self
                    .machine
                    .submission
                    .table(*table)
                    .is_some_and(Rows::is_empty);
                if empty {
                    found.insert(Cell::new(*table, None, None));
                }
            }
            Kind::Let(index) => {
                if let Some(named) = self.lets.get(*index) {
                    self.cells(*index, &named.root, at, found);
                }
            }
            Kind::If(test, yes, no_branch) => {
                self.cells(no, test, at, found);
                let t = self.truth(no, test, at);
                if t == truth::TRUE || t == truth::UNKNOWN {
                    self.cells(no, yes, at, found);
                }
                if t != truth::TRUE {
                    self.cells(no, no_branch, at, found);
                }
            }
            Kind::Assume(value, default) => {
                self.cells(no, value, at, found);
                if self.value(no, value, at) == Value::Null {
                    self.cells(no, default, at, found);
                }
            }
            _ => node
                .parts()
                .for_each(|part| self.cells(no, part, at, found)),
        }
    }

    /// The cells of the items of an iteration, of a filter those that it keeps, and of its list.
    fn cells_of_items(
        &self,
        no: usize,
        (node, iteration): (&Node, &Iteration),
        at: &At,
        is_filter: bool,
        found: &mut Cells,
    ) {
        let (body, item) = (&iteration.body, iteration.item);
        self.outer_cells(no, body, item, at, found);
        let tests = match self.noted(no, body) {
            Some(Vector::Bools(tests)) if is_filter => Some(&**tests),
            Some(_) if is_filter => Some(&[][..]),
            _ => None,
        };
        let is_kept = |place: &At| {
            tests.is_none_or(|tests| {
                let here = place.get(body.level).copied().unwrap_or(0);
                let test = tests.get(if tests.len() == 1 { 0 } else { here });
                matches!(test, Some(&(truth::TRUE | truth::UNKNOWN)))
            })
        };
        let mut fields = Vec::new();
        if body.reads_fields_alone(item, &mut fields) {
            let mut kept = Vec::new();
            self.each_under(no, node, iteration, at, |place| {
                if is_kept(place) {
                    kept.extend(place.get(item));
                }
            });
            for (of, table, field) in fields {
                let rows = match self.noted(no, of) {
                    Some(Vector::Rows(_, rows)) => &**rows,
                    _ => &[],
                };
                let row = |item: &usize| rows.get(if rows.len() == 1 { 0 } else { *item });
                let rows = kept
                    .iter()
                    .filter_map(row)
                    .copied()
                    .filter(|row| is_real(*row));
                self.sources((table, field), rows, found);
            }
        } else {
            self.each_under(no, node, iteration, at, |place| {
                if is_kept(place) {
                    self.cells(no, body, place, found);
                }
            });
        }
        self.cells(no, &iteration.list, at, found);
    }

    /// The cells of the parts of an iteration's body that are the same for every item.
    fn outer_cells(&self, no: usize, body: &Node, item: LevelNo, at: &At, found: &mut Cells) {
        if body.level < item {
            return self.cells(no, body, at, found);
        }
        if !matches!(
            body.kind,
            Kind::Filter(_) | Kind::Quantified(..) | Kind::For(_)
        ) {
            body.parts()
                .for_each(|part| self.outer_cells(no, part, item, at, found));
        }
    }

    /// The rows that a piece stands for: one, or those of a list.
    pub(super) fn rows_of(
        &self,
        no: usize,
        node: &Node,
        at: &At,
    ) -> impl Iterator<Item = u32> + use<'m, 'a> {
        let rows: &'m [u32] = match self.noted(no, node) {
            Some(v @ Vector::Rows(_, rows)) => {
                let here = Self::index(v, node.level, at);
                rows.get(here..=here).unwrap_or_default()
            }
            Some(v @ Vector::Lists(lists)) => match &*lists.items {
                Vector::Rows(_, rows) => {
                    let here = lists.range(Self::index(v, node.level, at));
                    rows.get(here).unwrap_or_default()
                }
                _ => &[],
            },
            // What was not asked stands for none.
            _ => &[],
        };
        rows.iter().copied().filter(|row| is_real(*row))
    }

    fn add(&self, table: TableId, row: u32, field: FieldId, found: &mut Cells) {
        if table < self.machine.schema.submission {
            found.insert(Cell::new(table, usize::try_from(row).ok(), Some(field)));
        }
    }

    fn add_row(&self, table: TableId, row: u32, found: &mut Cells) {
        if table < self.machine.schema.submission {
            found.insert(Cell::new(table, usize::try_from(row).ok(), None));
        }
    }

    /// The cells that a field's values stand in, in some rows.
    fn sources(
        &self,
        (table, field): (TableId, FieldId),
        rows: impl Iterator<Item = u32>,
        found: &mut Cells,
    ) {
        if table >= self.machine.schema.submission {
            return;
        }
        let fields = self.machine.schema.tables.get(table).map(|t| &t.fields);
        let field_of = fields.and_then(|fields| fields.get(field));
        if field_of.is_none_or(|f| f.otherwise.is_some()) {
            rows.for_each(|row| self.source(table, row, field, found));
        } else if self.machine.submission.table(table).is_some() {
            let cell = |row| Cell::new(table, usize::try_from(row).ok(), Some(field));
            found.extend(rows.map(cell));
        }
    }

    /// The cell that a field's value stands in: its own, or the one that stands in for a blank.
    pub(super) fn source(&self, table: TableId, row: u32, field: FieldId, found: &mut Cells) {
        let schema = self.machine.schema;
        let Some(rows) = self.machine.submission.table(table) else {
            return;
        };
        let Some(at) = usize::try_from(row).ok() else {
            return;
        };
        let otherwise = schema
            .tables
            .get(table)
            .and_then(|t| t.fields.get(field))
            .and_then(|f| f.otherwise);
        if rows.state(at, field) != State::Blank {
            return self.add(table, row, field, found);
        }
        match otherwise {
            None => self.add(table, row, field, found),
            Some(Otherwise::Row) => self.add_row(table, row, found),
            Some(Otherwise::Plan(other)) => {
                if let Some(plan) = schema.table("plan") {
                    self.add(plan, 0, other, found);
                }
            }
            Some(Otherwise::Joined {
                table: joined,
                field: other,
                by,
            }) => {
                self.add(table, row, by, found);
                match self.machine.joined_row(table, joined, by, at) {
                    Some(joined_row) => self.add(joined, joined_row, other, found),
                    None => self.add(table, row, field, found),
                }
            }
        }
    }
}

/// Whether a row is one of a table.
fn is_real(row: u32) -> bool {
    row != NULL_ID && row != UNKNOWN_ID
}
