//! How much of a pack's rules their cases, and goldens, try: each test taken both ways, each edition and each dated value
//! of a parameter used.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::prepared::Prepared;
use crate::batch::identify;
use crate::evaluate::{Asked, Evaluator, Seen, Truths};
use crate::expr::Expr;
use crate::expr::check::lets_of;
use crate::expr::tree::{Kind, Node, Ty};
use crate::pack::{Body, InForce, Pack, Rule, Test};
use crate::submission::Submission;

/// What is tried of a pack.
#[derive(Debug, Clone)]
pub struct Coverage<'p> {
    /// Rule by rule.
    pub rules: Vec<RuleCoverage<'p>>,
    /// The dated values of the parameters that rules test with.
    pub values: Vec<ValueUse<'p>>,
}

/// What is tried of a rule.
#[derive(Debug, Clone)]
pub struct RuleCoverage<'p> {
    /// The rule.
    pub rule: &'p Rule,
    /// Its tests, in the order of its file.
    pub tests: Vec<Tested>,
    /// Its editions that no case and no golden is of: the first and the last year of each.
    pub unused_editions: Vec<(Option<i64>, Option<i64>)>,
    /// How many editions it has.
    pub editions: usize,
}

/// A test, and which ways were taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// The text that holds the expression: its bytes in the rule's file, quotes included.
    pub held_in: Range<usize>,
    /// The bytes of the expression's text in which the test stands.
    pub span: Range<usize>,
    /// The test, as it is written.
    pub text: String,
    /// Whether it was ever true.
    pub yes: bool,
    /// Whether it was ever not true.
    pub no: bool,
}

/// A dated value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueUse<'p> {
    /// The parameter.
    pub param: &'p str,
    /// The first and the last year of the value.
    pub years: (Option<i64>, Option<i64>),
    /// Whether a test of a rule used it.
    pub used: bool,
}

impl Coverage<'_> {
    /// How many ways were taken of how many, over all rules.
    pub fn ways(&self) -> (usize, usize) {
        sum(self.rules.iter().map(RuleCoverage::ways))
    }

    /// How many editions were used of how many.
    pub fn editions(&self) -> (usize, usize) {
        sum(self
            .rules
            .iter()
            .map(|r| (r.editions - r.unused_editions.len(), r.editions)))
    }

    /// How many dated values were used of how many.
    pub fn used_values(&self) -> (usize, usize) {
        sum(self.values.iter().map(|v| (usize::from(v.used), 1)))
    }
}

impl RuleCoverage<'_> {
    /// How many ways were taken of how many.
    pub fn ways(&self) -> (usize, usize) {
        sum(self
            .tests
            .iter()
            .map(|t| (usize::from(t.yes) + usize::from(t.no), 2)))
    }

    /// The tests of which a way was not taken.
    pub fn untaken(&self) -> impl Iterator<Item = &Tested> {
        self.tests.iter().filter(|t| !(t.yes && t.no))
    }
}

fn sum(counts: impl Iterator<Item = (usize, usize)>) -> (usize, usize) {
    counts.fold((0, 0), |(a, b), (x, y)| (a + x, b + y))
}

/// The place of a rule among those of the pack, and of one of its editions.
type EditionNo = (usize, usize);

/// What was seen of all rules so far.
#[derive(Debug, Default)]
struct All {
    truths: BTreeMap<(EditionNo, Asked, usize), Truths>,
    editions: BTreeSet<EditionNo>,
    /// Parameters and the place of the value that was used.
    values: BTreeSet<(usize, usize)>,
}

/// Watches what cases and submissions try.
#[derive(Debug)]
pub struct Watcher<'p> {
    pack: &'p Pack,
    all: Mutex<All>,
}

/// Watches the submissions of one batch, by the pack that judges them: the same, perhaps with an office file laid over it.
#[derive(Debug)]
pub struct BatchWatcher<'w, 'p, 'b> {
    watcher: &'w Watcher<'p>,
    pack: &'b Pack,
    years: Mutex<BTreeMap<i64, Arc<InForce<'b>>>>,
}

impl<'p> Watcher<'p> {
    /// Nothing was tried yet.
    pub fn new(pack: &'p Pack) -> Self {
        Watcher {
            pack,
            all: Mutex::default(),
        }
    }

    /// Watches a case: its own rule alone, for it holds nothing for the others.
    pub fn case(&self, prepared: &Prepared<'_>) {
        let set: Vec<usize> = prepared.case.params.iter().map(|(at, _)| *at).collect();
        self.watch(
            &prepared.in_force,
            &prepared.submission,
            prepared.rule,
            &set,
        );
    }

    /// Watches a batch that a pack judges.
    pub fn batch<'b>(&self, pack: &'b Pack) -> BatchWatcher<'_, 'p, 'b> {
        BatchWatcher {
            watcher: self,
            pack,
            years: Mutex::default(),
        }
    }

    /// `set`: the parameters that have another value than the pack's.
    fn watch(&self, in_force: &InForce<'_>, submission: &Submission, rule: &Rule, set: &[usize]) {
        let found = self.pack.rules.iter().position(|r| r.id == rule.id);
        let covers = |r: &Rule| r.editions.iter().position(|e| e.covers(in_force.year));
        let Some((at, edition)) = found.zip(covers(rule)) else {
            return;
        };
        let evaluator = Evaluator::new(in_force);
        if let Some(seen) = evaluator.watch(submission, rule)
            && let Ok(mut all) = self.all.lock()
        {
            all.add((at, edition), seen, self.pack, (in_force.year, set));
        }
    }

    /// What was tried.
    pub fn finish(self) -> Coverage<'p> {
        let all = self.all.into_inner().unwrap_or_default();
        let rules = self.pack.rules.iter().enumerate();
        Coverage {
            rules: rules.map(|(at, rule)| all.of_rule(at, rule)).collect(),
            values: all.of_values(self.pack),
        }
    }
}

impl BatchWatcher<'_, '_, '_> {
    /// Watches all rules over a submission.
    pub fn submission(&self, submission: &Submission) {
        let who = identify(self.pack, submission);
        let Some(year) = who
            .year
            .filter(|year| who.is_told(self.pack) && self.pack.covers(*year))
        else {
            return;
        };
        let in_force = self.years.lock().ok().map(|mut years| {
            let slot = years.entry(year);
            Arc::clone(slot.or_insert_with(|| Arc::new(InForce::new(self.pack, year))))
        });
        let Some(in_force) = in_force else { return };
        let params = self.pack.params.iter().enumerate();
        let set = params.filter(|(_, p)| p.value_in(year).is_some_and(|v| v.by_office));
        let set: Vec<usize> = set.map(|(at, _)| at).collect();
        for rule in &self.pack.rules {
            self.watcher.watch(&in_force, submission, rule, &set);
        }
    }
}

impl All {
    fn add(&mut self, edition: EditionNo, seen: Seen, pack: &Pack, of: (i64, &[usize])) {
        let (year, set) = of;
        self.editions.insert(edition);
        for ((asked, id), truths) in seen.truths {
            self.truths
                .entry((edition, asked, id))
                .or_default()
                .add(truths);
        }
        for param in seen.params.into_iter().filter(|p| !set.contains(p)) {
            let values = pack.params.get(param).map(|p| &p.values);
            let value = values.and_then(|values| values.iter().position(|v| v.covers(year)));
            self.values.extend(value.map(|value| (param, value)));
        }
    }

    fn of_rule<'p>(&self, at: usize, rule: &'p Rule) -> RuleCoverage<'p> {
        let mut tests = Vec::new();
        let mut unused_editions = Vec::new();
        for (nth, edition) in rule.editions.iter().enumerate() {
            let no = (at, nth);
            if !self.editions.contains(&no) {
                unused_editions.push((edition.from, edition.until));
            }
            // What finds the subjects is the same for all editions.
            for (asked, expr) in rule.tests_of(edition) {
                let editions = if asked == Asked::For {
                    0..rule.editions.len()
                } else {
                    nth..nth + 1
                };
                if asked == Asked::For && nth > 0 {
                    continue;
                }
                for point in points(expr) {
                    let mut seen = Truths::default();
                    for edition in editions.clone() {
                        let truths = self.truths.get(&((at, edition), asked, point.node.id));
                        seen.add(truths.copied().unwrap_or_default());
                    }
                    add(&mut tests, point.tested(expr, seen));
                }
            }
        }
        tests.sort_by_key(|t| (t.held_in.start, t.span.start, t.span.end));
        RuleCoverage {
            rule,
            tests,
            unused_editions,
            editions: rule.editions.len(),
        }
    }

    /// The values of parameters that tests of rules can meet, and whether they did.
    fn of_values<'p>(&self, pack: &'p Pack) -> Vec<ValueUse<'p>> {
        let wanted = values_that_tests_read(pack);
        let of = |(param, value): &(usize, usize)| {
            let of = pack.params.get(*param)?;
            let dated = of.values.get(*value)?;
            Some(ValueUse {
                param: &of.name,
                years: (dated.from, dated.until),
                used: self.values.contains(&(*param, *value)),
            })
        };
        wanted.iter().filter_map(of).collect()
    }
}

/// Two pieces that stand in the same text are one test: `between` is written once and asks twice.
fn add(tests: &mut Vec<Tested>, new: Tested) {
    let same = |t: &&mut Tested| t.held_in == new.held_in && t.span == new.span;
    match tests.iter_mut().find(same) {
        Some(known) => {
            known.yes |= new.yes;
            known.no |= new.no;
        }
        None => tests.push(new),
    }
}

/// Each parameter with each of its values that holds in a year in which a test of a rule reads it.
fn values_that_tests_read(pack: &Pack) -> BTreeSet<(usize, usize)> {
    let mut found = BTreeSet::new();
    let (first, last) = pack.own_years();
    for rule in &pack.rules {
        for year in (first..=last).filter(|year| rule.is_in_force(*year)) {
            let edition = rule.editions.iter().find(|e| e.covers(year));
            let exprs = edition.into_iter().flat_map(|e| rule.tests_of(e));
            let mut params = BTreeSet::new();
            exprs.for_each(|(_, expr)| params_of(&expr.root, &mut params));
            for param in params {
                let of = pack.params.get(param);
                let value = of.and_then(|p| p.values.iter().position(|v| v.covers(year)));
                found.extend(value.map(|value| (param, value)));
            }
        }
    }
    found
}

fn params_of(node: &Node, found: &mut BTreeSet<usize>) {
    if let Kind::Param(param) = node.kind {
        found.insert(param);
    }
    node.parts().for_each(|part| params_of(part, found));
}

impl Rule {
    /// The expressions of an edition that decide, with what finds its subjects.
    fn tests_of<'r>(
        &'r self,
        edition: &'r crate::pack::Edition,
    ) -> impl Iterator<Item = (Asked, &'r Expr)> {
        let subjects = self.subjects.iter().map(|s| (Asked::For, &s.rows));
        let test = match &edition.body {
            Body::NotApplicable(_) => None,
            Body::Test(test) => Some(test),
        };
        let of_test = test.into_iter().flat_map(|test| {
            let asked = lets_asked(test);
            let lets = test.lets.iter().enumerate();
            // What a message alone names decides nothing.
            let lets = lets.filter(move |(at, _)| asked.contains(at));
            let lets = lets.map(|(at, (_, e))| (Asked::Let(at), e));
            let when = test.when.iter().map(|e| (Asked::When, e));
            let require = test.require.iter().map(|e| (Asked::Require, e));
            lets.chain(when).chain(require)
        });
        subjects.chain(of_test)
    }
}

/// The places of the `let`s that a test asks for, itself or through others.
fn lets_asked(test: &Test) -> BTreeSet<usize> {
    let mut asked = BTreeSet::new();
    let mut exprs: Vec<&Expr> = test.when.iter().chain(&test.require).collect();
    while let Some(expr) = exprs.pop() {
        for at in lets_of(expr) {
            if asked.insert(at) {
                exprs.extend(test.lets.get(at).map(|(_, e)| e));
            }
        }
    }
    asked
}

/// A piece that goes two ways.
struct Point<'e> {
    node: &'e Node,
    /// `null` takes the way of false: a filter drops the row, an `if` takes its other arm.
    null_is_no: bool,
}

impl Point<'_> {
    fn tested(&self, expr: &Expr, seen: Truths) -> Tested {
        Tested {
            held_in: expr.held_in.clone(),
            span: self.node.span.clone(),
            text: expr.text_of(&self.node.span),
            yes: seen.yes,
            no: seen.no || (self.null_is_no && seen.null),
        }
    }
}

/// What a piece is to those around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A value among others.
    Part,
    /// The whole expression, or an arm of `and`, `or`, `not` or `if`.
    Arm,
    /// The test of `if`, or of a filter.
    Gate,
}

/// The pieces of an expression that go two ways: comparisons, arms, the tests of `if` and of filters, and the whole.
fn points(expr: &Expr) -> Vec<Point<'_>> {
    let mut found = Vec::new();
    gather(&expr.root, Role::Arm, &mut found);
    found
}

fn gather<'e>(node: &'e Node, role: Role, found: &mut Vec<Point<'e>>) {
    let decides = node.ty == Ty::Bool && !matches!(node.kind, Kind::Const(_) | Kind::Not(_));
    if decides && (role != Role::Part || matches!(node.kind, Kind::Compare(..))) {
        found.push(Point {
            node,
            null_is_no: role == Role::Gate,
        });
    }
    match &node.kind {
        Kind::And(a, b) | Kind::Or(a, b) => {
            for arm in [a, b] {
                arm_of(node, arm, found);
            }
        }
        Kind::Not(a) => gather(a, role, found),
        Kind::If(test, yes, no) => {
            gather(test, Role::Gate, found);
            let arm = if node.ty == Ty::Bool {
                Role::Arm
            } else {
                Role::Part
            };
            gather(yes, arm, found);
            gather(no, arm, found);
        }
        Kind::Filter(iteration) => {
            gather(&iteration.list, Role::Part, found);
            gather(&iteration.body, Role::Gate, found);
        }
        Kind::Quantified(_, iteration) => {
            gather(&iteration.list, Role::Part, found);
            gather(&iteration.body, Role::Arm, found);
        }
        _ => node
            .parts()
            .for_each(|part| gather(part, Role::Part, found)),
    }
}

/// An arm of `and` or `or`; of a chain of one of them, the arms alone.
fn arm_of<'e>(node: &Node, arm: &'e Node, found: &mut Vec<Point<'e>>) {
    match (&node.kind, &arm.kind) {
        (Kind::And(..), Kind::And(a, b)) | (Kind::Or(..), Kind::Or(a, b)) => {
            arm_of(arm, a, found);
            arm_of(arm, b, found);
        }
        _ => gather(arm, Role::Arm, found),
    }
}
