//! The page of a batch: the recommendations, the table of submissions, the matrix of submissions and rules, and the pack's tables side by
//! side.

use maud::{Markup, PreEscaped, html};

use super::page::{class, frame, href, outcome};
use super::{Site, of_rule};
use crate::neutral::clean;
use crate::pack::capitalised;
use crate::report::words::{Columns, not_received, weight};
use crate::review::{Recommendation, Review};

/// The script of the page.
const SCRIPT: &str = include_str!("script.js");

pub(super) fn page(site: &Site<'_>) -> String {
    let batch = site.batch;
    let body = html! {
        h1 { (clean(&batch.pack.title)) }
        ul.steps {
            @for (words, count) in batch.steps() {
                @let at = batch.pack.steps.iter().position(|w| w == words).unwrap_or(batch.pack.steps.len());
                li class={ "r" (at) } { strong { (count) } " " (clean(words)) }
            }
        }
        h2 { (clean(&capitalised(&batch.pack.words.submissions()))) }
        @if !site.beside().is_empty() { p { "Beside these pages: " @for (at, (what, file)) in site.beside().iter().enumerate() { @if at > 0 { ", " } a href=(href(file)) { (what) } } "." } }
        (controls(site))
        (submissions(site))
        (matrix(site))
        (side_by_side(site))
        (lists(site))
        script { (PreEscaped(SCRIPT)) }
    };
    frame(site, &batch.pack.title, &body)
}

fn controls(site: &Site<'_>) -> Markup {
    html! {
        div.controls {
            label { "Name " input #by-name type="search" autocomplete="off"; }
            label { "Recommendation "
                select #by-step {
                    option value="" { "all" }
                    @for (words, _) in site.batch.steps() { option { (clean(words)) } }
                }
            }
            span #shown role="status" {}
        }
    }
}

/// The words by which a submission is found: of its row in each table.
fn finds(site: &Site<'_>, review: &Review) -> (String, String) {
    let name = review.district.as_deref().unwrap_or_default();
    let name = clean(&format!("{name} {}", review.path)).to_lowercase();
    let at = Recommendation::ALL
        .iter()
        .position(|r| Some(*r) == review.recommendation);
    let words = at.and_then(|at| site.batch.pack.steps.get(at));
    (
        name,
        words.map_or_else(|| "could not be checked".to_owned(), |w| clean(w)),
    )
}

fn submissions(site: &Site<'_>) -> Markup {
    let columns = Columns::of_batch(site.batch);
    let of = site.submissions.iter().zip(&columns.rows);
    html! {
        div.scroll tabindex="0" role="region" aria-label="submissions" {
            table #submissions data-sortable {
                thead { tr { @for (head, figures) in columns.heads.iter().zip(&columns.numeric) {
                    th scope="col" class=[figures.then_some("num")] { button type="button" { (head) } }
                } } }
                tbody { @for ((review, file), cells) in of {
                    @let (name, words) = finds(site, review);
                    tr data-name=(name) data-step=(words) {
                        @for (at, (cell, figures)) in cells.iter().zip(&columns.numeric).enumerate() {
                            @if at == 0 { th scope="row" { a href=(href(file)) { (cell) } } }
                            @else { td class=[figures.then_some("num")] { (cell) } }
                        }
                    }
                } }
            }
        }
    }
}

/// Submissions by rules. What was found leads to the finding; its message is shown on hovering, and below the table on focus.
fn matrix(site: &Site<'_>) -> Markup {
    html! {
        h2 { "Every rule" }
        p { "✓ pass, ✗ fail, ? cannot be told or a question, – not applicable; blank: not in force." }
        div.scroll tabindex="0" role="region" aria-label="every rule for every submission" {
            table.matrix data-sortable {
                thead { tr {
                    th scope="col" { button type="button" { (clean(&capitalised(&site.batch.pack.words.submission))) } }
                    @for (id, rule) in &site.rules {
                        th.rule scope="col" title=(clean(rule.title)) { a href=(href(&rule.file)) { (clean(id)) } }
                    }
                } }
                tbody { @for (review, file) in &site.submissions {
                    @let (name, words) = finds(site, review);
                    tr data-name=(name) data-step=(words) {
                        th scope="row" { a href=(href(file)) { (clean(&review.path)) } }
                        @for id in site.rules.keys() { (cell(review, file, id)) }
                    }
                } }
            }
        }
        p #told .told role="status" { "Point at a cell, or go to it with the Tab key, to read what was found." }
    }
}

fn cell(review: &Review, file: &str, id: &str) -> Markup {
    let Some((worst, message)) = of_rule(review, id) else {
        return html! { td {} };
    };
    let (sign, word) = outcome(worst);
    html! {
        @match message {
            Some(message) => {
                @let told = format!("{}, {}: {}: {}", clean(&review.path), clean(id), word, clean(message));
                td class=(class(worst)) {
                    a href={ (href(file)) "#" (id) } data-tell=(told) title=(told) aria-label=(told) { (sign) }
                }
            }
            None => td class=(class(worst)) { (sign) },
        }
    }
}

/// The pack's tables of two columns, a row a submission: for each label of the first column the figure beside it.
fn side_by_side(site: &Site<'_>) -> Markup {
    let some = site
        .submissions
        .iter()
        .find(|(review, _)| !review.tables.is_empty());
    let tables = some
        .map(|(review, _)| review.tables.as_slice())
        .unwrap_or_default();
    html! {
        @for (at, table) in tables.iter().enumerate().filter(|(_, t)| t.columns.len() == 2 && !t.rows.is_empty()) {
            @let labels: Vec<&str> = table.rows.iter().filter_map(|row| row.first()).map(|(_, words)| words.as_str()).collect();
            h2 { (clean(&table.title)) }
            div.scroll tabindex="0" role="region" aria-label=(clean(&table.title)) {
                table data-sortable {
                    thead { tr {
                        th scope="col" { button type="button" { (clean(&capitalised(&site.batch.pack.words.submission))) } }
                        @for label in &labels { th.num scope="col" { button type="button" { (clean(label)) } } }
                    } }
                    tbody { @for (review, file) in &site.submissions {
                        @let (name, words) = finds(site, review);
                        tr data-name=(name) data-step=(words) {
                            th scope="row" { a href=(href(file)) { (clean(&review.path)) } }
                            @for label in &labels { td.num { (clean(figure(review, at, label))) } }
                        }
                    } }
                }
            }
        }
    }
}

/// What stands beside a label in a table of a submission.
fn figure<'a>(review: &'a Review, table: usize, label: &str) -> &'a str {
    let rows = review
        .tables
        .get(table)
        .map(|t| t.rows.as_slice())
        .unwrap_or_default();
    let row = rows
        .iter()
        .find(|row| row.first().is_some_and(|(_, words)| words == label));
    row.and_then(|row| row.get(1))
        .map_or("", |(_, words)| words)
}

fn lists(site: &Site<'_>) -> Markup {
    let batch = site.batch;
    let unchecked = batch.unchecked();
    let unchecked = unchecked.map(|r| format!("{}: {}", clean(&r.path), clean(&r.wording)));
    let mistakes = batch.diagnostics.iter();
    let mistakes = mistakes.map(|d| {
        format!(
            "{}: {}: {}",
            weight(d.weight),
            clean(&d.place),
            clean(&d.message)
        )
    });
    let not_read = batch.not_read.iter();
    let not_read = not_read.map(|(path, why)| format!("{}: {}", clean(path), clean(why)));
    html! {
        (list("Could not be checked", &unchecked.collect::<Vec<_>>()))
        (list("Mistakes in the files", &mistakes.collect::<Vec<_>>()))
        (list("Not received", &not_received(batch)))
        (list("Superseded by a later revision", &batch.superseded.iter().map(|p| clean(p)).collect::<Vec<_>>()))
        (list("Not read", &not_read.collect::<Vec<_>>()))
    }
}

fn list(title: &str, items: &[String]) -> Markup {
    html! {
        @if !items.is_empty() {
            h2 { (title) }
            ul { @for item in items { li { (item) } } }
        }
    }
}
