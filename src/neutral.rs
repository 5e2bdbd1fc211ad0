//! What others wrote, made harmless for who reads it: no formula for a spreadsheet, no command for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The mark before a text that a spreadsheet would take for a formula.
const MARK: char = '\'';

/// What a spreadsheet takes for the beginning of a formula, or passes over to find one.
const STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A text for a cell of a spreadsheet: with a `'` before it when it would be taken for a formula. A text that reads so
/// already gets another, so that [`unmarked`] gives back what was written.
pub fn cell(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("{MARK}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text of a cell that begins with the mark of [`cell`]; `None` when it has none.
pub fn unmarked(text: &str) -> Option<&str> {
    text.strip_prefix(MARK).filter(|rest| is_formula(rest))
}

fn is_formula(text: &str) -> bool {
    text.trim_start_matches(MARK).starts_with(STARTS)
}

/// Words for one line of a report: line breaks and tabs as spaces, and what commands a terminal or turns the direction of
/// writing shown by its number.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if is_command(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether a character commands a terminal, breaks a line or turns the direction of writing.
pub fn is_command(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn assert_cell(text: &str, want: &str) {
        assert_eq!(cell(text), want, "{text:?}");
        assert_eq!(unmarked(want).unwrap_or(want), text, "{want:?}");
    }

    #[test]
    fn formulas_are_marked_and_read_back() {
        assert_cell("=1+1", "'=1+1");
        assert_cell("+1 860", "'+1 860");
        assert_cell("-5.00", "'-5.00");
        assert_cell("@SUM(A1)", "'@SUM(A1)");
        assert_cell("\t=1", "'\t=1");
        assert_cell("\r=1", "'\r=1");
        assert_cell("'=1", "''=1");
        assert_cell("''-1", "'''-1");
        for plain in ["", "'", "'tis", "a=1", "1-2", "''"] {
            assert_cell(plain, plain);
        }
    }

    #[test]
    fn commands_are_shown_and_not_sent() {
        assert_eq!(
            clean("a\u{1b}[2Jb\u{9b}c\u{202e}d"),
            "a\\u{1b}[2Jb\\u{9b}c\\u{202e}d"
        );
        assert_eq!(
            clean("two\r\nlines\tand\u{2028}more"),
            "two  lines and\\u{2028}more"
        );
        assert_eq!(clean("Café — 学校 🏫"), "Café — 学校 🏫");
    }

    proptest! {
        #[test]
        fn every_text_is_read_back(text in "['=+\\-@\t\r a]{0,8}") {
            let written = cell(&text);
            prop_assert!(!written.starts_with(STARTS));
            prop_assert_eq!(unmarked(&written).unwrap_or(&written), text.as_str());
        }

        #[test]
        fn nothing_cleaned_commands(text in any::<String>()) {
            prop_assert!(!clean(&text).contains(is_command));
        }
    }
}
