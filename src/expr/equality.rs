//! When two values are the same, and which of many are.

use super::ast::BinaryOp;
use super::vector::{
    ListVec, NULL_ID, Num, NumVec, UNKNOWN_ID, Vector, at, compare_one, is_null_at, is_unknown_at,
    truth,
};
use crate::hash::Set;
use crate::table::Nums;
use crate::value::Decimal;

/// Whether two vectors hold equal values at `i` and `j`.
pub(crate) fn equal(a: &Vector, i: usize, b: &Vector, j: usize) -> u8 {
    match (a, b) {
        (Vector::Nums(a), Vector::Nums(b)) => compare_one(BinaryOp::Equal, a.at(i), b.at(j)),
        (Vector::Texts(a), Vector::Texts(b)) | (Vector::Rows(_, a), Vector::Rows(_, b)) => {
            match (at(a, i).unwrap_or(NULL_ID), at(b, j).unwrap_or(NULL_ID)) {
                (UNKNOWN_ID, _) | (_, UNKNOWN_ID) => truth::UNKNOWN,
                (a, b) => truth::of(a == b),
            }
        }
        (Vector::Bools(a), Vector::Bools(b)) => {
            match (
                at(a, i).unwrap_or(truth::NULL),
                at(b, j).unwrap_or(truth::NULL),
            ) {
                (truth::UNKNOWN, _) | (_, truth::UNKNOWN) => truth::UNKNOWN,
                (a, b) => truth::of(a == b),
            }
        }
        (Vector::Lists(a), Vector::Lists(b)) => equal_lists(a, i, b, j),
        // Of two types only when one side is a `null` without a type.
        _ if is_unknown_at(a, i) || is_unknown_at(b, j) => truth::UNKNOWN,
        _ => truth::of(is_null_at(a, i) && is_null_at(b, j)),
    }
}

fn equal_lists(a: &ListVec, i: usize, b: &ListVec, j: usize) -> u8 {
    match (a.state(i), b.state(j)) {
        (truth::UNKNOWN, _) | (_, truth::UNKNOWN) => return truth::UNKNOWN,
        (truth::NULL, other) | (other, truth::NULL) => return truth::of(other == truth::NULL),
        _ => {}
    }
    let (x, y) = (a.range(i), b.range(j));
    if x.clone().any(|k| a.is_maybe(k)) || y.clone().any(|k| b.is_maybe(k)) {
        return truth::UNKNOWN;
    }
    if x.len() != y.len() {
        return truth::FALSE;
    }
    x.zip(y).fold(truth::TRUE, |all, (k, l)| {
        truth::and(all, equal(&a.items, k, &b.items, l))
    })
}

/// A set of the values of one vector, for telling them apart by hashing.
#[derive(Default)]
pub(crate) struct Seen {
    numbers: Set<Decimal>,
    /// Numbers of texts and rows, truth values, and numbers in the places of their column.
    ids: Set<i64>,
    /// The last of those: many a column has the same value row after row.
    last: Option<i64>,
    null: bool,
}

impl Seen {
    /// None, and room for so many.
    pub(crate) fn of(values: usize) -> Self {
        let mut seen = Seen::default();
        seen.ids.reserve(values);
        seen
    }

    fn add(&mut self, id: i64) -> bool {
        self.last != Some(id) && {
            self.last = Some(id);
            self.ids.insert(id)
        }
    }

    /// Whether the value at `i` is new; `None` when hashing cannot tell.
    pub(crate) fn insert(&mut self, v: &Vector, i: usize) -> Option<bool> {
        match v {
            Vector::Nums(NumVec {
                lows: Nums::Int { v, .. },
                states: None,
                ..
            }) => at(v, i).map(|x| self.add(x)),
            Vector::Nums(v) => match v.at(i) {
                Num::Known(x) => Some(self.numbers.insert(x.normalize())),
                Num::Null => Some(!std::mem::replace(&mut self.null, true)),
                _ => None,
            },
            Vector::Texts(v) | Vector::Rows(_, v) => at(v, i)
                .filter(|id| *id != UNKNOWN_ID)
                .map(|id| self.add(i64::from(id))),
            Vector::Bools(v) => at(v, i)
                .filter(|b| *b != truth::UNKNOWN)
                .map(|b| self.add(i64::from(b))),
            Vector::Lists(_) => None,
        }
    }
}
