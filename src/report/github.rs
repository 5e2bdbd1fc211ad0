//! Findings as the annotations that GitHub Actions shows beside a file: a line of standard output each.

use std::fmt::Write as _;

use super::location::{Location, place_of};
use super::words::outcome;
use crate::batch::BatchReview;
use crate::diagnostic::{Diagnostic, Weight};
use crate::neutral::clean;
use crate::pack::Severity;
use crate::review::{Finding, Review};

/// The annotations of a batch: its mistakes, then each submission's mistakes and findings.
pub fn batch(batch: &BatchReview) -> String {
    let mut out = String::new();
    for diagnostic in &batch.diagnostics {
        let file = Location::of(&diagnostic.place, &[]);
        mistake(&mut out, diagnostic, &file);
    }
    for review in &batch.reviews {
        for diagnostic in &review.diagnostics {
            let at = Location::of(&diagnostic.place, &review.inputs);
            mistake(&mut out, diagnostic, &at);
        }
        for f in &review.findings {
            finding(&mut out, f, review);
        }
    }
    out
}

fn mistake(out: &mut String, diagnostic: &Diagnostic, at: &Location<'_>) {
    let command = match diagnostic.weight {
        Weight::Notice => "notice",
        Weight::Error | Weight::Fatal => "error",
    };
    let message = format!("{}: {}", diagnostic.place, diagnostic.message);
    annotation(out, command, at, "mistake in the file", &message);
}

fn finding(out: &mut String, f: &Finding, review: &Review) {
    let place = place_of(f, review);
    let command = match f.severity {
        _ if f.is_question() || f.weighs().is_none() => "notice",
        Severity::Note => "notice",
        Severity::Condition => "warning",
        Severity::Return | Severity::Escalate => "error",
    };
    let title = format!("{} ({}), {}", f.rule, outcome(f), f.severity.name());
    let message = format!("{place}: {} {}", f.message, f.next_step());
    let at = Location::of(place, &review.inputs);
    annotation(out, command, &at, &title, message.trim_end());
}

fn annotation(out: &mut String, command: &str, at: &Location<'_>, title: &str, message: &str) {
    let line = at.line.map_or_else(String::new, |n| format!(",line={n}"));
    let _ = writeln!(
        out,
        "::{command} file={}{line},title={}::{}",
        property(at.file),
        property(title),
        data(message)
    );
}

/// A text in which nothing ends the command.
fn data(text: &str) -> String {
    clean(text).replace('%', "%25")
}

/// The same, inside a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
