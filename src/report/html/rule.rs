//! The page of one rule: what it came to for every submission.

use maud::html;

use super::page::{class, frame, href, outcome};
use super::{Rule, Site, of_rule};
use crate::neutral::clean;

pub(super) fn page(site: &Site<'_>, id: &str, rule: &Rule<'_>) -> String {
    let asked = site.submissions.iter();
    let asked = asked.filter_map(|(r, file)| Some((*r, file, of_rule(r, id)?)));
    let body = html! {
        p { a href="./index.html" { (clean(&site.batch.pack.title)) } }
        h1 { (clean(rule.title)) }
        p { code { (clean(id)) } " (" (clean(rule.code)) ")" }
        table.plain {
            thead { tr { th scope="col" { "Submission" } th scope="col" { "Outcome" } th scope="col" { "What was found" } } }
            tbody { @for (review, file, (worst, _)) in asked {
                @let (sign, word) = outcome(worst);
                @let findings: Vec<_> = review.findings.iter().filter(|f| f.rule == id).collect();
                tr {
                    th scope="row" { a href={ (href(file)) "#" (id) } { (clean(&review.path)) } }
                    td class=(class(worst)) { (sign) " " (word) }
                    td { @for finding in findings { p { (clean(&finding.message)) } } }
                }
            } }
        }
    };
    frame(site, &format!("{id}: {}", rule.title), &body)
}
