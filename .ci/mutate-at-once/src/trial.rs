//! Tries each mutant on the tests that reach it, the fastest first, until one fails.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::compile::Build;
use crate::journal::{Journal, Outcome};
use crate::mutant::Mutant;
use crate::tree::Tree;

/// How many tests run at once.
const WORKERS: usize = 2;
/// The memory that one test may take, in KiB: a mutant that asks for more is stopped, and so caught.
const MEMORY: &str = "6000000";
/// What the shell does with that, the time and the program.
const LIMITS: &str = "ulimit -c 0; ulimit -v $0; ulimit -t $1; shift; exec \"$@\"";
/// Fast tests run together until they take this long.
const TOGETHER: Duration = Duration::from_millis(500);
/// All mutants are tried on the tests that take less than this before any is tried on a slower one.
const ROUNDS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::MAX,
];
/// The limit of a test is on the processor's time, which other work does not change; it may wait so many times as long.
const WAIT: u64 = 30;
/// The status of what is stopped at its limit: by `timeout`, and by the system at the end of the processor's time.
const KILLED: i32 = 137;

/// A test function, how long it takes, and which mutants it asks for.
pub(crate) struct Test {
    program: PathBuf,
    name: String,
    time: Duration,
    reaches: BTreeSet<usize>,
}

#[derive(PartialEq, Eq)]
enum Ended {
    Passed,
    /// This test failed, where the program lived to say so.
    Failed(Option<String>),
    Late,
}

/// Which tests `.cargo/mutants.toml` asks: those whose name holds one of these parts, but for those that hold one of the others.
pub(crate) struct Filters {
    asked: Vec<String>,
    skipped: Vec<String>,
}

impl Filters {
    /// What it gives to the tests' programs.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let text = fs::read_to_string(root.join(".cargo/mutants.toml"))?;
        let config: toml::Table = text.parse()?;
        let args = config
            .get("additional_cargo_test_args")
            .and_then(|a| a.as_array());
        let args = args
            .context("no additional_cargo_test_args")?
            .iter()
            .filter_map(|a| a.as_str());
        let mut args = args.skip_while(|a| *a != "--").skip(1).map(str::to_owned);
        let (mut asked, mut skipped) = (Vec::new(), Vec::new());
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--skip" => skipped.extend(args.next()),
                _ => asked.push(arg),
            }
        }
        Ok(Self { asked, skipped })
    }

    fn takes(&self, name: &str) -> bool {
        let has = |parts: &[String]| parts.iter().any(|part| name.contains(part));
        has(&self.asked) && !has(&self.skipped)
    }
}

/// The tests that the filters take.
pub(crate) fn tests(programs: &[PathBuf], filters: &Filters) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    for program in programs {
        let run = Command::new(program)
            .args(["--list", "--format", "terse"])
            .output()?;
        let listed = String::from_utf8(run.stdout)?;
        let names = listed.lines().filter_map(|l| l.strip_suffix(": test"));
        tests.extend(names.filter(|n| filters.takes(n)).map(|n| Test {
            program: program.clone(),
            name: n.to_owned(),
            time: Duration::ZERO,
            reaches: BTreeSet::new(),
        }));
    }
    Ok(tests)
}

/// Where the time of each test and the mutants that it asks for are kept for later runs.
struct Records {
    times: PathBuf,
    /// Of the same programs alone.
    reached: PathBuf,
}

impl Records {
    fn open(out: &Path, digest: u64) -> Result<Self> {
        let (times, reached) = (out.join("times"), out.join(format!("reached-{digest:x}")));
        fs::create_dir_all(&times)?;
        fs::create_dir_all(&reached)?;
        Ok(Self { times, reached })
    }

    /// How long a test took at last; nothing is known of a new one.
    fn time(&self, test: &Test) -> Result<Duration> {
        let noted = fs::read_to_string(self.times.join(test.file()));
        let millis = noted.ok().map(|t| t.trim().parse()).transpose()?;
        Ok(Duration::from_millis(millis.unwrap_or_default()))
    }
}

impl Test {
    /// The name of its records.
    fn file(&self) -> String {
        self.name.replace("::", ".")
    }

    /// Runs it once alone, without a mutant, unless that was done.
    fn record(&mut self, tree: &Tree, records: &Records) -> Result<()> {
        let (done, path) = (
            records.reached.join(self.file()),
            records.reached.join(format!("{}.part", self.file())),
        );
        if !done.exists() {
            let _ = fs::remove_file(&path);
            let begun = Instant::now();
            let variable = ("MUTANT_REACHED", path.as_os_str().to_owned());
            let ended = run(tree, &[self], Duration::from_mins(10), variable)?;
            ensure!(
                ended == Ended::Passed,
                "`{}` fails without any mutant",
                self.name
            );
            let millis = begun.elapsed().as_millis().to_string();
            fs::write(records.times.join(self.file()), millis)?;
            fs::write(&done, fs::read(&path).unwrap_or_default())?;
            let _ = fs::remove_file(&path);
        }
        self.time = records.time(self)?;
        let noted = fs::read_to_string(&done)?;
        self.reaches = noted.lines().filter_map(|n| n.parse().ok()).collect();
        Ok(())
    }
}

/// A command that is stopped when it takes too long or too much.
fn limited(limit: Duration) -> Command {
    let (limit, wait) = (limit.as_secs(), WAIT * limit.as_secs());
    let mut command = Command::new("nice");
    command
        .args(["-n", "15", "timeout", "--signal=KILL", &wait.to_string()])
        .args(["sh", "-c", LIMITS, MEMORY, &limit.to_string()]);
    command
}

/// Runs some tests of one program.
fn run(
    tree: &Tree,
    tests: &[&Test],
    limit: Duration,
    (variable, value): (&str, OsString),
) -> Result<Ended> {
    let program = &tests.first().context("no test")?.program;
    let run = limited(limit)
        .arg(program)
        .args(["--exact", "--test-threads=1", "--quiet"])
        .args(tests.iter().map(|t| &t.name))
        .env(variable, value)
        // The same cases on every run, none shrunk and none kept.
        .env("PROPTEST_RNG_SEED", "20261122")
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
        .env("INSTA_WORKSPACE_ROOT", &tree.folder)
        .current_dir(&tree.folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .context("nice")?;
    Ok(match run.status.code() {
        Some(0) => Ended::Passed,
        Some(KILLED) | None => Ended::Late,
        Some(_) => Ended::Failed(failed(&String::from_utf8_lossy(&run.stdout))),
    })
}

/// The first of the tests that a program lists as failed.
fn failed(printed: &str) -> Option<String> {
    let (_, list) = printed.rsplit_once("\nfailures:\n")?;
    Some(list.lines().next()?.trim().to_owned())
}

/// Tries every mutant that is not in the journal, first on all tests that are fast.
pub(crate) fn judge(
    tree: &Tree,
    mutants: &[Mutant],
    build: &Build,
    tests: Vec<Test>,
    journal: &Journal,
) -> Result<()> {
    let records = Records::open(&journal.out, journal.digest)?;
    let mut tests = recorded(tree, tests.into_iter(), &records)?;
    let explained = explained(tree)?;
    for most in ROUNDS {
        let round: Vec<Test> = tests.extract_if(.., |t| t.time < most).collect();
        eprintln!("{} tests that take less than {most:?}", round.len());
        let has_switch = |m: &&Mutant| !build.put_back.contains_key(&m.id);
        let is_open = |m: &&Mutant| has_switch(m) && !journal.is_known(m);
        let mut open: Vec<&Mutant> = mutants.iter().filter(is_open).collect();
        // Those that have a reason are most likely to ask all tests in vain.
        open.sort_by_key(|m| explained.contains(&m.plain));
        eprintln!("{} mutants to try on them", open.len());
        side_by_side(&open, |mutant| {
            let groups = groups(mutant, &round, journal.likely(mutant));
            match outcome(tree, mutant, &groups)? {
                Outcome::Missed if most < Duration::MAX => Ok(()),
                outcome => journal.note(mutant, outcome),
            }
        })?;
    }
    Ok(())
}

/// The names of the mutants that have a reason, as tests/mutants.toml has them.
fn explained(tree: &Tree) -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(tree.folder.join("tests/mutants.toml"))?;
    let table: toml::Table = text.parse()?;
    let survivors = table.get("survivor").and_then(toml::Value::as_array);
    let names = survivors
        .into_iter()
        .flatten()
        .filter_map(|s| s.get("mutant"));
    Ok(names
        .filter_map(|n| n.as_str())
        .map(str::to_owned)
        .collect())
}

/// The tests with what they reach.
fn recorded(
    tree: &Tree,
    tests: impl Iterator<Item = Test>,
    records: &Records,
) -> Result<Vec<Test>> {
    let tests: Vec<_> = tests.map(Mutex::new).collect();
    side_by_side(&tests, |test| {
        let mut test = test.lock().unwrap_or_else(PoisonError::into_inner);
        test.record(tree, records)
    })?;
    let unlock = |test: Mutex<_>| test.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(tests.into_iter().map(unlock).collect())
}

/// Does something with each of these, several at once.
fn side_by_side<T: Sync>(all: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    let next = AtomicUsize::new(0);
    let worker = || -> Result<()> {
        while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(one)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .try_for_each(|w| w.join().unwrap_or_else(|_| bail!("a worker stopped")))
    })
}

fn outcome(tree: &Tree, mutant: &Mutant, groups: &[Vec<&Test>]) -> Result<Outcome> {
    for group in groups {
        let time: Duration = group.iter().map(|t| t.time).sum();
        let limit = time * 5 + Duration::from_secs(10);
        let first = || group.first().map(|t| t.name.clone()).unwrap_or_default();
        match run(tree, group, limit, ("MUTANT", mutant.id.to_string().into()))? {
            Ended::Passed => {}
            Ended::Failed(test) => return Ok(Outcome::Caught(test.unwrap_or_else(first))),
            Ended::Late => return Ok(Outcome::Late(first())),
        }
    }
    Ok(Outcome::Missed)
}

/// The tests that reach a mutant, the likely one first, then the fastest; fast ones of one program together.
fn groups<'t>(mutant: &Mutant, tests: &'t [Test], likely: &str) -> Vec<Vec<&'t Test>> {
    let mut reaching: Vec<&Test> = tests
        .iter()
        .filter(|t| t.reaches.contains(&mutant.id))
        .collect();
    reaching.sort_by_key(|t| (t.name != likely, t.time));
    let mut groups: Vec<Vec<&Test>> = Vec::new();
    for test in reaching {
        let fits = |group: &&mut Vec<&Test>| {
            let time: Duration = group.iter().map(|t| t.time).sum();
            let is_same = group
                .iter()
                .all(|t| t.program == test.program && t.name != likely);
            is_same && time + test.time < TOGETHER
        };
        match groups.last_mut().filter(fits) {
            Some(group) => group.push(test),
            None => groups.push(vec![test]),
        }
    }
    groups
}
