//! The rules of a pack for people and programs: the list of those in force, and one rule in full.

mod json;
mod markdown;

use std::fmt::Write as _;

pub use json::{json, one_json};
pub(super) use json::{schema, schema_in_full};
pub use markdown::{markdown, one_markdown};

use super::text::align;
use super::words::Columns;
use super::{counted, pack_name, sentence};
use crate::neutral::clean;
use crate::pack::{
    Audience, Body, Case, Dated, Edition, Pack, Param, Part, Rule, Source, Template, Test,
};
use crate::value::{Value, say};

/// A commit that touched a rule's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its day: `2026-07-01`.
    pub date: String,
    /// Its subject.
    pub subject: String,
}

/// One rule, as it is to be shown.
#[derive(Debug, Clone)]
pub struct One<'a> {
    /// Its pack.
    pub pack: &'a Pack,
    /// The rule.
    pub rule: &'a Rule,
    /// The fiscal year whose figures stand in its sentence.
    pub year: i64,
    /// The commits that touched its file, the latest first, as far as they are known.
    pub history: Vec<Commit>,
}

/// Rules of a year, as they are to be listed.
#[derive(Debug, Clone)]
pub struct Listed<'a> {
    /// Their pack.
    pub pack: &'a Pack,
    /// The fiscal year.
    pub year: i64,
    /// How many are in force.
    pub of: usize,
    /// Those that are listed.
    pub rules: Vec<&'a Rule>,
}

impl Listed<'_> {
    /// A row a rule.
    fn columns(&self) -> Columns {
        let heads = ["Rule", "Code", "Severity", "Basis", "Topic", "Title"];
        let row = |rule: &&Rule| {
            let (severity, basis) = (rule.severity.name(), rule.basis.name());
            let row = [
                &rule.id,
                &rule.code,
                severity,
                basis,
                rule.topic(),
                &rule.title,
            ];
            row.map(clean).to_vec()
        };
        columns(&heads, self.rules.iter().map(row).collect())
    }

    /// How many rules are listed.
    fn sum(&self) -> String {
        let listed = self.rules.len();
        let rules = if listed == self.of {
            counted(listed, "rule")
        } else {
            format!("{listed} of {}", counted(self.of, "rule"))
        };
        format!(
            "{rules} of {} in force in fiscal year {}",
            pack_name(self.pack),
            self.year
        )
    }
}

fn columns(heads: &[&str], rows: Vec<Vec<String>>) -> Columns {
    Columns {
        heads: heads.iter().map(|head| (*head).to_owned()).collect(),
        numeric: vec![false; heads.len()],
        rows,
    }
}

/// The rules in force in a year, a line each.
pub fn list(listed: &Listed<'_>) -> String {
    let table = if listed.rules.is_empty() {
        String::new()
    } else {
        format!("{}\n", align(&listed.columns()))
    };
    format!("{table}{}\n", listed.sum())
}

/// One rule in full: what it says, its law, its test, its parameters, its history and its cases.
pub fn one(of: &One<'_>) -> String {
    let mut out = String::new();
    let (pack, rule) = (of.pack, of.rule);
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
        let words = law(source);
        for words in words {
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
            Body::Test(test) => {
                write_test(&mut out, test);
                let _ = writeln!(out, "  in words");
                for sentence in sentence::of_test(pack, rule, test, year_in(edition, of.year)) {
                    let _ = writeln!(out, "    {sentence}");
                }
            }
        }
    }
    params(&mut out, pack, rule);
    let _ = write!(out, "\nCases\n{}", align(&cases(pack, rule)));
    if !of.history.is_empty() {
        let _ = writeln!(out, "\nHistory");
    }
    for commit in &of.history {
        let _ = writeln!(out, "  {}  {}", clean(&commit.date), clean(&commit.subject));
    }
    out
}

/// What is known of a source: what it says, whom it binds, when it is in force, who read it.
fn law(source: &Source) -> Vec<String> {
    let duty = [source.modality.as_deref(), source.duty_holder.as_deref()];
    let duty: Vec<&str> = duty.into_iter().flatten().collect();
    let dated = source.years != (None, None);
    let in_force = dated.then(|| format!("in force {}", years(source.years)));
    let reading = source.reading.as_ref().map(|r| format!("{r}: {}", r.text));
    let words = [
        source.paraphrase.clone(),
        Some(duty.join(", ")),
        in_force,
        reading,
    ];
    let words = words.into_iter().flatten();
    words.filter(|words| !words.is_empty()).collect()
}

/// The year in which an edition is told: the given one, or where it does not hold then its last or its first.
fn year_in(edition: &Edition, year: i64) -> i64 {
    let year = edition.until.map_or(year, |until| year.min(until));
    edition.from.map_or(year, |from| year.max(from))
}

/// A row a case.
fn cases(pack: &Pack, rule: &Rule) -> Columns {
    let row = |case: &Case| {
        let year = case.year.unwrap_or(pack.own_years().1).to_string();
        let (kind, expect) = (case.kind.name(), case.expect.name());
        [&*case.name, kind, expect, &year].map(clean).to_vec()
    };
    let heads = ["Case", "Kind", "Expected", "Year"];
    columns(&heads, rule.cases.iter().map(row).collect())
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

/// The key under which a test says what is wrong, or what it asks.
pub(super) fn says(test: &Test) -> &'static str {
    if test.is_question() {
        "question"
    } else {
        "message"
    }
}

fn write_test(out: &mut String, test: &Test) {
    for (name, expr) in &test.lets {
        let _ = writeln!(out, "  let {name} = {}", one_line(&expr.text));
    }
    if let Some(when) = &test.when {
        let _ = writeln!(out, "  when {}", one_line(&when.text));
    }
    if let Some(require) = &test.require {
        let _ = writeln!(out, "  require {}", one_line(&require.text));
    }
    let _ = writeln!(out, "  {} {}", says(test), template(&test.message));
    if let Some(advice) = &test.advice {
        let _ = writeln!(out, "  advice {}", template(advice));
    }
}

fn params(out: &mut String, pack: &Pack, rule: &Rule) {
    let used = used_params(pack, rule);
    if !used.is_empty() {
        let _ = writeln!(out, "\nParameters");
    }
    for param in used {
        let office = if param.policy {
            "; an office may set it"
        } else {
            ""
        };
        let _ = writeln!(out, "  {}: {}{office}", param.name, clean(&param.title));
        for dated in &param.values {
            let _ = writeln!(out, "    {}", dated_value(pack, dated));
        }
    }
}

/// The parameters that a rule uses, in the order of their file.
fn used_params<'p>(pack: &'p Pack, rule: &Rule) -> Vec<&'p Param> {
    let mut used: Vec<usize> = rule.uses.params.iter().map(|(at, ..)| *at).collect();
    used.sort_unstable();
    used.dedup();
    let params = used.into_iter().filter_map(|at| pack.params.get(at));
    params.collect()
}

/// A value, its years and its source.
fn dated_value(pack: &Pack, dated: &Dated) -> String {
    let source = if dated.by_office {
        "the office file"
    } else {
        &dated.source
    };
    format!(
        "{}: {} ({})",
        years((dated.from, dated.until)),
        clean(&value(pack, dated)),
        clean(source)
    )
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
