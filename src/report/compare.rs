//! Two submissions held against each other, for people and programs.

mod html;
mod json;
mod markdown;
mod text;

pub use html::html;
pub use json::json;
pub(super) use json::schema;
pub use markdown::markdown;
pub use text::text;

use crate::memory::compare::{
    CellDiff, Comparison, Fate, FindingDiff, Group, Grouping, How, MoneyDiff, Piece, RowDiff,
    RowKind, Standing, Sum, Sums, TableDiff,
};
use crate::neutral::clean;
use crate::report::words::{named, place};
use crate::review::{Finding, Review};
use crate::schema::{FieldId, Table};
use crate::value::{Decimal, Value, money, percent, plain};

/// How many rows of a table, or findings of one fate, are printed for people; all are in the JSON report.
const SHOWN: usize = 100;

/// How many of so many are not printed, if any.
fn more(n: usize) -> Option<usize> {
    n.checked_sub(SHOWN).filter(|more| *more > 0)
}

/// The changes that were required, each with what was found before.
fn required<'c>(comparison: &'c Comparison<'_>) -> Vec<(&'c FindingDiff<'c>, &'c Finding)> {
    let all = comparison.findings.iter().filter(|of| of.was_required());
    all.filter_map(|of| Some((of, of.old?))).collect()
}

/// The questions that were asked before and are asked again.
fn still_asked<'c>(comparison: &'c Comparison<'_>) -> Vec<(&'c FindingDiff<'c>, &'c Finding)> {
    let all = comparison.findings.iter().filter(|of| of.is_still_asked());
    all.filter_map(|of| Some((of, of.new?))).collect()
}

/// What is found that was not found before.
fn new_findings<'c>(comparison: &'c Comparison<'_>) -> Vec<(&'c FindingDiff<'c>, &'c Finding)> {
    let all = comparison.findings.iter().filter(|of| of.old.is_none());
    all.filter_map(|of| Some((of, of.new?))).collect()
}

/// Whether there is nothing to say of a table beyond how many rows it has.
fn is_quiet(of: &TableDiff) -> bool {
    !of.is_change() && of.moved == 0 && of.unreadable == 0
}

/// The money that there is to tell of, field by field.
fn monies(of: &TableDiff) -> impl Iterator<Item = &MoneyDiff> {
    of.money.iter().filter(|of| is_money(of))
}

/// The groups in which money changed, and how many others there are.
fn changed_groups(of: &Grouping) -> (Vec<&(Group, Sums)>, usize) {
    let changed = of.groups.iter().filter(|(_, sums)| !sums.is_same());
    let changed: Vec<_> = changed.collect();
    let same = of.groups.len() - changed.len();
    (changed, same)
}

/// How much moved between groups, if anything: `$100.00 of what is known`.
fn moved(of: &Grouping, total: &Sums, currency: &str) -> Option<String> {
    let known = if total.old.missing + total.new.missing > 0 {
        " of what is known"
    } else {
        ""
    };
    let moved = money(of.moved, currency);
    (!of.moved.is_zero()).then(|| format!("{moved}{known}"))
}

/// The table of a difference.
fn table<'c>(comparison: &'c Comparison<'_>, of: &TableDiff) -> Option<&'c Table> {
    comparison.pack.schema.tables.get(of.table)
}

/// What people call a field.
fn label(table: &Table, field: FieldId) -> String {
    let field = table.fields.get(field);
    let words = field.map_or("", |f| {
        if f.label.is_empty() {
            &f.name
        } else {
            &f.label
        }
    });
    clean(words)
}

/// What people call a table, and which it repeats.
fn title(comparison: &Comparison<'_>, of: &TableDiff) -> String {
    let name = |table: Option<&Table>| {
        let words = table.map_or("", |t| {
            if t.label.is_empty() {
                &t.name
            } else {
                &t.label
            }
        });
        clean(words)
    };
    let own = name(table(comparison, of));
    match of.from {
        Some(from) => {
            let from = name(comparison.pack.schema.tables.get(from));
            format!("{own}, against the old one's {}", lower(&from))
        }
        None => own,
    }
}

fn lower(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string());
    format!("{}{}", first.unwrap_or_default(), chars.as_str())
}

/// Whose a submission is and what is recommended: `windham-1: Windham (fiscal year 2027): Return for revision`.
fn whose(review: &Review) -> String {
    let (name, which) = named(review);
    format!("{name}{which}")
}

fn recommended(review: &Review) -> String {
    clean(&review.wording)
}

/// How many rows became what: `1 added, 2 changed, 40 the same`.
fn counts(of: &TableDiff) -> String {
    match of.standing {
        (Standing::Lost, Standing::Lost) => return "could be read in neither".to_owned(),
        (Standing::Lost, _) => return "could not be read in the old one: not compared".to_owned(),
        (_, Standing::Lost) => return "cannot be read in the new one: not compared".to_owned(),
        _ => {}
    }
    let counted = [
        (of.count(RowKind::Added), "added"),
        (of.count(RowKind::Dropped), "dropped"),
        (of.count(RowKind::Changed), "changed"),
        (of.unchanged, "the same"),
    ];
    let mut parts: Vec<String> = counted
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{n} {what}"))
        .collect();
    if of.moved > 0 {
        parts.push(format!("{} of them moved", of.moved));
    }
    if parts.is_empty() {
        parts.push("no rows".to_owned());
    }
    match of.standing {
        (Standing::Absent, Standing::There) => parts.push("the old one has no such table".into()),
        (Standing::There, Standing::Absent) => parts.push("the new one has no such table".into()),
        _ => {}
    }
    parts.join(", ")
}

/// How the rows of a table were found again, and what is not known of them.
fn matched(comparison: &Comparison<'_>, of: &TableDiff) -> Vec<String> {
    let mut lines = Vec::new();
    let key: Vec<String> = table(comparison, of).map_or_else(Vec::new, |table| {
        let names = of.key.iter().filter_map(|field| table.fields.get(*field));
        names.map(|field| format!("`{}`", field.name)).collect()
    });
    let ways = [
        (of.matched.by_key, format!("by {}", key.join(" and "))),
        (of.matched.by_same_content, "by the same content".to_owned()),
        (
            of.matched.by_closest_content,
            "by the closest content".to_owned(),
        ),
    ];
    let ways: Vec<String> = ways
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, how)| format!("{n} {how}"))
        .collect();
    if !ways.is_empty() {
        lines.push(format!("rows found again: {}", ways.join(", ")));
    }
    if of.too_many {
        lines.push(
            "too many rows have no key in common to compare each with each: a changed row may stand as dropped and added"
                .to_owned(),
        );
    }
    match of.unreadable {
        0 => {}
        1 => lines
            .push("1 cell can be read in neither: whether it changed cannot be told".to_owned()),
        n => lines.push(format!(
            "{n} cells can be read in neither: whether they changed cannot be told"
        )),
    }
    lines
}

/// A row's name and place: `L-07 (old/budget.csv:3 -> new/budget.csv:4)`.
fn row_name(row: &RowDiff) -> String {
    let places = match (&row.old, &row.new) {
        (Some(old), Some(new)) => format!("{} -> {}", clean(old), clean(new)),
        (Some(only), None) | (None, Some(only)) => clean(only),
        (None, None) => String::new(),
    };
    match &row.name {
        Some(name) => format!("{} ({places})", clean(name)),
        None => places,
    }
}

/// How a changed row was found again, where its key does not say it.
fn how(row: &RowDiff) -> Option<String> {
    match row.how? {
        How::Closest(close) => Some(format!(
            "found by the closest content, {} % the same",
            close / 10
        )),
        How::Same => Some("found by the same content".to_owned()),
        How::Only | How::Key => None,
    }
}

/// What a row that is in one alone holds: its cells in a line.
fn content(table: &Table, row: &RowDiff) -> String {
    let cells = row.cells.iter().filter_map(|cell| {
        let side = cell.old.as_ref().or(cell.new.as_ref())?;
        Some(format!(
            "{} {}",
            label(table, cell.field),
            clean(&side.words)
        ))
    });
    cells.collect::<Vec<_>>().join("; ")
}

/// A cell before and after: `$10.00 -> $12.00 (+$2.00)`, or a text with its changes marked.
fn cell(of: &CellDiff, currency: &str) -> String {
    let (Some(old), Some(new)) = (&of.old, &of.new) else {
        return String::new();
    };
    if !of.pieces.is_empty() {
        return pieces(&of.pieces);
    }
    let change = of.change.zip(new.value.as_ref());
    let change = change.map(|(change, value)| format!(" ({})", signed(change, value, currency)));
    format!(
        "{} -> {}{}",
        clean(&old.words),
        clean(&new.words),
        change.unwrap_or_default()
    )
}

/// A text word by word, as `[-what was-]` and `{+what is+}`.
fn pieces(pieces: &[Piece]) -> String {
    let words = pieces.iter().map(|piece| match piece {
        Piece::Same(words) => clean(words),
        Piece::Gone(words) => format!("[-{}-]", clean(words)),
        Piece::New(words) => format!("{{+{}+}}", clean(words)),
    });
    words.collect::<Vec<_>>().join(" ")
}

fn signed(x: Decimal, like: &Value, currency: &str) -> String {
    let sign = if x.is_sign_negative() { "-" } else { "+" };
    let size = match like {
        Value::Money(_) => money(x.abs(), currency),
        Value::Percent(_) => percent(x.abs()),
        _ => plain(x.abs()),
    };
    format!("{sign}{size}")
}

/// An amount that was moved, grew or shrank.
fn change(x: Decimal, currency: &str) -> String {
    if x.is_zero() {
        return "no change".to_owned();
    }
    signed(x, &Value::Money(x), currency)
}

fn sum(of: Sum, currency: &str) -> String {
    let known = money(of.known, currency);
    match of.missing {
        0 => known,
        1 => format!("{known} and 1 row without an amount"),
        n => format!("{known} and {n} rows without an amount"),
    }
}

/// `$10.00 -> $12.00 (+$2.00)`.
fn sums(of: &Sums, currency: &str) -> String {
    let known = if of.old.missing + of.new.missing > 0 {
        " of what is known"
    } else {
        ""
    };
    let change = change(of.change(), currency);
    format!(
        "{} -> {} ({change}{known})",
        sum(of.old, currency),
        sum(of.new, currency)
    )
}

/// What people call a group of rows.
fn group(of: &Group) -> String {
    match of {
        Group::Named(code, Some(label)) if code != label => {
            format!("{} ({})", clean(label), clean(code))
        }
        Group::Named(code, _) => clean(code),
        Group::None => "none named".to_owned(),
        Group::Unknown => "cannot be told".to_owned(),
    }
}

/// Whether there is money to tell of.
fn is_money(of: &MoneyDiff) -> bool {
    let Sums { old, new } = of.total;
    !(old.known.is_zero() && new.known.is_zero() && old.missing + new.missing == 0)
}

/// What became of a finding, in a few words.
fn fate(of: &FindingDiff<'_>) -> &'static str {
    match of.fate {
        Fate::Remaining => "remains",
        Fate::Otherwise => match of.is_met() {
            None => "failed, and cannot be told any more",
            Some(_) => "could not be told, and fails",
        },
        Fate::New => "new",
        Fate::Cured => "passes now",
        Fate::NoLongerApplies => "does not apply any more",
        Fate::Gone => "its row was dropped",
        Fate::NotJudged => "was not judged again",
    }
}

/// Whether a required change was made.
fn met(of: &FindingDiff<'_>) -> &'static str {
    match of.is_met() {
        Some(true) => "met",
        Some(false) => "not met",
        None => "cannot be told",
    }
}

/// A finding's rule and row: `[return] line-arithmetic (AD-B04): 12`.
fn rule(of: &FindingDiff<'_>, finding: &Finding) -> String {
    let name = of.name.as_ref();
    let name = name.map_or_else(String::new, |name| format!(", `{}`", clean(name)));
    format!(
        "{} ({}), {}{name}",
        clean(&finding.rule),
        clean(&finding.code),
        finding.severity.name()
    )
}

/// A finding's words, with its place.
fn said(finding: &Finding) -> String {
    let place = place(finding).map_or_else(String::new, |place| format!(" ({place})"));
    format!("{}{place}", clean(&finding.message))
}

/// How the findings stand in one line.
fn tally(comparison: &Comparison<'_>) -> String {
    let count = |fates: &[Fate]| {
        let all = comparison.findings.iter();
        all.filter(|of| fates.contains(&of.fate)).count()
    };
    let cured = count(&[Fate::Cured, Fate::NoLongerApplies, Fate::Gone]);
    let remaining = count(&[Fate::Remaining, Fate::Otherwise]);
    let mut line = format!(
        "{cured} cured, {remaining} remaining, {} new",
        count(&[Fate::New])
    );
    match count(&[Fate::NotJudged]) {
        0 => {}
        n => line = format!("{line}, {n} not judged again"),
    }
    let required = comparison.findings.iter().filter(|of| of.was_required());
    let met = required.clone().filter(|of| of.is_met() == Some(true));
    format!(
        "{line}; required changes met: {} of {}",
        met.count(),
        required.count()
    )
}
