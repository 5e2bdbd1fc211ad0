//! Places of a review as cells of the workbook: `plan.xlsx!budget!F17` is `F17` of the sheet `budget`.

use crate::read::lines::letter;

/// Where a place lies in the workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// The number of the sheet.
    pub(super) sheet: usize,
    /// Where on it.
    pub(super) part: Part,
}

/// Rows count from 1, columns from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Cells of one column or more: the first and last row, the first and last column.
    Cells((u32, u32), (u32, u32)),
    /// A row, or the first of some.
    Row(u32),
    /// The row of the headers, where a column is missing.
    Header(u32),
    /// The sheet as a whole.
    Sheet,
}

impl Spot {
    /// The spot of a place in a file of that path; `None` when it is on no sheet.
    pub(super) fn of(place: &str, path: &str, sheets: &[&str]) -> Option<Self> {
        let on = place.strip_prefix(path)?.strip_prefix('!')?;
        let matching = sheets.iter().enumerate().filter_map(|(sheet, name)| {
            let start = on.get(..name.len())?;
            let rest = on.get(name.len()..)?;
            let same = start.to_lowercase() == name.to_lowercase();
            (same && (rest.is_empty() || rest.starts_with(['!', ':']))).then_some((sheet, rest))
        });
        let (sheet, rest) = matching.min_by_key(|(_, rest)| rest.len())?;
        let part = match rest.strip_prefix('!') {
            Some(inner) => part(inner)?,
            None => Part::Sheet,
        };
        Some(Spot { sheet, part })
    }
}

fn part(inner: &str) -> Option<Part> {
    let (first, rest) = inner
        .split_once(':')
        .map_or((inner, None), |(a, b)| (a, Some(b)));
    if let Ok(row) = first.parse() {
        // `2:41` are rows, `1:amount` is a column that is not there.
        let rows = rest.is_none_or(|rest| rest.parse::<u32>().is_ok());
        return (row > 0).then_some(if rows {
            Part::Row(row)
        } else {
            Part::Header(row)
        });
    }
    let (row, column) = cell(first)?;
    let (last_row, last_column) = rest.map_or(Some((row, column)), cell)?;
    let in_order = row <= last_row && column <= last_column;
    in_order.then_some(Part::Cells((row, last_row), (column, last_column)))
}

/// The row from 1 and the column from 0 of `D5`, if a sheet has it.
pub(super) fn cell(name: &str) -> Option<(u32, u32)> {
    const ROWS: u32 = 1_048_576;
    const COLUMNS: u32 = 16_384;
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let column = letters.bytes().try_fold(0_u32, |column, letter| {
        let digit = letter
            .to_ascii_uppercase()
            .checked_sub(b'A')
            .filter(|place| *place < 26)?;
        column.checked_mul(26)?.checked_add(u32::from(digit) + 1)
    })?;
    let row: u32 = name.get(letters.len()..)?.parse().ok()?;
    let within = (1..=ROWS).contains(&row) && (1..=COLUMNS).contains(&column);
    within.then(|| (row, column - 1))
}

/// `D5`: the name of a cell.
pub(super) fn name((row, column): (u32, u32)) -> String {
    format!(
        "{}{row}",
        letter(usize::try_from(column).unwrap_or_default())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_part(place: &str, want: Option<(usize, Part)>) {
        let sheets = ["budget", "Cover", "a!b", "a"];
        let found = Spot::of(place, "w: 1.xlsx", &sheets);
        assert_eq!(found.map(|spot| (spot.sheet, spot.part)), want, "{place}");
    }

    #[test]
    fn places_are_cells() {
        assert_part(
            "w: 1.xlsx!budget!F17",
            Some((0, Part::Cells((17, 17), (5, 5)))),
        );
        assert_part(
            "w: 1.xlsx!Budget!F2:F41",
            Some((0, Part::Cells((2, 41), (5, 5)))),
        );
        assert_part("w: 1.xlsx!budget!17", Some((0, Part::Row(17))));
        assert_part("w: 1.xlsx!budget!2:41", Some((0, Part::Row(2))));
        assert_part("w: 1.xlsx!budget!1:amount", Some((0, Part::Header(1))));
        assert_part("w: 1.xlsx!Cover:amount", Some((1, Part::Sheet)));
        assert_part("w: 1.xlsx!a!b!C3", Some((2, Part::Cells((3, 3), (2, 2)))));
        assert_part("w: 1.xlsx!a!B3", Some((3, Part::Cells((3, 3), (1, 1)))));
        for none in [
            "w: 1.xlsx",
            "w: 1.xlsx!targets",
            "budget.csv:17",
            "w: 1.xlsx!budget!XFE1",
            "w: 1.xlsx!budget!F0",
        ] {
            assert_part(none, None);
        }
    }

    #[test]
    fn cells_have_names() {
        for (place, want) in [((5, 3), "D5"), ((1, 0), "A1"), ((9, 701), "ZZ9")] {
            assert_eq!(name(place), want);
            assert_eq!(cell(want), Some(place));
        }
    }
}
