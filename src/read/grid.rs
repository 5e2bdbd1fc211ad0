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

/// Cells that a workbook shows as one; what is written stands in the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Merge {
    /// The first and the last row, as a spreadsheet counts them.
    pub rows: (u32, u32),
    /// The first and the last column, from 0.
    pub columns: (usize, usize),
}

/// The rows of a sheet or text file; blank ones may be left out, the numbers tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Grid<'a> {
    /// The rows, from the top.
    pub rows: Vec<GridRow<'a>>,
    /// The cells that are shown as one, from the top.
    pub merges: Vec<Merge>,
}

impl<'a> Grid<'a> {
    /// The rows of a grid without merged cells.
    pub(crate) fn of_rows(rows: Vec<GridRow<'a>>) -> Self {
        Grid {
            rows,
            merges: Vec::new(),
        }
    }

    /// The row of a number, unless nothing stands in it.
    pub(crate) fn row(&self, number: u32) -> Option<&GridRow<'a>> {
        let at = self.rows.binary_search_by_key(&number, |row| row.number);
        at.ok().and_then(|at| self.rows.get(at))
    }

    /// The merged cells that a cell is a part of, unless it is the first of them.
    pub(crate) fn merge_over(&self, number: u32, column: usize) -> Option<Merge> {
        self.merges.iter().copied().find(|merge| {
            let within = (merge.rows.0..=merge.rows.1).contains(&number)
                && (merge.columns.0..=merge.columns.1).contains(&column);
            within && (number, column) != (merge.rows.0, merge.columns.0)
        })
    }

    /// What a person sees in a cell: of merged cells, what is written in the first.
    pub(crate) fn seen(&self, number: u32, column: usize) -> &Written<'a> {
        let own = self
            .row(number)
            .map_or(&Written::BLANK, |row| row.cell(column));
        if !own.is_blank() {
            return own;
        }
        self.merge_over(number, column)
            .and_then(|merge| self.row(merge.rows.0).map(|row| row.cell(merge.columns.0)))
            .unwrap_or(&Written::BLANK)
    }
}
