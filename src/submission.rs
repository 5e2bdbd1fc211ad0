//! One district's plan for one fiscal year: its tables, where they came from, and what was wrong with them.

use crate::diagnostic::Diagnostic;
use crate::schema::{Schema, TableId};
use crate::table::{Rows, Texts};

/// One submission, read.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Its folder's or workbook's name; of a plan in statewide tables `1630011-2027`.
    pub path: String,
    /// A table for each of the schema's [`submission_tables`](Schema::submission_tables), in their order.
    pub tables: Vec<Rows>,
    /// The texts of its cells.
    pub texts: Texts,
    /// It is one page of a plan, such as its budget, and never the whole.
    pub page: bool,
    /// The files it was read from.
    pub inputs: Vec<Input>,
    /// What was wrong, in the order of files and rows.
    pub diagnostics: Vec<Diagnostic>,
}

impl Submission {
    /// A submission in which every table is absent; `place` tells where each would be.
    pub fn empty(schema: &Schema, path: &str, place: impl Fn(&str) -> String) -> Self {
        let tables = schema
            .submission_tables()
            .iter()
            .map(|t| Rows::absent(t, place(&t.name)))
            .collect();
        Submission {
            path: path.to_owned(),
            tables,
            texts: Texts::default(),
            page: false,
            inputs: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Puts a folder before its path and before every place in it, so that it is told from another of the same path.
    #[must_use]
    pub fn under(mut self, folder: &str) -> Self {
        let under = |place: &mut String| *place = format!("{folder}/{place}");
        under(&mut self.path);
        for rows in &mut self.tables {
            rows.layout.put_under(folder);
        }
        self.inputs
            .iter_mut()
            .for_each(|input| under(&mut input.path));
        self.diagnostics
            .iter_mut()
            .for_each(|d| under(&mut d.place));
        self
    }

    /// The rows of a table, if it is one of a submission.
    pub fn table(&self, id: TableId) -> Option<&Rows> {
        self.tables.get(id)
    }
}

/// A file that a submission was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its path relative to the batch: `windham/budget.csv`.
    pub path: String,
    /// How many rows of data it held.
    pub rows: usize,
    /// The SHA-256 of its bytes in hexadecimal; `None` for statewide tables.
    pub sha256: Option<String>,
}
