//! The cells that a finding rests on.

use std::ops::Range;

use crate::schema::{FieldId, TableId};

/// A cell: table, row, field; a whole row has no field, a whole table no row. In order by column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cell {
    table: u32,
    /// One more than the field; 0 for none.
    field: u32,
    /// One more than the row; 0 for none.
    row: u32,
}

impl Cell {
    pub(super) fn new(table: TableId, row: Option<usize>, field: Option<FieldId>) -> Self {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let held = |at: Option<usize>| at.map_or(0, |at| number(at.saturating_add(1)));
        Cell {
            table: number(table),
            field: held(field),
            row: held(row),
        }
    }

    pub(crate) fn table(self) -> TableId {
        place(self.table)
    }

    pub(crate) fn field(self) -> Option<FieldId> {
        place(self.field).checked_sub(1)
    }

    pub(crate) fn row(self) -> Option<usize> {
        place(self.row).checked_sub(1)
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Cells of one column in rows that follow one another in their table; in order by column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    first: Cell,
    /// The row of the last, counted as that of the first is.
    last: u32,
}

impl Run {
    fn of(cell: Cell) -> Self {
        Run {
            first: cell,
            last: cell.row,
        }
    }

    /// Whether cells are of the same column.
    fn is_beside(self, other: Cell) -> bool {
        (self.first.table, self.first.field) == (other.table, other.field)
    }

    /// Takes in cells that begin no earlier, where no cell stands between them; whether it did.
    fn take(&mut self, next: Run) -> bool {
        // What has no row follows none.
        let reach = self.last.saturating_add(u32::from(self.last > 0));
        let joins =
            self.is_beside(next.first) && (self.first.row..=reach).contains(&next.first.row);
        if joins {
            self.last = self.last.max(next.last);
        }
        joins
    }

    fn cells(self) -> impl Iterator<Item = Cell> {
        let Run { first, last } = self;
        (first.row..=last).map(move |row| Cell { row, ..first })
    }
}

/// Cells in the order in which they were met; in order and each once when they are told. A whole column is held as one run.
#[derive(Debug, Default)]
pub(crate) struct Cells(Vec<Run>);

impl Cells {
    pub(super) fn insert(&mut self, cell: Cell) {
        self.add(Run::of(cell));
    }

    fn add(&mut self, run: Run) {
        if !self.0.last_mut().is_some_and(|last| last.take(run)) {
            self.0.push(run);
        }
    }

    /// Adds all that others hold.
    pub(super) fn add_all(&mut self, others: &Cells) {
        others.0.iter().for_each(|run| self.add(*run));
    }

    /// Puts them in order, each once; they are met in runs that are in order, which this sort is quick with.
    pub(super) fn sort(&mut self) {
        self.0.sort();
        self.0.dedup_by(|next, run| run.take(*next));
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a cell is among them, once they are in order.
    pub(super) fn has(&self, cell: Cell) -> bool {
        let behind = self.0.partition_point(|run| run.first <= cell);
        let run = behind.checked_sub(1).and_then(|at| self.0.get(at));
        run.is_some_and(|run| run.is_beside(cell) && cell.row <= run.last)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Cell> {
        self.0.iter().flat_map(|run| run.cells())
    }

    /// Those of each column, once they are in order.
    pub(super) fn columns(&self) -> impl Iterator<Item = Column<'_>> {
        let same = |run: &Run, next: &Run| run.is_beside(next.first);
        self.0.chunk_by(same).map(Column)
    }
}

impl Extend<Cell> for Cells {
    fn extend<I: IntoIterator<Item = Cell>>(&mut self, cells: I) {
        cells.into_iter().for_each(|cell| self.insert(cell));
    }
}

/// Cells of one column, in order.
#[derive(Clone, Copy)]
pub(super) struct Column<'c>(&'c [Run]);

impl<'c> Column<'c> {
    pub(super) fn first(self) -> Option<Cell> {
        self.0.first().map(|run| run.first)
    }

    /// Whether there are more than so many.
    pub(super) fn has_more_than(self, few: usize) -> bool {
        self.cells().nth(few).is_some()
    }

    pub(super) fn cells(self) -> impl Iterator<Item = Cell> + use<'c> {
        self.0.iter().flat_map(|run| run.cells())
    }

    /// The rows of each run, in order.
    pub(super) fn rows(self) -> impl Iterator<Item = Range<usize>> + use<'c> {
        self.0.iter().filter_map(|run| {
            let first = run.first.row()?;
            Some(first..place(run.last))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_in_order_by_column_each_once() {
        let all = [
            (1, Some(0), Some(2)),
            (0, Some(7), Some(0)),
            (0, Some(3), Some(0)),
            (0, None, None),
            (0, Some(3), None),
            (0, Some(7), Some(0)),
        ];
        let mut cells = Cells::default();
        cells.extend(all.map(|(table, row, field)| Cell::new(table, row, field)));
        cells.sort();
        let sorted = cells.iter().map(|c| (c.table(), c.row(), c.field()));
        let wanted = [all[3], all[4], all[2], all[1], all[0]];
        assert_eq!(sorted.collect::<Vec<_>>(), wanted);
        let lengths = cells.columns().map(|column| column.cells().count());
        assert_eq!(lengths.collect::<Vec<_>>(), [2, 2, 1]);
        assert!(cells.has(Cell::new(0, Some(3), Some(0))));
        assert!(!cells.has(Cell::new(0, Some(4), Some(0))));
    }

    #[test]
    fn a_set_of_cells_holds_what_was_put_in() {
        use proptest::prelude::*;
        let row = prop::option::of(0_usize..6);
        let cell = (0_usize..2, row, prop::option::of(0_usize..2));
        let cell = cell.prop_map(|(table, row, field)| Cell::new(table, row, field));
        let parts = prop::collection::vec(prop::collection::vec(cell, 0..12), 0..4);
        proptest!(|(parts in parts)| {
            let mut cells = Cells::default();
            for part in &parts {
                let mut more = Cells::default();
                more.extend(part.iter().copied());
                cells.add_all(&more);
            }
            cells.sort();
            let all: std::collections::BTreeSet<Cell> = parts.concat().into_iter().collect();
            let held: Vec<Cell> = cells.iter().collect();
            prop_assert_eq!(&held, &all.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(cells.is_empty(), all.is_empty());
            for table in 0..2 {
                for (row, field) in (0..7).flat_map(|row| (0..3).map(move |field| (row, field))) {
                    let cell = Cell { table, field, row };
                    prop_assert_eq!(cells.has(cell), all.contains(&cell));
                }
            }
            let columns: Vec<Column<'_>> = cells.columns().collect();
            for column in &columns {
                let rows: Vec<usize> = column.rows().flatten().collect();
                let wanted: Vec<usize> = column.cells().filter_map(Cell::row).collect();
                prop_assert_eq!(rows, wanted);
                prop_assert_eq!(column.has_more_than(2), column.cells().count() > 2);
            }
            let told: Vec<Cell> = columns.into_iter().flat_map(Column::cells).collect();
            prop_assert_eq!(told, held);
        });
    }
}
