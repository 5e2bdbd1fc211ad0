//! The comparison of two submissions for programs: `accordant.compare/1`.

use schemars::JsonSchema;
use serde::Serialize;

use super::table;
use crate::memory::compare::{
    CellDiff, CellSide, Comparison, Fate, FindingDiff, Group, How, MoneyDiff, Piece, RowDiff,
    RowKind, Side, Standing, Sum, Sums, TableDiff,
};
use crate::report::{PackOut, json_text};
use crate::review::{Finding, Recommendation};
use crate::schema::{FieldId, Table};
use crate::table::State;
use crate::value::{Decimal, Value, plain, plain_money};

/// The JSON Schema of a comparison.
pub(in crate::report) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Out<'_>>()
}

/// Two submissions, compared: `accordant.compare/1`.
#[derive(Serialize, JsonSchema)]
struct Out<'a> {
    format: &'static str,
    pack: PackOut<'a>,
    /// The earlier submission.
    old: SideOut<'a>,
    /// The later one.
    new: SideOut<'a>,
    /// Whether anything differs but the order of rows.
    changed: bool,
    notes: Vec<NoteOut<'a>>,
    findings: Vec<FindingOut<'a>>,
    tables: Vec<TableOut<'a>>,
}

/// One of both submissions.
#[derive(Serialize, JsonSchema)]
struct SideOut<'a> {
    path: &'a str,
    district_code: Option<&'a str>,
    district: Option<&'a str>,
    fiscal_year: Option<i64>,
    revision: Option<String>,
    recommendation: Option<&'static str>,
    wording: &'a str,
}

/// What to know before reading on.
#[derive(Serialize, JsonSchema)]
struct NoteOut<'a> {
    /// The two are perhaps not to be compared at all.
    loud: bool,
    words: &'a str,
}

/// What became of a finding.
#[derive(Serialize, JsonSchema)]
struct FindingOut<'a> {
    /// `remaining`, `otherwise`, `new`, `cured`, `no-longer-applies`, `row-dropped` or `not-judged`.
    fate: &'static str,
    rule: &'a str,
    code: &'a str,
    title: &'a str,
    /// What the key of its row holds.
    key: Option<&'a str>,
    /// A change was required: it was above a note before, and no question.
    required: bool,
    /// Whether the required change was made; null: that cannot be told, or none was required.
    met: Option<bool>,
    old: Option<SaidOut<'a>>,
    new: Option<SaidOut<'a>>,
}

/// A finding on one side.
#[derive(Serialize, JsonSchema)]
struct SaidOut<'a> {
    outcome: &'static str,
    severity: &'static str,
    subject: Option<&'a str>,
    message: &'a str,
    advice: &'a str,
}

/// What became of the rows of a table.
#[derive(Serialize, JsonSchema)]
struct TableOut<'a> {
    table: &'a str,
    /// The old one's table that this one repeats, where it is another.
    against: Option<&'a str>,
    /// `there`, `absent` or `unreadable`.
    old: &'static str,
    /// The same of the new one.
    new: &'static str,
    key: Vec<&'a str>,
    matched: MatchedOut,
    added: usize,
    dropped: usize,
    changed: usize,
    unchanged: usize,
    /// How many of the unchanged rows stand elsewhere among the others.
    moved: usize,
    /// How many cells can be read in neither and have the same words in both.
    unreadable: usize,
    rows: Vec<RowOut<'a>>,
    money: Vec<MoneyOut<'a>>,
}

/// How the rows were found again.
#[derive(Serialize, JsonSchema)]
struct MatchedOut {
    by_key: usize,
    by_same_content: usize,
    by_closest_content: usize,
    /// There were too many rows without a common key to compare each with each.
    too_many: bool,
}

/// A row that is not the same in both.
#[derive(Serialize, JsonSchema)]
struct RowOut<'a> {
    /// `changed`, `added` or `dropped`.
    kind: &'static str,
    key: Option<&'a str>,
    old: Option<&'a str>,
    new: Option<&'a str>,
    /// `only`, `key`, `same-content` or `closest-content`.
    matched: Option<&'static str>,
    /// Of a row found by the closest content, how much of it is the same, in thousandths.
    closeness: Option<u32>,
    /// The cells that changed; of a row in one alone, all that hold something.
    cells: Vec<CellOut<'a>>,
}

/// A cell before and after.
#[derive(Serialize, JsonSchema)]
struct CellOut<'a> {
    field: &'a str,
    old: Option<ValueOut<'a>>,
    new: Option<ValueOut<'a>>,
    /// By how much a figure grew or shrank.
    change: Option<String>,
    /// A text word by word.
    words: Vec<PieceOut<'a>>,
}

/// What a cell holds.
#[derive(Serialize, JsonSchema)]
struct ValueOut<'a> {
    /// `value`, `blank`, `not-applicable`, `suppressed` or `unreadable`.
    state: &'static str,
    /// The value; null where there is none, and of a small count, which is printed nowhere.
    value: Option<String>,
    words: &'a str,
    place: &'a str,
}

/// A run of words: one of the three.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum PieceOut<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// The money of a field.
#[derive(Serialize, JsonSchema)]
struct MoneyOut<'a> {
    field: &'a str,
    total: SumsOut,
    by: Vec<GroupingOut<'a>>,
}

/// Money by what a field says.
#[derive(Serialize, JsonSchema)]
struct GroupingOut<'a> {
    field: &'a str,
    /// How much left some groups and came to others.
    moved: String,
    groups: Vec<GroupOut<'a>>,
}

/// The rows that say one thing.
#[derive(Serialize, JsonSchema)]
struct GroupOut<'a> {
    /// `named`, `none` or `unknown`.
    kind: &'static str,
    name: Option<&'a str>,
    label: Option<&'a str>,
    sums: SumsOut,
}

/// A sum before and after.
#[derive(Serialize, JsonSchema)]
struct SumsOut {
    old: String,
    new: String,
    difference: String,
    /// How many rows of the old one hold no amount, and are not in the sum.
    old_without: usize,
    /// The same of the new one.
    new_without: usize,
}

/// The whole comparison.
pub fn json(comparison: &Comparison<'_>) -> String {
    let notes = comparison.notes.iter().map(|note| NoteOut {
        loud: note.loud,
        words: &note.words,
    });
    let tables = comparison.tables.iter();
    let tables = tables.filter_map(|of| Some(table_out(comparison, of, table(comparison, of)?)));
    json_text(&Out {
        format: "accordant.compare/1",
        pack: PackOut::of(comparison.pack),
        old: side(comparison.old),
        new: side(comparison.new),
        changed: comparison.is_change(),
        notes: notes.collect(),
        findings: comparison.findings.iter().filter_map(finding).collect(),
        tables: tables.collect(),
    })
}

fn side(of: Side<'_>) -> SideOut<'_> {
    SideOut {
        path: &of.review.path,
        district_code: of.review.district_code.as_deref(),
        district: of.review.district.as_deref(),
        fiscal_year: of.review.fiscal_year,
        revision: of.review.revision.map(plain),
        recommendation: of.review.recommendation.map(Recommendation::name),
        wording: &of.review.wording,
    }
}

fn finding<'a>(of: &'a FindingDiff<'a>) -> Option<FindingOut<'a>> {
    let latest = of.latest()?;
    Some(FindingOut {
        fate: match of.fate {
            Fate::Remaining => "remaining",
            Fate::Otherwise => "otherwise",
            Fate::New => "new",
            Fate::Cured => "cured",
            Fate::NoLongerApplies => "no-longer-applies",
            Fate::Gone => "row-dropped",
            Fate::NotJudged => "not-judged",
        },
        rule: &latest.rule,
        code: &latest.code,
        title: &latest.title,
        key: of.name.as_deref(),
        required: of.was_required(),
        met: of.is_met().filter(|_| of.was_required()),
        old: of.old.map(said),
        new: of.new.map(said),
    })
}

fn said(finding: &Finding) -> SaidOut<'_> {
    SaidOut {
        outcome: finding.outcome.name(),
        severity: finding.severity.name(),
        subject: finding.subject.as_deref(),
        message: &finding.message,
        advice: &finding.advice,
    }
}

fn name(table: &Table, field: FieldId) -> &str {
    table.fields.get(field).map_or("", |field| &field.name)
}

fn table_out<'a>(
    comparison: &'a Comparison<'_>,
    of: &'a TableDiff,
    table: &'a Table,
) -> TableOut<'a> {
    let from = of.from.and_then(|id| comparison.pack.schema.tables.get(id));
    TableOut {
        table: &table.name,
        against: from.map(|table| table.name.as_str()),
        old: standing(of.standing.0),
        new: standing(of.standing.1),
        key: of.key.iter().map(|&field| name(table, field)).collect(),
        matched: MatchedOut {
            by_key: of.matched.by_key,
            by_same_content: of.matched.by_same_content,
            by_closest_content: of.matched.by_closest_content,
            too_many: of.too_many,
        },
        added: of.count(RowKind::Added),
        dropped: of.count(RowKind::Dropped),
        changed: of.count(RowKind::Changed),
        unchanged: of.unchanged,
        moved: of.moved,
        unreadable: of.unreadable,
        rows: of.rows.iter().map(|row| row_out(table, row)).collect(),
        money: of.money.iter().map(|of| money(table, of)).collect(),
    }
}

fn standing(of: Standing) -> &'static str {
    match of {
        Standing::There => "there",
        Standing::Absent => "absent",
        Standing::Lost => "unreadable",
    }
}

fn row_out<'a>(table: &'a Table, row: &'a RowDiff) -> RowOut<'a> {
    RowOut {
        kind: match row.kind {
            RowKind::Changed => "changed",
            RowKind::Added => "added",
            RowKind::Dropped => "dropped",
        },
        key: row.name.as_deref(),
        old: row.old.as_deref(),
        new: row.new.as_deref(),
        matched: row.how.map(|how| match how {
            How::Only => "only",
            How::Key => "key",
            How::Same => "same-content",
            How::Closest(_) => "closest-content",
        }),
        closeness: match row.how {
            Some(How::Closest(close)) => Some(close),
            _ => None,
        },
        cells: row.cells.iter().map(|of| cell(table, of)).collect(),
    }
}

fn cell<'a>(table: &'a Table, of: &'a CellDiff) -> CellOut<'a> {
    let change = of.change.map(|change| {
        let value = of.new.as_ref().and_then(|new| new.value.as_ref());
        match value {
            Some(Value::Money(_)) => plain_money(change),
            _ => plain(change),
        }
    });
    CellOut {
        field: name(table, of.field),
        old: of.old.as_ref().map(value),
        new: of.new.as_ref().map(value),
        change,
        words: of.pieces.iter().map(piece).collect(),
    }
}

fn value(of: &CellSide) -> ValueOut<'_> {
    let value = of.value.as_ref().map(|value| match value {
        Value::Number(x) | Value::Percent(x) => plain(*x),
        Value::Money(x) => plain_money(*x),
        Value::Bool(truth) => truth.to_string(),
        _ => of.words.clone(),
    });
    ValueOut {
        state: match of.state {
            State::Value => "value",
            State::Blank => "blank",
            State::NotApplicable => "not-applicable",
            State::Suppressed => "suppressed",
            State::Unreadable => "unreadable",
        },
        value,
        words: &of.words,
        place: &of.place,
    }
}

fn piece(of: &Piece) -> PieceOut<'_> {
    match of {
        Piece::Same(words) => PieceOut::Same(words),
        Piece::Gone(words) => PieceOut::Gone(words),
        Piece::New(words) => PieceOut::New(words),
    }
}

fn money<'a>(table: &'a Table, of: &'a MoneyDiff) -> MoneyOut<'a> {
    let by = of.groupings.iter().map(|grouping| GroupingOut {
        field: name(table, grouping.by),
        moved: amount(grouping.moved),
        groups: grouping.groups.iter().map(group).collect(),
    });
    MoneyOut {
        field: name(table, of.field),
        total: sums(of.total),
        by: by.collect(),
    }
}

fn group((group, of): &(Group, Sums)) -> GroupOut<'_> {
    let (kind, name, label) = match group {
        Group::Named(name, label) => ("named", Some(name.as_str()), label.as_deref()),
        Group::None => ("none", None, None),
        Group::Unknown => ("unknown", None, None),
    };
    GroupOut {
        kind,
        name,
        label,
        sums: sums(*of),
    }
}

fn sums(of: Sums) -> SumsOut {
    let known = |sum: Sum| amount(sum.known);
    SumsOut {
        old: known(of.old),
        new: known(of.new),
        difference: amount(of.change()),
        old_without: of.old.missing,
        new_without: of.new.missing,
    }
}

fn amount(x: Decimal) -> String {
    plain_money(x)
}
