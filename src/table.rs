//! Typed columns, the five states of a cell, and where each came from; under submissions and reference tables alike.

mod values;

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashTable;

pub use self::values::Values;
use crate::schema::{FieldId, Table};
use crate::value::{Decimal, Type, from_days};

/// What a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// It holds a value.
    Value,
    /// Nothing stands there.
    Blank,
    /// It is marked as not applicable.
    NotApplicable,
    /// It is marked as suppressed.
    Suppressed,
    /// Something stands there that cannot be read; a diagnostic says what.
    Unreadable,
}

impl State {
    /// Whether one of them is such. Nothing stops at the first, so that many are looked at at once: most columns have none.
    pub(crate) fn any(states: &[State], is: impl Fn(State) -> bool) -> bool {
        states.iter().fold(0, |any, &s| any | u8::from(is(s))) != 0
    }
}

/// One cell on its way into a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Nothing stands there.
    Blank,
    /// Marked as not applicable.
    NotApplicable,
    /// Marked as suppressed.
    Suppressed,
    /// Cannot be read.
    Unreadable,
    /// A number, an amount, a share, a year, or the days of a date since 1970-01-01.
    Number(Decimal),
    /// Yes or no.
    Bool(bool),
    /// A text or a code.
    Text(&'a str),
}

impl Cell<'_> {
    /// What the cell is.
    pub fn state(&self) -> State {
        match self {
            Cell::Blank => State::Blank,
            Cell::NotApplicable => State::NotApplicable,
            Cell::Suppressed => State::Suppressed,
            Cell::Unreadable => State::Unreadable,
            Cell::Number(_) | Cell::Bool(_) | Cell::Text(_) => State::Value,
        }
    }
}

/// A column of exact numbers: scaled 64-bit integers while they fit, decimals otherwise.
#[derive(Debug, Clone, PartialEq)]
pub enum Nums {
    /// Each number times ten to the power of `scale`.
    Int {
        /// The scaled numbers.
        v: Values<i64>,
        /// The number of decimal places.
        scale: u32,
    },
    /// Decimals.
    Dec(Vec<Decimal>),
}

/// The most decimal places that scaled integers keep: 10¹² with six places fits 64 bits.
const MAX_SCALE: u32 = 6;

impl Nums {
    /// An empty column.
    pub fn new() -> Self {
        Nums::Int {
            v: Values::new(),
            scale: 0,
        }
    }

    /// An empty column with room for so many numbers.
    pub(crate) fn with_capacity(numbers: usize) -> Self {
        let mut nums = Nums::new();
        if let Nums::Int { v, .. } = &mut nums {
            v.reserve(numbers);
        }
        nums
    }

    /// One number.
    pub fn one(x: Decimal) -> Self {
        if x.scale() <= MAX_SCALE
            && let Ok(mantissa) = i64::try_from(x.mantissa())
        {
            return Nums::Int {
                v: Values::One(mantissa),
                scale: x.scale(),
            };
        }
        let mut nums = Nums::new();
        nums.push(x);
        nums
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        match self {
            Nums::Int { v, .. } => v.len(),
            Nums::Dec(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number at `i`; zero beyond the end.
    pub fn get(&self, i: usize) -> Decimal {
        match self {
            Nums::Int { v, scale } => v.get(i).map_or(Decimal::ZERO, |&x| Decimal::new(x, *scale)),
            Nums::Dec(v) => v.get(i).copied().unwrap_or_default(),
        }
    }

    /// Adds a number at the end, widening the column where it must.
    pub fn push(&mut self, x: Decimal) {
        if let Nums::Int { v, scale } = self {
            if x.scale() == *scale
                && let Ok(same) = i64::try_from(x.mantissa())
            {
                v.push(same);
                return;
            }
            if v.is_empty() && x.scale() <= MAX_SCALE {
                *scale = x.scale();
            }
            if let Some(scaled) = scaled(x, *scale) {
                v.push(scaled);
                return;
            }
            let wanted = x.normalize().scale();
            if wanted <= MAX_SCALE && wanted > *scale && rescale(v, wanted - *scale) {
                *scale = wanted;
                if let Some(scaled) = scaled(x, *scale) {
                    v.push(scaled);
                    return;
                }
            }
            let (v, scale) = (std::mem::take(v), *scale);
            *self = Nums::Dec(v.into_iter().map(|n| Decimal::new(n, scale)).collect());
        }
        if let Nums::Dec(v) = self {
            v.push(x);
        }
    }
}

impl Nums {
    /// Lets copies hold the same memory.
    pub(crate) fn share(&mut self) {
        if let Nums::Int { v, .. } = self {
            v.share();
        }
    }

    /// Adds a number at the end, of so many decimal places.
    fn push_scaled(&mut self, x: i64, places: u32) {
        match self {
            Nums::Int { v, scale } if *scale == places => v.push(x),
            _ => self.push_unlike(x, places),
        }
    }

    /// Adds a number of other decimal places than the column has.
    fn push_unlike(&mut self, x: i64, places: u32) {
        if let Nums::Int { v, scale } = self
            && !v.is_empty()
            && let Some(more) = scale.checked_sub(places)
            && let Some(scaled) = x.checked_mul(10_i64.pow(more))
        {
            v.push(scaled);
        } else {
            self.push(Decimal::new(x, places));
        }
    }

    /// Adds a zero at the end, which fits every column as it is.
    fn push_zero(&mut self) {
        match self {
            Nums::Int { v, .. } => v.push(0),
            Nums::Dec(v) => v.push(Decimal::ZERO),
        }
    }
}

impl Default for Nums {
    fn default() -> Self {
        Nums::new()
    }
}

impl FromIterator<Decimal> for Nums {
    fn from_iter<I: IntoIterator<Item = Decimal>>(numbers: I) -> Self {
        let mut numbers = numbers.into_iter();
        if numbers.size_hint() == (1, Some(1)) {
            return numbers.next().map_or_else(Nums::new, Nums::one);
        }
        let mut nums = Nums::with_capacity(numbers.size_hint().0);
        numbers.for_each(|x| nums.push(x));
        nums
    }
}

fn scaled(x: Decimal, scale: u32) -> Option<i64> {
    let have = x.scale();
    let mantissa = x.mantissa();
    let scaled = if have <= scale {
        mantissa.checked_mul(10_i128.pow(scale - have))?
    } else {
        let drop = 10_i128.pow(have - scale);
        if mantissa % drop != 0 {
            return None;
        }
        mantissa / drop
    };
    i64::try_from(scaled).ok()
}

fn rescale(v: &mut [i64], by: u32) -> bool {
    let factor = 10_i64.pow(by);
    if v.iter().any(|x| x.checked_mul(factor).is_none()) {
        return false;
    }
    v.iter_mut().for_each(|x| *x *= factor);
    true
}

/// The values of a column; a cell without a value holds a zero, `false` or the first text.
#[derive(Debug, Clone)]
pub enum Data {
    /// Numbers, money, shares, years, and dates as days since 1970-01-01.
    Nums(Nums),
    /// Truth values.
    Bools(Vec<bool>),
    /// Numbers of texts in the [`Texts`] of the submission or pack.
    Texts(Vec<u32>),
}

impl Data {
    /// Leaves none, and the memory for as many.
    fn clear(&mut self) {
        match self {
            Data::Nums(Nums::Int { v, scale }) => {
                v.clear();
                *scale = 0;
            }
            Data::Nums(nums) => *nums = Nums::new(),
            Data::Bools(bools) => bools.clear(),
            Data::Texts(ids) => ids.clear(),
        }
    }

    /// Adds what a cell without a value holds.
    fn push_nothing(&mut self) {
        match self {
            Data::Nums(nums) => nums.push_zero(),
            Data::Bools(bools) => bools.push(false),
            Data::Texts(ids) => ids.push(0),
        }
    }
}

/// One typed column.
#[derive(Debug, Clone)]
pub struct Column {
    /// The values.
    pub data: Data,
    /// What each cell is.
    pub states: Vec<State>,
}

impl Column {
    /// An empty column for a field of that type.
    pub fn new(ty: Type) -> Self {
        let data = match ty {
            Type::Boolean => Data::Bools(Vec::new()),
            Type::Text | Type::Code => Data::Texts(Vec::new()),
            _ => Data::Nums(Nums::new()),
        };
        Column {
            data,
            states: Vec::new(),
        }
    }

    /// Adds a cell at the end. A cell whose kind does not fit the column is taken as unreadable.
    pub fn push(&mut self, cell: &Cell<'_>, texts: &mut Texts) {
        let mut state = cell.state();
        match (&mut self.data, cell) {
            (Data::Nums(nums), Cell::Number(x)) => nums.push(*x),
            (Data::Bools(bools), Cell::Bool(b)) => bools.push(*b),
            (Data::Texts(ids), Cell::Text(text)) => ids.push(texts.intern(text)),
            (data, cell) => {
                if cell.state() == State::Value {
                    state = State::Unreadable;
                }
                data.push_nothing();
            }
        }
        self.states.push(state);
    }

    /// Adds a cell at the end in which nothing stands.
    pub(crate) fn push_blank(&mut self) {
        self.data.push_nothing();
        self.states.push(State::Blank);
    }

    /// Adds cells with numbers and their decimal places at the end, as long as they can be read; how many. A cell without bytes is
    /// blank.
    pub(crate) fn push_figures<'c>(
        &mut self,
        cells: impl Iterator<Item = &'c [u8]>,
        mut read: impl FnMut(&'c [u8]) -> Option<(i64, u32)>,
    ) -> usize {
        let Data::Nums(nums) = &mut self.data else {
            return 0;
        };
        let before = self.states.len();
        for cell in cells {
            self.states.push(if cell.is_empty() {
                nums.push_zero();
                State::Blank
            } else if let Some((x, places)) = read(cell) {
                nums.push_scaled(x, places);
                State::Value
            } else {
                break;
            });
        }
        self.states.len() - before
    }

    /// The same of cells with texts, given their numbers. In a column of another kind only blank ones are added.
    pub(crate) fn push_texts<'c>(
        &mut self,
        cells: impl Iterator<Item = &'c str>,
        mut number_of: impl FnMut(&str) -> Option<u32>,
    ) -> usize {
        let before = self.states.len();
        for cell in cells {
            if cell.is_empty() {
                self.push_blank();
            } else if let Data::Texts(ids) = &mut self.data
                && let Some(id) = number_of(cell)
            {
                ids.push(id);
                self.states.push(State::Value);
            } else {
                break;
            }
        }
        self.states.len() - before
    }

    /// The number of the text that stands in the last cell, if one does.
    pub(crate) fn last_text(&self) -> Option<u32> {
        let is_text = self.states.last() == Some(&State::Value);
        match &self.data {
            Data::Texts(ids) if is_text => ids.last().copied(),
            _ => None,
        }
    }

    /// Leaves so many cells.
    fn truncate(&mut self, rows: usize) {
        self.states.truncate(rows);
        match &mut self.data {
            Data::Nums(Nums::Int { v, .. }) => v.truncate(rows),
            Data::Nums(Nums::Dec(v)) => v.truncate(rows),
            Data::Bools(v) => v.truncate(rows),
            Data::Texts(v) => v.truncate(rows),
        }
    }

    /// The cells of these rows alone.
    fn only(&self, keep: &[usize]) -> Self {
        let data = match &self.data {
            Data::Nums(Nums::Int { v, scale }) => Data::Nums(Nums::Int {
                v: picked(v, keep).into(),
                scale: *scale,
            }),
            Data::Nums(Nums::Dec(v)) => Data::Nums(Nums::Dec(picked(v, keep))),
            Data::Bools(v) => Data::Bools(picked(v, keep)),
            Data::Texts(v) => Data::Texts(picked(v, keep)),
        };
        Column {
            data,
            states: picked(&self.states, keep),
        }
    }

    /// A column of the same kind without cells.
    pub(crate) fn emptied(&self) -> Self {
        let data = match &self.data {
            Data::Nums(_) => Data::Nums(Nums::new()),
            Data::Bools(_) => Data::Bools(Vec::new()),
            Data::Texts(_) => Data::Texts(Vec::new()),
        };
        Column {
            data,
            states: Vec::new(),
        }
    }

    /// What the cell of a row is.
    pub fn state(&self, row: usize) -> State {
        self.states.get(row).copied().unwrap_or(State::Blank)
    }

    /// Whether every cell has a value.
    pub(crate) fn is_whole(&self) -> bool {
        !State::any(&self.states, |state| state != State::Value)
    }
}

/// A part of a text, in as few bytes as are needed.
fn part_of((from, to): (usize, usize)) -> (u32, u32) {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    (byte(from), byte(to))
}

fn bytes_of((from, to): (u32, u32)) -> Range<usize> {
    let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    place(from)..place(to)
}

/// What stands at these places.
fn picked<T: Clone>(all: &[T], keep: &[usize]) -> Vec<T> {
    keep.iter().filter_map(|&at| all.get(at).cloned()).collect()
}

/// A text and its hash in any [`Texts`].
pub(crate) type Hashed<'t> = (&'t str, u64);

/// Texts, each held once and known by its number.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// All texts, one behind the other.
    all: String,
    /// Where each ends.
    ends: Vec<usize>,
    /// The hash of each, by which texts elsewhere are sought too.
    hashes: Vec<u64>,
    index: HashTable<u32>,
    /// The same in all, so that the hash of a text is.
    hasher: foldhash::fast::FixedState,
}

impl Texts {
    /// Leaves none, and the memory for as many.
    pub(crate) fn clear(&mut self) {
        self.all.clear();
        self.ends.clear();
        self.hashes.clear();
        self.index.clear();
    }

    /// In place of a number: the text is what was written in its cell, and nothing asks for it.
    pub const AS_WRITTEN: u32 = u32::MAX;

    /// The number of a text, new or known.
    pub fn intern(&mut self, text: &str) -> u32 {
        self.intern_hashed(self.hashed(text))
    }

    /// The same of a text whose hash is known.
    pub(crate) fn intern_hashed(&mut self, (text, hash): Hashed<'_>) -> u32 {
        let is_same = |id: &u32| bytes_at(&self.all, &self.ends, *id) == Some(text.as_bytes());
        match self.index.find(hash, is_same) {
            Some(id) => *id,
            None => self.add(text, hash),
        }
    }

    /// Makes room for so many more.
    pub(crate) fn reserve(&mut self, texts: usize) {
        let Texts {
            ends,
            hashes,
            index,
            ..
        } = self;
        ends.reserve(texts);
        hashes.reserve(texts);
        index.reserve(texts, |id| hash_at(hashes, *id));
    }

    /// A text with its hash, by which it is sought anywhere.
    pub(crate) fn hashed<'t>(&self, text: &'t str) -> Hashed<'t> {
        (text, self.hasher.hash_one(text))
    }

    /// The number of a text that is new. Most are known.
    #[cold]
    fn add(&mut self, text: &str, hash: u64) -> u32 {
        let hashes = &self.hashes;
        let id = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.index
            .insert_unique(hash, id, |id| hash_at(hashes, *id));
        self.all.push_str(text);
        self.ends.push(self.all.len());
        self.hashes.push(hash);
        id
    }

    /// The number of a text that is known.
    pub fn find(&self, text: &str) -> Option<u32> {
        self.find_hashed(self.hashed(text))
    }

    /// The same of a text whose hash is known.
    pub(crate) fn find_hashed(&self, (text, hash): Hashed<'_>) -> Option<u32> {
        self.index.find(hash, |id| self.get(*id) == text).copied()
    }

    /// The number that another's text has here.
    pub(crate) fn find_of(&self, other: &Texts, id: u32) -> Option<u32> {
        let at = usize::try_from(id).ok()?;
        let is_same = |own: &u32| self.get(*own) == other.get(id);
        self.index.find(*other.hashes.get(at)?, is_same).copied()
    }

    /// The text of a number; empty for one that was never given out.
    pub fn get(&self, id: u32) -> &str {
        text_at(&self.all, &self.ends, id)
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All texts, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..).take(self.len()).map(|id| self.get(id))
    }
}

fn hash_at(hashes: &[u64], id: u32) -> u64 {
    let held = usize::try_from(id).ok().and_then(|at| hashes.get(at));
    held.copied().unwrap_or_default()
}

fn text_at<'t>(all: &'t str, ends: &[usize], id: u32) -> &'t str {
    let range = range_of(ends, id);
    range.and_then(|range| all.get(range)).unwrap_or("")
}

fn bytes_at<'t>(all: &'t str, ends: &[usize], id: u32) -> Option<&'t [u8]> {
    all.as_bytes().get(range_of(ends, id)?)
}

fn range_of(ends: &[usize], id: u32) -> Option<Range<usize>> {
    let at = usize::try_from(id).ok()?;
    let to = *ends.get(at)?;
    let from = match at.checked_sub(1) {
        Some(before) => *ends.get(before)?,
        None => 0,
    };
    Some(from..to)
}

/// Which of several figures of one thing a row holds; the greatest is the one in force: a final one before a preliminary
/// one, then the latest. Without a word a figure is final, and without a date it is the earliest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vintage {
    /// It is not preliminary.
    pub is_final: bool,
    /// The date of the figure, in days since 1970-01-01.
    pub as_of: Option<Decimal>,
}

impl Vintage {
    /// The code of a figure that may still change.
    pub const PRELIMINARY: &str = "preliminary";
    /// The code of one that does not.
    pub const FINAL: &str = "final";

    /// In words: `preliminary, as of 2027-02-01`; `None` for a figure of which nothing is said.
    pub fn words(self) -> Option<String> {
        let as_of = self
            .as_of
            .and_then(|days| i64::try_from(days.normalize().mantissa()).ok())
            .and_then(from_days);
        match (self.is_final, as_of) {
            (true, None) => None,
            (false, None) => Some(Self::PRELIMINARY.to_owned()),
            (is_final, Some(date)) => {
                let status = if is_final {
                    Self::FINAL
                } else {
                    Self::PRELIMINARY
                };
                Some(format!("{status}, as of {date}"))
            }
        }
    }
}

/// How the cells of a table are found in the file that people have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// The table was not there; the path where it would be: `windham/targets.csv`, or `windham.xlsx!targets`.
    Absent(String),
    /// A text file with a row a line: `windham/budget.csv`.
    Csv(String),
    /// One value a key: `windham/plan.toml`.
    Toml(String),
    /// A sheet with a row a line.
    Sheet {
        /// `windham.xlsx!budget`
        path: String,
        /// The column (from 0) of each field, where there is one.
        columns: Vec<Option<u32>>,
        /// The row (from 1) of the headers.
        header: u32,
    },
    /// A sheet with a field a line.
    Vertical {
        /// `windham.xlsx!plan`
        path: String,
        /// The column (from 0) and row (from 1) of each field's value, where there is one.
        cells: Vec<Option<(u32, u32)>>,
    },
    /// Cells gathered from anywhere in a file by a form's map.
    Mapped(Mapped),
    /// Cells of which some come from an earlier submission.
    Laid(Box<Laid>),
}

/// Where the cells stand that an earlier submission supplied; the others stand where the table's own file has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Laid {
    /// Where the other cells stand.
    own: Layout,
    /// The places of rows and of cells in the earlier submission's files.
    rows: BTreeMap<usize, String>,
    cells: BTreeMap<(usize, FieldId), String>,
}

impl Laid {
    /// A table of which nothing is supplied yet.
    pub(crate) fn new(own: Layout) -> Self {
        Laid {
            own,
            rows: BTreeMap::new(),
            cells: BTreeMap::new(),
        }
    }

    /// The same, where the other cells stand elsewhere.
    pub(crate) fn within(&self, own: Layout) -> Self {
        Laid {
            own,
            ..self.clone()
        }
    }

    /// Notes where a row stands that was supplied as a whole.
    pub(crate) fn lay_row(&mut self, row: usize, place: String) {
        self.rows.insert(row, place);
    }

    /// Notes where a cell stands that was supplied.
    pub(crate) fn lay(&mut self, row: usize, field: FieldId, place: String) {
        self.cells.insert((row, field), place);
    }
}

/// Where the cells of a table stand that a form's map gathered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapped {
    /// The file: `windham.xlsx`.
    pub path: String,
    /// Its sheets, or the text file itself.
    pub pages: Vec<Page>,
    /// Each row's page, and each cell's spot: a row after the other, the fields in the schema's order. `None` where the
    /// form says nothing of a field, or its map does.
    pub rows: Vec<(usize, Vec<Option<Spot>>)>,
    /// The page and the row (from 1) of the first headers.
    pub header: (usize, u32),
}

/// A sheet, or a text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// `windham.xlsx!Budget`, or `export.csv`.
    pub path: String,
    /// It is a text file: its cells are named by their fields.
    pub text: bool,
}

/// One cell of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The place of its page among the pages.
    pub page: usize,
    /// Its column, from 0.
    pub column: u32,
    /// Its row, from 1.
    pub row: u32,
}

impl Page {
    /// The place of a row: `export.csv:17`, `windham.xlsx!Budget!17`.
    pub fn row_place(&self, row: u32) -> String {
        let sign = if self.text { ':' } else { '!' };
        format!("{}{sign}{row}", self.path)
    }

    /// The place of a cell: `export.csv:17:amount`, `windham.xlsx!Budget!F17`.
    pub fn cell_place(&self, column: u32, row: u32, field: &str) -> String {
        if self.text {
            format!("{}:{row}:{field}", self.path)
        } else {
            format!("{}!{}{row}", self.path, column_name(column))
        }
    }
}

impl Mapped {
    fn spot(&self, row: usize, field: FieldId) -> Option<Spot> {
        self.rows.get(row)?.1.get(field).copied().flatten()
    }

    fn page(&self, at: usize) -> (&str, bool) {
        let page = self.pages.get(at);
        page.map_or((&self.path, true), |page| (&page.path, page.text))
    }

    fn page_of(&self, row: usize) -> (&str, bool) {
        let page = self.rows.get(row).map_or(self.header.0, |(page, _)| *page);
        self.page(page)
    }

    /// The place of a row; of a line whose cells stand here and there, its page.
    fn row_place(&self, row: usize, number: u32) -> String {
        let spots = self.rows.get(row).map_or(&[][..], |(_, spots)| spots);
        let scattered = spots.iter().flatten().any(|spot| spot.row != number);
        match self.page_of(row) {
            (path, _) if scattered && self.header.1 == 0 => path.to_owned(),
            (path, true) => format!("{path}:{number}"),
            (path, false) => format!("{path}!{number}"),
        }
    }

    fn row_run(&self, row: usize, from: u32, to: u32) -> String {
        match self.page_of(row) {
            (path, true) => format!("{path}:{from}-{to}"),
            (path, false) => format!("{path}!{from}:{to}"),
        }
    }

    fn place(&self, row: usize, number: u32, field: FieldId, name: &str, absent: bool) -> String {
        if let Some(spot) = self.spot(row, field) {
            return match self.page(spot.page) {
                (path, true) => format!("{path}:{}:{name}", spot.row),
                (path, false) => format!("{path}!{}{}", column_name(spot.column), spot.row),
            };
        }
        if !absent {
            return self.row_place(row, number);
        }
        match (self.page(self.header.0), self.header.1) {
            ((path, _), 0) => format!("{path}:{name}"),
            ((path, true), header) => format!("{path}:{header}:{name}"),
            ((path, false), header) => format!("{path}!{header}:{name}"),
        }
    }
}

impl Layout {
    /// The path of the file or sheet.
    pub fn path(&self) -> &str {
        match self {
            Layout::Absent(path) | Layout::Csv(path) | Layout::Toml(path) => path,
            Layout::Sheet { path, .. } | Layout::Vertical { path, .. } => path,
            Layout::Mapped(mapped) => mapped.page(mapped.header.0).0,
            Layout::Laid(laid) => laid.own.path(),
        }
    }

    /// Where the cells stand that the table's own file has.
    fn own(&self) -> &Layout {
        match self {
            Layout::Laid(laid) => &laid.own,
            own => own,
        }
    }

    /// Puts a folder before the path of every file.
    pub(crate) fn put_under(&mut self, folder: &str) {
        let under = |path: &mut String| *path = format!("{folder}/{path}");
        match self {
            Layout::Absent(path) | Layout::Csv(path) | Layout::Toml(path) => under(path),
            Layout::Sheet { path, .. } | Layout::Vertical { path, .. } => under(path),
            Layout::Mapped(mapped) => {
                under(&mut mapped.path);
                mapped
                    .pages
                    .iter_mut()
                    .for_each(|page| under(&mut page.path));
            }
            Layout::Laid(laid) => {
                laid.own.put_under(folder);
                laid.rows
                    .values_mut()
                    .chain(laid.cells.values_mut())
                    .for_each(under);
            }
        }
    }
}

/// The name of a column as spreadsheets write it: 0 is `A`, 26 is `AA`.
pub fn column_name(mut column: u32) -> String {
    let mut name = Vec::new();
    loop {
        name.push(char::from(b'A' + u8::try_from(column % 26).unwrap_or(0)));
        if column < 26 {
            break;
        }
        column = column / 26 - 1;
    }
    name.iter().rev().collect()
}

/// The rows of one table.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Where its cells stand.
    pub layout: Layout,
    /// A column for each field of the schema; `None` where the file has none.
    pub columns: Vec<Option<Column>>,
    /// The row of each line as a spreadsheet counts it.
    pub numbers: Vec<u32>,
    /// The file or sheet was there and could not be read: what rests on it is unknown, required or not.
    pub lost: bool,
    /// For each row the path of the office's file that supplied it; empty when none did.
    pub supplied: Vec<Option<Arc<str>>>,
    /// What stands in each cell, as written, and perhaps more.
    raw: String,
    /// Where in it each cell begins and ends: row by row, the fields in the schema's order.
    raw_parts: Vec<(u32, u32)>,
}

impl Rows {
    /// An empty table with the columns of `fields`.
    pub fn new(table: &Table, layout: Layout, fields: &[FieldId]) -> Self {
        let mut columns: Vec<Option<Column>> = table.fields.iter().map(|_| None).collect();
        for &id in fields {
            if let (Some(slot), Some(field)) = (columns.get_mut(id), table.fields.get(id)) {
                *slot = Some(Column::new(field.ty));
            }
        }
        Rows {
            layout,
            columns,
            numbers: Vec::new(),
            lost: false,
            supplied: Vec::new(),
            raw: String::new(),
            raw_parts: Vec::new(),
        }
    }

    /// Takes the rows out, and leaves nothing in their place.
    pub(crate) fn take(&mut self) -> Rows {
        let nothing = Rows {
            layout: Layout::Absent(String::new()),
            columns: Vec::new(),
            numbers: Vec::new(),
            lost: false,
            supplied: Vec::new(),
            raw: String::new(),
            raw_parts: Vec::new(),
        };
        std::mem::replace(self, nothing)
    }

    /// Lets copies of the columns of figures hold the same memory.
    pub(crate) fn share(&mut self) {
        for column in self.columns.iter_mut().flatten() {
            if let Data::Nums(nums) = &mut column.data {
                nums.share();
            }
        }
    }

    /// Leaves no rows, the columns as they are, and the memory for as many.
    pub(crate) fn clear(&mut self) {
        for column in self.columns.iter_mut().flatten() {
            column.data.clear();
            column.states.clear();
        }
        self.numbers.clear();
        self.supplied.clear();
        self.raw.clear();
        self.raw_parts.clear();
    }

    /// A table that is not there.
    pub fn absent(table: &Table, path: String) -> Self {
        Rows::new(table, Layout::Absent(path), &[])
    }

    /// A table that is there and cannot be read.
    pub fn lost(table: &Table, path: String) -> Self {
        Rows {
            lost: true,
            ..Rows::absent(table, path)
        }
    }

    /// Adds a row: its number in the file, and for each field of the schema the cell and what was written there.
    /// Cells of fields without a column are passed over; a missing cell is blank.
    pub fn push(&mut self, number: u32, cells: &[(Cell<'_>, &str)], texts: &mut Texts) {
        self.begin_row(number);
        for at in 0..self.columns.len() {
            let (cell, raw) = cells
                .get(at)
                .map_or((&Cell::Blank, ""), |(cell, raw)| (cell, *raw));
            self.push_cell(at, cell, raw, texts);
        }
    }

    /// Begins a row, of the number that it has in its file; its cells follow.
    pub(crate) fn begin_row(&mut self, number: u32) {
        self.numbers.push(number);
    }

    /// Adds a row of a number; of each of its cells, which follow, the part of a text that is held from a byte on.
    pub(crate) fn begin_row_of(
        &mut self,
        number: u32,
        held: usize,
        parts: impl Iterator<Item = Option<(u32, u32)>>,
    ) {
        self.begin_row(number);
        let held = u32::try_from(held).unwrap_or(u32::MAX);
        let at = |byte: u32| held.saturating_add(byte);
        let parts = parts.map(|part| part.map_or((held, held), |(from, to)| (at(from), at(to))));
        self.raw_parts.extend(parts);
    }

    /// Adds the next cell of the row that was begun, and what was written there: one for each field of the schema, in its
    /// order. A cell of a field without a column is passed over.
    pub(crate) fn push_cell(
        &mut self,
        field: FieldId,
        cell: &Cell<'_>,
        raw: &str,
        texts: &mut Texts,
    ) {
        let from = self.raw.len();
        if self.columns.get(field).is_some_and(Option::is_some) {
            self.raw.push_str(raw);
        }
        if let Some(Some(column)) = self.columns.get_mut(field) {
            column.push(cell, texts);
        }
        self.push_raw((from, self.raw.len()));
    }

    /// Holds a text, of which [`Rows::push_raw`] names the parts; from which byte on.
    pub(crate) fn hold(&mut self, text: &str) -> usize {
        let from = self.raw.len();
        // Cells that are written otherwise than they read are held a second time, behind it.
        self.raw.reserve(text.len() + text.len() / 8);
        self.raw.push_str(text);
        from
    }

    /// Notes what was written in the next cell of the row that was begun: what is held from a byte to another.
    fn push_raw(&mut self, part: (usize, usize)) {
        self.raw_parts.push(part_of(part));
    }

    /// Notes what was written in a cell, part by part, in place of what was noted.
    pub(crate) fn set_raw<'t>(
        &mut self,
        row: usize,
        field: FieldId,
        raw: impl Iterator<Item = &'t str>,
    ) {
        let from = self.raw.len();
        self.raw.extend(raw);
        let part = self.raw_parts.get_mut(row * self.columns.len() + field);
        if let Some(part) = part {
            *part = part_of((from, self.raw.len()));
        }
    }

    /// What was written in the cells of a column.
    pub(crate) fn raws(&self, field: FieldId, rows: Range<usize>) -> impl Iterator<Item = &str> {
        self.parts(field, rows).map(|part| self.raw_of(part))
    }

    /// The same in bytes.
    pub(crate) fn raw_bytes(
        &self,
        field: FieldId,
        rows: Range<usize>,
    ) -> impl Iterator<Item = &[u8]> {
        let raw = self.raw.as_bytes();
        let parts = self.parts(field, rows);
        parts.map(|part| raw.get(bytes_of(part)).unwrap_or_default())
    }

    fn parts(&self, field: FieldId, rows: Range<usize>) -> impl Iterator<Item = (u32, u32)> {
        let width = self.columns.len();
        let parts = self.raw_parts.get(rows.start * width..rows.end * width);
        let rows = parts.unwrap_or_default().chunks_exact(width.max(1));
        rows.filter_map(move |row| row.get(field).copied())
    }

    fn raw_of(&self, part: (u32, u32)) -> &str {
        self.raw.get(bytes_of(part)).unwrap_or_default()
    }

    /// Leaves so many rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.numbers.truncate(rows);
        self.raw_parts.truncate(rows * self.columns.len());
        for column in self.columns.iter_mut().flatten() {
            column.truncate(rows);
        }
    }

    /// Makes room for so many more rows.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.numbers.reserve(rows);
        self.raw_parts.reserve(rows * self.columns.len());
        for column in self.columns.iter_mut().flatten() {
            column.states.reserve(rows);
            match &mut column.data {
                Data::Nums(Nums::Int { v, .. }) => v.reserve(rows),
                Data::Nums(Nums::Dec(v)) => v.reserve(rows),
                Data::Bools(v) => v.reserve(rows),
                Data::Texts(v) => v.reserve(rows),
            }
        }
    }

    /// These rows alone, in that order, of a table whose layout names no row.
    pub(crate) fn only(&self, keep: &[usize]) -> Rows {
        let width = self.columns.len();
        let part = |row: usize, field: usize| self.raw_parts.get(row * width + field).copied();
        let parts = keep
            .iter()
            .flat_map(|&row| (0..width).map(move |field| (row, field)));
        let pick = |column: &Column| column.only(keep);
        Rows {
            layout: self.layout.clone(),
            columns: self.columns.iter().map(|c| c.as_ref().map(pick)).collect(),
            numbers: picked(&self.numbers, keep),
            lost: self.lost,
            supplied: picked(&self.supplied, keep),
            raw: self.raw.clone(),
            raw_parts: parts
                .map(|(row, field)| part(row, field).unwrap_or_default())
                .collect(),
        }
    }

    /// Columns for fields that have none yet, blank in each row.
    pub(crate) fn add_columns(&mut self, table: &Table, fields: &[FieldId]) {
        let n = self.len();
        for &id in fields {
            if let (Some(slot @ None), Some(field)) =
                (self.columns.get_mut(id), table.fields.get(id))
            {
                let mut column = Column::new(field.ty);
                (0..n).for_each(|_| column.push(&Cell::Blank, &mut Texts::default()));
                *slot = Some(column);
            }
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Whether the table was there at all.
    pub fn is_absent(&self) -> bool {
        matches!(self.layout, Layout::Absent(_))
    }

    /// What a cell is; blank where there is no such column.
    pub fn state(&self, row: usize, field: FieldId) -> State {
        self.columns
            .get(field)
            .and_then(Option::as_ref)
            .map_or(State::Blank, |c| c.state(row))
    }

    /// A cell, as it went into its column; blank where there is no such column.
    pub fn cell<'t>(&'t self, row: usize, field: FieldId, texts: &'t Texts) -> Cell<'t> {
        let Some(column) = self.columns.get(field).and_then(Option::as_ref) else {
            return Cell::Blank;
        };
        match column.state(row) {
            State::Blank => Cell::Blank,
            State::NotApplicable => Cell::NotApplicable,
            State::Suppressed => Cell::Suppressed,
            State::Unreadable => Cell::Unreadable,
            State::Value => match &column.data {
                Data::Nums(nums) => Cell::Number(nums.get(row)),
                Data::Bools(bools) => bools.get(row).map_or(Cell::Blank, |b| Cell::Bool(*b)),
                Data::Texts(ids) => match ids.get(row) {
                    None => Cell::Blank,
                    Some(&Texts::AS_WRITTEN) => Cell::Text(self.raw(row, field)),
                    Some(id) => Cell::Text(texts.get(*id)),
                },
            },
        }
    }

    /// The number in a cell of a column of numbers; zero where it holds none.
    pub fn number(&self, row: usize, field: FieldId) -> Option<Decimal> {
        match &self.columns.get(field)?.as_ref()?.data {
            Data::Nums(nums) => Some(nums.get(row)),
            Data::Bools(_) | Data::Texts(_) => None,
        }
    }

    /// What was written in a cell.
    pub fn raw(&self, row: usize, field: FieldId) -> &str {
        let at = row * self.columns.len() + field;
        let part = self.raw_parts.get(at);
        part.map_or("", |part| self.raw_of(*part))
    }

    /// Whether the file has a column for the field.
    pub fn has_column(&self, field: FieldId) -> bool {
        match self.layout.own() {
            Layout::Vertical { .. } | Layout::Toml(_) => true,
            _ => self.columns.get(field).is_some_and(Option::is_some),
        }
    }

    /// The place of a cell: `budget.csv:17:amount`, `plan.toml:stage`, `windham.xlsx!budget!F17`. Of a field without a
    /// column, the place in the header where it is missing.
    pub fn place(&self, table: &Table, row: usize, field: FieldId) -> String {
        let name = table.fields.get(field).map_or("", |f| f.name.as_str());
        let number = self.numbers.get(row).copied().unwrap_or(1);
        if let Layout::Laid(laid) = &self.layout
            && let Some(place) = laid.cells.get(&(row, field))
        {
            return place.clone();
        }
        match self.layout.own() {
            Layout::Absent(path) => path.clone(),
            Layout::Csv(path) if !self.has_column(field) => format!("{path}:1:{name}"),
            Layout::Csv(path) => [path, ":", &number.to_string(), ":", name].concat(),
            Layout::Toml(path) => format!("{path}:{name}"),
            Layout::Sheet {
                path,
                columns,
                header,
            } => match columns.get(field).copied().flatten() {
                Some(column) => format!("{path}!{}{number}", column_name(column)),
                None => format!("{path}!{header}:{name}"),
            },
            Layout::Vertical { path, cells } => match cells.get(field).copied().flatten() {
                Some((column, row)) => format!("{path}!{}{row}", column_name(column)),
                None => format!("{path}:{name}"),
            },
            Layout::Mapped(mapped) => {
                mapped.place(row, number, field, name, !self.has_column(field))
            }
            Layout::Laid(laid) => laid.own.path().to_owned(),
        }
    }

    /// Rows as runs, each of a first and a last, of those whose cells of a field follow one another in the file; in the order
    /// in which they stand there, down each column.
    pub fn runs(
        &self,
        rows: impl Iterator<Item = Range<usize>>,
        field: Option<FieldId>,
    ) -> Vec<(usize, usize)> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        let mut add = |first: usize, last: usize| match runs.last_mut() {
            Some((_, end)) if self.follows(*end, first, field) => *end = last,
            _ => runs.push((first, last)),
        };
        if let (Layout::Mapped(mapped), Some(field)) = (&self.layout, field) {
            let mut rows: Vec<usize> = rows.flatten().collect();
            rows.sort_by_key(|&row| {
                let spot = mapped.spot(row, field);
                (spot.map(|s| (s.page, s.column, s.row)), row)
            });
            rows.into_iter().for_each(|row| add(row, row));
            return runs;
        }
        for part in rows {
            let (first, last) = (part.start, part.end.saturating_sub(1));
            let numbers = self.numbers.get(part.clone()).unwrap_or_default();
            let is_own = matches!(self.layout, Layout::Csv(_) | Layout::Sheet { .. });
            if is_own && numbers.is_sorted_by(|a, b| a.checked_add(1) == Some(*b)) {
                add(first, last);
            } else {
                part.for_each(|row| add(row, row));
            }
        }
        runs
    }

    /// Whether a row follows another in the file, so that both are one run of cells.
    fn follows(&self, first: usize, next: usize, field: Option<FieldId>) -> bool {
        let number = |row: usize| self.numbers.get(row).copied().unwrap_or(0);
        let neighbours = number(next) == number(first).saturating_add(1);
        match (&self.layout, field) {
            (Layout::Toml(_) | Layout::Vertical { .. } | Layout::Laid(_), _) => false,
            (Layout::Mapped(mapped), Some(field)) => mapped
                .spot(first, field)
                .zip(mapped.spot(next, field))
                .is_some_and(|(a, b)| {
                    (a.page, a.column, a.row.saturating_add(1)) == (b.page, b.column, b.row)
                }),
            (Layout::Mapped(mapped), None) => {
                let page = |row: usize| mapped.rows.get(row).map(|(page, _)| *page);
                neighbours && page(first) == page(next)
            }
            _ => neighbours,
        }
    }

    /// The place of a run of rows: `budget.csv:2-41:amount`, `windham.xlsx!budget!F2:F41`; without a field `budget.csv:2-41`.
    pub fn run(&self, table: &Table, first: usize, last: usize, field: Option<FieldId>) -> String {
        let number = |row: usize| self.numbers.get(row).copied().unwrap_or(1);
        let (from, to) = (number(first), number(last));
        match (&self.layout, field) {
            (Layout::Csv(path), Some(field)) if self.has_column(field) => {
                let name = table.fields.get(field).map_or("", |f| f.name.as_str());
                format!("{path}:{from}-{to}:{name}")
            }
            (Layout::Csv(path), None) => format!("{path}:{from}-{to}"),
            (Layout::Sheet { path, columns, .. }, Some(field)) => {
                match columns.get(field).copied().flatten() {
                    Some(column) => format!("{path}!{0}{from}:{0}{to}", column_name(column)),
                    None => self.place(table, first, field),
                }
            }
            (Layout::Sheet { path, .. }, None) => format!("{path}!{from}:{to}"),
            (Layout::Mapped(mapped), Some(field)) => {
                self.mapped_run(mapped, table, (first, last), field)
            }
            (Layout::Mapped(mapped), None) => mapped.row_run(first, from, to),
            (_, Some(field)) => self.place(table, first, field),
            (_, None) => self.row_place(first),
        }
    }

    fn mapped_run(
        &self,
        mapped: &Mapped,
        table: &Table,
        (first, last): (usize, usize),
        field: FieldId,
    ) -> String {
        let spots = mapped.spot(first, field).zip(mapped.spot(last, field));
        let Some((from, to)) = spots else {
            return self.place(table, first, field);
        };
        let name = table.fields.get(field).map_or("", |f| f.name.as_str());
        let column = column_name(from.column);
        match mapped.page(from.page) {
            (path, true) => format!("{path}:{}-{}:{name}", from.row, to.row),
            (path, false) => format!("{path}!{column}{}:{column}{}", from.row, to.row),
        }
    }

    /// Which vintage of its figures a row holds, by the fields of its date and its status.
    pub fn vintage(&self, row: usize, fields: (FieldId, FieldId), texts: &Texts) -> Vintage {
        let column = |field: FieldId| {
            let column = self.columns.get(field)?.as_ref()?;
            (column.state(row) == State::Value).then_some(&column.data)
        };
        let as_of = match column(fields.0) {
            Some(Data::Nums(days)) => Some(days.get(row)),
            _ => None,
        };
        let preliminary = match column(fields.1) {
            Some(Data::Texts(ids)) => ids
                .get(row)
                .is_some_and(|&id| texts.get(id) == Vintage::PRELIMINARY),
            _ => false,
        };
        Vintage {
            is_final: !preliminary,
            as_of,
        }
    }

    /// The place of a row that an office's file supplied, in that file.
    pub fn supplied_place(&self, row: usize) -> Option<String> {
        let path = self.supplied.get(row)?.as_ref()?;
        let number = self.numbers.get(row).copied().unwrap_or(1);
        Some(format!("{path}:{number}"))
    }

    /// The place of a row: `budget.csv:17`, `windham.xlsx!budget!17`.
    pub fn row_place(&self, row: usize) -> String {
        if let Some(place) = self.supplied_place(row) {
            return place;
        }
        let number = self.numbers.get(row).copied().unwrap_or(1);
        if let Layout::Laid(laid) = &self.layout
            && let Some(place) = laid.rows.get(&row)
        {
            return place.clone();
        }
        match self.layout.own() {
            Layout::Absent(path) | Layout::Toml(path) | Layout::Vertical { path, .. } => {
                path.clone()
            }
            Layout::Csv(path) => [path, ":", &number.to_string()].concat(),
            Layout::Sheet { path, .. } => format!("{path}!{number}"),
            Layout::Mapped(mapped) => mapped.row_place(row, number),
            Layout::Laid(laid) => laid.own.path().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_as_spreadsheets_do() {
        for (column, name) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(column_name(column), name);
        }
    }

    #[test]
    fn numbers_stay_exact_when_a_column_widens() {
        let wanted: Vec<Decimal> = ["1", "2.5", "1000000000000", "0.000001", "0.0000001"]
            .iter()
            .map(|t| t.parse().unwrap())
            .collect();
        let nums: Nums = wanted.iter().copied().collect();
        assert!(matches!(nums, Nums::Dec(_)));
        for (i, want) in wanted.iter().enumerate() {
            assert_eq!(nums.get(i), *want);
        }
    }
}
