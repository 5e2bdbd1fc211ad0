//! Runs programs in turn and takes their medians.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};
use serde::Deserialize;

use super::baseline;
use super::generate::{SIZES, Size, write};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

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

/// The plans of the fixtures, and as many for each year since the first.
const YEARS: [(&str, u32); 2] = [("36", 2027), ("504", 2014)];

/// Reviews the fixtures' 36 plans as plans of every year from `first` to 2027, by the pack that is built in.
fn archive(name: &str, first: u32) -> Result<()> {
    let folder = root().join("target/scale").join(name);
    if !folder.exists() {
        (first..=2027).try_for_each(|year| copy_plans(&folder.join(year.to_string()), year))?;
    }
    let review = |threads: &str| {
        let mut args = vec![
            "/usr/bin/env".to_owned(),
            format!("RAYON_NUM_THREADS={threads}"),
        ];
        args.push(env!("CARGO_BIN_EXE_accordant").to_owned());
        args.extend(["review", "--quiet", "--format", "json"].map(str::to_owned));
        args.push(folder.display().to_string());
        args
    };
    let programs = [
        Program {
            name: "accordant",
            args: review("1"),
        },
        Program {
            name: "accordant, 2 threads",
            args: review("2"),
        },
    ];
    let outs = outs(&folder, &programs);
    let taken = run_in_turn(&programs, &outs, 5)?;
    println!("{name} plans of the fixtures, from {first} to 2027, medians of 5 runs in turn");
    print_table(&programs, &taken);
    Ok(())
}

/// Copies the plans of the fixtures as those of a year.
fn copy_plans(to: &Path, year: u32) -> Result<()> {
    for plan in fs::read_dir(root().join("fixtures/fy2027"))? {
        let plan = plan?;
        if !plan.path().is_dir() {
            continue;
        }
        let folder = to.join(plan.file_name());
        fs::create_dir_all(&folder)?;
        for file in fs::read_dir(plan.path())? {
            let file = file?;
            let text = fs::read_to_string(file.path())?;
            let text = text.replace("fiscal_year = 2027", &format!("fiscal_year = {year}"));
            fs::write(folder.join(file.file_name()), text)?;
        }
    }
    Ok(())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pack() -> PathBuf {
    root().join("benches/scale/packs/scale")
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
        ["baseline", folder] => baseline::run(Path::new(folder), &pack(), std::io::stdout()),
        ["measure", out, program, rest @ ..] => run_measured(out, program, rest),
        names => {
            let asked = |name: &str| {
                if names.is_empty() {
                    name != "L"
                } else {
                    names.contains(&name)
                }
            };
            let sizes = SIZES.iter().filter(|size| asked(size.name));
            sizes.into_iter().try_for_each(compare)?;
            let years = YEARS.iter().filter(|(name, _)| asked(name));
            years
                .into_iter()
                .try_for_each(|(name, first)| archive(name, *first))
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
    let text = |path: &Path| path.display().to_string();
    let accordant = |threads: &str| {
        let mut args = vec![
            "/usr/bin/env".to_owned(),
            format!("RAYON_NUM_THREADS={threads}"),
        ];
        args.push(env!("CARGO_BIN_EXE_accordant").to_owned());
        args.extend(["review", "--quiet", "--format", "json", "--pack"].map(str::to_owned));
        args.extend([text(&pack()), text(&folder)]);
        args
    };
    let programs = [
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
            args: accordant("1"),
        },
        Program {
            name: "accordant, 2 threads",
            args: accordant("2"),
        },
    ];
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
    for out in &outs[1..] {
        same(&by_hand, &findings(out)?)?;
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

fn same(by_hand: &BTreeSet<String>, found: &BTreeSet<String>) -> Result<()> {
    let mut differences = by_hand.symmetric_difference(found).peekable();
    if differences.peek().is_none() {
        return Ok(());
    }
    let some: Vec<&String> = differences.take(20).collect();
    Err(format!("the findings differ: {some:?}").into())
}
