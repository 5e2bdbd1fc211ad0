//! What a person holds fixed.

use crate::schema::{FieldId, Otherwise, Schema, TableId};
use crate::submission::Submission;
use crate::table::{Cell, State};
use crate::value::plain;

/// What may not be changed, beside what the pack says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Rows that stay as they are.
    pub keep: Vec<Held>,
    /// Of tables that have the field only rows that hold one of the values may change.
    pub only: Vec<Held>,
}

/// Rows by what stands in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The field's name; `line` stands for `line_id`.
    pub field: String,
    /// What stands there: texts, codes or their labels.
    pub values: Vec<String>,
}

impl Held {
    /// The field that it names in a table.
    pub fn field_in(&self, schema: &Schema, table: TableId) -> Option<FieldId> {
        let table = schema.tables.get(table)?;
        let named = table.find_field(&self.field);
        named.or_else(|| table.find_field(&format!("{}_id", self.field)))
    }

    /// Whether a row is meant; `None` where its table has no such field.
    fn means(
        &self,
        schema: &Schema,
        submission: &Submission,
        (table, row): (TableId, usize),
    ) -> Option<bool> {
        let field = self.field_in(schema, table)?;
        let text = text_of(schema, submission, (table, row, field));
        let codes = schema.tables.get(table)?.fields.get(field)?.codes.as_ref();
        let is_it = |value: &String| {
            let meant = codes.and_then(|codes| codes.find(value)).unwrap_or(value);
            text.as_deref() == Some(meant)
        };
        Some(self.values.iter().any(is_it))
    }
}

impl Wish {
    /// Whether a row may be changed.
    pub(super) fn allows(
        &self,
        schema: &Schema,
        submission: &Submission,
        row: (TableId, usize),
    ) -> bool {
        let is_kept = |held: &Held| held.means(schema, submission, row) == Some(true);
        let is_other = |held: &Held| held.means(schema, submission, row) == Some(false);
        !self.keep.iter().any(is_kept) && !self.only.iter().any(is_other)
    }
}

/// What stands in a cell, or what stands in for it, as a text.
pub(super) fn text_of(
    schema: &Schema,
    submission: &Submission,
    (table, row, field): (TableId, usize, FieldId),
) -> Option<String> {
    let rows = submission.table(table)?;
    let declared = schema.tables.get(table)?.fields.get(field)?;
    if rows.state(row, field) != State::Blank {
        return match rows.cell(row, field, &submission.texts) {
            Cell::Text(text) => Some(text.to_owned()),
            Cell::Number(x) => Some(plain(x)),
            Cell::Bool(b) => Some(b.to_string()),
            _ => None,
        };
    }
    match declared.otherwise? {
        Otherwise::Row => rows.numbers.get(row).map(u32::to_string),
        Otherwise::Plan(field) => text_of(schema, submission, (schema.table("plan")?, 0, field)),
        Otherwise::Joined {
            table: joined,
            field: other,
            by,
        } => {
            let key = text_of(schema, submission, (table, row, by))?;
            let of_key = schema.tables.get(joined)?.key()?;
            let count = submission.table(joined)?.len();
            let is_it = |at: &usize| {
                text_of(schema, submission, (joined, *at, of_key)).as_ref() == Some(&key)
            };
            text_of(schema, submission, (joined, (0..count).find(is_it)?, other))
        }
    }
}
