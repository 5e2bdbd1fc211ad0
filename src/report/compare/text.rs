//! The comparison of two submissions for people at a terminal.

use std::fmt::Write as _;

use super::{
    SHOWN, cell, changed_groups, content, counts, fate, group, how, is_quiet, label, matched, met,
    monies, more, moved, new_findings, recommended, required, row_name, rule, said, still_asked,
    sums, table, tally, title, whose,
};
use crate::memory::compare::{Comparison, FindingDiff, MoneyDiff, RowKind, TableDiff};
use crate::neutral::clean;
use crate::report::words::ADVICE;
use crate::review::Finding;
use crate::schema::Table;

/// The whole comparison.
pub fn text(comparison: &Comparison<'_>) -> String {
    let mut out = String::from("Comparison\n");
    for (word, side) in [("old", comparison.old), ("new", comparison.new)] {
        let _ = writeln!(out, "  {word}  {}", whose(side.review));
    }
    for note in &comparison.notes {
        let mark = if note.loud { "WARNING" } else { "note" };
        let _ = writeln!(out, "  {mark}: {}", clean(&note.words));
    }
    let (old, new) = (comparison.old.review, comparison.new.review);
    let _ = writeln!(
        out,
        "\nRecommendation: {} -> {}",
        recommended(old),
        recommended(new)
    );
    findings(&mut out, comparison);
    for of in &comparison.tables {
        if let Some(table) = table(comparison, of) {
            rows(&mut out, comparison, of, table);
        }
    }
    if !comparison.is_change() {
        let _ = writeln!(out, "\nNothing changed.");
    }
    let _ = writeln!(out, "\n{ADVICE}");
    out
}

fn findings(out: &mut String, comparison: &Comparison<'_>) {
    let _ = writeln!(out, "Findings: {}", tally(comparison));
    let required = required(comparison);
    if !required.is_empty() {
        let _ = writeln!(out, "\nRequired changes");
    }
    for (of, old) in required.iter().take(SHOWN) {
        let _ = writeln!(out, "  {}: {}: {}", met(of), rule(of, old), fate(of));
        let _ = writeln!(out, "    was: {}", said(old));
        if let Some(new) = of.new {
            let _ = writeln!(out, "    is:  {}", said(new));
        }
    }
    and_more(out, required.len());
    list(out, "Questions asked again", &still_asked(comparison));
    list(out, "New findings", &new_findings(comparison));
}

/// Findings under a head, a line each.
fn list(out: &mut String, head: &str, found: &[(&FindingDiff<'_>, &Finding)]) {
    if !found.is_empty() {
        let _ = writeln!(out, "\n{head}");
    }
    for (of, finding) in found.iter().take(SHOWN) {
        let _ = writeln!(out, "  {}: {}", rule(of, finding), said(finding));
    }
    and_more(out, found.len());
}

fn and_more(out: &mut String, n: usize) {
    if let Some(more) = more(n) {
        let _ = writeln!(out, "  and {more} more");
    }
}

fn rows(out: &mut String, comparison: &Comparison<'_>, of: &TableDiff, table: &Table) {
    let _ = writeln!(out, "\n{}: {}", title(comparison, of), counts(of));
    if is_quiet(of) {
        return;
    }
    for line in matched(comparison, of) {
        let _ = writeln!(out, "  {line}");
    }
    let currency = &comparison.pack.schema.currency;
    for row in of.rows.iter().take(SHOWN) {
        match row.kind {
            RowKind::Added => {
                let _ = writeln!(out, "  + {}: {}", row_name(row), content(table, row));
            }
            RowKind::Dropped => {
                let _ = writeln!(out, "  - {}: {}", row_name(row), content(table, row));
            }
            RowKind::Changed => {
                let how = how(row).map_or_else(String::new, |how| format!(", {how}"));
                let _ = writeln!(out, "  ~ {}{how}", row_name(row));
                for changed in &row.cells {
                    let label = label(table, changed.field);
                    let _ = writeln!(out, "      {label}: {}", cell(changed, currency));
                }
            }
        }
    }
    and_more(out, of.rows.len());
    for of in monies(of) {
        money(out, of, table, currency);
    }
}

fn money(out: &mut String, of: &MoneyDiff, table: &Table, currency: &str) {
    let name = label(table, of.field);
    let _ = writeln!(out, "  {name}: {}", sums(&of.total, currency));
    for grouping in &of.groupings {
        let (changed, same) = changed_groups(grouping);
        if changed.is_empty() {
            continue;
        }
        let by = label(table, grouping.by);
        let moved = moved(grouping, &of.total, currency);
        let moved = moved.map_or_else(String::new, |moved| format!(", moved: {moved}"));
        let _ = writeln!(out, "    by {by}{moved}");
        for (name, of) in changed {
            let _ = writeln!(out, "      {}: {}", group(name), sums(of, currency));
        }
        if same > 0 {
            let _ = writeln!(out, "      {same} more without a change");
        }
    }
}
