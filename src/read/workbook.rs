//! Workbooks of any kind that is read: their sheets, and what people do not see of them.

use crate::diagnostic::Diagnostic;
use crate::value::{self, Date};

use super::grid::Grid;
use super::limits::{MERGES, SHEETS, count};
use super::lines::letter;
use super::parts::Parts;
use super::{ods, xlsx};

/// A sheet of Excel and of `LibreOffice` ends at row 1,048,576.
pub(crate) const MAX_ROWS: u32 = 1_048_576;

/// What is said of a formula that was never calculated.
pub(crate) const NO_STORED_VALUE: &str =
    "the formula has no stored value: open the workbook in Excel and save it again";

/// What stands first on the sheet that `check --annotate` adds to a workbook; such a sheet is nobody's table.
pub(crate) const ANNOTATION: &str = "What accordant found";

/// A sheet of a workbook.
#[derive(Debug)]
pub(crate) struct Sheet {
    /// The name on its tab.
    pub(crate) name: String,
    /// Whether people do not see it.
    pub(crate) hidden: bool,
    /// What was read of it.
    pub(crate) grid: Grid<'static>,
    /// Why it could not be read to its end, if so: what stands in `grid` is then a part of it.
    pub(crate) trouble: Option<String>,
    /// What people do not see of it.
    pub(crate) marks: Marks,
}

/// What a sheet hides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// The first and last of hidden rows, as a spreadsheet counts them.
    pub(crate) rows: Vec<(u32, u32)>,
    /// The first and last of hidden columns, from 0.
    pub(crate) columns: Vec<(usize, usize)>,
    /// Whether a filter hides rows.
    pub(crate) filtered: bool,
}

impl Marks {
    /// Marks rows as hidden, below those that are.
    pub(crate) fn hide_rows(&mut self, from: u32, to: u32) {
        match self.rows.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(from) => *last = to,
            _ => self.rows.push((from, to)),
        }
    }

    /// Marks columns as hidden, to the right of those that are.
    pub(crate) fn hide_columns(&mut self, from: usize, to: usize) {
        match self.columns.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(from) => *last = to,
            _ => self.columns.push((from, to)),
        }
    }
}

/// The sheets of a workbook in their order, charts left out; or why it is none and what to do.
pub(crate) fn sheets(bytes: &[u8]) -> Result<Vec<Sheet>, String> {
    let mut sheets = all_sheets(bytes)?;
    sheets.retain(|sheet| !sheet.is_annotation());
    Ok(sheets)
}

/// Whether a workbook is a copy that `check --annotate` wrote.
pub(crate) fn is_annotated(bytes: &[u8]) -> bool {
    all_sheets(bytes).is_ok_and(|sheets| sheets.iter().any(Sheet::is_annotation))
}

fn all_sheets(bytes: &[u8]) -> Result<Vec<Sheet>, String> {
    let Some(mut parts) = Parts::open(bytes) else {
        return xlsx::sheets(bytes);
    };
    parts.weigh(bytes.len())?;
    if ods::is_one(&mut parts) {
        return ods::sheets(&mut parts);
    }
    let mut sheets = xlsx::sheets(bytes)?;
    xlsx::mark(&mut parts, &mut sheets);
    Ok(sheets)
}

/// What is said of a sheet that has too much, and what to do.
pub(crate) fn too_much(why: &str) -> String {
    format!("{why}: clear what lies outside the table")
}

/// Why a workbook is not read that has too many sheets.
pub(crate) fn too_many_sheets(found: usize) -> Option<String> {
    let most = count(SHEETS);
    let found = (found > SHEETS).then(|| count(found))?;
    Some(format!(
        "the workbook has {found} sheets: at most {most} are read"
    ))
}

/// Why a sheet is not read that has too many merged cells.
pub(crate) fn too_many_merges(found: usize) -> Option<String> {
    let most = count(MERGES);
    (found > MERGES).then(|| format!("the sheet has more than {most} groups of merged cells"))
}

/// What is said of a value in place of which a workbook shows something else, such as `#REF!`.
pub(crate) fn shows(what: &str) -> String {
    format!("the cell shows `{what}`")
}

/// The date of a serial number. Excel counts a 29 February 1900, which never was.
pub(crate) fn date_of(days: i64, from_1904: bool) -> Option<Date> {
    let epoch = match (from_1904, days) {
        (true, _) => value::date(1904, 1, 1)?,
        (false, ..60) => value::date(1899, 12, 31)?,
        (false, 60) => return None,
        (false, _) => value::date(1899, 12, 30)?,
    };
    value::from_days(value::to_days(epoch).checked_add(days)?)
}

impl Sheet {
    fn is_annotation(&self) -> bool {
        let first = self.grid.rows.first().filter(|row| row.number == 1);
        first.is_some_and(|row| row.cell(0).as_stored() == ANNOTATION)
    }

    /// What people do not see of the sheet and is read all the same.
    pub(crate) fn tell(&self, place: &str) -> Vec<Diagnostic> {
        let mut told = Vec::new();
        if self.hidden {
            told.push("this sheet is hidden: it was read all the same".to_owned());
        }
        let rows = self.hidden_rows();
        if self.marks.filtered && !rows.is_empty() {
            told.push(
                "the table is filtered: the rows that it hides were read all the same".to_owned(),
            );
        } else {
            told.extend(are_hidden("row", &rows, ToString::to_string));
        }
        told.extend(are_hidden("column", &self.hidden_columns(), |c| letter(*c)));
        let notice = |message| Diagnostic::notice(place, message);
        told.into_iter().map(notice).collect()
    }

    /// The hidden rows in which something stands.
    fn hidden_rows(&self) -> Vec<(u32, u32)> {
        let rows = &self.grid.rows;
        let clipped = self.marks.rows.iter().filter_map(|&(from, to)| {
            let first = rows.partition_point(|row| row.number < from);
            let behind = rows.partition_point(|row| row.number <= to);
            let within = rows.get(first..behind)?;
            Some((within.first()?.number, within.last()?.number))
        });
        clipped.collect()
    }

    /// The hidden columns in which something stands.
    fn hidden_columns(&self) -> Vec<(usize, usize)> {
        let holds =
            |column: &usize| (self.grid.rows.iter()).any(|row| !row.cell(*column).is_blank());
        let width = self.grid.rows.iter().map(|row| row.cells.len()).max();
        let last = width.unwrap_or(0).saturating_sub(1);
        let clipped = self.marks.columns.iter().filter_map(|&(from, to)| {
            let mut within = from..=to.min(last);
            let first = within.find(holds)?;
            Some((first, within.rfind(holds).unwrap_or(first)))
        });
        clipped.collect()
    }
}

/// `rows 5-9 and 12 are hidden: they were read all the same`.
fn are_hidden<T: PartialEq>(
    what: &str,
    runs: &[(T, T)],
    name: impl Fn(&T) -> String,
) -> Option<String> {
    const MOST: usize = 8;
    let one = match runs {
        [] => return None,
        [(from, to)] => from == to,
        _ => false,
    };
    let mut names: Vec<String> = (runs.iter().take(MOST))
        .map(|(from, to)| {
            if from == to {
                name(from)
            } else {
                format!("{}-{}", name(from), name(to))
            }
        })
        .collect();
    let last = match runs.len().checked_sub(MOST) {
        None | Some(0) => names.pop()?,
        Some(more) => format!("{more} more"),
    };
    let list = if names.is_empty() {
        last
    } else {
        format!("{} and {last}", names.join(", "))
    };
    Some(if one {
        format!("{what} {list} is hidden: it was read all the same")
    } else {
        format!("{what}s {list} are hidden: they were read all the same")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::grid::{GridRow, Written};

    fn sheet(rows: &[(u32, &'static str)], marks: Marks) -> Sheet {
        let row = |&(number, text): &(u32, &'static str)| GridRow {
            number,
            cells: text.split(',').map(|c| Written::Text(c.into())).collect(),
        };
        Sheet {
            name: "budget".to_owned(),
            hidden: false,
            grid: Grid::of_rows(rows.iter().map(row).collect()),
            trouble: None,
            marks,
        }
    }

    #[track_caller]
    fn assert_told(marks: Marks, want: &[&str]) {
        let rows: Vec<_> = (1..30).map(|number| (number, "a,,c,d")).collect();
        let told = sheet(&rows, marks).tell("w.xlsx!budget");
        let told: Vec<_> = told.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(told, want);
    }

    #[test]
    fn what_is_hidden_is_told() {
        let rows = |rows: &[(u32, u32)]| Marks {
            rows: rows.to_vec(),
            ..Marks::default()
        };
        assert_told(
            rows(&[(5, 9), (12, 12), (40, 50)]),
            &["rows 5-9 and 12 are hidden: they were read all the same"],
        );
        assert_told(
            rows(&[(29, 1_000_000)]),
            &["row 29 is hidden: it was read all the same"],
        );
        assert_told(
            rows(&(1..=10).map(|row| (2 * row, 2 * row)).collect::<Vec<_>>()),
            &["rows 2, 4, 6, 8, 10, 12, 14, 16 and 2 more are hidden: they were read all the same"],
        );
        let columns = Marks {
            columns: vec![(1, 1), (2, 2), (3, 16_383)],
            ..Marks::default()
        };
        assert_told(
            columns,
            &["columns C and D are hidden: they were read all the same"],
        );
    }

    #[test]
    fn a_filter_is_told_when_it_hides_something() {
        let filter = |rows| Marks {
            rows,
            columns: Vec::new(),
            filtered: true,
        };
        assert_told(filter(Vec::new()), &[]);
        assert_told(
            filter(vec![(3, 4), (6, 6)]),
            &["the table is filtered: the rows that it hides were read all the same"],
        );
    }
}
