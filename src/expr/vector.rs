//! The values of a piece of an expression for a whole set of rows at once: exact numbers between bounds, truth in four
//! states, texts by number, rows and lists.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::ast::BinaryOp;
use crate::schema::TableId;
use crate::table::{Nums, Values};
use crate::value::Decimal;

/// Truth in four states: surely true, surely false, `null`, and unknown.
pub(crate) mod truth {
    /// Surely true.
    pub(crate) const TRUE: u8 = 1;
    /// Surely false.
    pub(crate) const FALSE: u8 = 2;
    /// FEEL's `null`.
    pub(crate) const NULL: u8 = 4;
    /// Not known.
    pub(crate) const UNKNOWN: u8 = 0;

    pub(crate) fn of(b: bool) -> u8 {
        if b { TRUE } else { FALSE }
    }

    /// False when either is; else unknown when either is; else `null` when either is; else true.
    pub(crate) fn and(a: u8, b: u8) -> u8 {
        match ((a | b) & FALSE, a, b) {
            (FALSE, ..) => FALSE,
            (_, UNKNOWN, _) | (_, _, UNKNOWN) => UNKNOWN,
            _ => {
                if (a | b) & NULL == 0 {
                    TRUE
                } else {
                    NULL
                }
            }
        }
    }

    /// True when either is; else unknown when either is; else `null` when either is; else false.
    pub(crate) fn or(a: u8, b: u8) -> u8 {
        not(and(not(a), not(b)))
    }

    pub(crate) fn not(a: u8) -> u8 {
        match a {
            TRUE => FALSE,
            FALSE => TRUE,
            other => other,
        }
    }
}

/// One number: what is known of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Num {
    Known(Decimal),
    Null,
    /// Unknown, between two bounds.
    Between(Decimal, Decimal),
    Unknown,
}

const VALUE: u8 = 0;
const NULL: u8 = 1;
const BETWEEN: u8 = 2;
const UNKNOWN: u8 = 3;

/// Numbers of a set of rows. Without `states` all are known; without `highs` none lies between bounds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NumVec {
    pub(crate) lows: Nums,
    pub(crate) highs: Option<Nums>,
    pub(crate) states: Option<Values<u8>>,
}

impl NumVec {
    /// The same numbers without their signs, where all are scaled integers without bounds.
    pub(crate) fn abs(&self) -> Option<NumVec> {
        let (Nums::Int { v, scale }, None) = (&self.lows, &self.highs) else {
            return None;
        };
        let v = v
            .iter()
            .map(|x| x.checked_abs())
            .collect::<Option<Vec<_>>>()?;
        Some(NumVec {
            lows: Nums::Int {
                v: v.into_iter().collect(),
                scale: *scale,
            },
            highs: None,
            states: self.states.clone(),
        })
    }

    /// Whether none of them has more decimal places.
    pub(crate) fn fits_in(&self, places: i64) -> bool {
        let fits =
            |nums: &Nums| matches!(nums, Nums::Int { scale, .. } if i64::from(*scale) <= places);
        fits(&self.lows) && self.highs.as_ref().is_none_or(fits)
    }

    /// What is known of one number.
    pub(crate) fn one(number: Num) -> Self {
        let (low, high, state) = Self::parts(number);
        NumVec {
            lows: Nums::one(low),
            highs: (state == BETWEEN).then(|| Nums::one(high)),
            states: (state != VALUE).then_some(Values::One(state)),
        }
    }

    fn parts(number: Num) -> (Decimal, Decimal, u8) {
        match number {
            Num::Known(x) => (x, x, VALUE),
            Num::Null => (Decimal::ZERO, Decimal::ZERO, NULL),
            Num::Between(low, high) => (low, high, BETWEEN),
            Num::Unknown => (Decimal::ZERO, Decimal::ZERO, UNKNOWN),
        }
    }

    pub(crate) fn known(lows: Nums) -> Self {
        NumVec {
            lows,
            highs: None,
            states: None,
        }
    }

    /// Numbers of which some are `null`.
    pub(crate) fn with_nulls(lows: Nums, is_null: impl Iterator<Item = bool>) -> Self {
        NumVec {
            lows,
            highs: None,
            states: Some(
                is_null
                    .map(|null| if null { NULL } else { VALUE })
                    .collect(),
            ),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lows.len()
    }

    /// The number at `i`; a vector of one stands for every row.
    pub(crate) fn at(&self, i: usize) -> Num {
        let i = if self.len() == 1 { 0 } else { i };
        match self
            .states
            .as_ref()
            .and_then(|s| s.get(i))
            .copied()
            .unwrap_or(VALUE)
        {
            VALUE => Num::Known(self.lows.get(i)),
            NULL => Num::Null,
            BETWEEN => match &self.highs {
                Some(highs) => Num::Between(self.lows.get(i), highs.get(i)),
                None => Num::Unknown,
            },
            _ => Num::Unknown,
        }
    }

    fn state(&self, i: usize) -> u8 {
        self.states
            .as_ref()
            .and_then(|s| s.get(if s.len() == 1 { 0 } else { i }))
            .copied()
            .unwrap_or(VALUE)
    }

    /// Whether every number is a value or `null`.
    fn is_plain(&self) -> bool {
        self.states
            .as_ref()
            .is_none_or(|s| s.iter().all(|&s| s <= NULL))
    }

    pub(crate) fn all_known(&self) -> bool {
        self.states.is_none()
    }
}

impl FromIterator<Num> for NumVec {
    fn from_iter<I: IntoIterator<Item = Num>>(numbers: I) -> Self {
        let mut numbers = numbers.into_iter();
        if numbers.size_hint() == (1, Some(1))
            && let Some(number) = numbers.next()
        {
            return NumVec::one(number);
        }
        let mut lows = Nums::with_capacity(numbers.size_hint().0);
        // Most are values, and nearly none lies between bounds.
        let (mut highs, mut states): (Option<Nums>, Option<Vec<u8>>) = (None, None);
        for number in numbers {
            let (low, high, state) = Self::parts(number);
            if state == BETWEEN && highs.is_none() {
                highs = Some(lows.clone());
            }
            if state != VALUE && states.is_none() {
                states = Some(vec![VALUE; lows.len()]);
            }
            lows.push(low);
            if let Some(highs) = &mut highs {
                highs.push(high);
            }
            if let Some(states) = &mut states {
                states.push(state);
            }
        }
        NumVec {
            lows,
            highs,
            states: states.map(Values::from),
        }
    }
}

/// The number of a text that is `null`.
pub(crate) const NULL_ID: u32 = u32::MAX;
/// The number of a text or row that is unknown.
pub(crate) const UNKNOWN_ID: u32 = u32::MAX - 1;

/// Lists of a set of rows, laid end to end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ListVec {
    /// Where each list begins, and the end of the last.
    pub(crate) offsets: Vec<usize>,
    pub(crate) items: Box<Vector>,
    /// Items that may or may not belong to their list.
    pub(crate) maybe: Option<Vec<bool>>,
    /// Lists that are `null` or unknown.
    pub(crate) states: Option<Values<u8>>,
}

impl ListVec {
    pub(crate) fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether all lists are there, and of each item it is known whether it belongs.
    pub(crate) fn is_sure(&self) -> bool {
        self.maybe.is_none() && self.states.is_none()
    }

    /// The items of list `i`; a vector of one stands for every row.
    pub(crate) fn range(&self, i: usize) -> std::ops::Range<usize> {
        let i = if self.len() == 1 { 0 } else { i };
        match (self.offsets.get(i), self.offsets.get(i.saturating_add(1))) {
            (Some(&from), Some(&to)) => from..to,
            _ => 0..0,
        }
    }

    pub(crate) fn is_maybe(&self, item: usize) -> bool {
        self.maybe
            .as_ref()
            .is_some_and(|m| m.get(item).copied().unwrap_or(false))
    }

    /// `TRUE` for a list, `NULL` or `UNKNOWN` for none.
    pub(crate) fn state(&self, i: usize) -> u8 {
        let at = |s: &Values<u8>| s.get(if s.len() == 1 { 0 } else { i }).copied();
        self.states.as_ref().and_then(at).unwrap_or(truth::TRUE)
    }
}

/// The values of a piece of an expression. A vector of length one stands for every row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Vector {
    Bools(Values<u8>),
    Nums(NumVec),
    Texts(Values<u32>),
    Rows(TableId, Values<u32>),
    Lists(ListVec),
}

impl Default for Vector {
    fn default() -> Self {
        Vector::Bools(Values::new())
    }
}

impl Vector {
    pub(crate) fn len(&self) -> usize {
        match self {
            Vector::Bools(v) => v.len(),
            Vector::Nums(v) => v.len(),
            Vector::Texts(v) | Vector::Rows(_, v) => v.len(),
            Vector::Lists(v) => v.len(),
        }
    }

    /// Lets copies hold the same memory.
    pub(crate) fn share(&mut self) {
        match self {
            Vector::Bools(v) => v.share(),
            Vector::Nums(v) => {
                v.lows.share();
                v.states.iter_mut().for_each(Values::share);
            }
            Vector::Texts(v) | Vector::Rows(_, v) => v.share(),
            Vector::Lists(v) => v.items.share(),
        }
    }

    /// How many values it holds, those in its lists included.
    pub(crate) fn size(&self) -> usize {
        match self {
            Vector::Lists(lists) => lists.len() + lists.items.size(),
            other => other.len(),
        }
    }

    /// As truth values; what is no truth value is `null`.
    pub(crate) fn into_bools(self) -> Values<u8> {
        match self {
            Vector::Bools(v) => v,
            other => Values::repeat(truth::NULL, other.len()),
        }
    }

    /// Which values are unknown, of a vector that holds no values of a type of its own.
    fn gaps(&self) -> impl Iterator<Item = bool> {
        (0..self.len()).map(|i| is_unknown_at(self, i))
    }

    /// As numbers, where they stand.
    pub(crate) fn as_nums(&self) -> Cow<'_, NumVec> {
        match self {
            Vector::Nums(v) => Cow::Borrowed(v),
            other => Cow::Owned(other.clone().into_nums()),
        }
    }

    /// As numbers of texts, where they stand.
    pub(crate) fn as_texts(&self) -> Cow<'_, [u32]> {
        match self {
            Vector::Texts(v) => Cow::Borrowed(v),
            other => Cow::Owned(other.clone().into_texts().to_vec()),
        }
    }

    /// As truth values, where they stand.
    pub(crate) fn as_bools(&self) -> Cow<'_, [u8]> {
        match self {
            Vector::Bools(v) => Cow::Borrowed(v),
            other => Cow::Owned(vec![truth::NULL; other.len()]),
        }
    }

    /// As lists, where they stand.
    pub(crate) fn as_lists(&self) -> Cow<'_, ListVec> {
        match self {
            Vector::Lists(v) => Cow::Borrowed(v),
            other => Cow::Owned(other.clone().into_lists()),
        }
    }

    /// As numbers; `null` of any type is the number `null`.
    pub(crate) fn into_nums(self) -> NumVec {
        let number = |unknown| if unknown { Num::Unknown } else { Num::Null };
        match self {
            Vector::Nums(v) => v,
            other => other.gaps().map(number).collect(),
        }
    }

    /// As numbers of texts.
    pub(crate) fn into_texts(self) -> Values<u32> {
        let id = |unknown| if unknown { UNKNOWN_ID } else { NULL_ID };
        match self {
            Vector::Texts(v) => v,
            other => other.gaps().map(id).collect(),
        }
    }

    /// As lists.
    pub(crate) fn into_lists(self) -> ListVec {
        let state = |unknown| {
            if unknown { truth::UNKNOWN } else { truth::NULL }
        };
        match self {
            Vector::Lists(v) => v,
            other => ListVec {
                offsets: vec![0; other.len() + 1],
                items: Box::new(Vector::Bools(Values::new())),
                maybe: None,
                states: Some(other.gaps().map(state).collect()),
            },
        }
    }

    /// The values at `rows`, in that order.
    pub(crate) fn gather<P: Place>(&self, rows: &[P]) -> Vector {
        match self {
            Vector::Bools(v) => Vector::Bools(picked(v, rows, truth::NULL)),
            Vector::Nums(v) => Vector::Nums(NumVec {
                lows: gather_nums(&v.lows, rows),
                highs: v.highs.as_ref().map(|h| gather_nums(h, rows)),
                states: v.states.as_ref().map(|s| picked(s, rows, NULL)),
            }),
            Vector::Texts(v) => Vector::Texts(picked(v, rows, NULL_ID)),
            Vector::Rows(table, v) => Vector::Rows(*table, picked(v, rows, NULL_ID)),
            Vector::Lists(v) => Vector::Lists(gather_lists(v, rows)),
        }
    }

    /// The same values for `n` rows: a vector of one is repeated.
    pub(crate) fn expand(self, n: usize) -> Vector {
        match self {
            all if all.len() == n => all,
            Vector::Bools(v) => {
                Vector::Bools(Values::repeat(v.first().copied().unwrap_or(truth::NULL), n))
            }
            Vector::Texts(v) => {
                Vector::Texts(Values::repeat(v.first().copied().unwrap_or(NULL_ID), n))
            }
            other => other.gather(&vec![0_u32; n]),
        }
    }

    /// Vectors of one type laid end to end.
    pub(crate) fn concat(parts: &[Vector]) -> Vector {
        let typed = parts
            .iter()
            .find(|p| !matches!(p, Vector::Bools(_)))
            .or_else(|| parts.first());
        match typed {
            None | Some(Vector::Bools(_)) => {
                Vector::Bools(parts.iter().flat_map(|p| p.clone().into_bools()).collect())
            }
            Some(Vector::Nums(_)) => Vector::Nums(concat_plain(parts).unwrap_or_else(|| {
                let numbers = parts.iter().flat_map(|part| {
                    let v = part.clone().into_nums();
                    (0..v.len()).map(move |i| v.at(i)).collect::<Vec<_>>()
                });
                numbers.collect()
            })),
            Some(Vector::Texts(_)) => {
                Vector::Texts(parts.iter().flat_map(|p| p.clone().into_texts()).collect())
            }
            Some(Vector::Rows(table, _)) => {
                let rows = parts.iter().flat_map(|p| match p {
                    Vector::Rows(_, v) => v.clone(),
                    other => Values::repeat(NULL_ID, other.len()),
                });
                Vector::Rows(*table, rows.collect())
            }
            Some(Vector::Lists(_)) => Vector::Lists(concat_lists(parts)),
        }
    }
}

/// Of two vectors that stand for `n` rows the values of one where a test is true, of the other elsewhere; `None` where that
/// takes more care.
pub(crate) fn choose(test: &[u8], yes: &Vector, no: &Vector, n: usize) -> Option<Vector> {
    fn each<T: Copy>(test: &[u8], yes: &[T], no: &[T], n: usize) -> Option<Values<T>> {
        let pick = |i: usize| match at(test, i)? {
            truth::TRUE => at(yes, i),
            _ => at(no, i),
        };
        (0..n).map(pick).collect()
    }
    match (yes, no) {
        (Vector::Bools(yes), Vector::Bools(no)) => each(test, yes, no, n).map(Vector::Bools),
        (Vector::Texts(yes), Vector::Texts(no)) => each(test, yes, no, n).map(Vector::Texts),
        (Vector::Nums(yes), Vector::Nums(no)) if yes.all_known() && no.all_known() => {
            let (Nums::Int { v: a, scale }, Nums::Int { v: b, scale: own }) = (&yes.lows, &no.lows)
            else {
                return None;
            };
            // As if they were laid end to end: those of the first have their places.
            let up = 10_i64.checked_pow(scale.checked_sub(*own)?)?;
            let v = each(test, a, &times(b, up)?, n)?;
            Some(Vector::Nums(NumVec::known(Nums::Int { v, scale: *scale })))
        }
        _ => None,
    }
}

/// The same of numbers that are all scaled integers without bounds, in as many places as their values need.
fn concat_plain(parts: &[Vector]) -> Option<NumVec> {
    let plain = |part| match part {
        &Vector::Nums(NumVec {
            lows: Nums::Int { ref v, scale },
            highs: None,
            ref states,
        }) => Some((&**v, scale, states.as_deref())),
        _ => None,
    };
    let parts: Vec<(&[i64], u32, Option<&[u8]>)> =
        parts.iter().map(plain).collect::<Option<_>>()?;
    let is_value =
        |states: Option<&[u8]>, i: usize| states.is_none_or(|s| s.get(i) == Some(&VALUE));
    let mut parts_held = parts.iter().filter(|(v, ..)| !v.is_empty());
    let first = parts_held
        .next()
        .filter(|(.., states)| is_value(*states, 0));
    let mut scale = first.map_or(0, |(_, scale, _)| *scale);
    for (v, own, states) in &parts {
        let values = v.iter().enumerate().filter(|(i, _)| is_value(*states, *i));
        let needed = values.map(|(_, x)| places_needed(*x, *own, scale));
        scale = if *own > scale {
            needed.fold(scale, u32::max)
        } else {
            scale
        };
    }
    let n = parts.iter().map(|(v, ..)| v.len()).sum();
    let mut all = Vec::with_capacity(n);
    for (v, own, states) in &parts {
        let up = 10_i64.pow(scale.saturating_sub(*own));
        let down = 10_i64.pow(own.saturating_sub(scale));
        for (i, x) in v.iter().enumerate() {
            let x = if is_value(*states, i) { *x } else { 0 };
            all.push((x / down).checked_mul(up)?);
        }
    }
    let has_states = parts.iter().any(|(.., states)| states.is_some());
    let states = parts.iter().flat_map(|(v, _, states)| match states {
        Some(states) => states.to_vec(),
        None => vec![VALUE; v.len()],
    });
    Some(NumVec {
        lows: Nums::Int {
            v: all.into(),
            scale,
        },
        highs: None,
        states: has_states.then(|| states.collect()),
    })
}

/// In how many places, and no fewer than `least`, a number can be written that is held in `scale` of them.
fn places_needed(mut x: i64, mut scale: u32, least: u32) -> u32 {
    while scale > least && x % 10 == 0 {
        (x, scale) = (x / 10, scale - 1);
    }
    scale
}

fn concat_lists(parts: &[Vector]) -> ListVec {
    let lists: Vec<ListVec> = parts.iter().map(|p| p.clone().into_lists()).collect();
    let (mut offsets, mut maybe, mut states) = (vec![0], Vec::new(), Vec::new());
    let mut end = 0;
    for list in &lists {
        for i in 0..list.len() {
            end += list.range(i).len();
            offsets.push(end);
            states.push(list.state(i));
        }
        let first = list.offsets.first().copied().unwrap_or(0);
        let last = list.offsets.last().copied().unwrap_or(0);
        maybe.extend((first..last).map(|item| list.is_maybe(item)));
    }
    let items: Vec<Vector> = lists.iter().map(|l| (*l.items).clone()).collect();
    ListVec {
        offsets,
        items: Box::new(Vector::concat(&items)),
        maybe: maybe.contains(&true).then_some(maybe),
        states: states
            .iter()
            .any(|&s| s != truth::TRUE)
            .then(|| states.into()),
    }
}

/// The number of a row or an item, as a place in a vector.
pub(crate) trait Place: Copy {
    fn place(self) -> usize;
}

impl Place for usize {
    fn place(self) -> usize {
        self
    }
}

impl Place for u32 {
    fn place(self) -> usize {
        usize::try_from(self).unwrap_or(usize::MAX)
    }
}

/// The values at places; beyond the end `none`.
fn picked<T: Copy, P: Place>(values: &[T], places: &[P], none: T) -> Values<T> {
    let at = |place: &P| values.get(place.place()).copied().unwrap_or(none);
    places.iter().map(at).collect()
}

fn gather_nums<P: Place>(nums: &Nums, rows: &[P]) -> Nums {
    match nums {
        Nums::Int { v, scale } => Nums::Int {
            v: picked(v, rows, 0),
            scale: *scale,
        },
        Nums::Dec(v) => Nums::Dec(picked(v, rows, Decimal::ZERO).into_iter().collect()),
    }
}

fn gather_lists<P: Place>(lists: &ListVec, rows: &[P]) -> ListVec {
    let mut offsets = Vec::with_capacity(rows.len() + 1);
    let sizes = rows.iter().map(|row| lists.range(row.place()).len());
    let mut items = Vec::with_capacity(sizes.sum());
    offsets.push(0);
    for row in rows {
        items.extend(lists.range(row.place()));
        offsets.push(items.len());
    }
    ListVec {
        offsets,
        maybe: lists
            .maybe
            .is_some()
            .then(|| items.iter().map(|&i| lists.is_maybe(i)).collect()),
        items: Box::new(lists.items.gather(&items)),
        states: lists
            .states
            .is_some()
            .then(|| rows.iter().map(|row| lists.state(row.place())).collect()),
    }
}

pub(crate) fn at<T: Copy>(v: &[T], i: usize) -> Option<T> {
    v.get(if v.len() == 1 { 0 } else { i }).copied()
}

/// Lists with only the items that are wanted.
pub(crate) fn keep_items(lists: &ListVec, wanted: impl Fn(&usize) -> bool) -> ListVec {
    let mut offsets = Vec::with_capacity(lists.offsets.len());
    let mut keep = Vec::with_capacity(lists.items.len());
    offsets.push(0);
    for i in 0..lists.len() {
        keep.extend(lists.range(i).filter(&wanted));
        offsets.push(keep.len());
    }
    ListVec {
        offsets,
        maybe: lists
            .maybe
            .is_some()
            .then(|| keep.iter().map(|&k| lists.is_maybe(k)).collect()),
        items: Box::new(lists.items.gather(&keep)),
        states: lists.states.clone(),
    }
}

/// Whether the value at `i` is unknown.
pub(crate) fn is_unknown_at(v: &Vector, i: usize) -> bool {
    let i = if v.len() == 1 { 0 } else { i };
    match v {
        Vector::Bools(v) => v.get(i) == Some(&truth::UNKNOWN),
        Vector::Nums(v) => matches!(v.at(i), Num::Unknown | Num::Between(..)),
        Vector::Texts(v) | Vector::Rows(_, v) => v.get(i) == Some(&UNKNOWN_ID),
        Vector::Lists(v) => v.state(i) == truth::UNKNOWN,
    }
}

/// Whether the value at `i` is `null`.
pub(crate) fn is_null_at(v: &Vector, i: usize) -> bool {
    let i = if v.len() == 1 { 0 } else { i };
    match v {
        Vector::Bools(v) => v.get(i).is_none_or(|&b| b == truth::NULL),
        Vector::Nums(v) => v.at(i) == Num::Null,
        Vector::Texts(v) | Vector::Rows(_, v) => v.get(i).is_none_or(|&id| id == NULL_ID),
        Vector::Lists(v) => v.state(i) == truth::NULL,
    }
}

/// Which values are `null`.
pub(crate) fn are_null(v: &Vector) -> Values<u8> {
    let by_id = |id: &u32| match *id {
        UNKNOWN_ID => truth::UNKNOWN,
        id => truth::of(id == NULL_ID),
    };
    let by_truth = |t: u8| match t {
        truth::UNKNOWN => truth::UNKNOWN,
        t => truth::of(t == truth::NULL),
    };
    match v {
        Vector::Bools(v) => v.iter().map(|t| by_truth(*t)).collect(),
        Vector::Nums(v) => match &v.states {
            None => Values::repeat(truth::FALSE, v.len()),
            Some(states) => states.iter().map(|s| by_state(*s)).collect(),
        },
        Vector::Texts(ids) | Vector::Rows(_, ids) => ids.iter().map(by_id).collect(),
        Vector::Lists(v) => (0..v.len()).map(|i| by_truth(v.state(i))).collect(),
    }
}

/// Whether a number of that state is `null`.
fn by_state(state: u8) -> u8 {
    match state {
        VALUE => truth::FALSE,
        NULL => truth::TRUE,
        _ => truth::UNKNOWN,
    }
}

/// How many rows two vectors stand for together.
pub(crate) fn joint_len(a: usize, b: usize) -> usize {
    if a == 1 { b } else { a }
}

/// What a function gives for each row of two sets of values; of a set of one its value stands for every row.
pub(crate) fn for_pairs<A: Copy, B: Copy, C>(
    a: &[A],
    b: &[B],
    of: impl Fn(A, B) -> C,
) -> Values<C> {
    match (a, b) {
        (&[a], b) => b.iter().map(|&b| of(a, b)).collect(),
        (a, &[b]) => a.iter().map(|&a| of(a, b)).collect(),
        (a, b) => a.iter().zip(b).map(|(&a, &b)| of(a, b)).collect(),
    }
}

/// `+ - * /` of two sets of numbers.
pub(crate) fn arithmetic(op: BinaryOp, a: &NumVec, b: &NumVec) -> NumVec {
    if op != BinaryOp::Divide
        && a.is_plain()
        && b.is_plain()
        && let Some(lows) = int_arithmetic(op, &a.lows, &b.lows)
    {
        let n = lows.len();
        let states = (a.states.is_some() || b.states.is_some())
            .then(|| (0..n).map(|i| a.state(i).max(b.state(i))).collect());
        return NumVec {
            lows,
            highs: None,
            states,
        };
    }
    (0..joint_len(a.len(), b.len()))
        .map(|i| one(op, a.at(i), b.at(i)))
        .collect()
}

/// Scaled integers under `+ - *`, while they fit; `None` when one does not.
fn int_arithmetic(op: BinaryOp, a: &Nums, b: &Nums) -> Option<Nums> {
    let (Nums::Int { v: x, scale: p }, Nums::Int { v: y, scale: q }) = (a, b) else {
        return None;
    };
    let n = joint_len(x.len(), y.len());
    let at = |v: &[i64], i: usize| {
        v.get(if v.len() == 1 { 0 } else { i })
            .copied()
            .unwrap_or(0)
    };
    let (scale, up_x, up_y) = match op {
        BinaryOp::Multiply => (p + q, 1, 1),
        _ => {
            let scale = *p.max(q);
            (
                scale,
                10_i64.checked_pow(scale - p)?,
                10_i64.checked_pow(scale - q)?,
            )
        }
    };
    if scale > 12 {
        return None;
    }
    let mut v = Vec::with_capacity(n);
    for i in 0..n {
        let (x, y) = (at(x, i).checked_mul(up_x)?, at(y, i).checked_mul(up_y)?);
        v.push(match op {
            BinaryOp::Add => x.checked_add(y)?,
            BinaryOp::Subtract => x.checked_sub(y)?,
            _ => x.checked_mul(y)?,
        });
    }
    Some(Nums::Int { v: v.into(), scale })
}

/// A quotient, without zeros at its end that neither number has.
pub(crate) fn quotient(a: Decimal, b: Decimal) -> Option<Decimal> {
    let mut quotient = a.checked_div(b)?.normalize();
    let places = a.scale().saturating_sub(b.scale());
    quotient.rescale(places.max(quotient.scale()));
    Some(quotient)
}

fn checked(op: BinaryOp, a: Decimal, b: Decimal) -> Option<Decimal> {
    match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Subtract => a.checked_sub(b),
        BinaryOp::Multiply => a.checked_mul(b),
        _ => quotient(a, b),
    }
}

/// `+ - * /` of two numbers. Beyond the range of decimals a known result is `null`, one between bounds unknown.
pub(crate) fn one(op: BinaryOp, a: Num, b: Num) -> Num {
    let ((a_low, a_high), (b_low, b_high)) = match (a, b) {
        (Num::Unknown, _) | (_, Num::Unknown) => return Num::Unknown,
        (Num::Null, Num::Between(..)) | (Num::Between(..), Num::Null) => return Num::Unknown,
        (Num::Null, _) | (_, Num::Null) => return Num::Null,
        (Num::Known(x), Num::Known(y)) => return checked(op, x, y).map_or(Num::Null, Num::Known),
        (Num::Known(x), Num::Between(low, high)) => ((x, x), (low, high)),
        (Num::Between(low, high), Num::Known(y)) => ((low, high), (y, y)),
        (Num::Between(low, high), Num::Between(low2, high2)) => ((low, high), (low2, high2)),
    };
    if op == BinaryOp::Divide && b_low <= Decimal::ZERO && b_high >= Decimal::ZERO {
        return Num::Unknown;
    }
    let corners = match op {
        BinaryOp::Add => [
            checked(op, a_low, b_low),
            checked(op, a_high, b_high),
            None,
            None,
        ],
        BinaryOp::Subtract => [
            checked(op, a_low, b_high),
            checked(op, a_high, b_low),
            None,
            None,
        ],
        _ => [
            checked(op, a_low, b_low),
            checked(op, a_low, b_high),
            checked(op, a_high, b_low),
            checked(op, a_high, b_high),
        ],
    };
    let wanted = if matches!(op, BinaryOp::Add | BinaryOp::Subtract) {
        2
    } else {
        4
    };
    let found: Vec<Decimal> = corners.into_iter().take(wanted).flatten().collect();
    match (found.iter().min(), found.iter().max()) {
        (Some(low), Some(high)) if found.len() == wanted => Num::Between(*low, *high),
        _ => Num::Unknown,
    }
}

/// Applies a function that never turns back (rounding up or down a slope) to a number and to both bounds.
pub(crate) fn monotone(x: Num, f: impl Fn(Decimal) -> Option<Decimal>) -> Num {
    match x {
        Num::Known(x) => f(x).map_or(Num::Null, Num::Known),
        Num::Between(low, high) => match (f(low), f(high)) {
            (Some(low), Some(high)) => Num::Between(low.min(high), high.max(low)),
            _ => Num::Unknown,
        },
        other => other,
    }
}

/// A comparison of two sets of numbers.
pub(crate) fn compare(op: BinaryOp, a: &NumVec, b: &NumVec) -> Values<u8> {
    let n = joint_len(a.len(), b.len());
    let (Nums::Int { v: x, scale: p }, Nums::Int { v: y, scale: q }) = (&a.lows, &b.lows) else {
        return (0..n).map(|i| compare_one(op, a.at(i), b.at(i))).collect();
    };
    let at = |v: &[i64], i: usize| {
        v.get(if v.len() == 1 { 0 } else { i })
            .copied()
            .unwrap_or(0)
    };
    let scale = *p.max(q);
    let aligned = in_places(x, scale - p).zip(in_places(y, scale - q));
    let (up_x, up_y) = (10_i128.pow(scale - p), 10_i128.pow(scale - q));
    let order = |i: usize| match &aligned {
        Some((x, y)) => at(x, i).cmp(&at(y, i)),
        None => (i128::from(at(x, i)) * up_x).cmp(&(i128::from(at(y, i)) * up_y)),
    };
    let [less, same, greater] =
        [Ordering::Less, Ordering::Equal, Ordering::Greater].map(|o| truth::of(holds(op, o)));
    let answer = |order: Ordering| match order {
        Ordering::Less => less,
        Ordering::Equal => same,
        Ordering::Greater => greater,
    };
    let known = |i: usize| answer(order(i));
    if a.all_known() && b.all_known() {
        return match &aligned {
            Some((x, y)) => for_pairs(x, y, |x, y| answer(x.cmp(&y))),
            None => (0..n).map(known).collect(),
        };
    }
    let one = |i: usize| match (a.state(i), b.state(i)) {
        (VALUE, VALUE) => known(i),
        (NULL, NULL) => null_comparison(op, true),
        (VALUE, NULL) | (NULL, VALUE) => null_comparison(op, false),
        _ => compare_one(op, a.at(i), b.at(i)),
    };
    (0..n).map(one).collect()
}

/// Scaled integers in so many more places, where they fit.
fn in_places(v: &[i64], more: u32) -> Option<Cow<'_, [i64]>> {
    if more == 0 {
        return Some(Cow::Borrowed(v));
    }
    times(v, 10_i64.checked_pow(more)?).map(Cow::Owned)
}

/// Each number so many times, where they all fit.
fn times(v: &[i64], by: i64) -> Option<Vec<i64>> {
    // How many they are is known, though not whether they fit.
    let mut all = Vec::with_capacity(v.len());
    for x in v {
        all.push(x.checked_mul(by)?);
    }
    Some(all)
}

/// Whether an order satisfies a comparison.
pub(crate) fn holds(op: BinaryOp, order: Ordering) -> bool {
    match op {
        BinaryOp::Equal => order.is_eq(),
        BinaryOp::NotEqual => order.is_ne(),
        BinaryOp::Less => order.is_lt(),
        BinaryOp::LessEqual => order.is_le(),
        BinaryOp::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// A comparison of two numbers: surely true or false when the bounds decide it.
pub(crate) fn compare_one(op: BinaryOp, a: Num, b: Num) -> u8 {
    let ((a_low, a_high), (b_low, b_high)) = match (a, b) {
        (Num::Unknown | Num::Between(..), Num::Null)
        | (Num::Null, Num::Unknown | Num::Between(..)) => {
            return truth::UNKNOWN;
        }
        (Num::Unknown, _) | (_, Num::Unknown) => return truth::UNKNOWN,
        (Num::Null, Num::Null) => return null_comparison(op, true),
        (Num::Null, _) | (_, Num::Null) => return null_comparison(op, false),
        (Num::Known(x), Num::Known(y)) => return truth::of(holds(op, x.cmp(&y))),
        (Num::Known(x), Num::Between(low, high)) => ((x, x), (low, high)),
        (Num::Between(low, high), Num::Known(y)) => ((low, high), (y, y)),
        (Num::Between(low, high), Num::Between(low2, high2)) => ((low, high), (low2, high2)),
    };
    match op {
        BinaryOp::Equal | BinaryOp::NotEqual => {
            let equal = if a_high < b_low || b_high < a_low {
                truth::FALSE
            } else if a_low == a_high && b_low == b_high {
                truth::TRUE
            } else {
                truth::UNKNOWN
            };
            if op == BinaryOp::Equal {
                equal
            } else {
                truth::not(equal)
            }
        }
        BinaryOp::Less => decide(a_high < b_low, a_low >= b_high),
        BinaryOp::LessEqual => decide(a_high <= b_low, a_low > b_high),
        BinaryOp::Greater => decide(a_low > b_high, a_high <= b_low),
        _ => decide(a_low >= b_high, a_high < b_low),
    }
}

fn decide(surely: bool, never: bool) -> u8 {
    match (surely, never) {
        (true, _) => truth::TRUE,
        (_, true) => truth::FALSE,
        _ => truth::UNKNOWN,
    }
}

/// FEEL's comparison with `null`: `=` and `!=` answer, an order is `null`.
fn null_comparison(op: BinaryOp, both: bool) -> u8 {
    match op {
        BinaryOp::Equal => truth::of(both),
        BinaryOp::NotEqual => truth::of(!both),
        _ => truth::NULL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(x: i64) -> Decimal {
        Decimal::from(x)
    }

    #[test]
    fn plain_numbers_are_laid_end_to_end_as_all_are() {
        use proptest::prelude::*;
        let number = (-300_i64..300, 0_u32..4, 0..5);
        let number = number.prop_map(|(x, scale, kind)| match kind {
            0 => Num::Null,
            1 => Num::Unknown,
            _ => Num::Known(Decimal::new(x * 10, scale)),
        });
        let part = prop::collection::vec(number, 0..4);
        proptest!(|(parts in prop::collection::vec(part, 1..4))| {
            let numbers: Vec<Num> = parts.concat();
            let parts: Vec<Vector> = parts
                .into_iter()
                .map(|part| Vector::Nums(part.into_iter().collect()))
                .collect();
            let plain = concat_plain(&parts).unwrap();
            let slow: NumVec = numbers.into_iter().collect();
            prop_assert_eq!(&plain.lows, &slow.lows);
            let state = |v: &NumVec| (0..v.len()).map(|i| v.at(i)).collect::<Vec<_>>();
            prop_assert_eq!(state(&plain), state(&slow));
        });
    }

    #[test]
    fn what_is_chosen_is_as_if_both_were_laid_end_to_end() {
        let nums = |x: &[i64], scale: u32| {
            let numbers = x.iter().map(|x| Decimal::new(*x, scale));
            Vector::Nums(NumVec::known(numbers.collect()))
        };
        let test = [truth::TRUE, truth::FALSE, truth::NULL];
        for (yes, no) in [
            (nums(&[150, 25, 301], 2), nums(&[0], 0)),
            (nums(&[1], 1), nums(&[2, 4, 6], 1)),
            (
                Vector::Texts(vec![1, 2, 3].into()),
                Vector::Texts(Values::One(9)),
            ),
            (
                Vector::Bools(Values::One(truth::TRUE)),
                Vector::Bools(Values::One(truth::FALSE)),
            ),
        ] {
            let both = [yes.clone().expand(3), no.clone().expand(3)];
            let wanted = Vector::concat(&both).gather(&[0_usize, 4, 5]);
            assert_eq!(choose(&test, &yes, &no, 3), Some(wanted));
        }
        let odd = Vector::Nums([Num::Known(d(1)), Num::Null].into_iter().collect());
        assert_eq!(choose(&test, &odd, &nums(&[0], 0), 3), None);
        assert_eq!(choose(&test, &nums(&[0], 0), &nums(&[15], 1), 3), None);
        let large = nums(&[i64::MAX], 0);
        assert_eq!(choose(&test, &nums(&[10], 1), &large, 3), None);
    }

    #[test]
    fn bounds_decide_what_they_can() {
        let blank = Num::Between(d(0), d(100));
        assert_eq!(
            compare_one(BinaryOp::LessEqual, blank, Num::Known(d(100))),
            truth::TRUE
        );
        assert_eq!(
            compare_one(BinaryOp::Greater, blank, Num::Known(d(100))),
            truth::FALSE
        );
        assert_eq!(
            compare_one(BinaryOp::Less, blank, Num::Known(d(100))),
            truth::UNKNOWN
        );
        assert_eq!(compare_one(BinaryOp::Equal, blank, blank), truth::UNKNOWN);
        assert_eq!(
            compare_one(BinaryOp::Equal, blank, Num::Null),
            truth::UNKNOWN
        );
        assert_eq!(
            one(BinaryOp::Multiply, blank, Num::Known(d(-2))),
            Num::Between(d(-200), d(0))
        );
        assert_eq!(one(BinaryOp::Divide, Num::Known(d(1)), blank), Num::Unknown);
    }

    #[test]
    fn unknown_wins_over_null_and_false_over_both() {
        assert_eq!(truth::and(truth::UNKNOWN, truth::NULL), truth::UNKNOWN);
        assert_eq!(truth::and(truth::UNKNOWN, truth::FALSE), truth::FALSE);
        assert_eq!(truth::and(truth::TRUE, truth::NULL), truth::NULL);
        assert_eq!(truth::or(truth::NULL, truth::TRUE), truth::TRUE);
        assert_eq!(truth::or(truth::FALSE, truth::NULL), truth::NULL);
    }

    #[test]
    fn the_size_of_lists_counts_them_and_their_items() {
        let lists = Vector::Lists(ListVec {
            offsets: vec![0, 2, 3],
            items: Box::new(Vector::Texts(vec![1, 2, 3].into())),
            maybe: None,
            states: None,
        });
        assert_eq!(lists.size(), 5);
    }

    #[test]
    fn figures_of_unlike_places_are_compared_by_what_they_are() {
        let figures = [
            Decimal::new(150, 2),
            d(2),
            Decimal::new(15, 1),
            Decimal::new(-5, 3),
            d(i64::MAX / 4),
            Decimal::new(i64::MAX, 1),
            Decimal::new(1, 10),
            d(0),
            Decimal::new(200, 2),
        ];
        let one = |x: Decimal| NumVec::known(std::iter::once(x).collect());
        for (x, y) in figures.iter().flat_map(|x| figures.map(|y| (*x, y))) {
            for op in [BinaryOp::Less, BinaryOp::Equal, BinaryOp::GreaterEqual] {
                let told = compare(op, &one(x), &one(y));
                assert_eq!(*told, [truth::of(holds(op, x.cmp(&y)))], "{x} {op:?} {y}");
            }
        }
    }

    #[test]
    fn integers_and_decimals_agree() {
        let a = NumVec::known([d(5), Decimal::new(25, 1)].into_iter().collect());
        let b = NumVec::known([Decimal::new(2, 2)].into_iter().collect());
        let product = arithmetic(BinaryOp::Multiply, &a, &b);
        assert_eq!(product.at(0), Num::Known(Decimal::new(1, 1)));
        assert_eq!(product.at(1), Num::Known(Decimal::new(5, 2)));
    }
}
