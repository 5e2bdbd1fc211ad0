//! A sheet of the workbook: what it looks like, and its cells in other colours. Values and formulas stay as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;

use quick_xml::events::BytesStart;

use super::places::{cell, name};
use super::styles::{Colour, Styles};
use super::xml::{Doc, Edits, Step, named, retag, walk};
use crate::value::{Decimal, parse_decimal};

/// The row from 1 and the column from 0.
pub(super) type Cell = (u32, u32);

/// What a sheet looks like, as far as that says where a comment goes.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Merged cells: the first and the last.
    merged: Vec<(Cell, Cell)>,
    /// Columns of a width or style of their own.
    columns: Vec<Columns>,
    /// The width of all others, in pixels.
    width: u32,
    /// The height of rows, in pixels: of all, and of those that have their own.
    height: u32,
    heights: BTreeMap<u32, u32>,
    /// The first cell of a row in which something stands.
    first: BTreeMap<u32, u32>,
    /// The rows that are there.
    rows: BTreeSet<u32>,
    /// People cannot change it without more ado.
    pub(super) is_protected: bool,
}

#[derive(Debug)]
struct Columns {
    from: u32,
    to: u32,
    width: Option<u32>,
    style: Option<usize>,
}

/// Looks at the number of each style that a sheet names, as far as it is sound.
pub(super) fn styles_in(xml: &str, mut look: impl FnMut(usize)) {
    let _ = walk(xml, |step| {
        if let Step::Open { tag, .. } = step {
            let names = ["s", "style"].into_iter();
            let numbers = names.filter_map(|name| named(&tag, name)?.parse().ok());
            numbers.for_each(&mut look);
        }
    });
}

impl Look {
    /// Reads a sheet; `None` when it is damaged.
    pub(super) fn of(xml: &str) -> Option<Self> {
        let doc = Doc::parse(xml, 2)?;
        let mut look = Look::default();
        let format = doc.top("sheetFormatPr");
        let format = |name: &str| format.and_then(|node| node.attribute(name));
        look.width = format("defaultColWidth")
            .and_then(|w| column_pixels(&w))
            .unwrap_or(64);
        look.height = format("defaultRowHeight")
            .and_then(|h| row_pixels(&h))
            .unwrap_or(20);
        look.is_protected = (doc.top("sheetProtection"))
            .is_some_and(|node| matches!(node.attribute("sheet").as_deref(), Some("1" | "true")));
        for node in doc.top("cols").iter().flat_map(|cols| doc.children(cols)) {
            look.columns.extend(Columns::of(&node.tag));
        }
        for node in doc
            .top("mergeCells")
            .iter()
            .flat_map(|merges| doc.children(merges))
        {
            let area = node.attribute("ref");
            let corners = area.as_deref().and_then(|area| area.split_once(':'));
            look.merged
                .extend(corners.and_then(|(a, b)| cell(a).zip(cell(b))));
        }
        look.read_rows(doc.xml.get(doc.top("sheetData")?.inner())?)?;
        Some(look)
    }

    fn read_rows(&mut self, data: &str) -> Option<()> {
        let (mut depth, mut counts, mut in_cell) = (0, Counts::default(), false);
        walk(data, |step| match step {
            Step::Open { tag, is_empty, .. } => {
                match depth {
                    0 => {
                        let row = counts.row(&tag);
                        self.rows.insert(row);
                        let height = named(&tag, "ht").and_then(|ht| row_pixels(&ht));
                        self.heights.extend(height.map(|height| (row, height)));
                    }
                    1 => {
                        in_cell = is_cell(&tag);
                        if in_cell {
                            counts.cell(&tag);
                        }
                    }
                    // A value, a formula or a text.
                    2 if in_cell => {
                        let first = self.first.entry(counts.row).or_insert(counts.column);
                        *first = counts.column.min(*first);
                    }
                    _ => {}
                }
                depth += usize::from(!is_empty);
            }
            Step::Close { .. } => depth -= 1,
        })
    }

    /// The cell of a row to look at first.
    pub(super) fn first_of(&self, row: u32) -> Cell {
        (row, self.first.get(&row).copied().unwrap_or_default())
    }

    /// The cell that is seen where this one is: the first of merged cells.
    pub(super) fn seen(&self, (row, column): Cell) -> Cell {
        let within = |(from, to): &&(Cell, Cell)| {
            (from.0..=to.0).contains(&row) && (from.1..=to.1).contains(&column)
        };
        self.merged
            .iter()
            .find(within)
            .map_or((row, column), |(first, _)| *first)
    }

    /// The width of a column in pixels.
    pub(super) fn width(&self, column: u32) -> u32 {
        let own = self
            .columns
            .iter()
            .find(|c| (c.from..=c.to).contains(&column));
        own.and_then(|columns| columns.width).unwrap_or(self.width)
    }

    /// The height of a row in pixels.
    pub(super) fn height(&self, row: u32) -> u32 {
        self.heights.get(&row).copied().unwrap_or(self.height)
    }

    fn column_style(&self, column: u32) -> Option<usize> {
        let own = self
            .columns
            .iter()
            .find(|c| (c.from..=c.to).contains(&column));
        own.and_then(|columns| columns.style)
    }
}

impl Columns {
    fn of(tag: &BytesStart<'_>) -> Option<Self> {
        let bound = |name| named(tag, name)?.parse::<u32>().ok()?.checked_sub(1);
        let is_hidden = matches!(named(tag, "hidden").as_deref(), Some("1" | "true"));
        let width = named(tag, "width").and_then(|width| column_pixels(&width));
        Some(Columns {
            from: bound("min")?,
            to: bound("max")?,
            width: if is_hidden { Some(0) } else { width },
            style: named(tag, "style").and_then(|style| style.parse().ok()),
        })
    }
}

/// A width of so many digits, of which each has 7 pixels.
fn column_pixels(width: &str) -> Option<u32> {
    let digits = parse_decimal(width)?;
    pixels(
        digits
            .checked_mul(Decimal::from(7))?
            .checked_add(Decimal::from(5))?,
    )
}

/// A height in points, of which three are four pixels.
fn row_pixels(height: &str) -> Option<u32> {
    pixels(
        parse_decimal(height)?
            .checked_mul(Decimal::from(4))?
            .checked_div(Decimal::from(3))?,
    )
}

fn pixels(pixels: Decimal) -> Option<u32> {
    let whole = pixels
        .mantissa()
        .checked_div(10_i128.checked_pow(pixels.scale())?)?;
    u32::try_from(whole).ok().map(|pixels| pixels.min(4_000))
}

/// Whether an element of a row is one of its cells.
fn is_cell(tag: &BytesStart<'_>) -> bool {
    tag.local_name().into_inner() == "c"
}

/// Counts rows and cells as readers do: what says no place stands behind the one before.
#[derive(Default)]
struct Counts {
    row: u32,
    column: u32,
    next: u32,
}

impl Counts {
    fn row(&mut self, tag: &BytesStart<'_>) -> u32 {
        let own = named(tag, "r").and_then(|row| row.parse().ok());
        self.row = own.unwrap_or_else(|| self.row.saturating_add(1));
        self.next = 0;
        self.row
    }

    fn cell(&mut self, tag: &BytesStart<'_>) {
        let own = named(tag, "r").and_then(|name| cell(&name));
        self.column = own.map_or(self.next, |(_, column)| column);
        self.next = self.column.saturating_add(1);
    }
}

/// A sheet with some of its cells in other colours; `None` when it is damaged.
pub(super) fn paint(
    xml: &str,
    look: &Look,
    colours: &BTreeMap<Cell, Colour>,
    styles: &mut Styles,
) -> Option<String> {
    let doc = Doc::parse(xml, 1)?;
    let data = doc.top("sheetData")?;
    let mut wanted: BTreeMap<u32, BTreeMap<u32, Colour>> = BTreeMap::new();
    for (&(row, column), &colour) in colours {
        wanted.entry(row).or_default().insert(column, colour);
    }
    let prefix = doc.prefix();
    let mut painter = Painter {
        prefix: &prefix,
        offset: data.inner().start,
        missing: wanted
            .keys()
            .filter(|row| !look.rows.contains(row))
            .copied()
            .collect(),
        wanted,
        look,
        styles,
        edits: Edits::default(),
        row: None,
        in_cell: false,
    };
    if data.close.is_none() {
        let rows = painter.missing_rows(u32::MAX);
        return data.append(&rows, &[]).apply(xml);
    }
    painter.walk(xml.get(data.inner())?)?;
    let rows = painter.missing_rows(u32::MAX);
    painter.edits.insert(data.inner().end, &rows);
    painter.edits.apply(xml)
}

struct Painter<'a> {
    prefix: &'a str,
    /// Where the rows begin in the part.
    offset: usize,
    wanted: BTreeMap<u32, BTreeMap<u32, Colour>>,
    /// The rows that are not there.
    missing: BTreeSet<u32>,
    look: &'a Look,
    styles: &'a mut Styles,
    edits: Edits,
    /// The row that is open, when some of its cells are wanted.
    row: Option<Row<'a>>,
    /// Whether its last cell is open.
    in_cell: bool,
}

struct Row<'x> {
    number: u32,
    tag: BytesStart<'x>,
    open: Range<usize>,
    cells: Vec<Stored<'x>>,
}

/// A cell as it is stored.
struct Stored<'x> {
    column: u32,
    tag: BytesStart<'x>,
    open: Range<usize>,
    is_empty: bool,
    end: usize,
}

impl<'a> Painter<'a> {
    fn walk(&mut self, data: &'a str) -> Option<()> {
        let (mut depth, mut counts) = (0_usize, Counts::default());
        walk(data, |step| match step {
            Step::Open { tag, at, is_empty } => {
                let open = self.offset + at.start..self.offset + at.end;
                match depth {
                    0 => self.open_row(counts.row(&tag), tag, open, is_empty),
                    1 if is_cell(&tag) => {
                        counts.cell(&tag);
                        if let Some(row) = &mut self.row {
                            row.cells.push(Stored {
                                column: counts.column,
                                end: open.end,
                                tag,
                                open,
                                is_empty,
                            });
                            self.in_cell = !is_empty;
                        }
                    }
                    _ => {}
                }
                depth += usize::from(!is_empty);
            }
            Step::Close { at } => {
                depth = depth.saturating_sub(1);
                match depth {
                    0 => self.close_row(),
                    1 if self.in_cell => {
                        self.in_cell = false;
                        let cell = self.row.as_mut().and_then(|row| row.cells.last_mut());
                        if let Some(cell) = cell {
                            cell.end = self.offset + at.end;
                        }
                    }
                    _ => {}
                }
            }
        })
    }

    fn open_row(&mut self, number: u32, tag: BytesStart<'a>, open: Range<usize>, is_empty: bool) {
        let above = self.missing_rows(number);
        if !above.is_empty() {
            self.edits.insert(open.start, &above);
        }
        if !self.wanted.contains_key(&number) {
            return;
        }
        if !is_empty {
            self.row = Some(Row {
                number,
                tag,
                open,
                cells: Vec::new(),
            });
            return;
        }
        let wanted = self.wanted.remove(&number).unwrap_or_default();
        let style = row_style(&tag);
        let cells: String = wanted
            .into_iter()
            .map(|(column, colour)| self.cell((number, column), colour, style))
            .collect();
        let row = tag.name().into_inner();
        let start = retag(&tag, &[], &["spans"], false);
        self.edits.replace(open, format!("{start}{cells}</{row}>"));
    }

    fn close_row(&mut self) {
        let Some(row) = self.row.take() else {
            return;
        };
        let wanted = self.wanted.remove(&row.number).unwrap_or_default();
        let style = row_style(&row.tag);
        let last = row.cells.last().map_or(row.open.end, |cell| cell.end);
        let mut is_wider = false;
        for (column, colour) in wanted {
            if let Some(cell) = row.cells.iter().find(|cell| cell.column == column) {
                let own = named(&cell.tag, "s").and_then(|style| style.parse().ok());
                let painted = self
                    .styles
                    .painted(own.unwrap_or_default(), colour)
                    .to_string();
                let tag = retag(&cell.tag, &[("s", &painted)], &[], cell.is_empty);
                self.edits.replace(cell.open.clone(), tag);
            } else {
                let text = self.cell((row.number, column), colour, style);
                let behind = row.cells.iter().find(|cell| cell.column > column);
                self.edits
                    .insert(behind.map_or(last, |cell| cell.open.start), &text);
                is_wider = true;
            }
        }
        if is_wider {
            self.edits
                .replace(row.open, retag(&row.tag, &[], &["spans"], false));
        }
    }

    /// The rows above one that are not there and are wanted.
    fn missing_rows(&mut self, above: u32) -> String {
        let mut out = String::new();
        while let Some(number) = self.missing.first().copied().filter(|row| *row < above) {
            self.missing.remove(&number);
            let prefix = self.prefix;
            let cells = self.wanted.remove(&number).unwrap_or_default().into_iter();
            let cells: String = cells
                .map(|(column, colour)| self.cell((number, column), colour, None))
                .collect();
            let _ = write!(out, "<{prefix}row r=\"{number}\">{cells}</{prefix}row>");
        }
        out
    }

    /// A cell that is not there.
    fn cell(&mut self, at: Cell, colour: Colour, row_style: Option<usize>) -> String {
        let style = row_style.or_else(|| self.look.column_style(at.1));
        let painted = self.styles.painted(style.unwrap_or_default(), colour);
        format!("<{}c r=\"{}\" s=\"{painted}\"/>", self.prefix, name(at))
    }
}

/// The style of the cells of a row that are not there.
fn row_style(tag: &BytesStart<'_>) -> Option<usize> {
    let is_own = matches!(named(tag, "customFormat").as_deref(), Some("1" | "true"));
    named(tag, "s").filter(|_| is_own)?.parse().ok()
}
