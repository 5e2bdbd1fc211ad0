//! From the lines of a form to submissions: one line a key, the district's code by its name, the places of every cell.

use std::collections::{BTreeMap, BTreeSet};

use super::book::Book;
use super::gather::{Gathered, Tables, gather};
use super::lines::{Line, Taken, put, said};
use super::locate::Match;
use super::map::{Block, FormMap};
use super::reading::{Part, Reading};
use crate::diagnostic::{Diagnostic, Weight};
use crate::read::cell::{Read, quoted, read_cell_since};
use crate::read::grid::Written;
use crate::read::ids::{doubt, lost_zero};
use crate::read::lines::{PLAN, report_missing};
use crate::read::statewide::Key;
use crate::read::{PlanKey, sha256};
use crate::schema::{FieldId, Otherwise, Schema, Table, TableId};
use crate::submission::{Input, Submission};
use crate::table::{Layout, Mapped, Page, Rows, Spot, State, Texts};

/// What a form gives: submissions, each with what was understood, and what is wrong with the file as a whole.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    pub(crate) plans: Vec<(Submission, Reading)>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads a file by the form that was found in it.
pub(crate) fn fill(
    schema: &Schema,
    key: PlanKey,
    found: &Match<'_>,
    book: &Book,
    bytes: &[u8],
) -> Filled {
    let fill = Fill {
        schema,
        form: found.form,
        key,
        book,
        gathered: gather(schema, found, book),
    };
    if found.form.plans.is_some() {
        fill.by_plan(bytes)
    } else {
        fill.one_plan(bytes)
    }
}

struct Fill<'a> {
    schema: &'a Schema,
    form: &'a FormMap,
    key: PlanKey,
    book: &'a Book,
    gathered: Gathered,
}

impl Fill<'_> {
    fn one_plan(mut self, bytes: &[u8]) -> Filled {
        let path = self.book.path.clone();
        let tables = std::mem::take(&mut self.gathered.tables);
        let mut submission = self.submission(&path, tables);
        let rows = submission.tables.iter().map(Rows::len).sum();
        submission.inputs.push(Input {
            path,
            rows,
            sha256: Some(sha256(bytes)),
        });
        let told = std::mem::take(&mut self.gathered.diagnostics);
        submission.diagnostics.splice(0..0, told);
        let reading = self.reading(&submission);
        Filled {
            plans: vec![(submission, reading)],
            diagnostics: Vec::new(),
        }
    }

    /// A submission for each key; rows whose key cannot be read are told.
    fn by_plan(mut self, bytes: &[u8]) -> Filled {
        let mut plans: BTreeMap<Key, Tables> = BTreeMap::new();
        let mut strays: Vec<Diagnostic> = Vec::new();
        for (table, lines) in std::mem::take(&mut self.gathered.tables) {
            for (line, told) in lines {
                let [code, year, revision] = &line.key;
                match Key::read(self.schema, self.key, [code, year, revision]) {
                    Ok(key) => {
                        let tables = plans.entry(key).or_default();
                        tables.entry(table).or_default().push((line, told));
                    }
                    Err((_, message)) => {
                        let place = self.row_place(&line);
                        let stray =
                            Diagnostic::error(place, format!("this row fits no plan: {message}"));
                        if !strays.contains(&stray) {
                            strays.push(stray);
                        }
                    }
                }
            }
        }
        let alone = plans.len() == 1;
        let mut filled = Filled::default();
        for (plan, tables) in plans {
            let path = if alone {
                self.book.path.clone()
            } else {
                plan.path()
            };
            let mut submission = self.submission(&path, tables);
            submission.inputs.push(Input {
                path: self.book.path.clone(),
                rows: submission.tables.iter().map(Rows::len).max().unwrap_or(0),
                sha256: alone.then(|| sha256(bytes)),
            });
            let reading = self.reading(&submission);
            filled.plans.push((submission, reading));
        }
        let told = self.gathered.diagnostics.into_iter().chain(strays);
        match filled.plans.as_mut_slice() {
            [(submission, _)] => {
                submission.diagnostics.splice(0..0, told);
            }
            _ => filled.diagnostics.extend(told),
        }
        filled
    }

    fn page(&self, page: usize) -> Option<&Page> {
        self.gathered.pages.get(page)
    }

    fn row_place(&self, line: &Line) -> String {
        let page = self.page(line.page);
        page.map_or(String::new(), |page| page.row_place(line.number))
    }

    /// The place of a cell of a line: its own, or the line's where the map says the value.
    fn cell_place(&self, line: &Line, spot: Option<Spot>, field: &str) -> String {
        let cell = spot.and_then(|s| Some(self.page(s.page)?.cell_place(s.column, s.row, field)));
        cell.unwrap_or_else(|| self.row_place(line))
    }

    fn submission(&self, path: &str, tables: Tables) -> Submission {
        let sign = if self.book.text { ':' } else { '!' };
        let file = &self.book.path;
        let mut submission =
            Submission::empty(self.schema, path, |name| format!("{file}{sign}{name}"));
        for (id, lines) in tables {
            let Some(table) = self.schema.tables.get(id) else {
                continue;
            };
            let rows = self.rows(
                table,
                id,
                lines,
                &mut submission.texts,
                &mut submission.diagnostics,
            );
            if let Some(slot) = submission.tables.get_mut(id) {
                *slot = rows;
            }
        }
        submission.page = self.form.page;
        tell_once(&mut submission.diagnostics);
        doubt(self.schema, &mut submission);
        for (table, rows) in self
            .schema
            .submission_tables()
            .iter()
            .zip(&submission.tables)
        {
            report_missing(table, rows, &mut submission.diagnostics);
        }
        submission
    }

    fn rows(
        &self,
        table: &Table,
        id: TableId,
        lines: Vec<(Line, Vec<Diagnostic>)>,
        texts: &mut Texts,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Rows {
        let (mut lines, told): (Vec<Line>, Vec<Vec<Diagnostic>>) = lines.into_iter().unzip();
        diagnostics.extend(told.into_iter().flatten());
        let distinct = |b: &&Block| b.table == id && b.distinct;
        if table.name == PLAN {
            lines = self.merged(table, None, lines, diagnostics);
            self.fill_code(table, &mut lines, diagnostics);
        } else if self.form.blocks.iter().any(|b| distinct(&b)) {
            lines = self.merged(table, table.key(), lines, diagnostics);
        }
        doubt_ids(table, self.book.text, &mut lines);
        name_rows(table, &self.gathered.pages, &mut lines);
        let parts: Vec<&Part> = self
            .gathered
            .parts
            .iter()
            .filter(|p| p.table == id)
            .collect();
        let has_column = |f: usize| {
            let mut from = parts.iter().flat_map(|p| p.columns());
            from.any(|field| field == f)
        };
        let has_cell = |f: usize| {
            lines
                .iter()
                .any(|l| l.cells.get(f).is_some_and(Option::is_some))
        };
        let fields: Vec<FieldId> = (0..table.fields.len())
            .filter(|&f| has_column(f) || has_cell(f))
            .collect();
        let header = self.header_of(&parts);
        let mapped = Mapped {
            path: self.book.path.clone(),
            pages: self.gathered.pages.clone(),
            rows: lines
                .iter()
                .map(|l| (l.page, l.cells.iter().map(|c| c.as_ref()?.spot).collect()))
                .collect(),
            header,
        };
        let mut rows = Rows::new(table, Layout::Mapped(mapped), &fields);
        for line in &lines {
            let leaf = self.book.sheets.get(line.page);
            let from_1904 = leaf.is_some_and(|leaf| leaf.grid().from_1904);
            push(table, line, from_1904, &mut rows, texts, diagnostics);
        }
        rows
    }

    /// The page and the row of the first header; 0 where there is none.
    fn header_of(&self, parts: &[&Part]) -> (usize, u32) {
        let with_header = parts.iter().find(|p| p.rows.is_some());
        let Some(first) = with_header.or(parts.first()) else {
            return (0, 0);
        };
        let page = self
            .gathered
            .pages
            .iter()
            .position(|p| p.path == first.place);
        (
            page.unwrap_or(0),
            first.rows.map_or(0, |(header, ..)| header),
        )
    }

    /// Lines of one key as one: what the first leaves blank the others fill, and what they say otherwise is told once a field.
    fn merged(
        &self,
        table: &Table,
        key: Option<FieldId>,
        lines: Vec<Line>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Line> {
        let mut kept: Vec<Line> = Vec::new();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut told: BTreeSet<(usize, FieldId)> = BTreeSet::new();
        for line in lines {
            let id = key.map_or(String::new(), |k| shown(&line, k).to_owned());
            if id.is_empty()
                && let Some(key) = key
            {
                diagnostics.extend(self.without_key(table, key, &line));
                continue;
            }
            let at = *seen.entry(id).or_insert(kept.len());
            let Some(first) = kept.get_mut(at) else {
                kept.push(line);
                continue;
            };
            for field in merge(table, first, &line) {
                if told.insert((at, field)) {
                    diagnostics.extend(self.differs(table, field, first, &line));
                }
            }
        }
        kept
    }

    /// What to say of a line that says something and not what it is the line of.
    fn without_key(&self, table: &Table, key: FieldId, line: &Line) -> Option<Diagnostic> {
        let mut fields = table.fields.iter().enumerate();
        let (id, _) = fields.find(|(id, _)| !shown(line, *id).is_empty())?;
        let spot = line.cells.get(id).cloned().flatten()?.spot?;
        let name = table.fields.get(key).map_or("", |f| f.name.as_str());
        let message = format!(
            "{} stands here without `{name}`: it was not read as a line of `{}`",
            quoted(shown(line, id)),
            table.name
        );
        let field = table.fields.get(id).map_or("", |f| f.name.as_str());
        Some(Diagnostic::error(
            self.cell_place(line, Some(spot), field),
            message,
        ))
    }

    /// What to say of a cell that another line of its key says otherwise.
    fn differs(
        &self,
        table: &Table,
        field: FieldId,
        first: &Line,
        next: &Line,
    ) -> Option<Diagnostic> {
        let cell = |line: &Line| line.cells.get(field).cloned().flatten();
        let (held, taken) = cell(first).zip(cell(next))?;
        let name = table.fields.get(field).map_or("", |f| f.name.as_str());
        let message = format!(
            "{} stands here, {} in row {}: that one was read",
            quoted(&taken.raw),
            quoted(&held.raw),
            held.spot.map_or(first.number, |s| s.row),
        );
        Some(Diagnostic::error(
            self.cell_place(next, taken.spot, name),
            message,
        ))
    }

    /// A form that names its district and not the district's code has the code that the directory gives the name.
    fn fill_code(&self, table: &Table, lines: &mut [Line], diagnostics: &mut Vec<Diagnostic>) {
        let (Some(line), Some((code, name))) =
            (lines.first_mut(), self.key.code.zip(self.key.name))
        else {
            return;
        };
        let codes = table.fields.get(code).and_then(|f| f.codes.as_ref());
        let stated = line.cells.get(name).cloned().flatten();
        let (Some(codes), Some(stated)) = (codes, stated) else {
            return;
        };
        let Some(found) = codes
            .find(&stated.raw)
            .filter(|_| shown(line, code).is_empty())
        else {
            return;
        };
        let field = table.fields.get(name).map_or("", |f| f.name.as_str());
        let place = self.cell_place(line, stated.spot, field);
        let message = format!(
            "the code of {} was taken to be `{found}`",
            quoted(&stated.raw)
        );
        diagnostics.push(Diagnostic::notice(place, message));
        let written = Written::Text(found.to_owned().into());
        put(&mut line.cells, code, Taken { written, ..stated });
    }

    fn reading(&self, submission: &Submission) -> Reading {
        let mut parts = self.gathered.parts.clone();
        let shared = |part: &Part| {
            let mut blocks = self.form.blocks.iter().filter(|b| b.table == part.table);
            self.form.plans.is_some() || blocks.any(|b| b.distinct)
        };
        for part in parts.iter_mut().filter(|p| shared(p)) {
            if let Some(rows) = submission.tables.get(part.table) {
                part.narrow(rows);
            }
        }
        Reading {
            form: Some((self.form.title.clone(), self.form.note.clone())),
            id: Some(self.form.id.clone()),
            parts,
            unread: self.gathered.unread.clone(),
            path: submission.path.clone(),
        }
    }
}

/// What holds for many cells alike is told at the first, with how many more there are.
fn tell_once(diagnostics: &mut Vec<Diagnostic>) {
    const FEW: usize = 3;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for diagnostic in diagnostics.iter() {
        *counts.entry(diagnostic.message.clone()).or_insert(0) += 1;
    }
    let mut told: BTreeSet<String> = BTreeSet::new();
    diagnostics.retain_mut(|diagnostic| {
        let count = counts.get(&diagnostic.message).copied().unwrap_or(1);
        let many = count > FEW || (diagnostic.weight == Weight::Notice && count > 1);
        if !many {
            return true;
        }
        let first = told.insert(diagnostic.message.clone());
        let cells = if count == 2 { "cell" } else { "cells" };
        let more = format!(", and so in {} more {cells}", count - 1);
        diagnostic.message.push_str(&more);
        first
    });
}

/// Fills what a line leaves blank from another, and gives the fields in which they differ.
fn merge(table: &Table, first: &mut Line, next: &Line) -> Vec<FieldId> {
    let mut differ = Vec::new();
    for (field, (slot, taken)) in first.cells.iter_mut().zip(&next.cells).enumerate() {
        let Some(taken) = taken.as_ref().filter(|t| !t.written.is_blank()) else {
            continue;
        };
        match slot {
            Some(held) if held.written.is_blank() => *held = taken.clone(),
            Some(held) if !same(table, field, held, taken) => differ.push(field),
            Some(_) => {}
            None => *slot = Some(taken.clone()),
        }
    }
    differ
}

/// Whether two cells say the same: `37` and `0370011` are one district.
fn same(table: &Table, field: FieldId, a: &Taken, b: &Taken) -> bool {
    let value = |taken: &Taken| {
        let field = table.fields.get(field)?;
        let read = read_cell_since(field, &taken.written, false);
        let cell = read.cell();
        (cell.state() == State::Value).then(|| format!("{cell:?}"))
    };
    a.written.shown() == b.written.shown() || value(a).is_some_and(|a| value(b) == Some(a))
}

fn shown(line: &Line, field: FieldId) -> &str {
    let taken = line.cells.get(field).and_then(Option::as_ref);
    taken.map_or("", |t| t.written.shown())
}

/// An id that probably lost its zero is not read.
fn doubt_ids(table: &Table, from_text: bool, lines: &mut [Line]) {
    let Some(key) = table.key() else {
        return;
    };
    let mut seen: Vec<(String, u32)> = Vec::new();
    for line in lines {
        let Some(taken) = line.cells.get_mut(key).and_then(Option::as_mut) else {
            continue;
        };
        let shown = taken.written.shown().to_owned();
        let may_lose = from_text || matches!(taken.written, Written::Number { .. });
        let first = seen
            .iter()
            .find(|(id, _)| *id == shown)
            .filter(|_| may_lose);
        let before = seen.last().map_or("", |(id, _)| id);
        let why = first.and_then(|(_, row)| lost_zero(before, &shown, *row));
        if let Some(why) = why {
            taken.written = Written::Bad(why);
        }
        seen.push((shown, line.number));
    }
}

/// A key that is the number of its row tells lines apart: those of several sheets, and those that were one row of the form.
fn name_rows(table: &Table, pages: &[Page], lines: &mut [Line]) {
    let Some(key) = table.key() else {
        return;
    };
    let by_row = table.fields.get(key).and_then(|f| f.otherwise) == Some(Otherwise::Row);
    let given = lines.iter().any(|l| !shown(l, key).is_empty());
    let several = lines
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.page != b.page || a.number == b.number));
    if !by_row || given || !several {
        return;
    }
    let sheets = lines
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if a.page != b.page));
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for line in lines {
        let sheet = pages.get(line.page).map_or("", |p| &p.path);
        let sheet = sheet.rsplit('!').next().unwrap_or_default();
        let name = if sheets {
            format!("{sheet} {}", line.number)
        } else {
            line.number.to_string()
        };
        let count = seen.entry(name.clone()).or_insert(0);
        *count += 1;
        let name = if *count > 1 {
            format!("{name}-{count}")
        } else {
            name
        };
        put(&mut line.cells, key, said(&name));
    }
}

fn push(
    table: &Table,
    line: &Line,
    from_1904: bool,
    rows: &mut Rows,
    texts: &mut Texts,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let taken = |field: usize| line.cells.get(field).and_then(Option::as_ref);
    let fields = table.fields.iter().enumerate();
    let reads: Vec<Read<'_>> = fields
        .map(|(id, field)| {
            taken(id).map_or(Read::BLANK, |t| {
                read_cell_since(field, &t.written, from_1904)
            })
        })
        .collect();
    let cells: Vec<_> = reads
        .iter()
        .enumerate()
        .map(|(id, read)| (read.cell(), taken(id).map_or("", |t| t.raw.as_str())))
        .collect();
    rows.push(line.number, &cells, texts);
    let row = rows.len() - 1;
    for (id, read) in reads.iter().enumerate() {
        diagnostics.extend(read.told(|| rows.place(table, row, id)));
    }
}
