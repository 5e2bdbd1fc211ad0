//! Whole reviews of the fixtures, compared with the golden beside each; the same bytes on any number of threads.

use std::process::{Command, Output};

use super::project;

fn accordant(args: &[&str], threads: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_accordant"))
        .args(args)
        .env("RAYON_NUM_THREADS", threads)
        .current_dir(project("."))
        .output()
        .expect("the program starts")
}

#[test]
fn reviews_of_fixtures_are_as_blessed() {
    let run = accordant(&["test", "--goldens", "fixtures"], "2");
    let out = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(
        run.status.success(),
        "{out}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(out.contains("goldens: 6 the same, 0 changed"), "{out}");
}

#[test]
fn the_register_of_the_second_pack_is_as_blessed() {
    let run = accordant(
        &[
            "test",
            "rules/resc-accord",
            "--goldens",
            "fixtures/accord-2026",
        ],
        "2",
    );
    let out = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{out}");
    assert!(out.contains("goldens: 1 the same, 0 changed"), "{out}");
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let one = accordant(&["review", "fixtures/fy2027", "--format", "json"], "1");
    for threads in ["2", "7"] {
        let many = accordant(&["review", "fixtures/fy2027", "--format", "json"], threads);
        assert!(one.stdout == many.stdout, "{threads} threads");
    }
}
