//! The review of a batch in the Static Analysis Results Interchange Format (SARIF 2.1.0, OASIS Standard, 2020): a result for each finding
//! and each mistake. An outcome that cannot be told has the kind `open`, and for all but failures the standard asks for the level `none` (3.27.9, 3.27.10);
//! a question has the kind `review`. What it weighs stands in its properties.

use std::collections::BTreeMap;

use serde::Serialize;

use super::json_text;
use super::location::{Location, place_of, uri};
use crate::batch::BatchReview;
use crate::diagnostic::{Diagnostic, Weight};
use crate::pack::Severity;
use crate::review::{Finding, Outcome, Review};

/// The rule to which mistakes in files belong.
const MISTAKE: &str = "mistake-in-the-file";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'static str,
    results: Vec<Outcomes<'a>>,
    properties: BTreeMap<&'static str, &'a str>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Message<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<&'static str, &'a str>,
}

#[derive(Serialize)]
struct Message<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcomes<'a> {
    rule_id: &'a str,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Message<'a>,
    locations: [Place<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression<'a>>,
    properties: BTreeMap<&'static str, &'a str>,
}

/// That a person answered, so that the result no longer counts.
#[derive(Serialize)]
struct Suppression<'a> {
    kind: &'static str,
    status: &'static str,
    justification: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Place<'a> {
    physical_location: Physical,
    logical_locations: [Logical<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical<'a> {
    fully_qualified_name: &'a str,
}

/// The log of a batch, indented by two spaces, with a line break at the end.
pub fn batch(batch: &BatchReview) -> String {
    let rules = Rules::of(batch);
    let mut results = Vec::new();
    for diagnostic in &batch.diagnostics {
        results.push(mistake(&rules, diagnostic, None));
    }
    for review in &batch.reviews {
        let mistakes = review.diagnostics.iter();
        results.extend(mistakes.map(|d| mistake(&rules, d, Some(review))));
        results.extend(review.findings.iter().map(|f| finding(&rules, f, review)));
    }
    json_text(&Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "accordant",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: rules.listed,
                },
            },
            column_kind: "unicodeCodePoints",
            results,
            properties: BTreeMap::from([
                ("pack", batch.pack.id.as_str()),
                ("packDigest", batch.pack.digest.as_str()),
                ("packVersion", batch.pack.version.as_str()),
            ]),
        }],
    })
}

/// The rules of all reviews, by id, and the number of each.
struct Rules<'a> {
    listed: Vec<Rule<'a>>,
    numbers: BTreeMap<&'a str, usize>,
}

impl<'a> Rules<'a> {
    fn of(batch: &'a BatchReview) -> Self {
        let tallies = batch.reviews.iter().flat_map(|r| &r.rules);
        let mut all: BTreeMap<&str, (&str, &str)> =
            tallies.map(|t| (&*t.rule, (&*t.title, &*t.code))).collect();
        all.insert(
            MISTAKE,
            ("The file can be read, and says what it means", ""),
        );
        let listed = all.iter().map(|(id, (title, code))| Rule {
            id,
            short_description: Message { text: title },
            properties: Some(("code", *code))
                .into_iter()
                .filter(|(_, code)| !code.is_empty())
                .collect(),
        });
        Rules {
            listed: listed.collect(),
            numbers: all.keys().enumerate().map(|(n, id)| (*id, n)).collect(),
        }
    }

    fn number(&self, id: &str) -> usize {
        self.numbers.get(id).copied().unwrap_or_default()
    }
}

fn mistake<'a>(
    rules: &Rules<'_>,
    diagnostic: &'a Diagnostic,
    review: Option<&'a Review>,
) -> Outcomes<'a> {
    Outcomes {
        rule_id: MISTAKE,
        rule_index: rules.number(MISTAKE),
        kind: "fail",
        level: match diagnostic.weight {
            Weight::Notice => "note",
            Weight::Error | Weight::Fatal => "error",
        },
        message: Message {
            text: &diagnostic.message,
        },
        locations: [place(&diagnostic.place, review)],
        suppressions: Vec::new(),
        properties: submission(review),
    }
}

fn finding<'a>(rules: &Rules<'_>, f: &'a Finding, review: &'a Review) -> Outcomes<'a> {
    let fails = f.outcome == Outcome::Fail && !f.is_question();
    let mut properties = submission(Some(review));
    properties.insert("severity", f.severity.name());
    if !f.advice.is_empty() {
        properties.insert("advice", &f.advice);
    }
    Outcomes {
        rule_id: &f.rule,
        rule_index: rules.number(&f.rule),
        kind: match f.outcome {
            _ if fails => "fail",
            // A person must look at it.
            _ if f.is_question() => "review",
            _ => "open",
        },
        level: match f.severity {
            _ if !fails => "none",
            Severity::Note => "note",
            Severity::Condition => "warning",
            Severity::Return | Severity::Escalate => "error",
        },
        message: Message { text: &f.message },
        locations: [place(place_of(f, review), Some(review))],
        suppressions: (f.answer.iter())
            .filter(|_| f.weighs().is_none())
            .map(|answer| Suppression {
                kind: "external",
                status: "accepted",
                justification: &answer.reason,
            })
            .collect(),
        properties,
    }
}

fn submission(review: Option<&Review>) -> BTreeMap<&'static str, &str> {
    review
        .map(|r| ("submission", r.path.as_str()))
        .into_iter()
        .collect()
}

fn place<'a>(place: &'a str, review: Option<&'a Review>) -> Place<'a> {
    let at = Location::of(place, review.map_or(&[], |r| &r.inputs));
    Place {
        physical_location: Physical {
            artifact_location: Artifact { uri: uri(at.file) },
            region: at.line.map(|start_line| Region { start_line }),
        },
        logical_locations: [Logical {
            fully_qualified_name: place,
        }],
    }
}
