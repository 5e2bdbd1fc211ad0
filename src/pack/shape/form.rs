//! `forms/*.toml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::Words;

/// A map of a foreign spreadsheet. Words are patterns: `*` stands for any.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Form {
    /// What people call the form.
    pub title: String,
    /// How far the map is known to be right.
    pub note: String,
    /// Keys of `sources.toml`.
    pub source: Option<Words>,
    /// Words that stand somewhere in every such file.
    pub marks: Option<Words>,
    /// Whether a file is one page of a plan, and never the whole.
    pub page: Option<bool>,
    /// Of a file with many plans: the columns that tell whose plan a row is.
    pub plans: Option<Plans>,
    /// The blocks of cells that hold a table each.
    pub block: Option<Vec<Block>>,
}

/// The columns that tell whose plan a row is.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Plans {
    /// The header of the district's code or name.
    pub district_code: Words,
    /// The header of the fiscal year.
    pub plan_year: Words,
    /// The header of the number of the revision.
    pub revision: Option<Words>,
}

/// A block of cells that holds a table, or a part of one.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Block {
    /// The table of the schema that it fills.
    pub table: String,
    /// Whether the schema's own names of every field are looked for.
    pub own: Option<bool>,
    /// Names of the sheets in which it may stand; absent: any.
    pub sheet: Option<Words>,
    /// Names of sheets in which it does not stand.
    pub except: Option<Words>,
    /// Whether every such file has it.
    pub required: Option<bool>,
    /// Words above it.
    pub after: Option<Words>,
    /// Words at which it ends.
    pub until: Option<Words>,
    /// Columns that must hold one of some words in a row that is taken.
    pub only: Option<BTreeMap<String, Words>>,
    /// The fields whose columns must be there.
    pub needs: Option<Words>,
    /// Each field's headers.
    pub columns: Option<BTreeMap<String, Words>>,
    /// Each field's labels: its value stands beside or below, or where `{}` stands.
    pub labels: Option<BTreeMap<String, Words>>,
    /// Each field that always has one value.
    pub constants: Option<BTreeMap<String, String>>,
    /// For fields, what the form's words mean: each value's spellings.
    pub values: Option<BTreeMap<String, BTreeMap<String, Words>>>,
    /// Fields whose value stands in a heading above the rows.
    pub headings: Option<Words>,
    /// Fields whose value stands at the beginning of a text.
    pub leading: Option<Words>,
    /// Fields whose value stands at the end of a text.
    pub trailing: Option<Words>,
    /// Fields that share a column with others.
    pub shared: Option<Words>,
    /// The field that the words beside a tick name.
    pub ticks: Option<String>,
    /// Fields that the form itself prints: a row that holds nothing else is none.
    pub printed: Option<Words>,
    /// Words that the form prints as a hint.
    pub hints: Option<Words>,
    /// Words of a totals row.
    pub totals: Option<Words>,
    /// Whether a row that is written twice is one.
    pub distinct: Option<bool>,
    /// Columns that are the values of one field.
    pub unpivot: Option<Unpivot>,
}

/// Columns that are the values of one field: each cell of a row becomes a row.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Unpivot {
    /// The field of the cells.
    pub value: String,
    /// The field that says which column a cell stood in.
    pub name: String,
    /// Each value of that field, and its headers.
    pub columns: BTreeMap<String, Words>,
    /// The headers of a column that adds the others up.
    pub total: Option<Words>,
}
