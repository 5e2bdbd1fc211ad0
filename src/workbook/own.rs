//! A submission written in the pack's own form: a folder of tables, or a workbook with a sheet a table. Every value is written
//! as it was understood; a list of origins says where each cell came from. What a spreadsheet would take for a formula has a
//! mark before it, which the readers take off.

use std::fmt::Write as _;

use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use crate::neutral::{cell, unmarked};
use crate::read::File;
use crate::read::accepts;
use crate::read::lines::PLAN;
use crate::schema::{Field, FieldId, Schema, Table};
use crate::submission::Submission;
use crate::table::{Cell, Data, Rows, State};
use crate::value::{Type, from_days, plain};

pub use crate::read::ORIGIN;

/// The files of a folder: `plan.toml`, a CSV a table, and `origin.csv`. Their paths are their names.
pub fn folder(schema: &Schema, submission: &Submission) -> Vec<File> {
    let mut files = Vec::new();
    for (table, rows) in present(schema, submission) {
        let (name, text) = if table.name == PLAN {
            ("plan.toml".to_owned(), plan_toml(table, rows, submission))
        } else {
            (
                format!("{}.csv", table.name),
                csv(&grid(table, rows, submission)),
            )
        };
        files.push(File {
            path: name,
            bytes: text.into_bytes(),
        });
    }
    files.push(File {
        path: format!("{ORIGIN}.csv"),
        bytes: csv(&origins(schema, submission)).into_bytes(),
    });
    files
}

/// A workbook: a sheet a table, and the sheet of origins.
pub fn workbook(schema: &Schema, submission: &Submission) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // No clock: the same submission gives the same bytes.
    book.set_properties(
        &rust_xlsxwriter::DocProperties::new()
            .set_creation_datetime(&rust_xlsxwriter::ExcelDateTime::from_ymd(2000, 1, 1)?),
    );
    for (table, rows) in present(schema, submission) {
        let sheet = book.add_worksheet().set_name(&table.name)?;
        let lines = if table.name == PLAN {
            plan_lines(table, rows, submission)
        } else {
            grid(table, rows, submission)
        };
        write_sheet(sheet, &lines)?;
    }
    let sheet = book.add_worksheet().set_name(ORIGIN)?;
    write_sheet(sheet, &origins(schema, submission))?;
    book.save_to_buffer()
}

fn present<'a>(
    schema: &'a Schema,
    submission: &'a Submission,
) -> impl Iterator<Item = (&'a Table, &'a Rows)> {
    let tables = schema.submission_tables().iter().zip(&submission.tables);
    tables.filter(|(_, rows)| !rows.is_absent() && !rows.lost)
}

/// The fields that have a column.
fn fields<'a>(table: &'a Table, rows: &'a Rows) -> impl Iterator<Item = (FieldId, &'a Field)> {
    let fields = table.fields.iter().enumerate();
    fields.filter(|(id, _)| rows.columns.get(*id).is_some_and(Option::is_some))
}

/// What reads as the same cell again.
fn written(
    rows: &Rows,
    row: usize,
    (id, field): (FieldId, &Field),
    submission: &Submission,
) -> String {
    let Some(column) = rows.columns.get(id).and_then(Option::as_ref) else {
        return String::new();
    };
    match column.state(row) {
        State::Blank => String::new(),
        State::NotApplicable => "n/a".to_owned(),
        State::Suppressed => "*".to_owned(),
        State::Unreadable => cell(&unreadable(rows.raw(row, id), field)).into_owned(),
        State::Value => match &column.data {
            Data::Nums(nums) => number(field.ty, nums.get(row)),
            Data::Bools(bools) => {
                let yes = bools.get(row).copied().unwrap_or_default();
                if yes { "yes" } else { "no" }.to_owned()
            }
            Data::Texts(_) => match rows.cell(row, id, &submission.texts) {
                Cell::Text(text) => cell(text).into_owned(),
                _ => String::new(),
            },
        },
    }
}

/// What stood in a cell that could not be read; where the field's type would take it, a mark that it does not take.
fn unreadable(raw: &str, field: &Field) -> String {
    let marks = [unmarked(raw).unwrap_or(raw), "#N/A", "n/a", "*"];
    let refused = |mark: &&str| !mark.is_empty() && accepts(field, mark).is_err();
    marks.into_iter().find(refused).unwrap_or("*").to_owned()
}

fn number(ty: Type, x: crate::value::Decimal) -> String {
    let date = || {
        let days = i64::try_from(x.mantissa() / 10_i128.pow(x.scale())).ok()?;
        from_days(days).map(|date| date.to_string())
    };
    match ty {
        Type::Date => date().unwrap_or_default(),
        Type::Percent => format!("{}%", plain(x * crate::value::Decimal::ONE_HUNDRED)),
        Type::Money if x.normalize().scale() < 2 => format!("{x:.2}"),
        _ => plain(x),
    }
}

fn grid(table: &Table, rows: &Rows, submission: &Submission) -> Vec<Vec<String>> {
    let header = fields(table, rows).map(|(_, field)| field.name.clone());
    let mut lines: Vec<Vec<String>> = vec![header.collect()];
    for row in 0..rows.len() {
        let cells = fields(table, rows).map(|field| written(rows, row, field, submission));
        lines.push(cells.collect());
    }
    lines
}

fn plan_lines(table: &Table, rows: &Rows, submission: &Submission) -> Vec<Vec<String>> {
    let mut lines = vec![vec!["field".to_owned(), "value".to_owned()]];
    for (id, field) in fields(table, rows) {
        let value = written(rows, 0, (id, field), submission);
        lines.push(vec![field.name.clone(), value]);
    }
    lines
}

fn plan_toml(table: &Table, rows: &Rows, submission: &Submission) -> String {
    let mut out = String::new();
    for (id, field) in fields(table, rows) {
        let value = written(rows, 0, (id, field), submission);
        let _ = writeln!(out, "{} = {}", field.name, toml::Value::String(value));
    }
    out
}

/// Where each cell came from: table, row in the file that is written, field, place, and what stood there.
fn origins(schema: &Schema, submission: &Submission) -> Vec<Vec<String>> {
    let header = ["table", "row", "field", "place", "written"];
    let mut lines = vec![header.map(str::to_owned).to_vec()];
    for (table, rows) in present(schema, submission) {
        for row in 0..rows.len() {
            for (id, field) in fields(table, rows) {
                if rows.state(row, id) == State::Blank {
                    continue;
                }
                lines.push(vec![
                    table.name.clone(),
                    if table.name == PLAN {
                        String::new()
                    } else {
                        (row + 2).to_string()
                    },
                    field.name.clone(),
                    cell(&rows.place(table, row, id)).into_owned(),
                    cell(rows.raw(row, id)).into_owned(),
                ]);
            }
        }
    }
    lines
}

fn csv(lines: &[Vec<String>]) -> String {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    for line in lines {
        // Writing to memory cannot fail.
        let _ = writer.write_record(line);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn write_sheet(sheet: &mut Worksheet, lines: &[Vec<String>]) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    // As text, so that no program takes `1.10` for a number.
    let text = Format::new().set_num_format("@");
    for (row, line) in (0_u32..).zip(lines) {
        for (column, cell) in (0_u16..).zip(line) {
            if row == 0 {
                sheet.write_string_with_format(row, column, cell, &bold)?;
            } else if !cell.is_empty() {
                sheet.write_string_with_format(row, column, cell, &text)?;
            }
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}
