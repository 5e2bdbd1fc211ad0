//! What a lint of a pack found, drawn where it stands, and as JSON.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::{PackOut, counted, json_text, mistake, pack_name};
use crate::author::lint::{Found, Linted};
use crate::pack::Files;

/// Every finding, drawn in the text of its file, and how many there are.
pub fn text(linted: &Linted<'_>, files: &Files, colour: bool) -> String {
    let mut out = String::new();
    for found in &linted.findings {
        let drawn = mistake::draw(&found.mistake, file_text(linted, found, files), colour);
        let _ = writeln!(out, "{drawn}\n");
    }
    let pack = pack_name(linted.pack);
    let findings = counted(linted.findings.len(), "finding");
    let _ = writeln!(
        out,
        "{pack}: {findings}, {} accepted",
        linted.accepted.len()
    );
    out
}

/// The text of the file in which a finding stands.
fn file_text<'f>(linted: &Linted<'_>, found: &Found, files: &'f Files) -> Option<&'f str> {
    let path = found.mistake.file.strip_prefix(&linted.pack.id)?;
    let bytes = files.get(path.strip_prefix('/')?)?;
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The JSON Schema of the findings.
pub(super) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Out<'_>>()
}

/// The findings and the acceptances for programs.
pub fn json(linted: &Linted<'_>, files: &Files) -> String {
    let findings = linted.findings.iter().map(|found| {
        let text = file_text(linted, found, files);
        let span = found.mistake.span.as_ref().filter(|span| span.end > 0);
        let place = span
            .zip(text)
            .map(|(span, text)| line_and_column(text, span.start));
        FindingOut {
            lint: found.lint.name(),
            at: &found.at,
            file: &found.mistake.file,
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            message: &found.mistake.message,
            help: &found.mistake.help,
        }
    });
    let accepted = linted.accepted.iter().map(|accept| AcceptedOut {
        lint: accept.lint.name(),
        at: &accept.at,
        why: &accept.why,
    });
    json_text(&Out {
        format: "accordant.lint/1",
        pack: PackOut::of(linted.pack),
        findings: findings.collect(),
        accepted: accepted.collect(),
    })
}

/// The line and the column of a byte, both from 1, in characters.
fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or(before);
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// What was found in a pack: `accordant.lint/1`.
#[derive(Serialize, JsonSchema)]
struct Out<'a> {
    format: &'static str,
    pack: PackOut<'a>,
    findings: Vec<FindingOut<'a>>,
    accepted: Vec<AcceptedOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct FindingOut<'a> {
    lint: &'static str,
    at: &'a str,
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
    help: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct AcceptedOut<'a> {
    lint: &'static str,
    at: &'a str,
    why: &'a str,
}

#[cfg(test)]
mod tests {
    use super::line_and_column;

    #[test]
    fn lines_and_columns_count_from_one() {
        assert_eq!(line_and_column("a\nbé c\n", 0), (1, 1));
        assert_eq!(line_and_column("a\nbé c\n", 6), (2, 4));
    }
}
