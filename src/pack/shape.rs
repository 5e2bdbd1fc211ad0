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
    /// The empty workbook that `accordant template` writes.
    pub template: Option<Template>,
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
    /// How pages lay it out; absent: table.
    pub layout: Option<Layout>,
    /// Whether it is too long for a terminal; pages, workbooks and JSON have it all the same.
    pub long: Option<bool>,
    /// The headers of the columns that the page of a batch shows side by side, a row a submission.
    pub compare: Option<Vec<String>>,
    /// How pages draw it.
    pub chart: Option<Chart>,
    /// The tables of each of its rows, by id, which pages show.
    pub each: Option<BTreeMap<String, Nested>>,
}

/// How pages lay a table out.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Layout {
    /// As a table.
    Table,
    /// A card a row, under its first column.
    Cards,
}

/// How pages draw a table.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Chart {
    /// Bars for each row, or a line for each series.
    pub kind: ChartKind,
    /// Of bars: the headers of the columns of figures.
    pub columns: Option<Vec<String>>,
    /// Of lines: the header of the column that says what each is of.
    pub series: Option<String>,
    /// Of lines: the header of the column that says when.
    pub x: Option<String>,
    /// Of lines: the header of the column of figures.
    pub y: Option<String>,
    /// Of lines: the header of the column of figures that are aimed at.
    pub target: Option<String>,
}

/// What a chart is of.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum ChartKind {
    /// Bars beside one another for each row.
    Bars,
    /// A line for each series.
    Lines,
}

/// A table of one row of another.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Nested {
    /// Its title.
    pub title: String,
    /// Its rows, by the row that it is of: `line in budget[strategy_id = s.strategy_id]`.
    #[schemars(rename = "for")]
    pub rows: String,
    /// Each column's header and expression.
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
    pub from: Option<String>,
    /// Under `prior`, in the place of all others: the fields that hold the conditions on which the earlier submission was approved,
    /// by their columns in a file of determinations: `{ condition = "condition", due_on = "due_on" }`.
    pub conditions: Option<BTreeMap<String, String>>,
    /// The fields that tell its rows apart, of one name in both; absent: the key.
    pub by: Option<Vec<String>>,
    /// The other fields, here and there: `{ here = "there" }`; absent: all of one name and type.
    pub fields: Option<BTreeMap<String, String>>,
    /// The fields that hold the sum of a field there.
    pub sums: Option<BTreeMap<String, String>>,
}

/// The empty workbook that `accordant template` writes: what is filled in, and what its sheet of checks asks.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Template {
    /// By table: what the reference tables give for a submitter. `plan` holds the submitter and the year.
    pub given: Option<BTreeMap<String, Fill>>,
    /// By table: what is carried over from last year's submission, which the expressions read; `year` is the new one.
    pub carried: Option<BTreeMap<String, Fill>>,
    /// By field of `plan`: the expression of its formula, such as `sum(budget.amount)`.
    pub formulas: Option<BTreeMap<String, String>>,
    /// What the sheet of checks asks besides what the schema says.
    pub check: Option<Vec<TemplateCheck>>,
}

/// What fills a table of the empty workbook.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Fill {
    /// For each of these a row: `name in table`, filtered or not. Not for `plan`, which has one row.
    #[schemars(rename = "for")]
    pub rows: Option<String>,
    /// The expression of each field.
    pub fields: BTreeMap<String, String>,
}

/// A check that a spreadsheet program works out by itself: of a rule, or with its own `require`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TemplateCheck {
    /// What is true of a good submission; absent: the rule's title.
    pub title: Option<String>,
    /// The id of the rule that judges the same. Without `require`, its test is asked.
    pub rule: Option<String>,
    /// The rows that it asks about: `name in table`, filtered or not; absent: the whole submission.
    #[schemars(rename = "for")]
    pub rows: Option<String>,
    /// When it is asked at all.
    pub when: Option<String>,
    /// What must hold.
    pub require: Option<String>,
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
