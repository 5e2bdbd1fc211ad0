//! What `test` writes for programs, and for build servers by the schema that they read by.

use std::process::Command;

use uppsala::{XsdValidator, parse};

use super::project;

/// What is wrong with an XML text by the schema.
fn wrong(xml: &str) -> Vec<String> {
    let schema = std::fs::read_to_string(project("tests/junit.xsd")).expect("it can be read");
    let schema = parse(&schema).expect("it is XML");
    let validator = XsdValidator::from_schema(&schema).expect("it is a schema");
    let errors = validator.validate(&parse(xml).expect("it is XML"));
    errors.iter().map(|error| format!("{error:?}")).collect()
}

fn junit(args: &[&str]) -> String {
    run("junit", args)
}

fn run(format: &str, args: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_accordant"))
        .args(["test", "--quiet", "--format", format])
        .args(args)
        .current_dir(project("."))
        .output()
        .expect("the program starts");
    String::from_utf8(run.stdout).expect("it is UTF-8")
}

#[test]
fn failures_lacking_cases_and_goldens_keep_to_the_schema() {
    let xml = junit(&["tests/packs/unsure", "--goldens", "tests/goldens"]);
    assert_eq!(wrong(&xml), Vec::<String>::new(), "{xml}");
    assert!(xml.contains(r#"tests="8" failures="5""#), "{xml}");
}

#[test]
fn a_run_without_a_failure_keeps_to_the_schema() {
    let xml = junit(&["resc-accord"]);
    assert_eq!(wrong(&xml), Vec::<String>::new(), "{xml}");
    assert!(xml.contains(r#"failures="0""#), "{xml}");
}

#[test]
fn the_schema_finds_what_is_wrong() {
    let xml = r#"<testsuites tests="1" failures="0" errors="0"><testsuite name="a"/></testsuites>"#;
    assert!(!wrong(xml).is_empty());
}

#[test]
fn programs_are_told_everything() {
    let args = [
        "tests/packs/unsure",
        "--goldens",
        "tests/goldens",
        "--coverage",
    ];
    insta::assert_snapshot!("test-json", run("json", &args));
}
