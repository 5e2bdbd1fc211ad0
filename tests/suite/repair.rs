//! Repairs: each makes its findings pass and nothing worse, none moves more than a search through all small plans needs, and
//! a repaired plan has none left.

use std::sync::LazyLock;

use accordant::pack::{Files, InForce, Pack, load};
use accordant::repair::{Repairs, Wish, one_way};
use accordant::report::repair::json;
use accordant::review::{Outcome, Review};
use accordant::submission::Submission;
use accordant::value::Decimal;
use proptest::prelude::*;

use super::plans::Plan;
use super::{cases, project, shipped};

/// A pack of shares, caps and floors at once.
static SHARES: LazyLock<Pack> = LazyLock::new(|| shares(0));

/// The same, where the budget may miss the award by a dollar.
static WITHIN: LazyLock<Pack> = LazyLock::new(|| shares(1));

fn shares(tolerance: i64) -> Pack {
    let root = project("tests/packs/shares");
    let mut files = Files::new();
    for name in [
        "pack.toml",
        "schema.toml",
        "params.toml",
        "sources.toml",
        "rules/money/reading-floor.toml",
        "rules/money/music-floor.toml",
        "rules/money/office-cap.toml",
        "rules/money/award-spent.toml",
        "rules/money/line-cap.toml",
    ] {
        let text = std::fs::read_to_string(root.join(name)).expect("it is a file");
        let text = match (name, tolerance) {
            (_, 0) => text,
            ("params.toml", _) => format!("{text}{}", given(tolerance)),
            _ => text.replace(
                "require = 'total = plan.award'",
                "require = 'abs(total - plan.award) <= param.tolerance'",
            ),
        };
        files.insert(name.to_owned(), text.into_bytes());
    }
    load("shares", &files).expect("it loads")
}

fn given(tolerance: i64) -> String {
    format!(
        "[tolerance]\ntitle = \"what is let pass\"\ntype = \"money\"\npolicy = false\n\
         values = [{{ from = 2020, value = \"{tolerance}.00\", source = \"act-1\" }}]\n"
    )
}

const AREAS: [&str; 3] = ["reading", "music", "office"];

/// The lines of a small plan: an area and whole dollars.
type Lines = Vec<(usize, i64)>;

fn plan(award: i64, lines: &Lines) -> Plan {
    let row = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
    let mut budget = vec![row(&["line_id", "area", "amount"])];
    for (at, (area, amount)) in lines.iter().enumerate() {
        budget.push(row(&[
            &(at + 1).to_string(),
            AREAS[*area],
            &amount.to_string(),
        ]));
    }
    let of_plan = vec![
        row(&["applicant", "fiscal_year", "award"]),
        row(&["Example school", "2027", &award.to_string()]),
    ];
    Plan {
        path: "small".to_owned(),
        tables: [("plan".to_owned(), of_plan), ("budget".to_owned(), budget)].into(),
    }
}

/// Whether each rule holds, each line by itself: worked out here, apart from the program.
fn holds(award: i64, lines: &Lines, tolerance: i64) -> Vec<(String, bool)> {
    let total: i64 = lines.iter().map(|l| l.1).sum();
    let of = |area: usize| {
        lines
            .iter()
            .filter(|l| l.0 == area)
            .map(|l| l.1)
            .sum::<i64>()
    };
    let mut found = vec![
        ("reading-floor".to_owned(), of(0) * 10 >= total * 4),
        ("music-floor".to_owned(), of(1) * 10 >= total * 2),
        ("office-cap".to_owned(), of(2) * 10 <= total),
        ("award-spent".to_owned(), (total - award).abs() <= tolerance),
    ];
    for (at, line) in lines.iter().enumerate() {
        found.push((format!("line-cap {}", at + 2), line.1 * 10 <= award * 6));
    }
    found
}

/// The least that whole dollars must move so that the wanted rules hold and none that holds ceases to.
fn brute(award: i64, lines: &Lines, wanted: &[String], tolerance: i64) -> Option<i64> {
    let before = holds(award, lines, tolerance);
    let most = award.max(lines.iter().map(|l| l.1).sum()) + 2;
    let mut best: Option<i64> = None;
    let mut amounts = vec![0; lines.len()];
    loop {
        let pairs = amounts.iter().zip(lines);
        let cost: i64 = pairs.clone().map(|(new, l)| (new - l.1).abs()).sum();
        if best.is_none_or(|least| cost < least) {
            let changed: Lines = pairs.map(|(new, l)| (l.0, *new)).collect();
            let after = holds(award, &changed, tolerance);
            let fits = before
                .iter()
                .zip(&after)
                .all(|(was, is)| is.1 || !(was.1 || wanted.contains(&was.0)));
            if fits {
                best = Some(cost);
            }
        }
        let Some(at) = amounts.iter().position(|x| *x < most) else {
            return best;
        };
        amounts[at] += 1;
        amounts[..at].fill(0);
    }
}

fn repairs(pack: &Pack, submission: &Submission) -> Repairs {
    Repairs::of(&InForce::new(pack, 2027), submission, &Wish::default())
}

fn worst_of(review: &Review) -> Vec<(String, Option<u32>, Outcome)> {
    let rules = review.rules.iter();
    let all = rules.flat_map(|rule| {
        let subjects = rule.subjects.iter();
        subjects.map(|s| (rule.rule.to_string(), s.row, s.outcome))
    });
    all.collect()
}

fn badness(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Pass | Outcome::NotApplicable => 0,
        Outcome::Unknown => 1,
        Outcome::Fail => 2,
    }
}

/// How many cells hold another number.
fn count_changed(pack: &Pack, old: &Submission, new: &Submission) -> usize {
    let tables = old.tables.iter().zip(&new.tables).zip(&pack.schema.tables);
    let cells = tables.map(|((old, new), table)| {
        let rows = (0..old.len()).flat_map(|row| (0..table.fields.len()).map(move |f| (row, f)));
        rows.filter(|(row, field)| old.number(*row, *field) != new.number(*row, *field))
            .count()
    });
    cells.sum()
}

/// That its findings pass, nothing is worse, nothing is left to repair, and all that is changed is told.
#[track_caller]
fn is_sound(pack: &Pack, submission: &Submission, found: &Repairs) {
    let Some((changed, after)) = &found.after else {
        assert!(found.ways.is_empty());
        return;
    };
    for (was, is) in worst_of(&found.before).iter().zip(&worst_of(after)) {
        assert_eq!((&was.0, was.1), (&is.0, is.1));
        assert!(badness(is.2) <= badness(was.2), "{was:?} became {is:?}");
    }
    for at in found.ways.iter().flat_map(|way| &way.cures) {
        let finding = &found.before.findings[*at];
        let again = after
            .findings
            .iter()
            .find(|f| (&f.rule, f.row) == (&finding.rule, finding.row));
        assert!(again.is_none(), "{} is left", finding.rule);
    }
    let told = found.ways.iter().flat_map(|way| &way.changes).count();
    assert_eq!(told, count_changed(pack, submission, changed));
    let again = repairs(pack, changed);
    assert!(again.ways.is_empty(), "{:?}", again.ways);
}

fn small() -> impl Strategy<Value = (i64, Lines)> {
    let line = (0..3_usize, 0..9_i64);
    (5..14_i64, proptest::collection::vec(line, 1..4))
}

/// That a repair costs no more than whole dollars would by more than the tolerance of a rule: what is moved is counted where it
/// leaves and where it comes.
fn moves_no_more_than_is_needed(
    pack: &Pack,
    award: i64,
    lines: &Lines,
    tolerance: i64,
) -> Result<(), TestCaseError> {
    let submission = plan(award, lines).read(pack);
    let found = repairs(pack, &submission);
    is_sound(pack, &submission, &found);
    prop_assert!(found.not_found.is_empty(), "{:?}", found.not_found);
    let name = |at: usize| {
        let finding = &found.before.findings[at];
        match finding.row {
            Some(row) => format!("{} {row}", finding.rule),
            None => finding.rule.clone(),
        }
    };
    let cures = found.ways.iter().flat_map(|way| &way.cures);
    let cured: Vec<String> = cures.map(|at| name(*at)).collect();
    let cost: Decimal = found.ways.iter().map(accordant::repair::Way::cost).sum();
    if let Some(least) = brute(award, lines, &cured, tolerance) {
        let most = Decimal::from(least + 2 * tolerance);
        prop_assert!(cost <= most, "{cost} where {least} will do");
    }
    for conflict in &found.conflicts {
        let mut wanted = cured.clone();
        wanted.push(name(conflict.finding));
        prop_assert_eq!(brute(award, lines, &wanted, tolerance), None);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(60), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_repair_is_sound_and_moves_no_more_than_is_needed((award, lines) in small()) {
        moves_no_more_than_is_needed(&SHARES, award, &lines, 0)?;
    }

    // A repair ends where figures agree, and not at the edge of what is let pass.
    #[test]
    fn a_repair_moves_no_more_than_is_needed_by_more_than_the_tolerance((award, lines) in small()) {
        moves_no_more_than_is_needed(&WITHIN, award, &lines, 1)?;
    }

    #[test]
    fn a_repair_is_the_same_on_every_run_and_costs_the_same_in_any_order((award, lines) in small()) {
        let submission = plan(award, &lines).read(&SHARES);
        let first = repairs(&SHARES, &submission);
        prop_assert_eq!(json(&SHARES, &first), json(&SHARES, &repairs(&SHARES, &submission)));
        let mut turned = lines.clone();
        turned.reverse();
        let other = repairs(&SHARES, &plan(award, &turned).read(&SHARES));
        let cost = |of: &Repairs| of.ways.iter().map(accordant::repair::Way::cost).sum::<Decimal>();
        // Where not all findings can be cured, which are depends on the order in which they are tried.
        if first.conflicts.is_empty() && other.conflicts.is_empty() {
            prop_assert_eq!(cost(&first), cost(&other));
        }
    }
}

#[test]
fn the_plans_of_the_fixtures_are_repaired_soundly() {
    let pack = shipped("alliance");
    for name in [
        "budget-within-funds",
        "amount-positive",
        "strategy-subtotal-ties",
        "line-arithmetic",
    ] {
        let submission = Plan::of_folder(&format!("defects/{name}")).read(&pack);
        let found = repairs(&pack, &submission);
        assert!(!found.ways.is_empty(), "{name}");
        is_sound(&pack, &submission, &found);
    }
}

#[test]
fn a_repair_ends_where_figures_agree() {
    let pack = shipped("alliance");
    let reaches = |name: &str, rule: &str| {
        let submission = Plan::of_folder(&format!("defects/{name}")).read(&pack);
        let found = repairs(&pack, &submission);
        is_sound(&pack, &submission, &found);
        let of_rule = |way: &&accordant::repair::Way| {
            let mut cures = way.cures.iter();
            cures.any(|at| found.before.findings[*at].rule == rule)
        };
        let way = found.ways.iter().find(of_rule).expect("it is cured");
        way.changes
            .iter()
            .map(|c| c.to.to_string())
            .collect::<Vec<_>>()
    };
    let total = reaches("budget-total-ties", "budget-total-ties");
    assert_eq!(total, ["10224866.00"]);
    let within = reaches("budget-within-funds", "budget-within-funds");
    assert!(within.contains(&"10224866.00".to_owned()), "{within:?}");
    let submission = plan(1000, &vec![(0, 500), (1, 430)]).read(&WITHIN);
    let found = repairs(&WITHIN, &submission);
    assert_eq!(found.ways[0].cost(), Decimal::from(70));
}

#[test]
fn rules_that_stand_against_each_other_are_named() {
    let submission = plan(1000, &vec![(0, 300), (2, 600)]).read(&SHARES);
    let found = repairs(&SHARES, &submission);
    let rules: Vec<Vec<&str>> = found
        .conflicts
        .iter()
        .map(|c| {
            c.against
                .iter()
                .map(|a| &*found.before.rules[a.rule].rule)
                .collect()
        })
        .collect();
    assert_eq!(
        rules,
        [
            vec!["award-spent", "music-floor"],
            vec!["award-spent", "office-cap", "line-cap"]
        ]
    );
}

#[test]
fn what_is_kept_is_not_touched() {
    let submission = plan(1000, &vec![(0, 350), (1, 400), (2, 150), (2, 100)]).read(&SHARES);
    let wish = Wish {
        keep: vec![accordant::repair::Held {
            field: "line".to_owned(),
            values: vec!["3".to_owned()],
        }],
        only: Vec::new(),
    };
    let found = Repairs::of(&InForce::new(&SHARES, 2027), &submission, &wish);
    assert!(
        found
            .ways
            .iter()
            .flat_map(|w| &w.changes)
            .all(|c| c.row != 2)
    );
    let words = one_way(&SHARES.schema, &found.ways[0]);
    assert_eq!(
        words,
        ["move $50.00 from line 2 (`small/budget.csv:3`) to line 1 (`small/budget.csv:2`)"]
    );
}

#[test]
fn a_way_is_looked_for_with_the_first_findings_alone() {
    let in_force = InForce::new(&SHARES, 2027);
    let told = |lines: usize| {
        let plan = plan(10, &vec![(0, 7); lines]).read(&SHARES);
        let mut review = accordant::evaluate::Evaluator::new(&in_force).review(&plan);
        accordant::repair::tell(&in_force, &plan, &mut review);
        let of_lines = review.findings.iter().filter(|f| f.rule == "line-cap");
        let ways = of_lines.map(|finding| finding.repair.is_some());
        ways.collect::<Vec<bool>>()
    };
    assert_eq!(told(5), [true; 5]);
    let many = told(40);
    let first = many.iter().take_while(|is_told| **is_told).count();
    assert_eq!(many.len(), 40);
    assert!((15..=20).contains(&first), "{many:?}");
    assert!(many.iter().skip(first).all(|is_told| !is_told), "{many:?}");
}
