//! What all pages have in common: head, style, foot, and the words for outcomes.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Site;
use crate::batch::PackName;
use crate::neutral::clean;
use crate::pack::{Severity, Verification};
use crate::report::words::{ADVICE, with_office};
use crate::review::{Outcome, Recommendation, Review};

/// The style of every page.
const STYLE: &str = include_str!("style.css");

/// A page with its title and its body.
pub(super) fn frame(site: &Site<'_>, title: &str, body: &Markup) -> String {
    framed(&site.batch.pack, title, body)
}

/// The same, by what is told of a pack.
pub(in crate::report) fn framed(pack: &PackName, title: &str, body: &Markup) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (clean(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "To the content" }
                main #main { (body) }
                footer {
                    p { "Checked with " (clean(&pack.id)) " " (clean(&pack.version)) ", " span.digest { (clean(&pack.digest)) } "." }
                    @if let Some(office) = &pack.office { p { (with_office(office)) } }
                    p { (ADVICE) }
                }
            }
        }
    };
    markup.into_string()
}

/// A sign and a word for an outcome: no meaning rests on a colour.
pub(super) fn outcome(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Pass => ("✓", "pass"),
        Outcome::Fail => ("✗", "fail"),
        Outcome::Unknown => ("?", "cannot be told"),
        Outcome::NotApplicable => ("–", "not applicable"),
    }
}

/// The class of an outcome.
pub(super) fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "p",
        Outcome::Fail => "f",
        Outcome::Unknown => "u",
        Outcome::NotApplicable => "n",
    }
}

/// A severity as a badge.
pub(in crate::report) fn severity(severity: Severity) -> Markup {
    html! { span class={ "badge s-" (severity.name()) } { (severity.name()) } }
}

/// The class of a submission's recommendation.
pub(in crate::report) fn step(review: &Review) -> &'static str {
    match review.recommendation {
        Some(Recommendation::Approve) => "r0",
        Some(Recommendation::ApproveWithConditions) => "r1",
        Some(Recommendation::ReturnForRevision) => "r2",
        Some(Recommendation::Escalate) => "r3",
        None if review.public => "r5",
        None => "r4",
    }
}

/// How far the text of a clause was checked.
pub(super) fn verification(verification: Verification) -> &'static str {
    match verification {
        Verification::TextRead => "text read",
        Verification::DataConfirmed => "confirmed by data",
        Verification::Corroborated => "corroborated",
        Verification::Unconfirmed => "unconfirmed: its text was not read",
    }
}

/// A rule's name, which leads to its page where it has one.
pub(super) fn rule(site: &Site<'_>, id: &str) -> Markup {
    let file = site.rules.get(id).map(|r| r.file.as_str());
    html! {
        @match file.filter(|f| !f.is_empty()) {
            Some(file) => a href=(href(file)) { (clean(id)) },
            None => (clean(id)),
        }
    }
}

/// The name of a file as a link in the same folder.
pub(super) fn href(file: &str) -> String {
    format!("./{}", crate::report::location::uri(file))
}
