//! The trace of a pack for programs: `accordant.trace/1`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::author::trace::{Ground, Trace, Traced, Unread};
use crate::pack::{CaseKind, Severity, Source};
use crate::report::{PackOut, json_text};

/// What rests on what: `accordant.trace/1`.
#[derive(Serialize, JsonSchema)]
struct Whole<'a> {
    format: &'static str,
    pack: PackOut<'a>,
    summary: Summary,
    sections: Vec<Section<'a>>,
    documents: Vec<SourceOut<'a>>,
    rules: Vec<RuleOut<'a>>,
    unconfirmed_law: Vec<UnreadOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Summary {
    clauses: usize,
    with_rules: usize,
    without_rules: usize,
    unconfirmed: usize,
    rules: usize,
    cases: usize,
}

#[derive(Serialize, JsonSchema)]
struct Section<'a> {
    section: &'a str,
    clauses: Vec<SourceOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct SourceOut<'a> {
    key: &'a str,
    citation: &'a str,
    modality: Option<&'a str>,
    duty_holder: Option<&'a str>,
    paraphrase: Option<&'a str>,
    look_for: Option<&'a str>,
    verification: &'static str,
    read: Option<ReadingOut<'a>>,
    from: Option<i64>,
    until: Option<i64>,
    no_rule: Option<&'a str>,
    rules: Vec<&'a str>,
    parameters: Vec<&'a str>,
    tables: Vec<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct ReadingOut<'a> {
    by: &'a str,
    on: String,
    text: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct RuleOut<'a> {
    rule: &'a str,
    code: &'a str,
    title: &'a str,
    basis: &'static str,
    severity: &'static str,
    verified_severity: Option<&'static str>,
    from: Option<i64>,
    until: Option<i64>,
    cases: Cases,
    clauses: Vec<&'a str>,
    documents: Vec<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct Cases {
    pass: usize,
    fail: usize,
    edge: usize,
    missing: usize,
}

#[derive(Serialize, JsonSchema)]
struct UnreadOut<'a> {
    rule: &'a str,
    code: &'a str,
    clauses: Vec<&'a str>,
    alone: bool,
    severity: &'static str,
    once_read: &'static str,
}

/// The JSON Schema of the trace.
pub(in crate::report) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Whole<'_>>()
}

/// The trace as JSON.
pub fn json(trace: &Trace<'_>) -> String {
    let (pack, counts) = (trace.pack, trace.counts());
    let whole = Whole {
        format: "accordant.trace/1",
        pack: PackOut::of(pack),
        summary: Summary {
            clauses: counts.clauses,
            with_rules: counts.with_rules,
            without_rules: counts.without_rules,
            unconfirmed: counts.unconfirmed,
            rules: counts.rules,
            cases: counts.cases,
        },
        sections: (trace.sections.iter())
            .map(|s| Section {
                section: s.title,
                clauses: s.clauses.iter().map(source).collect(),
            })
            .collect(),
        documents: trace.documents.iter().map(source).collect(),
        rules: trace.rules.iter().map(rule).collect(),
        unconfirmed_law: trace.unread().iter().map(unread).collect(),
    };
    json_text(&whole)
}

fn source<'a>(ground: &Ground<'a>) -> SourceOut<'a> {
    let source = ground.source;
    SourceOut {
        key: &source.key,
        citation: &source.citation,
        modality: source.modality.as_deref(),
        duty_holder: source.duty_holder.as_deref(),
        paraphrase: source.paraphrase.as_deref(),
        look_for: source.look_for.as_deref(),
        verification: source.verification.name(),
        read: source.reading.as_ref().map(|r| ReadingOut {
            by: &r.by,
            on: r.on.to_string(),
            text: &r.text,
        }),
        from: source.years.0,
        until: source.years.1,
        no_rule: source.no_rule.as_deref(),
        rules: ground.rules.iter().map(|r| r.id.as_str()).collect(),
        parameters: ground.params.iter().map(|p| p.name.as_str()).collect(),
        tables: ground.tables.iter().map(|t| t.name.as_str()).collect(),
    }
}

fn rule<'a>(traced: &Traced<'a>) -> RuleOut<'a> {
    let rule = traced.rule;
    RuleOut {
        rule: &rule.id,
        code: &rule.code,
        title: &rule.title,
        basis: rule.basis.name(),
        severity: rule.severity.name(),
        verified_severity: rule.verified_severity.map(Severity::name),
        from: rule.effective.0,
        until: rule.effective.1,
        cases: Cases {
            pass: rule.count(CaseKind::Pass),
            fail: rule.count(CaseKind::Fail),
            edge: rule.count(CaseKind::Edge),
            missing: rule.count(CaseKind::Missing),
        },
        clauses: keys(&traced.clauses),
        documents: keys(&traced.documents),
    }
}

fn unread<'a>(unread: &Unread<'a>) -> UnreadOut<'a> {
    UnreadOut {
        rule: &unread.rule.id,
        code: &unread.rule.code,
        clauses: keys(&unread.clauses),
        alone: unread.alone,
        severity: unread.rule.severity.name(),
        once_read: unread.then.name(),
    }
}

fn keys<'a>(sources: &[&'a Source]) -> Vec<&'a str> {
    sources.iter().map(|s| s.key.as_str()).collect()
}
