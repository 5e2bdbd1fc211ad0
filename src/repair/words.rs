//! A change of amounts in a line of words: `move $500.00 from line 10 (budget.csv:11) to line 9 (budget.csv:10)`.

use crate::neutral::clean;
use crate::schema::{Field, Schema};
use crate::value::{Decimal, money};

use super::{Change, Way};

/// What a way changes, each change in words: what is moved first, then what is raised, lowered and stated otherwise.
pub fn one_way(schema: &Schema, way: &Way) -> Vec<String> {
    let mut said = Vec::new();
    let mut left: Vec<(usize, Decimal)> = way
        .changes
        .iter()
        .enumerate()
        .map(|(at, change)| (at, change.by()))
        .collect();
    let lines: Vec<usize> = (0..left.len())
        .filter(|at| way.changes.get(*at).is_some_and(|c| c.is_line))
        .collect();
    while let Some((from, to, by)) = next_move(&way.changes, &left, &lines) {
        for (at, by) in [(from, by), (to, -by)] {
            left.iter_mut()
                .filter(|l| l.0 == at)
                .for_each(|l| l.1 += by);
        }
        if let Some((from, to)) = way.changes.get(from).zip(way.changes.get(to)) {
            let amount = money(by, &schema.currency);
            said.push(format!("move {amount} from {} to {}", line(from), line(to)));
        }
    }
    // Lines first, then the figures that follow from them.
    left.sort_by_key(|(at, _)| way.changes.get(*at).is_none_or(|change| !change.is_line));
    for (at, by) in left.into_iter().filter(|(_, by)| !by.is_zero()) {
        said.extend(way.changes.get(at).map(|change| alone(schema, change, by)));
    }
    said
}

/// The next amount that is taken from one line and put to another of the same column.
fn next_move(
    changes: &[Change],
    left: &[(usize, Decimal)],
    lines: &[usize],
) -> Option<(usize, usize, Decimal)> {
    let by = |at: usize| left.get(at).map_or(Decimal::ZERO, |l| l.1);
    let column = |at: usize| changes.get(at).map(|c| (c.table, c.field));
    let from = lines.iter().copied().filter(|at| by(*at) < Decimal::ZERO);
    for from in from {
        let mut to = lines.iter().copied().filter(|at| by(*at) > Decimal::ZERO);
        if let Some(to) = to.find(|to| column(*to) == column(from)) {
            return Some((from, to, by(to).min(-by(from))));
        }
    }
    None
}

/// A line, by its key and its place: ``line 10 (`budget.csv:11`)``.
fn line(change: &Change) -> String {
    let place = clean(&change.row_place);
    match &change.key {
        Some(key) => format!("line {} (`{place}`)", clean(key)),
        None => format!("`{place}`"),
    }
}

fn alone(schema: &Schema, change: &Change, by: Decimal) -> String {
    let verb = if by > Decimal::ZERO { "raise" } else { "lower" };
    let show = |x: Decimal| money(x, &schema.currency);
    let (amount, to) = (show(by.abs()), show(change.to));
    if change.is_line {
        return format!("{verb} {} by {amount} to {to}", line(change));
    }
    let table = schema.tables.get(change.table);
    let label = table.and_then(|t| t.fields.get(change.field));
    let label = label.map_or("", |f| {
        if f.label.is_empty() {
            &f.name
        } else {
            &f.label
        }
    });
    let place = clean(&change.place);
    let is_line = table.is_some_and(|t| t.fields.iter().any(Field::is_summed_money));
    let of = match &change.key {
        Some(key) if is_line => format!("of line {} ", clean(key)),
        Some(key) => format!("of {} ", clean(key)),
        None => String::new(),
    };
    format!(
        "{verb} \"{}\" {of}(`{place}`) by {amount} to {to}",
        clean(label)
    )
}
