//! Rules that stand against each other: a smallest set of what is asked that no amounts fulfil together.

use std::collections::BTreeSet;

use crate::value::Decimal;

use super::form::Sum;
use super::model::{Ask, Subject};
use super::search::Search;
use super::solve::{Effort, Task};

/// A finding for which there are no amounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The finding: its place in the review's list.
    pub finding: usize,
    /// What no amounts fulfil together; without any one of them some would.
    pub against: Vec<Against>,
}

/// One rule that stands against others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Against {
    /// The rule: its place among those in force.
    pub rule: usize,
    /// The rows for which it is asked, if it judges rows.
    pub lines: Vec<usize>,
    /// It fails as the amounts are; else it passes and is to go on passing.
    pub fails: bool,
    /// By how much it falls short, or how much room it leaves, in dollars; of several rows the least.
    pub by: Decimal,
}

/// What is asked for one subject.
struct Element<'a> {
    subject: Subject,
    fails: bool,
    /// It could hold in another way too.
    has_choice: bool,
    rows: Vec<&'a Sum>,
}

/// A smallest set of what no amounts fulfil together; `None` where something in it could be fulfilled in another way.
pub(super) fn smallest(
    search: &Search<'_>,
    asks: &[&Ask],
    effort: &mut Effort,
) -> Option<Vec<Against>> {
    let ways: Vec<Vec<Sum>> = asks
        .iter()
        .map(|ask| ask.cure.ways(1).pop().unwrap_or_default())
        .collect();
    let mut elements: Vec<Element<'_>> = asks
        .iter()
        .zip(&ways)
        .map(|(ask, rows)| Element {
            subject: ask.subject,
            fails: true,
            has_choice: ask.cure.ways(2).len() > 1,
            rows: rows.iter().collect(),
        })
        .collect();
    for kept in search.kept.values().flatten() {
        elements.push(Element {
            subject: kept.subject,
            fails: false,
            has_choice: kept.has_choice,
            rows: kept.rows.iter().collect(),
        });
    }
    let rules: BTreeSet<usize> = elements.iter().map(|e| e.subject.0).collect();
    // What passes is left out first, whole rules before single rows of one.
    for rule in rules.into_iter().rev() {
        let (with, without): (Vec<_>, Vec<_>) = elements
            .into_iter()
            .partition(|e| e.subject.0 == rule && !e.fails);
        elements = without;
        if with.is_empty() || is_impossible(search, &elements, effort) {
            continue;
        }
        elements.extend(with);
    }
    let mut at = 0;
    let mut tries = 0;
    while at < elements.len() && tries < 80 {
        tries += 1;
        let element = elements.remove(at);
        if !is_impossible(search, &elements, effort) {
            elements.insert(at, element);
            at += 1;
        }
    }
    let is_firm = elements.iter().all(|element| !element.has_choice);
    is_firm.then(|| told(search, &elements))
}

fn is_impossible(search: &Search<'_>, elements: &[Element<'_>], effort: &mut Effort) -> bool {
    let task = Task {
        cells: search.cells,
        rows: elements
            .iter()
            .flat_map(|e| e.rows.iter().copied())
            .collect(),
        fixed: &BTreeSet::new(),
    };
    task.is_impossible(effort)
}

fn told(search: &Search<'_>, elements: &[Element<'_>]) -> Vec<Against> {
    let mut against: Vec<Against> = Vec::new();
    for element in elements {
        let values = element
            .rows
            .iter()
            .filter_map(|row| row.at(&search.cells.held));
        let worst = values.max().unwrap_or_default();
        let by = if element.fails { worst } else { -worst };
        let (rule, line) = element.subject;
        let same = |a: &&mut Against| a.rule == rule && a.fails == element.fails;
        if let Some(held) = against.iter_mut().find(same) {
            held.lines.extend(line);
            held.by = held.by.min(by);
        } else {
            against.push(Against {
                rule,
                lines: line.into_iter().collect(),
                fails: element.fails,
                by,
            });
        }
    }
    against
}
