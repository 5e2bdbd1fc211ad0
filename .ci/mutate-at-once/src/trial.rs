//! Tries each mutant on the tests that reach it, the fastest first, until one fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
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
/// Fast tests run together until they take this long.
const TOGETHER: Duration = Duration::from_millis(300);

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

/// The parts of test names that `.cargo/mutants.toml` lists.
pub(crate) fn filters(root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join(".cargo/mutants.toml"))?;
    let config: toml::Table = text.parse()?;
    let args = config
        .get("additional_cargo_test_args")
        .and_then(|a| a.as_array());
    let args = args
        .context("no additional_cargo_test_args")?
        .iter()
        .filter_map(|a| a.as_str());
    Ok(args
        .skip_while(|a| *a != "--")
        .skip(1)
        .map(str::to_owned)
        .collect())
}

/// The tests whose name holds one of the filters.
pub(crate) fn tests(programs: &[PathBuf], filters: &[String]) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    for program in programs {
        let run = Command::new(program)
            .args(["--list", "--format", "terse"])
            .output()?;
        let listed = String::from_utf8(run.stdout)?;
        let names = listed.lines().filter_map(|l| l.strip_suffix(": test"));
        tests.extend(
            names
                .filter(|n| filters.iter().any(|f| n.contains(f.as_str())))
                .map(|n| Test {
                    program: program.clone(),
                    name: n.to_owned(),
                    time: Duration::ZERO,
                    reaches: BTreeSet::new(),
                }),
        );
    }
    Ok(tests)
}

/// Runs every test once alone, without a mutant: how long it takes, and which mutants it asks for.
pub(crate) fn record(tree: &Tree, tests: &mut [Test], out: &Path) -> Result<()> {
    eprintln!("{} tests", tests.len());
    let folder = out.join("reached");
    fs::create_dir_all(&folder)?;
    let half = tests.len().div_ceil(WORKERS).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> = tests
            .chunks_mut(half)
            .enumerate()
            .map(|(n, part)| {
                let path = folder.join(n.to_string());
                scope.spawn(move || part.iter_mut().try_for_each(|t| t.record(tree, &path)))
            })
            .collect();
        workers
            .into_iter()
            .try_for_each(|w| w.join().unwrap_or_else(|_| bail!("a worker stopped")))
    })
}

impl Test {
    fn record(&mut self, tree: &Tree, path: &Path) -> Result<()> {
        let _ = fs::remove_file(path);
        let begun = Instant::now();
        let ended = run(
            tree,
            &[self],
            Duration::from_mins(10),
            ("MUTANT_REACHED", path.as_os_str().to_owned()),
        )?;
        ensure!(
            ended == Ended::Passed,
            "`{}` fails without any mutant",
            self.name
        );
        self.time = begun.elapsed();
        let reached = fs::read_to_string(path).unwrap_or_default();
        self.reaches = reached.lines().filter_map(|n| n.parse().ok()).collect();
        Ok(())
    }
}

/// Runs some tests of one program.
fn run(
    tree: &Tree,
    tests: &[&Test],
    limit: Duration,
    variable: (&str, std::ffi::OsString),
) -> Result<Ended> {
    let program = &tests.first().context("no test")?.program;
    let run = Command::new("timeout")
        .args(["--signal=KILL", &format!("{}", limit.as_secs().max(1))])
        .args(["sh", "-c", "ulimit -v $0 -c 0; exec \"$@\"", MEMORY])
        .arg(program)
        .args(["--exact", "--test-threads=1", "--quiet"])
        .args(tests.iter().map(|t| &t.name))
        .env(variable.0, variable.1)
        // The same cases on every run, none shrunk and none kept.
        .env("PROPTEST_RNG_SEED", "20261122")
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
        .env("INSTA_WORKSPACE_ROOT", &tree.folder)
        .current_dir(&tree.folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .context("timeout")?;
    Ok(match run.status.code() {
        Some(0) => Ended::Passed,
        Some(137) | None => Ended::Late,
        Some(_) => Ended::Failed(failed(&String::from_utf8_lossy(&run.stdout))),
    })
}

/// The first of the tests that a program lists as failed.
fn failed(printed: &str) -> Option<String> {
    let (_, list) = printed.rsplit_once("\nfailures:\n")?;
    Some(list.lines().next()?.trim().to_owned())
}

/// Tries every mutant that is not in the journal.
pub(crate) fn judge(
    tree: &Tree,
    mutants: &[Mutant],
    build: &Build,
    tests: &[Test],
    journal: &Journal,
) -> Result<()> {
    let open: Vec<&Mutant> = mutants
        .iter()
        .filter(|m| !build.put_back.contains_key(&m.id) && !journal.is_known(m))
        .collect();
    eprintln!("{} mutants to try", open.len());
    let next = AtomicUsize::new(0);
    let work = || -> Result<()> {
        while let Some(mutant) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
            journal.note(
                mutant,
                outcome(tree, mutant, tests, journal.likely(mutant))?,
            )?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|w| w.join().unwrap_or_else(|_| bail!("a worker stopped")))
    })
}

fn outcome(tree: &Tree, mutant: &Mutant, tests: &[Test], likely: &str) -> Result<Outcome> {
    for group in groups(mutant, tests, likely) {
        let time: Duration = group.iter().map(|t| t.time).sum();
        let limit = time * 5 + Duration::from_secs(20);
        let name = || group.first().map(|t| t.name.clone()).unwrap_or_default();
        match run(
            tree,
            &group,
            limit,
            ("MUTANT", mutant.id.to_string().into()),
        )? {
            Ended::Passed => {}
            Ended::Failed(test) => return Ok(Outcome::Caught(test.unwrap_or_else(name))),
            Ended::Late => return Ok(Outcome::Late(name())),
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
