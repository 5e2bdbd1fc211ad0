//! Records of a text file that are lines without a doubt: their cells are read where they stand, straight into their
//! columns, one column after the other. Whatever is not so plain is left to [`Lines::take`], and a cell that is not to
//! [`read_cell_since`].

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use super::{Lines, PLAN, Written, is_total, may_end_total, read_cell_since};
use crate::hash::Map;
use crate::read::cell::may_be_mark;
use crate::read::header::bare;
use crate::read::limits::SUBMISSION;
use crate::read::scan::closing_quote;
use crate::read::signs::Signs;
use crate::schema::{Field, FieldId, Table};
use crate::table::{Column, Rows, Texts};
use crate::value::{Decimal, LIMIT, Type, bare_parts, trim};

/// Where a cell stands in its text, without its quotes.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: u32,
    to: u32,
}

impl Span {
    /// That of a text whose bytes have been seen.
    fn of(from: usize, to: usize) -> Self {
        let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span {
            from: byte(from),
            to: byte(to),
        }
    }

    fn range(self) -> Range<usize> {
        let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        place(self.from)..place(self.to)
    }

    fn text(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }

    fn bytes(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.range()).unwrap_or_default()
    }
}

/// The parts of a text that make it up with each pair of quotes as one.
fn single_quotes(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = memchr(b'"', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
        let (part, behind) = rest.split_at_checked(end)?;
        rest = behind.strip_prefix('"').unwrap_or(behind);
        (!part.is_empty()).then_some(part)
    })
}

/// Records that are split, in memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Split {
    /// The cells of the last.
    cells: Vec<Span>,
    /// Those of them in which quotes are written twice.
    quoted: Vec<usize>,
    /// Where the lines begin that are taken together.
    starts: Vec<usize>,
    /// For each field the codes that were read.
    codes: Vec<Codes>,
    /// Counts the collections of texts that were read into.
    turn: u32,
}

/// Codes that were read, by how they are written. They are read anew for no other text.
type Codes = Map<String, Known>;

/// A code that was read.
#[derive(Debug)]
struct Known {
    /// As it is listed.
    code: String,
    /// Its number among the texts of a turn.
    number: u32,
    turn: u32,
}

impl Split {
    /// From here on texts are read into another collection of texts: the numbers of before are no numbers there.
    pub(crate) fn renumber(&mut self) {
        self.turn = self.turn.wrapping_add(1);
    }

    /// Finds the cells of the record that begins at a byte of a text, and its end; `None` where a quote is never closed, or
    /// something stands behind one that is.
    fn find(&mut self, text: &str, from: usize, delimiter: u8) -> Option<usize> {
        let bytes = text.as_bytes();
        self.cells.clear();
        self.quoted.clear();
        let ends = [delimiter, b'\n'];
        let mut signs = Signs::from(bytes, from, ends);
        let mut at = from;
        loop {
            let (span, end) = if bytes.get(at) == Some(&b'"') {
                let (to, has_quotes) = closing_quote(bytes, at + 1)?;
                if has_quotes {
                    self.quoted.push(self.cells.len());
                }
                signs = Signs::from(bytes, to + 1, ends);
                if signs.next_place() != to + 1 {
                    return None;
                }
                (Span::of(at + 1, to), to + 1)
            } else {
                let to = signs.next_place();
                (Span::of(at, to), to)
            };
            self.cells.push(span);
            match bytes.get(end) {
                Some(b'\n') => return Some(end + 1),
                Some(_) => at = end + 1,
                None => return Some(end),
            }
        }
    }
}

/// What a column holds where nothing is odd.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Words as they stand, of so many bytes at least: shorter ones may have lost zeros. In some tables they may tell a total.
    Text {
        least: usize,
        may_total: bool,
        is_asked_for: bool,
    },
    /// A bare figure within its bounds, in millionths.
    Figure { least: i64, most: i64 },
    /// Four digits within their bounds, in millionths.
    Year { least: i64, most: i64 },
    /// A code, which takes more to read, and is the same wherever it is written so.
    Code,
    /// What takes more to read.
    Other,
}

/// How the columns of a table are read where nothing is odd.
#[derive(Debug)]
pub(crate) struct Shapes {
    columns: Vec<Shape>,
    /// Whether a header of each may hold a digit.
    with_digits: Vec<bool>,
}

impl Shapes {
    /// The shapes of a table's fields.
    pub(crate) fn of(table: &Table) -> Self {
        let is_of_submission = table.reference.is_none();
        let shapes = table.fields.iter().map(|f| Shape::of(f, is_of_submission));
        let may_have_digits = |f: &Field| {
            let names = [&f.name, &f.label].into_iter().chain(&f.also);
            names.into_iter().any(|name| has_digit(name))
        };
        Shapes {
            columns: shapes.collect(),
            with_digits: table.fields.iter().map(may_have_digits).collect(),
        }
    }
}

/// The places of a millionth.
const PLACES: u32 = 6;

impl Shape {
    /// Any words.
    const WORDS: Shape = Shape::Text {
        least: 0,
        may_total: false,
        is_asked_for: false,
    };

    fn of(field: &Field, is_of_submission: bool) -> Self {
        if field.codes.is_some() {
            return Shape::Code;
        }
        let least = field.least().unwrap_or(-LIMIT).max(-LIMIT);
        let bounds = millionths(least).zip(millionths(field.max.unwrap_or(LIMIT)));
        match (field.ty, bounds) {
            (Type::Text, _) => Shape::Text {
                least: field.digits.unwrap_or(0),
                may_total: is_of_submission,
                is_asked_for: field.asked_for || !is_of_submission,
            },
            (Type::Money | Type::Number, Some((least, most))) => Shape::Figure { least, most },
            (Type::Year, Some((least, most))) => Shape::Year { least, most },
            _ => Shape::Other,
        }
    }

    /// Adds the cells of a column in rows as long as they can be nothing but what they seem; how many.
    fn read_all(
        self,
        (rows, field, range): (&Rows, FieldId, Range<usize>),
        (codes, turn): (&mut Codes, u32),
        column: &mut Column,
        texts: &mut Texts,
    ) -> usize {
        match self {
            Shape::Figure { least, most } => column
                .push_figures(rows.raw_bytes(field, range), |cell| {
                    figure_between(cell, least, most)
                }),
            Shape::Year { least, most } => {
                // Nearly all rows are of one year.
                let mut last: (&[u8], _) = (&[], None);
                column.push_figures(rows.raw_bytes(field, range), |cell| {
                    if last.0 != cell {
                        last = (cell, year_between(cell, least, most));
                    }
                    last.1
                })
            }
            Shape::Text {
                is_asked_for: true, ..
            } => column.push_texts(rows.raws(field, range), |text| {
                self.is_words(text).then(|| texts.intern(text))
            }),
            Shape::Text { .. } => column.push_texts(rows.raws(field, range), |text| {
                self.is_words(text).then_some(Texts::AS_WRITTEN)
            }),
            Shape::Code => column.push_texts(rows.raws(field, range), |text| {
                let known = codes.get_mut(text)?;
                if known.turn != turn {
                    (known.number, known.turn) = (texts.intern(&known.code), turn);
                }
                Some(known.number)
            }),
            Shape::Other => column.push_texts(rows.raws(field, range), |_| None),
        }
    }

    /// Whether a text is words as they stand.
    fn is_words(self, text: &str) -> bool {
        let ([first, .., last] | [first @ last]) = text.as_bytes() else {
            return false;
        };
        let Shape::Text {
            least, may_total, ..
        } = self
        else {
            return false;
        };
        let shows = first.is_ascii_graphic() && last.is_ascii_graphic();
        let is_total = || may_total && may_end_total(text.as_bytes()) && is_total(text);
        shows && text.len() >= least && !may_be_mark(text) && !is_total()
    }
}

/// A number in millionths, where it is one of them exactly.
fn millionths(x: Decimal) -> Option<i64> {
    let x = x.normalize();
    let factor = 10_i128.pow(PLACES.checked_sub(x.scale())?);
    i64::try_from(x.mantissa().checked_mul(factor)?).ok()
}

/// The digits of a bare figure within bounds in millionths, and how many stand behind the point.
fn figure_between(cell: &[u8], least: i64, most: i64) -> Option<(i64, u32)> {
    const POWERS: [i64; 7] = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    let (value, places) = bare_parts(cell)?;
    let factor = POWERS.get(usize::try_from(places).ok()?)?;
    let compared = value.checked_mul(*factor)?;
    let is_within = (least..=most).contains(&compared);
    is_within.then_some((value, places))
}

/// The same of a year: four digits.
fn year_between(cell: &[u8], least: i64, most: i64) -> Option<(i64, u32)> {
    let is_year = matches!(cell, [b'1', b'9', d, e] | [b'2', _, d, e]
        if d.is_ascii_digit() && e.is_ascii_digit());
    is_year.then(|| figure_between(cell, least, most))?
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether a cell of a record begins with a digit, and something stands in another: so begins no header, and so looks no note.
fn has_figure(bytes: &[u8], cells: &[Span]) -> bool {
    let first = |span: &Span| span.bytes(bytes).first();
    let shows = cells
        .iter()
        .filter_map(first)
        .filter(|byte| byte.is_ascii_graphic());
    cells.iter().filter_map(first).any(u8::is_ascii_digit) && shows.take(2).count() == 2
}

impl Lines<'_> {
    /// Takes records from a byte of a text on that the rows [hold](Rows::hold), at most so many, as long as only
    /// [`Lines::take`] could tell no more of them: their cells are read a column after the other. How many were taken, and
    /// where the next begins.
    pub(crate) fn take_plain(
        &mut self,
        first: u32,
        (text, held, from): (&str, usize, usize),
        (split, shapes, delimiter): (&mut Split, &Shapes, u8),
        most: usize,
        texts: &mut Texts,
    ) -> (usize, usize) {
        let (before, mut at) = (self.rows.len(), from);
        split.starts.clear();
        split
            .codes
            .resize_with(shapes.columns.len(), Codes::default);
        for number in (first..).take(most) {
            let end = Some(at).filter(|at| *at < text.len());
            let end = end.and_then(|at| split.find(text, at, delimiter));
            let is_short = |end: &usize| end - at <= SUBMISSION.columns;
            let Some(end) = end.filter(is_short) else {
                break;
            };
            if !self.begin_line(number, text, (split, shapes), held) {
                break;
            }
            split.starts.push(at);
            at = end;
        }
        let mut end = self.rows.len();
        for (codes, (field, shape)) in split
            .codes
            .iter_mut()
            .zip(shapes.columns.iter().enumerate())
        {
            let codes = (codes, split.turn);
            end = self.read_column((field, *shape), before..end, codes, texts);
        }
        if end < self.rows.len() {
            self.rows.truncate(end);
            // Where the ids of those that were left stand is told when they are read again.
            self.odd_ids.retain(|_, first| *first < end);
        }
        let taken = end - before;
        (taken, split.starts.get(taken).copied().unwrap_or(at))
    }

    /// Begins a line of a record without a doubt: notes where its cells stand.
    fn begin_line(
        &mut self,
        number: u32,
        text: &str,
        (split, shapes): (&Split, &Shapes),
        held: usize,
    ) -> bool {
        let cells = &*split.cells;
        if !self.is_line(text, cells, shapes) || !self.is_plain_id(text, split) {
            return false;
        }
        let columns = &self.header.columns;
        let side_by_side = self
            .first_column
            .and_then(|first| cells.get(first..first + columns.len()));
        if let Some(cells) = side_by_side {
            let parts = cells.iter().map(|span| Some((span.from, span.to)));
            self.rows.begin_row_of(number, held, parts);
        } else {
            let part = |column: &Option<usize>| {
                let span = column.and_then(|column| cells.get(column));
                span.map(|span| (span.from, span.to))
            };
            let parts = columns.iter().map(part);
            self.rows.begin_row_of(number, held, parts);
        }
        for &column in &split.quoted {
            let span = cells.get(column).copied();
            let fields = (0..columns.len()).filter(|f| columns.get(*f) == Some(&Some(column)));
            for (field, span) in fields.zip(span) {
                let words = single_quotes(span.text(text));
                let row = self.rows.len().saturating_sub(1);
                self.rows.set_raw(row, field, words);
            }
        }
        true
    }

    /// Reads the cells of a column in rows that were begun; as far as which row, of which more is to be told.
    fn read_column(
        &mut self,
        (field, shape): (FieldId, Shape),
        rows: Range<usize>,
        (codes, turn): (&mut Codes, u32),
        texts: &mut Texts,
    ) -> usize {
        let slot = self.rows.columns.get_mut(field);
        let Some(mut column) = slot.and_then(Option::take) else {
            return rows.end;
        };
        let mut row = rows.start;
        loop {
            let cells = (&self.rows, field, row..rows.end);
            row += shape.read_all(cells, (&mut *codes, turn), &mut column, texts);
            let known = (&mut *codes, turn);
            if row == rows.end || !self.read_with_care((field, row), known, &mut column, texts) {
                break;
            }
            row += 1;
        }
        if let Some(slot) = self.rows.columns.get_mut(field) {
            *slot = Some(column);
        }
        row
    }

    /// Adds a cell that takes more to read to its column; `false` where something is to be told of it.
    fn read_with_care(
        &mut self,
        (field, row): (FieldId, usize),
        (codes, turn): (&mut Codes, u32),
        column: &mut Column,
        texts: &mut Texts,
    ) -> bool {
        let Some(f) = self.table.fields.get(field) else {
            return false;
        };
        let words = self.rows.raw(row, field).to_owned();
        if self.table.reference.is_none() && is_total(&words) {
            return false;
        }
        let written = Written::Text(Cow::Borrowed(&words));
        let read = read_cell_since(f, &written, self.from_1904);
        if read.message.is_some() {
            return false;
        }
        column.push(&read.cell(), texts);
        if read.raw != words {
            self.rows.set_raw(row, field, std::iter::once(read.raw));
        } else if let Some(number) = column.last_text().filter(|_| f.codes.is_some()) {
            let code = texts.get(number).to_owned();
            codes.insert(words, Known { code, number, turn });
        }
        true
    }

    /// Whether nothing is to be told of the id of a record: it lost no zero, and reads like no other.
    fn is_plain_id(&mut self, text: &str, split: &Split) -> bool {
        let Some((key, column)) = self.id else {
            return true;
        };
        let Some(span) = split.cells.get(column) else {
            return true;
        };
        let id = span.text(text);
        let has_quotes = !split.quoted.is_empty() && split.quoted.contains(&column);
        let is_words = id.is_empty() || Shape::WORDS.is_words(id);
        let last = self.rows.len().checked_sub(1);
        let follows_nine = || last.is_some_and(|row| self.rows.raw(row, key).ends_with('9'));
        let may_be_odd = id.starts_with('0') || !self.odd_ids.is_empty() || follows_nine();
        if !may_be_odd || !is_words || has_quotes {
            return is_words && !has_quotes;
        }
        let written = Written::Text(Cow::Borrowed(id));
        self.read_id(key, &written).message.is_none()
    }

    /// Whether a record is a line of the table and no total, no header, and no longer than the header.
    fn is_line(&self, text: &str, cells: &[Span], shapes: &Shapes) -> bool {
        if cells.len() > self.header.named.min(self.header.width) || self.table.name == PLAN {
            return false;
        }
        let bytes = text.as_bytes();
        if self.among.is_some() && !has_figure(bytes, cells) {
            return false;
        }
        // A total among the cells that are read is found as they are.
        let may_end = |column: &usize| {
            let cell = cells.get(*column).map_or(&[][..], |span| span.bytes(bytes));
            may_end_total(cell) && is_total(&String::from_utf8_lossy(cell))
        };
        if self.table.reference.is_none() && self.not_read.iter().any(may_end) {
            return false;
        }
        let columns = self.header.columns.iter().flatten();
        let held = columns.map(|column| cells.get(*column).map_or(&[][..], |s| s.bytes(bytes)));
        let shows = |cell: &[u8]| cell.first().is_some_and(u8::is_ascii_graphic);
        held.clone().any(shows)
            // Blank cells are most often among the last.
            && (held.rev().any(<[u8]>::is_empty) || !self.is_named(text, cells, shapes))
    }

    /// Whether the first column that is read says what it holds.
    fn is_named(&self, text: &str, cells: &[Span], shapes: &Shapes) -> bool {
        let mut columns = self.header.columns.iter().enumerate();
        let first = columns.find_map(|(field, column)| Some((field, (*column)?)));
        first.is_some_and(|(field, column)| {
            let text = cells.get(column).map_or("", |span| span.text(text));
            let with_digits = shapes.with_digits.get(field) != Some(&false);
            (with_digits || !has_digit(text))
                && self.table.find_field(bare(trim(text))) == Some(field)
        })
    }
}
