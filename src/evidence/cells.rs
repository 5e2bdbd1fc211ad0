//! The cells that a finding rests on.

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

/// Cells in the order in which they were met; in order and each once when they are told.
#[derive(Debug, Default)]
pub(super) struct Cells(Vec<Cell>);

impl Cells {
    pub(super) fn insert(&mut self, cell: Cell) {
        self.0.push(cell);
    }

    /// Puts them in order, each once; they are met in runs that are in order, which this sort is quick with.
    pub(super) fn sort(&mut self) {
        if !self.0.is_sorted_by(|a, b| a < b) {
            self.0.sort();
            self.0.dedup();
        }
    }

    /// Whether a cell is among them, once they are in order.
    pub(super) fn has(&self, cell: Cell) -> bool {
        self.0.binary_search(&cell).is_ok()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Cell> {
        self.0.iter()
    }

    /// Those of each column, once they are in order.
    pub(super) fn columns(&self) -> impl Iterator<Item = &[Cell]> {
        self.0
            .chunk_by(|a, b| (a.table, a.field) == (b.table, b.field))
    }

    pub(super) fn into_vec(self) -> Vec<Cell> {
        self.0
    }
}

impl Extend<Cell> for Cells {
    fn extend<I: IntoIterator<Item = Cell>>(&mut self, cells: I) {
        self.0.extend(cells);
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
        assert_eq!(
            cells.columns().map(<[Cell]>::len).collect::<Vec<_>>(),
            [2, 2, 1]
        );
        assert!(cells.has(Cell::new(0, Some(3), Some(0))));
        assert!(!cells.has(Cell::new(0, Some(4), Some(0))));
    }
}
