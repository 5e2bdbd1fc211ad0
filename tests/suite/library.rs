//! The library as an engine calls it that maps over partitions: bytes in, JSON out, on any thread.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use accordant::batch::{Options, Reviewer};
use accordant::read::File;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use super::{cases, project, shipped};

/// The files of a plan of the fixtures, by their paths within the batch.
fn files_of(batch: &Path, plan: &Path) -> Vec<File> {
    let paths = if plan.is_dir() {
        entries(plan)
    } else {
        vec![plan.to_owned()]
    };
    let file = |path: PathBuf| File {
        path: path
            .strip_prefix(batch)
            .expect("it is under it")
            .to_string_lossy()
            .replace('\\', "/"),
        bytes: fs::read(&path).expect("it is a file"),
    };
    paths.into_iter().map(file).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it is a folder");
    entries.map(|e| e.expect("it can be read").path()).collect()
}

fn submissions(json: &str) -> Vec<Value> {
    let report: Value = serde_json::from_str(json).expect("it is JSON");
    let submissions = report["submissions"].as_array().expect("it has them");
    submissions.clone()
}

/// Each plan of a year reviewed by a call of its own, on four threads that share one reviewer.
fn one_by_one(year: &Path) -> Vec<Value> {
    let pack = shipped("alliance");
    let reviewer = Reviewer::new(&pack, Options::default());
    let plans: Vec<PathBuf> = entries(year)
        .into_iter()
        .filter(|path| path.is_dir() || path.extension().is_some_and(|e| e == "xlsx"))
        .collect();
    let review = |plan: &PathBuf| {
        let found = submissions(&reviewer.review_files("plan", &files_of(year, plan)));
        assert_eq!(found.len(), 1, "{}", plan.display());
        found
    };
    let mut all: Vec<Value> = thread::scope(|scope| {
        let partitions = plans.chunks(plans.len().div_ceil(4));
        let threads: Vec<_> = partitions
            .map(|some| scope.spawn(|| some.iter().flat_map(review).collect::<Vec<Value>>()))
            .collect();
        let done = threads.into_iter().map(|t| t.join().expect("it ends"));
        done.flatten().collect()
    });
    all.sort_by_key(|one| one["path"].as_str().unwrap_or_default().to_owned());
    all
}

#[test]
fn plans_reviewed_one_by_one_are_as_in_the_batch() {
    let year = project("fixtures/fy2027");
    let golden = fs::read_to_string(year.join("expected.json")).expect("it is there");
    let (found, golden) = (one_by_one(&year), submissions(&golden));
    assert_eq!(found.len(), 36);
    for (one, blessed) in found.iter().zip(&golden) {
        for (key, value) in blessed.as_object().expect("it is an object") {
            assert_eq!(&one[key], value, "{key} of {}", one["path"]);
        }
    }
    assert_eq!(found.len(), golden.len());
}

#[test]
fn a_part_of_statewide_tables_is_one_call() {
    let pack = shipped("alliance");
    let reviewer = Reviewer::new(&pack, Options::default());
    let (plan, budget) = (
        "district_code,plan_year\n1630011,2027\n0020011,2027\n",
        "district_code,plan_year,line_id,amount\n0020011,2027,1,5\n1630011,2027,1,7\n",
    );
    let files = [("plan.csv", plan), ("budget.csv", budget)].map(|(path, text)| File {
        path: path.to_owned(),
        bytes: text.as_bytes().to_vec(),
    });
    let found = submissions(&reviewer.review_files("state", &files));
    let codes: Vec<&str> = found
        .iter()
        .filter_map(|one| one["district_code"].as_str())
        .collect();
    assert_eq!(codes, ["0020011", "1630011"]);
}

/// Statewide tables of a few plans, which may be revisions of one another, of no one, or in any order.
fn statewide() -> impl Strategy<Value = Vec<File>> {
    let code = select(&["0020011", "20011", "1630011", "Windham", "9999999", "-"][..]);
    let code = prop_oneof![1 => code.prop_map(str::to_owned), 9 => "0[1-9]00011"];
    let year = prop_oneof![9 => Just("2027"), 1 => select(&["2026", "soon"][..])];
    let key = (code, year, select(&["", "", "1", "2"][..]));
    let name = select(&["", "Windham", "Atlantis"][..]);
    let plans = prop::collection::vec((key, name), 1..14);
    let lines = prop::collection::vec((any::<prop::sample::Index>(), 0..9_u32), 0..9);
    let own_year = select(&["", "", ",2027"][..]);
    let parts = (plans, lines, own_year, any::<bool>());
    parts.prop_map(|(plans, lines, own_year, has_revisions)| {
        let of = |((code, year, revision), _): &((String, &str, &str), &str)| {
            let revision = if has_revisions { revision } else { "" };
            format!("{code},{year},{revision}")
        };
        let year = if own_year.is_empty() {
            ""
        } else {
            ",fiscal_year"
        };
        let of_plans = plans
            .iter()
            .map(|row| format!("{},{}{own_year}\n", of(row), row.1));
        let of_lines = lines
            .iter()
            .enumerate()
            .map(|(line, (at, amount))| format!("{},{line},{amount}.50\n", of(at.get(&plans))));
        let header = format!("district_code,plan_year,revision,district{year}\n");
        let plan: String = std::iter::once(header).chain(of_plans).collect();
        let header = "district_code,plan_year,revision,line_id,amount\n".to_owned();
        let budget: String = std::iter::once(header).chain(of_lines).collect();
        let file = |path: &str, text: String| File {
            path: path.to_owned(),
            bytes: text.into_bytes(),
        };
        vec![file("plan.csv", plan), file("budget.csv", budget)]
    })
}

/// A report with what is told of the whole batch in one order.
fn report(json: &str) -> Value {
    let mut report: Value = serde_json::from_str(json).expect("it is JSON");
    let told = report["diagnostics"].as_array_mut().expect("it has them");
    told.sort_by_key(ToString::to_string);
    report
}

#[test]
fn a_report_printed_in_turn_is_the_one_that_is_written_when_all_is_known() {
    let pack = shipped("alliance");
    let all = Options {
        expects_all: true,
        ..Options::default()
    };
    let reviewer = Reviewer::new(&pack, all);
    let config = ProptestConfig {
        cases: cases(30),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(files in statewide())| {
        let folder = tempfile::tempdir().expect("there is room");
        for file in &files {
            fs::write(folder.path().join(&file.path), &file.bytes).expect("there is room");
        }
        let run = Command::new(env!("CARGO_BIN_EXE_accordant"))
            .args(["review", "--format", "json"])
            .arg(folder.path())
            .output()
            .expect("it runs");
        let printed = String::from_utf8(run.stdout).expect("it is text");
        prop_assert_eq!(report(&printed), report(&reviewer.review_files("state", &files)));
    });
}
