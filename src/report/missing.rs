//! What a fiscal year still lacks, for people and programs: who owes it, and how to supply it.

use std::fmt::Write as _;

use serde::Serialize;

use super::{PackOut, json_text, pack_name};
use crate::neutral::clean;
use crate::pack::{Lacking, LackingParam, LackingTable, Pack};

/// How many districts are named one by one.
const NAMED: usize = 5;

/// A list for people.
pub fn text(pack: &Pack, lacking: &Lacking) -> String {
    let year = lacking.year;
    let mut out = format!("Fiscal year {year}, {}\n", pack_name(pack));
    if lacking.is_empty() {
        let _ = writeln!(out, "\nNothing is lacking.");
    } else {
        let _ = writeln!(out, "\nLacking");
    }
    if lacking.years {
        let _ = writeln!(
            out,
            "  years: the pack covers fiscal years {} to {}",
            pack.years.0, pack.years.1
        );
        let _ = writeln!(out, "    owed by: office; supply: {}", supply_years(year));
    }
    lacking
        .tables
        .iter()
        .for_each(|table| describe(&mut out, pack, table));
    for param in &lacking.params {
        let _ = writeln!(out, "  param.{}: {}", param.name, clean(&param.title));
        let _ = writeln!(
            out,
            "    owed by: {}; supply: {}",
            param_owed_by(param),
            supply_param(param)
        );
    }
    if !lacking.facts.is_empty() {
        let _ = writeln!(out, "\nRecorded as it comes in; nothing waits for it");
        lacking
            .facts
            .iter()
            .for_each(|table| describe(&mut out, pack, table));
    }
    if !lacking.off.is_empty() {
        let _ = writeln!(out, "\nOff, until an office sets it");
        for param in &lacking.off {
            let _ = writeln!(out, "  param.{}: {}", param.name, clean(&param.title));
        }
    }
    if !lacking.clauses.is_empty() {
        let _ = writeln!(
            out,
            "\nUnconfirmed, so that a rule weighs less; `[verified.KEY]` says who read the text"
        );
    }
    for clause in &lacking.clauses {
        let _ = writeln!(out, "  {}: {}", clean(&clause.key), clean(&clause.citation));
        for (rule, now, then) in &clause.rules {
            let _ = writeln!(
                out,
                "    {rule}: {} until the text has been read; then {}",
                now.name(),
                then.name()
            );
        }
    }
    if !lacking.is_empty() && pack.office.is_none() {
        let _ = writeln!(
            out,
            "\nWrite a file to fill in with: accordant office new --year {year}"
        );
    }
    out
}

fn describe(out: &mut String, pack: &Pack, table: &LackingTable) {
    let LackingTable {
        name,
        label,
        source,
        ..
    } = table;
    let count = match (table.expected, table.wholly) {
        (0, _) => "no row of the year".to_owned(),
        (expected, _) => format!(
            "{} of {expected} {} have no row",
            table.districts.len(),
            pack.words.submitters()
        ),
    };
    let _ = writeln!(out, "  {name}: {}: {count}", clean(label));
    let names: Vec<&str> = table
        .districts
        .iter()
        .map(|(code, name)| if name.is_empty() { code } else { name }.as_str())
        .collect();
    if (1..=NAMED).contains(&names.len()) && names.len() < table.expected {
        let _ = writeln!(out, "    {}", clean(&names.join(", ")));
    }
    let owed = if table.owed_by.is_empty() {
        "nobody named"
    } else {
        &table.owed_by
    };
    let supply = supply_table(table);
    let others = if source.is_empty() {
        String::new()
    } else {
        format!("; other years: {}", clean(source))
    };
    let _ = writeln!(
        out,
        "    owed by: {}; supply: {supply}{others}",
        clean(owed)
    );
}

fn supply_years(year: i64) -> String {
    format!("`years = {{ from = {year}, until = {year} }}`")
}

fn supply_table(table: &LackingTable) -> String {
    format!("`{0}.csv` or `[reference.{0}]`", table.name)
}

fn supply_param(param: &LackingParam) -> String {
    if param.policy {
        format!("`[param.{}]`", param.name)
    } else {
        "a new version of the pack".to_owned()
    }
}

fn param_owed_by(param: &LackingParam) -> &'static str {
    if param.policy { "office" } else { "pack" }
}

#[derive(Serialize)]
struct Missing<'a> {
    format: &'static str,
    pack: PackOut<'a>,
    fiscal_year: i64,
    complete: bool,
    years: Years,
    tables: Vec<Table<'a>>,
    parameters: Vec<Param<'a>>,
    facts: Vec<Table<'a>>,
    off: Vec<Param<'a>>,
    clauses: Vec<Clause<'a>>,
}

#[derive(Serialize)]
struct Years {
    from: i64,
    until: i64,
    lacking: bool,
}

#[derive(Serialize)]
struct Table<'a> {
    table: &'a str,
    title: &'a str,
    owed_by: &'a str,
    source: &'a str,
    supply: String,
    wholly: bool,
    expected: usize,
    districts: Vec<District<'a>>,
}

#[derive(Serialize)]
struct District<'a> {
    district_code: &'a str,
    district: &'a str,
}

#[derive(Serialize)]
struct Param<'a> {
    parameter: &'a str,
    title: &'a str,
    owed_by: &'static str,
    supply: String,
}

#[derive(Serialize)]
struct Clause<'a> {
    key: &'a str,
    citation: &'a str,
    supply: String,
    rules: Vec<Lifted<'a>>,
}

#[derive(Serialize)]
struct Lifted<'a> {
    rule: &'a str,
    severity: &'static str,
    verified_severity: &'static str,
}

/// The same as JSON, in the form `accordant.missing/1`.
pub fn json(pack: &Pack, lacking: &Lacking) -> String {
    let missing = Missing {
        format: "accordant.missing/1",
        pack: PackOut::of(pack),
        fiscal_year: lacking.year,
        complete: lacking.is_empty(),
        years: Years {
            from: pack.years.0,
            until: pack.years.1,
            lacking: lacking.years,
        },
        tables: lacking.tables.iter().map(table).collect(),
        parameters: lacking.params.iter().map(param).collect(),
        facts: lacking.facts.iter().map(table).collect(),
        off: lacking.off.iter().map(param).collect(),
        clauses: lacking.clauses.iter().map(clause).collect(),
    };
    json_text(&missing)
}

fn table(table: &LackingTable) -> Table<'_> {
    Table {
        table: &table.name,
        title: &table.label,
        owed_by: &table.owed_by,
        source: &table.source,
        supply: supply_table(table),
        wholly: table.wholly,
        expected: table.expected,
        districts: table
            .districts
            .iter()
            .map(|(code, name)| District {
                district_code: code,
                district: name,
            })
            .collect(),
    }
}

fn param(param: &LackingParam) -> Param<'_> {
    Param {
        parameter: &param.name,
        title: &param.title,
        owed_by: param_owed_by(param),
        supply: supply_param(param),
    }
}

fn clause(clause: &crate::pack::Capped) -> Clause<'_> {
    Clause {
        key: &clause.key,
        citation: &clause.citation,
        supply: format!("`[verified.{}]`", clause.key),
        rules: clause
            .rules
            .iter()
            .map(|(rule, now, then)| Lifted {
                rule,
                severity: now.name(),
                verified_severity: then.name(),
            })
            .collect(),
    }
}
