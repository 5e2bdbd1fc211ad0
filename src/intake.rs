//! Intake: spreadsheets that are not in the form of the pack, read by its maps of the forms that people use.
//!
//! A file's walk: `book` opens it, `locate` finds the form whose headers and labels it has, `lines` reads the rows below
//! each header, `gather` collects them by table, `fill` makes submissions of them. [`reading`] is what was understood.

mod book;
mod fill;
mod gather;
mod lines;
mod locate;
pub mod map;
pub mod pattern;
pub mod reading;
mod ticks;
mod values;

use self::book::Book;
use self::fill::{Filled, fill};
use self::locate::{Likeness, Match, likeness, recognise};
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
            Err(why) => {
                let why = Diagnostic::fatal(path, why);
                return self.own(lost_workbook(self.schema, path, bytes, why));
            }
        };
        if let Some(found) = recognise(self.maps, &book, true) {
            return self.fill(&found, &book, bytes);
        }
        let sheets = book.sheets.iter().map(|leaf| &leaf.sheet);
        let own = read_sheets(self.schema, path, bytes, sheets);
        let other = (!self.is_own(&own)).then(|| recognise(self.maps, &book, false));
        match other.flatten() {
            Some(found) => self.fill(&found, &book, bytes),
            None if own.tables.iter().all(|rows| rows.is_absent() && !rows.lost) => {
                self.own(self.of_no_form(own, &book))
            }
            None => self.own(self.perhaps_of_a_form(own, &book)),
        }
    }

    /// A workbook of which some sheets have the names of tables: what it may be instead is said, if it is most of a form.
    fn perhaps_of_a_form(&self, mut submission: Submission, book: &Book) -> Submission {
        let like = likeness(self.maps, book).filter(|like| {
            let sheet = book
                .sheets
                .get(like.at.0)
                .map_or("", |leaf| &leaf.sheet.name);
            !self.is_own(&submission) && like.score > known_on(&submission, sheet)
        });
        if let Some(like) = like.map(|like| say(&like, book)) {
            let message = format!("this was read in the pack's own form; {like}");
            let place = submission.path.clone();
            submission
                .diagnostics
                .insert(0, Diagnostic::error(place, message));
        }
        submission
    }

    /// A workbook of which nothing is known: that is said, and what it is most like, not that each table is missing.
    fn of_no_form(&self, mut submission: Submission, book: &Book) -> Submission {
        let titles: Vec<String> = self.maps.iter().map(|m| format!("`{}`", m.title)).collect();
        let known = match titles.as_slice() {
            [] => "no sheet has the name of a table".to_owned(),
            titles => format!(
                "no sheet has the name of a table, and it is none of {}",
                titles.join(", ")
            ),
        };
        let like = likeness(self.maps, book).map(|like| format!("; {}", say(&like, book)));
        let message = format!("{known}{}", like.unwrap_or_default());
        submission.diagnostics = vec![Diagnostic::error(submission.path.clone(), message)];
        submission
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
        books.any(|book| self.form_of_text(&book).is_some())
    }

    /// Reads a text file by the form that it has; `None` when it has none.
    pub fn read_text(&self, path: &str, bytes: &[u8]) -> Option<Taken> {
        let books = Book::of_text(path, bytes);
        let found: Vec<(&Book, Match<'_>)> = books
            .iter()
            .filter_map(|book| Some((book, self.form_of_text(book)?)))
            .collect();
        let best = found.iter().max_by_key(|(_, found)| found.score)?;
        Some(self.fill(&best.1, best.0, bytes))
    }

    fn form_of_text(&self, book: &Book) -> Option<Match<'_>> {
        recognise(self.maps, book, true).or_else(|| recognise(self.maps, book, false))
    }

    /// The submissions in a file of a form; of one that could not be read to its end nothing is read.
    fn fill(&self, found: &Match<'_>, book: &Book, bytes: &[u8]) -> Taken {
        if let Some(trouble) = book.trouble() {
            return self.own(lost_workbook(self.schema, &book.path, bytes, trouble));
        }
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

/// How many fields were found on a sheet in the pack's own form.
fn known_on(submission: &Submission, sheet: &str) -> usize {
    let tables = submission.tables.iter();
    let on_it = tables.filter(|rows| {
        let path = rows.layout.path();
        path.rsplit('!')
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(sheet))
    });
    let columns = on_it.map(|rows| rows.columns.iter().flatten().count());
    columns.max().unwrap_or(0)
}

/// What a workbook is most like, in words.
fn say(like: &Likeness<'_>, book: &Book) -> String {
    let (sheet, row) = like.at;
    let sheet = book.sheets.get(sheet).map_or("", |leaf| &leaf.sheet.name);
    let lacks: Vec<String> = like.lacks.iter().map(|name| format!("`{name}`")).collect();
    format!(
        "row {row} of the sheet `{sheet}` is most like the `{}`, which has {} too",
        like.form.title,
        lacks.join(", ")
    )
}
