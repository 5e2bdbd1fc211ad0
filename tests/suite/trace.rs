//! The trace of the shipped packs, and the page that is generated from it.

use accordant::author::trace::Trace;
use accordant::pack::{Files, Pack, Severity, apply_office, load};
use accordant::report::trace;

use super::{project, set_aside_files, shipped};

#[test]
fn the_list_to_verify_is_what_the_pack_says() {
    let pack = shipped("alliance");
    let page = std::fs::read_to_string(project("docs/verify.md")).expect("it is there");
    assert!(
        page == trace::verify(&Trace::new(&pack)),
        "docs/verify.md is not what the pack says: write it anew with `cargo run -- trace --verify > docs/verify.md`, and read the difference"
    );
}

#[test]
fn every_clause_has_rules_or_a_reason_and_every_rule_a_source() {
    for pack in accordant::pack::embedded_ids().map(shipped) {
        let trace = Trace::new(&pack);
        for clause in trace.clauses() {
            let key = &clause.source.key;
            assert!(
                clause.rules.is_empty() == clause.source.no_rule.is_some(),
                "{key}"
            );
        }
        for traced in &trace.rules {
            let sources = traced.clauses.len() + traced.documents.len();
            assert!(sources > 0, "{}", traced.rule.id);
        }
    }
}

/// The small pack with a rule that weighs more once its clause has been read.
fn capped() -> Pack {
    let mut files = set_aside_files();
    let path = "rules/budget/reading-reserved.toml";
    let rule = files.get_mut(path).expect("it is there");
    rule.splice(0..0, *b"verified_severity = \"return\"\n");
    load("set-aside", &files).expect("it loads")
}

#[test]
fn a_clause_to_read_says_what_a_reading_changes() {
    let pack = capped();
    let trace = Trace::new(&pack);
    let unread = trace.unread();
    let [rule] = unread.as_slice() else {
        panic!("one rule of law rests on unconfirmed text")
    };
    assert!(rule.alone);
    assert_eq!(
        (rule.rule.severity, rule.then),
        (Severity::Condition, Severity::Return)
    );
    let page = trace::verify(&trace);
    assert!(page.contains("Read first, because a rule then weighs more: `act-1`."));
    assert!(page.contains("`reading-reserved` weighs *return*, not *condition*"));
}

#[test]
fn a_clause_that_an_office_has_read_is_on_the_list_no_more() {
    let office = "[verified.act-1]\nby = \"A. Reader\"\non = \"2026-06-01\"\ntext = \"the act\"\n";
    let office = Files::from([("office.toml".to_owned(), office.as_bytes().to_vec())]);
    let pack = apply_office(capped(), "office.toml", &office).expect("it fits");
    let trace = Trace::new(&pack);
    assert!(trace.unread().is_empty());
    assert!(trace.to_read().is_empty());
    let clause = trace::one(&trace.about("act-1").expect("it is there"), "act-1");
    assert!(
        clause.contains("text      text-read, read by A. Reader on 2026-06-01: the act"),
        "{clause}"
    );
}
