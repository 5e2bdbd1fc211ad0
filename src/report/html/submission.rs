//! The page of one submission: the recommendation and what led to it, each finding with the rows that decided, the pack's tables and
//! cards, and every rule with its outcome.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::page::{class, frame, href, outcome, rule, severity, step, verification};
use super::{Site, chart, rank};
use crate::neutral::clean;
use crate::pack::{Basis, Layout, capitalised};
use crate::report::words::{
    Columns, answers, because, doubt, judged, named, off_by, place, remembered, weight, whom_to_ask,
};
use crate::review::{
    Card, CellMark, Cite, DrawnRow, Finding, Outcome, Recommendation, Review, RowCell, SummaryTable,
};
use crate::value::Value;

/// How many findings of a rule are shown in full; how many of a page, the first of each rule apart; and how many more of a rule are told in
/// a line each. Of any others the place is told.
const IN_FULL: usize = 10;
const IN_FULL_OF_ALL: usize = 120;
const IN_A_LINE: usize = 100;

/// How many rows of a card's tables are shown unfolded.
const UNFOLDED: usize = 8;

pub(super) fn page(site: &Site<'_>, review: &Review) -> String {
    let (name, which) = named(review);
    let which = which.trim().trim_start_matches('(').trim_end_matches(')');
    let pack = &site.batch.pack;
    let body = html! {
        @if site.is_folder() { nav.crumbs aria-label="where this page stands" { a href="./index.html" { (clean(&pack.title)) } } }
        h1 { (name) }
        p.which { (which) }
        (verdict(site, review))
        @for (head, words) in remembered(review) { p { (head) ": " strong { (words) } } }
        @if let Some(letter) = site.letter(review) { p { @for (at, (what, file)) in letter.iter().enumerate() { @if at > 0 { ", " } a href=(href(file)) { (what) } } } }
        (contents(review))
        (mistakes(review))
        @if !review.findings.is_empty() {
            h2 #findings { "Findings" }
            (findings(site, review))
        }
        (undecided(review))
        @for (at, one) in review.tables.iter().enumerate() { (table(review, one, at)) }
        (rules(site, review))
        @for line in judged(review) { p.hint { (line) } }
    };
    frame(site, &format!("{name} ({which})"), &body)
}

/// The recommendation, what led to it, and whom to ask.
fn verdict(site: &Site<'_>, review: &Review) -> Markup {
    let office = site.batch.pack.office.as_ref();
    html! {
        section class={ "verdict " (step(review)) } aria-label="Recommendation" {
            p.wording { (clean(&review.wording)) }
            (led_to_it(review))
            @if let Some(office) = office { p { (whom_to_ask(office, review.recommendation)) } }
        }
    }
}

/// The rules by which the recommendation is what it is, where it is not the mildest.
fn led_to_it(review: &Review) -> Markup {
    let above = review.recommendation > Some(Recommendation::Approve);
    let worst = review.worst().filter(|_| above);
    let mut led: Vec<&Finding> = Vec::new();
    for f in review.findings.iter().filter(|f| Some(f.severity) == worst) {
        if !led.iter().any(|other| other.rule == f.rule) {
            led.push(f);
        }
    }
    html! {
        @if !led.is_empty() {
            p { "What led to it:" }
            ul { @for f in led { li { a href={ "#" (f.rule) } { (clean(&f.title)) } } } }
        }
    }
}

/// What the page holds, with links.
fn contents(review: &Review) -> Markup {
    html! {
        nav.contents aria-label="On this page" {
            ul {
                @if !review.findings.is_empty() { li { a href="#findings" { "Findings" } } }
                @for (at, table) in review.tables.iter().enumerate() {
                    @if !table.rows.is_empty() { li { a href={ "#table-" (at) } { (clean(&table.title)) } } }
                }
                @if !review.rules.is_empty() { li { a href="#rules" { "All rules" } } }
            }
        }
    }
}

fn mistakes(review: &Review) -> Markup {
    html! {
        @if !review.diagnostics.is_empty() {
            h2 { "Mistakes in the files" }
            ul { @for d in &review.diagnostics {
                li { (weight(d.weight)) ": " code { (clean(&d.place)) } ": " (clean(&d.message)) }
            } }
        }
    }
}

/// The findings, those of one rule together under its id, to which other pages lead.
fn findings(site: &Site<'_>, review: &Review) -> Markup {
    html! {
        @for (of_rule, full, is_first) in groups(&review.findings) {
            @if let Some(first) = of_rule.first() {
                section class={ "rule s-" (first.severity.name()) } id=[is_first.then_some(&first.rule)] {
                    h3 { (severity(first.severity)) " " (clean(&first.title)) }
                    p.which { (rule(site, &first.rule)) " · " (clean(&first.code)) @if of_rule.len() > 1 { " · " (of_rule.len()) " findings" } }
                    @for f in of_rule.iter().take(full) { (finding(site, f)) }
                    (in_lines(of_rule.get(full..).unwrap_or_default()))
                    (sources(&first.cites))
                }
            }
        }
    }
}

/// The findings of each rule and severity, how many of them are shown in full, and whether none of the rule stands before them.
fn groups(findings: &[Finding]) -> Vec<(&[Finding], usize, bool)> {
    let mut left = IN_FULL_OF_ALL;
    let mut rules = BTreeSet::new();
    let groups = findings.chunk_by(|a, b| (&a.rule, a.severity) == (&b.rule, b.severity));
    let groups = groups.map(|of| {
        let full = of.len().min(IN_FULL).min(left.max(1));
        left = left.saturating_sub(full);
        let is_first = of.first().is_some_and(|f| rules.insert(&f.rule));
        (of, full, is_first)
    });
    groups.collect()
}

/// The findings of a rule behind those that are shown in full.
fn in_lines(rest: &[Finding]) -> Markup {
    let told = |f: &Finding| place(f).unwrap_or_default();
    let places: Vec<String> = rest.iter().skip(IN_A_LINE).map(told).collect();
    html! {
        @if !rest.is_empty() {
            div.scroll.tall tabindex="0" role="group" aria-label={ "the other findings" } {
                table.wide {
                    caption { "The other findings" }
                    thead { tr { th scope="col" { "Where" } th scope="col" { "What" } } }
                    tbody { @for f in rest.iter().take(IN_A_LINE) {
                        tr { th scope="row" { code { (told(f)) } } td { (clean(&f.message)) } }
                    } }
                }
            }
            @if !places.is_empty() { p { "and at: " (places.join(", ")) } }
        }
    }
}

fn is_question(f: &Finding) -> bool {
    f.outcome == Outcome::Unknown || f.basis == Basis::Judgement
}

fn finding(site: &Site<'_>, f: &Finding) -> Markup {
    let currency = &site.batch.pack.currency;
    let advice = f.next_step();
    html! {
        article.finding {
            p.message { strong { (capitalised(doubt(f))) } (clean(&f.message)) }
            @if let Some(place) = place(f) { p.place { code { (place) } } }
            (rows(f))
            dl {
                @if let Some(needs) = &f.needs { dt { "needs" } dd { (clean(needs)) } }
                @if let Some(gap) = &f.gap { dt { "off by" } dd { (clean(&off_by(gap))) } }
                @for place in f.missing.iter().skip(1) { dt { "missing" } dd { code { (clean(place)) } } }
                @for owed in &f.owed { dt { "owed by " (clean(&owed.owed_by)) } dd { (clean(&owed.message)) } }
                @if !advice.is_empty() { dt { "do" } dd { strong { (clean(&advice)) } } }
                @if let Some(repair) = &f.repair { dt { "one way, by arithmetic alone" } dd { (clean(repair)) } }
                @for (head, words) in answers(f) { dt { (head) } dd { strong { (words) } } }
            }
            @if !f.evidence.is_empty() || !f.assumptions.is_empty() {
                details {
                    summary { "What decided" }
                    ul {
                        @for (head, e) in f.evidence.iter().map(|e| ("", e)).chain(f.assumptions.iter().map(|e| ("assumed: ", e))) {
                            @let (words, cells) = because(e, currency);
                            li { (head) code { (words) } @if let Some(cells) = cells { " " span.digest { (cells) } } }
                        }
                    }
                }
            }
            @if is_question(f) { (room("Answer", 3)) }
        }
    }
}

/// Lines to write on, where the page is printed.
fn room(what: &str, lines: usize) -> Markup {
    html! { div.write aria-hidden="true" { p { (what) ":" } @for _ in 0..lines { div {} } } }
}

fn sources(cites: &[Cite]) -> Markup {
    html! {
        @if !cites.is_empty() {
            dl.sources { @for cite in cites {
                dt { "source" }
                dd {
                    (clean(&cite.citation)) " (" (verification(cite.verification))
                    @if let Some(reading) = &cite.reading { "; " (clean(&reading.to_string())) }
                    ")"
                }
            } }
        }
    }
}

/// The rows of the submission's own tables that a finding rests on, with the cells that decide marked.
fn rows(f: &Finding) -> Markup {
    html! {
        @for of_table in f.rows.chunk_by(|a, b| a.table == b.table && has_same_columns(a, b)) {
            @if let Some(first) = of_table.first() {
                @let columns = shown_columns(of_table);
                div.scroll tabindex="0" role="group" aria-label={ "rows of " (clean(&first.table)) } {
                    table.own {
                        caption { (clean(&first.table)) }
                        thead { tr {
                            th scope="col" { "Where" }
                            @for c in &columns { th scope="col" { (first.cells.get(*c).map_or_else(String::new, |cell| clean(&cell.label))) } }
                        } }
                        tbody { @for row in of_table { tr {
                            th scope="row" { (clean(row.place.rsplit_once('/').map_or(row.place.as_str(), |(_, end)| end))) }
                            @for cell in columns.iter().filter_map(|c| row.cells.get(*c)) {
                                td class=(class_of(cell)) {
                                    @if cell.written.trim().is_empty() && cell.mark != CellMark::None { "(blank)" } @else { (clean(&cell.written)) }
                                    @match cell.mark {
                                        CellMark::Decides => small { "decides" },
                                        CellMark::Missing => small { "missing" },
                                        CellMark::None => {}
                                    }
                                }
                            }
                        } } }
                    }
                }
            }
        }
        @if f.more_rows > 0 { p.hint { "and " (f.more_rows) " more rows." } }
    }
}

/// How a cell of a drawn row looks: one with more than a few words has room for them.
fn class_of(cell: &RowCell) -> &'static str {
    const FEW: usize = 24;
    let long = cell.written.chars().nth(FEW).is_some();
    match (cell.mark, long) {
        (CellMark::None, false) => "c",
        (CellMark::None, true) => "c long",
        (CellMark::Decides, false) => "decides",
        (CellMark::Decides, true) => "decides long",
        (CellMark::Missing, _) => "missing",
    }
}

fn has_same_columns(a: &DrawnRow, b: &DrawnRow) -> bool {
    let labels = |row: &DrawnRow| -> Vec<_> { row.cells.iter().map(|c| c.label.clone()).collect() };
    labels(a) == labels(b)
}

/// The columns of rows that say something, those with a mark first; one that is blank everywhere, and marked nowhere, is left out.
fn shown_columns(rows: &[DrawnRow]) -> Vec<usize> {
    let says = |c: &usize| {
        rows.iter()
            .filter_map(|row| row.cells.get(*c))
            .any(|cell| cell.mark != CellMark::None || !cell.written.trim().is_empty())
    };
    let width = rows.first().map_or(0, |row| row.cells.len());
    let is_marked = |c: &usize| {
        let mut cells = rows.iter().filter_map(|row| row.cells.get(*c));
        cells.any(|cell| cell.mark != CellMark::None)
    };
    let mut columns: Vec<usize> = (0..width).filter(says).collect();
    columns.sort_by_key(|c| !is_marked(c));
    columns
}

fn undecided(review: &Review) -> Markup {
    html! {
        @if !review.undecided.is_empty() {
            h2 { "Undecided, for want of what others owe" }
            ul { @for one in &review.undecided {
                li { (clean(&one.message)) " (owed by: " (clean(&one.owed_by)) ") " code { (clean(&one.rule)) } }
            } }
        }
    }
}

/// A table of the pack: as cards, or as a table beside its drawing.
fn table(review: &Review, one: &SummaryTable, at: usize) -> Markup {
    html! {
        section.block {
            h2 id={ "table-" (at) } { (clean(&one.title)) }
            @if one.rows.is_empty() { p { "Nothing to list." } }
            @else if one.shown.layout == Layout::Cards { (cards(review, one)) }
            @else if one.shown.chart.is_some() {
                @let drawing = chart::of(one);
                @if drawing.0.is_empty() { (plain_table(one)) }
                @else {
                    (drawing)
                    details { summary { "The same as a table" } (plain_table(one)) }
                }
            }
            @else { (plain_table(one)) }
        }
    }
}

fn plain_table(one: &SummaryTable) -> Markup {
    let columns = Columns::of_table(one);
    html! {
        div.scroll.tall tabindex="0" role="group" aria-label=(clean(&one.title)) {
            table {
                thead { tr { @for (head, figures) in columns.heads.iter().zip(&columns.numeric) {
                    th scope="col" class=[figures.then_some("num")] { (head) }
                } } }
                tbody { @for row in &columns.rows { tr { @for (cell, figures) in row.iter().zip(&columns.numeric) {
                    td class=[figures.then_some("num")] { (cell) }
                } } } }
            }
        }
        @if one.shown.more_rows > 0 { p.hint { "and " (one.shown.more_rows) " more rows." } }
        @if one.shown.unsure_rows > 0 { p.hint { "Rows that may belong here, which cannot be told: " (one.shown.unsure_rows) "." } }
    }
}

/// A card a row: its first column, each other with its header, its tables, and what was found in its rows.
fn cards(review: &Review, table: &SummaryTable) -> Markup {
    let columns = Columns::of_table(table);
    html! {
        @for (at, row) in columns.rows.iter().enumerate() {
            article.card {
                h3 { (row.first().map_or("", String::as_str)) }
                dl { @for (column, (head, words)) in columns.heads.iter().zip(row).enumerate().skip(1) {
                    @if !is_blank(table, at, column) { dt { (head) } dd { (words) } }
                } }
                @if let Some(card) = table.shown.cards.get(at) { (of_card(review, card)) }
            }
        }
    }
}

/// Whether there is nothing to say in a cell of a table.
fn is_blank(table: &SummaryTable, row: usize, column: usize) -> bool {
    let cell = table.rows.get(row).and_then(|row| row.get(column));
    cell.is_none_or(|(value, words)| *value == Value::Null || words.is_empty())
}

fn of_card(review: &Review, card: &Card) -> Markup {
    let is_here = |f: &&Finding| f.subject.as_ref().is_some_and(|s| card.places.contains(s));
    let mut found: Vec<&Finding> = Vec::new();
    for f in review.findings.iter().filter(is_here) {
        if !found.iter().any(|other| other.rule == f.rule) {
            found.push(f);
        }
    }
    html! {
        @for table in card.tables.iter().filter(|t| !t.rows.is_empty() || t.shown.unsure_rows > 0) {
            details open[table.rows.len() <= UNFOLDED] {
                summary { (clean(&table.title)) " (" (table.rows.len() + table.shown.more_rows) ")" }
                (plain_table(table))
            }
        }
        @if !found.is_empty() {
            p { strong { "Found here" } }
            ul { @for f in &found {
                li { (severity(f.severity)) " " a href={ "#" (f.rule) } { (clean(&f.title)) }
                    @if is_question(f) { " (open question)" }
                }
            } }
        }
        (room("Questions and notes", 3))
    }
}

fn rules(site: &Site<'_>, review: &Review) -> Markup {
    let mut tallies: Vec<_> = review.rules.iter().collect();
    tallies.sort_by_key(|t| rank(t.tally.worst()));
    html! {
        @if !review.rules.is_empty() {
            h2 #rules { "All rules" }
            details {
                summary { (review.rules.len()) " rules, with what each came to" }
                div.scroll.tall tabindex="0" role="group" aria-label="all rules" {
                    table.wide {
                        thead { tr {
                            th scope="col" { "Rule" } th scope="col" { "Title" } th scope="col" { "Outcome" }
                            th.num scope="col" { "Judged" }
                        } }
                        tbody { @for tally in tallies {
                            @let worst = tally.tally.worst();
                            @let (sign, word) = outcome(worst);
                            tr {
                                th scope="row" { (rule(site, &tally.rule)) }
                                td { (clean(&tally.title)) }
                                td class={ "sign " (class(worst)) } { (sign) " " (word) }
                                td.num { (tally.tally.subjects()) }
                            }
                        } }
                    }
                }
            }
        }
    }
}
