//! For want of what a piece of an expression has no answer.

use super::cells::{Cell, Cells};
use super::{At, Owed, Teller};
use crate::expr::tree::{Iteration, Kind, Node};
use crate::expr::vector::truth;
use crate::schema::{FieldId, TableId};
use crate::table::{Rows, State};
use crate::value::{Value, plain, say};

impl<'a> Teller<'_, 'a> {
    /// The cells and tables for want of which a piece has no answer.
    pub(super) fn lack(&mut self, no: usize, node: &'a Node, at: &At) {
        if let Kind::Let(index) = node.kind {
            if let Some(named) = self.lets.get(index).copied() {
                self.lack(index, &named.root, at);
            }
            return;
        }
        let gap = self.is_gap(no, node, at);
        if !gap && !self.is_null(no, node, at) {
            return;
        }
        match &node.kind {
            Kind::Field(of, table, field) => self.lack_field(no, node, (of, *table, *field), at),
            Kind::Lookup(table, keys) => {
                let known = keys.iter().all(|k| !self.is_gap(no, k, at));
                if known && gap {
                    let words: Vec<String> = keys
                        .iter()
                        .map(|k| plain_words(&self.value(no, k, at)))
                        .collect();
                    let owed = Owed::Row(*table, words.join(", "));
                    if !self.story.owed.contains(&owed) {
                        self.story.owed.push(owed);
                    }
                }
                for (n, key) in keys.iter().enumerate() {
                    // A row may leave that key blank, too: then a blank is a key like another.
                    if self.is_gap(no, key, at) || !self.may_be_blank(*table, n) {
                        self.lack(no, key, at);
                    }
                }
            }
            Kind::Table(table) | Kind::Plan(table) => {
                if self
                    .machine
                    .submission
                    .table(*table)
                    .is_some_and(Rows::is_empty)
                {
                    self.gaps.insert(Cell::new(*table, None, None));
                }
            }
            Kind::Quantified(quantifier, iteration) => {
                let settles = if quantifier.is_every() {
                    truth::TRUE
                } else {
                    truth::FALSE
                };
                self.lack_items(no, (node, iteration), at, settles);
            }
            Kind::Filter(iteration) | Kind::For(iteration) => {
                self.lack(no, &iteration.list, at);
                for item in self.items_under(no, node, iteration, at) {
                    self.lack(no, &iteration.body, &item);
                }
            }
            _ => node.parts().for_each(|part| self.lack(no, part, at)),
        }
    }

    /// Whether rows of a reference table may leave one of its keys blank.
    fn may_be_blank(&self, table: TableId, key: usize) -> bool {
        let table = self.machine.schema.tables.get(table);
        let field = table.and_then(|t| t.fields.get(*t.reference.as_ref()?.key.get(key)?));
        field.is_some_and(|field| !field.required)
    }

    /// The same for a quantifier: items that settle nothing, whatever they hold, lack nothing.
    fn lack_items(&mut self, no: usize, of: (&'a Node, &'a Iteration), at: &At, settles: u8) {
        let (node, iteration) = of;
        let items = self.items_under(no, node, iteration, at);
        if items.is_empty() {
            self.lack(no, &iteration.list, at);
        }
        for item in items {
            if self.truth(no, &iteration.body, &item) == settles {
                continue;
            }
            self.lack(no, &iteration.body, &item);
            for (filter, kept) in self.kept_by(no, node, iteration, &item) {
                self.lack(no, &filter.body, &kept);
            }
        }
    }

    fn lack_field(&mut self, no: usize, node: &'a Node, of: (&'a Node, TableId, FieldId), at: &At) {
        let (of, table, field) = of;
        let schema = self.machine.schema;
        if table < schema.submission {
            let mut cells = Cells::default();
            for row in self.rows_of(no, of, at) {
                let mut own = Cells::default();
                self.source(table, row, field, &mut own);
                cells.extend(own.iter().filter(|c| self.is_empty_cell(*c)));
            }
            self.gaps.add_all(&cells);
        } else if self.is_gap(no, node, at) {
            let of_field = schema.tables.get(table).and_then(|t| t.fields.get(field));
            let is_optional = of_field.is_some_and(|f| !f.required);
            let rows = self.rows_of(no, of, at);
            for row in rows {
                let place = usize::try_from(row)
                    .ok()
                    .and_then(|r| self.machine.rows(table).map(|rows| rows.row_place(r)));
                let owed = Owed::Figure(table, field, place.unwrap_or_default());
                let is_in = |state| self.machine.is_marked(table, field, Some(&row), state);
                let is_answer = is_in(State::Value) || (is_optional && is_in(State::Blank));
                if !is_answer && !self.story.owed.contains(&owed) {
                    self.story.owed.push(owed);
                }
            }
        }
        self.lack(no, of, at);
    }

    /// Whether nothing can be read from a cell.
    fn is_empty_cell(&self, cell: Cell) -> bool {
        let (Some(row), Some(field)) = (cell.row(), cell.field()) else {
            return cell.row().is_none();
        };
        self.machine
            .submission
            .table(cell.table())
            .is_some_and(|rows| {
                !matches!(rows.state(row, field), State::Value | State::NotApplicable)
            })
    }
}

fn plain_words(value: &Value) -> String {
    match value {
        Value::Number(x) => plain(*x),
        Value::Null => "(blank)".to_owned(),
        other => say(other, "USD"),
    }
}
