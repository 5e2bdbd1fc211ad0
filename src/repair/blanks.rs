//! Cells that are to be filled in, and what they must hold.

use crate::evaluate::Evaluator;
use crate::hash::Map;
use crate::pack::InForce;
use crate::review::{Outcome, Review};
use crate::schema::{FieldId, TableId};
use crate::submission::Submission;
use crate::table::State;
use crate::value::{Decimal, Type};

use super::cells::{Cell, Cells, filled};
use super::form::Sum;
use super::model::{Model, Subject};
use super::solve::between;

/// Cells that are to be filled in before findings can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// The findings that wait for it: places in the review's list.
    pub findings: Vec<usize>,
    /// The cells, and tables or runs of cells by their place alone.
    pub blanks: Vec<Blank>,
    /// The least and the greatest amount of the one cell with which the finding passes, where they follow from the rules.
    pub between: (Option<Decimal>, Option<Decimal>),
    /// One amount between them with which the rules were judged again.
    pub example: Option<Decimal>,
}

/// A cell to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blank {
    /// Its place.
    pub place: String,
    /// Its table and field, where it is one cell.
    pub cell: Option<(TableId, FieldId)>,
}

/// Adds what is to be filled in; the same cells once, with what all findings ask of them.
pub(super) fn put_to(fills: &mut Vec<Fill>, new: Fill) {
    let Some(held) = fills.iter_mut().find(|held| held.blanks == new.blanks) else {
        fills.push(new);
        return;
    };
    held.findings.extend(new.findings);
    if new.example.is_none() {
        return;
    }
    if held.example.is_none() {
        (held.between, held.example) = (new.between, new.example);
        return;
    }
    let low = held.between.0.max(new.between.0);
    let highs = [held.between.1, new.between.1].into_iter().flatten();
    held.between = (low, highs.min());
    let fits = |x: &Decimal| {
        held.between.0.is_none_or(|low| *x >= low) && held.between.1.is_none_or(|high| *x <= high)
    };
    held.example = held
        .example
        .filter(fits)
        .or_else(|| new.example.filter(fits));
    if held.example.is_none() {
        held.between = (None, None);
    }
}

/// What is to be filled in for one finding.
pub(super) fn fill(
    in_force: &InForce<'_>,
    submission: &Submission,
    before: &Review,
    (finding, subject): (usize, Option<&Subject>),
) -> Fill {
    let missing = before.findings.get(finding).map_or(&[][..], |f| &f.missing);
    let cells: Vec<Option<Cell>> = missing
        .iter()
        .map(|place| find(in_force, submission, place))
        .collect();
    let blanks = missing.iter().zip(&cells).map(|(place, cell)| Blank {
        place: place.clone(),
        cell: cell.as_ref().map(|cell| (cell.table, cell.field)),
    });
    let mut fill = Fill {
        findings: vec![finding],
        blanks: blanks.collect(),
        between: (None, None),
        example: None,
    };
    if let ([Some(cell)], Some(subject)) = (&*cells, subject)
        && let Some((between, example)) = amount(in_force, submission, before, (cell, *subject))
    {
        (fill.between, fill.example) = (between, Some(example));
    }
    fill
}

/// The cell without a value that stands at a place.
fn find(in_force: &InForce<'_>, submission: &Submission, place: &str) -> Option<Cell> {
    let tables = in_force.pack.schema.submission_tables().iter().enumerate();
    for (id, table) in tables {
        let Some(rows) = submission
            .table(id)
            .filter(|rows| place.starts_with(rows.layout.path()))
        else {
            continue;
        };
        for row in 0..rows.len() {
            let fields = table.fields.iter().enumerate();
            let mut gaps = fields.filter(|(field, _)| {
                rows.has_column(*field) && rows.state(row, *field) != State::Value
            });
            if let Some((field, of)) = gaps.find(|(f, _)| rows.place(table, row, *f) == place) {
                return Some(Cell {
                    table: id,
                    row,
                    field,
                    is_line: of.total,
                });
            }
        }
    }
    None
}

type Ends = (Option<Decimal>, Option<Decimal>);

/// What one amount must be so that a finding passes and nothing becomes worse, and one such amount, judged.
fn amount(
    in_force: &InForce<'_>,
    submission: &Submission,
    before: &Review,
    (cell, subject): (&Cell, Subject),
) -> Option<(Ends, Decimal)> {
    let field = in_force
        .pack
        .schema
        .tables
        .get(cell.table)?
        .fields
        .get(cell.field)?;
    if field.ty != Type::Money || field.suppress.is_some() {
        return None;
    }
    let start = field.lowest().max(Decimal::ZERO);
    let trial = filled(submission, cell, start);
    let cells = Cells::alone(cell.clone(), start, field.max);
    let model = Model::of(in_force, &trial, &cells);
    let was: Map<Subject, Outcome> = before
        .rules
        .iter()
        .enumerate()
        .flat_map(|(rule, tally)| {
            tally
                .subjects
                .iter()
                .map(move |s| ((rule, s.line), s.outcome))
        })
        .collect();
    let rows = |with_unknown: bool| -> Option<Vec<Sum>> {
        let mut rows = Vec::new();
        for ask in &model.asks {
            let held = was.get(&ask.subject);
            let is_sought = ask.subject == subject;
            let counts = match held {
                Some(Outcome::Pass) => true,
                Some(Outcome::Unknown) => with_unknown,
                _ => false,
            };
            if is_sought || counts {
                rows.extend(ask.cure.ways(1).pop()?);
            }
        }
        Some(rows)
    };
    for with_unknown in [true, false] {
        let ends = rows(with_unknown).and_then(|rows| between(&cells, 0, &rows));
        let Some((low, high)) = ends else {
            continue;
        };
        let example = low.map_or(start, |low| low.max(start));
        if high.is_some_and(|high| high < example) {
            continue;
        }
        let review = Evaluator::new(in_force)
            .noting_subjects()
            .review(&filled(submission, cell, example));
        if is_cured(&review, &was, subject) {
            return Some(((low.filter(|low| *low > start), high), example));
        }
    }
    None
}

fn is_cured(review: &Review, was: &Map<Subject, Outcome>, subject: Subject) -> bool {
    let mut cured = false;
    for (rule, tally) in review.rules.iter().enumerate() {
        for judged in &tally.subjects {
            let key = (rule, judged.line);
            let fails_anew = judged.outcome == Outcome::Fail
                && was.get(&key).is_none_or(|was| *was == Outcome::Pass);
            if fails_anew {
                return false;
            }
            cured |= key == subject && judged.outcome == Outcome::Pass;
        }
    }
    cured
}
