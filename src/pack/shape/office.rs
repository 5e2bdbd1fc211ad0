//! An office file.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::{Dated, Figure, FigureOrList, Span, Verification, Words};

/// What one reviewing office supplies. A reference table may stand under its own name too: `[[received]]`.
#[derive(JsonSchema)]
pub struct Office {
    /// The file's name for people.
    pub title: Option<String>,
    /// The name of the office.
    pub office: Option<String>,
    /// Whom to ask: a text, or name, email, phone and address.
    pub contact: Option<Contact>,
    /// The office of whoever gets a letter, instead of the pack's.
    pub addressee: Option<String>,
    /// Who gets the memo on a batch, instead of whom the pack names.
    pub memo_to: Option<String>,
    /// Who gets a copy of a letter: one, or several.
    pub cc: Option<Words>,
    /// Who signs letters: the lines of the signature, name first.
    pub signature: Option<Words>,
    /// The day by which a plan that goes back is due.
    pub resubmit_by: Option<Figure>,
    /// The fiscal years that the pack covers with this file.
    pub years: Option<Span>,
    /// Parameters that the office sets, by name.
    pub param: Option<BTreeMap<String, Setting>>,
    /// Rows of reference tables, by the table's name.
    pub reference: Option<BTreeMap<String, Rows>>,
    /// Clauses whose text a person has read, by key.
    pub verified: Option<BTreeMap<String, Verified>>,
    /// Rows of reference tables under their own names.
    #[schemars(flatten)]
    pub tables: BTreeMap<String, Rows>,
}

/// Whom to ask.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Contact {
    /// In a few words.
    Words(String),
    /// In parts.
    Parts(Person),
}

/// Whom to ask, in parts.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Person {
    /// The name.
    pub name: Option<String>,
    /// The email address.
    pub email: Option<String>,
    /// The telephone number.
    pub phone: Option<String>,
    /// The postal address.
    pub address: Option<String>,
}

/// A parameter's values: one, or several that are dated.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Setting {
    /// Several.
    Several(Values),
    /// One.
    One(Dated),
}

/// Values that are dated.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Values {
    /// The values.
    pub values: Vec<Dated>,
}

/// Rows of a reference table.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Rows {
    /// As CSV.
    Csv(String),
    /// As tables of TOML.
    Tables(Vec<BTreeMap<String, FigureOrList>>),
    /// With more said.
    Parts(RowsIn),
}

/// Rows of a reference table, and where they come from.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RowsIn {
    /// As CSV.
    pub csv: Option<String>,
    /// As tables of TOML.
    pub rows: Option<Vec<BTreeMap<String, FigureOrList>>>,
    /// A CSV file beside the office file.
    pub file: Option<String>,
    /// Where they come from.
    pub source: Option<String>,
}

/// A person's reading of a clause.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Verified {
    /// Who read it.
    pub by: String,
    /// When.
    pub on: Figure,
    /// Which text.
    pub text: String,
    /// How far it was checked; absent: the text was read.
    pub verification: Option<Verification>,
}
