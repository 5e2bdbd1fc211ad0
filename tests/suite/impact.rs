//! `impact` names every change of a pack: a figure, an edge, a year, a filter; and holds it against what was accepted.

use std::path::{Path, PathBuf};
use std::process::Command;

use accordant::author::impact::Unchanged;
use accordant::batch::{Options, Reviewer};
use accordant::pack;
use serde_json::Value;

use super::plans::Plan;
use super::{pack_files, project};

/// A folder with a changed copy of a pack that ships.
struct Changed {
    folder: tempfile::TempDir,
}

impl Changed {
    /// The pack `alliance`, with one text of one file replaced.
    #[track_caller]
    fn new(file: &str, text: &str, with: &str) -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        let changed = Changed { folder };
        for (path, bytes) in pack_files("alliance") {
            let place = changed.pack().join(&path);
            std::fs::create_dir_all(place.parent().expect("it is in a folder")).expect("room");
            let bytes = if path == file {
                let old = String::from_utf8(bytes).expect("it is TOML");
                assert!(old.contains(text), "{file} holds no `{text}`");
                old.replacen(text, with, 1).into_bytes()
            } else {
                bytes
            };
            std::fs::write(place, bytes).expect("there is room");
        }
        changed
    }

    fn pack(&self) -> PathBuf {
        self.folder.path().join("alliance")
    }

    /// What `impact` says of it with some options, and how it exits.
    fn run(&self, options: &[&str]) -> (String, String, Option<i32>) {
        impact(&self.pack(), options)
    }

    /// The rule of the comparison, which is its only one.
    #[track_caller]
    fn only_rule(&self) -> Value {
        let (json, _, status) = self.run(&["--format", "json"]);
        assert_eq!(status, Some(1));
        let json: Value = serde_json::from_str(&json).expect("it is JSON");
        let rules = json["rules"].as_array().expect("it is a list");
        assert_eq!(rules.len(), 1, "{rules:#?}");
        rules[0].clone()
    }

    #[track_caller]
    fn names(&self, rule: &str, what: &str) {
        let (page, _, status) = self.run(&["--format", "markdown"]);
        assert_eq!(status, Some(1));
        assert!(page.contains(&format!("| `{rule}` |")), "{page}");
        assert!(page.contains(what), "no `{what}` in {page}");
    }
}

fn impact(to: &Path, options: &[&str]) -> (String, String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_accordant"))
        .args(["impact", "--from", "alliance", "--to"])
        .arg(to)
        .args(options)
        .arg(project("fixtures/fy2027/windham"))
        .arg(project("fixtures/defects/team-mentor-stipend"))
        .output()
        .expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("it is UTF-8");
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

const STIPEND: &str = "rules/budget/team-mentor-stipend.toml";

#[test]
fn a_cent_more_is_named() {
    let changed = Changed::new("params.toml", "\"500.00\"", "\"500.01\"");
    let rule = changed.only_rule();
    assert_eq!(rule["rule"], "team-mentor-stipend");
    assert_eq!(rule["differences"][0]["what"], "param.team_mentor_stipend");
    assert_eq!(rule["differences"][0]["to"], "$500.01 from 2013");
    assert_eq!(rule["groups"][0]["from"]["outcome"], "pass");
    assert_eq!(rule["groups"][0]["to"]["outcome"], "fail");
    // A finding that stands as it stood says another figure, and is off by another.
    assert_eq!(rule["groups"][1]["differs"][0], "message");
    assert_eq!(rule["groups"][1]["differs"][1], "gap");
    changed.names("team-mentor-stipend", "$500.01");
}

#[test]
fn a_stricter_comparison_is_named_even_where_no_outcome_changes() {
    let file = "rules/money/budget-within-funds.toml";
    let changed = Changed::new(file, "budgeted <= funds", "budgeted < funds");
    let rule = changed.only_rule();
    assert_eq!(rule["rule"], "budget-within-funds");
    assert_eq!(rule["fate"], "changed");
    assert_eq!(rule["differences"][0]["what"], "require");
    assert_eq!(rule["groups"].as_array().map(Vec::len), Some(0));
    changed.names("budget-within-funds", "budgeted < funds");
}

#[test]
fn another_year_is_named() {
    let changed = Changed::new(STIPEND, "from = 2013", "from = 2027, until = 2027");
    let rule = changed.only_rule();
    assert_eq!(rule["differences"][0]["what"], "in force");
    assert_eq!(rule["differences"][0]["to"], "in 2027");
    let changed = Changed::new(STIPEND, "from = 2013", "from = 2013, until = 2026");
    let rule = changed.only_rule();
    assert_eq!(rule["groups"][0]["to"], Value::Null);
    changed.names("team-mentor-stipend", "not judged");
}

#[test]
fn a_dropped_filter_is_named() {
    let filter = "line in budget[use = \"team-mentor-stipend\"]";
    let changed = Changed::new(STIPEND, filter, "line in budget");
    let rule = changed.only_rule();
    assert_eq!(rule["differences"][0]["what"], "for");
    let groups = rule["groups"].as_array().expect("it is a list");
    assert!(groups.iter().all(|g| g["from"].is_null()), "{groups:#?}");
    let to = |outcome: &str| groups.iter().any(|g| g["to"]["outcome"] == outcome);
    assert!(to("fail") || to("not-applicable"), "{groups:#?}");
    changed.names("team-mentor-stipend", "not judged -> ");
}

#[test]
fn a_recommendation_that_changes_is_told_with_its_rule() {
    let changed = Changed::new(STIPEND, "severity = \"note\"", "severity = \"return\"");
    let (json, _, _) = changed.run(&["--format", "json"]);
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    let of = &json["recommendations"][0];
    assert_eq!(of["to"], "return-for-revision");
    assert_eq!(of["submissions"][0]["path"], "team-mentor-stipend");
    assert_eq!(of["submissions"][0]["rules"][0], "team-mentor-stipend");
    changed.names("team-mentor-stipend", "return-for-revision");
}

#[test]
fn what_was_accepted_is_held_against_what_is_there() {
    let changed = Changed::new("params.toml", "\"500.00\"", "\"500.01\"");
    let accepted = changed.folder.path().join("accepted.json");
    let accepted = accepted.to_str().expect("it is UTF-8");
    let (_, _, status) = changed.run(&["--write-accept", accepted]);
    assert_eq!(status, Some(0));
    let (_, said, status) = changed.run(&["--accept", accepted]);
    assert_eq!(
        (said.trim(), status),
        ("this is exactly what was accepted", Some(0))
    );

    let (_, said, status) = impact(&project("rules/alliance"), &["--accept", accepted]);
    assert_eq!(status, Some(1));
    let gone = "accepted, and no longer there: team-mentor-stipend: pass -> fail (note)";
    assert!(said.contains(gone), "{said}");

    let other = Changed::new("params.toml", "\"500.00\"", "\"500.02\"");
    let (_, said, status) = other.run(&["--accept", accepted]);
    assert_eq!(status, Some(1));
    let otherwise = "otherwise than accepted: team-mentor-stipend: pass -> fail (note)";
    assert!(said.contains(otherwise), "{said}");
}

#[test]
fn a_pack_is_compared_with_itself() {
    let (said, _, status) = impact(&project("rules/alliance"), &[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("Nothing changed."), "{said}");
}

#[test]
fn a_pack_is_read_as_of_a_commit() {
    let changed = Changed::new("params.toml", "\"500.00\"", "\"500.01\"");
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
        let run = Command::new("git")
            .arg("-C")
            .arg(changed.pack())
            .args(who)
            .args(args)
            .output()
            .expect("git is there");
        assert!(run.status.success(), "{run:?}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "Pay a cent more"]);
    let pack = changed.pack();
    let compare = |from: &str| {
        Command::new(env!("CARGO_BIN_EXE_accordant"))
            .args(["impact", "--from", from, "--to"])
            .arg(&pack)
            .arg(project("fixtures/fy2027/windham"))
            .output()
            .expect("it runs")
    };
    let same = compare("git:HEAD");
    assert_eq!(same.status.code(), Some(0), "{same:?}");
    let params = pack.join("params.toml");
    let text = std::fs::read_to_string(&params).expect("it is there");
    std::fs::write(&params, text.replace("500.01", "500.00")).expect("there is room");
    let found = compare("git:HEAD");
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    assert!(String::from_utf8_lossy(&found.stdout).contains("+ $500.00 from 2013"));
    let shown = Command::new(env!("CARGO_BIN_EXE_accordant"))
        .args(["rules", "AD-B14", "--pack"])
        .arg(&pack)
        .output()
        .expect("it runs");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("\nHistory\n  "), "{shown}");
    assert!(shown.contains("  Pay a cent more\n"), "{shown}");
    let none = compare("git:no-such-branch");
    assert_eq!(none.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&none.stderr).contains("git knows no commit"));
}

/// What both packs say alike is judged once. The reviews are those that two full runs give.
#[test]
fn what_is_settled_is_what_would_be_judged() {
    let files = pack_files("alliance");
    let before = pack::load("alliance", &files).expect("it loads");
    let changes = [
        (STIPEND, "severity = \"note\"", "severity = \"return\""),
        ("params.toml", "value = \"500.00\"", "value = \"499.00\""),
        (
            "params.toml",
            "2013, value = \"20\"",
            "2013, value = \"60\"",
        ),
        ("data/focus_areas.csv", ",Talent,", ",Talents,"),
        ("pack.toml", "'p.metric'", "'p.group'"),
    ];
    for (file, old, new) in changes {
        let mut files = files.clone();
        let text = String::from_utf8(files[file].clone()).expect("it is text");
        assert!(text.contains(old), "{file} holds no `{old}`");
        files.insert(file.to_owned(), text.replacen(old, new, 1).into_bytes());
        let Ok(after) = pack::load("alliance", &files) else {
            panic!("{file} with `{new}` does not load");
        };
        let unchanged = Unchanged::of(&before, &after);
        let by = |pack| Reviewer::new(pack, Options::default()).noting_subjects();
        let (old, new) = (by(&before), by(&after));
        for folder in ["fy2027/windham", "defects/team-mentor-stipend"] {
            let plan = Plan::of_folder(folder).read(&after);
            let first = old.review(&plan);
            let (_, settled) = new.enter_after(&plan, unchanged.settled(&first));
            assert_eq!(
                format!("{settled:?}"),
                format!("{:?}", new.review(&plan)),
                "{file}: {folder}"
            );
        }
    }
}
