//! The rows that an office supplies: from CSV files, and from its TOML file as CSV or one by one; checked and laid over the
//! pack's.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use toml::de::DeValue;

use super::take_codes;
use crate::diagnostic::{Diagnostic, Level, Mistake, suggest};
use crate::pack::reference::{
    Order, Wrong, check_blanks, check_keys, check_spellings, merge, number,
};
use crate::pack::spanned::{Doc, Entry, Keys, Text, as_array, as_figure, as_table};
use crate::pack::{Files, Pack};
use crate::read;
use crate::schema::{FieldId, Table, TableId};
use crate::table::{Rows, State};
use crate::value::Type;

/// Rows of one table as they stand in the office's files.
struct Piece {
    table: TableId,
    /// The file, as messages call it.
    file: String,
    csv: Vec<u8>,
    /// The line of its header; `None` for a row whose keys were looked at one by one.
    header: Option<usize>,
}

/// The rows of an office on their way over those of a pack.
pub(super) struct Supply<'a, 'p> {
    pack: &'p mut Pack,
    doc: Doc<'a>,
    name: &'a str,
    files: &'a Files,
    pieces: Vec<Piece>,
    /// The values of rows in the TOML file: the row's line, the field, and where the value stands.
    values: Vec<(usize, String, Range<usize>)>,
    /// Tables of which something could not be read.
    broken: BTreeSet<TableId>,
}

impl<'a, 'p> Supply<'a, 'p> {
    pub(super) fn new(pack: &'p mut Pack, doc: Doc<'a>, name: &'a str, files: &'a Files) -> Self {
        Supply {
            pack,
            doc,
            name,
            files,
            pieces: Vec::new(),
            values: Vec::new(),
            broken: BTreeSet::new(),
        }
    }

    /// Finds what stands where: `[reference.x]`, `[[x]]` at the root, and the CSV files of the folder.
    pub(super) fn gather(&mut self, keys: &Keys<'_, '_>) {
        let mut named = Vec::new();
        for (name, entry) in super::entries(keys, "reference") {
            match self.reference(&name.value) {
                Some(table) => self.entry(table, entry, &mut named),
                None => {
                    let message = format!("the pack has no reference table `{}`", name.value);
                    let help = suggest(&name.value, self.names());
                    self.doc.mistake(name.span, message, "", help);
                }
            }
        }
        for table in self.pack.schema.submission..self.pack.schema.tables.len() {
            let name = self.pack.schema.tables.get(table).map_or("", |t| &t.name);
            if let Some(entry) = keys.get(name) {
                self.entry(table, entry, &mut named);
            }
        }
        let unnamed = |path: &&String| path.ends_with(".csv") && !named.contains(path);
        for path in self.files.keys().filter(unnamed) {
            let stem = path.rsplit('/').next().unwrap_or(path);
            let stem = stem.strip_suffix(".csv").unwrap_or(stem);
            match self.reference(stem) {
                Some(table) => self.file(table, path),
                None => {
                    let message = format!("`{stem}` is no reference table of the pack");
                    self.tell(
                        Level::Error,
                        &self.path(path),
                        message,
                        suggest(stem, self.names()),
                    );
                }
            }
        }
    }

    fn reference(&self, name: &str) -> Option<TableId> {
        let schema = &self.pack.schema;
        schema.table(name).filter(|t| *t >= schema.submission)
    }

    fn names(&self) -> Vec<&str> {
        let tables = self.pack.schema.tables.iter();
        tables
            .skip(self.pack.schema.submission)
            .map(|t| t.name.as_str())
            .collect()
    }

    fn path(&self, path: &str) -> String {
        format!("{}/{path}", self.name)
    }

    /// `csv = """…"""`, `file = "x.csv"`, `rows = [{ … }]`, `[[x]]`, or CSV itself.
    fn entry(&mut self, table: TableId, entry: Entry<'_>, named: &mut Vec<String>) {
        let doc = self.doc;
        match entry.get_ref() {
            DeValue::String(csv) => self.text(
                table,
                &Text {
                    value: csv.to_string(),
                    span: entry.span(),
                },
            ),
            DeValue::Array(_) => self.lines(table, &as_array(doc, entry)),
            _ => {
                let Some(of) = as_table(doc, entry) else {
                    return;
                };
                if let Some(csv) = of.text("csv") {
                    self.text(table, &csv);
                }
                if let Some(rows) = of.get("rows") {
                    self.lines(table, &as_array(doc, rows));
                }
                if let Some(file) = of.text("file") {
                    if self.files.contains_key(&file.value) {
                        self.file(table, &file.value);
                        named.push(file.value);
                    } else {
                        let message =
                            format!("there is no file `{}` beside the office file", file.value);
                        let help = "give `--office` the folder that holds both";
                        doc.mistake(file.span, message, "", help);
                    }
                }
                let _ = of.text("source");
                of.done();
            }
        }
    }

    fn file(&mut self, table: TableId, path: &str) {
        self.pieces.push(Piece {
            table,
            file: self.path(path),
            csv: self.files.get(path).cloned().unwrap_or_default(),
            header: Some(1),
        });
    }

    /// CSV inside the TOML file: blank lines before it make its rows the lines of that file.
    fn text(&mut self, table: TableId, csv: &Text) {
        let line = line_of(self.doc.text, self.doc.inside(csv, &(0..1)).start);
        let blank = "\n".repeat(line.saturating_sub(1));
        self.pieces.push(Piece {
            table,
            file: self.doc.file.to_owned(),
            csv: format!("{blank}{}", csv.value).into_bytes(),
            header: Some(line),
        });
    }

    /// Rows written as tables, each at its line.
    fn lines(&mut self, table: TableId, rows: &[Entry<'_>]) {
        for row in rows {
            if let Some(of) = as_table(self.doc, row) {
                self.line(table, &of);
            }
        }
    }

    fn line(&mut self, table: TableId, of: &Keys<'_, '_>) {
        let Some(t) = self.pack.schema.tables.get(table) else {
            return;
        };
        let doc = self.doc;
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let (mut header, mut cells) = (Vec::new(), Vec::new());
        let entries = of.entries();
        let first = entries.first().map_or(0, |(key, _)| key.span.start);
        // The header takes the line before.
        let line = line_of(doc.text, first).max(2);
        for (key, value) in entries {
            if t.field(&key.value).is_none() {
                let help = suggest(&key.value, t.fields.iter().map(|f| f.name.as_str()));
                let message = format!("`{}` has no field `{}`", t.name, key.value);
                doc.mistake(key.span, message, "", help);
            } else if let Some(value) = as_figure(doc, value) {
                header.push(quoted(&key.value));
                cells.push(quoted(&value.value));
                self.values.push((line, key.value, value.span));
            }
        }
        for field in t.fields.iter().filter(|f| f.required && !of.has(&f.name)) {
            let message = format!("`{}` is missing", field.name);
            doc.mistake(
                of.span.clone(),
                message,
                "",
                format!("add `{} = …`", field.name),
            );
        }
        if header.is_empty() {
            return;
        }
        let blank = "\n".repeat(line - 2);
        self.pieces.push(Piece {
            table,
            file: doc.file.to_owned(),
            csv: format!("{blank}{}\n{}\n", header.join(","), cells.join(",")).into_bytes(),
            header: None,
        });
    }

    /// Reads the rows and lays them over the pack's, each table after those whose codes it holds.
    pub(super) fn lay(mut self) {
        let pieces = std::mem::take(&mut self.pieces);
        let mut by_table: BTreeMap<TableId, Vec<Rows>> = BTreeMap::new();
        for level in Order::of(&self.pack.schema).levels {
            for piece in pieces.iter().filter(|p| level.contains(&p.table)) {
                if let Some(rows) = self.read(piece) {
                    by_table.entry(piece.table).or_default().push(rows);
                }
            }
            let here = by_table.iter().filter(|(table, _)| level.contains(table));
            for (table, files) in here {
                self.lay_table(*table, files);
            }
            take_codes(self.pack);
        }
        for (table, files) in &by_table {
            self.check_districts(*table, files);
            self.check_years(*table, files);
        }
    }

    fn read(&mut self, piece: &Piece) -> Option<Rows> {
        let table = self.pack.schema.tables.get(piece.table)?;
        let mut diagnostics: Vec<Diagnostic> = Vec::new();
        let texts = Arc::make_mut(&mut self.pack.texts);
        let rows = read::read_csv(table, &piece.file, &piece.csv, texts, &mut diagnostics);
        if let Some(header) = piece.header {
            let moved = |mut diagnostic: Diagnostic| {
                let in_header = format!("{}:1:", piece.file);
                if let Some(name) = diagnostic.place.strip_prefix(&in_header) {
                    diagnostic.place = format!("{}:{header}:{name}", piece.file);
                }
                diagnostic
            };
            diagnostics.extend(read::missing(table, &rows).into_iter().map(moved));
        }
        if !diagnostics.is_empty() {
            self.broken.insert(piece.table);
        }
        // A column that is not used is a figure that the office meant and that would be lost.
        for diagnostic in diagnostics {
            self.tell(
                Level::Error,
                &diagnostic.place,
                diagnostic.message,
                String::new(),
            );
        }
        Some(rows)
    }

    /// Lays the rows of one table over the pack's, those left out that are not filled in yet.
    fn lay_table(&mut self, table: TableId, files: &[Rows]) {
        let at = table - self.pack.schema.submission;
        let (Some(t), Some(base)) = (
            self.pack.schema.tables.get(table).cloned(),
            self.pack.references.get(at).cloned(),
        ) else {
            return;
        };
        let mut filled = Vec::new();
        let mut open: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for rows in files {
            let (not_yet, keep): (Vec<usize>, Vec<usize>) =
                (0..rows.len()).partition(|row| self.is_open(&t, rows, *row));
            let numbers = not_yet.iter().filter_map(|row| rows.numbers.get(*row));
            open.entry(rows.layout.path()).or_default().extend(numbers);
            filled.push(rows.only(&keep));
        }
        for (path, numbers) in open.into_iter().filter(|(_, numbers)| !numbers.is_empty()) {
            let rows = if numbers.len() == 1 {
                "row is"
            } else {
                "rows are"
            };
            let message = format!(
                "{} {rows} not filled in yet and left out: {}",
                numbers.len(),
                runs(&numbers)
            );
            self.tell(Level::Warning, path, message, String::new());
        }
        let filled: Vec<&Rows> = filled.iter().collect();
        let mut wrong = check_keys(&t, &filled, &self.pack.texts);
        wrong.extend(filled.iter().flat_map(|rows| check_blanks(&t, rows)));
        let mut merged = base;
        let texts = Arc::make_mut(&mut self.pack.texts);
        for rows in &filled {
            merged = Arc::new(merge(&t, &merged, rows, texts));
        }
        if wrong.is_empty() && !self.broken.contains(&table) {
            wrong = check_keys(&t, &[&merged], &self.pack.texts);
            if self.holds_codes(table) {
                wrong.extend(check_spellings(&t, &merged, &self.pack.texts));
            }
        }
        for Wrong {
            place,
            message,
            help,
        } in wrong
        {
            self.tell(Level::Error, &place, message, help.to_owned());
        }
        if let Some(slot) = self.pack.references.get_mut(at) {
            *slot = merged;
        }
    }

    /// Whether a field takes its codes from a table.
    fn holds_codes(&self, table: TableId) -> bool {
        let mut fields = self.pack.schema.tables.iter().flat_map(|t| &t.fields);
        fields.any(|f| f.codes_of == Some(table))
    }

    /// Whether a row says nothing yet: a required figure is blank, or all of them are.
    fn is_open(&self, table: &Table, rows: &Rows, row: usize) -> bool {
        let blank = |field: &FieldId| rows.state(row, *field) == State::Blank;
        let figures = figures(self.pack, table);
        let wanted = |field: &&FieldId| table.fields.get(**field).is_some_and(|f| f.required);
        let all = !figures.is_empty() && figures.iter().all(blank);
        all || figures.iter().filter(wanted).any(blank)
    }

    /// A district's code stands in the directory, and the name beside it is that district's.
    fn check_districts(&self, table: TableId, files: &[Rows]) {
        let identity = &self.pack.identity;
        let plan = self.pack.schema.tables.get(identity.table);
        let codes = plan
            .zip(identity.code)
            .and_then(|(t, code)| t.fields.get(code)?.codes.as_ref());
        let (Some(directory), Some(t), Some(codes)) = (
            identity.directory,
            self.pack.schema.tables.get(table),
            codes,
        ) else {
            return;
        };
        let Some(code) = code_field(self.pack, t) else {
            return;
        };
        let named = self
            .pack
            .schema
            .tables
            .get(directory)
            .and_then(|d| d.fields.get(1));
        let name = named.and_then(|f| t.field(&f.name));
        for (rows, row) in files
            .iter()
            .flat_map(|rows| (0..rows.len()).map(move |r| (rows, r)))
        {
            let text =
                |field| crate::pack::reference::cell_text(rows, row, field, &self.pack.texts);
            let Some(written) = text(code).filter(|_| table != directory) else {
                continue;
            };
            if !codes.has(written) {
                let help = match codes.find(written) {
                    Some(code) => format!("did you mean `{code}`?"),
                    None => "its code stands in the directory of districts, or is added there"
                        .to_owned(),
                };
                let message = format!("there is no district `{written}`");
                self.tell(Level::Error, &rows.place(t, row, code), message, help);
            } else if let Some((field, said)) = name.and_then(|f| Some((f, text(f)?)))
                && codes.find(said) != Some(written)
            {
                let meant = codes.label(written).unwrap_or_default();
                let message = format!("`{written}` is {meant}, not `{said}`");
                let help = "put the figures beside the code that they belong to".to_owned();
                self.tell(Level::Error, &rows.place(t, row, field), message, help);
            }
        }
    }

    /// A fact of a year that nobody reviews is probably a slip.
    fn check_years(&self, table: TableId, files: &[Rows]) {
        let Some(t) = self.pack.schema.tables.get(table) else {
            return;
        };
        let keys = t.reference.as_ref().map_or(&[][..], |r| &r.key);
        let is_year = |f: &&FieldId| t.fields.get(**f).is_some_and(|f| f.ty == Type::Year);
        let Some(&field) = keys.iter().find(is_year) else {
            return;
        };
        let (from, until) = self.pack.years;
        for (rows, row) in files
            .iter()
            .flat_map(|rows| (0..rows.len()).map(move |r| (rows, r)))
        {
            let year = number(rows, row, field);
            if year.is_some_and(|y| y < from.into() || y > until.into()) {
                let message = format!(
                    "fiscal year {} is not among those covered, {from} to {until}",
                    rows.raw(row, field)
                );
                let help = "correct it, or extend `years`".to_owned();
                self.tell(Level::Warning, &rows.place(t, row, field), message, help);
            }
        }
    }

    /// Tells something at a place; in the TOML file the line is drawn.
    fn tell(&self, level: Level, place: &str, message: String, help: String) {
        let in_toml = place
            .strip_prefix(self.doc.file)
            .and_then(|rest| rest.strip_prefix(':'));
        let line = in_toml.map(|rest| rest.split_once(':').unwrap_or((rest, "")));
        let value = |line: &str, field: &str| {
            let mut values = self.values.iter();
            let here = values.find(|(at, name, _)| at.to_string() == line && name == field);
            here.map(|(.., span)| span.clone())
        };
        let (file, span, label) = match line {
            Some((line, field)) => match value(line, field) {
                Some(span) => (self.doc.file, Some(span), ""),
                None => (self.doc.file, line_span(self.doc.text, line), field),
            },
            None => (place, None, ""),
        };
        self.doc.mistakes.borrow_mut().push(Mistake {
            level,
            file: file.to_owned(),
            span,
            message,
            label: label.to_owned(),
            help,
        });
    }
}

/// The field of a table that holds a district's code, under the name that the directory of districts gives it.
pub(crate) fn code_field(pack: &Pack, table: &Table) -> Option<FieldId> {
    let directory = pack.schema.tables.get(pack.identity.directory?)?;
    let key = directory.reference.as_ref()?.key.first()?;
    table.field(&directory.fields.get(*key)?.name)
}

/// The fields of a table that a person fills in: neither key, nor vintage, nor what the directory of districts says too.
pub(super) fn figures(pack: &Pack, table: &Table) -> Vec<FieldId> {
    let reference = table.reference.clone().unwrap_or_default();
    let directory = pack
        .identity
        .directory
        .and_then(|d| pack.schema.tables.get(d));
    let given =
        |name: &str| directory.is_some_and(|d| d.name != table.name && d.field(name).is_some());
    let vintage = reference
        .vintage
        .map_or([None; 2], |(a, b)| [Some(a), Some(b)]);
    let is_figure = |id: &FieldId| {
        let known = table.fields.get(*id).is_some_and(|f| given(&f.name));
        !known && !reference.key.contains(id) && !vintage.contains(&Some(*id))
    };
    (0..table.fields.len()).filter(is_figure).collect()
}

/// The line of a text in which a byte stands, from 1.
fn line_of(text: &str, byte: usize) -> usize {
    text.get(..byte)
        .map_or(1, |before| before.matches('\n').count() + 1)
}

/// The bytes of a line, without the blanks around it.
fn line_span(text: &str, number: &str) -> Option<Range<usize>> {
    let number: usize = number.parse().ok()?;
    let mut start = 0;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        if at + 1 == number {
            let indent = line.len() - line.trim_start().len();
            return Some(start + indent..start + indent + line.trim().len());
        }
        start += line.len();
    }
    None
}

/// Rows as people write them: `2-37, 40`.
fn runs(numbers: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let words = runs.iter().map(|(from, to)| {
        if from == to {
            from.to_string()
        } else {
            format!("{from}-{to}")
        }
    });
    words.collect::<Vec<_>>().join(", ")
}
