//! The built-in functions: their names, what they take, and what they give.

use std::ops::Range;

use super::aggregate;
use super::check::Checker;
use super::eval::Machine;
use super::pattern;
use super::texts;
use super::tree::{Kind, Node, Ty};
use super::vector::{Num, NumVec, Vector, joint_len, monotone, truth};
use crate::diagnostic::suggest;
use crate::schema::TableId;
use crate::table::{Nums, Values};
use crate::value::{self, Decimal, Value, remainder};

/// A built-in function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Builtin {
    Count,
    Sum,
    Min,
    Max,
    Mean,
    All,
    Any,
    DistinctValues,
    ListContains,
    Concatenate,
    Append,
    Abs,
    Floor,
    Ceiling,
    Decimal,
    Modulo,
    RoundHalfUp,
    StringLength,
    UpperCase,
    LowerCase,
    Substring,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    String,
    Date,
    Mentions,
    Lookup,
    IsSuppressed,
    IsNotApplicable,
    Assume,
    Not,
}

use Builtin as B;

/// Each function with its name, the number of arguments, and how it is called.
const TABLE: [(Builtin, &str, std::ops::RangeInclusive<usize>, &str); 33] = [
    (B::Count, "count", 1..=1, "count(list)"),
    (B::Sum, "sum", 1..=MANY, "sum(list)"),
    (B::Min, "min", 1..=MANY, "min(list)"),
    (B::Max, "max", 1..=MANY, "max(list)"),
    (B::Mean, "mean", 1..=MANY, "mean(list)"),
    (B::All, "all", 1..=MANY, "all(list)"),
    (B::Any, "any", 1..=MANY, "any(list)"),
    (
        B::DistinctValues,
        "distinct values",
        1..=1,
        "distinct values(list)",
    ),
    (
        B::ListContains,
        "list contains",
        2..=2,
        "list contains(list, value)",
    ),
    (
        B::Concatenate,
        "concatenate",
        1..=MANY,
        "concatenate(list, list)",
    ),
    (B::Append, "append", 2..=MANY, "append(list, value)"),
    (B::Abs, "abs", 1..=1, "abs(number)"),
    (
        B::Floor,
        "floor",
        1..=2,
        "floor(number) or floor(number, places)",
    ),
    (
        B::Ceiling,
        "ceiling",
        1..=2,
        "ceiling(number) or ceiling(number, places)",
    ),
    (B::Decimal, "decimal", 2..=2, "decimal(number, places)"),
    (B::Modulo, "modulo", 2..=2, "modulo(dividend, divisor)"),
    (
        B::RoundHalfUp,
        "round half up",
        2..=2,
        "round half up(number, places)",
    ),
    (
        B::StringLength,
        "string length",
        1..=1,
        "string length(text)",
    ),
    (B::UpperCase, "upper case", 1..=1, "upper case(text)"),
    (B::LowerCase, "lower case", 1..=1, "lower case(text)"),
    (
        B::Substring,
        "substring",
        2..=3,
        "substring(text, start) or substring(text, start, length)",
    ),
    (B::Contains, "contains", 2..=2, "contains(text, part)"),
    (
        B::StartsWith,
        "starts with",
        2..=2,
        "starts with(text, part)",
    ),
    (B::EndsWith, "ends with", 2..=2, "ends with(text, part)"),
    (
        B::Matches,
        "matches",
        2..=3,
        "matches(text, \"pattern\") or matches(text, \"pattern\", \"flags\")",
    ),
    (B::String, "string", 1..=1, "string(value)"),
    (
        B::Date,
        "date",
        1..=3,
        "date(\"2026-07-01\") or date(year, month, day)",
    ),
    (B::Mentions, "mentions", 2..=2, "mentions(text, phrases)"),
    (B::Lookup, "lookup", 2..=MANY, "lookup(table, key, …)"),
    (
        B::IsSuppressed,
        "is suppressed",
        1..=1,
        "is suppressed(row.field)",
    ),
    (
        B::IsNotApplicable,
        "is not applicable",
        1..=1,
        "is not applicable(row.field)",
    ),
    (B::Assume, "assume", 2..=2, "assume(value, default)"),
    (B::Not, "not", 1..=1, "not(test)"),
];

const MANY: usize = 1000;

/// FEEL's functions that this language leaves out, with what to write instead.
const NOT_TAKEN: [(&str, &str); 59] = [
    ("sort", ""),
    ("overlaps", ""),
    ("date and time", "times are not taken; use a date"),
    ("time", "times are not taken; use a date"),
    ("duration", "durations are not taken; compare dates"),
    (
        "years and months duration",
        "durations are not taken; compare the years of two dates",
    ),
    ("number", "cells are read as numbers by their field's type"),
    (
        "today",
        "a rule gives the same answer on every day; use a date of the submission",
    ),
    (
        "now",
        "a rule gives the same answer on every day; use a date of the submission",
    ),
    ("is", "use `=`"),
    ("is defined", "compare with `null`"),
    ("range", "a range stands behind `in` only"),
    ("sublist", "use a filter"),
    ("insert before", ""),
    ("remove", ""),
    ("reverse", ""),
    ("index of", ""),
    ("union", "use `concatenate` and `distinct values`"),
    ("flatten", ""),
    ("product", ""),
    ("median", ""),
    ("stddev", ""),
    ("mode", ""),
    ("sqrt", ""),
    ("log", ""),
    ("exp", ""),
    ("odd", "use `modulo`"),
    ("even", "use `modulo`"),
    (
        "round up",
        "use `round half up`, `decimal`, `floor` or `ceiling`",
    ),
    (
        "round down",
        "use `round half up`, `decimal`, `floor` or `ceiling`",
    ),
    (
        "round half down",
        "use `round half up`, `decimal`, `floor` or `ceiling`",
    ),
    ("replace", ""),
    ("split", "use `mentions` or `matches`"),
    ("substring before", ""),
    ("substring after", ""),
    ("get value", "contexts are not taken"),
    ("context", "contexts are not taken"),
    ("context put", "contexts are not taken"),
    ("context merge", "contexts are not taken"),
    ("get entries", "contexts are not taken"),
    ("string join", ""),
    ("list replace", ""),
    ("before", "write the comparison out"),
    ("after", "write the comparison out"),
    ("meets", "write the comparison out"),
    ("met by", "write the comparison out"),
    ("overlaps before", "write the comparison out"),
    ("overlaps after", "write the comparison out"),
    ("finishes", "write the comparison out"),
    ("finished by", "write the comparison out"),
    ("includes", "write the comparison out"),
    ("during", "write the comparison out"),
    ("starts", "write the comparison out"),
    ("started by", "write the comparison out"),
    ("coincides", "write the comparison out"),
    ("day of year", "a date has .year, .month and .day"),
    ("day of week", "a date has .year, .month and .day"),
    ("month of year", "a date has .year, .month and .day"),
    ("week of year", "a date has .year, .month and .day"),
];

impl Builtin {
    pub(crate) fn find(name: &str) -> Option<Builtin> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Whether FEEL or this language knows a function of that name.
    pub(crate) fn is_known(name: &str) -> bool {
        Self::find(name).is_some() || NOT_TAKEN.iter().any(|(n, _)| *n == name)
    }

    /// Why there is no function of that name, and what to write instead.
    pub(crate) fn why_not(name: &str) -> (String, String) {
        match NOT_TAKEN.iter().find(|(n, _)| *n == name) {
            Some((_, help)) => (format!("FEEL's `{name}` is not taken"), (*help).to_owned()),
            None => (
                format!("there is no function `{name}`"),
                suggest(name, TABLE.iter().map(|row| row.1)),
            ),
        }
    }

    fn usage(self) -> (std::ops::RangeInclusive<usize>, &'static str) {
        TABLE
            .iter()
            .find(|row| row.0 == self)
            .map_or((1..=1, ""), |row| (row.2.clone(), row.3))
    }

    /// The typed call, or `None` when an argument does not fit.
    pub(crate) fn check(
        self,
        c: &mut Checker<'_>,
        mut args: Vec<Node>,
        span: Range<usize>,
    ) -> Option<Node> {
        let (wanted, usage) = self.usage();
        if !wanted.contains(&args.len()) {
            let message = format!("{} arguments do not fit", args.len());
            return c.fault(&span, message, format!("write `{usage}`"));
        }
        let ty = match self {
            B::Not => {
                let test = c.truth(args.remove(0))?;
                return Some(c.node(Kind::Not(Box::new(test)), Ty::Bool, span));
            }
            B::Lookup => return check_lookup(c, args, span),
            B::IsSuppressed | B::IsNotApplicable => {
                return check_mark(self, c, args.remove(0), span);
            }
            B::Assume => return check_assume(c, args, span),
            B::Count | B::Sum | B::Min | B::Max | B::Mean | B::All | B::Any => {
                let list = one_list(c, args, &span)?;
                let ty = self.check_aggregate(c, &list)?;
                args = vec![list];
                ty
            }
            B::DistinctValues => {
                list_item(c, args.first()?)?;
                args.first()?.ty.clone()
            }
            B::ListContains => {
                check_contains(c, &mut args)?;
                Ty::Bool
            }
            B::Concatenate | B::Append => self.check_join(c, &mut args)?,
            B::Abs | B::Floor | B::Ceiling | B::Decimal | B::RoundHalfUp => {
                let ty = number_or_money(c, args.first()?)?;
                args.get(1).map_or(Some(()), |places| number(c, places))?;
                ty
            }
            B::Modulo => {
                let (a, b) = (
                    number_or_money(c, args.first()?),
                    number_or_money(c, args.get(1)?),
                );
                let (a, b) = (a?, b?);
                match a.unify(&b) {
                    Some(ty) => ty,
                    None => {
                        return c.fault(
                            &span,
                            "money and a number have no remainder",
                            "both have one unit",
                        );
                    }
                }
            }
            B::Date => {
                check_date(c, &args, &span)?;
                Ty::Date
            }
            _ => self.check_text(c, &args, &span)?,
        };
        Some(c.node(Kind::Call(self, args), ty, span))
    }

    /// The type of a call of a function of texts.
    fn check_text(self, c: &mut Checker<'_>, args: &[Node], span: &Range<usize>) -> Option<Ty> {
        match self {
            B::StringLength => {
                text(c, args.first()?)?;
                Some(Ty::Num)
            }
            B::UpperCase | B::LowerCase => {
                text(c, args.first()?)?;
                Some(Ty::Text(None))
            }
            B::Substring => {
                text(c, args.first()?)?;
                args.iter()
                    .skip(1)
                    .map(|a| number(c, a))
                    .collect::<Option<()>>()?;
                Some(Ty::Text(None))
            }
            B::Contains | B::StartsWith | B::EndsWith => {
                args.iter().map(|a| text(c, a)).collect::<Option<()>>()?;
                Some(Ty::Bool)
            }
            B::Matches => {
                check_matches(c, args)?;
                Some(Ty::Bool)
            }
            B::Mentions => {
                text(c, args.first()?)?;
                let phrases = args.get(1)?;
                match &phrases.ty {
                    Ty::Text(_) => {}
                    Ty::List(item) if matches!(**item, Ty::Text(_) | Ty::Null) => {}
                    other => {
                        let message = format!("the phrases are {}", other.name(c.schema));
                        c.fault(&phrases.span.clone(), message, "a text or a list of texts");
                        return None;
                    }
                }
                Some(Ty::Bool)
            }
            B::String => {
                if let Ty::Row(_) = args.first()?.ty {
                    c.fault(span, "a row has no text", "name one of its fields");
                    return None;
                }
                Some(Ty::Text(None))
            }
            _ => Some(Ty::Null),
        }
    }

    fn check_aggregate(self, c: &mut Checker<'_>, list: &Node) -> Option<Ty> {
        let item = list_item(c, list)?;
        let fits = match self {
            B::Count => return Some(Ty::Num),
            B::All | B::Any => matches!(item, Ty::Bool | Ty::Null),
            B::Min | B::Max => item.is_numeric() || matches!(item, Ty::Text(_) | Ty::Null),
            _ => item.is_number() || matches!(item, Ty::Money | Ty::Null),
        };
        if !fits {
            let message = format!(
                "{} of {}",
                self.usage().1.split('(').next()?,
                list.ty.name(c.schema)
            );
            c.fault(
                &list.span.clone(),
                message,
                if matches!(item, Ty::Row(_)) {
                    "name a field: `table.field`"
                } else {
                    ""
                },
            );
            return None;
        }
        Some(match (self, item) {
            (B::All | B::Any, _) => Ty::Bool,
            (_, Ty::Null) => Ty::Num,
            (B::Sum, Ty::Percent) => Ty::Num,
            (_, item) => item,
        })
    }

    fn check_join(self, c: &mut Checker<'_>, args: &mut [Node]) -> Option<Ty> {
        let first = args.first()?;
        let mut item = list_item(c, first)?;
        for at in 1..args.len() {
            let arg = args.get(at)?;
            if self == B::Append && item == Ty::Money && arg.is_zero() {
                args.get_mut(at)?.ty = Ty::Money;
                continue;
            }
            let other = if self == B::Append {
                arg.ty.clone()
            } else {
                list_item(c, arg)?
            };
            match item.unify(&other) {
                Some(ty) => item = ty,
                None => {
                    let message =
                        format!("{} beside {}", other.name(c.schema), item.name(c.schema));
                    c.fault(
                        &arg.span.clone(),
                        message,
                        "all items of a list have one type",
                    );
                    return None;
                }
            }
        }
        Some(Ty::List(Box::new(item)))
    }

    /// The values of a call, given those of its arguments, for `n` rows (or for one that stands for all).
    pub(crate) fn evaluate(self, args: &[Vector], node: &Node, m: &mut Machine<'_>) -> Vector {
        let n = args.iter().map(Vector::len).fold(1, joint_len);
        let arg = |i: usize| {
            args.get(i)
                .cloned()
                .unwrap_or(Vector::Bools(Values::One(truth::NULL)))
        };
        let missing = Vector::Bools(Values::One(truth::NULL));
        let list = || args.first().unwrap_or(&missing).as_lists();
        match self {
            B::Count => Vector::Nums(aggregate::count(&list())),
            B::Sum => Vector::Nums(aggregate::sum(&list())),
            B::Mean => Vector::Nums(aggregate::mean(&list())),
            B::Min | B::Max => aggregate::extreme(&list(), self == B::Max, m),
            B::All => Vector::Bools(aggregate::every(&list())),
            B::Any => Vector::Bools(aggregate::some(&list())),
            B::DistinctValues => aggregate::distinct(&list()),
            B::ListContains => Vector::Bools(aggregate::contains(&list(), &arg(1), n)),
            B::Concatenate => aggregate::concatenate(
                &args
                    .iter()
                    .cloned()
                    .map(Vector::into_lists)
                    .collect::<Vec<_>>(),
                n,
            ),
            B::Append => aggregate::concatenate(
                &args
                    .iter()
                    .enumerate()
                    .map(|(i, v)| {
                        if i == 0 {
                            v.clone().into_lists()
                        } else {
                            aggregate::wrap(v)
                        }
                    })
                    .collect::<Vec<_>>(),
                n,
            ),
            B::Abs => {
                let numbers = args.first().unwrap_or(&missing).as_nums();
                let plain = numbers.abs().map(Vector::Nums);
                plain.unwrap_or_else(|| unary(&numbers, abs))
            }
            B::Floor => with_places(args, n, 0, value::floor),
            B::Ceiling => with_places(args, n, 0, value::ceiling),
            B::Decimal => with_places(args, n, 0, value::round_half_even),
            B::RoundHalfUp => with_places(args, n, 0, value::round_half_up),
            B::Modulo => {
                let (a, b) = (arg(0).into_nums(), arg(1).into_nums());
                Vector::Nums((0..n).map(|i| modulo(a.at(i), b.at(i))).collect())
            }
            B::StringLength => texts::lengths(&args.first().unwrap_or(&missing).as_texts(), m),
            B::UpperCase => texts::map_text(arg(0), m, str::to_uppercase),
            B::LowerCase => texts::lower_case(arg(0), m),
            B::Substring => texts::substring(args, n, m),
            B::Contains => texts::pairs(&arg(0), &arg(1), n, m, |a, b| a.contains(b)),
            B::StartsWith => texts::pairs(&arg(0), &arg(1), n, m, |a, b| a.starts_with(b)),
            B::EndsWith => texts::pairs(&arg(0), &arg(1), n, m, |a, b| a.ends_with(b)),
            B::Matches => texts::matches(args, n, m),
            B::Mentions => Vector::Bools(texts::mentions(&arg(0).into_texts(), &arg(1), n, m)),
            B::String => texts::to_text(&arg(0), node, m),
            B::Date => texts::date(args, n, m),
            B::Lookup | B::IsSuppressed | B::IsNotApplicable | B::Assume | B::Not => {
                Vector::Bools(Values::repeat(truth::NULL, n))
            }
        }
    }
}

/// The one list that an aggregate runs over: the argument, or a list of all arguments.
fn one_list(c: &mut Checker<'_>, mut args: Vec<Node>, span: &Range<usize>) -> Option<Node> {
    let alone = args.len() == 1
        && args
            .first()
            .is_some_and(|a| matches!(a.ty, Ty::List(_) | Ty::Null));
    if alone {
        args.pop()
    } else {
        c.list(args, span.clone())
    }
}

fn list_item(c: &mut Checker<'_>, node: &Node) -> Option<Ty> {
    match &node.ty {
        Ty::List(item) => Some((**item).clone()),
        Ty::Null => Some(Ty::Null),
        other => {
            let message = format!("{} is no list", other.name(c.schema));
            c.fault(&node.span.clone(), message, "");
            None
        }
    }
}

fn number(c: &mut Checker<'_>, node: &Node) -> Option<()> {
    if node.ty.is_number() || node.ty == Ty::Null {
        return Some(());
    }
    let message = format!("{} where a number is needed", node.ty.name(c.schema));
    c.fault(&node.span.clone(), message, "");
    None
}

fn number_or_money(c: &mut Checker<'_>, node: &Node) -> Option<Ty> {
    match &node.ty {
        Ty::Null => Some(Ty::Num),
        ty if ty.is_number() || *ty == Ty::Money => Some(ty.clone()),
        other => {
            let message = format!("{} where a number or money is needed", other.name(c.schema));
            c.fault(&node.span.clone(), message, "");
            None
        }
    }
}

fn text(c: &mut Checker<'_>, node: &Node) -> Option<()> {
    if matches!(node.ty, Ty::Text(_) | Ty::Null) {
        return Some(());
    }
    let message = format!("{} where a text is needed", node.ty.name(c.schema));
    c.fault(&node.span.clone(), message, "`string(…)` gives a text");
    None
}

fn check_contains(c: &mut Checker<'_>, args: &mut [Node]) -> Option<()> {
    let [list, value] = args else { return None };
    let mut item = list_item(c, list)?;
    if item == Ty::Money && value.is_zero() {
        value.ty = Ty::Money;
    }
    if let Kind::List(items) = &mut list.kind
        && value.ty == Ty::Money
        && items.iter().all(Node::is_zero)
    {
        items.iter_mut().for_each(|i| i.ty = Ty::Money);
        item = Ty::Money;
        list.ty = Ty::List(Box::new(Ty::Money));
    }
    if item.unify(&value.ty).is_none() {
        let message = format!(
            "{} is sought in {}",
            value.ty.name(c.schema),
            list.ty.name(c.schema)
        );
        let help = if matches!(item, Ty::Row(_)) {
            "name a field: `table.field`"
        } else {
            ""
        };
        c.fault(&value.span.clone(), message, help);
        return None;
    }
    c.must_be_codes(value, &item)?;
    c.must_be_codes(list, &value.ty)
}

fn check_lookup(c: &mut Checker<'_>, mut args: Vec<Node>, span: Range<usize>) -> Option<Node> {
    let first = args.remove(0);
    let Kind::Table(table) = first.kind else {
        return c.fault(
            &first.span,
            "lookup starts with the name of a reference table",
            "write `lookup(table, key)`",
        );
    };
    let schema = c.schema;
    let t = schema.tables.get(table)?;
    let Some(reference) = &t.reference else {
        let message = format!(
            "`{}` is a table of the submission, not a reference table",
            t.name
        );
        return c.fault(
            &first.span,
            message,
            format!("use a filter: `{}[field = …][1]`", t.name),
        );
    };
    let key = || {
        reference
            .key
            .iter()
            .filter_map(|&f| t.fields.get(f))
            .map(|f| f.name.as_str())
    };
    if key().count() == 0 {
        return c.fault(
            &first.span,
            format!("`{}` declares no key", t.name),
            "give it `key = [\"field\"]` in schema.toml",
        );
    }
    if key().count() != args.len() {
        let message = format!(
            "`{}` is looked up by {}",
            t.name,
            key().collect::<Vec<_>>().join(" and ")
        );
        let usage = key().collect::<Vec<_>>().join(", ");
        return c.fault(
            &span,
            message,
            format!("write `lookup({}, {usage})`", t.name),
        );
    }
    for (arg, &field) in args.iter().zip(&reference.key) {
        let wanted = Ty::of_field(schema, table, field);
        let fits = wanted.unify(&arg.ty).is_some() && !matches!(arg.ty, Ty::List(_));
        if !fits {
            let (have, wanted) = (arg.ty.name(schema), wanted.name(schema));
            return c.fault(&arg.span, format!("{have} where the key is {wanted}"), "");
        }
        c.must_be_codes(arg, &wanted)?;
    }
    Some(c.node(Kind::Lookup(table, args), Ty::Row(table), span))
}

/// The table and field of a single cell, if the piece is one.
fn cell(node: &Node) -> Option<(TableId, usize)> {
    match &node.kind {
        Kind::Field(row, table, field) if matches!(row.ty, Ty::Row(_)) => Some((*table, *field)),
        _ => None,
    }
}

fn check_mark(of: Builtin, c: &mut Checker<'_>, arg: Node, span: Range<usize>) -> Option<Node> {
    let Some((table, field)) = cell(&arg) else {
        return c.fault(
            &arg.span,
            "only a cell can be so marked",
            "write `row.field`",
        );
    };
    let Kind::Field(row, ..) = arg.kind else {
        return None;
    };
    Some(c.node(
        Kind::Marked(of == B::IsNotApplicable, row, table, field),
        Ty::Bool,
        span,
    ))
}

fn check_assume(c: &mut Checker<'_>, mut args: Vec<Node>, span: Range<usize>) -> Option<Node> {
    let (mut default, value) = (args.pop()?, args.pop()?);
    if let Some((table, field)) = cell(&value)
        && let Some(t) = c.schema.tables.get(table)
        && t.reference.is_none()
        && let Some(f) = t.fields.get(field).filter(|f| f.required)
    {
        let message = format!(
            "`{}` is required: a blank in it is unknown, and nothing is assumed for it",
            f.name
        );
        return c.fault(&value.span, message, "take it as it is");
    }
    if value.ty == Ty::Money && default.is_zero() {
        default.ty = Ty::Money;
    }
    c.must_be_codes(&default, &value.ty)?;
    match value.ty.unify(&default.ty) {
        Some(ty) => Some(c.node(Kind::Assume(Box::new(value), Box::new(default)), ty, span)),
        None => {
            let (a, b) = (value.ty.name(c.schema), default.ty.name(c.schema));
            c.fault(
                &span,
                format!("{b} is assumed for {a}"),
                "both have one type",
            )
        }
    }
}

fn check_matches(c: &mut Checker<'_>, args: &[Node]) -> Option<()> {
    let (input, wanted) = (args.first()?, args.get(1)?);
    text(c, input)?;
    let flags = match args.get(2).map(|f| &f.kind) {
        None | Some(Kind::Const(Value::Null)) => String::new(),
        Some(Kind::Const(Value::Text(flags))) => flags.clone(),
        Some(_) => {
            c.fault(
                &args.get(2)?.span.clone(),
                "the flags are written out",
                "any of `i`, `m`, `s` in quotes",
            );
            return None;
        }
    };
    match &wanted.kind {
        Kind::Const(Value::Null) => Some(()),
        Kind::Const(Value::Text(text)) => match pattern::check(text, &flags) {
            Ok(()) => Some(()),
            Err(message) => {
                c.fault(
                    &wanted.span.clone(),
                    message,
                    "patterns are XPath's, without back-references and class subtraction",
                );
                None
            }
        },
        Kind::Param(index) if matches!(wanted.ty, Ty::Text(_)) => {
            c.notes.pattern_params.push((*index, wanted.span.clone()));
            match pattern::check("", &flags) {
                Ok(()) => Some(()),
                Err(message) => {
                    c.fault(&wanted.span.clone(), message, "");
                    None
                }
            }
        }
        _ => {
            let message = "the pattern is a literal or a parameter, so that it can be checked here";
            c.fault(
                &wanted.span.clone(),
                message,
                "write it in quotes, or as `param.name`",
            );
            None
        }
    }
}

fn check_date(c: &mut Checker<'_>, args: &[Node], span: &Range<usize>) -> Option<()> {
    if let [year, month, day] = args {
        [year, month, day]
            .into_iter()
            .map(|a| number(c, a))
            .collect::<Option<()>>()?;
        if let Kind::Const(Value::Number(y)) = &year.kind
            && (*y < Decimal::ONE || *y > Decimal::from(9999))
            && y.abs() <= Decimal::from(999_999_999)
        {
            c.fault(
                &year.span.clone(),
                format!("the year {y} is beyond the calendar"),
                "years run from 1 to 9999",
            );
            return None;
        }
        return Some(());
    }
    let [from] = args else {
        c.fault(
            span,
            "a date has one argument or three",
            "write `date(\"2026-07-01\")` or `date(year, month, day)`",
        );
        return None;
    };
    match (&from.ty, &from.kind) {
        (Ty::Date | Ty::Null, _) => Some(()),
        (Ty::Text(_), Kind::Const(Value::Text(text))) if is_far_date(text) => {
            c.fault(
                &from.span.clone(),
                format!("the date {text} is beyond the calendar"),
                "years run from 1 to 9999",
            );
            None
        }
        (Ty::Text(_), _) => Some(()),
        (other, _) => {
            let message = format!("{} is no date", other.name(c.schema));
            c.fault(
                &from.span.clone(),
                message,
                "write `date(\"2026-07-01\")` or `date(year, month, day)`",
            );
            None
        }
    }
}

/// A date of FEEL's that lies before year 1 or after year 9999.
fn is_far_date(text: &str) -> bool {
    let (negative, rest) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let mut parts = rest.rsplitn(3, '-');
    let (day, month, year) = (parts.next(), parts.next(), parts.next());
    let number = |t: Option<&str>, widths: std::ops::RangeInclusive<usize>| {
        t.as_ref()
            .is_some_and(|t| widths.contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit()))
    };
    let long = year.is_some_and(|y| y.len() > 4 && !y.starts_with('0'));
    number(day, 2..=2) && number(month, 2..=2) && number(year, 4..=9) && (negative || long)
}

fn unary(numbers: &NumVec, f: impl Fn(Num) -> Num) -> Vector {
    Vector::Nums((0..numbers.len()).map(|i| f(numbers.at(i))).collect())
}

fn abs(x: Num) -> Num {
    match x {
        Num::Known(x) => Num::Known(x.abs()),
        Num::Between(low, high) if low > Decimal::ZERO => Num::Between(low, high),
        Num::Between(low, high) if high < Decimal::ZERO => Num::Between(-high, -low),
        Num::Between(low, high) => Num::Between(Decimal::ZERO, high.max(-low)),
        other => other,
    }
}

/// The places to which numbers are rounded, as the standard of FEEL bounds them.
const FEWEST_PLACES: i64 = -6111;
const MOST_PLACES: i64 = 6176;

/// Rounding to a number of places, which is `default` when not given.
fn with_places(
    args: &[Vector],
    n: usize,
    default: i64,
    f: impl Fn(Decimal, i64) -> Option<Decimal>,
) -> Vector {
    let numbers = args
        .first()
        .cloned()
        .map_or_else(|| NumVec::known(Nums::new()), Vector::into_nums);
    let places = args.get(1).cloned().map(Vector::into_nums);
    let all = match &places {
        Some(places) if places.len() == 1 => places.at(0),
        Some(_) => Num::Unknown,
        None => Num::Known(Decimal::from(default)),
    };
    if let Num::Known(all) = all
        && let Some(places) = whole(all).filter(|places| *places <= MOST_PLACES)
        && numbers.len() == n
        && numbers.fits_in(places)
    {
        return Vector::Nums(numbers);
    }
    let round = |i: usize| {
        let x = numbers.at(i);
        match places
            .as_ref()
            .map_or(Num::Known(Decimal::from(default)), |p| p.at(i))
        {
            Num::Known(p) => match whole(p).filter(|p| (FEWEST_PLACES..=MOST_PLACES).contains(p)) {
                Some(p) => monotone(x, |x| f(x, p)),
                None if matches!(x, Num::Between(..) | Num::Unknown) => Num::Unknown,
                None => Num::Null,
            },
            Num::Null if matches!(x, Num::Known(_) | Num::Null) => Num::Null,
            _ => Num::Unknown,
        }
    };
    Vector::Nums((0..n).map(round).collect())
}

/// The whole part of a number, toward zero.
pub(crate) fn whole(x: Decimal) -> Option<i64> {
    let scale = 10_i128.pow(x.scale());
    i64::try_from(x.mantissa() / scale).ok()
}

fn modulo(a: Num, b: Num) -> Num {
    match (a, b) {
        (Num::Known(_), Num::Known(b)) if b.is_zero() => Num::Null,
        (Num::Known(a), Num::Known(b)) => {
            let rest = remainder(a, b);
            let turn = !rest.is_zero() && rest.is_sign_negative() != b.is_sign_negative();
            let rest = if turn {
                rest.checked_add(b)
            } else {
                Some(rest)
            };
            rest.map_or(Num::Null, Num::Known)
        }
        (Num::Null | Num::Known(_), Num::Null | Num::Known(_)) => Num::Null,
        _ => Num::Unknown,
    }
}
