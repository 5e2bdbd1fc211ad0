//! The cases of a pack's rules, each read once, to be judged many times: by its rule, or by a changed one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Weight};
use crate::evaluate::Evaluator;
use crate::pack::{Case, InForce, Pack, Rule, merge};
use crate::read::{self, File};
use crate::review::{Finding, Outcome, Tally};
use crate::schema::TableId;
use crate::submission::Submission;
use crate::table::{Rows, Texts};

/// One case, read.
#[derive(Debug)]
pub struct Prepared<'p> {
    /// The rule whose case it is.
    pub rule: &'p Rule,
    /// The case.
    pub case: &'p Case,
    /// What it holds.
    pub submission: Submission,
    /// The rules of its year, over its own reference rows and parameters.
    pub in_force: Arc<InForce<'p>>,
    /// Cells of the case that could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

impl Prepared<'_> {
    /// What a rule says of the case; `None` when it is not in force in the case's year.
    pub fn outcome(&self, rule: &Rule) -> Option<Outcome> {
        let tally = Evaluator::new(&self.in_force).tally_of(&self.submission, rule)?;
        Some(tally.worst())
    }

    /// What a rule says of the case, with its findings; `None` when it is not in force in the case's year.
    pub fn findings(&self, rule: &Rule) -> Option<(Tally, Vec<Finding>)> {
        Evaluator::new(&self.in_force).judge_rule(&self.submission, rule)
    }
}

/// The rules in force in each year that a case asks for, compiled once.
#[derive(Debug)]
pub struct Years<'p> {
    pack: &'p Pack,
    by_year: BTreeMap<i64, Arc<InForce<'p>>>,
}

impl<'p> Years<'p> {
    /// The years of all cases of a pack.
    pub fn of(pack: &'p Pack) -> Self {
        let cases = pack.rules.iter().flat_map(|rule| &rule.cases);
        let years = cases.map(|case| year_of(pack, case));
        let years: BTreeSet<i64> = years.collect();
        let compiled = |year| (year, Arc::new(InForce::new(pack, year)));
        let by_year = years.into_par_iter().map(compiled).collect();
        Years { pack, by_year }
    }

    /// Reads one case.
    pub fn prepare<'c>(&self, rule: &'c Rule, case: &'c Case) -> Prepared<'c>
    where
        'p: 'c,
    {
        let mut read = Read::of(self.pack, case, true);
        Prepared {
            in_force: self.in_force(case, &mut read),
            rule,
            case,
            submission: read.submission,
            diagnostics: read.diagnostics,
        }
    }

    /// The rules over a case: those of its year, shared as far as it brings no rows or parameters of its own.
    fn in_force(&self, case: &Case, read: &mut Read) -> Arc<InForce<'p>> {
        let year = year_of(self.pack, case);
        let shared = match self.by_year.get(&year) {
            Some(shared) => Arc::clone(shared),
            None => Arc::new(InForce::new(self.pack, year)),
        };
        if read.replaced.is_empty() && case.params.is_empty() {
            return shared;
        }
        Arc::new(shared.over(read.texts.take(), &read.replaced, &case.params))
    }

    /// What a case holds, and the rules over it: those that are given, if it brings no rows but theirs.
    pub(crate) fn read(
        &self,
        known: Option<&Arc<InForce<'p>>>,
        case: &Case,
    ) -> (Submission, Arc<InForce<'p>>, Vec<Diagnostic>) {
        if let Some(known) = known {
            let read = Read::of(self.pack, case, false);
            return (read.submission, Arc::clone(known), read.diagnostics);
        }
        let mut read = Read::of(self.pack, case, true);
        let in_force = self.in_force(case, &mut read);
        (read.submission, in_force, read.diagnostics)
    }
}

/// Every case of every rule, in the order of the pack.
pub fn all(pack: &Pack) -> Vec<Prepared<'_>> {
    let years = Years::of(pack);
    let rules = pack.rules.iter();
    let cases: Vec<_> = rules
        .flat_map(|r| r.cases.iter().map(move |c| (r, c)))
        .collect();
    let prepared = cases.into_par_iter();
    prepared
        .map(|(rule, case)| years.prepare(rule, case))
        .collect()
}

/// The fiscal year of a case.
pub fn year_of(pack: &Pack, case: &Case) -> i64 {
    case.year.unwrap_or(pack.own_years().1)
}

/// What a case holds, read as a district's plan is.
struct Read {
    submission: Submission,
    /// The texts of the reference tables with those of its own rows, if it has some.
    texts: Option<Texts>,
    /// Reference tables over which it lays rows of its own.
    replaced: Vec<(TableId, Arc<Rows>)>,
    diagnostics: Vec<Diagnostic>,
}

impl Read {
    /// Reads a case, its rows of reference tables too or not.
    fn of(pack: &Pack, case: &Case, references: bool) -> Self {
        let schema = &pack.schema;
        let (mut files, mut replaced) = (Vec::new(), Vec::new());
        let (mut texts, mut diagnostics) = (None, Vec::new());
        files.extend(case.plan.as_ref().map(|plan| File {
            path: "case/plan.toml".to_owned(),
            bytes: plan.clone().into_bytes(),
        }));
        for (name, csv) in &case.tables {
            let Some((id, table)) = schema
                .table(name)
                .and_then(|id| Some((id, schema.tables.get(id)?)))
            else {
                continue;
            };
            let text = csv.trim_start_matches(['\r', '\n']).as_bytes();
            if id < schema.submission {
                let path = format!("case/{name}.csv");
                let bytes = text.to_vec();
                files.push(File { path, bytes });
            } else if let Some(base) = pack.reference(id).filter(|_| references) {
                let texts = texts.get_or_insert_with(|| Texts::clone(&pack.texts));
                let extra = read::read_csv(table, name, text, texts, &mut diagnostics);
                replaced.push((id, Arc::new(merge(table, base, &extra, texts))));
            }
        }
        let submission = read::read_folder(schema, "case", &files);
        let fatal = |d: &&Diagnostic| d.weight == Weight::Fatal;
        diagnostics.extend(submission.diagnostics.iter().filter(fatal).cloned());
        Read {
            submission,
            texts,
            replaced,
            diagnostics,
        }
    }
}
