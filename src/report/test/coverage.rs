//! How much of a pack's rules is tried, as a table, with what is not underlined in the rules' files.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Level, Snippet};

use crate::author::coverage::{Coverage, RuleCoverage, Tested};
use crate::neutral::clean;
use crate::pack::bytes_inside;
use crate::report::counted;
use crate::report::mistake::render;

/// The table of all rules, what of each was not tried, and how much was tried in all. `files`: the texts of the rules' files.
pub fn coverage(of: &Coverage<'_>, files: &BTreeMap<String, String>, colour: bool) -> String {
    let mut out = table(of);
    out.push('\n');
    for rule in &of.rules {
        untried(&mut out, rule, files, colour);
    }
    values(&mut out, of);
    let _ = writeln!(out, "{}", summary(of));
    out
}

fn table(of: &Coverage<'_>) -> String {
    let names = of.rules.iter().map(|r| r.rule.id.len());
    let width = names.chain([4]).max().unwrap_or(4);
    let mut out = format!("{:width$}  taken   ways\n", "rule");
    for rule in &of.rules {
        let (taken, all) = rule.ways();
        let ways = format!("{taken}/{all}");
        let _ = writeln!(
            out,
            "{:width$}  {:>5}  {ways:>5}",
            rule.rule.id,
            share(taken, all)
        );
    }
    out
}

/// Whole percents, rounded down: all is 100 % and nothing else is.
fn share(taken: usize, all: usize) -> String {
    match (taken * 100).checked_div(all) {
        Some(percent) => format!("{percent} %"),
        None => "-".to_owned(),
    }
}

/// The tests of a rule of which a way was not taken, underlined, and its editions that were not used.
fn untried(
    out: &mut String,
    of: &RuleCoverage<'_>,
    files: &BTreeMap<String, String>,
    colour: bool,
) {
    let untaken: Vec<&Tested> = of.untaken().collect();
    if let Some(text) = files.get(&of.rule.file).filter(|_| !untaken.is_empty()) {
        let mut snippet = Snippet::source(text).path(clean(&of.rule.file));
        for tested in untaken {
            let span = bytes_inside(text, &tested.held_in, &tested.span);
            let mark = AnnotationKind::Primary.span(span);
            snippet = snippet.annotation(mark.label(never(tested)));
        }
        let title = Level::NOTE.primary_title(format!("not tried of {}", of.rule.id));
        out.push_str(&render(&[title.element(snippet)], colour));
        out.push_str("\n\n");
    }
    for (from, until) in &of.unused_editions {
        let _ = writeln!(
            out,
            "{}: no case of its edition {}\n",
            of.rule.id,
            years(*from, *until)
        );
    }
}

/// Which ways of a test were not taken.
fn never(tested: &Tested) -> &'static str {
    match (tested.yes, tested.no) {
        (false, false) => "never true, never false",
        (false, true) => "never true",
        _ => "never false",
    }
}

fn years(from: Option<i64>, until: Option<i64>) -> String {
    match (from, until) {
        (Some(from), Some(until)) if from == until => format!("of {from}"),
        (Some(from), Some(until)) => format!("from {from} to {until}"),
        (Some(from), None) => format!("from {from} on"),
        (None, Some(until)) => format!("until {until}"),
        (None, None) => "of every year".to_owned(),
    }
}

fn values(out: &mut String, of: &Coverage<'_>) {
    let mut unused = of.values.iter().filter(|v| !v.used).peekable();
    if unused.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "values of parameters that no test used:");
    for value in unused {
        let years = years(value.years.0, value.years.1);
        let _ = writeln!(out, "  param.{} {years}", clean(value.param));
    }
    out.push('\n');
}

/// How much was tried, in a line.
fn summary(of: &Coverage<'_>) -> String {
    let ((taken, ways), (editions, all_editions)) = (of.ways(), of.editions());
    let (used, values) = of.used_values();
    format!(
        "coverage: {taken} of {ways} ways taken ({}) in {}; {editions} of {} and {used} of {} used",
        share(taken, ways),
        counted(of.rules.len(), "rule"),
        counted(all_editions, "edition"),
        counted(values, "dated value"),
    )
}
