//! What would have to be changed, for people at a terminal.

use std::fmt::Write as _;

use super::{ARITHMETIC, against, between, field_of, said, takes};
use crate::neutral::{cell, clean};
use crate::pack::{Pack, Severity};
use crate::repair::{Conflict, Fill, Repairs, Way, one_way};
use crate::report::words::{ADVICE, named};
use crate::review::{Finding, Review};
use crate::value::{money, plain_money};

/// The whole answer.
pub fn text(pack: &Pack, repairs: &Repairs) -> String {
    let (name, which) = named(&repairs.before);
    let mut out = format!("What would have to be changed: {name}{which}\n");
    let _ = writeln!(out, "{}", clean(&repairs.before.wording));
    for (at, way) in repairs.ways.iter().enumerate() {
        if at == 0 {
            let _ = writeln!(out, "\nAmounts\n  {ARITHMETIC}");
        }
        amounts(&mut out, pack, repairs, way);
    }
    list(
        &mut out,
        "To be filled in by you",
        &repairs.fills,
        |out, fill| {
            filled(out, pack, repairs, fill);
        },
    );
    list(
        &mut out,
        "No amounts do it: rules that stand against each other",
        &repairs.conflicts,
        |out, conflict| conflicting(out, pack, repairs, conflict),
    );
    for (title, found) in [
        (
            "No amounts found within the effort that is made",
            &repairs.not_found,
        ),
        ("Only words, or a person, can cure", &repairs.by_people),
    ] {
        list(&mut out, title, found, |out, at| {
            if let Some(finding) = repairs.before.findings.get(*at) {
                let _ = writeln!(out, "  - {}", said(finding));
                let step = clean(&finding.next_step());
                if !step.is_empty() {
                    let _ = writeln!(out, "    {step}");
                }
            }
        });
    }
    ending(&mut out, repairs);
    let _ = writeln!(out, "{ADVICE}");
    out
}

fn list<T>(out: &mut String, title: &str, items: &[T], show: impl Fn(&mut String, &T)) {
    if !items.is_empty() {
        let _ = writeln!(out, "\n{title}");
    }
    items.iter().for_each(|item| show(out, item));
}

fn finding(repairs: &Repairs, at: usize) -> Option<&Finding> {
    repairs.before.findings.get(at)
}

fn amounts(out: &mut String, pack: &Pack, repairs: &Repairs, way: &Way) {
    for (at, words) in one_way(&pack.schema, way).iter().enumerate() {
        let lead = if at == 0 { "one way:" } else { "     and" };
        let _ = writeln!(out, "  {lead} {words}");
    }
    for finding in way.cures.iter().filter_map(|at| finding(repairs, *at)) {
        let _ = writeln!(out, "    cures {}", said(finding));
    }
}

fn filled(out: &mut String, pack: &Pack, repairs: &Repairs, fill: &Fill) {
    let currency = &pack.schema.currency;
    for blank in &fill.blanks {
        let what = field_of(pack, blank)
            .map(|(_, field)| format!(": \"{}\", {}", clean(&field.label), takes(field, currency)));
        let _ = writeln!(
            out,
            "  - {}{}",
            clean(&blank.place),
            what.unwrap_or_default()
        );
    }
    let judged = fill
        .example
        .map(|x| format!("{} passes", money(x, currency)));
    let parts: Vec<String> = between(fill, currency).into_iter().chain(judged).collect();
    if !parts.is_empty() {
        let _ = writeln!(
            out,
            "    with the other figures as they are: {}",
            parts.join("; ")
        );
    }
    for finding in fill.findings.iter().filter_map(|at| finding(repairs, *at)) {
        let _ = writeln!(out, "    for {}", said(finding));
    }
}

fn conflicting(out: &mut String, pack: &Pack, repairs: &Repairs, conflict: &Conflict) {
    if let Some(finding) = finding(repairs, conflict.finding) {
        let _ = writeln!(out, "  - {}", said(finding));
    }
    if let [_] = conflict.against.as_slice() {
        let _ = writeln!(out, "    no amounts that may be changed reach it:");
    } else if !conflict.against.is_empty() {
        let _ = writeln!(
            out,
            "    not all of these can hold, and without any one of them the others can:"
        );
    }
    let rules = &repairs.before.rules;
    for (id, title, cites, stands) in conflict
        .against
        .iter()
        .filter_map(|of| against(pack, rules, of))
    {
        let _ = writeln!(
            out,
            "      {id}: {title} ({}); it {stands}",
            cites.join("; ")
        );
    }
}

fn ending(out: &mut String, repairs: &Repairs) {
    let above = |review: &Review| {
        let findings = review.findings.iter();
        findings.filter(|f| f.severity > Severity::Note).count()
    };
    let before = above(&repairs.before);
    if before == 0 {
        let _ = writeln!(
            out,
            "\nNothing above a note was found: there is nothing to change."
        );
    }
    if let Some((_, after)) = &repairs.after {
        let left = above(after);
        let _ = writeln!(
            out,
            "\nWith these amounts, judged again by all rules: {}; findings above a note: {left} of {before} are left, and nothing is worse.",
            clean(&after.wording)
        );
    }
}

/// The changes as a table: the place, what it is, the amount held and the amount to hold, and the findings cured.
pub fn changes(pack: &Pack, repairs: &Repairs) -> String {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record([
        "table", "row", "field", "place", "from", "to", "change", "cures",
    ]);
    for way in &repairs.ways {
        let cures = way.cures.iter().filter_map(|at| finding(repairs, *at));
        let cures: Vec<&str> = cures.map(|f| f.rule.as_str()).collect();
        for change in &way.changes {
            let table = pack.schema.tables.get(change.table);
            let field = table.and_then(|t| t.fields.get(change.field));
            let _ = writer.write_record([
                table.map_or("", |t| &t.name),
                &cell(change.key.as_deref().unwrap_or_default()),
                field.map_or("", |f| &f.name),
                &cell(&change.place),
                &plain_money(change.from),
                &plain_money(change.to),
                &plain_money(change.by()),
                &cures.join(" "),
            ]);
        }
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
