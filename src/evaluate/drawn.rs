//! A rule's test with the value of every part of it, subject by subject: shown where a case does not hold.

use super::{Evaluator, Subject};
use crate::evidence::{Piece, Teller};
use crate::expr::Expr;
use crate::expr::eval::{Machine, Notebook};
use crate::expr::vector::truth;
use crate::pack::{Rule, Test};
use crate::review::Outcome;
use crate::submission::Submission;
use crate::table::Values;

/// A rule's test for one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// The place of the subject's row.
    pub subject: Option<String>,
    /// Each expression by its key, and every part of it with its value.
    pub tests: Vec<(&'static str, Vec<Piece>)>,
}

/// How many subjects are drawn.
const MOST: usize = 3;

impl Evaluator<'_> {
    /// The test of a rule for the first subjects of an outcome; where it finds no subject, how it looked for them.
    pub(crate) fn drawn<'s>(
        &'s self,
        submission: &'s Submission,
        rule: &'s Rule,
        outcome: Outcome,
    ) -> Vec<Drawing> {
        let Some(current) = self.current(rule) else {
            return Vec::new();
        };
        let mut machine = self.machine(submission);
        let (Some(test), Some(judged)) = (current.test, Self::judged(&mut machine, &current))
        else {
            return Vec::new();
        };
        let (found, outcomes) = judged;
        if outcomes.is_empty() {
            return vec![search(&mut machine, rule, None)];
        }
        let asked = outcomes.iter().enumerate().filter(|(_, o)| **o == outcome);
        let drawn = asked
            .take(MOST)
            .map(|(at, _)| draw(&mut machine, rule, test, found.subject(at)));
        drawn.collect()
    }
}

fn draw<'s>(
    machine: &mut Machine<'s>,
    rule: &'s Rule,
    test: &'s Test,
    subject: Subject,
) -> Drawing {
    let rows = match subject {
        Subject::Whole => None,
        Subject::Row(table, row) => Some((table, Values::One(row))),
        Subject::Table(_) => return search(machine, rule, None),
        Subject::Uncertain(table, row) => {
            let place = place(machine, (table, row));
            return search(machine, rule, place);
        }
    };
    let lets: Vec<&'s Expr> = test.lets.iter().map(|(_, e)| e).collect();
    let row = rows.as_ref().and_then(|(t, r)| Some((*t, *r.first()?)));
    machine.notebook = Some(Notebook::default());
    machine.begin(lets.clone(), rows);
    let mut tests = Vec::new();
    if let Some(when) = &test.when {
        let asked = machine.run(when).into_bools();
        tests.push(("when", noted(machine, when, &lets)));
        if asked.first() == Some(&truth::FALSE) {
            machine.notebook = None;
            return Drawing {
                subject: row.and_then(|row| place(machine, row)),
                tests,
            };
        }
    }
    if let Some(require) = &test.require {
        machine.run(require);
        tests.push(("require", noted(machine, require, &lets)));
    }
    machine.notebook = None;
    Drawing {
        subject: row.and_then(|row| place(machine, row)),
        tests,
    }
}

/// How a rule looked for its subjects.
fn search<'s>(machine: &mut Machine<'s>, rule: &'s Rule, subject: Option<String>) -> Drawing {
    let tests = rule.subjects.as_ref().map(|subjects| {
        machine.notebook = Some(Notebook::default());
        machine.begin(Vec::new(), None);
        machine.run(&subjects.rows);
        let pieces = noted(machine, &subjects.rows, &[]);
        machine.notebook = None;
        ("for", pieces)
    });
    Drawing {
        subject,
        tests: tests.into_iter().collect(),
    }
}

/// The parts of an expression as they were noted; its own notes are then cleared for the next.
fn noted<'s>(machine: &mut Machine<'s>, expr: &'s Expr, lets: &[&'s Expr]) -> Vec<Piece> {
    let notebook = machine.notebook.take().unwrap_or_default();
    let pieces = Teller::new(machine, &notebook, lets).pieces(expr);
    // The `let`s are worked out once for both.
    machine.notebook = Some(notebook);
    if let Some(notebook) = &mut machine.notebook {
        notebook.retain(|(no, _), _| *no != crate::expr::eval::MAIN);
    }
    pieces
}

fn place(machine: &Machine<'_>, (table, row): (usize, u32)) -> Option<String> {
    let rows = machine.rows(table)?;
    Some(rows.row_place(usize::try_from(row).ok()?))
}
