//! The records of a text, one after another, into the lines of a table: each where it stands if it is plain, else with every
//! care.

use super::csv::{Cells, Records, with_line_feeds};
use super::grid::GridRow;
use super::header::Header;
use super::limits::{Room, SUBMISSION};
use super::lines::{At, Form, Lines, Shapes, Split};
use super::scan::lines_of;
use crate::diagnostic::Diagnostic;
use crate::schema::Table;
use crate::table::{Rows, Texts};

/// How the records of a text are read.
#[derive(Clone, Copy)]
pub(super) struct Manner<'a> {
    /// Where they stand.
    pub(super) form: &'a Form,
    /// What their columns hold.
    pub(super) shapes: &'a Shapes,
    /// What stands between their cells.
    pub(super) delimiter: u8,
}

/// How many lines are read together, at first and at most.
const FEWEST: usize = 4;
const MOST: usize = 1_024;

/// Splits records, in memory that is used again.
#[derive(Default)]
pub(super) struct Splitter {
    cells: Cells,
    split: Split,
}

impl Splitter {
    /// Takes the records of a text, of which the first has that number.
    pub(super) fn take_text(
        &mut self,
        manner: Manner<'_>,
        first: u32,
        text: &str,
        lines: &mut Lines<'_>,
        (texts, told): (&mut Texts, &mut Vec<Diagnostic>),
    ) -> Result<(), Diagnostic> {
        let held = lines.rows.hold(text);
        let (mut number, mut at) = (first, 0);
        // How many lines are read together: few where much is to be told of them.
        let mut most = FEWEST;
        while at < text.len() {
            let split = (&mut self.split, manner.shapes, manner.delimiter);
            let (taken, next) = lines.take_plain(number, (text, held, at), split, most, texts);
            number = number.saturating_add(u32::try_from(taken).unwrap_or(u32::MAX));
            at = next;
            if taken == most {
                most = (most * 2).min(MOST);
                continue;
            }
            most = FEWEST;
            let rest = text.get(at..).unwrap_or_default();
            if let Some(line) = lines_of(rest, manner.delimiter).next() {
                self.take_line(manner, number, line, lines, (&mut *texts, &mut *told))?;
                number = number.saturating_add(1);
                at += line.len();
            }
        }
        Ok(())
    }

    /// Takes one record, whatever it holds.
    pub(super) fn take_line(
        &mut self,
        manner: Manner<'_>,
        number: u32,
        line: &str,
        lines: &mut Lines<'_>,
        (texts, told): (&mut Texts, &mut Vec<Diagnostic>),
    ) -> Result<(), Diagnostic> {
        if let Some(why) = too_much(line, manner.delimiter, &mut self.cells) {
            return Err(Diagnostic::fatal(manner.form.place(At::Row(number)), why));
        }
        let cells = self.cells.split(line, manner.delimiter);
        let row = GridRow { number, cells };
        lines.take(&row, texts, told);
        self.cells.take_back(row.cells);
        Ok(())
    }
}

/// Which limit a record passes, if it does; a short one cannot.
fn too_much(line: &str, delimiter: u8, cells: &mut Cells) -> Option<String> {
    if line.len() <= SUBMISSION.columns {
        return None;
    }
    let mut room = Room::new(SUBMISSION);
    let row = cells.split(line, delimiter);
    let wide = room.cells(row.len(), row.len());
    let long = row.iter().try_for_each(|cell| room.text(cell.shown()));
    cells.take_back(row);
    wide.and(long).err()
}

/// Reads a table of reference from a text in which no quote stands and that passes no limit, without a grid of its cells;
/// `None` where that takes more care.
pub(super) fn read_plain(
    table: &Table,
    form: &Form,
    text: &str,
    texts: &mut Texts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Rows> {
    let text = with_line_feeds(text);
    let bytes = text.as_bytes();
    let rows = memchr::memchr_iter(b'\n', bytes).count();
    let is_plain = table.reference.is_some()
        && memchr::memchr(b'"', bytes).is_none()
        && bytes.len() <= SUBMISSION.cells
        && rows < SUBMISSION.rows;
    if !is_plain {
        return None;
    }
    let head = Records::head(table, &[], &text, SUBMISSION);
    let grid = head.grid();
    // A header among blank rows may stand farther down than is looked here.
    let is_first = |header: &Header| header.at == 0;
    let header = Header::find(table, &[], &grid).filter(is_first)?;
    let above = lines_of(&text, head.delimiter).take(usize::try_from(header.number).ok()?);
    let below = text.get(above.map(str::len).sum::<usize>()..)?;
    let mut told = Vec::new();
    header.report(table, form, &mut told);
    let mut lines = Lines::new(table, &header, form);
    lines.rows.reserve(rows);
    let shapes = Shapes::of(table);
    let manner = Manner {
        form,
        shapes: &shapes,
        delimiter: head.delimiter,
    };
    let mut splitter = Splitter::default();
    let taken = splitter.take_text(
        manner,
        header.number.saturating_add(1),
        below,
        &mut lines,
        (texts, &mut told),
    );
    taken.ok()?;
    diagnostics.append(&mut told);
    Some(lines.finish(diagnostics))
}

#[cfg(test)]
mod tests {
    use super::super::csv::Records;
    use super::super::lines::rows_of;
    use super::super::testing::{lines, schema, told};
    use super::*;

    /// A table of reference as lines and what was told, read plainly or from a grid.
    fn read(text: &str, plainly: bool) -> Option<(Vec<String>, Vec<String>)> {
        let mut table = schema().tables[1].clone();
        table.reference = Some(crate::schema::Reference::default());
        let form = Form::Csv("d.csv".to_owned());
        let (mut texts, mut diagnostics) = (Texts::default(), Vec::new());
        let rows = if plainly {
            read_plain(&table, &form, text, &mut texts, &mut diagnostics)?
        } else {
            let records = Records::read(&table, &[], text, SUBMISSION);
            let grid = records.grid();
            rows_of(&table, &[], &grid, &form, &mut texts, &mut diagnostics)
        };
        Some((lines(&table, &rows, &texts), told(&diagnostics)))
    }

    #[test]
    fn a_plain_table_is_read_as_any_other_is() {
        let header = "line_id,strategy_id,object_code,description,justification,quantity,amount\n";
        for rows in [
            "",
            "1,1,111,Coach,,1,5\n2,1,111,Books,,1,6\n",
            "1,1,111,Coach,,1,5\r\n\r\n,,,,,,\r\n2,1,111,Total,,1,6",
            "07,1,111,Coach,Why,x,5.555\n2,1,999,* note,n/a,1,-6\n9,1,111\n,1,111,a,b,1,2,3\n",
            "line_id,strategy_id,object_code,description,justification,quantity,amount\n1,1,111,Coach,,1,5\n",
        ] {
            let text = format!("{header}{rows}");
            assert_eq!(read(&text, true), read(&text, false), "{rows}");
            assert!(read(&text, true).is_some(), "{rows}");
        }
    }

    #[test]
    fn what_is_not_plain_takes_more_care() {
        for text in [
            "line_id,amount\n1,\"5\"\n",
            "A title\n\nline_id,amount\n1,5\n",
            "nothing,known\n1,5\n",
            &format!("line_id,amount\n{}", "1,5\n".repeat(10_000)),
            &format!("line_id,amount\n1,{}\n", "5".repeat(200_000)),
        ] {
            assert_eq!(read(text, true), None);
        }
    }
}
