//! A second evaluator of the typed tree, for plans in which nothing is unknown: one environment, one row at a time.

use super::feel::{self, Answer};
use super::number::{exact, whole};
use crate::expr::tree::{DatePart, Expr, Iteration, Kind, Node};
use crate::expr::world::World;
use crate::schema::{FieldId, Otherwise, Schema, TableId};
use crate::submission::Submission;
use crate::table::{Cell, Rows, State, Texts};
use crate::value::{Type, Value, from_days};

/// What an expression is evaluated over.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) world: &'a World,
    pub(crate) submission: &'a Submission,
    pub(crate) lets: &'a [&'a Expr],
    /// The rule's row.
    pub(crate) row: Option<(TableId, usize)>,
    /// The scene before its unknown cells were filled in, if they were: marks stay as they are.
    pub(crate) before: Option<&'a Scene<'a>>,
}

impl<'a> Scene<'a> {
    /// The value of an expression.
    pub(crate) fn answer(&self, expr: &Expr) -> Answer {
        let row = self.row.map(|(table, row)| Answer::Row(table, row));
        self.eval(&expr.root, &row.into_iter().collect::<Vec<_>>())
    }

    /// The value of a piece; `vars` holds what the variables around it stand for, from the outside in.
    fn eval(&self, node: &Node, vars: &[Answer]) -> Answer {
        let of = |node: &Node| self.eval(node, vars);
        match &node.kind {
            Kind::Const(value) => constant(value),
            Kind::Year => Answer::Number(whole(self.world.year.expect("every test has a year"))),
            Kind::Param(at) => constant(&self.world.params[*at]),
            Kind::Let(at) => self.answer(self.lets[*at]),
            Kind::Plan(table) => Answer::Row(*table, 0),
            Kind::Table(table) => Answer::List(self.all_rows(*table)),
            Kind::Var(level) => vars[level - 1].clone(),
            Kind::Field(row, table, field) => match of(row) {
                Answer::Row(_, row) => self.cell(*table, row, *field),
                Answer::List(rows) => self.column(&rows, *table, *field),
                _ => Answer::Null,
            },
            Kind::DatePart(date, part) => date_part(&of(date), *part),
            Kind::Lookup(table, keys) => {
                let keys: Vec<Answer> = keys.iter().map(of).collect();
                let row = self.find(*table, &keys);
                row.map_or(Answer::Null, |row| Answer::Row(*table, row))
            }
            Kind::List(items) => Answer::List(items.iter().map(of).collect()),
            Kind::Negate(a) => match of(a) {
                Answer::Number(x) => Answer::Number(-x),
                _ => Answer::Null,
            },
            Kind::Arithmetic(op, a, b) => feel::arithmetic(*op, &of(a), &of(b)),
            Kind::Compare(op, a, b) => feel::compare(*op, &of(a), &of(b)),
            Kind::And(a, b) => feel::and(&of(a), &of(b)),
            Kind::Or(a, b) => feel::or(&of(a), &of(b)),
            Kind::Not(a) => feel::not(&of(a)),
            Kind::If(test, yes, no) => of(if of(test) == Answer::Bool(true) {
                yes
            } else {
                no
            }),
            Kind::Filter(iteration) => match self.each(iteration, vars) {
                Some(items) => {
                    let kept = items.into_iter().filter(|(_, t)| *t == Answer::Bool(true));
                    Answer::List(kept.map(|(item, _)| item).collect())
                }
                None => Answer::Null,
            },
            Kind::Quantified(quantifier, iteration) => match self.each(iteration, vars) {
                Some(items) if quantifier.is_every() => items
                    .iter()
                    .fold(Answer::Bool(true), |all, (_, test)| feel::and(&all, test)),
                Some(items) => items
                    .iter()
                    .fold(Answer::Bool(false), |any, (_, test)| feel::or(&any, test)),
                None => Answer::Null,
            },
            Kind::For(iteration) => match self.each(iteration, vars) {
                Some(items) => Answer::List(items.into_iter().map(|(_, value)| value).collect()),
                None => Answer::Null,
            },
            Kind::Index(list, at) => feel::index(&of(list), &of(at)),
            Kind::Call(builtin, args) => {
                feel::call(*builtin, &args.iter().map(of).collect::<Vec<_>>())
            }
            Kind::Marked(not_applicable, row, table, field) => Answer::Bool(match of(row) {
                Answer::Row(_, row) => {
                    let state = self.before.unwrap_or(self).state(*table, row, *field);
                    state == mark(*not_applicable)
                }
                _ => false,
            }),
            Kind::Assume(value, default) => match of(value) {
                Answer::Null => of(default),
                value => value,
            },
        }
    }

    /// Each item of a list with what the body says of it; nothing for a list that is `null`.
    fn each(&self, iteration: &Iteration, vars: &[Answer]) -> Option<Vec<(Answer, Answer)>> {
        let Answer::List(items) = self.eval(&iteration.list, vars) else {
            return None;
        };
        let applies = |item: &Answer| self.applies(iteration, item);
        let with_body = |item: Answer| {
            let mut vars = vars.to_vec();
            vars.resize(iteration.item - 1, Answer::Null);
            vars.push(item.clone());
            (item, self.eval(&iteration.body, &vars))
        };
        Some(items.into_iter().filter(applies).map(with_body).collect())
    }

    /// Whether no cell that the body reads of the item is marked as not applicable.
    pub(crate) fn applies(&self, iteration: &Iteration, item: &Answer) -> bool {
        let Answer::Row(table, row) = item else {
            return true;
        };
        fields_read(&iteration.body, iteration.item)
            .into_iter()
            .all(|field| self.state(*table, *row, field) != State::NotApplicable)
    }

    pub(crate) fn all_rows(&self, table: TableId) -> Vec<Answer> {
        let row = |row: usize| Answer::Row(table, row);
        match table.checked_sub(self.schema.submission) {
            None => (0..self.rows(table).len()).map(row).collect(),
            Some(at) => {
                let in_force = &self.world.references[at].in_force;
                in_force
                    .iter()
                    .map(|&r| row(usize::try_from(r).expect("it fits")))
                    .collect()
            }
        }
    }

    pub(crate) fn rows(&self, table: TableId) -> &'a Rows {
        match table.checked_sub(self.schema.submission) {
            None => self
                .submission
                .table(table)
                .expect("it is a table of the submission"),
            Some(at) => &self.world.references[at].rows,
        }
    }

    fn texts(&self, table: TableId) -> &'a Texts {
        if table < self.schema.submission {
            &self.submission.texts
        } else {
            &self.world.texts
        }
    }

    pub(crate) fn state(&self, table: TableId, row: usize, field: FieldId) -> State {
        self.rows(table).state(row, field)
    }

    /// A cell that holds a value; `None` for any other.
    pub(crate) fn written(&self, table: TableId, row: usize, field: FieldId) -> Option<Answer> {
        let ty = self.schema.tables[table].fields[field].ty;
        match self.rows(table).cell(row, field, self.texts(table)) {
            Cell::Number(days) if ty == Type::Date => {
                let days = i64::try_from(days.normalize().mantissa()).expect("days are few");
                Some(Answer::Date(from_days(days).expect("it was a date")))
            }
            Cell::Number(x) => Some(Answer::Number(exact(x))),
            Cell::Bool(b) => Some(Answer::Bool(b)),
            Cell::Text(text) => Some(Answer::Text(text.to_owned())),
            _ => None,
        }
    }

    /// The value of a cell, or what stands in for its blank.
    fn cell(&self, table: TableId, row: usize, field: FieldId) -> Answer {
        if let Some(value) = self.written(table, row, field) {
            return value;
        }
        let f = &self.schema.tables[table].fields[field];
        match (self.state(table, row, field), f.otherwise) {
            (State::Blank, Some(Otherwise::Row)) => self.row_number(table, row, f.ty),
            (State::Blank, Some(Otherwise::Plan(other))) => {
                let plan = self.schema.table("plan").expect("there is a plan");
                self.cell(plan, 0, other)
            }
            (
                State::Blank,
                Some(Otherwise::Joined {
                    table: joined,
                    field: other,
                    by,
                }),
            ) => {
                let key = self.cell(table, row, by);
                let key_field = self.schema.tables[joined].key().expect("it has a key");
                let has_key =
                    |r: &usize| key != Answer::Null && self.cell(joined, *r, key_field) == key;
                let found = (0..self.rows(joined).len()).find(has_key);
                found.map_or(Answer::Null, |row| self.cell(joined, row, other))
            }
            (State::Blank, None) if !f.required => Answer::Null,
            (State::NotApplicable, _) => Answer::Null,
            _ => panic!("the twin is asked of plans in which nothing is unknown"),
        }
    }

    pub(crate) fn row_number(&self, table: TableId, row: usize, ty: Type) -> Answer {
        let number = self.rows(table).numbers[row];
        match ty {
            Type::Text => Answer::Text(number.to_string()),
            _ => Answer::Number(whole(number)),
        }
    }

    /// A field of every row of a list, without cells that are not applicable.
    fn column(&self, rows: &[Answer], table: TableId, field: FieldId) -> Answer {
        let mut cells = Vec::new();
        for row in rows {
            match row {
                Answer::Row(_, row) if self.state(table, *row, field) == State::NotApplicable => {}
                Answer::Row(_, row) => cells.push(self.cell(table, *row, field)),
                _ => cells.push(Answer::Null),
            }
        }
        Answer::List(cells)
    }

    /// The row of a reference table by its key; else the one that leaves blank every part of it that may be.
    pub(crate) fn find(&self, table: TableId, keys: &[Answer]) -> Option<usize> {
        let t = &self.schema.tables[table];
        let fields = &t.reference.as_ref().expect("it is a reference table").key;
        let cell =
            |row: usize, field: FieldId| self.written(table, row, field).unwrap_or(Answer::Null);
        let exact = |row: &usize| {
            let mut parts = fields.iter().zip(keys);
            parts.all(|(&field, key)| cell(*row, field) == *key)
        };
        let general = |row: &usize| {
            let mut parts = fields.iter().zip(keys);
            parts.all(|(&field, key)| {
                let wanted = if t.fields[field].required {
                    key
                } else {
                    &Answer::Null
                };
                cell(*row, field) == *wanted
            })
        };
        let rows: Vec<usize> = self
            .all_rows(table)
            .into_iter()
            .filter_map(|row| {
                if let Answer::Row(_, row) = row {
                    Some(row)
                } else {
                    None
                }
            })
            .collect();
        let found = rows.iter().find(|row| exact(row));
        found
            .or_else(|| rows.iter().find(|row| general(row)))
            .copied()
    }
}

pub(crate) fn mark(not_applicable: bool) -> State {
    if not_applicable {
        State::NotApplicable
    } else {
        State::Suppressed
    }
}

pub(crate) fn constant(value: &Value) -> Answer {
    match value {
        Value::Bool(b) => Answer::Bool(*b),
        Value::Number(x) | Value::Percent(x) | Value::Money(x) => Answer::Number(exact(*x)),
        Value::Date(date) => Answer::Date(*date),
        Value::Text(text) => Answer::Text(text.clone()),
        Value::List(items) => Answer::List(items.iter().map(constant).collect()),
        _ => Answer::Null,
    }
}

pub(crate) fn date_part(date: &Answer, part: DatePart) -> Answer {
    let Answer::Date(date) = date else {
        return Answer::Null;
    };
    Answer::Number(match part {
        DatePart::Year => whole(date.year()),
        DatePart::Month => whole(date.month()),
        DatePart::Day => whole(date.day()),
    })
}

/// The fields that a body reads of its item, outside `is not applicable( )`.
fn fields_read(body: &Node, item: usize) -> Vec<FieldId> {
    if matches!(body.kind, Kind::Marked(true, ..)) {
        return Vec::new();
    }
    let own = match &body.kind {
        Kind::Field(row, _, field) if matches!(row.kind, Kind::Var(level) if level == item) => {
            Some(*field)
        }
        _ => None,
    };
    let inside = body.parts().flat_map(|part| fields_read(part, item));
    own.into_iter().chain(inside).collect()
}
