//! What was understood of a file, for people and for programs.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::json_text;
use super::text::clean;
use crate::diagnostic::{Diagnostic, Weight};
use crate::intake::reading::{From, Origin, Part, Reading};
use crate::read::{blanks, missing};
use crate::schema::{Schema, Table};
use crate::submission::Submission;

/// One submission as it was understood, for people.
pub fn text(schema: &Schema, submission: &Submission, reading: &Reading) -> String {
    let mut out = format!("{}\n", clean(&submission.path));
    match &reading.form {
        Some((title, note)) => {
            let _ = writeln!(out, "  form: {} ({})", clean(title), clean(note));
        }
        None if reading.parts.is_empty() => out.push_str("  form: none that is known\n"),
        None => out.push_str("  form: the pack's own, a sheet or file a table\n"),
    }
    for part in &reading.parts {
        if let Some(table) = schema.tables.get(part.table) {
            write_part(&mut out, table, part);
        }
    }
    let told = Told::of(schema, submission);
    let say = |d: &Diagnostic| format!("{}: {}", clean(&d.place), clean(&d.message));
    write_list(&mut out, "missing", &told.missing, say);
    write_list(&mut out, "wrong", &told.wrong, |d| say(d));
    write_list(&mut out, "guessed, or passed over", &told.noted, |d| say(d));
    write_list(&mut out, "not read", &reading.unread, |unread| {
        let rows = if unread.rows == 1 { "row" } else { "rows" };
        let words: String = unread.words.chars().take(50).collect();
        format!(
            "{}: {} {rows}, `{}`",
            clean(&unread.place),
            unread.rows,
            clean(&words)
        )
    });
    out
}

fn write_list<T>(out: &mut String, head: &str, items: &[T], say: impl Fn(&T) -> String) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(out, "  {head}:");
    for item in items {
        let _ = writeln!(out, "    {}", say(item));
    }
}

/// What a submission lacks, and what else is told of it, by weight.
struct Told<'a> {
    missing: Vec<Diagnostic>,
    wrong: Vec<&'a Diagnostic>,
    noted: Vec<&'a Diagnostic>,
}

impl<'a> Told<'a> {
    fn of(schema: &Schema, submission: &'a Submission) -> Self {
        let tables = || schema.submission_tables().iter().zip(&submission.tables);
        let mut lacks: Vec<Diagnostic> = tables()
            .flat_map(|(table, rows)| missing(table, rows))
            .collect();
        let others = submission.diagnostics.iter();
        let (noted, wrong) = others
            .filter(|d| !lacks.contains(d))
            .partition(|d| d.weight == Weight::Notice);
        lacks.extend(tables().flat_map(|(table, rows)| blanks(table, rows)));
        Told {
            missing: lacks,
            wrong,
            noted,
        }
    }
}

fn write_part(out: &mut String, table: &Table, part: &Part) {
    let lines = if part.lines == 1 {
        "1 line".to_owned()
    } else {
        format!("{} lines", part.lines)
    };
    let place = match part.rows {
        Some((header, ..)) if part.lines == 0 => {
            format!("{}, header in row {header}", clean(&part.place))
        }
        Some((header, first, last)) => {
            let rows = if first == last {
                format!("row {first}")
            } else {
                format!("rows {first} to {last}")
            };
            format!("{}, header in row {header}, {rows}", clean(&part.place))
        }
        None => clean(&part.place),
    };
    let totals = match part.totals {
        0 => String::new(),
        1 => ", 1 total checked".to_owned(),
        n => format!(", {n} totals checked"),
    };
    let _ = writeln!(
        out,
        "  {}: {lines} from {place}{totals}",
        clean(&table.name)
    );
    for from in &part.from {
        if let Some((field, origin)) = said(table, from) {
            let _ = writeln!(out, "    {:<24} {}", clean(&field), clean(&origin));
        }
    }
}

/// A field and where it came from, in words.
fn said(table: &Table, from: &From) -> Option<(String, String)> {
    let name = |id: usize| table.fields.get(id).map(|f| f.name.clone());
    let field = name(from.field)?;
    let origin = match &from.origin {
        Origin::Column(letter, header) if header.is_empty() => letter.clone(),
        Origin::Column(letter, header) => format!("column {letter} `{}`", clean(header)),
        Origin::Spread(other, code, letter, header) => format!(
            "column {letter} `{}`, {} {code}",
            clean(header),
            name(*other)?
        ),
        Origin::Label(words, place) if place.is_empty() => format!("label, `{}`", clean(words)),
        Origin::Label(words, place) => format!("label `{}`, {}", clean(words), clean(place)),
        Origin::Heading => "headings above the lines".to_owned(),
        Origin::Tick => "ticked texts".to_owned(),
        Origin::Constant(value) => format!("always `{value}`, says the map"),
        Origin::Key => return None,
    };
    Some((field, origin))
}

// --- for programs

/// What was understood of files: `accordant.intake/1`.
#[derive(Serialize, JsonSchema)]
struct Understood<'a> {
    format: &'static str,
    files: Vec<File<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct File<'a> {
    path: &'a str,
    form: Option<&'a str>,
    tables: Vec<TablePart<'a>>,
    missing: Vec<Mistake>,
    wrong: Vec<Mistake>,
    noted: Vec<Mistake>,
    not_read: Vec<NotRead<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct TablePart<'a> {
    table: &'a str,
    place: &'a str,
    header: Option<u32>,
    first: Option<u32>,
    last: Option<u32>,
    lines: usize,
    totals: usize,
    fields: Vec<Field>,
}

#[derive(Serialize, JsonSchema)]
struct Field {
    field: String,
    from: String,
}

#[derive(Serialize, JsonSchema)]
struct Mistake {
    place: String,
    message: String,
}

#[derive(Serialize, JsonSchema)]
struct NotRead<'a> {
    place: &'a str,
    rows: usize,
    words: &'a str,
}

/// The JSON Schema of what was understood.
pub(super) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Understood<'_>>()
}

/// Every submission as it was understood, for programs: `accordant.intake/1`.
pub fn json(schema: &Schema, all: &[(Submission, Reading)]) -> String {
    let understood = Understood {
        format: "accordant.intake/1",
        files: all.iter().map(|(s, r)| file(schema, s, r)).collect(),
    };
    json_text(&understood)
}

fn file<'a>(schema: &'a Schema, submission: &'a Submission, reading: &'a Reading) -> File<'a> {
    let told = Told::of(schema, submission);
    let mistake = |d: &Diagnostic| Mistake {
        place: d.place.clone(),
        message: d.message.clone(),
    };
    File {
        path: &submission.path,
        form: reading.id.as_deref(),
        tables: reading
            .parts
            .iter()
            .filter_map(|part| Some(table_part(schema.tables.get(part.table)?, part)))
            .collect(),
        missing: told.missing.iter().map(mistake).collect(),
        wrong: told.wrong.into_iter().map(mistake).collect(),
        noted: told.noted.into_iter().map(mistake).collect(),
        not_read: reading
            .unread
            .iter()
            .map(|unread| NotRead {
                place: &unread.place,
                rows: unread.rows,
                words: &unread.words,
            })
            .collect(),
    }
}

fn table_part<'a>(table: &'a Table, part: &'a Part) -> TablePart<'a> {
    let fields = part.from.iter().filter_map(|from| said(table, from));
    TablePart {
        table: &table.name,
        place: &part.place,
        header: part.rows.map(|(header, ..)| header),
        first: part.rows.map(|(_, first, _)| first),
        last: part.rows.map(|(.., last)| last),
        lines: part.lines,
        totals: part.totals,
        fields: fields.map(|(field, from)| Field { field, from }).collect(),
    }
}
