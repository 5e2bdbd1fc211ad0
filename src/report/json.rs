//! The review of a batch as JSON, in the form `accordant.review/1`: stable keys in a stable order, decimals as strings,
//! no time and no path outside the batch.

mod indented;

use std::io;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use self::indented::Indented;
use super::json_text;
use crate::batch::{self, BatchReview, Entry, Totals};
use crate::memory::record;
use crate::pack::Pack;
use crate::review::{Evidence, Finding, Review, SummaryTable, Tally};
use crate::value::{Decimal, Value, plain, plain_money};

/// The report, indented by two spaces, with a line break at the end.
pub fn write(batch: &BatchReview) -> String {
    let mut out = Vec::new();
    // Nothing that is written to memory fails.
    let _ = write_to(batch, &mut out, |review| Ok(piece(review)));
    String::from_utf8(out).unwrap_or_default()
}

/// The JSON Schema of the report.
pub(super) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<Report<'_>>()
}

/// The report, written out piece by piece: `piece` gives what [`piece`] made of each submission. Fails where it or `out` does.
pub fn write_to<K>(
    batch: &BatchReview<K>,
    mut out: impl io::Write,
    mut piece: impl FnMut(&K) -> io::Result<Vec<u8>>,
) -> io::Result<()> {
    let mut whole = Whole::begin(&mut out, batch)?;
    for kept in &batch.reviews {
        whole.add(&piece(kept)?)?;
    }
    whole.end(&batch.totals(), batch)
}

/// A report that is written as its submissions are reviewed.
pub struct Whole<W> {
    out: W,
    is_empty: bool,
}

impl<W: io::Write> Whole<W> {
    /// Writes what stands before the submissions; those of the batch are not asked for.
    pub fn begin<K>(mut out: W, batch: &BatchReview<K>) -> io::Result<Self> {
        let head = json_text(&Head::of(batch));
        out.write_all(head.trim_end_matches("\n}\n").as_bytes())?;
        out.write_all(b",\n  \"submissions\": [")?;
        Ok(Whole {
            out,
            is_empty: true,
        })
    }

    /// Writes what [`piece`] made of the next submission.
    pub fn add(&mut self, piece: &[u8]) -> io::Result<()> {
        let comma: &[u8] = if self.is_empty { b"\n    " } else { b",\n    " };
        self.is_empty = false;
        self.out.write_all(comma)?;
        self.out.write_all(piece)
    }

    /// Writes what stands behind the submissions, which came to these totals.
    pub fn end<K>(mut self, totals: &Totals, batch: &BatchReview<K>) -> io::Result<()> {
        let foot = json_text(&Foot::of(totals, batch));
        let end: &[u8] = if self.is_empty { b"]," } else { b"\n  ]," };
        self.out.write_all(end)?;
        self.out
            .write_all(foot.trim_start_matches('{').as_bytes())?;
        self.out.flush()
    }
}

/// The report on one submission of a batch alone, of which `report` is what [`piece`] made.
pub fn alone(pack: &batch::PackName, of: &Entry, report: &[u8]) -> Vec<u8> {
    let batch = BatchReview {
        pack: pack.clone(),
        diagnostics: Vec::new(),
        entries: vec![of.clone()],
        reviews: vec![()],
        not_received: Vec::new(),
        superseded: Vec::new(),
        not_read: Vec::new(),
    };
    let mut out = Vec::new();
    // Nothing that is written to memory fails.
    let _ = write_to(&batch, &mut out, |()| Ok(report.to_vec()));
    out
}

/// The tables of each submission that an archive shows across years, as a record holds them.
pub fn history(pack: &Pack, batch: &BatchReview) -> Vec<record::Figures> {
    let by = |id: &str| {
        let mut found = pack.summaries.iter().filter(|summary| summary.id == id);
        let found = found.find_map(|summary| summary.history.clone());
        found.unwrap_or_default()
    };
    let rows = |table: &SummaryTable| {
        let row = |row: &Vec<(Value, String)>| {
            let values = row
                .iter()
                .map(|(value, _)| serde_json::to_value(Written(value)));
            // A value always becomes JSON.
            values.map(Result::unwrap_or_default).collect()
        };
        table.rows.iter().map(row).collect()
    };
    let figures = batch.reviews.iter().map(|review| record::Figures {
        path: review.path.clone(),
        tables: (review.history.iter())
            .map(|table| record::Table {
                id: table.id.clone(),
                title: table.title.clone(),
                by: by(&table.id),
                columns: table.columns.clone(),
                rows: rows(table),
            })
            .collect(),
    });
    figures.filter(|of| !of.tables.is_empty()).collect()
}

/// What the report says of one submission, indented as it stands there.
pub fn piece(review: &Review) -> Vec<u8> {
    // It stands in a list of an object.
    const DEPTH: usize = 2;
    let mut piece = Vec::with_capacity(1 << 14);
    let mut serializer = serde_json::Serializer::with_formatter(&mut piece, Indented::at(DEPTH));
    // Nothing that is written to memory fails.
    let _ = submission(review).serialize(&mut serializer);
    // It may wait for its turn.
    piece.shrink_to_fit();
    piece
}

/// The review of a batch: `accordant.review/1`.
#[derive(JsonSchema)]
#[expect(
    dead_code,
    reason = "it is there for its schema: it is written piece by piece"
)]
struct Report<'a> {
    format: &'static str,
    engine: Engine,
    pack: PackName<'a>,
    diagnostics: Vec<Diagnostic<'a>>,
    submissions: Vec<Submission<'a>>,
    summary: Summary<'a>,
}

#[derive(Serialize)]
struct Head<'a> {
    format: &'static str,
    engine: Engine,
    pack: PackName<'a>,
    diagnostics: Vec<Diagnostic<'a>>,
}

#[derive(Serialize)]
struct Foot<'a> {
    summary: Summary<'a>,
}

#[derive(Serialize, JsonSchema)]
struct Engine {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct PackName<'a> {
    id: &'a str,
    version: &'a str,
    digest: &'a str,
    office: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct Diagnostic<'a> {
    place: &'a str,
    message: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct Submission<'a> {
    path: &'a str,
    district_code: Option<&'a str>,
    district: Option<&'a str>,
    fiscal_year: Option<i64>,
    revision: Option<Figure>,
    recommendation: Option<&'static str>,
    after_answers: Option<&'static str>,
    inputs: Vec<Input<'a>>,
    diagnostics: Vec<Diagnostic<'a>>,
    outcomes: Outcomes,
    rules: Vec<Rule<'a>>,
    findings: Vec<FindingOut<'a>>,
    undecided: Vec<Undecided<'a>>,
    tables: Vec<Table<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct Input<'a> {
    path: &'a str,
    rows: usize,
    sha256: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct Outcomes {
    pass: usize,
    fail: usize,
    unknown: usize,
    #[serde(rename = "not-applicable")]
    not_applicable: usize,
}

#[derive(Serialize, JsonSchema)]
struct Rule<'a> {
    rule: &'a str,
    code: &'a str,
    subjects: usize,
    pass: usize,
    fail: usize,
    unknown: usize,
    #[serde(rename = "not-applicable")]
    not_applicable: usize,
}

#[derive(Serialize, JsonSchema)]
struct FindingOut<'a> {
    rule: &'a str,
    code: &'a str,
    outcome: &'static str,
    severity: &'static str,
    basis: &'static str,
    subject: Option<&'a str>,
    message: &'a str,
    advice: &'a str,
    cites: Vec<Cite<'a>>,
    gap: Option<Gap<'a>>,
    evidence: Vec<EvidenceOut<'a>>,
    assumptions: Vec<EvidenceOut<'a>>,
    missing: &'a [String],
}

#[derive(Serialize, JsonSchema)]
struct Cite<'a> {
    key: &'a str,
    citation: &'a str,
    verification: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Gap<'a> {
    value: String,
    unit: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct EvidenceOut<'a> {
    expression: &'a str,
    value: Written<'a>,
    cells: &'a [String],
}

#[derive(Serialize, JsonSchema)]
struct Undecided<'a> {
    rule: &'a str,
    owed_by: &'a str,
    message: &'a str,
}

#[derive(Serialize, JsonSchema)]
struct Table<'a> {
    id: &'a str,
    title: &'a str,
    columns: &'a [String],
    rows: Vec<Vec<Written<'a>>>,
}

#[derive(Serialize, JsonSchema)]
struct Summary<'a> {
    submissions: usize,
    recommendations: Recommendations,
    not_received: Vec<NotReceived<'a>>,
    superseded: &'a [String],
    not_read: Vec<NotRead<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
struct Recommendations {
    approve: usize,
    approve_with_conditions: usize,
    return_for_revision: usize,
    escalate_to_commissioner: usize,
    could_not_check: usize,
}

#[derive(Serialize, JsonSchema)]
struct NotReceived<'a> {
    district_code: &'a str,
    district: Option<&'a str>,
    fiscal_year: i64,
}

#[derive(Serialize, JsonSchema)]
struct NotRead<'a> {
    path: &'a str,
    why: &'a str,
}

/// The form of a whole number or a decimal, in JSON Schema.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it is there for its schema")]
enum AnyFigure {
    Whole(i64),
    Decimal(String),
}

/// A whole number as a JSON number, any other as a string.
#[derive(JsonSchema)]
#[schemars(with = "AnyFigure")]
struct Figure(Decimal);

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = plain(self.0);
        match text.parse::<i64>() {
            Ok(whole) => serializer.serialize_i64(whole),
            Err(_) => serializer.serialize_str(&text),
        }
    }
}

/// A value: decimals, dates and texts as strings, truth values, `null`, lists; an unknown as its bounds.
#[derive(JsonSchema)]
#[schemars(with = "AnyValue<'a>")]
pub(super) struct Written<'a>(pub(super) &'a Value);

/// The form of a value, in JSON Schema.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "it is there for its schema")]
enum AnyValue<'a> {
    Null,
    Truth(bool),
    Text(String),
    List(Vec<Written<'a>>),
    Bounds(Bounds<'a>),
}

#[derive(Serialize, JsonSchema)]
struct Bounds<'a> {
    min: Option<Written<'a>>,
    max: Option<Written<'a>>,
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_none(),
            Value::Bool(b) => serializer.serialize_bool(*b),
            Value::Number(x) | Value::Percent(x) => serializer.serialize_str(&plain(*x)),
            Value::Money(x) => serializer.serialize_str(&plain_money(*x)),
            Value::Date(d) => serializer.serialize_str(&d.to_string()),
            Value::Text(t) | Value::Row(t) => serializer.serialize_str(t),
            Value::List(items) => serializer.collect_seq(items.iter().map(Written)),
            Value::Suppressed => serializer.serialize_str("suppressed"),
            Value::NotApplicable => serializer.serialize_str("n/a"),
            Value::Unknown { min, max } => Bounds {
                min: min.as_deref().map(Written),
                max: max.as_deref().map(Written),
            }
            .serialize(serializer),
        }
    }
}

impl<'a> Head<'a> {
    fn of<K>(batch: &'a BatchReview<K>) -> Self {
        Head {
            format: "accordant.review/1",
            engine: Engine {
                name: "accordant",
                version: env!("CARGO_PKG_VERSION"),
            },
            pack: PackName {
                id: &batch.pack.id,
                version: &batch.pack.version,
                digest: &batch.pack.digest,
                office: batch.pack.office.as_ref().map(|o| o.digest.as_str()),
            },
            diagnostics: diagnostics(&batch.diagnostics),
        }
    }
}

impl<'a> Foot<'a> {
    fn of<K>(totals: &Totals, batch: &'a BatchReview<K>) -> Self {
        let [
            approve,
            approve_with_conditions,
            return_for_revision,
            escalate_to_commissioner,
        ] = totals.recommendations;
        Foot {
            summary: Summary {
                submissions: totals.submissions,
                recommendations: Recommendations {
                    approve,
                    approve_with_conditions,
                    return_for_revision,
                    escalate_to_commissioner,
                    could_not_check: totals.unchecked,
                },
                not_received: batch
                    .not_received
                    .iter()
                    .map(|n| NotReceived {
                        district_code: &n.district_code,
                        district: n.district.as_deref(),
                        fiscal_year: n.fiscal_year,
                    })
                    .collect(),
                superseded: &batch.superseded,
                not_read: batch
                    .not_read
                    .iter()
                    .map(|(path, why)| NotRead { path, why })
                    .collect(),
            },
        }
    }
}

fn diagnostics(list: &[crate::diagnostic::Diagnostic]) -> Vec<Diagnostic<'_>> {
    list.iter()
        .map(|d| Diagnostic {
            place: &d.place,
            message: &d.message,
        })
        .collect()
}

fn submission(review: &Review) -> Submission<'_> {
    let Tally {
        pass,
        fail,
        unknown,
        not_applicable,
    } = review.outcomes();
    Submission {
        path: &review.path,
        district_code: review.district_code.as_deref(),
        district: review.district.as_deref(),
        fiscal_year: review.fiscal_year,
        revision: review.revision.map(Figure),
        recommendation: review
            .recommendation
            .map(crate::review::Recommendation::name),
        after_answers: (review.memory.as_ref())
            .and_then(|memory| memory.after_answers.as_ref())
            .map(|(after, _)| after.name()),
        inputs: review
            .inputs
            .iter()
            .map(|i| Input {
                path: &i.path,
                rows: i.rows,
                sha256: i.sha256.as_deref(),
            })
            .collect(),
        diagnostics: diagnostics(&review.diagnostics),
        outcomes: Outcomes {
            pass,
            fail,
            unknown,
            not_applicable,
        },
        rules: review
            .rules
            .iter()
            .map(|r| Rule {
                rule: &r.rule,
                code: &r.code,
                subjects: r.tally.subjects(),
                pass: r.tally.pass,
                fail: r.tally.fail,
                unknown: r.tally.unknown,
                not_applicable: r.tally.not_applicable,
            })
            .collect(),
        findings: review.findings.iter().map(finding).collect(),
        undecided: review
            .undecided
            .iter()
            .map(|u| Undecided {
                rule: &u.rule,
                owed_by: &u.owed_by,
                message: &u.message,
            })
            .collect(),
        tables: review.tables.iter().map(table).collect(),
    }
}

fn finding(f: &Finding) -> FindingOut<'_> {
    let gap = f.gap.as_ref().map(|gap| {
        let figure = !matches!(gap.unit.as_str(), "days" | "number");
        Gap {
            value: if figure {
                plain_money(gap.value)
            } else {
                plain(gap.value)
            },
            unit: &gap.unit,
        }
    });
    FindingOut {
        rule: &f.rule,
        code: &f.code,
        outcome: f.outcome.name(),
        severity: f.severity.name(),
        basis: f.basis.name(),
        subject: f.subject.as_deref(),
        message: &f.message,
        advice: &f.advice,
        cites: f
            .cites
            .iter()
            .map(|c| Cite {
                key: &c.key,
                citation: &c.citation,
                verification: c.verification.name(),
            })
            .collect(),
        gap,
        evidence: f.evidence.iter().map(evidence).collect(),
        assumptions: f.assumptions.iter().map(evidence).collect(),
        missing: &f.missing,
    }
}

fn evidence(e: &Evidence) -> EvidenceOut<'_> {
    EvidenceOut {
        expression: &e.expression,
        value: Written(&e.value),
        cells: &e.cells,
    }
}

fn table(t: &SummaryTable) -> Table<'_> {
    Table {
        id: &t.id,
        title: &t.title,
        columns: &t.columns,
        rows: t
            .rows
            .iter()
            .map(|row| row.iter().map(|(value, _)| Written(value)).collect())
            .collect(),
    }
}
