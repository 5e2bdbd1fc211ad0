//! The value of every part of a test for one subject, for who asks why a case came out otherwise than expected.

use std::collections::BTreeSet;

use super::{At, Teller};
use crate::expr::eval::MAIN;
use crate::expr::tree::{Iteration, Kind, Node};
use crate::expr::{Expr, Quantifier};
use crate::value::Value;

/// A part of a test and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// How deep it stands in the test.
    pub depth: usize,
    /// The part as its author wrote it, or the place of an item.
    pub text: String,
    /// What is known of its value.
    pub value: PieceValue,
}

/// What is known of the value of a part.
#[derive(Debug, Clone, PartialEq)]
pub enum PieceValue {
    /// It has this value.
    Is(Value),
    /// What stands before it decided, so that it was not asked for.
    NotAsked,
    /// It is the place of an item, under which stands what is asked of it.
    Item,
}

/// How many items of a list are looked at one by one.
const MOST: usize = 6;

impl<'a> Teller<'_, 'a> {
    /// Every part of an expression with its value, from the outermost; the parts of a `let` where it is met first.
    pub(crate) fn pieces(&self, expr: &'a Expr) -> Vec<Piece> {
        let mut walk = Walk {
            teller: self,
            pieces: Vec::new(),
            told: BTreeSet::new(),
        };
        walk.node((MAIN, expr), &expr.root, &vec![0, 0], 0);
        // A table alone tells whether it is there.
        if walk.pieces.is_empty() && self.noted(MAIN, &expr.root).is_some() {
            let value = self.value(MAIN, &expr.root, &vec![0, 0]);
            let text = expr.text_of(&expr.root.span);
            walk.push(0, text, PieceValue::Is(value));
        }
        walk.pieces
    }
}

struct Walk<'t, 'm, 'a> {
    teller: &'t Teller<'m, 'a>,
    pieces: Vec<Piece>,
    /// The `let`s whose parts are told.
    told: BTreeSet<usize>,
}

/// An expression and the number under which it is noted.
type Of<'a> = (usize, &'a Expr);

impl<'a> Walk<'_, '_, 'a> {
    fn push(&mut self, depth: usize, text: String, value: PieceValue) {
        self.pieces.push(Piece { depth, text, value });
    }

    fn node(&mut self, of: Of<'a>, node: &'a Node, at: &At, depth: usize) {
        // A row is told by its fields, a table by what is asked of it, and a literal says itself.
        if matches!(
            node.kind,
            Kind::Const(_) | Kind::Var(_) | Kind::Plan(_) | Kind::Table(_)
        ) {
            return;
        }
        let text = of.1.text_of(&node.span);
        if self.teller.noted(of.0, node).is_none() {
            return self.push(depth, text, PieceValue::NotAsked);
        }
        let value = self.teller.value(of.0, node, at);
        self.push(depth, text, PieceValue::Is(value));
        match &node.kind {
            Kind::Let(index) => self.named(*index, depth + 1),
            Kind::Filter(iteration) | Kind::Quantified(_, iteration) | Kind::For(iteration) => {
                self.node(of, &iteration.list, at, depth + 1);
                self.items(of, (node, iteration), at, depth + 1);
            }
            _ => {
                for part in node.parts() {
                    self.node(of, part, at, depth + 1);
                }
            }
        }
    }

    fn named(&mut self, index: usize, depth: usize) {
        let named = self.teller.lets.get(index).copied();
        if let Some(named) = named.filter(|_| self.told.insert(index)) {
            self.node((index, named), &named.root, &vec![0, 0], depth);
        }
    }

    fn items(&mut self, of: Of<'a>, over: (&Node, &'a Iteration), at: &At, depth: usize) {
        let (node, iteration) = over;
        let items = self.teller.items_under(of.0, node, iteration, at);
        for (nth, item) in self.told_of(of.0, over, &items) {
            let k = item.get(iteration.item).copied().unwrap_or(0);
            let row = self.teller.frame_row(of.0, node, k);
            let place = row.and_then(|(table, row)| {
                let rows = self.teller.machine.rows(table)?;
                Some(rows.row_place(usize::try_from(row).ok()?))
            });
            let place = place.unwrap_or_else(|| format!("item {}", nth + 1));
            self.push(depth, place, PieceValue::Item);
            self.node(of, &iteration.body, item, depth + 1);
        }
        if items.len() > MOST {
            let more = format!("and {} more", items.len() - MOST);
            self.push(depth, more, PieceValue::Item);
        }
    }

    /// The items that are looked at, in their order: those that a filter keeps or that decide, then the first of the others.
    fn told_of<'i>(
        &self,
        of: usize,
        (node, iteration): (&Node, &Iteration),
        items: &'i [At],
    ) -> Vec<(usize, &'i At)> {
        let idle = match &node.kind {
            Kind::Filter(_) | Kind::Quantified(Quantifier::Some, _) => Some(Value::Bool(false)),
            Kind::Quantified(Quantifier::Every, _) => Some(Value::Bool(true)),
            _ => None,
        };
        let is_idle = |item: &At| {
            let held = self.teller.value(of, &iteration.body, item);
            idle.as_ref().is_some_and(|idle| *idle == held)
        };
        let (others, telling): (Vec<_>, Vec<_>) = items
            .iter()
            .enumerate()
            .partition(|(_, item)| is_idle(item));
        let mut told: Vec<_> = telling.into_iter().chain(others).take(MOST).collect();
        told.sort_by_key(|(nth, _)| *nth);
        told
    }
}
