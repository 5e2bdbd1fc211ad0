//! What a pack's expressions read: tables, fields, parameters.

use std::collections::BTreeSet;

use crate::expr::Expr;
use crate::expr::tree::{Kind, Node};
use crate::pack::{Body, Pack, Part, Rule, Template, Test};
use crate::schema::{FieldId, TableId};

/// What is read.
#[derive(Debug, Default)]
pub(super) struct Reads {
    pub(super) tables: BTreeSet<TableId>,
    pub(super) fields: BTreeSet<(TableId, FieldId)>,
    pub(super) params: BTreeSet<usize>,
}

impl Reads {
    /// What the rules, the tables of reports and the list of who is expected read.
    pub(super) fn of(pack: &Pack) -> Self {
        let mut reads = Reads::default();
        pack.rules.iter().for_each(|rule| reads.rule(rule));
        for summary in &pack.summaries {
            let subjects = summary.subjects.iter();
            subjects.for_each(|s| reads.subjects(s.table, &s.rows));
            let columns = summary.columns.iter();
            columns.for_each(|(_, expr)| reads.expr(expr));
            for nested in &summary.nested {
                reads.subjects(nested.subjects.table, &nested.subjects.rows);
                let columns = nested.columns.iter();
                columns.for_each(|(_, expr)| reads.expr(expr));
            }
        }
        pack.expected.iter().for_each(|expr| reads.expr(expr));
        pack.letter.exprs().for_each(|(_, expr)| reads.expr(expr));
        reads
    }

    fn rule(&mut self, rule: &Rule) {
        if let Some(subjects) = &rule.subjects {
            self.subjects(subjects.table, &subjects.rows);
        }
        for test in tests(rule) {
            test.lets.iter().for_each(|(_, expr)| self.expr(expr));
            test.when.iter().for_each(|expr| self.expr(expr));
            test.require.iter().for_each(|expr| self.expr(expr));
            self.template(&test.message);
            test.advice.iter().for_each(|advice| self.template(advice));
        }
    }

    fn subjects(&mut self, table: TableId, rows: &Expr) {
        self.tables.insert(table);
        self.expr(rows);
    }

    fn template(&mut self, template: &Template) {
        for part in &template.parts {
            if let Part::Value(expr) = part {
                self.expr(expr);
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        self.node(&expr.root);
    }

    fn node(&mut self, node: &Node) {
        match &node.kind {
            Kind::Param(at) => {
                self.params.insert(*at);
            }
            Kind::Plan(table) | Kind::Table(table) | Kind::Lookup(table, _) => {
                self.tables.insert(*table);
            }
            Kind::Field(_, table, field) | Kind::Marked(_, _, table, field) => {
                self.fields.insert((*table, *field));
            }
            _ => {}
        }
        node.parts().for_each(|part| self.node(part));
    }
}

/// The tests of a rule's editions.
pub(super) fn tests(rule: &Rule) -> impl Iterator<Item = &Test> {
    rule.editions.iter().filter_map(|e| match &e.body {
        Body::Test(test) => Some(&**test),
        Body::NotApplicable(_) => None,
    })
}
