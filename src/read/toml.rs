//! TOML files with one value a key.

use std::borrow::Cow;
use std::ops::Range;

use toml::de::{DeTable, DeValue, Error};

use super::cell::{quoted, short};
use super::grid::Written;
use super::limits::{self, Room, SUBMISSION, TOML_MISTAKES, size};
use super::lines::{not_used, record};
use crate::diagnostic::Diagnostic;
use crate::schema::{FieldId, Table};
use crate::table::{Layout, Rows, Texts};

/// Reads a table of one row from a TOML file. A field on a line with a mistake is unreadable, the others are read.
pub(crate) fn read_toml(
    table: &Table,
    path: &str,
    bytes: &[u8],
    texts: &mut Texts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Rows {
    let Some(text) = super::csv::decode(path, bytes, diagnostics) else {
        return Rows::lost(table, path.to_owned());
    };
    if let Some(why) = too_large(&text) {
        diagnostics.push(Diagnostic::fatal(path, why));
        return Rows::lost(table, path.to_owned());
    }
    let (root, errors) = DeTable::parse_recoverable(&text);
    if errors.len() > TOML_MISTAKES {
        let first = errors.iter().take(1);
        diagnostics.extend(first.map(|error| syntax_error(path, &text, error).1));
        let why = format!(
            "the file is not TOML: it has {} such mistakes",
            errors.len()
        );
        diagnostics.push(Diagnostic::fatal(path, why));
        return Rows::lost(table, path.to_owned());
    }
    let mut room = Room::new(SUBMISSION);
    let mut told: Vec<(usize, Diagnostic)> = errors
        .iter()
        .map(|error| syntax_error(path, &text, error))
        .collect();
    let mut written: Vec<Option<Written<'_>>> = vec![None; table.fields.len()];
    let mut entries: Vec<_> = root.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let (name, start) = (key.get_ref().as_ref(), key.span().start);
        let place = format!("{path}:{}", short(name));
        let slot = table.find_field(name).and_then(|id| written.get_mut(id));
        let value_here = value_of(value.get_ref());
        let text = value_here.as_ref().map_or("", Written::as_stored);
        if let Err(why) = room.text(text) {
            diagnostics.push(Diagnostic::fatal(place, why));
            return Rows::lost(table, path.to_owned());
        }
        match (slot, value_here) {
            (Some(slot @ None), Some(value)) => *slot = Some(value),
            (Some(slot @ None), None) => {
                *slot = Some(Written::Bad(no_value(value.get_ref()).to_owned()));
            }
            (Some(_), _) => {
                let message = format!(
                    "{} stands here for the second time: the first was read",
                    quoted(name)
                );
                told.push((start, Diagnostic::error(place, message)));
            }
            (None, None) => {
                told.push((start, Diagnostic::error(place, no_value(value.get_ref()))));
                lose_nested(table, value.get_ref(), &mut written);
            }
            (None, Some(_)) => told.push((start, not_used(table, place, name))),
        }
    }
    let spoilt = if errors.is_empty() {
        Vec::new()
    } else {
        spoilt_fields(table, &text, &errors, &written)
    };
    for id in &spoilt {
        if let Some(slot) = written.get_mut(*id) {
            *slot = Some(Written::Bad(
                "this value cannot be read: see the mistakes of the file".to_owned(),
            ));
        }
    }
    told.sort_by_key(|(start, _)| *start);
    diagnostics.extend(told.into_iter().map(|(_, diagnostic)| diagnostic));
    let written: Vec<_> = written.iter().map(Option::as_ref).collect();
    record(
        table,
        Layout::Toml(path.to_owned()),
        &written,
        false,
        texts,
        diagnostics,
    )
}

/// Why a text is not read as TOML: all of it is held in memory, many times its size.
pub(crate) fn too_large(text: &str) -> Option<String> {
    let (found, most) = (text.len(), limits::TOML);
    (found > most).then(|| {
        format!(
            "the file has {}: at most {} of TOML are read",
            size(found),
            size(most)
        )
    })
}

/// Fields that stand in a table of the file rather than at its root cannot be read; they are not blank.
fn lose_nested(table: &Table, value: &DeValue<'_>, written: &mut [Option<Written<'_>>]) {
    let DeValue::Table(inner) = value else { return };
    for id in inner
        .keys()
        .filter_map(|key| table.find_field(key.get_ref()))
    {
        if let Some(slot @ None) = written.get_mut(id) {
            *slot = Some(Written::Bad(
                "this key stands in a table, not at the root of the file".to_owned(),
            ));
        }
    }
}

fn value_of<'a>(value: &'a DeValue<'_>) -> Option<Written<'a>> {
    let text = match value {
        DeValue::String(text) => Cow::Borrowed(text.as_ref()),
        DeValue::Integer(x) if x.radix() == 10 => Cow::Borrowed(x.as_str()),
        DeValue::Integer(x) => match i128::from_str_radix(x.as_str(), x.radix()) {
            Ok(x) => Cow::Owned(x.to_string()),
            Err(_) => Cow::Borrowed(x.as_str()),
        },
        DeValue::Float(x) => Cow::Borrowed(x.as_str()),
        DeValue::Boolean(b) => Cow::Borrowed(if *b { "true" } else { "false" }),
        DeValue::Datetime(date) => Cow::Owned(date.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => return None,
    };
    Some(Written::Text(text))
}

fn no_value(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Array(_) => "a list stands here where one value belongs",
        _ => "a table stands here where one value belongs: the keys of this file stand at its root",
    }
}

fn syntax_error(path: &str, text: &str, error: &Error) -> (usize, Diagnostic) {
    let start = error.span().map_or(0, |span| span.start);
    let line = 1 + text.bytes().take(start).filter(|&b| b == b'\n').count();
    (
        start,
        Diagnostic::error(
            format!("{path}:{line}"),
            format!("this is not TOML: {}", error.message()),
        ),
    )
}

/// The fields whose lines hold a mistake, and those that stand in the text but were lost to one: what was recovered of
/// them must not pass for what was meant.
fn spoilt_fields(
    table: &Table,
    text: &str,
    errors: &[Error],
    written: &[Option<Written<'_>>],
) -> Vec<FieldId> {
    let spans: Vec<Range<usize>> = errors
        .iter()
        .map(|error| error.span().unwrap_or(0..text.len()))
        .collect();
    let mut spoilt = Vec::new();
    let mut start = 0;
    let mut owner = None;
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        let key = line
            .split_once('=')
            .map(|(key, _)| key.trim().trim_matches(['"', '\'']));
        let named = key.and_then(|key| table.find_field(key));
        owner = named.or(owner);
        let wrong = spans
            .iter()
            .any(|span| span.start < end && span.end.max(span.start + 1) > start)
            || (end == text.len() && spans.iter().any(|span| span.start >= end));
        let lost = named.filter(|&id| written.get(id).is_some_and(Option::is_none));
        for id in lost.into_iter().chain(owner.filter(|_| wrong)) {
            if !spoilt.contains(&id) {
                spoilt.push(id);
            }
        }
        start = end;
    }
    spoilt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::testing::{lines, schema, told};

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let (table, mut texts, mut diagnostics) =
            (schema().tables.remove(0), Texts::default(), Vec::new());
        let rows = read_toml(
            &table,
            "w/plan.toml",
            text.as_bytes(),
            &mut texts,
            &mut diagnostics,
        );
        (lines(&table, &rows, &texts), told(&diagnostics))
    }

    #[track_caller]
    fn assert_toml(text: &str, want: &str, want_told: &[&str]) {
        let (lines, told) = read(text);
        assert_eq!(lines, [want], "{told:?}");
        assert_eq!(told, want_told);
    }

    #[test]
    fn values_of_every_kind() {
        assert_toml(
            "District-Code = 20011\nfiscal_year = \"2026-27\"\nallocation = 9_659_546.10\nsigned_on = 2026-07-01\napproved = true\n",
            "1: district_code=0020011 fiscal_year=2027 allocation=9659546.1 signed_on=20635 approved=true",
            &[],
        );
        assert_toml(
            "allocation = \"$1,234.50\"\nrevision = 0x10\nsigned_on = \"\"",
            "1: revision=16 allocation=1234.5",
            &[],
        );
    }

    #[test]
    fn wrong_values_are_told_at_their_keys() {
        assert_toml(
            "alocation = 5\nnonsense = 1\nallocation = \"lots\"\nrevision = [1]\n[extra]\napproved = true\n",
            "1: revision=? allocation=? approved=?",
            &[
                "N w/plan.toml:alocation `alocation` is not used: did you mean `allocation`?",
                "N w/plan.toml:nonsense `nonsense` is not used",
                "E w/plan.toml:extra a table stands here where one value belongs: the keys of this file stand at its root",
                "E w/plan.toml:revision a list stands here where one value belongs",
                "E w/plan.toml:allocation `lots` is not an amount such as `$1,234.50`",
                "E w/plan.toml:approved this key stands in a table, not at the root of the file",
            ],
        );
    }

    #[test]
    fn a_field_with_a_syntax_error_is_unreadable_and_never_blank() {
        for line in [
            "approved = yes",
            "approved =",
            "approved = \"no",
            "approved = true false",
            "approved = true\napproved = false",
        ] {
            let (lines, told) = read(&format!("fiscal_year = 2027\n{line}\nrevision = 2\n"));
            assert_eq!(
                lines,
                ["1: fiscal_year=2027 revision=2 approved=?"],
                "{line} {told:?}"
            );
            assert!(
                told.iter()
                    .any(|t| t.starts_with("E w/plan.toml:") && t.contains("this is not TOML: ")),
                "{told:?}"
            );
        }
        let (lines, told) = read("fiscal_year = 2027\napproved = \"\"\"no\nrevision = 2\n");
        assert_eq!(
            lines,
            ["1: fiscal_year=2027 revision=? approved=?"],
            "{told:?}"
        );
    }
}
