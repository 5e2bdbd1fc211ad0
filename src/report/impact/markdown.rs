//! What a change of rules changes, as Markdown for a pull request: a summary, and what is behind it folded up.

use std::fmt::Write as _;

use super::{
    Acceptance, because, change, extent, said, standing, step, subject, sum, whole_name, whose,
};
use crate::author::impact::{Difference, Fate, Group, Impact, Note, RuleImpact};
use crate::neutral::clean;
use crate::pack::capitalised;
use crate::report::counted;
use crate::report::markdown::{code, plain};

/// How many submissions or lines of a list are printed: a comment on a pull request holds some 65,000 characters.
const SHOWN: usize = 40;

/// The whole comparison; with what was accepted, whether it is what is there.
pub fn markdown(impact: &Impact<'_>, acceptance: Option<&Acceptance>) -> String {
    let mut out = String::from("# What the change of rules changes\n\n");
    let (from, to) = (whole_name(impact.from), whole_name(impact.to));
    let _ = writeln!(out, "From {} to {}.\n", plain(&from), plain(&to));
    let _ = writeln!(out, "**Changed: {}.**", plain(&sum(impact)));
    if let Some(acceptance) = acceptance {
        accepted(&mut out, acceptance);
    }
    if !impact.is_change() {
        let _ = writeln!(out, "\nNothing changed.");
    }
    moves(&mut out, impact);
    rules(&mut out, impact);
    if !impact.pack.is_empty() {
        let _ = writeln!(out, "\n## The rest of the pack\n");
    }
    impact.pack.iter().for_each(|d| difference(&mut out, d));
    if !impact.notes.is_empty() {
        let _ = writeln!(out, "\n## The rest of the reports");
    }
    impact.notes.iter().for_each(|n| note(&mut out, n));
    if !impact.unchecked.is_empty() {
        let _ = writeln!(out, "\n## Could not be checked by either pack\n");
        list(&mut out, impact.unchecked.iter().map(|path| code(path)));
    }
    out
}

fn accepted(out: &mut String, of: &Acceptance) {
    if of.is_exact() {
        let _ = writeln!(out, "\nThis is exactly what was accepted.");
        return;
    }
    let _ = writeln!(out, "\n**This is not what was accepted:**\n");
    let parts = [
        ("accepted, and no longer there", &of.gone),
        ("new", &of.new),
        ("otherwise than accepted", &of.other),
    ];
    for (what, names) in parts {
        list(
            out,
            names.iter().map(|name| format!("{what}: {}", plain(name))),
        );
    }
}

fn list(out: &mut String, lines: impl ExactSizeIterator<Item = String>) {
    let more = lines.len().checked_sub(SHOWN).filter(|n| *n > 0);
    for line in lines.take(SHOWN) {
        let _ = writeln!(out, "- {line}");
    }
    if let Some(more) = more {
        let _ = writeln!(out, "- and {more} more");
    }
}

fn moves(out: &mut String, impact: &Impact<'_>) {
    if impact.moves.is_empty() {
        return;
    }
    let plans = impact.to.words.submissions();
    let _ = writeln!(
        out,
        "\n## Recommendations\n\n| From | To | {} |\n|---|---|--:|",
        plain(&capitalised(&plans))
    );
    for of in &impact.moves {
        let (from, to) = (of.from.name(), of.to.name());
        let _ = writeln!(out, "| {from} | {to} | {} |", of.submissions.len());
    }
    for of in &impact.moves {
        let plan = &impact.to.words.submission;
        let count = counted(of.submissions.len(), plan);
        fold(out, &format!("{}: {count}", step(impact, of)), |out| {
            let lines = of.submissions.iter();
            list(
                out,
                lines.map(|m| format!("{}: {}", plain(&whose(m)), plain(&because(m)))),
            );
        });
    }
}

/// Words within HTML, where the marks of Markdown are none.
fn html(text: &str) -> String {
    let text = clean(text).replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

/// A part that is folded up until it is asked for.
fn fold(out: &mut String, title: &str, inside: impl FnOnce(&mut String)) {
    let _ = writeln!(out, "\n<details><summary>{}</summary>\n", html(title));
    inside(out);
    let _ = writeln!(out, "\n</details>");
}

fn rules(out: &mut String, impact: &Impact<'_>) {
    if impact.rules.is_empty() {
        return;
    }
    let plans = plain(&capitalised(&impact.to.words.submissions()));
    let header = format!("| Rule | What changes | Outcomes | {plans} |\n|---|---|--:|--:|");
    let _ = writeln!(out, "\n## Rules\n\n{header}");
    impact.rules.iter().for_each(|r| rows(out, r));
    for rule in &impact.rules {
        let title = format!("{} ({}): {}", rule.rule, rule.code, rule.title);
        fold(out, &title, |out| details(out, impact, rule));
    }
}

/// The rows of a rule in the summary.
fn rows(out: &mut String, of: &RuleImpact<'_>) {
    let rule = code(of.rule);
    let told: Vec<String> = match of.fate {
        Fate::Added | Fate::Gone => vec![of.fate.name().to_owned()],
        _ => of.differences.iter().map(|d| code(&d.what)).collect(),
    };
    if !told.is_empty() {
        let _ = writeln!(out, "| {rule} | {} |  |  |", told.join(", "));
    }
    for group in &of.groups {
        let (change, count) = (plain(&change(group)), group.count);
        let _ = writeln!(
            out,
            "| {rule} | {change} | {count} | {} |",
            group.submissions
        );
    }
}

fn details(out: &mut String, impact: &Impact<'_>, of: &RuleImpact<'_>) {
    of.differences.iter().for_each(|d| difference(out, d));
    if of.groups.is_empty() {
        let _ = writeln!(out, "- no outcome changes here");
    }
    of.groups.iter().for_each(|g| group(out, impact, g));
}

fn difference(out: &mut String, of: &Difference) {
    let said = |said: &Option<String>| {
        said.as_ref()
            .map_or_else(|| "nothing".to_owned(), |s| code(s))
    };
    let _ = writeln!(
        out,
        "- {}: {} became {}",
        plain(&of.what),
        said(&of.from),
        said(&of.to)
    );
}

fn group(out: &mut String, impact: &Impact<'_>, of: &Group<'_>) {
    let _ = writeln!(
        out,
        "- {}: {}",
        plain(&change(of)),
        plain(&extent(impact, of))
    );
    for example in &of.examples {
        let _ = writeln!(out, "  - {}", plain(&subject(example)));
        let sides = [("was", example.from, of.from), ("is", example.to, of.to)];
        for (word, finding, stood) in sides {
            let words = match finding {
                Some(finding) => said(finding, of.wording.advice),
                None => standing(stood),
            };
            let _ = writeln!(out, "    - {word}: {}", plain(&words));
        }
    }
    if let Some(more) = of.count.checked_sub(of.examples.len()).filter(|n| *n > 0) {
        let _ = writeln!(out, "  - and {more} more");
    }
}

fn note(out: &mut String, of: &Note) {
    fold(out, of.what, |out| {
        for (word, lines) in [("no more", &of.from), ("new", &of.to)] {
            list(
                out,
                lines.iter().map(|line| format!("{word}: {}", plain(line))),
            );
        }
    });
}
