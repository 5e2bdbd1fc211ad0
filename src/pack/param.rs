//! Parameters: the figures that rules use, dated, each with its source.

use std::ops::Range;

use super::source::one_of;
use super::spanned::{Doc, Entry, Keys, Text, as_array, as_figure, as_table, check_name};
use crate::diagnostic::{Lint, suggest};
use crate::expr::Ty;
use crate::value::{
    Decimal, Type, Value, parse_boolean, parse_figure, parse_iso_date, parse_year, percent, plain,
};

/// One parameter.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name: `param.name`.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Its type.
    pub ty: Type,
    /// Whether it is a list.
    pub list: bool,
    /// Whether an office may set it.
    pub policy: bool,
    /// Its values, dated.
    pub values: Vec<Dated>,
    /// It has a mistake of its own, so that its years say nothing.
    pub(crate) broken: bool,
    /// The file and place of its name.
    pub(crate) place: (String, Range<usize>),
}

/// A value and the fiscal years in which it holds.
#[derive(Debug, Clone)]
pub struct Dated {
    /// The first year.
    pub from: Option<i64>,
    /// The last year.
    pub until: Option<i64>,
    /// The value; `Null` when the parameter is off.
    pub value: Value,
    /// The key in `sources.toml`, or the office.
    pub source: String,
    /// Whether an office set it.
    pub by_office: bool,
}

impl Dated {
    pub(crate) fn covers(&self, year: i64) -> bool {
        self.from.is_none_or(|from| from <= year) && self.until.is_none_or(|until| year <= until)
    }
}

impl Param {
    /// The type of its value in an expression.
    pub(crate) fn ty(&self) -> Ty {
        if self.broken {
            Ty::Null
        } else {
            Ty::of_type(self.ty, self.list)
        }
    }

    /// Its value in a year.
    pub fn value_in(&self, year: i64) -> Option<&Dated> {
        self.values.iter().find(|v| v.covers(year))
    }
}

/// `None` when the file cannot be parsed. Sources are known only when their own file could be parsed.
pub(crate) fn read(
    doc: Doc<'_>,
    text: &str,
    sources: &[&str],
    sources_known: bool,
) -> Option<Vec<Param>> {
    let tree = doc.parse(text)?;
    let keys = Keys::new(doc, tree.get_ref(), 0..0);
    let mut params = Vec::new();
    for (name, entry) in keys.entries() {
        check_name(doc, &name);
        let Some(of) = as_table(doc, entry) else {
            continue;
        };
        let title = of.required_text("title");
        let ty = of.required_text("type").and_then(|ty| param_type(doc, &ty));
        let policy = of.flag("policy");
        let values = of.get("values");
        of.done();
        if values.is_none() {
            doc.mistake(
                name.span.clone(),
                format!("`{}` has no `values`", name.value),
                "",
                "add `values = [{ from = 2013, value = …, source = … }]`",
            );
        }
        // A parameter with a mistake is one all the same: what uses it is not wrong.
        let before = doc.mistakes.borrow().len();
        let (ty, list) = ty.unwrap_or((Type::Text, false));
        let entries = values.map_or_else(Vec::new, |v| as_array(doc, v));
        let read = |v| dated(doc, v, ty, list, Some(sources).filter(|_| sources_known));
        let values: Vec<Dated> = entries.into_iter().filter_map(read).collect();
        let broken = values.is_empty() || doc.mistakes.borrow().len() > before;
        let place = (doc.file.to_owned(), name.span);
        let title = title.map_or_else(String::new, |t| t.value);
        params.push(Param {
            name: name.value,
            title,
            ty,
            list,
            policy,
            values,
            broken,
            place,
        });
    }
    Some(params)
}

/// A type, or the same with ` list` behind it.
fn param_type(doc: Doc<'_>, text: &Text) -> Option<(Type, bool)> {
    let (name, list) = text
        .value
        .strip_suffix(" list")
        .map_or((text.value.as_str(), false), |name| (name, true));
    let found = Type::NAMES
        .iter()
        .find(|(n, _)| *n == name)
        .map(|(_, ty)| (*ty, list));
    if found.is_none() {
        one_of(doc, text, &Type::NAMES.map(|(name, _)| name));
    }
    found
}

/// `{ from = 2013, until = 2020, value = "5%", source = "key" }`, or `off = true` for no value.
pub(crate) fn dated(
    doc: Doc<'_>,
    entry: Entry<'_>,
    ty: Type,
    list: bool,
    sources: Option<&[&str]>,
) -> Option<Dated> {
    let of = as_table(doc, entry)?;
    let (from, until) = (of.integer("from"), of.integer("until"));
    let off = of.flag("off");
    let value = of.get("value");
    let source = if sources.is_some() {
        of.required_text("source")
    } else {
        of.text("source")
    };
    of.done();
    if let (Some(source), Some(known)) = (&source, sources)
        && !known.contains(&source.value.as_str())
    {
        let help = suggest(&source.value, known.iter().copied());
        doc.mistake(
            source.span.clone(),
            format!("there is no source `{}`", source.value),
            "",
            help,
        );
    }
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        doc.mistake(
            of.span.clone(),
            format!("this ends in {until}, before it begins in {from}"),
            "",
            "",
        );
    }
    let value = match (value, off) {
        (Some(entry), true) => {
            doc.mistake(
                entry.span(),
                "a parameter that is off has no value",
                "",
                "take away `off` or `value`",
            );
            return None;
        }
        (None, true) => Value::Null,
        (None, false) => {
            doc.mistake(
                of.span.clone(),
                "`value` is missing",
                "",
                "add `value = …`, or `off = true` for none",
            );
            return None;
        }
        (Some(entry), false) => value_or_list(doc, entry, ty, list)?,
    };
    let source = source.map_or_else(String::new, |s| s.value);
    Some(Dated {
        from,
        until,
        value,
        source,
        by_office: sources.is_none(),
    })
}

/// The value of a parameter.
pub(crate) fn value_or_list(doc: Doc<'_>, entry: Entry<'_>, ty: Type, list: bool) -> Option<Value> {
    if !list {
        return value_of(doc, &as_figure(doc, entry)?, ty);
    }
    let items = as_array(doc, entry)
        .into_iter()
        .filter_map(|item| as_figure(doc, item));
    Some(Value::List(
        items.filter_map(|item| value_of(doc, &item, ty)).collect(),
    ))
}

/// A share above 1 is probably a percentage that lacks its sign.
pub(crate) fn warn_of_share(doc: Doc<'_>, text: &Text, x: Decimal) {
    if x.abs() > Decimal::ONE {
        let message = format!("{} is {}", text.value.trim(), percent(x));
        let help = format!("write \"{}%\" if it is a percentage", plain(x));
        doc.lint(Lint::LargeShare, text.span.clone(), message, help);
    }
}

/// A value of a type, as people write it.
fn value_of(doc: Doc<'_>, text: &Text, ty: Type) -> Option<Value> {
    let written = text.value.trim();
    let figure = || parse_figure(written).filter(|(x, _)| x.abs() <= crate::value::LIMIT);
    let found = match ty {
        Type::Text | Type::Code => Some(Value::Text(text.value.clone())),
        Type::Number => figure().map(|(x, _)| Value::Number(x)),
        Type::Money => figure()
            .filter(|(_, percent)| !percent)
            .map(|(x, _)| Value::Money(x)),
        Type::Percent => figure().map(|(x, percent)| {
            Value::Percent(if percent {
                x.checked_mul(Decimal::new(1, 2)).unwrap_or(x)
            } else {
                warn_of_share(doc, text, x);
                x
            })
        }),
        Type::Date => parse_iso_date(written).map(Value::Date),
        Type::Boolean => parse_boolean(written).map(Value::Bool),
        Type::Year => parse_year(written).map(|y| Value::Number(Decimal::from(y))),
    };
    if found.is_none() {
        let (wanted, such) = match ty {
            Type::Money => ("an amount", "500.00"),
            Type::Percent => ("a percentage", "5%"),
            Type::Date => ("a date", "2026-07-01"),
            Type::Boolean => ("yes or no", "true"),
            Type::Year => ("a fiscal year", "2027"),
            _ => ("a number", "12.5"),
        };
        doc.mistake(
            text.span.clone(),
            format!("`{}` is not {wanted}", text.value),
            "",
            format!("write it as \"{such}\""),
        );
    }
    found
}
