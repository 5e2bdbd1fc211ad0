//! Where expressions meet the data: columns with what stands in for blanks, rows by their values, lookups.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::ast::BinaryOp;
use super::eval::Machine;
use super::tree::{Join, Kind, LevelNo, Node, Ty};
use super::vector::{
    ListVec, NULL_ID, Num, NumVec, UNKNOWN_ID, Vector, joint_len, keep_items, truth,
};
use super::world::{Key, Visible};
use crate::schema::{Field, FieldId, Otherwise, TableId};
use crate::table::{Data, Rows, State, Texts, Values};
use crate::value::{Decimal, Type};

/// Rows of a table by the values of some fields, shared by all rules.
#[derive(Debug, Clone)]
pub(super) struct Index {
    /// Of each field the keys of all rows.
    keys: Vec<Vec<Key>>,
    /// Of the rows that have the same values the first and the last.
    groups: HashTable<(u32, u32)>,
    hasher: foldhash::fast::FixedState,
    /// For each row the first that has the same values.
    first: Vec<u32>,
    /// For each row the next that has the same values.
    next: Vec<u32>,
    /// Rows in which one of the values is not known.
    unknown: Vec<u32>,
}

impl Index {
    pub(super) fn new(keys: Vec<Vec<Key>>, rows: &[u32]) -> Self {
        let n = keys.first().map_or(0, Vec::len);
        let mut index = Index {
            first: vec![NULL_ID; n],
            next: vec![NULL_ID; n],
            keys,
            groups: HashTable::with_capacity(rows.len()),
            hasher: foldhash::fast::FixedState::default(),
            unknown: Vec::new(),
        };
        rows.iter().for_each(|&row| index.add(row));
        index
    }

    fn add(&mut self, row: u32) {
        let (keys, hasher, at) = (&self.keys, &self.hasher, place(row));
        if is_unknown(keys, at) {
            return self.unknown.push(row);
        }
        let is_same = |group: &(u32, u32)| same_keys(keys, place(group.0), keys, at);
        let hash_of = |group: &(u32, u32)| hash(hasher, keys, place(group.0));
        let first = match self.groups.entry(hash(hasher, keys, at), is_same, hash_of) {
            Entry::Vacant(free) => {
                free.insert((row, row));
                row
            }
            Entry::Occupied(mut held) => {
                let (first, last) = held.get_mut();
                if let Some(next) = self.next.get_mut(place(*last)) {
                    *next = row;
                }
                *last = row;
                *first
            }
        };
        if let Some(slot) = self.first.get_mut(at) {
            *slot = first;
        }
    }

    /// The rows that have the keys at `i`, in order.
    fn rows(&self, keys: &[Vec<Key>], i: usize) -> impl Iterator<Item = u32> {
        let is_same = |group: &(u32, u32)| same_keys(&self.keys, place(group.0), keys, i);
        let group = self.groups.find(hash(&self.hasher, keys, i), is_same);
        self.rows_from(group.map(|group| group.0))
    }

    /// The last row that has a key.
    pub(super) fn last(&self, key: &[Key]) -> Option<u32> {
        let is_same = |group: &(u32, u32)| {
            let parts = self.keys.iter().map(|keys| keys.get(place(group.0)));
            parts.eq(key.iter().map(Some))
        };
        let hash = hash_of(&self.hasher, key.iter());
        self.groups.find(hash, is_same).map(|group| group.1)
    }

    /// The key of a row; `None` where it is not known, or the row is not there.
    pub(super) fn key_of(&self, row: u32) -> Option<Vec<Key>> {
        let parts = self.keys.iter().map(|keys| keys.get(place(row)).copied());
        let key: Option<Vec<Key>> = parts.collect();
        key.filter(|key| !key.contains(&Key::UNKNOWN))
    }

    /// The rows that have the same keys as row `i` of the table itself, in order.
    fn rows_like(&self, i: usize) -> impl Iterator<Item = u32> {
        let first = self.first.get(i).copied();
        self.rows_from(first.filter(|row| *row != NULL_ID))
    }

    fn rows_from(&self, first: Option<u32>) -> impl Iterator<Item = u32> {
        let next = |row: &u32| {
            let next = self.next.get(place(*row)).copied();
            next.filter(|row| *row != NULL_ID)
        };
        std::iter::successors(first, next)
    }

    /// The first row that has the key at `i`; `null` when none has, unknown when another may come before it.
    fn first(&self, keys: &[Vec<Key>], i: usize) -> u32 {
        match keys.first().and_then(|keys| keys.get(i)) {
            None | Some(&Key::UNKNOWN) => return UNKNOWN_ID,
            Some(&Key::NULL) => return NULL_ID,
            Some(_) => {}
        }
        match (self.rows(keys, i).next(), self.unknown.first()) {
            (Some(row), Some(unknown)) if *unknown < row => UNKNOWN_ID,
            (Some(row), _) => row,
            (None, Some(_)) => UNKNOWN_ID,
            (None, None) => NULL_ID,
        }
    }
}

/// The rows that were found last, a few of them, by their keys: what is looked up comes again and again.
struct Known([(Key, u32); Key::SLOTS]);

impl Default for Known {
    fn default() -> Self {
        // What is not known is found nowhere.
        Known([(Key::UNKNOWN, UNKNOWN_ID); Key::SLOTS])
    }
}

impl Known {
    /// The row of a key, which is sought unless it is known.
    fn get(&mut self, key: Key, seek: impl FnOnce() -> u32) -> u32 {
        if key == Key::UNKNOWN {
            return UNKNOWN_ID;
        }
        let Some(known) = self.0.get_mut(key.slot()) else {
            return seek();
        };
        if known.0 != key {
            *known = (key, seek());
        }
        known.1
    }
}

fn hash(hasher: &foldhash::fast::FixedState, keys: &[Vec<Key>], i: usize) -> u64 {
    hash_of(hasher, keys.iter().filter_map(|keys| keys.get(i)))
}

fn hash_of<'k>(hasher: &foldhash::fast::FixedState, key: impl Iterator<Item = &'k Key>) -> u64 {
    let mut hasher = hasher.build_hasher();
    key.for_each(|key| key.hash(&mut hasher));
    hasher.finish()
}

fn same_keys(a: &[Vec<Key>], i: usize, b: &[Vec<Key>], j: usize) -> bool {
    let mut pairs = a.iter().zip(b);
    pairs.all(|(a, b)| a.get(i) == b.get(j))
}

/// Whether one of the keys at `i` is not known.
fn is_unknown(keys: &[Vec<Key>], i: usize) -> bool {
    keys.iter().any(|keys| keys.get(i) == Some(&Key::UNKNOWN))
}

/// Whether rows are the first ones of their table, in order.
fn is_counted(rows: &[u32]) -> bool {
    // Without a branch, several rows are compared at once.
    let places = rows.iter().zip(0..u32::MAX);
    places.fold(0, |apart, (&row, at)| apart | (row ^ at)) == 0
}

fn place(row: u32) -> usize {
    usize::try_from(row).unwrap_or(usize::MAX)
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
            .map(|visible| &**visible)
    }

    fn field_of(&self, table: TableId, field: FieldId) -> Option<&'a Field> {
        self.schema
            .tables
            .get(table)
            .and_then(|t| t.fields.get(field))
    }

    /// All rows of a table, as one list; unknown when the table is required and absent or empty.
    pub(super) fn table(&mut self, table: TableId) -> ListVec {
        let rows = self.rows_of(table);
        self.all_of(table, Vector::Rows(table, rows))
    }

    /// What stands for all rows of a table, as one list.
    fn all_of(&self, table: TableId, items: Vector) -> ListVec {
        let is_missing = self.is_missing(table);
        ListVec {
            offsets: vec![0, items.len()],
            items: Box::new(items),
            maybe: None,
            states: is_missing.then_some(Values::One(truth::UNKNOWN)),
        }
    }

    /// All rows of a table that count.
    fn rows_of(&mut self, table: TableId) -> Values<u32> {
        match self.visible(table) {
            Some(visible) => visible.in_force.clone(),
            None => {
                let rows = self.submission.table(table);
                self.counted(rows.map_or(0, Rows::len))
            }
        }
    }

    /// Whether a table of the submission is absent or empty, and should not be.
    fn is_missing(&self, table: TableId) -> bool {
        if self.visible(table).is_some() {
            return false;
        }
        let (n, lost) = self
            .submission
            .table(table)
            .map_or((0, false), |rows| (rows.len(), rows.lost));
        n == 0 && (lost || self.schema.tables.get(table).is_some_and(|t| t.required))
    }

    /// The states of a column in which a cell is not applicable.
    pub(crate) fn not_applicable(&self, table: TableId, field: FieldId) -> Option<&'a [State]> {
        let states = &self.rows(table)?.columns.get(field)?.as_ref()?.states;
        let is_marked = |state| state == State::NotApplicable;
        State::any(states, is_marked).then_some(states.as_slice())
    }

    /// A field of rows, or of the rows of lists (whose cells that are not applicable are left out).
    pub(super) fn field(&mut self, of: Vector, table: TableId, field: FieldId) -> Vector {
        match of {
            Vector::Rows(_, rows) => self.cells(table, field, &rows),
            Vector::Lists(mut list) => {
                let items = std::mem::replace(&mut *list.items, Vector::Bools(Values::new()));
                let rows = match items {
                    Vector::Rows(_, rows) => rows,
                    other => Values::repeat(NULL_ID, other.len()),
                };
                *list.items = self.cells(table, field, &rows);
                let may_be_marked = self.field_of(table, field);
                let states = may_be_marked
                    .filter(|f| f.not_applicable)
                    .and_then(|_| self.not_applicable(table, field));
                if let Some(states) = states {
                    list = keep_items(&list, |k| !is_not_applicable(states, rows.get(*k)));
                }
                Vector::Lists(list)
            }
            other => {
                let ty = Ty::of_field(self.schema, table, field);
                Self::missing(&ty, other.len(), false)
            }
        }
    }

    /// A field of the rows of a level.
    pub(super) fn cells_of_level(
        &mut self,
        level: LevelNo,
        table: TableId,
        field: FieldId,
    ) -> Vector {
        if let Some(one) = self.one_text(level, table, field) {
            return one;
        }
        let column = self.column(table, field);
        match self.levels.get(level).map(|level| &level.items) {
            Some(Vector::Rows(_, rows)) => self.cells_in(&column, table, field, rows),
            Some(other) => self.field(other.clone(), table, field),
            None => Vector::Bools(Values::new()),
        }
    }

    /// A field of all rows of a table of the submission, as one list; `None` where cells are left out, or stand for others.
    pub(super) fn cells_of_table(&mut self, table: TableId, field: FieldId) -> Option<ListVec> {
        if self.visible(table).is_some() || self.not_applicable(table, field).is_some() {
            return None;
        }
        let (n, column) = (self.rows(table)?.len(), self.column(table, field));
        (column.len() == n).then(|| self.all_of(table, (*column).clone()))
    }

    /// The column of a field, where the rows of a level are all rows of its table, and more than one.
    pub(super) fn whole_column(
        &mut self,
        level: LevelNo,
        table: TableId,
        field: FieldId,
    ) -> Option<Arc<Vector>> {
        let Vector::Rows(_, rows) = &self.levels.get(level)?.items else {
            return None;
        };
        if rows.len() < 2 || rows.len() != self.rows(table)?.len() || !is_counted(rows) {
            return None;
        }
        let column = self.column(table, field);
        let n = self.levels.get(level)?.items.len();
        (column.len() == n).then_some(column)
    }

    /// For a test whether cells of the rows of the innermost level are `null`: its truth, told by what each cell is; `None` where that
    /// takes their values, or evidence is noted.
    pub(super) fn null_cells(&self, node: &Node) -> Option<Values<u8>> {
        let (level, table, field) = node.tests_for_null()?;
        let f = self.field_of(table, field)?;
        let is_of_reference = table >= self.schema.submission;
        if self.notebook.is_some() || is_of_reference || f.otherwise.is_some() {
            return None;
        }
        let Vector::Rows(_, rows) = &self.levels.get(level)?.items else {
            return None;
        };
        let states = &self.rows(table)?.columns.get(field)?.as_ref()?.states;
        let [null, not_null] = match node.kind {
            Kind::Compare(BinaryOp::Equal, ..) => [truth::TRUE, truth::FALSE],
            _ => [truth::FALSE, truth::TRUE],
        };
        let one = |row: &u32| match *row {
            NULL_ID => null,
            UNKNOWN_ID => truth::UNKNOWN,
            row => match states.get(place(row)).map(|state| gap(*state, f)) {
                Some(Some(true)) => truth::UNKNOWN,
                Some(None) => not_null,
                Some(Some(false)) | None => null,
            },
        };
        Some(rows.iter().map(one).collect())
    }

    /// The text of the only row of a level, where no other row's is asked for.
    fn one_text(&mut self, level: LevelNo, table: TableId, field: FieldId) -> Option<Vector> {
        let Vector::Rows(_, Values::One(row)) = &self.levels.get(level)?.items else {
            return None;
        };
        let (rows, row) = (self.submission.table(table)?, place(*row));
        let Data::Texts(ids) = &rows.columns.get(field)?.as_ref()?.data else {
            return None;
        };
        let is_alone = ids.get(row) == Some(&Texts::AS_WRITTEN);
        if !is_alone || rows.state(row, field) != State::Value {
            return None;
        }
        let id = self.intern(rows.raw(row, field));
        Some(Vector::Texts(Values::One(id)))
    }

    /// The values of a field in the given rows.
    fn cells(&mut self, table: TableId, field: FieldId, rows: &[u32]) -> Vector {
        let column = self.column(table, field);
        self.cells_in(&column, table, field, rows)
    }

    fn cells_in(&self, column: &Vector, table: TableId, field: FieldId, rows: &[u32]) -> Vector {
        if rows.len() == column.len() && is_counted(rows) {
            return column.clone();
        }
        let mut values = column.gather(rows);
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
                let mut column = self.build_column(table, field);
                column.share();
                let column = Arc::new(column);
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
            return Vector::Bools(Values::new());
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
        if self.is_missing(table) {
            return vec![UNKNOWN_ID; n];
        }
        let index = self.index(table, &[key]);
        let keys = [Key::all(keys, n)];
        (0..n).map(|i| index.first(&keys, i)).collect()
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
        let gap = |state: State| gap(state, f);
        let odd = !column.is_whole();
        match &column.data {
            Data::Texts(ids) => {
                let id = |(row, (id, state)): (usize, (&u32, &State))| match gap(*state) {
                    Some(true) => UNKNOWN_ID,
                    Some(false) => NULL_ID,
                    None if is_reference => *id,
                    None if *id == Texts::AS_WRITTEN => self.intern(rows.raw(row, field)),
                    None => self.own_text(*id),
                };
                let cells = ids.iter().zip(&column.states).enumerate();
                Vector::Texts(cells.map(id).collect())
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
            Data::Nums(nums) if column.states.iter().all(|s| gap(*s) != Some(true)) => {
                let is_null = column.states.iter().map(|s| gap(*s).is_some());
                Vector::Nums(NumVec::with_nulls(nums.clone(), is_null))
            }
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
        let index = match self.shared_index(table, fields) {
            Some(index) => index,
            None => {
                let index = Arc::new(self.build_index(table, fields));
                self.share_index(table, fields, &index);
                index
            }
        };
        self.indexes
            .insert((table, fields.to_vec()), Arc::clone(&index));
        index
    }

    fn build_index(&mut self, table: TableId, fields: &[FieldId]) -> Index {
        let columns: Vec<Arc<Vector>> = fields.iter().map(|f| self.column(table, *f)).collect();
        let rows = match self.visible(table) {
            Some(visible) => visible.in_force.clone(),
            None => self.counted(columns.first().map_or(0, |c| c.len())),
        };
        let keys = columns.iter().map(|c| Key::all(c, c.len())).collect();
        Index::new(keys, &rows)
    }

    /// An index of a reference table that the world keeps already.
    fn shared_index(&self, table: TableId, fields: &[FieldId]) -> Option<Arc<Index>> {
        let held = self.visible(table)?.indexes.lock().ok()?;
        held.get(fields).map(Arc::clone)
    }

    /// Lets the world keep an index of a reference table, where it is the same for every submission.
    fn share_index(&self, table: TableId, fields: &[FieldId], index: &Arc<Index>) {
        let mut all = fields.iter();
        let is_shared = all.all(|field| self.shared_column(table, *field).is_some());
        let visible = self.visible(table).filter(|_| is_shared);
        if let Some(Ok(mut held)) = visible.map(|visible| visible.indexes.lock()) {
            held.insert(fields.to_vec(), Arc::clone(index));
        }
    }

    /// For each row the rows of the table whose fields equal the row's values, or may; and whether all surely do.
    pub(super) fn joined(&mut self, join: &'a Join, n: usize) -> (ListVec, bool) {
        let values: Vec<Vector> = join.values.iter().map(|v| self.eval(v)).collect();
        let index = self.index(join.table, &join.fields);
        let (mut offsets, mut rows) = (Vec::with_capacity(n + 1), Vec::with_capacity(n));
        // The rows of a table that is joined with itself have their keys already.
        let is_own = index.first.len() == n && self.are_columns(join, &values);
        let keys: Cow<'_, [Vec<Key>]> = if is_own {
            Cow::Borrowed(&index.keys)
        } else {
            Cow::Owned(values.iter().map(|v| Key::all(v, n)).collect())
        };
        let mut sure = index.unknown.is_empty();
        offsets.push(0);
        for i in 0..n {
            let first = rows.len();
            if is_unknown(&keys, i) {
                rows.extend(self.rows_of(join.table));
                sure = false;
            } else {
                if is_own {
                    rows.extend(index.rows_like(i));
                } else {
                    rows.extend(index.rows(&keys, i));
                }
                if !index.unknown.is_empty() {
                    rows.extend_from_slice(&index.unknown);
                    rows.get_mut(first..).unwrap_or_default().sort_unstable();
                }
            }
            offsets.push(rows.len());
        }
        let lists = ListVec {
            offsets,
            items: Box::new(Vector::Rows(join.table, rows.into())),
            maybe: None,
            states: None,
        };
        (lists, sure)
    }

    /// Whether values are those of the fields that are joined by, in all rows of a table of the submission.
    fn are_columns(&mut self, join: &Join, values: &[Vector]) -> bool {
        join.table < self.schema.submission
            && (join.fields.iter().zip(values))
                .all(|(field, values)| *self.column(join.table, *field) == *values)
    }

    /// Whether an index is worth its making: for many rows, for all submissions, or when it is there already.
    pub(super) fn worth_joining(&self, join: &Join, n: usize) -> bool {
        (n > 1
            || self.visible(join.table).is_some()
            || self
                .indexes
                .contains_key(&(join.table, join.fields.clone())))
            && !self.is_missing(join.table)
    }

    /// The rows that a cell of each row of the innermost level looks up, which are found once for all rows of its table; `None`
    /// where something else is looked up, or by few of the rows.
    pub(super) fn lookup_by_cells(&mut self, table: TableId, keys: &[Node]) -> Option<Vector> {
        const MANY: usize = 4;
        let [key] = keys else {
            return None;
        };
        let (level, of, field) = key.cell_of_row()?;
        if self.notebook.is_some() || of >= self.schema.submission {
            return None;
        }
        let sought = (table, of, field);
        let n = self.rows(of).map_or(0, Rows::len);
        let Vector::Rows(_, rows) = &self.levels.get(level)?.items else {
            return None;
        };
        let is_known = self.lookups.contains_key(&sought);
        let is_worth = is_known || rows.len().saturating_mul(MANY) >= n;
        if !is_worth || rows.iter().any(|row| place(*row) >= n) {
            return None;
        }
        if !is_known {
            let column = self.column(of, field);
            let found = self.lookup(table, &[Vector::clone(&column)]);
            self.lookups.insert(sought, found);
        }
        let Vector::Rows(_, rows) = &self.levels.get(level)?.items else {
            return None;
        };
        self.lookups.get(&sought).map(|found| found.gather(rows))
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
        let keys: Vec<Vec<Key>> = keys.iter().map(|k| Key::all(k, n)).collect();
        let find = |key: &[Key]| {
            visible.and_then(|v| v.find(key)).unwrap_or_else(|| {
                let answers = complete || visible.is_none_or(|v| v.rules_out(key));
                if answers { NULL_ID } else { UNKNOWN_ID }
            })
        };
        if let [keys] = keys.as_slice() {
            let mut known = Known::default();
            let row = |key: &Key| known.get(*key, || find(std::slice::from_ref(key)));
            return Vector::Rows(table, keys.iter().map(row).collect());
        }
        let mut key = Vec::with_capacity(keys.len());
        let row = |i: usize| {
            if is_unknown(&keys, i) {
                return UNKNOWN_ID;
            }
            key.clear();
            key.extend(keys.iter().filter_map(|keys| keys.get(i)));
            find(&key)
        };
        Vector::Rows(table, (0..n).map(row).collect())
    }

    pub(super) fn marked(
        &self,
        row: &Vector,
        table: TableId,
        field: FieldId,
        state: State,
    ) -> Vector {
        let Vector::Rows(_, rows) = row else {
            return Vector::Bools(Values::repeat(truth::FALSE, row.len()));
        };
        let one = |row: &u32| match *row {
            UNKNOWN_ID => truth::UNKNOWN,
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
            .is_some_and(|(rows, at)| rows.state(at, field) == state)
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
        let keys = [Key::all(&keys.gather(&[row]), 1)];
        Some(index.first(&keys, 0)).filter(|row| *row != NULL_ID && *row != UNKNOWN_ID)
    }

    /// Whether a field may hold a count so small that it is printed nowhere.
    pub(crate) fn may_be_small_count(&self, table: TableId, field: FieldId) -> bool {
        self.field_of(table, field)
            .is_some_and(|f| f.suppress.is_some())
    }

    /// Whether the submission holds a count so small that it is printed nowhere.
    pub(crate) fn has_small_counts(&self) -> bool {
        *self.has_small_counts.get_or_init(|| {
            let tables = self.schema.submission_tables().iter().enumerate();
            let fields = tables.flat_map(|(table, t)| (0..t.fields.len()).map(move |f| (table, f)));
            let mut counts =
                fields.filter(|(table, field)| self.may_be_small_count(*table, *field));
            counts.any(|(table, field)| {
                let rows = self.rows(table).map_or(0, Rows::len);
                (0..rows).any(|row| self.is_small_count(table, row, field))
            })
        })
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

/// Whether the cell of a row is not applicable, of a column with these states.
pub(crate) fn is_not_applicable(states: &[State], row: Option<&u32>) -> bool {
    row.and_then(|row| states.get(place(*row))) == Some(&State::NotApplicable)
}

/// Whether a cell in which no value stands is unknown, or `null`; `None` where one does.
fn gap(state: State, f: &Field) -> Option<bool> {
    match state {
        State::Value => None,
        State::Blank => Some(f.required),
        State::NotApplicable => Some(false),
        State::Suppressed | State::Unreadable => Some(true),
    }
}

fn unknown_number(f: &Field) -> Num {
    if f.ty == Type::Date {
        Num::Unknown
    } else {
        Num::Between(f.lowest(), f.highest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_of_a_key_is_unknown_where_another_may_come_before_it() {
        let keys = |ids: Vec<u32>| vec![Key::all(&Vector::Texts(ids.into()), 0)];
        let index = Index::new(keys(vec![1, UNKNOWN_ID, 2, 1]), &[0, 1, 2, 3]);
        let sought = keys(vec![1, 2, 3, NULL_ID, UNKNOWN_ID]);
        let found: Vec<u32> = (0..5).map(|i| index.first(&sought, i)).collect();
        assert_eq!(found, [0, UNKNOWN_ID, UNKNOWN_ID, NULL_ID, UNKNOWN_ID]);
        let index = Index::new(keys(vec![1, 2]), &[0, 1]);
        assert_eq!(
            [index.first(&sought, 1), index.first(&sought, 2)],
            [1, NULL_ID]
        );
    }
}
