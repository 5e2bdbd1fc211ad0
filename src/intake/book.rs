//! A foreign file opened: its sheets, and the words in their cells as patterns see them.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::locate::label_of;
use super::pattern::{Pattern, folded};
use crate::diagnostic::Diagnostic;
use crate::hash::Map;
use crate::read::csv::{DELIMITERS, Records, decode};
use crate::read::grid::{Grid, Written};
use crate::read::limits::FOREIGN;
use crate::read::lines::Form;
use crate::read::report_unclosed;
use crate::read::workbook::{self, Sheet};
use crate::table::Page;
use crate::value::trim;

/// The longest words of a header or a label; longer texts are what people write.
const LONGEST: usize = 160;

/// A foreign file.
pub(crate) struct Book {
    /// Its path within the batch.
    pub(crate) path: String,
    /// It is a text file, of one sheet.
    pub(crate) text: bool,
    /// Its sheets, the hidden ones last.
    pub(crate) sheets: Vec<Leaf>,
    /// What was wrong with it.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// A sheet, with its words.
pub(crate) struct Leaf {
    /// The sheet.
    pub(crate) sheet: Sheet,
    /// Of each row of the grid the columns in which a text stands, with its folded words.
    words: Vec<Vec<(usize, String)>>,
    labels: OnceCell<Labels>,
}

/// What may be a label: each part of a short text that stands apart.
#[derive(Default)]
struct Labels {
    /// The places of the parts, in the order of rows and columns.
    list: Vec<Place>,
    /// The parts by their folded words, and by those before a colon.
    index: Map<String, Vec<usize>>,
}

/// A part of a text: the row as a place among the rows of the grid, the column, and which part of the cell it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The row.
    pub(crate) at: usize,
    /// The column.
    pub(crate) column: usize,
    /// The part.
    pub(crate) part: usize,
}

/// The parts of a text that stand apart by wide gaps or line breaks.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\t'])
        .flat_map(|line| line.split("  "))
        .map(trim)
        .filter(|part| !part.is_empty())
}

impl Leaf {
    fn new(sheet: Sheet) -> Self {
        let words = sheet.grid.rows.iter().map(|row| {
            let cells = row.cells.iter().enumerate();
            let texts = cells.filter_map(|(column, cell)| match cell {
                Written::Text(text) if !text.is_empty() && text.len() <= LONGEST => {
                    Some((column, folded(text))).filter(|(_, words)| !words.is_empty())
                }
                _ => None,
            });
            texts.collect()
        });
        Leaf {
            words: words.collect(),
            labels: OnceCell::new(),
            sheet,
        }
    }

    /// The parts of texts that a pattern fits as a label, from the top.
    pub(crate) fn labels(&self, pattern: &Pattern) -> Vec<Place> {
        let labels = self.labels.get_or_init(|| self.find_labels());
        let mut found: Vec<usize> = match pattern.exact() {
            Some(words) => labels.index.get(words).cloned().unwrap_or_default(),
            None => {
                let fitting = labels.index.iter().filter(|(words, _)| pattern.fits(words));
                fitting
                    .flat_map(|(_, places)| places.iter().copied())
                    .collect()
            }
        };
        found.sort_unstable();
        found.dedup();
        let places = found.into_iter();
        places.filter_map(|i| labels.list.get(i).copied()).collect()
    }

    fn find_labels(&self) -> Labels {
        let mut labels = Labels::default();
        for (at, row) in self.grid().rows.iter().enumerate() {
            for (column, _) in self.words(at) {
                for (part, text) in parts(row.cell(*column).shown()).enumerate() {
                    labels.add(
                        Place {
                            at,
                            column: *column,
                            part,
                        },
                        &folded(text),
                    );
                }
            }
        }
        labels
    }

    /// Its grid.
    pub(crate) fn grid(&self) -> &Grid<'static> {
        &self.sheet.grid
    }

    /// The words of a row of the grid.
    pub(crate) fn words(&self, at: usize) -> &[(usize, String)] {
        self.words.get(at).map_or(&[], Vec::as_slice)
    }

    /// The first row from `from` on in which a cell fits one of the patterns.
    pub(crate) fn find(&self, patterns: &[Pattern], from: usize) -> Option<usize> {
        let fits = |words: &Vec<(usize, String)>| {
            let mut cells = words.iter();
            cells.any(|(_, words)| patterns.iter().any(|p| p.fits(words)))
        };
        let rows = self.words.iter().enumerate().skip(from);
        rows.filter(|(_, words)| fits(words))
            .map(|(at, _)| at)
            .next()
    }
}

impl Labels {
    fn add(&mut self, place: Place, words: &str) {
        let before = label_of(words);
        for words in std::iter::once(words).chain((before != words).then_some(before)) {
            let places = self.index.entry(words.to_owned()).or_default();
            places.push(self.list.len());
        }
        self.list.push(place);
    }
}

impl Book {
    /// Opens a workbook; or says why it is none and what to do.
    pub(crate) fn of_workbook(path: &str, bytes: &[u8]) -> Result<Self, String> {
        let mut sheets = workbook::sheets(bytes)?;
        sheets.sort_by_key(|sheet| sheet.hidden);
        Ok(Book {
            path: path.to_owned(),
            text: false,
            sheets: sheets.into_iter().map(Leaf::new).collect(),
            diagnostics: Vec::new(),
        })
    }

    /// Opens a text file once for each delimiter that it may have; nothing when it is no text.
    pub(crate) fn of_text(path: &str, bytes: &[u8]) -> Vec<Self> {
        let mut diagnostics = Vec::new();
        let Some(text) = decode(path, bytes, &mut diagnostics) else {
            return Vec::new();
        };
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        // Wider than any spreadsheet is no table.
        let widest = |d: u8| {
            let lines = text.as_bytes().split(|&b| b == b'\n' || b == b'\r');
            lines.map(|line| line.split(|&b| b == d).count() - 1).max()
        };
        let may_divide = |d: &&u8| (1..FOREIGN.columns).contains(&widest(**d).unwrap_or(0));
        let delimiters = DELIMITERS.iter().filter(may_divide);
        let records = delimiters.map(|&delimiter| Records::of(&text, delimiter, FOREIGN));
        let books = records.map(|records| Book {
            path: path.to_owned(),
            text: true,
            sheets: vec![Leaf::new(Sheet {
                name: stem.to_owned(),
                hidden: false,
                grid: owned(&records.grid()),
                trouble: records.trouble.as_ref().map(in_words),
                marks: workbook::Marks::default(),
            })],
            diagnostics: diagnostics
                .iter()
                .cloned()
                .chain(unclosed(path, &records))
                .collect(),
        });
        books.collect()
    }

    /// Why a part of it was not read, if so.
    pub(crate) fn trouble(&self) -> Option<Diagnostic> {
        let troubled = |(leaf, page): (&Leaf, Page)| {
            let why = leaf.sheet.trouble.clone()?;
            Some(Diagnostic::fatal(page.path, why))
        };
        self.sheets.iter().zip(self.pages()).find_map(troubled)
    }

    /// Its sheets as pages of places.
    pub(crate) fn pages(&self) -> Vec<Page> {
        let pages = self.sheets.iter().map(|leaf| Page {
            path: if self.text {
                self.path.clone()
            } else {
                format!("{}!{}", self.path, leaf.sheet.name)
            },
            text: self.text,
        });
        pages.collect()
    }
}

/// Which limit was passed, and in which row.
fn in_words((row, why): &(Option<u32>, String)) -> String {
    row.map_or_else(|| why.clone(), |row| format!("row {row}: {why}"))
}

/// A quote that swallows the lines below it.
fn unclosed(path: &str, records: &Records) -> Option<Diagnostic> {
    let form = Form::Csv(path.to_owned());
    let mut told = Vec::new();
    report_unclosed(records, &form, &mut told);
    told.pop()
}

fn owned(grid: &Grid<'_>) -> Grid<'static> {
    let rows = grid.rows.iter().map(|row| crate::read::grid::GridRow {
        number: row.number,
        cells: row
            .cells
            .iter()
            .map(|cell| Written::Text(Cow::Owned(cell.shown().to_owned())))
            .collect(),
    });
    Grid::of_rows(rows.collect())
}
