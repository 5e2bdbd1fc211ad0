//! Functions of texts and dates: what they give for every row of a set.

use std::borrow::Cow;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;
use regex::Regex;

use super::aggregate;
use super::builtin::{Builtin, whole};
use super::eval::{Machine, Operand};
use super::tree::{Kind, Node, Ty};
use super::vector::{NULL_ID, Num, NumVec, UNKNOWN_ID, Vector, at, joint_len, truth};
use crate::hash::Map;
use crate::table::{Nums, Values};
use crate::value::{self, Decimal, Value, parse_iso_date};

pub(crate) fn map_text(texts: Vector, m: &mut Machine<'_>, f: impl Fn(&str) -> String) -> Vector {
    let texts = texts.into_texts();
    let ids = texts.iter().map(|id| match *id {
        id @ (NULL_ID | UNKNOWN_ID) => id,
        id => {
            let text = f(m.text(id));
            m.intern(&text)
        }
    });
    Vector::Texts(ids.collect())
}

/// How many characters each text has.
pub(crate) fn lengths(ids: &[u32], m: &Machine<'_>) -> Vector {
    if ids.iter().any(|id| matches!(*id, NULL_ID | UNKNOWN_ID)) {
        let length = |id: &u32| match *id {
            NULL_ID => Num::Null,
            UNKNOWN_ID => Num::Unknown,
            id => Num::Known(Decimal::from(m.text(id).chars().count())),
        };
        return Vector::Nums(ids.iter().map(length).collect());
    }
    let length = |id: &u32| i64::try_from(m.text(*id).chars().count()).unwrap_or(i64::MAX);
    Vector::Nums(NumVec::known(Nums::Int {
        v: ids.iter().map(length).collect(),
        scale: 0,
    }))
}

pub(crate) fn lower_case(texts: Vector, m: &mut Machine<'_>) -> Vector {
    let texts = texts.into_texts();
    let ids = texts.iter().map(|id| match *id {
        id @ (NULL_ID | UNKNOWN_ID) => id,
        id => m.lower_case(id),
    });
    Vector::Texts(ids.collect())
}

pub(crate) fn pairs(
    a: &Vector,
    b: &Vector,
    n: usize,
    m: &Machine<'_>,
    f: impl Fn(&str, &str) -> bool,
) -> Vector {
    let (a, b) = (a.clone().into_texts(), b.clone().into_texts());
    let one = |i: usize| match (at(&a, i).unwrap_or(NULL_ID), at(&b, i).unwrap_or(NULL_ID)) {
        (UNKNOWN_ID, _) | (_, UNKNOWN_ID) => truth::UNKNOWN,
        (NULL_ID, _) | (_, NULL_ID) => truth::NULL,
        (a, b) => truth::of(f(m.text(a), m.text(b))),
    };
    Vector::Bools((0..n).map(one).collect())
}

pub(crate) fn substring(args: &[Vector], n: usize, m: &mut Machine<'_>) -> Vector {
    let texts = args
        .first()
        .cloned()
        .map_or_else(Values::new, Vector::into_texts);
    let start = args
        .get(1)
        .cloned()
        .map_or_else(|| NumVec::known(Nums::new()), Vector::into_nums);
    let length = args.get(2).cloned().map(Vector::into_nums);
    let mut ids = Vec::with_capacity(n);
    for i in 0..n {
        let length = length.as_ref().map(|l| l.at(i));
        ids.push(
            match (at(&texts, i).unwrap_or(NULL_ID), start.at(i), length) {
                (UNKNOWN_ID, ..)
                | (_, Num::Unknown | Num::Between(..), _)
                | (.., Some(Num::Unknown | Num::Between(..))) => UNKNOWN_ID,
                (NULL_ID, ..) | (_, Num::Null, _) | (.., Some(Num::Null)) => NULL_ID,
                (id, Num::Known(start), length) => {
                    let length = match length {
                        Some(Num::Known(x)) => Some(x),
                        _ => None,
                    };
                    match part_of(m.text(id), start, length) {
                        Some(part) => m.intern(&part),
                        None => NULL_ID,
                    }
                }
            },
        );
    }
    Vector::Texts(ids.into())
}

fn part_of(text: &str, start: Decimal, length: Option<Decimal>) -> Option<String> {
    let count = i64::try_from(text.chars().count()).ok()?;
    let start = whole(start)?;
    let from = match start {
        0 => return None,
        1.. => start - 1,
        _ => count + start,
    };
    let from = usize::try_from(from).ok()?;
    let length = match length {
        None => usize::MAX,
        Some(length) => usize::try_from(whole(length)?).ok().filter(|l| *l > 0)?,
    };
    Some(text.chars().skip(from).take(length).collect())
}

pub(crate) fn matches(args: &[Vector], n: usize, m: &mut Machine<'_>) -> Vector {
    let none = Vector::Texts(Values::One(NULL_ID));
    let texts = |i: usize| args.get(i).unwrap_or(&none).as_texts();
    let (input, wanted, flags) = (texts(0), texts(1), texts(2));
    let at = |ids: &[u32], i: usize| at(ids, i).unwrap_or(NULL_ID);
    let mut last: Option<((u32, u32), Option<Arc<Regex>>)> = None;
    let mut one = |i: usize| match (at(&input, i), at(&wanted, i)) {
        (UNKNOWN_ID, _) | (_, UNKNOWN_ID) => truth::UNKNOWN,
        (NULL_ID, _) | (_, NULL_ID) => truth::NULL,
        (input, wanted) => {
            let key = (wanted, at(&flags, i));
            let (_, pattern) = match last.take() {
                Some(same) if same.0 == key => last.insert(same),
                _ => last.insert((key, m.pattern(key.0, key.1))),
            };
            let of = |pattern: &Arc<Regex>| truth::of(pattern.is_match(m.text(input)));
            pattern.as_ref().map_or(truth::NULL, of)
        }
    };
    Vector::Bools((0..n).map(&mut one).collect())
}

pub(crate) fn mentions(
    texts: &[u32],
    phrases: &Vector,
    n: usize,
    m: &mut Machine<'_>,
) -> Values<u8> {
    let lists = match phrases {
        Vector::Texts(_) => aggregate::wrap(phrases),
        other => other.clone().into_lists(),
    };
    let ids = (*lists.items).clone().into_texts();
    let (distinct, numbers) = numbered(&ids);
    let sought = m.phrases(distinct);
    let phrase_at = |k: usize| ids.get(k).copied().unwrap_or(NULL_ID);
    let is_gap = |k: usize| lists.is_maybe(k) || phrase_at(k) == UNKNOWN_ID;
    let all_known = !ids.iter().any(|id| matches!(*id, NULL_ID | UNKNOWN_ID));
    // The same text often comes several times in a row, with other phrases.
    let (mut last, mut text, mut found) = (NULL_ID, NULL_ID, None);
    let one = |i: usize| match (at(texts, i).unwrap_or(NULL_ID), lists.state(i)) {
        (UNKNOWN_ID, _) | (_, truth::UNKNOWN) => truth::UNKNOWN,
        (NULL_ID, _) if lists.range(i).any(is_gap) => truth::UNKNOWN,
        (NULL_ID, _) | (_, truth::NULL) => truth::NULL,
        (id, _) => {
            if last != id {
                (last, text) = (id, m.lower_case(id));
                found = sought.all_in(m.text(text));
            }
            if all_known && found.as_ref().is_some_and(Vec::is_empty) {
                return truth::FALSE;
            }
            let holds = |number: usize| match &found {
                Some(found) => found.contains(&number),
                None => sought.is_in(m.text(text), number),
            };
            lists.range(i).fold(truth::FALSE, |held, k| {
                let test = match phrase_at(k) {
                    UNKNOWN_ID => truth::UNKNOWN,
                    NULL_ID => truth::NULL,
                    _ => truth::of(numbers.get(k).copied().is_some_and(holds)),
                };
                let test = if lists.is_maybe(k) && test != truth::FALSE {
                    truth::UNKNOWN
                } else {
                    test
                };
                truth::or(held, test)
            })
        }
    };
    (0..n).map(one).collect()
}

/// The different texts, and for each place the number of its text among them.
fn numbered(ids: &[u32]) -> (Vec<u32>, Vec<usize>) {
    let (mut distinct, mut numbers) = (Vec::new(), Vec::with_capacity(ids.len()));
    let mut known: Map<u32, usize> = Map::default();
    let mut next = 0;
    for &id in ids {
        // Lists are often one list again and again.
        if distinct.get(next) != Some(&id) {
            next = *known.entry(id).or_insert_with(|| {
                distinct.push(id);
                distinct.len() - 1
            });
        }
        numbers.push(next);
        next = if next + 1 < distinct.len() {
            next + 1
        } else {
            0
        };
    }
    (distinct, numbers)
}

/// Words that are sought in texts, in lower case.
#[derive(Debug)]
pub(crate) struct Phrases {
    words: Vec<String>,
    /// Finds all of them in one pass; of many, each is sought where it is asked for.
    finder: Option<AhoCorasick>,
}

impl Phrases {
    /// How many are sought in one pass, and how many bytes they have: what finds them takes memory for each byte.
    const AT_ONCE: (usize, usize) = (100, 2_000);

    pub(super) fn new<'w>(words: impl Iterator<Item = &'w str>) -> Self {
        let words: Vec<String> = words.map(|w| w.to_lowercase().trim().to_owned()).collect();
        let (most, most_bytes) = Self::AT_ONCE;
        let bytes: usize = words.iter().map(String::len).sum();
        let is_few = words.len() <= most && bytes <= most_bytes;
        Phrases {
            finder: is_few.then(|| finder_of(&words)).flatten(),
            words,
        }
    }

    /// The numbers of those that stand in a text of lower case; `None` where each must be asked for.
    fn all_in(&self, text: &str) -> Option<Vec<usize>> {
        let finder = self.finder.as_ref()?;
        if !finder.is_match(text) {
            return Some(Vec::new());
        }
        let hits = finder.find_overlapping_iter(text);
        let hits = hits.filter(|hit| is_phrase(text, hit.start(), hit.end()));
        Some(hits.map(|hit| hit.pattern().as_usize()).collect())
    }

    /// Whether that one stands in a text of lower case.
    fn is_in(&self, text: &str, number: usize) -> bool {
        let Some(words) = self.words.get(number) else {
            return false;
        };
        let finder = Finder::new(words);
        let mut from = 0;
        while let Some(at) = text
            .as_bytes()
            .get(from..)
            .and_then(|rest| finder.find(rest))
        {
            let start = from + at;
            if is_phrase(text, start, start + words.len()) {
                return true;
            }
            // One that has a letter beside it may cover the beginning of one that has none.
            from = start + 1;
        }
        false
    }
}

/// What finds words in one pass. The texts are short: looking for a rare letter first takes longer than looking at each.
fn finder_of(words: &[String]) -> Option<AhoCorasick> {
    AhoCorasick::builder().prefilter(false).build(words).ok()
}

/// Whether a part of a text holds something and has no letter or digit next to it.
fn is_phrase(text: &str, start: usize, end: usize) -> bool {
    let (before, after) = (text.get(..start), text.get(end..));
    let before = before.and_then(|text| text.chars().next_back());
    let after = after.and_then(|text| text.chars().next());
    let is_edge = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    start < end && is_edge(before) && is_edge(after)
}

pub(crate) fn to_text(of: &Vector, node: &Node, m: &mut Machine<'_>) -> Vector {
    let Kind::Call(_, args) = &node.kind else {
        return of.clone();
    };
    let ty = args.first().map_or(Ty::Null, |a| a.ty.clone());
    if is_figure(&ty) {
        return m.put_together(&[Part::Figures(of.as_nums())]);
    }
    let ids = (0..of.len()).map(|i| match m.value(of, i, &ty) {
        Value::Null => NULL_ID,
        value if has_unknown(&value) => UNKNOWN_ID,
        Value::Text(text) => m.intern(&text),
        Value::Date(date) => m.intern(&date.to_string()),
        other => m.intern(&value::feel(&without_zeros(other))),
    });
    Vector::Texts(ids.collect())
}

/// For so many texts at most is room made beforehand.
const MANY: usize = 1 << 12;

/// Whether a value of the type is written as a number.
fn is_figure(ty: &Ty) -> bool {
    matches!(ty, Ty::Num | Ty::Percent | Ty::Money)
}

/// A part of a text for every row.
enum Part<'v> {
    /// The same for all.
    Words(String),
    Texts(Cow<'v, [u32]>),
    /// Numbers, written without trailing zeros.
    Figures(Cow<'v, NumVec>),
}

impl Part<'_> {
    fn len(&self) -> usize {
        match self {
            Part::Words(_) => 1,
            Part::Texts(ids) => ids.len(),
            Part::Figures(nums) => nums.len(),
        }
    }

    /// Writes it for a row behind a text; or [`NULL_ID`] or [`UNKNOWN_ID`], where it is none.
    fn put(&self, i: usize, m: &Machine<'_>, text: &mut String) -> Result<(), u32> {
        match self {
            Part::Words(words) => text.push_str(words),
            Part::Texts(ids) => match at(ids, i).unwrap_or(NULL_ID) {
                id @ (NULL_ID | UNKNOWN_ID) => return Err(id),
                id => text.push_str(m.text(id)),
            },
            Part::Figures(nums) => match nums.at(i) {
                Num::Known(x) => value::push_plain(x, text),
                Num::Null => return Err(NULL_ID),
                Num::Between(..) | Num::Unknown => return Err(UNKNOWN_ID),
            },
        }
        Ok(())
    }
}

impl<'a> Machine<'a> {
    /// Two texts as one. What they are joined from themselves is put together at once, without the texts between.
    pub(super) fn join_texts(&mut self, a: &'a Node, b: &'a Node) -> Vector {
        let mut parts = Vec::new();
        self.parts_of(a, &mut parts);
        self.parts_of(b, &mut parts);
        let parts = parts.iter().map(|(is_figure, part)| {
            if *is_figure {
                return Part::Figures(part.as_nums());
            }
            let texts = part.as_texts();
            match *texts {
                [id] if !matches!(id, NULL_ID | UNKNOWN_ID) => {
                    Part::Words(self.text(id).to_owned())
                }
                _ => Part::Texts(texts),
            }
        });
        let parts: Vec<Part<'_>> = parts.collect();
        self.put_together(&parts)
    }

    /// What a text is joined from, and whether each is a figure. Evidence asks for every piece.
    fn parts_of(&mut self, node: &'a Node, parts: &mut Vec<(bool, Operand)>) {
        let is_asked_for = self.notebook.is_some();
        match &node.kind {
            _ if is_asked_for || !self.is_worked_out_here(node) => {}
            Kind::Arithmetic(_, a, b) => {
                self.parts_of(a, parts);
                self.parts_of(b, parts);
                return;
            }
            Kind::Call(Builtin::String, args) => {
                if let [figure] = &**args
                    && is_figure(&figure.ty)
                {
                    parts.push((true, self.operand(figure)));
                    return;
                }
            }
            _ => {}
        }
        parts.push((false, self.operand(node)));
    }

    /// Texts that are put together from parts: unknown where one of them is, else `null` where one is. What is joined counts as
    /// work by its length.
    fn put_together(&mut self, parts: &[Part<'_>]) -> Vector {
        let n = parts.iter().map(Part::len).fold(1, joint_len);
        let mut text = String::new();
        self.texts.reserve(n.min(MANY));
        let ids = (0..n).map(|i| {
            text.clear();
            let mut missing: Option<u32> = None;
            for part in parts {
                if let Err(id) = part.put(i, self, &mut text) {
                    // Of the two numbers that of an unknown text is the smaller.
                    missing = Some(missing.map_or(id, |other| other.min(id)));
                }
            }
            match missing {
                Some(id) => id,
                None if parts.len() == 1 || self.has_work_for(text.len()) => self.intern(&text),
                None => UNKNOWN_ID,
            }
        });
        Vector::Texts(ids.collect())
    }
}

/// Whether a value, or an item however deep in it, is unknown.
fn has_unknown(value: &Value) -> bool {
    match value {
        Value::Unknown { .. } => true,
        Value::List(items) => items.iter().any(has_unknown),
        _ => false,
    }
}

/// Numbers without trailing zeros: how many a number has depends on those that stand in its column.
fn without_zeros(value: Value) -> Value {
    match value {
        Value::Number(x) | Value::Percent(x) | Value::Money(x) => Value::Number(x.normalize()),
        Value::List(items) => Value::List(items.into_iter().map(without_zeros).collect()),
        other => other,
    }
}

pub(crate) fn date(args: &[Vector], n: usize, m: &Machine<'_>) -> Vector {
    if let [year, month, day] = args {
        let parts = [year, month, day].map(|v| v.clone().into_nums());
        let one = |i: usize| {
            let parts = [0, 1, 2].map(|p| parts.get(p).map_or(Num::Null, |v| v.at(i)));
            match parts {
                [Num::Known(y), Num::Known(m), Num::Known(d)] => {
                    let day = whole(y)
                        .zip(whole(m))
                        .zip(whole(d))
                        .and_then(|((y, m), d)| value::date(y, m, d));
                    day.map_or(Num::Null, |d| Num::Known(Decimal::from(value::to_days(d))))
                }
                parts
                    if parts
                        .iter()
                        .any(|p| matches!(p, Num::Unknown | Num::Between(..))) =>
                {
                    Num::Unknown
                }
                _ => Num::Null,
            }
        };
        return Vector::Nums((0..n).map(one).collect());
    }
    match args.first() {
        Some(Vector::Texts(ids)) => {
            let one = |id: &u32| match *id {
                UNKNOWN_ID => Num::Unknown,
                NULL_ID => Num::Null,
                id => parse_iso_date(m.text(id))
                    .map_or(Num::Null, |d| Num::Known(Decimal::from(value::to_days(d)))),
            };
            Vector::Nums(ids.iter().map(one).collect())
        }
        Some(other) => {
            let days = other.clone().into_nums();
            let one = |i: usize| match days.at(i) {
                Num::Between(..) => Num::Unknown,
                known => known,
            };
            Vector::Nums((0..days.len()).map(one).collect())
        }
        None => Vector::Nums(std::iter::once(Num::Null).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_phrases_and_many_are_found_alike() {
        let words = [
            "Dues",
            " gift card",
            "gift",
            "é",
            "new york",
            "york",
            "",
            "aa",
        ];
        let more: Vec<String> = (0..200).map(|n| format!("word{n}")).collect();
        let more = more.iter().map(String::as_str);
        let few = Phrases::new(words.into_iter());
        let many = Phrases::new(words.into_iter().chain(more));
        let long = "x".repeat(2_000);
        let wide = Phrases::new(words.into_iter().chain([long.as_str()]));
        assert!(few.finder.is_some() && many.finder.is_none() && wide.finder.is_none());
        for (text, wanted) in [
            ("the dues of a gift card", vec![0, 1, 2]),
            ("residues, gifts", vec![]),
            ("new york", vec![4, 5]),
            ("newyork new york york", vec![4, 5]),
            ("café é", vec![3]),
            ("aaa aa", vec![7]),
            ("aaa", vec![]),
            ("", vec![]),
        ] {
            let mut found = few.all_in(text).unwrap();
            found.sort_unstable();
            found.dedup();
            assert_eq!(found, wanted, "{text}");
            for number in 0..words.len() {
                let is_wanted = wanted.contains(&number);
                assert_eq!(many.is_in(text, number), is_wanted, "{text}: {number}");
            }
            assert!(!few.is_in(text, words.len()));
        }
    }

    #[test]
    fn texts_are_numbered_as_they_come() {
        let (distinct, numbers) = numbered(&[5, 7, 5, 7, 9, 5, 5, 9, 7]);
        assert_eq!(distinct, [5, 7, 9]);
        assert_eq!(numbers, [0, 1, 0, 1, 2, 0, 0, 2, 1]);
    }
}
