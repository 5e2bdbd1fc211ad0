//! The typed tree of an expression: every name resolved to a slot, every type known, nothing left that could fail.

use std::fmt;
use std::ops::Range;

use super::ast::{BinaryOp, Quantifier};
use super::builtin::Builtin;
use crate::schema::{FieldId, Schema, TableId};
use crate::value::{Type, Value};

/// The type of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ty {
    /// `null`, or the items of an empty list: fits every type.
    Null,
    /// True or false.
    Bool,
    /// A text; of a field with a closed list, whose codes it holds.
    Text(Option<(TableId, FieldId)>),
    /// A number.
    Num,
    /// A number that is printed as a percentage.
    Percent,
    /// An amount of money.
    Money,
    /// A date.
    Date,
    /// A list of one type.
    List(Box<Ty>),
    /// A row of a table.
    Row(TableId),
}

impl Ty {
    /// The type of a field's cells.
    pub fn of_field(schema: &Schema, table: TableId, field: FieldId) -> Ty {
        let Some(f) = schema.tables.get(table).and_then(|t| t.fields.get(field)) else {
            return Ty::Null;
        };
        match f.ty {
            Type::Text => Ty::Text(None),
            Type::Code => Ty::Text(Some((table, field))),
            Type::Number | Type::Year => Ty::Num,
            Type::Percent => Ty::Percent,
            Type::Money => Ty::Money,
            Type::Date => Ty::Date,
            Type::Boolean => Ty::Bool,
        }
    }

    /// The type of a parameter's value.
    pub fn of_type(ty: Type, list: bool) -> Ty {
        let item = match ty {
            Type::Text | Type::Code => Ty::Text(None),
            Type::Number | Type::Year => Ty::Num,
            Type::Percent => Ty::Percent,
            Type::Money => Ty::Money,
            Type::Date => Ty::Date,
            Type::Boolean => Ty::Bool,
        };
        if list { Ty::List(Box::new(item)) } else { item }
    }

    /// Whether its values are numbers without a unit.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Ty::Num | Ty::Percent)
    }

    /// Whether its values are held as exact numbers.
    pub(crate) fn is_numeric(&self) -> bool {
        matches!(self, Ty::Num | Ty::Percent | Ty::Money | Ty::Date)
    }

    /// How many lists stand one inside the other.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Ty::List(item) => 1 + item.depth(),
            _ => 0,
        }
    }

    /// The type that both fit, if there is one.
    pub(crate) fn unify(&self, other: &Ty) -> Option<Ty> {
        match (self, other) {
            (Ty::Null, t) | (t, Ty::Null) => Some(t.clone()),
            (Ty::Text(a), Ty::Text(b)) => Some(Ty::Text(if a == b { *a } else { None })),
            (a, b) if a == b => Some(a.clone()),
            (a, b) if a.is_number() && b.is_number() => Some(Ty::Num),
            (Ty::List(a), Ty::List(b)) => a.unify(b).map(|t| Ty::List(Box::new(t))),
            _ => None,
        }
    }

    /// What people call it.
    pub(crate) fn name(&self, schema: &Schema) -> String {
        match self {
            Ty::Null => "null".to_owned(),
            Ty::Bool => "true or false".to_owned(),
            Ty::Text(None) => "a text".to_owned(),
            Ty::Text(Some(_)) => "a code".to_owned(),
            Ty::Num => "a number".to_owned(),
            Ty::Percent => "a percentage".to_owned(),
            Ty::Money => "money".to_owned(),
            Ty::Date => "a date".to_owned(),
            Ty::Row(t) => format!(
                "a row of `{}`",
                schema.tables.get(*t).map_or("", |t| &t.name)
            ),
            Ty::List(item) => match &**item {
                Ty::Row(t) => format!(
                    "the rows of `{}`",
                    schema.tables.get(*t).map_or("", |t| &t.name)
                ),
                Ty::Null => "an empty list".to_owned(),
                Ty::Bool => "a list of truth values".to_owned(),
                Ty::Money => "a list of amounts".to_owned(),
                Ty::List(_) => "a list of lists".to_owned(),
                item => format!("a list of {}s", item.name(schema).trim_start_matches("a ")),
            },
        }
    }
}

/// How deep in the nest of rows a value varies: 0 is the submission, 1 the rule's row, and so on inward.
pub(crate) type LevelNo = usize;

/// A piece of a typed expression.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) ty: Ty,
    /// The innermost variable that it reads.
    pub(crate) level: LevelNo,
    /// The bytes of the expression's text.
    pub(crate) span: Range<usize>,
    /// Its number within the expression.
    pub(crate) id: usize,
}

/// What a piece of a typed expression does.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Const(Value),
    Year,
    Param(usize),
    Let(usize),
    /// The one row of the table `plan`.
    Plan(TableId),
    /// All rows of a table.
    Table(TableId),
    /// The row or the item that a variable stands for.
    Var(LevelNo),
    /// A field of a row, or of each row of a list.
    Field(Box<Node>, TableId, FieldId),
    DatePart(Box<Node>, DatePart),
    Lookup(TableId, Vec<Node>),
    List(Vec<Node>),
    Negate(Box<Node>),
    Arithmetic(BinaryOp, Box<Node>, Box<Node>),
    Compare(BinaryOp, Box<Node>, Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Not(Box<Node>),
    /// The value of the first stands in one list or equals one item: the tests of `in`, as an `or`.
    If(Box<Node>, Box<Node>, Box<Node>),
    Filter(Box<Iteration>),
    Quantified(Quantifier, Box<Iteration>),
    For(Box<Iteration>),
    Index(Box<Node>, Box<Node>),
    Call(Builtin, Vec<Node>),
    /// Whether a cell is marked as suppressed (`false`) or not applicable (`true`).
    Marked(bool, Box<Node>, TableId, FieldId),
    Assume(Box<Node>, Box<Node>),
}

/// A list and what is asked of each item.
#[derive(Debug, Clone)]
pub(crate) struct Iteration {
    pub(crate) list: Node,
    pub(crate) body: Node,
    /// The level of the item.
    pub(crate) item: LevelNo,
    /// The tests `field = value` that all must hold, where no `value` reads the item.
    pub(crate) join: Option<Join>,
    /// Fields of the row that the body reads and that may be not applicable: such rows are left out.
    pub(crate) may_not_apply: Vec<(TableId, FieldId)>,
}

/// Fields of a table's row and the values that they must equal.
#[derive(Debug, Clone)]
pub(crate) struct Join {
    pub(crate) table: TableId,
    pub(crate) fields: Vec<FieldId>,
    pub(crate) values: Vec<Node>,
    /// Whether nothing else is asked of the row.
    pub(crate) is_all: bool,
}

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatePart {
    Year,
    Month,
    Day,
}

impl Node {
    /// Whether it is the literal 0, which fits money too.
    pub(crate) fn is_zero(&self) -> bool {
        matches!(&self.kind, Kind::Const(Value::Number(x)) if x.is_zero())
    }

    /// Whether it is a constant, a row, or a cell of one: nothing that takes work.
    pub(crate) fn is_cell(&self) -> bool {
        match &self.kind {
            Kind::Const(_) | Kind::Year | Kind::Param(_) | Kind::Var(_) => true,
            Kind::Field(of, ..) | Kind::Marked(_, of, ..) => matches!(of.kind, Kind::Var(_)),
            _ => false,
        }
    }

    /// Whether of all rows and items outside it reads that of one level alone, which is its own.
    pub(crate) fn reads_only(&self, level: LevelNo) -> bool {
        match &self.kind {
            Kind::Var(of) => *of >= level,
            Kind::Let(_) => self.level == 0,
            _ => self.level == 0 || self.parts().all(|part| part.reads_only(level)),
        }
    }

    /// The cell of a row that it asks whether it is `null`, if it asks nothing else: the level of the row, its table and the field.
    pub(crate) fn tests_for_null(&self) -> Option<(LevelNo, TableId, FieldId)> {
        let Kind::Compare(BinaryOp::Equal | BinaryOp::NotEqual, cell, null) = &self.kind else {
            return None;
        };
        match null.kind {
            Kind::Const(Value::Null) => cell.cell_of_row(),
            _ => None,
        }
    }

    /// The cell of a variable's row that it is, if it is one: the level of the row, its table and the field.
    pub(crate) fn cell_of_row(&self) -> Option<(LevelNo, TableId, FieldId)> {
        match &self.kind {
            Kind::Field(of, table, field) => match of.kind {
                Kind::Var(level) => Some((level, *table, *field)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Finds the fields of an item that it reads, each with the piece that stands for the item; `false` where it reads more of
    /// the item than such fields.
    pub(crate) fn reads_fields_alone<'n>(
        &'n self,
        item: LevelNo,
        found: &mut Vec<(&'n Node, TableId, FieldId)>,
    ) -> bool {
        if self.level < item {
            return true;
        }
        match &self.kind {
            Kind::Field(of, table, field) => {
                found.push((of, *table, *field));
                matches!((&of.kind, &of.ty), (Kind::Var(level), Ty::Row(_)) if *level == item)
            }
            Kind::DatePart(..)
            | Kind::Lookup(..)
            | Kind::List(_)
            | Kind::Negate(_)
            | Kind::Arithmetic(..)
            | Kind::Compare(..)
            | Kind::And(..)
            | Kind::Or(..)
            | Kind::Not(_)
            | Kind::Call(..) => {
                let mut parts = self.parts();
                parts.all(|part| part.reads_fields_alone(item, found))
            }
            _ => false,
        }
    }

    /// How many pieces it is made of, itself included.
    pub(crate) fn size(&self) -> usize {
        1 + self.parts().map(Node::size).sum::<usize>()
    }

    /// Its parts, in reading order.
    pub(crate) fn parts(&self) -> impl DoubleEndedIterator<Item = &Node> {
        let (few, many): ([Option<&Node>; 3], &[Node]) = match &self.kind {
            Kind::Const(_)
            | Kind::Year
            | Kind::Param(_)
            | Kind::Let(_)
            | Kind::Plan(_)
            | Kind::Table(_)
            | Kind::Var(_) => ([None; 3], &[]),
            Kind::Field(a, ..)
            | Kind::DatePart(a, _)
            | Kind::Negate(a)
            | Kind::Not(a)
            | Kind::Marked(_, a, ..) => ([Some(a), None, None], &[]),
            Kind::Arithmetic(_, a, b)
            | Kind::Compare(_, a, b)
            | Kind::And(a, b)
            | Kind::Or(a, b)
            | Kind::Index(a, b)
            | Kind::Assume(a, b) => ([Some(a), Some(b), None], &[]),
            Kind::If(a, b, c) => ([Some(a), Some(b), Some(c)], &[]),
            Kind::Lookup(_, items) | Kind::List(items) | Kind::Call(_, items) => ([None; 3], items),
            Kind::Filter(i) | Kind::Quantified(_, i) | Kind::For(i) => {
                ([Some(&i.list), Some(&i.body), None], &[])
            }
        };
        few.into_iter().flatten().chain(many)
    }
}

impl Node {
    /// Its comparisons of numbers, amounts and dates in reading order, each with its sides.
    pub(crate) fn comparisons<'n>(&'n self, found: &mut Vec<(&'n Node, [&'n Node; 2])>) {
        if let Kind::Compare(_, a, b) = &self.kind
            && a.is_compared_as_figure(b)
        {
            found.push((self, [a, b]));
        }
        for part in self.parts() {
            part.comparisons(found);
        }
    }

    /// Whether it is compared with another as a number, an amount or a date.
    pub(crate) fn is_compared_as_figure(&self, other: &Node) -> bool {
        self.ty.is_numeric() && other.ty.is_numeric()
    }

    /// The same parts, to be changed.
    pub(crate) fn parts_mut(&mut self) -> Vec<&mut Node> {
        match &mut self.kind {
            Kind::Const(_)
            | Kind::Year
            | Kind::Param(_)
            | Kind::Let(_)
            | Kind::Plan(_)
            | Kind::Table(_)
            | Kind::Var(_) => Vec::new(),
            Kind::Field(a, ..)
            | Kind::DatePart(a, _)
            | Kind::Negate(a)
            | Kind::Not(a)
            | Kind::Marked(_, a, ..) => vec![a],
            Kind::Arithmetic(_, a, b)
            | Kind::Compare(_, a, b)
            | Kind::And(a, b)
            | Kind::Or(a, b)
            | Kind::Index(a, b)
            | Kind::Assume(a, b) => vec![a, b],
            Kind::If(a, b, c) => vec![a, b, c],
            Kind::Lookup(_, items) | Kind::List(items) | Kind::Call(_, items) => {
                items.iter_mut().collect()
            }
            Kind::Filter(i) | Kind::Quantified(_, i) | Kind::For(i) => {
                vec![&mut i.list, &mut i.body]
            }
        }
    }
}

/// A whole expression: its text and its tree.
#[derive(Clone)]
pub struct Expr {
    pub(crate) text: String,
    /// The bytes of a rule's file that hold its text, quotes included.
    pub(crate) held_in: Range<usize>,
    pub(crate) root: Node,
}

impl Expr {
    /// The type of its value.
    pub fn ty(&self) -> &Ty {
        &self.root.ty
    }

    /// The text of a piece of it, on one line.
    pub(crate) fn text_of(&self, span: &Range<usize>) -> String {
        let text = self.text.get(span.clone()).unwrap_or(&self.text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expr").field(&self.text).finish()
    }
}
