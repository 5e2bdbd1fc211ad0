//! Where the value of a cell stands that is left blank because another table says it.

use super::key::Key;
use crate::hash::Map;
use crate::schema::{FieldId, Otherwise, Schema, TableId};
use crate::submission::Submission;
use crate::table::State;

/// Where the value of a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// In the cell of that table, row and field.
    Cell(TableId, usize, FieldId),
    /// Nowhere.
    Nowhere,
    /// That cannot be told.
    Unknown,
}

/// The cells of one field, each taken from where its value stands.
pub(super) struct Resolver<'a> {
    plan: &'a Submission,
    table: TableId,
    field: FieldId,
    otherwise: Option<Otherwise>,
    plan_table: Option<TableId>,
    /// The rows of the other table by its key; `None` where that table cannot be read.
    index: Option<Map<Key<'a>, usize>>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        schema: &Schema,
        plan: &'a Submission,
        table: TableId,
        field: FieldId,
    ) -> Self {
        let of = schema.tables.get(table).and_then(|t| t.fields.get(field));
        let otherwise = of.and_then(|field| field.otherwise);
        let index = match otherwise {
            Some(Otherwise::Joined { table, .. }) => index(schema, plan, table),
            _ => None,
        };
        Resolver {
            plan,
            table,
            field,
            otherwise,
            plan_table: schema.table("plan"),
            index,
        }
    }

    /// Where the value of a row's cell stands.
    pub(super) fn at(&self, row: usize) -> At {
        let Some(rows) = self.plan.table(self.table) else {
            return At::Nowhere;
        };
        if rows.state(row, self.field) != State::Blank {
            return At::Cell(self.table, row, self.field);
        }
        match self.otherwise {
            Some(Otherwise::Plan(field)) => self.of_plan(field),
            Some(Otherwise::Joined { table, field, by }) => {
                match (Key::of(rows, row, by, &self.plan.texts), &self.index) {
                    (key, Some(index)) if key.is_value() => index
                        .get(&key)
                        .map_or(At::Nowhere, |&other| At::Cell(table, other, field)),
                    (Key::Blank | Key::NotApplicable, _) => At::Nowhere,
                    _ => At::Unknown,
                }
            }
            Some(Otherwise::Row) | None => At::Nowhere,
        }
    }

    fn of_plan(&self, field: FieldId) -> At {
        let there = self.plan_table.and_then(|table| {
            let rows = self.plan.table(table)?;
            (!rows.is_empty()).then_some(At::Cell(table, 0, field))
        });
        there.unwrap_or(At::Unknown)
    }
}

fn index<'a>(schema: &Schema, plan: &'a Submission, table: TableId) -> Option<Map<Key<'a>, usize>> {
    let key = schema.tables.get(table)?.key()?;
    let rows = plan.table(table)?;
    if rows.lost || rows.is_absent() {
        return None;
    }
    let mut index = Map::default();
    for row in 0..rows.len() {
        index
            .entry(Key::of(rows, row, key, &plan.texts))
            .or_insert(row);
    }
    Some(index)
}
