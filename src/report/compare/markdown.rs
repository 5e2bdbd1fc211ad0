//! The comparison of two submissions as a Markdown page.

use std::fmt::Write as _;

use super::{
    SHOWN, cell, change, changed_groups, content, counts, fate, group, how, is_quiet, label,
    matched, met, monies, more, new_findings, recommended, required, row_name, rule, said,
    still_asked, sum, table, tally, title, whose,
};
use crate::memory::compare::{Comparison, FindingDiff, MoneyDiff, RowDiff, RowKind, TableDiff};
use crate::report::markdown::plain;
use crate::report::words::ADVICE;
use crate::review::Finding;
use crate::schema::Table;

/// The whole comparison.
pub fn markdown(comparison: &Comparison<'_>) -> String {
    let mut out = String::from("# Comparison\n\n");
    for (word, side) in [("Old", comparison.old), ("New", comparison.new)] {
        let _ = writeln!(
            out,
            "- {word}: {}: **{}**",
            plain(&whose(side.review)),
            plain(&recommended(side.review))
        );
    }
    for note in &comparison.notes {
        let words = plain(&note.words);
        let line = if note.loud {
            format!("- **Warning: {words}**")
        } else {
            format!("- Note: {words}")
        };
        let _ = writeln!(out, "{line}");
    }
    let _ = writeln!(out, "\nFindings: {}.", tally(comparison));
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
    let required = required(comparison);
    if !required.is_empty() {
        let _ = writeln!(
            out,
            "\n## Required changes\n\n| | Finding | What became of it | Was | Is |\n|---|---|---|---|---|"
        );
    }
    for (of, old) in required.iter().take(SHOWN) {
        let is = of.new.map_or_else(String::new, said);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            met(of),
            plain(&rule(of, old)),
            fate(of),
            plain(&said(old)),
            plain(&is)
        );
    }
    and_more(out, required.len());
    list(out, "Questions asked again", &still_asked(comparison));
    list(out, "New findings", &new_findings(comparison));
}

/// Findings under a head, a line each.
fn list(out: &mut String, head: &str, found: &[(&FindingDiff<'_>, &Finding)]) {
    if !found.is_empty() {
        let _ = writeln!(out, "\n## {head}\n");
    }
    for (of, finding) in found.iter().take(SHOWN) {
        let (rule, said) = (plain(&rule(of, finding)), plain(&said(finding)));
        let _ = writeln!(out, "- {rule}: {said}");
    }
    and_more(out, found.len());
}

fn and_more(out: &mut String, n: usize) {
    if let Some(more) = more(n) {
        let _ = writeln!(out, "\nAnd {more} more.");
    }
}

fn rows(out: &mut String, comparison: &Comparison<'_>, of: &TableDiff, table: &Table) {
    let _ = writeln!(out, "\n## {}\n", plain(&title(comparison, of)));
    let _ = writeln!(out, "{}.", plain(&counts(of)));
    if is_quiet(of) {
        return;
    }
    for line in matched(comparison, of) {
        let _ = writeln!(out, "{}.", plain(&line));
    }
    let currency = &comparison.pack.schema.currency;
    if !of.rows.is_empty() {
        out.push('\n');
    }
    for shown in of.rows.iter().take(SHOWN) {
        row(out, table, shown, currency);
    }
    and_more(out, of.rows.len());
    for of in monies(of) {
        money(out, of, table, currency);
    }
}

fn row(out: &mut String, table: &Table, row: &RowDiff, currency: &str) {
    let name = plain(&row_name(row));
    match row.kind {
        RowKind::Added => {
            let _ = writeln!(out, "- Added: {name}: {}", plain(&content(table, row)));
        }
        RowKind::Dropped => {
            let _ = writeln!(out, "- Dropped: {name}: {}", plain(&content(table, row)));
        }
        RowKind::Changed => {
            let how = how(row).map_or_else(String::new, |how| format!(", {how}"));
            let _ = writeln!(out, "- Changed: {name}{how}");
            for changed in &row.cells {
                let label = plain(&label(table, changed.field));
                let words = plain(&cell(changed, currency));
                let _ = writeln!(out, "  - {label}: {words}");
            }
        }
    }
}

fn money(out: &mut String, of: &MoneyDiff, table: &Table, currency: &str) {
    let name = plain(&label(table, of.field));
    let _ = writeln!(
        out,
        "\n| {name} | Old | New | Difference |\n|---|--:|--:|--:|"
    );
    let total = ("Total".to_owned(), of.total);
    let groups = of.groupings.iter().flat_map(|grouping| {
        let by = label(table, grouping.by);
        let (changed, _) = changed_groups(grouping);
        let rows = changed.into_iter();
        rows.map(move |(name, sums)| (format!("{by}: {}", group(name)), *sums))
    });
    for (name, sums) in std::iter::once(total).chain(groups) {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            plain(&name),
            sum(sums.old, currency),
            sum(sums.new, currency),
            change(sums.change(), currency)
        );
    }
}
