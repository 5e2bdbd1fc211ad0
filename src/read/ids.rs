//! Ids that lost their last zero: a spreadsheet stores `1.10` as the number 1.1.

use super::cell::quoted;
use crate::diagnostic::Diagnostic;
use crate::schema::{FieldId, Schema, Table, TableId};
use crate::submission::Submission;
use crate::table::{Rows, State};
use crate::value::Type;

/// Why an id that reads as that of row `first` is probably another, if it stands behind one that ends in nine.
pub(crate) fn lost_zero(before: &str, shown: &str, first: u32) -> Option<String> {
    let meant = next_of_nine(before).filter(|meant| meant.trim_end_matches('0') == shown)?;
    Some(format!(
        "reads {}, as row {first} does already; after {} it is probably `{meant}` that lost its zero: format the column as \
         text and write it anew",
        quoted(shown),
        quoted(before),
    ))
}

/// The number behind one that ends in nine: `1.10` behind `1.9`.
fn next_of_nine(text: &str) -> Option<String> {
    let (whole, last) = text.split_once('.')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let next = last.parse::<u32>().ok()?.checked_add(1)?;
    (is_number(whole) && is_number(last) && last.ends_with('9')).then(|| format!("{whole}.{next}"))
}

/// Doubts the ids of other tables that stand for a row whose own id lost its zero: where the rows of `1.1` begin a second
/// time behind those of `1.9`, they are probably the rows of `1.10`.
pub(crate) fn doubt(schema: &Schema, submission: &mut Submission) {
    let tables = schema.submission_tables();
    let lost: Vec<(TableId, String, String)> = tables
        .iter()
        .enumerate()
        .flat_map(|(id, table)| lost_ids(id, table, submission.tables.get(id)))
        .collect();
    for (of, name, shown) in lost {
        for (id, table) in tables.iter().enumerate().filter(|(id, _)| *id != of) {
            let field = table.field(&name).filter(|f| is_text(table, *f));
            let Some((field, rows)) = field.zip(submission.tables.get_mut(id)) else {
                continue;
            };
            let told = doubt_rows(table, rows, field, &shown);
            submission.diagnostics.extend(told);
        }
    }
}

fn is_text(table: &Table, field: FieldId) -> bool {
    table.fields.get(field).is_some_and(|f| f.ty == Type::Text)
}

/// The ids of a table that lost their zero: the table, the field's name, and what the id reads.
fn lost_ids(id: TableId, table: &Table, rows: Option<&Rows>) -> Vec<(TableId, String, String)> {
    let Some((key, rows)) = table.key().filter(|k| is_text(table, *k)).zip(rows) else {
        return Vec::new();
    };
    let name = table.fields.get(key).map_or("", |f| f.name.as_str());
    let lost = (1..rows.len()).filter(|&row| {
        rows.state(row, key) == State::Unreadable
            && lost_zero(rows.raw(row - 1, key), rows.raw(row, key), 0).is_some()
    });
    lost.map(|row| (id, name.to_owned(), rows.raw(row, key).to_owned()))
        .collect()
}

fn doubt_rows(table: &Table, rows: &mut Rows, field: FieldId, shown: &str) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let mut before = String::new();
    let mut doubted = false;
    for row in 0..rows.len() {
        let raw = rows.raw(row, field).to_owned();
        if raw.is_empty() {
            continue;
        }
        doubted = raw == shown && (doubted || lost_zero(&before, &raw, 0).is_some());
        if raw != shown {
            before.clone_from(&raw);
        }
        let column = rows.columns.get_mut(field).and_then(Option::as_mut);
        let Some(state) = column
            .and_then(|c| c.states.get_mut(row))
            .filter(|_| doubted)
        else {
            continue;
        };
        *state = State::Unreadable;
        let message = format!(
            "reads {}; behind {} it probably stands for an id that lost its zero: format the column as text and write it anew",
            quoted(&raw),
            quoted(&before)
        );
        told.push(Diagnostic::error(rows.place(table, row, field), message));
    }
    told
}
