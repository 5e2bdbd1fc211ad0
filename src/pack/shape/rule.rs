//! A rule's file.

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::{Figure, FigureOrList, Span};

/// A rule: one requirement, in a file named after its id.
///
/// The test stands in the rule itself, or in dated `[[edition]]` tables.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Rule {
    /// Its code in the inventory of checks.
    pub code: String,
    /// What is true of a good plan.
    pub title: String,
    /// Where it gets its force.
    pub basis: Basis,
    /// Keys of `sources.toml`: where it comes from.
    #[schemars(length(min = 1))]
    pub cites: Vec<String>,
    /// What its findings do to the recommendation.
    pub severity: Severity,
    /// Of a statute rule: what it weighs as soon as one of its sources is better than unconfirmed.
    pub verified_severity: Option<Severity>,
    /// The fiscal years in which it is in force; absent: all.
    pub effective: Option<Span>,
    /// Who is shown its findings; absent: the district.
    pub audience: Option<Audience>,
    /// The rows that it judges one by one: `name in table`, filtered or not. Absent: the whole submission.
    #[schemars(rename = "for")]
    pub rows: Option<String>,
    /// `never`: a change of amounts does not cure its findings, a person does.
    pub repair: Option<Never>,
    /// Named sub-expressions.
    #[schemars(rename = "let")]
    pub lets: Option<BTreeMap<String, String>>,
    /// When the test is asked; absent: always. False: not applicable.
    pub when: Option<String>,
    /// What must hold.
    pub require: Option<String>,
    /// In place of `require` and `message`: what a person must answer; open until then.
    pub question: Option<String>,
    /// What is wrong when it does not: lower case, no full stop, values in `{…}`.
    pub message: Option<String>,
    /// What to do about it: an order, with a full stop.
    pub advice: Option<String>,
    /// The test as it changed with the law: every year in force has one edition.
    pub edition: Option<Vec<Edition>>,
    /// Its own tests: one that passes, one that fails, one at the edge, one without the cell that decides.
    pub case: Option<Vec<Case>>,
    /// Small changes of it, as `test --mutate` writes them, that change nothing for any submission.
    pub equivalent: Option<Vec<Equivalent>>,
}

/// What a repair does not do.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Never {
    /// It does not change amounts to make the rule pass.
    Never,
}

/// A change of a rule that changes nothing, so that no case can notice it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Equivalent {
    /// The change, as `test --mutate` writes it.
    pub mutant: String,
    /// Why it changes nothing.
    pub why: String,
}

/// A rule's test in some fiscal years.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Edition {
    /// The first fiscal year.
    pub from: Option<i64>,
    /// The last fiscal year, inclusive.
    pub until: Option<i64>,
    /// Why the rule has nothing to test in these years.
    pub not_applicable: Option<String>,
    /// Named sub-expressions.
    #[schemars(rename = "let")]
    pub lets: Option<BTreeMap<String, String>>,
    /// When the test is asked; absent: always.
    pub when: Option<String>,
    /// What must hold.
    pub require: Option<String>,
    /// In place of `require` and `message`: what a person must answer; open until then.
    pub question: Option<String>,
    /// What is wrong when it does not.
    pub message: Option<String>,
    /// What to do about it.
    pub advice: Option<String>,
}

/// One test of a rule: what a submission holds, and what the rule must say of it.
#[derive(JsonSchema)]
pub struct Case {
    /// What it shows, in words.
    pub name: String,
    /// What kind of plan it is.
    pub kind: CaseKind,
    /// The worst outcome over the rule's subjects.
    pub expect: Expected,
    /// The fiscal year; absent: the pack's last.
    pub year: Option<i64>,
    /// The fields of the table `plan`.
    pub plan: Option<BTreeMap<String, Figure>>,
    /// Parameters as an office might set them.
    pub param: Option<BTreeMap<String, SetParam>>,
    /// Where it fails: the part of the test that decides.
    pub because: Option<String>,
    /// Where it cannot be told: the cells that stop it.
    pub missing: Option<Vec<String>>,
    /// Where it fails: by how much.
    pub gap: Option<Figure>,
    /// Other tables, and rows of reference tables, as CSV.
    #[schemars(flatten)]
    pub tables: BTreeMap<String, String>,
}

/// A parameter as an office might set it.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum SetParam {
    /// Its value.
    Value(FigureOrList),
    /// It has none: `{ off = true }`.
    Off(BTreeMap<String, bool>),
}

/// Where a rule gets its force.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Basis {
    /// The law itself requires it.
    Statute,
    /// A document of the agency.
    Guidance,
    /// The submission contradicts itself or an official figure.
    Data,
    /// A person must decide; evidence is gathered.
    Judgement,
    /// A threshold that the office chose.
    Policy,
    /// A helpful word.
    Advice,
}

/// What a finding does to the recommendation.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Severity {
    /// It is printed.
    Note,
    /// The plan may be approved on a condition.
    Condition,
    /// The plan goes back.
    Return,
    /// The head of the agency decides.
    Escalate,
}

/// Who is shown a rule's findings.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Audience {
    /// The district, and the reviewer.
    District,
    /// The reviewer alone.
    Reviewer,
}

/// What a case shows.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum CaseKind {
    /// A plan that passes.
    Pass,
    /// A plan that fails.
    Fail,
    /// A plan at the exact edge of a comparison.
    Edge,
    /// A plan without the cell that decides.
    Missing,
}

/// The worst outcome that a case expects.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Expected {
    /// Some subject fails.
    Fail,
    /// None fails, some cannot be told.
    Unknown,
    /// None fails or is unknown, some passes.
    Pass,
    /// The rule has nothing to judge.
    NotApplicable,
    /// The rule is not in force in the case's year.
    NotInForce,
}
