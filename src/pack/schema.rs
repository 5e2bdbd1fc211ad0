//! `schema.toml` → [`Schema`]: tables, fields, codes and reference tables.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::case;
use super::param::warn_of_share;
use super::source::one_of;
use super::spanned::{Doc, Entry, Keys, Text, as_table, as_text, check_name};
use crate::diagnostic::{fold, nearest, suggest};
use crate::schema::{Codes, Field, FieldId, Otherwise, Reference, Schema, Table, TableId};
use crate::table::Vintage;
use crate::value::{Decimal, Type, parse_figure};

/// A reference table's file and what else is known only when all tables are.
pub(crate) struct Pending {
    pub(crate) table: TableId,
    /// The file that holds its rows, if the pack holds them.
    pub(crate) file: Option<Text>,
    pub(crate) source: Option<Text>,
    /// Where its declaration stands.
    pub(crate) span: Range<usize>,
}

/// A field whose codes stand in a reference table.
pub(crate) struct CodesOf {
    pub(crate) table: TableId,
    pub(crate) field: FieldId,
    pub(crate) reference: TableId,
    /// Where the table is named.
    pub(crate) span: Range<usize>,
}

/// What `schema.toml` says.
pub(crate) struct Read {
    pub(crate) schema: Schema,
    pub(crate) references: Vec<Pending>,
    pub(crate) codes: Vec<CodesOf>,
}

/// What a field says of others, to be resolved when all are known.
struct Unresolved {
    table: TableId,
    field: FieldId,
    otherwise: Option<Text>,
    codes: Option<Text>,
}

/// `None` when the file cannot be parsed.
pub(crate) fn read(doc: Doc<'_>, text: &str, currency: &str) -> Option<Read> {
    let tree = doc.parse(text)?;
    let keys = Keys::new(doc, tree.get_ref(), 0..0);
    let mut schema = Schema {
        currency: currency.to_owned(),
        ..Schema::default()
    };
    let mut unresolved = Vec::new();
    if let Some(tables) = keys.table("table") {
        for (name, entry) in tables.entries() {
            let Some(of) = as_table(doc, entry) else {
                continue;
            };
            let mut table = read_table(doc, &name, &of, schema.tables.len(), &mut unresolved);
            let repair = read_repair(doc, of.text("repair"));
            for field in &mut table.fields {
                field.repair = field.repair.or(repair);
            }
            of.done();
            schema.tables.push(table);
        }
    } else {
        doc.mistake(
            0..0,
            "`[table.…]` is missing",
            "",
            "a schema has at least `[table.plan]`",
        );
    }
    schema.submission = schema.tables.len();
    let mut references = Vec::new();
    if let Some(tables) = keys.table("reference") {
        for (name, entry) in tables.entries() {
            let Some(of) = as_table(doc, entry) else {
                continue;
            };
            if schema.table(&name.value).is_some() {
                doc.mistake(
                    name.span.clone(),
                    format!("there is a table `{}` already", name.value),
                    "",
                    "",
                );
            }
            let id = schema.tables.len();
            let mut table = read_table(doc, &name, &of, id, &mut unresolved);
            table.reference = Some(read_reference(doc, &of, &table));
            references.push(Pending {
                table: id,
                file: of.text("file"),
                source: of.text("source"),
                span: name.span.clone(),
            });
            of.done();
            schema.tables.push(table);
        }
    }
    keys.done();
    let codes = resolve(doc, &mut schema, unresolved);
    check_sheets(doc, &schema);
    Some(Read {
        schema,
        references,
        codes,
    })
}

/// No name of a table's file or sheet may mean another table too.
fn check_sheets(doc: Doc<'_>, schema: &Schema) {
    let mut meant: HashMap<String, &str> = HashMap::new();
    for table in schema.submission_tables() {
        meant.insert(fold(&table.name), &table.name);
    }
    for table in schema.submission_tables() {
        for spelling in std::iter::once(&table.label).chain(&table.also) {
            let other = *meant.entry(fold(spelling)).or_insert(&table.name);
            if other != table.name {
                let message = format!(
                    "`{spelling}` would mean both the table `{other}` and `{}`",
                    table.name
                );
                let at = doc
                    .text
                    .find(&format!("[table.{}]", table.name))
                    .unwrap_or(0);
                doc.mistake(
                    at..at + table.name.len() + 8,
                    message,
                    "",
                    "take it from one of them",
                );
            }
        }
    }
}

/// Whether a repair may change what stands in a field, or in all fields of a table.
fn read_repair(doc: Doc<'_>, text: Option<Text>) -> Option<bool> {
    let text = text?;
    let known = ["never", "may"].iter().position(|word| *word == text.value);
    if known.is_none() {
        one_of(doc, &text, &["never", "may"]);
    }
    known.map(|at| at == 1)
}

fn read_table(
    doc: Doc<'_>,
    name: &Text,
    of: &Keys<'_, '_>,
    id: TableId,
    unresolved: &mut Vec<Unresolved>,
) -> Table {
    check_name(doc, name);
    if ["year", "param", "item"].contains(&name.value.as_str()) {
        doc.mistake(
            name.span.clone(),
            format!("`{}` has a meaning of its own in rules", name.value),
            "",
            "choose another name",
        );
    }
    if case::KEYS.contains(&name.value.as_str()) && name.value != "plan" {
        let message = format!("`{}` is a key of a rule's cases", name.value);
        let help = "choose another name: a case could not have a table of this one";
        doc.mistake(name.span.clone(), message, "", help);
    }
    let label = of
        .text("label")
        .map_or_else(|| people(&name.value), |t| t.value);
    let also = of.texts("also").into_iter().map(|t| t.value).collect();
    let required = of.flag("required");
    let mut fields = Vec::new();
    match of.table("fields") {
        Some(keys) => {
            for (key, entry) in keys.entries() {
                let Some(of) = as_table(doc, entry) else {
                    continue;
                };
                check_name(doc, &key);
                {
                    let (field, otherwise, codes) = read_field(doc, &key, &of);
                    unresolved.push(Unresolved {
                        table: id,
                        field: fields.len(),
                        otherwise,
                        codes,
                    });
                    fields.push(field);
                }
                of.done();
            }
        }
        None => doc.mistake(
            name.span.clone(),
            format!("`{}` has no fields", name.value),
            "",
            "add `fields = { … }`",
        ),
    }
    let table = Table::new(name.value.clone(), label, also, required, fields);
    check_spellings(doc, name, &table);
    table
}

/// No other name of a field may mean another field too.
fn check_spellings(doc: Doc<'_>, name: &Text, table: &Table) {
    // No field is found by a name without a letter or a figure.
    let mut nameless = None;
    for (id, field) in table.fields.iter().enumerate() {
        for spelling in std::iter::once(&field.label).chain(&field.also) {
            let meant = table.find_field(spelling);
            let meant = meant.unwrap_or_else(|| *nameless.get_or_insert(id));
            if let Some(other) = table.fields.get(meant).filter(|_| meant != id) {
                let message = format!(
                    "`{spelling}` would mean both `{}` and `{}` of `{}`",
                    other.name, field.name, name.value
                );
                doc.mistake(name.span.clone(), message, "", "take it from one of them");
            }
        }
    }
}

/// A name as people see it when no label is given: `budget_total` is "Budget total".
fn people(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + chars.as_str()
    })
}

fn read_field(doc: Doc<'_>, name: &Text, of: &Keys<'_, '_>) -> (Field, Option<Text>, Option<Text>) {
    let ty = of.required_text("type").map(|ty| field_type(doc, &ty));
    let bound = |key: &str| {
        let text = of.figure(key)?;
        let x = figure(doc, &text)?;
        if ty == Some(Type::Percent) && !text.value.contains('%') {
            warn_of_share(doc, &text, x);
        }
        Some(x)
    };
    let (min, max) = (bound("min"), bound("max"));
    if let (Some(min), Some(max)) = (min, max)
        && max < min
    {
        doc.mistake(
            of.span.clone(),
            format!("`max` {max} is below `min` {min}"),
            "",
            "",
        );
    }
    let digits = of.integer("digits").and_then(|d| {
        let fits = usize::try_from(d).ok().filter(|d| (1..=40).contains(d));
        if fits.is_none() {
            doc.mistake(
                of.span.clone(),
                format!("{d} is no number of digits"),
                "",
                "",
            );
        }
        fits
    });
    let (codes, codes_of) = read_codes(doc, of.get("codes"));
    let otherwise = of.text("else");
    let field = Field {
        name: name.value.clone(),
        label: of
            .text("label")
            .map_or_else(|| people(&name.value), |t| t.value),
        also: of.texts("also").into_iter().map(|t| t.value).collect(),
        ty: ty.unwrap_or(Type::Text),
        required: of.flag("required"),
        not_applicable: of.flag("not_applicable"),
        key: of.flag("key"),
        total: of.flag("total"),
        min,
        max,
        digits,
        otherwise: None,
        codes: codes.map(Arc::new),
        codes_of: None,
        suppress: of.text("suppress").map(|t| t.value),
        asked_for: false,
        repair: read_repair(doc, of.text("repair")),
    };
    if ty == Some(Type::Code) && field.codes.is_none() && codes_of.is_none() {
        doc.mistake(
            name.span.clone(),
            format!("the codes of `{}` are missing", name.value),
            "",
            "add `codes = { code = \"Label\" }` or `codes = \"reference table\"`",
        );
    }
    if ty != Some(Type::Code) && (field.codes.is_some() || codes_of.is_some()) {
        doc.mistake(
            name.span.clone(),
            format!("`{}` has codes, but is not of type code", name.value),
            "",
            "write `type = \"code\"`",
        );
    }
    (field, otherwise, codes_of)
}

/// The type of that name; of a misspelt one the nearest, so that what uses the field is not called wrong too.
fn field_type(doc: Doc<'_>, text: &Text) -> Type {
    let names = Type::NAMES.map(|(name, _)| name);
    let name = if one_of(doc, text, &names) {
        text.value.as_str()
    } else {
        nearest(&text.value, names).unwrap_or("text")
    };
    Type::NAMES
        .iter()
        .find(|(n, _)| *n == name)
        .map_or(Type::Text, |(_, ty)| *ty)
}

fn figure(doc: Doc<'_>, text: &Text) -> Option<Decimal> {
    let found = match parse_figure(&text.value) {
        Some((x, true)) => x.checked_mul(Decimal::new(1, 2)),
        Some((x, false)) => Some(x),
        None => None,
    };
    if found.is_none() {
        doc.mistake(
            text.span.clone(),
            format!("`{}` is not a number", text.value),
            "",
            "write it as \"0\"",
        );
    }
    found
}

/// Codes written out, or the name of the reference table that holds them.
fn read_codes(doc: Doc<'_>, entry: Option<Entry<'_>>) -> (Option<Codes>, Option<Text>) {
    use toml::de::DeValue;
    match entry.map(|e| (e, e.get_ref())) {
        None => (None, None),
        Some((entry, DeValue::String(_))) => (None, as_text(doc, entry)),
        Some((entry, DeValue::Table(_))) => {
            let mut codes = Codes::default();
            for (code, label) in as_table(doc, entry).iter().flat_map(Keys::entries) {
                let Some(label) = as_text(doc, label) else {
                    continue;
                };
                codes.add(&code.value, &label.value, []);
                if let [one, other, ..] = codes.meanings(&label.value).as_slice() {
                    let message = format!("`{}` means both `{one}` and `{other}`", label.value);
                    doc.mistake(label.span, message, "", "give each code its own label");
                }
            }
            (Some(codes), None)
        }
        Some((entry, _)) => {
            doc.mistake(
                entry.span(),
                "codes are a table of labels, or the name of a reference table",
                "",
                "",
            );
            (None, None)
        }
    }
}

fn read_reference(doc: Doc<'_>, of: &Keys<'_, '_>, table: &Table) -> Reference {
    let field = |text: &Text| {
        let found = table.field(&text.value);
        if found.is_none() {
            let help = suggest(&text.value, table.fields.iter().map(|f| f.name.as_str()));
            doc.mistake(
                text.span.clone(),
                format!("`{}` has no field `{}`", table.name, text.value),
                "",
                help,
            );
        }
        found
    };
    let key = of.texts("key").iter().filter_map(field).collect();
    let dated: Vec<FieldId> = of.texts("dated").iter().filter_map(field).collect();
    let dated_pair = match dated.as_slice() {
        [from, until] => Some((*from, *until)),
        [] => None,
        _ => {
            doc.mistake(
                of.span.clone(),
                "`dated` names two fields",
                "",
                "write `dated = [\"from\", \"until\"]`",
            );
            None
        }
    };
    for id in dated {
        if let Some(f) = table.fields.get(id).filter(|f| f.ty != Type::Year) {
            doc.mistake(
                of.span.clone(),
                format!("`{}` dates rows, but is not of type year", f.name),
                "",
                "",
            );
        }
    }
    let vintage = read_vintage(doc, of, table, field);
    let complete = of.flag("complete");
    let owed_by = of.text("owed_by");
    if !complete && owed_by.is_none() {
        let message = format!(
            "`{}` is not complete, and does not say who owes what is missing",
            table.name
        );
        doc.mistake(
            of.span.clone(),
            message,
            "",
            "add `owed_by = \"state\"`, or `complete = true`",
        );
    }
    let source = of.text("source").map_or_else(String::new, |t| t.value);
    Reference {
        key,
        dated: dated_pair,
        vintage,
        complete,
        owed_by: owed_by.map_or_else(String::new, |t| t.value),
        source,
    }
}

/// `vintage = ["as_of", "status"]`: a date, and a code of which `preliminary` and `final` are the values.
fn read_vintage(
    doc: Doc<'_>,
    of: &Keys<'_, '_>,
    table: &Table,
    field: impl Fn(&Text) -> Option<FieldId>,
) -> Option<(FieldId, FieldId)> {
    let names = of.texts("vintage");
    let [as_of, status] = names.as_slice() else {
        if !names.is_empty() {
            doc.mistake(
                of.span.clone(),
                "`vintage` names two fields",
                "",
                "write `vintage = [\"as_of\", \"status\"]`",
            );
        }
        return None;
    };
    let (date, code) = (field(as_of)?, field(status)?);
    if table.fields.get(date).is_some_and(|f| f.ty != Type::Date) {
        let message = format!("`{}` dates figures, but is not of type date", as_of.value);
        doc.mistake(as_of.span.clone(), message, "", "write `type = \"date\"`");
    }
    let mut codes: Vec<&str> = table
        .fields
        .get(code)
        .and_then(|f| f.codes.as_ref())
        .map_or_else(Vec::new, |codes| codes.names().collect());
    codes.sort_unstable();
    if codes != [Vintage::FINAL, Vintage::PRELIMINARY] {
        let message = format!(
            "`{}` says whether figures are final, but its codes are not `preliminary` and `final`",
            status.value
        );
        let help = "write `codes = { preliminary = \"Preliminary\", final = \"Final\" }`";
        doc.mistake(status.span.clone(), message, "", help);
    }
    Some((date, code))
}

/// Resolves what fields say of other tables.
fn resolve(doc: Doc<'_>, schema: &mut Schema, unresolved: Vec<Unresolved>) -> Vec<CodesOf> {
    let mut codes = Vec::new();
    for Unresolved {
        table,
        field,
        otherwise,
        codes: codes_of,
    } in unresolved
    {
        if let Some(text) = codes_of {
            match schema
                .table(&text.value)
                .filter(|&t| t >= schema.submission)
            {
                Some(reference) => {
                    codes.push(CodesOf {
                        table,
                        field,
                        reference,
                        span: text.span,
                    });
                    if let Some(f) = schema
                        .tables
                        .get_mut(table)
                        .and_then(|t| t.fields.get_mut(field))
                    {
                        f.codes_of = Some(reference);
                    }
                }
                None => {
                    let names = schema
                        .tables
                        .iter()
                        .skip(schema.submission)
                        .map(|t| t.name.as_str());
                    let help = suggest(&text.value, names);
                    doc.mistake(
                        text.span,
                        format!("there is no reference table `{}`", text.value),
                        "",
                        help,
                    );
                }
            }
        }
        if let Some(text) = otherwise {
            match find_otherwise(schema, table, &text.value) {
                Ok(otherwise) => {
                    if let Some(f) = schema
                        .tables
                        .get_mut(table)
                        .and_then(|t| t.fields.get_mut(field))
                    {
                        f.otherwise = Some(otherwise);
                    }
                }
                Err(message) => {
                    doc.mistake(
                        text.span,
                        message,
                        "",
                        "write `row`, `plan.field` or `table.field`",
                    );
                }
            }
        }
    }
    check_otherwise(doc, schema);
    codes
}

fn find_otherwise(schema: &Schema, table: TableId, text: &str) -> Result<Otherwise, String> {
    if text == "row" {
        return Ok(Otherwise::Row);
    }
    let (of, name) = text
        .split_once('.')
        .ok_or_else(|| format!("`{text}` says nothing of where the value comes from"))?;
    let other = schema
        .table(of)
        .filter(|&t| t < schema.submission)
        .ok_or_else(|| format!("there is no table `{of}`"))?;
    let other_table = schema.tables.get(other).ok_or("")?;
    let field = other_table
        .field(name)
        .ok_or_else(|| format!("`{of}` has no field `{name}`"))?;
    if of == "plan" {
        return Ok(Otherwise::Plan(field));
    }
    let key = other_table
        .key()
        .and_then(|k| other_table.fields.get(k))
        .ok_or_else(|| format!("`{of}` has no key"))?;
    let by = schema.tables.get(table).and_then(|t| t.field(&key.name));
    let by = by.ok_or_else(|| {
        format!(
            "the table has no field `{}` that names a row of `{of}`",
            key.name
        )
    })?;
    Ok(Otherwise::Joined {
        table: other,
        field,
        by,
    })
}

/// A value that stands in for a blank has the blank's type, and the chain of stand-ins ends.
fn check_otherwise(doc: Doc<'_>, schema: &Schema) {
    let plan = schema.table("plan");
    for table in &schema.tables {
        for field in &table.fields {
            let target = match field.otherwise {
                Some(Otherwise::Plan(id)) => plan
                    .and_then(|p| schema.tables.get(p))
                    .and_then(|t| t.fields.get(id)),
                Some(Otherwise::Joined { table, field, .. }) => {
                    schema.tables.get(table).and_then(|t| t.fields.get(field))
                }
                Some(Otherwise::Row) if !matches!(field.ty, Type::Text | Type::Number) => {
                    let message = format!(
                        "`{}.{}` takes the number of the row, but is not of type text or number",
                        table.name, field.name
                    );
                    doc.mistake(0..0, message, "", "");
                    None
                }
                _ => None,
            };
            let Some(target) = target else { continue };
            if target.ty != field.ty {
                let message = format!(
                    "`{}.{}` and the field that stands in for it are of two types",
                    table.name, field.name
                );
                doc.mistake(0..0, message, "", "give both one type");
            }
            if target.otherwise.is_some_and(|o| o != Otherwise::Row) {
                let message = format!(
                    "`{}.{}` takes its value from a field that takes its own elsewhere",
                    table.name, field.name
                );
                doc.mistake(0..0, message, "", "name the last field of the chain");
            }
        }
    }
}
