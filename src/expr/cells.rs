//! Where expressions meet the data: columns with what stands in for blanks, rows by their values, lookups.

use std::sync::{Arc, OnceLock};

use super::eval::Machine;
use super::tree::{Join, Ty};
use super::vector::{
    ListVec, NULL_ID, Num, NumVec, UNKNOWN_ID, Vector, is_unknown_at, joint_len, keep_items, truth,
};
use super::world::{Key, Visible};
use crate::hash::Map;
use crate::schema::{Field, FieldId, Otherwise, TableId};
use crate::table::{Data, Rows, State};
use crate::value::{Decimal, Type};

/// Rows of a table by the values of some fields, shared by all rules.
pub(super) struct Index {
    pub(super) by_value: Map<Vec<Key>, Vec<u32>>,
    /// Rows in which one of the values is not known.
    pub(super) unknown: Vec<u32>,
}

impl Index {
    /// The first row that has the key at `i`; `null` when none has, unknown when another may come before it.
    fn first(&self, keys: &Vector, i: usize) -> u32 {
        let Some(key) = Key::at(keys, i) else {
            return UNKNOWN_ID;
        };
        if key == Key::Null {
            return NULL_ID;
        }
        let found = self
            .by_value
            .get(std::slice::from_ref(&key))
            .and_then(|rows| rows.first());
        match (found, self.unknown.first()) {
            (Some(row), Some(unknown)) if unknown < row => UNKNOWN_ID,
            (Some(row), _) => *row,
            (None, Some(_)) => UNKNOWN_ID,
            (None, None) => NULL_ID,
        }
    }
}

impl<'a> Machine<'a> {
    /// The rows of a table, of the submission or of reference.
    pub(crate) fn rows(&self, table: TableId) -> Option<&'a Rows> {
        self.submission
            .table(table)
            .or_else(|| self.visible(table).map(|v| &*v.rows))
    }

    /// The row from which a row of a reference table takes what it leaves blank.
    pub(crate) fn behind(&self, table: TableId, row: u32) -> Option<u32> {
        self.visible(table)?.behind(row)
    }

    fn visible(&self, table: TableId) -> Option<&'a Visible> {
        table
            .checked_sub(self.schema.submission)
            .and_then(|at| self.world.references.get(at))
    }

    fn field_of(&self, table: TableId, field: FieldId) -> Option<&'a Field> {
        self.schema
            .tables
            .get(table)
            .and_then(|t| t.fields.get(field))
    }

    /// All rows of a table, as one list; unknown when the table is required and absent or empty.
    pub(super) fn table(&self, table: TableId) -> ListVec {
        if let Some(visible) = self.visible(table) {
            return rows_list(table, visible.in_force.clone());
        }
        let (n, lost) = self
            .submission
            .table(table)
            .map_or((0, false), |rows| (rows.len(), rows.lost));
        let rows = (0..u32::try_from(n).unwrap_or(0)).collect();
        let mut list = rows_list(table, rows);
        if n == 0 && (lost || self.schema.tables.get(table).is_some_and(|t| t.required)) {
            list.states = Some(vec![truth::UNKNOWN]);
        }
        list
    }

    /// A field of rows, or of the rows of lists (whose cells that are not applicable are left out).
    pub(super) fn field(&mut self, of: Vector, table: TableId, field: FieldId) -> Vector {
        match of {
            Vector::Rows(_, rows) => self.cells(table, field, &rows),
            Vector::Lists(mut list) => {
                let rows = match &*list.items {
                    Vector::Rows(_, rows) => rows.clone(),
                    other => vec![NULL_ID; other.len()],
                };
                list.items = Box::new(self.cells(table, field, &rows));
                if self
                    .field_of(table, field)
                    .is_some_and(|f| f.not_applicable)
                {
                    let keep = |k: &usize| {
                        !self.is_marked(table, field, rows.get(*k), State::NotApplicable)
                    };
                    list = keep_items(&list, &keep);
                }
                Vector::Lists(list)
            }
            other => {
                let ty = Ty::of_field(self.schema, table, field);
                Self::missing(&ty, other.len(), false)
            }
        }
    }

    /// The values of a field in the given rows.
    fn cells(&mut self, table: TableId, field: FieldId, rows: &[u32]) -> Vector {
        let column = self.column(table, field);
        let all = rows.len() == column.len() && rows.iter().zip(0..).all(|(&row, at)| row == at);
        if all {
            return (*column).clone();
        }
        let at: Vec<usize> = rows
            .iter()
            .map(|&row| usize::try_from(row).unwrap_or(usize::MAX))
            .collect();
        let mut values = column.gather(&at);
        if rows.contains(&UNKNOWN_ID) || rows.contains(&NULL_ID) {
            let ty = Ty::of_field(self.schema, table, field);
            let pool = Vector::concat(&[
                values,
                Self::missing(&ty, 1, false),
                Self::missing(&ty, 1, true),
            ]);
            let n = rows.len();
            let pick: Vec<usize> = rows
                .iter()
                .enumerate()
                .map(|(i, row)| match *row {
                    NULL_ID => n,
                    UNKNOWN_ID => n + 1,
                    _ => i,
                })
                .collect();
            values = pool.gather(&pick);
        }
        values
    }

    /// A whole column, with what stands in for blanks.
    fn column(&mut self, table: TableId, field: FieldId) -> Arc<Vector> {
        if let Some(column) = self.columns.get(&(table, field)) {
            return Arc::clone(column);
        }
        let shared = self.shared_column(table, field);
        let column = match shared.and_then(OnceLock::get) {
            Some(column) => Arc::clone(column),
            None => {
                let column = Arc::new(self.build_column(table, field));
                if let Some(slot) = shared {
                    slot.get_or_init(|| Arc::clone(&column));
                }
                column
            }
        };
        self.columns.insert((table, field), Arc::clone(&column));
        column
    }

    /// Where the world keeps a column of a reference table, which is the same for every submission.
    fn shared_column(&self, table: TableId, field: FieldId) -> Option<&'a OnceLock<Arc<Vector>>> {
        self.field_of(table, field)
            .filter(|f| f.otherwise.is_none())?;
        self.visible(table)?.columns.get(field)
    }

    fn build_column(&mut self, table: TableId, field: FieldId) -> Vector {
        let Some((rows, f)) = self.rows(table).zip(self.field_of(table, field)) else {
            return Vector::Bools(Vec::new());
        };
        let own = self.own_column(rows, table, field, f);
        let blank = |row: usize| rows.state(row, field) == State::Blank;
        let Some(otherwise) = f.otherwise.filter(|_| (0..rows.len()).any(blank)) else {
            return own;
        };
        let n = rows.len();
        let other = match otherwise {
            Otherwise::Row if f.ty.is_numeric() => Vector::Nums(
                rows.numbers
                    .iter()
                    .map(|&r| Num::Known(Decimal::from(r)))
                    .collect(),
            ),
            Otherwise::Row => Vector::Texts(
                rows.numbers
                    .iter()
                    .map(|r| self.intern(&r.to_string()))
                    .collect(),
            ),
            Otherwise::Plan(other) => {
                let plan = self.schema.table("plan").unwrap_or(0);
                let there = self
                    .submission
                    .table(plan)
                    .is_some_and(|rows| !rows.is_empty());
                self.cells(plan, other, &[if there { 0 } else { UNKNOWN_ID }])
                    .expand(n)
            }
            Otherwise::Joined {
                table: joined,
                field: other,
                by,
            } => {
                let keys = self.column(table, by);
                let rows = self.join_rows(joined, &keys, n);
                self.cells(joined, other, &rows)
            }
        };
        let pick: Vec<usize> = (0..n).map(|i| if blank(i) { n + i } else { i }).collect();
        Vector::concat(&[own, other]).gather(&pick)
    }

    /// For each key the one row of a table that has it; `null` when none has, unknown when that cannot be told.
    fn join_rows(&mut self, table: TableId, keys: &Vector, n: usize) -> Vec<u32> {
        let Some(key) = self
            .schema
            .tables
            .get(table)
            .and_then(crate::schema::Table::key)
        else {
            return vec![NULL_ID; n];
        };
        if self.table(table).states.is_some() {
            return vec![UNKNOWN_ID; n];
        }
        let index = self.index(table, &[key]);
        (0..n).map(|i| index.first(keys, i)).collect()
    }

    /// A column as it was written: blanks of required fields, suppressed and unreadable cells are unknown within the
    /// field's bounds, other blanks and cells that are not applicable are `null`.
    fn own_column(&mut self, rows: &Rows, table: TableId, field: FieldId, f: &Field) -> Vector {
        let n = rows.len();
        let is_reference = table >= self.schema.submission;
        let ty = Ty::of_field(self.schema, table, field);
        let Some(column) = rows.columns.get(field).and_then(Option::as_ref) else {
            return Self::unknown_cells(&ty, f, n);
        };
        let gap = |state: State| match state {
            State::Value => None,
            State::Blank => Some(f.required),
            State::NotApplicable => Some(false),
            State::Suppressed | State::Unreadable => Some(true),
        };
        let odd = column.states.iter().any(|s| *s != State::Value);
        match &column.data {
            Data::Texts(ids) => {
                let id = |(id, state): (&u32, &State)| match gap(*state) {
                    Some(true) => UNKNOWN_ID,
                    Some(false) => NULL_ID,
                    None if is_reference => *id,
                    None => self.own_text(*id),
                };
                Vector::Texts(ids.iter().zip(&column.states).map(id).collect())
            }
            Data::Bools(bools) => {
                let bool = |(b, state): (&bool, &State)| match gap(*state) {
                    Some(unknown) => {
                        if unknown {
                            truth::UNKNOWN
                        } else {
                            truth::NULL
                        }
                    }
                    None => truth::of(*b),
                };
                Vector::Bools(bools.iter().zip(&column.states).map(bool).collect())
            }
            Data::Nums(nums) if !odd => Vector::Nums(NumVec::known(nums.clone())),
            Data::Nums(nums) => {
                let number = |(i, state): (usize, &State)| match gap(*state) {
                    Some(true) => unknown_number(f),
                    Some(false) => Num::Null,
                    None => Num::Known(nums.get(i)),
                };
                Vector::Nums(column.states.iter().enumerate().map(number).collect())
            }
        }
    }

    /// The cells of a column that is not there.
    fn unknown_cells(ty: &Ty, f: &Field, n: usize) -> Vector {
        if f.required && ty.is_numeric() {
            return Vector::Nums(std::iter::repeat_n(unknown_number(f), n).collect());
        }
        Self::missing(ty, n, f.required)
    }

    pub(super) fn index(&mut self, table: TableId, fields: &[FieldId]) -> Arc<Index> {
        if let Some(index) = self.indexes.get(&(table, fields.to_vec())) {
            return Arc::clone(index);
        }
        let columns: Vec<Arc<Vector>> = fields.iter().map(|f| self.column(table, *f)).collect();
        let rows: Vec<u32> = match self.visible(table) {
            Some(visible) => visible.in_force.clone(),
            None => {
                let n = columns.first().map_or(0, |c| c.len());
                (0..u32::try_from(n).unwrap_or(0)).collect()
            }
        };
        let mut index = Index {
            by_value: Map::with_capacity_and_hasher(
                rows.len(),
                foldhash::fast::RandomState::default(),
            ),
            unknown: Vec::new(),
        };
        for row in rows {
            let at = usize::try_from(row).unwrap_or(usize::MAX);
            match columns
                .iter()
                .map(|c| Key::at(c, at))
                .collect::<Option<Vec<Key>>>()
            {
                Some(key) => index.by_value.entry(key).or_default().push(row),
                None => index.unknown.push(row),
            }
        }
        let index = Arc::new(index);
        self.indexes
            .insert((table, fields.to_vec()), Arc::clone(&index));
        index
    }

    /// For each row the rows of the table whose fields equal the row's values, or may.
    pub(super) fn joined(&mut self, join: &'a Join, n: usize) -> ListVec {
        let values: Vec<Vector> = join.values.iter().map(|v| self.eval(v)).collect();
        let index = self.index(join.table, &join.fields);
        let all = self.table(join.table);
        let everything: Vec<u32> = match &*all.items {
            Vector::Rows(_, rows) => rows.clone(),
            _ => Vec::new(),
        };
        let (mut offsets, mut rows) = (Vec::with_capacity(n + 1), Vec::with_capacity(n));
        offsets.push(0);
        for i in 0..n {
            let key = values
                .iter()
                .map(|v| Key::at(v, i))
                .collect::<Option<Vec<Key>>>();
            match key {
                None => rows.extend_from_slice(&everything),
                Some(key) => {
                    let first = rows.len();
                    rows.extend_from_slice(index.by_value.get(&key).map_or(&[], Vec::as_slice));
                    if !index.unknown.is_empty() {
                        rows.extend_from_slice(&index.unknown);
                        rows.get_mut(first..).unwrap_or_default().sort_unstable();
                    }
                }
            }
            offsets.push(rows.len());
        }
        ListVec {
            offsets,
            items: Box::new(Vector::Rows(join.table, rows)),
            maybe: None,
            states: None,
        }
    }

    /// Whether an index is worth its making: for many rows, or when it is there already.
    pub(super) fn worth_joining(&self, join: &Join, n: usize) -> bool {
        (n > 1
            || self
                .indexes
                .contains_key(&(join.table, join.fields.clone())))
            && self.table(join.table).states.is_none()
    }

    pub(super) fn lookup(&mut self, table: TableId, keys: &[Vector]) -> Vector {
        let n = keys.iter().map(Vector::len).fold(1, joint_len);
        let complete = self
            .schema
            .tables
            .get(table)
            .and_then(|t| t.reference.as_ref())
            .is_some_and(|r| r.complete);
        let visible = self.visible(table);
        let find = |i: usize| {
            if keys.iter().any(|k| is_unknown_at(k, i)) {
                return UNKNOWN_ID;
            }
            let Some(key) = keys
                .iter()
                .map(|k| Key::at(k, i))
                .collect::<Option<Vec<_>>>()
            else {
                return NULL_ID;
            };
            let row = visible.and_then(|v| v.find(&key));
            let answers = complete || key.contains(&Key::Null);
            row.unwrap_or(if answers { NULL_ID } else { UNKNOWN_ID })
        };
        Vector::Rows(table, (0..n).map(find).collect())
    }

    pub(super) fn marked(
        &self,
        row: &Vector,
        table: TableId,
        field: FieldId,
        state: State,
    ) -> Vector {
        let Vector::Rows(_, rows) = row else {
            return Vector::Bools(vec![truth::FALSE; row.len()]);
        };
        let one = |row: &u32| match *row {
            UNKNOWN_ID => truth::UNKNOWN,
            NULL_ID => truth::FALSE,
            _ => truth::of(self.is_marked(table, field, Some(row), state)),
        };
        Vector::Bools(rows.iter().map(one).collect())
    }

    /// Whether a cell of the table is in that state.
    pub(crate) fn is_marked(
        &self,
        table: TableId,
        field: FieldId,
        row: Option<&u32>,
        state: State,
    ) -> bool {
        let at = row.and_then(|row| usize::try_from(*row).ok());
        self.rows(table)
            .zip(at)
            .is_some_and(|(rows, at)| at < rows.len() && rows.state(at, field) == state)
    }

    /// The row of another table from which a blank cell of `table` takes its value, by the key in its field `by`.
    pub(crate) fn joined_row(
        &self,
        table: TableId,
        joined: TableId,
        by: FieldId,
        row: usize,
    ) -> Option<u32> {
        let key = self
            .schema
            .tables
            .get(joined)
            .and_then(crate::schema::Table::key)?;
        let keys = self.columns.get(&(table, by))?;
        let index = self.indexes.get(&(joined, vec![key]))?;
        Some(index.first(keys, row)).filter(|row| *row != NULL_ID && *row != UNKNOWN_ID)
    }

    /// Whether a cell of the submission holds a count so small that it is printed nowhere.
    pub(crate) fn is_small_count(&self, table: TableId, row: usize, field: FieldId) -> bool {
        let Some(name) = self
            .field_of(table, field)
            .and_then(|f| f.suppress.as_deref())
        else {
            return false;
        };
        let threshold = self
            .world
            .suppress
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, x)| *x);
        let column = self
            .submission
            .table(table)
            .and_then(|rows| rows.columns.get(field))
            .and_then(Option::as_ref);
        match (threshold, column) {
            (Some(threshold), Some(column)) if column.state(row) == State::Value => {
                match &column.data {
                    Data::Nums(nums) => {
                        let size = nums.get(row).abs();
                        !size.is_zero() && size < threshold
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

fn unknown_number(f: &Field) -> Num {
    if f.ty == Type::Date {
        Num::Unknown
    } else {
        Num::Between(f.lowest(), f.highest())
    }
}

fn rows_list(table: TableId, rows: Vec<u32>) -> ListVec {
    ListVec {
        offsets: vec![0, rows.len()],
        items: Box::new(Vector::Rows(table, rows)),
        maybe: None,
        states: None,
    }
}
