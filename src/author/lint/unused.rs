//! What nothing uses: parameters, sources, tables, fields, lists of codes.

use std::collections::BTreeSet;

use super::Looker;
use super::reads::Reads;
use crate::diagnostic::{Lint, Mistake};
use crate::schema::{Field, FieldId, Otherwise, Table, TableId};
use crate::value::Type;

pub(super) fn look(of: Looker<'_>) -> Vec<Mistake> {
    let used = Used::of(of);
    let mut found = params(of, &used.reads);
    found.extend(sources(of));
    for (id, table) in of.pack.schema.tables.iter().enumerate() {
        if used.reads.tables.contains(&id) {
            found.extend(fields(of, &used, id, table));
        } else {
            found.push(unused_table(of, table));
        }
    }
    found
}

/// Warns of parameters that no rule, no table of a report and no field uses.
fn params(of: Looker<'_>, reads: &Reads) -> Vec<Mistake> {
    let fields = of.pack.schema.tables.iter().flat_map(|t| &t.fields);
    let by_fields: BTreeSet<&str> = fields.filter_map(|f| f.suppress.as_deref()).collect();
    let params = of.pack.params.iter().enumerate();
    let unused =
        params.filter(|(at, p)| !reads.params.contains(at) && !by_fields.contains(p.name.as_str()));
    let tell = |(_, p): (usize, &crate::pack::Param)| {
        let message = format!("no rule uses `{}`", p.name);
        let help = "use it as `param.name`, or take it away";
        let place = ("params.toml", of.places.key("params.toml", &[&p.name]));
        of.mistake(Lint::UnusedParameter, place, message, help)
    };
    unused.map(tell).collect()
}

/// Warns of documents and data files that nothing cites. A clause of law has rules or says why not: loading sees to it.
fn sources(of: Looker<'_>) -> Vec<Mistake> {
    let pack = of.pack;
    let rules = pack.rules.iter().flat_map(|r| &r.cites);
    let rules = rules.filter_map(|&at| pack.sources.get(at).map(|s| s.key.clone()));
    let params = pack.params.iter().flat_map(|p| &p.values);
    let tables = pack
        .schema
        .tables
        .iter()
        .filter_map(|t| t.reference.as_ref());
    let forms = of.places.within("forms");
    let cited: BTreeSet<String> = rules
        .chain(params.map(|v| v.source.clone()))
        .chain(tables.map(|r| r.source.clone()))
        .chain(forms.flat_map(|form| of.places.texts(form, "source")))
        .collect();
    let unused = pack.sources.iter();
    let unused =
        unused.filter(|s| !s.is_clause() && s.no_rule.is_none() && !cited.contains(&s.key));
    let tell = |s: &crate::pack::Source| {
        let message = format!("nothing cites `{}`", s.key);
        let help = "cite it in a rule, a parameter, a reference table or a form, or take it away";
        let place = ("sources.toml", of.places.key("sources.toml", &[&s.key]));
        of.mistake(Lint::UnusedSource, place, message, help)
    };
    unused.map(tell).collect()
}

/// What is read, or of use otherwise.
struct Used {
    reads: Reads,
}

impl Used {
    fn of(of: Looker<'_>) -> Self {
        let mut used = Used {
            reads: Reads::of(of.pack),
        };
        used.identity(of);
        for (id, table) in of.pack.schema.tables.iter().enumerate() {
            used.reference(id, table);
            for (at, field) in table.fields.iter().enumerate() {
                used.field(of, (id, at), field);
            }
        }
        used
    }

    fn identity(&mut self, of: Looker<'_>) {
        let identity = &of.pack.identity;
        let fields = [identity.code, identity.name, Some(identity.year)];
        let fields = fields.into_iter().flatten();
        self.reads.tables.insert(identity.table);
        self.reads
            .fields
            .extend(fields.map(|f| (identity.table, f)));
        // Every text of a row of the directory is a name of it.
        let directory = identity.directory;
        let table = directory.and_then(|id| of.pack.schema.tables.get(id));
        if let Some((id, table)) = directory.zip(table) {
            self.reads.tables.insert(id);
            self.texts(id, table, |field| field.ty == Type::Text);
        }
    }

    /// The key of a reference table, and the years, dates and states of its rows, say which row is meant.
    fn reference(&mut self, id: TableId, table: &Table) {
        let Some(reference) = &table.reference else {
            return;
        };
        let pairs = reference.dated.into_iter().chain(reference.vintage);
        let fields = pairs.flat_map(|(a, b)| [a, b]).chain(reference.key.clone());
        self.reads.fields.extend(fields.map(|f| (id, f)));
    }

    fn field(&mut self, of: Looker<'_>, at: (TableId, FieldId), field: &Field) {
        if field.key || field.total {
            self.reads.fields.insert(at);
        }
        match field.otherwise {
            Some(Otherwise::Plan(other)) => {
                self.reads.fields.insert((of.pack.identity.table, other));
            }
            Some(Otherwise::Joined { table, field, by }) => {
                self.reads.tables.insert(table);
                self.reads.fields.extend([(table, field), (at.0, by)]);
            }
            Some(Otherwise::Row) | None => {}
        }
        let list = field.codes_of;
        let table = list.and_then(|id| of.pack.schema.tables.get(id));
        if let Some((id, table)) = list.zip(table) {
            self.reads.tables.insert(id);
            let names = ["label", "name", "title", "also"];
            self.texts(id, table, |field| names.contains(&field.name.as_str()));
        }
    }

    /// Fields of a list that people are shown, or by which they know its rows.
    fn texts(&mut self, id: TableId, table: &Table, is_name: impl Fn(&Field) -> bool) {
        let fields = table.fields.iter().enumerate();
        let names = fields.filter(|(_, field)| is_name(field));
        self.reads.fields.extend(names.map(|(at, _)| (id, at)));
    }
}

fn unused_table(of: Looker<'_>, table: &Table) -> Mistake {
    let (kind, what) = match table.reference {
        Some(_) => ("reference", "reference table"),
        None => ("table", "table"),
    };
    let message = format!(
        "no rule and no table of a report reads the {what} `{}`",
        table.name
    );
    let help = "read it in a rule, or take it away";
    let place = of.places.key("schema.toml", &[kind, &table.name]);
    of.mistake(Lint::UnusedTable, ("schema.toml", place), message, help)
}

/// Warns of the fields of a table that nothing reads: of those with codes of their own as lists of codes. A text of a
/// reference table speaks to whoever reads the table, as a comment does.
fn fields(of: Looker<'_>, used: &Used, id: TableId, table: &Table) -> Vec<Mistake> {
    let unused = table.fields.iter().enumerate();
    let is_comment = |f: &Field| table.reference.is_some() && f.ty == Type::Text;
    let unused = unused.filter(|(at, f)| !used.reads.fields.contains(&(id, *at)) && !is_comment(f));
    let tell = |(_, field): (FieldId, &Field)| {
        let name = format!("{}.{}", table.name, field.name);
        let own_list = field.ty == Type::Code && field.codes_of.is_none();
        let (lint, message) = if own_list {
            let message = format!("no rule and no table of a report reads a code of `{name}`");
            (Lint::UnusedCodes, message)
        } else {
            let message = format!("no rule and no table of a report reads `{name}`");
            (Lint::UnusedField, message)
        };
        let kind = if table.reference.is_some() {
            "reference"
        } else {
            "table"
        };
        let keys = [kind, &table.name, "fields", &field.name];
        let place = of.places.key("schema.toml", &keys);
        let help = "read it in a rule or show it in a report, or take it away";
        of.mistake(lint, ("schema.toml", place), message, help)
    };
    unused.map(tell).collect()
}
