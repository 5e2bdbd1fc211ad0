//! How two submissions of one submitter hang together: what their money is compared by, and which tables repeat what an
//! earlier submission holds.

use std::ops::Range;

use toml::de::DeValue;

use super::spanned::{Doc, Entry, Keys, Text, as_table, as_text};
use crate::diagnostic::suggest;
use crate::schema::{Field, FieldId, Schema, Table, TableId};
use crate::value::Type;

/// How two submissions of one submitter hang together.
///
/// ```toml
/// [compare]
/// money = ["area", "strategy_id"]
///
/// [prior.last_targets]        # from the plan that was approved for the year before
/// from = "targets"
/// by = ["metric", "group"]
/// fields = { goal = "target" }
///
/// [prior.last_conditions]     # from the determination on that plan
/// conditions = { what = "condition", by = "due_on" }
///
/// [approved.approved]         # from the plan that was approved for the same year
/// from = "budget"
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The names of the fields by which money is compared, where a table has them.
    pub money: Vec<String>,
    /// The tables that repeat what the approved submission of the year before holds.
    pub prior: Vec<Link>,
    /// The tables that repeat the conditions on which it was approved: their words tell them apart, and the other field is the day by
    /// which they are due. They are drawn from no table.
    pub conditions: Vec<Link>,
    /// The tables that repeat what the approved submission of the same year holds.
    pub approved: Vec<Link>,
}

/// A table that repeats what a table of an earlier submission holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The table that repeats.
    pub to: TableId,
    /// The table of the earlier submission.
    pub from: TableId,
    /// The fields that tell its rows apart: here, and there.
    pub by: Vec<(FieldId, FieldId)>,
    /// The other fields: here, and there.
    pub fields: Vec<(FieldId, FieldId)>,
    /// The fields that hold the sum of a field there, over all rows that are one row here.
    pub sums: Vec<(FieldId, FieldId)>,
}

/// What `pack.toml` says of it.
pub(super) fn read(keys: &Keys<'_, '_>, schema: &Schema) -> Links {
    let mut conditions = Vec::new();
    Links {
        money: keys
            .table("compare")
            .map_or_else(Vec::new, |of| money(&of, schema)),
        prior: links(keys, "prior", schema, Some(&mut conditions)),
        approved: links(keys, "approved", schema, None),
        conditions,
    }
}

fn money(of: &Keys<'_, '_>, schema: &Schema) -> Vec<String> {
    let names = of.texts("money");
    of.done();
    let sums = |table: &&Table| table.fields.iter().any(Field::is_summed_money);
    let tables: Vec<&Table> = schema.submission_tables().iter().filter(sums).collect();
    let groups = |field: &&Field| matches!(field.ty, Type::Text | Type::Code);
    let is_known = |name: &Text| {
        let mut found = tables.iter().filter_map(|table| {
            let field = table.fields.get(table.field(&name.value)?)?;
            groups(&field).then_some(())
        });
        let is_known = found.next().is_some();
        if !is_known {
            let fields = tables.iter().flat_map(|table| &table.fields);
            let names: Vec<&str> = fields.filter(groups).map(|f| f.name.as_str()).collect();
            let message = format!(
                "`{}` is no text and no code of a table with a total of money",
                name.value
            );
            let help = suggest(&name.value, names);
            of.doc.mistake(name.span.clone(), message, "", help);
        }
        is_known
    };
    let names = names.into_iter().filter(is_known);
    names.map(|name| name.value).collect()
}

fn links(
    keys: &Keys<'_, '_>,
    key: &str,
    schema: &Schema,
    mut conditions: Option<&mut Vec<Link>>,
) -> Vec<Link> {
    let Some(of) = keys.table(key) else {
        return Vec::new();
    };
    let mut links = Vec::new();
    for (name, entry) in of.entries() {
        let Some(of) = as_table(keys.doc, entry) else {
            continue;
        };
        let own = conditions.as_mut();
        match own.and_then(|own| Some((own, of.get("conditions")?))) {
            Some((conditions, entry)) => {
                of.done();
                conditions.extend(conditions_of(keys.doc, &name, entry, schema));
            }
            None => links.extend(link(&of, &name, schema)),
        }
    }
    links
}

/// The fields that hold the words of a condition and the day by which it is due.
fn conditions_of(doc: Doc<'_>, name: &Text, entry: Entry<'_>, schema: &Schema) -> Option<Link> {
    let to = table(doc, name, schema)?;
    let table = schema.tables.get(to)?;
    let pair = Pair {
        doc,
        span: name.span.clone(),
        to: table,
        from: table,
    };
    let (mut by, mut fields) = (Vec::new(), Vec::new());
    for (here, there) in as_table(doc, entry)?.entries() {
        let field = pair.field(table, &here)?;
        let there = as_text(doc, there)?;
        let (held, ty) = match there.value.as_str() {
            "condition" => (&mut by, Type::Text),
            "due_on" => (&mut fields, Type::Date),
            other => {
                let message = format!("`{other}` is no column of a determination's conditions");
                let help = "name `condition` or `due_on`";
                doc.mistake(there.span, message, "", help);
                return None;
            }
        };
        if table.fields.get(field)?.ty != ty {
            let message = format!("`{}` cannot hold `{}`", here.value, there.value);
            let help = "a condition is a text, and `due_on` a date";
            doc.mistake(there.span, message, "", help);
            return None;
        }
        held.push((field, field));
    }
    if by.len() != 1 || fields.len() > 1 {
        let message = "the words of a condition stand in one field, and the day in another";
        let help = "write `{ condition = \"condition\", due_on = \"due_on\" }`";
        doc.mistake(entry.span(), message, "", help);
        return None;
    }
    Some(Link {
        to,
        from: to,
        by,
        fields,
        sums: Vec::new(),
    })
}

fn link(of: &Keys<'_, '_>, name: &Text, schema: &Schema) -> Option<Link> {
    let doc = of.doc;
    let to = table(doc, name, schema);
    let from = of.required_text("from");
    let from = from.and_then(|text| table(doc, &text, schema));
    let (by, fields, sums) = (of.texts("by"), of.get("fields"), of.get("sums"));
    of.done();
    let pair = Pair {
        doc,
        span: name.span.clone(),
        to: schema.tables.get(to?)?,
        from: schema.tables.get(from?)?,
    };
    let named = !by.is_empty();
    let by = pair.by(&by);
    if by.is_empty() && !named {
        let message = format!("nothing tells the rows of `{}` apart", pair.to.name);
        let help = "name the fields that do: `by = [\"line_id\"]`";
        doc.mistake(name.span.clone(), message, "", help);
    }
    let sums = sums.map_or_else(Vec::new, |entry| pair.named(entry, true));
    let is_left = |(field, _): &(FieldId, FieldId)| !by.iter().any(|(own, _)| own == field);
    let fields = match fields {
        Some(entry) => pair.named(entry, false),
        None if sums.is_empty() => pair.of_one_name(),
        None => Vec::new(),
    };
    Some(Link {
        to: to?,
        from: from?,
        fields: fields.into_iter().filter(is_left).collect(),
        by,
        sums,
    })
}

fn table(doc: Doc<'_>, name: &Text, schema: &Schema) -> Option<TableId> {
    let found = schema
        .table(&name.value)
        .filter(|id| *id < schema.submission);
    if found.is_none() {
        let names = schema.submission_tables().iter().map(|t| t.name.as_str());
        let message = format!("`{}` is no table of a submission", name.value);
        doc.mistake(name.span.clone(), message, "", suggest(&name.value, names));
    }
    found
}

/// A table that repeats another.
struct Pair<'a> {
    doc: Doc<'a>,
    span: Range<usize>,
    to: &'a Table,
    from: &'a Table,
}

impl Pair<'_> {
    /// The fields of both that tell rows apart; where none is named, the key.
    fn by(&self, names: &[Text]) -> Vec<(FieldId, FieldId)> {
        let key = self.to.key().and_then(|key| self.to.fields.get(key));
        let key = key.map(|key| Text {
            value: key.name.clone(),
            span: self.span.clone(),
        });
        let names = if names.is_empty() {
            key.as_slice()
        } else {
            names
        };
        let pairs = names.iter().filter_map(|name| self.pair(name, name, false));
        pairs.collect()
    }

    /// The fields that are named: `{ here = "there" }`.
    fn named(&self, entry: Entry<'_>, sums: bool) -> Vec<(FieldId, FieldId)> {
        let DeValue::Table(_) = entry.get_ref() else {
            let message = "this names no fields";
            let help = "write `{ here = \"there\" }`";
            self.doc.mistake(entry.span(), message, "", help);
            return Vec::new();
        };
        let of = as_table(self.doc, entry);
        let entries = of.iter().flat_map(Keys::entries);
        let pairs = entries.filter_map(|(here, there)| {
            let there = as_text(self.doc, there)?;
            self.pair(&here, &there, sums)
        });
        pairs.collect()
    }

    fn pair(&self, here: &Text, there: &Text, sums: bool) -> Option<(FieldId, FieldId)> {
        let own = self.field(self.to, here);
        let other = self.field(self.from, there);
        let (own, other) = (own?, other?);
        let fields = (self.to.fields.get(own)?, self.from.fields.get(other)?);
        if !is_alike(fields.0, fields.1) {
            let message = format!(
                "`{}.{}` and `{}.{}` are not of one type and one list",
                self.to.name, fields.0.name, self.from.name, fields.1.name
            );
            let help = "name two fields that hold the same";
            self.doc.mistake(there.span.clone(), message, "", help);
            return None;
        }
        if sums && !fields.1.ty.is_figure() {
            let message = format!("`{}` is no figure that can be added up", there.value);
            self.doc.mistake(there.span.clone(), message, "", "");
            return None;
        }
        Some((own, other))
    }

    fn field(&self, table: &Table, name: &Text) -> Option<FieldId> {
        let found = table.field(&name.value);
        if found.is_none() {
            let names = table.fields.iter().map(|f| f.name.as_str());
            let message = format!("`{}` is no field of `{}`", name.value, table.name);
            let help = suggest(&name.value, names);
            self.doc.mistake(name.span.clone(), message, "", help);
        }
        found
    }

    /// Every field that has one name and one type in both.
    fn of_one_name(&self) -> Vec<(FieldId, FieldId)> {
        let fields = self.to.fields.iter().enumerate();
        let pairs = fields.filter_map(|(own, field)| {
            let other = self.from.field(&field.name)?;
            is_alike(field, self.from.fields.get(other)?).then_some((own, other))
        });
        pairs.collect()
    }
}

/// Whether two fields hold the same: of one type, and of one list of codes.
fn is_alike(a: &Field, b: &Field) -> bool {
    a.ty == b.ty && (a.ty != Type::Code || (a.codes_of == b.codes_of && a.codes == b.codes))
}
