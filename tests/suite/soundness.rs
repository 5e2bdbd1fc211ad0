//! Missing data never passes: a pass or a fail stays so under every completion of the missing cells, and filling a blank
//! never turns a decided rule undecided.

use std::fmt::Write as _;

use accordant::batch::{Options, Reviewer};
use accordant::pack::{Pack, load};
use accordant::review::Review;
use proptest::prelude::*;

use super::{cases, set_aside_files, submission};

/// A pack whose rules use every operation that bounds pass through.
fn pack() -> Pack {
    let mut files = set_aside_files();
    let rules = [
        ("total-within", "sum(budget.amount) <= plan.award"),
        (
            "share",
            "sum(budget[area = \"reading\"].amount) / plan.award >= 10%",
        ),
        ("count", "count(budget[area = \"music\"]) between 1 and 2"),
        (
            "least",
            "min(budget.amount) > 0 or max(budget[area = \"music\"].amount) < 100 * min(budget.amount)",
        ),
        (
            "some",
            "some line in budget satisfies line.amount > plan.award * 50% and line.area = \"music\"",
        ),
        (
            "every",
            "every line in budget satisfies line.amount in (0, plan.award * 1%) or line.amount <= plan.award",
        ),
        (
            "if",
            "(if plan.award > sum(budget.amount) then sum(budget.amount) else plan.award) - 3 * min(budget.amount) < 0",
        ),
        (
            "abs",
            "abs(sum(budget.amount) - plan.award) <= plan.award * 20%",
        ),
        ("first", "budget[1].amount >= budget[-1].amount"),
        ("same", "count(distinct values(budget.area)) = 2"),
        (
            "round",
            "decimal(plan.award / 7, 0) * 7 >= floor(sum(budget.amount) * 30%)",
        ),
        ("mean", "mean(budget.amount) <= plan.award"),
        (
            "not",
            "not(any(for l in budget return l.amount > plan.award))",
        ),
        (
            "join",
            "every line in budget satisfies count(budget[area = line.area]) <= 2",
        ),
    ];
    for (name, require) in rules {
        let rule = format!(
            "code = \"X\"\ntitle = \"x\"\nbasis = \"data\"\ncites = [\"handbook\"]\nseverity = \"note\"\nrequire = '{require}'\nmessage = \"x\"\n"
        );
        files.insert(format!("rules/budget/{name}.toml"), rule.into_bytes());
    }
    let row_rule = "code = \"X\"\ntitle = \"x\"\nbasis = \"data\"\ncites = [\"handbook\"]\nseverity = \"note\"\nfor = 'line in budget[area = \"music\"]'\nwhen = 'line.amount > 0'\nrequire = 'line.amount * 2 <= sum(budget.amount)'\nmessage = \"x\"\n";
    files.insert(
        "rules/budget/rows.toml".to_owned(),
        row_rule.as_bytes().to_vec(),
    );
    load("set-aside", &files).expect("it loads")
}

/// A line: its area and its amount in cents, each of which may be missing.
#[derive(Debug, Clone)]
struct Line {
    area: bool,
    amount: u32,
    area_missing: bool,
    amount_missing: bool,
}

fn line() -> impl Strategy<Value = Line> {
    (
        any::<bool>(),
        prop_oneof![0_u32..5, 0_u32..100_000],
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(area, amount, area_missing, amount_missing)| Line {
            area,
            amount,
            area_missing,
            amount_missing,
        })
}

fn review(pack: &Pack, award: Option<u32>, lines: &[Line], filled: bool) -> Review {
    let award = award.map_or_else(String::new, |a| {
        format!("award = \"{}.{:02}\"\n", a / 100, a % 100)
    });
    let plan = format!("applicant = \"A\"\nfiscal_year = 2027\n{award}");
    let mut budget = String::from("area,amount\n");
    for line in lines {
        let area = if line.area { "reading" } else { "music" };
        let area = if line.area_missing && !filled {
            "?"
        } else {
            area
        };
        let amount = format!("{}.{:02}", line.amount / 100, line.amount % 100);
        let amount = if line.amount_missing && !filled {
            "*".to_owned()
        } else {
            amount
        };
        let _ = writeln!(budget, "{area},{amount}");
    }
    Reviewer::new(pack, Options::default()).review(&submission(pack, &plan, &budget))
}

#[test]
fn a_decided_outcome_stays_under_every_completion() {
    let pack = pack();
    let strategy = (
        prop::collection::vec(line(), 1..6),
        0_u32..200_000,
        prop::bool::weighted(0.2),
    );
    let config = ProptestConfig {
        cases: cases(1_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |((lines, award, award_missing) in strategy)| {
        let before = review(&pack, (!award_missing).then_some(award), &lines, false);
        let after = review(&pack, Some(award), &lines, true);
        for (b, a) in before.rules.iter().zip(&after.rules) {
            prop_assert_eq!(&b.rule, &a.rule);
            prop_assert!(a.tally.pass >= b.tally.pass, "{}: a pass stays: {:?} then {:?}", b.rule, b.tally, a.tally);
            prop_assert!(a.tally.fail >= b.tally.fail, "{}: a fail stays: {:?} then {:?}", b.rule, b.tally, a.tally);
            prop_assert!(a.tally.unknown <= b.tally.unknown, "{}: nothing becomes unknown", b.rule);
        }
    });
}
