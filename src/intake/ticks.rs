//! Boxes that people tick, and what stands beside them.

use super::book::Leaf;
use crate::read::grid::{GridRow, Written};
use crate::value::trim;

/// The signs of a box with a tick.
const TICKED: [char; 7] = ['☒', '☑', '✓', '✔', '✗', '✘', '■'];
/// The signs of an empty box.
const EMPTY: [char; 3] = ['☐', '□', '❑'];

/// A ticked text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tick {
    /// The row, as a place among the rows of the grid.
    pub(crate) at: usize,
    /// The column of the text.
    pub(crate) column: usize,
    /// The column of the tick.
    pub(crate) mark: usize,
    /// The text.
    pub(crate) text: String,
}

fn is_tick(cell: &Written<'_>) -> bool {
    match cell {
        Written::Bool(yes) => *yes,
        other => {
            let text = other.shown();
            let mut chars = text.chars();
            let sign = chars.next().is_some_and(|c| TICKED.contains(&c));
            (sign && chars.next().is_none())
                || text.eq_ignore_ascii_case("x")
                || text.eq_ignore_ascii_case("[x]")
        }
    }
}

fn is_empty_box(cell: &Written<'_>) -> bool {
    match cell {
        Written::Bool(yes) => !yes,
        other => {
            let text = other.shown();
            let mut chars = text.chars();
            let sign = chars.next().is_some_and(|c| EMPTY.contains(&c));
            (sign && chars.next().is_none()) || text == "[ ]" || text == "[]"
        }
    }
}

fn is_words(cell: &Written<'_>) -> bool {
    matches!(cell, Written::Text(_)) && !cell.is_blank() && !is_tick(cell) && !is_empty_box(cell)
}

/// Every text of a sheet that is ticked: `☒ Coaching` in one cell, or a tick in the cell beside it.
pub(crate) fn ticked(leaf: &Leaf) -> Vec<Tick> {
    let to_the_left = texts_stand_left(leaf);
    let mut ticks = Vec::new();
    for (at, row) in leaf.grid().rows.iter().enumerate() {
        for (column, cell) in row.cells.iter().enumerate() {
            if let Some(text) = ticked_in_cell(cell) {
                ticks.push(Tick {
                    at,
                    column,
                    mark: column,
                    text,
                });
            } else if is_tick(cell)
                && let Some(beside) = beside(row, column, to_the_left)
            {
                ticks.push(Tick {
                    at,
                    column: beside,
                    mark: column,
                    text: row.cell(beside).shown().to_owned(),
                });
            }
        }
    }
    ticks
}

/// Whether the texts of a sheet stand to the left of their boxes rather than to the right.
fn texts_stand_left(leaf: &Leaf) -> bool {
    let (mut left, mut right) = (0_usize, 0_usize);
    for row in &leaf.grid().rows {
        for (column, cell) in row.cells.iter().enumerate() {
            if is_tick(cell) || is_empty_box(cell) {
                let before = column.checked_sub(1).map(|c| row.cell(c));
                left += usize::from(before.is_some_and(is_words));
                right += usize::from(is_words(row.cell(column + 1)));
            }
        }
    }
    left > right
}

fn beside(row: &GridRow<'_>, column: usize, left: bool) -> Option<usize> {
    let before = column.checked_sub(1);
    let sides = if left {
        [before, Some(column + 1)]
    } else {
        [Some(column + 1), before]
    };
    let mut sides = sides.into_iter().flatten();
    sides.find(|&c| is_words(row.cell(c)))
}

fn ticked_in_cell(cell: &Written<'_>) -> Option<String> {
    let text = cell.shown();
    let rest = text
        .strip_prefix(TICKED)
        .or_else(|| text.strip_prefix("[x]"))
        .or_else(|| text.strip_prefix("[X]"))?;
    let rest = trim(rest);
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// A part of a row of options.
#[derive(Clone, Copy, PartialEq)]
enum Part<'t> {
    Ticked,
    Empty,
    Word(&'t str),
}

/// Of options with boxes the one that is ticked: `☒ Yes ☐ No` is `Yes`. `None` when the text has no boxes; an error when no
/// box or several are ticked.
pub(crate) fn choice(text: &str) -> Option<Result<String, String>> {
    let spaced: String = text
        .replace("[x]", " ☒ ")
        .replace("[X]", " ☒ ")
        .replace("[ ]", " ☐ ")
        .chars()
        .flat_map(|c| {
            let boxed = TICKED.contains(&c) || EMPTY.contains(&c);
            let gap = boxed.then_some(' ');
            gap.into_iter().chain(std::iter::once(c)).chain(gap)
        })
        .collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let options = ["yes", "no", "y", "n", "x"];
    let yes_or_no = words
        .iter()
        .all(|w| options.contains(&w.to_lowercase().as_str()));
    let parts = words.iter().map(|word| match word.chars().next() {
        Some(c) if TICKED.contains(&c) => Part::Ticked,
        Some(c) if EMPTY.contains(&c) => Part::Empty,
        _ if word.eq_ignore_ascii_case("x") && words.len() > 1 && yes_or_no => Part::Ticked,
        _ => Part::Word(word),
    });
    let parts: Vec<Part<'_>> = parts.collect();
    if !parts
        .iter()
        .any(|p| matches!(p, Part::Ticked | Part::Empty))
    {
        return None;
    }
    // `Yes ☒ No ☐`: the boxes stand behind their words.
    let behind = matches!(parts.first(), Some(Part::Word(_)));
    let ticked = ticked_options(&parts, behind);
    Some(match ticked.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err("no box is ticked".to_owned()),
        _ => Err("more than one box is ticked".to_owned()),
    })
}

fn ticked_options(parts: &[Part<'_>], behind: bool) -> Vec<String> {
    let is_box = |part: &Part<'_>| !matches!(part, Part::Word(_));
    let words = |run: &[Part<'_>]| {
        let words = run.iter().filter_map(|part| match part {
            Part::Word(word) => Some(*word),
            _ => None,
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let mut options = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        if *part != Part::Ticked {
            continue;
        }
        let (before, after) = (parts.get(..at), parts.get(at + 1..));
        let run = if behind {
            let before = before.unwrap_or_default();
            let from = before.iter().rposition(is_box).map_or(0, |b| b + 1);
            before.get(from..)
        } else {
            let after = after.unwrap_or_default();
            let to = after.iter().position(is_box).unwrap_or(after.len());
            after.get(..to)
        };
        options.push(words(run.unwrap_or_default()));
    }
    options.retain(|option| !option.is_empty());
    options
}

#[cfg(test)]
mod tests {
    use super::choice;

    #[test]
    fn of_several_boxes_the_ticked_one_counts() {
        let yes = Some(Ok("Yes".to_owned()));
        for text in [
            "☒ Yes ☐ No",
            "☒Yes  ☐No",
            "Yes ☒ No ☐",
            "[x] Yes [ ] No",
            "Yes x No",
            "✓ Yes",
        ] {
            assert_eq!(choice(text), yes, "{text}");
        }
        assert_eq!(choice("Yes"), None);
        assert_eq!(choice("x"), None);
        assert_eq!(choice("Program X"), None);
        assert_eq!(choice("☐ Yes ☐ No"), Some(Err("no box is ticked".into())));
        assert_eq!(
            choice("☒ Yes ☒ No"),
            Some(Err("more than one box is ticked".into()))
        );
        assert_eq!(
            choice("☐ Not yet ☒ By the board"),
            Some(Ok("By the board".into()))
        );
    }
}
