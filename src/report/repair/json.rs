//! What would have to be changed, for programs: `accordant.repair/1`.

use schemars::JsonSchema;
use serde::Serialize;

use super::{against, field_of, takes};
use crate::pack::Pack;
use crate::repair::{Change, Conflict, Fill, Repairs, Way, one_way};
use crate::report::{PackOut, json_text};
use crate::review::{Finding, Recommendation};
use crate::value::plain_money;

/// The JSON Schema of what would have to be changed.
pub(in crate::report) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Out<'_>>()
}

/// What would have to be changed: `accordant.repair/1`. Amounts are texts; every way is one among others.
#[derive(Serialize, JsonSchema)]
struct Out<'a> {
    format: &'static str,
    pack: PackOut<'a>,
    path: &'a str,
    district_code: Option<&'a str>,
    district: Option<&'a str>,
    fiscal_year: Option<i64>,
    recommendation: Option<&'static str>,
    /// The recommendation with all ways together, judged again by all rules; null: nothing is changed.
    recommendation_after: Option<&'static str>,
    /// Changes of amounts; all of them together make nothing worse.
    ways: Vec<WayOut<'a>>,
    /// Cells to be filled in.
    fills: Vec<FillOut<'a>>,
    /// Findings for which there are no amounts.
    conflicts: Vec<ConflictOut<'a>>,
    /// Findings for which none were found within the effort that is made.
    not_found: Vec<FindingOut<'a>>,
    /// Findings that only words, or a person, can cure.
    by_people: Vec<FindingOut<'a>>,
}

/// Changes that belong together.
#[derive(Serialize, JsonSchema)]
struct WayOut<'a> {
    /// In words, one change a line.
    words: Vec<String>,
    /// How many dollars it changes, raises and cuts added up.
    cost: String,
    cures: Vec<FindingOut<'a>>,
    changes: Vec<ChangeOut<'a>>,
}

/// One amount that is changed.
#[derive(Serialize, JsonSchema)]
struct ChangeOut<'a> {
    table: &'a str,
    field: &'a str,
    place: &'a str,
    /// What the key of its row holds.
    key: Option<&'a str>,
    from: String,
    to: String,
    by: String,
}

/// A finding.
#[derive(Serialize, JsonSchema)]
struct FindingOut<'a> {
    rule: &'a str,
    code: &'a str,
    outcome: &'static str,
    severity: &'static str,
    subject: Option<&'a str>,
    message: &'a str,
}

/// Cells to be filled in.
#[derive(Serialize, JsonSchema)]
struct FillOut<'a> {
    /// The findings that wait for them.
    findings: Vec<FindingOut<'a>>,
    cells: Vec<BlankOut<'a>>,
    /// The least amount of the one cell with which it passes.
    at_least: Option<String>,
    /// The greatest.
    at_most: Option<String>,
    /// An amount with which all rules were judged again.
    example: Option<String>,
}

/// A cell to be filled in.
#[derive(Serialize, JsonSchema)]
struct BlankOut<'a> {
    place: &'a str,
    table: Option<&'a str>,
    field: Option<&'a str>,
    /// What it takes, in words.
    takes: Option<String>,
}

/// A finding for which there are no amounts.
#[derive(Serialize, JsonSchema)]
struct ConflictOut<'a> {
    finding: Option<FindingOut<'a>>,
    /// What no amounts fulfil together; without any one of them some would.
    against: Vec<AgainstOut>,
}

/// A rule that stands against others.
#[derive(Serialize, JsonSchema)]
struct AgainstOut {
    rule: String,
    title: String,
    citations: Vec<String>,
    /// It fails as the amounts are; else it passes and is to go on passing.
    fails: bool,
    /// By how much it falls short, or how much room it leaves.
    by: String,
}

/// The whole answer.
pub fn json(pack: &Pack, repairs: &Repairs) -> String {
    let before = &repairs.before;
    let all = |places: &[usize]| -> Vec<FindingOut<'_>> {
        places
            .iter()
            .filter_map(|at| finding(repairs, *at))
            .collect()
    };
    let after = repairs
        .after
        .as_ref()
        .and_then(|(_, review)| review.recommendation);
    json_text(&Out {
        format: "accordant.repair/1",
        pack: PackOut::of(pack),
        path: &before.path,
        district_code: before.district_code.as_deref(),
        district: before.district.as_deref(),
        fiscal_year: before.fiscal_year,
        recommendation: before.recommendation.map(Recommendation::name),
        recommendation_after: after.map(Recommendation::name),
        ways: repairs
            .ways
            .iter()
            .map(|way| way_out(pack, repairs, way))
            .collect(),
        fills: repairs
            .fills
            .iter()
            .map(|fill| fill_out(pack, repairs, fill))
            .collect(),
        conflicts: repairs
            .conflicts
            .iter()
            .map(|c| conflict_out(pack, repairs, c))
            .collect(),
        not_found: all(&repairs.not_found),
        by_people: all(&repairs.by_people),
    })
}

fn finding(repairs: &Repairs, at: usize) -> Option<FindingOut<'_>> {
    let finding: &Finding = repairs.before.findings.get(at)?;
    Some(FindingOut {
        rule: &finding.rule,
        code: &finding.code,
        outcome: finding.outcome.name(),
        severity: finding.severity.name(),
        subject: finding.subject.as_deref(),
        message: &finding.message,
    })
}

fn way_out<'a>(pack: &'a Pack, repairs: &'a Repairs, way: &'a Way) -> WayOut<'a> {
    WayOut {
        words: one_way(&pack.schema, way),
        cost: plain_money(way.cost()),
        cures: way
            .cures
            .iter()
            .filter_map(|at| finding(repairs, *at))
            .collect(),
        changes: way
            .changes
            .iter()
            .map(|change| change_out(pack, change))
            .collect(),
    }
}

fn change_out<'a>(pack: &'a Pack, change: &'a Change) -> ChangeOut<'a> {
    let table = pack.schema.tables.get(change.table);
    let field = table.and_then(|t| t.fields.get(change.field));
    ChangeOut {
        table: table.map_or("", |t| &t.name),
        field: field.map_or("", |f| &f.name),
        place: &change.place,
        key: change.key.as_deref(),
        from: plain_money(change.from),
        to: plain_money(change.to),
        by: plain_money(change.by()),
    }
}

fn fill_out<'a>(pack: &'a Pack, repairs: &'a Repairs, fill: &'a Fill) -> FillOut<'a> {
    let blanks = fill.blanks.iter().map(|blank| {
        let of = field_of(pack, blank);
        BlankOut {
            place: &blank.place,
            table: of.map(|(table, _)| table.name.as_str()),
            field: of.map(|(_, field)| field.name.as_str()),
            takes: of.map(|(_, field)| takes(field, &pack.schema.currency)),
        }
    });
    FillOut {
        findings: fill
            .findings
            .iter()
            .filter_map(|at| finding(repairs, *at))
            .collect(),
        cells: blanks.collect(),
        at_least: fill.between.0.map(plain_money),
        at_most: fill.between.1.map(plain_money),
        example: fill.example.map(plain_money),
    }
}

fn conflict_out<'a>(pack: &'a Pack, repairs: &'a Repairs, of: &Conflict) -> ConflictOut<'a> {
    let rules = &repairs.before.rules;
    let each = of.against.iter().filter_map(|one| {
        let (rule, title, citations, _) = against(pack, rules, one)?;
        Some(AgainstOut {
            rule,
            title,
            citations,
            fails: one.fails,
            by: plain_money(one.by),
        })
    });
    ConflictOut {
        finding: finding(repairs, of.finding),
        against: each.collect(),
    }
}
