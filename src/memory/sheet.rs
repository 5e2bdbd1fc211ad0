//! Tables that people keep in CSV files beside the plans: their columns, read as those of plans are.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::neutral;
use crate::pack::Pack;
use crate::read;
use crate::read::csv::Records;
use crate::read::header::Header;
use crate::read::limits::SUBMISSION;
use crate::schema::{Codes, Field, FieldId, Reference, Table};
use crate::table::{Cell, Rows, State, Texts};
use crate::value::{Date, Decimal, Type, from_days};

/// A column, its type and other names of its header.
pub(super) type Column = (&'static str, Type, &'static [&'static str]);

/// The columns that say whose plan a row is about.
pub(super) const WHOSE: [Column; 3] = [
    ("district_code", Type::Code, &["code"]),
    ("plan_year", Type::Year, &["fiscal_year", "year"]),
    ("revision", Type::Number, &[]),
];

/// A table that was read.
pub(super) struct Sheet {
    pub(super) table: Table,
    pub(super) rows: Rows,
    texts: Texts,
}

impl Sheet {
    /// Reads a file of these columns; `codes` are what a column may hold.
    pub(super) fn read(
        pack: &Pack,
        name: &str,
        columns: &[Column],
        codes: &[(&str, Vec<&str>)],
        file: (&str, &[u8]),
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Sheet {
        let table = table(pack, name, columns, codes);
        let mut texts = Texts::default();
        let (path, bytes) = file;
        let rows = read::read_csv(&table, path, bytes, &mut texts, diagnostics);
        // A file without a row has nothing to say yet, and that is no mistake.
        let empty = format!("the table `{name}` is empty");
        diagnostics.retain(|d| d.message != empty);
        Sheet { table, rows, texts }
    }

    pub(super) fn column(&self, name: &str) -> FieldId {
        self.table.field(name).unwrap_or_default()
    }

    /// The place of a cell.
    pub(super) fn place(&self, row: usize, name: &str) -> String {
        self.rows.place(&self.table, row, self.column(name))
    }

    /// Whether a cell holds something that cannot be read, which was told.
    pub(super) fn is_unreadable(&self, row: usize) -> bool {
        let mut fields = 0..self.table.fields.len();
        fields.any(|field| self.rows.state(row, field) == State::Unreadable)
    }

    pub(super) fn text(&self, row: usize, name: &str) -> Option<String> {
        match self.rows.cell(row, self.column(name), &self.texts) {
            Cell::Text(text) => Some(text.to_owned()),
            Cell::NotApplicable => Some("n/a".to_owned()),
            _ => None,
        }
    }

    pub(super) fn number(&self, row: usize, name: &str) -> Option<Decimal> {
        match self.rows.cell(row, self.column(name), &self.texts) {
            Cell::Number(x) => Some(x),
            _ => None,
        }
    }

    pub(super) fn whole(&self, row: usize, name: &str) -> Option<i64> {
        let x = self.number(row, name)?;
        i64::try_from(x.mantissa() / 10_i128.pow(x.scale())).ok()
    }

    pub(super) fn date(&self, row: usize, name: &str) -> Option<Date> {
        from_days(self.whole(row, name)?)
    }
}

fn table(pack: &Pack, name: &str, columns: &[Column], codes: &[(&str, Vec<&str>)]) -> Table {
    let fields = columns.iter().map(|column| field(pack, column, codes));
    let name = name.to_owned();
    let mut table = Table::new(name.clone(), name, Vec::new(), false, fields.collect());
    // Such tables have rows alone: no totals, no notes, no other tables below them.
    table.reference = Some(Reference::default());
    table
}

/// A file with a row more, in the order of its own columns; all else stays byte for byte. A file without a byte gets a header.
pub(super) fn append(
    pack: &Pack,
    columns: &[Column],
    (path, bytes): (&str, &[u8]),
    row: &[(&str, String)],
) -> Result<Vec<u8>, String> {
    if bytes.is_empty() {
        let header: Vec<&str> = columns.iter().map(|(name, ..)| *name).collect();
        let cells = columns.iter().map(|(name, ..)| value_of(row, name));
        let mut out = MARK_OF_ORDER.to_vec();
        out.extend(line(b',', "\n", header.iter().copied()));
        out.extend(line(b',', "\n", cells));
        return Ok(out);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(format!("{path} is not UTF-8: save it as CSV UTF-8 first"));
    };
    let table = table(pack, "table", columns, &[]);
    let records = Records::read(&table, &[], text.trim_start_matches('\u{feff}'), SUBMISSION);
    let grid = records.grid();
    let Some(header) = Header::find(&table, &[], &grid).filter(|_| records.trouble.is_none())
    else {
        return Err(format!("{path} has no header of such a file: name another"));
    };
    if records.unclosed.is_some() {
        return Err(format!(
            "a quote opens in {path} and is never closed: close it first"
        ));
    }
    let column = |name: &str| {
        let field = table.field(name)?;
        header.columns.get(field).copied().flatten()
    };
    let mut cells = vec![""; header.width];
    for (name, value) in row.iter().filter(|(_, value)| !value.is_empty()) {
        match column(name).and_then(|at| cells.get_mut(at)) {
            Some(cell) => *cell = value,
            // What only helps its reader may be left out.
            None if HELPERS.contains(name) => {}
            None => {
                return Err(format!(
                    "{path} has no column `{name}`: add it to its header"
                ));
            }
        }
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = bytes.to_vec();
    if !text.ends_with(['\n', '\r']) {
        out.extend(end.as_bytes());
    }
    out.extend(line(records.delimiter, end, cells.into_iter()));
    Ok(out)
}

/// By which a spreadsheet knows the encoding.
pub(super) const MARK_OF_ORDER: &[u8] = "\u{feff}".as_bytes();

/// Columns that only help the reader of a file.
const HELPERS: [&str; 5] = ["revision", "district", "severity", "place", "message"];

fn value_of<'r>(row: &'r [(&str, String)], name: &str) -> &'r str {
    let found = row.iter().find(|(column, _)| *column == name);
    found.map_or("", |(_, value)| value)
}

/// A line of a file, with nothing that a spreadsheet takes for a formula.
fn line<'c>(delimiter: u8, end: &str, cells: impl Iterator<Item = &'c str>) -> Vec<u8> {
    let end = match end {
        "\r\n" => csv::Terminator::CRLF,
        _ => csv::Terminator::Any(b'\n'),
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(end)
        .from_writer(Vec::new());
    let cells: Vec<String> = cells.map(|c| neutral::cell(c).into_owned()).collect();
    // A vector takes whatever is written.
    let _ = writer.write_record(&cells);
    writer.into_inner().unwrap_or_default()
}

/// A whole file of rows.
pub(super) fn whole(header: &[&str], rows: &[Vec<(&str, String)>]) -> Vec<u8> {
    let mut out = MARK_OF_ORDER.to_vec();
    out.extend(line(b',', "\n", header.iter().copied()));
    for row in rows {
        out.extend(line(
            b',',
            "\n",
            header.iter().map(|name| value_of(row, name)),
        ));
    }
    out
}

fn field(pack: &Pack, (name, ty, also): &Column, codes: &[(&str, Vec<&str>)]) -> Field {
    let own = codes.iter().find(|(column, _)| column == name);
    let own = own.map(|(_, codes)| {
        let mut all = Codes::default();
        codes.iter().for_each(|code| all.add(code, code, []));
        all
    });
    // A district is known by any of its names, and a code that lost its zeros gets them back.
    let code = Some(*name)
        .filter(|name| *name == "district_code")
        .and_then(|_| {
            let plan = pack.schema.tables.get(pack.identity.table)?;
            plan.fields.get(pack.identity.code?)
        });
    Field {
        name: (*name).to_owned(),
        label: name.replace('_', " "),
        also: also.iter().map(|a| (*a).to_owned()).collect(),
        ty: match (code, *name) {
            (Some(field), _) => field.ty,
            (None, "district_code") => Type::Text,
            _ => *ty,
        },
        required: false,
        not_applicable: false,
        key: false,
        total: false,
        min: None,
        max: None,
        digits: code.and_then(|c| c.digits),
        otherwise: None,
        codes: code.and_then(|c| c.codes.clone()).or(own.map(Arc::new)),
        codes_of: None,
        suppress: None,
        asked_for: false,
        repair: None,
    }
}
