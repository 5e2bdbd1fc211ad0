//! What became of the rows of a table.

use std::collections::BTreeSet;

use super::cells::{CellDiff, changed, side};
use super::matching::{How, pair};
use super::money::{MoneyDiff, money};
use super::{Half, Pack};
use crate::memory::key::Key;
use crate::schema::{FieldId, Table, TableId};
use crate::table::State;

/// What became of the rows of a table.
#[derive(Debug, Clone)]
pub struct TableDiff {
    /// The table of the later one.
    pub table: TableId,
    /// The table of the earlier one, where it is another that this one repeats.
    pub from: Option<TableId>,
    /// Whether it is there, in both.
    pub standing: (Standing, Standing),
    /// The fields that tell its rows apart.
    pub key: Vec<FieldId>,
    /// How many rows were found again, and how.
    pub matched: Matched,
    /// There were too many rows without a common key to compare each with each: a row may be called dropped and added that
    /// was changed.
    pub too_many: bool,
    /// The rows that were changed, added and dropped.
    pub rows: Vec<RowDiff>,
    /// How many rows hold the same in both.
    pub unchanged: usize,
    /// How many of those stand elsewhere among the others.
    pub moved: usize,
    /// How many cells can be read in neither and have the same words in both.
    pub unreadable: usize,
    /// Its money.
    pub money: Vec<MoneyDiff>,
    /// For each row of the earlier one the row of the later one.
    pub(super) after: Vec<Option<usize>>,
}

/// Whether a table is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is there.
    There,
    /// It is not.
    Absent,
    /// It is, and cannot be read: nothing is known of its rows.
    Lost,
}

/// How many rows were found again, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Matched {
    /// By their key.
    pub by_key: usize,
    /// By the same content.
    pub by_same_content: usize,
    /// By the closest content.
    pub by_closest_content: usize,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKind {
    /// It holds something else.
    Changed,
    /// It is in the later one alone.
    Added,
    /// It was in the earlier one alone.
    Dropped,
}

/// A row that is not the same in both.
#[derive(Debug, Clone, PartialEq)]
pub struct RowDiff {
    /// What became of it.
    pub kind: RowKind,
    /// What its key holds, if anything.
    pub name: Option<String>,
    /// Where it was.
    pub old: Option<String>,
    /// Where it is.
    pub new: Option<String>,
    /// How it was found again.
    pub how: Option<How>,
    /// Its cells: those that changed, or all that hold something.
    pub cells: Vec<CellDiff>,
}

impl TableDiff {
    /// Whether there is anything to tell of it.
    pub(super) fn is_anything(&self) -> bool {
        self.standing.0 != Standing::Absent || self.standing.1 != Standing::Absent
    }

    /// Whether anything differs but the order of rows.
    pub fn is_change(&self) -> bool {
        !self.rows.is_empty() || self.standing.0 != self.standing.1
    }

    /// How many rows became that.
    pub fn count(&self, kind: RowKind) -> usize {
        self.rows.iter().filter(|row| row.kind == kind).count()
    }
}

/// Compares the rows of two tables by some fields.
pub(super) fn compare(
    pack: &Pack,
    (id, from): (TableId, Option<TableId>),
    fields: &[FieldId],
    key: &[FieldId],
    only: bool,
    (old, new): (Half<'_>, Half<'_>),
) -> TableDiff {
    let nothing = Table::new(String::new(), String::new(), Vec::new(), false, Vec::new());
    let table = pack.schema.tables.get(id).unwrap_or(&nothing);
    let standing = (standing(old), standing(new));
    let mut diff = TableDiff {
        table: id,
        from,
        standing,
        key: key.to_vec(),
        matched: Matched::default(),
        too_many: false,
        rows: Vec::new(),
        unchanged: 0,
        moved: 0,
        unreadable: 0,
        money: money(pack, (id, from), fields, (old, new)),
        after: vec![None; old.rows.len()],
    };
    if standing.0 == Standing::Lost || standing.1 == Standing::Lost {
        diff.money.clear();
        diff.after.clear();
        return diff;
    }
    let comparing = Comparing {
        pack,
        table,
        fields,
        key,
        old,
        new,
    };
    comparing.fill(&mut diff, only);
    diff
}

fn standing(half: Half<'_>) -> Standing {
    match half.rows {
        rows if rows.lost => Standing::Lost,
        rows if rows.is_absent() => Standing::Absent,
        _ => Standing::There,
    }
}

struct Comparing<'a> {
    pack: &'a Pack,
    table: &'a Table,
    fields: &'a [FieldId],
    key: &'a [FieldId],
    old: Half<'a>,
    new: Half<'a>,
}

impl Comparing<'_> {
    fn fill(&self, diff: &mut TableDiff, only: bool) {
        let pairs = if only && self.old.rows.len() == 1 && self.new.rows.len() == 1 {
            vec![(0, 0, How::Only)]
        } else {
            let found = pair(self.table, self.fields, self.key, (self.old, self.new));
            diff.too_many = found.too_many;
            found.pairs
        };
        let mut unchanged = Vec::new();
        let mut found_again = vec![false; self.new.rows.len()];
        for (a, b, how) in pairs {
            diff.matched.count(how);
            if let Some(after) = diff.after.get_mut(a) {
                *after = Some(b);
            }
            if let Some(found) = found_again.get_mut(b) {
                *found = true;
            }
            diff.unreadable += self.unreadable(a, b);
            match self.row(a, b, how) {
                Some(row) => diff.rows.push(row),
                None => unchanged.push((b, a)),
            }
        }
        diff.unchanged = unchanged.len();
        unchanged.sort_unstable();
        let order: Vec<usize> = unchanged.into_iter().map(|(_, a)| a).collect();
        diff.moved = order.len() - in_order(&order);
        let added = (0..self.new.rows.len()).filter(|row| found_again.get(*row) == Some(&false));
        diff.rows
            .extend(added.map(|row| self.alone(RowKind::Added, row)));
        let dropped = diff.after.iter().enumerate();
        let dropped = dropped.filter(|(_, after)| after.is_none());
        let dropped: Vec<RowDiff> = dropped
            .map(|(row, _)| self.alone(RowKind::Dropped, row))
            .collect();
        diff.rows.extend(dropped);
    }

    /// A row of both, if it is not the same.
    fn row(&self, a: usize, b: usize, how: How) -> Option<RowDiff> {
        let differ = |field: &&FieldId| {
            Key::of(self.old.rows, a, **field, self.old.texts)
                != Key::of(self.new.rows, b, **field, self.new.texts)
        };
        let cells: Vec<CellDiff> = self
            .fields
            .iter()
            .filter(differ)
            .filter_map(|&field| {
                changed(self.pack, self.table, field, (self.old, a), (self.new, b))
            })
            .collect();
        if cells.is_empty() {
            return None;
        }
        Some(RowDiff {
            kind: RowKind::Changed,
            name: self.name(self.new, b).or_else(|| self.name(self.old, a)),
            old: Some(self.old.rows.row_place(a)),
            new: Some(self.new.rows.row_place(b)),
            how: Some(how),
            cells,
        })
    }

    /// A row of one side alone.
    fn alone(&self, kind: RowKind, row: usize) -> RowDiff {
        let is_old = kind == RowKind::Dropped;
        let half = if is_old { self.old } else { self.new };
        let held = |field: &&FieldId| half.rows.state(row, **field) != State::Blank;
        let cells = self.fields.iter().filter(held).filter_map(|&field| {
            let side = side(self.pack, self.table, field, half, row)?;
            let (old, new) = if is_old {
                (Some(side), None)
            } else {
                (None, Some(side))
            };
            Some(CellDiff {
                field,
                old,
                new,
                change: None,
                pieces: Vec::new(),
            })
        });
        let place = Some(half.rows.row_place(row));
        RowDiff {
            kind,
            name: self.name(half, row),
            old: place.clone().filter(|_| is_old),
            new: place.filter(|_| !is_old),
            how: None,
            cells: cells.collect(),
        }
    }

    fn name(&self, half: Half<'_>, row: usize) -> Option<String> {
        let held = |field: &&FieldId| half.rows.state(row, **field) == State::Value;
        let key = self.key.iter().filter(held);
        let words: Vec<String> = key
            .filter_map(|&field| Some(side(self.pack, self.table, field, half, row)?.words))
            .collect();
        Some(words.join(", ")).filter(|words| !words.is_empty())
    }

    fn unreadable(&self, a: usize, b: usize) -> usize {
        let unread = |field: &&FieldId| {
            let old = Key::of(self.old.rows, a, **field, self.old.texts);
            let new = Key::of(self.new.rows, b, **field, self.new.texts);
            matches!(old, Key::Unreadable(_)) && old == new
        };
        self.fields.iter().filter(unread).count()
    }
}

impl Matched {
    fn count(&mut self, how: How) {
        match how {
            How::Only => {}
            How::Key => self.by_key += 1,
            How::Same => self.by_same_content += 1,
            How::Closest(_) => self.by_closest_content += 1,
        }
    }
}

/// How many of the rows are in their old order: the most that can stay where they are while the others move.
fn in_order(rows: &[usize]) -> usize {
    let mut ends: BTreeSet<usize> = BTreeSet::new();
    for &row in rows {
        let next = ends.range(row..).next().copied();
        if let Some(next) = next {
            ends.remove(&next);
        }
        ends.insert(row);
    }
    ends.len()
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn as_few_rows_as_possible_moved() {
        assert_eq!(in_order(&[0, 1, 2, 3]), 4);
        assert_eq!(in_order(&[3, 0, 1, 2]), 3);
        assert_eq!(in_order(&[1, 0, 3, 2]), 2);
        assert_eq!(in_order(&[3, 2, 1, 0]), 1);
        assert_eq!(in_order(&[]), 0);
    }
}
