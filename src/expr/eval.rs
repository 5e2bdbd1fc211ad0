//! A typed tree → its values, for all rows of a level at once. Nothing here can fail: what cannot be known is unknown,
//! what means nothing is `null`.

use std::cell::OnceCell;
use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

use regex::Regex;

use super::aggregate;
use super::ast::{BinaryOp, Quantifier};
use super::builtin::Builtin;
use super::cells::{Index, is_not_applicable};
use super::equality::equal;
use super::texts::Phrases;
use super::tree::{DatePart, Expr, Iteration, Kind, LevelNo, Node, Ty};
use super::vector::{
    self, ListVec, NULL_ID, Num, NumVec, Place, UNKNOWN_ID, Vector, are_null, choose, compare,
    for_pairs, holds, is_unknown_at, joint_len, keep_items, monotone, truth,
};
use super::world::World;
use crate::hash::Map;
use crate::schema::{FieldId, Schema, TableId};
use crate::submission::Submission;
use crate::table::{State, Texts, Values};
use crate::value::{Decimal, LIMIT, Value, from_days};

/// The rows of one level of nesting.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    pub(crate) len: usize,
    /// For each row, the row of the level outside it, in their order; `None`: the first one of all.
    parents: Option<Vec<usize>>,
    /// The row or item that the level's variable stands for.
    pub(crate) items: Vector,
}

impl Level {
    /// Rows that all stand under the first row of the level outside.
    fn of_first(items: Vector) -> Self {
        Level {
            len: items.len(),
            parents: None,
            items,
        }
    }

    /// The row of the level outside a row.
    pub(crate) fn parent(&self, row: usize) -> usize {
        let parents = self.parents.as_ref();
        parents.map_or(0, |parents| parents.get(row).copied().unwrap_or(0))
    }

    /// The rows that stand under a row of the level outside.
    pub(crate) fn under(&self, outer: usize) -> Range<usize> {
        match &self.parents {
            Some(parents) => {
                let first = parents.partition_point(|parent| *parent < outer);
                first..parents.partition_point(|parent| *parent <= outer)
            }
            None if outer == 0 => 0..self.len,
            None => 0..0,
        }
    }
}

/// Rows of a table.
pub(crate) type RowsOf = (TableId, Values<u32>);

/// What an evaluation notes of a piece of an expression, for evidence.
#[derive(Debug, Clone, Default)]
pub(crate) struct Noted {
    pub(crate) value: Vector,
    /// Of an iteration: its items before any was left out, each with its row outside.
    pub(crate) frame: Option<Level>,
}

/// What an evaluation noted: by the number of the expression and of the piece.
pub(crate) type Notebook = Map<(usize, usize), Noted>;

/// The number under which the expression itself is noted; `let`s have their own.
pub(crate) const MAIN: usize = usize::MAX;

/// How many values one rule may take for one submission. Beyond them nothing more is worked out, and the rule is not judged:
/// what is counted are values, never time, so that the same bytes give the same answer.
pub(crate) const WORK: usize = 100_000_000;

/// How many items of nested lists are looked at together; they are held in memory.
const ITEMS: usize = 20_000_000;

/// Stands for a number that was not asked for yet.
const NOT_YET: u32 = u32::MAX - 2;

/// Evaluates expressions over one submission.
pub(crate) struct Machine<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) world: &'a World,
    pub(crate) submission: &'a Submission,
    /// Texts that were made here: neither the world nor the submission has them.
    pub(super) texts: Texts,
    /// The number of each of the submission's texts, once it was asked for.
    pub(super) translate: Vec<u32>,
    pub(super) columns: Map<(TableId, FieldId), Arc<Vector>>,
    pub(super) indexes: Map<(TableId, Vec<FieldId>), Arc<Index>>,
    patterns: Map<(u32, u32), Option<Arc<Regex>>>,
    /// For each row of a table of the submission the row of a reference table that a field looks up.
    pub(super) lookups: Map<(TableId, TableId, FieldId), Vector>,
    phrases: Map<Vec<u32>, Arc<Phrases>>,
    /// Whether the submission holds a count so small that it is printed nowhere, once it was asked for.
    pub(super) has_small_counts: OnceCell<bool>,
    /// Texts and lists of the pack as vectors, by where they are held.
    constants: Map<usize, Vector>,
    /// The number of each text in lower case, once it was asked for.
    lower: Map<u32, u32>,
    /// Of how many rows all were asked for: their numbers.
    counted: Vec<Values<u32>>,
    pub(crate) levels: Vec<Level>,
    /// Room in which levels are put aside, used again.
    spare: Vec<Vec<Level>>,
    lets: Vec<&'a Expr>,
    let_values: Vec<Option<Vector>>,
    pub(crate) notebook: Option<Notebook>,
    /// Room for notes, used again.
    spare_notes: Notebook,
    expression: usize,
    /// How many more values may be worked out; `None` when there were too many.
    work: Option<usize>,
}

impl<'a> Machine<'a> {
    pub(crate) fn new(schema: &'a Schema, world: &'a World, submission: &'a Submission) -> Self {
        let mut machine = Machine {
            schema,
            world,
            submission,
            texts: Texts::default(),
            translate: Vec::new(),
            columns: Map::default(),
            indexes: Map::default(),
            patterns: Map::default(),
            lookups: Map::default(),
            phrases: Map::default(),
            has_small_counts: OnceCell::new(),
            constants: Map::default(),
            lower: Map::default(),
            counted: Vec::new(),
            levels: Vec::new(),
            spare: Vec::new(),
            lets: Vec::new(),
            let_values: Vec::new(),
            notebook: None,
            spare_notes: Notebook::default(),
            expression: MAIN,
            work: Some(WORK),
        };
        machine.translate = vec![NOT_YET; submission.texts.len()];
        machine
    }

    /// Counts the work from here on.
    pub(crate) fn start_count(&mut self) {
        self.work = Some(WORK);
    }

    /// Whether there was more work than is done: what was given since the count began is then no answer.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.work.is_none()
    }

    /// Takes so many values to work out; whether they are not too many.
    pub(super) fn has_work_for(&mut self, values: usize) -> bool {
        self.work = self.work.and_then(|left| left.checked_sub(values));
        self.work.is_some()
    }

    /// Whether so many items are not too many to be held and worked through.
    fn has_room_for(&mut self, items: usize) -> bool {
        if items > ITEMS {
            self.work = None;
        }
        self.has_work_for(items)
    }

    /// In place of lists that are joined for each of many rows: unknown, when they have too many items.
    fn too_long(&mut self, lists: &[Vector], node: &Node) -> Option<Vector> {
        if !matches!(node.ty, Ty::List(_)) {
            return None;
        }
        let n = lists.iter().map(Vector::len).fold(1, joint_len);
        let items = |list: &Vector| {
            let copies = if list.len() == 1 { n } else { 1 };
            list.size().saturating_mul(copies)
        };
        let items = lists.iter().map(items).fold(0, usize::saturating_add);
        (!self.has_room_for(items)).then(|| Self::missing(&node.ty, n, true))
    }

    /// The same values for `n` rows; unknown when that were too many.
    fn expand(&mut self, value: Vector, ty: &Ty, n: usize) -> Vector {
        let copies = if value.len() == n { 0 } else { n };
        if self.has_room_for(value.size().saturating_mul(copies)) {
            value.expand(n)
        } else {
            Self::missing(ty, n, true)
        }
    }

    /// Notes what is worked out from here on.
    pub(crate) fn start_notes(&mut self) {
        self.notebook = Some(std::mem::take(&mut self.spare_notes));
    }

    /// Keeps no more of notes than the room for others.
    pub(crate) fn forget_notes(&mut self, mut notes: Notebook) {
        notes.clear();
        self.spare_notes = notes;
    }

    /// Starts on a rule: its `let`s, and the rows of its table that are its subjects (`None`: the whole submission).
    pub(crate) fn begin(&mut self, lets: Vec<&'a Expr>, rows: Option<RowsOf>) {
        self.let_values = vec![None; lets.len()];
        self.lets = lets;
        self.levels.clear();
        self.levels.push(Self::one_row(truth::TRUE));
        if let Some((table, rows)) = rows {
            self.levels
                .push(Level::of_first(Vector::Rows(table, rows.shared())));
        }
    }

    /// Leaves those of the subjects' rows that stand at places; `false` where no rows are judged.
    pub(crate) fn narrow(&mut self, places: &[usize]) -> bool {
        let Some([_, subjects]) = self.levels.get_mut(..) else {
            return false;
        };
        *subjects = Level::of_first(subjects.items.gather(places));
        self.let_values.fill(None);
        true
    }

    /// The first rows of a table.
    pub(super) fn counted(&mut self, n: usize) -> Values<u32> {
        if let Some(rows) = self.counted.iter().find(|rows| rows.len() == n) {
            return rows.clone();
        }
        let rows: Values<u32> = (0..u32::try_from(n).unwrap_or(0)).collect();
        let rows = rows.shared();
        self.counted.push(rows.clone());
        rows
    }

    /// A level of one row, which is that of no table.
    fn one_row(state: u8) -> Level {
        Level::of_first(Vector::Bools(Values::One(state)))
    }

    /// How many levels the subjects have: that of the submission, and of their rows.
    pub(crate) fn depth(&self) -> usize {
        self.levels.len()
    }

    /// The values of an expression for every subject.
    pub(crate) fn run(&mut self, expr: &'a Expr) -> Vector {
        self.expression = MAIN;
        let n = self.levels.last().map_or(1, |l| l.len);
        self.eval(&expr.root).expand(n)
    }

    /// The text of a number: one of the world's, of the submission's, or one that was made here.
    pub(crate) fn text(&self, id: u32) -> &str {
        let (world, own) = (self.world.texts.len(), self.submission.texts.len());
        let at = usize::try_from(id).unwrap_or(usize::MAX);
        let texts = match at {
            at if at < world => return self.world.texts.get(id),
            at if at < world + own => (&self.submission.texts, at - world),
            at => (&self.texts, at - world - own),
        };
        u32::try_from(texts.1).map_or("", |at| texts.0.get(at))
    }

    /// The number of one of the submission's texts.
    pub(super) fn own_text(&mut self, own: u32) -> u32 {
        let Some(slot) = usize::try_from(own)
            .ok()
            .and_then(|at| self.translate.get_mut(at))
        else {
            return NULL_ID;
        };
        if *slot == NOT_YET {
            let first = u32::try_from(self.world.texts.len()).unwrap_or(0);
            let known = self.world.texts.find_of(&self.submission.texts, own);
            *slot = known.unwrap_or(first + own);
        }
        *slot
    }

    /// The number of a text, new or known.
    pub(crate) fn intern(&mut self, text: &str) -> u32 {
        let number = |n: usize| u32::try_from(n).unwrap_or(0);
        let (world, own) = (
            number(self.world.texts.len()),
            number(self.submission.texts.len()),
        );
        let text = self.texts.hashed(text);
        if let Some(id) = self.world.texts.find_hashed(text) {
            return id;
        }
        match self.submission.texts.find_hashed(text) {
            Some(id) => world + id,
            None => (world + own).saturating_add(self.texts.intern_hashed(text)),
        }
    }

    /// The number of a text in lower case.
    pub(super) fn lower_case(&mut self, id: u32) -> u32 {
        if let Some(lower) = self.lower.get(&id) {
            return *lower;
        }
        let text = self.text(id).to_lowercase();
        let lower = self.intern(&text);
        self.lower.insert(id, lower);
        lower
    }

    /// The pattern of a number, with the flags of another; `None` when it cannot be taken.
    pub(crate) fn pattern(&mut self, wanted: u32, flags: u32) -> Option<Arc<Regex>> {
        if let Some(compiled) = self.patterns.get(&(wanted, flags)) {
            return compiled.clone();
        }
        let flag_text = if flags == NULL_ID {
            ""
        } else {
            self.text(flags)
        };
        let compiled = self.world.pattern(self.text(wanted), flag_text);
        self.patterns.insert((wanted, flags), compiled.clone());
        compiled
    }

    /// Words to be sought in texts, by their numbers.
    pub(super) fn phrases(&mut self, ids: Vec<u32>) -> Arc<Phrases> {
        if let Some(phrases) = self.phrases.get(&ids) {
            return Arc::clone(phrases);
        }
        let words = ids.iter().map(|id| self.text(*id).to_owned()).collect();
        let phrases = self.world.phrases(words);
        self.phrases.insert(ids, Arc::clone(&phrases));
        phrases
    }

    /// The values of a piece for the rows of the innermost level, or one that stands for all.
    pub(crate) fn eval(&mut self, node: &'a Node) -> Vector {
        let here = self.levels.len().saturating_sub(1);
        if node.level >= here {
            return match self.rows_repeated(node, here) {
                Some((table, n)) => self.eval_by_row(node, table, n),
                None => self.eval_here(node),
            };
        }
        if let Kind::Const(_) = node.kind
            && self.notebook.is_none()
        {
            return self.eval_here(node);
        }
        let mut inner = self.spare.pop().unwrap_or_default();
        inner.extend(self.levels.drain(node.level + 1..));
        let value = self.eval_here(node);
        self.levels.append(&mut inner);
        self.spare.push(inner);
        if node.level == 0 {
            value
        } else {
            self.lift(&value, &node.ty, node.level, here)
        }
    }

    /// The table, and how many rows it has, of which the innermost level holds each row several times, where a piece reads nothing
    /// but that row and is more than one of its cells.
    fn rows_repeated(&self, node: &Node, here: LevelNo) -> Option<(TableId, usize)> {
        if here < 2 || node.is_cell() || self.notebook.is_some() {
            return None;
        }
        let Vector::Rows(table, rows) = &self.levels.last()?.items else {
            return None;
        };
        let n = self.rows(*table)?.len();
        let is_row = |row: &u32| usize::try_from(*row).is_ok_and(|row| row < n);
        let is_worth = rows.len() >= n.saturating_mul(2) && node.reads_only(here);
        (is_worth && rows.iter().all(is_row)).then_some((*table, n))
    }

    /// The values of a piece that reads one row alone, worked out once a row.
    fn eval_by_row(&mut self, node: &'a Node, table: TableId, n: usize) -> Vector {
        let between = |_| Self::one_row(truth::NULL);
        let mut once: Vec<Level> = (1..self.levels.len()).map(between).collect();
        let rows = self.counted(n);
        if let (Some(first), Some(last)) = (self.levels.first(), once.last_mut()) {
            *last = Level::of_first(Vector::Rows(table, rows));
            once.insert(0, first.clone());
        }
        let repeated = std::mem::replace(&mut self.levels, once);
        let value = self.eval_here(node);
        self.levels = repeated;
        if value.len() == 1 {
            return value;
        }
        let Some(level) = self.levels.pop() else {
            return value;
        };
        let lifted = match &level.items {
            Vector::Rows(_, rows) => self.gather(&value, &node.ty, rows),
            _ => value,
        };
        self.levels.push(level);
        lifted
    }

    /// The values at rows, in their order; unknown when those are too many.
    fn gather<P: Place>(&mut self, value: &Vector, ty: &Ty, rows: &[P]) -> Vector {
        let items = match value {
            Vector::Lists(lists) => rows.iter().map(|r| lists.range(r.place()).len()).sum(),
            _ => rows.len(),
        };
        if self.has_room_for(items) {
            value.gather(rows)
        } else {
            Self::missing(ty, rows.len(), true)
        }
    }

    /// The values of an outer level for the rows of an inner one.
    fn lift(&mut self, value: &Vector, ty: &Ty, from: LevelNo, to: LevelNo) -> Vector {
        if value.len() == 1 && self.levels.get(from).is_some_and(|l| l.len != 1) {
            return value.clone();
        }
        // The rows are put aside for as long as they are read.
        let rows = self.levels.get_mut(to).map(|level| level.parents.take());
        let Some(rows) = rows.flatten() else {
            return self.gather(value, ty, &[self.around(0, from, to)]);
        };
        if from + 1 == to {
            let lifted = self.gather(value, ty, &rows);
            if let Some(level) = self.levels.get_mut(to) {
                level.parents = Some(rows);
            }
            return lifted;
        }
        let mut outer = rows.clone();
        if let Some(level) = self.levels.get_mut(to) {
            level.parents = Some(rows);
        }
        for row in &mut outer {
            *row = self.around(*row, from, to);
        }
        self.gather(value, ty, &outer)
    }

    /// The row of a level around a row of the level just outside another.
    fn around(&self, row: usize, from: LevelNo, to: LevelNo) -> usize {
        let between = self.levels.get(from + 1..to).unwrap_or_default();
        let outward = between.iter().rev();
        outward.fold(row, |row, level| level.parent(row))
    }

    fn eval_here(&mut self, node: &'a Node) -> Vector {
        if self.is_exhausted() {
            return Self::missing(&node.ty, 1, true);
        }
        let mut value = self.compute(node);
        if !Self::is_held_as(&node.ty, &value) {
            value = Self::held_as(&node.ty, value);
        }
        self.has_work_for(value.size());
        if let Some(notebook) = &mut self.notebook {
            value.share();
            let noted = notebook.entry((self.expression, node.id));
            noted.or_default().value = value.clone();
        }
        value
    }

    fn compute(&mut self, node: &'a Node) -> Vector {
        match &node.kind {
            Kind::Const(value) => self.held_constant(value, &node.ty),
            Kind::Year => {
                let year = self.world.year.map(Decimal::from);
                Vector::Nums(NumVec::one(year.map_or(Num::Null, Num::Known)))
            }
            Kind::Param(at) => self.param(*at, &node.ty),
            Kind::Let(at) => self.let_value(*at),
            Kind::Plan(table) => {
                let there = self
                    .submission
                    .table(*table)
                    .is_some_and(|rows| !rows.is_empty());
                Vector::Rows(*table, Values::One(if there { 0 } else { UNKNOWN_ID }))
            }
            Kind::Table(table) => Vector::Lists(self.table(*table)),
            Kind::Var(level) => self
                .levels
                .get(*level)
                .map_or(Vector::Bools(Values::new()), |l| l.items.clone()),
            Kind::Field(of, table, field) => self.field_of_piece(of, *table, *field),
            Kind::DatePart(of, part) => date_part(&self.eval(of).into_nums(), *part),
            Kind::Lookup(table, keys) => match self.lookup_by_cells(*table, keys) {
                Some(rows) => rows,
                None => {
                    let keys: Vec<Vector> = keys.iter().map(|k| self.eval(k)).collect();
                    self.lookup(*table, &keys)
                }
            },
            Kind::List(items) => self.list(items),
            Kind::Negate(a) => {
                let zero = NumVec::known(std::iter::once(Decimal::ZERO).collect());
                Vector::Nums(vector::arithmetic(
                    BinaryOp::Subtract,
                    &zero,
                    &self.eval(a).into_nums(),
                ))
            }
            Kind::Arithmetic(op, a, b) => self.arithmetic(*op, a, b),
            Kind::Compare(op, a, b) => Vector::Bools(match self.null_cells(node) {
                Some(are_null) => are_null,
                None => {
                    let (a, b) = (self.operand(a), self.operand(b));
                    self.compare(*op, &a, &b)
                }
            }),
            Kind::And(a, b) => self.both(a, b, truth::FALSE, truth::and),
            Kind::Or(a, b) => self.both(a, b, truth::TRUE, truth::or),
            Kind::Not(a) => {
                let held = self.eval(a).into_bools();
                Vector::Bools(held.iter().map(|held| truth::not(*held)).collect())
            }
            Kind::If(test, yes, no) => self.branch(&node.ty, test, yes, no),
            Kind::Filter(iteration) => self.filter(node, iteration),
            Kind::Quantified(quantifier, iteration) => {
                // A row that the body is not true of decides nothing for `some`, but it is evidence.
                let narrow = *quantifier == Quantifier::Some && self.notebook.is_none();
                let lists = self.for_each(node, iteration, narrow);
                Vector::Bools(match quantifier {
                    Quantifier::Some => aggregate::some(&lists),
                    Quantifier::Every => aggregate::every(&lists),
                })
            }
            Kind::For(iteration) => Vector::Lists(self.for_each(node, iteration, false)),
            Kind::Index(list, at) => {
                let (list, at) = (self.eval(list).into_lists(), self.eval(at).into_nums());
                index(&list, &at)
            }
            Kind::Call(builtin, args) => self.call(*builtin, args, node),
            Kind::Marked(not_applicable, row, table, field) => {
                let row = self.eval(row);
                self.marked(
                    &row,
                    *table,
                    *field,
                    if *not_applicable {
                        State::NotApplicable
                    } else {
                        State::Suppressed
                    },
                )
            }
            Kind::Assume(value, default) => {
                let (value, default) = (self.eval(value), self.eval(default));
                Self::assume(value, default)
            }
        }
    }

    fn call(&mut self, builtin: Builtin, args: &'a [Node], node: &'a Node) -> Vector {
        let args: Vec<Vector> = args.iter().map(|a| self.eval(a)).collect();
        match self.too_long(&args, node) {
            Some(unknown) => unknown,
            None => builtin.evaluate(&args, node, self),
        }
    }

    /// A constant of the pack as a vector of one; the numbers of its texts are looked up once.
    fn held_constant(&mut self, value: &'a Value, ty: &Ty) -> Vector {
        if !matches!(value, Value::Text(_) | Value::List(_)) {
            return self.constant(value, ty);
        }
        let place = std::ptr::from_ref(value).addr();
        if let Some(known) = self.constants.get(&place) {
            return known.clone();
        }
        let vector = self.constant(value, ty);
        self.constants.insert(place, vector.clone());
        vector
    }

    /// A parameter as a vector of one, made once for all submissions where its texts have the same numbers in all.
    fn param(&mut self, at: usize, ty: &Ty) -> Vector {
        let world = self.world;
        let held = world.constants.get(at);
        if let Some(known) = held.and_then(OnceLock::get) {
            return known.clone();
        }
        let Some(value) = world.params.get(at) else {
            return Self::missing(ty, 1, false);
        };
        let vector = self.held_constant(value, ty);
        if let Some(held) = held.filter(|_| self.is_of_world(&vector)) {
            // Another thread may have made it meanwhile.
            let _ = held.set(vector.clone());
        }
        vector
    }

    /// Whether all that is in a vector is the same in every submission.
    fn is_of_world(&self, vector: &Vector) -> bool {
        let world = u32::try_from(self.world.texts.len()).unwrap_or(0);
        match vector {
            Vector::Texts(ids) => ids.iter().all(|id| *id < world),
            Vector::Lists(lists) => self.is_of_world(&lists.items),
            Vector::Nums(_) | Vector::Bools(_) => true,
            Vector::Rows(..) => false,
        }
    }

    /// A constant as a vector of one.
    fn constant(&mut self, value: &Value, ty: &Ty) -> Vector {
        let number = |x: Option<Decimal>| {
            Vector::Nums(std::iter::once(x.map_or(Num::Null, Num::Known)).collect())
        };
        match value {
            Value::Bool(b) => Vector::Bools(Values::One(truth::of(*b))),
            Value::Number(x) | Value::Percent(x) | Value::Money(x) => number(Some(*x)),
            Value::Date(d) => number(Some(Decimal::from(crate::value::to_days(*d)))),
            Value::Text(text) => Vector::Texts(Values::One(self.intern(text))),
            Value::List(items) => {
                let inner = if let Ty::List(item) = ty {
                    (**item).clone()
                } else {
                    Ty::Null
                };
                let items: Vec<Vector> = items.iter().map(|v| self.constant(v, &inner)).collect();
                let all = if items.is_empty() {
                    Vector::Bools(Values::new())
                } else {
                    Vector::concat(&items)
                };
                Vector::Lists(ListVec {
                    offsets: vec![0, all.len()],
                    items: Box::new(all),
                    maybe: None,
                    states: None,
                })
            }
            _ => Self::missing(ty, 1, false),
        }
    }

    /// `null` or unknown of a type, `n` times.
    pub(crate) fn missing(ty: &Ty, n: usize, unknown: bool) -> Vector {
        match ty {
            Ty::Null | Ty::Bool => Vector::Bools(Values::repeat(
                if unknown { truth::UNKNOWN } else { truth::NULL },
                n,
            )),
            Ty::Text(_) => Vector::Texts(Values::repeat(
                if unknown { UNKNOWN_ID } else { NULL_ID },
                n,
            )),
            Ty::Row(table) => Vector::Rows(
                *table,
                Values::repeat(if unknown { UNKNOWN_ID } else { NULL_ID }, n),
            ),
            Ty::List(item) => Vector::Lists(ListVec {
                offsets: vec![0; n + 1],
                items: Box::new(Self::missing(item, 0, false)),
                maybe: None,
                states: Some(Values::repeat(
                    if unknown { truth::UNKNOWN } else { truth::NULL },
                    n,
                )),
            }),
            _ => Vector::Nums(
                std::iter::repeat_n(if unknown { Num::Unknown } else { Num::Null }, n).collect(),
            ),
        }
    }

    /// Whether a value has the form of its type.
    fn is_held_as(ty: &Ty, value: &Vector) -> bool {
        match (ty, value) {
            (Ty::List(item), Vector::Lists(lists)) => Self::is_held_as(item, &lists.items),
            (Ty::Null, _)
            | (Ty::Bool, Vector::Bools(_))
            | (Ty::Text(_), Vector::Texts(_))
            | (Ty::Row(_), Vector::Rows(..)) => true,
            (ty, Vector::Nums(_)) => ty.is_numeric(),
            _ => false,
        }
    }

    /// A value in the form of its type: a `null`, or an empty list, of no type of its own takes that of its surroundings.
    fn held_as(ty: &Ty, value: Vector) -> Vector {
        match (ty, value) {
            (Ty::List(item), Vector::Lists(mut lists)) => {
                let items = std::mem::replace(&mut *lists.items, Vector::Bools(Values::new()));
                *lists.items = Self::held_as(item, items);
                Vector::Lists(lists)
            }
            (ty, value) if Self::is_held_as(ty, &value) => value,
            (ty, value) => {
                let both = [Self::missing(ty, 1, false), Self::missing(ty, 1, true)];
                let pick = (0..value.len()).map(|i| usize::from(is_unknown_at(&value, i)));
                Vector::concat(&both).gather(&pick.collect::<Vec<_>>())
            }
        }
    }

    fn let_value(&mut self, at: usize) -> Vector {
        if let Some(value) = self.let_values.get(at).cloned().flatten() {
            return value;
        }
        let Some(expr) = self.lets.get(at).copied() else {
            return Vector::Bools(Values::One(truth::NULL));
        };
        let outer = std::mem::replace(&mut self.expression, at);
        let value = self.eval(&expr.root);
        self.expression = outer;
        if let Some(slot) = self.let_values.get_mut(at) {
            *slot = Some(value.clone());
        }
        value
    }

    fn list(&mut self, items: &'a [Node]) -> Vector {
        let values: Vec<Vector> = items.iter().map(|i| self.eval(i)).collect();
        let n = values.iter().map(Vector::len).fold(1, joint_len);
        let expanded: Vec<Vector> = (values.into_iter().zip(items))
            .map(|(value, item)| self.expand(value, &item.ty, n))
            .collect();
        let k = expanded.len();
        let pool = if expanded.is_empty() {
            Vector::Bools(Values::new())
        } else {
            Vector::concat(&expanded)
        };
        let order: Vec<usize> = (0..n)
            .flat_map(|i| (0..k).map(move |j| j * n + i))
            .collect();
        Vector::Lists(ListVec {
            offsets: (0..=n).map(|i| i * k).collect(),
            items: Box::new(pool.gather(&order)),
            maybe: None,
            states: None,
        })
    }

    /// A field of what a piece comes to: of the rows of a level or of a table as the column stands, unless evidence is noted.
    fn field_of_piece(&mut self, of: &'a Node, table: TableId, field: FieldId) -> Vector {
        let is_noted = self.notebook.is_some();
        if let (Kind::Var(level), false) = (&of.kind, is_noted) {
            return self.cells_of_level(*level, table, field);
        }
        if let (Kind::Table(_), false) = (&of.kind, is_noted)
            && let Some(list) = self.cells_of_table(table, field)
        {
            return Vector::Lists(list);
        }
        let of = self.eval(of);
        self.field(of, table, field)
    }

    /// A side of a test or a sum, which is read and not kept: a whole column is left where it stands.
    pub(super) fn operand(&mut self, node: &'a Node) -> Operand {
        let here = self.levels.len().saturating_sub(1);
        if let Kind::Field(of, table, field) = &node.kind
            && let Kind::Var(level) = of.kind
            && (level, self.notebook.is_none()) == (here, true)
            && !self.is_exhausted()
            && let Some(column) = self.whole_column(level, *table, *field)
            && Self::is_held_as(&node.ty, &column)
        {
            self.has_work_for(column.size());
            return Operand::Column(column);
        }
        Operand::Own(self.eval(node))
    }

    fn arithmetic(&mut self, op: BinaryOp, a: &'a Node, b: &'a Node) -> Vector {
        if matches!(a.ty, Ty::Text(_)) || matches!(b.ty, Ty::Text(_)) {
            return self.join_texts(a, b);
        }
        let (a, b) = (self.operand(a), self.operand(b));
        Vector::Nums(vector::arithmetic(op, &a.as_nums(), &b.as_nums()))
    }

    /// Whether a piece is worked out for the rows of the innermost level as they stand.
    pub(super) fn is_worked_out_here(&self, node: &Node) -> bool {
        let here = self.levels.len().saturating_sub(1);
        node.level >= here && self.rows_repeated(node, here).is_none()
    }

    fn compare(&self, op: BinaryOp, a: &Vector, b: &Vector) -> Values<u8> {
        if let (BinaryOp::Equal | BinaryOp::NotEqual, Vector::Bools(null)) = (op, b)
            && **null == [truth::NULL]
        {
            let mut equal = are_null(a);
            if op == BinaryOp::NotEqual {
                equal.iter_mut().for_each(|t| *t = truth::not(*t));
            }
            return equal;
        }
        if matches!(a, Vector::Nums(_)) || matches!(b, Vector::Nums(_)) {
            return compare(op, &a.as_nums(), &b.as_nums());
        }
        let n = joint_len(a.len(), b.len());
        if let (BinaryOp::Equal, Vector::Texts(a), Vector::Texts(b)) = (op, a, b) {
            return same_texts(a, b);
        }
        if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            let equals = (0..n).map(|i| equal(a, i, b, i));
            return if op == BinaryOp::Equal {
                equals.collect()
            } else {
                equals.map(truth::not).collect()
            };
        }
        let (a, b) = (a.as_texts(), b.as_texts());
        let at = |v: &[u32], i: usize| {
            v.get(if v.len() == 1 { 0 } else { i })
                .copied()
                .unwrap_or(NULL_ID)
        };
        let one = |i: usize| match (at(&a, i), at(&b, i)) {
            (UNKNOWN_ID, _) | (_, UNKNOWN_ID) => truth::UNKNOWN,
            (NULL_ID, _) | (_, NULL_ID) => truth::NULL,
            (a, b) => truth::of(holds(op, self.text(a).cmp(self.text(b)))),
        };
        (0..n).map(one).collect()
    }

    /// `and` or `or`: the second side is not asked when the first decides every row.
    fn both(&mut self, a: &'a Node, b: &'a Node, decides: u8, join: fn(u8, u8) -> u8) -> Vector {
        let a = self.eval(a).into_bools();
        if !a.is_empty() && a.iter().all(|&x| x == decides) {
            return Vector::Bools(a);
        }
        let b = self.eval(b).into_bools();
        Vector::Bools(for_pairs(&a, &b, join))
    }

    fn branch(&mut self, ty: &Ty, test: &'a Node, yes: &'a Node, no: &'a Node) -> Vector {
        let test = self.eval(test).into_bools();
        if !test.is_empty() && test.iter().all(|&t| t == truth::TRUE) {
            return self.eval(yes);
        }
        if !test.is_empty() && test.iter().all(|&t| t == truth::FALSE || t == truth::NULL) {
            return self.eval(no);
        }
        let (yes_type, no_type) = (&yes.ty, &no.ty);
        let (yes, no) = (self.eval(yes), self.eval(no));
        let n = joint_len(test.len(), joint_len(yes.len(), no.len()));
        let is_sure = !test.contains(&truth::UNKNOWN);
        if is_sure && let Some(chosen) = choose(&test, &yes, &no, n) {
            return chosen;
        }
        let yes = Self::held_as(ty, self.expand(yes, yes_type, n));
        let no = Self::held_as(ty, self.expand(no, no_type, n));
        let either = (!is_sure).then(|| merge(&yes, &no, n));
        let at = |i: usize| {
            test.get(if test.len() == 1 { 0 } else { i })
                .copied()
                .unwrap_or(truth::NULL)
        };
        let pick: Vec<usize> = (0..n)
            .map(|i| match at(i) {
                truth::TRUE => i,
                truth::UNKNOWN => 2 * n + i,
                _ => n + i,
            })
            .collect();
        let pool: Vec<Vector> = [yes, no].into_iter().chain(either).collect();
        Vector::concat(&pool).gather(&pick)
    }

    fn assume(value: Vector, default: Vector) -> Vector {
        let n = joint_len(value.len(), default.len());
        let (value, default) = (value.expand(n), default.expand(n));
        let null = Vector::Bools(Values::One(truth::NULL));
        let pick: Vec<usize> = (0..n)
            .map(|i| {
                if equal(&value, i, &null, 0) == truth::TRUE {
                    n + i
                } else {
                    i
                }
            })
            .collect();
        Vector::concat(&[value, default]).gather(&pick)
    }

    /// Opens the level of an iteration's items.
    fn enter(&mut self, item: LevelNo, lists: &mut ListVec) {
        let n = self.levels.last().map_or(1, |l| l.len);
        while self.levels.len() < item {
            self.levels.push(Level {
                len: n,
                parents: (n != 1).then(|| (0..n).collect()),
                items: Vector::Bools(Values::repeat(truth::NULL, n)),
            });
        }
        lists.items.share();
        let mut level = Level::of_first((*lists.items).clone());
        if n != 1 {
            let mut parents = Vec::with_capacity(level.len);
            for i in 0..n {
                parents.resize(parents.len() + lists.range(i).len(), i);
            }
            level.len = parents.len();
            level.parents = Some(parents);
        }
        self.levels.push(level);
    }

    fn leave(&mut self, depth: usize) -> Option<Level> {
        let level = self.levels.pop();
        self.levels.truncate(depth);
        level
    }

    fn note_frame(&mut self, node: &Node, frame: Option<Level>) {
        if let (Some(notebook), Some(frame)) = (&mut self.notebook, frame) {
            let noted = notebook.entry((self.expression, node.id));
            noted.or_default().frame = Some(frame);
        }
    }

    /// The list of an iteration for every row, without rows in which the body meets a cell that is not applicable.
    /// With `narrow`, rows that the body is surely not true of may be missing. And whether it is surely true of all.
    fn list_of(&mut self, iteration: &'a Iteration, narrow: bool) -> (ListVec, bool) {
        let n = self.levels.last().map_or(1, |l| l.len);
        let (lists, holds) = match &iteration.join {
            Some(join) if narrow && self.worth_joining(join, n) => {
                let (lists, sure) = self.joined(join, n);
                (lists, sure && join.is_all)
            }
            _ => {
                let lists = self.eval(&iteration.list);
                let lists = self.expand(lists, &iteration.list.ty, n).into_lists();
                (lists, false)
            }
        };
        let marked = iteration.may_not_apply.iter();
        let marked: Vec<&[State]> = marked
            .filter_map(|(table, field)| self.not_applicable(*table, *field))
            .collect();
        if marked.is_empty() {
            return (lists, holds);
        }
        let Vector::Rows(_, rows) = &*lists.items else {
            return (lists, holds);
        };
        let applies = |k: &usize| {
            let mut marked = marked.iter();
            !marked.any(|states| is_not_applicable(states, rows.get(*k)))
        };
        (keep_items(&lists, applies), holds)
    }

    fn filter(&mut self, node: &'a Node, iteration: &'a Iteration) -> Vector {
        let (mut lists, holds) = self.list_of(iteration, true);
        if holds && self.notebook.is_none() {
            return Vector::Lists(lists);
        }
        let depth = self.levels.len();
        self.enter(iteration.item, &mut lists);
        let tests = self
            .eval(&iteration.body)
            .expand(lists.items.len())
            .into_bools();
        let frame = self.leave(depth);
        self.note_frame(node, frame);
        let keeps = |k: usize| matches!(tests.get(k), Some(&(truth::TRUE | truth::UNKNOWN)));
        let mut kept = keep_items(&lists, |k| keeps(*k));
        if tests.contains(&truth::UNKNOWN) {
            let maybe = |k: usize| lists.is_maybe(k) || tests.get(k) == Some(&truth::UNKNOWN);
            kept.maybe = Some(
                (0..lists.items.len())
                    .filter(|&k| keeps(k))
                    .map(maybe)
                    .collect(),
            );
        }
        Vector::Lists(kept)
    }

    /// The body's value for each item of each row's list. With `narrow`, items of which it is surely not true may be missing.
    fn for_each(&mut self, node: &'a Node, iteration: &'a Iteration, narrow: bool) -> ListVec {
        let (mut lists, holds) = self.list_of(iteration, narrow);
        if holds {
            // It is true of all that are left.
            let items = Values::repeat(truth::TRUE, lists.items.len());
            *lists.items = Vector::Bools(items);
            return lists;
        }
        let depth = self.levels.len();
        self.enter(iteration.item, &mut lists);
        let items = self.eval(&iteration.body);
        let items = self.expand(items, &iteration.body.ty, lists.items.len());
        let frame = self.leave(depth);
        self.note_frame(node, frame);
        ListVec {
            items: Box::new(items),
            ..lists
        }
    }

    /// One value of a vector, standing alone.
    pub(crate) fn value(&self, v: &Vector, i: usize, ty: &Ty) -> Value {
        let i = if v.len() == 1 { 0 } else { i };
        match v {
            Vector::Bools(v) => match v.get(i) {
                Some(&truth::TRUE) => Value::Bool(true),
                Some(&truth::FALSE) => Value::Bool(false),
                Some(&truth::UNKNOWN) => Value::UNKNOWN,
                _ => Value::Null,
            },
            Vector::Nums(v) => number_value(v.at(i), ty),
            Vector::Texts(v) => match v.get(i).copied().unwrap_or(NULL_ID) {
                NULL_ID => Value::Null,
                UNKNOWN_ID => Value::UNKNOWN,
                id => Value::Text(self.text(id).to_owned()),
            },
            Vector::Rows(table, v) => match v.get(i).copied().unwrap_or(NULL_ID) {
                NULL_ID => Value::Null,
                UNKNOWN_ID => Value::UNKNOWN,
                row => {
                    let at = usize::try_from(row).unwrap_or(usize::MAX);
                    Value::Row(
                        self.rows(*table)
                            .map_or_else(String::new, |rows| rows.row_place(at)),
                    )
                }
            },
            Vector::Lists(v) => match v.state(i) {
                truth::TRUE if v.range(i).any(|k| v.is_maybe(k)) => Value::UNKNOWN,
                truth::TRUE => {
                    let item = if let Ty::List(item) = ty {
                        (**item).clone()
                    } else {
                        Ty::Null
                    };
                    Value::List(v.range(i).map(|k| self.value(&v.items, k, &item)).collect())
                }
                truth::NULL => Value::Null,
                _ => Value::UNKNOWN,
            },
        }
    }
}

/// A side of a test or a sum.
pub(super) enum Operand {
    /// What it came to.
    Own(Vector),
    /// A column that others read, too.
    Column(Arc<Vector>),
}

impl Deref for Operand {
    type Target = Vector;

    fn deref(&self) -> &Vector {
        match self {
            Operand::Own(value) => value,
            Operand::Column(column) => column,
        }
    }
}

/// Where texts are equal: by their numbers.
fn same_texts(a: &[u32], b: &[u32]) -> Values<u8> {
    for_pairs(a, b, |x, y| match (x, y) {
        (UNKNOWN_ID, _) | (_, UNKNOWN_ID) => truth::UNKNOWN,
        (x, y) => truth::of(x == y),
    })
}

fn number_value(x: Num, ty: &Ty) -> Value {
    let known = |x: Decimal| match ty {
        Ty::Money => Value::Money(x),
        Ty::Percent => Value::Percent(x),
        Ty::Date => super::builtin::whole(x)
            .and_then(from_days)
            .map_or(Value::Null, Value::Date),
        _ => Value::Number(x),
    };
    match x {
        Num::Known(x) => known(x),
        Num::Null => Value::Null,
        Num::Unknown => Value::UNKNOWN,
        // Bounds farther out than any cell are none.
        Num::Between(low, high) => Value::Unknown {
            min: (low.abs() <= LIMIT).then(|| Box::new(known(low))),
            max: (high.abs() <= LIMIT).then(|| Box::new(known(high))),
        },
    }
}

/// What is known when either of two values of one type may be meant.
fn merge(a: &Vector, b: &Vector, n: usize) -> Vector {
    let same_or = |a: &[u32], b: &[u32]| {
        let pairs = a.iter().zip(b);
        pairs
            .map(|(a, b)| if a == b { *a } else { UNKNOWN_ID })
            .collect()
    };
    match (a, b) {
        (Vector::Nums(a), Vector::Nums(b)) => {
            Vector::Nums((0..n).map(|i| merge_numbers(a.at(i), b.at(i))).collect())
        }
        (Vector::Texts(a), Vector::Texts(b)) => Vector::Texts(same_or(a, b)),
        (Vector::Rows(table, a), Vector::Rows(_, b)) => Vector::Rows(*table, same_or(a, b)),
        (Vector::Lists(lists), _) => {
            let state = |i: usize| match equal(a, i, b, i) {
                truth::TRUE => lists.state(i),
                _ => truth::UNKNOWN,
            };
            Vector::Lists(ListVec {
                states: Some((0..n).map(state).collect()),
                ..lists.clone()
            })
        }
        _ => {
            let (a, b) = (a.clone().into_bools(), b.clone().into_bools());
            let pairs = a.iter().zip(&b);
            Vector::Bools(
                pairs
                    .map(|(a, b)| if a == b { *a } else { truth::UNKNOWN })
                    .collect(),
            )
        }
    }
}

fn merge_numbers(a: Num, b: Num) -> Num {
    match (a, b) {
        (a, b) if a == b && !matches!(a, Num::Between(..)) => a,
        (Num::Known(x), Num::Known(y)) => Num::Between(x.min(y), x.max(y)),
        (Num::Known(x), Num::Between(low, high)) | (Num::Between(low, high), Num::Known(x)) => {
            Num::Between(x.min(low), x.max(high))
        }
        (Num::Between(low, high), Num::Between(low2, high2)) => {
            Num::Between(low.min(low2), high.max(high2))
        }
        _ => Num::Unknown,
    }
}

fn date_part(days: &NumVec, part: DatePart) -> Vector {
    let of = |x: Decimal| {
        let date = super::builtin::whole(x).and_then(from_days)?;
        Some(match part {
            DatePart::Year => Decimal::from(date.year()),
            DatePart::Month => Decimal::from(date.month()),
            DatePart::Day => Decimal::from(date.day()),
        })
    };
    let one = |i: usize| match days.at(i) {
        Num::Between(..) => Num::Unknown,
        known => monotone(known, of),
    };
    Vector::Nums((0..days.len()).map(one).collect())
}

/// The item at a place of each list, from 1, or from the end for negative places; `null` beyond either end.
fn index(lists: &ListVec, at: &NumVec) -> Vector {
    let n = joint_len(lists.len(), at.len());
    let unknown = lists.items.len();
    let pick = |i: usize| {
        let range = lists.range(i);
        let uncertain =
            range.clone().any(|k| lists.is_maybe(k)) || lists.state(i) == truth::UNKNOWN;
        match at.at(i) {
            Num::Unknown | Num::Between(..) => unknown,
            _ if uncertain => unknown,
            Num::Known(x) if lists.state(i) == truth::TRUE && x.normalize().scale() == 0 => {
                let Some(x) = super::builtin::whole(x) else {
                    return usize::MAX;
                };
                let count = i64::try_from(range.len()).unwrap_or(i64::MAX);
                let place = if x > 0 { x - 1 } else { count + x };
                match usize::try_from(place) {
                    Ok(place) if place < range.len() => range.start + place,
                    _ => usize::MAX,
                }
            }
            _ => usize::MAX,
        }
    };
    let pick: Vec<usize> = (0..n).map(pick).collect();
    let mark = match &*lists.items {
        Vector::Bools(_) => Vector::Bools(Values::One(truth::UNKNOWN)),
        Vector::Nums(_) => Vector::Nums(std::iter::once(Num::Unknown).collect()),
        Vector::Texts(_) => Vector::Texts(Values::One(UNKNOWN_ID)),
        Vector::Rows(table, _) => Vector::Rows(*table, Values::One(UNKNOWN_ID)),
        Vector::Lists(v) => Vector::Lists(ListVec {
            offsets: vec![0, 0],
            items: Box::new(v.items.gather::<usize>(&[])),
            maybe: None,
            states: Some(Values::One(truth::UNKNOWN)),
        }),
    };
    with_nulls(&Vector::concat(&[(*lists.items).clone(), mark]), &pick)
}

/// Gathers; a place beyond the end is `null`.
fn with_nulls(pool: &Vector, pick: &[usize]) -> Vector {
    match pool {
        Vector::Lists(v) => {
            let mut lists = match pool.gather(pick) {
                Vector::Lists(lists) => lists,
                other => other.into_lists(),
            };
            lists.states = Some(
                pick.iter()
                    .map(|&k| if k < v.len() { v.state(k) } else { truth::NULL })
                    .collect(),
            );
            Vector::Lists(lists)
        }
        other => other.gather(pick),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Nums;

    #[test]
    fn an_index_counts_from_one_and_from_the_end() {
        let list = ListVec {
            offsets: vec![0, 3],
            items: Box::new(Vector::Nums(NumVec::known(
                (1..=3).map(Decimal::from).collect::<Nums>(),
            ))),
            maybe: None,
            states: None,
        };
        let at = |x: i64| match index(
            &list,
            &NumVec::known(std::iter::once(Decimal::from(x)).collect()),
        ) {
            Vector::Nums(v) => v.at(0),
            _ => Num::Unknown,
        };
        assert_eq!(at(1), Num::Known(Decimal::ONE));
        assert_eq!(at(-1), Num::Known(Decimal::from(3)));
        assert_eq!(at(0), Num::Null);
        assert_eq!(at(4), Num::Null);
    }
}
