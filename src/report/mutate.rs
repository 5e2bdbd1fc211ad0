//! Changes that the tests did not notice: each drawn where it is made, with a case that would notice it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use super::mistake::draw;
use super::{counted, json_text};
use crate::author::mutate::{LEFT_OUT, Mutated, Mutation, Survivor};
use crate::diagnostic::{Level, Mistake};
use crate::neutral::clean;
use crate::pack::Pack;

/// For people. `files` are the texts of the pack's files, to draw in.
pub fn text(
    mutation: &Mutation,
    pack: &Pack,
    files: &BTreeMap<String, String>,
    colour: bool,
) -> String {
    let mut out = String::new();
    for mutated in mutation.all() {
        for survivor in &mutated.survivors {
            tell(mutated, survivor, files, colour, &mut out);
        }
    }
    for [rule, file, mutant] in &mutation.stale {
        let (file, mutant) = (clean(file), clean(mutant));
        let _ = writeln!(
            out,
            "stale: {rule} ({file}): no change that goes unnoticed is `{mutant}`: take the mark away\n"
        );
    }
    let width = mutation.all().map(|m| m.name.len()).max().unwrap_or(0);
    for mutated in mutation.all() {
        let _ = writeln!(out, "{:width$}  {}", clean(&mutated.name), counts(mutated));
    }
    let _ = writeln!(
        out,
        "\n{} {}: {}",
        clean(&pack.id),
        clean(&pack.version),
        total(mutation)
    );
    out
}

fn counts(mutated: &Mutated) -> String {
    let left = mutated.survivors.len();
    let all = mutated.killed + mutated.equivalent + left;
    let mut text = format!("{} of {} noticed", mutated.killed, counted(all, "change"));
    if mutated.equivalent > 0 {
        let _ = write!(text, ", {} marked as equivalent", mutated.equivalent);
    }
    if left > 0 {
        let _ = write!(text, ", {left} NOT noticed");
    }
    text
}

fn total(mutation: &Mutation) -> String {
    let killed: usize = mutation.all().map(|m| m.killed).sum();
    let equivalent: usize = mutation.all().map(|m| m.equivalent).sum();
    let left = mutation.unexplained();
    format!(
        "{}, {killed} noticed, {equivalent} marked as equivalent, {left} not noticed, {}",
        counted(killed + equivalent + left, "change"),
        counted(mutation.stale.len(), "stale mark")
    )
}

fn tell(
    mutated: &Mutated,
    survivor: &Survivor,
    files: &BTreeMap<String, String>,
    colour: bool,
    out: &mut String,
) {
    let file = files.get(&mutated.file);
    let place = survivor.place.as_ref();
    let found = place.and_then(|(text, span)| within(file?, text, span));
    let (text, span) = match (found, place) {
        (Some(span), _) => (file.map(String::as_str), Some(span)),
        (None, Some((text, span))) => (Some(text.as_str()), Some(span.clone())),
        (None, None) => (None, None),
    };
    let (becomes, label) = if survivor.new == LEFT_OUT {
        ("is left out".to_owned(), LEFT_OUT.to_owned())
    } else {
        let new = format!("`{}`", survivor.new);
        (format!("becomes {new}"), new)
    };
    let mistake = Mistake {
        level: Level::Warning,
        file: mutated.file.clone(),
        span,
        message: format!(
            "{}: no test notices it when {}: `{}` {becomes}",
            mutated.name, survivor.key, survivor.old
        ),
        label,
        help: String::new(),
    };
    let _ = writeln!(out, "{}\n", draw(&mistake, text, colour));
    match &survivor.case {
        Some(case) => {
            let lines: Vec<String> = case.lines().map(clean).collect();
            let _ = writeln!(out, "{}\n", lines.join("\n"));
        }
        None => {
            let _ = writeln!(
                out,
                "no case found; if the change changes nothing, say why:\n\n[[equivalent]]\nmutant = {}\nwhy = \"\"\n",
                clean(&literal(&survivor.mutant()))
            );
        }
    }
}

/// Where an expression's part stands in its file, when the file holds it as it is.
fn within(file: &str, text: &str, span: &Range<usize>) -> Option<Range<usize>> {
    let at = file.find(text)?;
    Some(at + span.start..at + span.end)
}

/// A text as TOML writes it, with quotes of its own left alone.
fn literal(text: &str) -> String {
    if text.contains('\'') {
        format!("'''{text}'''")
    } else {
        format!("'{text}'")
    }
}

/// Which changes of the rules no case notices: `accordant.mutate/1`.
#[derive(Serialize, JsonSchema)]
struct Report<'a> {
    format: &'static str,
    pack: &'a str,
    version: &'a str,
    rules: Vec<Rule<'a>>,
    stale: Vec<Stale<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Rule<'a> {
    name: &'a str,
    file: &'a str,
    killed: usize,
    equivalent: usize,
    survivors: Vec<Left<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Left<'a> {
    key: &'a str,
    old: &'a str,
    new: &'a str,
    mutant: String,
    case: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct Stale<'a> {
    rule: &'a str,
    mutant: &'a str,
}

impl<'a> Rule<'a> {
    fn of(mutated: &'a Mutated) -> Self {
        Rule {
            name: &mutated.name,
            file: &mutated.file,
            killed: mutated.killed,
            equivalent: mutated.equivalent,
            survivors: mutated.survivors.iter().map(Left::of).collect(),
        }
    }
}

impl<'a> Left<'a> {
    fn of(survivor: &'a Survivor) -> Self {
        Left {
            key: &survivor.key,
            old: &survivor.old,
            new: &survivor.new,
            mutant: survivor.mutant(),
            case: survivor.case.as_deref(),
        }
    }
}

pub(super) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Report<'_>>()
}

/// For programs.
pub fn json(mutation: &Mutation, pack: &Pack) -> String {
    let stale = mutation.stale.iter();
    json_text(&Report {
        format: "accordant.mutate/1",
        pack: &pack.id,
        version: &pack.version,
        rules: mutation.all().map(Rule::of).collect(),
        stale: stale
            .map(|[rule, _, mutant]| Stale { rule, mutant })
            .collect(),
    })
}
