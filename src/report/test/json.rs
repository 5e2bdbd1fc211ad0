//! What a run of a pack's tests found as JSON, in the form `accordant.test/1`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::author::cases::{CaseResult, Mismatch, PieceValue};
use crate::author::coverage::{Coverage, RuleCoverage};
use crate::author::goldens::{
    Change, Content, CountChange, FindingChange, Golden, Other, SubmissionChange, WhatChanged,
};
use crate::author::run::Run;
use crate::pack::CaseKind;
use crate::report::json::Written;
use crate::report::{PackOut, json_text};
use crate::review::Outcome;

/// What running the cases and goldens of a pack gave: `accordant.test/1`.
#[derive(Serialize, JsonSchema)]
struct Whole<'a> {
    format: &'static str,
    pack: PackOut<'a>,
    holds: bool,
    summary: Summary,
    cases: Vec<CaseOut<'a>>,
    lacking: Vec<LackingOut<'a>>,
    goldens: Option<Vec<GoldenOut<'a>>>,
    coverage: Option<CoverageOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct CoverageOut<'a> {
    ways: Share,
    editions: Share,
    values: Share,
    rules: Vec<RuleOut<'a>>,
    unused_values: Vec<ValueOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Share {
    taken: usize,
    all: usize,
}

#[derive(Serialize, JsonSchema)]
struct RuleOut<'a> {
    rule: &'a str,
    taken: usize,
    all: usize,
    untaken: Vec<UntakenOut<'a>>,
    unused_editions: Vec<YearsOut>,
}

#[derive(Serialize, JsonSchema)]
struct UntakenOut<'a> {
    test: &'a str,
    never_true: bool,
    never_false: bool,
}

#[derive(Serialize, JsonSchema)]
struct YearsOut {
    from: Option<i64>,
    until: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct ValueOut<'a> {
    param: &'a str,
    from: Option<i64>,
    until: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct Summary {
    rules: usize,
    cases: usize,
    failed: usize,
    lacking: usize,
    goldens: usize,
    changed: usize,
    blessed: bool,
}

#[derive(Serialize, JsonSchema)]
struct CaseOut<'a> {
    rule: &'a str,
    name: &'a str,
    kind: &'static str,
    expected: &'static str,
    actual: Option<&'static str>,
    holds: bool,
    mismatches: Vec<MismatchOut<'a>>,
    values: Vec<ValuesOut<'a>>,
    diagnostics: Vec<DiagnosticOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct MismatchOut<'a> {
    key: &'static str,
    expected: &'a str,
    actual: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct ValuesOut<'a> {
    subject: Option<&'a str>,
    key: &'static str,
    parts: Vec<PartOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct PartOut<'a> {
    depth: usize,
    text: &'a str,
    kind: &'static str,
    value: Option<Written<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct DiagnosticOut<'a> {
    place: &'a str,
    message: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct LackingOut<'a> {
    rule: &'a str,
    kinds: Vec<&'static str>,
}

#[derive(Serialize, JsonSchema)]
struct GoldenOut<'a> {
    path: &'a str,
    same: bool,
    change: Option<&'static str>,
    submissions: Vec<SubmissionOut<'a>>,
    others: Vec<OtherOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct SubmissionOut<'a> {
    path: &'a str,
    change: &'static str,
    recommendation: Option<Both<'a>>,
    findings: Vec<FindingOut<'a>>,
    counts: Vec<CountOut<'a>>,
    others: Vec<OtherOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Both<'a> {
    before: &'a str,
    after: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct FindingOut<'a> {
    rule: &'a str,
    subject: Option<&'a str>,
    change: &'static str,
    outcome: Option<&'a str>,
    severity: Option<&'a str>,
    message: Option<&'a str>,
    keys: Vec<OtherOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct CountOut<'a> {
    rule: &'a str,
    before: &'a str,
    after: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct OtherOut<'a> {
    at: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

pub(in crate::report) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Whole<'_>>()
}

/// The run as JSON.
pub fn json(run: &Run<'_>) -> String {
    let lacking = run.lacking.iter().map(|l| LackingOut {
        rule: &l.rule,
        kinds: l.kinds.iter().copied().map(CaseKind::name).collect(),
    });
    json_text(&Whole {
        format: "accordant.test/1",
        pack: PackOut::of(run.pack),
        holds: run.holds(),
        summary: Summary {
            rules: run.pack.rules.len(),
            cases: run.cases.len(),
            failed: run.failed().count(),
            lacking: run.lacking.len(),
            goldens: run.goldens.as_ref().map_or(0, Vec::len),
            changed: run.changed().count(),
            blessed: run.blessed,
        },
        cases: run.cases.iter().map(case).collect(),
        lacking: lacking.collect(),
        goldens: run
            .goldens
            .as_ref()
            .map(|all| all.iter().map(golden).collect()),
        coverage: run.coverage.as_ref().map(coverage),
    })
}

fn coverage<'a>(of: &'a Coverage<'_>) -> CoverageOut<'a> {
    let share = |(taken, all): (usize, usize)| Share { taken, all };
    let unused = of.values.iter().filter(|v| !v.used).map(|v| ValueOut {
        param: v.param,
        from: v.years.0,
        until: v.years.1,
    });
    CoverageOut {
        ways: share(of.ways()),
        editions: share(of.editions()),
        values: share(of.used_values()),
        rules: of.rules.iter().map(rule).collect(),
        unused_values: unused.collect(),
    }
}

fn rule<'a>(of: &'a RuleCoverage<'_>) -> RuleOut<'a> {
    let (taken, all) = of.ways();
    let untaken = of.untaken().map(|test| UntakenOut {
        test: &test.text,
        never_true: !test.yes,
        never_false: !test.no,
    });
    let unused = of.unused_editions.iter();
    RuleOut {
        rule: &of.rule.id,
        taken,
        all,
        untaken: untaken.collect(),
        unused_editions: unused
            .map(|&(from, until)| YearsOut { from, until })
            .collect(),
    }
}

fn case(result: &CaseResult) -> CaseOut<'_> {
    let diagnostics = result.diagnostics.iter().map(|d| DiagnosticOut {
        place: &d.place,
        message: &d.message,
    });
    CaseOut {
        rule: &result.rule,
        name: &result.case,
        kind: result.kind.name(),
        expected: result.expected.name(),
        actual: result.actual.map(Outcome::name),
        holds: result.holds(),
        mismatches: result.mismatches.iter().map(mismatch).collect(),
        values: values(result),
        diagnostics: diagnostics.collect(),
    }
}

fn mismatch(of: &Mismatch) -> MismatchOut<'_> {
    MismatchOut {
        key: of.key,
        expected: &of.expected,
        actual: &of.actual,
    }
}

fn values(result: &CaseResult) -> Vec<ValuesOut<'_>> {
    let mut all = Vec::new();
    for drawing in &result.drawings {
        for (key, pieces) in &drawing.tests {
            let parts = pieces.iter().map(|piece| PartOut {
                depth: piece.depth,
                text: &piece.text,
                kind: match &piece.value {
                    PieceValue::Is(_) => "value",
                    PieceValue::NotAsked => "not-asked",
                    PieceValue::Item => "item",
                },
                value: match &piece.value {
                    PieceValue::Is(value) => Some(Written(value)),
                    PieceValue::NotAsked | PieceValue::Item => None,
                },
            });
            all.push(ValuesOut {
                subject: drawing.subject.as_deref(),
                key,
                parts: parts.collect(),
            });
        }
    }
    all
}

fn golden(golden: &Golden) -> GoldenOut<'_> {
    let none = (Vec::new(), Vec::new());
    let (change, (submissions, others)) = match &golden.change {
        None => (None, none),
        Some(Change::New) => (Some("new"), none),
        Some(Change::NoReview) => (Some("no-review"), none),
        Some(Change::Layout(_)) => (Some("layout"), none),
        Some(Change::Content(content)) => (Some("content"), of_content(content)),
    };
    GoldenOut {
        path: &golden.path,
        same: golden.change.is_none(),
        change,
        submissions,
        others,
    }
}

fn of_content(content: &Content) -> (Vec<SubmissionOut<'_>>, Vec<OtherOut<'_>>) {
    (
        content.submissions.iter().map(submission).collect(),
        others(&content.others),
    )
}

fn submission(change: &SubmissionChange) -> SubmissionOut<'_> {
    let counts = change.counts.iter().map(
        |CountChange {
             rule,
             before,
             after,
         }| CountOut {
            rule,
            before,
            after,
        },
    );
    SubmissionOut {
        path: &change.path,
        change: match change.only_new {
            Some(true) => "added",
            Some(false) => "gone",
            None => "changed",
        },
        recommendation: change
            .recommendation
            .as_ref()
            .map(|(before, after)| Both { before, after }),
        findings: change.findings.iter().map(finding).collect(),
        counts: counts.collect(),
        others: others(&change.others),
    }
}

fn finding(of: &FindingChange) -> FindingOut<'_> {
    let (change, brief, keys) = match &of.what {
        WhatChanged::Added(brief) => ("added", Some(brief), Vec::new()),
        WhatChanged::Gone(brief) => ("gone", Some(brief), Vec::new()),
        WhatChanged::Changed(keys) => ("changed", None, others(keys)),
    };
    FindingOut {
        rule: &of.rule,
        subject: of.subject.as_deref(),
        change,
        outcome: brief.map(|b| b.outcome.as_str()),
        severity: brief.map(|b| b.severity.as_str()),
        message: brief.map(|b| b.message.as_str()),
        keys,
    }
}

fn others(all: &[Other]) -> Vec<OtherOut<'_>> {
    let others = all.iter().map(|other| OtherOut {
        at: &other.at,
        before: other.before.as_deref(),
        after: other.after.as_deref(),
    });
    others.collect()
}
