//! What may stand in a column, in words.

use super::layout::Layout;
use crate::schema::{Field, FieldId, Otherwise, TableId};
use crate::value::{Type, percent, plain};

/// How many choices are named; of a longer list is said where it stands.
const NAMED: usize = 8;

/// Whether a field must be filled in.
pub(super) fn is_required(field: &Field) -> bool {
    field.required && field.otherwise.is_none()
}

/// Whether a field must be filled in, in a word or two.
pub(super) fn mark(field: &Field) -> &'static str {
    match (is_required(field), field.not_applicable) {
        (true, false) => "required",
        (true, true) => "required, or n/a",
        (false, true) => "optional, or n/a",
        (false, false) => "optional",
    }
}

/// What a field holds, in sentences.
pub(super) fn of_field(layout: &Layout<'_>, table: TableId, id: FieldId, field: &Field) -> String {
    let mut said = vec![what(layout, table, id, field)];
    said.extend(bounds(field));
    if let Some(digits) = field.digits {
        said.push(format!("It has {digits} digits."));
    }
    if field.key {
        said.push("It names the row: write each once.".to_owned());
    }
    said.extend(blank(layout, field));
    if field.not_applicable {
        said.push("Write n/a where it does not apply.".to_owned());
    }
    if field.total {
        said.push("It is added up above.".to_owned());
    }
    said.join(" ")
}

fn what(layout: &Layout<'_>, table: TableId, id: FieldId, field: &Field) -> String {
    let currency = &layout.in_force.pack.schema.currency;
    match field.ty {
        Type::Text => "A text, kept as it is written.".to_owned(),
        Type::Number => "A number, such as 12.5.".to_owned(),
        Type::Money => format!("An amount ({currency}), such as 1,234.50."),
        Type::Percent => "A percentage, such as 12.5%.".to_owned(),
        Type::Date => "A date, such as 2026-07-01.".to_owned(),
        Type::Year => "A fiscal year, such as 2027.".to_owned(),
        Type::Boolean => "Yes or no.".to_owned(),
        Type::Code => {
            let Some(list) = layout.lists.find(table, id) else {
                return "A code.".to_owned();
            };
            let choices: Vec<&str> = layout.lists.choices(list).collect();
            if choices.len() <= NAMED {
                return format!("Choose one: {}.", choices.join("; "));
            }
            let [.., sheet] = &layout.own;
            let count = choices.len();
            format!("Choose one of {count}; they stand on the sheet {sheet} too.")
        }
    }
}

fn bounds(field: &Field) -> Option<String> {
    let say = |x| {
        if field.ty == Type::Percent {
            percent(x)
        } else {
            plain(x)
        }
    };
    match (field.least().map(say), field.max.map(say)) {
        (Some(least), Some(most)) => Some(format!("From {least} to {most}.")),
        (Some(least), None) => Some(format!("At least {least}.")),
        (None, Some(most)) => Some(format!("At most {most}.")),
        (None, None) => None,
    }
}

/// What a blank means, where it is not just a blank.
fn blank(layout: &Layout<'_>, field: &Field) -> Option<String> {
    let schema = &layout.in_force.pack.schema;
    let label = |id: TableId, field: FieldId| {
        let sheet = &layout.places.get(id)?.sheet;
        let field = schema.tables.get(id)?.fields.get(field)?;
        Some(format!("{} on the sheet {sheet}", field.label))
    };
    let of = match field.otherwise? {
        Otherwise::Row => "the number of the row".to_owned(),
        Otherwise::Plan(of) => label(layout.in_force.pack.identity.table, of)?,
        Otherwise::Joined { table, field, .. } => label(table, field)?,
    };
    Some(format!("Left blank, it is {of}."))
}
