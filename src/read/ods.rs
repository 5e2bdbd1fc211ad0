//! `OpenDocument` spreadsheets: their sheets as grids of what a person sees in their cells.

use std::borrow::Cow;
use std::collections::BTreeSet;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::grid::{Grid, GridRow, Merge, Written};
use super::limits::{FOREIGN, Room};
use super::parts::{Parts, attribute, attributes};
use super::workbook::{
    MAX_ROWS, Marks, NO_STORED_VALUE, Sheet, shows, too_many_merges, too_many_sheets, too_much,
};
use crate::value::{self, Decimal};

const DAMAGED: &str = "the workbook is damaged: open it in LibreOffice and save it again";
const PROTECTED: &str =
    "the workbook is protected by a password: remove the password and save it again";

/// The most spaces that one element may stand for.
const MOST: u32 = 100_000;

/// Whether a zipped file is an `OpenDocument` spreadsheet.
pub(crate) fn is_one(parts: &mut Parts<'_>) -> bool {
    const TYPE: &str = "application/vnd.oasis.opendocument.spreadsheet";
    parts
        .text("mimetype")
        .is_some_and(|kind| kind.starts_with(TYPE))
}

/// The sheets of a workbook in their order; or why it cannot be read and what to do.
pub(crate) fn sheets(parts: &mut Parts<'_>) -> Result<Vec<Sheet>, String> {
    let manifest = parts.text("META-INF/manifest.xml").unwrap_or_default();
    if manifest.contains("encryption-data") {
        return Err(PROTECTED.to_owned());
    }
    let content = parts.text("content.xml");
    let sheets = content
        .and_then(|content| Content::new(&content).sheets())
        .filter(|sheets| !sheets.is_empty())
        .ok_or_else(|| DAMAGED.to_owned())?;
    too_many_sheets(sheets.len()).map_or(Ok(sheets), Err)
}

/// `content.xml` on its way in. What reads an element starts behind its opening tag and ends behind the closing one;
/// `None` where the XML is broken.
struct Content<'x> {
    xml: Reader<&'x [u8]>,
    hidden_styles: BTreeSet<String>,
    from_1904: bool,
    room: Room,
}

impl<'x> Content<'x> {
    fn new(text: &'x str) -> Self {
        let mut xml = Reader::from_str(text);
        xml.config_mut().expand_empty_elements = true;
        Content {
            xml,
            hidden_styles: BTreeSet::new(),
            from_1904: false,
            room: Room::new(FOREIGN),
        }
    }

    fn event(&mut self) -> Option<Event<'x>> {
        self.xml.read_event().ok()
    }

    fn skip(&mut self, element: &BytesStart<'_>) -> Option<()> {
        self.xml.read_to_end(element.name()).ok().map(|_| ())
    }

    fn sheets(mut self) -> Option<Vec<Sheet>> {
        let mut sheets = Vec::new();
        let mut style = None;
        loop {
            match self.event()? {
                Event::Start(element) => match element.name().into_inner() {
                    "style:style" => style = attribute(&element, "style:name").map(Cow::into_owned),
                    "style:table-properties"
                        if attribute(&element, "table:display").as_deref() == Some("false") =>
                    {
                        self.hidden_styles.extend(style.take());
                    }
                    "table:null-date" => {
                        let day = attribute(&element, "table:date-value");
                        self.from_1904 = day.is_some_and(|day| day.starts_with("1904-01-01"));
                    }
                    "table:table" => sheets.push(self.table(&element)?),
                    "table:tracked-changes" | "table:dde-links" => self.skip(&element)?,
                    _ => {}
                },
                Event::Eof => return Some(sheets),
                _ => {}
            }
        }
    }

    fn table(&mut self, element: &BytesStart<'_>) -> Option<Sheet> {
        let style = attribute(element, "table:style-name").unwrap_or_default();
        let mut table = Table {
            hidden: self.hidden_styles.contains(style.as_ref()),
            name: attribute(element, "table:name")
                .unwrap_or_default()
                .into_owned(),
            ..Table::default()
        };
        loop {
            match self.event()? {
                Event::Start(element) => match element.name().into_inner() {
                    "table:table-row" => self.row(&element, &mut table)?,
                    "table:table-column" => table.take_column(&element),
                    "table:table-rows"
                    | "table:table-row-group"
                    | "table:table-header-rows"
                    | "table:table-columns"
                    | "table:table-column-group"
                    | "table:table-header-columns" => {}
                    _ => self.skip(&element)?,
                },
                Event::End(end) if end.name().into_inner() == "table:table" => {
                    return Some(table.finish(self.from_1904));
                }
                Event::Eof => return None,
                _ => {}
            }
        }
    }

    fn row(&mut self, element: &BytesStart<'_>, table: &mut Table) -> Option<()> {
        let mut row = Row::default();
        loop {
            match self.event()? {
                Event::Start(cell) => match cell.name().into_inner() {
                    "table:table-cell" | "table:covered-table-cell" => {
                        let stored = Stored::of(&cell);
                        let paragraphs = self.paragraphs(&cell)?;
                        let taken = row.take(&stored, stored.written(&paragraphs), &mut self.room);
                        table.trouble = table.trouble.take().or(taken.err());
                    }
                    _ => self.skip(&cell)?,
                },
                Event::End(_) => break,
                Event::Eof => return None,
                _ => {}
            }
        }
        let visibility = attribute(element, "table:visibility").unwrap_or_default();
        table.take_row(
            &row,
            count(element, "table:number-rows-repeated"),
            &visibility,
            &mut self.room,
        );
        Some(())
    }

    /// The paragraphs of a cell; comments, pictures and what else hangs on it are passed over.
    fn paragraphs(&mut self, cell: &BytesStart<'_>) -> Option<Vec<String>> {
        let mut paragraphs = Vec::new();
        loop {
            match self.event()? {
                Event::Start(element) => match element.name().into_inner() {
                    "text:p" | "text:h" => paragraphs.push(self.paragraph()?),
                    _ => self.skip(&element)?,
                },
                Event::End(end) if end.name() == cell.name() => return Some(paragraphs),
                Event::Eof => return None,
                _ => {}
            }
        }
    }

    fn paragraph(&mut self) -> Option<String> {
        let mut out = String::new();
        let mut depth = 1_usize;
        let mut gap = true;
        while depth > 0 {
            match self.event()? {
                Event::Start(element) => {
                    let sign = match element.name().into_inner() {
                        "text:s" => " ",
                        "text:tab" => "\t",
                        "text:line-break" => "\n",
                        name if name.starts_with("text:") && name != "text:note" => "",
                        _ => {
                            self.skip(&element)?;
                            continue;
                        }
                    };
                    let times = count(&element, "text:c").min(MOST);
                    out.extend((0..times).map(|_| sign));
                    gap &= sign.is_empty();
                    depth += 1;
                }
                Event::End(_) => depth -= 1,
                Event::Text(text) => push_spaced(&mut out, &mut gap, &text.xml10_content()),
                Event::CData(text) => push_spaced(&mut out, &mut gap, &text.xml10_content()),
                Event::GeneralRef(entity) => {
                    gap = false;
                    match entity.resolve_char_ref().ok()? {
                        Some(c) => out.push(c),
                        None => out.push_str(resolve_predefined_entity(&entity)?),
                    }
                }
                Event::Eof => return None,
                _ => {}
            }
        }
        Some(out)
    }
}

/// Adds a text of which any run of white space stands for one space, and none at the start.
fn push_spaced(out: &mut String, gap: &mut bool, text: &str) {
    for c in text.chars() {
        let is_space = matches!(c, ' ' | '\t' | '\r' | '\n');
        if !is_space {
            out.push(c);
        } else if !*gap {
            out.push(' ');
        }
        *gap = is_space;
    }
}

/// How often an element stands for itself: 1 unless it says.
fn count(element: &BytesStart<'_>, name: &str) -> u32 {
    let count = attribute(element, name).and_then(|count| count.parse().ok());
    count.unwrap_or(1)
}

// --- a sheet -----------------------------------------------------------------------------------------------------------

/// A sheet on its way in.
#[derive(Default)]
struct Table {
    name: String,
    hidden: bool,
    rows: Vec<GridRow<'static>>,
    merges: Vec<Merge>,
    marks: Marks,
    /// How many rows and columns were counted.
    height: u32,
    width: usize,
    trouble: Option<String>,
}

impl Table {
    fn take_column(&mut self, element: &BytesStart<'_>) {
        let repeated = count(element, "table:number-columns-repeated");
        let behind = self
            .width
            .saturating_add(usize::try_from(repeated).unwrap_or(usize::MAX));
        let visibility = attribute(element, "table:visibility");
        if visibility.is_some_and(|is| is != "visible") && behind > self.width {
            self.marks.hide_columns(self.width, behind - 1);
        }
        self.width = behind;
    }

    fn take_row(&mut self, row: &Row, times: u32, visibility: &str, room: &mut Room) {
        let first = self.height.saturating_add(1);
        self.height = self.height.saturating_add(times);
        if matches!(visibility, "collapse" | "filter") {
            self.marks.hide_rows(first, self.height);
            self.marks.filtered |= visibility == "filter";
        }
        if (row.cells.is_empty() && row.merges.is_empty()) || self.trouble.is_some() {
            return;
        }
        if self.height > MAX_ROWS {
            self.trouble = Some(too_much("the sheet has more rows than a spreadsheet"));
        }
        for number in first..=self.height.min(MAX_ROWS) {
            // The texts of the first are counted as they come in.
            let again = (number > first).then_some(row.cells.as_slice());
            let mut texts = again.unwrap_or_default().iter();
            let counted = texts.try_for_each(|cell| room.text(cell.as_stored()));
            if let Err(why) = counted.and_then(|()| self.take_once(row, number, room)) {
                self.trouble = Some(too_much(&why));
                return;
            }
        }
    }

    fn take_once(&mut self, row: &Row, number: u32, room: &mut Room) -> Result<(), String> {
        let moved = row.merges.iter().map(|merge| Merge {
            rows: (number, number.saturating_add(merge.rows.1)),
            columns: merge.columns,
        });
        self.merges.extend(moved);
        if let Some(why) = too_many_merges(self.merges.len()) {
            return Err(why);
        }
        if row.cells.is_empty() {
            return Ok(());
        }
        room.rows(self.rows.len() + 1)?;
        room.cells(row.cells.len(), row.cells.len())?;
        self.rows.push(GridRow {
            number,
            cells: row.cells.clone(),
        });
        Ok(())
    }

    fn finish(self, from_1904: bool) -> Sheet {
        let mut grid = Grid::of_rows(self.rows).with_merges(self.merges);
        grid.from_1904 = from_1904;
        Sheet {
            name: self.name,
            hidden: self.hidden,
            grid,
            trouble: self.trouble,
            marks: self.marks,
        }
    }
}

/// A row on its way in; of its merged cells the last row counts from the first.
#[derive(Default)]
struct Row {
    cells: Vec<Written<'static>>,
    merges: Vec<Merge>,
    width: usize,
}

impl Row {
    fn take(
        &mut self,
        stored: &Stored<'_>,
        written: Written<'static>,
        room: &mut Room,
    ) -> Result<(), String> {
        let first = self.width;
        self.width = first.saturating_add(stored.repeated).min(FOREIGN.columns);
        if stored.columns > 1 || stored.rows > 1 {
            self.merges.push(Merge {
                rows: (0, stored.rows.saturating_sub(1)),
                columns: (first, first.saturating_add(stored.columns.max(1)) - 1),
            });
        }
        if written != Written::BLANK {
            // The text of a cell is copied to all cells for which it stands.
            (first..self.width).try_for_each(|_| room.text(written.as_stored()))?;
            self.cells.resize(first, Written::BLANK);
            self.cells.resize(self.width, written);
        }
        Ok(())
    }
}

// --- a cell ------------------------------------------------------------------------------------------------------------

/// What the attributes of a cell say.
#[derive(Default)]
struct Stored<'e> {
    kind: Cow<'e, str>,
    value: Option<Cow<'e, str>>,
    text: Option<Cow<'e, str>>,
    is_formula: bool,
    is_error: bool,
    repeated: usize,
    columns: usize,
    rows: u32,
}

impl<'e> Stored<'e> {
    fn of(cell: &'e BytesStart<'_>) -> Self {
        let mut stored = Stored {
            repeated: 1,
            ..Stored::default()
        };
        for (name, value) in attributes(cell) {
            match name {
                "office:value-type" => stored.kind = value,
                "calcext:value-type" => stored.is_error = value == "error",
                "office:value"
                | "office:date-value"
                | "office:time-value"
                | "office:boolean-value" => stored.value = Some(value),
                "office:string-value" => stored.text = Some(value),
                "table:formula" => stored.is_formula = true,
                "table:number-columns-repeated" => stored.repeated = value.parse().unwrap_or(1),
                "table:number-columns-spanned" => stored.columns = value.parse().unwrap_or(1),
                "table:number-rows-spanned" => stored.rows = value.parse().unwrap_or(1),
                _ => {}
            }
        }
        stored
    }

    /// What is written in the cell, with the paragraphs that a person sees there.
    fn written(&self, paragraphs: &[String]) -> Written<'static> {
        let text = match paragraphs {
            [] => self.text.as_deref().map(str::to_owned),
            paragraphs => Some(paragraphs.join("\n")),
        };
        let shown = text.as_deref().map_or("", value::trim);
        if self.is_error || is_error(shown) {
            return Written::Bad(shows(if shown.is_empty() { "an error" } else { shown }));
        }
        let Some(stored) = &self.value else {
            let needs_value = !matches!(self.kind.as_ref(), "string" | "");
            let nothing = text.is_none() && (needs_value || self.kind.is_empty());
            return match text {
                _ if nothing && self.is_formula => Written::Bad(NO_STORED_VALUE.to_owned()),
                Some(text) => Written::Text(Cow::Owned(text)),
                None => Written::BLANK,
            };
        };
        let typed = match self.kind.as_ref() {
            "float" | "currency" | "percentage" => {
                figure(stored).map(|value| self.number(value, shown))
            }
            "date" => moment(stored, shown),
            "boolean" => match stored.as_ref() {
                "true" => Some(Written::Bool(true)),
                "false" => Some(Written::Bool(false)),
                _ => None,
            },
            _ => None,
        };
        typed.unwrap_or_else(|| {
            let text = if shown.is_empty() { stored } else { shown };
            Written::Text(Cow::Owned(text.to_owned()))
        })
    }

    fn number(&self, value: Decimal, shown: &str) -> Written<'static> {
        let percent = self.kind == "percentage";
        let shown = match shown {
            "" if percent => value::percent(value).replace(' ', ""),
            "" => value::plain(value),
            shown => shown.to_owned(),
        };
        Written::Number {
            value,
            shown,
            percent,
        }
    }
}

/// Whether a text is what a spreadsheet shows in place of a value.
fn is_error(text: &str) -> bool {
    const WORDS: [&str; 12] = [
        "#REF!",
        "#N/A",
        "#DIV/0!",
        "#VALUE!",
        "#NAME?",
        "#NUM!",
        "#NULL!",
        "#ERROR!",
        "#SPILL!",
        "#CALC!",
        "#FIELD!",
        "#GETTING_DATA",
    ];
    let code = text.strip_prefix("Err:");
    WORDS.contains(&text) || code.is_some_and(|code| code.bytes().all(|b| b.is_ascii_digit()))
}

/// A number at the 15 digits that a person sees; `None` beyond what a decimal holds.
fn figure(text: &str) -> Option<Decimal> {
    let value = value::parse_decimal(text).or_else(|| residue(text))?;
    let digits = value
        .mantissa()
        .unsigned_abs()
        .checked_ilog10()
        .unwrap_or(0);
    let excess = i64::from(digits) - 14;
    let rounded = if excess > 0 {
        value::round_half_up(value, i64::from(value.scale()) - excess)?
    } else {
        value
    };
    Some(rounded.normalize())
}

/// What is left when sums that should cancel do not quite, such as `5.55111512312578E-17`, at the places of a decimal.
fn residue(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let zeros = usize::try_from(-exponent.parse::<i64>().ok()?).ok()?;
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let places: String = std::iter::repeat_n('0', zeros.min(29).saturating_sub(1))
        .chain(digits.chars())
        .take(28)
        .collect();
    value::parse_decimal(&format!("{sign}0.{places}"))
}

/// A date, stored as `2026-07-01` or `2026-07-01T15:30:00`.
fn moment(stored: &str, shown: &str) -> Option<Written<'static>> {
    let day = stored.split_once('T').map_or(stored, |(day, _)| day);
    let date = value::parse_iso_date(day)?;
    if date == value::date(1899, 12, 30)? {
        let why = "the cell shows a date of zero, as a formula does that points at a blank cell";
        return Some(Written::Bad(why.to_owned()));
    }
    let shown = if shown.is_empty() { day } else { shown };
    Some(Written::Date {
        date,
        shown: shown.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::testing::zip;
    use crate::read::workbook;

    const KIND: &str = "application/vnd.oasis.opendocument.spreadsheet";

    /// A workbook from what stands in its sheets.
    fn workbook(tables: &str) -> Vec<u8> {
        let content = format!(
            r#"<office:document-content><office:automatic-styles><style:style style:name="ta2" style:family="table">
               <style:table-properties table:display="false"/></style:style></office:automatic-styles>
               <office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"#
        );
        zip(&[("mimetype", KIND), ("content.xml", &content)])
    }

    /// The only sheet, from what stands in its rows.
    #[track_caller]
    fn only(rows: &str) -> Sheet {
        let table = format!("<table:table table:name=\"budget\">{rows}</table:table>");
        let mut sheets = workbook::sheets(&workbook(&table)).unwrap();
        assert_eq!(sheets.len(), 1);
        sheets.remove(0)
    }

    /// The cells of one row.
    fn cells(cells: &str) -> Vec<Written<'static>> {
        let mut sheet = only(&format!("<table:table-row>{cells}</table:table-row>"));
        sheet.grid.rows.remove(0).cells
    }

    #[track_caller]
    fn assert_cell(attributes: &str, inside: &str, want: &Written<'_>) {
        let cell = format!("<table:table-cell {attributes}>{inside}</table:table-cell>");
        assert_eq!(cells(&format!("{cell}{END}"))[0], *want, "{cell}");
    }

    const END: &str = "<table:table-cell><text:p>end</text:p></table:table-cell>";

    fn text(text: &'static str) -> Written<'static> {
        Written::Text(text.into())
    }

    fn number(value: &str, shown: &str, percent: bool) -> Written<'static> {
        Written::Number {
            value: value.parse().unwrap(),
            shown: shown.to_owned(),
            percent,
        }
    }

    #[test]
    fn values_are_read_as_a_person_sees_them() {
        let float = |value: &str| format!(r#"office:value-type="float" office:value="{value}""#);
        assert_cell(
            &float("1.1"),
            "<text:p>1.10</text:p>",
            &number("1.1", "1.10", false),
        );
        assert_cell(
            &float("0"),
            "<text:p>$ -</text:p>",
            &number("0", "$ -", false),
        );
        assert_cell(
            &float("0.30000000000000004"),
            "",
            &number("0.3", "0.3", false),
        );
        assert_cell(
            &float("5.55111512312578E-17"),
            "",
            &number(
                "0.0000000000000000555111512312",
                "0.0000000000000000555111512312",
                false,
            ),
        );
        assert_cell(&float("1E300"), "<text:p>1E+300</text:p>", &text("1E+300"));
        assert_cell(
            r#"office:value-type="percentage" office:value="0.795""#,
            "<text:p>79.5%</text:p>",
            &number("0.795", "79.5%", true),
        );
        assert_cell(
            r#"office:value-type="percentage" office:value="0.795""#,
            "",
            &number("0.795", "79.5%", true),
        );
        assert_cell(
            r#"office:value-type="currency" office:currency="USD" office:value="-1234.5""#,
            "<text:p>($1,234.50)</text:p>",
            &number("-1234.5", "($1,234.50)", false),
        );
        let date = Written::Date {
            date: value::date(2026, 7, 1).unwrap(),
            shown: "07/01/26".to_owned(),
        };
        assert_cell(
            r#"office:value-type="date" office:date-value="2026-07-01T15:30:00""#,
            "<text:p>07/01/26</text:p>",
            &date,
        );
        assert_cell(
            r#"office:value-type="time" office:time-value="PT12H00M00S""#,
            "<text:p>12:00:00</text:p>",
            &text("12:00:00"),
        );
        assert_cell(
            r#"office:value-type="boolean" office:boolean-value="true""#,
            "<text:p>TRUE</text:p>",
            &Written::Bool(true),
        );
    }

    #[test]
    fn texts_are_as_they_are_seen() {
        assert_cell(
            "",
            "<text:p>a <text:s text:c=\"2\"/>b<text:tab/>c<text:line-break/>d</text:p>",
            &text("a   b\tc\nd"),
        );
        assert_cell(
            "",
            "<text:p>Q&amp;A &#8217;s\n  <text:span>bold</text:span> <text:a>link</text:a></text:p><text:p/><text:p>two</text:p>",
            &text("Q&A \u{2019}s bold link\n\ntwo"),
        );
        assert_cell(
            "",
            "<office:annotation><text:p>no</text:p></office:annotation><text:p>yes</text:p><draw:frame><text:p>no</text:p></draw:frame>",
            &text("yes"),
        );
        assert_cell(
            r#"office:value-type="string" office:string-value="x""#,
            "",
            &text("x"),
        );
    }

    #[test]
    fn errors_and_formulas_without_a_value_are_told() {
        let bad = |words: &str| Written::Bad(words.to_owned());
        let formula = r#"table:formula="of:=[.A1]""#;
        assert_cell(
            &format!(
                r#"{formula} office:value-type="string" office:string-value="" calcext:value-type="error""#
            ),
            "<text:p>Err:502</text:p>",
            &bad("the cell shows `Err:502`"),
        );
        assert_cell(
            &format!(r#"{formula} office:value-type="float" office:value="0""#),
            "<text:p>#REF!</text:p>",
            &bad("the cell shows `#REF!`"),
        );
        assert_cell(formula, "", &bad(NO_STORED_VALUE));
        assert_cell(
            &format!(r#"{formula} office:value-type="float""#),
            "",
            &bad(NO_STORED_VALUE),
        );
        assert_cell(
            &format!(r#"{formula} office:value-type="string""#),
            "",
            &Written::BLANK,
        );
        let zero = r#"office:value-type="date" office:date-value="1899-12-30""#;
        assert_cell(
            zero,
            "<text:p>12/30/99</text:p>",
            &bad("the cell shows a date of zero, as a formula does that points at a blank cell"),
        );
    }

    #[test]
    fn repeats_keep_their_places_and_cost_nothing() {
        let sheet = only(
            r#"<table:table-column table:number-columns-repeated="2"/><table:table-column table:visibility="collapse" table:number-columns-repeated="16382"/>
               <table:table-header-rows><table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table-header-rows>
               <table:table-row table:number-rows-repeated="2" table:visibility="filter"><table:table-cell/><table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="5"/><table:table-cell table:number-columns-repeated="16381"/></table:table-row>
               <table:table-row table:number-rows-repeated="1048571"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>"#,
        );
        let rows: Vec<_> = sheet
            .grid
            .rows
            .iter()
            .map(|row| (row.number, row.cells.len()))
            .collect();
        assert_eq!(rows, [(4, 3), (5, 3)]);
        assert_eq!(sheet.grid.rows[0].cells[2], number("5", "5", false));
        assert_eq!(sheet.marks.rows, [(4, 5)]);
        assert_eq!(sheet.marks.columns, [(2, 16383)]);
        assert!(sheet.marks.filtered);
        assert_eq!(sheet.trouble, None);
    }

    #[test]
    fn too_much_is_told() {
        let wide = r#"<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="1000"><text:p>x</text:p></table:table-cell></table:table-row>"#;
        let sheet = only(wide);
        assert_eq!(
            (sheet.grid.rows.len(), sheet.trouble.as_deref()),
            (
                4_000,
                Some(
                    "the file has more than 4,000,000 cells, blanks between others included; it was not read: clear what lies outside the table"
                )
            )
        );
    }

    #[test]
    fn merged_cells_and_hidden_sheets_are_marked() {
        let sheet = only(
            r#"<table:table-row><table:table-cell table:number-columns-spanned="2" table:number-rows-spanned="3"><text:p>a</text:p></table:table-cell><table:covered-table-cell/></table:table-row>"#,
        );
        let merge = Merge {
            rows: (1, 3),
            columns: (0, 1),
        };
        assert_eq!(sheet.grid.merges, [merge]);
        let sheets = workbook::sheets(&workbook(
            r#"<table:table table:name="a &amp; b"/><table:table table:name="c" table:style-name="ta2"><table:table-row/></table:table>"#,
        ));
        let seen: Vec<_> = sheets
            .unwrap()
            .into_iter()
            .map(|s| (s.name, s.hidden))
            .collect();
        assert_eq!(seen, [("a & b".to_owned(), false), ("c".to_owned(), true)]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let refused = |files: &[(&str, &str)]| {
            let files = [&[("mimetype", KIND)], files].concat();
            workbook::sheets(&zip(&files)).unwrap_err()
        };
        assert_eq!(refused(&[]), DAMAGED);
        assert_eq!(
            refused(&[("content.xml", "<office:body><table:table>")]),
            DAMAGED
        );
        assert_eq!(
            refused(&[
                ("META-INF/manifest.xml", "<manifest:encryption-data/>"),
                ("content.xml", "?")
            ]),
            PROTECTED
        );
    }
}
