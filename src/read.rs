//! Readers: from the bytes of a submission's files to its tables. They know formats; names come from the schema; what is
//! wrong becomes a diagnostic at its place, and the rest is read all the same. They touch no disk and cannot fail.

mod batch;
pub(crate) mod cell;
pub(crate) mod csv;
pub(crate) mod grid;
pub(crate) mod header;
pub(crate) mod ids;
pub mod limits;
pub(crate) mod lines;
mod ods;
pub(crate) mod parts;
mod records;
mod scan;
mod signs;
pub(crate) mod statewide;
#[cfg(test)]
pub(crate) mod testing;
mod toml;
pub(crate) mod workbook;
mod xlsx;

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

pub use self::batch::{Batch, NotRead, Source, sort_batch};
pub(crate) use self::cell::accepts;
pub use self::statewide::{Open, PlanKey, Seekable, Statewide, head_of, read_statewide};

use self::batch::{file_name, is_toml, table_of};
use self::cell::quoted;
use self::csv::{Records, decode};
use self::grid::Written;
use self::limits::{Room, SUBMISSION};
use self::lines::{At, Form, PLAN, report_missing, rows_of, vertical_rows};
pub(crate) use self::toml::too_large as toml_too_large;
use crate::diagnostic::{Diagnostic, suggest};
use crate::schema::{Schema, Table};
use crate::submission::{Input, Submission};
use crate::table::{Layout, Rows, State, Texts};

/// The file, or the sheet, that says where the cells of a submission came from when it was written anew.
pub const ORIGIN: &str = "origin";

/// What stands in the second row of a sheet that is for people alone, such as the instructions of a template.
pub const NOT_READ: &str = "This sheet is for people: accordant does not read it.";

/// A file as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path relative to the batch, with `/`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Reads one submission from the tables of a folder; `path` is the folder's within the batch, or its name. Files that hold
/// no table are passed over: [`sort_batch`] lists them.
pub fn read_folder(schema: &Schema, path: &str, files: &[File]) -> Submission {
    let ending = |name: &str| if name == PLAN { "toml" } else { "csv" };
    let mut submission = Submission::empty(schema, path, |name| {
        format!("{path}/{name}.{}", ending(name))
    });
    let mut files: Vec<&File> = files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut seen: Vec<Option<&str>> = vec![None; submission.tables.len()];
    for file in files {
        let Some(id) = table_of(schema, &file.path) else {
            continue;
        };
        let Some((slot, table)) = seen.get_mut(id).zip(schema.tables.get(id)) else {
            continue;
        };
        let name = file_name(&file.path);
        let place = format!("{path}/{name}");
        if let Some(first) = slot {
            let message = format!(
                "`{first}` holds the table `{}` already: this file was not read",
                table.name
            );
            submission
                .diagnostics
                .push(Diagnostic::error(place, message));
            continue;
        }
        *slot = Some(name);
        let (texts, diagnostics) = (&mut submission.texts, &mut submission.diagnostics);
        let rows = if is_toml(name) {
            toml::read_toml(table, &place, &file.bytes, texts, diagnostics)
        } else {
            let tables = schema.submission_tables();
            read_text(table, tables, &place, &file.bytes, texts, diagnostics)
        };
        submission.inputs.push(Input {
            path: place,
            rows: rows.len(),
            sha256: Some(sha256(&file.bytes)),
        });
        if let Some(slot) = submission.tables.get_mut(id) {
            *slot = rows;
        }
    }
    report_lacks(schema, &mut submission);
    submission
}

/// Reads one submission from a workbook; `path` is the workbook's within the batch, or its name.
pub fn read_workbook(schema: &Schema, path: &str, bytes: &[u8]) -> Submission {
    match workbook::sheets(bytes) {
        Ok(mut sheets) => {
            sheets.sort_by_key(|sheet| sheet.hidden);
            read_sheets(schema, path, bytes, sheets.iter())
        }
        Err(why) => lost_workbook(schema, path, bytes, Diagnostic::fatal(path, why)),
    }
}

/// A submission of which nothing could be read.
pub(crate) fn lost_workbook(
    schema: &Schema,
    path: &str,
    bytes: &[u8],
    why: Diagnostic,
) -> Submission {
    let mut submission = empty_workbook(schema, path, bytes);
    submission.diagnostics.push(why);
    for table in &mut submission.tables {
        table.lost = true;
    }
    submission
}

fn empty_workbook(schema: &Schema, path: &str, bytes: &[u8]) -> Submission {
    let mut submission = Submission::empty(schema, path, |name| format!("{path}!{name}"));
    submission.inputs.push(Input {
        path: path.to_owned(),
        rows: 0,
        sha256: Some(sha256(bytes)),
    });
    submission
}

/// Reads the sheets that are named after the schema's tables, those that people see before the hidden ones.
pub(crate) fn read_sheets<'s>(
    schema: &Schema,
    path: &str,
    bytes: &[u8],
    sheets: impl Iterator<Item = &'s workbook::Sheet>,
) -> Submission {
    let mut submission = empty_workbook(schema, path, bytes);
    let mut count = 0;
    let mut seen: Vec<Option<String>> = vec![None; submission.tables.len()];
    for sheet in sheets {
        let slot = schema
            .find_table(&sheet.name)
            .and_then(|id| Some((id, seen.get_mut(id)?, schema.tables.get(id)?)));
        let place = |name: &str| format!("{path}!{name}");
        match slot {
            Some((id, slot @ None, table)) => {
                *slot = Some(sheet.name.clone());
                let own = sheet.name.eq_ignore_ascii_case(&table.name);
                let place = place(if own { &table.name } else { &sheet.name });
                let tables = schema.submission_tables();
                let rows = read_sheet(table, tables, sheet, place, &mut submission);
                count += rows.len();
                if let Some(slot) = submission.tables.get_mut(id) {
                    *slot = rows;
                }
            }
            _ if sheet.hidden || sheet.name == ORIGIN => {}
            Some((_, Some(first), table)) => {
                let message = format!(
                    "the sheet {} holds the table `{}` already: this one was not read",
                    quoted(first),
                    table.name
                );
                submission
                    .diagnostics
                    .push(Diagnostic::error(place(&sheet.name), message));
            }
            None if is_for_people(sheet) => {}
            None => {
                submission.diagnostics.push(sheet_not_used(
                    schema,
                    place(&sheet.name),
                    &sheet.name,
                ));
            }
        }
    }
    if let Some(input) = submission.inputs.first_mut() {
        input.rows = count;
    }
    report_lacks(schema, &mut submission);
    submission
}

fn read_sheet(
    table: &Table,
    tables: &[Table],
    sheet: &workbook::Sheet,
    place: String,
    submission: &mut Submission,
) -> Rows {
    let (texts, diagnostics) = (&mut submission.texts, &mut submission.diagnostics);
    diagnostics.extend(sheet.tell(&place));
    let few = Room::new(SUBMISSION).rows(sheet.grid.rows.len());
    if let Some(trouble) = sheet.trouble.clone().or(few.err()) {
        diagnostics.push(Diagnostic::fatal(&*place, trouble));
        return Rows::lost(table, place);
    }
    let form = Form::Sheet(place);
    let rows = (table.name == PLAN)
        .then(|| vertical_rows(table, &sheet.grid, &form, texts, diagnostics))
        .flatten();
    rows.unwrap_or_else(|| rows_of(table, tables, &sheet.grid, &form, texts, diagnostics))
}

/// Whether a sheet says of itself that it is not read.
fn is_for_people(sheet: &workbook::Sheet) -> bool {
    let row = sheet.grid.row(2);
    row.is_some_and(|row| row.cell(0).shown() == NOT_READ)
}

fn sheet_not_used(schema: &Schema, place: String, name: &str) -> Diagnostic {
    let names = schema
        .submission_tables()
        .iter()
        .map(|table| table.name.as_str());
    let meant = suggest(name, names);
    let message = format!("the sheet {} is not used", quoted(name));
    Diagnostic::notice(
        place,
        if meant.starts_with("did") {
            format!("{message}: {meant}")
        } else {
            message
        },
    )
}

/// Reads the rows of one table from a text file. What is missing altogether is not told: [`missing`] does.
pub fn read_csv(
    table: &Table,
    path: &str,
    bytes: &[u8],
    texts: &mut Texts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Rows {
    read_text(table, &[], path, bytes, texts, diagnostics)
}

/// Reads the rows of one table from a text file, as far as the header of another of `tables`.
fn read_text(
    table: &Table,
    tables: &[Table],
    path: &str,
    bytes: &[u8],
    texts: &mut Texts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Rows {
    let Some(text) = decode(path, bytes, diagnostics) else {
        return Rows::lost(table, path.to_owned());
    };
    let form = Form::Csv(path.to_owned());
    records::read_plain(table, tables, &form, &text, texts, diagnostics)
        .unwrap_or_else(|| read_with_care(table, tables, &form, &text, texts, diagnostics))
}

/// The same for any text, from a grid of its cells.
fn read_with_care(
    table: &Table,
    tables: &[Table],
    form: &Form,
    text: &str,
    texts: &mut Texts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Rows {
    let records = Records::read(table, &[], text, SUBMISSION);
    if records.tell_trouble(form, diagnostics) {
        return Rows::lost(table, form.path().to_owned());
    }
    let grid = records.grid();
    report_unclosed(&records, form, diagnostics);
    let rows = (table.name == PLAN)
        .then(|| vertical_rows(table, &grid, form, texts, diagnostics))
        .flatten();
    rows.unwrap_or_else(|| rows_of(table, tables, &grid, form, texts, diagnostics))
}

/// Reads a table of one row from keys and values, as a case of a rule writes its plan. Places are `path:key`.
pub fn read_values(
    table: &Table,
    path: &str,
    values: &[(&str, &str)],
    texts: &mut Texts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Rows {
    let mut written: Vec<Option<Written<'_>>> = vec![None; table.fields.len()];
    for (name, value) in values {
        match table.find_field(name).and_then(|id| written.get_mut(id)) {
            Some(slot) => *slot = Some(Written::Text((*value).into())),
            None => diagnostics.push(lines::not_used(table, format!("{path}:{name}"), name)),
        }
    }
    let written: Vec<_> = written.iter().map(Option::as_ref).collect();
    lines::record(
        table,
        Layout::Toml(path.to_owned()),
        &written,
        false,
        texts,
        diagnostics,
    )
}

/// What a table lacks: the table itself when it is required, its rows, its required columns.
pub fn missing(table: &Table, rows: &Rows) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    report_missing(table, rows, &mut diagnostics);
    diagnostics
}

/// The required fields that are blank in some lines: the first place, and in how many lines.
pub fn blanks(table: &Table, rows: &Rows) -> Vec<Diagnostic> {
    let fields = table.fields.iter().enumerate();
    let required = fields.filter(|(id, field)| {
        field.required
            && field.otherwise.is_none()
            && rows.columns.get(*id).is_some_and(Option::is_some)
    });
    let blank = required.filter_map(|(id, field)| {
        let blank: Vec<usize> = (0..rows.len())
            .filter(|row| rows.state(*row, id) == State::Blank)
            .collect();
        let first = *blank.first()?;
        let message = match blank.len() {
            1 => format!("`{}` is blank", field.name),
            n => format!("`{}` is blank here and in {} more lines", field.name, n - 1),
        };
        Some(Diagnostic::error(rows.place(table, first, id), message))
    });
    blank.collect()
}

fn report_lacks(schema: &Schema, submission: &mut Submission) {
    ids::doubt(schema, submission);
    for (table, rows) in schema.submission_tables().iter().zip(&submission.tables) {
        report_missing(table, rows, &mut submission.diagnostics);
    }
}

pub(crate) fn report_unclosed(records: &Records, form: &Form, diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.extend(records.unclosed.map(|row| unclosed(form, row)));
}

/// What to say of a quote that opens in a row and is never closed.
fn unclosed(form: &Form, row: u32) -> Diagnostic {
    let message = "a quote opens in this row and is never closed: the lines below it were read as part of a cell";
    Diagnostic::error(form.place(At::Row(row)), message)
}

/// The SHA-256 of some bytes in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::testing::{lines, schema, told};
    use super::*;
    use proptest::prelude::*;
    use rust_xlsxwriter::{Format, Workbook};

    fn folder(files: &[(&str, &str)]) -> Submission {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File {
                path: format!("mail/w/{path}"),
                bytes: text.as_bytes().to_vec(),
            })
            .collect();
        read_folder(&schema(), "mail/w", &files)
    }

    fn rows(submission: &Submission, table: usize) -> Vec<String> {
        lines(
            &schema().tables[table],
            &submission.tables[table],
            &submission.texts,
        )
    }

    const PLAN_TOML: &str = "district_code = \"1630011\"\nfiscal_year = 2027\nallocation = 5\n";
    const BUDGET: &str = "strategy_id,object_code,description,amount\n1,111,Coach,60\n";

    #[test]
    fn a_folder_is_a_submission() {
        let read = folder(&[
            ("plan.toml", PLAN_TOML),
            ("Budget.csv", BUDGET),
            ("letter.pdf", ""),
        ]);
        assert_eq!(told(&read.diagnostics), Vec::<String>::new());
        assert_eq!(
            rows(&read, 0),
            ["1: district_code=1630011 fiscal_year=2027 allocation=5"]
        );
        assert_eq!(
            rows(&read, 1),
            ["2: strategy_id=1 object_code=111 description=Coach amount=60"]
        );
        let inputs: Vec<_> = read
            .inputs
            .iter()
            .map(|input| (input.path.as_str(), input.rows))
            .collect();
        assert_eq!(inputs, [("mail/w/Budget.csv", 1), ("mail/w/plan.toml", 1)]);
        assert_eq!(read.inputs[0].sha256.as_ref().map(String::len), Some(64));
        assert_eq!(
            read.tables[2].layout,
            Layout::Absent("mail/w/notes.csv".into())
        );
    }

    #[test]
    fn what_is_missing_is_told() {
        let read = folder(&[("plan.toml", "fiscal_year = 2027\nallocation = \"\"")]);
        let want = [
            "E mail/w/plan.toml:district_code the field `district_code` is missing",
            "E mail/w/budget.csv the table `budget` is missing",
        ];
        assert_eq!(told(&read.diagnostics), want);
        let read = folder(&[
            ("plan.toml", PLAN_TOML),
            ("budget.csv", "strategy_id,object_code,description\n"),
        ]);
        let want = [
            "E mail/w/budget.csv the table `budget` has no rows",
            "E mail/w/budget.csv:1:amount the column `amount` is missing",
        ];
        assert_eq!(told(&read.diagnostics), want);
        let read = folder(&[("plan.toml", PLAN_TOML), ("budget.csv", "a,b,c\n1,2,3\n")]);
        assert_eq!(read.diagnostics.len(), 1, "{:?}", read.diagnostics);
        assert!(read.tables[1].lost);
    }

    #[test]
    fn two_files_for_one_table() {
        let read = folder(&[
            ("plan.toml", PLAN_TOML),
            ("plan.csv", "x"),
            ("budget.csv", BUDGET),
            ("budget.tsv", BUDGET),
        ]);
        let want = [
            "E mail/w/budget.tsv `budget.csv` holds the table `budget` already: this file was not read",
            "E mail/w/plan.toml `plan.csv` holds the table `plan` already: this file was not read",
        ];
        let told: Vec<_> = told(&read.diagnostics)
            .into_iter()
            .filter(|t| t.contains("already"))
            .collect();
        assert_eq!(told, want);
    }

    #[test]
    fn a_plan_in_a_text_file_stands_across_or_down() {
        let want = ["1: district_code=1630011 fiscal_year=2027 allocation=5"];
        for text in [
            "field,value\ndistrict_code,1630011\nFiscal year,2027\nallocation,$5\n",
            "field;value\ndistrict_code;1630011\nFiscal year;2027\nallocation;$5\n",
            "Plan of Windham,\nDistrict code:,1630011\nFiscal year,2027\nallocation,$5\n",
        ] {
            let read = folder(&[("plan.csv", text), ("budget.csv", BUDGET)]);
            assert_eq!(rows(&read, 0), want, "{text}");
            assert_eq!(told(&read.diagnostics), Vec::<String>::new());
        }
        let read = folder(&[
            (
                "plan.csv",
                "field,value\nfiscal_year,soon\nfiscal_year,2\nFoo,1\nSignatures,\n",
            ),
            ("budget.csv", BUDGET),
        ]);
        let want = [
            "E mail/w/plan.csv:3:fiscal_year `fiscal_year` stands here for the second time: the first was read",
            "N mail/w/plan.csv:4:Foo `Foo` is not used",
            "E mail/w/plan.csv:fiscal_year `soon` is not a fiscal year such as `2027` or `2026-27`",
        ];
        assert_eq!(told(&read.diagnostics)[..3], want);
        let across = "district_code,fiscal_year,allocation\n1630011,2027,5\n1630011,2026,5\n";
        let read = folder(&[("plan.csv", across), ("budget.csv", BUDGET)]);
        assert_eq!(
            rows(&read, 0),
            ["2: district_code=1630011 fiscal_year=2027 allocation=5"]
        );
        assert_eq!(
            told(&read.diagnostics),
            ["E mail/w/plan.csv:3 the table `plan` has one row: this one was not read"]
        );
    }

    fn workbook() -> Vec<u8> {
        let mut book = Workbook::new();
        let plan = book.add_worksheet().set_name("Plan").unwrap();
        for (row, (name, value)) in [
            ("field", "value"),
            ("District code", "1630011"),
            ("Fiscal year", "2027"),
            ("allocation", "$x"),
        ]
        .into_iter()
        .enumerate()
        {
            let row = u32::try_from(row).unwrap();
            plan.write(row + 1, 1, name).unwrap();
            plan.write(row + 1, 2, value).unwrap();
        }
        let budget = book.add_worksheet().set_name("Budget").unwrap();
        let heads = [
            "strategy_id",
            "object_code",
            "description",
            "amount",
            "Notes",
            "share",
        ];
        for (column, head) in heads.into_iter().enumerate() {
            budget
                .write(2, u16::try_from(column).unwrap() + 1, head)
                .unwrap();
        }
        budget
            .write_with_format(3, 1, 1.1, &Format::new().set_num_format("0.00"))
            .unwrap();
        budget
            .write(3, 2, 111)
            .unwrap()
            .write(3, 3, "Coach")
            .unwrap()
            .write(3, 4, "abc")
            .unwrap();
        budget
            .write_with_format(3, 6, 0.125, &Format::new().set_num_format("0.0%"))
            .unwrap();
        book.add_worksheet().set_name("Instructions").unwrap();
        book.save_to_buffer().unwrap()
    }

    #[test]
    fn a_workbook_is_a_submission() {
        let read = read_workbook(&schema(), "w.xlsx", &workbook());
        let want = [
            "E w.xlsx!plan!C5 `$x` is not an amount such as `$1,234.50`",
            "N w.xlsx!budget!F3 the column `Notes` is not used",
            "E w.xlsx!budget!E4 `abc` is not an amount such as `$1,234.50`",
            "N w.xlsx!Instructions the sheet `Instructions` is not used",
        ];
        assert_eq!(told(&read.diagnostics), want);
        assert_eq!(
            rows(&read, 0),
            ["1: district_code=1630011 fiscal_year=2027 allocation=?"]
        );
        assert_eq!(
            rows(&read, 1),
            ["4: strategy_id=1.10 object_code=111 description=Coach share=0.125 amount=?"]
        );
        assert_eq!(read.inputs[0].rows, 2);
        assert_eq!(read.tables[2].layout.path(), "w.xlsx!notes");
    }

    #[test]
    fn no_workbook_is_fatal() {
        let read = read_workbook(&schema(), "w.xlsx", b"hello");
        assert!(told(&read.diagnostics)[0].starts_with("F w.xlsx "));
        assert!(read.tables.iter().all(|table| table.lost));
    }

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "(\\PC|[\n\r\t;,\"'=]|amount|total|field|value|plan_year|district_code){0,60}") {
            for bytes in [bytes, text.into_bytes()] {
                let files = |names: &[&str]| names.iter().map(|name| File { path: (*name).into(), bytes: bytes.clone() }).collect::<Vec<_>>();
                read_folder(&schema(), "w", &files(&["plan.toml", "budget.csv"]));
                read_folder(&schema(), "w", &files(&["plan.csv", "notes.txt"]));
                read_statewide(&schema(), PlanKey { code: Some(0), name: None, year: Some(1) }, &files(&["plan.csv", "budget.csv"]));
            }
        }
    }
}
