//! Rules for programs: the list of those in force, and rules in full.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Commit, Listed, One, one_line, template, used_params, year_in};
use crate::expr::Expr;
use crate::pack::{Audience, Body, Case, Edition, Pack, Param, Rule, Severity, Source, Test};
use crate::report::{json_text, sentence};
use crate::value::{Value, feel};

/// A rule as it stands in the list.
#[derive(Serialize, JsonSchema)]
struct RuleOut<'a> {
    rule: &'a str,
    code: &'a str,
    title: &'a str,
    severity: &'static str,
    verified_severity: Option<&'static str>,
    basis: &'static str,
    audience: &'static str,
    from: Option<i64>,
    until: Option<i64>,
    topic: &'a str,
    cites: Vec<CiteOut<'a>>,
    cases: Vec<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct CiteOut<'a> {
    key: &'a str,
    citation: &'a str,
    verification: &'static str,
    from: Option<i64>,
    until: Option<i64>,
}

pub(in crate::report) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Vec<RuleOut<'_>>>()
}

/// Rules as a JSON list.
pub fn json(listed: &Listed<'_>) -> String {
    let rules = listed.rules.iter();
    let rules: Vec<RuleOut<'_>> = rules.map(|rule| rule_out(listed.pack, rule)).collect();
    json_text(&rules)
}

fn rule_out<'a>(pack: &'a Pack, rule: &'a Rule) -> RuleOut<'a> {
    RuleOut {
        rule: &rule.id,
        code: &rule.code,
        title: &rule.title,
        severity: rule.severity.name(),
        verified_severity: rule.verified_severity.map(Severity::name),
        basis: rule.basis.name(),
        audience: audience(rule),
        from: rule.effective.0,
        until: rule.effective.1,
        topic: rule.topic(),
        cites: sources(pack, rule).map(cite).collect(),
        cases: rule.cases.iter().map(|c| c.name.as_str()).collect(),
    }
}

fn audience(rule: &Rule) -> &'static str {
    match rule.audience {
        Audience::Reviewer => "reviewer",
        Audience::District => "district",
    }
}

fn sources<'p>(pack: &'p Pack, rule: &Rule) -> impl Iterator<Item = &'p Source> {
    let cites = rule.cites.clone().into_iter();
    cites.filter_map(|at| pack.sources.get(at))
}

fn cite(source: &Source) -> CiteOut<'_> {
    CiteOut {
        key: &source.key,
        citation: &source.citation,
        verification: source.verification.name(),
        from: source.years.0,
        until: source.years.1,
    }
}

/// A rule in full.
#[derive(Serialize, JsonSchema)]
struct OneOut<'a> {
    rule: &'a str,
    code: &'a str,
    title: &'a str,
    severity: &'static str,
    verified_severity: Option<&'static str>,
    basis: &'static str,
    audience: &'static str,
    from: Option<i64>,
    until: Option<i64>,
    topic: &'a str,
    file: &'a str,
    cites: Vec<LawOut<'a>>,
    #[serde(rename = "for")]
    subjects: Option<String>,
    editions: Vec<EditionOut<'a>>,
    parameters: Vec<ParamOut<'a>>,
    cases: Vec<CaseOut<'a>>,
    history: Vec<CommitOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct LawOut<'a> {
    key: &'a str,
    citation: &'a str,
    modality: Option<&'a str>,
    duty_holder: Option<&'a str>,
    paraphrase: Option<&'a str>,
    verification: &'static str,
    read: Option<String>,
    from: Option<i64>,
    until: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct EditionOut<'a> {
    from: Option<i64>,
    until: Option<i64>,
    not_applicable: Option<&'a str>,
    test: Option<TestOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct TestOut<'a> {
    #[serde(rename = "let")]
    lets: Vec<LetOut<'a>>,
    when: Option<String>,
    /// `null` of a question, which `message` asks.
    require: Option<String>,
    message: String,
    advice: Option<String>,
    sentences: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct LetOut<'a> {
    name: &'a str,
    expression: String,
}

#[derive(Serialize, JsonSchema)]
struct ParamOut<'a> {
    parameter: &'a str,
    title: &'a str,
    policy: bool,
    values: Vec<ValueOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct ValueOut<'a> {
    from: Option<i64>,
    until: Option<i64>,
    /// In the notation of the language; `null` when the parameter is off.
    value: Option<String>,
    source: &'a str,
    by_office: bool,
}

#[derive(Serialize, JsonSchema)]
struct CaseOut<'a> {
    name: &'a str,
    kind: &'static str,
    expect: &'static str,
    year: i64,
}

#[derive(Serialize, JsonSchema)]
struct CommitOut<'a> {
    date: &'a str,
    subject: &'a str,
}

pub(in crate::report) fn schema_in_full(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Vec<OneOut<'_>>>()
}

/// Rules in full as a JSON list.
pub fn one_json(rules: &[One<'_>]) -> String {
    let rules: Vec<OneOut<'_>> = rules.iter().map(one).collect();
    json_text(&rules)
}

fn one<'a>(of: &'a One<'a>) -> OneOut<'a> {
    let (pack, rule) = (of.pack, of.rule);
    let editions = rule.editions.iter();
    let params = used_params(pack, rule).into_iter();
    OneOut {
        rule: &rule.id,
        code: &rule.code,
        title: &rule.title,
        severity: rule.severity.name(),
        verified_severity: rule.verified_severity.map(Severity::name),
        basis: rule.basis.name(),
        audience: audience(rule),
        from: rule.effective.0,
        until: rule.effective.1,
        topic: rule.topic(),
        file: &rule.file,
        cites: sources(pack, rule).map(law).collect(),
        subjects: rule.subjects.as_ref().map(|s| text_of(&s.rows)),
        editions: editions.map(|e| edition(of, e)).collect(),
        parameters: params.map(param).collect(),
        cases: rule.cases.iter().map(|c| case(pack, c)).collect(),
        history: of.history.iter().map(commit).collect(),
    }
}

fn law(source: &Source) -> LawOut<'_> {
    LawOut {
        key: &source.key,
        citation: &source.citation,
        modality: source.modality.as_deref(),
        duty_holder: source.duty_holder.as_deref(),
        paraphrase: source.paraphrase.as_deref(),
        verification: source.verification.name(),
        read: source.reading.as_ref().map(|r| format!("{r}: {}", r.text)),
        from: source.years.0,
        until: source.years.1,
    }
}

fn text_of(expr: &Expr) -> String {
    one_line(&expr.text)
}

fn edition<'a>(of: &One<'a>, edition: &'a Edition) -> EditionOut<'a> {
    let year = year_in(edition, of.year);
    let (not_applicable, test) = match &edition.body {
        Body::NotApplicable(why) => (Some(why.as_str()), None),
        Body::Test(test) => (None, Some(test_out(of, test, year))),
    };
    EditionOut {
        from: edition.from,
        until: edition.until,
        not_applicable,
        test,
    }
}

fn test_out<'a>(of: &One<'a>, test: &'a Test, year: i64) -> TestOut<'a> {
    let lets = test.lets.iter().map(|(name, expr)| LetOut {
        name,
        expression: text_of(expr),
    });
    TestOut {
        lets: lets.collect(),
        when: test.when.as_ref().map(text_of),
        require: test.require.as_ref().map(text_of),
        message: template(&test.message),
        advice: test.advice.as_ref().map(template),
        sentences: sentence::of_test(of.pack, of.rule, test, year),
    }
}

fn param(param: &Param) -> ParamOut<'_> {
    let values = param.values.iter().map(|dated| ValueOut {
        from: dated.from,
        until: dated.until,
        value: (dated.value != Value::Null).then(|| feel(&dated.value)),
        source: &dated.source,
        by_office: dated.by_office,
    });
    ParamOut {
        parameter: &param.name,
        title: &param.title,
        policy: param.policy,
        values: values.collect(),
    }
}

fn case<'a>(pack: &Pack, case: &'a Case) -> CaseOut<'a> {
    CaseOut {
        name: &case.name,
        kind: case.kind.name(),
        expect: case.expect.name(),
        year: case.year.unwrap_or(pack.own_years().1),
    }
}

fn commit(commit: &Commit) -> CommitOut<'_> {
    CommitOut {
        date: &commit.date,
        subject: &commit.subject,
    }
}
