//! What reports for people say in the same words, at a terminal and on a page.

use std::fmt::Write as _;

use crate::batch::{BatchReview, Entry};
use crate::diagnostic::Weight;
use crate::memory::decisions::Determination;
use crate::neutral::clean;
use crate::pack::{Office, Severity, Verification, capitalised};
use crate::review::{Cite, Evidence, Finding, Gap, Outcome, Recommendation, Review, SummaryTable};
use crate::value::{Date, Decimal, Value, money, plain, say};

/// What every report says of itself.
pub(crate) const ADVICE: &str = "This is advice to a person, who decides.";

/// What a mistake in a file is called.
pub(crate) fn weight(weight: Weight) -> &'static str {
    match weight {
        Weight::Notice => "notice",
        Weight::Error => "mistake",
        Weight::Fatal => "unreadable",
    }
}

/// What stands before the message of what is a question, or cannot be told.
pub(super) fn doubt(f: &Finding) -> &'static str {
    match f.outcome {
        _ if f.is_question() => "question: ",
        Outcome::Unknown => "cannot tell: ",
        _ => "",
    }
}

/// What a finding came to: what a person must decide is a question.
pub(super) fn outcome(f: &Finding) -> &'static str {
    if f.is_question() {
        "question"
    } else {
        f.outcome.name()
    }
}

/// What a person answered to a finding, and why other answers do not count: each with its head.
pub(super) fn answers(f: &Finding) -> Vec<(&'static str, String)> {
    let counts = f.answer.iter().map(|answer| {
        let mut words = format!("{} by {}", answer.verdict.name(), answer.by);
        if let Some(approved_by) = &answer.approved_by {
            let _ = write!(words, ", approved by {approved_by}");
        }
        let _ = write!(words, ", {}", day(answer.on));
        if let Some(until) = answer.until {
            let _ = write!(words, ", until the end of {}", day(until));
        }
        ("answer", clean(&format!("{words}: {}", answer.reason)))
    });
    let not = f.not_counting.iter();
    counts
        .chain(not.map(|words| ("does not count", clean(words))))
        .collect()
}

/// The same in one text.
pub(super) fn said(f: &Finding) -> String {
    let answers = answers(f).into_iter();
    let said = answers.map(|(head, words)| match head {
        "answer" => words,
        _ => format!("{head}: {words}"),
    });
    said.collect::<Vec<_>>().join("; ")
}

/// What is advised after people's answers, and what was decided: each with its head.
pub(super) fn remembered(review: &Review) -> Vec<(String, String)> {
    let Some(memory) = &review.memory else {
        return Vec::new();
    };
    let head = || format!("After answers, as of {}", day(memory.as_of));
    let after = memory.after_answers.as_ref();
    let mut lines: Vec<(String, String)> = after
        .map(|(_, words)| (head(), clean(words)))
        .into_iter()
        .collect();
    for (at, decided) in memory.determinations.iter().enumerate() {
        let head = if at == 0 {
            "Decided"
        } else {
            "Decided before, and superseded"
        };
        lines.push((head.to_owned(), determination(decided)));
        let conditions = decided.conditions.iter().filter(|_| at == 0);
        lines.extend(conditions.map(|condition| {
            let due = condition.due_on;
            let due = due.map_or_else(String::new, |due| format!(", by {}", day(due)));
            (
                "Condition".to_owned(),
                clean(&format!("{}{due}", condition.text)),
            )
        }));
    }
    lines
}

fn determination(decided: &Determination) -> String {
    let (words, by, on) = (decided.decision.words(), &decided.by, day(decided.on));
    let mut said = format!("{words} by {by}, {on}");
    if let Some(revision) = decided.revision {
        let _ = write!(said, ", on revision {}", plain(revision));
    }
    if let Some(record) = &decided.record {
        let _ = write!(said, ", on the record {record}");
    }
    if let Some(reason) = &decided.reason {
        let _ = write!(said, ": {reason}");
    }
    clean(&said)
}

/// A date in words.
fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// The place at which a finding is shown.
pub(super) fn place(f: &Finding) -> Option<String> {
    let first = f.missing.first().or(f.subject.as_ref());
    let first = first.or_else(|| f.evidence.iter().find_map(|e| e.cells.first()));
    first.map(|place| clean(place))
}

/// By how much a comparison falls short.
pub(crate) fn off_by(gap: &Gap) -> String {
    match gap.unit.as_str() {
        "days" if gap.value == Decimal::ONE => "1 day".to_owned(),
        "days" => format!("{} days", plain(gap.value)),
        "number" if gap.is_share => points(gap.value),
        "number" => plain(gap.value),
        currency => money(gap.value, currency),
    }
}

/// A difference of two percentages: 0.025 is `2.5 points`.
fn points(x: Decimal) -> String {
    let points = x.checked_mul(Decimal::ONE_HUNDRED).unwrap_or(x).normalize();
    let unit = if points == Decimal::ONE {
        "point"
    } else {
        "points"
    };
    format!("{points} {unit}")
}

/// An expression with its value, and the cells that it rests on.
pub(super) fn because(evidence: &Evidence, currency: &str) -> (String, Option<String>) {
    let value = clean(&say(&evidence.value, currency));
    let words = format!("{} is {value}", clean(&evidence.expression));
    let cells = match evidence.cells.as_slice() {
        [] => None,
        [only] => Some(format!("({})", clean(only))),
        [first, rest @ ..] => Some(format!("({} and {} more)", clean(first), rest.len())),
    };
    (words, cells)
}

/// How many subjects were judged and how, and which rules had none; nothing of what could not be checked.
pub(super) fn judged(review: &Review) -> Vec<String> {
    if !review.is_checked() {
        return Vec::new();
    }
    let outcomes = review.outcomes();
    let mut lines = vec![format!(
        "Rules in force: {}. Outcomes: {}, of which {} pass, {} fail, {} cannot be told, {} not applicable.",
        review.rules.len(),
        outcomes.subjects(),
        outcomes.pass,
        outcomes.fail,
        outcomes.unknown,
        outcomes.not_applicable
    )];
    let idle = review.rules.iter().filter(|r| r.tally.subjects() == 0);
    let idle: Vec<&str> = idle.map(|r| &*r.rule).collect();
    if !idle.is_empty() {
        lines.push(format!(
            "Found nothing to judge: {}.",
            clean(&idle.join(", "))
        ));
    }
    lines
}

/// The office file that had a part in a report.
pub(super) fn with_office(office: &Office) -> String {
    let title = office.title.as_ref().or(office.office.as_ref());
    let title = title.map_or_else(String::new, |t| format!("{}, ", clean(t)));
    format!(
        "With the office file {} ({title}{}).",
        clean(&office.name),
        office.digest
    )
}

/// By when and to whom a plan that goes back is sent again; of any other plan, whom to ask.
pub(super) fn whom_to_ask(office: &Office, recommendation: Option<Recommendation>) -> String {
    let contact = office.contact.as_ref().map(|c| clean(&c.to_string()));
    let by = office.resubmit_by.map(|date| date.strftime("%-d %B %Y"));
    let returned = recommendation == Some(Recommendation::ReturnForRevision);
    match (by.filter(|_| returned), contact) {
        (Some(by), Some(contact)) => format!("Resubmit by {by} to {contact}.\n"),
        (Some(by), None) => format!("Resubmit by {by}.\n"),
        (None, Some(contact)) => format!("Questions: {contact}.\n"),
        (None, None) => String::new(),
    }
}

/// How far the text of a clause was checked, in brackets; nothing of one that was read.
pub(crate) fn how_far_checked(cite: &Cite) -> String {
    let checked = match cite.verification {
        Verification::Unconfirmed => "unconfirmed: its text was not read",
        Verification::Corroborated => "corroborated",
        Verification::DataConfirmed => "confirmed by data",
        Verification::TextRead => "",
    };
    let reading = cite
        .reading
        .as_ref()
        .map(|reading| clean(&reading.to_string()));
    let words: Vec<&str> = [Some(checked), reading.as_deref()]
        .into_iter()
        .flatten()
        .filter(|w| !w.is_empty())
        .collect();
    if words.is_empty() {
        return String::new();
    }
    format!(" ({})", words.join("; "))
}

/// A table as plain words.
pub(super) struct Columns {
    pub(super) heads: Vec<String>,
    /// Whether a column holds figures.
    pub(super) numeric: Vec<bool>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Columns {
    /// A row a submission. A pack whose submissions do not say who submits them has no column for it.
    pub(super) fn of_batch<K>(batch: &BatchReview<K>) -> Self {
        let whose = clean(&capitalised(&batch.pack.words.submitter));
        let words = [
            "Submission",
            &whose,
            "Year",
            "Recommendation",
            "After answers",
            "Decided",
        ];
        let figures = ["Escalate", "Return", "Condition", "Note", "Mistakes"];
        let answered = batch.entries.iter().any(|of| of.after_answers.is_some());
        let decided = batch.entries.iter().any(|of| of.decided.is_some());
        let shown = |(at, _): &(usize, String)| match at {
            1 => batch.pack.names_submitters,
            4 => answered,
            5 => decided,
            _ => true,
        };
        let some = |cells: Vec<String>| -> Vec<String> {
            let cells = cells.into_iter().enumerate().filter(shown);
            cells.map(|(_, cell)| cell).collect()
        };
        let heads = some(
            words
                .iter()
                .chain(&figures)
                .map(|h| (*h).to_owned())
                .collect(),
        );
        Columns {
            numeric: heads
                .iter()
                .map(|h| figures.contains(&h.as_str()))
                .collect(),
            rows: batch.entries.iter().map(|of| some(row_of(of))).collect(),
            heads,
        }
    }
}

impl Columns {
    /// A table of the pack.
    pub(super) fn of_table(table: &SummaryTable) -> Self {
        let is_text =
            |row: &Vec<(Value, String)>, c: usize| matches!(row.get(c), Some((Value::Text(_), _)));
        let figures = |c: usize| table.rows.iter().all(|row| !is_text(row, c));
        let words =
            |row: &Vec<(Value, String)>| row.iter().map(|(_, words)| clean(words)).collect();
        Columns {
            heads: table.columns.iter().map(|c| clean(c)).collect(),
            numeric: (0..table.columns.len()).map(figures).collect(),
            rows: table.rows.iter().map(words).collect(),
        }
    }
}

fn row_of(of: &Entry) -> Vec<String> {
    let some = |n: usize| if n == 0 { String::new() } else { n.to_string() };
    let count = |severity| some(of.count(severity));
    let recommended = of.is_checked();
    vec![
        clean(&of.path),
        clean(of.district.as_deref().unwrap_or("?")),
        of.fiscal_year
            .map_or_else(|| "?".to_owned(), |y| y.to_string()),
        if recommended {
            clean(&of.wording)
        } else {
            "could not check".to_owned()
        },
        clean(of.after_answers.as_deref().unwrap_or_default()),
        clean(of.decided.as_deref().unwrap_or_default()),
        count(Severity::Escalate),
        count(Severity::Return),
        count(Severity::Condition),
        count(Severity::Note),
        some(of.mistakes),
    ]
}

/// Whose a submission is, and which of theirs: `Windham`, ` (windham, fiscal year 2027)`.
pub(crate) fn named(review: &Review) -> (String, String) {
    let path = clean(&review.path);
    let name = review.district.as_deref().map(clean);
    let year = review.fiscal_year.map(|y| format!("fiscal year {y}"));
    let revision = review.revision.map(|r| format!("revision {}", plain(r)));
    let own = name.as_ref().map(|_| path.clone());
    let which: Vec<String> = [own, year, revision].into_iter().flatten().collect();
    let which = if which.is_empty() {
        which.join("")
    } else {
        format!(" ({})", which.join(", "))
    };
    (name.unwrap_or(path), which)
}

/// Who is expected and sent nothing.
pub(super) fn not_received<K>(batch: &BatchReview<K>) -> Vec<String> {
    let named = batch.not_received.iter().map(|n| {
        let name = n.district.as_deref().unwrap_or("?");
        format!(
            "{} ({}, {})",
            clean(name),
            clean(&n.district_code),
            n.fiscal_year
        )
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_percentages_are_points() {
        assert_eq!(points(Decimal::new(25, 3)), "2.5 points");
        assert_eq!(points(Decimal::new(1, 2)), "1 point");
    }
}
