//! The trace of a pack as a Markdown page.

use std::fmt::Write as _;

use super::{kinds, marks, sum, weighs, weight};
use crate::author::trace::{Ground, Trace, Traced, Unread};
use crate::pack::Source;
use crate::report::markdown::{code, plain};
use crate::report::pack_name;

/// The whole trace, a table for each section of law.
pub fn markdown(trace: &Trace<'_>) -> String {
    let mut out = format!(
        "# Law, rules and cases\n\n{}: {}.\n",
        plain(&pack_name(trace.pack)),
        sum(trace)
    );
    for section in &trace.sections {
        sources(&mut out, section.title, &section.clauses);
    }
    if !trace.documents.is_empty() {
        sources(&mut out, "Documents and data", &trace.documents);
    }
    let plan = &trace.pack.words.submission;
    let header = format!("| Rule | What is true of a good {plan} | Weight | Cases | Rests on |");
    let _ = writeln!(out, "\n## Rules\n\n{header}\n|---|---|---|---|---|");
    trace.rules.iter().for_each(|t| rule(&mut out, t));
    let unread = trace.unread();
    if !unread.is_empty() {
        let header = "| Rule | It weighs | Unconfirmed |\n|---|---|---|";
        let title = "Rules of law that rest on unconfirmed text";
        let _ = writeln!(out, "\n## {title}\n\n{header}");
    }
    unread.iter().for_each(|u| law(&mut out, u));
    out
}

fn sources(out: &mut String, title: &str, grounds: &[Ground<'_>]) {
    let header = "| Key | Citation | What it says | Rules and their cases |";
    let _ = writeln!(out, "\n## {}\n\n{header}\n|---|---|---|---|", plain(title));
    for ground in grounds {
        let source = ground.source;
        let says = source.paraphrase.as_deref().unwrap_or_default();
        let rules = ground.rules.iter();
        let rules = rules.map(|r| format!("{}: {}", code(&r.id), kinds(r)));
        let why = source
            .no_rule
            .iter()
            .map(|w| format!("no rule: {}", plain(w)));
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            code(&source.key),
            plain(&source.citation),
            plain(&format!("{says} ({})", marks(source))),
            rules.chain(why).collect::<Vec<_>>().join("<br>")
        );
    }
}

fn rule(out: &mut String, traced: &Traced<'_>) {
    let rule = traced.rule;
    let sources = traced.clauses.iter().chain(&traced.documents);
    let _ = writeln!(
        out,
        "| {} ({}) | {} | {} | {} | {} |",
        code(&rule.id),
        plain(&rule.code),
        plain(&rule.title),
        weight(rule),
        kinds(rule),
        keys(sources)
    );
}

fn law(out: &mut String, unread: &Unread<'_>) {
    let _ = writeln!(
        out,
        "| {} | {} | {} |",
        code(&unread.rule.id),
        weighs(unread),
        keys(unread.clauses.iter())
    );
}

fn keys<'a>(sources: impl Iterator<Item = &'a &'a Source>) -> String {
    let keys = sources.map(|s| code(&s.key));
    keys.collect::<Vec<_>>().join(", ")
}
