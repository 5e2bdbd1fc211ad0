//! A rule's tests, in its own file: what a submission holds, and what the rule must say of it.

use std::fmt::Write as _;
use std::ops::Range;

use super::param::{self, Param};
use super::source::one_of;
use super::spanned::{self, Doc, Keys, Text, as_figure, as_table, as_text};
use crate::diagnostic::{nearest, suggest};
use crate::review::Outcome;
use crate::schema::Schema;
use crate::value::{Decimal, Value, parse_figure};

/// The keys of a case beside the tables of its submission.
pub(crate) const KEYS: [&str; 9] = [
    "name", "kind", "expect", "year", "plan", "param", "because", "missing", "gap",
];

/// What a case shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseKind {
    /// A plan that passes.
    Pass,
    /// A plan that fails.
    Fail,
    /// A plan at the exact edge of a comparison.
    Edge,
    /// A plan without the cell that decides.
    Missing,
}

impl CaseKind {
    /// Every kind, in the order in which they are told.
    pub const ALL: [CaseKind; 4] = [
        CaseKind::Pass,
        CaseKind::Fail,
        CaseKind::Edge,
        CaseKind::Missing,
    ];

    /// Its name in packs and reports.
    pub fn name(self) -> &'static str {
        match self {
            CaseKind::Pass => "pass",
            CaseKind::Fail => "fail",
            CaseKind::Edge => "edge",
            CaseKind::Missing => "missing",
        }
    }

    /// What a case of this kind does, in words.
    pub fn shows(self) -> &'static str {
        match self {
            CaseKind::Pass => "passes",
            CaseKind::Fail => "fails",
            CaseKind::Edge => "stands at the exact edge",
            CaseKind::Missing => "lacks the deciding cell",
        }
    }
}

/// The worst outcome that a case expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Some subject fails.
    Fail,
    /// None fails, some cannot be told.
    Unknown,
    /// None fails or is unknown, some passes.
    Pass,
    /// The rule has nothing to judge.
    NotApplicable,
    /// The rule is not in force in the case's year.
    NotInForce,
}

impl Expected {
    /// Every outcome that a case may expect.
    pub const ALL: [Expected; 5] = [
        Expected::Fail,
        Expected::Unknown,
        Expected::Pass,
        Expected::NotApplicable,
        Expected::NotInForce,
    ];

    /// Its name in packs and reports.
    pub fn name(self) -> &'static str {
        match self {
            Expected::Fail => "fail",
            Expected::Unknown => "unknown",
            Expected::Pass => "pass",
            Expected::NotApplicable => "not-applicable",
            Expected::NotInForce => "not-in-force",
        }
    }

    /// What a case expects that has an outcome; `None`: the rule is not in force.
    pub fn of(outcome: Option<Outcome>) -> Self {
        match outcome {
            Some(Outcome::Fail) => Expected::Fail,
            Some(Outcome::Unknown) => Expected::Unknown,
            Some(Outcome::Pass) => Expected::Pass,
            Some(Outcome::NotApplicable) => Expected::NotApplicable,
            None => Expected::NotInForce,
        }
    }
}

/// Why a case expects what it expects, as far as it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reason {
    /// The part of the test that decides a finding, as it is written.
    pub because: Option<String>,
    /// The cells for want of which nothing can be told: `budget.csv:2:amount`.
    pub missing: Option<Vec<String>>,
    /// By how much the deciding comparison of a finding falls short.
    pub gap: Option<Decimal>,
}

/// One test of a rule.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it shows, in words.
    pub name: String,
    /// What kind of plan it is.
    pub kind: CaseKind,
    /// The worst outcome over the rule's subjects.
    pub expect: Expected,
    /// The fiscal year; the pack's last when not given.
    pub year: Option<i64>,
    /// The table `plan`, as lines of TOML.
    pub plan: Option<String>,
    /// Other tables, and rows of reference tables, as CSV: the name of each and its text.
    pub tables: Vec<(String, String)>,
    /// Parameters as an office might set them: the number of each in the pack, and its value.
    pub params: Vec<(usize, Value)>,
    /// Why it expects that.
    pub reason: Reason,
    /// The bytes of the rule's file in which it stands.
    pub span: Range<usize>,
}

pub(crate) fn read_all(
    doc: Doc<'_>,
    keys: &Keys<'_, '_>,
    schema: &Schema,
    params: &[Param],
    years: (i64, i64),
    (needed, parts): (&[CaseKind], &[String]),
) -> Vec<Case> {
    let cases: Vec<Case> = keys
        .tables("case")
        .iter()
        .filter_map(|of| read(doc, of, schema, params, years, parts))
        .collect();
    for (at, case) in cases.iter().enumerate() {
        if cases.iter().take(at).any(|c| c.name == case.name) {
            let message = format!("another case has the name `{}`", case.name);
            let help = "give each a name of its own: reports tell cases by it";
            doc.mistake(case.span.clone(), message, "", help);
        }
    }
    let missing = lacking(&cases, needed);
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.into_iter().map(CaseKind::shows).collect();
        let message = format!(
            "the rule has no case that {}",
            missing.join(", and none that ")
        );
        doc.warning(0..0, message, "", "add `[[case]]` with `kind = \"pass\"`, `\"fail\"`, `\"missing\"` and, where numbers are compared, `\"edge\"`");
    }
    cases
}

/// The kinds of cases that a rule should have and has not.
pub(crate) fn lacking(cases: &[Case], needed: &[CaseKind]) -> Vec<CaseKind> {
    let needed = |kind: &CaseKind| needed.contains(kind);
    let has = |kind: &CaseKind| cases.iter().any(|c| c.kind == *kind);
    let order = [
        CaseKind::Pass,
        CaseKind::Fail,
        CaseKind::Missing,
        CaseKind::Edge,
    ];
    let lacking = order.into_iter().filter(|k| needed(k) && !has(k));
    lacking.collect()
}

fn read(
    doc: Doc<'_>,
    of: &Keys<'_, '_>,
    schema: &Schema,
    params: &[Param],
    years: (i64, i64),
    parts: &[String],
) -> Option<Case> {
    let name = of.required_text("name");
    let kind = of.required_text("kind").and_then(|text| {
        one_of(doc, &text, &CaseKind::ALL.map(CaseKind::name));
        (CaseKind::ALL.into_iter()).find(|kind| kind.name() == text.value)
    });
    let expect = of.required_text("expect").and_then(|text| {
        one_of(doc, &text, &Expected::ALL.map(Expected::name));
        let found = (Expected::ALL.into_iter()).find(|e| e.name() == text.value);
        if kind == Some(CaseKind::Missing) && found == Some(Expected::Pass) {
            doc.mistake(
                text.span,
                "a case without the deciding cell never expects `pass`",
                "",
                "missing data never passes",
            );
        }
        found
    });
    let year = of.integer("year");
    if let Some((year, entry)) = year.zip(of.get("year"))
        && !(years.0..=years.1).contains(&year)
    {
        let message = format!("fiscal year {year} is not among those of the pack");
        let help = format!("write a year from {} to {}", years.0, years.1);
        doc.mistake(entry.span(), message, "", help);
    }
    let plan = of
        .get("plan")
        .and_then(|entry| as_table(doc, entry))
        .map(|plan| plan_lines(doc, &plan, schema));
    let set = of.get("param").and_then(|entry| as_table(doc, entry));
    let set = set.map_or_else(Vec::new, |set| set_params(doc, &set, params));
    let reason = reason(doc, of, expect, parts);
    let mut tables = Vec::new();
    for (key, entry) in of.entries() {
        if KEYS.contains(&key.value.as_str()) {
            continue;
        }
        if schema.table(&key.value).is_none() {
            let names = schema
                .tables
                .iter()
                .map(|t| t.name.as_str())
                .chain(KEYS.into_iter().filter(|key| *key != "plan"));
            let help = suggest(&key.value, names.collect::<Vec<_>>());
            doc.mistake(
                key.span,
                format!("there is no table `{}`", key.value),
                "",
                help,
            );
        } else if let Some(text) = as_text(doc, entry) {
            check_header(doc, schema, &key.value, &text);
            tables.push((key.value, text.value));
        }
    }
    Some(Case {
        name: name?.value,
        kind: kind?,
        expect: expect?,
        year,
        plan,
        tables,
        params: set,
        reason,
        span: of.span.clone(),
    })
}

/// Why a case expects what it expects. A reason that such an outcome never has is a mistake.
fn reason(doc: Doc<'_>, of: &Keys<'_, '_>, expect: Option<Expected>, parts: &[String]) -> Reason {
    for (key, wanted) in [
        ("because", Expected::Fail),
        ("gap", Expected::Fail),
        ("missing", Expected::Unknown),
    ] {
        if let Some(entry) = of.get(key)
            && expect.is_some_and(|expect| expect != wanted)
        {
            let message = format!(
                "`{key}` stands only in a case that expects `{}`",
                wanted.name()
            );
            doc.mistake(entry.span(), message, "", "take it away");
        }
    }
    Reason {
        because: of.text("because").map(|text| part_of(doc, &text, parts)),
        missing: of.has("missing").then(|| {
            let texts = of.texts("missing").into_iter();
            texts.map(|text| own_place(&text.value)).collect()
        }),
        gap: of.figure("gap").and_then(|text| shortfall(doc, &text)),
    }
}

/// The part of the rule's tests that a text names, on one line. A rule that is changed may have it no more: its case then fails.
fn part_of(doc: Doc<'_>, text: &Text, parts: &[String]) -> String {
    let part = on_one_line(&text.value);
    if !parts.contains(&part) {
        let message = format!("no part of the rule's tests reads `{part}`");
        let names = parts.iter().map(String::as_str);
        doc.warning(
            text.span.clone(),
            message,
            "",
            nearest(&part, names)
                .map_or_else(String::new, |name| format!("did you mean `{name}`?")),
        );
    }
    part
}

/// A text with each run of blanks as one.
fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A place in a case's own tables, without the folder that they are said to stand in.
pub(crate) fn own_place(place: &str) -> String {
    place.strip_prefix("case/").unwrap_or(place).to_owned()
}

fn shortfall(doc: Doc<'_>, text: &Text) -> Option<Decimal> {
    let gap = parse_figure(&text.value).map(|(x, _)| x);
    let gap = gap.filter(|gap| *gap > Decimal::ZERO);
    if gap.is_none() {
        let message = format!("`{}` is no figure above 0", text.value);
        let help = "a gap is by how much a comparison falls short: an amount, days or a number";
        doc.mistake(text.span.clone(), message, "", help);
    }
    gap
}

/// The `plan` of a case as the lines of a `plan.toml`, in which a figure in quotes stays one.
fn plan_lines(doc: Doc<'_>, plan: &Keys<'_, '_>, schema: &Schema) -> String {
    let table = schema.table("plan").and_then(|id| schema.tables.get(id));
    let mut lines = String::new();
    for (key, entry) in plan.entries() {
        if let Some(table) = table
            && table.field(&key.value).is_none()
        {
            let help = suggest(&key.value, table.fields.iter().map(|f| f.name.as_str()));
            doc.mistake(
                key.span.clone(),
                format!("`plan` has no field `{}`", key.value),
                "",
                help,
            );
        }
        if as_figure(doc, entry).is_some() {
            let written = doc.text.get(entry.span()).unwrap_or_default();
            let _ = writeln!(lines, "{} = {written}", key.value);
        }
    }
    lines
}

/// The parameters that a case sets: a rule that asks nothing until an office sets a figure is tried with one.
fn set_params(doc: Doc<'_>, set: &Keys<'_, '_>, params: &[Param]) -> Vec<(usize, Value)> {
    let mut values = Vec::new();
    for (name, entry) in set.entries() {
        let Some((at, param)) = (params.iter().enumerate()).find(|(_, p)| p.name == name.value)
        else {
            let names: Vec<&str> = params.iter().map(|p| p.name.as_str()).collect();
            let message = format!("the pack has no parameter `{}`", name.value);
            doc.mistake(name.span, message, "", suggest(&name.value, names));
            continue;
        };
        if spanned::is_off(entry) {
            values.push((at, Value::Null));
        } else if !param.broken {
            let value = param::value_or_list(doc, entry, param.ty, param.list);
            values.extend(value.map(|value| (at, value)));
        }
    }
    values
}

/// The columns of a case's table are fields: a slip there would leave the rule nothing to find.
fn check_header(doc: Doc<'_>, schema: &Schema, name: &str, text: &super::spanned::Text) {
    let Some(table) = schema.table(name).and_then(|id| schema.tables.get(id)) else {
        return;
    };
    let Some(header) = text.value.lines().find(|l| !l.trim().is_empty()) else {
        return;
    };
    let mut at = text.value.find(header).unwrap_or(0);
    for column in header.split(',') {
        let word = column.trim().trim_matches('"');
        if table.find_field(word).is_none() && !word.is_empty() {
            let help = suggest(word, table.fields.iter().map(|f| f.name.as_str()));
            let span = doc.inside(text, &(at..at + column.len()));
            doc.mistake(span, format!("`{name}` has no field `{word}`"), "", help);
        }
        at += column.len() + 1;
    }
}
