//! Runs the cases that stand in rules' files, through the readers and the evaluator that judge a district's plan.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::prepared::{self, Prepared};
use crate::diagnostic::Diagnostic;
use crate::evaluate::Evaluator;
use crate::expr::Expr;
use crate::expr::eval::MAIN;
use crate::expr::tree::Node;
use crate::pack::{CaseKind, Current, Expected, Pack, Rule, Test, own_place};
use crate::review::{Finding, Outcome};
use crate::value::plain;

pub use crate::evaluate::Drawing;
pub use crate::evidence::{Piece, PieceValue};

/// What came of one case.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// The rule.
    pub rule: String,
    /// The case's name.
    pub case: String,
    /// What it shows.
    pub kind: CaseKind,
    /// What it expects.
    pub expected: Expected,
    /// What the rule said; `None` when the rule is not in force in the case's year.
    pub actual: Option<Outcome>,
    /// What the case expects and did not find.
    pub mismatches: Vec<Mismatch>,
    /// Where something was not as expected: the test with the value of every part.
    pub drawings: Vec<Drawing>,
    /// Cells of the case that could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Something that a case expects and did not find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The key of the case: `expect`, `because`, `missing` or `gap`.
    pub key: &'static str,
    /// What stands there.
    pub expected: String,
    /// What was found.
    pub actual: String,
}

/// A rule without cases that it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The rule.
    pub rule: String,
    /// The kinds of cases that it has not.
    pub kinds: Vec<CaseKind>,
}

impl CaseResult {
    /// Whether the rule said what the case expects, for the reason that it expects.
    pub fn holds(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// Runs every case of every rule.
pub fn run(pack: &Pack) -> Vec<CaseResult> {
    run_prepared(&prepared::all(pack))
}

/// The same for cases that are read already.
pub fn run_prepared(cases: &[Prepared<'_>]) -> Vec<CaseResult> {
    cases.par_iter().map(result).collect()
}

/// The rules without cases that they should have.
pub fn lacking(pack: &Pack) -> Vec<Lacking> {
    let lacking = pack.rules.iter().map(|rule| Lacking {
        rule: rule.id.clone(),
        kinds: rule.lacking_cases(),
    });
    lacking.filter(|l| !l.kinds.is_empty()).collect()
}

fn result(prepared: &Prepared<'_>) -> CaseResult {
    let (rule, case) = (prepared.rule, prepared.case);
    let (actual, findings) = match prepared.findings(rule) {
        Some((tally, findings)) => (Some(tally.worst()), findings),
        None => (None, Vec::new()),
    };
    let mismatches = mismatches(prepared, actual, &findings);
    let drawn = actual
        .filter(|_| !mismatches.is_empty())
        .map(|actual| Evaluator::new(&prepared.in_force).drawn(&prepared.submission, rule, actual));
    CaseResult {
        rule: rule.id.clone(),
        case: case.name.clone(),
        kind: case.kind,
        expected: case.expect,
        actual,
        mismatches,
        drawings: drawn.unwrap_or_default(),
        diagnostics: prepared.diagnostics.clone(),
    }
}

/// Whether a case would fail for a changed rule: by its outcome, its gap or the cells that are missing.
pub(crate) fn notices(prepared: &Prepared<'_>, changed: &Rule) -> bool {
    if Expected::of(prepared.outcome(changed)) != prepared.case.expect {
        return true;
    }
    let reason = &prepared.case.reason;
    if reason.gap.is_none() && reason.missing.is_none() {
        return false;
    }
    let Some((tally, findings)) = prepared.findings(changed) else {
        return false;
    };
    let worst = findings.iter().filter(|f| f.outcome == tally.worst());
    let worst: Vec<&Finding> = worst.collect();
    gap(prepared, &worst).is_some() || missing(prepared, &worst).is_some()
}

/// What a case expects and did not find; the reason is asked for only where the outcome is the expected one.
fn mismatches(
    prepared: &Prepared<'_>,
    actual: Option<Outcome>,
    findings: &[Finding],
) -> Vec<Mismatch> {
    let case = prepared.case;
    let was = Expected::of(actual);
    if was != case.expect {
        return vec![Mismatch {
            key: "expect",
            expected: case.expect.name().to_owned(),
            actual: was.name().to_owned(),
        }];
    }
    let worst = findings.iter().filter(|f| Some(f.outcome) == actual);
    let worst: Vec<&Finding> = worst.collect();
    let checks = [
        because(prepared, &worst),
        missing(prepared, &worst),
        gap(prepared, &worst),
    ];
    checks.into_iter().flatten().collect()
}

fn because(prepared: &Prepared<'_>, findings: &[&Finding]) -> Option<Mismatch> {
    let expected = prepared.case.reason.because.as_ref()?;
    let schema = &prepared.in_force.pack.schema;
    let current = Current::of(prepared.rule, prepared.in_force.year, schema)?;
    let test = current.test?;
    let mut decided: Vec<String> = Vec::new();
    for finding in findings {
        let tests = finding.decided.iter().filter_map(|at| part(test, *at));
        let evidence = finding.evidence.iter().map(|e| e.expression.clone());
        for text in tests.chain(evidence) {
            if !decided.contains(&text) {
                decided.push(text);
            }
        }
    }
    (!decided.contains(expected)).then(|| Mismatch {
        key: "because",
        expected: expected.clone(),
        actual: decided.join("; "),
    })
}

/// The text of a part of what a rule requires, by the number of its expression and its own.
fn part(test: &Test, (no, id): (usize, usize)) -> Option<String> {
    fn find<'e>(expr: &'e Expr, node: &'e Node, id: usize) -> Option<String> {
        if node.id == id {
            return Some(expr.text_of(&node.span));
        }
        let mut parts = node.parts();
        parts.find_map(|part| find(expr, part, id))
    }
    let expr = if no == MAIN {
        test.require.as_ref()?
    } else {
        &test.lets.get(no)?.1
    };
    find(expr, &expr.root, id)
}

fn missing(prepared: &Prepared<'_>, findings: &[&Finding]) -> Option<Mismatch> {
    let expected = prepared.case.reason.missing.as_ref()?;
    let expected: BTreeSet<String> = expected.iter().cloned().collect();
    let found = findings.iter().flat_map(|f| &f.missing);
    let found: BTreeSet<String> = found.map(|place| own_place(place)).collect();
    (expected != found).then(|| Mismatch {
        key: "missing",
        expected: listed(expected),
        actual: listed(found),
    })
}

fn gap(prepared: &Prepared<'_>, findings: &[&Finding]) -> Option<Mismatch> {
    let expected = prepared.case.reason.gap?;
    let found = findings.iter().filter_map(|f| f.gap.as_ref());
    let found: Vec<_> = found.map(|gap| gap.value).collect();
    (!found.contains(&expected)).then(|| Mismatch {
        key: "gap",
        expected: plain(expected),
        actual: listed(found.into_iter().map(plain)),
    })
}

fn listed(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    if items.is_empty() {
        "none".to_owned()
    } else {
        items.join(", ")
    }
}
