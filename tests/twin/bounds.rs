//! What can be told when cells are unknown, by the contract's own words: an operator or function with an unknown operand
//! is unknown, but for `and` and `or` that the other side decides, `if` with equal branches, and what bounds decide;
//! rows of which a filter is unknown are taken both in and out; each use of a cell counts by itself.

use num_traits::Zero;

use super::feel::{self, Answer};
use super::number::{Exact, exact, settled, whole};
use super::plain::{Scene, constant, date_part, mark};
use crate::expr::tree::{Expr, Iteration, Kind, Node};
use crate::expr::{BinaryOp, Builtin};
use crate::schema::{FieldId, Otherwise, TableId};
use crate::table::State;
use crate::value::{Type, to_days};

/// What is known of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Known {
    /// It is told; a list stands below.
    Sure(Answer),
    /// A number, or the days of a date, between two bounds.
    Between(Exact, Exact),
    Unknown,
    /// What is known of the items, and which of them may or may not belong.
    List(Vec<Item>),
}

/// An item of a list, and whether it is uncertain that it belongs.
pub(crate) type Item = (Known, bool);

use Known::{Between, List, Sure, Unknown};

const NULL: Known = Sure(Answer::Null);
const TRUE: Known = Sure(Answer::Bool(true));
const FALSE: Known = Sure(Answer::Bool(false));

impl Known {
    pub(crate) fn of(answer: Answer) -> Known {
        match answer {
            Answer::List(items) => List(
                items
                    .into_iter()
                    .map(|item| (Known::of(item), false))
                    .collect(),
            ),
            other => Sure(other),
        }
    }

    /// The value, where all of it is told.
    pub(crate) fn told(&self) -> Option<Answer> {
        match self {
            Sure(answer) => Some(answer.clone()),
            List(items) => {
                let told = |(value, maybe): &Item| value.told().filter(|_| !maybe);
                items
                    .iter()
                    .map(told)
                    .collect::<Option<_>>()
                    .map(Answer::List)
            }
            Between(..) | Unknown => None,
        }
    }

    /// Whether the value may turn out to be this one.
    pub(crate) fn allows(&self, answer: &Answer) -> bool {
        match (self, answer) {
            (Sure(sure), answer) => sure == answer,
            (Between(low, high), answer) => {
                let of = Sure(answer.clone()).bounds();
                of.is_some_and(|(x, _)| *low <= x && x <= *high)
            }
            (Unknown, _) => true,
            (List(items), Answer::List(answers)) => fits(items, answers),
            (List(_), _) => false,
        }
    }

    /// The least and the most that a number, or a date in days, can be.
    fn bounds(&self) -> Option<(Exact, Exact)> {
        match self {
            Sure(Answer::Number(x)) => Some((x.clone(), x.clone())),
            Sure(Answer::Date(date)) => {
                let days = whole(to_days(*date));
                Some((days.clone(), days))
            }
            Between(low, high) => Some((low.clone(), high.clone())),
            _ => None,
        }
    }
}

/// Whether some of the uncertain items can be left out so that the others fit the answers, one by one.
fn fits(items: &[Item], answers: &[Answer]) -> bool {
    match (items, answers) {
        ([], answers) => answers.is_empty(),
        ([(item, maybe), rest @ ..], answers) => {
            let taken = answers
                .split_first()
                .is_some_and(|(answer, others)| item.allows(answer) && fits(rest, others));
            taken || (*maybe && fits(rest, answers))
        }
    }
}

impl Scene<'_> {
    /// What is known of an expression.
    pub(crate) fn known(&self, expr: &Expr) -> Known {
        let row = self.row.map(|(table, row)| Sure(Answer::Row(table, row)));
        self.tell(&expr.root, &row.into_iter().collect::<Vec<_>>())
    }

    fn tell(&self, node: &Node, vars: &[Known]) -> Known {
        let of = |node: &Node| self.tell(node, vars);
        match &node.kind {
            Kind::Const(value) => Known::of(constant(value)),
            Kind::Year => Sure(Answer::Number(whole(
                self.world.year.expect("every test has one"),
            ))),
            Kind::Param(at) => Known::of(constant(&self.world.params[*at])),
            Kind::Let(at) => self.known(self.lets[*at]),
            Kind::Plan(table) if self.rows(*table).is_empty() => Unknown,
            Kind::Plan(table) => Sure(Answer::Row(*table, 0)),
            Kind::Table(table) if self.is_missing(*table) => Unknown,
            Kind::Table(table) => Known::of(Answer::List(self.all_rows(*table))),
            Kind::Var(level) => vars[level - 1].clone(),
            Kind::Field(row, table, field) => self.field(&of(row), *table, *field),
            Kind::DatePart(date, part) => match of(date) {
                Sure(date) => Sure(date_part(&date, *part)),
                _ => Unknown,
            },
            Kind::Lookup(table, keys) => {
                self.lookup(*table, &keys.iter().map(of).collect::<Vec<_>>())
            }
            Kind::List(items) => List(items.iter().map(|item| (of(item), false)).collect()),
            Kind::Negate(a) => arithmetic(
                BinaryOp::Subtract,
                &Sure(Answer::Number(Exact::zero())),
                &of(a),
            ),
            Kind::Arithmetic(op, a, b) => arithmetic(*op, &of(a), &of(b)),
            Kind::Compare(op, a, b) => compare(*op, &of(a), &of(b)),
            Kind::And(a, b) => and(&of(a), &of(b)),
            Kind::Or(a, b) => or(&of(a), &of(b)),
            Kind::Not(a) => not(&of(a)),
            Kind::If(test, yes, no) => match of(test) {
                Unknown => either(&of(yes), &of(no)),
                TRUE => of(yes),
                _ => of(no),
            },
            Kind::Filter(iteration) => self.each_known(iteration, vars, |items| {
                let kept = items
                    .into_iter()
                    .filter(|(_, test, _)| *test == TRUE || *test == Unknown);
                List(
                    kept.map(|(item, test, maybe)| (item, maybe || test == Unknown))
                        .collect(),
                )
            }),
            Kind::Quantified(quantifier, iteration) => self.each_known(iteration, vars, |items| {
                let tests: Vec<Item> = items
                    .into_iter()
                    .map(|(_, test, maybe)| (test, maybe))
                    .collect();
                if quantifier.is_every() {
                    all(&tests)
                } else {
                    any(&tests)
                }
            }),
            Kind::For(iteration) => self.each_known(iteration, vars, |items| {
                List(
                    items
                        .into_iter()
                        .map(|(_, value, maybe)| (value, maybe))
                        .collect(),
                )
            }),
            Kind::Index(list, at) => index(&of(list), &of(at)),
            Kind::Call(builtin, args) => call(*builtin, &args.iter().map(of).collect::<Vec<_>>()),
            Kind::Marked(not_applicable, row, table, field) => match of(row) {
                Sure(Answer::Row(_, row)) => Sure(Answer::Bool(
                    self.state(*table, row, *field) == mark(*not_applicable),
                )),
                Unknown => Unknown,
                _ => FALSE,
            },
            Kind::Assume(value, default) => match of(value) {
                NULL => of(default),
                value => value,
            },
        }
    }

    /// What is made of the items of a list that apply, each with what the body says of it and whether it may not belong.
    fn each_known(
        &self,
        iteration: &Iteration,
        vars: &[Known],
        make: impl Fn(Vec<(Known, Known, bool)>) -> Known,
    ) -> Known {
        let items = match self.tell(&iteration.list, vars) {
            List(items) => items,
            other => return other,
        };
        let applies = |(item, _): &Item| match item {
            Sure(item) => self.applies(iteration, item),
            _ => true,
        };
        let with_body = |(item, maybe): Item| {
            let mut vars = vars.to_vec();
            vars.resize(iteration.item - 1, NULL);
            vars.push(item.clone());
            (item, self.tell(&iteration.body, &vars), maybe)
        };
        make(items.into_iter().filter(applies).map(with_body).collect())
    }

    /// A required table that is absent or empty.
    fn is_missing(&self, table: TableId) -> bool {
        self.schema.tables[table].required && self.rows(table).is_empty()
    }

    fn field(&self, of: &Known, table: TableId, field: FieldId) -> Known {
        let cell = |row: &Known| match row {
            Sure(Answer::Row(_, row)) => self.known_cell(table, *row, field),
            Unknown => Unknown,
            _ => NULL,
        };
        let applies = |(row, _): &&Item| match row {
            Sure(Answer::Row(_, row)) => self.state(table, *row, field) != State::NotApplicable,
            _ => true,
        };
        match of {
            List(rows) => {
                let rows = rows.iter().filter(applies);
                List(rows.map(|(row, maybe)| (cell(row), *maybe)).collect())
            }
            row => cell(row),
        }
    }

    fn known_cell(&self, table: TableId, row: usize, field: FieldId) -> Known {
        if let Some(value) = self.written(table, row, field) {
            return Sure(value);
        }
        let f = &self.schema.tables[table].fields[field];
        match (self.state(table, row, field), f.otherwise) {
            (State::Blank, Some(Otherwise::Row)) => Sure(self.row_number(table, row, f.ty)),
            (State::Blank, Some(Otherwise::Plan(other))) => {
                let plan = self.schema.table("plan").expect("there is a plan");
                if self.rows(plan).is_empty() {
                    return Unknown;
                }
                self.known_cell(plan, 0, other)
            }
            (
                State::Blank,
                Some(Otherwise::Joined {
                    table: joined,
                    field: other,
                    by,
                }),
            ) => self.joined_cell(&self.known_cell(table, row, by), joined, other),
            (State::Blank, None) if !f.required => NULL,
            (State::NotApplicable, _) => NULL,
            _ => match f.ty {
                Type::Number | Type::Money | Type::Percent | Type::Year => {
                    Between(exact(f.lowest()), exact(f.highest()))
                }
                _ => Unknown,
            },
        }
    }

    /// A field of the first row that has the key, unless a row before it may have it too.
    fn joined_cell(&self, key: &Known, table: TableId, field: FieldId) -> Known {
        let by = self.schema.tables[table].key().expect("it has a key");
        if self.is_missing(table) || !matches!(key, Sure(_)) {
            return Unknown;
        }
        if *key == NULL {
            return NULL;
        }
        for row in 0..self.rows(table).len() {
            match same(&self.known_cell(table, row, by), key) {
                TRUE => return self.known_cell(table, row, field),
                Unknown => return Unknown,
                _ => {}
            }
        }
        NULL
    }

    /// A row of a reference table; where a table that is not complete has none, somebody owes it.
    fn lookup(&self, table: TableId, keys: &[Known]) -> Known {
        let keys: Option<Vec<Answer>> = keys.iter().map(Known::told).collect();
        let Some(keys) = keys else { return Unknown };
        if let Some(row) = self.find(table, &keys) {
            return Sure(Answer::Row(table, row));
        }
        let of = &self.schema.tables[table];
        let reference = of.reference.as_ref().expect("a lookup is of one");
        // A row that is not there may leave that part of the key blank, too.
        let mut parts = keys.iter().zip(&reference.key);
        let cannot_be =
            parts.any(|(key, field)| *key == Answer::Null && of.fields[*field].required);
        if reference.complete || cannot_be {
            NULL
        } else {
            Unknown
        }
    }
}

fn arithmetic(op: BinaryOp, a: &Known, b: &Known) -> Known {
    if let (Sure(a), Sure(b)) = (a, b) {
        return Sure(feel::arithmetic(op, a, b));
    }
    let (Some(a), Some(b)) = (a.bounds(), b.bounds()) else {
        return Unknown;
    };
    let ends = |x: &(Exact, Exact)| [x.0.clone(), x.1.clone()];
    if op == BinaryOp::Divide && b.0 <= Exact::zero() && b.1 >= Exact::zero() {
        return Unknown;
    }
    let mut corners = Vec::new();
    for x in ends(&a) {
        for y in ends(&b) {
            let corner = match op {
                BinaryOp::Add => &x + &y,
                BinaryOp::Subtract => &x - &y,
                BinaryOp::Multiply => &x * &y,
                _ => &x / &y,
            };
            // What may lie beyond all numbers may be `null`.
            let Some(corner) = settled(&corner) else {
                return Unknown;
            };
            corners.push(corner);
        }
    }
    hull(corners)
}

/// The least and the most of some numbers.
fn hull(numbers: Vec<Exact>) -> Known {
    let (low, high) = (numbers.iter().min().cloned(), numbers.into_iter().max());
    low.zip(high)
        .map_or(Unknown, |(low, high)| Between(low, high))
}

fn compare(op: BinaryOp, a: &Known, b: &Known) -> Known {
    match op {
        BinaryOp::Equal => return same(a, b),
        BinaryOp::NotEqual => return not(&same(a, b)),
        _ => {}
    }
    if let (Sure(a), Sure(b)) = (a, b) {
        return Sure(feel::compare(op, a, b));
    }
    let (Some((a_low, a_high)), Some((b_low, b_high))) = (a.bounds(), b.bounds()) else {
        return Unknown;
    };
    let decided = |always: bool, never: bool| match (always, never) {
        (true, _) => TRUE,
        (_, true) => FALSE,
        _ => Unknown,
    };
    match op {
        BinaryOp::Less => decided(a_high < b_low, a_low >= b_high),
        BinaryOp::LessEqual => decided(a_high <= b_low, a_low > b_high),
        BinaryOp::Greater => decided(a_low > b_high, a_high <= b_low),
        _ => decided(a_low >= b_high, a_high < b_low),
    }
}

/// Whether two values are equal; lists item by item.
fn same(a: &Known, b: &Known) -> Known {
    match (a, b) {
        (Unknown, _) | (_, Unknown) => Unknown,
        (Sure(a), Sure(b)) => Sure(Answer::Bool(a == b)),
        (List(a), List(b)) => {
            if a.iter().chain(b).any(|(_, maybe)| *maybe) {
                return Unknown;
            }
            if a.len() != b.len() {
                return FALSE;
            }
            let pairs = a.iter().zip(b).map(|((a, _), (b, _))| same(a, b));
            pairs.fold(TRUE, |all, same| and(&all, &same))
        }
        (List(_), _) | (_, List(_)) => FALSE,
        _ => match (a.bounds(), b.bounds()) {
            (Some((a_low, a_high)), Some((b_low, b_high))) => {
                if a_high < b_low || b_high < a_low {
                    FALSE
                } else if a_low == a_high && b_low == b_high {
                    TRUE
                } else {
                    Unknown
                }
            }
            _ => Unknown,
        },
    }
}

fn and(a: &Known, b: &Known) -> Known {
    match (a, b) {
        (&FALSE, _) | (_, &FALSE) => FALSE,
        (Sure(a), Sure(b)) => Sure(feel::and(a, b)),
        _ => Unknown,
    }
}

fn or(a: &Known, b: &Known) -> Known {
    match (a, b) {
        (&TRUE, _) | (_, &TRUE) => TRUE,
        (Sure(a), Sure(b)) => Sure(feel::or(a, b)),
        _ => Unknown,
    }
}

fn not(a: &Known) -> Known {
    match a {
        Sure(a) => Sure(feel::not(a)),
        _ => Unknown,
    }
}

/// What is known when either of two may be meant.
fn either(a: &Known, b: &Known) -> Known {
    if a.told().is_some() && same(a, b) == TRUE {
        return a.clone();
    }
    match (a.bounds(), b.bounds()) {
        (Some(a), Some(b)) => hull(vec![a.0, a.1, b.0, b.1]),
        _ => Unknown,
    }
}

/// True only if true for all, false by one item that surely belongs.
fn all(tests: &[Item]) -> Known {
    tests.iter().fold(TRUE, |all, (test, maybe)| {
        and(
            &all,
            if *maybe && *test != TRUE {
                &Unknown
            } else {
                test
            },
        )
    })
}

/// False only if false for all, true by one item that surely belongs.
fn any(tests: &[Item]) -> Known {
    tests.iter().fold(FALSE, |any, (test, maybe)| {
        or(
            &any,
            if *maybe && *test != FALSE {
                &Unknown
            } else {
                test
            },
        )
    })
}

fn index(list: &Known, at: &Known) -> Known {
    match (list, at) {
        (List(items), Sure(at)) if items.iter().all(|(_, maybe)| !maybe) => {
            let places = (0..items.len()).map(|k| Answer::Number(whole(k)));
            match feel::index(&Answer::List(places.collect()), at) {
                Answer::Number(k) => {
                    let k = usize::try_from(k.to_integer()).expect("it is a place");
                    items[k].0.clone()
                }
                _ => NULL,
            }
        }
        (&NULL, Sure(_)) => NULL,
        _ => Unknown,
    }
}

fn call(builtin: Builtin, args: &[Known]) -> Known {
    use Builtin as B;
    let told: Option<Vec<Answer>> = args.iter().map(Known::told).collect();
    if let Some(args) = told {
        return Known::of(feel::call(builtin, &args));
    }
    match (builtin, args) {
        (B::Count, [List(items)]) => {
            let sure = items.iter().filter(|(_, maybe)| !maybe).count();
            if sure == items.len() {
                Sure(Answer::Number(whole(sure)))
            } else {
                Between(whole(sure), whole(items.len()))
            }
        }
        (B::Sum, [List(items)]) => {
            let zero = Sure(Answer::Number(Exact::zero()));
            items.iter().fold(zero.clone(), |total, (item, maybe)| {
                let item = if *maybe {
                    in_or_out(item)
                } else {
                    item.clone()
                };
                arithmetic(BinaryOp::Add, &total, &item)
            })
        }
        (B::Min, [List(items)]) => extreme(items, false),
        (B::Max, [List(items)]) => extreme(items, true),
        (B::All, [List(items)]) => all(items),
        (B::Any, [List(items)]) => any(items),
        (B::ListContains, [List(items), value]) => {
            let tests = items
                .iter()
                .map(|(item, maybe)| (same(item, value), *maybe));
            any(&tests.collect::<Vec<_>>())
        }
        // A list that holds something unknown is no unknown.
        (B::ListContains, [NULL, List(_)]) => NULL,
        (B::Concatenate, lists) => concatenate(lists),
        (B::Append, [list, more @ ..]) => concatenate(&[
            list.clone(),
            List(more.iter().map(|m| (m.clone(), false)).collect()),
        ]),
        (B::Abs, [Between(low, high)]) => {
            let zero = Exact::zero();
            if *low > zero {
                Between(low.clone(), high.clone())
            } else if *high < zero {
                Between(-high, -low)
            } else {
                Between(zero, high.clone().max(-low))
            }
        }
        // Rounding keeps the order of numbers.
        (
            B::Floor | B::Ceiling | B::Decimal | B::RoundHalfUp,
            [Between(low, high), places @ ..],
        ) => {
            let round = |x: &Exact| {
                let x = Sure(Answer::Number(x.clone()));
                let args = [&[x], places].concat();
                let told: Option<Vec<Answer>> = args.iter().map(Known::told).collect();
                match feel::call(builtin, &told?) {
                    Answer::Number(x) => Some(x),
                    _ => None,
                }
            };
            round(low)
                .zip(round(high))
                .map_or(Unknown, |(low, high)| Between(low, high))
        }
        // Each phrase is a test of its own.
        (B::Mentions, [Sure(text), List(phrases)]) if *text != Answer::Null => {
            let one = |(phrase, maybe): &Item| {
                let test = match phrase {
                    Sure(phrase) => Sure(feel::call(B::Mentions, &[text.clone(), phrase.clone()])),
                    _ => Unknown,
                };
                (test, *maybe)
            };
            any(&phrases.iter().map(one).collect::<Vec<_>>())
        }
        _ => Unknown,
    }
}

/// A number that may or may not be added.
fn in_or_out(x: &Known) -> Known {
    match x.bounds() {
        Some((low, high)) => Between(low.min(Exact::zero()), high.max(Exact::zero())),
        None => Unknown,
    }
}

fn concatenate(lists: &[Known]) -> Known {
    if lists.contains(&Unknown) {
        return Unknown;
    }
    let mut all = Vec::new();
    for list in lists {
        let List(items) = list else { return NULL };
        all.extend(items.iter().cloned());
    }
    List(all)
}

/// The least or the greatest number or date. The bound on the far side counts every item, the near one only those that
/// surely belong.
fn extreme(items: &[Item], greatest: bool) -> Known {
    let bounds: Option<Vec<_>> = items.iter().map(|(item, _)| item.bounds()).collect();
    let Some(bounds) = bounds else { return Unknown };
    let sure = bounds.iter().zip(items).filter(|(_, (_, maybe))| !maybe);
    let (lows, highs): (Vec<Exact>, Vec<Exact>) = bounds.iter().cloned().unzip();
    let (sure_lows, sure_highs): (Vec<Exact>, Vec<Exact>) = sure.map(|(b, _)| b.clone()).unzip();
    let (low, high) = if greatest {
        (sure_lows.into_iter().max(), highs.into_iter().max())
    } else {
        (lows.into_iter().min(), sure_highs.into_iter().min())
    };
    match low.zip(high) {
        Some((low, high)) if low == high => {
            let told = items.iter().filter_map(|(item, _)| match item {
                Sure(answer) => Some(answer.clone()),
                _ => None,
            });
            let same = told
                .into_iter()
                .find(|answer| Sure(answer.clone()).bounds() == Some((low.clone(), low.clone())));
            Sure(same.unwrap_or(Answer::Number(low)))
        }
        Some((low, high)) => Between(low, high),
        None => Unknown,
    }
}
