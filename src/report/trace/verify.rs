//! The list that one person with the official text works through, as Markdown: what to look for, and what each answer changes.

use std::fmt::Write as _;

use crate::author::trace::{Ground, ToRead, Trace};
use crate::neutral::clean;
use crate::pack::{Pack, Param, Rule, Severity};
use crate::report::markdown::{code, plain};
use crate::report::rules::{value, years};
use crate::report::{counted, pack_name};

const OTHERWISE: &str = "Another document or the data agrees with each. A reading changes no severity; a wrong word or figure is corrected in the pack.";

const DOCUMENTS: &str =
    "They are no law. An official list or document, where there is one, takes their place.";

/// The list.
pub fn verify(trace: &Trace<'_>) -> String {
    let (pack, counts) = (trace.pack, trace.counts());
    let sections = trace.to_read();
    let mut out = String::from("# What a person with the official text must read\n\n");
    let _ = writeln!(
        out,
        "Pack {}: {} of {} unconfirmed. This page is the output of `accordant trace --verify`: change the pack, not the page.",
        plain(&pack_name(pack)),
        counts.unconfirmed,
        counted(counts.clauses, "clause")
    );
    let clauses: Vec<_> = sections.iter().flat_map(|(_, clauses)| clauses).collect();
    if let Some(first) = clauses.first() {
        out.push_str(&how(&first.ground.source.key));
    }
    let lifting = clauses.iter().filter(|c| !c.lifted.is_empty());
    let lifting: Vec<String> = lifting.map(|c| code(&c.ground.source.key)).collect();
    if !lifting.is_empty() {
        let keys = lifting.join(", ");
        let _ = writeln!(
            out,
            "\nRead first, because a rule then weighs more: {keys}."
        );
    }
    for (title, clauses) in &sections {
        let _ = writeln!(out, "\n## {}", plain(title));
        clauses.iter().for_each(|c| clause(&mut out, pack, c));
    }
    let otherwise: Vec<_> = trace.known_otherwise().collect();
    let title = "Confirmed otherwise, but the text was not read";
    brief(&mut out, title, OTHERWISE, &otherwise);
    let documents: Vec<_> = trace.unconfirmed_documents().collect();
    let title = "Documents and data that nobody confirmed";
    brief(&mut out, title, DOCUMENTS, &documents);
    out
}

/// How an answer is recorded.
fn how(key: &str) -> String {
    format!(
        "
Find each clause in the official text, and compare its verb, whom it binds, its years, its figures and its words. When it says what
the pack says, record the reading in an office file (or write `verification = \"text-read\"` in the pack's `sources.toml`):

```toml
[verified.{}]
by = \"A. Reader\"
on = \"2026-07-01\"
text = \"the edition that was read\"
```

When it says something else, or is not there, correct `sources.toml` first. The answer on a clause that no rule rests on changes no
finding; if a plan can be tested for what it says, write a rule.
",
        clean(key)
    )
}

fn clause(out: &mut String, pack: &Pack, clause: &ToRead<'_>) {
    let ground = &clause.ground;
    let source = ground.source;
    let says = source.paraphrase.as_deref().unwrap_or("no paraphrase");
    let _ = writeln!(out, "\n### {}\n", plain(&source.citation));
    let _ = writeln!(out, "{}: {}\n", code(&source.key), plain(says));
    let _ = writeln!(out, "- **Look for:** {}.", look_for(pack, ground));
    if let Some(why) = &source.no_rule {
        let _ = writeln!(out, "- **No rule rests on it:** {}", plain(why));
    } else {
        let _ = writeln!(out, "- **Rules on it:** {}.", rules(&ground.rules));
        let _ = writeln!(out, "- **It says so:** {}.", confirmed(clause));
    }
    let answers = [
        ("It says something else", corrected(clause)),
        ("It is not there", absent(clause)),
    ];
    for (answer, change) in answers.iter().filter(|(_, change)| !change.is_empty()) {
        let _ = writeln!(out, "- **{answer}:** {}.", change.join("; "));
    }
}

/// What to compare: what the pack says to look for, the verb, whom it binds, the years, the figures.
fn look_for(pack: &Pack, ground: &Ground<'_>) -> String {
    let source = ground.source;
    let asked = source.look_for.iter();
    let asked = asked.map(|words| plain(words.trim_end_matches('.')));
    let verb = source
        .modality
        .iter()
        .map(|verb| format!("*{}*", plain(verb)));
    let binds = source.duty_holder.iter().map(|who| plain(who));
    let in_force = format!("in force {}", years(source.years));
    let figures = ground.params.iter().map(|p| figure(pack, p, &source.key));
    let list = asked.chain(verb).chain(binds).chain([in_force]);
    list.chain(figures).collect::<Vec<_>>().join("; ")
}

/// A parameter's values that rest on a source.
fn figure(pack: &Pack, param: &Param, key: &str) -> String {
    let of_it = param.values.iter().filter(|v| v.source == key);
    let values = of_it.map(|v| format!("{} {}", value(pack, v), years((v.from, v.until))));
    let values = values.collect::<Vec<_>>().join(", ");
    format!("{}: {}", plain(&param.title), plain(&values))
}

fn rules(rules: &[&Rule]) -> String {
    let rule = |r: &&Rule| {
        format!(
            "{} ({}, {})",
            code(&r.id),
            r.basis.name(),
            r.severity.name()
        )
    };
    rules.iter().map(rule).collect::<Vec<_>>().join(", ")
}

/// What changes when the text says what the pack says.
fn confirmed(clause: &ToRead<'_>) -> String {
    let lifted = clause.lifted.iter();
    let lifted = lifted.map(|(rule, then): &(&Rule, Severity)| {
        let (now, then) = (rule.severity.name(), then.name());
        format!("{} weighs *{then}*, not *{now}*", code(&rule.id))
    });
    let lifted: Vec<_> = lifted.collect();
    if lifted.is_empty() {
        return "no severity changes; findings cite it as read".to_owned();
    }
    lifted.join("; ")
}

/// What changes when the text says something else.
fn corrected(clause: &ToRead<'_>) -> Vec<String> {
    let ground = &clause.ground;
    let mut parts = Vec::new();
    if !ground.rules.is_empty() {
        let rules = ids(&ground.rules);
        parts.push(format!("correct the years and the test of {rules}"));
    }
    if !ground.params.is_empty() {
        parts.push(format!("correct the value of {}", params(ground)));
    }
    if !clause.of_law.is_empty() {
        let rules = ids(&clause.of_law);
        parts.push(format!(
            "if it only permits, give {rules} another basis than statute, and the severity *note*"
        ));
    }
    parts
}

/// What changes when there is no such clause.
fn absent(clause: &ToRead<'_>) -> Vec<String> {
    let ground = &clause.ground;
    let mut parts = Vec::new();
    if !clause.fall.is_empty() {
        let rules = ids(&clause.fall);
        parts.push(format!("drop {rules}, or find another ground"));
    }
    if !clause.stay.is_empty() {
        let rules = ids(&clause.stay);
        parts.push(format!("let {rules} rest on the other sources alone"));
    }
    if !ground.params.is_empty() {
        let params = params(ground);
        parts.push(format!("find another source for {params}, or drop it"));
    }
    if !ground.tables.is_empty() {
        let tables = ground.tables.iter().map(|t| code(&t.name));
        let tables = tables.collect::<Vec<_>>().join(", ");
        parts.push(format!("find another source for the table {tables}"));
    }
    parts
}

/// A section with a line for each source.
fn brief(out: &mut String, title: &str, words: &str, grounds: &[&Ground<'_>]) {
    if grounds.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## {title}\n\n{words}\n");
    for ground in grounds {
        let source = ground.source;
        let says = source.paraphrase.as_deref().unwrap_or("no paraphrase");
        let (citation, says) = (plain(&source.citation), plain(says));
        let on = resting(ground);
        let key = code(&source.key);
        let _ = writeln!(out, "- {key}: {citation}. {says} Rests on it: {on}.");
    }
}

/// The rules, parameters and reference tables that rest on a source.
fn resting(ground: &Ground<'_>) -> String {
    let rules = ground.rules.iter().map(|r| code(&r.id));
    let params = ground
        .params
        .iter()
        .map(|p| code(&format!("param.{}", p.name)));
    let tables = ground.tables.iter().map(|t| code(&t.name));
    let all: Vec<_> = rules.chain(params).chain(tables).collect();
    if all.is_empty() {
        return "nothing".to_owned();
    }
    all.join(", ")
}

fn ids(rules: &[&Rule]) -> String {
    let ids = rules.iter().map(|r| code(&r.id));
    ids.collect::<Vec<_>>().join(", ")
}

fn params(ground: &Ground<'_>) -> String {
    let names = ground
        .params
        .iter()
        .map(|p| code(&format!("param.{}", p.name)));
    names.collect::<Vec<_>>().join(", ")
}
