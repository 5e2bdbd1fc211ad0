//! Functions of lists: what they give for every list of a set, with uncertain items taken both in and out.

use std::cmp::Ordering;

use super::ast::BinaryOp;
use super::equality::{Seen, equal};
use super::eval::Machine;
use super::vector::{
    ListVec, NULL_ID, Num, NumVec, UNKNOWN_ID, Vector, is_unknown_at, one, quotient, truth,
};
use crate::hash::Set;
use crate::table::{Nums, Values};
use crate::value::Decimal;

/// So few items are looked through faster than they are hashed.
const FEW: usize = 8;

/// Each value as a list of its own.
pub(crate) fn wrap(v: &Vector) -> ListVec {
    ListVec {
        offsets: (0..=v.len()).collect(),
        items: Box::new(v.clone()),
        maybe: None,
        states: None,
    }
}

/// What a missing list gives, if this one is missing.
fn missing(lists: &ListVec, i: usize) -> Option<Num> {
    match lists.state(i) {
        truth::TRUE => None,
        truth::NULL => Some(Num::Null),
        _ => Some(Num::Unknown),
    }
}

pub(crate) fn count(lists: &ListVec) -> NumVec {
    if lists.is_sure() {
        let lengths =
            (0..lists.len()).map(|i| i64::try_from(lists.range(i).len()).unwrap_or(i64::MAX));
        return NumVec::known(Nums::Int {
            v: lengths.collect(),
            scale: 0,
        });
    }
    let one = |i: usize| {
        if let Some(gap) = missing(lists, i) {
            return gap;
        }
        let range = lists.range(i);
        let all = range.len();
        let maybe = range.filter(|&k| lists.is_maybe(k)).count();
        let (all, sure) = (Decimal::from(all), Decimal::from(all - maybe));
        if maybe == 0 {
            Num::Known(all)
        } else {
            Num::Between(sure, all)
        }
    };
    (0..lists.len()).map(one).collect()
}

/// The items of lists as whole numbers of so many decimal places, where all are known and surely belong.
fn scaled<'n>(lists: &ListVec, numbers: &'n NumVec) -> Option<(&'n [i64], u32)> {
    match &numbers.lows {
        Nums::Int { v, scale } if numbers.all_known() && lists.is_sure() => Some((v, *scale)),
        _ => None,
    }
}

pub(crate) fn sum(lists: &ListVec) -> NumVec {
    let numbers = lists.items.as_nums();
    if let Some((v, scale)) = scaled(lists, &numbers) {
        let total = |i: usize| {
            let items = v.get(lists.range(i)).unwrap_or_default().iter();
            let sum: i128 = items.map(|&x| i128::from(x)).sum();
            Decimal::try_from_i128_with_scale(sum, scale).map_or(Num::Null, Num::Known)
        };
        return (0..lists.len()).map(total).collect();
    }
    let total = |i: usize| {
        if let Some(gap) = missing(lists, i) {
            return gap;
        }
        let add = |total: Num, k: usize| {
            one(
                BinaryOp::Add,
                total,
                if lists.is_maybe(k) {
                    or_zero(numbers.at(k))
                } else {
                    numbers.at(k)
                },
            )
        };
        lists.range(i).fold(Num::Known(Decimal::ZERO), add)
    };
    (0..lists.len()).map(total).collect()
}

/// A number that may or may not be there.
fn or_zero(x: Num) -> Num {
    match x {
        Num::Known(x) => Num::Between(x.min(Decimal::ZERO), x.max(Decimal::ZERO)),
        Num::Between(low, high) => Num::Between(low.min(Decimal::ZERO), high.max(Decimal::ZERO)),
        Num::Null | Num::Unknown => Num::Unknown,
    }
}

pub(crate) fn mean(lists: &ListVec) -> NumVec {
    let sums = sum(lists);
    let one = |i: usize| match sums.at(i) {
        // An item that may not belong would leave the sum between bounds; of no items there is no quotient.
        Num::Known(total) => {
            quotient(total, Decimal::from(lists.range(i).len())).map_or(Num::Null, Num::Known)
        }
        Num::Null => Num::Null,
        _ => Num::Unknown,
    };
    (0..lists.len()).map(one).collect()
}

/// The least or the greatest item.
pub(crate) fn extreme(lists: &ListVec, greatest: bool, m: &Machine<'_>) -> Vector {
    match &*lists.items {
        Vector::Texts(ids) => Vector::Texts(
            (0..lists.len())
                .map(|i| extreme_text(lists, ids, i, greatest, m))
                .collect(),
        ),
        items => {
            let numbers = items.as_nums();
            if let Some((v, scale)) = scaled(lists, &numbers) {
                let one = |i: usize| {
                    let items = v.get(lists.range(i)).unwrap_or_default().iter();
                    let found = if greatest { items.max() } else { items.min() };
                    found.map_or(Num::Null, |x| Num::Known(Decimal::new(*x, scale)))
                };
                return Vector::Nums((0..lists.len()).map(one).collect());
            }
            let one = |i: usize| extreme_number(lists, &numbers, i, greatest);
            Vector::Nums((0..lists.len()).map(one).collect())
        }
    }
}

fn extreme_text(lists: &ListVec, ids: &[u32], i: usize, greatest: bool, m: &Machine<'_>) -> u32 {
    match missing(lists, i) {
        Some(Num::Null) => return NULL_ID,
        Some(_) => return UNKNOWN_ID,
        None => {}
    }
    let range = lists.range(i);
    let items = ids.get(range.clone()).unwrap_or_default();
    if items.contains(&UNKNOWN_ID) || range.clone().any(|k| lists.is_maybe(k)) {
        return UNKNOWN_ID;
    }
    if items.contains(&NULL_ID) {
        return NULL_ID;
    }
    let wanted = if greatest {
        Ordering::Greater
    } else {
        Ordering::Less
    };
    let better = |best: u32, id: u32| {
        if m.text(id).cmp(m.text(best)) == wanted {
            id
        } else {
            best
        }
    };
    items.iter().copied().reduce(better).unwrap_or(NULL_ID)
}

fn extreme_number(lists: &ListVec, numbers: &NumVec, i: usize, greatest: bool) -> Num {
    if let Some(gap) = missing(lists, i) {
        return gap;
    }
    let pick = |a: Decimal, b: Decimal| if greatest { a.max(b) } else { a.min(b) };
    // The bound on the far side counts every item, the near one only those that surely belong.
    let (mut far, mut near): (Option<Decimal>, Option<Decimal>) = (None, None);
    let (mut null, mut unknown) = (false, false);
    for k in lists.range(i) {
        let (low, high) = match numbers.at(k) {
            Num::Known(x) => (x, x),
            Num::Between(low, high) => (low, high),
            Num::Null => {
                null = true;
                continue;
            }
            Num::Unknown => {
                unknown = true;
                continue;
            }
        };
        let (out, inner) = if greatest { (high, low) } else { (low, high) };
        far = Some(far.map_or(out, |far| pick(far, out)));
        if !lists.is_maybe(k) {
            near = Some(near.map_or(inner, |near| pick(near, inner)));
        }
    }
    match (far, near) {
        _ if unknown => Num::Unknown,
        _ if null
            && lists
                .range(i)
                .any(|k| lists.is_maybe(k) || matches!(numbers.at(k), Num::Between(..))) =>
        {
            Num::Unknown
        }
        _ if null => Num::Null,
        (None, _) => Num::Null,
        (Some(far), Some(near)) if far == near => Num::Known(far),
        (Some(far), Some(near)) if greatest => Num::Between(near, far),
        (Some(far), Some(near)) => Num::Between(far, near),
        (Some(_), None) => Num::Unknown,
    }
}

/// `all`: false by one item that surely belongs, true when every item is.
pub(crate) fn every(lists: &ListVec) -> Values<u8> {
    decided(lists, truth::FALSE, truth::TRUE)
}

/// `any`: true by one item that surely belongs, false when every item is.
pub(crate) fn some(lists: &ListVec) -> Values<u8> {
    decided(lists, truth::TRUE, truth::FALSE)
}

/// For each list of truth values what one of them decides, else what all others come to.
fn decided(lists: &ListVec, decides: u8, otherwise: u8) -> Values<u8> {
    let tests = lists.items.as_bools();
    let one = |i: usize| {
        let range = lists.range(i);
        let test = |k: usize| match tests.get(k).copied().unwrap_or(truth::NULL) {
            test if lists.is_maybe(k) && test != otherwise => truth::UNKNOWN,
            test => test,
        };
        // Without a branch, so that many are looked at at once.
        let found = |(found, unknown): (u8, u8), test: u8| {
            (found | test, unknown | u8::from(test == truth::UNKNOWN))
        };
        let (found, unknown) = match tests.get(range.clone()) {
            Some(tests) if lists.maybe.is_none() => tests.iter().copied().fold((0, 0), found),
            _ => range.map(test).fold((0, 0), found),
        };
        match lists.state(i) {
            truth::TRUE if found & decides != 0 => decides,
            truth::TRUE if unknown != 0 => truth::UNKNOWN,
            truth::TRUE if found & truth::NULL != 0 => truth::NULL,
            truth::TRUE => otherwise,
            other => other,
        }
    };
    (0..lists.len()).map(one).collect()
}

fn fold(lists: &ListVec, i: usize, start: u8, step: impl Fn(u8, usize) -> u8) -> u8 {
    match lists.state(i) {
        truth::TRUE => lists.range(i).fold(start, step),
        other => other,
    }
}

/// `list contains`: true by one item that surely belongs and equals, false when every item differs.
pub(crate) fn contains(lists: &ListVec, value: &Vector, n: usize) -> Values<u8> {
    if let Some(found) = contains_text(lists, value, n) {
        return found;
    }
    let one = |i: usize| {
        if lists.state(i) == truth::NULL && is_unknown_at(value, i) {
            return truth::UNKNOWN;
        }
        fold(lists, i, truth::FALSE, |any, k| {
            let same = equal(&lists.items, k, value, i);
            let same = if lists.is_maybe(k) && same != truth::FALSE {
                truth::UNKNOWN
            } else {
                same
            };
            truth::or(any, same)
        })
    };
    (0..n).map(one).collect()
}

/// The same for one list of texts that are all known, sought many times.
fn contains_text(lists: &ListVec, value: &Vector, n: usize) -> Option<Values<u8>> {
    let (Vector::Texts(items), Vector::Texts(values)) = (&*lists.items, value) else {
        return None;
    };
    let plain = lists.len() == 1 && lists.maybe.is_none() && lists.state(0) == truth::TRUE;
    if n < 8 || !plain || items.contains(&UNKNOWN_ID) {
        return None;
    }
    if values.len() != n {
        return None;
    }
    if items.len() > FEW {
        let known: Set<u32> = items.iter().copied().collect();
        let one = |id: &u32| match *id {
            UNKNOWN_ID => truth::UNKNOWN,
            id => truth::of(known.contains(&id)),
        };
        return Some(values.iter().map(one).collect());
    }
    let mut found = Values::repeat(truth::FALSE, n);
    for item in items {
        // Without a branch, several values are compared at once.
        for (found, id) in found.iter_mut().zip(values) {
            *found = if id == item { truth::TRUE } else { *found };
        }
    }
    if !items.is_empty() && values.contains(&UNKNOWN_ID) {
        for (found, _) in found
            .iter_mut()
            .zip(values)
            .filter(|(_, id)| **id == UNKNOWN_ID)
        {
            *found = truth::UNKNOWN;
        }
    }
    Some(found)
}

/// Each value once, in the order of first appearance; unknown when an item is.
pub(crate) fn distinct(lists: &ListVec) -> Vector {
    let (mut offsets, mut keep, mut states) = (vec![0], Vec::new(), Vec::new());
    for i in 0..lists.len() {
        let range = lists.range(i);
        let mut seen = Seen::of(range.len());
        let first = keep.len();
        let mut state = lists.state(i);
        for k in range.clone() {
            let new = seen.insert(&lists.items, k).or_else(|| {
                let kept: &[usize] = keep.get(first..).unwrap_or_default();
                let same = kept.iter().fold(truth::FALSE, |any, &j| {
                    truth::or(any, equal(&lists.items, j, &lists.items, k))
                });
                (same != truth::UNKNOWN
                    && equal(&lists.items, k, &lists.items, k) != truth::UNKNOWN)
                    .then_some(same == truth::FALSE)
            });
            match new {
                Some(true) => keep.push(k),
                Some(false) => {}
                None => state = truth::UNKNOWN,
            }
        }
        if range.clone().any(|k| lists.is_maybe(k)) && state == truth::TRUE {
            state = truth::UNKNOWN;
        }
        if state != truth::TRUE {
            keep.truncate(first);
        }
        offsets.push(keep.len());
        states.push(state);
    }
    Vector::Lists(ListVec {
        offsets,
        items: Box::new(lists.items.gather(&keep)),
        maybe: None,
        states: states
            .iter()
            .any(|&s| s != truth::TRUE)
            .then(|| states.into()),
    })
}

/// The items of several lists, one list behind the other.
pub(crate) fn concatenate(parts: &[ListVec], n: usize) -> Vector {
    let vectors: Vec<Vector> = parts.iter().map(|p| (*p.items).clone()).collect();
    let mut starts = vec![0];
    for v in &vectors {
        starts.push(starts.last().copied().unwrap_or(0) + v.len());
    }
    let pool = Vector::concat(&vectors);
    let (mut offsets, mut take, mut maybe, mut states) =
        (vec![0], Vec::new(), Vec::new(), Vec::new());
    for i in 0..n {
        let state = parts
            .iter()
            .fold(truth::TRUE, |all, p| truth::and(all, p.state(i)));
        for (part, start) in parts.iter().zip(&starts).filter(|_| state == truth::TRUE) {
            for k in part.range(i) {
                take.push(start + k);
                maybe.push(part.is_maybe(k));
            }
        }
        offsets.push(take.len());
        states.push(state);
    }
    Vector::Lists(ListVec {
        offsets,
        items: Box::new(pool.gather(&take)),
        maybe: maybe.contains(&true).then_some(maybe),
        states: states
            .iter()
            .any(|&s| s != truth::TRUE)
            .then(|| states.into()),
    })
}
