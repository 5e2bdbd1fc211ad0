//! `[summary.ID]` of `pack.toml`: the tables of every report, and how each is shown where there is room for it; and `[history.ID]`, the
//! tables of records alone, which are shown across years.

use super::load::is_rows;
use super::rule::Subjects;
use super::spanned::{Doc, Keys, Text, as_array, as_table, as_text};
use crate::diagnostic::suggest;
use crate::expr::{Expr, Scope, Ty, check, check_for};

/// A table of every report.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The rows it runs over; `None`: it has one row, of the submission as a whole.
    pub subjects: Option<Subjects>,
    /// Each column's header and value.
    pub columns: Vec<(String, Expr)>,
    /// It stands in records alone, to be shown across years: the columns that tell its rows apart. `None`: it stands in every report.
    pub history: Option<Vec<String>>,
    /// How pages lay it out.
    pub layout: Layout,
    /// It is too long for a terminal: pages, workbooks and JSON have it.
    pub long: bool,
    /// The columns that the page of a batch shows side by side, a row a submission.
    pub compare: Vec<usize>,
    /// How pages draw it.
    pub chart: Option<Chart>,
    /// The tables of each of its rows, which pages show.
    pub nested: Vec<Nested>,
}

/// How a page lays a table out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// As a table.
    #[default]
    Table,
    /// A card a row: its first column is the heading, each other a term with its description.
    Cards,
}

/// How a page draws a table, by the numbers of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chart {
    /// Bars beside one another for each row.
    Bars(Vec<usize>),
    /// A line for each series, with a mark for its target.
    Lines {
        /// What each line is of.
        series: usize,
        /// When.
        x: usize,
        /// How much.
        y: usize,
        /// How much is aimed at.
        target: Option<usize>,
    },
}

/// A table of one row of another.
#[derive(Debug, Clone)]
pub struct Nested {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The rows it runs over, by the row that it is of.
    pub subjects: Subjects,
    /// Each column's header and value.
    pub columns: Vec<(String, Expr)>,
}

/// The tables of `pack.toml`.
pub(super) fn read(keys: &Keys<'_, '_>, scope: &Scope<'_>) -> Vec<Summary> {
    let table = |name: &str| keys.get(name).and_then(|e| as_table(keys.doc, e));
    let (in_reports, in_records) = (table("summary"), table("history"));
    let in_reports = in_reports.iter().flat_map(Keys::entries);
    let in_records = in_records.iter().flat_map(Keys::entries);
    let summaries =
        in_reports.filter_map(|(id, entry)| one(id, &as_table(keys.doc, entry)?, scope));
    let mut all: Vec<Summary> = summaries.collect();
    all.extend(
        in_records.filter_map(|(id, entry)| figures(id, &as_table(keys.doc, entry)?, scope)),
    );
    all
}

/// A table of records.
fn figures(id: Text, of: &Keys<'_, '_>, scope: &Scope<'_>) -> Option<Summary> {
    let title = of.required_text("title");
    let has_rows = of.has("for");
    let subjects = has_rows.then(|| subjects(of, scope));
    let columns = columns(of, scope, subjects.iter().flatten().next());
    if has_rows && !of.has("by") {
        of.missing("by");
    }
    let headers: Vec<&str> = columns.iter().map(|(h, _)| h.as_str()).collect();
    let by = of.texts("by").into_iter();
    let by = by.filter(|name| column(of.doc, name, &headers).is_some());
    let by = by.map(|name| name.value).collect();
    of.done();
    Some(Summary {
        id: id.value,
        title: title?.value,
        subjects: match subjects {
            Some(subjects) => Some(subjects?),
            None => None,
        },
        columns,
        history: Some(by),
        layout: Layout::Table,
        long: false,
        compare: Vec::new(),
        chart: None,
        nested: Vec::new(),
    })
}

fn one(id: Text, of: &Keys<'_, '_>, scope: &Scope<'_>) -> Option<Summary> {
    let title = of.required_text("title");
    let subjects = subjects(of, scope);
    let columns = columns(of, scope, subjects.as_ref());
    let headers: Vec<&str> = columns.iter().map(|(h, _)| h.as_str()).collect();
    let layout = layout(of);
    let long = of.flag("long");
    let compare = of.texts("compare");
    let compare = compare
        .iter()
        .filter_map(|h| column(of.doc, h, &headers))
        .collect();
    let chart = of
        .table("chart")
        .and_then(|chart| self::chart(&chart, &columns));
    let mut row_scope = scope.clone();
    row_scope.row = subjects.as_ref().map(|s| (s.name.clone(), s.table));
    let each = of.table("each");
    let inner = each.iter().flat_map(Keys::entries);
    let nested =
        inner.filter_map(|(id, entry)| nested(id, &as_table(of.doc, entry)?, &row_scope, scope));
    let nested = nested.collect();
    of.done();
    Some(Summary {
        id: id.value,
        title: title?.value,
        subjects: Some(subjects?),
        columns,
        history: None,
        layout,
        long,
        compare,
        chart,
        nested,
    })
}

fn nested(id: Text, of: &Keys<'_, '_>, row_scope: &Scope<'_>, scope: &Scope<'_>) -> Option<Nested> {
    let title = of.required_text("title");
    let subjects = subjects(of, row_scope);
    let columns = columns(of, scope, subjects.as_ref());
    of.done();
    Some(Nested {
        id: id.value,
        title: title?.value,
        subjects: subjects?,
        columns,
    })
}

fn subjects(of: &Keys<'_, '_>, scope: &Scope<'_>) -> Option<Subjects> {
    let text = of.required_text("for")?;
    match check_for(&text.value, scope) {
        Ok((name, table, rows, _)) => Some(Subjects { name, table, rows }),
        Err(faults) => {
            of.doc.faults(&text, faults);
            None
        }
    }
}

fn columns(
    of: &Keys<'_, '_>,
    scope: &Scope<'_>,
    subjects: Option<&Subjects>,
) -> Vec<(String, Expr)> {
    let doc = of.doc;
    let mut row_scope = scope.clone();
    row_scope.row = subjects.map(|s| (s.name.clone(), s.table));
    let columns = of
        .get("columns")
        .map_or_else(Vec::new, |e| as_array(doc, e));
    let columns = columns.into_iter().filter_map(|pair| {
        let pair = as_array(doc, pair);
        let [header, value] = pair.as_slice() else {
            doc.mistake(
                of.span.clone(),
                "a column is a header and an expression",
                "",
                "write `[\"Dollars\", 'sum(…)']`",
            );
            return None;
        };
        let (header, value) = (as_text(doc, header)?, as_text(doc, value)?);
        match check(&value.value, &row_scope) {
            Ok((expr, _)) if is_rows(expr.ty()) => {
                let message = "this is a row and no value";
                doc.mistake(value.span, message, "", "name a field of it: `row.field`");
                None
            }
            Ok((expr, _)) => Some((header.value, expr)),
            Err(faults) => {
                doc.faults(&value, faults);
                None
            }
        }
    });
    columns.collect()
}

fn layout(of: &Keys<'_, '_>) -> Layout {
    match of.text("layout") {
        Some(text) if text.value == "cards" => Layout::Cards,
        Some(text) if text.value != "table" => {
            let message = format!("there is no layout `{}`", text.value);
            let help = suggest(&text.value, ["table", "cards"]);
            of.doc.mistake(text.span, message, "", help);
            Layout::Table
        }
        _ => Layout::Table,
    }
}

/// The number of the column with a header.
fn column(doc: Doc<'_>, header: &Text, headers: &[&str]) -> Option<usize> {
    let found = headers.iter().position(|h| *h == header.value);
    if found.is_none() {
        let message = format!("the table has no column `{}`", header.value);
        let help = suggest(&header.value, headers.iter().copied());
        doc.mistake(header.span.clone(), message, "", help);
    }
    found
}

fn chart(of: &Keys<'_, '_>, columns: &[(String, Expr)]) -> Option<Chart> {
    let doc = of.doc;
    let headers: Vec<&str> = columns.iter().map(|(h, _)| h.as_str()).collect();
    let amount = |header: &Text| {
        let at = column(doc, header, &headers)?;
        let is_amount = columns
            .get(at)
            .is_some_and(|(_, e)| matches!(e.ty(), Ty::Num | Ty::Percent | Ty::Money));
        if !is_amount {
            let message = format!("the column `{}` holds no figures", header.value);
            doc.mistake(header.span.clone(), message, "", "");
        }
        is_amount.then_some(at)
    };
    let label = |key: &str| {
        let header = of.required_text(key)?;
        column(doc, &header, &headers)
    };
    let kind = of.required_text("kind")?;
    let chart = match kind.value.as_str() {
        "bars" => {
            if !of.has("columns") {
                of.required_text("columns");
            }
            let bars: Vec<usize> = of.texts("columns").iter().filter_map(amount).collect();
            (!bars.is_empty()).then_some(Chart::Bars(bars))
        }
        "lines" => {
            let (series, x) = (label("series"), label("x"));
            let y = of.required_text("y").and_then(|h| amount(&h));
            let target = of.text("target").and_then(|h| amount(&h));
            series.zip(x).zip(y).map(|((series, x), y)| Chart::Lines {
                series,
                x,
                y,
                target,
            })
        }
        other => {
            let message = format!("there is no chart `{other}`");
            let help = suggest(other, ["bars", "lines"]);
            doc.mistake(kind.span.clone(), message, "", help);
            return None;
        }
    };
    of.done();
    chart
}
