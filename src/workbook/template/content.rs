//! What stands in a template before anybody writes in it: the submitter and the year, what the pack gives for them, and what
//! is carried over from last year's submission.

use std::collections::BTreeSet;

use crate::pack::{Fill, InForce};
use crate::read::lines::PLAN;
use crate::read::read_values;
use crate::schema::{FieldId, TableId};
use crate::submission::Submission;
use crate::table::Texts;
use crate::value::{Value, say};

/// Last year's submission.
#[derive(Debug, Clone, Copy)]
pub struct Last<'a> {
    /// What was read of it.
    pub submission: &'a Submission,
    /// The name of its file.
    pub name: &'a str,
    /// Its fiscal year, if it says.
    pub year: Option<i64>,
}

/// Where what is filled in comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// The command: who submits, and for which year.
    Asked,
    /// The pack's reference tables.
    Given,
    /// Last year's submission.
    Carried,
}

/// A row of a table: a value for each field, `Null` where nothing is filled in.
pub(super) type Row = Vec<Value>;

/// A table as it is filled in.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Its rows.
    pub(super) rows: Vec<Row>,
    /// Where the rows come from; of `plan`, each field.
    pub(super) origins: Vec<(FieldId, Origin)>,
    /// Where the rows of another table come from.
    pub(super) origin: Option<Origin>,
    /// The fields that were to be filled in and have no value: in how many rows.
    pub(super) unknown: Vec<(FieldId, usize)>,
}

/// Everything that is filled in, a table at its number.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) tables: Vec<Content>,
    /// The reference tables that it comes from.
    pub(super) sources: BTreeSet<TableId>,
}

/// Works out what is filled in.
pub(super) fn contents(
    in_force: &InForce<'_>,
    code: Option<&str>,
    name: Option<&str>,
    last: Option<Last<'_>>,
) -> Contents {
    let tables = in_force.pack.schema.submission_tables();
    let mut contents = Contents {
        tables: tables.iter().map(|_| Content::default()).collect(),
        sources: BTreeSet::new(),
    };
    let identity = &in_force.pack.identity;
    let asked = [
        (identity.code, code.map(str::to_owned)),
        (identity.name, name.map(str::to_owned)),
    ];
    let asked = asked
        .into_iter()
        .filter_map(|(field, text)| Some((field?, Value::Text(text?))));
    let year = (identity.year, Value::Number(in_force.year.into()));
    let asked: Vec<(FieldId, Value)> = asked.chain([year]).collect();
    let seed = seed(in_force, &asked);
    contents.fill_plan(in_force, identity.table, Origin::Asked, asked);
    let spec = in_force.pack.template();
    if code.is_some() || name.is_some() {
        for fill in &spec.given {
            contents.fill(in_force, fill, &seed, Origin::Given);
        }
    }
    if let Some(last) = last {
        for fill in &spec.carried {
            contents.fill(in_force, fill, last.submission, Origin::Carried);
        }
    }
    contents
}

/// A submission that holds who submits, and the year.
fn seed(in_force: &InForce<'_>, asked: &[(FieldId, Value)]) -> Submission {
    let schema = &in_force.pack.schema;
    let mut seed = Submission::empty(schema, "", str::to_owned);
    let identity = &in_force.pack.identity;
    let (Some(table), Some(slot)) = (
        schema.tables.get(identity.table),
        seed.tables.get_mut(identity.table),
    ) else {
        return seed;
    };
    let texts: Vec<(String, String)> = asked
        .iter()
        .filter_map(|(field, value)| Some((table.fields.get(*field)?.name.clone(), say(value, ""))))
        .collect();
    let values: Vec<(&str, &str)> = texts
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    let mut held = Texts::default();
    *slot = read_values(table, PLAN, &values, &mut held, &mut Vec::new());
    seed.texts = held;
    seed
}

impl Contents {
    fn fill(
        &mut self,
        in_force: &InForce<'_>,
        fill: &Fill,
        submission: &Submission,
        origin: Origin,
    ) {
        let Some(subjects) = &fill.subjects else {
            let values = fill.fields.iter();
            let values = values.map(|(field, e)| (*field, in_force.evaluate(e, submission)));
            self.fill_plan(in_force, fill.table, origin, values.collect());
            self.sources.extend(&fill.sources);
            return;
        };
        let exprs: Vec<_> = fill.fields.iter().map(|(_, e)| e).collect();
        let found = in_force.evaluate_rows(subjects, &exprs, submission);
        let width = width(in_force, fill.table);
        let Some(content) = self
            .tables
            .get_mut(fill.table)
            .filter(|_| !found.is_empty())
        else {
            return;
        };
        *content = Content {
            origin: Some(origin),
            ..Content::default()
        };
        for values in found {
            let mut row = vec![Value::Null; width];
            for ((field, _), value) in fill.fields.iter().zip(values) {
                content.put(&mut row, *field, value);
            }
            content.rows.push(row);
        }
        self.sources.extend(&fill.sources);
    }

    /// Fills in what is blank in the one row of `plan`.
    fn fill_plan(
        &mut self,
        in_force: &InForce<'_>,
        table: TableId,
        origin: Origin,
        values: Vec<(FieldId, Value)>,
    ) {
        let width = width(in_force, table);
        let Some(content) = self.tables.get_mut(table) else {
            return;
        };
        let mut row = content
            .rows
            .pop()
            .unwrap_or_else(|| vec![Value::Null; width]);
        for (field, value) in values {
            if row.get(field) == Some(&Value::Null) {
                content.put(&mut row, field, value);
            }
            if row.get(field).is_some_and(|held| *held != Value::Null)
                && !content.origins.iter().any(|(f, _)| *f == field)
            {
                content.origins.push((field, origin));
            }
        }
        content.rows.push(row);
    }
}

impl Content {
    /// Puts a value into a row; what no cell can hold is counted.
    fn put(&mut self, row: &mut Row, field: FieldId, value: Value) {
        let is_cell = !matches!(
            value,
            Value::List(_) | Value::Row(_) | Value::Unknown { .. } | Value::Suppressed
        );
        if !is_cell {
            match self.unknown.iter_mut().find(|(f, _)| *f == field) {
                Some((_, count)) => *count += 1,
                None => self.unknown.push((field, 1)),
            }
        } else if let Some(slot) = row.get_mut(field) {
            *slot = value;
        }
    }
}

fn width(in_force: &InForce<'_>, table: TableId) -> usize {
    let tables = &in_force.pack.schema.tables;
    tables.get(table).map_or(0, |t| t.fields.len())
}
