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

/// Runs the goldens of a folder by a pack.
#[track_caller]
fn assert_blessed(pack: &str, folder: &str, goldens: usize) {
    let run = accordant(&["test", pack, "--goldens", folder], "2");
    let out = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(
        run.status.success(),
        "{out}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let same = format!("goldens: {goldens} the same, 0 changed");
    assert!(out.contains(&same), "{out}");
}

#[test]
fn reviews_of_fixtures_are_as_blessed() {
    assert_blessed("alliance", "fixtures", 24);
}

#[test]
fn the_register_of_the_second_pack_is_as_blessed() {
    assert_blessed("rules/resc-accord", "fixtures/accord-2026", 1);
}

/// What each finding weighs is held here: a case knows outcomes alone.
#[test]
fn findings_weigh_what_they_weighed() {
    assert_blessed("alliance", "fixtures/severities", 18);
    assert_blessed("rules/resc-accord", "fixtures/severities/accord", 4);
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let one = accordant(&["review", "fixtures/fy2027", "--format", "json"], "1");
    for threads in ["2", "7"] {
        let many = accordant(&["review", "fixtures/fy2027", "--format", "json"], threads);
        assert!(one.stdout == many.stdout, "{threads} threads");
    }
}
