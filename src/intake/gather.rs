//! Gathers what a form's blocks hold: the lines below headers, the values beside labels, the texts beside ticks.

use std::collections::BTreeMap;

use super::book::{Book, Leaf};
use super::lines::{Line, Lines, Reader, Taken, heading_value, put, said, spot};
use super::locate::{Match, Segment, is_tabular, label_of, region, stands_on};
use super::map::{Block, FormMap, Name, Source};
use super::reading::{From, Origin, Part, Unread};
use super::ticks::ticked;
use super::values::{Beside, label_values, understand};
use crate::diagnostic::Diagnostic;
use crate::read::cell::quoted;
use crate::read::grid::Written;
use crate::schema::{FieldId, Schema, Table, TableId};
use crate::table::Page;
use crate::value::Decimal;

/// Lines by table, each with what is to be told of it.
pub(crate) type Tables = BTreeMap<TableId, Vec<(Line, Vec<Diagnostic>)>>;

/// What a form's blocks hold in a file.
pub(crate) struct Gathered {
    /// The sheets as pages of places.
    pub(crate) pages: Vec<Page>,
    /// The lines.
    pub(crate) tables: Tables,
    /// What is wrong with the file, or was guessed.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Where the tables came from.
    pub(crate) parts: Vec<Part>,
    /// What holds something and was not read.
    pub(crate) unread: Vec<Unread>,
}

/// Gathers the lines of a form that was found in a file.
pub(crate) fn gather(schema: &Schema, found: &Match<'_>, book: &Book) -> Gathered {
    let mut gather = Gather {
        schema,
        form: found.form,
        book,
        pages: book.pages(),
        tables: BTreeMap::new(),
        used: book.sheets.iter().map(|_| Vec::new()).collect(),
        lines: book.sheets.iter().map(|_| Vec::new()).collect(),
        known: BTreeMap::new(),
        passed: found.passed.iter().map(|(sheet, _)| *sheet).collect(),
        sums: BTreeMap::new(),
        unused: BTreeMap::new(),
        diagnostics: book.diagnostics.clone(),
        parts: Vec::new(),
    };
    for (sheet, why) in &found.passed {
        let page = gather.pages.get(*sheet).map(|page| page.path.clone());
        let told = page.map(|page| Diagnostic::error(page, why.clone()));
        gather.diagnostics.extend(told);
    }
    for segment in &found.segments {
        gather.segment(segment);
    }
    for block in found.form.blocks.iter().filter(|b| !is_tabular(b)) {
        gather.loose(block);
    }
    gather.tell_unused();
    gather.use_marks();
    gather.tell_sheets();
    let unread = gather.unread();
    Gathered {
        pages: gather.pages,
        tables: gather.tables,
        diagnostics: gather.diagnostics,
        parts: gather.parts,
        unread,
    }
}

struct Gather<'a> {
    schema: &'a Schema,
    form: &'a FormMap,
    book: &'a Book,
    pages: Vec<Page>,
    tables: Tables,
    /// Of each sheet the rows, as places among the rows of the grid, of which something was read.
    used: Vec<Vec<usize>>,
    /// Of those, the rows of tables, in which no label stands.
    lines: Vec<Vec<usize>>,
    /// What the lines of each table say in words, with the sheet on which each stood first.
    known: BTreeMap<TableId, BTreeMap<String, usize>>,
    /// Sheets that are passed over for better ones.
    passed: Vec<usize>,
    /// The sums of each block on each sheet, by column.
    sums: BTreeMap<(usize, usize), Vec<(usize, Option<Decimal>)>>,
    /// The columns of each header, by sheet and row, that no block reads.
    unused: BTreeMap<(usize, usize), Vec<(usize, String)>>,
    diagnostics: Vec<Diagnostic>,
    parts: Vec<Part>,
}

impl Gather<'_> {
    /// The columns of a header that no block reads, in one notice a header.
    fn tell_unused(&mut self) {
        const NAMED: usize = 8;
        for ((sheet, at), unused) in &self.unused {
            let names = unused.iter().take(NAMED).map(|(_, name)| quoted(name));
            let names = names.collect::<Vec<_>>().join(", ");
            let message = match unused.len() {
                0 => continue,
                1 => format!("the column {names} is not used"),
                n if n <= NAMED => format!("the columns {names} are not used"),
                n => format!("{n} columns are not used: {names}, …"),
            };
            let number = self.row_number(*sheet, *at);
            let place = self.pages.get(*sheet).map(|page| page.row_place(number));
            self.diagnostics
                .extend(place.map(|place| Diagnostic::notice(place, message)));
        }
    }

    /// The rows in which the form's marks stand are read, and nothing is in them.
    fn use_marks(&mut self) {
        let book = self.book;
        for mark in &self.form.marks {
            for (sheet, leaf) in book.sheets.iter().enumerate() {
                let found = leaf.find(std::slice::from_ref(mark), 0);
                self.use_rows(sheet, found.into_iter());
            }
        }
    }

    /// What is to be known of each sheet: what it hides, if something of it was read; and that nothing was.
    fn tell_sheets(&mut self) {
        for ((leaf, page), used) in self.book.sheets.iter().zip(&self.pages).zip(&self.used) {
            if self.book.text {
                continue;
            }
            if !used.is_empty() {
                self.diagnostics.extend(leaf.sheet.tell(&page.path));
            } else if !leaf.sheet.hidden && leaf.grid().rows.iter().any(|row| !row.is_blank()) {
                let message = format!("the sheet {} is not used", quoted(&leaf.sheet.name));
                self.diagnostics
                    .push(Diagnostic::notice(&*page.path, message));
            }
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
            goes_on: form.plans.is_some() || block.distinct,
            above: self
                .sums
                .get(&(segment.block, segment.sheet))
                .cloned()
                .unwrap_or_default(),
            common,
        };
        let lines = reader.read();
        if let Some(first) = self.is_copy(&reader, &lines) {
            let first = book.sheets.get(first).map_or("", |leaf| &leaf.sheet.name);
            let message = format!(
                "most of these lines stand on the sheet {} already: they were not read; take one of the two away",
                quoted(first)
            );
            let header = leaf.grid().rows.get(segment.header).map_or(1, |r| r.number);
            let told = Diagnostic::error(page.row_place(header), message);
            self.diagnostics.push(told);
            return;
        }
        let part = part_of(&reader, &lines);
        self.parts.push(part);
        self.tell_rivals(&reader);
        let above = self.sums.entry((segment.block, segment.sheet)).or_default();
        add_sums(above, &lines.sums);
        let at = (segment.sheet, segment.header);
        let unused = segment.unused.clone();
        let others = self.unused.entry(at).or_insert_with(|| unused.clone());
        others.retain(|column| unused.contains(column));
        self.take_lines(block.table, segment.sheet, lines);
        self.use_rows(segment.sheet, used.into_iter());
    }

    /// Says which columns of figures could be read in the place of the one that is.
    fn tell_rivals(&mut self, reader: &Reader<'_>) {
        let grid = reader.leaf.grid();
        let number = grid.rows.get(reader.segment.header).map_or(1, |r| r.number);
        for (column, id) in &reader.segment.rivals {
            let field = reader.table.fields.get(*id).filter(|f| f.ty.is_figure());
            let Some((field, own)) = field.zip(reader.segment.column(*id)) else {
                continue;
            };
            let words = |column: usize| quoted(grid.seen(number, column).shown());
            let message = format!(
                "{} may be `{}` too: {} was read, this column not",
                words(*column),
                field.name,
                words(own)
            );
            let place = u32::try_from(*column).unwrap_or(u32::MAX);
            let place = reader.page.cell_place(place, number, &field.name);
            self.diagnostics.push(Diagnostic::error(place, message));
        }
    }

    /// The sheet of which these lines are a copy, figures aside: an older budget, or the same one again. Counted twice, its
    /// money would be.
    fn is_copy(&mut self, reader: &Reader<'_>, lines: &Lines) -> Option<usize> {
        let words: Vec<String> = lines
            .list
            .iter()
            .map(|(line, _)| words_of(reader.table, line))
            .collect();
        let known = self.known.entry(reader.block.table).or_default();
        let elsewhere = |words: &String| {
            let first = known.get(words).copied();
            first.filter(|sheet| *sheet != reader.segment.sheet)
        };
        let copied: Vec<usize> = words.iter().filter_map(elsewhere).collect();
        let is_copy = !reader.block.distinct && copied.len() > 2 && copied.len() * 2 > words.len();
        if is_copy {
            return copied.first().copied();
        }
        for words in words {
            known.entry(words).or_insert(reader.segment.sheet);
        }
        None
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
            let origin = self.label_origin(block, source.field, segment.sheet, beside);
            common.push((source.field, taken, origin));
        }
        (common, rows)
    }

    fn label_origin(&self, block: &Block, field: FieldId, sheet: usize, beside: &Beside) -> Origin {
        Origin::label(&beside.label, self.place(block, field, sheet, beside))
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
            Some(field) => understand(block, (id, field), &beside.written, false),
            None => (beside.written.clone(), None),
        };
        if let Some(guess) = guess {
            let place = self.place(block, id, sheet, beside);
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

    /// The place of a label's value.
    fn place(&self, block: &Block, field: FieldId, sheet: usize, beside: &Beside) -> String {
        let column = u32::try_from(beside.columns.1).unwrap_or(u32::MAX);
        let number = self.row_number(sheet, beside.at);
        let name = self.table(block).and_then(|t| t.fields.get(field));
        let name = name.map_or("", |f| &f.name);
        let page = self.pages.get(sheet);
        page.map_or(String::new(), |page| page.cell_place(column, number, name))
    }

    /// Labels and ticks; those of hidden sheets only where no sheet that people see has any.
    fn loose(&mut self, block: &Block) {
        let book = self.book;
        let before = self.parts.len();
        for hidden in [false, true] {
            if self.parts.len() > before {
                return;
            }
            for (sheet, leaf) in book.sheets.iter().enumerate() {
                let passed = self.passed.contains(&sheet);
                if passed || leaf.sheet.hidden != hidden || !stands_on(block, leaf) {
                    continue;
                }
                if block.ticks.is_some() {
                    self.ticks(block, sheet, leaf);
                } else {
                    self.labels(block, sheet, leaf);
                }
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
            self.contradictions(block, source.field, sheet, &found);
            let taken = self.label(block, sheet, source.field, &beside);
            first.get_or_insert(beside.at);
            self.use_rows(sheet, found.iter().map(|b| b.at));
            from.push(From {
                field: source.field,
                origin: self.label_origin(block, source.field, sheet, &beside),
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

    /// Says where a label stands again with another value than the first that has one.
    fn contradictions(&mut self, block: &Block, field: FieldId, sheet: usize, found: &[Beside]) {
        let mut filled = found.iter().filter(|b| !b.written.is_blank());
        let Some(first) = filled.next() else {
            return;
        };
        let own = first.written.shown();
        let place = self.place(block, field, sheet, first);
        let others = filled.filter(|b| b.written.shown() != own);
        let told = others.map(|other| {
            let message = format!(
                "{} stands here, {} at {place}: that one was read",
                quoted(other.written.shown()),
                quoted(own)
            );
            Diagnostic::error(self.place(block, field, sheet, other), message)
        });
        let told: Vec<Diagnostic> = told.collect();
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
            let heading = |&field: &FieldId| From {
                field,
                origin: Origin::Heading,
            };
            let mut from: Vec<From> = block.headings.iter().map(heading).collect();
            from.push(From {
                field,
                origin: Origin::Tick,
            });
            self.push_part(block, sheet, lines, from);
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
}

fn add_sums(above: &mut Vec<(usize, Option<Decimal>)>, sums: &[(usize, Option<Decimal>)]) {
    for (column, sum) in sums {
        match above.iter_mut().find(|(held, _)| held == column) {
            Some((_, held)) => *held = held.zip(*sum).and_then(|(held, sum)| held.checked_add(sum)),
            None => above.push((*column, *sum)),
        }
    }
}

/// What a line says in words: its cells without figures.
fn words_of(table: &Table, line: &Line) -> String {
    let cells = table.fields.iter().zip(&line.cells);
    let words = cells.filter(|(field, _)| !field.ty.is_figure());
    let words = words.map(|(_, taken)| taken.as_ref().map_or("", |t| t.written.shown()));
    words.collect::<Vec<_>>().join("\u{1f}")
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
