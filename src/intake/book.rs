//! A foreign file opened: its sheets, and the words in their cells as patterns see them.

use std::borrow::Cow;

use super::pattern::{Pattern, folded};
use crate::diagnostic::Diagnostic;
use crate::read::csv::{DELIMITERS, Records, decode};
use crate::read::grid::{Grid, Written};
use crate::read::workbook::{self, Sheet};
use crate::table::Page;

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
            sheet,
        }
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
        let delimiters = DELIMITERS.iter().filter(|d| text.as_bytes().contains(d));
        let books = delimiters.map(|&delimiter| Book {
            path: path.to_owned(),
            text: true,
            sheets: vec![Leaf::new(Sheet {
                name: stem.to_owned(),
                hidden: false,
                grid: owned(&Records::of(&text, delimiter).grid()),
                trouble: None,
                marks: workbook::Marks::default(),
            })],
            diagnostics: diagnostics.clone(),
        });
        books.collect()
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
