//! The comparison of two submissions for people at a terminal.

use std::fmt::Write as _;

use super::{
    SHOWN, cell, content, counts, fate, group, how, is_money, label, matched, met, recommended,
    row_name, rule, said, sums, table, tally, title, whose,
};
use crate::memory::compare::{Comparison, FindingDiff, MoneyDiff, RowKind, Sums, TableDiff};
use crate::neutral::clean;
use crate::report::words::ADVICE;
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
    let all = &comparison.findings;
    let required: Vec<&FindingDiff<'_>> = all.iter().filter(|f| f.was_required()).collect();
    if !required.is_empty() {
        let _ = writeln!(out, "\nRequired changes");
    }
    for of in required.iter().take(SHOWN) {
        if let Some(old) = of.old {
            let _ = writeln!(out, "  {}: {}: {}", met(of), rule(of, old), fate(of));
            let _ = writeln!(out, "    was: {}", said(old));
        }
        if let Some(new) = of.new {
            let _ = writeln!(out, "    is:  {}", said(new));
        }
    }
    more(out, "  ", required.len());
    let new: Vec<&FindingDiff<'_>> = all.iter().filter(|f| f.old.is_none()).collect();
    if !new.is_empty() {
        let _ = writeln!(out, "\nNew findings");
    }
    for (of, finding) in new.iter().filter_map(|f| Some((f, f.new?))).take(SHOWN) {
        let _ = writeln!(out, "  {}: {}", rule(of, finding), said(finding));
    }
    more(out, "  ", new.len());
}

fn more(out: &mut String, indent: &str, n: usize) {
    if let Some(more) = n.checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(out, "{indent}and {more} more");
    }
}

fn rows(out: &mut String, comparison: &Comparison<'_>, of: &TableDiff, table: &Table) {
    let quiet = !of.is_change() && of.moved == 0 && of.unreadable == 0;
    let _ = writeln!(out, "\n{}: {}", title(comparison, of), counts(of));
    if quiet {
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
    more(out, "  ", of.rows.len());
    for of in of.money.iter().filter(|of| is_money(of)) {
        money(out, of, table, currency);
    }
}

fn money(out: &mut String, of: &MoneyDiff, table: &Table, currency: &str) {
    let name = label(table, of.field);
    let _ = writeln!(out, "  {name}: {}", sums(&of.total, currency));
    for grouping in &of.groupings {
        let changed = |(_, sums): &&(_, Sums)| !sums.is_same();
        let by = label(table, grouping.by);
        if !grouping.groups.iter().any(|group| changed(&group)) {
            continue;
        }
        let moved = if grouping.moved.is_zero() {
            String::new()
        } else {
            let Sums { old, new } = of.total;
            let known = if old.missing + new.missing > 0 {
                " of what is known"
            } else {
                ""
            };
            let moved = crate::value::money(grouping.moved, currency);
            format!(", moved: {moved}{known}")
        };
        let _ = writeln!(out, "    by {by}{moved}");
        for (name, of) in grouping.groups.iter().filter(changed) {
            let _ = writeln!(out, "      {}: {}", group(name), sums(of, currency));
        }
        let same = grouping.groups.iter().filter(|group| !changed(group));
        match same.count() {
            0 => {}
            n => {
                let _ = writeln!(out, "      {n} more without a change");
            }
        }
    }
}
