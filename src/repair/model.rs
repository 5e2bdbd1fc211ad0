//! What all rules ask of the amounts that may be changed, subject by subject.

use crate::evaluate::noted;
use crate::expr::eval::Machine;
use crate::expr::vector::Vector;
use crate::expr::vector::truth;
use crate::hash::Map;
use crate::pack::{Current, InForce};
use crate::submission::Submission;

use super::cells::Cells;
use super::form::Asked;
use super::walk::{Part, Walk};

/// A rule, by its place among those in force, and the row that it judges; `None`: the submission.
pub(super) type Subject = (usize, Option<usize>);

/// What a rule asks for one subject.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) subject: Subject,
    /// That the rule has nothing against it.
    pub(super) keep: Asked,
    /// That the rule applies and passes.
    pub(super) cure: Asked,
}

/// What all rules ask that read an amount that may be changed.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) asks: Vec<Ask>,
    by_subject: Map<Subject, usize>,
}

impl Model {
    pub(super) fn of(in_force: &InForce<'_>, submission: &Submission, cells: &Cells) -> Model {
        let schema = &in_force.pack.schema;
        let mut machine = Machine::new(schema, &in_force.world, submission);
        let mut model = Model::default();
        for (rule, current) in in_force.rules.iter().enumerate() {
            model.add(rule, current, &mut machine, cells);
        }
        model
    }

    pub(super) fn find(&self, subject: &Subject) -> Option<&Ask> {
        self.asks.get(*self.by_subject.get(subject)?)
    }

    fn add<'s>(
        &mut self,
        rule: usize,
        current: &'s Current<'s>,
        machine: &mut Machine<'s>,
        cells: &Cells,
    ) {
        let Some((test, require)) = current.test.and_then(|t| Some((t, t.require.as_ref()?)))
        else {
            return;
        };
        let (when, book) = (Map::default(), Map::default());
        let still = (machine.schema, machine.submission);
        let reader = Walk::new(still, cells, &test.lets, (&when, &book));
        let when_reads = test
            .when
            .as_ref()
            .is_some_and(|when| reader.reads(Part::When, &when.root));
        if !when_reads && !reader.reads(Part::Require, &require.root) {
            return;
        }
        let Some(noted) = noted(machine, current) else {
            return;
        };
        let walk = Walk::new(still, cells, &test.lets, (&noted.when, &noted.book));
        for (i, line) in noted.lines.iter().enumerate() {
            if noted.exempt.get(i).copied().unwrap_or(false) {
                continue;
            }
            let at = vec![0, i];
            let required = || walk.asked(Part::Require, &require.root, &at, true);
            let (keep, cure) = match &test.when {
                Some(when) if when_reads => {
                    let not_asked = walk.asked(Part::When, &when.root, &at, false);
                    let asked = walk.asked(Part::When, &when.root, &at, true);
                    let required = required();
                    (
                        Asked::any([not_asked, required.clone()]),
                        Asked::all([asked, required]),
                    )
                }
                Some(when) => {
                    let held = noted.when.get(&when.root.id).map(|noted| &noted.value);
                    if !is_true(held, i) {
                        continue;
                    }
                    let required = required();
                    (required.clone(), required)
                }
                None => {
                    let required = required();
                    (required.clone(), required)
                }
            };
            let subject = (rule, *line);
            self.by_subject.insert(subject, self.asks.len());
            self.asks.push(Ask {
                subject,
                keep,
                cure,
            });
        }
    }
}

fn is_true(held: Option<&Vector>, i: usize) -> bool {
    match held {
        Some(Vector::Bools(held)) => {
            let i = if held.len() == 1 { 0 } else { i };
            held.get(i) == Some(&truth::TRUE)
        }
        _ => false,
    }
}
