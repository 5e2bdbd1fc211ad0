//! What became of each finding: cured, remaining, new. A finding is the same when its rule, its row and its outcome are;
//! rows are the same as the comparison of their table found them.

use std::collections::BTreeMap;

use super::{Half, Side, TableDiff};
use crate::memory::key::{Key, values};
use crate::pack::{Pack, Severity};
use crate::review::{Finding, Outcome, Review};
use crate::schema::{Table, TableId};

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is there again.
    Remaining,
    /// What failed cannot be told any more, or what could not be told fails.
    Otherwise,
    /// It was not there before.
    New,
    /// Its test is passed.
    Cured,
    /// Its rule does not apply to its row any more.
    NoLongerApplies,
    /// Its row was dropped.
    Gone,
    /// Nobody judged it again: the rule is not in force, or nothing was judged.
    NotJudged,
}

/// A finding before and after.
#[derive(Debug, Clone)]
pub struct FindingDiff<'a> {
    /// What became of it.
    pub fate: Fate,
    /// What the key of its row holds, if anything.
    pub name: Option<String>,
    /// What was found before.
    pub old: Option<&'a Finding>,
    /// What is found now.
    pub new: Option<&'a Finding>,
}

impl<'a> FindingDiff<'a> {
    /// What is found now, else what was found before.
    pub fn latest(&self) -> Option<&'a Finding> {
        self.new.or(self.old)
    }

    /// Whether a change was required: a finding above a note, before. A question asks for an answer, and for no change.
    pub fn was_required(&self) -> bool {
        let is_required = |old: &Finding| old.severity > Severity::Note && !old.is_question();
        self.old.is_some_and(is_required)
    }

    /// Whether it is a question above a note that was asked before and is asked again.
    pub fn is_still_asked(&self) -> bool {
        let is_asked = |of: &Finding| of.severity > Severity::Note && of.is_question();
        self.old.is_some() && self.new.is_some_and(is_asked)
    }

    /// Whether the change that it required was made; `None` where that cannot be told.
    pub fn is_met(&self) -> Option<bool> {
        match self.fate {
            Fate::Cured | Fate::NoLongerApplies | Fate::Gone => Some(true),
            Fate::Remaining | Fate::New => Some(false),
            Fate::Otherwise => match self.new.map(|new| new.outcome) {
                Some(Outcome::Unknown) => None,
                _ => Some(false),
            },
            Fate::NotJudged => None,
        }
    }
}

/// What a rule says of one subject.
struct Stood<'a> {
    line: Option<usize>,
    row: Option<u32>,
    outcome: Outcome,
    finding: Option<&'a Finding>,
}

/// What a review says of each subject of each rule.
fn stood(review: &Review) -> BTreeMap<&str, Vec<Stood<'_>>> {
    let mut rules: BTreeMap<&str, Vec<Stood<'_>>> = BTreeMap::new();
    for tally in &review.rules {
        let subjects = tally.subjects.iter().map(|judged| Stood {
            line: judged.line,
            row: judged.row,
            outcome: judged.outcome,
            finding: None,
        });
        rules.insert(&tally.rule, subjects.collect());
    }
    for finding in &review.findings {
        let subjects = rules.get_mut(finding.rule.as_str()).into_iter().flatten();
        let is_it = |of: &&mut Stood<'_>| {
            of.finding.is_none() && of.row == finding.row && of.outcome == finding.outcome
        };
        if let Some(of) = subjects.into_iter().find(is_it) {
            of.finding = Some(finding);
        }
    }
    rules
}

/// What became of each finding of both.
pub(super) fn findings<'a>(
    pack: &Pack,
    old: Side<'a>,
    new: Side<'a>,
    tables: &[TableDiff],
) -> Vec<FindingDiff<'a>> {
    let (before, mut after) = (stood(old.review), stood(new.review));
    let mut found = Vec::new();
    for (rule, subjects) in &before {
        let table = subject_table(pack, rule);
        let rows = table.and_then(|(id, _)| tables.iter().find(|t| t.table == id));
        let failed = subjects.iter().filter_map(|of| Some((of, of.finding?)));
        for (of, finding) in failed {
            let later = after.get_mut(rule);
            let (fate, new) = fate(of, later, rows);
            found.push(FindingDiff {
                fate,
                name: name(old, table, of.line),
                old: Some(finding),
                new,
            });
        }
    }
    for (rule, subjects) in &after {
        let table = subject_table(pack, rule);
        let left = subjects.iter().filter_map(|of| Some((of, of.finding?)));
        found.extend(left.map(|(of, finding)| FindingDiff {
            fate: Fate::New,
            name: name(new, table, of.line),
            old: None,
            new: Some(finding),
        }));
    }
    sort(&mut found);
    found
}

/// What became of a finding; what is found of its row now is taken from what is left.
fn fate<'a>(
    of: &Stood<'_>,
    later: Option<&mut Vec<Stood<'a>>>,
    rows: Option<&TableDiff>,
) -> (Fate, Option<&'a Finding>) {
    let Some(later) = later else {
        return (Fate::NotJudged, None);
    };
    let line = match (of.line, rows) {
        (None, _) => None,
        (Some(line), Some(rows)) => match rows.after.get(line).copied().flatten() {
            Some(line) => Some(line),
            None if rows.after.is_empty() || rows.too_many => return (Fate::NotJudged, None),
            None => return (Fate::Gone, None),
        },
        (Some(_), None) => return (Fate::Gone, None),
    };
    let Some(now) = later.iter_mut().find(|now| now.line == line) else {
        // The rule was not told of the whole table, and now is of its rows, or the other way round.
        let is_whole = |now: &Stood<'_>| now.line.is_none() && now.finding.is_some();
        return if later.iter().any(is_whole) {
            (Fate::NotJudged, None)
        } else {
            (Fate::NoLongerApplies, None)
        };
    };
    match now.outcome {
        Outcome::Pass => (Fate::Cured, None),
        Outcome::NotApplicable => (Fate::NoLongerApplies, None),
        outcome if outcome == of.outcome => (Fate::Remaining, now.finding.take()),
        _ => (Fate::Otherwise, now.finding.take()),
    }
}

fn subject_table<'p>(pack: &'p Pack, rule: &str) -> Option<(TableId, &'p Table)> {
    let id = pack.rule(rule)?.subjects.as_ref()?.table;
    Some((id, pack.schema.tables.get(id)?))
}

/// What the key of a row holds.
fn name(side: Side<'_>, table: Option<(TableId, &Table)>, line: Option<usize>) -> Option<String> {
    let (id, table) = table?;
    let half = Half::of(side, id)?;
    let key = values(half.rows, line?, &[table.key()?], half.texts)?;
    let words = key.iter().filter_map(|key| match key {
        Key::Text(text) => Some((*text).to_owned()),
        Key::Number(x) => Some(x.to_string()),
        _ => None,
    });
    words.into_iter().next()
}

/// The worst first; within a rule in the order of rows.
fn sort(found: &mut [FindingDiff<'_>]) {
    let order = |of: &FindingDiff<'_>| {
        let latest = of.latest();
        let severity = latest.map(|f| std::cmp::Reverse(f.severity));
        let rule = latest.map(|f| f.rule.clone());
        (of.fate, severity, rule, latest.and_then(|f| f.row))
    };
    found.sort_by_cached_key(order);
}
