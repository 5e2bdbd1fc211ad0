//! Counts instructions, which no other program on the machine disturbs, and fails where they have grown.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Result;
use super::generate::{SIZES, write};
use super::measure::{pack, root, text};

/// By how many hundredths a count may exceed its threshold.
const TOLERANCE: u64 = 5;

/// What the thresholds stand above, in their file.
const HEAD: &str = "\
# The most instructions of each run, in hundredths of those of the program written by hand over S (counts of one program
# over another hardly depend on the machine). `.ci/instructions` fails beyond 105 % of these, and
# `.ci/instructions write` writes them anew.
";

/// A run of the program: its name in the file of thresholds, and its arguments.
struct Run {
    name: &'static str,
    args: Vec<String>,
}

/// Compares the counts with the thresholds, or writes them as the thresholds.
pub(crate) fn main(writes: bool) -> Result<()> {
    let folder = root().join("target/scale/S");
    if !folder.join("plan.csv").exists() {
        let size = SIZES.iter().find(|size| size.name == "S");
        write(*size.ok_or("there is no size S")?, &folder)?;
    }
    let by_hand = count(
        &std::env::current_exe()?,
        &["baseline".to_owned(), text(&folder)],
    )?;
    println!("by hand: {by_hand} instructions");
    let mut counts = Vec::new();
    for run in runs(&folder) {
        let found = count(Path::new(env!("CARGO_BIN_EXE_accordant")), &run.args)?;
        counts.push((run.name, found * 100 / by_hand));
        println!("{}: {found} instructions", run.name);
    }
    if writes {
        return Ok(fs::write(thresholds(), lines(&counts))?);
    }
    compare(&counts, &fs::read_to_string(thresholds())?)
}

fn thresholds() -> PathBuf {
    root().join("benches/scale/thresholds")
}

/// What is counted: the review of S, line by line and by whole lists, that of the fixtures' plans, and the check of one plan, most of which is the start.
fn runs(folder: &Path) -> [Run; 4] {
    let plans = root().join("fixtures/fy2027");
    let review = ["review", "--quiet", "--format", "json"].map(str::to_owned);
    let by = |name| ["--pack".to_owned(), text(&pack(name)), text(folder)];
    let plan = text(&plans.join("windham"));
    [
        Run {
            name: "review-S",
            args: [&review[..], &by("scale")].concat(),
        },
        Run {
            name: "review-S-lists",
            args: [&review[..], &by("lists")].concat(),
        },
        Run {
            name: "review-fy2027",
            args: [&review[..], &[text(&plans)]].concat(),
        },
        Run {
            name: "check-windham",
            args: vec!["check".to_owned(), plan],
        },
    ]
}

/// The instructions of one run on one thread.
fn count(program: &Path, args: &[String]) -> Result<u64> {
    let out = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(args)
        .env("RAYON_NUM_THREADS", "1")
        .stdout(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind does not run: {error}"))?;
    let told = String::from_utf8_lossy(&out.stderr);
    let figure = told
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let (_, figure) = figure
        .filter(|_| out.status.code().is_some_and(|code| code <= 2))
        .ok_or_else(|| format!("{} ended with {}:\n{told}", program.display(), out.status))?;
    Ok(figure.trim().parse()?)
}

fn lines(counts: &[(&str, u64)]) -> String {
    let mut text = HEAD.to_owned();
    for (name, hundredths) in counts {
        let _ = writeln!(text, "{name} {hundredths}");
    }
    text
}

/// Tells each count beside its threshold; fails when one is too large.
fn compare(counts: &[(&str, u64)], thresholds: &str) -> Result<()> {
    let mut grown = Vec::new();
    for (name, now) in counts {
        let of_name = |line: &str| line.strip_prefix(name)?.trim().parse::<u64>().ok();
        let threshold = thresholds.lines().find_map(of_name);
        let threshold = threshold.ok_or_else(|| format!("there is no threshold for {name}"))?;
        println!("{name}: {now} % of the program by hand, the threshold is {threshold} %");
        if now * 100 > threshold * (100 + TOLERANCE) {
            grown.push(*name);
        } else if now * (100 + TOLERANCE) < threshold * 100 {
            println!("{name}: much better; `.ci/instructions write` writes it down");
        }
    }
    if grown.is_empty() {
        return Ok(());
    }
    let grown = grown.join(", ");
    Err(format!(
        "{grown}: more than {TOLERANCE} % beyond the threshold in {}",
        self::thresholds().display()
    )
    .into())
}
