//! A rule's test as a sentence, made of its typed tree and of the names that people have for what it reads. It is meant for
//! reading: what counts is the test itself.

use crate::evaluate::inside;
use crate::expr::check::lets_of;
use crate::expr::tree::{DatePart, Iteration, Kind, LevelNo, Node};
use crate::expr::{BinaryOp, Builtin, Expr, Quantifier};
use crate::neutral::clean;
use crate::pack::{Pack, Rule, Test};
use crate::schema::{FieldId, Schema, Table, TableId};
use crate::value::{Value, say};

/// What a rule requires in one of its editions, with the values of parameters in a fiscal year; then each name that the
/// sentence uses, with what it stands for.
pub(super) fn of_test(pack: &Pack, rule: &Rule, test: &Test, year: i64) -> Vec<String> {
    let speaker = |expr| Speaker {
        pack,
        test,
        year,
        expr,
        row: 0,
        article: "",
    };
    let mut said = String::new();
    if let Some(subjects) = &rule.subjects {
        let rows = rows(&speaker(&subjects.rows), &subjects.rows.root, false);
        said = format!("for each {rows}: ");
    }
    if let Some(when) = &test.when {
        let when = speaker(when).of_row().clause(&when.root, false);
        said = format!("{said}where {when}, ");
    }
    match &test.require {
        Some(require) => said.push_str(&speaker(require).of_row().clause(&require.root, false)),
        None => said.push_str("a person answers the question"),
    }
    let mut sentences = vec![clean(&said)];
    let used = used_lets(test);
    let lets = test.lets.iter().enumerate();
    let lets = lets
        .filter(|(at, _)| used.contains(at))
        .map(|(_, (name, expr))| {
            let speaker = speaker(expr).of_row();
            let means = if expr.ty() == &crate::expr::Ty::Bool {
                format!("means that {}", speaker.clause(&expr.root, false))
            } else {
                format!("is {}", speaker.value(&expr.root))
            };
            clean(&format!("\"{}\" {means}", words_of(name)))
        });
    sentences.extend(lets);
    sentences
}

/// The names that the test uses, itself or through others; a message may use more.
fn used_lets(test: &Test) -> Vec<usize> {
    let mut used: Vec<usize> = Vec::new();
    let mut exprs: Vec<&Expr> = test.when.iter().chain(&test.require).collect();
    while let Some(expr) = exprs.pop() {
        for at in lets_of(expr) {
            if !used.contains(&at) {
                used.push(at);
                exprs.extend(test.lets.get(at).map(|(_, expr)| expr));
            }
        }
    }
    used
}

/// Says the pieces of one expression.
#[derive(Clone, Copy)]
struct Speaker<'a> {
    pack: &'a Pack,
    test: &'a Test,
    year: i64,
    expr: &'a Expr,
    /// The level of the row that the words are about.
    row: LevelNo,
    /// What stands before the name of its fields.
    article: &'static str,
}

impl<'a> Speaker<'a> {
    /// About the rule's own row.
    fn of_row(self) -> Self {
        self.about(1, "the ")
    }

    fn about(self, row: LevelNo, article: &'static str) -> Self {
        Speaker {
            row,
            article,
            ..self
        }
    }

    fn schema(&self) -> &'a Schema {
        &self.pack.schema
    }

    fn table(&self, table: TableId) -> Option<&'a Table> {
        self.schema().tables.get(table)
    }

    /// What holds, or with `not` its contrary.
    fn clause(&self, node: &Node, not: bool) -> String {
        match &node.kind {
            Kind::Not(inner) => self.clause(inner, !not),
            Kind::And(..) => self.joined(node, not, if not { "or" } else { "and" }),
            Kind::Or(..) if !not && self.choices(node).is_some() => {
                self.choices(node).unwrap_or_default()
            }
            Kind::Or(..) => self.joined(node, not, if not { "and" } else { "or" }),
            Kind::Compare(op, a, b) => self.comparison(if not { contrary(*op) } else { *op }, a, b),
            Kind::Quantified(quantifier, of) => self.quantified(*quantifier, of, not),
            Kind::If(asked, then, other) => format!(
                "if {}, then {}, and otherwise {}",
                self.clause(asked, false),
                self.clause(then, not),
                self.clause(other, not)
            ),
            Kind::Marked(is_not_applicable, of, table, field) => {
                let mark = if *is_not_applicable {
                    "not applicable"
                } else {
                    "suppressed"
                };
                let cell = self.field(of, *table, *field);
                format!("{cell} {} {mark}", is(not))
            }
            Kind::Call(function, args) => self.called(node, *function, args, not),
            Kind::Const(Value::Bool(holds)) => {
                let words = if *holds == not { "never" } else { "always" };
                format!("{words} so")
            }
            Kind::Const(_) => "it cannot be told".to_owned(),
            _ => self.holds(node, not),
        }
    }

    /// A cell that says yes, or a named condition that holds.
    fn holds(&self, node: &Node, not: bool) -> String {
        let said = self.value(node);
        match (&node.kind, not) {
            (Kind::Field(..), _) => format!("{said} {} yes", is(not)),
            (_, false) => format!("{said} holds"),
            (_, true) => format!("{said} does not hold"),
        }
    }

    /// The operands of `and` or of `or`, in one list.
    fn joined(&self, node: &Node, not: bool, word: &str) -> String {
        let mut parts = Vec::new();
        flatten(node, matches!(node.kind, Kind::And(..)), &mut parts);
        let said = parts.into_iter().map(|part| {
            let clause = self.clause(part, not);
            let is_list = matches!(part.kind, Kind::And(..) | Kind::Or(..) | Kind::If(..));
            if is_list && !self.is_choice(part, not) {
                format!("({clause})")
            } else {
                clause
            }
        });
        said.collect::<Vec<_>>().join(&format!(" {word} "))
    }

    fn is_choice(&self, node: &Node, not: bool) -> bool {
        !not && self.choices(node).is_some()
    }

    /// `x is A, B or C`, where an `or` says nothing else.
    fn choices(&self, node: &Node) -> Option<String> {
        let mut parts = Vec::new();
        flatten(node, false, &mut parts);
        let mut what: Option<String> = None;
        let mut values = Vec::new();
        for part in parts {
            let Kind::Compare(BinaryOp::Equal, a, b) = &part.kind else {
                return None;
            };
            let (left, is_const) = (self.value(a), matches!(b.kind, Kind::Const(_)));
            if !is_const || what.as_ref().is_some_and(|what| *what != left) {
                return None;
            }
            what = Some(left);
            values.push(self.beside(b, a));
        }
        Some(format!("{} is {}", what?, or_list(&values)))
    }

    fn comparison(&self, op: BinaryOp, a: &Node, b: &Node) -> String {
        if let (Kind::Lookup(table, keys), Kind::Const(Value::Null)) = (&a.kind, &b.kind) {
            return self.listed(*table, keys, op == BinaryOp::Equal);
        }
        let left = self.value(a);
        match (&b.kind, op) {
            (Kind::Const(Value::Null), BinaryOp::NotEqual) => return format!("{left} is given"),
            (Kind::Const(Value::Null), BinaryOp::Equal) => return format!("{left} is not given"),
            (Kind::Const(Value::Bool(holds)), BinaryOp::Equal | BinaryOp::NotEqual) => {
                let not = *holds == (op == BinaryOp::NotEqual);
                return self.clause(a, not);
            }
            _ => {}
        }
        let is_date = a.ty == crate::expr::Ty::Date;
        let is_text = matches!(a.ty, crate::expr::Ty::Text(_));
        let verb = match op {
            BinaryOp::Equal if is_text => "is",
            BinaryOp::Equal => "equals",
            BinaryOp::NotEqual if is_text => "is not",
            BinaryOp::NotEqual => "is other than",
            BinaryOp::Less if is_date => "is before",
            BinaryOp::LessEqual if is_date => "is not after",
            BinaryOp::Greater if is_date => "is after",
            BinaryOp::GreaterEqual if is_date => "is not before",
            BinaryOp::Less => "is less than",
            BinaryOp::LessEqual => "is at most",
            BinaryOp::Greater => "is more than",
            _ => "is at least",
        };
        format!("{left} {verb} {}", self.beside(b, a))
    }

    /// A value that is compared with another: a code by its label.
    fn beside(&self, node: &Node, other: &Node) -> String {
        let Kind::Const(Value::Text(code)) = &node.kind else {
            return self.value(node);
        };
        let crate::expr::Ty::Text(Some((table, field))) = other.ty else {
            return self.value(node);
        };
        let field = self.table(table).and_then(|t| t.fields.get(field));
        let codes = field.and_then(|f| f.codes.as_ref());
        let label = codes.and_then(|codes| codes.label(code));
        label.map_or_else(|| self.value(node), str::to_owned)
    }

    fn quantified(&self, quantifier: Quantifier, of: &Iteration, not: bool) -> String {
        let rows = rows(self, &of.list, false);
        let inner = self.about(of.item, "its ");
        match (quantifier.is_every(), not) {
            (true, false) => format!("for every {rows}, {}", inner.clause(&of.body, false)),
            (true, true) => format!("not for every {rows}, {}", inner.clause(&of.body, false)),
            (false, _) => {
                let a = if not { "no" } else { article(&rows) };
                format!("there is {a} {rows} {}", self.asked(of))
            }
        }
    }

    /// What is asked of a row: `whose use is A and whose amount is B`.
    fn asked(&self, of: &Iteration) -> String {
        let mut parts = Vec::new();
        flatten(&of.body, true, &mut parts);
        let begins = |node: &&Node| begins_with_row(node, of.item);
        if parts.iter().all(begins) {
            let bare = self.about(of.item, "");
            let said = parts.into_iter().map(|part| {
                let clause = bare.clause(part, false);
                format!("whose {clause}")
            });
            return said.collect::<Vec<_>>().join(" and ");
        }
        let inner = self.about(of.item, "its ");
        format!("where {}", inner.clause(&of.body, false))
    }

    fn called(&self, node: &Node, function: Builtin, args: &[Node], not: bool) -> String {
        let arg = |at: usize| args.get(at).map_or_else(String::new, |a| self.value(a));
        let does = |does: &str, does_not: &str| {
            let verb = if not { does_not } else { does };
            format!("{} {verb} {}", arg(0), arg(1))
        };
        match function {
            Builtin::ListContains => format!("{} {} one of {}", arg(1), is(not), arg(0)),
            Builtin::Contains => does("contains", "does not contain"),
            Builtin::StartsWith => does("begins with", "does not begin with"),
            Builtin::EndsWith => does("ends with", "does not end with"),
            Builtin::Matches => does("has the form", "has not the form"),
            Builtin::Mentions => does("mentions one of", "mentions none of"),
            Builtin::All => format!("{} all of {}", if not { "not" } else { "" }, arg(0)),
            Builtin::Any => format!("{} of {}", if not { "none" } else { "any" }, arg(0)),
            _ => self.holds(node, not),
        }
    }

    /// What something is called.
    fn value(&self, node: &Node) -> String {
        match &node.kind {
            Kind::Const(Value::Text(text)) => format!("\"{text}\""),
            Kind::Const(value) => say(value, &self.schema().currency),
            Kind::Year => "the fiscal year".to_owned(),
            Kind::Param(at) => self.param(*at),
            Kind::Let(at) => {
                let named = self.test.lets.get(*at);
                named.map_or_else(String::new, |(name, _)| format!("\"{}\"", words_of(name)))
            }
            Kind::Plan(_) => format!("the {}", self.pack.words.submission),
            Kind::Table(..) | Kind::Filter(..) => format!("the {}", rows(self, node, true)),
            Kind::Var(level) => self.variable(*level, node),
            Kind::Field(of, table, field) => self.field(of, *table, *field),
            Kind::DatePart(date, part) => {
                let part = match part {
                    DatePart::Year => "year",
                    DatePart::Month => "month",
                    DatePart::Day => "day",
                };
                format!("the {part} of {}", self.value(date))
            }
            Kind::Lookup(table, keys) => self.looked_up(*table, keys),
            Kind::List(items) => {
                let items: Vec<String> = items.iter().map(|i| self.value(i)).collect();
                or_list(&items)
            }
            Kind::Negate(inner) => format!("minus {}", self.value(inner)),
            Kind::Arithmetic(op, a, b) => self.arithmetic(*op, a, b),
            Kind::If(asked, then, other) => format!(
                "{} if {}, and otherwise {}",
                self.value(then),
                self.clause(asked, false),
                self.value(other)
            ),
            Kind::For(of) => {
                let inner = self.about(of.item, "its ");
                let rows = rows(self, &of.list, false);
                format!("{} for each {rows}", inner.value(&of.body))
            }
            Kind::Index(list, at) => self.indexed(list, at),
            Kind::Assume(cell, other) => format!(
                "{} (or {} where it is not given)",
                self.value(cell),
                self.value(other)
            ),
            Kind::Call(function, args) => self.result(node, *function, args),
            _ => format!("whether {}", self.clause(node, false)),
        }
    }

    fn param(&self, at: usize) -> String {
        let Some(param) = self.pack.params.get(at) else {
            return String::new();
        };
        let value = param.value_in(self.year).map(|d| &d.value);
        let value = match value {
            None | Some(Value::Null) => "off".to_owned(),
            Some(value) => say(value, &self.schema().currency),
        };
        format!("the {} ({value})", inside(&param.title))
    }

    fn variable(&self, level: LevelNo, node: &Node) -> String {
        match &node.ty {
            crate::expr::Ty::Row(table) => format!("the {}", self.noun(*table, false)),
            _ if level == self.row => "it".to_owned(),
            _ => self.written(node),
        }
    }

    fn field(&self, of: &Node, table: TableId, field: FieldId) -> String {
        let field = self.table(table).and_then(|t| t.fields.get(field));
        let label = field.map_or_else(String::new, |f| inside(&f.label));
        match &of.kind {
            Kind::Var(level) if *level == self.row => format!("{}{label}", self.article),
            Kind::Plan(_) => format!("the {label} of the {}", self.pack.words.submission),
            _ => format!("the {label} of {}", self.value(of)),
        }
    }

    fn looked_up(&self, table: TableId, keys: &[Node]) -> String {
        let label = self.table(table).map_or("", |t| t.label.as_str());
        format!("the row of \"{label}\" for {}", self.all_of(keys))
    }

    /// Whether a reference table has a row.
    fn listed(&self, table: TableId, keys: &[Node], not: bool) -> String {
        let label = self.table(table).map_or("", |t| t.label.as_str());
        let a = if not { "no" } else { "a" };
        format!("\"{label}\" has {a} row for {}", self.all_of(keys))
    }

    fn all_of(&self, nodes: &[Node]) -> String {
        let all: Vec<String> = nodes.iter().map(|node| self.value(node)).collect();
        all.join(" and ")
    }

    fn arithmetic(&self, op: BinaryOp, a: &Node, b: &Node) -> String {
        let word = match op {
            BinaryOp::Add => "plus",
            BinaryOp::Subtract => "minus",
            BinaryOp::Multiply => "times",
            _ => "divided by",
        };
        let is_sum = |node: &Node| {
            matches!(
                &node.kind,
                Kind::Arithmetic(BinaryOp::Add | BinaryOp::Subtract, ..) | Kind::If(..)
            )
        };
        let binds = matches!(op, BinaryOp::Multiply | BinaryOp::Divide);
        let part = |node: &Node, apart: bool| {
            let said = self.value(node);
            if apart { format!("({said})") } else { said }
        };
        let right = matches!(b.kind, Kind::Arithmetic(..)) && op != BinaryOp::Add;
        format!(
            "{} {word} {}",
            part(a, binds && is_sum(a)),
            part(b, right || (binds && is_sum(b)))
        )
    }

    fn indexed(&self, list: &Node, at: &Node) -> String {
        let list = self.value(list);
        match &at.kind {
            Kind::Const(Value::Number(x)) if say(&Value::Number(*x), "") == "1" => {
                format!("the first of {list}")
            }
            Kind::Negate(_) => format!("the last of {list}"),
            _ => format!("number {} of {list}", self.value(at)),
        }
    }

    /// What a function gives.
    fn result(&self, node: &Node, function: Builtin, args: &[Node]) -> String {
        let all: Vec<String> = args.iter().map(|a| self.value(a)).collect();
        let first = all.first().cloned().unwrap_or_default();
        let second = all.get(1).cloned().unwrap_or_default();
        let every = all.join(" and ");
        match function {
            Builtin::Count => format!("the number of {}", first.trim_start_matches("the ")),
            Builtin::Sum => format!("the sum of {every}"),
            Builtin::Min => format!("the least of {every}"),
            Builtin::Max => format!("the most of {every}"),
            Builtin::Mean => format!("the mean of {every}"),
            Builtin::DistinctValues => format!("the different values of {first}"),
            Builtin::Concatenate | Builtin::Append => format!("{} together", all.join(" and ")),
            Builtin::Abs => self.size(args, &first),
            Builtin::Floor => format!("{first} rounded down"),
            Builtin::Ceiling => format!("{first} rounded up"),
            Builtin::Decimal | Builtin::RoundHalfUp => format!("{first} rounded to {second}"),
            Builtin::Modulo => format!("the remainder of {first} divided by {second}"),
            Builtin::StringLength => format!("the length of {first}"),
            Builtin::UpperCase => format!("{first} in capitals"),
            Builtin::LowerCase => format!("{first} in small letters"),
            Builtin::Date if all.len() == 3 => {
                format!("the date of {} (year, month, day)", all.join(", "))
            }
            Builtin::String | Builtin::Date => first,
            _ if node.ty == crate::expr::Ty::Bool => {
                format!("whether {}", self.called(node, function, args, false))
            }
            _ => self.written(node),
        }
    }

    fn size(&self, args: &[Node], first: &str) -> String {
        match args.first().map(|a| &a.kind) {
            Some(Kind::Arithmetic(BinaryOp::Subtract, a, b)) => {
                format!(
                    "the difference between {} and {}",
                    self.value(a),
                    self.value(b)
                )
            }
            _ => format!("{first}, its sign aside"),
        }
    }

    /// A piece as its author wrote it.
    fn written(&self, node: &Node) -> String {
        format!("`{}`", self.expr.text_of(&node.span))
    }

    /// What people call a row of a table, or several.
    fn noun(&self, table: TableId, many: bool) -> String {
        let Some(table) = self.table(table) else {
            return String::new();
        };
        let names = std::iter::once(&table.label).chain(&table.also);
        let mut names = names.map(|name| inside(name));
        let is_plural = |name: &String| {
            let no_plural = ["is", "ss", "us"].iter().any(|end| name.ends_with(end));
            name.ends_with('s')
                && !no_plural
                && !name.contains(['\'', '’'])
                && !name.contains(" of ")
        };
        let plural = names.find(is_plural);
        match (plural, many) {
            (Some(plural), true) => plural,
            (Some(plural), false) => match plural.strip_suffix("ies") {
                Some(stem) => format!("{stem}y"),
                None => plural.strip_suffix('s').unwrap_or(&plural).to_owned(),
            },
            (None, true) => format!("rows of \"{}\"", table.label),
            (None, false) => format!("row of \"{}\"", table.label),
        }
    }
}

/// The rows of a list: `budget line whose use is A`, or with `many` `budget lines whose use is A`.
fn rows(speaker: &Speaker<'_>, list: &Node, many: bool) -> String {
    match &list.kind {
        Kind::Table(table) => speaker.noun(*table, many),
        Kind::Filter(of) => {
            let rows = rows(speaker, &of.list, many);
            format!("{rows} {}", speaker.asked(of))
        }
        _ if many => format!("items of {}", speaker.value(list)),
        _ => format!("item of {}", speaker.value(list)),
    }
}

/// Whether a clause begins with a field of the row.
fn begins_with_row(node: &Node, item: LevelNo) -> bool {
    match &node.kind {
        Kind::Compare(_, left, _) => {
            matches!(&left.kind, Kind::Field(of, ..) if matches!(of.kind, Kind::Var(l) if l == item))
        }
        _ => false,
    }
}

/// The operands of nested `and`s or `or`s, in their order.
fn flatten<'n>(node: &'n Node, of_and: bool, parts: &mut Vec<&'n Node>) {
    match &node.kind {
        Kind::And(a, b) if of_and => {
            flatten(a, of_and, parts);
            flatten(b, of_and, parts);
        }
        Kind::Or(a, b) if !of_and => {
            flatten(a, of_and, parts);
            flatten(b, of_and, parts);
        }
        _ => parts.push(node),
    }
}

/// The comparison that holds where another does not.
fn contrary(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Equal => BinaryOp::NotEqual,
        BinaryOp::NotEqual => BinaryOp::Equal,
        BinaryOp::Less => BinaryOp::GreaterEqual,
        BinaryOp::LessEqual => BinaryOp::Greater,
        BinaryOp::Greater => BinaryOp::LessEqual,
        BinaryOp::GreaterEqual => BinaryOp::Less,
        other => other,
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

fn is(not: bool) -> &'static str {
    if not { "is not" } else { "is" }
}

/// `A, B or C`.
fn or_list(items: &[String]) -> String {
    match items {
        [] => "none".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A name of the language as words.
fn words_of(name: &str) -> String {
    name.replace('_', " ")
}
