//! The tree of an expression as it is written, before names and types are known.

use std::ops::Range;

use crate::value::Decimal;

/// A piece of an expression and its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ast {
    pub(crate) kind: AstKind,
    pub(crate) span: Range<usize>,
    /// How many pieces stand one inside the other, itself included.
    pub(crate) depth: u16,
}

/// What a piece of an expression is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AstKind {
    Null,
    Bool(bool),
    Number(Decimal),
    /// `10%`: the number 0.10.
    Percent(Decimal),
    Text(String),
    /// `@"2026-07-01"`
    At(String),
    Name(String),
    /// `x.name`
    Property(Box<Ast>, String, Range<usize>),
    /// `list[…]`: a filter or an index, as its type tells.
    Bracket(Box<Ast>, Box<Ast>),
    Call(String, Range<usize>, Vec<Ast>),
    List(Vec<Ast>),
    Negate(Box<Ast>),
    Binary(BinaryOp, Box<Ast>, Box<Ast>),
    And(Box<Ast>, Box<Ast>),
    Or(Box<Ast>, Box<Ast>),
    Between(Box<Ast>, Box<Ast>, Box<Ast>),
    In(Box<Ast>, Vec<Test>),
    If(Box<Ast>, Box<Ast>, Box<Ast>),
    Quantified(Quantifier, String, Range<usize>, Box<Ast>, Box<Ast>),
    For(String, Range<usize>, Box<Ast>, Box<Ast>),
}

/// One test of `in`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// `< 5`
    Compare(BinaryOp, Ast, Range<usize>),
    /// `[1..5)`
    Range(RangeTest),
    /// A list of ranges or comparisons: any of them.
    Any(Vec<Test>),
    /// A value, or a list that holds it.
    Value(Ast),
}

/// A range: its ends, and whether they belong to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RangeTest {
    pub(crate) low: Ast,
    pub(crate) low_in: bool,
    pub(crate) high: Ast,
    pub(crate) high_in: bool,
    pub(crate) span: Range<usize>,
}

/// An operator with two operands, `and` and `or` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl BinaryOp {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Equal => "=",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
        }
    }
}

/// `some` or `every`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Some,
    Every,
}
