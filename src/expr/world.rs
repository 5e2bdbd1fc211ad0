//! What expressions are evaluated against besides a submission: reference tables of one fiscal year, parameters, texts.

use std::sync::{Arc, OnceLock};

use super::vector::{NULL_ID, Num, UNKNOWN_ID, Vector, is_unknown_at, truth};
use crate::hash::Map;
use crate::schema::{FieldId, Schema, TableId};
use crate::table::{Column, Data, Rows, State, Texts, Vintage};
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
    /// Which parts of the key may be blank in a row.
    optional: Vec<bool>,
    /// For rows that take what they leave blank from another: that other.
    behind: Map<u32, u32>,
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

    /// The key for a cell: `null` for a blank one, `None` for one that cannot be known.
    fn of_cell(column: Option<&Column>, row: usize) -> Option<Key> {
        let Some(column) = column else {
            return Some(Key::Null);
        };
        match column.state(row) {
            State::Value => {}
            State::Blank => return Some(Key::Null),
            _ => return None,
        }
        Some(match &column.data {
            Data::Nums(nums) => Key::Num(nums.get(row).normalize()),
            Data::Bools(bools) => Key::Bool(truth::of(*bools.get(row)?)),
            Data::Texts(ids) => Key::Id(*ids.get(row)?),
        })
    }
}

impl Visible {
    /// The rows of a reference table that are in force in `year`, of each key the latest vintage, indexed by the table's key.
    pub(crate) fn new(
        schema: &Schema,
        table: TableId,
        rows: &Arc<Rows>,
        texts: &Texts,
        year: i64,
    ) -> Visible {
        let t = schema.tables.get(table);
        let reference = t.and_then(|t| t.reference.clone()).unwrap_or_default();
        let column = |field: usize| rows.columns.get(field).and_then(Option::as_ref);
        let bound = |field: usize, row: usize| match Key::of_cell(column(field), row) {
            Some(Key::Num(x)) => Some(x),
            _ => None,
        };
        let year = Decimal::from(year);
        let counts = |row: usize| {
            reference.dated.is_none_or(|(from, until)| {
                bound(from, row).is_none_or(|from| from <= year)
                    && bound(until, row).is_none_or(|until| year <= until)
            })
        };
        let key_of = |row: usize| -> Option<Vec<Key>> {
            let fields = reference.key.iter();
            fields.map(|&f| Key::of_cell(column(f), row)).collect()
        };
        let mut in_force: Vec<usize> = (0..rows.len()).filter(|&row| counts(row)).collect();
        if let Some(fields) = reference.vintage {
            in_force = latest(in_force, key_of, |row| rows.vintage(row, fields, texts));
        }
        let in_force = in_force.into_iter();
        let in_force: Vec<u32> = in_force.filter_map(|row| u32::try_from(row).ok()).collect();
        let mut index =
            Map::with_capacity_and_hasher(in_force.len(), foldhash::fast::RandomState::default());
        for &row in &in_force {
            let key = usize::try_from(row).ok().and_then(key_of);
            if let Some(key) = key {
                index.insert(key, row);
            }
        }
        let may_be_blank =
            |f: &usize| t.is_some_and(|t| t.fields.get(*f).is_some_and(|f| !f.required));
        let mut visible = Visible {
            columns: rows.columns.iter().map(|_| OnceLock::new()).collect(),
            optional: reference.key.iter().map(may_be_blank).collect(),
            rows: Arc::clone(rows),
            in_force,
            index,
            behind: Map::default(),
        };
        if visible.optional.contains(&true) {
            visible.fill(&reference.key, texts);
        }
        visible
    }

    /// The row of a key; where none has it, the one that leaves blank what of the key may be blank.
    pub(crate) fn find(&self, key: &[Key]) -> Option<u32> {
        let exact = self.index.get(key).copied();
        exact.or_else(|| self.index.get(&self.general(key)?).copied())
    }

    /// A key with blanks where it may have them; `None` for one that has them already.
    fn general(&self, key: &[Key]) -> Option<Vec<Key>> {
        let parts = key.iter().zip(&self.optional);
        let general: Vec<Key> = parts
            .map(|(part, optional)| if *optional { Key::Null } else { part.clone() })
            .collect();
        (general != key).then_some(general)
    }

    /// The row from which a row takes what it leaves blank.
    pub(crate) fn behind(&self, row: u32) -> Option<u32> {
        self.behind.get(&row).copied()
    }

    /// Lets each row take what it leaves blank from the row that leaves blank what of the key may be blank.
    fn fill(&mut self, key: &[FieldId], texts: &Texts) {
        let others = self.index.iter();
        self.behind = others
            .filter_map(|(key, row)| Some((*row, *self.index.get(&self.general(key)?)?)))
            .collect();
        if self.behind.is_empty() {
            return;
        }
        let mut known = texts.clone();
        let mut rows = Rows::clone(&self.rows);
        for (field, slot) in rows.columns.iter_mut().enumerate() {
            if let Some(column) = slot.as_mut().filter(|_| !key.contains(&field)) {
                self.fill_column(field, column, &mut known);
            }
        }
        self.rows = Arc::new(rows);
    }

    fn fill_column(&self, field: FieldId, column: &mut Column, texts: &mut Texts) {
        let known = texts.clone();
        let mut full = column.emptied();
        for row in 0..self.rows.len() {
            let behind = u32::try_from(row).ok().and_then(|row| self.behind(row));
            let behind = behind.and_then(|row| usize::try_from(row).ok());
            let blank = column.state(row) == State::Blank;
            let from = behind.filter(|_| blank).unwrap_or(row);
            full.push(&self.rows.cell(from, field, &known), texts);
        }
        *column = full;
    }
}

/// Of the rows of one key the one of the latest vintage, in their order.
fn latest(
    rows: Vec<usize>,
    key_of: impl Fn(usize) -> Option<Vec<Key>>,
    vintage_of: impl Fn(usize) -> Vintage,
) -> Vec<usize> {
    let mut best: Map<Vec<Key>, (Vintage, usize)> = Map::default();
    for &row in &rows {
        let Some(key) = key_of(row) else { continue };
        let vintage = vintage_of(row);
        let held = best.entry(key).or_insert((vintage, row));
        if vintage >= held.0 {
            *held = (vintage, row);
        }
    }
    let is_latest = |row: &usize| {
        key_of(*row).is_none_or(|key| best.get(&key).is_none_or(|(_, chosen)| chosen == row))
    };
    rows.into_iter().filter(is_latest).collect()
}
