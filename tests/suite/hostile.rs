//! Hostile files: each ends with its reason and leaves nothing half-written; none panics, hangs or fills the memory.

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::project;

/// The memory that a run may ask for, in kB, and the seconds that it may take: a debug build on a busy machine.
const MEMORY: u64 = 3_000_000;
const SECONDS: u64 = 240;

/// What a run said.
struct Said {
    status: Option<i32>,
    out: String,
    err: String,
}

/// Runs the program in a folder under limits of memory and time, after what the shell is told first.
fn run_after(first: &str, folder: &Path, args: &[&str]) -> Said {
    let script = format!("ulimit -v {MEMORY}; {first} exec timeout {SECONDS} \"$@\"");
    let run = Command::new("sh")
        .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_accordant")])
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = Said {
        status: run.status.code(),
        out: text(&run.stdout),
        err: text(&run.stderr),
    };
    let all = format!("{}{}", said.out, said.err);
    assert!(!all.contains("panicked"), "{all}");
    said
}

#[track_caller]
fn assert_ends(folder: &Path, args: &[&str], status: i32, reason: &str) -> Said {
    assert_ends_after("", folder, args, status, reason)
}

#[track_caller]
fn assert_ends_after(first: &str, folder: &Path, args: &[&str], status: i32, reason: &str) -> Said {
    let said = run_after(first, folder, args);
    let all = format!("{}{}", said.out, said.err);
    let start: String = all.chars().take(4_000).collect();
    assert!(all.contains(reason), "no `{reason}` in {start}");
    assert_eq!(said.status, Some(status), "{start}");
    said
}

fn temporary() -> TempDir {
    tempfile::tempdir().expect("there is room")
}

/// A folder with a good plan, `windham`.
fn batch() -> TempDir {
    let folder = temporary();
    copy(
        &project("fixtures/fy2027/windham"),
        &folder.path().join("windham"),
    );
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("it can be made");
    for entry in fs::read_dir(from).expect("it is there") {
        let path = entry.expect("it is there").path();
        let to = to.join(path.file_name().expect("it has one"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, to).expect("it is a file");
        }
    }
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).expect("there is room");
}

/// What is written for each number, one after another.
fn repeated(numbers: impl Iterator<Item = u32>, write: impl Fn(u32) -> String) -> String {
    numbers.map(write).collect::<Vec<_>>().concat()
}

/// A file that is as long as this and holds nothing: it takes no room on the disk.
fn sparse(path: &Path, bytes: u64) {
    let file = File::create(path).expect("it can be made");
    file.set_len(bytes).expect("it is sparse");
}

/// A zip file of parts, packed or not.
fn zipped(path: &Path, parts: &[(&str, &[u8])], pack: bool) {
    let method = if pack {
        CompressionMethod::Deflated
    } else {
        CompressionMethod::Stored
    };
    let options = SimpleFileOptions::default().compression_method(method);
    let mut zip = ZipWriter::new(File::create(path).expect("it can be made"));
    for (name, bytes) in parts {
        zip.start_file(*name, options).expect("a part");
        zip.write_all(bytes).expect("a part");
    }
    zip.finish().expect("a zip file");
}

/// A workbook of Excel with one sheet, `budget`.
fn workbook(path: &Path, sheet: &[u8], strings: &[u8], pack: bool) {
    let parts: [(&str, &[u8]); 5] = [
        ("_rels/.rels", br#"<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#),
        ("xl/workbook.xml", br#"<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="budget" sheetId="1" r:id="rId1"/></sheets></workbook>"#),
        ("xl/_rels/workbook.xml.rels", br#"<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#),
        ("xl/sharedStrings.xml", strings),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    zipped(path, &parts, pack);
}

/// What stands in the folder now, hidden files too, down to the last.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it is there").path();
        if path.is_dir() {
            found.extend(listed(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

/// Whether rights mean anything: not to the superuser.
fn rights_hold(folder: &Path) -> bool {
    let path = folder.join("rights");
    write(&path, "x");
    fs::set_permissions(&path, Permissions::from_mode(0o000)).expect("it is ours");
    let holds = fs::read(&path).is_err();
    fs::remove_file(&path).expect("it is ours");
    holds
}

const REVIEW: [&str; 3] = ["review", ".", "--quiet"];

// --- files that are too much -------------------------------------------------------------------------------------------

#[test]
fn a_gigabyte_of_csv_stops_no_other_plan() {
    let folder = batch();
    copy(
        &project("fixtures/fy2027/ansonia"),
        &folder.path().join("ansonia"),
    );
    sparse(&folder.path().join("windham/budget.csv"), 1 << 30);
    let reason = "windham/budget.csv: the file cannot be read: the file has 1,074 MB: at most 64 MB are read";
    let said = assert_ends(folder.path(), &REVIEW, 2, reason);
    assert!(said.out.contains("Ansonia"), "{}", said.out);
    sparse(&folder.path().join("export.csv"), (1 << 30) + (1 << 20));
    assert_ends(
        folder.path(),
        &REVIEW,
        2,
        "export.csv: the file cannot be read: the file has 1,075 MB",
    );
    assert_ends(
        folder.path(),
        &["check", "export.csv"],
        2,
        "the file has 1,075 MB",
    );
}

#[test]
fn one_line_of_commas_and_too_many_lines() {
    let folder = batch();
    let budget = folder.path().join("windham/budget.csv");
    let header = "line_id,strategy_id,object_code,description,amount,funding_portion\n";
    write(&budget, format!("{header}{}", ",".repeat(20_000_000)));
    assert_ends(
        folder.path(),
        &REVIEW,
        2,
        "the file has more than 2,000,000 cells: it was not read",
    );
    write(&budget, format!("{header}{}", ",".repeat(20_000)));
    assert_ends(
        folder.path(),
        &REVIEW,
        2,
        "windham/budget.csv:2: the row has 20,001 columns: a table has at most 16,384",
    );
    let lines = repeated(0..10_001, |i| format!("{i},1.1,111,Coach,5,alliance\n"));
    write(&budget, format!("{header}{lines}"));
    assert_ends(
        folder.path(),
        &REVIEW,
        2,
        "windham/budget.csv:10001: the table has more than 10,000 rows",
    );
}

#[test]
fn a_cell_of_fifty_megabytes() {
    let folder = batch();
    let huge = "x".repeat(50_000_000);
    let budget = folder.path().join("windham/budget.csv");
    write(
        &budget,
        format!("line_id,strategy_id,description,amount\n1,1.1,{huge},5\n"),
    );
    assert_ends(
        folder.path(),
        &REVIEW,
        2,
        "windham/budget.csv:2: a cell holds 50,000,000 characters: at most 100,000 are read",
    );
    fs::remove_dir_all(folder.path().join("windham")).expect("it is ours");
    let book = folder.path().join("book.xlsx");
    let sheet = br#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData></worksheet>"#;
    let strings = format!("<sst><si><t>{huge}</t></si></sst>");
    workbook(&book, sheet, strings.as_bytes(), false);
    assert_ends(
        folder.path(),
        &REVIEW,
        2,
        "book.xlsx!budget: a cell holds 50,000,000 characters: at most 100,000 are read",
    );
    fs::remove_file(book).expect("it is ours");
    copy(
        &project("fixtures/fy2027/windham"),
        &folder.path().join("windham"),
    );
    let plan = folder.path().join("windham/plan.toml");
    write(&plan, format!("district = \"{huge}\"\n"));
    assert_ends(
        folder.path(),
        &REVIEW,
        2,
        "windham/plan.toml: the file has 51 MB: at most 4 MB of TOML are read",
    );
    write(&plan, format!("district = \"{}\"\n", &huge[..200_000]));
    assert_ends(
        folder.path(),
        &REVIEW,
        2,
        "windham/plan.toml:district: a cell holds 200,000 characters",
    );
}

#[test]
fn one_text_shown_in_every_cell_does_not_fill_the_memory() {
    let folder = temporary();
    let rows = repeated(1..=9_000, |row| {
        format!(r#"<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>"#)
    });
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    let strings = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(90_000));
    workbook(
        &folder.path().join("book.xlsx"),
        sheet.as_bytes(),
        strings.as_bytes(),
        true,
    );
    assert_ends(
        folder.path(),
        &REVIEW,
        2,
        "book.xlsx!budget: the texts of all cells have more than 64 MB",
    );
}

#[test]
fn zip_bombs_are_weighed_before_they_are_opened() {
    let folder = temporary();
    let book = folder.path().join("bomb.xlsx");
    let reason = "and unpacks to more than 32 MB: it was not read";
    workbook(&book, b"<worksheet/>", &b" ".repeat(60_000_000), true);
    assert_ends(folder.path(), &REVIEW, 2, reason);
    fs::remove_file(book).expect("it is ours");
    let parts: [(&str, &[u8]); 2] = [
        (
            "mimetype",
            b"application/vnd.oasis.opendocument.spreadsheet",
        ),
        ("content.xml", &b" ".repeat(60_000_000)),
    ];
    zipped(&folder.path().join("bomb.ods"), &parts, true);
    assert_ends(folder.path(), &REVIEW, 2, reason);
}

#[test]
fn a_used_range_of_a_million_rows_and_one_cell() {
    let folder = temporary();
    let rows = repeated(2..=200_000, |row| format!(r#"<row r="{row}"/>"#));
    let sheet = format!(
        r#"<worksheet><dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row>{rows}<row r="1048576"/></sheetData></worksheet>"#
    );
    workbook(
        &folder.path().join("book.xlsx"),
        sheet.as_bytes(),
        b"<sst/>",
        true,
    );
    assert_ends(
        folder.path(),
        &REVIEW,
        2,
        "could not check: the fiscal year cannot be told",
    );
}

#[test]
fn entities_that_grow_and_elements_without_end_are_told() {
    let folder = temporary();
    let book = folder.path().join("book.xlsx");
    let strings = br#"<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]><sst><si><t>&b;&x;</t></si></sst>"#;
    let sheet = br#"<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData></worksheet>"#;
    workbook(&book, sheet, strings, true);
    let said = assert_ends(folder.path(), &REVIEW, 2, "book.xlsx");
    assert!(!said.out.contains("root:") && !said.out.contains("aaaaaaaaaaaa"));
    let deep = format!("<worksheet><sheetData>{}", "<row>".repeat(200_000));
    workbook(&book, deep.as_bytes(), b"<sst/>", true);
    assert_ends(folder.path(), &REVIEW, 2, "book.xlsx");
    let deep = format!(
        "<worksheet><sheetData><row><c t=\"inlineStr\"><is>{}",
        "<t>".repeat(200_000)
    );
    workbook(&book, deep.as_bytes(), b"<sst/>", true);
    assert_ends(folder.path(), &REVIEW, 2, "book.xlsx");
}

#[test]
fn toml_that_nests_or_has_mistakes_without_end() {
    let folder = batch();
    let plan = folder.path().join("windham/plan.toml");
    write(&plan, format!("district = {}", "[".repeat(100_000)));
    assert_ends(folder.path(), &REVIEW, 2, "could not check");
    write(&plan, "a =\n".repeat(200_000));
    assert_ends(
        folder.path(),
        &REVIEW,
        2,
        "windham/plan.toml: the file is not TOML: it has",
    );
}

#[test]
fn rows_compared_by_lists_that_are_made_for_each() {
    let folder = temporary();
    let pack = folder.path().join("set-aside");
    copy(&project("tests/packs/set-aside"), &pack);
    let rule = "code = \"X\"\ntitle = \"x\"\nbasis = \"data\"\ncites = [\"handbook\"]\nseverity = \"note\"\nrequire = 'every a in budget satisfies count(concatenate([a.amount], budget.amount)) > 0'\nmessage = \"x\"\n";
    write(&pack.join("rules/budget/lists.toml"), rule);
    let short = rule
        .replace("budget.amount", "[a.amount]")
        .replace("\"X\"", "\"Y\"");
    write(&pack.join("rules/budget/short.toml"), short);
    let plan = folder.path().join("plan");
    fs::create_dir(&plan).expect("it can be made");
    write(
        &plan.join("plan.toml"),
        "applicant = \"A\"\nfiscal_year = 2027\naward = \"100.00\"\n",
    );
    let lines = repeated(0..4_600, |i| format!("{i},reading,5\n"));
    write(
        &plan.join("budget.csv"),
        format!("line_id,area,amount\n{lines}"),
    );
    let args = ["review", "plan", "--pack", "set-aside", "--format", "json"];
    let why = "the rule `lists` was not judged";
    let said = assert_ends(folder.path(), &args, 2, why);
    let plain = said.out.replace(['\n', ' '], "");
    let tally = r#""rule":"short","code":"Y","subjects":1,"pass":1"#;
    assert!(plain.contains(tally), "{}", said.out);
}

#[test]
fn rows_compared_with_all_others_three_deep() {
    let folder = temporary();
    let pack = folder.path().join("set-aside");
    copy(&project("tests/packs/set-aside"), &pack);
    let rule = "code = \"X\"\ntitle = \"x\"\nbasis = \"data\"\ncites = [\"handbook\"]\nseverity = \"note\"\nrequire = 'some a in budget satisfies some b in budget satisfies some c in budget satisfies a.amount + b.amount + c.amount < 0'\nmessage = \"x\"\n";
    write(&pack.join("rules/budget/compared-three-deep.toml"), rule);
    let plan = folder.path().join("plan");
    fs::create_dir(&plan).expect("it can be made");
    write(
        &plan.join("plan.toml"),
        "applicant = \"A\"\nfiscal_year = 2027\naward = \"100.00\"\n",
    );
    let lines = repeated(0..6_000, |i| format!("{i},reading,5\n"));
    write(
        &plan.join("budget.csv"),
        format!("line_id,area,amount\n{lines}"),
    );
    let args = ["review", "plan", "--pack", "set-aside", "--format", "json"];
    let said = assert_ends(
        folder.path(),
        &args,
        2,
        "the rule `compared-three-deep` was not judged",
    );
    let tally = r#"{"rule": "compared-three-deep", "code": "X", "subjects": 1, "pass": 0, "fail": 0, "unknown": 1"#;
    let plain = said.out.replace(['\n', ' '], "");
    assert!(plain.contains(&tally.replace(' ', "")), "{}", said.out);
    // The next rule has all the work to itself.
    let tally = r#""rule":"reading-reserved","code":"SA-1","subjects":1,"pass":1"#;
    assert!(plain.contains(tally), "{}", said.out);
}

#[test]
fn the_deepest_expressions_that_are_taken_are_judged() {
    const DEEP: usize = 190;
    let folder = temporary();
    let pack = folder.path().join("set-aside");
    copy(&project("tests/packs/set-aside"), &pack);
    let plan = folder.path().join("plan");
    fs::create_dir(&plan).expect("it can be made");
    write(
        &plan.join("plan.toml"),
        "applicant = \"A\"\nfiscal_year = 2027\naward = \"5.00\"\n",
    );
    write(
        &plan.join("budget.csv"),
        "line_id,area,amount\n1,reading,5\n",
    );
    let nots = format!(
        "{}sum(budget.amount) > 0{}",
        "not(".repeat(DEEP),
        ")".repeat(DEEP)
    );
    let lists = format!(
        "count({}plan.award{}) > 0",
        "[".repeat(DEEP),
        "]".repeat(DEEP)
    );
    for (name, require) in [("nots", nots), ("lists", lists)] {
        let rule = format!(
            "code = \"X\"\ntitle = \"x\"\nbasis = \"data\"\ncites = [\"handbook\"]\nseverity = \"note\"\nrequire = '{require}'\nmessage = \"x\"\n"
        );
        write(&pack.join(format!("rules/budget/{name}.toml")), &rule);
    }
    let args = [
        "review",
        "plan",
        "--pack",
        "set-aside",
        "--format",
        "json",
        "--quiet",
    ];
    let said = assert_ends(folder.path(), &args, 0, "\"rule\": \"lists\"");
    assert!(!said.out.contains("not judged"), "{}", said.out);
}

#[test]
fn only_so_many_findings_are_printed_for_people() {
    let folder = batch();
    let budget = folder.path().join("windham/budget.csv");
    let text = fs::read_to_string(&budget).expect("it is there");
    let header = text.lines().next().expect("a header");
    let lines = repeated(0..80, |i| format!("{i},nonsense,,,,,,,,,x,x,x,x\n"));
    write(&budget, format!("{header}\n{lines}"));
    assert_ends(
        folder.path(),
        &["check", "windham"],
        1,
        "more mistakes and notices: `--format json` has them all",
    );
}

// --- texts that are none -----------------------------------------------------------------------------------------------

#[test]
fn texts_in_other_encodings_are_told() {
    let folder = batch();
    let budget = folder.path().join("windham/budget.csv");
    let text = fs::read_to_string(&budget).expect("it is there");
    let wide = |text: &str| {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    write(&budget, wide(&text));
    assert_ends(
        folder.path(),
        &["check", "windham"],
        0,
        "the file is UTF-16: it was read as such",
    );
    let mut half = wide(&text);
    half.extend([0x00, 0xD8]);
    write(&budget, half);
    assert_ends(
        folder.path(),
        &["check", "windham"],
        2,
        "the file is UTF-16 and damaged: it was not read",
    );
    write(&budget, text.replacen("talent", "tal\0ent", 1));
    assert_ends(
        folder.path(),
        &["check", "windham"],
        2,
        "windham/budget.csv:2",
    );
    write(&budget, [text.as_bytes(), b"\xff\xfe\xc3("].concat());
    assert_ends(
        folder.path(),
        &["check", "windham"],
        1,
        "the file is not UTF-8: it was read as Windows-1252",
    );
}

// --- what is no file ---------------------------------------------------------------------------------------------------

#[test]
fn links_pipes_and_sockets_are_not_read_and_do_not_block() {
    let folder = batch();
    let root = folder.path();
    let outside = temporary();
    copy(&project("fixtures/fy2027/ansonia"), outside.path());
    symlink(outside.path(), root.join("ansonia")).expect("a link");
    symlink(root, root.join("windham/loop")).expect("a link");
    symlink("/dev/zero", root.join("zero.csv")).expect("a link");
    assert!(
        Command::new("mkfifo")
            .arg(root.join("pipe.csv"))
            .status()
            .expect("it runs")
            .success()
    );
    let _socket = UnixListener::bind(root.join("socket.csv")).expect("a socket");
    let said = assert_ends(root, &REVIEW, 0, "Windham");
    for line in [
        "ansonia: a link, not a file",
        "windham/loop: a link, not a file",
        "zero.csv: a link, not a file",
        "pipe.csv: not a regular file",
        "socket.csv: not a regular file",
    ] {
        assert!(said.out.contains(line), "no `{line}` in {}", said.out);
    }
    for name in ["pipe.csv", "socket.csv", "zero.csv", "/dev/zero"] {
        assert_ends(root, &["check", name], 2, "is no regular file");
    }
    for name in ["pipe.csv", "/dev/zero"] {
        assert_ends(
            root,
            &["check", "windham", "--office", name],
            2,
            "it is no regular file",
        );
    }
}

#[test]
fn what_may_not_be_read_is_told() {
    let folder = batch();
    let root = folder.path();
    copy(&root.join("windham"), &root.join("locked"));
    if !rights_hold(root) {
        // The superuser reads everything; a folder that is gone is told all the same.
        assert_ends(root, &["check", "gone"], 2, "cannot read gone");
        return;
    }
    let budget = root.join("windham/budget.csv");
    fs::set_permissions(&budget, Permissions::from_mode(0o000)).expect("it is ours");
    fs::set_permissions(root.join("locked"), Permissions::from_mode(0o000)).expect("it is ours");
    let said = assert_ends(
        root,
        &REVIEW,
        2,
        "windham/budget.csv: the file cannot be read",
    );
    fs::set_permissions(root.join("locked"), Permissions::from_mode(0o755)).expect("it is ours");
    assert!(
        said.err.contains("locked: the folder cannot be read"),
        "{}",
        said.err
    );
}

#[test]
fn names_of_every_kind() {
    let folder = batch();
    let root = folder.path();
    fs::rename(root.join("windham"), root.join("wind\nham\u{1b}[31m")).expect("it is ours");
    let said = assert_ends(
        root,
        &["review", ".", "--quiet", "--out", "out"],
        2,
        "is a part of what is read",
    );
    assert!(!said.err.contains('\u{1b}'));
    let out = temporary();
    let target = out.path().join("reports").to_string_lossy().into_owned();
    let said = assert_ends(
        root,
        &["review", ".", "--quiet", "--out", &target],
        0,
        "Windham",
    );
    assert!(!said.out.contains('\u{1b}'));
    assert_eq!(
        listed(out.path()).pop(),
        Some(out.path().join("reports/wind-ham-[31m.html"))
    );
    let odd = std::ffi::OsStr::from_bytes(b"pe\xf1a.xlsx");
    write(&root.join(odd), "x");
    assert_ends(root, &REVIEW, 2, "its name is not UTF-8; give it another");
}

#[test]
fn folders_within_folders_and_many_files() {
    let folder = temporary();
    let deep = folder.path().join("a/".repeat(25));
    fs::create_dir_all(deep).expect("it can be made");
    assert_ends(
        folder.path(),
        &REVIEW,
        2,
        "folders stand more than 20 deep here",
    );
    let many = temporary();
    for i in 0..20_001 {
        File::create(many.path().join(i.to_string())).expect("it can be made");
    }
    assert_ends(
        many.path(),
        &REVIEW,
        2,
        "it holds more than 20000 files and folders",
    );
}

// --- packs and offices -------------------------------------------------------------------------------------------------

#[test]
fn a_pack_with_something_that_cannot_be_read_does_not_load() {
    let folder = batch();
    let root = folder.path();
    let pack = root.join("set-aside");
    copy(&project("tests/packs/set-aside"), &pack);
    let args = ["rules", "--pack", "set-aside"];
    assert_ends(root, &args, 0, "");
    symlink(
        "reading-reserved.toml",
        pack.join("rules/budget/linked.toml"),
    )
    .expect("a link");
    assert_ends(
        root,
        &args,
        2,
        "set-aside/rules/budget/linked.toml: a link, not a file",
    );
    fs::remove_file(pack.join("rules/budget/linked.toml")).expect("it is ours");
    sparse(&pack.join("rules/budget/huge.toml"), 1 << 30);
    assert_ends(
        root,
        &args,
        2,
        "the file has 1,074 MB: at most 256 MB are read",
    );
    write(&pack.join("rules/budget/huge.toml"), "#".repeat(5_000_000));
    assert_ends(
        root,
        &args,
        2,
        "the file has 5 MB: at most 4 MB of TOML are read",
    );
    sparse(&root.join("office.toml"), 1 << 30);
    assert_ends(
        root,
        &["rules", "--office", "office.toml"],
        2,
        "cannot read the office file office.toml",
    );
}

// --- writing -----------------------------------------------------------------------------------------------------------

/// A disk that is full after a kilobyte or so.
const FULL: &str = "trap '' XFSZ; ulimit -f 1;";

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let folder = batch();
    let out = temporary();
    let target = |name: &str| out.path().join(name).to_string_lossy().into_owned();
    let reports = target("reports");
    assert_ends_after(
        FULL,
        folder.path(),
        &["review", ".", "--out", &reports],
        2,
        "cannot write",
    );
    assert_eq!(listed(out.path()), [out.path().join("reports")]);
    for name in ["plan", "plan.xlsx"] {
        let plan = target(name);
        assert_ends_after(
            FULL,
            folder.path(),
            &["intake", "windham", "--out", &plan],
            2,
            "cannot write",
        );
    }
    let office = target("office");
    assert_ends_after(
        FULL,
        folder.path(),
        &["office", "new", "--year", "2028", "-o", &office],
        2,
        "cannot write",
    );
    assert_eq!(listed(out.path()), [out.path().join("reports")]);
    let pack = project("tests/packs/set-aside");
    let pack = pack.to_string_lossy();
    let args = ["test", &*pack, "--goldens", ".", "--bless"];
    let before = listed(folder.path());
    assert_ends_after(FULL, folder.path(), &args, 2, "cannot write");
    assert_eq!(listed(folder.path()), before);
}

#[test]
fn what_is_in_the_way_is_told_and_kept() {
    let folder = batch();
    let root = folder.path();
    let out = temporary();
    write(&out.path().join("file"), "mine");
    let file = out.path().join("file").to_string_lossy().into_owned();
    assert_ends(
        root,
        &["review", "windham", "--out", &file],
        2,
        "cannot make the folder",
    );
    assert_ends(
        root,
        &["intake", "windham", "--out", &file],
        2,
        "cannot write the folder",
    );
    assert_ends(
        root,
        &["review", "windham", "--out", "/dev/full"],
        2,
        "cannot make the folder /dev/full",
    );
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "mine");
    let before = listed(root);
    assert_ends(
        root,
        &["review", "windham", "--out", "windham"],
        2,
        "is a part of what is read",
    );
    assert_ends(
        root,
        &["review", ".", "--out", "windham/reports"],
        2,
        "is a part of what is read",
    );
    assert_ends(
        root,
        &["intake", "windham", "--out", "windham"],
        2,
        "is a part of what is read",
    );
    assert_eq!(listed(root), before);
    let closed = out.path().join("closed");
    fs::create_dir(&closed).expect("it can be made");
    fs::set_permissions(&closed, Permissions::from_mode(0o555)).expect("it is ours");
    if rights_hold(out.path()) {
        let closed = closed.to_string_lossy().into_owned();
        assert_ends(
            root,
            &["review", "windham", "--out", &closed],
            2,
            "cannot write",
        );
    }
}

#[test]
fn a_reader_that_goes_away_and_one_that_is_full() {
    let folder = batch();
    let program = env!("CARGO_BIN_EXE_accordant");
    let script = format!("{{ {program} check windham --format json; echo $? >&2; }} | head -c 1");
    let run = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    assert_eq!(String::from_utf8_lossy(&run.stderr), "0\n");
    let full = format!("{program} check windham > /dev/full");
    let run = Command::new("sh")
        .args(["-c", &full])
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(
        told.contains("No space left") && !told.contains("panicked"),
        "{told}"
    );
    assert_eq!(run.status.code(), Some(2));
}

#[test]
fn a_library_that_panics_says_nothing_to_the_user() {
    let folder = temporary();
    let sheet = br#"<worksheet><sheetData><row r="1"><c r="A99999999999"><v>1</v></c></row></sheetData></worksheet>"#;
    workbook(&folder.path().join("book.xlsx"), sheet, b"<sst/>", true);
    assert_ends(folder.path(), &REVIEW, 2, "the workbook is damaged");
}

// --- the manual --------------------------------------------------------------------------------------------------------

#[test]
fn the_manual_states_every_limit() {
    let manual = fs::read_to_string(project("docs/limits.md")).expect("it is there");
    let source = fs::read_to_string(project("src/read/limits.rs")).expect("it is there");
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    for line in code
        .lines()
        .filter(|line| line.ends_with("000,") || line.ends_with("000;"))
    {
        let figure = line
            .trim_end_matches([',', ';'])
            .rsplit(' ')
            .next()
            .unwrap_or_default();
        let plain = figure.replace('_', ",");
        let mega = plain
            .strip_suffix(",000,000")
            .map(|mega| format!("{mega} MB"));
        let stated = manual.contains(&plain) || mega.is_some_and(|mega| manual.contains(&mega));
        assert!(stated, "docs/limits.md does not state {line}");
    }
}
