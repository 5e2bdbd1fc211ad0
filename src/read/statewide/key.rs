//! The key of a plan in statewide tables: whose it is, of which year, and which revision.

use std::borrow::Cow;
use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::super::cell::{Read, quoted, read_cell};
use super::super::grid::{Grid, Written};
use super::super::header::Header;
use super::super::lines::PLAN;
use crate::schema::{Field, FieldId, Schema, Table};
use crate::table::Cell;
use crate::value::{parse_decimal, parse_year};

/// The columns of the key, which every table has; the last may be absent. The first may also have the name of the plan's
/// own field for it.
const KEYS: [&str; 3] = ["district_code", "plan_year", "revision"];

/// The fields of the table `plan` that the key's columns fill when no other column does.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlanKey {
    /// The field of the district's code, by whose digits and names the code of every row is understood.
    pub code: Option<FieldId>,
    /// The field of the district's name.
    pub name: Option<FieldId>,
    /// The field of the fiscal year.
    pub year: Option<FieldId>,
}

impl PlanKey {
    /// The field of the code, if the plan has one.
    fn code_field(self, schema: &Schema) -> Option<&Field> {
        let plan = schema.tables.get(schema.table(PLAN)?)?;
        plan.fields.get(self.code?)
    }

    /// The names of the key's columns as places and messages write them.
    pub(super) fn names(self, schema: &Schema) -> [&str; 3] {
        let [code, year, revision] = KEYS;
        let own = self.code_field(schema).map(|field| field.name.as_str());
        [own.unwrap_or(code), year, revision]
    }

    /// Every name that a column of the key may have: the plan's own name for the code comes last.
    pub(crate) fn headers(self, schema: &Schema) -> [&str; 4] {
        let [code, year, revision] = KEYS;
        let [own, ..] = self.names(schema);
        [code, year, revision, own]
    }

    pub(crate) fn find_header(
        self,
        schema: &Schema,
        table: &Table,
        grid: &Grid<'_>,
    ) -> Option<Header> {
        let mut header = Header::find(table, &self.headers(schema), grid)?;
        let own = header.keys.pop().flatten();
        if let Some(code) = header.keys.first_mut() {
            *code = code.or(own);
        }
        Some(header)
    }
}

/// Which plan a row belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key<'k> {
    pub(super) code: Cow<'k, str>,
    pub(super) year: i64,
    pub(super) revision: Option<i64>,
}

impl Key<'_> {
    /// The key in the cells of code, year and revision; or which of them cannot be read and why.
    pub(crate) fn read(
        schema: &Schema,
        key: PlanKey,
        cells: [&Written<'_>; 3],
    ) -> Result<Self, (usize, String)> {
        let year = cells[1].shown();
        let year = parse_year(year).ok_or_else(|| {
            (
                1,
                format!("{} is not a fiscal year such as `2027`", quoted(year)),
            )
        })?;
        let revision = cells[2].shown();
        let revision = if revision.is_empty() {
            None
        } else {
            Some(whole(revision).ok_or_else(|| not_whole(revision))?)
        };
        Ok(Key {
            code: Cow::Owned(code_of(schema, key, cells[0])?),
            year,
            revision,
        })
    }

    /// The path of a plan that has no file of its own: `1630011-2027`, `1630011-2027-r2`.
    pub(crate) fn path(&self) -> String {
        let revision = self
            .revision
            .map_or(String::new(), |revision| format!("-r{revision}"));
        format!("{}-{}{revision}", self.code, self.year)
    }
}

/// The keys of all tables, each with a number.
#[derive(Default)]
pub(super) struct Keys {
    /// Their codes, one behind the other.
    codes: String,
    held: Vec<Held>,
    index: HashTable<u32>,
    hasher: foldhash::fast::FixedState,
}

/// A key.
struct Held {
    /// Where its code ends among the codes, in bytes.
    end: usize,
    year: i64,
    revision: Option<i64>,
}

impl Keys {
    /// The number of a key, new or known.
    pub(super) fn number(&mut self, key: &Key<'_>) -> u32 {
        let hash = self.hasher.hash_one(key);
        let Keys {
            codes,
            held,
            index,
            hasher,
        } = self;
        let is_same = |number: &u32| key_of(codes, held, *number).as_ref() == Some(key);
        if let Some(known) = index.find(hash, is_same) {
            return *known;
        }
        let number = u32::try_from(held.len()).unwrap_or(u32::MAX);
        codes.push_str(&key.code);
        held.push(Held {
            end: codes.len(),
            year: key.year,
            revision: key.revision,
        });
        let hash_of = |number: &u32| {
            let key = key_of(codes, held, *number);
            key.map_or(0, |key| hasher.hash_one(key))
        };
        index.insert_unique(hash, number, hash_of);
        number
    }

    /// All keys, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = Key<'_>> {
        (0..).map_while(|number| self.get(number))
    }

    /// The key of a number that was given out.
    pub(super) fn get(&self, number: u32) -> Option<Key<'_>> {
        key_of(&self.codes, &self.held, number)
    }
}

fn key_of<'k>(codes: &'k str, held: &[Held], number: u32) -> Option<Key<'k>> {
    let at = usize::try_from(number).ok()?;
    let of = held.get(at)?;
    let before = at.checked_sub(1).and_then(|at| held.get(at));
    let code = codes.get(before.map_or(0, |of| of.end)..of.end);
    Some(Key {
        code: Cow::Borrowed(code.unwrap_or_default()),
        year: of.year,
        revision: of.revision,
    })
}

fn code_of(
    schema: &Schema,
    key: PlanKey,
    written: &Written<'_>,
) -> Result<String, (usize, String)> {
    let field = key.code_field(schema);
    let read = field.map_or(Read::BLANK, |field| read_cell(field, written));
    match read.cell() {
        Cell::Text(code) => Ok(code.to_owned()),
        _ if field.is_none() && !written.is_blank() => Ok(written.shown().to_owned()),
        _ => Err((
            0,
            read.message.unwrap_or_else(|| {
                let [name, ..] = key.names(schema);
                format!("`{name}` is missing: this row was not read")
            }),
        )),
    }
}

fn whole(text: &str) -> Option<i64> {
    let x = parse_decimal(text)?.normalize();
    (x.scale() == 0).then(|| i64::try_from(x.mantissa()).ok())?
}

fn not_whole(text: &str) -> (usize, String) {
    (2, format!("{} is not a whole number", quoted(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_number_however_many_there_are() {
        let key = |n: u32| Key {
            code: (n / 3).to_string().into(),
            year: 2027,
            revision: Some(i64::from(n % 3)),
        };
        let mut keys = Keys::default();
        for n in (0..1_000).chain(0..1_000) {
            assert_eq!(keys.number(&key(n)), n);
            assert_eq!(keys.get(n), Some(key(n)));
        }
        assert_eq!(keys.iter().count(), 1_000);
    }
}
