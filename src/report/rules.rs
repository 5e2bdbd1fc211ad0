//! The rules of a pack for people and programs: the list of those in force, and one rule in full.

use std::fmt::Write as _;

use serde::Serialize;

use super::json_text;
use crate::neutral::clean;
use crate::pack::{Audience, Body, Dated, InForce, Pack, Part, Rule, Severity, Template, Test};
use crate::value::{Value, say};

/// A commit that touched a rule's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its day: `2026-07-01`.
    pub date: String,
    /// Its subject.
    pub subject: String,
}

/// The rules in force in a year, a line each.
pub fn list(in_force: &InForce<'_>) -> String {
    let mut out = String::new();
    let width = in_force
        .rules
        .iter()
        .map(|c| c.rule.id.len())
        .max()
        .unwrap_or(0);
    for current in &in_force.rules {
        let rule = current.rule;
        let _ = writeln!(
            out,
            "{:width$}  {:<7} {:<9} {:<9} {}",
            rule.id,
            clean(&rule.code),
            rule.severity.name(),
            rule.basis.name(),
            clean(&rule.title)
        );
    }
    let _ = writeln!(
        out,
        "\n{} rules of {} {} in force in fiscal year {}",
        in_force.rules.len(),
        clean(&in_force.pack.id),
        clean(&in_force.pack.version),
        in_force.year
    );
    out
}

/// One rule in full: what it says, its law, its test, its parameters, its history and its cases.
pub fn one(pack: &Pack, rule: &Rule) -> String {
    let mut out = String::new();
    let (code, title) = (clean(&rule.code), clean(&rule.title));
    let _ = writeln!(out, "{} ({code})\n{title}\n", rule.id);
    let audience = if rule.audience == Audience::Reviewer {
        "shown to reviewers alone".to_owned()
    } else {
        format!("shown to {} and reviewers", pack.words.submitters())
    };
    let _ = writeln!(
        out,
        "severity  {}\nbasis     {}\naudience  {audience}",
        severity(rule),
        rule.basis.name()
    );
    let _ = writeln!(
        out,
        "in force  {}\nfile      {}",
        years(rule.effective),
        clean(&rule.file)
    );
    let _ = writeln!(out, "\nSources");
    for source in rule.cites.iter().filter_map(|&at| pack.sources.get(at)) {
        let _ = writeln!(
            out,
            "  {} ({})",
            clean(&source.citation),
            source.verification.name()
        );
        let duty = [source.modality.as_deref(), source.duty_holder.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", ");
        let dated = source.years != (None, None);
        let in_force = dated.then(|| format!("in force {}", years(source.years)));
        let reading = source.reading.as_ref().map(|r| format!("{r}: {}", r.text));
        let words = [source.paraphrase.clone(), Some(duty), in_force, reading];
        for words in words.into_iter().flatten().filter(|w| !w.is_empty()) {
            let _ = writeln!(out, "    {}", clean(&words));
        }
    }
    if let Some(subjects) = &rule.subjects {
        let _ = writeln!(out, "\nFor each  {}", one_line(&subjects.rows.text));
    }
    for edition in &rule.editions {
        let _ = writeln!(out, "\nTest, {}", years((edition.from, edition.until)));
        match &edition.body {
            Body::NotApplicable(why) => {
                let _ = writeln!(out, "  not applicable: {}", clean(why));
            }
            Body::Test(test) => write_test(&mut out, test),
        }
    }
    params(&mut out, pack, rule);
    let _ = writeln!(out, "\nCases");
    for case in &rule.cases {
        let _ = writeln!(out, "  {:<15} {}", case.expect.name(), clean(&case.name));
    }
    out
}

/// What a rule weighs, and what it did or would before or after a clause that it rests on was read.
pub(super) fn severity(rule: &Rule) -> String {
    let (now, unread) = (rule.severity.name(), rule.unread_severity.name());
    match rule.verified_severity {
        Some(verified) if rule.severity == verified => {
            format!("{now}, as the clause's text has been read ({unread} before)")
        }
        Some(verified) => {
            format!(
                "{now} until the clause's text has been read; then {}",
                verified.name()
            )
        }
        None => now.to_owned(),
    }
}

fn write_test(out: &mut String, test: &Test) {
    for (name, expr) in &test.lets {
        let _ = writeln!(out, "  let {name} = {}", one_line(&expr.text));
    }
    if let Some(when) = &test.when {
        let _ = writeln!(out, "  when {}", one_line(&when.text));
    }
    let _ = writeln!(out, "  require {}", one_line(&test.require.text));
    let _ = writeln!(out, "  message {}", template(&test.message));
    if let Some(advice) = &test.advice {
        let _ = writeln!(out, "  advice {}", template(advice));
    }
}

fn params(out: &mut String, pack: &Pack, rule: &Rule) {
    let mut used: Vec<usize> = rule.uses.params.iter().map(|(at, ..)| *at).collect();
    used.sort_unstable();
    used.dedup();
    if used.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nParameters");
    for param in used.iter().filter_map(|&at| pack.params.get(at)) {
        let office = if param.policy {
            "; an office may set it"
        } else {
            ""
        };
        let _ = writeln!(out, "  {}: {}{office}", param.name, clean(&param.title));
        for dated in &param.values {
            let value = value(pack, dated);
            let source = if dated.by_office {
                "the office file"
            } else {
                &dated.source
            };
            let _ = writeln!(
                out,
                "    {}: {} ({})",
                years((dated.from, dated.until)),
                clean(&value),
                clean(source)
            );
        }
    }
}

/// A parameter's value in words.
pub(super) fn value(pack: &Pack, dated: &Dated) -> String {
    if dated.value == Value::Null {
        "off".to_owned()
    } else {
        say(&dated.value, &pack.schema.currency)
    }
}

/// Fiscal years in words.
pub(super) fn years((from, until): (Option<i64>, Option<i64>)) -> String {
    match (from, until) {
        (None, None) => "every year".to_owned(),
        (Some(from), None) => format!("from fiscal year {from}"),
        (None, Some(until)) => format!("until fiscal year {until}"),
        (Some(from), Some(until)) if from == until => format!("fiscal year {from}"),
        (Some(from), Some(until)) => format!("fiscal years {from} to {until}"),
    }
}

fn one_line(text: &str) -> String {
    clean(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn template(template: &Template) -> String {
    template
        .parts
        .iter()
        .map(|part| match part {
            Part::Text(words) => clean(words),
            Part::Value(expr) => format!("{{{}}}", one_line(&expr.text)),
        })
        .collect()
}

#[derive(Serialize)]
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
    cites: Vec<CiteOut<'a>>,
    cases: Vec<&'a str>,
}

#[derive(Serialize)]
struct CiteOut<'a> {
    key: &'a str,
    citation: &'a str,
    verification: &'static str,
    from: Option<i64>,
    until: Option<i64>,
}

/// Rules as a JSON list.
pub fn json<'a>(pack: &'a Pack, rules: impl Iterator<Item = &'a Rule>) -> String {
    let rules: Vec<RuleOut<'_>> = rules
        .map(|r| RuleOut {
            rule: &r.id,
            code: &r.code,
            title: &r.title,
            severity: r.severity.name(),
            verified_severity: r.verified_severity.map(Severity::name),
            basis: r.basis.name(),
            audience: if r.audience == Audience::Reviewer {
                "reviewer"
            } else {
                "district"
            },
            from: r.effective.0,
            until: r.effective.1,
            cites: r
                .cites
                .iter()
                .filter_map(|&at| pack.sources.get(at))
                .map(|s| CiteOut {
                    key: &s.key,
                    citation: &s.citation,
                    verification: s.verification.name(),
                    from: s.years.0,
                    until: s.years.1,
                })
                .collect(),
            cases: r.cases.iter().map(|c| c.name.as_str()).collect(),
        })
        .collect();
    json_text(&rules)
}
