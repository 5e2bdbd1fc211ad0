//! What expressions are evaluated against besides a submission: reference tables of one fiscal year, parameters, texts.

use std::sync::{Arc, OnceLock};

use super::vector::{NULL_ID, Num, UNKNOWN_ID, Vector, is_unknown_at, truth};
use crate::hash::Map;
use crate::schema::{Schema, TableId};
use crate::table::{Column, Data, Rows, State, Texts};
use crate::value::{Decimal, Value};

/// The reference tables and parameters of one fiscal year.
#[derive(Debug, Default)]
pub struct World {
    /// The fiscal year, where there is one.
    pub(crate) year: Option<i64>,
    /// The texts of the reference tables.
    pub(crate) texts: Texts,
    /// A reference table for each table of the schema, by its number less that of the submission's tables.
    pub(crate) references: Vec<Visible>,
    /// The values of the parameters; `Null` for one that is off.
    pub(crate) params: Vec<Value>,
    /// For each parameter the place in an office file that set it, if one did.
    pub(crate) set_at: Vec<Option<String>>,
    /// Parameters below which counts are printed nowhere.
    pub(crate) suppress: Vec<(String, Decimal)>,
}

/// A reference table with the rows that are in force.
#[derive(Debug, Clone)]
pub(crate) struct Visible {
    pub(crate) rows: Arc<Rows>,
    /// The rows that are in force in the year, in order.
    pub(crate) in_force: Vec<u32>,
    /// The columns, each built when it is first asked for.
    pub(crate) columns: Vec<OnceLock<Arc<Vector>>>,
    /// Those rows by key.
    index: Map<Vec<Key>, u32>,
}

/// A value as a key of a hash index.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Id(u32),
    Num(Decimal),
    Bool(u8),
    /// `null`, which equals `null`.
    Null,
}

impl Key {
    /// The key for the value at `i`; `None` for one that is unknown or `null`.
    pub(crate) fn of(v: &Vector, i: usize) -> Option<Key> {
        match v {
            Vector::Nums(v) => match v.at(i) {
                Num::Known(x) => Some(Key::Num(x.normalize())),
                _ => None,
            },
            Vector::Texts(v) | Vector::Rows(_, v) => v
                .get(if v.len() == 1 { 0 } else { i })
                .filter(|id| **id != NULL_ID && **id != UNKNOWN_ID)
                .map(|id| Key::Id(*id)),
            Vector::Bools(v) => v
                .get(if v.len() == 1 { 0 } else { i })
                .filter(|b| **b == truth::TRUE || **b == truth::FALSE)
                .map(|b| Key::Bool(*b)),
            Vector::Lists(_) => None,
        }
    }

    /// The key for the value at `i`, `null` included; `None` for one that is unknown.
    pub(crate) fn at(v: &Vector, i: usize) -> Option<Key> {
        Key::of(v, i).or_else(|| (!is_unknown_at(v, i)).then_some(Key::Null))
    }

    /// The key for a cell with a value.
    fn of_cell(column: Option<&Column>, row: usize) -> Option<Key> {
        let column = column?;
        if column.state(row) != State::Value {
            return None;
        }
        Some(match &column.data {
            Data::Nums(nums) => Key::Num(nums.get(row).normalize()),
            Data::Bools(bools) => Key::Bool(truth::of(*bools.get(row)?)),
            Data::Texts(ids) => Key::Id(*ids.get(row)?),
        })
    }
}

impl Visible {
    /// The rows of a reference table that are in force in `year`, indexed by the table's key. Without a year, all are.
    pub(crate) fn new(
        schema: &Schema,
        table: TableId,
        rows: Arc<Rows>,
        year: Option<i64>,
    ) -> Visible {
        let reference = schema
            .tables
            .get(table)
            .and_then(|t| t.reference.clone())
            .unwrap_or_default();
        let column = |field: usize| rows.columns.get(field).and_then(Option::as_ref);
        let bound = |field: usize, row: usize| match Key::of_cell(column(field), row) {
            Some(Key::Num(x)) => Some(x),
            _ => None,
        };
        let counts = |row: usize| match (reference.dated, year.map(Decimal::from)) {
            (Some((from, until)), Some(year)) => {
                bound(from, row).is_none_or(|from| from <= year)
                    && bound(until, row).is_none_or(|until| year <= until)
            }
            _ => true,
        };
        let in_force: Vec<u32> = (0..rows.len())
            .filter(|&row| counts(row))
            .filter_map(|row| u32::try_from(row).ok())
            .collect();
        let mut index =
            Map::with_capacity_and_hasher(in_force.len(), foldhash::fast::RandomState::default());
        for &row in &in_force {
            let key: Option<Vec<Key>> = reference
                .key
                .iter()
                .map(|&field| Key::of_cell(column(field), usize::try_from(row).ok()?))
                .collect();
            if let Some(key) = key {
                index.insert(key, row);
            }
        }
        Visible {
            columns: rows.columns.iter().map(|_| OnceLock::new()).collect(),
            rows,
            in_force,
            index,
        }
    }

    /// The row of a key.
    pub(crate) fn find(&self, key: &[Key]) -> Option<u32> {
        self.index.get(key).copied()
    }
}
