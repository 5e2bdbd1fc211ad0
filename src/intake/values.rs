//! What a form writes, as what a submission holds: values beside labels, numbers before words, the form's own spellings.

use std::borrow::Cow;

use super::book::{Leaf, Place, parts};
use super::map::{Block, Name};
use super::pattern::{Pattern, folded};
use super::ticks::choice;
use crate::read::cell::quoted;
use crate::read::grid::{GridRow, Written};
use crate::schema::{Field, FieldId};
use crate::value::{Type, parse_date, parse_year, trim};

/// How far to the right of its label a value may stand.
const REACH: usize = 12;

/// A value that was found beside its label.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    /// The words of the label.
    pub(crate) label: String,
    /// The row, as a place among the rows of the grid.
    pub(crate) at: usize,
    /// The columns of the label and of the value, from 0.
    pub(crate) columns: (usize, usize),
    /// The value.
    pub(crate) written: Written<'static>,
}

/// The value beside the first label of one of the names that has one; if none has, the first label's blank. The names are
/// tried in their order. `is_label` tells the words of other labels, which are no values.
pub(crate) fn label_value(
    leaf: &Leaf,
    names: &[Name],
    is_label: &dyn Fn(&str) -> bool,
) -> Option<Beside> {
    label_values(leaf, names, is_label).into_iter().next()
}

/// The values beside every label of the first name that has one that is not blank, that one first.
pub(crate) fn label_values(
    leaf: &Leaf,
    names: &[Name],
    is_label: &dyn Fn(&str) -> bool,
) -> Vec<Beside> {
    let mut blanks = Vec::new();
    for name in names {
        let mut found = values_of(leaf, name, is_label);
        if let Some(filled) = found.iter().position(|b| !b.written.is_blank()) {
            found.drain(..filled);
            return found;
        }
        blanks.append(&mut found);
    }
    blanks
}

fn values_of(leaf: &Leaf, name: &Name, is_label: &dyn Fn(&str) -> bool) -> Vec<Beside> {
    if name.around.is_some() {
        return values_among(leaf, name);
    }
    let rows = &leaf.grid().rows;
    let places = leaf.labels(&name.lower).into_iter();
    let found = places.filter_map(|place| {
        let row = rows.get(place.at)?;
        let upper = name.upper.as_ref();
        upper
            .is_none_or(|upper| stands_left(row, place.column, upper))
            .then(|| in_cell(leaf, row, place, is_label))?
    });
    found.collect()
}

/// The values that stand among the words of a text.
fn values_among(leaf: &Leaf, name: &Name) -> Vec<Beside> {
    let mut found = Vec::new();
    for (at, row) in leaf.grid().rows.iter().enumerate() {
        for (column, _) in leaf.words(at) {
            let shown = row.cell(*column).shown();
            found.extend(among(name, shown).map(|value| Beside {
                label: shown.to_owned(),
                at,
                columns: (*column, *column),
                written: text(value),
            }));
        }
    }
    found
}

/// Whether a label stands to the left of a cell in its row.
fn stands_left(row: &GridRow<'_>, column: usize, upper: &Pattern) -> bool {
    let mut left = row.cells.iter().take(column);
    left.any(|cell| upper.fits(&folded(cell.shown())))
}

/// The value among the words of a text.
fn among<'t>(name: &Name, shown: &'t str) -> Option<&'t str> {
    let (before, behind) = name.around.as_ref()?;
    let lower = shown.to_lowercase();
    // A text whose letters change their length is none that a form prints.
    let lower = Some(lower).filter(|lower| lower.len() == shown.len())?;
    let from = lower.find(before.as_str())? + before.len();
    let rest = lower.get(from..)?;
    let to = if behind.is_empty() {
        rest.len()
    } else {
        rest.find(behind.as_str())?
    };
    let value = shown.get(from..from + to)?;
    let value =
        value.trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '-' | '–' | '*'));
    let words = parts(value).next().unwrap_or_default();
    (!words.is_empty()).then_some(words)
}

/// The value of a label: behind its colon, or in the cells to the right, or below.
fn in_cell(
    leaf: &Leaf,
    row: &GridRow<'static>,
    Place { at, column, part }: Place,
    is_label: &dyn Fn(&str) -> bool,
) -> Option<Beside> {
    let label = parts(row.cell(column).shown()).nth(part)?;
    if let Some((label, value)) = label.split_once(':').filter(|(_, v)| !trim(v).is_empty()) {
        let line = is_line(value);
        return Some(Beside {
            label: label.to_owned(),
            at,
            columns: (column, column),
            written: if line {
                Written::BLANK
            } else {
                text(trim(value))
            },
        });
    }
    let beside = to_the_right(at, row, column, is_label);
    let mut beside = beside.unwrap_or_else(|| below(leaf, at, row, column));
    label.clone_into(&mut beside.label);
    Some(beside)
}

fn to_the_right(
    at: usize,
    row: &GridRow<'static>,
    column: usize,
    is_label: &dyn Fn(&str) -> bool,
) -> Option<Beside> {
    let mut cells = Vec::new();
    for right in column + 1..=column + REACH {
        let cell = row.cell(right);
        if cell.is_blank() || is_line(cell.shown()) {
            continue;
        }
        if is_label(&folded(cell.shown())) || cell.shown().ends_with(':') {
            break;
        }
        cells.push((right, cell));
    }
    let (first, value) = cells.first()?;
    let texts: Vec<&str> = cells.iter().map(|(_, cell)| cell.shown()).collect();
    let joined = texts.join(" ");
    let boxes = cells.len() > 1 && choice(&joined).is_some();
    Some(Beside {
        label: String::new(),
        at,
        columns: (column, *first),
        written: if boxes {
            text(&joined)
        } else {
            (*value).clone()
        },
    })
}

/// A figure or a date below a label; else the blank beside it.
fn below(leaf: &Leaf, at: usize, row: &GridRow<'static>, column: usize) -> Beside {
    let under = leaf
        .grid()
        .rows
        .get(at + 1)
        .filter(|r| r.number == row.number + 1);
    let figure = under
        .map(|r| r.cell(column))
        .filter(|cell| matches!(cell, Written::Number { .. } | Written::Date { .. }));
    match figure {
        Some(figure) => Beside {
            label: String::new(),
            at: at + 1,
            columns: (column, column),
            written: figure.clone(),
        },
        None => Beside {
            label: String::new(),
            at,
            columns: (column, column + 1),
            written: Written::BLANK,
        },
    }
}

/// A line to write on, and nothing else.
fn is_line(text: &str) -> bool {
    let text = trim(text);
    !text.is_empty() && text.chars().all(|c| c == '_' || c == '.')
}

/// A cell as the submission's field has it, and what was guessed on the way. `shared` tells that the cell holds the number
/// and the words of two fields.
pub(crate) fn understand(
    block: &Block,
    (id, field): (FieldId, &Field),
    written: &Written<'static>,
    shared: bool,
) -> (Written<'static>, Option<String>) {
    let shown = written.shown();
    if shown.is_empty() || matches!(written, Written::Bad(_)) {
        return (written.clone(), None);
    }
    if let Some(known) = spelled(block, id, shown) {
        return (known, None);
    }
    if block.leading.contains(&id) && matches!(written, Written::Date { .. }) {
        let why = "a date stands here, as a spreadsheet makes of a number such as `1.1`: format the column as text and write it anew";
        return (Written::Bad(why.to_owned()), None);
    }
    let takes_words = shared && block.trailing.contains(&id);
    let is_text = matches!(written, Written::Text(_));
    if !is_text && !takes_words {
        return (written.clone(), None);
    }
    if takes_words {
        return (text(numbered(shown).1), None);
    }
    if block.leading.contains(&id) {
        return (text(numbered(shown).0), None);
    }
    if matches!(field.ty, Type::Boolean | Type::Code) {
        match choice(shown) {
            Some(Ok(chosen)) => {
                return (
                    spelled(block, id, &chosen).unwrap_or_else(|| text(&chosen)),
                    None,
                );
            }
            Some(Err(why)) => return (Written::Bad(why), None),
            None => {}
        }
    }
    let within = match field.ty {
        Type::Code => code_within(field, shown),
        Type::Date => date_within(shown),
        Type::Year => year_within(shown),
        _ => None,
    };
    match within {
        Some(value) => {
            let guess = format!("{} was read as `{value}`", quoted(shown));
            (text(&value), Some(guess))
        }
        None => (written.clone(), None),
    }
}

/// The date at the end of a text that says more: `/s/ A. Example 5/12/2026`.
fn date_within(shown: &str) -> Option<String> {
    if parse_date(shown).is_some() {
        return None;
    }
    let words: Vec<&str> = shown.split_whitespace().collect();
    [1, 3].iter().find_map(|count| {
        let from = words.len().checked_sub(*count)?;
        let text = words.get(from..)?.join(" ");
        parse_date(&text).map(|date| date.to_string())
    })
}

/// The fiscal year in a text that says more, and of one year alone: `FY 2027 (July 1, 2026 - June 30, 2027)`, `SY 2026 – 27`,
/// `July 1, 2026 to June 30, 2027`.
fn year_within(shown: &str) -> Option<String> {
    if parse_year(shown).is_some() {
        return None;
    }
    let text = shown
        .split('(')
        .next()
        .unwrap_or_default()
        .replace(['–', '—'], "-");
    let parts: Vec<&str> = text.split('-').map(str::trim).collect();
    let text = parts.join("-");
    let bare = ["SY", "School year", "FY", "Fiscal year"]
        .iter()
        .find_map(|word| {
            let rest = text.get(word.len()..)?;
            text.get(..word.len())?
                .eq_ignore_ascii_case(word)
                .then(|| trim(rest))
        });
    let year = parse_year(trim(&text))
        .or_else(|| parse_year(bare?))
        .or_else(|| period(shown));
    year.map(|year| year.to_string())
}

/// The fiscal year that a period of twelve months is, by the two years in it that follow one another.
fn period(shown: &str) -> Option<i64> {
    let words = shown.split(|c: char| !c.is_ascii_alphanumeric());
    let years: Vec<i64> = words
        .filter(|word| word.len() == 4)
        .filter_map(|word| word.parse().ok())
        .collect();
    let lower = shown.to_lowercase();
    let ends = lower
        .find("july")
        .zip(lower.rfind("june"))
        .is_some_and(|(from, to)| from < to);
    match years.as_slice() {
        [first, last] if ends && first + 1 == *last => Some(*last),
        _ => None,
    }
}

fn text(text: &str) -> Written<'static> {
    Written::Text(Cow::Owned(text.to_owned()))
}

/// The value of which a text is the form's own spelling; of two that fit, the one whose words hold the other's, else neither.
pub(crate) fn spelled(block: &Block, field: FieldId, shown: &str) -> Option<Written<'static>> {
    let (_, spellings) = block.values.iter().find(|(id, _)| *id == field)?;
    let words = folded(shown);
    let mut fitting: Vec<(&str, &Pattern)> = Vec::new();
    for (value, patterns) in spellings {
        let fits = patterns.iter().filter(|p| p.fits(&words));
        // An exact spelling is no other's.
        if fits.clone().any(|p| p.exact().is_some()) {
            return Some(text(value));
        }
        fitting.extend(
            fits.max_by_key(|p| p.written.len())
                .map(|p| (value.as_str(), p)),
        );
    }
    let best = fitting.iter().max_by_key(|(_, p)| p.written.len())?;
    let held = |(_, p): &&(&str, &Pattern)| !best.1.holds(p);
    if let Some((other, _)) = fitting.iter().find(held) {
        let why = format!(
            "{} may be `{}` or `{other}`: write one of them",
            quoted(shown),
            best.0
        );
        return Some(Written::Bad(why));
    }
    Some(text(best.0))
}

/// The number in a text such as `1.10`, `Strategy 1.10:` or `1.10 – Coaching`, and the words behind it; a text that begins
/// otherwise, such as `Coaching in grades K-3`, is both.
pub(crate) fn numbered(shown: &str) -> (&str, &str) {
    let whole = (shown, shown);
    let Some(from) = shown.find(|c: char| c.is_ascii_digit()) else {
        return whole;
    };
    let (before, rest) = shown.split_at(from);
    let length = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
        .unwrap_or(rest.len());
    let (number, behind) = rest.split_at(length);
    let ended = number.ends_with('.') || behind.trim_start().starts_with([':', '–', '—', '-', ')']);
    let number = number.trim_end_matches('.');
    if !before.is_empty() {
        // A word before the number is its name: `Strategy 1.1`, `Goal 3:`; but not `Grade 3 reading`.
        let word = before.trim_end_matches([' ', '#', '\u{a0}']);
        let names = word.chars().all(char::is_alphabetic) && word.len() < before.len();
        if !(names && (ended || behind.is_empty() || number.contains('.'))) {
            return whole;
        }
    }
    let gap =
        |c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | ':' | '.' | ')' | '\u{a0}');
    let words = behind.trim_start_matches(gap);
    let joins = ["and ", "& ", ", ", "to ", "/"];
    let next = joins
        .iter()
        .find_map(|join| behind.trim_start().strip_prefix(join));
    let number_first = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    // `1.1-1.4` and `3.1 and 3.2` are several numbers.
    if (behind.starts_with(['-', '–']) && number_first(words)) || next.is_some_and(number_first) {
        return whole;
    }
    (number, words)
}

/// The code in a text that says more: `111B - Teachers`, `Teachers (111B)`, `Code 111-B`, `0200`.
fn code_within(field: &Field, shown: &str) -> Option<String> {
    let codes = field.codes.as_ref()?;
    if codes.find(shown).is_some() {
        return None;
    }
    let has_digit = |text: &&str| text.contains(|c: char| c.is_ascii_digit());
    let before = shown.split([':', '–', '—']).next();
    let dashed = shown.split(" - ").next();
    let first = shown.split_whitespace().next().filter(has_digit);
    let last = shown.split_whitespace().next_back().filter(has_digit);
    let inner = shown
        .trim_end()
        .strip_suffix(')')
        .and_then(|t| t.rsplit_once('('));
    let parts = [before, dashed, inner.map(|(_, inner)| inner), first];
    let known = |text: &str| codes.find(trim(text)).map(str::to_owned);
    let mut parts = parts.into_iter().flatten();
    parts.find_map(known).or_else(|| {
        let short = shown.len() <= 12;
        let joined: String = shown.chars().filter(char::is_ascii_alphanumeric).collect();
        let bare = joined.trim_start_matches('0');
        let mut joined = [Some(joined.as_str()), Some(bare), last]
            .into_iter()
            .flatten();
        joined.find_map(|text| known(text).filter(|_| short && has_digit(&shown)))
    })
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn numbers_before_words() {
        for (text, number, words) in [
            (
                "1.10 – Coaching in grades K-3",
                "1.10",
                "Coaching in grades K-3",
            ),
            ("Strategy 2.1: Attendance", "2.1", "Attendance"),
            ("1.1", "1.1", ""),
            ("3. Leaders", "3", "Leaders"),
            ("Coaching", "Coaching", "Coaching"),
            ("Goal 3: Attendance", "3", "Attendance"),
            (
                "Coaching in grades K-3",
                "Coaching in grades K-3",
                "Coaching in grades K-3",
            ),
            ("Grade 3 reading", "Grade 3 reading", "Grade 3 reading"),
            ("K-3 literacy", "K-3 literacy", "K-3 literacy"),
            ("3.1 and 3.2", "3.1 and 3.2", "3.1 and 3.2"),
            ("1.1-1.4", "1.1-1.4", "1.1-1.4"),
            ("4b) Tutors", "4b", "Tutors"),
        ] {
            assert_eq!(numbered(text), (number, words), "{text}");
        }
    }
}
