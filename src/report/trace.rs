//! The trace of a pack for people: clause → rules → cases, and rule → clauses.

mod json;
mod markdown;
mod verify;

use std::fmt::Write as _;

pub use json::json;
pub(super) use json::schema;
pub use markdown::markdown;
pub use verify::verify;

use super::rules::{severity, years};
use super::{counted, pack_name};
use crate::author::trace::{Ground, Trace, Traced, Unread};
use crate::neutral::clean;
use crate::pack::{CaseKind, Rule, Source};

/// The whole trace: each clause with its rules or why it has none, each rule with its clauses, and the rules of law whose text
/// nobody confirmed.
pub fn text(trace: &Trace<'_>) -> String {
    let mut out = format!("{}: {}\n", pack_name(trace.pack), sum(trace));
    for section in &trace.sections {
        let _ = writeln!(out, "\n{}", clean(section.title));
        section.clauses.iter().for_each(|c| ground(&mut out, c));
    }
    if !trace.documents.is_empty() {
        let _ = writeln!(out, "\nDocuments and data");
    }
    trace.documents.iter().for_each(|d| ground(&mut out, d));
    let _ = writeln!(out, "\nRules");
    for traced in &trace.rules {
        let rule = traced.rule;
        let _ = writeln!(out, "  {}: {}", named(rule), weight(rule));
        let _ = writeln!(out, "    {}", keys(traced));
    }
    let unread = trace.unread();
    if !unread.is_empty() {
        let _ = writeln!(out, "\nRules of law that rest on unconfirmed text");
    }
    for unread in &unread {
        let _ = writeln!(out, "  {}: {}", named(unread.rule), weighs(unread));
        for clause in &unread.clauses {
            let _ = writeln!(out, "    {}", cited(clause));
        }
    }
    out
}

/// One source or the rules of one name in full.
pub fn one(trace: &Trace<'_>, name: &str) -> String {
    let of_source = (trace.clauses().chain(&trace.documents)).find(|g| g.source.key == name);
    if let Some(found) = of_source {
        return one_source(trace, found);
    }
    let rules: Vec<String> = trace.rules.iter().map(one_rule).collect();
    rules.join("\n")
}

fn one_source(trace: &Trace<'_>, ground: &Ground<'_>) -> String {
    let source = ground.source;
    let mut out = format!("{}\n", cited(source));
    if let Some(paraphrase) = &source.paraphrase {
        let _ = writeln!(out, "{}", clean(paraphrase));
    }
    out.push('\n');
    let kind = match &source.modality {
        Some(verb) => format!("clause: {}", clean(verb)),
        None => "document or data".to_owned(),
    };
    let _ = writeln!(out, "kind      {kind}");
    if let Some(holder) = &source.duty_holder {
        let _ = writeln!(out, "binds     {}", clean(holder));
    }
    let read = source.reading.as_ref();
    let read = read.map_or_else(String::new, |r| clean(&format!(", {r}: {}", r.text)));
    let _ = writeln!(out, "text      {}{read}", source.verification.name());
    let _ = writeln!(out, "in force  {}", years(source.years));
    if let Some(why) = &source.no_rule {
        let _ = writeln!(out, "\nNo rule\n  {}", clean(why));
    }
    if !trace.rules.is_empty() {
        let _ = writeln!(out, "\nRules");
    }
    for traced in &trace.rules {
        let rule = traced.rule;
        let _ = writeln!(out, "  {}: {}", named(rule), clean(&rule.title));
        let _ = writeln!(out, "    {}", weight(rule));
        cases(&mut out, rule);
    }
    let figures = [
        ("Parameters", names(ground.params.iter().map(|p| &p.name))),
        (
            "Reference tables",
            names(ground.tables.iter().map(|t| &t.name)),
        ),
    ];
    for (title, names) in figures.iter().filter(|(_, names)| !names.is_empty()) {
        let _ = writeln!(out, "\n{title}\n  {names}");
    }
    out
}

fn one_rule(traced: &Traced<'_>) -> String {
    let rule = traced.rule;
    let mut out = format!("{}\n{}\n\n", named(rule), clean(&rule.title));
    let _ = writeln!(out, "basis     {}", rule.basis.name());
    let _ = writeln!(out, "severity  {}", severity(rule));
    let _ = writeln!(out, "in force  {}", years(rule.effective));
    let grounds = [
        ("Clauses", &traced.clauses),
        ("Documents and data", &traced.documents),
    ];
    for (title, sources) in grounds.iter().filter(|(_, s)| !s.is_empty()) {
        let _ = writeln!(out, "\n{title}");
        for source in *sources {
            let _ = writeln!(out, "  {}", cited(source));
            let _ = writeln!(out, "    {}", marks(source));
            if let Some(paraphrase) = &source.paraphrase {
                let _ = writeln!(out, "    {}", clean(paraphrase));
            }
        }
    }
    let _ = writeln!(out, "\nCases: {}", kinds(rule));
    cases(&mut out, rule);
    out
}

fn cases(out: &mut String, rule: &Rule) {
    for case in &rule.cases {
        let _ = writeln!(out, "    {:<7}  {}", case.kind.name(), clean(&case.name));
    }
}

/// A source in the whole trace.
fn ground(out: &mut String, ground: &Ground<'_>) {
    let source = ground.source;
    let _ = writeln!(out, "  {}", cited(source));
    let _ = writeln!(out, "    {}", marks(source));
    for rule in &ground.rules {
        let _ = writeln!(out, "    {}: {}", named(rule), kinds(rule));
    }
    if let Some(why) = &source.no_rule {
        let _ = writeln!(out, "    no rule: {}", clean(why));
    }
}

/// How many clauses, rules and cases there are.
fn sum(trace: &Trace<'_>) -> String {
    let counts = trace.counts();
    format!(
        "{} ({} with rules, {} with a reason why none tests it, {} unconfirmed), {}, {}",
        counted(counts.clauses, "clause"),
        counts.with_rules,
        counts.without_rules,
        counts.unconfirmed,
        counted(counts.rules, "rule"),
        counted(counts.cases, "case")
    )
}

/// A source's key and citation.
fn cited(source: &Source) -> String {
    clean(&format!("{}: {}", source.key, source.citation))
}

/// A rule's id and code.
fn named(rule: &Rule) -> String {
    format!("{} ({})", rule.id, clean(&rule.code))
}

/// A rule's basis, severity and years.
fn weight(rule: &Rule) -> String {
    let (basis, severity) = (rule.basis.name(), rule.severity.name());
    format!("{basis}, {severity}; {}", years(rule.effective))
}

/// What a source says of itself: its verb, how far its text was checked, its years if it has any.
fn marks(source: &Source) -> String {
    let mut marks: Vec<String> = source.modality.iter().cloned().collect();
    marks.extend(source.duty_holder.clone());
    marks.push(source.verification.name().to_owned());
    if source.years != (None, None) {
        marks.push(years(source.years));
    }
    clean(&marks.join("; "))
}

/// The keys of what a rule rests on.
fn keys(traced: &Traced<'_>) -> String {
    let sources = traced.clauses.iter().chain(&traced.documents);
    names(sources.map(|s| &s.key))
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> String {
    clean(&names.map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// How many cases of each kind a rule has: `3 pass, 2 fail, 1 missing`.
fn kinds(rule: &Rule) -> String {
    let counts = CaseKind::ALL.map(|kind| (kind, rule.count(kind)));
    let there = counts.iter().filter(|(_, count)| *count > 0);
    let words = there.map(|(kind, count)| format!("{count} {}", kind.name()));
    words.collect::<Vec<_>>().join(", ")
}

/// What a rule of law weighs while text that it rests on is unconfirmed, and once it has been read.
fn weighs(unread: &Unread<'_>) -> String {
    let (now, then) = (unread.rule.severity.name(), unread.then.name());
    match (unread.alone, unread.then > unread.rule.severity) {
        (true, true) => format!("{now} until the text has been read; then {then}"),
        (true, false) => format!("{now}, and the same once the text has been read"),
        (false, _) => format!("{now}; it rests on confirmed sources too"),
    }
}
