//! The lint of packs: each finding drawn where it stands, and the shipped packs without one.

use std::collections::BTreeSet;

use accordant::author::lint::{Linted, Runs, lint};
use accordant::diagnostic::Lint;
use accordant::evaluate::Evaluator;
use accordant::pack::{Files, InForce, Pack, load};
use accordant::report;

use super::broken_packs::changed;
use super::{pack_files, set_aside_files, submission};

const RULE: &str = "rules/budget/reading-reserved.toml";
const REQUIRE: &str = "plan.award * param.reserved_share'";

/// A lint, and changes of the small pack by which it is found: a file, the words there, and the words instead.
type Slip = (
    &'static str,
    &'static [(&'static str, &'static str, &'static str)],
);

const SLIPS: &[Slip] = &[
    (
        "advice-style",
        &[(RULE, "\"Move {plan.award", "\"The plan lacks {plan.award")],
    ),
    ("bare-number", &[(RULE, REQUIRE, "plan.award * 0.05'")]),
    (
        "blank-passes",
        &[
            (
                RULE,
                "let = { reserved",
                "let = { new = 'not(year = 2027 and plan.starts_on = @\"2026-07-01\")', reserved",
            ),
            (
                RULE,
                "require = 'reserved",
                "require = 'new and plan.applicant != \"x\" and (every b in budget satisfies b.pupils != 1) and reserved",
            ),
        ],
    ),
    (
        "large-share",
        &[("params.toml", "value = \"10%\"", "value = \"12.5\"")],
    ),
    ("message-style", &[(RULE, "is needed\"", "is needed.\"")]),
    (
        "never-applies",
        &[
            (RULE, "expect = \"pass\"", "expect = \"not-applicable\""),
            (RULE, "expect = \"pass\"", "expect = \"not-applicable\""),
            (RULE, "expect = \"fail\"", "expect = \"not-applicable\""),
            (RULE, "expect = \"unknown\"", "expect = \"not-applicable\""),
        ],
    ),
    (
        "never-in-force",
        &[(
            RULE,
            "effective = { from = 2020 }",
            "effective = { from = 2030 }",
        )],
    ),
    (
        "nothing-in-force",
        &[(
            "sources.toml",
            "modality = \"shall\"",
            "modality = \"shall\"\nyears = { from = 2022 }",
        )],
    ),
    (
        "stale-acceptance",
        &[(
            "pack.toml",
            "[summary.by-area]",
            "[[accept]]\nlint = \"bare-number\"\nat = [\"reading-reserved\"]\nwhy = \"it was\"\n\n[summary.by-area]",
        )],
    ),
    (
        "stale-reason",
        &[(
            "sources.toml",
            "modality = \"shall\"",
            "modality = \"shall\"\nno_rule = \"nobody can tell\"",
        )],
    ),
    (
        "table-notice",
        &[("data/areas.csv", "slug,label", "slug,label,note")],
    ),
    (
        "title-style",
        &[(
            RULE,
            "of the award goes to reading\"",
            "of the award must go to reading\"",
        )],
    ),
    (
        "unused-codes",
        &[(
            "schema.toml",
            "pupils = {",
            "grade = { type = \"code\", codes = { low = \"Low\", high = \"High\" } }\npupils = {",
        )],
    ),
    ("unused-field", &[]),
    (
        "unused-parameter",
        &[(
            "params.toml",
            "[small_count]",
            "[idle]\ntitle = \"of no use\"\ntype = \"number\"\nvalues = [{ value = \"2\", source = \"handbook\" }]\n\n[small_count]",
        )],
    ),
    (
        "unused-source",
        &[(
            "sources.toml",
            "[handbook]",
            "[memo]\ncitation = \"A memo\"\nverification = \"text-read\"\n\n[handbook]",
        )],
    ),
    (
        "unused-table",
        &[(
            "schema.toml",
            "[reference.areas]",
            "[table.notes.fields]\nnote = { type = \"text\" }\n\n[reference.areas]",
        )],
    ),
];

/// What is found of one lint, drawn.
fn drawn(pack: &Pack, files: &Files, runs: &Runs, name: &str) -> String {
    let mut linted = lint(pack, files, runs);
    linted.findings.retain(|found| found.lint.name() == name);
    report::lint::text(&linted, files, false)
}

#[test]
fn each_lint_is_found_and_drawn_where_it_stands() {
    for (name, changes) in SLIPS {
        let files = changed(changes);
        let pack = load("set-aside", &files).expect(name);
        let drawn = drawn(&pack, &files, &Runs::of_cases(&pack), name);
        insta::assert_snapshot!(format!("lint-{name}"), drawn);
    }
}

#[test]
fn every_lint_is_shown() {
    let shown = SLIPS.iter().map(|(name, _)| *name);
    let shown: BTreeSet<&str> = shown.chain(["fail-together"]).collect();
    assert_eq!(shown, Lint::names().collect());
}

#[test]
fn rules_that_always_fail_together_are_told() {
    let mut files = set_aside_files();
    let twin = files.get(RULE).expect("it is there").clone();
    files.insert("rules/budget/reading-too.toml".to_owned(), twin);
    let pack = load("set-aside", &files).expect("it loads");
    let in_force = InForce::new(&pack, 2027);
    let plan = "applicant = \"A\"\nfiscal_year = 2027\naward = \"100.00\"\n";
    let poor = submission(&pack, plan, "area,amount\nreading,9.00\n");
    let reviews: Vec<_> = (0..3)
        .map(|_| Evaluator::new(&in_force).review(&poor))
        .collect();
    let mut runs = Runs::of_cases(&pack);
    runs.add_goldens(&pack, &reviews);
    insta::assert_snapshot!(
        "lint-fail-together",
        drawn(&pack, &files, &runs, "fail-together")
    );
}

#[test]
fn what_is_accepted_is_not_told() {
    let accept = "[[accept]]\nlint = \"unused-field\"\nat = [\"plan.starts_on\", \"budget.pupils\"]\nwhy = \"people read it\"\n\n[summary.by-area]";
    let files = changed(&[("pack.toml", "[summary.by-area]", accept)]);
    let pack = load("set-aside", &files).expect("it loads");
    let linted = lint(&pack, &files, &Runs::of_cases(&pack));
    assert!(linted.findings.is_empty(), "{}", told(&linted, &files));
    assert_eq!(linted.accepted.len(), 2);
}

fn told(linted: &Linted<'_>, files: &Files) -> String {
    report::lint::text(linted, files, false)
}

#[test]
fn the_shipped_packs_have_no_finding() {
    for id in ["alliance", "resc-accord"] {
        let files = pack_files(id);
        let pack = load(id, &files).expect("it loads");
        let linted = lint(&pack, &files, &Runs::of_cases(&pack));
        assert!(linted.findings.is_empty(), "{}", told(&linted, &files));
    }
}
