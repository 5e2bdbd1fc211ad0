//! A sheet or text file as a grid of what is written in its cells.

use std::borrow::Cow;

use crate::value::{Date, Decimal, trim};

/// What is written in one cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Written<'a> {
    /// A text as it stands (CSV: always this; "" for blank).
    Text(Cow<'a, str>),
    /// A number of a workbook: its value at 15 digits, as a person sees it, and whether its format is a percentage
    /// (value 0.795, shown "79.5%").
    Number {
        /// The number itself.
        value: Decimal,
        /// As a person sees it.
        shown: String,
        /// Whether its format is a percentage.
        percent: bool,
    },
    /// A date of a workbook.
    Date {
        /// The date itself.
        date: Date,
        /// As a person sees it.
        shown: String,
    },
    /// A truth value of a workbook.
    Bool(bool),
    /// An error such as `#REF!`, or a formula without a stored value (with the words to say so).
    Bad(String),
}

impl Written<'_> {
    /// A cell in which nothing stands.
    pub(crate) const BLANK: Written<'static> = Written::Text(Cow::Borrowed(""));

    /// The text that a person sees in the cell, trimmed; of a bad cell, nothing.
    pub(crate) fn shown(&self) -> &str {
        match self {
            Written::Text(text) => trim(text),
            Written::Number { shown, .. } | Written::Date { shown, .. } => trim(shown),
            Written::Bool(true) => "TRUE",
            Written::Bool(false) => "FALSE",
            Written::Bad(_) => "",
        }
    }

    /// Whether nothing stands there.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(self, Written::Text(text) if trim(text).is_empty())
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GridRow<'a> {
    /// Its number as a spreadsheet counts.
    pub number: u32,
    /// What is written in column A, B, C, …
    pub cells: Vec<Written<'a>>,
}

impl<'a> GridRow<'a> {
    /// The cell of a column; blank beyond the end.
    pub(crate) fn cell(&self, column: usize) -> &Written<'a> {
        self.cells.get(column).unwrap_or(&Written::BLANK)
    }

    /// Whether nothing stands in any cell.
    pub(crate) fn is_blank(&self) -> bool {
        self.cells.iter().all(Written::is_blank)
    }
}

/// The rows of a sheet or text file; blank ones may be left out, the numbers tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Grid<'a> {
    /// The rows, from the top.
    pub rows: Vec<GridRow<'a>>,
}
