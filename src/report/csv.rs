//! The findings of a batch as one CSV table, for spreadsheets and scripts: a row for each finding, each mistake, each submission without
//! either, and each file or submission that was not judged. UTF-8 with a mark of order, by which Excel knows it.

use serde::{Serialize, Serializer};

use super::location::place_of;
use super::words::{outcome, said, weight};
use crate::batch::BatchReview;
use crate::diagnostic::Diagnostic;
use crate::neutral::cell;
use crate::review::{Finding, Review};
use crate::value::{plain, plain_money};

/// By which a spreadsheet knows the encoding.
const MARK_OF_ORDER: &[u8] = "\u{feff}".as_bytes();

/// A row; its fields are the columns, in order.
#[derive(Default, Serialize)]
struct Row<'a> {
    submission: Safe<'a>,
    district_code: Safe<'a>,
    district: Safe<'a>,
    fiscal_year: Option<i64>,
    revision: Option<String>,
    recommendation: &'static str,
    kind: &'static str,
    severity: &'static str,
    outcome: &'static str,
    rule: Safe<'a>,
    code: Safe<'a>,
    basis: &'static str,
    place: Safe<'a>,
    message: Safe<'a>,
    advice: Safe<'a>,
    gap: Option<String>,
    unit: Safe<'a>,
    cites: String,
    missing: String,
    after_answers: &'static str,
    answer: String,
    decided: &'static str,
}

/// A text that no spreadsheet takes for a formula.
#[derive(Default, Clone, Copy)]
struct Safe<'a>(&'a str);

impl Serialize for Safe<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&cell(self.0))
    }
}

/// The table of a batch: its own mistakes, each submission in turn, then what was not received, superseded or not read.
pub fn batch(batch: &BatchReview) -> Vec<u8> {
    let mut rows: Vec<Row<'_>> = batch
        .diagnostics
        .iter()
        .map(|d| mistake(Row::default(), d))
        .collect();
    for review in &batch.reviews {
        rows.extend(of_review(review));
    }
    rows.extend(batch.not_received.iter().map(|one| Row {
        district_code: Safe(&one.district_code),
        district: Safe(one.district.as_deref().unwrap_or_default()),
        fiscal_year: Some(one.fiscal_year),
        kind: "not-received",
        ..Row::default()
    }));
    rows.extend(batch.superseded.iter().map(|path| Row {
        submission: Safe(path),
        kind: "superseded",
        ..Row::default()
    }));
    rows.extend(batch.not_read.iter().map(|(path, why)| Row {
        kind: "not-read",
        place: Safe(path),
        message: Safe(why),
        ..Row::default()
    }));
    written(&rows)
}

/// The table of one submission.
pub fn review(review: &Review) -> Vec<u8> {
    written(&of_review(review))
}

fn written(rows: &[Row<'_>]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(MARK_OF_ORDER.to_vec());
    for row in rows {
        // A vector takes whatever is written.
        let _ = writer.serialize(row);
    }
    writer.into_inner().unwrap_or_default()
}

fn of_review(review: &Review) -> Vec<Row<'_>> {
    let memory = review.memory.as_ref();
    let after = memory.and_then(|m| m.after_answers.as_ref());
    let decided = memory.and_then(|m| m.determinations.first());
    let decided = decided.filter(|of| of.is_on(review.revision));
    let head = || Row {
        submission: Safe(&review.path),
        district_code: Safe(review.district_code.as_deref().unwrap_or_default()),
        district: Safe(review.district.as_deref().unwrap_or_default()),
        fiscal_year: review.fiscal_year,
        revision: review.revision.map(plain),
        recommendation: review.recommendation.map_or("", |r| r.name()),
        after_answers: after.map_or("", |(after, _)| after.name()),
        decided: decided.map_or("", |d| d.decision.name()),
        ..Row::default()
    };
    let mistakes = review.diagnostics.iter().map(|d| mistake(head(), d));
    let findings = review.findings.iter().map(|f| finding(head(), f, review));
    let mut rows: Vec<Row<'_>> = mistakes.chain(findings).collect();
    if rows.is_empty() {
        rows.push(Row {
            kind: "nothing-found",
            ..head()
        });
    }
    rows
}

fn mistake<'a>(head: Row<'a>, diagnostic: &'a Diagnostic) -> Row<'a> {
    Row {
        kind: weight(diagnostic.weight),
        place: Safe(&diagnostic.place),
        message: Safe(&diagnostic.message),
        ..head
    }
}

fn finding<'a>(head: Row<'a>, f: &'a Finding, review: &'a Review) -> Row<'a> {
    let cites: Vec<&str> = f.cites.iter().map(|c| c.citation.as_str()).collect();
    let gap = f.gap.as_ref();
    let value = gap.map(|gap| match gap.unit.as_str() {
        "days" | "number" => plain(gap.value),
        _ => plain_money(gap.value),
    });
    Row {
        kind: "finding",
        severity: f.severity.name(),
        outcome: outcome(f),
        rule: Safe(&f.rule),
        code: Safe(&f.code),
        basis: f.basis.name(),
        place: Safe(place_of(f, review)),
        message: Safe(&f.message),
        advice: Safe(&f.advice),
        gap: value,
        unit: Safe(gap.map_or("", |gap| &gap.unit)),
        cites: cell(&cites.join("; ")).into_owned(),
        missing: cell(&f.missing.join("; ")).into_owned(),
        answer: cell(&said(f)).into_owned(),
        ..head
    }
}
