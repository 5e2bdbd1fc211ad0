//! The cells that a repair may change, and a submission with some of them changed.

use crate::hash::Map;
use crate::schema::{FieldId, Schema, TableId};
use crate::submission::Submission;
use crate::table::{Column, Data, Nums, State};
use crate::value::Decimal;

use super::Wish;
use super::form::Var;

/// A cell of which the amount may be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) table: TableId,
    pub(super) row: usize,
    pub(super) field: FieldId,
    /// Its rows are added up: to change it is to spend more or less.
    pub(super) is_line: bool,
}

/// All of them, with the amounts that they hold and the bounds of these.
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub(super) all: Vec<Cell>,
    pub(super) held: Vec<Decimal>,
    pub(super) bounds: Vec<(Decimal, Option<Decimal>)>,
    columns: Map<(TableId, FieldId), Vec<Option<Var>>>,
}

impl Cells {
    /// The cells of a submission that may be changed: stated figures first, then lines, in the order of their rows.
    pub(super) fn of(schema: &Schema, submission: &Submission, wish: &Wish) -> Cells {
        let mut columns: Vec<(bool, TableId, FieldId)> = Vec::new();
        for (table, of) in schema.submission_tables().iter().enumerate() {
            let fields = of.fields.iter().enumerate();
            let fields = fields.filter(|(_, field)| of.may_repair(field));
            columns.extend(fields.map(|(id, field)| (field.total, table, id)));
        }
        columns.sort_unstable();
        let mut cells = Cells::default();
        for (is_line, table, field) in columns {
            cells.add_column(schema, submission, wish, (is_line, table, field));
        }
        cells
    }

    fn add_column(
        &mut self,
        schema: &Schema,
        submission: &Submission,
        wish: &Wish,
        (is_line, table, field): (bool, TableId, FieldId),
    ) {
        let Some((of, rows)) = schema.tables.get(table).zip(submission.table(table)) else {
            return;
        };
        let Some(declared) = of.fields.get(field).filter(|_| rows.has_column(field)) else {
            return;
        };
        let mut vars = vec![None; rows.len()];
        for (row, var) in vars.iter_mut().enumerate() {
            let held = rows.number(row, field);
            let Some(held) = held.filter(|_| rows.state(row, field) == State::Value) else {
                continue;
            };
            if !wish.allows(schema, submission, (table, row)) {
                continue;
            }
            *var = Some(self.all.len());
            self.all.push(Cell {
                table,
                row,
                field,
                is_line,
            });
            let most = declared.max.map(|max| max.max(held));
            self.bounds.push((declared.lowest().min(held), most));
            self.held.push(held);
        }
        self.columns.insert((table, field), vars);
    }

    /// Whether some cell of a column may be changed.
    pub(super) fn has_column(&self, table: TableId, field: FieldId) -> bool {
        self.columns.contains_key(&(table, field))
    }

    /// The number of a cell, if it may be changed.
    pub(super) fn var(&self, table: TableId, field: FieldId, row: usize) -> Option<Var> {
        *self.columns.get(&(table, field))?.get(row)?
    }

    /// The submission with the cells holding these amounts.
    pub(super) fn apply(&self, submission: &Submission, amounts: &[Decimal]) -> Submission {
        let mut changed = submission.clone();
        let mut of_column: Map<(TableId, FieldId), Vec<(usize, Decimal)>> = Map::default();
        for ((cell, held), amount) in self.all.iter().zip(&self.held).zip(amounts) {
            if held != amount {
                let column = of_column.entry((cell.table, cell.field)).or_default();
                column.push((cell.row, *amount));
            }
        }
        for cell in &self.all {
            if let Some(new) = of_column.remove(&(cell.table, cell.field)) {
                set(&mut changed, cell, &new);
            }
        }
        changed
    }
}

/// Puts amounts into a column.
fn set(submission: &mut Submission, of: &Cell, new: &[(usize, Decimal)]) {
    let rows = submission.tables.get_mut(of.table);
    let column = rows.and_then(|rows| rows.columns.get_mut(of.field));
    let Some(Column {
        data: Data::Nums(nums),
        states,
    }) = column.and_then(Option::as_mut)
    else {
        return;
    };
    let mut amounts: Vec<Decimal> = (0..nums.len()).map(|i| nums.get(i)).collect();
    for (row, amount) in new {
        if let Some((slot, state)) = amounts.get_mut(*row).zip(states.get_mut(*row)) {
            *slot = *amount;
            *state = State::Value;
        }
    }
    *nums = amounts.into_iter().collect::<Nums>();
}

/// A submission in which one cell holds an amount that it did not hold.
pub(super) fn filled(submission: &Submission, cell: &Cell, amount: Decimal) -> Submission {
    let mut filled = submission.clone();
    set(&mut filled, cell, &[(cell.row, amount)]);
    filled
}

impl Cells {
    /// One cell that holds an amount on trial.
    pub(super) fn alone(cell: Cell, held: Decimal, most: Option<Decimal>) -> Cells {
        let mut vars = vec![None; cell.row + 1];
        if let Some(slot) = vars.get_mut(cell.row) {
            *slot = Some(0);
        }
        Cells {
            columns: std::iter::once(((cell.table, cell.field), vars)).collect(),
            held: vec![held],
            bounds: vec![(held, most)],
            all: vec![cell],
        }
    }
}
