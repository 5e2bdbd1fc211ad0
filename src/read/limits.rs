//! How much is read of what people send, so that no file fills the memory or takes an hour. What passes a limit is told at
//! its place, and what it belongs to is lost as a whole: a table is never silently shorter.

/// How much of one file with rows is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of the file.
    pub file: u64,
    /// The rows in which something stands, of one table or sheet.
    pub rows: usize,
    /// The columns of a row: those of a spreadsheet.
    pub columns: usize,
    /// The cells of all its sheets, blanks between others included.
    pub cells: usize,
    /// The characters of a cell; Excel takes 32,767.
    pub cell: usize,
    /// The bytes of all texts in its cells: a workbook may store one text and show it in every cell.
    pub text: usize,
}

/// The limits of a file of one submission.
pub const SUBMISSION: Limits = Limits {
    file: 64_000_000,
    rows: 10_000,
    columns: 16_384,
    cells: 2_000_000,
    cell: 100_000,
    text: 64_000_000,
};

/// The limits of a workbook, and of an export of another system: such a file may hold the rows of many submissions.
pub const FOREIGN: Limits = Limits {
    rows: 200_000,
    cells: 4_000_000,
    ..SUBMISSION
};

/// The bytes of a TOML file, and how many mistakes are told of one that is none.
pub const TOML: usize = 4_000_000;
/// See [`TOML`].
pub const TOML_MISTAKES: usize = 100;

/// The sheets of a workbook.
pub const SHEETS: usize = 500;

/// The bytes that all parts of a workbook hold, counted while they are unpacked: what it claims is not believed.
pub const UNPACKED: u64 = 256_000_000;

/// How many times its packed size a workbook may hold, once that is more than [`UNPACKED_ANYWAY`].
pub const EXPANSION: u64 = 200;

/// The bytes that a workbook may hold whatever its packed size is.
pub const UNPACKED_ANYWAY: u64 = 32_000_000;

/// The groups of merged cells of one sheet.
pub const MERGES: usize = 10_000;

/// The files and folders of a batch, of a pack or of an office, those that are not read included.
pub const FILES: usize = 20_000;

/// How deep folders stand in one another.
pub const FOLDERS: usize = 20;

/// The bytes of all files of a pack, or of an office.
pub const PACK: u64 = 256_000_000;

/// What was read of one file so far, held against its limits.
#[derive(Debug)]
pub(crate) struct Room {
    limits: Limits,
    cells: usize,
    text: usize,
}

impl Room {
    /// Nothing read yet.
    pub(crate) fn new(limits: Limits) -> Self {
        Room {
            limits,
            cells: 0,
            text: 0,
        }
    }

    /// Takes so many rows of one table; or says that they are too many.
    pub(crate) fn rows(&self, found: usize) -> Result<(), String> {
        let most = self.limits.rows;
        within(found, most, || {
            format!("the table has more than {} rows", count(most))
        })
    }

    /// Takes so many more cells, and the width of the row to which they belong.
    pub(crate) fn cells(&mut self, more: usize, width: usize) -> Result<(), String> {
        let Limits { columns, cells, .. } = self.limits;
        within(width, columns, || {
            format!(
                "the row has {} columns: a table has at most {}",
                count(width),
                count(columns)
            )
        })?;
        self.cells = self.cells.saturating_add(more);
        within(self.cells, cells, || {
            format!(
                "the file has more than {} cells, blanks between others included",
                count(cells)
            )
        })
    }

    /// Takes the text of a cell.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), String> {
        let Limits {
            cell, text: all, ..
        } = self.limits;
        // A character has at least one byte.
        if text.len() > cell {
            let found = text.chars().count();
            within(found, cell, || {
                format!(
                    "a cell holds {} characters: at most {} are read",
                    count(found),
                    count(cell)
                )
            })?;
        }
        self.text = self.text.saturating_add(text.len());
        within(self.text, all, || {
            format!("the texts of all cells have more than {}", size(all))
        })
    }
}

fn within(found: usize, most: usize, why: impl Fn() -> String) -> Result<(), String> {
    if found <= most {
        return Ok(());
    }
    Err(format!("{}; it was not read", why()))
}

/// Why a file is not read that holds so many bytes.
pub fn too_large(found: u64, most: u64) -> String {
    format!(
        "the file has {}: at most {} are read",
        size(found),
        size(most)
    )
}

/// `64 MB`: a number of bytes, rounded up to whole units.
pub(crate) fn size(bytes: impl TryInto<u64>) -> String {
    let bytes = bytes.try_into().unwrap_or(u64::MAX);
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{} MB", grouped(bytes.div_ceil(1_000_000))),
    }
}

/// `16,384`.
pub(crate) fn count(n: usize) -> String {
    grouped(u64::try_from(n).unwrap_or(u64::MAX))
}

fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_are_written_as_people_read_them() {
        assert_eq!(size(999_u64), "999 bytes");
        assert_eq!(size(64_000_000_u64), "64 MB");
        assert_eq!(size(64_000_001_u64), "65 MB");
        assert_eq!(size(1_073_741_824_u64), "1,074 MB");
        assert_eq!(
            (count(7), count(1_234_567)),
            ("7".into(), "1,234,567".into())
        );
    }

    #[test]
    fn what_passes_a_limit_is_named() {
        let mut room = Room::new(SUBMISSION);
        assert_eq!(room.text(&"x".repeat(100_000)), Ok(()));
        assert_eq!(room.text(&"é".repeat(100_000)), Ok(()));
        assert_eq!(
            room.text(&"é".repeat(100_001)),
            Err(
                "a cell holds 100,001 characters: at most 100,000 are read; it was not read".into()
            )
        );
        assert_eq!(room.rows(10_000), Ok(()));
        assert_eq!(
            room.rows(10_001),
            Err("the table has more than 10,000 rows; it was not read".into())
        );
        assert_eq!(room.cells(5, 16_384), Ok(()));
        assert_eq!(
            room.cells(5, 16_385),
            Err("the row has 16,385 columns: a table has at most 16,384; it was not read".into())
        );
        assert_eq!(
            room.cells(2_000_000, 1),
            Err("the file has more than 2,000,000 cells, blanks between others included; it was not read".into())
        );
    }
}
