//! How long a 200-line plan takes to judge, read, and report. Run with `cargo bench`.

use std::path::Path;

use accordant::batch::{Options, Reviewer};
use accordant::evaluate::Evaluator;
use accordant::pack::{InForce, Pack, load_embedded};
use accordant::read::{self, File};
use accordant::submission::Submission;

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
