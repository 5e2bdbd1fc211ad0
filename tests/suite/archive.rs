//! The archive: what was reported as added is there after every crash, beside other processes, in copies and in later versions.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use accordant::memory::archive::{Archive, Choice, Details, Entry, Item};
use accordant::memory::record::{self, Basis, PackName};
use rusqlite::Connection;

use super::project;

/// The record of a review that says little, and is as large as others are.
fn record_of(n: usize) -> String {
    let pack = PackName {
        id: "set-aside".to_owned(),
        version: "1".to_owned(),
        digest: "sha256:0".to_owned(),
    };
    let basis = Basis::new(pack, None, "2026-06-01".to_owned(), None);
    let review = serde_json::json!({
        "format": "accordant.review/1",
        "submissions": [{
            "path": format!("plan-{n}"), "district_code": null, "district": format!("District {n}"), "fiscal_year": 2027,
            "revision": null, "recommendation": "approve", "after_answers": null, "findings": [],
            "diagnostics": [{"place": "x", "message": "x".repeat(n * 7919 % 50_000)}],
        }],
    });
    basis.record(&serde_json::to_string_pretty(&review).expect("it is JSON"))
}

/// A folder with an archive to be and with records.
struct Bench {
    folder: tempfile::TempDir,
    records: Vec<PathBuf>,
}

impl Bench {
    fn new(count: usize) -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        let records = (0..count).map(|n| {
            let path = folder.path().join(format!("{n}.json"));
            std::fs::write(&path, record_of(n)).expect("there is room");
            path
        });
        let records = records.collect();
        Bench { folder, records }
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("accordant.sqlite")
    }

    /// `archive add` of some of the records.
    fn adding(&self, records: &[PathBuf]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_accordant"));
        command.args(["archive", "add"]).args(records);
        command.arg("--pack").arg(project("tests/packs/set-aside"));
        command.arg("--archive").arg(self.archive());
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        piped.spawn().expect("it starts")
    }

    fn entries(&self) -> Vec<Entry> {
        entries_of(&self.archive())
    }
}

fn entries_of(path: &Path) -> Vec<Entry> {
    let archive = Archive::open(path).expect("it opens");
    archive.entries(&Choice::default()).expect("it is read")
}

/// Nothing in the file is broken, by `SQLite`'s own check.
#[track_caller]
fn is_whole(path: &Path) {
    let connection = Connection::open(path).expect("it opens");
    let check = |name: &str| -> Vec<String> {
        let mut told = connection
            .prepare(&format!("PRAGMA {name}"))
            .expect("it is");
        let rows = told.query_map([], |row| row.get(0)).expect("it is asked");
        rows.map(|row| row.expect("it answers")).collect()
    };
    assert_eq!(check("integrity_check"), ["ok"]);
    assert!(check("foreign_key_check").is_empty());
}

/// The entries are whole records, each of those that were to be added.
#[track_caller]
fn are_whole(path: &Path, entries: &[Entry]) {
    let archive = Archive::open(path).expect("it opens");
    for entry in entries {
        let text = archive
            .text(entry)
            .expect("its bytes are those of its digest");
        assert!(record::read(&text).expect("a record").is_intact);
        let n = entry.whose.path.strip_prefix("plan-").expect("one of ours");
        assert_eq!(text, record_of(n.parse().expect("a number")));
    }
}

/// The number and the plan of each line `added 3: review of District 7, …`; a line that breaks off reports nothing.
fn reported(text: &str) -> Vec<(i64, String)> {
    let whole = text.split_inclusive('\n').filter(|l| l.ends_with('\n'));
    let lines = whole.map(|line| {
        let (id, rest) = line
            .strip_prefix("added ")
            .or_else(|| line.strip_prefix("known already "))
            .and_then(|rest| rest.split_once(": "))
            .expect("a report");
        let (_, n) = rest.split_once("District ").expect("whose it is");
        let (n, _) = n.split_once(',').expect("and of which year");
        (id.parse().expect("a number"), format!("plan-{n}"))
    });
    lines.collect()
}

/// A number that looks random, the same in every run.
fn next(seed: &mut u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn a_process_that_is_killed_a_hundred_times_loses_nothing_that_it_reported() {
    const TIMES: usize = 100;
    const EACH: usize = 16;
    let bench = Bench::new(TIMES * EACH);
    let (mut seed, mut known, mut all, mut broken_off) = (20_261_122, 0, Vec::new(), 0);
    for (round, records) in bench.records.chunks(EACH).enumerate() {
        let mut child = bench.adding(records);
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut text = String::new();
        // Most are killed while they write; some before they have begun, which the first makes the archive in.
        if round % 8 != 7 {
            out.read_line(&mut text).expect("it reports");
        }
        std::thread::sleep(Duration::from_micros(next(&mut seed) % 15_000));
        child.kill().expect("it can be killed");
        child.wait().expect("it has ended");
        out.read_to_string(&mut text).expect("it is text");
        let told = reported(&text);
        broken_off += usize::from((1..EACH).contains(&told.len()));
        if !bench.archive().exists() {
            assert!(told.is_empty());
            continue;
        }
        is_whole(&bench.archive());
        let entries = bench.entries();
        are_whole(
            &bench.archive(),
            entries.get(known..).expect("nothing is lost"),
        );
        known = entries.len();
        all.extend(told);
        for (id, path) in &all {
            let found = entries
                .iter()
                .find(|of| of.id == *id)
                .expect("it was reported");
            assert_eq!(found.whose.path, *path);
        }
    }
    assert!(
        broken_off >= 10,
        "only {broken_off} were killed while they wrote"
    );
    let done = bench
        .adding(&bench.records)
        .wait_with_output()
        .expect("it runs");
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(
        bench.entries().len(),
        TIMES * EACH,
        "what was killed is added again, and nothing twice"
    );
    is_whole(&bench.archive());
}

#[test]
fn processes_that_add_at_once_wait_for_one_another() {
    let bench = Bench::new(60);
    let children: Vec<Child> = bench
        .records
        .chunks(15)
        .map(|part| bench.adding(part))
        .collect();
    for child in children {
        let done = child.wait_with_output().expect("it runs");
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        assert_eq!(reported(&String::from_utf8_lossy(&done.stdout)).len(), 15);
    }
    let entries = bench.entries();
    assert_eq!(entries.len(), 60);
    are_whole(&bench.archive(), &entries);
    is_whole(&bench.archive());
}

#[test]
fn the_file_alone_is_the_archive_while_others_have_it_open() {
    let bench = Bench::new(40);
    let (first, rest) = bench.records.split_at(20);
    bench.adding(first).wait_with_output().expect("it runs");
    let reader = Archive::open(&bench.archive()).expect("it opens");
    assert_eq!(
        reader
            .entries(&Choice::default())
            .expect("it is read")
            .len(),
        20
    );
    let copy = bench.folder.path().join("copy.sqlite");
    std::fs::copy(bench.archive(), &copy).expect("there is room");
    is_whole(&copy);
    assert_eq!(
        entries_of(&copy),
        reader.entries(&Choice::default()).expect("it is read")
    );
    let beside = |end: &str| bench.folder.path().join(format!("accordant.sqlite{end}"));
    assert!(
        ["-wal", "-shm", "-journal"]
            .iter()
            .all(|end| !beside(end).exists())
    );

    // While something is added, a copy is made by the program itself: it stands at one moment.
    let child = bench.adding(rest);
    let mut sizes = Vec::new();
    for n in 0..10 {
        let copy = bench.folder.path().join(format!("copy-{n}.sqlite"));
        reader.copy(&copy).expect("it is copied");
        is_whole(&copy);
        let entries = entries_of(&copy);
        are_whole(&copy, &entries);
        sizes.push(entries.len());
    }
    assert!(child.wait_with_output().expect("it runs").status.success());
    assert!(
        sizes.is_sorted() && sizes.iter().all(|n| (20..=40).contains(n)),
        "{sizes:?}"
    );
    let error = reader.copy(&copy).expect_err("it is there").to_string();
    assert!(
        error.ends_with("copy.sqlite is there already: name a new file"),
        "{error}"
    );
}

#[test]
fn the_same_thing_is_added_once() {
    let bench = Bench::new(0);
    let mut archive = Archive::open_or_make(&bench.archive()).expect("it is made");
    let text = record_of(1);
    let items = Item::of_record(&record::read(&text).expect("a record"), &text);
    let first = archive
        .add(&items, &[], "2026-06-01T00:00:00Z")
        .expect("it is added");
    let again = archive
        .add(&items, &[], "2027-06-01T00:00:00Z")
        .expect("it is known");
    assert!(first.iter().all(|one| one.is_new) && again.iter().all(|one| !one.is_new));
    assert!(
        first
            .iter()
            .map(|one| &one.entry)
            .eq(again.iter().map(|one| &one.entry))
    );
    assert_eq!(
        archive
            .entries(&Choice::default())
            .expect("it is read")
            .len(),
        1
    );
}

#[test]
fn bytes_that_were_altered_are_told() {
    let bench = Bench::new(1);
    bench
        .adding(&bench.records)
        .wait_with_output()
        .expect("it runs");
    let connection = Connection::open(bench.archive()).expect("it opens");
    let spoil = "DROP TRIGGER content_stays; UPDATE content SET bytes = CAST(replace(CAST(bytes AS TEXT), 'approve', 'escalat') AS BLOB)";
    connection
        .execute_batch(spoil)
        .expect("who has the file can do it");
    let archive = Archive::open(&bench.archive()).expect("it opens");
    let entry = archive.entry(1).expect("it is read").expect("it is there");
    let error = archive
        .text(&entry)
        .expect_err("it was altered")
        .to_string();
    assert!(
        error.contains("was altered: its bytes have another digest"),
        "{error}"
    );
}

/// The archive as the first version of its form has it: made by `archive add` of a plan with an answer and a determination.
#[test]
fn an_archive_of_the_first_version_opens() {
    let bench = Bench::new(0);
    std::fs::copy(project("tests/archives/1.sqlite"), bench.archive()).expect("it is there");
    let entries = bench.entries();
    let kinds: Vec<&str> = entries.iter().map(|of| of.details.kind()).collect();
    assert_eq!(kinds, ["review", "answer", "determination"]);
    let archive = Archive::open(&bench.archive()).expect("it opens");
    for entry in &entries {
        assert!(!archive.text(entry).expect("its bytes are there").is_empty());
    }
    let history = archive.history(None, "windham").expect("it is read");
    assert_eq!(history.district_code.as_deref(), Some("1630011"));
    let figures = history.across();
    let first = figures.first().and_then(|table| table.rows.first());
    let first = first.map(|(label, figures)| (label.column.as_str(), figures.clone()));
    let published = vec![Some(serde_json::json!("9659546.00"))];
    assert_eq!(first, Some(("Allocation, published", published)));
    let Some(Details::Determination(decided)) = entries.last().map(|of| &of.details) else {
        panic!("the last is the determination");
    };
    assert_eq!(decided.conditions.len(), 1);
    assert_eq!(
        decided.record,
        entries.first().and_then(|of| of.record.clone())
    );
    is_whole(&bench.archive());
}
