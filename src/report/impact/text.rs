//! What a change of rules changes, at a terminal.

use std::fmt::Write as _;

use super::{because, change, extent, said, standing, step, subject, sum, whole_name, whose};
use crate::author::impact::{Difference, Example, Fate, Group, Impact, Note, RuleImpact};
use crate::neutral::clean;
use crate::report::counted;

/// How many submissions or lines of a list are printed.
const SHOWN: usize = 10;

/// The whole comparison; the JSON has what is left out of long lists.
pub fn text(impact: &Impact<'_>) -> String {
    let mut out = String::from("What the change of rules changes\n");
    let (from, to) = (whole_name(impact.from), whole_name(impact.to));
    let _ = writeln!(out, "  from  {from}\n  to    {to}\n");
    let _ = writeln!(out, "Changed: {}", sum(impact));
    if !impact.is_change() {
        let _ = writeln!(out, "Nothing changed.");
    }
    moves(&mut out, impact);
    if !impact.rules.is_empty() {
        let _ = writeln!(out, "\nRules");
    }
    impact.rules.iter().for_each(|r| rule(&mut out, impact, r));
    if !impact.pack.is_empty() {
        let _ = writeln!(out, "\nThe rest of the pack");
    }
    impact
        .pack
        .iter()
        .for_each(|d| difference(&mut out, "  ", d));
    if !impact.notes.is_empty() {
        let _ = writeln!(out, "\nThe rest of the reports");
    }
    impact.notes.iter().for_each(|n| note(&mut out, n));
    if !impact.unchecked.is_empty() {
        let _ = writeln!(out, "\nCould not be checked by either pack");
        list(&mut out, "  ", &impact.unchecked);
    }
    out
}

fn moves(out: &mut String, impact: &Impact<'_>) {
    if !impact.moves.is_empty() {
        let _ = writeln!(out, "\nRecommendations");
    }
    for of in &impact.moves {
        let plan = &impact.to.words.submission;
        let count = counted(of.submissions.len(), plan);
        let _ = writeln!(out, "  {}: {count}", step(impact, of));
        let lines = of.submissions.iter();
        let lines: Vec<String> = lines
            .map(|m| format!("{}: {}", whose(m), because(m)))
            .collect();
        list(out, "    ", &lines);
    }
}

fn list(out: &mut String, indent: &str, lines: &[String]) {
    for line in lines.iter().take(SHOWN) {
        let _ = writeln!(out, "{indent}{}", clean(line));
    }
    if let Some(more) = lines.len().checked_sub(SHOWN).filter(|n| *n > 0) {
        let _ = writeln!(out, "{indent}and {more} more");
    }
}

fn rule(out: &mut String, impact: &Impact<'_>, of: &RuleImpact<'_>) {
    let fate = match of.fate {
        Fate::Added | Fate::Gone => format!(" {}", of.fate.name()),
        Fate::Changed | Fate::Same => String::new(),
    };
    let (code, title) = (clean(of.code), clean(of.title));
    let _ = writeln!(out, "  {} ({code}){fate}: {title}", of.rule);
    of.differences
        .iter()
        .for_each(|d| difference(out, "    ", d));
    if of.groups.is_empty() {
        let _ = writeln!(out, "    no outcome changes here");
    }
    of.groups.iter().for_each(|g| group(out, impact, g));
}

fn difference(out: &mut String, indent: &str, of: &Difference) {
    let _ = writeln!(out, "{indent}{}", clean(&of.what));
    for (sign, said) in [('-', &of.from), ('+', &of.to)] {
        if let Some(said) = said {
            let _ = writeln!(out, "{indent}  {sign} {}", clean(said));
        }
    }
}

fn group(out: &mut String, impact: &Impact<'_>, of: &Group<'_>) {
    let _ = writeln!(out, "    {}: {}", change(of), extent(impact, of));
    of.examples.iter().for_each(|e| example(out, of, e));
    if let Some(more) = of.count.checked_sub(of.examples.len()).filter(|n| *n > 0) {
        let _ = writeln!(out, "      and {more} more");
    }
}

fn example(out: &mut String, group: &Group<'_>, of: &Example<'_>) {
    let _ = writeln!(out, "      {}", subject(of));
    let sides = [('-', of.from, group.from), ('+', of.to, group.to)];
    for (sign, finding, stood) in sides {
        let words = match finding {
            Some(finding) => said(finding, group.wording.advice),
            None => standing(stood),
        };
        let _ = writeln!(out, "        {sign} {words}");
    }
}

fn note(out: &mut String, of: &Note) {
    let _ = writeln!(out, "  {}", of.what);
    for (sign, lines) in [('-', &of.from), ('+', &of.to)] {
        let lines: Vec<String> = lines.iter().map(|line| format!("{sign} {line}")).collect();
        list(out, "    ", &lines);
    }
}
