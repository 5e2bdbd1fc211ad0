//! From a form that was found in a file to submissions: the lines of its blocks gathered by table and by plan.

use std::collections::BTreeMap;

use super::book::{Book, Leaf};
use super::lines::{Line, Lines, Reader, Taken, heading_value, put, said, spot};
use super::locate::{Match, Segment, is_tabular, label_of, region, stands_on};
use super::map::{Block, FormMap, Name, Source};
use super::reading::{From, Origin, Part, Reading, Unread};
use super::ticks::ticked;
use super::values::{Beside, label_values, understand};
use crate::diagnostic::Diagnostic;
use crate::read::cell::{Read, quoted, read_cell_since};
use crate::read::grid::Written;
use crate::read::ids::{doubt, lost_zero};
use crate::read::lines::{PLAN, report_missing};
use crate::read::statewide::Key;
use crate::read::{PlanKey, sha256};
use crate::schema::{FieldId, Otherwise, Schema, Table, TableId};
use crate::submission::{Input, Submission};
use crate::table::{Layout, Mapped, Page, Rows, Texts, column_name};

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
    let mut gather = Gather {
        schema,
        form: found.form,
        key,
        book,
        pages: book.pages(),
        tables: BTreeMap::new(),
        used: book.sheets.iter().map(|_| Vec::new()).collect(),
        lines: book.sheets.iter().map(|_| Vec::new()).collect(),
        diagnostics: book.diagnostics.clone(),
        parts: Vec::new(),
    };
    for leaf in &book.sheets {
        gather.tell_sheet(leaf);
    }
    for segment in &found.segments {
        gather.segment(segment);
    }
    for block in found.form.blocks.iter().filter(|b| !is_tabular(b)) {
        gather.loose(block);
    }
    let unread = gather.unread();
    if found.form.plans.is_some() {
        gather.by_plan(bytes, unread)
    } else {
        gather.one_plan(bytes, unread)
    }
}

struct Gather<'a> {
    schema: &'a Schema,
    form: &'a FormMap,
    key: PlanKey,
    book: &'a Book,
    pages: Vec<Page>,
    tables: BTreeMap<TableId, Vec<(Line, Vec<Diagnostic>)>>,
    /// Of each sheet the rows, as places among the rows of the grid, of which something was read.
    used: Vec<Vec<usize>>,
    /// Of those, the rows of tables, in which no label stands.
    lines: Vec<Vec<usize>>,
    diagnostics: Vec<Diagnostic>,
    parts: Vec<Part>,
}

impl Gather<'_> {
    fn tell_sheet(&mut self, leaf: &Leaf) {
        if self.book.text {
            return;
        }
        let place = format!("{}!{}", self.book.path, leaf.sheet.name);
        self.diagnostics.extend(leaf.sheet.tell(&place));
        if let Some(trouble) = &leaf.sheet.trouble {
            self.diagnostics
                .push(Diagnostic::fatal(place, trouble.clone()));
        }
    }

    fn table(&self, block: &Block) -> Option<&'_ Table> {
        self.schema.tables.get(block.table)
    }

    // --- blocks with a header

    fn segment(&mut self, segment: &Segment) {
        let (book, form, schema) = (self.book, self.form, self.schema);
        let page = self.pages.get(segment.sheet).cloned();
        let parts = (
            form.blocks.get(segment.block),
            book.sheets.get(segment.sheet),
        );
        let ((Some(block), Some(leaf)), Some(page)) = (parts, page) else {
            return;
        };
        let Some(table) = schema.tables.get(block.table) else {
            return;
        };
        let (common, used) = self.common(block, segment, leaf);
        let reader = Reader {
            table,
            block,
            segment,
            leaf,
            page: &page,
            common,
        };
        let lines = reader.read();
        let part = part_of(&reader, &lines);
        let unused = unused_columns(&reader);
        self.parts.push(part);
        self.diagnostics.extend(unused);
        self.take_lines(block.table, segment.sheet, lines);
        self.use_rows(segment.sheet, used.into_iter());
    }

    fn take_lines(&mut self, table: TableId, sheet: usize, lines: Lines) {
        self.diagnostics.extend(lines.diagnostics);
        if let Some(rows) = self.lines.get_mut(sheet) {
            rows.extend(&lines.used);
        }
        self.use_rows(sheet, lines.used.into_iter());
        self.tables.entry(table).or_default().extend(lines.list);
    }

    /// The values that hold for every line of a segment, and the rows in which they stand.
    fn common(
        &mut self,
        block: &Block,
        segment: &Segment,
        leaf: &Leaf,
    ) -> (Vec<(FieldId, Taken, Origin)>, Vec<usize>) {
        let constants = block.constants.iter();
        let mut common: Vec<(FieldId, Taken, Origin)> = constants
            .map(|(field, value)| (*field, said(value), Origin::Constant(value.clone())))
            .collect();
        let mut rows = Vec::new();
        for source in &block.labels {
            let found = self.beside(block, leaf, source);
            let above = found.iter().rposition(|b| b.at < segment.top);
            let Some(beside) = above.or(Some(0)).and_then(|at| found.get(at)) else {
                continue;
            };
            rows.push(beside.at);
            let taken = self.label(block, segment.sheet, source.field, beside);
            let origin = self.label_origin(segment.sheet, beside);
            common.push((source.field, taken, origin));
        }
        (common, rows)
    }

    fn label_origin(&self, sheet: usize, beside: &Beside) -> Origin {
        let number = self.row_number(sheet, beside.at);
        Origin::label(&beside.label, self.place(sheet, beside.columns.1, number))
    }

    // --- labels and ticks

    fn is_label(&self, words: &str) -> bool {
        let words = label_of(words);
        let mut sources = self.form.blocks.iter().flat_map(|b| &b.labels);
        let is_name = |n: &Name| n.around.is_none() && n.lower.fits(words);
        sources.any(|s| s.names.iter().any(is_name))
    }

    fn beside(&self, block: &Block, leaf: &Leaf, source: &Source) -> Vec<Beside> {
        let is_no_value =
            |words: &str| self.is_label(words) || block.hints.iter().any(|p| p.fits(words));
        label_values(leaf, &source.names, &is_no_value)
    }

    fn label(&mut self, block: &Block, sheet: usize, id: FieldId, beside: &Beside) -> Taken {
        let number = self.row_number(sheet, beside.at);
        let spot = spot(sheet, beside.columns.1, number);
        let field = self.table(block).and_then(|t| t.fields.get(id));
        let (written, guess) = match field {
            Some(field) => understand(block, (id, field), &beside.written),
            None => (beside.written.clone(), None),
        };
        if let Some(guess) = guess {
            let place = self.place(sheet, beside.columns.1, number);
            self.diagnostics.push(Diagnostic::notice(place, guess));
        }
        Taken {
            written,
            raw: beside.written.shown().to_owned(),
            spot,
        }
    }

    fn row_number(&self, sheet: usize, at: usize) -> u32 {
        let row = self
            .book
            .sheets
            .get(sheet)
            .and_then(|l| l.grid().rows.get(at));
        row.map_or(1, |row| row.number)
    }

    fn place(&self, sheet: usize, column: usize, number: u32) -> String {
        let path = self.pages.get(sheet).map_or("", |p| &p.path);
        let column = column_name(u32::try_from(column).unwrap_or(u32::MAX));
        if self.book.text {
            format!("{path}:{number}:{column}")
        } else {
            format!("{path}!{column}{number}")
        }
    }

    fn loose(&mut self, block: &Block) {
        let book = self.book;
        for (sheet, leaf) in book.sheets.iter().enumerate() {
            if !stands_on(block, leaf) {
                continue;
            }
            if block.ticks.is_some() {
                self.ticks(block, sheet, leaf);
            } else {
                self.labels(block, sheet, leaf);
            }
        }
    }

    fn labels(&mut self, block: &Block, sheet: usize, leaf: &Leaf) {
        let Some(width) = self.table(block).map(|t| t.fields.len()) else {
            return;
        };
        let mut cells: Vec<Option<Taken>> = vec![None; width];
        let mut from = Vec::new();
        let mut first = None;
        for source in &block.labels {
            let lines = self.lines.get(sheet).map_or(&[][..], Vec::as_slice);
            let mut found = self.beside(block, leaf, source);
            found.retain(|b| !lines.contains(&b.at));
            let filled = found.iter().position(|b| !b.written.is_blank());
            let Some(beside) = found.get(filled.unwrap_or(0)).cloned() else {
                continue;
            };
            self.contradictions(sheet, &beside, &found);
            let taken = self.label(block, sheet, source.field, &beside);
            first.get_or_insert(beside.at);
            self.use_rows(sheet, found.iter().map(|b| b.at));
            from.push(From {
                field: source.field,
                origin: self.label_origin(sheet, &beside),
            });
            put(&mut cells, source.field, taken);
        }
        let Some(first) = first else {
            return;
        };
        for (field, value) in &block.constants {
            let origin = Origin::Constant(value.clone());
            from.push(From {
                field: *field,
                origin,
            });
            put(&mut cells, *field, said(value));
        }
        let number = self.row_number(sheet, first);
        self.push_part(block, sheet, 1, from);
        self.add(block.table, sheet, number, cells);
    }

    fn use_rows(&mut self, sheet: usize, rows: impl Iterator<Item = usize>) {
        if let Some(used) = self.used.get_mut(sheet) {
            used.extend(rows);
        }
    }

    /// What cells that stand here and there became.
    fn push_part(&mut self, block: &Block, sheet: usize, lines: usize, from: Vec<From>) {
        let place = self
            .pages
            .get(sheet)
            .map_or(String::new(), |p| p.path.clone());
        self.parts.push(Part {
            table: block.table,
            place,
            rows: None,
            lines,
            totals: 0,
            from,
        });
    }

    /// Says where a label stands again with another value.
    fn contradictions(&mut self, sheet: usize, first: &Beside, others: &[Beside]) {
        let own = first.written.shown().to_owned();
        let number = self.row_number(sheet, first.at);
        let place = self.place(sheet, first.columns.1, number);
        let differs = |b: &&Beside| !b.written.is_blank() && b.written.shown() != own;
        let told: Vec<Diagnostic> = others
            .iter()
            .filter(differs)
            .map(|b| {
                let here = self.place(sheet, b.columns.1, self.row_number(sheet, b.at));
                let other = quoted(b.written.shown());
                let message = format!(
                    "{other} stands here, {} at {place}: that one was read",
                    quoted(&own)
                );
                Diagnostic::error(here, message)
            })
            .collect();
        self.diagnostics.extend(told);
    }

    fn ticks(&mut self, block: &Block, sheet: usize, leaf: &Leaf) {
        let (Some(field), Some(table)) = (block.ticks, self.schema.tables.get(block.table)) else {
            return;
        };
        let Some((first, behind)) = region(block, leaf) else {
            return;
        };
        let inside = |at: usize| (first..behind).contains(&at);
        let mut ticks = ticked(leaf);
        ticks.retain(|tick| inside(tick.at));
        let texts: Vec<(usize, usize)> = ticks.iter().map(|t| (t.at, t.column)).collect();
        let mut headings = headings(block, table, leaf, &texts);
        headings.retain(|heading| inside(heading.at));
        let mut lines = 0;
        for tick in &ticks {
            let number = self.row_number(sheet, tick.at);
            let mut cells: Vec<Option<Taken>> = vec![None; table.fields.len()];
            for (constant, value) in &block.constants {
                put(&mut cells, *constant, said(value));
            }
            for (id, taken) in above(&headings, tick.at, tick.mark.max(tick.column)) {
                let row = taken.1;
                let mut taken = taken.0.clone();
                taken.spot = spot(sheet, row.1, self.row_number(sheet, row.0));
                put(&mut cells, id, taken);
            }
            let own = Taken {
                written: Written::Text(tick.text.clone().into()),
                raw: tick.text.clone(),
                spot: spot(sheet, tick.column, number),
            };
            put(&mut cells, field, own);
            self.use_rows(sheet, std::iter::once(tick.at));
            self.add(block.table, sheet, number, cells);
            lines += 1;
        }
        let marks = headings
            .iter()
            .map(|h| h.at)
            .chain(ticks.iter().map(|t| t.at));
        let (top, last) = (marks.clone().min(), marks.max());
        let last = if block.until.is_empty() && block.after.is_empty() {
            last.map(|last| last + 1)
        } else {
            last.map(|_| behind)
        };
        self.use_rows(sheet, top.unwrap_or(0)..last.unwrap_or(0));
        if lines > 0 {
            let origin = Origin::Tick;
            self.push_part(block, sheet, lines, vec![From { field, origin }]);
        }
    }

    fn add(&mut self, table: TableId, page: usize, number: u32, cells: Vec<Option<Taken>>) {
        let line = Line {
            page,
            number,
            cells,
            key: [Written::BLANK; 3],
        };
        let lines = self.tables.entry(table).or_default();
        lines.push((line, Vec::new()));
    }

    // --- what was not read

    fn unread(&self) -> Vec<Unread> {
        let mut unread = Vec::new();
        for (sheet, leaf) in self.book.sheets.iter().enumerate() {
            let used = self.used.get(sheet).map_or(&[][..], Vec::as_slice);
            let path = self.pages.get(sheet).map_or("", |p| &p.path);
            unread.extend(Unread::of_sheet(leaf, used, path, self.book.text));
        }
        unread
    }

    // --- submissions

    fn one_plan(mut self, bytes: &[u8], unread: Vec<Unread>) -> Filled {
        let path = self.book.path.clone();
        let tables = std::mem::take(&mut self.tables);
        let mut submission = self.submission(&path, tables);
        let rows = submission.tables.iter().map(Rows::len).sum();
        submission.inputs.push(Input {
            path,
            rows,
            sha256: Some(sha256(bytes)),
        });
        let told = std::mem::take(&mut self.diagnostics);
        submission.diagnostics.splice(0..0, told);
        let reading = self.reading(&submission, unread);
        Filled {
            plans: vec![(submission, reading)],
            diagnostics: Vec::new(),
        }
    }

    /// A submission for each key; rows whose key cannot be read are told.
    fn by_plan(mut self, bytes: &[u8], unread: Vec<Unread>) -> Filled {
        type Tables = BTreeMap<TableId, Vec<(Line, Vec<Diagnostic>)>>;
        let mut plans: BTreeMap<Key, Tables> = BTreeMap::new();
        let mut strays: Vec<Diagnostic> = Vec::new();
        for (table, lines) in std::mem::take(&mut self.tables) {
            for (line, told) in lines {
                let [code, year, revision] = &line.key;
                match Key::read(self.schema, self.key, [code, year, revision]) {
                    Ok(key) => {
                        let tables = plans.entry(key).or_default();
                        tables.entry(table).or_default().push((line, told));
                    }
                    Err((_, message)) => {
                        let place = self.row_place(line.page, line.number);
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
            let reading = self.reading(&submission, unread.clone());
            filled.plans.push((submission, reading));
        }
        let told = self.diagnostics.into_iter().chain(strays);
        match filled.plans.as_mut_slice() {
            [(submission, _)] => {
                submission.diagnostics.splice(0..0, told);
            }
            _ => filled.diagnostics.extend(told),
        }
        filled
    }

    fn row_place(&self, page: usize, number: u32) -> String {
        let path = self.pages.get(page).map_or("", |p| &p.path);
        let sign = if self.book.text { ':' } else { '!' };
        format!("{path}{sign}{number}")
    }

    fn submission(
        &self,
        path: &str,
        tables: BTreeMap<TableId, Vec<(Line, Vec<Diagnostic>)>>,
    ) -> Submission {
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
        name_rows(table, &self.pages, &mut lines);
        let parts: Vec<&Part> = self.parts.iter().filter(|p| p.table == id).collect();
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
            pages: self.pages.clone(),
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
        let page = self.pages.iter().position(|p| p.path == first.place);
        (
            page.unwrap_or(0),
            first.rows.map_or(0, |(header, ..)| header),
        )
    }

    /// Lines of one key as one: what the first leaves blank the others fill, and what they say otherwise is told.
    fn merged(
        &self,
        table: &Table,
        key: Option<FieldId>,
        lines: Vec<Line>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Line> {
        let mut kept: Vec<Line> = Vec::new();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for line in lines {
            let id = key.map_or(String::new(), |k| shown(&line, k).to_owned());
            if key.is_some() && id.is_empty() {
                continue;
            }
            match seen.get(&id).and_then(|&at| kept.get_mut(at)) {
                None => {
                    seen.insert(id, kept.len());
                    kept.push(line);
                }
                Some(first) => self.merge(table, first, line, diagnostics),
            }
        }
        kept
    }

    fn merge(
        &self,
        table: &Table,
        first: &mut Line,
        next: Line,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for (field, taken) in next.cells.into_iter().enumerate() {
            let Some(taken) = taken.filter(|t| !t.written.is_blank()) else {
                continue;
            };
            match first.cells.get_mut(field) {
                Some(slot) if slot.as_ref().is_none_or(|t| t.written.is_blank()) => {
                    *slot = Some(taken);
                }
                Some(Some(held)) if held.written.shown() != taken.written.shown() => {
                    let name = table.fields.get(field).map_or("", |f| f.name.as_str());
                    let at = taken.spot.map_or_else(
                        || self.row_place(next.page, next.number),
                        |s| self.spot_place(s, name),
                    );
                    let message = format!(
                        "{} stands here, {} in row {}: that one was read",
                        quoted(&taken.raw),
                        quoted(&held.raw),
                        held.spot.map_or(first.number, |s| s.row),
                    );
                    diagnostics.push(Diagnostic::error(at, message));
                }
                _ => {}
            }
        }
    }

    fn spot_place(&self, spot: crate::table::Spot, name: &str) -> String {
        let path = self.pages.get(spot.page).map_or("", |p| &p.path);
        if self.book.text {
            format!("{path}:{}:{name}", spot.row)
        } else {
            format!("{path}!{}{}", column_name(spot.column), spot.row)
        }
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
        let place = stated.spot.map_or_else(
            || self.row_place(line.page, line.number),
            |s| self.spot_place(s, "district"),
        );
        let message = format!(
            "the code of {} was taken to be `{found}`",
            quoted(&stated.raw)
        );
        diagnostics.push(Diagnostic::notice(place, message));
        let written = Written::Text(found.to_owned().into());
        put(&mut line.cells, code, Taken { written, ..stated });
    }

    fn reading(&self, submission: &Submission, unread: Vec<Unread>) -> Reading {
        Reading {
            form: Some((self.form.title.clone(), self.form.note.clone())),
            id: Some(self.form.id.clone()),
            parts: self.parts.clone(),
            unread,
            path: submission.path.clone(),
        }
    }
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

// --- headings above ticks

/// A value that holds for the cells below it.
struct Heading {
    field: FieldId,
    at: usize,
    column: usize,
    taken: Taken,
}

fn headings(block: &Block, table: &Table, leaf: &Leaf, ticked: &[(usize, usize)]) -> Vec<Heading> {
    let mut headings = Vec::new();
    for (at, row) in leaf.grid().rows.iter().enumerate() {
        for (column, cell) in row.cells.iter().enumerate() {
            if cell.is_blank() || ticked.contains(&(at, column)) {
                continue;
            }
            let value = block.headings.iter().find_map(|&id| {
                let field = table.fields.get(id)?;
                Some((id, heading_value(block, id, field, cell.shown())?))
            });
            headings.extend(value.map(|(field, written)| Heading {
                field,
                at,
                column,
                taken: Taken {
                    written,
                    raw: cell.shown().to_owned(),
                    spot: None,
                },
            }));
        }
    }
    headings
}

/// For each field the heading that a cell stands below: the nearest above it of those that begin farthest to the right.
fn above(
    headings: &[Heading],
    at: usize,
    column: usize,
) -> BTreeMap<FieldId, (&Taken, (usize, usize))> {
    let mut best: BTreeMap<FieldId, &Heading> = BTreeMap::new();
    for heading in headings.iter().filter(|h| h.at <= at && h.column <= column) {
        let slot = best.entry(heading.field).or_insert(heading);
        if (heading.column, heading.at) >= (slot.column, slot.at) {
            *slot = heading;
        }
    }
    best.into_iter()
        .map(|(field, h)| (field, (&h.taken, (h.at, h.column))))
        .collect()
}

// --- what is told of a segment

fn part_of(reader: &Reader<'_>, lines: &Lines) -> Part {
    let grid = reader.leaf.grid();
    let number = |at: usize| grid.rows.get(at).map_or(0, |r| r.number);
    let header = number(reader.segment.header);
    let head = |column: usize| {
        let words = grid.seen(header, column).shown();
        let above = header
            .checked_sub(1)
            .map_or("", |above| grid.seen(above, column).shown());
        if words.is_empty() { above } else { words }.to_owned()
    };
    let mut from: Vec<From> = reader
        .segment
        .columns
        .iter()
        .map(|c| From::column(c.field, c.column, &head(c.column)))
        .collect();
    if let Some(unpivot) = &reader.block.unpivot {
        for (value, column) in &reader.segment.spread {
            let code = unpivot.columns.get(*value).map_or("", |(code, _)| code);
            from.push(From::spread(
                (unpivot.value, unpivot.name),
                code,
                *column,
                &head(*column),
            ));
        }
    }
    from.extend(reader.common.iter().map(|(field, _, origin)| From {
        field: *field,
        origin: origin.clone(),
    }));
    from.extend(reader.block.headings.iter().map(|&field| From {
        field,
        origin: Origin::Heading,
    }));
    let numbers = lines.list.iter().map(|(l, _)| l.number);
    let (first, last) = (numbers.clone().min(), numbers.max());
    Part {
        table: reader.block.table,
        place: reader.page.path.clone(),
        rows: Some((header, first.unwrap_or(header), last.unwrap_or(header))),
        lines: lines.list.len(),
        totals: lines.totals,
        from,
    }
}

/// The columns that hold something and are not used, in one notice.
fn unused_columns(reader: &Reader<'_>) -> Option<Diagnostic> {
    const NAMED: usize = 8;
    let unused = &reader.segment.unused;
    let names: Vec<String> = unused
        .iter()
        .take(NAMED)
        .map(|(_, name)| quoted(name))
        .collect();
    let place = &reader.page.path;
    let message = match unused.len() {
        0 => return None,
        1 => format!("the column {} is not used", names.concat()),
        n if n <= NAMED => format!("the columns {} are not used", names.join(", ")),
        n => format!("{n} columns are not used: {}, …", names.join(", ")),
    };
    let grid = reader.leaf.grid();
    let header = grid.rows.get(reader.segment.header).map_or(1, |r| r.number);
    let sign = if reader.page.text { ':' } else { '!' };
    Some(Diagnostic::notice(
        format!("{place}{sign}{header}"),
        message,
    ))
}
