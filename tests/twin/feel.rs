//! FEEL's operators and functions of values that are all known: what DMN 1.5 and the contract say, one case a line.

use std::cmp::Ordering;

use num_traits::{Signed, ToPrimitive, Zero};

use super::number::{Exact, half_away, half_even, settled, ten_to, whole, written};
use crate::expr::{BinaryOp, Builtin};
use crate::schema::TableId;
use crate::value::{self, Date};

/// A value of the twin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Null,
    Bool(bool),
    Number(Exact),
    Date(Date),
    Text(String),
    Row(TableId, usize),
    List(Vec<Answer>),
}

use Answer::{Bool, List, Null, Number, Text};

/// A number, or `null` where it was beyond all numbers.
fn number(x: Option<Exact>) -> Answer {
    x.map_or(Null, Number)
}

pub(crate) fn arithmetic(op: BinaryOp, a: &Answer, b: &Answer) -> Answer {
    match (op, a, b) {
        (BinaryOp::Add, Text(a), Text(b)) => Text(format!("{a}{b}")),
        (BinaryOp::Add, Number(a), Number(b)) => number(settled(&(a + b))),
        (BinaryOp::Subtract, Number(a), Number(b)) => number(settled(&(a - b))),
        (BinaryOp::Multiply, Number(a), Number(b)) => number(settled(&(a * b))),
        (BinaryOp::Divide, Number(_), Number(b)) if b.is_zero() => Null,
        (BinaryOp::Divide, Number(a), Number(b)) => number(settled(&(a / b))),
        _ => Null,
    }
}

/// `null` equals `null`; an order with `null` is `null`.
pub(crate) fn compare(op: BinaryOp, a: &Answer, b: &Answer) -> Answer {
    let order = match (a, b) {
        (Number(a), Number(b)) => Some(a.cmp(b)),
        (Answer::Date(a), Answer::Date(b)) => Some(a.cmp(b)),
        (Text(a), Text(b)) => Some(a.chars().cmp(b.chars())),
        _ => None,
    };
    let holds = |test: fn(Ordering) -> bool| order.map_or(Null, |order| Bool(test(order)));
    match op {
        BinaryOp::Equal => Bool(a == b),
        BinaryOp::NotEqual => Bool(a != b),
        BinaryOp::Less => holds(Ordering::is_lt),
        BinaryOp::LessEqual => holds(Ordering::is_le),
        BinaryOp::Greater => holds(Ordering::is_gt),
        _ => holds(Ordering::is_ge),
    }
}

pub(crate) fn and(a: &Answer, b: &Answer) -> Answer {
    match (a, b) {
        (Bool(false), _) | (_, Bool(false)) => Bool(false),
        (Bool(true), Bool(true)) => Bool(true),
        _ => Null,
    }
}

pub(crate) fn or(a: &Answer, b: &Answer) -> Answer {
    match (a, b) {
        (Bool(true), _) | (_, Bool(true)) => Bool(true),
        (Bool(false), Bool(false)) => Bool(false),
        _ => Null,
    }
}

pub(crate) fn not(a: &Answer) -> Answer {
    match a {
        Bool(a) => Bool(!a),
        _ => Null,
    }
}

/// From 1, or from the end for negative places.
pub(crate) fn index(list: &Answer, at: &Answer) -> Answer {
    let (List(items), Number(at)) = (list, at) else {
        return Null;
    };
    let count = whole(items.len());
    let place = if at.is_positive() {
        at - whole(1)
    } else {
        count + at
    };
    let there = at.is_integer() && !at.is_zero() && !place.is_negative();
    place
        .to_integer()
        .to_usize()
        .filter(|_| there)
        .and_then(|place| items.get(place).cloned())
        .unwrap_or(Null)
}

pub(crate) fn call(builtin: Builtin, args: &[Answer]) -> Answer {
    use Builtin as B;
    match (builtin, args) {
        (B::Count, [List(items)]) => Number(whole(items.len())),
        (B::Sum, [List(items)]) => sum(items),
        (B::Mean, [List(items)]) if !items.is_empty() => {
            arithmetic(BinaryOp::Divide, &sum(items), &Number(whole(items.len())))
        }
        (B::Min, [List(items)]) => extreme(items, BinaryOp::Less),
        (B::Max, [List(items)]) => extreme(items, BinaryOp::Greater),
        (B::All, [List(items)]) => items.iter().fold(Bool(true), |all, item| and(&all, item)),
        (B::Any, [List(items)]) => items.iter().fold(Bool(false), |any, item| or(&any, item)),
        (B::DistinctValues, [List(items)]) => distinct(items),
        (B::ListContains, [List(items), value]) => Bool(items.contains(value)),
        (B::Concatenate, lists) => concatenate(lists),
        (B::Append, [List(items), more @ ..]) => List([items, more].concat()),
        (B::Abs, [Number(x)]) => Number(x.abs()),
        (B::Floor, [Number(x), places @ ..]) => rounded(x, places, Exact::floor),
        (B::Ceiling, [Number(x), places @ ..]) => rounded(x, places, Exact::ceil),
        (B::Decimal, [Number(x), places @ ..]) => rounded(x, places, half_even),
        (B::RoundHalfUp, [Number(x), places @ ..]) => rounded(x, places, half_away),
        (B::Modulo, [Number(_), Number(b)]) if b.is_zero() => Null,
        (B::Modulo, [Number(a), Number(b)]) => number(settled(&(a - b * (a / b).floor()))),
        (B::StringLength, [Text(text)]) => Number(whole(text.chars().count())),
        (B::UpperCase, [Text(text)]) => Text(text.to_uppercase()),
        (B::LowerCase, [Text(text)]) => Text(text.to_lowercase()),
        (B::Substring, [Text(text), Number(start)]) => substring(text, start, None),
        (B::Substring, [Text(text), Number(start), Number(length)]) => {
            substring(text, start, Some(length))
        }
        (B::Contains, [Text(text), Text(part)]) => Bool(text.contains(part)),
        (B::StartsWith, [Text(text), Text(part)]) => Bool(text.starts_with(part)),
        (B::EndsWith, [Text(text), Text(part)]) => Bool(text.ends_with(part)),
        (B::Matches, [Text(text), Text(pattern)]) => matches(text, pattern, ""),
        (B::Matches, [Text(text), Text(pattern), Null]) => matches(text, pattern, ""),
        (B::Matches, [Text(text), Text(pattern), Text(flags)]) => matches(text, pattern, flags),
        (B::String, [Text(text)]) => Text(text.clone()),
        (B::String, [Answer::Date(date)]) => Text(date.to_string()),
        (B::String, [Null]) => Null,
        (B::String, [other]) => Text(notation(other)),
        (B::Date, [Text(text)]) => value::parse_iso_date(text).map_or(Null, Answer::Date),
        (B::Date, [Answer::Date(date)]) => Answer::Date(*date),
        (B::Date, [Number(year), Number(month), Number(day)]) => date(year, month, day),
        (B::Mentions, [Text(text), Text(phrase)]) => Bool(mentions(text, phrase)),
        (B::Mentions, [Text(text), List(phrases)]) => {
            phrases
                .iter()
                .fold(Bool(false), |any, phrase| match phrase {
                    Text(phrase) => or(&any, &Bool(mentions(text, phrase))),
                    _ => or(&any, &Null),
                })
        }
        // Whatever has `null` where it wants something.
        _ => Null,
    }
}

/// One item behind the other, each step rounded.
fn sum(items: &[Answer]) -> Answer {
    items.iter().fold(Number(Exact::zero()), |total, item| {
        arithmetic(BinaryOp::Add, &total, item)
    })
}

fn extreme(items: &[Answer], better: BinaryOp) -> Answer {
    if items.contains(&Null) {
        return Null;
    }
    let pick = |best: Answer, item: Answer| {
        if compare(better, &item, &best) == Bool(true) {
            item
        } else {
            best
        }
    };
    items.iter().cloned().reduce(pick).unwrap_or(Null)
}

fn distinct(items: &[Answer]) -> Answer {
    let mut once: Vec<Answer> = Vec::new();
    for item in items {
        if !once.contains(item) {
            once.push(item.clone());
        }
    }
    List(once)
}

fn concatenate(lists: &[Answer]) -> Answer {
    let mut all = Vec::new();
    for list in lists {
        let List(items) = list else { return Null };
        all.extend(items.iter().cloned());
    }
    List(all)
}

/// Rounds to a number of places; one that is not whole counts toward zero.
fn rounded(x: &Exact, places: &[Answer], to_whole: fn(&Exact) -> Exact) -> Answer {
    let places = match places {
        [] => 0,
        [Number(places)] => match places.to_integer().to_i64() {
            Some(places) if (-6111..=6176).contains(&places) => places,
            _ => return Null,
        },
        _ => return Null,
    };
    if places >= 28 {
        return Number(x.clone());
    }
    number(settled(
        &(to_whole(&(x * ten_to(places))) * ten_to(-places)),
    ))
}

fn substring(text: &str, start: &Exact, length: Option<&Exact>) -> Answer {
    let chars: Vec<char> = text.chars().collect();
    let (Some(start), count) = (start.to_integer().to_i64(), chars.len()) else {
        return Null;
    };
    let from = match start {
        0 => return Null,
        1.. => usize::try_from(start - 1).ok(),
        _ => count.checked_sub(usize::try_from(-start).unwrap_or(usize::MAX)),
    };
    let Some(from) = from else { return Null };
    let length = match length.map(|length| length.to_integer().to_i64()) {
        None => usize::MAX,
        Some(Some(length @ 1..)) => usize::try_from(length).unwrap_or(usize::MAX),
        Some(_) => return Null,
    };
    Text(chars.into_iter().skip(from).take(length).collect())
}

/// The patterns of these tests mean the same in `XPath` and to the crate.
fn matches(text: &str, pattern: &str, flags: &str) -> Answer {
    let regex = regex::RegexBuilder::new(pattern)
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .build();
    regex.map_or(Null, |regex| Bool(regex.is_match(text)))
}

/// Whether the phrase stands somewhere without a letter or digit beside it, case aside.
fn mentions(text: &str, phrase: &str) -> bool {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let phrase: Vec<char> = phrase.trim().to_lowercase().chars().collect();
    let is_edge = |c: Option<&char>| !c.is_some_and(|c| c.is_alphanumeric());
    !phrase.is_empty()
        && (0..text.len()).any(|at| {
            text[at..].starts_with(&phrase)
                && is_edge(at.checked_sub(1).and_then(|before| text.get(before)))
                && is_edge(text.get(at + phrase.len()))
        })
}

fn date(year: &Exact, month: &Exact, day: &Exact) -> Answer {
    let part = |x: &Exact| x.to_integer().to_i64();
    let date = part(year)
        .zip(part(month))
        .zip(part(day))
        .and_then(|((year, month), day)| value::date(year, month, day));
    date.map_or(Null, Answer::Date)
}

/// FEEL's notation.
fn notation(value: &Answer) -> String {
    match value {
        Null => "null".to_owned(),
        Bool(b) => b.to_string(),
        Number(x) => written(x),
        Answer::Date(date) => format!("@\"{date}\""),
        Text(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        Answer::Row(..) => panic!("a row has no text"),
        List(items) => {
            let items: Vec<String> = items.iter().map(notation).collect();
            format!("[{}]", items.join(", "))
        }
    }
}
