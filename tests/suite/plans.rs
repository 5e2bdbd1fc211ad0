//! Plans as tables of texts, which tests change and write anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use accordant::pack::Pack;
use accordant::read::{self, File};
use accordant::submission::Submission;
use proptest::prelude::*;

use super::project;

/// A cell of a plan: its table, its row as a spreadsheet counts it, its field; a whole row has no field, a whole table no row.
pub(crate) type Place = (String, Option<usize>, Option<String>);

/// A plan: each table with its header and its rows; `plan` is a table of one row.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) path: String,
    pub(crate) tables: BTreeMap<String, Vec<Vec<String>>>,
}

impl Plan {
    /// A plan of a folder under fixtures/.
    pub(crate) fn of_folder(folder: &str) -> Plan {
        let mut tables = BTreeMap::new();
        for entry in std::fs::read_dir(project("fixtures").join(folder)).expect("it is a folder") {
            let path = entry.expect("it can be read").path();
            let stem = path
                .file_stem()
                .expect("it has one")
                .to_string_lossy()
                .into_owned();
            let text = std::fs::read_to_string(&path).expect("it is text");
            if path.extension().is_some_and(|e| e == "csv") {
                tables.insert(stem, rows_of(&text));
            } else if stem == "plan" {
                tables.insert(stem, keys_of(&text));
            }
        }
        let path = folder.rsplit('/').next().unwrap_or(folder).to_owned();
        Plan { path, tables }
    }

    /// The files as they would arrive.
    pub(crate) fn files(&self) -> Vec<File> {
        let file = |(table, rows): (&String, &Vec<Vec<String>>)| {
            let (name, text) = if table == "plan" {
                ("plan.toml".to_owned(), toml_of(rows))
            } else {
                (format!("{table}.csv"), csv_of(rows))
            };
            File {
                path: format!("{}/{name}", self.path),
                bytes: text.into_bytes(),
            }
        };
        self.tables.iter().map(file).collect()
    }

    /// The plan as it is read.
    pub(crate) fn read(&self, pack: &Pack) -> Submission {
        read::read_folder(&pack.schema, &self.path, &self.files())
    }

    /// The cell of a place.
    pub(crate) fn cell(&mut self, place: &Place) -> Option<&mut String> {
        let (table, row, field) = place;
        let rows = self.tables.get_mut(table)?;
        let column = rows
            .first()?
            .iter()
            .position(|name| Some(name) == field.as_ref())?;
        rows.get_mut(row.unwrap_or(2) - 1)?.get_mut(column)
    }

    /// Every cell that has a column.
    pub(crate) fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for (table, rows) in &self.tables {
            for row in 1..rows.len() {
                for field in &rows[0] {
                    let number = (table != "plan").then_some(row + 1);
                    places.push((table.clone(), number, Some(field.clone())));
                }
            }
        }
        places
    }

    /// The cells that a place of a report names.
    pub(crate) fn named(&self, place: &str) -> BTreeSet<Place> {
        let Some(rest) = place.strip_prefix(&format!("{}/", self.path)) else {
            return BTreeSet::from([(place.to_owned(), None, None)]);
        };
        let mut parts = rest.split(':');
        let file = parts.next().unwrap_or_default();
        let table = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let (second, third) = (parts.next(), parts.next());
        let one = |row, field: Option<&str>| (table.to_owned(), row, field.map(str::to_owned));
        match second {
            Some(field) if table == "plan" => BTreeSet::from([one(None, Some(field))]),
            Some(rows) => {
                let (first, last) = rows.split_once('-').unwrap_or((rows, rows));
                let number = |text: &str| text.parse::<usize>().expect("it is a row");
                (number(first)..=number(last))
                    .map(|row| one(Some(row), third))
                    .collect()
            }
            None => BTreeSet::from([one(None, None)]),
        }
    }

    /// The plan with the rows of every table but `plan` in another order; and each row's number before, by its table and its number.
    pub(crate) fn shuffled(&self, seed: u64) -> (Plan, BTreeMap<(String, usize), usize>) {
        let (mut plan, mut before) = (self.clone(), BTreeMap::new());
        for (table, rows) in plan.tables.iter_mut().filter(|(name, _)| *name != "plan") {
            let order = shuffle(rows.len() - 1, seed);
            let body: Vec<Vec<String>> = rows.drain(1..).collect();
            for (at, from) in order.into_iter().enumerate() {
                before.insert((table.clone(), at + 2), from + 2);
                rows.push(body[from].clone());
            }
        }
        (plan, before)
    }
}

/// The numbers below `n` in an order that the seed gives.
pub(crate) fn shuffle(n: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut state = seed;
    for last in (1..n).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).expect("it is small") % (last + 1);
        order.swap(last, other);
    }
    order
}

pub(crate) fn rows_of(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let rows = reader.records().map(|row| row.expect("it is a row"));
    rows.map(|row| row.iter().map(str::to_owned).collect())
        .collect()
}

fn keys_of(text: &str) -> Vec<Vec<String>> {
    let table: toml::Table = text.parse().expect("it is TOML");
    let value = |value: toml::Value| match value {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    let (keys, values) = table.into_iter().map(|(key, v)| (key, value(v))).unzip();
    vec![keys, values]
}

pub(crate) fn csv_of(rows: &[Vec<String>]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.iter()
        .for_each(|row| writer.write_record(row).expect("it is in memory"));
    String::from_utf8(writer.into_inner().expect("it is in memory")).expect("it is text")
}

fn toml_of(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (key, value) in rows[0].iter().zip(&rows[1]) {
        let _ = writeln!(text, "{key} = {}", toml::Value::String(value.clone()));
    }
    text
}

/// A change of one cell, the cell taken by its number among all.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    pub(crate) cell: prop::sample::Index,
    pub(crate) how: How,
}

/// What becomes of a cell.
#[derive(Debug, Clone)]
pub(crate) enum How {
    Blank,
    Suppress,
    Garble,
    /// Another row's cell of the same column.
    Copy(prop::sample::Index),
    /// A figure as many times as large, by halves.
    Times(u8),
}

pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    let how = prop_oneof![
        Just(How::Blank),
        Just(How::Suppress),
        Just(How::Garble),
        any::<prop::sample::Index>().prop_map(How::Copy),
        (0_u8..6).prop_map(How::Times),
    ];
    (any::<prop::sample::Index>(), how).prop_map(|(cell, how)| Edit { cell, how })
}

impl Edit {
    /// The plan with the change, and the cell that was changed.
    pub(crate) fn apply(&self, plan: &mut Plan, may: impl Fn(&Place) -> bool) -> Option<Place> {
        let places: Vec<Place> = plan.places().into_iter().filter(may).collect();
        if places.is_empty() {
            return None;
        }
        let place = self.cell.get(&places).clone();
        let rows = &plan.tables[&place.0];
        let column = rows[0].iter().position(|n| Some(n) == place.2.as_ref())?;
        let was = plan.clone().cell(&place)?.clone();
        let cell = match &self.how {
            How::Blank => String::new(),
            How::Suppress => "*".to_owned(),
            How::Garble => format!("?{was}"),
            How::Copy(row) => rows[1 + row.index(rows.len() - 1)][column].clone(),
            How::Times(halves) => match accordant::value::parse_decimal(&was) {
                Some(x) => (x * rust_decimal::Decimal::from(*halves) / rust_decimal::Decimal::TWO)
                    .to_string(),
                None => was.clone(),
            },
        };
        plan.cell(&place)?.clone_from(&cell);
        (cell != was).then_some(place)
    }
}
