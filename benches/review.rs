//! How long a 200-line plan takes to judge, read, and report, and a 400-line workbook in a foreign form to understand. Run
//! with `cargo bench`.

use std::path::Path;

use accordant::batch::{Options, Reviewer};
use accordant::evaluate::Evaluator;
use accordant::pack::{InForce, Pack, load_embedded};
use accordant::read::{self, File};
use accordant::submission::Submission;
use rust_xlsxwriter::{Format, Workbook, XlsxError};

fn main() {
    divan::main();
}

fn pack() -> Pack {
    load_embedded("alliance")
        .expect("it is built in")
        .expect("it loads")
}

/// The files of a plan among the fixtures.
fn files(folder: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/fy2027")
        .join(folder);
    let entries = std::fs::read_dir(root)
        .expect("the fixture is there")
        .filter_map(Result::ok);
    entries
        .map(|e| File {
            path: format!("{folder}/{}", e.file_name().to_string_lossy()),
            bytes: std::fs::read(e.path()).expect("it is a file"),
        })
        .collect()
}

/// A plan of 205 lines with two findings, and one of 225 whose blank amount leaves five sums unknown.
const PLANS: [&str; 2] = ["new-haven", "new-britain"];

fn plan(pack: &Pack, folder: &str) -> Submission {
    read::read_folder(&pack.schema, folder, &files(folder))
}

/// Every rule over one plan, evidence included.
#[divan::bench(args = PLANS)]
fn evaluate(bencher: divan::Bencher, folder: &str) {
    let pack = pack();
    let in_force = InForce::new(&pack, 2027);
    let plan = plan(&pack, folder);
    bencher.bench_local(|| Evaluator::new(&in_force).review(divan::black_box(&plan)));
}

#[divan::bench(args = PLANS)]
fn read(bencher: divan::Bencher, folder: &str) {
    let pack = pack();
    let files = files(folder);
    bencher.bench_local(|| read::read_folder(&pack.schema, folder, divan::black_box(&files)));
}

/// Reading the built-in pack with everything in it checked.
#[divan::bench]
fn load() -> Pack {
    pack()
}

/// A whole review of one plan, from its bytes.
#[divan::bench]
fn review(bencher: divan::Bencher) {
    let pack = pack();
    let reviewer = Reviewer::new(&pack, Options::default());
    let files = files("new-haven");
    bencher.bench_local(|| {
        reviewer.review(&read::read_folder(
            &pack.schema,
            "new-haven",
            divan::black_box(&files),
        ))
    });
}

/// A consolidated application of so many budget lines, each paid by two grants, under a header of two rows.
fn application(lines: u32) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let plain = Format::new();
    let cover = book.add_worksheet().set_name("Cover")?;
    for (row, (label, value)) in (0_u32..).zip([
        ("District", "Derby Public Schools"),
        ("Fiscal year", "2027"),
        ("Superintendent", "Dr. Casey Example"),
        ("Alliance District allocation", "$4,124,765.00"),
    ]) {
        cover
            .write_string(row, 0, label)?
            .write_string(row, 1, value)?;
    }
    let strategies = book.add_worksheet().set_name("Strategies")?;
    strategies.write_string(0, 0, "Domain 1: Talent")?;
    for (column, name) in (0_u16..).zip(["#", "Strategy", "SMART goal"]) {
        strategies.write_string(1, column, name)?;
    }
    for row in 1..9_u32 {
        strategies.write_string(row + 1, 0, format!("1.{row}"))?;
        strategies.write_string(row + 1, 1, "Coaching in every school")?;
    }
    let budget = book.add_worksheet().set_name("Budget")?;
    budget.merge_range(0, 4, 0, 5, "Funding source", &plain)?;
    let names = [
        "Strategy #",
        "ED114 code",
        "Description",
        "FTE",
        "Alliance District",
        "Priority School District",
        "Total",
    ];
    for (column, name) in (0_u16..).zip(names) {
        budget.write_string(1, column, name)?;
    }
    for row in 2..lines + 2 {
        budget.write_string(row, 0, format!("1.{}", row % 8 + 1))?;
        budget.write_string(row, 1, "111B")?;
        budget.write_string(row, 2, format!("Literacy coach of school {row}"))?;
        budget.write_number(row, 3, 1)?;
        budget
            .write_number(row, 4, row * 100)?
            .write_number(row, 5, row * 10)?;
        budget.write_number(row, 6, row * 110)?;
    }
    book.save_to_buffer()
}

/// Opening a workbook of 400 lines, finding its form, and reading it.
#[divan::bench]
fn understand(bencher: divan::Bencher) {
    let pack = pack();
    let forms = pack.forms();
    let bytes = application(400).expect("it is written to memory");
    let taken = forms.read_workbook("application.xlsx", &bytes);
    assert_eq!(
        taken.plans.first().and_then(|(_, r)| r.id.as_deref()),
        Some("consolidated")
    );
    bencher.bench_local(|| forms.read_workbook("application.xlsx", divan::black_box(&bytes)));
}
