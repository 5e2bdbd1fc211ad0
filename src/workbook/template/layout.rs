//! Where everything stands in a template: its sheets, their rows, and the cells of each field.

use super::content::Contents;
use super::lists::Lists;
use crate::expr::formula::Cells;
use crate::pack::InForce;
use crate::read::lines::PLAN;
use crate::schema::{FieldId, Schema, Table, TableId, spoken};
use crate::table::column_name;
use crate::value::Value;

/// How many rows a table has room for, as far as formats, choices and formulas go.
const ROOM: usize = 1_000;

/// The longest name of a sheet.
const LONGEST: usize = 31;

/// The column of the values of `plan`.
pub(super) const VALUES: u16 = 1;

/// Where a table stands.
#[derive(Debug)]
pub(super) struct Place {
    /// The name of its sheet.
    pub(super) sheet: String,
    /// Whether it has a field a row.
    pub(super) is_plan: bool,
    /// The row of its totals, if it has any; rows count from 0.
    pub(super) totals: Option<u32>,
    /// The row of its header.
    pub(super) header: u32,
    /// The first row below.
    pub(super) first: u32,
    /// The last row that formulas see.
    pub(super) last: u32,
}

/// A template's sheets.
pub(super) struct Layout<'a> {
    pub(super) in_force: &'a InForce<'a>,
    /// A place for each table.
    pub(super) places: Vec<Place>,
    /// The lists of codes.
    pub(super) lists: Lists,
    /// The names of the sheets of instructions, of checks and of lists.
    pub(super) own: [String; 3],
}

impl<'a> Layout<'a> {
    pub(super) fn new(in_force: &'a InForce<'a>, contents: &Contents) -> Self {
        let schema = &in_force.pack.schema;
        let tables = schema.submission_tables().iter().enumerate();
        let places = tables.zip(&contents.tables).map(|((id, table), content)| {
            let is_plan = table.name == PLAN;
            let totals = (!is_plan && table.fields.iter().any(|f| f.total)).then_some(1);
            let header = if totals.is_some() { 3 } else { 2 };
            let rows = if is_plan {
                table.fields.len()
            } else {
                ROOM.max(content.rows.len() + ROOM / 2)
            };
            let first = header + 1;
            Place {
                sheet: sheet_name(schema, id, table),
                is_plan,
                totals,
                header,
                first,
                last: header.saturating_add(u32::try_from(rows).unwrap_or(u32::MAX)),
            }
        });
        let places: Vec<Place> = places.collect();
        let own = ["Instructions", "Checks", "Lists"].map(|name| own_name(schema, &places, name));
        Layout {
            in_force,
            places,
            lists: Lists::of(in_force),
            own,
        }
    }

    /// The tables of a submission with their places.
    pub(super) fn tables(&self) -> impl Iterator<Item = (TableId, &'a Table, &Place)> {
        let tables = self.in_force.pack.schema.submission_tables().iter();
        tables
            .zip(&self.places)
            .enumerate()
            .map(|(id, (table, place))| (id, table, place))
    }

    /// The cells of a field, as a formula of any sheet names them.
    pub(super) fn cells(&self, table: TableId, field: FieldId) -> String {
        let Some(place) = self.places.get(table) else {
            return String::new();
        };
        let field = u32::try_from(field).unwrap_or(u32::MAX);
        let sheet = quoted(&place.sheet);
        if place.is_plan {
            let (column, row) = (column_name(VALUES.into()), place.first + field + 1);
            return format!("{sheet}!${column}${row}");
        }
        let column = column_name(field);
        let (first, last) = (place.first + 1, place.last + 1);
        format!("{sheet}!${column}${first}:${column}${last}")
    }

    /// The cells of a list: its choices (`false`) or its codes.
    pub(super) fn list(&self, at: usize, codes: bool) -> String {
        let [.., sheet] = &self.own;
        format!("{}!{}", quoted(sheet), self.lists.range(at, codes))
    }
}

impl Cells for Layout<'_> {
    fn plan(&self, field: FieldId) -> String {
        self.cells(self.in_force.pack.identity.table, field)
    }

    fn column(&self, table: TableId, field: FieldId) -> String {
        self.cells(table, field)
    }

    fn used(&self, table: TableId) -> String {
        let fields = self.in_force.pack.schema.tables.get(table);
        let count = fields.map_or(0, |t| t.fields.len());
        let lengths = (0..count).map(|field| format!("LEN({})", self.cells(table, field)));
        format!("(({})>0)", lengths.collect::<Vec<_>>().join("+"))
    }

    fn spellings(&self, table: TableId, field: FieldId, code: &str) -> Vec<String> {
        let tables = &self.in_force.pack.schema.tables;
        let field = tables.get(table).and_then(|t| t.fields.get(field));
        let codes = field.and_then(|f| f.codes.as_ref());
        let label = codes.and_then(|c| c.label(code)).unwrap_or_default();
        let mut texts = vec![code.to_owned(), label.to_owned(), spoken(code, label)];
        texts.retain(|text| !text.is_empty());
        texts.dedup();
        texts
    }

    fn param(&self, at: usize) -> Option<Value> {
        self.in_force.world.params.get(at).cloned()
    }

    fn year(&self) -> i64 {
        self.in_force.year
    }
}

/// A sheet's name as formulas write it.
pub(super) fn quoted(sheet: &str) -> String {
    format!("'{}'", sheet.replace('\'', "''"))
}

/// A name by which the readers find the table, and that a sheet can have: as people say it where that is possible.
fn sheet_name(schema: &Schema, id: TableId, table: &Table) -> String {
    let forbidden = |c: char| matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\');
    let fits = |name: &&String| {
        let is_name = !name.is_empty()
            && name.encode_utf16().count() <= LONGEST
            && !name.contains(forbidden)
            && !name.starts_with('\'')
            && !name.ends_with('\'')
            && !name.eq_ignore_ascii_case("history");
        is_name && schema.find_table(name) == Some(id)
    };
    let names = [&table.label, &table.name].into_iter().chain(&table.also);
    names.into_iter().find(fits).unwrap_or(&table.name).clone()
}

/// A name for a sheet that holds no table.
fn own_name(schema: &Schema, places: &[Place], name: &str) -> String {
    let taken = |name: &str| {
        schema.find_table(name).is_some()
            || places.iter().any(|p| p.sheet.eq_ignore_ascii_case(name))
    };
    let names = (1..).map(|n: u32| match n {
        1 => name.to_owned(),
        n => format!("{name} {n}"),
    });
    let mut free = names.skip_while(|name| taken(name));
    free.next().unwrap_or_default()
}
