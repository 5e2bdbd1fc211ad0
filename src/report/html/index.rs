//! The page of a batch: the recommendations, the table of submissions, the matrix of submissions and rules, and the pack's tables side by
//! side. What needs a person comes first.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use super::page::{class, frame, href, outcome, step};
use super::{Rule, Site, Sub};
use crate::neutral::clean;
use crate::pack::capitalised;
use crate::report::words::{Columns, not_received, weight};
use crate::review::{Outcome, Recommendation, Review};

/// The script of the page.
const SCRIPT: &str = include_str!("script.js");

/// Of how many submissions the tables side by side are open from the beginning.
const FEW: usize = 60;

pub(super) fn page(site: &Site<'_>) -> String {
    let batch = site.batch;
    let body = html! {
        h1 { (clean(&batch.pack.title)) }
        (steps(site))
        h2 #plans { (clean(&capitalised(&batch.pack.words.submissions()))) }
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

/// The place of a wording among the steps; what could not be checked stands behind them.
fn place(site: &Site<'_>, words: &str) -> usize {
    let steps = &site.batch.pack.steps;
    steps.iter().position(|w| w == words).unwrap_or(steps.len())
}

/// The recommendations: how many of each, the gravest first, and a bar of all.
fn steps(site: &Site<'_>) -> Markup {
    let mut steps = site.batch.steps();
    steps.reverse();
    html! {
        div.share aria-hidden="true" { @for (words, count) in steps.iter().filter(|(_, n)| *n > 0) {
            span class={ "r" (place(site, words)) } style={ "flex-grow:" (count) } {}
        } }
        ul.steps { @for (words, count) in &steps {
            li class={ "r" (place(site, words)) } { strong { (count) } " " (clean(words)) }
        } }
    }
}

fn controls(site: &Site<'_>) -> Markup {
    html! {
        div.controls {
            label { "Find " input #by-name type="search" autocomplete="off"; }
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
    let words = match words {
        Some(words) => words,
        None if review.public => &review.wording,
        None => "could not be checked",
    };
    (name, clean(words))
}

fn submissions(site: &Site<'_>) -> Markup {
    let columns = Columns::of_batch(site.batch);
    html! {
        div.scroll tabindex="0" role="region" aria-labelledby="plans" {
            table #submissions.wide data-sortable {
                thead { tr { @for (head, figures) in columns.heads.iter().zip(&columns.numeric) {
                    th scope="col" class=[figures.then_some("num")] { button type="button" { (head) } }
                } } }
                tbody { @for sub in &site.submissions {
                    @let (name, words) = finds(site, sub.review);
                    @let cells = columns.rows.get(sub.at).map(Vec::as_slice).unwrap_or_default();
                    tr class=(step(sub.review)) data-name=(name) data-step=(words) {
                        @for (at, (cell, figures)) in cells.iter().zip(&columns.numeric).enumerate() {
                            @if at == 0 { th scope="row" { a href=(href(&sub.file)) { (cell) } } }
                            @else { td class=[figures.then_some("num")] { (cell) } }
                        }
                    }
                } }
            }
        }
    }
}

/// The rules, those first that most often failed or could not be told; and for how many that was so.
fn rules_by_need<'s>(site: &'s Site<'_>) -> Vec<(&'s str, &'s Rule<'s>, [usize; 2])> {
    let count = |id: &str, wanted: Outcome| {
        let of = site.submissions.iter();
        of.filter(|sub| sub.outcomes.get(id).is_some_and(|(o, _)| *o == wanted))
            .count()
    };
    let rules = site.rules.iter();
    let rules = rules.map(|(id, rule)| {
        let counts = [Outcome::Fail, Outcome::Unknown].map(|o| count(id, o));
        (*id, rule, counts)
    });
    let mut rules: Vec<_> = rules.collect();
    rules.sort_by_key(|(.., counts)| std::cmp::Reverse(*counts));
    rules
}

/// Submissions by rules. Many cells make a heavy page: each is as short as can be, and the script shows what was found where the
/// pointer or the keyboard is; rows out of sight are not laid out.
fn matrix(site: &Site<'_>) -> Markup {
    let rules = rules_by_need(site);
    let found = rules.iter().filter(|(.., counts)| *counts != [0, 0]);
    let found = found.count();
    html! {
        h2 #matrix-title { "Every rule" }
        ul.key {
            @for one in [Outcome::Fail, Outcome::Unknown, Outcome::Pass, Outcome::NotApplicable] {
                @let (sign, word) = outcome(one);
                li { span class={ "sign " (class(one)) } { (sign) } " " (word) }
            }
            li { "blank: not in force" }
        }
        p.hint { "Rules that were not met most often stand first. Point at a cell, or move with the arrow keys, to read what was found; Enter opens it." }
        div.controls.script {
            label { input #only type="checkbox"; " Only rules with findings" }
        }
        div.scroll.tall tabindex="0" role="region" aria-labelledby="matrix-title" {
            table #matrix data-sortable data-found=(found) style={ "--n:" (rules.len()) } aria-labelledby="matrix-title" {
                thead { tr {
                    th scope="col" { button type="button" { (clean(&capitalised(&site.batch.pack.words.submission))) } }
                    @for (id, rule, _) in &rules {
                        th.rule scope="col" title=(clean(rule.title)) { a href=(href(&rule.file)) { (clean(id)) } }
                    }
                } }
                tbody { @for sub in &site.submissions {
                    @let (name, words) = finds(site, sub.review);
                    tr data-name=(name) data-step=(words) {
                        th scope="row" { a href=(href(&sub.file)) { (clean(&sub.review.path)) } }
                        (PreEscaped(cells(sub, &rules)))
                    }
                } }
            }
        }
        p #told .told role="status" {}
    }
}

/// The cells of a submission's row. A pass is the plain cell; what HTML lets out is left out.
fn cells(sub: &Sub<'_>, rules: &[(&str, &Rule<'_>, [usize; 2])]) -> String {
    let mut row = String::with_capacity(rules.len() * 16);
    for (id, ..) in rules {
        let Some((worst, message)) = sub.outcomes.get(id) else {
            row.push_str("<td>");
            continue;
        };
        let (sign, _) = outcome(*worst);
        match (worst, message) {
            (Outcome::Pass, _) => row.push_str("<td>"),
            (_, Some(message)) => {
                let message = html! { (clean(message)) }.into_string();
                let _ = write!(row, "<td class={} data-t=\"{message}\">", class(*worst));
            }
            _ => {
                let _ = write!(row, "<td class={}>", class(*worst));
            }
        }
        row.push_str(sign);
    }
    row
}

/// The columns of the pack's tables that are to be compared, a row a submission: for each label of the first column the figure beside it.
fn side_by_side(site: &Site<'_>) -> Markup {
    let mut reviews = site.submissions.iter().map(|sub| sub.review);
    let some = reviews.find(|review| !review.tables.is_empty());
    let tables = some.map(|r| r.tables.as_slice()).unwrap_or_default();
    let open = site.submissions.len() <= FEW;
    let asked = tables
        .iter()
        .enumerate()
        .flat_map(|(at, table)| table.shown.compare.iter().map(move |c| (at, table, *c)));
    html! {
        @for (at, table, column) in asked {
            @let labels = labels(site, at);
            @let head = table.columns.get(column).map_or("", String::as_str);
            @let title = format!("{}: {}", clean(&table.title), clean(head).to_lowercase());
            @if !labels.is_empty() {
                details.block open[open] {
                    summary { h2 { (title) } }
                    div.scroll.tall tabindex="0" role="region" aria-label=(title) {
                        table.side data-sortable {
                            thead { tr {
                                th scope="col" { button type="button" { (clean(&capitalised(&site.batch.pack.words.submission))) } }
                                @for label in &labels { th scope="col" { button type="button" { (clean(label)) } } }
                            } }
                            tbody { @for sub in &site.submissions {
                                @let (name, words) = finds(site, sub.review);
                                tr data-name=(name) data-step=(words) {
                                    th scope="row" { a href=(href(&sub.file)) { (clean(&sub.review.path)) } }
                                    (PreEscaped(figures(sub.review, at, column, &labels)))
                                }
                            } }
                        }
                    }
                }
            }
        }
    }
}

/// The labels of a table's rows, of all submissions, in the order in which they are met.
fn labels<'s>(site: &'s Site<'_>, table: usize) -> Vec<&'s str> {
    let mut labels: Vec<&str> = Vec::new();
    for sub in &site.submissions {
        let rows = sub.review.tables.get(table).map(|t| t.rows.as_slice());
        for (_, label) in rows.unwrap_or_default().iter().filter_map(|r| r.first()) {
            if !labels.contains(&label.as_str()) {
                labels.push(label);
            }
        }
    }
    labels
}

/// The cells of a row: what stands beside each label in a table of a submission.
fn figures(review: &Review, table: usize, column: usize, labels: &[&str]) -> String {
    let rows = review.tables.get(table).map(|t| t.rows.as_slice());
    let rows = rows.unwrap_or_default();
    let figure = |label: &str| {
        let mut rows = rows.iter();
        let row = rows.find(|row| row.first().is_some_and(|(_, words)| words == label));
        row.and_then(|row| row.get(column))
            .map_or("", |(_, words)| words)
    };
    let mut cells = String::new();
    for label in labels {
        let words = clean(figure(label));
        let _ = write!(cells, "<td>{}", html! { (words) }.into_string());
    }
    cells
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
