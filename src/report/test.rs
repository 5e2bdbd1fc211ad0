//! What a run of a pack's tests found, for people; [`json`] and [`junit`] for programs.

mod coverage;
mod json;
mod junit;

use std::fmt::Write as _;

pub use coverage::coverage;
pub use json::json;
pub(super) use json::schema;
pub use junit::junit;

use super::{counted, pack_name};
use crate::author::cases::{CaseResult, Drawing, Lacking, Piece, PieceValue};
use crate::author::goldens::{
    Change, Content, CountChange, FindingChange, Golden, Other, SubmissionChange, WhatChanged,
};
use crate::author::run::Run;
use crate::neutral::clean;
use crate::pack::CaseKind;
use crate::value::{Value, say};

/// Every case that does not hold, every golden that differs, and how many there are.
pub fn text(run: &Run<'_>) -> String {
    let currency = &run.pack.schema.currency;
    let mut out = String::new();
    for case in run.failed() {
        let _ = writeln!(out, "failed: {}: {}", case.rule, clean(&case.case));
        indent(&mut out, &failure(case, currency));
        out.push('\n');
    }
    for lacking in &run.lacking {
        let _ = writeln!(out, "failed: {}: {}", lacking.rule, lacks(lacking));
    }
    let failed = run.failed().count();
    let _ = write!(
        out,
        "{}: {}, {}, {failed} failed",
        pack_name(run.pack),
        counted(run.pack.rules.len(), "rule"),
        counted(run.cases.len(), "case"),
    );
    if !run.lacking.is_empty() {
        let rules = counted(run.lacking.len(), "rule");
        let _ = write!(out, ", {rules} without the cases that a rule has");
    }
    out.push('\n');
    if run.is_empty() {
        out.push_str("no case was run\n");
    }
    if let Some(goldens) = &run.goldens {
        of_goldens(&mut out, goldens, run.blessed);
    }
    out
}

/// A block of lines, each two spaces to the right.
fn indent(out: &mut String, block: &str) {
    for line in block.lines() {
        let _ = writeln!(out, "  {line}");
    }
}

/// Why a case does not hold: what it expects, what was found, and the test with the values of its parts.
fn failure(case: &CaseResult, currency: &str) -> String {
    let mut out = String::new();
    for mismatch in &case.mismatches {
        let key = match mismatch.key {
            "expect" => String::new(),
            key => format!("`{key}` "),
        };
        let (expected, actual) = (clean(&mismatch.expected), clean(&mismatch.actual));
        let _ = writeln!(out, "{key}expected: {expected}");
        let pad = " ".repeat(key.len());
        let _ = writeln!(out, "{pad}     was: {actual}");
    }
    for diagnostic in &case.diagnostics {
        let (place, message) = (clean(&diagnostic.place), clean(&diagnostic.message));
        let _ = writeln!(out, "{place}: {message}");
    }
    for drawing in &case.drawings {
        drawn(&mut out, drawing, currency);
    }
    out
}

fn drawn(out: &mut String, drawing: &Drawing, currency: &str) {
    if let Some(subject) = &drawing.subject {
        let _ = writeln!(out, "at {}:", clean(subject));
    }
    for (key, pieces) in &drawing.tests {
        let _ = writeln!(out, "{key}");
        for piece in pieces {
            let _ = writeln!(
                out,
                "{}{}",
                "  ".repeat(piece.depth + 1),
                of_piece(piece, currency)
            );
        }
    }
}

fn of_piece(piece: &Piece, currency: &str) -> String {
    let text = clean(&piece.text);
    match &piece.value {
        // In the words of the language, as the test beside it is.
        PieceValue::Is(Value::Bool(value)) => format!("{text} is {value}"),
        PieceValue::Is(value) => {
            let value = super::text::shorten(&clean(&say(value, currency)));
            format!("{text} is {value}")
        }
        PieceValue::NotAsked => format!("{text} was not asked"),
        PieceValue::Item => format!("{text}:"),
    }
}

/// What cases a rule has not, in words.
fn lacks(lacking: &Lacking) -> String {
    let kinds = lacking.kinds.iter().copied().map(CaseKind::shows);
    let kinds: Vec<&str> = kinds.collect();
    format!(
        "the rule has no case that {}",
        kinds.join(", and none that ")
    )
}

fn of_goldens(out: &mut String, goldens: &[Golden], blessed: bool) {
    let word = if blessed { "written" } else { "changed" };
    let mut changed = 0;
    for golden in goldens {
        if let Some(change) = &golden.change {
            changed += 1;
            let _ = writeln!(out, "{word}: {}", clean(&golden.path));
            indent(out, &of_change(change));
        }
    }
    let same = goldens.len() - changed;
    let _ = writeln!(out, "goldens: {same} the same, {changed} {word}");
}

/// What differs between a golden and the review of its folder.
fn of_change(change: &Change) -> String {
    match change {
        Change::New => "there was none\n".to_owned(),
        Change::NoReview => "what stood there is no review\n".to_owned(),
        Change::Layout(line) => format!("the same in another layout, from line {line} on\n"),
        Change::Content(content) => of_content(content),
    }
}

fn of_content(content: &Content) -> String {
    let mut out = String::new();
    others(&mut out, "", &content.others);
    for submission in &content.submissions {
        of_submission(&mut out, submission);
    }
    out
}

fn of_submission(out: &mut String, change: &SubmissionChange) {
    let path = clean(&change.path);
    let head = match (change.only_new, &change.recommendation) {
        (Some(true), _) => format!("{path} is new"),
        (Some(false), _) => format!("{path} is gone"),
        (None, Some((was, is))) => format!("{path}: {} → {}", clean(was), clean(is)),
        (None, None) => path,
    };
    let _ = writeln!(out, "{head}");
    for finding in &change.findings {
        of_finding(out, finding);
    }
    for CountChange {
        rule,
        before,
        after,
    } in &change.counts
    {
        let [rule, before, after] = [rule, before, after].map(|t| clean(t));
        let _ = writeln!(out, "  = {rule}: {before} → {after}");
    }
    others(out, "  ", &change.others);
}

fn of_finding(out: &mut String, change: &FindingChange) {
    let subject = change.subject.as_ref();
    let subject = subject.map_or_else(String::new, |s| format!(" at {}", clean(s)));
    let name = format!("{}{subject}", clean(&change.rule));
    let (sign, brief) = match &change.what {
        WhatChanged::Added(brief) => ('+', brief),
        WhatChanged::Gone(brief) => ('-', brief),
        WhatChanged::Changed(keys) => {
            let _ = writeln!(out, "  ~ {name}");
            return others(out, "      ", keys);
        }
    };
    let [outcome, severity, message] =
        [&brief.outcome, &brief.severity, &brief.message].map(|t| clean(t));
    let _ = writeln!(out, "  {sign} {name}: {outcome} ({severity}): {message}");
}

/// Values that differ, one a line, not without end.
fn others(out: &mut String, before: &str, others: &[Other]) {
    const MOST: usize = 12;
    for other in others.iter().take(MOST) {
        let side = |v: &Option<String>| match v {
            Some(text) => super::text::shorten(&clean(text)),
            None => "(nothing)".to_owned(),
        };
        let (was, is) = (side(&other.before), side(&other.after));
        let _ = writeln!(out, "{before}{}: {was} → {is}", clean(&other.at));
    }
    if others.len() > MOST {
        let _ = writeln!(out, "{before}… and {} more", others.len() - MOST);
    }
}
