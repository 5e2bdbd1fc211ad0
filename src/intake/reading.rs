//! What was understood of a file: which rows became which table, which columns and labels which fields, and what was left.

use super::book::Leaf;
use crate::schema::{FieldId, Schema, TableId};
use crate::submission::Submission;
use crate::table::{Layout, Rows, column_name};

/// What was understood of the file of one submission.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The submission's path.
    pub path: String,
    /// The id of the form's map; `None` for the pack's own form.
    pub id: Option<String>,
    /// The form's title and whose reading it is; `None` for the pack's own form.
    pub form: Option<(String, String)>,
    /// Where its tables came from.
    pub parts: Vec<Part>,
    /// What holds something and was not read.
    pub unread: Vec<Unread>,
}

/// A run of cells that became lines of a table.
#[derive(Debug, Clone)]
pub struct Part {
    /// The table.
    pub table: TableId,
    /// The sheet or file.
    pub place: String,
    /// The rows of the header, of the first and of the last line; `None` when its cells stand here and there.
    pub rows: Option<(u32, u32, u32)>,
    /// How many lines there are.
    pub lines: usize,
    /// How many totals rows were checked.
    pub totals: usize,
    /// Where each field came from.
    pub from: Vec<From>,
}

/// Where a field came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    /// The field.
    pub field: FieldId,
    /// Where its values stood.
    pub origin: Origin,
}

/// Where the values of a field stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In a column: its letter, and the words above it.
    Column(String, String),
    /// In one of the columns of figures: the value of the other field, the letter and the words above it.
    Spread(FieldId, String, String, String),
    /// Beside a label: its words, and the place of the value where it holds for one line alone.
    Label(String, String),
    /// In the rows above the lines that it holds for.
    Heading,
    /// Beside a tick.
    Tick,
    /// Nowhere: the map of the form says it.
    Constant(String),
    /// Under a key of its own name.
    Key,
}

fn letter(column: usize) -> String {
    column_name(u32::try_from(column).unwrap_or(u32::MAX))
}

/// The words of a header or label without line breaks and the colon at their end.
fn words(text: &str) -> String {
    let text: Vec<&str> = text.split_whitespace().collect();
    text.join(" ").trim_end_matches([':', ' ']).to_owned()
}

impl From {
    pub(crate) fn column(field: FieldId, column: usize, header: &str) -> Self {
        let origin = Origin::Column(letter(column), words(header));
        From { field, origin }
    }

    pub(crate) fn spread(
        (value, name): (FieldId, FieldId),
        code: &str,
        column: usize,
        header: &str,
    ) -> Self {
        let origin = Origin::Spread(name, code.to_owned(), letter(column), words(header));
        From {
            field: value,
            origin,
        }
    }
}

impl Part {
    /// Leaves of the lines those that a table has, where a file holds the rows of many or says the same of one again.
    pub(crate) fn narrow(&mut self, rows: &Rows) {
        self.lines = rows.len();
        let (first, last) = (rows.numbers.iter().min(), rows.numbers.iter().max());
        if let (Some(held), Some((first, last))) = (&mut self.rows, first.zip(last)) {
            (held.1, held.2) = (*first, *last);
        }
    }

    /// The fields that have a column of their own.
    pub(crate) fn columns(&self) -> impl Iterator<Item = FieldId> + '_ {
        self.from.iter().flat_map(|from| match from.origin {
            Origin::Column(..) => vec![from.field],
            Origin::Spread(name, ..) => vec![from.field, name],
            _ => Vec::new(),
        })
    }
}

impl Origin {
    pub(crate) fn label(label: &str, place: String) -> Self {
        Origin::Label(words(label), place)
    }
}

/// Rows that hold something and were not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Their place: `windham.xlsx!Budget!44:47`, or a sheet as a whole.
    pub place: String,
    /// The first words that stand there.
    pub words: String,
    /// How many rows hold something.
    pub rows: usize,
}

impl Unread {
    /// The rows of a sheet that hold something and are not among those used, neighbours as one.
    pub(crate) fn of_sheet(leaf: &Leaf, used: &[usize], path: &str, text: bool) -> Vec<Self> {
        let rows = leaf.grid().rows.iter().enumerate();
        let left: Vec<_> = rows
            .filter(|(at, row)| !used.contains(at) && !row.is_blank())
            .collect();
        let first_words = |at: usize| {
            let row = leaf.grid().rows.get(at);
            let mut cells = row
                .iter()
                .flat_map(|r| &r.cells)
                .map(super::super::read::grid::Written::shown);
            words(cells.find(|text| !text.is_empty()).unwrap_or_default())
        };
        if let Some((first, _)) = left.first().filter(|_| used.is_empty()) {
            return vec![Unread {
                place: path.to_owned(),
                words: first_words(*first),
                rows: left.len(),
            }];
        }
        let mut runs: Vec<(usize, u32, u32, usize)> = Vec::new();
        for (at, row) in left {
            match runs.last_mut() {
                Some((_, _, last, rows)) if *last + 1 == row.number => {
                    *last = row.number;
                    *rows += 1;
                }
                _ => runs.push((at, row.number, row.number, 1)),
            }
        }
        let place = |first: u32, last: u32| match (text, first == last) {
            (true, true) => format!("{path}:{first}"),
            (true, false) => format!("{path}:{first}-{last}"),
            (false, true) => format!("{path}!{first}"),
            (false, false) => format!("{path}!{first}:{last}"),
        };
        let unread = runs.into_iter().map(|(at, first, last, rows)| Unread {
            place: place(first, last),
            words: first_words(at),
            rows,
        });
        unread.collect()
    }
}

impl Reading {
    /// What was understood of a submission in the pack's own form.
    pub fn own(schema: &Schema, submission: &Submission) -> Self {
        let tables = schema.submission_tables().iter().enumerate();
        let parts = tables
            .zip(&submission.tables)
            .filter(|(_, rows)| !rows.is_absent() && !rows.lost)
            .map(|((table, of), rows)| Part {
                table,
                place: rows.layout.path().to_owned(),
                rows: run(rows),
                lines: rows.len(),
                totals: 0,
                from: (0..of.fields.len())
                    .filter_map(|field| origin(rows, field))
                    .collect(),
            });
        Reading {
            path: submission.path.clone(),
            id: None,
            form: None,
            parts: parts.collect(),
            unread: Vec::new(),
        }
    }
}

fn run(rows: &Rows) -> Option<(u32, u32, u32)> {
    let header = match &rows.layout {
        Layout::Sheet { header, .. } => *header,
        Layout::Csv(_) => 1,
        _ => return None,
    };
    let first = rows.numbers.first().copied().unwrap_or(header);
    Some((header, first, rows.numbers.last().copied().unwrap_or(first)))
}

fn origin(rows: &Rows, field: FieldId) -> Option<From> {
    rows.columns.get(field).and_then(Option::as_ref)?;
    let origin = match &rows.layout {
        Layout::Sheet { columns, .. } => {
            let column = columns.get(field).copied().flatten()?;
            Origin::Column(column_name(column), String::new())
        }
        Layout::Vertical { cells, .. } => {
            let (column, row) = cells.get(field).copied().flatten()?;
            Origin::Column(format!("{}{row}", column_name(column)), String::new())
        }
        _ => Origin::Key,
    };
    Some(From { field, origin })
}
