//! The slips of an author's hand in one expression: each a small change of its typed tree that keeps every type.

use std::ops::Range;

use crate::expr::tree::{Kind, Node};
use crate::expr::{BinaryOp, Builtin, Expr, Quantifier, Ty};
use crate::pack::{Comparison, Pack};
use crate::schema::Schema;
use crate::value::{Decimal, Value};

/// What becomes of a word that is taken out of a list.
pub(crate) const LEFT_OUT: &str = "left out";

/// One change of an expression.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The way from the root: which part, which part of that …
    path: Vec<usize>,
    /// What stands there instead.
    node: Node,
    /// The bytes of the expression's text that it changes.
    pub(crate) span: Range<usize>,
    /// What stands there.
    pub(crate) old: String,
    /// What it becomes.
    pub(crate) new: String,
    /// Whether only a case at the edge of a comparison can notice it.
    pub(crate) is_edge: bool,
}

impl Change {
    /// The expression with the change made.
    pub(crate) fn applied(&self, expr: &Expr, schema: &Schema) -> Expr {
        let mut changed = expr.clone();
        let mut at = Some(&mut changed.root);
        for step in &self.path {
            at = at.and_then(|node| node.parts_mut().into_iter().nth(*step));
        }
        if let Some(at) = at {
            *at = self.node.clone();
        }
        settle(&mut changed.root, schema);
        changed
    }
}

/// Puts other nodes in the place of some.
pub(crate) fn replace(node: &mut Node, with: &dyn Fn(&Node) -> Option<Kind>) {
    if let Some(kind) = with(node) {
        node.kind = kind;
    }
    for part in node.parts_mut() {
        replace(part, with);
    }
}

fn settle(node: &mut Node, schema: &Schema) {
    for part in node.parts_mut() {
        settle(part, schema);
    }
    if let Kind::Filter(i) | Kind::Quantified(_, i) | Kind::For(i) = &mut node.kind {
        i.settle(schema);
    }
}

/// Every change of an expression, in reading order.
pub(crate) fn changes(expr: &Expr, pack: &Pack) -> Vec<Change> {
    let mut finder = Finder {
        expr,
        pack,
        path: Vec::new(),
        next_id: highest_id(&expr.root) + 1,
        found: Vec::new(),
    };
    finder.visit(&expr.root);
    finder.found
}

fn highest_id(node: &Node) -> usize {
    let parts = node.parts().map(highest_id);
    parts.max().unwrap_or(0).max(node.id)
}

/// The least by which two sides of a comparison can differ that means something, and how it is written.
fn unit(pack: &Pack, a: &Node, b: &Node) -> (Decimal, String) {
    let is = |ty: &Ty| a.ty == *ty || b.ty == *ty;
    if is(&Ty::Date) {
        return (Decimal::ONE, "1 day".to_owned());
    }
    let written = places(pack, a).max(places(pack, b));
    let places = match () {
        () if is(&Ty::Money) => 2,
        // A tenth of a point of a percentage.
        () if is(&Ty::Percent) => written.max(3),
        () => written,
    };
    let unit = Decimal::new(1, places);
    (unit, unit.to_string())
}

impl Comparison<'_> {
    /// The least by which its sides can differ that means something, and how it is written.
    pub(crate) fn unit(&self, pack: &Pack) -> (Decimal, String) {
        let [a, b] = self.sides;
        unit(pack, a, b)
    }
}

/// The decimal places of a literal or of a parameter's values.
fn places(pack: &Pack, node: &Node) -> u32 {
    let of = |value: &Value| match value {
        Value::Number(x) | Value::Percent(x) => x.scale(),
        _ => 0,
    };
    match &node.kind {
        Kind::Const(value) => of(value),
        Kind::Param(at) => {
            let values = pack.params.get(*at).map_or(&[][..], |p| &p.values);
            values.iter().map(|d| of(&d.value)).max().unwrap_or(0)
        }
        _ => 0,
    }
}

struct Finder<'a> {
    expr: &'a Expr,
    pack: &'a Pack,
    path: Vec<usize>,
    next_id: usize,
    found: Vec<Change>,
}

impl Finder<'_> {
    fn visit(&mut self, node: &Node) {
        self.here(node);
        for (at, part) in node.parts().enumerate() {
            self.path.push(at);
            self.visit(part);
            self.path.pop();
        }
    }

    fn here(&mut self, node: &Node) {
        match &node.kind {
            Kind::Compare(op, a, b) => self.comparison(node, *op, a, b),
            Kind::And(a, b) => {
                self.swap(node, Kind::Or(a.clone(), b.clone()), "or");
                self.arms([a, b], true);
            }
            Kind::Or(a, b) => {
                self.swap(node, Kind::And(a.clone(), b.clone()), "and");
                self.arms([a, b], false);
            }
            Kind::Not(a) => self.put(node, (**a).clone(), self.text(a)),
            Kind::If(test, ..) => {
                self.force(0, test, true);
                self.force(0, test, false);
            }
            Kind::Filter(i) if !joins(&i.body) => {
                self.put(node, i.list.clone(), self.text(&i.list));
            }
            Kind::Quantified(quantifier, i) => {
                let (other, word) = match quantifier {
                    Quantifier::Some => (Quantifier::Every, "every"),
                    Quantifier::Every => (Quantifier::Some, "some"),
                };
                self.swap(node, Kind::Quantified(other, i.clone()), word);
                if !joins(&i.body) {
                    self.force(1, &i.body, true);
                }
            }
            Kind::Arithmetic(op, a, b) => self.arithmetic(node, *op, a, b),
            Kind::List(items) => self.words(node, items),
            Kind::Call(builtin, arguments) => self.call(node, *builtin, arguments),
            _ => {}
        }
    }

    fn comparison(&mut self, node: &Node, op: BinaryOp, a: &Node, b: &Node) {
        let figures = a.is_compared_as_figure(b);
        for other in neighbours(op, figures) {
            if !(is_never_negative(a) && b.is_zero() && same_above_zero(op, *other)) {
                let kind = Kind::Compare(*other, Box::new(a.clone()), Box::new(b.clone()));
                let new = format!("{} {} {}", self.text(a), other.sign(), self.text(b));
                self.put(node, made(node, kind), new);
            }
        }
        let towards = match op {
            _ if !figures => None,
            BinaryOp::Less | BinaryOp::GreaterEqual => Some(BinaryOp::Subtract),
            BinaryOp::LessEqual | BinaryOp::Greater => Some(BinaryOp::Add),
            _ => None,
        };
        if let Some(towards) = towards {
            let (value, written) = unit(self.pack, a, b);
            let new = format!(
                "{} {} {} {} {written}",
                self.text(a),
                op.sign(),
                self.text(b),
                towards.sign()
            );
            let moved = self.moved(b, towards, value);
            let kind = Kind::Compare(op, Box::new(a.clone()), Box::new(moved));
            self.put(node, made(node, kind), new);
        }
    }

    /// A side of a comparison, moved by a unit.
    fn moved(&mut self, side: &Node, towards: BinaryOp, by: Decimal) -> Node {
        let by = Node {
            kind: Kind::Const(Value::Number(by)),
            ty: side.ty.clone(),
            level: 0,
            span: side.span.clone(),
            id: self.new_id(),
        };
        Node {
            kind: Kind::Arithmetic(towards, Box::new(side.clone()), Box::new(by)),
            id: self.new_id(),
            ..side.clone()
        }
    }

    fn arithmetic(&mut self, node: &Node, op: BinaryOp, a: &Node, b: &Node) {
        let other = match op {
            BinaryOp::Add => BinaryOp::Subtract,
            BinaryOp::Subtract => BinaryOp::Add,
            _ => return,
        };
        if matches!(node.ty, Ty::Text(_)) || b.is_zero() {
            return;
        }
        let kind = Kind::Arithmetic(other, Box::new(a.clone()), Box::new(b.clone()));
        let new = format!("{} {} {}", self.text(a), other.sign(), self.text(b));
        self.put(node, made(node, kind), new);
        if let Kind::Const(Value::Number(x)) = b.kind {
            for x in [x - Decimal::ONE, x + Decimal::ONE] {
                self.path.push(1);
                self.put(b, made(b, Kind::Const(Value::Number(x))), x.to_string());
                self.path.pop();
            }
        }
    }

    fn call(&mut self, node: &Node, builtin: Builtin, arguments: &[Node]) {
        let (other, from, to) = match builtin {
            Builtin::Any => (Builtin::All, "any", "all"),
            Builtin::All => (Builtin::Any, "all", "any"),
            Builtin::Min => (Builtin::Max, "min", "max"),
            Builtin::Max => (Builtin::Min, "max", "min"),
            _ => return,
        };
        let new = self.text(node).replacen(from, to, 1);
        let kind = Kind::Call(other, arguments.to_vec());
        self.put(node, made(node, kind), new);
    }

    /// Each word or figure of a list, left out.
    fn words(&mut self, list: &Node, items: &[Node]) {
        let is_word = |item: &Node| matches!(item.kind, Kind::Const(_));
        if items.len() < 2 || !items.iter().all(is_word) {
            return;
        }
        for (at, item) in items.iter().enumerate() {
            let mut others = items.to_vec();
            others.remove(at);
            self.found.push(Change {
                path: self.path.clone(),
                node: made(list, Kind::List(others)),
                span: item.span.clone(),
                old: self.text(item),
                new: LEFT_OUT.to_owned(),
                is_edge: false,
            });
        }
    }

    /// Arms of `and` that are left out are true, those of `or` are false.
    fn arms(&mut self, arms: [&Node; 2], is_and: bool) {
        for (at, arm) in arms.into_iter().enumerate() {
            let same = match arm.kind {
                Kind::And(..) => is_and,
                Kind::Or(..) => !is_and,
                _ => false,
            };
            if !same {
                self.force(at, arm, is_and);
            }
        }
    }

    /// A part that is a test becomes true, or false.
    fn force(&mut self, at: usize, part: &Node, to: bool) {
        if matches!(part.kind, Kind::Const(_)) {
            return;
        }
        self.path.push(at);
        let node = Node {
            level: 0,
            ..made(part, Kind::Const(Value::Bool(to)))
        };
        self.put(part, node, to.to_string());
        self.path.pop();
    }

    /// One word of a piece becomes another.
    fn swap(&mut self, node: &Node, kind: Kind, word: &str) {
        let new = match (&node.kind, self.text(node)) {
            (Kind::And(a, b) | Kind::Or(a, b), _) => {
                format!("{} {word} {}", self.text(a), self.text(b))
            }
            (_, text) => {
                let rest = text.split_once(' ').map_or("", |(_, rest)| rest);
                format!("{word} {rest}")
            }
        };
        self.put(node, made(node, kind), new);
    }

    fn new_id(&mut self) -> usize {
        self.next_id += 1;
        self.next_id
    }

    fn put(&mut self, old: &Node, new: Node, written: String) {
        self.found.push(Change {
            path: self.path.clone(),
            node: new,
            span: old.span.clone(),
            old: self.text(old),
            new: written,
            is_edge: matches!(old.kind, Kind::Compare(_, ref a, ref b) if a.is_compared_as_figure(b)),
        });
    }

    /// What a piece says; of a test of `in` or `between` what it means.
    fn text(&self, node: &Node) -> String {
        match &node.kind {
            Kind::Compare(op, a, b) => {
                format!("{} {} {}", self.text(a), op.sign(), self.text(b))
            }
            _ => self.expr.text_of(&node.span),
        }
    }
}

/// A piece that does something else, in its place.
fn made(node: &Node, kind: Kind) -> Node {
    Node {
        kind,
        ..node.clone()
    }
}

/// The operators that stand next to one.
fn neighbours(op: BinaryOp, figures: bool) -> &'static [BinaryOp] {
    use BinaryOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    match op {
        Less => &[LessEqual, Greater],
        LessEqual => &[Less, GreaterEqual],
        Greater => &[GreaterEqual, Less],
        GreaterEqual => &[Greater, LessEqual],
        Equal if figures => &[NotEqual, LessEqual, GreaterEqual],
        Equal => &[NotEqual],
        NotEqual if figures => &[Equal, Less, Greater],
        NotEqual => &[Equal],
        BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide => &[],
    }
}

/// Whether two operators say the same of a number that is never below zero, compared with zero.
fn same_above_zero(a: BinaryOp, b: BinaryOp) -> bool {
    let pair = |x, y| (a, b) == (x, y) || (b, a) == (x, y);
    pair(BinaryOp::Equal, BinaryOp::LessEqual) || pair(BinaryOp::NotEqual, BinaryOp::Greater)
}

fn is_never_negative(node: &Node) -> bool {
    let counts = |b: &Builtin| matches!(b, Builtin::Count | Builtin::StringLength | Builtin::Abs);
    matches!(&node.kind, Kind::Call(builtin, _) if counts(builtin))
}

/// Whether a test is made of several, each of which is left out by itself.
fn joins(body: &Node) -> bool {
    matches!(body.kind, Kind::And(..))
}
