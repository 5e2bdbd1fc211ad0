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
use crate::schema::{Field, FieldId, Table};
use crate::table::{Column, Texts};
use crate::value::{Decimal, LIMIT, Type, bare_parts, trim};

/// Where a cell stands in its text, without its quotes.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: usize,
    to: usize,
    /// Quotes in it are written twice.
    has_quotes: bool,
}

impl Span {
    fn text(self, text: &str) -> &str {
        text.get(self.from..self.to).unwrap_or_default()
    }

    fn is_empty(self) -> bool {
        self.from == self.to
    }
}

/// A text with each pair of quotes as one.
fn single_quotes(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr(b'"', rest.as_bytes()) {
        let (before, behind) = rest.split_at_checked(at + 1).unwrap_or((rest, ""));
        words.push_str(before);
        rest = behind.strip_prefix('"').unwrap_or(behind);
    }
    words + rest
}

/// Records that are split, in memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Split {
    /// The cells of the last.
    cells: Vec<Span>,
    /// Where the lines begin that are taken together.
    starts: Vec<usize>,
}

impl Split {
    /// Finds the cells of the record that begins at a byte of a text, and its end; `None` where a quote is never closed, or
    /// something stands behind one that is.
    fn find(&mut self, text: &str, from: usize, delimiter: u8) -> Option<usize> {
        let bytes = text.as_bytes();
        self.cells.clear();
        let mut signs = Signs::from(bytes, from, delimiter);
        let mut at = from;
        loop {
            let (span, end) = if bytes.get(at) == Some(&b'"') {
                let (span, end) = quoted_cell(bytes, at + 1)?;
                signs = Signs::from(bytes, end, delimiter);
                if signs.next_place() != end {
                    return None;
                }
                (span, end)
            } else {
                let to = signs.next_place();
                let span = Span {
                    from: at,
                    to,
                    has_quotes: false,
                };
                (span, to)
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

/// Where delimiters and line ends stand in a text, looked for among eight bytes at a time.
struct Signs<'t> {
    bytes: &'t [u8],
    /// The delimiter in each byte.
    delimiters: u64,
    /// Where the eight bytes begin.
    at: usize,
    /// The high bit of each of them that is a sign and was not given yet.
    found: u64,
}

impl<'t> Signs<'t> {
    /// Those from a byte on.
    fn from(bytes: &'t [u8], at: usize, delimiter: u8) -> Self {
        let mut signs = Signs {
            bytes,
            delimiters: u64::from_le_bytes([delimiter; 8]),
            at,
            found: 0,
        };
        signs.look();
        signs
    }

    fn look(&mut self) {
        const LOW: u64 = u64::from_le_bytes([0x7f; 8]);
        const ENDS: u64 = u64::from_le_bytes([b'\n'; 8]);
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let word = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut word = [0; 8];
            word.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
            word
        });
        let word = u64::from_le_bytes(word);
        let (a, b) = (word ^ self.delimiters, word ^ ENDS);
        // Adding to the low bits sets the high bit of each byte that is not zero, and carries into no other.
        let is_other = (((a & LOW) + LOW) | a) & (((b & LOW) + LOW) | b);
        self.found = !(is_other | LOW);
    }

    /// The place of the next; the end of the text behind the last.
    fn next_place(&mut self) -> usize {
        while self.found == 0 {
            self.at += 8;
            if self.at >= self.bytes.len() {
                return self.bytes.len();
            }
            self.look();
        }
        let bits = self.found.trailing_zeros();
        self.found &= self.found - 1;
        self.at + usize::try_from(bits / 8).unwrap_or(0)
    }
}

/// A cell behind its opening quote, and what stands behind its closing one.
fn quoted_cell(bytes: &[u8], from: usize) -> Option<(Span, usize)> {
    let (mut at, mut has_quotes) = (from, false);
    loop {
        at += memchr(b'"', bytes.get(at..)?)?;
        if bytes.get(at + 1) != Some(&b'"') {
            let to = at;
            let span = Span {
                from,
                to,
                has_quotes,
            };
            return Some((span, to + 1));
        }
        has_quotes = true;
        at += 2;
    }
}

/// What a column holds where nothing is odd.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Words as they stand, of so many bytes at least: shorter ones may have lost zeros.
    Text { least: usize },
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
pub(crate) struct Shapes(Vec<Shape>);

impl Shapes {
    /// The shapes of a table's fields.
    pub(crate) fn of(table: &Table) -> Self {
        Shapes(table.fields.iter().map(Shape::of).collect())
    }
}

/// The places of a millionth.
const PLACES: u32 = 6;

impl Shape {
    fn of(field: &Field) -> Self {
        if field.codes.is_some() {
            return Shape::Code;
        }
        let least = field.least().unwrap_or(-LIMIT).max(-LIMIT);
        let bounds = millionths(least).zip(millionths(field.max.unwrap_or(LIMIT)));
        match (field.ty, bounds) {
            (Type::Text, _) => Shape::Text {
                least: field.digits.unwrap_or(0),
            },
            (Type::Money | Type::Number, Some((least, most))) => Shape::Figure { least, most },
            (Type::Year, Some((least, most))) => Shape::Year { least, most },
            _ => Shape::Other,
        }
    }

    /// Adds cells to their column as long as they can be nothing but what they seem; how many.
    fn read_all<'t>(
        self,
        cells: impl Iterator<Item = &'t str>,
        codes: &Map<String, u32>,
        column: &mut Column,
        texts: &mut Texts,
    ) -> usize {
        let mut read = 0;
        for text in cells {
            if text.is_empty() {
                column.push_blank();
            } else if let Some(figure) = self.read_figure(text) {
                column.push_figure(figure);
            } else if self.is_words(text) {
                column.push_text(texts.intern(text));
            } else if matches!(self, Shape::Code)
                && let Some(code) = codes.get(text)
            {
                column.push_text(*code);
            } else {
                break;
            }
            read += 1;
        }
        read
    }

    /// Whether a text is words as they stand.
    fn is_words(self, text: &str) -> bool {
        let ([first, .., last] | [first @ last]) = text.as_bytes() else {
            return false;
        };
        let shows = first.is_ascii_graphic() && last.is_ascii_graphic();
        matches!(self, Shape::Text { least } if shows && text.len() >= least && !may_be_mark(text))
    }

    /// The digits of a bare figure within the bounds, and how many stand behind the point.
    fn read_figure(self, text: &str) -> Option<(i64, u32)> {
        match self {
            Shape::Figure { least, most } => figure_between(text, least, most),
            Shape::Year { least, most } => {
                let is_year = matches!(text.as_bytes(), [b'1', b'9', d, e] | [b'2', _, d, e]
                    if d.is_ascii_digit() && e.is_ascii_digit());
                is_year.then(|| figure_between(text, least, most))?
            }
            Shape::Text { .. } | Shape::Code | Shape::Other => None,
        }
    }
}

/// A number in millionths, where it is one of them exactly.
fn millionths(x: Decimal) -> Option<i64> {
    let x = x.normalize();
    let factor = 10_i128.pow(PLACES.checked_sub(x.scale())?);
    i64::try_from(x.mantissa().checked_mul(factor)?).ok()
}

fn figure_between(text: &str, least: i64, most: i64) -> Option<(i64, u32)> {
    const POWERS: [i64; 7] = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    let (value, places) = bare_parts(text)?;
    let factor = POWERS.get(usize::try_from(places).ok()?)?;
    let compared = value.checked_mul(*factor)?;
    let is_within = (least..=most).contains(&compared);
    is_within.then_some((value, places))
}

/// Whether a cell of a record begins with a digit, and something stands in another: so begins no header, and so looks no note.
fn has_figure(bytes: &[u8], cells: &[Span]) -> bool {
    let first = |span: &Span| {
        Some(span)
            .filter(|s| !s.is_empty())
            .and_then(|s| bytes.get(s.from))
    };
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
        for number in (first..).take(most) {
            let end = Some(at).filter(|at| *at < text.len());
            let end = end.and_then(|at| split.find(text, at, delimiter));
            let is_short = |end: &usize| end - at <= SUBMISSION.columns;
            let Some(end) = end.filter(is_short) else {
                break;
            };
            if !self.begin_line(number, text, &split.cells, held) {
                break;
            }
            split.starts.push(at);
            at = end;
        }
        let mut end = self.rows.len();
        for (field, shape) in shapes.0.iter().enumerate() {
            end = self.read_column(field, *shape, before..end, texts);
        }
        if end < self.rows.len() {
            self.rows.truncate(end);
        }
        let taken = end - before;
        (taken, split.starts.get(taken).copied().unwrap_or(at))
    }

    /// Begins a line of a record without a doubt: notes where its cells stand.
    fn begin_line(&mut self, number: u32, text: &str, cells: &[Span], held: usize) -> bool {
        if !self.is_line(text, cells) || !self.is_plain_id(text, cells) {
            return false;
        }
        self.rows.begin_row(number);
        for column in &self.header.columns {
            let part = match column.and_then(|column| cells.get(column)) {
                None => (held, held),
                Some(span) if span.has_quotes => {
                    let words = single_quotes(span.text(text));
                    let from = self.rows.hold(&words);
                    (from, from + words.len())
                }
                Some(span) => (held + span.from, held + span.to),
            };
            self.rows.push_raw(part);
        }
        true
    }

    /// Reads the cells of a column in rows that were begun; as far as which row, of which more is to be told.
    fn read_column(
        &mut self,
        field: FieldId,
        shape: Shape,
        rows: Range<usize>,
        texts: &mut Texts,
    ) -> usize {
        let slot = self.rows.columns.get_mut(field);
        let Some(mut column) = slot.and_then(Option::take) else {
            return rows.end;
        };
        let mut row = rows.start;
        while let Some(codes) = self.codes.get(field) {
            let cells = self.rows.raws(field, row..rows.end);
            row += shape.read_all(cells, codes, &mut column, texts);
            if row == rows.end || !self.read_with_care(field, row, &mut column, texts) {
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
        field: FieldId,
        row: usize,
        column: &mut Column,
        texts: &mut Texts,
    ) -> bool {
        let Some(f) = self.table.fields.get(field) else {
            return false;
        };
        let words = self.rows.raw(row, field).to_owned();
        let written = Written::Text(Cow::Borrowed(&words));
        let read = read_cell_since(f, &written, self.from_1904);
        if read.message.is_some() {
            return false;
        }
        column.push(&read.cell(), texts);
        if read.raw != words {
            self.rows.set_raw(row, field, read.raw);
        } else if let Some(code) = column.last_text().filter(|_| f.codes.is_some())
            && let Some(codes) = self.codes.get_mut(field)
        {
            codes.insert(words, code);
        }
        true
    }

    /// Whether nothing is to be told of the id of a record: it lost no zero, and reads like no other.
    fn is_plain_id(&mut self, text: &str, cells: &[Span]) -> bool {
        let Some((key, column)) = self.id else {
            return true;
        };
        let Some(span) = cells.get(column) else {
            return true;
        };
        let id = span.text(text);
        let is_words = id.is_empty() || Shape::Text { least: 0 }.is_words(id);
        let last = self.rows.len().checked_sub(1);
        let follows_nine = || last.is_some_and(|row| self.rows.raw(row, key).ends_with('9'));
        let may_be_odd = id.starts_with('0') || !self.odd_ids.is_empty() || follows_nine();
        if !may_be_odd || !is_words || span.has_quotes {
            return is_words && !span.has_quotes;
        }
        let written = Written::Text(Cow::Borrowed(id));
        self.read_id(key, &written).message.is_none()
    }

    /// Whether a record is a line of the table and no total, no header, and no longer than the header.
    fn is_line(&self, text: &str, cells: &[Span]) -> bool {
        if cells.len() > self.header.named.min(self.header.width) || self.table.name == PLAN {
            return false;
        }
        let bytes = text.as_bytes();
        if self.among.is_some() && !has_figure(bytes, cells) {
            return false;
        }
        let may_end = |span: &Span| {
            let cell = bytes.get(span.from..span.to).unwrap_or_default();
            // Most cells are figures.
            !cell.last().is_none_or(u8::is_ascii_digit)
                && may_end_total(cell)
                && (span.has_quotes || is_total(span.text(text)))
        };
        if self.table.reference.is_none() && cells.iter().any(may_end) {
            return false;
        }
        let spans = |column: &Option<usize>| cells.get((*column)?).copied();
        let columns = self.header.columns.iter().filter(|c| c.is_some());
        let held = columns.map(spans);
        let shows = |span: Span| bytes.get(span.from).is_some_and(u8::is_ascii_graphic);
        held.clone()
            .any(|span| span.is_some_and(|span| !span.is_empty() && shows(span)))
            // Blank cells are most often among the last.
            && (held.rev().any(|span| span.is_none_or(Span::is_empty))
                || !self.is_named(text, cells))
    }

    /// Whether the first column that is read says what it holds.
    fn is_named(&self, text: &str, cells: &[Span]) -> bool {
        let mut columns = self.header.columns.iter().enumerate();
        let first = columns.find_map(|(field, column)| Some((field, (*column)?)));
        first.is_some_and(|(field, column)| {
            let text = cells.get(column).map_or("", |span| span.text(text));
            self.table.find_field(bare(trim(text))) == Some(field)
        })
    }
}
