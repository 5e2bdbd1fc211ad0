//! What one reviewing office supplies, laid over a pack: years, parameters, rows of reference tables, verified clauses.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::load::{cell_text, codes_in, digest, directory_in};
use super::spanned::{Doc, Entry, Keys, Text, as_array, as_figure, as_table};
use super::{Files, Pack, Refused, param, source};
use crate::diagnostic::{Diagnostic, Level, Mistake, suggest};
use crate::read;
use crate::schema::{Table, TableId};
use crate::table::{Cell, Data, Rows, State, Texts};
use crate::value::parse_iso_date;

/// Lays an office's files over a pack. `name` is how its messages call the office file or folder.
pub fn apply_office(mut pack: Pack, name: &str, files: &Files) -> Result<Pack, Refused> {
    let mistakes = RefCell::default();
    let texts: BTreeMap<String, String> = files
        .iter()
        .filter(|(path, _)| path.ends_with(".toml"))
        .map(|(path, bytes)| {
            (
                file_name(name, path, files),
                String::from_utf8_lossy(bytes)
                    .trim_start_matches('\u{feff}')
                    .to_owned(),
            )
        })
        .collect();
    let main = files
        .keys()
        .find(|p| p.as_str() == "office.toml")
        .or_else(|| files.keys().find(|p| p.ends_with(".toml")));
    match main.and_then(|path| texts.get_key_value(&file_name(name, path, files))) {
        Some((file, text)) => {
            let doc = Doc {
                file,
                text,
                mistakes: &mistakes,
            };
            Office {
                pack: &mut pack,
                doc,
                name,
                files,
            }
            .apply();
        }
        None => mistakes.borrow_mut().push(Mistake {
            level: Level::Error,
            file: name.to_owned(),
            span: None,
            message: "there is no office.toml".to_owned(),
            label: String::new(),
            help: "an office file is one TOML file, or a folder with office.toml and CSV tables"
                .to_owned(),
        }),
    }
    let mistakes = mistakes.into_inner();
    if mistakes.iter().any(|m| m.level == Level::Error) {
        return Err(Refused {
            mistakes,
            files: texts,
        });
    }
    pack.office = Some(digest(files));
    pack.office_name = Some(name.to_owned());
    Ok(pack)
}

/// How messages call a file of the office: the name alone when there is only one file.
fn file_name(name: &str, path: &str, files: &Files) -> String {
    if files.len() == 1 {
        name.to_owned()
    } else {
        format!("{name}/{path}")
    }
}

struct Office<'a> {
    pack: &'a mut Pack,
    doc: Doc<'a>,
    name: &'a str,
    files: &'a Files,
}

impl Office<'_> {
    fn apply(&mut self) {
        let doc = self.doc;
        let Some(tree) = doc.parse(doc.text) else {
            return;
        };
        let keys = Keys::new(doc, tree.get_ref(), 0..0);
        for word in ["title", "office", "contact"] {
            let _ = keys.text(word);
        }
        let before = self.pack.years;
        self.years(&keys);
        for (name, entry) in keys
            .get("param")
            .and_then(|e| as_table(doc, e))
            .iter()
            .flat_map(Keys::entries)
        {
            self.param(&name, entry);
        }
        let mut done = Vec::new();
        for (name, entry) in keys
            .get("reference")
            .and_then(|e| as_table(doc, e))
            .iter()
            .flat_map(Keys::entries)
        {
            done.extend(self.reference(&name, entry));
        }
        for (name, entry) in keys
            .get("verified")
            .and_then(|e| as_table(doc, e))
            .iter()
            .flat_map(Keys::entries)
        {
            self.verified(&name, entry);
        }
        // A table that the office alone supplies may stand at the root: `[[received]]`.
        for table in self.references() {
            if let Some(entry) = keys.get(&table) {
                let name = Text {
                    value: table.clone(),
                    span: entry.span(),
                };
                done.extend(self.reference(&name, entry));
            }
        }
        keys.done();
        for path in self.files.keys().filter(|p| p.ends_with(".csv")) {
            let stem = path
                .rsplit('/')
                .next()
                .and_then(|f| f.strip_suffix(".csv"))
                .unwrap_or(path);
            match self
                .pack
                .schema
                .table(stem)
                .filter(|t| *t >= self.pack.schema.submission)
            {
                Some(table) if !done.contains(&table) => {
                    self.rows(table, path, self.files.get(path).map_or(&[], Vec::as_slice));
                }
                Some(_) => {}
                None => {
                    let names = self.references();
                    let help = suggest(stem, names.iter().map(String::as_str).collect::<Vec<_>>());
                    doc.mistake(
                        0..0,
                        format!("`{path}` is no reference table of the pack"),
                        "",
                        help,
                    );
                }
            }
        }
        self.codes();
        self.check_years(before);
    }

    fn references(&self) -> Vec<String> {
        self.pack
            .schema
            .tables
            .iter()
            .skip(self.pack.schema.submission)
            .map(|t| t.name.clone())
            .collect()
    }

    fn years(&mut self, keys: &Keys<'_, '_>) {
        let Some(of) = keys.table("years") else {
            return;
        };
        let (from, until) = (of.integer("from"), of.integer("until"));
        of.done();
        let fits = |year: &i64| (1900..=2999).contains(year);
        if [from, until].iter().flatten().any(|y| !fits(y)) {
            self.doc.mistake(
                of.span.clone(),
                "these are no fiscal years",
                "",
                "write `years = { from = 2028, until = 2028 }`",
            );
            return;
        }
        let years = &mut self.pack.years;
        *years = (
            from.map_or(years.0, |y| y.min(years.0)),
            until.or(from).map_or(years.1, |y| y.max(years.1)),
        );
    }

    fn param(&mut self, name: &Text, entry: Entry<'_>) {
        let doc = self.doc;
        let Some(at) = self.pack.params.iter().position(|p| p.name == name.value) else {
            let help = suggest(
                &name.value,
                self.pack
                    .params
                    .iter()
                    .map(|p| p.name.as_str())
                    .collect::<Vec<_>>(),
            );
            doc.mistake(
                name.span.clone(),
                format!("the pack has no parameter `{}`", name.value),
                "",
                help,
            );
            return;
        };
        let Some(param) = self.pack.params.get_mut(at) else {
            return;
        };
        if !param.policy {
            doc.mistake(
                name.span.clone(),
                format!("`{}` is not for an office to set", name.value),
                "",
                "only parameters with `policy = true` are",
            );
            return;
        }
        let Some(of) = as_table(doc, entry) else {
            return;
        };
        let values = if of.has("values") {
            let list = of.get("values").map_or_else(Vec::new, |e| as_array(doc, e));
            let _ = (of.text("title"), of.text("type"), of.flag("policy"));
            of.done();
            list.into_iter()
                .filter_map(|v| param::dated(doc, v, param.ty, param.list, None))
                .collect()
        } else {
            param::dated(doc, entry, param.ty, param.list, None)
                .into_iter()
                .collect::<Vec<_>>()
        };
        param.values.splice(0..0, values);
    }

    /// Rows of a reference table: `csv = """…"""`, `file = "x.csv"`, `rows = [{ … }]`, `[[reference.x]]`, or CSV itself.
    fn reference(&mut self, name: &Text, entry: Entry<'_>) -> Option<TableId> {
        use toml::de::DeValue;
        let doc = self.doc;
        let Some(table) = self
            .pack
            .schema
            .table(&name.value)
            .filter(|t| *t >= self.pack.schema.submission)
        else {
            let names = self.references();
            let help = suggest(
                &name.value,
                names.iter().map(String::as_str).collect::<Vec<_>>(),
            );
            doc.mistake(
                name.span.clone(),
                format!("the pack has no reference table `{}`", name.value),
                "",
                help,
            );
            return None;
        };
        match entry.get_ref() {
            DeValue::String(csv) => self.rows(table, &name.value, csv.as_bytes()),
            DeValue::Array(_) => {
                let csv = rows_as_csv(doc, &as_array(doc, entry));
                self.rows(table, &name.value, csv.as_bytes());
            }
            _ => {
                let of = as_table(doc, entry)?;
                if let Some(csv) = of.text("csv") {
                    self.rows(table, &name.value, csv.value.as_bytes());
                }
                if let Some(rows) = of.get("rows") {
                    let csv = rows_as_csv(doc, &as_array(doc, rows));
                    self.rows(table, &name.value, csv.as_bytes());
                }
                if let Some(file) = of.text("file") {
                    match self.files.get(&file.value) {
                        Some(bytes) => self.rows(table, &file.value, bytes),
                        None => doc.mistake(
                            file.span,
                            format!("there is no file `{}` beside the office file", file.value),
                            "",
                            "give `--office` the folder that holds both",
                        ),
                    }
                }
                let _ = (of.text("source"), of.text("as_of"));
                of.done();
            }
        }
        Some(table)
    }

    fn rows(&mut self, table: TableId, path: &str, bytes: &[u8]) {
        let Some(t) = self.pack.schema.tables.get(table) else {
            return;
        };
        let mut diagnostics: Vec<Diagnostic> = Vec::new();
        let extra = read::read_csv(
            t,
            &format!("{}/{path}", self.name),
            bytes,
            &mut self.pack.texts,
            &mut diagnostics,
        );
        // A column that is not used is a figure that the office meant and that would be lost.
        for diagnostic in diagnostics {
            self.doc.mistake(
                0..0,
                format!("{}: {}", diagnostic.place, diagnostic.message),
                "",
                "",
            );
        }
        let merged = self
            .pack
            .reference(table)
            .map(|base| merge(t, base, &extra, &mut self.pack.texts.clone()));
        let at = table - self.pack.schema.submission;
        if let (Some(merged), Some(slot)) = (merged, self.pack.references.get_mut(at)) {
            *slot = Arc::new(merged);
        }
    }

    fn verified(&mut self, key: &Text, entry: Entry<'_>) {
        let doc = self.doc;
        let Some(of) = as_table(doc, entry) else {
            return;
        };
        let (by, on, read) = (
            of.required_text("by"),
            of.get("on").and_then(|e| as_figure(doc, e)),
            of.text("text"),
        );
        let verification = of
            .text("verification")
            .and_then(|v| source::verification(doc, &v));
        of.done();
        if let Some(on) = &on
            && parse_iso_date(&on.value).is_none()
        {
            doc.mistake(
                on.span.clone(),
                format!("`{}` is not a date", on.value),
                "",
                "write it as \"2026-07-01\"",
            );
        }
        let keys: Vec<String> = self.pack.sources.iter().map(|s| s.key.clone()).collect();
        let Some(source) = self.pack.sources.iter_mut().find(|s| s.key == key.value) else {
            let help = suggest(
                &key.value,
                keys.iter().map(String::as_str).collect::<Vec<_>>(),
            );
            doc.mistake(
                key.span.clone(),
                format!("the pack has no source `{}`", key.value),
                "",
                help,
            );
            return;
        };
        source.verification = verification.unwrap_or(source::Verification::TextRead);
        let words = [
            by.map(|t| format!("by {}", t.value)),
            on.map(|t| format!("on {}", t.value)),
            read.map(|t| t.value),
        ];
        source.verified = Some(words.into_iter().flatten().collect::<Vec<_>>().join(", "));
    }

    /// Codes and names that stand in reference tables, taken anew.
    fn codes(&mut self) {
        let schema = self.pack.schema.clone();
        let identity = self.pack.identity.clone();
        for (id, table) in self.pack.schema.tables.iter_mut().enumerate() {
            for (at, field) in table.fields.iter_mut().enumerate() {
                let is_code = id == identity.table && Some(at) == identity.code;
                if let (true, Some(directory)) = (is_code, identity.directory) {
                    field.codes = self
                        .pack
                        .references
                        .get(directory - schema.submission)
                        .map(|rows| directory_in(&schema, directory, rows, &self.pack.texts));
                } else if let Some(of) = field.codes_of {
                    field.codes = self
                        .pack
                        .references
                        .get(of - schema.submission)
                        .map(|rows| codes_in(&schema, of, rows, &self.pack.texts));
                }
            }
        }
    }

    /// In the years that the office adds, every parameter that a rule uses has a value.
    fn check_years(&mut self, before: (i64, i64)) {
        let years = self.pack.years;
        for year in (years.0..=years.1).filter(|y| !(before.0..=before.1).contains(y)) {
            let lacking = self.pack.lacking(year);
            for param in lacking.iter().filter(|l| l.starts_with("`param.")) {
                self.doc.mistake(
                    0..0,
                    format!("{param} has no value in fiscal year {year}"),
                    "",
                    "add it under `[param.…]`",
                );
            }
        }
    }
}

/// Rows written as tables, as CSV.
fn rows_as_csv(doc: Doc<'_>, rows: &[Entry<'_>]) -> String {
    let mut header: Vec<String> = Vec::new();
    let mut lines: Vec<BTreeMap<String, String>> = Vec::new();
    for row in rows {
        let mut line = BTreeMap::new();
        for (key, value) in as_table(doc, row).iter().flat_map(Keys::entries) {
            let Some(value) = as_figure(doc, value) else {
                continue;
            };
            if !header.contains(&key.value) {
                header.push(key.value.clone());
            }
            line.insert(key.value, value.value);
        }
        lines.push(line);
    }
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut csv = header
        .iter()
        .map(|h| quoted(h))
        .collect::<Vec<_>>()
        .join(",");
    for line in lines {
        csv.push('\n');
        csv.push_str(
            &header
                .iter()
                .map(|h| line.get(h).map_or_else(String::new, |v| quoted(v)))
                .collect::<Vec<_>>()
                .join(","),
        );
    }
    csv
}

/// The rows of `base`, those that `extra` replaces left out, and the rows of `extra`. A row replaces another of its key,
/// and of its first year where rows are dated.
pub(crate) fn merge(table: &Table, base: &Rows, extra: &Rows, texts: &mut Texts) -> Rows {
    let reference = table.reference.clone().unwrap_or_default();
    let mut key: Vec<usize> = reference.key.clone();
    key.extend(reference.dated.map(|(from, _)| from));
    let key_of = |rows: &Rows, row: usize| {
        key.iter()
            .map(|&f| written(rows, row, f, texts))
            .collect::<Vec<_>>()
    };
    let replaced: Vec<Vec<String>> = (0..extra.len()).map(|row| key_of(extra, row)).collect();
    let kept: Vec<usize> = (0..base.len())
        .filter(|&row| key.is_empty() || !replaced.contains(&key_of(base, row)))
        .collect();
    let fields: Vec<usize> = (0..table.fields.len())
        .filter(|&f| base.has_column(f) || extra.has_column(f))
        .collect();
    let layout = if base.is_absent() {
        extra.layout.clone()
    } else {
        base.layout.clone()
    };
    let mut merged = Rows::new(table, layout, &fields);
    merged.supplied = Some((kept.len(), extra.layout.path().to_owned()));
    for (rows, at) in kept
        .iter()
        .map(|&row| (base, row))
        .chain((0..extra.len()).map(|row| (extra, row)))
    {
        let known = texts.clone();
        let cells: Vec<(Cell<'_>, &str)> = (0..table.fields.len())
            .map(|f| (cell(rows, at, f, &known), rows.raw(at, f)))
            .collect();
        merged.push(rows.numbers.get(at).copied().unwrap_or(0), &cells, texts);
    }
    merged
}

/// A key's value as text, so that rows of two files can be compared.
fn written(rows: &Rows, row: usize, field: usize, texts: &Texts) -> String {
    match cell(rows, row, field, texts) {
        Cell::Number(x) => x.normalize().to_string(),
        Cell::Text(text) => text.to_owned(),
        Cell::Bool(b) => b.to_string(),
        _ => String::new(),
    }
}

fn cell<'t>(rows: &Rows, row: usize, field: usize, texts: &'t Texts) -> Cell<'t> {
    let Some(column) = rows.columns.get(field).and_then(Option::as_ref) else {
        return Cell::Blank;
    };
    match column.state(row) {
        State::Blank => Cell::Blank,
        State::NotApplicable => Cell::NotApplicable,
        State::Suppressed => Cell::Suppressed,
        State::Unreadable => Cell::Unreadable,
        State::Value => match &column.data {
            Data::Nums(nums) => Cell::Number(nums.get(row)),
            Data::Bools(bools) => bools.get(row).map_or(Cell::Blank, |b| Cell::Bool(*b)),
            Data::Texts(_) => cell_text(rows, row, field, texts).map_or(Cell::Blank, Cell::Text),
        },
    }
}
