//! The evaluator and its twin give equal answers for random expressions over random plans.

use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};

use super::bounds::Known;
use super::feel::Answer;
use super::generate::{Choices, Maker, Plan, T};
use super::number::exact;
use super::plain::Scene;
use crate::expr::eval::{Machine, Notebook};
use crate::expr::tree::Ty;
use crate::expr::vector::{NULL_ID, Num, UNKNOWN_ID, Vector, truth};
use crate::expr::{Expr, check};
use crate::pack::{Files, InForce, Pack, load};
use crate::read::{File, read_folder};
use crate::schema::TableId;
use crate::submission::Submission;
use crate::value::from_days;

const YEAR: i64 = 2026;

/// The pack of these tests; `told`: with every figure that the state owes.
fn pack(told: bool) -> &'static Pack {
    static PACKS: [OnceLock<Pack>; 2] = [OnceLock::new(), OnceLock::new()];
    PACKS[usize::from(told)].get_or_init(|| {
        let mut files = pack_files();
        if told {
            for (path, from, to) in [
                ("schema.toml", "owed_by", "complete = true\nowed_by"),
                ("data/areas.csv", "*", "2"),
                ("data/rates.csv", "*", "25%"),
            ] {
                let file = files.get_mut(path).expect("it is there");
                *file = String::from_utf8_lossy(file).replace(from, to).into_bytes();
            }
        }
        load("twin", &files).expect("it loads")
    })
}

/// The same in the year of these tests.
fn in_force(told: bool) -> &'static InForce<'static> {
    static YEARS: [OnceLock<InForce<'static>>; 2] = [OnceLock::new(), OnceLock::new()];
    YEARS[usize::from(told)].get_or_init(|| InForce::new(pack(told), YEAR))
}

fn pack_files() -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/twin");
    [
        "pack.toml",
        "schema.toml",
        "params.toml",
        "sources.toml",
        "data/areas.csv",
        "data/rates.csv",
    ]
    .map(|path| (path.to_owned(), std::fs::read(root.join(path)).expect(path)))
    .into_iter()
    .collect()
}

fn read(pack: &Pack, plan: &Plan) -> Submission {
    let files = plan.files().into_iter().map(|(name, text)| File {
        path: format!("plan/{name}"),
        bytes: text.into_bytes(),
    });
    read_folder(&pack.schema, "plan", &files.collect::<Vec<_>>())
}

/// How many cases: more by `ACCORDANT_CASES`.
fn cases() -> u32 {
    let told = std::env::var("ACCORDANT_CASES").ok();
    told.and_then(|n| n.parse().ok()).unwrap_or(1_000)
}

/// Runs a property over random expressions and plans, the latter with unknown cells when there may be `gaps`.
fn for_all(
    gaps: bool,
    property: impl Fn(&Plan, &Made, &mut Choices<'_>) -> Result<(), TestCaseError>,
) {
    let config = ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    };
    let numbers = prop::collection::vec(any::<u16>(), 0..500);
    let outcome = TestRunner::new(config).run(&numbers, |numbers| {
        let mut choices = Choices::new(&numbers);
        let plan = Plan::new(&mut choices, gaps);
        match make(pack(!gaps), &mut choices) {
            Some(made) => property(&plan, &made, &mut choices),
            None => Ok(()),
        }
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Abort(why)) => panic!("{why}"),
        Err(TestError::Fail(why, numbers)) => {
            let mut choices = Choices::new(&numbers);
            let plan = Plan::new(&mut choices, gaps);
            let made = make(pack(!gaps), &mut choices);
            let (files, texts) = (plan.files(), made.map(|made| made.texts));
            for (name, text) in files {
                println!("{name}\n{text}");
            }
            panic!("{why}\n{texts:#?}");
        }
    }
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

/// What the evaluator says: for all rows at once, or for one, with everything noted or not.
fn evaluated<'a>(
    machine: &mut Machine<'a>,
    made: &'a Made,
    rows: Option<Vec<u32>>,
    noting: bool,
) -> Vector {
    machine.notebook = noting.then(Notebook::default);
    machine.begin(made.lets.iter().collect(), made.row.zip(rows));
    let vector = machine.run(&made.expr);
    machine.notebook = None;
    vector
}

fn rows_of(submission: &Submission, made: &Made) -> Option<Vec<u32>> {
    let rows = submission.table(made.row?)?;
    Some((0..u32::try_from(rows.len()).expect("it fits")).collect())
}

/// What the evaluator knows for each row of the rule, and what the twin says; the evaluator is asked for all rows at
/// once and for each alone, as the first and the second pass over a rule ask it.
fn agree(
    gaps: bool,
    plan: &Plan,
    made: &Made,
    twin: impl Fn(Scene<'_>) -> Known,
) -> Result<(), TestCaseError> {
    let pack = pack(!gaps);
    let in_force = in_force(!gaps);
    let submission = read(pack, plan);
    let mut machine = Machine::new(&pack.schema, &in_force.world, &submission);
    let lets: Vec<&Expr> = made.lets.iter().collect();
    let rows = rows_of(&submission, made);
    let all = evaluated(&mut machine, made, rows.clone(), false);
    let of_rows: Vec<Option<u32>> = match rows {
        None => vec![None],
        Some(rows) => rows.into_iter().map(Some).collect(),
    };
    for (i, row) in of_rows.into_iter().enumerate() {
        let at = row.map(|row| usize::try_from(row).expect("it fits"));
        let wanted = twin(Scene {
            schema: &pack.schema,
            world: &in_force.world,
            submission: &submission,
            lets: &lets,
            row: made.row.zip(at),
        });
        let found = known(&machine, &all, i, made.expr.ty());
        prop_assert_eq!(&found, &wanted, "row {:?} among all", row);
        for noting in [false, true] {
            let one = evaluated(&mut machine, made, row.map(|row| vec![row]), noting);
            let found = known(&machine, &one, 0, made.expr.ty());
            prop_assert_eq!(&found, &wanted, "row {:?} alone, noting: {}", row, noting);
        }
    }
    Ok(())
}

#[test]
fn where_nothing_is_unknown_the_twin_gives_the_same_answer() {
    for_all(false, |plan, made, _| {
        agree(false, plan, made, |scene| {
            Known::of(scene.answer(&made.expr))
        })
    });
}

#[test]
fn what_is_unknown_is_so_by_the_words_of_the_contract() {
    for_all(true, |plan, made, _| {
        agree(true, plan, made, |scene| scene.known(&made.expr))
    });
}

#[test]
fn what_is_known_stays_so_under_every_completion() {
    for_all(true, |plan, made, choices| {
        let submission = read(pack(false), plan);
        let mut machine = Machine::new(&pack(false).schema, &in_force(false).world, &submission);
        let rows = rows_of(&submission, made);
        let before = evaluated(&mut machine, made, rows.clone(), false);
        let lets: Vec<&Expr> = made.lets.iter().collect();
        for _ in 0..3 {
            let completed = read(pack(true), &plan.completed(choices));
            let of_rows: Vec<Option<usize>> = match &rows {
                None => vec![None],
                Some(rows) => (0..rows.len()).map(Some).collect(),
            };
            for (i, row) in of_rows.into_iter().enumerate() {
                let scene = Scene {
                    schema: &pack(true).schema,
                    world: &in_force(true).world,
                    submission: &completed,
                    lets: &lets,
                    row: made.row.zip(row),
                };
                let (known, told) = (
                    known(&machine, &before, i, made.expr.ty()),
                    scene.answer(&made.expr),
                );
                prop_assert!(
                    known.allows(&told),
                    "row {:?}: {:?} became {:?}",
                    row,
                    known,
                    told
                );
            }
        }
        Ok(())
    });
}

#[test]
fn most_expressions_that_are_made_load() {
    let (mut loaded, mut made) = (0, 0);
    for seed in 0..200_u32 {
        let numbers: Vec<u16> = (0..300_u32)
            .map(|i| {
                u16::try_from((seed * 7919 + i * 104_729 + seed * i * 31 + i * i) % 65_521)
                    .expect("it fits")
            })
            .collect();
        let mut choices = Choices::new(&numbers);
        made += 1;
        loaded += u32::from(make(pack(true), &mut choices).is_some());
    }
    assert!(loaded * 10 > made * 8, "{loaded} of {made}");
}
