//! Missing data never passes, for generated packs, rules and plans: a decided outcome stays so when cells are filled in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::generate::{Choices, Maker, Plan, T};
use super::packs::{pack, pack_files, read, some_choices, try_choices};
use crate::batch::{Options, Reviewer};
use crate::expr::{Scope, check, check_for};
use crate::pack::{Pack, load};
use crate::review::{Outcome, Review, Tally};
use crate::value::Decimal;

/// How many rules stand in one pack, which takes longer to load than they to judge.
const A_PACK: u16 = 15;

/// The text of a random rule; `None` when a part of it does not load.
fn rule(choices: &mut Choices<'_>) -> Option<String> {
    let mut scope: Scope<'_> = pack(false).scope();
    let mut text = String::from(
        "code = \"X\"\ntitle = \"x\"\nbasis = \"data\"\ncites = [\"handbook\"]\nseverity = \"note\"\n",
    );
    let (with_rows, with_let, with_when) = (
        choices.below(2) == 1,
        choices.below(3) == 2,
        choices.below(3) == 2,
    );
    // A cell that is filled in is no longer marked as suppressed, and so no completion in the sense of the contract.
    let mut maker = Maker::new(choices).without_suppressed();
    if with_rows {
        let (rows, table) = maker.subjects(3);
        let rows = format!("r in {rows}");
        check_for(&rows, &scope).ok()?;
        let _ = writeln!(text, "for = '{rows}'");
        maker.bind("r", T::Row(table));
        scope.row = Some(("r".to_owned(), pack(false).schema.table(table)?));
    }
    if with_let {
        let (value, ty) = maker.any(3);
        let (expr, _) = check(&value, &scope).ok()?;
        let _ = writeln!(text, "let = {{ n = '{value}' }}");
        scope
            .lets
            .push(("n".to_owned(), expr.ty().clone(), expr.root.level));
        maker.bind("n", ty);
    }
    if with_when {
        let when = maker.test(3);
        check(&when, &scope).ok()?;
        let _ = writeln!(text, "when = '{when}'");
    }
    let require = maker.test(4);
    check(&require, &scope).ok()?;
    let (shown, _) = maker.any(2);
    let shown = if check(&shown, &scope).is_ok() {
        shown
    } else {
        "year".to_owned()
    };
    let _ = writeln!(text, "require = '{require}'\nmessage = 'x {{{shown}}}'");
    Some(text)
}

/// A pack of random rules, and their texts.
fn rules(choices: &mut Choices<'_>) -> (Option<Pack>, Vec<String>) {
    let texts: Vec<String> = (0..A_PACK).filter_map(|_| rule(choices)).collect();
    let mut files = pack_files();
    for (at, text) in texts.iter().enumerate() {
        files.insert(
            format!("rules/any/rule-{at}.toml"),
            text.clone().into_bytes(),
        );
    }
    (load("twin", &files).ok(), texts)
}

/// The outcome that is no pass of each finding: by its rule and its row, which is `None` for the whole submission.
fn findings(review: &Review) -> BTreeMap<(&str, Option<u32>), (Outcome, Option<Decimal>)> {
    let one = |f| {
        let f: &crate::review::Finding = f;
        (
            (f.rule.as_str(), f.row),
            (f.outcome, f.gap.as_ref().map(|gap| gap.value)),
        )
    };
    review.findings.iter().map(one).collect()
}

/// What was decided of the plan with gaps is so of the plan with fewer.
fn stays(before: &Review, after: &Review) -> Result<(), TestCaseError> {
    let (had, has) = (findings(before), findings(after));
    for (rule, then) in before.rules.iter().zip(&after.rules) {
        let id = &*rule.rule;
        let (
            Tally {
                pass,
                fail,
                not_applicable,
                ..
            },
            then,
        ) = (rule.tally, then.tally);
        prop_assert!(
            then.pass >= pass,
            "{}: a pass stays: {:?} then {:?}",
            id,
            rule.tally,
            then
        );
        prop_assert!(
            then.fail >= fail,
            "{}: a fail stays: {:?} then {:?}",
            id,
            rule.tally,
            then
        );
        prop_assert!(
            then.not_applicable >= not_applicable,
            "{}: what does not apply never does: {:?} then {:?}",
            id,
            rule.tally,
            then
        );
        // Without its table a rule has one outcome, and with it one for each row.
        let no_table = had
            .get(&(id, None))
            .is_some_and(|(outcome, _)| *outcome == Outcome::Unknown);
        for ((_, row), (outcome, _)) in has.iter().filter(|((rule, _), _)| *rule == id && !no_table)
        {
            let was = had.get(&(id, *row)).map(|(outcome, _)| *outcome);
            prop_assert!(
                was == Some(Outcome::Unknown) || was == Some(*outcome),
                "{}, row {:?}: {:?} became {:?}",
                id,
                row,
                was,
                outcome
            );
        }
    }
    Ok(())
}

/// Reviews a random plan by random rules before and after cells are filled in.
fn over_completions(fill: fn(&Plan, &mut Choices<'_>) -> Option<Plan>) {
    let cases = |numbers: &[u16]| {
        let mut choices = Choices::new(numbers);
        let plan = Plan::new(&mut choices, true);
        let (pack, texts) = rules(&mut choices);
        let filled = fill(&plan, &mut choices);
        (plan, filled, pack, texts)
    };
    try_choices(
        A_PACK,
        |numbers| {
            let (plan, filled, Some(pack), _) = cases(numbers) else {
                return Ok(());
            };
            let reviewer = Reviewer::new(&pack, Options::default());
            let before = reviewer.review(&read(&pack, &plan));
            match filled {
                Some(filled) if before.recommendation.is_some() => {
                    stays(&before, &reviewer.review(&read(&pack, &filled)))
                }
                _ => Ok(()),
            }
        },
        |numbers| {
            let (plan, filled, _, texts) = cases(numbers);
            format!(
                "{texts:#?}\n{}\nfilled in:\n{}",
                plan.told(),
                filled.map_or_else(String::new, |f| f.told())
            )
        },
    );
}

#[test]
fn a_decided_outcome_stays_under_every_completion() {
    over_completions(|plan, choices| Some(plan.completed(choices)));
}

#[test]
fn filling_one_blank_leaves_what_is_decided_decided() {
    over_completions(Plan::with_one_told);
}

#[test]
fn the_gap_is_the_least_over_all_completions() {
    let cases = |numbers: &[u16]| {
        let mut choices = Choices::new(numbers);
        let plan = Plan::new(&mut choices, true);
        let texts: Vec<String> = (0..A_PACK)
            .filter_map(|_| {
                let mut maker = Maker::new(&mut choices).without_suppressed();
                let require = maker.comparison(3);
                check(&require, &pack(false).scope()).ok()?;
                Some(format!(
                    "code = \"X\"\ntitle = \"x\"\nbasis = \"data\"\ncites = [\"handbook\"]\nseverity = \"note\"\nrequire = '{require}'\nmessage = 'x'\n"
                ))
            })
            .collect();
        let completed = plan.completed(&mut choices);
        (plan, completed, texts)
    };
    try_choices(
        A_PACK,
        |numbers| {
            let (plan, completed, texts) = cases(numbers);
            let mut files = pack_files();
            for (at, text) in texts.iter().enumerate() {
                files.insert(
                    format!("rules/any/rule-{at}.toml"),
                    text.clone().into_bytes(),
                );
            }
            let Ok(pack) = load("twin", &files) else {
                return Ok(());
            };
            let reviewer = Reviewer::new(&pack, Options::default());
            let before = reviewer.review(&read(&pack, &plan));
            let after = reviewer.review(&read(&pack, &completed));
            let after = findings(&after);
            for (rule, (outcome, gap)) in findings(&before) {
                let then = after.get(&rule).and_then(|(_, gap)| *gap);
                if let (Outcome::Fail, Some(least)) = (outcome, gap) {
                    prop_assert!(
                        then.is_some_and(|gap| least <= gap),
                        "{:?}: {} then {:?}",
                        rule,
                        least,
                        then
                    );
                }
            }
            Ok(())
        },
        |numbers| {
            let (plan, completed, texts) = cases(numbers);
            format!(
                "{texts:#?}\n{}\ncompleted:\n{}",
                plan.told(),
                completed.told()
            )
        },
    );
}

#[test]
fn the_packs_and_plans_have_every_outcome() {
    let (mut loaded, mut tally) = (0, Tally::default());
    for numbers in some_choices(60) {
        let mut choices = Choices::new(&numbers);
        let plan = Plan::new(&mut choices, true);
        if let (Some(pack), _) = rules(&mut choices) {
            loaded += 1;
            let review = Reviewer::new(&pack, Options::default()).review(&read(&pack, &plan));
            tally.add_all(review.outcomes());
        }
    }
    assert!(loaded > 50, "{loaded} of 60 packs load");
    let Tally {
        pass,
        fail,
        unknown,
        not_applicable,
    } = tally;
    let least = pass.min(fail).min(unknown).min(not_applicable);
    assert!(least * 30 > tally.subjects(), "{tally:?}");
}
