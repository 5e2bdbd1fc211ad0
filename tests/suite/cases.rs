//! The cases that stand in the rules of the packs.

use std::fmt::Write as _;

use accordant::author::coverage::{Coverage, RuleCoverage, Watcher};
use accordant::author::{cases, prepared};
use accordant::pack::{Pack, load};

use super::{set_aside, set_aside_files, shipped};

#[test]
fn every_case_of_every_pack_holds() {
    for pack in accordant::pack::embedded_ids()
        .map(shipped)
        .chain([set_aside()])
    {
        let results = cases::run(&pack);
        assert!(
            results.len() >= pack.rules.len() * 3,
            "{}: every rule has its cases",
            pack.id
        );
        let failed: Vec<_> = results.iter().filter(|r| !r.holds()).collect();
        assert!(failed.is_empty(), "{}: {failed:#?}", pack.id);
    }
}

#[test]
fn shipped_packs_load_without_a_warning() {
    for pack in accordant::pack::embedded_ids().map(shipped) {
        assert!(
            pack.warnings.is_empty(),
            "{}: {:#?}",
            pack.id,
            pack.warnings
        );
    }
}

/// What the cases of a pack try.
fn coverage(pack: &Pack) -> Coverage<'_> {
    let watcher = Watcher::new(pack);
    prepared::all(pack).iter().for_each(|c| watcher.case(c));
    watcher.finish()
}

/// The small pack with another test and cases of its own, as rows of its budget.
fn with_cases(test: &str, budgets: &[&str]) -> Pack {
    let mut files = set_aside_files();
    let rule = files
        .get_mut("rules/budget/reading-reserved.toml")
        .expect("it is there");
    let mut text = format!(
        "code = \"T\"\ntitle = \"A test\"\nbasis = \"data\"\ncites = [\"handbook\", \"act-1\"]\nseverity = \"note\"\n\
         effective = {{ from = 2020 }}\nrequire = '{test}'\nmessage = \"no\"\n"
    );
    for (at, budget) in budgets.iter().enumerate() {
        let _ = write!(
            text,
            "[[case]]\nname = \"{at}\"\nkind = \"pass\"\nexpect = \"pass\"\nplan = {{ award = \"1.00\" }}\n\
             budget = \"\"\"\nline_id,area,amount\n{budget}\n\"\"\"\n"
        );
    }
    *rule = text.into_bytes();
    load("set-aside", &files).expect("it loads")
}

/// Of a row without its key nobody knows which rows it equals.
#[test]
fn a_row_without_its_key_may_be_any() {
    let mut files = set_aside_files();
    let rule = "code = \"T\"\ntitle = \"A test\"\nbasis = \"data\"\ncites = [\"handbook\", \"act-1\"]\nseverity = \"note\"\n\
                effective = { from = 2020 }\nfor = \"line in budget\"\nrequire = 'count(areas[slug = line.area]) = 1'\nmessage = \"no\"\n";
    let case = |name: &str, slug: &str, [kind, expect]: [&str; 2]| {
        format!(
            "[[case]]\nname = \"{name}\"\nkind = \"{kind}\"\nexpect = \"{expect}\"\nplan = {{ award = \"1.00\" }}\n\
             budget = \"\"\"\nline_id,area,amount\n1,reading,1.00\n\"\"\"\nareas = \"\"\"\nslug,label\n{slug},Another\n\"\"\"\n"
        )
    };
    let cases = [
        case("known", "dance", ["pass", "pass"]),
        case("not known", "", ["missing", "unknown"]),
    ];
    files.insert(
        "rules/budget/reading-reserved.toml".to_owned(),
        format!("{rule}{}", cases.concat()).into_bytes(),
    );
    let pack = load("set-aside", &files).expect("it loads");
    let results = cases::run(&pack);
    assert!(results.iter().all(cases::CaseResult::holds), "{results:#?}");
}

#[track_caller]
fn assert_untaken(test: &str, budgets: &[&str], want: &[(&str, bool, bool)]) {
    let pack = with_cases(test, budgets);
    let coverage = coverage(&pack);
    let untaken = coverage.rules.iter().flat_map(RuleCoverage::untaken);
    let untaken: Vec<_> = untaken.map(|t| (t.text.as_str(), t.yes, t.no)).collect();
    assert_eq!(untaken, want);
}

#[test]
fn an_arm_is_tried_only_where_those_before_it_do_not_decide() {
    let test = "count(budget) > 1 and count(budget) > 2";
    let whole = (test, false, true);
    assert_untaken(
        test,
        &["1,reading,1.00"],
        &[
            ("count(budget) > 1", false, true),
            whole,
            ("count(budget) > 2", false, false),
        ],
    );
    assert_untaken(
        test,
        &[
            "1,reading,1.00",
            "1,reading,1.00\n2,music,1.00",
            "1,reading,1.00\n2,music,1.00\n3,music,1.00",
        ],
        &[],
    );
}

#[test]
fn the_test_of_a_filter_and_the_arms_of_an_if_are_tried() {
    let test =
        "if count(budget[area = \"music\"]) > 0 then count(budget) > 1 else count(budget) > 2";
    assert_untaken(
        test,
        &["1,reading,1.00", "1,reading,1.00\n2,music,1.00"],
        &[
            ("count(budget) > 1", true, false),
            ("count(budget) > 2", false, true),
        ],
    );
}

#[test]
fn dated_values_are_used_in_their_years_alone() {
    let pack = set_aside();
    let coverage = coverage(&pack);
    assert_eq!(coverage.ways(), (4, 4));
    assert_eq!(coverage.used_values(), (1, 2));
}
