//! The rows of a submission that a finding rests on, whole, as their author wrote them.

use std::sync::Arc;

use super::Subject;
use crate::expr::eval::Machine;
use crate::review::{CellMark, DrawnRow, RowCell};
use crate::schema::{FieldId, Table, TableId};
use crate::table::Rows;

/// How many rows of a finding are drawn.
const MOST: usize = 6;

/// How many characters of a cell are drawn.
const LONGEST: usize = 300;

/// A cell that has to do with a finding: its table, row and field, and whether it is a gap.
type Marked = (TableId, usize, FieldId, bool);

/// The subject's row and those of the marked cells, and how many more there are.
pub(super) fn drawn(
    machine: &Machine<'_>,
    subject: Subject,
    marked: &[Marked],
) -> (Vec<DrawnRow>, usize) {
    let own = match subject {
        Subject::Row(table, row) | Subject::Uncertain(table, row) => {
            usize::try_from(row).ok().map(|row| (table, row))
        }
        Subject::Whole | Subject::Table(_) => None,
    };
    let mut rows: Vec<(TableId, usize)> = marked.iter().map(|&(t, row, ..)| (t, row)).collect();
    rows.extend(own);
    rows.sort_unstable();
    rows.dedup();
    // The subject's own row stands first, its fellows in the order of their file.
    rows.sort_by_key(|row| Some(*row) != own);
    let all = rows.len();
    rows.truncate(MOST);
    let drawn: Vec<DrawnRow> = rows
        .iter()
        .filter_map(|&row| draw(machine, row, marked))
        .collect();
    (drawn, all.saturating_sub(MOST))
}

fn draw(
    machine: &Machine<'_>,
    (table, row): (TableId, usize),
    marked: &[Marked],
) -> Option<DrawnRow> {
    let data = machine.submission.table(table)?;
    let t = machine.schema.tables.get(table)?;
    let mark = |field: FieldId| {
        let own = marked
            .iter()
            .find(|&&(t, r, f, _)| (t, r, f) == (table, row, field));
        match own {
            Some((.., true)) => CellMark::Missing,
            Some(_) => CellMark::Decides,
            None => CellMark::None,
        }
    };
    let is_shown = |(field, mark): &(FieldId, CellMark)| {
        *mark != CellMark::None || (!is_plan(t) && data.has_column(*field))
    };
    let fields = (0..t.fields.len()).map(|field| (field, mark(field)));
    let cells = fields.filter(is_shown).filter_map(|(field, mark)| {
        let written = if machine.is_small_count(table, row, field) {
            "*".to_owned()
        } else {
            cut(data, row, field)
        };
        Some(RowCell {
            label: Arc::from(t.fields.get(field)?.label.as_str()),
            written,
            mark,
        })
    });
    Some(DrawnRow {
        table: t.label.clone(),
        place: data.row_place(row),
        cells: cells.collect(),
    })
}

/// The one row of `plan` is as long as a form: of it the marked cells alone are drawn.
fn is_plan(table: &Table) -> bool {
    table.name == "plan"
}

fn cut(data: &Rows, row: usize, field: FieldId) -> String {
    let raw = data.raw(row, field);
    match raw.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", raw.get(..end).unwrap_or_default().trim_end()),
        None => raw.to_owned(),
    }
}
