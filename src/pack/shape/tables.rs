//! `schema.toml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::Figure;

/// `schema.toml`: what a submission and the reference tables hold.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Schema")]
pub struct SchemaFile {
    /// The tables of a submission; `plan` is a table of one row.
    pub table: BTreeMap<String, Table>,
    /// The tables in which rules look things up.
    pub reference: Option<BTreeMap<String, Reference>>,
}

/// A table of a submission.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Table {
    /// Its name for people; absent: made of its name.
    pub label: Option<String>,
    /// Other names of its file or sheet.
    pub also: Option<Vec<String>>,
    /// Whether what rests on it is unknown while it is absent or empty.
    pub required: Option<bool>,
    /// Whether a repair may change its amounts, where its fields do not say.
    pub repair: Option<Repair>,
    /// Its fields, by name.
    pub fields: BTreeMap<String, Field>,
}

/// A reference table.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Reference {
    /// Its name for people.
    pub label: Option<String>,
    /// Other names.
    pub also: Option<Vec<String>>,
    /// Of no use in a reference table.
    pub required: Option<bool>,
    /// Its fields, by name.
    pub fields: BTreeMap<String, Field>,
    /// The CSV file that holds its rows; absent: an office supplies them.
    pub file: Option<String>,
    /// A key of `sources.toml`: where its rows come from.
    pub source: Option<String>,
    /// The fields by which `lookup` finds a row.
    pub key: Option<Vec<String>>,
    /// The fields that hold the first and the last fiscal year of a row.
    #[schemars(length(equal = 2))]
    pub dated: Option<Vec<String>>,
    /// The fields that hold the date of a row's figures, and whether they are preliminary or final.
    #[schemars(length(equal = 2))]
    pub vintage: Option<Vec<String>>,
    /// Whether no row is an answer (`null`) and not a gap.
    pub complete: Option<bool>,
    /// Who owes the rows that are missing.
    pub owed_by: Option<String>,
}

/// A field.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Field {
    /// Its type.
    #[schemars(rename = "type")]
    pub ty: Type,
    /// Its name for people; absent: made of its name.
    pub label: Option<String>,
    /// Other names of its header.
    pub also: Option<Vec<String>>,
    /// Whether a blank in it is unknown, and not `null`.
    pub required: Option<bool>,
    /// Whether it may be marked `n/a`.
    pub not_applicable: Option<bool>,
    /// Whether it names the table's rows.
    pub key: Option<bool>,
    /// Whether a totals row is checked against its sum.
    pub total: Option<bool>,
    /// The least that makes sense.
    pub min: Option<Figure>,
    /// The most that makes sense.
    pub max: Option<Figure>,
    /// How many digits it has: shorter ones lost their leading zeros.
    #[schemars(range(min = 1, max = 40))]
    pub digits: Option<i64>,
    /// Where its value comes from when it is blank: `row`, `plan.field` or `table.field`.
    #[schemars(rename = "else")]
    pub otherwise: Option<String>,
    /// Of a code: its labels by code, or the reference table that holds them.
    pub codes: Option<Codes>,
    /// The parameter below which its numbers are printed nowhere.
    pub suppress: Option<String>,
    /// Whether a repair may change its amounts; absent: those of a table whose money is added up.
    pub repair: Option<Repair>,
}

/// Whether a repair may change an amount.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Repair {
    /// It is a fact of record: it is not changed to make a rule pass.
    Never,
    /// It may be changed.
    May,
}

/// The codes of a field.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Codes {
    /// The reference table that holds them.
    Table(String),
    /// Each code's label.
    Labels(BTreeMap<String, String>),
}

/// The type of a field.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Type {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// An amount of money.
    Money,
    /// A percentage.
    Percent,
    /// A date.
    Date,
    /// Yes or no.
    Boolean,
    /// A fiscal year.
    Year,
    /// A text of a closed list.
    Code,
}
