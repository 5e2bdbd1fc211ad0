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

    /// All of its text, white space at the ends included.
    pub(crate) fn as_stored(&self) -> &str {
        match self {
            Written::Text(text) => text,
            Written::Number { shown, .. } | Written::Date { shown, .. } => shown,
            Written::Bool(_) => "",
            Written::Bad(why) => why,
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

    /// Writes in the cell of a column.
    pub(crate) fn put(&mut self, column: usize, written: Written<'a>) {
        if self.cells.len() <= column {
            self.cells.resize(column + 1, Written::BLANK);
        }
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = written;
        }
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
    /// The cells that are shown as one, from the left, and those of one column from the top.
    pub merges: Vec<Merge>,
    /// Whether its dates, where they are plain numbers, count from 1904.
    pub from_1904: bool,
}

impl<'a> Grid<'a> {
    /// The rows of a grid without merged cells.
    pub(crate) fn of_rows(rows: Vec<GridRow<'a>>) -> Self {
        Grid {
            rows,
            ..Grid::default()
        }
    }

    /// The grid with merged cells, in any order.
    pub(crate) fn with_merges(mut self, mut merges: Vec<Merge>) -> Self {
        merges.sort_unstable_by_key(|merge| (merge.columns.0, merge.rows.0));
        self.merges = merges;
        self
    }

    /// The row of a number, unless nothing stands in it.
    pub(crate) fn row(&self, number: u32) -> Option<&GridRow<'a>> {
        let at = self.rows.binary_search_by_key(&number, |row| row.number);
        at.ok().and_then(|at| self.rows.get(at))
    }

    /// The merged cells that a cell is a part of, unless it is the first of them. Of those that start in one column only
    /// the lowest above the cell can hold it: merged cells do not overlap.
    pub(crate) fn merge_over(&self, number: u32, column: usize) -> Option<Merge> {
        let mut left = self.merges.as_slice();
        while let Some(last) = left.last() {
            let start = last.columns.0.min(column);
            let from = left.partition_point(|merge| merge.columns.0 < start);
            let (before, here) = left.split_at_checked(from)?;
            let above = here.partition_point(|m| (m.columns.0, m.rows.0) <= (start, number));
            if let Some(merge) = above.checked_sub(1).and_then(|at| here.get(at))
                && merge.rows.1 >= number
                && merge.columns.1 >= column
            {
                let first = (merge.rows.0, merge.columns.0);
                return ((number, column) != first).then_some(*merge);
            }
            left = before;
        }
        None
    }

    /// A row with what a person sees in cells that are merged with one above in their column.
    pub(crate) fn seen_down<'r>(&self, row: &'r GridRow<'a>) -> Cow<'r, GridRow<'a>> {
        let mut seen = Cow::Borrowed(row);
        let over = |merge: &&Merge| merge.rows.0 < row.number && row.number <= merge.rows.1;
        for merge in self.merges.iter().filter(over) {
            let column = merge.columns.0;
            let first = self.seen(row.number, column);
            if row.cell(column).is_blank() && !first.is_blank() {
                seen.to_mut().put(column, first.clone());
            }
        }
        seen
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_cells_are_found_among_many() {
        let many = (0..3000).map(|i| Merge {
            rows: (3 * i + 1, 3 * i + 3),
            columns: (4, 4),
        });
        let wide = Merge {
            rows: (2, 9000),
            columns: (1, 3),
        };
        let title = Merge {
            rows: (1, 1),
            columns: (0, 3),
        };
        let grid = Grid::default().with_merges(many.chain([wide, title]).collect());
        let found = |number, column| grid.merge_over(number, column).map(|m| m.rows);
        assert_eq!(found(1, 0), None);
        assert_eq!(found(1, 3), Some((1, 1)));
        assert_eq!(found(2, 0), None);
        assert_eq!(found(2, 1), None);
        assert_eq!(found(8000, 2), Some((2, 9000)));
        assert_eq!(found(8000, 4), Some((7999, 8001)));
        assert_eq!(found(7999, 4), None);
        assert_eq!(found(9001, 4), None);
        assert_eq!(found(5, 7), None);
    }
}
