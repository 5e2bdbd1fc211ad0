//! Would the tests notice? Small changes of each rule, run against its cases and against goldens; those that nothing noticed.

pub(crate) mod operators;
mod search;

pub(crate) use self::operators::LEFT_OUT;

use std::ops::Range;
use std::sync::OnceLock;

use rayon::prelude::*;

use self::operators::{Change, changes, replace};
use super::cases;
use super::prepared::{Prepared, Years};
use crate::evaluate::Evaluator;
use crate::expr::Expr;
use crate::expr::tree::{Kind, Node};
use crate::pack::{Body, Dated, Edition, InForce, Pack, Param, Part, Rule, Severity};
use crate::review::{Finding, Tally};
use crate::submission::Submission;
use crate::value::{Decimal, Type, Value, from_days, to_days};

/// A submission whose review is known, and the rules by which it was reviewed.
pub struct Golden<'p> {
    /// The submission.
    pub submission: &'p Submission,
    /// The rules of its year.
    pub in_force: &'p InForce<'p>,
}

/// What came of all changes.
#[derive(Debug, Clone)]
pub struct Mutation {
    /// Each rule, by id.
    pub rules: Vec<Mutated>,
    /// Each parameter that a rule uses, in the order of their file.
    pub params: Vec<Mutated>,
    /// Marks that no surviving change needs: the rule, its file and the change that is marked.
    pub stale: Vec<[String; 3]>,
}

impl Mutation {
    /// Rules and parameters.
    pub fn all(&self) -> impl Iterator<Item = &Mutated> {
        self.rules.iter().chain(&self.params)
    }

    /// How many changes nothing noticed and nothing explains.
    pub fn unexplained(&self) -> usize {
        self.all().map(|m| m.survivors.len()).sum()
    }
}

/// What came of the changes of one rule or parameter.
#[derive(Debug, Clone)]
pub struct Mutated {
    /// The rule's id, or `param.name`.
    pub name: String,
    /// Its file.
    pub file: String,
    /// How many changes a case or a golden noticed.
    pub killed: usize,
    /// How many are marked as changing nothing.
    pub equivalent: usize,
    /// The others.
    pub survivors: Vec<Survivor>,
}

/// A change that nothing noticed.
#[derive(Debug, Clone)]
pub struct Survivor {
    /// The key that it changes: `require`, `when`, `let total`, `effective` …
    pub key: String,
    /// What stands there.
    pub old: String,
    /// What it became.
    pub new: String,
    /// The text of the expression and the bytes that it changes; none for what is no expression.
    pub place: Option<(String, Range<usize>)>,
    /// A case that would notice it, as TOML.
    pub case: Option<String>,
}

impl Survivor {
    /// By what it is known in a mark.
    pub fn mutant(&self) -> String {
        format!("{}: {} → {}", self.key, self.old, self.new)
    }
}

/// One change of a rule.
struct Mutant {
    key: String,
    old: String,
    new: String,
    place: Option<(String, Range<usize>)>,
    made: Made,
    /// It changes what a case says exactly at the edge of a comparison.
    is_edge: bool,
}

/// What a change does to a rule.
enum Made {
    /// An expression of an edition.
    Expr(usize, Slot, Change),
    /// An edition asks always.
    Always(usize),
    /// The years in which the rule is in force.
    Effective((Option<i64>, Option<i64>)),
    /// In one year the edition of a neighbouring one holds.
    Edition(usize, i64),
    Severity(Severity),
    /// A parameter has another value in some years.
    Param(usize, (Option<i64>, Option<i64>), Value),
}

#[derive(Debug, Clone, Copy)]
enum Slot {
    For,
    Let(usize),
    When,
    Require,
}

/// Makes every change of every rule and runs it against all cases of the pack, as [`prepared::all`](super::prepared::all) has
/// read them; with `find_cases`, looks for a case for each that nothing noticed.
pub fn run<'p>(
    pack: &'p Pack,
    prepared: Vec<Prepared<'p>>,
    goldens: &[Golden<'_>],
    find_cases: bool,
) -> Mutation {
    let mut prepared = prepared.into_iter();
    let of_rule = |rule: &Rule| prepared.by_ref().take(rule.cases.len()).collect();
    let bench = Bench {
        pack,
        years: OnceLock::new(),
        prepared: pack.rules.iter().map(of_rule).collect(),
        goldens,
        find_cases,
    };
    bench.run()
}

struct Bench<'a, 'p> {
    pack: &'p Pack,
    /// The rules of each year, for cases that are thought of.
    years: OnceLock<Years<'p>>,
    /// The cases of each rule.
    prepared: Vec<Vec<Prepared<'p>>>,
    goldens: &'a [Golden<'a>],
    find_cases: bool,
}

impl<'p> Bench<'_, 'p> {
    fn years(&self) -> &Years<'p> {
        self.years.get_or_init(|| Years::of(self.pack))
    }

    fn run(&self) -> Mutation {
        let rules: Vec<Mutated> = (0..self.pack.rules.len())
            .into_par_iter()
            .filter_map(|at| self.rule(at))
            .collect();
        let params: Vec<Mutated> = (0..self.pack.params.len())
            .into_par_iter()
            .filter_map(|at| self.param(at))
            .collect();
        let mut mutation = Mutation {
            rules,
            params,
            stale: Vec::new(),
        };
        self.take_marked(&mut mutation);
        mutation
    }

    /// One rule, with every change of its own.
    fn rule(&self, at: usize) -> Option<Mutated> {
        let rule = self.pack.rules.get(at)?;
        let bare = bare(rule);
        let mutants = mutants(rule, self.pack, !self.goldens.is_empty());
        let (mut killed, mut left) = (0, Vec::new());
        for mutant in mutants {
            if self.is_killed(at, &mutant, &bare) {
                killed += 1;
            } else {
                left.push(mutant);
            }
        }
        Some(Mutated {
            name: rule.id.clone(),
            file: rule.file.clone(),
            killed,
            equivalent: 0,
            survivors: self.survivors(&[at], left),
        })
    }

    /// The changes that nothing noticed, each with a case unless a rule marks it.
    fn survivors(&self, rules: &[usize], left: Vec<Mutant>) -> Vec<Survivor> {
        let rules_of = || rules.iter().filter_map(|&at| self.pack.rules.get(at));
        let marks = || rules_of().flat_map(|rule| &rule.equivalents);
        let is_marked = |m: &Mutant| marks().any(|mark| mark.mutant == m.identity());
        let (marked, unknown): (Vec<_>, Vec<_>) = left.into_iter().partition(is_marked);
        let cases = if self.find_cases {
            search::cases(self, rules, &unknown)
        } else {
            vec![None; unknown.len()]
        };
        let unknown = unknown.into_iter().zip(cases);
        let marked = marked.into_iter().map(|mutant| (mutant, None));
        unknown
            .chain(marked)
            .map(|(m, case)| m.survivor(case))
            .collect()
    }

    /// One parameter, over every rule that uses it.
    fn param(&self, at: usize) -> Option<Mutated> {
        let param = self.pack.params.get(at)?;
        let uses = |(_, rule): &(usize, &Rule)| uses_param(rule, at);
        let rules = self.pack.rules.iter().enumerate().filter(uses);
        let rules: Vec<usize> = rules.map(|(of, _)| of).collect();
        let mutants = param_mutants(at, param, self.pack.own_years());
        if rules.is_empty() || mutants.is_empty() {
            return None;
        }
        let (killed, left): (Vec<_>, Vec<_>) = mutants.into_iter().partition(|mutant| {
            let mut rules = rules
                .iter()
                .filter_map(|&of| Some((of, bare(self.pack.rules.get(of)?))));
            rules.any(|(of, bare)| self.is_killed(of, mutant, &bare))
        });
        Some(Mutated {
            name: format!("param.{}", param.name),
            file: param.place.0.clone(),
            killed: killed.len(),
            equivalent: 0,
            survivors: self.survivors(&rules, left),
        })
    }

    /// Whether a case of a rule, or a golden, notices a change.
    fn is_killed(&self, at: usize, mutant: &Mutant, bare: &Rule) -> bool {
        let changed = mutant.made.applied(bare, self.pack);
        let cases = self.prepared.get(at).into_iter().flatten();
        let by_case = |case: &Prepared<'p>| {
            mutant.made.concerns(case.in_force.year, bare)
                && !mutant.made.is_set_by(case)
                && cases::notices(case, &changed)
        };
        cases.into_iter().any(by_case)
            || self
                .goldens
                .iter()
                .any(|golden| golden.notices(&mutant.made, &bare.id))
    }

    /// Takes away the survivors that a mark explains, and tells the marks that explain none.
    fn take_marked(&self, mutation: &mut Mutation) {
        for rule in &self.pack.rules {
            for mark in &rule.equivalents {
                let mut used = false;
                let uses = |name: &str| name == rule.id || name.starts_with("param.");
                let all = mutation.rules.iter_mut().chain(&mut mutation.params);
                for mutated in all.filter(|m| uses(&m.name)) {
                    let before = mutated.survivors.len();
                    mutated.survivors.retain(|s| s.mutant() != mark.mutant);
                    mutated.equivalent += before - mutated.survivors.len();
                    used |= before > mutated.survivors.len();
                }
                if !used {
                    let stale = [&rule.id, &rule.file, &mark.mutant].map(String::clone);
                    mutation.stale.push(stale);
                }
            }
        }
    }
}

impl Golden<'_> {
    /// Whether its review would be another. An office may have changed the rule, or set the parameter itself.
    fn notices(&self, made: &Made, rule: &str) -> bool {
        let (pack, year) = (self.in_force.pack, self.in_force.year);
        let Some(rule) = pack.rule(rule).map(bare) else {
            return false;
        };
        if !made.concerns(year, &rule) || made.is_set_by_office(pack, year) {
            return false;
        }
        let evaluator = Evaluator::new(self.in_force);
        let before = evaluator.judge_rule(self.submission, &rule);
        let changed = made.applied(&rule, pack);
        let after = evaluator.judge_rule(self.submission, &changed);
        before.map(told) != after.map(told)
    }
}

/// What a report tells of a rule.
fn told((tally, findings): (Tally, Vec<Finding>)) -> (Tally, Vec<impl PartialEq>) {
    let one = |f: Finding| (f.outcome, f.severity, f.row, f.message, f.gap, f.missing);
    (tally, findings.into_iter().map(one).collect())
}

/// A rule without its cases, quickly copied.
fn bare(rule: &Rule) -> Rule {
    Rule {
        cases: Vec::new(),
        ..rule.clone()
    }
}

impl Mutant {
    fn identity(&self) -> String {
        format!("{}: {} → {}", self.key, self.old, self.new)
    }

    /// What is told of it, with a case that would notice it.
    fn survivor(self, case: Option<String>) -> Survivor {
        Survivor {
            key: self.key,
            old: self.old,
            new: self.new,
            place: self.place,
            case,
        }
    }
}

impl Made {
    /// The rule with the change made.
    fn applied(&self, rule: &Rule, pack: &Pack) -> Rule {
        let mut changed = rule.clone();
        match self {
            Made::Expr(_, Slot::For, change) => {
                if let Some(subjects) = &mut changed.subjects {
                    subjects.rows = change.applied(&subjects.rows, &pack.schema);
                }
            }
            Made::Expr(edition, slot, change) => {
                if let Some(expr) = changed.editions.get_mut(*edition).and_then(|e| slot.of(e)) {
                    *expr = change.applied(expr, &pack.schema);
                }
            }
            Made::Always(edition) => {
                if let Some(Body::Test(test)) =
                    changed.editions.get_mut(*edition).map(|e| &mut e.body)
                {
                    test.when = None;
                }
            }
            Made::Effective(years) => changed.effective = *years,
            Made::Edition(edition, year) => {
                let taken = changed.editions.get(*edition).cloned();
                changed.editions.splice(
                    0..0,
                    taken.map(|edition| Edition {
                        from: Some(*year),
                        until: Some(*year),
                        ..edition
                    }),
                );
            }
            Made::Severity(severity) => changed.severity = *severity,
            Made::Param(at, _, value) => set_param(&mut changed, *at, value),
        }
        changed
    }

    /// Whether it is a list that a parameter has instead.
    fn is_of_words(&self) -> bool {
        matches!(self, Made::Param(_, _, Value::List(_)))
    }

    /// Whether it can change what is said in a year.
    fn concerns(&self, year: i64, rule: &Rule) -> bool {
        match self {
            Made::Expr(_, Slot::For, _) | Made::Effective(_) | Made::Severity(_) => true,
            Made::Expr(edition, ..) | Made::Always(edition) => {
                rule.editions.get(*edition).is_some_and(|e| e.covers(year))
            }
            Made::Edition(_, in_year) => *in_year == year,
            Made::Param(_, (from, until), _) => {
                from.is_none_or(|from| from <= year) && until.is_none_or(|until| year <= until)
            }
        }
    }

    /// Whether an office sets the parameter itself in a year.
    fn is_set_by_office(&self, pack: &Pack, year: i64) -> bool {
        let Made::Param(at, ..) = self else {
            return false;
        };
        let value = pack.params.get(*at).and_then(|p| p.value_in(year));
        value.is_some_and(|dated| dated.by_office)
    }

    /// Whether a case sets the parameter itself.
    fn is_set_by(&self, case: &Prepared<'_>) -> bool {
        matches!(self, Made::Param(at, ..) if case.case.params.iter().any(|(set, _)| set == at))
    }
}

impl Slot {
    fn of(self, edition: &mut Edition) -> Option<&mut Expr> {
        let Body::Test(test) = &mut edition.body else {
            return None;
        };
        match self {
            Slot::For => None,
            Slot::Let(at) => test.lets.get_mut(at).map(|(_, expr)| expr),
            Slot::When => test.when.as_mut(),
            Slot::Require => test.require.as_mut(),
        }
    }
}

/// Every change of a rule.
fn mutants(rule: &Rule, pack: &Pack, with_goldens: bool) -> Vec<Mutant> {
    let mut found = Vec::new();
    if let Some(subjects) = &rule.subjects {
        found.extend(of_expr(&subjects.rows, "for", pack, |c| {
            Made::Expr(0, Slot::For, c)
        }));
    }
    for (at, edition) in rule.editions.iter().enumerate() {
        let Some(test) = edition.body.test() else {
            continue;
        };
        let before = match (rule.editions.len(), edition.from) {
            (0 | 1, _) => String::new(),
            (_, Some(from)) => format!("from {from}: "),
            (_, None) => "at first: ".to_owned(),
        };
        let decisive = test.decisive_lets();
        let lets = test.lets.iter().enumerate();
        // What a message alone says, a case cannot see.
        for (no, (name, expr)) in lets.filter(|(no, _)| with_goldens || decisive.contains(no)) {
            let key = format!("{before}let {name}");
            found.extend(of_expr(expr, &key, pack, |c| {
                Made::Expr(at, Slot::Let(no), c)
            }));
        }
        if let Some(when) = &test.when {
            let key = format!("{before}when");
            found.extend(of_expr(when, &key, pack, |c| Made::Expr(at, Slot::When, c)));
            if !matches!(when.root.kind, Kind::And(..)) {
                found.push(Mutant {
                    key,
                    old: when.text_of(&when.root.span),
                    new: "true".to_owned(),
                    place: Some((when.text.clone(), when.root.span.clone())),
                    made: Made::Always(at),
                    is_edge: false,
                });
            }
        }
        if let Some(require) = &test.require {
            let key = format!("{before}require");
            found.extend(of_expr(require, &key, pack, |c| {
                Made::Expr(at, Slot::Require, c)
            }));
        }
    }
    found.extend(of_years(rule, pack.own_years()));
    if with_goldens {
        found.extend(of_severity(rule));
    }
    found
}

fn of_expr(expr: &Expr, key: &str, pack: &Pack, made: impl Fn(Change) -> Made) -> Vec<Mutant> {
    let mutant = |change: Change| Mutant {
        key: key.to_owned(),
        old: change.old.clone(),
        new: change.new.clone(),
        place: Some((expr.text.clone(), change.span.clone())),
        is_edge: change.is_edge,
        made: made(change),
    };
    changes(expr, pack).into_iter().map(mutant).collect()
}

/// Its years, a year more or fewer; its editions, a year earlier or later.
fn of_years(rule: &Rule, years: (i64, i64)) -> Vec<Mutant> {
    let mut found = Vec::new();
    let (from, until) = rule.effective;
    let mut put = |key: &str, old: i64, new: i64, made: Made| {
        found.push(Mutant {
            key: key.to_owned(),
            old: old.to_string(),
            new: new.to_string(),
            place: None,
            made,
            is_edge: true,
        });
    };
    let covered = |year: i64| {
        (years.0..=years.1).contains(&year) && rule.editions.iter().any(|e| e.covers(year))
    };
    if let Some(from) = from {
        for (new, changes) in [(from - 1, from - 1), (from + 1, from)] {
            if covered(changes) {
                put(
                    "effective.from",
                    from,
                    new,
                    Made::Effective((Some(new), until)),
                );
            }
        }
    }
    if let Some(until) = until {
        for (new, changes) in [(until - 1, until), (until + 1, until + 1)] {
            if covered(changes) {
                put(
                    "effective.until",
                    until,
                    new,
                    Made::Effective((from, Some(new))),
                );
            }
        }
    }
    for (at, edition) in rule.editions.iter().enumerate() {
        let Some(from) = edition.from else { continue };
        let before = rule.editions.iter().position(|e| e.until == Some(from - 1));
        if let Some(before) = before {
            put("edition.from", from, from + 1, Made::Edition(before, from));
            put("edition.from", from, from - 1, Made::Edition(at, from - 1));
        }
    }
    found
}

/// One step more, one step less.
fn of_severity(rule: &Rule) -> Vec<Mutant> {
    use Severity::{Condition, Escalate, Note, Return};
    let all = [Note, Condition, Return, Escalate];
    let step = |a: Severity, b: Severity| {
        let at = |s: Severity| all.iter().position(|x| *x == s);
        at(a).zip(at(b)).is_some_and(|(a, b)| a.abs_diff(b) == 1)
    };
    let near = all.into_iter().filter(|s| step(*s, rule.severity));
    let mutant = |severity: Severity| Mutant {
        key: "severity".to_owned(),
        old: rule.severity.name().to_owned(),
        new: severity.name().to_owned(),
        place: None,
        made: Made::Severity(severity),
        is_edge: false,
    };
    near.map(mutant).collect()
}

/// Each value of a parameter a unit more or less, and a year earlier or later.
fn param_mutants(at: usize, param: &Param, years: (i64, i64)) -> Vec<Mutant> {
    let mut found = Vec::new();
    let within = |d: &&Dated| {
        d.from.is_none_or(|from| from <= years.1) && d.until.is_none_or(|until| until >= years.0)
    };
    for dated in param.values.iter().filter(within) {
        let of_value = (dated.from, dated.until);
        let key = match dated.from {
            Some(from) => format!("param.{} from {from}", param.name),
            None => format!("param.{}", param.name),
        };
        let mutant = |old: String, new: String, years: (Option<i64>, Option<i64>), value: Value| {
            let made = Made::Param(at, years, value);
            Mutant {
                key: key.clone(),
                old,
                new,
                place: None,
                is_edge: !made.is_of_words(),
                made,
            }
        };
        for (word, others) in words(&dated.value) {
            found.push(mutant(word, LEFT_OUT.to_owned(), of_value, others));
        }
        let mut put = |new: String, years: (Option<i64>, Option<i64>), value: Value| {
            found.push(mutant(written(&dated.value), new, years, value));
        };
        for value in moved(&dated.value, param.ty) {
            put(written(&value), of_value, value);
        }
        let next = dated.until.and_then(|until| param.value_in(until + 1));
        let (Some(until), Some(next)) = (dated.until, next) else {
            continue;
        };
        if next.value != dated.value {
            let text = written(&next.value);
            put(
                format!("{text} in {until}"),
                (Some(until), Some(until)),
                next.value.clone(),
            );
            let year = Some(until + 1);
            put(
                format!("{} in {}", written(&dated.value), until + 1),
                (year, year),
                dated.value.clone(),
            );
        }
    }
    found
}

/// A value a unit less, and a unit more.
fn moved(value: &Value, ty: Type) -> Vec<Value> {
    let near = |x: Decimal, unit: Decimal| [x - unit, x + unit];
    match value {
        Value::Money(x) => near(*x, Decimal::new(1, 2)).map(Value::Money).to_vec(),
        Value::Percent(x) => near(*x, Decimal::new(1, x.scale().max(3)))
            .map(Value::Percent)
            .to_vec(),
        Value::Number(x) if ty == Type::Year => near(*x, Decimal::ONE).map(Value::Number).to_vec(),
        Value::Number(x) => near(*x, Decimal::new(1, x.scale()))
            .map(Value::Number)
            .to_vec(),
        Value::Date(d) => {
            let days = [to_days(*d) - 1, to_days(*d) + 1];
            days.into_iter()
                .filter_map(from_days)
                .map(Value::Date)
                .collect()
        }
        Value::Bool(b) => vec![Value::Bool(!b)],
        _ => Vec::new(),
    }
}

/// Each word of a list, and the list without it.
fn words(value: &Value) -> Vec<(String, Value)> {
    let Value::List(items) = value else {
        return Vec::new();
    };
    let without = |at: usize| {
        let others = items.iter().enumerate().filter(|(other, _)| *other != at);
        Value::List(others.map(|(_, item)| item.clone()).collect())
    };
    let items = items.iter().enumerate().filter(|_| items.len() > 1);
    items
        .map(|(at, item)| (written(item), without(at)))
        .collect()
}

fn written(value: &Value) -> String {
    match value {
        Value::Percent(_) => crate::value::say(value, ""),
        Value::Null => "off".to_owned(),
        other => crate::value::feel(other),
    }
}

fn exprs_mut(rule: &mut Rule) -> Vec<&mut Expr> {
    let mut found: Vec<&mut Expr> = rule.subjects.iter_mut().map(|s| &mut s.rows).collect();
    for edition in &mut rule.editions {
        let Body::Test(test) = &mut edition.body else {
            continue;
        };
        found.extend(test.lets.iter_mut().map(|(_, e)| e));
        found.extend(test.when.iter_mut().chain(&mut test.require));
        let templates = [&mut test.message].into_iter().chain(&mut test.advice);
        found.extend(
            templates
                .flat_map(|t| &mut t.parts)
                .filter_map(|part| match part {
                    Part::Text(_) => None,
                    Part::Value(expr) => Some(expr),
                }),
        );
    }
    found
}

/// Lets a rule read another value for a parameter.
fn set_param(rule: &mut Rule, at: usize, value: &Value) {
    let with = |node: &Node| match node.kind {
        Kind::Param(param) if param == at => Some(Kind::Const(value.clone())),
        _ => None,
    };
    for expr in exprs_mut(rule) {
        replace(&mut expr.root, &with);
    }
}

fn uses_param(rule: &Rule, at: usize) -> bool {
    rule.uses.params.iter().any(|(param, ..)| *param == at)
}
