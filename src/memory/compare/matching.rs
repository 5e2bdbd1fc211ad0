//! Which row is which: by the key where both have it once, else by the same content, else by the closest content.
//!
//! The closest pair is taken first. How close two rows are does not rest on their order, and of equally close pairs the
//! one of the lesser content comes first, so that the order of rows decides nothing but which of two equal rows is meant.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Half;
use crate::hash::{Map, Set};
use crate::memory::key::{Key, values};
use crate::schema::{FieldId, Table};
use crate::value::Type;

/// How a row of one was found in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It is the only row of its table.
    Only,
    /// It has the same key.
    Key,
    /// It has the same content.
    Same,
    /// Its content is the closest: how much of it is the same, in thousandths.
    Closest(u32),
}

/// Which rows are which.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// The rows of both: the earlier row, the later row, and how they were found.
    pub(super) pairs: Vec<(usize, usize, How)>,
    /// There were too many rows left to compare each with each.
    pub(super) too_many: bool,
}

/// The most pairs of rows whose content is compared.
const MOST_PAIRS: usize = 4_000_000;

/// How close two rows must be to be the same row, in thousandths.
const CLOSE: u32 = 500;

/// How close they must be when their keys differ: then somebody gave the row another key.
const CLOSE_OF_OTHER_KEY: u32 = 600;

/// Which share of words two texts must have in common to be close at all, in thousandths.
const CLOSE_TEXTS: u64 = 300;

/// A row's cells by rank: equal where the cells hold the same.
struct Ranks {
    width: usize,
    of: Vec<u32>,
    /// How many rows there are.
    rows: usize,
}

impl Ranks {
    fn row(&self, row: usize) -> &[u32] {
        let from = row * self.width;
        self.of.get(from..from + self.width).unwrap_or_default()
    }
}

/// Pairs the rows of two tables by some fields, of which some are the key.
pub(super) fn pair(
    table: &Table,
    fields: &[FieldId],
    key: &[FieldId],
    (old, new): (Half<'_>, Half<'_>),
) -> Pairs {
    let mut found = Pairs::default();
    let (mut left_old, mut left_new) = (vec![true; old.rows.len()], vec![true; new.rows.len()]);
    for (a, b) in by_key(key, old, new) {
        take(&mut left_old, a);
        take(&mut left_new, b);
        found.pairs.push((a, b, How::Key));
    }
    let (ranks_old, ranks_new) = ranks(fields, old, new);
    for (a, b) in by_content(&ranks_old, &left_old, &ranks_new, &left_new) {
        take(&mut left_old, a);
        take(&mut left_new, b);
        found.pairs.push((a, b, How::Same));
    }
    let rows_left = |left: &[bool]| -> Vec<usize> {
        let rows = left.iter().enumerate();
        rows.filter(|(_, left)| **left)
            .map(|(row, _)| row)
            .collect()
    };
    let (a, b) = (rows_left(&left_old), rows_left(&left_new));
    if a.len().saturating_mul(b.len()) > MOST_PAIRS {
        found.too_many = true;
    } else if !a.is_empty() && !b.is_empty() {
        let closeness = Closeness::new(table, fields, key, (old, &ranks_old), (new, &ranks_new));
        found.pairs.extend(closeness.closest(&a, &b));
    }
    found.pairs.sort_unstable_by_key(|(a, b, _)| (*b, *a));
    found
}

fn take(left: &mut [bool], row: usize) {
    if let Some(left) = left.get_mut(row) {
        *left = false;
    }
}

/// The rows of a key that each side has once.
fn by_key(key: &[FieldId], old: Half<'_>, new: Half<'_>) -> Vec<(usize, usize)> {
    let (of_old, of_new) = (index(key, &old), index(key, &new));
    let pairs = of_old
        .iter()
        .filter_map(|(key, a)| match (a, of_new.get(key)?) {
            (Some(a), Some(b)) => Some((*a, *b)),
            _ => None,
        });
    pairs.collect()
}

/// The row of each key; `None` where several have it.
fn index<'a>(key: &[FieldId], half: &Half<'a>) -> BTreeMap<Vec<Key<'a>>, Option<usize>> {
    let mut index = BTreeMap::new();
    for row in 0..half.rows.len() {
        if let Some(key) = values(half.rows, row, key, half.texts) {
            index
                .entry(key)
                .and_modify(|row| *row = None)
                .or_insert(Some(row));
        }
    }
    index
}

/// The cells of both by rank. The rank of a cell is its place among all that either has, and so rests on no order of rows.
fn ranks(fields: &[FieldId], old: Half<'_>, new: Half<'_>) -> (Ranks, Ranks) {
    let (of_old, of_new) = (cells(fields, &old), cells(fields, &new));
    let mut all: Vec<Key<'_>> = of_old.iter().chain(&of_new).copied().collect();
    all.push(Key::Blank);
    all.sort_unstable();
    all.dedup();
    let rank = |key: &Key<'_>| {
        let at = all.binary_search(key).unwrap_or_default();
        u32::try_from(at).unwrap_or(u32::MAX)
    };
    let ranks = |cells: &[Key<'_>], rows: usize| Ranks {
        width: fields.len(),
        of: cells.iter().map(rank).collect(),
        rows,
    };
    (
        ranks(&of_old, old.rows.len()),
        ranks(&of_new, new.rows.len()),
    )
}

fn cells<'a>(fields: &[FieldId], half: &Half<'a>) -> Vec<Key<'a>> {
    let (rows, texts) = (half.rows, half.texts);
    let row = |row: usize| {
        let cells = fields.iter();
        cells.map(move |&field| Key::of(rows, row, field, texts))
    };
    (0..rows.len()).flat_map(row).collect()
}

/// The rows that hold the same, each with one of the other side, in the order of rows.
fn by_content(
    old: &Ranks,
    left_old: &[bool],
    new: &Ranks,
    left_new: &[bool],
) -> Vec<(usize, usize)> {
    let is_left = |left: &[bool], row: usize| left.get(row).copied().unwrap_or_default();
    let mut waiting: Map<&[u32], Vec<usize>> = Map::default();
    for row in (0..new.rows).rev().filter(|row| is_left(left_new, *row)) {
        waiting.entry(new.row(row)).or_default().push(row);
    }
    let rows = (0..old.rows).filter(|row| is_left(left_old, *row));
    rows.filter_map(|row| Some((row, waiting.get_mut(old.row(row))?.pop()?)))
        .collect()
}

/// How close rows are.
struct Closeness<'a> {
    old: &'a Ranks,
    new: &'a Ranks,
    /// Of each field what it tells: the more its values differ from row to row, the more.
    weights: Vec<u64>,
    /// The places of the key among the fields.
    key: Vec<usize>,
    /// The words of texts, by the rank of their cell.
    words: Map<u32, Vec<u32>>,
    /// The ranks of cells that hold a value.
    values: Set<u32>,
}

impl<'a> Closeness<'a> {
    fn new(
        table: &Table,
        fields: &[FieldId],
        key: &[FieldId],
        (old, ranks_old): (Half<'_>, &'a Ranks),
        (new, ranks_new): (Half<'_>, &'a Ranks),
    ) -> Self {
        let mut closeness = Closeness {
            old: ranks_old,
            new: ranks_new,
            weights: Vec::new(),
            key: Vec::new(),
            words: Map::default(),
            values: Set::default(),
        };
        let mut known = Map::default();
        for (half, ranks) in [(old, ranks_old), (new, ranks_new)] {
            closeness.learn(table, fields, (half, ranks), &mut known);
        }
        let places = fields.iter().enumerate();
        closeness.key = places
            .filter(|(_, field)| key.contains(field))
            .map(|(at, _)| at)
            .collect();
        closeness.weights = (0..fields.len())
            .map(|at| {
                closeness
                    .weight(ranks_old, at)
                    .max(closeness.weight(ranks_new, at))
            })
            .collect();
        closeness
    }

    /// Notes which cells hold a value, and the words of texts.
    fn learn<'t>(
        &mut self,
        table: &Table,
        fields: &[FieldId],
        (half, ranks): (Half<'t>, &Ranks),
        known: &mut Map<&'t str, u32>,
    ) {
        for row in 0..ranks.rows {
            for (&field, &rank) in fields.iter().zip(ranks.row(row)) {
                let cell = Key::of(half.rows, row, field, half.texts);
                if !cell.is_value() || !self.values.insert(rank) {
                    continue;
                }
                let is_text = table.fields.get(field).is_some_and(|f| f.ty == Type::Text);
                if let (Key::Text(text), true) = (cell, is_text) {
                    let words = text.split_whitespace().map(|word| {
                        let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                        *known.entry(word).or_insert(next)
                    });
                    let mut words: Vec<u32> = words.collect();
                    words.sort_unstable();
                    self.words.insert(rank, words);
                }
            }
        }
    }

    /// How many different values a field has for each thousand that it has.
    fn weight(&self, ranks: &Ranks, field: usize) -> u64 {
        let cells = (0..ranks.rows).filter_map(|row| ranks.row(row).get(field));
        let held: Vec<u32> = cells
            .copied()
            .filter(|rank| self.values.contains(rank))
            .collect();
        let mut different = held.clone();
        different.sort_unstable();
        different.dedup();
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let share = (count(different.len()) * 1000).checked_div(count(held.len()));
        share.unwrap_or_default()
    }

    /// The closest pairs of some rows, the closest first.
    fn closest(&self, old: &[usize], new: &[usize]) -> Vec<(usize, usize, How)> {
        let pairs = old.iter().flat_map(|&a| new.iter().map(move |&b| (a, b)));
        let mut close: Vec<(u32, usize, usize)> = pairs
            .filter_map(|(a, b)| Some((self.of(a, b)?, a, b)))
            .collect();
        let content = |a: usize, b: usize| {
            let (a, b) = (self.old.row(a), self.new.row(b));
            if a <= b { (a, b) } else { (b, a) }
        };
        close.sort_unstable_by(|x, y| {
            let order = |(close, a, b): (u32, usize, usize)| {
                (Reverse(close), content(a, b), (a.min(b), a.max(b)))
            };
            order(*x).cmp(&order(*y))
        });
        let (mut taken_old, mut taken_new) = (Set::default(), Set::default());
        let mut pairs = Vec::new();
        for (close, a, b) in close {
            if !taken_old.contains(&a) && !taken_new.contains(&b) {
                taken_old.insert(a);
                taken_new.insert(b);
                pairs.push((a, b, How::Closest(close)));
            }
        }
        pairs
    }

    /// How close two rows are, in thousandths; `None` where that is not close enough.
    fn of(&self, a: usize, b: usize) -> Option<u32> {
        let (a, b) = (self.old.row(a), self.new.row(b));
        let is_value = |rank: Option<&u32>| rank.is_some_and(|rank| self.values.contains(rank));
        let other_key = self
            .key
            .iter()
            .any(|&at| is_value(a.get(at)) && is_value(b.get(at)) && a.get(at) != b.get(at));
        let (mut whole, mut same) = (0_u64, 0_u64);
        let cells = a.iter().zip(b).zip(&self.weights).enumerate();
        for (at, ((a, b), weight)) in cells {
            let counts = self.values.contains(a) || self.values.contains(b);
            if !counts || (other_key && self.key.contains(&at)) {
                continue;
            }
            whole += weight * 1000;
            same += weight * if a == b { 1000 } else { self.common(*a, *b) };
        }
        let close = (same * 1000).checked_div(whole)?;
        let close = u32::try_from(close).unwrap_or(1000);
        let least = if other_key { CLOSE_OF_OTHER_KEY } else { CLOSE };
        (close >= least).then_some(close)
    }

    /// Which share of their words two texts have in common, in thousandths.
    fn common(&self, a: u32, b: u32) -> u64 {
        let Some((a, b)) = self.words.get(&a).zip(self.words.get(&b)) else {
            return 0;
        };
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let both = count(in_both(a, b));
        let share = (2000 * both).checked_div(count(a.len() + b.len()));
        share.filter(|share| *share >= CLOSE_TEXTS).unwrap_or(0)
    }
}

/// How many words two sorted lists have in common.
fn in_both(mut a: &[u32], mut b: &[u32]) -> usize {
    let mut both = 0;
    while let ([x, rest_a @ ..], [y, rest_b @ ..]) = (a, b) {
        both += usize::from(x == y);
        if x <= y {
            a = rest_a;
        }
        if y <= x {
            b = rest_b;
        }
    }
    both
}
