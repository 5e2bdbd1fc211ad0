//! What a run of a pack's tests found as `JUnit` XML: a suite for each rule, and one for the goldens.

use super::{failure, lacks, of_change};
use crate::author::run::Run;
use crate::report::junit::{End, Suite, Test, write};

/// The run as `JUnit` XML.
pub fn junit(run: &Run<'_>) -> String {
    let name = format!("{} {}", run.pack.id, run.pack.version);
    write(&name, &suites(run))
}

fn suites(run: &Run<'_>) -> Vec<Suite> {
    let of_rules = run.pack.rules.iter().map(|rule| {
        let cases = run.cases.iter().filter(|c| c.rule == rule.id);
        let mut tests: Vec<Test> = cases
            .map(|case| Test {
                name: case.case.clone(),
                end: case.mismatches.first().map_or(End::Passed, |first| {
                    let line = format!("expected {}, was {}", first.expected, first.actual);
                    End::Failed(line, failure(case, &run.pack.schema.currency))
                }),
            })
            .collect();
        let lacking = run.lacking.iter().find(|l| l.rule == rule.id);
        tests.extend(lacking.map(|l| Test {
            name: "the cases that a rule has".to_owned(),
            end: End::Failed(lacks(l), String::new()),
        }));
        Suite {
            name: rule.id.clone(),
            class: format!("{}.{}", run.pack.id, rule.id),
            tests,
        }
    });
    of_rules.chain(goldens(run)).collect()
}

fn goldens(run: &Run<'_>) -> Option<Suite> {
    let tests = run.goldens.as_ref()?.iter().map(|golden| Test {
        name: golden.path.clone(),
        end: (golden.change.as_ref())
            .filter(|_| !run.blessed)
            .map_or(End::Passed, |change| {
                End::Failed("the review has changed".to_owned(), of_change(change))
            }),
    });
    Some(Suite {
        name: "goldens".to_owned(),
        class: format!("{}.goldens", run.pack.id),
        tests: tests.collect(),
    })
}
