//! What differs between two reports on one batch beside recommendations and outcomes.

use std::collections::BTreeMap;

use super::Pair;
use crate::batch::{BatchReview, NotReceived};
use crate::review::Review;

/// Lines of the reports that stand in one of them alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What they are.
    pub what: &'static str,
    /// Those by the pack before.
    pub from: Vec<String>,
    /// Those by the pack after.
    pub to: Vec<String>,
}

/// What differs in the reports on submissions beside their outcomes.
#[derive(Default)]
pub(super) struct ReviewNotes {
    mistakes: (Vec<String>, Vec<String>),
    wordings: (Vec<String>, Vec<String>),
    figures: (Vec<String>, Vec<String>),
}

impl ReviewNotes {
    /// Compares the reports on one submission; tells whether anything differs.
    pub(super) fn compare(&mut self, (from, to): Pair<'_>) -> bool {
        let (Some(from), Some(to)) = (from, to) else {
            return false;
        };
        let mistakes = |r: &Review| -> Vec<String> {
            let told = r.diagnostics.iter();
            told.map(|d| format!("{}: {}", d.place, d.message))
                .collect()
        };
        let wording = |r: &Review| vec![format!("{}: {}", r.path, r.wording)];
        let compared = from.recommendation == to.recommendation;
        let parts = [
            extend(&mut self.mistakes, mistakes(from), mistakes(to)),
            compared && extend(&mut self.wordings, wording(from), wording(to)),
            compared
                && !has_same_figures(from, to)
                && extend(&mut self.figures, figures(from), figures(to)),
        ];
        parts.contains(&true)
    }

    pub(super) fn told(self) -> impl Iterator<Item = Note> {
        let all = [
            ("what was told of files", self.mistakes),
            ("words of a recommendation", self.wordings),
            ("rows of tables in reports", self.figures),
        ];
        let notes = all.map(|(what, (from, to))| Note { what, from, to });
        notes.into_iter().filter(Note::is_any)
    }
}

impl Note {
    fn is_any(&self) -> bool {
        !(self.from.is_empty() && self.to.is_empty())
    }
}

/// Whether the pack's tables on a submission have the same rows, in words.
fn has_same_figures(from: &Review, to: &Review) -> bool {
    from.path == to.path
        && from.tables.len() == to.tables.len()
        && from.tables.iter().zip(&to.tables).all(|(from, to)| {
            from.title == to.title
                && from.rows.len() == to.rows.len()
                && from.rows.iter().zip(&to.rows).all(|(from, to)| {
                    let (from, to) = (from.iter(), to.iter());
                    from.map(|(_, words)| words).eq(to.map(|(_, words)| words))
                })
        })
}

/// The rows of the pack's tables on a submission, in words.
fn figures(review: &Review) -> Vec<String> {
    let rows = review.tables.iter().flat_map(|table| {
        table.rows.iter().map(|row| {
            let cells: Vec<&str> = row.iter().map(|(_, words)| words.as_str()).collect();
            format!("{}: {}: {}", review.path, table.title, cells.join(", "))
        })
    });
    rows.collect()
}

/// Keeps the lines that stand on one side alone; tells whether there is one.
fn extend(kept: &mut (Vec<String>, Vec<String>), from: Vec<String>, to: Vec<String>) -> bool {
    if from == to {
        return false;
    }
    let (gone, new) = alone(from, to);
    let any = !(gone.is_empty() && new.is_empty());
    kept.0.extend(gone);
    kept.1.extend(new);
    any
}

/// The lines of which there are more on one side than on the other.
pub(super) fn alone(from: Vec<String>, to: Vec<String>) -> (Vec<String>, Vec<String>) {
    let mut counts: BTreeMap<String, isize> = BTreeMap::new();
    from.into_iter()
        .for_each(|line| *counts.entry(line).or_default() -= 1);
    to.into_iter()
        .for_each(|line| *counts.entry(line).or_default() += 1);
    counts.retain(|_, n| *n != 0);
    let (new, gone): (Vec<_>, Vec<_>) = counts.into_iter().partition(|(_, n)| *n > 0);
    let lines = |of: Vec<(String, isize)>| of.into_iter().map(|(line, _)| line).collect();
    (lines(gone), lines(new))
}

/// What differs in the report on the batch as a whole.
pub(super) fn batch_notes(from: &BatchReview, to: &BatchReview) -> Vec<Note> {
    let wrong = |batch: &BatchReview| -> Vec<String> {
        let told = batch.diagnostics.iter();
        told.map(|d| format!("{}: {}", d.place, d.message))
            .collect()
    };
    let missing = |batch: &BatchReview| -> Vec<String> {
        let missing = batch.not_received.iter();
        let name = |n: &NotReceived| n.district.clone().unwrap_or_default();
        missing
            .map(|n| {
                format!(
                    "{} ({}, fiscal year {})",
                    name(n),
                    n.district_code,
                    n.fiscal_year
                )
            })
            .collect()
    };
    let not_read = |batch: &BatchReview| -> Vec<String> {
        let files = batch.not_read.iter();
        files.map(|(path, why)| format!("{path}: {why}")).collect()
    };
    let compared = [
        ("what was told of the batch", wrong(from), wrong(to)),
        ("not received", missing(from), missing(to)),
        ("superseded", from.superseded.clone(), to.superseded.clone()),
        ("not read", not_read(from), not_read(to)),
    ];
    let notes = compared.into_iter().map(|(what, from, to)| {
        let (from, to) = alone(from, to);
        Note { what, from, to }
    });
    notes.filter(Note::is_any).collect()
}
