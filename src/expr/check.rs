//! The tree as written → the typed tree: every name resolved, every type checked, every mistake told.

use std::collections::BTreeSet;
use std::ops::Range;

use super::ast::{Ast, AstKind, BinaryOp, Quantifier, RangeTest, Test};
use super::builtin::Builtin;
use super::lex::Fault;
use super::parse::{parse, parse_for};
use super::tree::{DatePart, Expr, Iteration, Join, Kind, LevelNo, Node, Ty};
use crate::diagnostic::suggest;
use crate::schema::{FieldId, Schema, TableId};
use crate::value::{Decimal, Value, parse_iso_date};

/// The names that an expression may use.
#[derive(Clone)]
pub struct Scope<'a> {
    /// The tables and reference tables.
    pub schema: &'a Schema,
    /// Each parameter's name and type.
    pub params: &'a [(String, Ty)],
    /// Each `let` that stands before, with its type and the level at which it varies.
    pub lets: Vec<(String, Ty, usize)>,
    /// The rule's row: its name and table.
    pub row: Option<(String, TableId)>,
    /// Whether `year` and `plan` are there: a submission, and not only a table's rows, is judged.
    pub submission: bool,
}

impl<'a> Scope<'a> {
    /// The names of a pack, without a rule's own.
    pub fn new(schema: &'a Schema, params: &'a [(String, Ty)]) -> Self {
        Scope {
            schema,
            params,
            lets: Vec::new(),
            row: None,
            submission: true,
        }
    }
}

/// What a pack must know of an expression besides its tree.
#[derive(Debug, Default, Clone)]
pub struct Notes {
    /// Places of numbers other than 0 and 1.
    pub bare_numbers: Vec<Range<usize>>,
    /// Parameters that it uses, with their places.
    pub params: Vec<(usize, Range<usize>)>,
    /// Parameters whose texts must be codes of a field.
    pub coded_params: Vec<(usize, TableId, FieldId, Range<usize>)>,
    /// Parameters whose text is a pattern.
    pub pattern_params: Vec<(usize, Range<usize>)>,
    /// Reference and other tables that it reads.
    pub tables: Vec<TableId>,
}

/// Parses and checks an expression. On failure every mistake in it.
pub fn check(text: &str, scope: &Scope<'_>) -> Result<(Expr, Notes), Vec<Fault>> {
    let ast = parse(text).map_err(|fault| vec![fault])?;
    Checker::new(scope).finish(text, &ast)
}

/// Parses and checks `name in list`, the subjects of a rule or of a summary table: the name, the table and the list.
pub fn check_for(
    text: &str,
    scope: &Scope<'_>,
) -> Result<(String, TableId, Expr, Notes), Vec<Fault>> {
    let (name, span, ast) = parse_for(text).map_err(|fault| vec![fault])?;
    let mut checker = Checker::new(scope);
    checker.may_bind(&name, &span);
    let (expr, notes) = checker.finish(text, &ast)?;
    match expr.ty() {
        Ty::List(item) => match **item {
            Ty::Row(table) => Ok((name, table, expr, notes)),
            _ => Err(vec![rows_wanted(&expr, scope)]),
        },
        _ => Err(vec![rows_wanted(&expr, scope)]),
    }
}

fn rows_wanted(expr: &Expr, scope: &Scope<'_>) -> Fault {
    Fault::new(
        expr.root.span.clone(),
        format!(
            "this is {}, not the rows of a table",
            expr.ty().name(scope.schema)
        ),
    )
    .help("write `name in table` or `name in table[test]`")
}

/// How many pieces may be repeated by `between` and `in`.
const MAX_REPEATED: usize = 100_000;

struct Variable {
    /// `None` for the row of a filter, whose fields are bare names.
    name: Option<String>,
    ty: Ty,
}

pub(crate) struct Checker<'a> {
    pub(crate) schema: &'a Schema,
    scope: &'a Scope<'a>,
    variables: Vec<Variable>,
    next_id: usize,
    /// How many pieces were repeated: `between` and `in` ask of a value more than once.
    repeated: usize,
    pub(crate) faults: Vec<Fault>,
    pub(crate) notes: Notes,
}

impl<'a> Checker<'a> {
    fn new(scope: &'a Scope<'a>) -> Self {
        let row = scope.row.iter().map(|(name, table)| Variable {
            name: Some(name.clone()),
            ty: Ty::Row(*table),
        });
        Checker {
            schema: scope.schema,
            scope,
            variables: row.collect(),
            next_id: 0,
            repeated: 0,
            faults: Vec::new(),
            notes: Notes::default(),
        }
    }

    fn finish(mut self, text: &str, ast: &Ast) -> Result<(Expr, Notes), Vec<Fault>> {
        match self.check(ast) {
            Some(root) if self.faults.is_empty() => Ok((
                Expr {
                    text: text.to_owned(),
                    held_in: 0..0,
                    root,
                },
                self.notes,
            )),
            _ => Err(self.faults),
        }
    }

    pub(crate) fn fault(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<Node> {
        self.faults
            .push(Fault::new(span.clone(), message).help(help));
        None
    }

    pub(crate) fn node(&mut self, kind: Kind, ty: Ty, span: Range<usize>) -> Node {
        let mut node = Node {
            kind,
            ty,
            level: 0,
            span,
            id: self.next_id,
        };
        self.next_id += 1;
        node.level = self.level_of(&node);
        node
    }

    /// The innermost level that a piece reads; what an iteration binds itself does not count.
    fn level_of(&self, node: &Node) -> LevelNo {
        match &node.kind {
            Kind::Var(level) => *level,
            Kind::Let(at) => self.scope.lets.get(*at).map_or(0, |l| l.2),
            Kind::Filter(i) | Kind::Quantified(_, i) | Kind::For(i) => {
                i.list.level.max(outer_level(&i.body, i.item))
            }
            _ => node.parts().map(|p| p.level).max().unwrap_or(0),
        }
    }

    fn check_all(&mut self, asts: &[Ast]) -> Option<Vec<Node>> {
        let nodes: Vec<_> = asts.iter().map(|a| self.check(a)).collect();
        nodes.into_iter().collect()
    }

    fn check_pair(&mut self, a: &Ast, b: &Ast) -> Option<(Node, Node)> {
        let (a, b) = (self.check(a), self.check(b));
        Some((a?, b?))
    }

    fn check(&mut self, ast: &Ast) -> Option<Node> {
        let span = ast.span.clone();
        match &ast.kind {
            AstKind::Null => Some(self.node(Kind::Const(Value::Null), Ty::Null, span)),
            AstKind::Bool(b) => Some(self.node(Kind::Const(Value::Bool(*b)), Ty::Bool, span)),
            AstKind::Number(x) => Some(self.number(*x, span)),
            AstKind::Percent(x) => self.percent(*x, span),
            AstKind::Text(t) => {
                Some(self.node(Kind::Const(Value::Text(t.clone())), Ty::Text(None), span))
            }
            AstKind::At(t) => self.date_literal(t, span),
            AstKind::Name(name) => self.name(name, span),
            AstKind::Property(of, name, at) => self.property(of, name, at, span),
            AstKind::Bracket(list, inner) => self.bracket(list, inner, span),
            AstKind::Call(name, at, arguments) => self.call(name, at, arguments, span),
            AstKind::List(items) => {
                let items = self.check_all(items)?;
                self.list(items, span)
            }
            AstKind::Negate(a) => self.negate(a, span),
            AstKind::Binary(op, a, b) => {
                let (a, b) = self.check_pair(a, b)?;
                self.binary(*op, a, b, span)
            }
            AstKind::And(a, b) | AstKind::Or(a, b) => {
                let (a, b) = self.check_pair(a, b)?;
                let (a, b) = (self.truth(a), self.truth(b));
                let (a, b) = (Box::new(a?), Box::new(b?));
                let kind = if matches!(ast.kind, AstKind::And(..)) {
                    Kind::And(a, b)
                } else {
                    Kind::Or(a, b)
                };
                Some(self.node(kind, Ty::Bool, span))
            }
            AstKind::Between(x, low, high) => {
                let (x, low) = (self.check(x), self.check(low));
                let high = self.check(high);
                self.between(x?, low?, true, high?, true, span)
            }
            AstKind::In(x, tests) => {
                let x = self.check(x)?;
                self.any_test(&x, tests, &span)
            }
            AstKind::If(test, yes, no) => self.conditional(test, yes, no, span),
            AstKind::Quantified(quantifier, name, at, list, body) => {
                let list = self.check(list)?;
                let (list, body) = self.iteration(list, Some((name, at)), body)?;
                let body = self.truth(body)?;
                let iteration = self.finish_iteration(list, body);
                Some(self.node(
                    Kind::Quantified(*quantifier, Box::new(iteration)),
                    Ty::Bool,
                    span,
                ))
            }
            AstKind::For(name, at, list, body) => {
                let list = self.check(list)?;
                let (list, body) = self.iteration(list, Some((name, at)), body)?;
                let ty = Ty::List(Box::new(body.ty.clone()));
                let iteration = self.finish_iteration(list, body);
                Some(self.node(Kind::For(Box::new(iteration)), ty, span))
            }
        }
    }

    fn number(&mut self, x: Decimal, span: Range<usize>) -> Node {
        if !x.is_zero() && x != Decimal::ONE {
            self.notes.bare_numbers.push(span.clone());
        }
        self.node(Kind::Const(Value::Number(x)), Ty::Num, span)
    }

    fn percent(&mut self, x: Decimal, span: Range<usize>) -> Option<Node> {
        self.notes.bare_numbers.push(span.clone());
        match x.checked_mul(Decimal::new(1, 2)) {
            Some(share) => Some(self.node(Kind::Const(Value::Number(share)), Ty::Percent, span)),
            None => self.fault(&span, "the percentage is beyond what a number can be", ""),
        }
    }

    fn date_literal(&mut self, text: &str, span: Range<usize>) -> Option<Node> {
        match parse_iso_date(text) {
            Some(date) => Some(self.node(Kind::Const(Value::Date(date)), Ty::Date, span)),
            None => self.fault(
                &span,
                format!("`@\"{text}\"` is not a date"),
                "dates are written `@\"2026-07-01\"`; times and durations are not taken",
            ),
        }
    }

    /// What a name means: a variable, a `let`, `year`, `plan`, a table, or a field of a filter's row.
    fn name(&mut self, name: &str, span: Range<usize>) -> Option<Node> {
        let rows = self
            .variables
            .iter()
            .enumerate()
            .rev()
            .filter_map(|(at, v)| match (&v.name, &v.ty) {
                (None, Ty::Row(table)) => self
                    .schema
                    .tables
                    .get(*table)
                    .and_then(|t| t.field(name))
                    .map(|field| (at + 1, *table, field)),
                _ => None,
            });
        let fields: Vec<_> = rows.collect();
        let named = self.named(name, &span);
        match (fields.as_slice(), named) {
            ([], Some(node)) => Some(node),
            ([], None) => self.unknown_name(name, &span),
            ([(level, table, field)], None) => {
                let row = self.node(Kind::Var(*level), Ty::Row(*table), span.clone());
                Some(self.field(row, *table, *field, span))
            }
            ([(_, table, _), rest @ ..], _) => {
                let inner = self.table_name(*table).to_owned();
                let hidden = match rest.first() {
                    Some((_, outer, _)) => format!(
                        "the field of the same name of `{}`",
                        self.table_name(*outer)
                    ),
                    None => format!("`{name}`, which has a meaning of its own"),
                };
                let message =
                    format!("here `{name}` is the field of `{inner}`, and hides {hidden}");
                self.fault(
                    &span,
                    message,
                    format!("write it out: `some x in {inner} satisfies x.{name} …`, or rename"),
                )
            }
        }
    }

    /// What a name means apart from fields of filters' rows.
    fn named(&mut self, name: &str, span: &Range<usize>) -> Option<Node> {
        let variable = self
            .variables
            .iter()
            .rposition(|v| v.name.as_deref() == Some(name));
        if let Some(at) = variable {
            let ty = self.variables.get(at)?.ty.clone();
            return Some(self.node(Kind::Var(at + 1), ty, span.clone()));
        }
        if let Some(at) = self.scope.lets.iter().rposition(|(n, ..)| n == name) {
            let ty = self.scope.lets.get(at)?.1.clone();
            return Some(self.node(Kind::Let(at), ty, span.clone()));
        }
        if name == "year" && self.scope.submission {
            return Some(self.node(Kind::Year, Ty::Num, span.clone()));
        }
        let table = self.schema.table(name)?;
        self.notes.tables.push(table);
        if name == "plan" && table < self.schema.submission {
            return Some(self.node(Kind::Plan(table), Ty::Row(table), span.clone()));
        }
        Some(self.node(
            Kind::Table(table),
            Ty::List(Box::new(Ty::Row(table))),
            span.clone(),
        ))
    }

    fn unknown_name(&mut self, name: &str, span: &Range<usize>) -> Option<Node> {
        if name == "item" {
            return self.fault(
                span,
                "`item` is not taken",
                "name the row: `some x in list satisfies …`",
            );
        }
        if name == "?" {
            return self.fault(
                span,
                "`?` is not taken",
                "write the test out with the value's name",
            );
        }
        if name == "param" {
            return self.fault(
                span,
                "`param` stands before the name of a parameter",
                "write `param.name`",
            );
        }
        let mut names: Vec<&str> = self
            .variables
            .iter()
            .filter_map(|v| v.name.as_deref())
            .collect();
        names.extend(self.scope.lets.iter().map(|(n, ..)| n.as_str()));
        names.push("year");
        let row = self
            .variables
            .iter()
            .rev()
            .find_map(|v| match (&v.name, &v.ty) {
                (None, Ty::Row(table)) => self.schema.tables.get(*table),
                _ => None,
            });
        names.extend(
            row.iter()
                .flat_map(|t| t.fields.iter().map(|f| f.name.as_str())),
        );
        names.extend(self.schema.tables.iter().map(|t| t.name.as_str()));
        let help = suggest(name, names.iter().copied());
        let what = if row.is_some() {
            "no field, name or table"
        } else {
            "no name or table"
        };
        self.fault(span, format!("there is {what} `{name}`"), help)
    }

    fn table_name(&self, table: TableId) -> &'a str {
        self.schema.tables.get(table).map_or("", |t| &t.name)
    }

    fn field(&mut self, of: Node, table: TableId, field: FieldId, span: Range<usize>) -> Node {
        let cell = Ty::of_field(self.schema, table, field);
        let ty = if matches!(of.ty, Ty::List(_)) {
            Ty::List(Box::new(cell))
        } else {
            cell
        };
        self.node(Kind::Field(Box::new(of), table, field), ty, span)
    }

    fn property(
        &mut self,
        of: &Ast,
        name: &str,
        at: &Range<usize>,
        span: Range<usize>,
    ) -> Option<Node> {
        if let AstKind::Name(base) = &of.kind
            && base == "param"
            && self.named("param", at).is_none()
        {
            return self.param(name, at, span);
        }
        let of = self.check(of)?;
        let row = match &of.ty {
            Ty::Row(table) => Some(*table),
            Ty::List(item) => match **item {
                Ty::Row(table) => Some(table),
                _ => None,
            },
            _ => None,
        };
        if let Some(table) = row {
            let t = self.schema.tables.get(table)?;
            return match t.field(name) {
                Some(field) => Some(self.field(of, table, field, span)),
                None => {
                    let help = suggest(name, t.fields.iter().map(|f| f.name.as_str()));
                    self.fault(at, format!("`{}` has no field `{name}`", t.name), help)
                }
            };
        }
        let part = match name {
            "year" => Some(DatePart::Year),
            "month" => Some(DatePart::Month),
            "day" => Some(DatePart::Day),
            _ => None,
        };
        match (&of.ty, part) {
            (Ty::Date | Ty::Null, Some(part)) => {
                Some(self.node(Kind::DatePart(Box::new(of), part), Ty::Num, span))
            }
            (Ty::Date, None) => self.fault(
                at,
                format!("a date has no `{name}`"),
                "one of: year, month, day",
            ),
            (ty, _) => {
                let message = format!("{} has no field `{name}`", ty.name(self.schema));
                self.fault(at, message, "")
            }
        }
    }

    fn param(&mut self, name: &str, at: &Range<usize>, span: Range<usize>) -> Option<Node> {
        match self.scope.params.iter().position(|(n, _)| n == name) {
            Some(index) => {
                self.notes.params.push((index, span.clone()));
                let ty = self
                    .scope
                    .params
                    .get(index)
                    .map_or(Ty::Null, |p| p.1.clone());
                Some(self.node(Kind::Param(index), ty, span))
            }
            None => {
                let help = suggest(name, self.scope.params.iter().map(|(n, _)| n.as_str()));
                self.fault(at, format!("there is no parameter `{name}`"), help)
            }
        }
    }

    /// `list[…]`: an index when a number stands inside, a filter when a test does.
    fn bracket(&mut self, list: &Ast, inner: &Ast, span: Range<usize>) -> Option<Node> {
        let list = self.check(list)?;
        if !matches!(list.ty, Ty::List(_)) {
            let message = format!("{} is no list", list.ty.name(self.schema));
            return self.fault(
                &list.span.clone(),
                message,
                "only a list is filtered or indexed",
            );
        }
        let (list, body) = self.iteration(list, None, inner)?;
        if body.ty.is_number() {
            if outer_level(&body, self.variables.len() + 1) < body.level {
                return self.fault(
                    &inner.span,
                    "an index cannot depend on the row it picks",
                    "compare it with something",
                );
            }
            let ty = match &list.ty {
                Ty::List(item) => (**item).clone(),
                other => other.clone(),
            };
            return Some(self.node(Kind::Index(Box::new(list), Box::new(body)), ty, span));
        }
        let body = self.truth(body)?;
        let ty = list.ty.clone();
        let iteration = self.finish_iteration(list, body);
        Some(self.node(Kind::Filter(Box::new(iteration)), ty, span))
    }

    /// Checks `body` with one more variable, which stands for an item of `list`.
    fn iteration(
        &mut self,
        list: Node,
        name: Option<(&str, &Range<usize>)>,
        body: &Ast,
    ) -> Option<(Node, Node)> {
        let item = match &list.ty {
            Ty::List(item) => (**item).clone(),
            Ty::Null => Ty::Null,
            other => {
                let message = format!("{} is no list", other.name(self.schema));
                self.fault(&list.span.clone(), message, "run over a table or a list");
                return None;
            }
        };
        if let Some((name, at)) = name {
            self.may_bind(name, at);
        }
        self.variables.push(Variable {
            name: name.map(|(n, _)| n.to_owned()),
            ty: item,
        });
        let body = self.check(body);
        self.variables.pop();
        Some((list, body?))
    }

    /// A new name may not hide another.
    fn may_bind(&mut self, name: &str, at: &Range<usize>) {
        let taken = name == "param" || name == "plan" || self.named(name, at).is_some();
        if taken {
            self.fault(
                at,
                format!("`{name}` already has a meaning here"),
                "choose another name",
            );
        }
    }

    fn finish_iteration(&mut self, list: Node, body: Node) -> Iteration {
        let item = self.variables.len() + 1;
        let mut iteration = Iteration {
            list,
            body,
            item,
            join: None,
            may_not_apply: Vec::new(),
        };
        iteration.settle(self.schema);
        iteration
    }

    fn call(
        &mut self,
        name: &str,
        at: &Range<usize>,
        arguments: &[Ast],
        span: Range<usize>,
    ) -> Option<Node> {
        let Some(builtin) = Builtin::find(name) else {
            let (message, help) = Builtin::why_not(name);
            self.check_all(arguments);
            return self.fault(at, message, help);
        };
        let arguments = self.check_all(arguments)?;
        builtin.check(self, arguments, span)
    }

    pub(crate) fn list(&mut self, mut items: Vec<Node>, span: Range<usize>) -> Option<Node> {
        let mut ty = Ty::Null;
        for item in items.iter().filter(|i| !i.is_zero()) {
            match ty.unify(&item.ty) {
                Some(t) => ty = t,
                None => {
                    let message = format!(
                        "{} in a list of {}",
                        item.ty.name(self.schema),
                        ty.name(self.schema)
                    );
                    return self.fault(
                        &item.span.clone(),
                        message,
                        "all items of a list have one type",
                    );
                }
            }
        }
        for item in items.iter_mut().filter(|i| i.is_zero()) {
            if ty == Ty::Null {
                ty = Ty::Num;
            }
            if !ty.is_numeric() || ty == Ty::Date {
                let message = format!("a number in a list of {}", ty.name(self.schema));
                return self.fault(
                    &item.span.clone(),
                    message,
                    "all items of a list have one type",
                );
            }
            item.ty = ty.clone();
        }
        Some(self.node(Kind::List(items), Ty::List(Box::new(ty)), span))
    }

    fn negate(&mut self, a: &Ast, span: Range<usize>) -> Option<Node> {
        if let AstKind::Number(x) = a.kind {
            return Some(self.number(-x, span));
        }
        let a = self.check(a)?;
        let ty = match &a.ty {
            Ty::Null => Ty::Num,
            ty if ty.is_number() || *ty == Ty::Money => ty.clone(),
            other => {
                let message = format!("{} has no negative", other.name(self.schema));
                return self.fault(&a.span.clone(), message, "");
            }
        };
        Some(self.node(Kind::Negate(Box::new(a)), ty, span))
    }

    fn binary(&mut self, op: BinaryOp, a: Node, b: Node, span: Range<usize>) -> Option<Node> {
        match op {
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide => {
                self.arithmetic(op, a, b, span)
            }
            _ => self.compare(op, a, b, span),
        }
    }

    fn arithmetic(
        &mut self,
        op: BinaryOp,
        mut a: Node,
        mut b: Node,
        span: Range<usize>,
    ) -> Option<Node> {
        if a.ty == Ty::Money && b.is_zero() {
            b.ty = if matches!(op, BinaryOp::Add | BinaryOp::Subtract) {
                Ty::Money
            } else {
                Ty::Num
            };
        } else if b.ty == Ty::Money && a.is_zero() && op != BinaryOp::Multiply {
            a.ty = Ty::Money;
        }
        let additive = matches!(op, BinaryOp::Add | BinaryOp::Subtract);
        let ty = match (&a.ty, &b.ty) {
            (Ty::Text(_), Ty::Text(_) | Ty::Null) | (Ty::Null, Ty::Text(_))
                if op == BinaryOp::Add =>
            {
                Some(Ty::Text(None))
            }
            (Ty::Null, Ty::Null) => Some(Ty::Num),
            (Ty::Null, t) | (t, Ty::Null) if t.is_number() || *t == Ty::Money => Some(t.clone()),
            (Ty::Percent, Ty::Percent) if additive => Some(Ty::Percent),
            (x, y) if x.is_number() && y.is_number() => Some(Ty::Num),
            (Ty::Money, Ty::Money) if additive => Some(Ty::Money),
            (Ty::Money, Ty::Money) if op == BinaryOp::Divide => Some(Ty::Num),
            (Ty::Money, n) if n.is_number() && !additive => Some(Ty::Money),
            (n, Ty::Money) if n.is_number() && op == BinaryOp::Multiply => Some(Ty::Money),
            _ => None,
        };
        if let Some(ty) = ty {
            return Some(self.node(Kind::Arithmetic(op, Box::new(a), Box::new(b)), ty, span));
        }
        let (x, y) = (a.ty.name(self.schema), b.ty.name(self.schema));
        let help = match (&a.ty, &b.ty) {
            (Ty::Money, Ty::Money) => "money times money means nothing; money by money is a share",
            (Ty::Money, n) | (n, Ty::Money) if n.is_number() && additive => {
                "give the amount a name in params.toml, with type = \"money\" and its source"
            }
            (Ty::Date, _) | (_, Ty::Date) => {
                "durations are not taken; compare dates, or their .year, .month and .day"
            }
            _ => "",
        };
        self.fault(&span, format!("{x} {} {y} means nothing", op.sign()), help)
    }

    fn compare(
        &mut self,
        op: BinaryOp,
        mut a: Node,
        mut b: Node,
        span: Range<usize>,
    ) -> Option<Node> {
        if a.ty == Ty::Money && b.is_zero() {
            b.ty = Ty::Money;
        } else if b.ty == Ty::Money && a.is_zero() {
            a.ty = Ty::Money;
        }
        let (x, y) = (a.ty.name(self.schema), b.ty.name(self.schema));
        let Some(ty) = a.ty.unify(&b.ty) else {
            let help = match (&a.ty, &b.ty) {
                (Ty::Money, n) | (n, Ty::Money) if n.is_number() => {
                    "give the amount a name in params.toml, with type = \"money\" and its source"
                }
                (Ty::Text(_), n) | (n, Ty::Text(_)) if n.is_number() => {
                    "a text stands in quotes, a number does not"
                }
                (Ty::Date, Ty::Text(_)) | (Ty::Text(_), Ty::Date) => {
                    "write a date as `@\"2026-07-01\"`"
                }
                (Ty::List(_), _) | (_, Ty::List(_)) => "use `in`, `some … satisfies …` or an index",
                _ => "",
            };
            return self.fault(&span, format!("{x} is compared with {y}"), help);
        };
        let ordered = matches!(
            op,
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual
        );
        if ordered && !(ty.is_numeric() || matches!(ty, Ty::Text(_) | Ty::Null)) {
            return self.fault(&span, format!("{x} has no order"), "use `=` or `!=`");
        }
        if !ordered {
            self.must_be_codes(&a, &b.ty)?;
            self.must_be_codes(&b, &a.ty)?;
        }
        Some(self.node(Kind::Compare(op, Box::new(a), Box::new(b)), Ty::Bool, span))
    }

    /// Literal texts and parameters that meet a code field must be codes of it.
    pub(crate) fn must_be_codes(&mut self, node: &Node, met: &Ty) -> Option<()> {
        let (table, field) = match met {
            Ty::Text(Some(origin)) => *origin,
            Ty::List(item) => match **item {
                Ty::Text(Some(origin)) => origin,
                _ => return Some(()),
            },
            _ => return Some(()),
        };
        match &node.kind {
            Kind::Const(Value::Text(text)) => {
                let field = self
                    .schema
                    .tables
                    .get(table)
                    .and_then(|t| t.fields.get(field))?;
                let Some(codes) = field.codes.as_ref() else {
                    return Some(());
                };
                if codes.has(text) {
                    return Some(());
                }
                let help = suggest(text, codes.names());
                self.fault(
                    &node.span,
                    format!("`{text}` is not a code of `{}`", field.name),
                    help,
                );
                None
            }
            Kind::Param(index) => {
                self.notes
                    .coded_params
                    .push((*index, table, field, node.span.clone()));
                Some(())
            }
            Kind::List(items) => items.iter().map(|i| self.must_be_codes(i, met)).collect(),
            Kind::If(_, yes, no) => {
                let (yes, no) = (self.must_be_codes(yes, met), self.must_be_codes(no, met));
                yes.and(no)
            }
            _ => Some(()),
        }
    }

    fn between(
        &mut self,
        x: Node,
        low: Node,
        low_in: bool,
        high: Node,
        high_in: bool,
        span: Range<usize>,
    ) -> Option<Node> {
        let above = if low_in {
            BinaryOp::GreaterEqual
        } else {
            BinaryOp::Greater
        };
        let below = if high_in {
            BinaryOp::LessEqual
        } else {
            BinaryOp::Less
        };
        let again = self.repeat(&x)?;
        let (low, high) = (
            self.compare(above, again, low, span.clone()),
            self.compare(below, x, high, span.clone()),
        );
        Some(self.node(Kind::And(Box::new(low?), Box::new(high?)), Ty::Bool, span))
    }

    /// The same piece once more, unless the tree would grow out of all proportion to the text.
    fn repeat(&mut self, node: &Node) -> Option<Node> {
        if self.repeated > MAX_REPEATED {
            return None;
        }
        self.repeated += node.size();
        if self.repeated > MAX_REPEATED {
            return self.fault(
                &node.span,
                "the expression is too long: `between` and `in` repeat what stands before them",
                "name it with `let`",
            );
        }
        Some(node.clone())
    }

    fn any_test(&mut self, x: &Node, tests: &[Test], span: &Range<usize>) -> Option<Node> {
        let tests: Vec<_> = tests.iter().map(|t| self.one_test(x, t, span)).collect();

        let mut tests: Vec<Node> = tests.into_iter().collect::<Option<_>>()?;
        // In pairs, so that the tree of many tests is not as deep as they are many.
        while tests.len() > 1 {
            let mut left = tests.into_iter();
            tests = Vec::new();
            while let Some(a) = left.next() {
                tests.push(match left.next() {
                    Some(b) => {
                        let either = Kind::Or(Box::new(a), Box::new(b));
                        self.node(either, Ty::Bool, span.clone())
                    }
                    None => a,
                });
            }
        }
        let none = Kind::Const(Value::Bool(false));
        Some(match tests.pop() {
            Some(any) => any,
            None => self.node(none, Ty::Bool, span.clone()),
        })
    }

    fn one_test(&mut self, x: &Node, test: &Test, span: &Range<usize>) -> Option<Node> {
        match test {
            Test::Any(tests) => self.any_test(x, tests, span),
            Test::Compare(op, value, at) => {
                let value = self.check(value)?;
                let x = self.repeat(x)?;
                self.compare(*op, x, value, at.clone())
            }
            Test::Range(RangeTest {
                low,
                low_in,
                high,
                high_in,
                span: at,
            }) => {
                let (low, high) = self.check_pair(low, high)?;
                let x = self.repeat(x)?;
                self.between(x, low, *low_in, high, *high_in, at.clone())
            }
            Test::Value(value) => {
                let value = self.check(value)?;
                let x = self.repeat(x)?;
                if value.ty.depth() > x.ty.depth() {
                    return Builtin::ListContains.check(self, vec![value, x], span.clone());
                }
                self.compare(BinaryOp::Equal, x, value, span.clone())
            }
        }
    }

    fn conditional(&mut self, test: &Ast, yes: &Ast, no: &Ast, span: Range<usize>) -> Option<Node> {
        let test = self.check(test);
        let (mut yes, mut no) = self.check_pair(yes, no)?;
        let test = self.truth(test?)?;
        if yes.ty == Ty::Money && no.is_zero() {
            no.ty = Ty::Money;
        } else if no.ty == Ty::Money && yes.is_zero() {
            yes.ty = Ty::Money;
        }
        match yes.ty.unify(&no.ty) {
            Some(ty) => Some(self.node(
                Kind::If(Box::new(test), Box::new(yes), Box::new(no)),
                ty,
                span,
            )),
            None => {
                let (a, b) = (yes.ty.name(self.schema), no.ty.name(self.schema));
                self.fault(
                    &span,
                    format!("one branch is {a}, the other {b}"),
                    "both branches have one type",
                )
            }
        }
    }

    /// Requires a truth value.
    pub(crate) fn truth(&mut self, node: Node) -> Option<Node> {
        if matches!(node.ty, Ty::Bool | Ty::Null) {
            return Some(node);
        }
        let message = format!("{} where a test is needed", node.ty.name(self.schema));
        self.fault(&node.span.clone(), message, "compare it with something")
    }
}

/// The innermost level that a piece reads, leaving out the item of the iteration it stands in.
fn outer_level(node: &Node, item: LevelNo) -> LevelNo {
    if node.level < item {
        return node.level;
    }
    let parts = node.parts();
    parts.map(|p| outer_level(p, item)).max().unwrap_or(0)
}

impl Iteration {
    /// Works out what is known beforehand of its list and its body.
    pub(crate) fn settle(&mut self, schema: &Schema) {
        self.join = match &self.list.kind {
            Kind::Table(table) => {
                let mut join = Join {
                    table: *table,
                    fields: Vec::new(),
                    values: Vec::new(),
                    is_all: false,
                };
                join.is_all = find_joins(&self.body, self.item, &mut join);
                (!join.fields.is_empty()).then_some(join)
            }
            _ => None,
        };
        self.may_not_apply.clear();
        fields_that_may_not_apply(&self.body, self.item, schema, &mut self.may_not_apply);
    }
}

/// The tests `field = value` that are joined by `and`, where the field is the item's and the value does not read it.
/// Whether there is no other test.
fn find_joins(body: &Node, item: LevelNo, join: &mut Join) -> bool {
    match &body.kind {
        Kind::And(a, b) => {
            let both = [a, b].map(|side| find_joins(side, item, join));
            both == [true, true]
        }
        Kind::Compare(BinaryOp::Equal, a, b) => {
            let found = join_of(a, b, item).or_else(|| join_of(b, a, item));
            let new = found.filter(|(field, _)| !join.fields.contains(field));
            if let Some((field, value)) = new {
                join.fields.push(field);
                join.values.push(value.clone());
            }
            new.is_some()
        }
        _ => false,
    }
}

fn join_of<'n>(field: &Node, value: &'n Node, item: LevelNo) -> Option<(FieldId, &'n Node)> {
    let Kind::Field(row, _, id) = &field.kind else {
        return None;
    };
    let is_item = matches!(row.kind, Kind::Var(level) if level == item);
    let joins =
        is_item && value.level < item && !matches!(value.ty, Ty::List(_) | Ty::Row(_) | Ty::Null);
    joins.then_some((*id, value))
}

/// Fields of the item that may be not applicable and are read outside `is not applicable( )`.
fn fields_that_may_not_apply(
    node: &Node,
    item: LevelNo,
    schema: &Schema,
    found: &mut Vec<(TableId, FieldId)>,
) {
    if matches!(node.kind, Kind::Marked(true, ..)) {
        return;
    }
    if let Kind::Field(row, table, field) = &node.kind
        && matches!(row.kind, Kind::Var(level) if level == item)
        && schema
            .tables
            .get(*table)
            .and_then(|t| t.fields.get(*field))
            .is_some_and(|f| f.not_applicable)
        && !found.contains(&(*table, *field))
    {
        found.push((*table, *field));
    }
    node.parts()
        .for_each(|part| fields_that_may_not_apply(part, item, schema, found));
}

/// The cells that an expression reads through the rule's row (level 1) or `plan` and that may be not applicable.
pub(crate) fn cells_that_may_not_apply(
    expr: &Expr,
    schema: &Schema,
    found: &mut Vec<(bool, TableId, FieldId)>,
) {
    fn walk(node: &Node, schema: &Schema, found: &mut Vec<(bool, TableId, FieldId)>) {
        if matches!(node.kind, Kind::Marked(true, ..)) {
            return;
        }
        if let Kind::Field(row, table, field) = &node.kind {
            let by_row = matches!(row.kind, Kind::Var(1)) && !matches!(row.ty, Ty::List(_));
            let by_plan = matches!(row.kind, Kind::Plan(_));
            let may = schema
                .tables
                .get(*table)
                .and_then(|t| t.fields.get(*field))
                .is_some_and(|f| f.not_applicable);
            if (by_row || by_plan) && may && !found.contains(&(by_row, *table, *field)) {
                found.push((by_row, *table, *field));
            }
        }
        node.parts().for_each(|part| walk(part, schema, found));
    }
    walk(&expr.root, schema, found);
}

/// The fields whose values an expression reads.
pub(crate) fn fields_of(expr: &Expr, found: &mut BTreeSet<(TableId, FieldId)>) {
    fn walk(node: &Node, found: &mut BTreeSet<(TableId, FieldId)>) {
        // Whether there is a value is known without it.
        if node.tests_for_null().is_some() {
            return;
        }
        if let Kind::Field(_, table, field) = node.kind {
            found.insert((table, field));
        }
        node.parts().for_each(|part| walk(part, found));
    }
    walk(&expr.root, found);
}

/// The `let`s that an expression reads, in reading order.
pub(crate) fn lets_of(expr: &Expr) -> Vec<usize> {
    fn walk(node: &Node, found: &mut Vec<usize>) {
        if let Kind::Let(at) = node.kind {
            found.push(at);
        }
        node.parts().for_each(|part| walk(part, found));
    }
    let mut found = Vec::new();
    walk(&expr.root, &mut found);
    found
}

impl Quantifier {
    /// Whether every item must satisfy, or some.
    pub(crate) fn is_every(self) -> bool {
        self == Quantifier::Every
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::testing::schema;

    #[test]
    fn what_is_repeated_is_limited_and_said_once() {
        let schema = schema();
        let scope = Scope::new(&schema, &[]);
        let mut checker = Checker::new(&scope);
        let one = checker.number(Decimal::ONE, 0..1);
        checker.repeated = MAX_REPEATED - 1;
        assert!(checker.repeat(&one).is_some());
        assert!(checker.repeat(&one).is_none());
        assert_eq!(checker.faults.len(), 1);
        assert!(checker.repeat(&one).is_none());
        assert_eq!(checker.faults.len(), 1);
    }

    #[test]
    fn plan_is_a_row_unless_it_is_reference_data() {
        let mut schema = schema();
        let text = "plan[1].revision = 1";
        assert!(check(text, &Scope::new(&schema, &[])).is_err());
        schema.submission = 0;
        assert!(check(text, &Scope::new(&schema, &[])).is_ok());
    }

    #[test]
    fn an_expression_is_shown_by_its_text() {
        let schema = schema();
        let (expr, _) = check("1 + 1", &Scope::new(&schema, &[])).unwrap();
        assert_eq!(format!("{expr:?}"), "Expr(\"1 + 1\")");
    }
}
