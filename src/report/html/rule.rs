//! The page of one rule: what it came to for every submission.

use maud::html;

use super::page::{class, frame, href, outcome};
use super::{Rule, Site, rank};
use crate::neutral::clean;

/// How many findings of one submission are told; its own page has the others.
const MOST: usize = 20;

pub(super) fn page(site: &Site<'_>, id: &str, rule: &Rule<'_>) -> String {
    let asked = site.submissions.iter();
    let asked = asked.filter_map(|sub| Some((sub, sub.outcomes.get(id)?.0)));
    let mut asked: Vec<_> = asked.collect();
    asked.sort_by_key(|(_, worst)| rank(*worst));
    let body = html! {
        nav.crumbs aria-label="where this page stands" { a href="./index.html" { (clean(&site.batch.pack.title)) } }
        h1 { (clean(rule.title)) }
        p.which { code { (clean(id)) } " · " (clean(rule.code)) }
        div.scroll tabindex="0" role="region" aria-label="what it came to" {
            table.wide {
                thead { tr { th scope="col" { "Submission" } th scope="col" { "Outcome" } th scope="col" { "What was found" } } }
                tbody { @for (sub, worst) in &asked {
                    @let (sign, word) = outcome(*worst);
                    @let findings: Vec<_> = sub.review.findings.iter().filter(|f| f.rule == id).collect();
                    tr {
                        th scope="row" {
                            @if findings.is_empty() { a href=(href(&sub.file)) { (clean(&sub.review.path)) } }
                            @else { a href={ (href(&sub.file)) "#" (id) } { (clean(&sub.review.path)) } }
                        }
                        td class={ "sign " (class(*worst)) } { (sign) " " (word) }
                        td {
                            @for finding in findings.iter().take(MOST) { p { (clean(&finding.message)) } }
                            @if findings.len() > MOST { p { "and " (findings.len() - MOST) " more: its own page has them all." } }
                        }
                    }
                } }
            }
        }
    };
    frame(site, &format!("{id}: {}", rule.title), &body)
}
