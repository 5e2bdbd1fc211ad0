//! What the files of a pack and of an office may hold, as types whose JSON Schemas editors complete and check by. The
//! files are read by their own readers, which tell a mistake at its place; tests hold both to the same keys.

mod form;
mod office;
mod rule;
mod tables;

use std::collections::BTreeMap;

use schemars::JsonSchema;

pub use form::Form;
pub use office::Office;
pub use rule::Rule;
pub use tables::{Field, SchemaFile};

/// A figure, in quotes or not: an amount, a number, a percentage, a date, true or false.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Figure {
    /// As a text: `"500.00"`, `"5%"`, `"2026-07-01"`.
    Text(String),
    /// As a number of TOML.
    Number(serde_json::Number),
    /// As a truth value of TOML.
    Truth(bool),
}

/// One text, or a list of texts.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Words {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// The first and the last fiscal year, both inclusive; absent: without end.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Span {
    /// The first fiscal year.
    pub from: Option<i64>,
    /// The last fiscal year.
    pub until: Option<i64>,
}

/// The fiscal years that a pack covers, both inclusive.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Years {
    /// The first fiscal year.
    pub from: i64,
    /// The last fiscal year.
    pub until: i64,
}

/// `pack.toml`: what the pack is.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Pack {
    /// The name of the pack's folder.
    pub id: String,
    /// The pack's name for people.
    pub title: String,
    /// Whose policy it is.
    pub authority: Option<String>,
    /// The pack's version.
    pub version: String,
    /// The ISO code of the currency of money fields; absent: USD.
    pub currency: Option<String>,
    /// The fiscal years that the pack covers; an office file may extend them.
    pub years: Years,
    /// The fields that identify a submission.
    pub identity: Identity,
    /// Who is expected to submit: `name in reference_table`, filtered or not. Absent: nobody.
    pub expected: Option<String>,
    /// What the pack calls a submission and whoever submits it.
    pub words: Option<Nouns>,
    /// The four steps of a recommendation, in the pack's own words.
    pub recommendation: Option<Steps>,
    /// What letters and the memo say.
    pub letter: Option<Letter>,
    /// Tables of every report, by id.
    pub summary: Option<BTreeMap<String, Summary>>,
    /// Tables of records, which `archive history` shows across years, by id.
    pub history: Option<BTreeMap<String, History>>,
    /// How two submissions of one submitter are compared.
    pub compare: Option<Compare>,
    /// The tables that repeat what the approved submission of the year before holds, by name.
    pub prior: Option<BTreeMap<String, Link>>,
    /// The tables that repeat what the approved submission of the same year holds, by name.
    pub approved: Option<BTreeMap<String, Link>>,
    /// What `accordant lint` finds and its author leaves as it is.
    pub accept: Option<Vec<Accept>>,
}

/// The fields that identify a submission.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Identity {
    /// The submitter's code: `plan.district_code`.
    pub code: Option<String>,
    /// The submitter's name: `plan.district`.
    pub name: Option<String>,
    /// The fiscal year: `plan.fiscal_year`.
    pub year: String,
    /// The reference table of all who submit.
    pub directory: Option<String>,
}

/// What the pack calls a submission and whoever submits it, as a common noun each.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Nouns {
    /// A submission; absent: plan.
    pub submission: Option<String>,
    /// Whoever submits it; absent: district.
    pub submitter: Option<String>,
}

/// The four steps of a recommendation.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Steps {
    /// Nothing above a note.
    pub approve: Option<String>,
    /// Conditions.
    pub approve_with_conditions: Option<String>,
    /// The plan goes back.
    pub return_for_revision: Option<String>,
    /// The head of the agency decides.
    pub escalate_to_commissioner: Option<String>,
}

/// What letters and the memo say.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Letter {
    /// The office of whoever gets the letter.
    pub addressee: Option<String>,
    /// Their name: an expression over the submission.
    pub to: Option<String>,
    /// The day on which the submission came in: an expression over the submission.
    pub received_on: Option<String>,
    /// Who gets the memo on a batch.
    pub memo_to: Option<String>,
    /// No word of a letter holds one of these.
    pub avoid: Option<Vec<String>>,
}

/// A table of every report.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Summary {
    /// Its title.
    pub title: String,
    /// Its rows: `name in table`, filtered or not.
    #[schemars(rename = "for")]
    pub rows: String,
    /// Each column's header and expression: `[["Dollars", 'sum(…)']]`.
    pub columns: Vec<(String, String)>,
}

/// A table that stands in records alone: an archive shows its figures across years.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct History {
    /// Its title.
    pub title: String,
    /// Its rows: `name in table`, filtered or not; absent: one row, of the submission as a whole.
    #[schemars(rename = "for")]
    pub rows: Option<String>,
    /// Each column's header and expression: `[["Allocation", 'plan.allocation']]`.
    pub columns: Vec<(String, String)>,
    /// The columns that tell its rows apart, by their headers; needed where it has `for`.
    pub by: Option<Vec<String>>,
}

/// How two submissions of one submitter are compared.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Compare {
    /// The fields by which money is compared, wherever a table with a total of money has them.
    pub money: Option<Vec<String>>,
}

/// A table that repeats what a table of an earlier submission holds.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Link {
    /// The table of the earlier submission.
    pub from: String,
    /// The fields that tell its rows apart, of one name in both; absent: the key.
    pub by: Option<Vec<String>>,
    /// The other fields, here and there: `{ here = "there" }`; absent: all of one name and type.
    pub fields: Option<BTreeMap<String, String>>,
    /// The fields that hold the sum of a field there.
    pub sums: Option<BTreeMap<String, String>>,
}

/// A finding of `accordant lint` that stays as it is.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Accept {
    /// The name of the lint.
    pub lint: String,
    /// What it is accepted of: the id of a rule, `table.field`, the name of a parameter, the key of a source; or a list.
    pub at: Words,
    /// Why.
    pub why: String,
}

/// `params.toml`: the figures that rules use, each under its name: `param.name`.
#[derive(JsonSchema)]
#[schemars(transparent)]
pub struct Params(pub BTreeMap<String, Param>);

/// A parameter.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Param {
    /// What it is, in words.
    pub title: String,
    /// Its type, or the type of its items followed by ` list`.
    #[schemars(regex(pattern = r"^(text|number|money|percent|date|boolean|year|code)( list)?$"))]
    #[schemars(rename = "type")]
    pub ty: String,
    /// Whether an office may set it.
    pub policy: Option<bool>,
    /// Its values, dated, each with its source.
    pub values: Vec<Dated>,
}

/// A value of a parameter, and the fiscal years in which it holds.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Dated {
    /// The first fiscal year; absent: from the beginning.
    pub from: Option<i64>,
    /// The last fiscal year, inclusive; absent: without end.
    pub until: Option<i64>,
    /// The value; a list where the parameter is one.
    pub value: Option<FigureOrList>,
    /// Whether the parameter has no value in these years.
    pub off: Option<bool>,
    /// A key of `sources.toml`; in an office file anything, or nothing.
    pub source: Option<String>,
}

/// A figure, or a list of figures.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum FigureOrList {
    /// One.
    One(Figure),
    /// Several.
    Several(Vec<Figure>),
}

/// `sources.toml`: what the pack cites, each under its key.
#[derive(JsonSchema)]
#[schemars(transparent)]
pub struct Sources(pub BTreeMap<String, Source>);

/// A clause, a document or a data file.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Source {
    /// How it is cited: `C.G.S. § 10-262u(e)`.
    pub citation: String,
    /// The verb of a clause; absent: a document or a data file.
    pub modality: Option<Modality>,
    /// Whom it binds.
    pub duty_holder: Option<String>,
    /// What it says, in the pack's words.
    pub paraphrase: Option<String>,
    /// What a person who reads its text should look for.
    pub look_for: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
    /// How far its text was checked.
    pub verification: Verification,
    /// Why no rule tests the clause.
    pub no_rule: Option<String>,
    /// The fiscal years in which it is in force.
    pub years: Option<Span>,
}

/// The verb of a clause.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Modality {
    /// It obliges.
    Shall,
    /// It permits.
    May,
    /// It obliges.
    Must,
    /// It recommends.
    Should,
    /// It says what is done.
    Will,
    /// It says what a word means.
    Definition,
    /// It acknowledges.
    Recognized,
}

/// How far a text was checked.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Verification {
    /// The text was read.
    TextRead,
    /// Recomputed from data.
    DataConfirmed,
    /// Agrees with at least one other document.
    Corroborated,
    /// Not read: from memory or inference.
    Unconfirmed,
}

#[cfg(test)]
#[path = "shape/tests.rs"]
mod tests;
