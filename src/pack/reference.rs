//! The rows of reference tables: what may stand in them, and how rows of an office are laid over those of a pack.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::sync::Arc;

use hashbrown::HashTable;

use crate::diagnostic::fold;
use crate::hash::Map;
use crate::schema::{FieldId, Reference, Schema, Table, TableId};
use crate::table::{Cell, Data, Rows, State, Texts, Vintage};
use crate::value::Decimal;

/// The reference tables in the order in which they are read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// Each after those whose codes its fields hold.
    pub(crate) levels: Vec<Vec<TableId>>,
    /// Those that wait for each other's codes.
    pub(crate) circle: Vec<TableId>,
}

impl Order {
    pub(crate) fn of(schema: &Schema) -> Self {
        let holds = |table: TableId, of: &[TableId]| {
            let fields = schema.tables.get(table).map_or(&[][..], |t| &t.fields);
            let mut codes = fields.iter().filter_map(|f| f.codes_of);
            codes.any(|code| of.contains(&code))
        };
        let mut left: Vec<TableId> = (schema.submission..schema.tables.len()).collect();
        let mut levels = Vec::new();
        loop {
            let (waiting, ready): (Vec<TableId>, Vec<TableId>) =
                left.iter().partition(|&&table| holds(table, &left));
            left = waiting;
            if ready.is_empty() {
                break;
            }
            levels.push(ready);
        }
        // What merely waits for a circle is no part of it.
        loop {
            let awaited = |code: &TableId| left.iter().any(|&table| holds(table, &[*code]));
            let (circle, after): (Vec<TableId>, Vec<TableId>) =
                left.iter().partition(|t| awaited(t));
            if after.is_empty() {
                return Order { levels, circle };
            }
            levels.push(after);
            left = circle;
        }
    }
}

/// What is wrong with a row or a cell, at its place.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) place: String,
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

/// A required cell that is blank would leave its row out, or its figure unknown without a word. A key may be blank only
/// where its field says so.
pub(crate) fn check_blanks(table: &Table, rows: &Rows) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for (id, field) in table.fields.iter().enumerate() {
        let blank = |row: &usize| rows.state(*row, id) == State::Blank;
        let wanted = field.required && rows.has_column(id);
        for row in (0..rows.len()).filter(|row| wanted && blank(row)) {
            wrong.push(Wrong {
                place: rows.place(table, row, id),
                message: format!("`{}` is blank", field.name),
                help: "fill it in, or take the row away",
            });
        }
    }
    wrong
}

/// Two rows of one key and vintage that are in force in one year would leave it open which counts.
pub(crate) fn check_keys(table: &Table, files: &[&Rows], texts: &Texts) -> Vec<Wrong> {
    let Some(reference) = table.reference.as_ref().filter(|r| !r.key.is_empty()) else {
        return Vec::new();
    };
    let count = files.iter().map(|rows| rows.len()).sum();
    let mut seen: HashTable<(usize, usize)> = HashTable::with_capacity(count);
    let mut wrong = Vec::new();
    let row_at = |(file, row): (usize, usize)| files.get(file).map(|rows| (*rows, row));
    let hash = |at| row_at(at).map_or(0, |at| hash_of(reference, at, texts));
    let all = files.iter().enumerate();
    for at in all.flat_map(|(file, rows)| (0..rows.len()).map(move |row| (file, row))) {
        let Some(one) = row_at(at) else { continue };
        let of_hash = hash(at);
        let doubles = seen.iter_hash(of_hash).copied().filter(|other| {
            row_at(*other).is_some_and(|other| {
                is_same(reference, one, other, texts) && overlap(reference, one, other)
            })
        });
        if let Some(first) = doubles.min().and_then(row_at) {
            wrong.push(stands_already(reference, one, first, texts));
        }
        seen.insert_unique(of_hash, at, |other| hash(*other));
    }
    wrong
}

/// A row of a table.
type RowAt<'r> = (&'r Rows, usize);

/// A cell of a key.
#[derive(PartialEq, Eq, Hash)]
enum Part {
    Text(u32),
    Number(Decimal),
    Bool(bool),
    None,
}

impl Part {
    fn of((rows, row): RowAt<'_>, field: FieldId) -> Part {
        let column = rows.columns.get(field).and_then(Option::as_ref);
        let Some(column) = column.filter(|column| column.state(row) == State::Value) else {
            return Part::None;
        };
        match &column.data {
            Data::Nums(nums) => Part::Number(nums.get(row)),
            Data::Bools(bools) => bools.get(row).copied().map_or(Part::None, Part::Bool),
            Data::Texts(ids) => ids.get(row).copied().map_or(Part::None, Part::Text),
        }
    }
}

fn vintage_of(reference: &Reference, (rows, row): RowAt<'_>, texts: &Texts) -> Option<Vintage> {
    let fields = reference.vintage?;
    Some(rows.vintage(row, fields, texts))
}

fn hash_of(reference: &Reference, at: RowAt<'_>, texts: &Texts) -> u64 {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    for &field in &reference.key {
        Part::of(at, field).hash(&mut hasher);
    }
    vintage_of(reference, at, texts).hash(&mut hasher);
    hasher.finish()
}

/// Whether two rows have one key and vintage.
fn is_same(reference: &Reference, a: RowAt<'_>, b: RowAt<'_>, texts: &Texts) -> bool {
    let mut key = reference.key.iter();
    key.all(|&field| Part::of(a, field) == Part::of(b, field))
        && vintage_of(reference, a, texts) == vintage_of(reference, b, texts)
}

fn stands_already(
    reference: &Reference,
    (rows, row): RowAt<'_>,
    (file, other): RowAt<'_>,
    texts: &Texts,
) -> Wrong {
    let key = reference.key.iter().map(|&f| written(rows, row, f, texts));
    let key: Vec<String> = key.filter(|part| !part.is_empty()).collect();
    let of = vintage_of(reference, (rows, row), texts).and_then(Vintage::words);
    let of = of.map_or_else(String::new, |words| format!(" ({words})"));
    let number = file.numbers.get(other).copied().unwrap_or(0);
    let (here, there) = (rows.row_place(row), file.row_place(other));
    let file_of = |place: &str| place.rsplit_once(':').map(|(file, _)| file.to_owned());
    let there = if file_of(&here) == file_of(&there) {
        format!("row {number}")
    } else {
        there
    };
    Wrong {
        place: rows.row_place(row),
        message: format!("the key `{}`{of} stands in {there} already", key.join(", ")),
        help: "one row a key and year",
    }
}

/// A spelling of two codes of one list that are in force in one year would leave it open which is meant.
pub(crate) fn check_spellings(table: &Table, rows: &Rows, texts: &Texts) -> Vec<Wrong> {
    let reference = table.reference.clone().unwrap_or_default();
    let mut seen: Map<String, Vec<(usize, &str)>> = Map::default();
    let mut wrong = Vec::new();
    for (row, code, spellings) in spellings_of(table, rows, texts) {
        for (field, spelling) in spellings {
            let others = seen.entry(fold(spelling)).or_default();
            let other = others.iter().find(|(other, of)| {
                *of != code && overlap(&reference, (rows, row), (rows, *other))
            });
            if let Some((other, of)) = other {
                let there = rows.row_place(*other);
                wrong.push(Wrong {
                    place: rows.place(table, row, field),
                    message: format!("`{spelling}` means `{code}` here and `{of}` in {there}"),
                    help: "a spelling means one code of a list in a year",
                });
            }
            others.push((row, code));
        }
    }
    wrong
}

/// The codes of a reference table: of each row the code, and every spelling of it with its field.
type Spelt<'t> = (usize, &'t str, Vec<(FieldId, &'t str)>);

fn spellings_of<'t>(table: &Table, rows: &'t Rows, texts: &'t Texts) -> Vec<Spelt<'t>> {
    let (key, label, also) = code_fields(table);
    let of_row = |row: usize| {
        let text = |field: FieldId| Some((field, cell_text(rows, row, field, texts)?));
        let (_, code) = text(key)?;
        let mut spellings = vec![(key, code)];
        spellings.extend(label.and_then(text));
        let also = also.and_then(text).into_iter();
        spellings.extend(also.flat_map(|(field, names)| names_in(names).map(move |n| (field, n))));
        Some((row, code, spellings))
    };
    (0..rows.len()).filter_map(of_row).collect()
}

/// The fields of a list of codes: its code, its label and its other spellings.
pub(crate) fn code_fields(table: &Table) -> (FieldId, Option<FieldId>, Option<FieldId>) {
    let first = |r: &Reference| r.key.first().copied();
    let key = table.reference.as_ref().and_then(first).unwrap_or(0);
    let label = ["label", "name", "title"]
        .iter()
        .find_map(|n| table.field(n));
    (key, label, table.field("also"))
}

/// The names in a cell, parted by `|`.
pub(crate) fn names_in(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('|')
        .map(str::trim)
        .filter(|name| !name.is_empty())
}

/// Every name that a row of a directory has, what it is called first: all its texts beside its key.
pub(crate) fn names_of<'t>(
    table: &Table,
    rows: &'t Rows,
    row: usize,
    texts: &'t Texts,
) -> Vec<&'t str> {
    let (key, ..) = code_fields(table);
    let fields = (0..table.fields.len()).filter(|field| *field != key);
    let cells = fields.filter_map(|field| cell_text(rows, row, field, texts));
    cells.flat_map(names_in).collect()
}

/// The text in a cell, if it holds one.
pub(crate) fn cell_text<'t>(
    rows: &'t Rows,
    row: usize,
    field: FieldId,
    texts: &'t Texts,
) -> Option<&'t str> {
    match rows.cell(row, field, texts) {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}

/// The first and the last fiscal year of a row, as far as it has them.
pub(crate) fn years_of(
    reference: &Reference,
    rows: &Rows,
    row: usize,
) -> (Option<Decimal>, Option<Decimal>) {
    let year = |field| number(rows, row, field);
    let (from, until) = reference.dated.unzip();
    (from.and_then(year), until.and_then(year))
}

/// Whether a row is in force in a fiscal year.
pub(crate) fn is_in_force(reference: &Reference, rows: &Rows, row: usize, year: i64) -> bool {
    let (from, until) = years_of(reference, rows, row);
    from.is_none_or(|from| from <= year.into()) && until.is_none_or(|until| until >= year.into())
}

/// Whether the years of two rows have one in common.
fn overlap(reference: &Reference, a: (&Rows, usize), b: (&Rows, usize)) -> bool {
    let Some((from, until)) = reference.dated else {
        return true;
    };
    let before = |(a, row): (&Rows, usize), (b, other): (&Rows, usize)| {
        number(a, row, until)
            .zip(number(b, other, from))
            .is_some_and(|(end, begin)| end < begin)
    };
    !before(a, b) && !before(b, a)
}

/// Numbers the texts of a table that was read by itself as they are numbered among those of all.
pub(crate) fn renumber(rows: &mut Rows, own: &Texts, all: &mut Texts) {
    let numbers: Vec<u32> = own.iter().map(|text| all.intern(text)).collect();
    for column in rows.columns.iter_mut().flatten() {
        let Data::Texts(ids) = &mut column.data else {
            continue;
        };
        for (id, state) in ids.iter_mut().zip(&column.states) {
            let number = usize::try_from(*id).ok().and_then(|id| numbers.get(id));
            if let Some(number) = number.filter(|_| *state == State::Value) {
                *id = *number;
            }
        }
    }
}

/// The number in a cell, if it holds one.
pub(crate) fn number(rows: &Rows, row: usize, field: FieldId) -> Option<Decimal> {
    let column = rows.columns.get(field)?.as_ref()?;
    match &column.data {
        Data::Nums(nums) if column.state(row) == State::Value => Some(nums.get(row)),
        _ => None,
    }
}

/// The rows of `base`, those that `extra` replaces left out, and the rows of `extra`. A row replaces another of its key,
/// of its first year where rows are dated, and of its vintage where they have one.
pub(crate) fn merge(table: &Table, base: &Rows, extra: &Rows, texts: &mut Texts) -> Rows {
    let reference = table.reference.clone().unwrap_or_default();
    let mut key: Vec<usize> = reference.key.clone();
    key.extend(reference.dated.map(|(from, _)| from));
    let rest_of = |rows: &Rows, row: usize| {
        let rest = key.iter().skip(1);
        let rest: Vec<String> = rest.map(|&f| written(rows, row, f, texts)).collect();
        let vintage = reference.vintage;
        (rest, vintage.map(|fields| rows.vintage(row, fields, texts)))
    };
    let first_of = |rows: &Rows, row: usize| {
        let first = key.first();
        first.map_or_else(String::new, |&f| written(rows, row, f, texts))
    };
    let mut replaced: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
    for row in 0..extra.len() {
        let others = replaced.entry(first_of(extra, row)).or_default();
        others.insert(rest_of(extra, row));
    }
    let is_kept = |row: &usize| {
        let others = replaced.get(&first_of(base, *row));
        key.is_empty() || !others.is_some_and(|others| others.contains(&rest_of(base, *row)))
    };
    let kept: Vec<usize> = (0..base.len()).filter(is_kept).collect();
    let fields: Vec<usize> = (0..table.fields.len())
        .filter(|&f| base.has_column(f) || extra.has_column(f))
        .collect();
    let path: Arc<str> = extra.layout.path().into();
    let mut merged = base.only(&kept);
    if base.is_absent() {
        merged = Rows::new(table, extra.layout.clone(), &fields);
    }
    merged.add_columns(table, &fields);
    merged.supplied.resize(kept.len(), None);
    merged
        .supplied
        .extend((0..extra.len()).map(|_| Some(Arc::clone(&path))));
    let known = texts.clone();
    for row in 0..extra.len() {
        copy(extra, row, &mut merged, &known, texts);
    }
    merged
}

/// Adds a row of one table at the end of another of the same fields.
fn copy(rows: &Rows, at: usize, into: &mut Rows, known: &Texts, texts: &mut Texts) {
    let cells: Vec<(Cell<'_>, &str)> = (0..into.columns.len())
        .map(|f| (rows.cell(at, f, known), rows.raw(at, f)))
        .collect();
    into.push(rows.numbers.get(at).copied().unwrap_or(0), &cells, texts);
}

/// A key's value as text, so that rows of two files can be compared.
fn written(rows: &Rows, row: usize, field: usize, texts: &Texts) -> String {
    match rows.cell(row, field, texts) {
        Cell::Number(x) => x.normalize().to_string(),
        Cell::Text(text) => text.to_owned(),
        Cell::Bool(b) => b.to_string(),
        _ => String::new(),
    }
}
