//! Finds the blocks of a form in a file: header rows by their content, regions by their words.

use super::book::{Book, Leaf};
use super::map::{Block, FormMap, Name};
use super::pattern::Pattern;
use super::values::label_value;
use crate::read::grid::Grid;
use crate::schema::{FieldId, TableId};

/// A form that was found in a file, with its tables' places.
pub(crate) struct Match<'f> {
    /// The form.
    pub(crate) form: &'f FormMap,
    /// Where its rows are, in the order of sheets and rows.
    pub(crate) segments: Vec<Segment>,
    /// Sheets that hold what another sheet holds better, and why they are not read.
    pub(crate) passed: Vec<(usize, String)>,
    /// How many columns and labels were found.
    pub(crate) score: usize,
}

/// A header and the rows below it.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// The block of the form.
    pub(crate) block: usize,
    /// The sheet.
    pub(crate) sheet: usize,
    /// The first header row, as a place among the rows of the grid.
    pub(crate) top: usize,
    /// The last header row.
    pub(crate) header: usize,
    /// The first row that is none of this segment.
    pub(crate) end: usize,
    /// The column of each field that was found, with the words of its header.
    pub(crate) columns: Vec<Column>,
    /// The columns that are rows in truth: the value, and its column.
    pub(crate) spread: Vec<(usize, usize)>,
    /// The column of their sum.
    pub(crate) total: Option<usize>,
    /// The columns of the plan's key.
    pub(crate) keys: [Option<usize>; 3],
    /// Columns with a header that nothing reads.
    pub(crate) unused: Vec<(usize, String)>,
    /// Columns that nothing reads and that could be a field's as well as the column that is read.
    pub(crate) rivals: Vec<(usize, FieldId)>,
    /// Columns of which another has the name too, and what to say of their figures.
    pub(crate) doubles: Vec<(usize, String)>,
}

/// A field's column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// The field.
    pub(crate) field: FieldId,
    /// The column, from 0.
    pub(crate) column: usize,
}

impl Segment {
    fn score(&self) -> usize {
        self.columns.len() + self.spread.len()
    }

    /// The column of a field.
    pub(crate) fn column(&self, field: FieldId) -> Option<usize> {
        let mut columns = self.columns.iter();
        columns.find(|c| c.field == field).map(|c| c.column)
    }

    /// Every column that is read.
    pub(crate) fn read_columns(&self) -> impl Iterator<Item = usize> + '_ {
        let spread = self.spread.iter().map(|(_, column)| *column);
        self.columns.iter().map(|c| c.column).chain(spread)
    }
}

/// The form of a pack that a file has, if any: the one of which the most is found. `marked` asks for the forms that are
/// known by their marks, or for the others.
pub(crate) fn recognise<'f>(forms: &'f [FormMap], book: &Book, marked: bool) -> Option<Match<'f>> {
    let has_marks = |form: &&FormMap| {
        let stands = |mark: &Pattern| {
            let mark = std::slice::from_ref(mark);
            book.sheets.iter().any(|leaf| leaf.find(mark, 0).is_some())
        };
        form.marks.is_empty() != marked && form.marks.iter().all(stands)
    };
    let found = forms
        .iter()
        .filter(has_marks)
        .filter_map(|form| find(form, book));
    // Of equals the first counts.
    found.fold(None, |best: Option<Match<'f>>, next| match best {
        Some(best) if best.score >= next.score => Some(best),
        _ => Some(next),
    })
}

fn find<'f>(form: &'f FormMap, book: &Book) -> Option<Match<'f>> {
    let mut segments = Vec::new();
    for (sheet, leaf) in book.sheets.iter().enumerate() {
        segments.extend(segments_of(form, sheet, leaf));
    }
    // What a hidden sheet holds counts where no sheet that people see holds the same.
    let is_hidden = |s: &Segment| {
        book.sheets
            .get(s.sheet)
            .is_some_and(|leaf| leaf.sheet.hidden)
    };
    let seen: Vec<usize> = segments
        .iter()
        .filter(|s| !is_hidden(s))
        .map(|s| s.block)
        .collect();
    segments.retain(|s| !is_hidden(s) || !seen.contains(&s.block));
    let mut passed = Vec::new();
    for (at, block) in form.blocks.iter().enumerate() {
        passed.extend(pass_over(block, at, &mut segments, book));
    }
    let mut score = segments.iter().map(Segment::score).sum();
    let blocks = || form.blocks.iter();
    let block_of = |segment: &Segment| form.blocks.get(segment.block);
    let mut tables: Vec<TableId> = segments
        .iter()
        .filter_map(|s| Some(block_of(s)?.table))
        .collect();
    let required: Vec<TableId> = blocks().filter(|b| b.required).map(|b| b.table).collect();
    let has_labels = |table: &TableId| blocks().any(|b| b.table == *table && !is_tabular(b));
    // Labels are looked for where the tables of the form are there.
    if !required
        .iter()
        .all(|table| tables.contains(table) || has_labels(table))
    {
        return None;
    }
    for block in blocks().filter(|b| !is_tabular(b)) {
        let leaves = book.sheets.iter().filter(|leaf| stands_on(block, leaf));
        let labels = leaves
            .map(|leaf| labels_found(block, leaf))
            .max()
            .unwrap_or(0);
        score += labels;
        if labels >= block.labels.len().clamp(1, 2) {
            tables.push(block.table);
        }
    }
    if !required.iter().all(|table| tables.contains(table)) {
        return None;
    }
    Some(Match {
        form,
        segments,
        passed,
        score,
    })
}

/// Of the sheets that hold a block those are passed over whose name says that it is a draft, a copy or of an earlier year than
/// another's.
fn pass_over(
    block: &Block,
    at: usize,
    segments: &mut Vec<Segment>,
    book: &Book,
) -> Vec<(usize, String)> {
    let name = |sheet: usize| book.sheets.get(sheet).map_or("", |leaf| &leaf.sheet.name);
    let words = |sheet: usize| super::pattern::folded(name(sheet));
    let mut sheets: Vec<usize> = segments
        .iter()
        .filter(|s| s.block == at)
        .map(|s| s.sheet)
        .collect();
    sheets.dedup();
    let excepted = |sheet: usize| block.except.iter().any(|p| p.fits(&words(sheet)));
    let year = |sheet: usize| words(sheet).split('_').find_map(year_of);
    let latest = sheets
        .iter()
        .filter(|s| !excepted(**s))
        .filter_map(|s| year(*s))
        .max();
    let worse =
        |sheet: usize| excepted(sheet) || year(sheet).zip(latest).is_some_and(|(y, last)| y < last);
    let Some(better) = sheets.iter().copied().find(|s| !worse(*s)) else {
        return Vec::new();
    };
    segments.retain(|s| s.block != at || !worse(s.sheet));
    let worse = sheets.into_iter().filter(|s| worse(*s));
    let told = worse.map(|sheet| {
        let message = format!(
            "by its name this sheet is a draft, a copy or of another year, and the sheet `{}` holds the same table: it was not read",
            name(better)
        );
        (sheet, message)
    });
    told.collect()
}

/// The fiscal year in a word of a sheet's name: `FY27`, `2027`.
fn year_of(word: &str) -> Option<i64> {
    let digits = word.strip_prefix("fy").unwrap_or(word);
    let is_year = digits.len() == 4 || (digits.len() == 2 && digits.len() < word.len());
    let number: i64 = digits.parse().ok().filter(|_| is_year)?;
    let year = if number < 100 { number + 2000 } else { number };
    (1990..2100).contains(&year).then_some(year)
}

/// Whether a block is a header with rows below it.
pub(crate) fn is_tabular(block: &Block) -> bool {
    !block.columns.is_empty() || block.unpivot.is_some()
}

/// Whether a block may stand on a sheet, by the sheet's name and the labels that it asks for.
pub(crate) fn stands_on(block: &Block, leaf: &Leaf) -> bool {
    let name = super::pattern::folded(&leaf.sheet.name);
    let named = block.sheets.is_empty() || block.sheets.iter().any(|p| p.fits(&name));
    named
        && block.only.iter().all(|(label, wanted)| {
            let value = label_value(leaf, std::slice::from_ref(label), &|_| false);
            let words = value.map(|found| super::pattern::folded(found.written.shown()));
            words.is_some_and(|words| wanted.iter().any(|p| p.fits(&words)))
        })
}

fn labels_found(block: &Block, leaf: &Leaf) -> usize {
    if block.ticks.is_some() && block.labels.is_empty() {
        return usize::from(!super::ticks::ticked(leaf).is_empty());
    }
    let there = |names: &[Name]| label_value(leaf, names, &|_| false).is_some();
    block.labels.iter().filter(|l| there(&l.names)).count()
}

/// The label in a cell's words: what stands before a colon, if one does.
pub(crate) fn label_of(words: &str) -> &str {
    words
        .split_once(':')
        .map_or(words, |(label, _)| label.trim_end_matches('_'))
}

/// The rows of a sheet in which a block may stand: from, to.
pub(crate) fn region(block: &Block, leaf: &Leaf) -> Option<(usize, usize)> {
    let last = leaf.grid().rows.len();
    let from = if block.after.is_empty() {
        0
    } else {
        leaf.find(&block.after, 0)? + 1
    };
    let to = if block.until.is_empty() {
        last
    } else {
        leaf.find(&block.until, from).unwrap_or(last)
    };
    Some((from, to))
}

fn segments_of(form: &FormMap, sheet: usize, leaf: &Leaf) -> Vec<Segment> {
    let blocks: Vec<(usize, &Block, (usize, usize))> = form
        .blocks
        .iter()
        .enumerate()
        .filter(|(_, block)| is_tabular(block) && stands_on(block, leaf))
        .filter_map(|(at, block)| Some((at, block, region(block, leaf)?)))
        .collect();
    if blocks.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<Segment> = Vec::new();
    let rows = leaf.grid().rows.len();
    let mut at = 0;
    while at < rows {
        let here = headers_at(form, &blocks, sheet, leaf, at);
        let below = if here.is_empty() {
            Vec::new()
        } else {
            headers_at(form, &blocks, sheet, leaf, at + 1)
        };
        let best = |of: &[Segment]| of.iter().map(Segment::score).max().unwrap_or(0);
        // Of two header rows the lower says more.
        if best(&below) > best(&here) {
            at += 1;
            continue;
        }
        found.extend(exclusive(form, here));
        at += 1;
    }
    // A title of one word that is a header's too is none where the block has a fuller one.
    let scores: Vec<(usize, usize)> = found.iter().map(|s| (s.block, s.score())).collect();
    let fuller = |block: usize| scores.iter().any(|(b, score)| *b == block && *score > 1);
    found.retain(|s| s.score() > 1 || !fuller(s.block));
    close(&blocks, &mut found, rows);
    found
}

/// Of the blocks that have a header in one row, the one that fits best, and those whose rows may be shared.
fn exclusive(form: &FormMap, mut found: Vec<Segment>) -> Vec<Segment> {
    let shared = |s: &Segment| form.blocks.get(s.block).is_some_and(|b| b.distinct);
    let owner = found
        .iter()
        .filter(|s| !shared(s))
        .fold(None, |best: Option<&Segment>, next| match best {
            Some(best) if best.score() >= next.score() => Some(best),
            _ => Some(next),
        })
        .map(|s| s.block);
    found.retain(|s| shared(s) || Some(s.block) == owner);
    found
}

/// A segment ends where the next one begins, or its block's region ends.
fn close(blocks: &[(usize, &Block, (usize, usize))], found: &mut [Segment], rows: usize) {
    let tops: Vec<(usize, usize)> = found.iter().map(|s| (s.top, s.header)).collect();
    for segment in found {
        let next = tops.iter().filter(|(_, header)| *header > segment.header);
        let next = next.map(|(top, _)| *top).min().unwrap_or(rows);
        let region = blocks.iter().find(|(at, ..)| *at == segment.block);
        let until = region.map_or(rows, |(_, _, (_, to))| *to);
        segment.end = next.min(until).max(segment.header + 1);
    }
}

fn headers_at(
    form: &FormMap,
    blocks: &[(usize, &Block, (usize, usize))],
    sheet: usize,
    leaf: &Leaf,
    at: usize,
) -> Vec<Segment> {
    let words = leaf.words(at);
    if words.is_empty() {
        return Vec::new();
    }
    let inside = |(_, _, (from, to)): &&(usize, &Block, (usize, usize))| (*from..*to).contains(&at);
    let mut heads: Option<Vec<Head>> = None;
    let mut found = Vec::new();
    for (block_at, block, _) in blocks.iter().filter(inside) {
        if !may_be_header(block, words) {
            continue;
        }
        let heads = heads.get_or_insert_with(|| heads_of(leaf, at));
        let segment = header_of(form, (*block_at, block), sheet, at, heads);
        found.extend(segment);
    }
    found
}

/// A cheap look: some cell of the row itself names a column of the block.
fn may_be_header(block: &Block, words: &[(usize, String)]) -> bool {
    let spread = block.unpivot.iter().flat_map(|u| &u.columns);
    let names = block
        .columns
        .iter()
        .flat_map(|s| &s.names)
        .chain(spread.flat_map(|(_, names)| names));
    let mut patterns = names.map(|n| &n.lower);
    patterns.any(|p| match p.exact() {
        Some(exact) => words.iter().any(|(_, words)| words == exact),
        None => words.iter().any(|(_, words)| p.fits(words)),
    })
}

/// The words above a column: in the header row itself and in the row above it.
struct Head {
    column: usize,
    lower: String,
    upper: String,
    shown: String,
    /// The words stand in the upper row alone.
    from_above: bool,
}

fn heads_of(leaf: &Leaf, at: usize) -> Vec<Head> {
    let grid = leaf.grid();
    let Some(row) = grid.rows.get(at) else {
        return Vec::new();
    };
    let above = at
        .checked_sub(1)
        .and_then(|at| grid.rows.get(at))
        .filter(|above| above.number + 1 == row.number);
    let width = row.cells.len().max(above.map_or(0, |r| r.cells.len()));
    let mut heads = Vec::new();
    let mut group = String::new();
    for column in 0..width {
        // Words that are merged over several columns name the first.
        let covers = grid.merge_over(row.number, column);
        if row.cell(column).is_blank() && covers.is_some_and(|m| m.columns.0 < column) {
            continue;
        }
        let shown = seen_text(grid, row.number, column);
        let upper_shown = above.map_or("", |above| seen_text(grid, above.number, column));
        let (lower, upper) = (
            super::pattern::folded(shown),
            super::pattern::folded(upper_shown),
        );
        // Where merged cells were lost, the words of a group stand above its first column alone.
        if !upper.is_empty() {
            group.clone_from(&upper);
        }
        let from_above = row.cell(column).is_blank();
        let (lower, upper) = match (lower.is_empty(), upper.is_empty()) {
            (true, false) => (upper.clone(), String::new()),
            (false, true) => (lower, group.clone()),
            _ if lower == upper => (lower, String::new()),
            _ => (lower, upper),
        };
        if !lower.is_empty() {
            heads.push(Head {
                column,
                lower,
                upper,
                shown: if shown.is_empty() { upper_shown } else { shown }.to_owned(),
                from_above,
            });
        }
    }
    heads
}

fn seen_text<'g>(grid: &'g Grid<'static>, number: u32, column: usize) -> &'g str {
    grid.seen(number, column).shown()
}

impl Name {
    fn names(&self, head: &Head) -> bool {
        match &self.upper {
            Some(upper) => upper.fits(&head.upper) && self.lower.fits(&head.lower),
            None => {
                self.lower.fits(&head.lower)
                    || (!head.upper.is_empty()
                        && self.lower.fits(&format!("{}_{}", head.upper, head.lower)))
            }
        }
    }
}

/// The column of the first of the names that one has; columns that are taken are passed over.
fn column_of(names: &[Name], heads: &[Head], taken: &[usize]) -> Option<usize> {
    let free = |head: &&Head| !taken.contains(&head.column);
    names
        .iter()
        .find_map(|name| heads.iter().filter(free).find(|head| name.names(head)))
        .map(|head| head.column)
}

/// The columns of a block that a header row names.
struct Named {
    columns: Vec<Column>,
    spread: Vec<(usize, usize)>,
    taken: Vec<usize>,
    doubles: Vec<(usize, String)>,
}

impl Named {
    fn of(block: &Block, heads: &[Head]) -> Self {
        let mut named = Named {
            columns: Vec::new(),
            spread: Vec::new(),
            taken: Vec::new(),
            doubles: Vec::new(),
        };
        for (value, (_, names)) in block.unpivot.iter().flat_map(|u| &u.columns).enumerate() {
            if let Some(column) = column_of(names, heads, &named.taken) {
                named.doubles.extend(double_of(names, heads, column));
                named.taken.push(column);
                named.spread.push((value, column));
            }
        }
        for source in &block.columns {
            let shares = block.shares(source.field);
            let taken: &[usize] = if shares { &[] } else { &named.taken };
            if let Some(column) = column_of(&source.names, heads, taken) {
                named
                    .doubles
                    .extend(double_of(&source.names, heads, column));
                named.taken.push(column);
                let field = source.field;
                named.columns.push(Column { field, column });
            }
        }
        named
    }

    /// The names of what the block needs and the header row has not.
    fn lacks(&self, block: &Block) -> Vec<String> {
        let has = |field: FieldId| self.columns.iter().any(|c| c.field == field);
        let needed = block.columns.iter();
        let needed = needed.filter(|s| block.needs.contains(&s.field) && !has(s.field));
        let mut lacks: Vec<String> = needed.filter_map(|s| shortest(&s.names)).collect();
        if let Some(unpivot) = block.unpivot.as_ref().filter(|_| self.spread.is_empty()) {
            lacks.extend(
                unpivot
                    .columns
                    .first()
                    .and_then(|(_, names)| shortest(names)),
            );
        }
        lacks
    }

    fn score(&self) -> usize {
        self.columns.len() + self.spread.len()
    }
}

/// What to say of a column when another has its name below other words: of last year's figures and this year's, say.
fn double_of(names: &[Name], heads: &[Head], column: usize) -> Option<(usize, String)> {
    let chosen = heads.iter().find(|head| head.column == column)?;
    let name = names.iter().find(|name| name.names(chosen))?;
    let mut others = heads
        .iter()
        .filter(|head| head.column != column && name.names(head));
    let other = others.find(|head| head.lower == chosen.lower && head.upper != chosen.upper)?;
    let letter = |head: &Head| crate::read::lines::letter(head.column);
    Some((
        column,
        format!(
            "the columns {} and {} are both named `{}`, under other words: which counts cannot be told",
            letter(chosen),
            letter(other),
            chosen.shown
        ),
    ))
}

fn shortest(names: &[Name]) -> Option<String> {
    let words = names.iter().map(|name| &name.lower.written);
    words.min_by_key(|words| words.len()).cloned()
}

fn header_of(
    form: &FormMap,
    (block_at, block): (usize, &Block),
    sheet: usize,
    at: usize,
    heads: &[Head],
) -> Option<Segment> {
    let named = Named::of(block, heads);
    if !named.lacks(block).is_empty() {
        return None;
    }
    let Named {
        columns,
        spread,
        taken,
        doubles,
    } = named;
    let keys = keys_of(form, heads)?;
    let total = block.unpivot.as_ref();
    let total = total.and_then(|u| column_of(&u.total, heads, &taken));
    let rivals = block
        .columns
        .iter()
        .filter(|s| columns.iter().any(|c| c.field == s.field));
    let rivals = rivals.flat_map(|source| {
        let free = heads.iter().filter(|h| !taken.contains(&h.column));
        let named = free.filter(|h| source.names.iter().any(|name| name.names(h)));
        named.map(|h| (h.column, source.field))
    });
    let rivals = rivals.collect();
    let read = |head: &&Head| {
        taken.contains(&head.column)
            || total == Some(head.column)
            || keys.contains(&Some(head.column))
    };
    let two = heads.iter().any(|h| h.from_above || !h.upper.is_empty()) && uses_upper(block, heads);
    Some(Segment {
        block: block_at,
        sheet,
        top: if two { at.saturating_sub(1) } else { at },
        header: at,
        end: at + 1,
        unused: heads
            .iter()
            .filter(|h| !read(h))
            .map(|h| (h.column, h.shown.clone()))
            .collect(),
        columns,
        spread,
        total,
        keys,
        doubles,
        rivals,
    })
}

/// Whether the row above is a part of the header: some column is known by it alone or by both.
fn uses_upper(block: &Block, heads: &[Head]) -> bool {
    let spread = block.unpivot.iter().flat_map(|u| &u.columns);
    let names = block
        .columns
        .iter()
        .flat_map(|s| &s.names)
        .chain(spread.flat_map(|(_, names)| names));
    let mut names = names;
    names.any(|name| {
        heads.iter().any(|head| {
            let alone = name.upper.is_none() && name.lower.fits(&head.lower);
            name.names(head) && (head.from_above || !alone)
        })
    })
}

/// The columns of the plan's key, when the form has one: without them the header is none.
fn keys_of(form: &FormMap, heads: &[Head]) -> Option<[Option<usize>; 3]> {
    let Some(plans) = &form.plans else {
        return Some([None; 3]);
    };
    let column = |patterns: &[Pattern]| {
        let mut named = patterns
            .iter()
            .filter_map(|p| heads.iter().find(|head| p.fits(&head.lower)));
        named.next().map(|head| head.column)
    };
    let code = column(&plans.district_code)?;
    let year = column(&plans.plan_year)?;
    Some([Some(code), Some(year), column(&plans.revision)])
}

// --- files that are almost of a form

/// What a file of no known form is most like: the form, where, and what the form has besides.
pub(crate) struct Likeness<'f> {
    /// The form.
    pub(crate) form: &'f FormMap,
    /// The sheet and the row of the header.
    pub(crate) at: (usize, u32),
    /// The columns, or the labels, that are not there.
    pub(crate) lacks: Vec<String>,
    /// How many of its columns are there.
    pub(crate) score: usize,
}

/// The form of which the fullest header stands in a file, if one has two columns of it.
pub(crate) fn likeness<'f>(forms: &'f [FormMap], book: &Book) -> Option<Likeness<'f>> {
    let mut best: Option<Likeness<'f>> = None;
    for form in forms.iter().filter(|form| form.marks.is_empty()) {
        for block in form.blocks.iter().filter(|b| is_tabular(b)) {
            for (sheet, leaf) in book.sheets.iter().enumerate() {
                let like = likeness_of(form, block, sheet, leaf);
                let more = like.filter(|l| best.as_ref().is_none_or(|b| l.score > b.score));
                best = more.or(best);
            }
        }
    }
    best
}

fn likeness_of<'f>(
    form: &'f FormMap,
    block: &'f Block,
    sheet: usize,
    leaf: &Leaf,
) -> Option<Likeness<'f>> {
    let mut best: Option<(usize, usize, Named)> = None;
    for at in 0..leaf.grid().rows.len() {
        if !may_be_header(block, leaf.words(at)) {
            continue;
        }
        let named = Named::of(block, &heads_of(leaf, at));
        let score = named.score();
        let likely = score >= 2 && named.lacks(block).len() < score;
        if likely && best.as_ref().is_none_or(|(held, ..)| score > *held) {
            best = Some((score, at, named));
        }
    }
    let (score, at, named) = best?;
    let mut lacks = named.lacks(block);
    if lacks.is_empty() {
        let labels = form.blocks.iter().filter(|b| b.required && !is_tabular(b));
        let labels = labels.flat_map(|b| &b.labels).take(2);
        lacks.extend(labels.filter_map(|l| shortest(&l.names)));
    }
    Some(Likeness {
        form,
        at: (sheet, leaf.grid().rows.get(at)?.number),
        lacks,
        score,
    })
}
