//! Text files with a row a line: their bytes, their delimiter, their rows as a spreadsheet counts them.

use std::borrow::Cow;

use csv::StringRecord;
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use memchr::memchr;
use simdutf8::basic::from_utf8;

use super::grid::{Grid, GridRow, Written};
use super::header::{DEPTH, Header, may_name};
use super::limits::{Limits, Room, count};
use super::lines::{At, Form, PLAN, vertical_columns};
use super::scan::lines_of;
use crate::diagnostic::Diagnostic;
use crate::schema::Table;

/// How many records are looked at to tell the delimiter.
const HEAD: usize = 25;

/// What may stand between the cells of a row.
pub(crate) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The records of a text file.
pub(crate) struct Records {
    list: Vec<(u32, StringRecord)>,
    /// The row in which a quote opens that is never closed.
    pub unclosed: Option<u32>,
    /// The row at which a limit is passed, if it is one row, and which: the records are then a part of the file.
    pub trouble: Option<(Option<u32>, String)>,
    /// What stands between the cells of a row.
    pub delimiter: u8,
}

impl Records {
    /// The records of a file for a table, with the delimiter by which the header names the most fields and keys.
    pub(crate) fn read(table: &Table, keys: &[&str], text: &str, limits: Limits) -> Records {
        let text = with_line_feeds(text);
        let delimiter = Records::delimiter(table, keys, &text, limits);
        Records::split(&text, delimiter, usize::MAX, limits)
    }

    /// The first of the records, among which the header stands.
    pub(crate) fn head(table: &Table, keys: &[&str], text: &str, limits: Limits) -> Records {
        let text = with_line_feeds(text);
        let delimiter = Records::delimiter(table, keys, &text, limits);
        Records::split(&text, delimiter, HEAD, limits)
    }

    /// The same of a whole text: the first alone, where it is the header and none of the next could be a better one.
    pub(crate) fn top(table: &Table, text: &str, limits: Limits) -> Records {
        let delimiter = Records::delimiter(table, &[], text, limits);
        let first = Records::split(text, delimiter, 1, limits);
        match Header::find(table, &[], &first.grid()) {
            Some(header) if header.is_best_above(text, delimiter) => first,
            _ => Records::split(text, delimiter, HEAD, limits),
        }
    }

    fn delimiter(table: &Table, keys: &[&str], text: &str, limits: Limits) -> u8 {
        let there = |d: &u8| *d == b',' || memchr(*d, text.as_bytes()).is_some();
        let candidates = DELIMITERS.into_iter().filter(there);
        if candidates.clone().count() < 2 {
            return b',';
        }
        let mut best = (b',', 0);
        for delimiter in candidates {
            // A file that goes down names two.
            let could_name_more =
                table.name == PLAN && best.1 < 2 || may_name(text, delimiter, 0, best.1 + 1);
            if could_name_more {
                let known = Records::known(table, keys, text, delimiter, limits);
                if known > best.1 {
                    best = (delimiter, known);
                }
            }
        }
        best.0
    }

    /// How many fields and keys the header names, if that is what stands between the cells.
    fn known(table: &Table, keys: &[&str], text: &str, delimiter: u8, limits: Limits) -> usize {
        let known = |head: &Records| Header::find(table, keys, &head.grid());
        let first = Records::split(text, delimiter, 1, limits);
        if let Some(header) = known(&first)
            && (table.name != PLAN || header.known >= 2)
            && header.is_best_above(text, delimiter)
        {
            return header.known;
        }
        let head = Records::split(text, delimiter, HEAD, limits);
        let goes_down = || vertical_columns(table, &head.grid()).is_some();
        let down = if table.name == PLAN && goes_down() {
            2
        } else {
            0
        };
        known(&head).map_or(0, |header| header.known).max(down)
    }

    /// The records of a file whose delimiter is known.
    pub(crate) fn of(text: &str, delimiter: u8, limits: Limits) -> Records {
        Records::split(&with_line_feeds(text), delimiter, usize::MAX, limits)
    }

    /// Splits a text into at most so many records, as the `csv` crate does, which numbers those behind blank lines wrongly
    /// (<https://github.com/BurntSushi/rust-csv/issues/208>) and takes as long to begin as for a thousand cells.
    fn split(text: &str, delimiter: u8, most: usize, limits: Limits) -> Records {
        let bytes = text.as_bytes();
        if let Some(why) = too_many_cells(bytes, delimiter, limits) {
            return Records {
                list: Vec::new(),
                unclosed: None,
                trouble: Some((None, why)),
                delimiter,
            };
        }
        let mut records = Records {
            list: Vec::new(),
            unclosed: None,
            trouble: None,
            delimiter,
        };
        let mut room = Room::new(limits);
        let mut cells = Cells::default();
        let mut end = 0;
        for (number, line) in (1..).zip(lines_of(text, delimiter)) {
            end += line.len();
            if line == "\n" {
                continue;
            }
            if records.list.len() == most {
                break;
            }
            let split = cells.split(line, delimiter);
            let mut record = StringRecord::with_capacity(line.len(), split.len());
            for cell in &split {
                record.push_field(cell.as_stored());
            }
            cells.take_back(split);
            if end == text.len() && is_unclosed(&record, line.as_bytes()) {
                records.unclosed = Some(number);
            }
            if let Err(why) = take(&mut room, &record, records.list.len() + 1, limits) {
                records.trouble = Some((Some(number), why));
                break;
            }
            records.list.push((number, record));
        }
        records
    }

    /// Says which limit was passed; whether one was.
    pub(crate) fn tell_trouble(&self, form: &Form, diagnostics: &mut Vec<Diagnostic>) -> bool {
        let Some((row, why)) = &self.trouble else {
            return false;
        };
        let place = row.map_or_else(|| form.path().to_owned(), |row| form.place(At::Row(row)));
        diagnostics.push(Diagnostic::fatal(place, why.clone()));
        true
    }

    /// Whether the header is among them, if there is one: of the first of a file.
    pub(crate) fn shows_header(&self, grid: &Grid<'_>) -> bool {
        let filled = grid.rows.iter().filter(|row| !row.is_blank()).count();
        self.trouble.is_none() && (self.list.len() < HEAD || filled >= DEPTH)
    }

    /// The records as a grid.
    pub(crate) fn grid(&self) -> Grid<'_> {
        let rows = self.list.iter().map(|(number, record)| GridRow {
            number: *number,
            cells: record
                .iter()
                .map(|cell| Written::Text(Cow::Borrowed(cell)))
                .collect(),
        });
        Grid::of_rows(rows.collect())
    }
}

/// Why the file is not read when it has too many cells. They are counted before any is kept, by the signs between them,
/// those in quotes included: one line may hold them all.
fn too_many_cells(bytes: &[u8], delimiter: u8, limits: Limits) -> Option<String> {
    let divides = |b: &&u8| **b == delimiter || **b == b'\n';
    if bytes.len() <= limits.cells || bytes.iter().filter(divides).count() <= limits.cells {
        return None;
    }
    Some(format!(
        "the file has more than {} cells: it was not read",
        count(limits.cells)
    ))
}

/// Holds a record against the limits.
fn take(room: &mut Room, record: &StringRecord, rows: usize, limits: Limits) -> Result<(), String> {
    room.rows(rows)?;
    room.cells(record.len(), record.len())?;
    if record.as_slice().len() > limits.cell {
        record.iter().try_for_each(|cell| room.text(cell))?;
    }
    Ok(())
}

/// Whether the last record of a file swallowed lines because a quote was never closed.
fn is_unclosed(record: &StringRecord, bytes: &[u8]) -> bool {
    record
        .iter()
        .next_back()
        .is_some_and(|cell| cell.contains('\n'))
        && bytes.iter().fold(false, |open, &b| open != (b == b'"'))
}

/// A text whose lines all end with a line feed.
pub(crate) fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if memchr(b'\r', text.as_bytes()).is_some() {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text of a file: UTF-8 with or without a byte order mark, UTF-16 with one, or else Windows-1252 with a notice.
/// `None` with a diagnostic for what is no text.
pub(crate) fn decode<'a>(
    path: &str,
    bytes: &'a [u8],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Cow<'a, str>> {
    if let Some(kind) = not_a_text(bytes) {
        diagnostics.push(Diagnostic::fatal(
            path,
            format!("this is not a text file but {kind}"),
        ));
        return None;
    }
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let bytes = bytes.get(length..).unwrap_or_default();
        if encoding != UTF_8 {
            return utf16(path, encoding, bytes, diagnostics);
        }
        return utf8(path, bytes, diagnostics);
    }
    utf8(path, bytes, diagnostics)
}

fn utf16<'a>(
    path: &str,
    encoding: &'static Encoding,
    bytes: &'a [u8],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Cow<'a, str>> {
    let (text, is_damaged) = encoding.decode_without_bom_handling(bytes);
    diagnostics.push(if is_damaged {
        let why = "the file is UTF-16 and damaged: it was not read; save it again as CSV UTF-8";
        Diagnostic::fatal(path, why)
    } else {
        Diagnostic::notice(path, "the file is UTF-16: it was read as such")
    });
    (!is_damaged).then_some(text)
}

/// What is wrong with a file that has a byte of nothing in it.
pub(crate) const HAS_NUL: &str =
    "the file is not text: a NUL byte stands in this line; save it again as CSV UTF-8";

fn utf8<'a>(
    path: &str,
    bytes: &'a [u8],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Cow<'a, str>> {
    if let Some(at) = memchr(0, bytes) {
        let line = 1 + bytes.iter().take(at).filter(|&&b| b == b'\n').count();
        diagnostics.push(Diagnostic::fatal(format!("{path}:{line}"), HAS_NUL));
        return None;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(Cow::Borrowed(text));
    }
    diagnostics.push(Diagnostic::notice(
        path,
        "the file is not UTF-8: it was read as Windows-1252",
    ));
    Some(WINDOWS_1252.decode_without_bom_handling(bytes).0)
}

/// Whether a file begins with the mark of UTF-16.
pub(crate) fn is_wide(bytes: &[u8]) -> bool {
    Encoding::for_bom(bytes).is_some_and(|(encoding, _)| encoding != UTF_8)
}

/// The text of a part of a file, from its first byte or a later one.
pub(crate) fn text_of(bytes: &[u8], is_latin: bool) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match from_utf8(bytes) {
        Ok(text) if !is_latin => Cow::Borrowed(text),
        _ => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// Splits records into cells, in memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    spare: Vec<Written<'static>>,
}

impl Cells {
    /// The cells of one record, as the `csv` crate splits it; most have no quotes, and are parts of the record itself.
    pub(crate) fn split<'r>(&mut self, record: &'r str, delimiter: u8) -> Vec<Written<'r>> {
        let mut cells: Vec<Written<'r>> = std::mem::take(&mut self.spare);
        let mut rest = record;
        loop {
            let (cell, behind) = next_cell(rest, delimiter);
            cells.push(Written::Text(cell));
            match behind {
                Some(behind) => rest = behind,
                None => return cells,
            }
        }
    }

    /// Takes the memory of cells that are done with.
    pub(crate) fn take_back(&mut self, mut cells: Vec<Written<'_>>) {
        cells.clear();
        // Collecting nothing keeps the allocation.
        self.spare = cells.into_iter().map(|_| Written::BLANK).collect();
    }
}

/// The first cell of a record, and what stands behind the sign that ends it.
fn next_cell(record: &str, delimiter: u8) -> (Cow<'_, str>, Option<&str>) {
    // Most cells are so short that looking at each byte is quickest.
    let cut = |text: &'_ str| -> (usize, Option<usize>) {
        let ends = |byte: u8| byte == delimiter || byte == b'\n';
        let end = text.bytes().position(ends).unwrap_or(text.len());
        let is_last = text.as_bytes().get(end) != Some(&delimiter);
        (end, (!is_last).then_some(end + 1))
    };
    let Some(quoted) = record.strip_prefix('"') else {
        let (end, next) = cut(record);
        let cell = record.get(..end).unwrap_or_default();
        return (
            Cow::Borrowed(cell),
            next.and_then(|next| record.get(next..)),
        );
    };
    let mut text = Cow::Borrowed("");
    let mut rest = quoted;
    loop {
        let Some(end) = memchr(b'"', rest.as_bytes()) else {
            return (joined(text, rest), None);
        };
        let (inner, behind) = (
            rest.get(..end).unwrap_or_default(),
            rest.get(end + 1..).unwrap_or_default(),
        );
        text = joined(text, inner);
        match behind.strip_prefix('"') {
            Some(more) => {
                text = joined(text, "\"");
                rest = more;
            }
            None => {
                let (end, next) = cut(behind);
                let tail = behind.get(..end).unwrap_or_default();
                return (joined(text, tail), next.and_then(|next| behind.get(next..)));
            }
        }
    }
}

fn joined<'t>(text: Cow<'t, str>, more: &'t str) -> Cow<'t, str> {
    if text.is_empty() {
        Cow::Borrowed(more)
    } else if more.is_empty() {
        text
    } else {
        Cow::Owned(text.into_owned() + more)
    }
}

fn not_a_text(bytes: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 3] = [
        (
            b"PK\x03\x04",
            "a workbook or a zip file: give a workbook the ending .xlsx",
        ),
        (
            b"\xD0\xCF\x11\xE0",
            "an old .xls workbook: save it as .xlsx",
        ),
        (b"%PDF", "a PDF"),
    ];
    KINDS
        .iter()
        .find(|(start, _)| bytes.starts_with(start))
        .map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use crate::read::testing::{assert_budget, read_budget};

    #[test]
    fn rows_are_counted_as_a_spreadsheet_does() {
        let want = [
            "2: line_id=1 amount=5",
            "5: line_id=2 description=two\nlines amount=6",
            "6: line_id=3 amount=7",
        ];
        let text = "line_id,description,amount\n1,,5\n\n,,\n2,\"two\nlines\",6\n3,,7\n";
        assert_budget(text, &want, &[]);
        assert_budget(text.trim_end(), &want, &[]);
        assert_budget(text.replace('\n', "\r\n"), &want, &[]);
        assert_budget(text.replace('\n', "\r"), &want, &[]);
        assert_budget(
            format!("\n\n{text}").replace('\n', "\r\n"),
            &[
                "4: line_id=1 amount=5",
                "7: line_id=2 description=two\nlines amount=6",
                "8: line_id=3 amount=7",
            ],
            &[],
        );
    }

    #[test]
    fn encodings() {
        let want = ["2: description=Café amount=5"];
        assert_budget("\u{feff}description,amount\nCafé,5", &want, &[]);
        let notice = "N b.csv the file is not UTF-8: it was read as Windows-1252";
        assert_budget(b"description,amount\nCaf\xe9,5", &want, &[notice]);
        let wide: Vec<u8> = "\u{feff}description,amount\nCafé,5"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let notice = "N b.csv the file is UTF-16: it was read as such";
        assert_budget(wide, &want, &[notice]);
        let no_text = "F b.csv:2 the file is not text: a NUL byte stands in this line; save it again as CSV UTF-8";
        assert_budget("description,amount\na\0b,5\n", &[], &[no_text]);
    }

    #[test]
    fn delimiters() {
        let want = ["2: line_id=1 description=a, b amount=1234.5"];
        assert_budget("line_id;description;amount\n1;a, b;$1,234.50\n", &want, &[]);
        assert_budget(
            "line_id\tdescription\tamount\n1\ta, b\t$1,234.50\n",
            &want,
            &[],
        );
        assert_budget(
            "line_id,description,amount\n1,\"a, b\",\"$1,234.50\"\n",
            &want,
            &[],
        );
        assert_budget(
            "line_id,description,amount\n1,a; b; c,5\n",
            &["2: line_id=1 description=a; b; c amount=5"],
            &[],
        );
    }

    #[test]
    fn quotes_that_never_close_are_told() {
        let (_, told) = read_budget("line_id,description,amount\n1,\"a,5\n2,b,6\n3,c,7\n");
        assert!(
            told[0].starts_with("E b.csv:2 a quote opens in this row"),
            "{told:?}"
        );
        assert_budget(
            "line_id,description\n1,5\" pipe\n",
            &["2: line_id=1 description=5\" pipe"],
            &[],
        );
    }

    #[test]
    fn other_files_are_no_text() {
        for bytes in [&b"PK\x03\x04zip"[..], b"%PDF-1.7", b"\xD0\xCF\x11\xE0old"] {
            let (lines, told) = read_budget(bytes);
            assert!(
                lines.is_empty() && told[0].starts_with("F b.csv this is not a text file"),
                "{told:?}"
            );
        }
    }

    #[test]
    fn cells_are_those_of_the_csv_crate() {
        use proptest::prelude::*;
        let config = ProptestConfig {
            cases: 2_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        proptest!(config, |(text in "[ab\",;]{1,16}")| {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            let mut cells = super::Cells::default();
            let split = cells.split(&text, b',');
            let split: Vec<&str> = split.iter().map(|cell| match cell {
                super::Written::Text(text) => text.as_ref(),
                _ => unreachable!(),
            }).collect();
            prop_assert_eq!(split, record.iter().collect::<Vec<_>>());
        });
    }

    #[test]
    fn records_are_those_of_the_csv_crate() {
        use proptest::prelude::*;
        let config = ProptestConfig {
            cases: 2_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        proptest!(config, |(text in "[a\",;\n]{0,24}")| {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let want: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            let records = super::Records::of(&text, b',', crate::read::limits::SUBMISSION);
            let found: Vec<csv::StringRecord> = records.list.into_iter().map(|(_, record)| record).collect();
            prop_assert_eq!(found, want);
        });
    }

    /// The delimiter by which the header of the first records names the most, whichever way it is found.
    fn delimiter_by_trial(table: &crate::schema::Table, text: &str) -> u8 {
        let limits = crate::read::limits::SUBMISSION;
        let known = |delimiter: u8| {
            let head = super::Records::split(text, delimiter, super::HEAD, limits);
            let header = super::Header::find(table, &[], &head.grid());
            let goes_down =
                table.name == super::PLAN && super::vertical_columns(table, &head.grid()).is_some();
            let down = if goes_down { 2 } else { 0 };
            header.map_or(0, |header| header.known).max(down)
        };
        let there = |d: &u8| *d == b',' || text.contains(char::from(*d));
        let candidates = super::DELIMITERS.into_iter().filter(there).rev();
        candidates.max_by_key(|d| known(*d)).unwrap_or_default()
    }

    #[test]
    fn a_plan_that_goes_down_far_below_tells_the_delimiter() {
        let mut plan = crate::read::testing::budget();
        plan.name = super::PLAN.to_owned();
        let text = format!("line_id\n{}line_id;5\nvendor;a\n", "note\n".repeat(20));
        assert_eq!(delimiter_by_trial(&plan, &text), b';');
        let limits = crate::read::limits::SUBMISSION;
        assert_eq!(super::Records::delimiter(&plan, &[], &text, limits), b';');
    }

    #[test]
    fn the_delimiter_is_the_one_by_which_most_is_known() {
        use proptest::prelude::*;
        use proptest::sample::select;
        let (budget, mut plan) = (
            crate::read::testing::budget(),
            crate::read::testing::budget(),
        );
        plan.name = super::PLAN.to_owned();
        let words = select(vec![
            "line_id",
            "amount",
            "description",
            "vendor",
            "field",
            "value",
            "a",
            "1",
            "\"",
            "\"a;b",
            " ",
        ]);
        let signs = select(vec![",", ";", "|", "\t", "\n", "\n\n"]);
        let text = proptest::collection::vec((words, signs), 1..40);
        let config = ProptestConfig {
            cases: 1_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        proptest!(config, |(text in text)| {
            let text: String = text.into_iter().flat_map(|(word, sign)| [word, sign]).collect();
            for table in [&budget, &plan] {
                let found = super::Records::delimiter(table, &[], &text, crate::read::limits::SUBMISSION);
                prop_assert_eq!(char::from(found), char::from(delimiter_by_trial(table, &text)));
            }
        });
    }
}
