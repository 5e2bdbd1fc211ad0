//! Files and expressions that are spoilt at random, from good ones as seeds: nothing panics, what cannot be read is told, and the
//! same input gives the same bytes. `cargo test` spoils a few; `.ci/fuzz MINUTES` goes on for as long as it is told.
//!
//! A spoilt input is a seed and a list of edits, so that proptest can make a find smaller. A find becomes a case in
//! `tests/suite/hostile.rs`.

use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use accordant::author::cases;
use accordant::batch::{Options, Reviewer};
use accordant::diagnostic::Diagnostic;
use accordant::expr;
use accordant::intake::Taken;
use accordant::pack::{Files, InForce, Pack, Refused, apply_office, load, load_embedded};
use accordant::read::{self, File};
use accordant::report::{intake, json, mistake, text::Text};
use accordant::submission::Submission;
use accordant::value::{Value, feel};
use accordant::workbook::annotate::annotate;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// No input of a few thousand bytes takes this long, even in a debug build on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// The stack of each thread, as the program has it.
const STACK: usize = 16 << 20;

/// Gives the threads that all tests share that stack, whichever test comes first.
fn roomy_threads() {
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK);
    // It fails only where there are threads already.
    let _ = pool.build_global();
}

/// What turns up in hostile files.
const TOKENS: [&str; 48] = [
    "\"",
    "'",
    "\"\"\"",
    "\n",
    "\r",
    "\t",
    ",",
    ";",
    "|",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "<",
    ">",
    "</t>",
    "<row r=\"1048577\">",
    "r=\"A99999999999\"",
    "&amp;",
    "&x;",
    "<![CDATA[",
    "<!--",
    "=",
    ":",
    "-",
    "1",
    "0",
    "999999999999999999999",
    "1e309",
    "-0",
    "0.0000000000000000000000000001",
    "\u{0}",
    "\u{feff}",
    "\u{1b}[31m",
    "é",
    "\u{1F600}",
    "null",
    " and ",
    " satisfies ",
    "some x in ",
    "budget",
    "plan.",
    "n/a",
    "total",
    "2027",
    "\\",
];

/// One edit: where, what, how far or how often, and with which token.
type Edit = (u16, u8, u8, u8);

fn spoil(seed: &[u8], other: &[u8], edits: &[Edit]) -> Vec<u8> {
    const MOST: usize = 200_000;
    let mut bytes = seed.to_vec();
    for &(at, kind, length, token) in edits {
        let at = usize::from(at) % (bytes.len() + 1);
        let end = (at + usize::from(length)).min(bytes.len());
        let token = TOKENS[usize::from(token) % TOKENS.len()].as_bytes();
        match kind % 8 {
            0 => drop(bytes.drain(at..end)),
            1 => drop(bytes.splice(at..at, token.iter().copied())),
            2 => drop(bytes.splice(at..end, token.iter().copied())),
            3 => drop(bytes.splice(at..at, token.repeat(usize::from(length)))),
            4 => {
                let again = bytes[at..end].repeat(1 + usize::from(length % 8));
                bytes.splice(at..at, again);
            }
            5 => bytes.truncate(at),
            6 => bytes[at..end]
                .iter_mut()
                .for_each(|byte| *byte ^= 1 << (length % 8)),
            _ => {
                let from = at.min(other.len());
                let piece = &other[from..(from + usize::from(length)).min(other.len())];
                bytes.splice(at..end, piece.iter().copied());
            }
        }
        bytes.truncate(MOST);
    }
    bytes
}

/// Spoils seeds, a few times or for as long as `ACCORDANT_FUZZ_SECONDS` says, and tries each twice: the same must come of it.
fn fuzz(few: u32, seeds: &[Vec<u8>], attempt: impl Fn(usize, &[u8]) -> String + Send) {
    assert!(!seeds.is_empty(), "a test never passes by not running");
    // The threads of a test have an eighth of the stack of those of the program, as little as the deepest expression overflows.
    roomy_threads();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let run = thread.spawn_scoped(scope, || spoil_all(few, seeds, attempt));
        run.expect("a thread")
            .join()
            .unwrap_or_else(|found| std::panic::resume_unwind(found));
    });
}

fn spoil_all(few: u32, seeds: &[Vec<u8>], attempt: impl Fn(usize, &[u8]) -> String) {
    let seconds = std::env::var("ACCORDANT_FUZZ_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(0));
    let edits = proptest::collection::vec(any::<Edit>(), 0..12);
    let strategy = (any::<u16>(), any::<u16>(), edits);
    loop {
        let config = Config {
            cases: few,
            failure_persistence: None,
            ..Config::default()
        };
        let run = TestRunner::new(config).run(&strategy, |(seed, other, edits)| {
            let seed = usize::from(seed) % seeds.len();
            let other = usize::from(other) % seeds.len();
            let spoilt = spoil(&seeds[seed], &seeds[other], &edits);
            if let Some(path) = std::env::var_os("ACCORDANT_FUZZ_KEEP") {
                std::fs::write(path, &spoilt).expect("there is room");
            }
            let started = Instant::now();
            let first = attempt(seed, &spoilt);
            prop_assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
            prop_assert_eq!(first, attempt(seed, &spoilt));
            Ok(())
        });
        run.unwrap_or_else(|found| panic!("{found}"));
        if Instant::now() >= end {
            return;
        }
    }
}

// --- seeds and judges --------------------------------------------------------------------------------------------------

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(project(path)).expect("it is there")
}

/// The files in a folder that end so, by name.
fn files_in(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(project(folder)).expect("it is there");
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|e| e.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == ending));
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("it is a file"))
        .collect()
}

const SET_ASIDE: [&str; 6] = [
    "pack.toml",
    "schema.toml",
    "params.toml",
    "sources.toml",
    "data/areas.csv",
    "rules/budget/reading-reserved.toml",
];

fn set_aside_files() -> Files {
    let file = |path: &str| {
        let bytes = bytes(&format!("tests/packs/set-aside/{path}"));
        (path.to_owned(), bytes)
    };
    SET_ASIDE.iter().map(|path| file(path)).collect()
}

static SMALL: LazyLock<Pack> = LazyLock::new(|| {
    roomy_threads();
    load("set-aside", &set_aside_files()).expect("it loads")
});

static SHIPPED: LazyLock<Pack> = LazyLock::new(|| {
    roomy_threads();
    let pack = load_embedded("alliance").expect("it is built in");
    pack.expect("it loads")
});

const PLAN: &str =
    "applicant = \"A\"\nfiscal_year = 2027\naward = \"$1,000.00\"\nstarts_on = 2026-07-01\n";
const BUDGET: &str = "line_id,area,amount,pupils\n1,reading,600.00,12\n2,music,\"1,200.50\",*\n3,reading,,3\nTotal,,1800.50,\n";

fn submission(pack: &Pack, plan: &[u8], budget: &[u8]) -> Submission {
    let files = [("plan.toml", plan), ("budget.csv", budget)];
    let files = files.map(|(name, bytes)| File {
        path: format!("p/{name}"),
        bytes: bytes.to_vec(),
    });
    read::read_folder(&pack.schema, "p", &files)
}

/// The review of a submission in both reports; a table that cannot be read is told.
fn reviewed(pack: &Pack, submission: &Submission) -> String {
    let lost = submission.tables.iter().any(|table| table.lost);
    assert!(!lost || !submission.diagnostics.is_empty(), "it is told");
    let reviewer = Reviewer::new(pack, Options::default());
    let batch = reviewer.review_all(&[()], |()| vec![submission.clone()]);
    let text = Text {
        colour: false,
        currency: "USD",
        office: None,
    };
    format!(
        "{}{}",
        json::write(&batch),
        text.batch(&batch, &batch.reviews[0].tables)
    )
}

fn refusal(refused: &Refused) -> String {
    assert!(!refused.mistakes.is_empty(), "what is refused is told");
    mistake::refused(refused, false)
}

/// A pack that loads cannot fail to run its cases, nor to judge a plan.
fn loaded(pack: Result<Pack, Refused>) -> String {
    match pack {
        Err(refused) => refusal(&refused),
        Ok(pack) => {
            let cases = cases::run(&pack);
            let plan = submission(&pack, PLAN.as_bytes(), BUDGET.as_bytes());
            format!("{} {}", cases.len(), reviewed(&pack, &plan))
        }
    }
}

fn taken(pack: &Pack, taken: &Taken) -> String {
    let told = taken.plans.iter().map(|(plan, reading)| {
        let lost = plan.tables.iter().any(|table| table.lost);
        assert!(!lost || !plan.diagnostics.is_empty(), "it is told");
        intake::text(&pack.schema, plan, reading)
    });
    let told: String = told.collect();
    format!(
        "{told}{}{:?}",
        intake::json(&pack.schema, &taken.plans),
        taken.diagnostics
    )
}

// --- targets -----------------------------------------------------------------------------------------------------------

#[test]
fn expressions() {
    let seeds = [
        "sum(budget[area = \"reading\"].amount) / plan.award >= 10%",
        "some line in budget satisfies line.amount > plan.award * 50% and line.area = \"music\"",
        "every line in budget satisfies count(budget[area = line.area]) <= 2",
        "for l in budget return decimal(l.amount / 7, 2)",
        "if plan.award > 0 then [1, 2.50, -3] else append([], 1e4)",
        "concatenate([@\"2026-07-01\"], [date(\"2027-01-31\")])[1].year in [2026..2027)",
        "matches(upper case(substring(\"abc\", 2)), \"^[A-Z]{1,3}$\", \"i\")",
        "lookup(areas, \"music\").label = null or is suppressed(budget[1].pupils)",
        "not(contains(string(plan.applicant), \"x\")) and assume(plan.starts_on, @\"2026-07-01\") != null",
        "min(1, 2) between -1 and round half up(1.5, 0) or modulo(7, 0) = null",
    ];
    let seeds = seeds.map(|seed| seed.as_bytes().to_vec());
    let plan = submission(&SMALL, PLAN.as_bytes(), BUDGET.as_bytes());
    let year = InForce::new(&SMALL, 2027);
    let value = |text: &str| -> Result<Value, String> {
        let (expr, _) = expr::check(text, &SMALL.scope()).map_err(|faults| {
            assert!(!faults.is_empty(), "what is refused is told");
            mistake::faults(text, &faults, false)
        })?;
        Ok(year.evaluate(&expr, &plan))
    };
    fuzz(400, &seeds, |_, bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Ok(printed) = value(&text).map(|value| feel(&value)) else {
            return value(&text).expect_err("it was refused");
        };
        // What is printed reads as what it was.
        if let Ok(again) = value(&printed) {
            assert_eq!(feel(&again), printed, "{text}");
        }
        printed
    });
}

#[test]
fn pack_files() {
    let files = set_aside_files();
    let seeds: Vec<Vec<u8>> = files.values().cloned().collect();
    let paths: Vec<&String> = files.keys().collect();
    fuzz(150, &seeds, |at, bytes| {
        let mut files = files.clone();
        files.insert(paths[at].clone(), bytes.to_vec());
        loaded(load("set-aside", &files))
    });
}

/// As random edits make them now and then: loaded, or refused with the reason.
#[test]
fn packs_with_the_deepest_expressions() {
    let rule = "rules/budget/reading-reserved.toml";
    for (open, close) in [
        ("not(", ")"),
        ("[", "]"),
        ("(", ")"),
        ("1 + (", ")"),
        ("-", ""),
    ] {
        let mut files = set_aside_files();
        let text = String::from_utf8(files.remove(rule).expect("it is there")).expect("it is text");
        let spoilt = text.replace(
            "require = '",
            &format!("require = '{}1{} = ", open.repeat(190), close.repeat(190)),
        );
        assert_ne!(spoilt, text);
        fuzz(1, &[spoilt.into_bytes()], |_, bytes| {
            let mut files = files.clone();
            files.insert(rule.to_owned(), bytes.to_vec());
            loaded(load("set-aside", &files))
        });
    }
}

#[test]
fn office_files() {
    let mut seeds = files_in("fixtures/offices", "toml");
    seeds.push(b"years = { until = 2028 }\n[param.reading_share]\nvalues = [{ from = 2027, value = \"15%\" }]\n[[reference.areas]]\nslug = \"art\"\nlabel = \"Art\"\n".to_vec());
    fuzz(100, &seeds, |_, bytes| {
        let files = Files::from([("office.toml".to_owned(), bytes.to_vec())]);
        loaded(apply_office(SMALL.clone(), "office.toml", &files))
    });
}

#[test]
fn text_tables() {
    let mut seeds = files_in("tests/traps", "csv");
    seeds.push(BUDGET.as_bytes().to_vec());
    fuzz(150, &seeds, |_, bytes| {
        let plan = submission(&SMALL, PLAN.as_bytes(), bytes);
        reviewed(&SMALL, &plan)
    });
}

#[test]
fn toml_plans() {
    let seeds = [
        PLAN.as_bytes().to_vec(),
        bytes("fixtures/fy2027/windham/plan.toml"),
    ];
    fuzz(150, &seeds, |_, bytes| {
        reviewed(&SMALL, &submission(&SMALL, bytes, BUDGET.as_bytes()))
    });
}

#[test]
fn exports() {
    let mut seeds = files_in("fixtures/forms/export", "csv");
    seeds.iter_mut().for_each(|seed| seed.truncate(6_000));
    seeds.push(bytes("fixtures/forms/export/NL_budget_detail.txt"));
    fuzz(30, &seeds, |_, bytes| {
        let read = SHIPPED.forms().read_text("export.csv", bytes);
        read.map_or_else(String::new, |read| taken(&SHIPPED, &read))
    });
}

/// The parts of a workbook.
fn parts_of(book: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut zip = ZipArchive::new(Cursor::new(book)).ok()?;
    let mut parts = Vec::new();
    for at in 0..zip.len() {
        let mut part = zip.by_index(at).ok()?;
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).ok()?;
        parts.push((part.name().ok()?.into_owned(), bytes));
    }
    Some(parts)
}

fn zipped(parts: &[(String, Vec<u8>)]) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(name.as_str(), options).expect("a part");
        zip.write_all(bytes).expect("a part");
    }
    zip.finish().expect("a zip file").into_inner()
}

/// Spoils one part of a workbook within a sound zip file.
fn workbooks(ending: &str) {
    let books = files_in("tests/traps", ending);
    let books: Vec<_> = books.iter().filter_map(|book| parts_of(book)).collect();
    let all = books.iter().enumerate().flat_map(|(book, parts)| {
        let parts = parts.iter().enumerate();
        parts.map(move |(part, (_, bytes))| (book, part, bytes))
    });
    let all: Vec<_> = all
        .filter(|(.., bytes)| bytes.starts_with(b"<") && bytes.len() < 30_000)
        .collect();
    let seeds: Vec<Vec<u8>> = all.iter().map(|(.., bytes)| (*bytes).clone()).collect();
    fuzz(150, &seeds, |seed, spoilt| {
        let (book, part, _) = all[seed];
        let mut parts = books[book].clone();
        parts[part].1 = spoilt.to_vec();
        taken(
            &SHIPPED,
            &SHIPPED.forms().read_workbook("w", &zipped(&parts)),
        )
    });
}

#[test]
fn workbooks_of_excel() {
    workbooks("xlsx");
}

#[test]
fn workbooks_of_libreoffice() {
    workbooks("ods");
}

/// A workbook with comments and the boxes in which they are shown.
fn commented() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    for name in ["plan", "budget"] {
        let sheet = book.add_worksheet().set_name(name).expect("it is new");
        for (row, words) in (0..).zip(["amount", "12", "x"]) {
            sheet.write(row, 0, words).expect("it fits");
            let note = rust_xlsxwriter::Note::new(words);
            sheet.insert_note(row, 0, &note).expect("it fits");
        }
    }
    book.save_to_buffer().expect("there is room")
}

#[test]
fn annotated_copies() {
    let mut books = files_in("tests/traps", "xlsx");
    books.push(commented());
    let books: Vec<_> = books.iter().filter_map(|book| parts_of(book)).collect();
    let all = books.iter().enumerate().flat_map(|(book, parts)| {
        let parts = parts.iter().enumerate();
        parts.map(move |(part, (_, bytes))| (book, part, bytes))
    });
    let all: Vec<_> = all
        .filter(|(.., bytes)| bytes.starts_with(b"<") && bytes.len() < 30_000)
        .collect();
    let seeds: Vec<Vec<u8>> = all.iter().map(|(.., bytes)| (*bytes).clone()).collect();
    let mut places: Vec<String> = Vec::new();
    for sheet in ["plan", "budget", "strategies"] {
        let cells = ["A2", "C5:C9", "3", "ZZ900", "1:amount"];
        places.extend(cells.map(|cell| format!("w!{sheet}!{cell}")));
    }
    let mistakes: Vec<_> = places
        .iter()
        .map(|place| Diagnostic::error(place, "wrong"))
        .collect();
    let attempt = |seed: usize, spoilt: &[u8]| {
        let (book, part, _) = all[seed];
        let mut parts = books[book].clone();
        parts[part].1 = spoilt.to_vec();
        let bytes = zipped(&parts);
        let before = SHIPPED.forms().read_workbook("w", &bytes);
        let options = Options::default();
        let review = Reviewer::new(&SHIPPED, options).review(&before.plans[0].0);
        match annotate(&bytes, &review, &mistakes) {
            Err(why) => why.to_string(),
            Ok(copy) => {
                // What can be read of the copy is what could be read before.
                let after = SHIPPED.forms().read_workbook("w", &copy.bytes);
                let told = |taken: &Taken| -> Vec<Vec<Diagnostic>> {
                    let plans = taken.plans.iter();
                    plans.map(|(plan, _)| plan.diagnostics.clone()).collect()
                };
                assert_eq!(told(&after), told(&before));
                read::sha256(&copy.bytes)
            }
        }
    };
    // A sheet whose relation is lost still names it: nothing that is added has its id.
    for (seed, relations) in seeds.iter().enumerate() {
        let lost = String::from_utf8_lossy(relations).replace("Id=\"rId1\"", "Lost=\"\"");
        if lost.contains("<Relationships") && lost.contains("/worksheet\"") {
            attempt(seed, lost.as_bytes());
        }
    }
    fuzz(150, &seeds, attempt);
}

#[test]
fn zip_files() {
    let mut seeds = files_in("tests/traps", "xlsx");
    seeds.extend(files_in("tests/traps", "ods"));
    seeds.extend(files_in("tests/traps", "xls"));
    fuzz(60, &seeds, |_, bytes| {
        taken(&SHIPPED, &SHIPPED.forms().read_workbook("w", bytes))
    });
}
