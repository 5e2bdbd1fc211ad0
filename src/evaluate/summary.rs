//! The pack's tables, filled in for one submission.

use super::{Evaluator, Found, find_subjects, labelled};
use crate::expr::Expr;
use crate::expr::eval::{Machine, RowsOf};
use crate::expr::tree::{Kind, Node};
use crate::expr::vector::{NULL_ID, Vector, truth};
use crate::pack::{Layout, Nested, Summary};
use crate::review::{Card, Shown, SummaryTable};
use crate::schema::{FieldId, TableId};
use crate::value::{Value, say};

/// How many rows of the tables of one row are shown.
const MOST: usize = 200;

impl Evaluator<'_> {
    /// A table of the pack; where rows are drawn, with what belongs to each of its rows.
    pub(super) fn summary<'s>(
        &self,
        machine: &mut Machine<'s>,
        summary: &'s Summary,
    ) -> SummaryTable {
        let found = summary.subjects.as_ref().map(|s| find_subjects(machine, s));
        let (rows, n) = match found {
            Some(Found::Rows(table, rows, _)) => {
                let n = rows.len();
                (Some((table, rows)), n)
            }
            Some(Found::Whole | Found::NoTable(_)) => (None, 0),
            None => (None, 1),
        };
        let cells = columns(machine, &summary.columns, rows.as_ref(), n);
        let cards = match &rows {
            Some(rows) if self.draws_rows && summary.layout == Layout::Cards => {
                cards(machine, summary, rows)
            }
            _ => Vec::new(),
        };
        SummaryTable {
            id: summary.id.clone(),
            title: summary.title.clone(),
            columns: headers(&summary.columns),
            rows: cells,
            shown: Shown {
                layout: summary.layout,
                long: summary.long,
                compare: summary.compare.clone(),
                chart: summary.chart.clone(),
                cards,
                more_rows: 0,
                unsure_rows: 0,
            },
        }
    }
}

fn headers(columns: &[(String, Expr)]) -> Vec<String> {
    columns.iter().map(|(header, _)| header.clone()).collect()
}

/// The value of each column for each of the rows, of which there are `n`, row by row; without rows, for the submission as a whole.
fn columns<'s>(
    machine: &mut Machine<'s>,
    columns: &'s [(String, Expr)],
    rows: Option<&RowsOf>,
    n: usize,
) -> Vec<Vec<(Value, String)>> {
    let row = |_| Vec::with_capacity(columns.len());
    let mut cells: Vec<Vec<(Value, String)>> = (0..n).map(row).collect();
    for (_, expr) in columns.iter().filter(|_| n > 0) {
        machine.begin(Vec::new(), rows.cloned());
        let vector = machine.run(expr);
        let small = SmallCounts::of(machine, expr, rows.is_some());
        let cell = |i: usize| {
            let row = rows.and_then(|(_, rows)| rows.get(i));
            let value = if small.stand_in(machine, row) {
                Value::Suppressed
            } else {
                machine.value(&vector, i, expr.ty()).settled()
            };
            let shown = labelled(machine, value.clone(), expr.ty());
            let words = say(&shown, &machine.schema.currency);
            (value, words)
        };
        for (i, row) in cells.iter_mut().enumerate() {
            row.push(cell(i));
        }
    }
    cells
}

/// What belongs to each row of a table.
fn cards<'s>(machine: &mut Machine<'s>, summary: &'s Summary, of: &RowsOf) -> Vec<Card> {
    let own = |machine: &Machine<'_>, table: TableId, row: u32| {
        let rows = machine.submission.table(table)?;
        Some(rows.row_place(usize::try_from(row).ok()?))
    };
    let card = |row: &u32| Card {
        places: own(machine, of.0, *row).into_iter().collect(),
        tables: Vec::new(),
    };
    let mut cards: Vec<Card> = of.1.iter().map(card).collect();
    for nested in &summary.nested {
        let each = rows_of_each(machine, nested, of);
        let all: Vec<u32> = each.iter().flat_map(|(rows, ..)| rows).copied().collect();
        let table = nested.subjects.table;
        let n = all.len();
        let mut cells =
            columns(machine, &nested.columns, Some(&(table, all.into())), n).into_iter();
        for (card, (rows, more_rows, unsure_rows)) in cards.iter_mut().zip(&each) {
            let places = rows.iter().filter_map(|row| own(machine, table, *row));
            card.places.extend(places);
            card.tables.push(SummaryTable {
                id: nested.id.clone(),
                title: nested.title.clone(),
                columns: headers(&nested.columns),
                rows: cells.by_ref().take(rows.len()).collect(),
                shown: Shown {
                    more_rows: *more_rows,
                    unsure_rows: *unsure_rows,
                    ..Shown::default()
                },
            });
        }
    }
    cards
}

/// The first rows of a table that belong to each row of another, how many more do, and of how many it cannot be told.
fn rows_of_each<'s>(
    machine: &mut Machine<'s>,
    nested: &'s Nested,
    of: &RowsOf,
) -> Vec<(Vec<u32>, usize, usize)> {
    machine.begin(Vec::new(), Some(of.clone()));
    let lists = machine.run(&nested.subjects.rows).into_lists();
    let Vector::Rows(_, rows) = &*lists.items else {
        return vec![(Vec::new(), 0, 0); of.1.len()];
    };
    let is_unsure = |at: usize| {
        let maybe = lists.maybe.as_ref();
        maybe.and_then(|maybe| maybe.get(at)).copied() == Some(true)
    };
    let some = |i: usize| {
        let is_known = lists.state(i) == truth::TRUE;
        let range = lists.range(i);
        let real = range.filter(|_| is_known).filter_map(|at| {
            let row = rows.get(at).filter(|row| **row != NULL_ID)?;
            Some((*row, is_unsure(at)))
        });
        let (unsure, sure): (Vec<_>, Vec<_>) = real.partition(|(_, unsure)| *unsure);
        let mut sure: Vec<u32> = sure.into_iter().map(|(row, _)| row).collect();
        let more = sure.len().saturating_sub(MOST);
        sure.truncate(MOST);
        (sure, more, unsure.len())
    };
    (0..of.1.len()).map(some).collect()
}

/// The fields that a column reads and that may hold small counts: those of its own row, and whether another row holds one.
struct SmallCounts {
    of_row: Vec<(TableId, FieldId)>,
    elsewhere: bool,
}

impl SmallCounts {
    fn of(machine: &Machine<'_>, expr: &Expr, has_rows: bool) -> Self {
        let mut found = SmallCounts {
            of_row: Vec::new(),
            elsewhere: false,
        };
        if machine.has_small_counts() {
            found.look_at(&expr.root, machine, has_rows);
        }
        found
    }

    fn look_at(&mut self, node: &Node, machine: &Machine<'_>, has_rows: bool) {
        if let Kind::Field(of, table, field) = &node.kind
            && machine.may_be_small_count(*table, *field)
        {
            if has_rows && matches!(of.kind, Kind::Var(1)) {
                self.of_row.push((*table, *field));
            } else {
                let rows = machine.submission.table(*table);
                let n = rows.map_or(0, crate::table::Rows::len);
                self.elsewhere |= (0..n).any(|row| machine.is_small_count(*table, row, *field));
            }
        }
        for part in node.parts() {
            self.look_at(part, machine, has_rows);
        }
    }

    /// Whether the column reads a small count in a row of its table.
    fn stand_in(&self, machine: &Machine<'_>, row: Option<&u32>) -> bool {
        let row = row.and_then(|row| usize::try_from(*row).ok());
        let is_small = |row: usize| {
            let mut fields = self.of_row.iter();
            fields.any(|(table, field)| machine.is_small_count(*table, row, *field))
        };
        self.elsewhere || row.is_some_and(is_small)
    }
}
