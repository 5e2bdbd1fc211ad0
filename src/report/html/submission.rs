//! The page of one submission: the recommendation and what led to it, each finding with the cells that decided, the pack's tables, and every
//! rule with its outcome.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::chart;
use super::page::{class, frame, href, outcome, rule, severity, step, verification};
use super::{Site, of_rule};
use crate::neutral::clean;
use crate::pack::capitalised;
use crate::report::words::{
    Columns, answers, because, doubt, judged, named, off_by, place, remembered, weight, whom_to_ask,
};
use crate::review::{Cite, DrawnCell, Finding, Outcome, Recommendation, Review};

pub(super) fn page(site: &Site<'_>, review: &Review) -> String {
    let (name, which) = named(review);
    let pack = &site.batch.pack;
    let body = html! {
        @if site.is_folder() { p { a href="./index.html" { (clean(&pack.title)) } } }
        h1 { (name) (which) }
        p class={ "wording " (step(review.recommendation)) } { strong { (clean(&review.wording)) } }
        @for (head, words) in remembered(review) { p { (head) ": " strong { (words) } } }
        @if let Some(letter) = site.letter(review) { p { @for (at, (what, file)) in letter.iter().enumerate() { @if at > 0 { ", " } a href=(href(file)) { (what) } } } }
        (led_to_it(review))
        @if let Some(office) = &pack.office { p { (whom_to_ask(office, review.recommendation)) } }
        (mistakes(review))
        @if !review.findings.is_empty() {
            h2 { "Findings" }
            (findings(site, review))
        }
        (undecided(review))
        (tables(review))
        (rules(site, review))
        @for line in judged(review) { p { (line) } }
    };
    frame(site, &format!("{name}{which}"), &body)
}

/// The rules by which the recommendation is what it is, where it is not the mildest.
fn led_to_it(review: &Review) -> Markup {
    let above = review.recommendation > Some(Recommendation::Approve);
    let worst = review.worst().filter(|_| above);
    let led = review.findings.iter().filter(|f| Some(f.severity) == worst);
    let led: BTreeSet<&str> = led.map(|f| f.rule.as_str()).collect();
    html! {
        @if !led.is_empty() {
            p { "What led to it: "
                @for (at, id) in led.iter().enumerate() {
                    @if at > 0 { ", " }
                    a href={ "#" (id) } { (clean(id)) }
                }
                "."
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

/// The findings; the first of each rule bears the rule's id, to which other pages lead.
fn findings(site: &Site<'_>, review: &Review) -> Markup {
    html! {
        @for of_rule in review.findings.chunk_by(|a, b| a.rule == b.rule) {
            @for (at, f) in of_rule.iter().enumerate() {
                article class={ "finding s-" (f.severity.name()) "-card" } id=[(at == 0).then_some(&f.rule)] {
                    (finding(site, f))
                }
            }
        }
    }
}

fn finding(site: &Site<'_>, f: &Finding) -> Markup {
    let currency = &site.batch.pack.currency;
    let advice = f.next_step();
    html! {
        h3 { (severity(f.severity)) " " (rule(site, &f.rule)) " (" (clean(&f.code)) ")" }
        p { strong { (capitalised(doubt(f))) } (clean(&f.message)) }
        @if let Some(place) = place(f) { p { code { (place) } } }
        (cells(&f.cells))
        dl {
            @if let Some(needs) = &f.needs { dt { "needs" } dd { (clean(needs)) } }
            @if let Some(gap) = &f.gap { dt { "off by" } dd { (clean(&off_by(gap))) } }
            @for place in f.missing.iter().skip(1) { dt { "missing" } dd { code { (clean(place)) } } }
            @for owed in &f.owed { dt { "owed by " (clean(&owed.owed_by)) } dd { (clean(&owed.message)) } }
            @for cite in &f.cites { dt { "source" } dd { (source(cite)) } }
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
                        li { (head) (words) @if let Some(cells) = cells { " " span.digest { (cells) } } }
                    }
                }
            }
        }
        div.write aria-hidden="true" {}
    }
}

fn source(cite: &Cite) -> Markup {
    html! {
        (clean(&cite.citation)) " (" (verification(cite.verification))
        @if let Some(reading) = &cite.reading { "; " (clean(&reading.to_string())) }
        ")"
    }
}

/// The rows of the submission's own files, with the cells that decided; one that is a gap is marked, and says so.
fn cells(cells: &[DrawnCell]) -> Markup {
    html! {
        @for row in cells.chunk_by(|a, b| a.row == b.row) {
            @if let Some(first) = row.first() {
                table.plain {
                    caption { code { (clean(&first.row)) } }
                    thead { tr { @for cell in row { th scope="col" { (clean(&cell.label)) } } } }
                    tbody { tr { @for cell in row {
                        td class=[cell.missing.then_some("marked")] { @if cell.written.is_empty() { span.blank { "(blank)" } } @else { (clean(&cell.written)) } @if cell.missing { " ← this" } }
                    } } }
                }
            }
        }
    }
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

fn tables(review: &Review) -> Markup {
    html! {
        @for one in &review.tables {
            h2 { (clean(&one.title)) }
            @if one.rows.is_empty() { p { "Nothing to list." } }
            @else {
                (chart::of(one))
                @let columns = Columns::of_table(one);
                div.scroll tabindex="0" role="region" aria-label=(clean(&one.title)) {
                    table {
                        thead { tr { @for (head, figures) in columns.heads.iter().zip(&columns.numeric) {
                            th scope="col" class=[figures.then_some("num")] { (head) }
                        } } }
                        tbody { @for row in &columns.rows { tr { @for (cell, figures) in row.iter().zip(&columns.numeric) {
                            td class=[figures.then_some("num")] { (cell) }
                        } } } }
                    }
                }
            }
        }
    }
}

fn rules(site: &Site<'_>, review: &Review) -> Markup {
    html! {
        @if !review.rules.is_empty() {
            h2 { "All rules" }
            details {
                summary { (review.rules.len()) " rules, with what each came to" }
                table.plain {
                    thead { tr {
                        th scope="col" { "Rule" } th scope="col" { "Title" } th scope="col" { "Outcome" }
                        th.num scope="col" { "Judged" }
                    } }
                    tbody { @for tally in &review.rules {
                        @let worst = of_rule(review, &tally.rule).map_or(Outcome::NotApplicable, |(worst, _)| worst);
                        @let (sign, word) = outcome(worst);
                        tr {
                            th scope="row" { (rule(site, &tally.rule)) }
                            td { (clean(&tally.title)) }
                            td class=(class(worst)) { (sign) " " (word) }
                            td.num { (tally.tally.subjects()) }
                        }
                    } }
                }
            }
        }
    }
}
