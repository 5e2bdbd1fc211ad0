//! The comparison of two submissions as a page for a browser, which stands alone.

use maud::{Markup, html};

use super::{
    SHOWN, change, changed_groups, counts, fate, group, how, is_quiet, label, matched, met, monies,
    more, moved, new_findings, recommended, required, said, signed, still_asked, sum, table, tally,
    title,
};
use crate::batch::PackName;
use crate::memory::compare::{
    CellDiff, Comparison, FindingDiff, Grouping, MoneyDiff, Piece, RowDiff, RowKind, Side, Sums,
    TableDiff,
};
use crate::neutral::clean;
use crate::report::html::page::{framed, severity, step};
use crate::report::words::named;
use crate::review::Finding;
use crate::schema::Table;

/// The whole comparison.
pub fn html(comparison: &Comparison<'_>) -> String {
    let (name, _) = named(comparison.new.review);
    let tables = comparison.tables.iter().enumerate();
    let tables = tables.filter_map(|(at, of)| Some((at, of, table(comparison, of)?)));
    let tables: Vec<(usize, &TableDiff, &Table)> = tables.collect();
    let body = html! {
        h1 { "What changed: " (name) }
        div.sides {
            (side("Old", comparison.old))
            (side("New", comparison.new))
        }
        @for note in &comparison.notes { p { @if note.loud { strong { "Warning: " (clean(&note.words)) } } @else { "Note: " (clean(&note.words)) } } }
        p { "Findings: " (tally(comparison)) "." }
        @if !comparison.is_change() { p { strong { "Nothing changed." } } }
        nav.contents aria-label="On this page" { ul {
            @if !required(comparison).is_empty() { li { a href="#required" { "Required changes" } } }
            @if !still_asked(comparison).is_empty() { li { a href="#asked" { "Questions asked again" } } }
            @if !new_findings(comparison).is_empty() { li { a href="#new" { "New findings" } } }
            @for (at, of, _) in tables.iter().filter(|(_, of, _)| !is_quiet(of)) { li { a href={ "#table-" (at) } { (title(comparison, of)) } } }
        } }
        (findings(comparison))
        @for (at, of, table) in &tables { (rows(comparison, of, table, *at)) }
    };
    framed(
        &PackName::of(comparison.pack),
        &format!("What changed: {name}"),
        &body,
    )
}

/// Whose a submission is, and what is recommended.
fn side(word: &str, side: Side<'_>) -> Markup {
    let (name, which) = named(side.review);
    let which = which.trim().trim_start_matches('(').trim_end_matches(')');
    html! {
        section class={ "verdict " (step(side.review)) } aria-label=(word) {
            p { (word) ": " strong { (name) } }
            p.which { (which) }
            p.wording { (recommended(side.review)) }
        }
    }
}

fn findings(comparison: &Comparison<'_>) -> Markup {
    let required = required(comparison);
    html! {
        @if !required.is_empty() { h2 #required { "Required changes" } }
        @for (of, old) in required.iter().take(SHOWN) {
            section class={ "rule s-" (old.severity.name()) } {
                (title_of(of, old))
                p { span class={ "sign " (class_of(of)) } { (sign(of)) " " (met(of)) } ": " (fate(of)) }
                dl {
                    dt { "Was" } dd { (said(old)) }
                    @if let Some(new) = of.new { dt { "Is" } dd { (said(new)) } }
                }
            }
        }
        (and_more(required.len()))
        (list("asked", "Questions asked again", &still_asked(comparison)))
        (list("new", "New findings", &new_findings(comparison)))
    }
}

/// Findings under a head.
fn list(id: &str, head: &str, found: &[(&FindingDiff<'_>, &Finding)]) -> Markup {
    html! {
        @if !found.is_empty() { h2 id=(id) { (head) } }
        @for (of, finding) in found.iter().take(SHOWN) {
            section class={ "rule s-" (finding.severity.name()) } {
                (title_of(of, finding))
                p.message { (said(finding)) }
            }
        }
        (and_more(found.len()))
    }
}

/// What a finding is called.
fn title_of(of: &FindingDiff<'_>, finding: &Finding) -> Markup {
    html! {
        h3 { (severity(finding.severity)) " " (clean(&finding.title)) }
        p.which { (clean(&finding.rule)) " · " (clean(&finding.code)) @if let Some(name) = &of.name { " · " (clean(name)) } }
    }
}

/// A sign for what became of a required change: no meaning rests on a colour.
fn sign(of: &FindingDiff<'_>) -> &'static str {
    match of.is_met() {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "?",
    }
}

fn class_of(of: &FindingDiff<'_>) -> &'static str {
    match of.is_met() {
        Some(true) => "p",
        Some(false) => "f",
        None => "u",
    }
}

fn and_more(n: usize) -> Markup {
    html! { @if let Some(more) = more(n) { p.hint { "and " (more) " more" } } }
}

/// What became of the rows of a table, and of its money.
fn rows(comparison: &Comparison<'_>, of: &TableDiff, table: &Table, at: usize) -> Markup {
    let currency = &comparison.pack.schema.currency;
    let title = title(comparison, of);
    html! {
        section.block {
            h2 id={ "table-" (at) } { (title) }
            p { (counts(of)) }
            @if !is_quiet(of) {
                @for line in matched(comparison, of) { p.hint { (line) } }
                @if !of.rows.is_empty() {
                    div.scroll.tall tabindex="0" role="group" aria-label={ "rows: " (title) } {
                        table.wide.rows {
                            thead { tr {
                                th scope="col" { "Row" } th scope="col" { "Field" } th scope="col" { "Old" } th scope="col" { "New" }
                                th.num scope="col" { "Difference" }
                            } }
                            @for shown in of.rows.iter().take(SHOWN) { tbody { (row(table, shown, currency)) } }
                        }
                    }
                    (and_more(of.rows.len()))
                }
                @for of in monies(of) { (money(of, table, currency)) }
            }
        }
    }
}

/// A row: each cell that changed, or all that it holds.
fn row(table: &Table, row: &RowDiff, currency: &str) -> Markup {
    let what = match row.kind {
        RowKind::Added => "added",
        RowKind::Dropped => "dropped",
        RowKind::Changed => "changed",
    };
    let name = row.name.as_deref().or(row.new.as_deref());
    let name = name.or(row.old.as_deref()).unwrap_or_default();
    let places: Vec<&str> = [&row.old, &row.new]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let head = html! {
        th scope="rowgroup" rowspan=(row.cells.len().max(1)) {
            strong { (clean(name)) } " " (what)
            @if row.name.is_some() { small { (clean(&places.join(" → "))) } }
            @else if places.len() > 1 { small { "was " (clean(places.first().copied().unwrap_or_default())) } }
            @if let Some(how) = how(row) { small { (how) } }
        }
    };
    html! {
        @if row.cells.is_empty() { tr { (head) td colspan="4" { "holds nothing" } } }
        @for (at, changed) in row.cells.iter().enumerate() {
            tr { @if at == 0 { (head) } (cell(table, changed, currency)) }
        }
    }
}

/// A cell before and after; a text word by word.
fn cell(table: &Table, of: &CellDiff, currency: &str) -> Markup {
    let change = of
        .change
        .zip(of.new.as_ref().and_then(|new| new.value.as_ref()));
    let change = change.map(|(change, value)| signed(change, value, currency));
    html! {
        td { (label(table, of.field)) }
        @if of.pieces.is_empty() {
            td { @if let Some(old) = &of.old { @if of.new.is_none() { del { (clean(&old.words)) } } @else { (clean(&old.words)) } } }
            td { @if let Some(new) = &of.new { @if of.old.is_none() { ins { (clean(&new.words)) } } @else { (clean(&new.words)) } } }
            td.num { (change.unwrap_or_default()) }
        } @else {
            td.text colspan="3" { @for piece in &of.pieces {
                @match piece {
                    Piece::Same(words) => (clean(words)),
                    Piece::Gone(words) => del { (clean(words)) },
                    Piece::New(words) => ins { (clean(words)) },
                }
                " "
            } }
        }
    }
}

/// The money of a field: in all, and by each of its groups.
fn money(of: &MoneyDiff, table: &Table, currency: &str) -> Markup {
    let name = label(table, of.field);
    html! {
        div.scroll tabindex="0" role="group" aria-label={ "money: " (name) } {
            table {
                thead { tr {
                    th scope="col" { (name) } th.num scope="col" { "Old" } th.num scope="col" { "New" } th.num scope="col" { "Difference" }
                } }
                tbody {
                    (sums("In all", &of.total, currency))
                    @for grouping in &of.groupings { (grouped(grouping, &of.total, table, currency)) }
                }
            }
        }
    }
}

fn grouped(of: &Grouping, total: &Sums, table: &Table, currency: &str) -> Markup {
    let (changed, same) = changed_groups(of);
    let by = label(table, of.by);
    let head = match moved(of, total, currency) {
        Some(moved) => format!("By {by}: {moved} moved"),
        None => format!("By {by}"),
    };
    html! {
        @if !changed.is_empty() {
            tr { th scope="rowgroup" colspan="4" { strong { (head) } } }
            @for (name, of) in changed { (sums(&group(name), of, currency)) }
            @if same > 0 { tr { td colspan="4" { (same) " more without a change" } } }
        }
    }
}

fn sums(name: &str, of: &Sums, currency: &str) -> Markup {
    html! {
        tr {
            th scope="row" { (name) }
            td.num { (sum(of.old, currency)) }
            td.num { (sum(of.new, currency)) }
            td.num { (change(of.change(), currency)) }
        }
    }
}
