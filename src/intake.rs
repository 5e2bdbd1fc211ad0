//! Intake: spreadsheets that are not in the form of the pack, read by its maps of the forms that people use.
//!
//! A file's walk: [`book`] opens it, [`locate`] finds the form whose headers and labels it has, [`lines`] reads the rows below
//! each header, [`fill`] gathers them by table and by plan. [`reading`] is what was understood.

mod book;
mod fill;
mod lines;
mod locate;
pub mod map;
pub mod pattern;
pub mod reading;
mod ticks;
mod values;

use self::book::Book;
use self::fill::{Filled, fill};
use self::locate::{Match, recognise};
use self::map::FormMap;
use self::reading::Reading;
use crate::diagnostic::Diagnostic;
use crate::read::{PlanKey, lost_workbook, read_sheets};
use crate::schema::Schema;
use crate::submission::Submission;

/// A pack's forms, and what its submissions hold.
#[derive(Debug, Clone, Copy)]
pub struct Forms<'p> {
    /// What submissions hold.
    pub schema: &'p Schema,
    /// The fields that tell plans apart.
    pub key: PlanKey,
    /// The maps of foreign forms.
    pub maps: &'p [FormMap],
}

/// The submissions of one file.
#[derive(Debug, Default)]
pub struct Taken {
    /// Each submission, with what was understood of it.
    pub plans: Vec<(Submission, Reading)>,
    /// What is wrong with the file as a whole.
    pub diagnostics: Vec<Diagnostic>,
}

impl Forms<'_> {
    /// Reads a workbook: by the form whose marks it bears; else in the pack's own form, when it has every required table;
    /// else by the form of which the most is found; else in the pack's own form all the same. `path` is its path within the
    /// batch, or its name.
    pub fn read_workbook(&self, path: &str, bytes: &[u8]) -> Taken {
        let book = match Book::of_workbook(path, bytes) {
            Ok(book) => book,
            Err(why) => return self.own(lost_workbook(self.schema, path, bytes, why)),
        };
        if let Some(found) = recognise(self.maps, &book, true) {
            return self.fill(&found, &book, bytes);
        }
        let sheets = book.sheets.iter().map(|leaf| &leaf.sheet);
        let own = read_sheets(self.schema, path, bytes, sheets);
        let other = (!self.is_own(&own)).then(|| recognise(self.maps, &book, false));
        match other.flatten() {
            Some(found) => self.fill(&found, &book, bytes),
            None => self.own(own),
        }
    }

    fn own(&self, submission: Submission) -> Taken {
        let reading = Reading::own(self.schema, &submission);
        Taken {
            plans: vec![(submission, reading)],
            diagnostics: Vec::new(),
        }
    }

    /// Whether a text file is in one of the forms.
    pub fn knows_text(&self, path: &str, bytes: &[u8]) -> bool {
        let mut books = Book::of_text(path, bytes).into_iter();
        books.any(|book| recognise(self.maps, &book, false).is_some())
    }

    /// Reads a text file by the form that it has; `None` when it has none.
    pub fn read_text(&self, path: &str, bytes: &[u8]) -> Option<Taken> {
        let books = Book::of_text(path, bytes);
        let found: Vec<(&Book, Match<'_>)> = books
            .iter()
            .filter_map(|book| Some((book, recognise(self.maps, book, false)?)))
            .collect();
        let best = found.iter().max_by_key(|(_, found)| found.score)?;
        Some(self.fill(&best.1, best.0, bytes))
    }

    fn fill(&self, found: &Match<'_>, book: &Book, bytes: &[u8]) -> Taken {
        let Filled { plans, diagnostics } = fill(self.schema, self.key, found, book, bytes);
        Taken { plans, diagnostics }
    }

    /// Whether every required table was found by its name.
    fn is_own(&self, submission: &Submission) -> bool {
        let tables = self.schema.submission_tables().iter();
        tables
            .zip(&submission.tables)
            .all(|(table, rows)| !table.required || !(rows.is_absent() || rows.lost))
    }
}
