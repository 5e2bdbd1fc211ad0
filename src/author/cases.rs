//! Runs the cases that stand in rules' files, through the readers and the evaluator that judge a district's plan.

use super::prepared::{self, Prepared};
use crate::diagnostic::Diagnostic;
use crate::pack::{Expected, Pack};
use crate::review::Outcome;

/// What came of one case.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// The rule.
    pub rule: String,
    /// The case's name.
    pub case: String,
    /// What it expects.
    pub expected: Expected,
    /// What the rule said; `None` when the rule is not in force in the case's year.
    pub actual: Option<Outcome>,
    /// Cells of the case that could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

impl CaseResult {
    /// Whether the rule said what the case expects.
    pub fn holds(&self) -> bool {
        Expected::of(self.actual) == self.expected
    }
}

/// Runs every case of every rule.
pub fn run(pack: &Pack) -> Vec<CaseResult> {
    let prepared = prepared::all(pack);
    prepared.into_iter().map(result).collect()
}

fn result(case: Prepared<'_>) -> CaseResult {
    CaseResult {
        rule: case.rule.id.clone(),
        case: case.case.name.clone(),
        expected: case.case.expect,
        actual: case.outcome(case.rule),
        diagnostics: case.diagnostics,
    }
}
