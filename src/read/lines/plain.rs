//! Records of a text file that are lines without a doubt: their cells are read where they stand, straight into their
//! columns. Whatever is not so plain is left to [`Lines::take`], and a cell that is not to [`read_cell_since`].

use std::borrow::Cow;

use memchr::memchr;

use super::{Lines, PLAN, Written, is_total, may_end_total, read_cell_since};
use crate::diagnostic::Diagnostic;
use crate::read::cell::may_be_mark;
use crate::read::header::bare;
use crate::schema::{Field, FieldId, Table};
use crate::table::{Cell, Texts};
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

    /// The cell as a person sees it.
    fn words(self, text: &str) -> Cow<'_, str> {
        let text = self.text(text);
        if self.has_quotes {
            Cow::Owned(single_quotes(text))
        } else {
            Cow::Borrowed(text)
        }
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

/// The cells of a record, in memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Split(Vec<Span>);

impl Split {
    /// Finds the cells of the record that begins at a byte of a text, and its end; `None` where a quote is never closed, or
    /// something stands behind one that is.
    pub(crate) fn find(&mut self, text: &str, from: usize, delimiter: u8) -> Option<usize> {
        let bytes = text.as_bytes();
        self.0.clear();
        let mut at = from;
        loop {
            let (span, end) = if bytes.get(at) == Some(&b'"') {
                quoted_cell(bytes, at + 1)?
            } else {
                let to = at + length_of_cell(bytes.get(at..)?, delimiter);
                let span = Span {
                    from: at,
                    to,
                    has_quotes: false,
                };
                (span, to)
            };
            self.0.push(span);
            match bytes.get(end) {
                Some(b'\n') => return Some(end + 1),
                Some(&byte) if byte == delimiter => at = end + 1,
                Some(_) => return None,
                None => return Some(end),
            }
        }
    }
}

/// How many bytes stand before the first delimiter or line end, looked for among eight at a time.
fn length_of_cell(bytes: &[u8], delimiter: u8) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let (words, rest) = bytes.as_chunks::<8>();
    let (delimiters, ends) = (ONES * u64::from(delimiter), ONES * u64::from(b'\n'));
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let (a, b) = (word ^ delimiters, word ^ ends);
        // The high bit of the first byte that is such a sign, and perhaps of some behind it.
        let found = (a.wrapping_sub(ONES) & !a | b.wrapping_sub(ONES) & !b) & HIGH;
        let bits = found.trailing_zeros();
        if bits < u64::BITS {
            return at * 8 + usize::try_from(bits / 8).unwrap_or(0);
        }
    }
    let in_rest = rest.iter().position(|&b| b == delimiter || b == b'\n');
    words.len() * 8 + in_rest.unwrap_or(rest.len())
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

    /// The cell that stands in a text as it is.
    fn read_plain(self, span: Span, text: &str) -> Option<Cell<'_>> {
        if span.has_quotes {
            return None;
        }
        self.read(span.text(text))
    }

    /// The cell of a text that can be nothing but what it seems.
    fn read(self, text: &str) -> Option<Cell<'_>> {
        let ([first, .., last] | [first @ last]) = text.as_bytes() else {
            return Some(Cell::Blank);
        };
        if !first.is_ascii_graphic() || !last.is_ascii_graphic() {
            return None;
        }
        match self {
            Shape::Text { least } => {
                let is_whole = text.len() >= least && !may_be_mark(text);
                is_whole.then_some(Cell::Text(text))
            }
            Shape::Figure { .. } | Shape::Year { .. } => {
                let (value, places) = self.read_figure(text)?;
                Some(Cell::Number(Decimal::new(value, places)))
            }
            Shape::Code | Shape::Other => None,
        }
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

impl Lines<'_> {
    /// Takes a record that was split, of a text that the rows [hold](crate::table::Rows::hold) from a byte on; `false`
    /// where only [`Lines::take`] can tell what it is.
    pub(crate) fn take_plain(
        &mut self,
        number: u32,
        record: (&str, &Split, &Shapes),
        held: usize,
        texts: &mut Texts,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> bool {
        let (text, Split(cells), Shapes(shapes)) = record;
        if !self.is_line(text, cells) {
            return false;
        }
        let odd = self.odd_id(text, cells);
        let odd = odd
            .as_ref()
            .map(|(key, written)| (*key, self.read_id(*key, written)));
        let odd_key = odd.as_ref().map(|(key, _)| *key);
        self.rows.begin_row(number);
        for (field, (column, shape)) in self.header.columns.iter().zip(shapes).enumerate() {
            let Some(&span) = column.and_then(|column| cells.get(column)) else {
                self.rows
                    .push_held(field, &Cell::Blank, (held, held), texts);
                continue;
            };
            if odd_key != Some(field) && !span.has_quotes {
                let (words, place) = (span.text(text), (held + span.from, held + span.to));
                if let Some(figure) = shape.read_figure(words) {
                    self.rows.push_figure(field, figure, place);
                    continue;
                }
                if let Some(cell) = shape.read(words) {
                    self.rows.push_held(field, &cell, place, texts);
                    continue;
                }
                if let Some(code) = self.known_code(field, *shape, words) {
                    self.rows.push_known(field, code, place);
                    continue;
                }
            }
            match &odd {
                Some((key, read)) if *key == field => self.push(field, read, texts, diagnostics),
                _ => self.push_written(field, *shape, &span.words(text), texts, diagnostics),
            }
        }
        true
    }

    /// The number of a code that was written in the same way above, of which nothing was told.
    fn known_code(&self, field: FieldId, shape: Shape, text: &str) -> Option<u32> {
        match shape {
            Shape::Code => self.codes.get(field)?.get(text).copied(),
            _ => None,
        }
    }

    /// Adds the next cell of a line, of words that are not as they stand in their text or take more to read.
    fn push_written(
        &mut self,
        field: FieldId,
        shape: Shape,
        words: &str,
        texts: &mut Texts,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        if let Some(cell) = shape.read(words) {
            self.rows.push_cell(field, &cell, words, texts);
            return;
        }
        let table = self.table;
        if let Some(f) = table.fields.get(field) {
            let written = Written::Text(Cow::Borrowed(words));
            let read = read_cell_since(f, &written, self.from_1904);
            self.push(field, &read, texts, diagnostics);
            let is_quiet =
                matches!(shape, Shape::Code) && read.message.is_none() && read.raw == words;
            if let Some(code) = self.rows.last_text(field).filter(|_| is_quiet)
                && let Some(codes) = self.codes.get_mut(field)
            {
                codes.insert(words.to_owned(), code);
            }
        }
    }

    /// The id of a record that may have lost a zero, or read like another, or is marked.
    fn odd_id<'c>(&self, text: &'c str, cells: &[Span]) -> Option<(FieldId, Written<'c>)> {
        let (key, column) = self.id?;
        let span = *cells.get(column)?;
        let last = self.rows.len().checked_sub(1);
        let follows_nine = || last.is_some_and(|row| self.rows.raw(row, key).ends_with('9'));
        let is_odd = span.text(text).as_bytes().first() == Some(&b'0')
            || !self.odd_ids.is_empty()
            || Shape::Text { least: 0 }.read_plain(span, text).is_none()
            || follows_nine();
        is_odd.then(|| (key, Written::Text(span.words(text))))
    }

    /// Whether a record is a line of the table and no total, no header, and no longer than the header.
    fn is_line(&self, text: &str, cells: &[Span]) -> bool {
        if cells.len() > self.header.named.min(self.header.width) || self.table.name == PLAN {
            return false;
        }
        let bytes = text.as_bytes();
        let may_end = |span: &Span| {
            let end = bytes.get(span.from..span.to).unwrap_or_default();
            may_end_total(end) && (span.has_quotes || is_total(span.text(text)))
        };
        if self.table.reference.is_none() && cells.iter().any(may_end) {
            return false;
        }
        let spans = |column: &Option<usize>| cells.get((*column)?).copied();
        let mut held = self
            .header
            .columns
            .iter()
            .filter(|c| c.is_some())
            .map(spans);
        let shows = |span: Span| bytes.get(span.from).is_some_and(u8::is_ascii_graphic);
        held.clone()
            .any(|span| span.is_some_and(|span| !span.is_empty() && shows(span)))
            && (held.any(|span| span.is_none_or(Span::is_empty)) || !self.is_named(text, cells))
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
