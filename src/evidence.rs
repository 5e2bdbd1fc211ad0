//! Why a rule said what it said: read off what the one evaluation noted, never worked out again.

mod cells;
mod lack;
mod pieces;
mod rests;

use std::collections::BTreeSet;
use std::hash::BuildHasher;

use hashbrown::HashTable;

use cells::Column;
pub(crate) use cells::{Cell, Cells};
pub use pieces::{Piece, PieceValue};

use crate::expr::BinaryOp;
use crate::expr::Expr;
use crate::expr::eval::{Level, MAIN, Machine, Notebook};
use crate::expr::tree::{Iteration, Kind, LevelNo, Node, Ty};
use crate::expr::vector::{Num, Vector, is_null_at, is_unknown_at, truth};
use crate::hash::Set;
use crate::review::{DrawnCell, Evidence, Gap};
use crate::schema::{FieldId, TableId};
use crate::table::Layout;
use crate::value::{Decimal, Value, ceiling, floor, say};

/// Where outside the submission figures come from.
#[derive(Debug, Default)]
struct Origins {
    /// Places in an office file, each once.
    places: Vec<String>,
    /// What is known of the figures' vintage: the piece that found them, and their row.
    vintages: Vec<Evidence>,
}

impl Origins {
    fn place(&mut self, place: Option<String>) {
        self.places
            .extend(place.filter(|p| !self.places.contains(p)));
    }
}

/// How many items of an iteration are told one by one for each row of another; all of them are told as one piece where there are
/// more.
const MOST_ITEMS: usize = 50;

/// What a reference table does not tell.
#[derive(Debug, PartialEq)]
pub(crate) enum Owed {
    /// A row, by its key.
    Row(TableId, String),
    /// A figure of a row that is there, by its place.
    Figure(TableId, FieldId, String),
}

/// What a finding shows.
#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) assumptions: Vec<Evidence>,
    pub(crate) missing: Vec<String>,
    pub(crate) owed: Vec<Owed>,
    pub(crate) gap: Option<Gap>,
    pub(crate) needs: Option<String>,
    pub(crate) cells: Vec<DrawnCell>,
    /// The same cells: each one's table, row and field, and whether it is a gap.
    pub(crate) marked: Vec<(TableId, usize, FieldId, bool)>,
    /// The tests that decided: the number of the expression and of the piece.
    pub(crate) decided: Vec<(usize, usize)>,
    /// All the cells that decided or are missing.
    pub(crate) rests: Cells,
}

impl Story {
    /// Adds what another piece rests on, each thing once.
    pub(crate) fn take_in(&mut self, other: Story) {
        for evidence in other.evidence {
            if !self.evidence.contains(&evidence) {
                self.evidence.push(evidence);
            }
        }
        for cell in other.cells {
            if !self.cells.contains(&cell) {
                self.cells.push(cell);
            }
        }
        self.marked.extend(other.marked);
        // A gap stands first among those of one cell.
        self.marked
            .sort_by_key(|&(table, row, field, gap)| (table, row, field, !gap));
        self.marked
            .dedup_by_key(|&mut (table, row, field, _)| (table, row, field));
        self.assumptions.extend(other.assumptions);
        self.rests.add_all(&other.rests);
    }
}

/// Tells the story of one subject from what its evaluation noted.
pub(crate) struct Teller<'m, 'a> {
    machine: &'m Machine<'a>,
    notebook: &'m Notebook,
    lets: &'m [&'a Expr],
    story: Story,
    told: BTreeSet<(usize, usize, Vec<usize>)>,
    /// Where in the evidence each piece stands, by its expression and cells.
    written: HashTable<usize>,
    hasher: foldhash::fast::FixedState,
    decisive: Cells,
    gaps: Cells,
    no_gap: usize,
    /// Within so many items that are not told one by one.
    untold: usize,
    /// The comparison that gave the gap: its expression and left side.
    measured: (usize, usize),
}

/// Where in the nest of rows a piece is looked at: one index a level.
type At = Vec<usize>;

impl<'m, 'a> Teller<'m, 'a> {
    pub(crate) fn new(
        machine: &'m Machine<'a>,
        notebook: &'m Notebook,
        lets: &'m [&'a Expr],
    ) -> Self {
        Teller {
            machine,
            notebook,
            lets,
            story: Story::default(),
            told: BTreeSet::new(),
            written: HashTable::new(),
            hasher: foldhash::fast::FixedState::default(),
            decisive: Cells::default(),
            gaps: Cells::default(),
            no_gap: 0,
            untold: 0,
            measured: (0, 0),
        }
    }

    /// Tells why `expr` has the value it has for the one subject; `unknown` when that value is no answer.
    pub(crate) fn tell(&mut self, expr: &'a Expr, unknown: bool) {
        let at = vec![0; self.machine.depth()];
        self.explain(MAIN, expr, &expr.root, &at);
        if unknown {
            self.story.gap = None;
            self.story.needs = None;
            self.lack(MAIN, &expr.root, &at);
        }
    }

    /// Tells what made it uncertain whether the item at `item` of an iteration's list belongs to it.
    pub(crate) fn tell_item(&mut self, expr: &'a Expr, table: TableId, row: u32) {
        let mut node = &expr.root;
        while let Kind::Filter(iteration) = &node.kind {
            let items = self.items_under(MAIN, node, iteration, &vec![0]);
            let is_row = |at: &At| {
                let item = at.get(iteration.item).copied().unwrap_or(0);
                self.frame_row(MAIN, node, item) == Some((table, row))
            };
            let items: Vec<At> = items.into_iter().filter(is_row).collect();
            for at in items {
                self.explain(MAIN, expr, &iteration.body, &at);
                self.lack(MAIN, &iteration.body, &at);
            }
            node = &iteration.list;
        }
        self.story.gap = None;
        self.story.needs = None;
    }

    /// Tells that a required table is not there.
    pub(crate) fn tell_table(&mut self, table: TableId) {
        self.gaps.insert(Cell::new(table, None, None));
    }

    pub(crate) fn finish(mut self) -> Story {
        self.gaps.sort();
        self.decisive.sort();
        self.story.missing = self.places(&self.gaps);
        self.story.marked = self.marked();
        self.story.cells = self.draw(&self.story.marked);
        self.story.rests = self.gaps;
        self.story.rests.add_all(&self.decisive);
        self.story
    }

    /// Whether a value rests on a cell that holds a small count.
    pub(crate) fn rests_on_small_count(&self, expr: &'a Expr) -> bool {
        let mut cells = Cells::default();
        let at = vec![0; self.machine.depth()];
        self.cells(MAIN, &expr.root, &at, &mut cells);
        self.has_small_count(&cells)
    }

    fn noted(&self, expr: usize, node: &Node) -> Option<&'m Vector> {
        self.notebook.get(&(expr, node.id)).map(|n| &n.value)
    }

    /// Where in a noted vector the value for `at` stands.
    fn index(v: &Vector, level: LevelNo, at: &At) -> usize {
        if v.len() == 1 {
            0
        } else {
            at.get(level).copied().unwrap_or(0)
        }
    }

    fn truth(&self, expr: usize, node: &Node, at: &At) -> u8 {
        match self.noted(expr, node) {
            Some(v @ Vector::Bools(b)) => b
                .get(Self::index(v, node.level, at))
                .copied()
                .unwrap_or(truth::NULL),
            _ => truth::NULL,
        }
    }

    fn number(&self, expr: usize, node: &Node, at: &At) -> Option<Num> {
        match self.noted(expr, node) {
            Some(v @ Vector::Nums(n)) => Some(n.at(Self::index(v, node.level, at))),
            _ => None,
        }
    }

    fn value(&self, expr: usize, node: &Node, at: &At) -> Value {
        self.noted(expr, node).map_or(Value::Null, |v| {
            self.machine
                .value(v, Self::index(v, node.level, at), &node.ty)
                .settled()
        })
    }

    fn is_gap(&self, expr: usize, node: &Node, at: &At) -> bool {
        let Some(v) = self.noted(expr, node) else {
            return false;
        };
        let i = Self::index(v, node.level, at);
        if is_unknown_at(v, i) {
            return true;
        }
        match v {
            Vector::Lists(lists) => lists
                .range(i)
                .any(|k| lists.is_maybe(k) || is_unknown_at(&lists.items, k)),
            _ => false,
        }
    }

    fn is_null(&self, expr: usize, node: &Node, at: &At) -> bool {
        let Some(v) = self.noted(expr, node) else {
            return true;
        };
        let i = Self::index(v, node.level, at);
        match v {
            Vector::Lists(lists) if !is_null_at(v, i) => {
                lists.range(i).any(|k| is_null_at(&lists.items, k))
            }
            v => is_null_at(v, i),
        }
    }

    /// The items of an iteration that stand under `at`, each as a place.
    fn items_under(&self, expr: usize, node: &Node, iteration: &Iteration, at: &At) -> Vec<At> {
        let mut places = Vec::new();
        self.each_under(expr, node, iteration, at, |place| {
            places.push(place.clone());
        });
        places
    }

    /// Looks at the items of an iteration that stand under `at`, one after the other.
    fn each_under(
        &self,
        expr: usize,
        node: &Node,
        iteration: &Iteration,
        at: &At,
        mut look: impl FnMut(&At),
    ) {
        let here = at.get(node.level).copied().unwrap_or(0);
        let items = self.frame(expr, node).map_or(0..0, |f| f.under(here));
        let mut place = at.clone();
        for item in items {
            place.resize(iteration.item, 0);
            place.push(item);
            look(&place);
            place.pop();
        }
    }

    /// The items of an iteration before any was left out, each with its row outside.
    fn frame(&self, expr: usize, node: &Node) -> Option<&'m Level> {
        self.notebook
            .get(&(expr, node.id))
            .and_then(|noted| noted.frame.as_ref())
    }

    fn frame_row(&self, expr: usize, node: &Node, item: usize) -> Option<(TableId, u32)> {
        match self.frame(expr, node).map(|f| &f.items) {
            Some(Vector::Rows(table, rows)) => rows.get(item).map(|row| (*table, *row)),
            _ => None,
        }
    }

    /// Follows a truth value to the tests that decided it.
    fn explain(&mut self, no: usize, expr: &'a Expr, node: &'a Node, at: &At) {
        let value = self.truth(no, node, at);
        if !self.story.decided.contains(&(no, node.id)) {
            self.story.decided.push((no, node.id));
        }
        match &node.kind {
            Kind::And(a, b) => self.explain_pair(no, expr, (a, b), at, value, truth::FALSE),
            Kind::Or(a, b) => {
                self.no_gap += 1;
                self.explain_pair(no, expr, (a, b), at, value, truth::TRUE);
                self.no_gap -= 1;
            }
            Kind::Not(a) => {
                self.no_gap += 1;
                self.explain(no, expr, a, at);
                self.no_gap -= 1;
            }
            Kind::If(test, yes, no_branch) => {
                self.no_gap += 1;
                self.explain(no, expr, test, at);
                self.no_gap -= 1;
                match self.truth(no, test, at) {
                    truth::TRUE => self.explain(no, expr, yes, at),
                    // What both branches say is so whichever of them is meant.
                    truth::UNKNOWN if value != truth::UNKNOWN => {
                        self.no_gap += 1;
                        self.explain(no, expr, yes, at);
                        self.explain(no, expr, no_branch, at);
                        self.no_gap -= 1;
                    }
                    truth::UNKNOWN => {}
                    _ => self.explain(no, expr, no_branch, at),
                }
            }
            Kind::Let(index) => {
                if let Some(named) = self.lets.get(*index).copied() {
                    self.explain(*index, named, &named.root, at);
                }
            }
            Kind::Compare(op, a, b) => {
                self.enter(no, expr, a, at);
                self.enter(no, expr, b, at);
                if value == truth::FALSE {
                    self.measure(no, *op, a, b, at);
                }
            }
            Kind::Quantified(quantifier, iteration) => {
                self.explain_items(
                    no,
                    expr,
                    node,
                    (iteration, quantifier.is_every()),
                    at,
                    value,
                );
            }
            Kind::Call(_, args) => args.iter().for_each(|arg| self.enter(no, expr, arg, at)),
            Kind::Const(_) => {}
            _ => self.enter(no, expr, node, at),
        }
    }

    fn explain_pair(
        &mut self,
        no: usize,
        expr: &'a Expr,
        pair: (&'a Node, &'a Node),
        at: &At,
        value: u8,
        decides: u8,
    ) {
        let sides = [pair.0, pair.1].map(|side| (side, self.truth(no, side, at)));
        if value == decides {
            if let Some((side, _)) = sides.into_iter().find(|(_, t)| *t == decides) {
                self.explain(no, expr, side, at);
            }
            return;
        }
        for (side, t) in sides {
            if value == truth::not(decides) || t == value {
                self.explain(no, expr, side, at);
            }
        }
    }

    fn explain_items(
        &mut self,
        no: usize,
        expr: &'a Expr,
        node: &'a Node,
        of: (&'a Iteration, bool),
        at: &At,
        value: u8,
    ) {
        let (iteration, every) = of;
        let decides = if every { truth::FALSE } else { truth::TRUE };
        if value != decides && value != truth::UNKNOWN && value != truth::NULL {
            self.enter(no, expr, node, at);
            return;
        }
        let most = if iteration.item > 1 {
            MOST_ITEMS
        } else {
            usize::MAX
        };
        let mut found = 0_usize;
        for item in self.items_under(no, node, iteration, at) {
            if self.truth(no, &iteration.body, &item) != value {
                continue;
            }
            found += 1;
            // Of the others only the gap is looked for.
            let is_untold = found > most;
            if is_untold && self.no_gap > 0 {
                break;
            }
            self.untold += usize::from(is_untold);
            self.explain(no, expr, &iteration.body, &item);
            self.explain_membership(no, expr, (node, iteration), &item);
            self.untold -= usize::from(is_untold);
        }
        if found == 0 || found > most {
            self.enter(no, expr, node, at);
        }
    }

    /// Why an item of an iteration belongs to its list: the tests of the filter that kept it.
    fn explain_membership(
        &mut self,
        no: usize,
        expr: &'a Expr,
        of: (&'a Node, &'a Iteration),
        item: &At,
    ) {
        for (filter, kept) in self.kept_by(no, of.0, of.1, item) {
            self.no_gap += 1;
            self.explain(no, expr, &filter.body, &kept);
            self.no_gap -= 1;
        }
    }

    /// The filters that an item of an iteration came through, each with the item's place in it.
    fn kept_by(
        &self,
        no: usize,
        node: &Node,
        iteration: &'a Iteration,
        item: &At,
    ) -> Vec<(&'a Iteration, At)> {
        let mut iteration = iteration;
        let mut found = Vec::new();
        let row = item
            .get(iteration.item)
            .and_then(|k| self.frame_row(no, node, *k));
        while let Kind::Filter(filter) = &iteration.list.kind {
            let list = &iteration.list;
            let same = |at: &At| {
                let k = at.get(filter.item).copied().unwrap_or(usize::MAX);
                row.is_some() && self.frame_row(no, list, k) == row
            };
            found.extend(
                self.items_under(no, list, filter, item)
                    .into_iter()
                    .find(same)
                    .map(|at| (&**filter, at)),
            );
            iteration = filter;
        }
        found
    }

    /// Notes a piece with its value and its cells, and the `let`s that it is made of.
    fn enter(&mut self, no: usize, expr: &'a Expr, node: &'a Node, at: &At) {
        if self.untold > 0 {
            return;
        }
        if let Kind::Let(index) = node.kind {
            if let Some(named) = self.lets.get(index).copied() {
                self.enter(index, named, &named.root, at);
            }
            return;
        }
        if matches!(node.kind, Kind::Const(_)) || !self.told.insert((no, node.id, at.clone())) {
            return;
        }
        let mut cells = Cells::default();
        self.cells(no, node, at, &mut cells);
        cells.sort();
        let small = self.has_small_count(&cells);
        let value = if small {
            Value::Suppressed
        } else {
            self.value(no, node, at)
        };
        if small {
            self.no_gap += 1_000_000;
            self.story.gap = None;
            self.story.needs = None;
        }
        self.decisive.add_all(&cells);
        let mut places = self.places(&cells);
        let mut origins = Origins::default();
        self.origins(no, expr, node, at, &mut origins);
        places.extend(origins.places);
        self.write(Evidence {
            expression: expr.text_of(&node.span),
            value,
            cells: places,
        });
        for vintage in origins.vintages {
            self.write(vintage);
        }
        self.assumptions(no, expr, node, at);
        self.enter_lets(node, at);
    }

    /// Adds a piece to the evidence, unless it stands there: an expression may be written several times.
    fn write(&mut self, evidence: Evidence) {
        let held = &mut self.story.evidence;
        let hash = |of: &Evidence| self.hasher.hash_one((&of.expression, &of.cells));
        let is_same = |at: &usize| held.get(*at) == Some(&evidence);
        if self.written.find(hash(&evidence), is_same).is_none() {
            let hash_of = |at: &usize| held.get(*at).map_or(0, hash);
            self.written
                .insert_unique(hash(&evidence), held.len(), hash_of);
            held.push(evidence);
        }
    }

    /// Where outside the submission a piece has its figures from.
    fn origins(&self, no: usize, expr: &'a Expr, node: &'a Node, at: &At, found: &mut Origins) {
        match &node.kind {
            Kind::Param(param) => {
                let place = self.machine.world.set_at.get(*param).cloned().flatten();
                found.place(place);
            }
            Kind::Let(index) => {
                if let Some(named) = self.lets.get(*index).copied() {
                    self.origins(*index, named, &named.root, at, found);
                }
            }
            Kind::Lookup(..) | Kind::Filter(_) => {
                self.origins_of_rows(no, expr, (node, None), at, found);
            }
            Kind::Field(of, _, field) => {
                return self.origins_of_field(no, expr, (of, *field), at, found);
            }
            _ => {}
        }
        for part in node.parts() {
            self.origins(no, expr, part, at, found);
        }
    }

    /// Where a field of some rows comes from: the rows, and what it took to find them.
    fn origins_of_field(
        &self,
        no: usize,
        expr: &'a Expr,
        of: (&'a Node, FieldId),
        at: &At,
        found: &mut Origins,
    ) {
        let (mut no, mut expr, (mut rows, field)) = (no, expr, of);
        while let Kind::Let(index) = rows.kind {
            let Some(named) = self.lets.get(index).copied() else {
                return;
            };
            (no, expr, rows) = (index, named, &named.root);
        }
        self.origins_of_rows(no, expr, (rows, Some(field)), at, found);
        for part in rows.parts() {
            self.origins(no, expr, part, at, found);
        }
    }

    /// The places of rows that an office supplied, and the vintages of rows that have one.
    fn origins_of_rows(
        &self,
        no: usize,
        expr: &Expr,
        of: (&Node, Option<FieldId>),
        at: &At,
        found: &mut Origins,
    ) {
        let (node, field) = of;
        let table = match &node.ty {
            Ty::Row(table) => Some(*table),
            Ty::List(item) => match **item {
                Ty::Row(table) => Some(table),
                _ => None,
            },
            _ => None,
        };
        // What stands inside an iteration has one value an item, not one here.
        let here = node.level < at.len();
        let schema = self.machine.schema;
        let table = table.filter(|table| here && *table >= schema.submission);
        let Some((table, rows)) = table.and_then(|t| Some((t, self.machine.rows(t)?))) else {
            return;
        };
        let vintage = schema
            .tables
            .get(table)
            .and_then(|t| t.reference.as_ref()?.vintage);
        for row in self.rows_of(no, node, at) {
            // What a row leaves blank it takes from another.
            let own = usize::try_from(row).ok();
            let blank = own
                .zip(field)
                .is_some_and(|(own, field)| rows.raw(own, field).trim().is_empty());
            let row = self
                .machine
                .behind(table, row)
                .filter(|_| blank)
                .unwrap_or(row);
            let Ok(row) = usize::try_from(row) else {
                continue;
            };
            found.place(rows.supplied_place(row));
            let texts = &self.machine.world.texts;
            let words = vintage.and_then(|fields| rows.vintage(row, fields, texts).words());
            found.vintages.extend(words.map(|words| Evidence {
                expression: expr.text_of(&node.span),
                value: Value::Text(words),
                cells: vec![rows.row_place(row)],
            }));
        }
    }

    fn enter_lets(&mut self, node: &'a Node, at: &At) {
        for part in node.parts() {
            if let Kind::Let(index) = part.kind {
                if let Some(named) = self.lets.get(index).copied() {
                    self.enter(index, named, &named.root, at);
                }
            } else {
                self.enter_lets(part, at);
            }
        }
    }

    fn assumptions(&mut self, no: usize, expr: &'a Expr, node: &'a Node, at: &At) {
        if let Kind::Assume(value, default) = &node.kind
            && self.value(no, value, at) == Value::Null
            && self.noted(no, value).is_some()
        {
            let mut cells = Cells::default();
            self.cells(no, value, at, &mut cells);
            self.cells(no, default, at, &mut cells);
            cells.sort();
            let small = self.has_small_count(&cells);
            let value_of = if small {
                Value::Suppressed
            } else {
                self.value(no, default, at)
            };
            let told = Evidence {
                expression: expr.text_of(&value.span),
                value: value_of,
                cells: self.places(&cells),
            };
            if !self.story.assumptions.contains(&told) {
                self.story.assumptions.push(told);
            }
        }
        for part in node.parts() {
            self.assumptions(no, expr, part, at);
        }
    }

    /// By how much a comparison falls short, and what it needs. Of the items of one iteration the worst is told, so that the
    /// order of rows does not matter.
    fn measure(&mut self, no: usize, op: BinaryOp, a: &Node, b: &Node, at: &At) {
        if self.no_gap > 0 || op == BinaryOp::NotEqual {
            return;
        }
        let bounds = |x: Option<Num>| match x {
            Some(Num::Known(x)) => Some((x, x)),
            Some(Num::Between(low, high)) => Some((low, high)),
            _ => None,
        };
        let (Some((a_low, a_high)), Some((b_low, b_high))) = (
            bounds(self.number(no, a, at)),
            bounds(self.number(no, b, at)),
        ) else {
            return;
        };
        let above = a_low.checked_sub(b_high);
        let below = b_low.checked_sub(a_high);
        // Of a comparison that is false, one side alone is too far from the other.
        let Some(value) = above.max(below).filter(|x| *x > Decimal::ZERO) else {
            return;
        };
        let here = (no, a.id);
        let is_told =
            |gap: &Gap| self.measured < here || (self.measured == here && gap.value >= value);
        if self.story.gap.as_ref().is_some_and(is_told) {
            return;
        }
        self.measured = here;
        let is_share = [&a.ty, &b.ty].contains(&&Ty::Percent);
        let unit = match &a.ty {
            Ty::Money => self.machine.schema.currency.clone(),
            Ty::Date => "days".to_owned(),
            _ => "number".to_owned(),
        };
        self.story.needs = self.needs(no, op, (a, b), at);
        self.story.gap = Some(Gap {
            value,
            unit,
            is_share,
        });
    }

    /// What the left side needs to be, in words; money to the nearest cent that passes.
    fn needs(&self, no: usize, op: BinaryOp, sides: (&Node, &Node), at: &At) -> Option<String> {
        let (words, down) = match op {
            BinaryOp::LessEqual => ("at most", true),
            // Of what is less than 10.005, 10.00 is the nearest: less than 10.01.
            BinaryOp::Less => ("less than", false),
            BinaryOp::GreaterEqual => ("at least", false),
            BinaryOp::Greater => ("more than", true),
            _ => ("exactly", true),
        };
        let required = match self.value(no, sides.1, at) {
            Value::Money(x) if op != BinaryOp::Equal => {
                Value::Money(if down { floor(x, 2)? } else { ceiling(x, 2)? })
            }
            Value::Unknown { .. } | Value::Null => return None,
            other => other,
        };
        Some(format!(
            "{words} {}",
            say(&required, &self.machine.schema.currency)
        ))
    }

    /// Whether one of the cells holds a count so small that it is printed nowhere.
    fn has_small_count(&self, cells: &Cells) -> bool {
        let is_small = |cell: Cell| {
            let spot = cell.row().zip(cell.field());
            spot.is_some_and(|(row, field)| self.machine.is_small_count(cell.table(), row, field))
        };
        self.machine.has_small_counts() && cells.iter().any(is_small)
    }

    /// Cells, in order, as places: neighbouring cells of a column as one run.
    fn places(&self, cells: &Cells) -> Vec<String> {
        let mut places = Vec::new();
        let first_of_all = cells.columns().filter_map(Column::first);
        for cell in first_of_all.filter(|c| c.row().is_none()) {
            let rows = self.machine.submission.table(cell.table());
            places.extend(rows.map(|rows| rows.layout.path().to_owned()));
        }
        let mut known: Set<u64> = Set::default();
        for column in cells.columns() {
            let Some((table, field)) = column.first().map(|c| (c.table(), c.field())) else {
                continue;
            };
            let (Some(t), Some(data)) = (
                self.machine.schema.tables.get(table),
                self.machine.submission.table(table),
            ) else {
                continue;
            };
            // Only cells of columns that a file lacks, and of mapped ones, may have one place.
            let is_csv = matches!(data.layout, Layout::Csv(_));
            let is_own = is_csv && field.is_none_or(|f| data.has_column(f));
            data.runs(column.rows(), field)
                .into_iter()
                .for_each(|(first, last)| {
                    let one = |row: usize| {
                        field.map_or_else(|| data.row_place(row), |f| data.place(t, row, f))
                    };
                    let place = if first == last {
                        one(first)
                    } else {
                        data.run(t, first, last, field)
                    };
                    if is_own
                        || known.insert(known.hasher().hash_one(&place))
                        || !places.contains(&place)
                    {
                        places.push(place);
                    }
                });
        }
        places
    }

    /// The deciding cells in the order of rows, and whether each is a gap; runs of many rows are left to their places.
    fn marked(&self) -> Vec<(TableId, usize, FieldId, bool)> {
        let mut both = Cells::default();
        let cells = if self.gaps.is_empty() {
            &self.decisive
        } else {
            both.add_all(&self.gaps);
            both.add_all(&self.decisive);
            both.sort();
            &both
        };
        let mut shown: Vec<Cell> = Vec::new();
        for column in cells.columns() {
            let is_long = column.has_more_than(4);
            if !is_long || !self.gaps.is_empty() {
                let cells = column.cells();
                shown.extend(cells.filter(|cell| !is_long || self.gaps.has(*cell)));
            }
        }
        shown.sort_by_key(|c| (c.table(), c.row(), c.field()));
        let marked = shown.iter();
        let marked =
            marked.filter_map(|c| Some((c.table(), c.row()?, c.field()?, self.gaps.has(*c))));
        marked.collect()
    }

    /// Marked cells as they are written.
    fn draw(&self, marked: &[(TableId, usize, FieldId, bool)]) -> Vec<DrawnCell> {
        const MOST: usize = 12;
        let drawn = marked.iter().filter_map(|&(table, row, field, missing)| {
            let data = self.machine.submission.table(table)?;
            let f = self.machine.schema.tables.get(table)?.fields.get(field)?;
            let written = if self.machine.is_small_count(table, row, field) {
                "*".to_owned()
            } else {
                data.raw(row, field).to_owned()
            };
            Some(DrawnCell {
                row: data.row_place(row),
                label: f.label.clone(),
                written,
                missing,
            })
        });
        drawn.take(MOST).collect()
    }
}
