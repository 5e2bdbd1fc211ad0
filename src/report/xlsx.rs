//! The review of a batch as a workbook: a summary, a table of all findings that can be filtered, every rule for every submission, and a
//! sheet for each submission. Figures and dates are figures and dates; what a spreadsheet would take for a formula is marked.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Table, TableColumn,
    Url, Workbook, Worksheet, XlsxError,
};

use super::location::place_of;
use super::words::{ADVICE, Columns, doubt, named, not_received, off_by, remembered, said, weight};
use crate::batch::BatchReview;
use crate::neutral::{cell, clean};
use crate::pack::capitalised;
use crate::review::{Outcome, Review, SummaryTable};
use crate::value::Value;

/// The longest name of a sheet, in characters.
const LONGEST_NAME: usize = 31;

/// The columns of the sheet of findings, with their widths in characters.
const FINDINGS: [(&str, u16); 13] = [
    ("Submission", 18),
    ("Submitter", 18),
    ("Year", 6),
    ("Severity", 11),
    ("Outcome", 11),
    ("Rule", 30),
    ("Code", 9),
    ("Place", 34),
    ("Message", 60),
    ("Advice", 50),
    ("Off by", 14),
    ("Source", 40),
    ("Answer", 50),
];

/// The workbook. Fails where the format cannot hold the review, such as beyond a million findings.
pub fn batch(batch: &BatchReview) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // No clock: the same review gives the same bytes.
    let made = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let title = DocProperties::new().set_title(clean(&batch.pack.title));
    book.set_properties(&title.set_creation_datetime(&made));
    let sheets = sheet_names(batch);
    let styles = Styles::new();
    summary(book.add_worksheet(), batch, &sheets, &styles)?;
    findings(book.add_worksheet(), batch, &sheets)?;
    matrix(book.add_worksheet(), batch, &sheets, &styles)?;
    for (review, name) in batch.reviews.iter().zip(&sheets) {
        let sheet = book.add_worksheet().set_name(name)?;
        submission(sheet, review, &batch.pack.currency, &styles)?;
    }
    book.save_to_buffer()
}

/// How cells look.
struct Styles {
    head: Format,
    title: Format,
    wrapped: Format,
    money: Format,
    percent: Format,
    date: Format,
    sideways: Format,
    fail: Format,
    unknown: Format,
    centred: Format,
}

impl Styles {
    fn new() -> Self {
        let centred = Format::new().set_align(FormatAlign::Center);
        Styles {
            head: Format::new()
                .set_bold()
                .set_border_bottom(FormatBorder::Thin),
            title: Format::new().set_bold().set_font_size(14),
            wrapped: Format::new().set_text_wrap().set_align(FormatAlign::Top),
            money: Format::new().set_num_format("#,##0.00"),
            percent: Format::new().set_num_format("0.00%"),
            date: Format::new().set_num_format("yyyy-mm-dd"),
            sideways: Format::new().set_bold().set_rotation(90),
            fail: centred
                .clone()
                .set_bold()
                .set_background_color(Color::RGB(0x00FB_E1DF)),
            unknown: centred
                .clone()
                .set_bold()
                .set_background_color(Color::RGB(0x00FD_F0CF)),
            centred,
        }
    }
}

/// A name for the sheet of each submission: what Excel forbids replaced, no two the same.
fn sheet_names(batch: &BatchReview) -> Vec<String> {
    let mut taken: BTreeSet<String> = ["summary", "findings", "matrix", "history"]
        .map(str::to_owned)
        .into();
    let forbidden = |c: char| matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'');
    let name = |review: &Review| {
        let plain = clean(&review.path).replace(forbidden, "-");
        let plain = plain.trim();
        let names = (1..).map(|n: u32| {
            let end = if n == 1 {
                String::new()
            } else {
                format!("-{n}")
            };
            let room = LONGEST_NAME - end.len();
            plain.chars().take(room).chain(end.chars()).collect()
        });
        let mut free =
            names.skip_while(|name: &String| name.is_empty() || !taken.insert(name.to_lowercase()));
        free.next().unwrap_or_default()
    };
    batch.reviews.iter().map(name).collect()
}

/// A link to a sheet of the same workbook.
fn link(sheet: &str, words: &str) -> Url {
    Url::new(format!("internal:'{sheet}'!A1")).set_text(&*cell(&clean(words)))
}

fn summary(
    sheet: &mut Worksheet,
    batch: &BatchReview,
    sheets: &[String],
    styles: &Styles,
) -> Result<(), XlsxError> {
    sheet.set_name("Summary")?;
    let columns = Columns::of_batch(batch);
    heads(sheet, 0, &columns.heads, styles)?;
    for (row, (cells, name)) in (1..).zip(columns.rows.iter().zip(sheets)) {
        let looks = columns.numeric.iter().zip(&columns.heads);
        let looks = looks.map(|(figures, head)| *figures || head == "Year");
        for (column, (words, is_number)) in (0..).zip(cells.iter().zip(looks)) {
            match words.parse::<u32>() {
                Ok(number) if is_number => sheet.write_number(row, column, number)?,
                _ if column == 0 => sheet.write_url(row, column, link(name, words))?,
                _ => sheet.write_string(row, column, cell(words))?,
            };
        }
    }
    sheet.set_freeze_panes(1, 1)?;
    sheet.autofit();
    let below = u32::try_from(columns.rows.len()).map_or(u32::MAX, |n| n.saturating_add(2));
    let mistakes = batch.diagnostics.iter();
    let mistakes = mistakes.map(|d| format!("{}: {}: {}", weight(d.weight), d.place, d.message));
    let not_read = batch.not_read.iter();
    let not_read = not_read.map(|(path, why)| format!("Not read: {path}: {why}"));
    let superseded = batch.superseded.iter();
    let superseded = superseded.map(|path| format!("Superseded by a later revision: {path}"));
    let absent = not_received(batch).into_iter();
    let steps = batch.steps().into_iter();
    let lines = steps
        .map(|(words, count)| format!("{words}: {count}"))
        .chain(mistakes)
        .chain(absent.map(|who| format!("Not received: {who}")))
        .chain(superseded)
        .chain(not_read)
        .chain([
            format!("Checked with {} {}", batch.pack.id, batch.pack.version),
            batch.pack.digest.clone(),
            ADVICE.to_owned(),
        ]);
    for (row, line) in (below..).zip(lines) {
        sheet.write_string(row, 0, cell(&clean(&line)))?;
    }
    Ok(())
}

fn findings(
    sheet: &mut Worksheet,
    batch: &BatchReview,
    sheets: &[String],
) -> Result<(), XlsxError> {
    sheet.set_name("Findings")?;
    let mut row = 0;
    for (review, name) in batch.reviews.iter().zip(sheets) {
        for diagnostic in &review.diagnostics {
            row += 1;
            sheet.write_url(row, 0, link(name, &review.path))?;
            let words = [
                (4, weight(diagnostic.weight)),
                (7, &diagnostic.place),
                (8, &diagnostic.message),
            ];
            for (column, words) in words {
                sheet.write_string(row, column, cell(&clean(words)))?;
            }
        }
        for f in &review.findings {
            row += 1;
            sheet.write_url(row, 0, link(name, &review.path))?;
            if let Some(year) = review.fiscal_year.and_then(|y| u32::try_from(y).ok()) {
                sheet.write_number(row, 2, year)?;
            }
            let cites: Vec<&str> = f.cites.iter().map(|c| c.citation.as_str()).collect();
            let off = f.gap.as_ref().map(off_by).unwrap_or_default();
            let words = [
                (1, review.district.as_deref().unwrap_or_default()),
                (3, f.severity.name()),
                (4, super::words::outcome(f)),
                (5, &f.rule),
                (6, &f.code),
                (7, place_of(f, review)),
                (8, &f.message),
                (9, &f.advice),
                (10, &off),
                (11, &cites.join("; ")),
                (12, &said(f)),
            ];
            for (column, words) in words {
                sheet.write_string(row, column, cell(&clean(words)))?;
            }
        }
    }
    let columns = FINDINGS.map(|(head, _)| TableColumn::new().set_header(head));
    let table = Table::new().set_columns(&columns).set_name("Findings");
    let last = u16::try_from(FINDINGS.len() - 1).unwrap_or_default();
    // A table has a row below its header.
    sheet.add_table(0, 0, row.max(1), last, &table)?;
    for (column, (_, width)) in (0..).zip(FINDINGS) {
        sheet.set_column_width(column, width)?;
    }
    sheet.set_freeze_panes(1, 1)?;
    Ok(())
}

fn matrix(
    sheet: &mut Worksheet,
    batch: &BatchReview,
    sheets: &[String],
    styles: &Styles,
) -> Result<(), XlsxError> {
    sheet.set_name("Matrix")?;
    let tallies = batch.reviews.iter().flat_map(|r| &r.rules);
    let rules: BTreeSet<&str> = tallies.map(|t| &*t.rule).collect();
    let columns: BTreeMap<&str, u16> = rules.iter().copied().zip(1..).collect();
    sheet.write_string_with_format(0, 0, "Submission", &styles.head)?;
    for (rule, column) in &columns {
        sheet.write_string_with_format(0, *column, cell(&clean(rule)), &styles.sideways)?;
        sheet.set_column_width(*column, 3)?;
    }
    for (row, (review, name)) in (1..).zip(batch.reviews.iter().zip(sheets)) {
        sheet.write_url(row, 0, link(name, &review.path))?;
        for tally in &review.rules {
            let (sign, style) = match tally.shown() {
                Outcome::Pass => ("✓", &styles.centred),
                Outcome::Fail => ("✗", &styles.fail),
                Outcome::Unknown => ("?", &styles.unknown),
                Outcome::NotApplicable => ("–", &styles.centred),
            };
            if let Some(column) = columns.get(&*tally.rule) {
                sheet.write_string_with_format(row, *column, sign, style)?;
            }
        }
    }
    sheet.set_column_width(0, 24)?;
    sheet.set_freeze_panes(1, 1)?;
    Ok(())
}

fn submission(
    sheet: &mut Worksheet,
    review: &Review,
    currency: &str,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let (name, which) = named(review);
    sheet.write_string_with_format(0, 0, cell(&format!("{name}{which}")), &styles.title)?;
    sheet.write_string(1, 0, cell(&clean(&review.wording)))?;
    sheet.write_url(2, 0, link("Summary", "Summary"))?;
    let mut row = 3;
    for (head, words) in remembered(review) {
        sheet.write_string(row, 0, cell(&format!("{head}: {words}")))?;
        row += 1;
    }
    row += 1;
    if !review.findings.is_empty() {
        let columns = ["Rule", "Severity", "Message", "Place", "Do", "Answer"];
        heads(sheet, row, &columns.map(str::to_owned), styles)?;
        row += 1;
    }
    for f in &review.findings {
        let message = format!("{}{}", capitalised(doubt(f)), f.message);
        let words = [
            &f.rule,
            f.severity.name(),
            &message,
            place_of(f, review),
            &f.next_step(),
            &said(f),
        ];
        for (column, words) in (0..).zip(words) {
            let words = clean(words);
            sheet.write_string_with_format(row, column, cell(&words), &styles.wrapped)?;
        }
        row += 1;
    }
    for diagnostic in &review.diagnostics {
        let words = format!("{}: {}", weight(diagnostic.weight), diagnostic.message);
        sheet.write_string(row, 0, cell(&clean(&words)))?;
        sheet.write_string(row, 3, cell(&clean(&diagnostic.place)))?;
        row += 1;
    }
    for table in &review.tables {
        row = table_of_pack(sheet, row + 1, table, currency, styles)?;
    }
    for (column, width) in (0..).zip([30, 14, 60, 34, 50, 50]) {
        sheet.set_column_width(column, width)?;
    }
    Ok(())
}

/// A table of the pack under its title; gives the row behind it.
fn table_of_pack(
    sheet: &mut Worksheet,
    mut row: u32,
    table: &SummaryTable,
    currency: &str,
    styles: &Styles,
) -> Result<u32, XlsxError> {
    let title = format!("{} ({currency})", clean(&table.title));
    let mut values = table.rows.iter().flatten();
    let has_money = values.any(|(value, _)| matches!(value, Value::Money(_)));
    let title = if has_money {
        title
    } else {
        clean(&table.title)
    };
    sheet.write_string_with_format(row, 0, cell(&title), &styles.title)?;
    heads(sheet, row + 1, &table.columns, styles)?;
    row += 2;
    for cells in &table.rows {
        for (column, (value, words)) in (0..).zip(cells) {
            figure(sheet, (row, column), value, words, styles)?;
        }
        row += 1;
    }
    Ok(row)
}

/// A value as what it is; what is no one figure, in words.
fn figure(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    value: &Value,
    words: &str,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let number = match value {
        Value::Number(x) | Value::Percent(x) | Value::Money(x) => x.to_f64(),
        _ => None,
    };
    match (value, number) {
        (Value::Money(_), Some(x)) => {
            sheet.write_number_with_format(row, column, x, &styles.money)?
        }
        (Value::Percent(_), Some(x)) => {
            sheet.write_number_with_format(row, column, x, &styles.percent)?
        }
        (_, Some(x)) => sheet.write_number(row, column, x)?,
        (Value::Date(date), _) => {
            let (year, month, day) = (date.year(), date.month(), date.day());
            let parts = (
                u16::try_from(year).unwrap_or_default(),
                u8::try_from(month).unwrap_or_default(),
                u8::try_from(day).unwrap_or_default(),
            );
            // Before 1900 a workbook has no dates.
            match ExcelDateTime::from_ymd(parts.0, parts.1, parts.2) {
                Ok(date) => sheet.write_datetime_with_format(row, column, &date, &styles.date)?,
                Err(_) => sheet.write_string(row, column, cell(words))?,
            }
        }
        _ => sheet.write_string(row, column, cell(&clean(words)))?,
    };
    Ok(())
}

fn heads(
    sheet: &mut Worksheet,
    row: u32,
    heads: &[String],
    styles: &Styles,
) -> Result<(), XlsxError> {
    for (column, head) in (0..).zip(heads) {
        sheet.write_string_with_format(row, column, cell(&clean(head)), &styles.head)?;
    }
    Ok(())
}
