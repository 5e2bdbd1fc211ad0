//! What a mutant is: cargo-mutants says so.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// One change of the engine.
pub(crate) struct Mutant {
    /// The number its switch has: its place in the list, counted from 1.
    pub(crate) id: usize,
    /// As cargo-mutants names it, with line and column.
    pub(crate) name: String,
    /// The same without line and column.
    pub(crate) plain: String,
    /// That, numbered where several have it: its name while other lines of the file change.
    pub(crate) key: String,
    pub(crate) file: String,
    pub(crate) genre: Genre,
    /// Where the replaced text begins: line and column, both counted from 1.
    pub(crate) start: (usize, usize),
    pub(crate) replacement: String,
}

/// What kind of text is replaced.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    file: String,
    genre: Genre,
    span: Span,
    replacement: String,
}

#[derive(Deserialize)]
struct Span {
    start: Start,
}

#[derive(Deserialize)]
struct Start {
    line: usize,
    column: usize,
}

/// Every mutant of the project, in the order of cargo-mutants.
pub(crate) fn listed(root: &Path) -> Result<Vec<Mutant>> {
    let run = Command::new("cargo")
        .args(["mutants", "--list", "--json"])
        .current_dir(root)
        .output()
        .context("cargo mutants")?;
    ensure!(
        run.status.success(),
        "cargo mutants: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    let listed: Vec<Listed> = serde_json::from_slice(&run.stdout)?;
    let mut seen = BTreeMap::new();
    Ok((1..)
        .zip(listed)
        .map(|(id, l)| numbered(id, l, &mut seen))
        .collect())
}

fn numbered(id: usize, listed: Listed, seen: &mut BTreeMap<String, usize>) -> Mutant {
    let start = (listed.span.start.line, listed.span.start.column);
    let place = format!(":{}:{}: ", start.0, start.1);
    let plain = listed.name.replacen(&place, ": ", 1);
    let times = seen.entry(plain.clone()).or_default();
    *times += 1;
    Mutant {
        id,
        key: format!("{plain} #{times}"),
        plain,
        name: listed.name,
        file: listed.file,
        genre: listed.genre,
        start,
        replacement: listed.replacement,
    }
}
