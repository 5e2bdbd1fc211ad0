//! Workbooks of Excel: their sheets as grids of what a person sees in their cells.

use std::borrow::Cow;
use std::io::Cursor;
use std::panic;

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxError};

use self::format::{DAY, Format};
pub(crate) use self::marks::mark;
use super::grid::{Grid, GridRow, Written};
use super::limits::{FOREIGN, Room};
use super::workbook::{
    MAX_ROWS, Marks, NO_STORED_VALUE, Sheet, date_of, shows, too_many_sheets, too_much,
};
use crate::value::{self, Decimal};

mod format;
mod marks;

type Book<'a> = Xlsx<Cursor<&'a [u8]>>;

const DAMAGED: &str = "the workbook is damaged: open it in Excel and save it again as .xlsx";
const NOT_TO_ITS_END: &str = "the sheet is damaged and was not read to its end: open the workbook in Excel and save it again";
/// The sheets of a workbook in their order, charts left out; or why it is none and what to do.
pub(crate) fn sheets(bytes: &[u8]) -> Result<Vec<Sheet>, String> {
    // calamine counts rows and columns unchecked: a malformed reference such as `A99999999999` panics there.
    panic::catch_unwind(|| read(bytes)).unwrap_or_else(|_| Err(DAMAGED.to_owned()))
}

fn read(bytes: &[u8]) -> Result<Vec<Sheet>, String> {
    let mut book = Book::new(Cursor::new(bytes)).map_err(|error| why_not(&error, bytes))?;
    let tabs: Vec<_> = book
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| (sheet.name.clone(), sheet.visible != SheetVisible::Visible))
        .collect();
    if tabs.is_empty() {
        return Err(why_not(&XlsxError::RelationshipNotFound, bytes));
    }
    if let Some(why) = too_many_sheets(tabs.len()) {
        return Err(why);
    }
    let mut room = Room::new(FOREIGN);
    Ok(tabs
        .into_iter()
        .map(|(name, hidden)| read_sheet(&mut book, &mut room, name, hidden))
        .collect())
}

/// Says what the bytes are instead of a workbook, by the marks that other formats leave in them.
fn why_not(error: &XlsxError, bytes: &[u8]) -> String {
    let holds = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    let what = if matches!(error, XlsxError::Password) {
        "the workbook is protected by a password: remove the password in Excel and save it as .xlsx"
    } else if bytes.is_empty() {
        "the file is empty"
    } else if bytes.starts_with(b"\xD0\xCF\x11\xE0") {
        "this is an old .xls workbook: open it in Excel and save it as .xlsx"
    } else if bytes.starts_with(b"%PDF") {
        "this is a .pdf, not a workbook: send the workbook it was made from, saved as .xlsx"
    } else if !bytes.starts_with(b"PK") {
        "this is not a workbook: open it in Excel and save it as .xlsx"
    } else if holds(b"xl/workbook.bin") {
        "this is a binary .xlsb workbook: open it in Excel and save it as .xlsx"
    } else if holds(b"application/vnd.oasis.opendocument") {
        "this is an OpenDocument file but no spreadsheet: send the tables as .xlsx or .ods"
    } else if holds(b"Index/Document.iwa") {
        "this is a Numbers document: export it to Excel as .xlsx"
    } else if holds(b"word/document.xml") {
        "this is a Word document, not a workbook: send the tables as .xlsx"
    } else {
        DAMAGED
    };
    what.to_owned()
}

// --- a sheet -----------------------------------------------------------------------------------------------------------

/// The cells of a sheet in which nothing stands: a column may be coloured to its end.
const BLANK_CELLS: usize = 16_000_000;
const TOO_MANY_BLANK: &str = "the sheet has more than 16,000,000 cells in which nothing stands: delete the rows below the table";

/// A cell as the sheet stores it: which of its cells, and where, at row and column from 0.
struct Found {
    nth: usize,
    at: (u32, u32),
    written: Written<'static>,
}

/// The cells of a sheet as they are stored.
#[derive(Default)]
struct Cells {
    /// Those in which something is written.
    found: Vec<Found>,
    /// Where nothing is: cells that are there for their colour, and formulas without a stored value.
    blank: Vec<(u32, u32)>,
    /// Why they were not read to their end.
    trouble: Option<String>,
}

fn read_sheet(book: &mut Book, room: &mut Room, name: String, hidden: bool) -> Sheet {
    let mut cells = read_values(book, room, &name);
    // A formula without a stored value reads as nothing, and a cell with a mistake has no place: a second reading tells.
    if cells.trouble.is_none()
        && (!cells.blank.is_empty() || cells.found.iter().any(|cell| cell.at == NOWHERE))
    {
        read_formulas(book, room, &name, &mut cells);
    }
    let (mut grid, stopped) = grid_of(cells.found, room);
    grid.from_1904 = book.has_1904_epoch();
    Sheet {
        name,
        hidden,
        grid,
        trouble: cells.trouble.or(stopped),
        marks: Marks::default(),
    }
}

const NOWHERE: (u32, u32) = (u32::MAX, u32::MAX);

/// Reads the values of all cells in the order they are stored, and says why it stopped before the end.
fn read_values(book: &mut Book, room: &mut Room, name: &str) -> Cells {
    let from_1904 = book.has_1904_epoch();
    let mut cells = Cells::default();
    let mut reader = match book.worksheet_cells_reader(name) {
        Ok(reader) => reader,
        Err(XlsxError::NotAWorksheet(_)) => return cells,
        Err(_) => {
            cells.trouble = Some(NOT_TO_ITS_END.to_owned());
            return cells;
        }
    };
    let formats: Vec<Format> = reader.styles().iter().map(Format::of).collect();
    let general = Format::general();
    for nth in 0.. {
        let (at, written) = match reader.next_cell_with_style_id() {
            Ok(Some((cell, style))) => {
                let format = formats.get(style).unwrap_or(&general);
                let written = written(cell.get_value(), format, from_1904);
                (cell.get_position(), written)
            }
            Ok(None) => break,
            Err(error) => match mistake(&error) {
                Some(words) => (NOWHERE, Some(Written::Bad(words))),
                None => {
                    cells.trouble = Some(NOT_TO_ITS_END.to_owned());
                    break;
                }
            },
        };
        let Some(written) = written else {
            cells.blank.push(at);
            if cells.blank.len() > BLANK_CELLS {
                cells.trouble = Some(TOO_MANY_BLANK.to_owned());
                break;
            }
            continue;
        };
        if let Err(why) = room
            .cells(1, 0)
            .and_then(|()| room.text(written.as_stored()))
        {
            cells.trouble = Some(too_much(&why));
            break;
        }
        cells.found.push(Found { nth, at, written });
    }
    cells
}

/// What is wrong with one cell, when the reader can go on behind it.
fn mistake(error: &XlsxError) -> Option<String> {
    match error {
        XlsxError::CellError(shown) => Some(shows(shown)),
        XlsxError::CellTAttribute(_)
        | XlsxError::ParseFloat(_)
        | XlsxError::Unrecognized { .. }
        | XlsxError::Unexpected(_)
        | XlsxError::UnexpectedNode(_) => {
            Some("the workbook is damaged here: write the cell anew".to_owned())
        }
        _ => None,
    }
}

/// Walks the same cells by their formulas: finds those without a stored value, and gives each cell its place where a
/// mistake has upset the count.
fn read_formulas(book: &mut Book, room: &mut Room, name: &str, cells: &mut Cells) {
    let Ok(mut reader) = book.worksheet_cells_reader(name) else {
        cells.trouble = Some(NOT_TO_ITS_END.to_owned());
        return;
    };
    let upset = cells.found.iter().any(|cell| cell.at == NOWHERE);
    let stored = cells.found.len() + cells.blank.len();
    let mut known = std::mem::take(&mut cells.found).into_iter().peekable();
    let mut blank = std::mem::take(&mut cells.blank).into_iter();
    for nth in 0..stored {
        let next = known.next_if(|cell| cell.nth == nth);
        let first_seen = next.as_ref().map(|cell| cell.at).or_else(|| blank.next());
        let (at, is_formula) = match (reader.next_formula(), first_seen) {
            (Ok(Some(formula)), _) => (formula.get_position(), !formula.get_value().is_empty()),
            (Err(_), Some(at)) if !upset => (at, true),
            _ => {
                cells.trouble = Some(NOT_TO_ITS_END.to_owned());
                return;
            }
        };
        match next {
            Some(cell) => cells.found.push(Found {
                at: if upset { at } else { cell.at },
                ..cell
            }),
            None if is_formula => {
                if let Err(why) = room.cells(1, 0) {
                    cells.trouble = Some(too_much(&why));
                    return;
                }
                let written = Written::Bad(NO_STORED_VALUE.to_owned());
                cells.found.push(Found { nth, at, written });
            }
            None => {}
        }
    }
}

/// Lays the cells out in rows; odd workbooks store them in any order.
fn grid_of(mut found: Vec<Found>, room: &mut Room) -> (Grid<'static>, Option<String>) {
    found.sort_by_key(|cell| cell.at);
    let mut rows: Vec<GridRow<'static>> = Vec::new();
    for Found {
        at: (row, column),
        written,
        ..
    } in found
    {
        let index = usize::try_from(column).unwrap_or(usize::MAX);
        if row >= MAX_ROWS || index >= FOREIGN.columns {
            return (Grid::of_rows(rows), Some(NOT_TO_ITS_END.to_owned()));
        }
        if rows.last().is_none_or(|last| last.number != row + 1) {
            rows.push(GridRow {
                number: row + 1,
                cells: Vec::new(),
            });
        }
        let height = room.rows(rows.len());
        let Some(GridRow { cells, .. }) = rows.last_mut() else {
            continue;
        };
        let width = cells.len().max(index + 1);
        // The cell itself is counted already.
        let between = (width - cells.len()).saturating_sub(1);
        if let Err(why) = height.and_then(|()| room.cells(between, width)) {
            return (Grid::of_rows(rows), Some(too_much(&why)));
        }
        cells.resize(width, Written::BLANK);
        if let Some(cell) = cells.get_mut(index) {
            *cell = written;
        }
    }
    (Grid::of_rows(rows), None)
}

// --- a cell ------------------------------------------------------------------------------------------------------------

fn written(value: &DataRef, format: &Format, from_1904: bool) -> Option<Written<'static>> {
    Some(match value {
        DataRef::Empty => return None,
        DataRef::String(text) | DataRef::DurationIso(text) => {
            Written::Text(Cow::Owned(text.clone()))
        }
        DataRef::SharedString(text) => Written::Text(Cow::Owned((*text).to_owned())),
        DataRef::Bool(yes) => Written::Bool(*yes),
        DataRef::Error(error) => Written::Bad(shows(&error.to_string())),
        DataRef::Int(whole) => number(Decimal::from(*whole), format),
        DataRef::Float(float) => match decimal(*float) {
            Some(value) => number(value, format),
            None => Written::Text(Cow::Owned(float.to_string())),
        },
        DataRef::DateTime(stored) => match decimal(stored.as_f64()) {
            Some(serial) => moment(serial, stored.is_duration(), format, from_1904),
            None => Written::Bad(shows("#####")),
        },
        DataRef::DateTimeIso(text) => iso_moment(text, format),
    })
}

/// A workbook stores binary floats, and Excel shows 15 digits of them: `=0.1+0.2` is 0.3. `None` beyond what a decimal holds.
#[expect(
    clippy::disallowed_types,
    reason = "a workbook stores binary floats; this is the one place where they are read"
)]
fn decimal(float: f64) -> Option<Decimal> {
    let value = value::parse_decimal(&format!("{float:.14e}")).or_else(|| {
        // What is left when sums that should cancel do not quite, such as 5.6e-17, has more places than a decimal.
        (float.abs() < 1.0).then(|| value::parse_decimal(&format!("{float:.28}")))?
    })?;
    Some(if value.is_zero() {
        Decimal::ZERO
    } else {
        value.normalize()
    })
}

fn number(value: Decimal, format: &Format) -> Written<'static> {
    Written::Number {
        value,
        shown: format.show(value),
        percent: format.percent,
    }
}

/// A date as a workbook stores it: days since a day in 1899 or 1904, the time as a part of a day. Times and durations are
/// texts: no field holds them.
fn moment(serial: Decimal, duration: bool, format: &Format, from_1904: bool) -> Written<'static> {
    let Some((days, seconds)) = split_day(serial) else {
        return Written::Bad(shows("#####"));
    };
    if duration || format.clock_only() {
        let sign = if serial.is_sign_negative() { "-" } else { "" };
        return Written::Text(Cow::Owned(format!(
            "{sign}{}",
            format.show_moment(None, days, seconds)
        )));
    }
    if days == 0 {
        return Written::Bad(
            "the cell shows a date of zero, as a formula does that points at a blank cell"
                .to_owned(),
        );
    }
    let date = if serial.is_sign_negative() {
        None
    } else {
        date_of(days, from_1904)
    };
    match date {
        Some(date) => Written::Date {
            date,
            shown: format.show_moment(Some(date), days, seconds),
        },
        None => Written::Bad(shows("#####")),
    }
}

/// Whole days and the seconds of the last one, both of the magnitude.
fn split_day(serial: Decimal) -> Option<(i64, i64)> {
    let seconds = value::round_half_up(serial.abs().checked_mul(Decimal::from(DAY))?, 0)?;
    let seconds = i64::try_from(seconds).ok()?;
    Some((seconds / DAY, seconds % DAY))
}

/// A date stored as `2026-07-01T15:30:00`, as some programs do.
fn iso_moment(text: &str, format: &Format) -> Written<'static> {
    let (day, time) = text.split_once('T').unwrap_or((text, ""));
    let Some(date) = value::parse_iso_date(day) else {
        return Written::Text(Cow::Owned(text.to_owned()));
    };
    let mut parts = time
        .split([':', '.'])
        .map(|part| part.parse::<i64>().unwrap_or(0).clamp(0, 59));
    let mut part = || parts.next().unwrap_or(0);
    let seconds = part() * 3600 + part() * 60 + part();
    Written::Date {
        date,
        shown: format.show_moment(Some(date), 0, seconds % DAY),
    }
}

#[cfg(test)]
mod tests {
    use crate::read::testing::zip;
    use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Formula, Workbook, Worksheet};

    use super::*;

    // --- workbooks as Excel writes them

    fn workbook(fill: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
        let mut book = Workbook::new();
        fill(book.add_worksheet().set_name("Budget lines").unwrap());
        book.save_to_buffer().unwrap()
    }

    fn only(bytes: &[u8]) -> Sheet {
        let mut sheets = sheets(bytes).unwrap();
        assert_eq!(sheets.len(), 1);
        sheets.remove(0)
    }

    #[track_caller]
    fn cell(sheet: &Sheet, number: u32, column: usize) -> &Written<'static> {
        sheet
            .grid
            .rows
            .iter()
            .find(|row| row.number == number)
            .unwrap()
            .cell(column)
    }

    fn text(text: &str) -> Written<'static> {
        Written::Text(Cow::Owned(text.to_owned()))
    }

    fn figure(value: &str, shown: &str, percent: bool) -> Written<'static> {
        Written::Number {
            value: value.parse().unwrap(),
            shown: shown.to_owned(),
            percent,
        }
    }

    fn shown_moment(serial: &str, code: &str) -> Written<'static> {
        moment(serial.parse().unwrap(), false, &Format::parse(code), false)
    }

    fn day(text: &str, shown: &str) -> Written<'static> {
        Written::Date {
            date: value::parse_iso_date(text).unwrap(),
            shown: shown.to_owned(),
        }
    }

    #[test]
    fn places_are_those_of_the_sheet() {
        let sheet = only(&workbook(|sheet| {
            sheet.write(2, 1, "title").unwrap();
            sheet.write(4, 5, 17).unwrap();
            sheet
                .write_blank(6, 30, &CellFormat::new().set_bold())
                .unwrap();
        }));
        assert_eq!(
            (sheet.name.as_str(), sheet.hidden, sheet.trouble.as_deref()),
            ("Budget lines", false, None)
        );
        let rows: Vec<_> = sheet
            .grid
            .rows
            .iter()
            .map(|row| (row.number, row.cells.len()))
            .collect();
        assert_eq!(rows, [(3, 2), (5, 6)]);
        assert_eq!(cell(&sheet, 3, 1), &text("title"));
        assert_eq!(cell(&sheet, 5, 4), &Written::BLANK);
        assert_eq!(cell(&sheet, 5, 5), &figure("17", "17", false));
    }

    #[test]
    fn numbers_have_the_15_digits_that_a_person_sees() {
        let sheet = only(&workbook(|sheet| {
            let residue = 5.551_115_123_125_783e-17;
            let stored = [
                0.300_000_000_000_000_04,
                9_659_546.1,
                -0.0,
                residue,
                1e300,
                123_456_789_012_345_680.0,
            ];
            sheet.write_column(0, 0, stored).unwrap();
        }));
        assert_eq!(cell(&sheet, 1, 0), &figure("0.3", "0.3", false));
        assert_eq!(cell(&sheet, 2, 0), &figure("9659546.1", "9659546.1", false));
        assert_eq!(cell(&sheet, 3, 0), &figure("0", "0", false));
        let Written::Number { value, .. } = cell(&sheet, 4, 0) else {
            panic!()
        };
        assert!(*value > Decimal::ZERO && *value < "0.0000000000000001".parse().unwrap());
        assert!(matches!(cell(&sheet, 5, 0), Written::Text(_)));
        assert_eq!(
            cell(&sheet, 6, 0),
            &figure("123456789012346000", "123456789012346000", false)
        );
    }

    #[test]
    fn formats_come_with_their_numbers() {
        let sheet = only(&workbook(|sheet| {
            let formats = [
                "0.00",
                "0.0%",
                "0000000",
                "@",
                "\"100%\" 0",
                "_($* #,##0.00_);_($* (#,##0.00);_($* \"-\"??_);_(@_)",
            ];
            let values = [1.1, 0.795, 20011.0, 1.5, 3.0, -1234.5];
            for (row, (code, value)) in (0..).zip(formats.into_iter().zip(values)) {
                sheet
                    .write_with_format(row, 0, value, &CellFormat::new().set_num_format(code))
                    .unwrap();
            }
            sheet
                .write_with_format(6, 0, 4.5, &CellFormat::new().set_num_format_index(7))
                .unwrap();
        }));
        assert_eq!(cell(&sheet, 1, 0), &figure("1.1", "1.10", false));
        assert_eq!(cell(&sheet, 2, 0), &figure("0.795", "79.5%", true));
        assert_eq!(cell(&sheet, 3, 0), &figure("20011", "0020011", false));
        assert_eq!(cell(&sheet, 4, 0), &figure("1.5", "1.5", false));
        assert_eq!(cell(&sheet, 5, 0), &figure("3", "100% 3", false));
        assert_eq!(
            cell(&sheet, 6, 0),
            &figure("-1234.5", "$ (1,234.50)", false)
        );
        assert_eq!(cell(&sheet, 7, 0), &figure("4.5", "$4.50", false));
    }

    #[test]
    fn dates_truths_errors_and_formulas_are_told_apart() {
        let sheet = only(&workbook(|sheet| {
            let date = ExcelDateTime::from_ymd(2026, 7, 1).unwrap();
            sheet
                .write_with_format(0, 0, &date, &CellFormat::new().set_num_format_index(14))
                .unwrap();
            sheet
                .write_with_format(0, 1, &date, &CellFormat::new().set_num_format("d-mmm-yy"))
                .unwrap();
            sheet
                .write_with_format(0, 2, 0.5, &CellFormat::new().set_num_format("h:mm AM/PM"))
                .unwrap();
            sheet
                .write_with_format(0, 3, 1.5, &CellFormat::new().set_num_format("[h]:mm"))
                .unwrap();
            sheet.write(0, 4, true).unwrap();
            sheet
                .write(0, 5, Formula::new("=1/0").set_result("#DIV/0!"))
                .unwrap();
            sheet
                .write(0, 6, Formula::new("=2+2").set_result("4"))
                .unwrap();
            sheet
                .write(0, 7, Formula::new("=A1&\"\"").set_result("x y"))
                .unwrap();
            sheet.write(0, 8, "  two\nlines & <more>").unwrap();
        }));
        assert_eq!(cell(&sheet, 1, 0), &day("2026-07-01", "7/1/2026"));
        assert_eq!(cell(&sheet, 1, 1), &day("2026-07-01", "1-Jul-26"));
        assert_eq!(cell(&sheet, 1, 2), &text("12:00 PM"));
        assert_eq!(cell(&sheet, 1, 3), &text("36:00"));
        assert_eq!(cell(&sheet, 1, 4), &Written::Bool(true));
        assert_eq!(
            cell(&sheet, 1, 5),
            &Written::Bad("the cell shows `#DIV/0!`".to_owned())
        );
        assert_eq!(cell(&sheet, 1, 6), &figure("4", "4", false));
        assert_eq!(cell(&sheet, 1, 7), &text("x y"));
        assert_eq!(cell(&sheet, 1, 8), &text("  two\nlines & <more>"));
    }

    #[test]
    fn hidden_sheets_are_marked_and_charts_left_out() {
        let mut book = Workbook::new();
        book.add_worksheet()
            .set_name("plan")
            .unwrap()
            .write(0, 0, "field")
            .unwrap();
        book.add_worksheet()
            .set_name("Lists")
            .unwrap()
            .set_hidden(true);
        book.add_worksheet()
            .set_name("Deep")
            .unwrap()
            .set_very_hidden(true);
        let mut chart = rust_xlsxwriter::Chart::new(rust_xlsxwriter::ChartType::Column);
        chart.add_series().set_values(("plan", 0, 0, 0, 0));
        book.add_chartsheet().insert_chart(0, 0, &chart).unwrap();
        let sheets = sheets(&book.save_to_buffer().unwrap()).unwrap();
        let seen: Vec<_> = sheets
            .iter()
            .map(|s| (s.name.as_str(), s.hidden, s.grid.rows.len()))
            .collect();
        assert_eq!(
            seen,
            [("plan", false, 1), ("Lists", true, 0), ("Deep", true, 0)]
        );
    }

    #[test]
    fn merged_cells_are_as_they_are() {
        let sheet = only(&workbook(|sheet| {
            sheet
                .merge_range(0, 0, 1, 2, "Talent", &CellFormat::new())
                .unwrap();
            sheet.write(1, 3, "end").unwrap();
        }));
        assert_eq!(cell(&sheet, 1, 0), &text("Talent"));
        assert_eq!(sheet.grid.rows[0].cells.len(), 1);
        assert_eq!(cell(&sheet, 2, 0), &Written::BLANK);
    }

    // --- workbooks as other programs write them, and broken ones

    const RELATIONSHIPS: &str =
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

    /// A workbook of one sheet, `budget`, from what stands in its XML.
    fn raw(sheet: &str, styles: &str) -> Vec<u8> {
        let relation = |id: &str, kind: &str, target: &str| {
            format!(
                r#"<Relationships><Relationship Id="{id}" Type="{RELATIONSHIPS}/{kind}" Target="{target}"/></Relationships>"#
            )
        };
        zip(&[
            (
                "_rels/.rels",
                &relation("a", "officeDocument", "xl/workbook.xml"),
            ),
            (
                "xl/workbook.xml",
                r#"<workbook><sheets><sheet name="budget" sheetId="1" r:id="b"/></sheets></workbook>"#,
            ),
            (
                "xl/_rels/workbook.xml.rels",
                &relation("b", "worksheet", "worksheets/sheet1.xml"),
            ),
            ("xl/worksheets/sheet1.xml", sheet),
            ("xl/styles.xml", styles),
        ])
    }

    fn raw_rows(rows: &str) -> Vec<u8> {
        raw(
            &format!("<worksheet><sheetData>{rows}</sheetData></worksheet>"),
            r#"<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#,
        )
    }

    #[test]
    fn a_formula_without_a_stored_value_is_no_blank() {
        let sheet = only(&raw_rows(
            r#"<row r="2"><c r="A2" s="1"/><c r="B2"><f>SUM(A1:A1)</f><v></v></c><c r="C2"><f>A2</f></c>
               <c r="D2" t="str"><f>IF(A2,1,"")</f><v></v></c><c r="E2"><f>1+1</f><v>2</v></c></row>"#,
        ));
        assert_eq!(cell(&sheet, 2, 0), &Written::BLANK);
        assert_eq!(
            cell(&sheet, 2, 1),
            &Written::Bad(NO_STORED_VALUE.to_owned())
        );
        assert_eq!(
            cell(&sheet, 2, 2),
            &Written::Bad(NO_STORED_VALUE.to_owned())
        );
        assert_eq!(cell(&sheet, 2, 3), &Written::BLANK);
        assert_eq!(cell(&sheet, 2, 4), &figure("2", "2", false));
        assert_eq!(sheet.trouble, None);
    }

    #[test]
    fn a_mistake_in_one_cell_leaves_the_others_in_their_places() {
        let sheet = only(&raw_rows(
            r#"<row><c><v>1</v></c><c t="e"><v>#SPILL!</v></c><c t="s"><v>9</v></c><c t="b"><v>maybe</v></c><c><v>5</v></c></row>
               <row><c t="inlineStr"><is><t>six</t></is></c></row>"#,
        ));
        assert_eq!(cell(&sheet, 1, 0), &figure("1", "1", false));
        assert_eq!(
            cell(&sheet, 1, 1),
            &Written::Bad("the cell shows `#SPILL!`".to_owned())
        );
        assert!(matches!(cell(&sheet, 1, 2), Written::Bad(_)));
        assert!(matches!(cell(&sheet, 1, 3), Written::Bad(_)));
        assert_eq!(cell(&sheet, 1, 4), &figure("5", "5", false));
        assert_eq!(cell(&sheet, 2, 0), &text("six"));
        assert_eq!(sheet.trouble, None);
    }

    #[test]
    fn dates_in_words_and_rows_out_of_order_are_read() {
        let sheet = only(&raw_rows(
            r#"<row r="5"><c r="B5"><v>7</v></c></row><row r="2"><c r="C2" t="d" s="1"><v>2026-07-01T15:30:00</v></c><c r="A2" s="1"><v>0</v></c></row>"#,
        ));
        let numbers: Vec<_> = sheet.grid.rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, [2, 5]);
        assert_eq!(cell(&sheet, 2, 2), &day("2026-07-01", "7/1/2026"));
        assert!(matches!(cell(&sheet, 2, 0), Written::Bad(_)));
        assert_eq!(cell(&sheet, 5, 1), &figure("7", "7", false));
    }

    #[test]
    fn what_is_read_of_a_broken_sheet_is_kept_and_said() {
        let sheet = only(&raw(
            "<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c><c r=\"B1\"><v>2",
            "<styleSheet/>",
        ));
        assert_eq!(sheet.trouble.as_deref(), Some(NOT_TO_ITS_END));
        assert_eq!(cell(&sheet, 1, 0), &figure("1", "1", false));
        let far = only(&raw_rows(
            r#"<row r="1"><c r="A1"><v>1</v></c><c r="XFE1"><v>2</v></c></row>"#,
        ));
        assert_eq!(
            (far.grid.rows.len(), far.trouble.as_deref()),
            (1, Some(NOT_TO_ITS_END))
        );
    }

    #[test]
    fn stray_marks_at_the_edge_do_not_fill_the_memory() {
        let row = |row: u32| format!(r#"<row r="{row}"><c r="XFD{row}"><v>1</v></c></row>"#);
        let rows: Vec<String> = (1..=1200).map(row).collect();
        let sheet = only(&raw_rows(&rows.concat()));
        let want = "the file has more than 4,000,000 cells, blanks between others included; it was not read: clear what lies outside the table";
        assert_eq!(sheet.trouble.as_deref(), Some(want));
    }

    #[test]
    fn what_is_no_workbook_is_refused_with_what_to_do() {
        let refused = |bytes: &[u8]| sheets(bytes).unwrap_err();
        assert_eq!(refused(b""), "the file is empty");
        assert!(refused(b"a,b\n1,2\n").starts_with("this is not a workbook"));
        assert!(refused(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 old").contains("old .xls"));
        assert!(refused(b"%PDF-1.7").contains(".pdf"));
        assert!(refused(&zip(&[("word/document.xml", "<w/>")])).contains("Word"));
        assert!(
            refused(&zip(&[(
                "mimetype",
                "application/vnd.oasis.opendocument.text"
            )]))
            .contains("OpenDocument")
        );
        assert!(refused(&zip(&[("xl/workbook.bin", "")])).contains(".xlsb"));
        assert_eq!(refused(b"PK\x03\x04"), DAMAGED);
        let whole = workbook(|sheet| _ = sheet.write(0, 0, 1).unwrap());
        assert_eq!(refused(&whole[..whole.len() / 2]), DAMAGED);
    }

    #[test]
    fn no_bytes_make_the_reader_panic() {
        assert_eq!(
            sheets(&raw_rows(
                r#"<row r="1"><c r="A99999999999"><v>1</v></c></row>"#
            ))
            .unwrap_err(),
            DAMAGED
        );
        let whole = raw_rows(
            r#"<row r="1"><c r="A1" s="1"><v>46204</v></c><c r="B1" t="e"><v>#REF!</v></c><c r="C1"><f>A1</f></c></row>"#,
        );
        for position in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[position] ^= 0x15;
            _ = sheets(&bytes);
            _ = sheets(&whole[..position]);
        }
    }

    #[test]
    fn dates_are_shown_as_their_format_says() {
        assert_eq!(
            shown_moment("46204", "[$-409]mmmm d, yyyy;@"),
            day("2026-07-01", "July 1, 2026")
        );
        assert_eq!(
            shown_moment("46204.6458333333", "m/d/yy h:mm"),
            day("2026-07-01", "7/1/26 15:30")
        );
        assert_eq!(
            shown_moment("46204.9999999999", "yyyy-mm-dd"),
            day("2026-07-02", "2026-07-02")
        );
        assert_eq!(shown_moment("46277", "d-mmm"), day("2026-09-12", "12-Sep"));
        assert_eq!(
            shown_moment("46204", "dddd\\, ddd mmm"),
            day("2026-07-01", "Wednesday, Wed Jul")
        );
        assert_eq!(shown_moment("0.0431", "h:mm:ss"), text("1:02:04"));
        assert_eq!(
            shown_moment("1", "yyyy-mm-dd"),
            day("1900-01-01", "1900-01-01")
        );
        assert_eq!(
            shown_moment("61", "yyyy-mm-dd"),
            day("1900-03-01", "1900-03-01")
        );
        for no_date in ["60", "-5", "3000000", "0"] {
            assert!(
                matches!(shown_moment(no_date, "yyyy-mm-dd"), Written::Bad(_)),
                "{no_date}"
            );
        }
        let format = Format::parse("yyyy-mm-dd");
        assert_eq!(
            moment(Decimal::from(44742), false, &format, true),
            day("2026-07-01", "2026-07-01")
        );
    }
}
