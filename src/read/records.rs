//! The records of a text, one after another, into the lines of a table: each where it stands if it is plain, else with every
//! care.

use super::csv::{Cells, Records, with_line_feeds};
use super::grid::GridRow;
use super::header::Header;
use super::limits::{Room, SUBMISSION};
use super::lines::{At, Form, Lines, PLAN, Shapes, Split};
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

/// Splits the records of a table, in memory that is used again.
#[derive(Default)]
pub(super) struct Splitter {
    cells: Cells,
    split: Split,
}

impl Splitter {
    /// From here on records are taken into another collection of texts.
    pub(super) fn renumber(&mut self) {
        self.split.renumber();
    }

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
                if lines.is_all() && line.len() == rest.len() && has_odd_quotes(line) {
                    return Err(needs_grid(manner.form, number));
                }
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
        if lines.rests_on_others(&row) {
            return Err(needs_grid(manner.form, number));
        }
        lines.take(&row, texts, told);
        self.cells.take_back(row.cells);
        Ok(())
    }
}

/// Whether a quote may be open at the end of a record.
fn has_odd_quotes(line: &str) -> bool {
    memchr::memchr_iter(b'"', line.as_bytes()).count() % 2 == 1
}

/// Why a record cannot be read before all others are: nobody is told, for the table is then read from a grid.
fn needs_grid(form: &Form, number: u32) -> Diagnostic {
    let place = form.place(At::Row(number));
    Diagnostic::notice(place, "what this row is rests on those around it")
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

/// Reads a table from a text that passes no limit without a grid of its cells; `None` where that takes more care. In a table
/// of a submission nothing else stands: no title, no note, no other of `tables`.
pub(super) fn read_plain(
    table: &Table,
    tables: &[Table],
    form: &Form,
    text: &str,
    texts: &mut Texts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Rows> {
    let text = with_line_feeds(text);
    let bytes = text.as_bytes();
    let rows = memchr::memchr_iter(b'\n', bytes).count();
    let is_plan = table.reference.is_none() && table.name == PLAN;
    if is_plan || bytes.len() > SUBMISSION.cells || rows >= SUBMISSION.rows {
        return None;
    }
    let head = Records::top(table, &text, SUBMISSION);
    let grid = head.grid();
    // A header among blank rows may stand farther down than is looked here.
    let is_closed = head.unclosed.is_none();
    let is_first = |header: &Header| header.at == 0 && is_closed && head.shows_header(&grid);
    let header = Header::find(table, &[], &grid).filter(is_first)?;
    let above = lines_of(&text, head.delimiter).take(usize::try_from(header.number).ok()?);
    let below = text.get(above.map(str::len).sum::<usize>()..)?;
    let mut told = Vec::new();
    header.report(table, form, &mut told);
    let mut lines = Lines::new(table, &header, form).all_among(tables);
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
    use super::super::read_with_care;
    use super::super::testing::{CELLS, everything, schema, told};
    use super::*;

    /// A budget, of a submission or of reference, with what was told; read plainly or from a grid.
    fn read(text: &str, is_reference: bool, plainly: bool) -> Option<(Vec<String>, Vec<String>)> {
        let schema = schema();
        let mut table = schema.tables[1].clone();
        table.reference = is_reference.then(crate::schema::Reference::default);
        let tables = if is_reference {
            &[]
        } else {
            &schema.tables[..]
        };
        let form = Form::Csv("d.csv".to_owned());
        let (mut texts, mut diagnostics) = (Texts::default(), Vec::new());
        let rows = if plainly {
            read_plain(&table, tables, &form, text, &mut texts, &mut diagnostics)?
        } else {
            read_with_care(&table, tables, &form, text, &mut texts, &mut diagnostics)
        };
        Some((everything(&table, &rows, &texts), told(&diagnostics)))
    }

    const HEADER: &str =
        "line_id,strategy_id,object_code,description,justification,quantity,amount\n";

    #[test]
    fn a_plain_table_is_read_as_any_other_is() {
        for (rows, is_reference) in [
            ("", true),
            ("", false),
            ("1,1,111,Coach,,1,5\n2,1,111,Books,,1,6\n", true),
            ("1,1,111,Coach,,1,5\n2,1,111,Books,,1,6\n", false),
            (
                "1,1,111,Coach,,1,5\r\n\r\n,,,,,,\r\n2,1,111,Total,,1,6",
                true,
            ),
            ("1,1,111,Coach,,1,5\r\n\r\n,,,,,,\r\n,,,Total,,2,11", false),
            (
                "07,1,111,Coach,Why,x,5.555\n2,1,999,* note,n/a,1,-6\n9,1,111\n,1,111,a,b,1,2,3\n",
                true,
            ),
            (
                "07,1,111,\"Coach, \"\"lead\"\"\",Why,x,5.555\n2,1,999,* note,n/a,1,-6\n9,1,111\n",
                false,
            ),
            (&format!("{HEADER}1,1,111,Coach,,1,5\n"), true),
            (&format!("{HEADER}1,1,111,Coach,,1,5\n"), false),
        ] {
            let text = format!("{HEADER}{rows}");
            let plain = read(&text, is_reference, true);
            assert_eq!(plain, read(&text, is_reference, false), "{rows}");
            assert!(plain.is_some(), "{rows}");
        }
    }

    #[test]
    fn a_header_that_stands_again_is_no_line() {
        for header in ["Strategy_ID,description\n", "Strategy 1,1st description\n"] {
            let text = format!("strategy_id,description\n1,Coach\n{header}2,Books\n");
            let plain = read(&text, true, true);
            assert_eq!(plain, read(&text, true, false), "{header}");
            let (cells, _) = plain.unwrap();
            let is_header = |cell: &String| cell.to_lowercase().starts_with("strategy");
            assert!(!cells.iter().any(is_header), "{header}");
        }
    }

    #[test]
    fn what_is_not_plain_takes_more_care() {
        for text in [
            "line_id,amount\n1,\"5\n",
            "line_id,amount,\"note\n1,5\n",
            "A title\n\nline_id,amount\n1,5\n",
            "nothing,known\n1,5\n",
            &format!("line_id,amount\n{}{HEADER}", ",\n".repeat(30)),
            &format!("line_id,amount\n{}", "1,5\n".repeat(10_000)),
            &format!("line_id,amount\n1,{}\n", "5".repeat(200_000)),
        ] {
            assert_eq!(read(text, true, true), None, "{text:.40}");
            assert_eq!(read(text, false, true), None, "{text:.40}");
        }
        // What stands in the table of a submission besides its lines.
        for rows in [
            "(a),,,(b),,,($)\n1,1,111,Coach,,1,5\n",
            "1,1,111,Coach,,1,5\n* an estimate\n",
            "1,1,111,Coach,,1,5\nSource: the board,,,,,,\n",
            "1,1,111,Coach,,1,5\n\nline_id,amount\n2,6\n",
            "1,1,111,Coach,,1,5\nDistrict code,Plan year\n1630011,2027\n",
        ] {
            let text = format!("{HEADER}{rows}");
            assert_eq!(read(&text, false, true), None, "{rows}");
        }
    }

    #[test]
    fn whatever_is_read_plainly_is_read_as_from_a_grid() {
        use proptest::prelude::*;
        const OTHERS: [&str; 14] = [
            "line_id",
            "Amount:",
            "description",
            "District code",
            "Plan year",
            "note",
            "(a)",
            "($)",
            "* estimate",
            "Note: by the board",
            "Source",
            "1",
            "x",
            "",
        ];
        const HEADERS: [&str; 9] = [
            HEADER,
            "line_id,strategy_id,object_code,description,justification,quantity,share,amount\n",
            "amount,line_id,,description\n",
            "line_id;description;amount;what\n",
            "A budget\nline_id,amount,justification\n",
            "line_id,amount,amount,district_code\n",
            "line_id,amount\nline_id,amount,description\n",
            "line_id,amount,\"description\n",
            "\"line_id\",\"amount\",object_code,\"strategy\nid\",share\n",
        ];
        let config = ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let cell = prop_oneof![
            6 => Just("7"),
            6 => Just("Coach"),
            6 => prop::sample::select(&CELLS[..]),
            1 => prop::sample::select(&OTHERS[..]),
        ];
        let other = prop::sample::select(&OTHERS[..]);
        let record = prop_oneof![
            9 => prop::collection::vec(cell, 1..9),
            1 => prop::collection::vec(other, 1..4),
        ];
        let records = prop::collection::vec(record, 0..30);
        let header = prop::sample::select(&HEADERS[..]);
        let ends = prop::sample::select(&["\n", "\n", "\r\n", "\n\n"][..]);
        let inputs = (header, records, ends, any::<bool>());
        proptest!(config, |((header, records, end, is_reference) in inputs)| {
            let delimiter = if header.contains(';') { ";" } else { "," };
            let records: Vec<String> = records.iter().map(|cells| cells.join(delimiter)).collect();
            let text = format!("{header}{}", records.join(end));
            if let Some(plain) = read(&text, is_reference, true) {
                prop_assert_eq!(plain, read(&text, is_reference, false).unwrap());
            }
        });
    }
}
