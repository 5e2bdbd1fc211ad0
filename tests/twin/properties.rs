//! The evaluator and its twin give equal answers for random expressions over random plans.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::bounds::Known;
use super::feel::{self, Answer};
use super::generate::{Choices, Maker, Plan, T};
use super::number::exact;
use super::packs::{A_PLAN, cases, in_force, pack, read, some_choices, try_choices};
use super::plain::Scene;
use crate::expr::eval::{Machine, Notebook};
use crate::expr::tree::{Kind, Node, Ty};
use crate::expr::vector::{NULL_ID, Num, UNKNOWN_ID, Vector, arithmetic, truth};
use crate::expr::{BinaryOp, Builtin, Expr, check};
use crate::pack::Pack;
use crate::schema::TableId;
use crate::submission::Submission;
use crate::value::{Decimal, from_days};

/// Runs a property over random plans and expressions, with unknown cells when there may be `gaps`.
fn for_all(
    gaps: bool,
    property: impl Fn(&Plan, &[Made], &mut Choices<'_>) -> Result<(), TestCaseError>,
) {
    let case = |numbers: &[u16]| {
        let mut choices = Choices::new(numbers);
        let plan = Plan::new(&mut choices, gaps);
        let made = (0..A_PLAN).filter_map(|_| make(pack(!gaps), &mut choices));
        let made: Vec<Made> = made.collect();
        (plan, made, choices.used())
    };
    try_choices(
        A_PLAN,
        |numbers| {
            let (plan, made, used) = case(numbers);
            let rest = numbers.get(used..).unwrap_or_default();
            property(&plan, &made, &mut Choices::new(rest))
        },
        |numbers| case(numbers).0.told(),
    );
}

/// What the evaluator knows of a value, as the twin has it.
fn known(machine: &Machine<'_>, v: &Vector, i: usize, ty: &Ty) -> Known {
    let i = if v.len() == 1 { 0 } else { i };
    Known::Sure(match v {
        Vector::Bools(v) => match v[i] {
            truth::TRUE => Answer::Bool(true),
            truth::FALSE => Answer::Bool(false),
            truth::NULL => Answer::Null,
            _ => return Known::Unknown,
        },
        Vector::Nums(v) => match v.at(i) {
            Num::Known(x) if *ty == Ty::Date => {
                let days = i64::try_from(x.normalize().mantissa()).expect("days are few");
                Answer::Date(from_days(days).expect("it is a date"))
            }
            Num::Known(x) => Answer::Number(exact(x)),
            Num::Null => Answer::Null,
            Num::Between(low, high) => return Known::Between(exact(low), exact(high)),
            Num::Unknown => return Known::Unknown,
        },
        Vector::Texts(v) | Vector::Rows(_, v) if v[i] == NULL_ID => Answer::Null,
        Vector::Texts(v) | Vector::Rows(_, v) if v[i] == UNKNOWN_ID => return Known::Unknown,
        Vector::Texts(v) => Answer::Text(machine.text(v[i]).to_owned()),
        Vector::Rows(table, v) => Answer::Row(*table, usize::try_from(v[i]).expect("it fits")),
        Vector::Lists(v) => {
            let item_ty = if let Ty::List(item) = ty {
                item
            } else {
                &Ty::Null
            };
            let item = |k| (known(machine, &v.items, k, item_ty), v.is_maybe(k));
            match v.state(i) {
                truth::TRUE => return Known::List(v.range(i).map(item).collect()),
                truth::NULL => Answer::Null,
                _ => return Known::Unknown,
            }
        }
    })
}

/// An expression with the `let`s that it may name and the table of the row that it may name.
struct Made {
    texts: Vec<String>,
    lets: Vec<Expr>,
    expr: Expr,
    row: Option<TableId>,
}

/// A random expression that loads; most do.
fn make(pack: &'static Pack, choices: &mut Choices<'_>) -> Option<Made> {
    let mut scope = pack.scope();
    let row = match choices.below(3) {
        0 => None,
        1 => Some("lines"),
        _ => Some("parties"),
    };
    let lets = choices.below(3);
    let mut maker = Maker::new(choices);
    if let Some(table) = row {
        maker.bind("r", T::Row(table));
        scope.row = Some(("r".to_owned(), pack.schema.table(table)?));
    }
    let mut made = Made {
        texts: Vec::new(),
        lets: Vec::new(),
        expr: check("null", &scope).ok()?.0,
        row: scope.row.as_ref().map(|(_, table)| *table),
    };
    for at in 0..=lets {
        let (text, ty) = maker.any(4);
        let loaded = check(&text, &scope);
        made.texts.push(text);
        let (expr, _) = loaded.ok()?;
        if at == lets {
            made.expr = expr;
        } else {
            let name = format!("n{at}");
            scope
                .lets
                .push((name.clone(), expr.ty().clone(), expr.root.level));
            maker.bind(&name, ty);
            made.lets.push(expr);
        }
    }
    Some(made)
}

/// What the evaluator says for the given rows, with everything noted or not.
fn evaluated<'a>(
    machine: &mut Machine<'a>,
    made: &'a Made,
    rows: Vec<u32>,
    noting: bool,
) -> Vector {
    machine.notebook = noting.then(Notebook::default);
    machine.begin(
        made.lets.iter().collect(),
        made.row.map(|table| (table, rows.into())),
    );
    let vector = machine.run(&made.expr);
    machine.notebook = None;
    vector
}

/// The subjects of a rule: its rows, or the one submission.
fn subjects(submission: &Submission, made: &Made) -> Vec<Option<usize>> {
    match made.row.and_then(|table| submission.table(table)) {
        None => vec![None],
        Some(rows) => (0..rows.len()).map(Some).collect(),
    }
}

fn scene<'a>(
    told: bool,
    submission: &'a Submission,
    lets: &'a [&'a Expr],
    row: Option<(TableId, usize)>,
) -> Scene<'a> {
    Scene {
        schema: &pack(told).schema,
        world: &in_force(told).world,
        submission,
        lets,
        row,
        before: None,
    }
}

/// The evaluator knows what the twin says, whether it is asked for all rows at once or for each alone, as the first and
/// the second pass over a rule ask it.
fn agree(
    gaps: bool,
    plan: &Plan,
    all_made: &[Made],
    twin: fn(Scene<'_>, &Expr) -> Known,
) -> Result<(), TestCaseError> {
    let submission = read(pack(!gaps), plan);
    let mut machine = Machine::new(&pack(!gaps).schema, &in_force(!gaps).world, &submission);
    for made in all_made {
        let lets: Vec<&Expr> = made.lets.iter().collect();
        let subjects = subjects(&submission, made);
        let number = |row: usize| u32::try_from(row).expect("it fits");
        let rows = subjects.iter().flatten().map(|&row| number(row)).collect();
        let together = evaluated(&mut machine, made, rows, false);
        for (i, row) in subjects.into_iter().enumerate() {
            let wanted = twin(
                scene(!gaps, &submission, &lets, made.row.zip(row)),
                &made.expr,
            );
            let found = known(&machine, &together, i, made.expr.ty());
            prop_assert_eq!(
                &found,
                &wanted,
                "row {:?} among all of {:?}",
                row,
                made.texts
            );
            for noting in [false, true] {
                let alone = row.map(number).into_iter().collect();
                let alone = evaluated(&mut machine, made, alone, noting);
                let found = known(&machine, &alone, 0, made.expr.ty());
                prop_assert_eq!(
                    &found,
                    &wanted,
                    "row {:?} alone, noting {} of {:?}",
                    row,
                    noting,
                    made.texts
                );
            }
        }
    }
    Ok(())
}

#[test]
fn where_nothing_is_unknown_the_twin_gives_the_same_answer() {
    for_all(false, |plan, made, _| {
        agree(false, plan, made, |scene, expr| {
            Known::of(scene.answer(expr))
        })
    });
}

#[test]
fn what_is_unknown_is_so_by_the_words_of_the_contract() {
    for_all(true, |plan, made, _| {
        agree(true, plan, made, |scene, expr| scene.known(expr))
    });
}

#[test]
fn what_is_known_stays_so_under_every_completion() {
    for_all(true, |plan, all_made, choices| {
        let submission = read(pack(false), plan);
        let completed = read(pack(true), &plan.completed(choices));
        let mut machine = Machine::new(&pack(false).schema, &in_force(false).world, &submission);
        for made in all_made {
            let lets: Vec<&Expr> = made.lets.iter().collect();
            for row in subjects(&submission, made) {
                let alone = row.map(|row| u32::try_from(row).expect("it fits"));
                let before = evaluated(&mut machine, made, alone.into_iter().collect(), false);
                let before = known(&machine, &before, 0, made.expr.ty());
                let gaps = scene(false, &submission, &lets, made.row.zip(row));
                let after = Scene {
                    before: Some(&gaps),
                    ..scene(true, &completed, &lets, made.row.zip(row))
                };
                let after = after.answer(&made.expr);
                prop_assert!(
                    before.allows(&after),
                    "row {:?} of {:?}: {:?} became {:?}",
                    row,
                    made.texts,
                    before,
                    after
                );
            }
        }
        Ok(())
    });
}

/// A number of up to 96 bits and 28 places: plain ones, and ones at the ends of what there is.
fn any_number() -> impl Strategy<Value = Decimal> {
    let most = (1_i128 << 96) - 1;
    let digits = prop_oneof![
        -1_000_i128..1_000,
        -most..=most,
        (most - 1_000)..=most,
        (0_u32..28).prop_map(|tens| 5 * 10_i128.pow(tens)),
        (0_u32..29).prop_map(|tens| 10_i128.pow(tens) - 1),
    ];
    (digits, 0_u32..=28).prop_map(|(digits, places)| Decimal::from_i128_with_scale(digits, places))
}

#[test]
fn numbers_of_any_size_are_rounded_as_the_contract_says() {
    use Builtin as B;
    let submission = Submission::empty(&pack(true).schema, "", |_| String::new());
    let (node, _) = check("null", &pack(true).scope()).expect("it loads");
    let places = prop_oneof![-30_i64..30, Just(-7_000), Just(7_000)];
    let config = ProptestConfig {
        cases: cases().div_ceil(5),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(a in any_number(), b in any_number(), places in places)| {
        let vector = |x: Decimal| Vector::Nums(std::iter::once(Num::Known(x)).collect());
        let (x, y) = (Answer::Number(exact(a)), Answer::Number(exact(b)));
        for op in [BinaryOp::Add, BinaryOp::Subtract, BinaryOp::Multiply, BinaryOp::Divide] {
            let found = arithmetic(op, &vector(a).into_nums(), &vector(b).into_nums());
            let found = if let Num::Known(x) = found.at(0) { Answer::Number(exact(x)) } else { Answer::Null };
            prop_assert_eq!(found, feel::arithmetic(op, &x, &y), "{} {} {}", a, op.sign(), b);
        }
        let machine = &mut Machine::new(&pack(true).schema, &in_force(true).world, &submission);
        let calls = [B::Floor, B::Ceiling, B::Decimal, B::RoundHalfUp].map(|f| (f, Decimal::from(places)));
        for (function, second) in calls.into_iter().chain([(B::Modulo, b)]) {
            let found = function.evaluate(&[vector(a), vector(second)], &node.root, machine);
            let wanted = feel::call(function, &[x.clone(), Answer::Number(exact(second))]);
            prop_assert_eq!(known(machine, &found, 0, &Ty::Num), Known::of(wanted), "{:?}({}, {})", function, a, second);
        }
    });
}

/// The names of the pieces of an expression, and of the functions that it calls.
fn pieces(node: &Node, found: &mut BTreeSet<String>) {
    let words = match &node.kind {
        Kind::Call(builtin, _) => format!("{builtin:?}"),
        Kind::Quantified(quantifier, _) => format!("{quantifier:?}"),
        other => format!("{other:?}"),
    };
    let name = words.split(|c: char| !c.is_alphanumeric()).next();
    found.extend(name.map(str::to_owned));
    node.parts().for_each(|part| pieces(part, found));
}

#[test]
fn every_operator_and_function_is_tried_and_most_of_what_is_made_loads() {
    let (mut tried, mut loaded, mut found) = (0, 0, BTreeSet::new());
    for numbers in some_choices(150) {
        let mut choices = Choices::new(&numbers);
        for _ in 0..A_PLAN {
            tried += 1;
            let made = make(pack(true), &mut choices);
            loaded += usize::from(made.is_some());
            let exprs = made
                .into_iter()
                .flat_map(|made| made.lets.into_iter().chain([made.expr]));
            exprs.for_each(|expr| pieces(&expr.root, &mut found));
        }
    }
    assert!(loaded * 10 > tried * 8, "{loaded} of {tried}");
    let all = "Const Year Param Let Plan Table Var Field DatePart Lookup List Negate Arithmetic Compare And Or Not If \
               Filter Some Every For Index Marked Assume Count Sum Min Max Mean All Any DistinctValues ListContains \
               Concatenate Append Abs Floor Ceiling Decimal Modulo RoundHalfUp StringLength UpperCase LowerCase \
               Substring Contains StartsWith EndsWith Matches String Date Mentions";
    let missing: Vec<&str> = all
        .split_whitespace()
        .filter(|name| !found.contains(*name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
