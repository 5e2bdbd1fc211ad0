//! Reports cannot attack their reader: what others wrote runs in no spreadsheet and commands no terminal.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use accordant::neutral::{cell, is_command};
use accordant::pack::{Files, load, new_office};
use accordant::read::{self, File};
use accordant::submission::Submission;
use accordant::table::{Cell, Texts};
use accordant::workbook::own;
use proptest::prelude::*;

use super::{project, set_aside_files};

/// Clears the screen, hides what follows, turns the direction of writing and forges a line.
const ATTACK: &str = "\u{1b}[2J\u{1b}[8m\u{9b}2J\u{202e}\u{2066}\nFORGED";

/// The same where a line cannot be broken.
const NAME: &str = "=\u{1b}[8m\u{9b}2J\u{202e}FORGED";

/// An empty folder for one test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("it is made");
    path
}

fn write(folder: &Path, files: &[(&str, String)]) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("it is made");
        std::fs::write(path, text).expect("it is written");
    }
}

/// Runs the program with and without colours; nothing that it prints may command a terminal or forge a line.
#[track_caller]
fn assert_harmless(at: &Path, arguments: &[&OsStr]) {
    for colour in ["never", "always"] {
        // What stands behind `--` is no option.
        let dashes = arguments.iter().position(|a| *a == "--");
        let mut all = arguments.to_vec();
        let end = dashes.unwrap_or(all.len());
        all.splice(end..end, ["--color", colour].map(OsStr::new));
        let output = Command::new(env!("CARGO_BIN_EXE_accordant"))
            .args(&all)
            .current_dir(at)
            .output()
            .expect("it runs");
        assert!(output.status.code().is_some_and(|c| c <= 2), "{all:?}");
        for bytes in [&output.stdout, &output.stderr] {
            let text = String::from_utf8(bytes.clone()).expect("it prints UTF-8");
            assert_shown(&text, colour == "always", &format!("{all:?}"));
        }
        let told = [output.stdout, output.stderr].concat();
        assert!(!told.is_empty(), "{all:?} says nothing");
    }
}

#[track_caller]
fn assert_shown(text: &str, colour: bool, what: &str) {
    assert!(!text.contains("\u{1b}[8m"), "{what} hides text:\n{text:?}");
    for line in text.split('\n') {
        let line = if colour {
            without_colours(line)
        } else {
            line.to_owned()
        };
        assert!(!line.contains(is_command), "{what} sends: {line:?}");
        assert!(
            !line.trim_start().starts_with("FORGED"),
            "{what} forges: {text}"
        );
    }
}

/// A line without what sets colours and weights.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (style, rest) = part.split_once('m').unwrap_or(("?", part));
        let is_style = style.bytes().all(|b| b.is_ascii_digit() || b == b';');
        out.push_str(if is_style { rest } else { "\u{1b}" });
    }
    out
}

/// The small pack with an attack in every word that it holds.
fn hostile_pack() -> Files {
    let attack = r"\u001B[2J\u001B[8m\u009B2J\u202E\u2066\nFORGED";
    let keys = [
        "title",
        "authority",
        "version",
        "citation",
        "duty_holder",
        "paraphrase",
        "look_for",
        "label",
        "message",
        "advice",
        "name",
        "code",
        "note",
    ];
    let mut files = set_aside_files();
    let form = std::fs::read(project("tests/packs/set-aside/forms/award-sheet.toml"));
    files.insert(
        "forms/award-sheet.toml".to_owned(),
        form.expect("it is there"),
    );
    for (path, bytes) in &mut files {
        if path.ends_with(".csv") {
            continue;
        }
        let mut text = String::from_utf8(bytes.clone()).expect("it is text");
        let in_form = path.starts_with("forms/");
        for key in keys.iter().filter(|key| !in_form || **key != "name") {
            text = text
                .split_inclusive('\n')
                .map(|line| {
                    let rest = line.strip_prefix(*key).map(str::trim_start);
                    if rest.is_some_and(|r| r.starts_with("= \"")) {
                        let end = line.trim_end().strip_suffix('"').unwrap_or(line);
                        format!("{end}{attack}\"\n")
                    } else {
                        line.to_owned()
                    }
                })
                .collect();
        }
        if path == "schema.toml" {
            text = text.replace(
                "award = { type = \"money\", required = true }",
                &format!(
                    "award = {{ type = \"money\", required = true, label = \"Award{attack}\" }}"
                ),
            );
        }
        if path == "pack.toml" {
            text = text.replace("[\"Dollars\"", &format!("[\"Dollars{attack}\""));
            text.push_str("\n[recommendation]\n");
            for step in [
                "approve",
                "approve-with-conditions",
                "return-for-revision",
                "escalate-to-commissioner",
            ] {
                text.extend([step, " = \"S", attack, "\"\n"]);
            }
        }
        *bytes = text.into_bytes();
    }
    files.insert(
        "data/areas.csv".to_owned(),
        format!("slug,label\nreading,\"Reading{ATTACK}\"\nmusic,\"=Music{ATTACK}\"\n").into_bytes(),
    );
    files
}

fn write_pack(folder: &Path, files: &Files) {
    for (path, bytes) in files {
        let path = folder.join("set-aside").join(path);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("it is made");
        std::fs::write(path, bytes).expect("it is written");
    }
}

/// Plans of which every name and cell is hostile, and an office with hostile words.
fn hostile_plans(at: &Path) {
    let plan = |award: &str| {
        let text = toml::Value::String(format!("=A{ATTACK}"));
        format!("applicant = {text}\nfiscal_year = 2027\naward = {award}\n\"x{NAME}\" = 1\n")
    };
    let budget = format!(
        "line_id,area,amount,\"odd{ATTACK}\"\n\"=1{ATTACK}\",reading,5.00,x\n2,\"music{ATTACK}\",\"7{ATTACK}\",x\n"
    );
    write(
        at,
        &[
            (&format!("mail/{NAME}/plan.toml"), plan("\"100.00\"")),
            (&format!("mail/{NAME}/budget.csv"), budget.clone()),
            (&format!("mail/two{ATTACK}/plan.toml"), plan("\"x\\u001B\"")),
            (&format!("mail/two{ATTACK}/budget.csv"), budget.clone()),
            (
                &format!("mail/bad{ATTACK}/plan.toml"),
                format!("a = = {ATTACK}"),
            ),
            (&format!("mail/bad{ATTACK}/budget{ATTACK}.csv"), budget),
            (&format!("mail/letter{ATTACK}.pdf"), "%PDF".to_owned()),
            (&format!("mail/book{ATTACK}.xlsx"), "no workbook".to_owned()),
            (
                "office.toml",
                format!(
                    "title = {0}\noffice = {0}\n[contact]\nname = {0}\n",
                    toml::Value::String(format!("O{}", ATTACK.replace('\n', "")))
                ),
            ),
        ],
    );
    workbook(at);
}

/// A workbook with a hostile cell, header and sheet.
fn workbook(at: &Path) {
    let mut book = rust_xlsxwriter::Workbook::new();
    let mut sheet = |name: &str, rows: &[&[&str]]| {
        let sheet = book.add_worksheet().set_name(name).expect("it is a name");
        for (row, cells) in (0..).zip(rows) {
            for (column, cell) in (0..).zip(*cells) {
                sheet
                    .write_string(row, column, *cell)
                    .expect("it is written");
            }
        }
    };
    let bad = format!("=2{ATTACK}");
    let rows: [&[&str]; 4] = [
        &["field", "value"],
        &["applicant", &bad],
        &["fiscal_year", "2027"],
        &["award", "100"],
    ];
    sheet("plan", &rows);
    let rows: [&[&str]; 2] = [
        &["line_id", "area", "amount", &bad],
        &[&bad, &bad, &bad, &bad],
    ];
    sheet("budget", &rows);
    sheet("odd\u{202e}FORGED", &[&[&bad]]);
    let path = at.join("mail").join(format!("sheets{NAME}.xlsx"));
    book.save(path).expect("it is written");
}

#[test]
fn hostile_plans_command_no_terminal() {
    let at = folder("hostile-plans");
    hostile_plans(&at);
    write_pack(&at, &set_aside_files());
    let one = at.join("mail").join(NAME);
    let book = at.join("mail").join(format!("sheets{NAME}.xlsx"));
    for plan in [one.as_os_str(), book.as_os_str(), OsStr::new("mail")] {
        for verb in ["check", "review", "intake"] {
            let rest = ["--pack", "set-aside", "--office", "office.toml"].map(OsStr::new);
            assert_harmless(&at, &[&[OsStr::new(verb), plan], &rest[..]].concat());
        }
    }
    let of_one = |expression: &str| {
        let rest = ["--pack", "set-aside", "--", expression].map(OsStr::new);
        assert_harmless(
            &at,
            &[&[OsStr::new("eval"), one.as_os_str()], &rest[..]].concat(),
        );
    };
    of_one("plan.applicant");
    of_one("budget.line_id");
    of_one(&format!("\"a\" + 1{ATTACK}"));
    of_one(&format!("plan.applicant = \"x{NAME}\" + 1"));
    let missing = format!("nowhere{ATTACK}");
    for verb in ["check", "review", "intake", "eval"] {
        let arguments = [verb, &missing, "--pack", "set-aside", "--", "1"];
        let n = if verb == "eval" { 6 } else { 4 };
        assert_harmless(&at, &arguments.map(OsStr::new)[..n]);
    }
}

#[test]
fn reports_that_are_written_command_no_terminal() {
    let at = folder("hostile-reports");
    hostile_plans(&at);
    write_pack(&at, &set_aside_files());
    assert_harmless(
        &at,
        &["review", "mail", "--pack", "set-aside", "--out", "out"].map(OsStr::new),
    );
    let mut read = 0;
    for folder in ["out", "out/letters"] {
        let files = std::fs::read_dir(at.join(folder)).expect("it is there");
        let paths = files.flatten().map(|file| file.path());
        for page in paths.filter(|p| p.extension() == Some(OsStr::new("html"))) {
            let text = std::fs::read_to_string(page).expect("it is text");
            assert_shown(&text, false, "a report");
            read += 1;
        }
    }
    assert!(read >= 6, "{read} reports");
}

#[test]
fn hostile_packs_command_no_terminal() {
    let at = folder("hostile-packs");
    hostile_plans(&at);
    let sheet = std::fs::read_to_string(project("tests/intake/award-sheet.csv"));
    write(&at, &[("mail/sheet.csv", sheet.expect("it is there"))]);
    write_pack(&at, &hostile_pack());
    load("set-aside", &hostile_pack()).expect("it loads");
    let runs: [&[&str]; 14] = [
        &["review", "mail", "--office", "office.toml"],
        &["check", "mail"],
        &["intake", "mail"],
        &["rules"],
        &["rules", "reading-reserved"],
        &["rules", "--missing", "--year", "2028"],
        &["trace"],
        &["trace", "act-1"],
        &["trace", "reading-reserved"],
        &["trace", "--format", "markdown"],
        &["trace", "--verify"],
        &["test"],
        &["test", "--goldens", "mail"],
        &["eval", "--", "areas.label"],
    ];
    for run in runs {
        let mut arguments: Vec<&str> = run.to_vec();
        let end = arguments
            .iter()
            .position(|a| *a == "--")
            .unwrap_or(arguments.len());
        arguments.splice(end..end, ["--pack", "set-aside"]);
        let arguments: Vec<&OsStr> = arguments.into_iter().map(OsStr::new).collect();
        assert_harmless(&at, &arguments);
    }
    for output in ["office", "office-alone.toml"] {
        let name = format!("{output}{NAME}");
        let name = if output.ends_with(".toml") {
            format!("{NAME}.toml")
        } else {
            name
        };
        assert_harmless(
            &at,
            &[
                "office",
                "new",
                "--year",
                "2027",
                "--pack",
                "set-aside",
                "-o",
                &name,
            ]
            .map(OsStr::new),
        );
        let path = at.join(&name);
        let path = if path.is_dir() {
            path.join("office.toml")
        } else {
            path
        };
        let text = std::fs::read_to_string(path).expect("it is there");
        assert_shown(&text, false, "the office file");
    }
}

#[test]
fn mistakes_of_packs_command_no_terminal() {
    let at = folder("hostile-mistakes");
    for (path, from, to) in [
        ("pack.toml", "title =", "odd ="),
        ("schema.toml", "codes = \"areas\"", "codes = \"arias\""),
        (
            "rules/budget/reading-reserved.toml",
            "severity = \"condition\"",
            "severity = \"c\u{9b}\u{202e}\"",
        ),
        (
            "rules/budget/reading-reserved.toml",
            "plan.award *",
            "plan.reward\u{9b}\u{202e} *",
        ),
        (
            "sources.toml",
            "verification = \"unconfirmed\"",
            "verification = \u{1b}",
        ),
    ] {
        let mut files = hostile_pack();
        let text =
            String::from_utf8(files.get(path).expect("it is there").clone()).expect("it is text");
        assert!(text.contains(from), "{path}: {from}");
        files.insert(path.to_owned(), text.replacen(from, to, 1).into_bytes());
        files.insert(format!("rules/budget/{NAME}.toml"), b"x = 1".to_vec());
        assert!(load("set-aside", &files).is_err());
        write_pack(&at, &files);
        assert_harmless(&at, &["rules", "--pack", "set-aside"].map(OsStr::new));
    }
}

#[test]
fn hostile_arguments_command_no_terminal() {
    let at = folder("hostile-arguments");
    write_pack(&at, &set_aside_files());
    let runs: [&[&str]; 9] = [
        &["rules", ATTACK, "--pack", "set-aside"],
        &["trace", ATTACK, "--pack", "set-aside"],
        &["rules", "--pack", ATTACK],
        &["rules", "--office", ATTACK, "--pack", "set-aside"],
        &["rules", "--year", ATTACK],
        &["rules", "--format", ATTACK],
        &["test", "--goldens", ATTACK, "--pack", "set-aside"],
        &[ATTACK],
        &["review", "x", ATTACK, "--out", ATTACK],
    ];
    for run in runs {
        let arguments: Vec<&OsStr> = run.iter().map(OsStr::new).collect();
        assert_harmless(&at, &arguments);
    }
}

#[test]
fn nothing_in_markdown_is_a_mark() {
    let mut files = set_aside_files();
    let words = "<img src=x onerror=alert(1)> | a | `b` &lt; [c](http://d)";
    let sources = String::from_utf8(files["sources.toml"].clone()).expect("it is text");
    let sources = sources
        .replace("Example Act § 1", words)
        .replace("A share of", words);
    files.insert("sources.toml".to_owned(), sources.into_bytes());
    let at = folder("hostile-markdown");
    write_pack(&at, &files);
    for page in [&["--verify"][..], &["--format", "markdown"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_accordant"))
            .args(["trace", "--pack", "set-aside"])
            .args(page)
            .current_dir(&at)
            .output()
            .expect("it runs");
        let text = String::from_utf8(output.stdout).expect("it prints UTF-8");
        assert!(text.contains("\\<img"), "{text}");
        for mark in ["<img", "| a", "`b`", "&lt;", "[c]"] {
            let at = text
                .match_indices(mark)
                .find(|(at, _)| !text[..*at].ends_with('\\'));
            assert_eq!(at, None, "{text}");
        }
    }
}

/// A text that a spreadsheet may take for a formula, or a figure that it must not take for one. What a plan says with a
/// word of its own, that a cell does not apply or that a row is a total, is none.
fn words() -> impl Strategy<Value = String> {
    const ENDS: [&str; 8] = [
        "na",
        "n/a",
        "n.a",
        "applicable",
        "sum",
        "sums",
        "ttl",
        "total",
    ];
    let words = prop_oneof![
        "['=+\\-@]{1,4}[a-zA-Z0-9(]{1,8}[ \u{e9}\"',;|!)]{0,3}[a-z]",
        "[a-z][ -~]{0,12}[a-z]",
    ];
    words.prop_filter("it says something of its own", |text| {
        let text = text.to_ascii_lowercase();
        !ENDS.iter().any(|end| text.ends_with(end))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::cases(200), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a plan holds, no cell that is written anew is a formula, and each reads as what it was.
    #[test]
    fn what_is_written_runs_nowhere_and_reads_the_same(texts in prop::collection::vec((words(), words(), -500_i64..500), 1..5), applicant in words()) {
        let pack = super::set_aside();
        let mut budget = csv::Writer::from_writer(Vec::new());
        budget.write_record(["line_id", "area", "amount", "pupils"]).expect("it is written");
        for (id, area, amount) in &texts {
            budget.write_record([&cell(id), &cell(area), &*format!("{amount}.00"), id]).expect("it is written");
        }
        let plan = format!("applicant = {}\nfiscal_year = 2027\naward = \"-5.00\"\n", toml::Value::String(cell(&applicant).into_owned()));
        let files = [("=x/plan.toml", plan.into_bytes()), ("=x/budget.csv", budget.into_inner().expect("it is in memory"))];
        let files = files.map(|(path, bytes)| File { path: path.to_owned(), bytes });
        let first = read::read_folder(&pack.schema, "=x", &files);
        let written = own::folder(&pack.schema, &first);
        for file in written.iter().filter(|f| f.path.ends_with(".csv")) {
            let mut rows = csv::Reader::from_reader(file.bytes.as_slice());
            let header = rows.headers().expect("it has one").clone();
            for row in rows.records() {
                let row = row.expect("it is a row");
                for (name, cell) in header.iter().zip(row.iter()).filter(|(name, cell)| *name != "amount" || cell.parse::<i64>().is_ok()) {
                    prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{}: {name} is {cell:?}", file.path);
                }
            }
        }
        let own_files: Vec<File> = written.into_iter().map(|f| File { path: format!("=x/{}", f.path), bytes: f.bytes }).collect();
        let book = own::workbook(&pack.schema, &first).expect("it is written");
        for second in [read::read_folder(&pack.schema, "=x", &own_files), read::read_workbook(&pack.schema, "=x", &book)] {
            for ((table, a), b) in pack.schema.submission_tables().iter().zip(&first.tables).zip(&second.tables) {
                prop_assert_eq!(a.len(), b.len());
                for row in 0..a.len() {
                    for field in 0..table.fields.len() {
                        let cells = [a.cell(row, field, &first.texts), b.cell(row, field, &second.texts)];
                        prop_assert_eq!(&cells[0], &cells[1], "{} {}", table.name, field);
                    }
                }
            }
            let name = |s: &Submission| format!("{:?}", s.tables[0].cell(0, 0, &s.texts));
            prop_assert_eq!(name(&second), format!("Text({applicant:?})"));
        }
    }
}

/// A new office file marks the names of districts, in CSV files and alone, and they are read as they are.
#[test]
fn office_files_are_no_formulas() {
    let mut files = super::pack_files("alliance");
    let path = "data/districts.csv";
    let districts = String::from_utf8(files[path].clone()).expect("it is text");
    let districts = districts.replace("0020011,Ansonia,", "0020011,=Ansonia''',");
    files.insert(path.to_owned(), districts.into_bytes());
    let pack = load("alliance", &files).expect("it loads");
    let table = pack.schema.table("designations").expect("it has it");
    let table = &pack.schema.tables[table];
    for name in ["office", "office.toml"] {
        let office = new_office(&pack, 2028, name);
        let csv = match office.get("designations.csv") {
            Some(bytes) => String::from_utf8(bytes.clone()).expect("it is text"),
            None => {
                let text = String::from_utf8(office["office.toml"].clone()).expect("it is text");
                let doc: toml::Table = text.parse().expect("it is TOML");
                doc["reference"]["designations"]["csv"]
                    .as_str()
                    .expect("it is a text")
                    .to_owned()
            }
        };
        assert!(!csv.contains(",=Ansonia"), "{csv}");
        let (mut texts, mut told) = (Texts::default(), Vec::new());
        let rows = read::read_csv(table, "x.csv", csv.as_bytes(), &mut texts, &mut told);
        assert_eq!(rows.cell(0, 1, &texts), Cell::Text("=Ansonia'''"), "{csv}");
    }
}
