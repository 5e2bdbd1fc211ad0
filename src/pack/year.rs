//! The rules of one fiscal year: reference tables and parameters as they stand in it, and each rule's edition.

use std::sync::{Arc, OnceLock};

use super::{Body, Pack, Rule, Subjects, Test, reference};
use crate::expr::check::{cells_that_may_not_apply, lets_of};
use crate::expr::world::Visible;
use crate::expr::{Expr, World};
use crate::review::{RuleTally, Tally};
use crate::schema::{Field, FieldId, Schema, TableId};
use crate::table::{Rows, Texts};
use crate::value::Value;

/// A pack in one fiscal year.
#[derive(Debug)]
pub struct InForce<'p> {
    /// The pack.
    pub pack: &'p Pack,
    /// The fiscal year.
    pub year: i64,
    /// The rules in force, by id.
    pub rules: Arc<[Current<'p>]>,
    /// What each of them is called, shared by all reviews.
    pub(crate) names: Arc<[RuleTally]>,
    pub(crate) world: World,
}

/// A rule in force, and what it tests.
#[derive(Debug, Clone)]
pub struct Current<'p> {
    /// The rule.
    pub rule: &'p Rule,
    /// Its test in this year; `None` when it has nothing to test, and says why.
    pub test: Option<&'p Test>,
    /// The fields that it reads of its row (`true`) or of `plan`, and that may be not applicable.
    pub(crate) may_not_apply: Vec<(bool, TableId, FieldId)>,
}

impl<'p> InForce<'p> {
    /// The rules of `pack` that are in force in `year`.
    pub fn new(pack: &'p Pack, year: i64) -> Self {
        let references = pack.references.iter().zip(pack.schema.submission..);
        let references = references.map(|(rows, table)| {
            Arc::new(Visible::new(&pack.schema, table, rows, &pack.texts, year))
        });
        let params: Vec<Value> = pack
            .params
            .iter()
            .map(|p| p.value_in(year).map_or(Value::Null, |d| d.value.clone()))
            .collect();
        let suppress = pack
            .params
            .iter()
            .filter_map(|p| match p.value_in(year)?.value {
                Value::Number(x) => Some((p.name.clone(), x)),
                _ => None,
            });
        let suppress = suppress.collect();
        let set_at = pack.params.iter().map(|p| {
            let office = &pack.office.as_ref()?.name;
            p.value_in(year)
                .filter(|d| d.by_office)
                .map(|_| format!("{office}:param.{}", p.name))
        });
        let set_at = set_at.collect();
        let world = World {
            suppress,
            set_at,
            year: Some(year),
            references: references.collect(),
            texts: Arc::clone(&pack.texts),
            constants: params.iter().map(|_| OnceLock::new()).collect(),
            params,
            ..World::default()
        };
        let rules: Arc<[Current<'p>]> = pack
            .rules
            .iter()
            .filter_map(|rule| Current::of(rule, year, &pack.schema))
            .collect();
        InForce {
            pack,
            year,
            names: rules.iter().map(|current| unjudged(current.rule)).collect(),
            rules,
            world,
        }
    }

    /// The value of an expression over a submission.
    pub fn evaluate(&self, expr: &Expr, submission: &crate::submission::Submission) -> Value {
        crate::expr::evaluate(expr, &self.pack.schema, &self.world, submission)
    }

    /// For each row that subjects give, the values of expressions over it and a submission.
    pub(crate) fn evaluate_rows(
        &self,
        subjects: &Subjects,
        exprs: &[&Expr],
        submission: &crate::submission::Submission,
    ) -> Vec<Vec<Value>> {
        let rows = (subjects.table, &subjects.rows);
        crate::expr::evaluate_rows(rows, exprs, &self.pack.schema, &self.world, submission)
    }

    /// The codes that a field may hold in the year, each with its label, in the order of their list.
    pub fn codes(&self, field: &Field) -> Vec<(String, String)> {
        let Some(codes) = &field.codes else {
            return Vec::new();
        };
        let listed = |code: &str| codes.label(code).unwrap_or(code).to_owned();
        let Some(list) = field.codes_of else {
            return codes.entries.clone();
        };
        let schema = &self.pack.schema;
        let visible = list
            .checked_sub(schema.submission)
            .and_then(|at| self.world.references.get(at));
        let mut found: Vec<(String, String)> = Vec::new();
        if let Some((table, visible)) = schema.tables.get(list).zip(visible) {
            let (key, ..) = reference::code_fields(table);
            for row in &visible.in_force {
                let row = usize::try_from(*row).unwrap_or(usize::MAX);
                let code = reference::cell_text(&visible.rows, row, key, &self.world.texts);
                let code = code.filter(|code| !found.iter().any(|(c, _)| c == code));
                found.extend(code.map(|code| (code.to_owned(), listed(code))));
            }
        }
        found
    }

    /// The same with some reference tables replaced, whose texts stand behind those of the pack, and with parameters set as an
    /// office might set them.
    pub(crate) fn over(
        &self,
        texts: Option<Texts>,
        replaced: &[(TableId, Arc<Rows>)],
        params: &[(usize, Value)],
    ) -> Self {
        let texts = texts.map_or_else(|| Arc::clone(&self.world.texts), Arc::new);
        let schema = &self.pack.schema;
        let mut references = self.world.references.clone();
        for (table, rows) in replaced {
            let slot = table.checked_sub(schema.submission);
            if let Some(slot) = slot.and_then(|at| references.get_mut(at)) {
                *slot = Arc::new(Visible::new(schema, *table, rows, &texts, self.year));
            }
        }
        let mut world = World {
            year: self.world.year,
            texts,
            references,
            params: self.world.params.clone(),
            constants: self.world.params.iter().map(|_| OnceLock::new()).collect(),
            set_at: self.world.set_at.clone(),
            suppress: self.world.suppress.clone(),
            ..World::default()
        };
        for (at, value) in params {
            if let Some(of) = world.params.get_mut(*at) {
                of.clone_from(value);
            }
        }
        InForce {
            pack: self.pack,
            year: self.year,
            rules: Arc::clone(&self.rules),
            names: Arc::clone(&self.names),
            world,
        }
    }
}

impl<'p> Current<'p> {
    /// A rule as it stands in a fiscal year, if it is in force.
    pub(crate) fn of(rule: &'p Rule, year: i64, schema: &Schema) -> Option<Self> {
        let current = in_year(rule, year)?;
        let cells = current.test.map(|test| may_not_apply(test, schema));
        Some(Current {
            may_not_apply: cells.unwrap_or_default(),
            ..current
        })
    }
}

/// A rule before it judged anything.
fn unjudged(rule: &Rule) -> RuleTally {
    RuleTally {
        rule: rule.id.as_str().into(),
        code: rule.code.as_str().into(),
        title: rule.title.as_str().into(),
        basis: rule.basis,
        audience: rule.audience,
        tally: Tally::default(),
        subjects: Vec::new(),
    }
}

/// A rule with its edition of a year, if it is in force.
pub(crate) fn in_year(rule: &Rule, year: i64) -> Option<Current<'_>> {
    let (from, until) = rule.effective;
    if from.is_some_and(|from| year < from) || until.is_some_and(|until| year > until) {
        return None;
    }
    let edition = rule.editions.iter().find(|e| e.covers(year))?;
    let test = match &edition.body {
        Body::NotApplicable(_) => None,
        Body::Test(test) => Some(&**test),
    };
    Some(Current {
        rule,
        test,
        may_not_apply: Vec::new(),
    })
}

/// The fields that a test reads, itself or through its `let`s, of its row or of `plan`, and that may be not applicable.
fn may_not_apply(test: &Test, schema: &Schema) -> Vec<(bool, TableId, FieldId)> {
    let mut cells = Vec::new();
    let mut exprs: Vec<&Expr> = test.when.iter().chain(&test.require).collect();
    let mut seen = Vec::new();
    while let Some(expr) = exprs.pop() {
        cells_that_may_not_apply(expr, schema, &mut cells);
        for at in lets_of(expr) {
            if !seen.contains(&at) {
                seen.push(at);
                exprs.extend(test.lets.get(at).map(|(_, e)| e));
            }
        }
    }
    cells
}
