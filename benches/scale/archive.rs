//! An archive of 504 reviews: what adding one and showing a district across years take.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use accordant::memory::archive::{Archive, Item};
use accordant::memory::record;

use super::Result;
use super::measure::{root, text};

/// So many districts submit in each of so many years: 504 reviews.
const DISTRICTS: usize = 36;
const YEARS: usize = 14;

/// How many times a district is shown.
const TIMES: usize = 21;

/// Adds reviews one at a time, each in a transaction of its own, and shows one of the districts.
pub(super) fn main() -> Result<()> {
    let folder = tempfile::tempdir_in(root().join("target"))?;
    let file = folder.path().join("accordant.sqlite");
    let plan = record_of_plan(&folder.path().join("record.json"))?;
    let mut archive = Archive::open_or_make(&file)?;
    let mut added = Vec::new();
    for n in 0..DISTRICTS * YEARS {
        let text = of_another(&plan, n % DISTRICTS, 2014 + n / DISTRICTS)?;
        let items = Item::of_record(&record::read(&text)?, &text);
        let start = Instant::now();
        archive.add(&items, &[], "2026-06-01T00:00:00Z")?;
        added.push(start.elapsed());
    }
    let shown = (0..TIMES).map(|_| {
        let start = Instant::now();
        let history = archive.history(None, "1630007")?;
        let text = accordant::report::archive::history(&history);
        if history.years.len() != YEARS || text.is_empty() {
            return Err("the archive lacks a year".into());
        }
        Ok(start.elapsed())
    });
    let mut shown = shown.collect::<Result<Vec<Duration>>>()?;
    let mut whole = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        run(&["archive", "history", "1630007", "--archive", &text(&file)])?;
        whole.push(start.elapsed());
    }
    println!(
        "an archive of {} reviews, {} bytes",
        added.len(),
        fs::metadata(&file)?.len()
    );
    print("adding one", &mut added);
    print("a district across years", &mut shown);
    print("the same, as a command", &mut whole);
    Ok(())
}

fn print(what: &str, times: &mut [Duration]) {
    times.sort();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    let last = times.last().copied().unwrap_or_default();
    println!("  {what}: median {middle:.2?}, at most {last:.2?}");
}

fn run(args: &[&str]) -> Result<()> {
    let done = Command::new(env!("CARGO_BIN_EXE_accordant"))
        .args(args)
        .output()?;
    match done.status.code() {
        Some(0 | 1) => Ok(()),
        _ => Err(String::from_utf8_lossy(&done.stderr).into_owned().into()),
    }
}

/// The record of a plan of the fixtures.
fn record_of_plan(file: &Path) -> Result<String> {
    let plan = root().join("fixtures/fy2027/windham");
    run(&[
        "review",
        &text(&plan),
        "--as-of",
        "2026-06-01",
        "--record",
        &text(file),
    ])?;
    Ok(fs::read_to_string(file)?)
}

/// The same record as if it were of another district and year.
fn of_another(plan: &str, district: usize, year: usize) -> Result<String> {
    let read = record::read(plan)?;
    let report = serde_json::to_string_pretty(&read.review)?;
    let report = report.replace("\"1630011\"", &format!("\"16300{district:02}\""));
    let report = report.replace("\"fiscal_year\": 2027", &format!("\"fiscal_year\": {year}"));
    let report = report.replace("\"Windham\"", &format!("\"District {district}\""));
    Ok(read.basis.record(&report))
}
