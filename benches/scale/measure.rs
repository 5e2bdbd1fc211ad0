//! Runs programs in turn and takes their medians.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};
use serde::Deserialize;

use super::Result;
use super::archive;
use super::baseline;
use super::generate::{SIZES, Size, split, write};
use super::instructions;

/// What one run of a program took.
#[derive(Debug, Clone, Copy)]
struct Taken {
    /// Processor time, in microseconds.
    cpu: i64,
    /// Time on the clock, in microseconds.
    wall: i64,
    /// The most memory held, in KiB.
    memory: i64,
}

/// One of the programs that are compared.
struct Program {
    name: &'static str,
    args: Vec<String>,
}

/// How many plans are reviewed by the pack that is built in; the last only when asked for.
const PLANS: [&str; 3] = ["36", "504", "10000"];

/// Reviews so many generated plans of 200 lines, of every district and year again and again, by the pack that is built in.
fn alliance(count: &str) -> Result<()> {
    let folder = root().join("target/scale").join(count);
    if !folder.exists() {
        generate_plans(count, &folder)?;
    }
    let mut parts = fs::read_dir(&folder)?
        .map(|part| Ok(text(&part?.path())))
        .collect::<Result<Vec<_>>>()?;
    parts.sort();
    let programs = [("accordant", "1"), ("accordant, 2 threads", "2")];
    let programs = programs.map(|(name, threads)| Program {
        name,
        args: accordant(threads, parts.clone()),
    });
    let outs = outs(&folder, &programs);
    let times = if count == "10000" { 1 } else { 5 };
    let taken = run_in_turn(&programs, &outs, times)?;
    println!("{count} plans by the alliance pack, medians of {times} runs in turn");
    print_table(&programs, &taken);
    Ok(())
}

/// Writes plans as the fixtures' generator makes them: whole before they have their name.
fn generate_plans(count: &str, folder: &Path) -> Result<()> {
    let part = folder.with_extension("part");
    let made = Command::new(env!("CARGO"))
        .args([
            "run",
            "--quiet",
            "--locked",
            "--example",
            "generate-fixtures",
            "many",
            count,
        ])
        .arg(&part)
        .current_dir(root())
        .status()?;
    if !made.success() {
        return Err(format!("{count} plans cannot be generated").into());
    }
    Ok(fs::rename(part, folder)?)
}

/// A review as JSON on so many threads: the command, its options and its paths.
fn accordant(threads: &str, rest: Vec<String>) -> Vec<String> {
    let threads = format!("RAYON_NUM_THREADS={threads}");
    let program = env!("CARGO_BIN_EXE_accordant");
    let command = [
        "/usr/bin/env",
        &threads,
        program,
        "review",
        "--quiet",
        "--format",
        "json",
    ];
    let command = command.map(str::to_owned).into_iter();
    command.chain(rest).collect()
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The twelve checks: `scale` asks them line by line, `lists` of whole lists.
pub(super) fn pack(name: &str) -> PathBuf {
    root().join("benches/scale/packs").join(name)
}

pub(super) fn text(path: &Path) -> String {
    path.display().to_string()
}

pub(super) fn main() -> Result<()> {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    match args
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["baseline", folder] => baseline::run(Path::new(folder), &pack("scale"), std::io::stdout()),
        ["measure", out, program, rest @ ..] => run_measured(out, program, rest),
        ["archive"] => archive::main(),
        ["instructions"] => instructions::main(false),
        ["instructions", "write"] => instructions::main(true),
        names => {
            let asked = |name: &str| {
                if names.is_empty() {
                    !matches!(name, "L" | "10000")
                } else {
                    names.contains(&name)
                }
            };
            let sizes = SIZES.iter().filter(|size| asked(size.name));
            sizes.into_iter().try_for_each(compare)?;
            let mut plans = PLANS.into_iter().filter(|count| asked(count));
            plans.try_for_each(alliance)
        }
    }
}

/// Runs one program, its output into a file, and prints what it took.
fn run_measured(out: &str, program: &str, args: &[&str]) -> Result<()> {
    let start = std::time::Instant::now();
    let status = Command::new(program)
        .args(args)
        .stdout(File::create(out)?)
        .stderr(Stdio::null())
        .status()?;
    let wall = i64::try_from(start.elapsed().as_micros())?;
    if status.code().is_none_or(|code| code > 2) {
        return Err(format!("{program} ended with {status}").into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    println!(
        "{} {wall} {}",
        micros(usage.user_time()) + micros(usage.system_time()),
        usage.max_rss()
    );
    Ok(())
}

impl Program {
    fn run(&self, out: &Path) -> Result<Taken> {
        let taken = Command::new(std::env::current_exe()?)
            .arg("measure")
            .arg(out)
            .args(&self.args)
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8(taken.stdout)?;
        let figures: Vec<i64> = text
            .split_whitespace()
            .map(str::parse)
            .collect::<std::result::Result<_, _>>()?;
        let [cpu, wall, memory] = figures[..] else {
            return Err(format!("{} did not run", self.name).into());
        };
        Ok(Taken { cpu, wall, memory })
    }
}

fn compare(size: &Size) -> Result<()> {
    let folder = root().join("target/scale").join(size.name);
    if !folder.join("plan.csv").exists() {
        write(*size, &folder)?;
    }
    let by = |name, folder: &Path| vec!["--pack".into(), text(&pack(name)), text(folder)];
    let scale = |folder: &Path| by("scale", folder);
    let mut programs = vec![
        Program {
            name: "by hand",
            args: vec![
                text(&std::env::current_exe()?),
                "baseline".into(),
                text(&folder),
            ],
        },
        Program {
            name: "accordant",
            args: accordant("1", scale(&folder)),
        },
        Program {
            name: "accordant, 2 threads",
            args: accordant("2", scale(&folder)),
        },
        Program {
            name: "accordant, whole lists",
            args: accordant("1", by("lists", &folder)),
        },
    ];
    // More files than those of M are not read as one batch.
    if size.name != "L" {
        let folders = folder.with_extension("folders");
        if !folders.exists() {
            split(&folder, &folders)?;
        }
        programs.push(Program {
            name: "accordant, folders",
            args: accordant("1", scale(&folders)),
        });
    }
    let times = match size.name {
        "L" => 3,
        "M" => 5,
        _ => 21,
    };
    let outs = outs(&folder, &programs);
    let taken = run_in_turn(&programs, &outs, times)?;
    println!(
        "{}: {} districts of {} lines, medians of {times} runs in turn",
        size.name, size.districts, size.lines
    );
    print_table(&programs, &taken);
    let by_hand: BTreeSet<String> = fs::read_to_string(&outs[0])?
        .lines()
        .map(str::to_owned)
        .collect();
    for out in &outs[1..3] {
        same(&by_hand, &findings(out)?)?;
    }
    same(&checks(&by_hand), &checks(&findings(&outs[3])?))?;
    for out in &outs[4..] {
        let found = findings(out)?;
        same(&without_rows(&by_hand), &without_rows(&found))?;
    }
    println!("  {} findings, the same line by line", by_hand.len());
    Ok(())
}

fn outs(folder: &Path, programs: &[Program]) -> Vec<PathBuf> {
    let out = |at: usize| folder.with_extension(format!("{at}.out"));
    (0..programs.len()).map(out).collect()
}

/// What each program took, each time.
fn run_in_turn(programs: &[Program], outs: &[PathBuf], times: usize) -> Result<Vec<Vec<Taken>>> {
    let mut taken = vec![Vec::new(); programs.len()];
    for _ in 0..times {
        for ((program, out), taken) in programs.iter().zip(outs).zip(&mut taken) {
            taken.push(program.run(out)?);
        }
    }
    Ok(taken)
}

/// The medians, and the processors' time as a multiple of the first program's.
fn print_table(programs: &[Program], taken: &[Vec<Taken>]) {
    let base = taken.first().map_or(0, |first| median(first, |t| t.cpu));
    for (program, taken) in programs.iter().zip(taken) {
        let (cpu, wall) = (median(taken, |t| t.cpu), median(taken, |t| t.wall));
        println!(
            "  {:22} {:>9.1} ms of processors  {:>6.2} x  {:>9.1} ms on the clock  {:>7.1} MiB",
            program.name,
            thousandths(cpu),
            thousandths(cpu) / thousandths(base),
            thousandths(wall),
            thousandths(median(taken, |t| t.memory)) * 1000.0 / 1024.0
        );
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "times are printed with one decimal"
)]
#[expect(clippy::disallowed_types, reason = "a time is no figure of a plan")]
fn thousandths(x: i64) -> f64 {
    x as f64 / 1000.0
}

fn median(taken: &[Taken], of: impl Fn(&Taken) -> i64) -> i64 {
    let mut all: Vec<i64> = taken.iter().map(of).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

#[derive(Deserialize)]
struct Report {
    submissions: Vec<Submission>,
}

#[derive(Deserialize)]
struct Submission {
    district_code: String,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    code: String,
    outcome: String,
    subject: Option<String>,
}

/// The findings of a JSON report in the words of the hand-written program.
fn findings(report: &Path) -> Result<BTreeSet<String>> {
    let report: Report = serde_json::from_reader(std::io::BufReader::new(File::open(report)?))?;
    let mut all = BTreeSet::new();
    for submission in report.submissions {
        for finding in submission.findings {
            if finding.outcome != "fail" {
                return Err(format!(
                    "{} of {} is {}",
                    finding.code, submission.district_code, finding.outcome
                )
                .into());
            }
            let row = finding
                .subject
                .as_deref()
                .and_then(|s| s.rsplit(':').next())
                .unwrap_or("-")
                .to_owned();
            all.insert(format!(
                "{} {} {row}",
                submission.district_code, finding.code
            ));
        }
    }
    Ok(all)
}

/// Which checks each district fails.
fn checks(findings: &BTreeSet<String>) -> BTreeSet<String> {
    let parts = findings.iter().filter_map(|one| one.rsplit_once(' '));
    parts.map(|(what, _)| what.to_owned()).collect()
}

/// How many findings of each check each district has: rows have other numbers in a file of their own.
fn without_rows(findings: &BTreeSet<String>) -> BTreeSet<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        let (what, _) = finding.rsplit_once(' ').unwrap_or((finding, ""));
        *counts.entry(what).or_default() += 1;
    }
    let counts = counts.iter();
    counts.map(|(what, n)| format!("{what} {n}")).collect()
}

fn same(by_hand: &BTreeSet<String>, found: &BTreeSet<String>) -> Result<()> {
    let mut differences = by_hand.symmetric_difference(found).peekable();
    if differences.peek().is_none() {
        return Ok(());
    }
    let some: Vec<&String> = differences.take(20).collect();
    Err(format!("the findings differ: {some:?}").into())
}
