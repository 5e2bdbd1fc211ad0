//! What expressions are evaluated against besides a submission: reference tables of one fiscal year, parameters, texts.

use std::sync::{Arc, Mutex, OnceLock};

use regex::Regex;

use super::cells::Index;
use super::pattern;
use super::texts::Phrases;
use super::vector::{NULL_ID, Num, UNKNOWN_ID, Vector, truth};
use crate::hash::Map;
use crate::schema::{FieldId, Schema, TableId};
use crate::table::{Column, Data, Nums, Rows, State, Texts, Values, Vintage};
use crate::value::{Decimal, Value};

/// How many sets of words to be sought in texts, and how many patterns, are kept; those that a submission writes itself could be
/// many.
const MOST_KEPT: usize = 32;

/// The reference tables and parameters of one fiscal year.
#[derive(Debug, Default)]
pub struct World {
    /// The fiscal year, where there is one.
    pub(crate) year: Option<i64>,
    /// The texts of the reference tables.
    pub(crate) texts: Arc<Texts>,
    /// A reference table for each table of the schema, by its number less that of the submission's tables.
    pub(crate) references: Vec<Arc<Visible>>,
    /// The values of the parameters; `Null` for one that is off.
    pub(crate) params: Vec<Value>,
    /// The same as they are worked with, of those that were asked for, where their texts are among those here.
    pub(crate) constants: Vec<OnceLock<Vector>>,
    /// For each parameter the place in an office file that set it, if one did.
    pub(crate) set_at: Vec<Option<String>>,
    /// Parameters below which counts are printed nowhere.
    pub(crate) suppress: Vec<(String, Decimal)>,
    /// Words that are sought in texts, for every submission.
    pub(crate) phrases: Mutex<Map<Vec<String>, Arc<Phrases>>>,
    /// Patterns with their flags as they are compiled, for every submission; `None` of those that cannot be.
    pub(crate) patterns: Mutex<Map<[String; 2], Option<Arc<Regex>>>>,
}

impl World {
    /// Words to be sought in texts.
    pub(super) fn phrases(&self, words: Vec<String>) -> Arc<Phrases> {
        let new = |words: &[String]| Arc::new(Phrases::new(words.iter().map(String::as_str)));
        match self.phrases.lock() {
            Ok(mut held) => match held.get(&words) {
                Some(phrases) => Arc::clone(phrases),
                None if held.len() >= MOST_KEPT => new(&words),
                None => Arc::clone(held.entry(words).or_insert_with_key(|words| new(words))),
            },
            Err(_) => new(&words),
        }
    }
}

impl World {
    /// A pattern that texts are held against; `None` when it cannot be taken or is too large.
    pub(super) fn pattern(&self, pattern: &str, flags: &str) -> Option<Arc<Regex>> {
        let new = || pattern::compile(pattern, flags).map(Arc::new);
        let Ok(mut held) = self.patterns.lock() else {
            return new();
        };
        let key = [pattern.to_owned(), flags.to_owned()];
        match held.get(&key) {
            Some(compiled) => compiled.clone(),
            None if held.len() >= MOST_KEPT => new(),
            None => held.entry(key).or_insert_with(new).clone(),
        }
    }
}

/// A reference table with the rows that are in force.
#[derive(Debug, Clone)]
pub(crate) struct Visible {
    pub(crate) rows: Arc<Rows>,
    /// The rows that are in force in the year, in order.
    pub(crate) in_force: Values<u32>,
    /// The columns, each built when it is first asked for.
    pub(crate) columns: Vec<OnceLock<Arc<Vector>>>,
    /// Those rows by the values of some fields, for every submission: each is built when it is first asked for, but for the
    /// index of the key, where every row has one.
    pub(super) indexes: Arc<Mutex<Map<Vec<FieldId>, Arc<Index>>>>,
    /// Those rows by key.
    by_key: Arc<Index>,
    /// Which parts of the key may be blank in a row.
    optional: Vec<bool>,
    /// For rows that take what they leave blank from another: that other.
    behind: Map<u32, u32>,
}

/// A value as a key of a hash index: two values of one type are equal when their keys are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(i128);

impl Key {
    /// `null`, which equals `null`.
    pub(crate) const NULL: Key = Key(i128::MAX);
    /// A value that is not known.
    pub(crate) const UNKNOWN: Key = Key(i128::MAX - 1);

    /// A number without zeros at its end, with its decimal places, which are fewer than 32.
    fn number(x: Decimal) -> Key {
        let x = x.normalize();
        Key(x.mantissa() * 32 + i128::from(x.scale()))
    }

    /// The same for a number times ten to the power of `scale`.
    fn scaled(mut x: i64, mut scale: u32) -> Key {
        while scale > 0 && x % 10 == 0 {
            (x, scale) = (x / 10, scale - 1);
        }
        Key(i128::from(x) * 32 + i128::from(scale))
    }

    fn id(id: u32) -> Key {
        match id {
            NULL_ID => Key::NULL,
            UNKNOWN_ID => Key::UNKNOWN,
            id => Key(i128::from(id)),
        }
    }

    fn truth(t: u8) -> Key {
        match t {
            truth::NULL => Key::NULL,
            truth::UNKNOWN => Key::UNKNOWN,
            t => Key(i128::from(t)),
        }
    }

    /// How many keys are told apart by their last bits.
    pub(super) const SLOTS: usize = 64;

    /// The last bits.
    pub(super) fn slot(self) -> usize {
        usize::try_from(self.0 & 63).unwrap_or(0)
    }

    /// The keys of the values for `n` rows.
    pub(crate) fn all(v: &Vector, n: usize) -> Vec<Key> {
        let keys: Vec<Key> = match v {
            Vector::Nums(v) => match &v.lows {
                Nums::Int { v: lows, scale } if v.all_known() => {
                    lows.iter().map(|x| Key::scaled(*x, *scale)).collect()
                }
                _ => (0..v.len()).map(|i| Key::of_num(v.at(i))).collect(),
            },
            Vector::Texts(ids) | Vector::Rows(_, ids) => {
                ids.iter().map(|id| Key::id(*id)).collect()
            }
            Vector::Bools(bools) => bools.iter().map(|t| Key::truth(*t)).collect(),
            // No field holds lists.
            Vector::Lists(lists) => vec![Key::UNKNOWN; lists.len()],
        };
        match keys.as_slice() {
            [one] => vec![*one; n],
            _ => keys,
        }
    }

    fn of_num(x: Num) -> Key {
        match x {
            Num::Known(x) => Key::number(x),
            Num::Null => Key::NULL,
            Num::Between(..) | Num::Unknown => Key::UNKNOWN,
        }
    }

    /// The keys for the cells of a column, of which some may not be known.
    fn of_column(column: Option<&Column>, rows: usize) -> Vec<Key> {
        match column.map(|column| (&column.data, column.is_whole())) {
            Some((Data::Texts(ids), true)) => ids.iter().map(|id| Key::id(*id)).collect(),
            _ => (0..rows)
                .map(|row| Key::of_cell(column, row).unwrap_or(Key::UNKNOWN))
                .collect(),
        }
    }

    /// The key for a cell: `null` for a blank one, `None` for one that cannot be known.
    fn of_cell(column: Option<&Column>, row: usize) -> Option<Key> {
        let Some(column) = column else {
            return Some(Key::NULL);
        };
        match column.state(row) {
            State::Value => {}
            State::Blank => return Some(Key::NULL),
            _ => return None,
        }
        Some(match &column.data {
            Data::Nums(nums) => Key::number(nums.get(row)),
            Data::Bools(bools) => Key::truth(truth::of(*bools.get(row)?)),
            Data::Texts(ids) => Key::id(*ids.get(row)?),
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
        let bound = |field: usize, row: usize| {
            let column = column(field).filter(|c| c.state(row) == State::Value)?;
            match &column.data {
                Data::Nums(nums) => Some(nums.get(row)),
                _ => None,
            }
        };
        let year = Decimal::from(year);
        let counts = |row: usize| {
            reference.dated.is_none_or(|(from, until)| {
                bound(from, row).is_none_or(|from| from <= year)
                    && bound(until, row).is_none_or(|until| year <= until)
            })
        };
        let keys = reference.key.iter();
        let keys: Vec<Vec<Key>> = keys
            .map(|&field| Key::of_column(column(field), rows.len()))
            .collect();
        let mut in_force: Vec<usize> = (0..rows.len()).filter(|&row| counts(row)).collect();
        if let Some(fields) = reference.vintage {
            in_force = latest(in_force, &keys, |row| rows.vintage(row, fields, texts));
        }
        let in_force = in_force.into_iter();
        let in_force: Values<u32> = in_force.filter_map(|row| u32::try_from(row).ok()).collect();
        let may_be_blank =
            |f: &usize| t.is_some_and(|t| t.fields.get(*f).is_some_and(|f| !f.required));
        let optional: Vec<bool> = reference.key.iter().map(may_be_blank).collect();
        let is_filled = optional.contains(&true);
        let by_key = Arc::new(Index::new(keys, &in_force));
        // A blank key is one of its own here; to an expression it is a value that is not known.
        let is_whole = |field: &usize| column(*field).is_some_and(Column::is_whole);
        let has_all_keys = reference.key.iter().all(is_whole);
        let indexes = has_all_keys.then(|| (reference.key.clone(), Arc::clone(&by_key)));
        let mut visible = Visible {
            columns: rows.columns.iter().map(|_| OnceLock::new()).collect(),
            indexes: Arc::new(Mutex::new(indexes.into_iter().collect())),
            optional,
            rows: Arc::clone(rows),
            by_key,
            in_force: in_force.shared(),
            behind: Map::default(),
        };
        if is_filled {
            visible.fill(&reference.key, texts);
        }
        visible
    }

    /// The row of a key; where none has it, the one that leaves blank what of the key may be blank.
    pub(crate) fn find(&self, key: &[Key]) -> Option<u32> {
        let exact = self.by_key.last(key);
        exact.or_else(|| self.by_key.last(&self.general(key)?))
    }

    /// Whether no row can have a key: it is blank where no row may be.
    pub(crate) fn rules_out(&self, key: &[Key]) -> bool {
        let mut parts = key.iter().zip(&self.optional);
        parts.any(|(part, optional)| *part == Key::NULL && !optional)
    }

    /// A key with blanks where it may have them; `None` for one that has them already.
    fn general(&self, key: &[Key]) -> Option<Vec<Key>> {
        let parts = key.iter().zip(&self.optional);
        let general: Vec<Key> = parts
            .map(|(part, optional)| if *optional { Key::NULL } else { *part })
            .collect();
        (general != key).then_some(general)
    }

    /// The row from which a row takes what it leaves blank.
    pub(crate) fn behind(&self, row: u32) -> Option<u32> {
        self.behind.get(&row).copied()
    }

    /// Lets each row take what it leaves blank from the row that leaves blank what of the key may be blank.
    fn fill(&mut self, key: &[FieldId], texts: &Texts) {
        let others = self.in_force.iter();
        self.behind = others
            .filter_map(|row| {
                let key = self.by_key.key_of(*row)?;
                Some((*row, self.by_key.last(&self.general(&key)?)?))
            })
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
    keys: &[Vec<Key>],
    vintage_of: impl Fn(usize) -> Vintage,
) -> Vec<usize> {
    let key_of = |row: usize| -> Option<Vec<Key>> {
        let known = |keys: &Vec<Key>| keys.get(row).copied().filter(|key| *key != Key::UNKNOWN);
        keys.iter().map(known).collect()
    };
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

#[cfg(test)]
mod tests {
    use super::super::vector::NumVec;
    use super::*;

    #[test]
    fn a_number_has_one_key_however_it_is_held() {
        let numbers =
            [(150, 2), (-25, 1), (300, 0), (0, 3)].map(|(x, places)| Decimal::new(x, places));
        let integers = Vector::Nums(NumVec::known(numbers.into_iter().collect()));
        let decimals = numbers.map(Num::Known).into_iter().chain([Num::Null]);
        let decimals = Key::all(&Vector::Nums(decimals.collect()), 5);
        assert_eq!(Key::all(&integers, 4), decimals[..4]);
        assert_eq!(decimals[4], Key::NULL);
    }
}
