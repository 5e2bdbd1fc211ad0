//! The JSON Schemas: those that are written down are those that are printed; what is shipped fits them, what is wrong does not.

use std::fs;
use std::path::{Path, PathBuf};

use accordant::report::schemas;
use jsonschema::Validator;
use serde_json::Value;

use super::project;

fn validator(name: &str) -> Validator {
    let text = schemas::schema(name).expect("it is listed");
    let schema: Value = serde_json::from_str(&text).expect("it is JSON");
    jsonschema::draft7::new(&schema).expect("it is a schema")
}

/// What a schema says against a value, a line a mistake.
fn against(name: &str, value: &Value) -> String {
    let validator = validator(name);
    let mistakes = validator.iter_errors(value);
    let lines = mistakes.map(|m| format!("{}: {m}\n", m.instance_path()));
    lines.collect()
}

/// A TOML file as JSON.
fn toml(text: &str) -> Value {
    let table: toml::Table = toml::from_str(text).expect("it is TOML");
    serde_json::to_value(table).expect("it is a tree")
}

/// The files of a folder, those in its folders too.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it is a folder");
    let paths = entries.map(|e| e.expect("it can be read").path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

fn kind(path: &Path) -> Option<&'static str> {
    let text = path.to_string_lossy();
    match path.file_name()?.to_str()? {
        "pack.toml" => Some("pack"),
        "schema.toml" => Some("schema"),
        "params.toml" => Some("params"),
        "sources.toml" => Some("sources"),
        "office.toml" => Some("office"),
        name if !name.ends_with(".toml") => None,
        _ if text.contains("/forms/") => Some("form"),
        _ => Some("rule"),
    }
}

#[test]
fn what_is_shipped_fits_its_schema() {
    let folders = ["rules", "tests/packs", "fixtures/fy2028-office"];
    let mut fitted = 0;
    for path in folders.iter().flat_map(|folder| files(&project(folder))) {
        let Some(kind) = kind(&path) else { continue };
        if path.ends_with("plan.toml") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("it is UTF-8");
        assert_eq!(against(kind, &toml(&text)), "", "{}", path.display());
        fitted += 1;
    }
    assert!(fitted > 100, "{fitted} files");
}

#[test]
fn goldens_fit_the_schema_of_reviews() {
    for path in files(&project("fixtures")) {
        if path.ends_with("expected.json") {
            let text = fs::read_to_string(&path).expect("it is UTF-8");
            let golden = serde_json::from_str(&text).expect("it is JSON");
            assert_eq!(against("review", &golden), "", "{}", path.display());
        }
    }
}

#[test]
fn reports_for_programs_fit_their_schemas() {
    let form = "fixtures/forms/ed114/NLPS FY27 ED114 Alliance+PSD.xlsx";
    let runs: [(&str, &[&str]); 8] = [
        ("trace", &["trace"]),
        ("intake", &["intake", form]),
        ("lint", &["lint", "tests/packs/set-aside"]),
        (
            "test",
            &[
                "test",
                "resc-accord",
                "--goldens",
                "fixtures/accord-2026",
                "--coverage",
            ],
        ),
        (
            "mutate",
            &["test", "tests/packs/set-aside", "--mutate", "--no-cases"],
        ),
        (
            "impact",
            &[
                "impact",
                "--from",
                "alliance",
                "--to",
                "alliance",
                "--to-office",
                "fixtures/offices/strict.toml",
                "fixtures/fy2028",
            ],
        ),
        ("rules", &["rules"]),
        ("rule-in-full", &["rules", "team-mentor-stipend"]),
    ];
    for (name, args) in runs {
        let run = std::process::Command::new(env!("CARGO_BIN_EXE_accordant"))
            .args(args)
            .args(["--format", "json"])
            .current_dir(project("."))
            .output()
            .expect("the program starts");
        let report = serde_json::from_slice(&run.stdout).expect("it is JSON");
        assert_eq!(against(name, &report), "", "{name}");
    }
}

#[test]
fn what_is_wrong_does_not_fit() {
    const RULE: &str = "rules/budget/reading-reserved.toml";
    let wrong = [
        ("rule", RULE, "severity = ", "severty = "),
        ("rule", RULE, "\"condition\"", "\"conditions\""),
        ("rule", RULE, "[\"act-1\"]", "\"act-1\""),
        ("rule", RULE, "from = 2020", "from = \"2020\""),
        ("rule", RULE, "kind = \"edge\"", "kind = \"egde\""),
        ("rule", RULE, "title = ", "# title = "),
        ("pack", "pack.toml", "currency", "curency"),
        (
            "pack",
            "pack.toml",
            "title = \"Example",
            "title = 5 # \"Example",
        ),
        (
            "schema",
            "schema.toml",
            "required = true }",
            "requird = true }",
        ),
        ("schema", "schema.toml", "\"money\"", "\"mony\""),
        ("schema", "schema.toml", "min = ", "minn = "),
        ("params", "params.toml", "\"percent\"", "\"percents\""),
        ("params", "params.toml", "value = ", "valu = "),
        ("sources", "sources.toml", "\"shall\"", "\"shal\""),
        ("sources", "sources.toml", "citation", "cites"),
        ("form", "forms/award-sheet.toml", "note = ", "notes = "),
    ];
    for (kind, path, from, to) in wrong {
        let path = project("tests/packs/set-aside").join(path);
        let text = fs::read_to_string(path).expect("it is UTF-8");
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "`{from}` stands in the file of a {kind}");
        assert_ne!(against(kind, &toml(&changed)), "", "{kind}: {to}");
    }
}

/// `INSTA_UPDATE=always` writes them anew.
#[test]
fn what_is_written_down_is_what_is_printed() {
    let update = std::env::var("INSTA_UPDATE").is_ok_and(|v| v == "always");
    for (name, _) in schemas::names() {
        let path = project("rules/schemas").join(format!("{name}.json"));
        let printed = schemas::schema(name).expect("it is listed");
        if update {
            fs::write(&path, &printed).expect("it can be written");
        }
        let written = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == printed,
            "write `accordant schema {name}` to {}",
            path.display()
        );
    }
}
