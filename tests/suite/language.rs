//! What expressions give over rows, where an index could be used and must not show.

use accordant::batch::{Options, Reviewer};
use accordant::expr;
use accordant::pack::{InForce, Pack};
use accordant::review::Review;
use accordant::value::feel;

use super::{set_aside, submission};

#[track_caller]
fn assert_value(expression: &str, value: &str) {
    let pack = set_aside();
    let plan = "applicant = \"A\"\nfiscal_year = 2027\naward = \"100.00\"\n";
    let budget = "line_id,area,amount,pupils\n1,reading,10.00,\n2,music,20.00,*\n3,music,20.00,\n";
    let plan = submission(&pack, plan, budget);
    let (expr, _) = expr::check(expression, &pack.scope()).expect(expression);
    let in_force = InForce::new(&pack, 2027);
    assert_eq!(
        feel(&in_force.evaluate(&expr, &plan)),
        value,
        "{expression}"
    );
}

#[test]
fn an_equality_with_an_outer_row_leaves_no_row_out() {
    assert_value(
        "for l in budget return (every o in budget satisfies o.area = l.area)",
        "[false, false, false]",
    );
    assert_value(
        "for l in budget return (some o in budget satisfies o.area = l.area)",
        "[true, true, true]",
    );
    assert_value(
        "for l in budget return count(for o in budget return o.area = l.area)",
        "[3, 3, 3]",
    );
    assert_value(
        "for l in budget return count(budget[area = l.area and amount = l.amount])",
        "[1, 2, 2]",
    );
    assert_value(
        "every a in areas satisfies (some l in budget satisfies l.area = a.slug)",
        "true",
    );
    assert_value(
        "for l in budget return lookup(areas, l.area).label",
        "[\"Reading\", \"Music\", \"Music\"]",
    );
}

#[test]
fn numbers_keep_the_places_they_are_written_with() {
    assert_value("1.50", "1.50");
    assert_value("1.50 + 1", "2.50");
    assert_value("10% * 200", "20.00");
    assert_value("budget[1].amount", "10.00");
}

#[test]
fn what_the_twin_found() {
    // Two branches that are `null` are equal: of a row that is not there too.
    assert_value(
        "(if budget[2].pupils > 1 then null else budget[9]) = null",
        "true",
    );
    // An item beyond the end of a list of lists.
    assert_value("[[1], [2]][5]", "null");
    assert_value("count([[1]][2])", "null");
    // A number's text does not depend on the numbers beside it.
    assert_value("string([1, 2.5])", "\"[1, 2.5]\"");
    assert_value("string(budget[1].amount)", "\"10\"");
    // A phrase of a row that may not belong to its list.
    assert_value(
        "mentions(\"music\", (for b in budget[pupils > 1] return b.area))",
        "unknown",
    );
    // A phrase that has a letter beside it, and covers the beginning of one that has none.
    assert_value("mentions(\"xa a a\", \"a a\")", "true");
    // `null` and `[]` have no type of their own, and take no other's away.
    assert_value(
        "[min(if year = 1 then budget.area else []), \"a\"]",
        "[null, \"a\"]",
    );
}

/// The set-aside pack, with another test in one of its rules.
fn pack_testing(test: &str) -> Pack {
    let mut files = super::set_aside_files();
    let path = "rules/budget/reading-reserved.toml";
    let text = String::from_utf8(files[path].clone()).expect("it is text");
    let head = text.split("[[case]]").next().expect("a rule");
    let tested = ["require", "message", "let", "advice"];
    let kept = head
        .lines()
        .filter(|l| !tested.iter().any(|key| l.starts_with(key)));
    let kept: Vec<&str> = kept.collect();
    let text = format!("{}\n{test}\nmessage = \"small\"\n", kept.join("\n"));
    files.insert(path.to_owned(), text.into_bytes());
    accordant::pack::load("set-aside", &files).expect("it loads")
}

fn reviewed(pack: &Pack, budget: &str) -> Review {
    let plan = "applicant = \"A\"\nfiscal_year = 2027\naward = \"100.00\"\n";
    let plan = submission(pack, plan, budget);
    let reviewer = Reviewer::new(pack, Options::default()).noting_subjects();
    reviewer.review(&plan)
}

#[test]
fn a_reviewer_that_notes_subjects_tells_each_ones_row() {
    let test = "for = 'line in budget'\nrequire = 'line.area != \"reading\"'";
    let budget = "line_id,area,amount\n1,reading,1.00\n2,music,20.00\n";
    let review = reviewed(&pack_testing(test), budget);
    let rows: Vec<_> = review.rules.iter().flat_map(|r| &r.subjects).collect();
    let rows: Vec<_> = rows
        .into_iter()
        .map(|j| (j.row, j.outcome.name()))
        .collect();
    assert_eq!(rows, [(Some(2), "fail"), (Some(3), "pass")]);
}

/// The filters that the deciding row came through are told with that row's cells, not those of the first that came through.
#[test]
fn evidence_of_an_item_names_what_let_it_through() {
    let test = "require = 'every l in budget[amount > plan.award][area = \"reading\"] satisfies l.pupils != 30'";
    let budget =
        "line_id,area,amount,pupils\n1,reading,900.00,10\n2,music,200.00,30\n3,reading,800.00,30\n";
    let review = reviewed(&pack_testing(test), budget);
    let found = review
        .findings
        .iter()
        .find(|f| f.rule == "reading-reserved");
    let found = found.expect("the third row is against it");
    let cells = found.evidence.iter().flat_map(|e| &e.cells);
    let mut cells: Vec<&str> = cells.map(String::as_str).collect();
    cells.sort_unstable();
    assert_eq!(
        cells,
        [
            "plan/budget.csv:4:amount",
            "plan/budget.csv:4:area",
            "plan/budget.csv:4:pupils",
            "plan/plan.toml:award"
        ]
    );
}

#[test]
fn a_gap_between_a_number_and_a_share_is_told_as_a_share() {
    let test = "require = 'sum(budget.amount) / plan.award <= param.reserved_share'";
    let review = reviewed(
        &pack_testing(test),
        "line_id,area,amount\n1,reading,12.50\n",
    );
    let found = review
        .findings
        .iter()
        .find(|f| f.rule == "reading-reserved");
    let gap = found.and_then(|f| f.gap.clone()).expect("it is too much");
    assert_eq!(
        (gap.value.to_string().as_str(), gap.is_share),
        ("0.025", true)
    );
}

/// What is wrong with an expression, and the advice beside it.
#[track_caller]
fn assert_refused(expression: &str, message: &str, help: &str) {
    let pack = set_aside();
    let faults = expr::check(expression, &pack.scope()).expect_err(expression);
    let said: Vec<(&str, &str)> = faults
        .iter()
        .map(|f| (f.message.as_str(), f.help.as_str()))
        .collect();
    assert_eq!(said, [(message, help)], "{expression}");
}

#[test]
fn arithmetic_on_money_says_what_to_do_where_something_can_be_done() {
    let named = "give the amount a name in params.toml, with type = \"money\" and its source";
    assert_refused("plan.award + 5", "money + a number means nothing", named);
    assert_refused("5 / plan.award", "a number / money means nothing", "");
    assert_refused("plan.award + \"x\"", "money + a text means nothing", "");
}

#[test]
fn a_text_without_an_end_is_marked_where_it_begins() {
    let pack = set_aside();
    let faults = expr::check("1 = \"abc", &pack.scope()).expect_err("it does not end");
    let spans: Vec<_> = faults.iter().map(|f| f.span.clone()).collect();
    assert_eq!(spans, vec![4..5]);
}
