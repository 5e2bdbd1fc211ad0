//! A district across years: what was reviewed, answered and decided, and the pack's figures beside one another.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Details, Entry};
use crate::memory::record::Table;
use crate::value::Decimal;

/// What an archive knows of a district.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The code of the district, if it is known.
    pub district_code: Option<String>,
    /// The name under which it was reviewed last.
    pub district: Option<String>,
    /// Each fiscal year, the earliest first.
    pub years: Vec<Year>,
}

/// A fiscal year of a district.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Year {
    /// The fiscal year; `None`: it could not be told.
    pub fiscal_year: Option<i64>,
    /// The reviews, by revision and then as they came.
    pub reviews: Vec<Entry>,
    /// The answers.
    pub answers: Vec<Entry>,
    /// The determinations.
    pub determinations: Vec<Entry>,
}

/// A table of the pack with the figures of each year beside one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Across {
    /// The title.
    pub title: String,
    /// The fiscal years that have it.
    pub years: Vec<i64>,
    /// Each row's label, and its figure in each of those years; `None`: the year has no such row.
    pub rows: Vec<(Label, Vec<Option<Value>>)>,
}

/// What a figure is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// What tells its row apart; empty where the table has one row.
    pub key: String,
    /// Its column; empty where the table has no other.
    pub column: String,
}

impl History {
    pub(super) fn of(entries: Vec<Entry>) -> Self {
        let code = |of: &Entry| of.whose.district_code.clone();
        let named = |of: &Entry| of.whose.district.clone();
        let mut history = History {
            district_code: entries.iter().rev().find_map(code),
            district: entries.iter().rev().find_map(named),
            years: Vec::new(),
        };
        let mut years: BTreeMap<Option<i64>, Year> = BTreeMap::new();
        for entry in entries {
            let fiscal_year = entry.whose.fiscal_year;
            let year = years.entry(fiscal_year).or_default();
            year.fiscal_year = fiscal_year;
            match entry.details {
                Details::Review(_) => year.reviews.push(entry),
                Details::Answer(_) => year.answers.push(entry),
                Details::Determination(_) => year.determinations.push(entry),
            }
        }
        for year in years.values_mut() {
            year.reviews.sort_by_key(|of| (revision(of), of.id));
        }
        history.years = years.into_values().collect();
        history
    }

    /// The pack's tables, each with the figures of all years beside one another: those of each year's last revision, as reviewed last.
    pub fn across(&self) -> Vec<Across> {
        let last = self.years.iter().filter_map(|year| {
            let tables = year.tables()?;
            Some((year.fiscal_year?, tables))
        });
        let last: Vec<(i64, &[Table])> = last.collect();
        // The latest year says which tables there are; earlier ones may have had others.
        let mut ids: Vec<(&str, &str)> = Vec::new();
        for table in last.iter().rev().flat_map(|(_, tables)| *tables) {
            if !ids.iter().any(|(id, _)| *id == table.id) {
                ids.push((&table.id, &table.title));
            }
        }
        let across = ids.into_iter().map(|(id, title)| {
            let of = |(year, tables): &(i64, &[Table])| {
                let table = tables.iter().find(|table| table.id == id)?;
                Some((*year, figures(table)))
            };
            across(title, &last.iter().filter_map(of).collect::<Vec<_>>())
        });
        across.filter(|table| !table.rows.is_empty()).collect()
    }
}

impl Year {
    /// The review that counts: that of the last revision, as reviewed last.
    pub fn last(&self) -> Option<&Entry> {
        self.reviews.last()
    }

    /// The pack's tables in the review that counts.
    fn tables(&self) -> Option<&[Table]> {
        match &self.last()?.details {
            Details::Review(of) => Some(&of.tables),
            _ => None,
        }
    }
}

fn revision(of: &Entry) -> Decimal {
    let text = of.whose.revision.as_deref();
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The figures of a table, each with its label, in their order.
fn figures(table: &Table) -> Vec<(Label, Value)> {
    let is_key = |column: &String| table.by.contains(column);
    let mut found = Vec::new();
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for row in &table.rows {
        let cells = || table.columns.iter().zip(row);
        let key = cells().filter(|(column, _)| is_key(column));
        let key: Vec<String> = key.map(|(_, cell)| plain(cell)).collect();
        let mut key = key.join(", ");
        // Two rows of one label are two rows.
        let times = met.entry(key.clone()).or_default();
        *times += 1;
        if *times > 1 {
            key = format!("{key} ({times})");
        }
        let values: Vec<_> = cells().filter(|(column, _)| !is_key(column)).collect();
        for (column, cell) in &values {
            let is_plain = !key.is_empty() && values.len() == 1;
            let column = if is_plain { "" } else { column.as_str() };
            let (key, column) = (key.clone(), column.to_owned());
            let label = Label { key, column };
            found.push((label, (*cell).clone()));
        }
    }
    found
}

fn across(title: &str, years: &[(i64, Vec<(Label, Value)>)]) -> Across {
    let mut labels: Vec<&Label> = Vec::new();
    for (label, _) in years.iter().rev().flat_map(|(_, figures)| figures) {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let rows = labels.into_iter().map(|label| {
        let figure = |(_, figures): &(i64, Vec<(Label, Value)>)| {
            let found = figures.iter().find(|(other, _)| other == label);
            found.map(|(_, value)| value.clone())
        };
        (label.clone(), years.iter().map(figure).collect())
    });
    Across {
        title: title.to_owned(),
        years: years.iter().map(|(year, _)| *year).collect(),
        rows: rows.collect(),
    }
}

fn plain(cell: &Value) -> String {
    match cell {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kept(by: &[&str], columns: &[&str], rows: Value) -> Table {
        let texts = |of: &[&str]| of.iter().map(|t| (*t).to_owned()).collect();
        Table {
            id: "t".to_owned(),
            title: "T".to_owned(),
            by: texts(by),
            columns: texts(columns),
            rows: serde_json::from_value(rows).expect("rows"),
        }
    }

    #[track_caller]
    fn has(table: &Table, want: &[(&str, &str, &str)]) {
        let found = figures(table);
        let found: Vec<(&str, &str, String)> = found
            .iter()
            .map(|(of, value)| (of.key.as_str(), of.column.as_str(), plain(value)))
            .collect();
        let want = want.iter().map(|(k, c, v)| (*k, *c, (*v).to_owned()));
        assert_eq!(found, want.collect::<Vec<_>>());
    }

    #[test]
    fn rows_are_known_by_their_labels() {
        let one = json!([["1.00", "2.00"]]);
        has(
            &kept(&[], &["A", "B"], one),
            &[("", "A", "1.00"), ("", "B", "2.00")],
        );
        let two = json!([["x", "1"], ["x", "2"], ["y", null]]);
        has(
            &kept(&["K"], &["K", "V"], two),
            &[("x", "", "1"), ("x (2)", "", "2"), ("y", "", "none")],
        );
        let three = json!([["x", "all", "1", "2"]]);
        has(
            &kept(&["K", "L"], &["K", "L", "V", "W"], three),
            &[("x, all", "V", "1"), ("x, all", "W", "2")],
        );
    }

    #[test]
    fn a_year_without_a_row_has_no_figure_in_it() {
        let label = |key: &str| Label {
            key: key.to_owned(),
            column: String::new(),
        };
        let figure = |key: &str, value: &str| (label(key), json!(value));
        let years = [
            (2026, vec![figure("a", "1"), figure("gone", "2")]),
            (2027, vec![figure("a", "3"), figure("new", "4")]),
        ];
        let found = across("T", &years);
        assert_eq!(found.years, [2026, 2027]);
        let want = [
            (label("a"), vec![Some(json!("1")), Some(json!("3"))]),
            (label("new"), vec![None, Some(json!("4"))]),
            (label("gone"), vec![Some(json!("2")), None]),
        ];
        assert_eq!(found.rows, want);
    }
}
