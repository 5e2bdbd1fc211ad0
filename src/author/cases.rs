//! Runs the cases that stand in rules' files, through the readers and the evaluator that judge a district's plan.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Weight};
use crate::evaluate::Evaluator;
use crate::pack::{Case, Expected, InForce, Pack, Rule, merge};
use crate::read::{self, File};
use crate::review::{Outcome, Review};
use crate::submission::Submission;

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
        self.actual
            .is_some_and(|a| a.name() == self.expected.name())
    }
}

/// Runs every case of every rule.
pub fn run(pack: &Pack) -> Vec<CaseResult> {
    let mut results = Vec::new();
    for rule in &pack.rules {
        results.extend(rule.cases.iter().map(|case| run_case(pack, rule, case)));
    }
    results
}

fn run_case(pack: &Pack, rule: &Rule, case: &Case) -> CaseResult {
    let laid = LaidOut::new(pack, case);
    let actual = Evaluator::new(&laid.in_force)
        .tally(&laid.submission, &rule.id)
        .map(|tally| tally.worst());
    CaseResult {
        rule: rule.id.clone(),
        case: case.name.clone(),
        expected: case.expect,
        actual,
        diagnostics: laid.diagnostics,
    }
}

/// What all rules say of a case.
pub(crate) fn review(pack: &Pack, case: &Case) -> Review {
    let laid = LaidOut::new(pack, case);
    Evaluator::new(&laid.in_force).review(&laid.submission)
}

/// A case as it is judged.
struct LaidOut<'p> {
    submission: Submission,
    in_force: InForce<'p>,
    diagnostics: Vec<Diagnostic>,
}

impl<'p> LaidOut<'p> {
    fn new(pack: &'p Pack, case: &Case) -> Self {
        let year = case.year.unwrap_or(pack.own_years().1);
        let schema = &pack.schema;
        let (mut files, mut texts, mut replaced) = (Vec::new(), pack.texts.clone(), Vec::new());
        let mut diagnostics = Vec::new();
        if let Some(plan) = &case.plan {
            files.push(File {
                path: "case/plan.toml".to_owned(),
                bytes: plan.clone().into_bytes(),
            });
        }
        for (name, csv) in &case.tables {
            let Some(id) = schema.table(name) else {
                continue;
            };
            let Some(table) = schema.tables.get(id) else {
                continue;
            };
            let text = csv.trim_start_matches(['\r', '\n']);
            if id < schema.submission {
                files.push(File {
                    path: format!("case/{name}.csv"),
                    bytes: text.as_bytes().to_vec(),
                });
            } else if let Some(base) = pack.reference(id) {
                let extra =
                    read::read_csv(table, name, text.as_bytes(), &mut texts, &mut diagnostics);
                replaced.push((id, Arc::new(merge(table, base, &extra, &mut texts))));
            }
        }
        let submission = read::read_folder(schema, "case", &files);
        diagnostics.extend(
            submission
                .diagnostics
                .iter()
                .filter(|d| d.weight == Weight::Fatal)
                .cloned(),
        );
        let in_force = InForce::with(pack, year, texts, &replaced).setting(&case.params);
        LaidOut {
            submission,
            in_force,
            diagnostics,
        }
    }
}
