//! Tests that a blank cell passes: `x != "a"` holds of a cell that holds nothing.

use std::collections::BTreeSet;

use super::reads::tests;
use super::{Looker, keys};
use crate::diagnostic::{Lint, Mistake};
use crate::expr::BinaryOp;
use crate::expr::tree::{Kind, Node, Ty};
use crate::pack::{Body, Rule, Test};
use crate::schema::{FieldId, Otherwise, TableId};
use crate::value::Value;

pub(super) fn look(of: Looker<'_>) -> Vec<Mistake> {
    let rules = of.pack.rules.iter();
    rules.flat_map(|rule| of_rule(of, rule)).collect()
}

fn of_rule(of: Looker<'_>, rule: &Rule) -> Vec<Mistake> {
    let known = cared_for(rule);
    let mut found = Vec::new();
    for (at, edition) in rule.editions.iter().enumerate() {
        let Body::Test(test) = &edition.body else {
            continue;
        };
        let seeker = Seeker {
            of,
            rule,
            test,
            edition: at.to_string(),
            known: &known,
        };
        if let Some(require) = &test.require {
            seeker.seek(&["require"], &require.root, true, &mut found);
        }
    }
    found
}

/// The fields that a rule compares with null somewhere: its author thought of blanks.
fn cared_for(rule: &Rule) -> BTreeSet<(TableId, FieldId)> {
    let mut known = BTreeSet::new();
    rule.subjects
        .iter()
        .for_each(|s| with_null(&s.rows.root, &mut known));
    for test in tests(rule) {
        let exprs = test.lets.iter().map(|(_, expr)| expr);
        let exprs = exprs.chain(&test.when).chain(&test.require);
        exprs.for_each(|expr| with_null(&expr.root, &mut known));
    }
    known
}

fn with_null(node: &Node, known: &mut BTreeSet<(TableId, FieldId)>) {
    if let Kind::Compare(BinaryOp::Equal | BinaryOp::NotEqual, a, b) = &node.kind
        && (is_null(a) || is_null(b))
    {
        known.extend([a, b].into_iter().filter_map(|side| field_of(side)));
    }
    let parts = node.parts();
    parts.for_each(|part| with_null(part, known));
}

fn is_null(node: &Node) -> bool {
    matches!(node.kind, Kind::Const(Value::Null))
}

fn field_of(node: &Node) -> Option<(TableId, FieldId)> {
    match &node.kind {
        Kind::Field(_, table, field) if !matches!(node.ty, Ty::List(_)) => Some((*table, *field)),
        _ => None,
    }
}

/// Looks through what a rule requires.
struct Seeker<'a> {
    of: Looker<'a>,
    rule: &'a Rule,
    test: &'a Test,
    edition: String,
    known: &'a BTreeSet<(TableId, FieldId)>,
}

impl Seeker<'_> {
    /// Looks at the parts of a test whose truth lets the whole pass; `holds`: where they hold, else where they do not.
    fn seek(&self, part: &[&str], node: &Node, holds: bool, found: &mut Vec<Mistake>) {
        match &node.kind {
            Kind::And(a, b) | Kind::Or(a, b) | Kind::If(_, a, b) => {
                for side in [a, b] {
                    self.seek(part, side, holds, found);
                }
            }
            Kind::Not(inner) => self.seek(part, inner, !holds, found),
            Kind::Quantified(_, i) => self.seek(part, &i.body, holds, found),
            Kind::Let(at) => {
                if let Some((name, inner)) = self.test.lets.get(*at) {
                    self.seek(&["let", name], &inner.root, holds, found);
                }
            }
            Kind::Compare(op, a, b) if *op == differs(holds) && !is_null(a) && !is_null(b) => {
                let fields = [a, b].into_iter().filter_map(|side| field_of(side));
                let blank = fields.into_iter().find(|at| self.passes_blank(*at));
                found.extend(blank.map(|at| self.tell(part, node, at)));
            }
            _ => {}
        }
    }

    /// Whether a cell of a field of the submission may be blank without being unknown, and the rule does not say so.
    fn passes_blank(&self, at: (TableId, FieldId)) -> bool {
        at.0 < self.of.pack.schema.submission
            && !self.known.contains(&at)
            && may_be_blank(self.of, at)
    }

    fn tell(&self, part: &[&str], node: &Node, at: (TableId, FieldId)) -> Mistake {
        let keys = keys(self.rule, &self.edition, part);
        let span = self.of.places.part(&self.rule.file, &keys, &node.span);
        let name = name_of(self.of, at);
        let message = format!("this passes when `{name}` is blank");
        let help = "say with `= null` what a blank means, or ask only where it is not null";
        self.of
            .of_rule(Lint::BlankPasses, (self.rule, span), message, help)
    }
}

/// The comparison that holds of a blank, or fails of it.
fn differs(holds: bool) -> BinaryOp {
    if holds {
        BinaryOp::NotEqual
    } else {
        BinaryOp::Equal
    }
}

fn may_be_blank(of: Looker<'_>, (table, field): (TableId, FieldId)) -> bool {
    let found = of.pack.schema.tables.get(table);
    let Some(found) = found.and_then(|t| t.fields.get(field)) else {
        return false;
    };
    !found.required
        && match found.otherwise {
            Some(Otherwise::Row) => false,
            Some(Otherwise::Plan(other)) => may_be_blank(of, (of.pack.identity.table, other)),
            Some(Otherwise::Joined { .. }) | None => true,
        }
}

fn name_of(of: Looker<'_>, (table, field): (TableId, FieldId)) -> String {
    let table = of.pack.schema.tables.get(table);
    let field = table.and_then(|t| t.fields.get(field));
    let names = table.zip(field);
    names.map_or_else(String::new, |(t, f)| format!("{}.{}", t.name, f.name))
}
