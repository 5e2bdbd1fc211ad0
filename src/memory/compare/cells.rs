//! One cell before and after.

use super::words::{Piece, pieces};
use super::{Half, Pack};
use crate::schema::{Field, FieldId, Table};
use crate::table::{Cell, State};
use crate::value::{Decimal, Type, Value, from_days, say};

/// A cell before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct CellDiff {
    /// Its field.
    pub field: FieldId,
    /// What it was; `None` in a row that was added.
    pub old: Option<CellSide>,
    /// What it is; `None` in a row that was dropped.
    pub new: Option<CellSide>,
    /// By how much a figure grew or shrank, where both are known.
    pub change: Option<Decimal>,
    /// What changed in a text; none where it is shown as a whole.
    pub pieces: Vec<Piece>,
}

/// What one cell holds.
#[derive(Debug, Clone, PartialEq)]
pub struct CellSide {
    /// What it is.
    pub state: State,
    /// What it holds, where it holds a value that may be printed.
    pub value: Option<Value>,
    /// It holds a count so small that it is printed nowhere.
    pub small: bool,
    /// In words: a value, or `blank`, `n/a`, `suppressed`, and of what cannot be read what stands there.
    pub words: String,
    /// Its place.
    pub place: String,
}

/// A cell in both, if it is not the same.
pub(super) fn changed(
    pack: &Pack,
    table: &Table,
    field: FieldId,
    (old, a): (Half<'_>, usize),
    (new, b): (Half<'_>, usize),
) -> Option<CellDiff> {
    let of = table.fields.get(field)?;
    let (was, is) = (
        side(pack, table, field, old, a)?,
        side(pack, table, field, new, b)?,
    );
    let figures = figure(&was).zip(figure(&is));
    let change = figures.filter(|_| of.ty.is_figure());
    let texts = match (&was.value, &is.value) {
        (Some(Value::Text(was)), Some(Value::Text(is))) if of.ty == Type::Text => pieces(was, is),
        _ => Vec::new(),
    };
    Some(CellDiff {
        field,
        change: change.and_then(|(was, is)| is.checked_sub(was)),
        old: Some(was),
        new: Some(is),
        pieces: texts,
    })
}

/// The figure in a cell, where a difference of two means something.
fn figure(side: &CellSide) -> Option<Decimal> {
    match side.value.as_ref()? {
        Value::Number(x) | Value::Money(x) | Value::Percent(x) => Some(*x),
        _ => None,
    }
}

/// What a cell holds.
pub(in crate::memory) fn side(
    pack: &Pack,
    table: &Table,
    field: FieldId,
    half: Half<'_>,
    row: usize,
) -> Option<CellSide> {
    let of = table.fields.get(field)?;
    let cell = half.rows.cell(row, field, half.texts);
    let small = is_small(pack, of, &cell, half.year);
    let value = value_of(of, &cell).filter(|_| !small);
    let words = match (&cell, &value) {
        _ if small => "a small count".to_owned(),
        (_, Some(value)) => say(value, &pack.schema.currency),
        (Cell::NotApplicable, _) => "n/a".to_owned(),
        (Cell::Suppressed, _) => "suppressed".to_owned(),
        (Cell::Blank, _) => "blank".to_owned(),
        _ => format!("unreadable `{}`", half.rows.raw(row, field)),
    };
    Some(CellSide {
        state: cell.state(),
        value,
        small,
        words,
        place: half.rows.place(table, row, field),
    })
}

fn value_of(field: &Field, cell: &Cell<'_>) -> Option<Value> {
    Some(match *cell {
        Cell::Text(text) => Value::Text(text.to_owned()),
        Cell::Bool(truth) => Value::Bool(truth),
        Cell::Number(x) => match field.ty {
            Type::Money => Value::Money(x),
            Type::Percent => Value::Percent(x),
            Type::Date => {
                let days = i64::try_from(x.normalize().mantissa()).ok();
                Value::Date(days.and_then(from_days)?)
            }
            _ => Value::Number(x),
        },
        _ => return None,
    })
}

/// Whether a cell holds a count that is printed nowhere; any count where it is not known which are small.
fn is_small(pack: &Pack, field: &Field, cell: &Cell<'_>, year: Option<i64>) -> bool {
    let (Some(name), Cell::Number(x)) = (&field.suppress, cell) else {
        return false;
    };
    let param = pack.params.iter().find(|param| param.name == *name);
    let value = year.and_then(|year| Some(&param?.value_in(year)?.value));
    match value {
        Some(Value::Number(least)) => !x.is_zero() && x.abs() < *least,
        Some(Value::Null) => false,
        _ => true,
    }
}
