//! A record of a review: what it rested on and what it said, so that it can be run again and compared byte for byte.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::read::sha256;
use crate::review::Whose;

/// What every record begins with.
const FORMAT: &str = "accordant.record/1";

/// What a review rested on: `accordant.record/1`. Behind it in a record stand the review itself, in the form of its own, and the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// `accordant.record/1`.
    pub format: String,
    /// The program.
    pub engine: Engine,
    /// The pack.
    pub pack: PackName,
    /// The digest of the office file, if one was laid over the pack.
    pub office: Option<String>,
    /// The day at which answers were judged.
    pub as_of: String,
    /// The fiscal year that was given for what states none.
    pub year: Option<i64>,
    /// Every file of the batch, read or not.
    pub inputs: Vec<Input>,
    /// The files of answers, whole; `None`: none were asked for.
    pub answers: Option<Vec<Answers>>,
    /// The file of determinations, whole; absent: none says anything in the review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decisions: Option<Vec<Answers>>,
    /// What was approved for the year before; absent: it was not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<Earlier>,
    /// What was approved for the same year; absent: it was not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Earlier>,
    /// The review leaves out working papers; absent: it is whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public: bool,
    /// What an archive shows of each submission across years.
    #[serde(default)]
    pub history: Vec<Figures>,
}

/// What an archive shows of a submission across years.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// The path of the submission.
    pub path: String,
    /// The pack's tables.
    pub tables: Vec<Table>,
}

/// A table of the pack, and the columns that tell its rows apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The columns that tell its rows apart.
    pub by: Vec<String>,
    /// All columns.
    pub columns: Vec<String>,
    /// The rows, each value as reports have it.
    pub rows: Vec<Vec<Value>>,
}

/// A program and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// `accordant`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Engine {
    /// This program.
    pub fn own() -> Self {
        Engine {
            name: "accordant".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// A pack and the digest of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackName {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Its digest.
    pub digest: String,
}

/// A file of the batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its path within the batch.
    pub path: String,
    /// The digest of its bytes; `None`: it could not be read.
    pub sha256: Option<String>,
}

/// Approved submissions that a review drew on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    /// What the review calls the folder or the file in which they stood.
    pub name: String,
    /// Every file of it, read or not.
    pub inputs: Vec<Input>,
}

/// A file of answers, or of determinations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// The name of the file.
    pub path: String,
    /// The digest of its bytes.
    pub sha256: String,
    /// Its text.
    pub text: String,
}

/// A recorded review: what it rested on, what it said, and the digest of both.
#[derive(JsonSchema)]
#[expect(
    dead_code,
    reason = "it is there for its schema: it is written in pieces"
)]
#[schemars(rename = "Record")]
pub(crate) struct Whole {
    #[schemars(flatten)]
    basis: Basis,
    /// The report, in the form `accordant.review/1`.
    review: Value,
    /// The SHA-256 of everything before it.
    digest: String,
}

impl Basis {
    /// The basis of a review by this program.
    pub fn new(pack: PackName, office: Option<String>, as_of: String, year: Option<i64>) -> Self {
        Basis {
            format: FORMAT.to_owned(),
            engine: Engine::own(),
            pack,
            office,
            as_of,
            year,
            inputs: Vec::new(),
            answers: None,
            decisions: None,
            prior: None,
            approved: None,
            public: false,
            history: Vec::new(),
        }
    }

    /// The record: the basis, the report and the digest of both.
    pub fn record(&self, report: &str) -> String {
        let head = serde_json::to_string_pretty(self).unwrap_or_default();
        let head = head.trim_end_matches("\n}");
        let report = report.trim_end().replace('\n', "\n  ");
        let body = format!("{head},\n  \"review\": {report}");
        let digest = sha256(body.as_bytes());
        format!("{body}{BEFORE}sha256:{digest}{AFTER}")
    }
}

const BEFORE: &str = ",\n  \"digest\": \"";
const AFTER: &str = "\"\n}\n";

/// A record that was read.
#[derive(Debug)]
pub struct Record {
    /// What the review rested on.
    pub basis: Basis,
    /// The digest that the record bears.
    pub digest: String,
    /// It is as it was written: its digest is that of what stands before it.
    pub is_intact: bool,
    /// The report.
    pub review: Value,
}

impl Record {
    /// The plan of a district by its name or code, or by the plan's path.
    pub fn whose(&self, name: &str) -> Option<Whose> {
        let plans = self.review.get("submissions")?.as_array()?.iter();
        let whose = plans.map(Record::whose_is);
        let is = |known: Option<&str>| known.is_some_and(|k| k.eq_ignore_ascii_case(name));
        let mut found = whose.filter(|w| {
            w.path == name || is(w.district.as_deref()) || is(w.district_code.as_deref())
        });
        found.next()
    }
}

impl Record {
    /// Whose plan one of the submissions of its report is.
    pub(super) fn whose_is(plan: &Value) -> Whose {
        let text = |key: &str| plan.get(key).and_then(Value::as_str).map(str::to_owned);
        Whose {
            path: text("path").unwrap_or_default(),
            district_code: text("district_code"),
            district: text("district"),
            fiscal_year: plan.get("fiscal_year").and_then(Value::as_i64),
            revision: plan
                .get("revision")
                .filter(|r| !r.is_null())
                .map(|r| match r {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                }),
        }
    }
}

/// Reads a record; fails, in words, where there is none to be read.
pub fn read(text: &str) -> Result<Record, String> {
    let whole: Value = serde_json::from_str(text).map_err(|e| format!("it is no JSON: {e}"))?;
    let Value::Object(mut whole) = whole else {
        return Err("it is no record: it has no keys".to_owned());
    };
    if whole.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(format!("it is no record: its format is not `{FORMAT}`"));
    }
    let review = whole.remove("review").unwrap_or_default();
    let Some(Value::String(digest)) = whole.remove("digest") else {
        return Err("it has no digest".to_owned());
    };
    let basis = serde_json::from_value(Value::Object(whole));
    let basis: Basis = basis.map_err(|e| format!("it is no record: {e}"))?;
    let end = format!("{BEFORE}{digest}{AFTER}");
    let body = text.strip_suffix(end.as_str());
    let is_intact =
        body.is_some_and(|body| digest == format!("sha256:{}", sha256(body.as_bytes())));
    Ok(Record {
        basis,
        digest,
        is_intact,
        review,
    })
}

/// What differs between a record and what is found now, in words; nothing where they are the same byte for byte.
pub fn differences(text: &str, again: &str) -> Vec<String> {
    if text == again {
        return Vec::new();
    }
    let (Ok(then), Ok(now)) = (read(text), read(again)) else {
        return vec![altered(text, again)];
    };
    if !then.is_intact {
        return vec![altered(text, again)];
    }
    let mut found = of_basis(&then.basis, &now.basis);
    found.extend(of_reviews(&then.review, &now.review));
    if found.is_empty() {
        found.push(format!("the reviews differ; {}", first_line(text, again)));
    }
    found
}

fn altered(text: &str, again: &str) -> String {
    format!(
        "the record itself was altered after it was written: its digest is not that of its text; {}",
        first_line(text, again)
    )
}

/// The first line in which two texts differ.
fn first_line(text: &str, again: &str) -> String {
    let mut lines = (1..).zip(text.lines().zip(again.lines()));
    match lines.find(|(_, (then, now))| then != now) {
        Some((number, (then, now))) => format!(
            "line {number} is `{}` in the record and `{}` now",
            then.trim(),
            now.trim()
        ),
        None => "one ends before the other, or their line ends differ".to_owned(),
    }
}

fn of_basis(then: &Basis, now: &Basis) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, then: &str, now: &str| {
        if then != now {
            found.push(format!("{what} differs: {then} in the record, {now} now"));
        }
    };
    differ("the program", &then.engine.version, &now.engine.version);
    differ("the pack", &then.pack.id, &now.pack.id);
    differ(
        "the version of the pack",
        &then.pack.version,
        &now.pack.version,
    );
    differ(
        "the digest of the pack",
        &then.pack.digest,
        &now.pack.digest,
    );
    let none = "none".to_owned();
    let office = |of: &Basis| of.office.clone().unwrap_or_else(|| none.clone());
    differ("the office file", &office(then), &office(now));
    found.extend(of_inputs("input", &then.inputs, &now.inputs));
    let inputs = |of: &Option<Earlier>| of.as_ref().map_or_else(Vec::new, |of| of.inputs.clone());
    for (what, then, now) in [
        ("input of `--prior`", &then.prior, &now.prior),
        ("input of `--approved`", &then.approved, &now.approved),
    ] {
        found.extend(of_inputs(what, &inputs(then), &inputs(now)));
    }
    if then.history != now.history {
        found.push("the figures that are shown across years differ".to_owned());
    }
    found
}

/// Which files were altered, are missing or were added.
fn of_inputs(what: &str, then: &[Input], now: &[Input]) -> Vec<String> {
    let by_path = |of: &[Input]| -> BTreeMap<String, Option<String>> {
        let inputs = of.iter();
        inputs.map(|i| (i.path.clone(), i.sha256.clone())).collect()
    };
    let (before, after) = (by_path(then), by_path(now));
    let mut found = Vec::new();
    for (path, digest) in &before {
        match after.get(path) {
            None => found.push(format!("the {what} `{path}` is missing now")),
            Some(other) if other != digest => {
                found.push(format!("the {what} `{path}` was altered"));
            }
            Some(_) => {}
        }
    }
    let added = after.keys().filter(|path| !before.contains_key(*path));
    found.extend(added.map(|path| format!("the {what} `{path}` was added")));
    found
}

/// What differs between two reports, submission by submission.
fn of_reviews(then: &Value, now: &Value) -> Vec<String> {
    let plans = |review: &Value| -> BTreeMap<String, Value> {
        let all = review.get("submissions").and_then(Value::as_array);
        let all = all.into_iter().flatten();
        all.filter_map(|one| Some((one.get("path")?.as_str()?.to_owned(), one.clone())))
            .collect()
    };
    let (before, after) = (plans(then), plans(now));
    let mut found = Vec::new();
    for (path, plan) in &before {
        match after.get(path) {
            None => found.push(format!("`{path}` was reviewed then, and is not now")),
            Some(other) if other != plan => found.push(of_plan(path, plan, other)),
            Some(_) => {}
        }
    }
    let added = after.keys().filter(|path| !before.contains_key(*path));
    found.extend(added.map(|path| format!("`{path}` is reviewed now, and was not then")));
    for (key, what) in [
        ("diagnostics", "what is told of the batch"),
        ("summary", "the summary"),
    ] {
        if then.get(key) != now.get(key) {
            found.push(format!("{what} differs"));
        }
    }
    found
}

fn of_plan(path: &str, then: &Value, now: &Value) -> String {
    let text = |of: &Value, key: &str| {
        of.get(key)
            .and_then(Value::as_str)
            .unwrap_or("none")
            .to_owned()
    };
    for (key, what) in [
        ("recommendation", "recommendation"),
        ("after_answers", "recommendation after answers"),
    ] {
        let (then, now) = (text(then, key), text(now, key));
        if then != now {
            return format!("`{path}`: the {what} was `{then}` and is `{now}`");
        }
    }
    let count = |of: &Value| {
        of.get("findings")
            .and_then(Value::as_array)
            .map_or(0, Vec::len)
    };
    let (before, after) = (count(then), count(now));
    if before != after {
        return format!("`{path}`: there were {before} findings and there are {after}");
    }
    let keys = then.as_object().into_iter().flat_map(serde_json::Map::keys);
    let keys: Vec<&str> = keys
        .filter(|key| then.get(key) != now.get(key))
        .map(String::as_str)
        .collect();
    format!("`{path}`: its {} differ", keys.join(", "))
}
