//! What a change of rules changes, for programs: `accordant.impact/1`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::author::impact::{Difference, Example, Group, Impact, Move, Note, RuleImpact, Standing};
use crate::pack::Severity;
use crate::report::{PackOut, json_text};
use crate::review::Finding;
use crate::value::{plain, plain_money};

/// The name of the form.
pub(super) const FORMAT: &str = "accordant.impact/1";

/// What a change of rules changes: `accordant.impact/1`.
#[derive(Serialize, JsonSchema)]
struct Whole<'a> {
    format: &'static str,
    engine: Engine,
    from: PackOut<'a>,
    to: PackOut<'a>,
    summary: Summary,
    recommendations: Vec<MoveOut<'a>>,
    rules: Vec<RuleOut<'a>>,
    pack: Vec<DifferenceOut<'a>>,
    reports: Vec<NoteOut<'a>>,
    unchecked: &'a [String],
}

#[derive(Serialize, JsonSchema)]
struct Engine {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Summary {
    changed: bool,
    submissions: usize,
    submissions_changed: usize,
    recommendations_changed: usize,
    outcomes_changed: usize,
    outcomes_unchanged: usize,
}

#[derive(Serialize, JsonSchema)]
struct MoveOut<'a> {
    from: &'static str,
    to: &'static str,
    submissions: Vec<MovedOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct MovedOut<'a> {
    path: &'a str,
    district_code: Option<&'a str>,
    district: Option<&'a str>,
    fiscal_year: Option<i64>,
    rules: &'a [&'a str],
}

#[derive(Serialize, JsonSchema)]
struct RuleOut<'a> {
    rule: &'a str,
    code: &'a str,
    title: &'a str,
    fate: &'static str,
    differences: Vec<DifferenceOut<'a>>,
    groups: Vec<GroupOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct DifferenceOut<'a> {
    what: &'a str,
    from: Option<&'a str>,
    to: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct GroupOut<'a> {
    from: Option<StandingOut>,
    to: Option<StandingOut>,
    differs: Vec<&'static str>,
    outcomes: usize,
    submissions: usize,
    sha256: &'a str,
    examples: Vec<ExampleOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct StandingOut {
    outcome: &'static str,
    severity: Option<&'static str>,
}

#[derive(Serialize, JsonSchema)]
struct ExampleOut<'a> {
    path: &'a str,
    district_code: Option<&'a str>,
    district: Option<&'a str>,
    fiscal_year: Option<i64>,
    subject: Option<&'a str>,
    from: Option<SaidOut<'a>>,
    to: Option<SaidOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct SaidOut<'a> {
    message: &'a str,
    advice: &'a str,
    gap: Option<GapOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct GapOut<'a> {
    value: String,
    unit: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct NoteOut<'a> {
    what: &'static str,
    from: &'a [String],
    to: &'a [String],
}

pub(in crate::report) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Whole<'_>>()
}

/// The whole comparison: every submission whose recommendation changes, every group with a few examples and the digest of
/// all it holds.
pub fn json(impact: &Impact<'_>) -> String {
    let counts = impact.counts;
    json_text(&Whole {
        format: FORMAT,
        engine: Engine {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        from: PackOut::of(impact.from),
        to: PackOut::of(impact.to),
        summary: Summary {
            changed: impact.is_change(),
            submissions: counts.submissions,
            submissions_changed: counts.changed,
            recommendations_changed: counts.moved,
            outcomes_changed: counts.outcomes_changed,
            outcomes_unchanged: counts.outcomes_same,
        },
        recommendations: impact.moves.iter().map(moved).collect(),
        rules: impact.rules.iter().map(rule).collect(),
        pack: impact.pack.iter().map(difference).collect(),
        reports: impact.notes.iter().map(note).collect(),
        unchecked: &impact.unchecked,
    })
}

fn moved<'a>(of: &'a Move<'_>) -> MoveOut<'a> {
    let submissions = of.submissions.iter().map(|moved| MovedOut {
        path: &moved.review.path,
        district_code: moved.review.district_code.as_deref(),
        district: moved.review.district.as_deref(),
        fiscal_year: moved.review.fiscal_year,
        rules: &moved.rules,
    });
    MoveOut {
        from: of.from.name(),
        to: of.to.name(),
        submissions: submissions.collect(),
    }
}

fn rule<'a>(of: &'a RuleImpact<'_>) -> RuleOut<'a> {
    RuleOut {
        rule: of.rule,
        code: of.code,
        title: of.title,
        fate: of.fate.name(),
        differences: of.differences.iter().map(difference).collect(),
        groups: of.groups.iter().map(group).collect(),
    }
}

fn difference(of: &Difference) -> DifferenceOut<'_> {
    DifferenceOut {
        what: &of.what,
        from: of.from.as_deref(),
        to: of.to.as_deref(),
    }
}

fn group<'a>(of: &'a Group<'_>) -> GroupOut<'a> {
    GroupOut {
        from: of.from.map(standing),
        to: of.to.map(standing),
        differs: of.wording.names(),
        outcomes: of.count,
        submissions: of.submissions,
        sha256: &of.digest,
        examples: of.examples.iter().map(example).collect(),
    }
}

fn standing(of: Standing) -> StandingOut {
    StandingOut {
        outcome: of.outcome.name(),
        severity: of.severity.map(Severity::name),
    }
}

fn example<'a>(of: &'a Example<'_>) -> ExampleOut<'a> {
    ExampleOut {
        path: &of.review.path,
        district_code: of.review.district_code.as_deref(),
        district: of.review.district.as_deref(),
        fiscal_year: of.review.fiscal_year,
        subject: of.subject.as_deref(),
        from: of.from.map(said),
        to: of.to.map(said),
    }
}

fn said(finding: &Finding) -> SaidOut<'_> {
    let gap = finding.gap.as_ref().map(|gap| GapOut {
        value: match gap.unit.as_str() {
            "days" | "number" => plain(gap.value),
            _ => plain_money(gap.value),
        },
        unit: &gap.unit,
    });
    SaidOut {
        message: &finding.message,
        advice: &finding.advice,
        gap,
    }
}

fn note(of: &Note) -> NoteOut<'_> {
    NoteOut {
        what: of.what,
        from: &of.from,
        to: &of.to,
    }
}
