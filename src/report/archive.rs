//! What an archive holds: as a list, entry by entry, and a district across years; as text, CSV and JSON.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::json_text;
use super::text::{align, shorten};
use super::words::Columns;
use crate::memory::archive::{Across, Details, Entry, Findings, History, Label, Year};
use crate::memory::record::Record;
use crate::neutral::{self, clean};

/// The entries as a table.
pub fn list(entries: &[Entry]) -> String {
    let heads = [
        "Id", "Kind", "District", "Year", "Revision", "Says", "Added",
    ];
    let rows = entries.iter().map(|of| {
        let whose = &of.whose;
        vec![
            of.id.to_string(),
            of.details.kind().to_owned(),
            shorten(&district(of)),
            whose
                .fiscal_year
                .map_or_else(String::new, |year| year.to_string()),
            whose.revision.clone().unwrap_or_default(),
            of.details.says().to_owned(),
            day(&of.added_at).to_owned(),
        ]
    });
    align(&columns(&heads, &["Id", "Revision"], rows.collect()))
}

/// The entries as CSV.
pub fn csv(entries: &[Entry]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let heads = [
        "id",
        "kind",
        "district_code",
        "district",
        "fiscal_year",
        "revision",
        "says",
        "path",
        "record",
        "sha256",
        "added_at",
    ];
    // A vector takes whatever is written.
    let _ = writer.write_record(heads);
    for of in entries {
        let whose = &of.whose;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let cells = [
            of.id.to_string(),
            of.details.kind().to_owned(),
            text(&whose.district_code),
            text(&whose.district),
            whose
                .fiscal_year
                .map_or_else(String::new, |year| year.to_string()),
            text(&whose.revision),
            of.details.says().to_owned(),
            whose.path.clone(),
            text(&of.record),
            of.sha256.clone(),
            of.added_at.clone(),
        ];
        let cells = cells.iter().map(|cell| neutral::cell(cell).into_owned());
        let _ = writer.write_record(cells.collect::<Vec<_>>());
    }
    writer.into_inner().unwrap_or_default()
}

/// The entries in the form `accordant.archive/1`.
pub fn json(entries: &[Entry]) -> String {
    json_text(&Listing {
        format: "accordant.archive/1",
        entries: entries.iter().map(Listed::of).collect(),
    })
}

/// The JSON Schema of the list.
pub(super) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Listing<'_>>()
}

/// One entry in a line: what it is, and of whom.
pub fn line(of: &Entry) -> String {
    let plan = plan(of);
    clean(&match &of.details {
        Details::Review(_) => format!("review of {plan}: {}", of.details.says()),
        Details::Answer(answer) => {
            format!(
                "answer of {} on {plan}: {} to {}",
                answer.by, answer.answer, answer.rule
            )
        }
        Details::Determination(decided) => {
            format!(
                "determination of {} on {plan}: {}",
                decided.by, decided.decision
            )
        }
    })
}

/// An entry for people: a review with its record, and with what was decided on it.
pub fn one(of: &Entry, record: Option<&Record>, resting: &[Entry], held: &[bool]) -> String {
    let mut out = format!("{}: {}\n", of.id, line(of));
    let mut tell = |head: &str, words: &str| {
        if !words.is_empty() {
            let _ = writeln!(out, "  {head}: {}", clean(words));
        }
    };
    match &of.details {
        Details::Review(review) => {
            tell(
                "after answers",
                review.after_answers.as_deref().unwrap_or_default(),
            );
            tell("findings", &counted(review.findings));
            tell("path", &of.whose.path);
            let pack = &review.pack;
            tell(
                "pack",
                &format!("{} {}, {}", pack.id, pack.version, pack.digest),
            );
            tell("as of", &review.as_of);
        }
        Details::Answer(answer) => {
            tell("subject", &answer.subject);
            tell("finding", &answer.finding);
            tell("reason", &answer.reason);
            tell(
                "approved by",
                answer.approved_by.as_deref().unwrap_or_default(),
            );
            tell("on", &answer.on);
            tell("until", answer.until.as_deref().unwrap_or_default());
            tell("closed on", answer.closed_on.as_deref().unwrap_or_default());
        }
        Details::Determination(decided) => {
            tell("on", &decided.on);
            tell("reason", decided.reason.as_deref().unwrap_or_default());
            for condition in &decided.conditions {
                tell(
                    "condition",
                    &due(&condition.text, condition.due_on.as_deref()),
                );
            }
        }
    }
    tell("record", of.record.as_deref().unwrap_or_default());
    tell("sha256", &of.sha256);
    tell("added", &of.added_at);
    for other in resting {
        tell(
            "on the same record",
            &format!("{}: {}", other.id, line(other)),
        );
    }
    if let Some(record) = record {
        findings(&mut out, record, &of.whose.path);
        inputs(&mut out, record, held);
    }
    out
}

/// The findings of a submission in a record, a line each.
fn findings(out: &mut String, record: &Record, path: &str) {
    let plans = record.review.get("submissions").and_then(Value::as_array);
    let mut plans = plans.into_iter().flatten();
    let plan = plans.find(|plan| plan.get("path").and_then(Value::as_str) == Some(path));
    let found = plan
        .and_then(|plan| plan.get("findings"))
        .and_then(Value::as_array);
    let Some(found) = found.filter(|found| !found.is_empty()) else {
        return;
    };
    out.push_str("\nFindings\n");
    for finding in found {
        let text = |key: &str| finding.get(key).and_then(Value::as_str).unwrap_or_default();
        let line = format!(
            "{}[{}]: {}",
            text("severity"),
            text("rule"),
            text("message")
        );
        let _ = writeln!(out, "  {}", clean(&line));
    }
}

/// The files that a record rests on; `held` says of each whether its bytes are in the archive.
fn inputs(out: &mut String, record: &Record, held: &[bool]) {
    out.push_str("\nInputs\n");
    for (input, held) in record.basis.inputs.iter().zip(held) {
        let digest = input.sha256.as_deref().unwrap_or("could not be read");
        let held = if *held { ", its bytes are here" } else { "" };
        let _ = writeln!(out, "  {}: {}{held}", clean(&input.path), clean(digest));
    }
}

/// A district across years, for people.
pub fn history(of: &History) -> String {
    let name = of.district.as_deref().unwrap_or("no name is known");
    let code = of.district_code.as_ref();
    let code = code.map_or_else(String::new, |code| format!(" ({code})"));
    let mut out = format!("{}\n", clean(&format!("{name}{code}")));
    let mut part = |title: &str, heads: &[&str], numeric: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            let table = align(&columns(heads, numeric, rows));
            let _ = write!(out, "\n{}\n{table}", clean(title));
        }
    };
    let years = || of.years.iter();
    part(
        "Reviews",
        &[
            "Year",
            "Revision",
            "Id",
            "Recommendation",
            "After answers",
            "Escalate",
            "Return",
            "Condition",
            "Note",
            "Added",
        ],
        &["Revision", "Id", "Escalate", "Return", "Condition", "Note"],
        years()
            .flat_map(|year| year.reviews.iter().map(review_row))
            .collect(),
    );
    part(
        "Determinations",
        &["Year", "Revision", "Id", "Decision", "By", "On", "Reason"],
        &["Revision", "Id"],
        years()
            .flat_map(|year| year.determinations.iter().map(decided_row))
            .collect(),
    );
    part(
        "Conditions",
        &["Year", "Id", "Due", "Condition"],
        &["Id"],
        years().flat_map(condition_rows).collect(),
    );
    part(
        "Answers",
        &["Year", "Id", "Rule", "Subject", "Answer", "By", "On"],
        &["Id"],
        years()
            .flat_map(|year| year.answers.iter().map(answer_row))
            .collect(),
    );
    for table in of.across() {
        for years in (0..table.years.len()).collect::<Vec<_>>().chunks(YEARS) {
            out.push_str(&across(&table, years));
        }
    }
    out
}

/// So many years stand beside one another on a screen.
const YEARS: usize = 6;

/// Some years of a table of the pack beside one another.
fn across(table: &Across, years: &[usize]) -> String {
    let head = |at: &usize| {
        table
            .years
            .get(*at)
            .map_or_else(String::new, ToString::to_string)
    };
    let heads: Vec<String> = std::iter::once(String::new())
        .chain(years.iter().map(head))
        .collect();
    let rows = table.rows.iter().map(|(label, figures)| {
        let figure = |at: &usize| {
            figures
                .get(*at)
                .and_then(Option::as_ref)
                .map_or_else(String::new, figure)
        };
        let label = named(label);
        std::iter::once(label)
            .chain(years.iter().map(figure))
            .collect()
    });
    let columns = Columns {
        numeric: heads.iter().map(|head| !head.is_empty()).collect(),
        rows: rows.collect(),
        heads,
    };
    format!("\n{}\n{}", clean(&table.title), align(&columns))
}

fn named(label: &Label) -> String {
    let key = shorten(&clean(&label.key));
    match (key.is_empty(), label.column.is_empty()) {
        (true, _) => clean(&label.column),
        (_, true) => key,
        _ => format!("{key}: {}", clean(&label.column)),
    }
}

/// A district across years, in the form `accordant.history/1`.
pub fn history_json(of: &History) -> String {
    let years = of.years.iter().map(|year| YearOut {
        fiscal_year: year.fiscal_year,
        counts: year.last().map(|of| of.id),
        reviews: year.reviews.iter().map(Full::of).collect(),
        determinations: year.determinations.iter().map(Full::of).collect(),
        answers: year.answers.iter().map(Full::of).collect(),
    });
    json_text(&HistoryOut {
        format: "accordant.history/1",
        district_code: of.district_code.as_deref(),
        district: of.district.as_deref(),
        years: years.collect(),
    })
}

/// The JSON Schema of a history.
pub(super) fn schema_of_history(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<HistoryOut<'_>>()
}

/// What an archive holds: `accordant.archive/1`.
#[derive(Serialize, JsonSchema)]
struct Listing<'a> {
    format: &'static str,
    entries: Vec<Listed<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Listed<'a> {
    id: i64,
    kind: &'static str,
    district_code: Option<&'a str>,
    district: Option<&'a str>,
    fiscal_year: Option<i64>,
    revision: Option<&'a str>,
    /// The recommendation, the answer or the decision.
    says: &'a str,
    /// The path of the submission in its record.
    path: &'a str,
    /// The digest of the record that it stands in, or rests on.
    record: Option<&'a str>,
    sha256: &'a str,
    added_at: &'a str,
}

impl<'a> Listed<'a> {
    fn of(of: &'a Entry) -> Self {
        let whose = &of.whose;
        Listed {
            id: of.id,
            kind: of.details.kind(),
            district_code: whose.district_code.as_deref(),
            district: whose.district.as_deref(),
            fiscal_year: whose.fiscal_year,
            revision: whose.revision.as_deref(),
            says: of.details.says(),
            path: &whose.path,
            record: of.record.as_deref(),
            sha256: &of.sha256,
            added_at: &of.added_at,
        }
    }
}

/// A district across years: `accordant.history/1`.
#[derive(Serialize, JsonSchema)]
struct HistoryOut<'a> {
    format: &'static str,
    district_code: Option<&'a str>,
    district: Option<&'a str>,
    years: Vec<YearOut<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct YearOut<'a> {
    fiscal_year: Option<i64>,
    /// The review that counts: that of the last revision, as reviewed last.
    counts: Option<i64>,
    reviews: Vec<Full<'a>>,
    determinations: Vec<Full<'a>>,
    answers: Vec<Full<'a>>,
}

/// An entry with what it is of.
#[derive(Serialize, JsonSchema)]
struct Full<'a> {
    entry: Listed<'a>,
    details: &'a Details,
}

impl<'a> Full<'a> {
    fn of(of: &'a Entry) -> Self {
        Full {
            entry: Listed::of(of),
            details: &of.details,
        }
    }
}

fn columns(heads: &[&str], numeric: &[&str], rows: Vec<Vec<String>>) -> Columns {
    let plain = |row: Vec<String>| row.iter().map(|cell| clean(cell)).collect();
    Columns {
        numeric: heads.iter().map(|head| numeric.contains(head)).collect(),
        heads: heads.iter().map(|head| (*head).to_owned()).collect(),
        rows: rows.into_iter().map(plain).collect(),
    }
}

fn review_row(of: &Entry) -> Vec<String> {
    let Details::Review(review) = &of.details else {
        return Vec::new();
    };
    let n = |n: usize| if n == 0 { String::new() } else { n.to_string() };
    let found = review.findings;
    vec![
        year(of),
        of.whose.revision.clone().unwrap_or_default(),
        of.id.to_string(),
        of.details.says().to_owned(),
        review.after_answers.clone().unwrap_or_default(),
        n(found.escalate),
        n(found.r#return),
        n(found.condition),
        n(found.note),
        day(&of.added_at).to_owned(),
    ]
}

fn decided_row(of: &Entry) -> Vec<String> {
    let Details::Determination(decided) = &of.details else {
        return Vec::new();
    };
    vec![
        year(of),
        of.whose.revision.clone().unwrap_or_default(),
        of.id.to_string(),
        decided.decision.clone(),
        decided.by.clone(),
        decided.on.clone(),
        shorten(decided.reason.as_deref().unwrap_or_default()),
    ]
}

fn condition_rows(of: &Year) -> Vec<Vec<String>> {
    let rows = of.determinations.iter().flat_map(|entry| {
        let conditions = match &entry.details {
            Details::Determination(decided) => decided.conditions.as_slice(),
            _ => &[],
        };
        conditions.iter().map(|condition| {
            let due = condition.due_on.clone().unwrap_or_default();
            vec![
                year(entry),
                entry.id.to_string(),
                due,
                condition.text.clone(),
            ]
        })
    });
    rows.collect()
}

fn answer_row(of: &Entry) -> Vec<String> {
    let Details::Answer(answer) = &of.details else {
        return Vec::new();
    };
    vec![
        year(of),
        of.id.to_string(),
        answer.rule.clone(),
        shorten(&answer.subject),
        answer.answer.clone(),
        answer.by.clone(),
        answer.on.clone(),
    ]
}

fn year(of: &Entry) -> String {
    let year = of.whose.fiscal_year;
    year.map_or_else(|| "?".to_owned(), |year| year.to_string())
}

fn district(of: &Entry) -> String {
    let whose = &of.whose;
    let known = whose.district.as_ref().or(whose.district_code.as_ref());
    known.unwrap_or(&whose.path).clone()
}

/// Whose plan an entry is about, and which.
fn plan(of: &Entry) -> String {
    let whose = &of.whose;
    let code = whose
        .district_code
        .as_ref()
        .filter(|_| whose.district.is_some());
    let code = code.map_or_else(String::new, |code| format!(" ({code})"));
    let year = whose.fiscal_year;
    let year = year.map_or_else(String::new, |year| format!(", fiscal year {year}"));
    let revision = whose.revision.as_ref();
    let revision = revision.map_or_else(String::new, |r| format!(", revision {r}"));
    format!("{}{code}{year}{revision}", district(of))
}

fn counted(found: Findings) -> String {
    let all = [
        (found.escalate, "escalate"),
        (found.r#return, "return"),
        (found.condition, "condition"),
        (found.note, "note"),
    ];
    let some = all.iter().filter(|(n, _)| *n > 0);
    let some: Vec<String> = some
        .map(|(n, severity)| format!("{n} {severity}"))
        .collect();
    if some.is_empty() {
        "none".to_owned()
    } else {
        some.join(", ")
    }
}

fn due(text: &str, due_on: Option<&str>) -> String {
    due_on.map_or_else(|| text.to_owned(), |due| format!("{text} (due {due})"))
}

/// The day of a moment.
fn day(at: &str) -> &str {
    at.split_once('T').map_or(at, |(day, _)| day)
}

/// A figure for people: sums of money with their thousands apart.
fn figure(value: &Value) -> String {
    match value {
        Value::String(text) => clean(&grouped(text)),
        Value::Null => "none".to_owned(),
        Value::Object(_) => "cannot be told".to_owned(),
        other => clean(&other.to_string()),
    }
}

fn grouped(text: &str) -> String {
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text), |rest| ("-", rest));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let Some((whole, cents)) = digits
        .split_once('.')
        .filter(|(whole, cents)| is_digits(whole) && is_digits(cents) && cents.len() == 2)
    else {
        return text.to_owned();
    };
    let mut out = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{out}.{cents}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_money_have_their_thousands_apart() {
        let shown = [
            "0.00",
            "999.10",
            "1000.00",
            "-1234567.89",
            "12.5",
            "1.2.00",
            "a.00",
            ".00",
        ];
        let want = [
            "0.00",
            "999.10",
            "1,000.00",
            "-1,234,567.89",
            "12.5",
            "1.2.00",
            "a.00",
            ".00",
        ];
        assert_eq!(shown.map(grouped), want);
    }
}
