//! The findings of a batch as rows to be answered: as CSV, which is filled in and given back, and as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use super::{json_text, location};
use crate::memory::answers::{file, row_of, row_of_answer};
use crate::review::{Finding, Review};

/// The rows of the findings that are shown, with the answers that count.
pub fn csv(reviews: &[&Review], shown: impl Fn(&Finding) -> bool) -> Vec<u8> {
    let mut rows = Vec::new();
    for review in reviews {
        for finding in review.findings.iter().filter(|f| shown(f)) {
            let mut row = row_of(review, finding, place(finding, review));
            row.extend(finding.answer.iter().flat_map(row_of_answer));
            rows.push(row);
        }
    }
    file(&rows)
}

/// The place at which a finding is shown.
pub fn place<'f>(finding: &'f Finding, review: &'f Review) -> &'f str {
    location::place_of(finding, review)
}

/// The same findings in the form `accordant.answers/1`.
pub fn json(reviews: &[&Review], shown: impl Fn(&Finding) -> bool) -> String {
    let findings = reviews.iter().flat_map(|review| {
        let shown = review.findings.iter().filter(|f| shown(f));
        shown.map(|f| of(review, f)).collect::<Vec<_>>()
    });
    json_text(&Answers {
        format: "accordant.answers/1",
        findings: findings.collect(),
    })
}

/// The JSON Schema of the form.
pub(super) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Answers<'_>>()
}

/// The findings of a batch and their answers: `accordant.answers/1`.
#[derive(Serialize, JsonSchema)]
struct Answers<'a> {
    format: &'static str,
    findings: Vec<Answered<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Answered<'a> {
    path: &'a str,
    district_code: Option<&'a str>,
    district: Option<&'a str>,
    fiscal_year: Option<i64>,
    rule: &'a str,
    subject: &'a str,
    finding: &'a str,
    severity: &'static str,
    place: &'a str,
    message: &'a str,
    /// What counts, if anything does.
    answer: Option<Answer<'a>>,
    /// Why earlier answers do not count.
    not_counting: &'a [String],
}

#[derive(Serialize, JsonSchema)]
struct Answer<'a> {
    answer: &'static str,
    reason: &'a str,
    by: &'a str,
    approved_by: Option<&'a str>,
    on: String,
    until: Option<String>,
}

fn of<'a>(review: &'a Review, f: &'a Finding) -> Answered<'a> {
    let mark = f.mark.as_ref();
    Answered {
        path: &review.path,
        district_code: review.district_code.as_deref(),
        district: review.district.as_deref(),
        fiscal_year: review.fiscal_year,
        rule: &f.rule,
        subject: mark.map_or("", |m| &m.subject),
        finding: mark.map_or("", |m| &m.digest),
        severity: f.severity.name(),
        place: place(f, review),
        message: &f.message,
        answer: f.answer.as_ref().map(|answer| Answer {
            answer: answer.verdict.name(),
            reason: &answer.reason,
            by: &answer.by,
            approved_by: answer.approved_by.as_deref(),
            on: answer.on.to_string(),
            until: answer.until.map(|d| d.to_string()),
        }),
        not_counting: &f.not_counting,
    }
}
