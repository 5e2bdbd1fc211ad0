//! Cells as keys: two cells hold the same where their keys are equal.

use crate::schema::FieldId;
use crate::table::{Cell, Rows, State, Texts};
use crate::value::Decimal;

/// What stands in a cell, in an order that rests on nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key<'a> {
    Blank,
    NotApplicable,
    Suppressed,
    Unreadable(&'a str),
    Bool(bool),
    Number(Decimal),
    Text(&'a str),
}

impl<'a> Key<'a> {
    pub(super) fn of(rows: &'a Rows, row: usize, field: FieldId, texts: &'a Texts) -> Self {
        match rows.cell(row, field, texts) {
            Cell::Blank => Key::Blank,
            Cell::NotApplicable => Key::NotApplicable,
            Cell::Suppressed => Key::Suppressed,
            Cell::Unreadable => Key::Unreadable(rows.raw(row, field)),
            Cell::Bool(truth) => Key::Bool(truth),
            Cell::Number(x) => Key::Number(x.normalize()),
            Cell::Text(text) => Key::Text(text),
        }
    }

    pub(super) fn is_value(self) -> bool {
        matches!(self, Key::Bool(_) | Key::Number(_) | Key::Text(_))
    }
}

/// The values of some fields of a row; `None` where one of them holds none.
pub(super) fn values<'a>(
    rows: &'a Rows,
    row: usize,
    fields: &[FieldId],
    texts: &'a Texts,
) -> Option<Vec<Key<'a>>> {
    let keys = fields.iter().map(|&field| {
        let held = rows.state(row, field) == State::Value;
        held.then(|| Key::of(rows, row, field, texts))
    });
    keys.collect::<Option<Vec<_>>>()
        .filter(|keys| !keys.is_empty())
}
